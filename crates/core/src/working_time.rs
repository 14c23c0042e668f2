//! Working time: how long something takes when only working hours count
//! (domain section 7: a working day is 8 working hours).
//!
//! A moment is working time when the clock on the unit's wall shows working
//! hours then: of two hours that an autumn night has twice, both count, and the
//! one that a spring night lacks does not.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};

use crate::id::Millis;
use crate::special_day::SpecialDay;
use crate::week::{Stretch, Week};

/// A working hour.
pub const HOUR_MS: Millis = 3_600_000;
/// A working day.
pub const DAY_MS: Millis = 8 * HOUR_MS;

const MINUTE: Millis = 60_000;
/// A day of the wall's clock.
const CIVIL_DAY: Millis = 24 * 60 * MINUTE;
/// What is not done after so long is never done: some sixty years.
const LOOK_AHEAD: Millis = 22_000 * CIVIL_DAY;

/// When a unit works: its hours of a week in its time zone, and the days that
/// are otherwise.
///
/// Between two changes of the clocks the wall's time only stands apart from UTC,
/// so working time is counted there by weeks, days and hours of the wall, with
/// the special days as corrections. What that costs depends on the number of
/// clock changes in between, not on the length.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    week: Week,
    /// Of days since 1970: what is worked then in place of the week's hours.
    special: BTreeMap<i64, Vec<Stretch>>,
    /// For each special day, in order: what all of them so far add to (or take
    /// from) the hours of the week.
    corrections: Vec<(i64, Millis)>,
    /// Of Monday to Sunday: what is worked in the days of the week before it;
    /// last the whole week.
    before: [Millis; 8],
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
        let week = week
            .filter(|w| !w.is_empty())
            .unwrap_or_else(|| Week::workdays((9 * 60, 17 * 60)));
        let mut before = [0; 8];
        for (day, hours) in week.days().iter().enumerate() {
            before[day + 1] = before[day] + length(hours);
        }
        let mut calendar = Calendar {
            zone: TimeZone::get(zone.trim()).unwrap_or(TimeZone::UTC),
            week,
            special: holidays
                .into_iter()
                .filter_map(|day| Some((number(day.trim().parse().ok()?)?, Vec::new())))
                .collect(),
            corrections: Vec::new(),
            before,
        };
        calendar.correct();
        calendar
    }

    /// The same with days that have hours of their own. They win over the week
    /// and over holidays, so a unit can be open on one.
    #[must_use]
    pub fn with<'a>(mut self, days: impl IntoIterator<Item = &'a SpecialDay>) -> Calendar {
        for day in days {
            if let Some(number) = number(day.date()) {
                self.special.insert(number, day.hours().to_vec());
            }
        }
        self.correct();
        self
    }

    /// The time zone of its hours.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether the unit works at this moment. What closes at 17:00 is closed at
    /// 17:00.
    pub fn is_open(&self, at: Millis) -> bool {
        let local = at.saturating_add(self.offset(at));
        let minute = local.rem_euclid(CIVIL_DAY);
        self.hours(local.div_euclid(CIVIL_DAY))
            .iter()
            .any(|(from, to)| (ms(*from)..ms(*to)).contains(&minute))
    }

    /// When `work` milliseconds of working time have passed after `from`; at a
    /// closing hour it is that, not the next opening. With none, `from` itself.
    /// A calendar that never gets there gives the end of what was looked at,
    /// some sixty years on.
    pub fn after(&self, from: Millis, work: Millis) -> Millis {
        let mut left = work;
        if left <= 0 {
            return from;
        }
        let end = from.saturating_add(LOOK_AHEAD);
        for piece in self.pieces(from, end) {
            let begun = self.worked(piece.local(piece.from));
            let have = self.worked(piece.local(piece.to)) - begun;
            if have >= left {
                return self.reached(&piece, begun + left);
            }
            left -= have;
        }
        end
    }

    /// How much working time lies between two moments, in milliseconds; none
    /// when the second is not later.
    pub fn between(&self, from: Millis, to: Millis) -> Millis {
        self.pieces(from, to)
            .map(|piece| self.worked(piece.local(piece.to)) - self.worked(piece.local(piece.from)))
            .sum()
    }

    /// Sums up the corrections.
    fn correct(&mut self) {
        let mut sum = 0;
        self.corrections.clear();
        for (day, hours) in &self.special {
            sum += length(hours) - length(&self.week.days()[weekday(*day)]);
            self.corrections.push((*day, sum));
        }
    }

    /// The hours of a day.
    fn hours(&self, day: i64) -> &[Stretch] {
        self.special
            .get(&day)
            .unwrap_or(&self.week.days()[weekday(day)])
    }

    /// What is worked before a day begins, counted from a moment that is the
    /// same for all: only differences mean something.
    fn worked_before(&self, day: i64) -> Millis {
        // 1970 began on a Thursday.
        let week = (day + 3).div_euclid(7);
        let so_far = self.corrections.partition_point(|(d, _)| *d < day);
        let corrected = match so_far {
            0 => 0,
            n => self.corrections[n - 1].1,
        };
        week * self.before[7] + self.before[weekday(day)] + corrected
    }

    /// The same up to a moment of the wall's clock.
    fn worked(&self, local: Millis) -> Millis {
        let (day, time) = (local.div_euclid(CIVIL_DAY), local.rem_euclid(CIVIL_DAY));
        let today: Millis = self
            .hours(day)
            .iter()
            .map(|(from, to)| (time.min(ms(*to)) - ms(*from)).max(0))
            .sum();
        self.worked_before(day) + today
    }

    /// The first moment of a piece at which so much has been worked. It is in
    /// there.
    fn reached(&self, piece: &Piece, goal: Millis) -> Millis {
        let mut low = piece.local(piece.from).div_euclid(CIVIL_DAY);
        let mut high = piece.local(piece.to).div_euclid(CIVIL_DAY);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.worked_before(middle + 1) >= goal {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        let mut left = goal - self.worked_before(low);
        let mut at = low * CIVIL_DAY;
        for (from, to) in self.hours(low) {
            let long = ms(*to) - ms(*from);
            if long >= left {
                at += ms(*from) + left;
                break;
            }
            left -= long;
        }
        at - piece.offset
    }

    fn offset(&self, at: Millis) -> Millis {
        Millis::from(self.zone.to_offset(timestamp(at)).seconds()) * 1_000
    }

    /// The time between two moments, cut where the clocks change.
    fn pieces(&self, from: Millis, to: Millis) -> impl Iterator<Item = Piece> {
        let last = Timestamp::MAX.as_millisecond();
        let to = to.min(last);
        let mut next = from.max(Timestamp::MIN.as_millisecond());
        std::iter::from_fn(move || {
            if next >= to {
                return None;
            }
            let (from, offset) = (next, self.offset(next));
            next = self
                .zone
                .following(timestamp(from))
                .next()
                .map_or(to, |change| change.timestamp().as_millisecond().min(to));
            Some(Piece {
                from,
                to: next,
                offset,
            })
        })
    }
}

