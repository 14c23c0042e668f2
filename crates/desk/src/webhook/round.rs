//! Rounds: what happened is looked at for one webhook, and it is called.
//!
//! Each webhook has rounds of its own beside all others, with a few calls at a time, so one
//! that is slow or dead holds up nobody else. A lease keeps two nodes out of one round. What
//! happened is stored as calls that wait before anything is sent, and a call ends only when
//! its end is stored: one that was made when the process died is made again, under the same
//! name. Of one ticket the first that waits is sent alone.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use connect::webhook::{Fault, Message, post};
use store::Conn;
use store::webhook::{Delivery, State, Webhook};
use switchboard_core::webhook::{AWAY, Heard, Then, after, away, hopeless};
use switchboard_core::{Actor, Millis};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{eyes, message};
use crate::letter::{self, About};
use crate::mail_text::Kind;
use crate::{Catalogue, Desk, Error, secret};

/// Calls to one receiver at a time.
const AT_ONCE: i64 = 8;
/// Events looked at in one transaction.
const STRETCH: i64 = 200;
/// Calls of one webhook that wait, at most: what happened beyond stays in the feed.
const MOST_WAITING: i64 = 5_000;
/// Steps of a round; what is left then is done in the next.
const STEPS: usize = 50;
/// How often it is looked for webhooks that have something to do.
const LOOK: Duration = Duration::from_millis(500);
/// For so long changes are gathered before they are told.
const GATHER: Duration = Duration::from_millis(60);
/// The longest reason that is stored, in characters.
const LONGEST_ERROR: usize = 500;

/// What a test came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// Why it was not taken; `None`: it was.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub took: Millis,
}

/// A call that is ready to be made.
struct Ready {
    delivery: Delivery,
    // `None`: the reader may not see it any more.
    message: Option<Message>,
}

/// What there is to do in one step.
enum Step {
    /// Nothing.
    Nothing,
    /// It can not go on.
    Stuck(String),
    /// These calls, signed with these sealed secrets.
    Calls(Box<Webhook>, (String, Option<String>), Vec<Ready>),
}

impl Desk {
    /// Rounds, again and again, until the process ends.
    pub(crate) async fn webhooks_always(&self, holder: &str) {
        let mut rounds: JoinSet<Uuid> = JoinSet::new();
        let mut running: BTreeSet<Uuid> = BTreeSet::new();
        let mut live = self.live();
        loop {
            while let Some(ended) = rounds.try_join_next() {
                match ended {
                    Ok(id) => {
                        running.remove(&id);
                    }
                    // Which one it was nobody knows: those that run keep their leases.
                    Err(_) => running.clear(),
                }
            }
            match self.due_webhooks().await {
                Ok(due) => {
                    for id in due {
                        if running.insert(id) {
                            let (desk, holder) = (self.clone(), holder.to_owned());
                            rounds.spawn(async move {
                                if let Err(e) = desk.webhook_round(id, &holder).await {
                                    tracing::warn!(webhook = %id, error = %e, "a round of a webhook failed");
                                    tokio::time::sleep(Duration::from_secs(5)).await;
                                }
                                id
                            });
                        }
                    }
                }
                Err(e) => tracing::warn!(error = %e, "webhooks can not be looked after"),
            }
            match tokio::time::timeout(LOOK, live.recv()).await {
                Ok(Err(RecvError::Closed)) | Err(_) => tokio::time::sleep(GATHER).await,
                Ok(_) => {
                    tokio::time::sleep(GATHER).await;
                    live = live.resubscribe();
                }
            }
        }
    }

    /// Every round that is due now, one after the other; how many ran.
    pub(crate) async fn webhooks_due(&self, holder: &str) -> Result<u64, Error> {
        let mut ran = 0;
        for id in self.due_webhooks().await? {
            ran += u64::from(self.webhook_round(id, holder).await?);
        }
        Ok(ran)
    }

    async fn due_webhooks(&self) -> Result<Vec<Uuid>, Error> {
        let now = self.now();
        self.0
            .db
            .read(move |c| {
                let last = store::event::last(c)?;
                store::webhook::due(c, now, last, AWAY).map_err(Error::from)
            })
            .await
    }

    async fn webhook_round(&self, id: Uuid, holder: &str) -> Result<bool, Error> {
        let name = format!("webhook {id}");
        self.alone(name, holder, self.webhook_steps(id)).await
    }

