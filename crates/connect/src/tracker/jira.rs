//! Issues of a Jira project, by its REST API (version 2): Jira Cloud's, or that of a
//! Data Center.
//!
//! Written from Atlassian's public documentation; no real Jira has met it yet
//! (`docs/guides/jira.md` says what that means). Where it is not obvious:
//! - version 2, because its texts are wiki markup and plain enough to be read; those of
//!   version 3 are documents;
//! - Cloud and Data Center search, page, and name people in different ways;
//! - JQL reads times in the time zone of whoever asks, so it is asked for minutes ago;
//! - a ticket is found again by a label with its marker, an entry by a property that
//!   nobody sees (`switchboard`);
//! - statuses are not set: a workflow has transitions, of which one may lead there;
//! - comments of a service desk are internal by their property `sd.public.comment`,
//!   and others may be for a group or role only. Neither is for us.

mod links;
mod look;
mod read;
mod wiki;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::http::Method;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::guard::Guard;
use crate::probe::{Check, Way, escaped};
use crate::tracker::call::{Call, date, found, list, text};
use crate::tracker::door::{Door, basic};
use crate::tracker::look::{lines, nobody};
use crate::tracker::number::issue_number;
use crate::tracker::since::{MOST_PAGES, gather, start};
use crate::tracker::wanted::{differences, entry_marker, unchanged};
use crate::tracker::{
    Changes, Cursor, Deed, Error, Kind, Login, NewEntry, NewTicket, NotTaken, Outcome,
    RemoteChange, RemoteEntry, RemoteLink, RemoteTicket, Sent, Tracker, Wanted, labels,
};

pub(super) const KIND: Kind = Kind {
    key: "jira",
    apart: false,
    signs: true,
    way: Way {
        name: NAME,
        me: "/rest/api/2/myself",
        names: &["displayName", "name", "accountId"],
        queue: "/rest/api/2/project/{}",
        listed: "",
        header: ("authorization", "Bearer "),
    },
    make: |guard, account| {
        let client = Jira::new(guard, account.endpoint, account.queue, account.login())?;
        Ok(Arc::new(client))
    },
};

const NAME: &str = "Jira";
/// Where the API lies below Jira.
const API: &str = "/rest/api/2";
const PATIENCE: Duration = Duration::from_secs(60);
/// Rows a page; Cloud gives no more where all fields are wanted.
const PAGE: usize = 100;
/// Bytes of a file that are read.
const LARGEST_FILE: usize = 96 * 1024 * 1024;
/// Characters of a summary.
const LONGEST_TITLE: usize = 250;
/// Characters of a text: Jira takes 32,767, and escaping makes them more.
const LONGEST_TEXT: usize = 30_000;
/// The property of a comment with its marker.
const PROPERTY: &str = "switchboard";
/// The property of a comment of a service desk that says whether it is internal.
const INTERNAL: &str = "sd.public.comment";
/// The fields of an issue that are read.
const FIELDS: &str = "summary,description,status,resolution,priority,assignee,reporter,creator,labels,components,project,created,updated,attachment";

/// Who we are there, and where.
#[derive(Debug, Clone)]
struct Us {
    /// Cloud's number of our account, or Data Center's key.
    id: String,
    cloud: bool,
}

impl Us {
    /// What somebody is named by when an issue is given to them.
    fn login(&self) -> &'static str {
        if self.cloud { "accountId" } else { "name" }
    }
}

/// The issues of a project.
pub struct Jira {
    door: Door,
    /// As it is named in the agreement.
    queue: String,
    us: OnceCell<Us>,
}

impl fmt::Debug for Jira {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jira")
            .field("door", &self.door)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

impl Jira {
    /// The project (its key; `KEY/Type` when not its first type of issue is to be used)
    /// of the Jira at its own address, or that of its API. Nothing is called yet.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(guard: &Guard, address: &str, queue: &str, login: Login) -> Result<Jira, String> {
        let authorization = match login {
            Login::Token(token) => format!("Bearer {token}"),
            Login::Password { user, password } => basic(&user, &password),
        };
        let headers = vec![
            ("authorization", authorization),
            // It takes no files from what could be a browser.
            ("x-atlassian-token", "no-check".to_owned()),
        ];
        Ok(Jira {
            door: Door::new(guard.apart(None, PATIENCE)?, NAME, address, API, headers),
            queue: queue.trim().to_owned(),
            us: OnceCell::new(),
        })
    }

