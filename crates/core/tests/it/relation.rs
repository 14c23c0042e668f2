//! Domain section 5: master and slave, parent and child, cross references.

use switchboard_core::ticket::{Hold, Relation, RelationKind};
use switchboard_core::{Actor, Change, Channel, Command, Status, TicketNumber, Visibility};

use crate::world::{
    BEN, COMPUTING, World, ada, ann, assign, ben, coy, desk, fay, give_up, hold, relate, sam,
    solve, unrelate, wait,
};

use RelationKind::{ChildOf, DuplicateOf, MasterOf, ParentOf, SeeAlso, SlaveOf};

/// A master of Ann's with two slaves of Ben's.
fn family(w: &mut World) -> (TicketNumber, TicketNumber, TicketNumber) {
    let master = w.in_progress();
    let (one, two) = (w.assigned_by(BEN), w.assigned_by(BEN));
    w.must(master, relate(MasterOf, one), &sam());
    w.must(two, relate(SlaveOf, master), &sam());
    (master, one, two)
}

/// A parent with two children, one of them at another unit.
fn split_work(w: &mut World) -> (TicketNumber, TicketNumber, TicketNumber) {
    let parent = w.in_progress();
    let (one, two) = (w.assigned(), w.assigned());
    w.must(parent, relate(ParentOf, one), &sam());
    w.must(two, relate(ChildOf, parent), &sam());
    w.must(two, assign(COMPUTING), &fay());
    (parent, one, two)
}

#[test]
fn slaves_wait_for_their_master_and_are_solved_with_it() {
    let mut w = World::new();
    let (master, one, two) = family(&mut w);
    for slave in [one, two] {
        assert_eq!(w.status(slave), Status::OnHold);
        assert_eq!(w.ticket(slave).hold, Some(Hold::Master { ticket: master }));
    }
    w.must(master, solve(), &sam());
    for slave in [one, two] {
        let ticket = w.ticket(slave);
        assert_eq!(ticket.status, Status::Solved);
        assert_eq!(ticket.hold, None);
        assert_eq!(
            ticket.solution.as_ref().unwrap().text,
            "The quota was raised."
        );
        assert_eq!(ticket.master(), Some(master));
    }
}

#[test]
fn giving_a_master_up_gives_its_slaves_up() {
    let mut w = World::new();
    let (master, one, two) = family(&mut w);
    w.must(master, give_up(), &sam());
    assert_eq!(w.status(one), Status::Unsolved);
    assert_eq!(w.status(two), Status::Unsolved);
}

#[test]
fn a_slave_is_read_only() {
    let mut w = World::new();
    let (_, one, two) = family(&mut w);
    let answer = w.reply();
    for command in [
        answer,
        solve(),
        give_up(),
        Command::Start,
        wait(),
        hold(),
        assign(COMPUTING),
        Command::SetSubject("Other".to_owned()),
        relate(ParentOf, two),
        w.merge_of(one, two),
    ] {
        w.in_the_way(one, command, &ada());
    }
    let answer = w.reply();
    w.in_the_way(one, answer, &ben());
    let note = w.note();
    w.must(one, note, &sam());
    let mailed = w.reply();
    let by_mail = Actor {
        channel: Channel::Mail,
        ..ben()
    };
    w.must(one, mailed, &by_mail);
    assert_eq!(w.status(one), Status::OnHold);
    assert!(w.ticket(one).needs_reply);
    let sentence = w.reply();
    w.must(one, sentence, &desk());
}

#[test]
fn the_masters_public_updates_go_to_its_slaves() {
    let mut w = World::new();
    let (master, one, _) = family(&mut w);
    let answer = w.reply();
    let caused = w.must(master, answer, &sam());
    let kinds: Vec<_> = caused
        .iter()
        .map(|c| (c.ticket.0, c.change.kind()))
        .collect();
    assert_eq!(
        kinds,
        [(1, "entry_added"), (2, "master_entry"), (3, "master_entry")]
    );
    assert!(!w.ticket(one).needs_reply);
    assert_eq!(w.ticket(one).entries, 1);
    let private = w.note();
    assert_eq!(w.must(master, private, &sam()).len(), 1);
    let anns = w.reply();
    assert_eq!(
        w.must(master, anns, &ann()).len(),
        1,
        "another requester's words are not theirs"
    );
}

#[test]
fn releasing_a_master_frees_all_and_a_slave_itself() {
    let mut w = World::new();
    let (master, one, two) = family(&mut w);
    w.must(one, Command::Release, &sam());
    assert_eq!(w.status(one), Status::Assigned);
    assert_eq!(w.status(two), Status::OnHold);
    w.must(master, Command::Release, &sam());
    assert_eq!(w.status(two), Status::Assigned);
    assert!(w.ticket(master).relations.is_empty());
    w.in_the_way(master, Command::Release, &sam());
    let (master, one, two) = family(&mut w);
    w.must(one, unrelate(SlaveOf, master), &sam());
    w.must(master, unrelate(MasterOf, two), &sam());
    assert!(w.ticket(master).relations.is_empty());
}

