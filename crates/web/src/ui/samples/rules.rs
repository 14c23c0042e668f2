//! Samples of the pages that look after rules.

use crate::ui::admin::rules::{
    PreviewView, RuleFields, RulePage, RuleRow, RulesPage, RunRow, TouchedRow,
};
use crate::ui::deeds::DeedFields;
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::time::Dial;
use crate::ui::view::{Chip, Choice, Lamp, Tone};

use super::s;

const NOW: i64 = 1_795_689_720_000;

fn run(chip: Chip, words: &str, because: &str) -> RunRow {
    RunRow {
        at: Dial::utc(NOW).ago(NOW - 60_000),
        rule: 2,
        ticket: 1_234,
        chip,
        words: s(words),
        because: s(because),
    }
}

fn runs() -> Vec<RunRow> {
    vec![
        run(
            Chip::with_icon(Tone::Ok, "check", "Acted"),
            "Set the tags quota, gave it to Storage.",
            "Somebody opened it.",
        ),
        run(
            Chip::with_icon(Tone::Bad, "warn", "Refused"),
            "Nothing",
            "Its time has come: must be a member of Storage (after rule 1).",
        ),
    ]
}

impl RulesPage {
    pub(crate) fn sample() -> RulesPage {
        let dial = Dial::utc(NOW);
        let row = |number, title: &str, lamp: Lamp| RuleRow {
            number,
            title: s(title),
            about: s("A ticket is opened; quota: tag quota, to Storage"),
            lamp,
            acted: 12,
            failed: 1,
            last: Some(dial.ago(NOW - 60_000)),
            why: None,
            first: number == 1,
            lowest: number == 2,
        };
        RulesPage {
            frame: Frame::staff_sample(Here::Admin),
            rows: vec![
                row(
                    1,
                    "Quota goes to Storage",
                    Lamp {
                        state: "",
                        words: s("Acts"),
                    },
                ),
                RuleRow {
                    why: Some(s(
                        "it has acted 10 times on ticket 1234 within a day, as often as it may",
                    )),
                    last: None,
                    ..row(
                        2,
                        "Each time",
                        Lamp {
                            state: "down",
                            words: s("Paused by the desk"),
                        },
                    )
                },
            ],
            runs: runs(),
        }
    }

    pub(crate) fn empty_sample() -> RulesPage {
        RulesPage {
            rows: Vec::new(),
            runs: Vec::new(),
            ..RulesPage::sample()
        }
    }
}

impl RulePage {
    pub(crate) fn sample() -> RulePage {
        let chosen = |value: &str, label: &str| Choice {
            chosen: true,
            ..Choice::new(value, label)
        };
        let touched = |refused: bool, would: &str| TouchedRow {
            number: 1_234,
            subject: s("No quota left"),
            status: "Assigned",
            unit: s("Storage"),
            at: if refused {
                s("on 2 December")
            } else {
                String::new()
            },
            would: s(would),
            refused,
        };
        RulePage {
            frame: Frame::staff_sample(Here::Admin),
            title: s("Quota goes to Storage"),
            number: 2,
            lamp: Some(Lamp {
                state: "down",
                words: s("Paused by the desk"),
            }),
            why: Some(s(
                "it has acted 10 times on ticket 1234 within a day, as often as it may",
            )),
            action: s("/admin/rules/2"),
            fields: RuleFields {
                version: s("2"),
                title: s("Quota goes to Storage"),
                on: vec![
                    chosen("changed", "Something of it changes"),
                    Choice::new("silent", "Nobody has done anything with it so long"),
                ],
                fields: vec![chosen("unit", "unit"), Choice::new("status", "status")],
                count: s("5"),
                of: vec![chosen("working_days", "working days")],
                only: s("quota status:open"),
                mail_units: vec![chosen("", "Nobody")],
                deeds: DeedFields::sample(),
                catch_up: false,
                active: true,
            },
            preview: Some(PreviewView {
                words: s("2 tickets meet it as things are."),
                rows: vec![
                    touched(false, "Set the tags quota."),
                    touched(true, "Must be a member of Storage."),
                ],
            }),
            runs: runs(),
            errors: Errors::one("only", "There is no unit of this name."),
        }
    }

    pub(crate) fn new_sample() -> RulePage {
        RulePage {
            title: String::new(),
            number: 0,
            lamp: None,
            why: None,
            action: s("/admin/rules"),
            preview: None,
            runs: Vec::new(),
            errors: Errors::default(),
            ..RulePage::sample()
        }
    }
}
