//! A GitHub for tests, in memory: what its public documentation says of issues,
//! comments, labels and timelines, its oddities with it: a list is paged by `Link`,
//! pull requests are among the issues, a moved issue answers 301 and a deleted one 410,
//! and who may not set labels is not told so.
//!
//! Everybody acts by HTTP with their login as token. That the field's own client
//! (PyGithub) works with it is a test of `connect`.

// Whichever crate this file is a part of.
#[path = "github/links.rs"]
mod links;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::answering::{Answered, Asked, acts, answering};

/// Who is there: login, and what they may in every repository.
const PEOPLE: [(&str, &str); 6] = [
    ("bridge", "triage"),
    ("ada", "push"),
    ("uma", "pull"),
    ("watcher", "pull"),
    ("grace", "push"),
    ("zoe", "push"),
];
/// Which repositories there are: name, whether private, and what is wrong with it.
const REPOSITORIES: [(&str, bool, &str); 6] = [
    ("lab/atlas", true, ""),
    ("lab/other", true, ""),
    ("lab/open", false, ""),
    ("lab/old", true, "archived"),
    ("lab/quiet", true, "no issues"),
    ("lab/former", true, "moved"),
];

#[derive(Debug, Default)]
struct Hub {
    issues: Vec<Value>,
    comments: Vec<Value>,
    events: Vec<Value>,
    links: Vec<links::Kept>,
    hides_links: bool,
    numbered: u64,
    /// Calls that are still answered before it is too much; none: no limit.
    left: Option<u64>,
    /// What the bridge may now, if that is less than at first; empty: nothing.
    granted: Option<&'static str>,
}

/// A running one. It ends with the runtime that it was started in.
#[derive(Debug, Clone)]
pub struct GitHubServer {
    /// The address of its API, without a slash at the end.
    pub url: String,
    hub: Arc<Mutex<Hub>>,
}

fn locked(hub: &Mutex<Hub>) -> MutexGuard<'_, Hub> {
    hub.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

impl GitHubServer {
    /// Starts one on this machine, with a port of its own.
    pub async fn start() -> GitHubServer {
        let hub: Arc<Mutex<Hub>> = Arc::default();
        let (shared, known) = (hub.clone(), Arc::new(Mutex::new(String::new())));
        let own = known.clone();
        let url = answering(move |asked| {
            let url = own.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let mut hub = locked(&shared);
            hub.answer(&asked, &url).unwrap_or_else(|refused| refused)
        })
        .await;
        known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&url);
        GitHubServer { url, hub }
    }

    /// Somebody there does something by the API.
    pub async fn acts(&self, user: &str, method: &str, path: &str, body: &Value) -> Value {
        let token = ("authorization", format!("Bearer {user}"));
        acts(&format!("{}{path}", self.url), method, token, body).await
    }

    /// How many issues there are.
    pub fn tickets(&self) -> usize {
        locked(&self.hub).issues.len()
    }

    /// The texts of an issue of `lab/atlas`, in order.
    pub fn bodies(&self, number: &str) -> Vec<String> {
        let hub = locked(&self.hub);
        let is =
            |json: &Value| json["#repository"] == "lab/atlas" && text(&json["#issue"]) == number;
        let issue = hub.issues.iter().filter(|one| is(one));
        let comments = hub.comments.iter().filter(|one| is(one));
        issue
            .chain(comments)
            .map(|one| text(&one["body"]))
            .collect()
    }

    /// An issue of `lab/atlas` is moved to another repository (301) or deleted (410).
    pub fn goes(&self, number: &str, status: u16) {
        let mut hub = locked(&self.hub);
        let at = hub
            .issues
            .iter()
            .position(|i| text(&i["#issue"]) == number)
            .unwrap();
        hub.issues[at]["#gone"] = json!(status);
    }

    /// From now on so many calls are answered, and then it is too much for a minute.
    pub fn limit(&self, left: Option<u64>) {
        locked(&self.hub).left = left;
    }
}

