//! A Zammad, by its REST API: an EOSC helpdesk, the GGUS of today, or anybody's.
//!
//! Written from Zammad's public documentation and source; no real Zammad has met
//! it yet (`docs/guides/zammad.md` says what that means). Where it is not obvious:
//! - there is no log of all changes: the tickets that changed are searched for, and
//!   the history of each is read. Searches are by `condition`, which the database
//!   answers; those by `query` go to an index that lags behind;
//! - an entry is found again by the article's `message_id`, which nobody sees; so
//!   is a ticket, by that of its first article, which is made in its transaction;
//! - a change is numbered by its row of the history together with its article,
//!   since an entry is asked for by that number alone;
//! - a state whose name begins with `pending` is refused without a time.

mod look;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openidconnect::http::Method;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::guard::Guard;
use crate::probe::{Check, Way};
use crate::tracker::call::{Call, date, found, list, media_type, not_taken, text};
use crate::tracker::door::{Door, basic};
use crate::tracker::look::lines;
use crate::tracker::since::{MOST_PAGES, gather, start};
use crate::tracker::wanted::{differences, entry_marker, unchanged};
use crate::tracker::{
    Changes, Cursor, Deed, Error, Kind, Login, NewEntry, NewTicket, NotTaken, Outcome,
    RemoteChange, RemoteEntry, RemoteLink, RemoteTicket, Sent, Tracker, Wanted,
};
use read::{ChangeId, History};

pub(super) const KIND: Kind = Kind {
    key: "zammad",
    apart: false,
    signs: false,
    way: Way {
        name: "Zammad",
        me: "/api/v1/users/me",
        names: &["login", "email"],
        queue: "",
        listed: "/api/v1/groups",
        header: ("authorization", "Token token="),
    },
    make: |guard, account| {
        let client = Zammad::new(guard, "Zammad", account.endpoint, account.login())?;
        Ok(Arc::new(client.of_group(account.queue)))
    },
};

/// Since 2025 that is a Zammad with words of its own.
pub(super) const GGUS: Kind = Kind {
    key: "ggus",
    make: |guard, account| {
        let client = Zammad::new(guard, "GGUS", account.endpoint, account.login())?;
        Ok(Arc::new(client.of_group(account.queue)))
    },
    ..KIND
};

/// Where the API lies below Zammad.
const API: &str = "/api/v1";
/// How long Zammad may take over a call: it runs its triggers meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);
/// Rows a page; Zammad gives no more.
const PAGE: usize = 100;
/// How often a merged ticket is followed.
const MOST_MERGES: usize = 10;
/// Bytes of a file that are read.
const LARGEST_FILE: usize = 96 * 1024 * 1024;
/// What a ticket that waits is given until somebody is reminded, where nobody said
/// for how long: a working week.
const PENDING: i64 = 7 * 24 * 3_600_000;
/// The user who owns what nobody owns.
const NOBODY: u64 = 1;

/// A Zammad.
pub struct Zammad {
    door: Door,
    // Empty: whether a right is lacking for all is not looked at.
    group: String,
    // The number of our account there; asked once.
    us: OnceCell<u64>,
}

impl fmt::Debug for Zammad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zammad")
            .field("door", &self.door)
            .finish_non_exhaustive()
    }
}

