//! Which changes are known already.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::origin::{DeskId, Name};

/// The names of a ticket's changes that this desk has recorded. Small: of each
/// desk the number up to which all are known, and what came beyond a gap (by
/// another road, when three desks stand in a ring).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Known(BTreeMap<DeskId, Upto>);

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Upto {
    all: u64,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    beyond: BTreeSet<u64>,
}

impl Known {
    /// It is known.
    pub fn has(&self, name: &Name) -> bool {
        self.0
            .get(&name.desk)
            .is_some_and(|upto| name.seq <= upto.all || upto.beyond.contains(&name.seq))
    }

    /// Takes it in; `false` when it was known.
    pub fn add(&mut self, name: &Name) -> bool {
        if self.has(name) {
            return false;
        }
        let upto = self.0.entry(name.desk.clone()).or_default();
        upto.beyond.insert(name.seq);
        while upto.beyond.remove(&(upto.all + 1)) {
            upto.all += 1;
        }
        true
    }

    /// The number that a desk's next change gets.
    pub fn next(&self, desk: &DeskId) -> u64 {
        self.0.get(desk).map_or(1, |upto| {
            upto.beyond.last().copied().unwrap_or(upto.all) + 1
        })
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0
            .values()
            .map(|upto| upto.all + upto.beyond.len() as u64)
            .sum()
    }

    /// Something of a desk is missing between what is known.
    pub fn has_gaps(&self) -> bool {
        self.0.values().any(|upto| !upto.beyond.is_empty())
    }
}
