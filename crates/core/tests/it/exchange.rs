//! The rules of the exchange, one by one. What they make together is in
//! `exchange_sim`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use switchboard_core::exchange::{
    Ask, Attachment, Author, Batch, Change, ConflictReason, Deed, DeskId, Entry, Field, Link,
    LocalAuthor, LocalEntry, Name, Passes, Receiver, Refused, Reply, Role, Sender, SenderInput,
    Sending, Settled, Shared, SharedId, Stage, WITHHELD, Why, covers, record, shared_entry,
};
use switchboard_core::{EntryVisibility, ServiceId, TicketNumber};
use uuid::Uuid;

fn desk(name: &str) -> DeskId {
    DeskId::new(name).unwrap()
}

fn ticket() -> SharedId {
    SharedId {
        desk: desk("a"),
        number: TicketNumber(7),
    }
}

fn entry(body: &str) -> Entry {
    Entry {
        author: Author {
            role: Role::Requester,
            name: Some("Ann Lee".to_owned()),
            address: Some("ann@example.org".to_owned()),
        },
        body: body.to_owned(),
        erased: false,
    }
}

#[test]
fn an_agreement_covers_the_services_that_it_names_or_all() {
    let [disk, tape] = [1, 2].map(|n| ServiceId(Uuid::from_u128(n)));
    assert!(covers(&[], Some(disk)) && covers(&[], None));
    assert!(covers(&[tape, disk], Some(disk)));
    assert!(!covers(&[tape], Some(disk)) && !covers(&[tape], None));
}

fn opening() -> Change {
    let fields = BTreeMap::from([
        (Field::Status, "new".to_owned()),
        (Field::Priority, "low".to_owned()),
    ]);
    Shared::open(ticket(), entry("No space left"), fields, 1)
}

/// Two desks that know the opening.
fn two() -> (Shared, Shared) {
    let mut a = Shared::new(ticket());
    assert!(a.apply(&opening()));
    (a.clone(), a)
}

fn value(shared: &Shared, field: &Field) -> String {
    shared.field(field).unwrap().value.clone()
}

#[test]
fn only_who_has_the_baton_sets_the_status_and_the_other_asks() {
    let (mut a, mut b) = two();
    let refused = b.set(&desk("b"), Field::Status, "solved".into(), None, 2);
    assert_eq!(refused, Err(Refused::NotHolder { holder: desk("a") }));
    let ask = Ask::Set {
        field: Field::Status,
        value: "solved".into(),
    };
    let asked = b.ask(&desk("b"), ask, 2).unwrap();
    b.apply(&asked);
    a.apply(&asked);
    assert_eq!(value(&a, &Field::Status), "new");

    let pass = a
        .pass(&desk("a"), desk("b"), "your disks".into(), 3)
        .unwrap();
    a.apply(&pass);
    // From now on neither can, until b has heard of it.
    assert!(
        a.set(&desk("a"), Field::Status, "waiting".into(), None, 4)
            .is_err()
    );
    assert!(
        b.set(&desk("b"), Field::Status, "solved".into(), None, 4)
            .is_err()
    );
    b.apply(&pass);
    let set = b
        .set(&desk("b"), Field::Status, "solved".into(), None, 5)
        .unwrap();
    b.apply(&set);
    let settled = b.settle(&desk("b"), asked.name.clone(), Settled::Done, 6);
    let settled = settled.unwrap();
    b.apply(&settled);
    a.apply(&settled);
    a.apply(&set);
    assert_eq!(value(&a, &Field::Status), "solved");
    assert_eq!(a, b);
    assert_eq!(a.asks().next().unwrap().2, Some(&Settled::Done));
    let twice = b.settle(&desk("b"), asked.name.clone(), Settled::Done, 7);
    assert_eq!(twice, Err(Refused::Settled { ask: asked.name }));
}

