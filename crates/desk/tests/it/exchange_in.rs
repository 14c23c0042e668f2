//! Tickets that are opened in the other system come here, once, and go on as any
//! that travels.

use desk::exchange::Knock;
use std::sync::Arc;

use switchboard_core::{Command, Priority, Status, TicketNumber};
use testkit::{Mail, TestDesk, both_configured};

use crate::exchange::{
    PUBLIC, World, agreed, bodies, coupled, keeping, passes, says, stored, world, world_by,
};
use crate::exchange_fake::Fake;
use crate::onboarding::accepted;

/// The tickets here that are somewhere else too, in order.
pub(crate) async fn here(desk: &TestDesk) -> Vec<TicketNumber> {
    let db = desk.desk.db();
    db.read(|c| {
        let newest = store::counter::last(c, "ticket")?;
        let mut found = Vec::new();
        for number in (1..=newest).map(TicketNumber) {
            if !store::exchange::of_ticket(c, number)?.is_empty() {
                found.push(number);
            }
        }
        Ok::<_, store::Error>(found)
    })
    .await
    .unwrap()
}

fn to_rita(mails: &[Mail]) -> Vec<&str> {
    let hers = mails.iter().filter(|m| m.to == "rita@people.example");
    hers.map(|m| m.text.as_str()).collect()
}

async fn counterpart(
    desk: &TestDesk,
    w: &World,
    number: TicketNumber,
) -> desk::exchange::view::Counterpart {
    let seen = desk.desk.counterparts(&w.cast.ada_acts, number).await;
    seen.unwrap().remove(0)
}

#[test]
fn a_ticket_that_is_opened_there_comes_here_and_goes_on() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let id = w.fake.opens(
            "atlas",
            "rita@people.example",
            "Where are they?",
            Some(b"dark"),
        );
        w.fake.writes(&id, "ada", "Which ones?", None);
        passes(&desk, 40).await;
        let numbers = here(&desk).await;
        assert_eq!(numbers.len(), 1, "{numbers:?}");
        let number = numbers[0];
        let (ticket, entries) = stored(&desk, number).await;
        assert_eq!(ticket.subject, "No plates at all");
        assert_eq!(ticket.priority(), Priority::Medium, "50 there");
        assert_eq!(ticket.status, Status::Assigned, "to the service's unit");
        assert_eq!(bodies(&entries), ["Where are they?", "Which ones?"]);
        assert_eq!(entries[0].author_name, "rita (via rt.sky.example)");
        let files = desk.desk.db();
        let files = files.read(move |c| store::entry::attachments(c, number));
        let files = files.await.unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(
            (files[0].name.as_str(), files[0].entry),
            ("photo.txt", entries[0].id)
        );
        // The agreement lets no addresses pass: it is nobody's whom we know.
        let asks = ticket.requester;
        let db = desk.desk.db();
        let person = db
            .read(move |c| store::person::load(c, asks))
            .await
            .unwrap();
        let person = person.unwrap();
        assert_eq!(
            (person.name.as_str(), person.email),
            ("Somebody in rt.sky.example", None)
        );

        // Nothing of it is said there again, and nothing comes twice.
        let said = w.fake.bodies().len();
        passes(&desk, 120).await;
        assert_eq!(w.fake.bodies().len(), said, "{:?}", w.fake.bodies());
        assert_eq!(here(&desk).await, numbers);
        assert_eq!(stored(&desk, number).await.1.len(), 2);

        // Both ways from here on.
        says(
            &desk,
            &w.cast.ada_acts,
            number,
            PUBLIC,
            "They are being washed.",
            None,
        )
        .await;
        w.fake
            .writes(&id, "rita@people.example", "Thank you!", None);
        w.fake.sets(&id, "ada", "resolved");
        passes(&desk, 80).await;
        let there = w.fake.bodies();
        let told = |b: &&String| b.contains("They are being washed.");
        assert_eq!(there.iter().filter(told).count(), 1, "{there:?}");
        let (ticket, entries) = stored(&desk, number).await;
        assert_eq!(ticket.status, Status::Solved);
        assert_eq!(ticket.solution.unwrap().text, "Thank you!");
        assert!(bodies(&entries).contains(&"Thank you!"));
        let seen = counterpart(&desk, &w, number).await;
        assert_eq!(
            (seen.waiting, seen.dead, seen.theirs),
            (0, 0, true),
            "{seen:?}"
        );
        assert!(
            seen.lines.iter().any(|l| l.what.contains("requester")),
            "{:?}",
            seen.lines
        );
        // The second one asks as the same nobody.
        w.fake
            .opens("atlas", "bob@people.example", "Mine too", None);
        passes(&desk, 40).await;
        let second = *here(&desk).await.last().unwrap();
        assert_eq!(stored(&desk, second).await.0.requester, asks);
        assert_eq!(to_rita(&desk.sent_mail()), Vec::<&str>::new());
    });
}

