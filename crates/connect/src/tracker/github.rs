//! Issues of a GitHub repository, by its REST API: github.com's, or that of an
//! Enterprise Server.
//!
//! Written from GitHub's public documentation; no real GitHub has met it yet
//! (`docs/guides/github.md` says what that means). Where it is not obvious:
//! - everything in an issue is public to whoever sees the repository: there are no
//!   internal comments, so nothing internal can be read or written by mistake;
//! - issues are found by `since` and read by their timeline, where comments and events
//!   stand in order; each kind has numbers of its own (see `number.rs`);
//! - markers stand in the text, as an HTML comment that is not shown;
//! - files can not be sent: the API has nothing for it;
//! - pull requests are issues to the API. They are left alone.

mod links;
mod look;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::http::{Method, header};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::guard::Guard;
use crate::probe::{Check, Way, escaped};
use crate::tracker::call::{Call, Reply, found, list, text, time};
use crate::tracker::door::Door;
use crate::tracker::look::{lines, whom};
use crate::tracker::number::{Sort, issue_number, number};
use crate::tracker::since::{LOOK_PAGES, MOST_PAGES, gather, is_old, start, written_time};
use crate::tracker::wanted::{differences, entry_marker, owners, unchanged};
use crate::tracker::{
    ChangeKind, Changes, Cursor, Deed, Error, Kind, LABELS, Login, NewEntry, NewTicket, Outcome,
    RemoteChange, RemoteEntry, RemoteLink, RemotePerson, RemoteTicket, Sent, Standing, Tracker,
    Wanted, labels, markdown,
};

pub(super) const KIND: Kind = Kind {
    key: "github",
    apart: true,
    signs: true,
    way: Way {
        name: NAME,
        me: "/user",
        names: &["login"],
        queue: "/repos/{/}",
        listed: "",
        header: ("authorization", "Bearer "),
    },
    make: |guard, account| {
        let client = GitHub::new(guard, account.endpoint, account.queue, account.login())?;
        Ok(Arc::new(client))
    },
};

const NAME: &str = "GitHub";
/// The version that this was written for.
const VERSION: &str = "2022-11-28";
const PATIENCE: Duration = Duration::from_secs(60);
/// Characters of a title.
const LONGEST_TITLE: usize = 250;
/// Characters of a text: GitHub takes 65,536, and escaping makes them more.
const LONGEST_TEXT: usize = 60_000;

/// The issues of a repository.
pub struct GitHub {
    door: Door,
    repository: String,
    // Number and name of our account there; asked once.
    us: OnceCell<(u64, String)>,
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub")
            .field("door", &self.door)
            .field("repository", &self.repository)
            .finish_non_exhaustive()
    }
}

