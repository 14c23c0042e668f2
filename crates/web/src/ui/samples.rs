//! A believable sample of every page's context, rendered by the tests of
//! `render`.

use switchboard_core::triage::Step;
use switchboard_core::{Millis, Priority, Status};

use super::account::{AccountPage, SessionRow, TokenRow};
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::history::{HistoryPage, HistoryRow};
use super::home::{HomePage, IncidentView, MineRow, ServiceCard, Tab};
use super::mail_frame::{MailFrame, Sanitised};
use super::my_tickets::MyTicketsPage;
use super::new_ticket::{
    Asked, CustomField, GoesTo, NewTicketForm, NewTicketPage, NewTicketParts, Preview, Similar,
};
use super::problem::ProblemPage;
use super::services::ServicesPage;
use super::sign_in::SignInPage;
use super::text::prose;
use super::ticket::{Follower, LadderStep, RequesterCan, TicketPage};
use super::time::Dial;
use super::triage::{TriageCard, TriagePage, TriageRow, UnitSuggestion};
use super::unit::{CalendarView, FaqRow, Figure, MemberRow, Quality, UnitPage, UnitRow, UnitsPage};
use super::view::{
    Chip, Choice, ClockMark, EntryKind, EntryView, EventRow, EventsView, FileView, HappenedView,
    Lamp, ListRow, Pages, PersonMark, PrioMark, Route, RouteStop, StatusGlyph, StatusMark,
    StopKind, ThreadItem, Tone,
};
use super::workspace::{
    Composer, HandleForm, ListPane, NamedClock, PriorityPane, Recipient, RelatedRow, RequesterPane,
    StaffCan, StatusAction, TicketLink, TicketPane, ViewLink, WorkspacePage,
};

/// Thursday 26 November 2026, 10:42 UTC.
const NOW: Millis = 1_795_689_720_000;
const MIN: Millis = 60_000;
const HOUR: Millis = 60 * MIN;
const DAY: Millis = 24 * HOUR;

fn dial() -> Dial {
    Dial::utc(NOW)
}

fn s(text: &str) -> String {
    text.to_owned()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(a, b)| (s(a), s(b))).collect()
}

fn stop(name: &str, note: &str, kind: StopKind, outside: bool) -> RouteStop {
    RouteStop {
        name: s(name),
        note: s(note),
        kind,
        outside,
    }
}

fn lamp(state: &'static str, words: &str) -> Lamp {
    Lamp {
        state,
        words: s(words),
    }
}

fn clock(used: u32, words: &str) -> ClockMark {
    ClockMark {
        used,
        words: s(words),
    }
}

fn services() -> Vec<ServiceCard> {
    [
        (
            "B2SHARE",
            "Publish and share research data with a DOI.",
            "",
            "Running",
            "EUDAT",
        ),
        (
            "Check-in",
            "Sign in with your institute, ORCID or a community account.",
            "degraded",
            "Degraded since 09:10",
            "EGI",
        ),
        (
            "FedCloud Compute",
            "Virtual machines at 23 sites, on demand.",
            "",
            "Running",
            "EGI",
        ),
        (
            "CESNET object storage",
            "S3 and Swift storage for communities.",
            "planned",
            "Downtime Saturday",
            "CESNET",
        ),
        (
            "Notebooks",
            "Jupyter in the browser, close to the data.",
            "",
            "Running",
            "EGI",
        ),
        (
            "B2FIND",
            "Search across the catalogues of all communities.",
            "down",
            "Down since 10:05",
            "EUDAT",
        ),
        (
            "Data transfer",
            "Move large data sets between sites, with retries.",
            "",
            "Running",
            "EGI",
        ),
        (
            "I don’t know which",
            "Tell us what you were doing. First level finds the team, usually within an hour.",
            "off",
            "Weekdays 09–17",
            "First level",
        ),
    ]
    .into_iter()
    .map(|(name, text, state, words, provider)| ServiceCard {
        href: format!(
            "/tickets/new?service={}",
            name.to_lowercase().replace(' ', "-")
        ),
        name: s(name),
        text: s(text),
        lamp: lamp(state, words),
        provider: s(provider),
    })
    .collect()
}

fn kinds() -> Vec<Tab> {
    ["All", "Data", "Computing", "Sign-in", "Transfer"]
        .into_iter()
        .enumerate()
        .map(|(i, label)| Tab {
            href: format!("/services?kind={}", label.to_lowercase()),
            label: s(label),
            current: i == 0,
        })
        .collect()
}

fn mine() -> Vec<MineRow> {
    vec![
        MineRow {
            href: s("/tickets/48102"),
            number: 48102,
            subject: s("Allocation for a training course, 40 people"),
            about: s("FedCloud"),
            turn: true,
            solved: false,
            words: s("FedCloud support asks for the dates of the course."),
            status: StatusMark::of(Status::Waiting),
        },
        MineRow {
            href: s("/tickets/48213"),
            number: 48213,
            subject: s("Upload of a 38 GB NetCDF file stops at 99 %"),
            about: s("B2SHARE"),
            turn: false,
            solved: false,
            words: s(
                "With the CESNET storage team since Tuesday. Next answer due tomorrow, 12:00.",
            ),
            status: StatusMark::of(Status::InProgress),
        },
        MineRow {
            href: s("/tickets/47960"),
            number: 47960,
            subject: s("DOI of my 2024 data set shows the wrong title <b>"),
            about: s("B2FIND"),
            turn: true,
            solved: true,
            words: s(
                "B2FIND support says it is fixed. Does it work for you? It closes by itself on 4 December.",
            ),
            status: StatusMark::saying(Status::Solved, "Solved, please check"),
        },
    ]
}

