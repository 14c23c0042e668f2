//! A Zammad for tests, in memory. A real one wants Ruby, PostgreSQL, Redis and a
//! package of its maker's; this does what its public documentation and source say
//! of the part of the REST API that clients use, its oddities with it: names that
//! are not known are 422, a pending state wants a time, articles are in no list of
//! changes, each ticket has a history of numbered rows, a merge moves articles away.
//!
//! Everybody acts by HTTP with their login as token. That the field's own client
//! (`zammad_py`) works with it is a test of `connect`.

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

/// Its groups, and whether each is active.
const GROUPS: [(&str, bool); 4] = [
    ("Users", true),
    ("Grid", true),
    ("Closed", false),
    ("Hidden", true),
];
const STATES: [&str; 6] = [
    "new",
    "open",
    "pending reminder",
    "closed",
    "merged",
    "pending close",
];
const PRIORITIES: [&str; 3] = ["1 low", "2 normal", "3 high"];
/// The agents with what they may do in which group, by its number; 1 is the system.
const AGENTS: [(&str, &[(u64, &str)]); 4] = [
    ("-", &[]),
    ("bridge", &[(1, "full"), (2, "full"), (3, "full")]),
    ("ada", &[(1, "full"), (2, "full"), (4, "full")]),
    ("watcher", &[(2, "read"), (2, "overview")]),
];
/// The columns of a ticket that a client may set.
const SETTABLE: [&str; 9] = [
    "title",
    "group_id",
    "state_id",
    "priority_id",
    "owner_id",
    "customer_id",
    "pending_time",
    "note",
    // Of this desk's own making, as an administrator adds them.
    "severity",
];

/// A running one. It ends with the runtime that it was started in.
#[derive(Debug, Clone)]
pub struct ZammadServer {
    /// Its own address, without a slash at the end.
    pub url: String,
    desk: Shared,
}

type Shared = Arc<Mutex<Desk>>;

#[derive(Debug, Default)]
struct Desk {
    users: Vec<User>,
    tickets: Vec<Map<String, Value>>,
    articles: Vec<Map<String, Value>>,
    /// What is in the files of articles.
    files: Vec<Vec<u8>>,
    rows: Vec<Value>,
    links: Vec<(String, u64, u64)>,
    tags: BTreeMap<u64, Vec<String>>,
}

#[derive(Debug, Clone)]
struct User {
    login: String,
    groups: Vec<(u64, String)>,
    agent: bool,
}

