//! Two and three desks that share tickets, each with its own database and its own
//! listener, over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use connect::peer_desk::{Call, Once, PeerDesk};
use connect::signature::SigningKey;
use connect::{Guard, Reach};
use desk::exchange::invitation::Fate;
use desk::exchange::partner::{Changed, Own};
use desk::{EntryDraft, Error, OpenRequest, Step};
use serde_json::{Value, json};
use store::partner::{Partner, Terms};
use store::shared::Joint;
use switchboard_core::exchange::{DeskId, Field};
use switchboard_core::{
    Actor, Command, EntryVisibility, Priority, SolutionKind, Status, TicketNumber, UnitId,
};
use testkit::{Federation, Loss, Lossy, TestDesk, desks};

use crate::exchange::{PUBLIC, bodies, says, stored};
use crate::onboarding::actor;

/// Everything may pass but addresses.
pub(crate) const TERMS: Terms = Terms {
    names: true,
    addresses: false,
    files: true,
    gives: true,
    takes: true,
};

/// A desk with its people.
pub(crate) struct Side {
    pub(crate) desk: Arc<TestDesk>,
    pub(crate) f: Federation,
    pub(crate) ada: Actor,
    pub(crate) fay: Actor,
    pub(crate) stan: Actor,
    pub(crate) rita: Actor,
    /// What changes are called that happened here.
    pub(crate) name: DeskId,
}

async fn side(desk: Arc<TestDesk>) -> Side {
    let f = desk.federation().await;
    Side {
        ada: actor(&desk, &f.ada).await,
        fay: actor(&desk, &f.fay).await,
        stan: actor(&desk, &f.stan).await,
        rita: actor(&desk, &f.rita).await,
        name: desk.desk.exchange_name().unwrap(),
        f,
        desk,
    }
}

pub(crate) async fn sides(all: Vec<Arc<TestDesk>>) -> Vec<Side> {
    let mut made = Vec::new();
    for desk in all {
        made.push(side(desk).await);
    }
    made
}

/// A unit of `at` that stands for another desk.
pub(crate) async fn stand_in(at: &Side, key: &str) -> UnitId {
    at.desk.unit(key, &format!("At {key}"), 2).await
}

pub(crate) fn own(units: &[&str]) -> Own {
    Own {
        intake: Some("storage".into()),
        units: units.iter().map(|u| (*u).to_owned()).collect(),
        services: Vec::new(),
    }
}

/// The two are partners from now on: `a` invites.
pub(crate) async fn couple(a: &Side, b: &Side, terms: Terms, (at_a, at_b): (&str, &str)) {
    stand_in(a, at_a).await;
    stand_in(b, at_b).await;
    let written = a
        .desk
        .desk
        .invite_partner(&a.ada, "", terms, &own(&[at_a]))
        .await;
    let text = written.unwrap().text;
    let read = b.desk.desk.read_invitation(&b.ada, &text).unwrap();
    assert_eq!(
        (read.from.desk, read.terms.gives),
        (a.name.clone(), terms.takes)
    );
    b.desk
        .desk
        .accept_partner(&b.ada, &text, &own(&[at_b]))
        .await
        .unwrap();
}

pub(crate) async fn partner(at: &Side, of: &Side) -> Partner {
    let name = of.name.clone();
    let db = at.desk.desk.db();
    let found = db.read(move |c| store::partner::by_desk(c, &name)).await;
    found.unwrap().unwrap()
}

/// Lets everything happen until nothing does; with so many seconds between.
pub(crate) async fn quiet(all: &[&Side], seconds: i64) {
    for _ in 0..40 {
        let mut done = 0;
        for one in all {
            done += one.desk.desk.run_jobs().await.unwrap();
        }
        if done == 0 {
            let mut waits = false;
            for one in all {
                let db = one.desk.desk.db();
                let partners = db.read(store::partner::all).await.unwrap();
                waits |= partners.iter().any(|p| p.backlog() > 0);
            }
            if !waits {
                return;
            }
        }
        for one in all {
            one.desk.clock.advance(seconds * 1_000);
        }
    }
}

pub(crate) async fn opens(at: &Side, subject: &str) -> TicketNumber {
    let request = OpenRequest {
        subject: subject.into(),
        description: "It was there yesterday. Mail me: rita@people.example".into(),
        ..OpenRequest::default()
    };
    let opened = at.desk.desk.open_ticket(&at.rita, request).await;
    opened.unwrap().number
}

pub(crate) async fn acts(at: &Side, who: &Actor, number: TicketNumber, step: Step) {
    at.desk
        .desk
        .act(who, number, None, vec![step])
        .await
        .unwrap();
}

pub(crate) async fn give(at: &Side, number: TicketNumber, unit: &str) {
    let catalogue = at.desk.desk.catalogue().await.unwrap();
    let unit = catalogue.find_unit("unit", unit).unwrap().id;
    let reason = Some("Theirs.".into());
    let step = Step::Command(Command::Assign { unit, reason });
    acts(at, &at.fay, number, step).await;
}

fn text(body: &str) -> EntryDraft {
    EntryDraft {
        body: body.into(),
        ..EntryDraft::default()
    }
}

