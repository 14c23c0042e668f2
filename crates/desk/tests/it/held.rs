//! Answers that wait a few seconds before they are sent.

use desk::{Config, EntryDraft, Error, NewFile, OpenRequest};
use switchboard_core::{Actor, Channel, PersonId, Status, TicketNumber};
use testkit::{Federation, TestDesk, both_configured, config};

fn waiting() -> Config {
    Config {
        undo_send: 10_000,
        ..config()
    }
}

async fn actor(desk: &TestDesk, person: PersonId) -> Actor {
    desk.desk.actor_for(person, Channel::Web).await.unwrap()
}

async fn opened(test: &TestDesk, people: &Federation) -> TicketNumber {
    let rita = actor(test, people.rita.id).await;
    let request = OpenRequest {
        subject: "No space left".into(),
        description: "The disk is full.".into(),
        unit: Some("storage".into()),
        ..OpenRequest::default()
    };
    let number = test.desk.open_ticket(&rita, request).await.unwrap().number;
    test.run_jobs().await;
    number
}

fn draft(body: &str) -> EntryDraft {
    EntryDraft {
        body: body.into(),
        files: vec![NewFile {
            name: "log.txt".into(),
            media_type: "text/plain".into(),
            bytes: b"lines".to_vec(),
            content_id: None,
        }],
        ..EntryDraft::default()
    }
}

#[test]
fn nothing_happens_until_an_answer_is_sent_and_then_all_of_it_once() {
    both_configured(&waiting(), |test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        let (sam, rita) = (
            actor(&test, people.sam.id).await,
            actor(&test, people.rita.id).await,
        );
        let before = test.sent_mail().len();
        let id = test
            .desk
            .answer_ticket(&sam, number, Some(Status::Waiting), draft("Which project?"))
            .await
            .unwrap()
            .unwrap();
        test.clock.advance(9_000);
        test.run_jobs().await;
        // Nobody was mailed, and the requester sees nothing.
        assert_eq!(test.sent_mail().len(), before);
        let conversation = test.desk.conversation(&rita, number).await.unwrap();
        assert_eq!(conversation.entries.len(), 1);
        assert!(
            test.desk
                .waiting_answers(&rita, number)
                .await
                .unwrap()
                .is_empty()
        );
        let held = test.desk.waiting_answers(&sam, number).await.unwrap();
        assert_eq!((held.len(), held[0].id), (1, id));
        assert_eq!(held[0].files, ["log.txt"]);
        test.clock.advance(1_000);
        test.run_jobs().await;
        let conversation = test.desk.conversation(&rita, number).await.unwrap();
        assert_eq!(conversation.entries.len(), 2);
        assert_eq!(conversation.entries[1].body, "Which project?");
        assert_eq!(conversation.entries[1].files.len(), 1);
        assert_eq!(conversation.ticket.status, Status::Waiting);
        assert!(test.sent_mail().len() > before);
        // Once sent it is not taken back, and it is not sent again.
        assert!(matches!(
            test.desk.take_back(&sam, id).await,
            Err(Error::Conflict(_))
        ));
        test.run_jobs().await;
        let conversation = test.desk.conversation(&rita, number).await.unwrap();
        assert_eq!(conversation.entries.len(), 2);
    });
}

