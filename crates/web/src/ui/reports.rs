//! `/reports`: how tickets come and go, and how units perform, with plots.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::report::sheet::Head;
use desk::report::{Asked, Line, Only, Sheet};
use desk::{Catalogue, Error};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use switchboard_core::report::table::{EXCHANGE_LAG, Measured, REPORTS, TIMELINE};
use switchboard_core::report::{Dimension, Figures};
use switchboard_core::{Millis, Priority, Status, TargetKind};

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Room};
use super::plot::{AgePlot, LinePlot, SpreadPlot};
use super::view::{Choice, Icon};
use super::visit::{Visit, encode, sentence};
use crate::sheet;

const DAY_MS: Millis = 86_400_000;
/// What a filter by time may say, beside days.
const RANGES: [(&str, &str); 5] = [
    ("", "Last 30 days"),
    ("90", "Last 90 days"),
    ("365", "Last 365 days"),
    ("year", "This year"),
    ("days", "These days"),
];

/// A filter with its choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterView {
    /// Its name.
    pub key: &'static str,
    /// What people read.
    pub label: &'static str,
    /// What can be chosen; the first is everything.
    pub choices: Vec<Choice>,
}

/// A figure above the plots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureView {
    /// What it is.
    pub name: &'static str,
    /// How much.
    pub value: String,
    /// What is to be said beside it.
    pub small: String,
}

/// A report among which one can choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportLink {
    /// What people read.
    pub title: &'static str,
    /// Where it is.
    pub href: String,
    /// It is the one that is shown.
    pub here: bool,
}

/// A value in the table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CellView {
    /// The heading of its column.
    pub head: &'static str,
    /// As people read it.
    pub text: String,
    /// The tickets behind it; empty: there is no such list.
    pub href: String,
    /// The class of a mark; empty: none.
    pub mark: &'static str,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowView {
    /// What it is about.
    pub name: String,
    /// Its values.
    pub cells: Vec<CellView>,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "reports.html")]
pub struct ReportsPage {
    /// Around it.
    pub frame: Frame,
    /// The heading.
    pub title: &'static str,
    /// What is counted.
    pub about: &'static str,
    /// "1 November to 26 November 2026".
    pub range: String,
    /// All reports.
    pub reports: Vec<ReportLink>,
    /// The name of this one.
    pub report: &'static str,
    /// The time.
    pub time: Vec<Choice>,
    /// The first day, when days are asked for.
    pub from: String,
    /// The last.
    pub to: String,
    /// The filters that are always there.
    pub filters: Vec<FilterView>,
    /// The others.
    pub more: Vec<FilterView>,
    /// One of the others says something.
    pub more_open: bool,
    /// By what the rows are told apart.
    pub group: Vec<Choice>,
    /// The figures above.
    pub figures: Vec<FigureView>,
    /// Response times.
    pub spread: Option<SpreadPlot>,
    /// What is open by age.
    pub ages: Option<AgePlot>,
    /// What came, by time.
    pub lines: Option<LinePlot>,
    /// "By unit".
    pub by: String,
    /// The heading of the first column.
    pub first: String,
    /// The headings of the others.
    pub heads: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<RowView>,
    /// Everything together.
    pub total: Option<RowView>,
    /// What is asked, for the files: without the leading `?`.
    pub query: String,
    /// What was wrong with it.
    pub errors: Errors,
}

/// A length of time as hours and minutes: `3:30 h`.
pub(super) fn hours(millis: Millis) -> String {
    time_words(millis, false)
}

/// The same; where it has to be short, from two
/// days on as days by the calendar: `2.4 d`.
fn time_words(millis: Millis, short: bool) -> String {
    if short && millis >= 2 * DAY_MS {
        let tenths = millis * 10 / DAY_MS;
        return format!("{}.{} d", tenths / 10, tenths % 10);
    }
    let minutes = sheet::minutes(millis);
    format!("{}:{:02} h", minutes / 60, minutes % 60)
}

/// A value as people read it.
fn words(head: &Head, value: Option<i64>) -> String {
    let Some(value) = value else {
        return "–".to_owned();
    };
    match head.measured {
        Measured::Calendar | Measured::Working => time_words(value, false),
        Measured::Permille => format!("{} %", sheet::text(head, value)),
        Measured::Count | Measured::Hundredths | Measured::Mean => sheet::text(head, value),
    }
}

