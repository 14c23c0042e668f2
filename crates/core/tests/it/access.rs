//! Domain section 1: rights follow the person's relation to the ticket.

use switchboard_core::ticket::{Party, PartyRole};
use switchboard_core::{Access, Actor, Command, Facts, SecurityRisk, Tlp, Visibility};

use crate::world::{
    BEN, CAT, COY, MAX, SAM, World, ada, ann, ben, cat, coy, desk, everybody, facts, fay, max, sam,
    sue,
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
    w.must(t, Command::SetVisibility(Visibility::Community), &sam());
    w.must(t, party(BEN, PartyRole::Subscriber), &ben());
    for who in everybody() {
        let access = w.access(t, &who);
        let inside = [sam(), sue(), fay(), max(), ada(), desk()].contains(&who);
        assert_eq!(access.may_see_internal(), inside, "{who:?}");
        assert_eq!(access.may_note(), inside, "{who:?}");
        assert!(access.may_see());
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
    w.must(t, Command::SetVisibility(Visibility::Community), &sam());
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
