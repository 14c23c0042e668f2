//! Samples of the pages of partner desks.

use store::partner::Terms;

use super::{DAY, HOUR, NOW, dial, s};
use crate::ui::exchange::{DeadRow, ExchangePage};
use crate::ui::frame::{Errors, Frame, Here, Me};
use crate::ui::invitation::{
    AcceptPage, InvitationFields, InvitationRow, InvitationsPage, ReadView, WrittenView,
    terms_words,
};
use crate::ui::partner::{AwaitedRow, PartnerFields, PartnerPage};
use crate::ui::view::{Chip, Tone};

const TERMS: Terms = Terms {
    names: true,
    addresses: false,
    files: true,
    gives: true,
    takes: true,
};

fn invitation(chip: Chip, more: &str, open: bool) -> InvitationRow {
    InvitationRow {
        id: s("0190f3a0-0000-7000-8000-000000000006"),
        for_whom: s("The desk of <b>"),
        about: s("Desk B; what comes begins in First level"),
        chip,
        passes: s("tickets to them, files"),
        made: dial().ago(NOW - DAY),
        more: s(more),
        open,
    }
}

impl InvitationsPage {
    pub(crate) fn sample() -> InvitationsPage {
        InvitationsPage {
            frame: Frame::staff_sample(Here::Exchange),
            rows: vec![
                invitation(
                    Chip::with_icon(Tone::Warn, "clock", "Waits for them"),
                    "It counts until Monday.",
                    true,
                ),
                invitation(
                    Chip::with_icon(Tone::Bad, "x", "Declined"),
                    "By b.example: not <b> now",
                    false,
                ),
                invitation(Chip::new(Tone::Plain, "Withdrawn"), "", false),
            ],
            fields: InvitationFields {
                for_whom: s("The desk of <b>"),
                address: s("https://b.example"),
                terms: TERMS,
                units: s("Desk B"),
                covered: s("B2SAFE <b>"),
                intake: s("Storage <b>"),
            },
            written: None,
            errors: Errors::one("units", "There is no unit \u{201c}Desk B\u{201d}."),
        }
    }

    pub(crate) fn written_sample() -> InvitationsPage {
        InvitationsPage {
            written: Some(WrittenView {
                text: s("switchboard-invitation-1.abc<b>"),
                link: s("https://b.example/exchange/accept#switchboard-invitation-1.abc"),
                until: s("Monday 10:00"),
            }),
            errors: Errors::default(),
            rows: Vec::new(),
            ..InvitationsPage::sample()
        }
    }
}

impl AcceptPage {
    pub(crate) fn sample() -> AcceptPage {
        AcceptPage {
            frame: Frame::staff_sample(Here::Exchange),
            invitation: s("hello <b>"),
            read: None,
            units: String::new(),
            covered: String::new(),
            intake: String::new(),
            reason: String::new(),
            errors: Errors::one("invitation", "Is no invitation."),
        }
    }

    pub(crate) fn read_sample() -> AcceptPage {
        AcceptPage {
            read: Some(ReadView {
                title: s("Desk <b>"),
                desk: s("b.example"),
                base_url: s("https://b.example"),
                key: s("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="),
                terms: terms_words(&TERMS),
                services: vec![s("B2SAFE <b>")],
                until: s("Monday 10:00"),
            }),
            units: s("Desk B"),
            errors: Errors::one("units", "There is no unit \u{201c}Desk B\u{201d}."),
            ..AcceptPage::sample()
        }
    }
}

impl PartnerPage {
    pub(crate) fn sample() -> PartnerPage {
        let row = ExchangePage::sample().desks.remove(0);
        PartnerPage {
            frame: Frame::staff_sample(Here::Exchange),
            row,
            action: s("/exchange/partners/0190f3a0-0000-7000-8000-000000000005"),
            facts: vec![("Name in changes", s("b.example")), ("Key", s("BwcHBwc="))],
            terms: terms_words(&TERMS),
            services: vec![s("B2SAFE <b>")],
            awaited: vec![AwaitedRow {
                number: 48_213,
                subject: s("Checksum <b>"),
                from: s("Desk <b>"),
                what: s("Its status or solution: it is responsible"),
                since: dial().ago(NOW - HOUR),
            }],
            dead: vec![DeadRow {
                id: s("0190f3a0-0000-7000-8000-000000000007"),
                number: 0,
                foreign: true,
                way: s("From Desk <b>"),
                what: s("An entry (b.example/7)"),
                why: s("it can not be read <b>"),
                since: dial().ago(NOW - DAY),
            }],
            fields: PartnerFields {
                units: s("Desk B\nDesk <b>"),
                covered: s("B2SAFE\nB2DROP <b>"),
                intake: s("First level"),
                base_url: s("https://b.example"),
            },
            curve: super::exchange::curve(),
            errors: Errors::one("base_url", "Has to begin with https."),
            wrong: String::new(),
        }
    }

    /// As first level sees one that has ended.
    pub(crate) fn ended_sample() -> PartnerPage {
        let mut page = PartnerPage::sample();
        page.frame.me = page.frame.me.map(|me| Me { admin: false, ..me });
        page.row.ended = true;
        page.row.error = None;
        page.awaited.clear();
        page.dead.clear();
        page.fields.units.clear();
        page.fields.covered.clear();
        page.services.clear();
        page.errors = Errors::default();
        page
    }

    /// While it is paused, after something was to be given up without a reason.
    pub(crate) fn paused_sample() -> PartnerPage {
        let mut page = PartnerPage::sample();
        page.row.paused = true;
        page.wrong = page.dead.first().map(|d| d.id.clone()).unwrap_or_default();
        page.errors = Errors::one("reason", "Say why it need not go there.");
        page
    }
}
