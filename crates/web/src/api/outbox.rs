//! The outbox: mails that go out, one for each recipient, and what became of them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::outbox::{DeadAddress, Filter, Posting};
use switchboard_core::TicketNumber;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::application::paged;
use super::caller::{Administers, Reads};
use super::input::{Asked, At, Body};
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;

/// How far a mail came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// It waits for its first try.
    Queued,
    /// It is handed over just now.
    Sending,
    /// The next server took it.
    Sent,
    /// The next server did not take it yet; it is tried again.
    Deferred,
    /// It was handed over and no answer came, or the desk was cut off: it is tried
    /// again under the same Message-ID.
    Unknown,
    /// It was refused, came back, or was given up.
    Failed,
}

impl MailState {
    fn key(self) -> &'static str {
        match self {
            MailState::Queued => "queued",
            MailState::Sending => "sending",
            MailState::Sent => "sent",
            MailState::Deferred => "deferred",
            MailState::Unknown => "unknown",
            MailState::Failed => "failed",
        }
    }

    fn of(word: &str) -> MailState {
        match word {
            "queued" => MailState::Queued,
            "sending" => MailState::Sending,
            "sent" => MailState::Sent,
            "deferred" => MailState::Deferred,
            "unknown" => MailState::Unknown,
            _ => MailState::Failed,
        }
    }
}

/// A mail to one recipient.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OutboxMail {
    /// Its id.
    pub id: Uuid,
    /// When it was made.
    pub created_at: Time,
    /// The ticket that it is about.
    pub ticket: Option<i64>,
    /// To whom; null: a list, or somebody the desk does not know.
    pub person: Option<Uuid>,
    /// Where it goes.
    pub address: String,
    /// Its subject.
    pub subject: String,
    /// The same at every try.
    pub message_id: String,
    /// How far it came.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was tried last.
    pub tried_at: Option<Time>,
    /// When it is tried again.
    pub next_try_at: Option<Time>,
    /// When the next server took it.
    pub sent_at: Option<Time>,
    /// The last answer of the next server.
    pub answer: Option<String>,
    /// Why it is not there, or late.
    pub error: Option<String>,
    /// How many further copies may have arrived: tries that began after one whose end
    /// nobody heard.
    pub uncertain: i64,
}

impl From<Posting> for OutboxMail {
    fn from(m: Posting) -> OutboxMail {
        OutboxMail {
            id: m.id,
            created_at: Time(m.created_at),
            ticket: m.ticket.map(|n| n.0),
            person: m.person.map(|p| p.0),
            address: m.address,
            subject: m.subject,
            message_id: m.message_id,
            state: MailState::of(&m.state),
            attempts: m.attempts,
            tried_at: m.tried_at.map(Time),
            next_try_at: m.next_try.map(Time),
            sent_at: m.sent_at.map(Time),
            answer: m.answer,
            error: m.error,
            uncertain: m.uncertain,
        }
    }
}

/// Which mails are listed; everything that is given must fit.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OutboxQuery {
    /// In this state.
    #[serde(default)]
    state: Option<MailState>,
    /// To this address.
    #[serde(default)]
    address: Option<String>,
    /// About the ticket with this number.
    #[serde(default)]
    #[param(minimum = 1)]
    ticket: Option<i64>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<Uuid>,
    /// How many on a page, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Mails that go out, newest first.
#[utoipa::path(
    get,
    path = "/outbox",
    tag = "mail",
    params(OutboxQuery),
    responses((status = 200, description = "A page of mails, without their texts", body = Items<OutboxMail>)),
)]
async fn list(
    State(app): State<AppState>,
    Administers(caller): Administers,
    Asked(query): Asked<OutboxQuery>,
) -> Result<Json<Items<OutboxMail>>, Problem> {
    let limit = super::limit(query.limit)?.unwrap_or(50);
    if query.ticket.is_some_and(|n| n < 1) {
        return Err(desk::Error::invalid(
            "ticket",
            "takes a ticket's number, a whole number from 1",
        )
        .into());
    }
    let filter = Filter {
        state: query.state.map(|s| s.key().to_owned()),
        address: query.address.filter(|a| !a.is_empty()),
        ticket: query.ticket.map(TicketNumber),
        before: query.cursor,
        ..Filter::default()
    };
    let all = app.desk.outbox(&caller.actor, filter, limit + 1).await?;
    Ok(Json(paged(
        all,
        limit,
        |m| m.id.to_string(),
        OutboxMail::from,
    )))
}

