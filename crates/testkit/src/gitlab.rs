//! A GitLab for tests, in memory: what its public documentation says of issues, notes,
//! labels, events and uploads, its oddities with it: internal notes, notes that it
//! writes itself, lines that are orders, a moved issue that is closed and stays.
//!
//! Everybody acts by HTTP with their username as token. That the field's own client
//! (python-gitlab) works with it is a test of `connect`.

// Whichever crate this file is a part of.
#[path = "gitlab/links.rs"]
mod links;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::answering::{Answered, Asked, acts, answering};

/// Who is there: username, their level in every project, and what their token may.
const PEOPLE: [(&str, u64, &str); 8] = [
    ("bridge", 20, "api"),
    ("ada", 30, "api"),
    ("uma", 10, "api"),
    ("watcher", 10, "api"),
    ("reader", 20, "read_api"),
    ("grace", 30, "api"),
    ("zoe", 30, "api"),
    ("stranger", 0, "api"),
];
/// Which projects there are: path, visibility, and what is wrong with it.
const PROJECTS: [(&str, &str, &str); 6] = [
    ("lab/atlas", "private", ""),
    ("lab/other", "private", ""),
    ("lab/open", "public", ""),
    ("lab/old", "private", "archived"),
    ("lab/quiet", "private", "no issues"),
    ("lab/former", "private", "moved"),
];

#[derive(Debug, Default)]
struct Lab {
    issues: Vec<Value>,
    notes: Vec<Value>,
    states: Vec<Value>,
    labels: Vec<Value>,
    files: Vec<(String, String, Vec<u8>)>,
    links: Vec<links::Linked>,
    numbered: u64,
    busy: bool,
    /// It is its Free edition: an issue has one assignee, and blocks none.
    free: bool,
    /// The level of the bridge now, if that is less than at first; 0: it is no member.
    granted: Option<u64>,
}

/// A running one. It ends with the runtime that it was started in.
#[derive(Debug, Clone)]
pub struct GitLabServer {
    /// Its own address, without a slash at the end.
    pub url: String,
    lab: Arc<Mutex<Lab>>,
}

fn locked(lab: &Mutex<Lab>) -> MutexGuard<'_, Lab> {
    lab.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

impl GitLabServer {
    /// Starts one on this machine, with a port of its own.
    pub async fn start() -> GitLabServer {
        let lab: Arc<Mutex<Lab>> = Arc::default();
        let shared = lab.clone();
        let url = answering(move |asked| {
            locked(&shared)
                .answer(&asked)
                .unwrap_or_else(|refused| refused)
        })
        .await;
        GitLabServer { url, lab }
    }

    /// Somebody there does something by the API.
    pub async fn acts(&self, user: &str, method: &str, path: &str, body: &Value) -> Value {
        let token = ("private-token", user.to_owned());
        acts(&format!("{}/api/v4{path}", self.url), method, token, body).await
    }

    /// How many issues there are.
    pub fn tickets(&self) -> usize {
        locked(&self.lab).issues.len()
    }

    /// The texts of an issue of `lab/atlas`, internal ones too, in order.
    pub fn bodies(&self, iid: &str) -> Vec<String> {
        let lab = locked(&self.lab);
        let is = |json: &&Value| json["#project"] == "lab/atlas" && text(&json["#issue"]) == iid;
        let issue = lab
            .issues
            .iter()
            .filter(is)
            .map(|issue| text(&issue["description"]));
        let notes = lab
            .notes
            .iter()
            .filter(is)
            .filter(|note| note["system"] == false);
        issue.chain(notes.map(|note| text(&note["body"]))).collect()
    }

    /// An owner of `lab/atlas` deletes an issue: whoever asks for it is told that there
    /// is none.
    pub fn deletes(&self, iid: &str) {
        let mut lab = locked(&self.lab);
        let is = |json: &Value| json["#project"] == "lab/atlas" && text(&json["#issue"]) == iid;
        lab.issues.retain(|issue| !is(issue));
        lab.notes.retain(|note| !is(note));
    }