#[test]
fn its_author_alone_takes_an_answer_back_and_nobody_hears_of_it() {
    both_configured(&waiting(), |test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        let (sam, stan) = (
            actor(&test, people.sam.id).await,
            actor(&test, people.stan.id).await,
        );
        let before = test.sent_mail().len();
        let id = test
            .desk
            .answer_ticket(&sam, number, Some(Status::Solved), draft("canary-4711"))
            .await
            .unwrap()
            .unwrap();
        assert!(matches!(
            test.desk.take_back(&stan, id).await,
            Err(Error::Forbidden(_))
        ));
        assert!(matches!(
            test.desk.send_now(&stan, id).await,
            Err(Error::Forbidden(_))
        ));
        let taken = test.desk.take_back(&sam, id).await.unwrap();
        assert_eq!(taken.body, "canary-4711");
        assert_eq!(taken.status, Some(Status::Solved));
        let (file, name) = taken.files[0].clone();
        assert_eq!((taken.files.len(), name.as_str()), (1, "log.txt"));
        // It is neither sent nor taken back again, and waits for nobody.
        assert!(matches!(
            test.desk.send_now(&sam, id).await,
            Err(Error::Conflict(_))
        ));
        assert!(matches!(
            test.desk.take_back(&sam, id).await,
            Err(Error::Conflict(_))
        ));
        let waits = test.desk.waiting_answers(&sam, number).await.unwrap();
        assert!(waits.is_empty());
        // Its files are there for its author alone, until another answer took their place.
        let kept = async |who: &Actor, chosen: &[uuid::Uuid]| {
            let files = test.desk.files_taken_back(who, number, id, chosen).await;
            files.unwrap().len()
        };
        assert_eq!(kept(&sam, &[file]).await, 1);
        assert_eq!(kept(&sam, &[]).await, 0);
        assert_eq!(kept(&stan, &[file]).await, 0);
        test.clock.advance(60_000);
        test.run_jobs().await;
        assert_eq!(test.sent_mail().len(), before);
        let conversation = test.desk.conversation(&sam, number).await.unwrap();
        assert_eq!(conversation.entries.len(), 1);
        assert_ne!(conversation.ticket.status, Status::Solved);
        // At once, where its author is in a hurry.
        let id = test
            .desk
            .answer_ticket(&sam, number, None, draft("Now."))
            .await
            .unwrap()
            .unwrap();
        test.desk.send_now(&sam, id).await.unwrap();
        let conversation = test.desk.conversation(&sam, number).await.unwrap();
        assert_eq!(conversation.entries[1].body, "Now.");
        test.desk
            .drop_taken_back(&stan, number, taken.id)
            .await
            .unwrap();
        assert_eq!(kept(&sam, &[file]).await, 1);
        test.desk
            .drop_taken_back(&sam, number, taken.id)
            .await
            .unwrap();
        assert_eq!(kept(&sam, &[file]).await, 0);
    });
}

#[test]
fn what_is_refused_when_its_time_comes_goes_back_to_its_author() {
    both_configured(&waiting(), |test| async move {
        let people = test.federation().await;
        let number = opened(&test, &people).await;
        let (sam, ada) = (
            actor(&test, people.sam.id).await,
            actor(&test, people.ada.id).await,
        );
        // What would be refused now is refused now.
        let empty = EntryDraft {
            body: " ".into(),
            ..EntryDraft::default()
        };
        assert!(matches!(
            test.desk.answer_ticket(&sam, number, None, empty).await,
            Err(Error::Invalid { .. })
        ));
        let id = test
            .desk
            .answer_ticket(&sam, number, None, draft("Too late."))
            .await
            .unwrap()
            .unwrap();
        // Meanwhile their right to work here ends.
        test.desk
            .change_rights(
                &ada,
                people.sam.id,
                |r| switchboard_core::staff::Rights { active: false, ..r },
                "left",
            )
            .await
            .unwrap();
        test.clock.advance(11_000);
        test.run_jobs().await;
        let conversation = test.desk.conversation(&ada, number).await.unwrap();
        assert_eq!(conversation.entries.len(), 1);
        assert!(matches!(
            test.desk.send_now(&ada, id).await,
            Err(Error::Forbidden(_))
        ));
        // It is kept for them for a month, and then let go with its file.
        let held = async || {
            let read = test.desk.db().read(move |c| store::held::load(c, id)).await;
            read.unwrap()
        };
        assert!(held().await.unwrap().refused.is_some());
        test.desk.start_timers().await.unwrap();
        test.run_jobs().await;
        assert!(held().await.is_some());
        test.clock.advance(31 * 86_400_000);
        test.run_jobs().await;
        assert!(held().await.is_none());
    });
}
