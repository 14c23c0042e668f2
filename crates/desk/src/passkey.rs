//! Passkeys (WebAuthn): as a second step, and as a whole sign-in of their own.
//! The browser is always made to check the person (PIN, finger, face).

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use store::factor::{Challenge, Passkey as Row};
use switchboard_core::{Millis, PersonId};
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, DiscoverableKey, Passkey,
    PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
    Url, Webauthn, WebauthnBuilder,
};

use crate::identity::stays_open;
use crate::letter_text::Deed;
use crate::session::check_fresh;
use crate::{Desk, Error, SignedIn, account, factor, secret};

/// How long a browser may take to answer.
const ANSWER_MS: Millis = 5 * 60_000;
/// So many passkeys one person may have.
const MOST: usize = 20;

/// What a passkey is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Add,
    SignIn,
    SecondStep,
    Prove,
}

impl Purpose {
    fn key(self) -> &'static str {
        match self {
            Purpose::Add => "add",
            Purpose::SignIn => "sign_in",
            Purpose::SecondStep => "second_step",
            Purpose::Prove => "prove",
        }
    }
}

/// What a browser is to hand to its authenticator.
#[derive(Debug, Clone, PartialEq)]
pub struct PasskeyAsk {
    /// Comes back with the answer.
    pub word: String,
    /// The options of `navigator.credentials`, as JSON with base64url.
    pub options: Json,
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("passkey: {error}"))
}

fn refused() -> Error {
    Error::Unauthenticated("That passkey does not fit, or it took too long: try again.".into())
}

impl Desk {
    /// This desk towards authenticators; `None`: its address is a number, and
    /// passkeys are bound to a name.
    fn webauthn(&self) -> Result<Option<Webauthn>, Error> {
        let url = Url::parse(&self.config().public_url).map_err(broken)?;
        let Some(host) = url.domain() else {
            return Ok(None);
        };
        WebauthnBuilder::new(host, &url)
            .and_then(|b| b.rp_name(&self.config().name).build())
            .map(Some)
            .map_err(broken)
    }

    /// Whether passkeys can be used at this desk's address.
    pub fn has_passkeys(&self) -> bool {
        self.webauthn().is_ok_and(|w| w.is_some())
    }

    fn passkeys_here(&self) -> Result<Webauthn, Error> {
        self.webauthn()?.ok_or_else(|| {
            Error::Conflict(
                "passkeys need a desk whose address is a name; this one's is a number".into(),
            )
        })
    }

    async fn keep_challenge(
        &self,
        purpose: Purpose,
        person: Option<PersonId>,
        state: &impl Serialize,
        options: Json,
    ) -> Result<PasskeyAsk, Error> {
        let word = secret::make()?;
        let challenge = Challenge {
            hash: secret::hash(&word),
            purpose: purpose.key().to_owned(),
            person,
            state: serde_json::to_string(state).map_err(broken)?,
            expires_at: self.now() + ANSWER_MS,
        };
        self.0
            .db
            .write(move |c| store::factor::insert_challenge(c, &challenge).map_err(Error::from))
            .await?;
        Ok(PasskeyAsk { word, options })
    }

