//! Joining and leaving units, and the rights of people, on real databases.

use desk::import::{Dump, Format};
use desk::{EntryDraft, OpenRequest, Step};
use store::application::Kind;
use store::audit::Filter;
use switchboard_core::staff::{AskState, MemberDeed, Rights};
use switchboard_core::{Actor, Channel, Command, EntryVisibility, Part, PersonId, TicketNumber};
use testkit::{Federation, Mail, Somebody, TestDesk, both};

const DAY: i64 = 86_400_000;

async fn actor(desk: &TestDesk, who: &Somebody) -> Actor {
    desk.desk.actor_for(who.id, Channel::Web).await.unwrap()
}

/// Mails sent since the last look, as "who: subject", sorted.
struct Post(usize);

impl Post {
    async fn mails(&mut self, desk: &TestDesk) -> Vec<Mail> {
        desk.run_jobs().await;
        let all = desk.sent_mail();
        let fresh = all[self.0..].to_vec();
        self.0 = all.len();
        fresh
    }

    async fn news(&mut self, desk: &TestDesk) -> Vec<String> {
        let mut news: Vec<String> = self
            .mails(desk)
            .await
            .iter()
            .map(|m| format!("{}: {}", m.to.split('@').next().unwrap(), m.subject))
            .collect();
        news.sort();
        news
    }
}

async fn deeds(desk: &TestDesk) -> Vec<String> {
    let filter = Filter::default();
    let mut deeds: Vec<String> = desk
        .desk
        .audit_log(&Actor::system(Channel::Cli), filter, 500)
        .await
        .unwrap()
        .into_iter()
        .map(|d| d.action)
        .filter(|a| !a.starts_with("setting."))
        .collect();
    deeds.reverse();
    deeds
}

/// A ticket of storage that Sam owns.
async fn owned_by_sam(desk: &TestDesk, f: &Federation) -> TicketNumber {
    let rita = actor(desk, &f.rita).await;
    let number = desk
        .desk
        .open_ticket(
            &rita,
            OpenRequest {
                subject: "Full".into(),
                description: "No space.".into(),
                unit: Some("storage".into()),
                ..OpenRequest::default()
            },
        )
        .await
        .unwrap()
        .number;
    let sam = actor(desk, &f.sam).await;
    let take = Command::SetOwner {
        owner: Some(f.sam.id),
    };
    let steps = vec![Step::Command(take), Step::Command(Command::Start)];
    desk.desk.act(&sam, number, None, steps).await.unwrap();
    number
}

async fn owner(desk: &TestDesk, number: TicketNumber) -> Option<PersonId> {
    let ticket = desk
        .desk
        .db()
        .read(move |c| store::ticket::load(c, number))
        .await
        .unwrap();
    ticket.unwrap().owner
}

#[test]
fn the_whole_procedure_is_mailed_to_those_concerned_and_audited() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (rita, ada, stan) = (
            actor(&desk, &f.rita).await,
            actor(&desk, &f.ada).await,
            actor(&desk, &f.stan).await,
        );
        let before = deeds(&desk).await.len();
        let mut post = Post(0);
        let d = &desk.desk;
        let units = ["storage".to_owned(), "Network".to_owned()];
        let id = d
            .apply_for_support(&rita, &units, "I take over from Sam.")
            .await
            .unwrap();
        assert_eq!(
            post.news(&desk).await,
            ["ada: Rita applies for the support permission"]
        );
        // Once is enough; and nobody else decides.
        assert!(d.apply_for_support(&rita, &units, "Again.").await.is_err());
        assert!(
            d.answer_application(&stan, id, true, "Sure.")
                .await
                .is_err()
        );
        assert!(d.answer_application(&ada, id, true, "  ").await.is_err());
        d.answer_application(&ada, id, true, "Stan vouches for her.")
            .await
            .unwrap();
        // The units named were asked at once; network has no responsible, so
        // administrators answer there: the one who granted it hears of it too.
        assert_eq!(
            post.news(&desk).await,
            [
                "ada: Rita asks to join Network",
                "rita: Granted: your application for the support permission",
                "stan: Rita asks to join Storage",
            ]
        );
        assert!(d.answer_application(&ada, id, false, "No.").await.is_err());
        let waiting = d.joins_waiting_for(&stan).await.unwrap();
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].reason, "I take over from Sam.");
        d.answer_join(&stan, "storage", waiting[0].id, true, "")
            .await
            .unwrap();
        let mails = post.mails(&desk).await;
        let to_stan = mails.iter().find(|m| m.to == f.stan.email).unwrap();
        assert!(
            to_stan
                .text
                .contains("mailing list storage@units.example: add rita@people.example"),
            "{}",
            to_stan.text
        );
        assert!(mails.iter().any(|m| m.to == f.rita.email));
        assert_eq!(mails.len(), 2);
        // Refused by the other, with a reason.
        let network = d.joins_of(&ada, "network", None, None, 10).await.unwrap();
        let refuse = d.answer_join(&ada, "network", network[0].id, false, "");
        assert!(refuse.await.is_err(), "a refusal has a reason");
        d.answer_join(&ada, "network", network[0].id, false, "Full.")
            .await
            .unwrap();
        assert_eq!(
            post.news(&desk).await,
            ["rita: Refused: your request to join Network"]
        );
        let rita = actor(&desk, &f.rita).await;
        assert_eq!(rita.in_unit(f.storage), Some(Part::Member));
        assert_eq!(
            deeds(&desk).await[before..],
            [
                "application.sent",
                "application.granted",
                "person.support_granted",
                "join.asked",
                "join.asked",
                "join.consented",
                "unit.member_added",
                "join.refused",
            ]
        );
        assert_eq!(d.check_audit().await.unwrap().problem, None);
    });
}

