//! `/admin/audit`: who did what with people, units, services and rights, and
//! whether the log still holds together.

use askama::Template;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use desk::Error;
use desk::audit::Deed;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use store::audit::Filter;
use switchboard_core::Millis;
use uuid::Uuid;

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Room};
use crate::ui::time::iso;
use crate::ui::view::{Choice, Icon, Pages, TimeMark};
use crate::ui::visit::{Visit, encode, sentence};
use desk::report::row::push_row;

/// Deeds on one page.
const PAGE: i64 = 50;
/// Most rows of one export; a narrower search gives the rest.
const EXPORT: usize = 20_000;
const DAY_MS: Millis = 86_400_000;

/// A deed in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeedRow {
    /// Its number in the chain.
    pub id: i64,
    /// When.
    pub time: TimeMark,
    /// Who.
    pub who: String,
    /// Their page, when it is a person.
    pub who_href: String,
    /// Through which door.
    pub channel: String,
    /// What was done.
    pub action: String,
    /// With what.
    pub subject: String,
    /// More of what was done with it.
    pub subject_href: String,
    /// More about it: name and value.
    pub detail: Vec<(String, String)>,
    /// The detail was taken out when a person was erased.
    pub taken_out: bool,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/audit.html")]
pub struct AuditPage {
    /// Around it.
    pub frame: Frame,
    /// The chain holds.
    pub sound: bool,
    /// How it stands with the chain, in words.
    pub chain: String,
    /// Every row was checked, not only the newest.
    pub whole: bool,
    /// The last row's hash.
    pub head: String,
    /// Who did it, as it was asked.
    pub who: String,
    /// What kind of deed.
    pub action: Vec<Choice>,
    /// With what, as it was asked.
    pub subject: String,
    /// From this day.
    pub from: String,
    /// Until this day.
    pub until: String,
    /// Words of the detail.
    pub words: String,
    /// What was found.
    pub rows: Vec<DeedRow>,
    /// The export of the same.
    pub csv: String,
    /// The way to older ones.
    pub pages: Pages,
    /// What was wrong with the search.
    pub errors: Errors,
}

const ACTIONS: [(&str, &str); 8] = [
    ("", "Everything"),
    ("person.", "People’s rights and accounts"),
    ("application.", "Applications"),
    ("join.", "Requests to join"),
    ("unit.", "Units and members"),
    ("service.", "Services"),
    ("setting.", "Settings and rules"),
    ("ticket.", "Reading of tickets"),
];

/// `GET /admin/audit`.
pub async fn show(visit: Visit) -> Response {
    let result = async { visit.page(&page(&visit).await?) }.await;
    visit.close(result).await
}

/// What is asked for, and what is wrong with it.
async fn asked(visit: &Visit) -> Result<(Filter, Errors), Fault> {
    let actor = visit.admin()?;
    let mut errors = Errors::default();
    let text = |name: &str| visit.query(name).trim().to_owned();
    let mut filter = Filter {
        action: Some(text("action")).filter(|a| !a.is_empty()),
        words: Some(text("words")).filter(|w| !w.is_empty()),
        before: visit.query("before").parse().ok(),
        ..Filter::default()
    };
    let who = text("who");
    if !who.is_empty() {
        match visit.desk.find_person(actor, &who).await {
            Ok(person) => filter.actor = Some(person.id),
            Err(Error::Internal(text)) => return Err(Error::Internal(text).into()),
            Err(_) => errors.add("who", "Nobody has this address; give a whole one."),
        }
    }
    let subject = text("subject");
    if !subject.is_empty() {
        match subject_of(visit, &subject).await? {
            Some(id) => filter.subject = Some(id),
            None => errors.add(
                "subject",
                "There is no such person, unit, service or ticket.",
            ),
        }
    }
    for (name, place, end) in [
        ("from", &mut filter.from, 0),
        ("until", &mut filter.until, DAY_MS),
    ] {
        let given = visit.query(name).trim();
        if given.is_empty() {
            continue;
        }
        let day = given
            .parse::<Date>()
            .ok()
            .and_then(|d| d.to_zoned_datetime(TimeZone::UTC).ok());
        match day {
            Some(day) => *place = Some(day.timestamp().as_millisecond() + end),
            None => errors.add(name, "Give a day as 2026-11-24."),
        }
    }
    Ok((filter, errors))
}

/// The id of what a text names: an id, a person's address, a unit, a service, a
/// ticket's number, the key of a setting.
async fn subject_of(visit: &Visit, text: &str) -> Result<Option<String>, Fault> {
    if let Ok(id) = Uuid::try_parse(text) {
        return Ok(Some(id.to_string()));
    }
    if let Some(number) = text.strip_prefix('#') {
        return Ok(Some(number.to_owned()));
    }
    if text.contains('@') {
        return match visit.desk.find_person(visit.admin()?, text).await {
            Ok(person) => Ok(Some(person.id.to_string())),
            Err(Error::NotFound { .. } | Error::Invalid { .. }) => Ok(None),
            Err(other) => Err(other.into()),
        };
    }
    let catalogue = visit.desk.catalogue().await?;
    if let Ok(unit) = catalogue.find_unit("subject", text) {
        return Ok(Some(unit.id.to_string()));
    }
    if let Ok(service) = catalogue.find_service("subject", text) {
        return Ok(Some(service.id.to_string()));
    }
    Ok(Some(text.to_owned()))
}

