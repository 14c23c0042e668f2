//! Webhooks: programs elsewhere that are called when something happens to tickets.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::Error;
use desk::webhook::{Draft, Overview};
use serde::{Deserialize, Serialize};
use store::webhook;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::caller::Administers;
use super::input::{Asked, At, Body, IfMatch, whole_number};
use super::words::Time;
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// A program that is called when something happens to tickets. Its secret is given out once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Webhook {
    /// Its id.
    pub id: Uuid,
    /// How people call it.
    pub title: String,
    /// What is called, by POST.
    pub url: String,
    /// What happened, as `kind` of events: `opened`, `status_set`, `entry_added`, …; none:
    /// everything.
    pub kinds: Vec<String>,
    /// A query that the ticket has to meet, without words; empty: every ticket.
    pub filter: String,
    /// The names of units that hold the ticket, or held it until this event; none: any.
    pub units: Vec<String>,
    /// The names of its services; none: any.
    pub services: Vec<String>,
    /// The texts of entries go along.
    pub texts: bool,
    /// The mail address of the person with whose eyes it reads: only what they may see at the
    /// time of the call is sent.
    pub reader: String,
    /// It is called.
    pub active: bool,
    /// Why the desk paused it; null: it runs, or somebody paused it.
    pub paused_because: Option<String>,
    /// The old secret is used beside the new one until then.
    pub old_secret_until: Option<Time>,
    /// Every event up to this one was looked at.
    pub place: i64,
    /// Events at which it did not look yet.
    pub behind: i64,
    /// Calls that wait.
    pub waiting: i64,
    /// Since when the oldest of them is due.
    pub waiting_since: Option<Time>,
    /// Calls that were given up.
    pub dead: i64,
    /// Since when no call was taken.
    pub failing_since: Option<Time>,
    /// The last failure, until a call is taken.
    pub error: Option<String>,
    /// When a call was last taken.
    pub sent_at: Option<Time>,
    /// Since when it is there.
    pub made_at: Time,
}

fn shown(one: Overview) -> Webhook {
    let w = one.webhook;
    Webhook {
        id: w.id,
        title: w.title,
        url: w.url,
        kinds: w.wanted.kinds,
        filter: w.wanted.filter,
        units: one.units,
        services: one.services,
        texts: w.wanted.texts,
        reader: one.reader.1,
        active: w.active,
        paused_because: w.why,
        old_secret_until: w.before_until.map(Time),
        place: w.place,
        behind: one.behind,
        waiting: one.sums.waiting,
        waiting_since: one.sums.oldest.map(Time),
        dead: one.sums.dead,
        failing_since: w.failing_since.map(Time),
        error: w.error,
        sent_at: w.sent_at.map(Time),
        made_at: Time(w.made_at),
    }
}

/// A webhook that was just made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewWebhook {
    /// It.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// What calls are signed with. It is given out this once.
    pub secret: String,
}

/// What a webhook is to be. Of one that is there, what is left out stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookChange {
    /// How people call it.
    pub title: Option<String>,
    /// What is called, by POST: over TLS, and not in the operator's own network.
    pub url: Option<String>,
    /// What happened, as `kind` of events; none: everything.
    pub kinds: Option<Vec<String>>,
    /// A query that the ticket has to meet, without words.
    pub filter: Option<String>,
    /// Units by name or key; none: any.
    pub units: Option<Vec<String>>,
    /// Services by name or key; none: any.
    pub services: Option<Vec<String>>,
    /// Send the texts of entries along.
    pub texts: Option<bool>,
    /// The mail address of the person with whose eyes it reads; left out of a new one: you.
    pub reader: Option<String>,
    /// Call it; so of a new one.
    pub active: Option<bool>,
}

fn draft(known: Option<Overview>, change: WebhookChange) -> Result<Draft, Error> {
    let missing = |field: &str| Error::invalid(field, "has to be given");
    let Some(known) = known else {
        return Ok(Draft {
            id: None,
            expected: None,
            title: change.title.ok_or_else(|| missing("title"))?,
            url: change.url.ok_or_else(|| missing("url"))?,
            kinds: change.kinds.unwrap_or_default(),
            filter: change.filter.unwrap_or_default(),
            units: change.units.unwrap_or_default(),
            services: change.services.unwrap_or_default(),
            texts: change.texts.unwrap_or_default(),
            reader: change.reader,
            active: change.active.unwrap_or(true),
        });
    };
    let w = known.webhook;
    Ok(Draft {
        id: Some(w.id),
        expected: None,
        title: change.title.unwrap_or(w.title),
        url: change.url.unwrap_or(w.url),
        kinds: change.kinds.unwrap_or(w.wanted.kinds),
        filter: change.filter.unwrap_or(w.wanted.filter),
        units: change.units.unwrap_or(known.units),
        services: change.services.unwrap_or(known.services),
        texts: change.texts.unwrap_or(w.wanted.texts),
        reader: change.reader,
        active: change.active.unwrap_or(w.active),
    })
}

