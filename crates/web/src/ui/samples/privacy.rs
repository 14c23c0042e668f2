//! Samples of the pages about people's data.

use crate::ui::admin::privacy::{ErasureRow, Found, HoldRow, PrivacyAdminPage, RuleRow};
use crate::ui::admin::reads::{ReadRow, ReadsPage};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::privacy::{ArchiveRow, ConfirmPage, PrivacyPage};
use crate::ui::time::Dial;
use crate::ui::view::TimeMark;
use switchboard_core::TicketNumber;

const NOW: i64 = 1_790_000_000_000;

fn moment() -> TimeMark {
    Dial::utc(NOW).moment(NOW - 86_400_000)
}

fn archives() -> Vec<ArchiveRow> {
    vec![
        ArchiveRow {
            asked: moment(),
            state: "4 MB, until 28 September".to_owned(),
            href: Some("/account/privacy/exports/1".to_owned()),
        },
        ArchiveRow {
            asked: moment(),
            state: "is over".to_owned(),
            href: None,
        },
    ]
}

impl PrivacyPage {
    pub(crate) fn sample() -> PrivacyPage {
        PrivacyPage {
            frame: Frame::sample(),
            archives: archives(),
            erasure: None,
        }
    }

    pub(crate) fn waiting_sample() -> PrivacyPage {
        PrivacyPage {
            erasure: Some((
                "1".to_owned(),
                "Confirmed. It begins on 28 September; until then you can take it back.".to_owned(),
                true,
            )),
            ..PrivacyPage::sample()
        }
    }
}

impl ConfirmPage {
    pub(crate) fn sample() -> ConfirmPage {
        ConfirmPage {
            frame: Frame::stranger_sample(),
            word: "word".to_owned(),
            due: None,
        }
    }
}

impl PrivacyAdminPage {
    pub(crate) fn sample() -> PrivacyAdminPage {
        PrivacyAdminPage {
            frame: Frame::staff_sample(Here::Admin),
            who: "marta.kowalska@ug.example".to_owned(),
            found: Some(Found {
                id: "1".to_owned(),
                name: "Marta Kowalska".to_owned(),
                facts: vec![("Tickets".to_owned(), "12".to_owned())],
                stands_against: None,
                under_way: Some((
                    "2".to_owned(),
                    "They asked for it; the mailed link is not confirmed yet.".to_owned(),
                    true,
                )),
                archives: archives(),
            }),
            holds: vec![HoldRow {
                id: "3".to_owned(),
                on: "Ticket 4712".to_owned(),
                reason: "Request of the court".to_owned(),
                since: moment(),
            }],
            erasures: vec![ErasureRow {
                asked: moment(),
                by: "their own wish".to_owned(),
                state: "done".to_owned(),
                tickets: 12,
            }],
            rules: vec![
                RuleRow {
                    category: "incident".to_owned(),
                    name: "Incident".to_owned(),
                    originals: "12".to_owned(),
                    ..RuleRow::default()
                },
                RuleRow {
                    category: "*".to_owned(),
                    name: "All others".to_owned(),
                    ..RuleRow::default()
                },
            ],
            reads: "24".to_owned(),
            deeds: String::new(),
            preview: Some(vec![("Mails as they came".to_owned(), "120".to_owned())]),
            errors: Errors::default(),
        }
    }
}

impl ReadsPage {
    pub(crate) fn sample() -> ReadsPage {
        ReadsPage {
            frame: Frame::staff_sample(Here::Admin),
            ticket: "4712".to_owned(),
            who: String::new(),
            rows: vec![ReadRow {
                at: moment(),
                who: "Ilona Novák".to_owned(),
                ticket: TicketNumber(4712),
                door: "a page",
            }],
            older: Some("/admin/reads?before=1".to_owned()),
            errors: Errors::default(),
        }
    }
}
