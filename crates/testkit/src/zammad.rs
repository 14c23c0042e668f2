//! A Zammad for tests, in memory. A real one wants Ruby, PostgreSQL, Redis and a
//! package of its maker's; this does what its public documentation and source say
//! of the part of the REST API that clients use, its oddities with it: names that
//! are not known are 422, a pending state wants a time, articles are in no list of
//! changes, each ticket has a history of numbered rows, a merge moves articles away.
//!
//! Everybody acts by HTTP with their login as token. That the field's own client
//! (`zammad_py`) works with it is a test of `connect`.

// Whichever crate this file is a part of.
#[path = "zammad/desk.rs"]
mod desk;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use desk::{Desk, GROUPS, PRIORITIES, Refusal, STATES, number, refuse, text};

/// A running one. It ends with the runtime that it was started in.
#[derive(Debug, Clone)]
pub struct ZammadServer {
    /// Its own address, without a slash at the end.
    pub url: String,
    desk: Shared,
}

type Shared = Arc<Mutex<Desk>>;

impl ZammadServer {
    /// Starts one on this machine, with a port of its own.
    pub async fn start() -> ZammadServer {
        let desk = Arc::new(Mutex::new(Desk::with_people()));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = router(desk.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        ZammadServer { url, desk }
    }

    /// Somebody there does something by the API.
    pub async fn acts(&self, user: &str, method: &str, path: &str, body: &Value) -> Value {
        let guard = connect::Guard::new(connect::Reach::parse("127.0.0.1").unwrap());
        let request = axum::http::Request::builder()
            .method(method)
            .uri(format!("{}/api/v1{path}", self.url))
            .header("authorization", format!("Token token={user}"))
            .body(body.to_string().into_bytes())
            .unwrap();
        let answer = guard.exchange(request, 1024 * 1024).await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        serde_json::from_slice(answer.body()).unwrap()
    }

    /// Somebody has these rights there from now on, each with the number of its group, and
    /// no others.
    pub fn lets(&self, user: &str, rights: &[(u64, &'static str)]) {
        let mut desk = locked(&self.desk);
        let known = desk.users.iter_mut().find(|known| known.login == user);
        let rights = rights
            .iter()
            .map(|(group, right)| (*group, (*right).to_owned()));
        known.unwrap().groups = rights.collect();
    }

    /// How many tickets there are, merged ones too.
    pub fn tickets(&self) -> usize {
        locked(&self.desk).tickets.len()
    }

    /// The public and internal texts of a ticket, in order.
    pub fn bodies(&self, ticket: &str) -> Vec<String> {
        let desk = locked(&self.desk);
        let of = desk
            .articles
            .iter()
            .filter(|a| text(&a["ticket_id"]) == ticket);
        of.map(|a| text(&a["body"])).collect()
    }
}

fn locked(desk: &Shared) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request with who made it.
struct Asked {
    who: u64,
    sent: Map<String, Value>,
    query: BTreeMap<String, String>,
}

impl Asked {
    fn of(
        desk: &Desk,
        headers: &HeaderMap,
        query: BTreeMap<String, String>,
        body: &Bytes,
    ) -> Result<Asked, Refusal> {
        let value = headers.get(header::AUTHORIZATION);
        let value = value.and_then(|v| v.to_str().ok()).unwrap_or_default();
        let login = if let Some(token) = value.strip_prefix("Token token=") {
            token.to_owned()
        } else {
            let basic = value.strip_prefix("Basic ").unwrap_or_default();
            let basic = STANDARD.decode(basic).unwrap_or_default();
            let basic = String::from_utf8_lossy(&basic).into_owned();
            // A name is its own password.
            match basic.split_once(':') {
                Some((user, password)) if user == password => user.to_owned(),
                _ => String::new(),
            }
        };
        let known = desk
            .users
            .iter()
            .position(|u| u.login == login && u.login != "-");
        let Some(at) = known else {
            return refuse(401, "Invalid BasicAuth credentials or token");
        };
        let sent = if body.is_empty() {
            Map::new()
        } else {
            match serde_json::from_slice(body) {
                Ok(Value::Object(sent)) => sent,
                _ => return refuse(400, "the body is no JSON object"),
            }
        };
        Ok(Asked {
            who: at as u64 + 1,
            sent,
            query,
        })
    }

    fn expand(&self) -> bool {
        self.query.get("expand").is_some_and(|v| v == "true")
            || self.sent.get("expand") == Some(&json!(true))
    }

    fn number(&self, name: &str, otherwise: u64) -> u64 {
        let sent = self.sent.get(name).and_then(number);
        let asked = self.query.get(name).and_then(|v| v.parse().ok());
        sent.or(asked).unwrap_or(otherwise).max(1)
    }

    /// The part that a page shows.
    fn page<T>(&self, all: Vec<T>, most: u64) -> Vec<T> {
        let rows = self.number("per_page", 100).min(most) as usize;
        let skipped = (self.number("page", 1) as usize - 1) * rows;
        all.into_iter().skip(skipped).take(rows).collect()
    }
}

fn json_answer(done: Result<(u16, Value), Refusal>) -> Response {
    let (status, body) = match done {
        Ok((status, body)) => (StatusCode::from_u16(status).unwrap(), body),
        Err((status, words)) => (status, json!({"error": words, "error_human": words})),
    };
    // A proxy that loses and repeats needs to know where an answer ends.
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=utf-8"),
        (header::CONNECTION, "close"),
    ];
    (status, headers, body.to_string()).into_response()
}

type Numbers = Path<Vec<u64>>;

/// A handler of `act(desk, asked, numbers of the path)`.
macro_rules! on {
    ($act:expr) => {
        |State(desk): State<Shared>,
         path: Option<Numbers>,
         Query(query): Query<BTreeMap<String, String>>,
         headers: HeaderMap,
         body: Bytes| async move {
            let mut desk = locked(&desk);
            let numbers = path.map(|Path(numbers)| numbers).unwrap_or_default();
            let act: fn(&mut Desk, Asked, &[u64]) -> Result<(u16, Value), Refusal> = $act;
            json_answer(
                Asked::of(&desk, &headers, query, &body)
                    .and_then(|asked| act(&mut desk, asked, &numbers)),
            )
        }
    };
}

fn router(desk: Shared) -> Router {
    let api = Router::new()
        .route(
            "/users/me",
            get(on!(|desk, asked, _| Ok((200, desk.user_json(asked.who))))),
        )
        .route("/users/{id}", get(on!(a_user)))
        .route("/groups", get(on!(groups)))
        .route(
            "/ticket_states",
            get(on!(|_, _, _| Ok((200, words(&STATES))))),
        )
        .route(
            "/ticket_priorities",
            get(on!(|_, _, _| Ok((200, words(&PRIORITIES))))),
        )
        .route("/tickets", get(on!(all_tickets)).post(on!(new_ticket)))
        .route("/tickets/search", get(on!(search)).post(on!(search)))
        .route(
            "/tickets/{id}",
            get(on!(a_ticket))
                .put(on!(set_ticket))
                .delete(on!(drop_ticket)),
        )
        .route("/ticket_history/{id}", get(on!(history)))
        .route("/ticket_merge/{from}/{into}", put(on!(merge)))
        .route("/ticket_articles", post(on!(new_article)))
        .route("/ticket_articles/by_ticket/{id}", get(on!(articles)))
        .route(
            "/ticket_articles/{id}",
            get(on!(an_article)).put(on!(publish)),
        )
        .route("/ticket_attachment/{ticket}/{article}/{id}", get(file))
        .route("/links", get(on!(links)))
        .route("/links/add", post(on!(add_link)))
        .route("/links/remove", delete(on!(remove_link)));
    Router::new().nest("/api/v1", api).with_state(desk)
}

fn words(names: &[&str]) -> Value {
    let one = |(at, name): (usize, &&str)| json!({"id": at + 1, "name": name, "active": true});
    names.iter().enumerate().map(one).collect()
}

fn a_user(desk: &mut Desk, _: Asked, path: &[u64]) -> Result<(u16, Value), Refusal> {
    match desk.user_json(path[0]) {
        Value::Null => refuse(404, format!("Couldn't find User with 'id'={}", path[0])),
        user => Ok((200, user)),
    }
}

fn groups(desk: &mut Desk, asked: Asked, _: &[u64]) -> Result<(u16, Value), Refusal> {
    let user = desk.user(asked.who).unwrap();
    let seen = GROUPS
        .iter()
        .enumerate()
        .filter_map(|(at, (name, active))| {
            let id = at as u64 + 1;
            let has = user.groups.iter().any(|(group, _)| *group == id);
            has.then(|| json!({"id": id, "name": name, "active": active}))
        });
    Ok((200, seen.collect()))
}

fn seen(desk: &Desk, asked: &Asked, found: Vec<usize>) -> Vec<usize> {
    let mut seen = found;
    seen.retain(|at| desk.may(asked.who, &desk.tickets[*at], "read"));
    seen
}

fn all_tickets(desk: &mut Desk, asked: Asked, _: &[u64]) -> Result<(u16, Value), Refusal> {
    let all = seen(desk, &asked, (0..desk.tickets.len()).collect());
    let page = asked.page(all, 100).into_iter();
    Ok((200, page.map(|at| desk.shown(at, asked.expand())).collect()))
}

fn new_ticket(desk: &mut Desk, asked: Asked, _: &[u64]) -> Result<(u16, Value), Refusal> {
    let at = desk.create(asked.who, &asked.sent)?;
    Ok((201, desk.shown(at, asked.expand())))
}

fn a_ticket(desk: &mut Desk, asked: Asked, path: &[u64]) -> Result<(u16, Value), Refusal> {
    let at = desk.ticket(asked.who, path[0], "read")?;
    Ok((200, desk.shown(at, asked.expand())))
}

fn set_ticket(desk: &mut Desk, asked: Asked, path: &[u64]) -> Result<(u16, Value), Refusal> {
    let at = desk.ticket(asked.who, path[0], "change")?;
    desk.update(asked.who, at, &asked.sent)?;
    Ok((200, desk.shown(at, asked.expand())))
}

fn drop_ticket(desk: &mut Desk, asked: Asked, path: &[u64]) -> Result<(u16, Value), Refusal> {
    let at = desk.ticket(asked.who, path[0], "full")?;
    desk.tickets.remove(at);
    desk.articles
        .retain(|a| number(&a["ticket_id"]) != Some(path[0]));
    Ok((200, json!({})))
}

fn search(desk: &mut Desk, asked: Asked, _: &[u64]) -> Result<(u16, Value), Refusal> {
    let none = Map::new();
    let condition = asked.sent.get("condition").and_then(Value::as_object);
    let mut found = desk.selected(condition.unwrap_or(&none))?;
    if let Some(word) = asked.query.get("query") {
        let has = |value: &Value| text(value).to_lowercase().contains(&word.to_lowercase());
        found.retain(|at| {
            let ticket = &desk.tickets[*at];
            let of = desk
                .articles
                .iter()
                .filter(|a| a["ticket_id"] == ticket["id"]);
            has(&ticket["title"]) || of.into_iter().any(|a| has(&a["body"]))
        });
    }
    let page = asked.page(seen(desk, &asked, found), 200);
    if asked.expand() {
        return Ok((200, page.into_iter().map(|at| desk.expanded(at)).collect()));
    }
    let ids: Vec<Value> = page
        .iter()
        .map(|at| desk.tickets[*at]["id"].clone())
        .collect();
    let assets: Map<String, Value> = page
        .iter()
        .map(|at| (text(&desk.tickets[*at]["id"]), desk.shown(*at, false)))
        .collect();
    let found = json!({"tickets": ids, "tickets_count": ids.len(), "assets": {"Ticket": assets}});
    Ok((200, found))
}

fn history(desk: &mut Desk, asked: Asked, path: &[u64]) -> Result<(u16, Value), Refusal> {
    desk.ticket(asked.who, path[0], "read")?;
    Ok((200, desk.history(path[0])))
}

fn merge(desk: &mut Desk, asked: Asked, path: &[u64]) -> Result<(u16, Value), Refusal> {
    let from = desk.ticket(asked.who, path[0], "change")?;
    let numbered = |t: &Map<String, Value>| text(&t["number"]) == path[1].to_string();
    let Some(into) = desk.tickets.iter().position(numbered) else {
        let words = "The target ticket number could not be found.";
        return Ok((200, json!({"result": "failed", "message": words})));
    };
    desk.merge(asked.who, from, into);
    let (target, source) = (desk.shown(into, false), desk.shown(from, false));
    Ok((
        200,
        json!({"result": "success", "target_ticket": target, "source_ticket": source}),
    ))
}

fn new_article(desk: &mut Desk, asked: Asked, _: &[u64]) -> Result<(u16, Value), Refusal> {
    let ticket = asked.sent.get("ticket_id").and_then(number).unwrap_or(0);
    desk.ticket(asked.who, ticket, "change")?;
    let at = desk.write(asked.who, ticket, &asked.sent)?;
    Ok((201, Value::Object(desk.articles[at].clone())))
}

fn articles(desk: &mut Desk, asked: Asked, path: &[u64]) -> Result<(u16, Value), Refusal> {
    desk.ticket(asked.who, path[0], "read")?;
    let agent = desk.user(asked.who).is_some_and(|u| u.agent);
    let of = desk
        .articles
        .iter()
        .filter(|a| number(&a["ticket_id"]) == Some(path[0]));
    let of = of.filter(|a| agent || a["internal"] == false);
    Ok((200, of.map(|a| Value::Object(a.clone())).collect()))
}

/// An article's place, if the person may do that with its ticket.
fn article_of(desk: &Desk, who: u64, id: u64, right: &str) -> Result<usize, Refusal> {
    let Some(at) = desk
        .articles
        .iter()
        .position(|a| number(&a["id"]) == Some(id))
    else {
        return refuse(404, format!("Couldn't find Ticket::Article with 'id'={id}"));
    };
    let ticket = number(&desk.articles[at]["ticket_id"]).unwrap_or(0);
    desk.ticket(who, ticket, right)?;
    let agent = desk.user(who).is_some_and(|u| u.agent);
    if !agent && desk.articles[at]["internal"] == true {
        return refuse(403, "Not authorized");
    }
    Ok(at)
}

fn an_article(desk: &mut Desk, asked: Asked, path: &[u64]) -> Result<(u16, Value), Refusal> {
    let at = article_of(desk, asked.who, path[0], "read")?;
    Ok((200, Value::Object(desk.articles[at].clone())))
}

/// Of an article only that can be changed whether it is internal.
fn publish(desk: &mut Desk, asked: Asked, path: &[u64]) -> Result<(u16, Value), Refusal> {
    let at = article_of(desk, asked.who, path[0], "change")?;
    if let Some(internal) = asked.sent.get("internal").and_then(Value::as_bool) {
        let (before, ticket) = {
            let article = &mut desk.articles[at];
            let before = article["internal"] == true;
            article.insert("internal".into(), json!(internal));
            (before, number(&article["ticket_id"]).unwrap())
        };
        if before != internal {
            let row = json!({
                "o_id": path[0], "object": "Ticket::Article", "type": "updated",
                "attribute": "internal", "value_from": before.to_string(),
                "value_to": internal.to_string(), "related_o_id": ticket,
                "related_object": "Ticket",
            });
            desk.row(asked.who, row);
            if let Some(at) = desk.index(ticket) {
                desk.touch(asked.who, at);
            }
        }
    }
    Ok((200, Value::Object(desk.articles[at].clone())))
}

async fn file(
    State(desk): State<Shared>,
    Path((ticket, article, id)): Path<(u64, u64, u64)>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let desk = locked(&desk);
    let found = (|| {
        let asked = Asked::of(&desk, &headers, query, &Bytes::new())?;
        let at = article_of(&desk, asked.who, article, "read")?;
        if number(&desk.articles[at]["ticket_id"]) != Some(ticket) {
            return refuse(403, "The article does not belong to the specified ticket.");
        }
        let files = desk.articles[at]["attachments"].as_array().unwrap();
        if !files.iter().any(|f| number(&f["id"]) == Some(id)) {
            return refuse(403, "The file does not belong to the specified article.");
        }
        Ok(desk.files[id as usize - 1].clone())
    })();
    match found {
        Ok(bytes) => ([(header::CONNECTION, "close")], bytes).into_response(),
        Err(refusal) => json_answer(Err(refusal)),
    }
}

fn links(desk: &mut Desk, asked: Asked, _: &[u64]) -> Result<(u16, Value), Refusal> {
    let id = asked.number("link_object_value", 0);
    desk.ticket(asked.who, id, "read")?;
    let seen = desk.links.iter().filter_map(|(kind, of, with)| {
        let turned = match kind.as_str() {
            "parent" => "child",
            "child" => "parent",
            other => other,
        };
        let (kind, other) = match (*of == id, *with == id) {
            (true, _) => (kind.as_str(), with),
            (_, true) => (turned, of),
            _ => return None,
        };
        Some(json!({"link_type": kind, "link_object": "Ticket", "link_object_value": other}))
    });
    Ok((200, json!({"links": seen.collect::<Vec<_>>()})))
}

fn add_link(desk: &mut Desk, asked: Asked, _: &[u64]) -> Result<(u16, Value), Refusal> {
    let target = asked.number("link_object_target_value", 0);
    desk.ticket(asked.who, target, "change")?;
    let wanted = text(&asked.sent["link_object_source_number"]);
    let source = desk.tickets.iter().find(|t| text(&t["number"]) == wanted);
    let Some(source) = source.and_then(|t| number(&t["id"])) else {
        return refuse(422, "The target ticket could not be found.");
    };
    let link = (text(&asked.sent["link_type"]), target, source);
    if !desk.links.contains(&link) {
        desk.links.push(link);
    }
    Ok((201, json!({"link_type": asked.sent["link_type"]})))
}

fn remove_link(desk: &mut Desk, asked: Asked, _: &[u64]) -> Result<(u16, Value), Refusal> {
    let target = asked.number("link_object_target_value", 0);
    let source = asked.number("link_object_source_value", 0);
    desk.ticket(asked.who, target, "change")?;
    let kind = text(&asked.sent["link_type"]);
    desk.links
        .retain(|link| *link != (kind.clone(), target, source));
    Ok((201, json!({})))
}
