//! Tickets at partners: first level looks at them from time to time and is
//! reminded when nobody did; and what need not go there is given up.

use desk::exchange::curve::Over;
use desk::report::Asked;
use desk::{Error, Step};
use switchboard_core::{Actor, Command, EntryVisibility, UnitId};
use testkit::{Mail, Somebody, TestDesk, both_configured, desks};

use crate::exchange::{keeping, opens, passes, says, world};
use crate::exchange_fake::Wrong;
use crate::exchange_partner::{TERMS, couple, give, quiet, sides};
use crate::onboarding::{actor, service};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Reminders that somebody got.
fn reminders(desk: &TestDesk, who: &Somebody) -> Vec<Mail> {
    let all = desk.sent_mail().into_iter();
    all.filter(|m| m.to == who.email && m.subject.contains("your look"))
        .collect()
}

/// A process that begins anew, with what is due then.
async fn restarts(desk: &TestDesk) {
    let again = desk.desk.with_clock(desk.clock.clone());
    again.start_timers().await.unwrap();
    again.run_jobs().await.unwrap();
}

#[test]
fn what_nobody_looked_at_for_a_week_is_brought_to_mind_once_a_week_across_restarts() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let f = &w.cast.f;
        let fay = actor(&desk, &f.fay).await;
        // Monday afternoon.
        let first = opens(&desk, &w.rita, "sky-atlas").await;
        desk.desk.start_timers().await.unwrap();
        desk.run_jobs().await;
        desk.clock.advance(6 * DAY);
        restarts(&desk).await;
        let later = opens(&desk, &w.rita, "sky-atlas").await;
        assert_eq!(reminders(&desk, &f.fay).len(), 0);
        desk.clock.advance(DAY + HOUR);
        restarts(&desk).await;
        let told = reminders(&desk, &f.fay);
        assert_eq!(told.len(), 1);
        assert!(told[0].subject.starts_with("A ticket at a partner"));
        let text = &told[0].text;
        for words in [
            format!("{first} A plate is missing"),
            "rt.sky.example 100; given to them 7 days ago, no look yet".to_owned(),
            format!("http://desk.example/work/{first}"),
            "http://desk.example/exchange#at-partners".to_owned(),
        ] {
            assert!(text.contains(&words), "{words} is not in {text}");
        }
        assert!(!text.contains(&format!("{later} A")), "{text}");
        assert!(!text.contains("yesterday"), "no text of an entry: {text}");
        for nobody in [&f.rita, &f.sam, &f.ada] {
            assert_eq!(reminders(&desk, nobody).len(), 0, "{}", nobody.email);
        }
        for _ in 0..5 {
            desk.clock.advance(HOUR);
            restarts(&desk).await;
        }
        for _ in 0..5 {
            desk.clock.advance(DAY);
            restarts(&desk).await;
        }
        assert_eq!(reminders(&desk, &f.fay).len(), 1);
        desk.clock.advance(DAY + 20 * HOUR);
        restarts(&desk).await;
        let told = reminders(&desk, &f.fay);
        assert_eq!(told.len(), 2, "a week later once more");
        assert!(told[1].subject.starts_with("2 tickets at partners"));

        // Who looks takes it from the reminder, for a week.
        desk.clock.advance(DAY);
        let mut list = desk.desk.at_partners(&fay, None, 10).await.unwrap().items;
        assert_eq!(list[0].ticket, first);
        assert_eq!(
            (list[0].there.looked_at, &list[0].there.looked_by),
            (None, &None)
        );
        assert!(matches!(
            desk.desk.looked_at_partner(&w.rita, first).await,
            Err(Error::Forbidden(_))
        ));
        desk.desk.looked_at_partner(&fay, first).await.unwrap();
        list = desk.desk.at_partners(&fay, None, 10).await.unwrap().items;
        assert_eq!((list[0].ticket, list[1].ticket), (later, first));
        assert_eq!(list[1].there.looked_at, Some(desk.desk.now()));
        assert_eq!(list[1].there.looked_by.as_ref(), Some(&fay.name));
        let seen = desk.desk.counterparts(&fay, first).await.unwrap();
        let line = &seen[0].lines.last().unwrap().what;
        assert_eq!(*line, format!("{} looked at how it stands", fay.name));
        desk.clock.advance(6 * DAY - HOUR);
        restarts(&desk).await;
        desk.clock.advance(HOUR / 2);
        restarts(&desk).await;
        assert_eq!(reminders(&desk, &f.fay).len(), 2, "not yet a week");
        desk.clock.advance(HOUR);
        restarts(&desk).await;
        let told = reminders(&desk, &f.fay);
        assert_eq!(told.len(), 3);
        assert!(told[2].text.contains(&format!("{later} A")));
        assert!(
            !told[2].text.contains(&format!("{first} A")),
            "{}",
            told[2].text
        );

        // What is at nobody's any more is looked at by nobody.
        for number in [first, later] {
            moves(&desk, &w.cast.ada_acts, number, f.storage).await;
        }
        assert!(matches!(
            desk.desk.looked_at_partner(&fay, first).await,
            Err(Error::Conflict(_))
        ));
        assert_eq!(
            desk.desk.at_partners(&fay, None, 10).await.unwrap().items,
            []
        );
        desk.clock.advance(14 * DAY);
        restarts(&desk).await;
        assert_eq!(reminders(&desk, &f.fay).len(), 3);
    });
}

