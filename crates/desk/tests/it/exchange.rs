//! Full integration: a ticket lives in another helpdesk's system too, once, and
//! what is said on either side is said on the other.

use std::sync::Arc;
use std::time::Duration;

use desk::{Config, EntryDraft, KeptSecrets, NewFile, OpenRequest, Step};
use store::agreement;
use store::entry::Entry;
use switchboard_core::onboarding::Form;
use switchboard_core::{
    Actor, Command, EntryVisibility, SolutionKind, Status, Ticket, TicketNumber,
};
use testkit::{TestDesk, both_configured};
use uuid::Uuid;

pub(crate) use testkit::coupled_form as coupled;

use crate::exchange_fake::{Fake, Wrong};
use crate::onboarding::{Cast, accepted, actor, cast, service, undo};

pub(crate) fn keeping() -> Config {
    let mut secrets = KeptSecrets::default();
    secrets.keep("sky-rt", "rt.sky.example", "1-2-canary".into());
    Config {
        secrets,
        ..testkit::config()
    }
}

pub(crate) async fn agreed(desk: &TestDesk, key: &str) -> Uuid {
    let service = service(desk, key).await.unwrap().id;
    let held = desk.desk.db().read(move |c| agreement::current(c, service));
    held.await.unwrap().unwrap().id
}

/// The small federation, and a service whose tickets travel to a system within
/// the test.
pub(crate) struct World {
    pub(crate) cast: Cast,
    pub(crate) fake: Arc<Fake>,
    pub(crate) rita: Actor,
    form: Uuid,
}

pub(crate) async fn world(desk: &TestDesk) -> World {
    world_by(desk, coupled("atlas")).await
}

pub(crate) async fn world_by(desk: &TestDesk, form: Form) -> World {
    let cast = cast(desk).await;
    let form = accepted(desk, &cast, form).await;
    let fake = Arc::new(Fake::default());
    let agreement = agreed(desk, "sky-atlas").await;
    desk.desk.use_tracker(agreement, fake.clone());
    desk.run_jobs().await;
    let rita = actor(desk, &cast.f.rita).await;
    World {
        cast,
        fake,
        rita,
        form,
    }
}

pub(crate) async fn opens(desk: &TestDesk, who: &Actor, service: &str) -> TicketNumber {
    let request = OpenRequest {
        subject: "A plate is missing".into(),
        description: "It was there yesterday. Mail me: rita@people.example".into(),
        service: Some(service.into()),
        ..OpenRequest::default()
    };
    let number = desk.desk.open_ticket(who, request).await.unwrap().number;
    desk.run_jobs().await;
    number
}

pub(crate) async fn says(
    desk: &TestDesk,
    who: &Actor,
    number: TicketNumber,
    visibility: EntryVisibility,
    body: &str,
    file: Option<&[u8]>,
) {
    let files = file.map(|bytes| NewFile {
        name: "plate.txt".into(),
        media_type: "text/plain".into(),
        bytes: bytes.to_vec(),
        content_id: None,
    });
    let draft = EntryDraft {
        body: body.into(),
        files: files.into_iter().collect(),
        ..EntryDraft::default()
    };
    let step = Step::Write(visibility, draft);
    desk.desk.act(who, number, None, vec![step]).await.unwrap();
    desk.run_jobs().await;
}

/// A while passes, in steps, with everything that is due.
pub(crate) async fn passes(desk: &TestDesk, seconds: i64) {
    for _ in 0..seconds / 10 {
        desk.clock.advance(10_000);
        desk.run_jobs().await;
    }
}

pub(crate) async fn stored(desk: &TestDesk, number: TicketNumber) -> (Ticket, Vec<Entry>) {
    let db = desk.desk.db();
    db.read(move |c| {
        let ticket = store::ticket::load(c, number)?.unwrap();
        Ok::<_, store::Error>((ticket, store::entry::of_ticket(c, number, true, 0, 1_000)?))
    })
    .await
    .unwrap()
}

/// A ticket as it stands in the other system.
pub(crate) async fn there(
    desk: &TestDesk,
    cast: &Cast,
    number: TicketNumber,
) -> desk::exchange::view::Counterpart {
    let seen = desk.desk.counterparts(&cast.ada_acts, number).await;
    seen.unwrap().remove(0)
}

pub(crate) fn bodies(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|e| e.body.as_str()).collect()
}

pub(crate) const PUBLIC: EntryVisibility = EntryVisibility::Public;

