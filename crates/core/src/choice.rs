//! How somebody wants to hear of what happens: at once, gathered, or not at all.
//!
//! The matrix ([`crate::notify`]) says who is told of what; this says how each of
//! them wants it. One human still gets one thing for one event: the strongest of
//! what they chose for its kinds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{PersonId, UnitId};
use crate::notify::{Notice, Reason, Told};
use crate::ticket::{PartyRole, Ticket, TicketType};
use crate::triage::SecurityRisk;

/// By which way a notice comes, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Not at all.
    Nothing,
    /// Gathered in one mail a day or week.
    Digest,
    /// By a mail of its own, at once.
    Mail,
}

impl How {
    /// All of them.
    pub const ALL: [How; 3] = [How::Mail, How::Digest, How::Nothing];

    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            How::Nothing => "nothing",
            How::Digest => "digest",
            How::Mail => "mail",
        }
    }

    /// Reads the word.
    pub fn parse(key: &str) -> Option<How> {
        How::ALL.into_iter().find(|h| h.key() == key)
    }
}

/// What a choice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Tickets of this unit, in whatever part at work.
    Unit(UnitId),
    /// Tickets that they asked for themselves, are Cc of or follow.
    Own,
    /// All other tickets: as first level, monitor, or drawn in.
    Other,
}

/// What somebody chose. Where nothing is chosen, a mail comes at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choices {
    /// The choices.
    pub chosen: BTreeMap<(Scope, Told), How>,
    /// The units that they are in: for tickets of others, [`Scope::Other`] holds.
    pub units: Vec<UnitId>,
}

impl Choices {
    fn of(&self, scope: Scope, told: Told) -> How {
        *self.chosen.get(&(scope, told)).unwrap_or(&How::Mail)
    }

    /// The same, and of the tickets of this scope nothing.
    #[must_use]
    pub fn without(&self, scope: Scope) -> Choices {
        let mut less = self.clone();
        for told in Told::ALL {
            less.chosen.insert((scope, told), How::Nothing);
        }
        less
    }
}

/// What comes at once whatever was chosen. To who asked: the number by which they
/// find their ticket again, that only their answer is missing, also when they are
/// reminded of it, and the solution, which closes by itself. To those who work: an alarm,
/// and what endangers security now. To who is on duty what nobody else hears of.
fn can_not_wait(person: PersonId, reason: Reason, told: Told, ticket: &Ticket) -> bool {
    let asks = matches!(
        told,
        Told::Opened | Told::Asked | Told::Solution | Told::Reminded
    );
    let pressing =
        ticket.kind == TicketType::Alarm || ticket.facts.security_risk == SecurityRisk::Imminent;
    let on_duty = matches!(reason, Reason::Duty | Reason::FirstLevelDuty);
    let works = !matches!(reason, Reason::Requester | Reason::Cc | Reason::Subscriber);
    (asks && ticket.requester == person)
        || (on_duty && told != Told::Fields)
        || (pressing
            && works
            && matches!(
                told,
                Told::Opened | Told::Assigned | Told::Reopened | Told::Escalated
            ))
}

/// What holds for somebody who is told for this reason.
fn scope(reason: Reason, ticket: &Ticket, choices: &Choices) -> Scope {
    match reason {
        Reason::Requester | Reason::Cc | Reason::Subscriber => Scope::Own,
        _ if choices.units.contains(&ticket.unit) => Scope::Unit(ticket.unit),
        _ => Scope::Other,
    }
}

/// How a notice about a ticket reaches somebody who chose so: the strongest of what
/// they chose for what it tells. Who asked, was added or follows, and works on it too,
/// has the choices of both sides.
pub fn how(notice: &Notice, person: PersonId, ticket: &Ticket, choices: &Choices) -> How {
    let scope = scope(notice.reason, ticket, choices);
    let theirs = ticket.requester == person
        || ticket
            .parties
            .iter()
            .any(|p| p.person == person && matches!(p.role, PartyRole::Cc | PartyRole::Subscriber));
    notice
        .kinds
        .iter()
        .map(|told| {
            if can_not_wait(person, notice.reason, *told, ticket) {
                return How::Mail;
            }
            let chosen = choices.of(scope, *told);
            match told {
                // What those beside the ticket are told of, too.
                Told::Opened | Told::Entry | Told::Asked | Told::Solution if theirs => {
                    chosen.max(choices.of(Scope::Own, *told))
                }
                _ => chosen,
            }
        })
        .max()
        .unwrap_or(How::Nothing)
}

/// By giving up the mails of which scope a notice would not have come: what a link to
/// be rid of such mails has to name. `None`: it comes whatever is chosen, or was written
/// to them as one of the ticket and not to the members of a unit.
pub fn undone_by(
    notice: &Notice,
    person: PersonId,
    ticket: &Ticket,
    choices: &Choices,
) -> Option<Scope> {
    let scope = scope(notice.reason, ticket, choices);
    let less = choices.without(scope);
    (scope != Scope::Own && how(notice, person, ticket, &less) == How::Nothing).then_some(scope)
}
