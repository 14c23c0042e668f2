//! Who is on duty in a unit when, and what is handed over at the end of a shift.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::rota::{
    ASK_HOURS, CONFIRM_HOURS, HandOverView, MOST_HAND_OVERS, OnDuty, RotaEdit, RotaView,
};
use desk::{Catalogue, Error};
use serde::{Deserialize, Serialize};
use switchboard_core::PersonId;
use switchboard_core::rota::{Plan, Shift};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::application::paged;
use super::caller::{Reads, Writes};
use super::input::{Asked, At, Body, IfMatch, maybe_whole};
use super::words::Time;
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// Somebody of a rota.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DutyPerson {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
}

impl From<&OnDuty> for DutyPerson {
    fn from(one: &OnDuty) -> DutyPerson {
        DutyPerson {
            name: one.name.clone(),
            email: one.email.clone(),
        }
    }
}

/// A turn that goes round.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DutyPlan {
    /// The day on which the first in the list begins, as `2026-03-30`. The plan holds until
    /// another begins.
    pub first: String,
    /// When turns begin and end, in the unit's time zone, as `09:00`.
    pub at: String,
    /// Days of a turn.
    pub days: u16,
    /// Who, in turn. In place of somebody who is no member any more comes the next.
    pub people: Vec<DutyPerson>,
}

/// A stretch for which somebody is on duty.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DutyShift {
    /// Who.
    pub person: DutyPerson,
    /// Since when.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// In whose place, where they stand in; null: it is their turn, or nobody's.
    pub stands_in_for: Option<DutyPerson>,
    /// The id of the entry in `stand_ins` that puts them there; null: their turn.
    pub stand_in: Option<Uuid>,
}

/// Somebody who stands in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DutyStandIn {
    /// Its id.
    pub id: Uuid,
    /// Who.
    pub person: DutyPerson,
    /// Since when.
    pub from: Time,
    /// Until when.
    pub until: Time,
}

/// Who is on duty in a unit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnitRota {
    /// The unit's key.
    pub unit: String,
    /// The IANA name of its time zone.
    pub time_zone: String,
    /// The unit has a rota; without one the rest says nothing.
    pub set_up: bool,
    /// Who is on duty hears alone of tickets that nobody owns, in place of everybody or the
    /// unit's list; of escalations and missed targets everybody hears.
    pub alone: bool,
    /// Hours before the end of a shift at which its person is asked for a note.
    pub ask_hours: i64,
    /// Hours within which a hand-over is confirmed; then the responsibles are told.
    pub confirm_hours: i64,
    /// The plan that holds, and those that begin later.
    pub plans: Vec<DutyPlan>,
    /// The shift now; null: nobody is on duty.
    pub now: Option<DutyShift>,
    /// The first shift of somebody else.
    pub next: Option<DutyShift>,
    /// The shifts ahead, that of now first.
    pub shifts: Vec<DutyShift>,
    /// Who stands in now and later.
    pub stand_ins: Vec<DutyStandIn>,
    /// What you, who are on duty, have written for who comes after you; only for you.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<String>,
}

fn shown(view: &RotaView, catalogue: &Catalogue) -> UnitRota {
    let person = |id: PersonId| {
        view.people.get(&id).map_or(
            DutyPerson {
                name: String::new(),
                email: None,
            },
            DutyPerson::from,
        )
    };
    let shift = |s: &Shift| DutyShift {
        person: person(s.person),
        from: Time(s.from),
        until: Time(s.until),
        stands_in_for: s.planned.filter(|p| *p != s.person).map(person),
        stand_in: s.swap.and_then(|i| view.swaps.get(i)).map(|s| s.id),
    };
    let plan = |p: &Plan| DutyPlan {
        first: p.first.to_string(),
        at: desk::rota::clock(p.minute),
        days: p.days,
        people: p.people.iter().copied().map(person).collect(),
    };
    let set = view.set.as_ref();
    UnitRota {
        unit: catalogue
            .unit(view.unit)
            .map_or_else(String::new, |u| u.key.clone()),
        time_zone: view.zone.clone(),
        set_up: set.is_some(),
        alone: set.is_some_and(|s| s.alone),
        ask_hours: set.map_or(ASK_HOURS, |s| s.ask_hours),
        confirm_hours: set.map_or(CONFIRM_HOURS, |s| s.confirm_hours),
        plans: view.plans.iter().map(plan).collect(),
        now: view.now.as_ref().map(shift),
        next: view.next.as_ref().map(shift),
        shifts: view.shifts.iter().map(shift).collect(),
        stand_ins: view
            .swaps
            .iter()
            .map(|s| DutyStandIn {
                id: s.id,
                person: person(s.swap.person),
                from: Time(s.swap.from),
                until: Time(s.swap.until),
            })
            .collect(),
        note: view.note.clone(),
    }
}

