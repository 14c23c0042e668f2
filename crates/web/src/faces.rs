//! Faces: the desk as other helpdesks' REST interfaces show themselves, enough of
//! them for scripts that were written for such a system. Thin: what may be done
//! and what follows from it is the desk's, as everywhere; each face only has its
//! partner's paths, words and errors.
//!
//! What has a number there and none here gets one that its ticket's number and its
//! place in the ticket make: it stays, and names no other thing.

mod query;
mod rt;
mod zammad;

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use desk::list::TicketQuery;
use desk::patch::Patch;
use desk::view::{EntryView, FileView, TicketView};
use desk::{Catalogue, Error, NewFile, TokenScope};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::{Map, Value};
use store::list::{Item, Sort};
use switchboard_core::exchange::Words;
use switchboard_core::{Actor, Millis, Status, TicketNumber};

use crate::AppState;
use crate::api::caller::{Caller, caller_by, unauthenticated};
use crate::problem::{PROBLEM_JSON, Problem};

/// Room for a file in base64 and what stands around it, in bytes.
const AROUND_A_FILE: usize = 64 * 1024;
/// Entries of a ticket in these faces; their numbers have five places for them.
const MOST_ENTRIES: i64 = 99_999;
/// Files of an entry; their numbers have two places for them.
const MOST_FILES: usize = 99;
/// Rows on a page.
const MOST_ROWS: i64 = 100;
/// Rows up to which pages are counted: who wants more asks for something narrower.
const FARTHEST: i64 = 10_000;

/// The faces, for the router of the whole.
pub(crate) fn router(max_attachment: usize) -> Router<AppState> {
    let most = max_attachment.saturating_mul(4) / 3 + AROUND_A_FILE;
    rt::router()
        .merge(zammad::router())
        .layer(DefaultBodyLimit::max(most))
}

/// Paths of the faces.
pub(crate) fn is_face(path: &str) -> bool {
    path.starts_with("/REST/2.0/") || path.starts_with("/zammad/api/v1/")
}

/// Somebody with a token, in the ways in which those systems are sent one.
async fn caller(parts: &Parts, app: &AppState, scope: TokenScope) -> Result<Caller, Problem> {
    let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return Err(unauthenticated(
            "send one Authorization header with a token",
        ));
    };
    let secret = value.to_str().ok().and_then(secret_in).ok_or_else(|| {
        unauthenticated(
            "send Authorization: token and a token of this desk, or Token token= and it",
        )
    })?;
    caller_by(secret, app).await?.needs(scope)
}

/// `token SECRET`, `Token token=SECRET` or `Bearer SECRET`.
fn secret_in(value: &str) -> Option<&str> {
    let (scheme, rest) = value.trim().split_once(' ')?;
    let rest = rest.trim();
    let secret = if scheme.eq_ignore_ascii_case("bearer") {
        rest
    } else if scheme.eq_ignore_ascii_case("token") {
        rest.strip_prefix("token=")
            .unwrap_or(rest)
            .trim_matches('"')
    } else {
        return None;
    };
    (!secret.is_empty()).then_some(secret)
}

/// A caller who may read.
struct Reads(Caller);

/// A caller who may change something.
struct Writes(Caller);

impl FromRequestParts<AppState> for Reads {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        Ok(Reads(caller(parts, app, TokenScope::Read).await?))
    }
}

impl FromRequestParts<AppState> for Writes {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        Ok(Writes(caller(parts, app, TokenScope::Write).await?))
    }
}

/// The words of a problem, to be put into the partner's shape; `None`: it is no
/// problem.
async fn problem_in(
    response: Response,
) -> Result<Response, (axum::http::StatusCode, HeaderMap, String)> {
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != PROBLEM_JSON) {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = body
        .collect()
        .await
        .map(|b| b.to_bytes())
        .unwrap_or_default();
    let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let words = ["detail", "title"]
        .iter()
        .find_map(|key| json[*key].as_str());
    let mut headers = parts.headers;
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_TYPE);
    Err((parts.status, headers, words.unwrap_or("refused").to_owned()))
}

/// The object that a body holds.
fn object(bytes: &Bytes) -> Result<Map<String, Value>, Problem> {
    let bad = || Problem::malformed("the body is not a JSON object");
    if bytes.contains(&0) || bytes.windows(6).any(|six| six == b"\\u0000") {
        return Err(Problem::malformed(
            "has a NUL character, which can not be stored",
        ));
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(map),
        _ => Err(bad()),
    }
}

