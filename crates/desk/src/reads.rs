//! Who read what: every opening of a restricted ticket is noted, once a quarter of
//! an hour for each person, ticket and door.
//!
//! The note is committed before what it is about is given out: a reader waits for
//! one grouped commit in a quarter of an hour. When the note can not be stored, as on
//! a full disk, the restricted ticket is not given out either; all others are.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use store::ticket_read::{Filter, Read, SLOT_MS};
use switchboard_core::{Actor, Channel, Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::view::load_worked_on;
use crate::{Desk, Error};

/// Through what a restricted ticket was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Door {
    /// A page.
    Page,
    /// The API.
    Api,
    /// One of its files.
    File,
    /// A mail with its text.
    Mail,
    /// Somebody's data put together.
    Export,
}

impl Door {
    /// The word that is stored and shown.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Door::Page => "page",
            Door::Api => "api",
            Door::File => "file",
            Door::Mail => "mail",
            Door::Export => "export",
        }
    }

    fn of(actor: &Actor) -> Door {
        match actor.channel {
            Channel::Api | Channel::Bridge => Door::Api,
            Channel::Mail => Door::Mail,
            Channel::Web | Channel::Job | Channel::Cli => Door::Page,
        }
    }
}

/// What was noted, so that the same is not written again within its quarter.
#[derive(Default)]
pub(crate) struct Noted(Mutex<HashMap<(PersonId, TicketNumber, Door), Millis>>);

impl Noted {
    fn is_known(&self, key: &(PersonId, TicketNumber, Door), slot: Millis) -> bool {
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        guard.get(key) == Some(&slot)
    }

    fn know(&self, key: (PersonId, TicketNumber, Door), slot: Millis) {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if guard.len() > 100_000 {
            guard.retain(|_, at| *at == slot);
        }
        guard.insert(key, slot);
    }
}

/// Who saw a ticket, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The ticket.
    pub ticket: TicketNumber,
    /// Who; `None`: a unit's mailing list.
    pub person: Option<PersonId>,
    /// Their name now.
    pub name: String,
    /// `page`, `api`, `file`, `mail` or `export`.
    pub door: String,
    /// The first time in its quarter of an hour.
    pub at: Millis,
}

impl Desk {
    /// Notes that the actor is given something of a ticket, when it is restricted.
    pub(crate) async fn note_read(
        &self,
        actor: &Actor,
        ticket: TicketNumber,
        restricted: bool,
    ) -> Result<(), Error> {
        self.note_read_through(actor, ticket, restricted, Door::of(actor))
            .await
    }

    pub(crate) async fn note_read_through(
        &self,
        actor: &Actor,
        ticket: TicketNumber,
        restricted: bool,
        door: Door,
    ) -> Result<(), Error> {
        let Some(person) = actor.person.filter(|_| restricted) else {
            return Ok(());
        };
        let now = self.now();
        let (key, slot) = ((person, ticket, door), now.div_euclid(SLOT_MS));
        if self.0.noted.is_known(&key, slot) {
            return Ok(());
        }
        self.0
            .db
            .write(move |c| {
                store::ticket_read::note(
                    c,
                    &Read {
                        ticket,
                        person,
                        door: door.key().into(),
                        at: now,
                    },
                )
                .map_err(Error::from)
            })
            .await?;
        self.0.noted.know(key, slot);
        Ok(())
    }

    /// Who read restricted tickets, newest first; at most `limit` (1 to 500). Asking
    /// about one ticket is for those who work on it, so of a restricted one its owner,
    /// the unit that holds it and administrators; anything else for administrators.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a ticket that the actor may not see,
    /// [`Error::Forbidden`] for one that they do not work on, and without one.
    pub async fn reads(
        &self,
        actor: &Actor,
        filter: Filter,
        limit: i64,
    ) -> Result<Vec<Seen>, Error> {
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                match filter.ticket {
                    _ if actor.admin || actor.is_system() => {}
                    Some(number) => {
                        let refusal = "who read it is for those who work on it";
                        load_worked_on(c, &actor, number, refusal)?;
                    }
                    None => {
                        return Err(Error::Forbidden(
                            "only administrators may ask about all tickets; name one that your \
                             unit holds"
                                .into(),
                        ));
                    }
                }
                let rows = store::ticket_read::find(c, &filter, limit.clamp(1, 500))?;
                let mut ids: Vec<PersonId> = rows.iter().map(|r| r.person).collect();
                ids.sort_unstable();
                ids.dedup();
                let names: HashMap<PersonId, String> = store::person::load_many(c, &ids)?
                    .into_iter()
                    .map(|p| (p.id, p.name))
                    .collect();
                Ok(rows
                    .into_iter()
                    .map(|r| Seen {
                        ticket: r.ticket,
                        person: Some(r.person).filter(|p| p.0 != Uuid::nil()),
                        name: names
                            .get(&r.person)
                            .cloned()
                            .unwrap_or_else(|| "the unit's mailing list".into()),
                        door: r.door,
                        at: r.at,
                    })
                    .collect())
            })
            .await
    }
}
