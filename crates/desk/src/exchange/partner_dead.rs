//! What came from partner desks and can not be taken: kept whole and with why, until
//! somebody has it tried again or says that it need not be taken.

use serde_json::json;
use store::partner::{Dead, State};
use switchboard_core::exchange::{Batch, Change};
use switchboard_core::{Access, Actor, TicketNumber};
use uuid::Uuid;

use super::joint::{self, Road};
use super::partner::expect;
use super::partner_view::told;
use super::view::{admin, looks, reason};
use crate::audit::{self, Subject};
use crate::{Desk, Error};

/// Dead letters that are shown.
const MOST: i64 = 200;

/// A change of a partner that can not be taken, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// It.
    pub dead: Dead,
    /// The partner, as people call it.
    pub partner: String,
    /// The ticket here, if the change belongs to one.
    pub ticket: Option<TicketNumber>,
    /// The ticket's name between the desks, if it can be read.
    pub shared: Option<String>,
    /// What happened, in words; nothing of what was written.
    pub what: String,
}

fn none() -> Error {
    Error::not_found("that dead letter")
}

impl Desk {
    /// What came from partners and can not be taken, the oldest first; of tickets that the
    /// actor may not see nothing.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but first level and administrators.
    pub async fn foreign_dead(&self, actor: &Actor) -> Result<Vec<Foreign>, Error> {
        looks(actor)?;
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                let mut found = Vec::new();
                for dead in store::partner::dead(c, MOST)? {
                    let partner = expect(c, dead.partner)?.title;
                    let change: Option<Change> = serde_json::from_str(&dead.doc).ok();
                    let joint = match &change {
                        Some(change) => store::shared::load(c, &change.ticket)?,
                        None => None,
                    };
                    let ticket = joint.and_then(|j| j.ticket);
                    if let Some(number) = ticket {
                        let ticket = store::ticket::load(c, number)?;
                        if ticket.is_none_or(|t| !Access::of(&actor, &t).may_see()) {
                            continue;
                        }
                    }
                    found.push(Foreign {
                        partner,
                        ticket,
                        shared: change.as_ref().map(|c| c.ticket.to_string()),
                        what: change.map_or_else(
                            || "Something that can not be read".to_owned(),
                            |c| told(&c.deed),
                        ),
                        dead,
                    });
                }
                Ok(found)
            })
            .await
    }

    /// Has a change tried again that came and could not be taken: the agreement is another,
    /// or this desk is newer.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; [`Error::NotFound`] when it is none
    /// any more; [`Error::Conflict`] with why it still can not be taken.
    pub async fn retry_foreign(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        admin(actor)?;
        let (desk, me) = (self.clone(), self.exchange_name()?);
        let catalogue = self.catalogue().await?;
        let (actor, now) = (actor.clone(), self.now());
        let live = self
            .0
            .db
            .write(move |c| {
                let dead = store::partner::dead_letter(c, id)?.ok_or_else(none)?;
                let mut partner = expect(c, dead.partner)?;
                let still =
                    |why: String| Error::Conflict(format!("it still can not be taken: {why}"));
                if partner.state != State::Active {
                    let why = format!("{} is {}", partner.title, partner.state.key());
                    return Err(still(why));
                }
                let change: Change = serde_json::from_str(&dead.doc)
                    .map_err(|e| still(format!("it can not be read: {e}")))?;
                // By the same rules as when it came.
                let mut receiver = partner.receiver.clone();
                receiver.cursor = dead.place.saturating_sub(1);
                let batch = Batch {
                    from: dead.place,
                    changes: vec![change],
                };
                let received = receiver.receive(&me, batch, now);
                if let Some(letter) = received.dead.first() {
                    return Err(still(letter.why.to_string()));
                }
                let road = Road {
                    desk: &desk,
                    catalogue: &catalogue,
                    me: me.clone(),
                    now,
                };
                let mut live = Vec::new();
                for change in &received.take {
                    super::given::catch_up(c, &desk, &catalogue, now)?;
                    match joint::arrives(c, &road, &mut partner, change)? {
                        Ok(more) => live.extend(more),
                        Err(why) => return Err(still(why)),
                    }
                }
                store::partner::save(c, &partner)?;
                store::partner::unbury(c, id, now)?;
                let subject = Subject::Other("partner", partner.id);
                let detail = json!({"place": dead.place, "why": dead.why});
                audit::record(c, &actor, now, "exchange.retried", &subject, &detail)?;
                Ok(live)
            })
            .await?;
        self.announce(live);
        Ok(())
    }

    /// Says that a change that came and can not be taken need not be.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; names `reason` when it is missing;
    /// [`Error::NotFound`] when it is none any more.
    pub async fn give_up_foreign(&self, actor: &Actor, id: Uuid, why: &str) -> Result<(), Error> {
        admin(actor)?;
        let reason = reason(why)?;
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let dead = store::partner::dead_letter(c, id)?.ok_or_else(none)?;
                if !store::partner::unbury(c, id, now)? {
                    return Err(none());
                }
                let subject = Subject::Other("partner", dead.partner);
                let detail = json!({"place": dead.place, "why": dead.why, "reason": reason});
                audit::record(c, &actor, now, "exchange.given-up", &subject, &detail)
            })
            .await
    }
}
