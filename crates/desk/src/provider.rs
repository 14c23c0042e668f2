//! Who else is believed about who somebody is: OpenID Connect providers and
//! directories, as data that administrators look after.

use connect::ldap::{self, Directory, Find};
use connect::oidc::{Finding, Party};
use serde_json::json;
use store::provider::{Kind, Provider, ProviderDoc};
use switchboard_core::{Actor, Millis};
use uuid::Uuid;

use crate::audit::{self, Subject};
use crate::{Desk, Error};

/// What the names of variables with secrets begin with, so that no other part
/// of the environment can be sent to a provider.
pub const SECRET_ENV: &str = "SWITCHBOARD_SECRET_";
/// What the names of variables with the desk's own keys begin with.
const KEY_ENV: &str = "SWITCHBOARD_SECRET_KEY";

/// Whether a provider or a mailbox may be given what a variable of the environment holds.
pub(crate) fn may_name(variable: &str) -> bool {
    let plain = variable
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_');
    // What secrets in the database are sealed with is for nobody.
    plain && variable.starts_with(SECRET_ENV) && !variable.starts_with(KEY_ENV)
}

/// A provider as somebody filled it in.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// The provider that is changed; `None`: a new one.
    pub id: Option<Uuid>,
    /// Its key in addresses; can not be changed later.
    pub key: String,
    /// How it is spoken to; can not be changed later.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// OIDC: its issuer.
    pub issuer: String,
    /// Everything else.
    pub doc: ProviderDoc,
    /// A new secret; `None`: it stays as it is.
    pub secret: Option<String>,
    /// It is offered.
    pub active: bool,
    /// Its place in the list.
    pub position: i64,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret stays out of every log.
        f.debug_struct("Draft")
            .field("key", &self.key)
            .field("issuer", &self.issuer)
            .field("doc", &self.doc)
            .finish_non_exhaustive()
    }
}

pub(crate) fn check_admin(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "only administrators may change how people sign in".into(),
    ))
}

fn one_line(field: &str, text: &str, most: usize) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::invalid(field, "has to be filled in"));
    }
    if text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(Error::invalid(
            field,
            format!("has to be one line of at most {most} characters"),
        ));
    }
    Ok(text.to_owned())
}

impl Desk {
    /// The address that a provider sends people back to; it has to be known
    /// there.
    pub fn way_back_address(&self, key: &str) -> String {
        format!("{}/sign-in/with/{key}/back", self.config().public_url)
    }

    /// The address at which a provider tells that somebody logged out there.
    pub fn logout_address(&self, key: &str) -> String {
        format!("{}/sign-in/with/{key}/logout", self.config().public_url)
    }

