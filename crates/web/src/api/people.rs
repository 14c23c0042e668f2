//! People, for administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::people::PeopleQuery;
use serde::{Deserialize, Serialize};
use store::person::Person as Stored;
use switchboard_core::staff::Rights;
use switchboard_core::{Part, PersonId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::application::paged;
use super::caller::Administers;
use super::input::{Asked, At, Body};
use super::person::MyUnit;
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;

/// A person as administrators see them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonRecord {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// The address mail goes to.
    pub email: Option<String>,
    /// Their home institute, or empty.
    pub institute: String,
    /// Support permission was granted.
    pub support: bool,
    /// They watch overdue tickets of all units.
    pub monitor: bool,
    /// They administer the desk.
    pub admin: bool,
    /// They are not disabled.
    pub active: bool,
    /// When they first came.
    pub created_at: Time,
}

impl From<Stored> for PersonRecord {
    fn from(p: Stored) -> PersonRecord {
        PersonRecord {
            id: p.id.0,
            name: p.name,
            email: p.email,
            institute: p.institute,
            support: p.support,
            monitor: p.monitor,
            admin: p.admin,
            active: p.active,
            created_at: Time(p.created_at),
        }
    }
}

/// All about a person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonDetails {
    /// Who.
    pub person: PersonRecord,
    /// All their addresses.
    pub emails: Vec<String>,
    /// The units they are in, whether or not that counts.
    pub units: Vec<MyUnit>,
    /// Places where they are signed in.
    pub sessions: usize,
    /// Tokens of theirs that work.
    pub tokens: usize,
    /// Open tickets that they own.
    pub owned_tickets: usize,
}

/// Which people are listed.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PeopleAsked {
    /// Words of the name or of an address; each must be found.
    #[serde(default)]
    q: Option<String>,
    /// Only who holds the support permission, or does not.
    #[serde(default)]
    support: Option<bool>,
    /// Only monitors, or others.
    #[serde(default)]
    monitor: Option<bool>,
    /// Only administrators, or others.
    #[serde(default)]
    admin: Option<bool>,
    /// Only who is not disabled, or who is.
    #[serde(default)]
    active: Option<bool>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<Uuid>,
    /// How many on a page, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// People, by name.
#[utoipa::path(
    get,
    path = "/people",
    tag = "people",
    params(PeopleAsked),
    responses((status = 200, description = "A page of people", body = Items<PersonRecord>)),
)]
async fn list(
    State(app): State<AppState>,
    Administers(caller): Administers,
    Asked(asked): Asked<PeopleAsked>,
) -> Result<Json<Items<PersonRecord>>, Problem> {
    let limit = super::limit(asked.limit)?.unwrap_or(50);
    let query = PeopleQuery {
        words: asked.q.unwrap_or_default(),
        support: asked.support,
        monitor: asked.monitor,
        admin: asked.admin,
        active: asked.active,
        after: asked.cursor.map(PersonId),
    };
    let all = app.desk.people(&caller.actor, query, limit + 1).await?;
    Ok(Json(paged(
        all,
        limit,
        |p| p.id.to_string(),
        PersonRecord::from,
    )))
}

/// All about one person.
#[utoipa::path(
    get,
    path = "/people/{id}",
    tag = "people",
    params(("id" = Uuid, Path, description = "Their id")),
    responses((status = 200, description = "The person", body = PersonDetails)),
)]
async fn one(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<Json<PersonDetails>, Problem> {
    let id = PersonId(at.uuid("id")?);
    Ok(Json(details(&app, &caller.actor, id).await?))
}

async fn details(
    app: &AppState,
    actor: &switchboard_core::Actor,
    id: PersonId,
) -> Result<PersonDetails, Problem> {
    let page = app.desk.person_page(actor, id).await?;
    Ok(PersonDetails {
        person: page.person.into(),
        emails: page
            .emails
            .into_iter()
            .map(|(address, _)| address)
            .collect(),
        units: page
            .enrolments
            .into_iter()
            .map(|e| MyUnit {
                key: e.unit.key,
                name: e.unit.name,
                part: match e.part {
                    Part::Member => "member".into(),
                    Part::Responsible => "responsible".into(),
                },
            })
            .collect(),
        sessions: page.sessions,
        tokens: page.tokens.len(),
        owned_tickets: page.owned,
    })
}

/// What somebody may do; what is left out stays.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RightsChange {
    /// The support permission. Taken away, it takes their units along.
    #[serde(default)]
    pub support: Option<bool>,
    /// Watches overdue tickets of all units.
    #[serde(default)]
    pub monitor: Option<bool>,
    /// Administers the desk. The last administrator stays.
    #[serde(default)]
    pub admin: Option<bool>,
    /// Not disabled. Who is disabled is signed out everywhere.
    #[serde(default)]
    pub active: Option<bool>,
    /// Why; needed when something is taken away. They are told it by mail.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: String,
}

/// Changes what somebody may do. A unit's last responsible keeps what they
/// need for it.
#[utoipa::path(
    patch,
    path = "/people/{id}",
    tag = "people",
    params(("id" = Uuid, Path, description = "Their id")),
    request_body = RightsChange,
    responses((status = 200, description = "The person as they are now", body = PersonDetails)),
)]
async fn change_rights(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    body: Body<RightsChange>,
) -> Result<Json<PersonDetails>, Problem> {
    let id = PersonId(at.uuid("id")?);
    let RightsChange {
        support,
        monitor,
        admin,
        active,
        reason,
    } = body.value;
    let wish = move |now: Rights| Rights {
        support: support.unwrap_or(now.support),
        monitor: monitor.unwrap_or(now.monitor),
        admin: admin.unwrap_or(now.admin),
        active: active.unwrap_or(now.active),
    };
    app.desk
        .change_rights(&caller.actor, id, wish, &reason)
        .await?;
    // Read as whoever asked was a moment ago: they may have given up the right.
    Ok(Json(details(&app, &caller.actor, id).await?))
}

/// Signs somebody out everywhere.
#[utoipa::path(
    delete,
    path = "/people/{id}/sessions",
    tag = "people",
    params(("id" = Uuid, Path, description = "Their id")),
    responses((status = 204, description = "No browser is signed in as them")),
)]
async fn end_their_sessions(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    let id = PersonId(at.uuid("id")?);
    app.desk.end_sessions_of(&caller.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes every token of somebody.
#[utoipa::path(
    delete,
    path = "/people/{id}/tokens",
    tag = "people",
    params(("id" = Uuid, Path, description = "Their id")),
    responses((status = 204, description = "No token of theirs works any more")),
)]
async fn revoke_tokens(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
) -> Result<StatusCode, Problem> {
    let id = PersonId(at.uuid("id")?);
    app.desk.revoke_tokens_of(&caller.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one, change_rights))
        .routes(routes!(end_their_sessions))
        .routes(routes!(revoke_tokens))
}
