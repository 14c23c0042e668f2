//! Triage as data: from facts to a priority that explains itself.
//!
//! The shipped rules are those of the domain ("Priority: the triage rules"):
//! start low; more than 5 users affected: medium; more than 50: high; an
//! incident that affects and degrades a service: top; a trivial security
//! risk: one level more; an imminent one: top, at once.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::command::Refusal;
use crate::id::TicketNumber;
use crate::ticket::Overrule;

/// The four priorities (*fixed*), in rising order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Where everything starts.
    #[default]
    Low,
    /// More than a handful of people.
    Medium,
    /// Many people.
    High,
    /// A service is degraded, or security is at stake.
    Top,
}

impl Priority {
    /// All four, in rising order.
    pub const ALL: [Priority; 4] = [
        Priority::Low,
        Priority::Medium,
        Priority::High,
        Priority::Top,
    ];

    /// The word used in JSON, queries and the database.
    pub fn key(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Medium => "medium",
            Priority::High => "high",
            Priority::Top => "top",
        }
    }

    /// The word shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Priority::Low => "Low",
            Priority::Medium => "Medium",
            Priority::High => "High",
            Priority::Top => "Top",
        }
    }

    /// Reads a key; `None` for anything else.
    pub fn parse(key: &str) -> Option<Priority> {
        Priority::ALL.into_iter().find(|p| p.key() == key)
    }

    /// 0 for low to 3 for top, as stored for sorting.
    pub fn rank(self) -> i64 {
        self as i64
    }

    /// The next level; top stays top.
    pub fn one_more(self) -> Priority {
        match self {
            Priority::Low => Priority::Medium,
            Priority::Medium => Priority::High,
            Priority::High | Priority::Top => Priority::Top,
        }
    }
}

/// How far security is at stake, in rising order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
pub enum SecurityRisk {
    /// Nothing points to it.
    #[default]
    None,
    /// A small risk.
    Trivial,
    /// A danger now.
    Imminent,
}

impl SecurityRisk {
    /// All three, in rising order.
    pub const ALL: [SecurityRisk; 3] = [
        SecurityRisk::None,
        SecurityRisk::Trivial,
        SecurityRisk::Imminent,
    ];

    /// The next higher risk.
    pub fn next(self) -> Option<SecurityRisk> {
        match self {
            SecurityRisk::None => Some(SecurityRisk::Trivial),
            SecurityRisk::Trivial => Some(SecurityRisk::Imminent),
            SecurityRisk::Imminent => None,
        }
    }

    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            SecurityRisk::None => "none",
            SecurityRisk::Trivial => "trivial",
            SecurityRisk::Imminent => "imminent",
        }
    }

    /// Reads a key; `None` for anything else.
    pub fn parse(key: &str) -> Option<SecurityRisk> {
        SecurityRisk::ALL.into_iter().find(|r| r.key() == key)
    }
}

/// What triage looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// How many people can not do their work; at least 1.
    pub affected_users: u32,
    /// It affects and degrades a service.
    pub degrades_service: bool,
    /// How far security is at stake.
    pub security_risk: SecurityRisk,
    /// The category's key, as only incidents degrade a service.
    pub category: String,
}

/// When a rule applies. All parts that are given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// More than this number of people affected.
    pub affected_over: Option<u32>,
    /// The service is degraded.
    pub degrades_service: bool,
    /// The security risk is exactly this.
    pub security_risk: Option<SecurityRisk>,
    /// The category is one of these; empty: any.
    pub categories: Vec<String>,
}

/// What an applying rule does to the priority found so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// At least this priority.
    AtLeast(Priority),
    /// One level more than the rules before it gave.
    OneMore,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable name, kept with each ticket whose priority it gave.
    pub key: String,
    /// The rule in a list of rules: "More than 5 users".
    pub title: String,
    /// The rule as a reason: "more than 5 users affected".
    pub because: String,
    /// When it applies.
    #[serde(default)]
    pub when: Condition,
    /// What it does.
    pub then: Effect,
}

/// The rules in their order; data that an administrator edits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// In the order in which they are applied.
    pub rules: Vec<Rule>,
}

/// One line of the explanation: a rule, whether it applies, whether it decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// [`Rule::key`].
    pub rule: String,
    /// [`Rule::title`].
    pub title: String,
    /// What the rule gives, in words: "Medium", "one up".
    pub gives: String,
    /// Its condition holds.
    pub applies: bool,
    /// It was the last to raise the priority.
    pub decides: bool,
}

/// A priority with the rule and the facts that gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The priority by the rules.
    pub priority: Priority,
    /// [`Rule::key`] of the rule that decided.
    pub rule: String,
    /// [`Rule::because`] of the rule that decided.
    pub because: String,
    /// From which facts.
    pub facts: Facts,
}

