//! A year of a desk's life by a clock that runs as fast as it can. What time did is
//! compared with what a slow oracle counts day by day.

use std::collections::BTreeMap;

use desk::{EntryDraft, Error, OpenRequest, Step};
use store::job::NewJob;
use store::person::Person;
use switchboard_core::timer::Due;
use switchboard_core::{
    Actor, Change, Channel, Command, EntryVisibility, Part, PersonId, SolutionKind, TicketNumber,
};
use testkit::{TestDesk, on_sqlite};
use tokio::task::JoinSet;
use uuid::Uuid;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Monday, 21 September 2026, at midnight.
const FIRST: i64 = testkit::START - testkit::START % DAY;
/// Days on which tickets come.
const YEAR: i64 = 365;
/// Days until the last of them has come to its end.
const LAST: i64 = YEAR + 200;

/// What people do, at noon.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Open,
    Ask,
    Answer,
    Solve,
    GiveUp,
    Reopen,
    Verify,
    /// With a date in so many days.
    Hold(i64),
    Start,
}

/// What time does, looked at in the evening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Done {
    Reminded(u8),
    Unanswered,
    Date,
    Closed,
}

/// A ticket's year: what people do on which day.
fn story(chance: &mut impl FnMut(i64) -> i64) -> Vec<(i64, Act)> {
    let mut day = chance(YEAR);
    let mut acts = vec![(day, Act::Open)];
    let mut then = |acts: &mut Vec<(i64, Act)>, days: i64, act| {
        day += days;
        acts.push((day, act));
    };
    match chance(20) {
        0..10 => {}
        10..17 => {
            then(&mut acts, 1 + chance(3), Act::Ask);
            match chance(3) {
                0 => {
                    then(&mut acts, 40 + chance(20), Act::GiveUp);
                    return acts;
                }
                1 => then(&mut acts, 1 + chance(6), Act::Answer),
                _ => then(&mut acts, 1 + chance(40), Act::Answer),
            }
        }
        _ => {
            then(&mut acts, 1 + chance(3), Act::Hold(1 + chance(40)));
            then(&mut acts, 1 + chance(60), Act::Start);
        }
    }
    then(&mut acts, 1 + chance(10), Act::Solve);
    match chance(4) {
        0 => then(&mut acts, 1 + chance(9), Act::Verify),
        1 => {
            then(&mut acts, 1 + chance(9), Act::Reopen);
            then(&mut acts, 1 + chance(9), Act::Solve);
        }
        _ => {}
    }
    acts
}

/// Whether a day since [`FIRST`], a Monday, is one on which people work.
fn is_working_day(day: i64) -> bool {
    day.rem_euclid(7) < 5
}

/// The evening by which so many working days have passed since a noon.
fn working_days_after(day: i64, count: i64) -> i64 {
    let (mut day, mut left) = (day, count);
    while left > 0 {
        day += 1;
        left -= i64::from(is_working_day(day));
    }
    day
}

/// What time has to do to a ticket with such a story.
fn expected(acts: &[(i64, Act)]) -> Vec<(i64, Done)> {
    let mut done = Vec::new();
    for (place, (day, act)) in acts.iter().enumerate() {
        // The next noon on which somebody does something ends what this one began.
        let end = acts.get(place + 1).map_or(i64::MAX, |(day, _)| *day);
        let steps: Vec<(i64, Done)> = match act {
            Act::Ask => vec![
                (working_days_after(*day, 5), Done::Reminded(1)),
                (working_days_after(*day, 10), Done::Reminded(2)),
                (working_days_after(*day, 15), Done::Unanswered),
            ],
            Act::Hold(days) => vec![(day + days, Done::Date)],
            Act::Solve | Act::GiveUp => vec![(working_days_after(*day, 10), Done::Closed)],
            _ => Vec::new(),
        };
        done.extend(steps.into_iter().filter(|(day, _)| *day < end));
    }
    done
}

fn draft(body: &str) -> EntryDraft {
    EntryDraft {
        body: body.into(),
        ..EntryDraft::default()
    }
}

fn step(act: Act, noon: i64) -> Step {
    match act {
        Act::Open => unreachable!("it is there"),
        Act::Ask => Step::Command(Command::Await { reminder: None }),
        Act::Answer => Step::Write(EntryVisibility::Public, draft("The big one.")),
        Act::Solve => Step::Solve(SolutionKind::Fixed, draft("There is more now.")),
        Act::GiveUp => Step::GiveUp(SolutionKind::Other, draft("Nobody answers.")),
        Act::Reopen => Step::Reopen(Some(draft("There is not."))),
        Act::Verify => Step::Command(Command::Verify),
        Act::Hold(days) => Step::Command(Command::Hold {
            reason: "Disks are on the way.".into(),
            reminder: Some(noon + days * DAY),
            eta: None,
        }),
        Act::Start => Step::Command(Command::Start),
    }
}

