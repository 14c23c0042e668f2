//! Reports as files: the same figures for scripts and for spreadsheets.
//!
//! Times are whole minutes, rounded down, in columns that end with `_minutes`; a
//! share is a percentage with one decimal in columns that end with `_percent`.

use jiff::Timestamp;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use switchboard_core::Millis;
use switchboard_core::report::table::Measured;

use super::row::push_row;
use super::sheet::{Head, Line, Sheet};
use crate::Error;

/// What a spreadsheet is.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The name of a column in files and JSON.
pub fn key(head: &Head) -> String {
    match head.measured {
        Measured::Calendar | Measured::Working => format!("{}_minutes", head.key),
        Measured::Permille => format!("{}_percent", head.key),
        Measured::Count | Measured::Hundredths | Measured::Mean => head.key.to_owned(),
    }
}

/// A value as scripts read it, with decimals where it has them.
pub fn text(head: &Head, value: i64) -> String {
    match head.measured {
        Measured::Count => value.to_string(),
        Measured::Calendar | Measured::Working => minutes(value).to_string(),
        Measured::Permille => format!("{}.{}", value / 10, value % 10),
        Measured::Hundredths | Measured::Mean => format!("{}.{:02}", value / 100, value % 100),
    }
}

/// A moment: RFC 3339, UTC, whole seconds.
pub fn iso(at: Millis) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whole minutes.
pub fn minutes(millis: i64) -> i64 {
    millis.div_euclid(60_000)
}

/// The same as a number.
pub fn number(head: &Head, value: i64) -> f64 {
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
pub fn csv(sheet: &Sheet) -> String {
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
pub fn xlsx(sheet: &Sheet) -> Result<Vec<u8>, Error> {
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
