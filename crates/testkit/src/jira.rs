//! A Jira for tests, in memory: what Atlassian's public documentation says of issues,
//! comments, transitions, changelogs, attachments and searches, its oddities with it:
//! Cloud and Data Center differ, a workflow leads only to some statuses, comments may be
//! internal or for a role, times have no colon in their zone.
//!
//! Everybody acts by HTTP with their login as token, or as name and password of it. That
//! the field's own client (PyPI's jira) works with it is a test of `connect`.

// Whichever crate this file is a part of.
#[path = "jira/links.rs"]
mod links;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::answering::{Answered, Asked, acts, answering};

/// Who is there, and whether they work there.
const PEOPLE: [(&str, bool); 6] = [
    ("bridge", true),
    ("ada", true),
    ("uma", false),
    ("watcher", false),
    ("grace", true),
    ("zoe", true),
];
/// Which projects there are: key, type, and whether it is archived.
const PROJECTS: [(&str, &str, bool); 4] = [
    ("ATLAS", "software", false),
    ("DESK", "service_desk", false),
    ("OTHER", "software", false),
    ("OLD", "software", true),
];
/// From where the workflow leads where.
const WORKFLOW: [(&str, &str); 7] = [
    ("To Do", "In Progress"),
    ("To Do", "Done"),
    ("In Progress", "To Do"),
    ("In Progress", "Done"),
    ("Done", "To Do"),
    ("In Progress", "In Review"),
    ("In Review", "Done"),
];
/// The components of every project.
const COMPONENTS: [&str; 3] = ["Core", "Disks", "Web"];
const PRIORITIES: [&str; 4] = ["Low", "Medium", "High", "Highest"];

#[derive(Debug, Default)]
struct Desk {
    cloud: bool,
    issues: Vec<Value>,
    comments: Vec<Value>,
    files: Vec<Vec<u8>>,
    links: Vec<links::Linked>,
    numbered: u64,
    busy: bool,
    /// Whether the bridge works there still; `None`: it sees no project.
    granted: Option<Option<bool>>,
}

/// A running one. It ends with the runtime that it was started in.
#[derive(Debug, Clone)]
pub struct JiraServer {
    /// Its own address, without a slash at the end.
    pub url: String,
    desk: Arc<Mutex<Desk>>,
}

