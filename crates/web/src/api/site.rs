//! Sites.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::site::SiteEdit;
use desk::{Catalogue, Error};
use serde::{Deserialize, Serialize};
use store::site::Site as Stored;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Administers, Reads};
use super::input::{At, Body, IfMatch, given};
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// A site.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Site {
    /// Its key, as tickets have it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Other names people use for it.
    pub aliases: Vec<String>,
    /// The address that is told; only for the support side.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub contact: Option<String>,
    /// The key of the support unit that answers for it; null: its contact does. Only for the
    /// support side.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub unit: Option<String>,
    /// Its country.
    pub country: String,
    /// It can be chosen.
    pub active: bool,
}

fn site(s: Stored, staff: bool, catalogue: &Catalogue) -> Site {
    Site {
        key: s.key,
        name: s.name,
        aliases: s.aliases,
        contact: s.contact.filter(|_| staff),
        unit: s
            .unit
            .filter(|_| staff)
            .and_then(|unit| catalogue.unit(unit))
            .map(|unit| unit.key.clone()),
        country: s.country,
        active: s.active,
    }
}

fn answer(status: StatusCode, s: Stored, catalogue: &Catalogue) -> Response {
    let version = s.version;
    (status, tagged(version), Json(site(s, true, catalogue))).into_response()
}

/// Every site, by name.
#[utoipa::path(
    get,
    path = "/sites",
    tag = "catalogue",
    responses((status = 200, description = "The sites", body = Items<Site>)),
)]
async fn sites(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<Site>>, Problem> {
    let staff = caller.actor.is_staff();
    let (all, catalogue) = (app.desk.sites().await?, app.desk.catalogue().await?);
    Ok(Json(Items::all(
        all.into_iter()
            .map(|s| site(s, staff, &catalogue))
            .collect(),
    )))
}

/// A site to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSite {
    /// Its key, which stays.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Other names people use for it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The address that is told.
    pub contact: Option<String>,
    /// The support unit that answers for it, by key or name.
    pub unit: Option<String>,
    /// Its country.
    #[serde(default)]
    pub country: String,
}

/// What is to be changed of a site.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteChange {
    /// Its name.
    pub name: Option<String>,
    /// Other names people use for it; the whole list.
    pub aliases: Option<Vec<String>>,
    /// The address that is told; null: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub contact: Option<Option<String>>,
    /// The support unit that answers for it, by key or name; null: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub unit: Option<Option<String>>,
    /// Its country.
    pub country: Option<String>,
    /// `false` takes it out of use; tickets keep it.
    pub active: Option<bool>,
}

/// Makes a site.
#[utoipa::path(
    post,
    path = "/sites",
    tag = "catalogue",
    request_body = NewSite,
    responses((status = 201, description = "The site", body = Site, headers(("ETag" = String)))),
)]
async fn create_site(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<NewSite>,
) -> Result<Response, Problem> {
    let new = body.value;
    let edit = SiteEdit {
        name: Some(new.name),
        aliases: Some(new.aliases),
        contact: Some(new.contact),
        unit: Some(new.unit),
        country: Some(new.country),
        active: None,
    };
    let made = app
        .desk
        .put_site(&caller.actor, &new.key, true, None, edit)
        .await?;
    let catalogue = app.desk.catalogue().await?;
    Ok(answer(StatusCode::CREATED, made, &catalogue))
}

/// One site. The support side sees its contact too.
#[utoipa::path(
    get,
    path = "/sites/{key}",
    tag = "catalogue",
    params(("key" = String, Path, description = "The site's key")),
    responses((status = 200, description = "The site", body = Site, headers(("ETag" = String)))),
)]
async fn one_site(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Response, Problem> {
    let key = at.text("key")?;
    let known = app.desk.sites().await?;
    let found = known.into_iter().find(|s| s.key.eq_ignore_ascii_case(key));
    let found = found.ok_or_else(|| Error::not_found(format!("site {key:?}")))?;
    let version = found.version;
    let catalogue = app.desk.catalogue().await?;
    let shown = site(found, caller.actor.is_staff(), &catalogue);
    Ok((StatusCode::OK, tagged(version), Json(shown)).into_response())
}

/// Changes a site.
#[utoipa::path(
    patch,
    path = "/sites/{key}",
    tag = "catalogue",
    params(
        ("key" = String, Path, description = "The site's key"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = SiteChange,
    responses((status = 200, description = "The site after it", body = Site, headers(("ETag" = String)))),
)]
async fn change_site(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    if_match: IfMatch,
    body: Body<SiteChange>,
) -> Result<Response, Problem> {
    let key = at.text("key")?;
    let known = app.desk.sites().await?;
    let current = known
        .iter()
        .find(|s| s.key.eq_ignore_ascii_case(key))
        .ok_or_else(|| Error::not_found(format!("site {key:?}")))?;
    let expected = if_match.expected(current.version)?;
    let change = body.value;
    let edit = SiteEdit {
        name: change.name,
        aliases: change.aliases,
        contact: change.contact,
        unit: change.unit,
        country: change.country,
        active: change.active,
    };
    let changed = app
        .desk
        .put_site(&caller.actor, key, false, expected, edit)
        .await?;
    let catalogue = app.desk.catalogue().await?;
    Ok(answer(StatusCode::OK, changed, &catalogue))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(sites, create_site))
        .routes(routes!(one_site, change_site))
}