#[test]
fn a_refused_applicant_hears_why_and_may_apply_again() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (otto, ada) = (actor(&desk, &f.otto).await, actor(&desk, &f.ada).await);
        let d = &desk.desk;
        let mut post = Post(0);
        let units = ["storage".to_owned()];
        let id = d.apply_for_support(&otto, &units, "Please.").await.unwrap();
        d.answer_application(&ada, id, false, "Nobody there knows you.")
            .await
            .unwrap();
        let mails = post.mails(&desk).await;
        let told = mails.iter().find(|m| m.to == f.otto.email).unwrap();
        assert!(told.text.contains("Nobody there knows you."));
        assert!(d.ask_to_join(&otto, "storage", "").await.is_err());
        let again = d.apply_for_support(&otto, &units, "Sam knows me now.");
        let again = again.await.unwrap();
        let rita = actor(&desk, &f.rita).await;
        assert!(d.withdraw(&rita, Kind::Application, again).await.is_err());
        d.withdraw(&otto, Kind::Application, again).await.unwrap();
        let (mine, _) = d.my_asks(&otto).await.unwrap();
        let states: Vec<AskState> = mine.iter().map(|a| a.became.state).collect();
        assert_eq!(states, [AskState::Withdrawn, AskState::Refused]);
        // Each sees their own, administrators all.
        assert!(
            d.applications(&rita, None, None, 10)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(d.applications(&ada, None, None, 10).await.unwrap().len(), 2);
    });
}

#[test]
fn the_last_responsible_stays_and_so_does_the_last_administrator() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (ada, stan) = (actor(&desk, &f.ada).await, actor(&desk, &f.stan).await);
        let d = &desk.desk;
        let remove = |who: &Actor| {
            let who = who.clone();
            async move {
                d.change_member(&who, "storage", f.stan.id, MemberDeed::Remove, "")
                    .await
            }
        };
        for who in [&stan, &ada] {
            let text = remove(who).await.unwrap_err().to_string();
            assert!(text.contains("make somebody else responsible"), "{text}");
        }
        for wish in [
            (|r: Rights| Rights { active: false, ..r }) as fn(Rights) -> Rights,
            |r: Rights| Rights {
                support: false,
                ..r
            },
        ] {
            let text = d
                .change_rights(&ada, f.stan.id, wish, "Left the institute.")
                .await
                .unwrap_err()
                .to_string();
            assert!(text.contains("Storage"), "{text}");
        }
        let text = d
            .change_rights(&ada, f.ada.id, |r| Rights { admin: false, ..r }, "Enough.")
            .await
            .unwrap_err()
            .to_string();
        assert!(text.contains("last administrator"), "{text}");
        // With a second responsible the first may go.
        let promote = MemberDeed::SetPart(Part::Responsible);
        d.change_member(&stan, "storage", f.sam.id, promote, "")
            .await
            .unwrap();
        remove(&stan).await.unwrap();
        let sam = actor(&desk, &f.sam).await;
        assert!(
            d.change_member(&sam, "storage", f.sam.id, MemberDeed::Remove, "")
                .await
                .is_err()
        );
    });
}