    async fn webhook_steps(&self, id: Uuid) -> Result<(), Error> {
        for _ in 0..STEPS {
            let looked = match self.look_for_webhook(id).await {
                Err(Error::Invalid { problem, .. }) => {
                    let why = format!("its filter can not be read any more: {problem}");
                    return self.pause_webhook(id, why).await;
                }
                other => other?,
            };
            match self.webhook_step(id).await? {
                Step::Nothing if looked => {}
                Step::Nothing => break,
                Step::Stuck(why) => return self.pause_webhook(id, why).await,
                Step::Calls(webhook, sealed, calls) => {
                    if !self.call_webhook(&webhook, &sealed, calls).await? {
                        break;
                    }
                }
            }
        }
        let (now, [dice]) = (self.now(), secret::random::<1>()?);
        self.0
            .db
            .write(move |c| {
                let Some(known) = store::webhook::load(c, id)? else {
                    return Ok(());
                };
                let next = match away(known.failures, now, dice) {
                    None => store::webhook::next_due(c, id)?,
                    // Of one that is away it is known already, but when nothing waits.
                    Some(rest) if known.due_at.is_none_or(|at| at <= now) => Some(rest),
                    Some(_) => known.due_at,
                };
                if next != known.due_at {
                    store::webhook::set_due(c, id, next)?;
                }
                Ok(())
            })
            .await
    }

    /// Looks at what happened; gives whether anything did.
    async fn look_for_webhook(&self, id: Uuid) -> Result<bool, Error> {
        let catalogue = self.catalogue().await?;
        let (desk, now) = (self.clone(), self.now());
        let found = self
            .0
            .db
            .read(move |c| look(c, &desk, &catalogue, id, now))
            .await?;
        let Some((from, to, wanted)) = found else {
            return Ok(false);
        };
        self.0
            .db
            .write(move |c| {
                // Somebody may have set it back meanwhile.
                let known = store::webhook::load(c, id)?;
                let Some(known) = known.filter(|w| w.place == from && w.active) else {
                    return Ok(true);
                };
                for delivery in &wanted {
                    store::webhook::enqueue(c, delivery)?;
                }
                store::webhook::set_place(c, id, to)?;
                // Should this node die before they are sent, others see them by this.
                if !wanted.is_empty() && known.due_at.is_none_or(|at| at > now) {
                    store::webhook::set_due(c, id, Some(now))?;
                }
                Ok::<_, Error>(true)
            })
            .await
    }

    async fn webhook_step(&self, id: Uuid) -> Result<Step, Error> {
        let catalogue = self.catalogue().await?;
        let (desk, now) = (self.clone(), self.now());
        self.0
            .db
            .read(move |c| step(c, &desk, &catalogue, id, now))
            .await
    }

    /// Makes calls beside each other and stores what became of them; gives whether it goes
    /// on.
    async fn call_webhook(
        &self,
        webhook: &Webhook,
        sealed: &(String, Option<String>),
        calls: Vec<Ready>,
    ) -> Result<bool, Error> {
        let secrets = self.webhook_secrets(webhook.id, sealed)?;
        let mut running = JoinSet::new();
        for ready in calls {
            let (guard, url) = (self.0.guard.clone(), webhook.url.clone());
            let (secrets, seconds) = (secrets.clone(), self.now().div_euclid(1000));
            running.spawn(async move {
                let said = match ready.message {
                    Some(message) => Some(post(&guard, &url, &secrets, seconds, message).await),
                    None => None,
                };
                (ready.delivery, said)
            });
        }
        let mut done = Vec::new();
        while let Some(one) = running.join_next().await {
            done.push(one.map_err(|e| Error::Internal(format!("a call to a webhook: {e}")))?);
        }
        done.sort_by_key(|(delivery, _)| delivery.event);
        let (desk, id, now) = (self.clone(), webhook.id, self.now());
        let [dice, more] = secret::random::<2>()?;
        self.0
            .db
            .write(move |c| end_calls(c, &desk, id, &done, now, [dice, more]))
            .await
    }