/// Every webhook, the oldest first, and how it goes.
#[utoipa::path(
    get,
    path = "/webhooks",
    tag = "webhooks",
    responses((status = 200, description = "The webhooks", body = Items<Webhook>)),
)]
async fn list(
    State(app): State<AppState>,
    Administers(caller): Administers,
) -> Result<Json<Items<Webhook>>, Problem> {
    let all = app.desk.webhooks(&caller.actor).await?;
    Ok(Json(Items::all(all.into_iter().map(shown).collect())))
}

/// Makes a webhook. It is told of what happens from now on; the answer has the secret that
/// calls are signed with, which is not given out again.
#[utoipa::path(
    post,
    path = "/webhooks",
    tag = "webhooks",
    request_body = WebhookChange,
    responses((status = 201, description = "The webhook, with its secret", body = NewWebhook, headers(("ETag" = String)))),
)]
async fn create(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<WebhookChange>,
) -> Result<Response, Problem> {
    let draft = draft(None, body.value)?;
    let (made, secret) = app.desk.save_webhook(&caller.actor, draft).await?;
    let version = made.webhook.version;
    let made = NewWebhook {
        webhook: shown(made),
        secret: secret.unwrap_or_default(),
    };
    Ok((StatusCode::CREATED, tagged(version), Json(made)).into_response())
}

fn answer(one: Overview) -> Response {
    let version = one.webhook.version;
    (StatusCode::OK, tagged(version), Json(shown(one))).into_response()
}

/// One webhook.
#[utoipa::path(
    get,
    path = "/webhooks/{id}",
    tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook's id")),
    responses((status = 200, description = "The webhook", body = Webhook, headers(("ETag" = String)))),
)]
async fn read(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Response, Problem> {
    let found = app.desk.webhook(&caller.actor, at.uuid("id")?).await?;
    Ok(answer(found))
}

/// Changes a webhook, pauses it, or lets it go on: then it is told from where it stopped.
#[utoipa::path(
    patch,
    path = "/webhooks/{id}",
    tag = "webhooks",
    params(
        ("id" = Uuid, Path, description = "The webhook's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = WebhookChange,
    responses((status = 200, description = "The webhook after it", body = Webhook, headers(("ETag" = String)))),
)]
async fn change(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    if_match: IfMatch,
    body: Body<WebhookChange>,
) -> Result<Response, Problem> {
    let known = app.desk.webhook(&caller.actor, at.uuid("id")?).await?;
    let expected = if_match.expected(known.webhook.version)?;
    let draft = Draft {
        expected,
        ..draft(Some(known), body.value)?
    };
    let (changed, _) = app.desk.save_webhook(&caller.actor, draft).await?;
    Ok(answer(changed))
}

/// Takes a webhook away. What it was not told yet it is not told.
#[utoipa::path(
    delete,
    path = "/webhooks/{id}",
    tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook's id")),
    responses((status = 204, description = "It is gone")),
)]
async fn remove(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .delete_webhook(&caller.actor, at.uuid("id")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookSecret {
    /// What calls are signed with from now on. It is given out this once.
    pub secret: String,
    /// Until then calls are signed with the one before, too.
    pub old_secret_until: Time,
}

/// Gives a webhook a new secret. For a day calls are signed with the old one, too.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/secret",
    tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook's id")),
    responses((status = 200, description = "The new secret", body = WebhookSecret)),
)]
async fn renew(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Json<WebhookSecret>, Problem> {
    let id = at.uuid("id")?;
    let (secret, until) = app.desk.rotate_webhook(&caller.actor, id).await?;
    Ok(Json(WebhookSecret {
        secret,
        old_secret_until: Time(until),
    }))
}

/// What a test came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookTest {
    /// It was taken.
    pub taken: bool,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// Why it was not taken.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub took: i64,
}

/// Calls a webhook as it is saved, paused or not, with a message of the type `webhook.test`.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/test",
    tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook's id")),
    responses((status = 200, description = "What it came to", body = WebhookTest)),
)]
async fn test(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Json<WebhookTest>, Problem> {
    let tried = app.desk.test_webhook(&caller.actor, at.uuid("id")?).await?;
    Ok(Json(WebhookTest {
        taken: tried.error.is_none(),
        status: tried.status,
        error: tried.error,
        took: tried.took,
    }))
}

/// From where to tell again.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The event after which to begin, as `/events` counts; 0: from the first.
    #[serde(deserialize_with = "whole_number")]
    #[schema(minimum = 0)]
    pub after: i64,
}

