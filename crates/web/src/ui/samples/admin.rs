//! Samples of the pages for administrators.

use crate::ui::admin::import::{ImportPage, PlanRow, PlanView};
use crate::ui::admin::service::{FieldRow, ServiceAdminPage};
use crate::ui::admin::services::{ServiceRow, ServicesAdminPage};
use crate::ui::admin::sites::{SiteForm, SiteRow, SitesPage};
use crate::ui::admin::targets::{CellForm, ClockForm, QualityForm, TargetsForm, TargetsPage};
use crate::ui::admin::timers::{TimersForm, TimersPage};
use crate::ui::admin::triage::{RuleRow, RulesPage, Trial};
use crate::ui::admin::unit::UnitAdminPage;
use crate::ui::admin::units::{TreeRow, UnitsAdminPage};
use crate::ui::admin::values::{CategoryRow, ValueRow, ValuesPage};
use crate::ui::admin::{AdminPage, groups};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::status::{LampRow, NoticeView, ServiceStatusPage, StatusPage};
use crate::ui::text::prose;
use crate::ui::unit_edit::UnitEditPage;
use crate::ui::unit_form::{HintRow, UnitForm};
use crate::ui::view::{Chip, Choice, Pages, PrioMark, Tone};
use switchboard_core::Priority;

use super::{HOUR, NOW, dial, lamp, s};

impl AdminPage {
    pub(crate) fn sample() -> AdminPage {
        AdminPage {
            frame: Frame::staff_sample(Here::Admin),
            groups: groups(),
        }
    }
}

fn form(all: bool) -> UnitForm {
    UnitForm {
        action: s(if all {
            "/admin/units/storage"
        } else {
            "/units/storage/edit"
        }),
        version: 3,
        all,
        name: s("Storage <b>"),
        key: s("storage"),
        levels: Choice::list([("1", "1"), ("2", "2"), ("3", "3")], "2"),
        parent: s("Data"),
        unit_names: vec![s("Data"), s("First level")],
        category: s("Data services"),
        description: s("Disks and tapes."),
        email: s("storage@units.example"),
        first_level: false,
        security: false,
        qualities: Choice::list([("base", "Base"), ("medium", "Medium")], "medium"),
        time_zone: s("Europe/Prague"),
        hours: s("Mon-Thu 08:00-16:00, Fri 08:00-12:00"),
        holidays: s("2026-12-24 Christmas Eve"),
        support_hours: s("On call at weekends."),
        escalation: s("Karel Beneš"),
        faq: vec![(s("What is ours?"), s("Disks.")), (s(""), s(""))],
        hints: vec![HintRow {
            words: s("disk, tape"),
            weights: Choice::list([("3", "strong"), ("1", "weak")], "3"),
        }],
        errors: Errors::one("hours", "\"always\" are no hours; write 09:00-17:00."),
    }
}

impl UnitEditPage {
    pub(crate) fn sample() -> UnitEditPage {
        UnitEditPage {
            frame: Frame::staff_sample(Here::Units),
            name: s("Storage"),
            href: s("/units/storage"),
            form: form(false),
        }
    }
}

impl UnitAdminPage {
    pub(crate) fn sample() -> UnitAdminPage {
        UnitAdminPage {
            frame: Frame::staff_sample(Here::Admin),
            name: s("Storage"),
            href: s("/units/storage"),
            form: form(true),
            active: true,
            heir: None,
            load: s("31 open tickets and 2 services"),
            successor: s("Storge"),
            end_errors: Errors::one("successor", "There is no unit \"Storge\"."),
        }
    }

    pub(crate) fn retired_sample() -> UnitAdminPage {
        UnitAdminPage {
            active: false,
            heir: Some((s("Data"), s("/admin/units/data"))),
            end_errors: Errors::default(),
            ..UnitAdminPage::sample()
        }
    }
}