#[test]
fn a_form_makes_its_coupling_and_undoing_it_takes_it_away() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let (coupled, dead) = desk.desk.exchange(&w.cast.ada_acts).await.unwrap();
        assert_eq!((coupled.len(), dead.len()), (1, 0));
        assert_eq!(coupled[0].service, "Sky Atlas");
        assert_eq!(coupled[0].agreement.queue.as_deref(), Some("atlas"));
        assert!(coupled[0].coupling.reading.is_some(), "it was read");
        assert!(desk.desk.exchange(&w.rita).await.is_err());
        // First level reads, and changes nothing.
        let fay = actor(&desk, &w.cast.f.fay).await;
        assert_eq!(desk.desk.exchange(&fay).await.unwrap().0, coupled);
        let agreement = coupled[0].agreement.id;
        assert!(
            desk.desk
                .set_coupling(&fay, agreement, false)
                .await
                .is_err()
        );
        desk.desk
            .decide_onboarding(&w.cast.ada_acts, w.form, None, undo(None))
            .await
            .unwrap();
        let (coupled, _) = desk.desk.exchange(&w.cast.ada_acts).await.unwrap();
        assert_eq!(coupled, []);
    });
}

#[test]
fn a_ticket_goes_there_and_what_is_said_on_either_side_is_said_on_the_other() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let number = opens(&desk, &w.rita, "sky-atlas").await;
        {
            let there = w.fake.0.lock().unwrap();
            assert_eq!(there.tickets.len(), 1);
            let ticket = &there.tickets["100"];
            assert_eq!(
                (ticket.queue.as_str(), ticket.subject.as_str()),
                ("atlas", "A plate is missing")
            );
            assert_eq!(ticket.status, "open", "assigned is open there");
            assert!(ticket.requesters.is_empty());
        }
        // Neither name nor address: the agreement does not let them pass.
        let said = w.fake.bodies().join("\n");
        assert!(said.contains("It was there yesterday."), "{said}");
        assert!(!said.contains("Rita") && !said.contains("rita@"), "{said}");

        says(
            &desk,
            &w.cast.ada_acts,
            number,
            EntryVisibility::Internal,
            "canary",
            None,
        )
        .await;
        w.fake
            .writes("100", "ada", "Which plate?", Some(b"no plate"));
        w.fake.sets("100", "ada", "stalled");
        passes(&desk, 60).await;
        let (ticket, entries) = stored(&desk, number).await;
        let answer = entries.iter().find(|e| e.body == "Which plate?").unwrap();
        assert_eq!(answer.author_name, "ada there (via rt.sky.example)");
        assert_eq!(
            (answer.visibility, answer.author_side.as_str()),
            (PUBLIC, "external")
        );
        assert_eq!(ticket.status, Status::Waiting);
        let files = desk
            .desk
            .db()
            .read(move |c| store::entry::attachments(c, number));
        let files = files.await.unwrap();
        assert_eq!(
            (files.len(), files[0].name.as_str(), files[0].entry),
            (1, "log.txt", answer.id)
        );
        let mails = desk.sent_mail();
        let told =
            |m: &&testkit::Mail| m.to == "rita@people.example" && m.text.contains("Which plate?");
        assert_eq!(mails.iter().filter(told).count(), 1);

        says(
            &desk,
            &w.rita,
            number,
            PUBLIC,
            "Plate 17.",
            Some(b"seventeen"),
        )
        .await;
        w.fake
            .writes("100", "ada", "Found it behind the shelf.", None);
        w.fake.sets("100", "ada", "resolved");
        passes(&desk, 120).await;
        let (ticket, entries) = stored(&desk, number).await;
        assert_eq!(ticket.status, Status::Solved);
        assert_eq!(ticket.solution.unwrap().text, "Found it behind the shelf.");
        let there = w.fake.bodies();
        assert_eq!(
            there.iter().filter(|b| b.contains("Plate 17.")).count(),
            1,
            "{there:?}"
        );
        assert_eq!(
            there.iter().filter(|b| b.contains("plate.txt")).count(),
            1,
            "{there:?}"
        );
        assert!(!there.iter().any(|b| b.contains("canary")), "{there:?}");
        for text in ["Which plate?", "Found it behind the shelf."] {
            assert_eq!(
                bodies(&entries).iter().filter(|b| **b == text).count(),
                1,
                "{text}"
            );
        }
        // Then it is quiet.
        let (count, calls) = (there.len(), entries.len());
        passes(&desk, 300).await;
        assert_eq!(w.fake.bodies().len(), count);
        assert_eq!(stored(&desk, number).await.1.len(), calls);
        let seen = desk
            .desk
            .counterparts(&w.cast.ada_acts, number)
            .await
            .unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].there.as_deref(), Some("100"));
        assert_eq!(
            (seen[0].waiting, seen[0].dead, seen[0].theirs),
            (0, 0, true)
        );
        assert!(seen[0].lines.len() > 4, "{:?}", seen[0].lines);
        assert!(desk.desk.counterparts(&w.rita, number).await.is_err());
        // What is kept of the exchange holds no text of an entry.
        let links = desk
            .desk
            .db()
            .read(move |c| store::exchange::of_ticket(c, number));
        let kept = format!("{:?}", links.await.unwrap()[0].shared);
        assert!(
            !kept.contains("yesterday") && !kept.contains("Plate 17"),
            "{kept}"
        );
    });
}