/// The shared ticket that a ticket is.
pub(crate) async fn joint(at: &Side, number: TicketNumber) -> Joint {
    let db = at.desk.desk.db();
    let found = db.read(move |c| store::shared::of_ticket(c, number)).await;
    found.unwrap().unwrap()
}

/// The ticket at another desk, by what it is here.
pub(crate) async fn at_other(at: &Side, number: TicketNumber, other: &Side) -> TicketNumber {
    let id = joint(at, number).await.id;
    let db = other.desk.desk.db();
    let found = db.read(move |c| store::shared::load(c, &id)).await;
    found.unwrap().unwrap().ticket.unwrap()
}

/// Every public body, with how often it is there.
pub(crate) async fn said(at: &Side, number: TicketNumber) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for entry in stored(&at.desk, number).await.1 {
        if entry.visibility == PUBLIC {
            *all.entry(entry.body).or_default() += 1;
        }
    }
    all
}

/// All that lies in the logs for partners, as text.
pub(crate) async fn left(at: &Side) -> String {
    let db = at.desk.desk.db();
    let all = db.read(|c| {
        let mut all = String::new();
        for p in store::partner::all(c)? {
            for logged in store::partner::log(c, p.id, 1, p.log_end)? {
                all.push_str(&logged.doc);
                all.push('\n');
            }
        }
        Ok::<_, store::Error>(all)
    });
    all.await.unwrap()
}

/// Desks that know the same changes have the same picture; and nothing of it waits
/// or is dead.
async fn agree(all: &[(&Side, TicketNumber)]) {
    let first = joint(all[0].0, all[0].1).await;
    let words = said(all[0].0, all[0].1).await;
    assert!(words.values().all(|n| *n == 1), "{words:?}");
    for (side, number) in all {
        let other = joint(side, *number).await;
        assert_eq!(other.id, first.id);
        assert_eq!(
            other.shared.known(),
            first.shared.known(),
            "at {}",
            side.name
        );
        assert!(!other.shared.known().has_gaps());
        assert_eq!(other.shared.baton(), first.shared.baton());
        for field in [Field::Status, Field::Priority, Field::Subject] {
            let value = |j: &Joint| j.shared.field(&field).map(|s| s.name.clone());
            assert_eq!(value(&other), value(&first), "{field} at {}", side.name);
        }
        let here: Vec<usize> = said(side, *number).await.into_values().collect();
        assert_eq!(here.len(), words.len(), "{words:?} at {}", side.name);
        let db = side.desk.desk.db();
        let dead = db.read(|c| store::partner::dead(c, 10)).await.unwrap();
        assert_eq!(dead, [], "at {}", side.name);
    }
}

async fn status(at: &Side, number: TicketNumber) -> Status {
    stored(&at.desk, number).await.0.status
}

#[test]
fn a_ticket_is_worked_on_at_another_desk_and_its_requester_hears_here() {
    desks(&["Desk A", "Desk B"], |all| async move {
        let all = sides(all).await;
        let [a, b] = &all[..] else { unreachable!() };
        couple(a, b, TERMS, ("desk-b", "desk-a")).await;
        let number = opens(a, "A plate is missing").await;
        let internal = EntryVisibility::Internal;
        says(
            &a.desk,
            &a.fay,
            number,
            internal,
            "canary of first level",
            None,
        )
        .await;
        says(
            &a.desk,
            &a.rita,
            number,
            PUBLIC,
            "Here is its label.",
            Some(b"label"),
        )
        .await;
        give(a, number, "desk-b").await;
        quiet(&[a, b], 1).await;

        let there = at_other(a, number, b).await;
        let (ticket, entries) = stored(&b.desk, there).await;
        assert_eq!(ticket.subject, "A plate is missing");
        assert_eq!(
            (ticket.unit, ticket.status),
            (b.f.storage, Status::Assigned)
        );
        assert_eq!(
            bodies(&entries),
            [
                "It was there yesterday. Mail me: [not shared]",
                "Here is its label."
            ]
        );
        assert_eq!(entries[0].author_name, "Rita (via Desk A)");
        let db = b.desk.desk.db();
        let files = db.read(move |c| store::entry::attachments(c, there));
        let files = files.await.unwrap();
        assert_eq!((files.len(), files[0].name.as_str()), (1, "plate.txt"));
        let (_, bytes) = b.desk.desk.attachment(&b.stan, files[0].id).await.unwrap();
        assert_eq!(bytes, b"label");
        agree(&[(a, number), (b, there)]).await;

        // There somebody takes it, asks, and hears the answer.
        let owner = Some(b.f.stan.id);
        acts(
            b,
            &b.stan,
            there,
            Step::Command(Command::SetOwner { owner }),
        )
        .await;
        acts(b, &b.stan, there, Step::Command(Command::Start)).await;
        says(&b.desk, &b.stan, there, internal, "canary of storage", None).await;
        says(
            &b.desk,
            &b.stan,
            there,
            PUBLIC,
            "Which plate?",
            Some(b"list"),
        )
        .await;
        let waits = Command::Await { reminder: None };
        acts(b, &b.stan, there, Step::Command(waits)).await;
        quiet(&[a, b], 1).await;
        let (ticket, entries) = stored(&a.desk, number).await;
        let asked = entries.iter().find(|e| e.body == "Which plate?").unwrap();
        assert_eq!(asked.author_name, "Stan (via Desk B)");
        assert_eq!(ticket.status, Status::Waiting);
        says(&a.desk, &a.rita, number, PUBLIC, "Number seven.", None).await;
        quiet(&[a, b], 1).await;
        assert_eq!(status(b, there).await, Status::InProgress);

        // It is solved, reopened, solved again, and confirmed by who asked.
        let solve = |body: &str| Step::Solve(SolutionKind::Fixed, text(body));
        acts(b, &b.stan, there, solve("It lay behind the shelf.")).await;
        quiet(&[a, b], 1).await;
        let (ticket, _) = stored(&a.desk, number).await;
        assert_eq!(ticket.status, Status::Solved);
        assert_eq!(ticket.solution.unwrap().text, "It lay behind the shelf.");
        acts(
            a,
            &a.rita,
            number,
            Step::Reopen(Some(text("That is number six."))),
        )
        .await;
        quiet(&[a, b], 1).await;
        assert_eq!(status(b, there).await, Status::Reopened);
        acts(b, &b.stan, there, solve("Here is number seven.")).await;
        quiet(&[a, b], 1).await;
        acts(a, &a.rita, number, Step::Command(Command::Verify)).await;
        quiet(&[a, b], 1).await;
        assert_eq!(status(a, number).await, Status::Verified);
        assert_eq!(status(b, there).await, Status::Verified);
        agree(&[(a, number), (b, there)]).await;

        let out = format!("{}{}", left(a).await, left(b).await);
        assert!(out.contains("Which plate?"));
        assert!(!out.contains("canary") && !out.contains("@people"), "{out}");
        // How it stands is seen on both sides.
        let shown = a.desk.desk.counterparts(&a.fay, number).await.unwrap();
        assert_eq!(shown.len(), 1);
        assert_eq!(
            (shown[0].kind.as_str(), shown[0].theirs),
            ("switchboard", true)
        );
        assert!(shown[0].lines.len() > 10 && shown[0].waiting == 0);
        let standing = a.desk.desk.partners(&a.fay).await.unwrap();
        assert_eq!((standing[0].tickets, standing[0].lag), (1, 0));
    });
}