/// Tells again of everything after an event that the webhook wants now. What it was told
/// before comes again under the same `webhook-id`.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/replay",
    tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook's id")),
    request_body = Replay,
    responses((status = 204, description = "It is told again")),
)]
async fn replay(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    body: Body<Replay>,
) -> Result<StatusCode, Problem> {
    app.desk
        .replay_webhook(&caller.actor, at.uuid("id")?, body.value.after)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How far a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// It is still to be taken.
    Waiting,
    /// It was taken.
    Sent,
    /// It was given up.
    Dead,
    /// It was not made: the reader may not see it any more.
    LeftOut,
}

impl From<webhook::State> for CallState {
    fn from(state: webhook::State) -> CallState {
        match state {
            webhook::State::Waiting => CallState::Waiting,
            webhook::State::Sent => CallState::Sent,
            webhook::State::Dead => CallState::Dead,
            webhook::State::LeftOut => CallState::LeftOut,
        }
    }
}

impl From<CallState> for webhook::State {
    fn from(state: CallState) -> webhook::State {
        match state {
            CallState::Waiting => webhook::State::Waiting,
            CallState::Sent => webhook::State::Sent,
            CallState::Dead => webhook::State::Dead,
            CallState::LeftOut => webhook::State::LeftOut,
        }
    }
}

/// A call of a webhook. What it said is kept nowhere.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookCall {
    /// Its id.
    pub id: Uuid,
    /// The event that it tells of; its `webhook-id` is `evt_` and this.
    pub event: i64,
    /// The event's ticket.
    pub ticket: i64,
    /// What happened.
    pub kind: String,
    /// How far it came.
    pub state: CallState,
    /// When it was first due.
    pub since: Time,
    /// When it is tried again, if it waits; calls of the same ticket before it come first.
    pub next_try_at: Option<Time>,
    /// How often it was tried.
    pub tries: i64,
    /// When it was last tried.
    pub tried_at: Option<Time>,
    /// The status of the last answer, if one came.
    pub status: Option<i64>,
    /// Why it was not taken, or was left out.
    pub error: Option<String>,
    /// When it ended.
    pub ended_at: Option<Time>,
}

fn call(d: webhook::Delivery) -> WebhookCall {
    let waits = d.state == webhook::State::Waiting;
    WebhookCall {
        id: d.id,
        event: d.event,
        ticket: d.ticket.0,
        kind: d.kind,
        state: d.state.into(),
        since: Time(d.since),
        next_try_at: waits.then_some(Time(d.next_at)),
        tries: d.tries,
        tried_at: d.tried_at.map(Time),
        status: d.status,
        error: d.error,
        ended_at: d.ended_at.map(Time),
    }
}

/// Which calls.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CallQuery {
    /// Only in this state.
    #[serde(default)]
    #[param(inline)]
    state: Option<CallState>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// Items on a page, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Calls of a webhook, the newest event first. Those that were taken are shown for a week,
/// those that were given up for 90 days.
#[utoipa::path(
    get,
    path = "/webhooks/{id}/calls",
    tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook's id"), CallQuery),
    responses((status = 200, description = "A page of calls", body = Items<WebhookCall>)),
)]
async fn calls(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    Asked(query): Asked<CallQuery>,
) -> Result<Json<Items<WebhookCall>>, Problem> {
    let before = super::cursor(query.cursor.as_deref())?;
    let limit = super::limit(query.limit)?.unwrap_or(desk::list::PAGE);
    let state = query.state.map(Into::into);
    let page = app
        .desk
        .webhook_deliveries(&caller.actor, at.uuid("id")?, state, before, limit)
        .await?;
    Ok(Json(Items {
        items: page.items.into_iter().map(call).collect(),
        next: page.next,
    }))
}

/// Makes a call again that was given up; it is tried for a day. It may come after later ones
/// of the same ticket: the event says its place.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/calls/{call}/retry",
    tag = "webhooks",
    params(
        ("id" = Uuid, Path, description = "The webhook's id"),
        ("call" = Uuid, Path, description = "The call's id"),
    ),
    responses((status = 204, description = "It is tried again")),
)]
async fn retry(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .retry_webhook(&caller.actor, at.uuid("id")?, at.uuid("call")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, remove))
        .routes(routes!(renew))
        .routes(routes!(test))
        .routes(routes!(replay))
        .routes(routes!(calls))
        .routes(routes!(retry))
}