async fn answer(app: &AppState, status: StatusCode, view: &RotaView) -> Result<Response, Problem> {
    let catalogue = app.desk.catalogue().await?;
    let version = view.set.as_ref().map_or(0, |s| s.version);
    let body = Json(shown(view, &catalogue));
    Ok((status, tagged(version), body).into_response())
}

/// Who is on duty in a unit now and next; for support staff.
#[utoipa::path(
    get,
    path = "/units/{name}/rota",
    tag = "on duty",
    params(("name" = String, Path, description = "The unit's name or key")),
    responses((status = 200, description = "The rota", body = UnitRota, headers(("ETag" = String)))),
)]
async fn read(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Response, Problem> {
    let view = app.desk.rota(&caller.actor, at.text("name")?).await?;
    answer(&app, StatusCode::OK, &view).await
}

/// Who is on duty in a unit from a day on.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotaChange {
    /// The day on which the first in the list begins, as `2026-03-30`. What was planned for
    /// that day and later is replaced; what comes before stays.
    pub first: String,
    /// When turns begin and end, in the unit's time zone, as `09:00`, which it is without it.
    pub at: Option<String>,
    /// Days of a turn, 1 to 28; 7 without it.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 28)]
    pub days: Option<i64>,
    /// Who, in turn, by their addresses: members of the unit, 50 at most. Nobody: from that
    /// day on nobody is on duty.
    #[schema(max_items = 50)]
    pub people: Vec<String>,
    /// Who is on duty hears alone of tickets that nobody owns; `true` without it.
    pub alone: Option<bool>,
    /// Hours before the end of a shift at which its person is asked for a note, 1 to 72; 2
    /// without it.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 72)]
    pub ask_hours: Option<i64>,
    /// Hours within which a hand-over is confirmed, 1 to 72; 4 without it.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 72)]
    pub confirm_hours: Option<i64>,
}

impl RotaChange {
    fn edit(self) -> Result<RotaEdit, Error> {
        let first = self.first.trim().parse();
        let days = self.days.unwrap_or(7);
        Ok(RotaEdit {
            first: first.map_err(|_| Error::invalid("first", "is written as 2026-03-30"))?,
            minute: desk::rota::minute_of("at", self.at.as_deref().unwrap_or("09:00"))?,
            // Beyond what a number of days takes, it is refused as too many.
            days: u16::try_from(days).unwrap_or(u16::MAX),
            people: self.people,
            alone: self.alone.unwrap_or(true),
            ask_hours: self.ask_hours.unwrap_or(ASK_HOURS),
            confirm_hours: self.confirm_hours.unwrap_or(CONFIRM_HOURS),
        })
    }
}

/// Sets a unit's rota up, or changes it; for its responsibles and administrators.
#[utoipa::path(
    put,
    path = "/units/{name}/rota",
    tag = "on duty",
    params(
        ("name" = String, Path, description = "The unit's name or key"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = RotaChange,
    responses((status = 200, description = "The rota after it", body = UnitRota, headers(("ETag" = String)))),
)]
async fn put(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<RotaChange>,
) -> Result<Response, Problem> {
    let unit = at.text("name")?;
    let known = app.desk.rota(&caller.actor, unit).await?;
    let version = known.set.map_or(0, |s| s.version);
    let expected = if_match.expected(version)?;
    let edit = body.value.edit()?;
    let view = app
        .desk
        .put_rota(&caller.actor, unit, expected, edit)
        .await?;
    answer(&app, StatusCode::OK, &view).await
}