fn value_words(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "nothing".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(list) if list.len() == 2 => {
            format!("{} → {}", value_words(&list[0]), value_words(&list[1]))
        }
        other => other.to_string(),
    }
}

fn detail_of(deed: &Deed) -> Vec<(String, String)> {
    let Some(serde_json::Value::Object(detail)) = &deed.detail else {
        return Vec::new();
    };
    detail
        .iter()
        .map(|(key, value)| {
            let words: String = value_words(value).chars().take(400).collect();
            (key.replace('_', " "), words)
        })
        .collect()
}

fn row(visit: &Visit, deed: &Deed) -> DeedRow {
    let named = if deed.subject_name.is_empty() {
        &deed.subject
    } else {
        &deed.subject_name
    };
    DeedRow {
        id: deed.id,
        time: visit.dial.moment(deed.at),
        who: deed.actor_name.clone(),
        who_href: deed
            .actor
            .map_or_else(String::new, |id| format!("/admin/people/{id}")),
        channel: deed.channel.clone(),
        action: deed.action.clone(),
        subject: format!("{} {named}", deed.subject_kind),
        subject_href: format!("/admin/audit?subject={}", encode(&deed.subject)),
        detail: detail_of(deed),
        taken_out: deed.detail.is_none(),
    }
}

/// The search as a query, without the place in it.
fn search(visit: &Visit) -> String {
    ["who", "action", "subject", "from", "until", "words"]
        .iter()
        .filter(|name| !visit.query(name).is_empty())
        .map(|name| format!("{name}={}", encode(visit.query(name))))
        .collect::<Vec<_>>()
        .join("&")
}

async fn page(visit: &Visit) -> Result<AuditPage, Fault> {
    let actor = visit.admin()?;
    let (filter, errors) = asked(visit).await?;
    let before = filter.before;
    let mut deeds = if errors.is_empty() {
        visit.desk.audit_log(actor, filter, PAGE + 1).await?
    } else {
        Vec::new()
    };
    let more = i64::try_from(deeds.len()).unwrap_or(0) > PAGE;
    deeds.truncate(usize::try_from(PAGE).unwrap_or(0));
    let query = search(visit);
    let older = deeds
        .last()
        .filter(|_| more)
        .map(|last| format!("/admin/audit?{query}&before={}", last.id));
    let whole = visit.query("check") == "all";
    let chain = if whole {
        visit.desk.check_audit().await?
    } else {
        visit.desk.check_audit_tail().await?
    };
    let words = match &chain.problem {
        None if whole => format!("The whole log holds together: {} rows.", chain.rows),
        None => format!("The newest of {} rows hold together.", chain.rows),
        Some(problem) => format!("The log was tampered with: {}", sentence(problem)),
    };
    let text = |name: &str| visit.query(name).to_owned();
    Ok(AuditPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        sound: chain.problem.is_none(),
        chain: words,
        whole,
        head: chain.head,
        who: text("who"),
        action: Choice::list(ACTIONS, visit.query("action")),
        subject: text("subject"),
        from: text("from"),
        until: text("until"),
        words: text("words"),
        rows: deeds.iter().map(|deed| row(visit, deed)).collect(),
        csv: format!("/admin/audit/csv?{query}"),
        pages: Pages {
            words: String::new(),
            newer: before.map(|_| format!("/admin/audit?{query}")),
            older,
        },
        errors,
    })
}

/// `GET /admin/audit/csv`: what the search finds, for a spreadsheet.
pub async fn csv(visit: Visit) -> Response {
    let result = export(&visit).await;
    visit.close(result).await
}

async fn export(visit: &Visit) -> Result<Response, Fault> {
    let actor = visit.admin()?;
    let (mut filter, errors) = asked(visit).await?;
    if !errors.is_empty() {
        return Err(Error::invalid("search", "look at the page; something in it is wrong").into());
    }
    let mut out = String::new();
    push_row(
        &mut out,
        [
            "number", "time", "who", "channel", "action", "kind", "subject", "name", "detail",
        ],
    );
    let mut rows = 0;
    loop {
        let deeds = visit.desk.audit_log(actor, filter.clone(), 500).await?;
        for deed in &deeds {
            let detail = deed
                .detail
                .as_ref()
                .map_or_else(String::new, ToString::to_string);
            push_row(
                &mut out,
                [
                    deed.id.to_string().as_str(),
                    &iso(deed.at),
                    &deed.actor_name,
                    &deed.channel,
                    &deed.action,
                    &deed.subject_kind,
                    &deed.subject,
                    &deed.subject_name,
                    &detail,
                ],
            );
        }
        rows += deeds.len();
        match deeds.last() {
            Some(last) if deeds.len() == 500 && rows < EXPORT => filter.before = Some(last.id),
            _ => break,
        }
    }
    Ok((
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
            (
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"audit.csv\"",
            ),
        ],
        out,
    )
        .into_response())
}
