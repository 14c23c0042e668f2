//! Units and their members.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::unit::{KnownUnit, UnitEdit};
use desk::{Catalogue, Desk, Error};
use serde::{Deserialize, Serialize};
use store::unit::Unit as StoredUnit;
use switchboard_core::{Actor, Part, SpecialDay};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::caller::{Caller, Reads, Writes};
use super::input::{At, Body, IfMatch, given, maybe_objects, maybe_whole, whole_number};
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Faq {
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
}

/// Words that point to a unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hint {
    /// The words.
    pub words: Vec<String>,
    /// How much a hit counts, 1 to 3; -1 to -3: points away.
    #[schema(minimum = -3, maximum = 3)]
    #[serde(deserialize_with = "whole_number")]
    pub weight: i64,
}

/// A day on which a unit works otherwise than its week says: mostly a holiday,
/// on which nobody does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// The day, as `2026-12-24`.
    pub date: String,
    /// What is celebrated.
    #[serde(default)]
    pub name: String,
    /// The hours of that day, as `09:00-12:00, 13:00-15:00`; empty: closed.
    #[serde(default)]
    pub hours: String,
}

/// A support unit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Unit {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// 1, 2 or 3. Requesters can not address the third.
    pub level: i64,
    /// The key of the unit above it.
    pub parent: Option<String>,
    /// The group it is listed under.
    pub category: String,
    /// What it does.
    pub description: String,
    /// Its mailing list; only for the support side.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub email: Option<String>,
    /// It triages what is new.
    pub first_level: bool,
    /// It takes what endangers security now.
    pub security: bool,
    /// A retired unit takes no tickets.
    pub active: bool,
    /// The key of the unit that took over from a retired one.
    pub successor: Option<String>,
    /// Quality of support: `base`, `medium` or `advanced`.
    pub qos: String,
    /// IANA name of the time zone of its hours.
    pub time_zone: String,
    /// Working hours: `09:00-17:00` is Monday to Friday, else with the days, as
    /// `Mon-Thu 08:00-16:00, Fri 08:00-12:00`.
    pub hours: Option<String>,
    /// Days on which nobody works.
    pub holidays: Vec<Holiday>,
    /// When and how it supports, in its own words.
    pub support_hours: String,
    /// Whom to turn to when it does not answer; only for the support side.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub escalation: Option<String>,
    /// Words that point to it; only for the support side.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hints: Option<Vec<Hint>>,
    /// For those who assign to it.
    pub faq: Vec<Faq>,
}

fn unit(catalogue: &Catalogue, actor: &Actor, u: &StoredUnit) -> Unit {
    let key_of = |id| catalogue.unit(id).map(|u| u.key.clone());
    let staff = actor.is_staff();
    Unit {
        key: u.key.clone(),
        name: u.name.clone(),
        level: u.level,
        parent: u.parent.and_then(key_of),
        category: u.category.clone(),
        description: u.description.clone(),
        email: u.email.clone().filter(|_| staff),
        first_level: u.first_level,
        security: u.security,
        active: u.active,
        successor: u.successor.and_then(key_of),
        qos: u.doc.qos.clone(),
        time_zone: u.doc.time_zone.clone(),
        hours: u.doc.working_week().map(|week| week.to_string()),
        holidays: u
            .doc
            .holidays
            .iter()
            .map(|h| Holiday {
                date: h.date.clone(),
                name: h.name.clone(),
                hours: h
                    .special_day()
                    .map_or_else(|_| String::new(), |d| d.hours_text()),
            })
            .collect(),
        support_hours: u.doc.support_hours.clone(),
        escalation: staff.then(|| u.doc.escalation.clone()),
        hints: staff.then(|| {
            u.doc
                .hints
                .iter()
                .map(|h| Hint {
                    words: h.words.clone(),
                    weight: h.weight,
                })
                .collect()
        }),
        faq: u
            .doc
            .faq
            .iter()
            .map(|f| Faq {
                question: f.question.clone(),
                answer: f.answer.clone(),
            })
            .collect(),
    }
}

fn find<'a>(catalogue: &'a Catalogue, name: &str) -> Result<&'a StoredUnit, Error> {
    catalogue
        .find_unit("name", name)
        .map_err(|_| Error::not_found(format!("unit {name:?}")))
}

