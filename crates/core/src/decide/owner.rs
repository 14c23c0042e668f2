//! The unit that holds a ticket, and who of it works on it.

use crate::change::Change;
use crate::command::Refusal;
use crate::decide::stage::{Stage, With, invalid};
use crate::id::{PersonId, TicketNumber, UnitId};
use crate::status::Status;
use crate::ticket::{Hold, Ticket};

/// Gives the ticket to a unit: *assigned* again, from any open status, and
/// nobody's.
///
/// A parent with open children stays on hold: its new unit is told, and gets it
/// back when the last child is solved. So does a slave, which follows its master.
pub(super) fn assign(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    unit: UnitId,
    reason: Option<&str>,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    let old = ticket.unit;
    let Some(facts) = stage.unit(unit) else {
        return invalid("unit", "there is no such unit");
    };
    if old == unit {
        return Ok(());
    }
    if !facts.active {
        return invalid(
            "unit",
            format!("{} is retired; name its successor", facts.name),
        );
    }
    open_or(ticket, "be given to a unit")?;
    let reason = reason.map(str::trim).filter(|r| !r.is_empty());
    if reason.is_none() && !stage.access(number)?.may_assign_without_reason() {
        return invalid(
            "reason",
            "must say why the ticket is handed on, for the next unit",
        );
    }
    let owner = ticket.owner;
    let keeps_hold = matches!(ticket.hold, Some(Hold::Children | Hold::Master { .. }));
    stage.emit(
        number,
        Change::UnitSet {
            old,
            new: unit,
            reason: reason.map(str::to_owned),
        },
    )?;
    if owner.is_some() {
        stage.emit(
            number,
            Change::OwnerSet {
                old: owner,
                new: None,
            },
        )?;
    }
    if keeps_hold {
        return Ok(());
    }
    stage.set_status(number, Status::Assigned, With::default())
}

/// Gives or takes the owner. An owner is a member of the unit; a ticket *in
/// progress* that nobody owns any more is *assigned* again.
pub(super) fn set(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    owner: Option<PersonId>,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    let old = ticket.owner;
    if old == owner {
        return Ok(());
    }
    open_or(ticket, "change its owner")?;
    if let Some(person) = owner {
        let Some(unit) = stage.unit(ticket.unit) else {
            return invalid("owner", "the ticket's unit is not at hand");
        };
        if !unit.members.contains(&person) {
            return invalid("owner", format!("must be a member of {}", unit.name));
        }
    }
    let was_in_progress = ticket.status == Status::InProgress;
    stage.emit(number, Change::OwnerSet { old, new: owner })?;
    if owner.is_none() && was_in_progress {
        stage.resume(number)?;
    }
    Ok(())
}

/// Most commands are for open tickets only.
pub(super) fn open_or(ticket: &Ticket, wish: &'static str) -> Result<(), Refusal> {
    if ticket.status.is_open() {
        return Ok(());
    }
    Err(Refusal::Status {
        from: ticket.status,
        wish,
        hint: "reopen it first".to_owned(),
    })
}
