//! Applications for the support permission.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::Error;
use desk::application::ApplicationView;
use desk::ask::Became;
use desk::view::PersonRef;
use serde::{Deserialize, Serialize};
use store::application::Kind;
use switchboard_core::staff::AskState;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::caller::{Administers, Reads, Writes};
use super::input::{Asked, At, Body};
use super::person::Person;
use super::words::{AskStateWord, Time};
use crate::AppState;
use crate::problem::Problem;

/// What somebody asks for, and what became of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Ask {
    /// Its id.
    pub id: Uuid,
    /// Who asks.
    pub person: Person,
    /// Why.
    pub reason: String,
    /// Where it stands.
    #[schema(value_type = AskStateWord)]
    pub state: &'static str,
    /// When it came.
    pub created_at: Time,
    /// When it was answered or withdrawn.
    pub decided_at: Option<Time>,
    /// Who answered, by name.
    pub decided_by: Option<String>,
    /// The reason of the answer, or empty.
    pub answer: String,
    /// While it waits: when those who answer are reminded next.
    pub reminder_at: Option<Time>,
}

impl Ask {
    pub(super) fn new(id: Uuid, person: PersonRef, reason: String, became: Became) -> Ask {
        let Became {
            state,
            created_at,
            decided_at,
            decided_by,
            answer,
            reminder_at,
        } = became;
        Ask {
            id,
            person: person.into(),
            reason,
            state: state.key(),
            created_at: Time(created_at),
            decided_at: decided_at.map(Time),
            decided_by,
            answer,
            reminder_at: reminder_at.map(Time),
        }
    }
}

/// An application for the support permission.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SupportApplication {
    /// What was asked.
    #[serde(flatten)]
    pub ask: Ask,
    /// The keys of the units it names.
    pub units: Vec<String>,
}

impl From<ApplicationView> for SupportApplication {
    fn from(view: ApplicationView) -> SupportApplication {
        SupportApplication {
            ask: Ask::new(view.id, view.person, view.reason, view.became),
            units: view.units.into_iter().map(|u| u.key).collect(),
        }
    }
}

/// Which are listed.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskQuery {
    /// Only in this state: waiting, granted, refused or withdrawn.
    #[serde(default)]
    pub state: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    pub cursor: Option<Uuid>,
    /// How many on a page, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

impl AskQuery {
    pub(super) fn state(&self) -> Result<Option<AskState>, Problem> {
        match self.state.as_deref() {
            None => Ok(None),
            Some(word) => match AskState::parse(word) {
                Some(state) => Ok(Some(state)),
                None => Err(Error::invalid(
                    "state",
                    "takes one of waiting, granted, refused, withdrawn",
                )
                .into()),
            },
        }
    }

    pub(super) fn limit(&self) -> Result<i64, Problem> {
        Ok(super::limit(self.limit)?.unwrap_or(50))
    }
}

/// Cuts what was read to one page and names the next: one more was asked for.
pub(super) fn paged<T, U: Serialize>(
    mut all: Vec<T>,
    limit: i64,
    key: impl Fn(&T) -> String,
    show: impl Fn(T) -> U,
) -> Items<U> {
    let size = usize::try_from(limit).unwrap_or(0);
    let next = match all.get(size.saturating_sub(1)) {
        Some(last) if all.len() > size => Some(key(last)),
        _ => None,
    };
    all.truncate(size);
    Items {
        items: all.into_iter().map(show).collect(),
        next,
    }
}

/// Applications, newest first: your own; with an administrator's token all.
#[utoipa::path(
    get,
    path = "/support-applications",
    tag = "applications",
    params(AskQuery),
    responses((status = 200, description = "A page of applications", body = Items<SupportApplication>)),
)]
async fn list(
    State(app): State<AppState>,
    Reads(caller): Reads,
    Asked(query): Asked<AskQuery>,
) -> Result<Json<Items<SupportApplication>>, Problem> {
    let limit = query.limit()?;
    let all = app
        .desk
        .applications(&caller.actor, query.state()?, query.cursor, limit + 1)
        .await?;
    Ok(Json(paged(
        all,
        limit,
        |a| a.id.to_string(),
        SupportApplication::from,
    )))
}

/// An application to be sent.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationRequest {
    /// The units you want to work in, by name or key; 1 to 20.
    #[schema(min_items = 1, max_items = 20)]
    pub units: Vec<String>,
    /// Why, and who of the unit knows about it.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

/// What was made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Made {
    /// Its id.
    pub id: Uuid,
}

/// Applies for the support permission, which administrators grant or refuse.
#[utoipa::path(
    post,
    path = "/support-applications",
    tag = "applications",
    request_body = ApplicationRequest,
    responses((status = 201, description = "It waits for an answer, which comes by mail", body = Made)),
)]
async fn apply(
    State(app): State<AppState>,
    Writes(caller): Writes,
    body: Body<ApplicationRequest>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let ApplicationRequest { units, reason } = body.value;
    let id = app
        .desk
        .apply_for_support(&caller.actor, &units, &reason)
        .await?;
    Ok((StatusCode::CREATED, Json(Made { id })))
}

/// Takes back your application while it waits.
#[utoipa::path(
    delete,
    path = "/support-applications/{id}",
    tag = "applications",
    params(("id" = Uuid, Path, description = "The application's id")),
    responses((status = 204, description = "Withdrawn")),
)]
async fn withdraw(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .withdraw(&caller.actor, Kind::Application, at.uuid("id")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The answer to what somebody asks for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskDecision {
    /// Granted, or refused. Programs of before write `consent` for a request to
    /// join.
    #[serde(alias = "consent")]
    pub granted: bool,
    /// Why; who asked is told it by mail. Only the consent to a request to join
    /// needs none.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: String,
}

/// Grants or refuses an application. Granted, each unit it names is asked to
/// take the person in.
#[utoipa::path(
    post,
    path = "/support-applications/{id}/decision",
    tag = "applications",
    params(("id" = Uuid, Path, description = "The application's id")),
    request_body = AskDecision,
    responses((status = 204, description = "Answered; the applicant is told by mail")),
)]
async fn decide(
    State(app): State<AppState>,
    Administers(caller): Administers,
    at: At,
    body: Body<AskDecision>,
) -> Result<StatusCode, Problem> {
    let AskDecision { granted, reason } = body.value;
    app.desk
        .answer_application(&caller.actor, at.uuid("id")?, granted, &reason)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, apply))
        .routes(routes!(withdraw))
        .routes(routes!(decide))
}
