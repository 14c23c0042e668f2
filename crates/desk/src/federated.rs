//! Signing in through others: there and back with OpenID Connect, by name and
//! password of a directory, and linking such a way in to an account.
//!
//! A sign-in belongs to a person only by issuer and subject. An address never
//! ties it to anybody, checked or not: whoever has an account signs in to it
//! first and links the other way in from there.

use connect::ldap;
use connect::oidc::{self, Back, Proof, Words};
use mail::Address;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::identity::{Identity, Pending};
use store::person::Person;
use store::provider::{Kind, Provider};
use switchboard_core::{Actor, Channel, Millis, PersonId};
use uuid::Uuid;

use crate::audit::{self, Subject};
use crate::entitlement::settle_person;
use crate::session::Came;
use crate::{Admission, Desk, Error, secret};

/// A sign-in that went out may take this long to come back.
pub(crate) const PENDING_MS: Millis = 10 * 60_000;
/// So many sign-ins of one network may be under way at once.
const MOST_PENDING: i64 = 200;
/// Entitlements that are kept of one person.
const MOST_ENTITLEMENTS: usize = 500;
/// Failed sign-ins within this time count.
const FAILURE_WINDOW_MS: Millis = 15 * 60_000;
/// So many failures of one name are free.
const NAME_TRIES: i64 = 8;
/// So many failures from one network are free.
const NETWORK_TRIES: i64 = 60;
/// How long a heeded logout token is remembered; it lives shorter.
const LOGOUT_MS: Millis = 24 * 3_600_000;

/// Who asks, as far as the request tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The secret in the browser's cookie for sign-ins under way; empty: none.
    pub browser: String,
    /// Where the request came from.
    pub network: String,
    /// The browser, as it calls itself.
    pub agent: String,
    /// Who is signed in there already.
    pub signed_in: Option<PersonId>,
}

/// What a provider sent the browser back with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Which sign-in it is about.
    pub state: String,
    /// What the token is fetched with.
    pub code: String,
    /// Who says so (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// How a sign-in ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrived {
    /// A session began, or the second step is missing.
    Admitted {
        /// Which of them.
        admission: Admission,
        /// Where to go; a path of this site, or empty.
        next: String,
    },
    /// It is to be linked to the account of who is signed in, once they confirm.
    Confirm {
        /// Names the confirmation.
        word: String,
    },
    /// It was linked to their account already.
    LinkedAlready,
}

/// Why a sign-in did not come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// For the log.
    pub reason: String,
    /// For the person.
    pub error: Error,
}

impl From<Error> for Turned {
    fn from(error: Error) -> Turned {
        Turned {
            reason: error.to_string(),
            error,
        }
    }
}

/// What came back, as far as it counts later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Arrival {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) name: String,
    /// As the provider gave it; for showing.
    pub(crate) said_email: Option<String>,
    /// Checked by the provider.
    pub(crate) email: Option<String>,
    pub(crate) sid: Option<String>,
    /// The provider says that they gave a second factor there.
    #[serde(default)]
    pub(crate) two_steps: bool,
    pub(crate) entitlements: Vec<String>,
}

/// A failure, for log and person.
fn turned(reason: impl Into<String>, error: Error) -> Turned {
    Turned {
        reason: reason.into(),
        error,
    }
}

fn not_accepted(provider: &str) -> Error {
    Error::Unauthenticated(format!(
        "{provider} sent you back with an answer that does not prove who you are. Try again; if it \
         stays so, tell the people who look after this desk."
    ))
}

fn out_of_date() -> Error {
    Error::Unauthenticated(
        "This sign-in was begun in another browser, has been used, or took longer than ten \
         minutes. Begin again."
            .into(),
    )
}

fn no_answer(provider: &str) -> Error {
    Error::Unavailable(format!(
        "{provider} can not be reached at the moment. Try again later, or sign in another way."
    ))
}

/// A text that somebody else chose, short enough for a log.
fn clipped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

impl Arrival {
    fn of_proof(provider: &Provider, proof: &Proof) -> Arrival {
        let address = proof.email.as_deref().and_then(|e| Address::parse(e).ok());
        let mut entitlements = proof.texts(&provider.doc.entitlements);
        entitlements.truncate(MOST_ENTITLEMENTS);
        Arrival {
            issuer: provider.issuer.clone(),
            subject: proof.subject.clone(),
            name: proof.name.clone(),
            said_email: proof.email.clone(),
            email: address
                .filter(|_| proof.email_verified || provider.doc.trusts_mail)
                .map(|a| a.as_str().to_owned()),
            sid: proof.sid.clone(),
            two_steps: proof.second_factor(),
            entitlements,
        }
    }

