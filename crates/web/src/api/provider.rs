//! Providers of services and their contacts.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::service_provider::{Provided, ProviderChange as Change, ProviderPage};
use serde::{Deserialize, Serialize};
use store::service_provider::Provider as Stored;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Items;
use super::caller::{Administers, Reads};
use super::input::{At, Body};
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;

/// Who provides services.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Provider {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its country; may be empty.
    pub country: String,
    /// Its home page; may be empty.
    pub home_page: String,
    /// It provides something.
    pub active: bool,
}

fn provider(p: Stored) -> Provider {
    Provider {
        key: p.key,
        name: p.name,
        country: p.country,
        home_page: p.home_page,
        active: p.active,
    }
}

/// Somebody who looks after the integration of a provider's services.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProviderContact {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
    /// Since when.
    pub since: Time,
}

/// What was agreed about a service.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Agreement {
    /// `direct`, `redirection` or `integration`.
    pub option: String,
    /// Of an integration: which system.
    pub system: Option<String>,
    /// The address of its API.
    pub endpoint: Option<String>,
    /// The name under which the operator keeps its secret.
    pub secret: Option<String>,
    /// Queue, group, project or repository.
    pub queue: Option<String>,
    /// `both`, `in` or `out`.
    pub direction: Option<String>,
    /// Of a redirection: the mailing list.
    pub list: Option<String>,
    /// The requester's name and address may travel.
    pub personal_data: bool,
    /// Since when it holds.
    pub opened_at: Time,
}

/// A service as its provider's contacts see it. Its tickets are not among it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProvidedService {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The name of the unit that answers for it.
    pub unit: String,
    /// What holds now; null: it came in before there were forms.
    pub agreement: Option<Agreement>,
    /// Open tickets about it.
    pub open: i64,
    /// Tickets opened within 30 days.
    pub opened_30_days: i64,
    /// Tickets solved or unsolved within 30 days.
    pub closed_30_days: i64,
}

fn service(s: Provided) -> ProvidedService {
    ProvidedService {
        key: s.service.key,
        name: s.service.name,
        unit: s.unit,
        agreement: s.agreement.map(|a| Agreement {
            option: a.option.key().to_owned(),
            system: a.system,
            endpoint: a.endpoint,
            secret: a.secret,
            queue: a.queue,
            direction: a.direction,
            list: a.list,
            personal_data: a.personal_data,
            opened_at: Time(a.opened_at),
        }),
        open: s.open,
        opened_30_days: s.opened_30_days,
        closed_30_days: s.closed_30_days,
    }
}

/// A provider with its contacts and services.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProviderDetail {
    /// The provider.
    #[serde(flatten)]
    pub provider: Provider,
    /// A mail address where somebody answers; may be empty.
    pub contact: String,
    /// Who looks after its integration.
    pub contacts: Vec<ProviderContact>,
    /// Its services.
    pub services: Vec<ProvidedService>,
}

fn detail(page: ProviderPage) -> ProviderDetail {
    ProviderDetail {
        contact: page.provider.contact.clone(),
        provider: provider(page.provider),
        contacts: page
            .contacts
            .into_iter()
            .map(|c| ProviderContact {
                name: c.name,
                email: c.email,
                since: Time(c.since),
            })
            .collect(),
        services: page.services.into_iter().map(service).collect(),
    }
}

/// Every provider by name.
#[utoipa::path(
    get,
    path = "/providers",
    tag = "providers",
    responses((status = 200, description = "The providers", body = Items<Provider>)),
)]
async fn list(
    State(app): State<AppState>,
    _caller: Reads,
) -> Result<Json<Items<Provider>>, Problem> {
    let all = app.desk.providers().await?;
    Ok(Json(Items::all(all.into_iter().map(provider).collect())))
}

/// A provider with its contacts, agreements and figures; for its contacts and
/// administrators.
#[utoipa::path(
    get,
    path = "/providers/{key}",
    tag = "providers",
    params(("key" = String, Path, description = "The provider's key")),
    responses((status = 200, description = "The provider", body = ProviderDetail)),
)]
async fn read(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<ProviderDetail>, Problem> {
    let page = app.desk.provider(&caller.actor, at.text("key")?).await?;
    Ok(Json(detail(page)))
}

/// A change of a provider; what is left out stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderChange {
    /// Its name; its services are shown under it.
    pub name: Option<String>,
    /// Its country.
    pub country: Option<String>,
    /// Its home page.
    pub home_page: Option<String>,
    /// A mail address where somebody answers.
    pub contact: Option<String>,
    /// It provides something.
    pub active: Option<bool>,
}

/// Changes a provider.
#[utoipa::path(
    patch,
    path = "/providers/{key}",
    tag = "providers",
    params(("key" = String, Path, description = "The provider's key")),
    request_body = ProviderChange,
    responses((status = 200, description = "The provider after it", body = ProviderDetail)),
)]
async fn change(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    body: Body<ProviderChange>,
) -> Result<Json<ProviderDetail>, Problem> {
    let key = at.text("key")?;
    let change = body.value;
    app.desk
        .change_provider(
            &caller.actor,
            key,
            Change {
                name: change.name,
                country: change.country,
                home_page: change.home_page,
                contact: change.contact,
                active: change.active,
            },
        )
        .await?;
    let page = app.desk.provider(&caller.actor, key).await?;
    Ok(Json(detail(page)))
}

/// Makes somebody with an account a contact of a provider, and tells them.
#[utoipa::path(
    put,
    path = "/providers/{key}/contacts/{email}",
    tag = "providers",
    params(
        ("key" = String, Path, description = "The provider's key"),
        ("email" = String, Path, description = "The person's mail address"),
    ),
    responses((status = 204, description = "They are a contact")),
)]
async fn add_contact(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .add_provider_contact(&caller.actor, at.text("key")?, at.text("email")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody is no contact of a provider any more.
#[utoipa::path(
    delete,
    path = "/providers/{key}/contacts/{email}",
    tag = "providers",
    params(
        ("key" = String, Path, description = "The provider's key"),
        ("email" = String, Path, description = "The person's mail address"),
    ),
    responses((status = 204, description = "They are no contact any more")),
)]
async fn remove_contact(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .remove_provider_contact(&caller.actor, at.text("key")?, at.text("email")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read, change))
        .routes(routes!(add_contact, remove_contact))
}
