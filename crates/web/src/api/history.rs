//! The history of a ticket: one line for each changed field.

use axum::Json;
use axum::extract::State;
use desk::Error;
use desk::told::Told;
use desk::view::EventView;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::caller::Reads;
use super::input::{Asked, At};
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;

/// One thing that happened to a ticket.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Event {
    /// Its place in the change feed.
    pub id: i64,
    /// The ticket.
    pub ticket: i64,
    /// Its place in the ticket's history; the ticket's version after it.
    pub seq: i64,
    /// When.
    pub at: Time,
    /// Who, by name.
    pub actor: String,
    /// Their id; null: the desk itself, or somebody in another system.
    pub actor_id: Option<Uuid>,
    /// Through which door: `web`, `api`, `mail`, `bridge`, `job`, `cli`.
    pub channel: String,
    /// One for all that happened by one request.
    pub cause: Uuid,
    /// What happened: `opened`, `status_set`, `entry_added`, …
    pub kind: String,
    /// The field of the ticket that changed, if it is one.
    pub field: Option<String>,
    /// Its value before.
    pub old: Value,
    /// Its value after.
    pub new: Value,
    /// Why, where somebody said so.
    pub reason: Option<String>,
    /// The name of the macro by which they did it; for the support side of the ticket.
    pub by_macro: Option<String>,
}

impl From<Told> for Event {
    fn from(e: Told) -> Event {
        Event {
            id: e.id,
            ticket: e.ticket,
            seq: e.seq,
            at: Time(e.at),
            actor: e.actor,
            actor_id: e.actor_id,
            channel: e.channel,
            cause: e.cause,
            kind: e.kind.to_owned(),
            field: e.field.map(str::to_owned),
            old: e.old,
            new: e.new,
            reason: e.reason,
            by_macro: e.by_macro,
        }
    }
}

/// Events as the API shows them, with names for ids.
pub(super) async fn shown(app: &AppState, events: Vec<EventView>) -> Result<Vec<Event>, Error> {
    let told = app.desk.told(events).await?;
    Ok(told.into_iter().map(Event::from).collect())
}

/// Which stretch of entries or of the history.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Stretch {
    /// `next` of the page before.
    #[serde(default)]
    pub(super) cursor: Option<String>,
    /// Items on a page, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<i64>,
}

impl Stretch {
    /// After which place, and how many.
    pub(super) fn read(&self) -> Result<(i64, i64), Problem> {
        let after = match self.cursor.as_deref() {
            None => 0,
            Some(text) => text.parse().ok().filter(|n| *n >= 0).ok_or_else(|| {
                Problem::from(Error::invalid(
                    "cursor",
                    "is not one that this list gave out; start again without it",
                ))
            })?,
        };
        Ok((after, super::limit(self.limit)?.unwrap_or(desk::list::PAGE)))
    }
}

/// The history of a ticket, oldest first.
#[utoipa::path(
    get,
    path = "/tickets/{number}/history",
    tag = "tickets",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number"), Stretch),
    responses((status = 200, description = "A page of the history", body = Items<Event>)),
)]
async fn history(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
    Asked(stretch): Asked<Stretch>,
) -> Result<Json<Items<Event>>, Problem> {
    let number = at.number()?;
    let (mut after, limit) = stretch.read()?;
    // A stretch is cut before what the caller may not see is left out, so it
    // is looked further until the page is full or the history ends.
    let last = app.desk.ticket(&caller.actor, number).await?.version;
    let mut found = Vec::new();
    while (found.len() as i64) < limit && after < last {
        let events = app
            .desk
            .history(&caller.actor, number, after, limit)
            .await?;
        found.extend(events);
        after += limit;
    }
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let more = found.len() as i64 == limit;
    let next = found
        .last()
        .filter(|e| more && e.seq < last)
        .map(|e| e.seq.to_string());
    Ok(Json(Items {
        items: shown(&app, found).await?,
        next,
    }))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(history))
}
