//! Working time against somebody who looks at the clock on the wall every
//! minute and counts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use switchboard_core::week::{Stretch, Week};
use switchboard_core::working_time::{Calendar, DAY_MS};
use switchboard_core::{Millis, SpecialDay};

/// Both hemispheres, half an hour of change, clocks that go back for Ramadan,
/// quarters of an hour, none at all, and an island that once left a day out.
const ZONES: [&str; 7] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Chatham",
    "Asia/Kolkata",
    "Pacific/Apia",
];
const MINUTE: Millis = 60_000;
/// How long somebody looks: 16 days.
const WINDOW: usize = 16 * 24 * 60;

fn at(text: &str) -> Millis {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// When a unit works, in the words of the test.
#[derive(Debug, Clone)]
struct Hours {
    zone: &'static str,
    week: Vec<Vec<Stretch>>,
    /// Days after the window's begin, and what is worked then.
    special: BTreeMap<i64, Vec<Stretch>>,
    holidays: BTreeSet<i64>,
}

impl Hours {
    /// What is worked on a day.
    fn on(&self, first: Date, date: Date) -> &[Stretch] {
        let day = i64::from(first.until(date).unwrap().get_days());
        let monday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap();
        match self.special.get(&day) {
            Some(own) => own,
            None if self.holidays.contains(&day) => &[],
            None => &self.week[monday],
        }
    }
}

/// What somebody who looks every minute has seen.
struct Seen {
    from: Millis,
    /// Whether each minute is worked in.
    open: Vec<bool>,
    /// Working minutes before each.
    before: Vec<Millis>,
}

impl Seen {
    fn look(hours: &Hours, from: Millis) -> Seen {
        let zone = TimeZone::get(hours.zone).unwrap();
        let first = date_at(&zone, from);
        let (mut open, mut before, mut sum) = (Vec::new(), Vec::new(), 0);
        let (mut date, mut today): (Option<Date>, &[Stretch]) = (None, &[]);
        for minute in 0..WINDOW {
            let now = from + Millis::try_from(minute).unwrap() * MINUTE;
            let wall = zone.to_datetime(Timestamp::from_millisecond(now).unwrap());
            if date != Some(wall.date()) {
                date = Some(wall.date());
                today = hours.on(first, wall.date());
            }
            let time = i64::from(wall.hour()) * 60 + i64::from(wall.minute());
            let works = today
                .iter()
                .any(|(from, to)| (i64::from(*from)..i64::from(*to)).contains(&time));
            open.push(works);
            before.push(sum);
            sum += Millis::from(works);
        }
        before.push(sum);
        Seen { from, open, before }
    }

    /// Working milliseconds before this moment.
    fn until(&self, at: Millis) -> Millis {
        let minute = usize::try_from((at - self.from) / MINUTE).unwrap();
        let rest = (at - self.from) % MINUTE;
        let in_it = self.open.get(minute).copied().unwrap_or(false);
        self.before[minute] * MINUTE + if in_it { rest } else { 0 }
    }

    /// When so much is done, walking on from the minute of `from`; `None`: later
    /// than anybody looked.
    fn after(&self, from: Millis, work: Millis) -> Option<Millis> {
        let goal = self.until(from) + work;
        // The first minute at whose end it is done.
        let minute = self.before.partition_point(|sum| sum * MINUTE < goal);
        let begin = minute.checked_sub(1)?;
        (minute < self.before.len()).then(|| {
            self.from + Millis::try_from(begin).unwrap() * MINUTE + goal
                - self.before[begin] * MINUTE
        })
    }
}

fn date_at(zone: &TimeZone, at: Millis) -> Date {
    zone.to_datetime(Timestamp::from_millisecond(at).unwrap())
        .date()
}

fn calendar(hours: &Hours, from: Millis) -> Calendar {
    let first = date_at(&TimeZone::get(hours.zone).unwrap(), from);
    let date = |day: &i64| first.checked_add(day.days()).unwrap();
    let holidays: Vec<String> = hours.holidays.iter().map(|d| date(d).to_string()).collect();
    let special: Vec<SpecialDay> = hours
        .special
        .iter()
        .map(|(day, own)| SpecialDay::new(date(day), own.clone(), "").unwrap())
        .collect();
    Calendar::new(
        hours.zone,
        Week::of(&hours.week),
        holidays.iter().map(String::as_str),
    )
    .with(&special)
}

/// Numbers that look like chance, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: Millis) -> Millis {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Millis::try_from(self.0 >> 20).unwrap() % end
    }
}

