//! Samples of the pages about mail.

use crate::ui::admin::incoming::{IncomingPage, IncomingRow};
use crate::ui::admin::mail_texts::{LanguageTab, MailTextsPage, TextForm, TextGroup, TextRow};
use crate::ui::admin::outbox::{DeadRow, MailRow, OutboxPage};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::mail_choice::{MailChoicePage, ScopeRow};
use crate::ui::mail_stop::MailStopPage;
use crate::ui::view::{Chip, Choice, Pages, Tone};

use super::{NOW, dial, s};

impl IncomingPage {
    pub(crate) fn sample() -> IncomingPage {
        IncomingPage {
            frame: Frame::staff_sample(Here::Admin),
            states: Choice::list([("", "All"), ("quarantined", "Set aside")], ""),
            rows: vec![IncomingRow {
                id: s("0190f3a0-0000-7000-8000-00000000000b"),
                at: dial().moment(NOW),
                sender: s("Eve <eve@<b>.example>"),
                subject: s("Ten thousand <parts>"),
                state: Chip::with_icon(Tone::Warn, "warn", "Set aside"),
                about: vec![s("More than 500 parts."), s("Read from help@desk.example")],
                aside: true,
            }],
            pages: Pages {
                words: String::new(),
                newer: None,
                older: Some(s("/admin/incoming?before=1")),
            },
        }
    }

    pub(crate) fn empty_sample() -> IncomingPage {
        IncomingPage {
            rows: Vec::new(),
            pages: Pages::default(),
            ..IncomingPage::sample()
        }
    }
}

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

impl MailTextsPage {
    pub(crate) fn sample() -> MailTextsPage {
        MailTextsPage {
            frame: Frame::staff_sample(Here::Admin),
            groups: vec![TextGroup {
                label: "Tickets",
                rows: vec![TextRow {
                    href: s("/admin/mail-texts?text=answer.en"),
                    name: "What is new, to the requester",
                    own: true,
                    current: true,
                }],
            }],
            languages: vec![
                LanguageTab {
                    href: s("/admin/mail-texts?text=answer.en"),
                    key: "en",
                    name: "English",
                    current: true,
                },
                LanguageTab {
                    href: s("/admin/mail-texts?text=answer.de"),
                    key: "de",
                    name: "Deutsch",
                    current: false,
                },
            ],
            form: TextForm {
                key: s("answer.en"),
                title: s("What is new, to the requester, English"),
                subject: s("{{ subject }}"),
                body: s("{{ headline }}\n<b>{{ text }}</b>\n"),
                version: 3,
                own: true,
                fields: vec![s("{{ headline }}"), s("{{ text }}")],
                tagged: true,
                with_ticket: true,
                ticket: s("4712"),
                preview: Some((s("[#4712] Disk & tape"), s("Sam <wrote>:"))),
            },
            errors: Errors::one("body", "In line 2: {% endif %} has no {% if … %}."),
        }
    }
}

impl MailStopPage {
    pub(crate) fn sample() -> MailStopPage {
        MailStopPage {
            frame: Frame::stranger_sample(),
            action: s("/mail/stop/other.word"),
            what: s("tickets of Disk & Tape"),
            ticket: false,
            stopped: false,
        }
    }
}

impl MailChoicePage {
    pub(crate) fn sample() -> MailChoicePage {
        let ways = [
            ("mail", "Mail at once"),
            ("digest", "Gathered"),
            ("nothing", "Nothing"),
        ];
        MailChoicePage {
            frame: Frame::staff_sample(Here::Elsewhere),
            languages: Choice::list([("", "As the desk writes"), ("de", "Deutsch")], "de"),
            rhythms: Choice::list([("daily", "Every day"), ("weekly", "Once a week")], "daily"),
            weekdays: Choice::list([("0", "Monday"), ("1", "Tuesday")], "0"),
            hour: s("25"),
            time_zone: s("Europe/Prague"),
            scopes: vec![
                ScopeRow {
                    key: s("storage"),
                    name: s("Storage"),
                    hint: s("This unit hears by its mailing list storage@example.org."),
                    events: Vec::new(),
                },
                ScopeRow {
                    key: s("own"),
                    name: s("Your own tickets"),
                    hint: s("That you asked for, are Cc of or follow."),
                    events: vec![("entry", "Somebody wrote", Choice::list(ways, "digest"))],
                },
            ],
            errors: Errors::one("hour", "Takes 0 to 23."),
        }
    }
}
