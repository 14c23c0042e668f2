//! Signing in: the password first, then the second step of those who have one.
//! Slowed down for those who guess, without anybody being locked out for good:
//! guesses are counted by account and network, and a browser in which the
//! person signed in before has a count of its own.

use mail::Address;
use serde_json::json;
use store::Conn;
use store::pending::Step;
use store::person::Session;
use switchboard_core::{Millis, PersonId};
use uuid::Uuid;

use crate::letter_text::Deed;
use crate::session::Came;
use crate::tries::{self, Limit};
use crate::{Desk, Error, account, factor, password, secret, totp};

/// So many failures of one account from one network are free.
const PAIR_TRIES: i64 = 8;
/// So many failures of one account from everywhere are free.
const ACCOUNT_TRIES: i64 = 40;
/// So many failures from one network are free.
const NETWORK_TRIES: i64 = 60;
/// So many wrong codes of one account are free.
const CODE_TRIES: i64 = 10;
/// How long the second step may take.
const STEP_MS: Millis = 10 * 60_000;

/// The browser that somebody signs in with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Client<'a> {
    /// Where the request came from.
    pub network: &'a str,
    /// The browser, as it calls itself.
    pub agent: &'a str,
    /// What [`Desk::device_word`] gave it after an earlier sign-in, or nothing.
    pub device: &'a str,
}

/// How far somebody came who proved one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Signed in: the secret of the session's cookie.
    Session(String),
    /// The second step is missing: the secret of its cookie.
    SecondStep(String),
}

/// What the second step of a sign-in can be done with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondStep {
    /// Whose.
    pub person: PersonId,
    /// With a code of an authenticator app.
    pub totp: bool,
    /// With a passkey.
    pub passkeys: bool,
    /// With a recovery code.
    pub recovery: bool,
}

/// Notes with a session by which identity its sign-in began.
fn note(c: &mut Conn<'_>, step: &Step, session: &Session) -> Result<(), Error> {
    match step.identity {
        None => Ok(()),
        Some(identity) => Came {
            identity,
            sid: step.sid.clone(),
            two_steps: true,
        }
        .note(c, session),
    }
}

fn over() -> Error {
    Error::Unauthenticated("That took too long: begin again.".into())
}

