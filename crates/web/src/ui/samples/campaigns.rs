//! Requests to many sites.

use switchboard_core::Status;

use super::{DAY, NOW, dial, s};
use crate::ui::campaigns::{
    AskForm, BoardRow, CampaignPage, CampaignRow, CampaignsPage, SiteChoice,
};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::view::{Chip, Choice, StatusMark, Tone};

fn choices() -> Vec<SiteChoice> {
    [("FZJ", "Jülich <b>"), ("IFCA-LCG2", "IFCA Santander")]
        .map(|(key, name)| SiteChoice {
            key: s(key),
            name: s(name),
            to: s("grid@site.example"),
            chosen: key == "FZJ",
        })
        .into()
}

impl CampaignsPage {
    pub(crate) fn sample() -> CampaignsPage {
        CampaignsPage {
            frame: Frame::staff_sample(Here::Workspace),
            rows: vec![CampaignRow {
                number: 48_100,
                subject: s("Storage endpoints without TLS 1.1 <b>"),
                status: StatusMark::of(Status::OnHold),
                unit: s("First level"),
                counts: vec![(s("Silent"), 2), (s("Solved"), 1)],
                due: Some(dial().date_time(NOW - DAY)),
                late: true,
            }],
            form: Some(AskForm {
                units: Choice::list([("storage", "Storage")], "storage"),
                remind: s("5, 10"),
                sites: choices(),
                ..AskForm::default()
            }),
            variables: vec![s("{{ site }}")],
            errors: Errors::default(),
        }
    }

    pub(crate) fn empty_sample() -> CampaignsPage {
        CampaignsPage {
            rows: Vec::new(),
            form: None,
            ..CampaignsPage::sample()
        }
    }

    pub(crate) fn wrong_sample() -> CampaignsPage {
        CampaignsPage {
            form: Some(AskForm {
                ticket: s("48100"),
                subject: s("TLS at {{ side }}"),
                sites: choices(),
                ..AskForm::default()
            }),
            errors: Errors::one("subject", "There is no variable \"side\"."),
            ..CampaignsPage::sample()
        }
    }
}

impl CampaignPage {
    pub(crate) fn sample() -> CampaignPage {
        let row = |key: &str, seen: bool| BoardRow {
            key: s(key),
            name: s("Jülich <b>"),
            number: 48_101,
            href: seen.then(|| s("/work/48101")),
            standing: Chip::new(Tone::Warn, "Silent"),
            status: seen.then(|| StatusMark::of(Status::Assigned)),
            unit: s("Storage"),
            since: Some(dial().ago(NOW - 6 * DAY)),
            reminded: s("reminded once"),
            left: !seen,
        };
        CampaignPage {
            frame: Frame::staff_sample(Here::Workspace),
            number: 48_100,
            subject: s("Storage endpoints without TLS 1.1"),
            status: StatusMark::of(Status::InProgress),
            unit: s("First level"),
            made: dial().date_time(NOW - 6 * DAY),
            due: Some(dial().date_time(NOW - DAY)),
            late: true,
            counts: vec![(s("Silent"), 1)],
            rows: vec![row("FZJ", true), row("IFCA-LCG2", false)],
            site_subject: s("TLS at {{ site }}"),
            body: s("Dear {{ site }} <script>"),
            version: 1,
            may_change: true,
            may_end: true,
            end: s("All sites have been heard."),
            remind: s("5, 10"),
            due_value: s("2026-12-24"),
            more: choices(),
            errors: Errors::default(),
        }
    }

    pub(crate) fn read_only_sample() -> CampaignPage {
        CampaignPage {
            may_change: false,
            may_end: false,
            due: None,
            ..CampaignPage::sample()
        }
    }
}
