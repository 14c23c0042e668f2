//! A person's data: given out and erased, one's own and, for administrators,
//! somebody's.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use desk::Error;
use serde::{Deserialize, Serialize};
use store::data_export::Export as StoredExport;
use store::erasure::Erasure as StoredErasure;
use switchboard_core::PersonId;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::application::Made;
use super::caller::{Administers, Caller, Reads, Writes};
use super::input::{At, Body};
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;

/// An archive of a person's data.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DataExport {
    /// Its id.
    pub id: Uuid,
    /// When it was asked for.
    pub asked_at: Time,
    /// `asked`: it is being made; `ready`: it can be fetched until `expires_at`;
    /// `over`.
    pub state: String,
    /// Its size in bytes, once it is there.
    pub size: Option<i64>,
    /// Until when it can be fetched.
    pub expires_at: Option<Time>,
}

impl DataExport {
    fn new(e: StoredExport, now: i64) -> DataExport {
        let ready = e.state == "ready" && e.expires_at.is_some_and(|at| at > now);
        DataExport {
            id: e.id,
            asked_at: Time(e.asked_at),
            state: match e.state.as_str() {
                "asked" => "asked",
                _ if ready => "ready",
                _ => "over",
            }
            .to_owned(),
            size: e.size.filter(|_| ready),
            expires_at: e.expires_at.filter(|_| ready).map(Time),
        }
    }
}

/// An erasure that is wanted or under way.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Erasure {
    /// Its id.
    pub id: Uuid,
    /// Since when it is wanted.
    pub asked_at: Time,
    /// `asked`: the mailed link is not confirmed yet; `waiting`: it begins at
    /// `due_at`, and can be taken back until then; `running`.
    pub state: String,
    /// When it begins.
    pub due_at: Option<Time>,
}

impl From<StoredErasure> for Erasure {
    fn from(e: StoredErasure) -> Erasure {
        Erasure {
            id: e.id,
            asked_at: Time(e.asked_at),
            state: e.state,
            due_at: e.due_at.map(Time),
        }
    }
}

async fn list(
    app: &AppState,
    caller: &Caller,
    person: PersonId,
) -> Result<Json<Items<DataExport>>, Problem> {
    let (all, now) = (
        app.desk.exports(&caller.actor, person).await?,
        app.desk.now(),
    );
    Ok(Json(Items::all(
        all.into_iter().map(|e| DataExport::new(e, now)).collect(),
    )))
}

async fn ask(
    app: &AppState,
    caller: &Caller,
    person: PersonId,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let id = app.desk.ask_export(&caller.actor, person).await?;
    Ok((StatusCode::ACCEPTED, Json(Made { id })))
}

async fn fetch(
    app: &AppState,
    caller: &Caller,
    person: PersonId,
    id: Uuid,
) -> Result<Response, Problem> {
    // Only what is about the person of the address, whatever else the caller may.
    let theirs = app.desk.exports(&caller.actor, person).await?;
    if !theirs.iter().any(|e| e.id == id) {
        return Err(Error::not_found("such archive (it may be over)").into());
    }
    let bytes = app.desk.export_file(&caller.actor, id).await?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/zip"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"personal-data.zip\""),
        ),
    ];
    Ok((headers, bytes).into_response())
}

async fn wanted(
    app: &AppState,
    caller: &Caller,
    person: PersonId,
) -> Result<StoredErasure, Problem> {
    let found = app.desk.erasure_of(&caller.actor, person).await?;
    Ok(found.ok_or_else(|| Error::not_found("erasure that is wanted or under way"))?)
}

async fn take_back(
    app: &AppState,
    caller: &Caller,
    person: PersonId,
) -> Result<StatusCode, Problem> {
    let id = wanted(app, caller, person).await?.id;
    app.desk.cancel_erasure(&caller.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The archives of your data, newest first.
#[utoipa::path(
    get,
    path = "/people/me/exports",
    tag = "privacy",
    responses((status = 200, description = "Your archives", body = Items<DataExport>)),
)]
async fn my_exports(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<DataExport>>, Problem> {
    list(&app, &caller, caller.person()?).await
}

/// Asks for an archive of all that is known of you. A mail tells when it is
/// there.
#[utoipa::path(
    post,
    path = "/people/me/exports",
    tag = "privacy",
    responses((status = 202, description = "It is being made", body = Made)),
)]
async fn ask_for_mine(
    State(app): State<AppState>,
    Writes(caller): Writes,
) -> Result<(StatusCode, Json<Made>), Problem> {
    ask(&app, &caller, caller.person()?).await
}

