//! The triage rules: what they give, how they explain it, and what may be
//! edited.

use proptest::prelude::*;
use switchboard_core::triage::{Condition, Effect, Rule, what_if};
use switchboard_core::{Facts, Overrule, Priority, Refusal, RuleSet, SecurityRisk, TicketNumber};

use crate::world::facts;

#[track_caller]
fn check(users: u32, degrades: bool, risk: SecurityRisk, category: &str, expected: &str) {
    let facts = Facts {
        affected_users: users,
        degrades_service: degrades,
        security_risk: risk,
        category: category.to_owned(),
    };
    let found = RuleSet::shipped().assess(&facts);
    assert_eq!(
        format!("{}: {}", found.priority.key(), found.because),
        expected
    );
    assert_eq!(found.facts, facts);
}

#[test]
fn the_shipped_rules() {
    use SecurityRisk::{Imminent, None, Trivial};
    let small = "a small security risk lifts it by one level";
    check(1, false, None, "incident", "low: every ticket starts here");
    check(5, false, None, "incident", "low: every ticket starts here");
    check(
        6,
        false,
        None,
        "incident",
        "medium: more than 5 users affected",
    );
    check(
        50,
        false,
        None,
        "incident",
        "medium: more than 5 users affected",
    );
    check(
        51,
        false,
        None,
        "incident",
        "high: more than 50 users affected",
    );
    check(
        1,
        true,
        None,
        "incident",
        "top: it affects and degrades a service",
    );
    check(
        1,
        true,
        None,
        "service_request",
        "low: every ticket starts here",
    );
    check(1, false, Trivial, "incident", &format!("medium: {small}"));
    check(6, false, Trivial, "incident", &format!("high: {small}"));
    check(51, false, Trivial, "test", &format!("top: {small}"));
    check(
        1,
        true,
        Trivial,
        "incident",
        "top: it affects and degrades a service",
    );
    check(
        1,
        false,
        Imminent,
        "documentation",
        "top: a danger to security now",
    );
    check(
        99,
        true,
        Imminent,
        "incident",
        "top: it affects and degrades a service",
    );
}

