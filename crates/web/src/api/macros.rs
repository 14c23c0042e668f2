//! Macros: what staff do with tickets again and again, as one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::macros::{Draft, Outcome};
use serde::{Deserialize, Serialize};
use store::macros::Macro as Stored;
use switchboard_core::TicketNumber;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::caller::{Caller, Reads, Writes};
use super::canned::unit_key;
use super::input::{At, Body, IfMatch, given, maybe_object, whole_numbers};
use super::rule::{RuleThen, then, then_draft};
use super::words::Time;
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// A macro.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StaffMacro {
    /// Its id.
    pub id: Uuid,
    /// Whose it is: `own`, `unit` or `everybody`.
    pub scope: String,
    /// The key of the unit whose it is.
    pub unit: Option<String>,
    /// How people call it; of one scope no two have the same.
    pub title: String,
    /// Why it gives a priority or a unit; empty: its name is the reason.
    pub reason: String,
    /// What it does.
    pub then: RuleThen,
    /// The ticket becomes theirs who set it off.
    pub take: bool,
    /// The canned text that it answers with.
    pub canned: Option<Uuid>,
    /// You may change it and take it away.
    pub yours_to_keep: bool,
    /// When it was last changed.
    pub changed_at: Time,
}

/// What a macro is to be. Of one that is there, what is left out stays; `then` is
/// replaced as a whole.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MacroChange {
    /// Whose it is: `own`, `unit` or `everybody`; of a new one `own` without it.
    /// Responsibles keep those of their unit, administrators those of everybody.
    pub scope: Option<String>,
    /// The unit by name or key, where it is a unit's.
    pub unit: Option<String>,
    /// How people call it.
    pub title: Option<String>,
    /// Why it gives a priority or a unit; empty: its name is the reason.
    pub reason: Option<String>,
    /// What it does, but `mail_unit` and `mail_text`: a macro mails nobody. Its texts have
    /// the fields of canned texts.
    #[serde(deserialize_with = "maybe_object")]
    pub then: Option<RuleThen>,
    /// The ticket becomes theirs who set it off.
    pub take: Option<bool>,
    /// The canned text that it answers with, in place of `then.answer`; null: none.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    pub canned: Option<Option<Uuid>>,
}

async fn answer(
    app: &AppState,
    caller: &Caller,
    status: StatusCode,
    id: Uuid,
) -> Result<Response, Problem> {
    let (one, draft) = app.desk.one_macro(&caller.actor, id).await?;
    let version = one.version;
    let body = Json(shown(app, caller, one, draft).await?);
    Ok((status, tagged(version), body).into_response())
}

async fn shown(
    app: &AppState,
    caller: &Caller,
    one: Stored,
    draft: Draft,
) -> Result<StaffMacro, Problem> {
    let catalogue = app.desk.catalogue().await?;
    Ok(StaffMacro {
        id: one.id,
        scope: one.shelf.key().to_owned(),
        unit: unit_key(&catalogue, one.shelf),
        title: draft.title,
        reason: draft.reason,
        then: then(draft.then),
        take: draft.take,
        canned: draft.canned,
        yours_to_keep: one.shelf.may_be_filled_by(&caller.actor).is_ok(),
        changed_at: Time(one.changed_at),
    })
}

fn draft(before: Draft, change: MacroChange) -> Draft {
    Draft {
        id: before.id,
        expected: None,
        shelf: change.scope.unwrap_or(before.shelf),
        shelf_unit: change.unit.unwrap_or(before.shelf_unit),
        title: change.title.unwrap_or(before.title),
        reason: change.reason.unwrap_or(before.reason),
        then: change.then.map_or(before.then, then_draft),
        take: change.take.unwrap_or(before.take),
        canned: change.canned.unwrap_or(before.canned),
    }
}

/// The macros that you may use: your own, those of your units, everybody's.
/// Administrators see those of all units.
#[utoipa::path(
    get,
    path = "/macros",
    tag = "macros",
    responses((status = 200, description = "The macros, by title", body = Items<StaffMacro>)),
)]
async fn list(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<StaffMacro>>, Problem> {
    let mut items = Vec::new();
    for (one, draft) in app.desk.written_macros(&caller.actor).await? {
        items.push(shown(&app, &caller, one, draft).await?);
    }
    Ok(Json(Items::all(items)))
}

/// Keeps a macro.
#[utoipa::path(
    post,
    path = "/macros",
    tag = "macros",
    request_body = MacroChange,
    responses((status = 201, description = "The macro", body = StaffMacro, headers(("ETag" = String)))),
)]
async fn create(
    State(app): State<AppState>,
    Writes(caller): Writes,
    body: Body<MacroChange>,
) -> Result<Response, Problem> {
    let empty = Draft {
        shelf: "own".to_owned(),
        ..Draft::default()
    };
    let draft = draft(empty, body.value);
    let made = app.desk.save_macro(&caller.actor, draft).await?;
    answer(&app, &caller, StatusCode::CREATED, made.id).await
}