/// Compares so many questions within a window; how many were asked.
fn compare(hours: &Hours, from: Millis, questions: usize, seed: u64) -> usize {
    let (seen, calendar) = (Seen::look(hours, from), calendar(hours, from));
    let mut dice = Dice(seed);
    let long = Millis::try_from(WINDOW).unwrap() * MINUTE;
    for _ in 0..questions {
        let (a, b) = (from + dice.below(long), from + dice.below(long));
        let (a, b) = (a.min(b), a.max(b));
        let told = || {
            let say = |at| Timestamp::from_millisecond(at).unwrap();
            format!("{hours:?} from {} to {}", say(a), say(b))
        };
        let work = seen.until(b) - seen.until(a);
        assert_eq!(calendar.between(a, b), work, "{}", told());
        let some = 1 + dice.below(10 * DAY_MS);
        match seen.after(a, some) {
            Some(done) => {
                assert_eq!(calendar.after(a, some), done, "{some} after {}", told());
                assert_eq!(calendar.between(a, done), some, "{}", told());
            }
            None => assert!(calendar.after(a, some) >= from + long, "{}", told()),
        }
        // There and back: what is done at `b` was done at the latest then, and
        // nothing was worked in between.
        let back = calendar.after(a, work);
        assert!(a <= back && back <= b, "{}", told());
        assert_eq!(calendar.between(back, b), 0, "{}", told());
        let minute = usize::try_from((a - from) / MINUTE).unwrap();
        assert_eq!(calendar.is_open(a), seen.open[minute], "{}", told());
    }
    questions
}

fn day() -> impl Strategy<Value = Vec<Stretch>> {
    // Whole, half and odd minutes; nights and whole days among them.
    let cut = prop_oneof![
        3 => (0..=24_u32).prop_map(|h| h * 60),
        2 => (0..=96_u32).prop_map(|q| q * 15),
        1 => 0..=1440_u32,
    ];
    prop::collection::btree_set(cut, 0..7).prop_map(|cuts| {
        let cuts: Vec<u32> = cuts.into_iter().collect();
        cuts.chunks_exact(2).map(|c| (c[0], c[1])).collect()
    })
}

fn hours(zone: usize) -> impl Strategy<Value = Hours> {
    let week = prop_oneof![
        1 => Just([vec![vec![(540, 1020)]; 5], vec![vec![]; 2]].concat()),
        3 => prop::collection::vec(day(), 7),
    ];
    let special = prop::collection::btree_map(0..25_i64, day(), 0..5);
    let holidays = prop::collection::btree_set(0..25_i64, 0..4);
    (week, special, holidays)
        .prop_filter("somebody works", |(week, ..)| {
            week.iter().any(|day| !day.is_empty())
        })
        .prop_map(move |(week, special, holidays)| Hours {
            zone: ZONES[zone],
            week,
            special,
            holidays,
        })
}

/// Every change of the clocks in these zones until 2038, and a day that never
/// was: windows that begin some eight days before.
fn changes() -> Vec<(usize, Millis)> {
    let (begin, end) = (at("2024-01-01T00:00:00Z"), at("2039-01-01T00:00:00Z"));
    let mut found = vec![(6, at("2011-12-22T00:00:00Z"))];
    for (number, name) in ZONES.iter().enumerate() {
        let zone = TimeZone::get(name).unwrap();
        found.extend(
            zone.following(Timestamp::from_millisecond(begin).unwrap())
                .map(|change| change.timestamp().as_millisecond())
                .take_while(|change| *change < end)
                .map(|change| (number, change - 8 * 24 * 60 * MINUTE))
                // Some tables end in the middle of a minute, without a change.
                .map(|(number, from)| (number, from - from % MINUTE)),
        );
    }
    found
}

#[test]
fn every_change_of_the_clocks_until_2038_counts_as_on_the_wall() {
    let all = changes();
    // Two a year in five of the zones.
    assert!(all.len() > 140, "{}", all.len());
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut asked = 0;
    for (index, (zone, from)) in all.iter().enumerate() {
        let tree = hours(*zone).new_tree(&mut runner).unwrap();
        let seed = u64::try_from(index).unwrap();
        asked += compare(&tree.current(), *from, 500, seed);
    }
    assert!(asked >= 70_000, "{asked}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// With the changes above it is more than a hundred thousand questions.
    #[test]
    fn any_two_weeks_until_2038_count_as_on_the_wall(
        (hours, minute, seed) in (0..ZONES.len())
            .prop_flat_map(|zone| (hours(zone), 0..7_889_760_i64, any::<u64>()))
    ) {
        compare(&hours, at("2024-01-01T00:00:00Z") + minute * MINUTE, 600, seed);
    }

    #[test]
    fn time_adds_up_and_never_runs_backwards(
        (hours, start, steps) in (0..ZONES.len()).prop_flat_map(|zone| (
            hours(zone),
            0..2_145_916_800_000_i64,
            prop::collection::vec(0..400 * DAY_MS, 3),
        ))
    ) {
        let calendar = calendar(&hours, start);
        let (a, b) = (start + steps[0], start + steps[0] + steps[1]);
        prop_assert_eq!(
            calendar.between(start, a) + calendar.between(a, b),
            calendar.between(start, b)
        );
        prop_assert!(calendar.between(start, b) <= b - start);
        prop_assert!(calendar.between(a, start) == 0);
        // More work is done later, and what begins later ends no sooner.
        let work = steps[2] / 20;
        let done = calendar.after(start, work);
        prop_assert!(start <= done);
        prop_assert!(done <= calendar.after(start, work + 1));
        prop_assert!(done <= calendar.after(a, work));
        prop_assert_eq!(calendar.after(done, steps[1] / 20), calendar.after(start, work + steps[1] / 20));
    }
}
