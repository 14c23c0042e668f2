//! Who is on duty in a unit: a turn that goes round by the clock on the unit's wall,
//! stretches in which somebody stands in, and what the end of a shift brings.
//!
//! All follows from the plan as it is: at any moment there is one person on duty or
//! nobody, and shifts follow one upon the other.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::access::{Actor, Part};
use crate::command::Refusal;
use crate::id::{Millis, PersonId, UnitId};

/// An hour by the clock.
pub const HOUR_MS: Millis = 3_600_000;
/// The longest turn, in days.
pub const LONGEST_TURN: u16 = 28;
/// The longest time that somebody stands in, in days.
pub const LONGEST_SWAP: i64 = 92;
/// People of one plan.
pub const MOST_PEOPLE: usize = 50;
/// Before a shift ends, and after one began: the longest time of either kind, in hours.
pub const LONGEST_WAIT: u16 = 72;
/// Pieces that are looked at for one answer. A turn lasts a day or longer, so this is more
/// than a year, and more than all people of a plan twice.
const PIECES: usize = 500;

/// A turn that goes round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The day on which the first in the list begins.
    pub first: Date,
    /// When turns begin and end, in minutes after midnight.
    pub minute: u16,
    /// Days of a turn.
    pub days: u16,
    /// Who, in turn; nobody: from then on nobody is on duty.
    pub people: Vec<PersonId>,
}

impl Plan {
    /// Whether it can be kept.
    ///
    /// # Errors
    /// Names the field and says what would be right.
    pub fn check(&self) -> Result<(), Refusal> {
        let wrong = |field, problem: String| Err(Refusal::Invalid { field, problem });
        if !(2000..=2100).contains(&self.first.year()) {
            return wrong("first", "has to be a day between 2000 and 2100".into());
        }
        if self.minute >= 24 * 60 {
            return wrong("at", "has to be a time of the day, as 09:00".into());
        }
        if !(1..=LONGEST_TURN).contains(&self.days) {
            return wrong("days", format!("takes 1 to {LONGEST_TURN}"));
        }
        if self.people.len() > MOST_PEOPLE {
            return wrong("people", format!("takes {MOST_PEOPLE} people at most"));
        }
        Ok(())
    }

    /// When a turn begins. What the clocks leave out on that day begins as much later; what
    /// they have twice, at its first time.
    fn begins(&self, zone: &TimeZone, turn: i64) -> Millis {
        let days = turn.saturating_mul(i64::from(self.days));
        let (hour, minute) = (self.minute / 60, self.minute % 60);
        let date = i32::try_from(days)
            .ok()
            .filter(|days| days.abs() < 4_000_000)
            .and_then(|days| self.first.checked_add(days.days()).ok());
        let wall = date.map(|date| date.at(hour as i8, minute as i8, 0, 0));
        match wall.and_then(|wall| zone.to_timestamp(wall).ok()) {
            Some(stamp) => stamp.as_millisecond(),
            // Beyond all calendars.
            None if turn < 0 => Millis::MIN,
            None => Millis::MAX,
        }
    }

    /// Which turn it is at a moment, by the days on the wall.
    fn turn(&self, zone: &TimeZone, at: Millis) -> i64 {
        let Ok(stamp) = Timestamp::from_millisecond(at) else {
            return if at < 0 { i64::MIN / 64 } else { i64::MAX / 64 };
        };
        let today = zone.to_datetime(stamp).date();
        let passed = (today - self.first).get_days();
        // A turn later, and back to the one that has begun: a day that a zone left out makes
        // a turn of no length.
        let mut turn = i64::from(passed).div_euclid(i64::from(self.days.max(1))) + 1;
        for _ in 0..4 {
            if self.begins(zone, turn) <= at {
                break;
            }
            turn -= 1;
        }
        turn
    }
}

/// A stretch in which somebody is on duty in place of whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swap {
    /// Since when.
    pub from: Millis,
    /// Until when; not itself.
    pub until: Millis,
    /// Who.
    pub person: PersonId,
}

impl Swap {
    /// Whether it is one.
    ///
    /// # Errors
    /// Names the field and says what would be right.
    pub fn check(&self) -> Result<(), Refusal> {
        let long = self.until.saturating_sub(self.from);
        let problem = if long <= 0 {
            "has to be later than the begin".to_owned()
        } else if long > LONGEST_SWAP * 24 * HOUR_MS {
            format!("has to be at most {LONGEST_SWAP} days after the begin: change the turn")
        } else {
            return Ok(());
        };
        Err(Refusal::Invalid {
            field: "until",
            problem,
        })
    }
}

/// What puts somebody on duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Turn { plan: usize, turn: i64 },
    Swap(usize),
    Nothing,
}

/// A stretch without any change.
#[derive(Debug, Clone, Copy)]
struct Piece {
    source: Source,
    person: Option<PersonId>,
    planned: Option<PersonId>,
    from: Millis,
    until: Millis,
}