#[test]
fn two_values_set_at_once_both_show_until_somebody_who_saw_them_chooses() {
    let (mut a, mut b) = two();
    let high = a
        .set(&desk("a"), Field::Priority, "high".into(), None, 2)
        .unwrap();
    let top = b
        .set(&desk("b"), Field::Priority, "top".into(), None, 900)
        .unwrap();
    for shared in [&mut a, &mut b] {
        shared.apply(&high);
        shared.apply(&top);
        // a has the baton, so its word counts; the later clock does not.
        assert_eq!(value(shared, &Field::Priority), "high");
        let conflicts = shared.conflicts();
        assert_eq!(conflicts.len(), 1);
        assert_eq!(conflicts[0].other.value, "top");
        assert_eq!(conflicts[0].counts.as_ref().unwrap().value, "high");
        assert_eq!(conflicts[0].reason, ConflictReason::AtOnce);
    }
    let chosen = b
        .set(&desk("b"), Field::Priority, "top".into(), None, 901)
        .unwrap();
    for shared in [&mut a, &mut b] {
        shared.apply(&chosen);
        assert_eq!(value(shared, &Field::Priority), "top");
        assert!(shared.conflicts().is_empty());
    }
}

#[test]
fn a_status_by_a_desk_that_had_no_right_shows_and_does_not_count() {
    let (mut a, b) = two();
    let mut forged = b.write(&desk("b"), entry("x"), 2).unwrap();
    forged.deed = Deed::FieldSet {
        field: Field::Status,
        value: "closed".into(),
        raw: None,
        over: vec![opening().name],
        turn: 0,
    };
    a.apply(&forged);
    assert_eq!(value(&a, &Field::Status), "new");
    let conflict = &a.conflicts()[0];
    assert_eq!(
        (conflict.other.value.as_str(), conflict.reason),
        ("closed", ConflictReason::WithoutBaton)
    );
}

#[test]
fn a_baton_given_away_twice_goes_to_one_everywhere_and_the_fault_shows() {
    let (mut a, mut b) = two();
    let first = a.pass(&desk("a"), desk("b"), String::new(), 2).unwrap();
    let mut second = first.clone();
    second.name.seq += 1;
    second.deed = Deed::BatonPassed {
        to: desk("c"),
        turn: 1,
        note: String::new(),
    };
    a.apply(&first);
    a.apply(&second);
    b.apply(&second);
    b.apply(&first);
    assert_eq!(a.baton(), b.baton());
    assert_eq!(a.baton().holder(), &desk("b"));
    assert_eq!(a.baton().faults().count(), 1);
}

#[test]
fn each_desk_has_an_owner_of_its_own() {
    let (mut a, _) = two();
    for (at, who) in [("a", "Ann"), ("b", "Ben")] {
        let set = a.set(&desk(at), Field::Owner, who.into(), None, 2).unwrap();
        a.apply(&set);
    }
    let own = |at| a.own(&Field::Owner, &desk(at)).unwrap().value.as_str();
    assert_eq!((own("a"), own("b")), ("Ann", "Ben"));
    assert!(a.conflicts().is_empty());
}

#[test]
fn who_is_to_be_forgotten_is_forgotten_in_what_comes_later_too() {
    let me = desk("c");
    let (mut a, _) = two();
    let word = a.write(&desk("a"), entry("I am Ann"), 2).unwrap();
    a.apply(&word);
    let gone = a.erase(&desk("a"), vec![word.name.clone()], 3).unwrap();
    let links = [Link {
        peer: desk("d"),
        passes: Passes::default(),
        stage: Stage::Active,
    }];
    let mut late = Shared::new(ticket());
    let first = record(&mut late, gone.clone(), &me, &links, &[], 9);
    assert_eq!(first.erase, vec![word.name.clone()]);
    // What became of it goes on, to who asked.
    assert_eq!(
        first.log[1].deed,
        Deed::ErasureDone {
            erasure: gone.name.clone(),
            problem: None
        }
    );
    let after = record(&mut late, word.clone(), &me, &links, &[], 9);
    assert!(late.entries()[&word.name].erased);
    let texts = |change: &Change| format!("{change:?}").contains("Ann");
    assert!(!texts(&after.log[0]) && !texts(&after.forward[0].change));
}

