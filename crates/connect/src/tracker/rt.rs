//! Request Tracker 5, by its REST 2.
//!
//! What RT makes of a request is not always what was asked for, and it says so
//! only between the lines; hence:
//! - a change is read back, because RT answers 200 for values that it refused;
//! - a ticket is found again by a link to an address, an entry by a parameter
//!   of its content type: people see the first as a link and the second never;
//! - text that is no UTF-8 goes as mere bytes, because RT would convert it;
//! - changes are read by the numbers of transactions, not by time: RT reads
//!   times in searches in the time zone of whoever asks.

mod door;
mod look;
mod read;
mod write;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openidconnect::http::{Method, header};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::guard::Guard;
use crate::probe::{Check, Way};
use crate::tracker::call::{Call, Reply, date, found, list, not_taken, text, time};
use crate::tracker::link::none_such_in;
use crate::tracker::look::lines;
use crate::tracker::wanted::{differences, entry_marker};
use crate::tracker::{
    Changes, Cursor, Cut, Deed, Error, Kind, Login, NewEntry, NewTicket, NotTaken, Outcome,
    RemoteAttachment, RemoteChange, RemoteEntry, RemoteLink, RemoteTicket, Sent, Standing, Tracker,
    Wanted,
};
use door::{Door, NAME};
use write::{created, link_marker, plain_name, values, written};

pub(super) const KIND: Kind = Kind {
    key: "rt",
    apart: false,
    signs: false,
    way: Way {
        name: "Request Tracker",
        me: "/rt",
        names: &["Version"],
        queue: "/queue/{}",
        listed: "",
        header: ("authorization", "token "),
    },
    make: |guard, account| {
        let client = Rt::new(guard, account.endpoint, account.login(), None)?;
        Ok(Arc::new(client.of_queue(account.queue)))
    },
};

/// How long RT may take over a call: it mails and runs its scrips meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);
/// Changes commit in another order than they are numbered, but within this time
/// of one another, in milliseconds.
const OVERLAP: i64 = 300_000;
/// Rows a page; RT gives no more.
const PAGE: usize = 100;
/// Pages without a row that we may see, after which there are no more, where RT does not
/// say how many there are. It hides rows after it has made pages of them.
const BLANK_PAGES: usize = 3;
/// New changes after which a reading stops; there may be more.
const MOST_CHANGES: usize = 500;
/// Bytes of a file that are read, as RT sends it (in base64).
const LARGEST_FILE: usize = 96 * 1024 * 1024;
/// The transactions that are changes. Comments are not among them.
const TYPES: [&str; 12] = [
    "Create",
    "Correspond",
    "Status",
    "Set",
    "CustomField",
    "AddLink",
    "DeleteLink",
    "Take",
    "Untake",
    "Steal",
    "Give",
    "Force",
];

/// An RT.
pub struct Rt {
    door: Door,
    // Empty: whether a right is lacking for all is not looked at.
    queue: String,
    // The name of our account there; asked once.
    us: OnceCell<String>,
}

impl fmt::Debug for Rt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rt")
            .field("address", &self.door.root())
            .field("login", self.door.login())
            .finish_non_exhaustive()
    }
}

impl Rt {
    /// The RT at an address: its own, or that of its REST 2. With `authority`
    /// (PEM) nobody else may vouch for it. Nothing is called yet.
    ///
    /// # Errors
    /// When there is no certificate in `authority`.
    pub fn new(
        guard: &Guard,
        address: &str,
        login: Login,
        authority: Option<&str>,
    ) -> Result<Rt, String> {
        let guard = guard.apart(authority, PATIENCE)?;
        Ok(Rt {
            door: Door::new(guard, address, login),
            queue: String::new(),
            us: OnceCell::new(),
        })
    }

    /// Where the tickets lie that it is about.
    pub fn of_queue(mut self, queue: &str) -> Rt {
        self.queue = queue.trim().to_owned();
        self
    }

