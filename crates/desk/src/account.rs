//! People as the desk knows them: found by address, made known, and what the
//! rules need to know of them. Sessions, tokens, passwords, signing in,
//! registration, addresses and second factors have their own files.

use mail::Address;
use serde::Serialize;
use serde_json::Value as Json;
use store::person::Person;
use store::{Conn, Error as StoreError};
use switchboard_core::{Actor, Channel, Millis, PersonId};

use crate::audit::{self, Subject};
use crate::letter::{self, About};
use crate::letter_text::Deed;
use crate::mail_text::Kind;
use crate::session::oneself;
use crate::{Catalogue, Desk, Error, password};

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
    let name = if name.is_empty() {
        address.as_str().split('@').next().unwrap_or("?").to_owned()
    } else {
        name.chars()
            .filter(|ch| !ch.is_control())
            .take(200)
            .collect()
    };
    let person = Person::fresh(fresh, name, Some(address.as_str().to_owned()), now);
    store::person::insert(c, &person, None, false)?;
    Ok(person)
}

/// What the rules need to know about a person who acts.
pub(crate) fn actor_of(
    c: &mut Conn<'_>,
    person: &Person,
    channel: Channel,
) -> Result<Actor, StoreError> {
    let communities = store::community::keys_of(c, person.id)?;
    Ok(Actor {
        person: Some(person.id),
        name: person.name.clone(),
        channel,
        admin: person.admin,
        monitor: person.monitor,
        support: person.support,
        units: store::person::memberships(c, person.id)?,
        teams: communities
            .iter()
            .filter(|(_, vouched)| *vouched)
            .map(|(key, _)| key.clone())
            .collect(),
        communities: communities.into_iter().map(|(key, _)| key).collect(),
    })
}

/// Records what a person did with their own account by a page.
///
/// # Errors
/// When the database or the random numbers fail.
pub(crate) fn record(
    c: &mut Conn<'_>,
    person: &Person,
    now: Millis,
    action: &str,
    detail: &Json,
) -> Result<(), Error> {
    let actor = Actor::plain(person.id, person.name.as_str(), Channel::Web);
    audit::record(c, &actor, now, action, &Subject::Person(person.id), detail)
}

/// Mails a person what was done with their account, in case that it was not
/// they who did it. Goes to the address that `person` has.
///
/// # Errors
/// When the database refuses.
pub(crate) fn tell(
    desk: &Desk,
    c: &mut Conn<'_>,
    person: &Person,
    deed: Deed<'_>,
) -> Result<(), Error> {
    let url = &desk.config().public_url;
    let about = About::nothing_else(Kind::Account, desk.uuid());
    letter::to_person(desk, c, person, about, |german| {
        let (headline, text) = deed.words(german);
        [
            ("headline", headline.to_owned()),
            ("text", text),
            ("link", format!("{url}/forgot")),
            ("account", format!("{url}/account")),
        ]
        .into()
    })?;
    Ok(())
}

/// What somebody says of themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Details {
    /// Their name.
    pub name: String,
    /// Their home institute, or empty.
    pub institute: String,
    /// Their community's key.
    pub community: Option<String>,
}

impl Details {
    /// Without control characters and space around, and refused when something
    /// is missing or too long.
    ///
    /// # Errors
    /// Names the field.
    pub(crate) fn checked(&self) -> Result<Details, Error> {
        let tidy = |field: &str, text: &str| {
            // As it was sent: the document promises that nothing longer is taken.
            let long = text.chars().count() > 200;
            let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
            if long {
                return Err(Error::invalid(
                    field,
                    "is too long: use at most 200 characters",
                ));
            }
            Ok(text)
        };
        let name = tidy("name", &self.name)?;
        if name.is_empty() {
            return Err(Error::invalid("name", "is missing: say how you are called"));
        }
        let community = tidy("community", self.community.as_deref().unwrap_or_default())?;
        Ok(Details {
            name,
            institute: tidy("institute", &self.institute)?,
            community: (!community.is_empty()).then_some(community),
        })
    }

    /// What is known of a person.
    pub fn of(person: &Person) -> Details {
        Details {
            name: person.name.clone(),
            institute: person.institute.clone(),
            community: person.community.clone(),
        }
    }

    /// With the community by its key, whichever of its names was given; what they had
    /// before stays, also when it was retired since.
    ///
    /// # Errors
    /// Names the field when there is no such community in use.
    pub(crate) fn settled(
        mut self,
        catalogue: &Catalogue,
        before: Option<&str>,
    ) -> Result<Details, Error> {
        if let Some(name) = self.community.take() {
            self.community = Some(match before == Some(name.as_str()) {
                true => name,
                false => catalogue.find_community("community", &name)?.key.clone(),
            });
        }
        Ok(self)
    }

    pub(crate) fn put_on(&self, person: &mut Person) {
        person.name.clone_from(&self.name);
        person.institute.clone_from(&self.institute);
        person.community.clone_from(&self.community);
    }
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
                    store::address::prove(c, address.as_str(), known.id)?;
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

    /// Changes what somebody says of themselves; gives it as it is then.
    ///
    /// # Errors
    /// When a field is missing or too long, or there is no such community.
    pub async fn change_details(&self, actor: &Actor, details: Details) -> Result<Details, Error> {
        let (details, now, actor) = (details.checked()?, self.now(), actor.clone());
        let (me, catalogue) = (oneself(&actor)?, self.catalogue().await?);
        let kept = self
            .0
            .db
            .write(move |c| {
                let mut person =
                    store::person::load(c, me)?.ok_or_else(|| Error::not_found("such person"))?;
                let before = Details::of(&person);
                let details = details
                    .clone()
                    .settled(&catalogue, before.community.as_deref())?;
                if before == details {
                    return Ok::<_, Error>(details);
                }
                details.put_on(&mut person);
                store::person::update(c, &person, now)?;
                let detail = audit::difference(&before, &details);
                let what = "person.details_changed";
                audit::record(c, &actor, now, what, &Subject::Person(me), &detail)?;
                Ok(details)
            })
            .await?;
        self.forget_actors();
        Ok(kept)
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
