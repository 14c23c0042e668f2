//! What comes, and what is set here, at a bad moment.

use std::time::Duration;

use desk::Step;
use desk::exchange::Knock;
use switchboard_core::{Command, Priority};
use testkit::both_configured;

use crate::exchange::{PUBLIC, agreed, bodies, keeping, opens, passes, says, stored, there, world};
use crate::exchange_fake::Wrong;

/// The round that was woken dies after it noted that it looks and before it saw anything.
/// The next poll would be half a minute later; who starts again looks at once.
#[test]
fn what_was_heard_before_a_crash_is_looked_at_when_the_desk_starts_again() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let agreement = agreed(&desk, "sky-atlas").await;
        let address = desk.desk.wake_address(&w.cast.ada_acts, agreement).unwrap();
        let word = address.rsplit('/').next().unwrap();
        let number = opens(&desk, &w.rita, "sky-atlas").await;
        passes(&desk, 60).await;
        let coupling = async || {
            let db = desk.desk.db();
            let held = db.read(move |c| store::coupling::load(c, agreement));
            held.await.unwrap().unwrap()
        };
        let read_at = async || coupling().await.read_at.unwrap();
        while desk.desk.now() - read_at().await > 10_000 {
            passes(&desk, 10).await;
        }
        let read_at = read_at().await;

        w.fake.writes("100", "ada", "Which plate?", None);
        w.fake.0.lock().unwrap().mute = true;
        desk.clock.advance(3_000);
        desk.desk
            .wake_exchange(word, Knock::default())
            .await
            .unwrap();
        assert!(coupling().await.woken_at.is_some());
        let died = tokio::time::timeout(Duration::from_millis(1_500), desk.run_jobs()).await;
        assert!(died.is_err(), "it looked");
        assert_eq!(coupling().await.woken_at, None, "nobody remembers the call");
        w.fake.0.lock().unwrap().mute = false;
        // Until the lease of the dead one runs out.
        desk.clock.advance(7_000);
        let heard = async || {
            let (_, entries) = stored(&desk, number).await;
            bodies(&entries).contains(&"Which plate?")
        };
        // One that only goes on does not look before the next poll.
        desk.run_jobs().await;
        assert!(!heard().await);
        let working = desk.desk.clone();
        let working = tokio::spawn(async move { working.work().await });
        for _ in 0..100 {
            if heard().await {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        working.abort();
        assert!(heard().await);
        let now = desk.desk.now();
        assert!(now - read_at < 30_000, "before the next poll: {now}");
    });
}

/// What is set here while RT is being read has not been followed yet when the reading is
/// recorded: it has to count as said before.
#[test]
fn what_is_set_here_while_it_is_read_there_is_not_lost_in_silence() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let number = opens(&desk, &w.rita, "sky-atlas").await;
        passes(&desk, 60).await;
        let (here, ada) = (desk.desk.clone(), w.cast.ada_acts.clone());
        w.fake.weighs("100", "ada", "100");
        w.fake.meanwhile(async move {
            let command = Command::Overrule {
                priority: Priority::Medium,
                reason: "It can not wait.".into(),
            };
            let step = Step::Command(command);
            here.act(&ada, number, None, vec![step]).await.unwrap();
        });
        passes(&desk, 120).await;
        assert_eq!(w.fake.0.lock().unwrap().tickets["100"].priority, "100");
        let (ticket, _) = stored(&desk, number).await;
        assert_eq!(ticket.priority(), Priority::High);
        let seen = desk.desk.counterparts(&w.cast.ada_acts, number).await;
        assert_eq!(
            seen.unwrap()[0].conflicts,
            [
                "priority: “100” of rt.sky.example counts; this desk set “medium” without \
                 knowing of it. Set it to choose."
            ]
        );
    });
}