    /// Every provider, in the order in which they are offered.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn sign_in_providers(&self, actor: &Actor) -> Result<Vec<Provider>, Error> {
        check_admin(actor)?;
        self.0
            .db
            .read(|c| store::provider::all(c).map_err(Error::from))
            .await
    }

    /// The providers that people can choose from.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn offered_providers(&self) -> Result<Vec<Provider>, Error> {
        let all = self
            .0
            .db
            .read(|c| store::provider::all(c).map_err(Error::from))
            .await?;
        Ok(all.into_iter().filter(|p| p.active).collect())
    }

    /// A provider that people can choose, by its key.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn offered(&self, key: &str) -> Result<Provider, Error> {
        let wanted = key.to_owned();
        self.0
            .db
            .read(move |c| store::provider::by_key(c, &wanted).map_err(Error::from))
            .await?
            .filter(|p| p.active)
            .ok_or_else(|| Error::not_found(format!("way to sign in called {key:?}")))
    }

    /// A provider as it is spoken to, with its secret.
    pub(crate) async fn secret_of(&self, provider: &Provider) -> Result<Option<String>, Error> {
        if !provider.doc.secret_env.is_empty() {
            let name = &provider.doc.secret_env;
            return match std::env::var(name) {
                Ok(secret) if may_name(name) && !secret.is_empty() => Ok(Some(secret)),
                _ => Err(Error::Unavailable(format!(
                    "the variable {name} with the secret is not set"
                ))),
            };
        }
        let id = provider.id;
        let stored = self
            .0
            .db
            .read(move |c| store::provider::secret(c, id).map_err(Error::from))
            .await?;
        stored
            .map(|stored| self.open_provider(id, &stored))
            .transpose()
    }

    pub(crate) async fn party(&self, provider: &Provider) -> Result<Party, Error> {
        Ok(Party {
            issuer: provider.issuer.clone(),
            client_id: provider.doc.client_id.clone(),
            client_secret: self.secret_of(provider).await?,
            scopes: provider.doc.scopes.clone(),
            redirect: self.way_back_address(&provider.key),
        })
    }

    pub(crate) async fn directory(&self, provider: &Provider) -> Result<Directory, Error> {
        let doc = &provider.doc;
        let find = if doc.template.is_empty() {
            let account = if doc.bind_dn.is_empty() {
                None
            } else {
                let secret = self.secret_of(provider).await?.unwrap_or_default();
                Some((doc.bind_dn.clone(), secret))
            };
            Find::Search(account)
        } else {
            Find::Template(doc.template.clone())
        };
        Ok(Directory {
            url: doc.url.clone(),
            start_tls: doc.start_tls,
            authority: Some(doc.authority.clone()).filter(|pem| !pem.is_empty()),
            find,
            base: doc.base.clone(),
            filter: doc.filter.clone(),
            subject: doc.subject.clone(),
            name: doc.name_attribute.clone(),
            mail: doc.mail_attribute.clone(),
            groups: doc.entitlements.clone(),
        })
    }

    /// Stores a provider, new or changed. The secret is kept and never shown
    /// again.
    ///
    /// # Errors
    /// Names the field that is wrong; when the actor is no administrator.
    pub async fn save_provider(&self, actor: &Actor, draft: Draft) -> Result<Provider, Error> {
        check_admin(actor)?;
        let checked = self.checked(draft)?;
        let (fresh, now, actor) = (self.uuid(), self.now(), actor.clone());
        let sealed = match &checked.secret {
            Some(secret) => Some(self.seal_provider(checked.id.unwrap_or(fresh), secret)?),
            None => None,
        };
        let saved = self
            .0
            .db
            .write(move |c| store_draft(c, &checked, sealed.as_deref(), fresh, now, &actor))
            .await?;
        self.0.oidc.forget(&saved.issuer);
        Ok(saved)
    }

    /// Takes a provider away, with its rules. Who came by it keeps the account.
    ///
    /// # Errors
    /// When there is none, or the actor is no administrator.
    pub async fn delete_provider(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        check_admin(actor)?;
        let (now, actor) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let known = store::provider::load(c, id)?
                    .ok_or_else(|| Error::not_found("such provider"))?;
                store::provider::delete(c, id)?;
                let detail = json!({ "key": known.key, "issuer": known.issuer });
                let subject = Subject::Other("provider", id);
                audit::record(c, &actor, now, "provider.deleted", &subject, &detail)
            })
            .await
    }

    /// Tries a provider out: what is well, and exactly what is not.
    ///
    /// # Errors
    /// When there is none, or the actor is no administrator.
    pub async fn test_provider(&self, actor: &Actor, id: Uuid) -> Result<Vec<Finding>, Error> {
        check_admin(actor)?;
        let provider = self
            .0
            .db
            .read(move |c| store::provider::load(c, id).map_err(Error::from))
            .await?
            .ok_or_else(|| Error::not_found("such provider"))?;
        let wrong = |error: Error| {
            Ok(vec![Finding {
                well: false,
                text: error.to_string(),
            }])
        };
        match provider.kind {
            Kind::Oidc => match self.party(&provider).await {
                Ok(party) => Ok(self.0.oidc.test(&party, self.now()).await),
                Err(error) => wrong(error),
            },
            Kind::Ldap => match self.directory(&provider).await {
                Ok(directory) => Ok(ldap::test(&self.0.guard, &directory).await),
                Err(error) => wrong(error),
            },
        }
    }

    fn checked(&self, mut draft: Draft) -> Result<Draft, Error> {
        let key = draft.key.trim();
        let fits = !key.is_empty()
            && key.len() <= 40
            && key
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !fits {
            return Err(Error::invalid(
                "key",
                "use 1 to 40 small letters, digits and hyphens: egi-checkin",
            ));
        }
        draft.key = key.to_owned();
        draft.name = one_line("name", &draft.name, 80)?;
        draft.doc.button = draft.doc.button.trim().chars().take(80).collect();
        let env = draft.doc.secret_env.trim().to_owned();
        if !env.is_empty() && !may_name(&env) {
            return Err(Error::invalid(
                "secret_env",
                format!(
                    "the variable's name has to begin with {SECRET_ENV}, and is not one of the \
                     desk's own keys"
                ),
            ));
        }
        draft.doc.secret_env = env;
        let secret = draft.secret.take();
        draft.secret = secret
            .map(|s| s.trim().to_owned())
            .filter(|s| !s.is_empty());
        if draft.secret.as_ref().is_some_and(|s| s.len() > 1000) {
            return Err(Error::invalid("secret", "is longer than 1,000 characters"));
        }
        match draft.kind {
            Kind::Oidc => self.check_oidc(&mut draft)?,
            Kind::Ldap => self.check_ldap(&mut draft)?,
        }
        Ok(draft)
    }

    fn check_oidc(&self, draft: &mut Draft) -> Result<(), Error> {
        draft.issuer = one_line("issuer", &draft.issuer, 500)?;
        let url = self
            .0
            .guard
            .check_url(&draft.issuer)
            .map_err(|e| Error::invalid("issuer", e.to_string()))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Error::invalid(
                "issuer",
                "an issuer has no ? and no # in it (OpenID Connect Discovery 3)",
            ));
        }
        draft.doc.client_id = one_line("client_id", &draft.doc.client_id, 300)?;
        let scope = |s: &String| {
            s.bytes()
                .all(|b| (0x21..0x7f).contains(&b) && b != b'"' && b != b'\\')
        };
        if !draft.doc.scopes.iter().all(scope) {
            return Err(Error::invalid("scopes", "separate scopes by spaces"));
        }
        Ok(())
    }

    fn check_ldap(&self, draft: &mut Draft) -> Result<(), Error> {
        let doc = &mut draft.doc;
        doc.url = one_line("url", &doc.url, 300)?;
        ldap::check_url(&self.0.guard, &doc.url, doc.start_tls)
            .map_err(|e| Error::invalid("url", e.to_string()))?;
        doc.authority = doc.authority.trim().to_owned();
        if !doc.authority.is_empty() {
            connect::tls::authorities(&doc.authority)
                .map_err(|e| Error::invalid("authority", e))?;
        }
        doc.template = doc.template.trim().to_owned();
        if doc.template.is_empty() {
            doc.base = one_line("base", &doc.base, 500)?;
            doc.filter = one_line("filter", &doc.filter, 500)?;
            if !doc.filter.contains("{user}") || !doc.filter.starts_with('(') {
                return Err(Error::invalid(
                    "filter",
                    "has to say where the name goes: (&(objectClass=person)(uid={user}))",
                ));
            }
        } else if !doc.template.contains("{user}") {
            return Err(Error::invalid(
                "template",
                "has to say where the name goes: uid={user},ou=people,dc=example,dc=org",
            ));
        }
        for (field, value) in [
            ("subject", &mut doc.subject),
            ("name_attribute", &mut doc.name_attribute),
            ("mail_attribute", &mut doc.mail_attribute),
        ] {
            *value = one_line(field, value, 100)?;
            if !value
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-;._".contains(&b))
            {
                return Err(Error::invalid(field, "is no name of an attribute"));
            }
        }
        Ok(())
    }
}