/// Fetches an archive of your data.
#[utoipa::path(
    get,
    path = "/people/me/exports/{export}",
    tag = "privacy",
    params(("export" = Uuid, Path, description = "The archive's id")),
    responses((status = 200, description = "The archive", body = Vec<u8>, content_type = "application/zip", headers(("Content-Disposition" = String)))),
)]
async fn fetch_mine(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Response, Problem> {
    fetch(&app, &caller, caller.person()?, at.uuid("export")?).await
}

/// Your erasure, if one is wanted or under way.
#[utoipa::path(
    get,
    path = "/people/me/erasure",
    tag = "privacy",
    responses((status = 200, description = "How it stands", body = Erasure)),
)]
async fn my_erasure(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Erasure>, Problem> {
    let person = caller.person()?;
    Ok(Json(wanted(&app, &caller, person).await?.into()))
}

/// Asks to be erased. Nothing happens until you confirm it by the link that is
/// mailed to you.
#[utoipa::path(
    post,
    path = "/people/me/erasure",
    tag = "privacy",
    responses((status = 202, description = "The link is mailed", body = Erasure)),
)]
async fn erase_me(
    State(app): State<AppState>,
    Writes(caller): Writes,
) -> Result<(StatusCode, Json<Erasure>), Problem> {
    app.desk.ask_erasure_by_token(&caller.actor).await?;
    let person = caller.person()?;
    let erasure = wanted(&app, &caller, person).await?;
    Ok((StatusCode::ACCEPTED, Json(erasure.into())))
}

/// Takes the wish to be erased back, until it begins.
#[utoipa::path(
    delete,
    path = "/people/me/erasure",
    tag = "privacy",
    responses((status = 204, description = "Your data stays")),
)]
async fn keep_me(
    State(app): State<AppState>,
    Writes(caller): Writes,
) -> Result<StatusCode, Problem> {
    let person = caller.person()?;
    take_back(&app, &caller, person).await
}

/// The archives of somebody's data, newest first.
#[utoipa::path(
    get,
    path = "/people/{id}/exports",
    tag = "privacy",
    params(("id" = Uuid, Path, description = "Their id")),
    responses((status = 200, description = "Their archives", body = Items<DataExport>)),
)]
async fn exports(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Json<Items<DataExport>>, Problem> {
    list(&app, &caller, PersonId(at.uuid("id")?)).await
}

/// Asks for an archive of all that is known of somebody. A mail tells you when
/// it is there.
#[utoipa::path(
    post,
    path = "/people/{id}/exports",
    tag = "privacy",
    params(("id" = Uuid, Path, description = "Their id")),
    responses((status = 202, description = "It is being made", body = Made)),
)]
async fn ask_for(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<(StatusCode, Json<Made>), Problem> {
    ask(&app, &caller, PersonId(at.uuid("id")?)).await
}

/// Fetches an archive of somebody's data.
#[utoipa::path(
    get,
    path = "/people/{id}/exports/{export}",
    tag = "privacy",
    params(
        ("id" = Uuid, Path, description = "Their id"),
        ("export" = Uuid, Path, description = "The archive's id"),
    ),
    responses((status = 200, description = "The archive", body = Vec<u8>, content_type = "application/zip", headers(("Content-Disposition" = String)))),
)]
async fn fetch_one(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Response, Problem> {
    let person = PersonId(at.uuid("id")?);
    fetch(&app, &caller, person, at.uuid("export")?).await
}

/// Somebody's erasure, if one is wanted or under way.
#[utoipa::path(
    get,
    path = "/people/{id}/erasure",
    tag = "privacy",
    params(("id" = Uuid, Path, description = "Their id")),
    responses((status = 200, description = "How it stands", body = Erasure)),
)]
async fn erasure(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Json<Erasure>, Problem> {
    let person = PersonId(at.uuid("id")?);
    Ok(Json(wanted(&app, &caller, person).await?.into()))
}

/// Why somebody is erased.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureOrder {
    /// Why, for the audit log.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
    /// One of the person's mail addresses, so that an id that was mixed up
    /// erases nobody.
    pub again: String,
}

/// Has somebody erased at once. Their tickets stay, without them.
#[utoipa::path(
    post,
    path = "/people/{id}/erasure",
    tag = "privacy",
    params(("id" = Uuid, Path, description = "Their id")),
    request_body = ErasureOrder,
    responses((status = 202, description = "It begins now", body = Made)),
)]
async fn erase(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    body: Body<ErasureOrder>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let person = PersonId(at.uuid("id")?);
    let ErasureOrder { reason, again } = body.value;
    let id = app
        .desk
        .order_erasure_by_token(&caller.actor, person, &reason, &again)
        .await?;
    Ok((StatusCode::ACCEPTED, Json(Made { id })))
}

/// Takes back what is wanted for somebody, until it begins.
#[utoipa::path(
    delete,
    path = "/people/{id}/erasure",
    tag = "privacy",
    params(("id" = Uuid, Path, description = "Their id")),
    responses((status = 204, description = "Their data stays")),
)]
async fn keep(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    take_back(&app, &caller, PersonId(at.uuid("id")?)).await
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(my_exports, ask_for_mine))
        .routes(routes!(fetch_mine))
        .routes(routes!(my_erasure, erase_me, keep_me))
        .routes(routes!(exports, ask_for))
        .routes(routes!(fetch_one))
        .routes(routes!(erasure, erase, keep))
}
