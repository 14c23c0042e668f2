//! Who is told when a target is three quarters used up, and when it is missed.

use std::collections::BTreeSet;

use desk::{Desk, EntryDraft, OpenRequest, Step};
use store::Db;
use switchboard_core::timer::{Due, TargetDue, TimerKind};
use switchboard_core::{
    Actor, Change, Channel, Command, EntryVisibility, Millis, PersonId, TargetKind, TicketNumber,
};
use testkit::{Federation, TestDesk, both, config, postgres, runtime, sqlite};

use crate::nodes::{Nodes, at};

const DAY: i64 = 86_400_000;

async fn actor(desk: &Desk, person: PersonId) -> Actor {
    desk.actor_for(person, Channel::Web).await.unwrap()
}

/// Storage has no mailing list: its people, Sam and Stan, are told.
async fn federation(test: &TestDesk) -> Federation {
    let people = test.federation().await;
    let catalogue = test.desk.catalogue().await.unwrap();
    let mut unit = catalogue.unit(people.storage).unwrap().clone();
    unit.email = None;
    test.desk.save_unit(unit).await.unwrap();
    test.desk.start_timers().await.unwrap();
    people
}

async fn opened(test: &TestDesk, people: &Federation) -> TicketNumber {
    let rita = actor(&test.desk, people.rita.id).await;
    let request = OpenRequest {
        subject: "No quota".into(),
        description: "It is used up.".into(),
        unit: Some("storage".into()),
        ..OpenRequest::default()
    };
    let number = test.desk.open_ticket(&rita, request).await.unwrap().number;
    test.run_jobs().await;
    number
}

async fn act(test: &TestDesk, who: PersonId, number: TicketNumber, step: Step) {
    let who = actor(&test.desk, who).await;
    test.desk.act(&who, number, None, vec![step]).await.unwrap();
    test.run_jobs().await;
}

/// When the ticket's targets are looked at next.
async fn next(db: &Db, number: TicketNumber) -> Option<Millis> {
    let rows = db.read(move |c| store::timer::of_ticket(c, number)).await;
    let mut rows = rows.unwrap().into_iter();
    rows.find(|row| row.kind == TimerKind::Target)
        .map(|row| row.due_at)
}

/// What was told of a ticket's targets.
async fn told(db: &Db, number: TicketNumber) -> Vec<TargetDue> {
    let events = db.read(move |c| store::event::of_ticket(c, number, 0, i64::MAX));
    let events = events.await.unwrap();
    events
        .into_iter()
        .filter_map(|e| match e.change {
            Change::Reminded {
                due: Due::Target(due),
            } => Some(due),
            _ => None,
        })
        .collect()
}

/// Mails by now to Rita, Sam, Stan, Fay and Mona.
fn mails(test: &TestDesk) -> [usize; 5] {
    let sent = test.sent_mail();
    ["rita@", "sam@", "stan@", "fay@", "mona@"]
        .map(|who| sent.iter().filter(|m| m.to.starts_with(who)).count())
}

#[test]
fn the_unit_is_warned_at_three_quarters_and_told_when_it_is_late() {
    both(|test| async move {
        let people = federation(&test).await;
        let number = opened(&test, &people).await;
        let ada = actor(&test.desk, people.ada.id).await;
        let measured = test.desk.measured(&ada, number).await.unwrap();
        // Response, first answer and silence began together and are promised for the
        // same time, so of all three is told at once.
        let figures: BTreeSet<_> = measured
            .legs
            .iter()
            .filter_map(|l| Some((l.figure.warn?, l.figure.due?)))
            .collect();
        assert_eq!(figures.len(), 1, "{figures:?}");
        let (warn, due) = *figures.first().unwrap();
        let db = test.desk.db();
        assert_eq!(next(db, number).await, Some(warn));
        let [rita, sam, stan, fay, mona] = mails(&test);
        at(&test, warn - 1).await;
        assert_eq!(mails(&test), [rita, sam, stan, fay, mona]);
        at(&test, warn).await;
        assert_eq!(mails(&test), [rita, sam + 1, stan + 1, fay, mona]);
        let mail = test
            .sent_mail()
            .into_iter()
            .rfind(|m| m.to.starts_with("sam@"));
        let text = mail.unwrap().text;
        for words in [
            &format!("Ticket {number} is due soon."),
            "First human answer: due 2026-",
            "Response of the unit: due",
        ] {
            assert!(text.contains(words), "{text}");
        }
        assert_eq!(next(db, number).await, Some(due));
        at(&test, due).await;
        assert_eq!(mails(&test), [rita, sam + 2, stan + 2, fay, mona]);
        let mail = test
            .sent_mail()
            .into_iter()
            .rfind(|m| m.to.starts_with("stan@"));
        let text = mail.unwrap().text;
        assert!(
            text.contains(&format!("Ticket {number} is overdue.")),
            "{text}"
        );
        assert_eq!(next(db, number).await, None);
        at(&test, due + 40 * DAY).await;
        assert_eq!(mails(&test), [rita, sam + 2, stan + 2, fay, mona]);
        assert_eq!(told(db, number).await.len(), 6);
        // Whoever asked does not read how the unit is reminded.
        let rita = actor(&test.desk, people.rita.id).await;
        let seen = test.desk.conversation(&rita, number).await.unwrap();
        assert!(
            !seen
                .events
                .iter()
                .any(|e| matches!(e.change, Change::Reminded { .. }))
        );
    });
}

