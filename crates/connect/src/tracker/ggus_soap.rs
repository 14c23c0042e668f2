//! The GGUS or xGUS of before 2025: a BMC Remedy AR System that other helpdesks spoke
//! with by SOAP.
//!
//! Written from its public documentation (the wiki's FAQ of the SOAP interface) and from
//! the stubs that public clients made from its description (OSG's GOC-TX); it has met no
//! real GGUS (`docs/guides/ggus-soap.md` says what that means). Where it is not obvious:
//! - nothing asks for what changed: the tickets of a unit that are open or solved are
//!   listed, and those that are in no list any more are looked at one by one;
//! - rows of a ticket's history have no number: they are told apart by what is in them;
//! - no field of an entry is hidden: a text of ours has its marker as its last line, and
//!   a ticket has its address in the field for related issues;
//! - who changes something is named by the caller: we give our account's name, and what
//!   has that name is our doing;
//! - its fields take 4,000 bytes: what is longer goes along as a file;
//! - an empty list is told as a fault, "Entry does not exist in database".

mod look;
mod read;
mod soap;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::guard::Guard;
use crate::probe::{Check, Way};
use crate::tracker::look::lines;
use crate::tracker::number::{Sort, number};
use crate::tracker::since::{MOST_PAGES, gather, start_at};
use crate::tracker::wanted::{differences, entry_marker, unchanged};
use crate::tracker::{
    Changes, Cursor, Deed, Error, Kind, Login, NewAttachment, NewEntry, NewTicket, NotTaken,
    Outcome, RemoteChange, RemoteEntry, RemoteTicket, Sent, Tracker, Wanted,
};
use read::{File, Row};
use soap::{Door, LARGEST, Node, Order, Said};

pub(super) const KIND: Kind = Kind {
    key: "ggus_soap",
    apart: false,
    signs: false,
    way: Way {
        name: NAME,
        // It tells a stranger nothing.
        me: "",
        names: &[],
        queue: "",
        listed: "",
        header: ("authorization", ""),
    },
    make: |guard, account| {
        let client = GgusSoap::new(guard, account.endpoint, account.queue, account.login())?;
        Ok(Arc::new(client))
    },
};

const NAME: &str = "GGUS";
/// Its three web services: tickets, what happened to them, their files.
const TICKETS: &str = "GGUS";
const HISTORY: &str = "GGUS_HISTORY";
const FILES: &str = "GGUS_ATTACH";
/// Rows a page; it gives up to 500.
const PAGE: usize = 200;
/// Bytes of a text that it takes: 4,000, and our marker among them.
const LONGEST_TEXT: usize = 3_800;
/// Characters of a subject.
const LONGEST_SUBJECT: usize = 250;
/// Bytes of a file that are read, as it is written in an answer.
const LARGEST_FILE: usize = 48 * 1024 * 1024;
/// The solution of what is solved where nobody wrote one.
const REMARK: &str = "See the public diary.";

/// The tickets of a support unit.
pub struct GgusSoap {
    door: Door,
    /// As it is named in the agreement.
    queue: String,
    /// The support unit.
    unit: String,
    /// What our tickets say that they come from (`GHD_Origin_SG`).
    origin: String,
}

impl fmt::Debug for GgusSoap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GgusSoap")
            .field("door", &self.door)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

impl GgusSoap {
    /// The tickets of a support unit (`NGI_DE`; `NGI_DE as EUDAT` where this desk is
    /// called `EUDAT` there and not as its account) of the AR System at this address,
    /// which names its server: `https://…/arsys/services/ARService?server=NAME`. Nothing
    /// is called yet.
    ///
    /// # Errors
    /// When no client can be made of that.
    pub fn new(
        guard: &Guard,
        address: &str,
        queue: &str,
        login: Login,
    ) -> Result<GgusSoap, String> {
        let Login::Password { user, password } = login else {
            return Err("GGUS takes a name and a password (name:password), no token".to_owned());
        };
        let queue = queue.trim();
        let (unit, origin) = match queue.split_once(" as ") {
            Some((unit, origin)) => (unit.trim(), origin.trim()),
            None => (queue, user.as_str()),
        };
        Ok(GgusSoap {
            queue: queue.to_owned(),
            unit: unit.to_owned(),
            origin: origin.to_owned(),
            door: Door::new(guard, address, user, password)?,
        })
    }

