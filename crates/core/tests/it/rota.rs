//! Who is on duty, against somebody who writes down every turn and looks at the list; and
//! what the end of a shift brings, whatever the clocks of nodes show.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;
use switchboard_core::rota::{HOUR_MS, Plan, Rota, Step, Swap, Watch, look_at, may_swap, steps};
use switchboard_core::{Actor, Channel, Membership, Millis, Part, PersonId, UnitId};
use uuid::Uuid;

/// As in the tests of working time.
const ZONES: [&str; 7] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Chatham",
    "Asia/Kolkata",
    "Pacific/Apia",
];
const DAY: Millis = 24 * HOUR_MS;

fn who(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(n + 1))
}

fn at(text: &str) -> Millis {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn plan(first: &str, minute: u16, days: u16, people: &[u128]) -> Plan {
    Plan {
        first: day(first),
        minute,
        days,
        people: people.iter().map(|n| who(*n)).collect(),
    }
}

fn all() -> BTreeSet<PersonId> {
    (0..9).map(who).collect()
}

fn berlin(plans: Vec<Plan>, swaps: Vec<Swap>) -> Rota {
    Rota::new("Europe/Berlin", plans, swaps, all())
}

fn swap(from: &str, until: &str, person: u128) -> Swap {
    Swap {
        from: at(from),
        until: at(until),
        person: who(person),
    }
}

#[test]
fn a_week_begins_at_nine_on_the_wall_in_summer_and_in_winter() {
    // The clocks go forward on 29 March 2026.
    let rota = berlin(vec![plan("2026-03-16", 9 * 60, 7, &[0, 1])], vec![]);
    for (moment, person) in [
        ("2026-03-16T07:59:59Z", None),
        ("2026-03-16T08:00:00Z", Some(0)),
        ("2026-03-23T07:59:59Z", Some(0)),
        ("2026-03-23T08:00:00Z", Some(1)),
        ("2026-03-30T06:59:59Z", Some(1)),
        ("2026-03-30T07:00:00Z", Some(0)),
    ] {
        assert_eq!(rota.at(at(moment)), person.map(who), "{moment}");
    }
    let long = rota.shift(at("2026-03-28T00:00:00Z")).unwrap();
    assert_eq!(long.until - long.from, 7 * DAY - HOUR_MS);
}

#[test]
fn who_stands_in_does_for_as_long_as_was_said_and_the_later_word_holds() {
    let rota = berlin(
        vec![plan("2026-06-01", 9 * 60, 7, &[0, 1, 2])],
        vec![
            swap("2026-06-03T10:00:00Z", "2026-06-04T10:00:00Z", 1),
            swap("2026-06-03T20:00:00Z", "2026-06-09T07:00:00Z", 2),
        ],
    );
    let told: Vec<(PersonId, Millis, Option<PersonId>)> = rota
        .shifts(at("2026-06-01T07:00:00Z"), 5)
        .iter()
        .map(|s| (s.person, s.from, s.planned))
        .collect();
    assert_eq!(
        told,
        [
            (who(0), at("2026-06-01T07:00:00Z"), Some(who(0))),
            (who(1), at("2026-06-03T10:00:00Z"), Some(who(0))),
            // Through the end of a turn: it is one shift.
            (who(2), at("2026-06-03T20:00:00Z"), Some(who(0))),
            (who(1), at("2026-06-09T07:00:00Z"), Some(who(1))),
            (who(2), at("2026-06-15T07:00:00Z"), Some(who(2))),
        ]
    );
}

#[test]
fn in_place_of_who_left_comes_the_next_and_others_keep_their_turn() {
    let here = [who(0), who(2)].into();
    let plans = [plan("2026-06-01", 0, 7, &[0, 1, 2])];
    let gone = swap("2026-06-01T10:00:00Z", "2026-06-02T10:00:00Z", 1);
    let rota = Rota::new("UTC", plans.clone(), [gone], here);
    let turns: Vec<PersonId> = rota
        .shifts(at("2026-06-01T00:00:00Z"), 5)
        .iter()
        .map(|s| s.person)
        .collect();
    assert_eq!(turns, [who(0), who(2), who(2), who(0), who(2)]);
    let nobody = Rota::new("UTC", plans, [], BTreeSet::new());
    assert_eq!(nobody.at(at("2026-06-03T00:00:00Z")), None);
    assert!(nobody.shifts(at("2026-06-03T00:00:00Z"), 5).is_empty());
}

#[test]
fn another_plan_holds_from_its_first_day_and_one_without_people_ends_it() {
    let rota = berlin(
        vec![
            plan("2026-06-01", 9 * 60, 7, &[0, 1]),
            plan("2026-06-10", 8 * 60, 1, &[2, 3]),
            plan("2026-06-12", 8 * 60, 7, &[]),
        ],
        vec![],
    );
    let told: Vec<(PersonId, Millis)> = rota
        .shifts(at("2026-06-05T00:00:00Z"), 9)
        .iter()
        .map(|s| (s.person, s.until))
        .collect();
    assert_eq!(
        told,
        [
            (who(0), at("2026-06-08T07:00:00Z")),
            (who(1), at("2026-06-10T06:00:00Z")),
            (who(2), at("2026-06-11T06:00:00Z")),
            (who(3), at("2026-06-12T06:00:00Z")),
        ]
    );
    assert_eq!(
        rota.next_change(at("2026-06-11T12:00:00Z")),
        Some((at("2026-06-12T06:00:00Z"), None))
    );
    assert_eq!(rota.next_change(at("2026-06-13T12:00:00Z")), None);
}

#[test]
fn one_who_is_alone_hands_over_to_nobody() {
    let rota = berlin(vec![plan("2026-06-01", 9 * 60, 7, &[0])], vec![]);
    assert_eq!(rota.next_change(at("2026-06-03T00:00:00Z")), None);
    assert_eq!(rota.shifts(at("2026-06-03T00:00:00Z"), 3).len(), 3);
    let mut watch = Watch::default();
    let first = steps(&rota, &mut watch, HOUR_MS, at("2026-06-03T00:00:00Z"));
    assert!(
        matches!(first[..], [Step::Change { from: None, .. }]),
        "{first:?}"
    );
    assert_eq!(
        steps(&rota, &mut watch, HOUR_MS, at("2026-09-03T00:00:00Z")),
        []
    );
}

#[test]
fn whose_shift_it_is_may_give_it_away_and_nobody_elses() {
    let unit = UnitId(Uuid::from_u128(7));
    let rota = berlin(vec![plan("2026-06-01", 9 * 60, 7, &[0, 1])], vec![]);
    let somebody = |n, part| {
        let mut actor = Actor::plain(who(n), "Somebody", Channel::Api);
        actor.support = true;
        actor.units = vec![Membership {
            unit,
            part,
            first_level: false,
            portal: None,
        }];
        actor
    };
    let own = swap("2026-06-02T00:00:00Z", "2026-06-08T07:00:00Z", 1);
    let more = swap("2026-06-02T00:00:00Z", "2026-06-08T07:00:01Z", 1);
    let member = |n| somebody(n, Part::Member);
    assert!(may_swap(&member(0), unit, &rota, &own).is_ok());
    assert!(may_swap(&member(0), unit, &rota, &more).is_err());
    assert!(may_swap(&member(1), unit, &rota, &own).is_err());
    assert!(may_swap(&somebody(5, Part::Responsible), unit, &rota, &more).is_ok());
}

/// Plans and swaps of some weeks around a change of the clocks.
#[derive(Debug, Clone)]
struct World {
    zone: &'static str,
    start: Date,
    plans: Vec<Plan>,
    swaps: Vec<Swap>,
    here: BTreeSet<PersonId>,
}

fn world() -> impl Strategy<Value = World> {
    let plans = prop::collection::vec(
        (
            0..40_i32,
            0..1440_u16,
            1..=9_u16,
            prop::collection::vec(0..5_u128, 0..5),
        ),
        1..4,
    );
    let swaps = prop::collection::vec((0..60 * 96_i64, 1..20 * 96_i64, 0..5_u128), 0..6);
    // Apia had no 30 December 2011.
    let starts = prop::sample::select(vec!["2026-03-01", "2026-09-20", "2011-12-10", "2037-10-01"]);
    let here = prop::collection::btree_set(0..5_u128, 0..6);
    (
        prop::sample::select(ZONES.to_vec()),
        starts,
        plans,
        swaps,
        here,
    )
        .prop_map(|(zone, start, plans, swaps, here)| {
            let start = day(start);
            let zero = TimeZone::UTC.to_timestamp(start.at(0, 0, 0, 0)).unwrap();
            let zero = zero.as_millisecond();
            let mut firsts = BTreeSet::new();
            World {
                zone,
                start,
                plans: plans
                    .into_iter()
                    .filter(|(after, ..)| firsts.insert(*after))
                    .map(|(after, minute, days, people)| Plan {
                        first: start.checked_add(after.days()).unwrap(),
                        minute,
                        days,
                        people: people.into_iter().map(who).collect(),
                    })
                    .collect(),
                swaps: swaps
                    .into_iter()
                    .map(|(from, long, person)| Swap {
                        from: zero + from * HOUR_MS / 4,
                        until: zero + (from + long) * HOUR_MS / 4,
                        person: who(person),
                    })
                    .collect(),
                here: here.into_iter().map(who).collect(),
            }
        })
}

impl World {
    fn rota(&self) -> Rota {
        let (plans, swaps) = (self.plans.clone(), self.swaps.clone());
        Rota::new(self.zone, plans, swaps, self.here.clone())
    }

    fn window(&self) -> (Millis, Millis) {
        let zero = TimeZone::UTC
            .to_timestamp(self.start.at(0, 0, 0, 0))
            .unwrap();
        let zero = zero.as_millisecond();
        (zero - 3 * DAY, zero + 80 * DAY)
    }

    /// Every turn of every plan, one after the other, until the last one that begins by then;
    /// and the last word of who stands in.
    fn slow(&self, now: Millis) -> Option<PersonId> {
        let zone = TimeZone::get(self.zone).unwrap();
        let begin = |plan: &Plan, n: i32| {
            let date = plan
                .first
                .checked_add((n * i32::from(plan.days)).days())
                .unwrap();
            let wall = date.at((plan.minute / 60) as i8, (plan.minute % 60) as i8, 0, 0);
            zone.to_timestamp(wall).unwrap().as_millisecond()
        };
        let stands_in = self
            .swaps
            .iter()
            .rfind(|s| s.from <= now && now < s.until && self.here.contains(&s.person));
        if let Some(swap) = stands_in {
            return Some(swap.person);
        }
        let plan = self
            .plans
            .iter()
            .filter(|p| begin(p, 0) <= now)
            .max_by_key(|p| (begin(p, 0), p.first))?;
        let mut n = 0;
        while begin(plan, n + 1) <= now {
            n += 1;
        }
        let count = plan.people.len();
        (0..count)
            .map(|more| plan.people[(n as usize + more) % count])
            .find(|p| self.here.contains(p))
    }
}

proptest! {
    #[test]
    fn at_every_moment_who_is_on_duty_is_who_the_list_says(world in world(), hours in prop::collection::vec(0..83 * 96_i64, 40)) {
        let rota = world.rota();
        let (from, until) = world.window();
        for quarter in hours {
            let now = from + quarter * HOUR_MS / 4;
            prop_assert_eq!(rota.at(now), world.slow(now), "{}", now);
        }
        // And at the edges of all shifts, where one errs by one.
        for shift in rota.shifts(from, 200).iter().filter(|s| s.until < until) {
            for now in [shift.from - 1, shift.from, shift.until - 1, shift.until] {
                prop_assert_eq!(rota.at(now), world.slow(now), "{:?}", shift);
            }
        }
    }

    #[test]
    fn shifts_follow_one_upon_the_other_without_gap_or_overlap(world in world()) {
        let rota = world.rota();
        let (from, until) = world.window();
        let shifts: Vec<_> = rota.shifts(from, 400).into_iter().take_while(|s| s.from < until).collect();
        let mut at = from;
        for shift in &shifts {
            prop_assert!(shift.from < shift.until);
            prop_assert!(at <= shift.from, "overlap before {:?}", shift);
            // Between two there is nobody, and not only somebody who was left out.
            if at < shift.from {
                prop_assert_eq!(rota.at(at), None);
                prop_assert_eq!(rota.next_change(at).map(|c| c.0), Some(shift.from));
            }
            for now in [shift.from, (shift.from + shift.until) / 2, shift.until - 1] {
                prop_assert_eq!(rota.shift(now), Some(*shift));
            }
            at = shift.until;
        }
        // The next change is the first moment at which the answer differs.
        let mut now = from;
        for _ in 0..60 {
            let Some((next, person)) = rota.next_change(now) else { break };
            prop_assert!(next > now);
            prop_assert_eq!(rota.at(next), person);
            prop_assert_ne!(rota.at(next - 1), person);
            prop_assert_eq!(rota.at(next - 1), rota.at(now));
            prop_assert_eq!(rota.since(next), next);
            now = next;
        }
    }

}

proptest! {
    // Each looks far ahead, many times.
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Nodes look when they like, by clocks that are wrong by a day: each change is one step,
    /// in their order, and who is asked is asked once for each end.
    #[test]
    fn each_change_is_told_once_whatever_the_clocks_show(
        world in world(),
        looks in prop::collection::vec((1..40 * 60_i64, -24..=24_i64), 60),
        ask in 0..48_i64,
    ) {
        let rota = world.rota();
        let mut now = world.window().0;
        let mut watch = Watch::default();
        let (mut last, mut holds) = (Millis::MIN, None);
        let mut asked = BTreeSet::new();
        for (minutes, wrong) in looks {
            now += minutes * 60_000;
            let seen = now + wrong * HOUR_MS;
            for step in steps(&rota, &mut watch, ask * HOUR_MS, seen) {
                match step {
                    Step::Change { from, to, at, .. } => {
                        prop_assert_eq!(from, holds);
                        prop_assert_ne!(from, to);
                        prop_assert!(at > last && at <= seen);
                        (holds, last) = (to, at);
                    }
                    Step::Ask { person, at, next } => {
                        prop_assert_eq!(Some(person), holds);
                        prop_assert_eq!(rota.at(at), Some(next));
                        prop_assert!(asked.insert(at), "asked twice for {}", at);
                    }
                }
            }
            // Nothing is left over for the same moment.
            prop_assert_eq!(steps(&rota, &mut watch, ask * HOUR_MS, seen), []);
            if let Some(next) = look_at(&rota, &watch, ask * HOUR_MS, seen.max(watch.changed_at)) {
                prop_assert!(next > seen);
            }
        }
        // Once all clocks are right again, who is on duty is who should be.
        now += 2 * DAY;
        steps(&rota, &mut watch, 0, now);
        prop_assert_eq!(watch.held_by, rota.at(now));
    }
}
