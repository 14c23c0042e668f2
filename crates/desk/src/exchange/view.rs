//! The exchange as those see it who look after it, and what they can do.

use serde_json::json;
use store::agreement::Agreement;
use store::coupling::{Coupling, State};
use store::exchange::{Dead, Line, Sums};
use switchboard_core::exchange::Stage;
use switchboard_core::{Actor, Millis, TicketNumber};
use uuid::Uuid;

use super::host;
use crate::audit::{self, Subject};
use crate::{Desk, Error};

/// Dead letters that are shown.
const MOST_DEAD: i64 = 200;
/// Lines of a ticket that are shown.
const MOST_LINES: i64 = 500;

/// A coupling with how it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Coupled {
    /// The service whose tickets travel, by name.
    pub service: String,
    /// The agreement.
    pub agreement: Agreement,
    /// How far the exchange has come.
    pub coupling: Coupling,
    /// Its links together.
    pub sums: Sums,
}

impl Coupled {
    /// How long the oldest thing waits that is to go there; 0: nothing does.
    pub fn lag(&self, now: Millis) -> Millis {
        self.sums.waiting_since.map_or(0, |since| now - since)
    }
}

/// A dead letter, with where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// It.
    pub dead: Dead,
    /// The ticket.
    pub ticket: TicketNumber,
    /// The system, by its host.
    pub system: String,
}

/// A ticket's counterpart in another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterpart {
    /// The link's id.
    pub id: Uuid,
    /// The kind of system, a word of the onboarding form.
    pub kind: String,
    /// The system, by its host.
    pub system: String,
    /// Its number there.
    pub there: Option<String>,
    /// Nothing goes there any more.
    pub ended: bool,
    /// They are responsible: their status counts.
    pub theirs: bool,
    /// Their word for how it stands.
    pub status: Option<String>,
    /// Who works on it there.
    pub owner: Option<String>,
    /// What is to be done there.
    pub waiting: i64,
    /// What will not be done unless somebody says so.
    pub dead: i64,
    /// The last failure, until something succeeds.
    pub error: Option<String>,
    /// When something last went there.
    pub sent_at: Option<Millis>,
    /// When something last came from there.
    pub came_at: Option<Millis>,
    /// What went where and why.
    pub lines: Vec<Line>,
}

fn admin(actor: &Actor) -> Result<(), Error> {
    if actor.admin {
        return Ok(());
    }
    Err(Error::Forbidden(
        "administrators look after the exchange".into(),
    ))
}

impl Desk {
    /// Every coupling, and what is dead.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators.
    pub async fn exchange(&self, actor: &Actor) -> Result<(Vec<Coupled>, Vec<DeadLetter>), Error> {
        admin(actor)?;
        let catalogue = self.catalogue().await?;
        self.0
            .db
            .read(move |c| {
                let mut coupled = Vec::new();
                for coupling in store::coupling::all(c)? {
                    let Some(agreement) = store::agreement::load(c, coupling.agreement)? else {
                        continue;
                    };
                    let sums = store::exchange::sums(c, coupling.agreement)?;
                    if agreement.closed_at.is_some() && sums.links == 0 {
                        continue;
                    }
                    coupled.push(Coupled {
                        service: catalogue
                            .service(agreement.service)
                            .map_or_else(String::new, |s| s.name.clone()),
                        agreement,
                        coupling,
                        sums,
                    });
                }
                let mut letters = Vec::new();
                for dead in store::exchange::dead(c, MOST_DEAD)? {
                    let Some(link) = store::exchange::load(c, dead.link)? else {
                        continue;
                    };
                    let agreement = store::agreement::load(c, link.agreement)?;
                    letters.push(DeadLetter {
                        ticket: link.ticket,
                        system: agreement
                            .and_then(|a| a.endpoint)
                            .map_or_else(String::new, |e| host(&e).to_owned()),
                        dead,
                    });
                }
                Ok((coupled, letters))
            })
            .await
    }

    /// A ticket's counterparts in other systems, for the support side.
    ///
    /// # Errors
    /// [`Error::NotFound`] for those who may not see the ticket;
    /// [`Error::Forbidden`] for its requester.
    pub async fn counterparts(
        &self,
        actor: &Actor,
        number: TicketNumber,
    ) -> Result<Vec<Counterpart>, Error> {
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                let ticket = store::ticket::load(c, number)?
                    .ok_or_else(|| Error::not_found(format!("ticket {number}")))?;
                let access = switchboard_core::Access::of(&actor, &ticket);
                if !access.may_see() {
                    return Err(Error::not_found(format!("ticket {number}")));
                }
                if !access.may_note() {
                    return Err(Error::Forbidden(
                        "the support side sees how a ticket travels".into(),
                    ));
                }
                let mut found = Vec::new();
                for link in store::exchange::of_ticket(c, number)? {
                    let agreement = store::agreement::load(c, link.agreement)?;
                    let agreement = agreement.ok_or_else(|| Error::not_found("that agreement"))?;
                    let there = link.shared.baton().holder().clone();
                    let field = switchboard_core::exchange::Field::Status;
                    found.push(Counterpart {
                        id: link.id,
                        kind: agreement.system.unwrap_or_default(),
                        system: host(&agreement.endpoint.unwrap_or_default()).to_owned(),
                        theirs: there != link.shared.ticket().desk,
                        status: link.tie.fields.get(&field).and_then(|f| f.raw.clone()),
                        there: link.tie.there.clone(),
                        ended: link.stage == Stage::Ended,
                        owner: link.owner_there.clone(),
                        waiting: link.waiting,
                        dead: link.dead,
                        error: link.error.clone(),
                        sent_at: link.sent_at,
                        came_at: link.came_at,
                        lines: store::exchange::lines(c, link.id, MOST_LINES)?,
                    });
                }
                Ok(found)
            })
            .await
    }

    /// Lets tickets travel under an agreement, or not for now: what happens
    /// meanwhile waits.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators.
    pub async fn set_coupling(
        &self,
        actor: &Actor,
        agreement: Uuid,
        on: bool,
    ) -> Result<(), Error> {
        admin(actor)?;
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let known = store::coupling::load(c, agreement)?
                    .ok_or_else(|| Error::not_found("that coupling"))?;
                let state = if on { State::On } else { State::Paused };
                if known.state == state {
                    return Ok(());
                }
                store::coupling::set_state(c, agreement, state, now)?;
                let action = if on {
                    "exchange.resumed"
                } else {
                    "exchange.paused"
                };
                let subject = Subject::Other("agreement", agreement);
                audit::record(c, &actor, now, action, &subject, &json!({}))
            })
            .await?;
        self.wake();
        Ok(())
    }

    /// Tries a dead letter again.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; [`Error::NotFound`] when
    /// it is none any more.
    pub async fn retry_exchange(&self, actor: &Actor, dead: Uuid) -> Result<(), Error> {
        admin(actor)?;
        let (desk, actor, now) = (self.clone(), actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let none = || Error::not_found("that dead letter");
                let dead = store::exchange::dead_letter(c, dead)?.ok_or_else(none)?;
                let ticket = super::round::again(c, &desk, &dead, now)?.ok_or_else(none)?;
                let subject = Subject::Other("agreement", dead.link);
                let detail = json!({"ticket": ticket, "what": dead.what, "why": dead.why});
                audit::record(c, &actor, now, "exchange.retried", &subject, &detail)
            })
            .await?;
        self.wake();
        Ok(())
    }
}
