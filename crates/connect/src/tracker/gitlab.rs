//! Issues of a GitLab project, by its REST API (version 4): gitlab.com's, or anybody's.
//!
//! Written from GitLab's public documentation; no real GitLab has met it yet
//! (`docs/guides/gitlab.md` says what that means). Where it is not obvious:
//! - internal notes are left alone, and so are notes that GitLab writes itself;
//! - notes, states and labels are three lists with numbers of their own (`number.rs`);
//! - markers stand in the text, as an HTML comment that is not shown;
//! - a line that begins with `/` is an order, also from the API (`markdown.rs`);
//! - a moved issue is closed here: that is no solution, but the end of it here.

mod links;
mod look;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::http::Method;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::guard::Guard;
use crate::probe::{Check, Way, escaped};
use crate::tracker::call::{Call, Reply, found, list, text, time};
use crate::tracker::door::Door;
use crate::tracker::look::{lines, whom};
use crate::tracker::number::{Sort, issue_number, number, within_a_second};
use crate::tracker::since::{LOOK_PAGES, MOST_PAGES, gather, is_old, start, written_time};
use crate::tracker::wanted::{differences, entry_marker, owners, unchanged};
use crate::tracker::{
    ChangeKind, Changes, Cursor, Deed, Error, Kind, LABELS, Login, NewAttachment, NewEntry,
    NewTicket, Outcome, RemoteAttachment, RemoteChange, RemoteEntry, RemoteLink, RemotePerson,
    RemoteTicket, Sent, Standing, Tracker, Wanted, labels, markdown,
};

pub(super) const KIND: Kind = Kind {
    key: "gitlab",
    apart: true,
    signs: true,
    way: Way {
        name: NAME,
        me: "/api/v4/user",
        names: &["username"],
        queue: "/api/v4/projects/{}",
        listed: "",
        header: ("private-token", ""),
    },
    make: |guard, account| {
        let client = GitLab::new(guard, account.endpoint, account.queue, account.login())?;
        Ok(Arc::new(client))
    },
};

const NAME: &str = "GitLab";
/// Where the API lies below GitLab.
const API: &str = "/api/v4";
const PATIENCE: Duration = Duration::from_secs(60);
/// Characters of a title; GitLab takes 255, and signs get an invisible one more.
const LONGEST_TITLE: usize = 120;
/// Bytes of a file that are read.
const LARGEST_FILE: usize = 96 * 1024 * 1024;

/// The issues of a project.
pub struct GitLab {
    door: Door,
    project: String,
    // Number and name of our account there; asked once.
    us: OnceCell<(u64, String)>,
    // Whether others than its members see the project; asked once.
    open: OnceCell<bool>,
}

impl fmt::Debug for GitLab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitLab")
            .field("door", &self.door)
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}

