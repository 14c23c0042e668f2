//! Who else is on a ticket.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use switchboard_core::PartyRole;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Items;
use super::caller::Writes;
use super::input::{At, Body, IfMatch};
use super::ticket::{Ticket, TicketParty, expected};
use super::words::PartyRoleWord;
use crate::AppState;
use crate::problem::Problem;

/// Somebody to be added.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyRequest {
    /// Their mail address; you yourself without it.
    pub email: Option<String>,
    /// As what. `cc` by anybody on the ticket, `subscriber` only oneself,
    /// `involved` and `site` by those who work on it.
    #[schema(value_type = PartyRoleWord)]
    pub role: PartyRole,
}

/// Adds somebody to a ticket.
#[utoipa::path(
    post,
    path = "/tickets/{number}/parties",
    tag = "parties",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket's number"),
        ("If-Match" = Option<String>, Header, description = "The ticket's ETag that you read"),
    ),
    request_body = PartyRequest,
    responses((status = 201, description = "Everybody on it besides requester and owner", body = Items<TicketParty>)),
)]
async fn add(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<PartyRequest>,
) -> Result<Response, Problem> {
    let number = at.number()?;
    let expected = expected(&app, &caller, number, &if_match).await?;
    let PartyRequest { email, role } = body.value;
    app.desk
        .add_party(&caller.actor, number, expected, email.as_deref(), role)
        .await?;
    let view = app.desk.ticket(&caller.actor, number).await?;
    let items = Ticket::of(view, app.desk.now()).parties;
    Ok((StatusCode::CREATED, Json(Items::all(items))).into_response())
}

/// Takes somebody off a ticket.
#[utoipa::path(
    delete,
    path = "/tickets/{number}/parties/{role}/{who}",
    tag = "parties",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket's number"),
        ("role" = PartyRoleWord, Path, description = "As what they are on it"),
        ("who" = String, Path, description = "Their id, their mail address, or `me`"),
        ("If-Match" = Option<String>, Header, description = "The ticket's ETag that you read"),
    ),
    responses((status = 204, description = "They are not on it any more")),
)]
async fn remove(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let number = at.number()?;
    let role: PartyRole = serde_json::from_value(at.text("role")?.into())
        .map_err(|_| Problem::wrong_shape("role", "takes one of cc, subscriber, involved, site"))?;
    let expected = expected(&app, &caller, number, &if_match).await?;
    app.desk
        .remove_party(&caller.actor, number, expected, at.text("who")?, role)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(add))
        .routes(routes!(remove))
}
