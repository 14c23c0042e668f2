//! Who is on duty: who hears of what is new, what is handed over at the end of a shift, and
//! that each of it happens once.

use desk::rota::{RotaEdit, RotaView};
use desk::{Error, OpenRequest, Step};
use switchboard_core::staff::MemberDeed;
use switchboard_core::{Actor, Channel, Command, Millis, Part, PersonId, TicketNumber, Visibility};
use testkit::{Federation, Mail, Somebody, TestDesk, both, config, postgres, runtime, sqlite};

use crate::nodes::Nodes;

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;
/// Monday, 28 September 2026, 09:00 in Zurich.
const NEXT_WEEK: Millis = 1_790_578_800_000;

async fn actor(desk: &TestDesk, person: PersonId) -> Actor {
    desk.desk.actor_for(person, Channel::Web).await.unwrap()
}

struct World {
    f: Federation,
    /// First level beside Fay, who is its responsible.
    finn: Somebody,
    fritz: Somebody,
    fay: Actor,
}

/// First level has three people and works in Zurich.
async fn world(desk: &TestDesk) -> World {
    let f = desk.federation().await;
    let mut more = Vec::new();
    for name in ["Finn", "Fritz"] {
        let one = desk
            .account(desk::account::NewAccount {
                name: name.into(),
                support: true,
                ..Default::default()
            })
            .await;
        let member = desk.desk.set_member(f.first, one.id, Part::Member);
        member.await.unwrap();
        more.push(one);
    }
    let catalogue = desk.desk.catalogue().await.unwrap();
    let mut unit = catalogue.unit(f.first).unwrap().clone();
    unit.doc.time_zone = "Europe/Zurich".into();
    desk.desk.save_unit(unit).await.unwrap();
    desk.desk.start_timers().await.unwrap();
    desk.run_jobs().await;
    let fritz = more.pop().unwrap();
    let finn = more.pop().unwrap();
    let fay = actor(desk, f.fay.id).await;
    World {
        f,
        finn,
        fritz,
        fay,
    }
}

fn edit(people: &[&Somebody], days: u16) -> RotaEdit {
    RotaEdit {
        first: "2026-09-21".parse().unwrap(),
        minute: 9 * 60,
        days,
        people: people.iter().map(|p| p.email.clone()).collect(),
        alone: true,
        ask_hours: 2,
        confirm_hours: 4,
    }
}

async fn set_up(desk: &TestDesk, w: &World, edit: RotaEdit) -> RotaView {
    let key = first(desk, w).await;
    let view = desk.desk.put_rota(&w.fay, &key, None, edit).await.unwrap();
    desk.run_jobs().await;
    view
}

async fn first(desk: &TestDesk, w: &World) -> String {
    let catalogue = desk.desk.catalogue().await.unwrap();
    catalogue.unit(w.f.first).unwrap().key.clone()
}

async fn asks(desk: &TestDesk, w: &World, subject: &str) -> TicketNumber {
    let rita = actor(desk, w.f.rita.id).await;
    let request = OpenRequest {
        subject: subject.into(),
        description: "It does not work.".into(),
        ..OpenRequest::default()
    };
    let number = desk.desk.open_ticket(&rita, request).await.unwrap().number;
    desk.run_jobs().await;
    number
}

/// Mails to somebody with a word in the subject.
fn mails(desk: &TestDesk, who: &Somebody, word: &str) -> Vec<Mail> {
    let all = desk.sent_mail().into_iter();
    all.filter(|m| m.to == who.email && m.subject.contains(word))
        .collect()
}

/// The time passes to then, and a process begins anew, with what is due then.
async fn restarts_at(desk: &TestDesk, at: Millis) {
    desk.clock.set(at);
    for _ in 0..2 {
        let again = desk.desk.with_clock(desk.clock.clone());
        again.start_timers().await.unwrap();
        again.run_jobs().await.unwrap();
    }
}