#[test]
fn who_owns_it_is_warned_alone_and_what_was_answered_is_told_no_more() {
    both(|test| async move {
        let people = federation(&test).await;
        let number = opened(&test, &people).await;
        act(&test, people.sam.id, number, Step::Command(Command::Start)).await;
        let db = test.desk.db();
        let [_, sam, stan, ..] = mails(&test);
        let warn = next(db, number).await.unwrap();
        at(&test, warn).await;
        let [_, sam_now, stan_now, ..] = mails(&test);
        assert_eq!((sam_now, stan_now), (sam + 1, stan));
        let kinds: Vec<_> = told(db, number).await.iter().map(|t| t.clock).collect();
        assert_eq!(kinds, [TargetKind::Reply]);
        let late = next(db, number).await.unwrap();
        at(&test, late).await;
        let [_, sam_now, stan_now, ..] = mails(&test);
        assert_eq!((sam_now, stan_now), (sam + 2, stan + 1));
        let answer = Step::Write(
            EntryVisibility::Public,
            EntryDraft {
                body: "Which project is it?".into(),
                ..EntryDraft::default()
            },
        );
        act(&test, people.sam.id, number, answer).await;
        let ask = Step::Command(Command::Await { reminder: None });
        act(&test, people.sam.id, number, ask).await;
        assert_eq!(next(db, number).await, None, "it is Rita's turn");
    });
}

#[test]
fn what_nobody_told_in_time_is_told_once_and_what_an_upgrade_found_is_not() {
    both(|test| async move {
        let people = federation(&test).await;
        let number = opened(&test, &people).await;
        let [_, sam, ..] = mails(&test);
        // Nobody ran the desk for a month.
        at(&test, testkit::START + 30 * DAY).await;
        assert_eq!(mails(&test)[1], sam + 1, "not of the warning, too");
        let db = test.desk.db();
        assert!(told(db, number).await.iter().all(|due| due.late));

        let missed = opened(&test, &people).await;
        let coming = test.desk.now() + 29 * DAY;
        db.write(|c| {
            store::setting::set(c, "timers.targets", "upgrade", 0)?;
            store::setting::set(c, "timers.all", "false", 0)
        })
        .await
        .unwrap();
        // Another process starts on what the older version left.
        test.clock.set(coming);
        let upgraded = test.desk.with_clock(test.clock.clone());
        let [_, sam, ..] = mails(&test);
        upgraded.start_timers().await.unwrap();
        upgraded.run_jobs().await.unwrap();
        assert_eq!(mails(&test)[1], sam);
        assert_eq!(told(db, missed).await, []);
        assert_eq!(next(db, missed).await, None);
    });
}

#[test]
fn nodes_with_wrong_clocks_that_die_tell_of_each_target_once() {
    for place in [Some(sqlite()), postgres()].into_iter().flatten() {
        let url = place.url().to_owned();
        let test = TestDesk::on(place, config());
        // A day before and a day after.
        let nodes = Nodes::new(&test, &url, DAY);
        runtime().block_on(async {
            let people = federation(&test).await;
            let mut tickets = Vec::new();
            for _ in 0..6 {
                tickets.push(opened(&test, &people).await);
            }
            let before = mails(&test);
            for day in 0..20 {
                nodes.a_day(&test, 3, day % 3 == 0).await;
            }
            test.run_jobs().await;
            for number in &tickets {
                let told = told(test.desk.db(), *number).await;
                let once: BTreeSet<_> = told.iter().map(|t| (t.clock, t.from, t.late)).collect();
                assert_eq!(once.len(), told.len(), "{told:?}");
                assert_eq!(told.iter().filter(|t| t.late).count(), 3, "{told:?}");
                assert_eq!(next(test.desk.db(), *number).await, None);
            }
            // The same mail may go out once more where a clock takes a delivery for dead.
            let mut sent = test.sent_mail();
            sent.sort_by(|a, b| a.raw.cmp(&b.raw));
            sent.dedup_by(|a, b| a.raw == b.raw);
            let got = |who: &str| sent.iter().filter(|m| m.to.starts_with(who)).count();
            // A warning and that it is late.
            assert_eq!(
                [got("sam@"), got("stan@")],
                [before[1] + 12, before[2] + 12]
            );
            assert_eq!([got("rita@"), got("mona@")], [before[0], before[4]]);
        });
    }
}