impl UnitsAdminPage {
    pub(crate) fn sample() -> UnitsAdminPage {
        let row = |name: &str, depth, level, chips| TreeRow {
            href: format!("/admin/units/{}", name.to_lowercase()),
            name: s(name),
            depth,
            level,
            category: s("Data services"),
            chips,
        };
        UnitsAdminPage {
            frame: Frame::staff_sample(Here::Admin),
            words: s("25 units, 1 of them retired."),
            query: String::new(),
            rows: vec![
                row("First", 0, 1, vec![Chip::new(Tone::Info, "First level")]),
                row("Storage", 1, 2, Vec::new()),
                row("Tapes", 2, 3, vec![Chip::new(Tone::Plain, "Retired")]),
            ],
            pages: Pages {
                words: s("1 to 100 of 318"),
                newer: None,
                older: Some(s("/admin/units?q=&from=100")),
            },
            name: String::new(),
            levels: Choice::list([("1", "1"), ("2", "2"), ("3", "3")], "2"),
            parent: String::new(),
            unit_names: vec![s("Data")],
            errors: Errors::one("parent", "There is no unit \"Dada\"."),
        }
    }
}

impl ServicesAdminPage {
    pub(crate) fn sample() -> ServicesAdminPage {
        let row = |name: &str| ServiceRow {
            href: format!("/admin/services/{}", name.to_lowercase()),
            name: s(name),
            unit: s("Storage"),
            area: s("Data"),
            lamp: lamp("degraded", "Degraded"),
            chips: vec![Chip::new(Tone::Plain, "Retired")],
        };
        ServicesAdminPage {
            frame: Frame::staff_sample(Here::Admin),
            words: s("27 services, 1 of them retired."),
            query: String::new(),
            rows: vec![row("B2SHARE"), row("Notebooks"), row("Compute")],
            movable: true,
            name: String::new(),
            unit: String::new(),
            unit_names: vec![s("Storage")],
            errors: Errors::default(),
        }
    }
}

impl ServiceAdminPage {
    pub(crate) fn sample() -> ServiceAdminPage {
        let field = |label: &str, kind: &str, support: bool| FieldRow {
            key: s(label).to_lowercase(),
            label: s(label),
            kinds: Choice::list([("text", "Text"), ("choice", "One of a list")], kind),
            required: !support,
            support,
            help: s("It stands in the address."),
            options: s("read\nwrite"),
            min: s("1"),
            max: s("64"),
        };
        ServiceAdminPage {
            frame: Frame::staff_sample(Here::Admin),
            action: s("/admin/services/b2share"),
            status_href: s("/services/b2share/status"),
            version: 4,
            title: s("B2SHARE"),
            active: true,
            name: s("B2SHARE"),
            key: s("b2share"),
            provider: s("EUDAT"),
            area: s("Data"),
            areas: vec![s("Data"), s("Compute")],
            description: s("Publish research data with a DOI."),
            unit: s("Storage"),
            unit_names: vec![s("Storage")],
            options: Choice::list(
                [("direct", "Direct usage"), ("redirection", "List")],
                "direct",
            ),
            list: String::new(),
            aliases: s("b2, share"),
            contact: s("Ilona Novák"),
            known_errors: s("https://b2share.example/known"),
            changes: String::new(),
            fields: vec![
                field("Record", "text", false),
                field("Rack", "choice", true),
                FieldRow {
                    label: String::new(),
                    ..field("", "text", false)
                },
            ],
            errors: Errors::one("form", "Field 1 (Record): the key record is used twice."),
        }
    }
}

fn notice(title: &str, chip: Chip) -> NoticeView {
    NoticeView {
        id: s("0190f3a0-0000-7000-8000-000000000000"),
        chip,
        title: s(title),
        body: prose("Logins loop.\n\n61 people told us."),
        at: dial().ago(NOW - 2 * HOUR),
        words: s("Since 09:10. Check-in, B2SHARE"),
    }
}