impl ZammadServer {
    /// Starts one on this machine, with a port of its own.
    pub async fn start() -> ZammadServer {
        let mut desk = Desk::default();
        for (login, groups) in AGENTS {
            desk.users.push(User {
                login: login.to_owned(),
                groups: groups
                    .iter()
                    .map(|(id, r)| (*id, (*r).to_owned()))
                    .collect(),
                agent: login != "-",
            });
        }
        desk.customer("rita@tests.example");
        let desk = Arc::new(Mutex::new(desk));
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

/// What went wrong: status and words.
type Refusal = (StatusCode, String);

fn refuse<T>(status: u16, words: impl Into<String>) -> Result<T, Refusal> {
    Err((StatusCode::from_u16(status).unwrap(), words.into()))
}

#[expect(clippy::disallowed_methods, reason = "a server has a clock of its own")]
fn now() -> String {
    let at = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    written(i64::try_from(at).unwrap())
}

/// Milliseconds since 1970 as `2026-11-27T06:49:12.345Z`.
fn written(at: i64) -> String {
    let (days, day) = (at.div_euclid(86_400_000), at.rem_euclid(86_400_000));
    // Days to a date, by the civil calendar counted from March.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}.{:03}Z",
        day / 3_600_000,
        day / 60_000 % 60,
        day / 1_000 % 60,
        day % 1_000
    )
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Where a name stands in a list, as a number from 1.
fn place(names: &[&str], wanted: &str) -> Option<u64> {
    let at = names.iter().position(|name| *name == wanted)?;
    Some(at as u64 + 1)
}

fn named(names: &[&str], id: &Value) -> Value {
    let at = number(id).unwrap_or(0) as usize;
    names
        .get(at.wrapping_sub(1))
        .map_or(Value::Null, |name| json!(name))
}

impl Desk {
    fn customer(&mut self, address: &str) -> u64 {
        let address = address.to_lowercase();
        if let Some(at) = self.users.iter().position(|u| u.login == address) {
            return at as u64 + 1;
        }
        self.users.push(User {
            login: address,
            groups: Vec::new(),
            agent: false,
        });
        self.users.len() as u64
    }

    fn user(&self, id: u64) -> Option<&User> {
        self.users.get((id as usize).checked_sub(1)?)
    }

    fn login(&self, id: &Value) -> Value {
        let user = number(id).and_then(|id| self.user(id));
        user.map_or(Value::Null, |user| json!(user.login))
    }

    fn user_json(&self, id: u64) -> Value {
        let Some(user) = self.user(id) else {
            return Value::Null;
        };
        let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (group, right) in &user.groups {
            groups.entry(group.to_string()).or_default().push(right);
        }
        let name = user.login.split('@').next().unwrap_or_default();
        let email = if user.login.contains('@') {
            user.login.clone()
        } else {
            format!("{}@zammad.example", user.login)
        };
        json!({
            "id": id, "login": user.login, "firstname": name, "lastname": "Tester",
            "email": email, "active": true, "group_ids": groups,
            "roles": [if user.agent { "Agent" } else { "Customer" }],
        })
    }

    fn may(&self, who: u64, ticket: &Map<String, Value>, right: &str) -> bool {
        let group = number(&ticket["group_id"]).unwrap_or(0);
        let user = self.user(who);
        let customer = user.is_some_and(|u| !u.agent)
            && number(&ticket["customer_id"]) == Some(who)
            && matches!(right, "read" | "change" | "create");
        customer
            || user.is_some_and(|user| {
                let of = user.groups.iter().filter(|(id, _)| *id == group);
                of.into_iter().any(|(_, has)| has == "full" || has == right)
            })
    }

    fn index(&self, id: u64) -> Option<usize> {
        self.tickets
            .iter()
            .position(|t| number(&t["id"]) == Some(id))
    }

    /// A ticket's place, if the person may do that with it.
    fn ticket(&self, who: u64, id: u64, right: &str) -> Result<usize, Refusal> {
        let Some(at) = self.index(id) else {
            return refuse(404, format!("Couldn't find Ticket with 'id'={id}"));
        };
        if !self.may(who, &self.tickets[at], right) {
            return refuse(403, "Not authorized");
        }
        Ok(at)
    }

    fn expanded(&self, at: usize) -> Value {
        let ticket = &self.tickets[at];
        let mut all = ticket.clone();
        let groups = GROUPS.map(|(name, _)| name);
        all.insert("group".into(), named(&groups, &ticket["group_id"]));
        all.insert("state".into(), named(&STATES, &ticket["state_id"]));
        all.insert(
            "priority".into(),
            named(&PRIORITIES, &ticket["priority_id"]),
        );
        for name in ["owner", "customer", "created_by", "updated_by"] {
            let id = &ticket[&format!("{name}_id")];
            all.insert(name.into(), self.login(id));
        }
        let of = self
            .articles
            .iter()
            .filter(|a| a["ticket_id"] == ticket["id"]);
        all.insert("article_ids".into(), of.map(|a| a["id"].clone()).collect());
        Value::Object(all)
    }

    /// Of a ticket as its form asks: with names, or the numbers alone.
    fn shown(&self, at: usize, expand: bool) -> Value {
        if expand {
            self.expanded(at)
        } else {
            Value::Object(self.tickets[at].clone())
        }
    }

    /// Names in what a client sent become numbers.
    fn converted(&self, sent: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
        let mut all = sent.clone();
        let groups = GROUPS.map(|(name, _)| name);
        for (name, known) in [
            ("group", &groups[..]),
            ("state", &STATES[..]),
            ("priority", &PRIORITIES[..]),
        ] {
            if let Some(value) = all.remove(name) {
                let Some(id) = place(known, &text(&value)) else {
                    return refuse(422, format!("No lookup value found for '{name}': {value}"));
                };
                all.insert(format!("{name}_id"), json!(id));
            }
        }
        for name in ["owner", "customer"] {
            if let Some(value) = all.remove(name) {
                let wanted = text(&value).to_lowercase();
                let Some(at) = self.users.iter().position(|u| u.login == wanted) else {
                    return refuse(422, format!("No lookup value found for '{name}': {value}"));
                };
                all.insert(format!("{name}_id"), json!(at + 1));
            }
        }
        Ok(all)
    }

    fn row(&mut self, who: u64, mut row: Value) {
        row["id"] = json!(self.rows.len() + 1);
        row["created_by_id"] = json!(who);
        row["created_at"] = json!(now());
        self.rows.push(row);
    }

    fn touch(&mut self, who: u64, at: usize) {
        let ticket = &mut self.tickets[at];
        ticket.insert("updated_at".into(), json!(now()));
        ticket.insert("updated_by_id".into(), json!(who));
    }

    fn create(&mut self, who: u64, sent: &Map<String, Value>) -> Result<usize, Refusal> {
        let mut all = self.converted(sent)?;
        if let Some(address) = text(&all["customer_id"].clone()).strip_prefix("guess:") {
            let id = self.customer(address);
            all.insert("customer_id".into(), json!(id));
        }
        let agent = self.user(who).is_some_and(|u| u.agent);
        if !agent {
            all.insert("customer_id".into(), json!(who));
        }
        let Some(group) = all.get("group_id").and_then(number) else {
            return refuse(422, "Missing required value for field 'group_id'!");
        };
        if all.get("title").is_none_or(|title| text(title).is_empty()) {
            return refuse(422, "Missing required value for field 'title'!");
        }
        if all.get("customer_id").and_then(number).is_none() {
            return refuse(422, "Missing required value for field 'customer_id'!");
        }
        let id = self.tickets.len() as u64 + 1;
        let mut ticket: Map<String, Value> = json!({
            "id": id, "number": (20_000 + id).to_string(), "group_id": group, "state_id": 1,
            "priority_id": 2, "owner_id": 1, "note": null, "pending_time": null,
            "created_by_id": who, "created_at": now(), "preferences": {}, "severity": null,
            "organization_id": null, "type": null,
        })
        .as_object()
        .unwrap()
        .clone();
        self.assign(&mut ticket, &all)?;
        if agent && !self.may(who, &ticket, "create") {
            return refuse(403, "Not authorized");
        }
        // What comes with it is made with it or not at all.
        let article = all.get("article").cloned();
        if let Some(article) = &article
            && article.get("body").is_none()
        {
            return refuse(422, "Need at least article: { body: \"some text\" }");
        }
        self.tickets.push(ticket);
        let at = self.tickets.len() - 1;
        self.touch(who, at);
        self.row(
            who,
            json!({"o_id": id, "object": "Ticket", "type": "created"}),
        );
        if let Some(article) = article.as_ref().and_then(Value::as_object) {
            self.write(who, id, article)?;
        }
        if let Some(tags) = all.get("tags").and_then(Value::as_str) {
            let tags = tags.split(',').map(|tag| tag.trim().to_owned());
            self.tags.insert(id, tags.collect());
        }
        Ok(at)
    }

    fn assign(
        &self,
        ticket: &mut Map<String, Value>,
        all: &Map<String, Value>,
    ) -> Result<(), Refusal> {
        for name in SETTABLE {
            if let Some(value) = all.get(name) {
                ticket.insert(name.to_owned(), value.clone());
            }
        }
        let state = text(&named(&STATES, &ticket["state_id"]));
        if !state.starts_with("pending") {
            ticket.insert("pending_time".into(), Value::Null);
        } else if ticket["pending_time"].is_null() {
            return refuse(422, "Missing required value for field 'pending_time'!");
        }
        Ok(())
    }

    fn update(&mut self, who: u64, at: usize, sent: &Map<String, Value>) -> Result<(), Refusal> {
        let all = self.converted(sent)?;
        let before = self.tickets[at].clone();
        let mut after = before.clone();
        self.assign(&mut after, &all)?;
        if before["group_id"] != after["group_id"] && !self.may(who, &after, "create") {
            return refuse(403, "Not authorized");
        }
        self.tickets[at] = after.clone();
        for name in SETTABLE {
            if before[name] == after[name] {
                continue;
            }
            let word = |value: &Value| match name {
                "group_id" => text(&named(&GROUPS.map(|(name, _)| name), value)),
                "state_id" => text(&named(&STATES, value)),
                "priority_id" => text(&named(&PRIORITIES, value)),
                "owner_id" | "customer_id" => text(&self.login(value)),
                _ => text(value),
            };
            let row = json!({
                "o_id": before["id"], "object": "Ticket", "type": "updated",
                "attribute": name.strip_suffix("_id").unwrap_or(name),
                "value_from": word(&before[name]), "value_to": word(&after[name]),
                "id_from": number(&before[name]), "id_to": number(&after[name]),
            });
            self.row(who, row);
        }
        if before != after {
            self.touch(who, at);
        }
        if let Some(article) = all.get("article").and_then(Value::as_object) {
            self.write(who, number(&before["id"]).unwrap(), article)?;
        }
        Ok(())
    }

    /// Writes an article.
    fn write(
        &mut self,
        who: u64,
        ticket: u64,
        sent: &Map<String, Value>,
    ) -> Result<usize, Refusal> {
        let Some(body) = sent.get("body").map(text) else {
            return refuse(422, "Need at least article: { body: \"some text\" }");
        };
        let mut files = Vec::new();
        for (index, file) in sent
            .get("attachments")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
        {
            for key in ["mime-type", "filename", "data"] {
                if file.get(key).is_none() {
                    return refuse(
                        422,
                        format!(
                            "Attachment needs '{key}' param for attachment with index '{index}'"
                        ),
                    );
                }
            }
            let Ok(bytes) = STANDARD.decode(text(&file["data"]).replace(['\r', '\n'], "")) else {
                return refuse(
                    422,
                    format!("Invalid base64 for attachment with index '{index}'"),
                );
            };
            self.files.push(bytes);
            files.push(json!({
                "id": self.files.len(), "filename": file["filename"],
                "size": self.files[self.files.len() - 1].len().to_string(),
                "preferences": {"Mime-Type": file["mime-type"]},
            }));
        }
        let agent = self.user(who).is_some_and(|u| u.agent);
        let sender = match sent.get("sender") {
            Some(named) if agent => text(named),
            _ if agent => "Agent".to_owned(),
            _ => "Customer".to_owned(),
        };
        let id = self.articles.len() as u64 + 1;
        let login = text(&self.login(&json!(who)));
        let article = json!({
            "id": id, "ticket_id": ticket, "body": body, "sender": sender,
            "type": sent.get("type").map_or("note".to_owned(), text),
            "content_type": sent.get("content_type").map_or("text/plain".to_owned(), text),
            "internal": agent && sent.get("internal") == Some(&json!(true)),
            "message_id": sent.get("message_id").cloned().unwrap_or(Value::Null),
            "subject": sent.get("subject").cloned().unwrap_or(Value::Null),
            "from": format!("{login} Tester"), "created_by_id": who, "created_by": login,
            "created_at": now(), "updated_at": now(), "attachments": files,
        });
        self.articles.push(article.as_object().unwrap().clone());
        self.row(
            who,
            json!({"o_id": id, "object": "Ticket::Article", "type": "created",
                   "related_o_id": ticket, "related_object": "Ticket"}),
        );
        if let Some(at) = self.index(ticket) {
            self.touch(who, at);
        }
        Ok(self.articles.len() - 1)
    }

    fn merge(&mut self, who: u64, from: usize, into: usize) {
        let source = number(&self.tickets[from]["id"]).unwrap();
        let target = number(&self.tickets[into]["id"]).unwrap();
        for article in &mut self.articles {
            if number(&article["ticket_id"]) == Some(source) {
                article.insert("ticket_id".into(), json!(target));
            }
        }
        let note = json!({"body": "merged", "internal": false, "sender": "System"});
        let _ = self.write(who, source, note.as_object().unwrap());
        self.links.push(("parent".into(), source, target));
        let merged = json!({"o_id": source, "object": "Ticket", "type": "merged_into",
                            "id_to": target, "id_from": source});
        self.row(who, merged);
        let received = json!({"o_id": target, "object": "Ticket", "type": "received_merge",
                              "id_to": target, "id_from": source});
        self.row(who, received);
        let state = json!({"state": "merged", "owner_id": 1});
        let _ = self.update(who, from, state.as_object().unwrap());
        self.touch(who, into);
    }

    fn history(&self, ticket: u64) -> Value {
        let own = |row: &&Value| {
            let of = |name: &str| number(&row[name]) == Some(ticket);
            (row["object"] == "Ticket" && of("o_id"))
                || (row["object"] == "Ticket::Article" && of("related_o_id"))
        };
        let rows: Vec<&Value> = self.rows.iter().filter(own).collect();
        let users: Map<String, Value> = rows
            .iter()
            .filter_map(|row| number(&row["created_by_id"]))
            .map(|id| (id.to_string(), self.user_json(id)))
            .collect();
        json!({"history": rows, "assets": {"User": users}})
    }

    /// The tickets that fulfil a condition, which is put to the database.
    fn selected(&self, condition: &Map<String, Value>) -> Result<Vec<usize>, Refusal> {
        let mut found: Vec<usize> = (0..self.tickets.len()).collect();
        for (name, one) in condition {
            let (operator, value) = (text(&one["operator"]), &one["value"]);
            let is = |stored: &Value| match value {
                Value::Array(any) => any.iter().any(|v| text(v) == text(stored)),
                one => text(one) == text(stored),
            };
            match (name.split_once('.'), operator.as_str()) {
                (Some(("ticket", column)), "after (absolute)") => {
                    found.retain(|at| text(&self.tickets[*at][column]) > text(value));
                }
                (Some(("ticket", column)), "is") => {
                    found.retain(|at| is(self.tickets[*at].get(column).unwrap_or(&Value::Null)))
                }
                (Some(("article", column)), "is") => {
                    let of: Vec<&Value> = self
                        .articles
                        .iter()
                        .filter(|a| is(a.get(column).unwrap_or(&Value::Null)))
                        .map(|a| &a["ticket_id"])
                        .collect();
                    found.retain(|at| of.contains(&&self.tickets[*at]["id"]));
                }
                _ => return refuse(500, format!("invalid selector {name} {operator}")),
            }
        }
        Ok(found)
    }
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
