//! The other system: what is asked of it, and what it says as plain values.

use std::collections::BTreeMap;
use std::time::Duration;

use connect::tracker::{
    self, Again, ChangeKind, NewAttachment, NewEntry, NewTicket, RemoteEntry, RemotePerson,
    Tracker, Wanted,
};
use store::exchange::Link;
use switchboard_core::Millis;
use switchboard_core::exchange::{
    Answer, Author, Call, Change, Deed, Entry, Field, Name, RemoteChange, RemoteDeed, RemoteFile,
    Role, SharedId, TieInput, What,
};
use uuid::Uuid;

use super::fields::queue;
use super::links::{Seen, Todo, ties};
use super::owner::{assignee, said};
use super::{Terms, given, private};
use crate::{Desk, Error};

/// Where people have to repair something it is looked again after so long.
const REPAIR: Duration = Duration::from_secs(60);

/// What became of a call.
pub(super) struct Called {
    /// For the tie.
    pub(super) input: TieInput,
    /// What went, in words; `None`: nothing did.
    pub(super) went: Option<String>,
    /// The number of it there.
    pub(super) there: Option<String>,
    /// Why it did not go.
    pub(super) error: Option<String>,
    /// The system as a whole can not be talked to.
    pub(super) down: Option<Trouble>,
    /// What was not taken, although the rest was.
    pub(super) not_taken: Vec<String>,
    /// The ticket is there no more.
    pub(super) gone: bool,
}

/// Why a system can not be talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// In words.
    pub(super) why: String,
    /// When it wants to be asked again.
    pub(super) after: Option<Duration>,
}

/// What is to be said to a system, ready.
pub(super) enum Ready {
    /// Make the ticket.
    Create(Box<NewTicket>),
    /// Send an entry to this ticket; what it is, in words.
    Send(String, NewEntry, String),
    /// Set values of this ticket.
    Set(String, Wanted, String),
    /// Make and undo links of this ticket.
    Link(String, Vec<Todo>),
    /// There is nothing left to be said.
    Nothing,
}

/// Whether a failure is the system's as a whole and not this call's.
pub(super) fn down(error: &tracker::Error) -> Option<Trouble> {
    let why = error.to_string();
    match error {
        tracker::Error::Unreachable(_)
        | tracker::Error::Secret { .. }
        | tracker::Error::Strange { .. } => Some(Trouble { why, after: None }),
        tracker::Error::Busy { after, .. } => Some(Trouble { why, after: *after }),
        _ => None,
    }
}

impl Trouble {
    /// What only people can repair, and nobody need ask for every few seconds.
    fn repaired_by_people(error: &tracker::Error) -> Trouble {
        Trouble {
            why: error.to_string(),
            after: Some(REPAIR),
        }
    }

    /// A failure to read: whatever it was, there is nothing to go on with.
    pub(super) fn of(error: &tracker::Error) -> Trouble {
        down(error).unwrap_or(Trouble {
            why: error.to_string(),
            after: None,
        })
    }
}

/// What a call is about, in words without what was written.
pub(super) fn title(what: &What) -> String {
    match what {
        What::Create { .. } => "The ticket".to_owned(),
        What::Write { .. } => "An entry".to_owned(),
        What::Attach { .. } => "A file".to_owned(),
        What::Set { field, .. } if *field == ties() => "Ties with other tickets".to_owned(),
        What::Set { field, raw, .. } => said(field, raw),
    }
}