#[test]
fn who_is_on_duty_hears_of_what_nobody_owns_and_all_of_first_level_of_what_is_serious() {
    both(|desk| async move {
        let w = world(&desk).await;
        let heard = |subject: &str| {
            [&w.f.fay, &w.finn, &w.fritz].map(|who| mails(&desk, who, subject).len())
        };
        asks(&desk, &w, "Before").await;
        assert_eq!(heard("Before"), [1, 1, 1]);
        set_up(&desk, &w, edit(&[&w.f.fay, &w.finn], 7)).await;
        asks(&desk, &w, "In the first week").await;
        assert_eq!(heard("In the first week"), [1, 0, 0]);
        restarts_at(&desk, NEXT_WEEK + MINUTE).await;
        let number = asks(&desk, &w, "In the second week").await;
        assert_eq!(heard("In the second week"), [0, 1, 0]);
        // Somebody else takes it: from then on it is as it always was.
        let fritz = actor(&desk, w.fritz.id).await;
        let take = vec![Step::Command(Command::Start)];
        desk.desk.act(&fritz, number, None, take).await.unwrap();
        desk.run_jobs().await;
        let all = heard("In the second week");
        assert!(all[0] == 1 && all[1] == 2 && all[2] == 0, "{all:?}");

        // Only who hears alone does so.
        let everybody = RotaEdit {
            alone: false,
            ..edit(&[&w.f.fay, &w.finn], 7)
        };
        set_up(&desk, &w, everybody).await;
        asks(&desk, &w, "Everybody").await;
        assert_eq!(heard("Everybody"), [1, 1, 1]);
        let to_fritz = mails(&desk, &w.fritz, "Everybody").remove(0);
        let text = &to_fritz.text;
        let on_duty = text.lines().find(|line| line.starts_with("On duty:"));
        assert_eq!(on_duty, Some("On duty:  Finn"), "{text}");
        // Without anybody on duty everybody hears.
        set_up(&desk, &w, edit(&[], 7)).await;
        asks(&desk, &w, "Nobody").await;
        assert_eq!(heard("Nobody"), [1, 1, 1]);
    });
}