#[test]
fn a_ticket_is_given_back_and_taken_back() {
    desks(&["Desk A", "Desk B"], |all| async move {
        let all = sides(all).await;
        let [a, b] = &all[..] else { unreachable!() };
        couple(a, b, TERMS, ("desk-b", "desk-a")).await;
        let number = opens(a, "A plate is missing").await;
        give(a, number, "desk-b").await;
        quiet(&[a, b], 1).await;
        let there = at_other(a, number, b).await;
        // Given back by its unit there: here it is with the unit for what comes.
        give(b, there, "desk-a").await;
        quiet(&[a, b], 1).await;
        let (ticket, _) = stored(&a.desk, number).await;
        assert_eq!(ticket.unit, a.f.storage);
        assert_eq!(*joint(a, number).await.shared.baton().holder(), a.name);
        let hold = Command::Hold {
            reason: "The archive is closed.".into(),
            reminder: None,
            eta: None,
        };
        acts(a, &a.stan, number, Step::Command(hold)).await;
        quiet(&[a, b], 1).await;
        assert_eq!(status(b, there).await, Status::OnHold);
        // Once more there, and taken back from here.
        give(a, number, "desk-b").await;
        quiet(&[a, b], 1).await;
        assert_eq!(*joint(b, there).await.shared.baton().holder(), b.name);
        give(a, number, "storage").await;
        quiet(&[a, b], 1).await;
        assert_eq!(*joint(b, there).await.shared.baton().holder(), a.name);
        let at_b = b.desk.desk.catalogue().await.unwrap();
        let stands = at_b.find_unit("unit", "desk-a").unwrap().id;
        assert_eq!(stored(&b.desk, there).await.0.unit, stands);
        agree(&[(a, number), (b, there)]).await;
        let db = a.desk.desk.db();
        let kept = joint(a, number).await;
        let all = db.read(move |c| store::shared::changes(c, &kept.id));
        let passed = all.await.unwrap();
        let passed = passed.iter().filter(|k| k.doc.contains("baton_passed"));
        assert_eq!(passed.count(), 4, "nobody plays it back by itself");
    });
}

