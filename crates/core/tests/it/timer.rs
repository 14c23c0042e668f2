//! Domain section 7: what time does by itself.

use jiff::Timestamp;
use proptest::prelude::*;
use switchboard_core::decide::Caused;
use switchboard_core::ticket::RelationKind;
use switchboard_core::timer::{Due, TimeRules, Timer, TimerKind, timers};
use switchboard_core::working_time::{Calendar, DAY_MS};
use switchboard_core::{Change, Command, Millis, Refusal, Status, TicketNumber, Visibility};

use crate::sequence::{Step, begin, steps};
use crate::world::{
    World, ann, assign, desk, escalate, everybody, hold, relate, sam, solve, unrelate, wait,
};

fn at(text: &str) -> Millis {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn utc() -> Calendar {
    Calendar::new("UTC", None, [])
}

/// A world on Monday 21 September 2026 at noon, UTC.
fn monday() -> World {
    let mut w = World::new();
    w.now = at("2026-09-21T12:00:00Z");
    w
}

fn of(w: &World, t: TicketNumber) -> Vec<Timer> {
    timers(w.ticket(t), &TimeRules::default(), utc)
}

/// The only timer.
#[track_caller]
fn one(w: &World, t: TicketNumber) -> Timer {
    let mut all = of(w, t);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// Lets time pass until the only timer is due, and this long more; what then happens.
fn comes(w: &mut World, t: TicketNumber, late: Millis) -> Vec<Caused> {
    let timer = one(w, t);
    w.now = timer.at + late;
    w.must(t, timer.command, &desk())
}

fn due(caused: &[Caused]) -> Due {
    match caused {
        [
            Caused {
                change: Change::Reminded { due },
                ..
            },
        ] => *due,
        other => panic!("{other:?}"),
    }
}

fn waiting(w: &mut World) -> TicketNumber {
    let t = w.in_progress();
    w.must(t, wait(), &sam());
    t
}

#[test]
fn the_requester_is_reminded_at_5_and_10_working_days_and_monitors_are_told_at_15() {
    let mut w = monday();
    let t = waiting(&mut w);
    let asked = w.ticket(t).status_since;
    for (day, expected) in [
        (
            "2026-09-28",
            Due::Answer {
                nth: 1,
                days: 5,
                last: false,
            },
        ),
        (
            "2026-10-05",
            Due::Answer {
                nth: 2,
                days: 10,
                last: true,
            },
        ),
        ("2026-10-12", Due::Unanswered { days: 15 }),
    ] {
        let timer = one(&w, t);
        let time = asked - at("2026-09-21T00:00:00Z");
        assert_eq!(timer.at, at(&format!("{day}T00:00:00Z")) + time);
        assert_eq!(due(&comes(&mut w, t, 0)), expected);
        // Said once more by a node that was slower, it changes nothing.
        assert!(w.must(t, timer.command, &desk()).is_empty());
    }
    assert!(of(&w, t).is_empty(), "the rest is people's");
    assert_eq!(w.status(t), Status::Waiting);
}

#[test]
fn an_answer_ends_it_and_another_question_begins_anew() {
    let mut w = monday();
    let t = waiting(&mut w);
    comes(&mut w, t, 0);
    comes(&mut w, t, 0);
    let late = one(&w, t);
    let answer = w.reply();
    w.must(t, answer, &ann());
    assert!(of(&w, t).is_empty());
    assert_eq!(w.ticket(t).reminded, None);
    // What was prepared for the wait before does nothing now.
    assert!(w.must(t, late.command, &desk()).is_empty());
    w.must(t, wait(), &sam());
    let again = Due::Answer {
        nth: 1,
        days: 5,
        last: false,
    };
    assert_eq!(due(&comes(&mut w, t, 0)), again);
}

#[test]
fn a_step_that_came_late_moves_those_after_it() {
    let mut w = monday();
    let t = waiting(&mut w);
    // Nobody ran the desk for three months.
    comes(&mut w, t, 90 * 24 * 3_600_000);
    let first = w.ticket(t).reminded.unwrap().at;
    assert_eq!(one(&w, t).at, utc().after(first, 5 * DAY_MS));
    comes(&mut w, t, 0);
    let second = w.ticket(t).reminded.unwrap().at;
    assert_eq!(one(&w, t).at, utc().after(second, 5 * DAY_MS));
}

#[test]
fn rules_may_change_while_a_ticket_waits() {
    let mut w = monday();
    let t = waiting(&mut w);
    comes(&mut w, t, 0);
    let asked = w.ticket(t).status_since;
    let with = |remind: &[u32], unanswered| TimeRules {
        remind: remind.to_vec(),
        unanswered,
        ..TimeRules::default()
    };
    // What was done counts; what comes next is by the new rules.
    let next = timers(w.ticket(t), &with(&[2, 20], Some(30)), utc);
    assert_eq!(next[0].at, utc().after(asked, 20 * DAY_MS));
    let next = timers(w.ticket(t), &with(&[], Some(3)), utc);
    assert_eq!(
        next[0].command,
        Command::Remind(Due::Unanswered { days: 3 })
    );
    assert!(timers(w.ticket(t), &with(&[3], None), utc).is_empty());
}

#[test]
fn working_days_are_those_of_the_calendar() {
    let mut w = monday();
    let t = waiting(&mut w);
    let asked = w.ticket(t).status_since;
    let berlin = || Calendar::new("Europe/Berlin", None, ["2026-09-24", "2026-09-25"]);
    let timer = &timers(w.ticket(t), &TimeRules::default(), berlin)[0];
    assert_eq!(
        timer.at,
        asked + 9 * 24 * 3_600_000,
        "two holidays and a weekend"
    );
}

#[test]
fn what_is_solved_closes_after_10_working_days() {
    for how in [solve(), crate::world::give_up()] {
        let mut w = monday();
        let t = w.in_progress();
        w.must(t, how, &sam());
        let timer = one(&w, t);
        assert_eq!(timer.kind, TimerKind::Close);
        assert_eq!(timer.at, w.ticket(t).status_since + 14 * 24 * 3_600_000);
        // Reopened and solved again it has all of its time again.
        let again = w.reopen();
        w.must(t, again, &ann());
        assert!(of(&w, t).is_empty());
        w.now += 5 * 24 * 3_600_000;
        w.must(t, solve(), &sam());
        let since = w.ticket(t).status_since;
        assert_eq!(one(&w, t).at, utc().after(since, 10 * DAY_MS));
        comes(&mut w, t, 0);
        assert_eq!(w.status(t), Status::Closed);
        assert!(of(&w, t).is_empty());
    }
}

#[test]
fn a_date_that_somebody_set_comes_once() {
    let mut w = monday();
    let t = w.in_progress();
    let day = at("2026-09-30T08:00:00Z");
    let hold = Command::Hold {
        reason: "Spare parts are on the way.".into(),
        reminder: Some(day),
        eta: Some(day + DAY_MS),
    };
    w.must(t, hold.clone(), &sam());
    assert_eq!(one(&w, t).at, day);
    assert_eq!(due(&comes(&mut w, t, 0)), Due::Date { at: day });
    assert_eq!(w.ticket(t).reminder, None);
    assert_eq!(w.ticket(t).eta, Some(day + DAY_MS), "that stays");
    assert_eq!(w.status(t), Status::OnHold, "what follows is people's");
    assert!(of(&w, t).is_empty());
    // One that was put off does not come on the old day.
    let Command::Hold { reason, .. } = hold else {
        unreachable!()
    };
    let put_off = |at| Command::Hold {
        reason: reason.clone(),
        reminder: Some(at),
        eta: None,
    };
    w.must(t, put_off(day + 10 * DAY_MS), &sam());
    let old = one(&w, t);
    w.must(t, put_off(day + 20 * DAY_MS), &sam());
    assert!(w.must(t, old.command, &desk()).is_empty());
    // Nor does one of a ticket that goes on.
    w.must(t, Command::Start, &sam());
    assert!(of(&w, t).is_empty());
}

#[test]
fn a_ticket_that_waits_may_have_a_date_too() {
    let mut w = monday();
    let t = w.in_progress();
    let day = w.now + 2 * 24 * 3_600_000;
    let ask = Command::Await {
        reminder: Some(day),
    };
    w.must(t, ask, &sam());
    let kinds: Vec<_> = of(&w, t).iter().map(|t| t.kind).collect();
    assert_eq!(kinds, [TimerKind::Answer, TimerKind::Date]);
}

#[test]
fn a_merge_stops_the_time_and_its_undoing_lets_it_go_on() {
    let mut w = monday();
    let (t, into) = (waiting(&mut w), w.in_progress());
    comes(&mut w, t, 0);
    let before = of(&w, t);
    let merge = w.merge_of(t, into);
    w.must(t, merge, &sam());
    assert!(of(&w, t).is_empty());
    w.must(t, Command::Unmerge, &sam());
    assert_eq!(of(&w, t), before, "nobody is reminded again");
}

#[test]
fn slaves_and_parents_have_no_time_of_their_own() {
    let mut w = monday();
    let (t, master) = (waiting(&mut w), w.in_progress());
    w.must(t, relate(RelationKind::SlaveOf, master), &sam());
    assert!(of(&w, t).is_empty());
    w.must(t, unrelate(RelationKind::SlaveOf, master), &sam());
    w.must(t, wait(), &sam());
    assert_eq!(of(&w, t).len(), 1);
}

#[test]
fn only_the_desk_itself_brings_to_mind() {
    let mut w = monday();
    let t = waiting(&mut w);
    let timer = one(&w, t);
    for actor in everybody().into_iter().filter(|a| !a.is_system()) {
        w.forbidden(t, timer.command.clone(), &actor);
    }
    // Other deeds leave it as it is.
    w.must(t, escalate(), &ann());
    let note = w.note();
    w.must(t, note, &sam());
    assert_eq!(one(&w, t), timer);
    w.must(t, assign(crate::world::COMPUTING), &sam());
    assert!(of(&w, t).is_empty());
    w.must(t, hold(), &crate::world::coy());
    assert!(of(&w, t).is_empty());
}

#[test]
fn rules_that_make_no_sense_name_their_field() {
    let rules = |remind: &[u32], unanswered, close| TimeRules {
        remind: remind.to_vec(),
        unanswered,
        close,
    };
    for (field, wrong) in [
        ("remind", rules(&[0], None, 10)),
        ("remind", rules(&[5, 5], None, 10)),
        ("remind", rules(&[10, 5], None, 10)),
        ("remind", rules(&[1, 2, 3, 4, 5, 6], None, 10)),
        ("remind", rules(&[251], None, 10)),
        ("unanswered", rules(&[5, 10], Some(10), 10)),
        ("unanswered", rules(&[], Some(0), 10)),
        ("close", rules(&[], None, 0)),
        ("close", rules(&[], None, 251)),
    ] {
        match wrong.check() {
            Err(Refusal::Invalid { field: named, .. }) => assert_eq!(named, field, "{wrong:?}"),
            other => panic!("{wrong:?}: {other:?}"),
        }
    }
    for right in [
        TimeRules::default(),
        rules(&[], None, 1),
        rules(&[1, 2, 3, 4, 5], Some(6), 250),
    ] {
        assert_eq!(right.check(), Ok(()));
    }
}

/// Does all that is due, as a sweep does; checks that it comes to an end, that nothing
/// is refused and that nothing is done twice.
fn sweep(w: &mut World) {
    let numbers: Vec<_> = w.scene.tickets.keys().copied().collect();
    for t in numbers {
        for round in 0.. {
            assert!(
                round < 4,
                "time does not come to an end at {:?}",
                w.ticket(t)
            );
            let all = of(w, t);
            let Some(timer) = all.into_iter().find(|timer| timer.at <= w.now) else {
                break;
            };
            let caused = w.must(t, timer.command, &desk());
            assert!(!caused.is_empty(), "nothing happened, and again and again");
        }
    }
}

/// What time did to a ticket in the present wait and the one before.
fn check_history(w: &World, t: TicketNumber) {
    let (mut times, mut unanswered, mut last) = (0, false, None);
    for (caused, at) in w.events.iter().filter(|(c, _)| c.ticket == t) {
        match &caused.change {
            Change::StatusSet { old, new, .. } if old != new => {
                (times, unanswered, last) = (0, false, None);
            }
            Change::CameBack { before, .. } => {
                if let Some(reminded) = before.reminded {
                    times = reminded.times;
                    unanswered = reminded.unanswered;
                    last = Some(reminded.at);
                }
            }
            Change::Reminded { due } => {
                match due {
                    Due::Answer { nth, .. } => {
                        assert_eq!(*nth, times + 1, "each once, in order");
                        times = *nth;
                    }
                    Due::Unanswered { .. } => {
                        assert!(!unanswered && times == 2, "once, after the reminders");
                        unanswered = true;
                    }
                    Due::Date { .. } | Due::Over { .. } | Due::Silent { .. } | Due::Target(_) => {
                        continue;
                    }
                }
                if let Some(last) = last {
                    assert!(*at >= utc().after(last, 4 * DAY_MS), "too soon");
                }
                last = Some(*at);
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever people do, and however the desk's clock jumps by a day: what is due is
    /// done, once and in order, the desk is never refused it, and it comes to an end.
    #[test]
    fn whatever_people_do_time_does_each_thing_once(
        steps in steps(60),
        jumps in proptest::collection::vec(-24i64..120, 60),
    ) {
        let mut w = begin();
        w.now = at("2026-09-21T12:00:00Z");
        for (step, hours) in steps.iter().zip(jumps) {
            // Here time does it alone, each thing in its turn.
            if !step.forestalls_time() {
                play(&mut w, step);
            }
            w.now += hours * 3_600_000;
            sweep(&mut w);
        }
        for number in w.scene.tickets.keys() {
            check_history(&w, *number);
        }
    }
}

fn play(w: &mut World, step: &Step) {
    crate::sequence::wander(w, std::slice::from_ref(step));
}

#[test]
fn a_restricted_ticket_waits_like_any_other() {
    let mut w = monday();
    let t = waiting(&mut w);
    w.must(t, Command::SetVisibility(Visibility::Restricted), &sam());
    assert_eq!(of(&w, t).len(), 1);
}
