//! One request to many sites: who may make one, and when those are reminded who say
//! nothing.

use switchboard_core::campaign::{SiteWords, Standing, check_reminders, filled, may_ask};
use switchboard_core::timer::{Due, TimeRules, Timer, TimerKind, timers};
use switchboard_core::working_time::{Calendar, DAY_MS};
use switchboard_core::{Change, Command, TicketNumber};

use crate::world::{
    STORAGE, World, ada, ann, desk, everybody, fay, give_up, hold, sam, solve, sue, wait,
};

fn utc() -> Calendar {
    Calendar::new("UTC", None, [])
}

fn silent(w: &World, t: TicketNumber) -> Option<Timer> {
    timers(w.ticket(t), &TimeRules::default(), utc)
        .into_iter()
        .find(|timer| timer.kind == TimerKind::Silent)
}

fn asked(w: &mut World, days: &[u32]) -> TicketNumber {
    let t = w.assigned();
    w.must(t, Command::SetAsked(Some(days.to_vec())), &desk());
    t
}

#[test]
fn those_who_say_nothing_are_reminded_once_each_until_somebody_answers() {
    let mut w = World::new();
    w.now = 1_790_000_000_000;
    let t = asked(&mut w, &[3, 8]);
    let began = w.now;
    let first = silent(&w, t).unwrap();
    assert_eq!(first.at, utc().after(began, 3 * DAY_MS));
    let said = |nth, days, last| Command::Remind(Due::Silent { nth, days, last });
    assert_eq!(first.command, said(1, 3, false));
    // A day late: the next keeps its distance of five days.
    w.now = first.at + 24 * 3_600_000;
    assert_eq!(w.must(t, first.command.clone(), &desk()).len(), 1);
    assert!(w.must(t, first.command, &desk()).is_empty(), "once");
    let second = silent(&w, t).unwrap();
    assert_eq!(second.command, said(2, 8, true));
    let late = w.ticket(t).asked.as_ref().unwrap().at;
    assert!(late >= first.at + 24 * 3_600_000);
    assert_eq!(second.at, utc().after(late, 5 * DAY_MS));
    // Who asked writes more: it is the same silence. Somebody answers: it is over.
    let more = w.reply();
    w.must(t, more, &ann());
    assert_eq!(silent(&w, t), Some(second.clone()));
    let answer = w.reply();
    w.must(t, answer, &sam());
    assert_eq!(Standing::of(w.ticket(t)), Standing::Answered);
    assert_eq!(silent(&w, t), None);
    assert!(w.must(t, second.command, &desk()).is_empty(), "too late");
    // Another question begins anew.
    let again = w.reply();
    w.must(t, again, &ann());
    let anew = silent(&w, t).unwrap();
    assert_eq!(anew.command, said(1, 3, false));
    let since = w.ticket(t).asked.as_ref().unwrap().since;
    assert_eq!(anew.at, utc().after(since, 3 * DAY_MS));
    assert_eq!(Standing::of(w.ticket(t)), Standing::Silent);
}

#[test]
fn what_is_held_waits_or_is_over_is_not_reminded_and_neither_is_what_is_let_go() {
    for (command, standing) in [
        (hold(), Standing::Answered),
        (wait(), Standing::Answered),
        (solve(), Standing::Solved),
        (give_up(), Standing::Unsolved),
    ] {
        let mut w = World::new();
        let t = asked(&mut w, &[3]);
        w.must(t, Command::Start, &sam());
        assert!(silent(&w, t).is_some(), "taken, but nothing was said");
        w.must(t, command, &sam());
        assert_eq!(silent(&w, t), None);
        assert_eq!(Standing::of(w.ticket(t)), standing);
        assert_eq!(standing.is_done(), !w.status(t).is_open());
        // Its requester says that it is so: it stays what it was.
        if standing == Standing::Solved {
            w.must(t, Command::Verify, &ann());
            assert_eq!(Standing::of(w.ticket(t)), Standing::Solved);
        }
        if standing == Standing::Unsolved {
            w.must(t, Command::Close, &desk());
            assert_eq!(Standing::of(w.ticket(t)), Standing::Unsolved);
        }
        assert_eq!(w.must(t, Command::SetAsked(None), &desk()).len(), 1);
        assert_eq!(w.ticket(t).asked, None);
    }
    let mut w = World::new();
    let t = asked(&mut w, &[3]);
    w.must(t, Command::SetAsked(None), &desk());
    assert_eq!(silent(&w, t), None);
    // Without reminders it is shown as silent, and nobody is told.
    let quiet = asked(&mut w, &[]);
    assert_eq!(silent(&w, quiet), None);
    assert_eq!(Standing::of(w.ticket(quiet)), Standing::Silent);
}

#[test]
fn only_the_desk_makes_a_ticket_one_of_many() {
    let mut w = World::new();
    let t = w.assigned();
    for actor in everybody() {
        if actor != desk() {
            assert!(
                w.try_to(t, &Command::SetAsked(Some(vec![3])), &actor)
                    .is_err(),
                "{}",
                actor.name
            );
        }
    }
    let happened = w.must(t, Command::SetAsked(Some(vec![3])), &desk());
    assert!(matches!(happened[0].change, Change::AskedSet { .. }));
    assert!(
        w.must(t, Command::SetAsked(Some(vec![3])), &desk())
            .is_empty()
    );
}

#[test]
fn responsibles_first_level_and_administrators_ask_many_sites() {
    assert!(may_ask(&sue(), STORAGE).is_ok(), "responsible");
    assert!(may_ask(&sam(), STORAGE).is_err(), "member");
    assert!(may_ask(&ada(), STORAGE).is_ok());
    assert!(may_ask(&ann(), STORAGE).is_err());
    assert!(
        may_ask(&fay(), STORAGE).is_err(),
        "not in the name of others"
    );
    let own = fay().units[0].unit;
    assert!(may_ask(&fay(), own).is_ok());
}

#[test]
fn days_of_reminders_rise() {
    for fine in [&[][..], &[1], &[3, 8], &[1, 2, 3, 4, 250]] {
        assert!(check_reminders(fine).is_ok(), "{fine:?}");
    }
    for wrong in [&[0][..], &[251], &[3, 3], &[8, 3], &[1, 2, 3, 4, 5, 6]] {
        assert!(check_reminders(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_text_names_the_site_that_it_goes_to() {
    let site = SiteWords {
        name: "Žilina",
        key: "ZILINA-GRID",
        country: "",
    };
    let text = "Dear {{ site }} ({{site_key}}{{ country }})";
    assert_eq!(
        filled("text", text, site).unwrap(),
        "Dear Žilina (ZILINA-GRID)"
    );
    let wrong = filled("text", "{{ contact }}", site).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "text: there is no variable \"contact\"; there are site, site_key, country"
    );
}