impl Assessment {
    /// What is kept when no rule applies at all, which [`RuleSet::check`]
    /// rules out for edited rules.
    fn without_rule(facts: &Facts) -> Assessment {
        Assessment {
            priority: Priority::Low,
            rule: String::new(),
            because: "no rule applies".to_owned(),
            facts: facts.clone(),
        }
    }
}

impl Condition {
    /// All parts that are given hold for these facts.
    pub fn holds(&self, facts: &Facts) -> bool {
        self.affected_over.is_none_or(|n| facts.affected_users > n)
            && (!self.degrades_service || facts.degrades_service)
            && self.security_risk.is_none_or(|r| r == facts.security_risk)
            && (self.categories.is_empty() || self.categories.contains(&facts.category))
    }
}

impl Effect {
    /// The priority after the rule; `None` before the first rule that applied.
    fn on(self, so_far: Option<Priority>) -> Priority {
        let so_far = so_far.unwrap_or_default();
        match self {
            Effect::AtLeast(priority) => so_far.max(priority),
            Effect::OneMore => so_far.one_more(),
        }
    }

    /// The effect in the words of the page: "Medium", "one up".
    pub fn words(self) -> &'static str {
        match self {
            Effect::AtLeast(priority) => priority.label(),
            Effect::OneMore => "one up",
        }
    }
}

/// What a change of the rules would have done to one ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The ticket.
    pub ticket: TicketNumber,
    /// What the old rules give.
    pub before: Priority,
    /// What the new rules give.
    pub after: Priority,
    /// [`Rule::key`] of the new rule that decides.
    pub rule: String,
}

/// What a change of the rules would have done to past tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct WhatIf {
    /// Tickets whose priority would be another, in the order given.
    pub changed: Vec<Changed>,
    /// How many would keep theirs.
    pub unchanged: usize,
    /// How many were overruled by hand, so that no rule touches them.
    pub overruled: usize,
}

/// Tries new rules on past tickets ("what would have changed"), without
/// changing any.
pub fn what_if(
    old: &RuleSet,
    new: &RuleSet,
    tickets: impl Iterator<Item = (TicketNumber, Facts, Option<Overrule>)>,
) -> WhatIf {
    let mut outcome = WhatIf::default();
    for (ticket, facts, overrule) in tickets {
        if overrule.is_some() {
            outcome.overruled += 1;
            continue;
        }
        let before = old.assess(&facts).priority;
        let after = new.assess(&facts);
        if before == after.priority {
            outcome.unchanged += 1;
        } else {
            outcome.changed.push(Changed {
                ticket,
                before,
                after: after.priority,
                rule: after.rule,
            });
        }
    }
    outcome
}

/// An edited rule set may have this many rules.
const MOST_RULES: usize = 100;

impl RuleSet {
    /// The rules the product comes with: the domain's, in its order.
    pub fn shipped() -> RuleSet {
        let rule = |key: &str, title: &str, because: &str, when: Condition, then: Effect| Rule {
            key: key.to_owned(),
            title: title.to_owned(),
            because: because.to_owned(),
            when,
            then,
        };
        RuleSet {
            rules: vec![
                rule(
                    "start",
                    "Every ticket starts here",
                    "every ticket starts here",
                    Condition::default(),
                    Effect::AtLeast(Priority::Low),
                ),
                rule(
                    "users_over_5",
                    "More than 5 users",
                    "more than 5 users affected",
                    Condition {
                        affected_over: Some(5),
                        ..Condition::default()
                    },
                    Effect::AtLeast(Priority::Medium),
                ),
                rule(
                    "users_over_50",
                    "More than 50 users",
                    "more than 50 users affected",
                    Condition {
                        affected_over: Some(50),
                        ..Condition::default()
                    },
                    Effect::AtLeast(Priority::High),
                ),
                rule(
                    "degrades_service",
                    "Degrades a service",
                    "it affects and degrades a service",
                    Condition {
                        degrades_service: true,
                        categories: vec!["incident".to_owned()],
                        ..Condition::default()
                    },
                    Effect::AtLeast(Priority::Top),
                ),
                rule(
                    "security_trivial",
                    "Small security risk",
                    "a small security risk lifts it by one level",
                    Condition {
                        security_risk: Some(SecurityRisk::Trivial),
                        ..Condition::default()
                    },
                    Effect::OneMore,
                ),
                rule(
                    "security_imminent",
                    "Security danger now",
                    "a danger to security now",
                    Condition {
                        security_risk: Some(SecurityRisk::Imminent),
                        ..Condition::default()
                    },
                    Effect::AtLeast(Priority::Top),
                ),
            ],
        }
    }