fn road() -> Route {
    Route {
        stops: vec![
            stop("You", "writing now", StopKind::Now, false),
            stop(
                "First level",
                "looks at it within 1 working day",
                StopKind::Next,
                false,
            ),
            stop(
                "B2SHARE operations",
                "answers within 5 working days",
                StopKind::Next,
                false,
            ),
        ],
    }
}

impl HomePage {
    pub(crate) fn sample() -> HomePage {
        HomePage {
            frame: Frame::sample(),
            incidents: vec![
                IncidentView {
                    planned: false,
                    title: s("Check-in: sign-in loops back to the list of institutes"),
                    chip: Some(Chip::new(Tone::Warn, "Degraded")),
                    text: s(
                        "Since 09:10. Logins through some university providers fail; 61 people told us. Next update by 12:00.",
                    ),
                    href: Some(s("/tickets/48217")),
                },
                IncidentView {
                    planned: true,
                    title: s(
                        "CESNET object storage: planned downtime on Saturday 28 November, 06:00 to 10:00 UTC",
                    ),
                    chip: None,
                    text: s("B2SHARE and B2SAFE will be read-only. Nothing will be lost."),
                    href: None,
                },
            ],
            mine: mine(),
            mine_total: 9,
            asked: pairs(&[
                ("login loop at Check-in", "/tickets/new?service=check-in"),
                ("B2SHARE upload stops", "/tickets/new?service=b2share"),
                ("more cloud quota", "/tickets/new?service=fedcloud"),
            ]),
            services: services(),
            services_words: s("27 services, 25 running normally"),
            kinds: kinds(),
            more_services: Some((s("Show 20 more services"), s("/services"))),
            road: Route {
                stops: vec![
                    stop("You", "write what happened", StopKind::Past, false),
                    stop("First level", "finds the team", StopKind::Past, false),
                    stop("The team", "solves it, you see who", StopKind::Now, false),
                    stop("You", "say whether it works", StopKind::Next, false),
                ],
            },
            follow_number: String::new(),
            follow_mail: String::new(),
            errors: Errors::default(),
        }
    }

    pub(crate) fn stranger_sample() -> HomePage {
        let mut errors = Errors::default();
        errors.add("number", "A ticket number has digits only, as 48213.");
        HomePage {
            frame: Frame {
                notice: Some(Notice {
                    tone: NoticeTone::Ok,
                    title: s("A link is on its way to you"),
                    text: s("If ticket 48213 is yours, the link comes in a few minutes."),
                }),
                theme: Some("dark"),
                ..Frame::stranger_sample()
            },
            incidents: vec![],
            mine: vec![],
            mine_total: 0,
            follow_number: s("abc\""),
            errors,
            ..HomePage::sample()
        }
    }
}

impl ServicesPage {
    pub(crate) fn sample() -> ServicesPage {
        ServicesPage {
            frame: Frame::sample(),
            services_words: s("27 services, 25 running normally"),
            query: String::new(),
            kinds: kinds(),
            services: services(),
        }
    }
}

impl MyTicketsPage {
    pub(crate) fn sample() -> MyTicketsPage {
        MyTicketsPage {
            frame: Frame {
                here: Here::MyTickets,
                ..Frame::sample()
            },
            words: s("9 tickets, 3 of them open"),
            query: String::new(),
            tabs: vec![
                Tab {
                    href: s("/tickets"),
                    label: s("Open"),
                    current: true,
                },
                Tab {
                    href: s("/tickets?all=1"),
                    label: s("All"),
                    current: false,
                },
            ],
            mine: mine(),
            pages: Pages {
                words: s("1 to 3"),
                newer: None,
                older: Some(s("/tickets?after=47960")),
            },
        }
    }
}

fn steps() -> Vec<Step> {
    [
        ("start", "Every ticket starts here", "Low", true, false),
        ("some", "More than 5 users", "Medium", true, true),
        ("many", "More than 50 users", "High", false, false),
        ("degraded", "Degrades a service", "Top", false, false),
        ("trivial", "Small security risk", "one up", false, false),
        ("imminent", "Security danger now", "Top", false, false),
    ]
    .into_iter()
    .map(|(rule, title, gives, applies, decides)| Step {
        rule: s(rule),
        title: s(title),
        gives: s(gives),
        applies,
        decides,
    })
    .collect()
}

fn preview() -> Preview {
    Preview {
        priority: Priority::Medium,
        because: s("more than 5 users affected"),
        steps: steps(),
    }
}

fn similar() -> Vec<Similar> {
    vec![
        Similar {
            chip: Chip::with_icon(Tone::Warn, "warn", "Incident"),
            href: s("/tickets/48217"),
            title: s("Check-in: sign-in loops back to the list of institutes"),
            when: s("today"),
        },
        Similar {
            chip: Chip::with_icon(Tone::Ok, "check", "Solved"),
            href: s("/tickets/47811"),
            title: s("Large upload: time-out after 2 hours, use the chunked client"),
            when: s("Mar 2026"),
        },
    ]
}

