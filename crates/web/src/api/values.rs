//! Lists of values: categories and types of issue.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::Error;
use desk::values::ValueEdit;
use serde::{Deserialize, Serialize};
use store::values::{Category as StoredCategory, IssueType as StoredIssueType};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Administers, Reads};
use super::input::{At, Body, IfMatch, maybe_whole};
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// A value of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ListValue {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// A category with its types of issue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Category {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its types of issue, those that the caller can choose.
    pub issue_types: Vec<ListValue>,
}

/// The categories in use, and their types of issue.
#[utoipa::path(
    get,
    path = "/categories",
    tag = "catalogue",
    responses((status = 200, description = "The categories", body = Items<Category>)),
)]
async fn categories(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<Category>>, Problem> {
    let catalogue = app.desk.catalogue().await?;
    let staff = caller.actor.is_staff();
    let value = |v: &store::unit::ListValue| ListValue {
        key: v.key.clone(),
        name: v.name.clone(),
    };
    Ok(Json(Items::all(
        catalogue
            .categories
            .iter()
            .map(|c| Category {
                key: c.key.clone(),
                name: c.name.clone(),
                issue_types: catalogue
                    .issue_types
                    .iter()
                    .filter(|t| t.category == c.key && (staff || !t.inner))
                    .map(value)
                    .collect(),
            })
            .collect(),
    )))
}

/// A category as administrators look after it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CategoryEntry {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its place in the list.
    pub position: i64,
    /// It counts in reports.
    pub in_reports: bool,
    /// It can be chosen.
    pub active: bool,
}

/// A type of issue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IssueType {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its category's key.
    pub category: String,
    /// Its place in the category.
    pub position: i64,
    /// Requesters can choose it too.
    pub visible: bool,
    /// It can be chosen.
    pub active: bool,
}

fn category(status: StatusCode, c: StoredCategory) -> Response {
    let body = CategoryEntry {
        key: c.key,
        name: c.name,
        position: c.position,
        in_reports: c.in_reports,
        active: c.active,
    };
    (status, tagged(c.version), Json(body)).into_response()
}

fn entry(t: StoredIssueType) -> IssueType {
    IssueType {
        key: t.key,
        name: t.name,
        category: t.category,
        position: t.position,
        visible: t.visible,
        active: t.active,
    }
}

fn issue_type(status: StatusCode, t: StoredIssueType) -> Response {
    let version = t.version;
    (status, tagged(version), Json(entry(t))).into_response()
}

/// A category to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCategory {
    /// Its key, which stays.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its place in the list; the last, when left out.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 0, maximum = 10000)]
    pub position: Option<i64>,
    /// It counts in reports.
    pub in_reports: Option<bool>,
}

/// What is to be changed of a category.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryChange {
    /// Its name.
    pub name: Option<String>,
    /// Its place in the list.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 0, maximum = 10000)]
    pub position: Option<i64>,
    /// It counts in reports.
    pub in_reports: Option<bool>,
    /// `false` takes it out of use; tickets keep it.
    pub active: Option<bool>,
}

/// Makes a category.
#[utoipa::path(
    post,
    path = "/categories",
    tag = "catalogue",
    request_body = NewCategory,
    responses((status = 201, description = "The category", body = CategoryEntry, headers(("ETag" = String)))),
)]
async fn create_category(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<NewCategory>,
) -> Result<Response, Problem> {
    let new = body.value;
    let edit = ValueEdit {
        name: Some(new.name),
        position: new.position,
        in_reports: new.in_reports,
        ..ValueEdit::default()
    };
    let made = app
        .desk
        .create_category(&caller.actor, &new.key, edit)
        .await?;
    Ok(category(StatusCode::CREATED, made))
}