#[test]
fn values_that_were_set_at_once_are_shown_until_somebody_chooses() {
    desks(&["Desk A", "Desk B"], |all| async move {
        let all = sides(all).await;
        let [a, b] = &all[..] else { unreachable!() };
        couple(a, b, TERMS, ("desk-b", "desk-a")).await;
        let number = opens(a, "A plate is missing").await;
        give(a, number, "desk-b").await;
        quiet(&[a, b], 1).await;
        let there = at_other(a, number, b).await;
        let overrule = |priority| {
            Step::Command(Command::Overrule {
                priority,
                reason: "Seen.".into(),
            })
        };
        acts(a, &a.fay, number, overrule(Priority::High)).await;
        acts(b, &b.fay, there, overrule(Priority::Top)).await;
        quiet(&[a, b], 1).await;
        for (side, number) in [(a, number), (b, there)] {
            // That of the desk that was responsible counts.
            let (ticket, _) = stored(&side.desk, number).await;
            assert_eq!(ticket.priority(), Priority::Top, "at {}", side.name);
            let shown = side
                .desk
                .desk
                .counterparts(&side.fay, number)
                .await
                .unwrap();
            assert_eq!(shown[0].conflicts.len(), 1, "{:?}", shown[0].conflicts);
            let said = &shown[0].conflicts[0];
            assert!(said.contains("high") && said.contains("top"), "{said}");
        }
        acts(a, &a.fay, number, overrule(Priority::Low)).await;
        quiet(&[a, b], 1).await;
        for (side, number) in [(a, number), (b, there)] {
            let (ticket, _) = stored(&side.desk, number).await;
            assert_eq!(ticket.priority(), Priority::Low);
            let shown = side
                .desk
                .desk
                .counterparts(&side.fay, number)
                .await
                .unwrap();
            assert!(shown[0].conflicts.is_empty());
        }
        agree(&[(a, number), (b, there)]).await;
    });
}

#[test]
fn three_desks_in_a_chain_and_in_a_ring_say_everything_once() {
    desks(&["Desk A", "Desk B", "Desk C"], |all| async move {
        let all = sides(all).await;
        let [a, b, c] = &all[..] else { unreachable!() };
        couple(a, b, TERMS, ("desk-b", "desk-a")).await;
        // Further on no names may pass.
        let bare = Terms {
            names: false,
            ..TERMS
        };
        couple(b, c, bare, ("desk-c", "desk-b")).await;
        let number = opens(a, "A plate is missing").await;
        give(a, number, "desk-b").await;
        quiet(&[a, b, c], 1).await;
        let at_b = at_other(a, number, b).await;
        give(b, at_b, "desk-c").await;
        quiet(&[a, b, c], 1).await;
        let at_c = at_other(a, number, c).await;
        assert_eq!(*joint(a, number).await.shared.baton().holder(), c.name);
        says(&a.desk, &a.rita, number, PUBLIC, "from A", None).await;
        says(&b.desk, &b.fay, at_b, PUBLIC, "from B", Some(b"b")).await;
        says(&c.desk, &c.fay, at_c, PUBLIC, "from C", Some(b"c")).await;
        quiet(&[a, b, c], 1).await;
        agree(&[(a, number), (b, at_b), (c, at_c)]).await;
        let (_, entries) = stored(&c.desk, at_c).await;
        let by: Vec<&str> = entries.iter().map(|e| e.author_name.as_str()).collect();
        assert!(by.iter().all(|n| !n.contains("Rita")), "{by:?}");
        let solve = Step::Solve(SolutionKind::Fixed, text("It lay behind the shelf."));
        acts(c, &c.fay, at_c, solve).await;
        quiet(&[a, b, c], 1).await;
        assert_eq!(status(a, number).await, Status::Solved);
        // Now C knows A too: what comes by two ways is there once.
        couple(a, c, TERMS, ("desk-c", "desk-a")).await;
        acts(
            a,
            &a.rita,
            number,
            Step::Reopen(Some(text("Not that one."))),
        )
        .await;
        quiet(&[a, b, c], 1).await;
        assert_eq!(status(c, at_c).await, Status::Reopened);
        give(c, at_c, "desk-a").await;
        quiet(&[a, b, c], 1).await;
        assert_eq!(*joint(b, at_b).await.shared.baton().holder(), a.name);
        says(&a.desk, &a.rita, number, PUBLIC, "from A again", None).await;
        says(&b.desk, &b.fay, at_b, PUBLIC, "from B again", None).await;
        says(&c.desk, &c.fay, at_c, PUBLIC, "from C again", None).await;
        quiet(&[a, b, c], 1).await;
        agree(&[(a, number), (b, at_b), (c, at_c)]).await;
        // It is quiet: nothing travels any more.
        let ends = async |side: &Side| {
            let db = side.desk.desk.db();
            let all = db.read(store::partner::all).await.unwrap();
            all.iter().map(|p| p.log_end).sum::<u64>()
        };
        let before = ends(a).await + ends(b).await + ends(c).await;
        quiet(&[a, b, c], 120).await;
        assert_eq!(ends(a).await + ends(b).await + ends(c).await, before);
    });
}

