//! One mail to each human for each event, never to the one who did it.

use desk::site::SiteEdit;
use desk::{EntryDraft, OpenRequest, Step};
use switchboard_core::{Actor, Channel, Command, EntryVisibility, PersonId, SolutionKind};

use testkit::{Mail, TestDesk, both};

fn draft(body: &str) -> EntryDraft {
    EntryDraft {
        body: body.into(),
        ..EntryDraft::default()
    }
}

fn recipients(mails: &[Mail]) -> Vec<&str> {
    let mut to: Vec<&str> = mails
        .iter()
        .map(|m| m.to.split('@').next().unwrap())
        .collect();
    to.sort_unstable();
    to
}

async fn actor(desk: &TestDesk, person: PersonId) -> Actor {
    desk.desk.actor_for(person, Channel::Web).await.unwrap()
}

#[test]
fn everybody_is_told_once_and_notes_stay_inside() {
    both(|test| async move {
        let people = test.federation().await;
        let desk = &test.desk;
        let (rita, fay, stan) = (
            actor(&test, people.rita.id).await,
            actor(&test, people.fay.id).await,
            actor(&test, people.stan.id).await,
        );
        let mut seen = 0;
        let mut news = async || {
            test.clock.advance(60_000);
            test.run_jobs().await;
            let all = test.sent_mail();
            let fresh = all[seen..].to_vec();
            seen = all.len();
            fresh
        };
        let number = desk
            .open_ticket(
                &rita,
                OpenRequest {
                    subject: "No space left".into(),
                    description: "The disk of the project is full.".into(),
                    ..OpenRequest::default()
                },
            )
            .await
            .unwrap()
            .number;
        // First level is told, and the requester gets the number.
        let mails = news().await;
        assert_eq!(recipients(&mails), ["fay", "rita"]);
        assert!(mails.iter().all(|m| m.subject.starts_with("[#1] ")));

        // A unit with a mailing list is told by its list.
        let assign = Command::Assign {
            unit: people.storage,
            reason: None,
        };
        desk.act(&fay, number, None, vec![Step::Command(assign)])
            .await
            .unwrap();
        assert_eq!(recipients(&news().await), ["storage"]);

        let take = Command::SetOwner { owner: stan.person };
        let note = Step::Write(EntryVisibility::Internal, draft("quota canary-7391"));
        let steps = vec![Step::Command(take), Step::Command(Command::Start), note];
        desk.act(&stan, number, None, steps).await.unwrap();
        let mails = news().await;
        assert!(!recipients(&mails).contains(&"rita"), "{mails:?}");
        assert!(!recipients(&mails).contains(&"stan"), "{mails:?}");

        let solve = Step::Solve(SolutionKind::Fixed, draft("There is room again."));
        desk.act(&stan, number, None, vec![solve]).await.unwrap();
        let mails = news().await;
        let to_rita: Vec<_> = mails.iter().filter(|m| m.to.starts_with("rita@")).collect();
        assert_eq!(to_rita.len(), 1, "one mail for entry, solution and status");
        assert!(to_rita[0].text.contains("There is room again."));
        assert!(mails.iter().all(|m| !m.to.starts_with("stan@")));
        // What was never for her is in none of her mails.
        assert!(
            test.sent_mail()
                .iter()
                .filter(|m| m.to.starts_with("rita@"))
                .all(|m| !m.text.contains("canary-7391"))
        );
        // Nothing is left to do, and doing it again does nothing.
        assert_eq!(desk.run_jobs().await.unwrap(), 0);
    });
}

/// Domain section 6: the notified site's contact is told as the unit is.
#[test]
fn the_contact_of_the_site_is_told_as_the_unit_is() {
    both(|test| async move {
        let people = test.federation().await;
        let desk = &test.desk;
        let (ada, rita, stan) = (
            actor(&test, people.ada.id).await,
            actor(&test, people.rita.id).await,
            actor(&test, people.stan.id).await,
        );
        let site = |contact: &str| SiteEdit {
            name: Some("Site of the south".into()),
            contact: Some(Some(contact.into())),
            ..SiteEdit::default()
        };
        desk.put_site(&ada, "south", true, None, site("grid@south.example"))
            .await
            .unwrap();
        let mut seen = 0;
        let mut news = async || {
            test.clock.advance(60_000);
            test.run_jobs().await;
            let all = test.sent_mail();
            let fresh = all[seen..].to_vec();
            seen = all.len();
            fresh
        };
        let request = OpenRequest {
            subject: "Nodes are down".into(),
            description: "All of them.".into(),
            unit: Some("storage".into()),
            site: Some("south".into()),
            ..OpenRequest::default()
        };
        let number = desk.open_ticket(&rita, request).await.unwrap().number;
        assert_eq!(recipients(&news().await), ["grid", "rita", "storage"]);
        let note = Step::Write(EntryVisibility::Internal, draft("Power is cut."));
        desk.act(&stan, number, None, vec![note]).await.unwrap();
        let mails = news().await;
        assert_eq!(recipients(&mails), ["grid", "storage"]);
        assert!(mails.iter().all(|m| m.text.contains("Power is cut.")));
        // The unit's own list, or somebody who is told anyway: one mail.
        for (contact, to) in [
            ("storage@units.example", vec!["rita", "storage"]),
            (people.rita.email.as_str(), vec!["rita", "storage"]),
        ] {
            desk.put_site(&ada, "south", false, None, site(contact))
                .await
                .unwrap();
            let answer = Step::Write(EntryVisibility::Public, draft("We look at it."));
            desk.act(&stan, number, None, vec![answer]).await.unwrap();
            assert_eq!(recipients(&news().await), to, "{contact}");
        }
    });
}
