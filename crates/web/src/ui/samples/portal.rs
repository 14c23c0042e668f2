//! Samples of the pages of portals and communities.

use crate::ui::admin::communities::{
    CommunitiesPage, CommunityForm, CommunityPage, CommunityRow, FellowRow,
};
use crate::ui::admin::portals::{
    ColourField, FigureRow, PortalForm, PortalPage as AdminPortalPage, PortalPreview, PortalRow,
    PortalsPage, PreviewSide,
};
use crate::ui::communities::{ChoiceRow, OwnCommunitiesPage};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::portal::{PortalPage, PortalServicesPage, UnitLine};
use crate::ui::portal_news::{NewsPage, NewsView};
use crate::ui::text::prose;
use crate::ui::view::{Chip, Choice, Tone};

use super::{HOUR, NOW, dial, s, services};

fn news() -> Vec<NewsView> {
    let one = |id: &str, chip, title: &str, hours, own| NewsView {
        anchor: format!("n-{id}"),
        id: s(id),
        chip,
        title: s(title),
        body: prose("Running kernels end; files stay.\n\nTell us what is missing."),
        when: dial().moment(NOW - hours * HOUR),
        by: s("Lucía Ferrer"),
        own,
    };
    vec![
        one(
            "1",
            Some(Chip::with_icon(Tone::Info, "cal", "Planned downtime")),
            "Notebooks restart on Saturday at 06:00",
            4,
            true,
        ),
        one("2", None, "The new regional runs are there", 30, false),
    ]
}

impl PortalPage {
    pub(crate) fn sample() -> PortalPage {
        PortalPage {
            frame: Frame::portal_sample(),
            name: s("ClimAdapt help"),
            prefix: s("/p/climadapt"),
            greeting: prose("Help for everybody who works with the regional climate models."),
            news: news(),
            mine: Vec::new(),
            services_words: s("4 services, 3 running normally"),
            services: services(),
            units: vec![UnitLine {
                href: s("/units/climadapt-desk"),
                name: s("ClimAdapt front desk"),
                text: s("Answers what comes by the portal."),
            }],
        }
    }
}

impl PortalServicesPage {
    pub(crate) fn sample() -> PortalServicesPage {
        PortalServicesPage {
            frame: Frame::portal_sample(),
            services_words: s("4 services, 3 running normally"),
            query: String::new(),
            kinds: Vec::new(),
            services: services(),
        }
    }
}

impl NewsPage {
    pub(crate) fn sample() -> NewsPage {
        NewsPage {
            frame: Frame::portal_sample(),
            of: s("ClimAdapt help"),
            feed: s("/p/climadapt/news.atom"),
            news: news(),
            post_to: Some(s("/p/climadapt/news")),
            changing: s("1"),
            kinds: Choice::list([("news", "News"), ("incident", "Incident")], "news"),
            title: s("Notebooks restart"),
            body: s("Running kernels end."),
            errors: Errors::one("title", "Takes one line of 1 to 200 characters."),
        }
    }
}

impl OwnCommunitiesPage {
    pub(crate) fn sample() -> OwnCommunitiesPage {
        OwnCommunitiesPage {
            frame: Frame::sample(),
            rows: vec![
                ChoiceRow {
                    key: s("vo.climadapt.eu"),
                    name: s("ClimAdapt"),
                    text: s("Regional climate models."),
                    words: s("You are in it by an administrator."),
                    join: false,
                    leave: false,
                },
                ChoiceRow {
                    key: s("open-science"),
                    name: s("Open science users"),
                    text: String::new(),
                    words: String::new(),
                    join: true,
                    leave: false,
                },
            ],
        }
    }
}

fn form() -> CommunityForm {
    CommunityForm {
        key: s("vo.climadapt.eu"),
        name: s("ClimAdapt"),
        aliases: s("climadapt"),
        description: s("Regional climate models and their data."),
        open: false,
        active: true,
    }
}

impl CommunitiesPage {
    pub(crate) fn sample() -> CommunitiesPage {
        CommunitiesPage {
            frame: Frame::staff_sample(Here::Admin),
            rows: vec![CommunityRow {
                href: s("/admin/communities/vo.climadapt.eu"),
                key: s("vo.climadapt.eu"),
                name: s("ClimAdapt"),
                words: s("12 people, open to everybody"),
            }],
            form: CommunityForm::default(),
            errors: Errors::one("key", "Is taken."),
        }
    }
}

impl CommunityPage {
    pub(crate) fn sample() -> CommunityPage {
        CommunityPage {
            frame: Frame::staff_sample(Here::Admin),
            at: s("/admin/communities/vo.climadapt.eu"),
            form: form(),
            people: vec![FellowRow {
                name: s("Marta Kowalska"),
                email: s("marta.kowalska@ug.example"),
                via: "by an administrator",
                since: dial().moment(NOW - 30 * HOUR),
                removable: true,
            }],
            more: true,
            email: String::new(),
            errors: Errors::default(),
        }
    }
}

impl PortalsPage {
    pub(crate) fn sample() -> PortalsPage {
        PortalsPage {
            frame: Frame::staff_sample(Here::Admin),
            rows: vec![PortalRow {
                href: s("/admin/portals/climadapt"),
                name: s("ClimAdapt help"),
                url: Some(s("https://desk.example/p/climadapt")),
                words: s("vo.climadapt.eu, 4 services, first level: ClimAdapt front desk"),
            }],
            key: String::new(),
            name: String::new(),
            errors: Errors::default(),
        }
    }
}

impl AdminPortalPage {
    pub(crate) fn sample() -> AdminPortalPage {
        let colour = |field, label, value: &str| ColourField {
            field,
            label,
            value: s(value),
        };
        AdminPortalPage {
            frame: Frame::staff_sample(Here::Admin),
            key: s("climadapt"),
            url: s("https://desk.example/p/climadapt"),
            form: PortalForm {
                name: s("ClimAdapt help"),
                services: s("Notebooks\nB2SHARE"),
                own_colours: true,
                active: true,
                position: s("1"),
                ..PortalForm::default()
            },
            colours: vec![
                colour("accent_light", "Accent on light pages", "#2eb872"),
                colour("accent_dark", "Accent on dark pages", "#f2a97e"),
                colour("bar_light", "Bar on light pages", "#3a1a0c"),
                colour("bar_dark", "Bar on dark pages", "#24100a"),
            ],
            preview: PortalPreview {
                sides: vec![PreviewSide {
                    label: "Light pages",
                    paper: "#f3f6f4",
                    ink: "#13201c",
                    bar: s("#3a1a0c"),
                    on_bar: s("#b3cdc6"),
                    accent: s("#2eb872"),
                    on_accent: s("#ffffff"),
                    link: s("#1c7a4a"),
                }],
                figures: vec![FigureRow {
                    label: "Accent on light pages",
                    colour: s("#2eb872"),
                    ratio: s("2.55:1"),
                    readable: false,
                    nearest: s("#21854f"),
                }],
            },
            communities: Choice::list([("vo.climadapt.eu", "ClimAdapt")], "vo.climadapt.eu"),
            first_levels: Choice::list([("climadapt-desk", "ClimAdapt front desk")], ""),
            issue_types: Choice::list([("slow", "Incident: It is slow")], ""),
            service_names: vec![s("Notebooks"), s("B2SHARE")],
            logo: Some(s("/p/climadapt/logo?v=0123456789ab")),
            logo_limit: s("200 kB"),
            errors: Errors::one("accent_light", "Gives text on it a contrast of 2.55:1."),
        }
    }
}
