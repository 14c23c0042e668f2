//! Ties between tickets (domain section 5). Every tie is kept on both.

use crate::change::Change;
use crate::command::Refusal;
use crate::decide::may::open_slave_of;
use crate::decide::stage::{Stage, invalid, list};
use crate::id::TicketNumber;
use crate::ticket::{Relation, RelationKind, Ticket, Visibility};

/// The kinds of which a ticket's status depends on the other's.
const BINDING: [RelationKind; 4] = [
    RelationKind::SlaveOf,
    RelationKind::MasterOf,
    RelationKind::ChildOf,
    RelationKind::ParentOf,
];

/// The tickets whose status hangs together with this one's.
pub(super) fn bound(ticket: &Ticket) -> Vec<TicketNumber> {
    ticket
        .relations
        .iter()
        .filter(|r| BINDING.contains(&r.kind))
        .map(|r| r.ticket)
        .collect()
}

/// Makes a tie.
pub(super) fn relate(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    kind: RelationKind,
    other: TicketNumber,
) -> Result<(), Refusal> {
    if number == other {
        return invalid("relation", "a ticket can not be tied to itself");
    }
    stage.require_see(other)?;
    let there = Relation {
        kind,
        ticket: other,
    };
    let exists = stage.ticket(number)?.relations.contains(&there);
    match kind {
        RelationKind::MasterOf | RelationKind::SlaveOf => {
            let (master, slave) = if kind == RelationKind::MasterOf {
                (number, other)
            } else {
                (other, number)
            };
            stage.require_work(slave)?;
            if exists {
                return Ok(());
            }
            check_slave(stage, master, slave)?;
            tie(stage, number, kind, other)?;
            stage.settle(slave)
        }
        RelationKind::ParentOf | RelationKind::ChildOf => {
            let (parent, child) = if kind == RelationKind::ParentOf {
                (number, other)
            } else {
                (other, number)
            };
            stage.require_work(parent)?;
            if exists {
                return Ok(());
            }
            check_child(stage, parent, child)?;
            tie(stage, number, kind, other)?;
            stage.settle(parent)
        }
        RelationKind::DuplicateOf | RelationKind::DuplicatedBy | RelationKind::SeeAlso => {
            stage.require_work(number)?;
            if exists {
                return Ok(());
            }
            not_merged(stage.ticket(other)?)?;
            let back = Relation {
                kind: kind.inverse(),
                ticket: other,
            };
            if stage.ticket(number)?.relations.contains(&back) {
                return Err(Refusal::Relation(format!(
                    "#{number} and #{other} are tied the other way round already"
                )));
            }
            tie(stage, number, kind, other)
        }
        RelationKind::MergedInto
        | RelationKind::MergedFrom
        | RelationKind::SplitFrom
        | RelationKind::SplitInto => {
            invalid("relation", "this tie comes only with merging and splitting")
        }
    }
}

/// A slave waits for its master, so neither may hang in another way.
fn check_slave(
    stage: &Stage<'_>,
    master: TicketNumber,
    slave: TicketNumber,
) -> Result<(), Refusal> {
    let (m, s) = (stage.ticket(master)?, stage.ticket(slave)?);
    for ticket in [m, s] {
        takes_ties(ticket)?;
        if !ticket.status.is_open() {
            return Err(Refusal::Relation(format!(
                "#{} is {}; master and slave must be open",
                ticket.number,
                ticket.status.label().to_lowercase()
            )));
        }
    }
    let slaves: Vec<_> = s.related(RelationKind::MasterOf).collect();
    if !slaves.is_empty() {
        return Err(Refusal::Relation(format!(
            "#{slave} is the master of {}; release them first",
            list(&slaves)
        )));
    }
    if bound(s).contains(&master) || is_below(stage, slave, master)? {
        return Err(Refusal::Relation(format!(
            "#{master} waits for #{slave}, so that one can not wait for it"
        )));
    }
    if m.visibility == Visibility::Restricted && s.visibility != Visibility::Restricted {
        return Err(Refusal::Relation(format!(
            "#{master} is restricted and its updates would be read on #{slave}"
        )));
    }
    Ok(())
}

