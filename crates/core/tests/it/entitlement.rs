//! Entitlements: reading them, what they bring, and how they go again.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use switchboard_core::entitlement::{
    Came, Entitlement, Group, Held, Pattern, Rights, Rule, Step, after, settle, wanted,
};
use switchboard_core::{Part, UnitId};
use uuid::Uuid;

fn unit(n: u8) -> UnitId {
    UnitId(Uuid::from_u128(u128::from(n)))
}

#[track_caller]
fn group(text: &str) -> Group {
    Group::parse(text).unwrap_or_else(|| panic!("{text} is not read"))
}

#[test]
fn a_group_has_namespace_path_role_and_authority() {
    let g = group("urn:mace:egi.eu:group:vo.example.org:role=member#aai.egi.eu");
    assert_eq!(g.namespace, "urn:mace:egi.eu");
    assert_eq!(g.path, ["vo.example.org"]);
    assert_eq!(g.role.as_deref(), Some("member"));
    assert_eq!(g.authority.as_deref(), Some("aai.egi.eu"));

    let g = group("URN:GEANT:example.org:res:group:Some%20VO:sub:deeper");
    assert_eq!(g.namespace, "urn:geant:example.org:res");
    assert_eq!(g.path, ["Some VO", "sub", "deeper"]);
    assert_eq!((g.role, g.authority), (None, None));

    // A group may be called like the word that begins it.
    assert_eq!(group("urn:a:b:group:group").path, ["group"]);
}

#[test]
fn what_is_no_group_is_not_taken_for_one() {
    for text in [
        "",
        "urn:mace:egi.eu:group:",
        "urn:mace:egi.eu:group:#aai",
        "urn:mace:group:x",
        "urn:mace:egi.eu:group:role=member#aai",
        "urn:mace:egi.eu:group:vo:role=a:role=b#aai",
        "urn:mace:egi.eu:group:vo::sub",
        "urn:mace:egi.eu:group:vo:role=#aai",
        "urn:mace:egi.eu:group:vo#",
        "urn:mace:egi.eu:group:v%o",
        "urn:mace:egi.eu:group:v%00o",
        "urn:mace:egi.eu:group:vo sub",
        "urn:mace:egi.eu:res:vo",
        "https://example.org:group:x:group:y",
        "urn::x:group:y",
    ] {
        assert_eq!(Group::parse(text), None, "{text}");
    }
}

#[track_caller]
fn fits(pattern: &str, entitlement: &str, yes: bool) {
    let read = Entitlement::read(entitlement).unwrap();
    let pattern_read = Pattern::parse(pattern).unwrap();
    assert_eq!(pattern_read.fits(&read), yes, "{pattern} on {entitlement}");
}

#[test]
fn patterns_say_what_they_leave_open() {
    let member = "urn:mace:egi.eu:group:vo.example.org:role=member#aai.egi.eu";
    fits(member, member, true);
    fits("urn:mace:egi.eu:group:vo.example.org", member, true);
    fits(
        "urn:mace:egi.eu:group:vo.example.org:role=*#*",
        member,
        true,
    );
    fits(
        "urn:mace:egi.eu:group:*:role=member#aai.egi.eu",
        member,
        true,
    );
    fits(
        "urn:mace:egi.eu:group:vo.example.org:role=manager",
        member,
        false,
    );
    fits(
        "urn:mace:egi.eu:group:vo.example.org#evil.example",
        member,
        false,
    );
    fits("urn:mace:other.eu:group:vo.example.org", member, false);
    fits("urn:mace:egi.eu:group:vo.example", member, false);
    let sub = "urn:mace:egi.eu:group:vo.example.org:ops:night:role=member#aai.egi.eu";
    fits("urn:mace:egi.eu:group:vo.example.org", sub, false);
    fits("urn:mace:egi.eu:group:vo.example.org:**", sub, true);
    fits("urn:mace:egi.eu:group:vo.example.org:**", member, true);
    fits("urn:mace:egi.eu:group:vo.example.org:ops:*", sub, true);
    fits("urn:mace:egi.eu:group:vo.example.org:*", sub, false);
    // Names are compared letter by letter, only scheme and NID are not.
    fits("URN:MACE:egi.eu:group:vo.example.org", member, true);
    fits("urn:mace:egi.eu:group:VO.example.org", member, false);
    // A part can not smuggle in another by its encoding.
    fits(
        "urn:mace:egi.eu:group:a:b",
        "urn:mace:egi.eu:group:a%3Ab",
        false,
    );
}