/// Every unit, by level and name.
#[utoipa::path(
    get,
    path = "/units",
    tag = "catalogue",
    responses((status = 200, description = "The units", body = Items<Unit>)),
)]
async fn units(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<Unit>>, Problem> {
    let catalogue = app.desk.catalogue().await?;
    Ok(Json(Items::all(
        catalogue
            .units
            .iter()
            .map(|u| unit(&catalogue, &caller.actor, u))
            .collect(),
    )))
}

/// A unit.
#[utoipa::path(
    get,
    path = "/units/{name}",
    tag = "catalogue",
    params(("name" = String, Path, description = "The unit's name or key")),
    responses((status = 200, description = "The unit", body = Unit, headers(("ETag" = String)))),
)]
async fn one_unit(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Response, Problem> {
    let known = app.desk.known_unit(at.text("name")?).await?;
    answer(&app, &caller, StatusCode::OK, &known).await
}

async fn answer(
    app: &AppState,
    caller: &Caller,
    status: StatusCode,
    known: &KnownUnit,
) -> Result<Response, Problem> {
    let catalogue = app.desk.catalogue().await?;
    let body = unit(&catalogue, &caller.actor, &known.unit);
    Ok((status, tagged(known.version), Json(body)).into_response())
}

/// A unit to be made or changed; what is left out stays as it is.
///
/// Responsibles of the unit may change `description`, `email`, `faq`, `hints`,
/// `time_zone`, `hours`, `holidays`, `icalendar`, `support_hours` and
/// `escalation`;
/// administrators everything.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitChange {
    /// Its key; made from the name when a new unit comes without.
    pub key: Option<String>,
    /// Its name; needed for a new unit.
    pub name: Option<String>,
    /// 1, 2 or 3; a new unit has 2.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 3)]
    pub level: Option<i64>,
    /// The unit above it, by name or key; null: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub parent: Option<Option<String>>,
    /// The group it is listed under.
    pub category: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// Its mailing list; null: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Option<String>>,
    /// It triages what is new.
    pub first_level: Option<bool>,
    /// It takes what endangers security now.
    pub security: Option<bool>,
    /// For those who assign to it; the whole list.
    #[serde(default, deserialize_with = "maybe_objects")]
    pub faq: Option<Vec<Faq>>,
    /// Words that point to it; the whole list.
    #[serde(default, deserialize_with = "maybe_objects")]
    pub hints: Option<Vec<Hint>>,
    /// Quality of support: `base`, `medium` or `advanced`.
    pub qos: Option<String>,
    /// IANA name of the time zone of its hours.
    pub time_zone: Option<String>,
    /// Working hours, as `Mon-Fri 09:00-17:00`; empty: not said.
    pub hours: Option<String>,
    /// Holidays and other days with hours of their own; the whole list.
    #[serde(default, deserialize_with = "maybe_objects")]
    pub holidays: Option<Vec<Holiday>>,
    /// The text of an iCalendar file (RFC 5545). Its holidays of this year and the
    /// five after it are added; days that are in the list already stay as they are.
    pub icalendar: Option<String>,
    /// When and how it supports, in words.
    pub support_hours: Option<String>,
    /// Whom to turn to when it does not answer.
    pub escalation: Option<String>,
    /// `false` retires it, alone or with `successor`; `true` takes that back.
    pub active: Option<bool>,
    /// Who takes over when it is retired, by name or key.
    pub successor: Option<String>,
}

