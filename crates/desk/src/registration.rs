//! Making an account: ask with an address, follow the link that comes, say who
//! you are. The address is proved before anything else is said, so nobody can
//! prepare an account under somebody else's address and wait for them.

use serde_json::json;
use store::person::Person;
use switchboard_core::PersonId;

use crate::account::{self, Details, address};
use crate::link::{self, Purpose};
use crate::{Admission, Client, Desk, Error, password};

impl Desk {
    fn check_registration(&self) -> Result<(), Error> {
        if self.config().registration {
            return Ok(());
        }
        Err(Error::Forbidden(
            "accounts are made by the administrators of this desk: ask them for one".into(),
        ))
    }

    /// Has a link mailed to an address, with which an account can be made. The
    /// answer is the same, and takes as long, whoever the address belongs to.
    ///
    /// # Errors
    /// When it is no address, the network asked too often, or accounts are not
    /// made that way here.
    pub async fn ask_to_register(&self, email: &str, network: &str) -> Result<(), Error> {
        self.check_registration()?;
        let address = address("mail", email)?;
        self.wish_for_mail(Purpose::Register, &address, None, network)
            .await
    }

    /// The address that a registration's link proves, and the name under which
    /// it is known already, if it is.
    ///
    /// # Errors
    /// When the link does not work (any more).
    pub async fn registration(&self, word: &str) -> Result<(String, String), Error> {
        self.check_registration()?;
        let (word, now) = (word.to_owned(), self.now());
        self.0
            .db
            .read(move |c| {
                let link = link::find(c, &word, Purpose::Register, now)?;
                let known = store::person::by_email(c, &link.address)?;
                // A name that was made of the address says nothing.
                let made = link.address.split('@').next().unwrap_or_default();
                let name = known.map(|p| p.name).filter(|n| n != made);
                Ok((link.address, name.unwrap_or_default()))
            })
            .await
    }

    /// Makes the account and signs in. Somebody known from their mails becomes
    /// the same person, with all their tickets.
    ///
    /// # Errors
    /// When the link does not work (any more), a field is wrong, or there is an
    /// account already.
    pub async fn register(
        &self,
        word: &str,
        details: Details,
        password: &str,
        client: Client<'_>,
    ) -> Result<Admission, Error> {
        let (mail, _) = self.registration(word).await?;
        let details = details
            .checked()?
            .settled(&*self.catalogue().await?, None)?;
        password::check(password, &[&mail, &details.name, &details.institute])?;
        let hash = password::hash(password.to_owned()).await?;
        let (fresh, now, word) = (PersonId(self.uuid()), self.now(), word.to_owned());
        let person = self
            .0
            .db
            .write(move |c| {
                let link = link::find(c, &word, Purpose::Register, now)?;
                store::mailed_link::end(c, &link.address, Purpose::Register.key())?;
                let person = match store::person::by_email(c, &link.address)? {
                    Some(known) if !known.active => return Err(Error::not_found("link")),
                    Some(known) if known.has_password => {
                        return Err(Error::Conflict(
                            "there is an account with this address already: sign in".into(),
                        ));
                    }
                    Some(mut known) => {
                        details.put_on(&mut known);
                        store::person::update(c, &known, now)?;
                        known
                    }
                    None => {
                        let person = Person {
                            id: fresh,
                            name: details.name.clone(),
                            email: Some(link.address.clone()),
                            institute: details.institute.clone(),
                            community: details.community.clone(),
                            support: false,
                            monitor: false,
                            admin: false,
                            active: true,
                            has_password: true,
                            created_at: now,
                        };
                        store::person::insert(c, &person, None, true)?;
                        person
                    }
                };
                store::address::prove(c, &link.address, person.id)?;
                if person.email.is_none() {
                    store::address::set_primary(c, Some(&link.address), person.id, now)?;
                }
                store::person::set_password(c, person.id, &hash, now)?;
                let detail = json!({"name": person.name, "address": link.address});
                account::record(c, &person, now, "person.registered", &detail)?;
                Ok(person.id)
            })
            .await?;
        self.forget_actors();
        self.admit(person, client.agent, None).await
    }
}