impl GitHubServer {
    /// The bridge has this role from now on: `pull`, or empty: it sees no private
    /// repository. `None`: what it had.
    pub fn grants(&self, role: Option<&'static str>) {
        locked(&self.hub).granted = role;
    }

    /// Whom an issue of `lab/atlas` is assigned to.
    pub fn assigned(&self, number: &str) -> Vec<String> {
        let hub = locked(&self.hub);
        let is = |i: &&Value| i["#repository"] == "lab/atlas" && text(&i["#issue"]) == number;
        let found = hub.issues.iter().find(is);
        found.map_or_else(Vec::new, |issue| names(&issue["assignees"]))
    }

    /// The labels of an issue of `lab/atlas`.
    pub fn labels(&self, number: &str) -> Vec<String> {
        let hub = locked(&self.hub);
        let is = |i: &&Value| i["#repository"] == "lab/atlas" && text(&i["#issue"]) == number;
        let found = hub.issues.iter().find(is);
        let all = found.and_then(|issue| issue["labels"].as_array());
        let all = all.into_iter().flatten();
        all.map(|label| text(&label["name"])).collect()
    }
}

type Refused = Answered;

fn refuse<T>(status: u16, message: &str) -> Result<T, Refused> {
    Err(Answered::json(
        status,
        &json!({"message": message, "documentation_url": "https://docs.github.com/rest"}),
    ))
}

fn invalid<T>(field: &str, code: &str) -> Result<T, Refused> {
    let errors = json!([{"resource": "Issue", "code": code, "field": field}]);
    Err(Answered::json(
        422,
        &json!({"message": "Validation Failed", "errors": errors}),
    ))
}

struct Who {
    login: &'static str,
    id: usize,
    right: &'static str,
}

fn person(id: usize) -> Value {
    json!({"login": PEOPLE[id - 1].0, "id": id, "node_id": format!("U_{id}"), "type": "User", "site_admin": false})
}

impl Hub {
    fn answer(&mut self, asked: &Asked, url: &str) -> Result<Answered, Refused> {
        let authorization = asked.header("authorization");
        let token = authorization
            .strip_prefix("Bearer ")
            .or(authorization.strip_prefix("token "));
        let Some(at) = PEOPLE.iter().position(|(login, _)| Some(*login) == token) else {
            return refuse(401, "Bad credentials");
        };
        if let Some(left) = &mut self.left {
            if *left == 0 {
                let reset = chrono::Utc::now().timestamp() + 60;
                let json = json!({"message": "API rate limit exceeded for user ID 1."});
                return Ok(Answered::json(403, &json)
                    .with("x-ratelimit-remaining", "0")
                    .with("x-ratelimit-reset", reset.to_string()));
            }
            *left -= 1;
        }
        let who = Who {
            login: PEOPLE[at].0,
            id: at + 1,
            right: self.granted.filter(|_| at == 0).unwrap_or(PEOPLE[at].1),
        };
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        match (asked.method.as_str(), path.as_slice()) {
            ("GET", ["user"]) => {
                Ok(Answered::json(200, &person(who.id)).with("x-oauth-scopes", scopes(who.login)))
            }
            (_, ["repos", owner, name, rest @ ..]) => {
                let full = format!("{owner}/{name}");
                let known = REPOSITORIES
                    .iter()
                    .find(|(name, ..)| name.eq_ignore_ascii_case(&full));
                let known = known.filter(|(_, private, _)| !(*private && who.right.is_empty()));
                let Some((name, private, wrong)) = known else {
                    return refuse(404, "Not Found");
                };
                if *wrong == "moved" {
                    let to = json!({"message": "Moved Permanently", "url": format!("{url}/repositories/2")});
                    return Ok(
                        Answered::json(301, &to).with("location", format!("{url}/repositories/2"))
                    );
                }
                if *wrong == "no issues" && !rest.is_empty() {
                    return refuse(410, "Issues are disabled for this repo");
                }
                if *wrong == "archived" && asked.method != "GET" {
                    return refuse(403, "Repository was archived so is read-only.");
                }
                let at = format!("{url}/repos/{name}");
                if rest.is_empty() {
                    return Ok(Answered::json(
                        200,
                        &repository(name, *private, wrong, who.right, &at),
                    ));
                }
                self.within(asked, &who, name, &at, rest)
            }
            _ => refuse(404, "Not Found"),
        }
    }