#[test]
fn whose_address_may_pass_is_the_requester_and_is_told_by_one_system_only() {
    both_configured(&keeping(), |desk| async move {
        let mut form = coupled("atlas");
        form.exchange.personal_data = true;
        let w = world_by(&desk, form).await;
        desk.desk.start_timers().await.unwrap();
        let id = w
            .fake
            .opens("atlas", "rita@people.example", "Where are they?", None);
        passes(&desk, 40).await;
        let number = here(&desk).await[0];
        let (ticket, _) = stored(&desk, number).await;
        assert_eq!(Some(ticket.requester), w.rita.person);
        says(
            &desk,
            &w.cast.ada_acts,
            number,
            PUBLIC,
            "They are being washed.",
            None,
        )
        .await;
        passes(&desk, 40).await;
        assert!(w.fake.bodies().join(" ").contains("being washed"));
        assert_eq!(
            to_rita(&desk.sent_mail()),
            Vec::<&str>::new(),
            "RT tells her"
        );
        // That her answer is missing RT does not know: of that she is reminded here.
        w.fake.writes(&id, "ada", "All of them?", None);
        w.fake.sets(&id, "ada", "stalled");
        passes(&desk, 40).await;
        assert_eq!(stored(&desk, number).await.0.status, Status::Waiting);
        desk.clock.advance(8 * 86_400_000);
        passes(&desk, 20).await;
        let mails = desk.sent_mail();
        let told = to_rita(&mails);
        assert!(
            told.len() == 1 && told[0].contains("All of them?"),
            "{told:?}"
        );
        // Taken back, it is this desk that tells her.
        let assign = Command::Assign {
            unit: w.cast.f.storage,
            reason: Some("It is a disk.".into()),
        };
        let step = vec![desk::Step::Command(assign)];
        desk.desk
            .act(&w.cast.ada_acts, number, None, step)
            .await
            .unwrap();
        desk.run_jobs().await;
        says(
            &desk,
            &w.cast.ada_acts,
            number,
            PUBLIC,
            "They are clean.",
            None,
        )
        .await;
        let mails = desk.sent_mail();
        let told = to_rita(&mails);
        assert!(
            told.iter().any(|text| text.contains("They are clean.")),
            "{told:?}"
        );
    });
}

#[test]
fn who_wakes_the_desk_is_looked_at_soon_and_not_too_often() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let agreement = agreed(&desk, "sky-atlas").await;
        let address = desk.desk.wake_address(&w.cast.ada_acts, agreement).unwrap();
        assert_eq!(desk.desk.wake_address(&w.rita, agreement), None);
        let word = address.rsplit('/').next().unwrap();
        let looked = async || {
            let calls = w.fake.0.lock().unwrap().calls;
            desk.run_jobs().await;
            w.fake.0.lock().unwrap().calls - calls
        };
        passes(&desk, 40).await;
        w.fake.opens("atlas", "bob@people.example", "Where?", None);
        desk.clock.advance(2_000);
        assert_eq!(looked().await, 0, "nobody said anything");
        desk.desk
            .wake_exchange(word, Knock::default())
            .await
            .unwrap();
        assert!(looked().await > 0);
        assert_eq!(here(&desk).await.len(), 1);
        // A second call within two seconds waits for their end.
        w.fake
            .opens("atlas", "bob@people.example", "And this?", None);
        desk.clock.advance(1_000);
        desk.desk
            .wake_exchange(word, Knock::default())
            .await
            .unwrap();
        assert_eq!(looked().await, 0);
        desk.clock.advance(1_000);
        assert!(looked().await > 0);
        assert_eq!(here(&desk).await.len(), 2);
        desk.clock.advance(2_000);
        assert_eq!(looked().await, 0, "that was all");
    });
}

