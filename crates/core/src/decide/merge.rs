//! Merging two tickets and splitting one, and both undone.

use std::collections::BTreeSet;

use crate::change::Change;
use crate::command::Refusal;
use crate::decide::may::open_slave_of;
use crate::decide::relation::{bound, not_merged, tie, untie};
use crate::decide::stage::{Stage, With, invalid, list};
use crate::id::{EntryId, TicketNumber};
use crate::status::Status;
use crate::ticket::{
    BeforeMerge, MergedFrom, Party, PartyRole, RelationKind, Ticket, TicketType, Visibility,
};

/// Merges a ticket into another: entries go along, the requester and the
/// parties come on the target, and the ticket is *closed* and read-only until
/// [`unmerge`] puts everything back as it was.
pub(super) fn merge(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    target: TicketNumber,
    entries: &[EntryId],
) -> Result<(), Refusal> {
    if number == target {
        return invalid("target", "a ticket can not be merged into itself");
    }
    stage.require_see(target)?;
    stage.require_work(target)?;
    let (from, into) = (stage.ticket(number)?, stage.ticket(target)?);
    check_merge(from, into)?;
    each_once(entries)?;
    if usize::try_from(from.entries) != Ok(entries.len()) {
        return invalid(
            "entries",
            format!(
                "must be all {} entries of #{number}, not {}",
                from.entries,
                entries.len()
            ),
        );
    }

    let before = BeforeMerge {
        status: from.status,
        status_since: from.status_since,
        hold: from.hold.clone(),
        reminder: from.reminder,
        eta: from.eta,
        closed_at: from.closed_at,
        needs_reply: from.needs_reply,
        reminded: from.reminded,
        still_waiting: from.still_waiting,
        entries: entries.to_vec(),
    };
    // A question that an earlier merge brought is not the target's own.
    let own_question = into.needs_reply && !into.merged.iter().any(|m| m.raised_reply);
    let came = MergedFrom {
        ticket: number,
        entries: entries.to_vec(),
        parties: parties_of(from, into),
        raised_reply: from.needs_reply && !own_question,
    };
    stage.emit(
        number,
        Change::MergedAway {
            into: target,
            before,
        },
    )?;
    tie(stage, number, RelationKind::MergedInto, target)?;
    stage.set_status(number, Status::Closed, With::default())?;
    stage.emit(target, Change::MergedIn { from: came })
}

fn check_merge(from: &Ticket, into: &Ticket) -> Result<(), Refusal> {
    not_merged(into)?;
    let bound = bound(from);
    if !bound.is_empty() {
        return Err(Refusal::Relation(format!(
            "#{} is tied to {} as master, slave, parent or child; untie it first",
            from.number,
            list(&bound)
        )));
    }
    if let Some(master) = open_slave_of(into) {
        return Err(Refusal::Relation(format!(
            "#{} is a slave of #{master}; merge into that one",
            into.number
        )));
    }
    if into.status.is_final() || (from.status.is_open() && !into.status.is_open()) {
        return Err(Refusal::Relation(format!(
            "#{} is {}; an open ticket can only be merged into an open one",
            into.number,
            into.status.label().to_lowercase()
        )));
    }
    check_seen_by(from, into)?;
    if into.visibility == Visibility::Restricted && from.visibility != Visibility::Restricted {
        return Err(Refusal::Relation(format!(
            "#{} is restricted and the people on #{} would read it",
            into.number, from.number
        )));
    }
    Ok(())
}

/// Entries never move to a ticket that more people may see.
fn check_seen_by(from: &Ticket, into: &Ticket) -> Result<(), Refusal> {
    let width = |ticket: &Ticket| match ticket.visibility {
        Visibility::Restricted => 0,
        Visibility::Parties => 1,
        // A team is some of a community's people.
        Visibility::Community if ticket.kind == TicketType::Team => 2,
        Visibility::Community => 3,
    };
    let other_community = into.visibility == Visibility::Community
        && from.visibility == Visibility::Community
        && into.community.is_some()
        && into.community != from.community;
    if other_community {
        return Err(Refusal::Relation(format!(
            "#{} is open to another community than #{}; change its visibility first",
            into.number, from.number
        )));
    }
    if width(into) > width(from) {
        return Err(Refusal::Relation(format!(
            "#{} is seen by more people than #{}; change its visibility first",
            into.number, from.number
        )));
    }
    Ok(())
}

/// Who comes along: the requester as Cc, and everybody else as what they were,
/// unless the target has them of its own. The target's requester is never drawn
/// in on the support side.
fn parties_of(from: &Ticket, into: &Ticket) -> Vec<Party> {
    let brought: BTreeSet<Party> = into
        .merged
        .iter()
        .flat_map(|m| m.parties.iter().copied())
        .collect();
    let requester = Party {
        person: from.requester,
        role: PartyRole::Cc,
    };
    let all: BTreeSet<Party> = from
        .parties
        .iter()
        .copied()
        .chain([requester])
        .filter(|p| p.person != into.requester)
        .filter(|p| !into.parties.contains(p) || brought.contains(p))
        .collect();
    all.into_iter().collect()
}