#[test]
fn answers_that_get_lost_and_desks_that_die_double_nothing() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        for wrong in [Wrong::Lost, Wrong::Failed, Wrong::Hangs] {
            w.fake.0.lock().unwrap().wrong.push_back(wrong.clone());
            let before = w.fake.0.lock().unwrap().tickets.len();
            let request = OpenRequest {
                subject: "A plate is missing".into(),
                description: "It was there yesterday.".into(),
                service: Some("sky-atlas".into()),
                ..OpenRequest::default()
            };
            let number = desk
                .desk
                .open_ticket(&w.rita, request)
                .await
                .unwrap()
                .number;
            // What hangs is a process that dies while it waits.
            let _ = tokio::time::timeout(Duration::from_millis(1_500), desk.run_jobs()).await;
            passes(&desk, 300).await;
            assert_eq!(
                w.fake.0.lock().unwrap().tickets.len(),
                before + 1,
                "{wrong:?}"
            );

            let text = format!("Said once, {wrong:?}, about {number}.");
            w.fake.0.lock().unwrap().wrong.push_back(wrong.clone());
            let draft = EntryDraft {
                body: text.clone(),
                ..EntryDraft::default()
            };
            let step = Step::Write(PUBLIC, draft);
            desk.desk
                .act(&w.rita, number, None, vec![step])
                .await
                .unwrap();
            let _ = tokio::time::timeout(Duration::from_millis(1_500), desk.run_jobs()).await;
            passes(&desk, 300).await;
            let said = w.fake.bodies();
            assert_eq!(
                said.iter().filter(|b| b.contains(&text)).count(),
                1,
                "{wrong:?}"
            );
            let (_, entries) = stored(&desk, number).await;
            assert_eq!(
                entries
                    .iter()
                    .filter(|e| e.author_side == "external")
                    .count(),
                0,
                "no echo"
            );
        }
    });
}

#[test]
fn a_dead_system_holds_up_nobody_and_gets_everything_when_it_is_back() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let mut other = coupled("moon");
        other.provider.name = "Moon Institute".into();
        other.services[0].name = "Moon Atlas".into();
        other.unit.name = "Moon Atlas support".into();
        accepted(&desk, &w.cast, other).await;
        let moon = Arc::new(Fake::default());
        desk.desk
            .use_tracker(agreed(&desk, "moon-atlas").await, moon.clone());
        desk.run_jobs().await;

        w.fake.0.lock().unwrap().down = true;
        let held = opens(&desk, &w.rita, "sky-atlas").await;
        opens(&desk, &w.rita, "moon-atlas").await;
        assert_eq!(moon.0.lock().unwrap().tickets.len(), 1);
        assert_eq!(w.fake.0.lock().unwrap().tickets.len(), 0);
        passes(&desk, 600).await;
        let (coupled, dead) = desk.desk.exchange(&w.cast.ada_acts).await.unwrap();
        assert_eq!(dead, []);
        let sky = coupled.iter().find(|c| c.service == "Sky Atlas").unwrap();
        assert!(
            sky.coupling.error.as_deref().unwrap().contains("too long"),
            "{sky:?}"
        );
        assert!(
            sky.sums.waiting > 0 && sky.lag(desk.desk.now()) >= 600_000,
            "{sky:?}"
        );
        let stuck = desk.desk.held_up(&w.cast.ada_acts).await.unwrap();
        let stuck: Vec<_> = stuck.iter().map(|t| t.ticket).collect();
        assert_eq!(stuck, [held], "the other's is quiet");
        let standing = desk.desk.exchange_standing().await.unwrap();
        assert_eq!((standing.running, standing.stopped), (1, 1));
        assert!(standing.lag >= 600_000, "{standing:?}");
        let calls = w.fake.0.lock().unwrap().calls;
        assert!(calls < 20, "{calls} calls within ten minutes");

        w.fake.0.lock().unwrap().down = false;
        passes(&desk, 1_200).await;
        assert_eq!(w.fake.0.lock().unwrap().tickets.len(), 1);
        let seen = desk
            .desk
            .counterparts(&w.cast.ada_acts, held)
            .await
            .unwrap();
        assert_eq!((seen[0].waiting, seen[0].error.as_deref()), (0, None));
    });
}

