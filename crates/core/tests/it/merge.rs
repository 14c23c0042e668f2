//! Merging, splitting, and both undone.

use switchboard_core::ticket::{Party, PartyRole, Relation, RelationKind};
use switchboard_core::{
    Command, EntryId, NewTicket, Offer, Status, Ticket, TicketNumber, Visibility,
};

use crate::world::{
    ANN, BELLE, BEN, CAT, COMPUTING, COY, STORAGE, World, ada, ann, assign, ben, cat, coy, fay,
    hold, question, relate, sam, solve, wait,
};

/// Everything but the counters of changes.
fn observable(ticket: &Ticket) -> Ticket {
    Ticket {
        version: 0,
        updated_at: 0,
        ..ticket.clone()
    }
}

/// Two tickets of the storage unit: Ann's, and Ben's with Cat on it.
fn two(w: &mut World) -> (TicketNumber, TicketNumber) {
    let anns = w.in_progress();
    let bens = w.assigned_by(BEN);
    let cc = Party {
        person: CAT,
        role: PartyRole::Cc,
    };
    w.must(bens, Command::AddParty(cc), &ben());
    (anns, bens)
}

#[test]
fn entries_and_people_go_along_and_the_merged_ticket_lives_on_elsewhere() {
    let mut w = World::new();
    let (anns, bens) = two(&mut w);
    w.must(bens, w.merge_of(bens, anns), &sam());
    let source = w.ticket(bens);
    assert_eq!(source.status, Status::Closed);
    assert_eq!(source.merged_into(), Some(anns));
    assert_eq!(source.entries, 0);
    let target = w.ticket(anns);
    assert_eq!(target.entries, 2);
    assert_eq!(target.status, Status::InProgress);
    for person in [BEN, CAT] {
        assert!(target.parties.contains(&Party {
            person,
            role: PartyRole::Cc
        }));
    }
    assert!(w.access(anns, &ben()).may_reply());
    let answer = w.reply();
    w.in_the_way(bens, answer, &ben());
    w.in_the_way(bens, solve(), &ada());
    w.in_the_way(bens, Command::SetTags(["x".to_owned()].into()), &ada());
    assert_eq!(
        w.offers(bens, &sam()).into_iter().collect::<Vec<_>>(),
        [Offer::Unmerge]
    );
}

#[test]
fn unmerging_puts_both_back_as_they_were() {
    type Prepare = fn(&mut World, TicketNumber);
    let ways: [Prepare; 5] = [
        |_, _| {},
        |w, t| {
            w.must(t, hold(), &sam());
        },
        |w, t| {
            w.must(t, Command::Start, &sam());
            let at = Command::Await {
                reminder: Some(99_000_000),
            };
            w.must(t, at, &sam());
        },
        |w, t| {
            w.must(t, solve(), &sam());
        },
        |w, t| {
            let answer = w.reply();
            w.must(t, answer, &sam());
        },
    ];
    for prepare in ways {
        let mut w = World::new();
        let (anns, bens) = two(&mut w);
        prepare(&mut w, bens);
        let before = [anns, bens].map(|t| observable(w.ticket(t)));
        w.must(bens, w.merge_of(bens, anns), &sam());
        w.must(bens, Command::Unmerge, &sam());
        assert_eq!([anns, bens].map(|t| observable(w.ticket(t))), before);
        assert_eq!(w.entries_of(bens).len(), before[1].entries as usize);
    }
}

#[test]
fn what_happened_meanwhile_stays_when_a_merge_is_undone() {
    let mut w = World::new();
    let (anns, bens) = two(&mut w);
    let answer = w.reply();
    w.must(anns, answer, &sam());
    assert!(!w.ticket(anns).needs_reply);
    w.must(bens, w.merge_of(bens, anns), &sam());
    assert!(w.ticket(anns).needs_reply, "Ben waits for an answer");
    let question = w.reply();
    w.must(anns, question, &ann());
    w.must(bens, Command::Unmerge, &fay());
    assert!(w.ticket(anns).needs_reply, "so does Ann by now");
    assert_eq!(w.ticket(anns).entries, 3);
}