    fn within(
        &mut self,
        asked: &Asked,
        who: &Who,
        name: &str,
        at: &str,
        rest: &[&str],
    ) -> Result<Answered, Refused> {
        let sent = asked.json();
        match (asked.method.as_str(), rest) {
            ("GET", ["issues"]) => {
                let mut all = self.listed(asked, name);
                all.iter_mut().for_each(shown);
                Ok(paged(asked, all, &format!("{at}/issues")))
            }
            ("POST", ["issues"]) => {
                let Some(title) = sent["title"].as_str().filter(|title| !title.is_empty()) else {
                    return invalid("title", "missing_field");
                };
                let of = |one: &&Value| one["#repository"] == name;
                let number = self.issues.iter().filter(of).count() + 1;
                let own = self.next();
                let here = format!("{at}/issues/{number}");
                let issue = json!({
                    "#repository": name, "#issue": number, "id": own, "node_id": format!("I_{own}"), "number": number,
                    "url": here, "repository_url": at, "html_url": format!("https://github.example/{name}/issues/{number}"),
                    "comments_url": format!("{here}/comments"), "events_url": format!("{here}/events"),
                    "labels_url": format!("{here}/labels{{/name}}"), "timeline_url": format!("{here}/timeline"),
                    "title": title, "body": sent["body"], "user": person(who.id), "state": "open", "state_reason": null,
                    "labels": [], "assignee": null, "assignees": [], "milestone": null, "locked": false, "comments": 0,
                    "created_at": now(), "updated_at": now(), "closed_at": null, "author_association": "MEMBER",
                });
                self.issues.push(issue);
                let place = self.issues.len() - 1;
                // As GitHub says: from those who may not push they are dropped silently.
                if who.right == "push" {
                    self.label(place, who, names(&sent["labels"]));
                    if sent["#pull"] == true {
                        self.issues[place]["pull_request"] =
                            json!({"url": format!("{at}/pulls/{number}")});
                    }
                }
                Ok(self.told(201, place))
            }
            ("GET", ["issues", "events"]) => Ok(self.happened(asked, name, at)),
            (method, ["issues", "comments", id]) => {
                let found = self
                    .comments
                    .iter()
                    .position(|c| c["#repository"] == name && text(&c["id"]) == *id);
                let Some(found) = found else {
                    return refuse(404, "Not Found");
                };
                if method == "DELETE" {
                    self.comments.remove(found);
                    return Ok(Answered::nothing(204));
                }
                if method == "PATCH" {
                    self.comments[found]["body"] = sent["body"].clone();
                    self.comments[found]["updated_at"] = json!(now());
                }
                let mut comment = self.comments[found].clone();
                shown(&mut comment);
                Ok(Answered::json(200, &comment))
            }
            (method, ["issues", number, rest @ ..]) => {
                let found = self
                    .issues
                    .iter()
                    .position(|i| i["#repository"] == name && text(&i["#issue"]) == *number);
                let Some(place) = found else {
                    return refuse(404, "Not Found");
                };
                match self.issues[place]["#gone"].as_u64() {
                    Some(301) => {
                        let to = format!(
                            "{}/repositories/99/issues/1",
                            at.split("/repos/").next().unwrap()
                        );
                        let json = json!({"message": "Moved Permanently", "url": to});
                        return Ok(Answered::json(301, &json).with("location", to));
                    }
                    Some(_) => return refuse(410, "This issue was deleted"),
                    None => {}
                }
                match self.linking(asked, who, place, (method, rest), &sent) {
                    Some(linked) => linked,
                    None => self.of_issue(asked, who, place, method, rest, &sent),
                }
            }
            _ => refuse(404, "Not Found"),
        }
    }