#[test]
fn tickets_of_those_who_go_are_nobodys_and_the_unit_is_told() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (ada, stan) = (actor(&desk, &f.ada).await, actor(&desk, &f.stan).await);
        let d = &desk.desk;
        let mut post = Post(0);
        type Gone = fn(Rights) -> Rights;
        let ways: [Option<Gone>; 3] = [
            None,
            Some(|r| Rights { active: false, ..r }),
            Some(|r| Rights {
                support: false,
                ..r
            }),
        ];
        for way in ways {
            let number = owned_by_sam(&desk, &f).await;
            post.mails(&desk).await;
            match way {
                None => {
                    d.change_member(&stan, "storage", f.sam.id, MemberDeed::Remove, "Moved on.")
                        .await
                        .unwrap();
                }
                Some(wish) => d
                    .change_rights(&ada, f.sam.id, wish, "Moved on.")
                    .await
                    .unwrap(),
            }
            assert_eq!(owner(&desk, number).await, None);
            let mails = post.mails(&desk).await;
            let tag = format!("#{number}");
            // By its own mail about the ticket, and in the one about the person.
            let to_unit = mails
                .iter()
                .any(|m| m.to == "storage@units.example" && m.subject.contains(&tag));
            assert!(to_unit, "{mails:?}");
            let told = mails.iter().find(|m| m.to == f.stan.email).unwrap();
            assert!(told.text.contains(&tag), "{}", told.text);
            let sam = mails.iter().find(|m| m.to == f.sam.email).unwrap();
            assert!(sam.text.contains("Moved on."), "{}", sam.text);
            // Back again, for the next way.
            let all = |r: Rights| Rights {
                active: true,
                support: true,
                ..r
            };
            d.change_rights(&ada, f.sam.id, all, "").await.unwrap();
            let add = MemberDeed::Add(Part::Member);
            d.change_member(&stan, "storage", f.sam.id, add, "")
                .await
                .unwrap();
            post.mails(&desk).await;
        }
    });
}

#[test]
fn a_slave_loses_its_owner_too() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (slave, master) = (owned_by_sam(&desk, &f).await, owned_by_sam(&desk, &f).await);
        let stan = actor(&desk, &f.stan).await;
        let relate = Command::Relate {
            kind: switchboard_core::RelationKind::SlaveOf,
            other: master,
        };
        let d = &desk.desk;
        d.act(&stan, slave, None, vec![Step::Command(relate)])
            .await
            .unwrap();
        d.change_member(&stan, "storage", f.sam.id, MemberDeed::Remove, "Moved.")
            .await
            .unwrap();
        assert_eq!(owner(&desk, slave).await, None);
        assert_eq!(owner(&desk, master).await, None);
    });
}

#[test]
fn rights_are_gone_at_once_with_the_sessions() {
    both(|desk| async move {
        let f = desk.federation().await;
        let ada = actor(&desk, &f.ada).await;
        let d = &desk.desk;
        desk.get(&f.sam, "/people/me").await.expect(200);
        d.change_rights(
            &ada,
            f.sam.id,
            |r| Rights { active: false, ..r },
            "Lost laptop.",
        )
        .await
        .unwrap();
        desk.get(&f.sam, "/people/me").await.expect(401);
        assert!(d.sessions(f.sam.id).await.unwrap().is_empty());
        d.change_rights(&ada, f.sam.id, |r| Rights { active: true, ..r }, "")
            .await
            .unwrap();
        // The membership was kept; tokens work again until they are revoked.
        let me = desk.get(&f.sam, "/people/me").await.expect(200);
        assert_eq!(me.json["units"][0]["key"], "storage");
        assert!(d.revoke_tokens_of(&ada, f.sam.id).await.unwrap() >= 2);
        desk.get(&f.sam, "/people/me").await.expect(401);
        let stan = actor(&desk, &f.stan).await;
        assert!(d.end_sessions_of(&stan, f.ada.id).await.is_err());
    });
}

#[test]
fn what_waits_is_brought_to_mind_once_each_time() {
    both(|desk| async move {
        let f = desk.federation().await;
        let (rita, nina) = (actor(&desk, &f.rita).await, actor(&desk, &f.nina).await);
        let d = &desk.desk;
        d.start_timers().await.unwrap();
        let units = ["network".to_owned()];
        d.apply_for_support(&rita, &units, "Please.").await.unwrap();
        d.ask_to_join(&nina, "storage", "").await.unwrap();
        let mut post = Post(0);
        post.mails(&desk).await;
        let one = |who: &str| format!("{who}: Somebody waits for your answer");
        let mut told = Vec::new();
        for day in 1..=18 {
            desk.clock.advance(DAY);
            // Nothing twice, also when the desk starts again.
            d.start_timers().await.unwrap();
            for news in post.news(&desk).await {
                told.push((day, news));
            }
            desk.clock.advance(3_600_000);
            assert_eq!(post.news(&desk).await, Vec::<String>::new());
            desk.clock.advance(-3_600_000);
        }
        let both = "ada: 2 people wait for your answer".to_owned();
        assert_eq!(
            told,
            [
                (3, one("ada")),
                (3, one("stan")),
                (10, both.clone()),
                (10, one("stan")),
                (17, both),
                (17, one("stan")),
            ]
        );
    });
}