    fn of_entry(provider: &Provider, entry: ldap::Entry) -> Arrival {
        let address = entry.email.as_deref().and_then(|e| Address::parse(e).ok());
        let mut entitlements = entry.groups;
        entitlements.truncate(MOST_ENTITLEMENTS);
        Arrival {
            issuer: provider.issuer.clone(),
            subject: entry.subject,
            name: entry.name,
            said_email: entry.email,
            email: address
                .filter(|_| provider.doc.trusts_mail)
                .map(|a| a.as_str().to_owned()),
            sid: None,
            two_steps: false,
            entitlements,
        }
    }

    pub(crate) fn shown_name(&self) -> String {
        let name = if self.name.is_empty() {
            self.said_email.as_deref().unwrap_or(&self.subject)
        } else {
            &self.name
        };
        name.chars().filter(|c| !c.is_control()).take(200).collect()
    }

    pub(crate) fn identity(
        &self,
        provider: &Provider,
        id: Uuid,
        person: PersonId,
        now: Millis,
    ) -> Identity {
        Identity {
            id,
            issuer: self.issuer.clone(),
            subject: self.subject.clone(),
            provider: Some(provider.id),
            person,
            name: self.shown_name(),
            email: self.said_email.clone(),
            entitlements: self.entitlements.clone(),
            linked_at: now,
            seen_at: now,
        }
    }
}

/// Whom an arrival belongs to.
enum Whose {
    Known(Box<Identity>),
    New,
}

impl Desk {
    fn words(&self, state: &str) -> Words {
        // Made from the state, so that nothing secret has to be stored.
        Words {
            state: state.to_owned(),
            nonce: self.0.secret.sign("oidc-nonce", state),
            verifier: self.0.secret.sign("oidc-pkce", state),
        }
    }

    /// Begins a sign-in with a provider: the address to send the browser to.
    /// `link`: whoever is signed in wants to link it to their account.
    ///
    /// # Errors
    /// When there is no such provider, or it does not answer.
    pub async fn begin_federated(
        &self,
        key: &str,
        from: &Caller,
        next: &str,
        link: bool,
    ) -> Result<String, Turned> {
        let provider = self.offered(key).await?;
        if provider.kind != Kind::Oidc {
            return Err(Error::not_found(format!("way to sign in called {key:?}")).into());
        }
        if from.browser.len() < 43 {
            return Err(turned("the browser has no cookie", out_of_date()));
        }
        let now = self.now();
        let state = secret::make()?;
        let party = self.party(&provider).await?;
        let url = self
            .0
            .oidc
            .way_there(&party, &self.words(&state), now)
            .await
            .map_err(|fault| {
                tracing::warn!(provider = key, reason = %fault, "sign-in can not begin");
                turned(fault.to_string(), no_answer(&provider.name))
            })?;
        let pending = Pending {
            provider: provider.id,
            browser_hash: secret::hash(&from.browser),
            network: from.network.clone(),
            next: next.to_owned(),
            linker: from.signed_in.filter(|_| link),
            proof: None,
            expires_at: now + PENDING_MS,
        };
        let state_hash = secret::hash(&state);
        self.0
            .db
            .write(move |c| {
                if store::identity::count_pending(c, &pending.network, now)? >= MOST_PENDING {
                    return Err(Error::TooMany { seconds: 600 });
                }
                store::identity::insert_pending(c, &state_hash, &pending).map_err(Error::from)
            })
            .await?;
        Ok(url)
    }

    /// Ends a sign-in with a provider, when the browser comes back.
    ///
    /// # Errors
    /// Says why nobody is signed in; the reason has been logged.
    pub async fn finish_federated(
        &self,
        key: &str,
        answer: &Answer,
        from: &Caller,
    ) -> Result<Arrived, Turned> {
        let ended = self.finish(key, answer, from).await;
        if let Err(turned) = &ended {
            tracing::warn!(provider = key, reason = turned.reason, "sign-in refused");
        }
        ended
    }

