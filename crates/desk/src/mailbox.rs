//! Where mail comes in, as data that administrators look after: mailboxes that
//! are read, and addresses that the local mail server hands over.

use connect::imap::{self, Account, Login, Security, TokenGiver};
use connect::oidc::Finding;
use serde_json::json;
use store::mailbox::{Mailbox, MailboxDoc, MailboxState, Way};
use switchboard_core::{Actor, Millis, PortalId, ServiceId, UnitId};
use uuid::Uuid;

use crate::audit::{self, Subject};
use crate::portal::{PortalRef, check_offers};
use crate::provider::{SECRET_ENV, may_name};
use crate::{Desk, Error};

/// A mailbox as somebody filled it in.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// The mailbox that is changed; `None`: a new one.
    pub id: Option<Uuid>,
    /// The version that was seen; `None`: whatever happened meanwhile.
    pub expected: Option<i64>,
    /// What people write to.
    pub address: String,
    /// How mail comes.
    pub way: Way,
    /// Everything else.
    pub doc: MailboxDoc,
    /// A new secret; `None`: it stays as it is.
    pub secret: Option<String>,
    /// Tickets begin in this unit: name or key.
    pub unit: Option<String>,
    /// Tickets begin with this service: name or key.
    pub service: Option<String>,
    /// Tickets come by this portal: its key.
    pub portal: Option<String>,
    /// Mail is taken.
    pub active: bool,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret stays out of every log.
        f.debug_struct("Draft")
            .field("address", &self.address)
            .field("way", &self.way)
            .field("doc", &self.doc)
            .finish_non_exhaustive()
    }
}

/// A mailbox and how it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// How far its reading came; `None`: nothing came yet.
    pub state: Option<MailboxState>,
    /// The unit's name.
    pub unit: Option<String>,
    /// The service's name.
    pub service: Option<String>,
    /// The portal.
    pub portal: Option<PortalRef>,
}

/// What was checked of a draft.
#[derive(Clone)]
struct Checked {
    draft: Draft,
    unit: Option<UnitId>,
    service: Option<ServiceId>,
    portal: Option<PortalId>,
    fresh: Uuid,
}

fn check_admin(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "only administrators may change where mail comes in".into(),
    ))
}

fn one_line(field: &str, text: &str, most: usize) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::invalid(field, "has to be filled in"));
    }
    optional_line(field, text, most)
}

fn optional_line(field: &str, text: &str, most: usize) -> Result<String, Error> {
    let text = text.trim();
    if text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(Error::invalid(
            field,
            format!("has to be one line of at most {most} characters"),
        ));
    }
    Ok(text.to_owned())
}

fn variable(field: &str, name: &str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() || may_name(name) {
        return Ok(name.to_owned());
    }
    Err(Error::invalid(
        field,
        format!(
            "the variable's name has to begin with {SECRET_ENV}, and is not one of the desk's own \
             keys"
        ),
    ))
}

/// The value of a variable that an operator set for the desk.
fn from_environment(name: &str) -> Result<String, Error> {
    match std::env::var(name) {
        Ok(secret) if may_name(name) && !secret.is_empty() => Ok(secret),
        _ => Err(Error::Unavailable(format!(
            "the variable {name} with the secret is not set"
        ))),
    }
}

pub(crate) fn security_of(word: &str) -> Option<Security> {
    match word {
        "tls" => Some(Security::Tls),
        "starttls" => Some(Security::StartTls),
        "none" => Some(Security::None),
        _ => None,
    }
}