    /// The name of our account there. A token names its user by number.
    async fn us(&self) -> Result<&str, Error> {
        let asked = async || match self.door.login() {
            Login::Password { user, .. } => Ok(user.clone()),
            Login::Token(token) => {
                let number = token.split('-').nth(1).unwrap_or_default();
                let number: u64 = number.parse().map_err(|_| Error::Secret {
                    system: NAME,
                    status: 401,
                })?;
                let reply = self.door.call(Call::get(format!("/user/{number}"))).await?;
                let reply = found(reply, "look at itself", || "account of that token".into())?;
                Ok(text(&reply.json["Name"]))
            }
        };
        self.us.get_or_try_init(asked).await.map(String::as_str)
    }

    async fn read_ticket(&self, id: &str) -> Result<RemoteTicket, Error> {
        let path = format!("/ticket/{}", number(id)?);
        let call = Call::get(path)
            .with("fields[Queue]", "Name")
            .with("fields[Owner]", "Name");
        let reply = self.door.call(call).await?;
        let reply = found(reply, &format!("see ticket {id}"), || {
            format!("ticket {id}")
        })?;
        Ok(read::ticket(&reply.json, reply.header(header::ETAG)))
    }

    /// The tickets that carry a marker, oldest first.
    async fn marked(&self, marker: &str) -> Result<Vec<String>, Error> {
        let call = Call::get("/tickets")
            .with("query", format!("RefersTo = '{marker}'"))
            .with("orderby", "id");
        let reply = found(self.door.call(call).await?, "search", || "search".into())?;
        let mut ids: Vec<u64> = list(&reply.json["items"])
            .iter()
            .filter_map(|item| text(&item["id"]).parse().ok())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(ids.iter().map(u64::to_string).collect())
    }

    async fn create_ticket(&self, new: &NewTicket) -> Result<Outcome, Error> {
        let marker = link_marker(&new.marker)?;
        let earlier = self.marked(&marker).await?;
        let found_one = !earlier.is_empty();
        let marked = if found_one {
            earlier
        } else {
            let reply = self.door.call(created(new, &marker)?).await?;
            match reply.status {
                201 => {}
                403 => {
                    return Err(Error::Forbidden {
                        system: NAME,
                        what: format!("open tickets in {}", new.queue),
                        words: reply.words(),
                    });
                }
                _ => return Err(not_taken(&reply)),
            }
            let id = text(&reply.json["id"]);
            // An earlier call may have gone on over there, unanswered, while
            // this one looked for what it had made.
            let mut all = self.marked(&marker).await?;
            if all.is_empty() {
                all.push(id);
            }
            all
        };
        let mut marked = marked.into_iter();
        let first = marked.next().unwrap_or_default();
        for double in marked {
            let into = json!({ "MergeInto": first });
            let call = Call::new(Method::PUT, format!("/ticket/{double}")).body(into);
            let reply = self.door.call(call).await?;
            if reply.status != 200 {
                return Err(not_taken(&reply));
            }
        }
        let ticket = self.read_ticket(&first).await?;
        let wanted = Wanted {
            queue: Some(new.queue.clone()),
            subject: None,
            version: None,
            ..new.wanted.clone()
        };
        // What people there have done since is none of this call's business.
        let mut not_taken = Vec::new();
        if !found_one {
            not_taken = differences(&wanted, &ticket, "");
            if !new.entry.attachments.is_empty()
                && let Some(entry) = self.marked_entry(&ticket.id, &new.entry.marker).await?
            {
                not_taken.extend(self.lost_files(&ticket.id, &entry, &new.entry).await?);
            }
        }
        Ok(Outcome {
            ticket,
            not_taken,
            found: found_one,
        })
    }

    async fn set_values(&self, id: &str, wanted: &Wanted) -> Result<Outcome, Error> {
        let path = format!("/ticket/{}", number(id)?);
        let call = Call::new(Method::PUT, &*path)
            .version(wanted.version.as_deref())
            .body(values(wanted));
        let reply = self.changed(id, call).await?;
        let mut words = reply.words();
        let mut ticket = self.read_ticket(id).await?;
        // Fields of one value are emptied by null, those of several by an empty
        // list; which is which RT tells administrators only.
        let left: Map<String, Value> = wanted
            .fields
            .iter()
            .filter(|(name, values)| values.is_empty() && ticket.fields.contains_key(*name))
            .map(|(name, _)| (name.clone(), json!([])))
            .collect();
        if !left.is_empty() {
            let call = Call::new(Method::PUT, &*path).body(json!({ "CustomFields": left }));
            words = self.changed(id, call).await?.words();
            ticket = self.read_ticket(id).await?;
        }
        Ok(Outcome {
            not_taken: differences(wanted, &ticket, &words),
            ticket,
            found: false,
        })
    }