    /// The bridge has this level from now on, as 10 of a guest; 0: it is no member. `None`:
    /// what it had.
    pub fn grants(&self, level: Option<u64>) {
        locked(&self.lab).granted = level;
    }

    /// It is its Free edition from now on, or another.
    pub fn free(&self, free: bool) {
        locked(&self.lab).free = free;
    }

    /// Whom an issue of `lab/atlas` is assigned to.
    pub fn assigned(&self, iid: &str) -> Vec<String> {
        let lab = locked(&self.lab);
        let is = |i: &&Value| i["#project"] == "lab/atlas" && text(&i["#issue"]) == iid;
        let all = lab.issues.iter().find(is).map(|i| i["assignees"].clone());
        let all = all.as_ref().and_then(Value::as_array);
        let all = all.into_iter().flatten();
        all.map(|one| text(&one["username"])).collect()
    }

    /// The labels of an issue of `lab/atlas`.
    pub fn labels(&self, iid: &str) -> Vec<String> {
        let lab = locked(&self.lab);
        let is = |i: &&Value| i["#project"] == "lab/atlas" && text(&i["#issue"]) == iid;
        let all = lab.issues.iter().find(is).map(|i| i["labels"].clone());
        let all = all.as_ref().and_then(Value::as_array);
        all.into_iter().flatten().map(text).collect()
    }

    /// From now on it is too busy, or not any more.
    pub fn busy(&self, busy: bool) {
        locked(&self.lab).busy = busy;
    }
}

type Refused = Answered;

fn refuse<T>(status: u16, message: Value) -> Result<T, Refused> {
    Err(Answered::json(status, &json!({"message": message})))
}

fn missing<T>(what: &str) -> Result<T, Refused> {
    refuse(404, json!(format!("404 {what} Not Found")))
}

#[derive(Clone, Copy)]
struct Who {
    id: usize,
    level: u64,
    scope: &'static str,
}

fn person(id: usize) -> Value {
    let name = PEOPLE[id - 1].0;
    json!({"id": id, "username": name, "name": name, "state": "active"})
}

impl Lab {
    fn answer(&mut self, asked: &Asked) -> Result<Answered, Refused> {
        if self.busy {
            let json = json!({"message": {"error": "This endpoint has been requested too many times. Try again later."}});
            return Ok(Answered::json(429, &json).with("retry-after", "42"));
        }
        let bearer = asked.header("authorization").strip_prefix("Bearer ");
        let token = bearer.unwrap_or(asked.header("private-token"));
        let Some(at) = PEOPLE.iter().position(|(name, ..)| *name == token) else {
            return refuse(401, json!("401 Unauthorized"));
        };
        let who = Who {
            id: at + 1,
            level: self.granted.filter(|_| at == 0).unwrap_or(PEOPLE[at].1),
            scope: PEOPLE[at].2,
        };
        if who.scope == "read_api" && asked.method != "GET" {
            return Err(Answered::json(
                403,
                &json!({
                    "error": "insufficient_scope", "scope": "api",
                    "error_description": "The request requires higher privileges than provided by the access token.",
                }),
            ));
        }
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let Some(path) = path.strip_prefix(&["api", "v4"]) else {
            return missing("Page");
        };
        match (asked.method.as_str(), path) {
            ("GET", ["user"]) => Ok(Answered::json(200, &person(who.id))),
            ("GET", ["users"]) => {
                let is = |id: &usize| Some(PEOPLE[id - 1].0) == asked.query("username");
                let all: Vec<Value> = (1..=PEOPLE.len()).filter(is).map(person).collect();
                Ok(Answered::json(200, &json!(all)))
            }
            ("GET", ["personal_access_tokens", "self"]) => Ok(Answered::json(
                200,
                &json!({
                    "id": 1, "name": "bridge", "scopes": [who.scope], "active": true, "revoked": false,
                    "expires_at": if who.id == 1 { Value::Null } else { json!("2027-01-31") },
                }),
            )),
            (_, ["projects", path, rest @ ..]) => {
                let known = PROJECTS
                    .iter()
                    .position(|(name, ..)| name.eq_ignore_ascii_case(path));
                let known = known.or_else(|| {
                    path.parse()
                        .ok()
                        .filter(|id| *id > 0 && *id <= PROJECTS.len())
                        .map(|id: usize| id - 1)
                });
                let Some(at) = known else {
                    return missing("Project");
                };
                let (name, visibility, wrong) = PROJECTS[at];
                if visibility == "private" && who.level == 0 {
                    return missing("Project");
                }
                if wrong == "moved" && asked.method == "GET" {
                    return Ok(
                        Answered::json(301, &json!("moved")).with("location", "/api/v4/projects/2")
                    );
                }
                if rest.is_empty() {
                    return Ok(Answered::json(200, &project(at, who)));
                }
                if wrong == "archived" && asked.method != "GET" {
                    return refuse(403, json!("403 Forbidden"));
                }
                if wrong == "no issues" {
                    return refuse(403, json!("403 Forbidden"));
                }
                self.within(asked, who, name, rest)
            }
            _ => missing("Page"),
        }
    }