impl Desk {
    /// What a call says, from what stands here now and as far as it may pass.
    pub(super) async fn ready_call(
        &self,
        terms: &Terms,
        link: &Link,
        call: &Call,
    ) -> Result<Ready, Error> {
        let there = link.tie.there.clone();
        let entry = match &call.what {
            What::Set { field, raw, .. } => {
                let Some(there) = there else {
                    return Ok(Ready::Nothing);
                };
                if *field == ties() {
                    let (terms, number) = (terms.clone(), link.ticket);
                    let todo = self.0.db.read(move |c| {
                        let ticket = store::ticket::load(c, number)?;
                        ticket.map_or(Ok(Vec::new()), |ticket| terms.todo(c, &ticket))
                    });
                    let todo = todo.await?;
                    return Ok(match todo.is_empty() {
                        true => Ready::Nothing,
                        false => Ready::Link(there, todo),
                    });
                }
                let mut wanted = Wanted::default();
                match field {
                    Field::Status => wanted.status = Some(raw.clone()),
                    Field::Priority => wanted.priority = Some(raw.clone()),
                    field if *field == queue() => wanted.queue = Some(raw.clone()),
                    field if *field == assignee() => wanted.owner = Some(raw.clone()),
                    other => {
                        let Some(mapped) = terms.fields.get(other) else {
                            return Ok(Ready::Nothing);
                        };
                        mapped.want(raw, &mut wanted);
                    }
                }
                return Ok(Ready::Set(there, wanted, title(&call.what)));
            }
            What::Attach { attachment, .. } => {
                let (Some(there), false) = (there, attachment.erased) else {
                    return Ok(Ready::Nothing);
                };
                let (blobs, sha256) = (self.0.blobs.clone(), attachment.sha256.clone());
                let bytes = tokio::task::spawn_blocking(move || blobs.get(&sha256))
                    .await
                    .map_err(|e| Error::Internal(format!("file store: {e}")))??;
                // It was erased meanwhile.
                let Some(bytes) = bytes else {
                    return Ok(Ready::Nothing);
                };
                let entry = NewEntry {
                    marker: call.marker.clone(),
                    body: format!("File: {}", attachment.file),
                    attachments: vec![NewAttachment {
                        name: attachment.file.clone(),
                        content_type: attachment.media_type.clone(),
                        bytes,
                    }],
                };
                return Ok(Ready::Send(there, entry, title(&call.what)));
            }
            What::Create {
                name, author, body, ..
            }
            | What::Write { name, author, body } => Entry {
                author: author.clone(),
                body: body.clone(),
                erased: false,
            }
            .named(name),
        };
        let (name, fallback) = entry;
        let (terms_, link_id, number) = (terms.clone(), link.id, link.ticket);
        let (entry, subject) = self
            .0
            .db
            .read(move |c| {
                let ticket = store::ticket::load(c, number)?
                    .ok_or_else(|| Error::not_found(format!("ticket {number}")))?;
                let stored = match given::entry_of(c, link_id, &name)? {
                    Some(id) => store::entry::load(c, id)?,
                    None => None,
                };
                let said = match &stored {
                    Some(entry) => given::of_entry(c, entry)?,
                    None => None,
                };
                let private = private(c, &ticket)?;
                let entry = filtered(&terms_, said.unwrap_or(fallback), &name, &private);
                let subject = Entry {
                    body: ticket.subject.clone(),
                    ..entry.clone()
                };
                let subject = filtered(&terms_, subject, &name, &private).body;
                Ok::<_, Error>((entry, subject))
            })
            .await?;
        let who = entry.author.shown(&self.config().name);
        let url = format!("{}/tickets/{number}", self.config().public_url);
        if let What::Create { .. } = call.what {
            return Ok(Ready::Create(Box::new(NewTicket {
                marker: format!("{url}#{}", call.marker),
                queue: terms.agreement.queue.clone().unwrap_or_default(),
                subject,
                entry: NewEntry {
                    marker: call.marker.clone(),
                    body: format!(
                        "{who} wrote:\n\n{}\n\n-- \nTicket {number}: {url}\n",
                        entry.body
                    ),
                    attachments: Vec::new(),
                },
                // The requester hears of it from us.
                requesters: Vec::new(),
                wanted: Wanted::default(),
            })));
        }
        let Some(there) = there else {
            return Ok(Ready::Nothing);
        };
        let body = if entry.author.role == Role::System {
            entry.body
        } else {
            format!("{who} wrote:\n\n{}\n", entry.body)
        };
        let new = NewEntry {
            marker: call.marker.clone(),
            body,
            attachments: Vec::new(),
        };
        Ok(Ready::Send(there, new, title(&call.what)))
    }

