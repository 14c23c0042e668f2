//! Reports: what the histories of tickets amount to.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use desk::Error;
use desk::report::saved::{SavedDraft, SavedReport};
use desk::report::{Asked as AskedFor, Only};
use serde::{Deserialize, Serialize};
use switchboard_core::report::Dimension;
use switchboard_core::report::table::REPORTS;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::caller::{Reads, Writes};
use super::input::{Asked, At, Body, object};
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;
use crate::sheet::{self, ReportSheet};

/// A report that there is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportName {
    /// Its name in `/reports/{name}`.
    pub name: &'static str,
    /// What people read.
    pub title: &'static str,
    /// What is counted.
    pub about: &'static str,
}

/// The reports that there are.
#[utoipa::path(
    get,
    path = "/reports",
    tag = "reports",
    responses((status = 200, description = "All of them", body = Items<ReportName>)),
)]
async fn names(_caller: Reads) -> Result<Json<Items<ReportName>>, Problem> {
    let all = REPORTS.iter().map(|r| ReportName {
        name: r.key,
        title: r.title,
        about: r.about,
    });
    Ok(Json(Items::all(all.collect())))
}

/// How a report is given out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// As this document describes.
    #[default]
    Json,
    /// RFC 4180, a row for each of `rows` and one for `total`.
    Csv,
    /// A workbook.
    Xlsx,
}

/// What is asked of a report. Of each filter one word, or several with commas between
/// them, of which one has to fit; `none` is what names none.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// A time that moves on: `30`, `90`, `365` (days back), `year` (this one), `last-week`,
    /// `last-month`, `last-quarter`, `last-year`; goes without `from` and `to`.
    #[serde(default)]
    time: Option<String>,
    /// From when on: a day in UTC as `2026-01-31`, or a moment. 30 days back without it.
    #[serde(default)]
    from: Option<String>,
    /// Until when: a day, which counts whole, or the moment before which it ends. Now
    /// without it.
    #[serde(default)]
    to: Option<String>,
    /// Units by key or name: of clocks those that owed them, else those that have the
    /// ticket.
    #[serde(default)]
    unit: Option<String>,
    /// Services by key or name.
    #[serde(default)]
    service: Option<String>,
    /// Statuses now, or `open` or `closed`.
    #[serde(default)]
    status: Option<String>,
    /// Priorities: of clocks those when they began, else those now.
    #[serde(default)]
    priority: Option<String>,
    /// Communities by key or name.
    #[serde(default)]
    community: Option<String>,
    /// Types: `user`, `team`, `alarm`, `ops`.
    #[serde(default)]
    r#type: Option<String>,
    /// Categories by key.
    #[serde(default)]
    category: Option<String>,
    /// Types of issue by key.
    #[serde(default)]
    issue_type: Option<String>,
    /// Sites by key or name.
    #[serde(default)]
    site: Option<String>,
    /// By what the rows are told apart: the name of a filter. By unit without it; a
    /// timeline not at all.
    #[serde(default)]
    group: Option<String>,
    /// How long the stretches of a timeline are: `day`, `week`, `month`. What suits the
    /// range without it.
    #[serde(default)]
    step: Option<String>,
    /// How it is given out.
    #[serde(default)]
    #[param(inline)]
    format: ReportFormat,
}

impl ReportQuery {
    fn asked(self, name: &str) -> AskedFor {
        let mut only = Only::new();
        for (dimension, text) in [
            (Dimension::Unit, self.unit),
            (Dimension::Service, self.service),
            (Dimension::Status, self.status),
            (Dimension::Priority, self.priority),
            (Dimension::Community, self.community),
            (Dimension::Type, self.r#type),
            (Dimension::Category, self.category),
            (Dimension::IssueType, self.issue_type),
            (Dimension::Site, self.site),
        ] {
            if let Some(text) = text {
                only.insert(dimension, text.split(',').map(str::to_owned).collect());
            }
        }
        AskedFor {
            report: name.to_owned(),
            time: self.time.unwrap_or_default(),
            from: self.from.unwrap_or_default(),
            to: self.to.unwrap_or_default(),
            only,
            group: self.group.unwrap_or_default(),
            step: self.step.unwrap_or_default(),
        }
    }
}

/// A report, of what its reader may see: staff what concerns their units, contacts of
/// providers their services, monitors, first level and administrators everything.
/// Restricted tickets count for those who may see them; the categories that stay out of
/// reports for nobody.
#[utoipa::path(
    get,
    path = "/reports/{name}",
    tag = "reports",
    params(("name" = String, Path, description = "The report's name"), ReportQuery),
    responses((
        status = 200, description = "The report",
        content(
            (ReportSheet = "application/json"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ),
    )),
)]
async fn report(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
    Asked(query): Asked<ReportQuery>,
) -> Result<Response, Problem> {
    let format = query.format;
    let asked = query.asked(at.text("name")?);
    let found = app.desk.report(&caller.actor, asked).await?;
    let name = |end: &str| format!("{}.{end}", found.report);
    Ok(match format {
        ReportFormat::Json => Json(sheet::document(&found)).into_response(),
        ReportFormat::Csv => {
            sheet::file("text/csv; charset=utf-8", &name("csv"), sheet::csv(&found))
        }
        ReportFormat::Xlsx => sheet::file(sheet::XLSX, &name("xlsx"), sheet::xlsx(&found)?),
    })
}

