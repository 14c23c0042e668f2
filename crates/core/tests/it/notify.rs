//! Domain section 6: who is told what.

use std::collections::BTreeSet;

use switchboard_core::ticket::{Party, PartyRole, RelationKind};
use switchboard_core::timer::Due;
use switchboard_core::{
    Actor, Caused, Command, Notice, PersonId, Reason, Recipient, TellRequester, Ticket,
    TicketNumber, Told, UnitAudience, Visibility, audience,
};

use crate::world::{
    ADA, ANN, BEN, CAT, COMPUTING, COY, FAY, FIRST, MAX, SAM, SUE, World, ann, assign, ben, desk,
    escalate, fay, owner, relate, sam, solve, sue, units, wait,
};

/// The people behind the unit that holds the ticket.
pub(crate) fn people_of(ticket: &Ticket) -> UnitAudience {
    let units = units();
    UnitAudience {
        members: units[&ticket.unit].members.clone(),
        mailing_list: None,
        first_level: units[&FIRST].members.clone(),
        monitors: vec![MAX],
        ..UnitAudience::default()
    }
}

fn name(person: PersonId) -> &'static str {
    match person {
        ANN => "Ann",
        BEN => "Ben",
        CAT => "Cat",
        FAY => "Fay",
        SAM => "Sam",
        SUE => "Sue",
        COY => "Coy",
        MAX => "Max",
        ADA => "Ada",
        _ => "somebody",
    }
}

/// `Ann requester: entry solution; …`
fn shown(notices: &[Notice]) -> String {
    notices
        .iter()
        .map(|notice| {
            let to = match &notice.to {
                Recipient::Person(person) => name(*person).to_owned(),
                Recipient::List(list) => list.clone(),
            };
            let kinds: Vec<_> = notice.kinds.iter().map(|k| k.key()).collect();
            format!("{to} {}: {}", notice.reason.key(), kinds.join(" "))
        })
        .collect::<Vec<_>>()
        .join("; ")
}

fn told(w: &World, t: TicketNumber, caused: &[Caused], actor: &Actor) -> String {
    shown(&audience(
        caused,
        w.ticket(t),
        actor,
        &people_of(w.ticket(t)),
    ))
}

/// Sam works on Ann's ticket; Cat is Cc, Ben follows, Coy was drawn in.
fn busy(w: &mut World) -> TicketNumber {
    let t = w.in_progress();
    for (person, role) in [(CAT, PartyRole::Cc), (COY, PartyRole::Involved)] {
        w.must(t, Command::AddParty(Party { person, role }), &sam());
    }
    w.open_to_belle(t);
    let follow = Party {
        person: BEN,
        role: PartyRole::Subscriber,
    };
    w.must(t, Command::AddParty(follow), &ben());
    t
}

#[test]
fn a_new_ticket_is_told_to_first_level() {
    let mut w = World::new();
    let t = w.asked();
    let caused: Vec<_> = w.events.iter().map(|(c, _)| c.clone()).collect();
    assert_eq!(told(&w, t, &caused, &ann()), "Fay unit: opened");
}

#[test]
fn a_routed_ticket_is_told_to_its_unit() {
    let mut w = World::new();
    let t = w.assigned();
    let caused: Vec<_> = w.events.iter().map(|(c, _)| c.clone()).collect();
    assert_eq!(
        told(&w, t, &caused, &ann()),
        "Sam unit: opened; Sue unit: opened"
    );
    // Opened in her name by a script: she hears of it.
    assert_eq!(
        told(&w, t, &caused, &desk()),
        "Ann requester: opened; Sam unit: opened; Sue unit: opened"
    );
}

#[test]
fn a_public_entry_is_told_to_everybody_but_its_author() {
    let mut w = World::new();
    let t = busy(&mut w);
    let entry = w.reply();
    let caused = w.must(t, entry, &sam());
    assert_eq!(
        told(&w, t, &caused, &sam()),
        "Ann requester: entry; Ben subscriber: entry; Cat cc: entry; Sue unit: entry; \
         Coy involved: entry"
    );
    let entry = w.reply();
    let caused = w.must(t, entry, &ann());
    assert_eq!(
        told(&w, t, &caused, &ann()),
        "Ben subscriber: entry; Cat cc: entry; Sam owner: entry; Sue unit: entry; \
         Coy involved: entry"
    );
}