    /// Makes a call. It was recorded as sent before.
    pub(super) async fn make_call(
        &self,
        terms: &Terms,
        tracker: &dyn Tracker,
        call: &Call,
        ready: Ready,
    ) -> Called {
        let (done, words) = match &ready {
            Ready::Nothing => {
                return Called {
                    input: answered(call, Answer::Done),
                    went: None,
                    there: None,
                    error: None,
                    down: None,
                    not_taken: Vec::new(),
                    gone: false,
                };
            }
            Ready::Create(new) => (
                tracker.create(new).await.map(|made| {
                    let lost = made.not_taken.iter().map(lost).collect();
                    (Answer::Made(made.ticket.id.clone()), made.ticket.id, lost)
                }),
                title(&call.what),
            ),
            Ready::Send(ticket, entry, words) => (
                tracker.send(ticket, entry).await.map(|sent| {
                    let lost = sent.not_taken.iter().map(lost).collect();
                    (Answer::Done, sent.id, lost)
                }),
                words.clone(),
            ),
            Ready::Link(ticket, todo) => {
                let done = self.link_there(terms, tracker, ticket, todo).await;
                let words = match todo.len() {
                    1 => "A tie with another ticket".to_owned(),
                    n => format!("{n} ties with other tickets"),
                };
                let done = done.map(|()| (Answer::Done, ticket.clone(), Vec::new()));
                (done, words)
            }
            Ready::Set(ticket, wanted, words) => (
                tracker.set(ticket, wanted).await.map(|set| {
                    let lost: Vec<String> = set.not_taken.iter().map(lost).collect();
                    let answer = match lost.first() {
                        Some(why) => Answer::Refused(why.clone()),
                        None => Answer::Done,
                    };
                    (answer, set.ticket.id, lost)
                }),
                words.clone(),
            ),
        };
        match done {
            Ok((answer, there, not_taken)) => {
                let refused = matches!(answer, Answer::Refused(_));
                // Some drop in silence what our account may not set.
                if refused && let Ok(Some(lost)) = tracker.lost().await {
                    return kept_out(call, &lost);
                }
                Called {
                    input: answered(call, answer),
                    went: (!refused).then_some(words),
                    there: Some(there),
                    error: refused.then(|| not_taken.join("; ")),
                    down: None,
                    not_taken: if refused { Vec::new() } else { not_taken },
                    gone: false,
                }
            }
            Err(error) => {
                let missing = matches!(
                    error,
                    tracker::Error::Missing { .. } | tracker::Error::Deleted(_)
                );
                let gone = match &ready {
                    Ready::Send(ticket, ..) | Ready::Set(ticket, ..) | Ready::Link(ticket, ..)
                        if missing =>
                    {
                        matches!(tracker.is_gone(ticket).await, Ok(true))
                    }
                    _ => false,
                };
                // What looks like this ticket's fault may be a right that is missing for all.
                let never = error.again() == Again::Never || forbidden(&error);
                if !gone && never {
                    match tracker.lost().await {
                        Ok(None) => {}
                        Ok(Some(lost)) => return kept_out(call, &lost),
                        Err(error) => return failed(call, &error),
                    }
                }
                Called {
                    gone,
                    ..failed(call, &error)
                }
            }
        }
    }
}

/// A text of ours with the name of its change.
trait Named {
    fn named(self, name: &Name) -> (Name, Entry);
}

impl Named for Entry {
    fn named(self, name: &Name) -> (Name, Entry) {
        (name.clone(), self)
    }
}

fn answered(call: &Call, answer: Answer) -> TieInput {
    TieInput::Answered {
        call: call.number,
        answer,
    }
}

fn lost(one: &tracker::NotTaken) -> String {
    let words = if one.words.is_empty() {
        String::new()
    } else {
        format!(": {}", one.words)
    };
    format!(
        "{} should be “{}” and is “{}”{words}",
        one.field, one.wanted, one.is
    )
}

