//! Samples of the pages about who is on duty.

use askama::DynTemplate;
use switchboard_core::{Priority, Status};
use uuid::Uuid;

use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::hand_over::{HandOverPage, HandedRow};
use crate::ui::rota::{DutyLine, HandOverRow, PlanForm, RotaPage, ShiftRow, SwapForm};
use crate::ui::time::Dial;
use crate::ui::view::{Chip, Choice, PrioMark, StatusMark, TimeMark, Tone};

use super::s;

const NOW: i64 = 1_795_689_720_000;
const DAY: i64 = 86_400_000;

/// All of them as pages, by names.
pub(crate) fn rendered() -> Vec<(&'static str, String)> {
    let page = |page: &dyn DynTemplate| page.dyn_render().unwrap();
    vec![
        ("rota", page(&RotaPage::sample())),
        ("rota-none", page(&RotaPage::none_sample())),
        ("rota-read", page(&RotaPage::reader_sample())),
        ("hand-over", page(&HandOverPage::sample())),
        ("hand-over-own", page(&HandOverPage::own_sample())),
    ]
}

fn at(days: i64) -> TimeMark {
    Dial::utc(NOW).day_time(NOW + days * DAY)
}

fn people() -> Vec<Choice> {
    vec![
        Choice::new("fay@first.example", "Fay <First> & Co"),
        Choice::new("finn@first.example", "Finn"),
    ]
}

impl DutyLine {
    pub(crate) fn sample() -> DutyLine {
        DutyLine {
            unit: s("First level"),
            href: s("/units/first-level/rota"),
            name: s("Fay <First> & Co"),
            you: false,
            until: Some(at(3)),
            next: s("Finn"),
        }
    }
}

impl RotaPage {
    pub(crate) fn sample() -> RotaPage {
        let row = |name: &str, from: i64| ShiftRow {
            name: s(name),
            now: from < 0,
            from: at(from),
            until: at(from + 7),
            instead_of: String::new(),
            swap: Some((s("2026-11-26T10:42"), s("2026-11-30T09:00"))),
            stand_in: None,
        };
        let place = |chosen: usize| {
            let mut all = vec![Choice::new("", "–")];
            all.extend(people());
            for (index, one) in all.iter_mut().enumerate() {
                one.chosen = index == chosen;
            }
            all
        };
        let mut errors = Errors::default();
        errors.add("first", "It is a day, as 2026-03-30.");
        errors.add("until", "It has passed.");
        RotaPage {
            frame: Frame::staff_sample(Here::Units),
            unit: s("First level"),
            unit_href: s("/units/first-level"),
            action: s("/units/first-level/rota"),
            zone: s("Europe/Zurich"),
            line: Some(DutyLine {
                you: true,
                ..DutyLine::sample()
            }),
            note: Some(s("The tape robot is <b>being</b> repaired.")),
            shifts: vec![
                row("Fay <First> & Co", -4),
                ShiftRow {
                    instead_of: s("Fay <First> & Co"),
                    stand_in: Some(Uuid::nil()),
                    ..row("Finn", 3)
                },
                ShiftRow {
                    swap: None,
                    ..row("Finn", 10)
                },
            ],
            members: people(),
            hand_overs: Some(vec![
                HandOverRow {
                    href: s("/hand-overs/0190f3a0-0000-7000-8000-000000000001"),
                    at: at(-4),
                    from: s("Finn"),
                    to: s("Fay <First> & Co"),
                    chip: Chip::new(Tone::Ok, "Confirmed"),
                },
                HandOverRow {
                    href: s("/hand-overs/0190f3a0-0000-7000-8000-000000000002"),
                    at: at(-11),
                    from: s("Fay <First> & Co"),
                    to: s("Finn"),
                    chip: Chip::new(Tone::Bad, "Not confirmed"),
                },
            ]),
            plan: Some(PlanForm {
                version: s("3"),
                first: s("2026-11-23"),
                at: s("09:00"),
                days: vec![Choice::new("1", "A day"), Choice::new("7", "A week")],
                places: vec![place(1), place(2), place(0)],
                alone: true,
                ask_hours: s("2"),
                confirm_hours: s("4"),
            }),
            later: vec![s("From 2026-12-21: nobody is on duty.")],
            swap: Some(SwapForm {
                from: s("2026-11-26T10:42"),
                until: s("2026-11-25T10:42"),
                people: people(),
            }),
            errors,
        }
    }

    pub(crate) fn none_sample() -> RotaPage {
        RotaPage {
            line: None,
            note: None,
            shifts: Vec::new(),
            hand_overs: Some(Vec::new()),
            later: Vec::new(),
            swap: None,
            errors: Errors::default(),
            ..RotaPage::sample()
        }
    }

    pub(crate) fn reader_sample() -> RotaPage {
        RotaPage {
            line: Some(DutyLine {
                name: String::new(),
                until: None,
                ..DutyLine::sample()
            }),
            note: None,
            shifts: Vec::new(),
            members: Vec::new(),
            hand_overs: None,
            plan: None,
            later: Vec::new(),
            swap: None,
            errors: Errors::default(),
            ..RotaPage::sample()
        }
    }
}

impl HandOverPage {
    pub(crate) fn sample() -> HandOverPage {
        let row = |number: i64, subject: &str, why: &[(Tone, &'static str)]| HandedRow {
            number,
            subject: s(subject),
            marks: Some((PrioMark::of(Priority::High), StatusMark::of(Status::New))),
            owner: String::new(),
            why: why
                .iter()
                .map(|(tone, text)| Chip::new(*tone, *text))
                .collect(),
        };
        HandOverPage {
            frame: Frame::staff_sample(Here::Units),
            unit: s("First level"),
            rota_href: s("/units/first-level/rota"),
            action: s("/hand-overs/0190f3a0-0000-7000-8000-000000000001"),
            from: s("Finn"),
            to: s("Fay <First> & Co"),
            begun: at(-11),
            at: at(-4),
            chip: Chip::new(Tone::Warn, "Waits to be confirmed"),
            confirmed: None,
            missed: Some(at(-3)),
            note: s("The tape robot is <b>being</b> repaired.\nAsk Storage before noon."),
            tickets: vec![
                row(
                    48217,
                    "Login loops & the list of institutes",
                    &[(Tone::Info, "nobody’s"), (Tone::Bad, "overdue")],
                ),
                HandedRow {
                    subject: String::new(),
                    marks: None,
                    ..row(48218, "", &[(Tone::Turn, "was theirs")])
                },
            ],
            may_write: false,
            may_confirm: true,
            errors: Errors::default(),
        }
    }

    pub(crate) fn own_sample() -> HandOverPage {
        HandOverPage {
            chip: Chip::new(Tone::Ok, "Confirmed"),
            confirmed: Some(at(-3)),
            missed: None,
            tickets: Vec::new(),
            may_write: true,
            may_confirm: false,
            errors: Errors::one("note", "It takes 16 kB at most."),
            ..HandOverPage::sample()
        }
    }
}