    /// The state of a challenge, which can be answered once.
    async fn take_challenge<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        word: &str,
        person: Option<PersonId>,
    ) -> Result<T, Error> {
        let (hash, now) = (secret::hash(word), self.now());
        let challenge = self
            .0
            .db
            .write(move |c| {
                store::factor::take_challenge(c, &hash, purpose.key(), now).map_err(Error::from)
            })
            .await?
            .filter(|c| c.person == person)
            .ok_or_else(refused)?;
        serde_json::from_str(&challenge.state).map_err(broken)
    }

    async fn keys_of(&self, person: PersonId) -> Result<Vec<Row>, Error> {
        self.0
            .db
            .read(move |c| store::factor::passkeys(c, person).map_err(Error::from))
            .await
    }

    /// Asks a browser to make a passkey.
    ///
    /// # Errors
    /// When they have to prove first who they are, or passkeys can not be used
    /// here.
    pub async fn ask_new_passkey(&self, who: &SignedIn) -> Result<PasskeyAsk, Error> {
        check_fresh(who, self.now())?;
        let webauthn = self.passkeys_here()?;
        let me = &who.person;
        let known = self.keys_of(me.id).await?;
        if known.len() >= MOST {
            return Err(Error::Conflict(format!(
                "you have {MOST} passkeys: remove one first"
            )));
        }
        let known = known.into_iter().map(|k| k.id).collect();
        let (ask, state) = webauthn
            .start_passkey_registration(
                me.id.0,
                me.email.as_deref().unwrap_or(&me.name),
                &me.name,
                Some(known),
            )
            .map_err(broken)?;
        let mut options = serde_json::to_value(&ask).map_err(broken)?;
        // So that it can sign in alone, it has to know whose it is.
        let select = &mut options["publicKey"]["authenticatorSelection"];
        select["residentKey"] = "required".into();
        select["requireResidentKey"] = true.into();
        self.keep_challenge(Purpose::Add, Some(me.id), &state, options)
            .await
    }

    /// Adds the passkey that a browser made. With the first factor come
    /// recovery codes, which are shown now and never again.
    ///
    /// # Errors
    /// When the answer does not fit, or they have to prove first who they are.
    pub async fn add_passkey(
        &self,
        who: &SignedIn,
        word: &str,
        answer: &str,
        name: &str,
    ) -> Result<Option<Vec<String>>, Error> {
        let now = self.now();
        check_fresh(who, now)?;
        let webauthn = self.passkeys_here()?;
        let me = who.person.clone();
        let state: PasskeyRegistration =
            self.take_challenge(Purpose::Add, word, Some(me.id)).await?;
        let answer: RegisterPublicKeyCredential =
            serde_json::from_str(answer).map_err(|_| refused())?;
        let key = webauthn
            .finish_passkey_registration(&answer, &state)
            .map_err(|_| refused())?;
        let name: String = name
            .trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(60)
            .collect();
        let row = Row {
            id: key.cred_id().to_vec(),
            person: me.id,
            name: if name.is_empty() {
                "Passkey".to_owned()
            } else {
                name
            },
            doc: serde_json::to_string(&key).map_err(broken)?,
            created_at: now,
            used_at: None,
        };
        let (desk, codes) = (self.clone(), factor::make_codes()?);
        let made = self
            .0
            .db
            .write(move |c| {
                let first = store::factor::kinds(c, me.id)? == (false, 0);
                store::factor::insert_passkey(c, &row)?;
                if first {
                    factor::keep_codes(c, me.id, &codes)?;
                }
                let detail = json!({"kind": "passkey", "name": row.name});
                account::record(c, &me, now, "person.factor_added", &detail)?;
                account::tell(&desk, c, &me, Deed::PasskeyAdded(&row.name))?;
                Ok::<_, Error>(first.then(|| codes.clone()))
            })
            .await?;
        self.wake();
        Ok(made)
    }

    /// Removes a passkey.
    ///
    /// # Errors
    /// When they have no such, nothing else would let them in, or they have to
    /// prove first who they are.
    pub async fn remove_passkey(&self, who: &SignedIn, id: &[u8]) -> Result<(), Error> {
        let now = self.now();
        check_fresh(who, now)?;
        let (me, desk, id) = (who.person.clone(), self.clone(), id.to_vec());
        self.0
            .db
            .write(move |c| {
                if !store::factor::delete_passkey(c, me.id, &id)? {
                    return Err(Error::not_found("such passkey"));
                }
                stays_open(&desk, c, me.id)?;
                factor::tidy(c, me.id)?;
                let detail = json!({"kind": "passkey"});
                account::record(c, &me, now, "person.factor_removed", &detail)?;
                account::tell(&desk, c, &me, Deed::PasskeyRemoved)
            })
            .await?;
        self.wake();
        Ok(())
    }

    /// Asks whoever has a passkey of this desk to sign in with it.
    ///
    /// # Errors
    /// When passkeys can not be used here.
    pub async fn ask_sign_in_passkey(&self) -> Result<PasskeyAsk, Error> {
        let (mut ask, state) = self
            .passkeys_here()?
            .start_discoverable_authentication()
            .map_err(broken)?;
        // By a button, not while typing an address.
        ask.mediation = None;
        let options = serde_json::to_value(&ask).map_err(broken)?;
        self.keep_challenge(Purpose::SignIn, None, &state, options)
            .await
    }

    /// Signs in with a passkey alone: it is something they have, unlocked by
    /// something they know or are. Returns the session cookie's secret.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the answer does not fit.
    pub async fn sign_in_passkey(
        &self,
        word: &str,
        answer: &str,
        agent: &str,
    ) -> Result<String, Error> {
        let webauthn = self.passkeys_here()?;
        let state: DiscoverableAuthentication =
            self.take_challenge(Purpose::SignIn, word, None).await?;
        let answer: PublicKeyCredential = serde_json::from_str(answer).map_err(|_| refused())?;
        let (owner, id) = webauthn
            .identify_discoverable_authentication(&answer)
            .map(|(owner, id)| (PersonId(owner), id.to_vec()))
            .map_err(|_| refused())?;
        let row = self
            .0
            .db
            .read(move |c| store::factor::passkey(c, &id).map_err(Error::from))
            .await?
            .filter(|row| row.person == owner)
            .ok_or_else(refused)?;
        let key: Passkey = serde_json::from_str(&row.doc).map_err(broken)?;
        let result = webauthn
            .finish_discoverable_authentication_v2(&answer, state, DiscoverableKey::from(&key))
            .map_err(|_| refused())?;
        self.passkey_used(row, key, &result).await?;
        self.start_session(owner, agent, None).await
    }

    async fn passkey_used(
        &self,
        row: Row,
        mut key: Passkey,
        result: &AuthenticationResult,
    ) -> Result<(), Error> {
        key.update_credential(result);
        let (doc, now) = (serde_json::to_string(&key).map_err(broken)?, self.now());
        let kept = self
            .0
            .db
            .write(move |c| {
                store::factor::use_passkey(c, &row.id, &row.doc, &doc, now).map_err(Error::from)
            })
            .await?;
        if kept { Ok(()) } else { Err(refused()) }
    }

    async fn ask_known(&self, purpose: Purpose, person: PersonId) -> Result<PasskeyAsk, Error> {
        let keys: Vec<Passkey> = self
            .keys_of(person)
            .await?
            .iter()
            .filter_map(|k| serde_json::from_str(&k.doc).ok())
            .collect();
        if keys.is_empty() {
            return Err(Error::not_found("passkey"));
        }
        let (ask, state) = self
            .passkeys_here()?
            .start_passkey_authentication(&keys)
            .map_err(broken)?;
        let options = serde_json::to_value(&ask).map_err(broken)?;
        self.keep_challenge(purpose, Some(person), &state, options)
            .await
    }

    async fn check_known(
        &self,
        purpose: Purpose,
        person: PersonId,
        word: &str,
        answer: &str,
    ) -> Result<(), Error> {
        let webauthn = self.passkeys_here()?;
        let state: PasskeyAuthentication = self.take_challenge(purpose, word, Some(person)).await?;
        let answer: PublicKeyCredential = serde_json::from_str(answer).map_err(|_| refused())?;
        let result = webauthn
            .finish_passkey_authentication(&answer, &state)
            .map_err(|_| refused())?;
        let id = result.cred_id().to_vec();
        // It may have been removed while the browser asked.
        let row = self
            .keys_of(person)
            .await?
            .into_iter()
            .find(|row| row.id == id)
            .ok_or_else(refused)?;
        let key: Passkey = serde_json::from_str(&row.doc).map_err(broken)?;
        self.passkey_used(row, key, &result).await
    }

    /// Asks for a passkey as the second step of a sign-in.
    ///
    /// # Errors
    /// When the first step is over, or they have no passkey.
    pub async fn ask_step_passkey(&self, step: &str) -> Result<PasskeyAsk, Error> {
        let step = self.second_step(step).await?.ok_or_else(refused)?;
        self.ask_known(Purpose::SecondStep, step.person).await
    }

    /// The second step with a passkey. Returns the session cookie's secret.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the first step is over or the answer
    /// does not fit.
    pub async fn second_step_passkey(
        &self,
        step: &str,
        word: &str,
        answer: &str,
        agent: &str,
    ) -> Result<String, Error> {
        let person = self.second_step(step).await?.ok_or_else(refused)?.person;
        self.check_known(Purpose::SecondStep, person, word, answer)
            .await?;
        self.finish_step(step, person, agent).await
    }

    /// Asks somebody who is signed in for a passkey of theirs.
    ///
    /// # Errors
    /// When they have none.
    pub async fn ask_proof_passkey(&self, who: &SignedIn) -> Result<PasskeyAsk, Error> {
        self.ask_known(Purpose::Prove, who.person.id).await
    }

    /// Proves again who they are, with a passkey. Returns the session's new
    /// secret.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the answer does not fit.
    pub async fn prove_passkey(
        &self,
        who: &SignedIn,
        word: &str,
        answer: &str,
    ) -> Result<String, Error> {
        self.check_known(Purpose::Prove, who.person.id, word, answer)
            .await?;
        self.renew_session(who, true).await
    }
}