fn custom() -> Vec<CustomField> {
    let field = |i: usize, label: &str, required, asked| CustomField {
        id: format!("custom-{i}"),
        name: format!("custom.k{i}"),
        label: s(label),
        required,
        asked,
        value: String::new(),
    };
    vec![
        field(0, "Record or draft id", true, Asked::Text),
        field(1, "How many files", false, Asked::Number),
        field(2, "It worked before", false, Asked::Tick),
        field(
            3,
            "Client",
            true,
            Asked::Choice(Choice::list(
                [("web", "Web form"), ("cli", "Command line")],
                "cli",
            )),
        ),
    ]
}

const STORY: &str = "I upload climate model output (38.2 GB, one NetCDF file) through the web form. It runs for about three hours, reaches 99 % and then says:\n\n  checksum mismatch (expected md5:9f2c…, got md5:41aa…)\n\nI tried three times from two networks. Files below 20 GB work.";

impl NewTicketPage {
    pub(crate) fn sample() -> NewTicketPage {
        NewTicketPage {
            frame: Frame::sample(),
            form: NewTicketForm {
                service: s("B2SHARE"),
                subject: s("Upload of a 38 GB NetCDF file stops at 99 %"),
                description: s(STORY),
                since: s("2026-11-23T15:20"),
                zone: s("UTC"),
                category: s("incident"),
                affected: s("12"),
                degrades: s("no"),
                security: s("none"),
                cc: String::new(),
                tell: s("on_solution"),
                once: s("0190"),
                ..NewTicketForm::default()
            },
            errors: Errors::default(),
            service_names: vec![s("B2SHARE"), s("B2FIND"), s("Check-in")],
            lately: vec![s("B2SHARE"), s("FedCloud Compute"), s("B2FIND")],
            categories: Choice::list(
                [
                    ("incident", "Something does not work"),
                    ("service_request", "I need something"),
                    ("change_request", "Something should be different"),
                    ("documentation", "The documentation is wrong or missing"),
                ],
                "incident",
            ),
            tell: Choice::list(
                [
                    ("on_solution", "Answers and the solution"),
                    ("every_change", "Every change"),
                ],
                "on_solution",
            ),
            file_limit: s("50 MB"),
            goes_to: Some(GoesTo {
                lamp: lamp("", "Running"),
                unit: s("B2SHARE operations"),
                more: s("Problem with the storage behind it? They pass it on."),
            }),
            custom: custom(),
            preview: preview(),
            similar: similar(),
            road: road(),
        }
    }

    pub(crate) fn wrong_sample() -> NewTicketPage {
        let mut errors = Errors::default();
        errors.add("subject", "Say in one line what happened.");
        errors.add("mail", "This does not look like a mail address.");
        NewTicketPage {
            frame: Frame::stranger_sample(),
            form: NewTicketForm {
                mail: s("marta"),
                ..NewTicketForm::default()
            },
            errors,
            lately: vec![],
            goes_to: None,
            similar: vec![],
            ..NewTicketPage::sample()
        }
    }
}

impl NewTicketParts {
    pub(crate) fn sample() -> NewTicketParts {
        NewTicketParts {
            goes_to: None,
            custom: custom(),
            errors: Errors::default(),
            preview: preview(),
            similar: similar(),
            road: road(),
        }
    }
}

fn entry(id: &str, kind: EntryKind, who: &str, about: &str, at: Millis, text: &str) -> EntryView {
    EntryView {
        id: s(id),
        kind,
        author: PersonMark::of(who),
        about: s(about),
        time: dial().moment(at),
        body: prose(text),
        lang: None,
        quote: None,
        files: vec![],
        html: None,
        chips: vec![],
        redacted: None,
    }
}

fn file(name: &str, size: &str) -> FileView {
    FileView {
        name: s(name),
        size: s(size),
        href: s("/attachments/0190"),
    }
}

fn held() -> Route {
    Route {
        stops: vec![
            stop("First level", "Mon, 48 min", StopKind::Past, false),
            stop(
                "B2SHARE operations",
                "18 h, in 2 stays",
                StopKind::Past,
                false,
            ),
            stop(
                "CESNET storage",
                "holds it since Tue 11:05",
                StopKind::Now,
                true,
            ),
        ],
    }
}