#[test]
fn a_shift_ends_with_a_hand_over_that_is_asked_for_told_and_confirmed_once_each() {
    both(|desk| async move {
        let w = world(&desk).await;
        let key = first(&desk, &w).await;
        let view = set_up(&desk, &w, edit(&[&w.finn, &w.fritz], 7)).await;
        assert_eq!(view.now.unwrap().until, NEXT_WEEK);
        assert_eq!(view.next.unwrap().person, w.fritz.id);
        assert_eq!(mails(&desk, &w.finn, "You are on duty").len(), 1);
        let nobodys = asks(&desk, &w, "Nobody owns this").await;
        let (finn, fritz) = (
            actor(&desk, w.finn.id).await,
            actor(&desk, w.fritz.id).await,
        );
        let secret = asks(&desk, &w, "A secret word").await;
        let restrict = Command::SetVisibility(Visibility::Restricted);
        let steps = vec![Step::Command(Command::Start), Step::Command(restrict)];
        desk.desk.act(&finn, secret, None, steps).await.unwrap();

        restarts_at(&desk, NEXT_WEEK - 2 * HOUR - MINUTE).await;
        assert_eq!(mails(&desk, &w.finn, "ends soon").len(), 0);
        restarts_at(&desk, NEXT_WEEK - 2 * HOUR).await;
        restarts_at(&desk, NEXT_WEEK - HOUR).await;
        assert_eq!(mails(&desk, &w.finn, "ends soon").len(), 1);
        assert!(matches!(
            desk.desk.write_duty_note(&fritz, &key, "Not mine").await,
            Err(Error::Forbidden(_))
        ));
        let note = "The tape robot is being repaired.";
        let written = desk.desk.write_duty_note(&finn, &key, note).await.unwrap();
        assert_eq!(written.note.as_deref(), Some(note));
        // Nobody else reads it before it is handed over.
        assert_eq!(desk.desk.rota(&fritz, &key).await.unwrap().note, None);

        restarts_at(&desk, NEXT_WEEK - 1).await;
        assert_eq!(mails(&desk, &w.fritz, "hands over").len(), 0);
        restarts_at(&desk, NEXT_WEEK).await;
        restarts_at(&desk, NEXT_WEEK + 3 * HOUR).await;
        let told = mails(&desk, &w.fritz, "hands over");
        assert_eq!(told.len(), 1);
        let text = &told[0].text;
        for words in [
            format!("> {note}"),
            format!("{nobodys} Nobody owns this"),
            "nobody owns it".to_owned(),
            format!("http://desk.example/work/{secret}"),
            "Mon 2026-10-05 09:00 (Europe/Zurich)".to_owned(),
        ] {
            assert!(text.contains(&words), "{words} is not in {text}");
        }
        assert!(!text.contains("secret word"), "{text}");
        // They were asked before, and have written.
        assert_eq!(mails(&desk, &w.finn, "in your place").len(), 0);

        let all = desk.desk.hand_overs(&fritz, &key, None, 10).await.unwrap();
        assert_eq!(all.len(), 1);
        let one = &all[0];
        assert_eq!((one.kept.at, one.kept.note.as_str()), (NEXT_WEEK, note));
        let numbers: Vec<TicketNumber> = one.tickets.iter().map(|t| t.named.number).collect();
        assert_eq!(numbers, [nobodys, secret]);
        assert!(one.tickets.iter().all(|t| t.item.is_some()));
        assert!(one.may_confirm && !one.may_write);

        // Nobody confirms: the responsible is told, once.
        restarts_at(&desk, NEXT_WEEK + 4 * HOUR - MINUTE).await;
        assert_eq!(mails(&desk, &w.f.fay, "has not confirmed").len(), 0);
        restarts_at(&desk, NEXT_WEEK + 4 * HOUR).await;
        restarts_at(&desk, NEXT_WEEK + 9 * HOUR).await;
        assert_eq!(mails(&desk, &w.f.fay, "has not confirmed").len(), 1);
        assert_eq!(mails(&desk, &w.finn, "has not confirmed").len(), 0);

        // What is written late reaches who is on duty, until they have confirmed.
        let id = one.kept.id;
        for other in [&fritz, &w.fay] {
            let refused = desk.desk.write_hand_over(other, id, "Not mine").await;
            assert!(matches!(refused, Err(Error::Forbidden(_))));
        }
        desk.desk
            .write_hand_over(&finn, id, "It is repaired.")
            .await
            .unwrap();
        desk.run_jobs().await;
        assert_eq!(mails(&desk, &w.fritz, "has written").len(), 1);
        for other in [&finn, &w.fay] {
            let refused = desk.desk.confirm_hand_over(other, id).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))));
        }
        for _ in 0..2 {
            let done = desk.desk.confirm_hand_over(&fritz, id).await.unwrap();
            assert_eq!(done.kept.confirmed_at, Some(NEXT_WEEK + 9 * HOUR));
        }
        desk.desk
            .write_hand_over(&finn, id, "All is well.")
            .await
            .unwrap();
        desk.run_jobs().await;
        assert_eq!(mails(&desk, &w.fritz, "has written").len(), 1);

        // A week later, confirmed in time: nobody is told.
        restarts_at(&desk, NEXT_WEEK + 7 * DAY).await;
        let all = desk.desk.hand_overs(&finn, &key, None, 10).await.unwrap();
        assert_eq!((all.len(), all[0].incoming.id), (2, w.finn.id));
        desk.desk
            .confirm_hand_over(&finn, all[0].kept.id)
            .await
            .unwrap();
        restarts_at(&desk, NEXT_WEEK + 8 * DAY).await;
        assert_eq!(mails(&desk, &w.f.fay, "has not confirmed").len(), 1);
        // And who has nothing to do with the unit reads none of it.
        let sam = actor(&desk, w.f.sam.id).await;
        assert!(matches!(
            desk.desk.hand_over(&sam, id).await,
            Err(Error::Forbidden(_))
        ));
        assert!(matches!(
            desk.desk.hand_overs(&sam, &key, None, 10).await,
            Err(Error::Forbidden(_))
        ));
        assert_eq!(
            desk.desk
                .rota(&sam, &key)
                .await
                .unwrap()
                .now
                .unwrap()
                .person,
            w.finn.id
        );
    });
}