/// A stretch of time in which the clocks do not change.
#[derive(Debug, Clone, Copy)]
struct Piece {
    from: Millis,
    to: Millis,
    /// What the wall is ahead of UTC.
    offset: Millis,
}

impl Piece {
    /// What the clock on the wall shows, as if it were UTC.
    fn local(&self, at: Millis) -> Millis {
        at + self.offset
    }
}

/// The nearest moment that the calendar knows.
fn timestamp(at: Millis) -> Timestamp {
    let fallback = if at < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_millisecond(at).unwrap_or(fallback)
}

fn ms(minutes: u32) -> Millis {
    Millis::from(minutes) * MINUTE
}

fn length(hours: &[Stretch]) -> Millis {
    hours.iter().map(|(from, to)| ms(*to) - ms(*from)).sum()
}

/// Monday is 0.
fn weekday(day: i64) -> usize {
    usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0)
}

/// Days since 1970.
fn number(date: Date) -> Option<i64> {
    let span = Date::new(1970, 1, 1).ok()?.until((Unit::Day, date)).ok()?;
    Some(i64::from(span.get_days()))
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

    #[test]
    fn a_day_of_its_own_hours_wins_over_the_week_and_over_a_holiday() {
        let days: Vec<SpecialDay> = [
            "2026-12-24 09:00-12:00 half a day",
            "2026-12-26 10:00-11:00 a Saturday",
            "2026-12-25 13:00-14:00 open on the holiday",
            "2026-12-28 closed",
        ]
        .iter()
        .map(|line| SpecialDay::parse(line).unwrap())
        .collect();
        let c = Calendar::new("UTC", None, ["2026-12-25", "2026-12-29"]).with(&days);
        let (from, to) = (at("2026-12-24T00:00:00Z"), at("2026-12-31T00:00:00Z"));
        // 3 + 1 + 1 on the days of their own, nothing on the 27th to the 29th,
        // 8 on the 30th.
        assert_eq!(c.between(from, to), 13 * HOUR_MS);
        for (work, until) in [
            (3 * HOUR_MS, "2026-12-24T12:00:00Z"),
            (3 * HOUR_MS + 1, "2026-12-25T13:00:00.001Z"),
            (5 * HOUR_MS, "2026-12-26T11:00:00Z"),
            (6 * HOUR_MS, "2026-12-30T10:00:00Z"),
        ] {
            assert_eq!(c.after(from, work), at(until), "{work}");
        }
        assert!(c.is_open(at("2026-12-24T11:59:59Z")));
        assert!(!c.is_open(at("2026-12-24T12:00:00Z")));
        assert!(!c.is_open(at("2026-12-28T10:00:00Z")));
        assert!(c.is_open(at("2026-12-30T09:00:00Z")));
    }

    #[test]
    fn a_night_counts_as_long_as_it_is() {
        let night = Week::parse("Mon-Sun 01:00-04:00").unwrap();
        let c = Calendar::new("Europe/Berlin", Some(night), []);
        let hours = |from, to| c.between(at(from), at(to)) / HOUR_MS;
        assert_eq!(hours("2027-03-27T12:00:00Z", "2027-03-28T12:00:00Z"), 2);
        assert_eq!(hours("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"), 4);
        // Hours that a spring night lacks end when it jumps over them.
        let lost = Week::parse("Mon-Sun 01:30-02:30").unwrap();
        let c = Calendar::new("Europe/Berlin", Some(lost), []);
        let from = at("2027-03-27T12:00:00Z");
        assert_eq!(c.between(from, at("2027-03-28T12:00:00Z")), HOUR_MS / 2);
        assert_eq!(c.after(from, HOUR_MS / 2), at("2027-03-28T01:00:00Z"));
        assert_eq!(
            c.after(from, HOUR_MS / 2 + 1),
            at("2027-03-28T23:30:00.001Z")
        );
    }

    #[test]
    fn what_never_comes_and_what_lies_beyond_all_calendars_ends() {
        let c = usual("UTC");
        assert_eq!(c.after(0, i64::MAX), LOOK_AHEAD);
        assert_eq!(c.after(5, 0), 5);
        assert_eq!(c.between(10, 10), 0);
        assert_eq!(c.between(i64::MAX, i64::MIN), 0);
        assert!(c.between(i64::MIN, i64::MAX) > 0);
        for odd in [i64::MIN, i64::MAX] {
            assert!(c.after(odd, HOUR_MS) >= odd);
            assert!(!usual("Europe/Rome").is_open(odd) || odd > 0);
        }
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