#[test]
fn nothing_is_lost_or_doubled_through_a_bad_network() {
    desks(&["Desk A", "Desk B"], |all| async move {
        let all = sides(all).await;
        let [a, b] = &all[..] else { unreachable!() };
        couple(a, b, TERMS, ("desk-b", "desk-a")).await;
        // Each reaches the other through a network that loses and repeats a third.
        let mut lossy = Vec::new();
        for (seed, (from, to)) in [(3, (a, b)), (5, (b, a))] {
            let address = to.desk.desk.config().public_url.replace("http://", "");
            let bad = Lossy::before(&address).await;
            let losses = [Loss::Unheard, Loss::Unanswered, Loss::Repeated];
            bad.at_random(seed, 33, &losses);
            let there = partner(from, to).await.id;
            let changed = Changed {
                base_url: Some(format!("http://127.0.0.1:{}", bad.port)),
                ..Changed::default()
            };
            let desk = &from.desk.desk;
            desk.change_partner(&from.ada, there, changed)
                .await
                .unwrap();
            lossy.push(bad);
        }
        let mut numbers = Vec::new();
        for n in 0..6 {
            let number = opens(a, &format!("Plate {n}")).await;
            give(a, number, "desk-b").await;
            numbers.push(number);
            quiet(&[a, b], 7).await;
        }
        for round in 0..6 {
            for number in &numbers {
                let there = at_other(a, *number, b).await;
                let word = format!("a{round}");
                says(
                    &a.desk,
                    &a.rita,
                    *number,
                    PUBLIC,
                    &word,
                    Some(word.as_bytes()),
                )
                .await;
                says(&b.desk, &b.stan, there, PUBLIC, &format!("b{round}"), None).await;
            }
            quiet(&[a, b], 7).await;
        }
        assert!(lossy.iter().all(|l| l.struck() > 5), "the network was good");
        for bad in &lossy {
            bad.calm();
        }
        quiet(&[a, b], 31).await;
        for number in numbers {
            let there = at_other(a, number, b).await;
            agree(&[(a, number), (b, there)]).await;
            assert_eq!(said(a, number).await.len(), 13);
        }
    });
}

#[test]
fn a_desk_that_was_away_is_told_everything_and_asks_by_itself() {
    desks(&["Desk A", "Desk B"], |all| async move {
        let all = sides(all).await;
        let [a, b] = &all[..] else { unreachable!() };
        couple(a, b, TERMS, ("desk-b", "desk-a")).await;
        let (to_b, to_a) = (partner(a, b).await.id, partner(b, a).await.id);
        // A can not reach B at all; B reaches A, and asks once a minute.
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let dead = nobody.local_addr().unwrap();
        drop(nobody);
        let changed = Changed {
            base_url: Some(format!("http://{dead}")),
            ..Changed::default()
        };
        a.desk
            .desk
            .change_partner(&a.ada, to_b, changed)
            .await
            .unwrap();
        let number = opens(a, "A plate is missing").await;
        says(
            &a.desk,
            &a.rita,
            number,
            PUBLIC,
            "With a file.",
            Some(b"file"),
        )
        .await;
        give(a, number, "desk-b").await;
        a.desk.run_jobs().await;
        let standing = a.desk.desk.partners(&a.ada).await.unwrap();
        assert!(standing[0].partner.error.is_some() && standing[0].partner.backlog() > 0);
        b.desk.clock.advance(61_000);
        a.desk.clock.advance(61_000);
        b.desk.run_jobs().await;
        let there = at_other(a, number, b).await;
        assert_eq!(said(b, there).await.len(), 2);
        let standing = a.desk.desk.partners(&a.ada).await.unwrap();
        assert!(
            standing[0].partner.backlog() <= 1,
            "its asking says what it has"
        );
        // While it is paused nothing is taken, and what happens waits.
        let pause = |paused| Changed {
            paused: Some(paused),
            ..Changed::default()
        };
        let desk_b = &b.desk.desk;
        desk_b
            .change_partner(&b.ada, to_a, pause(true))
            .await
            .unwrap();
        says(&b.desk, &b.stan, there, PUBLIC, "Meanwhile.", None).await;
        b.desk.clock.advance(61_000);
        b.desk.run_jobs().await;
        assert_eq!(said(a, number).await.len(), 2);
        desk_b
            .change_partner(&b.ada, to_a, pause(false))
            .await
            .unwrap();
        b.desk.run_jobs().await;
        assert_eq!(said(a, number).await.len(), 3);
        // When it has ended, nobody is believed.
        desk_b.end_partner(&b.ada, to_a).await.unwrap();
        says(&a.desk, &a.rita, number, PUBLIC, "Too late.", None).await;
        quiet(&[a, b], 61).await;
        assert_eq!(said(b, there).await.len(), 3);
    });
}

