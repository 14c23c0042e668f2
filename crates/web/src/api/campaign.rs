//! One request to many sites.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::campaign::{AskedSites, Board, CampaignEdit, CampaignRequest, SiteRow};
use desk::{Catalogue, Error};
use serde::{Deserialize, Serialize};
use switchboard_core::campaign::Standing;
use switchboard_core::{Status, TicketNumber, UnitId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Reads, Writes};
use super::input::{
    Asked, At, Body, IdempotencyKey, IfMatch, given, maybe_whole, maybe_whole_numbers,
    whole_numbers,
};
use super::words::{StandingWord, StatusWord, Time};
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// How many of the sites that are asked stand how.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Counts {
    /// Asked.
    pub asked: usize,
    /// Said nothing to the last question.
    pub silent: usize,
    /// Answered, and it goes on.
    pub answered: usize,
    /// Solved.
    pub solved: usize,
    /// Ended without a solution.
    pub unsolved: usize,
}

/// One site of a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignSite {
    /// Its key.
    pub site: String,
    /// Its name.
    pub name: String,
    /// Its ticket.
    pub number: i64,
    /// Where it stands; null: the ticket is restricted and not for your eyes.
    #[schema(value_type = Option<StandingWord>)]
    pub standing: Option<Standing>,
    /// The ticket's status; null likewise.
    #[schema(value_type = Option<StatusWord>)]
    pub status: Option<Status>,
    /// The unit that has it; null likewise.
    pub unit: Option<String>,
    /// When it was asked.
    #[schema(value_type = String, format = DateTime)]
    pub asked_at: Time,
    /// Silent: since when. Else when somebody last answered, or when it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Time>,
    /// Reminders of the present silence.
    pub reminded: u8,
    /// Since when it is asked no longer.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub left_at: Option<Time>,
}

/// A request to many sites and how it stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignBoard {
    /// The parent ticket.
    pub number: i64,
    /// The parent's subject.
    pub title: String,
    /// The parent's status.
    #[schema(value_type = StatusWord)]
    pub status: Status,
    /// The unit that asks.
    pub unit: Option<String>,
    /// The subject of the sites' tickets, with variables.
    pub subject: String,
    /// Their text, with variables.
    pub text: String,
    /// Working days of silence after which a site is reminded.
    pub remind: Vec<u32>,
    /// When answers are wanted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Time>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Time,
    /// How many stand how.
    pub counts: Counts,
    /// Nothing more is expected of any site.
    pub all_done: bool,
    /// Its sites, those that need attention first; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sites: Option<Vec<CampaignSite>>,
}

fn unit_name(catalogue: &Catalogue, unit: UnitId) -> Option<String> {
    catalogue.unit(unit).map(|unit| unit.name.clone())
}

fn site(row: SiteRow, catalogue: &Catalogue) -> CampaignSite {
    CampaignSite {
        site: row.site,
        name: row.name,
        number: row.number.0,
        standing: row.standing,
        status: row.status,
        unit: row.unit.and_then(|unit| unit_name(catalogue, unit)),
        asked_at: Time(row.asked_at),
        since: row.since.map(Time),
        reminded: row.reminded,
        left_at: row.left_at.map(Time),
    }
}

fn board(board: Board, catalogue: &Catalogue, whole: bool) -> CampaignBoard {
    CampaignBoard {
        number: board.campaign.ticket.0,
        title: board.subject.clone(),
        status: board.status,
        unit: unit_name(catalogue, board.unit),
        subject: board.campaign.subject.clone(),
        text: board.campaign.body.clone(),
        remind: board.campaign.remind.clone(),
        due: board.campaign.due_at.map(Time),
        made_at: Time(board.campaign.made_at),
        counts: Counts {
            asked: board.asked().count(),
            silent: board.count(Standing::Silent),
            answered: board.count(Standing::Answered),
            solved: board.count(Standing::Solved),
            unsolved: board.count(Standing::Unsolved),
        },
        all_done: board.all_done(),
        sites: whole.then(|| {
            board
                .sites
                .into_iter()
                .map(|row| site(row, catalogue))
                .collect()
        }),
    }
}

async fn shown(
    app: &AppState,
    caller: &super::caller::Caller,
    number: TicketNumber,
    status: StatusCode,
) -> Result<Response, Problem> {
    let found = app.desk.board(&caller.actor, number).await?;
    let catalogue = app.desk.catalogue().await?;
    let version = found.campaign.version;
    let body = board(found, &catalogue, true);
    Ok((status, tagged(version), Json(body)).into_response())
}

/// The newest requests to many sites that you may see.
#[utoipa::path(
    get,
    path = "/campaigns",
    tag = "campaigns",
    responses((status = 200, description = "The requests, the newest first", body = Items<CampaignBoard>)),
)]
async fn list(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<CampaignBoard>>, Problem> {
    let boards = app.desk.boards(&caller.actor).await?;
    let catalogue = app.desk.catalogue().await?;
    Ok(Json(Items::all(
        boards
            .into_iter()
            .map(|b| board(b, &catalogue, false))
            .collect(),
    )))
}

/// A request to many sites.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCampaign {
    /// A ticket that becomes the parent; left out: one is opened.
    #[serde(default, deserialize_with = "maybe_whole")]
    pub ticket: Option<i64>,
    /// The subject of the parent that is opened; left out: that of the sites' tickets.
    #[serde(default)]
    pub title: String,
    /// The subject of each site's ticket; may name `{{ site }}`, `{{ site_key }}` and
    /// `{{ country }}`.
    pub subject: String,
    /// Its text, with the same variables.
    pub text: String,
    /// The unit in whose name you ask, by key or name; needed where a parent is opened.
    pub unit: Option<String>,
    /// A category's key.
    pub category: Option<String>,
    /// Keys, names or aliases of sites.
    pub sites: Vec<String>,
    /// Working days of silence after which a site is reminded.
    #[serde(default, deserialize_with = "whole_numbers")]
    pub remind: Vec<i64>,
    /// When answers are wanted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Time>,
}

