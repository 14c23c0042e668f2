//! Mails that came in, and what became of those that are no entry.

use axum::Json;
use axum::extract::State;
use desk::mail_in::IncomingMail;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::application::paged;
use super::caller::Administers;
use super::input::{Asked, At};
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncomingState {
    /// It is stored and looked at soon.
    Taken,
    /// It is in a ticket.
    Entry,
    /// A machine wrote it; it has no effect.
    Suppressed,
    /// A person has to look at it.
    Quarantined,
}

impl IncomingState {
    fn key(self) -> &'static str {
        match self {
            IncomingState::Taken => "taken",
            IncomingState::Entry => "entry",
            IncomingState::Suppressed => "suppressed",
            IncomingState::Quarantined => "quarantined",
        }
    }

    fn of(word: &str) -> IncomingState {
        match word {
            "entry" => IncomingState::Entry,
            "suppressed" => IncomingState::Suppressed,
            "quarantined" => IncomingState::Quarantined,
            _ => IncomingState::Taken,
        }
    }
}

/// A mail that came in, without its text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceivedMail {
    /// Its id.
    pub id: Uuid,
    /// When it came.
    pub received_at: Time,
    /// By which way: `imap`, `lmtp` or `file`.
    pub channel: String,
    /// The mailbox by which it came.
    pub mailbox: Option<String>,
    /// `From`, as it was written; proves nothing.
    pub sender: String,
    /// Its subject.
    pub subject: String,
    /// Its octets.
    pub size: i64,
    /// What became of it.
    pub state: IncomingState,
    /// Why it is no entry.
    pub reason: Option<String>,
    /// The ticket that it became part of.
    pub ticket: Option<i64>,
}

impl From<IncomingMail> for ReceivedMail {
    fn from(m: IncomingMail) -> ReceivedMail {
        ReceivedMail {
            id: m.id,
            received_at: Time(m.received_at),
            channel: m.channel,
            mailbox: m.mailbox,
            sender: m.sender,
            subject: m.subject,
            size: m.size,
            state: IncomingState::of(&m.state),
            reason: m.reason,
            ticket: m.ticket.map(|n| n.0),
        }
    }
}

/// Which mails are listed.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IncomingQuery {
    /// In this state; without it all that became no entry.
    #[serde(default)]
    state: Option<IncomingState>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<Uuid>,
    /// How many on a page, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Mails that came in, newest first.
#[utoipa::path(
    get,
    path = "/incoming",
    tag = "mail",
    params(IncomingQuery),
    responses((status = 200, description = "A page of mails, without their texts", body = Items<ReceivedMail>)),
)]
async fn incoming(
    State(app): State<AppState>,
    Administers(caller): Administers,
    Asked(query): Asked<IncomingQuery>,
) -> Result<Json<Items<ReceivedMail>>, Problem> {
    let limit = super::limit(query.limit)?.unwrap_or(50);
    let state = query.state.map(IncomingState::key);
    let all = app
        .desk
        .incoming_mails(&caller.actor, state, query.cursor, limit + 1)
        .await?;
    Ok(Json(paged(
        all,
        limit,
        |m| m.id.to_string(),
        ReceivedMail::from,
    )))
}

/// Takes a mail that became no entry after all: within higher limits, and whatever the rules
/// say of machines. 409 when it is an entry already.
#[utoipa::path(
    post,
    path = "/incoming/{id}/take",
    tag = "mail",
    params(("id" = Uuid, Path, description = "The mail's id")),
    responses((status = 200, description = "The mail as it stands now", body = ReceivedMail)),
)]
async fn take_incoming(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Json<ReceivedMail>, Problem> {
    let id = at.uuid("id")?;
    app.desk.take_by_hand(&caller.actor, id).await?;
    let mail = app.desk.incoming_mail(&caller.actor, id).await?;
    Ok(Json(mail.into()))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(incoming))
        .routes(routes!(take_incoming))
}