#[test]
fn nobody_has_the_words_of_others_erased() {
    let (mut a, mut b) = two();
    let word = a.write(&desk("a"), entry("kept"), 2).unwrap();
    a.apply(&word);
    b.apply(&word);
    let name = word.name.clone();
    let refused = b.erase(&desk("b"), vec![name.clone()], 3);
    assert_eq!(refused, Err(Refused::NotYours { name: name.clone() }));
    // Nor by a desk that does not ask its own rules.
    let mut forged = b.write(&desk("b"), entry(""), 3).unwrap();
    forged.deed = Deed::Erased {
        what: vec![name.clone()],
    };
    let recorded = record(&mut a, forged, &desk("a"), &[], &[], 4);
    assert!(recorded.erase.is_empty());
    assert_eq!(a.entries()[&name].body, "kept");
    let Deed::ErasureDone { problem, .. } = &recorded.log[1].deed else {
        panic!("{recorded:?}")
    };
    assert!(problem.as_ref().unwrap().contains("a#2"));
}

#[test]
fn what_came_from_a_desk_does_not_go_back_there() {
    let (mut a, _) = two();
    let links = ["b", "c"].map(|peer| Link {
        peer: desk(peer),
        passes: Passes::default(),
        stage: Stage::Active,
    });
    let mut word = a.write(&desk("b"), entry("from b"), 2).unwrap();
    word.path = vec![desk("b")];
    let recorded = record(&mut a, word.clone(), &desk("a"), &links, &[], 3);
    let to: Vec<_> = recorded.forward.iter().map(|f| f.peer.as_str()).collect();
    assert_eq!(to, ["c"]);
    assert_eq!(recorded.forward[0].change.path, [desk("b"), desk("a")]);
    // And once.
    let again = record(&mut a, word, &desk("a"), &links, &[], 3);
    assert_eq!(again, switchboard_core::exchange::Recorded::default());
}

#[test]
fn a_link_that_is_held_lets_nothing_out() {
    for stage in [Stage::Held, Stage::Ended] {
        let link = Link {
            peer: desk("b"),
            passes: Passes::default(),
            stage,
        };
        assert_eq!(link.leaves(&opening(), &[]), None);
    }
}

#[test]
fn an_internal_entry_has_no_way_out() {
    let local = |visibility| LocalEntry {
        visibility,
        author: LocalAuthor {
            role: Role::Staff,
            name: "Ben".into(),
            address: None,
        },
        body: "between us".into(),
    };
    assert_eq!(shared_entry(&local(EntryVisibility::Internal)), None);
    let public = shared_entry(&local(EntryVisibility::Public)).unwrap();
    assert_eq!(public.body, "between us");
    assert_eq!(public.author.shown("EGI"), "Ben (via EGI)");
    let mut nameless = public.author;
    nameless.name = None;
    assert_eq!(nameless.shown("EGI"), "Support (via EGI)");
}

#[test]
fn a_log_is_sent_until_it_is_recorded_and_in_order() {
    let mut sender = Sender::new(desk("b"));
    let send = |from, upto| Some(Sending { from, upto });
    assert_eq!(sender.step(SenderInput::Appended(2), 0), send(1, 2));
    // While an answer is missing, what is new waits for it.
    assert_eq!(sender.step(SenderInput::Appended(1), 10), None);
    assert_eq!(sender.step(SenderInput::Tick, 1_999), None);
    assert_eq!(sender.step(SenderInput::Tick, 2_000), send(1, 3));
    // The clock was set back: that must not hold it up.
    assert_eq!(sender.step(SenderInput::Tick, -600_000), send(1, 3));
    assert_eq!(sender.step(SenderInput::Acked(2), -599_000), send(3, 3));
    // An answer that was overtaken.
    assert_eq!(sender.step(SenderInput::Acked(1), -598_000), None);
    assert_eq!(sender.step(SenderInput::Acked(3), -597_000), None);
    assert_eq!(sender.backlog(), 0);
    assert_eq!(sender.step(SenderInput::Pulled(1), 0), send(2, 3));
    // It has more than there ever was: this desk's log went back.
    assert_eq!(sender.step(SenderInput::Acked(9), 0), None);
    assert!(sender.went_back);
    assert_eq!(sender.step(SenderInput::Appended(1), 0), None);
}