/// What a saved report asks.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SavedQuestion {
    /// The report's name.
    pub report: String,
    /// A time that moves on, as `time` of the report; empty: `from` and `to` say it.
    pub time: String,
    /// The first day, or a moment; empty: 30 days back.
    pub from: String,
    /// The last day, or a moment; empty: now.
    pub to: String,
    /// Filters by name, each with the words of which one has to fit.
    pub only: BTreeMap<String, Vec<String>>,
    /// By what the rows are told apart: the name of a filter; empty: as usual.
    pub group: String,
    /// How long the stretches of a timeline are; empty: what suits the range.
    pub step: String,
}

/// A report that somebody saved.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KeptReport {
    /// Its id.
    pub id: Uuid,
    /// How its owner calls it.
    pub title: String,
    /// What it asks.
    pub question: SavedQuestion,
    /// How often it is mailed to its owner: `never`, `weekly` (on Mondays), `monthly` (on
    /// the first).
    pub mailed: &'static str,
    /// As what: `csv`, `xlsx`.
    pub format: &'static str,
    /// When it is mailed next; null: it is not.
    pub next_at: Option<Time>,
    /// When it was mailed last.
    pub sent_at: Option<Time>,
    /// Why it could not be counted then.
    pub trouble: Option<String>,
}

fn kept(one: SavedReport) -> KeptReport {
    let asked = one.asked;
    let only = asked.only.into_iter();
    KeptReport {
        id: one.id,
        title: one.title,
        question: SavedQuestion {
            report: asked.report,
            time: asked.time,
            from: asked.from,
            to: asked.to,
            only: only.map(|(d, words)| (d.key().to_owned(), words)).collect(),
            group: asked.group,
            step: asked.step,
        },
        mailed: one.mailed.key(),
        format: one.format.key(),
        next_at: one.next_at.map(Time),
        sent_at: one.sent_at.map(Time),
        trouble: one.trouble,
    }
}

/// A report to be saved.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportToKeep {
    /// How you call it; left out: as the report is called.
    #[serde(default)]
    pub title: String,
    /// What it asks.
    #[serde(deserialize_with = "object")]
    pub question: SavedQuestion,
    /// How often it is mailed to you: `never` without it, `weekly`, `monthly`.
    #[serde(default)]
    pub mailed: Option<String>,
    /// As what: `csv` without it, or `xlsx`.
    #[serde(default)]
    pub format: Option<String>,
}

/// Your saved reports, the oldest first.
#[utoipa::path(
    get,
    path = "/reports/saved",
    tag = "reports",
    responses((status = 200, description = "Your saved reports", body = Items<KeptReport>)),
)]
async fn saved(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<KeptReport>>, Problem> {
    let all = app.desk.saved_reports(&caller.actor).await?;
    Ok(Json(Items::all(all.into_iter().map(kept).collect())))
}

/// Saves a report, and has it mailed to you: counted as you may see it then.
#[utoipa::path(
    post,
    path = "/reports/saved",
    tag = "reports",
    request_body = ReportToKeep,
    responses((status = 201, description = "The saved report", body = KeptReport)),
)]
async fn save(
    State(app): State<AppState>,
    Writes(caller): Writes,
    body: Body<ReportToKeep>,
) -> Result<Response, Problem> {
    let given = body.value;
    let question = given.question;
    let mut only = Only::new();
    for (name, words) in question.only {
        let dimension = Dimension::OFFERED.into_iter().find(|d| d.key() == name);
        let dimension = dimension.ok_or_else(|| {
            let offered = Dimension::OFFERED.map(Dimension::key).join(", ");
            Error::invalid(
                "question.only",
                format!("takes the names of filters: {offered}"),
            )
        })?;
        only.insert(dimension, words);
    }
    let draft = SavedDraft {
        title: given.title,
        asked: AskedFor {
            report: question.report,
            time: question.time,
            from: question.from,
            to: question.to,
            only,
            group: question.group,
            step: question.step,
        },
        mailed: given.mailed.unwrap_or_else(|| "never".to_owned()),
        format: given.format.unwrap_or_else(|| "csv".to_owned()),
    };
    let known = REPORTS.iter().any(|r| r.key == draft.asked.report);
    if !known {
        let names: Vec<&str> = REPORTS.iter().map(|r| r.key).collect();
        let problem = format!("is one of {}", names.join(", "));
        return Err(Error::invalid("question.report", problem).into());
    }
    let made = app.desk.save_report(&caller.actor, draft).await?;
    Ok((StatusCode::CREATED, Json(kept(made))).into_response())
}

/// Forgets a saved report: it is not mailed any more.
#[utoipa::path(
    delete,
    path = "/reports/saved/{id}",
    tag = "reports",
    params(("id" = Uuid, Path, description = "The saved report's id")),
    responses((status = 204, description = "Forgotten")),
)]
async fn forget(
    State(app): State<AppState>,
    Writes(caller): Writes,
    at: At,
) -> Result<StatusCode, Problem> {
    app.desk
        .forget_report(&caller.actor, at.uuid("id")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(names))
        .routes(routes!(saved, save))
        .routes(routes!(forget))
        .routes(routes!(report))
}
