//! Units, their members, services and lists of values.

use axum::Json;
use axum::extract::State;
use desk::{Catalogue, Error};
use serde::Serialize;
use store::unit::{FieldType, FormField, Service as StoredService, Unit as StoredUnit};
use switchboard_core::{Actor, Part};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::caller::Reads;
use super::input::At;
use crate::AppState;
use crate::problem::Problem;

/// A question and its answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Faq {
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
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
    /// A retired unit takes no tickets.
    pub active: bool,
    /// The key of the unit that took over from a retired one.
    pub successor: Option<String>,
    /// Quality of support: `base`, `medium` or `advanced`.
    pub qos: String,
    /// IANA name of the time zone of its hours.
    pub time_zone: String,
    /// Working hours as `09:00-17:00`.
    pub hours: Option<String>,
    /// For those who assign to it.
    pub faq: Vec<Faq>,
}

fn unit(catalogue: &Catalogue, actor: &Actor, u: &StoredUnit) -> Unit {
    let key_of = |id| catalogue.unit(id).map(|u| u.key.clone());
    let clock = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    Unit {
        key: u.key.clone(),
        name: u.name.clone(),
        level: u.level,
        parent: u.parent.and_then(key_of),
        category: u.category.clone(),
        description: u.description.clone(),
        email: u.email.clone().filter(|_| actor.is_staff()),
        first_level: u.first_level,
        active: u.active,
        successor: u.successor.and_then(key_of),
        qos: u.doc.qos.clone(),
        time_zone: u.doc.time_zone.clone(),
        hours: u
            .doc
            .hours
            .map(|(from, to)| format!("{}-{}", clock(from), clock(to))),
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
    responses((status = 200, description = "The unit", body = Unit)),
)]
async fn one_unit(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<Unit>, Problem> {
    let catalogue = app.desk.catalogue().await?;
    let found = find(&catalogue, at.text("name")?)?;
    Ok(Json(unit(&catalogue, &caller.actor, found)))
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

/// An extra field of a service's form.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Field {
    /// Its key in `custom`.
    pub key: String,
    /// Its label.
    pub label: String,
    /// What it takes: `text`, `number`, `boolean` or `choice`.
    #[serde(rename = "type")]
    pub kind: String,
    /// It must be filled in.
    pub required: bool,
    /// For a choice: the values.
    pub options: Vec<String>,
}

fn field(f: &FormField) -> Field {
    Field {
        key: f.key.clone(),
        label: f.label.clone(),
        kind: match f.kind {
            FieldType::Text => "text",
            FieldType::Number => "number",
            FieldType::Boolean => "boolean",
            FieldType::Choice => "choice",
        }
        .into(),
        required: f.required,
        options: f.options.clone(),
    }
}

/// A service of the catalogue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Service {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Who provides it.
    pub provider: String,
    /// The group it is listed under.
    pub area: String,
    /// What it is for.
    pub description: String,
    /// The name of the unit that answers for it.
    pub unit: String,
    /// That unit's key.
    pub unit_key: String,
    /// How it is worked on: `direct`, `redirection` or `integration`.
    pub option: String,
    /// How it runs now: `running`, `degraded`, `down` or `planned`.
    pub lamp: String,
    /// The same in words.
    pub lamp_text: String,
    /// It is offered.
    pub active: bool,
    /// Other names people use for it.
    pub aliases: Vec<String>,
    /// Extra fields of its form.
    pub form: Vec<Field>,
}

fn service(catalogue: &Catalogue, s: &StoredService) -> Service {
    let (unit, unit_key) = catalogue
        .unit(s.unit)
        .map(|u| (u.name.clone(), u.key.clone()))
        .unwrap_or_default();
    Service {
        key: s.key.clone(),
        name: s.name.clone(),
        provider: s.provider.clone(),
        area: s.area.clone(),
        description: s.description.clone(),
        unit,
        unit_key,
        option: s.option.clone(),
        lamp: s.lamp.clone(),
        lamp_text: s.lamp_text.clone(),
        active: s.active,
        aliases: s.doc.aliases.clone(),
        form: s.doc.form.iter().map(field).collect(),
    }
}

/// The services of the catalogue.
#[utoipa::path(
    get,
    path = "/services",
    tag = "catalogue",
    responses((status = 200, description = "The services", body = Items<Service>)),
)]
async fn services(
    State(app): State<AppState>,
    _caller: Reads,
) -> Result<Json<Items<Service>>, Problem> {
    let catalogue = app.desk.catalogue().await?;
    Ok(Json(Items::all(
        catalogue
            .services
            .iter()
            .map(|s| service(&catalogue, s))
            .collect(),
    )))
}

/// A service.
#[utoipa::path(
    get,
    path = "/services/{name}",
    tag = "catalogue",
    params(("name" = String, Path, description = "The service's name, key or alias")),
    responses((status = 200, description = "The service", body = Service)),
)]
async fn one_service(
    State(app): State<AppState>,
    _caller: Reads,
    at: At,
) -> Result<Json<Service>, Problem> {
    let catalogue = app.desk.catalogue().await?;
    let name = at.text("name")?;
    let found = catalogue
        .find_service("name", name)
        .map_err(|_| Error::not_found(format!("service {name:?}")))?;
    Ok(Json(service(&catalogue, found)))
}

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
    /// Its types of issue.
    pub issue_types: Vec<ListValue>,
}

/// The categories and their types of issue.
#[utoipa::path(
    get,
    path = "/categories",
    tag = "catalogue",
    responses((status = 200, description = "The categories", body = Items<Category>)),
)]
async fn categories(
    State(app): State<AppState>,
    _caller: Reads,
) -> Result<Json<Items<Category>>, Problem> {
    let catalogue = app.desk.catalogue().await?;
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
                    .filter(|t| t.category == c.key)
                    .map(value)
                    .collect(),
            })
            .collect(),
    )))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(units))
        .routes(routes!(one_unit))
        .routes(routes!(members))
        .routes(routes!(services))
        .routes(routes!(one_service))
        .routes(routes!(categories))
}
