//! The clocks of a ticket, as a fold over its history (domain section 7).
//!
//! [`Clocks`] takes a ticket's events one by one and gives out each [`Leg`] that
//! ends with them: when a clock began, against which promise, whose turn it was
//! meanwhile, and how it ended. Legs hold moments only. How much *working* time
//! that was, and when it is or was due, says [`Leg::figure`] for the calendars
//! and targets that it is given. Nothing here asks what time it is.
//!
//! | clock | begins | ends | how often |
//! |---|---|---|---|
//! | assignment | when the ticket comes new to first level | it is taken, or given to a unit | once |
//! | response | when a unit is given the ticket | the first status other than *assigned*, or the re-assignment | once per stay in a unit |
//! | answer | when a unit has the ticket | the first public word of a human of the support side, the solution, or the re-assignment | once per stay in a unit |
//! | reply | when somebody owns the ticket | as *answer* | once per stay, if there was no answer yet |
//! | silence | with each update | with the next one | as often |
//! | solution | with the first assignment, and anew when reopened | solved or unsolved | once per round |
//!
//! The priority that counts is the one the ticket has when a clock begins:
//! a promise is not shortened after it was given. The clocks that begin later
//! know the new one. A ticket that is merged into another ends all of its
//! clocks; they are neither kept nor broken then.

mod figure;
mod leg;

pub use figure::{Due, Figure, Terms, UnitTerms};
pub use leg::{Ending, Leg, Slice};

use serde::{Deserialize, Serialize};

use crate::change::{Change, EntryFacts};
use crate::id::{Millis, UnitId};
use crate::status::Status;
use crate::target::TargetKind;
use crate::ticket::EntryVisibility;
use crate::triage::Priority;
use crate::turn::Turn;

/// What moves the clocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Happened<'a> {
    /// A change of the ticket, as it is stored.
    Change(&'a Change),
    /// The request was handed to a partner's system or mailing list; it is
    /// their turn until they answer or the ticket goes elsewhere.
    Handed,
    /// The partner has answered or given it back.
    Back,
}

impl<'a> From<&'a Change> for Happened<'a> {
    fn from(change: &'a Change) -> Happened<'a> {
        Happened::Change(change)
    }
}

/// What ended with an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ended {
    /// Clocks.
    pub legs: Vec<Leg>,
    /// Whose turn it was until now.
    pub turns: Vec<Slice>,
}

/// The clocks of one ticket as they stand after its events so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clocks {
    status: Status,
    unit: UnitId,
    /// What the rules gave.
    assessed: Priority,
    /// First level's word against it.
    overruled: Option<Priority>,
    /// It lies with a partner.
    handed: bool,
    /// When the last event was. A ticket's time never runs backwards, even when
    /// the clock of the machine did.
    last: Millis,
    /// Stays in units so far.
    stay: u32,
    /// How often it was opened: 1, and one more each time it is reopened.
    round: u32,
    /// Updates so far.
    updates: u32,
    /// The response clock of this stay has begun.
    responding: bool,
    /// The reply clock of this stay has begun.
    owned: bool,
    /// Whose turn it is, since when.
    turn: Slice,
    running: Vec<Leg>,
}

impl Clocks {
    /// The clocks after a ticket's first event; `None` when that is not
    /// [`Change::Opened`].
    pub fn opened(change: &Change, at: Millis) -> Option<Clocks> {
        let Change::Opened {
            unit, assessment, ..
        } = change
        else {
            return None;
        };
        let mut clocks = Clocks {
            status: Status::New,
            unit: *unit,
            assessed: assessment.priority,
            overruled: None,
            handed: false,
            last: at,
            stay: 1,
            round: 1,
            updates: 0,
            responding: false,
            owned: false,
            turn: Slice {
                turn: Turn::Owner,
                unit: *unit,
                from: at,
                to: None,
            },
            running: Vec::new(),
        };
        clocks.begin(TargetKind::Assignment, 1, at);
        clocks.begin(TargetKind::Answer, 1, at);
        clocks.begin(TargetKind::Silence, 1, at);
        Some(clocks)
    }