/// Somebody to whom no mail can be sent: what is told has tests of its own.
async fn silent(test: &TestDesk, name: &str, support: bool) -> PersonId {
    let person = Person {
        id: PersonId(Uuid::now_v7()),
        name: name.into(),
        email: None,
        institute: String::new(),
        community: None,
        support,
        monitor: false,
        admin: false,
        active: true,
        has_password: false,
        created_at: testkit::START,
    };
    let id = person.id;
    test.desk
        .db()
        .write(move |c| store::person::insert(c, &person, None, true).map_err(Error::from))
        .await
        .unwrap();
    id
}

/// Few, as a debug build takes its time. The ten thousand of a year, optimised:
/// `SWITCHBOARD_YEAR_TICKETS=10000 cargo test --release -p desk --test it simulated_year`.
fn tickets() -> usize {
    let asked = std::env::var("SWITCHBOARD_YEAR_TICKETS").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(200)
}

#[test]
fn in_a_simulated_year_time_does_what_a_slow_oracle_counts() {
    on_sqlite(|test| async move {
        let rita = silent(&test, "Rita", false).await;
        let rita = Actor::plain(rita, "Rita", Channel::Web);
        let sam = silent(&test, "Sam", true).await;
        let unit = test.unit("storage", "Storage", 2).await;
        let catalogue = test.desk.catalogue().await.unwrap();
        let mut storage = catalogue.unit(unit).unwrap().clone();
        storage.email = None;
        test.desk.save_unit(storage).await.unwrap();
        test.desk.set_member(unit, sam, Part::Member).await.unwrap();
        let staff = test.desk.actor_for(sam, Channel::Web).await.unwrap();
        crate::timer::promise_nothing(&test).await;
        test.clock.set(FIRST);

        let mut seed: u64 = 20_260_921;
        let mut chance = |below: i64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            i64::try_from(seed >> 33).unwrap() % below
        };
        let stories: Vec<_> = (0..tickets()).map(|_| story(&mut chance)).collect();
        let mut days: BTreeMap<i64, Vec<(usize, Act)>> = BTreeMap::new();
        for (which, acts) in stories.iter().enumerate() {
            for (day, act) in acts {
                days.entry(*day).or_default().push((which, *act));
            }
        }
        let mut numbers: BTreeMap<usize, TicketNumber> = BTreeMap::new();
        let mut desk = test.desk.clone();
        for day in 0..LAST {
            let noon = FIRST + day * DAY + 12 * HOUR;
            test.clock.set(noon);
            let mut acting = JoinSet::new();
            for (which, act) in days.remove(&day).unwrap_or_default() {
                let (desk, rita, staff) = (desk.clone(), rita.clone(), staff.clone());
                let number = numbers.get(&which).copied();
                acting.spawn(async move {
                    let Some(number) = number else {
                        let request = OpenRequest {
                            subject: "No quota".into(),
                            description: "It is used up.".into(),
                            unit: Some("storage".into()),
                            ..OpenRequest::default()
                        };
                        let opened = desk.open_ticket(&rita, request).await.unwrap();
                        return (which, opened.number);
                    };
                    let hers = matches!(act, Act::Answer | Act::Verify | Act::Reopen);
                    let who = if hers { &rita } else { &staff };
                    let steps = vec![step(act, noon)];
                    let acted = desk.act(who, number, None, steps).await;
                    acted.unwrap_or_else(|e| panic!("{number} {act:?}: {e}"));
                    (which, number)
                });
            }
            while let Some(acted) = acting.join_next().await {
                let (which, number) = acted.unwrap();
                numbers.insert(which, number);
            }
            let evening = noon + 6 * HOUR;
            test.clock.set(evening);
            // Only the job that this is about, not all that run again and again.
            let sweep = NewJob {
                kind: "timers",
                payload: String::new(),
                run_at: evening,
                unique_key: None,
            };
            let enqueued = test.desk.db().write(move |c| {
                store::job::enqueue(c, &sweep)?;
                Ok::<_, Error>(())
            });
            enqueued.await.unwrap();
            desk.run_jobs().await.unwrap();
            if day % 30 == 29 {
                // Another process goes on.
                desk = test.desk.with_clock(test.clock.clone());
            }
        }
        for (which, acts) in stories.iter().enumerate() {
            let number = numbers[&which];
            let events = test
                .desk
                .db()
                .read(move |c| store::event::of_ticket(c, number, 0, i64::MAX))
                .await
                .unwrap();
            let done: Vec<(i64, Done)> = events
                .iter()
                .filter(|e| e.channel == "job")
                .filter(|e| !matches!(e.change, Change::StatusSet { .. }))
                .map(|e| {
                    let what = match &e.change {
                        Change::Reminded { due } => match due {
                            Due::Answer { nth, .. } => Done::Reminded(*nth),
                            Due::Unanswered { .. } => Done::Unanswered,
                            Due::Date { .. } => Done::Date,
                            Due::Over { .. } => Done::Closed,
                            Due::Target(_) => panic!("{number}: nothing is promised"),
                            Due::Silent { .. } => unreachable!("no site is asked"),
                        },
                        other => panic!("{number}: {other:?}"),
                    };
                    ((e.at - FIRST) / DAY, what)
                })
                .collect();
            assert_eq!(done, expected(acts), "{number}: {acts:?}");
        }
        let left = test
            .desk
            .db()
            .read(|c| store::timer::due(c, i64::MAX, 10))
            .await;
        assert_eq!(left.unwrap(), [], "all of them have come to their end");
    });
}