    fn within(
        &mut self,
        asked: &Asked,
        who: Who,
        name: &str,
        rest: &[&str],
    ) -> Result<Answered, Refused> {
        let sent = asked.json();
        match (asked.method.as_str(), rest) {
            ("GET", ["issues"]) => Ok(self.listed(asked, who, name)),
            ("POST", ["issues"]) => self.open(who, name, &sent),
            ("POST", ["uploads"]) => self.upload(asked),
            ("GET", ["uploads", secret, file]) => {
                let found = self.files.iter().find(|(s, f, _)| s == secret && f == file);
                match found {
                    Some((.., bytes)) => Ok(Answered {
                        status: 200,
                        headers: Vec::new(),
                        body: ("application/octet-stream", bytes.clone()),
                    }),
                    None => missing("File"),
                }
            }
            (method, ["issues", iid, rest @ ..]) => {
                let found = self
                    .issues
                    .iter()
                    .position(|i| i["#project"] == name && text(&i["#issue"]) == *iid);
                let own = |at: &usize| self.issues[*at]["author"]["id"] == who.id;
                let seen = |at: &usize| {
                    who.level >= 20 || own(at) || self.issues[*at]["confidential"] == false
                };
                let Some(place) = found.filter(seen) else {
                    return missing("Issue");
                };
                self.of_issue(asked, who, place, method, rest, &sent)
            }
            _ => missing("Page"),
        }
    }

    fn listed(&self, asked: &Asked, who: Who, name: &str) -> Answered {
        let mut all: Vec<Value> = self
            .issues
            .iter()
            .filter(|i| i["#project"] == name)
            .cloned()
            .collect();
        all.retain(|i| {
            who.level >= 20 || i["author"]["id"] == who.id || i["confidential"] == false
        });
        if let Some(state) = asked.query("state").filter(|state| *state != "all") {
            all.retain(|i| i["state"] == state);
        }
        if let Some(after) = asked.query("updated_after") {
            let after = chrono::DateTime::parse_from_rfc3339(after).unwrap();
            let time =
                |i: &Value| chrono::DateTime::parse_from_rfc3339(&text(&i["updated_at"])).unwrap();
            all.retain(|i| time(i) > after);
        }
        if let Some(author) = asked.query("author_username") {
            all.retain(|i| i["author"]["username"] == author);
        }
        let by = asked.query("order_by").unwrap_or("created_at");
        all.sort_by_key(|i| (text(&i[by]), i["iid"].as_u64()));
        if asked.query("sort") != Some("asc") {
            all.reverse();
        }
        paged(asked, all)
    }

