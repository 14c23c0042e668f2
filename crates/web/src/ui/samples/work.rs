//! Samples of the agents' pages.

use crate::ui::facts::FactsForm;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room, Undo};
use crate::ui::place::PlaceForm;
use crate::ui::rota::DutyLine;
use crate::ui::split::{SplitPage, SplitRow};
use crate::ui::text::prose;
use crate::ui::ticket::Follower;
use crate::ui::triage::{IncidentPane, TriageCard, TriagePage, TriageRow, UnitSuggestion};
use crate::ui::view::{
    Chip, Choice, ClockMark, ListRow, Pages, PersonMark, PrioMark, StatusGlyph, StatusMark, Tone,
};
use crate::ui::workspace::{
    CannedChoice, Composer, HandleForm, ListPane, MacroLink, NamedClock, PriorityPane, Recipient,
    RelatedRow, RequesterPane, StaffCan, StatusAction, TicketLink, TicketPane, ViewLink,
    WorkspacePage,
};
use switchboard_core::{Millis, Priority, Status};

use super::{DAY, HOUR, MIN, NOW, clock, dial, file, held, pairs, s, story};

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
            split: true,
        },
        macros: vec![MacroLink {
            href: s("/work/48213/macros/0190f3a0-0000-7000-8000-000000000001?list=view%3Dmine"),
            title: s("Ask for the project & wait"),
        }],
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
            send_words: s("Send, and set waiting for reply"),
            send_value: s("waiting"),
            keep_words: Some(s("Send, keep in progress")),
            back: s("0190f3a0-0000-7000-8000-000000000008"),
            kept: vec![Choice {
                value: s("0190f3a0-0000-7000-8000-00000000000a"),
                label: s("log & more.txt"),
                chosen: true,
            }],
            canned: vec![CannedChoice {
                id: s("0190f3a0-0000-7000-8000-000000000001"),
                title: s("Reserve a DOI & go on"),
                shortcut: s("doi"),
            }],
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
        facts: Some(FactsForm {
            categories: Choice::list([("incident", "Incident"), ("test", "Test")], "incident"),
            affected: s("12"),
            degrades: Choice::list(
                [("no", "Works otherwise"), ("yes", "Degraded or down")],
                "no",
            ),
            security: Choice::list([("none", "no risk"), ("trivial", "a small risk")], "none"),
            since: s("2026-11-23T15:20"),
            zone: s("UTC"),
            open: false,
            errors: Errors::default(),
        }),
        place: Some(PlaceForm {
            visibilities: Choice::list(
                [
                    ("parties", "Those on it, and the units"),
                    ("restricted", "Restricted"),
                ],
                "parties",
            ),
            labels: Vec::new(),
            classify: true,
            site: s("CESNET"),
            community: s("vo.climadapt.eu"),
            communities: vec![(s("vo.climadapt.eu"), s("ClimAdapt"))],
            open: false,
            errors: Errors::default(),
        }),
        reads: None,
        alarm: Some(s("CESNET was called 10:02, and has not confirmed yet.")),
        redirect: Some(super::redirected::pane()),
        campaign: Some(48_100),
        may_ask_sites: true,
        partners: super::exchange::partners(),
        waiting: vec![crate::ui::workspace::WaitingRow {
            id: s("0190f3a0-0000-7000-8000-000000000009"),
            author: PersonMark::of("Ilona Novák"),
            state: Chip::new(Tone::Warn, "Goes out in 9 s"),
            refused: false,
            send_at: NOW + 9_000,
            mine: true,
            body: prose("I freed <b>some</b> space."),
            files: vec![s("log & more.txt")],
        }],
        undelivered: vec![crate::ui::workspace::UndeliveredRow {
            address: s("gone@people.example"),
            at: dial().moment(NOW),
            state: Chip::new(Tone::Bad, "Failed"),
            about: vec![s("it came back: failed (5.1.1)")],
        }],
        turn: Some((s("B2SHARE operations"), dial().moment(NOW - 3 * HOUR))),
        clocks: vec![
            NamedClock {
                name: s("First human answer, 1 wd"),
                mark: Some(clock(78, "due today 14:00")),
            },
            NamedClock {
                name: s("Longest silence, 5 wd"),
                mark: Some(clock(12, "due 2 Dec, 10:00")),
            },
            NamedClock {
                name: s("Solution, 10 wd"),
                mark: None,
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
            saved: vec![ViewLink {
                key: s("0190"),
                href: s("/work?q=large%20upload"),
                icon: None,
                label: s("Large uploads"),
                count: None,
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
                macros: vec![Choice::new(
                    "macro:0190f3a0-0000-7000-8000-000000000001",
                    "Ask & wait",
                )],
            },
            now: 1_790_000_000_000,
            unit_names: vec![s("First level"), s("Check-in")],
            ticket: Some(Box::new(pane())),
        }
    }

    pub(crate) fn list_sample() -> WorkspacePage {
        let mut page = WorkspacePage::sample();
        page.ticket = None;
        page.frame.notice = Some(Notice::new(NoticeTone::Ok, "3 are slaves of 48217 now"));
        page.frame.undo = Some(Undo::Tie {
            lead: 48217,
            others: vec![48222, 48223],
            slaves: true,
        });
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
        page.list.query.clone_from(&page.frame.query);
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
            if let Some(facts) = &mut ticket.facts {
                facts.errors.add("since", "Takes a day and a time.");
                facts.open = true;
            }
            if let Some(place) = &mut ticket.place {
                place.errors.add("site", "Takes a key.");
                place.open = true;
            }
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
            overruled: true,
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
            pass_on: true,
            note: String::new(),
            errors,
        }));
        TriagePage {
            frame: Frame::staff_sample(Here::Triage),
            chips: vec![
                Chip::with_icon(Tone::Plain, "tray", "14 new"),
                Chip::with_icon(Tone::Ok, "check", "38 routed today"),
            ],
            duty: vec![DutyLine::sample()],
            now: 1_790_000_000_000,
            oldest: Some(clock(82, "first: due today 16:10")),
            incident: Some(IncidentPane {
                lead: link(
                    48217,
                    "Login loops back to the list of institutes",
                    Status::InProgress,
                ),
                others: vec![
                    link(
                        48223,
                        "Endless redirect after choosing my university",
                        Status::New,
                    ),
                    link(48222, "Login page sends me round in circles", Status::New),
                ],
                words: s("All ask about Check-in with the words “login”, since 09:10."),
            }),
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
            duty: vec![],
            now: 1_790_000_000_000,
            oldest: None,
            incident: None,
            rows: vec![],
            ..TriagePage::sample()
        }
    }
}

impl SplitPage {
    pub(crate) fn sample() -> SplitPage {
        let row = |id: &str, author: &str, words: &str, note: bool| SplitRow {
            id: s(id),
            author: s(author),
            time: dial().moment(NOW - HOUR),
            words: s(words),
            note,
            chosen: note,
        };
        let mut errors = Errors::default();
        errors.add("entries", "Tick the messages that should go along.");
        SplitPage {
            frame: Frame::staff_sample(Here::Workspace),
            number: 48213,
            version: 17,
            about: s("Upload of a 38 GB NetCDF file stops at 99 %"),
            subject: s("Reserve a DOI before the file is there"),
            rows: vec![
                row("0190a", "Ilona Novák", "Seen before in 47811.", true),
                row(
                    "0190b",
                    "Marta Kowalska",
                    "Can I reserve the DOI now?",
                    false,
                ),
            ],
            errors,
        }
    }
}
