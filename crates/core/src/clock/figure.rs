//! What a clock shows: working time, due time, colour.

use std::collections::BTreeMap;

use super::{Clocks, Leg, Slice};
use crate::id::{Millis, UnitId};
use crate::target::{Light, TargetKind, TargetSet, Within};
use crate::turn::Turn;
use crate::working_time::Calendar;

/// When and how well a unit works.
#[derive(Debug, Clone)]
pub struct UnitTerms {
    /// When it works.
    pub calendar: Calendar,
    /// The key of its quality of support.
    pub quality: String,
    /// The unit stands for a partner, who works in a system of their own: while
    /// it has the ticket, it is the partner's turn.
    pub partner: bool,
}

/// What is promised, and by whom.
#[derive(Debug, Clone)]
pub struct Terms {
    /// By unit. Who is missing works as usual, with the usual quality.
    pub units: BTreeMap<UnitId, UnitTerms>,
    /// The targets of each quality.
    pub targets: TargetSet,
    usual: UnitTerms,
}

impl Terms {
    /// These units with these targets.
    pub fn new(units: BTreeMap<UnitId, UnitTerms>, targets: TargetSet) -> Terms {
        Terms {
            units,
            targets,
            usual: UnitTerms {
                calendar: Calendar::new("UTC", None, []),
                quality: String::new(),
                partner: false,
            },
        }
    }

    /// When and how well a unit works.
    pub fn unit(&self, unit: UnitId) -> &UnitTerms {
        self.units.get(&unit).unwrap_or(&self.usual)
    }

    fn calendar(&self, unit: UnitId) -> &Calendar {
        &self.unit(unit).calendar
    }

    /// Whose turn it really is: a partner's unit is the partner.
    pub fn whose(&self, slice: &Slice) -> Turn {
        match slice.turn {
            Turn::Owner if self.unit(slice.unit).partner => Turn::Partner,
            turn => turn,
        }
    }

    /// How long it was somebody's turn until `now`: in calendar time, and in the
    /// working time of the units that held the ticket.
    pub fn held<'a>(
        &self,
        slices: impl IntoIterator<Item = &'a Slice>,
        turn: Turn,
        now: Millis,
    ) -> (Millis, Millis) {
        slices
            .into_iter()
            .filter(|slice| self.whose(slice) == turn)
            .map(|slice| {
                let to = slice.to.unwrap_or(now).max(slice.from);
                let working = self.calendar(slice.unit).between(slice.from, to);
                (to - slice.from, working)
            })
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }
}

/// What a clock shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Within which working time it was promised; `None`: not promised.
    pub within: Option<Within>,
    /// The working time so far, without what the promise leaves out.
    pub used: Millis,
    /// The calendar time so far.
    pub elapsed: Millis,
    /// When half is used up (or was, or would have been, had it not ended);
    /// `None`: not promised, or the clock stands still before that.
    pub half: Option<Millis>,
    /// When three quarters are used up; `None` as for `half`.
    pub warn: Option<Millis>,
    /// When all is used up; `None` as for `half`.
    pub due: Option<Millis>,
    /// How far it is used up; `None`: not promised.
    pub light: Option<Light>,
    /// The clock stands still, because it is the turn of somebody whose time is
    /// left out.
    pub still: bool,
}

impl Figure {
    /// The target was missed, or is being missed.
    pub fn is_overdue(&self) -> bool {
        self.light == Some(Light::Overdue)
    }
}

impl Leg {
    /// What the clock shows at `now`; once it has ended, always the same.
    pub fn figure(&self, terms: &Terms, now: Millis) -> Figure {
        let quality = terms.targets.quality(&terms.unit(self.unit).quality);
        let promise = quality.map(|q| q.promise(self.kind));
        let within = promise.and_then(|p| p.within(self.priority));
        let counts =
            |slice: &&Slice| promise.is_none_or(|p| !p.leave_out.contains(&terms.whose(slice)));
        let end = self.end.map_or(now, |(at, _)| at).max(self.from);
        let used = self
            .slices
            .iter()
            .filter(counts)
            .map(|s| terms.calendar(s.unit).between(s.from, s.to.unwrap_or(end)))
            .sum();
        let at = |work| {
            let mut left = work;
            for (index, slice) in self.slices.iter().enumerate() {
                if !counts(&slice) {
                    continue;
                }
                let calendar = terms.calendar(slice.unit);
                let there = calendar.after(slice.from, left);
                // What ended early would have been due, had it gone on so.
                let to = slice.to.filter(|_| index + 1 < self.slices.len());
                match to {
                    Some(to) if there > to => left -= calendar.between(slice.from, to),
                    _ => return Some(there),
                }
            }
            None
        };
        Figure {
            within,
            used,
            elapsed: end - self.from,
            half: within.and_then(|w| at(w.half())),
            warn: within.and_then(|w| at(w.warning())),
            due: within.and_then(|w| at(w.ms())),
            light: within.map(|w| Light::of(used, w)),
            still: self.end.is_none() && self.slices.last().is_some_and(|slice| !counts(&slice)),
        }
    }
}

/// When the clock that is due first changes its colour. These are moments, so
/// whoever keeps them need not know calendars to tell the colour later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Which clock.
    pub clock: TargetKind,
    /// When half is used up.
    pub half: Millis,
    /// When three quarters are used up.
    pub warn: Millis,
    /// When all is used up.
    pub at: Millis,
}

impl Due {
    /// What a running clock is due; `None`: nothing is promised, or it stands
    /// still before that.
    pub fn of(clock: TargetKind, figure: &Figure) -> Option<Due> {
        Some(Due {
            clock,
            half: figure.half?,
            warn: figure.warn?,
            at: figure.due?,
        })
    }

    /// Its colour at `now`.
    pub fn light(&self, now: Millis) -> Light {
        if now >= self.at {
            Light::Overdue
        } else if now >= self.warn {
            Light::Warning
        } else if now >= self.half {
            Light::Half
        } else {
            Light::OnTime
        }
    }
}

impl Clocks {
    /// The clock that is due first; `None`: nothing is promised, or all that is
    /// stands still. It is the same whenever somebody looks, until the next
    /// event.
    pub fn due(&self, terms: &Terms) -> Option<Due> {
        self.running()
            .iter()
            .filter_map(|leg| Due::of(leg.kind, &leg.figure(terms, leg.from)))
            .min_by_key(|due| (due.at, due.clock))
    }
}