#[test]
fn what_they_refuse_is_a_dead_letter_that_can_be_tried_again() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        w.fake.0.lock().unwrap().wrong.push_back(Wrong::Refused);
        let number = opens(&desk, &w.rita, "sky-atlas").await;
        passes(&desk, 120).await;
        assert_eq!(w.fake.0.lock().unwrap().tickets.len(), 0);
        let (_, dead) = desk.desk.exchange(&w.cast.ada_acts).await.unwrap();
        assert_eq!(dead.len(), 1);
        assert_eq!(
            (dead[0].ticket, dead[0].dead.what.as_str()),
            (number, "The ticket")
        );
        assert!(dead[0].dead.why.contains("Permission Denied"), "{dead:?}");
        let letter = dead[0].dead.id;
        assert!(desk.desk.retry_exchange(&w.rita, letter).await.is_err());
        desk.desk
            .retry_exchange(&w.cast.ada_acts, letter)
            .await
            .unwrap();
        passes(&desk, 60).await;
        assert_eq!(w.fake.0.lock().unwrap().tickets.len(), 1);
        let (_, dead) = desk.desk.exchange(&w.cast.ada_acts).await.unwrap();
        assert_eq!(dead, []);
        assert!(
            desk.desk
                .retry_exchange(&w.cast.ada_acts, letter)
                .await
                .is_err()
        );
    });
}

#[test]
fn what_is_taken_back_says_so_and_goes_there_no_more() {
    both_configured(&keeping(), |desk| async move {
        let mut form = coupled("atlas");
        form.exchange.personal_data = true;
        let w = world_by(&desk, form).await;
        let number = opens(&desk, &w.rita, "sky-atlas").await;
        let said = w.fake.bodies().join("\n");
        assert!(
            said.contains("Rita") && said.contains("rita@people.example"),
            "{said}"
        );
        let assign = Command::Assign {
            unit: w.cast.f.storage,
            reason: Some("It is a disk.".into()),
        };
        desk.desk
            .act(&w.cast.ada_acts, number, None, vec![Step::Command(assign)])
            .await
            .unwrap();
        desk.run_jobs().await;
        says(&desk, &w.rita, number, PUBLIC, "Any news?", None).await;
        passes(&desk, 60).await;
        let said = w.fake.bodies();
        assert!(said.last().unwrap().contains("taken back"), "{said:?}");
        // A late word from there is not lost.
        w.fake.writes("100", "ada", "It was the disk.", None);
        passes(&desk, 60).await;
        let (_, entries) = stored(&desk, number).await;
        assert!(bodies(&entries).contains(&"It was the disk."));
        let seen = desk
            .desk
            .counterparts(&w.cast.ada_acts, number)
            .await
            .unwrap();
        assert!(seen[0].ended && !seen[0].theirs);
    });
}

#[test]
fn while_it_pauses_nothing_travels_and_then_everything_does() {
    both_configured(&keeping(), |desk| async move {
        let w = world(&desk).await;
        let agreement = agreed(&desk, "sky-atlas").await;
        let ada = &w.cast.ada_acts;
        desk.desk.set_coupling(ada, agreement, false).await.unwrap();
        let number = opens(&desk, &w.rita, "sky-atlas").await;
        passes(&desk, 60).await;
        assert_eq!(w.fake.0.lock().unwrap().tickets.len(), 0);
        desk.desk.set_coupling(ada, agreement, true).await.unwrap();
        passes(&desk, 60).await;
        assert_eq!(w.fake.0.lock().unwrap().tickets.len(), 1);
        // Solved here, while they are responsible: they are asked.
        let draft = EntryDraft {
            body: "It came back by itself.".into(),
            ..EntryDraft::default()
        };
        let solve = Step::Solve(SolutionKind::Fixed, draft);
        desk.desk.act(ada, number, None, vec![solve]).await.unwrap();
        passes(&desk, 60).await;
        let said = w.fake.bodies().join("\n");
        assert!(said.contains("It came back by itself."), "{said}");
        assert!(said.contains("Please set status to: solved"), "{said}");
        w.fake.sets("100", "ada", "resolved");
        passes(&desk, 60).await;
        assert_eq!(stored(&desk, number).await.0.status, Status::Solved);
    });
}
