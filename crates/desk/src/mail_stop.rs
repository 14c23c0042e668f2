//! Getting rid of mails by the link that they carry (RFC 2369; by one click RFC 8058).
//!
//! The link names a person and what they would hear nothing of any more, and is signed:
//! nobody makes one for somebody else. It changes one person's choices and nothing more,
//! so it does not end. Looking at it changes nothing, as programs look at links too. A
//! mail whose coming no choice prevents carries none.

use store::Conn;
use store::choice::Choice;
use switchboard_core::choice::{How, Scope};
use switchboard_core::notify::Told;
use switchboard_core::ticket::{Party, PartyRole};
use switchboard_core::{Channel, Command, PersonId, TicketNumber, UnitId};
use uuid::Uuid;

use crate::act::Step;
use crate::choice::{choices_of, scope_key};
use crate::letter::{self, About};
use crate::mail_text::Kind;
use crate::redirect::answer::lives_on;
use crate::{Catalogue, Desk, Error};

/// What somebody gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailStop {
    /// All mails about the tickets of a scope.
    Scope(Scope),
    /// The mail that gathers.
    Digest,
    /// All mails about one ticket, on which they are as Cc or which they follow. Who
    /// has no account has nothing else to choose by.
    Ticket(TicketNumber),
}

/// What a link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopLink {
    /// What is given up.
    pub stop: MailStop,
    /// The unit's name, where it is about one.
    pub unit: Option<String>,
    /// There are no such mails any more.
    pub stopped: bool,
}

/// What the signature of a link is for.
const PURPOSE: &str = "mail-stop";

impl MailStop {
    fn key(self) -> String {
        match self {
            MailStop::Scope(Scope::Unit(id)) => id.0.simple().to_string(),
            MailStop::Scope(Scope::Own) => "own".into(),
            MailStop::Scope(Scope::Other) => "other".into(),
            MailStop::Digest => "digest".into(),
            MailStop::Ticket(number) => format!("t{number}"),
        }
    }

    fn parse(key: &str) -> Option<MailStop> {
        Some(match key {
            "own" => MailStop::Scope(Scope::Own),
            "other" => MailStop::Scope(Scope::Other),
            "digest" => MailStop::Digest,
            ticket if ticket.starts_with('t') => {
                MailStop::Ticket(TicketNumber(ticket.get(1..)?.parse().ok()?))
            }
            id => MailStop::Scope(Scope::Unit(UnitId(Uuid::try_parse(id).ok()?))),
        })
    }

    /// Nothing comes any more.
    fn is_done(self, c: &mut Conn<'_>, person: PersonId) -> Result<bool, Error> {
        if let MailStop::Ticket(number) = self {
            return Ok(as_copied(c, number, person)?.1.is_empty());
        }
        let chosen = choices_of(c, person)?.chosen;
        Ok(match self {
            MailStop::Scope(scope) => Told::ALL
                .iter()
                .all(|told| chosen.get(&(scope, *told)) == Some(&How::Nothing)),
            MailStop::Digest => !chosen.values().any(|how| *how == How::Digest),
            MailStop::Ticket(_) => false,
        })
    }

    fn unit(self, catalogue: &Catalogue) -> Option<String> {
        match self {
            MailStop::Scope(Scope::Unit(id)) => catalogue.unit(id).map(|u| u.name.clone()),
            _ => None,
        }
    }

    /// What no mails come about any more, in the mail that confirms it.
    fn what(self, unit: Option<&str>, german: bool) -> String {
        match (self, unit, german) {
            (MailStop::Digest, _, false) => "what was gathered for you".to_owned(),
            (MailStop::Digest, _, true) => "Gesammeltes".to_owned(),
            (_, Some(unit), false) => format!("tickets of {unit}"),
            (_, Some(unit), true) => format!("Tickets von {unit}"),
            (_, None, false) => "other tickets".to_owned(),
            (_, None, true) => "andere Tickets".to_owned(),
        }
    }
}

/// What somebody is on a ticket, or on the one into which it was merged, that brings
/// them mails by somebody's wish: Cc, or that they follow it.
fn as_copied(
    c: &mut Conn<'_>,
    number: TicketNumber,
    person: PersonId,
) -> Result<(TicketNumber, Vec<Party>), Error> {
    let ticket = lives_on(c, number)?;
    let parties = ticket
        .parties
        .iter()
        .filter(|p| p.person == person)
        .filter(|p| matches!(p.role, PartyRole::Cc | PartyRole::Subscriber))
        .copied()
        .collect();
    Ok((ticket.number, parties))
}

impl Desk {
    /// The signed word of a link.
    pub fn stop_word(&self, person: PersonId, stop: MailStop) -> String {
        let text = format!("{}.{}", stop.key(), person.0.simple());
        format!("{text}.{}", self.0.secret.sign(PURPOSE, &text))
    }