#[test]
fn who_is_erased_here_is_erased_there_and_every_desk_says_so() {
    desks(&["Desk A", "Desk B", "Desk C"], |all| async move {
        let all = sides(all).await;
        let [a, b, c] = &all[..] else { unreachable!() };
        couple(a, b, TERMS, ("desk-b", "desk-a")).await;
        couple(b, c, TERMS, ("desk-c", "desk-b")).await;
        let number = opens(a, "Rita's canary plate").await;
        says(
            &a.desk,
            &a.rita,
            number,
            PUBLIC,
            "a canary of Rita's",
            Some(b"canary"),
        )
        .await;
        give(a, number, "desk-b").await;
        quiet(&[a, b, c], 1).await;
        let at_b = at_other(a, number, b).await;
        give(b, at_b, "desk-c").await;
        quiet(&[a, b, c], 1).await;
        let at_c = at_other(a, number, c).await;
        let sings = async |side: &Side, number| {
            let (ticket, entries) = stored(&side.desk, number).await;
            let db = side.desk.desk.db();
            let id = joint(side, number).await.id;
            let kept = db
                .read(move |c| store::shared::changes(c, &id))
                .await
                .unwrap();
            format!("{ticket:?} {entries:?} {kept:?} {}", left(side).await)
        };
        for (side, number) in [(b, at_b), (c, at_c)] {
            let all = sings(side, number).await;
            assert!(all.contains("canary") && all.contains("Rita"));
        }
        let rita = &a.f.rita;
        a.desk
            .desk
            .order_erasure_by_token(&a.ada, rita.id, "By letter.", &rita.email)
            .await
            .unwrap();
        quiet(&[a, b, c], 86_400).await;
        quiet(&[a, b, c], 61).await;
        for (side, number) in [(a, number), (b, at_b), (c, at_c)] {
            let all = sings(side, number).await;
            assert!(!all.contains("canary"), "at {}: {all}", side.name);
            assert!(!all.contains("Rita"), "at {}: {all}", side.name);
            let files = {
                let db = side.desk.desk.db();
                db.read(move |c| store::entry::attachments(c, number)).await
            };
            assert!(files.unwrap().iter().all(|f| f.sha256.is_empty()));
        }
        agree_on_erasure(a, number, &[b, c]).await;
    });
}

/// Every other desk has answered.
async fn agree_on_erasure(a: &Side, number: TicketNumber, others: &[&Side]) {
    let joint = joint(a, number).await;
    let erasures: Vec<_> = joint.shared.erasures().collect();
    assert_eq!(erasures.len(), 1);
    let answers = erasures[0].2.unwrap();
    for other in others {
        assert_eq!(answers.get(&other.name), Some(&None), "{answers:?}");
    }
}

/// Speaks to a desk as it likes.
struct Stranger<'a> {
    guard: Guard,
    key: SigningKey,
    me: String,
    to: &'a Side,
}

impl Stranger<'_> {
    fn peer<'b>(&'b self, base: &'b str) -> PeerDesk<'b> {
        PeerDesk {
            guard: &self.guard,
            key: &self.key,
            me: &self.me,
            base_url: base,
            to: self.to.name.as_str(),
        }
    }

    fn once(&self) -> Once {
        static SO_FAR: AtomicU64 = AtomicU64::new(0);
        let n = SO_FAR.fetch_add(1, Ordering::Relaxed);
        Once {
            now: testkit::START / 1_000,
            nonce: format!("{n:020}"),
        }
    }

    async fn posts(&self, end: &str, body: &Value) -> (u16, Value) {
        let base = self.to.desk.desk.config().public_url.clone();
        let path = format!("/api/v1/exchange/peer/{end}");
        let call = Call::post(&path, body.to_string().into_bytes());
        let peer = self.peer(&base);
        let headers = peer.signed(&call, &self.once());
        let (status, body) = peer.send(call, &headers, 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// Becomes a partner by an invitation.
    async fn accepts(&self, invitation: &str, terms: Terms) -> (u16, Value) {
        use base64::Engine as _;
        let text = invitation.split_once('.').unwrap().1;
        let letter = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text);
        let letter: Value = serde_json::from_slice(&letter.unwrap()).unwrap();
        let from = json!({
            "protocol": "switchboard-exchange/1", "desk": self.me, "title": "Stranger",
            "base_url": "http://127.0.0.1:9", "public_key": self.key.public(),
        });
        let body = json!({"from": from, "token": letter["token"], "terms": terms});
        self.posts("acceptance", &body).await
    }
}

fn stranger<'a>(to: &'a Side, name: &str, seed: u8) -> Stranger<'a> {
    Stranger {
        guard: Guard::new(Reach::parse("127.0.0.1").unwrap()),
        key: SigningKey::of(&[seed; 32]).unwrap(),
        me: name.to_owned(),
        to,
    }
}