/// Also when it is a list that leaves somebody out: the log says so unit by
/// unit, and no mail goes to everybody in it.
#[test]
fn who_is_missing_in_a_list_leaves_no_ticket_behind() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = owned_by_sam(&desk, &f).await;
        let mut post = Post(0);
        post.mails(&desk).await;
        let d = &desk.desk;
        let list = Dump {
            kind: desk::import::Kind::Members,
            format: Format::Csv,
            bytes: b"unit,email,part\nstorage,stan@people.example,responsible\n".to_vec(),
            complete: true,
            confirmed: true,
            dry_run: false,
        };
        let plan = d.import(&actor(&desk, &f.ada).await, list).await.unwrap();
        assert!(plan.done, "{plan:?}");
        assert_eq!(owner(&desk, number).await, None);
        let of_unit = Filter {
            action: Some("unit.member_removed".into()),
            ..Filter::default()
        };
        let ada = actor(&desk, &f.ada).await;
        let log = d.audit_log(&ada, of_unit, 10).await.unwrap();
        let detail = log[0].detail.clone().unwrap();
        assert_eq!(detail["tickets"], serde_json::json!([number]));
        let mails = post.mails(&desk).await;
        assert!(mails.iter().all(|m| m.to != f.sam.email), "{mails:?}");
    });
}

#[test]
fn memberships_follow_another_system_by_the_same_rules() {
    both(|desk| async move {
        let f = desk.federation().await;
        let system = Actor::system(Channel::Web);
        let d = &desk.desk;
        let why = "urn:example:group:storage";
        let mut post = Post(0);
        d.follow_membership(&system, f.storage, f.nina.id, Some(Part::Member), why)
            .await
            .unwrap();
        assert_eq!(post.news(&desk).await.len(), 2);
        // It is so already: nothing happens.
        d.follow_membership(&system, f.storage, f.nina.id, Some(Part::Member), why)
            .await
            .unwrap();
        assert_eq!(post.news(&desk).await, Vec::<String>::new());
        let rita = d.follow_membership(&system, f.storage, f.rita.id, Some(Part::Member), why);
        assert!(rita.await.is_err(), "without the permission");
        let last = d.follow_membership(&system, f.storage, f.stan.id, None, why);
        assert!(last.await.is_err(), "the last responsible");
        d.follow_membership(&system, f.storage, f.nina.id, None, why)
            .await
            .unwrap();
        assert_eq!(actor(&desk, &f.nina).await.in_unit(f.storage), None);
    });
}

/// Bar: opening a unit's page with 1,300 members takes 100 ms at most. What
/// takes the time is how much is read: the page is, whatever the unit's size,
/// the same few statements and fifty rows.
#[test]
fn a_page_of_a_large_unit_reads_no_more_than_that_of_a_small_one() {
    testkit::on_sqlite(|desk| async move {
        let f = desk.federation().await;
        desk.desk
            .db()
            .write(move |c| {
                for i in 0..1_300 {
                    let id = PersonId(uuid::Uuid::now_v7());
                    let person = store::person::Person {
                        id,
                        name: format!("Member {i:04}"),
                        email: None,
                        institute: String::new(),
                        community: None,
                        support: true,
                        monitor: false,
                        admin: false,
                        active: true,
                        has_password: false,
                        created_at: 0,
                    };
                    store::person::insert(c, &person, None, false)?;
                    store::staff::put_membership(c, f.storage, id, Part::Member, 0)?;
                }
                Ok::<_, store::Error>(())
            })
            .await
            .unwrap();
        let sam = actor(&desk, &f.sam).await;
        let d = &desk.desk;
        let first = d.unit_people(&sam, f.storage, 0).await.unwrap();
        assert_eq!((first.count, first.members.len()), (1_302, 50));
        assert_eq!(first.members[0].name, "Stan");
        let last = d.unit_people(&sam, f.storage, 26).await.unwrap();
        assert_eq!(last.members.len(), 2);
        // The public sees the responsibles and nobody else.
        let rita = actor(&desk, &f.rita).await;
        let public = d.unit_people(&rita, f.storage, 0).await.unwrap();
        assert_eq!(public.responsibles.len(), 1);
        assert!(public.members.is_empty());
    });
}

#[test]
fn notes_of_a_removed_member_stay_and_they_write_no_more() {
    both(|desk| async move {
        let f = desk.federation().await;
        let number = owned_by_sam(&desk, &f).await;
        let stan = actor(&desk, &f.stan).await;
        let d = &desk.desk;
        d.change_member(&stan, "storage", f.sam.id, MemberDeed::Remove, "Moved.")
            .await
            .unwrap();
        let sam = actor(&desk, &f.sam).await;
        let note = EntryDraft {
            body: "Still here?".into(),
            ..EntryDraft::default()
        };
        let steps = vec![Step::Write(EntryVisibility::Internal, note)];
        assert!(d.act(&sam, number, None, steps).await.is_err());
    });
}
