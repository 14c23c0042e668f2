//! What is due, what is promised, and what the clocks of a ticket measured.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use desk::ticket_clock::Measured;
use serde::{Deserialize, Serialize};
use switchboard_core::target::{Promise, Quality};
use switchboard_core::{Light, Millis, Priority, TargetKind, TargetSet, Turn, Within, clock};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Administers, Reads};
use super::input::{At, Body, objects};
use super::words::{ClockWord, LightWord, PriorityWord, Time, TurnWord};
use crate::AppState;
use crate::problem::Problem;

/// The clock that is due first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DueFirst {
    /// Which clock.
    #[schema(value_type = ClockWord)]
    pub clock: TargetKind,
    /// When half of its target is used up.
    pub half_at: Time,
    /// When three quarters are used up, and the unit is warned.
    pub warn_at: Time,
    /// When all of it is used up.
    pub due_at: Time,
    /// Its colour now.
    #[schema(value_type = LightWord)]
    pub light: Light,
}

impl DueFirst {
    pub(super) fn of(due: clock::Due, now: Millis) -> DueFirst {
        DueFirst {
            clock: due.clock,
            half_at: Time(due.half),
            warn_at: Time(due.warn),
            due_at: Time(due.at),
            light: due.light(now),
        }
    }
}

/// A run of a clock.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClockRun {
    /// Which clock.
    #[schema(value_type = ClockWord)]
    pub clock: TargetKind,
    /// The name of the unit that owes it.
    pub unit: String,
    /// That unit's key.
    pub unit_key: String,
    /// The priority when it began, against whose target it runs.
    #[schema(value_type = PriorityWord)]
    pub priority: Priority,
    /// When it began.
    pub began_at: Time,
    /// When it ended; null: it runs.
    pub ended_at: Option<Time>,
    /// How: `taken`, `handed_on`, `answered`, `updated`, `solved` or `withdrawn` (the
    /// ticket went into another); null: it runs.
    pub ended: Option<&'static str>,
    /// Whole minutes of working time, without what the target leaves out.
    pub used_minutes: i64,
    /// The target, as `1 wd` (a working day has 8 working hours, `wh`); null: not promised.
    pub target: Option<String>,
    /// When three quarters are or were used up; null: not promised, or it stood still
    /// before that.
    pub warn_at: Option<Time>,
    /// When all is or was used up; null as for `warn_at`.
    pub due_at: Option<Time>,
    /// Its colour now, or when it ended; null: not promised.
    #[schema(value_type = Option<LightWord>)]
    pub light: Option<Light>,
}

/// How long it was somebody's turn.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TurnHeld {
    /// Whose.
    #[schema(value_type = TurnWord)]
    pub turn: Turn,
    /// Whole minutes by the calendar.
    pub calendar_minutes: i64,
    /// Whole minutes of the working time of the units that held the ticket meanwhile.
    pub working_minutes: i64,
}

/// What the clocks of a ticket measured, by the calendars and targets of now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TicketClocks {
    /// The runs, in the order in which they began.
    pub runs: Vec<ClockRun>,
    /// Whose turn it was, for how long.
    pub turns: Vec<TurnHeld>,
}

impl From<Measured> for TicketClocks {
    fn from(m: Measured) -> TicketClocks {
        let minutes = |ms: Millis| ms.div_euclid(60_000);
        let runs = m.legs.into_iter().map(|l| ClockRun {
            clock: l.leg.kind,
            unit: l.unit.name,
            unit_key: l.unit.key,
            priority: l.leg.priority,
            began_at: Time(l.leg.from),
            ended_at: l.leg.end.map(|(at, _)| Time(at)),
            ended: l.leg.end.map(|(_, how)| how.key()),
            used_minutes: minutes(l.figure.used),
            target: l.figure.within.map(|w| w.to_string()),
            warn_at: l.figure.warn.map(Time),
            due_at: l.figure.due.map(Time),
            light: l.figure.light,
        });
        let turns = m.held.into_iter().map(|h| TurnHeld {
            turn: h.turn,
            calendar_minutes: minutes(h.calendar),
            working_minutes: minutes(h.working),
        });
        TicketClocks {
            runs: runs.collect(),
            turns: turns.collect(),
        }
    }
}