    async fn finish(&self, key: &str, answer: &Answer, from: &Caller) -> Result<Arrived, Turned> {
        let provider = self.offered(key).await?;
        let now = self.now();
        let old = |reason: &str| turned(reason, out_of_date());
        if answer.state.is_empty() || answer.state.len() > 100 {
            return Err(old("state: there is none"));
        }
        let state_hash = secret::hash(&answer.state);
        let pending = {
            let state_hash = state_hash.clone();
            self.0
                .db
                .read(move |c| store::identity::pending(c, &state_hash, now).map_err(Error::from))
                .await?
        };
        let Some(pending) = pending.filter(|p| p.proof.is_none()) else {
            return Err(old("state: is not known, has been used or is too old"));
        };
        if pending.provider != provider.id {
            return Err(old("state: belongs to another provider (mix-up)"));
        }
        if from.browser.is_empty() || secret::hash(&from.browser) != pending.browser_hash {
            return Err(old("state: belongs to another browser"));
        }
        // Used up before anything else is done with it: it counts once.
        let taken = {
            let state_hash = state_hash.clone();
            self.0
                .db
                .write(move |c| store::identity::take_pending(c, &state_hash).map_err(Error::from))
                .await?
        };
        if !taken {
            return Err(old("state: has been used"));
        }
        if let Some(error) = &answer.error {
            let reason = format!("the provider says {}", clipped(error));
            let text = if error == "access_denied" {
                format!(
                    "You did not sign in at {}. Nothing has changed.",
                    provider.name
                )
            } else {
                format!("{} did not let you in ({}).", provider.name, clipped(error))
            };
            return Err(turned(reason, Error::Unauthenticated(text)));
        }
        if answer.code.is_empty() || answer.code.len() > 4_000 {
            return Err(turned("code: there is none", not_accepted(&provider.name)));
        }
        let party = self.party(&provider).await?;
        let back = Back {
            code: answer.code.clone(),
            iss: answer.iss.clone(),
        };
        let proof = self
            .0
            .oidc
            .way_back(&party, &self.words(&answer.state), &back, now)
            .await
            .and_then(|proof| oidc::demand(&proof, &provider.doc.required).map(|()| proof))
            .map_err(|fault| match fault {
                oidc::Fault::Down(reason) => turned(reason, no_answer(&provider.name)),
                oidc::Fault::Refused(reason) => turned(reason, not_accepted(&provider.name)),
            })?;
        let arrival = Arrival::of_proof(&provider, &proof);
        self.arrive(&provider, arrival, &pending, from).await
    }

    /// Signs in by name and password of a directory; whoever is signed in
    /// already links it to their account instead, once they confirm.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when they do not belong together;
    /// [`Error::TooMany`] after many failures.
    pub async fn sign_in_by_directory(
        &self,
        key: &str,
        user: &str,
        password: &str,
        from: &Caller,
        next: &str,
    ) -> Result<Arrived, Turned> {
        let provider = self.offered(key).await?;
        if provider.kind != Kind::Ldap {
            return Err(Error::not_found(format!("way to sign in called {key:?}")).into());
        }
        let account = format!("account:{key}:{}", clipped(user).to_lowercase());
        self.check_tries(&account, &from.network).await?;
        let directory = self.directory(&provider).await?;
        let entry = ldap::sign_in(&self.0.guard, &directory, user, password)
            .await
            .map_err(|fault| {
                tracing::warn!(provider = key, reason = %fault, "the directory can not be asked");
                turned(fault.to_string(), no_answer(&provider.name))
            })?;
        let Some(entry) = entry else {
            self.note_failure(&account, &from.network).await?;
            return Err(turned(
                "name and password do not belong together",
                Error::Unauthenticated("That name and password do not belong together.".into()),
            ));
        };
        let done = account.clone();
        self.0
            .db
            .write(move |c| store::person::login_worked(c, &done).map_err(Error::from))
            .await?;
        let arrival = Arrival::of_entry(&provider, entry);
        let pending = Pending {
            provider: provider.id,
            browser_hash: secret::hash(&from.browser),
            network: from.network.clone(),
            next: next.to_owned(),
            linker: from.signed_in,
            proof: None,
            expires_at: self.now() + PENDING_MS,
        };
        let ended = self.arrive(&provider, arrival, &pending, from).await;
        if let Err(turned) = &ended {
            tracing::warn!(provider = key, reason = turned.reason, "sign-in refused");
        }
        ended
    }

    pub(crate) async fn check_tries(&self, account: &str, network: &str) -> Result<(), Error> {
        let since = self.now() - FAILURE_WINDOW_MS;
        let (account, network) = (account.to_owned(), format!("network:{network}"));
        let (by_name, by_network) = self
            .0
            .db
            .read(move |c| {
                Ok::<_, Error>((
                    store::person::login_failures(c, &account, since)?,
                    store::person::login_failures(c, &network, since)?,
                ))
            })
            .await?;
        if by_name >= NAME_TRIES || by_network >= NETWORK_TRIES {
            return Err(Error::TooMany { seconds: 60 });
        }
        Ok(())
    }