/// A stretch for which somebody is on duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Who.
    pub person: PersonId,
    /// Since when.
    pub from: Millis,
    /// Until when; not itself.
    pub until: Millis,
    /// Whose turn it would be at its begin; `None`: nobody's.
    pub planned: Option<PersonId>,
    /// By which of the stretches; `None`: by their turn.
    pub swap: Option<usize>,
}

/// Who is on duty in a unit when.
#[derive(Debug, Clone)]
pub struct Rota {
    zone: TimeZone,
    /// By their begin; each holds until the next.
    plans: Vec<(Millis, Plan, Vec<Option<PersonId>>)>,
    /// Of two that overlap the later in the list holds.
    swaps: Vec<Swap>,
    here: BTreeSet<PersonId>,
}

impl Rota {
    /// A rota. `zone`: the IANA name of the unit's zone, else UTC; `plans`: each holds from
    /// its first day until another begins; `swaps`: of two at one moment the later in the
    /// list holds; `here`: who is there to be on duty. In place of somebody who is not
    /// there comes who is next in the list, and everybody else keeps their turn.
    pub fn new(
        zone: &str,
        plans: impl IntoIterator<Item = Plan>,
        swaps: impl IntoIterator<Item = Swap>,
        here: BTreeSet<PersonId>,
    ) -> Rota {
        let zone = TimeZone::get(zone.trim()).unwrap_or(TimeZone::UTC);
        let mut plans: Vec<_> = plans
            .into_iter()
            .map(|plan| {
                let who = (0..plan.people.len())
                    .map(|place| {
                        let round = plan.people.iter().cycle().skip(place);
                        let mut round = round.take(plan.people.len());
                        round.find(|p| here.contains(p)).copied()
                    })
                    .collect();
                (plan.begins(&zone, 0), plan, who)
            })
            .collect();
        plans.sort_by_key(|(begin, plan, _)| (*begin, plan.first));
        Rota {
            zone,
            plans,
            swaps: swaps.into_iter().collect(),
            here,
        }
    }

    /// When a plan begins.
    pub fn begin(&self, plan: &Plan) -> Millis {
        plan.begins(&self.zone, 0)
    }

    /// The unit's zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Who is on duty at a moment.
    pub fn at(&self, at: Millis) -> Option<PersonId> {
        self.piece(at).person
    }

    /// What the turn says, whoever stands in.
    fn turn(&self, at: Millis) -> Piece {
        let begun = self.plans.partition_point(|(begin, ..)| *begin <= at);
        let next = self.plans.get(begun).map_or(Millis::MAX, |p| p.0);
        let nothing = |from| Piece {
            source: Source::Nothing,
            person: None,
            planned: None,
            from,
            until: next,
        };
        let Some(index) = begun.checked_sub(1) else {
            return nothing(Millis::MIN);
        };
        let (begin, plan, who) = &self.plans[index];
        let places = who.len() as i64;
        if places == 0 {
            return nothing(*begin);
        }
        let turn = plan.turn(&self.zone, at);
        let person = who[turn.rem_euclid(places) as usize];
        Piece {
            source: Source::Turn { plan: index, turn },
            person,
            planned: person,
            from: plan.begins(&self.zone, turn),
            until: plan.begins(&self.zone, turn + 1).min(next),
        }
    }

    fn piece(&self, at: Millis) -> Piece {
        let mut piece = self.turn(at);
        for (index, swap) in self.swaps.iter().enumerate() {
            if !self.here.contains(&swap.person) {
                continue;
            }
            if (swap.from..swap.until).contains(&at) {
                piece.source = Source::Swap(index);
                piece.person = Some(swap.person);
            }
            for edge in [swap.from, swap.until] {
                match edge <= at {
                    true => piece.from = piece.from.max(edge),
                    false => piece.until = piece.until.min(edge),
                }
            }
        }
        piece
    }

    /// The shift at a moment; `None`: nobody is on duty.
    pub fn shift(&self, at: Millis) -> Option<Shift> {
        let mut whole = self.piece(at);
        let person = whole.person?;
        for _ in 0..PIECES {
            let Some(before) = whole.from.checked_sub(1).map(|at| self.piece(at)) else {
                break;
            };
            if before.source != whole.source {
                break;
            }
            // Of somebody who stands in for several, whom they relieve first.
            (whole.from, whole.planned) = (before.from, before.planned);
        }
        for _ in 0..PIECES {
            let after = self.piece(whole.until);
            if after.source != whole.source || after.until <= whole.until {
                break;
            }
            whole.until = after.until;
        }
        Some(Shift {
            person,
            from: whole.from,
            until: whole.until,
            planned: whole.planned,
            swap: match whole.source {
                Source::Swap(index) => Some(index),
                _ => None,
            },
        })
    }

