//! Reports (domain section 7): what the histories of tickets amount to.
//!
//! Three steps, each a pure function of the one before:
//!
//! 1. [`Past`] is a fold over a ticket's history beside its [`Clocks`]: in which
//!    units it was, when it was open, and what each clock that ended showed. It is
//!    kept with the ticket, and by the whole history it is the same to the digit.
//! 2. [`Course`] joins it with what the ticket is now (unit, service, status …),
//!    and [`pack`] writes many of them into few bytes.
//! 3. [`Count`] takes courses one by one and gives the [`Answer`] to a
//!    [`Question`]; [`table`] puts it into the columns of each report.
//!
//! Times of clocks are working time in milliseconds, lifetimes and ages are calendar
//! time. A percentile is the smallest value that so many per cent of the values do
//! not exceed (nearest rank), and a mean is rounded down to the millisecond, so that
//! everybody who adds up the same values gets the same digits.

mod answer;
mod count;
mod course;
pub mod pack;
mod question;
pub mod table;

pub use answer::{AGES, Answer, Bucket, Clocked, Figures, Point, Series, Spread};
pub use count::Count;
pub use course::{Course, Dimension, Key, Span, Told, Word, Words};
pub use question::{Question, Seen, Step};

use crate::change::Change;
use crate::clock::{Clocks, Ended, Ending, Happened, Terms};
use crate::id::{Millis, UnitId};
use crate::status::Status;
use crate::target::TargetKind;
use crate::triage::Priority;

/// A stay of the ticket in a unit. It ends where the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// Where.
    pub unit: UnitId,
    /// From then.
    pub from: Millis,
}

/// A stretch of time in which the ticket was open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// From then: opened, or reopened.
    pub from: Millis,
    /// Until then; `None`: it is open.
    pub to: Option<Millis>,
    /// It ended with *solved* or *unsolved*, and not with a merge.
    pub solved: bool,
}

/// What a clock showed when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// Which clock; the silence is none of reports.
    pub clock: TargetKind,
    /// The unit that owed it.
    pub unit: UnitId,
    /// The priority when it began, against whose target it ran.
    pub priority: Priority,
    /// When it ended.
    pub ended: Millis,
    /// How.
    pub how: Ending,
    /// The working time that it took, without what the target leaves out.
    pub used: Millis,
    /// The target in working time; `None`: nothing was promised.
    pub within: Option<Millis>,
}

impl Measure {
    /// The target was missed.
    pub fn violated(&self) -> bool {
        self.within.is_some_and(|within| self.used >= within)
    }
}

/// What only the history of a ticket knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// In which units it was, in their order.
    pub stays: Vec<Stay>,
    /// When it was open.
    pub rounds: Vec<Round>,
    /// The clocks that ended, in the order in which they did.
    pub measures: Vec<Measure>,
}

impl Past {
    /// The past of a ticket that was just opened.
    pub fn opened(clocks: &Clocks) -> Past {
        let now = clocks.turn();
        Past {
            stays: vec![Stay {
                unit: now.unit,
                from: now.from,
            }],
            rounds: vec![Round {
                from: now.from,
                to: None,
                solved: false,
            }],
            measures: Vec::new(),
        }
    }

    /// Clocks and past after all of a ticket's events, oldest first, by these terms;
    /// `None` when they do not begin with [`Change::Opened`].
    pub fn replay<'a>(
        events: impl IntoIterator<Item = (Happened<'a>, Millis)>,
        terms: &Terms,
    ) -> Option<(Clocks, Past)> {
        let mut events = events.into_iter();
        let (Happened::Change(first), at) = events.next()? else {
            return None;
        };
        let mut clocks = Clocks::opened(first, at)?;
        let mut past = Past::opened(&clocks);
        for (happened, at) in events {
            past.go_on(&mut clocks, happened, at, terms);
        }
        Some((clocks, past))
    }

    /// Lets one event happen to the clocks, and notes what it ended.
    pub fn go_on(
        &mut self,
        clocks: &mut Clocks,
        happened: Happened<'_>,
        at: Millis,
        terms: &Terms,
    ) {
        let ended = clocks.apply(happened, at);
        if let Happened::Change(change) = happened {
            self.note(change, clocks.last());
        }
        self.measure(&ended, terms);
    }

    fn note(&mut self, change: &Change, at: Millis) {
        match change {
            Change::UnitSet { new, .. } => self.stays.push(Stay {
                unit: *new,
                from: at,
            }),
            Change::StatusSet { old, new, .. } if old.is_open() != new.is_open() => {
                if new.is_open() {
                    self.rounds.push(Round {
                        from: at,
                        to: None,
                        solved: false,
                    });
                } else if let Some(round) = self.rounds.last_mut() {
                    round.to = Some(at);
                    round.solved = matches!(new, Status::Solved | Status::Unsolved);
                }
            }
            _ => {}
        }
    }

    fn measure(&mut self, ended: &Ended, terms: &Terms) {
        for leg in &ended.legs {
            let Some((at, how)) = leg.end else { continue };
            if leg.kind == TargetKind::Silence || how == Ending::Withdrawn {
                continue;
            }
            let figure = leg.figure(terms, at);
            self.measures.push(Measure {
                clock: leg.kind,
                unit: leg.unit,
                priority: leg.priority,
                ended: at,
                how,
                used: figure.used,
                within: figure.within.map(crate::target::Within::ms),
            });
        }
    }
}
