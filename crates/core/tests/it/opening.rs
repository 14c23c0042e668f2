//! Opening a ticket.

use std::collections::BTreeSet;

use switchboard_core::ticket::{Party, PartyRole};
use switchboard_core::{
    Facts, NewTicket, Priority, Refusal, SecurityRisk, Status, Ticket, UnitId, Visibility,
};
use uuid::Uuid;

use crate::world::{
    ANN, BEN, CAT, COY, FRONT, KERNEL, PORTAL, RETIRED, STORAGE, World, ann, ben, desk, facts, fay,
    question, sam,
};

#[track_caller]
fn wrong(new: NewTicket) -> &'static str {
    match World::new().try_open(new, &ann()) {
        Err(Refusal::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_nobody_routed_is_new_with_first_level() {
    let mut w = World::new();
    let t = w.asked();
    let ticket = w.ticket(t);
    assert_eq!(ticket.status, Status::New);
    assert_eq!(ticket.priority(), Priority::Low);
    assert_eq!(ticket.priority_reason(), "every ticket starts here");
    assert_eq!((ticket.entries, ticket.version), (1, 2));
    assert!(ticket.needs_reply);
}

#[test]
fn what_was_routed_is_assigned_there_at_once() {
    let mut w = World::new();
    let t = w.assigned();
    assert_eq!(w.status(t), Status::Assigned);
    assert_eq!(w.ticket(t).unit, STORAGE);
}

#[test]
fn first_level_named_by_hand_is_still_new() {
    let mut w = World::new();
    let new = NewTicket {
        routed: true,
        ..question(1)
    };
    let t = w.try_open(new, &ann()).unwrap();
    assert_eq!(w.status(t), Status::New);
}

#[test]
fn what_comes_by_a_portal_is_new_with_its_own_first_level() {
    let mut w = World::new();
    let t = w.asked_by_portal();
    assert_eq!(w.status(t), Status::New);
    assert_eq!(
        (w.ticket(t).unit, w.ticket(t).portal),
        (FRONT, Some(PORTAL))
    );
    // Without a portal that unit is a unit like any other.
    let elsewhere = NewTicket {
        unit: FRONT,
        ..question(2)
    };
    assert_eq!(wrong(elsewhere.clone()), "unit");
    let routed = NewTicket {
        routed: true,
        ..elsewhere
    };
    let t = w.try_open(routed, &ann()).unwrap();
    assert_eq!(w.status(t), Status::Assigned);
    // By the portal, and named by hand: still new.
    let by_hand = NewTicket {
        portal: Some(PORTAL),
        unit: FRONT,
        routed: true,
        ..question(3)
    };
    let t = w.try_open(by_hand, &ann()).unwrap();
    assert_eq!(w.status(t), Status::New);
}

#[test]
fn fields_are_checked() {
    let subject = |text: &str| NewTicket {
        subject: text.to_owned(),
        ..question(1)
    };
    assert_eq!(wrong(subject("")), "subject");
    assert_eq!(wrong(subject(" \t ")), "subject");
    assert_eq!(wrong(subject("two\r\nlines")), "subject");
    assert_eq!(wrong(subject("nul\0")), "subject");
    assert_eq!(wrong(subject(&"ü".repeat(501))), "subject");
    let users = |affected_users| NewTicket {
        facts: Facts {
            affected_users,
            ..facts()
        },
        ..question(1)
    };
    assert_eq!(wrong(users(0)), "affected_users");
    assert_eq!(wrong(users(10_000_001)), "affected_users");
    let unit = |unit| NewTicket {
        unit,
        routed: true,
        ..question(1)
    };
    assert_eq!(wrong(unit(RETIRED)), "unit");
    assert_eq!(wrong(unit(KERNEL)), "unit");
    assert_eq!(wrong(unit(UnitId(Uuid::from_u128(5)))), "unit");
    let unrouted = NewTicket {
        unit: STORAGE,
        ..question(1)
    };
    assert_eq!(wrong(unrouted), "unit");
    let ok = subject(&"ü".repeat(500));
    World::new().try_open(ok, &ann()).unwrap();
}

#[test]
fn staff_may_address_third_level() {
    let new = NewTicket {
        unit: KERNEL,
        routed: true,
        ..question(1)
    };
    World::new().try_open(new, &fay()).unwrap();
}

#[test]
fn only_staff_open_in_anothers_name() {
    let mut w = World::new();
    let refusal = w.try_open(question(1), &ben()).unwrap_err();
    assert!(matches!(refusal, Refusal::Forbidden(_)));
    w.try_open(question(1), &sam()).unwrap();
    let ticket = w.ticket(crate::world::n(1));
    assert_eq!(ticket.requester, ANN);
    assert!(ticket.needs_reply, "it is Ann's word all the same");
    w.try_open(question(2), &desk()).unwrap();
}

#[test]
fn an_imminent_risk_makes_it_restricted() {
    let mut w = World::new();
    let new = NewTicket {
        facts: Facts {
            security_risk: SecurityRisk::Imminent,
            ..facts()
        },
        visibility: Visibility::Community,
        ..question(1)
    };
    let t = w.try_open(new, &ann()).unwrap();
    assert_eq!(w.ticket(t).visibility, Visibility::Restricted);
    assert_eq!(w.ticket(t).priority(), Priority::Top);
}

#[test]
fn requesters_add_cc_and_staff_draw_in() {
    let with = |person, role| NewTicket {
        parties: BTreeSet::from([Party { person, role }]),
        ..question(1)
    };
    let mut w = World::new();
    let t = w.try_open(with(CAT, PartyRole::Cc), &ann()).unwrap();
    assert_eq!(w.ticket(t).parties.len(), 1);
    for (person, role) in [
        (COY, PartyRole::Involved),
        (COY, PartyRole::Site),
        (BEN, PartyRole::Subscriber),
    ] {
        let refusal = World::new().try_open(with(person, role), &ann());
        assert!(matches!(refusal, Err(Refusal::Forbidden(_))));
    }
    let mut w = World::new();
    let t = w.try_open(with(COY, PartyRole::Involved), &fay()).unwrap();
    assert_eq!(w.ticket(t).parties.len(), 1);
    let refusal = World::new().try_open(with(ANN, PartyRole::Involved), &fay());
    assert!(matches!(refusal, Err(Refusal::Invalid { .. })));
    let mut w = World::new();
    let t = w.try_open(with(ANN, PartyRole::Cc), &ann()).unwrap();
    assert!(w.ticket(t).parties.is_empty(), "she asked, that is enough");
}

#[test]
fn history_that_does_not_begin_with_the_opening_is_no_ticket() {
    let mut w = World::new();
    let t = w.asked();
    let events: Vec<_> = w
        .events
        .iter()
        .map(|(caused, at)| (caused.change.clone(), *at))
        .collect();
    assert_eq!(Ticket::replay(events.clone()).as_ref(), Some(w.ticket(t)));
    assert_eq!(Ticket::replay(events.into_iter().skip(1)), None);
    assert_eq!(Ticket::replay([]), None);
}

#[test]
fn a_stored_ticket_reads_back() {
    let mut w = World::new();
    let t = w.solved();
    let json = serde_json::to_string(w.ticket(t)).unwrap();
    let back: Ticket = serde_json::from_str(&json).unwrap();
    assert_eq!(&back, w.ticket(t));
}