impl Desk {
    /// What a browser keeps in which a person signed in, so that others who
    /// guess their password do not lock them out of it. It proves nothing else.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn device_word(&self, person: PersonId) -> Result<String, Error> {
        let text = format!("{}.{}", person.0.simple(), &secret::make()?[..22]);
        Ok(format!("{text}.{}", self.0.secret.sign("device", &text)))
    }

    /// Whose browser it is, and its own name.
    fn device(&self, word: &str) -> Option<(PersonId, String)> {
        let (text, signature) = word.rsplit_once('.')?;
        if !self.signed("device", text, signature) {
            return None;
        }
        let (person, _) = text.split_once('.')?;
        Some((PersonId(Uuid::try_parse(person).ok()?), text.to_owned()))
    }

    /// What counts against somebody who tries this account from there; the
    /// first is forgiven by success.
    fn limits(&self, account: &str, person: Option<PersonId>, client: Client<'_>) -> Vec<Limit> {
        match self.device(client.device) {
            Some((owner, name)) if Some(owner) == person => {
                vec![Limit::guesses(format!("device:{name}"), PAIR_TRIES)]
            }
            _ => vec![
                Limit::guesses(format!("account:{account}|{}", client.network), PAIR_TRIES),
                Limit::guesses(format!("account:{account}"), ACCOUNT_TRIES),
                Limit::guesses(format!("network:{}", client.network), NETWORK_TRIES),
            ],
        }
    }

    /// Signs in with address and password. The answer is the same, and takes
    /// as long, whether the address or the password is wrong.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], or [`Error::TooMany`] after many failures.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        client: Client<'_>,
    ) -> Result<Admission, Error> {
        let address = Address::parse(email).ok();
        let account = address.as_ref().map_or("", |a| a.as_str()).to_owned();
        let known = self
            .0
            .db
            .read(move |c| {
                let person = match &address {
                    Some(a) => store::person::by_email(c, a.as_str())?,
                    None => None,
                };
                let hash = match &person {
                    Some(p) => store::person::password_hash(c, p.id)?,
                    None => None,
                };
                Ok::<_, Error>((person, hash))
            })
            .await?;
        let (person, hash) = known;
        let now = self.now();
        let limits = self.limits(&account, person.as_ref().map(|p| p.id), client);
        let early = limits.clone();
        self.0
            .db
            .read(move |c| tries::check(c, &early, now))
            .await?;
        let right = password::verify(password, hash).await?;
        let forgiven = limits.first().map(|l| l.subject.clone());
        self.settle(limits, right, forgiven).await?;
        match person {
            Some(person) if right => self.admit(person.id, client.agent, None).await,
            _ => Err(Error::Unauthenticated(
                "That address and password do not belong together.".into(),
            )),
        }
    }

    /// Lets in who proved one thing (a password, here or at a directory, or a
    /// sign-in at a provider): with a session, or on to the second step when the
    /// person has one. Who set up a second step here gives it whichever way they
    /// come, but for a provider that says itself that they gave one there.
    ///
    /// # Errors
    /// When the database can not be written.
    pub(crate) async fn admit(
        &self,
        person: PersonId,
        agent: &str,
        came: Option<Came>,
    ) -> Result<Admission, Error> {
        let (app, keys) = self
            .0
            .db
            .read(move |c| store::factor::kinds(c, person).map_err(Error::from))
            .await?;
        let given = came.as_ref().is_some_and(|came| came.two_steps);
        if given || (!app && keys == 0) {
            let secret = self.start_session(person, agent, came).await?;
            return Ok(Admission::Session(secret));
        }
        let word = secret::make()?;
        let (hash, now) = (secret::hash(&word), self.now());
        let (identity, sid) = came.map_or((None, None), |came| (Some(came.identity), came.sid));
        let step = Step {
            person,
            identity,
            sid,
        };
        self.0
            .db
            .write(move |c| {
                store::pending::insert(c, &hash, &step, now, now + STEP_MS).map_err(Error::from)
            })
            .await?;
        Ok(Admission::SecondStep(word))
    }

    /// What the second step behind a cookie can be done with; `None`: it is
    /// over, or never was.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn second_step(&self, word: &str) -> Result<Option<SecondStep>, Error> {
        let (hash, now) = (secret::hash(word), self.now());
        self.0
            .db
            .read(move |c| {
                let Some(Step { person, .. }) = store::pending::find(c, &hash, now)? else {
                    return Ok(None);
                };
                let (app, keys) = store::factor::kinds(c, person)?;
                Ok(Some(SecondStep {
                    person,
                    totp: app,
                    passkeys: keys > 0,
                    recovery: store::factor::recovery_codes_left(c, person)? > 0,
                }))
            })
            .await
    }

    /// Forgets a sign-in on its way.
    ///
    /// # Errors
    /// When the database can not be written.
    pub async fn give_up_step(&self, word: &str) -> Result<(), Error> {
        let hash = secret::hash(word);
        self.0
            .db
            .write(move |c| Ok(store::pending::end(c, &hash).map(|_| ())?))
            .await
    }

    /// The second step with a code: six digits of the authenticator app, or a
    /// recovery code. Returns the session cookie's secret.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the first step is over,
    /// [`Error::Invalid`] for a wrong code, [`Error::TooMany`] after ten.
    pub async fn second_step_code(
        &self,
        word: &str,
        code: &str,
        agent: &str,
    ) -> Result<String, Error> {
        let (hash, now) = (secret::hash(word), self.now());
        let (secret, session) = self.new_session(PersonId(Uuid::nil()), agent)?;
        let code: String = code.chars().filter(|ch| !ch.is_whitespace()).collect();
        let desk = self.clone();
        let right = self
            .0
            .db
            .write(move |c| {
                let step = store::pending::find(c, &hash, now)?.ok_or_else(over)?;
                let person = step.person;
                let limit = [Limit::guesses(format!("code:{}", person.0), CODE_TRIES)];
                tries::check(c, &limit, now)?;
                let by_app = code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit());
                let right = if by_app {
                    totp::use_code(&desk, c, person, &code, now)?
                } else {
                    store::factor::use_recovery_code(c, person, &factor::code_hash(&code))?
                };
                if !right {
                    tries::note(c, &limit, now)?;
                    return Ok(false);
                }
                if !store::pending::end(c, &hash)? {
                    return Err(over());
                }
                store::person::login_worked(c, &limit[0].subject)?;
                let mut session = session.clone();
                session.person = person;
                store::person::insert_session(c, &session)?;
                note(c, &step, &session)?;
                if !by_app && let Some(person) = store::person::load(c, person)? {
                    let left = store::factor::recovery_codes_left(c, person.id)?;
                    account::record(
                        c,
                        &person,
                        now,
                        "person.recovery_code_used",
                        &json!({"left": left}),
                    )?;
                    account::tell(&desk, c, &person, Deed::CodeUsed(left))?;
                }
                Ok(true)
            })
            .await?;
        self.wake();
        if right {
            Ok(secret)
        } else {
            Err(Error::invalid(
                "code",
                "is not right, or was used before: wait for the next one and try again",
            ))
        }
    }

    /// The second step, done by other means than a code; the pending sign-in
    /// has to be the person's.
    pub(crate) async fn finish_step(
        &self,
        word: &str,
        person: PersonId,
        agent: &str,
    ) -> Result<String, Error> {
        let (hash, now) = (secret::hash(word), self.now());
        let (secret, session) = self.new_session(person, agent)?;
        self.0
            .db
            .write(move |c| {
                let step = store::pending::find(c, &hash, now)?
                    .filter(|step| step.person == person)
                    .ok_or_else(over)?;
                if !store::pending::end(c, &hash)? {
                    return Err(over());
                }
                store::person::insert_session(c, &session)?;
                note(c, &step, &session)
            })
            .await?;
        Ok(secret)
    }
}

/// Ends whatever would let somebody in after the password changed: sessions
/// but one, sign-ins on their way, links that were mailed.
pub(crate) fn shut_out(c: &mut Conn<'_>, person: PersonId, but: &[u8]) -> Result<u64, Error> {
    let ended = store::person::delete_sessions_but(c, person, but)?;
    store::pending::end_all_of(c, person)?;
    store::mailed_link::end_all_of(c, person)?;
    Ok(ended)
}
