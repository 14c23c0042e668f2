//! Samples of the pages that look after webhooks.

use crate::ui::admin::webhooks::{CallRow, WebhookFields, WebhookPage, WebhookRow, WebhooksPage};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::time::Dial;
use crate::ui::view::{Chip, Choice, Lamp, Tone};

use super::s;

const NOW: i64 = 1_795_689_720_000;

impl WebhooksPage {
    pub(crate) fn sample() -> WebhooksPage {
        let dial = Dial::utc(NOW);
        WebhooksPage {
            frame: Frame::staff_sample(Here::Admin),
            rows: vec![
                WebhookRow {
                    href: s("/admin/webhooks/0190"),
                    title: s("Chat of the storage team"),
                    host: s("chat.example.org"),
                    about: s("opened and 2 more; in Storage; priority>=high"),
                    lamp: Lamp {
                        state: "",
                        words: s("In step"),
                    },
                    sent: Some(dial.ago(NOW - 60_000)),
                    waiting: 0,
                    lag: String::new(),
                    dead: 0,
                    error: None,
                },
                WebhookRow {
                    href: s("/admin/webhooks/0191"),
                    title: s("Dashboard"),
                    host: s("dash.example.org"),
                    about: s("everything"),
                    lamp: Lamp {
                        state: "down",
                        words: s("Takes nothing"),
                    },
                    sent: None,
                    waiting: 41,
                    lag: s("3 h"),
                    dead: 2,
                    error: Some(s("it answers 503")),
                },
            ],
        }
    }

    pub(crate) fn empty_sample() -> WebhooksPage {
        WebhooksPage {
            rows: Vec::new(),
            ..WebhooksPage::sample()
        }
    }
}

impl WebhookPage {
    pub(crate) fn sample() -> WebhookPage {
        let dial = Dial::utc(NOW);
        let row = |chip: Chip, error: &str| CallRow {
            id: s("0192"),
            event: 4_711,
            ticket: 1_234,
            kind: s("status set"),
            chip,
            tries: 14,
            tried: Some(dial.ago(NOW - 60_000)),
            error: s(error),
        };
        WebhookPage {
            frame: Frame::staff_sample(Here::Admin),
            title: s("Dashboard"),
            lamp: Some(Lamp {
                state: "down",
                words: s("Takes nothing"),
            }),
            action: s("/admin/webhooks/0191"),
            fields: WebhookFields {
                version: s("2"),
                title: s("Dashboard"),
                url: s("https://dash.example.org/hook"),
                kinds: vec![
                    Choice {
                        chosen: true,
                        ..Choice::new("opened", "opened")
                    },
                    Choice::new("status_set", "status set"),
                ],
                filter: s("priority>=high"),
                units: s("Storage"),
                services: String::new(),
                texts: false,
                reader: s("jane.doe@example.org"),
                active: true,
            },
            secret: Some(s("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
            tested: Some((false, s("It answers 503."))),
            facts: vec![
                ("Waiting calls", s("41")),
                ("Last failure", s("it answers 503")),
            ],
            place: 4_800,
            dead: vec![row(
                Chip::with_icon(Tone::Bad, "warn", "Given up"),
                "it answers 503",
            )],
            calls: vec![row(Chip::with_icon(Tone::Ok, "check", "Taken"), "")],
            errors: Errors::one("url", "Has to begin with https."),
        }
    }

    pub(crate) fn new_sample() -> WebhookPage {
        WebhookPage {
            title: String::new(),
            lamp: None,
            action: s("/admin/webhooks"),
            secret: None,
            tested: Some((true, s("It took the test after 12 ms."))),
            facts: Vec::new(),
            dead: Vec::new(),
            calls: Vec::new(),
            errors: Errors::default(),
            ..WebhookPage::sample()
        }
    }

    pub(crate) fn quiet_sample() -> WebhookPage {
        WebhookPage {
            secret: None,
            tested: None,
            dead: Vec::new(),
            calls: Vec::new(),
            errors: Errors::one("after", "Takes the number of an event."),
            ..WebhookPage::sample()
        }
    }
}