impl StatusPage {
    pub(crate) fn sample() -> StatusPage {
        let row = |name: &str, state, words: &str| LampRow {
            name: s(name),
            lamp: lamp(state, words),
            edit: Some(format!("/services/{}/status", name.to_lowercase())),
        };
        StatusPage {
            frame: Frame::sample(),
            words: s("27 services, 25 running normally"),
            now: vec![notice(
                "Check-in: sign-in loops <b>",
                Chip::with_icon(Tone::Warn, "warn", "Incident"),
            )],
            ahead: vec![notice(
                "Storage: downtime on Saturday",
                Chip::with_icon(Tone::Info, "cal", "Planned downtime"),
            )],
            areas: vec![
                (s("Data"), vec![row("B2SHARE", "", "Running")]),
                (
                    s("Access"),
                    vec![row("Check-in", "down", "Down since 10:05")],
                ),
            ],
            past: vec![notice(
                "New endpoint",
                Chip::with_icon(Tone::Plain, "info", "News"),
            )],
        }
    }
}

impl ServiceStatusPage {
    pub(crate) fn sample() -> ServiceStatusPage {
        ServiceStatusPage {
            frame: Frame::staff_sample(Here::Services),
            name: s("B2SHARE"),
            action: s("/services/b2share/status"),
            version: 2,
            lamp: lamp("degraded", "Degraded since 09:10"),
            lamps: Choice::list([("running", "Running"), ("down", "Down")], "down"),
            lamp_text: s("Degraded since 09:10"),
            open: vec![notice(
                "Uploads stop",
                Chip::with_icon(Tone::Warn, "warn", "Incident"),
            )],
            kinds: Choice::list(
                [("incident", "Incident"), ("downtime", "Planned downtime")],
                "incident",
            ),
            title: String::new(),
            body: String::new(),
            starts_at: s("2026-11-26T10:42"),
            ends_at: String::new(),
            more: String::new(),
            zone: s("UTC"),
            errors: Errors::one("ends_at", "Say when the downtime ends."),
        }
    }
}

impl SitesPage {
    pub(crate) fn sample() -> SitesPage {
        SitesPage {
            frame: Frame::staff_sample(Here::Admin),
            words: s("41 sites; tickets can name these and no others."),
            query: String::new(),
            rows: vec![SiteRow {
                href: s("/admin/sites?site=CESNET#form"),
                name: s("CESNET Praha"),
                key: s("CESNET"),
                country: s("Czechia"),
                contact: s("noc@cesnet.example"),
                active: false,
            }],
            pages: Pages::default(),
            units: vec![s("Storage services")],
            form: SiteForm {
                known: true,
                version: 2,
                key: s("CESNET"),
                name: s("CESNET Praha"),
                aliases: s("praguelcg2"),
                contact: s("noc"),
                unit: s("Storage services"),
                country: s("Czechia"),
                active: true,
            },
            errors: Errors::one("contact", "Takes a mail address, as noc@site.example."),
        }
    }

    pub(crate) fn empty_sample() -> SitesPage {
        SitesPage {
            rows: Vec::new(),
            form: SiteForm::default(),
            errors: Errors::default(),
            ..SitesPage::sample()
        }
    }
}

impl ValuesPage {
    pub(crate) fn sample() -> ValuesPage {
        let value = |kind: &str, key: &str, name: &str| ValueRow {
            id: format!("{kind}-{key}"),
            key: s(key),
            name: s(name),
            position: 1,
            tick: true,
            active: key != "security",
            version: 1,
        };
        ValuesPage {
            frame: Frame::staff_sample(Here::Admin),
            categories: vec![
                CategoryRow {
                    value: value("category", "incident", "Incident"),
                    types: vec![
                        value("type", "access", "Access and sign-in"),
                        value("type", "security", "Security"),
                    ],
                },
                CategoryRow {
                    value: value("category", "test", "Test"),
                    types: Vec::new(),
                },
            ],
            errors: Errors::one("type-access", "It is used and can not be deleted."),
        }
    }
}

impl ImportPage {
    pub(crate) fn sample() -> ImportPage {
        ImportPage {
            frame: Frame::staff_sample(Here::Admin),
            kinds: Choice::list([("units", "Units"), ("sites", "Sites")], "units"),
            columns: vec![(s("Units"), s("key, name, level"))],
            complete: false,
            name: String::new(),
            dump: String::new(),
            plan: None,
            errors: Errors::one("file", "The file is empty."),
        }
    }

