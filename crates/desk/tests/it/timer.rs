//! What time does to tickets by itself.

use desk::{EntryDraft, Error, OpenRequest, Step};
use store::Db;
use store::timer::Timer;
use switchboard_core::timer::{Due, TimeRules, TimerKind};
use switchboard_core::{
    Actor, Change, Channel, Command, EntryVisibility, Hold, PersonId, SolutionKind, Status,
    TicketNumber,
};
use testkit::{Federation, Mail, TestDesk, both, config, postgres, runtime, sqlite};

use crate::nodes::Nodes;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

async fn actor(desk: &TestDesk, person: PersonId) -> Actor {
    desk.desk.actor_for(person, Channel::Web).await.unwrap()
}

fn draft(body: &str) -> EntryDraft {
    EntryDraft {
        body: body.into(),
        ..EntryDraft::default()
    }
}

/// Nothing is promised, so that time does only what these tests are about.
pub(crate) async fn promise_nothing(test: &TestDesk) {
    let mut targets = test.desk.targets().await.unwrap();
    for quality in &mut targets.qualities {
        quality.promises.clear();
    }
    let desk = Actor::system(Channel::Cli);
    test.desk.set_targets(&desk, targets).await.unwrap();
}

/// Storage has no mailing list: its people are told.
async fn federation(test: &TestDesk) -> Federation {
    let people = test.federation().await;
    let catalogue = test.desk.catalogue().await.unwrap();
    let mut unit = catalogue.unit(people.storage).unwrap().clone();
    unit.email = None;
    test.desk.save_unit(unit).await.unwrap();
    promise_nothing(test).await;
    test.desk.start_timers().await.unwrap();
    people
}

async fn opened(test: &TestDesk, who: PersonId) -> TicketNumber {
    let who = actor(test, who).await;
    let request = OpenRequest {
        subject: "No quota".into(),
        description: "It is used up.".into(),
        unit: Some("storage".into()),
        ..OpenRequest::default()
    };
    let number = test.desk.open_ticket(&who, request).await.unwrap().number;
    test.run_jobs().await;
    number
}

async fn act(test: &TestDesk, who: PersonId, number: TicketNumber, steps: Vec<Step>) {
    let who = actor(test, who).await;
    test.desk.act(&who, number, None, steps).await.unwrap();
    test.run_jobs().await;
}

/// Sam takes the ticket and asks something.
async fn asked(test: &TestDesk, people: &Federation, number: TicketNumber) {
    let steps = vec![
        Step::Command(Command::Start),
        Step::Write(EntryVisibility::Public, draft("Which project is it?")),
        Step::Command(Command::Await { reminder: None }),
    ];
    act(test, people.sam.id, number, steps).await;
}

async fn later(test: &TestDesk, ms: i64) {
    test.clock.advance(ms);
    test.run_jobs().await;
    // Once more at the same moment: nothing happens twice.
    test.clock.advance(1);
    test.run_jobs().await;
}

fn to(test: &TestDesk, who: &str) -> Vec<Mail> {
    let mut mails = test.sent_mail();
    mails.retain(|m| m.to.starts_with(&format!("{who}@")));
    mails
}

/// How many mails each of these got.
fn counts<const N: usize>(test: &TestDesk, who: [&str; N]) -> [usize; N] {
    who.map(|who| to(test, who).len())
}

async fn status(db: &Db, number: TicketNumber) -> Status {
    let ticket = db.read(move |c| store::ticket::load(c, number)).await;
    ticket.unwrap().unwrap().status
}

/// What time did to a ticket.
async fn done(db: &Db, number: TicketNumber) -> Vec<Change> {
    let events = db
        .read(move |c| store::event::of_ticket(c, number, 0, i64::MAX))
        .await
        .unwrap();
    let by_time = events.into_iter().filter(|e| {
        e.channel == "job" && e.actor.is_none() && matches!(e.change, Change::Reminded { .. })
    });
    by_time.map(|e| e.change).collect()
}

async fn rows(db: &Db, number: TicketNumber) -> Vec<Timer> {
    db.read(move |c| store::timer::of_ticket(c, number))
        .await
        .unwrap()
}

