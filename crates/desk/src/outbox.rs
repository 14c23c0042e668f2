//! The outbox as people see it: what is on its way, what did not arrive and why,
//! and what an administrator does about it. Bounces that come back end here, too.

use mail::{BouncedInfo, Incoming};
use serde_json::json;
use store::Conn;
use store::job::NewJob;
use store::outbox::{DeadAddress, Filter, Posting, STATES};
use switchboard_core::{Actor, Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::audit::{self, Subject};
use crate::follow::notices::deliver_later;
use crate::jobs::{DELIVER, UNDELIVERABLE};
use crate::view::load_worked_on;
use crate::{Desk, Error};

/// Most mails on one page.
pub const MAX_POSTINGS: i64 = 200;
/// Longest reason with which a mail is given up, in characters.
const LONGEST_REASON: usize = 500;

/// How the outbox stands, for those who watch over the desk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// For how long the oldest mail waits that is still on its way, milliseconds.
    pub oldest_waiting: Millis,
    /// Addresses at which nothing arrives any more.
    pub dead: i64,
}

/// Marks the address of a mail as dead and lets the support side know, once.
pub(crate) fn mark_dead(
    c: &mut Conn<'_>,
    mail: Uuid,
    address: &str,
    why: &str,
    now: Millis,
) -> Result<(), Error> {
    if store::outbox::mark_dead(c, address, why, now)? {
        store::job::enqueue(
            c,
            &NewJob {
                kind: UNDELIVERABLE,
                payload: mail.to_string(),
                run_at: now,
                unique_key: Some(format!("{UNDELIVERABLE}:{mail}")),
            },
        )?;
    }
    Ok(())
}

/// What the addresses that bounces come back to are signed for.
const BOUNCE: &str = "mail-bounce";

fn administers(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "only administrators may look after the outbox".into(),
    ))
}

impl Desk {
    fn bounce_secret(&self) -> Vec<u8> {
        self.0.secret.derive(BOUNCE)
    }

    /// The address that bounces of a mail come back to: signed, where the desk's
    /// own address leaves room for that.
    pub(crate) fn envelope_address(&self, mail: Uuid) -> String {
        let plain = &self.config().mail_address;
        mail::Address::parse(plain)
            .ok()
            .and_then(|desk| {
                mail::verp::envelope_address(&self.bounce_secret(), &desk, mail.as_u128())
            })
            .map_or_else(|| plain.clone(), |address| address.as_str().to_owned())
    }

    /// Since when a mail is being tried, when an administrator began anew.
    pub(crate) async fn trying_since(&self, mail: Uuid) -> Result<Option<Millis>, Error> {
        self.0
            .db
            .read(move |c| Ok(store::outbox::load(c, mail)?.and_then(|m| m.retried_at)))
            .await
    }

    /// Mails that fit, newest first; at most `limit` (1 to [`MAX_POSTINGS`] and one
    /// more, by which a page knows that there is another).
    ///
    /// # Errors
    /// When the actor is no administrator, or there is no such state.
    pub async fn outbox(
        &self,
        actor: &Actor,
        mut filter: Filter,
        limit: i64,
    ) -> Result<Vec<Posting>, Error> {
        administers(actor)?;
        if let Some(state) = &filter.state
            && !STATES.contains(&state.as_str())
        {
            return Err(Error::invalid(
                "state",
                format!("is not one of {}", STATES.join(", ")),
            ));
        }
        if let Some(text) = &filter.address {
            let address = crate::account::address("address", text)?;
            filter.address = Some(address.as_str().to_owned());
        }
        self.0
            .db
            .read(move |c| {
                store::outbox::find(c, &filter, limit.clamp(1, MAX_POSTINGS + 1))
                    .map_err(Error::from)
            })
            .await
    }

    /// One mail.
    ///
    /// # Errors
    /// [`Error::NotFound`], or when the actor is no administrator.
    pub async fn posting(&self, actor: &Actor, id: Uuid) -> Result<Posting, Error> {
        administers(actor)?;
        self.0
            .db
            .read(move |c| {
                store::outbox::load(c, id)?.ok_or_else(|| Error::not_found(format!("mail {id}")))
            })
            .await
    }

