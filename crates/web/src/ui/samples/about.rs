//! Samples of pages about units, the reader, and what happened.

use crate::ui::asking::AskRow;
use crate::ui::federated::{DirectoryPage, SignedOutPage, Way, Ways};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::history::{HistoryPage, HistoryRow};
use crate::ui::identities::IdentityPage;
use crate::ui::mail_frame::{MailFrame, Sanitised};
use crate::ui::problem::ProblemPage;
use crate::ui::reports::hours;
use crate::ui::rota::DutyLine;
use crate::ui::sign_in::SignInPage;
use crate::ui::text::prose;
use crate::ui::ticket_clocks::{HeldRow, RunRow, TicketClocksPage};
use crate::ui::unit::{CalendarView, FaqRow, Figure, Quality, UnitPage, UnitRow, UnitsPage};
use crate::ui::unit_people::{MemberRow, PeopleView};
use crate::ui::view::{Chip, Pages, PrioMark, Tone};
use switchboard_core::{Millis, Priority, TargetKind, Turn};

use super::{DAY, HOUR, NOW, dial, lamp, pairs, s};

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
            edit_href: Some(s("/units/b2share/edit")),
            support_hours: s("On call at weekends for top priority."),
            successor: None,
            duty: Some(DutyLine::sample()),
            rota_href: Some(s("/units/b2share-operations/rota")),
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
            people: PeopleView {
                action: s("/units/b2share-operations/people"),
                responsibles: pairs(&[("Ilona Novák", "ilona@eudat.example"), ("Matti Laine", "")]),
                members: [
                    ("1", "Ilona Novák", "Responsible", "9"),
                    ("2", "Matti Laine", "Responsible", "4"),
                    ("3", "Sofia Bianchi", "Member", "7"),
                ]
                .into_iter()
                .map(|(id, name, part, open)| MemberRow {
                    id: s(id),
                    name: s(name),
                    part: s(part),
                    responsible: part == "Responsible",
                    since: dial().ago(NOW - DAY),
                    open: s(open),
                })
                .collect(),
                words: s("53 people"),
                pages: Pages {
                    words: s("1 to 50 of 53"),
                    newer: None,
                    older: Some(s("/units/b2share-operations?members=1#mb")),
                },
                asking: vec![AskRow::sample()],
                asking_chip: Chip::with_icon(Tone::Turn, "people", "1 waits for you"),
                manages: true,
                inside: true,
                responsible: true,
                join_href: Some(s("/support-staff?q=B2SHARE%20operations")),
                typed: s("nobody@example.org"),
                errors: Errors::one("who", "Nobody with that address has an account here yet."),
            },
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
            others: Ways {
                csrf: s("0123456789abcdef"),
                next: s("/tickets"),
                ways: vec![
                    Way {
                        key: s("egi"),
                        button: s("Sign in with EGI Check-in"),
                        directory: false,
                        href: s("/sign-in/with/egi?next=/tickets"),
                    },
                    Way {
                        key: s("staff"),
                        button: s("Sign in with the directory"),
                        directory: true,
                        href: s("/sign-in/with/staff?next=/tickets"),
                    },
                ],
            },
            registration: true,
            passkeys: true,
            errors,
        }
    }
}

impl DirectoryPage {
    pub(crate) fn sample() -> DirectoryPage {
        DirectoryPage {
            frame: Frame::stranger_sample(),
            key: s("staff"),
            name: s("DESY directory"),
            user: s("marta"),
            next: s("/tickets"),
            link: false,
            errors: Errors::one("password", "That name and password do not belong together."),
        }
    }
}

impl IdentityPage {
    pub(crate) fn sample() -> IdentityPage {
        IdentityPage {
            frame: Frame::sample(),
            word: s("word"),
            provider: s("EGI Check-in"),
            name: s("Marta Kowalska"),
            email: s("marta.kowalska@ug.example"),
            me: s("Marta Kowalska"),
            password: true,
            errors: Errors::one("password", "The password is not that of your account here."),
        }
    }
}

impl SignedOutPage {
    pub(crate) fn sample() -> SignedOutPage {
        SignedOutPage {
            frame: Frame::stranger_sample(),
            name: s("EGI Check-in"),
            href: s("https://aai.example/logout?client_id=desk"),
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

impl TicketClocksPage {
    pub(crate) fn sample() -> TicketClocksPage {
        let row = |turn: Turn, calendar: Millis, working: Millis| HeldRow {
            key: turn.key(),
            who: turn.label().to_owned(),
            calendar: hours(calendar * HOUR),
            working: hours(working * HOUR),
        };
        TicketClocksPage {
            frame: Frame::staff_sample(Here::Workspace),
            back: "/work/48213".to_owned(),
            number: 48213,
            held: vec![
                row(Turn::Owner, 30, 9),
                row(Turn::Requester, 12, 4),
                row(Turn::Partner, 24, 8),
            ],
            runs: vec![RunRow {
                key: TargetKind::Answer.key(),
                clock: TargetKind::Answer.label().to_owned(),
                unit: "B2SHARE operations".to_owned(),
                priority: PrioMark::of(Priority::Medium),
                since: NOW - 30 * HOUR,
                began: dial().date_time(NOW - 30 * HOUR),
                ended: Some(dial().date_time(NOW - 5 * HOUR)),
                how: "answered",
                used: hours(9 * HOUR),
                target: "1 wd".to_owned(),
                due: Some(dial().date_time(NOW - 6 * HOUR)),
                verdict: "missed",
            }],
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