#[test]
fn undoing_one_of_two_merges_keeps_who_came_with_both() {
    let mut w = World::new();
    let (anns, first) = two(&mut w);
    let second = w.assigned_by(BEN);
    let answer = w.reply();
    w.must(anns, answer, &sam());
    w.must(first, w.merge_of(first, anns), &sam());
    w.must(second, w.merge_of(second, anns), &sam());
    let of = |person| Party {
        person,
        role: PartyRole::Cc,
    };
    w.must(first, Command::Unmerge, &sam());
    assert!(w.ticket(anns).parties.contains(&of(BEN)));
    assert!(!w.ticket(anns).parties.contains(&of(CAT)));
    assert!(w.ticket(anns).needs_reply, "the second question is open");
    w.must(second, Command::Unmerge, &sam());
    assert!(w.ticket(anns).parties.is_empty());
    assert!(!w.ticket(anns).needs_reply);
}

#[test]
fn who_left_meanwhile_and_came_with_another_merge_goes_with_that_one() {
    let mut w = World::new();
    let (anns, first) = two(&mut w);
    let second = w.assigned_by(BEN);
    w.must(first, w.merge_of(first, anns), &sam());
    let bens = Party {
        person: BEN,
        role: PartyRole::Cc,
    };
    w.must(anns, Command::RemoveParty(bens), &ben());
    w.must(second, w.merge_of(second, anns), &sam());
    assert!(w.ticket(anns).parties.contains(&bens));
    w.must(second, Command::Unmerge, &sam());
    assert!(!w.ticket(anns).parties.contains(&bens));
}

#[test]
fn merges_are_undone_in_turn() {
    let mut w = World::new();
    let (b, c) = (w.in_progress(), w.in_progress());
    let a = w.assigned_by(BEN);
    w.must(a, w.merge_of(a, b), &sam());
    w.must(b, w.merge_of(b, c), &sam());
    assert_eq!(w.ticket(c).entries, 3);
    w.in_the_way(a, Command::Unmerge, &sam());
    w.must(b, Command::Unmerge, &sam());
    w.must(a, Command::Unmerge, &sam());
    for t in [a, b, c] {
        assert_eq!(w.ticket(t).entries, 1);
        assert!(w.ticket(t).relations.is_empty());
    }
}

#[test]
fn the_targets_requester_is_not_drawn_in_by_a_merge() {
    let mut w = World::new();
    let (anns, bens) = (w.in_progress(), w.assigned_by(BEN));
    for role in [PartyRole::Involved, PartyRole::Cc] {
        let party = Party { person: ANN, role };
        w.must(bens, Command::AddParty(party), &sam());
    }
    w.must(bens, w.merge_of(bens, anns), &sam());
    assert!(!w.access(anns, &ann()).may_see_internal());
    assert!(w.ticket(anns).parties.iter().all(|p| p.person != ANN));
}

#[test]
fn what_can_not_be_merged() {
    let mut w = World::new();
    let (anns, bens) = two(&mut w);
    w.forbidden(bens, w.merge_of(bens, anns), &ben());
    assert_eq!(w.invalid(bens, w.merge_of(bens, bens), &sam()), "target");
    let some = Command::MergeInto {
        target: anns,
        entries: Vec::new(),
    };
    assert_eq!(w.invalid(bens, some, &sam()), "entries");
    let solved = w.solved();
    w.in_the_way(bens, w.merge_of(bens, solved), &sam());
    w.must(solved, Command::Verify, &ann());
    w.in_the_way(bens, w.merge_of(bens, solved), &sam());
    let child = w.assigned();
    w.must(bens, relate(RelationKind::ParentOf, child), &sam());
    w.in_the_way(bens, w.merge_of(bens, anns), &sam());
    w.in_the_way(child, w.merge_of(child, anns), &sam());
    w.in_the_way(bens, Command::Unmerge, &sam());
    let elsewhere = w.assigned();
    w.must(elsewhere, assign(COMPUTING), &fay());
    w.in_the_way(anns, w.merge_of(anns, elsewhere), &sam());
    w.must(anns, w.merge_of(anns, elsewhere), &fay());
}

#[test]
fn entries_never_go_where_more_people_see_them() {
    let mut w = World::new();
    let (one, two) = (w.in_progress(), w.in_progress());
    w.must(two, Command::SetVisibility(Visibility::Community), &sam());
    w.in_the_way(one, w.merge_of(one, two), &sam());
    w.must(one, Command::SetVisibility(Visibility::Restricted), &sam());
    w.in_the_way(one, w.merge_of(one, two), &sam());
    w.in_the_way(two, w.merge_of(two, one), &sam());
    w.must(two, Command::SetVisibility(Visibility::Restricted), &sam());
    w.must(one, w.merge_of(one, two), &sam());
}

