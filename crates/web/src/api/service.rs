//! Services of the catalogue and their forms.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::Catalogue;
use desk::service::{KnownService, ServiceEdit};
use serde::{Deserialize, Serialize};
use store::unit::{FieldType, FormField, Service as StoredService};
use switchboard_core::Actor;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Reads, Writes};
use super::input::{At, Body, IfMatch, given, maybe_objects, maybe_whole};
use super::words::FieldTypeWord;
use super::{Items, tagged};
use crate::AppState;
use crate::problem::Problem;

/// An extra field of a service's form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its key in `custom`. One that begins with `support_` is seen and filled
    /// in by the support side only.
    pub key: String,
    /// Its label.
    pub label: String,
    /// What it takes: `text`, `long_text`, `number`, `date`, `choice`,
    /// `multiple`, `boolean`, `email` or `url`.
    #[serde(rename = "type")]
    #[schema(value_type = FieldTypeWord)]
    pub kind: FieldType,
    /// It must be filled in.
    #[serde(default)]
    pub required: bool,
    /// For a choice: the values.
    #[serde(default)]
    pub options: Vec<String>,
    /// A sentence under it.
    #[serde(default)]
    pub help: String,
    /// The least a number may be.
    #[serde(default, deserialize_with = "maybe_whole")]
    pub min: Option<i64>,
    /// The most a number may be.
    #[serde(default, deserialize_with = "maybe_whole")]
    pub max: Option<i64>,
}

impl From<&FormField> for Field {
    fn from(f: &FormField) -> Field {
        Field {
            key: f.key.clone(),
            label: f.label.clone(),
            kind: f.kind,
            required: f.required,
            options: f.options.clone(),
            help: f.help.clone(),
            min: f.min,
            max: f.max,
        }
    }
}

impl From<Field> for FormField {
    fn from(f: Field) -> FormField {
        FormField {
            key: f.key,
            label: f.label,
            kind: f.kind,
            required: f.required,
            options: f.options,
            help: f.help,
            min: f.min,
            max: f.max,
        }
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
    /// Extra fields of its form; those of the support side only for it.
    pub form: Vec<Field>,
    /// Whom to ask about it.
    pub contact: String,
    /// The page with its known errors, or empty.
    pub known_errors: String,
    /// The page with its changes, or empty.
    pub changes: String,
    /// For redirection: the list that requests go to; only for the support side.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub list: Option<String>,
    /// Its place in the catalogue.
    pub position: i64,
}

fn service(catalogue: &Catalogue, actor: &Actor, s: &StoredService) -> Service {
    let staff = actor.is_staff();
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
        form: s
            .doc
            .form
            .iter()
            .filter(|f| staff || !f.support_only())
            .map(Field::from)
            .collect(),
        contact: s.doc.contact.clone(),
        known_errors: s.doc.known_errors.clone(),
        changes: s.doc.changes.clone(),
        list: s.doc.list.clone().filter(|_| staff),
        position: s.position,
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
    Reads(caller): Reads,
) -> Result<Json<Items<Service>>, Problem> {
    let catalogue = app.desk.catalogue().await?;
    Ok(Json(Items::all(
        catalogue
            .services
            .iter()
            .map(|s| service(&catalogue, &caller.actor, s))
            .collect(),
    )))
}

/// A service.
#[utoipa::path(
    get,
    path = "/services/{name}",
    tag = "catalogue",
    params(("name" = String, Path, description = "The service's name, key or alias")),
    responses((status = 200, description = "The service", body = Service, headers(("ETag" = String)))),
)]
async fn one_service(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Response, Problem> {
    let known = app.desk.known_service(at.text("name")?).await?;
    answer(&app, &caller, StatusCode::OK, &known).await
}

async fn answer(
    app: &AppState,
    caller: &Caller,
    status: StatusCode,
    known: &KnownService,
) -> Result<Response, Problem> {
    let catalogue = app.desk.catalogue().await?;
    let body = service(&catalogue, &caller.actor, &known.service);
    Ok((status, tagged(known.version), Json(body)).into_response())
}

/// A service to be made or changed; what is left out stays as it is.
///
/// Those who work in its unit may change `lamp` and `lamp_text`,
/// administrators everything.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceChange {
    /// Its key; made from the name when a new service comes without.
    pub key: Option<String>,
    /// Its name; needed for a new service.
    pub name: Option<String>,
    /// Who provides it.
    pub provider: Option<String>,
    /// The group it is listed under.
    pub area: Option<String>,
    /// What it is for, in one line.
    pub description: Option<String>,
    /// The unit that answers for it, by name or key; needed for a new service.
    pub unit: Option<String>,
    /// How it is worked on: `direct`, `redirection` or `integration`.
    pub option: Option<String>,
    /// For redirection: the list's address; null: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub list: Option<Option<String>>,
    /// How it runs now: `running`, `degraded`, `down` or `planned`.
    pub lamp: Option<String>,
    /// The same in words.
    pub lamp_text: Option<String>,
    /// `false` retires it.
    pub active: Option<bool>,
    /// Its place in the catalogue.
    #[serde(default, deserialize_with = "maybe_whole")]
    pub position: Option<i64>,
    /// Other names people use for it; the whole list.
    pub aliases: Option<Vec<String>>,
    /// Extra fields of its form; the whole list.
    #[serde(default, deserialize_with = "maybe_objects")]
    pub form: Option<Vec<Field>>,
    /// Whom to ask about it.
    pub contact: Option<String>,
    /// The page with its known errors; empty: none.
    pub known_errors: Option<String>,
    /// The page with its changes; empty: none.
    pub changes: Option<String>,
}

