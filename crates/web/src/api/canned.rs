//! Texts that staff keep for what they write again and again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::Catalogue;
use desk::canned::Draft;
use serde::{Deserialize, Serialize};
use store::canned::CannedText;
use switchboard_core::canned::Shelf;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::caller::{Reads, Writes};
use super::input::{At, Body, IfMatch};
use super::words::Time;
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// A text that staff keep.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Canned {
    /// Its id.
    pub id: Uuid,
    /// Whose it is: `own`, `unit` or `everybody`.
    pub scope: String,
    /// The key of the unit whose it is.
    pub unit: Option<String>,
    /// How people call it.
    pub title: String,
    /// What is typed to get it; of one scope no two have the same.
    pub shortcut: String,
    /// What it says, with fields.
    pub body: String,
    /// You may change it and take it away.
    pub yours_to_keep: bool,
    /// When it was last changed.
    pub changed_at: Time,
}

/// The key of the unit whose something is.
pub(super) fn unit_key(catalogue: &Catalogue, shelf: Shelf) -> Option<String> {
    match shelf {
        Shelf::Unit(unit) => catalogue.unit(unit).map(|u| u.key.clone()),
        _ => None,
    }
}

fn shown(text: CannedText, catalogue: &Catalogue, actor: &switchboard_core::Actor) -> Canned {
    let written = text.written;
    Canned {
        id: text.id,
        scope: written.shelf.key().to_owned(),
        unit: unit_key(catalogue, written.shelf),
        title: written.title,
        shortcut: written.shortcut,
        body: written.body,
        yours_to_keep: written.shelf.may_be_filled_by(actor).is_ok(),
        changed_at: Time(text.changed_at),
    }
}

/// What a text is to be. Of one that is there, what is left out stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CannedChange {
    /// Whose it is: `own`, `unit` or `everybody`; of a new one `own` without it.
    /// Responsibles keep those of their unit, administrators those of everybody.
    pub scope: Option<String>,
    /// The unit by name or key, where it is a unit's.
    pub unit: Option<String>,
    /// How people call it.
    pub title: Option<String>,
    /// What is typed to get it: up to 30 small letters, digits and dashes.
    pub shortcut: Option<String>,
    /// What it says, up to 16 kB. Fields are put in: `{{ ticket.number }}`,
    /// `{{ ticket.subject }}`, `{{ ticket.status }}`, `{{ ticket.link }}`,
    /// `{{ requester.name }}`, `{{ agent.name }}`, `{{ unit.name }}`, `{{ service.name }}`,
    /// `{{ site.name }}`, `{{ community.name }}`, `{{ desk.name }}`; and
    /// `{% if service.name %}…{% else %}…{% endif %}` asks whether one says something.
    pub body: Option<String>,
}

fn draft(known: Option<(CannedText, Option<String>)>, change: CannedChange) -> Draft {
    let (id, before) = match known {
        None => (
            None,
            Draft {
                shelf: "own".to_owned(),
                ..Draft::default()
            },
        ),
        Some((text, unit)) => (
            Some(text.id),
            Draft {
                shelf: text.written.shelf.key().to_owned(),
                unit: unit.unwrap_or_default(),
                title: text.written.title,
                shortcut: text.written.shortcut,
                body: text.written.body,
                ..Draft::default()
            },
        ),
    };
    Draft {
        id,
        expected: None,
        shelf: change.scope.unwrap_or(before.shelf),
        unit: change.unit.unwrap_or(before.unit),
        title: change.title.unwrap_or(before.title),
        shortcut: change.shortcut.unwrap_or(before.shortcut),
        body: change.body.unwrap_or(before.body),
    }
}

