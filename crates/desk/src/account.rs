//! Who somebody is: local accounts, sessions, tokens.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use mail::Address;
use store::person::{Person, SavedView, Session, Token};
use store::{Conn, Error as StoreError};
use switchboard_core::{Actor, Channel, Millis, Part, PersonId, UnitId};
use uuid::Uuid;

use crate::{Desk, Error, secret};

/// A session ends after this long without use.
const SESSION_MS: Millis = 12 * 3_600_000;
/// How long an actor may be remembered: rights that were taken away are gone
/// after this (the bar is 5 s).
const ACTOR_MS: Millis = 2_000;
/// Failed sign-ins of one account or network within this time count.
const FAILURE_WINDOW_MS: Millis = 15 * 60_000;
/// So many failures of one account are free.
const ACCOUNT_TRIES: i64 = 8;
/// So many failures from one network are free.
const NETWORK_TRIES: i64 = 60;
/// Shortest password that is taken (NIST SP 800-63B asks for 8 at least).
pub const PASSWORD_MIN: usize = 10;
/// Longest password that is taken, in characters.
const PASSWORD_MAX: usize = 200;

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenScope {
    /// Read whatever its person may read.
    Read,
    /// Open and change tickets as its person may.
    Write,
    /// Administer, when its person is an administrator.
    Admin,
}

impl TokenScope {
    /// Every scope.
    pub const ALL: [TokenScope; 3] = [TokenScope::Read, TokenScope::Write, TokenScope::Admin];

    /// The word used on the command line and in the API.
    pub fn key(self) -> &'static str {
        match self {
            TokenScope::Read => "read",
            TokenScope::Write => "write",
            TokenScope::Admin => "admin",
        }
    }

    /// Reads a word.
    ///
    /// # Errors
    /// Lists the words there are.
    pub fn parse(key: &str) -> Result<TokenScope, Error> {
        TokenScope::ALL
            .into_iter()
            .find(|s| s.key() == key)
            .ok_or_else(|| {
                Error::invalid(
                    "scope",
                    format!("there is no {key:?}; use read, write or admin"),
                )
            })
    }
}

/// Somebody who is signed in with a browser.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who acts, through pages.
    pub actor: Actor,
    /// The person.
    pub person: Person,
    /// Every form that changes something carries it.
    pub csrf: String,
    /// The session's stored name.
    pub id_hash: Vec<u8>,
}

/// What a bearer token stands for.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// Who acts, through the API.
    pub actor: Actor,
    /// What the token may do.
    pub scopes: Vec<TokenScope>,
}

/// Actors seen a moment ago, by the hash of their secret.
#[derive(Default)]
pub(crate) struct ActorCache {
    bearers: Mutex<HashMap<Vec<u8>, (Millis, Bearer)>>,
    sessions: Mutex<HashMap<Vec<u8>, (Millis, SignedIn)>>,
}

fn recall<T: Clone>(
    cache: &Mutex<HashMap<Vec<u8>, (Millis, T)>>,
    key: &[u8],
    now: Millis,
) -> Option<T> {
    let guard = cache.lock().unwrap_or_else(PoisonError::into_inner);
    guard
        .get(key)
        .filter(|(at, _)| (0..ACTOR_MS).contains(&(now - at)))
        .map(|(_, value)| value.clone())
}

fn remember<T>(cache: &Mutex<HashMap<Vec<u8>, (Millis, T)>>, key: Vec<u8>, now: Millis, value: T) {
    let mut guard = cache.lock().unwrap_or_else(PoisonError::into_inner);
    if guard.len() > 10_000 {
        guard.clear();
    }
    guard.insert(key, (now, value));
}