/// A text or a number as text; `None`: it is not there, or empty.
fn text_of(map: &Map<String, Value>, key: &str) -> Result<Option<String>, Problem> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|t| !t.trim().is_empty())),
        Some(Value::Number(n)) => Ok(Some(n.to_string())),
        Some(_) => Err(Problem::wrong_shape(key, "takes a text")),
    }
}

/// One address, or several.
fn texts_of(map: &Map<String, Value>, key: &str) -> Result<Vec<String>, Problem> {
    match map.get(key) {
        Some(Value::Array(all)) => all
            .iter()
            .map(|one| one.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| Problem::wrong_shape(key, "takes texts")),
        _ => Ok(text_of(map, key)?
            .into_iter()
            .flat_map(|text| {
                text.split(',')
                    .map(|t| t.trim().to_owned())
                    .collect::<Vec<_>>()
            })
            .filter(|text| !text.is_empty())
            .collect()),
    }
}

/// Refuses what is neither taken nor may be left out silently.
fn only(map: &Map<String, Value>, known: &[&str]) -> Result<(), Problem> {
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(Problem::wrong_shape(
            key.clone(),
            format!("is not taken here; this path takes {}", known.join(", ")),
        )),
    }
}

/// Texts are plain here.
fn plain(map: &Map<String, Value>, key: &str) -> Result<(), Problem> {
    match map.get(key).and_then(Value::as_str) {
        None | Some("text/plain") => Ok(()),
        Some(_) => Err(Problem::wrong_shape(key, "takes text/plain only")),
    }
}

/// A file in base64.
fn file(name: String, media_type: String, content: &str) -> Result<NewFile, Problem> {
    let content: String = content.split_ascii_whitespace().collect();
    let bytes = STANDARD
        .decode(content)
        .map_err(|_| Problem::wrong_shape(name.clone(), "is not in base64"))?;
    Ok(NewFile {
        name,
        media_type,
        bytes,
        content_id: None,
    })
}

/// Where tickets lie, as queue or group: a service, else a unit.
enum Place {
    Service(String),
    Unit(String),
}

fn place(catalogue: &Catalogue, field: &str, name: &str) -> Result<Place, Error> {
    if let Ok(service) = catalogue.find_service(field, name) {
        return Ok(Place::Service(service.key.clone()));
    }
    match catalogue.find_unit(field, name) {
        Ok(unit) => Ok(Place::Unit(unit.key.clone())),
        Err(_) => Err(Error::invalid(
            field,
            format!("there is no service and no unit {name:?}"),
        )),
    }
}

impl Place {
    /// Service and unit, for a request that names one of them.
    fn service_or_unit(self) -> (Option<String>, Option<String>) {
        match self {
            Place::Service(key) => (Some(key), None),
            Place::Unit(key) => (None, Some(key)),
        }
    }

    /// The condition of our query language for what lies there.
    fn query(&self) -> String {
        match self {
            Place::Service(key) => format!("service:{}", query::quoted(key)),
            Place::Unit(key) => format!("unit:{}", query::quoted(key)),
        }
    }

    /// Has a change move a ticket there.
    fn put_into(self, patch: &mut Patch) {
        match self {
            Place::Service(key) => patch.service = Some(Some(key)),
            Place::Unit(key) => patch.unit = Some(key),
        }
    }
}

/// The place of a ticket: its service, else its unit.
fn place_of(ticket: &TicketView) -> (&str, &str) {
    match &ticket.service {
        Some(service) => (&service.key, &service.name),
        None => (&ticket.unit.key, &ticket.unit.name),
    }
}