#[test]
fn who_does_not_answer_is_reminded_twice_and_then_monitors_are_told() {
    both(|test| async move {
        let people = federation(&test).await;
        let number = opened(&test, people.rita.id).await;
        asked(&test, &people, number).await;
        let all = ["rita", "mona", "sam", "stan", "fay"];
        let before = counts(&test, all);
        // It is a Monday. Four working days and a weekend are not yet five.
        later(&test, 7 * DAY - HOUR).await;
        assert_eq!(counts(&test, all), before);
        later(&test, 2 * HOUR).await;
        let [rita, rest @ ..] = counts(&test, all);
        assert_eq!(rita, before[0] + 1);
        assert_eq!(rest, before[1..], "nobody else");
        let mail = to(&test, "rita").pop().unwrap();
        assert!(mail.subject.contains(&format!("[#{number}]")), "{mail:?}");
        for words in [
            &format!("We still need your answer to ticket {number}."),
            "Sam had written:",
            "Which project is it?",
        ] {
            assert!(mail.text.contains(words), "{}", mail.text);
        }
        later(&test, 7 * DAY).await;
        let mail = to(&test, "rita").pop().unwrap();
        assert!(mail.text.contains("the last reminder"), "{}", mail.text);
        assert_eq!(to(&test, "rita").len(), before[0] + 2);
        assert_eq!(to(&test, "mona").len(), before[1]);
        later(&test, 7 * DAY).await;
        let mail = to(&test, "mona").pop().unwrap();
        assert!(
            mail.text.contains("waited 15 working days"),
            "{}",
            mail.text
        );
        later(&test, 60 * DAY).await;
        assert_eq!(
            counts(&test, all),
            [
                before[0] + 2,
                before[1] + 1,
                before[2],
                before[3],
                before[4]
            ]
        );
        let db = test.desk.db();
        assert_eq!(status(db, number).await, Status::Waiting);
        assert_eq!(done(db, number).await.len(), 3);
        assert!(rows(db, number).await.is_empty());
    });
}

#[test]
fn reminders_speak_the_requesters_language_and_end_with_the_answer() {
    both(|test| async move {
        let people = federation(&test).await;
        let wish = store::choice::Wish {
            language: Some("de".into()),
            rhythm: "daily".into(),
            weekday: 0,
            hour: 7,
            time_zone: "UTC".into(),
        };
        // Nothing that she may choose keeps it from her.
        let scope = switchboard_core::choice::Scope::Own;
        let nothing = switchboard_core::notify::Told::ALL
            .map(|told| ((scope, told), switchboard_core::choice::How::Nothing));
        test.desk
            .set_mail_choices(people.rita.id, nothing.into(), wish)
            .await
            .unwrap();
        let number = opened(&test, people.rita.id).await;
        asked(&test, &people, number).await;
        later(&test, 7 * DAY + HOUR).await;
        let mail = to(&test, "rita").pop().unwrap();
        for words in ["Wir brauchen noch Ihre Antwort", "Sam hatte geschrieben:"] {
            assert!(mail.text.contains(words), "{}", mail.text);
        }
        let answer = Step::Write(EntryVisibility::Public, draft("The big one."));
        act(&test, people.rita.id, number, vec![answer]).await;
        let before = to(&test, "rita").len();
        later(&test, 60 * DAY).await;
        assert_eq!(to(&test, "rita").len(), before);
        assert_eq!(done(test.desk.db(), number).await.len(), 1);
    });
}