#[test]
fn an_internal_note_never_leaves_the_support_side() {
    let mut w = World::new();
    let t = busy(&mut w);
    w.must(t, Command::SetTell(TellRequester::EveryChange), &ann());
    let note = w.note();
    let caused = w.must(t, note, &sue());
    assert_eq!(
        told(&w, t, &caused, &sue()),
        "Sam owner: note; Coy involved: note"
    );
}

#[test]
fn fields_are_told_to_those_who_want_them() {
    let mut w = World::new();
    let t = busy(&mut w);
    let caused = w.must(t, Command::SetSubject("Upload stops".to_owned()), &sue());
    assert_eq!(
        told(&w, t, &caused, &sue()),
        "Cat cc: fields; Sam owner: fields; Coy involved: fields"
    );
    w.must(t, Command::SetTell(TellRequester::EveryChange), &ann());
    let caused = w.must(t, Command::SetSubject("Upload".to_owned()), &sue());
    assert!(told(&w, t, &caused, &sue()).starts_with("Ann requester: fields"));
}

#[test]
fn waiting_and_solutions_reach_the_requester_always() {
    let mut w = World::new();
    let t = busy(&mut w);
    let caused = w.must(t, wait(), &sam());
    assert!(told(&w, t, &caused, &sam()).starts_with("Ann requester: asked; Cat cc: asked"));
    let caused = w.must(t, solve(), &sam());
    assert_eq!(
        told(&w, t, &caused, &sam()),
        "Ann requester: solution; Ben subscriber: solution; Cat cc: solution; \
         Sue unit: solution; Coy involved: solution"
    );
}

#[test]
fn who_sent_spam_hears_nothing_more() {
    let mut w = World::new();
    let t = busy(&mut w);
    let tags = |tags: &[&str]| Command::SetTags(tags.iter().map(|t| (*t).to_owned()).collect());
    let outside = |text: &str| {
        ["requester", "cc", "subscriber"]
            .iter()
            .any(|reason| text.contains(reason))
    };
    let mut spam = w.must(t, tags(&["spam"]), &sam());
    spam.extend(w.must(t, solve(), &sam()));
    let text = told(&w, t, &spam, &sam());
    assert!(!outside(&text) && text.contains("unit"), "{text}");
    let mut none = w.must(t, Command::Reopen { entry: None }, &sam());
    none.extend(w.must(t, tags(&[]), &sam()));
    let text = told(&w, t, &none, &sam());
    assert!(!outside(&text), "{text}");
    let solved = w.must(t, solve(), &sam());
    assert!(outside(&told(&w, t, &solved, &sam())));
}

#[test]
fn reopening_tells_the_unit_and_first_level() {
    let mut w = World::new();
    let t = w.solved();
    let reopen = w.reopen();
    let caused = w.must(t, reopen, &ann());
    assert_eq!(
        told(&w, t, &caused, &ann()),
        "Fay first_level: reopened; Sam owner: entry reopened; Sue unit: entry reopened"
    );
}

#[test]
fn escalation_reaches_one_more_group_at_each_step() {
    let mut w = World::new();
    let t = w.in_progress();
    let mut step = |expected: &str| {
        let caused = w.must(t, escalate(), &ann());
        assert_eq!(told(&w, t, &caused, &ann()), expected);
    };
    step("Sam owner: escalated; Sue unit: escalated");
    step("Fay first_level: escalated; Sam owner: escalated; Sue unit: escalated");
    step(
        "Fay first_level: escalated; Sam owner: escalated; Sue unit: escalated; \
         Max monitor: escalated",
    );
}

#[test]
fn those_who_look_after_all_units_hear_nothing_of_a_restricted_ticket() {
    let mut w = World::new();
    let t = w.solved();
    w.must(t, Command::SetVisibility(Visibility::Restricted), &sam());
    let reopen = w.reopen();
    let caused = w.must(t, reopen, &ann());
    assert_eq!(
        told(&w, t, &caused, &ann()),
        "Sam owner: entry reopened; Sue unit: entry reopened"
    );
}

#[test]
fn a_mailing_list_stands_for_the_members() {
    let mut w = World::new();
    let t = busy(&mut w);
    let entry = w.reply();
    let caused = w.must(t, entry, &ann());
    let unit = UnitAudience {
        mailing_list: Some("storage@example.org".to_owned()),
        ..people_of(w.ticket(t))
    };
    assert_eq!(
        shown(&audience(&caused, w.ticket(t), &ann(), &unit)),
        "Ben subscriber: entry; Cat cc: entry; Coy involved: entry; \
         storage@example.org unit: entry"
    );
}