    fn open(&mut self, who: Who, name: &str, sent: &Value) -> Result<Answered, Refused> {
        let Some(title) = sent["title"].as_str() else {
            return Err(Answered::json(400, &json!({"error": "title is missing"})));
        };
        if title.trim().is_empty() || title.chars().count() > 255 {
            return refuse(400, json!({"title": ["can't be blank"]}));
        }
        let iid = self.issues.iter().filter(|i| i["#project"] == name).count() + 1;
        let id = self.next();
        self.issues.push(json!({
            "#project": name, "#issue": iid, "id": id, "iid": iid, "project_id": PROJECTS.iter().position(|(known, ..)| *known == name).unwrap() + 1, "title": title,
            "description": sent["description"], "state": "opened", "author": person(who.id), "labels": [],
            "assignees": [], "assignee": null, "milestone": null, "confidential": sent["confidential"] == true,
            "created_at": now(), "updated_at": now(), "closed_at": null, "moved_to_id": null, "issue_type": "issue",
            "web_url": format!("https://gitlab.example/{name}/-/issues/{iid}"),
        }));
        let place = self.issues.len() - 1;
        // Of who is only a guest labels are not looked at.
        if who.level >= 20 {
            self.label(place, who, &sent["labels"], true);
        }
        Ok(self.told(201, place))
    }

    fn of_issue(
        &mut self,
        asked: &Asked,
        who: Who,
        place: usize,
        method: &str,
        rest: &[&str],
        sent: &Value,
    ) -> Result<Answered, Refused> {
        let of = |all: &[Value], issue: &Value| -> Vec<Value> {
            let is = |one: &&Value| {
                one["#project"] == issue["#project"] && one["#issue"] == issue["#issue"]
            };
            all.iter().filter(is).cloned().collect()
        };
        let issue = self.issues[place].clone();
        match (method, rest) {
            ("GET", []) => Ok(self.told(200, place)),
            ("PUT", []) => {
                if who.level < 20 && issue["author"]["id"] != who.id {
                    return refuse(403, json!("403 Forbidden"));
                }
                self.edit(place, who, sent)?;
                Ok(self.told(200, place))
            }
            ("POST", ["move"]) => {
                self.state(place, who, "closed");
                self.issues[place]["moved_to_id"] = json!(4_711);
                self.note(place, who, "moved to lab/other#1", false, true);
                Ok(self.told(201, place))
            }
            (method, ["links", rest @ ..]) => {
                if who.level < 10 {
                    return refuse(403, json!("403 Forbidden"));
                }
                self.linking(asked, who, place, (method, rest), sent)
            }
            ("GET", ["resource_state_events"]) => Ok(paged(asked, of(&self.states, &issue))),
            ("GET", ["resource_label_events"]) => Ok(paged(asked, of(&self.labels, &issue))),
            ("GET", ["notes"]) => {
                let mut all = of(&self.notes, &issue);
                all.retain(|note| who.level >= 20 || note["internal"] == false);
                if asked.query("sort") != Some("asc") {
                    all.reverse();
                }
                Ok(paged(asked, all))
            }
            ("POST", ["notes"]) => {
                let Some(body) = sent["body"].as_str() else {
                    return Err(Answered::json(400, &json!({"error": "body is missing"})));
                };
                // A line that begins with a slash is an order; a note of nothing else is none.
                let (orders, kept): (Vec<&str>, Vec<&str>) =
                    body.lines().partition(|line| line.starts_with('/'));
                for order in orders {
                    match order.trim() {
                        "/close" => self.state(place, who, "closed"),
                        "/reopen" => self.state(place, who, "reopened"),
                        _ => {}
                    }
                }
                let kept = kept.join("\n");
                if kept.trim().is_empty() {
                    return Ok(Answered::json(
                        202,
                        &json!({"commands_changes": {}, "summary": ["Done."]}),
                    ));
                }
                let internal =
                    who.level >= 20 && (sent["internal"] == true || sent["confidential"] == true);
                let at = self.note(place, who, &kept, internal, false);
                let mut note = self.notes[at].clone();
                shown(&mut note);
                Ok(Answered::json(201, &note))
            }
            (method, ["notes", id]) => {
                let found = self
                    .notes
                    .iter()
                    .position(|note| text(&note["id"]) == *id && note["#issue"] == issue["#issue"]);
                let seen = |at: &usize| who.level >= 20 || self.notes[*at]["internal"] == false;
                let Some(at) = found.filter(seen) else {
                    return missing("Note");
                };
                if method == "DELETE" {
                    self.notes.remove(at);
                    return Ok(Answered::nothing(204));
                }
                let mut note = self.notes[at].clone();
                shown(&mut note);
                Ok(Answered::json(200, &note))
            }
            _ => missing("Page"),
        }
    }

