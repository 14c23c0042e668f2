//! Notices: news, incidents and downtimes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::Catalogue;
use desk::notice::NoticeEdit;
use serde::{Deserialize, Serialize};
use store::notice::Notice as Stored;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::caller::{Reads, Writes};
use super::input::{At, Body, IfMatch, given};
use super::words::Time;
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// A notice.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Notice {
    /// Its id.
    pub id: Uuid,
    /// When it was posted.
    pub at: Time,
    /// `incident`, `downtime` or `news`.
    pub kind: String,
    /// One line.
    pub title: String,
    /// The rest.
    pub body: String,
    /// Since when; for a downtime, when it begins.
    pub starts_at: Option<Time>,
    /// When it was or will be over; null: not known.
    pub ends_at: Option<Time>,
    /// The keys of the services that it touches.
    pub services: Vec<String>,
    /// It is shown.
    pub active: bool,
}

fn notice(catalogue: &Catalogue, n: &Stored) -> Notice {
    Notice {
        id: n.id,
        at: Time(n.at),
        kind: n.kind.clone(),
        title: n.title.clone(),
        body: n.body.clone(),
        starts_at: n.starts_at.map(Time),
        ends_at: n.ends_at.map(Time),
        services: n
            .services
            .iter()
            .filter_map(|id| catalogue.service(*id))
            .map(|s| s.key.clone())
            .collect(),
        active: n.active,
    }
}

async fn answer(app: &AppState, status: StatusCode, n: &Stored) -> Result<Response, Problem> {
    let catalogue = app.desk.catalogue().await?;
    Ok((status, tagged(n.version), Json(notice(&catalogue, n))).into_response())
}

/// What is shown to everybody: posted within 14 days, going on or ahead;
/// newest first.
#[utoipa::path(
    get,
    path = "/notices",
    tag = "catalogue",
    responses((status = 200, description = "The notices", body = Items<Notice>)),
)]
async fn notices(
    State(app): State<AppState>,
    _caller: Reads,
) -> Result<Json<Items<Notice>>, Problem> {
    let catalogue = app.desk.catalogue().await?;
    let all = app.desk.notices().await?;
    Ok(Json(Items::all(
        all.iter().map(|n| notice(&catalogue, n)).collect(),
    )))
}

/// One notice, also when it is over or withdrawn.
#[utoipa::path(
    get,
    path = "/notices/{id}",
    tag = "catalogue",
    params(("id" = Uuid, Path, description = "The notice's id")),
    responses((status = 200, description = "The notice", body = Notice, headers(("ETag" = String)))),
)]
async fn one_notice(
    State(app): State<AppState>,
    _caller: Reads,
    at: At,
) -> Result<Response, Problem> {
    let found = app.desk.notice(at.uuid("id")?).await?;
    answer(&app, StatusCode::OK, &found).await
}

/// A notice to be posted.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNotice {
    /// `incident`, `downtime` or `news`. News are for administrators.
    pub kind: String,
    /// One line.
    pub title: String,
    /// The rest.
    #[serde(default)]
    pub body: String,
    /// Since when; an incident begins now without it.
    pub starts_at: Option<Time>,
    /// Until when; a downtime needs it.
    pub ends_at: Option<Time>,
    /// The services it touches, by name, key or alias.
    #[serde(default)]
    pub services: Vec<String>,
}

/// What is to be changed of a notice.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeChange {
    /// One line.
    pub title: Option<String>,
    /// The rest.
    pub body: Option<String>,
    /// Since when; null: not known.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Time>)]
    pub starts_at: Option<Option<Time>>,
    /// Until when; null: not known.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Time>)]
    pub ends_at: Option<Option<Time>>,
    /// The services it touches; the whole list.
    pub services: Option<Vec<String>>,
    /// `false` withdraws it.
    pub active: Option<bool>,
}

/// Posts a notice. Those who work in the units of all services it names may
/// post incidents and downtimes, administrators everything.
#[utoipa::path(
    post,
    path = "/notices",
    tag = "catalogue",
    request_body = NewNotice,
    responses((status = 201, description = "The notice", body = Notice, headers(("ETag" = String)))),
)]
async fn create_notice(
    State(app): State<AppState>,
    Writes(caller): Writes,
    body: Body<NewNotice>,
) -> Result<Response, Problem> {
    let new = body.value;
    let edit = NoticeEdit {
        kind: Some(new.kind),
        title: Some(new.title),
        body: Some(new.body),
        starts_at: Some(new.starts_at.map(|t| t.0)),
        ends_at: Some(new.ends_at.map(|t| t.0)),
        services: Some(new.services),
        active: None,
    };
    let made = app.desk.post_notice(&caller.actor, edit).await?;
    answer(&app, StatusCode::CREATED, &made).await
}

/// Changes a notice: says more, ends an incident, withdraws it.
#[utoipa::path(
    patch,
    path = "/notices/{id}",
    tag = "catalogue",
    params(
        ("id" = Uuid, Path, description = "The notice's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = NoticeChange,
    responses((status = 200, description = "The notice after it", body = Notice, headers(("ETag" = String)))),
)]
async fn change_notice(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<NoticeChange>,
) -> Result<Response, Problem> {
    let id = at.uuid("id")?;
    let known = app.desk.notice(id).await?;
    let expected = if_match.expected(known.version)?;
    let change = body.value;
    let edit = NoticeEdit {
        kind: None,
        title: change.title,
        body: change.body,
        starts_at: change.starts_at.map(|t| t.map(|t| t.0)),
        ends_at: change.ends_at.map(|t| t.map(|t| t.0)),
        services: change.services,
        active: change.active,
    };
    let changed = app
        .desk
        .change_notice(&caller.actor, id, expected, edit)
        .await?;
    answer(&app, StatusCode::OK, &changed).await
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(notices, create_notice))
        .routes(routes!(one_notice, change_notice))
}
