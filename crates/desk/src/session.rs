//! Sessions: who is signed in with a browser, and since when.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use store::person::{Person, Session};
use switchboard_core::{Actor, Channel, Millis, PersonId};

use crate::account::actor_of;
use crate::token::Bearer;
use crate::{Desk, Error, secret};

/// A session ends after this long without use.
const SESSION_MS: Millis = 12 * 3_600_000;
/// How long an actor may be remembered: rights that were taken away are gone
/// after this (the bar is 5 s).
const ACTOR_MS: Millis = 2_000;

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

/// Actors seen a moment ago, by the hash of their secret.
#[derive(Default)]
pub(crate) struct ActorCache {
    pub(crate) bearers: Mutex<HashMap<Vec<u8>, (Millis, Bearer)>>,
    sessions: Mutex<HashMap<Vec<u8>, (Millis, SignedIn)>>,
}

pub(crate) fn recall<T: Clone>(
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

pub(crate) fn remember<T>(
    cache: &Mutex<HashMap<Vec<u8>, (Millis, T)>>,
    key: Vec<u8>,
    now: Millis,
    value: T,
) {
    let mut guard = cache.lock().unwrap_or_else(PoisonError::into_inner);
    if guard.len() > 10_000 {
        guard.clear();
    }
    guard.insert(key, (now, value));
}

fn forget<T>(cache: &Mutex<HashMap<Vec<u8>, (Millis, T)>>) {
    cache.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

impl Desk {
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

    /// Forgets who was seen a moment ago, after rights changed.
    pub(crate) fn forget_actors(&self) {
        forget(&self.0.actors.bearers);
        forget(&self.0.actors.sessions);
    }
}