    fn of_issue(
        &mut self,
        asked: &Asked,
        who: &Who,
        place: usize,
        method: &str,
        rest: &[&str],
        sent: &Value,
    ) -> Result<Answered, Refused> {
        let own = self.issues[place]["user"]["id"] == who.id;
        let here = text(&self.issues[place]["url"]);
        match (method, rest) {
            ("GET", []) => Ok(self.told(200, place)),
            ("PATCH", []) => {
                if who.right == "pull" && !own {
                    return refuse(403, "Must have admin rights to Repository.");
                }
                self.edit(place, who, sent)?;
                Ok(self.told(200, place))
            }
            ("GET", ["comments"]) => {
                let mut all = self.comments_of(place);
                all.iter_mut().for_each(shown);
                Ok(paged(asked, all, &format!("{here}/comments")))
            }
            ("POST", ["comments"]) => {
                let Some(body) = sent["body"].as_str().filter(|body| !body.is_empty()) else {
                    return invalid("body", "missing_field");
                };
                let id = self.next();
                let repository = text(&self.issues[place]["repository_url"]);
                let comment = json!({
                    "#repository": self.issues[place]["#repository"], "#issue": self.issues[place]["#issue"],
                    "id": id, "node_id": format!("IC_{id}"), "url": format!("{repository}/issues/comments/{id}"),
                    "html_url": format!("https://github.example/c/{id}"), "issue_url": here, "body": body,
                    "user": person(who.id), "created_at": now(), "updated_at": now(), "author_association": "MEMBER",
                });
                self.comments.push(comment.clone());
                self.issues[place]["updated_at"] = json!(now());
                let mut comment = comment;
                shown(&mut comment);
                Ok(Answered::json(201, &comment))
            }
            ("GET", [list @ ("timeline" | "events")]) => {
                let is = |one: &&Value| {
                    one["#repository"] == self.issues[place]["#repository"]
                        && one["#issue"] == self.issues[place]["#issue"]
                };
                let mut all: Vec<Value> = self.events.iter().filter(is).cloned().collect();
                if *list == "timeline" {
                    all.extend(self.comments_of(place).into_iter().map(|mut comment| {
                        comment["event"] = json!("commented");
                        comment["actor"] = comment["user"].clone();
                        comment
                    }));
                }
                // In the order in which it happened.
                all.sort_by_key(|one| one["id"].as_u64());
                all.iter_mut().for_each(shown);
                Ok(paged(asked, all, &format!("{here}/{list}")))
            }
            (method @ ("POST" | "DELETE"), ["assignees"]) => {
                let mut all = names(&self.issues[place]["assignees"]);
                let asked = names(&sent["assignees"]);
                all.retain(|one| !asked.contains(one));
                if method == "POST" {
                    all.extend(asked);
                }
                // From those who may not, and of those who can not be, nothing is said.
                if who.right != "pull" {
                    self.assign(place, who, all);
                }
                Ok(self.told(if method == "POST" { 201 } else { 200 }, place))
            }
            ("POST", ["labels"]) => {
                if who.right == "pull" {
                    return refuse(403, "Must have push access to view or edit labels.");
                }
                let wanted = if sent.is_array() {
                    names(sent)
                } else {
                    names(&sent["labels"])
                };
                self.label(place, who, wanted);
                Ok(Answered::json(200, &self.issues[place]["labels"]))
            }
            ("DELETE", ["labels", label]) => {
                let labels = self.issues[place]["labels"].as_array_mut().unwrap();
                let Some(at) = labels
                    .iter()
                    .position(|one| text(&one["name"]).eq_ignore_ascii_case(label))
                else {
                    return refuse(404, "Label does not exist");
                };
                let gone = labels.remove(at);
                self.event(place, who, json!({"event": "unlabeled", "label": {"name": gone["name"], "color": "ededed"}}));
                Ok(Answered::json(200, &self.issues[place]["labels"]))
            }
            _ => refuse(404, "Not Found"),
        }
    }

