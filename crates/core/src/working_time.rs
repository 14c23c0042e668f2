//! Working time: how long something takes when only working hours count
//! (domain section 7: a working day is 8 working hours).

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::id::Millis;
use crate::week::Week;

/// A working hour.
pub const HOUR_MS: Millis = 3_600_000;
/// A working day.
pub const DAY_MS: Millis = 8 * HOUR_MS;

/// Whoever works less than once in so many days never does.
const LOOK_AHEAD: usize = 4_000;

/// When a unit works.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    week: Week,
    holidays: BTreeSet<Date>,
}

impl Calendar {
    /// A calendar from what a unit says of itself: the IANA name of its zone,
    /// its week, its holidays as `2026-12-24`. What it did not say, or what can
    /// not be read, is as usual: UTC, Monday to Friday from 9 to 17, no
    /// holidays.
    pub fn new<'a>(
        zone: &str,
        week: Option<Week>,
        holidays: impl IntoIterator<Item = &'a str>,
    ) -> Calendar {
        Calendar {
            zone: TimeZone::get(zone.trim()).unwrap_or(TimeZone::UTC),
            week: week
                .filter(|w| !w.is_empty())
                .unwrap_or_else(|| Week::workdays((9 * 60, 17 * 60))),
            holidays: holidays
                .into_iter()
                .filter_map(|day| day.trim().parse().ok())
                .collect(),
        }
    }

    /// When `work` milliseconds of working time have passed after `from`. With
    /// none, `from` itself. A calendar of holidays alone never gets there:
    /// then it is the end of what was looked at, some ten years on.
    pub fn after(&self, from: Millis, work: Millis) -> Millis {
        let mut left = work;
        if left <= 0 {
            return from;
        }
        let Ok(begin) = Timestamp::from_millisecond(from) else {
            return from.saturating_add(work);
        };
        let mut day = begin.to_zoned_datetime(self.zone.clone()).date();
        let mut last = from;
        for _ in 0..LOOK_AHEAD {
            for (opens, closes) in self.stretches(day) {
                let (opens, closes) = (opens.max(from), closes.max(from));
                if closes - opens >= left {
                    return opens + left;
                }
                left -= closes - opens;
                last = last.max(closes);
            }
            let Ok(next) = day.checked_add(1.day()) else {
                break;
            };
            day = next;
        }
        last
    }

    /// The working hours of a day, as instants.
    fn stretches(&self, day: Date) -> Vec<(Millis, Millis)> {
        if self.holidays.contains(&day) {
            return Vec::new();
        }
        let index = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
        let at = |minutes: u32| {
            let time = day
                .at(0, 0, 0, 0)
                .checked_add(i64::from(minutes).minutes())
                .ok()?;
            let zoned = time.to_zoned_datetime(self.zone.clone()).ok()?;
            Some(zoned.timestamp().as_millisecond())
        };
        self.week.days()[index]
            .iter()
            .filter_map(|(from, to)| Some((at(*from)?, at(*to)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn usual(zone: &str) -> Calendar {
        Calendar::new(zone, None, [])
    }

    #[test]
    fn nights_and_weekends_do_not_count() {
        let c = usual("UTC");
        for (from, work, to) in [
            // Within a day.
            ("2026-09-21T10:00:00Z", HOUR_MS, "2026-09-21T11:00:00Z"),
            // Over the night: 16 to 17, then an hour of the next morning.
            ("2026-09-21T16:00:00Z", 2 * HOUR_MS, "2026-09-22T10:00:00Z"),
            // In the evening it begins with the next morning.
            ("2026-09-21T20:00:00Z", HOUR_MS, "2026-09-22T10:00:00Z"),
            // Friday afternoon to Monday.
            ("2026-09-25T16:00:00Z", 2 * HOUR_MS, "2026-09-28T10:00:00Z"),
            // A working day from noon is noon of the next.
            ("2026-09-21T12:00:00Z", DAY_MS, "2026-09-22T12:00:00Z"),
            ("2026-09-21T12:00:00Z", 5 * DAY_MS, "2026-09-28T12:00:00Z"),
        ] {
            assert_eq!(c.after(at(from), work), at(to), "{from} + {work}");
        }
    }

    #[test]
    fn it_is_the_units_own_time_with_its_holidays() {
        // 9 o'clock in Helsinki is 6 o'clock in summer and 7 in winter.
        let c = Calendar::new("Europe/Helsinki", None, ["2026-12-24", "no day"]);
        let from = at("2026-09-21T05:00:00Z");
        assert_eq!(c.after(from, HOUR_MS), at("2026-09-21T07:00:00Z"));
        let from = at("2026-12-23T14:30:00Z");
        assert_eq!(c.after(from, HOUR_MS), at("2026-12-25T07:30:00Z"));
        // Nobody knows where that is.
        let c = Calendar::new("Middle/Earth", Some(Week::default()), []);
        let from = at("2026-09-21T05:00:00Z");
        assert_eq!(c.after(from, HOUR_MS), at("2026-09-21T10:00:00Z"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn more_work_ends_later_and_never_before_it_began(
            from in 0_i64..4_000_000_000_000, a in 0_i64..40 * DAY_MS, b in 0_i64..40 * DAY_MS
        ) {
            let c = usual("Europe/Rome");
            let (one, both) = (c.after(from, a), c.after(from, a + b));
            prop_assert!(from <= one && one <= both);
            // In two goes it takes as long as in one.
            prop_assert_eq!(c.after(one, b), both);
        }
    }
}