    /// The key of the project, and the type of issue if one was named.
    fn project(&self) -> (&str, Option<&str>) {
        match self.queue.split_once('/') {
            Some((key, kind)) => (key.trim(), Some(kind.trim())),
            None => (&self.queue, None),
        }
    }

    async fn get(&self, path: &str, what: &str) -> Result<Value, Error> {
        let reply = self.door.call(Call::get(path)).await?;
        Ok(found(reply, &format!("see {what}"), || what.to_owned())?.json)
    }

    /// Our account there, which has an id.
    async fn me(&self) -> Result<Value, Error> {
        let me = self.get("/myself", "account of that secret").await?;
        match read::person_id(&me).is_empty() {
            true => Err(nobody(NAME)),
            false => Ok(me),
        }
    }

    async fn us(&self) -> Result<&Us, Error> {
        let asked = async || {
            let info = self.get("/serverInfo", "API at this address").await?;
            Ok(Us {
                id: read::person_id(&self.me().await?),
                cloud: info["deploymentType"] == "Cloud",
            })
        };
        self.us.get_or_try_init(asked).await
    }

    async fn issue(&self, id: u64) -> Result<Value, Error> {
        let call = Call::get(format!("/issue/{id}")).with("fields", FIELDS);
        let missing = || format!("issue {id}");
        Ok(found(
            self.door.call(call).await?,
            &format!("see issue {id}"),
            missing,
        )?
        .json)
    }

