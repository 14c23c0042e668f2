//! Webhooks: programs elsewhere that are called when something happens to tickets, as data
//! that administrators look after.
//!
//! Each reads the change feed from a place of its own, with the eyes of one person: what
//! they may not see at the time of the call is not sent. Nothing that was sent is kept, so
//! nothing has to be erased from there.

use serde_json::json;
use store::Conn;
use store::webhook::{Delivery, State, Sums, Wanted, Webhook};
use switchboard_core::webhook::GRACE_MS;
use switchboard_core::{Actor, Change, Channel, Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::account::actor_of;
use crate::audit::{self, Subject};
use crate::list::holds;
use crate::{Catalogue, Desk, Error, Page, secret};

mod message;
mod round;

pub use round::Tried;

/// Webhooks that there can be: each that is called costs a look at every event.
const MOST: usize = 200;
/// The longest title and filter, in characters, and the longest address, in bytes.
const LONGEST: (usize, usize, usize) = (100, 500, 2000);

/// A webhook as somebody filled it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The one that is changed; `None`: a new one.
    pub id: Option<Uuid>,
    /// The version that was seen; `None`: whatever happened meanwhile.
    pub expected: Option<i64>,
    /// How people call it.
    pub title: String,
    /// What is called.
    pub url: String,
    /// What happened, words of [`Change::KINDS`]; none: everything.
    pub kinds: Vec<String>,
    /// A query without words; empty: every ticket.
    pub filter: String,
    /// Units by name or key; none: any.
    pub units: Vec<String>,
    /// Services by name or key; none: any.
    pub services: Vec<String>,
    /// The texts of entries go along.
    pub texts: bool,
    /// The address of the person with whose eyes it reads; `None`: it stays, and of a new
    /// one who makes it.
    pub reader: Option<String>,
    /// It is called.
    pub active: bool,
}

/// A webhook, and how it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// It.
    pub webhook: Webhook,
    /// Its units, by name.
    pub units: Vec<String>,
    /// Its services, by name.
    pub services: Vec<String>,
    /// With whose eyes it reads: name and address.
    pub reader: (String, String),
    /// How its calls stand.
    pub sums: Sums,
    /// Events at which it did not look yet.
    pub behind: i64,
}

/// How all webhooks stand, for those who watch the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// They are called, and take it.
    pub active: i64,
    /// They are called, and take nothing.
    pub failing: i64,
    /// They are not called.
    pub paused: i64,
    /// Calls that wait.
    pub waiting: i64,
    /// For how long the oldest of them does.
    pub lag: Millis,
    /// Calls that were given up.
    pub dead: i64,
}

fn admin(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "administrators look after webhooks".into(),
    ))
}

fn found(c: &mut Conn<'_>, id: Uuid) -> Result<Webhook, Error> {
    store::webhook::load(c, id)?.ok_or_else(|| Error::not_found("such webhook"))
}

/// With whose eyes a webhook reads; `None`: they have no working account any more.
fn eyes(c: &mut Conn<'_>, reader: PersonId) -> Result<Option<Actor>, Error> {
    match store::person::load(c, reader)?.filter(|p| p.active) {
        Some(person) => Ok(Some(actor_of(c, &person, Channel::Job)?)),
        None => Ok(None),
    }
}

/// What the audit log says of one. Its address may have a secret in it, so only the host.
fn about(w: &Webhook) -> serde_json::Value {
    let host = crate::exchange::host(&w.url);
    json!({ "title": w.title, "host": host })
}