    pub(crate) fn planned_sample() -> ImportPage {
        let row = |line: &str, what: &str, chip, words: &str| PlanRow {
            line: s(line),
            what: s(what),
            chip,
            words: s(words),
        };
        ImportPage {
            complete: true,
            name: s("units.csv"),
            dump: s("a2V5LG5hbWUK"),
            plan: Some(PlanView {
                words: s("1 new, 1 changed, 3 unchanged, 9 retired or removed, 0 refused."),
                refused: false,
                needs_confirmation: true,
                nothing: false,
                rows: vec![
                    row("2", "tapes", Chip::new(Tone::Ok, "New"), ""),
                    row(
                        "3",
                        "disks",
                        Chip::new(Tone::Info, "Changed"),
                        "name, hours",
                    ),
                    row("", "old", Chip::new(Tone::Warn, "Retired or removed"), ""),
                ],
                more: 7,
            }),
            errors: Errors::default(),
            ..ImportPage::sample()
        }
    }

    pub(crate) fn refused_sample() -> ImportPage {
        let page = ImportPage::planned_sample();
        ImportPage {
            plan: page.plan.clone().map(|plan| PlanView {
                refused: true,
                ..plan
            }),
            ..page
        }
    }
}

impl TargetsPage {
    pub(crate) fn sample() -> TargetsPage {
        let clock = |prefix: &str, title| ClockForm {
            prefix: s(prefix),
            title,
            cells: ["low", "medium", "high", "top"]
                .map(|p| CellForm {
                    name: format!("{prefix}.{p}"),
                    priority: "Low",
                    value: s("5 wd <b>"),
                })
                .to_vec(),
            requester: true,
            partner: false,
        };
        let quality = |n: usize, stays| QualityForm {
            prefix: format!("q{n}"),
            key: format!("quality-{n}"),
            title: s("Medium <b>"),
            title_name: format!("q{n}.title"),
            units: s("3 units have it"),
            stays,
            gone: false,
            clocks: vec![
                clock(&format!("q{n}.response"), "Response of the unit"),
                clock(&format!("q{n}.silence"), "Longest silence"),
            ],
        };
        TargetsPage {
            frame: Frame::staff_sample(Here::Admin),
            form: TargetsForm {
                usual: Choice::list([("quality-0", "Medium <b>")], "quality-0"),
                qualities: vec![quality(0, true), quality(1, false)],
                new_key: String::new(),
                new_title: s("Royal"),
            },
            errors: Errors::one("q0.response.low", "Soon is no working time"),
        }
    }
}

impl TimersPage {
    pub(crate) fn sample() -> TimersPage {
        TimersPage {
            frame: Frame::staff_sample(Here::Admin),
            form: TimersForm {
                remind: s("5, 10"),
                unanswered: s("8"),
                close: s("10"),
            },
            errors: Errors::one(
                "unanswered",
                "Must be later than the last reminder, so that it can be answered",
            ),
        }
    }
}

impl RulesPage {
    pub(crate) fn sample() -> RulesPage {
        let rule = |key: &str, title: &str| RuleRow {
            key: s(key),
            title: s(title),
            because: s("more than 5 users affected"),
            over: s("5"),
            degrades: true,
            risks: Choice::list([("", "any"), ("trivial", "small")], "trivial"),
            categories: s("incident"),
            effects: Choice::list([("low", "at least low"), ("one_more", "one more")], "low"),
        };
        RulesPage {
            frame: Frame::staff_sample(Here::Admin),
            rules: vec![rule("users", "More than 5 users"), rule("", "")],
            categories: s("incident, test"),
            trial: Some(Trial {
                words: s("1 of the newest tickets would have another priority."),
                rows: vec![(
                    48213,
                    PrioMark::of(Priority::Low),
                    PrioMark::of(Priority::Top),
                    s("users"),
                )],
                more: 3,
            }),
            errors: Errors::one("rules", "Rule \"users\" needs a title."),
        }
    }
}
