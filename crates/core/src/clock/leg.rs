//! One run of a clock.

use serde::{Deserialize, Serialize};

use crate::id::{Millis, UnitId};
use crate::target::TargetKind;
use crate::triage::Priority;
use crate::turn::Turn;

/// A stretch of time in which it was one side's turn in one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// Whose turn.
    pub turn: Turn,
    /// The unit that held the ticket.
    pub unit: UnitId,
    /// From then.
    pub from: Millis,
    /// Until then; `None`: it goes on.
    pub to: Option<Millis>,
}

/// How a clock ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The unit began to do something with the ticket.
    Taken,
    /// The ticket was given to another unit.
    HandedOn,
    /// A human answered.
    Answered,
    /// Something happened.
    Updated,
    /// The ticket was solved or unsolved.
    Solved,
    /// The ticket went into another: neither kept nor broken.
    Withdrawn,
}

impl Ending {
    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            Ending::Taken => "taken",
            Ending::HandedOn => "handed_on",
            Ending::Answered => "answered",
            Ending::Updated => "updated",
            Ending::Solved => "solved",
            Ending::Withdrawn => "withdrawn",
        }
    }
}

/// One run of a clock, from its beginning to its end or until now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// Which clock.
    pub kind: TargetKind,
    /// The unit that owes it: for a solution the one that holds the ticket.
    pub unit: UnitId,
    /// The ticket's priority when it began.
    pub priority: Priority,
    /// Of which stay in a unit, which round (solution) or which update
    /// (silence); from 1.
    pub nth: u32,
    /// When it began.
    pub from: Millis,
    /// Whose turn it was in which unit, without gaps.
    pub slices: Vec<Slice>,
    /// When it ended, and how; `None`: it runs.
    pub end: Option<(Millis, Ending)>,
}

impl Leg {
    /// From now on it is another's turn, or another unit has the ticket.
    pub(super) fn cut(&mut self, turn: Turn, unit: UnitId, at: Millis) {
        let Some(last) = self.slices.last_mut() else {
            return;
        };
        if (last.turn, last.unit) == (turn, unit) {
            return;
        }
        if last.from == at {
            // Nothing was in it. The one before may be the same as the new one.
            self.slices.pop();
            if let Some(before) = self.slices.last_mut()
                && (before.turn, before.unit) == (turn, unit)
            {
                before.to = None;
                return;
            }
        } else {
            last.to = Some(at);
        }
        self.slices.push(Slice {
            turn,
            unit,
            from: at,
            to: None,
        });
    }

    /// It ends.
    pub(super) fn close(&mut self, at: Millis, how: Ending) {
        if let Some(last) = self.slices.last_mut() {
            last.to = Some(at);
        }
        if self.slices.len() > 1 {
            self.slices.retain(|s| s.to != Some(s.from));
        }
        self.end = Some((at, how));
    }
}