impl Zammad {
    /// The Zammad at its own address, or that of its API; `name` is what it is called
    /// in texts. Nothing is called yet.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(
        guard: &Guard,
        name: &'static str,
        address: &str,
        login: Login,
    ) -> Result<Zammad, String> {
        let guard = guard.apart(None, PATIENCE)?;
        let authorization = match login {
            Login::Token(token) => format!("Token token={token}"),
            Login::Password { user, password } => basic(&user, &password),
        };
        let headers = vec![("authorization", authorization)];
        Ok(Zammad {
            door: Door::new(guard, name, address, API, headers),
            group: String::new(),
            us: OnceCell::new(),
        })
    }

    /// Where the tickets lie that it is about.
    pub fn of_group(mut self, group: &str) -> Zammad {
        self.group = group.trim().to_owned();
        self
    }

    fn name(&self) -> &'static str {
        self.door.name()
    }

    fn number(&self, id: &str) -> Result<u64, Error> {
        id.parse()
            .map_err(|_| Error::Wrong(format!("{id:?} is no number of {}’s", self.name())))
    }

    async fn us(&self) -> Result<u64, Error> {
        let asked = async || {
            let reply = self.door.call(Call::get("/users/me")).await?;
            let me = found(reply, "look at itself", || "account of that secret".into())?;
            me.json["id"].as_u64().ok_or_else(|| Error::Strange {
                system: self.name(),
                why: "our account there has no number".to_owned(),
            })
        };
        self.us.get_or_try_init(asked).await.copied()
    }

    /// A ticket as it is, merged or not.
    async fn read_as_it_is(&self, id: u64) -> Result<Value, Error> {
        let call = Call::get(format!("/tickets/{id}")).with("expand", "true");
        let reply = self.door.call(call).await?;
        Ok(found(reply, &format!("see ticket {id}"), || {
            format!("ticket {id}")
        })?
        .json)
    }

    /// A ticket, by what it was merged into.
    async fn read_json(&self, id: &str) -> Result<Value, Error> {
        let mut id = self.number(id)?;
        for _ in 0..MOST_MERGES {
            let ticket = self.read_as_it_is(id).await?;
            if ticket["state"] != read::MERGED {
                return Ok(ticket);
            }
            match self.history(id).await?.merged_into() {
                Some(into) if into != id => id = into,
                // Of a merge from before histories were kept nobody knows the end.
                _ => return Ok(ticket),
            }
        }
        Err(Error::Strange {
            system: self.name(),
            why: format!("ticket {id} was merged again and again"),
        })
    }

    async fn read_ticket(&self, id: &str) -> Result<RemoteTicket, Error> {
        let json = self.read_json(id).await?;
        let call = Call::get("/links")
            .with("link_object", "Ticket")
            .with("link_object_value", text(&json["id"]));
        let reply = self.door.call(call).await?;
        let links = found(reply, "see links", || "links".into())?;
        Ok(read::ticket(&json, &links.json, self.us().await?))
    }

    async fn history(&self, ticket: u64) -> Result<History, Error> {
        let call = Call::get(format!("/ticket_history/{ticket}"));
        let reply = found(self.door.call(call).await?, "see a history", || {
            format!("ticket {ticket}")
        })?;
        Ok(History(reply.json))
    }

    /// A ticket's articles that our account may see.
    async fn articles(&self, ticket: u64) -> Result<Vec<Value>, Error> {
        let path = format!("/ticket_articles/by_ticket/{ticket}");
        let call = Call::get(path).with("expand", "true").largest(LARGEST_FILE);
        let reply = found(self.door.call(call).await?, "see entries", || {
            format!("ticket {ticket}")
        })?;
        Ok(list(&reply.json).to_vec())
    }

    /// The tickets that fulfil a condition, by their numbers, and when that was.
    async fn search(&self, condition: &Value) -> Result<(Vec<Value>, Option<i64>), Error> {
        let mut all: BTreeMap<u64, Value> = BTreeMap::new();
        let mut asked_at = None;
        for page in 1..=MOST_PAGES {
            let call = Call::new(Method::POST, "/tickets/search")
                .reading()
                .body(json!({
                    "condition": condition,
                    "expand": true,
                    // By time, a ticket that changes meanwhile would push another
                    // onto the page that was read before.
                    "sort_by": "id",
                    "order_by": "asc",
                    "page": page,
                    "per_page": PAGE,
                    "limit": PAGE,
                }));
            let reply = found(self.door.call(call).await?, "search", || "search".into())?;
            asked_at = asked_at.or_else(|| date(&reply));
            let Some(rows) = reply.json.as_array() else {
                return Err(Error::Strange {
                    system: self.name(),
                    why: "its search gives no list of tickets".to_owned(),
                });
            };
            let before = all.len();
            for row in rows {
                if let Some(id) = row["id"].as_u64() {
                    all.insert(id, row.clone());
                }
            }
            // A version that pages in another way gives the same again.
            if rows.len() < PAGE || all.len() == before {
                break;
            }
        }
        Ok((all.into_values().collect(), asked_at))
    }

    /// The tickets that begin with an entry of ours, oldest first.
    async fn marked(&self, marker: &str) -> Result<Vec<Value>, Error> {
        let of = json!({ "operator": "is", "value": read::message_id(marker) });
        let (tickets, _) = self.search(&json!({ "article.message_id": of })).await?;
        Ok(tickets)
    }

    async fn create_ticket(&self, new: &NewTicket) -> Result<Outcome, Error> {
        let marker = entry_marker(&new.entry.marker)?;
        let mut marked = self.marked(marker).await?;
        let found_one = !marked.is_empty();
        if !found_one {
            let mut body = values(&new.wanted);
            body.insert("title".into(), json!(one_line(&new.subject)));
            body.insert("group".into(), json!(new.queue));
            body.insert("article".into(), self.written(&new.entry)?);
            let customer = match new.requesters.first() {
                Some(address) => json!(format!("guess:{address}")),
                None => json!(self.us().await?),
            };
            body.insert("customer_id".into(), customer);
            let call = Call::new(Method::POST, "/tickets").body(Value::Object(body));
            let reply = self.door.call(call).await?;
            let made = found(reply, &format!("open tickets in {}", new.queue), || {
                format!("group {}", new.queue)
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
        for double in marked {
            if double["state"] == read::MERGED {
                continue;
            }
            let (source, target) = (text(&double["id"]), text(&first["number"]));
            let path = format!("/ticket_merge/{}/{target}", self.number(&source)?);
            let reply = self.door.call(Call::new(Method::PUT, path)).await?;
            if reply.json["result"] != "success" {
                return Err(not_taken(&reply));
            }
        }
        let ticket = self.read_ticket(&text(&first["id"])).await?;
        let wanted = Wanted {
            queue: Some(new.queue.clone()),
            subject: None,
            version: None,
            ..new.wanted.clone()
        };
        // What people there have done since is none of this call's business.
        let mut lost = Vec::new();
        if !found_one {
            lost = differences(&wanted, &ticket, "");
            let articles = self.articles(self.number(&ticket.id)?).await?;
            if let Some(article) = read::marked(&articles, marker) {
                lost.extend(lost_files(article, &new.entry));
            }
        }
        Ok(Outcome {
            ticket,
            not_taken: lost,
            found: found_one,
        })
    }

    /// An entry as Zammad takes it.
    fn written(&self, entry: &NewEntry) -> Result<Value, Error> {
        let marker = entry_marker(&entry.marker)?;
        let files: Vec<Value> = entry
            .attachments
            .iter()
            .map(|file| {
                json!({
                    "filename": file_name(&file.name),
                    "mime-type": media_type(&file.content_type),
                    "data": STANDARD.encode(&file.bytes),
                })
            })
            .collect();
        let body = match entry.body.as_str() {
            "" => "\n",
            text => text,
        };
        Ok(json!({
            "body": body,
            "content_type": "text/plain",
            // Of a note nobody is mailed: each side tells its own people.
            "type": "note",
            "internal": false,
            "message_id": read::message_id(marker),
            "attachments": files,
        }))
    }

    async fn set_values(&self, id: &str, wanted: &Wanted) -> Result<Outcome, Error> {
        let before = self.read_json(id).await?;
        let id = text(&before["id"]);
        unchanged(wanted, &text(&before["updated_at"]), &id)?;
        let body = values(wanted);
        let mut words = String::new();
        if !body.is_empty() {
            let path = format!("/tickets/{}", self.number(&id)?);
            let call = Call::new(Method::PUT, path).body(Value::Object(body));
            let reply = self.door.call(call).await?;
            words = reply.words();
            found(reply, &format!("change ticket {id}"), || {
                format!("ticket {id}")
            })?;
        }
        let ticket = self.read_ticket(&id).await?;
        Ok(Outcome {
            not_taken: differences(wanted, &ticket, &words),
            ticket,
            found: false,
        })
    }

    async fn newest_cursor(&self) -> Result<Cursor, Error> {
        let reply = self.door.call(Call::get("/users/me")).await?;
        let reply = found(reply, "look at itself", || "account of that secret".into())?;
        let begin = start(reply)?;
        // What is younger than the floor is of no interest either.
        Ok(self.changes_since(&begin).await?.cursor)
    }

    /// What happened since. The cursor's floor is a time of theirs, in milliseconds.
    async fn changes_since(&self, since: &Cursor) -> Result<Changes, Error> {
        let after = json!({
            "operator": "after (absolute)",
            "value": read::written_time(since.floor),
        });
        let (tickets, asked_at) = self.search(&json!({ "ticket.updated_at": after })).await?;
        // What our account does not see it does not find either.
        if let Some(lost) = self.kept_out(Deed::Read).await? {
            return Err(lost);
        }
        let mut all = Vec::new();
        for ticket in &tickets {
            let Some(id) = ticket["id"].as_u64() else {
                continue;
            };
            match self.history_of(id).await {
                Ok(of) => all.extend(of),
                // Gone, or moved out of our sight, since it was found.
                Err(Error::Missing { .. } | Error::Forbidden { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(gather(since, asked_at, all))
    }

    /// All changes of a ticket with the numbers that a cursor keeps.
    async fn history_of(&self, ticket: u64) -> Result<Vec<(i64, RemoteChange)>, Error> {
        let us = self.us().await?;
        let history = self.history(ticket).await?;
        let mut articles: BTreeMap<u64, Value> = BTreeMap::new();
        if history.has_articles() {
            for article in self.articles(ticket).await? {
                articles.extend(article["id"].as_u64().map(|id| (id, article)));
            }
            // Those of a merged ticket lie in the other now.
            let away: BTreeSet<u64> = history
                .articles()
                .filter(|id| !articles.contains_key(id))
                .collect();
            for id in away {
                match self.article(id).await {
                    Ok(article) => articles.extend([(id, article)]),
                    // Taken away by somebody, or not for our account.
                    Err(Error::Missing { .. } | Error::Forbidden { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(history.changes(ticket, &articles, us))
    }

    async fn article(&self, id: u64) -> Result<Value, Error> {
        let call = Call::get(format!("/ticket_articles/{id}"))
            .with("expand", "true")
            .largest(LARGEST_FILE);
        let reply = self.door.call(call).await?;
        Ok(found(reply, "see that entry", || format!("entry {id}"))?.json)
    }

    async fn read_entry(&self, id: &str) -> Result<RemoteEntry, Error> {
        let missing = || Error::Missing {
            system: self.name(),
            what: format!("entry {id}"),
        };
        let change = ChangeId::parse(id).ok_or_else(missing)?;
        let Some(article) = change.article() else {
            // A ticket that begins with what is not for us, or with nothing.
            return Ok(RemoteEntry {
                id: id.to_owned(),
                ticket: String::new(),
                at: 0,
                author: crate::tracker::RemotePerson::default(),
                ours: false,
                marker: None,
                body: String::new(),
                html: false,
                attachments: Vec::new(),
            });
        };
        let article = self.article(article).await?;
        // Whatever our account may see there: internal ones are not for us.
        if !read::is_public(&article) {
            return Err(missing());
        }
        Ok(read::entry(id, &article, self.us().await?))
    }

    async fn read_attachment(&self, id: &str) -> Result<Vec<u8>, Error> {
        let parts: Vec<&str> = id.split('/').collect();
        let [ticket, article, file] = parts[..] else {
            return Err(Error::Wrong(format!(
                "{id:?} is no file of {}’s",
                self.name()
            )));
        };
        let path = format!(
            "/ticket_attachment/{}/{}/{}",
            self.number(ticket)?,
            self.number(article)?,
            self.number(file)?
        );
        let reply = self.door.call(Call::get(path).file(LARGEST_FILE)).await?;
        Ok(found(reply, "see that file", || format!("file {id}"))?.body)
    }

    async fn send_entry(&self, ticket: &str, entry: &NewEntry) -> Result<Sent, Error> {
        let marker = entry_marker(&entry.marker)?;
        let ticket = text(&self.read_json(ticket).await?["id"]);
        let number = self.number(&ticket)?;
        let sent = |article: &Value, found: bool| Sent {
            id: text(&article["id"]),
            ticket: ticket.clone(),
            not_taken: lost_files(article, entry),
            found,
        };
        if let Some(article) = read::marked(&self.articles(number).await?, marker) {
            return Ok(sent(article, true));
        }
        let mut body = self.written(entry)?;
        body["ticket_id"] = json!(number);
        let call = Call::new(Method::POST, "/ticket_articles")
            .with("expand", "true")
            .body(body);
        let reply = self.door.call(call).await?;
        let made = found(reply, &format!("answer in ticket {ticket}"), || {
            format!("ticket {ticket}")
        })?;
        let articles = self.articles(number).await?;
        Ok(sent(
            read::marked(&articles, marker).unwrap_or(&made.json),
            false,
        ))
    }
}

/// Values as Zammad sets them.
fn values(wanted: &Wanted) -> Map<String, Value> {
    let mut body = Map::new();
    for (name, value) in [
        ("state", &wanted.status),
        ("priority", &wanted.priority),
        ("group", &wanted.queue),
    ] {
        body.extend(value.as_ref().map(|value| (name.to_owned(), json!(value))));
    }
    if let Some(subject) = &wanted.subject {
        body.insert("title".into(), json!(one_line(subject)));
    }
    match wanted.owner.as_deref() {
        Some("") => body.extend([("owner_id".to_owned(), json!(NOBODY))]),
        Some(login) => body.extend([("owner".to_owned(), json!(login))]),
        None => {}
    }
    for (name, values) in &wanted.fields {
        let value = match values.as_slice() {
            [] => Value::Null,
            [only] => json!(only),
            several => json!(several),
        };
        body.insert(name.clone(), value);
    }
    let waits = wanted
        .status
        .as_deref()
        .is_some_and(|s| s.starts_with("pending"));
    if waits && !body.contains_key("pending_time") {
        let until = chrono::Utc::now().timestamp_millis() + PENDING;
        body.insert("pending_time".into(), json!(read::written_time(until)));
    }
    body
}

fn one_line(text: &str) -> String {
    // Longer than that no title is.
    text.replace(char::is_control, " ")
        .chars()
        .take(250)
        .collect()
}

/// A name as Zammad keeps it.
fn file_name(name: &str) -> String {
    match name.replace(|c: char| c.is_control() || c == '/', "_") {
        none if none.is_empty() => "file".to_owned(),
        name => name,
    }
}

/// Files of an entry that the article has not as they were.
fn lost_files(article: &Value, entry: &NewEntry) -> Vec<NotTaken> {
    let mut kept: Vec<(String, u64)> = read::attachments(article)
        .into_iter()
        .map(|file| (file.name, file.size))
        .collect();
    let mut lost = Vec::new();
    for file in &entry.attachments {
        let (name, size) = (file_name(&file.name), file.bytes.len() as u64);
        match kept.iter().position(|known| *known == (name.clone(), size)) {
            Some(at) => drop(kept.remove(at)),
            None => lost.push(NotTaken {
                field: file.name.clone(),
                wanted: format!("{size} bytes"),
                is: "not kept whole".to_owned(),
                words: String::new(),
            }),
        }
    }
    lost
}

#[async_trait::async_trait]
impl Tracker for Zammad {
    async fn test(&self, queue: &str) -> Vec<Check> {
        lines(match self.door.check() {
            Ok(()) => self.look(queue).await,
            Err(fault) => Err(Error::Unreachable(fault)),
        })
    }

    async fn create(&self, new: &NewTicket) -> Result<Outcome, Error> {
        self.create_ticket(new).await
    }

    async fn read(&self, ticket: &str) -> Result<RemoteTicket, Error> {
        self.read_ticket(ticket).await
    }

    async fn newest(&self) -> Result<Cursor, Error> {
        self.newest_cursor().await
    }

    async fn changes(&self, since: &Cursor) -> Result<Changes, Error> {
        self.changes_since(since).await
    }

    async fn history(&self, ticket: &str) -> Result<Vec<RemoteChange>, Error> {
        let all = self.history_of(self.number(ticket)?).await?;
        Ok(all.into_iter().map(|(_, change)| change).collect())
    }

    async fn entry(&self, change: &str) -> Result<RemoteEntry, Error> {
        self.read_entry(change).await
    }

    async fn attachment(&self, id: &str) -> Result<Vec<u8>, Error> {
        self.read_attachment(id).await
    }

    async fn send(&self, ticket: &str, entry: &NewEntry) -> Result<Sent, Error> {
        self.send_entry(ticket, entry).await
    }

    async fn lost(&self, deed: Deed) -> Result<Option<Error>, Error> {
        self.kept_out(deed).await
    }

    async fn sees_the_rest(&self) -> Result<bool, Error> {
        // It tells a ticket that our account may not see from one that is not there.
        let reply = self.door.call(Call::get("/users/me")).await?;
        found(reply, "look at itself", || "account of that secret".into()).map(|_| true)
    }

    async fn set(&self, ticket: &str, wanted: &Wanted) -> Result<Outcome, Error> {
        self.set_values(ticket, wanted).await
    }

    async fn set_link(&self, ticket: &str, link: &RemoteLink, add: bool) -> Result<(), Error> {
        let kind = read::link_type(link.relation).filter(|_| link.target.parse::<u64>().is_ok());
        let Some(kind) = kind else {
            return Err(Error::NotTaken {
                system: self.name(),
                words: "it links tickets with one another, as parent and child or at large"
                    .to_owned(),
            });
        };
        let (id, target) = (self.number(ticket)?, self.number(&link.target)?);
        let here = self.read_as_it_is(id).await?;
        let reply = if add {
            let call = Call::new(Method::POST, "/links/add").body(json!({
                "link_type": kind,
                "link_object_target": "Ticket",
                "link_object_target_value": id,
                "link_object_source": "Ticket",
                "link_object_source_number": self.read_as_it_is(target).await?["number"],
            }));
            self.door.call(call).await?
        } else {
            let call = Call::new(Method::DELETE, "/links/remove").body(json!({
                "link_type": kind,
                "link_object_target": "Ticket",
                "link_object_target_value": here["id"],
                "link_object_source": "Ticket",
                "link_object_source_value": target,
            }));
            self.door.call(call).await?
        };
        let words = reply.words();
        let now = self.read_ticket(ticket).await?;
        let linked = now.links.iter().any(|known| {
            known.target == link.target && read::link_type(known.relation) == Some(kind)
        });
        if linked == add {
            return Ok(());
        }
        found(reply, &format!("link ticket {ticket}"), || {
            format!("ticket {ticket}")
        })?;
        Err(Error::NotTaken {
            system: self.name(),
            words,
        })
    }
}