    fn webhook_secrets(
        &self,
        id: Uuid,
        (secret, before): &(String, Option<String>),
    ) -> Result<Vec<String>, Error> {
        let mut all = vec![self.open_webhook(id, secret)?];
        if let Some(before) = before {
            all.push(self.open_webhook(id, before)?);
        }
        Ok(all)
    }

    async fn pause_webhook(&self, id: Uuid, why: String) -> Result<(), Error> {
        let desk = self.clone();
        self.0
            .db
            .write(move |c| match store::webhook::load(c, id)? {
                Some(known) if known.active => pause(c, &desk, known, &why),
                _ => Ok(()),
            })
            .await?;
        self.wake();
        Ok(())
    }

    /// Calls a webhook as it is saved, paused or not, with a message that is only a test.
    ///
    /// # Errors
    /// When there is none, or the actor is no administrator.
    pub async fn test_webhook(&self, actor: &Actor, id: Uuid) -> Result<Tried, Error> {
        super::admin(actor)?;
        let now = self.now();
        let (webhook, sealed) = self
            .0
            .db
            .read(move |c| {
                let known = super::found(c, id)?;
                let sealed = store::webhook::secrets_of(c, id, now)?;
                let sealed = sealed.ok_or_else(|| Error::not_found("such webhook"))?;
                Ok::<_, Error>((known, sealed))
            })
            .await?;
        let secrets = self.webhook_secrets(id, &sealed)?;
        let (message, began) = (message::test(self, &webhook), Instant::now());
        let seconds = now.div_euclid(1000);
        let said = post(&self.0.guard, &webhook.url, &secrets, seconds, message).await;
        Ok(Tried {
            status: said.as_ref().map_or_else(Fault::status, |s| Some(*s)),
            error: said.err().map(|e| e.to_string()),
            took: Millis::try_from(began.elapsed().as_millis()).unwrap_or(Millis::MAX),
        })
    }
}

/// What the webhook is to be told of the next stretch of the feed: from where to where, and
/// the calls. `None`: nothing happened, or it has enough to do.
fn look(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    id: Uuid,
    now: Millis,
) -> Result<Option<(i64, i64, Vec<Delivery>)>, Error> {
    let Some(webhook) = store::webhook::load(c, id)?.filter(|w| w.active) else {
        return Ok(None);
    };
    let most = if webhook.failures >= AWAY {
        1
    } else {
        MOST_WAITING
    };
    if store::webhook::waiting(c, id, most)? >= most {
        return Ok(None);
    }
    let events = store::event::feed(c, webhook.place, STRETCH)?;
    let Some(end) = events.last().map(|e| e.id) else {
        return Ok(None);
    };
    let Some(actor) = eyes(c, webhook.reader)? else {
        return Ok(None);
    };
    let mut tickets = HashMap::new();
    let mut wanted = Vec::new();
    for event in events {
        let ticket = match tickets.entry(event.ticket) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(store::ticket::load(c, event.ticket)?),
        };
        let Some(ticket) = ticket.as_ref() else {
            continue;
        };
        if message::is_wanted(c, catalogue, &webhook, &actor, &event, ticket, now)? {
            wanted.push(Delivery {
                id: desk.uuid(),
                webhook: id,
                event: event.id,
                ticket: event.ticket,
                kind: event.change.kind().to_owned(),
                state: State::Waiting,
                since: now,
                next_at: now,
                tries: 0,
                tried_at: None,
                status: None,
                error: None,
                ended_at: None,
            });
        }
    }
    Ok(Some((webhook.place, end, wanted)))
}

fn step(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    id: Uuid,
    now: Millis,
) -> Result<Step, Error> {
    let Some(webhook) = store::webhook::load(c, id)?.filter(|w| w.active) else {
        return Ok(Step::Nothing);
    };
    let Some(actor) = eyes(c, webhook.reader)? else {
        let why = "the person with whose eyes it reads has no working account any more";
        return Ok(Step::Stuck(why.into()));
    };
    // One that was away is asked with one call whether it is back, whenever that call would
    // be due by itself.
    let gone = webhook.failures >= AWAY;
    if gone && webhook.due_at.is_some_and(|at| at > now) {
        return Ok(Step::Nothing);
    }
    let (due, most) = if gone {
        (Millis::MAX, 1)
    } else {
        (now, AT_ONCE)
    };
    let deliveries = store::webhook::ready(c, id, due, most)?;
    if deliveries.is_empty() {
        return Ok(Step::Nothing);
    }
    let mut calls = Vec::new();
    for delivery in deliveries {
        let event = store::event::feed(c, delivery.event - 1, 1)?;
        let event = event.into_iter().find(|e| e.id == delivery.event);
        let message = match event {
            Some(event) => message::of(c, desk, catalogue, &webhook, &actor, event)?,
            None => None,
        };
        calls.push(Ready { delivery, message });
    }
    let sealed = store::webhook::secrets_of(c, id, now)?;
    let sealed = sealed.ok_or_else(|| Error::not_found("such webhook"))?;
    Ok(Step::Calls(Box::new(webhook), sealed, calls))
}