#[test]
fn tickets_at_partner_desks_are_looked_at_and_brought_to_mind_too() {
    desks(&["Desk A", "Desk B"], |all| async move {
        let all = sides(all).await;
        let [a, b] = &all[..] else { unreachable!() };
        couple(a, b, TERMS, ("desk-b", "desk-a")).await;
        let opens = crate::exchange_partner::opens;
        let first = opens(a, "A plate is missing").await;
        give(a, first, "desk-b").await;
        quiet(&[a, b], 1).await;
        a.desk.clock.advance(DAY);
        let later = opens(a, "Two plates are missing").await;
        give(a, later, "desk-b").await;
        quiet(&[a, b], 1).await;
        a.desk.desk.start_timers().await.unwrap();
        a.desk.run_jobs().await;
        assert_eq!(reminders(&a.desk, &a.f.fay).len(), 0);

        // A week after the first went there, and not the second.
        a.desk.clock.advance(6 * DAY + HOUR);
        restarts(&a.desk).await;
        let told = reminders(&a.desk, &a.f.fay);
        assert_eq!(told.len(), 1);
        assert!(told[0].subject.starts_with("A ticket at a partner"));
        let text = &told[0].text;
        let name = a.desk.desk.exchange_name().unwrap();
        for words in [
            format!("{first} A plate is missing"),
            format!("Desk B {name}/{first}; given to them 7 days ago, no look yet"),
            "nothing came from there yet".to_owned(),
        ] {
            assert!(text.contains(&words), "{words} is not in {text}");
        }
        assert!(!text.contains("Two plates"), "{text}");
        restarts(&a.desk).await;
        assert_eq!(reminders(&a.desk, &a.f.fay).len(), 1, "once a week");

        // The oldest look stands first; who looks takes it from the reminder.
        let listed = async || {
            let all = a.desk.desk.at_partners(&a.fay, None, 10).await.unwrap();
            let all = all.items.into_iter();
            all.map(|one| (one.ticket, one.there.looked_by))
                .collect::<Vec<_>>()
        };
        assert_eq!(listed().await, [(first, None), (later, None)]);
        let looks = a.desk.desk.looked_at_partner(&a.fay, first).await;
        looks.unwrap();
        let fay = Some(a.fay.name.clone());
        assert_eq!(listed().await, [(later, None), (first, fay)]);
        a.desk.clock.advance(7 * DAY - HOUR);
        restarts(&a.desk).await;
        a.desk.clock.advance(HOUR / 2);
        restarts(&a.desk).await;
        let told = reminders(&a.desk, &a.f.fay);
        assert_eq!(told.len(), 1, "not yet a week after the last");
        a.desk.clock.advance(HOUR / 2 + 1_000);
        restarts(&a.desk).await;
        let told = reminders(&a.desk, &a.f.fay);
        assert_eq!(told.len(), 2);
        let text = &told[1].text;
        assert!(
            told[1].subject.starts_with("2 tickets"),
            "{}",
            told[1].subject
        );
        let (at_later, at_first) = (text.find("Two plates"), text.find("A plate"));
        assert!(at_later < at_first, "the oldest look first: {text}");
        assert!(text.contains("last look 7 days ago"), "{text}");

        // What came back is nobody's to look at.
        for number in [first, later] {
            give(a, number, "storage").await;
        }
        quiet(&[a, b], 1).await;
        assert_eq!(listed().await, []);
        let late = a.desk.desk.looked_at_partner(&a.fay, first).await;
        assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
        a.desk.clock.advance(8 * DAY);
        restarts(&a.desk).await;
        assert_eq!(reminders(&a.desk, &a.f.fay).len(), 2);
    });
}

