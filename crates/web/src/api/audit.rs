//! The audit log, for administrators.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::audit::Filter;
use switchboard_core::PersonId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::application::paged;
use super::caller::Administers;
use super::input::Asked;
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;

/// One deed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditDeed {
    /// Its position in the chain; there are no gaps.
    pub id: i64,
    /// When.
    pub at: Time,
    /// Who, by id; null: the desk itself.
    pub actor: Option<Uuid>,
    /// Their name now.
    pub actor_name: String,
    /// Through which door: `web`, `api`, `mail`, `bridge`, `job`, `cli`.
    pub channel: String,
    /// What was done: `unit.member_added`.
    pub action: String,
    /// With what kind of thing: `person`, `unit`, `service`, `setting` …
    pub subject_kind: String,
    /// Its id or key.
    pub subject: String,
    /// What it is called now, or empty.
    pub subject_name: String,
    /// More about it; null: taken out when a person was erased.
    #[schema(value_type = Option<Object>)]
    pub detail: Option<serde_json::Value>,
}

/// Which deeds are listed; everything that is given must fit.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Who did it, by id.
    #[serde(default)]
    actor: Option<Uuid>,
    /// What was done; with a dot at its end (`unit.`) everything that begins so.
    #[serde(default)]
    action: Option<String>,
    /// The kind of the thing it was done with.
    #[serde(default)]
    subject_kind: Option<String>,
    /// Id or key of that thing.
    #[serde(default)]
    subject: Option<String>,
    /// Not before.
    #[serde(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// Before.
    #[serde(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// Words in the detail.
    #[serde(default)]
    q: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<i64>,
    /// How many on a page, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Who did what with people, units, services and rights, newest first.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "audit",
    params(AuditQuery),
    responses((status = 200, description = "A page of deeds", body = Items<AuditDeed>)),
)]
async fn list(
    State(app): State<AppState>,
    Administers(caller): Administers,
    Asked(query): Asked<AuditQuery>,
) -> Result<Json<Items<AuditDeed>>, Problem> {
    let limit = super::limit(query.limit)?.unwrap_or(50);
    let some = |text: Option<String>| text.filter(|t| !t.is_empty());
    let filter = Filter {
        actor: query.actor.map(PersonId),
        action: some(query.action),
        subject_kind: some(query.subject_kind),
        subject: some(query.subject),
        from: query.from.map(|t| t.0),
        until: query.until.map(|t| t.0),
        words: some(query.q),
        before: query.cursor,
    };
    let all = app.desk.audit_log(&caller.actor, filter, limit + 1).await?;
    Ok(Json(paged(
        all,
        limit,
        |d| d.id.to_string(),
        |d| AuditDeed {
            id: d.id,
            at: Time(d.at),
            actor: d.actor.map(|a| a.0),
            actor_name: d.actor_name,
            channel: d.channel,
            action: d.action,
            subject_kind: d.subject_kind,
            subject: d.subject,
            subject_name: d.subject_name,
            detail: d.detail,
        },
    )))
}

/// How it stands with the chain.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditChain {
    /// How many rows there are.
    pub rows: i64,
    /// The last row's hash. Kept elsewhere, it shows later whether the end of
    /// the log was cut off and written anew.
    pub head: String,
    /// Rows whose detail was taken out by an erasure.
    pub taken_out: i64,
    /// The first thing that is wrong; null: the chain holds.
    pub problem: Option<String>,
}

/// Goes through the whole chain: was a row changed, left out or put in?
#[utoipa::path(
    get,
    path = "/audit/chain",
    tag = "audit",
    responses((status = 200, description = "How it stands with the chain", body = AuditChain)),
)]
async fn chain(
    State(app): State<AppState>,
    _caller: Administers,
) -> Result<Json<AuditChain>, Problem> {
    let chain = app.desk.check_audit().await?;
    Ok(Json(AuditChain {
        rows: chain.rows,
        head: chain.head,
        taken_out: chain.taken_out,
        problem: chain.problem,
    }))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(chain))
}
