//! Ties between tickets that are in the same system, there and here.

use std::time::Duration;

use connect::tracker::Relation as There;
use desk::Step;
use serde_json::json;
use switchboard_core::onboarding::{Form, LINKS};
use switchboard_core::{Command, Relation, RelationKind, TicketNumber};
use testkit::{TestDesk, both_configured, rt_server};

use crate::exchange::{World, coupled, keeping, opens, passes, stored, there, world_by};
use crate::exchange_fake::Wrong;
use crate::exchange_rt::reaches;
use crate::onboarding::{Cast, accepted, actor, cast};

fn tying(queue: &str) -> Form {
    let mut form = coupled(queue);
    form.exchange.links = [
        "see_also = RefersTo",
        "duplicate_of = RefersTo",
        "child_of = MemberOf",
        "slave_of = DependsOn",
    ]
    .map(str::to_owned)
    .to_vec();
    form
}

/// Two tickets, which are 100 and 101 there.
async fn world(desk: &TestDesk) -> (World, [TicketNumber; 2]) {
    let w = world_by(desk, tying("atlas")).await;
    let first = opens(desk, &w.rita, "sky-atlas").await;
    let second = opens(desk, &w.rita, "sky-atlas").await;
    passes(desk, 40).await;
    (w, [first, second])
}

pub(crate) async fn relates(
    desk: &TestDesk,
    cast: &Cast,
    (number, kind, other): (TicketNumber, RelationKind, TicketNumber),
    make: bool,
) {
    let command = if make {
        Command::Relate { kind, other }
    } else {
        Command::Unrelate { kind, other }
    };
    let step = Step::Command(command);
    let done = desk.desk.act(&cast.ada_acts, number, None, vec![step]);
    done.await.unwrap();
}

pub(crate) async fn ties(desk: &TestDesk, number: TicketNumber) -> Vec<Relation> {
    let (ticket, _) = stored(desk, number).await;
    ticket.relations.into_iter().collect()
}

pub(crate) async fn quiet(desk: &TestDesk, cast: &Cast, numbers: [TicketNumber; 2]) {
    for number in numbers {
        let seen = there(desk, cast, number).await;
        assert_eq!((seen.waiting, seen.dead), (0, 0), "{seen:?}");
    }
}

#[test]
fn each_link_of_a_line_is_one_of_the_systems() {
    let names: Vec<&str> = There::ALL.iter().map(|(_, name)| *name).collect();
    for name in LINKS {
        assert!(names.contains(&name), "{name}");
        let link = There::parse(name).unwrap();
        assert_eq!((link.key(), link.inverse().inverse()), (name, link));
    }
}

#[test]
fn ties_go_there_and_links_come_here_each_once() {
    both_configured(&keeping(), |desk| async move {
        let (w, [a, b]) = world(&desk).await;
        let fake = &w.fake;
        let links = || [fake.links("100"), fake.links("101")].map(|all| all.join(", "));
        let none = || [String::new(), String::new()];
        for (kind, first, second) in [
            (RelationKind::ChildOf, "MemberOf 101", "HasMember 100"),
            (RelationKind::ParentOf, "HasMember 101", "MemberOf 100"),
            (RelationKind::SlaveOf, "DependsOn 101", "DependedOnBy 100"),
            (RelationKind::SeeAlso, "RefersTo 101", "ReferredToBy 100"),
            (
                RelationKind::DuplicateOf,
                "RefersTo 101",
                "ReferredToBy 100",
            ),
        ] {
            let tie = |other| Relation {
                kind,
                ticket: other,
            };
            // Made here, undone there.
            relates(&desk, &w.cast, (a, kind, b), true).await;
            passes(&desk, 60).await;
            assert_eq!(links(), [first, second], "{kind:?}");
            assert_eq!(ties(&desk, a).await, [tie(b)], "{kind:?}");
            let before = fake.happened();
            passes(&desk, 60).await;
            assert_eq!(fake.happened(), before, "{kind:?}: no echo");
            let (relation, target) = first.split_once(' ').unwrap();
            let relation = There::parse(relation).unwrap();
            fake.ties("100", "grace", (relation, target), false);
            passes(&desk, 60).await;
            assert_eq!(ties(&desk, a).await, [], "{kind:?}");
            assert_eq!(links(), none());
            if kind == RelationKind::DuplicateOf {
                continue;
            }
            // Made there, undone here.
            fake.ties("100", "grace", (relation, target), true);
            passes(&desk, 60).await;
            assert_eq!(ties(&desk, a).await, [tie(b)], "{kind:?}");
            assert_eq!(ties(&desk, b).await.len(), 1, "{kind:?}");
            assert_eq!(links(), [first, second], "{kind:?}");
            relates(&desk, &w.cast, (b, kind.inverse(), a), false).await;
            passes(&desk, 60).await;
            assert_eq!(links(), none(), "{kind:?}");
            assert_eq!(ties(&desk, b).await, [], "{kind:?}");
        }
        // It says the same from either side.
        fake.ties("101", "grace", (There::RefersTo, "100"), true);
        passes(&desk, 60).await;
        let tie = Relation {
            kind: RelationKind::SeeAlso,
            ticket: b,
        };
        assert_eq!(ties(&desk, a).await, [tie]);
        assert_eq!(links(), ["ReferredToBy 101", "RefersTo 100"]);
        relates(&desk, &w.cast, (a, RelationKind::SeeAlso, b), false).await;
        passes(&desk, 60).await;
        assert_eq!(links(), none());
        quiet(&desk, &w.cast, [a, b]).await;
    });
}