#[test]
fn who_stands_in_takes_over_at_once_and_gives_it_back() {
    both(|desk| async move {
        let w = world(&desk).await;
        let key = first(&desk, &w).await;
        set_up(&desk, &w, edit(&[&w.finn, &w.fritz], 7)).await;
        let (finn, fritz) = (
            actor(&desk, w.finn.id).await,
            actor(&desk, w.fritz.id).await,
        );
        // Of a shift of no length nothing is handed over.
        desk.clock.advance(MINUTE);
        let now = desk.desk.now();
        let span = (now - HOUR, now + DAY);
        // Not one's own: only the responsible says so.
        let refused = desk.desk.stand_in(&fritz, &key, span, &w.fritz.email).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let wrong = desk.desk.stand_in(&finn, &key, span, &w.f.sam.email).await;
        assert!(matches!(wrong, Err(Error::Invalid { field, .. }) if field == "person"));
        let late = (now - DAY, now - HOUR);
        let wrong = desk.desk.stand_in(&finn, &key, late, &w.fritz.email).await;
        assert!(matches!(wrong, Err(Error::Invalid { field, .. }) if field == "until"));

        let view = desk
            .desk
            .stand_in(&finn, &key, span, &w.fritz.email)
            .await
            .unwrap();
        assert_eq!(view.now.unwrap().person, w.fritz.id);
        assert_eq!(view.now.unwrap().planned, Some(w.finn.id));
        desk.run_jobs().await;
        assert_eq!(mails(&desk, &w.fritz, "You stand in").len(), 1);
        assert_eq!(mails(&desk, &w.fritz, "hands over").len(), 1);
        assert_eq!(
            mails(&desk, &w.finn, "stands in for you").len(),
            0,
            "they said so"
        );
        assert_eq!(mails(&desk, &w.finn, "in your place").len(), 1);

        desk.clock.advance(HOUR);
        let id = view.swaps[0].id;
        let nina = actor(&desk, w.f.nina.id).await;
        let refused = desk.desk.take_back_stand_in(&nina, &key, id).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        let view = desk
            .desk
            .take_back_stand_in(&w.fay, &key, id)
            .await
            .unwrap();
        assert_eq!((view.now.unwrap().person, view.swaps.len()), (w.finn.id, 0));
        let again = desk.desk.take_back_stand_in(&w.fay, &key, id).await;
        assert!(matches!(again, Err(Error::NotFound { .. })));
        desk.run_jobs().await;
        assert_eq!(mails(&desk, &w.finn, "hands over").len(), 1);
        let all = desk.desk.hand_overs(&finn, &key, None, 10).await.unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].kept.begun_at, all[1].kept.at);

        // Who leaves the unit is not on duty any more, and is missed within an hour.
        let remove = MemberDeed::Remove;
        let gone = desk
            .desk
            .change_member(&w.fay, &key, w.finn.id, remove, "Left.");
        gone.await.unwrap();
        let now = desk.desk.now();
        restarts_at(&desk, now + HOUR + MINUTE).await;
        let view = desk.desk.rota(&w.fay, &key).await.unwrap();
        assert_eq!(view.now.unwrap().person, w.fritz.id);
        assert_eq!(mails(&desk, &w.fritz, "hands over").len(), 2);
    });
}

