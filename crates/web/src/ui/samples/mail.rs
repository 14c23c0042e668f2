//! Samples of the pages about mail.

use crate::ui::admin::outbox::{DeadRow, MailRow, OutboxPage};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::view::{Chip, Choice, Pages, Tone};

use super::{NOW, dial, s};

impl OutboxPage {
    pub(crate) fn sample() -> OutboxPage {
        OutboxPage {
            frame: Frame::staff_sample(Here::Admin),
            words: s("The oldest mail on its way waits for 7 minutes."),
            states: Choice::list([("", "All"), ("failed", "Failed")], ""),
            address: String::new(),
            ticket: s("x"),
            rows: vec![
                MailRow {
                    id: s("0190f3a0-0000-7000-8000-000000000001"),
                    at: dial().moment(NOW),
                    address: s("ada@<b>.example"),
                    subject: s("[#4712] Disk & tape"),
                    ticket: Some(4712),
                    state: Chip::new(Tone::Warn, "Deferred"),
                    about: vec![s("450 4.7.1 greylisted <try later>"), s("Tried once")],
                    may_retry: true,
                    may_give_up: true,
                },
                MailRow {
                    id: s("0190f3a0-0000-7000-8000-000000000002"),
                    at: dial().moment(NOW),
                    address: s("list@units.example"),
                    subject: s("Your link"),
                    ticket: None,
                    state: Chip::new(Tone::Ok, "Sent"),
                    about: Vec::new(),
                    may_retry: false,
                    may_give_up: false,
                },
            ],
            pages: Pages {
                words: String::new(),
                newer: None,
                older: Some(s("/admin/outbox?before=1")),
            },
            dead: vec![DeadRow {
                address: s("gone@people.example"),
                since: dial().ago(NOW),
                why: s("it came back: failed (5.1.1)"),
            }],
            errors: Errors::one("ticket", "Give a ticket’s number."),
            wrong: s("0190f3a0-0000-7000-8000-000000000001"),
        }
    }
}