/// The texts that you may use: your own, those of your units, everybody's. Administrators
/// see those of all units.
#[utoipa::path(
    get,
    path = "/canned-texts",
    tag = "canned texts",
    responses((status = 200, description = "The texts, by shortcut", body = Items<Canned>)),
)]
async fn list(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<Canned>>, Problem> {
    let all = app.desk.canned_texts(&caller.actor).await?;
    let catalogue = app.desk.catalogue().await?;
    let all = all
        .into_iter()
        .map(|text| shown(text, &catalogue, &caller.actor));
    Ok(Json(Items::all(all.collect())))
}

async fn answer(
    app: &AppState,
    caller: &super::caller::Caller,
    status: StatusCode,
    text: CannedText,
) -> Result<Response, Problem> {
    let catalogue = app.desk.catalogue().await?;
    let version = text.version;
    let body = Json(shown(text, &catalogue, &caller.actor));
    Ok((status, tagged(version), body).into_response())
}

/// Keeps a text.
#[utoipa::path(
    post,
    path = "/canned-texts",
    tag = "canned texts",
    request_body = CannedChange,
    responses((status = 201, description = "The text", body = Canned, headers(("ETag" = String)))),
)]
async fn create(
    State(app): State<AppState>,
    Writes(caller): Writes,
    body: Body<CannedChange>,
) -> Result<Response, Problem> {
    let draft = draft(None, body.value);
    let made = app.desk.save_canned_text(&caller.actor, draft).await?;
    answer(&app, &caller, StatusCode::CREATED, made).await
}

/// One text.
#[utoipa::path(
    get,
    path = "/canned-texts/{id}",
    tag = "canned texts",
    params(("id" = Uuid, Path, description = "The text's id")),
    responses((status = 200, description = "The text", body = Canned, headers(("ETag" = String)))),
)]
async fn read(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Response, Problem> {
    let found = app.desk.canned_text(&caller.actor, at.uuid("id")?).await?;
    answer(&app, &caller, StatusCode::OK, found).await
}

/// Changes a text.
#[utoipa::path(
    patch,
    path = "/canned-texts/{id}",
    tag = "canned texts",
    params(
        ("id" = Uuid, Path, description = "The text's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = CannedChange,
    responses((status = 200, description = "The text after it", body = Canned, headers(("ETag" = String)))),
)]
async fn change(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<CannedChange>,
) -> Result<Response, Problem> {
    let known = app.desk.canned_text(&caller.actor, at.uuid("id")?).await?;
    let catalogue = app.desk.catalogue().await?;
    let expected = if_match.expected(known.version)?;
    let unit = unit_key(&catalogue, known.written.shelf);
    let draft = Draft {
        expected,
        ..draft(Some((known, unit)), body.value)
    };
    let changed = app.desk.save_canned_text(&caller.actor, draft).await?;
    answer(&app, &caller, StatusCode::OK, changed).await
}

/// Takes a text away.
#[utoipa::path(
    delete,
    path = "/canned-texts/{id}",
    tag = "canned texts",
    params(("id" = Uuid, Path, description = "The text's id")),
    responses((status = 204, description = "It is gone")),
)]
async fn remove(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<StatusCode, Problem> {
    let id = at.uuid("id")?;
    app.desk.delete_canned_text(&caller.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a text says on a ticket.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FilledText {
    /// The text, with its fields put in.
    pub text: String,
}

/// What a text says on a ticket when you write it there; for who works on it. Nothing is
/// written: send it as an entry.
#[utoipa::path(
    get,
    path = "/tickets/{number}/canned-texts/{id}",
    tag = "canned texts",
    params(
        ("number" = i64, Path, minimum = 1, description = "The ticket's number"),
        ("id" = Uuid, Path, description = "The text's id"),
    ),
    responses((status = 200, description = "What it says", body = FilledText)),
)]
async fn filled(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<FilledText>, Problem> {
    let (number, id) = (at.number()?, at.uuid("id")?);
    let text = app
        .desk
        .filled_canned_text(&caller.actor, number, id)
        .await?;
    Ok(Json(FilledText { text }))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, remove))
        .routes(routes!(filled))
}