#[test]
fn groups_of_a_directory_are_compared_as_directories_do() {
    let dn = "CN=Agents, OU=Groups,DC=example,DC=org";
    fits("cn=agents,ou=groups,dc=example,dc=org", dn, true);
    fits("cn=*,ou=groups,dc=example,dc=org", dn, true);
    fits("cn=agents,ou=groups,dc=example,dc=com", dn, false);
    fits("cn=agent", dn, false);
    fits("helpdesk-*", "helpdesk-storage", true);
    fits("helpdesk", "Helpdesk", false);
    fits("a*b*a", "aba", true);
    fits("a*a", "a", false);
    // A text never fits a group's pattern, and the other way round.
    fits("urn:mace*", "urn:mace:egi.eu:group:vo", false);
}

#[test]
fn patterns_that_mean_nothing_are_refused() {
    for text in [
        "",
        "*",
        "**",
        "urn:mace:egi.eu:group:",
        "urn:mace:egi.eu:group:**",
        "urn:mace:egi.eu:group:a:**:b",
        "urn:mace:egi.eu:group:a:role=",
    ] {
        assert!(Pattern::parse(text).is_err(), "{text}");
    }
}

fn rule(pattern: &str, provider: Option<u128>, to: Option<(UnitId, Part)>) -> Rule {
    Rule {
        id: Uuid::nil(),
        provider: provider.map(Uuid::from_u128),
        pattern: Pattern::parse(pattern).unwrap(),
        support: false,
        unit: to,
        community: None,
    }
}

#[test]
fn rules_add_up_and_listen_to_their_provider() {
    let rules = [
        rule("ops", Some(1), Some((unit(1), Part::Member))),
        rule("lead", None, Some((unit(1), Part::Responsible))),
        Rule {
            community: Some("belle".into()),
            ..rule("ops", None, None)
        },
        Rule {
            community: Some("cms".into()),
            ..rule("lead", None, None)
        },
    ];
    let said = |provider: u128, words: &[&str]| {
        let read = words.iter().map(|w| Entitlement::read(w).unwrap());
        (Uuid::from_u128(provider), read.collect::<Vec<_>>())
    };
    let rights = wanted(&rules, &[said(1, &["ops", "lead"])]);
    assert!(rights.support, "a unit brings the permission with it");
    assert_eq!(rights.units[&unit(1)], Part::Responsible);
    assert_eq!(rights.communities, communities(&["belle", "cms"]));
    let rights = wanted(&rules, &[said(2, &["ops"])]);
    assert!(!rights.support && rights.units.is_empty());
    assert_eq!(rights.communities, communities(&["belle"]));
    assert_eq!(wanted(&rules, &[]), Rights::default());
}