    /// Makes a call that changes a ticket.
    async fn changed(&self, id: &str, call: Call<'_>) -> Result<Reply, Error> {
        let reply = self.door.call(call).await?;
        match reply.status {
            412 => Err(Error::Changed(id.to_owned())),
            _ => found(reply, &format!("change ticket {id}"), || {
                format!("ticket {id}")
            }),
        }
    }

    async fn newest_cursor(&self) -> Result<Cursor, Error> {
        let call = self.transactions(0, "").with("order", "DESC");
        let reply = found(self.door.call(call).await?, "search", || "search".into())?;
        let mut cursor = Cursor::default();
        for item in list(&reply.json["items"]) {
            if let Some((id, change)) = read::change(item, "") {
                cursor.seen.insert(id, change.at);
            }
        }
        // What lies below what was read is older than all of that.
        cursor.floor = cursor.seen.keys().next().map_or(0, |first| first - 1);
        settle(&mut cursor, date(&reply));
        Ok(cursor)
    }

    /// The changes above a number; `of` is a further condition, or empty.
    fn transactions(&self, above: i64, of: &str) -> Call<'static> {
        let types = TYPES.map(|name| format!("Type = '{name}'")).join(" OR ");
        Call::get("/transactions")
            .with(
                "query",
                format!("ObjectType = 'RT::Ticket' AND {of}({types}) AND id > {above}"),
            )
            .with("orderby", "id")
            .with("per_page", PAGE.to_string())
            .with(
                "fields",
                "Type,Field,OldValue,NewValue,ObjectId,Created,Creator",
            )
            .with("fields[Creator]", "RealName,EmailAddress")
    }

    /// RT's numbers rise within a ticket, so each page goes on above the last.
    async fn history_of(&self, ticket: &str) -> Result<Vec<RemoteChange>, Error> {
        let us = self.us().await?;
        let ticket = number(ticket)?;
        let of = format!("TicketId = {ticket} AND ");
        let (mut items, mut above, mut page) = (Vec::new(), 0, 1);
        while page <= BLANK_PAGES {
            let call = self.transactions(above, &of).with("page", page.to_string());
            let reply = found(self.door.call(call).await?, "search", || "search".into())?;
            let rows = list(&reply.json["items"]);
            for row in rows {
                above = above.max(text(&row["id"]).parse().unwrap_or(0));
                items.extend(read::change(row, us).map(|(_, change)| change));
            }
            if read::is_last(&reply.json, page) {
                break;
            }
            page = if rows.is_empty() { page + 1 } else { 1 };
        }
        Ok(items)
    }

    async fn changes_since(&self, since: &Cursor) -> Result<Changes, Error> {
        let us = self.us().await?;
        let mut cursor = since.clone();
        let mut items = Vec::new();
        // After an hour apart there are thousands: what was read of them is not asked for again
        // with each part, but once more when all are through.
        let cut = cursor.cut.take();
        let mut above = cut.map_or(cursor.floor, |cut| cut.above);
        let mut began = cut.and_then(|cut| cut.began);
        let (mut page, mut hides) = (1, false);
        loop {
            let call = self.transactions(above, "").with("page", page.to_string());
            let reply = found(self.door.call(call).await?, "search", || "search".into())?;
            began = began.or_else(|| date(&reply));
            let rows = list(&reply.json["items"]);
            for row in rows {
                above = above.max(text(&row["id"]).parse().unwrap_or(0));
                let Some((id, change)) = read::change(row, us) else {
                    continue;
                };
                if cursor.seen.insert(id, change.at).is_none() {
                    items.push(change);
                }
            }
            let last = read::is_last(&reply.json, page);
            hides |= read::hides(&reply.json, page);
            page = if rows.is_empty() { page + 1 } else { 1 };
            let full = items.len() >= MOST_CHANGES;
            if full || last || page > BLANK_PAGES {
                // What is hidden now can not be read once it is far back.
                if hides && let Some(lost) = self.kept_out(Deed::Read).await? {
                    return Err(lost);
                }
                // While there is more, nothing that was not read is older than
                // what was. What was done since the first part began may have turned up
                // behind this one.
                let read_up_to = cursor.seen.values().next_back().copied();
                let up_to = if full {
                    read_up_to.min(began.or(read_up_to))
                } else {
                    began
                };
                settle(&mut cursor, up_to);
                cursor.cut = full.then_some(Cut { above, began });
                return Ok(Changes {
                    items,
                    cursor,
                    more: full,
                });
            }
        }
    }

    async fn read_entry(&self, id: &str) -> Result<RemoteEntry, Error> {
        let us = self.us().await?;
        let missing = || format!("entry {id}");
        let id = number(id)?;
        let call = Call::get(format!("/transaction/{id}"))
            .with("fields[Creator]", "RealName,EmailAddress");
        let reply = found(self.door.call(call).await?, "see that entry", missing)?;
        // Whatever our account may see there: comments are not for us.
        if !matches!(reply.json["Type"].as_str(), Some("Create" | "Correspond")) {
            return Err(Error::Missing {
                system: NAME,
                what: missing(),
            });
        }
        let author = read::person(&reply.json["Creator"]);
        let parts = read::parts(&self.parts(id).await?);
        let (body, html) = match &parts.body {
            Some((part, html)) => {
                let bytes = self.read_attachment(part).await?;
                (String::from_utf8_lossy(&bytes).into_owned(), *html)
            }
            None => (String::new(), false),
        };
        Ok(RemoteEntry {
            id: id.to_string(),
            ticket: text(&reply.json["Object"]["id"]),
            at: time(&reply.json["Created"]),
            ours: author.login.eq_ignore_ascii_case(us),
            author,
            marker: parts.marker,
            body,
            html,
            attachments: parts.attachments,
        })
    }

    /// The parts of a transaction, in their order.
    async fn parts(&self, transaction: u64) -> Result<Vec<Value>, Error> {
        let mut all = Vec::new();
        for page in 1.. {
            let call = Call::get(format!("/transaction/{transaction}/attachments"))
                .with("fields", "Filename,ContentType,Headers,ContentLength")
                .with("orderby", "id")
                .with("per_page", PAGE.to_string())
                .with("page", page.to_string());
            let reply = found(self.door.call(call).await?, "see that entry", || {
                format!("entry {transaction}")
            })?;
            let rows = list(&reply.json["items"]);
            all.extend_from_slice(rows);
            if rows.len() < PAGE {
                break;
            }
        }
        Ok(all)
    }

    async fn read_attachment(&self, id: &str) -> Result<Vec<u8>, Error> {
        let call = Call::get(format!("/attachment/{}", number(id)?)).largest(LARGEST_FILE);
        let reply = found(self.door.call(call).await?, "see that file", || {
            format!("file {id}")
        })?;
        let content = reply.json["Content"].as_str().unwrap_or_default();
        let content: String = content.split_ascii_whitespace().collect();
        STANDARD.decode(content).map_err(|_| Error::Strange {
            system: NAME,
            why: format!("file {id} is not in base64"),
        })
    }

    /// The transaction that an entry with this marker came with.
    async fn marked_entry(&self, ticket: &str, marker: &str) -> Result<Option<String>, Error> {
        let call = Call::new(Method::POST, format!("/ticket/{ticket}/attachments"))
            .reading()
            .with("fields", "TransactionId,Headers")
            .with("orderby", "id")
            .body(json!([{
                "field": "Headers",
                "operator": "LIKE",
                "value": format!("{}=\"{marker}\"", read::MARKER),
            }]));
        let reply = found(self.door.call(call).await?, "see entries", || {
            format!("ticket {ticket}")
        })?;
        let rows = list(&reply.json["items"]);
        // A text may hold what looks like the marker of another.
        let marked = rows
            .iter()
            .find(|row| read::marker(&text(&row["Headers"])).as_deref() == Some(marker));
        Ok(marked.map(|row| text(&row["TransactionId"])))
    }

    async fn send_entry(&self, ticket: &str, entry: &NewEntry) -> Result<Sent, Error> {
        let marker = entry_marker(&entry.marker)?;
        let ticket = self.read_ticket(ticket).await?;
        if let Some(id) = self.marked_entry(&ticket.id, marker).await? {
            return Ok(Sent {
                not_taken: self.lost_files(&ticket.id, &id, entry).await?,
                id,
                ticket: ticket.id,
                found: true,
            });
        }
        if ticket.standing == Standing::Deleted {
            return Err(Error::Deleted(ticket.id));
        }
        let path = format!("/ticket/{}/correspond", ticket.id);
        let call = Call::new(Method::POST, path).body(Value::Object(written(entry)?));
        let reply = self.door.call(call).await?;
        if reply.status != 201 {
            // RT answers 400 for a right that is lacking.
            return Err(if reply.words() == "Permission Denied" {
                Error::Forbidden {
                    system: NAME,
                    what: format!("answer in ticket {}", ticket.id),
                    words: reply.words(),
                }
            } else {
                not_taken(&reply)
            });
        }
        let place = reply.header(header::LOCATION).rsplit('/').next();
        let id = match place.filter(|id| id.parse::<u64>().is_ok()) {
            Some(id) => id.to_owned(),
            None => self
                .marked_entry(&ticket.id, marker)
                .await?
                .ok_or_else(|| Error::Strange {
                    system: NAME,
                    why: "it took an entry and does not have it".to_owned(),
                })?,
        };
        Ok(Sent {
            not_taken: self.lost_files(&ticket.id, &id, entry).await?,
            id,
            ticket: ticket.id,
            found: false,
        })
    }

    /// Files that RT did not keep as they were: it cuts off or drops what is too
    /// large for it, and says so nowhere but in the ticket's history.
    async fn lost_files(
        &self,
        ticket: &str,
        id: &str,
        entry: &NewEntry,
    ) -> Result<Vec<NotTaken>, Error> {
        if entry.attachments.is_empty() {
            return Ok(Vec::new());
        }
        let id = number(id)?;
        let call = Call::get("/transactions")
            .with(
                "query",
                format!(
                    "ObjectType = 'RT::Ticket' AND TicketId = {} AND id > {id} AND \
                     (Type = 'AttachmentTruncate' OR Type = 'AttachmentDrop')",
                    number(ticket)?
                ),
            )
            .with("orderby", "id")
            .with("per_page", PAGE.to_string())
            .with("fields", "Type,OldValue,NewValue,Data");
        let reply = found(self.door.call(call).await?, "search", || "search".into())?;
        let notes = list(&reply.json["items"]);
        let mut kept = read::parts(&self.parts(id).await?).attachments;
        let mut lost = Vec::new();
        for file in &entry.attachments {
            let (name, size) = (plain_name(&file.name), file.bytes.len());
            let note = notes.iter().find(|note| {
                text(&note["Data"]) == name && text(&note["OldValue"]) == size.to_string()
            });
            let (wanted, is) = if let Some(note) = note {
                let is = match note["Type"].as_str() {
                    Some("AttachmentTruncate") => {
                        format!("the first {} bytes", text(&note["NewValue"]))
                    }
                    _ => "dropped".to_owned(),
                };
                (format!("{size} bytes"), is)
            } else {
                let same = |one: &RemoteAttachment| one.size == size as u64;
                let named = kept.iter().position(|one| same(one) && one.name == name);
                match named.or_else(|| kept.iter().position(same)) {
                    Some(at) => (file.name.clone(), kept.remove(at).name),
                    None => (format!("{size} bytes"), "not kept whole".to_owned()),
                }
            };
            if wanted != is {
                lost.push(NotTaken {
                    field: file.name.clone(),
                    wanted,
                    is,
                    words: String::new(),
                });
            }
        }
        Ok(lost)
    }
}

