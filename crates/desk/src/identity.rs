//! Ways in through others that are linked to an account: confirming, listing,
//! taking off.

use serde_json::json;
use store::Conn;
use store::identity::{Identity, Pending};
use store::provider::Provider;
use switchboard_core::PersonId;
use uuid::Uuid;

use crate::audit::{self, Subject};
use crate::entitlement::settle_person;
use crate::federated::{Arrival, Arrived, Caller, PENDING_MS, Turned};
use crate::letter_text::Deed;
use crate::session::check_fresh;
use crate::{Desk, Error, SignedIn, account, password, secret};

/// An identity that waits for its person's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToConfirm {
    /// The provider's name.
    pub provider: String,
    /// The name that it gave.
    pub name: String,
    /// The address that it gave.
    pub email: String,
    /// The account has a password, which is asked for.
    pub password: bool,
}

/// One way in of somebody, as their account shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The identity.
    pub identity: Identity,
    /// The provider's name.
    pub provider: String,
}

/// Refuses what would leave somebody without any way into their account: a
/// password with an address to type, a passkey, or a provider that is in use.
/// Asked after the one way went, in the transaction that takes it.
///
/// # Errors
/// [`Error::Conflict`] then.
pub(crate) fn stays_open(desk: &Desk, c: &mut Conn<'_>, person: PersonId) -> Result<(), Error> {
    if store::person::password_hash(c, person)?.is_some()
        && !store::person::emails(c, person)?.is_empty()
    {
        return Ok(());
    }
    if desk.has_passkeys() && store::factor::kinds(c, person)?.1 > 0 {
        return Ok(());
    }
    let providers = store::provider::all(c)?;
    let in_use = |id| providers.iter().any(|p| Some(p.id) == id && p.active);
    let mut others = store::identity::of_person(c, person)?.into_iter();
    if others.any(|one| in_use(one.provider)) {
        return Ok(());
    }
    Err(Error::Conflict(
        "This is the only way into your account. Link another, add a passkey or set a password, \
         and take it off then."
            .into(),
    ))
}

impl Desk {
    /// Keeps what came back until its person confirms that it is theirs.
    pub(crate) async fn ask_to_confirm(
        &self,
        provider: &Provider,
        arrival: &Arrival,
        me: PersonId,
        from: &Caller,
    ) -> Result<Arrived, Turned> {
        let word = secret::make()?;
        let proof = serde_json::to_string(arrival)
            .map_err(|e| Error::Internal(format!("arrival to JSON: {e}")))?;
        let pending = Pending {
            provider: provider.id,
            browser_hash: secret::hash(&from.browser),
            network: from.network.clone(),
            next: String::new(),
            linker: Some(me),
            proof: Some(proof),
            expires_at: self.now() + PENDING_MS,
        };
        let word_hash = secret::hash(&word);
        self.0
            .db
            .write(move |c| {
                store::identity::insert_pending(c, &word_hash, &pending).map_err(Error::from)
            })
            .await?;
        Ok(Arrived::Confirm { word })
    }

    async fn waiting(&self, me: PersonId, word: &str) -> Result<(Provider, Arrival), Error> {
        let gone = || {
            Error::Conflict(
                "This has been confirmed already, or took longer than ten minutes. Begin again on \
                 the page of your account."
                    .into(),
            )
        };
        let (hash, now) = (secret::hash(word), self.now());
        let (pending, provider) = self
            .0
            .db
            .read(move |c| {
                let Some(pending) = store::identity::pending(c, &hash, now)? else {
                    return Ok::<_, Error>((None, None));
                };
                let provider = store::provider::load(c, pending.provider)?;
                Ok((Some(pending), provider))
            })
            .await?;
        let (Some(pending), Some(provider)) = (pending, provider) else {
            return Err(gone());
        };
        let Some(proof) = pending.proof.filter(|_| pending.linker == Some(me)) else {
            return Err(gone());
        };
        let arrival = serde_json::from_str(&proof)
            .map_err(|e| Error::Internal(format!("stored arrival: {e}")))?;
        Ok((provider, arrival))
    }

    /// What waits for somebody's word before it is linked to their account.
    ///
    /// # Errors
    /// When nothing waits (any more).
    pub async fn identity_to_confirm(&self, me: PersonId, word: &str) -> Result<ToConfirm, Error> {
        let (provider, arrival) = self.waiting(me, word).await?;
        let hash = self.password_hash_of(me).await?;
        Ok(ToConfirm {
            provider: provider.name,
            name: arrival.shown_name(),
            email: arrival.said_email.unwrap_or_default(),
            password: hash.is_some(),
        })
    }

