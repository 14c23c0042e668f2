//! Who read what of restricted tickets.

use axum::Json;
use axum::extract::State;
use desk::Error;
use desk::reads::Seen;
use serde::{Deserialize, Serialize};
use store::ticket_read::Filter;
use switchboard_core::TicketNumber;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::caller::{Administers, Reads};
use super::input::{Asked, At};
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;

/// Lines that one answer has at most.
const MOST: i64 = 500;
/// Lines when nothing is said.
const PAGE: i64 = 100;

/// Somebody opened a restricted ticket.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReadItem {
    /// The ticket.
    pub ticket: i64,
    /// Who; null: a unit's mailing list.
    pub person: Option<Uuid>,
    /// Their name now.
    pub name: String,
    /// Through what: `page`, `api`, `file`, `mail` or `export`.
    pub door: String,
    /// The first time within its quarter of an hour.
    pub at: Time,
}

impl From<Seen> for ReadItem {
    fn from(s: Seen) -> ReadItem {
        ReadItem {
            ticket: s.ticket.0,
            person: s.person.map(|p| p.0),
            name: s.name,
            door: s.door,
            at: Time(s.at),
        }
    }
}

/// Who read what, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReadList {
    /// The lines; ask again with `until` set to the last one's time for older ones.
    pub items: Vec<ReadItem>,
}

/// What to look for; everything that is given must fit.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadsQuery {
    /// A ticket's number.
    #[serde(default)]
    #[param(minimum = 1)]
    ticket: Option<i64>,
    /// One of a person's mail addresses.
    #[serde(default)]
    person: Option<String>,
    /// Not before.
    #[serde(default)]
    #[param(value_type = Option<Time>)]
    from: Option<String>,
    /// Before.
    #[serde(default)]
    #[param(value_type = Option<Time>)]
    until: Option<String>,
    /// At most so many lines; 100 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

fn time(field: &str, text: Option<String>) -> Result<Option<i64>, Error> {
    text.map(|t| {
        Time::parse(&t)
            .map(|t| t.0)
            .ok_or_else(|| Error::invalid(field, "takes a moment like 2026-11-24T09:10:00Z"))
    })
    .transpose()
}

/// Says who opened restricted tickets.
#[utoipa::path(
    get,
    path = "/reads",
    tag = "reads",
    params(ReadsQuery),
    responses((status = 200, description = "Who read what, newest first", body = ReadList)),
)]
async fn reads(
    State(app): State<AppState>,
    Administers(caller): Administers,
    Asked(query): Asked<ReadsQuery>,
) -> Result<Json<ReadList>, Problem> {
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::invalid("limit", format!("takes 1 to {MOST}")).into());
    }
    if query.ticket.is_some_and(|n| n < 1) {
        return Err(
            Error::invalid("ticket", "takes a ticket's number, a whole number from 1").into(),
        );
    }
    let person = match &query.person {
        Some(email) => Some(
            app.desk
                .person_by_email(email)
                .await
                .map_err(|e| match e {
                    Error::NotFound { .. } => {
                        Error::invalid("person", "nobody here has this address")
                    }
                    other => other,
                })?
                .id,
        ),
        None => None,
    };
    let filter = Filter {
        ticket: query.ticket.map(TicketNumber),
        person,
        from: time("from", query.from)?,
        until: time("until", query.until)?,
        after: None,
    };
    let items = app.desk.reads(&caller.actor, filter, limit).await?;
    Ok(Json(ReadList {
        items: items.into_iter().map(ReadItem::from).collect(),
    }))
}

/// Says who opened this ticket, for those who work on it. Only restricted tickets are
/// watched; of the others the list is empty.
#[utoipa::path(
    get,
    path = "/tickets/{number}/reads",
    tag = "reads",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    responses((status = 200, description = "The last 100 lines, newest first", body = ReadList)),
)]
async fn of_ticket(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<ReadList>, Problem> {
    let number = at.number()?;
    let filter = Filter {
        ticket: Some(number),
        ..Filter::default()
    };
    let items = app.desk.reads(&caller.actor, filter, PAGE).await?;
    Ok(Json(ReadList {
        items: items.into_iter().map(ReadItem::from).collect(),
    }))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(reads))
        .routes(routes!(of_ticket))
}
