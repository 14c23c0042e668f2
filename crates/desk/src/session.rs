//! Sessions: who is signed in with a browser, since when, and when they last
//! proved who they are.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use store::Conn;
use store::person::{Person, Session};
use switchboard_core::{Actor, Channel, Millis, PersonId};
use uuid::Uuid;

use crate::account::actor_of;
use crate::audit::{self, Subject};
use crate::token::Bearer;
use crate::{Desk, Error, secret};

/// A session ends after this long without use.
const SESSION_MS: Millis = 12 * 3_600_000;
/// How long an actor may be remembered: rights that were taken away are gone
/// after this (the bar is 5 s).
const ACTOR_MS: Millis = 2_000;

/// What changes how somebody signs in needs a proof of who they are that is
/// no older than this.
pub const FRESH_MS: Millis = 10 * 60_000;

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
    /// When they last proved who they are.
    pub proved_at: Millis,
}

impl SignedIn {
    /// Whether they proved who they are a moment ago.
    pub fn is_fresh(&self, now: Millis) -> bool {
        now - self.proved_at < FRESH_MS
    }
}

/// By which identity of another maker somebody came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Came {
    /// The identity.
    pub(crate) identity: Uuid,
    /// That provider's own name for the session.
    pub(crate) sid: Option<String>,
    /// The provider says that they gave a second factor there.
    pub(crate) two_steps: bool,
}

impl Came {
    /// Notes it with the session, so that logging out there ends it here.
    pub(crate) fn note(&self, c: &mut Conn<'_>, session: &Session) -> Result<(), Error> {
        let sid = self.sid.as_deref();
        Ok(store::identity::note_session(
            c,
            &session.id_hash,
            self.identity,
            sid,
        )?)
    }
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

/// Whose own things an actor changes.
///
/// # Errors
/// When the actor is nobody in person.
pub(crate) fn oneself(actor: &Actor) -> Result<PersonId, Error> {
    actor
        .person
        .ok_or_else(|| Error::Forbidden("the desk itself has no account".into()))
}

/// Refuses what changes how somebody signs in, unless they proved a moment ago
/// who they are: a browser left open, or a stolen cookie, is not enough.
///
/// # Errors
/// [`Error::Forbidden`] then.
pub(crate) fn check_fresh(who: &SignedIn, now: Millis) -> Result<(), Error> {
    if who.is_fresh(now) {
        return Ok(());
    }
    Err(Error::Forbidden(
        "confirm first that it is you: your last sign-in was more than ten minutes ago".into(),
    ))
}

impl Desk {
    /// Begins a session of somebody who has proved who they are, noting by which
    /// identity they came. Returns the cookie's secret.
    ///
    /// # Errors
    /// When the database can not be written.
    pub(crate) async fn start_session(
        &self,
        person: PersonId,
        agent: &str,
        came: Option<Came>,
    ) -> Result<String, Error> {
        let (secret, session) = self.new_session(person, agent)?;
        self.0
            .db
            .write(move |c| {
                store::person::insert_session(c, &session)?;
                match &came {
                    Some(came) => came.note(c, &session),
                    None => Ok(()),
                }
            })
            .await?;
        Ok(secret)
    }

    /// A session that begins now, with its cookie's secret.
    pub(crate) fn new_session(
        &self,
        person: PersonId,
        agent: &str,
    ) -> Result<(String, Session), Error> {
        let (now, secret) = (self.now(), secret::make()?);
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
            proved_at: now,
        };
        Ok((secret, session))
    }

    /// Goes on with a session under a new secret, whose old one is dead then;
    /// `proved`: the person has just proved again who they are.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the session is over.
    pub async fn renew_session(&self, who: &SignedIn, proved: bool) -> Result<String, Error> {
        let secret = secret::make()?;
        let (fresh, csrf) = (secret::hash(&secret), secret::make()?);
        let proved_at = if proved { self.now() } else { who.proved_at };
        let old = who.id_hash.clone();
        let done = self
            .0
            .db
            .write(move |c| {
                store::person::rename_session(c, &old, &fresh, &csrf, proved_at)
                    .map_err(Error::from)
            })
            .await?;
        self.forget_actors();
        if done {
            Ok(secret)
        } else {
            Err(Error::Unauthenticated("the session is over".into()))
        }
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
            .read_here(move |c| {
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
                        id_hash: id_hash.clone(),
                        proved_at: session.proved_at,
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

    /// Ends one of one's own sessions, on purpose and from elsewhere.
    ///
    /// # Errors
    /// When there is no such session of theirs.
    pub async fn revoke_session(&self, actor: &Actor, id_hash: Vec<u8>) -> Result<(), Error> {
        let (actor, now) = (actor.clone(), self.now());
        let person = oneself(&actor)?;
        self.0
            .db
            .write(move |c| {
                if !store::person::delete_session(c, person, &id_hash)? {
                    return Err(Error::not_found("such session"));
                }
                let (what, detail) = ("person.session_ended", serde_json::json!({}));
                audit::record(c, &actor, now, what, &Subject::Person(person), &detail)
            })
            .await?;
        self.forget_actors();
        Ok(())
    }

    /// Ends all of one's own sessions, but the one given; says how many.
    ///
    /// # Errors
    /// When the database can not be written.
    pub async fn end_other_sessions(
        &self,
        actor: &Actor,
        but: Option<&[u8]>,
    ) -> Result<u64, Error> {
        let (actor, now) = (actor.clone(), self.now());
        let person = oneself(&actor)?;
        let but = but.unwrap_or_default().to_vec();
        let ended = self
            .0
            .db
            .write(move |c| {
                let ended = store::person::delete_sessions_but(c, person, &but)?;
                store::pending::end_all_of(c, person)?;
                if ended > 0 {
                    let detail = serde_json::json!({ "sessions": ended });
                    let what = "person.sessions_ended";
                    audit::record(c, &actor, now, what, &Subject::Person(person), &detail)?;
                }
                Ok::<_, Error>(ended)
            })
            .await?;
        self.forget_actors();
        Ok(ended)
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
