//! `/admin`: what administrators look after, one file per page, and the list
//! of all of them.

pub mod alarms;
pub mod applications;
pub mod audit;
pub mod communities;
pub mod entitlements;
pub mod import;
pub mod incoming;
pub mod mail_texts;
pub mod mailboxes;
pub mod onboarding;
pub mod outbox;
pub mod people;
pub mod person;
pub mod portals;
pub mod privacy;
pub mod reads;
pub mod rules;
pub mod service;
pub mod service_provider;
pub mod services;
pub mod sign_in;
pub mod sites;
pub mod targets;
pub mod timers;
pub mod triage;
pub mod unit;
pub mod units;
pub mod values;
pub mod webhooks;

use askama::Template;
use axum::response::Response;

use crate::ui::assets::Asset;
use crate::ui::frame::{Frame, Here, Room};
use crate::ui::view::Icon;
use crate::ui::visit::Visit;

/// A group of pages on `/admin`, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// People and their rights.
    People,
    /// Units, services and lists of values.
    Catalogue,
    /// Other systems.
    Exchange,
    /// The desk itself.
    Desk,
}

impl Group {
    /// Every group.
    pub const ALL: [Group; 4] = [
        Group::People,
        Group::Catalogue,
        Group::Exchange,
        Group::Desk,
    ];

    /// Its heading.
    pub fn name(self) -> &'static str {
        match self {
            Group::People => "People and rights",
            Group::Catalogue => "Units and services",
            Group::Exchange => "Other systems",
            Group::Desk => "The desk itself",
        }
    }

    /// The id of its heading.
    pub fn key(self) -> &'static str {
        match self {
            Group::People => "people",
            Group::Catalogue => "catalogue",
            Group::Exchange => "exchange",
            Group::Desk => "desk",
        }
    }
}

/// One page of the administration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Where it is listed.
    pub group: Group,
    /// Its address; its row in the policy table says `Administrators`, but for
    /// what first level looks at too.
    pub href: &'static str,
    /// The picture beside it.
    pub icon: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What can be done there, in one sentence.
    pub text: &'static str,
}

