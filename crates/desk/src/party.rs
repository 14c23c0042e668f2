//! Who else is on a ticket: adding and removing by address.

use switchboard_core::{Actor, Command, Party, PartyRole, PersonId, TicketNumber};
use uuid::Uuid;

use crate::account::{address, find_or_make};
use crate::{Desk, Error, Step};

impl Desk {
    /// Puts somebody on a ticket; `email: None` is the actor. Returns the
    /// ticket's version.
    ///
    /// # Errors
    /// As [`Desk::act`]; also when the address is not one.
    pub async fn add_party(
        &self,
        actor: &Actor,
        number: TicketNumber,
        expected: Option<i64>,
        email: Option<&str>,
        role: PartyRole,
    ) -> Result<i64, Error> {
        // Nobody gets into the address book by way of a ticket that is not
        // the actor's to see.
        self.ticket(actor, number).await?;
        let person = match email {
            Some(email) => {
                let address = address("email", email)?;
                let (fresh, now) = (PersonId(self.uuid()), self.now());
                let known = {
                    let address = address.clone();
                    self.0
                        .db
                        .read(move |c| {
                            store::person::by_email(c, address.as_str()).map_err(Error::from)
                        })
                        .await?
                };
                match known {
                    Some(known) => known.id,
                    None => {
                        self.0
                            .db
                            .write(move |c| find_or_make(c, fresh, &address, "", now))
                            .await?
                            .id
                    }
                }
            }
            None => actor
                .person
                .ok_or_else(|| Error::invalid("email", "say who"))?,
        };
        let step = Step::Command(Command::AddParty(Party { person, role }));
        self.act(actor, number, expected, vec![step]).await
    }

    /// Takes somebody off a ticket. `who` is `me`, an id or a mail address.
    ///
    /// # Errors
    /// As [`Desk::act`]; [`Error::NotFound`] when they are not on it so.
    pub async fn remove_party(
        &self,
        actor: &Actor,
        number: TicketNumber,
        expected: Option<i64>,
        who: &str,
        role: PartyRole,
    ) -> Result<i64, Error> {
        let ticket = self.ticket(actor, number).await?.state;
        let person = if who == "me" {
            actor.person
        } else if let Ok(id) = Uuid::try_parse(who) {
            Some(PersonId(id))
        } else {
            let address = address("who", who)?;
            self.0
                .db
                .read(move |c| store::person::by_email(c, address.as_str()).map_err(Error::from))
                .await?
                .map(|p| p.id)
        };
        let party = person
            .map(|person| Party { person, role })
            .filter(|party| ticket.parties.contains(party))
            .ok_or_else(|| Error::not_found("such person on this ticket"))?;
        let step = Step::Command(Command::RemoveParty(party));
        self.act(actor, number, expected, vec![step]).await
    }
}
