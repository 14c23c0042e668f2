//! Alarms: nominated experts call a site at its emergency address, and it confirms.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::Error;
use desk::alarm::{AlarmDraft, AlarmSiteEdit, AlarmSiteView, MOST_ALARMS};
use serde::{Deserialize, Serialize};
use store::alarm::{Alarm, AlarmSite, Alarmer};
use switchboard_core::TicketNumber;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Administers, Reads, Writes};
use super::input::{Asked, At, Body, IdempotencyKey, IfMatch, maybe_whole};
use super::words::Time;
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// An alarm that was raised.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RaisedAlarm {
    /// Its ticket.
    pub number: i64,
    /// The site's key.
    pub site: String,
    /// It tests whether the site would hear one.
    pub test: bool,
    /// `called`: the site was called; `again`: it was silent and was called again, and first
    /// level knows; `escalated`: monitors know, too; `confirmed`; `failed`: a test that
    /// nobody confirmed in time; `closed`: its ticket was resolved before.
    pub stage: String,
    /// When it was raised.
    pub raised_at: Time,
    /// How often the site was called.
    pub calls: i64,
    /// When the site was last called.
    pub called_at: Time,
    /// When silence brings the next step; null: nothing more comes by itself.
    pub next_at: Option<Time>,
    /// When the site confirmed.
    pub confirmed_at: Option<Time>,
    /// Who confirmed, as their mail says.
    pub confirmed_by: Option<String>,
    /// Why a mail to the site did not arrive.
    pub trouble: Option<String>,
}

fn raised(a: Alarm) -> RaisedAlarm {
    RaisedAlarm {
        number: a.ticket.0,
        site: a.site,
        test: a.standing.test,
        stage: a.standing.stage.key().to_owned(),
        raised_at: Time(a.raised_at),
        calls: a.calls,
        called_at: Time(a.standing.called_at),
        next_at: a.standing.next_at.map(Time),
        confirmed_at: a.confirmed_at.map(Time),
        confirmed_by: a.confirmed_by,
        trouble: a.trouble,
    }
}

/// Which alarms.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlarmQuery {
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// Items on a page, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Alarms, the newest first; for first level and administrators.
#[utoipa::path(
    get,
    path = "/alarms",
    tag = "alarms",
    params(AlarmQuery),
    responses((status = 200, description = "A page of alarms", body = Items<RaisedAlarm>)),
)]
async fn list(
    State(app): State<AppState>,
    Reads(caller): Reads,
    Asked(query): Asked<AlarmQuery>,
) -> Result<Json<Items<RaisedAlarm>>, Problem> {
    let before = super::cursor(query.cursor.as_deref())?.map(TicketNumber);
    let limit = super::limit(query.limit)?
        .unwrap_or(desk::list::PAGE)
        .min(MOST_ALARMS);
    let all = app.desk.alarms(&caller.actor, before, limit).await?;
    let next = all
        .last()
        .filter(|_| all.len() as i64 == limit)
        .map(|a| a.ticket.to_string());
    Ok(Json(Items {
        items: all.into_iter().map(raised).collect(),
        next,
    }))
}

/// An alarm to be raised.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlarmRequest {
    /// The site's key or name; it has an emergency address.
    pub site: String,
    /// For which community, by key or name. May be left out by whoever was nominated for
    /// one, or for all.
    #[serde(default)]
    pub community: Option<String>,
    /// One line.
    pub subject: String,
    /// What happened.
    pub description: String,
    /// A service's name or key: its unit gets the ticket.
    #[serde(default)]
    pub service: Option<String>,
}

/// Raises an alarm: opens a ticket of type `alarm` and calls the site by a signed mail to
/// its emergency address. For nominated experts.
#[utoipa::path(
    post,
    path = "/alarms",
    tag = "alarms",
    params((
        "Idempotency-Key" = Option<String>, Header,
        description = "Makes repeating the request harmless; 1 to 200 ASCII characters",
    )),
    request_body = AlarmRequest,
    responses((status = 201, description = "The alarm", body = RaisedAlarm, headers(("Location" = String)))),
)]
async fn raise(
    State(app): State<AppState>,
    Writes(caller): Writes,
    IdempotencyKey(key): IdempotencyKey,
    body: Body<AlarmRequest>,
) -> Result<Response, Problem> {
    let idempotency = key.map(|key| (key, body.hash));
    let asked = body.value;
    let draft = AlarmDraft {
        site: asked.site,
        community: asked.community,
        subject: asked.subject,
        description: asked.description,
        service: asked.service,
        idempotency,
    };
    let opened = app.desk.raise_alarm(&caller.actor, draft).await?;
    answer(&app, &caller.actor, opened.number).await
}