fn story(staff: bool) -> Vec<ThreadItem> {
    let mut first = entry(
        "a1",
        EntryKind::Requester,
        "Marta Kowalska",
        if staff { "Requester, web form" } else { "" },
        NOW - 67 * HOUR,
        STORY,
    );
    first.files = vec![
        file("upload-console-2026-11-23.log", "42 kB"),
        file("progress-at-99.png", "310 kB"),
    ];
    let mut reply = entry(
        "a2",
        EntryKind::Support,
        "Ilona Novák",
        "B2SHARE operations",
        NOW - 65 * HOUR,
        "Dear Marta, thank you for the log. The file arrives whole at our side, but the storage returns another checksum for anything above 32 GB. I have asked the storage team at CESNET, who work in the EUDAT tracker; what they write will appear here: https://rt.eudat.example/118842\n\nIf you are in a hurry: splitting the file by year gets you below the limit.",
    );
    reply.lang = Some(s("en"));
    let mut outside = entry(
        "a4",
        EntryKind::External(s("EUDAT RT")),
        "Jan Dvořák",
        "",
        NOW - 47 * HOUR,
        "We can reproduce it with a 33 GB object. The gateway merges the last part wrongly after the update of 18 November.",
    );
    outside.quote = Some((14, prose("On Mon 23 Nov, Ilona Novák wrote: …")));
    outside.html = Some(s("/tickets/48213/entries/a4/html"));
    let mut last = entry(
        "a5",
        EntryKind::Requester,
        "Marta Kowalska",
        if staff { "Requester, by mail" } else { "" },
        NOW - 44 * MIN,
        "Thank you both. Splitting works, but the journal wants one DOI for one file. Can I reserve the DOI now and attach the file on Friday?",
    );
    if staff {
        last.chips = vec![Chip::with_icon(Tone::Turn, "reply", "Needs reply")];
    }
    let mut all = vec![ThreadItem::Entry(Box::new(first))];
    if staff {
        all.push(ThreadItem::Events(EventsView {
            summary: s("3 changes: priority low to medium, First level to B2SHARE operations, owner Ilona Novák"),
            rows: vec![
                EventRow {
                    who: s("Rules"),
                    what: s("gave medium: more than 5 users affected (12)"),
                    time: dial().moment(NOW - 67 * HOUR),
                },
                EventRow {
                    who: s("Karel Beneš"),
                    what: s("unit First level to B2SHARE operations"),
                    time: dial().moment(NOW - 66 * HOUR),
                },
                EventRow {
                    who: s("Ilona Novák"),
                    what: s("took it; status Assigned to In progress"),
                    time: dial().moment(NOW - 65 * HOUR),
                },
            ],
        }));
    } else {
        all.push(ThreadItem::Happened(HappenedView {
            words: s("First level passed it to B2SHARE operations, priority medium: 12 people are affected."),
            time: dial().moment(NOW - 66 * HOUR),
        }));
    }
    all.push(ThreadItem::Entry(Box::new(reply)));
    if staff {
        all.push(ThreadItem::Entry(Box::new(entry(
            "a3",
            EntryKind::Note,
            "Sofia Bianchi",
            "",
            NOW - 48 * HOUR,
            "Same shape as 47811 in March: gateway update, last part of a multipart object merged twice. Proposing the external link now. Ilona, please keep the requester posted, she has a paper deadline.",
        ))));
    }
    all.push(ThreadItem::Entry(Box::new(outside)));
    all.push(ThreadItem::Entry(Box::new(last)));
    all
}

impl TicketPage {
    pub(crate) fn sample() -> TicketPage {
        TicketPage {
            frame: Frame {
                here: Here::MyTickets,
                ..Frame::sample()
            },
            base: s("/tickets/48213"),
            number: 48213,
            subject: s("Upload of a 38 GB NetCDF file stops at 99 %"),
            service: Some((s("B2SHARE"), s("/services?q=b2share"))),
            opened_by: s("you"),
            opened: dial().moment(NOW - 67 * HOUR),
            staff_href: None,
            headline: s("With the CESNET storage team since Tuesday"),
            explain: s("They are checking the storage behind B2SHARE. You need do nothing now."),
            promise: Some(s("Next answer due tomorrow, 12:00.")),
            route: held(),
            thread: story(false),
            can: RequesterCan {
                answer: true,
                people: true,
                escalate: true,
                solved_already: true,
                ..RequesterCan::default()
            },
            closed_words: None,
            goes_to: s("Goes to B2SHARE operations and the CESNET storage team."),
            draft: String::new(),
            errors: Errors::default(),
            people_open: false,
            escalate_open: false,
            ladder: vec![
                LadderStep {
                    label: s("Remind the unit"),
                    who: s("B2SHARE operations"),
                    next: true,
                },
                LadderStep {
                    label: s("+ First level"),
                    who: s("after that"),
                    next: false,
                },
                LadderStep {
                    label: s("+ Monitors"),
                    who: s("last"),
                    next: false,
                },
            ],
            status: StatusMark::of(Status::InProgress),
            prio: PrioMark::of(Priority::Medium),
            prio_words: s("12 people affected"),
            facts: pairs(&[
                ("Since", "23 November 2026, 15:20"),
                ("Visible to", "You, those you added, and the teams"),
            ]),
            following: vec![Follower {
                mark: PersonMark::of("Paweł Zieliński"),
                role: s("Cc"),
                removable: Some(s("0190")),
            }],
        }
    }

    pub(crate) fn solved_sample() -> TicketPage {
        TicketPage {
            frame: Frame {
                me: None,
                ..Frame::stranger_sample()
            },
            base: s("/t/48213.signed"),
            headline: s("The CESNET storage team says it is solved. Does it work for you?"),
            explain: s(
                "“The gateway no longer cuts objects above 32 GB. Please try the upload once more.” Without an answer the ticket closes on 10 December.",
            ),
            promise: None,
            can: RequesterCan {
                verify: true,
                reopen: true,
                answer: true,
                ..RequesterCan::default()
            },
            ladder: vec![],
            following: vec![],
            status: StatusMark::of(Status::Solved),
            ..TicketPage::sample()
        }
    }
}