fn store_draft(
    c: &mut store::Conn<'_>,
    draft: &Draft,
    sealed: Option<&str>,
    fresh: Uuid,
    now: Millis,
    actor: &Actor,
) -> Result<Provider, Error> {
    let before = match draft.id {
        Some(id) => {
            Some(store::provider::load(c, id)?.ok_or_else(|| Error::not_found("such provider"))?)
        }
        None => None,
    };
    for other in store::provider::all(c)? {
        if Some(other.id) == draft.id {
            continue;
        }
        if other.key == draft.key {
            return Err(Error::invalid(
                "key",
                format!("{} has that key already", other.name),
            ));
        }
        if draft.kind == Kind::Oidc && other.issuer == draft.issuer {
            return Err(Error::invalid(
                "issuer",
                format!("{} is that issuer already", other.name),
            ));
        }
    }
    let id = before.as_ref().map_or(fresh, |p| p.id);
    let mut provider = Provider {
        id,
        key: before.as_ref().map_or(&draft.key, |p| &p.key).clone(),
        kind: before.as_ref().map_or(draft.kind, |p| p.kind),
        name: draft.name.clone(),
        issuer: match draft.kind {
            Kind::Oidc => draft.issuer.clone(),
            // A directory that is set up anew is another one.
            Kind::Ldap => format!("ldap:{id}"),
        },
        doc: draft.doc.clone(),
        has_secret: before.as_ref().is_some_and(|p| p.has_secret),
        active: draft.active,
        position: draft.position,
    };
    // A secret that is kept must not be sent to whomever the address names now.
    let moved = before
        .as_ref()
        .is_some_and(|p| p.issuer != provider.issuer || p.doc.url != provider.doc.url);
    store::provider::save(c, &provider, now)?;
    if draft.secret.is_some() || moved || !draft.doc.secret_env.is_empty() {
        store::provider::set_secret(c, id, sealed)?;
        provider.has_secret = draft.secret.is_some();
    }
    let shown = |p: &Provider| json!({ "name": p.name, "issuer": p.issuer, "doc": p.doc, "active": p.active });
    let mut detail = match &before {
        Some(before) => audit::difference(&shown(before), &shown(&provider)),
        None => json!({ "key": provider.key, "issuer": provider.issuer }),
    };
    if draft.secret.is_some() {
        detail["secret"] = json!("set");
    }
    let action = if before.is_some() {
        "provider.changed"
    } else {
        "provider.created"
    };
    audit::record(
        c,
        actor,
        now,
        action,
        &Subject::Other("provider", id),
        &detail,
    )?;
    Ok(provider)
}