    pub(crate) async fn note_failure(&self, account: &str, network: &str) -> Result<(), Error> {
        let now = self.now();
        let (account, network) = (account.to_owned(), format!("network:{network}"));
        self.0
            .db
            .write(move |c| {
                store::person::login_failed(c, &account, now)?;
                store::person::login_failed(c, &network, now).map_err(Error::from)
            })
            .await
    }

    async fn arrive(
        &self,
        provider: &Provider,
        arrival: Arrival,
        pending: &Pending,
        from: &Caller,
    ) -> Result<Arrived, Turned> {
        if pending.linker.is_some() && pending.linker != from.signed_in {
            return Err(turned("somebody else is signed in now", out_of_date()));
        }
        let whose = {
            let (issuer, subject) = (arrival.issuer.clone(), arrival.subject.clone());
            self.0
                .db
                .read(move |c| store::identity::find(c, &issuer, &subject).map_err(Error::from))
                .await?
                .map_or(Whose::New, |known| Whose::Known(Box::new(known)))
        };
        match (whose, from.signed_in) {
            (Whose::Known(known), Some(me)) if known.person == me => {
                self.refresh(provider, &arrival, *known).await?;
                if pending.linker.is_some() {
                    return Ok(Arrived::LinkedAlready);
                }
                self.begin_session(me, &arrival, pending, from).await
            }
            (Whose::Known(_), Some(_)) if pending.linker.is_some() => Err(turned(
                "the identity belongs to another account",
                Error::Conflict(format!(
                    "This sign-in of {} belongs to another account here. Sign out, sign in with it, \
                     and take it off that account first.",
                    provider.name
                )),
            )),
            (Whose::Known(known), _) => {
                let person = known.person;
                self.check_active(person).await?;
                self.refresh(provider, &arrival, *known).await?;
                self.begin_session(person, &arrival, pending, from).await
            }
            (Whose::New, Some(me)) => self.ask_to_confirm(provider, &arrival, me, from).await,
            (Whose::New, None) => {
                let person = self.first_sign_in(provider, &arrival).await?;
                self.begin_session(person, &arrival, pending, from).await
            }
        }
    }

    async fn check_active(&self, person: PersonId) -> Result<(), Turned> {
        let person = self
            .0
            .db
            .read(move |c| store::person::load(c, person).map_err(Error::from))
            .await?;
        if person.is_some_and(|p| p.active) {
            return Ok(());
        }
        Err(turned(
            "the account is switched off",
            Error::Unauthenticated(
                "Your account here is switched off. Ask the people who look after this desk."
                    .into(),
            ),
        ))
    }

    /// Notes what a provider says now, and gives and takes what follows.
    async fn refresh(
        &self,
        provider: &Provider,
        arrival: &Arrival,
        known: Identity,
    ) -> Result<(), Error> {
        let now = self.now();
        let fresh = Identity {
            linked_at: known.linked_at,
            ..arrival.identity(provider, known.id, known.person, now)
        };
        let (desk, catalogue) = (self.clone(), self.catalogue().await?);
        let (_, live) = self
            .0
            .db
            .write(move |c| {
                store::identity::save(c, &fresh)?;
                settle_person(&desk, c, &catalogue, fresh.person, Channel::Web)
            })
            .await?;
        self.rights_changed(live);
        Ok(())
    }

    /// Somebody whom nobody here knows yet: a new person, never an existing one.
    async fn first_sign_in(
        &self,
        provider: &Provider,
        arrival: &Arrival,
    ) -> Result<PersonId, Turned> {
        if !provider.doc.new_people {
            return Err(turned(
                "nobody knows them, and the provider brings no new people",
                Error::Forbidden(format!(
                    "You have no account here that is linked to {}. If you have one, sign in to it \
                     and link {} on its page; else ask the people who look after this desk.",
                    provider.name, provider.name
                )),
            ));
        }
        let now = self.now();
        let (id, email) = (PersonId(self.uuid()), arrival.email.clone());
        let person = Person::fresh(id, arrival.shown_name(), email, now);
        let identity = arrival.identity(provider, self.uuid(), id, now);
        let (key, name) = (provider.key.clone(), provider.name.clone());
        let (desk, catalogue) = (self.clone(), self.catalogue().await?);
        let made = self
            .0
            .db
            .write(move |c| {
                if let Some(email) = &person.email
                    && store::person::by_email(c, email)?.is_some()
                {
                    return Ok(None);
                }
                store::person::insert(c, &person, None, true)?;
                store::identity::save(c, &identity)?;
                let actor = Actor {
                    person: Some(person.id),
                    name: person.name.clone(),
                    ..Actor::system(Channel::Web)
                };
                let detail = json!({ "provider": key, "name": person.name, "first": true });
                let subject = Subject::Person(person.id);
                audit::record(c, &actor, now, "person.identity_linked", &subject, &detail)?;
                let (_, live) = settle_person(&desk, c, &catalogue, person.id, Channel::Web)?;
                Ok::<_, Error>(Some(live))
            })
            .await?;
        if let Some(live) = made {
            self.rights_changed(live);
            return Ok(id);
        }
        let email = arrival.email.clone().unwrap_or_default();
        Err(turned(
            "the address belongs to another account",
            Error::Conflict(format!(
                "There is an account with the address {email} here already, and an address alone \
                 does not prove that it is yours. Sign in to it the way you did before (or set a \
                 password for it by mail), then link {name} on the page of your account."
            )),
        ))
    }

