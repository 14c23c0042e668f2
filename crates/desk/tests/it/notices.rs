//! One mail to each human for each event, never to the one who did it.

use desk::{EntryDraft, OpenRequest, Step};
use switchboard_core::{Command, EntryVisibility, SolutionKind};

use crate::fixture::{SmallDesk, runtime};

fn draft(body: &str) -> EntryDraft {
    EntryDraft {
        body: body.into(),
        ..EntryDraft::default()
    }
}

fn recipients(mails: &[(String, String, String)]) -> Vec<&str> {
    let mut to: Vec<&str> = mails
        .iter()
        .map(|(to, ..)| to.split('@').next().unwrap())
        .collect();
    to.sort_unstable();
    to
}

#[test]
fn everybody_is_told_once_and_notes_stay_inside() {
    let small = SmallDesk::new();
    runtime().block_on(async {
        let people = small.people().await;
        let desk = &small.desk;
        let mut seen = 0;
        let mut news = async || {
            small.clock.advance(60_000);
            desk.run_jobs().await.unwrap();
            let all = small.outbox();
            let fresh = all[seen..].to_vec();
            seen = all.len();
            fresh
        };
        let opened = desk
            .open_ticket(
                &people.rita,
                OpenRequest {
                    subject: "No space left".into(),
                    description: "The disk of the project is full.".into(),
                    ..OpenRequest::default()
                },
            )
            .await
            .unwrap();
        let number = opened.number;
        let mails = news().await;
        // First level is told, and the requester gets the number.
        assert_eq!(recipients(&mails), ["fay", "rita"]);
        assert!(mails.iter().all(|m| m.1.starts_with("[#1] ")), "{mails:?}");

        let unit = desk
            .catalogue()
            .await
            .unwrap()
            .find_unit("unit", "storage")
            .unwrap()
            .id;
        let assign = Command::Assign { unit, reason: None };
        desk.act(&people.fay, number, None, vec![Step::Command(assign)])
            .await
            .unwrap();
        assert_eq!(recipients(&news().await), ["sam", "stan"]);

        let take = Command::SetOwner {
            owner: people.stan.person,
        };
        let note = Step::Write(EntryVisibility::Internal, draft("quota canary-7391"));
        desk.act(
            &people.stan,
            number,
            None,
            vec![
                Step::Command(take),
                Step::Command(Command::Start),
                note,
            ],
        )
        .await
        .unwrap();
        let mails = news().await;
        assert!(!recipients(&mails).contains(&"rita"), "{mails:?}");
        assert!(!recipients(&mails).contains(&"stan"), "{mails:?}");

        let solve = Step::Solve(SolutionKind::Fixed, draft("There is room again."));
        desk.act(&people.stan, number, None, vec![solve]).await.unwrap();
        let mails = news().await;
        let to_rita: Vec<_> = mails.iter().filter(|m| m.0.starts_with("rita@")).collect();
        assert_eq!(to_rita.len(), 1, "one mail for entry, solution and status: {mails:?}");
        assert!(to_rita[0].2.contains("There is room again."));
        assert!(mails.iter().all(|m| !m.0.starts_with("stan@")));
        // What was never for her is in none of her mails.
        let all = small.outbox();
        assert!(
            all.iter()
                .filter(|m| m.0.starts_with("rita@"))
                .all(|m| !m.2.contains("canary-7391"))
        );
        // Nothing is left to do, and doing it again does nothing.
        assert_eq!(desk.run_jobs().await.unwrap(), 0);
    });
}