    /// The priority the rules give, and which rule gave it: the last one that
    /// raised it.
    pub fn assess(&self, facts: &Facts) -> Assessment {
        let mut found: Option<(Priority, &Rule)> = None;
        for rule in self.rules.iter().filter(|r| r.when.holds(facts)) {
            let before = found.map(|(priority, _)| priority);
            let after = rule.then.on(before);
            if before.is_none_or(|before| after > before) {
                found = Some((after, rule));
            }
        }
        let Some((priority, rule)) = found else {
            return Assessment::without_rule(facts);
        };
        Assessment {
            priority,
            rule: rule.key.clone(),
            because: rule.because.clone(),
            facts: facts.clone(),
        }
    }

    /// Every rule with whether it applies and which one decides: what the page
    /// shows beside the form.
    pub fn explain(&self, facts: &Facts) -> Vec<Step> {
        let decided = self.assess(facts).rule;
        self.rules
            .iter()
            .map(|rule| Step {
                rule: rule.key.clone(),
                title: rule.title.clone(),
                gives: rule.then.words().to_owned(),
                applies: rule.when.holds(facts),
                decides: rule.key == decided,
            })
            .collect()
    }

    /// Whether edited rules may be used.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] on `rules`, when there are none or too many, a key
    /// is missing or doubled, a title or reason is empty, the first rule does
    /// not apply to every ticket, or worse facts would lower the priority.
    pub fn check(&self) -> Result<(), Refusal> {
        let wrong = |problem: String| {
            Err(Refusal::Invalid {
                field: "rules",
                problem,
            })
        };
        if self.rules.len() > MOST_RULES {
            return wrong(format!("{MOST_RULES} rules are the most there may be"));
        }
        let mut keys = BTreeSet::new();
        for (at, rule) in self.rules.iter().enumerate() {
            let place = at + 1;
            if rule.key.trim().is_empty() {
                return wrong(format!("rule {place} needs a key"));
            }
            if !keys.insert(rule.key.as_str()) {
                return wrong(format!("the key \"{}\" is used twice", rule.key));
            }
            if rule.title.trim().is_empty() || rule.because.trim().is_empty() {
                return wrong(format!(
                    "rule \"{}\" needs a title and a reason, as both are shown",
                    rule.key
                ));
            }
        }
        match self.rules.first() {
            None => return wrong("at least one rule is needed".to_owned()),
            Some(first) => {
                if first.when != Condition::default() || first.then == Effect::OneMore {
                    return wrong(format!(
                        "the first rule, \"{}\", must apply to every ticket and give it a priority",
                        first.key
                    ));
                }
            }
        }
        self.check_monotone()
    }

    /// Worse facts never lower the priority. As conditions only look at a few
    /// thresholds, a grid around these thresholds covers all facts.
    fn check_monotone(&self) -> Result<(), Refusal> {
        let mut users = BTreeSet::from([1]);
        let mut categories = BTreeSet::from([""]);
        for rule in &self.rules {
            if let Some(over) = rule.when.affected_over {
                users.insert(over.max(1));
                users.insert(over.saturating_add(1));
            }
            categories.extend(rule.when.categories.iter().map(String::as_str));
        }
        let users: Vec<u32> = users.into_iter().collect();
        for category in categories {
            let facts = |users: u32, degrades: bool, risk: SecurityRisk| Facts {
                affected_users: users,
                degrades_service: degrades,
                security_risk: risk,
                category: category.to_owned(),
            };
            for (at, &affected) in users.iter().enumerate() {
                for degrades in [false, true] {
                    for risk in SecurityRisk::ALL {
                        let here = self.assess(&facts(affected, degrades, risk));
                        let mut worse = Vec::new();
                        if let Some(&more) = users.get(at + 1) {
                            worse.push((facts(more, degrades, risk), "more users"));
                        }
                        if !degrades {
                            worse.push((facts(affected, true, risk), "a degraded service"));
                        }
                        if let Some(higher) = risk.next() {
                            worse.push((facts(affected, degrades, higher), "a higher risk"));
                        }
                        for (worse, what) in worse {
                            let there = self.assess(&worse);
                            if there.priority < here.priority {
                                return Err(Refusal::Invalid {
                                    field: "rules",
                                    problem: format!(
                                        "{what} would lower the priority from {} (rule \"{}\") to {}",
                                        here.priority.key(),
                                        here.rule,
                                        there.priority.key(),
                                    ),
                                });
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// A ticket may name this many affected people at most.
pub const MOST_AFFECTED: u32 = 10_000_000;

impl Facts {
    /// Whether the facts can be true at all.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] on `affected_users` or `category`.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.affected_users < 1 || self.affected_users > MOST_AFFECTED {
            return Err(Refusal::Invalid {
                field: "affected_users",
                problem: format!("must be a number from 1 to {MOST_AFFECTED}"),
            });
        }
        if self.category.trim().is_empty() {
            return Err(Refusal::Invalid {
                field: "category",
                problem: "must be the key of a category, such as incident".to_owned(),
            });
        }
        Ok(())
    }
}