    /// The clocks after all of a ticket's events, oldest first, and everything
    /// that ended on the way; `None` when they do not begin with
    /// [`Change::Opened`].
    pub fn replay<'a>(
        events: impl IntoIterator<Item = (Happened<'a>, Millis)>,
    ) -> Option<(Clocks, Ended)> {
        let mut events = events.into_iter();
        let (Happened::Change(first), at) = events.next()? else {
            return None;
        };
        let mut clocks = Clocks::opened(first, at)?;
        let mut ended = Ended::default();
        for (happened, at) in events {
            let step = clocks.apply(happened, at);
            ended.legs.extend(step.legs);
            ended.turns.extend(step.turns);
        }
        Some((clocks, ended))
    }

    /// The clocks that run now.
    pub fn running(&self) -> &[Leg] {
        &self.running
    }

    /// Whose turn it is, in which unit, since when.
    pub fn turn(&self) -> &Slice {
        &self.turn
    }

    /// When the last event was, by a time that never runs backwards.
    pub fn last(&self) -> Millis {
        self.last
    }

    /// The priority in force.
    pub fn priority(&self) -> Priority {
        self.overruled.unwrap_or(self.assessed)
    }

    /// Lets one event happen, and says what ended with it.
    pub fn apply(&mut self, happened: Happened<'_>, at: Millis) -> Ended {
        let at = at.max(self.last);
        self.last = at;
        let mut ended = Ended::default();
        match happened {
            Happened::Handed => self.handed = self.status.is_open(),
            Happened::Back => self.handed = false,
            Happened::Change(change) => self.change(change, at, &mut ended),
        }
        self.turn_over(at, &mut ended);
        ended
    }

    fn change(&mut self, change: &Change, at: Millis, ended: &mut Ended) {
        match change {
            Change::StatusSet { old: _, new, .. } => self.set_status(*new, at, ended),
            Change::UnitSet { new, .. } => self.set_unit(*new, at, ended),
            Change::OwnerSet { new, .. } => {
                let waits = self.running.iter().any(|l| l.kind == TargetKind::Answer);
                if new.is_some() && waits && !self.owned {
                    self.owned = true;
                    self.begin(TargetKind::Reply, self.stay, at);
                }
                self.update(at, ended);
            }
            Change::EntryAdded { entry } if is_human_answer(entry) => self.answer(at, ended),
            Change::MasterEntry { .. } => self.answer(at, ended),
            Change::FactsSet { assessment, .. } => self.assessed = assessment.priority,
            Change::PriorityOverruled { new, .. } => {
                self.overruled = new.as_ref().map(|o| o.priority);
            }
            _ => {}
        }
    }

    /// Somebody of the support side has said something in public.
    fn answer(&mut self, at: Millis, ended: &mut Ended) {
        for kind in [TargetKind::Answer, TargetKind::Reply] {
            self.end(kind, at, Ending::Answered, ended);
        }
        self.update(at, ended);
    }

    fn set_status(&mut self, new: Status, at: Millis, ended: &mut Ended) {
        let old = std::mem::replace(&mut self.status, new);
        if !new.is_open() {
            self.handed = false;
            if old.is_open() {
                self.finish(old, at, ended);
            }
            return;
        }
        if !old.is_open() {
            self.round += 1;
            if new == Status::New {
                // It came back from a merge.
                self.begin(TargetKind::Assignment, self.stay, at);
            } else {
                self.begin(TargetKind::Solution, self.round, at);
            }
            self.update(at, ended);
            return;
        }
        if new != Status::New {
            self.end(TargetKind::Assignment, at, Ending::Taken, ended);
            if old == Status::New && new == Status::Assigned && !self.responding {
                // It came to its unit with its opening.
                self.respond(at);
            }
            self.begin_solution(at);
        }
        if new != Status::Assigned {
            self.end(TargetKind::Response, at, Ending::Taken, ended);
        }
        self.update(at, ended);
    }