#[test]
fn lag_and_backlog_are_kept_over_time_and_rolled_up() {
    desks(&["Desk A", "Desk B"], |all| async move {
        let all = sides(all).await;
        let [a, b] = &all[..] else { unreachable!() };
        couple(a, b, TERMS, ("desk-b", "desk-a")).await;
        a.desk.desk.start_timers().await.unwrap();
        let number = crate::exchange_partner::opens(a, "A plate is missing").await;
        give(a, number, "desk-b").await;
        quiet(&[a, b], 1).await;
        let curve = async |side: &crate::exchange_partner::Side, over: Over| {
            let all = side.desk.desk.exchange_curves(&side.fay, over).await;
            let all = all.unwrap();
            assert!(all.len() <= 1, "{all:?}");
            all.into_values().next().unwrap_or_default()
        };
        let sent: i64 = curve(a, Over::Day).await.iter().map(|p| p.sent).sum();
        let came: i64 = curve(b, Over::Day).await.iter().map(|p| p.came).sum();
        assert!(sent >= 2 && sent == came, "{sent} went, {came} came");
        let forbidden = a.desk.desk.exchange_curves(&a.rita, Over::Day).await;
        assert!(matches!(forbidden, Err(Error::Forbidden(_))));

        // It can not be reached for an hour: what waits, and for how long, is seen each minute.
        let db = b.desk.desk.db();
        let ended = db.write(|c| {
            let mut partner = store::partner::all(c)?.remove(0);
            partner.state = store::partner::State::Paused;
            store::partner::save(c, &partner)
        });
        ended.await.unwrap();
        says(
            &a.desk,
            &a.rita,
            number,
            EntryVisibility::Public,
            "Any news?",
            None,
        )
        .await;
        for _ in 0..12 {
            a.desk.clock.advance(5 * 60_000);
            a.desk.run_jobs().await;
        }
        let day = curve(a, Over::Day).await;
        let last = day.last().unwrap();
        assert!(last.backlog >= 1, "{last:?}");
        assert!((50 * 60_000..=HOUR).contains(&last.lag_out), "{last:?}");
        assert!(last.lag_in > 45 * 60_000, "nothing can come: {last:?}");
        let hour = curve(a, Over::Month).await;
        let worst = |points: &[store::curve::Point]| points.iter().map(|p| p.lag_out).max();
        assert_eq!(worst(&hour), worst(&day), "{hour:?}");
        assert_eq!(
            hour.iter().map(|p| p.sent).sum::<i64>(),
            day.iter().map(|p| p.sent).sum::<i64>()
        );
        let year = curve(a, Over::Year).await;
        assert_eq!(worst(&year), worst(&day), "{year:?}");

        // The report says the worst of the range, and by stretches when it was.
        let lag = async |step: &str, from: &str| {
            let asked = Asked {
                report: "exchange_lag".into(),
                from: from.into(),
                step: step.into(),
                ..Asked::default()
            };
            a.desk.desk.report(&a.fay, asked).await.unwrap().rows
        };
        let whole = lag("", "").await;
        let [row] = &whole[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(row.name, "Desk B");
        assert_eq!(row.values[1], worst(&day));
        assert_eq!(row.values[2], day.iter().map(|p| p.backlog).max());
        assert_eq!(row.values[4], Some(day.iter().map(|p| p.sent).sum()));
        assert!(row.values[6] >= Some(1), "it waits still: {row:?}");
        let days = lag("day", "").await;
        assert_eq!(days.len(), 2, "the range, and the one day: {days:?}");
        assert_eq!(days[1].values[..5], row.values[..5]);
        let (from, to) = days[1].stretch.unwrap();
        assert!(from <= day[0].at && to > last.at, "{from} to {to}");
        assert_eq!(
            days[1].values[5], None,
            "how it is now is no matter of a day"
        );
        let before = lag("day", "2024-01-01").await;
        assert_eq!(
            before[0].values[1],
            worst(&day),
            "rows of a day go back so far"
        );

        // However long it goes on, there are only so many rows.
        let rows = async || {
            let db = a.desk.desk.db();
            let all = db.read(|c| {
                let spans = [
                    store::curve::SHORT_MS,
                    store::curve::HOUR_MS,
                    store::curve::DAY_MS,
                ];
                let mut rows = Vec::new();
                for span in spans {
                    rows.push(store::curve::since(c, span, 0)?.len());
                }
                Ok::<_, store::Error>(rows)
            });
            all.await.unwrap()
        };
        for _ in 0..3 {
            a.desk.clock.advance(20 * DAY);
            a.desk.run_jobs().await;
        }
        let rows = rows().await;
        assert!(rows[0] <= 2 && rows[1] <= 4 && rows[2] >= 3, "{rows:?}");
    });
}

async fn moves(desk: &TestDesk, who: &Actor, number: switchboard_core::TicketNumber, unit: UnitId) {
    let assign = Command::Assign {
        unit,
        reason: Some("It is a disk.".into()),
    };
    let step = Step::Command(assign);
    desk.desk.act(who, number, None, vec![step]).await.unwrap();
    desk.run_jobs().await;
}

#[test]
fn what_is_given_up_waits_no_more_and_goes_when_the_ticket_is_given_anew() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let ada = &w.cast.ada_acts;
        w.fake.0.lock().unwrap().wrong.push_back(Wrong::Refused);
        let number = opens(&desk, &w.rita, "sky-atlas").await;
        says(
            &desk,
            &w.rita,
            number,
            EntryVisibility::Public,
            "Any news?",
            None,
        )
        .await;
        passes(&desk, 120).await;
        // Behind a ticket that they do not take nothing waits, and so no lag grows.
        let held = desk.desk.held_up(ada).await.unwrap();
        assert_eq!((held[0].there.waiting, held[0].there.dead), (0, 1));
        let standing = desk.desk.exchange_standing().await.unwrap();
        assert_eq!((standing.waiting, standing.lag, standing.dead), (0, 0, 1));
        let (_, dead) = desk.desk.exchange(ada).await.unwrap();
        let letter = dead[0].dead.id;

        for nothing in ["", "  "] {
            let refused = desk.desk.give_up_exchange(ada, letter, nothing).await;
            assert!(
                matches!(&refused, Err(Error::Invalid { field, .. }) if field == "reason"),
                "{refused:?}"
            );
        }
        let fay = actor(&desk, &w.cast.f.fay).await;
        assert!(matches!(
            desk.desk.give_up_exchange(&fay, letter, "No.").await,
            Err(Error::Forbidden(_))
        ));
        let reason = "They were told by phone.";
        desk.desk
            .give_up_exchange(ada, letter, reason)
            .await
            .unwrap();
        assert!(matches!(
            desk.desk.give_up_exchange(ada, letter, reason).await,
            Err(Error::NotFound { .. })
        ));
        assert_eq!(desk.desk.exchange(ada).await.unwrap().1, []);
        assert_eq!(desk.desk.held_up(ada).await.unwrap(), []);
        assert_eq!(
            desk.desk.at_partners(ada, None, 10).await.unwrap().items,
            []
        );
        let seen = desk.desk.counterparts(ada, number).await.unwrap();
        assert!(seen[0].ended && seen[0].dead == 0, "{seen:?}");
        let line = &seen[0].lines.last().unwrap().what;
        assert_eq!(line, "Given up: The ticket: They were told by phone.");
        says(
            &desk,
            &w.rita,
            number,
            EntryVisibility::Public,
            "Hello?",
            None,
        )
        .await;
        passes(&desk, 120).await;
        assert_eq!(w.fake.0.lock().unwrap().tickets.len(), 0);

        // First level takes it, and gives it to them anew.
        moves(&desk, ada, number, w.cast.f.storage).await;
        let theirs = service(&desk, "sky-atlas").await.unwrap().unit;
        moves(&desk, ada, number, theirs).await;
        passes(&desk, 120).await;
        assert_eq!(w.fake.0.lock().unwrap().tickets.len(), 1);
        let said = w.fake.bodies();
        for words in ["Any news?", "Hello?"] {
            let times = said.iter().filter(|b| b.contains(words)).count();
            assert_eq!(times, 1, "{words} in {said:?}");
        }
        let standing = desk.desk.exchange_standing().await.unwrap();
        assert_eq!((standing.waiting, standing.dead), (0, 0));
    });
}

#[test]
fn a_system_is_tried_at_once_when_somebody_says_so() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let ada = &w.cast.ada_acts;
        w.fake.0.lock().unwrap().down = true;
        opens(&desk, &w.rita, "sky-atlas").await;
        passes(&desk, 1_200).await;
        // Right after a try, the next one is minutes away.
        let mut tries = 0..60;
        let agreement = loop {
            let (coupled, _) = desk.desk.exchange(ada).await.unwrap();
            if coupled[0].coupling.next_at - desk.desk.now() > 60_000 {
                break coupled[0].agreement.id;
            }
            assert!(tries.next().is_some(), "it is tried seldom");
            passes(&desk, 10).await;
        };
        w.fake.0.lock().unwrap().down = false;
        assert!(desk.desk.try_coupling(&w.rita, agreement).await.is_err());
        desk.desk.try_coupling(ada, agreement).await.unwrap();
        passes(&desk, 20).await;
        assert_eq!(w.fake.0.lock().unwrap().tickets.len(), 1);
        desk.desk.set_coupling(ada, agreement, false).await.unwrap();
        assert!(matches!(
            desk.desk.try_coupling(ada, agreement).await,
            Err(Error::Conflict(_))
        ));
    });
}