    fn edit(&mut self, place: usize, who: &Who, sent: &Value) -> Result<(), Refused> {
        let before = self.issues[place].clone();
        if let Some(title) = sent["title"]
            .as_str()
            .filter(|title| before["title"] != *title)
        {
            self.issues[place]["title"] = json!(title);
            self.event(
                place,
                who,
                json!({"event": "renamed", "rename": {"from": before["title"], "to": title}}),
            );
        }
        if sent["body"].is_string() {
            self.issues[place]["body"] = sent["body"].clone();
        }
        if sent["assignees"].is_array() {
            let all = names(&sent["assignees"]);
            if !all.iter().all(|login| assignable(login).is_some()) {
                return invalid("assignees", "invalid");
            }
            self.assign(place, who, all);
        }
        let reason = &sent["state_reason"];
        let known = ["completed", "not_planned", "duplicate", "reopened"];
        if !(reason.is_null()
            || reason
                .as_str()
                .is_some_and(|reason| known.contains(&reason)))
        {
            return invalid("state_reason", "invalid");
        }
        match sent["state"].as_str() {
            Some("closed") => {
                let reason = if reason.is_null() {
                    json!("completed")
                } else {
                    reason.clone()
                };
                if before["state"] != "closed" || before["state_reason"] != reason {
                    self.issues[place]["state"] = json!("closed");
                    self.issues[place]["state_reason"] = reason.clone();
                    self.issues[place]["closed_at"] = json!(now());
                    // Whoever closes it as completed is told so by an empty reason.
                    let told = if reason == "completed" {
                        Value::Null
                    } else {
                        reason
                    };
                    self.event(
                        place,
                        who,
                        json!({"event": "closed", "state_reason": told, "commit_id": null}),
                    );
                }
            }
            Some("open") if before["state"] == "closed" => {
                self.issues[place]["state"] = json!("open");
                self.issues[place]["state_reason"] = json!("reopened");
                self.issues[place]["closed_at"] = Value::Null;
                self.event(
                    place,
                    who,
                    json!({"event": "reopened", "state_reason": "reopened"}),
                );
            }
            Some("open") | None => {}
            Some(_) => return invalid("state", "invalid"),
        }
        Ok(())
    }

    /// Exactly these from now on; who can not be is left out.
    fn assign(&mut self, place: usize, who: &Who, logins: Vec<String>) {
        let wanted: Vec<Value> = logins.iter().filter_map(|l| assignable(l)).collect();
        let before = self.issues[place]["assignees"].as_array().cloned();
        let before = before.unwrap_or_default();
        self.issues[place]["assignee"] = wanted.first().cloned().unwrap_or_default();
        self.issues[place]["assignees"] = json!(wanted);
        let come = wanted.iter().filter(|one| !before.contains(one));
        let come = come.map(|one| ("assigned", one));
        let go = before.iter().filter(|one| !wanted.contains(one));
        for (kind, one) in come.chain(go.map(|one| ("unassigned", one))) {
            self.event(place, who, json!({"event": kind, "assignee": one}));
        }
    }

    fn label(&mut self, place: usize, who: &Who, wanted: Vec<String>) {
        for name in wanted {
            let labels = self.issues[place]["labels"].as_array_mut().unwrap();
            if labels
                .iter()
                .any(|one| text(&one["name"]).eq_ignore_ascii_case(&name))
            {
                continue;
            }
            labels.push(json!({"id": 1, "name": name, "color": "ededed", "default": false, "description": null}));
            self.event(
                place,
                who,
                json!({"event": "labeled", "label": {"name": name, "color": "ededed"}}),
            );
        }
    }

    fn event(&mut self, place: usize, who: &Who, mut event: Value) {
        event["id"] = json!(self.next());
        event["actor"] = person(who.id);
        event["created_at"] = json!(now());
        event["#repository"] = self.issues[place]["#repository"].clone();
        event["#issue"] = self.issues[place]["#issue"].clone();
        self.events.push(event);
        self.issues[place]["updated_at"] = json!(now());
    }