/// One category. Those out of use are for the support side.
#[utoipa::path(
    get,
    path = "/categories/{key}",
    tag = "catalogue",
    params(("key" = String, Path, description = "The category's key")),
    responses((status = 200, description = "The category", body = CategoryEntry, headers(("ETag" = String)))),
)]
async fn one_category(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Response, Problem> {
    let key = at.text("key")?;
    let staff = caller.actor.is_staff();
    let known = app.desk.values().await?.categories;
    let found = known
        .into_iter()
        .find(|c| c.key == key && (staff || c.active));
    let found = found.ok_or_else(|| Error::not_found(format!("category {key:?}")))?;
    Ok(category(StatusCode::OK, found))
}

/// Changes a category.
#[utoipa::path(
    patch,
    path = "/categories/{key}",
    tag = "catalogue",
    params(
        ("key" = String, Path, description = "The category's key"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = CategoryChange,
    responses((status = 200, description = "The category after it", body = CategoryEntry, headers(("ETag" = String)))),
)]
async fn change_category(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    if_match: IfMatch,
    body: Body<CategoryChange>,
) -> Result<Response, Problem> {
    let key = at.text("key")?;
    let known = app.desk.values().await?.categories;
    let current = known
        .iter()
        .find(|c| c.key == key)
        .ok_or_else(|| Error::not_found(format!("category {key:?}")))?;
    let expected = if_match.expected(current.version)?;
    let change = body.value;
    let edit = ValueEdit {
        name: change.name,
        position: change.position,
        in_reports: change.in_reports,
        active: change.active,
        ..ValueEdit::default()
    };
    let changed = app
        .desk
        .change_category(&caller.actor, key, expected, edit)
        .await?;
    Ok(category(StatusCode::OK, changed))
}

/// The types of issue. The support side sees those out of use too.
#[utoipa::path(
    get,
    path = "/issue-types",
    tag = "catalogue",
    responses((status = 200, description = "By category, in their order", body = Items<IssueType>)),
)]
async fn issue_types(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<IssueType>>, Problem> {
    let staff = caller.actor.is_staff();
    let all = app.desk.values().await?.issue_types;
    Ok(Json(Items::all(
        all.into_iter()
            .filter(|t| staff || (t.active && t.visible))
            .map(entry)
            .collect(),
    )))
}

/// A type of issue to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIssueType {
    /// Its key, which stays.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its category's key, which stays.
    pub category: String,
    /// Its place in the category; the last, when left out.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 0, maximum = 10000)]
    pub position: Option<i64>,
    /// Requesters can choose it too; so without it.
    pub visible: Option<bool>,
}

/// What is to be changed of a type of issue.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueTypeChange {
    /// Its name.
    pub name: Option<String>,
    /// Its place in the category.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 0, maximum = 10000)]
    pub position: Option<i64>,
    /// Requesters can choose it too.
    pub visible: Option<bool>,
    /// `false` takes it out of use; tickets keep it.
    pub active: Option<bool>,
}

/// Makes a type of issue.
#[utoipa::path(
    post,
    path = "/issue-types",
    tag = "catalogue",
    request_body = NewIssueType,
    responses((status = 201, description = "The type of issue", body = IssueType, headers(("ETag" = String)))),
)]
async fn create_issue_type(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<NewIssueType>,
) -> Result<Response, Problem> {
    let new = body.value;
    let edit = ValueEdit {
        name: Some(new.name),
        position: new.position,
        visible: new.visible,
        ..ValueEdit::default()
    };
    let made = app
        .desk
        .create_issue_type(&caller.actor, &new.key, &new.category, edit)
        .await?;
    Ok(issue_type(StatusCode::CREATED, made))
}

/// One type of issue. Those out of use or not for requesters are for the
/// support side.
#[utoipa::path(
    get,
    path = "/issue-types/{key}",
    tag = "catalogue",
    params(("key" = String, Path, description = "Its key")),
    responses((status = 200, description = "The type of issue", body = IssueType, headers(("ETag" = String)))),
)]
async fn one_issue_type(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Response, Problem> {
    let key = at.text("key")?;
    let staff = caller.actor.is_staff();
    let known = app.desk.values().await?.issue_types;
    let found = known
        .into_iter()
        .find(|t| t.key == key && (staff || (t.active && t.visible)));
    let found = found.ok_or_else(|| Error::not_found(format!("type of issue {key:?}")))?;
    Ok(issue_type(StatusCode::OK, found))
}

/// Changes a type of issue.
#[utoipa::path(
    patch,
    path = "/issue-types/{key}",
    tag = "catalogue",
    params(
        ("key" = String, Path, description = "Its key"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = IssueTypeChange,
    responses((status = 200, description = "The type of issue after it", body = IssueType, headers(("ETag" = String)))),
)]
async fn change_issue_type(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    if_match: IfMatch,
    body: Body<IssueTypeChange>,
) -> Result<Response, Problem> {
    let key = at.text("key")?;
    let known = app.desk.values().await?.issue_types;
    let current = known
        .iter()
        .find(|t| t.key == key)
        .ok_or_else(|| Error::not_found(format!("type of issue {key:?}")))?;
    let expected = if_match.expected(current.version)?;
    let change = body.value;
    let edit = ValueEdit {
        name: change.name,
        position: change.position,
        visible: change.visible,
        active: change.active,
        ..ValueEdit::default()
    };
    let changed = app
        .desk
        .change_issue_type(&caller.actor, key, expected, edit)
        .await?;
    Ok(issue_type(StatusCode::OK, changed))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(categories, create_category))
        .routes(routes!(one_category, change_category))
        .routes(routes!(issue_types, create_issue_type))
        .routes(routes!(one_issue_type, change_issue_type))
}