#[test]
fn only_those_plan_who_may_and_what_they_did_is_in_the_audit_log() {
    both(|desk| async move {
        let w = world(&desk).await;
        let key = first(&desk, &w).await;
        let ada = actor(&desk, w.f.ada.id).await;
        for nobody in [w.finn.id, w.f.stan.id, w.f.rita.id, w.f.mona.id] {
            let who = actor(&desk, nobody).await;
            let refused = desk.desk.put_rota(&who, &key, None, edit(&[&w.finn], 7));
            assert!(matches!(refused.await, Err(Error::Forbidden(_))));
            let refused = desk.desk.end_rota(&who, &key).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))));
        }
        let rita = actor(&desk, w.f.rita.id).await;
        let refused = desk.desk.rota(&rita, &key).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        for (field, wrong) in [
            ("people", edit(&[&w.f.sam], 7)),
            ("days", edit(&[&w.finn], 29)),
            (
                "ask_hours",
                RotaEdit {
                    ask_hours: 0,
                    ..edit(&[&w.finn], 7)
                },
            ),
        ] {
            let refused = desk.desk.put_rota(&ada, &key, None, wrong).await;
            let Err(Error::Invalid { field: named, .. }) = refused else {
                panic!("{field}: {refused:?}");
            };
            assert_eq!(named, field);
        }
        let view = desk
            .desk
            .put_rota(&ada, &key, Some(0), edit(&[&w.finn], 7))
            .await;
        assert_eq!(view.unwrap().set.unwrap().version, 1);
        let stale = desk
            .desk
            .put_rota(&ada, &key, Some(0), edit(&[&w.finn], 7))
            .await;
        assert!(matches!(stale, Err(Error::Stale { current: 1 })));
        desk.desk
            .put_rota(&w.fay, &key, Some(1), edit(&[&w.fritz], 7))
            .await
            .unwrap();
        desk.desk.end_rota(&w.fay, &key).await.unwrap();
        let gone = desk.desk.end_rota(&w.fay, &key).await;
        assert!(matches!(gone, Err(Error::NotFound { .. })));
        let log = desk
            .desk
            .audit_log(&ada, store::audit::Filter::default(), 20)
            .await;
        let mut deeds: Vec<String> = log.unwrap().into_iter().map(|d| d.action).collect();
        deeds.retain(|a| a.starts_with("rota."));
        assert_eq!(deeds, ["rota.ended", "rota.changed", "rota.set_up"]);
    });
}

#[test]
fn nodes_with_wrong_clocks_that_die_hand_over_once_each() {
    for place in [Some(sqlite()), postgres()].into_iter().flatten() {
        let url = place.url().to_owned();
        let test = TestDesk::on(place, config());
        let nodes = Nodes::new(&test, &url, DAY);
        runtime().block_on(async {
            let w = world(&test).await;
            let key = first(&test, &w).await;
            set_up(&test, &w, edit(&[&w.f.fay, &w.finn, &w.fritz], 1)).await;
            for day in 0..20 {
                nodes.a_day_of("rota", &test, 3, day % 4 == 1).await;
            }
            let all = test.desk.hand_overs(&w.fay, &key, None, 100).await.unwrap();
            // Each follows on the one before, and no day is there twice.
            assert!(all.len() >= 20, "{}", all.len());
            for pair in all.windows(2) {
                assert_eq!(pair[0].outgoing.id, pair[1].incoming.id);
                assert_eq!(pair[0].kept.begun_at, pair[1].kept.at);
                assert!(pair[0].kept.at > pair[1].kept.at);
            }
            let told: usize = [&w.f.fay, &w.finn, &w.fritz]
                .map(|who| mails(&test, who, "hands over").len())
                .iter()
                .sum();
            assert_eq!(told, all.len());
            let missed = all.iter().filter(|h| h.kept.missed_at.is_some()).count();
            let complained = [&w.f.fay, &w.finn, &w.fritz]
                .map(|who| mails(&test, who, "has not confirmed").len())
                .iter()
                .sum::<usize>();
            assert_eq!(complained, missed);
            assert!(missed >= 19, "{missed}");
        });
    }
}