fn locked(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> String {
    chrono::Utc::now()
        .format("%Y-%m-%dT%H:%M:%S%.3f+0000")
        .to_string()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

impl JiraServer {
    /// Starts one on this machine, with a port of its own: a Data Center, or Cloud.
    pub async fn start(cloud: bool) -> JiraServer {
        let desk = Arc::new(Mutex::new(Desk {
            cloud,
            ..Desk::default()
        }));
        let shared = desk.clone();
        let url = answering(move |asked| {
            locked(&shared)
                .answer(&asked)
                .unwrap_or_else(|refused| refused)
        })
        .await;
        JiraServer { url, desk }
    }

    /// Somebody there does something by the API.
    pub async fn acts(&self, user: &str, method: &str, path: &str, body: &Value) -> Value {
        let token = ("authorization", format!("Bearer {user}"));
        acts(
            &format!("{}/rest/api/2{path}", self.url),
            method,
            token,
            body,
        )
        .await
    }

    /// How many issues there are.
    pub fn tickets(&self) -> usize {
        locked(&self.desk).issues.len()
    }

    /// The texts of an issue, internal ones too, in order.
    pub fn bodies(&self, id: &str) -> Vec<String> {
        let desk = locked(&self.desk);
        let issue = desk.issues.iter().filter(|issue| issue["id"] == id);
        let issue = issue.map(|issue| text(&issue["fields"]["description"]));
        let comments = desk
            .comments
            .iter()
            .filter(|comment| comment["#issue"] == id);
        issue
            .chain(comments.map(|comment| text(&comment["body"])))
            .collect()
    }

    /// From now on the bridge works there or only asks; `None`: it sees no project.
    pub fn grants(&self, works: Option<bool>) {
        locked(&self.desk).granted = Some(works);
    }

    /// Whom an issue is assigned to, by what names them here.
    pub fn assigned(&self, id: &str) -> Vec<String> {
        let desk = locked(&self.desk);
        let field = if desk.cloud { "accountId" } else { "name" };
        let issue = desk.issues.iter().find(|issue| issue["id"] == id);
        let login = issue.and_then(|issue| issue["fields"]["assignee"][field].as_str());
        login.map(str::to_owned).into_iter().collect()
    }

    /// The labels of an issue that are no marker, or the names of its components.
    pub fn named(&self, id: &str, field: &str) -> Vec<String> {
        let desk = locked(&self.desk);
        let issue = desk.issues.iter().find(|issue| issue["id"] == id);
        let all = issue.and_then(|issue| issue["fields"][field].as_array());
        let all = all.into_iter().flatten();
        let names = all.map(|one| match one.get("name") {
            Some(name) => text(name),
            None => text(one),
        });
        names
            .filter(|name| !name.starts_with("switchboard-"))
            .collect()
    }

    /// From now on it is too busy, or not any more.
    pub fn busy(&self, busy: bool) {
        locked(&self.desk).busy = busy;
    }
}

type Refused = Answered;

fn refuse<T>(status: u16, words: &str) -> Result<T, Refused> {
    Err(Answered::json(
        status,
        &json!({"errorMessages": [words], "errors": {}}),
    ))
}

fn invalid<T>(field: &str, words: &str) -> Result<T, Refused> {
    Err(Answered::json(
        400,
        &json!({"errorMessages": [], "errors": {field: words}}),
    ))
}

impl Desk {
    fn person(&self, name: &str) -> Value {
        if self.cloud {
            json!({"accountId": format!("5b10-{name}"), "displayName": name, "active": true, "accountType": "atlassian"})
        } else {
            json!({"name": name, "key": format!("JIRAUSER-{name}"), "displayName": name, "active": true})
        }
    }

    fn answer(&mut self, asked: &Asked) -> Result<Answered, Refused> {
        if self.busy {
            return Ok(Answered::nothing(429).with("retry-after", "42"));
        }
        let given = asked.header("authorization");
        let name = match (given.strip_prefix("Bearer "), given.strip_prefix("Basic ")) {
            (Some(token), _) => token.to_owned(),
            (_, Some(basic)) => {
                let basic = STANDARD.decode(basic).unwrap_or_default();
                let basic = String::from_utf8_lossy(&basic).into_owned();
                // A name is its own password.
                match basic.split_once(':') {
                    Some((name, password)) if name == password => name.to_owned(),
                    _ => "-".to_owned(),
                }
            }
            _ => String::new(),
        };
        let url = format!("http://{}", asked.header("host"));
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        if let [.., "serverInfo"] = path[..] {
            let kind = if self.cloud { "Cloud" } else { "Server" };
            let version = if self.cloud {
                "1001.0.0-SNAPSHOT"
            } else {
                "9.12.4"
            };
            let numbers = if self.cloud {
                json!([1001, 0, 0])
            } else {
                json!([9, 12, 4])
            };
            let info = json!({"baseUrl": url, "version": version, "versionNumbers": numbers, "deploymentType": kind, "serverTitle": "Jira"});
            return Ok(Answered::json(200, &info));
        }
        let Some(&(who, works)) = PEOPLE.iter().find(|(known, _)| *known == name) else {
            return refuse(
                401,
                "You are not authenticated. Authentication required to perform this operation.",
            );
        };
        let granted = self.granted.filter(|_| who == "bridge");
        let works = granted.map_or(works, |works| works == Some(true));
        let sees = granted != Some(None);
        if let ["secure", "attachment", id, _] = path[..] {
            return self.bytes(id);
        }
        let Some(path) = path.strip_prefix(&["rest", "api", "2"]) else {
            return refuse(404, "null for uri");
        };
        let sent = asked.json();
        match (asked.method.as_str(), path) {
            ("GET", ["myself"]) => Ok(Answered::json(200, &self.person(who))),
            ("GET", ["field"]) => Ok(Answered::json(
                200,
                &json!([{"id": "summary", "name": "Summary", "custom": false}]),
            )),
            ("GET", ["project", key]) => match PROJECTS
                .iter()
                .find(|(known, ..)| sees && known.eq_ignore_ascii_case(key))
            {
                Some(project) => Ok(Answered::json(200, &project_json(project))),
                None => refuse(404, "No project could be found with key."),
            },
            ("GET", ["mypermissions"]) => {
                let all = [
                    "BROWSE_PROJECTS",
                    "CREATE_ISSUES",
                    "ADD_COMMENTS",
                    "EDIT_ISSUES",
                    "TRANSITION_ISSUES",
                    "CREATE_ATTACHMENTS",
                ];
                let has = |right: &str| {
                    works || matches!(right, "BROWSE_PROJECTS" | "ADD_COMMENTS" | "CREATE_ISSUES")
                };
                let all: serde_json::Map<String, Value> = all
                    .iter()
                    .map(|right| ((*right).to_owned(), json!({"havePermission": has(right)})))
                    .collect();
                Ok(Answered::json(200, &json!({"permissions": all})))
            }
            ("GET", ["search"]) if self.cloud => refuse(
                410,
                "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.",
            ),
            ("GET", ["search", ..]) if !sees => refuse(
                400,
                "The value 'ATLAS' does not exist for the field 'project'.",
            ),
            ("POST", ["issue"]) if !sees => invalid("project", "project is required"),
            ("GET", ["search"]) => self.search(asked),
            ("GET", ["search", "jql"]) if self.cloud => self.search(asked),
            ("POST", ["issue"]) => self.create(who, &sent, &url),
            (method, ["issueLink", rest @ ..]) if works => {
                self.linking(who, (method, rest.first().copied()), &sent)
            }
            ("POST" | "DELETE", ["issueLink", ..]) => {
                refuse(401, "No Link Issue Permission for issue.")
            }
            ("GET", ["attachment", "content", id]) if self.cloud => {
                if asked.query("redirect") == Some("false") {
                    return self.bytes(id);
                }
                Ok(Answered::nothing(303).with("location", "https://api.media.example/file"))
            }
            ("GET", ["attachment", id]) => {
                let all = self
                    .issues
                    .iter()
                    .filter_map(|issue| issue["fields"]["attachment"].as_array());
                match all.flatten().find(|file| file["id"] == *id) {
                    Some(file) => Ok(Answered::json(200, file)),
                    None => refuse(404, "The attachment with id does not exist"),
                }
            }
            ("GET", ["comment", id, "properties", key]) => {
                let found = self.comments.iter().find(|comment| comment["id"] == *id);
                let properties = found.and_then(|comment| comment["properties"].as_array());
                match properties.and_then(|all| all.iter().find(|one| one["key"] == *key)) {
                    Some(property) => Ok(Answered::json(200, property)),
                    None => refuse(404, "The property does not exist"),
                }
            }
            (method, ["issue", id, rest @ ..]) => {
                let found = self
                    .issues
                    .iter()
                    .position(|issue| sees && (issue["id"] == *id || issue["key"] == *id));
                let Some(place) = found else {
                    return refuse(
                        404,
                        "Issue does not exist or you do not have permission to see it.",
                    );
                };
                self.of_issue(asked, (who, works), place, method, rest, &sent)
            }
            _ => refuse(404, "null for uri"),
        }
    }

    fn bytes(&self, id: &str) -> Result<Answered, Refused> {
        let at = id
            .parse::<usize>()
            .ok()
            .and_then(|id| id.checked_sub(70_000));
        match at.and_then(|at| self.files.get(at)) {
            Some(bytes) => Ok(Answered {
                status: 200,
                headers: Vec::new(),
                body: ("application/octet-stream", bytes.clone()),
            }),
            None => refuse(404, "The attachment does not exist"),
        }
    }

    fn search(&self, asked: &Asked) -> Result<Answered, Refused> {
        let jql = asked.query("jql").unwrap_or_default();
        let mut all: Vec<Value> = self.issues.clone();
        let conditions = jql.split(" ORDER ").next().unwrap_or_default();
        for condition in conditions
            .split(" AND ")
            .filter(|one| !one.trim().is_empty())
        {
            let parts: Vec<&str> = condition.trim().splitn(3, ' ').collect();
            let [field, operator, value] = parts[..] else {
                return refuse(400, "Error in the JQL Query");
            };
            let value = value.trim_matches('"');
            match (field, operator) {
                ("project", "=") => {
                    if !PROJECTS
                        .iter()
                        .any(|(key, ..)| key.eq_ignore_ascii_case(value))
                    {
                        return refuse(
                            400,
                            &format!("The value '{value}' does not exist for the field 'project'."),
                        );
                    }
                    all.retain(|issue| {
                        text(&issue["fields"]["project"]["key"]).eq_ignore_ascii_case(value)
                    });
                }
                ("labels", "=") => all.retain(|issue| {
                    issue["fields"]["labels"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|label| label == value)
                }),
                ("updated", ">=") => {
                    let Some(minutes) = value
                        .strip_prefix('-')
                        .and_then(|v| v.strip_suffix('m'))
                        .and_then(|v| v.parse::<i64>().ok())
                    else {
                        return refuse(400, "Date value is invalid.");
                    };
                    let from = chrono::Utc::now() - chrono::Duration::minutes(minutes);
                    let from = from.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string();
                    all.retain(|issue| text(&issue["fields"]["updated"]) >= from);
                }
                _ => return refuse(400, &format!("Field '{field}' does not exist.")),
            }
        }
        let number = |name: &str| asked.query(name).and_then(|v| v.parse::<usize>().ok());
        let rows = number("maxResults").unwrap_or(50).clamp(1, 100);
        let begin = if self.cloud {
            number("nextPageToken")
        } else {
            number("startAt")
        }
        .unwrap_or(0);
        let total = all.len();
        let page: Vec<Value> = all.iter().skip(begin).take(rows).map(told).collect();
        let mut answer = json!({"issues": page});
        if self.cloud {
            answer["isLast"] = json!(begin + rows >= total);
            if begin + rows < total {
                answer["nextPageToken"] = json!((begin + rows).to_string());
            }
        } else {
            answer["startAt"] = json!(begin);
            answer["maxResults"] = json!(rows);
            answer["total"] = json!(total);
        }
        Ok(Answered::json(200, &answer))
    }

    fn create(&mut self, who: &str, sent: &Value, url: &str) -> Result<Answered, Refused> {
        let fields = &sent["fields"];
        let key = text(&fields["project"]["key"]);
        let Some(project) = PROJECTS
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(&key))
        else {
            return invalid("project", "project is required");
        };
        if project.2 {
            return invalid(
                "project",
                "This project is archived, and can not be changed.",
            );
        }
        if !["Task", "Bug"].contains(&text(&fields["issuetype"]["name"]).as_str()) {
            return invalid("issuetype", "Specify a valid issue type");
        }
        let Some(summary) = fields["summary"]
            .as_str()
            .filter(|summary| !summary.trim().is_empty())
        else {
            return invalid("summary", "You must specify a summary of the issue.");
        };
        if summary.contains('\n') {
            return invalid(
                "summary",
                "The summary is invalid because it contains newline characters.",
            );
        }
        let number = self
            .issues
            .iter()
            .filter(|i| i["fields"]["project"]["key"] == project.0)
            .count()
            + 1;
        let id = (10_000 + self.issues.len() + 1).to_string();
        let key = format!("{}-{number}", project.0);
        let priority = fields["priority"]["name"].as_str().unwrap_or("Medium");
        let labels = if fields["labels"].is_array() {
            fields["labels"].clone()
        } else {
            json!([])
        };
        let here = format!("{url}/rest/api/2/issue/{id}");
        self.issues.push(json!({
            "id": id, "key": key, "self": here, "#histories": [], "fields": {
                "summary": summary, "description": fields["description"], "status": {"name": "To Do"},
                "resolution": null, "priority": {"name": priority}, "assignee": null, "labels": labels,
                "components": [], "reporter": self.person(who), "creator": self.person(who), "attachment": [],
                "project": {"key": project.0, "projectTypeKey": project.1}, "issuetype": fields["issuetype"],
                "created": now(), "updated": now(),
            },
        }));
        Ok(Answered::json(
            201,
            &json!({"id": id, "key": key, "self": here}),
        ))
    }

    fn of_issue(
        &mut self,
        asked: &Asked,
        (who, works): (&str, bool),
        place: usize,
        method: &str,
        rest: &[&str],
        sent: &Value,
    ) -> Result<Answered, Refused> {
        let id = text(&self.issues[place]["id"]);
        match (method, rest) {
            ("GET", []) => {
                let mut issue = told(&self.issues[place]);
                issue["fields"]["issuelinks"] = self.linked(&id);
                if asked
                    .query("expand")
                    .is_some_and(|all| all.contains("changelog"))
                {
                    issue["changelog"] = json!({"histories": self.issues[place]["#histories"]});
                }
                Ok(Answered::json(200, &issue))
            }
            ("PUT", []) => {
                if !works {
                    return refuse(403, "You do not have permission to edit this issue.");
                }
                self.edit(who, place, sent)?;
                Ok(Answered::nothing(204))
            }
            ("DELETE", []) => {
                self.issues.remove(place);
                Ok(Answered::nothing(204))
            }
            ("GET", ["changelog"]) if self.cloud => {
                let all = self.issues[place]["#histories"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                Ok(paged(asked, "values", all))
            }
            ("GET", ["transitions"]) => {
                let all: Vec<Value> = if works {
                    self.transitions(place)
                } else {
                    Vec::new()
                };
                Ok(Answered::json(200, &json!({"transitions": all})))
            }
            ("POST", ["transitions"]) => {
                let found = self
                    .transitions(place)
                    .into_iter()
                    .find(|one| one["id"] == text(&sent["transition"]["id"]));
                let Some(transition) = found.filter(|_| works) else {
                    return refuse(
                        400,
                        "It seems that you have tried to perform a workflow operation that is not valid for the current state of this issue.",
                    );
                };
                let to = text(&transition["to"]["name"]);
                let resolution = match to.as_str() {
                    "Done" => sent["fields"]["resolution"]["name"]
                        .as_str()
                        .or(Some("Done")),
                    _ => None,
                };
                let before = self.issues[place]["fields"].clone();
                let mut items = vec![
                    json!({"field": "status", "fromString": before["status"]["name"], "toString": to}),
                ];
                let was = &before["resolution"]["name"];
                if was.as_str() != resolution {
                    items.push(
                        json!({"field": "resolution", "fromString": was, "toString": resolution}),
                    );
                }
                self.issues[place]["fields"]["status"] = json!({"name": to});
                self.issues[place]["fields"]["resolution"] =
                    resolution.map_or(Value::Null, |name| json!({"name": name}));
                self.history(who, place, items);
                Ok(Answered::nothing(204))
            }
            ("GET", ["comment"]) => {
                let all = self
                    .comments
                    .iter()
                    .filter(|comment| comment["#issue"] == id)
                    .cloned();
                let mut all: Vec<Value> = all.collect();
                let expanded = asked
                    .query("expand")
                    .is_some_and(|all| all.contains("properties"));
                for comment in &mut all {
                    // Cloud tells of it in its own way.
                    let of = comment.as_object_mut().unwrap();
                    if self.cloud || !expanded {
                        of.remove("properties");
                    }
                    if !self.cloud {
                        of.remove("jsdPublic");
                    }
                    of.retain(|name, _| !name.starts_with('#'));
                }
                Ok(paged(asked, "comments", all))
            }
            ("POST", ["comment"]) => {
                let Some(body) = sent["body"].as_str().filter(|body| !body.is_empty()) else {
                    return invalid("comment", "Comment body can not be empty!");
                };
                let host = asked.header("host");
                let own = self.next();
                let properties = sent["properties"].as_array().cloned().unwrap_or_default();
                let internal = properties.iter().any(|one| {
                    one["key"] == "sd.public.comment" && one["value"]["internal"] == true
                });
                let mut comment = json!({
                    "#issue": id, "id": own.to_string(), "self": format!("http://{host}/rest/api/2/issue/{id}/comment/{own}"), "body": body, "author": self.person(who), "created": now(),
                    "updated": now(), "properties": properties, "jsdPublic": !internal,
                });
                if sent["visibility"].is_object() {
                    comment["visibility"] = sent["visibility"].clone();
                }
                self.comments.push(comment.clone());
                self.issues[place]["fields"]["updated"] = json!(now());
                comment
                    .as_object_mut()
                    .unwrap()
                    .retain(|name, _| !name.starts_with('#'));
                Ok(Answered::json(201, &comment))
            }
            ("DELETE", ["comment", own]) => {
                self.comments.retain(|comment| comment["id"] != *own);
                Ok(Answered::nothing(204))
            }
            ("POST", ["attachments"]) => self.attach(asked, who, place),
            _ => refuse(404, "null for uri"),
        }
    }

    fn transitions(&self, place: usize) -> Vec<Value> {
        let is = text(&self.issues[place]["fields"]["status"]["name"]);
        let all = WORKFLOW
            .iter()
            .enumerate()
            .filter(|(_, (from, _))| *from == is);
        all.map(|(at, (_, to))| {
            let fields = if *to == "Done" { json!({"resolution": {"required": false}}) } else { json!({}) };
            json!({"id": (at + 11).to_string(), "name": format!("To {to}"), "to": {"name": to}, "fields": fields})
        })
        .collect()
    }

    fn edit(&mut self, who: &str, place: usize, sent: &Value) -> Result<(), Refused> {
        let mut items = Vec::new();
        let before = self.issues[place]["fields"].clone();
        for (name, value) in sent["fields"].as_object().into_iter().flatten() {
            match name.as_str() {
                "summary" | "description" => {
                    items.push(
                        json!({"field": name, "fromString": before[name], "toString": value}),
                    );
                    self.issues[place]["fields"][name] = value.clone();
                }
                "priority" => {
                    if !PRIORITIES.contains(&text(&value["name"]).as_str()) {
                        return invalid("priority", "The priority selected is invalid.");
                    }
                    items.push(json!({"field": "priority", "fromString": before["priority"]["name"], "toString": value["name"]}));
                    self.issues[place]["fields"]["priority"] = value.clone();
                }
                "assignee" => {
                    let field = if self.cloud { "accountId" } else { "name" };
                    let wanted = &value[field];
                    let people = PEOPLE
                        .iter()
                        .map(|(name, works)| (self.person(name), works));
                    let found = people.into_iter().find(|(one, _)| one[field] == *wanted);
                    let found = match found {
                        Some((_, false)) => {
                            let words =
                                format!("User '{}' cannot be assigned issues.", text(wanted));
                            return invalid("assignee", &words);
                        }
                        None if !wanted.is_null() => {
                            return invalid("assignee", "User does not exist.");
                        }
                        found => found.map(|(one, _)| one),
                    };
                    items
                        .push(json!({"field": "assignee", "fromString": null, "toString": wanted}));
                    self.issues[place]["fields"]["assignee"] = found.unwrap_or_default();
                }
                other => {
                    return invalid(
                        other,
                        "Field can not be set. It is not on the appropriate screen, or unknown.",
                    );
                }
            }
        }
        for (field, told) in [("labels", "labels"), ("components", "Component")] {
            let has = &mut self.issues[place]["fields"][field];
            let before = has.clone();
            for change in sent["update"][field].as_array().into_iter().flatten() {
                let all = has.as_array_mut().unwrap();
                if let Some(add) = change.get("add") {
                    let known = |name: &Value| COMPONENTS.iter().any(|one| name == one);
                    if field == "components" && !known(&add["name"]) {
                        return invalid("components", "Component name is not valid");
                    }
                    if field == "labels" && text(add).contains(' ') {
                        return invalid("labels", "The label contains spaces which is invalid.");
                    }
                    all.push(add.clone());
                }
                if let Some(gone) = change.get("remove") {
                    all.retain(|one| one != gone);
                }
            }
            if *has != before {
                items.push(json!({"field": told, "fromString": "", "toString": ""}));
            }
        }
        self.history(who, place, items);
        Ok(())
    }

    fn history(&mut self, who: &str, place: usize, items: Vec<Value>) {
        let (id, author) = (self.next(), self.person(who));
        self.issues[place]["fields"]["updated"] = json!(now());
        if !items.is_empty() {
            let history =
                json!({"id": id.to_string(), "author": author, "created": now(), "items": items});
            self.issues[place]["#histories"]
                .as_array_mut()
                .unwrap()
                .push(history);
        }
    }

    fn attach(&mut self, asked: &Asked, who: &str, place: usize) -> Result<Answered, Refused> {
        if asked.header("x-atlassian-token") != "no-check" {
            return refuse(403, "XSRF check failed");
        }
        let Some((name, bytes)) = asked.file("file") else {
            return refuse(400, "no file");
        };
        let id = (70_000 + self.files.len()).to_string();
        let host = asked.header("host");
        let file = json!({
            "id": id, "filename": name, "author": self.person(who), "created": now(), "size": bytes.len(),
            "mimeType": "text/plain", "self": format!("http://{host}/rest/api/2/attachment/{id}"), "content": format!("http://{host}/secure/attachment/{id}/{}", name.replace(' ', "%20")),
        });
        self.files.push(bytes);
        self.issues[place]["fields"]["attachment"]
            .as_array_mut()
            .unwrap()
            .push(file.clone());
        self.history(
            who,
            place,
            vec![json!({"field": "Attachment", "from": null, "to": id, "toString": name})],
        );
        Ok(Answered::json(200, &json!([file])))
    }

    fn next(&mut self) -> u64 {
        self.numbered += 1;
        20_000 + self.numbered
    }
}

fn told(issue: &Value) -> Value {
    let mut issue = issue.clone();
    issue
        .as_object_mut()
        .unwrap()
        .retain(|name, _| !name.starts_with('#'));
    issue
}

fn paged(asked: &Asked, name: &str, all: Vec<Value>) -> Answered {
    let number = |name: &str, otherwise: usize| {
        asked
            .query(name)
            .and_then(|v| v.parse().ok())
            .unwrap_or(otherwise)
    };
    let (begin, rows) = (number("startAt", 0), number("maxResults", 50).clamp(1, 100));
    let total = all.len();
    let page: Vec<Value> = all.into_iter().skip(begin).take(rows).collect();
    Answered::json(
        200,
        &json!({name: page, "startAt": begin, "maxResults": rows, "total": total}),
    )
}

fn project_json((key, kind, archived): &(&str, &str, bool)) -> Value {
    json!({
        "id": "1", "key": key, "name": key, "projectTypeKey": kind, "archived": archived,
        "issueTypes": [{"name": "Sub-task", "subtask": true}, {"name": "Task", "subtask": false}, {"name": "Bug", "subtask": false}],
    })
}
