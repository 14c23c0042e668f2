//! Mails that became no entry, for administrators: those that were set aside and those that
//! were suppressed. Somebody looks at one, and takes it by hand where the rules were wrong.

use mail::Limits;
use serde_json::json;
use store::mail::Incoming as Stored;
use switchboard_core::{Actor, Millis, TicketNumber};
use uuid::Uuid;

use super::Fate;
use crate::audit::{self, Subject};
use crate::{Desk, Error};

/// Mails by hand are read within limits so many times as high.
const HIGHER: usize = 8;

/// A mail that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingMail {
    /// Its id.
    pub id: Uuid,
    /// When it came.
    pub received_at: Millis,
    /// By which way: `imap`, `lmtp`, `file`.
    pub channel: String,
    /// The mailbox by which it came, while there is one.
    pub mailbox: Option<String>,
    /// `From`, as it was written.
    pub sender: String,
    /// Its subject.
    pub subject: String,
    /// Its octets.
    pub size: i64,
    /// `taken`, `entry`, `suppressed` or `quarantined`.
    pub state: String,
    /// Why it is no entry.
    pub reason: Option<String>,
    /// The ticket that it became part of.
    pub ticket: Option<TicketNumber>,
}

impl IncomingMail {
    fn of(stored: Stored, mailboxes: &[store::mailbox::Mailbox]) -> IncomingMail {
        let by = |id: Uuid| mailboxes.iter().find(|m| m.id == id);
        IncomingMail {
            id: stored.id,
            received_at: stored.received_at,
            channel: stored.channel,
            mailbox: stored.mailbox.and_then(by).map(|m| m.address.clone()),
            sender: stored.sender.unwrap_or_default(),
            subject: stored.subject,
            size: stored.size,
            state: stored.state,
            reason: stored.reason,
            ticket: stored.ticket,
        }
    }

    /// It became no entry, and can be taken by hand.
    pub fn is_aside(&self) -> bool {
        matches!(self.state.as_str(), "quarantined" | "suppressed")
    }
}

/// Limits for a mail that somebody looked at.
pub(super) fn higher() -> Limits {
    let usual = Limits::default();
    Limits {
        message_bytes: usual.message_bytes.saturating_mul(HIGHER),
        header_bytes: usual.header_bytes.saturating_mul(HIGHER),
        header_fields: usual.header_fields.saturating_mul(HIGHER),
        addresses: usual.addresses.saturating_mul(HIGHER),
        // Others read no deeper either.
        depth: usual.depth.saturating_mul(2),
        parts: usual.parts.saturating_mul(HIGHER),
        decoded_bytes: usual.decoded_bytes.saturating_mul(HIGHER),
        text_bytes: usual.text_bytes,
    }
}

fn check_admin(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "only administrators see the mails that came in".into(),
    ))
}

impl Desk {
    /// Mails that came in, newest first: in a state, or all that became no entry.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn incoming_mails(
        &self,
        actor: &Actor,
        state: Option<&str>,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<IncomingMail>, Error> {
        check_admin(actor)?;
        let state = state.map(str::to_owned);
        self.0
            .db
            .read(move |c| {
                let states = match &state {
                    Some(one) => vec![one.as_str()],
                    None => vec!["quarantined", "suppressed"],
                };
                let found = store::mail::find_incoming(c, &states, before, limit)?;
                let mailboxes = store::mailbox::all(c)?;
                Ok(found
                    .into_iter()
                    .map(|one| IncomingMail::of(one, &mailboxes))
                    .collect())
            })
            .await
    }

    /// One of them.
    ///
    /// # Errors
    /// When there is none, or the actor is no administrator.
    pub async fn incoming_mail(&self, actor: &Actor, id: Uuid) -> Result<IncomingMail, Error> {
        check_admin(actor)?;
        self.0
            .db
            .read(move |c| {
                let found = store::mail::incoming(c, id)?;
                let found = found.ok_or_else(|| Error::not_found("such mail"))?;
                Ok(IncomingMail::of(found, &store::mailbox::all(c)?))
            })
            .await
    }

    /// The bytes of a mail that became no entry, as they came. Who looks is noted.
    ///
    /// # Errors
    /// When there is none, or the actor is no administrator.
    pub async fn incoming_bytes(&self, actor: &Actor, id: Uuid) -> Result<Vec<u8>, Error> {
        check_admin(actor)?;
        let (now, by) = (self.now(), actor.clone());
        let name = self
            .0
            .db
            .write(move |c| {
                let found = store::mail::incoming(c, id)?
                    .filter(|m| matches!(m.state.as_str(), "quarantined" | "suppressed"))
                    .ok_or_else(|| Error::not_found("such mail"))?;
                let subject = Subject::Other("mail", id);
                audit::record(c, &by, now, "mail.looked_at", &subject, &json!({}))?;
                Ok::<_, Error>(found.raw)
            })
            .await?;
        let blobs = self.0.blobs.clone();
        tokio::task::spawn_blocking(move || {
            blobs
                .get(&name)?
                .ok_or_else(|| Error::Internal("the bytes of a mail are missing".into()))
        })
        .await
        .map_err(|e| Error::Internal(format!("file store: {e}")))?
    }

    /// Takes a mail that became no entry after all: within higher limits, and whatever the
    /// rules say of machines. It is answered by nobody but people.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it is an entry already; when there is none, or the actor is
    /// no administrator.
    pub async fn take_by_hand(&self, actor: &Actor, id: Uuid) -> Result<Fate, Error> {
        check_admin(actor)?;
        let (now, by) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let found =
                    store::mail::incoming(c, id)?.ok_or_else(|| Error::not_found("such mail"))?;
                if found
                    .reason
                    .as_deref()
                    .is_some_and(|r| r.ends_with(super::IN_THE_MAILBOX))
                {
                    return Err(Error::Conflict(
                        "only its header is here: the whole of it is in the mailbox still".into(),
                    ));
                }
                if !store::mail::take_again(c, id)? {
                    return Err(Error::Conflict("that mail was taken already".into()));
                }
                let detail = json!({ "state": found.state });
                let subject = Subject::Other("mail", id);
                audit::record(c, &by, now, "mail.taken_by_hand", &subject, &detail)
            })
            .await?;
        if let Err(e) = self.decide(id, true).await {
            tracing::warn!(mail = %id, error = %e, "a mail could not be taken by hand");
        }
        let fate = self.mail_fate(id).await?;
        if fate == Fate::Taken {
            // Not to be lost between two looks: it is set aside again.
            self.decide_mail(id).await?;
            return self.mail_fate(id).await;
        }
        Ok(fate)
    }
}