/// What a failed call means: never done and never to be, not done yet, or nobody
/// knows.
fn failed(call: &Call, error: &tracker::Error) -> Called {
    let down = down(error);
    let input = match error {
        tracker::Error::Unreachable(_) | tracker::Error::Failed { .. } => {
            TieInput::Lost(call.number)
        }
        _ if down.is_some() || matches!(error.again(), Again::Later(_)) => {
            answered(call, Answer::Later)
        }
        tracker::Error::Changed(_) => answered(call, Answer::Later),
        other => answered(call, Answer::Refused(other.to_string())),
    };
    Called {
        input,
        went: None,
        there: None,
        error: Some(error.to_string()),
        down,
        not_taken: Vec::new(),
        gone: false,
    }
}

/// A call that was refused because our account has lost a right: it waits until that is back.
fn kept_out(call: &Call, lost: &tracker::Error) -> Called {
    Called {
        input: answered(call, Answer::Later),
        down: Some(Trouble::repaired_by_people(lost)),
        ..failed(call, lost)
    }
}

/// A text that no person wrote, as it may leave.
pub(super) fn text_filtered(terms: &Terms, text: String, private: &[String]) -> String {
    let author = Author {
        role: Role::System,
        name: None,
        address: None,
    };
    let entry = Entry {
        author,
        body: text,
        erased: false,
    };
    let name = Name {
        desk: terms.me.clone(),
        seq: 0,
    };
    filtered(terms, entry, &name, private).body
}

/// An entry as it may leave.
fn filtered(terms: &Terms, entry: Entry, name: &Name, private: &[String]) -> Entry {
    let mut change = Change {
        ticket: switchboard_core::exchange::SharedId {
            desk: terms.me.clone(),
            number: switchboard_core::TicketNumber(0),
        },
        name: name.clone(),
        tick: 0,
        at: 0,
        path: Vec::new(),
        deed: Deed::EntryAdded { entry },
    };
    terms.passes.filter(&mut change, private);
    match change.deed {
        Deed::EntryAdded { entry } => entry,
        // It is what was put in.
        _ => Entry {
            author: Author {
                role: Role::System,
                name: None,
                address: None,
            },
            body: String::new(),
            erased: true,
        },
    }
}

/// What was read of a ticket there, for its tie.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    /// The changes.
    pub(super) changes: Vec<RemoteChange>,
    /// Who works on it there now, if that changed.
    pub(super) owner: Option<Option<String>>,
    /// Where it lies there now, if that changed.
    pub(super) queue: Option<String>,
    /// Its links there now, if those changed.
    pub(super) links: Option<Seen>,
    /// What can not be read: the number of the change there, and why.
    pub(super) unread: Vec<(u64, String)>,
}

/// What was written there.
pub(super) struct Text {
    /// Plain.
    pub(super) body: String,
    /// They are in the store of files.
    pub(super) files: Vec<RemoteFile>,
}

/// Where a ticket's changes are read for.
pub(super) struct Ear<'a> {
    pub(super) terms: &'a Terms,
    pub(super) link: &'a Link,
    /// The addresses of those who asked.
    pub(super) requesters: Vec<String>,
    /// Give up what could not be read so often.
    pub(super) give_up: bool,
}

impl Desk {
    /// Reads what came with changes of a ticket: texts, files, values.
    pub(super) async fn hear(
        &self,
        tracker: &dyn Tracker,
        ear: &Ear<'_>,
        changes: &[tracker::RemoteChange],
    ) -> Result<Heard, Trouble> {
        let mut heard = Heard::default();
        for change in changes {
            let Ok(id) = change.id.parse::<u64>() else {
                continue;
            };
            if ear.link.tie.read.contains(&id) {
                continue;
            }
            match self.hear_one(tracker, ear, change, id, &mut heard).await {
                Ok(()) => {}
                // It is not for us, or will not get better; unless nothing is for us any more.
                Err(error) if error.again() == Again::Never || forbidden(&error) => {
                    match tracker.lost().await {
                        Ok(None) => heard.unread.push((id, error.to_string())),
                        Ok(Some(lost)) => return Err(Trouble::repaired_by_people(&lost)),
                        Err(error) => return Err(Trouble::of(&error)),
                    }
                }
                Err(error) if ear.give_up && down(&error).is_none() => {
                    heard.unread.push((id, error.to_string()));
                }
                Err(error) => return Err(Trouble::of(&error)),
            }
        }
        Ok(heard)
    }