#[test]
fn what_is_solved_or_unsolved_is_closed_after_ten_working_days() {
    both(|test| async move {
        let people = federation(&test).await;
        let solved = opened(&test, people.rita.id).await;
        let unsolved = opened(&test, people.rita.id).await;
        let reopened = opened(&test, people.rita.id).await;
        let solve = || Step::Solve(SolutionKind::Fixed, draft("You have more now."));
        let give_up = Step::GiveUp(SolutionKind::WontFix, draft("There is no more."));
        act(&test, people.sam.id, solved, vec![solve()]).await;
        act(&test, people.sam.id, unsolved, vec![give_up]).await;
        act(&test, people.sam.id, reopened, vec![solve()]).await;
        later(&test, 10 * DAY).await;
        let again = Step::Reopen(Some(draft("I do not.")));
        act(&test, people.rita.id, reopened, vec![again]).await;
        let db = test.desk.db();
        later(&test, 4 * DAY - HOUR).await;
        assert_eq!(status(db, solved).await, Status::Solved);
        later(&test, 2 * HOUR).await;
        for number in [solved, unsolved] {
            assert_eq!(status(db, number).await, Status::Closed);
            assert_eq!(done(db, number).await.len(), 1);
            assert!(rows(db, number).await.is_empty());
        }
        assert_eq!(status(db, reopened).await, Status::Reopened);
        act(&test, people.sam.id, reopened, vec![solve()]).await;
        later(&test, 13 * DAY).await;
        assert_eq!(status(db, reopened).await, Status::Solved);
        later(&test, DAY + HOUR).await;
        assert_eq!(status(db, reopened).await, Status::Closed);
    });
}

#[test]
fn a_date_that_was_set_comes_to_the_owner_or_to_the_unit() {
    both(|test| async move {
        let people = federation(&test).await;
        let mut tickets = Vec::new();
        for owned in [true, false] {
            let number = opened(&test, people.rita.id).await;
            let hold = Step::Command(Command::Hold {
                reason: "Disks are on the way.".into(),
                reminder: Some(test.desk.now() + 3 * DAY),
                eta: None,
            });
            let start = owned.then_some(Step::Command(Command::Start));
            let steps = start.into_iter().chain([hold]).collect();
            act(&test, people.sam.id, number, steps).await;
            tickets.push(number);
        }
        let all = ["rita", "mona", "sam", "stan", "fay"];
        let before = counts(&test, all);
        later(&test, 3 * DAY + HOUR).await;
        let mail = to(&test, "sam").pop().unwrap();
        assert!(
            mail.text
                .contains("The day has come that was set for ticket"),
            "{}",
            mail.text
        );
        later(&test, 40 * DAY).await;
        let after = counts(&test, all);
        assert_eq!(
            after,
            [
                before[0],
                before[1],
                before[2] + 2,
                before[3] + 1,
                before[4]
            ],
            "the owner of the one; those of the unit of the other"
        );
        let db = test.desk.db();
        for number in tickets {
            assert_eq!(status(db, number).await, Status::OnHold);
            assert!(rows(db, number).await.is_empty());
            // What is said of the date stays on the support side.
            let rita = actor(&test, people.rita.id).await;
            let sam = actor(&test, people.sam.id).await;
            let told = async |who: &Actor| {
                let seen = test.desk.conversation(who, number).await.unwrap();
                let dates = seen.events.into_iter().filter(|e| {
                    matches!(
                        e.change,
                        Change::Reminded {
                            due: Due::Date { .. }
                        }
                    )
                });
                dates.count()
            };
            assert_eq!((told(&rita).await, told(&sam).await), (0, 1));
        }
    });
}

#[test]
fn working_days_are_those_of_the_unit_and_follow_when_it_changes_them() {
    both(|test| async move {
        let people = federation(&test).await;
        let number = opened(&test, people.rita.id).await;
        asked(&test, &people, number).await;
        let db = test.desk.db();
        let at = async || rows(db, number).await[0].due_at;
        let usual = at().await;
        let ada = actor(&test, people.ada.id).await;
        let catalogue = test.desk.catalogue().await.unwrap();
        let unit = catalogue.unit(people.storage).unwrap();
        assert!(unit.doc.holidays.is_empty());
        let free = async |days: &[&str]| {
            let holiday = |day: &&str| store::unit::Holiday {
                date: (*day).into(),
                name: String::new(),
                hours: Vec::new(),
            };
            let edit = desk::unit::UnitEdit {
                holidays: Some(days.iter().map(holiday).collect()),
                ..Default::default()
            };
            let changed = test.desk.change_unit(&ada, "storage", None, edit).await;
            changed.unwrap();
            test.run_jobs().await;
        };
        free(&["2026-09-23", "2026-09-24"]).await;
        assert_eq!(at().await, usual + 2 * DAY, "two days more");
        free(&[]).await;
        assert_eq!(at().await, usual, "and back");
    });
}

