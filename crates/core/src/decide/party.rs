//! Who else is on a ticket.

use crate::change::Change;
use crate::command::Refusal;
use crate::decide::stage::{Stage, invalid};
use crate::id::{PersonId, TicketNumber};
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

/// The site has another contact. Who asked stays on their side, also as a contact.
pub(super) fn site_contact(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    old: Option<PersonId>,
    new: Option<PersonId>,
) -> Result<(), Refusal> {
    let contact = |person: PersonId| Party {
        person,
        role: PartyRole::Site,
    };
    let ticket = stage.ticket(number)?;
    let on_it = |party: &Party| ticket.parties.contains(party);
    let goes = old.filter(|_| old != new).map(contact).filter(on_it);
    let comes = new
        .filter(|person| *person != ticket.requester)
        .map(contact)
        .filter(|party| !on_it(party));
    if let Some(party) = goes {
        stage.emit(number, Change::PartyRemoved { party })?;
    }
    match comes {
        Some(party) => stage.emit(number, Change::PartyAdded { party }),
        None => Ok(()),
    }
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