    async fn hear_one(
        &self,
        tracker: &dyn Tracker,
        ear: &Ear<'_>,
        change: &tracker::RemoteChange,
        id: u64,
        heard: &mut Heard,
    ) -> Result<(), tracker::Error> {
        let mut marker = None;
        let what = match &change.kind {
            ChangeKind::Answered | ChangeKind::Opened => {
                let entry = tracker.entry(&change.source).await?;
                marker = entry.marker.clone();
                let echo = change.ours
                    && marker
                        .as_deref()
                        .is_some_and(|m| m.starts_with(&ear.terms.manner.prefix));
                let entry = RemoteEntry {
                    // What came from us is here.
                    attachments: if echo { Vec::new() } else { entry.attachments },
                    ..entry
                };
                let Text { body, files } = self.text_of(ear.terms, tracker, entry).await?;
                if matches!(change.kind, ChangeKind::Opened) {
                    RemoteDeed::Opened {
                        body,
                        subject: String::new(),
                        files,
                        values: BTreeMap::new(),
                        shared: None,
                    }
                } else {
                    RemoteDeed::Wrote { body, files }
                }
            }
            ChangeKind::Status { to, .. } if to == "deleted" => RemoteDeed::Deleted,
            ChangeKind::Status { to, .. } => RemoteDeed::Set {
                field: Field::Status,
                raw: to.clone(),
            },
            ChangeKind::Priority => RemoteDeed::Set {
                field: Field::Priority,
                raw: tracker.read(&change.ticket).await?.priority,
            },
            ChangeKind::Owner => {
                let owner = tracker.read(&change.ticket).await?.owner;
                let login = ear.terms.login(owner.as_deref());
                heard.owner = Some(owner);
                let Some(raw) = login else { return Ok(()) };
                RemoteDeed::Set {
                    field: assignee(),
                    raw,
                }
            }
            ChangeKind::Merged { into } => RemoteDeed::Merged {
                into: into.clone(),
                shared: None,
            },
            ChangeKind::Queue => {
                let lies = tracker.read(&change.ticket).await?.queue;
                let known = ear.terms.known_queue(&lies).cloned();
                heard.queue = Some(lies);
                let Some(raw) = known else {
                    return Ok(());
                };
                RemoteDeed::Set {
                    field: queue(),
                    raw,
                }
            }
            ChangeKind::Field(_) if ear.terms.fields.is_empty() => return Ok(()),
            ChangeKind::Field(which) => {
                let there = tracker.read(&change.ticket).await?;
                let name = there.numbered.get(which).unwrap_or(which);
                let Some((field, mapped)) = ear.terms.mapped(name) else {
                    return Ok(());
                };
                let known = ear.link.tie.fields.get(field);
                let known = known.and_then(|there| there.raw.as_deref());
                let Some(raw) = mapped.raw(there.fields.get(name), known) else {
                    return Ok(());
                };
                RemoteDeed::Set {
                    field: field.clone(),
                    raw,
                }
            }
            // Ours are known, where none of ours can be a tie.
            ChangeKind::Link if change.ours && ear.terms.agreement.doc.links.is_empty() => {
                return Ok(());
            }
            ChangeKind::Link => {
                let asked = self.now();
                let links = tracker.read(&change.ticket).await?.links;
                heard.links = Some(Seen { links, asked });
                return Ok(());
            }
            ChangeKind::Other(_) => return Ok(()),
        };
        heard.changes.push(RemoteChange {
            id,
            ticket: change.ticket.clone(),
            at: change.at,
            ours: change.ours,
            marker,
            author: author(&change.author, &ear.requesters),
            what,
        });
        Ok(())
    }