impl GitHub {
    /// The repository (`owner/name`) at the address of the API: `https://api.github.com`,
    /// or `https://HOST/api/v3` of an Enterprise Server. Nothing is called yet.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(
        guard: &Guard,
        address: &str,
        repository: &str,
        login: Login,
    ) -> Result<GitHub, String> {
        let Login::Token(token) = login else {
            return Err("GitHub takes a token, no name and password".to_owned());
        };
        let headers = vec![
            ("authorization", format!("Bearer {token}")),
            ("x-github-api-version", VERSION.to_owned()),
        ];
        Ok(GitHub {
            door: Door::new(guard.apart(None, PATIENCE)?, NAME, address, "", headers),
            repository: repository.trim().to_owned(),
            us: OnceCell::new(),
        })
    }

    fn path(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", escaped(&self.repository, true))
    }

    async fn us(&self) -> Result<&(u64, String), Error> {
        let asked = async || {
            let reply = self.door.call(Call::get("/user")).await?;
            let me = found(reply, "look at itself", || "API at this address".into())?.json;
            whom(NAME, &me, "login")
        };
        self.us.get_or_try_init(asked).await
    }

    /// All rows of a list, and when that was. `enough`: after these it may end.
    async fn all(
        &self,
        path: &str,
        query: &[(&'static str, String)],
        pages: usize,
        enough: fn(&[Value]) -> bool,
    ) -> Result<(Vec<Value>, Option<i64>), Error> {
        let there = |reply| self.there(reply, path);
        let call = || Call::get(self.path(path)).movable();
        self.door.pages(call, query, pages, there, enough).await
    }

    /// What is there. An issue that was moved to another repository, or deleted, is gone.
    fn there(&self, reply: Reply, path: &str) -> Result<Reply, Error> {
        let issue = path.trim_start_matches("/issues/").split('/').next();
        let issue = issue.filter(|id| id.parse::<u64>().is_ok());
        match (reply.status, issue) {
            (301 | 410, Some(issue)) => Err(Error::Deleted(issue.to_owned())),
            (300..=399, _) => Err(Error::Strange {
                system: NAME,
                why: format!(
                    "it sends us to {}; the repository may have another name now",
                    reply.header(header::LOCATION)
                ),
            }),
            (410, _) => Err(Error::Missing {
                system: NAME,
                what: format!("issues in {}: they are switched off", self.repository),
            }),
            _ => found(reply, &format!("see {}", self.repository), || match issue {
                Some(issue) => format!("issue {issue} in {}", self.repository),
                None => format!("repository {} that our account can see", self.repository),
            }),
        }
    }

    async fn issue(&self, id: u64) -> Result<Value, Error> {
        let path = format!("/issues/{id}");
        let reply = self
            .door
            .call(Call::get(self.path(&path)).movable())
            .await?;
        let issue = self.there(reply, &path)?.json;
        if issue.get("pull_request").is_some() {
            return Err(Error::Missing {
                system: NAME,
                what: format!("issue {id}: that is a pull request"),
            });
        }
        Ok(issue)
    }

    /// Our issues with a marker, oldest first.
    async fn marked(&self, marker: &str) -> Result<Vec<Value>, Error> {
        let (us, ours) = self.us().await?;
        let query = [
            ("creator", ours.clone()),
            ("state", "all".to_owned()),
            ("sort", "created".to_owned()),
            ("direction", "desc".to_owned()),
        ];
        let (mut found, _) = self.all("/issues", &query, LOOK_PAGES, is_old).await?;
        found.retain(|issue| {
            issue["user"]["id"].as_u64() == Some(*us)
                && markdown::marker(&text(&issue["body"])).as_deref() == Some(marker)
        });
        found.sort_by_key(|issue| issue["number"].as_u64());
        found.dedup_by_key(|issue| issue["number"].as_u64());
        Ok(found)
    }

    async fn comments(&self, id: u64, marker: &str) -> Result<Vec<Value>, Error> {
        let (us, _) = self.us().await?;
        let path = format!("/issues/{id}/comments");
        let (mut all, _) = self.all(&path, &[], MOST_PAGES, |_| false).await?;
        all.retain(|comment| {
            comment["user"]["id"].as_u64() == Some(*us)
                && markdown::marker(&text(&comment["body"])).as_deref() == Some(marker)
        });
        all.sort_by_key(|comment| comment["id"].as_u64());
        Ok(all)
    }

    fn ticket(&self, issue: &Value, us: u64) -> RemoteTicket {
        let labels = labels_of(issue);
        let mut fields = BTreeMap::new();
        let others = labels::others(&labels);
        if !others.is_empty() {
            fields.insert(LABELS.to_owned(), others);
        }
        let asks = issue["user"]["id"].as_u64() != Some(us);
        let by = Some(text(&issue["user"]["login"])).filter(|login| asks && !login.is_empty());
        RemoteTicket {
            id: text(&issue["number"]),
            queue: self.repository.clone(),
            subject: markdown::title_of(&text(&issue["title"])),
            status: status(
                &text(&issue["state"]),
                &text(&issue["state_reason"]),
                labels
                    .iter()
                    .filter_map(|label| labels::status(label))
                    .next_back(),
            ),
            standing: Standing::Present,
            owners: assigned(issue),
            priority: labels::priority(&labels),
            requesters: by.into_iter().collect(),
            fields,
            numbered: BTreeMap::new(),
            links: Vec::new(),
            created: time(&issue["created_at"]),
            changed: time(&issue["updated_at"]),
            version: text(&issue["updated_at"]),
        }
    }

    /// What happened to an issue, with the numbers that a cursor keeps.
    async fn history_of(&self, issue: &Value) -> Result<Vec<(i64, RemoteChange)>, Error> {
        let (us, _) = self.us().await?;
        let id = issue["number"].as_u64().unwrap_or_default();
        let path = format!("/issues/{id}/timeline");
        let (rows, _) = self.all(&path, &[], MOST_PAGES, |_| false).await?;
        let mut changes = Vec::new();
        let mut push = |at: i64, sort, own: u64, by: &Value, source: String, kind| {
            let number = number(at, sort, own);
            let change = RemoteChange {
                id: number.to_string(),
                source,
                ticket: id.to_string(),
                at,
                author: person(by),
                ours: by["id"].as_u64() == Some(*us),
                kind,
            };
            changes.push((number, change));
        };
        let made = time(&issue["created_at"]);
        let source = format!("issue/{id}");
        push(
            made,
            Sort::Opened,
            id,
            &issue["user"],
            source,
            ChangeKind::Opened,
        );
        let mut stood = status("open", "", None);
        let (mut state, mut more) = ("open".to_owned(), None::<String>);
        let mut reason = String::new();
        for row in &rows {
            let Some(own) = row["id"].as_u64() else {
                continue;
            };
            let at = time(&row["created_at"]);
            let label = text(&row["label"]["name"]);
            let kind = match row["event"].as_str().unwrap_or_default() {
                "commented" => {
                    let by = if row["user"].is_object() {
                        &row["user"]
                    } else {
                        &row["actor"]
                    };
                    let source = format!("comment/{own}");
                    push(at, Sort::Text, own, by, source, ChangeKind::Answered);
                    continue;
                }
                event @ ("closed" | "reopened") => {
                    state = if event == "closed" { "closed" } else { "open" }.to_owned();
                    reason = text(&row["state_reason"]);
                    None
                }
                "labeled" if labels::status(&label).is_some() => {
                    more = labels::status(&label).map(str::to_owned);
                    None
                }
                "unlabeled" if labels::status(&label).is_some() => {
                    if labels::status(&label) == more.as_deref() {
                        more = None;
                    }
                    None
                }
                "labeled" | "unlabeled" if labels::is_priority(&label) => {
                    Some(ChangeKind::Priority)
                }
                "labeled" | "unlabeled" => Some(ChangeKind::Field(LABELS.to_owned())),
                "assigned" | "unassigned" => Some(ChangeKind::Owner),
                "renamed" => Some(ChangeKind::Other("title".to_owned())),
                event if links::EVENTS.contains(&event) => Some(ChangeKind::Link),
                // Mentions, references, locks, pins: nothing that a ticket has.
                _ => continue,
            };
            let kind = match kind {
                Some(kind) => kind,
                None => {
                    let to = status(&state, &reason, more.as_deref());
                    let from = std::mem::replace(&mut stood, to.clone());
                    if from == to {
                        continue;
                    }
                    ChangeKind::Status { from, to }
                }
            };
            push(at, Sort::Value, own, &row["actor"], String::new(), kind);
        }
        changes.sort_by_key(|(number, _)| *number);
        Ok(changes)
    }

    /// Who is assigned as they shall be, the new one first. Whom it does not assign GitHub
    /// leaves out and does not say so: then nobody goes for them.
    async fn assign(&self, id: u64, add: Option<String>, gone: Vec<String>) -> Result<(), Error> {
        let path = format!("/issues/{id}/assignees");
        let changes = async |method, logins: &[String]| {
            let call = Call::new(method, self.path(&path)).movable();
            let call = call.body(json!({ "assignees": logins }));
            self.there(self.door.call(call).await?, &path)
        };
        if let Some(login) = add {
            let now = assigned(
                &changes(Method::POST, std::slice::from_ref(&login))
                    .await?
                    .json,
            );
            if !now.iter().any(|one| one.eq_ignore_ascii_case(&login)) {
                return Ok(());
            }
        }
        if !gone.is_empty() {
            changes(Method::DELETE, &gone).await?;
        }
        Ok(())
    }

    /// Labels as they shall be: the new ones first, so that a status is replaced and
    /// not taken back on the way.
    async fn label(&self, id: u64, add: Vec<String>, gone: Vec<String>) -> Result<String, Error> {
        let path = format!("/issues/{id}/labels");
        let mut words = String::new();
        if !add.is_empty() {
            let call = Call::new(Method::POST, self.path(&path)).body(json!({ "labels": add }));
            let reply = self.door.call(call).await?;
            words = reply.words();
            if reply.status == 403 {
                found(reply, &format!("set labels of issue {id}"), String::new)?;
            }
        }
        for label in gone {
            let path = format!("{path}/{}", escaped(&label, false));
            let reply = self
                .door
                .call(Call::new(Method::DELETE, self.path(&path)))
                .await?;
            if !matches!(reply.status, 200..=299 | 404) {
                words = reply.words();
            }
        }
        Ok(words)
    }
}

/// The word of a status; `more`: what a label says of it.
fn status(state: &str, reason: &str, more: Option<&str>) -> String {
    let reason = match (state, reason) {
        ("closed", "not_planned") => Some("not planned"),
        ("closed", "duplicate") => Some("duplicate"),
        _ => None,
    };
    labels::word(state, reason.or(more))
}

/// Whom an issue is assigned to.
fn assigned(issue: &Value) -> Vec<String> {
    let all = list(&issue["assignees"]).iter();
    all.map(|one| text(&one["login"])).collect()
}

fn labels_of(issue: &Value) -> Vec<String> {
    let name = |label: &Value| match label {
        Value::String(name) => name.clone(),
        label => text(&label["name"]),
    };
    list(&issue["labels"]).iter().map(name).collect()
}

fn person(json: &Value) -> RemotePerson {
    RemotePerson {
        login: text(&json["login"]),
        name: text(&json["login"]),
        // It tells nobody's address.
        email: String::new(),
    }
}

/// A text of ours, with its marker, and with the files that can not go along.
fn written(entry: &NewEntry, marker: &str) -> String {
    let body = markdown::written(&entry.body);
    let mut body = if body.len() > LONGEST_TEXT {
        let cut: String = body.chars().take(LONGEST_TEXT / 4).collect();
        format!("{cut} …\n\n(The text goes on at the desk.)")
    } else {
        body
    };
    for file in &entry.attachments {
        let name = markdown::written(&file.name);
        let size = file.bytes.len();
        body.push_str(&format!(
            "\n\nThe file {name} ({size} bytes) stays with the ticket at the desk: GitHub takes no files by its API."
        ));
    }
    markdown::marked(&body, marker)
}

#[async_trait::async_trait]
impl Tracker for GitHub {
    async fn test(&self, _queue: &str) -> Vec<Check> {
        lines(match self.door.check() {
            Ok(()) => self.look().await,
            Err(fault) => Err(Error::Unreachable(fault)),
        })
    }

    async fn create(&self, new: &NewTicket) -> Result<Outcome, Error> {
        let marker = entry_marker(&new.entry.marker)?;
        let mut marked = self.marked(marker).await?;
        let found_one = !marked.is_empty();
        if !found_one {
            let body = json!({
                "title": markdown::title(&new.subject, LONGEST_TITLE),
                "body": written(&new.entry, marker),
            });
            let call = Call::new(Method::POST, self.path("/issues"))
                .body(body)
                .movable();
            let made = self.there(self.door.call(call).await?, "/issues")?;
            // An earlier call may have gone on over there, unanswered, while this
            // one looked for what it had made.
            marked = self.marked(marker).await?;
            if marked.is_empty() {
                marked.push(made.json);
            }
        }
        let mut marked = marked.into_iter();
        let first = marked.next().unwrap_or_default();
        let id = text(&first["number"]);
        for double in marked.filter(|double| double["state"] != "closed") {
            // It can not be deleted, and so says where it goes on.
            let text = format!("This was made twice. It goes on in issue {id}.");
            let path = format!("/issues/{}", double["number"]);
            let call = Call::new(Method::PATCH, self.path(&path)).body(json!({
                "state": "closed",
                "state_reason": "not_planned",
                "body": markdown::marked(&text, marker),
            }));
            found(
                self.door.call(call).await?,
                "close what was made twice",
                String::new,
            )?;
        }
        let wanted = Wanted {
            queue: None,
            subject: None,
            version: None,
            ..new.wanted.clone()
        };
        if found_one || wanted == Wanted::default() {
            return Ok(Outcome {
                ticket: self.read(&id).await?,
                not_taken: Vec::new(),
                found: found_one,
            });
        }
        self.set(&id, &wanted).await
    }

    async fn read(&self, ticket: &str) -> Result<RemoteTicket, Error> {
        let issue = self.issue(issue_number(ticket)?).await?;
        Ok(self.ticket(&issue, self.us().await?.0))
    }

    async fn newest(&self) -> Result<Cursor, Error> {
        let reply = self.door.call(Call::get("/user")).await?;
        let reply = found(reply, "look at itself", || "API at this address".into())?;
        let begin = start(reply)?;
        // What is younger than the floor is of no interest either.
        Ok(self.changes(&begin).await?.cursor)
    }

    /// The cursor's floor is a time of theirs, in milliseconds.
    async fn changes(&self, since: &Cursor) -> Result<Changes, Error> {
        let query = [
            ("since", written_time(since.floor)),
            ("state", "all".to_owned()),
            // By what changes, one that changes meanwhile would push another onto the
            // page that was read before.
            ("sort", "created".to_owned()),
            ("direction", "asc".to_owned()),
        ];
        let (issues, asked_at) = self.all("/issues", &query, MOST_PAGES, |_| false).await?;
        let mut all = Vec::new();
        for issue in issues
            .iter()
            .filter(|issue| issue.get("pull_request").is_none())
        {
            match self.history_of(issue).await {
                Ok(of) => all.extend(of),
                // Gone since it was found.
                Err(Error::Deleted(_)) => {}
                Err(Error::Missing { .. } | Error::Forbidden { .. }) => {
                    self.kept_out().await?.map_or(Ok(()), Err)?;
                }
                Err(error) => return Err(error),
            }
        }
        all.extend(self.linked(since.floor).await?);
        Ok(gather(since, asked_at, all))
    }

    async fn history(&self, ticket: &str) -> Result<Vec<RemoteChange>, Error> {
        let id = issue_number(ticket)?;
        let read = async || self.history_of(&self.issue(id).await?).await;
        match read().await {
            Ok(all) => Ok(all.into_iter().map(|(_, change)| change).collect()),
            // Nobody there tells when, and by whom.
            Err(Error::Deleted(_)) => {
                let now = chrono::Utc::now().timestamp_millis();
                Ok(vec![RemoteChange::gone(ticket, now)?])
            }
            Err(error) => Err(error),
        }
    }

    async fn entry(&self, source: &str) -> Result<RemoteEntry, Error> {
        let wrong = || Error::Wrong(format!("{source:?} is no text of GitHub’s"));
        let (kind, id) = source.split_once('/').ok_or_else(wrong)?;
        let id = issue_number(id)?;
        let (json, ticket) = match kind {
            "issue" => (self.issue(id).await?, id.to_string()),
            "comment" => {
                let path = format!("/issues/comments/{id}");
                let reply = self.door.call(Call::get(self.path(&path))).await?;
                let json = found(reply, "see that comment", || format!("comment {id}"))?.json;
                let issue = text(&json["issue_url"]);
                let ticket = issue.rsplit('/').next().unwrap_or_default().to_owned();
                (json, ticket)
            }
            _ => return Err(wrong()),
        };
        let body = text(&json["body"]);
        Ok(RemoteEntry {
            id: source.to_owned(),
            ticket,
            at: time(&json["created_at"]),
            author: person(&json["user"]),
            ours: json["user"]["id"].as_u64() == Some(self.us().await?.0),
            marker: markdown::marker(&body),
            body: markdown::read(&body),
            html: false,
            // Files are links in the text.
            attachments: Vec::new(),
        })
    }

    async fn attachment(&self, id: &str) -> Result<Vec<u8>, Error> {
        Err(Error::Missing {
            system: NAME,
            what: format!("file {id}"),
        })
    }

    async fn send(&self, ticket: &str, entry: &NewEntry) -> Result<Sent, Error> {
        let marker = entry_marker(&entry.marker)?;
        let id = issue_number(ticket)?;
        let sent = |comment: &Value, found: bool| Sent {
            id: text(&comment["id"]),
            ticket: id.to_string(),
            // That it takes no files its text says.
            not_taken: Vec::new(),
            found,
        };
        if let Some(known) = self.comments(id, marker).await?.first() {
            return Ok(sent(known, true));
        }
        let path = format!("/issues/{id}/comments");
        let call = Call::new(Method::POST, self.path(&path)).movable();
        let reply = self
            .door
            .call(call.body(json!({ "body": written(entry, marker) })))
            .await?;
        let made = self.there(reply, &path)?.json;
        let all = self.comments(id, marker).await?;
        for double in all.iter().skip(1) {
            let path = format!("/issues/comments/{}", double["id"]);
            let call = Call::new(Method::DELETE, self.path(&path));
            self.door.call(call).await?;
        }
        Ok(sent(all.first().unwrap_or(&made), false))
    }

    async fn lost(&self, _deed: Deed) -> Result<Option<Error>, Error> {
        self.kept_out().await
    }

    async fn links(&self, ticket: &RemoteTicket) -> Result<Vec<RemoteLink>, Error> {
        self.links_of(issue_number(&ticket.id)?).await
    }

    // It changes no issue, and what lists such events need not list these.
    fn tells_of_links(&self) -> bool {
        false
    }

    async fn set_link(&self, ticket: &str, link: &RemoteLink, there: bool) -> Result<(), Error> {
        self.put_link(ticket, link, there).await
    }

    async fn set(&self, ticket: &str, wanted: &Wanted) -> Result<Outcome, Error> {
        let id = issue_number(ticket)?;
        let issue = self.issue(id).await?;
        unchanged(wanted, &text(&issue["updated_at"]), id)?;
        let mut body = Map::new();
        let mut more = None;
        if let Some(word) = &wanted.status {
            let (state, said) = labels::parts(word);
            let reason = match (state, said) {
                ("closed", Some("not planned")) => Some("not_planned"),
                ("closed", Some("duplicate")) => Some("duplicate"),
                ("closed", _) => Some("completed"),
                _ => None,
            };
            // What is a reason for GitHub needs no label.
            more = Some(said.filter(|_| matches!(reason, None | Some("completed"))));
            let before = self.ticket(&issue, 0).status;
            let now = labels::parts(&before);
            if now.0 != state
                || (state == "closed"
                    && reason.map(|r| r.replace('_', " ")) != Some(closed_for(&issue)))
            {
                body.insert("state".into(), json!(state));
                body.extend(reason.map(|reason| ("state_reason".to_owned(), json!(reason))));
            }
        }
        if let Some(subject) = &wanted.subject {
            body.insert(
                "title".into(),
                json!(markdown::title(subject, LONGEST_TITLE)),
            );
        }
        let (add, gone) = labels::changes(&labels_of(&issue), more, wanted);
        let mut words = self.label(id, add, gone).await?;
        if !body.is_empty() {
            let path = format!("/issues/{id}");
            let call = Call::new(Method::PATCH, self.path(&path)).movable();
            let reply = self.door.call(call.body(Value::Object(body))).await?;
            words = self.there(reply, &path)?.words();
        }
        let (missing, gone) = owners(wanted, &assigned(&issue));
        self.assign(id, missing, gone).await?;
        let ticket = self.read(ticket).await?;
        if words.is_empty() && owners(wanted, &ticket.owners).0.is_some() {
            words = "GitHub drops in silence whom it does not assign: who has no access to the \
                     repository, and everybody after the tenth"
                .to_owned();
        }
        Ok(Outcome {
            not_taken: differences(wanted, &ticket, &words),
            ticket,
            found: false,
        })
    }
}

fn closed_for(issue: &Value) -> String {
    match text(&issue["state_reason"]) {
        none if none.is_empty() => "completed".to_owned(),
        reason => reason.replace('_', " "),
    }
}