impl Desk {
    /// Every mailbox by address, with how it goes.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn mailboxes(&self, actor: &Actor) -> Result<Vec<Overview>, Error> {
        check_admin(actor)?;
        let catalogue = self.catalogue().await?;
        let (all, states) = self
            .0
            .db
            .read(|c| Ok::<_, Error>((store::mailbox::all(c)?, store::mailbox::states(c)?)))
            .await?;
        Ok(all
            .into_iter()
            .map(|mailbox| Overview {
                state: states
                    .iter()
                    .find(|(id, _)| *id == mailbox.id)
                    .map(|(_, state)| state.clone()),
                unit: mailbox
                    .unit
                    .and_then(|id| catalogue.unit(id))
                    .map(|u| u.name.clone()),
                service: mailbox
                    .service
                    .and_then(|id| catalogue.service(id))
                    .map(|s| s.name.clone()),
                portal: catalogue.portal_ref(mailbox.portal),
                mailbox,
            })
            .collect())
    }

    /// One mailbox, with how it goes.
    ///
    /// # Errors
    /// When there is none, or the actor is no administrator.
    pub async fn mailbox(&self, actor: &Actor, id: Uuid) -> Result<Overview, Error> {
        let all = self.mailboxes(actor).await?;
        all.into_iter()
            .find(|one| one.mailbox.id == id)
            .ok_or_else(|| Error::not_found("such mailbox"))
    }

    /// Stores a mailbox, new or changed. The secret is kept and never shown
    /// again.
    ///
    /// # Errors
    /// Names the field that is wrong; when the actor is no administrator.
    pub async fn save_mailbox(&self, actor: &Actor, draft: Draft) -> Result<Overview, Error> {
        check_admin(actor)?;
        let mut checked = self.checked_mailbox(draft).await?;
        // As it is stored: sealed for this mailbox alone.
        if let Some(secret) = checked.draft.secret.take() {
            let id = checked.draft.id.unwrap_or(checked.fresh);
            checked.draft.secret = Some(self.seal_mailbox(id, &secret)?);
        }
        let (now, by) = (self.now(), actor.clone());
        let id = self
            .0
            .db
            .write(move |c| store_draft(c, &checked, now, &by))
            .await?;
        self.mailbox(actor, id).await
    }

    /// Takes a mailbox away. What came by it stays.
    ///
    /// # Errors
    /// When there is none, or the actor is no administrator.
    pub async fn delete_mailbox(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        check_admin(actor)?;
        let (now, actor) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let known =
                    store::mailbox::load(c, id)?.ok_or_else(|| Error::not_found("such mailbox"))?;
                store::mailbox::delete(c, id)?;
                let subject = Subject::Other("mailbox", id);
                let detail = json!({ "address": known.address });
                audit::record(c, &actor, now, "mailbox.deleted", &subject, &detail)
            })
            .await
    }

    /// Tries a mailbox out: what is well, and exactly what is not. No mail is
    /// taken by it.
    ///
    /// # Errors
    /// When there is none, or the actor is no administrator.
    pub async fn test_mailbox(&self, actor: &Actor, id: Uuid) -> Result<Vec<Finding>, Error> {
        let found = self.mailbox(actor, id).await?.mailbox;
        if found.way == Way::Local {
            return Ok(vec![Finding {
                well: true,
                text: format!(
                    "Nothing to connect to: the local mail server hands mail for {} over \
                     (SWITCHBOARD_LMTP_LISTEN).",
                    found.address
                ),
            }]);
        }
        let doc = &found.doc;
        let done = Some(doc.done_folder.as_str()).filter(|f| !f.is_empty());
        match self.imap_account(&found).await {
            Ok(account) => Ok(imap::test(&self.0.guard, &account, &doc.folder, done).await),
            Err(error) => Ok(vec![Finding {
                well: false,
                text: error.to_string(),
            }]),
        }
    }

    /// A mailbox as it is reached, with its secret or a fresh token.
    pub(crate) async fn imap_account(&self, mailbox: &Mailbox) -> Result<Account, Error> {
        let doc = &mailbox.doc;
        let secret = if doc.secret_env.is_empty() {
            let id = mailbox.id;
            let stored = self
                .0
                .db
                .read(move |c| store::mailbox::secret(c, id).map_err(Error::from))
                .await?;
            stored
                .map(|stored| self.open_mailbox(id, &stored))
                .transpose()?
        } else {
            Some(from_environment(&doc.secret_env)?)
        };
        let login = match (doc.auth.as_str(), doc.token_url.is_empty()) {
            ("xoauth2", false) => {
                let refresh_token = if doc.refresh_env.is_empty() {
                    None
                } else {
                    Some(from_environment(&doc.refresh_env)?)
                };
                let giver = TokenGiver {
                    url: doc.token_url.clone(),
                    client_id: doc.client_id.clone(),
                    client_secret: secret.unwrap_or_default(),
                    refresh_token,
                    scope: doc.scope.clone(),
                };
                Login::Token(
                    imap::token(&self.0.guard, &giver)
                        .await
                        .map_err(|e| Error::Unavailable(e.to_string()))?,
                )
            }
            (auth, _) => {
                let secret = secret.ok_or_else(|| {
                    Error::Unavailable("there is no password and no token: enter one".into())
                })?;
                if auth == "xoauth2" {
                    Login::Token(secret)
                } else {
                    Login::Password(secret)
                }
            }
        };
        Ok(Account {
            host: doc.host.clone(),
            port: doc.port,
            security: security_of(&doc.security)
                .ok_or_else(|| Error::Internal(format!("security {:?}", doc.security)))?,
            authority: Some(doc.authority.clone()).filter(|pem| !pem.is_empty()),
            user: doc.user.clone(),
            login,
        })
    }

    async fn checked_mailbox(&self, mut draft: Draft) -> Result<Checked, Error> {
        let address = crate::account::address("address", draft.address.trim())?;
        if address.local().contains('+') {
            return Err(Error::invalid(
                "address",
                "leave out the part from + on: mail to NAME+anything comes here too",
            ));
        }
        draft.address = address.as_str().to_owned();
        let catalogue = self.catalogue().await?;
        let given = |text: &Option<String>| {
            text.as_deref()
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .map(str::to_owned)
        };
        let unit = match given(&draft.unit) {
            Some(name) => Some(catalogue.find_unit("unit", &name)?.id),
            None => None,
        };
        let found = match given(&draft.service) {
            Some(name) => Some(catalogue.find_service("service", &name)?),
            None => None,
        };
        let service = found.map(|s| s.id);
        // Also one that is not open yet: its address is set up before.
        let portal = match given(&draft.portal) {
            Some(key) => Some(catalogue.any_portal("portal", &key)?),
            None => None,
        };
        if let Some(portal) = portal {
            check_offers(&catalogue, portal, found, None)?;
        }
        let portal = portal.map(|p| p.id);
        if unit.is_some() && service.is_some() {
            return Err(Error::invalid(
                "service",
                "name a unit or a service: a service's tickets go to the unit that answers for it",
            ));
        }
        let secret = draft.secret.take();
        draft.secret = secret.filter(|s| !s.trim().is_empty());
        if draft.secret.as_ref().is_some_and(|s| s.len() > 8000) {
            return Err(Error::invalid("secret", "is longer than 8,000 characters"));
        }
        if draft.way == Way::Imap {
            self.check_imap(&mut draft.doc)?;
        } else {
            draft.doc = MailboxDoc::default();
            draft.secret = None;
        }
        Ok(Checked {
            draft,
            unit,
            service,
            portal,
            fresh: self.uuid(),
        })
    }

    fn check_imap(&self, doc: &mut MailboxDoc) -> Result<(), Error> {
        doc.host = one_line("host", &doc.host, 255)?;
        let bare = doc.host.trim_matches(['[', ']']);
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
        if bare.is_empty() || !bare.chars().all(letters) {
            return Err(Error::invalid(
                "host",
                "write the name of the server alone: imap.example.org",
            ));
        }
        // Before the question of TLS: who is sent there would look in vain.
        if let Some(why) = self.0.guard.keeps_from(&doc.host) {
            return Err(Error::invalid(
                "host",
                format!(
                    "{} {why}; the desk connects there once the operator names it in \
                     SWITCHBOARD_OUTBOUND_NETWORKS",
                    doc.host
                ),
            ));
        }
        if doc.port == 0 {
            doc.port = if doc.security == "tls" { 993 } else { 143 };
        }
        match security_of(&doc.security) {
            None => {
                return Err(Error::invalid(
                    "security",
                    "is one of tls, starttls and none",
                ));
            }
            Some(Security::None) if !doc.allow_plain && !self.0.guard.reaches_itself(&doc.host) => {
                return Err(Error::invalid(
                    "security",
                    "without TLS everybody on the way reads the password and all mail; use tls or \
                     starttls, or allow it expressly",
                ));
            }
            Some(_) => {}
        }
        doc.authority = doc.authority.trim().to_owned();
        if !doc.authority.is_empty() {
            connect::tls::authorities(&doc.authority)
                .map_err(|e| Error::invalid("authority", e))?;
        }
        doc.user = one_line("user", &doc.user, 255)?;
        if !matches!(doc.auth.as_str(), "password" | "xoauth2") {
            return Err(Error::invalid("auth", "is password or xoauth2"));
        }
        doc.secret_env = variable("secret_env", &doc.secret_env)?;
        doc.refresh_env = variable("refresh_env", &doc.refresh_env)?;
        doc.token_url = doc.token_url.trim().to_owned();
        if doc.auth == "password" {
            doc.token_url = String::new();
            doc.client_id = String::new();
            doc.scope = String::new();
            doc.refresh_env = String::new();
        }
        if !doc.token_url.is_empty() {
            self.0
                .guard
                .check_url(&doc.token_url)
                .map_err(|e| Error::invalid("token_url", e.to_string()))?;
            doc.client_id = one_line("client_id", &doc.client_id, 300)?;
        }
        doc.scope = optional_line("scope", &doc.scope, 500)?;
        doc.folder = optional_line("folder", &doc.folder, 255)?;
        if doc.folder.is_empty() {
            "INBOX".clone_into(&mut doc.folder);
        }
        doc.done_folder = optional_line("done_folder", &doc.done_folder, 255)?;
        if doc.done_folder == doc.folder {
            return Err(Error::invalid(
                "done_folder",
                "has to be another folder than the one that is read",
            ));
        }
        Ok(())
    }
}