fn forget<T>(cache: &Mutex<HashMap<Vec<u8>, (Millis, T)>>) {
    cache.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

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
                check_password(password, &[address.as_str(), &new.name])?;
                Some(self.hash_password(password.clone()).await?)
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

    /// Puts somebody into a unit, by the operator's word (demo, command line).
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_member(
        &self,
        unit: UnitId,
        person: PersonId,
        part: Part,
    ) -> Result<(), Error> {
        let now = self.now();
        self.0
            .db
            .write(move |c| {
                store::person::set_membership(c, unit, person, part, now).map_err(Error::from)
            })
            .await?;
        self.forget_actors();
        Ok(())
    }

    /// Forgets who was seen a moment ago, after rights changed.
    pub(crate) fn forget_actors(&self) {
        forget(&self.0.actors.bearers);
        forget(&self.0.actors.sessions);
    }

    async fn hash_password(&self, password: String) -> Result<String, Error> {
        tokio::task::spawn_blocking(move || {
            Argon2::default()
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|e| Error::Internal(format!("password hash: {e}")))
        })
        .await
        .map_err(|e| Error::Internal(format!("password hash: {e}")))?
    }

    /// Signs in with address and password. The answer is the same, and takes
    /// as long, whether the address or the password is wrong.
    ///
    /// `network` is where the request came from; `agent` the browser's name.
    /// Returns the cookie's secret.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], or [`Error::TooMany`] after many failures.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        network: &str,
        agent: &str,
    ) -> Result<String, Error> {
        let wrong =
            || Error::Unauthenticated("That address and password do not belong together.".into());
        let now = self.now();
        let address = Address::parse(email).ok();
        let account = format!("account:{}", address.as_ref().map_or("", |a| a.as_str()));
        let network = format!("network:{network}");
        let (failures, known) = {
            let (account, network) = (account.clone(), network.clone());
            let address = address.clone();
            self.0
                .db
                .read(move |c| {
                    let since = now - FAILURE_WINDOW_MS;
                    let by_account = store::person::login_failures(c, &account, since)?;
                    let by_network = store::person::login_failures(c, &network, since)?;
                    let person = match &address {
                        Some(a) => store::person::by_email(c, a.as_str())?,
                        None => None,
                    };
                    let hash = match &person {
                        Some(p) => store::person::password_hash(c, p.id)?,
                        None => None,
                    };
                    Ok::<_, Error>(((by_account, by_network), person.zip(hash)))
                })
                .await?
        };
        if failures.0 >= ACCOUNT_TRIES || failures.1 >= NETWORK_TRIES {
            return Err(Error::TooMany { seconds: 60 });
        }
        let hash = known
            .as_ref()
            .map_or_else(|| DECOY.to_owned(), |(_, h)| h.clone());
        let password = password.to_owned();
        let right = tokio::task::spawn_blocking(move || {
            PasswordHash::new(&hash).is_ok_and(|parsed| {
                Argon2::default()
                    .verify_password(password.as_bytes(), &parsed)
                    .is_ok()
            })
        })
        .await
        .map_err(|e| Error::Internal(format!("password check: {e}")))?;
        let person = match known {
            Some((person, _)) if right => person,
            _ => {
                self.0
                    .db
                    .write(move |c| {
                        store::person::login_failed(c, &account, now)?;
                        store::person::login_failed(c, &network, now).map_err(Error::from)
                    })
                    .await?;
                return Err(wrong());
            }
        };
        self.start_session(person.id, agent, Some(account)).await
    }

    /// Begins a session of somebody who has proved who they are; failed
    /// sign-ins of `account` are forgiven. Returns the cookie's secret.
    ///
    /// # Errors
    /// When the database can not be written.
    pub(crate) async fn start_session(
        &self,
        person: PersonId,
        agent: &str,
        account: Option<String>,
    ) -> Result<String, Error> {
        let now = self.now();
        let secret = secret::make()?;
        let session = Session {
            id_hash: secret::hash(&secret),
            person,
            csrf: secret::make()?,
            created_at: now,
            seen_at: now,
            expires_at: now + SESSION_MS,
            agent: agent
                .chars()
                .filter(|c| !c.is_control())
                .take(200)
                .collect(),
        };
        self.0
            .db
            .write(move |c| {
                if let Some(account) = &account {
                    store::person::login_worked(c, account)?;
                }
                store::person::insert_session(c, &session).map_err(Error::from)
            })
            .await?;
        Ok(secret)
    }

    /// Who a session cookie stands for; `None`: nobody (any more).
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn session(&self, cookie: &str) -> Result<Option<SignedIn>, Error> {
        let now = self.now();
        let id_hash = secret::hash(cookie);
        if let Some(known) = recall(&self.0.actors.sessions, &id_hash, now) {
            return Ok(Some(known));
        }
        let key = id_hash.clone();
        let found = self
            .0
            .db
            .read(move |c| {
                let Some(session) = store::person::session(c, &id_hash, now)? else {
                    return Ok::<_, Error>(None);
                };
                let Some(person) = store::person::load(c, session.person)? else {
                    return Ok(None);
                };
                let actor = actor_of(c, &person, Channel::Web)?;
                Ok(Some((
                    session.seen_at,
                    SignedIn {
                        actor,
                        person,
                        csrf: session.csrf,
                        id_hash,
                    },
                )))
            })
            .await?;
        let Some((seen_at, signed_in)) = found else {
            return Ok(None);
        };
        // Written once a minute at most: reading pages stays reading.
        if now - seen_at > 60_000 {
            let key = key.clone();
            let touched = self
                .0
                .db
                .write(move |c| {
                    store::person::touch_session(c, &key, now, now + SESSION_MS)
                        .map_err(Error::from)
                })
                .await;
            // On a full disk reading goes on.
            if let Err(e) = touched {
                tracing::warn!(error = %e, "that a session is in use could not be noted");
            }
        }
        remember(&self.0.actors.sessions, key, now, signed_in.clone());
        Ok(Some(signed_in))
    }

    /// Ends a session of a person, by its stored name.
    ///
    /// # Errors
    /// When the database can not be written.
    pub async fn end_session(&self, person: PersonId, id_hash: Vec<u8>) -> Result<(), Error> {
        self.0
            .db
            .write(move |c| store::person::delete_session(c, person, &id_hash).map_err(Error::from))
            .await?;
        self.forget_actors();
        Ok(())
    }

    /// A person's living sessions.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn sessions(&self, person: PersonId) -> Result<Vec<Session>, Error> {
        let now = self.now();
        self.0
            .db
            .read(move |c| store::person::sessions(c, person, now).map_err(Error::from))
            .await
    }

    /// Makes a token and returns its secret, which is not kept.
    ///
    /// # Errors
    /// When no scope is given, or one is not the person's to give.
    pub async fn create_token(
        &self,
        person: PersonId,
        name: &str,
        scopes: &[TokenScope],
        expires_at: Option<Millis>,
    ) -> Result<(Uuid, String), Error> {
        if scopes.is_empty() {
            return Err(Error::invalid(
                "scope",
                "give at least one: read, write, admin",
            ));
        }
        let name: String = name
            .trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(100)
            .collect();
        if name.is_empty() {
            return Err(Error::invalid("name", "say what the token is for"));
        }
        let admin = scopes.contains(&TokenScope::Admin);
        let secret = format!("sb_{}", secret::make()?);
        let hash = secret::hash(&secret);
        let token = Token {
            id: self.uuid(),
            person,
            name,
            scopes: scopes.iter().map(|s| s.key().to_owned()).collect(),
            created_at: self.now(),
            expires_at,
            revoked_at: None,
        };
        let id = token.id;
        self.0
            .db
            .write(move |c| {
                let owner = store::person::load(c, person)?
                    .ok_or_else(|| Error::not_found("such person"))?;
                if admin && !owner.admin {
                    return Err(Error::invalid(
                        "scope",
                        "admin is for administrators' tokens only",
                    ));
                }
                store::person::insert_token(c, &token, &hash).map_err(Error::from)
            })
            .await?;
        Ok((id, secret))
    }

    /// A person's tokens, without their secrets.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn tokens(&self, person: PersonId) -> Result<Vec<Token>, Error> {
        self.0
            .db
            .read(move |c| store::person::tokens(c, person).map_err(Error::from))
            .await
    }

    /// Revokes a person's own token.
    ///
    /// # Errors
    /// When there is no such token.
    pub async fn revoke_token(&self, person: PersonId, id: Uuid) -> Result<(), Error> {
        let now = self.now();
        let done = self
            .0
            .db
            .write(move |c| store::person::revoke_token(c, person, id, now).map_err(Error::from))
            .await?;
        self.forget_actors();
        if done {
            Ok(())
        } else {
            Err(Error::not_found("such token"))
        }
    }

    /// Who a bearer token stands for.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is unknown, revoked or over.
    pub async fn bearer(&self, secret: &str) -> Result<Bearer, Error> {
        let now = self.now();
        let hash = secret::hash(secret);
        if let Some(known) = recall(&self.0.actors.bearers, &hash, now) {
            return Ok(known);
        }
        let key = hash.clone();
        let bearer = self
            .0
            .db
            .read(move |c| {
                let unknown = || {
                    Error::Unauthenticated("the token is unknown, revoked or has expired".into())
                };
                let token = store::person::token(c, &hash, now)?.ok_or_else(unknown)?;
                let person = store::person::load(c, token.person)?.ok_or_else(unknown)?;
                let scopes: Vec<_> = token
                    .scopes
                    .iter()
                    .filter_map(|s| TokenScope::parse(s).ok())
                    .collect();
                let mut actor = actor_of(c, &person, Channel::Api)?;
                // A token is never more than its scopes say.
                actor.admin &= scopes.contains(&TokenScope::Admin);
                Ok::<_, Error>(Bearer { actor, scopes })
            })
            .await?;
        remember(&self.0.actors.bearers, key, now, bearer.clone());
        Ok(bearer)
    }

    /// A person's saved searches.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn saved_views(&self, person: PersonId) -> Result<Vec<SavedView>, Error> {
        self.0
            .db
            .read(move |c| store::person::saved_views(c, person).map_err(Error::from))
            .await
    }

    /// Saves a search under a name.
    ///
    /// # Errors
    /// When the name is empty or the query can not be read.
    pub async fn save_view(&self, person: PersonId, name: &str, query: &str) -> Result<(), Error> {
        let name: String = name
            .trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(60)
            .collect();
        if name.is_empty() {
            return Err(Error::invalid("name", "give the view a name"));
        }
        let query = switchboard_core::query::Query::parse(query)?.to_string();
        let view = SavedView {
            id: self.uuid(),
            name,
            query,
        };
        self.0
            .db
            .write(move |c| store::person::save_view(c, person, &view).map_err(Error::from))
            .await
    }

    /// Forgets a saved search.
    ///
    /// # Errors
    /// When there is no such view.
    pub async fn delete_view(&self, person: PersonId, id: Uuid) -> Result<(), Error> {
        let done = self
            .0
            .db
            .write(move |c| store::person::delete_view(c, person, id).map_err(Error::from))
            .await?;
        if done {
            Ok(())
        } else {
            Err(Error::not_found("such saved view"))
        }
    }
}