/// Stores what became of calls; gives whether the round goes on.
fn end_calls(
    c: &mut Conn<'_>,
    desk: &Desk,
    id: Uuid,
    done: &[(Delivery, Option<Result<u16, Fault>>)],
    now: Millis,
    [dice, more]: [u8; 2],
) -> Result<bool, Error> {
    let Some(mut webhook) = store::webhook::load(c, id)? else {
        return Ok(false);
    };
    let (mut worst, mut back) = (Heard::Taken, false);
    for (delivery, said) in done {
        let mut next = delivery.clone();
        let heard = match said {
            None => {
                next.state = State::LeftOut;
                next.error = Some("who reads for it may not see this any more".into());
                next.ended_at = Some(now);
                store::webhook::update(c, &next)?;
                continue;
            }
            Some(Ok(status)) => {
                (next.status, next.error) = (Some(i64::from(*status)), None);
                back |= webhook.failing_since.is_some();
                (webhook.failures, webhook.failing_since) = (0, None);
                (webhook.error, webhook.sent_at) = (None, Some(now));
                Heard::Taken
            }
            Some(Err(fault)) => {
                let why: String = fault.to_string().chars().take(LONGEST_ERROR).collect();
                next.status = fault.status().map(i64::from);
                next.error = Some(why.clone());
                webhook.failures += 1;
                webhook.failing_since = webhook.failing_since.or(Some(now));
                webhook.error = Some(why);
                match fault.status() {
                    Some(410) => Heard::Gone,
                    _ => Heard::Not,
                }
            }
        };
        if heard != Heard::Taken && worst != Heard::Gone {
            worst = heard;
        }
        next.tries += 1;
        next.tried_at = Some(now);
        match after(heard, next.tries, next.since, now, dice) {
            Then::Done => (next.state, next.ended_at) = (State::Sent, Some(now)),
            Then::Again(at) => next.next_at = at,
            Then::Never => (next.state, next.ended_at) = (State::Dead, Some(now)),
        }
        store::webhook::update(c, &next)?;
    }
    if back {
        // It is there again: nothing waits any longer for its own next time.
        store::webhook::hurry(c, id, now, false)?;
    }
    let rest = away(webhook.failures, now, more);
    if rest.is_some() {
        webhook.due_at = rest;
    }
    if webhook.active && hopeless(worst, webhook.failing_since, now) {
        let last = webhook.error.clone().unwrap_or_default();
        let why = match worst {
            Heard::Gone => last,
            Heard::Not | Heard::Taken => {
                format!("it took no call for three days; the last time {last}")
            }
        };
        pause(c, desk, webhook, &why)?;
        return Ok(false);
    }
    store::webhook::save(c, &webhook, "")?;
    Ok(rest.is_none())
}

/// Stops calling, and tells who made it.
fn pause(c: &mut Conn<'_>, desk: &Desk, mut webhook: Webhook, why: &str) -> Result<(), Error> {
    webhook.active = false;
    webhook.why = Some(why.to_owned());
    webhook.version += 1;
    store::webhook::save(c, &webhook, "")?;
    let maker = match webhook.maker {
        Some(maker) => store::person::load(c, maker)?,
        None => None,
    };
    if let Some(maker) = maker {
        let about = About::nothing_else(Kind::WebhookPaused, desk.uuid());
        let link = format!("{}/admin/webhooks/{}", desk.config().public_url, webhook.id);
        letter::to_person(desk, c, &maker, about, |_| {
            [
                ("what", webhook.title.clone()),
                ("reason", why.to_owned()),
                ("link", link),
            ]
            .into()
        })?;
    }
    Ok(())
}
