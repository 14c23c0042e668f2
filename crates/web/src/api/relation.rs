//! Ties between tickets: relations, merge and split, and undoing them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::view::RelationView;
use desk::{Error, Step};
use serde::{Deserialize, Serialize};
use switchboard_core::ticket::RelationKind;
use switchboard_core::{Command, EntryId, Status, TicketNumber};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::caller::{Caller, Reads, Writes};
use super::input::{At, Body, IfMatch, whole_number};
use super::ticket::{Ticket, changed, created, expected};
use super::words::{RelationWord, StatusWord};
use crate::AppState;
use crate::problem::Problem;

/// Another ticket that this one is tied to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Relation {
    /// What the other is to this one.
    #[schema(value_type = RelationWord)]
    pub kind: RelationKind,
    /// The other's number.
    pub number: i64,
    /// The other's subject; null: not for your eyes.
    pub subject: Option<String>,
    /// The other's status; null: not for your eyes.
    #[schema(value_type = Option<StatusWord>)]
    pub status: Option<Status>,
}

impl From<RelationView> for Relation {
    fn from(r: RelationView) -> Relation {
        Relation {
            kind: r.kind,
            number: r.number.0,
            subject: r.subject,
            status: r.status,
        }
    }
}

/// The ties of a ticket.
#[utoipa::path(
    get,
    path = "/tickets/{number}/relations",
    tag = "relations",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    responses((status = 200, description = "The ties", body = Items<Relation>)),
)]
async fn list(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Items<Relation>>, Problem> {
    let view = app.desk.ticket(&caller.actor, at.number()?).await?;
    Ok(Json(Items::all(
        view.relations.into_iter().map(Relation::from).collect(),
    )))
}

/// A tie to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationRequest {
    /// What the other becomes to this ticket: `master_of` makes it this one's
    /// slave. Merge and split have paths of their own.
    #[schema(value_type = RelationWord)]
    pub kind: RelationKind,
    /// The other ticket.
    #[serde(deserialize_with = "whole_number")]
    pub number: i64,
}

async fn step(
    app: &AppState,
    caller: &Caller,
    number: TicketNumber,
    if_match: &IfMatch,
    command: Command,
) -> Result<(), Problem> {
    let expected = expected(app, caller, number, if_match).await?;
    app.desk
        .act(
            &caller.actor,
            number,
            expected,
            vec![Step::Command(command)],
        )
        .await?;
    Ok(())
}

/// One command, answered with the ticket as it is then.
async fn done(
    app: &AppState,
    caller: &Caller,
    number: TicketNumber,
    if_match: &IfMatch,
    command: Command,
) -> Result<Response, Problem> {
    step(app, caller, number, if_match, command).await?;
    changed(app, caller, number).await
}

/// Ties two tickets together.
#[utoipa::path(
    post,
    path = "/tickets/{number}/relations",
    tag = "relations",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket's number"),
        ("If-Match" = Option<String>, Header, description = "The ticket's ETag that you read"),
    ),
    request_body = RelationRequest,
    responses((status = 201, description = "All ties of the ticket", body = Items<Relation>)),
)]
async fn tie(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<RelationRequest>,
) -> Result<Response, Problem> {
    let number = at.number()?;
    let command = Command::Relate {
        kind: body.value.kind,
        other: TicketNumber(body.value.number),
    };
    step(&app, &caller, number, &if_match, command).await?;
    let view = app.desk.ticket(&caller.actor, number).await?;
    let items = view.relations.into_iter().map(Relation::from).collect();
    Ok((StatusCode::CREATED, Json(Items::all(items))).into_response())
}

/// Undoes a tie. A merge or split is undone by its own path.
#[utoipa::path(
    delete,
    path = "/tickets/{number}/relations/{kind}/{other}",
    tag = "relations",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket's number"),
        ("kind" = RelationWord, Path, description = "What the other is to this ticket"),
        ("other" = i64, Path, minimum = 1, description = "The other's number"),
        ("If-Match" = Option<String>, Header, description = "The ticket's ETag that you read"),
    ),
    responses((status = 204, description = "Undone")),
)]
async fn untie(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let number = at.number()?;
    let other = at.ticket("other")?;
    let word = at.text("kind")?;
    let kind = RelationKind::ALL
        .into_iter()
        .find(|k| k.key() == word)
        .ok_or_else(|| {
            let known: Vec<_> = RelationKind::ALL.iter().map(|k| k.key()).collect();
            Problem::wrong_shape("kind", format!("takes one of {}", known.join(", ")))
        })?;
    let view = app.desk.ticket(&caller.actor, number).await?;
    let there = view
        .relations
        .iter()
        .any(|r| r.kind == kind && r.number == other);
    if !there {
        return Err(Error::not_found(format!("tie {word} to {other}")).into());
    }
    step(
        &app,
        &caller,
        number,
        &if_match,
        Command::Unrelate { kind, other },
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where a ticket goes by a merge.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeRequest {
    /// The ticket that stays.
    #[serde(deserialize_with = "whole_number")]
    pub into: i64,
}

/// Merges this ticket into another: its entries and people go along, and it is
/// closed and read-only until that is undone.
#[utoipa::path(
    post,
    path = "/tickets/{number}/merge",
    tag = "relations",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket that goes"),
        ("If-Match" = Option<String>, Header, description = "The ticket's ETag that you read"),
    ),
    request_body = MergeRequest,
    responses(
        (status = 200, description = "The ticket that was merged", body = Ticket, headers(("ETag" = String))),
        (status = 204, description = "Done, and you do not see the ticket any more"),
    ),
)]
async fn merge(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<MergeRequest>,
) -> Result<Response, Problem> {
    let number = at.number()?;
    let command = Command::MergeInto {
        target: TicketNumber(body.value.into),
        entries: Vec::new(),
    };
    done(&app, &caller, number, &if_match, command).await
}