#[test]
fn links_to_what_is_unknown_here_and_what_the_rules_refuse_are_shown_as_text() {
    both_configured(&keeping(), |desk| async move {
        let (w, [a, b]) = world(&desk).await;
        let page = "https://wiki.example/plates";
        w.fake.ties("100", "grace", (There::RefersTo, "4711"), true);
        w.fake.ties("100", "grace", (There::DependsOn, page), true);
        let own = format!("{}/tickets/{a}#x", desk.desk.config().public_url);
        w.fake.ties("100", "grace", (There::RefersTo, &own), true);
        passes(&desk, 60).await;
        let seen = there(&desk, &w.cast, a).await;
        assert_eq!(
            seen.links,
            ["RefersTo 4711", "DependsOn https://wiki.example/plates"]
        );
        assert_eq!(ties(&desk, a).await, []);
        w.fake
            .ties("100", "grace", (There::RefersTo, "4711"), false);
        // A parent of its own child: the rules refuse the second.
        w.fake.ties("100", "grace", (There::MemberOf, "101"), true);
        passes(&desk, 60).await;
        w.fake.ties("101", "grace", (There::MemberOf, "100"), true);
        passes(&desk, 60).await;
        let seen = there(&desk, &w.cast, a).await;
        let loops = format!("HasMember 101 (#{b} here)");
        assert_eq!(
            seen.links,
            ["DependsOn https://wiki.example/plates", loops.as_str()]
        );
        assert!(
            seen.lines
                .iter()
                .any(|l| l.what.contains("was not taken over")),
            "{seen:?}"
        );
        assert_eq!(ties(&desk, a).await.len(), 1);
        assert_eq!(w.fake.links("101").len(), 2, "theirs to mend");
        // Taken back: what they link then is nobody's affair here.
        let unit = w.cast.f.first;
        let reason = Some("Ours.".to_owned());
        let step = Step::Command(Command::Assign { unit, reason });
        let done = desk.desk.act(&w.cast.ada_acts, a, None, vec![step]);
        done.await.unwrap();
        passes(&desk, 60).await;
        w.fake.ties("100", "grace", (There::MemberOf, "101"), false);
        passes(&desk, 60).await;
        assert_eq!(ties(&desk, a).await.len(), 1, "it stays");
    });
}

