//! What the Zammad of the tests keeps, and its rules.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Its groups, and whether each is active.
pub(super) const GROUPS: [(&str, bool); 4] = [
    ("Users", true),
    ("Grid", true),
    ("Closed", false),
    ("Hidden", true),
];
pub(super) const STATES: [&str; 6] = [
    "new",
    "open",
    "pending reminder",
    "closed",
    "merged",
    "pending close",
];
pub(super) const PRIORITIES: [&str; 3] = ["1 low", "2 normal", "3 high"];
/// The agents with what they may do in which group, by its number; 1 is the system.
pub(super) const AGENTS: [(&str, &[(u64, &str)]); 4] = [
    ("-", &[]),
    ("bridge", &[(1, "full"), (2, "full"), (3, "full")]),
    ("ada", &[(1, "full"), (2, "full"), (4, "full")]),
    ("watcher", &[(2, "read"), (2, "overview")]),
];
/// The columns of a ticket that a client may set.
pub(super) const SETTABLE: [&str; 9] = [
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

#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) users: Vec<User>,
    pub(super) tickets: Vec<Map<String, Value>>,
    pub(super) articles: Vec<Map<String, Value>>,
    /// What is in the files of articles.
    pub(super) files: Vec<Vec<u8>>,
    pub(super) rows: Vec<Value>,
    pub(super) links: Vec<(String, u64, u64)>,
    pub(super) tags: BTreeMap<u64, Vec<String>>,
}

#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) login: String,
    pub(super) groups: Vec<(u64, String)>,
    pub(super) agent: bool,
}

/// What went wrong: status and words.
pub(super) type Refusal = (StatusCode, String);

pub(super) fn refuse<T>(status: u16, words: impl Into<String>) -> Result<T, Refusal> {
    Err((StatusCode::from_u16(status).unwrap(), words.into()))
}

#[expect(clippy::disallowed_methods, reason = "a server has a clock of its own")]
pub(super) fn now() -> String {
    let at = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    written(i64::try_from(at).unwrap())
}

/// Milliseconds since 1970 as `2026-11-27T06:49:12.345Z`.
pub(super) fn written(at: i64) -> String {
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

pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Where a name stands in a list, as a number from 1.
pub(super) fn place(names: &[&str], wanted: &str) -> Option<u64> {
    let at = names.iter().position(|name| *name == wanted)?;
    Some(at as u64 + 1)
}

pub(super) fn named(names: &[&str], id: &Value) -> Value {
    let at = number(id).unwrap_or(0) as usize;
    names
        .get(at.wrapping_sub(1))
        .map_or(Value::Null, |name| json!(name))
}

impl Desk {
    /// With its agents, and a customer.
    pub(super) fn with_people() -> Desk {
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
        desk
    }

    pub(super) fn customer(&mut self, address: &str) -> u64 {
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

    pub(super) fn user(&self, id: u64) -> Option<&User> {
        self.users.get((id as usize).checked_sub(1)?)
    }

    pub(super) fn login(&self, id: &Value) -> Value {
        let user = number(id).and_then(|id| self.user(id));
        user.map_or(Value::Null, |user| json!(user.login))
    }

    pub(super) fn user_json(&self, id: u64) -> Value {
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

    pub(super) fn may(&self, who: u64, ticket: &Map<String, Value>, right: &str) -> bool {
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

    pub(super) fn index(&self, id: u64) -> Option<usize> {
        self.tickets
            .iter()
            .position(|t| number(&t["id"]) == Some(id))
    }

    /// A ticket's place, if the person may do that with it.
    pub(super) fn ticket(&self, who: u64, id: u64, right: &str) -> Result<usize, Refusal> {
        let Some(at) = self.index(id) else {
            return refuse(404, format!("Couldn't find Ticket with 'id'={id}"));
        };
        if !self.may(who, &self.tickets[at], right) {
            return refuse(403, "Not authorized");
        }
        Ok(at)
    }

    pub(super) fn expanded(&self, at: usize) -> Value {
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
    pub(super) fn shown(&self, at: usize, expand: bool) -> Value {
        if expand {
            self.expanded(at)
        } else {
            Value::Object(self.tickets[at].clone())
        }
    }

    /// Names in what a client sent become numbers.
    pub(super) fn converted(
        &self,
        sent: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Refusal> {
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

    pub(super) fn row(&mut self, who: u64, mut row: Value) {
        row["id"] = json!(self.rows.len() + 1);
        row["created_by_id"] = json!(who);
        row["created_at"] = json!(now());
        self.rows.push(row);
    }

    pub(super) fn touch(&mut self, who: u64, at: usize) {
        let ticket = &mut self.tickets[at];
        ticket.insert("updated_at".into(), json!(now()));
        ticket.insert("updated_by_id".into(), json!(who));
    }

    pub(super) fn create(&mut self, who: u64, sent: &Map<String, Value>) -> Result<usize, Refusal> {
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

    pub(super) fn assign(
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

    pub(super) fn update(
        &mut self,
        who: u64,
        at: usize,
        sent: &Map<String, Value>,
    ) -> Result<(), Refusal> {
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
    pub(super) fn write(
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

    pub(super) fn merge(&mut self, who: u64, from: usize, into: usize) {
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

    pub(super) fn history(&self, ticket: u64) -> Value {
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
    pub(super) fn selected(&self, condition: &Map<String, Value>) -> Result<Vec<usize>, Refusal> {
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