/// A small system answers four at once, and no more are asked of it. What is written in one
/// ticket is read and sent in its order all the same.
#[test]
fn entries_and_tickets_go_beside_each_other_and_each_ticket_keeps_its_order() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let mut numbers = Vec::new();
        for _ in 0..6 {
            numbers.push(opens(&desk, &w.rita, "sky-atlas").await);
        }
        passes(&desk, 60).await;
        let at_once = || std::mem::take(&mut w.fake.0.lock().unwrap().at_once);
        w.fake.0.lock().unwrap().slow = true;

        // Read: of one ticket, and of several.
        for n in 0..9 {
            w.fake.writes("100", "ada", &format!("Question {n}"), None);
        }
        passes(&desk, 30).await;
        assert_eq!(at_once(), [4, 0], "of one ticket");
        for there in 101..106 {
            for n in 0..3 {
                w.fake
                    .writes(&there.to_string(), "ada", &format!("Question {n}"), None);
            }
        }
        passes(&desk, 30).await;
        assert_eq!(at_once(), [4, 0], "of all of them together");
        for (number, most) in numbers.iter().zip([9, 3, 3, 3, 3, 3]) {
            let (_, entries) = stored(&desk, *number).await;
            let asked: Vec<_> = bodies(&entries)
                .into_iter()
                .filter(|body| body.starts_with("Question"))
                .map(str::to_owned)
                .collect();
            let right: Vec<_> = (0..most).map(|n| format!("Question {n}")).collect();
            assert_eq!(asked, right);
        }

        // Sent: while it is away all of it waits.
        w.fake.0.lock().unwrap().down = true;
        for n in 0..3 {
            for number in &numbers {
                says(
                    &desk,
                    &w.rita,
                    *number,
                    PUBLIC,
                    &format!("Answer {n}"),
                    None,
                )
                .await;
            }
        }
        w.fake.0.lock().unwrap().down = false;
        passes(&desk, 120).await;
        let [_, sent] = at_once();
        assert!((2..=4).contains(&sent), "of several tickets: {sent}");
        for (number, id) in numbers.iter().zip(100..) {
            let id = id.to_string();
            let sent: Vec<_> = {
                let held = w.fake.0.lock().unwrap();
                let of = held.entries.iter().filter(|e| e.ticket == id);
                let bodies = of.map(|e| e.body.clone());
                bodies.filter(|body| body.contains("Answer")).collect()
            };
            assert_eq!(sent.len(), 3, "{sent:?}");
            for (n, body) in sent.iter().enumerate() {
                assert!(body.contains(&format!("Answer {n}")), "{sent:?}");
            }
            assert_eq!(there(&desk, &w.cast, *number).await.waiting, 0);
        }
    });
}

/// Once a call in doubt must have ended, the ticket is read. That the line broke meanwhile
/// is no look: the next comes when the line is tried again.
#[test]
fn a_look_that_the_line_broke_is_made_again_when_the_line_is_tried_again() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let number = opens(&desk, &w.rita, "sky-atlas").await;
        passes(&desk, 60).await;
        w.fake.0.lock().unwrap().wrong.push_back(Wrong::Lost);
        let command = Command::Overrule {
            priority: Priority::High,
            reason: "It can not wait.".into(),
        };
        let step = Step::Command(command);
        let acts = desk.desk.act(&w.cast.ada_acts, number, None, vec![step]);
        acts.await.unwrap();
        desk.run_jobs().await;
        assert_eq!(there(&desk, &w.cast, number).await.waiting, 1);
        // What changed there is read first; then the ticket.
        desk.clock.advance(25_000);
        desk.run_jobs().await;
        let calls = w.fake.0.lock().unwrap().calls;
        desk.clock.advance(4_900);
        desk.run_jobs().await;
        assert_eq!(w.fake.0.lock().unwrap().calls, calls, "not yet");
        w.fake.0.lock().unwrap().fails_after = Some(1);
        desk.clock.advance(3_000);
        desk.run_jobs().await;
        let told = desk.desk.exchange(&w.cast.ada_acts).await.unwrap().0;
        assert!(told[0].coupling.error.is_some(), "{told:?}");
        desk.clock.advance(3_000);
        desk.run_jobs().await;
        assert_eq!(there(&desk, &w.cast, number).await.waiting, 0);
    });
}

/// Where nobody can ask what our account may do, a call that it may not make may be one that
/// it may make nowhere: it waits, and is set aside only when that lasts.
#[test]
fn where_rights_can_not_be_asked_what_is_forbidden_waits_before_it_is_set_aside() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let number = opens(&desk, &w.rita, "sky-atlas").await;
        passes(&desk, 60).await;
        let dead = async || desk.desk.exchange(&w.cast.ada_acts).await.unwrap().1.len();
        {
            let mut held = w.fake.0.lock().unwrap();
            held.untold = true;
            held.wrong.push_back(Wrong::Refused);
        }
        says(&desk, &w.rita, number, PUBLIC, "Plate 17.", None).await;
        let seen = there(&desk, &w.cast, number).await;
        assert_eq!((seen.waiting, dead().await), (1, 0));
        assert!(seen.error.unwrap().contains("may not"));
        passes(&desk, 60).await;
        assert_eq!(there(&desk, &w.cast, number).await.waiting, 0);
        let said = w.fake.bodies();
        assert_eq!(said.iter().filter(|b| b.contains("Plate 17.")).count(), 1);

        let always = vec![Wrong::Refused; 10];
        w.fake.0.lock().unwrap().wrong.extend(always);
        says(&desk, &w.rita, number, PUBLIC, "Plate 18.", None).await;
        for _ in 0..10 {
            desk.clock.advance(1_100_000);
            desk.run_jobs().await;
        }
        assert_eq!(
            (there(&desk, &w.cast, number).await.waiting, dead().await),
            (0, 1)
        );
    });
}