#[async_trait::async_trait]
impl Tracker for Rt {
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
        self.history_of(ticket).await
    }

    async fn entry(&self, change: &str) -> Result<RemoteEntry, Error> {
        self.read_entry(change).await
    }

    async fn marker(&self, change: &str) -> Result<Option<String>, Error> {
        Ok(read::parts(&self.parts(number(change)?).await?).marker)
    }

    async fn attachment(&self, id: &str) -> Result<Vec<u8>, Error> {
        self.read_attachment(id).await
    }

    async fn send(&self, ticket: &str, entry: &NewEntry) -> Result<Sent, Error> {
        self.send_entry(ticket, entry).await
    }

    async fn set(&self, ticket: &str, wanted: &Wanted) -> Result<Outcome, Error> {
        self.set_values(ticket, wanted).await
    }

    async fn lost(&self, deed: Deed) -> Result<Option<Error>, Error> {
        self.kept_out(deed).await
    }

    async fn set_link(&self, ticket: &str, link: &RemoteLink, there: bool) -> Result<(), Error> {
        let name = read::relation_name(link.relation);
        let name = name.ok_or_else(|| none_such_in(NAME, link.relation))?;
        let name = format!("{}{name}", if there { "Add" } else { "Delete" });
        let call = Call::new(Method::PUT, format!("/ticket/{}", number(ticket)?))
            .body(json!({ name: [link.target] }));
        let reply = self.changed(ticket, call).await?;
        let words = reply.words();
        let now = self.read_ticket(ticket).await?;
        if now.links.contains(link) == there {
            Ok(())
        } else if words.contains("Permission Denied") {
            Err(Error::Forbidden {
                system: NAME,
                what: format!("link ticket {ticket}"),
                words,
            })
        } else {
            Err(Error::NotTaken {
                system: NAME,
                words,
            })
        }
    }
}