/// A child has one parent, and a parent is not below its own child.
fn check_child(
    stage: &Stage<'_>,
    parent: TicketNumber,
    child: TicketNumber,
) -> Result<(), Refusal> {
    let (p, c) = (stage.ticket(parent)?, stage.ticket(child)?);
    takes_ties(p)?;
    takes_ties(c)?;
    if !p.status.is_open() {
        return Err(Refusal::Relation(format!(
            "#{parent} is {}; reopen it before it gets children",
            p.status.label().to_lowercase()
        )));
    }
    if let Some(other) = c.parent() {
        return Err(Refusal::Relation(format!(
            "#{child} is a child of #{other} already"
        )));
    }
    if bound(c).contains(&parent) || is_below(stage, parent, child)? {
        return Err(Refusal::Relation(format!(
            "#{child} waits for #{parent}, so that one can not wait for it"
        )));
    }
    Ok(())
}

/// Whether `number` is a child of `above`, or of a child of it, and so on.
fn is_below(stage: &Stage<'_>, number: TicketNumber, above: TicketNumber) -> Result<bool, Refusal> {
    let mut next = stage.ticket(number)?.parent();
    while let Some(parent) = next {
        if parent == above {
            return Ok(true);
        }
        next = stage.ticket(parent)?.parent();
    }
    Ok(false)
}

/// A ticket that may be tied so that statuses hang together.
fn takes_ties(ticket: &Ticket) -> Result<(), Refusal> {
    not_merged(ticket)?;
    if let Some(master) = open_slave_of(ticket) {
        return Err(Refusal::Relation(format!(
            "#{} is a slave of #{master}; release it first",
            ticket.number
        )));
    }
    if ticket.status.is_final() {
        return Err(Refusal::Relation(format!(
            "#{} is {}, which is final",
            ticket.number,
            ticket.status.label().to_lowercase()
        )));
    }
    Ok(())
}

/// A merged ticket lives on elsewhere.
pub(super) fn not_merged(ticket: &Ticket) -> Result<(), Refusal> {
    match ticket.merged_into() {
        None => Ok(()),
        Some(into) => Err(Refusal::Relation(format!(
            "#{} was merged into #{into}; name that one",
            ticket.number
        ))),
    }
}

/// Undoes a tie; whoever works on one of the two may.
pub(super) fn unrelate(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    kind: RelationKind,
    other: TicketNumber,
) -> Result<(), Refusal> {
    let there = Relation {
        kind,
        ticket: other,
    };
    match kind {
        RelationKind::MergedInto
        | RelationKind::MergedFrom
        | RelationKind::SplitFrom
        | RelationKind::SplitInto => {
            return invalid(
                "relation",
                "this tie goes only when the merge or the split is undone",
            );
        }
        _ => {}
    }
    if stage.require_work(number).is_err() {
        stage.require_work(other)?;
    }
    if !stage.ticket(number)?.relations.contains(&there) {
        return Ok(());
    }
    untie(stage, number, kind, other)?;
    if BINDING.contains(&kind) {
        stage.settle(number)?;
        stage.settle(other)?;
    }
    Ok(())
}

/// Frees a slave, or all slaves of a master.
pub(super) fn release(stage: &mut Stage<'_>, number: TicketNumber) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    if let Some(master) = ticket.master() {
        untie(stage, number, RelationKind::SlaveOf, master)?;
        return stage.settle(number);
    }
    let slaves: Vec<_> = ticket.related(RelationKind::MasterOf).collect();
    if slaves.is_empty() {
        return Err(Refusal::Relation(format!(
            "#{number} is neither a master nor a slave"
        )));
    }
    for slave in slaves {
        untie(stage, number, RelationKind::MasterOf, slave)?;
        stage.settle(slave)?;
    }
    Ok(())
}

/// Puts a tie on both tickets.
pub(super) fn tie(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    kind: RelationKind,
    other: TicketNumber,
) -> Result<(), Refusal> {
    for (on, relation) in both(number, kind, other) {
        stage.emit(on, Change::RelationAdded { relation })?;
    }
    Ok(())
}

/// Takes a tie off both tickets.
pub(super) fn untie(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    kind: RelationKind,
    other: TicketNumber,
) -> Result<(), Refusal> {
    for (on, relation) in both(number, kind, other) {
        stage.emit(on, Change::RelationRemoved { relation })?;
    }
    Ok(())
}

fn both(
    number: TicketNumber,
    kind: RelationKind,
    other: TicketNumber,
) -> [(TicketNumber, Relation); 2] {
    [
        (
            number,
            Relation {
                kind,
                ticket: other,
            },
        ),
        (
            other,
            Relation {
                kind: kind.inverse(),
                ticket: number,
            },
        ),
    ]
}