/// Takes a unit's rota away; for its responsibles and administrators. Nobody is on duty then,
/// and everybody hears of what is new. Hand-overs stay.
#[utoipa::path(
    delete,
    path = "/units/{name}/rota",
    tag = "on duty",
    params(("name" = String, Path, description = "The unit's name or key")),
    responses((status = 204, description = "It is gone")),
)]
async fn remove(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk.end_rota(&caller.actor, at.text("name")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who stands in for how long.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStandIn {
    /// Who, by their address: a member of the unit.
    pub person: String,
    /// Since when; now, where that has passed.
    pub from: Time,
    /// Until when, 92 days at most.
    pub until: Time,
}

/// Somebody is on duty for a stretch in place of whose turn it is; for responsibles of the
/// unit, administrators, and whose shift all of it is. Of two at one moment the later holds.
#[utoipa::path(
    post,
    path = "/units/{name}/rota/stand-ins",
    tag = "on duty",
    params(("name" = String, Path, description = "The unit's name or key")),
    request_body = NewStandIn,
    responses((status = 201, description = "The rota after it", body = UnitRota, headers(("ETag" = String)))),
)]
async fn stand_in(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    body: Body<NewStandIn>,
) -> Result<Response, Problem> {
    let NewStandIn {
        person,
        from,
        until,
    } = body.value;
    let span = (from.0, until.0);
    let view = app
        .desk
        .stand_in(&caller.actor, at.text("name")?, span, &person)
        .await?;
    answer(&app, StatusCode::CREATED, &view).await
}

/// Takes back that somebody stands in, from now on; also for who said so and who stands in.
#[utoipa::path(
    delete,
    path = "/units/{name}/rota/stand-ins/{id}",
    tag = "on duty",
    params(
        ("name" = String, Path, description = "The unit's name or key"),
        ("id" = Uuid, Path, description = "Its id"),
    ),
    responses((status = 204, description = "Nobody stands in")),
)]
async fn take_back(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<StatusCode, Problem> {
    let id = at.uuid("id")?;
    app.desk
        .take_back_stand_in(&caller.actor, at.text("name")?, id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What somebody writes for who comes after them.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DutyNote {
    /// Plain text, up to 16 kB; empty: nothing.
    pub note: String,
}

/// Who is on duty writes down what is going on; it is handed over when their shift ends.
#[utoipa::path(
    put,
    path = "/units/{name}/rota/note",
    tag = "on duty",
    params(("name" = String, Path, description = "The unit's name or key")),
    request_body = DutyNote,
    responses((status = 200, description = "The rota with it", body = UnitRota, headers(("ETag" = String)))),
)]
async fn write_note(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    body: Body<DutyNote>,
) -> Result<Response, Problem> {
    let unit = at.text("name")?;
    let view = app
        .desk
        .write_duty_note(&caller.actor, unit, &body.value.note)
        .await?;
    answer(&app, StatusCode::OK, &view).await
}

/// A ticket of a hand-over.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HandedTicket {
    /// Its number.
    pub number: i64,
    /// Its subject now; null: you may not see it any more.
    pub subject: Option<String>,
    /// Its status now.
    pub status: Option<String>,
    /// Why it is named: `nobodys` (nobody owned it), `overdue`, `outgoing` (it was theirs),
    /// `at_partner` (nobody had looked at it for a week).
    pub why: Vec<String>,
}

/// What was handed over.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DutyHandOver {
    /// Its id.
    pub id: Uuid,
    /// The unit's key.
    pub unit: String,
    /// Who was on duty.
    pub outgoing: DutyPerson,
    /// Who is from then on.
    pub incoming: DutyPerson,
    /// When the shift began that ended.
    pub begun_at: Time,
    /// When it ended.
    pub at: Time,
    /// What the outgoing person wrote; may be empty.
    pub note: String,
    /// What was open then.
    pub tickets: Vec<HandedTicket>,
    /// When the incoming person confirmed.
    pub confirmed_at: Option<Time>,
    /// When the responsibles were told that nobody had confirmed.
    pub missed_at: Option<Time>,
}

