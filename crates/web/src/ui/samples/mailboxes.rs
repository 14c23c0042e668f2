//! Samples of the pages that look after mailboxes.

use crate::ui::admin::mailboxes::{MailboxFields, MailboxPage, MailboxRow, MailboxesPage};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::view::{Chip, Choice, Tone};

use super::s;

impl MailboxesPage {
    pub(crate) fn sample() -> MailboxesPage {
        MailboxesPage {
            frame: Frame::staff_sample(Here::Admin),
            rows: vec![
                MailboxRow {
                    href: s("/admin/mailboxes/0190"),
                    address: s("helpdesk@example.org"),
                    way: s("IMAP, imap.example.org"),
                    leads: s("First level"),
                    last: s("21 Sep 2026, 14:10"),
                    chip: Chip::with_icon(Tone::Ok, "check", "Connected"),
                    error: None,
                },
                MailboxRow {
                    href: s("/admin/mailboxes/0191"),
                    address: s("storage@example.org"),
                    way: s("IMAP, imap.example.org"),
                    leads: s("Storage"),
                    last: s("None yet"),
                    chip: Chip::with_icon(Tone::Bad, "warn", "Not connected"),
                    error: Some(s(
                        "the server does not let storage in: Authentication failed.",
                    )),
                },
            ],
        }
    }

    pub(crate) fn empty_sample() -> MailboxesPage {
        MailboxesPage {
            rows: Vec::new(),
            ..MailboxesPage::sample()
        }
    }
}

impl MailboxPage {
    pub(crate) fn sample() -> MailboxPage {
        MailboxPage {
            frame: Frame::staff_sample(Here::Admin),
            title: s("helpdesk@example.org"),
            imap: true,
            action: s("/admin/mailboxes/0190"),
            fields: MailboxFields {
                version: s("2"),
                address: s("helpdesk@example.org"),
                host: s("imap.example.org"),
                port: s("993"),
                security: Choice::list([("tls", "TLS (usual)"), ("none", "None")], "tls"),
                user: s("helpdesk"),
                auth: Choice::list([("password", "Password")], "password"),
                folder: s("INBOX"),
                units: Choice::list([("", "First level"), ("Storage", "Storage")], ""),
                services: Choice::list([("", "None")], ""),
                portals: Choice::list([("", "None"), ("belle", "Belle help")], "belle"),
                active: true,
                ..MailboxFields::default()
            },
            has_secret: true,
            facts: vec![
                ("Last mail", s("21 Sep 2026, 14:10")),
                ("Mails so far", s("412")),
            ],
            findings: vec![
                (
                    true,
                    s("imap.example.org answers over TLS and lets helpdesk in."),
                ),
                (
                    false,
                    s("the server refused opening the folder \"Done\": no such mailbox"),
                ),
            ],
            errors: Errors::one(
                "host",
                "Write the name of the server alone: imap.example.org.",
            ),
        }
    }

    pub(crate) fn local_sample() -> MailboxPage {
        MailboxPage {
            title: String::new(),
            imap: false,
            action: s("/admin/mailboxes"),
            facts: Vec::new(),
            findings: Vec::new(),
            has_secret: false,
            errors: Errors::default(),
            ..MailboxPage::sample()
        }
    }
}