fn checked(desk: &Desk, catalogue: &Catalogue, draft: &Draft) -> Result<Wanted, Error> {
    let title = draft.title.trim();
    if title.is_empty() || title.chars().count() > LONGEST.0 || title.chars().any(char::is_control)
    {
        let problem = format!("has to be one line of 1 to {} characters", LONGEST.0);
        return Err(Error::invalid("title", problem));
    }
    if draft.url.len() > LONGEST.2 {
        return Err(Error::invalid("url", "is longer than 2,000 characters"));
    }
    desk.0
        .guard
        .check_url(draft.url.trim())
        .map_err(|e| Error::invalid("url", e.to_string()))?;
    let mut kinds = draft.kinds.clone();
    kinds.sort_unstable();
    kinds.dedup();
    if let Some(odd) = kinds.iter().find(|k| !Change::KINDS.contains(&k.as_str())) {
        let all = Change::KINDS.join(", ");
        return Err(Error::invalid("kinds", format!("{odd:?} is none of {all}")));
    }
    let filter = draft.filter.trim();
    if filter.chars().count() > LONGEST.1 {
        return Err(Error::invalid("filter", "is longer than 500 characters"));
    }
    let units = draft.units.iter().map(|n| catalogue.find_unit("units", n));
    let services = draft
        .services
        .iter()
        .map(|n| catalogue.find_service("services", n));
    Ok(Wanted {
        kinds,
        filter: filter.to_owned(),
        units: units.map(|u| Ok(u?.id)).collect::<Result<_, Error>>()?,
        services: services.map(|s| Ok(s?.id)).collect::<Result<_, Error>>()?,
        texts: draft.texts,
    })
}

fn overview(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    webhook: Webhook,
    sums: &[(Uuid, Sums)],
) -> Result<Overview, Error> {
    let reader = store::person::load(c, webhook.reader)?;
    let name = |name: Option<String>| name.unwrap_or_else(|| "?".to_owned());
    let (units, services) = (&webhook.wanted.units, &webhook.wanted.services);
    Ok(Overview {
        units: units
            .iter()
            .map(|id| name(catalogue.unit(*id).map(|u| u.name.clone())))
            .collect(),
        services: services
            .iter()
            .map(|id| name(catalogue.service(*id).map(|s| s.name.clone())))
            .collect(),
        reader: reader.map_or_else(Default::default, |p| (p.name, p.email.unwrap_or_default())),
        sums: sums
            .iter()
            .find(|(id, _)| *id == webhook.id)
            .map_or_else(Sums::default, |(_, sums)| *sums),
        behind: store::event::last(c)? - webhook.place,
        webhook,
    })
}