    /// Reads one thing.
    async fn one(
        &self,
        service: &'static str,
        operation: &'static str,
        fields: Vec<(&'static str, String)>,
    ) -> Result<Said, Error> {
        let order = Order {
            service,
            operation,
            fields,
            reads: true,
            largest: LARGEST,
        };
        self.door.call(&order, "see tickets").await
    }

    /// All rows of a list, and when that was by their clock. `fields`: from where, and
    /// how many, in their order with the others.
    async fn rows(
        &self,
        service: &'static str,
        operation: &'static str,
        fields: impl Fn((&'static str, String), (&'static str, String)) -> Vec<(&'static str, String)>,
    ) -> Result<(Vec<Node>, Option<i64>), Error> {
        let (mut all, mut asked_at) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let from = ("startRecord", all.len().to_string());
            let fields = fields(from, ("maxLimit", PAGE.to_string()));
            let said = self.one(service, operation, fields).await?;
            asked_at = asked_at.or(said.at);
            let rows = said.node.map(|node| node.children).unwrap_or_default();
            let rows = rows.into_iter().filter(|row| row.name == "getListValues");
            let before = all.len();
            all.extend(rows);
            if all.len() - before < PAGE {
                break;
            }
        }
        Ok((all, asked_at))
    }

    /// The unit's tickets that are so, by number.
    async fn list(
        &self,
        meta: &str,
        status: &str,
    ) -> Result<(BTreeMap<u64, Node>, Option<i64>), Error> {
        let (rows, at) = self
            .rows(TICKETS, "TicketGetList", |from, most| {
                let mut fields = vec![from, most, ("GHD_Responsible_Unit", self.unit.clone())];
                for (name, value) in [("GHD_Meta_Status", meta), ("GHD_Status", status)] {
                    if !value.is_empty() {
                        fields.push((name, value.to_owned()));
                    }
                }
                fields
            })
            .await?;
        let rows = rows.into_iter();
        Ok((
            rows.filter_map(|row| Some((read::id(&row)?, row)))
                .collect(),
            at,
        ))
    }

    /// The unit's tickets that anything can still happen to; with `all`, all of them.
    async fn living(&self, all: bool) -> Result<(BTreeMap<u64, Node>, Option<i64>), Error> {
        let which: &[(&str, &str)] = if all {
            &[("Open", ""), ("Closed", "")]
        } else {
            &[("Open", ""), ("", "solved"), ("", "unsolved")]
        };
        let (mut found, mut asked_at) = (BTreeMap::new(), None);
        for (meta, status) in which {
            let (rows, at) = self.list(meta, status).await?;
            found.extend(rows);
            asked_at = asked_at.or(at);
        }
        Ok((found, asked_at))
    }

    async fn get(&self, id: u64) -> Result<Node, Error> {
        let fields = vec![("GHD_Request_ID", id.to_string())];
        let said = self.one(TICKETS, "TicketGet", fields).await?;
        said.node.ok_or_else(|| missing(id))
    }

    async fn history_rows(&self, id: u64, stands: &str) -> Result<Vec<Row>, Error> {
        let (rows, _) = self
            .rows(HISTORY, "OpGetTicketHist", |from, most| {
                vec![("GHD_Request_ID", id.to_string()), from, most]
            })
            .await?;
        Ok(read::rows(&rows, stands))
    }

    async fn files(&self, id: u64) -> Result<Vec<File>, Error> {
        let (rows, _) = self
            .rows(FILES, "GetAttachIDs", |from, most| {
                vec![from, most, ("GAT_Request_ID", id.to_string())]
            })
            .await?;
        Ok(rows.iter().filter_map(read::file).collect())
    }

    /// What happened to a ticket, with the numbers that a cursor keeps.
    async fn history_of(&self, id: u64, node: &Node) -> Result<Vec<(i64, RemoteChange)>, Error> {
        let rows = self.history_rows(id, &read::status(node)).await?;
        let files = self.files(id).await?;
        Ok(self.changes_of(id, node, &rows, &files))
    }

    /// What is in a file.
    async fn bytes(&self, id: &str) -> Result<Vec<u8>, Error> {
        let order = Order {
            service: FILES,
            operation: "GetOneAttachment",
            fields: vec![("GAT_Attachment_ID", id.to_owned())],
            reads: true,
            largest: LARGEST_FILE,
        };
        let node = self.door.call(&order, "see files").await?.node;
        let node = node.ok_or_else(|| Error::Missing {
            system: NAME,
            what: format!("file {id}"),
        })?;
        let size = node
            .text(&["GAT_Attachment_attachmentOrigSize"])
            .parse()
            .ok();
        let data = node.text(&["GAT_Attachment_attachmentData"]);
        unpacked(data.as_bytes(), size).ok_or_else(|| Error::Strange {
            system: NAME,
            why: format!("what it gives for file {id} is no base64"),
        })
    }

    /// Changes a ticket there.
    async fn modify(&self, id: u64, fields: Vec<(&'static str, String)>) -> Result<(), Error> {
        let what = format!("change ticket {id}");
        let order = Order {
            service: TICKETS,
            operation: "TicketModify",
            fields: in_order(id, &self.door.user, fields),
            reads: false,
            largest: LARGEST,
        };
        let said = self.door.call(&order, &what).await?;
        said.node.map(drop).ok_or_else(|| missing(id))
    }

    /// Puts a file to a ticket, unless one of ours is there that is the same and that no
    /// text shows yet. What the text shall say of it, or why it is not there.
    async fn attach(
        &self,
        id: u64,
        file: &NewAttachment,
        told: &str,
    ) -> Result<Result<String, NotTaken>, Error> {
        let shown = |attached: &str| format!("\n\n[File: {} ({attached})]", file.name);
        for there in self.files(id).await? {
            let ours = self.is_us(&there.by) && there.name == file.name;
            let free = ours && !told.contains(&shown(&there.id));
            if free && self.bytes(&there.id).await? == file.bytes {
                return Ok(Ok(shown(&there.id)));
            }
        }
        let order = Order {
            service: FILES,
            operation: "AddAttachment",
            fields: vec![
                ("GAT_Attachment_Name", file.name.clone()),
                ("GAT_Attachment_Data", STANDARD.encode(&file.bytes)),
                ("GAT_Attachment_Orig_Size", file.bytes.len().to_string()),
                ("GAT_Request_ID", id.to_string()),
                ("GAT_Last_Modifier", self.door.user.clone()),
                ("GAT_Last_Login", self.door.user.clone()),
            ],
            reads: false,
            largest: LARGEST,
        };
        let lost = |words: String| NotTaken {
            field: file.name.clone(),
            wanted: format!("{} bytes", file.bytes.len()),
            is: "not kept".to_owned(),
            words,
        };
        Ok(match self.door.call(&order, "put files to tickets").await {
            Ok(said) => match said.node.map(|node| node.text(&["GAT_Attachment_ID"])) {
                Some(attached) => Ok(shown(&attached)),
                None => return Err(missing(id)),
            },
            Err(error @ (Error::NotTaken { .. } | Error::Forbidden { .. })) => {
                Err(lost(error.to_string()))
            }
            Err(error) => return Err(error),
        })
    }

    /// Puts all files of an entry to a ticket: what its text says of them, and those
    /// that were not kept. `told`: the texts that are there.
    async fn attach_all(
        &self,
        id: u64,
        files: &[NewAttachment],
        told: &str,
    ) -> Result<(String, Vec<NotTaken>), Error> {
        let (mut shown, mut lost) = (String::new(), Vec::new());
        for file in files {
            match self.attach(id, file, &format!("{told}{shown}")).await? {
                Ok(says) => shown.push_str(&says),
                Err(not) => lost.push(not),
            }
        }
        Ok((shown, lost))
    }

    /// The tickets with the marker of a ticket of ours, the first first.
    async fn made_with(&self, new: &NewTicket) -> Result<Vec<u64>, Error> {
        let marker = Some(new.entry.marker.as_str());
        let is = |row: &Node| {
            let text = row.text(&["GHD_Description"]);
            row.text(&["GHD_Related_Issue"]) == new.marker
                || read::unmarked(&text).0.as_deref() == marker
        };
        let mut found = self.living(false).await?.0;
        // It may have been verified at once.
        found.extend(self.list("", "verified").await?.0);
        found.retain(|_, row| is(row));
        Ok(found.into_keys().collect())
    }
}

fn missing(id: u64) -> Error {
    Error::Missing {
        system: NAME,
        what: format!("ticket {id}"),
    }
}

/// Number of a ticket.
fn ticket_number(id: &str) -> Result<u64, Error> {
    id.parse()
        .map_err(|_| Error::Wrong(format!("{id:?} is no number of a ticket of GGUS’s")))
}

/// A file as an answer has it. It was packed twice now and then: then it has its size
/// only once it is unpacked twice.
fn unpacked(data: &[u8], size: Option<usize>) -> Option<Vec<u8>> {
    let plain = |data: &[u8]| -> Option<Vec<u8>> {
        let data: Vec<u8> = data
            .iter()
            .copied()
            .filter(|b| !b.is_ascii_whitespace())
            .collect();
        STANDARD.decode(data).ok()
    };
    let once = plain(data)?;
    if size.is_some_and(|size| size != once.len())
        && let Some(twice) = plain(&once)
        && size == Some(twice.len())
    {
        return Some(twice);
    }
    Some(once)
}

/// Fields of a change in the order of the description, with who changes.
fn in_order(id: u64, us: &str, fields: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
    const ORDER: [&str; 10] = [
        "GHD_Assign_To",
        "GHD_Priority",
        "GHD_Responsible_Unit",
        "GHD_Detailed_Solution",
        "GHD_Status",
        "GHD_Request_ID",
        "GHD_Last_Modifier",
        "GHD_Last_Login",
        "GHD_Public_Diary",
        "GHD_Short_Description",
    ];
    let mut all = fields;
    all.push(("GHD_Request_ID", id.to_string()));
    all.push(("GHD_Last_Modifier", us.to_owned()));
    all.push(("GHD_Last_Login", us.to_owned()));
    all.sort_by_key(|(name, _)| ORDER.iter().position(|known| known == name));
    all
}

/// A text that fits, and, where it was cut, all of it as a file.
fn fitting(entry: &NewEntry, more: usize) -> (String, Option<NewAttachment>) {
    let most = LONGEST_TEXT.saturating_sub(more);
    if entry.body.len() <= most {
        return (entry.body.clone(), None);
    }
    let mut end = most.saturating_sub(200);
    while !entry.body.is_char_boundary(end) {
        end -= 1;
    }
    let name = format!("{}.txt", entry.marker);
    let text = format!("{} …\n\n(The whole text is in {name}.)", &entry.body[..end]);
    let whole = NewAttachment {
        name,
        content_type: "text/plain; charset=utf-8".to_owned(),
        bytes: entry.body.clone().into_bytes(),
    };
    (text, Some(whole))
}

fn subject(text: &str) -> String {
    let line: String = text.replace(char::is_control, " ");
    let line: String = line.trim().chars().take(LONGEST_SUBJECT).collect();
    line
}

#[async_trait::async_trait]
impl Tracker for GgusSoap {
    async fn test(&self, _queue: &str) -> Vec<Check> {
        lines(match self.door.check() {
            Ok(()) => self.look().await,
            Err(error) => Err(error),
        })
    }

    async fn create(&self, new: &NewTicket) -> Result<Outcome, Error> {
        let marker = entry_marker(&new.entry.marker)?;
        let mut made = self.made_with(new).await?;
        let found = !made.is_empty();
        let (text, whole) = fitting(&new.entry, 0);
        if !found {
            let mut fields = vec![("GHD_Description", read::marked(&text, marker))];
            if let Some(mail) = new.requesters.first() {
                fields.push(("GHD_Submitter_Mail", mail.clone()));
            }
            let ours = new.marker.split('#').next().unwrap_or_default();
            let number = ours.rsplit('/').next().unwrap_or_default();
            fields.push(("GHD_Origin_ID", number.to_owned()));
            if let Some(priority) = &new.wanted.priority {
                fields.push(("GHD_Priority", priority.clone()));
            }
            fields.push(("GHD_Responsible_Unit", self.unit.clone()));
            fields.push(("GHD_Short_Description", subject(&new.subject)));
            fields.push(("GHD_Last_Modifier", self.door.user.clone()));
            fields.push(("GHD_Last_Login", self.door.user.clone()));
            fields.push(("GHD_Origin_SG", self.origin.clone()));
            fields.push(("GHD_Related_Issue", new.marker.clone()));
            let order = Order {
                service: TICKETS,
                operation: "TicketCreate",
                fields,
                reads: false,
                largest: LARGEST,
            };
            let said = self.door.call(&order, "open tickets").await?;
            let id = said.node.as_ref().and_then(read::id);
            // An earlier call may have gone on over there, unanswered, while this one
            // looked for what it had made.
            made = self.made_with(new).await?;
            made.extend(id.filter(|id| !made.contains(id)));
            made.sort_unstable();
        }
        let Some((&id, doubles)) = made.split_first() else {
            return Err(Error::Strange {
                system: NAME,
                why: "it says that a ticket was made, and not which".to_owned(),
            });
        };
        for double in doubles {
            let node = self.get(*double).await?;
            if read::status(&node) != "unsolved" && !read::is_over(&node) {
                let words = format!("This was made twice. It goes on in {id}.");
                let end = vec![
                    ("GHD_Detailed_Solution", words),
                    ("GHD_Status", "unsolved".to_owned()),
                ];
                self.modify(*double, end).await?;
            }
        }
        let files: Vec<_> = whole
            .into_iter()
            .chain(new.entry.attachments.clone())
            .collect();
        let lost = self.attach_all(id, &files, "").await?.1;
        let wanted = Wanted {
            queue: None,
            subject: None,
            priority: None,
            version: None,
            ..new.wanted.clone()
        };
        let mut outcome = if found || wanted == Wanted::default() {
            Outcome {
                ticket: self.read(&id.to_string()).await?,
                not_taken: Vec::new(),
                found,
            }
        } else {
            self.set(&id.to_string(), &wanted).await?
        };
        outcome.not_taken.extend(lost);
        Ok(outcome)
    }

    async fn read(&self, ticket: &str) -> Result<RemoteTicket, Error> {
        let id = ticket_number(ticket)?;
        let node = self.get(id).await?;
        let rows = self.history_rows(id, &read::status(&node)).await?;
        Ok(self.ticket(id, &node, &rows))
    }

    async fn newest(&self) -> Result<Cursor, Error> {
        let (_, asked_at) = self.list("Open", "").await?;
        // What is younger than the floor is of no interest either.
        let begin = start_at(NAME, asked_at)?;
        Ok(self.changes(&begin).await?.cursor)
    }

    /// The cursor's floor is a time of theirs, in milliseconds.
    async fn changes(&self, since: &Cursor) -> Result<Changes, Error> {
        let all = since.floor == 0;
        let (mut living, asked_at) = self.living(all).await?;
        let mut changes = Vec::new();
        let mut known: BTreeSet<u64> = BTreeSet::new();
        // In another unit by now, or closed: no list shows that.
        for id in since
            .known
            .iter()
            .filter(|id| !living.contains_key(id))
            .copied()
            .collect::<Vec<_>>()
        {
            match self.get(id).await {
                Ok(node) => {
                    living.insert(id, node);
                }
                // Taken out of their database.
                Err(Error::Missing { .. }) => {
                    let at = asked_at.unwrap_or_else(|| chrono::Utc::now().timestamp_millis());
                    let gone = RemoteChange::gone(&id.to_string(), at)?;
                    changes.push((number(at, Sort::Gone, id), gone));
                }
                // It went where our account does not see it.
                Err(Error::Forbidden { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        for (id, node) in &living {
            if !read::is_over(node) {
                known.insert(*id);
            }
            if read::changed(node) >= since.floor {
                changes.extend(self.history_of(*id, node).await?);
            }
        }
        let mut changes = gather(since, asked_at, changes);
        changes.cursor.known = known;
        Ok(changes)
    }

    async fn history(&self, ticket: &str) -> Result<Vec<RemoteChange>, Error> {
        let id = ticket_number(ticket)?;
        let node = self.get(id).await?;
        let all = self.history_of(id, &node).await?;
        Ok(all.into_iter().map(|(_, change)| change).collect())
    }

    async fn entry(&self, source: &str) -> Result<RemoteEntry, Error> {
        let wrong = || Error::Wrong(format!("{source:?} is no text of GGUS’s"));
        let parts: Vec<&str> = source.split('/').collect();
        match parts[..] {
            ["ticket", id] => {
                let id = ticket_number(id)?;
                Ok(self.opening(source, id, &self.get(id).await?))
            }
            [what @ ("diary" | "solution"), id, number] => {
                let id = ticket_number(id)?;
                let number = number.parse().map_err(|_| wrong())?;
                let rows = self.history_rows(id, "").await?;
                let found = rows
                    .iter()
                    .find_map(|row| Some((row, row.text(what, number)?)));
                let (row, text) = found.ok_or_else(|| Error::Missing {
                    system: NAME,
                    what: format!("text {number} in ticket {id}"),
                })?;
                Ok(self.row_entry(source, id, row, text))
            }
            ["file", id, file] => {
                let id = ticket_number(id)?;
                let files = self.files(id).await?;
                let found = files.iter().find(|one| one.id == file);
                let found = found.ok_or_else(|| Error::Missing {
                    system: NAME,
                    what: format!("file {file}"),
                })?;
                // A list tells no size.
                let size = self.bytes(file).await?.len() as u64;
                Ok(self.file_entry(source, id, found, size))
            }
            _ => Err(wrong()),
        }
    }

    async fn attachment(&self, id: &str) -> Result<Vec<u8>, Error> {
        self.bytes(id).await
    }

    async fn send(&self, ticket: &str, entry: &NewEntry) -> Result<Sent, Error> {
        let marker = entry_marker(&entry.marker)?;
        let id = ticket_number(ticket)?;
        let sent = |rows: &[Row], found: bool, not_taken| {
            let row = rows.iter().find(|row| {
                self.is_us(&row.by) && read::unmarked(&row.diary).0.as_deref() == Some(marker)
            });
            row.map(|row| Sent {
                id: row.text_number(0).to_string(),
                ticket: id.to_string(),
                not_taken,
                found,
            })
        };
        let rows = self.history_rows(id, "").await?;
        if let Some(known) = sent(&rows, true, Vec::new()) {
            return Ok(known);
        }
        let told: String = rows.iter().map(|row| row.diary.as_str()).collect();
        let names: usize = entry
            .attachments
            .iter()
            .map(|file| file.name.len() + 40)
            .sum();
        let (text, whole) = fitting(entry, names);
        let files: Vec<_> = whole.into_iter().chain(entry.attachments.clone()).collect();
        let (shown, lost) = self.attach_all(id, &files, &told).await?;
        let text = read::marked(&format!("{}{shown}", text.trim_end()), marker);
        self.modify(id, vec![("GHD_Public_Diary", text)]).await?;
        let rows = self.history_rows(id, "").await?;
        Ok(sent(&rows, false, lost.clone()).unwrap_or(Sent {
            id: String::new(),
            ticket: id.to_string(),
            not_taken: lost,
            found: false,
        }))
    }

    /// What our account may write nobody can ask.
    fn tells_rights(&self) -> bool {
        false
    }

    async fn lost(&self, _deed: Deed) -> Result<Option<Error>, Error> {
        match self.list("Open", "").await {
            Ok(_) => Ok(None),
            Err(error @ Error::Forbidden { .. }) => Ok(Some(error)),
            Err(error) => Err(error),
        }
    }

    async fn sees_the_rest(&self) -> Result<bool, Error> {
        self.list("Open", "").await.map(|_| true)
    }

    async fn set(&self, ticket: &str, wanted: &Wanted) -> Result<Outcome, Error> {
        let id = ticket_number(ticket)?;
        let is = self.read(ticket).await?;
        unchanged(wanted, &is.version, id)?;
        let mut wanted = wanted.clone();
        // It assigns what is new by itself, and nothing becomes new again.
        if wanted.status.as_deref() == Some("new") {
            wanted.status = None;
        }
        let mut fields = Vec::new();
        let differs = |to: &String, is: &str| !to.eq_ignore_ascii_case(is);
        if let Some(status) = wanted.status.as_ref().filter(|to| differs(to, &is.status)) {
            if matches!(status.as_str(), "solved" | "unsolved") {
                let rows = self.history_rows(id, &is.status).await?;
                let ours = rows
                    .iter()
                    .rev()
                    .find(|row| self.is_us(&row.by) && read::unmarked(&row.diary).0.is_some());
                let said = ours.map_or(REMARK, |row| row.diary.as_str());
                fields.push(("GHD_Detailed_Solution", said.to_owned()));
            }
            fields.push(("GHD_Status", status.clone()));
        }
        if let Some(priority) = wanted
            .priority
            .as_ref()
            .filter(|to| differs(to, &is.priority))
        {
            fields.push(("GHD_Priority", priority.clone()));
        }
        if let Some(queue) = wanted.queue.as_ref().filter(|to| differs(to, &is.queue)) {
            let unit = if queue.eq_ignore_ascii_case(&self.queue) {
                &self.unit
            } else {
                queue
            };
            fields.push(("GHD_Responsible_Unit", unit.clone()));
        }
        if let Some(text) = &wanted.subject {
            fields.push(("GHD_Short_Description", subject(text)));
        }
        if let Some(owner) = &wanted.owner {
            fields.push(("GHD_Assign_To", owner.clone()));
        }
        if !fields.is_empty() {
            self.modify(id, fields).await?;
        }
        let ticket = self.read(ticket).await?;
        Ok(Outcome {
            not_taken: differences(&wanted, &ticket, ""),
            ticket,
            found: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_packed_twice_is_unpacked_twice() {
        let once = STANDARD.encode(b"abcd");
        let twice = STANDARD.encode(&once);
        assert_eq!(unpacked(once.as_bytes(), Some(4)), Some(b"abcd".to_vec()));
        assert_eq!(unpacked(twice.as_bytes(), Some(4)), Some(b"abcd".to_vec()));
        // What looks packed and is as large as it says is no mistake.
        assert_eq!(
            unpacked(twice.as_bytes(), Some(8)),
            Some(once.clone().into_bytes())
        );
        assert_eq!(unpacked(b"YWJj\n ZA==", None), Some(b"abcd".to_vec()));
        assert_eq!(unpacked(b"?", None), None);
    }

    #[test]
    fn what_is_too_long_goes_along_as_a_file() {
        let mut entry = NewEntry {
            marker: "sb1-2".into(),
            body: "ü".repeat(1_900),
            attachments: Vec::new(),
        };
        assert_eq!(fitting(&entry, 0), (entry.body.clone(), None));
        entry.body.push('x');
        let (text, whole) = fitting(&entry, 0);
        assert!(text.len() <= LONGEST_TEXT && text.ends_with("(The whole text is in sb1-2.txt.)"));
        assert_eq!(whole.unwrap().bytes, entry.body.as_bytes());
    }

    #[test]
    fn only_a_name_and_a_password_let_us_in() {
        let guard = Guard::new(crate::guard::Reach::default());
        let at = "https://ars.example/arsys/services/ARService?server=ars";
        let with = |login| GgusSoap::new(&guard, at, "NGI_DE as EUDAT ", login);
        let error = with(Login::Token("s3cret".into())).unwrap_err();
        assert!(error.contains("name:password"), "{error}");
        let login = Login::Password {
            user: "bridge".into(),
            password: "s3cret".into(),
        };
        let client = with(login).unwrap();
        assert_eq!(
            (client.unit.as_str(), client.origin.as_str()),
            ("NGI_DE", "EUDAT")
        );
        assert_eq!(client.queue_of("ngi_de"), "NGI_DE as EUDAT");
        assert!(!format!("{client:?}").contains("s3cret"));
    }
}