/// One macro.
#[utoipa::path(
    get,
    path = "/macros/{id}",
    tag = "macros",
    params(("id" = Uuid, Path, description = "The macro's id")),
    responses((status = 200, description = "The macro", body = StaffMacro, headers(("ETag" = String)))),
)]
async fn read(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Response, Problem> {
    answer(&app, &caller, StatusCode::OK, at.uuid("id")?).await
}

/// Changes a macro.
#[utoipa::path(
    patch,
    path = "/macros/{id}",
    tag = "macros",
    params(
        ("id" = Uuid, Path, description = "The macro's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = MacroChange,
    responses((status = 200, description = "The macro after it", body = StaffMacro, headers(("ETag" = String)))),
)]
async fn change(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<MacroChange>,
) -> Result<Response, Problem> {
    let (known, before) = app.desk.one_macro(&caller.actor, at.uuid("id")?).await?;
    let expected = if_match.expected(known.version)?;
    let draft = Draft {
        expected,
        ..draft(before, body.value)
    };
    let changed = app.desk.save_macro(&caller.actor, draft).await?;
    answer(&app, &caller, StatusCode::OK, changed.id).await
}

/// Takes a macro away. What was done by it keeps its name.
#[utoipa::path(
    delete,
    path = "/macros/{id}",
    tag = "macros",
    params(("id" = Uuid, Path, description = "The macro's id")),
    responses((status = 204, description = "It is gone")),
)]
async fn remove(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk.delete_macro(&caller.actor, at.uuid("id")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a macro does with a ticket.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MacroOutcome {
    /// The ticket.
    pub number: i64,
    /// In words, one for each thing, in order; none: all is so already.
    pub did: Vec<String>,
    /// What it answers.
    pub answer: Option<String>,
    /// What it notes.
    pub note: Option<String>,
    /// Why nothing of it was done, or would be; null: all of it.
    pub refused: Option<String>,
}

fn outcome(number: TicketNumber, one: Outcome) -> MacroOutcome {
    MacroOutcome {
        number: number.0,
        did: one.did,
        answer: one.answer,
        note: one.note,
        refused: one.refused,
    }
}

/// What a macro would do with a ticket now; for who works on it. Nothing is changed.
#[utoipa::path(
    get,
    path = "/tickets/{number}/macros/{id}",
    tag = "macros",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket's number"),
        ("id" = Uuid, Path, description = "The macro's id"),
    ),
    responses((status = 200, description = "What it would do", body = MacroOutcome)),
)]
async fn preview(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<MacroOutcome>, Problem> {
    let (number, id) = (at.number()?, at.uuid("id")?);
    let seen = app.desk.preview_macro(&caller.actor, number, id).await?;
    Ok(Json(outcome(number, seen)))
}

/// Does with a ticket what a macro says, in your name: all of it or nothing.
#[utoipa::path(
    post,
    path = "/tickets/{number}/macros/{id}",
    tag = "macros",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket's number"),
        ("id" = Uuid, Path, description = "The macro's id"),
    ),
    responses((status = 200, description = "What it did", body = MacroOutcome)),
)]
async fn run(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<Json<MacroOutcome>, Problem> {
    let (number, id) = (at.number()?, at.uuid("id")?);
    let done = app.desk.run_macro(&caller.actor, number, id, None).await?;
    Ok(Json(outcome(number, done)))
}

/// On which tickets a macro is set off.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MacroTickets {
    /// Up to 200 numbers.
    #[serde(deserialize_with = "whole_numbers")]
    pub numbers: Vec<i64>,
}

/// Does the same with many tickets, each for itself: all of it or nothing, and what was not
/// done says why.
#[utoipa::path(
    post,
    path = "/macros/{id}/runs",
    tag = "macros",
    params(("id" = Uuid, Path, description = "The macro's id")),
    request_body = MacroTickets,
    responses((status = 200, description = "What became of each", body = Items<MacroOutcome>)),
)]
async fn run_on(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    body: Body<MacroTickets>,
) -> Result<Json<Items<MacroOutcome>>, Problem> {
    let id = at.uuid("id")?;
    let numbers: Vec<_> = body.value.numbers.into_iter().map(TicketNumber).collect();
    let all = app.desk.run_macro_on(&caller.actor, &numbers, id).await?;
    let all = all.into_iter().map(|(number, result)| match result {
        Ok(done) => outcome(number, done),
        Err(error) => MacroOutcome {
            number: number.0,
            did: Vec::new(),
            answer: None,
            note: None,
            refused: Some(error.to_string()),
        },
    });
    Ok(Json(Items::all(all.collect())))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, remove))
        .routes(routes!(preview, run))
        .routes(routes!(run_on))
}