    /// What was written there, plain, with its files as far as they may come.
    pub(super) async fn text_of(
        &self,
        terms: &Terms,
        tracker: &dyn Tracker,
        entry: RemoteEntry,
    ) -> Result<Text, tracker::Error> {
        let mut body = if entry.html {
            mail::to_text(&entry.body)
        } else {
            entry.body
        };
        let mut files = Vec::new();
        for file in entry.attachments {
            let most = self.config().max_attachment;
            if !terms.agreement.doc.attachments || file.size > most as u64 {
                body.push_str(&format!(
                    "\n\n[The file {:?} ({} bytes) is in {} only.]",
                    file.name, file.size, terms.manner.label
                ));
                continue;
            }
            let bytes = tracker.attachment(&file.id).await?;
            files.push(self.keep_file(file.name, file.content_type, bytes).await?);
        }
        Ok(Text { body, files })
    }

    async fn keep_file(
        &self,
        file: String,
        media_type: String,
        bytes: Vec<u8>,
    ) -> Result<RemoteFile, tracker::Error> {
        let blobs = self.0.blobs.clone();
        let length = bytes.len() as u64;
        let kept = tokio::task::spawn_blocking(move || blobs.put(&bytes)).await;
        let wrong = |e: String| tracker::Error::Failed {
            system: "The file store",
            status: 0,
            words: e,
        };
        let sha256 = kept
            .map_err(|e| wrong(e.to_string()))?
            .map_err(|e| wrong(e.to_string()))?;
        Ok(RemoteFile {
            file,
            media_type,
            bytes: length,
            sha256,
        })
    }
}

fn forbidden(error: &tracker::Error) -> bool {
    matches!(error, tracker::Error::Forbidden { .. })
}

pub(super) fn author(person: &RemotePerson, requesters: &[String]) -> Author {
    let theirs =
        |a: &String| a.eq_ignore_ascii_case(&person.email) || a.eq_ignore_ascii_case(&person.login);
    let name = [&person.name, &person.login]
        .into_iter()
        .find(|name| !name.trim().is_empty())
        // A login that is an address shows its first half.
        .map(|name| name.split('@').next().unwrap_or(name).to_owned());
    Author {
        role: if requesters.iter().any(theirs) {
            Role::Requester
        } else {
            Role::Staff
        },
        name,
        address: None,
    }
}

/// When to try again after so many failures in a row: `first`, doubling, a quarter
/// of an hour at most; up to a fifth more or less, so that not all come at once.
pub(super) fn backoff(first: Millis, tries: i64, after: Option<Duration>, dice: Uuid) -> Millis {
    let doublings = tries.clamp(0, 9);
    let wait: Millis = (first << doublings).min(900_000);
    let byte = Millis::from(dice.as_bytes()[15]);
    let wait = wait * 4 / 5 + wait * 2 / 5 * byte / 255;
    let asked = after.map_or(0, |a| Millis::try_from(a.as_millis()).unwrap_or(0));
    wait.max(asked.min(3_600_000))
}

/// The shared ticket for which a call with this marker made a ticket there.
pub(super) fn made_for(
    c: &mut store::Conn<'_>,
    terms: &Terms,
    marker: &str,
) -> Result<Option<SharedId>, Error> {
    let Some(number) = terms.manner.number_of(marker) else {
        return Ok(None);
    };
    let links = store::exchange::of_ticket(c, number)?;
    Ok(links.into_iter().find_map(|link| {
        let shared = link.shared.ticket();
        let made = link.agreement == terms.agreement.id && terms.manner.marks(shared, marker);
        made.then(|| shared.clone())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_repeated_more_and_more_seldom_and_not_all_at_once() {
        let low = Uuid::from_bytes([0; 16]);
        let high = Uuid::from_bytes([255; 16]);
        assert_eq!(backoff(30_000, 0, None, low), 24_000);
        assert_eq!(backoff(30_000, 0, None, high), 36_000);
        assert!(backoff(2_000, 3, None, low) > backoff(2_000, 2, None, high));
        assert_eq!(backoff(2_000, 99, None, high), 1_080_000);
        let asked = Some(Duration::from_secs(120));
        assert_eq!(backoff(2_000, 0, asked, low), 120_000);
    }
}
