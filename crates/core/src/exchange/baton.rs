//! Who is responsible now.
//!
//! The baton has turns, counted from 0. In turn 0 the desk that opened the
//! ticket has it; whoever has it in one turn names who has it in the next. A desk
//! that passed it on knows that itself, so at no moment two desks believe that
//! they have it; while the news travels, none does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::origin::{DeskId, Name};

/// One passing of the baton.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// The change.
    pub name: Name,
    /// To whom.
    pub to: DeskId,
}

/// Every passing that is known of one ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baton {
    /// Who has it in each turn, as far as there is no gap.
    holders: Vec<DeskId>,
    /// By the turn that it began, then by name. More than one of a turn, or one
    /// by somebody who did not have it, is a fault of its desk.
    passes: BTreeMap<u64, Vec<Pass>>,
}

impl Baton {
    /// Turn 0.
    pub fn new(opener: DeskId) -> Baton {
        Baton {
            holders: vec![opener],
            passes: BTreeMap::new(),
        }
    }

    /// Takes a passing in. Order does not matter.
    pub(super) fn add(&mut self, turn: u64, pass: Pass) {
        let of_turn = self.passes.entry(turn).or_default();
        let place = of_turn.partition_point(|other| other.name < pass.name);
        of_turn.insert(place, pass);
        self.holders.truncate(1);
        while let Some(next) = self.next_holder() {
            self.holders.push(next);
        }
    }

    /// Of several that claim the same turn the lowest name counts, everywhere.
    fn next_holder(&self) -> Option<DeskId> {
        let now = self.holders.last()?;
        self.passes
            .get(&(self.holders.len() as u64))?
            .iter()
            .find(|pass| pass.name.desk == *now)
            .map(|pass| pass.to.clone())
    }

    /// The turn that is on.
    pub fn turn(&self) -> u64 {
        self.holders.len() as u64 - 1
    }

    /// Who has it, as far as is known here.
    pub fn holder(&self) -> &DeskId {
        // Never empty: turn 0 is there from the beginning.
        &self.holders[self.holders.len() - 1]
    }

    /// Who had it in the turn before this one; `None` in turn 0.
    pub fn before(&self) -> Option<&DeskId> {
        self.turn()
            .checked_sub(1)
            .and_then(|turn| self.holder_in(turn))
    }

    /// Who had it in a turn; `None` for turns that are not known yet.
    pub fn holder_in(&self, turn: u64) -> Option<&DeskId> {
        self.holders.get(usize::try_from(turn).ok()?)
    }

    /// Passings that do not count, with their turns: somebody passed on what
    /// they did not have, or the same turn twice. To be shown; an honest desk
    /// makes none. One whose turn is not reached yet may still turn out fine.
    pub fn faults(&self) -> impl Iterator<Item = (u64, &Pass)> {
        self.passes.iter().flat_map(move |(turn, passes)| {
            let before = turn.checked_sub(1).and_then(|t| self.holder_in(t));
            let counts = before.and_then(|b| passes.iter().find(|p| p.name.desk == *b));
            passes
                .iter()
                .filter(move |pass| {
                    (before.is_some() || *turn == 0) && counts.is_none_or(|c| c.name != pass.name)
                })
                .map(|pass| (*turn, pass))
        })
    }
}
