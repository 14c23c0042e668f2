//! Domain section 1: rights follow the person's relation to the ticket.

use switchboard_core::ticket::{Party, PartyRole};
use switchboard_core::{
    Access, Actor, Command, Facts, Membership, Part, SecurityRisk, Tlp, Visibility,
};

use crate::world::{
    BELLE, BEN, CAT, COY, FRONT, MAX, PORTAL, SAM, STORAGE, World, ada, ann, ben, cat, coy, desk,
    everybody, facts, fay, max, pol, sam, sue,
};

fn party(person: switchboard_core::PersonId, role: PartyRole) -> Command {
    Command::AddParty(Party { person, role })
}

#[test]
fn without_the_support_permission_a_membership_counts_nothing() {
    let mut w = World::new();
    let t = w.in_progress();
    let revoked = Actor {
        support: false,
        ..sam()
    };
    assert_eq!(w.access(t, &revoked), Access::default());
    assert!(!revoked.is_staff());
    assert!(!w.access(t, &revoked).may_see());
    let only_permission = Actor {
        units: Vec::new(),
        ..sam()
    };
    assert!(!only_permission.is_staff());
    assert_eq!(
        sam().in_unit(crate::world::STORAGE),
        Some(switchboard_core::Part::Member)
    );
    assert_eq!(revoked.in_unit(crate::world::STORAGE), None);
    assert!(fay().first_level() && !sam().first_level());
}

#[test]
fn first_level_and_monitors_see_all_but_the_restricted() {
    let mut w = World::new();
    let t = w.assigned();
    for who in [fay(), max(), sam(), ada(), desk(), ann()] {
        assert!(w.access(t, &who).may_see(), "{who:?}");
    }
    for who in [ben(), coy(), cat()] {
        assert!(!w.access(t, &who).may_see(), "{who:?}");
    }
    w.must(t, Command::SetVisibility(Visibility::Restricted), &sam());
    for who in [sam(), sue(), ada(), desk(), ann()] {
        assert!(w.access(t, &who).may_see(), "{who:?}");
    }
    for who in [fay(), max(), ben(), coy(), cat()] {
        assert!(!w.access(t, &who).may_see(), "{who:?}");
    }
}

#[test]
fn first_level_triages_the_restricted_ticket_it_holds() {
    let mut w = World::new();
    let t = w.asked();
    let danger = Facts {
        security_risk: SecurityRisk::Imminent,
        ..facts()
    };
    w.must(t, Command::SetFacts(danger), &fay());
    assert!(w.access(t, &fay()).may_triage());
    w.must(t, Command::ConfirmPriority, &fay());
    w.must(
        t,
        Command::Assign {
            unit: crate::world::STORAGE,
            reason: None,
        },
        &fay(),
    );
    assert!(!w.access(t, &fay()).may_see());
}

#[test]
fn internal_notes_stay_on_the_support_side() {
    let mut w = World::new();
    let t = w.in_progress();
    w.must(t, party(CAT, PartyRole::Cc), &ann());
    w.must(t, party(COY, PartyRole::Cc), &ann());
    w.open_to_belle(t);
    w.must(t, party(BEN, PartyRole::Subscriber), &ben());
    for who in everybody() {
        let access = w.access(t, &who);
        let inside = [sam(), sue(), fay(), max(), ada(), desk()].contains(&who);
        assert_eq!(access.may_see_internal(), inside, "{who:?}");
        assert_eq!(access.may_note(), inside, "{who:?}");
        assert_eq!(access.may_see(), who != pol(), "{who:?}");
    }
    w.must(t, party(COY, PartyRole::Involved), &sam());
    assert!(w.access(t, &coy()).may_see_internal());
    assert!(!w.access(t, &coy()).may_work());
}

#[test]
fn a_requester_who_is_a_member_has_both_accesses() {
    let mut w = World::new();
    let t = w.assigned_by(SAM);
    let access = w.access(t, &sam());
    assert!(access.requester && access.member);
    assert!(access.may_see_internal() && access.may_verify() && access.may_solve());
}

#[test]
fn followers_read_and_do_not_write() {
    let mut w = World::new();
    let t = w.assigned();
    w.open_to_belle(t);
    w.must(t, party(BEN, PartyRole::Subscriber), &ben());
    let answer = w.reply();
    w.forbidden(t, answer, &ben());
    let answer = w.reply();
    w.forbidden(t, answer, &cat());
}

#[test]
fn monitors_chase_everywhere() {
    let mut w = World::new();
    let t = w.assigned();
    let chase = w.reply();
    w.must(t, chase, &max());
    let note = w.note();
    w.must(t, note, &max());
    let caught = w.access(t, &max());
    assert!(caught.may_give_up() && !caught.may_work());
    assert_eq!(max().person, Some(MAX));
    assert_eq!(coy().person, Some(COY));
}

