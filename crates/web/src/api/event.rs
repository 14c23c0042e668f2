//! The change feed, in stretches and as a stream.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use desk::Error;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Reads};
use super::history::{Event, shown};
use super::input::Asked;
use crate::AppState;
use crate::problem::Problem;

/// Which stretch of the feed.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// The last event that you know; 0, or left out: from the beginning.
    #[serde(default)]
    #[param(minimum = 0)]
    after: Option<i64>,
    /// Events looked at, 1 to 1000; 200 without it. There may come fewer, as
    /// others are not for your eyes.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// A stretch of the change feed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Feed {
    /// What happened, in order.
    pub items: Vec<Event>,
    /// What to ask for next with `after`.
    pub next: i64,
    /// There is more right now.
    pub more: bool,
}

const STRETCH: i64 = 200;
const MOST: i64 = 1000;

fn after(given: Option<i64>) -> Result<i64, Problem> {
    match given {
        Some(n) if n < 0 => Err(Error::invalid("after", "takes an event's id, from 0").into()),
        Some(n) => Ok(n),
        None => Ok(0),
    }
}

/// What happened to the tickets that you may see, in order and without gaps in
/// what you may see. Keep `next`, and ask with it again.
#[utoipa::path(
    get,
    path = "/events",
    tag = "events",
    params(FeedQuery),
    responses((status = 200, description = "A stretch of the feed", body = Feed)),
)]
async fn feed(
    State(app): State<AppState>,
    Reads(caller): Reads,
    Asked(query): Asked<FeedQuery>,
) -> Result<Json<Feed>, Problem> {
    let after = after(query.after)?;
    let limit = query.limit.unwrap_or(STRETCH);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::invalid("limit", format!("takes 1 to {MOST}")).into());
    }
    let stretch = app.desk.feed(&caller.actor, after, limit).await?;
    Ok(Json(Feed {
        items: shown(&app, stretch.events).await?,
        next: stretch.next,
        more: stretch.more,
    }))
}

/// Where a stream begins.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// The last event that you know; left out: only what happens from now on.
    #[serde(default)]
    #[param(minimum = 0)]
    after: Option<i64>,
}

/// One event of the stream.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StreamEvent {
    /// The event's place in the feed, to come back with.
    pub id: String,
    /// Always `change`.
    pub event: String,
    /// The event as `/events` has it, in JSON.
    pub data: String,
}

/// How often rights and the feed are looked at when nothing wakes the stream.
/// Rights that were taken away end it within 5 s (bar A-04): the actor is
/// remembered for 2 s, and this comes on top.
const LOOK: Duration = Duration::from_secs(2);

/// How often something is sent on a quiet stream, so that nobody on the way
/// takes it for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What happens, as server-sent events: `id` is the event's place in the feed,
/// `data` the event as `/events` has it. Who comes back sends the last id as
/// `Last-Event-ID`. Rights are looked at for every event; a token that is
/// revoked ends the stream within seconds.
#[utoipa::path(
    get,
    path = "/events/stream",
    tag = "events",
    params(
        StreamQuery,
        ("Last-Event-ID" = Option<i64>, Header, minimum = 0, description = "The last event that you got; goes before `after`"),
    ),
    responses((status = 200, description = "A stream that does not end", body = StreamEvent, content_type = "text/event-stream")),
)]
async fn stream(
    State(app): State<AppState>,
    Reads(caller): Reads,
    Asked(query): Asked<StreamQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = app
        .streams
        .clone()
        .try_acquire_owned()
        .map_err(|_| Problem {
            retry_after: Some(30),
            ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not possible now")
                .detail("too many streams are open; ask GET /api/v1/events from time to time")
        })?;
    let last = match headers.get("last-event-id") {
        None => query.after,
        Some(value) => Some(
            value
                .to_str()
                .ok()
                .and_then(|v| v.trim().parse().ok())
                .ok_or_else(|| {
                    Problem::from(Error::invalid(
                        "Last-Event-ID",
                        "takes an event's id, from 0",
                    ))
                })?,
        ),
    };
    after(query.after)?;
    let from = match last {
        Some(_) => after(last)?,
        None => app.desk.feed_end().await?,
    };
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        let _place = place;
        if let Err(error) = follow(&app, caller, from, &sender).await {
            tracing::debug!(%error, "stream ended");
        }
    });
    Ok(Sse::new(ReceiverStream::new(receiver))
        .keep_alive(KeepAlive::new().interval(HEARTBEAT))
        .into_response())
}

/// Sends until the caller goes or may read no more.
async fn follow(
    app: &AppState,
    mut caller: Caller,
    mut after: i64,
    sender: &mpsc::Sender<Result<Sent, Infallible>>,
) -> Result<(), Error> {
    let mut live = app.desk.live();
    loop {
        loop {
            // Looked up again before anything is sent.
            caller = caller.again(app).await?;
            if !caller.scopes.contains(&desk::TokenScope::Read) {
                return Ok(());
            }
            let stretch = app.desk.feed(&caller.actor, after, STRETCH).await?;
            after = stretch.next;
            for event in shown(app, stretch.events).await? {
                let sent = Sent::default()
                    .id(event.id.to_string())
                    .event("change")
                    .json_data(&event)
                    .map_err(|e| Error::Internal(format!("event to JSON: {e}")))?;
                if sender.send(Ok(sent)).await.is_err() {
                    return Ok(());
                }
            }
            if !stretch.more {
                break;
            }
        }
        tokio::select! {
            () = sender.closed() => return Ok(()),
            // Whatever woke it (or that it missed some): the feed is read.
            _ = live.recv() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(feed))
        .routes(routes!(stream))
}