    fn edit(&mut self, place: usize, who: Who, sent: &Value) -> Result<(), Refused> {
        if let Some(title) = sent["title"]
            .as_str()
            .filter(|title| self.issues[place]["title"] != *title)
        {
            self.issues[place]["title"] = json!(title);
            self.note(
                place,
                who,
                "changed title from **{-a-}** to **{+b+}**",
                false,
                true,
            );
        }
        if sent["description"].is_string() {
            self.issues[place]["description"] = sent["description"].clone();
        }
        if let Some(ids) = sent["assignee_ids"].as_array() {
            // Of more than one the first only, before anybody is looked at.
            let most = if self.free { 1 } else { ids.len() };
            let known = |id: &Value| {
                id.as_u64()
                    .and_then(|id| usize::try_from(id).ok())
                    .filter(|id| (1..=PEOPLE.len()).contains(id) && PEOPLE[*id - 1].1 > 0)
            };
            let all = ids.iter().take(most).filter_map(known).map(person);
            let all: Vec<Value> = all.collect();
            // Where none is left nothing is changed, unless that was asked for.
            let nobody = ids.iter().all(|id| *id == 0);
            if (nobody || !all.is_empty()) && self.issues[place]["assignees"] != json!(all) {
                let words = match all.last() {
                    Some(one) => format!("assigned to @{}", text(&one["username"])),
                    None => "unassigned @somebody".to_owned(),
                };
                self.issues[place]["assignee"] = all.first().cloned().unwrap_or_default();
                self.issues[place]["assignees"] = json!(all);
                self.note(place, who, &words, false, true);
            }
        }
        // A guest who opened the issue is not told that these are not looked at.
        if who.level >= 20 {
            self.label(place, who, &sent["add_labels"], true);
            self.label(place, who, &sent["remove_labels"], false);
        }
        match sent["state_event"].as_str() {
            Some("close") => self.state(place, who, "closed"),
            Some("reopen") => self.state(place, who, "reopened"),
            None => {}
            Some(_) => {
                return Err(Answered::json(
                    400,
                    &json!({"error": "state_event does not have a valid value"}),
                ));
            }
        }
        self.issues[place]["updated_at"] = json!(now());
        Ok(())
    }

    fn state(&mut self, place: usize, who: Who, state: &str) {
        let is = if state == "closed" {
            "closed"
        } else {
            "opened"
        };
        if self.issues[place]["state"] == is {
            return;
        }
        self.issues[place]["state"] = json!(is);
        let event = json!({"state": state});
        self.event(place, who, event);
    }