#[test]
fn rules_are_administrators_and_hold_for_what_waits_too() {
    both(|test| async move {
        let people = federation(&test).await;
        let number = opened(&test, people.rita.id).await;
        asked(&test, &people, number).await;
        let (ada, sam) = (
            actor(&test, people.ada.id).await,
            actor(&test, people.sam.id).await,
        );
        assert_eq!(
            test.desk.time_rules(&ada).await.unwrap(),
            TimeRules::default()
        );
        let fast = TimeRules {
            remind: vec![1],
            unanswered: Some(2),
            close: 1,
        };
        let refused = test.desk.set_time_rules(&sam, fast.clone()).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let wrong = TimeRules {
            remind: vec![3],
            ..fast.clone()
        };
        assert!(test.desk.set_time_rules(&ada, wrong).await.is_err());
        test.desk.set_time_rules(&ada, fast.clone()).await.unwrap();
        assert_eq!(test.desk.time_rules(&ada).await.unwrap(), fast);
        test.run_jobs().await;
        let mails = to(&test, "rita").len();
        later(&test, DAY + HOUR).await;
        assert_eq!(to(&test, "rita").len(), mails + 1);
        later(&test, DAY).await;
        assert_eq!(done(test.desk.db(), number).await.len(), 2);
    });
}

#[test]
fn tickets_of_an_older_version_get_their_timers_after_the_upgrade() {
    both(|test| async move {
        let people = federation(&test).await;
        let mut before = Vec::new();
        for n in 0..110 {
            let (rita, who) = (
                actor(&test, people.rita.id).await,
                Actor::system(Channel::Cli),
            );
            let request = OpenRequest {
                subject: "No quota".into(),
                description: "It is used up.".into(),
                unit: Some("storage".into()),
                ..OpenRequest::default()
            };
            let number = test.desk.open_ticket(&rita, request).await.unwrap().number;
            let step = match n % 3 {
                0 => Step::Command(Command::Await { reminder: None }),
                1 => Step::Solve(SolutionKind::Fixed, draft("More.")),
                _ => Step::Command(Command::Hold {
                    reason: "Disks.".into(),
                    reminder: Some(test.desk.now() + 3 * DAY),
                    eta: None,
                }),
            };
            test.desk.act(&who, number, None, vec![step]).await.unwrap();
            test.clock.advance(1_000);
            before.push((number, rows(test.desk.db(), number).await));
        }
        let numbers: Vec<_> = before.iter().map(|(number, _)| *number).collect();
        test.desk
            .db()
            .write(move |c| {
                for number in &numbers {
                    for kind in TimerKind::ALL {
                        store::timer::stop(c, *number, kind)?;
                    }
                }
                store::setting::set(c, "timers.all", "false", 0)
            })
            .await
            .unwrap();
        test.desk.start_timers().await.unwrap();
        test.run_jobs().await;
        for (number, rows_before) in before {
            assert_eq!(rows_before.len(), 1);
            assert_eq!(rows(test.desk.db(), number).await, rows_before);
        }
        let known = test
            .desk
            .db()
            .read(|c| store::setting::get(c, "timers.all"))
            .await;
        assert_eq!(known.unwrap().as_deref(), Some("true"));
    });
}

#[test]
fn a_ticket_that_can_not_be_read_holds_up_no_others() {
    both(|test| async move {
        let people = federation(&test).await;
        let mut numbers = Vec::new();
        for _ in 0..3 {
            let number = opened(&test, people.rita.id).await;
            asked(&test, &people, number).await;
            numbers.push(number);
        }
        let db = test.desk.db();
        let sick = numbers[0];
        let write = async |doc: String| {
            let column = ("ticket", "number", "doc");
            db.write(move |c| store::trace::set_text(c, column, &sick.0.into(), Some(&doc)))
                .await
                .unwrap();
        };
        let doc = db.read(move |c| store::ticket::load(c, sick)).await;
        let doc = serde_json::to_string(&doc.unwrap().unwrap()).unwrap();
        write("{}".into()).await;
        later(&test, 7 * DAY + HOUR).await;
        for number in &numbers {
            let expected = usize::from(*number != sick);
            assert_eq!(done(db, *number).await.len(), expected);
        }
        // It is tried again, and once it can be read it is done.
        write(doc).await;
        later(&test, 2 * HOUR).await;
        assert_eq!(done(db, sick).await.len(), 1);
    });
}