fn day_words(at: Millis) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%-d %B %Y").to_string()
}

fn list_of(query: &Option<String>) -> String {
    query
        .as_ref()
        .map_or_else(String::new, |q| format!("/work?q={}", encode(q)))
}

fn row(sheet: &Sheet, line: &Line) -> RowView {
    let cells = sheet.columns.iter().zip(&line.values).map(|(head, value)| {
        let list = match head.key {
            "submitted" => list_of(&line.submitted),
            "closed" => list_of(&line.closed),
            "open" => list_of(&line.open),
            _ => String::new(),
        };
        let late = head.key.ends_with("violated") && value.is_some_and(|n| n > 0);
        CellView {
            head: head.title,
            text: words(head, *value),
            href: if *value == Some(0) {
                String::new()
            } else {
                list
            },
            mark: if late { "warn" } else { "" },
        }
    });
    let name = match line.stretch {
        Some((from, _)) if sheet.group.is_none() => day_words(from),
        Some((from, _)) => format!("{}, {}", day_words(from), line.name),
        None => line.name.clone(),
    };
    RowView {
        name,
        cells: cells.collect(),
    }
}

fn percent(part: u64, whole: u64) -> String {
    match whole {
        0 => "–".to_owned(),
        whole => {
            let permille = (part * 1_000 + whole / 2) / whole;
            format!("{}.{} %", permille / 10, permille % 10)
        }
    }
}

fn figures(all: &Figures, before: u64) -> Vec<FigureView> {
    let figure = |name, value, small| FigureView { name, value, small };
    let more = match before {
        0 => String::new(),
        before => {
            let now = i128::from(all.submitted) - i128::from(before);
            let change = now * 100 / i128::from(before);
            match change {
                0 => String::new(),
                1.. => format!("+{change} %"),
                _ => format!("−{} %", -change),
            }
        }
    };
    let response = all.clock(TargetKind::Response);
    let kept = response.kept_permille();
    let each = (all.hand_overs * 100 + all.submitted / 2).checked_div(all.submitted);
    vec![
        figure("Submitted", all.submitted.to_string(), more),
        figure("Closed", all.closed.to_string(), String::new()),
        figure(
            "Median lifetime",
            all.lifetime
                .map_or_else(|| "–".to_owned(), |s| time_words(s.median, true)),
            String::new(),
        ),
        figure(
            "Responses in target",
            kept.map_or_else(|| "–".to_owned(), |k| format!("{}.{} %", k / 10, k % 10)),
            String::new(),
        ),
        figure(
            "Hand-overs per ticket",
            each.map_or_else(|| "–".to_owned(), |e| format!("{}.{:02}", e / 100, e % 100)),
            String::new(),
        ),
        figure(
            "Reopened",
            percent(all.reopened, all.closings),
            String::new(),
        ),
    ]
}

/// The choices of a filter.
fn choices(catalogue: &Catalogue, dimension: Dimension, chosen: &str) -> Vec<Choice> {
    let mut all = vec![Choice::new("", "Any")];
    let mut add = |key: &str, name: &str| all.push(Choice::new(key, name));
    match dimension {
        Dimension::Unit => catalogue.units.iter().for_each(|u| add(&u.key, &u.name)),
        Dimension::Service => catalogue.services.iter().for_each(|s| add(&s.key, &s.name)),
        Dimension::Status => {
            add("open", "Open");
            add("closed", "Closed");
            for status in Status::ALL {
                // The group of this name stands for more.
                if status != Status::Closed {
                    add(status.key(), status.label());
                }
            }
        }
        Dimension::Priority => Priority::ALL.iter().for_each(|p| add(p.key(), p.label())),
        Dimension::Community => {
            catalogue
                .communities
                .iter()
                .for_each(|c| add(&c.key, &c.name));
        }
        Dimension::Site => catalogue.sites.iter().for_each(|s| add(&s.key, &s.name)),
        Dimension::Category => catalogue
            .categories
            .iter()
            .for_each(|c| add(&c.key, &c.name)),
        Dimension::IssueType => {
            catalogue
                .issue_types
                .iter()
                .for_each(|t| add(&t.key, &t.name));
        }
        Dimension::Type => {
            for (key, name) in [
                ("user", "User"),
                ("team", "Team"),
                ("alarm", "Alarm"),
                ("ops", "Operations"),
            ] {
                add(key, name);
            }
        }
        Dimension::Turn | Dimension::Portal => {}
    }
    for one in &mut all {
        one.chosen = one.value == chosen;
    }
    all
}