impl Desk {
    /// Every webhook, the oldest first, and how it goes.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn webhooks(&self, actor: &Actor) -> Result<Vec<Overview>, Error> {
        admin(actor)?;
        let catalogue = self.catalogue().await?;
        self.0
            .db
            .read(move |c| {
                let sums = store::webhook::sums(c)?;
                store::webhook::all(c)?
                    .into_iter()
                    .map(|one| overview(c, &catalogue, one, &sums))
                    .collect()
            })
            .await
    }

    /// One webhook.
    ///
    /// # Errors
    /// When there is none, or the actor is no administrator.
    pub async fn webhook(&self, actor: &Actor, id: Uuid) -> Result<Overview, Error> {
        let all = self.webhooks(actor).await?;
        all.into_iter()
            .find(|one| one.webhook.id == id)
            .ok_or_else(|| Error::not_found("such webhook"))
    }

    /// Stores a webhook. A new one tells of what happens from now on; its secret is given
    /// back with it and never again.
    ///
    /// # Errors
    /// Names the field that is wrong; when the actor is no administrator.
    pub async fn save_webhook(
        &self,
        actor: &Actor,
        draft: Draft,
    ) -> Result<(Overview, Option<String>), Error> {
        admin(actor)?;
        let catalogue = self.catalogue().await?;
        let wanted = checked(self, &catalogue, &draft)?;
        let fresh = self.uuid();
        let (plain, sealed) = match draft.id {
            Some(_) => (None, String::new()),
            None => {
                let plain = connect::webhook::secret(&secret::random::<32>()?);
                let sealed = self.seal_webhook(fresh, &plain)?;
                (Some(plain), sealed)
            }
        };
        let (now, by) = (self.now(), actor.clone());
        let id = self
            .0
            .db
            .write(move |c| store_draft(c, &catalogue, &by, &draft, &wanted, (fresh, &sealed), now))
            .await?;
        Ok((self.webhook(actor, id).await?, plain))
    }

    /// Takes a webhook away. What was not told yet is not told.
    ///
    /// # Errors
    /// When there is none, or the actor is no administrator.
    pub async fn delete_webhook(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        self.with_webhook(actor, id, "webhook.deleted", move |c, _, _| {
            store::webhook::delete(c, id)?;
            Ok(json!({}))
        })
        .await
    }

    /// Something done with a webhook, with its line in the audit log; what `deed` gives
    /// stands there, too.
    async fn with_webhook(
        &self,
        actor: &Actor,
        id: Uuid,
        what: &'static str,
        deed: impl Fn(&mut Conn<'_>, &Webhook, Millis) -> Result<serde_json::Value, Error>
        + Send
        + Sync
        + 'static,
    ) -> Result<(), Error> {
        admin(actor)?;
        let (now, actor) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let known = found(c, id)?;
                let more = deed(c, &known, now)?;
                let mut detail = about(&known);
                if let (Some(detail), Some(more)) = (detail.as_object_mut(), more.as_object()) {
                    detail.extend(more.clone());
                }
                let subject = Subject::Other("webhook", id);
                audit::record(c, &actor, now, what, &subject, &detail)
            })
            .await?;
        // So that a round begins at once.
        self.announce([]);
        Ok(())
    }

    /// Gives a webhook a new secret. For a day calls are signed with the old one, too.
    /// Gives the secret, and until when the old one counts.
    ///
    /// # Errors
    /// When there is no such webhook, or the actor is no administrator.
    pub async fn rotate_webhook(&self, actor: &Actor, id: Uuid) -> Result<(String, Millis), Error> {
        admin(actor)?;
        let plain = connect::webhook::secret(&secret::random::<32>()?);
        let sealed = self.seal_webhook(id, &plain)?;
        let until = self.now() + GRACE_MS;
        self.with_webhook(actor, id, "webhook.secret_changed", move |c, _, _| {
            store::webhook::rotate(c, id, &sealed, until)?;
            Ok(json!({}))
        })
        .await?;
        Ok((plain, until))
    }

    /// Tells again of everything after an event that the webhook wants now; what it was
    /// told before comes again under the same name.
    ///
    /// # Errors
    /// When there is no such event or webhook, or the actor is no administrator.
    pub async fn replay_webhook(&self, actor: &Actor, id: Uuid, after: i64) -> Result<(), Error> {
        self.with_webhook(actor, id, "webhook.replayed", move |c, known, _| {
            if after < 0 || after > known.place {
                let problem = format!(
                    "takes an event's id from 0 to {}, up to which it was told",
                    known.place
                );
                return Err(Error::invalid("after", problem));
            }
            store::webhook::set_place(c, id, after)?;
            Ok(json!({ "after": after }))
        })
        .await
    }

    /// Calls of a webhook, the newest event first.
    ///
    /// # Errors
    /// When there is no such webhook, or the actor is no administrator.
    pub async fn webhook_deliveries(
        &self,
        actor: &Actor,
        id: Uuid,
        state: Option<State>,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Page<Delivery>, Error> {
        admin(actor)?;
        self.0
            .db
            .read(move |c| {
                found(c, id)?;
                let mut items = store::webhook::deliveries(c, id, state, before, limit + 1)?;
                let more = items.len() as i64 > limit;
                items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                let next = items.last().filter(|_| more).map(|d| d.event.to_string());
                Ok(Page { items, next })
            })
            .await
    }

    /// Makes a call again that was given up; it is tried for a day. It may come after later
    /// ones of the same ticket.
    ///
    /// # Errors
    /// When there is none that was given up, or the actor is no administrator.
    pub async fn retry_webhook(&self, actor: &Actor, id: Uuid, call: Uuid) -> Result<(), Error> {
        self.with_webhook(actor, id, "webhook.retried", move |c, known, now| {
            let dead = store::webhook::load_delivery(c, call)?
                .filter(|d| d.webhook == id && d.state == State::Dead)
                .ok_or_else(|| Error::not_found("such call that was given up"))?;
            store::webhook::update(
                c,
                &Delivery {
                    state: State::Waiting,
                    since: now,
                    next_at: now,
                    tries: 0,
                    ended_at: None,
                    ..dead.clone()
                },
            )?;
            if known.due_at.is_none_or(|at| at > now) {
                store::webhook::set_due(c, id, Some(now))?;
            }
            Ok(json!({ "event": dead.event, "number": dead.ticket }))
        })
        .await
    }

    /// How all webhooks stand.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn webhook_standing(&self) -> Result<Standing, Error> {
        let now = self.now();
        self.0
            .db
            .read(move |c| {
                let mut all = Standing::default();
                let sums = store::webhook::sums(c)?;
                for one in store::webhook::all(c)? {
                    match (one.active, one.failing_since) {
                        (false, _) => all.paused += 1,
                        (true, Some(_)) => all.failing += 1,
                        (true, None) => all.active += 1,
                    }
                    // Those of a paused one wait on purpose.
                    let known = sums.iter().find(|(id, _)| *id == one.id);
                    if let Some((_, sums)) = known {
                        all.dead += sums.dead;
                        if one.active {
                            all.waiting += sums.waiting;
                            all.lag = all.lag.max(sums.oldest.map_or(0, |since| now - since));
                        }
                    }
                }
                Ok(all)
            })
            .await
    }
}