async fn answer(
    app: &AppState,
    actor: &switchboard_core::Actor,
    number: TicketNumber,
) -> Result<Response, Problem> {
    let found = app.desk.alarm_of(actor, number).await?;
    let alarm = found.ok_or_else(|| Error::Internal(format!("ticket {number} is no alarm")))?;
    let place = format!("{}/tickets/{number}/alarm", super::BASE);
    let location = [(axum::http::header::LOCATION, place)];
    Ok((StatusCode::CREATED, location, Json(raised(alarm))).into_response())
}

/// How the alarm of a ticket stands, for whoever sees the ticket.
#[utoipa::path(
    get,
    path = "/tickets/{number}/alarm",
    tag = "alarms",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    responses((status = 200, description = "The alarm; 404 when the ticket is none", body = RaisedAlarm)),
)]
async fn of_ticket(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<RaisedAlarm>, Problem> {
    let number = at.number()?;
    let found = app.desk.alarm_of(&caller.actor, number).await?;
    let alarm = found.ok_or_else(|| Error::not_found(format!("an alarm of ticket {number}")))?;
    Ok(Json(raised(alarm)))
}

/// A site that can be called.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CalledSite {
    /// Its key.
    pub site: String,
    /// The emergency address; null: it was somebody's who is gone, and nobody can be called.
    pub address: Option<String>,
    /// Minutes within which an alarm is confirmed.
    pub answer_minutes: i64,
    /// The same for a test.
    pub test_answer_minutes: i64,
    /// Days between two tests; 0: only by hand.
    pub test_days: i64,
    /// When the next test begins by itself.
    pub next_test_at: Option<Time>,
    /// Its last test.
    pub last_test: Option<RaisedAlarm>,
}

fn called(site: AlarmSite, last_test: Option<Alarm>) -> CalledSite {
    CalledSite {
        site: site.site,
        address: site.address,
        answer_minutes: site.answer_min,
        test_answer_minutes: site.test_answer_min,
        test_days: site.test_days,
        next_test_at: site.next_test_at.map(Time),
        last_test: last_test.map(raised),
    }
}

/// The sites that can be called.
#[utoipa::path(
    get,
    path = "/alarms/sites",
    tag = "alarms",
    responses((status = 200, description = "The sites", body = Items<CalledSite>)),
)]
async fn sites(
    State(app): State<AppState>,
    Administers(caller): Administers,
) -> Result<Json<Items<CalledSite>>, Problem> {
    let all = app.desk.alarm_sites(&caller.actor).await?;
    let shown = |view: AlarmSiteView| called(view.site, view.last_test);
    Ok(Json(Items::all(all.into_iter().map(shown).collect())))
}

/// How a site is called. What is left out stays, or is as usual.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CalledSiteChange {
    /// The emergency address.
    pub address: Option<String>,
    /// Minutes within which an alarm is confirmed: 15 without it.
    #[serde(deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 10080)]
    pub answer_minutes: Option<i64>,
    /// The same for a test: 1440 without it.
    #[serde(deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 10080)]
    pub test_answer_minutes: Option<i64>,
    /// Days between two tests: 90 without it; 0: only by hand.
    #[serde(deserialize_with = "maybe_whole")]
    #[schema(minimum = 0, maximum = 366)]
    pub test_days: Option<i64>,
}

/// Sets up a site so that it can be called, or changes how.
#[utoipa::path(
    put,
    path = "/alarms/sites/{site}",
    tag = "alarms",
    params(
        ("site" = String, Path, description = "The site's key"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = CalledSiteChange,
    responses((status = 200, description = "The site after it", body = CalledSite, headers(("ETag" = String)))),
)]
async fn put_site(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    if_match: IfMatch,
    body: Body<CalledSiteChange>,
) -> Result<Response, Problem> {
    let key = at.text("site")?;
    let known = app.desk.alarm_sites(&caller.actor).await?;
    let current = known.iter().find(|v| v.site.site.eq_ignore_ascii_case(key));
    let expected = if_match.expected(current.map_or(0, |v| v.site.version))?;
    let last_test = current.and_then(|v| v.last_test.clone());
    let change = body.value;
    let edit = AlarmSiteEdit {
        address: change.address,
        answer_minutes: change.answer_minutes,
        test_answer_minutes: change.test_answer_minutes,
        test_days: change.test_days,
    };
    let site = app
        .desk
        .put_alarm_site(&caller.actor, key, expected, edit)
        .await?;
    let version = site.version;
    Ok((
        StatusCode::OK,
        tagged(version),
        Json(called(site, last_test)),
    )
        .into_response())
}