    /// The shifts from that of a moment on, as many as that, or until nobody comes any more.
    pub fn shifts(&self, from: Millis, most: usize) -> Vec<Shift> {
        let (mut shifts, mut at) = (Vec::new(), from);
        for _ in 0..PIECES {
            if shifts.len() >= most || at == Millis::MAX {
                break;
            }
            match self.shift(at) {
                Some(shift) => {
                    at = shift.until;
                    shifts.push(shift);
                }
                None => at = self.piece(at).until,
            }
        }
        shifts
    }

    /// When somebody else, or nobody, is on duty next after a moment, and who; `None`: never,
    /// or not within a year.
    pub fn next_change(&self, at: Millis) -> Option<(Millis, Option<PersonId>)> {
        let mut piece = self.piece(at);
        let now = piece.person;
        for _ in 0..PIECES {
            if piece.until == Millis::MAX {
                return None;
            }
            piece = self.piece(piece.until);
            if piece.person != now {
                return Some((piece.from, piece.person));
            }
        }
        None
    }

    /// Since when who is on duty at a moment has been, without a break; of who is on duty
    /// for longer than a year, some time within it.
    pub fn since(&self, at: Millis) -> Millis {
        let mut piece = self.piece(at);
        for _ in 0..PIECES {
            let Some(before) = piece.from.checked_sub(1).map(|at| self.piece(at)) else {
                break;
            };
            if before.person != piece.person {
                break;
            }
            piece = before;
        }
        piece.from
    }
}

/// What is known of who was on duty until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watch {
    /// Who was, when it was looked at last.
    pub held_by: Option<PersonId>,
    /// Since when.
    pub changed_at: Millis,
    /// Up to the end of which shift somebody was asked to write down what is going on.
    pub asked_for: Millis,
}

/// What time brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The shift of somebody ends soon: they are asked to write down what is going on.
    Ask {
        /// Whose.
        person: PersonId,
        /// Who comes then.
        next: PersonId,
        /// When it ends.
        at: Millis,
    },
    /// Somebody else is on duty.
    Change {
        /// Who was; `None`: nobody.
        from: Option<PersonId>,
        /// Since when they were.
        begun: Millis,
        /// Who is; `None`: nobody.
        to: Option<PersonId>,
        /// Since when.
        at: Millis,
    },
}

/// What is due by now, each once. What was done is in `watch` then. A clock that is behind
/// brings nothing that was done already; one that is ahead brings it early. Of several
/// changes that nobody looked at, as the desk stood still, it is one: from who was on duty
/// to who is.
pub fn steps(rota: &Rota, watch: &mut Watch, ask_ms: Millis, now: Millis) -> Vec<Step> {
    let mut steps = Vec::new();
    if now < watch.changed_at {
        return steps;
    }
    let to = rota.at(now);
    if to != watch.held_by {
        let since = rota.since(now);
        // When the plan was changed, and not the time come, it is from now on.
        let at = if since > watch.changed_at { since } else { now };
        steps.push(Step::Change {
            from: watch.held_by,
            begun: watch.changed_at,
            to,
            at,
        });
        (watch.held_by, watch.changed_at) = (to, at);
    }
    if let (Some(person), Some((at, Some(next)))) = (to, rota.next_change(now))
        && at.saturating_sub(ask_ms) <= now
        && watch.asked_for < at
    {
        steps.push(Step::Ask { person, next, at });
        watch.asked_for = at;
    }
    steps
}

/// When it has to be looked at again: at the next change or before it, when somebody is asked.
pub fn look_at(rota: &Rota, watch: &Watch, ask_ms: Millis, now: Millis) -> Option<Millis> {
    let (at, next) = rota.next_change(now)?;
    let asks = rota.at(now).is_some() && next.is_some() && watch.asked_for < at;
    Some(if asks { at.saturating_sub(ask_ms) } else { at })
}

/// Whether somebody may say who is on duty in a unit: its responsibles and administrators.
///
/// # Errors
/// Says who may.
pub fn may_plan(actor: &Actor, unit: UnitId) -> Result<(), Refusal> {
    if actor.admin || actor.is_system() || actor.in_unit(unit) == Some(Part::Responsible) {
        return Ok(());
    }
    Err(Refusal::Forbidden(
        "only responsibles of the unit and administrators say who is on duty".into(),
    ))
}

/// Whether somebody may put another on duty in this stretch: who may plan, and whose shift
/// all of it is.
///
/// # Errors
/// Says who may.
pub fn may_swap(actor: &Actor, unit: UnitId, rota: &Rota, swap: &Swap) -> Result<(), Refusal> {
    let theirs = || {
        let mut at = swap.from;
        for _ in 0..PIECES {
            if at >= swap.until {
                return true;
            }
            let piece = rota.piece(at);
            if piece.person.is_none() || piece.person != actor.person {
                return false;
            }
            at = piece.until;
        }
        false
    };
    may_plan(actor, unit).or_else(|_| match theirs() {
        true => Ok(()),
        false => Err(Refusal::Forbidden(
            "only responsibles of the unit, administrators and whose shift it is say who stands in"
                .into(),
        )),
    })
}