/// Puts a merged ticket back: entries and parties leave the target, and the
/// ticket stands as it stood.
pub(super) fn unmerge(stage: &mut Stage<'_>, number: TicketNumber) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    let (Some(target), Some(before)) = (ticket.merged_into(), ticket.before_merge.clone()) else {
        return Err(Refusal::Relation(format!("#{number} is not merged")));
    };
    if stage.require_work(number).is_err() {
        stage.require_work(target)?;
    }
    let into = stage.ticket(target)?;
    if let Some(further) = into.merged_into() {
        return Err(Refusal::Relation(format!(
            "#{target} was merged into #{further} meanwhile; un-merge that first"
        )));
    }
    let Some(from) = into.merged.iter().find(|m| m.ticket == number).cloned() else {
        return Err(Refusal::Relation(format!(
            "#{target} does not know what came from #{number}"
        )));
    };
    stage.emit(target, Change::MergeUndone { from })?;
    untie(stage, number, RelationKind::MergedInto, target)?;
    stage.set_status(
        number,
        before.status,
        With {
            hold: before.hold.clone(),
            reminder: before.reminder,
            eta: before.eta,
        },
    )?;
    stage.emit(
        number,
        Change::CameBack {
            from: target,
            before,
        },
    )
}

/// Moves entries to a ticket that was just opened for them.
pub(super) fn split(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    new: TicketNumber,
    entries: &[EntryId],
) -> Result<(), Refusal> {
    if number == new {
        return invalid("new", "a ticket can not be split into itself");
    }
    let (from, into) = (stage.ticket(number)?, stage.ticket(new)?);
    if !is_fresh(into) {
        return Err(Refusal::Relation(format!(
            "#{new} was not just opened for this; merge the entries' ticket instead"
        )));
    }
    check_seen_by(from, into)?;
    if entries.is_empty() {
        return invalid("entries", "must name at least one entry");
    }
    each_once(entries)?;
    if usize::try_from(from.entries).is_ok_and(|all| entries.len() >= all) {
        return invalid("entries", "must leave the first entry where it is");
    }
    if let Some(merged) = from
        .merged
        .iter()
        .find(|m| m.entries.iter().any(|e| entries.contains(e)))
    {
        return Err(Refusal::Relation(format!(
            "these entries came from #{0}; un-merge #{0} instead",
            merged.ticket
        )));
    }
    let own = into.entries;
    stage.emit(
        number,
        Change::EntriesMoved {
            entries: entries.to_vec(),
            to: Some(new),
            own,
        },
    )?;
    stage.emit(
        new,
        Change::EntriesMoved {
            entries: entries.to_vec(),
            to: None,
            own,
        },
    )?;
    tie(stage, number, RelationKind::SplitInto, new)
}

/// Nothing but its opening has happened to it.
fn is_fresh(ticket: &Ticket) -> bool {
    matches!(ticket.status, Status::New | Status::Assigned)
        && ticket.entries <= 1
        && ticket.relations.is_empty()
        && ticket.owner.is_none()
}

/// Takes a split back: the entries return and the new ticket is *closed*.
pub(super) fn undo_split(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    new: TicketNumber,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    let Some(split) = ticket.splits.iter().find(|s| s.ticket == new).cloned() else {
        return Err(Refusal::Relation(format!(
            "#{new} was not split off #{number}"
        )));
    };
    let off = stage.ticket(new)?;
    not_merged(off)?;
    let moved = i64::try_from(split.entries.len()).unwrap_or(i64::MAX);
    let untouched = off.entries == split.own.saturating_add(moved)
        && bound(off).is_empty()
        && off.merged.is_empty()
        && off.splits.is_empty()
        && !off.status.is_final();
    if !untouched {
        return Err(Refusal::Relation(format!(
            "#{new} has a life of its own by now; merge it into #{number} instead"
        )));
    }
    stage.emit(
        new,
        Change::EntriesReturned {
            entries: split.entries.clone(),
            from: None,
        },
    )?;
    stage.emit(
        number,
        Change::EntriesReturned {
            entries: split.entries,
            from: Some(new),
        },
    )?;
    untie(stage, number, RelationKind::SplitInto, new)?;
    stage.set_status(new, Status::Closed, With::default())
}

fn each_once(entries: &[EntryId]) -> Result<(), Refusal> {
    let unique: BTreeSet<_> = entries.iter().collect();
    if unique.len() == entries.len() {
        return Ok(());
    }
    invalid("entries", "must name each entry once")
}
