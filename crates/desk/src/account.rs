//! People as the desk knows them: found by address, made known, and what the
//! rules need to know of them. Sessions, tokens, passwords and signing in have
//! their own files.

use mail::Address;
use store::person::Person;
use store::{Conn, Error as StoreError};
use switchboard_core::{Actor, Channel, Millis, PersonId};

use crate::{Desk, Error, password};

/// Reads a mail address given by somebody.
///
/// # Errors
/// Names the field.
pub(crate) fn address(field: &str, text: &str) -> Result<Address, Error> {
    Address::parse(text)
        .map_err(|e| Error::invalid(field, format!("{text:?} is not a mail address: {e}")))
}

/// The person with this address, made when there is none yet. The address is
/// not verified by that.
pub(crate) fn find_or_make(
    c: &mut Conn<'_>,
    fresh: PersonId,
    address: &Address,
    name: &str,
    now: Millis,
) -> Result<Person, Error> {
    if let Some(person) = store::person::by_email(c, address.as_str())? {
        return Ok(person);
    }
    let name = name.trim();
    let person = Person {
        id: fresh,
        name: if name.is_empty() {
            address.as_str().split('@').next().unwrap_or("?").to_owned()
        } else {
            name.chars()
                .filter(|ch| !ch.is_control())
                .take(200)
                .collect()
        },
        email: Some(address.as_str().to_owned()),
        institute: String::new(),
        community: None,
        support: false,
        monitor: false,
        admin: false,
        active: true,
        has_password: false,
        created_at: now,
    };
    store::person::insert(c, &person, None, false)?;
    Ok(person)
}

/// What the rules need to know about a person who acts.
pub(crate) fn actor_of(
    c: &mut Conn<'_>,
    person: &Person,
    channel: Channel,
) -> Result<Actor, StoreError> {
    Ok(Actor {
        person: Some(person.id),
        name: person.name.clone(),
        channel,
        admin: person.admin,
        monitor: person.monitor,
        support: person.support,
        units: store::person::memberships(c, person.id)?,
    })
}

/// A new account.
#[derive(Debug, Clone, Default)]
pub struct NewAccount {
    /// Mail address.
    pub email: String,
    /// Name.
    pub name: String,
    /// Home institute, or empty.
    pub institute: String,
    /// Password; `None`: no local sign-in.
    pub password: Option<String>,
    /// With support permission.
    pub support: bool,
    /// As a monitor.
    pub monitor: bool,
    /// As an administrator.
    pub admin: bool,
}

impl Desk {
    /// Makes an account whose address counts as verified: by the operator's
    /// word (command line, demo).
    ///
    /// # Errors
    /// When the address is wrong or taken, or the password too weak.
    pub async fn create_account(&self, new: NewAccount) -> Result<Person, Error> {
        let address = address("email", &new.email)?;
        let hash = match &new.password {
            Some(password) => {
                password::check(password, &[address.as_str(), &new.name])?;
                Some(password::hash(password.clone()).await?)
            }
            None => None,
        };
        let now = self.now();
        let person = Person {
            id: PersonId(self.uuid()),
            name: if new.name.trim().is_empty() {
                address.as_str().to_owned()
            } else {
                new.name.trim().to_owned()
            },
            email: Some(address.as_str().to_owned()),
            institute: new.institute,
            community: None,
            support: new.support,
            monitor: new.monitor,
            admin: new.admin,
            active: true,
            has_password: hash.is_some(),
            created_at: now,
        };
        self.0
            .db
            .write(move |c| {
                if let Some(mut known) = store::person::by_email(c, address.as_str())? {
                    // Known from a mail: the same person, now with an account.
                    if known.has_password {
                        return Err(Error::Conflict(format!(
                            "there is an account with the address {address} already"
                        )));
                    }
                    known.name.clone_from(&person.name);
                    known.support |= person.support;
                    known.monitor |= person.monitor;
                    known.admin |= person.admin;
                    known.active = true;
                    store::person::update(c, &known, now)?;
                    if let Some(hash) = &hash {
                        store::person::set_password(c, known.id, hash, now)?;
                        known.has_password = true;
                    }
                    return Ok(known);
                }
                store::person::insert(c, &person, hash.as_deref(), true)?;
                Ok(person.clone())
            })
            .await
    }

    /// The person with this address.
    ///
    /// # Errors
    /// When there is none.
    pub async fn person_by_email(&self, email: &str) -> Result<Person, Error> {
        let address = address("person", email)?;
        self.0
            .db
            .read(move |c| {
                store::person::by_email(c, address.as_str())?
                    .ok_or_else(|| Error::not_found(format!("person {address}")))
            })
            .await
    }

    /// The actor for a person, through a door. For the command line, mails and
    /// jobs; pages and the API have sessions and tokens.
    ///
    /// # Errors
    /// When there is no such active person.
    pub async fn actor_for(&self, person: PersonId, channel: Channel) -> Result<Actor, Error> {
        self.0
            .db
            .read(move |c| {
                let person = store::person::load(c, person)?
                    .filter(|p| p.active)
                    .ok_or_else(|| Error::not_found("such person"))?;
                Ok(actor_of(c, &person, channel)?)
            })
            .await
    }
}
