//! Alarms.

use crate::ui::admin::alarms::{AlarmRow, AlarmSiteForm, AlarmSiteRow, AlarmerRow, AlarmsPage};
use crate::ui::alarm::AlarmPage;
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::view::{Chip, Choice, Tone};

use super::{HOUR, NOW, dial, s};

impl AlarmPage {
    pub(crate) fn sample() -> AlarmPage {
        AlarmPage {
            frame: Frame::staff_sample(Here::Elsewhere),
            may: true,
            sites: Choice::list([("", "Choose a site"), ("CESNET", "CESNET <b>")], "CESNET"),
            communities: Choice::list([("belle", "Belle II")], "belle"),
            subject: s("Storage is gone & everything stops"),
            description: s("Since 10:02 no file can be read."),
            services: Choice::list(
                [("", "None of them, or not known"), ("dcache", "dCache")],
                "",
            ),
            errors: Errors::one("subject", "Say in one line what it is about."),
        }
    }

    pub(crate) fn refused_sample() -> AlarmPage {
        AlarmPage {
            may: false,
            sites: Vec::new(),
            communities: Vec::new(),
            errors: Errors::default(),
            ..AlarmPage::sample()
        }
    }
}

impl AlarmsPage {
    pub(crate) fn sample() -> AlarmsPage {
        AlarmsPage {
            frame: Frame::staff_sample(Here::Admin),
            unsigned: String::new(),
            until: Some(dial().date_time(NOW + 400 * HOUR)),
            ends_soon: true,
            sites: vec![
                AlarmSiteRow {
                    key: s("CESNET"),
                    name: s("CESNET <b>"),
                    href: s("/admin/alarms?site=CESNET#form"),
                    address: s("alarm@cesnet.example"),
                    answer: s("within 15 minutes"),
                    tested: Some(Chip::with_icon(Tone::Ok, "check", "Confirmed")),
                    tested_at: Some(dial().ago(NOW - 50 * HOUR)),
                    next: Some(dial().moment(NOW + 900 * HOUR)),
                },
                AlarmSiteRow {
                    key: s("DESY"),
                    name: s("DESY"),
                    href: s("/admin/alarms?site=DESY#form"),
                    address: String::new(),
                    answer: s("within a minute"),
                    tested: None,
                    tested_at: None,
                    next: None,
                },
            ],
            alarmers: vec![AlarmerRow {
                name: s("Ann <i>"),
                email: s("ann@belle.example"),
                community: s("belle"),
                of: s("belle"),
                by: s("Ada"),
                at: dial().ago(NOW - 90 * HOUR),
            }],
            alarms: vec![AlarmRow {
                number: 48_213,
                at: dial().moment(NOW - HOUR),
                chip: Chip::with_icon(Tone::Bad, "warn", "Not confirmed"),
                words: s(
                    "CESNET was called twice, last 10:02, and has not confirmed. First level \
                    and monitors know.",
                ),
            }],
            form: AlarmSiteForm {
                known: true,
                version: 3,
                site: s("CESNET"),
                sites: Vec::new(),
                address: s("alarm"),
                answer: s("15"),
                test_answer: s("1440"),
                test_days: s("90"),
            },
            person: s("bob@example.org"),
            communities: Choice::list([("", "All communities"), ("belle", "Belle II")], ""),
            errors: Errors::one("address", "Takes the mail address that wakes somebody."),
        }
    }

    pub(crate) fn empty_sample() -> AlarmsPage {
        AlarmsPage {
            unsigned: s("Alarms are signed, and there is no key for it."),
            until: None,
            sites: Vec::new(),
            alarmers: Vec::new(),
            alarms: Vec::new(),
            form: AlarmSiteForm {
                sites: Choice::list([("", "Choose a site"), ("CESNET", "CESNET")], ""),
                ..AlarmSiteForm::default()
            },
            errors: Errors::default(),
            ..AlarmsPage::sample()
        }
    }
}
