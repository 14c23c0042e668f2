//! Reports as the API gives them out, and as files to keep.

use std::collections::BTreeMap;

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
pub(crate) use desk::report::file::{XLSX, csv, minutes, text, xlsx};
use desk::report::file::{iso, key, number};
use desk::report::{Line, Sheet};
use serde::Serialize;
use switchboard_core::report::Dimension;
use switchboard_core::report::table::Measured;
use utoipa::ToSchema;

/// A column of a report.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportColumn {
    /// Its key in `values`.
    pub key: String,
    /// What people read.
    pub title: &'static str,
    /// What its values are: `count`, `minutes` (by the calendar), `working_minutes`,
    /// `percent`, `per_ticket` or `mean` (of 1 to 5).
    pub measured: &'static str,
}

/// A row of a report.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportRow {
    /// The key of what it is about; empty: what names none, or everything.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The beginning of the stretch of time, in a timeline.
    #[schema(format = DateTime)]
    pub from: Option<String>,
    /// Before its end.
    #[schema(format = DateTime)]
    pub to: Option<String>,
    /// By the keys of the columns; null: there is nothing to tell.
    #[schema(value_type = Object)]
    pub values: BTreeMap<String, Option<serde_json::Number>>,
    /// Queries for `GET /tickets?q=` that list the tickets behind `submitted`, `closed`
    /// and `open`; null: the language of queries can not say it.
    pub tickets: ReportTickets,
}

/// The way to the tickets that a row counts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportTickets {
    /// Those that were opened.
    pub submitted: Option<String>,
    /// Those that were closed.
    pub closed: Option<String>,
    /// Those that are open.
    pub open: Option<String>,
    /// Those that were rated and that you may see, by the keys of the columns that count
    /// ratings; where there are too many to be named there is none.
    pub rated: BTreeMap<String, String>,
}

/// A report.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportSheet {
    /// Its name.
    pub report: &'static str,
    /// What people read.
    pub title: &'static str,
    /// What is counted.
    pub about: &'static str,
    /// What happened from then on.
    #[schema(format = DateTime)]
    pub from: String,
    /// Until before then.
    #[schema(format = DateTime)]
    pub to: String,
    /// When it was looked what is open.
    #[schema(format = DateTime)]
    pub looked_at: String,
    /// By what the rows are told apart; null: they are not.
    pub group: Option<&'static str>,
    /// How long the stretches of a timeline are.
    pub step: &'static str,
    /// The columns, in their order.
    pub columns: Vec<ReportColumn>,
    /// The rows, the most submitted first; those of a timeline by time.
    pub rows: Vec<ReportRow>,
    /// Everything together; null: there is no such thing.
    pub total: Option<ReportRow>,
}

fn row(line: Line, sheet: &Sheet) -> ReportRow {
    let columns = sheet.columns.iter().zip(&line.values);
    let values = columns.map(|(head, value)| {
        let number = value.and_then(|value| match head.measured {
            Measured::Count => Some(value.into()),
            Measured::Calendar | Measured::Working => Some(minutes(value).into()),
            Measured::Permille | Measured::Hundredths | Measured::Mean => {
                serde_json::Number::from_f64(number(head, value))
            }
        });
        (key(head), number)
    });
    ReportRow {
        values: values.collect(),
        key: line.key,
        name: line.name,
        from: line.stretch.map(|s| iso(s.0)),
        to: line.stretch.map(|s| iso(s.1)),
        tickets: ReportTickets {
            submitted: line.submitted,
            closed: line.closed,
            open: line.open,
            rated: line
                .rated
                .into_iter()
                .map(|(key, list)| (key.to_owned(), list))
                .collect(),
        },
    }
}

/// A report as JSON has it.
pub(crate) fn document(sheet: &Sheet) -> ReportSheet {
    let columns = sheet.columns.iter().map(|head| ReportColumn {
        key: key(head),
        title: head.title,
        measured: match head.measured {
            Measured::Count => "count",
            Measured::Calendar => "minutes",
            Measured::Working => "working_minutes",
            Measured::Permille => "percent",
            Measured::Hundredths => "per_ticket",
            Measured::Mean => "mean",
        },
    });
    let rows = sheet.rows.iter().map(|line| row(line.clone(), sheet));
    ReportSheet {
        report: sheet.report,
        title: sheet.title,
        about: sheet.about,
        from: iso(sheet.from),
        to: iso(sheet.to),
        looked_at: iso(sheet.looked_at),
        group: sheet.group.map(Dimension::key),
        step: sheet.step.key(),
        columns: columns.collect(),
        rows: rows.collect(),
        total: sheet.total.clone().map(|line| row(line, sheet)),
    }
}

/// A file to keep.
pub(crate) fn file(kind: &'static str, name: &str, bytes: impl Into<Vec<u8>>) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    (
        [
            (header::CONTENT_TYPE, kind.to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        bytes.into(),
    )
        .into_response()
}