    /// Labels as a list with commas, or as a list.
    fn label(&mut self, place: usize, who: Who, names: &Value, add: bool) {
        let names: Vec<String> = match names {
            Value::String(all) => all.split(',').map(|name| name.trim().to_owned()).collect(),
            Value::Array(all) => all.iter().map(text).collect(),
            _ => return,
        };
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            let labels = self.issues[place]["labels"].as_array_mut().unwrap();
            match (labels.iter().position(|label| *label == *name), add) {
                (None, true) => labels.push(json!(name)),
                (Some(at), false) => drop(labels.remove(at)),
                _ => continue,
            }
            let action = if add { "add" } else { "remove" };
            self.event(
                place,
                who,
                json!({"label": {"id": 1, "name": name}, "action": action}),
            );
        }
    }

    fn event(&mut self, place: usize, who: Who, mut event: Value) {
        event["user"] = person(who.id);
        event["created_at"] = json!(now());
        event["resource_type"] = json!("Issue");
        event["#project"] = self.issues[place]["#project"].clone();
        event["#issue"] = self.issues[place]["#issue"].clone();
        let all = if event["label"].is_object() {
            &mut self.labels
        } else {
            &mut self.states
        };
        event["id"] = json!(all.len() + 1);
        all.push(event);
        self.issues[place]["updated_at"] = json!(now());
    }

    fn note(&mut self, place: usize, who: Who, body: &str, internal: bool, system: bool) -> usize {
        let id = self.next();
        self.notes.push(json!({
            "#project": self.issues[place]["#project"], "#issue": self.issues[place]["#issue"], "id": id, "body": body,
            "author": person(who.id), "created_at": now(), "updated_at": now(), "system": system, "noteable_type": "Issue",
            "noteable_iid": self.issues[place]["iid"], "internal": internal, "confidential": internal, "attachment": null,
        }));
        self.issues[place]["updated_at"] = json!(now());
        self.notes.len() - 1
    }

    /// A file in a form of several parts (RFC 7578).
    fn upload(&mut self, asked: &Asked) -> Result<Answered, Refused> {
        let Some((name, bytes)) = asked.file("file") else {
            return Err(Answered::json(400, &json!({"error": "file is missing"})));
        };
        // As it keeps names.
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-_+".contains(c);
        let name: String = name
            .chars()
            .map(|c| if plain(c) { c } else { '_' })
            .collect();
        let secret = format!("{:032x}", self.files.len() + 0xa5a5);
        self.files.push((secret.clone(), name.clone(), bytes));
        let url = format!("/uploads/{secret}/{name}");
        Ok(Answered::json(
            201,
            &json!({
                "id": self.files.len(), "alt": name, "url": url, "full_path": format!("/-/project/1{url}"),
                "markdown": format!("[{name}]({url})"),
            }),
        ))
    }

    fn next(&mut self) -> u64 {
        self.numbered += 1;
        2_900_000_000 + self.numbered
    }

    fn told(&self, status: u16, place: usize) -> Answered {
        let mut issue = self.issues[place].clone();
        shown(&mut issue);
        Answered::json(status, &issue)
    }
}

/// Without what is for this file alone.
fn shown(json: &mut Value) {
    json.as_object_mut()
        .unwrap()
        .retain(|name, _| !name.starts_with('#'));
}

fn paged(asked: &Asked, all: Vec<Value>) -> Answered {
    let number = |name: &str, otherwise: usize| {
        asked
            .query(name)
            .and_then(|v| v.parse().ok())
            .unwrap_or(otherwise)
    };
    let (rows, page) = (
        number("per_page", 20).clamp(1, 100),
        number("page", 1).max(1),
    );
    let (total, next) = (all.len(), page + 1);
    let mut shown_rows: Vec<Value> = all.into_iter().skip((page - 1) * rows).take(rows).collect();
    shown_rows.iter_mut().for_each(shown);
    let answer = Answered::json(200, &json!(shown_rows))
        .with("x-page", page.to_string())
        .with("x-per-page", rows.to_string())
        .with("x-total", total.to_string())
        .with("x-total-pages", total.div_ceil(rows).to_string());
    if total <= page * rows {
        return answer.with("x-next-page", "");
    }
    let kept = asked.query.iter().filter(|(name, _)| name != "page");
    let kept: String = kept
        .map(|(name, value)| format!("&{name}={value}"))
        .collect();
    let host = asked.header("host");
    let path: Vec<String> = asked
        .path
        .iter()
        .map(|part| part.replace('/', "%2F"))
        .collect();
    let link = format!(
        "<http://{host}/{}?page={next}{kept}>; rel=\"next\"",
        path.join("/")
    );
    answer
        .with("x-next-page", next.to_string())
        .with("link", link)
}

fn project(at: usize, who: Who) -> Value {
    let (path, visibility, wrong) = PROJECTS[at];
    json!({
        "id": at + 1, "path_with_namespace": path, "name": path, "visibility": visibility,
        "archived": wrong == "archived", "issues_enabled": wrong != "no issues",
        "issues_access_level": if wrong == "no issues" { "disabled" } else { "enabled" },
        "permissions": {"project_access": {"access_level": who.level}, "group_access": null},
    })
}