/// One mail that goes out.
#[utoipa::path(
    get,
    path = "/outbox/{id}",
    tag = "mail",
    params(("id" = Uuid, Path, description = "The mail's id")),
    responses((status = 200, description = "The mail, without its text", body = OutboxMail)),
)]
async fn show(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Json<OutboxMail>, Problem> {
    let mail = app.desk.posting(&caller.actor, at.uuid("id")?).await?;
    Ok(Json(mail.into()))
}

/// Tries a mail again at once, and for another five days. 409: it was sent, is being sent
/// just now, or its text is not kept any more.
#[utoipa::path(
    post,
    path = "/outbox/{id}/retry",
    tag = "mail",
    params(("id" = Uuid, Path, description = "The mail's id")),
    responses((status = 200, description = "The mail as it stands now", body = OutboxMail)),
)]
async fn retry(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Json<OutboxMail>, Problem> {
    let mail = app.desk.retry_mail(&caller.actor, at.uuid("id")?).await?;
    Ok(Json(mail.into()))
}

/// Why a mail is given up.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveUpRequest {
    /// Kept beside the mail.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Gives a mail up: it is not tried any more. 409: it is over, or being sent just now.
#[utoipa::path(
    post,
    path = "/outbox/{id}/give-up",
    tag = "mail",
    params(("id" = Uuid, Path, description = "The mail's id")),
    request_body = GiveUpRequest,
    responses((status = 200, description = "The mail as it stands now", body = OutboxMail)),
)]
async fn give_up(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    body: Body<GiveUpRequest>,
) -> Result<Json<OutboxMail>, Problem> {
    let id = at.uuid("id")?;
    let mail = app
        .desk
        .give_up_mail(&caller.actor, id, &body.value.reason)
        .await?;
    Ok(Json(mail.into()))
}

/// The mails about a ticket with how far each came, for those who work on it; at most 200.
#[utoipa::path(
    get,
    path = "/tickets/{number}/mails",
    tag = "mail",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    responses((status = 200, description = "The mails, newest first", body = Items<OutboxMail>)),
)]
async fn of_ticket(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Items<OutboxMail>>, Problem> {
    let mails = app
        .desk
        .mails_of(&caller.actor, at.number()?, false)
        .await?;
    Ok(Json(Items::all(
        mails.into_iter().map(OutboxMail::from).collect(),
    )))
}

/// An address at which nothing arrives any more.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnreachableAddress {
    /// The address.
    pub address: String,
    /// Since when.
    pub since: Time,
    /// What was said about it.
    pub why: String,
}

impl From<DeadAddress> for UnreachableAddress {
    fn from(a: DeadAddress) -> UnreachableAddress {
        UnreachableAddress {
            address: a.address,
            since: Time(a.since),
            why: a.why,
        }
    }
}

/// Addresses at which nothing arrives any more, the newest first; at most 200.
#[utoipa::path(
    get,
    path = "/dead-addresses",
    tag = "mail",
    responses((status = 200, description = "The addresses", body = Items<UnreachableAddress>)),
)]
async fn dead(
    State(app): State<AppState>,
    Administers(caller): Administers,
) -> Result<Json<Items<UnreachableAddress>>, Problem> {
    let all = app.desk.dead_addresses(&caller.actor).await?;
    Ok(Json(Items::all(
        all.into_iter().map(UnreachableAddress::from).collect(),
    )))
}

/// Takes the mark from an address: mail arrives there again.
#[utoipa::path(
    delete,
    path = "/dead-addresses/{email}",
    tag = "mail",
    params(("email" = String, Path, description = "The address")),
    responses((status = 204, description = "It counts as reachable")),
)]
async fn revive(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .revive_address(&caller.actor, at.text("email")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(retry))
        .routes(routes!(give_up))
        .routes(routes!(of_ticket))
        .routes(routes!(dead))
        .routes(routes!(revive))
}