fn store_draft(
    c: &mut store::Conn<'_>,
    checked: &Checked,
    now: Millis,
    actor: &Actor,
) -> Result<Uuid, Error> {
    let draft = &checked.draft;
    let before = match draft.id {
        Some(id) => {
            Some(store::mailbox::load(c, id)?.ok_or_else(|| Error::not_found("such mailbox"))?)
        }
        None => None,
    };
    if let (Some(before), Some(expected)) = (&before, draft.expected)
        && before.version != expected
    {
        return Err(Error::Stale {
            current: before.version,
        });
    }
    let is_list = |list: &String| {
        mail::Address::parse(list.trim()).is_ok_and(|list| list.as_str() == draft.address)
    };
    let named = store::unit::services(c)?;
    if store::redirect::lists(c)?.contains(&draft.address)
        || named
            .iter()
            .filter_map(|s| s.doc.list.as_ref())
            .any(is_list)
    {
        return Err(Error::invalid(
            "address",
            "is a mailing list that requests go to; what the desk sent would come back to it",
        ));
    }
    let taken = |other: &Mailbox| Some(other.id) != draft.id && other.address == draft.address;
    if store::mailbox::all(c)?.iter().any(taken) {
        return Err(Error::invalid("address", "is another mailbox's already"));
    }
    let id = before.as_ref().map_or(checked.fresh, |m| m.id);
    let mailbox = Mailbox {
        id,
        address: draft.address.clone(),
        way: draft.way,
        doc: draft.doc.clone(),
        has_secret: false,
        unit: checked.unit,
        service: checked.service,
        portal: checked.portal,
        active: draft.active,
        updated_at: now,
        version: before.as_ref().map_or(1, |m| m.version + 1),
    };
    store::mailbox::save(c, &mailbox, now)?;
    // A secret that is kept must not be sent to whomever the form names now.
    let whom = |m: &Mailbox| {
        let doc = &m.doc;
        (
            doc.host.clone(),
            doc.port,
            doc.security.clone(),
            doc.user.clone(),
            doc.token_url.clone(),
        )
    };
    let moved = before.as_ref().is_some_and(|m| whom(m) != whom(&mailbox));
    if draft.secret.is_some() || moved || !mailbox.doc.secret_env.is_empty() {
        let kept = draft
            .secret
            .as_deref()
            .filter(|_| mailbox.doc.secret_env.is_empty());
        store::mailbox::set_secret(c, id, kept)?;
    }
    // Numbers of mails mean nothing in another folder.
    let folder = |m: &Mailbox| (m.doc.host.clone(), m.doc.user.clone(), m.doc.folder.clone());
    if before
        .as_ref()
        .is_some_and(|m| folder(m) != folder(&mailbox))
        && let Some(mut state) = store::mailbox::state(c, id)?
    {
        state.uid_validity = None;
        state.first_uid = 0;
        state.last_uid = 0;
        state.since = now;
        store::mailbox::set_state(c, id, &state)?;
    }
    let shown = |m: &Mailbox| {
        json!({ "address": m.address, "way": m.way.key(), "doc": m.doc, "unit": m.unit,
                "service": m.service, "portal": m.portal, "active": m.active })
    };
    let mut detail = match &before {
        Some(before) => json!({ "before": shown(before), "after": shown(&mailbox) }),
        None => json!({ "after": shown(&mailbox) }),
    };
    if draft.secret.is_some()
        && let Some(detail) = detail.as_object_mut()
    {
        detail.insert("secret".into(), json!("changed"));
    }
    let action = if before.is_some() {
        "mailbox.changed"
    } else {
        "mailbox.made"
    };
    audit::record(
        c,
        actor,
        now,
        action,
        &Subject::Other("mailbox", id),
        &detail,
    )?;
    Ok(id)
}