    /// Tries a mail again at once, for another five days.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it was sent, is being sent, or its text is gone.
    pub async fn retry_mail(&self, actor: &Actor, id: Uuid) -> Result<Posting, Error> {
        administers(actor)?;
        let (now, who) = (self.now(), actor.clone());
        let mail = self
            .0
            .db
            .write(move |c| {
                let mail = store::outbox::load(c, id)?
                    .ok_or_else(|| Error::not_found(format!("mail {id}")))?;
                if !store::outbox::retry(c, id, now)? {
                    return Err(Error::Conflict(match mail.state.as_str() {
                        "sent" => "this mail was sent".into(),
                        "sending" => "this mail is being sent just now".into(),
                        _ => "the text of this mail is not kept any more".into(),
                    }));
                }
                if !store::job::hurry(c, &format!("{DELIVER}:{id}"), now)? {
                    deliver_later(c, id, now)?;
                }
                audit::record(
                    c,
                    &who,
                    now,
                    "mail.retried",
                    &Subject::Other("mail", id),
                    &json!({"address": mail.address}),
                )?;
                store::outbox::load(c, id)?.ok_or_else(|| Error::not_found(format!("mail {id}")))
            })
            .await?;
        self.wake();
        Ok(mail)
    }

    /// Gives a mail up: it is not tried any more.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a reason; [`Error::Conflict`] when it is over or
    /// being sent.
    pub async fn give_up_mail(
        &self,
        actor: &Actor,
        id: Uuid,
        reason: &str,
    ) -> Result<Posting, Error> {
        administers(actor)?;
        let reason = reason.trim().to_owned();
        if reason.is_empty() {
            return Err(Error::invalid(
                "reason",
                "say why; it is kept beside the mail",
            ));
        }
        if reason.chars().count() > LONGEST_REASON {
            return Err(Error::invalid(
                "reason",
                format!("is longer than {LONGEST_REASON} characters"),
            ));
        }
        if reason.contains('\0') {
            return Err(Error::invalid("reason", "has a NUL character in it"));
        }
        let (now, who) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let mail = store::outbox::load(c, id)?
                    .ok_or_else(|| Error::not_found(format!("mail {id}")))?;
                let why = format!("given up by {}: {reason}", who.name);
                if !store::outbox::give_up(c, id, &why)? {
                    return Err(Error::Conflict(match mail.state.as_str() {
                        "sending" => "this mail is being sent just now".into(),
                        "sent" => "this mail was sent".into(),
                        _ => "this mail is over already".into(),
                    }));
                }
                audit::record(
                    c,
                    &who,
                    now,
                    "mail.given_up",
                    &Subject::Other("mail", id),
                    &json!({"address": mail.address, "reason": reason}),
                )?;
                store::outbox::load(c, id)?.ok_or_else(|| Error::not_found(format!("mail {id}")))
            })
            .await
    }

    /// Addresses at which nothing arrives any more, the newest first, at most 200.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn dead_addresses(&self, actor: &Actor) -> Result<Vec<DeadAddress>, Error> {
        administers(actor)?;
        self.0
            .db
            .read(|c| store::outbox::dead(c, MAX_POSTINGS).map_err(Error::from))
            .await
    }

    /// Takes the mark from an address: mail arrives there again.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it has none.
    pub async fn revive_address(&self, actor: &Actor, address: &str) -> Result<(), Error> {
        administers(actor)?;
        let address = crate::account::address("address", address)?
            .as_str()
            .to_owned();
        let (now, who) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                if !store::outbox::revive_address(c, &address)? {
                    return Err(Error::not_found("this address among those that are dead"));
                }
                audit::record(
                    c,
                    &who,
                    now,
                    "mail.address_revived",
                    &Subject::Setting("mail-addresses".into()),
                    &json!({"address": address}),
                )
            })
            .await
    }

    /// The mails of a ticket that have not arrived, and those that are given up, newest
    /// first, for those who work on it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a ticket that the actor may not see, and
    /// [`Error::Forbidden`] for one that they do not work on.
    pub async fn mails_of(
        &self,
        actor: &Actor,
        number: TicketNumber,
        in_trouble: bool,
    ) -> Result<Vec<Posting>, Error> {
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                let refusal = "who was mailed is for those who work on it";
                load_worked_on(c, &actor, number, refusal)?;
                let filter = Filter {
                    ticket: Some(number),
                    in_trouble,
                    ..Filter::default()
                };
                Ok(store::outbox::find(c, &filter, MAX_POSTINGS)?)
            })
            .await
    }

    /// What of a person's mail has not arrived, newest first, and which of their
    /// addresses are dead.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn mail_trouble(
        &self,
        actor: &Actor,
        person: PersonId,
        addresses: Vec<String>,
    ) -> Result<(Vec<Posting>, Vec<DeadAddress>), Error> {
        administers(actor)?;
        self.0
            .db
            .read(move |c| {
                let filter = Filter {
                    person: Some(person),
                    in_trouble: true,
                    ..Filter::default()
                };
                let mails = store::outbox::find(c, &filter, 20)?;
                Ok((mails, store::outbox::dead_among(c, &addresses)?))
            })
            .await
    }

    /// How the outbox stands.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn outbox_standing(&self) -> Result<Standing, Error> {
        let now = self.now();
        self.0
            .db
            .read(move |c| {
                Ok(Standing {
                    oldest_waiting: store::outbox::oldest_waiting(c)?
                        .map_or(0, |since| (now - since).max(0)),
                    dead: store::outbox::dead_count(c)?,
                })
            })
            .await
    }

    /// What a mail that says that one of ours did not arrive does: the state of that
    /// mail follows, and an address at which nothing arrives any more is marked.
    /// Which mail it was is believed by its signed envelope address, or by its
    /// Message-ID, which only those know who got or carried it. `false`: it is
    /// none of ours.
    ///
    /// # Errors
    /// When the database can not be read or written.
    pub(crate) async fn note_bounce(
        &self,
        bounce: &Incoming,
        info: Option<&BouncedInfo>,
    ) -> Result<bool, Error> {
        let desk = mail::Address::parse(&self.config().mail_address)
            .map_err(|e| Error::Internal(format!("the desk's own address: {e}")))?;
        let before = self.0.secret.derive_before(BOUNCE, self.now());
        let signed = std::iter::once(self.bounce_secret())
            .chain(before)
            .find_map(|secret| mail::verp::returned_mail(&secret, &desk, bounce));
        let info = info.cloned().unwrap_or_default();
        let now = self.now();
        let noted = self
            .0
            .db
            .write(move |c| {
                let mail = match (signed, &info.original_message_id) {
                    (Some(id), _) => store::outbox::load(c, Uuid::from_u128(id))?,
                    (None, Some(id)) => store::outbox::by_message_id(c, id)?,
                    (None, None) => None,
                };
                let Some(mail) = mail else {
                    return Ok(false);
                };
                let said = match (&info.status, &info.action) {
                    (Some(status), Some(action)) => format!("{action} ({status})"),
                    (Some(status), None) => format!("failed ({status})"),
                    (None, Some(action)) => action.clone(),
                    (None, None) => "failed".to_owned(),
                };
                match info.action.as_deref() {
                    // It arrived, or went on to where nobody reports from.
                    Some("delivered" | "relayed" | "expanded") => {}
                    Some("delayed") => {
                        let why = format!("a server on the way says that it is late: {said}");
                        store::outbox::late(c, mail.id, &why)?;
                    }
                    _ if info.is_permanent() || info.action.as_deref() == Some("failed") => {
                        let why = format!("it came back: {said}");
                        store::outbox::returned(c, mail.id, "failed", &why)?;
                        if info.is_dead_address() {
                            mark_dead(c, mail.id, &mail.address, &why, now)?;
                        }
                    }
                    _ => {
                        let why = format!("a server on the way says that it is late: {said}");
                        store::outbox::late(c, mail.id, &why)?;
                    }
                }
                Ok::<_, Error>(true)
            })
            .await?;
        self.wake();
        Ok(noted)
    }
}