#[test]
fn a_call_that_is_signed_wrongly_wakes_nobody() {
    both_configured(&keeping(), |desk| async move {
        let mut form = crate::exchange::coupled("lab/atlas");
        form.exchange.system = "github".into();
        let w = crate::exchange::world_by(&desk, form).await;
        let coupled = desk.desk.exchange(&w.cast.ada_acts).await.unwrap().0;
        let agreement = &coupled[0].agreement;
        let address = desk
            .desk
            .wake_address(&w.cast.ada_acts, agreement.id)
            .unwrap();
        let word = address.rsplit('/').next().unwrap();
        let secret = desk.desk.wake_secret(&w.cast.ada_acts, agreement).unwrap();
        assert_eq!(desk.desk.wake_secret(&w.rita, agreement), None);
        let body = b"{\"zen\": \"Keep it logically awesome.\"}";
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
        let hex: String = ring::hmac::sign(&key, body)
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let right = format!("sha256={hex}");
        let other = format!("sha256={}", "0".repeat(64));
        for (signature, token, body, wakes) in [
            (Some(right.as_str()), None, &body[..], true),
            (None, Some(secret.as_str()), b"", true),
            (None, None, b"", true),
            (Some(&right), None, b"{}", false),
            (Some(&other), None, body, false),
            (Some("sha256=é"), None, body, false),
            (Some(&hex), None, body, false),
            (None, Some("guess"), body, false),
            (None, Some(""), b"", false),
        ] {
            let knock = Knock {
                signature,
                token,
                body,
            };
            let woken = desk.desk.wake_exchange(word, knock).await;
            assert_eq!(woken.is_ok(), wakes, "{knock:?}");
        }
    });
}

#[test]
fn where_they_move_it_is_told() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let id = w.fake.opens("atlas", "bob@people.example", "Where?", None);
        passes(&desk, 40).await;
        let number = here(&desk).await[0];
        assert_eq!(counterpart(&desk, &w, number).await.queue, None);
        w.fake.moves(&id, "ada", "disks");
        passes(&desk, 40).await;
        let seen = counterpart(&desk, &w, number).await;
        assert_eq!(seen.queue.as_deref(), Some("disks"));
        let told = |l: &&store::exchange::Line| l.what.contains("disks");
        assert_eq!(seen.lines.iter().filter(told).count(), 1);
        // It goes on there all the same, and may come back.
        w.fake.writes(&id, "ada", "On which disk?", None);
        w.fake.moves(&id, "ada", "atlas");
        passes(&desk, 40).await;
        assert_eq!(counterpart(&desk, &w, number).await.queue, None);
        let (_, entries) = stored(&desk, number).await;
        assert!(bodies(&entries).contains(&"On which disk?"));
    });
}

#[test]
fn what_is_not_for_us_stays_there() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let other = w
            .fake
            .opens("moon", "bob@people.example", "Of the moon", None);
        let spam = w
            .fake
            .opens("atlas", "spam@people.example", "Buy plates", None);
        w.fake.deletes(&spam, "ada");
        passes(&desk, 60).await;
        assert_eq!(here(&desk).await, []);
        // One that was put into our queue later comes, with all that was said.
        w.fake
            .writes(&other, "ada", "It is the sky after all.", None);
        w.fake.moves(&other, "ada", "Atlas");
        passes(&desk, 60).await;
        let numbers = here(&desk).await;
        assert_eq!(numbers.len(), 1);
        let (_, entries) = stored(&desk, numbers[0]).await;
        assert_eq!(
            bodies(&entries),
            ["Of the moon", "It is the sky after all."]
        );
        // It is moved away and back: it is known.
        w.fake.moves(&other, "ada", "moon");
        w.fake.moves(&other, "ada", "atlas");
        passes(&desk, 60).await;
        assert_eq!(here(&desk).await, numbers);
    });
}