#[test]
fn a_tie_that_is_made_before_both_are_there_or_whose_call_fails_is_made_once() {
    both_configured(&keeping(), |desk| async move {
        let (w, [a, b]) = world(&desk).await;
        w.fake.0.lock().unwrap().down = true;
        let c = opens(&desk, &w.rita, "sky-atlas").await;
        relates(&desk, &w.cast, (c, RelationKind::ChildOf, a), true).await;
        passes(&desk, 60).await;
        w.fake.0.lock().unwrap().down = false;
        passes(&desk, 300).await;
        assert_eq!(w.fake.links("102"), ["MemberOf 100"]);
        assert_eq!(w.fake.links("100"), ["HasMember 102"]);

        for wrong in [Wrong::Lost, Wrong::Failed, Wrong::Hangs] {
            for make in [true, false] {
                w.fake.0.lock().unwrap().wrong.push_back(wrong.clone());
                relates(&desk, &w.cast, (b, RelationKind::SeeAlso, c), make).await;
                let _ = tokio::time::timeout(Duration::from_millis(1_500), desk.run_jobs()).await;
                passes(&desk, 300).await;
                assert_eq!(w.fake.links("101").len(), usize::from(make), "{wrong:?}");
                assert_eq!(ties(&desk, b).await.len(), usize::from(make), "{wrong:?}");
                quiet(&desk, &w.cast, [b, c]).await;
            }
        }
        // They refuse it: told once, and it stands here.
        w.fake
            .0
            .lock()
            .unwrap()
            .wrong
            .extend([Wrong::Refused, Wrong::Refused]);
        relates(&desk, &w.cast, (b, RelationKind::SeeAlso, c), true).await;
        passes(&desk, 300).await;
        let (_, dead) = desk.desk.exchange(&w.cast.ada_acts).await.unwrap();
        assert_eq!(dead.len(), 2, "either ticket's: {dead:?}");
        assert_eq!(dead[0].dead.what, "Ties with other tickets");
        assert_eq!(ties(&desk, b).await.len(), 1);
        let retried = desk.desk.retry_exchange(&w.cast.ada_acts, dead[0].dead.id);
        retried.await.unwrap();
        passes(&desk, 60).await;
        assert_eq!(w.fake.links("101").len(), 1);
    });
}

#[test]
fn ties_go_to_a_real_rt_and_come_back() {
    let Some(server) = rt_server() else { return };
    both_configured(&keeping(), |desk| {
        let server = server.clone();
        async move {
            let cast = cast(&desk).await;
            accepted(&desk, &cast, tying("Grid")).await;
            reaches(&desk, &server).await;
            let rita = actor(&desk, &cast.f.rita).await;
            let (a, b) = (
                opens(&desk, &rita, "sky-atlas").await,
                opens(&desk, &rita, "sky-atlas").await,
            );
            passes(&desk, 40).await;
            let (x, y) = (
                there(&desk, &cast, a).await.there.unwrap(),
                there(&desk, &cast, b).await.there.unwrap(),
            );
            // Between the two, as RT keeps them: base, kind and target.
            let stands = || {
                server.sql(&format!(
                    "select localbase || ' ' || type || ' ' || localtarget from links \
                     where localbase in ({x}, {y}) and localtarget in ({x}, {y}) \
                     order by 1"
                ))
            };
            let puts = |id: &str, name: &str, to: &str| {
                let body = json!({ name: [to] });
                server.acts("ada", "PUT", &format!("/ticket/{id}"), &body);
            };
            for (kind, name, link) in [
                (RelationKind::ChildOf, "MemberOf", "MemberOf"),
                (RelationKind::SlaveOf, "DependsOn", "DependsOn"),
                (RelationKind::SeeAlso, "RefersTo", "RefersTo"),
            ] {
                let tie = Relation { kind, ticket: b };
                relates(&desk, &cast, (a, kind, b), true).await;
                passes(&desk, 60).await;
                assert_eq!(stands(), format!("{x} {link} {y}"));
                puts(&x, &format!("Delete{name}"), &y);
                passes(&desk, 60).await;
                assert_eq!(ties(&desk, a).await, [], "{kind:?}");
                puts(&x, &format!("Add{name}"), &y);
                passes(&desk, 60).await;
                assert_eq!(ties(&desk, a).await, [tie], "{kind:?}");
                relates(&desk, &cast, (a, kind, b), false).await;
                passes(&desk, 60).await;
                assert_eq!(stands(), "", "{kind:?}");
            }
            puts(&x, "AddRefersTo", "https://wiki.example/plates");
            passes(&desk, 60).await;
            let seen = there(&desk, &cast, a).await;
            assert_eq!(seen.links, ["RefersTo https://wiki.example/plates"]);
            quiet(&desk, &cast, [a, b]).await;
            let transactions = || {
                server.sql(&format!(
                    "select count(*) from transactions where objecttype = 'RT::Ticket' and \
                     objectid in ({x}, {y})"
                ))
            };
            let before = transactions();
            passes(&desk, 120).await;
            assert_eq!(transactions(), before, "no echo");

            // Opened there as a child of one that is here.
            let new = json!({"Queue": "Grid", "Subject": "A part of it", "Content": "This one.",
                             "MemberOf": x});
            server.acts("ada", "POST", "/ticket", &new);
            passes(&desk, 60).await;
            let child = *crate::exchange_in::here(&desk).await.last().unwrap();
            let tie = Relation {
                kind: RelationKind::ChildOf,
                ticket: a,
            };
            assert_eq!(ties(&desk, child).await, [tie]);
        }
    });
}