#[test]
fn the_explanation_shows_every_rule() {
    let six = Facts {
        affected_users: 6,
        security_risk: SecurityRisk::Trivial,
        ..facts()
    };
    let lines: Vec<String> = RuleSet::shipped()
        .explain(&six)
        .iter()
        .map(|step| {
            let mark = match (step.applies, step.decides) {
                (true, true) => "=>",
                (true, false) => "x ",
                (false, _) => "  ",
            };
            format!("{mark} {} ({}): {}", step.title, step.rule, step.gives)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    x  Every ticket starts here (start): Low
    x  More than 5 users (users_over_5): Medium
       More than 50 users (users_over_50): High
       Degrades a service (degrades_service): Top
    => Small security risk (security_trivial): one up
       Security danger now (security_imminent): Top
    ");
}

#[test]
fn the_shipped_rules_pass_their_own_check_and_read_back() {
    let shipped = RuleSet::shipped();
    shipped.check().unwrap();
    let json = serde_json::to_string(&shipped).unwrap();
    assert_eq!(serde_json::from_str::<RuleSet>(&json).unwrap(), shipped);
}

#[track_caller]
fn refused(edit: impl FnOnce(&mut Vec<Rule>)) -> String {
    let mut set = RuleSet::shipped();
    edit(&mut set.rules);
    match set.check() {
        Err(Refusal::Invalid {
            field: "rules",
            problem,
        }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn edited_rules_are_checked() {
    assert_eq!(refused(Vec::clear), "at least one rule is needed");
    assert!(refused(|r| r[1].key.clone_from(&"start".to_owned())).contains("twice"));
    assert!(refused(|r| r[1].key.clear()).contains("needs a key"));
    assert!(refused(|r| r[1].because.clear()).contains("a title and a reason"));
    assert!(refused(|r| r.rotate_left(1)).contains("must apply to every ticket"));
    assert!(refused(|r| r[0].then = Effect::OneMore).contains("must apply to every ticket"));
    // A small risk that outranks a danger now.
    assert!(
        refused(|r| {
            r[4].then = Effect::AtLeast(Priority::Top);
            r.pop();
        })
        .contains("a higher risk would lower")
    );
    let many = refused(|r| {
        for n in 0..200 {
            let mut more = r[1].clone();
            more.key = format!("more_{n}");
            r.push(more);
        }
    });
    assert!(many.contains("100 rules"));
}

#[test]
fn a_change_of_rules_is_tried_on_past_tickets() {
    let old = RuleSet::shipped();
    let mut new = old.clone();
    new.rules[1].when.affected_over = Some(10);
    let past = [(1, 1, false), (2, 7, false), (3, 11, false), (4, 7, true)];
    let outcome = what_if(
        &old,
        &new,
        past.into_iter().map(|(number, affected_users, overruled)| {
            (
                TicketNumber(number),
                Facts {
                    affected_users,
                    ..facts()
                },
                overruled.then(|| Overrule {
                    priority: Priority::Top,
                    reason: "so".to_owned(),
                    by: None,
                }),
            )
        }),
    );
    assert_eq!((outcome.unchanged, outcome.overruled), (2, 1));
    assert_eq!(outcome.changed.len(), 1);
    let changed = &outcome.changed[0];
    assert_eq!(changed.ticket, TicketNumber(2));
    assert_eq!(
        (changed.before, changed.after),
        (Priority::Medium, Priority::Low)
    );
    assert_eq!(changed.rule, "start");
}

fn any_facts() -> impl Strategy<Value = Facts> {
    (
        prop_oneof![1u32..120, Just(10_000_000)],
        any::<bool>(),
        0usize..3,
        prop_oneof![Just("incident"), Just("service_request"), Just("test")],
    )
        .prop_map(|(affected_users, degrades_service, risk, category)| Facts {
            affected_users,
            degrades_service,
            security_risk: SecurityRisk::ALL[risk],
            category: category.to_owned(),
        })
}

fn any_rules() -> impl Strategy<Value = RuleSet> {
    let condition = (
        proptest::option::of(0u32..60),
        any::<bool>(),
        proptest::option::of((0usize..3).prop_map(|r| SecurityRisk::ALL[r])),
        proptest::collection::vec(
            prop_oneof![Just("incident".to_owned()), Just("test".to_owned())],
            0..2,
        ),
    )
        .prop_map(
            |(affected_over, degrades_service, security_risk, categories)| Condition {
                affected_over,
                degrades_service,
                security_risk,
                categories,
            },
        );
    let effect = prop_oneof![
        (0usize..4).prop_map(|p| Effect::AtLeast(Priority::ALL[p])),
        Just(Effect::OneMore)
    ];
    proptest::collection::vec((condition, effect), 0..5).prop_map(|rest| {
        let mut set = RuleSet::shipped();
        set.rules.truncate(1);
        for (n, (when, then)) in rest.into_iter().enumerate() {
            set.rules.push(Rule {
                key: n.to_string(),
                title: "t".to_owned(),
                because: "b".to_owned(),
                when,
                then,
            });
        }
        set
    })
}

/// Facts that are as bad or worse in every respect.
fn worse(facts: &Facts, users: u32, degrades: bool, risk: usize) -> Facts {
    let level = SecurityRisk::ALL
        .iter()
        .position(|r| *r == facts.security_risk)
        .unwrap();
    Facts {
        affected_users: facts.affected_users.saturating_add(users),
        degrades_service: facts.degrades_service || degrades,
        security_risk: SecurityRisk::ALL[(level + risk).min(2)],
        category: facts.category.clone(),
    }
}

proptest! {
    #[test]
    fn worse_facts_never_lower_the_priority(
        facts in any_facts(), users in 0u32..100, degrades: bool, risk in 0usize..3,
    ) {
        let rules = RuleSet::shipped();
        let bad = rules.assess(&facts);
        let worse = rules.assess(&worse(&facts, users, degrades, risk));
        prop_assert!(worse.priority >= bad.priority);
    }

    #[test]
    fn rules_that_pass_the_check_are_monotone_and_complete(
        rules in any_rules(), facts in any_facts(), users in 0u32..100, degrades: bool,
        risk in 0usize..3,
    ) {
        if rules.check().is_err() {
            return Ok(());
        }
        let bad = rules.assess(&facts);
        prop_assert!(rules.rules.iter().any(|r| r.key == bad.rule));
        prop_assert!(rules.assess(&worse(&facts, users, degrades, risk)).priority >= bad.priority);
    }

    #[test]
    fn exactly_the_rule_that_decided_is_marked(rules in any_rules(), facts in any_facts()) {
        let steps = rules.explain(&facts);
        let deciding: Vec<_> = steps.iter().filter(|s| s.decides).collect();
        prop_assert_eq!(deciding.len(), 1);
        prop_assert!(deciding[0].applies);
        prop_assert_eq!(&deciding[0].rule, &rules.assess(&facts).rule);
    }
}