impl From<ServiceChange> for ServiceEdit {
    fn from(c: ServiceChange) -> ServiceEdit {
        ServiceEdit {
            key: c.key,
            name: c.name,
            provider: c.provider,
            area: c.area,
            description: c.description,
            unit: c.unit,
            option: c.option,
            list: c.list,
            lamp: c.lamp,
            lamp_text: c.lamp_text,
            active: c.active,
            position: c.position,
            aliases: c.aliases,
            form: c
                .form
                .map(|form| form.into_iter().map(FormField::from).collect()),
            contact: c.contact,
            known_errors: c.known_errors,
            changes: c.changes,
        }
    }
}

/// Makes a service, at the end of the catalogue.
#[utoipa::path(
    post,
    path = "/services",
    tag = "catalogue",
    request_body = ServiceChange,
    responses((status = 201, description = "The service", body = Service, headers(("ETag" = String)))),
)]
async fn create_service(
    State(app): State<AppState>,
    Writes(caller): Writes,
    body: Body<ServiceChange>,
) -> Result<Response, Problem> {
    let known = app
        .desk
        .create_service(&caller.actor, body.value.into())
        .await?;
    answer(&app, &caller, StatusCode::CREATED, &known).await
}

/// Changes a service.
#[utoipa::path(
    patch,
    path = "/services/{name}",
    tag = "catalogue",
    params(
        ("name" = String, Path, description = "The service's name, key or alias"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read: 412 when somebody was quicker"),
    ),
    request_body = ServiceChange,
    responses((status = 200, description = "The service after it", body = Service, headers(("ETag" = String)))),
)]
async fn change_service(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
    if_match: IfMatch,
    body: Body<ServiceChange>,
) -> Result<Response, Problem> {
    let known = app.desk.known_service(at.text("name")?).await?;
    let expected = if_match.expected(known.version)?;
    let known = app
        .desk
        .change_service(
            &caller.actor,
            &known.service.key,
            expected,
            body.value.into(),
        )
        .await?;
    answer(&app, &caller, StatusCode::OK, &known).await
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(services, create_service))
        .routes(routes!(one_service, change_service))
}