/// What is asked by the address.
fn asked(visit: &Visit, report: &str) -> Asked {
    let text = |name: &str| visit.query(name).trim().to_owned();
    let mut only = Only::new();
    for dimension in Dimension::OFFERED {
        let wanted = text(dimension.key());
        if !wanted.is_empty() {
            only.insert(dimension, vec![wanted]);
        }
    }
    let (mut from, mut to) = (String::new(), String::new());
    let now = visit.dial.now;
    let today = now.div_euclid(DAY_MS) * DAY_MS;
    let day = |at: Millis| {
        let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
        at.strftime("%Y-%m-%d").to_string()
    };
    match visit.query("time") {
        "90" => from = day(today - 89 * DAY_MS),
        "365" => from = day(today - 364 * DAY_MS),
        "year" => {
            let at = Timestamp::from_millisecond(now).unwrap_or(Timestamp::UNIX_EPOCH);
            from = format!("{}-01-01", TimeZone::UTC.to_datetime(at).year());
        }
        "days" => (from, to) = (text("from"), text("to")),
        _ => {}
    }
    Asked {
        report: report.to_owned(),
        from,
        to,
        only,
        group: text("group"),
        step: text("step"),
    }
}

/// What is asked, as a query; without the report's name.
fn query(visit: &Visit) -> String {
    let names = ["time", "from", "to", "group", "step"];
    let filters = Dimension::OFFERED.map(Dimension::key);
    names
        .into_iter()
        .chain(filters)
        .filter(|name| !visit.query(name).trim().is_empty())
        .map(|name| format!("{name}={}", encode(visit.query(name).trim())))
        .collect::<Vec<_>>()
        .join("&")
}

/// The report that the address names; none: the first.
fn name(visit: &Visit) -> &str {
    match visit.query("report") {
        "" => REPORTS[0].key,
        name => name,
    }
}

/// First level and administrators see how the exchange stands.
fn seen_exchange(visit: &Visit) -> bool {
    let who = visit.actor();
    who.is_ok_and(|actor| actor.admin || actor.first_level())
}

/// Whoever has reports.
async fn reader(visit: &Visit) -> Result<(), Fault> {
    let actor = visit.actor()?;
    if visit.desk.has_reports(actor).await? {
        return Ok(());
    }
    Err(Error::Forbidden(
        "Reports are for support staff, monitors and the contacts of providers.".into(),
    )
    .into())
}

/// `GET /reports`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        reader(&visit).await?;
        page(&visit).await
    }
    .await;
    visit.close(result).await
}