    fn set_unit(&mut self, new: UnitId, at: Millis, ended: &mut Ended) {
        for kind in [
            TargetKind::Assignment,
            TargetKind::Response,
            TargetKind::Answer,
            TargetKind::Reply,
        ] {
            self.end(kind, at, Ending::HandedOn, ended);
        }
        self.unit = new;
        self.stay += 1;
        self.handed = false;
        self.responding = false;
        self.owned = false;
        if !self.status.is_open() {
            return;
        }
        self.respond(at);
        self.begin(TargetKind::Answer, self.stay, at);
        self.begin_solution(at);
        self.update(at, ended);
        for leg in &mut self.running {
            leg.unit = new;
        }
    }

    /// The unit has been given the ticket.
    fn respond(&mut self, at: Millis) {
        self.responding = true;
        self.begin(TargetKind::Response, self.stay, at);
    }

    fn begin_solution(&mut self, at: Millis) {
        if !self.running.iter().any(|l| l.kind == TargetKind::Solution) {
            self.begin(TargetKind::Solution, self.round, at);
        }
    }

    /// An open ticket is closed: nothing runs any more.
    fn finish(&mut self, old: Status, at: Millis, ended: &mut Ended) {
        let solved = matches!(self.status, Status::Solved | Status::Unsolved);
        if solved && old == Status::New {
            // First level had it from the beginning and gave it to nobody.
            let new = |leg: &&Leg| leg.kind == TargetKind::Assignment;
            if let Some(whole) = self.running.iter().find(new).cloned() {
                self.running.push(Leg {
                    kind: TargetKind::Solution,
                    nth: self.round,
                    ..whole
                });
            }
        }
        let how = if solved {
            Ending::Solved
        } else {
            Ending::Withdrawn
        };
        for leg in std::mem::take(&mut self.running) {
            keep(leg, at, how, ended);
        }
    }

    /// Something happened that ends the silence.
    fn update(&mut self, at: Millis, ended: &mut Ended) {
        if !self.status.is_open() {
            return;
        }
        self.end(TargetKind::Silence, at, Ending::Updated, ended);
        self.updates += 1;
        self.begin(TargetKind::Silence, self.updates + 1, at);
    }

    fn begin(&mut self, kind: TargetKind, nth: u32, at: Millis) {
        self.running.push(Leg {
            kind,
            unit: self.unit,
            priority: self.priority(),
            nth,
            from: at,
            slices: vec![Slice {
                turn: self.whose(),
                unit: self.unit,
                from: at,
                to: None,
            }],
            end: None,
        });
    }

    fn end(&mut self, kind: TargetKind, at: Millis, how: Ending, ended: &mut Ended) {
        if let Some(index) = self.running.iter().position(|l| l.kind == kind) {
            keep(self.running.remove(index), at, how, ended);
        }
    }

    /// Whose turn it is by status and partner.
    fn whose(&self) -> Turn {
        match self.status {
            Status::Verified | Status::Closed => Turn::Nobody,
            Status::Solved | Status::Unsolved | Status::Waiting => Turn::Requester,
            _ if self.handed => Turn::Partner,
            _ => Turn::Owner,
        }
    }

    /// After an event: cuts what runs where the turn or the unit changed.
    fn turn_over(&mut self, at: Millis, ended: &mut Ended) {
        let (turn, unit) = (self.whose(), self.unit);
        for leg in &mut self.running {
            leg.cut(turn, unit, at);
        }
        if (self.turn.turn, self.turn.unit) == (turn, unit) {
            return;
        }
        let next = Slice {
            turn,
            unit,
            from: at,
            to: None,
        };
        let before = std::mem::replace(&mut self.turn, next);
        if before.from < at {
            ended.turns.push(Slice {
                to: Some(at),
                ..before
            });
        }
    }
}

/// Notes a clock that ended. One that began in the same moment tells nothing,
/// unless it is about a deed that really took no time.
fn keep(mut leg: Leg, at: Millis, how: Ending, ended: &mut Ended) {
    let empty = matches!(leg.kind, TargetKind::Assignment | TargetKind::Silence);
    if empty && leg.from == at {
        return;
    }
    leg.close(at, how);
    ended.legs.push(leg);
}

/// A public word of the support side that a machine did not say.
fn is_human_answer(entry: &EntryFacts) -> bool {
    entry.visibility == EntryVisibility::Public && !entry.by_requester && !entry.automatic
}
