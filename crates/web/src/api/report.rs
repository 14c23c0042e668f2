//! Reports: what the histories of tickets amount to.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use desk::report::{Asked as AskedFor, Only};
use serde::{Deserialize, Serialize};
use switchboard_core::report::Dimension;
use switchboard_core::report::table::REPORTS;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Items;
use super::caller::Reads;
use super::input::{Asked, At};
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

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(names))
        .routes(routes!(report))
}
