//! Samples of macros: kept, looked at and done.

use askama::DynTemplate;
use desk::rule::ThenDraft;

use crate::ui::deeds::DeedFields;
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::macro_run::{MacroManyPage, MacroManyRow, MacroPlan, MacroRunPage};
use crate::ui::macros::{MacroFields, MacroPage, MacroRow, MacrosPage};
use crate::ui::text::prose;
use crate::ui::time::Dial;
use crate::ui::view::{Chip, Choice, Tone};

use super::s;

const NOW: i64 = 1_795_689_720_000;
const AT: &str = "/macros/0190f3a0-0000-7000-8000-000000000001";

/// All of them as pages, by names.
pub(crate) fn rendered() -> Vec<(&'static str, String)> {
    let page = |page: &dyn DynTemplate| page.dyn_render().unwrap();
    vec![
        ("macros", page(&MacrosPage::sample())),
        ("macros-empty", page(&MacrosPage::empty_sample())),
        ("macro", page(&MacroPage::sample())),
        ("macro-read", page(&MacroPage::read_only_sample())),
        ("macro-new", page(&MacroPage::new_sample())),
        ("macro-run", page(&MacroRunPage::sample())),
        ("macro-run-refused", page(&MacroRunPage::refused_sample())),
        ("macro-many", page(&MacroManyPage::sample())),
        ("macro-many-done", page(&MacroManyPage::done_sample())),
    ]
}

fn chosen(value: &str, label: &str) -> Choice {
    Choice {
        chosen: true,
        ..Choice::new(value, label)
    }
}

impl DeedFields {
    pub(crate) fn sample() -> DeedFields {
        DeedFields {
            categories: vec![chosen("", "Stays")],
            issue_types: vec![chosen("", "Stays")],
            priorities: vec![chosen("", "Stays"), Choice::new("high", "high")],
            units: vec![chosen("", "Stays"), Choice::new("Storage", "Storage")],
            statuses: vec![
                Choice::new("", "Stays"),
                chosen("waiting", "Waiting for reply"),
            ],
            then: ThenDraft {
                owner: s("sam@example.org"),
                note: s("Asked for <the> project."),
                answer: s("Hello {{ requester.name }}, we look at it."),
                ..ThenDraft::default()
            },
            tag: s("quota, big"),
            untag: String::new(),
            hold_days: String::new(),
        }
    }
}

impl MacrosPage {
    pub(crate) fn sample() -> MacrosPage {
        let row = |title: &str, whose: &str| MacroRow {
            href: s(AT),
            title: s(title),
            does: s("Take it, tag quota, an answer, waiting for reply."),
            whose: s(whose),
            changed: Dial::utc(NOW).ago(NOW - 60_000),
        };
        MacrosPage {
            frame: Frame::staff_sample(Here::Workspace),
            rows: vec![
                row("Ask for the project & wait", "Yours"),
                row("Quota <raised>", "Storage"),
            ],
        }
    }

    pub(crate) fn empty_sample() -> MacrosPage {
        MacrosPage {
            rows: Vec::new(),
            ..MacrosPage::sample()
        }
    }
}

impl MacroPage {
    pub(crate) fn sample() -> MacroPage {
        MacroPage {
            frame: Frame::staff_sample(Here::Workspace),
            title: s("Ask for the project & wait"),
            action: s(AT),
            keeps: true,
            does: vec![s("take it"), s("tag quota"), s("an answer")],
            fields: MacroFields {
                version: s("2"),
                title: s("Ask for the project & wait"),
                scopes: vec![
                    chosen("own", "Only for you"),
                    Choice::new("unit:storage", "Storage"),
                ],
                reason: String::new(),
                deeds: DeedFields::sample(),
                take: true,
                canned: vec![chosen("", "None, or the one below")],
            },
            names: vec![s("{{ ticket.number }}"), s("{{ requester.name }}")],
            errors: Errors::one("status", "Solved and unsolved need an answer."),
        }
    }

    pub(crate) fn read_only_sample() -> MacroPage {
        MacroPage {
            keeps: false,
            errors: Errors::default(),
            ..MacroPage::sample()
        }
    }

    pub(crate) fn new_sample() -> MacroPage {
        MacroPage {
            title: String::new(),
            action: s("/macros"),
            errors: Errors::default(),
            ..MacroPage::sample()
        }
    }
}

impl MacroRunPage {
    pub(crate) fn sample() -> MacroRunPage {
        MacroRunPage {
            frame: Frame::staff_sample(Here::Workspace),
            number: 48_213,
            subject: s("No quota <left>"),
            title: s("Ask for the project & wait"),
            action: s("/work/48213/macros/0190f3a0-0000-7000-8000-000000000001"),
            version: 7,
            list: s("view=mine"),
            back: s("/work/48213?view=mine"),
            plan: MacroPlan {
                does: vec![
                    s("Gave it an owner."),
                    s("Answered, and set it waiting for reply."),
                ],
                answer: Some(prose("Dear Marta,\n\nwhich <project>?")),
                note: Some(prose("Asked in 48213.")),
                refused: None,
            },
        }
    }

    pub(crate) fn refused_sample() -> MacroRunPage {
        MacroRunPage {
            plan: MacroPlan {
                refused: Some(s("It is a slave of 4712, and read-only.")),
                ..MacroRunPage::sample().plan
            },
            ..MacroRunPage::sample()
        }
    }
}

impl MacroManyPage {
    pub(crate) fn sample() -> MacroManyPage {
        let row = |number: i64, goes: bool| MacroManyRow {
            number,
            subject: s("No quota <left>"),
            chip: match goes {
                true => Chip::with_icon(Tone::Ok, "check", "Goes"),
                false => Chip::with_icon(Tone::Bad, "warn", "Refused"),
            },
            words: s("Answered, and set it waiting for reply."),
            goes,
        };
        MacroManyPage {
            frame: Frame::staff_sample(Here::Workspace),
            title: s("Ask for the project & wait"),
            value: s("macro:0190f3a0-0000-7000-8000-000000000001"),
            done: false,
            sums: s("Nothing is done yet. It can be done with 1 of 2."),
            rows: vec![row(48_213, true), row(48_214, false)],
            back: s("/work?view=mine"),
        }
    }

    pub(crate) fn done_sample() -> MacroManyPage {
        MacroManyPage {
            done: true,
            sums: s("Done with 1 of 2."),
            ..MacroManyPage::sample()
        }
    }
}