    /// The issues that a query finds, oldest first.
    async fn search(&self, jql: &str) -> Result<Vec<Value>, Error> {
        let us = self.us().await?;
        let mut all: Vec<Value> = Vec::new();
        let mut token = String::new();
        for _ in 0..MOST_PAGES {
            let path = if us.cloud { "/search/jql" } else { "/search" };
            let mut call = Call::get(path)
                .with("jql", format!("{jql} ORDER BY created ASC"))
                .with("fields", FIELDS)
                .with("maxResults", PAGE.to_string());
            call = match (us.cloud, token.is_empty()) {
                (true, true) => call,
                (true, false) => call.with("nextPageToken", token.clone()),
                (false, _) => call.with("startAt", all.len().to_string()),
            };
            let reply = found(self.door.call(call).await?, "search", || "search".into())?;
            let rows = list(&reply.json["issues"]);
            all.extend_from_slice(rows);
            token = text(&reply.json["nextPageToken"]);
            let total = reply.json["total"].as_u64().unwrap_or_default();
            let over = if us.cloud {
                token.is_empty()
            } else {
                all.len() as u64 >= total
            };
            if over || rows.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    /// All rows of a list that is paged by where it begins.
    async fn rows(
        &self,
        path: &str,
        name: &str,
        query: &[(&'static str, &str)],
    ) -> Result<Vec<Value>, Error> {
        let mut all: Vec<Value> = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut call = Call::get(path);
            for (name, value) in query {
                call = call.with(name, *value);
            }
            let call = call
                .with("startAt", all.len().to_string())
                .with("maxResults", PAGE.to_string());
            let reply = found(self.door.call(call).await?, "see an issue", || {
                path.to_owned()
            })?;
            let rows = list(&reply.json[name]);
            all.extend_from_slice(rows);
            let total = reply.json["total"].as_u64().unwrap_or_default();
            if rows.is_empty() || all.len() as u64 >= total {
                break;
            }
        }
        Ok(all)
    }

    async fn comments(&self, id: u64) -> Result<Vec<Value>, Error> {
        let path = format!("/issue/{id}/comment");
        self.rows(
            &path,
            "comments",
            &[("expand", "properties"), ("orderBy", "created")],
        )
        .await
    }

    /// Our comments with a marker, oldest first.
    async fn marked(&self, id: u64, marker: &str) -> Result<Vec<Value>, Error> {
        let us = &self.us().await?.id;
        let mut found = Vec::new();
        for comment in self.comments(id).await? {
            let ours = read::person_id(&comment["author"]) == *us;
            if ours && self.marker(&comment).await?.as_deref() == Some(marker) {
                found.push(comment);
            }
        }
        found.sort_by_key(|comment| text(&comment["id"]).parse::<u64>().ok());
        Ok(found)
    }

    /// The marker of a comment of ours.
    async fn marker(&self, comment: &Value) -> Result<Option<String>, Error> {
        if comment["properties"].is_array() {
            return Ok(read::marker(comment));
        }
        // A version that does not tell them with the comment.
        let path = format!(
            "/comment/{}/properties/{PROPERTY}",
            escaped(&text(&comment["id"]), false)
        );
        match self.get(&path, "property").await {
            Ok(property) => Ok(Some(text(&property["value"]["marker"])).filter(|m| !m.is_empty())),
            Err(Error::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn histories(&self, id: u64) -> Result<Vec<Value>, Error> {
        if self.us().await?.cloud {
            return self
                .rows(&format!("/issue/{id}/changelog"), "values", &[])
                .await;
        }
        let call = Call::get(format!("/issue/{id}"))
            .with("fields", "created")
            .with("expand", "changelog")
            .largest(LARGEST_FILE);
        let reply = found(self.door.call(call).await?, "see an issue", || {
            format!("issue {id}")
        })?;
        Ok(list(&reply.json["changelog"]["histories"]).to_vec())
    }

    fn ticket(&self, issue: &Value, us: &Us) -> RemoteTicket {
        read::ticket(issue, us, self.project().0, &self.queue)
    }

    /// What happened to an issue, with the numbers that a cursor keeps.
    async fn history_of(&self, issue: &Value) -> Result<Vec<(i64, RemoteChange)>, Error> {
        let id = issue_number(&text(&issue["id"]))?;
        let comments = self.comments(id).await?;
        let histories = self.histories(id).await?;
        Ok(read::changes(
            id,
            issue,
            &comments,
            &histories,
            self.us().await?,
        ))
    }

    /// The type of issue to make.
    async fn kind(&self) -> Result<String, Error> {
        let (key, kind) = self.project();
        if let Some(kind) = kind {
            return Ok(kind.to_owned());
        }
        let path = format!("/project/{}", escaped(key, false));
        let project = self
            .get(&path, &format!("project {key} that our account can see"))
            .await?;
        let kinds = list(&project["issueTypes"]).iter();
        let first = kinds
            .filter(|kind| kind["subtask"] != true)
            .map(|kind| text(&kind["name"]))
            .next();
        first.ok_or_else(|| Error::Missing {
            system: NAME,
            what: format!("type of issue in {key}"),
        })
    }

    /// Puts files to an issue and says what of its text shows them.
    async fn attach(&self, id: u64, entry: &NewEntry) -> Result<(String, Vec<NotTaken>), Error> {
        let (mut shown, mut lost) = (String::new(), Vec::new());
        for file in &entry.attachments {
            let path = format!("/issue/{id}/attachments");
            let call = Call::new(Method::POST, path).file_to("file", file);
            let reply = self.door.call(call).await?;
            let words = reply.words();
            let kept = list(&reply.json).first().cloned().unwrap_or_default();
            let name = text(&kept["filename"]);
            let whole = kept["size"].as_u64() == Some(file.bytes.len() as u64);
            if (200..300).contains(&reply.status) && whole && !name.is_empty() {
                shown.push_str(&format!("\n\n[^{name}]"));
            } else {
                lost.push(NotTaken {
                    field: file.name.clone(),
                    wanted: format!("{} bytes", file.bytes.len()),
                    is: "not kept".to_owned(),
                    words,
                });
            }
        }
        Ok((shown, lost))
    }

    /// Takes the transition that leads to a status, if there is one from where it is.
    async fn go(&self, id: u64, issue: &Value, word: &str) -> Result<Option<String>, Error> {
        let (state, resolution) = labels::parts(word);
        let is = text(&issue["fields"]["status"]["name"]);
        let resolved = text(&issue["fields"]["resolution"]["name"]);
        let right = resolution.is_none_or(|wanted| wanted.eq_ignore_ascii_case(&resolved));
        if is.eq_ignore_ascii_case(state) && right {
            return Ok(None);
        }
        let call =
            Call::get(format!("/issue/{id}/transitions")).with("expand", "transitions.fields");
        let reply = self.door.call(call).await?;
        let all = found(reply, "see transitions", || format!("issue {id}"))?.json;
        let all = list(&all["transitions"]);
        let leads = |one: &&Value| text(&one["to"]["name"]).eq_ignore_ascii_case(state);
        let Some(transition) = all.iter().find(leads) else {
            let to: Vec<String> = all.iter().map(|one| text(&one["to"]["name"])).collect();
            return Ok(Some(format!(
                "from “{is}” its workflow leads to: {}",
                to.join(", ")
            )));
        };
        let mut body = json!({ "transition": { "id": transition["id"] } });
        let field = &transition["fields"]["resolution"];
        // Where one is wanted and nobody named it.
        let otherwise = (field["required"] == true).then_some("Done");
        if let (Some(resolution), true) = (resolution.or(otherwise), field.is_object()) {
            body["fields"] = json!({ "resolution": { "name": resolution } });
        }
        let call = Call::new(Method::POST, format!("/issue/{id}/transitions")).body(body);
        let reply = self.door.call(call).await?;
        if reply.status == 400 {
            // A network that repeats it asks for what was done already.
            let now = text(&self.issue(id).await?["fields"]["status"]["name"]);
            if now.eq_ignore_ascii_case(state) {
                return Ok(None);
            }
        }
        let missing = || format!("issue {id}");
        Ok(Some(
            found(reply, &format!("set the status of issue {id}"), missing)?.words(),
        ))
    }
}

/// Number of an issue, of whatever; nothing else may get into a path.
/// A text in JQL.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn written(entry: &NewEntry) -> String {
    let body = wiki::written(&entry.body);
    if body.chars().count() <= LONGEST_TEXT {
        return body;
    }
    let cut: String = entry.body.chars().take(LONGEST_TEXT / 3).collect();
    format!(
        "{} …\n\n(The text goes on at the desk.)",
        wiki::written(&cut)
    )
}

/// The label by which a ticket of ours is found again.
fn label(marker: &str) -> String {
    format!("{PROPERTY}-{marker}")
}

#[async_trait::async_trait]
impl Tracker for Jira {
    async fn test(&self, _queue: &str) -> Vec<Check> {
        lines(match self.door.check() {
            Ok(()) => self.look().await,
            Err(fault) => Err(Error::Unreachable(fault)),
        })
    }

    async fn create(&self, new: &NewTicket) -> Result<Outcome, Error> {
        let marker = entry_marker(&new.entry.marker)?;
        let of = format!("labels = {}", quoted(&label(marker)));
        let mut marked = self.search(&of).await?;
        let found_one = !marked.is_empty();
        let mut lost = Vec::new();
        if !found_one {
            let (key, _) = self.project();
            let summary: String = new.subject.replace(char::is_control, " ");
            let summary: String = summary.chars().take(LONGEST_TITLE).collect();
            let body = json!({ "fields": {
                "project": { "key": key },
                "issuetype": { "name": self.kind().await? },
                "summary": summary.trim(),
                "description": written(&new.entry),
                "labels": [label(marker)],
            }});
            let call = Call::new(Method::POST, "/issue").body(body);
            let reply = self.door.call(call).await?;
            let made = found(reply, &format!("open issues in {key}"), || {
                format!("project {key}")
            })?;
            // An earlier call may have gone on over there, unanswered, while this
            // one looked for what it had made.
            marked = self.search(&of).await?;
            if marked.is_empty() {
                marked.push(made.json);
            }
        }
        marked.sort_by_key(|issue| text(&issue["id"]).parse::<u64>().ok());
        let mut marked = marked.into_iter();
        let first = marked.next().unwrap_or_default();
        let id = issue_number(&text(&first["id"]))?;
        for double in marked {
            // No workflow is sure to have an end for it, and few may delete.
            let words = format!(
                "This was made twice. It goes on in {}.",
                text(&first["key"])
            );
            let path = format!("/issue/{}", issue_number(&text(&double["id"]))?);
            let labels =
                json!([{ "remove": label(marker) }, { "add": format!("{PROPERTY}-double") }]);
            let body =
                json!({ "fields": { "description": words }, "update": { "labels": labels } });
            let call = Call::new(Method::PUT, path).body(body);
            found(
                self.door.call(call).await?,
                "mark what was made twice",
                String::new,
            )?;
        }
        if !found_one {
            lost = self.attach(id, &new.entry).await?.1;
        }
        let wanted = Wanted {
            queue: None,
            subject: None,
            version: None,
            ..new.wanted.clone()
        };
        let mut outcome = if found_one || wanted == Wanted::default() {
            Outcome {
                ticket: self.read(&id.to_string()).await?,
                not_taken: Vec::new(),
                found: found_one,
            }
        } else {
            self.set(&id.to_string(), &wanted).await?
        };
        outcome.not_taken.extend(lost);
        Ok(outcome)
    }

    async fn read(&self, ticket: &str) -> Result<RemoteTicket, Error> {
        let issue = self.issue(issue_number(ticket)?).await?;
        Ok(self.ticket(&issue, self.us().await?))
    }

    async fn newest(&self) -> Result<Cursor, Error> {
        let reply = self.door.call(Call::get("/myself")).await?;
        let begin = start(found(reply, "look at itself", || {
            "API at this address".into()
        })?)?;
        // What is younger than the floor is of no interest either.
        Ok(self.changes(&begin).await?.cursor)
    }

    /// The cursor's floor is a time of theirs, in milliseconds.
    async fn changes(&self, since: &Cursor) -> Result<Changes, Error> {
        let reply = self.door.call(Call::get("/myself")).await?;
        let asked_at = date(&found(reply, "look at itself", || {
            "API at this address".into()
        })?);
        let now = asked_at.unwrap_or_else(|| chrono::Utc::now().timestamp_millis());
        let minutes = ((now - since.floor).max(0) + 59_999) / 60_000 + 1;
        let jql = format!(
            "project = {} AND updated >= -{minutes}m",
            quoted(self.project().0)
        );
        let mut all = Vec::new();
        for issue in self.search(&jql).await? {
            match self.history_of(&issue).await {
                Ok(of) => all.extend(of),
                // Gone since it was found.
                Err(Error::Missing { .. } | Error::Forbidden { .. }) => {
                    self.kept_out().await?.map_or(Ok(()), Err)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(gather(since, asked_at, all))
    }

    async fn history(&self, ticket: &str) -> Result<Vec<RemoteChange>, Error> {
        let issue = self.issue(issue_number(ticket)?).await?;
        let all = self.history_of(&issue).await?;
        Ok(all.into_iter().map(|(_, change)| change).collect())
    }

    async fn entry(&self, source: &str) -> Result<RemoteEntry, Error> {
        let wrong = || Error::Wrong(format!("{source:?} is no text of Jira’s"));
        let parts: Vec<&str> = source.split('/').collect();
        let us = self.us().await?;
        match parts[..] {
            ["issue", id] => {
                let issue = self.issue(issue_number(id)?).await?;
                Ok(read::opening(source, id, &issue, us))
            }
            ["comment", id, comment] => {
                let (id, number) = (issue_number(id)?, issue_number(comment)?);
                let comments = self.comments(id).await?;
                let is = |one: &&Value| text(&one["id"]) == number.to_string();
                // Whatever our account may see there: internal ones are not for us.
                let one = comments.iter().find(is).filter(|one| read::is_public(one));
                let one = one.ok_or_else(|| Error::Missing {
                    system: NAME,
                    what: format!("comment {comment}"),
                })?;
                let issue = self.issue(id).await?;
                let mut entry = read::entry(source, &issue, one, us);
                if entry.ours {
                    entry.marker = self.marker(one).await?;
                }
                Ok(entry)
            }
            ["file", id, file] => {
                let issue = self.issue(issue_number(id)?).await?;
                let file = issue_number(file)?;
                read::file(source, &issue, file, us).ok_or_else(|| Error::Missing {
                    system: NAME,
                    what: format!("file {file}"),
                })
            }
            _ => Err(wrong()),
        }
    }

    async fn attachment(&self, id: &str) -> Result<Vec<u8>, Error> {
        let number = issue_number(id)?;
        let call = if self.us().await?.cloud {
            Call::get(format!("/attachment/content/{number}")).with("redirect", "false")
        } else {
            let file = self
                .get(&format!("/attachment/{number}"), &format!("file {number}"))
                .await?;
            let address = text(&file["content"]);
            // Only from Jira itself: our secret goes along.
            let path = address
                .split_once("/secure/")
                .map(|(_, path)| path.to_owned());
            let path = path.ok_or_else(|| Error::Strange {
                system: NAME,
                why: format!("file {number} lies elsewhere"),
            })?;
            Call::get(format!("/secure/{path}")).beside()
        };
        let reply = self.door.call(call.file(LARGEST_FILE)).await?;
        Ok(found(reply, "see that file", || format!("file {number}"))?.body)
    }

    async fn send(&self, ticket: &str, entry: &NewEntry) -> Result<Sent, Error> {
        let marker = entry_marker(&entry.marker)?;
        let id = issue_number(ticket)?;
        let sent = |comment: &Value, found: bool, not_taken| Sent {
            id: text(&comment["id"]),
            ticket: id.to_string(),
            not_taken,
            found,
        };
        if let Some(known) = self.marked(id, marker).await?.first() {
            return Ok(sent(known, true, Vec::new()));
        }
        let (shown, lost) = self.attach(id, entry).await?;
        let body = json!({
            "body": format!("{}{shown}", written(entry)),
            "properties": [
                { "key": PROPERTY, "value": { "marker": marker } },
                { "key": INTERNAL, "value": { "internal": false } },
            ],
        });
        let path = format!("/issue/{id}/comment");
        let call = Call::new(Method::POST, path.clone()).body(body);
        let reply = self.door.call(call).await?;
        let made = found(reply, &format!("answer in issue {id}"), || {
            format!("issue {id}")
        })?;
        let all = self.marked(id, marker).await?;
        for double in all.iter().skip(1) {
            let path = format!("{path}/{}", escaped(&text(&double["id"]), false));
            self.door.call(Call::new(Method::DELETE, path)).await?;
        }
        Ok(sent(all.first().unwrap_or(&made.json), false, lost))
    }

    async fn sees_the_rest(&self) -> Result<bool, Error> {
        let path = format!("/project/{}", escaped(self.project().0, false));
        match self.get(&path, "that project").await {
            Ok(_) => Ok(true),
            Err(Error::Missing { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn lost(&self, _deed: Deed) -> Result<Option<Error>, Error> {
        self.kept_out().await
    }

    async fn links(&self, ticket: &RemoteTicket) -> Result<Vec<RemoteLink>, Error> {
        self.links_of(issue_number(&ticket.id)?).await
    }

    async fn set_link(&self, ticket: &str, link: &RemoteLink, there: bool) -> Result<(), Error> {
        self.put_link(ticket, link, there).await
    }

    async fn set(&self, ticket: &str, wanted: &Wanted) -> Result<Outcome, Error> {
        let id = issue_number(ticket)?;
        let issue = self.issue(id).await?;
        unchanged(wanted, &text(&issue["fields"]["updated"]), id)?;
        let us = self.us().await?;
        let mut fields = Map::new();
        if let Some(priority) = &wanted.priority {
            fields.insert("priority".into(), json!({ "name": priority }));
        }
        if let Some(subject) = &wanted.subject {
            fields.insert(
                "summary".into(),
                json!(subject.replace(char::is_control, " ")),
            );
        }
        if let Some(owner) = &wanted.owner {
            let who = Some(owner).filter(|owner| !owner.is_empty());
            fields.insert("assignee".into(), json!({ us.login(): who }));
        }
        let mut words = String::new();
        let update = read::update(&self.ticket(&issue, us), wanted);
        if !fields.is_empty() || !update.is_empty() {
            let body = json!({ "fields": fields, "update": update });
            let call = Call::new(Method::PUT, format!("/issue/{id}")).body(body);
            let reply = self.door.call(call).await?;
            words = found(reply, &format!("change issue {id}"), || {
                format!("issue {id}")
            })?
            .words();
        }
        if let Some(word) = &wanted.status
            && let Some(said) = self.go(id, &issue, word).await?
        {
            words = said;
        }
        let ticket = self.read(ticket).await?;
        // How it was resolved says more than was asked for.
        let mut seen = ticket.clone();
        if wanted
            .status
            .as_ref()
            .is_some_and(|word| labels::parts(word).1.is_none())
        {
            seen.status = labels::parts(&ticket.status).0.to_owned();
        }
        Ok(Outcome {
            not_taken: differences(wanted, &seen, &words),
            ticket,
            found: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_a_quoted_text() {
        assert_eq!(quoted(r#"A" OR "1"="1\"#), r#""A\" OR \"1\"=\"1\\""#);
        assert_eq!(label("sb1-2"), "switchboard-sb1-2");
    }
}