fn store_draft(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    actor: &Actor,
    draft: &Draft,
    wanted: &Wanted,
    (fresh, secret): (Uuid, &str),
    now: Millis,
) -> Result<Uuid, Error> {
    let before = match draft.id {
        Some(id) => Some(found(c, id)?),
        None => None,
    };
    if let (Some(before), Some(expected)) = (&before, draft.expected)
        && before.version != expected
    {
        return Err(Error::Stale {
            current: before.version,
        });
    }
    if before.is_none() && store::webhook::all(c)?.len() >= MOST {
        return Err(Error::Conflict(format!(
            "there are {MOST} webhooks, which is as many as there can be: take one away first"
        )));
    }
    let reader = match draft.reader.as_deref().map(str::trim) {
        Some(text) if !text.is_empty() => {
            let address = crate::account::address("reader", text)?;
            let person = store::person::by_email(c, address.as_str())?;
            Some(person.map_or(PersonId(Uuid::nil()), |p| p.id))
        }
        _ => before.as_ref().map(|b| b.reader).or(actor.person),
    };
    let reader =
        reader.ok_or_else(|| Error::invalid("reader", "has to be somebody’s mail address"))?;
    let eyes = eyes(c, reader)?.ok_or_else(|| {
        Error::invalid("reader", "nobody with a working account has this address")
    })?;
    // As far as it can be seen before there is a ticket.
    holds(c, catalogue, &eyes, &wanted.filter, TicketNumber(1), now).map_err(|e| match e {
        Error::Invalid { problem, .. } => Error::invalid("filter", problem),
        other => other,
    })?;
    let mut webhook = before.clone().unwrap_or(Webhook {
        id: fresh,
        title: String::new(),
        url: String::new(),
        wanted: Wanted::default(),
        reader,
        maker: actor.person,
        before_until: None,
        active: false,
        why: None,
        place: store::event::last(c)?,
        due_at: None,
        failures: 0,
        failing_since: None,
        error: None,
        sent_at: None,
        made_at: now,
        version: 0,
    });
    let begins = draft.active && !webhook.active;
    let elsewhere = webhook.url != draft.url.trim();
    webhook.title = draft.title.trim().to_owned();
    webhook.url = draft.url.trim().to_owned();
    webhook.wanted = wanted.clone();
    webhook.reader = reader;
    webhook.active = draft.active;
    webhook.version += 1;
    if begins || elsewhere {
        // Whatever was the matter: it is called anew, and what waits has its day anew.
        (webhook.failures, webhook.failing_since) = (0, None);
        (webhook.error, webhook.why) = (None, None);
        webhook.due_at = store::webhook::next_due(c, webhook.id)?.map(|_| now);
        store::webhook::hurry(c, webhook.id, now, true)?;
    }
    store::webhook::save(c, &webhook, secret)?;
    let what = match &before {
        Some(_) => "webhook.changed",
        None => "webhook.created",
    };
    let subject = Subject::Other("webhook", webhook.id);
    let mut detail = about(&webhook);
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("active".into(), json!(webhook.active));
        detail.insert("reader".into(), json!(eyes.name));
        detail.insert("texts".into(), json!(webhook.wanted.texts));
    }
    audit::record(c, actor, now, what, &subject, &detail)?;
    Ok(webhook.id)
}