impl GitLab {
    /// The project (`group/name`, or its number) of the GitLab at this address, or that
    /// of its API. Nothing is called yet.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(
        guard: &Guard,
        address: &str,
        project: &str,
        login: Login,
    ) -> Result<GitLab, String> {
        let Login::Token(token) = login else {
            return Err("GitLab takes a token, no name and password".to_owned());
        };
        let headers = vec![("private-token", token)];
        Ok(GitLab {
            door: Door::new(guard.apart(None, PATIENCE)?, NAME, address, API, headers),
            project: project.trim().trim_matches('/').to_owned(),
            us: OnceCell::new(),
            open: OnceCell::new(),
        })
    }

    fn path(&self, rest: &str) -> String {
        format!("/projects/{}{rest}", escaped(&self.project, false))
    }

    async fn us(&self) -> Result<&(u64, String), Error> {
        let asked = async || {
            let reply = self.door.call(Call::get("/user")).await?;
            let me = found(reply, "look at itself", || "API at this address".into())?.json;
            whom(NAME, &me, "username")
        };
        self.us.get_or_try_init(asked).await
    }

    /// Whether others than its members see the project.
    async fn is_open(&self) -> Result<bool, Error> {
        let asked = async || {
            let reply = self.door.call(Call::get(self.path(""))).await?;
            let project = self.there(reply, "")?.json;
            Ok::<_, Error>(project["visibility"] != "private")
        };
        self.open.get_or_try_init(asked).await.copied()
    }

    fn there(&self, reply: Reply, path: &str) -> Result<Reply, Error> {
        let issue = path.trim_start_matches("/issues/").split('/').next();
        let issue = issue.filter(|id| id.parse::<u64>().is_ok());
        found(reply, &format!("see {}", self.project), || match issue {
            Some(issue) => format!("issue {issue} in {}", self.project),
            None => format!("project {} that our account can see", self.project),
        })
    }

    async fn all(&self, path: &str, query: &[(&'static str, String)]) -> Result<Vec<Value>, Error> {
        let there = |reply| self.there(reply, path);
        let call = || Call::get(self.path(path));
        let (rows, _) = self
            .door
            .pages(call, query, MOST_PAGES, there, |_| false)
            .await?;
        Ok(rows)
    }

    async fn issue(&self, id: u64) -> Result<Value, Error> {
        let path = format!("/issues/{id}");
        let reply = self.door.call(Call::get(self.path(&path))).await?;
        Ok(self.there(reply, &path)?.json)
    }

    /// One that is still here.
    async fn present(&self, id: u64) -> Result<Value, Error> {
        let issue = self.issue(id).await?;
        if is_moved(&issue) {
            return Err(Error::Deleted(id.to_string()));
        }
        Ok(issue)
    }

    /// Our issues with a marker, oldest first.
    async fn marked(&self, marker: &str) -> Result<Vec<Value>, Error> {
        let (us, ours) = self.us().await?;
        let query = [
            ("author_username", ours.clone()),
            ("scope", "all".to_owned()),
            ("order_by", "created_at".to_owned()),
            ("sort", "desc".to_owned()),
        ];
        let there = |reply| self.there(reply, "/issues");
        let call = || Call::get(self.path("/issues"));
        let pages = self
            .door
            .pages(call, &query, LOOK_PAGES, there, is_old)
            .await;
        let (mut found, _) = pages?;
        found.retain(|issue| marks(issue, "description", *us, marker));
        found.sort_by_key(|issue| issue["iid"].as_u64());
        found.dedup_by_key(|issue| issue["iid"].as_u64());
        Ok(found)
    }

    /// Our notes with a marker, oldest first.
    async fn notes(&self, id: u64, marker: &str) -> Result<Vec<Value>, Error> {
        let (us, _) = self.us().await?;
        let mut all = self.all(&format!("/issues/{id}/notes"), &[]).await?;
        all.retain(|note| marks(note, "body", *us, marker));
        all.sort_by_key(|note| note["id"].as_u64());
        Ok(all)
    }

    fn ticket(&self, issue: &Value, us: u64) -> RemoteTicket {
        let labels: Vec<String> = list(&issue["labels"]).iter().map(text).collect();
        let mut fields = BTreeMap::new();
        let others = labels::others(&labels);
        if !others.is_empty() {
            fields.insert(LABELS.to_owned(), others);
        }
        let asks = issue["author"]["id"].as_u64() != Some(us);
        let by = Some(text(&issue["author"]["username"])).filter(|l| asks && !l.is_empty());
        let more = labels
            .iter()
            .filter_map(|label| labels::status(label))
            .next_back();
        RemoteTicket {
            id: text(&issue["iid"]),
            queue: self.project.clone(),
            subject: markdown::title_of(&text(&issue["title"])),
            status: labels::word(&text(&issue["state"]), more),
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
        let us = self.us().await?.0;
        let id = issue["iid"].as_u64().unwrap_or_default();
        let mut rows = Vec::new();
        let notes = [
            ("order_by", "created_at".to_owned()),
            ("sort", "asc".to_owned()),
        ];
        for note in self.all(&format!("/issues/{id}/notes"), &notes).await? {
            if let Some((sort, kind)) = said(&note) {
                rows.push((sort, kind, note["author"].clone(), note));
            }
        }
        for event in ["resource_state_events", "resource_label_events"] {
            for row in self.all(&format!("/issues/{id}/{event}"), &[]).await? {
                rows.push((Sort::Value, None, row["user"].clone(), row));
            }
        }
        // In the order in which it happened: what stands depends on what stood. Of one
        // second what a label says comes before the state, which it may be the reason of.
        rows.sort_by_key(|(sort, _, _, row)| {
            let at = time(&row["created_at"]);
            let place = (*sort as i64, row["state"].is_string());
            (at / 1_000, place, at, row["id"].as_u64())
        });
        let made = Change {
            issue: id,
            at: time(&issue["created_at"]),
            by: &issue["author"],
            us,
            last: false,
        };
        let source = format!("issue/{id}");
        let mut changes = vec![made.of(Sort::Opened, id, source, ChangeKind::Opened)];
        let mut stands = Stands::default();
        for (sort, kind, by, row) in &rows {
            let own = row["id"].as_u64().unwrap_or_default();
            let kind = match kind {
                Some(kind) => kind.clone(),
                None => match stands.then(row) {
                    Some(kind) => kind,
                    None => continue,
                },
            };
            let source = match kind {
                ChangeKind::Answered => format!("note/{id}/{own}"),
                _ => String::new(),
            };
            // Its number tells labels from states: each counts by itself.
            let own = own << 1 | u64::from(row["label"].is_object());
            let at = time(&row["created_at"]);
            let change = Change {
                issue: id,
                at,
                by,
                us,
                last: row["state"].is_string(),
            };
            changes.push(change.of(*sort, own, source, kind));
        }
        if is_moved(issue) {
            // That it was closed is a part of that.
            let closed = |change: &RemoteChange| matches!(&change.kind, ChangeKind::Status { to, .. } if to.starts_with("closed"));
            let last = changes.iter().rposition(|(_, change)| closed(change));
            let last = last.map(|last| changes.remove(last).1);
            let at = last.map_or(time(&issue["updated_at"]), |last| last.at);
            let gone = Change {
                issue: id,
                at,
                by: &Value::Null,
                us,
                last: true,
            };
            changes.push(gone.of(Sort::Gone, id, String::new(), status("opened", "deleted")));
        }
        changes.sort_by_key(|(number, _)| *number);
        Ok(changes)
    }

    /// A text of ours with its files, which lie in the project.
    async fn written(&self, entry: &NewEntry, marker: &str) -> Result<String, Error> {
        let mut body = markdown::written(&entry.body);
        for file in &entry.attachments {
            body.push_str("\n\n");
            body.push_str(&self.upload(file).await?);
        }
        Ok(markdown::marked(&body, marker))
    }

    /// Lays a file into the project; what links to it.
    async fn upload(&self, file: &NewAttachment) -> Result<String, Error> {
        let call = Call::new(Method::POST, self.path("/uploads")).file_to("file", file);
        let reply = found(self.door.call(call).await?, "upload files", || {
            format!("project {}", self.project)
        })?;
        let link = text(&reply.json["markdown"]);
        if link.is_empty() {
            return Err(Error::Strange {
                system: NAME,
                why: "it does not say where it put a file".to_owned(),
            });
        }
        Ok(link)
    }

    async fn user(&self, login: &str) -> Result<u64, Error> {
        let call = Call::get("/users").with("username", login);
        let reply = found(self.door.call(call).await?, "see users", || "users".into())?;
        let first = list(&reply.json).first().and_then(|one| one["id"].as_u64());
        first.ok_or_else(|| Error::NotTaken {
            system: NAME,
            words: format!("there is nobody called {login}"),
        })
    }
}

/// Who did something to an issue, and when.
struct Change<'a> {
    issue: u64,
    at: i64,
    by: &'a Value,
    us: u64,
    /// It is a state.
    last: bool,
}

impl Change<'_> {
    fn of(&self, sort: Sort, own: u64, source: String, kind: ChangeKind) -> (i64, RemoteChange) {
        let number = number(self.at, sort, within_a_second(self.at, self.last, own));
        let change = RemoteChange {
            id: number.to_string(),
            source,
            ticket: self.issue.to_string(),
            at: self.at,
            author: person(self.by),
            ours: self.by["id"].as_u64() == Some(self.us),
            kind,
        };
        (number, change)
    }
}