/// Who is on duty hears alone of what nobody owns, in place of the list and of the others
/// of first level; of what gets serious all of them hear.
#[test]
fn who_is_on_duty_hears_for_all_of_what_nobody_owns() {
    let mut w = World::new();
    let t = w.asked();
    let opened: Vec<Caused> = w.events.iter().map(|(caused, _)| caused.clone()).collect();
    let list = |w: &World| UnitAudience {
        mailing_list: Some("first@example.org".to_owned()),
        ..people_of(w.ticket(t))
    };
    let on_duty = |w: &World| UnitAudience {
        duty: Some(FAY),
        first_level: vec![FAY, SUE],
        first_level_duty: Some(vec![(FAY, Reason::FirstLevelDuty)]),
        ..list(w)
    };
    let told = |w: &World, caused: &[Caused], unit: &UnitAudience| {
        let notices = audience(caused, w.ticket(t), &ann(), unit);
        shown(&notices)
    };
    assert_eq!(
        told(&w, &opened, &list(&w)),
        "first@example.org unit: opened"
    );
    assert_eq!(told(&w, &opened, &on_duty(&w)), "Fay duty: opened");
    // Nobody hears twice, and of first level only who is on duty.
    let elsewhere = UnitAudience {
        duty: None,
        ..on_duty(&w)
    };
    let both = told(&w, &opened, &elsewhere);
    assert!(!both.contains("Sue"), "{both}");
    let none_there = UnitAudience {
        members: Vec::new(),
        mailing_list: None,
        ..elsewhere
    };
    let first = told(&w, &opened, &none_there);
    assert!(first.contains("Fay first_level_duty: opened"), "{first}");
    assert!(!first.contains("Sue"), "{first}");
    let entry = w.reply();
    let caused = w.must(t, entry, &ann());
    assert_eq!(told(&w, &caused, &on_duty(&w)), "Fay duty: entry");
    let caused = w.must(t, escalate(), &ann());
    let all = told(&w, &caused, &on_duty(&w));
    assert!(all.contains("first@example.org unit: escalated"), "{all}");
    assert!(!all.contains("duty"), "{all}");
    // Who owns it hears of it, and the unit as ever.
    w.must(t, owner(FAY), &fay());
    let entry = w.reply();
    let caused = w.must(t, entry, &ann());
    assert_eq!(
        told(&w, &caused, &on_duty(&w)),
        "first@example.org unit: entry"
    );
}

/// The contact of the site is told as the unit is, be it a list or somebody on the
/// ticket; but who asked is not told what is noted inside, whatever else they are.
#[test]
fn the_contact_of_the_site_is_told_as_the_unit_is() {
    let mut w = World::new();
    let t = busy(&mut w);
    let note = w.note();
    let caused = w.must(t, note, &sam());
    let before = "Sue unit: note; Coy involved: note";
    let list = |w: &World| UnitAudience {
        site_list: Some("grid@south.example".to_owned()),
        ..people_of(w.ticket(t))
    };
    let told =
        |w: &World, unit: &UnitAudience| shown(&audience(&caused, w.ticket(t), &sam(), unit));
    assert_eq!(
        told(&w, &list(&w)),
        format!("{before}; grid@south.example site: note")
    );
    let own = UnitAudience {
        mailing_list: Some("grid@south.example".to_owned()),
        ..list(&w)
    };
    assert_eq!(
        told(&w, &own),
        "Coy involved: note; grid@south.example unit: note"
    );

    let contact = |old, new| Command::SetSiteContact { old, new };
    let ben_is = |w: &World| {
        let site = Party {
            person: BEN,
            role: PartyRole::Site,
        };
        w.ticket(t).parties.contains(&site)
    };
    let plain = |w: &World| people_of(w.ticket(t));
    w.must(t, contact(None, Some(BEN)), &desk());
    assert!(ben_is(&w));
    assert_eq!(
        told(&w, &plain(&w)),
        "Ben site: note; Sue unit: note; Coy involved: note"
    );
    // Said again, nothing changes; and who asked is never their own site's side.
    assert!(w.must(t, contact(Some(BEN), Some(BEN)), &desk()).is_empty());
    w.must(t, contact(Some(BEN), Some(ANN)), &desk());
    assert!(!ben_is(&w));
    assert_eq!(told(&w, &plain(&w)), before);
    w.forbidden(t, contact(None, Some(BEN)), &ann());
}