/// Days as the rules of reminders count them; they look at the rest.
fn working_days(given: Vec<i64>) -> Result<Vec<u32>, Error> {
    let day = |days: i64| {
        u32::try_from(days)
            .map_err(|_| Error::invalid("remind", "takes numbers of working days, from 1"))
    };
    given.into_iter().map(day).collect()
}

/// Asks many sites: a ticket each, below one parent. Repeated with the same
/// `Idempotency-Key`, it opens nothing more.
#[utoipa::path(
    post,
    path = "/campaigns",
    tag = "campaigns",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key under which a repeated request gives the same")),
    request_body = NewCampaign,
    responses((status = 201, description = "The request and its sites", body = CampaignBoard, headers(("ETag" = String)))),
)]
async fn create(
    State(app): State<AppState>,
    Writes(caller): Writes,
    IdempotencyKey(key): IdempotencyKey,
    body: Body<NewCampaign>,
) -> Result<Response, Problem> {
    let idempotency = key.map(|key| (key, body.hash));
    let new = body.value;
    let request = CampaignRequest {
        ticket: new.ticket.map(TicketNumber),
        title: new.title,
        subject: new.subject,
        body: new.text,
        unit: new.unit,
        category: new.category,
        sites: new.sites,
        remind: working_days(new.remind)?,
        due: new.due.map(|due| due.0),
        idempotency,
    };
    let AskedSites { number, .. } = app.desk.ask_sites(&caller.actor, request).await?;
    shown(&app, &caller, number, StatusCode::CREATED).await
}

/// A request to many sites: who has answered, who is silent since when, what is done.
#[utoipa::path(
    get,
    path = "/campaigns/{number}",
    tag = "campaigns",
    params(("number" = i64, Path, minimum = 1, description = "The parent's number")),
    responses((status = 200, description = "The request and its sites", body = CampaignBoard, headers(("ETag" = String)))),
)]
async fn read(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Response, Problem> {
    shown(&app, &caller, at.number()?, StatusCode::OK).await
}

/// What is to be changed of a request.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignChange {
    /// When answers are wanted; null: no date.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Option<Time>>,
    /// Working days of silence after which a site is reminded; also for those that are
    /// asked already.
    #[serde(default, deserialize_with = "maybe_whole_numbers")]
    pub remind: Option<Vec<i64>>,
}

/// Another date, or other reminders.
#[utoipa::path(
    patch,
    path = "/campaigns/{number}",
    tag = "campaigns",
    params(
        ("number" = i64, Path, minimum = 1, description = "The parent's number"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = CampaignChange,
    responses((status = 200, description = "The request after it", body = CampaignBoard, headers(("ETag" = String)))),
)]
async fn change(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<CampaignChange>,
) -> Result<Response, Problem> {
    let number = at.number()?;
    let current = app.desk.board(&caller.actor, number).await?;
    let expected = if_match.expected(current.campaign.version)?;
    let edit = CampaignEdit {
        due: body.value.due.map(|due| due.map(|due| due.0)),
        remind: body.value.remind.map(working_days).transpose()?,
    };
    app.desk
        .change_campaign(&caller.actor, number, expected, edit)
        .await?;
    shown(&app, &caller, number, StatusCode::OK).await
}

/// More sites that are asked the same.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoreSites {
    /// Keys, names or aliases; those that are asked already stay as they are.
    pub sites: Vec<String>,
}

/// Asks more sites the same.
#[utoipa::path(
    post,
    path = "/campaigns/{number}/sites",
    tag = "campaigns",
    params(("number" = i64, Path, minimum = 1, description = "The parent's number")),
    request_body = MoreSites,
    responses((status = 200, description = "The request after it", body = CampaignBoard, headers(("ETag" = String)))),
)]
async fn add(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    body: Body<MoreSites>,
) -> Result<Response, Problem> {
    let number = at.number()?;
    app.desk
        .add_sites(&caller.actor, number, body.value.sites)
        .await?;
    shown(&app, &caller, number, StatusCode::OK).await
}

/// Why a site is asked no longer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaving {
    #[serde(default)]
    reason: String,
}

/// Asks a site no longer: its ticket is untied, and ended with the reason if it is open.
#[utoipa::path(
    delete,
    path = "/campaigns/{number}/sites/{site}",
    tag = "campaigns",
    params(
        ("number" = i64, Path, minimum = 1, description = "The parent's number"),
        ("site" = String, Path, description = "The site's key"),
        ("reason" = Option<String>, Query, description = "Why; needed while its ticket is open, and told there"),
    ),
    responses((status = 204, description = "It is asked no longer")),
)]
async fn leave(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    Asked(leaving): Asked<Leaving>,
) -> Result<StatusCode, Problem> {
    let site = at.text("site")?;
    app.desk
        .leave_site(&caller.actor, at.number()?, site, &leaving.reason)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change))
        .routes(routes!(add))
        .routes(routes!(leave))
}