    async fn begin_session(
        &self,
        person: PersonId,
        arrival: &Arrival,
        pending: &Pending,
        from: &Caller,
    ) -> Result<Arrived, Turned> {
        let (issuer, subject) = (arrival.issuer.clone(), arrival.subject.clone());
        let known = self
            .0
            .db
            .read(move |c| store::identity::find(c, &issuer, &subject).map_err(Error::from))
            .await?;
        let came = known.map(|known| Came {
            identity: known.id,
            sid: arrival.sid.clone(),
            two_steps: arrival.two_steps,
        });
        Ok(Arrived::Admitted {
            admission: self.admit(person, &from.agent, came).await?,
            next: pending.next.clone(),
        })
    }

    /// Ends the sessions of somebody who logged out at their provider, which
    /// tells so by a signed token. Returns how many there were.
    ///
    /// # Errors
    /// When the token is not the provider's, or was heeded before; the reason
    /// has been logged.
    pub async fn back_channel_logout(&self, key: &str, token: &str) -> Result<u64, Turned> {
        let ended = self.logged_out(key, token).await;
        if let Err(turned) = &ended {
            tracing::warn!(provider = key, reason = turned.reason, "logout refused");
        }
        ended
    }

    async fn logged_out(&self, key: &str, token: &str) -> Result<u64, Turned> {
        let bad = |reason: String| {
            turned(
                reason,
                Error::invalid("logout_token", "is not one of this provider's"),
            )
        };
        let provider = self.offered(key).await?;
        if provider.kind != Kind::Oidc {
            return Err(bad("the provider is a directory".into()));
        }
        let party = self.party(&provider).await?;
        let now = self.now();
        let logout = match self.0.oidc.logout(&party, token, now).await {
            Ok(logout) => logout,
            Err(oidc::Fault::Refused(reason)) => return Err(bad(reason)),
            Err(oidc::Fault::Down(reason)) => {
                return Err(turned(reason, no_answer(&provider.name)));
            }
        };
        let issuer = provider.issuer.clone();
        let jti_hash = secret::hash(&format!("{issuer} {}", logout.jti));
        let ended = self
            .0
            .db
            .write(move |c| {
                if !store::identity::heed_logout(c, &jti_hash, now + LOGOUT_MS)? {
                    return Ok(None);
                }
                let known = match (&logout.subject, &logout.sid) {
                    (Some(subject), _) => store::identity::find(c, &issuer, subject)?
                        .into_iter()
                        .collect(),
                    (None, Some(sid)) => store::identity::by_sid(c, &issuer, sid)?,
                    (None, None) => Vec::new(),
                };
                let mut ended = 0;
                for identity in known {
                    ended += store::identity::end_sessions(c, identity.id, logout.sid.as_deref())?;
                }
                Ok::<_, Error>(Some(ended))
            })
            .await?;
        self.forget_actors();
        ended.ok_or_else(|| bad("logout token: was heeded before (jti)".into()))
    }

    /// Where somebody whose session has this name can log out at the provider
    /// they came by, and that provider's name.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn way_out(&self, id_hash: &[u8]) -> Result<Option<(String, String)>, Error> {
        let id_hash = id_hash.to_vec();
        let provider = self
            .0
            .db
            .read(move |c| {
                let Some(id) = store::identity::provider_of_session(c, &id_hash)? else {
                    return Ok::<_, Error>(None);
                };
                Ok(store::provider::load(c, id)?)
            })
            .await?;
        let Some(provider) = provider.filter(|p| p.active && p.kind == Kind::Oidc) else {
            return Ok(None);
        };
        let party = self.party(&provider).await?;
        let home = format!("{}/", self.config().public_url);
        let way = self.0.oidc.way_out(&party, &home);
        Ok(way.map(|url| (provider.name, url)))
    }
}