fn handed(view: HandOverView, catalogue: &Catalogue) -> DutyHandOver {
    let kept = view.kept;
    DutyHandOver {
        id: kept.id,
        unit: catalogue
            .unit(kept.unit)
            .map_or_else(String::new, |u| u.key.clone()),
        outgoing: DutyPerson::from(&view.outgoing),
        incoming: DutyPerson::from(&view.incoming),
        begun_at: Time(kept.begun_at),
        at: Time(kept.at),
        note: kept.note,
        tickets: view
            .tickets
            .into_iter()
            .map(|t| HandedTicket {
                number: t.named.number.0,
                status: t.item.as_ref().map(|i| i.status.key().to_owned()),
                subject: t.item.map(|i| i.subject),
                why: t.named.why.iter().map(|w| w.key().to_owned()).collect(),
            })
            .collect(),
        confirmed_at: kept.confirmed_at.map(Time),
        missed_at: kept.missed_at.map(Time),
    }
}

/// Which hand-overs.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HandOverQuery {
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// How many on a page, 1 to 100; 20 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// What was handed over in a unit, the newest first; for who works there.
#[utoipa::path(
    get,
    path = "/units/{name}/hand-overs",
    tag = "on duty",
    params(("name" = String, Path, description = "The unit's name or key"), HandOverQuery),
    responses((status = 200, description = "A page of hand-overs", body = Items<DutyHandOver>)),
)]
async fn hand_overs(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
    Asked(query): Asked<HandOverQuery>,
) -> Result<Json<Items<DutyHandOver>>, Problem> {
    let limit = query.limit.unwrap_or(20);
    if !(1..=MOST_HAND_OVERS).contains(&limit) {
        let problem = format!("takes 1 to {MOST_HAND_OVERS}");
        return Err(Error::invalid("limit", problem).into());
    }
    let before = super::cursor(query.cursor.as_deref())?;
    let unit = at.text("name")?;
    let all = app
        .desk
        .hand_overs(&caller.actor, unit, before, limit + 1)
        .await?;
    let catalogue = app.desk.catalogue().await?;
    Ok(Json(paged(
        all,
        limit,
        |h| h.kept.at.to_string(),
        |h| handed(h, &catalogue),
    )))
}

/// A hand-over; for who works in its unit.
#[utoipa::path(
    get,
    path = "/hand-overs/{id}",
    tag = "on duty",
    params(("id" = Uuid, Path, description = "Its id")),
    responses((status = 200, description = "The hand-over", body = DutyHandOver)),
)]
async fn hand_over(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<DutyHandOver>, Problem> {
    let view = app.desk.hand_over(&caller.actor, at.uuid("id")?).await?;
    let catalogue = app.desk.catalogue().await?;
    Ok(Json(handed(view, &catalogue)))
}

/// Who was on duty writes what they hand over after the end of their shift, or changes it.
/// Until it is confirmed the incoming person gets it by mail.
#[utoipa::path(
    put,
    path = "/hand-overs/{id}/note",
    tag = "on duty",
    params(("id" = Uuid, Path, description = "Its id")),
    request_body = DutyNote,
    responses((status = 200, description = "The hand-over with it", body = DutyHandOver)),
)]
async fn write_hand_over(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    body: Body<DutyNote>,
) -> Result<Json<DutyHandOver>, Problem> {
    let id = at.uuid("id")?;
    let view = app
        .desk
        .write_hand_over(&caller.actor, id, &body.value.note)
        .await?;
    let catalogue = app.desk.catalogue().await?;
    Ok(Json(handed(view, &catalogue)))
}

/// The incoming person confirms that they have read what is handed over.
#[utoipa::path(
    post,
    path = "/hand-overs/{id}/confirm",
    tag = "on duty",
    params(("id" = Uuid, Path, description = "Its id")),
    responses((status = 200, description = "The hand-over, confirmed", body = DutyHandOver)),
)]
async fn confirm(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<Json<DutyHandOver>, Problem> {
    let id = at.uuid("id")?;
    let view = app.desk.confirm_hand_over(&caller.actor, id).await?;
    let catalogue = app.desk.catalogue().await?;
    Ok(Json(handed(view, &catalogue)))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(read, put, remove))
        .routes(routes!(stand_in))
        .routes(routes!(take_back))
        .routes(routes!(write_note))
        .routes(routes!(hand_overs))
        .routes(routes!(hand_over))
        .routes(routes!(write_hand_over))
        .routes(routes!(confirm))
}