/// How an issue stands while its events are gone through.
struct Stands {
    word: String,
    state: &'static str,
    more: Option<String>,
}

impl Default for Stands {
    fn default() -> Stands {
        Stands {
            word: "opened".to_owned(),
            state: "opened",
            more: None,
        }
    }
}

impl Stands {
    /// What an event of states or labels says; `None`: nothing new.
    fn then(&mut self, row: &Value) -> Option<ChangeKind> {
        if row["state"].is_string() {
            self.state = match row["state"].as_str()? {
                "closed" => "closed",
                "reopened" => "opened",
                _ => return None,
            };
        } else {
            // Null when the label is no more.
            let label = text(&row["label"]["name"]);
            let added = row["action"] == "add";
            match labels::status(&label) {
                Some(says) if added => self.more = Some(says.to_owned()),
                Some(says) => {
                    if self.more.as_deref() == Some(says) {
                        self.more = None;
                    }
                }
                None if labels::is_priority(&label) => return Some(ChangeKind::Priority),
                None => return Some(ChangeKind::Field(LABELS.to_owned())),
            }
        }
        let now = labels::word(self.state, self.more.as_deref());
        let before = std::mem::replace(&mut self.word, now.clone());
        (before != now).then(|| status(&before, &now))
    }
}

fn status(from: &str, to: &str) -> ChangeKind {
    ChangeKind::Status {
        from: from.to_owned(),
        to: to.to_owned(),
    }
}