fn rows() -> Vec<ListRow> {
    let row = |number: i64,
               subject: &str,
               status: Status,
               prio: Priority,
               clock: Option<ClockMark>,
               who: &str,
               unit: &str,
               owner: Option<&str>,
               ago: Millis,
               unread: bool,
               chips: Vec<Chip>| ListRow {
        number,
        href: format!("/work/{number}?view=reply"),
        subject: s(subject),
        status: StatusGlyph(status),
        prio: PrioMark::of(prio),
        clock,
        requester: s(who),
        unit: s(unit),
        owner: owner.map(PersonMark::alone),
        time: dial().ago(NOW - ago),
        unread,
        current: number == 48213,
        chips,
        pick: true,
    };
    vec![
        row(
            48219,
            "S3 key readable in a public transfer log",
            Status::New,
            Priority::Top,
            Some(clock(107, "over by 12 min")),
            "A. Lindqvist",
            "Security response",
            None,
            30 * MIN,
            true,
            vec![Chip::new(Tone::Tlp, "TLP:AMBER")],
        ),
        row(
            48213,
            "Upload of a 38 GB NetCDF file stops at 99 %",
            Status::InProgress,
            Priority::Medium,
            Some(clock(78, "1 h 50 left")),
            "M. Kowalska",
            "B2SHARE operations",
            Some("Ilona Novák"),
            44 * MIN,
            false,
            vec![Chip::with_icon(Tone::External, "swap", "EUDAT RT")],
        ),
        row(
            48217,
            "Login loops back to the list of institutes",
            Status::InProgress,
            Priority::High,
            Some(clock(62, "3 h left")),
            "61 people",
            "Check-in",
            Some("Tomás Ribeiro"),
            HOUR,
            true,
            vec![Chip {
                before: "Master of",
                ..Chip::with_icon(Tone::Plain, "merge", "7")
            }],
        ),
        row(
            48198,
            "Transfers to CESNET fail: host certificate expired",
            Status::InProgress,
            Priority::Medium,
            Some(clock(41, "5 h left")),
            "J. Okafor",
            "Data transfer",
            Some("Ilona Novák"),
            2 * HOUR,
            false,
            vec![Chip::with_icon(Tone::Turn, "reply", "Answered")],
        ),
        row(
            48209,
            "Raise VM quota for vo.climadapt.eu to 64 vCPU",
            Status::Assigned,
            Priority::Low,
            Some(clock(22, "3 wd left")),
            "P. Zieliński",
            "FedCloud Compute",
            None,
            2 * HOUR,
            true,
            vec![Chip::new(Tone::Plain, "Service request")],
        ),
        row(
            48201,
            "Notebook kernel dies when loading more than 16 GB",
            Status::Waiting,
            Priority::Low,
            None,
            "L. Ferrari",
            "Notebooks",
            Some("Sofia Bianchi"),
            DAY,
            false,
            vec![Chip::with_icon(Tone::Plain, "clip", "2")],
        ),
        row(
            48187,
            "Record shows the DOI of another version",
            Status::Reopened,
            Priority::Low,
            None,
            "H. Brandt",
            "B2SHARE operations",
            Some("Ilona Novák"),
            DAY,
            false,
            vec![],
        ),
        row(
            48165,
            "Community wants its own metadata schema",
            Status::OnHold,
            Priority::Low,
            None,
            "N. Haas",
            "B2SHARE operations",
            Some("Sofia Bianchi"),
            2 * DAY,
            false,
            vec![],
        ),
        row(
            48160,
            "Unsolvable thing",
            Status::Unsolved,
            Priority::Low,
            None,
            "N. Haas",
            "B2SHARE operations",
            None,
            9 * DAY,
            false,
            vec![],
        ),
    ]
}

fn views() -> Vec<ViewLink> {
    [
        ("mine", "tray", "My open", 11),
        ("reply", "reply", "Needs reply", 9),
        ("free", "people", "Nobody’s yet", 6),
        ("late", "clock", "Late or close", 3),
        ("waiting", "chat", "Waiting", 14),
        ("closed", "check", "Closed lately", 58),
    ]
    .into_iter()
    .map(|(key, icon, label, count)| ViewLink {
        key: s(key),
        href: format!("/work?view={key}"),
        icon: Some(icon),
        label: s(label),
        count: Some(count.to_string()),
        current: key == "reply",
    })
    .collect()
}

fn link(number: i64, subject: &str, status: Status) -> TicketLink {
    TicketLink {
        href: format!("/work/{number}"),
        number,
        subject: s(subject),
        status: StatusMark::of(status),
    }
}

