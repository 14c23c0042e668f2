//! The values of one field, and which of them counts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::baton::Baton;
use super::field::{Field, Rule};
use super::origin::{DeskId, Name};
use crate::id::Millis;

/// One setting of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    /// The change.
    pub name: Name,
    /// Its tick.
    pub tick: u64,
    /// When, by its desk's clock.
    pub at: Millis,
    /// To what.
    pub value: String,
    /// The remote word behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// What it replaces.
    pub over: Vec<Name>,
    /// The turn of the baton that its desk knew of.
    pub turn: u64,
}

/// Everything that a field was ever set to. Which value counts follows from the
/// whole, and so does not depend on what came first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Register(BTreeMap<Name, Set>);

/// Why two values stand beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictReason {
    /// Two desks set it, and neither knew of the other's.
    AtOnce,
    /// It was set at a desk that did not have the baton.
    WithoutBaton,
}

/// Two values, both shown: the one that counts and one that does not. It is over
/// when somebody who saw both sets the field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Which field.
    pub field: Field,
    /// What counts; `None` when nothing was set rightly yet.
    pub counts: Option<Set>,
    /// What does not.
    pub other: Set,
    /// Why.
    pub reason: ConflictReason,
}

impl Register {
    pub(super) fn add(&mut self, set: Set) {
        self.0.insert(set.name.clone(), set);
    }

    /// Every setting, by name.
    pub fn sets(&self) -> impl Iterator<Item = &Set> {
        self.0.values()
    }

    /// Takes out the words of another system that are these; the values stay.
    pub(super) fn forget_words(&mut self, is: &impl Fn(&str) -> bool) {
        for set in self.0.values_mut() {
            set.raw = set.raw.take().filter(|raw| !is(raw));
        }
    }

    pub(super) fn erase(&mut self, name: &Name) {
        if let Some(set) = self.0.get_mut(name) {
            set.value.clear();
            set.raw = None;
        }
    }

    /// Who set it had the baton in the turn that they name.
    fn held(set: &Set, baton: &Baton) -> bool {
        baton.holder_in(set.turn) == Some(&set.name.desk)
    }

    /// The settings that none that counts has replaced.
    pub fn heads(&self, rule: Rule, baton: &Baton) -> Vec<&Set> {
        let counts = |set: &Set| rule != Rule::Holder || Self::held(set, baton);
        let replaced: BTreeSet<&Name> = self
            .0
            .values()
            .filter(|set| counts(set))
            .flat_map(|set| &set.over)
            .collect();
        self.0
            .values()
            .filter(|set| !replaced.contains(&set.name))
            .collect()
    }

    /// The setting that counts. With the holder's rule the latest of the latest
    /// turn; else of several heads the one whose desk had the baton, then the
    /// one with the higher tick, then the higher name. For [`Rule::Own`] ask
    /// [`Register::own`].
    pub fn current(&self, rule: Rule, baton: &Baton) -> Option<&Set> {
        match rule {
            Rule::Holder => self
                .0
                .values()
                .filter(|set| Self::held(set, baton))
                .max_by_key(|set| (set.turn, set.tick, &set.name)),
            Rule::Any | Rule::Own => self
                .heads(rule, baton)
                .into_iter()
                .max_by_key(|set| (Self::held(set, baton), set.tick, &set.name)),
        }
    }

    /// A desk's own value.
    pub fn own(&self, desk: &DeskId) -> Option<&Set> {
        self.0
            .values()
            .filter(|set| set.name.desk == *desk)
            .max_by_key(|set| set.name.seq)
    }

    /// Values that stand beside the one that counts.
    pub fn conflicts(&self, field: &Field, baton: &Baton) -> Vec<Conflict> {
        let rule = field.rule();
        if rule == Rule::Own {
            return Vec::new();
        }
        let current = self.current(rule, baton);
        self.heads(rule, baton)
            .into_iter()
            .filter(|set| current.is_none_or(|c| c.name != set.name))
            // Of the holder's own settings the last counts; an earlier one that
            // is still a head is history and no conflict.
            .filter(|set| rule != Rule::Holder || !Self::held(set, baton))
            .map(|set| Conflict {
                field: field.clone(),
                counts: current.cloned(),
                other: set.clone(),
                reason: match rule {
                    Rule::Holder => ConflictReason::WithoutBaton,
                    Rule::Any | Rule::Own => ConflictReason::AtOnce,
                },
            })
            .collect()
    }
}
