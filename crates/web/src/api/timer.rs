//! What time does to tickets by itself, and after how many working days.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use switchboard_core::timer::TimeRules;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Administers;
use super::input::{Body, maybe_whole, whole_number, whole_numbers};
use crate::AppState;
use crate::problem::Problem;

/// After how many working days time does what. A working day is Monday to Friday in the
/// time zone of the ticket's unit, without its holidays.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Timers {
    /// Days of *waiting for reply* after which the requester is reminded; they rise, and
    /// there are five at most.
    #[serde(deserialize_with = "whole_numbers")]
    pub remind: Vec<i64>,
    /// Days of *waiting for reply* after which the monitors are told; null: never. Later
    /// than the last reminder.
    #[serde(default, deserialize_with = "maybe_whole")]
    #[schema(minimum = 1, maximum = 250)]
    pub unanswered: Option<u32>,
    /// Days after which a solved or unsolved ticket is closed.
    #[serde(deserialize_with = "whole_number")]
    #[schema(minimum = 1, maximum = 250)]
    pub close: u32,
}

impl From<TimeRules> for Timers {
    fn from(rules: TimeRules) -> Timers {
        Timers {
            remind: rules.remind.into_iter().map(i64::from).collect(),
            unanswered: rules.unanswered,
            close: rules.close,
        }
    }
}

impl From<Timers> for TimeRules {
    fn from(timers: Timers) -> TimeRules {
        // What fits in no number of days is zero, which the rules refuse by its name.
        let days = |n: i64| u32::try_from(n).unwrap_or(0);
        TimeRules {
            remind: timers.remind.into_iter().map(days).collect(),
            unanswered: timers.unanswered,
            close: timers.close,
        }
    }
}

/// After how many working days requesters are reminded, monitors told, and tickets
/// closed.
#[utoipa::path(
    get,
    path = "/timers",
    tag = "timers",
    responses((status = 200, description = "The days in force", body = Timers)),
)]
async fn timers(
    State(app): State<AppState>,
    Administers(caller): Administers,
) -> Result<Json<Timers>, Problem> {
    Ok(Json(app.desk.time_rules(&caller.actor).await?.into()))
}

/// Puts other days in force, also for tickets that wait already: what was done stays
/// done, and what comes next comes by these.
#[utoipa::path(
    put,
    path = "/timers",
    tag = "timers",
    request_body = Timers,
    responses((status = 200, description = "The days in force", body = Timers)),
)]
async fn set_timers(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<Timers>,
) -> Result<Json<Timers>, Problem> {
    let wanted = body.value.into();
    let rules = app.desk.set_time_rules(&caller.actor, wanted).await?;
    Ok(Json(rules.into()))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(timers, set_timers))
}