    /// The link to give something up.
    pub(crate) fn stop_link(&self, person: PersonId, stop: MailStop) -> String {
        let word = self.stop_word(person, stop);
        format!("{}/mail/stop/{word}", self.config().public_url)
    }

    /// The fields of a header by which mail programs offer the link. By one click only
    /// where the desk is reached safely, as RFC 8058 asks for.
    pub(crate) fn stop_fields(
        &self,
        person: PersonId,
        stop: MailStop,
    ) -> Vec<(&'static str, String)> {
        let url = &self.config().public_url;
        let link = self.stop_link(person, stop);
        let mut fields = vec![("List-Unsubscribe", format!("<{link}>"))];
        if url.starts_with("https://") {
            let click = "List-Unsubscribe=One-Click".to_owned();
            fields.push(("List-Unsubscribe-Post", click));
        }
        fields
    }

    fn read_stop(&self, word: &str) -> Result<(PersonId, MailStop), Error> {
        let read = || {
            let (text, signature) = word.rsplit_once('.')?;
            let (key, person) = text.split_once('.')?;
            let known = self.signed(PURPOSE, text, signature);
            let person = PersonId(Uuid::try_parse(person).ok()?);
            known.then_some((person, MailStop::parse(key)?))
        };
        read().ok_or_else(|| Error::Unauthenticated("this link is not valid".into()))
    }

    /// What a link says. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is not ours.
    pub async fn mail_stop(&self, word: &str) -> Result<StopLink, Error> {
        let (person, stop) = self.read_stop(word)?;
        let unit = stop.unit(&*self.catalogue().await?);
        let stopped = self.0.db.read(move |c| stop.is_done(c, person)).await?;
        Ok(StopLink {
            stop,
            unit,
            stopped,
        })
    }

    /// Does what a link says, and confirms it by a mail, as the link may have been in
    /// other hands. Done again, it does nothing.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is not ours.
    pub async fn stop_mails(&self, word: &str) -> Result<StopLink, Error> {
        let (person, stop) = self.read_stop(word)?;
        if let MailStop::Ticket(number) = stop {
            return self.leave_ticket(person, number).await;
        }
        let unit = stop.unit(&*self.catalogue().await?);
        let (desk, name) = (self.clone(), unit.clone());
        self.0
            .db
            .write(move |c| {
                // Who was erased has no choices.
                let Some(human) = store::person::load(c, person)? else {
                    return Ok(());
                };
                if stop.is_done(c, person)? {
                    return Ok(());
                }
                let mut rows = store::choice::of(c, person)?;
                match stop {
                    MailStop::Scope(scope) => {
                        let key = scope_key(scope);
                        rows.retain(|row| row.scope != key);
                        rows.extend(Told::ALL.iter().map(|told| Choice {
                            scope: key.clone(),
                            told: told.key().into(),
                            how: How::Nothing.key().into(),
                        }));
                    }
                    MailStop::Ticket(_) => {}
                    MailStop::Digest => {
                        for row in &mut rows {
                            if row.how == How::Digest.key() {
                                row.how = How::Nothing.key().into();
                            }
                        }
                        // What waits would be one more of those.
                        store::choice::take(c, person)?;
                    }
                }
                store::choice::set(c, person, &rows)?;
                let settings = format!("{}/account/mail", desk.config().public_url);
                let about = About::nothing_else(Kind::NoMore, desk.uuid());
                letter::to_person(&desk, c, &human, about, |german| {
                    let what = stop.what(name.as_deref(), german);
                    [("what", what), ("link", settings)].into()
                })?;
                Ok::<_, Error>(())
            })
            .await?;
        self.wake();
        Ok(StopLink {
            stop,
            unit,
            stopped: true,
        })
    }

    /// Takes somebody off a ticket as they could themselves, and confirms it.
    async fn leave_ticket(
        &self,
        person: PersonId,
        number: TicketNumber,
    ) -> Result<StopLink, Error> {
        let (number, parties, human) = self
            .0
            .db
            .read(move |c| {
                let (number, parties) = as_copied(c, number, person)?;
                Ok::<_, Error>((number, parties, store::person::load(c, person)?))
            })
            .await?;
        let stop = MailStop::Ticket(number);
        let done = StopLink {
            stop,
            unit: None,
            stopped: true,
        };
        let Some(human) = human.filter(|h| h.active && !parties.is_empty()) else {
            return Ok(done);
        };
        let actor = self.actor_for(person, Channel::Web).await?;
        let steps = parties
            .into_iter()
            .map(|party| Step::Command(Command::RemoveParty(party)))
            .collect();
        self.act(&actor, number, None, steps).await?;
        let desk = self.clone();
        self.0
            .db
            .write(move |c| {
                let about = About {
                    kind: Kind::OffTicket,
                    cause: desk.uuid(),
                    ticket: Some(number),
                };
                letter::to_person(&desk, c, &human, about, |_| [].into())
            })
            .await?;
        self.wake();
        Ok(done)
    }
}