fn communities(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

fn in_units(units: &[(u8, Part)]) -> BTreeMap<UnitId, Part> {
    units.iter().map(|(n, part)| (unit(*n), *part)).collect()
}

#[test]
fn a_part_that_came_goes_again_and_one_by_hand_stays() {
    let nothing = Rights::default();
    let aim = Rights {
        support: true,
        units: in_units(&[(1, Part::Member), (2, Part::Responsible)]),
        communities: communities(&["belle"]),
    };
    let now = Rights {
        units: in_units(&[(2, Part::Member)]),
        ..Rights::default()
    };
    let (steps, held) = settle(&now, &Held::default(), &aim, &BTreeSet::new());
    let then = after(&now, &steps);
    assert_eq!(then, aim);
    assert_eq!(held.units[&unit(2)].before, Some(Part::Member));
    let (steps, held) = settle(&then, &held, &nothing, &BTreeSet::new());
    assert_eq!(after(&then, &steps), now, "back to what was by hand");
    assert_eq!(held, Held::default());
}

#[test]
fn the_last_responsible_stays_until_there_is_another() {
    let now = Rights {
        support: true,
        units: in_units(&[(1, Part::Responsible)]),
        communities: BTreeSet::new(),
    };
    let came = Came {
        part: Part::Responsible,
        before: None,
    };
    let held = Held {
        support: true,
        units: [(unit(1), came)].into(),
    };
    let alone = BTreeSet::from([unit(1)]);
    let (steps, kept) = settle(&now, &held, &Rights::default(), &alone);
    assert_eq!(
        steps,
        [Step::Stay(unit(1))],
        "and they can still act for it"
    );
    assert_eq!(kept, held, "it is tried again the next time");
    // Also where they are responsible by hand, and only the permission came.
    let only = Held {
        support: true,
        ..Held::default()
    };
    let (steps, kept) = settle(&now, &only, &Rights::default(), &alone);
    assert_eq!((steps, kept), (vec![Step::Stay(unit(1))], only));
    let (steps, kept) = settle(&now, &held, &Rights::default(), &BTreeSet::new());
    assert!(steps.contains(&Step::Leave(unit(1))));
    assert!(kept.units.is_empty());
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![Just(Part::Member), Just(Part::Responsible)]
}

fn rights() -> impl Strategy<Value = Rights> {
    let units = proptest::collection::btree_map((0u8..4).prop_map(unit), part(), 0..4);
    let keys = proptest::sample::subsequence(vec!["belle", "cms", "juno"], 0..=3);
    (any::<bool>(), units, keys).prop_map(|(support, units, keys)| Rights {
        support,
        units,
        communities: communities(&keys),
    })
}

proptest! {
    /// Whatever comes and goes: what was by hand is there at the end, nothing
    /// more, and nobody holds less than they had by hand in between.
    #[test]
    fn what_came_goes_and_what_was_by_hand_stays(
        by_hand in rights(),
        aims in proptest::collection::vec(rights(), 0..6),
    ) {
        let none = BTreeSet::new();
        // Those that are by hand are kept beside these.
        let by_hand = Rights { communities: BTreeSet::new(), ..by_hand };
        let (mut now, mut held) = (by_hand.clone(), Held::default());
        for aim in aims {
            let (steps, next) = settle(&now, &held, &aim, &none);
            now = after(&now, &steps);
            held = next;
            prop_assert!(now.support >= (by_hand.support || aim.support));
            prop_assert_eq!(&now.communities, &aim.communities);
            for (unit, part) in by_hand.units.iter().chain(&aim.units) {
                prop_assert!(now.units.get(unit) >= Some(part));
            }
            // Doing it again changes nothing.
            let (again, same) = settle(&now, &held, &aim, &none);
            prop_assert!(again.is_empty(), "{again:?}");
            prop_assert_eq!(&same, &held);
        }
        let (steps, held) = settle(&now, &held, &Rights::default(), &none);
        prop_assert_eq!(after(&now, &steps), by_hand);
        prop_assert_eq!(held, Held::default());
    }

    /// A unit whose only responsible they are never loses them.
    #[test]
    fn no_step_takes_a_units_last_responsible(
        by_hand in rights(), first in rights(), second in rights(), alone in proptest::collection::btree_set((0u8..4).prop_map(unit), 0..4),
    ) {
        let (steps, held) = settle(&by_hand, &Held::default(), &first, &BTreeSet::new());
        let now = after(&by_hand, &steps);
        let (steps, _) = settle(&now, &held, &second, &alone);
        let then = after(&now, &steps);
        for unit in &alone {
            if now.units.get(unit) == Some(&Part::Responsible) {
                prop_assert_eq!(then.units.get(unit), Some(&Part::Responsible));
                prop_assert!(then.support >= now.support);
            }
        }
    }

    /// No text makes the readers fall over, and what is read as a group says so again.
    #[test]
    fn any_text_can_be_read(text in "\\PC{0,60}", urn in "urn:[a-z]{1,4}:[a-z.]{1,6}:group:[a-z:%=0-9*]{0,20}(#[a-z]{0,4})?") {
        let _ = Entitlement::read(&text);
        let _ = Pattern::parse(&text);
        if let Some(Entitlement::Group(group)) = Entitlement::read(&urn) {
            prop_assert!(!group.path.is_empty());
            prop_assert!(group.path.iter().all(|p| !p.is_empty()));
            if !urn.contains('*') {
                let pattern = Pattern::parse(&urn);
                prop_assert!(pattern.is_ok_and(|p| p.fits(&Entitlement::Group(group))));
            }
        }
    }
}
