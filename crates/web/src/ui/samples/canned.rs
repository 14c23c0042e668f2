//! Samples of the pages that look after what staff keep.

use crate::ui::canned::{CannedRow, CannedTextPage, CannedTextsPage, Typed};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::time::Dial;
use crate::ui::view::Choice;

use super::s;

const NOW: i64 = 1_795_689_720_000;

impl CannedTextsPage {
    pub(crate) fn sample() -> CannedTextsPage {
        let row = |title: &str, shortcut: &str, whose: &str| CannedRow {
            href: s("/canned-texts/0190f3a0-0000-7000-8000-000000000001"),
            title: s(title),
            shortcut: s(shortcut),
            whose: s(whose),
            begins: s("Dear {{ requester.name }}, your quota <b>is used up</b>…"),
            changed: Dial::utc(NOW).ago(NOW - 60_000),
        };
        CannedTextsPage {
            frame: Frame::staff_sample(Here::Workspace),
            rows: vec![
                row("Ask for the project", "project", "Yours"),
                row("Quota is used up & how to get more", "quota", "Storage"),
            ],
        }
    }

    pub(crate) fn empty_sample() -> CannedTextsPage {
        CannedTextsPage {
            rows: Vec::new(),
            ..CannedTextsPage::sample()
        }
    }
}

impl CannedTextPage {
    pub(crate) fn sample() -> CannedTextPage {
        CannedTextPage {
            frame: Frame::staff_sample(Here::Workspace),
            title: s("Quota is used up"),
            action: s("/canned-texts/0190f3a0-0000-7000-8000-000000000001"),
            keeps: true,
            version: s("2"),
            typed: Typed {
                title: s("Quota is used up"),
                shortcut: s("quota"),
                body: s("Dear {{ requester.name }},\n\nyour quota <b>is</b> {{ usd.up }}."),
            },
            scopes: vec![
                Choice::new("own", "Only for you"),
                Choice {
                    chosen: true,
                    ..Choice::new("unit:storage", "Storage")
                },
            ],
            fields: vec![s("{{ ticket.number }}"), s("{{ requester.name }}")],
            errors: Errors::one("body", "Line 3: {{ usd.up }} is none of the fields."),
        }
    }

    pub(crate) fn read_only_sample() -> CannedTextPage {
        CannedTextPage {
            keeps: false,
            errors: Errors::default(),
            ..CannedTextPage::sample()
        }
    }

    pub(crate) fn new_sample() -> CannedTextPage {
        CannedTextPage {
            title: String::new(),
            action: s("/canned-texts"),
            version: String::new(),
            typed: Typed::default(),
            errors: Errors::default(),
            ..CannedTextPage::sample()
        }
    }
}