#[test]
fn a_label_is_for_restricted_tickets_and_set_by_those_who_work_on_them() {
    let mut w = World::new();
    let t = w.in_progress();
    assert_eq!(w.ticket(t).label(), None);
    assert!(w.ticket(t).may_cross_bridges());
    assert_eq!(w.invalid(t, Command::SetTlp(Tlp::Green), &sam()), "tlp");
    w.must(t, Command::SetVisibility(Visibility::Restricted), &sam());
    // Nobody said anything: amber.
    assert_eq!(w.ticket(t).label(), Some(Tlp::Amber));
    assert!(w.ticket(t).may_cross_bridges());
    w.forbidden(t, Command::SetTlp(Tlp::Red), &ann());
    for narrow in [Tlp::AmberStrict, Tlp::Red] {
        w.must(t, Command::SetTlp(narrow), &sam());
        assert_eq!(w.ticket(t).label(), Some(narrow));
        assert!(!w.ticket(t).may_cross_bridges());
    }
    // Open again, it has none; restricted once more, what it had.
    w.must(t, Command::SetVisibility(Visibility::Parties), &sam());
    assert_eq!(w.ticket(t).label(), None);
    w.must(t, Command::SetVisibility(Visibility::Restricted), &sam());
    assert_eq!(w.ticket(t).label(), Some(Tlp::Red));
}

#[test]
fn a_ticket_open_to_its_community_is_seen_by_its_people_only() {
    let mut w = World::new();
    let t = w.assigned();
    w.must(t, Command::SetVisibility(Visibility::Community), &sam());
    // Without a community it is open to nobody more.
    assert!(!w.access(t, &ben()).may_see());
    w.must(t, Command::SetCommunity(Some(BELLE.to_owned())), &sam());
    let access = w.access(t, &ben());
    assert!(access.community && access.may_see());
    assert!(!access.may_reply() && !access.may_see_internal() && !access.may_work());
    for who in [cat(), coy(), pol()] {
        assert!(!w.access(t, &who).may_see(), "{who:?}");
    }
    w.must(t, Command::SetCommunity(Some("juno".to_owned())), &sam());
    assert!(!w.access(t, &ben()).may_see());
    w.must(t, Command::SetCommunity(Some(BELLE.to_owned())), &sam());
    for narrower in [Visibility::Parties, Visibility::Restricted] {
        w.must(t, Command::SetVisibility(narrower), &sam());
        assert!(!w.access(t, &ben()).may_see(), "{narrower:?}");
    }
}

#[test]
fn a_portals_first_level_triages_what_came_by_it_and_nothing_else() {
    let mut w = World::new();
    let (here, elsewhere) = (w.asked_by_portal(), w.asked());
    assert!(pol().triages() && !pol().first_level() && pol().is_staff());
    assert_eq!(pol().portals().collect::<Vec<_>>(), [PORTAL]);
    assert!(pol().leads_portal(PORTAL) && !fay().leads_portal(PORTAL));
    assert_eq!(w.access(elsewhere, &pol()), Access::default());
    let access = w.access(here, &pol());
    assert!(access.first_level && access.may_triage() && access.may_assign_without_reason());
    // The first level of the desk sees everything, the portal's too.
    assert!(w.access(here, &fay()).may_triage());
    w.must(here, Command::ConfirmPriority, &pol());
    // It sees where its tickets are, wherever they go.
    let on = |unit| Command::Assign { unit, reason: None };
    w.must(here, on(crate::world::FIRST), &pol());
    assert!(w.access(here, &pol()).may_see() && w.access(here, &pol()).may_triage());
    w.must(here, on(STORAGE), &fay());
    assert!(w.access(here, &pol()).may_see_internal());
    // But not what was restricted elsewhere.
    w.must(here, Command::SetVisibility(Visibility::Restricted), &sam());
    assert_eq!(w.access(here, &pol()), Access::default());
}

#[test]
fn without_the_support_permission_a_portals_first_level_is_nobody() {
    let mut w = World::new();
    let t = w.asked_by_portal();
    let revoked = Actor {
        support: false,
        ..pol()
    };
    assert_eq!(w.access(t, &revoked), Access::default());
    assert!(!revoked.triages() && !revoked.leads_portal(PORTAL));
    let of_another = Actor {
        units: vec![Membership {
            unit: FRONT,
            part: Part::Member,
            first_level: false,
            portal: None,
        }],
        ..pol()
    };
    assert!(!of_another.triages());
    // They are still members of the unit that holds it.
    let access = w.access(t, &of_another);
    assert!(access.member && !access.may_triage());
}