/// Undoes the merge of this ticket: everything goes back to where it was.
#[utoipa::path(
    post,
    path = "/tickets/{number}/unmerge",
    tag = "relations",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket that was merged"),
        ("If-Match" = Option<String>, Header, description = "The ticket's ETag that you read"),
    ),
    responses(
        (status = 200, description = "The ticket as it is again", body = Ticket, headers(("ETag" = String))),
        (status = 204, description = "Done, and you do not see the ticket any more"),
    ),
)]
async fn unmerge(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    done(&app, &caller, at.number()?, &if_match, Command::Unmerge).await
}

/// Frees slaves: of a master all, of a slave itself.
#[utoipa::path(
    post,
    path = "/tickets/{number}/release",
    tag = "relations",
    params(
        ("number" = i64, Path, minimum = 1, description = "The master or the slave"),
        ("If-Match" = Option<String>, Header, description = "The ticket's ETag that you read"),
    ),
    responses(
        (status = 200, description = "The ticket after it", body = Ticket, headers(("ETag" = String))),
        (status = 204, description = "Done, and you do not see the ticket any more"),
    ),
)]
async fn release(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    done(&app, &caller, at.number()?, &if_match, Command::Release).await
}

/// What is split off.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitRequest {
    /// What the new ticket is about, in one line.
    #[schema(min_length = 1)]
    pub subject: String,
    /// Which entries go, not the first.
    #[schema(min_items = 1)]
    pub entries: Vec<Uuid>,
}

/// Opens a new ticket for some of this one's entries. It has the same
/// requester, unit and facts.
#[utoipa::path(
    post,
    path = "/tickets/{number}/split",
    tag = "relations",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket that is split"),
        ("If-Match" = Option<String>, Header, description = "The ticket's ETag that you read"),
    ),
    request_body = SplitRequest,
    responses((
        status = 201, description = "The new ticket", body = Ticket,
        headers(("Location" = String), ("ETag" = String)),
    )),
)]
async fn split(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<SplitRequest>,
) -> Result<Response, Problem> {
    let number = at.number()?;
    let expected = expected(&app, &caller, number, &if_match).await?;
    let entries = body.value.entries.into_iter().map(EntryId).collect();
    let new = app
        .desk
        .split(
            &caller.actor,
            number,
            expected,
            &body.value.subject,
            entries,
        )
        .await?;
    let view = app.desk.ticket(&caller.actor, new).await?;
    Ok(created(Ticket::of(view, app.desk.now())))
}

/// Which split is undone.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnsplitRequest {
    /// The ticket that was split off.
    #[serde(deserialize_with = "whole_number")]
    pub number: i64,
}

/// Undoes a split: the entries come back, and the other ticket is closed.
#[utoipa::path(
    post,
    path = "/tickets/{number}/unsplit",
    tag = "relations",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket that was split"),
        ("If-Match" = Option<String>, Header, description = "The ticket's ETag that you read"),
    ),
    request_body = UnsplitRequest,
    responses(
        (status = 200, description = "The ticket as it is again", body = Ticket, headers(("ETag" = String))),
        (status = 204, description = "Done, and you do not see the ticket any more"),
    ),
)]
async fn unsplit(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<UnsplitRequest>,
) -> Result<Response, Problem> {
    let number = at.number()?;
    let command = Command::UndoSplit {
        new: TicketNumber(body.value.number),
    };
    done(&app, &caller, number, &if_match, command).await
}

/// Why more attention is needed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationRequest {
    /// A sentence.
    #[schema(min_length = 1)]
    pub reason: String,
}

/// Asks for more attention: first of the unit, then of first level too, then of
/// the monitors. For the requester and those they added.
#[utoipa::path(
    post,
    path = "/tickets/{number}/escalate",
    tag = "tickets",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket's number"),
        ("If-Match" = Option<String>, Header, description = "The ticket's ETag that you read"),
    ),
    request_body = EscalationRequest,
    responses(
        (status = 200, description = "The ticket after it", body = Ticket, headers(("ETag" = String))),
        (status = 204, description = "Done, and you do not see the ticket any more"),
    ),
)]
async fn escalate(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<EscalationRequest>,
) -> Result<Response, Problem> {
    let number = at.number()?;
    let command = Command::Escalate {
        reason: body.value.reason,
    };
    done(&app, &caller, number, &if_match, command).await
}

/// A tie to a ticket in another system.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Link {
    /// The other system's name.
    pub system: String,
    /// The ticket's id there.
    pub remote_id: String,
    /// Its page there.
    pub url: Option<String>,
}

/// The ticket's counterparts in other systems, one for each bridge that it goes
/// over. A desk without bridges has none, so this list is empty then.
#[utoipa::path(
    get,
    path = "/tickets/{number}/links",
    tag = "relations",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    responses((status = 200, description = "The counterparts", body = Items<Link>)),
)]
async fn links(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Items<Link>>, Problem> {
    app.desk.ticket(&caller.actor, at.number()?).await?;
    Ok(Json(Items::all(Vec::new())))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, tie))
        .routes(routes!(untie))
        .routes(routes!(merge))
        .routes(routes!(unmerge))
        .routes(routes!(release))
        .routes(routes!(split))
        .routes(routes!(unsplit))
        .routes(routes!(escalate))
        .routes(routes!(links))
}