    async fn password_hash_of(&self, person: PersonId) -> Result<Option<String>, Error> {
        self.0
            .db
            .read(move |c| store::person::password_hash(c, person).map_err(Error::from))
            .await
    }

    /// Links what waits to the account, by the word of whoever is signed in: with
    /// their password, when they have one; else by a proof a moment ago. They are
    /// told by mail.
    ///
    /// # Errors
    /// When nothing waits, the password is wrong, they have to prove first who
    /// they are, or it was linked elsewhere meanwhile.
    pub async fn link_identity(
        &self,
        who: &SignedIn,
        word: &str,
        password: &str,
        network: &str,
    ) -> Result<String, Error> {
        let me = who.person.id;
        let (provider, arrival) = self.waiting(me, word).await?;
        if let Some(hash) = self.password_hash_of(me).await? {
            let account = format!("account:confirm:{me}");
            self.check_tries(&account, network).await?;
            if !password::verify(password, Some(hash)).await? {
                self.note_failure(&account, network).await?;
                return Err(Error::invalid(
                    "password",
                    "is not that of your account here",
                ));
            }
        } else {
            check_fresh(who, self.now())?;
        }
        let (hash, now, id) = (secret::hash(word), self.now(), self.uuid());
        let (actor, name) = (who.actor.clone(), provider.name.clone());
        let person = who.person.clone();
        let (desk, catalogue) = (self.clone(), self.catalogue().await?);
        let (_, live) = self
            .0
            .db
            .write(move |c| {
                if !store::identity::take_pending(c, &hash)? {
                    return Err(Error::Conflict("This has been confirmed already.".into()));
                }
                if store::identity::find(c, &arrival.issuer, &arrival.subject)?.is_some() {
                    return Err(Error::Conflict(
                        "This sign-in was linked to an account meanwhile.".into(),
                    ));
                }
                store::identity::save(c, &arrival.identity(&provider, id, me, now))?;
                let detail = json!({ "provider": provider.key, "name": arrival.shown_name() });
                let subject = Subject::Person(me);
                audit::record(c, &actor, now, "person.identity_linked", &subject, &detail)?;
                let name = arrival.shown_name();
                account::tell(&desk, c, &person, Deed::SignInLinked(&provider.name, &name))?;
                settle_person(&desk, c, &catalogue, me, actor.channel)
            })
            .await?;
        self.rights_changed(live);
        Ok(name)
    }

    /// The ways in of somebody through others.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn identities(&self, person: PersonId) -> Result<Vec<Linked>, Error> {
        self.0
            .db
            .read(move |c| {
                let providers = store::provider::all(c)?;
                let mine = store::identity::of_person(c, person)?;
                Ok(mine
                    .into_iter()
                    .map(|identity| Linked {
                        provider: providers
                            .iter()
                            .find(|p| Some(p.id) == identity.provider)
                            .map_or_else(|| identity.issuer.clone(), |p| p.name.clone()),
                        identity,
                    })
                    .collect())
            })
            .await
    }

    /// Takes a way in off an account: sessions that began with it end, and the
    /// rights that it brought go. Not the last one. They are told by mail.
    ///
    /// # Errors
    /// When it is not theirs, nothing else would let them in, or they have to
    /// prove first who they are.
    pub async fn unlink_identity(&self, who: &SignedIn, id: Uuid) -> Result<(), Error> {
        let (now, actor, person) = (self.now(), who.actor.clone(), who.person.clone());
        check_fresh(who, now)?;
        let me = person.id;
        let (desk, catalogue) = (self.clone(), self.catalogue().await?);
        let (_, live) = self
            .0
            .db
            .write(move |c| {
                let mine = store::identity::of_person(c, me)?;
                let one = mine
                    .iter()
                    .find(|i| i.id == id)
                    .ok_or_else(|| Error::not_found("such sign-in"))?;
                let detail = json!({ "issuer": one.issuer, "name": one.name });
                store::identity::delete(c, id)?;
                stays_open(&desk, c, me)?;
                let subject = Subject::Person(me);
                audit::record(
                    c,
                    &actor,
                    now,
                    "person.identity_unlinked",
                    &subject,
                    &detail,
                )?;
                account::tell(
                    &desk,
                    c,
                    &person,
                    Deed::SignInUnlinked(&one.issuer, &one.name),
                )?;
                settle_person(&desk, c, &catalogue, me, actor.channel)
            })
            .await?;
        self.rights_changed(live);
        Ok(())
    }
}