/// A page of tickets, by number of page; whether there are more.
async fn page_of(
    app: &AppState,
    actor: &Actor,
    q: String,
    sort: Sort,
    page: i64,
    rows: i64,
) -> Result<(Vec<TicketView>, bool), Problem> {
    if page.saturating_mul(rows) > FARTHEST {
        let most = format!("pages end after {FARTHEST} rows; ask for something narrower");
        return Err(Problem::wrong_shape("page", most));
    }
    let mut cursor = None;
    let mut items: Vec<Item> = Vec::new();
    for number in 1..=page {
        let query = TicketQuery {
            q: q.clone(),
            sort,
            cursor,
            limit: rows,
            ..TicketQuery::default()
        };
        let found = app.desk.tickets(actor, query).await?;
        cursor = found.next;
        if number == page {
            items = found.items;
        } else if cursor.is_none() {
            break;
        }
    }
    let mut tickets = Vec::new();
    for item in items {
        match app.desk.ticket(actor, item.number).await {
            Ok(ticket) => tickets.push(ticket),
            // It went out of sight meanwhile.
            Err(Error::NotFound { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Ok((tickets, cursor.is_some()))
}

/// Page and rows on it, from a query.
fn paging(asked: &BTreeMap<String, String>, rows: i64) -> Result<(i64, i64), Problem> {
    let number = |key: &str, fallback: i64, most: i64| match asked.get(key) {
        None => Ok(fallback),
        Some(text) => text
            .parse()
            .ok()
            .filter(|n| (1..=most).contains(n))
            .ok_or_else(|| Problem::wrong_shape(key, format!("takes 1 to {most}"))),
    };
    Ok((
        number("page", 1, FARTHEST)?,
        number("per_page", rows, MOST_ROWS)?,
    ))
}

/// The number of an entry.
fn entry_number(ticket: TicketNumber, seq: i64) -> i64 {
    ticket
        .0
        .saturating_mul(MOST_ENTRIES + 1)
        .saturating_add(seq)
}

/// Which entry a number is.
fn entry_at(text: &str) -> Option<(TicketNumber, i64)> {
    let number: i64 = text.parse().ok().filter(|n| *n > 0)?;
    Some((
        TicketNumber(number / (MOST_ENTRIES + 1)),
        number % (MOST_ENTRIES + 1),
    ))
}

/// An entry that the actor may see.
async fn entry_by(
    app: &AppState,
    actor: &Actor,
    ticket: TicketNumber,
    seq: i64,
) -> Result<EntryView, Error> {
    let found = app.desk.entries(actor, ticket, seq - 1, 1).await?;
    let entry = found.into_iter().find(|entry| entry.seq == seq);
    entry.ok_or_else(|| Error::not_found("such entry"))
}

/// A file of an entry by its place, from 1.
fn file_at(entry: &EntryView, place: usize) -> Result<&FileView, Error> {
    let found = place.checked_sub(1).and_then(|at| entry.files.get(at));
    found.ok_or_else(|| Error::not_found("such attachment"))
}

/// Every entry of a ticket that the actor may see, the oldest first.
async fn entries_of(
    app: &AppState,
    actor: &Actor,
    ticket: TicketNumber,
) -> Result<Vec<EntryView>, Error> {
    app.desk.entries(actor, ticket, 0, MOST_ENTRIES).await
}

/// What was written last for the requester: what a ticket is solved with when a
/// script closes it without a word, as in an exchange.
async fn last_word(
    app: &AppState,
    actor: &Actor,
    ticket: TicketNumber,
) -> Result<Option<String>, Error> {
    let entries = entries_of(app, actor, ticket).await?;
    let answer = |e: &&EntryView| {
        e.visibility == switchboard_core::EntryVisibility::Public
            && matches!(e.author_side.as_str(), "support" | "external")
            && !e.body.trim().is_empty()
    };
    Ok(entries.iter().rev().find(answer).map(|e| e.body.clone()))
}

/// Their word for a status.
fn word(words: &Words, status: Status) -> String {
    words.there(status.key()).unwrap_or_default().to_owned()
}

/// Our statuses for a word of theirs.
fn statuses(words: &Words, theirs: &str) -> Vec<&'static str> {
    let same = |status: &Status| words.means(status.key(), theirs);
    Status::ALL
        .into_iter()
        .filter(same)
        .map(Status::key)
        .collect()
}

/// RFC 3339, to the second.
fn time(at: Millis) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_in_each_way_in_which_those_systems_get_one() {
        for good in [
            "token abc",
            "Token token=abc",
            "Bearer abc",
            "Token token=\"abc\"",
        ] {
            assert_eq!(secret_in(good), Some("abc"), "{good}");
        }
        for bad in ["abc", "Basic abc", "token ", "Token token="] {
            assert_eq!(secret_in(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_has_no_number_here_gets_one_that_names_it_alone() {
        let number = entry_number(TicketNumber(4_712), 17);
        assert_eq!(
            entry_at(&number.to_string()),
            Some((TicketNumber(4_712), 17))
        );
        for bad in ["", "x", "-1", "0"] {
            assert_eq!(entry_at(bad), None, "{bad}");
        }
    }
}
