//! `/reports`: how tickets come and go, and how units perform, with plots.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::report::ask::TIMES;
use desk::report::saved::{FileKind, Rhythm, SavedDraft, SavedReport};
use desk::report::sheet::Head;
use desk::report::{Asked, Line, Only, Sheet};
use desk::{Catalogue, Error};
use jiff::Timestamp;
use switchboard_core::report::table::{EXCHANGE_LAG, Measured, REPORTS, TIMELINE};
use switchboard_core::report::{Dimension, Figures};
use switchboard_core::{Millis, Priority, Status, TargetKind, TicketType};

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::plot::{AgePlot, LinePlot, SpreadPlot};
use super::posted::Posted;
use super::time::Dial;
use super::view::{Choice, Icon, TimeMark};
use super::visit::{Visit, encode, sentence};
use crate::sheet;
use uuid::Uuid;

const DAY_MS: Millis = 86_400_000;
/// The word for days that are given beside it.
const DAYS: &str = "days";

/// How a saved report can be mailed: how often, and as what.
const RHYTHMS: [(&str, &str); 5] = [
    ("never", "Not at all"),
    ("weekly-csv", "Each Monday, as CSV"),
    ("weekly-xlsx", "Each Monday, as a workbook"),
    ("monthly-csv", "On the first of each month, as CSV"),
    ("monthly-xlsx", "On the first of each month, as a workbook"),
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
    /// A number in it opens its tickets.
    pub opens: bool,
    /// What is asked, for the files: without the leading `?`.
    pub query: String,
    /// The same as fields of a form.
    pub hidden: Vec<(&'static str, String)>,
    /// How it can be mailed.
    pub rhythms: Vec<Choice>,
    /// The title that was typed for it.
    pub saved_title: String,
    /// What the reader saved.
    pub saved: Vec<SavedRow>,
    /// What was wrong with it.
    pub errors: Errors,
}

/// A saved report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedRow {
    /// Its id.
    pub id: String,
    /// How it is called.
    pub title: String,
    /// Where it is shown.
    pub href: String,
    /// "each Monday, as CSV"; "not mailed".
    pub mailed: String,
    /// When it is mailed next.
    pub next: Option<TimeMark>,
    /// Why it could not be counted last time.
    pub trouble: String,
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
            key => list_of(&line.rated.get(key).cloned()),
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
        Some((from, _)) if line.key.is_empty() => day_words(from),
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
        Dimension::Type => TicketType::ALL.iter().for_each(|t| add(t.key(), t.label())),
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
    let (time, from, to) = match visit.query("time").trim() {
        DAYS => (String::new(), text("from"), text("to")),
        time => (time.to_owned(), String::new(), String::new()),
    };
    Asked {
        report: report.to_owned(),
        time,
        from,
        to,
        only,
        group: text("group"),
        step: text("step"),
    }
}

