//! Team tickets: those whom somebody puts into a community edit them as their requester may.

use switchboard_core::{
    Access, Actor, Change, Command, EntryVisibility, NewTicket, Party, PartyRole, Refusal, Status,
    TicketType, Visibility,
};

use crate::world::{
    ANN, BELLE, BEN, CAT, World, ann, ben, cat, escalate, everybody, n, question, sam, solve, wait,
};

/// Cat as one of Ben's team.
fn mate() -> Actor {
    Actor {
        communities: vec![BELLE.to_owned()],
        teams: vec![BELLE.to_owned()],
        ..cat()
    }
}

/// Ann as somebody who joined the community by herself.
fn joiner() -> Actor {
    Actor {
        communities: vec![BELLE.to_owned()],
        ..ann()
    }
}

/// What somebody may do as one who asks.
fn outside(a: &Access) -> [bool; 5] {
    let read = a.may_read(EntryVisibility::Public);
    [
        a.may_see() && read,
        a.may_reply(),
        a.may_verify(),
        a.may_reopen(),
        a.may_escalate(),
    ]
}

/// What somebody may do as one who works, and what is the requester's alone.
fn inside(a: &Access) -> [bool; 13] {
    [
        a.staff_side(),
        a.may_see_internal(),
        a.may_note(),
        a.may_work(),
        a.may_triage(),
        a.may_assign(),
        a.may_assign_without_reason(),
        a.may_give_owner(),
        a.may_start(),
        a.may_solve(),
        a.may_give_up(),
        a.may_close(),
        a.may_set_tell(),
    ]
}

#[test]
fn the_team_gains_what_the_requester_may_and_nobody_else_gains_anything() {
    let mut w = World::new();
    let t = w.assigned();
    let of = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>();
    let mut met = (0, 0);
    for actor in everybody() {
        for (communities, teams) in [
            (of(&[]), of(&[])),
            (of(&[BELLE]), of(&[])),
            (of(&[BELLE]), of(&[BELLE])),
            (of(&[BELLE, "juno"]), of(&["juno"])),
        ] {
            let actor = Actor {
                communities,
                teams,
                ..actor.clone()
            };
            for visibility in [
                Visibility::Community,
                Visibility::Parties,
                Visibility::Restricted,
            ] {
                for community in [None, Some(BELLE), Some("juno")] {
                    let mut user = w.ticket(t).clone();
                    user.visibility = visibility;
                    user.community = community.map(str::to_owned);
                    let mut team = user.clone();
                    team.kind = TicketType::Team;
                    // As it is for somebody who is of no community.
                    let alone = Actor {
                        communities: Vec::new(),
                        teams: Vec::new(),
                        ..actor.clone()
                    };
                    let before = Access::of(&alone, &user);
                    let after = Access::of(&actor, &team);
                    assert_eq!(inside(&before), inside(&after), "{actor:?} {team:?}");
                    let theirs = actor.person.is_some()
                        && visibility == Visibility::Community
                        && community.is_some_and(|c| actor.is_of_team(c));
                    assert_eq!(after.team, theirs);
                    if theirs {
                        assert_eq!(outside(&after), [true; 5], "{actor:?} {team:?}");
                        met.0 += 1;
                    } else {
                        assert_eq!(outside(&before), outside(&after), "{actor:?} {team:?}");
                        met.1 += 1;
                    }
                    // Lists and the index say the same.
                    let shared = team
                        .shared_with()
                        .is_some_and(|s| actor.shares().contains(&s));
                    assert_eq!(shared && actor.person.is_some(), after.community);
                }
            }
        }
    }
    assert!(met.0 >= 20 && met.1 >= 300, "{met:?}");
}

#[test]
fn one_of_the_team_answers_escalates_reopens_and_confirms_in_their_own_name() {
    let mut w = World::new();
    let t = w.asked_for_belle();
    w.must(t, escalate(), &mate());
    w.must(t, Command::Start, &sam());
    w.must(t, wait(), &sam());
    let reply = w.reply();
    let happened = w.must(t, reply, &mate());
    assert!(happened.iter().any(|caused| matches!(
        &caused.change,
        Change::EntryAdded { entry } if entry.by_requester
    )));
    assert_eq!(
        w.status(t),
        Status::InProgress,
        "the answer that it waited for"
    );
    w.must(t, solve(), &sam());
    let reopen = w.reopen();
    w.must(t, reopen, &mate());
    w.must(t, Command::Start, &sam());
    w.must(t, solve(), &sam());
    let cc = Party {
        person: ANN,
        role: PartyRole::Cc,
    };
    w.must(t, Command::AddParty(cc), &mate());
    w.must(t, Command::RemoveParty(cc), &mate());
    for not_theirs in [Command::Start, solve(), Command::SetSubject("Mine".into())] {
        w.forbidden(t, not_theirs, &mate());
    }
    let reply = w.reply();
    w.forbidden(t, reply, &joiner());
    w.forbidden(t, Command::Verify, &joiner());
    w.must(t, Command::Verify, &mate());
    assert_eq!(w.status(t), Status::Verified);
    assert_eq!(w.ticket(t).requester, BEN);
}

#[test]
fn what_is_no_teams_business_any_more_is_closed_to_it() {
    let mut w = World::new();
    let t = w.asked_for_belle();
    assert!(w.access(t, &mate()).team);
    for narrower in [Visibility::Parties, Visibility::Restricted] {
        w.must(t, Command::SetVisibility(narrower), &sam());
        assert!(!w.access(t, &mate()).may_see(), "{narrower:?}");
    }
    w.must(t, Command::SetVisibility(Visibility::Community), &sam());
    assert_eq!(
        w.invalid(t, Command::SetCommunity(None), &sam()),
        "community"
    );
    w.must(t, Command::SetCommunity(Some("juno".into())), &sam());
    assert!(!w.access(t, &mate()).may_see());
    assert!(w.access(t, &ben()).requester);
}

#[test]
fn people_of_the_team_open_its_tickets_and_staff_do_it_for_them() {
    let mut w = World::new();
    let new = |who, community: Option<&str>| NewTicket {
        kind: TicketType::Team,
        requester: who,
        community: community.map(str::to_owned),
        ..question(1)
    };
    for (wrong, by) in [
        (new(ANN, Some(BELLE)), ann()),
        (new(ANN, Some(BELLE)), joiner()),
        (new(CAT, Some("juno")), mate()),
        (new(CAT, None), mate()),
        (new(CAT, None), sam()),
    ] {
        match w.try_open(wrong, &by) {
            Err(Refusal::Invalid { field, .. }) => assert_eq!(field, "community"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(w.try_open(new(CAT, Some(BELLE)), &mate()).unwrap(), n(1));
    let second = NewTicket {
        number: n(2),
        ..new(ANN, Some(BELLE))
    };
    assert_eq!(w.try_open(second, &sam()).unwrap(), n(2));
}

#[test]
fn a_team_ticket_goes_into_no_ticket_that_the_whole_community_reads() {
    let mut w = World::new();
    let (team, open) = (w.asked_for_belle(), w.assigned());
    w.open_to_belle(open);
    let merge = w.merge_of(team, open);
    assert!(matches!(
        w.refused(team, merge, &sam()),
        Refusal::Relation(_)
    ));
    let back = w.merge_of(open, team);
    w.must(open, back, &sam());
}