#[test]
fn a_slave_is_reopened_alone() {
    let mut w = World::new();
    let (master, one, two) = family(&mut w);
    w.must(master, solve(), &sam());
    let reopen = w.reopen();
    w.must(one, reopen, &ben());
    assert_eq!(w.status(one), Status::Reopened);
    assert_eq!(w.ticket(one).master(), None);
    assert_eq!(w.status(master), Status::Solved);
    assert_eq!(w.status(two), Status::Solved);
}

#[test]
fn reopening_a_master_never_forces_its_slaves() {
    let mut w = World::new();
    let (master, one, two) = family(&mut w);
    w.must(master, solve(), &sam());
    w.must(master, Command::Reopen { entry: None }, &sam());
    assert_eq!(w.status(one), Status::Solved);
    assert_eq!(w.status(two), Status::Solved);
    w.must(one, Command::Reopen { entry: None }, &sam());
    assert_eq!(
        w.status(one),
        Status::OnHold,
        "it waits for its master again"
    );
    w.must(master, solve(), &sam());
    assert_eq!(w.status(one), Status::Solved);
}

#[test]
fn masters_have_no_master() {
    let mut w = World::new();
    let (master, one, _) = family(&mut w);
    let other = w.in_progress();
    w.in_the_way(master, relate(SlaveOf, other), &sam());
    w.in_the_way(one, relate(SlaveOf, other), &sam());
    w.in_the_way(other, relate(SlaveOf, one), &sam());
    assert_eq!(w.invalid(other, relate(SlaveOf, other), &sam()), "relation");
    let solved = w.solved();
    w.in_the_way(other, relate(MasterOf, solved), &sam());
    w.in_the_way(solved, relate(MasterOf, other), &sam());
}

#[test]
fn a_slave_with_open_children_is_not_solved_with_its_master() {
    let mut w = World::new();
    let (parent, one, two) = split_work(&mut w);
    let master = w.in_progress();
    w.must(parent, relate(SlaveOf, master), &sam());
    assert_eq!(w.ticket(parent).hold, Some(Hold::Master { ticket: master }));
    w.must(master, solve(), &sam());
    assert_eq!(w.ticket(parent).hold, Some(Hold::Children));
    assert_eq!(w.ticket(parent).master(), None);
    w.must(one, solve(), &sam());
    w.must(two, solve(), &coy());
    assert_eq!(w.status(parent), Status::InProgress);
}

#[test]
fn a_solved_slave_that_is_the_last_child_wakes_its_parent() {
    let mut w = World::new();
    let (parent, one, two) = split_work(&mut w);
    let master = w.in_progress();
    w.must(one, relate(SlaveOf, master), &sam());
    w.must(two, solve(), &coy());
    assert_eq!(w.status(parent), Status::OnHold);
    w.must(master, solve(), &sam());
    assert_eq!(w.status(one), Status::Solved);
    assert_eq!(w.status(parent), Status::InProgress);
}

#[test]
fn a_parent_waits_for_its_children() {
    let mut w = World::new();
    let (parent, one, two) = split_work(&mut w);
    assert_eq!(w.ticket(parent).hold, Some(Hold::Children));
    for command in [solve(), give_up(), Command::Start, wait(), hold()] {
        w.in_the_way(parent, command, &sam());
    }
    let caused = w.must(one, solve(), &sam());
    assert!(caused.iter().any(|c| c.ticket == parent
        && c.change
            == Change::ChildSolved {
                child: one,
                status: Status::Solved,
                text: Some("The quota was raised.".to_owned())
            }));
    assert_eq!(w.status(parent), Status::OnHold);
    w.must(two, give_up(), &coy());
    assert_eq!(w.status(parent), Status::InProgress);
    w.must(parent, solve(), &sam());
}

#[test]
fn a_parent_that_nobody_owns_comes_back_as_assigned() {
    let mut w = World::new();
    let (parent, one, two) = split_work(&mut w);
    w.must(parent, assign(COMPUTING), &sam());
    assert_eq!(w.status(parent), Status::OnHold, "its children are open");
    w.must(one, solve(), &sam());
    w.must(two, solve(), &coy());
    assert_eq!(w.status(parent), Status::Assigned);
}