/// What a note is; `None`: nothing that is for us.
fn said(note: &Value) -> Option<(Sort, Option<ChangeKind>)> {
    if note["system"] == true {
        let words = text(&note["body"]);
        // In English always; what it says of states and labels comes as an event.
        let kind = if words.starts_with("assigned to") || words.starts_with("unassigned") {
            ChangeKind::Owner
        } else if words.starts_with("changed title") {
            ChangeKind::Other("title".to_owned())
        } else if links::says(&words) {
            ChangeKind::Link
        } else {
            return None;
        };
        return Some((Sort::Value, Some(kind)));
    }
    is_public(note).then_some((Sort::Text, Some(ChangeKind::Answered)))
}

/// Whether everybody who sees the issue reads a note. Older versions call it confidential.
fn is_public(note: &Value) -> bool {
    note["system"] != true && note["internal"] != true && note["confidential"] != true
}

fn is_moved(issue: &Value) -> bool {
    !issue["moved_to_id"].is_null()
}

fn marks(json: &Value, text_in: &str, us: u64, marker: &str) -> bool {
    json["author"]["id"].as_u64() == Some(us)
        && markdown::marker(&text(&json[text_in])).as_deref() == Some(marker)
}

/// Whom an issue is assigned to.
fn assigned(issue: &Value) -> Vec<String> {
    let all = list(&issue["assignees"]).iter();
    all.map(|one| text(&one["username"])).collect()
}

fn person(json: &Value) -> RemotePerson {
    RemotePerson {
        login: text(&json["username"]),
        name: text(&json["name"]),
        // It tells nobody's address.
        email: String::new(),
    }
}

/// The files that a text links to: `/uploads/SECRET/NAME`.
fn files(body: &str) -> Vec<RemoteAttachment> {
    let mut found: Vec<RemoteAttachment> = Vec::new();
    for part in body.split("/uploads/").skip(1) {
        let Some((secret, rest)) = part.split_once('/') else {
            continue;
        };
        let end = rest.find(|c: char| c.is_whitespace() || ")\"'<>{?#".contains(c));
        let name = &rest[..end.unwrap_or(rest.len())];
        let plain = secret.len() == 32 && secret.bytes().all(|b| b.is_ascii_hexdigit());
        let id = format!("{secret}/{name}");
        if plain && !name.is_empty() && !name.contains('/') && found.iter().all(|f| f.id != id) {
            found.push(RemoteAttachment {
                id,
                name: name.to_owned(),
                content_type: "application/octet-stream".to_owned(),
                // It does not say before it is read.
                size: 0,
            });
        }
    }
    found
}