/// A hash that no password has, checked when there is no account, so that the
/// answer takes as long.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c3dpdGNoYm9hcmQtZGVjb3k$\
                     qwZ8nV1GgFbXJH3rO0c2Vb1kq0mCkN9X6tWcYb2m3oA";

/// Refuses passwords that are too short, too long, of one kind of character
/// repeated, or made of the person's own name or address.
fn check_password(password: &str, about: &[&str]) -> Result<(), Error> {
    let length = password.chars().count();
    let refuse = |problem: String| Err(Error::invalid("password", problem));
    if length < PASSWORD_MIN {
        return refuse(format!(
            "has {length} characters; use at least {PASSWORD_MIN}"
        ));
    }
    if length > PASSWORD_MAX {
        return refuse(format!(
            "has {length} characters; use at most {PASSWORD_MAX}"
        ));
    }
    let lower = password.to_lowercase();
    let distinct: std::collections::BTreeSet<char> = lower.chars().collect();
    if distinct.len() < 5 {
        return refuse("uses too few different characters".into());
    }
    if ["password", "switchboard", "12345678", "qwertyui"]
        .iter()
        .any(|w| lower.replace(w, "").chars().count() < 4)
    {
        return refuse("is one of the first that anybody would try".into());
    }
    if about
        .iter()
        .any(|a| a.len() >= 4 && lower == a.to_lowercase())
    {
        return refuse("is the name or address".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused_with_a_reason() {
        for weak in [
            "short",
            "aaaaaaaaaaaa",
            "password123",
            "someone@example.org",
        ] {
            assert!(
                check_password(weak, &["someone@example.org"]).is_err(),
                "{weak}"
            );
        }
        assert!(check_password("three brown kettles", &[]).is_ok());
    }
}