#[test]
fn reopening_a_child_holds_an_open_parent_and_is_noted_on_a_solved_one() {
    let mut w = World::new();
    let (parent, one, two) = split_work(&mut w);
    w.must(one, solve(), &sam());
    w.must(two, solve(), &coy());
    w.must(one, Command::Reopen { entry: None }, &sam());
    assert_eq!(w.ticket(parent).hold, Some(Hold::Children));
    w.must(one, solve(), &sam());
    w.must(parent, solve(), &sam());
    let caused = w.must(one, Command::Reopen { entry: None }, &sam());
    assert_eq!(w.status(parent), Status::Solved);
    assert_eq!(
        caused.last().unwrap().change,
        Change::ChildReopened { child: one }
    );
    w.must(parent, Command::Reopen { entry: None }, &sam());
    assert_eq!(w.ticket(parent).hold, Some(Hold::Children));
}

#[test]
fn taking_the_last_open_child_away_frees_the_parent() {
    let mut w = World::new();
    let (parent, one, two) = split_work(&mut w);
    w.must(parent, unrelate(ParentOf, one), &sam());
    assert_eq!(w.status(parent), Status::OnHold);
    w.must(two, unrelate(ChildOf, parent), &coy());
    assert_eq!(w.status(parent), Status::InProgress);
}

#[test]
fn families_have_no_circles() {
    let mut w = World::new();
    let (parent, one, _) = split_work(&mut w);
    w.in_the_way(one, relate(ParentOf, parent), &sam());
    let grandchild = w.assigned();
    w.must(one, relate(ParentOf, grandchild), &sam());
    w.in_the_way(grandchild, relate(ParentOf, parent), &sam());
    w.in_the_way(grandchild, relate(SlaveOf, parent), &sam());
    let other = w.in_progress();
    w.in_the_way(other, relate(ParentOf, one), &sam());
}

#[test]
fn a_restricted_childs_solution_does_not_leave_it() {
    let mut w = World::new();
    let (parent, one, _) = split_work(&mut w);
    w.must(one, Command::SetVisibility(Visibility::Restricted), &sam());
    let caused = w.must(one, solve(), &sam());
    assert!(
        caused
            .iter()
            .any(|c| c.ticket == parent
                && matches!(&c.change, Change::ChildSolved { text: None, .. }))
    );
}

#[test]
fn a_restricted_masters_words_do_not_reach_open_slaves() {
    let mut w = World::new();
    let (master, one, _) = family(&mut w);
    w.must(
        master,
        Command::SetVisibility(Visibility::Restricted),
        &sam(),
    );
    let answer = w.reply();
    assert_eq!(w.must(master, answer, &sam()).len(), 1);
    w.must(master, solve(), &sam());
    assert_eq!(
        w.ticket(one).solution.as_ref().unwrap().text,
        "It was handled together with ticket #1."
    );
    let restricted = w.in_progress();
    w.must(
        restricted,
        Command::SetVisibility(Visibility::Restricted),
        &sam(),
    );
    let open = w.assigned();
    w.in_the_way(restricted, relate(MasterOf, open), &sam());
}

#[test]
fn a_tie_to_a_ticket_one_may_not_see_says_nothing_about_it() {
    let mut w = World::new();
    let (mine, theirs) = (w.in_progress(), w.assigned());
    w.must(theirs, assign(COMPUTING), &fay());
    let hidden = w.refused(mine, relate(SeeAlso, theirs), &sam());
    let absent = w.refused(mine, relate(SeeAlso, TicketNumber(99)), &sam());
    assert_eq!(hidden.to_string().replace("#2", "#99"), absent.to_string());
    w.in_the_way(mine, w.merge_of(mine, theirs), &sam());
}

#[test]
fn cross_references_and_duplicates_are_kept_on_both() {
    let mut w = World::new();
    let (one, two, three) = (w.assigned(), w.assigned(), w.assigned());
    w.must(one, relate(SeeAlso, two), &sam());
    w.must(one, relate(SeeAlso, three), &sam());
    w.must(one, relate(DuplicateOf, two), &sam());
    assert_eq!(w.must(one, relate(DuplicateOf, two), &sam()), []);
    let has =
        |w: &World, t, kind, ticket| w.ticket(t).relations.contains(&Relation { kind, ticket });
    assert!(has(&w, two, SeeAlso, one));
    assert!(has(&w, two, RelationKind::DuplicatedBy, one));
    w.in_the_way(two, relate(DuplicateOf, one), &sam());
    w.must(two, unrelate(SeeAlso, one), &sam());
    assert!(!has(&w, one, SeeAlso, two));
    assert_eq!(w.must(two, unrelate(SeeAlso, one), &sam()), []);
    assert_eq!(
        w.invalid(one, relate(RelationKind::MergedInto, two), &sam()),
        "relation"
    );
    w.forbidden(one, relate(SeeAlso, two), &ann());
}