/// What is asked, by the names of fields; without the report's name.
fn fields(visit: &Visit) -> Vec<(&'static str, String)> {
    let names = ["time", "from", "to", "group", "step"];
    let filters = Dimension::OFFERED.map(Dimension::key);
    names
        .into_iter()
        .chain(filters)
        .map(|name| (name, visit.query(name).trim().to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// The same as a query.
fn query(visit: &Visit) -> String {
    let all = fields(visit).into_iter();
    let all = all.map(|(name, value)| format!("{name}={}", encode(&value)));
    all.collect::<Vec<_>>().join("&")
}

/// Where a saved report is shown.
fn address(asked: &Asked) -> String {
    let days = asked.time.is_empty() && !(asked.from.is_empty() && asked.to.is_empty());
    let time = if days { DAYS } else { &asked.time };
    let fields = [
        ("time", time),
        ("from", &asked.from),
        ("to", &asked.to),
        ("group", &asked.group),
        ("step", &asked.step),
    ];
    let only = asked.only.iter();
    let only = only.map(|(dimension, words)| (dimension.key(), words.join(",")));
    let all = fields
        .into_iter()
        .map(|(name, value)| (name, value.to_owned()))
        .chain(only)
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("&{name}={}", encode(&value)));
    format!(
        "/reports?report={}{}",
        asked.report,
        all.collect::<String>()
    )
}

fn saved_row(one: SavedReport, dial: &Dial) -> SavedRow {
    let kind = match one.format {
        FileKind::Csv => "CSV",
        FileKind::Xlsx => "a workbook",
    };
    SavedRow {
        id: one.id.to_string(),
        href: address(&one.asked),
        mailed: match one.mailed {
            Rhythm::Never => "not mailed".to_owned(),
            Rhythm::Weekly => format!("each Monday, as {kind}"),
            Rhythm::Monthly => format!("on the first of each month, as {kind}"),
        },
        title: one.title,
        next: one.next_at.map(|at| dial.moment(at)),
        trouble: one.trouble.unwrap_or_default(),
    }
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
        time: Choice::list(
            TIMES.into_iter().chain([(DAYS, "These days")]),
            match visit.query("time").trim() {
                "" => TIMES[0].0,
                time => time,
            },
        ),
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
        opens: false,
        query: format!("report={}&{asked_for}", report.key),
        hidden: fields(visit),
        rhythms: Choice::list(RHYTHMS, "never"),
        saved_title: String::new(),
        saved: {
            let all = visit.desk.saved_reports(visit.actor()?).await?;
            let all = all.into_iter().map(|one| saved_row(one, &visit.dial));
            all.collect()
        },
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
            ("", _) => "By partner".to_owned(),
            (by, _) => format!("By {}", by.to_lowercase()),
        };
        self.first = match (by, sheet.report) {
            (_, TIMELINE) => "From".to_owned(),
            ("", _) => "Partner".to_owned(),
            (by, _) => by.to_owned(),
        };
        self.heads = sheet.columns.iter().map(|c| c.title).collect();
        self.rows = sheet.rows.iter().map(|line| row(sheet, line)).collect();
        self.total = sheet.total.as_ref().map(|line| row(sheet, line));
        let mut shown = self.rows.iter().chain(&self.total);
        self.opens = shown.any(|row| row.cells.iter().any(|cell| !cell.href.is_empty()));
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

/// `POST /reports`: saves the report that is shown, or forgets a saved one.
pub async fn act(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = done(&mut posted).await;
    posted.visit.close(result).await
}

async fn done(posted: &mut Posted) -> Result<Response, Fault> {
    reader(&posted.visit).await?;
    if posted.text("do") == "forget" {
        let visit = &posted.visit;
        let id = Uuid::try_parse(posted.text("id")).map_err(|_| Fault::no_page())?;
        visit.desk.forget_report(visit.actor()?, id).await?;
        let notice = Notice::new(NoticeTone::Ok, "Forgotten: it is not mailed any more");
        return visit.go("/reports#saved", Some(notice));
    }
    // What the form carries is what the page showed: the address says it, as there.
    let names = ["report", "time", "from", "to", "group", "step"];
    let all = names
        .into_iter()
        .chain(Dimension::OFFERED.map(Dimension::key))
        .map(|name| format!("{name}={}", encode(posted.text(name))));
    let address = format!("/reports?{}", all.collect::<Vec<_>>().join("&"));
    posted.visit.at(address);
    let visit = &posted.visit;
    let (mailed, format) = match posted.text("mailed").split_once('-') {
        Some((mailed, format)) => (mailed, format),
        None => (posted.text("mailed"), "csv"),
    };
    let draft = SavedDraft {
        title: posted.text("title").to_owned(),
        asked: asked(visit, name(visit)),
        mailed: mailed.to_owned(),
        format: format.to_owned(),
    };
    let shown = self::address(&draft.asked);
    match visit.desk.save_report(visit.actor()?, draft).await {
        Ok(saved) => {
            let notice = Notice::new(NoticeTone::Ok, format!("“{}” is saved", saved.title));
            visit.go(&shown, Some(notice))
        }
        Err(Error::Invalid { field, problem }) => {
            let errors = Errors::one(field, sentence(&problem));
            let mut page = filled(visit, None, errors).await?;
            page.saved_title = posted.text("title").to_owned();
            page.rhythms = Choice::list(RHYTHMS, posted.text("mailed"));
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
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
