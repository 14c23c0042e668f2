//! Reports as files: the same figures for scripts and for spreadsheets.
//!
//! Times are whole minutes, rounded down, in columns that end with `_minutes`; a
//! share is a percentage with one decimal in columns that end with `_percent`.

use std::collections::BTreeMap;

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use desk::Error;
use desk::report::sheet::Head;
use desk::report::{Line, Sheet};
use jiff::Timestamp;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde::Serialize;
use switchboard_core::Millis;
use switchboard_core::report::Dimension;
use switchboard_core::report::table::Measured;
use utoipa::ToSchema;

use crate::csv::push_row;

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

/// What a spreadsheet is.
pub(crate) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The name of a column in files and JSON.
pub(crate) fn key(head: &Head) -> String {
    match head.measured {
        Measured::Calendar | Measured::Working => format!("{}_minutes", head.key),
        Measured::Permille => format!("{}_percent", head.key),
        Measured::Count | Measured::Hundredths | Measured::Mean => head.key.to_owned(),
    }
}

/// A value as scripts read it, with decimals where it has them.
pub(crate) fn text(head: &Head, value: i64) -> String {
    match head.measured {
        Measured::Count => value.to_string(),
        Measured::Calendar | Measured::Working => minutes(value).to_string(),
        Measured::Permille => format!("{}.{}", value / 10, value % 10),
        Measured::Hundredths | Measured::Mean => format!("{}.{:02}", value / 100, value % 100),
    }
}

/// A moment: RFC 3339, UTC, whole seconds.
fn iso(at: Millis) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whole minutes.
pub(crate) fn minutes(millis: i64) -> i64 {
    millis.div_euclid(60_000)
}

/// The same as a number.
pub(crate) fn number(head: &Head, value: i64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts and minutes lie far below what a double holds exactly"
    )]
    let double = |value: i64| value as f64;
    match head.measured {
        Measured::Count => double(value),
        Measured::Calendar | Measured::Working => double(minutes(value)),
        Measured::Permille => double(value) / 10.0,
        Measured::Hundredths | Measured::Mean => double(value) / 100.0,
    }
}

/// The names of the columns before the figures.
fn first(sheet: &Sheet) -> Vec<&'static str> {
    let mut names = Vec::new();
    if sheet.rows.iter().any(|row| row.stretch.is_some()) {
        names.extend(["from", "to"]);
    }
    names.extend(["key", "name"]);
    names
}

/// What stands before the figures of a row.
fn begin(line: &Line, names: &[&str]) -> Vec<String> {
    let mut cells = Vec::new();
    if names.len() > 2 {
        let (from, to) = line
            .stretch
            .map_or((String::new(), String::new()), |s| (iso(s.0), iso(s.1)));
        cells.extend([from, to]);
    }
    cells.extend([line.key.clone(), line.name.clone()]);
    cells
}

/// The rows, everything together last.
fn lines(sheet: &Sheet) -> impl Iterator<Item = &Line> {
    sheet.rows.iter().chain(&sheet.total)
}

/// As CSV (RFC 4180), safe in spreadsheets.
pub(crate) fn csv(sheet: &Sheet) -> String {
    let mut out = String::new();
    let names = first(sheet);
    let keys: Vec<String> = sheet.columns.iter().map(key).collect();
    push_row(
        &mut out,
        names.iter().copied().chain(keys.iter().map(String::as_str)),
    );
    for line in lines(sheet) {
        let mut cells = begin(line, &names);
        for (head, value) in sheet.columns.iter().zip(&line.values) {
            cells.push(value.map_or_else(String::new, |value| text(head, value)));
        }
        push_row(&mut out, cells.iter().map(String::as_str));
    }
    out
}

/// As a workbook with one sheet.
///
/// # Errors
/// [`Error::Internal`] when it can not be written, which does not happen.
pub(crate) fn xlsx(sheet: &Sheet) -> Result<Vec<u8>, Error> {
    workbook(sheet).map_err(|e| Error::Internal(format!("a workbook: {e}")))
}

fn workbook(sheet: &Sheet) -> Result<Vec<u8>, XlsxError> {
    let bold = Format::new().set_bold();
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.set_name(sheet.title)?;
    page.set_freeze_panes(1, 0)?;
    let names = first(sheet);
    let keys: Vec<String> = sheet.columns.iter().map(key).collect();
    let heads = names.iter().copied().chain(keys.iter().map(String::as_str));
    for (column, head) in (0_u16..).zip(heads) {
        page.write_string_with_format(0, column, head, &bold)?;
    }
    for (row, line) in (1_u32..).zip(lines(sheet)) {
        let cells = begin(line, &names);
        let mut column = 0;
        for cell in &cells {
            // A string, whatever stands in it: no formula.
            page.write_string(row, column, cell)?;
            column += 1;
        }
        for (head, value) in sheet.columns.iter().zip(&line.values) {
            if let Some(value) = value {
                page.write_number(row, column, number(head, *value))?;
            }
            column += 1;
        }
    }
    page.autofit();
    book.save_to_buffer()
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
