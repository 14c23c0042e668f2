//! A believable sample of every page's context, rendered by the tests of
//! `render`.

mod about;
mod account;
mod admin;
mod alarms;
mod campaigns;
mod canned;
mod exchange;
mod federated;
pub(super) mod macros;
mod mail;
mod mailboxes;
mod partner;
mod portal;
mod privacy;
mod provider;
mod redirected;
mod reports;
pub(super) mod rota;
mod rules;
mod staff;
mod webhooks;
mod work;

use super::frame::{Errors, Frame, Here, Notice, NoticeTone};
use super::home::{HomePage, IncidentView, MineRow, ServiceCard, Tab};
use super::my_tickets::MyTicketsPage;
use super::new_ticket::{
    Asked, CustomField, GoesTo, NewTicketForm, NewTicketPage, NewTicketParts, Preview, Similar,
};
use super::services::ServicesPage;
use super::solution_link::RateForm;
use super::text::prose;
use super::ticket::{Follower, LadderStep, RequesterCan, TicketPage};
use super::time::Dial;
use super::view::{
    Chip, Choice, ClockMark, EntryKind, EntryView, EventRow, EventsView, FileView, HappenedView,
    Lamp, Pages, PersonMark, PrioMark, Route, RouteStop, StatusMark, StopKind, ThreadItem, Tone,
};
use switchboard_core::triage::Step;
use switchboard_core::{Millis, Priority, Status};

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
        turns: None,
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
            may_alarm: true,
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
            may_alarm: true,
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
            community: false,
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
        help: if required {
            s("It stands in the address of the page.")
        } else {
            String::new()
        },
        help_id: if required {
            format!("custom-{i}-help")
        } else {
            String::new()
        },
        required,
        asked,
        value: String::new(),
    };
    vec![
        field(0, "Record or draft id", true, Asked::Line("text")),
        field(1, "How many files", false, Asked::Number(s("1"), s("500"))),
        field(2, "It worked before", false, Asked::Tick),
        field(4, "What was on the screen", false, Asked::Lines),
        field(
            5,
            "Where it happens",
            true,
            Asked::Several(Choice::list(
                [("upload", "Uploading"), ("download", "Downloading")],
                "upload",
            )),
        ),
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
            issue_types: Vec::new(),
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
            teams: Choice::list(
                [("", "Mine"), ("vo.climadapt.eu", "The team’s: ClimAdapt")],
                "",
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
        inside: vec![],
        remote: 0,
        protection: vec![],
        chips: vec![],
        redacted: None,
        origin: vec![],
        related: None,
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
    outside.inside = vec![file("image001.png", "12 kB")];
    outside.remote = 3;
    outside.protection = vec![s(
        "Only part of this mail is signed (by PGP), and that is not checked here.",
    )];
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
            team: None,
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
            rate: None,
            rated: None,
        }
    }

    pub(crate) fn verified_sample() -> TicketPage {
        TicketPage {
            can: RequesterCan::default(),
            closed_words: Some(s("This ticket is finished.")),
            status: StatusMark::of(Status::Verified),
            rate: Some(RateForm {
                chosen: s("4"),
                comment: s("Quick & <friendly>."),
            }),
            errors: Errors::one("comment", "It is longer than 4 kB."),
            ..TicketPage::solved_sample()
        }
    }

    pub(crate) fn solved_sample() -> TicketPage {
        TicketPage {
            team: Some(s("ClimAdapt")),
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