fn pane() -> TicketPane {
    TicketPane {
        number: 48213,
        version: 17,
        seen: 5,
        list_query: s("view=reply"),
        list_href: s("/work?view=reply"),
        subject: s("Upload of a 38 GB NetCDF file stops at 99 %"),
        status: StatusMark::of(Status::InProgress),
        prio: PrioMark::of(Priority::Medium),
        chips: vec![Chip::with_icon(Tone::External, "swap", "EUDAT RT 118842")],
        route: held(),
        thread: story(true),
        can: StaffCan {
            reply: true,
            priority: true,
            relate: true,
            people: true,
        },
        read_only: None,
        follow: Some(false),
        to: vec![
            Recipient {
                name: s("Marta Kowalska"),
                role: String::new(),
            },
            Recipient {
                name: s("Paweł Zieliński"),
                role: s("Cc"),
            },
        ],
        note_to: s("Only B2SHARE operations and First level. Never mailed outside."),
        composer: Composer {
            body: s("Dear Marta, yes: press “Reserve DOI” on the draft, then leave it open."),
            note: false,
            stale: false,
            send_words: s("Send, keep in progress"),
            statuses: vec![
                StatusAction {
                    status: StatusMark::of(Status::Waiting),
                    hint: "asks the requester",
                },
                StatusAction {
                    status: StatusMark::of(Status::OnHold),
                    hint: "this is the reason",
                },
                StatusAction {
                    status: StatusMark::of(Status::Solved),
                    hint: "this is the solution",
                },
                StatusAction {
                    status: StatusMark::of(Status::Unsolved),
                    hint: "this is the reason",
                },
            ],
        },
        errors: Errors::default(),
        handle: Some(HandleForm {
            may_take: true,
            statuses: Choice::list(
                [
                    ("in_progress", "In progress"),
                    ("waiting", "Waiting for reply"),
                    ("on_hold", "On hold"),
                    ("solved", "Solved"),
                    ("unsolved", "Unsolved"),
                ],
                "in_progress",
            ),
            owners: Choice::list(
                [("1", "Ilona Novák"), ("2", "Sofia Bianchi"), ("", "Nobody")],
                "1",
            ),
            unit: s("B2SHARE operations"),
            services: Choice::list([("1", "B2SHARE"), ("2", "CESNET object storage")], "1"),
            issue_types: Choice::list([("upload", "Upload"), ("metadata", "Metadata")], "upload"),
            tags: s("checksum, multipart"),
            reminder: String::new(),
            reason: String::new(),
            errors: Errors::default(),
        }),
        priority: PriorityPane {
            because: s("More than 5 users affected."),
            by: s("Confirmed by Karel Beneš."),
            facts: pairs(&[
                ("Affected", "12 users"),
                ("Service", "not degraded"),
                ("Security", "no risk"),
                ("Since", "23 Nov 15:20"),
            ]),
            can_confirm: true,
            overruled: true,
            choices: Choice::list(
                [
                    ("low", "Low"),
                    ("medium", "Medium"),
                    ("high", "High"),
                    ("top", "Top"),
                ],
                "medium",
            ),
            open: false,
            errors: Errors::default(),
        },
        clocks: vec![
            NamedClock {
                name: s("Answer to requester"),
                mark: clock(78, "1 h 50 left"),
            },
            NamedClock {
                name: s("Update at least every 5 wd"),
                mark: clock(12, "4 wd left"),
            },
        ],
        requester: RequesterPane {
            name: s("Marta Kowalska"),
            facts: pairs(&[
                ("Institute", "University of Gdańsk"),
                ("Community", "vo.climadapt.eu"),
            ]),
            others: vec![link(
                48102,
                "Allocation for a training course",
                Status::Waiting,
            )],
        },
        related: vec![
            RelatedRow {
                kind: "See also",
                ticket: link(47811, "Multipart object merged twice", Status::Verified),
                removable: Some("see_also"),
            },
            RelatedRow {
                kind: "Parent of",
                ticket: link(48205, "Checksum differs after download", Status::Closed),
                removable: None,
            },
        ],
        relation_kinds: Choice::list(
            [
                ("see_also", "has to do with"),
                ("merge", "is merged into"),
                ("slave_of", "is slave of"),
                ("child_of", "is child of"),
                ("duplicate_of", "duplicates"),
            ],
            "see_also",
        ),
        relate_open: false,
        relate_errors: Errors::default(),
        following: vec![Follower {
            mark: PersonMark::of("Paweł Zieliński"),
            role: s("Cc"),
            removable: Some(s("0190")),
        }],
    }
}

impl WorkspacePage {
    pub(crate) fn sample() -> WorkspacePage {
        WorkspacePage {
            frame: Frame {
                room: Room::Desk,
                ..Frame::staff_sample(Here::Workspace)
            },
            views: views(),
            units: vec![ViewLink {
                key: s("b2share"),
                href: s("/work?q=unit:b2share"),
                icon: None,
                label: s("B2SHARE operations"),
                count: Some(s("31")),
                current: false,
            }],
            list: ListPane {
                title: s("Needs reply"),
                words: s("9, most urgent first"),
                view: s("reply"),
                query: String::new(),
                filters: Choice::list(
                    [("urgent", "Most urgent first"), ("new", "Newest first")],
                    "urgent",
                ),
                rows: rows(),
                empty: s("Nothing waits for an answer."),
                pages: Pages::default(),
                bulk: true,
            },
            unit_names: vec![s("First level"), s("Check-in")],
            ticket: Some(Box::new(pane())),
        }
    }

    pub(crate) fn list_sample() -> WorkspacePage {
        let mut page = WorkspacePage::sample();
        page.ticket = None;
        page.frame.notice = Some(Notice::new(NoticeTone::Ok, "Taken: 48209 is yours"));
        page.list.pages = Pages {
            words: s("1 to 50"),
            newer: Some(s("/work?view=reply")),
            older: Some(s("/work?view=reply&after=48100")),
        };
        for row in &mut page.list.rows {
            row.current = false;
        }
        page
    }

    pub(crate) fn empty_sample() -> WorkspacePage {
        let mut page = WorkspacePage::list_sample();
        page.list.rows.clear();
        page.list.pages = Pages::default();
        page.frame.query = s("status:open \"nothing\"");
        page
    }

    pub(crate) fn wrong_sample() -> WorkspacePage {
        let mut page = WorkspacePage::sample();
        if let Some(ticket) = &mut page.ticket {
            ticket.errors.add("body", "Write something first.");
            ticket.composer.note = true;
            ticket.composer.stale = true;
            if let Some(handle) = &mut ticket.handle {
                handle.errors.add("reason", "Another unit needs a reason.");
            }
            ticket.priority.errors.add("because", "Say why.");
            ticket.priority.open = true;
        }
        page
    }
}

