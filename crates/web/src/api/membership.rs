//! Who belongs to a unit: members by a responsible's word, and requests to
//! join.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::join::JoinView;
use serde::{Deserialize, Serialize};
use store::application::Kind;
use switchboard_core::Part;
use switchboard_core::staff::MemberDeed;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Items;
use super::application::{Ask, AskDecision, AskQuery, Made, paged};
use super::caller::{Reads, Writes};
use super::input::{Asked, At, Body};
use crate::AppState;
use crate::problem::Problem;

/// A part in a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartWord {
    /// Works on the unit's tickets.
    #[default]
    Member,
    /// Also says who belongs to the unit.
    Responsible,
}

impl From<PartWord> for Part {
    fn from(word: PartWord) -> Part {
        match word {
            PartWord::Member => Part::Member,
            PartWord::Responsible => Part::Responsible,
        }
    }
}

/// Somebody to be taken into a unit.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    /// Their id or mail address. They hold the support permission.
    pub person: String,
    /// As what; as a member, when left out.
    #[serde(default)]
    pub part: PartWord,
    /// Why, for the mail to them.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: String,
}

/// Takes somebody into a unit.
#[utoipa::path(
    post,
    path = "/units/{name}/members",
    tag = "members",
    params(("name" = String, Path, description = "The unit's name or key")),
    request_body = NewMember,
    responses((status = 201, description = "They are in", body = Made)),
)]
async fn add(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    body: Body<NewMember>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let NewMember {
        person,
        part,
        reason,
    } = body.value;
    let unit = at.text("name")?;
    app.desk.may_manage(&caller.actor, unit).await?;
    let who = app.desk.find_person(&caller.actor, &person).await?;
    let deed = MemberDeed::Add(part.into());
    app.desk
        .change_member(&caller.actor, unit, who.id, deed, &reason)
        .await?;
    Ok((StatusCode::CREATED, Json(Made { id: who.id.0 })))
}

/// Another part for a member.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberPart {
    /// As what they are in the unit.
    pub part: PartWord,
    /// Why, for the mail to them.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: String,
}

/// Makes somebody responsible, or a member again. The last responsible can not
/// step down.
#[utoipa::path(
    patch,
    path = "/units/{name}/members/{who}",
    tag = "members",
    params(
        ("name" = String, Path, description = "The unit's name or key"),
        ("who" = String, Path, description = "Their id, their mail address, or `me`"),
    ),
    request_body = MemberPart,
    responses((status = 204, description = "So it is")),
)]
async fn change(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    body: Body<MemberPart>,
) -> Result<StatusCode, Problem> {
    let MemberPart { part, reason } = body.value;
    let deed = MemberDeed::SetPart(part.into());
    do_with(&app, &caller.actor, &at, deed, &reason).await
}

/// Takes somebody out of a unit; with `me` you leave. The last responsible
/// stays. Open tickets they own there are nobody's again.
#[utoipa::path(
    delete,
    path = "/units/{name}/members/{who}",
    tag = "members",
    params(
        ("name" = String, Path, description = "The unit's name or key"),
        ("who" = String, Path, description = "Their id, their mail address, or `me`"),
    ),
    responses((status = 204, description = "They are not in it any more")),
)]
async fn remove(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<StatusCode, Problem> {
    do_with(&app, &caller.actor, &at, MemberDeed::Remove, "").await
}

async fn do_with(
    app: &AppState,
    actor: &switchboard_core::Actor,
    at: &At,
    deed: MemberDeed,
    reason: &str,
) -> Result<StatusCode, Problem> {
    let (unit, who) = (at.text("name")?, at.text("who")?);
    // Whether an address is known is for those who say who belongs to it.
    if who != "me" {
        app.desk.may_manage(actor, unit).await?;
    }
    let who = app.desk.find_person(actor, who).await?;
    app.desk
        .change_member(actor, unit, who.id, deed, reason)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A request to be taken into a unit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JoinRequest {
    /// What was asked.
    #[serde(flatten)]
    pub ask: Ask,
    /// The unit's key.
    pub unit: String,
}

impl From<JoinView> for JoinRequest {
    fn from(view: JoinView) -> JoinRequest {
        JoinRequest {
            ask: Ask::new(view.id, view.person, view.reason, view.became),
            unit: view.unit.key,
        }
    }
}

/// A unit's join requests, newest first: all for its responsibles and
/// administrators, for others their own.
#[utoipa::path(
    get,
    path = "/units/{name}/join-requests",
    tag = "members",
    params(("name" = String, Path, description = "The unit's name or key"), AskQuery),
    responses((status = 200, description = "A page of join requests", body = Items<JoinRequest>)),
)]
async fn joins(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
    Asked(query): Asked<AskQuery>,
) -> Result<Json<Items<JoinRequest>>, Problem> {
    let limit = query.limit()?;
    let all = app
        .desk
        .joins_of(
            &caller.actor,
            at.text("name")?,
            query.state()?,
            query.cursor,
            limit + 1,
        )
        .await?;
    Ok(Json(paged(
        all,
        limit,
        |j| j.id.to_string(),
        JoinRequest::from,
    )))
}

/// A request to join.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinWish {
    /// What you want to do there.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: String,
}

/// Asks a unit to take you in.
#[utoipa::path(
    post,
    path = "/units/{name}/join-requests",
    tag = "members",
    params(("name" = String, Path, description = "The unit's name or key")),
    request_body = JoinWish,
    responses((status = 201, description = "It waits for the responsibles, who answer by mail", body = Made)),
)]
async fn join(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    body: Body<JoinWish>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let id = app
        .desk
        .ask_to_join(&caller.actor, at.text("name")?, &body.value.reason)
        .await?;
    Ok((StatusCode::CREATED, Json(Made { id })))
}

/// Takes back your request while it waits.
#[utoipa::path(
    delete,
    path = "/units/{name}/join-requests/{id}",
    tag = "members",
    params(
        ("name" = String, Path, description = "The unit's name or key"),
        ("id" = Uuid, Path, description = "The request's id"),
    ),
    responses((status = 204, description = "Withdrawn")),
)]
async fn withdraw(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .withdraw(&caller.actor, Kind::Join, at.uuid("id")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Consents to a join request, or refuses it.
#[utoipa::path(
    post,
    path = "/units/{name}/join-requests/{id}/decision",
    tag = "members",
    params(
        ("name" = String, Path, description = "The unit's name or key"),
        ("id" = Uuid, Path, description = "The request's id"),
    ),
    request_body = AskDecision,
    responses((status = 204, description = "Answered; who asked is told by mail")),
)]
async fn decide(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    body: Body<AskDecision>,
) -> Result<StatusCode, Problem> {
    let AskDecision { granted, reason } = body.value;
    app.desk
        .answer_join(
            &caller.actor,
            at.text("name")?,
            at.uuid("id")?,
            granted,
            &reason,
        )
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(add))
        .routes(routes!(change, remove))
        .routes(routes!(joins, join))
        .routes(routes!(withdraw))
        .routes(routes!(decide))
}