/// The ten thousand of the figure, optimised:
/// `SWITCHBOARD_DUE_TICKETS=10000 cargo test --release -p desk --test it -- --nocapture many_that`.
#[test]
fn many_that_are_due_at_once_are_done_while_people_go_on() {
    on_sqlite(|test| async move {
        let rita = silent(&test, "Rita", false).await;
        let rita = Actor::plain(rita, "Rita", Channel::Web);
        let staff = Actor::system(Channel::Cli);
        let unit = test.unit("storage", "Storage", 2).await;
        let catalogue = test.desk.catalogue().await.unwrap();
        let mut storage = catalogue.unit(unit).unwrap().clone();
        storage.email = None;
        test.desk.save_unit(storage).await.unwrap();
        crate::timer::promise_nothing(&test).await;
        let asked = std::env::var("SWITCHBOARD_DUE_TICKETS").ok();
        let many: usize = asked.and_then(|n| n.parse().ok()).unwrap_or(150);
        let mut opening = JoinSet::new();
        let mut numbers = Vec::new();
        // One more, which people work on meanwhile, and whose time does not come.
        for place in 0..=many {
            let (desk, rita, staff) = (test.desk.clone(), rita.clone(), staff.clone());
            opening.spawn(async move {
                let request = OpenRequest {
                    subject: "No quota".into(),
                    description: "It is used up.".into(),
                    unit: Some("storage".into()),
                    ..OpenRequest::default()
                };
                let number = desk.open_ticket(&rita, request).await.unwrap().number;
                if place > 0 {
                    let ask = vec![step(Act::Ask, 0)];
                    desk.act(&staff, number, None, ask).await.unwrap();
                }
                (place, number)
            });
            if opening.len() == 64 {
                numbers.push(opening.join_next().await.unwrap().unwrap());
            }
        }
        while let Some(opened) = opening.join_next().await {
            numbers.push(opened.unwrap());
        }
        numbers.sort_unstable();
        test.run_jobs().await;

        let (_, busy) = numbers.remove(0);
        let note = async || {
            let written = Step::Write(EntryVisibility::Internal, draft("Still there?"));
            let before = std::time::Instant::now();
            let done = test.desk.act(&staff, busy, None, vec![written]).await;
            done.unwrap();
            let took = before.elapsed();
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            took
        };
        let slow = |mut took: Vec<std::time::Duration>| {
            took.sort_unstable();
            took.get(took.len() * 95 / 100).copied().unwrap_or_default()
        };
        let mut quiet = Vec::new();
        for _ in 0..20 {
            quiet.push(note().await);
        }
        test.clock.advance(8 * DAY);
        test.desk.start_timers().await.unwrap();
        let begun = std::time::Instant::now();
        let sweeping = {
            let desk = test.desk.clone();
            tokio::spawn(async move { desk.run_jobs().await })
        };
        let mut took = Vec::new();
        while !sweeping.is_finished() {
            took.push(note().await);
        }
        sweeping.await.unwrap().unwrap();
        println!(
            "{many} timers due at once: {:?}; 95 % of {} changes of people meanwhile within {:?}, \
             of those before within {:?}",
            begun.elapsed(),
            took.len(),
            slow(took.clone()),
            slow(quiet)
        );
        for (_, number) in numbers {
            let ticket = test
                .desk
                .db()
                .read(move |c| store::ticket::load(c, number))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(ticket.reminded.unwrap().times, 1);
        }
    });
}