impl TriagePage {
    pub(crate) fn sample() -> TriagePage {
        let row = |number: i64, prio: Priority, subject: &str, words: &str, at: Millis| TriageRow {
            number,
            href: format!("/triage?ticket={number}"),
            prio: PrioMark::of(prio),
            subject: s(subject),
            words: s(words),
            clock: (number % 2 == 1).then(|| clock(40, "40 min left")),
            time: dial().ago(NOW - at),
            card: None,
        };
        let mut errors = Errors::default();
        errors.add(
            "because",
            "Another priority than the rules give needs a reason.",
        );
        let mut open = row(
            48224,
            Priority::Medium,
            "VM can not be started: “quota exceeded for cores”, course starts Monday",
            "Paweł Zieliński, FedCloud, by mail",
            3 * HOUR,
        );
        open.card = Some(Box::new(TriageCard {
            version: 1,
            body: prose(
                "We have 40 participants from five institutes. Starting the 17th machine at the CESNET site fails:\n\n  HTTP 403 Quota exceeded for cores: Requested 4, but already used 64 of 64 cores\n\nCould the quota for vo.climadapt.eu be raised to 160 vCPU until 4 December?",
            ),
            files: vec![file("console.txt", "3 kB")],
            facts: pairs(&[
                ("Affected", "40 users"),
                ("Degrades service", "no"),
                ("Security", "none"),
            ]),
            similar: vec![link(47702, "Quota for the spring school", Status::Solved)],
            categories: Choice::list(
                [
                    ("incident", "Incident"),
                    ("service_request", "Service request"),
                    ("change_request", "Change"),
                    ("documentation", "Documentation"),
                ],
                "service_request",
            ),
            rules: Priority::Medium,
            rules_words: s("medium: more than 5 users affected"),
            priorities: Priority::ALL
                .into_iter()
                .map(|p| (PrioMark::of(p), p == Priority::Medium))
                .collect(),
            because: String::new(),
            units: vec![
                UnitSuggestion {
                    letter: 'A',
                    value: s("1"),
                    name: s("FedCloud support"),
                    why: s("The unit of FedCloud Compute. Level 2."),
                    outside: false,
                    chosen: true,
                },
                UnitSuggestion {
                    letter: 'B',
                    value: s("2"),
                    name: s("CESNET cloud site"),
                    why: s("Named in the text. Level 3."),
                    outside: true,
                    chosen: false,
                },
            ],
            unit_words: s("318 active units, type to search."),
            unit: String::new(),
            services: Choice::list([("", "None"), ("1", "FedCloud Compute")], "1"),
            issue_types: Choice::list([("quota", "Quota"), ("access", "Access")], "quota"),
            note: String::new(),
            errors,
        }));
        TriagePage {
            frame: Frame::staff_sample(Here::Triage),
            chips: vec![
                Chip::with_icon(Tone::Plain, "tray", "14 new"),
                Chip::with_icon(Tone::Ok, "check", "38 routed today"),
            ],
            oldest: Some(clock(82, "oldest: 1 h 25 left")),
            rows: vec![
                row(
                    48225,
                    Priority::Top,
                    "Strange transfers from our storage pool during the night",
                    "G. Moreau, SURF archive",
                    HOUR,
                ),
                open,
                row(
                    48223,
                    Priority::High,
                    "Endless redirect after choosing my university",
                    "Check-in, looks like 48217",
                    HOUR,
                ),
                row(
                    48222,
                    Priority::Low,
                    "Login page sends me round in circles",
                    "Check-in",
                    2 * HOUR,
                ),
            ],
            unit_names: vec![s("First level"), s("Check-in")],
            pages: Pages::default(),
        }
    }

    pub(crate) fn empty_sample() -> TriagePage {
        TriagePage {
            chips: vec![],
            oldest: None,
            rows: vec![],
            ..TriagePage::sample()
        }
    }
}

impl UnitsPage {
    pub(crate) fn sample() -> UnitsPage {
        UnitsPage {
            frame: Frame {
                here: Here::Units,
                ..Frame::sample()
            },
            words: s("25 units in three levels."),
            query: String::new(),
            rows: vec![
                UnitRow {
                    href: s("/units/first-level"),
                    name: s("First level"),
                    text: s("Level 1. Takes what nothing routes elsewhere."),
                    small: s("Responsible: Karel Beneš. 6 members."),
                    chips: vec![Chip::new(Tone::Info, "First level")],
                },
                UnitRow {
                    href: s("/units/b2share-operations"),
                    name: s("B2SHARE operations"),
                    text: s("Level 2. Uploads, records, DOIs, communities."),
                    small: s("Responsibles: Ilona Novák, Matti Laine. 4 members."),
                    chips: vec![],
                },
            ],
            pages: Pages::default(),
        }
    }
}