async fn page(visit: &Visit) -> Result<Response, Fault> {
    let actor = visit.actor()?;
    let found = visit.desk.report(actor, asked(visit, name(visit))).await;
    match found {
        Ok(sheet) => visit.page(&filled(visit, Some(sheet), Errors::default()).await?),
        Err(Error::Invalid { field, problem }) => {
            let errors = Errors::one(field, sentence(&problem));
            let page = filled(visit, None, errors).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}

async fn filled(visit: &Visit, sheet: Option<Sheet>, errors: Errors) -> Result<ReportsPage, Fault> {
    let catalogue = visit.desk.catalogue().await?;
    let asked_for = query(visit);
    let report = REPORTS.iter().find(|r| r.key == name(visit));
    let report = report.unwrap_or(&REPORTS[0]);
    let seen = |key: &str| key != EXCHANGE_LAG || seen_exchange(visit);
    let reports = REPORTS.iter().filter(|r| seen(r.key)).map(|r| ReportLink {
        title: r.title,
        href: format!("/reports?report={}&{asked_for}", r.key),
        here: r.key == report.key,
    });
    let filter = |dimension: Dimension| FilterView {
        key: dimension.key(),
        label: dimension.label(),
        choices: choices(&catalogue, dimension, visit.query(dimension.key())),
    };
    let (front, back) = Dimension::OFFERED.split_at(3);
    let group = visit.query("group");
    let mut groups: Vec<Choice> = Dimension::OFFERED
        .iter()
        .map(|d| Choice {
            value: d.key().to_owned(),
            label: d.label().to_owned(),
            chosen: d.key() == group,
        })
        .collect();
    if report.key == TIMELINE {
        let mut none = Choice::new("", "Nothing");
        none.chosen = group.is_empty();
        groups.insert(0, none);
    }
    let mut page = ReportsPage {
        frame: visit.frame(visit.room(), Here::Reports).await?,
        title: report.title,
        about: report.about,
        range: String::new(),
        reports: reports.collect(),
        report: report.key,
        time: Choice::list(RANGES, visit.query("time")),
        from: visit.query("from").to_owned(),
        to: visit.query("to").to_owned(),
        filters: front.iter().map(|d| filter(*d)).collect(),
        more: back.iter().map(|d| filter(*d)).collect(),
        more_open: back.iter().any(|d| !visit.query(d.key()).is_empty()),
        group: groups,
        figures: Vec::new(),
        spread: None,
        ages: None,
        lines: None,
        by: String::new(),
        first: String::new(),
        heads: Vec::new(),
        rows: Vec::new(),
        total: None,
        query: format!("report={}&{asked_for}", report.key),
        errors,
    };
    if let Some(sheet) = &sheet {
        page.show(sheet);
    }
    Ok(page)
}

impl ReportsPage {
    /// Puts what was counted onto the page.
    fn show(&mut self, sheet: &Sheet) {
        let last = day_words(sheet.looked_at.max(sheet.from) - 1);
        self.range = format!("{} to {last}", day_words(sheet.from));
        let by = sheet.group.map_or("", Dimension::label);
        self.by = match (by, sheet.report) {
            ("", TIMELINE) => "Over time".to_owned(),
            ("", _) => "By coupling".to_owned(),
            (by, _) => format!("By {}", by.to_lowercase()),
        };
        self.first = match (by, sheet.report) {
            (_, TIMELINE) => "From".to_owned(),
            ("", _) => "Coupling".to_owned(),
            (by, _) => by.to_owned(),
        };
        self.heads = sheet.columns.iter().map(|c| c.title).collect();
        self.rows = sheet.rows.iter().map(|line| row(sheet, line)).collect();
        self.total = sheet.total.as_ref().map(|line| row(sheet, line));
        let Some(answer) = &sheet.answer else { return };
        let whole = sheet.report == REPORTS[0].key;
        if whole {
            self.figures = figures(&answer.total, answer.submitted_before);
        }
        if whole || sheet.report == "response_time" || sheet.report == "violated_responses" {
            self.spread = SpreadPlot::of(&sheet.names, answer);
        }
        if whole || sheet.report == "open_age" {
            self.ages = AgePlot::of(answer);
        }
        if whole || sheet.report == TIMELINE || sheet.report == "submitted" {
            self.lines = LinePlot::of(&sheet.names, answer, sheet.step);
        }
    }
}

/// `GET /reports/file`: the same as a file.
pub async fn file(visit: Visit) -> Response {
    let result = export(&visit).await;
    visit.close(result).await
}

async fn export(visit: &Visit) -> Result<Response, Fault> {
    reader(visit).await?;
    let actor = visit.actor()?;
    let found = visit.desk.report(actor, asked(visit, name(visit))).await?;
    let name = |end: &str| format!("{}.{end}", found.report);
    Ok(match visit.query("format") {
        "json" => {
            let text = serde_json::to_vec_pretty(&sheet::document(&found))
                .map_err(|e| Error::Internal(format!("a report as JSON: {e}")))?;
            sheet::file("application/json", &name("json"), text)
        }
        "xlsx" => sheet::file(sheet::XLSX, &name("xlsx"), sheet::xlsx(&found)?),
        _ => sheet::file("text/csv; charset=utf-8", &name("csv"), sheet::csv(&found)),
    })
}