/// All that the clocks of a ticket measured, worked out from its history.
#[utoipa::path(
    get,
    path = "/tickets/{number}/clocks",
    tag = "tickets",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number")),
    responses((status = 200, description = "The clocks", body = TicketClocks)),
)]
async fn of_ticket(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
) -> Result<Json<TicketClocks>, Problem> {
    let measured = app.desk.measured(&caller.actor, at.number()?).await?;
    Ok(Json(measured.into()))
}

/// What is promised of one clock. Times are working time: `5 wd`, `4 wh`, `1 wd 30 min`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetPromise {
    /// Which clock.
    #[schema(value_type = ClockWord)]
    pub clock: TargetKind,
    /// Within which working time at low priority; null: measured, not promised.
    pub low: Option<String>,
    /// At medium.
    pub medium: Option<String>,
    /// At high.
    pub high: Option<String>,
    /// At top.
    pub top: Option<String>,
    /// The clock stands still while it is their turn: `requester`, `partner`.
    #[serde(default)]
    #[schema(value_type = Vec<TurnWord>)]
    pub leave_out: Vec<Turn>,
}

/// A quality of support.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetQuality {
    /// Stable name, which units have as their `qos`.
    pub key: String,
    /// What people read.
    pub title: String,
    /// Each clock once at most; those that are missing are measured, not promised.
    #[serde(deserialize_with = "objects")]
    pub promises: Vec<TargetPromise>,
}

/// The targets.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// The key of the quality that a unit has that did not say.
    pub usual: String,
    /// All of them.
    #[serde(deserialize_with = "objects")]
    pub qualities: Vec<TargetQuality>,
}

impl From<TargetSet> for Targets {
    fn from(set: TargetSet) -> Targets {
        let text = |within: Option<Within>| within.map(|w| w.to_string());
        let qualities = set.qualities.into_iter().map(|q| TargetQuality {
            key: q.key,
            title: q.title,
            promises: q
                .promises
                .into_iter()
                .map(|(clock, p)| TargetPromise {
                    clock,
                    low: text(p.low),
                    medium: text(p.medium),
                    high: text(p.high),
                    top: text(p.top),
                    leave_out: p.leave_out.into_iter().collect(),
                })
                .collect(),
        });
        Targets {
            usual: set.usual,
            qualities: qualities.collect(),
        }
    }
}

impl Targets {
    fn read(self) -> Result<TargetSet, desk::Error> {
        let mut qualities = Vec::new();
        for quality in self.qualities {
            let mut promises = BTreeMap::new();
            for p in quality.promises {
                let within = |field: &'static str, text: Option<String>| {
                    text.map(|text| text.parse::<Within>())
                        .transpose()
                        .map_err(|problem| desk::Error::invalid(field, problem))
                };
                let promise = Promise {
                    low: within("low", p.low)?,
                    medium: within("medium", p.medium)?,
                    high: within("high", p.high)?,
                    top: within("top", p.top)?,
                    leave_out: p.leave_out.into_iter().collect::<BTreeSet<_>>(),
                };
                if promises.insert(p.clock, promise).is_some() {
                    let problem = format!("{} is there twice", p.clock.key());
                    return Err(desk::Error::invalid("promises", problem));
                }
            }
            qualities.push(Quality {
                key: quality.key,
                title: quality.title,
                promises,
            });
        }
        Ok(TargetSet {
            usual: self.usual,
            qualities,
        })
    }
}

/// What units promise, by quality of support and priority.
#[utoipa::path(
    get,
    path = "/targets",
    tag = "targets",
    responses((status = 200, description = "The targets", body = Targets)),
)]
async fn targets(State(app): State<AppState>, _caller: Reads) -> Result<Json<Targets>, Problem> {
    Ok(Json(app.desk.targets().await?.into()))
}

/// Puts other targets in force. What runs is due by them within half a minute.
#[utoipa::path(
    put,
    path = "/targets",
    tag = "targets",
    request_body = Targets,
    responses((status = 200, description = "The targets in force", body = Targets)),
)]
async fn set_targets(
    State(app): State<AppState>,
    Administers(caller): Administers,
    body: Body<Targets>,
) -> Result<Json<Targets>, Problem> {
    let targets = body.value.read()?;
    let targets = app.desk.set_targets(&caller.actor, targets).await?;
    Ok(Json(targets.into()))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(of_ticket))
        .routes(routes!(targets, set_targets))
}