#[test]
fn an_invitation_counts_once_and_for_a_week_and_what_was_agreed_stands() {
    desks(&["Desk A", "Desk B"], |all| async move {
        let all = sides(all).await;
        let [a, b] = &all[..] else { unreachable!() };
        stand_in(a, "desk-b").await;
        let invite = async || {
            let own = own(&["desk-b"]);
            let written = a.desk.desk.invite_partner(&a.ada, "", TERMS, &own);
            written.await.unwrap().text
        };
        // Without a unit that stands for who takes it.
        let plain = async || {
            let own = Own::default();
            let written = a.desk.desk.invite_partner(&a.ada, "", TERMS, &own);
            written.await.unwrap().text
        };
        let text = invite().await;
        // Who is no administrator, and what is no invitation.
        let forbidden = a
            .desk
            .desk
            .invite_partner(&a.fay, "", TERMS, &own(&[]))
            .await;
        assert!(matches!(forbidden, Err(Error::Forbidden(_))));
        for wrong in [
            "",
            "hello",
            &text[..60],
            &text.replace("invitation-1", "invitation-2"),
        ] {
            let read = b.desk.desk.read_invitation(&b.ada, wrong);
            assert!(matches!(read, Err(Error::Invalid { .. })), "{wrong}");
        }
        let itself = a.desk.desk.read_invitation(&a.ada, &text).unwrap_err();
        assert!(
            itself.to_string().contains("this desk's own name"),
            "{itself}"
        );
        // A unit stands for one partner, and never for itself.
        let own_intake = Own {
            intake: Some("desk-b".into()),
            units: vec!["desk-b".into()],
            services: Vec::new(),
        };
        let wrong = a
            .desk
            .desk
            .invite_partner(&a.ada, "", TERMS, &own_intake)
            .await;
        assert!(wrong.unwrap_err().to_string().starts_with("intake"));
        // Somebody who saw it changes what is agreed: not taken.
        let eve = stranger(a, "eve.example", 9);
        let generous = Terms {
            addresses: true,
            ..TERMS.seen_from_there()
        };
        let (status, said) = eve.accepts(&text, generous).await;
        assert_eq!((status, said["field"].as_str()), (422, Some("terms")));
        b.desk
            .desk
            .accept_partner(&b.ada, &text, &own(&[]))
            .await
            .unwrap();
        let (status, said) = eve.accepts(&text, TERMS.seen_from_there()).await;
        assert_eq!(status, 403, "{said}");
        let again = b.desk.desk.accept_partner(&b.ada, &text, &own(&[])).await;
        assert!(matches!(again, Err(Error::Conflict(_))));
        // One that is declined there, twice because the answer may get lost: nobody takes it.
        let text = plain().await;
        let no = "We have <b>no</b> people for it.";
        let forbidden = b.desk.desk.decline_partner(&b.fay, &text, no).await;
        assert!(matches!(forbidden, Err(Error::Forbidden(_))));
        for _ in 0..2 {
            let told = b.desk.desk.decline_partner(&b.ada, &text, no).await;
            told.unwrap();
        }
        let (status, said) = eve.accepts(&text, TERMS.seen_from_there()).await;
        assert_eq!(status, 403, "{said}");
        assert!(said.to_string().contains("was declined"), "{said}");
        let all = a.desk.desk.partner_invitations(&a.fay).await.unwrap();
        let declined = all.iter().find(|i| i.fate == Fate::Declined).unwrap();
        assert_eq!(
            (
                declined.invitation.declined_by.as_deref(),
                declined.invitation.reason.as_str()
            ),
            (Some(b.name.as_str()), no)
        );
        // One that was withdrawn, or accepted, can not be declined.
        let text = plain().await;
        let open = a.desk.desk.partner_invitations(&a.ada).await.unwrap();
        let open = open.iter().find(|i| i.fate == Fate::Open).unwrap();
        let open = open.invitation.id;
        a.desk.desk.withdraw_invitation(&a.ada, open).await.unwrap();
        let late = b.desk.desk.decline_partner(&b.ada, &text, "").await;
        assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
        let (status, said) = eve.accepts(&text, TERMS.seen_from_there()).await;
        assert_eq!(status, 403, "{said}");
        // One that is over.
        let text = {
            let own = Own::default();
            let written = a.desk.desk.invite_partner(&a.ada, "", TERMS, &own);
            written.await.unwrap().text
        };
        a.desk.clock.advance(8 * 86_400_000);
        let (status, _) = eve.accepts(&text, TERMS.seen_from_there()).await;
        assert_eq!(status, 401, "its signature is a week old");
    });
}

