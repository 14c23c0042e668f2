//! Samples of joining a unit, of people and of the audit log.

use crate::ui::admin::applications::{ApplicationsPage, PastRow};
use crate::ui::admin::audit::{AuditPage, DeedRow};
use crate::ui::admin::people::{PeoplePage, PersonRow};
use crate::ui::admin::person::{PersonAdminPage, RightRow, UnitRow};
use crate::ui::asking::{AskRow, AskedRow};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::support_staff::{JoinRow, StepView, SupportStaffPage};
use crate::ui::view::{Chip, Choice, Pages, PersonMark, Tone};

use super::{DAY, HOUR, NOW, dial, pairs, s};

impl AskRow {
    pub(crate) fn sample() -> AskRow {
        AskRow {
            csrf: s("0123456789abcdef"),
            action: s("/units/b2share-operations/people"),
            id: s("0190f3a0-0000-7000-8000-000000000001"),
            back: s("/support-staff"),
            mark: PersonMark::of("Lukas Meier"),
            name: s("Lukas Meier"),
            about: s("lukas.meier@juelich.example, Jülich"),
            wants: pairs(&[("B2SHARE operations", "/units/b2share-operations")]),
            text: s("I take over the checksum work <b>from Sofia</b> in January."),
            since: dial().moment(NOW - 4 * DAY),
            late: true,
            yes: "Consent",
            yes_needs_reason: false,
            typed: String::new(),
            problem: String::new(),
        }
    }

    fn wrong_sample() -> AskRow {
        AskRow {
            id: s("0190f3a0-0000-7000-8000-000000000002"),
            yes: "Grant",
            yes_needs_reason: true,
            problem: s("Give a reason; the applicant is told it by mail."),
            ..AskRow::sample()
        }
    }
}

fn asked() -> Vec<AskedRow> {
    vec![
        AskedRow {
            title: s("Support permission"),
            small: s("applied Monday 09:10, for B2SHARE operations: “fixity checks”"),
            words: s("Granted by Eva Lindholm Tuesday 10:00. “Ilona vouches for him.”"),
            chip: Chip::with_icon(Tone::Ok, "check", "Granted"),
            turn: true,
            withdraw: None,
        },
        AskedRow {
            title: s("B2SHARE operations"),
            small: s("asked yesterday 10:00"),
            words: s("Waits for Ilona Novák or Matti Laine. They were told by mail."),
            chip: Chip::with_icon(Tone::Info, "clock", "Waiting"),
            turn: false,
            withdraw: Some(("withdraw-join", s("1"))),
        },
    ]
}

impl SupportStaffPage {
    pub(crate) fn sample() -> SupportStaffPage {
        SupportStaffPage {
            frame: Frame {
                here: Here::SupportStaff,
                ..Frame::sample()
            },
            steps: vec![
                StepView {
                    name: "Talk to a responsible",
                    done: true,
                    now: false,
                },
                StepView {
                    name: "Join units",
                    done: false,
                    now: true,
                },
            ],
            waiting: vec![AskRow::sample()],
            asked: asked(),
            holds: true,
            applied: false,
            query: String::new(),
            units: vec![
                JoinRow {
                    key: s("fedcloud"),
                    name: s("FedCloud support"),
                    href: s("/units/fedcloud"),
                    text: s("Level 2. Quota, images, virtual machines at 23 sites."),
                    small: s("Responsible: Anna Kowalczyk. 14 members."),
                    chip: None,
                },
                JoinRow {
                    key: s("b2share"),
                    name: s("B2SHARE operations"),
                    href: s("/units/b2share"),
                    text: s("Level 2. Uploads, records, DOIs, communities."),
                    small: s("Responsible: Ilona Novák or Matti Laine. 4 members."),
                    chip: Some(Chip::with_icon(Tone::Info, "clock", "Asked 25 Nov")),
                },
            ],
            words: s("2 of 25 units; search for the others."),
            names: vec![s("FedCloud support")],
            typed: (String::new(), String::new()),
            errors: Errors::default(),
        }
    }