/// Takes a site out: it can not be called any more. Its alarms stay.
#[utoipa::path(
    delete,
    path = "/alarms/sites/{site}",
    tag = "alarms",
    params(("site" = String, Path, description = "The site's key")),
    responses((status = 204, description = "It can not be called any more")),
)]
async fn forget_site(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .forget_alarm_site(&caller.actor, at.text("site")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tests now whether a site would hear an alarm. The ticket resolves itself when the site
/// confirms.
#[utoipa::path(
    post,
    path = "/alarms/sites/{site}/test",
    tag = "alarms",
    params(("site" = String, Path, description = "The site's key")),
    responses((status = 201, description = "The test", body = RaisedAlarm, headers(("Location" = String)))),
)]
async fn test(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Response, Problem> {
    let opened = app.desk.test_alarm(&caller.actor, at.text("site")?).await?;
    answer(&app, &caller.actor, opened.number).await
}

/// Somebody who may raise alarms.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NominatedExpert {
    /// Their mail address; null: they have none any more.
    pub person: Option<String>,
    /// Their name.
    pub name: String,
    /// For which community, by key; null: for all.
    pub community: Option<String>,
    /// Who nominated them.
    pub nominated_by: Option<String>,
    /// When.
    pub nominated_at: Time,
}

fn expert(a: Alarmer) -> NominatedExpert {
    NominatedExpert {
        person: a.email,
        name: a.name,
        community: Some(a.community).filter(|c| !c.is_empty()),
        nominated_by: a.by,
        nominated_at: Time(a.at),
    }
}

/// Everybody who may raise alarms.
#[utoipa::path(
    get,
    path = "/alarms/experts",
    tag = "alarms",
    responses((status = 200, description = "The experts", body = Items<NominatedExpert>)),
)]
async fn experts(
    State(app): State<AppState>,
    Administers(caller): Administers,
) -> Result<Json<Items<NominatedExpert>>, Problem> {
    let all = app.desk.alarmers(&caller.actor).await?;
    Ok(Json(Items::all(all.into_iter().map(expert).collect())))
}

/// A nomination.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nomination {
    /// The mail address of somebody who has an account.
    pub person: String,
    /// For which community, by key or name; left out: for all.
    #[serde(default)]
    pub community: Option<String>,
}

/// Nominates somebody: they may raise alarms.
#[utoipa::path(
    post,
    path = "/alarms/experts",
    tag = "alarms",
    request_body = Nomination,
    responses((status = 204, description = "They may raise alarms")),
)]
async fn nominate(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<Nomination>,
) -> Result<StatusCode, Problem> {
    let asked = body.value;
    app.desk
        .nominate_alarmer(&caller.actor, &asked.person, asked.community.as_deref())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which nomination.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NominationQuery {
    /// For which community; left out: the one for all.
    #[serde(default)]
    community: Option<String>,
}

/// Takes a nomination back. Alarms that were raised go on.
#[utoipa::path(
    delete,
    path = "/alarms/experts/{person}",
    tag = "alarms",
    params(
        ("person" = String, Path, description = "Their mail address"),
        NominationQuery,
    ),
    responses((status = 204, description = "They may not raise alarms for it any more")),
)]
async fn dismiss(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    Asked(query): Asked<NominationQuery>,
) -> Result<StatusCode, Problem> {
    app.desk
        .dismiss_alarmer(
            &caller.actor,
            at.text("person")?,
            query.community.as_deref(),
        )
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, raise))
        .routes(routes!(of_ticket))
        .routes(routes!(sites))
        .routes(routes!(put_site, forget_site))
        .routes(routes!(test))
        .routes(routes!(experts, nominate))
        .routes(routes!(dismiss))
}