impl UnitChange {
    /// The same as the desk takes it.
    fn edit(self, desk: &Desk) -> Result<UnitEdit, Error> {
        let c = self;
        let holiday = |h: Holiday| {
            let hours = SpecialDay::parse_hours(&h.hours)
                .map_err(|problem| Error::invalid("holidays", problem))?;
            Ok(store::unit::Holiday {
                date: h.date,
                name: h.name,
                hours,
            })
        };
        Ok(UnitEdit {
            key: c.key,
            name: c.name,
            level: c.level,
            parent: c.parent,
            category: c.category,
            description: c.description,
            email: c.email,
            first_level: c.first_level,
            security: c.security,
            active: c.active,
            faq: c.faq.map(|all| {
                all.into_iter()
                    .map(|f| store::unit::Faq {
                        question: f.question,
                        answer: f.answer,
                    })
                    .collect()
            }),
            hints: c.hints.map(|all| {
                all.into_iter()
                    .map(|h| store::unit::Hint {
                        words: h.words,
                        weight: h.weight,
                    })
                    .collect()
            }),
            qos: c.qos,
            time_zone: c.time_zone,
            hours: c.hours,
            holidays: c
                .holidays
                .map(|all| all.into_iter().map(holiday).collect::<Result<_, Error>>())
                .transpose()?,
            more_holidays: match c.icalendar {
                Some(text) => desk.holidays_of_file(&text)?,
                None => Vec::new(),
            },
            support_hours: c.support_hours,
            escalation: c.escalation,
        })
    }
}

/// Makes a unit.
#[utoipa::path(
    post,
    path = "/units",
    tag = "catalogue",
    request_body = UnitChange,
    responses((status = 201, description = "The unit", body = Unit, headers(("ETag" = String)))),
)]
async fn create_unit(
    State(app): State<AppState>,
    Writes(caller): Writes,
    body: Body<UnitChange>,
) -> Result<Response, Problem> {
    let change = body.value;
    if change.active == Some(false) || change.successor.is_some() {
        return Err(Error::invalid("active", "a new unit can not be retired yet").into());
    }
    let known = app
        .desk
        .create_unit(&caller.actor, change.edit(&app.desk)?)
        .await?;
    answer(&app, &caller, StatusCode::CREATED, &known).await
}

/// Changes a unit, or retires it: then its services, and as jobs its open
/// tickets, go to the successor.
#[utoipa::path(
    patch,
    path = "/units/{name}",
    tag = "catalogue",
    params(
        ("name" = String, Path, description = "The unit's name or key"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = UnitChange,
    responses((status = 200, description = "The unit after it", body = Unit, headers(("ETag" = String)))),
)]
async fn change_unit(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<UnitChange>,
) -> Result<Response, Problem> {
    let known = app.desk.known_unit(at.text("name")?).await?;
    let expected = if_match.expected(known.version)?;
    // By its key from here on: the name may be what changes.
    let key = known.unit.key;
    let change = body.value;
    if change.active == Some(false) {
        let alone = UnitChange {
            active: Some(false),
            successor: change.successor.clone(),
            ..UnitChange::default()
        };
        if change != alone {
            return Err(Error::invalid(
                "active",
                "a unit is retired alone; make other changes before",
            )
            .into());
        }
        let successor = change.successor.as_deref();
        app.desk
            .retire_unit(&caller.actor, &key, successor, expected)
            .await?;
        let known = app.desk.known_unit(&key).await?;
        return answer(&app, &caller, StatusCode::OK, &known).await;
    }
    if change.successor.is_some() {
        return Err(Error::invalid("successor", "goes with \"active\": false").into());
    }
    let edit = change.edit(&app.desk)?;
    let known = app
        .desk
        .change_unit(&caller.actor, &key, expected, edit)
        .await?;
    answer(&app, &caller, StatusCode::OK, &known).await
}

/// A member of a unit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Member {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// Their address; only for support staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub email: Option<String>,
    /// `member` or `responsible`.
    pub part: String,
}

/// The members of a unit, responsibles first.
#[utoipa::path(
    get,
    path = "/units/{name}/members",
    tag = "catalogue",
    params(("name" = String, Path, description = "The unit's name or key")),
    responses((status = 200, description = "The members", body = Items<Member>)),
)]
async fn members(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Items<Member>>, Problem> {
    let catalogue = app.desk.catalogue().await?;
    let unit = find(&catalogue, at.text("name")?)?.id;
    let staff = caller.actor.is_staff();
    let members = app.desk.members(unit).await?;
    Ok(Json(Items::all(
        members
            .into_iter()
            .map(|m| Member {
                id: m.person.0,
                name: m.name,
                email: m.email.filter(|_| staff),
                part: match m.part {
                    Part::Member => "member".into(),
                    Part::Responsible => "responsible".into(),
                },
            })
            .collect(),
    )))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(units, create_unit))
        .routes(routes!(one_unit, change_unit))
        .routes(routes!(members))
}
