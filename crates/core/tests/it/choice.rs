//! How somebody hears of what happens, from what they chose.

use switchboard_core::choice::{Choices, How, Scope, how, undone_by};
use switchboard_core::ticket::{Party, PartyRole};
use switchboard_core::{
    Notice, PersonId, Reason, Recipient, SecurityRisk, Ticket, TicketType, Told, UnitId,
};

use crate::world::{ANN, COMPUTING, SAM, STORAGE, World};

fn notice(reason: Reason, kinds: &[Told]) -> Notice {
    Notice {
        to: Recipient::Person(SAM),
        reason,
        kinds: kinds.iter().copied().collect(),
    }
}

fn ticket(unit: UnitId, requester: PersonId) -> Ticket {
    let mut w = World::new();
    let number = w.in_progress();
    Ticket {
        unit,
        requester,
        ..w.ticket(number).clone()
    }
}

/// Sam's, who is in the storage unit.
fn choices(chosen: &[((Scope, Told), How)]) -> Choices {
    Choices {
        chosen: chosen.iter().copied().collect(),
        units: vec![STORAGE],
    }
}

fn nothing() -> Choices {
    choices(&[])
        .without(Scope::Own)
        .without(Scope::Other)
        .without(Scope::Unit(STORAGE))
}

#[test]
fn the_strongest_of_what_was_chosen_counts_and_it_is_one() {
    let choices = choices(&[
        ((Scope::Unit(STORAGE), Told::Fields), How::Nothing),
        ((Scope::Unit(STORAGE), Told::Note), How::Digest),
        ((Scope::Other, Told::Opened), How::Digest),
        ((Scope::Own, Told::Entry), How::Digest),
        ((Scope::Own, Told::Solution), How::Nothing),
    ]);
    let way = |reason, unit, kinds: &[Told]| {
        how(&notice(reason, kinds), SAM, &ticket(unit, ANN), &choices)
    };
    assert_eq!(way(Reason::Unit, STORAGE, &[Told::Fields]), How::Nothing);
    let both = [Told::Fields, Told::Note];
    assert_eq!(way(Reason::Unit, STORAGE, &both), How::Digest);
    let both = [Told::Note, Told::Entry];
    assert_eq!(way(Reason::Owner, STORAGE, &both), How::Mail);
    // Tickets of another unit are other tickets.
    assert_eq!(way(Reason::Involved, COMPUTING, &[Told::Fields]), How::Mail);
    let opened = [Told::Opened];
    assert_eq!(way(Reason::FirstLevel, COMPUTING, &opened), How::Digest);
    assert_eq!(way(Reason::Cc, STORAGE, &[Told::Entry]), How::Digest);
    assert_eq!(way(Reason::Cc, STORAGE, &[Told::Solution]), How::Nothing);
}

#[test]
fn what_asks_something_of_them_comes_whatever_they_chose() {
    let mine = ticket(STORAGE, SAM);
    for told in [Told::Opened, Told::Asked, Told::Solution] {
        // Also as a member of the unit that has their own request.
        for reason in [Reason::Requester, Reason::Unit, Reason::Owner] {
            let notice = notice(reason, &[told]);
            assert_eq!(how(&notice, SAM, &mine, &nothing()), How::Mail);
            assert_eq!(undone_by(&notice, SAM, &mine, &nothing()), None);
        }
    }
    let entry = notice(Reason::Requester, &[Told::Entry]);
    assert_eq!(how(&entry, SAM, &mine, &nothing()), How::Nothing);
}

#[test]
fn an_alarm_and_a_danger_come_at_once_to_those_who_work() {
    let mut alarm = ticket(STORAGE, ANN);
    alarm.kind = TicketType::Alarm;
    let mut danger = ticket(STORAGE, ANN);
    danger.facts.security_risk = SecurityRisk::Imminent;
    for pressing in [alarm, danger] {
        let way = |reason, told| how(&notice(reason, &[told]), SAM, &pressing, &nothing());
        assert_eq!(way(Reason::Unit, Told::Opened), How::Mail);
        assert_eq!(way(Reason::Owner, Told::Escalated), How::Mail);
        assert_eq!(way(Reason::Unit, Told::Fields), How::Nothing);
        assert_eq!(way(Reason::Cc, Told::Opened), How::Nothing);
    }
}

#[test]
fn who_works_on_what_they_follow_has_the_choices_of_both_sides() {
    let mut followed = ticket(STORAGE, ANN);
    followed.parties.insert(Party {
        person: SAM,
        role: PartyRole::Subscriber,
    });
    let quiet = choices(&[]).without(Scope::Unit(STORAGE));
    let way = |told| how(&notice(Reason::Unit, &[told]), SAM, &followed, &quiet);
    assert_eq!(way(Told::Entry), How::Mail);
    // Of what followers are not told the unit's choice holds.
    assert_eq!(way(Told::Note), How::Nothing);
    assert_eq!(way(Told::Fields), How::Nothing);
}

#[test]
fn a_link_to_be_rid_of_mails_names_what_ends_them() {
    let any = choices(&[]);
    let ends = |reason, unit| {
        let (notice, ticket) = (notice(reason, &[Told::Entry]), ticket(unit, ANN));
        let scope = undone_by(&notice, SAM, &ticket, &any)?;
        // It keeps what it promises.
        let without = any.without(scope);
        assert_eq!(how(&notice, SAM, &ticket, &without), How::Nothing);
        Some(scope)
    };
    assert_eq!(ends(Reason::Unit, STORAGE), Some(Scope::Unit(STORAGE)));
    assert_eq!(ends(Reason::Involved, COMPUTING), Some(Scope::Other));
    // These are written to them as one of the ticket.
    assert_eq!(ends(Reason::Subscriber, STORAGE), None);
    assert_eq!(ends(Reason::Requester, STORAGE), None);
}

/// Nobody else hears of what nobody owns, so it can not be given up.
#[test]
fn who_is_on_duty_hears_whatever_they_chose() {
    let theirs = ticket(STORAGE, ANN);
    for told in [Told::Opened, Told::Assigned, Told::Reopened, Told::Entry] {
        let way = |reason| how(&notice(reason, &[told]), SAM, &theirs, &nothing());
        assert_eq!(way(Reason::Duty), How::Mail, "{told:?}");
        assert_eq!(way(Reason::Unit), How::Nothing, "{told:?}");
        assert_eq!(way(Reason::FirstLevelDuty), How::Mail, "{told:?}");
        for reason in [Reason::Duty, Reason::FirstLevelDuty] {
            let ends = undone_by(&notice(reason, &[told]), SAM, &theirs, &nothing());
            assert_eq!(ends, None);
        }
    }
}