/// Every page of the administration. A new page adds its line here; a test
/// fails when one is missing, or when a line leads nowhere.
pub const LINES: &[Line] = &[
    Line {
        group: Group::People,
        href: "/admin/applications",
        icon: "people",
        name: "Applications",
        text: "Grant or refuse the support permission; see which join requests wait.",
    },
    Line {
        group: Group::People,
        href: "/admin/people",
        icon: "person",
        name: "People",
        text: "Find somebody; give and take rights, disable accounts, end sessions.",
    },
    Line {
        group: Group::Catalogue,
        href: "/admin/alarms",
        icon: "bell",
        name: "Alarms",
        text: "Sites that can be called by day and by night, who may call them, and tests whether they would hear.",
    },
    Line {
        group: Group::Desk,
        href: "/admin/rules",
        icon: "again",
        name: "Rules",
        text: "What is done with tickets by itself: when something happens or its time has come; what each did, and why.",
    },
    Line {
        group: Group::Desk,
        href: "/admin/audit",
        icon: "book",
        name: "Audit log",
        text: "Who did what with people, units, services, rules and rights.",
    },
    Line {
        group: Group::Exchange,
        href: "/exchange",
        icon: "swap",
        name: "Exchange",
        text: "How tickets travel to partners’ systems: what waits, what failed and why; pause, try again.",
    },
    Line {
        group: Group::Exchange,
        href: "/admin/mailboxes",
        icon: "mail",
        name: "Mailboxes",
        text: "Where mail comes in: what is read by IMAP or handed over, and how it goes.",
    },
    Line {
        group: Group::Exchange,
        href: "/admin/webhooks",
        icon: "go",
        name: "Webhooks",
        text: "Programs that are called when something happens to tickets: what they took, what failed and why.",
    },
    Line {
        group: Group::Catalogue,
        href: "/admin/units",
        icon: "people",
        name: "Units",
        text: "Make units, edit them, move them in the tree, retire them with a successor.",
    },
    Line {
        group: Group::Catalogue,
        href: "/admin/services",
        icon: "plug",
        name: "Services",
        text: "The catalogue in its order: who answers for what, and what each form asks.",
    },
    Line {
        group: Group::Catalogue,
        href: "/admin/sites",
        icon: "globe",
        name: "Sites",
        text: "The sites that tickets name, with their other names and contacts.",
    },
    Line {
        group: Group::Catalogue,
        href: "/admin/values",
        icon: "filter",
        name: "Categories and types of issue",
        text: "What a ticket can be, in which order, and what requesters are offered.",
    },
    Line {
        group: Group::Catalogue,
        href: "/admin/triage",
        icon: "flag",
        name: "Rules of triage",
        text: "Which facts give which priority; tried on past tickets before it counts.",
    },
    Line {
        group: Group::Desk,
        href: "/admin/targets",
        icon: "flag",
        name: "Targets",
        text: "Within which working time units respond, answer and solve, by quality of support and priority.",
    },
    Line {
        group: Group::Desk,
        href: "/admin/timers",
        icon: "clock",
        name: "Reminders and closing",
        text: "After how many working days people are reminded, told, and tickets closed.",
    },
    Line {
        group: Group::Catalogue,
        href: "/admin/import",
        icon: "up",
        name: "Import",
        text: "Units, services, sites and members from CSV or JSON, all of it or nothing.",
    },
    Line {
        group: Group::Catalogue,
        href: "/admin/onboarding",
        icon: "plug",
        name: "Forms of providers",
        text: "Services that want to come in or go another way: review, accept, undo.",
    },
    Line {
        group: Group::Catalogue,
        href: "/admin/providers",
        icon: "people",
        name: "Providers",
        text: "Who provides the services, and who looks after how they are connected.",
    },
    Line {
        group: Group::People,
        href: "/admin/privacy",
        icon: "lock",
        name: "Personal data",
        text: "Give out and erase a person's data, put holds on it, and say how long things are kept.",
    },
    Line {
        group: Group::Desk,
        href: "/admin/reads",
        icon: "eye",
        name: "Who read what",
        text: "Who opened which restricted ticket, when and through what.",
    },
    Line {
        group: Group::Desk,
        href: "/admin/mail-texts",
        icon: "chat",
        name: "Texts of mails",
        text: "What mails say, in each language; tried with a real ticket before it counts.",
    },
    Line {
        group: Group::Desk,
        href: "/admin/incoming",
        icon: "tray",
        name: "Incoming mail",
        text: "Mails that became no entry of a ticket, and why; look at one, and take it.",
    },
    Line {
        group: Group::Desk,
        href: "/admin/outbox",
        icon: "mail",
        name: "Outbox",
        text: "Mails that go out: what waits, what did not arrive and why; try again or give up.",
    },
    Line {
        group: Group::People,
        href: "/admin/sign-in",
        icon: "key",
        name: "Sign-in through others",
        text: "OpenID Connect providers and directories that are believed.",
    },
    Line {
        group: Group::People,
        href: "/admin/entitlements",
        icon: "shield",
        name: "Rights by entitlement",
        text: "Which rights come with which groups there, and go with them.",
    },
    Line {
        group: Group::People,
        href: "/admin/communities",
        icon: "people",
        name: "Communities",
        text: "Virtual organisations and projects, and who is of which.",
    },
    Line {
        group: Group::Catalogue,
        href: "/admin/portals",
        icon: "globe",
        name: "Portals",
        text: "Communities’ own front doors: colours, services, first level, news.",
    },
];

/// `/admin`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/index.html")]
pub struct AdminPage {
    /// Around it.
    pub frame: Frame,
    /// The groups that have pages, each with its pages.
    pub groups: Vec<(Group, Vec<Line>)>,
}

/// The pages in their groups; groups without a page are left out.
pub(crate) fn groups() -> Vec<(Group, Vec<Line>)> {
    Group::ALL
        .into_iter()
        .map(|group| {
            let lines: Vec<Line> = LINES.iter().filter(|l| l.group == group).copied().collect();
            (group, lines)
        })
        .filter(|(_, lines)| !lines.is_empty())
        .collect()
}

/// `GET /admin`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        visit.admin()?;
        visit.page(&AdminPage {
            frame: visit.frame(Room::Staff, Here::Admin).await?,
            groups: groups(),
        })
    }
    .await;
    visit.close(result).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::LINES;
    use crate::policy::{self, Who};

    /// Pages of the list that first level reads, and administrators change.
    const FOR_FIRST_LEVEL: [&str; 1] = ["/exchange"];

    #[test]
    fn the_list_is_complete_and_leads_somewhere() {
        let listed: BTreeSet<&str> = LINES.iter().map(|l| l.href).collect();
        assert_eq!(listed.len(), LINES.len(), "an address is listed twice");
        let routed: BTreeSet<&str> = policy::pages()
            .filter(|r| r.method == "GET" && r.who == Who::Administrators)
            .map(|r| r.path)
            .filter(|p| p.starts_with("/admin/") && !p.contains('{') && p.matches('/').count() == 2)
            .chain(FOR_FIRST_LEVEL)
            .collect();
        assert_eq!(listed, routed);
        for path in FOR_FIRST_LEVEL {
            let who = |method| {
                policy::pages()
                    .find(|r| r.path == path && r.method == method)
                    .map(|r| r.who)
            };
            assert_eq!(who("GET"), Some(Who::FirstLevel), "{path}");
            assert_eq!(who("POST"), Some(Who::Administrators), "{path}");
        }
    }
}