impl UnitPage {
    pub(crate) fn sample() -> UnitPage {
        let work = vec![(540, 1020)];
        UnitPage {
            frame: Frame::staff_sample(Here::Units),
            name: s("B2SHARE operations"),
            purpose: s("Runs the B2SHARE repository: uploads, records, DOIs, communities."),
            level: 2,
            parent: Some((s("EUDAT operations"), s("/units/eudat-operations"))),
            work_href: Some(s("/work?q=unit:b2share-operations")),
            successor: None,
            figures: vec![
                Figure {
                    name: s("Open"),
                    value: s("31"),
                    small: String::new(),
                },
                Figure {
                    name: s("Nobody’s yet"),
                    value: s("6"),
                    small: String::new(),
                },
                Figure {
                    name: s("Median response, 30 days"),
                    value: s("2 h 10"),
                    small: s("of 1 wd"),
                },
            ],
            members: [
                ("Ilona Novák", "Responsible", "9"),
                ("Matti Laine", "Responsible", "4"),
                ("Sofia Bianchi", "Member", "7"),
            ]
            .into_iter()
            .map(|(name, part, open)| MemberRow {
                name: s(name),
                part: s(part),
                open: s(open),
            })
            .collect(),
            members_words: s("3 people"),
            members_open: true,
            faq: vec![
                FaqRow {
                    question: s("What belongs to us?"),
                    answer: prose("Upload, download, record pages, DOI registration."),
                },
                FaqRow {
                    question: s("What does not?"),
                    answer: prose("Sign-in goes to Check-in."),
                },
            ],
            reach: pairs(&[
                ("Responsibles", "Ilona Novák, Matti Laine"),
                ("Mailing list", "b2share-ops@eudat.example"),
                ("Escalation", "EUDAT operations"),
            ]),
            services: pairs(&[("B2SHARE", "/services?q=B2SHARE")]),
            quality: Some(Quality {
                chip: Chip::new(Tone::Info, "Medium"),
                targets: Priority::ALL
                    .into_iter()
                    .zip(["5 wd", "5 wd", "1 wd", "1 wd"])
                    .map(|(p, t)| (PrioMark::of(p), s(t)))
                    .collect(),
            }),
            calendar: Some(CalendarView {
                lamp: lamp("", "Open now"),
                label: s(
                    "Open Monday to Friday from 9 to 17, closed at weekends. Now it is Thursday, 12:42 local time.",
                ),
                days: CalendarView::plot(
                    &[
                        work.clone(),
                        work.clone(),
                        work.clone(),
                        work.clone(),
                        work,
                        vec![],
                        vec![],
                    ],
                    Some((3, 762)),
                ),
                words: s(
                    "09:00 to 17:00, Europe/Helsinki. Next holidays: 6 December, 24 to 26 December.",
                ),
            }),
            hints: pairs(&[
                ("checksum, md5, upload, draft", "strong"),
                ("DOI, metadata, record", ""),
            ]),
        }
    }
}

impl SignInPage {
    pub(crate) fn sample() -> SignInPage {
        let mut errors = Errors::default();
        errors.add("password", "Address and password do not fit together.");
        SignInPage {
            frame: Frame::stranger_sample(),
            mail: s("user@demo"),
            next: s("/tickets"),
            errors,
        }
    }
}

impl ProblemPage {
    pub(crate) fn sample() -> ProblemPage {
        ProblemPage {
            frame: Frame::sample(),
            code: s("403 Forbidden"),
            title: s("This ticket is not yours to see"),
            what: s("Ticket 48219 is restricted to its requester and the team that holds it."),
            fields: pairs(&[("unit", "There is no unit “Foo”.")]),
            todo: vec![
                s("If you opened it with another address, ask for a link to that address."),
                s("If you should see it, ask whoever added you."),
            ],
            links: pairs(&[("My tickets", "/tickets"), ("Front page", "/")]),
            kept: s("Dear Marta, …"),
        }
    }
}

impl AccountPage {
    pub(crate) fn sample() -> AccountPage {
        AccountPage {
            frame: Frame::staff_sample(Here::Elsewhere),
            facts: pairs(&[
                ("Addresses", "ilona@eudat.example"),
                ("Units", "B2SHARE operations (responsible), First level"),
            ]),
            sessions: vec![
                SessionRow {
                    id: s("1"),
                    name: s("Firefox on Linux"),
                    since: dial().moment(NOW - 3 * DAY),
                    seen: dial().ago(NOW),
                    here: true,
                },
                SessionRow {
                    id: s("2"),
                    name: s("Safari on iPhone"),
                    since: dial().moment(NOW - 20 * DAY),
                    seen: dial().ago(NOW - DAY),
                    here: false,
                },
            ],
            tokens: vec![TokenRow {
                id: s("1"),
                name: s("nightly report"),
                scopes: s("read"),
                made: dial().moment(NOW - DAY),
            }],
            new_token: Some(s("sb_0123456789abcdef0123456789abcdef")),
            scopes: Choice::list(
                [("read", "read tickets"), ("write", "change tickets")],
                "read",
            ),
            errors: Errors::default(),
        }
    }
}

impl HistoryPage {
    pub(crate) fn sample() -> HistoryPage {
        HistoryPage {
            frame: Frame::staff_sample(Here::Workspace),
            back: s("/work/48213"),
            number: 48213,
            subject: s("Upload of a 38 GB NetCDF file stops at 99 %"),
            told: vec![s("Marta Kowalska: sent")],
            rows: vec![
                HistoryRow {
                    time: dial().date_time(NOW - 67 * HOUR),
                    who: s("Marta Kowalska"),
                    channel: s("web form"),
                    field: s("opened"),
                    old: String::new(),
                    new: s("new, medium"),
                    why: s("more than 5 users affected"),
                },
                HistoryRow {
                    time: dial().date_time(NOW - 66 * HOUR),
                    who: s("Karel Beneš"),
                    channel: s("web"),
                    field: s("unit"),
                    old: s("First level"),
                    new: s("B2SHARE operations"),
                    why: String::new(),
                },
            ],
            pages: Pages::default(),
        }
    }
}

impl MailFrame {
    pub(crate) fn sample() -> MailFrame {
        MailFrame {
            title: s("Mail of Jan Dvořák"),
            html: Sanitised(s("<p>We can <b>reproduce</b> it.</p>")),
        }
    }
}
