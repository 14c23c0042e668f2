//! Who else is on a ticket.

use crate::change::Change;
use crate::command::Refusal;
use crate::decide::stage::{Stage, invalid};
use crate::id::TicketNumber;
use crate::ticket::{Party, PartyRole};

/// Adds somebody. The requester is on the ticket already, and is never drawn in
/// on the support side: internal notes would reach them.
pub(super) fn add(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    party: Party,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    if ticket.parties.contains(&party) {
        return Ok(());
    }
    if ticket.requester == party.person {
        return match party.role {
            PartyRole::Cc | PartyRole::Subscriber => Ok(()),
            PartyRole::Involved | PartyRole::Site => invalid(
                "parties",
                "the requester can not be drawn in on the support side",
            ),
        };
    }
    stage.emit(number, Change::PartyAdded { party })
}

/// Removes somebody.
pub(super) fn remove(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    party: Party,
) -> Result<(), Refusal> {
    if !stage.ticket(number)?.parties.contains(&party) {
        return Ok(());
    }
    stage.emit(number, Change::PartyRemoved { party })
}