#[test]
fn several_reasons_and_several_changes_make_one_notice() {
    let mut w = World::new();
    let t = w.assigned_by(SAM);
    w.must(t, Command::Start, &sam());
    for role in [PartyRole::Cc, PartyRole::Involved] {
        let party = Party { person: SUE, role };
        w.must(t, Command::AddParty(party), &sam());
    }
    let caused = w.must(t, assign(COMPUTING), &fay());
    assert!(caused.len() > 2);
    assert_eq!(
        told(&w, t, &caused, &fay()),
        "Sue involved: assigned fields; Coy unit: assigned fields",
        "Sam asked, and wants to hear of the solution only"
    );
}

#[test]
fn a_slaves_people_hear_the_masters_words_as_their_own() {
    let mut w = World::new();
    let (master, slave) = (w.in_progress(), w.assigned_by(BEN));
    w.must(master, relate(RelationKind::MasterOf, slave), &sam());
    let entry = w.reply();
    let caused = w.must(master, entry, &sam());
    assert_eq!(
        told(&w, slave, &caused, &sam()),
        "Ben requester: entry; Sue unit: entry"
    );
    let caused = w.must(master, solve(), &sam());
    assert_eq!(
        told(&w, slave, &caused, &sam()),
        "Ben requester: solution; Sue unit: solution"
    );
}

#[test]
fn what_time_brings_to_mind_goes_to_those_whose_turn_it_is() {
    let mut w = World::new();
    let t = busy(&mut w);
    let now = w.now;
    let ask = Command::Await {
        reminder: Some(now + 1_000_000),
    };
    w.must(t, ask, &sam());
    let remind = |w: &mut World, due| w.must(t, Command::Remind(due), &desk());
    let first = Due::Answer {
        nth: 1,
        days: 5,
        last: false,
    };
    let caused = remind(&mut w, first);
    assert_eq!(told(&w, t, &caused, &desk()), "Ann requester: reminded");
    let date = Due::Date {
        at: now + 1_000_000,
    };
    let caused = remind(&mut w, date);
    let shown_to =
        |w: &World, unit: &UnitAudience| shown(&audience(&caused, w.ticket(t), &desk(), unit));
    assert_eq!(told(&w, t, &caused, &desk()), "Sam owner: reminded");
    // The owner in person also where the unit has a list; all of it where nobody owns it.
    let list = UnitAudience {
        mailing_list: Some("storage@units.example".into()),
        ..people_of(w.ticket(t))
    };
    assert_eq!(shown_to(&w, &list), "Sam owner: reminded");
    let mut free = w.clone();
    free.must(t, Command::SetOwner { owner: None }, &sue());
    assert_eq!(
        shown_to(&free, &list),
        "storage@units.example unit: reminded"
    );
    let unit = people_of(free.ticket(t));
    assert_eq!(
        shown_to(&free, &unit),
        "Sam unit: reminded; Sue unit: reminded"
    );
    // Monitors; first level, where there are none; of a restricted one the owner.
    let caused = remind(&mut w, Due::Unanswered { days: 15 });
    assert_eq!(told(&w, t, &caused, &desk()), "Max monitor: reminded");
    let nobody = UnitAudience {
        monitors: Vec::new(),
        ..people_of(w.ticket(t))
    };
    let notices = audience(&caused, w.ticket(t), &desk(), &nobody);
    assert_eq!(shown(&notices), "Fay first_level: reminded");
    w.must(t, Command::SetVisibility(Visibility::Restricted), &sam());
    assert_eq!(told(&w, t, &caused, &desk()), "Sam owner: reminded");
}

/// What must hold for any cause on any ticket.
pub(crate) fn check(caused: &[Caused], ticket: &Ticket, actor: &Actor) {
    let unit = people_of(ticket);
    let notices = audience(caused, ticket, actor, &unit);
    let mut seen = BTreeSet::new();
    for notice in &notices {
        assert!(seen.insert(notice.to.clone()), "two notices for one");
        assert!(!notice.kinds.is_empty());
        let Recipient::Person(person) = notice.to else {
            panic!("no list was given");
        };
        assert_ne!(Some(person), actor.person, "the actor is told");
        let inside = unit.members.contains(&person)
            || ticket.owner == Some(person)
            || ticket.parties.iter().any(|p| {
                p.person == person && matches!(p.role, PartyRole::Involved | PartyRole::Site)
            });
        if !inside {
            assert!(!notice.kinds.contains(&Told::Note), "a note got out");
        }
        if ticket.visibility == Visibility::Restricted {
            let on_it = inside
                || ticket.requester == person
                || ticket.parties.iter().any(|p| p.person == person);
            assert!(on_it, "a restricted ticket was told to others");
            assert_ne!(notice.reason, Reason::Monitor);
        }
    }
}