    fn next(&mut self) -> u64 {
        self.numbered += 1;
        3_000_000_000 + self.numbered
    }

    fn comments_of(&self, place: usize) -> Vec<Value> {
        let issue = &self.issues[place];
        let is = |one: &&Value| {
            one["#repository"] == issue["#repository"] && one["#issue"] == issue["#issue"]
        };
        self.comments.iter().filter(is).cloned().collect()
    }

    fn listed(&self, asked: &Asked, name: &str) -> Vec<Value> {
        let state = asked.query("state").unwrap_or("open");
        let mut all: Vec<Value> = self
            .issues
            .iter()
            .filter(|i| i["#repository"] == name && i["#gone"].is_null())
            .cloned()
            .collect();
        all.retain(|issue| state == "all" || issue["state"] == state);
        if let Some(since) = asked.query("since") {
            all.retain(|issue| text(&issue["updated_at"]).as_str() >= since);
        }
        if let Some(creator) = asked.query("creator") {
            all.retain(|issue| issue["user"]["login"] == creator);
        }
        let by = if asked.query("sort") == Some("updated") {
            "updated_at"
        } else {
            "number"
        };
        all.sort_by_key(|issue| (text(&issue[by]), issue["number"].as_u64()));
        if by == "number" {
            all.sort_by_key(|issue| issue["number"].as_u64());
        }
        if asked.query("direction") != Some("asc") {
            all.reverse();
        }
        all
    }

    fn told(&self, status: u16, place: usize) -> Answered {
        let mut issue = self.issues[place].clone();
        issue["comments"] = json!(self.comments_of(place).len());
        (
            issue["sub_issues_summary"],
            issue["issue_dependencies_summary"],
        ) = self.sums(&issue["id"]);
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

/// Somebody who can be assigned: who works there.
fn assignable(login: &str) -> Option<Value> {
    let works = |(known, right): &(&str, &str)| *known == login && *right != "pull";
    PEOPLE.iter().position(works).map(|at| person(at + 1))
}

/// Names as a list of texts, or logins as one of people.
fn names(json: &Value) -> Vec<String> {
    let all = json.as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |one: &Value| match one.get("login") {
        Some(login) => text(login),
        None => text(one),
    };
    all.iter().map(name).collect()
}

fn scopes(login: &str) -> &'static str {
    if login == "uma" {
        "read:user"
    } else {
        "repo, read:user"
    }
}

fn paged(asked: &Asked, all: Vec<Value>, url: &str) -> Answered {
    let number = |name: &str, otherwise: usize| {
        asked
            .query(name)
            .and_then(|v| v.parse().ok())
            .unwrap_or(otherwise)
    };
    let (rows, page) = (
        number("per_page", 30).clamp(1, 100),
        number("page", 1).max(1),
    );
    let more = all.len() > page * rows;
    let shown: Vec<Value> = all.into_iter().skip((page - 1) * rows).take(rows).collect();
    let answer = Answered::json(200, &json!(shown));
    if !more {
        return answer;
    }
    let kept = asked.query.iter().filter(|(name, _)| name != "page");
    let kept: String = kept
        .map(|(name, value)| format!("&{name}={value}"))
        .collect();
    let next = page + 1;
    answer.with("link", format!("<{url}?page={next}{kept}>; rel=\"next\""))
}

fn repository(name: &str, private: bool, wrong: &str, right: &str, url: &str) -> Value {
    let (owner, short) = name.split_once('/').unwrap();
    json!({
        "id": 1, "node_id": "R_1", "name": short, "full_name": name, "private": private, "url": url,
        "owner": {"login": owner, "id": 90, "type": "Organization"}, "html_url": format!("https://github.example/{name}"),
        "archived": wrong == "archived", "disabled": false, "has_issues": wrong != "no issues",
        "issues_url": format!("{url}/issues{{/number}}"), "labels_url": format!("{url}/labels{{/name}}"),
        "permissions": {"admin": false, "maintain": false, "push": right == "push",
                        "triage": right != "pull", "pull": true},
    })
}