#[test]
fn a_log_is_taken_without_gaps_and_what_is_wrong_in_it_holds_nothing_up() {
    let me = desk("a");
    let mut receiver = Receiver::new(desk("b"));
    let change = |seq| {
        let mut change = opening();
        change.name = Name {
            desk: desk("b"),
            seq,
        };
        change.path = vec![desk("b")];
        change
    };
    let early = Batch {
        from: 2,
        changes: vec![change(2)],
    };
    let received = receiver.receive(&me, early, 0);
    assert_eq!(received.reply, Some(Reply::Pull(0)));
    assert!(received.take.is_empty());
    let mut echo = change(3);
    echo.path = vec![desk("b"), desk("a"), desk("b")];
    let mut forged = change(4);
    forged.path = vec![desk("c"), desk("b")];
    let mut far = change(5);
    far.path = std::iter::once("b")
        .chain(["1", "2", "3", "4", "5", "6", "7", "8"])
        .chain(["b"])
        .map(desk)
        .collect();
    let all = vec![change(1), echo, forged, far, change(0), change(6)];
    let batch = Batch {
        from: 1,
        changes: all,
    };
    let received = receiver.receive(&me, batch.clone(), 0);
    let taken: Vec<u64> = received.take.iter().map(|c| c.name.seq).collect();
    assert_eq!(taken, [1, 6]);
    let why: Vec<_> = received
        .dead
        .into_iter()
        .map(|d| (d.place, d.why))
        .collect();
    let name = Name {
        desk: desk("b"),
        seq: 0,
    };
    assert_eq!(
        why,
        [
            (2, Why::Loop),
            (3, Why::Path { peer: desk("b") }),
            (4, Why::Hops { hops: 10 }),
            (5, Why::Number { name }),
        ]
    );
    let again = receiver.receive(&me, batch, 0);
    assert!(again.take.is_empty() && again.dead.is_empty());
    assert_eq!(again.reply, Some(Reply::Ack(6)));
}