#[test]
fn entries_never_go_to_another_community() {
    let mut w = World::new();
    let (one, two) = (w.in_progress(), w.in_progress());
    w.open_to_belle(one);
    w.open_to_belle(two);
    w.must(two, Command::SetCommunity(Some("juno".to_owned())), &sam());
    w.in_the_way(one, w.merge_of(one, two), &sam());
    w.must(two, Command::SetCommunity(Some(BELLE.to_owned())), &sam());
    w.must(one, w.merge_of(one, two), &sam());
}

/// Ann's ticket with three entries, and a new one to split into.
fn to_split(w: &mut World) -> (TicketNumber, TicketNumber, Vec<EntryId>) {
    let from = w.in_progress();
    for _ in 0..2 {
        let more = w.reply();
        w.must(from, more, &ann());
    }
    let entries = w.entries_of(from);
    let new = NewTicket {
        unit: STORAGE,
        routed: true,
        ..question(w.next_number())
    };
    let new = w.try_open(new, &sam()).unwrap();
    (from, new, entries)
}

#[test]
fn splitting_moves_entries_and_undoing_it_brings_them_back() {
    let mut w = World::new();
    let (from, new, entries) = to_split(&mut w);
    let before = observable(w.ticket(from));
    let split = Command::SplitInto {
        new,
        entries: entries[1..].to_vec(),
    };
    w.must(from, split, &sam());
    assert_eq!(w.ticket(from).entries, 1);
    assert_eq!(w.ticket(new).entries, 3);
    assert!(w.ticket(new).relations.contains(&Relation {
        kind: RelationKind::SplitFrom,
        ticket: from
    }));
    assert!(w.offers(from, &sam()).contains(&Offer::UndoSplit));
    w.must(from, Command::UndoSplit { new }, &sam());
    assert_eq!(observable(w.ticket(from)), before);
    assert_eq!(w.status(new), Status::Closed);
    assert_eq!(w.ticket(new).entries, 1);
    assert!(w.ticket(new).relations.is_empty());
    w.in_the_way(from, Command::UndoSplit { new }, &sam());
}

#[test]
fn a_split_ticket_with_a_life_of_its_own_stays() {
    let mut w = World::new();
    let (from, new, entries) = to_split(&mut w);
    let split = Command::SplitInto {
        new,
        entries: entries[2..].to_vec(),
    };
    w.must(from, split.clone(), &sam());
    w.in_the_way(from, split, &sam());
    let answer = w.reply();
    w.must(new, answer, &sam());
    w.in_the_way(from, Command::UndoSplit { new }, &sam());
    w.must(new, w.merge_of(new, from), &sam());
    w.in_the_way(from, Command::UndoSplit { new }, &sam());
}

#[test]
fn what_can_not_be_split() {
    let mut w = World::new();
    let (from, new, entries) = to_split(&mut w);
    let split = |entries: &[EntryId]| Command::SplitInto {
        new,
        entries: entries.to_vec(),
    };
    assert_eq!(w.invalid(from, split(&[]), &sam()), "entries");
    assert_eq!(w.invalid(from, split(&entries), &sam()), "entries");
    let twice = [entries[1], entries[1]];
    assert_eq!(w.invalid(from, split(&twice), &sam()), "entries");
    w.forbidden(from, split(&entries[1..]), &ann());
    let old = w.in_progress();
    let into_old = Command::SplitInto {
        new: old,
        entries: entries[1..].to_vec(),
    };
    w.in_the_way(from, into_old, &sam());
    let other = w.assigned_by(BEN);
    let came = w.entries_of(other);
    w.must(other, w.merge_of(other, from), &sam());
    w.in_the_way(from, split(&came), &sam());
}

#[test]
fn another_unit_does_not_undo_a_merge_it_does_not_see() {
    let mut w = World::new();
    let (anns, bens) = two(&mut w);
    w.must(bens, w.merge_of(bens, anns), &sam());
    w.forbidden(bens, Command::Unmerge, &coy());
    w.forbidden(bens, Command::Unmerge, &ben());
    w.forbidden(bens, Command::Unmerge, &cat());
    assert_eq!(coy().person, Some(COY));
    assert_eq!(w.must(anns, wait(), &sam()).len(), 1);
}
