//! `/status/figures`: how the desk does, for everybody, and the same as open data.

use askama::Template;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use desk::Error;
use desk::report::figures::{FEWEST, PublicFigures, Published};
use desk::report::file::iso;
use desk::report::row::push_row;
use serde::Serialize;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Frame, Here, Room};
use super::time::length;
use super::view::Icon;
use super::visit::Visit;

/// Under which terms the figures may be used, and where they stand.
const LICENCE: (&str, &str) = ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/");

/// A row of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiguresRow {
    /// The month, or the service.
    pub name: String,
    /// Its values, each with the head of its column.
    pub cells: Vec<(&'static str, String)>,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "figures.html")]
pub struct FiguresPage {
    /// Around it.
    pub frame: Frame,
    /// The desk's name, which is to be named by who uses the figures.
    pub desk: String,
    /// The licence's name.
    pub licence: &'static str,
    /// Where it stands.
    pub licence_href: &'static str,
    /// Of fewer tickets little is told.
    pub fewest: u64,
    /// The heads of the columns.
    pub heads: Vec<&'static str>,
    /// The months, the newest first.
    pub months: Vec<FiguresRow>,
    /// The services.
    pub services: Vec<FiguresRow>,
}

/// The heads of the columns behind the name.
pub const HEADS: [&str; 6] = [
    "Opened",
    "Closed",
    "Hand-overs per ticket",
    "Median lifetime",
    "Responses in time",
    "Reopened",
];

fn decimals(value: Option<u64>, places: u32) -> String {
    let one = 10_u64.pow(places);
    value.map_or_else(String::new, |v| {
        let width = places as usize;
        format!("{}.{:0width$}", v / one, v % one)
    })
}

fn row(figures: &PublicFigures) -> FiguresRow {
    let or_few = |text: String| match text.as_str() {
        "" => "–".to_owned(),
        _ => text,
    };
    let percent = |value: Option<u64>| match value {
        Some(_) => format!("{} %", decimals(value, 1)),
        None => String::new(),
    };
    let values = [
        figures.submitted.to_string(),
        figures.closed.to_string(),
        or_few(decimals(figures.hand_overs, 2)),
        or_few(figures.lifetime.map_or_else(String::new, length)),
        or_few(percent(figures.in_time)),
        or_few(percent(figures.reopened)),
    ];
    FiguresRow {
        name: figures.name.clone(),
        cells: HEADS.into_iter().zip(values).collect(),
    }
}

/// `GET /status/figures`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let published = visit.desk.published().await?;
        let page = FiguresPage {
            frame: visit.frame(visit.room(), Here::Services).await?,
            desk: visit.desk.config().name.clone(),
            licence: LICENCE.0,
            licence_href: LICENCE.1,
            fewest: FEWEST,
            heads: HEADS.to_vec(),
            months: published
                .months
                .iter()
                .rev()
                .map(|figures| FiguresRow {
                    // A month is not broken at its hyphen.
                    name: figures.name.replace('-', "\u{2011}"),
                    ..row(figures)
                })
                .collect(),
            services: published.services.iter().map(row).collect(),
        };
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// The figures as JSON has them. Times are whole minutes, shares per cent.
#[derive(Debug, Serialize)]
struct Document<'a> {
    publisher: &'a str,
    licence: &'static str,
    licence_url: &'static str,
    from: String,
    to: String,
    counted_at: String,
    months: Vec<Item<'a>>,
    services: Vec<Item<'a>>,
}

/// One month or service; null: too few tickets.
#[derive(Debug, Serialize)]
struct Item<'a> {
    name: &'a str,
    submitted: u64,
    closed: u64,
    hand_overs_per_ticket: Option<serde_json::Number>,
    lifetime_median_minutes: Option<i64>,
    responses_in_time_percent: Option<serde_json::Number>,
    reopened_percent: Option<serde_json::Number>,
}

/// The heads of the columns in CSV.
const KEYS: [&str; 8] = [
    "kind",
    "name",
    "submitted",
    "closed",
    "hand_overs_per_ticket",
    "lifetime_median_minutes",
    "responses_in_time_percent",
    "reopened_percent",
];

fn item(figures: &PublicFigures) -> Item<'_> {
    let number = |value: Option<u64>, places: u32| decimals(value, places).parse().ok();
    Item {
        name: &figures.name,
        submitted: figures.submitted,
        closed: figures.closed,
        hand_overs_per_ticket: number(figures.hand_overs, 2),
        lifetime_median_minutes: figures.lifetime.map(|t| t.div_euclid(60_000)),
        responses_in_time_percent: number(figures.in_time, 1),
        reopened_percent: number(figures.reopened, 1),
    }
}

/// `GET /status/figures.json`.
pub async fn json(visit: Visit) -> Response {
    let result = async {
        let published = visit.desk.published().await?;
        let document = Document {
            publisher: &visit.desk.config().name,
            licence: LICENCE.0,
            licence_url: LICENCE.1,
            from: iso(published.from),
            to: iso(published.to),
            counted_at: iso(published.counted_at),
            months: published.months.iter().map(item).collect(),
            services: published.services.iter().map(item).collect(),
        };
        let text = serde_json::to_string_pretty(&document)
            .map_err(|e| Error::Internal(format!("figures as JSON: {e}")))?;
        Ok::<_, Fault>(open_data("application/json", text))
    }
    .await;
    visit.close(result).await
}

/// `GET /status/figures.csv`.
pub async fn csv(visit: Visit) -> Response {
    let result = async {
        let published = visit.desk.published().await?;
        Ok::<_, Fault>(open_data("text/csv; charset=utf-8", table(&published)))
    }
    .await;
    visit.close(result).await
}

fn table(published: &Published) -> String {
    let mut out = String::new();
    push_row(&mut out, KEYS);
    let months = published.months.iter().map(|f| ("month", f));
    let services = published.services.iter().map(|f| ("service", f));
    for (kind, figures) in months.chain(services) {
        let minutes = figures.lifetime.map(|t| t.div_euclid(60_000).to_string());
        let cells = [
            kind.to_owned(),
            figures.name.clone(),
            figures.submitted.to_string(),
            figures.closed.to_string(),
            decimals(figures.hand_overs, 2),
            minutes.unwrap_or_default(),
            decimals(figures.in_time, 1),
            decimals(figures.reopened, 1),
        ];
        push_row(&mut out, cells.iter().map(String::as_str));
    }
    out
}

/// Data that any page may read, with the licence beside it (RFC 4946's relation).
fn open_data(kind: &'static str, text: String) -> Response {
    let licence = format!("<{}>; rel=\"license\"", LICENCE.1);
    let fields = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::LINK, licence),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
        (header::CACHE_CONTROL, "public, max-age=3600".to_owned()),
    ];
    (fields, text).into_response()
}
