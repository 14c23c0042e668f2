//! Samples of the pages that look after signing in through others.

use crate::ui::admin::entitlements::{EntitlementsPage, Preview, RuleFields, RuleRow};
use crate::ui::admin::sign_in::{Fields, ProviderPage, ProviderRow, SignInProvidersPage};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::view::{Chip, Choice, Tone};

use super::s;

impl SignInProvidersPage {
    pub(crate) fn sample() -> SignInProvidersPage {
        SignInProvidersPage {
            frame: Frame::staff_sample(Here::Admin),
            rows: vec![ProviderRow {
                href: s("/admin/sign-in/egi"),
                name: s("EGI Check-in"),
                kind: "OpenID Connect",
                address: s("https://aai.egi.eu/auth/realms/egi"),
                chip: Chip::new(Tone::Ok, "Offered"),
            }],
        }
    }
}

impl ProviderPage {
    pub(crate) fn sample() -> ProviderPage {
        ProviderPage {
            frame: Frame::staff_sample(Here::Admin),
            title: s("EGI Check-in"),
            ldap: false,
            action: s("/admin/sign-in/egi"),
            fields: Fields {
                key: s("egi"),
                name: s("EGI Check-in"),
                issuer: s("https://aai.egi.eu/auth/realms/egi"),
                client_id: s("switchboard"),
                scopes: s("profile email eduperson_entitlement"),
                entitlements: s("eduperson_entitlement entitlements"),
                active: true,
                new_people: true,
                position: s("1"),
                ..Fields::default()
            },
            has_secret: true,
            addresses: vec![(
                "Redirect address",
                s("https://desk.example/sign-in/with/egi/back"),
            )],
            findings: vec![
                (
                    true,
                    s("discovery: speaks for https://aai.egi.eu/auth/realms/egi"),
                ),
                (false, s("client: it does not know \"switchboard\"")),
            ],
            errors: Errors::one("issuer", "Is no address."),
        }
    }

    pub(crate) fn ldap_sample() -> ProviderPage {
        ProviderPage {
            title: String::new(),
            ldap: true,
            action: s("/admin/sign-in"),
            fields: Fields {
                url: s("ldaps://ldap.example.org"),
                filter: s("(uid={user})"),
                position: s("1"),
                ..Fields::default()
            },
            has_secret: false,
            addresses: Vec::new(),
            findings: Vec::new(),
            errors: Errors::one("url", "Would send passwords in the open."),
            ..ProviderPage::sample()
        }
    }
}

impl EntitlementsPage {
    pub(crate) fn sample() -> EntitlementsPage {
        EntitlementsPage {
            frame: Frame::staff_sample(Here::Admin),
            rows: vec![RuleRow {
                id: s("1"),
                pattern: s("urn:mace:egi.eu:group:vo.example.org:role=member#aai.egi.eu"),
                provider: s("EGI Check-in"),
                brings: s("member of Storage, support permission, community Belle"),
            }],
            fields: RuleFields::default(),
            providers: Choice::list([("egi", "EGI Check-in"), ("*", "Any of them")], "egi"),
            units: Choice::list([("", "No unit"), ("storage", "Storage")], ""),
            parts: Choice::list([("member", "member")], "member"),
            communities: Choice::list([("", "No community"), ("belle", "Belle")], "belle"),
            preview: Some(Preview {
                words: s("It would touch one person."),
                rows: vec![(
                    s("Ilona Novák"),
                    s("Becomes member of Storage; comes into the community Belle."),
                )],
            }),
            errors: Errors::one("pattern", "Would fit everybody; name a group."),
        }
    }
}