#[test]
fn what_is_kept_and_sent_has_these_words() {
    let mut a = Shared::new(ticket());
    let mut open = opening();
    a.apply(&open);
    open.path.push(desk("helpdesk.egi.eu"));
    let set = a
        .set(
            &desk("a"),
            Field::Other("site".into()),
            "X".into(),
            Some("x1".into()),
            5,
        )
        .unwrap();
    let batch = Batch {
        from: 1,
        changes: vec![open, set],
    };
    insta::assert_json_snapshot!(batch, @r##"
{
  "from": 1,
  "changes": [
    {
      "ticket": "a/7",
      "name": "a#1",
      "tick": 1,
      "at": 1,
      "path": [
        "a",
        "helpdesk.egi.eu"
      ],
      "deed": {
        "kind": "opened",
        "entry": {
          "author": {
            "role": "requester",
            "name": "Ann Lee",
            "address": "ann@example.org"
          },
          "body": "No space left"
        },
        "fields": {
          "status": "new",
          "priority": "low"
        }
      }
    },
    {
      "ticket": "a/7",
      "name": "a#2",
      "tick": 2,
      "at": 5,
      "path": [
        "a"
      ],
      "deed": {
        "kind": "field_set",
        "field": "site",
        "value": "X",
        "raw": "x1",
        "over": [],
        "turn": 0
      }
    }
  ]
}
"##);
    let text = serde_json::to_string(&a).unwrap();
    assert_eq!(serde_json::from_str::<Shared>(&text).unwrap(), a);
    for wrong in [
        "\"a\"",
        "\"a/-1\"",
        "\"a/07\"",
        "\"A/1\"",
        "\"a b/1\"",
        "\"/1\"",
    ] {
        assert!(serde_json::from_str::<SharedId>(wrong).is_err(), "{wrong}");
    }
}

/// A deed of one of three desks, and then news for one of them.
type Step = (usize, u8, usize, usize);

fn history(steps: &[Step]) -> Vec<Change> {
    let names = ["a", "b", "c"].map(desk);
    let mut all = vec![opening()];
    let mut desks = [(); 3].map(|()| {
        let mut shared = Shared::new(ticket());
        shared.apply(&all[0]);
        shared
    });
    for (at, what, other, upto) in steps {
        let (me, shared) = (&names[*at], &mut desks[*at]);
        let text = format!("{} {}", all.len(), what);
        let first = shared.entries().keys().next().unwrap().clone();
        let change = match what {
            0 => shared.write(me, entry(&text), 1),
            1 => shared.set(me, Field::Priority, text, None, 1),
            2 => shared.set(me, Field::Status, text, None, 1),
            3 => shared.pass(me, names[*other].clone(), text, 1),
            4 => shared.ask(
                me,
                Ask::Set {
                    field: Field::Solution,
                    value: text,
                },
                1,
            ),
            5 => shared.erase(me, vec![all[upto % all.len()].name.clone()], 1),
            6 => {
                let ask = shared.asks().next().map(|(name, ..)| name.clone());
                let how = Settled::Declined { reason: text };
                ask.ok_or(Refused::NotOpened)
                    .and_then(|ask| shared.settle(me, ask, how, 1))
            }
            7 => shared.set(me, Field::Solution, text, Some("raw".into()), 1),
            _ => {
                let attachment = Attachment {
                    entry: first,
                    file: text,
                    media_type: "text/plain".into(),
                    bytes: 1,
                    sha256: "00".into(),
                    erased: false,
                };
                shared.attach(me, attachment, 1)
            }
        };
        if let Ok(change) = change {
            shared.apply(&change);
            all.push(change);
        }
        // In order, as far as it goes.
        for change in &all[..=upto % all.len()] {
            desks[*other].apply(change);
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_same_changes_make_the_same_picture_in_any_order_and_however_often(
        steps in prop::collection::vec((0..3_usize, 0..9_u8, 0..3_usize, 0..60_usize), 1..40),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..120),
    ) {
        let all = history(&steps);
        let mut straight = Shared::new(ticket());
        for change in &all {
            prop_assert!(straight.apply(change));
        }
        let mut crooked = Shared::new(ticket());
        let mut news = 0;
        for change in order.iter().map(|i| i.get(&all)).chain(all.iter().rev()) {
            news += usize::from(crooked.apply(change));
        }
        prop_assert_eq!(news, all.len());
        prop_assert_eq!(straight, crooked);
    }

    #[test]
    fn nothing_that_the_agreement_keeps_is_in_what_leaves(
        before in "[a-zäß@ .]{0,12}", after in "[a-zäß@ .]{0,12}", upper in any::<bool>(),
        kind in 0..4_u8,
    ) {
        let private = ["ann.lee@example.org".to_owned(), "lee@example.org".to_owned()];
        let address = if upper { private[0].to_uppercase() } else { private[0].clone() };
        let text = format!("{before}{address}{after}{address}");
        let shared = { let mut a = Shared::new(ticket()); a.apply(&opening()); a };
        let me = desk("a");
        let change = match kind {
            0 => {
                let mut word = entry(&text);
                word.author.address = Some(private[0].clone());
                shared.write(&me, word, 1)
            }
            1 => shared.set(&me, Field::Subject, text, Some(address), 1),
            2 => shared.set(&me, Field::Owner, format!("Ann Lee {address}"), None, 1),
            _ => shared.pass(&me, desk("b"), text, 1),
        }.unwrap();
        let link = |names, addresses| Link {
            peer: desk("b"), passes: Passes { names, addresses }, stage: Stage::Active,
        };
        let leaving = link(false, false).leaves(&change, &private).unwrap();
        let wire = serde_json::to_string(&leaving).unwrap().to_ascii_lowercase();
        prop_assert!(!wire.contains("lee@example.org"), "{}", wire);
        prop_assert!(!wire.contains("ann lee"), "{}", wire);
        prop_assert!(wire.contains(WITHHELD));
        // What may pass passes as it is.
        prop_assert_eq!(link(true, true).leaves(&change, &private).unwrap(), change);
    }
}