/// A number of RT's, of whatever; nothing else may get into a path.
fn number(id: &str) -> Result<u64, Error> {
    id.parse()
        .map_err(|_| Error::Wrong(format!("{id:?} is no number of RT's")))
}

/// Raises the floor to where nothing can turn up any more, and forgets what
/// lies below it. Without a clock that of the newest change is taken.
fn settle(cursor: &mut Cursor, now: Option<i64>) {
    let newest = cursor.seen.values().copied().max();
    let Some(now) = now.or(newest) else { return };
    // Numbers and times do not rise together everywhere: the floor stays below
    // the first that is still young.
    let old = cursor
        .seen
        .iter()
        .take_while(|(_, at)| **at < now - OVERLAP);
    if let Some(floor) = old.map(|(id, _)| *id).last() {
        cursor.floor = cursor.floor.max(floor);
    }
    cursor.seen.retain(|id, _| *id > cursor.floor);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_floor_rises_only_over_what_is_old() {
        let mut cursor = Cursor {
            floor: 3,
            seen: BTreeMap::from([(4, 1_000), (5, 400_000), (6, 2_000), (7, 500_000)]),
            ..Cursor::default()
        };
        settle(&mut cursor, Some(600_000));
        // 6 is old enough, but 5 below it is not.
        assert_eq!(cursor.floor, 4);
        assert_eq!(cursor.seen.keys().copied().collect::<Vec<_>>(), [5, 6, 7]);
        settle(&mut cursor, Some(10_000_000));
        assert_eq!((cursor.floor, cursor.seen.len()), (7, 0));
        let text = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap(), cursor);
    }

    #[test]
    fn nothing_but_numbers_gets_into_a_path() {
        for bad in ["../user/1", "1/correspond", "", "-1", "1?x"] {
            assert!(matches!(number(bad), Err(Error::Wrong(_))), "{bad}");
        }
        assert_eq!(number("4711").unwrap(), 4711);
    }

    #[test]
    fn no_secret_is_in_a_debug_line() {
        let guard = Guard::new(crate::guard::Reach::default());
        for login in [
            Login::Token("1-2-s3cret".into()),
            Login::Password {
                user: "bridge".into(),
                password: "s3cret".into(),
            },
        ] {
            let rt = Rt::new(&guard, "https://rt.example", login, None).unwrap();
            let text = format!("{rt:?}");
            assert!(
                text.contains("rt.example") && !text.contains("s3cret"),
                "{text}"
            );
        }
        assert!(
            Rt::new(
                &guard,
                "https://rt.example",
                Login::Token(String::new()),
                Some("x")
            )
            .is_err()
        );
    }
}