#[test]
fn nobody_is_believed_but_a_partner_and_a_partner_only_in_what_is_its_own() {
    desks(&["Desk A"], |all| async move {
        let all = sides(all).await;
        let a = &all[0];
        let eve = stranger(a, "eve.example", 9);
        let nothing = json!({"from": 1, "changes": []});
        let (status, _) = eve.posts("changes", &nothing).await;
        assert_eq!(status, 401, "no partner");
        let invited = a
            .desk
            .desk
            .invite_partner(&a.ada, "", TERMS, &Own::default())
            .await;
        let text = invited.unwrap().text;
        let (status, said) = eve.accepts(&text, TERMS.seen_from_there()).await;
        assert_eq!(status, 200, "{said}");
        // The answer may get lost: the same desk asks again.
        assert_eq!(eve.accepts(&text, TERMS.seen_from_there()).await.0, 200);
        let (status, said) = eve.posts("changes", &nothing).await;
        assert_eq!((status, &said["recorded"]), (200, &json!(0)));
        // With another key; and the same request twice.
        let mallory = stranger(a, "eve.example", 10);
        assert_eq!(mallory.posts("changes", &nothing).await.0, 401);
        let base = a.desk.desk.config().public_url.clone();
        let peer = eve.peer(&base);
        let call = Call::get("/api/v1/exchange/peer/logs", "");
        let headers = peer.signed(&call, &eve.once());
        assert_eq!(
            peer.send(call.clone(), &headers, 9999).await.unwrap().0,
            200
        );
        let (status, said) = peer.send(call.clone(), &headers, 9999).await.unwrap();
        let said = String::from_utf8(said).unwrap();
        assert!(status == 401 && said.contains("was here before"), "{said}");
        let (status, _) = peer.send(call.clone(), &headers[..3], 9999).await.unwrap();
        assert_eq!(status, 401, "without a digest");
        let other = Call::get("/api/v1/exchange/peer/changes", "after=0");
        let (status, _) = peer.send(other, &headers, 9999).await.unwrap();
        assert_eq!(status, 401, "another address");

        // Changes that are not its own, of tickets that are not shared with it.
        let number = opens(a, "Nobody's business").await;
        let change = |ticket: String, desk: &str, path: Value, deed: Value| {
            json!({"ticket": ticket, "name": format!("{desk}#1"), "tick": 1, "at": 1,
                   "path": path, "deed": deed})
        };
        let author = json!({"role": "staff"});
        let entry = json!({"kind": "entry_added", "entry": {"author": author, "body": "forged"}});
        let opened = json!({"kind": "opened", "entry": {"author": author, "body": "forged"},
                            "fields": {}});
        let ours = format!("{}/{number}", a.name);
        let piece = json!({"from": 1, "changes": [
            change("eve.example/1".into(), a.name.as_str(), json!([a.name, "eve.example"]), entry.clone()),
            change("eve.example/1".into(), "bob.example", json!(["bob.example"]), entry.clone()),
            change("bob.example/1".into(), "eve.example", json!(["eve.example"]), opened.clone()),
            {"ticket": "eve.example/1", "kind": "from the future"},
            change("eve.example/2".into(), "eve.example", json!(["eve.example"]), opened.clone()),
        ]});
        let (status, said) = eve.posts("changes", &piece).await;
        assert_eq!((status, &said["recorded"]), (200, &json!(5)), "{said}");
        let dead = a
            .desk
            .desk
            .db()
            .read(|c| store::partner::dead(c, 10))
            .await
            .unwrap();
        let why: Vec<(u64, &str)> = dead.iter().map(|d| (d.place, d.why.as_str())).collect();
        assert_eq!(
            why.iter().map(|w| w.0).collect::<Vec<_>>(),
            [1, 2, 3, 4],
            "{why:?}"
        );
        let id = switchboard_core::exchange::SharedId::parse("eve.example/2").unwrap();
        let db = a.desk.desk.db();
        let taken = db.read(move |c| store::shared::load(c, &id)).await.unwrap();
        assert!(taken.unwrap().ticket.is_some(), "what is fine is taken");
        // A ticket of ours that is shared with another.
        let bob = stranger(a, "bob.example", 11);
        stand_in(a, "desk-bob").await;
        let invited = a
            .desk
            .desk
            .invite_partner(&a.ada, "", TERMS, &own(&["desk-bob"]))
            .await;
        let text = invited.unwrap().text;
        assert_eq!(bob.accepts(&text, TERMS.seen_from_there()).await.0, 200);
        give(a, number, "desk-bob").await;
        a.desk.run_jobs().await;
        let piece = json!({"from": 6, "changes": [
            change(ours, "eve.example", json!(["eve.example"]), entry),
        ]});
        let (status, said) = eve.posts("changes", &piece).await;
        assert_eq!((status, &said["recorded"]), (200, &json!(6)), "{said}");
        assert!(!bodies(&stored(&a.desk, number).await.1).contains(&"forged"));
        let dead = a
            .desk
            .desk
            .db()
            .read(|c| store::partner::dead(c, 10))
            .await
            .unwrap();
        assert!(
            dead[4].why.contains("is not shared with eve.example"),
            "{dead:?}"
        );
        // A ticket of another desk's that came here: its name can be guessed, its text not.
        let told = |body: &str, path: Value| {
            let entry = json!({"author": author, "body": body});
            let deed = json!({"kind": "opened", "entry": entry, "fields": {}});
            change("bob.example/1".into(), "bob.example", path, deed)
        };
        let whole = "Mail me: rob@bob.example.";
        let piece = json!({"from": 1, "changes": [told(whole, json!(["bob.example"]))]});
        let (status, said) = bob.posts("changes", &piece).await;
        assert_eq!((status, &said["recorded"]), (200, &json!(1)), "{said}");
        let by_eve = json!(["bob.example", "eve.example"]);
        let piece = json!({"from": 7, "changes": [
            told("[not shared]", by_eve.clone()),
            told("forged", by_eve.clone()),
            told("Mail me: [not shared].", by_eve),
        ]});
        let (status, said) = eve.posts("changes", &piece).await;
        assert_eq!((status, &said["recorded"]), (200, &json!(9)), "{said}");
        let db = a.desk.desk.db();
        let dead = db.read(|c| store::partner::dead(c, 20)).await.unwrap();
        let places: Vec<u64> = dead.iter().map(|d| d.place).collect();
        assert_eq!(places, [1, 2, 3, 4, 6, 7, 8], "{dead:?}");
        assert!(
            dead[6].why.contains("is not shared with eve.example"),
            "{dead:?}"
        );
        // Neither does it get what is another's.
        let (status, said) = {
            let call = Call::get("/api/v1/exchange/peer/changes", "after=0");
            let headers = peer.signed(&call, &eve.once());
            peer.send(call, &headers, 1 << 20).await.unwrap()
        };
        let said: Value = serde_json::from_slice(&said).unwrap();
        assert_eq!((status, &said["changes"]), (200, &json!([])), "{said}");
    });
}