#[test]
fn of_an_agreement_for_one_way_only_nothing_comes() {
    both_configured(&keeping(), |desk| async move {
        let mut form = coupled("atlas");
        form.exchange.direction = "out".into();
        let w = world_by(&desk, form).await;
        w.fake.opens("atlas", "bob@people.example", "Hello", None);
        passes(&desk, 60).await;
        assert_eq!(here(&desk).await, []);
    });
}

#[test]
fn two_services_that_share_a_queue_take_a_ticket_over_once() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let mut other = coupled("atlas");
        other.provider.name = "Moon Institute".into();
        other.services[0].name = "Moon Atlas".into();
        other.unit.name = "Moon Atlas support".into();
        accepted(&desk, &w.cast, other).await;
        let same: Arc<Fake> = w.fake.clone();
        desk.desk
            .use_tracker(agreed(&desk, "moon-atlas").await, same);
        desk.run_jobs().await;
        w.fake.opens("atlas", "bob@people.example", "Hello", None);
        passes(&desk, 90).await;
        assert_eq!(here(&desk).await.len(), 1);
    });
}

#[test]
fn a_system_that_is_down_when_it_is_to_be_read_loses_nothing() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let id = w
            .fake
            .opens("atlas", "bob@people.example", "Hello", Some(b"x"));
        // Each call of the taking over fails once.
        for calls in 1..6 {
            w.fake.0.lock().unwrap().fails_after = Some(calls);
            passes(&desk, 120).await;
        }
        w.fake.0.lock().unwrap().fails_after = None;
        passes(&desk, 1_200).await;
        let numbers = here(&desk).await;
        assert_eq!(numbers.len(), 1);
        assert_eq!(bodies(&stored(&desk, numbers[0]).await.1), ["Hello"]);
        assert_eq!(counterpart(&desk, &w, numbers[0]).await.there, Some(id));
    });
}

/// A priority without a word here is the default here, and stays what it is there.
#[test]
fn what_it_was_opened_with_there_is_not_replaced_by_our_word_for_it() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let opens = |priority: &str| {
            let id = w.fake.opens("atlas", "uma", "Where are they?", None);
            let mut there = w.fake.0.lock().unwrap();
            there.tickets.get_mut(&id).unwrap().priority = priority.into();
            id
        };
        let first = opens("17");
        let second = opens("18");
        w.fake.weighs(&second, "ada", "19");
        passes(&desk, 120).await;
        let weighs = |id: &str| w.fake.0.lock().unwrap().tickets[id].priority.clone();
        assert_eq!(
            (weighs(&first).as_str(), weighs(&second).as_str()),
            ("17", "19")
        );
        let mut weighed = None;
        for number in &here(&desk).await {
            let (ticket, _) = stored(&desk, *number).await;
            assert_eq!(ticket.priority(), Priority::Medium);
            says(&desk, &w.cast.ada_acts, *number, PUBLIC, "We look.", None).await;
            let seen = counterpart(&desk, &w, *number).await;
            assert_eq!((seen.conflicts.len(), seen.waiting), (0, 0), "{seen:?}");
            weighed = weighed.or(Some(*number).filter(|_| seen.there.as_ref() == Some(&first)));
        }
        passes(&desk, 120).await;
        assert_eq!(
            (weighs(&first).as_str(), weighs(&second).as_str()),
            ("17", "19")
        );
        let command = Command::Overrule {
            priority: Priority::High,
            reason: "It can not wait.".into(),
        };
        let step = desk::Step::Command(command);
        let acts = desk
            .desk
            .act(&w.cast.ada_acts, weighed.unwrap(), None, vec![step]);
        acts.await.unwrap();
        passes(&desk, 60).await;
        assert_eq!(
            (weighs(&first).as_str(), weighs(&second).as_str()),
            ("100", "19")
        );
    });
}
