//! From state and command to events.

use std::collections::BTreeMap;

use crate::access::Actor;
use crate::change::Change;
use crate::command::{Command, NewTicket, Refusal};
use crate::id::{Millis, PersonId, TicketNumber, UnitId};
use crate::ticket::Ticket;
use crate::triage::RuleSet;

/// What the rules need to know about a unit that a command names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFacts {
    /// Its id.
    pub id: UnitId,
    /// Its name, for refusals.
    pub name: String,
    /// 1, 2 or 3.
    pub level: i64,
    /// A retired unit takes no tickets.
    pub active: bool,
    /// It triages what is new.
    pub first_level: bool,
    /// Its members, for ownership.
    pub members: Vec<PersonId>,
}

/// Everything a decision may look at: the ticket, its relatives one step
/// away (and those a command names), the units concerned, the rules.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// Tickets by number.
    pub tickets: BTreeMap<TicketNumber, Ticket>,
    /// Units by id: the tickets' own and those that the command names.
    pub units: BTreeMap<UnitId, UnitFacts>,
}

/// A change and the ticket it happens to. A command on one ticket may change
/// others (cascades); they are listed in the order in which they happen.
#[derive(Debug, Clone, PartialEq)]
pub struct Caused {
    /// Which ticket.
    pub ticket: TicketNumber,
    /// What.
    pub change: Change,
}

impl Scene {
    /// Lets a change happen in the scene, so that the next decision sees it.
    /// A change of a ticket that is not in the scene is left out.
    pub fn apply(&mut self, caused: &Caused, at: Millis) {
        if let Some(ticket) = Ticket::opened(&caused.change, at) {
            self.tickets.insert(caused.ticket, ticket);
        } else if let Some(ticket) = self.tickets.get_mut(&caused.ticket) {
            ticket.apply(&caused.change, at);
        }
    }
}

/// Opens a ticket.
pub fn open(
    new: &NewTicket,
    actor: &Actor,
    scene: &Scene,
    rules: &RuleSet,
    now: Millis,
) -> Result<Vec<Caused>, Refusal> {
    let _ = (new, actor, scene, rules, now);
    Ok(Vec::new())
}

/// Decides a command.
pub fn decide(
    scene: &Scene,
    ticket: TicketNumber,
    command: &Command,
    actor: &Actor,
    rules: &RuleSet,
    now: Millis,
) -> Result<Vec<Caused>, Refusal> {
    let _ = (scene, ticket, command, actor, rules, now);
    Ok(Vec::new())
}