    pub(crate) fn applying_sample() -> SupportStaffPage {
        SupportStaffPage {
            waiting: vec![],
            asked: vec![],
            holds: false,
            units: vec![],
            query: s("nothing"),
            typed: (s("No such unit"), s("I want to help.")),
            errors: Errors::one("units", "There is no unit \"No such unit\"."),
            ..SupportStaffPage::sample()
        }
    }
}

impl ApplicationsPage {
    pub(crate) fn sample() -> ApplicationsPage {
        ApplicationsPage {
            frame: Frame::staff_sample(Here::Admin),
            waiting: vec![AskRow::wrong_sample()],
            joins: vec![AskRow::sample()],
            past: vec![PastRow {
                name: s("Chiara Donati"),
                href: s("/admin/people/1"),
                units: s("B2SHARE operations"),
                state: s("Granted"),
                why: s("Eva Lindholm: “On call for Bologna.”"),
                at: dial().moment(NOW - DAY),
            }],
            pages: Pages::default(),
        }
    }
}

impl PeoplePage {
    pub(crate) fn sample() -> PeoplePage {
        PeoplePage {
            frame: Frame::staff_sample(Here::Admin),
            query: s("novak"),
            only: Choice::list([("", "Everybody"), ("support", "Support staff")], "support"),
            rows: vec![PersonRow {
                href: s("/admin/people/1"),
                name: s("Ilona Novák"),
                mail: s("ilona@eudat.example"),
                institute: s("CSC"),
                chips: vec![Chip::with_icon(Tone::Ok, "check", "Support")],
                since: dial().ago(NOW - 9 * DAY),
            }],
            pages: Pages {
                words: s("By name"),
                newer: None,
                older: Some(s("/admin/people?q=novak&only=support&after=1")),
            },
        }
    }
}

impl PersonAdminPage {
    pub(crate) fn sample() -> PersonAdminPage {
        PersonAdminPage {
            frame: Frame::staff_sample(Here::Admin),
            id: s("1"),
            name: s("Ilona Novák"),
            chips: vec![Chip::with_icon(Tone::Ok, "check", "Support")],
            facts: pairs(&[
                ("Address", "ilona@eudat.example"),
                ("Address", "i.novak@csc.example (not proved)"),
            ]),
            rights: vec![RightRow {
                key: "support",
                name: "Support permission",
                text: "May be in units.",
                has: true,
            }],
            active: true,
            units: vec![UnitRow {
                key: s("b2share"),
                name: s("B2SHARE operations"),
                href: s("/units/b2share"),
                part: "Responsible",
                since: dial().ago(NOW - 9 * DAY),
            }],
            asked: asked(),
            sessions: 2,
            tokens: pairs(&[("nightly report", "read")]),
            undelivered: vec![crate::ui::workspace::UndeliveredRow {
                address: s("gone@people.example"),
                at: dial().moment(NOW),
                state: Chip::new(Tone::Bad, "Failed"),
                about: vec![s("no such user <5.1.1>")],
            }],
            audit: s("/admin/audit?subject=1"),
            typed: String::new(),
            errors: Errors::one("reason", "Say why; they are told by mail."),
        }
    }
}

impl AuditPage {
    pub(crate) fn sample() -> AuditPage {
        AuditPage {
            frame: Frame::staff_sample(Here::Admin),
            sound: true,
            chain: s("The newest of 412 rows hold together."),
            whole: false,
            head: s("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
            who: String::new(),
            action: Choice::list(
                [("", "Everything"), ("unit.", "Units and members")],
                "unit.",
            ),
            subject: s("b2share"),
            from: s("2026-11-01"),
            until: String::new(),
            words: String::new(),
            rows: vec![DeedRow {
                id: 412,
                time: dial().moment(NOW - HOUR),
                who: s("Ilona Novák"),
                who_href: s("/admin/people/1"),
                channel: s("web"),
                action: s("unit.member_added"),
                subject: s("unit B2SHARE operations"),
                subject_href: s("/admin/audit?subject=2"),
                detail: pairs(&[("name", "Lukas Meier"), ("part", "member → responsible")]),
                taken_out: false,
            }],
            csv: s("/admin/audit/csv?action=unit."),
            pages: Pages::default(),
            errors: Errors::one(
                "subject",
                "There is no such person, unit, service or ticket.",
            ),
        }
    }
}
