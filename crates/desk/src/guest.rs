//! Following one ticket without signing in, by a signed link.

use switchboard_core::{Actor, Channel, Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::{Desk, Error};

/// How long a link works: 30 days.
pub const LINK_MS: Millis = 30 * 86_400_000;

/// Somebody who follows one ticket by a link. They have no rights beyond
/// their part in that ticket, whatever account they may also have.
#[derive(Debug, Clone)]
pub struct Guest {
    /// Who acts.
    pub actor: Actor,
    /// The only ticket the link is for.
    pub ticket: TicketNumber,
}

impl Desk {
    /// Somebody who asks without signing in, by the address they give; made
    /// known when they are not yet. They act without any rights, as nothing
    /// proves that the address is theirs.
    ///
    /// # Errors
    /// When the address is not one.
    pub async fn visitor(&self, email: &str, name: &str) -> Result<Actor, Error> {
        let address = crate::account::address("mail", email)?;
        let (fresh, now, name) = (PersonId(self.uuid()), self.now(), name.to_owned());
        let person = self
            .0
            .db
            .write(move |c| crate::account::find_or_make(c, fresh, &address, &name, now))
            .await?;
        if !person.active {
            return Err(Error::Forbidden("this address can not be used here".into()));
        }
        Ok(Actor::plain(person.id, person.name, Channel::Web))
    }

    /// The signed word in a link for one person and one ticket.
    pub fn follow_word(&self, ticket: TicketNumber, person: PersonId) -> String {
        let until = self.now() + LINK_MS;
        let text = format!("{ticket}.{}.{until}", person.0.simple());
        format!("{text}.{}", self.0.secret.sign("follow", &text))
    }

    /// The link for one person and one ticket, at the desk's address.
    pub fn follow_link(&self, ticket: TicketNumber, person: PersonId) -> String {
        self.follow_link_at(&self.0.config.public_url, ticket, person)
    }

    /// The link for one person and one ticket, at this address: the desk's, or
    /// that of the portal by which the ticket came.
    pub(crate) fn follow_link_at(
        &self,
        base: &str,
        ticket: TicketNumber,
        person: PersonId,
    ) -> String {
        format!("{base}/t/{}", self.follow_word(ticket, person))
    }

    /// Who a signed word stands for.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is not ours, or over, or the person
    /// is no longer active.
    pub async fn guest(&self, word: &str) -> Result<Guest, Error> {
        let wrong = || Error::Unauthenticated("this link is not valid (any more)".into());
        let (text, signature) = word.rsplit_once('.').ok_or_else(wrong)?;
        if !self.signed("follow", text, signature) {
            return Err(wrong());
        }
        let mut parts = text.split('.');
        let (Some(ticket), Some(person), Some(until), None) = (
            parts.next().and_then(|p| p.parse::<i64>().ok()),
            parts.next().and_then(|p| Uuid::try_parse(p).ok()),
            parts.next().and_then(|p| p.parse::<Millis>().ok()),
            parts.next(),
        ) else {
            return Err(wrong());
        };
        if until < self.now() {
            return Err(wrong());
        }
        let person = PersonId(person);
        Ok(Guest {
            actor: self.guest_actor(person).await?.ok_or_else(wrong)?,
            ticket: TicketNumber(ticket),
        })
    }

    /// Somebody without any rights but their part in a ticket; `None`: they are
    /// not active any more.
    pub(crate) async fn guest_actor(&self, person: PersonId) -> Result<Option<Actor>, Error> {
        let known = self
            .0
            .db
            .read(move |c| store::person::load(c, person).map_err(Error::from))
            .await?
            .filter(|p| p.active);
        Ok(known.map(|known| Actor::plain(person, known.name, Channel::Web)))
    }

    /// Mails a link to somebody who is on a ticket. The answer is the same
    /// whether they are or not.
    ///
    /// # Errors
    /// When the address is not one.
    pub async fn send_follow_link(&self, ticket: TicketNumber, email: &str) -> Result<(), Error> {
        let address = crate::account::address("mail", email)?;
        let text = address.as_str().to_owned();
        let found = self
            .0
            .db
            .read(move |c| {
                let Some(person) = store::person::by_email(c, &text)? else {
                    return Ok::<_, Error>(None);
                };
                let on_it = store::ticket::load(c, ticket)?.is_some_and(|t| {
                    t.requester == person.id || t.parties.iter().any(|p| p.person == person.id)
                });
                Ok(on_it.then_some(person))
            })
            .await?;
        if let Some(person) = found {
            self.mail_follow_link(ticket, person).await?;
        }
        Ok(())
    }
}
