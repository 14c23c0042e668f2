//! What is asked.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use super::{Dimension, Word};
use crate::access::Actor;
use crate::id::Millis;

/// How long the stretches of a timeline are, by the calendar in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// From midnight to midnight.
    Day,
    /// From Monday on.
    Week,
    /// From the first on.
    Month,
}

impl Step {
    /// All three.
    pub const ALL: [Step; 3] = [Step::Day, Step::Week, Step::Month];

    /// The word used in addresses.
    pub fn key(self) -> &'static str {
        match self {
            Step::Day => "day",
            Step::Week => "week",
            Step::Month => "month",
        }
    }

    /// Reads a key; `None` for anything else.
    pub fn parse(key: &str) -> Option<Step> {
        Step::ALL.into_iter().find(|s| s.key() == key)
    }

    /// What suits a range: at most some forty stretches.
    pub fn for_range(from: Millis, to: Millis) -> Step {
        let days = (to - from) / 86_400_000;
        if days <= 45 {
            Step::Day
        } else if days <= 200 {
            Step::Week
        } else {
            Step::Month
        }
    }

    fn begin(self, day: Date) -> Date {
        match self {
            Step::Day => day,
            Step::Week => {
                let back = i32::from(day.weekday().to_monday_zero_offset());
                day.checked_sub(back.days()).unwrap_or(day)
            }
            Step::Month => day.first_of_month(),
        }
    }

    fn next(self, day: Date) -> Date {
        let span = match self {
            Step::Day => 1.day(),
            Step::Week => 1.week(),
            Step::Month => 1.month(),
        };
        day.checked_add(span).unwrap_or(Date::MAX)
    }

    /// The bounds of the stretches from `from` to `to`: the first is `from`, the last is
    /// `to`, between them midnights of UTC. At most 1,000.
    pub fn bounds(self, from: Millis, to: Millis) -> Vec<Millis> {
        let mut bounds = vec![from];
        let Ok(first) = Timestamp::from_millisecond(from) else {
            return vec![from, to];
        };
        let mut day = self.begin(TimeZone::UTC.to_datetime(first).date());
        while bounds.len() <= 1_000 {
            day = self.next(day);
            let Ok(at) = day.to_zoned_datetime(TimeZone::UTC) else {
                break;
            };
            let at = at.timestamp().as_millisecond();
            if at >= to {
                break;
            }
            bounds.push(at);
        }
        bounds.push(to);
        bounds
    }
}

/// Whose reports these are: what may be counted in them (domain section 1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// All tickets that are not restricted: monitors, first level.
    pub all: bool,
    /// Restricted ones too: administrators, the desk itself.
    pub restricted: bool,
    /// The units they work in: their tickets, and what clocks of theirs showed.
    pub units: BTreeSet<Uuid>,
    /// The portals whose first level they are.
    pub portals: BTreeSet<Uuid>,
    /// The services of the providers whose contacts they are.
    pub services: BTreeSet<Uuid>,
}

impl Seen {
    /// What somebody's reports count. `services`: those of the providers whose contact
    /// they are.
    pub fn by(actor: &Actor, services: impl IntoIterator<Item = Uuid>) -> Seen {
        let everything = actor.admin || actor.is_system();
        let units = actor.units.iter().filter(|_| actor.support);
        Seen {
            all: everything || actor.monitor || actor.first_level(),
            restricted: everything,
            units: units.map(|m| m.unit.0).collect(),
            portals: actor.portals().map(|p| p.0).collect(),
            services: services.into_iter().collect(),
        }
    }

    /// Nothing at all is counted: there are no reports for them.
    pub fn is_nothing(&self) -> bool {
        !self.all && self.units.is_empty() && self.portals.is_empty() && self.services.is_empty()
    }
}

/// What is asked of the reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What happened from then on.
    pub from: Millis,
    /// Until before then.
    pub to: Millis,
    /// What time it is: what is open is looked at then, or at the end of the range if
    /// that is before.
    pub now: Millis,
    /// Only what has one of these words. A dimension that is not named is not looked at.
    pub only: Vec<(Dimension, BTreeSet<Word>)>,
    /// A row for each of its words.
    pub group: Dimension,
    /// How long the stretches of the timeline are.
    pub step: Step,
    /// The categories that stay out of reports.
    pub left_out: BTreeSet<Word>,
    /// Whose reports these are.
    pub seen: Seen,
}

impl Question {
    /// When it is looked at what is open.
    pub fn looked_at(&self) -> Millis {
        self.to.min(self.now)
    }

    /// Where the range before this one begins, which is as long.
    pub fn before(&self) -> Millis {
        self.from
            .saturating_sub(self.looked_at().max(self.from) - self.from)
    }

    /// From when on something may be to be counted.
    pub fn since(&self) -> Millis {
        self.before().min(self.looked_at())
    }
}