#[test]
fn nodes_that_run_together_die_and_have_wrong_clocks_do_each_thing_once() {
    for place in [Some(sqlite()), postgres()].into_iter().flatten() {
        let url = place.url().to_owned();
        let test = TestDesk::on(place, config());
        // A day before and a day after.
        let nodes = Nodes::new(&test, &url, DAY);
        runtime().block_on(async {
            let people = federation(&test).await;
            let mut tickets = Vec::new();
            for n in 0..16 {
                let number = opened(&test, people.rita.id).await;
                match n % 4 {
                    0 => {
                        let step = Step::Solve(SolutionKind::Fixed, draft("More."));
                        act(&test, people.sam.id, number, vec![step]).await;
                    }
                    1 => {
                        let hold = Command::Hold {
                            reason: "Disks.".into(),
                            reminder: Some(test.desk.now() + 9 * DAY),
                            eta: None,
                        };
                        act(&test, people.sam.id, number, vec![Step::Command(hold)]).await;
                    }
                    _ => asked(&test, &people, number).await,
                }
                tickets.push(number);
            }
            let before = counts(&test, ["rita", "mona", "sam"]);
            for day in 0..28 {
                nodes.a_day(&test, 3, day % 3 == 0).await;
            }
            test.run_jobs().await;
            let db = test.desk.db();
            for (n, number) in tickets.iter().enumerate() {
                let expected = [1, 1, 3, 3][n % 4];
                let done = done(db, *number).await;
                assert_eq!(done.len(), expected, "{number}: {done:?}");
                assert!(rows(db, *number).await.is_empty());
            }
            // Two reminders for each of the eight that wait; of each dated and each closed one,
            // storage. A delivery of a node whose clock is slow looks dead to one whose clock is fast,
            // so the same mail may go out once more.
            let mut mails = test.sent_mail();
            mails.sort_by(|a, b| a.raw.cmp(&b.raw));
            mails.dedup_by(|a, b| a.raw == b.raw);
            let to = |who: &str| mails.iter().filter(|m| m.to.starts_with(who)).count();
            assert_eq!(
                ["rita@", "mona@", "sam@"].map(to),
                [before[0] + 16, before[1] + 8, before[2] + 8]
            );
        });
    }
}

#[test]
fn a_clock_that_jumps_back_and_forth_does_nothing_twice() {
    both(|test| async move {
        let people = federation(&test).await;
        let number = opened(&test, people.rita.id).await;
        asked(&test, &people, number).await;
        let before = counts(&test, ["rita", "mona"]);
        for hour in 0..(30 * 24) {
            test.clock.advance(HOUR);
            if hour % 36 == 35 {
                test.clock.advance(if hour % 72 == 35 { DAY } else { -DAY });
            }
            if hour % 4 == 0 {
                test.run_jobs().await;
            }
        }
        later(&test, 2 * DAY).await;
        assert_eq!(
            counts(&test, ["rita", "mona"]),
            [before[0] + 2, before[1] + 1]
        );
    });
}

#[test]
fn a_hold_says_why_to_those_who_come_back_to_it() {
    // The reason is the ticket's; the mail about its date leads there.
    both(|test| async move {
        let people = federation(&test).await;
        let number = opened(&test, people.rita.id).await;
        let hold = Command::Hold {
            reason: "Disks are on the way.".into(),
            reminder: Some(test.desk.now() + DAY),
            eta: None,
        };
        act(&test, people.sam.id, number, vec![Step::Command(hold)]).await;
        later(&test, DAY).await;
        let mail = to(&test, "stan").pop().unwrap();
        assert!(mail.text.contains("Disks are on the way."), "{}", mail.text);
        let ticket = test.desk.db().read(move |c| store::ticket::load(c, number));
        let ticket = ticket.await.unwrap().unwrap();
        assert!(matches!(ticket.hold, Some(Hold::Reason { .. })));
        assert_eq!(ticket.reminder, None);
    });
}