#[async_trait::async_trait]
impl Tracker for GitLab {
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
                "description": self.written(&new.entry, marker).await?,
                // What somebody asked is not for everybody who passes by.
                "confidential": self.is_open().await?,
            });
            let call = Call::new(Method::POST, self.path("/issues")).body(body);
            let reply = self.door.call(call).await?;
            let made = found(reply, &format!("open issues in {}", self.project), || {
                format!("project {}", self.project)
            })?;
            // An earlier call may have gone on over there, unanswered, while this
            // one looked for what it had made.
            marked = self.marked(marker).await?;
            if marked.is_empty() {
                marked.push(made.json);
            }
        }
        let mut marked = marked.into_iter();
        let first = marked.next().unwrap_or_default();
        let id = text(&first["iid"]);
        for double in marked.filter(|double| double["state"] != "closed") {
            // Only owners delete issues, so it says where it goes on.
            let words = format!("This was made twice. It goes on in issue {id}.");
            let path = format!("/issues/{}", double["iid"]);
            let call = Call::new(Method::PUT, self.path(&path)).body(json!({
                "state_event": "close",
                "description": markdown::marked(&words, marker),
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
        let issue = self.present(issue_number(ticket)?).await?;
        Ok(self.ticket(&issue, self.us().await?.0))
    }

    async fn newest(&self) -> Result<Cursor, Error> {
        let reply = self.door.call(Call::get("/user")).await?;
        let begin = start(found(reply, "look at itself", || {
            "API at this address".into()
        })?)?;
        // What is younger than the floor is of no interest either.
        Ok(self.changes(&begin).await?.cursor)
    }

    /// The cursor's floor is a time of theirs, in milliseconds.
    async fn changes(&self, since: &Cursor) -> Result<Changes, Error> {
        let query = [
            ("updated_after", written_time(since.floor)),
            ("scope", "all".to_owned()),
            // By what changes, one that changes meanwhile would push another onto the
            // page that was read before.
            ("order_by", "created_at".to_owned()),
            ("sort", "asc".to_owned()),
        ];
        let there = |reply| self.there(reply, "/issues");
        let call = || Call::get(self.path("/issues"));
        let pages = self.door.pages(call, &query, MOST_PAGES, there, |_| false);
        let (issues, asked_at) = pages.await?;
        let mut all = Vec::new();
        for issue in &issues {
            match self.history_of(issue).await {
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
        let parts: Vec<&str> = source.split('/').collect();
        let (json, body, ticket) = match parts[..] {
            ["issue", id] => {
                let issue = self.issue(issue_number(id)?).await?;
                let body = text(&issue["description"]);
                (issue, body, id)
            }
            ["note", id, note] => {
                let path = format!(
                    "/issues/{}/notes/{}",
                    issue_number(id)?,
                    issue_number(note)?
                );
                let reply = self.door.call(Call::get(self.path(&path))).await?;
                let missing = || format!("note {note}");
                let json = found(reply, "see that note", missing)?.json;
                // Whatever our account may see there: internal ones are not for us.
                if !is_public(&json) {
                    return Err(Error::Missing {
                        system: NAME,
                        what: missing(),
                    });
                }
                let body = text(&json["body"]);
                (json, body, id)
            }
            _ => return Err(Error::Wrong(format!("{source:?} is no text of GitLab’s"))),
        };
        Ok(RemoteEntry {
            id: source.to_owned(),
            ticket: ticket.to_owned(),
            at: time(&json["created_at"]),
            author: person(&json["author"]),
            ours: json["author"]["id"].as_u64() == Some(self.us().await?.0),
            marker: markdown::marker(&body),
            attachments: files(&body),
            body: markdown::read(&body),
            html: false,
        })
    }

    async fn attachment(&self, id: &str) -> Result<Vec<u8>, Error> {
        let Some((secret, name)) = id.split_once('/') else {
            return Err(Error::Wrong(format!("{id:?} is no file of GitLab’s")));
        };
        let path = format!(
            "/uploads/{}/{}",
            escaped(secret, false),
            escaped(name, false)
        );
        let call = Call::get(self.path(&path)).file(LARGEST_FILE);
        let reply = self.door.call(call).await?;
        Ok(found(reply, "see that file", || format!("file {name}"))?.body)
    }

    async fn send(&self, ticket: &str, entry: &NewEntry) -> Result<Sent, Error> {
        let marker = entry_marker(&entry.marker)?;
        let id = issue_number(ticket)?;
        self.present(id).await?;
        let sent = |note: &Value, found: bool| Sent {
            id: text(&note["id"]),
            ticket: id.to_string(),
            not_taken: Vec::new(),
            found,
        };
        if let Some(known) = self.notes(id, marker).await?.first() {
            return Ok(sent(known, true));
        }
        let body = json!({ "body": self.written(entry, marker).await?, "internal": false });
        let path = format!("/issues/{id}/notes");
        let call = Call::new(Method::POST, self.path(&path)).body(body);
        let made = self.there(self.door.call(call).await?, &path)?.json;
        let all = self.notes(id, marker).await?;
        for double in all.iter().skip(1) {
            let path = format!("{path}/{}", double["id"]);
            self.door
                .call(Call::new(Method::DELETE, self.path(&path)))
                .await?;
        }
        Ok(sent(all.first().unwrap_or(&made), false))
    }

    async fn sees_the_rest(&self) -> Result<bool, Error> {
        let reply = self.door.call(Call::get(self.path(""))).await?;
        match self.there(reply, "") {
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
        let issue = self.present(id).await?;
        unchanged(wanted, &text(&issue["updated_at"]), id)?;
        let mut body = Map::new();
        let mut more = None;
        if let Some(word) = &wanted.status {
            let (state, said) = labels::parts(word);
            more = Some(said);
            let event = match state {
                "closed" => "close",
                _ => "reopen",
            };
            if text(&issue["state"]) != state {
                body.insert("state_event".into(), json!(event));
            }
        }
        if let Some(subject) = &wanted.subject {
            body.insert(
                "title".into(),
                json!(markdown::title(subject, LONGEST_TITLE)),
            );
        }
        let (missing, gone) = owners(wanted, &assigned(&issue));
        if missing.is_some() || !gone.is_empty() {
            // Those who stay first: where there is place for one, nobody loses it.
            let stays = |one: &&Value| !gone.contains(&text(&one["username"]));
            let stay = list(&issue["assignees"]).iter().filter(stays);
            let mut all: Vec<u64> = stay.filter_map(|one| one["id"].as_u64()).collect();
            if let Some(login) = &missing {
                all.push(self.user(login).await?);
            }
            if all.is_empty() {
                all.push(0);
            }
            body.insert("assignee_ids".into(), json!(all));
        }
        let known: Vec<String> = list(&issue["labels"]).iter().map(text).collect();
        let (add, gone) = labels::changes(&known, more, wanted);
        for (name, labels) in [("add_labels", add), ("remove_labels", gone)] {
            if !labels.is_empty() {
                body.insert(name.into(), json!(labels.join(",")));
            }
        }
        let mut words = String::new();
        if !body.is_empty() {
            let path = format!("/issues/{id}");
            let call = Call::new(Method::PUT, self.path(&path)).body(Value::Object(body));
            words = self.there(self.door.call(call).await?, &path)?.words();
        }
        let ticket = self.read(ticket).await?;
        if words.is_empty() && owners(wanted, &ticket.owners).0.is_some() {
            words = "GitLab drops in silence whom it does not assign: who may not see the issue, \
                     and where its edition has place for one, everybody after the first"
                .to_owned();
        }
        Ok(Outcome {
            not_taken: differences(wanted, &ticket, &words),
            ticket,
            found: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_a_text_and_nothing_else_is() {
        let secret = "66dbcd21ec5d24ed6ea225176098d52b";
        let body = format!(
            "![a](/uploads/{secret}/a_b.png){{width=20}} and [x](/-/project/7/uploads/{secret}/list.txt) \
             [again](/uploads/{secret}/a_b.png) /uploads/short/x.txt /uploads/{secret}/../user"
        );
        let found: Vec<String> = files(&body).into_iter().map(|file| file.id).collect();
        assert_eq!(
            found,
            [format!("{secret}/a_b.png"), format!("{secret}/list.txt")]
        );
    }
}
