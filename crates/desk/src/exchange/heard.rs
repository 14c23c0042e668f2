//! What another system says of a ticket, as plain values: some of it read beside each
//! other, all of it in its order.

use std::collections::BTreeMap;

use connect::tracker::{
    self, Again, ChangeKind, Deed, RemoteEntry, RemotePerson, RemoteTicket, Tracker,
};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use store::exchange::Link;
use switchboard_core::Millis;
use switchboard_core::exchange::{Author, Field, RemoteChange, RemoteDeed, RemoteFile, Role};
use tokio::sync::{Mutex, Semaphore};

use super::fields::queue;
use super::links::Seen;
use super::owner::assignee;
use super::round::AT_ONCE;
use super::there::{Trouble, down, forbidden, will_not_do};
use super::{Terms, owner};
use crate::Desk;

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
#[derive(Default)]
pub(super) struct Text {
    /// Plain.
    pub(super) body: String,
    /// They are in the store of files.
    pub(super) files: Vec<RemoteFile>,
}

/// A ticket there, read once for all that is to be known of it.
#[derive(Debug, Default)]
pub(super) struct Once(Mutex<BTreeMap<String, (Millis, RemoteTicket)>>);

impl Once {
    /// The ticket with this number, and when it was asked for, by our clock.
    async fn read(
        &self,
        tracker: &dyn Tracker,
        number: &str,
        now: Millis,
    ) -> Result<(Millis, RemoteTicket), tracker::Error> {
        let mut known = self.0.lock().await;
        if let Some(there) = known.get(number) {
            return Ok(there.clone());
        }
        let there = (now, tracker.read(number).await?);
        known.insert(number.to_owned(), there.clone());
        Ok(there)
    }
}

/// Where a ticket's changes are read for.
pub(super) struct Ear<'a> {
    pub(super) terms: &'a Terms,
    pub(super) link: &'a Link,
    /// The addresses of those who asked.
    pub(super) requesters: Vec<String>,
    /// Give up what could not be read so often.
    pub(super) give_up: bool,
    /// As many as may be read beside each other, of this ticket and others.
    pub(super) places: &'a Semaphore,
    /// Not older than the changes.
    pub(super) there: Once,
}

/// One change, read.
type Told<'a> = BoxFuture<'a, (u64, Result<Heard, tracker::Error>)>;

impl Heard {
    fn and(&mut self, more: Heard) {
        self.changes.extend(more.changes);
        self.unread.extend(more.unread);
        self.owner = more.owner.or(self.owner.take());
        self.queue = more.queue.or(self.queue.take());
        self.links = more.links.or(self.links.take());
    }
}

impl Ear<'_> {
    /// Whether a change was read before.
    fn knows(&self, change: &tracker::RemoteChange) -> bool {
        let id = change.id.parse::<u64>();
        id.is_ok_and(|id| self.link.tie.read.contains(&id))
    }

    fn is_ours(&self, marker: &str) -> bool {
        marker.starts_with(&self.terms.manner.prefix)
    }
}

impl Desk {
    /// Reads what came with changes of a ticket: texts, files, values. Some of it beside
    /// each other, and what it gives is in the order of the changes.
    pub(super) async fn hear(
        &self,
        tracker: &dyn Tracker,
        ear: &mut Ear<'_>,
        changes: &[tracker::RemoteChange],
    ) -> Result<Heard, Trouble> {
        let answered = |c: &&tracker::RemoteChange| {
            matches!(c.kind, ChangeKind::Answered) && !c.ours && !ear.knows(c)
        };
        let answer = changes.iter().find(answered);
        if let Some(answer) = answer.filter(|_| ear.link.opened_there) {
            // Of somebody whose address may not pass nobody here knows that it
            // is they who asked.
            match ear.there.read(tracker, &answer.ticket, self.now()).await {
                Ok((_, there)) => ear.requesters.extend(there.requesters),
                Err(e) if e.again() == Again::Never => {}
                Err(e) => return Err(Trouble::of(&e)),
            }
        }
        let ear = &*ear;
        let mut telling: Vec<Told<'_>> = Vec::new();
        for change in changes.iter().filter(|c| !ear.knows(c)) {
            let Ok(id) = change.id.parse::<u64>() else {
                continue;
            };
            let told = async move {
                // Nobody closes it.
                let _place = ear.places.acquire().await;
                (id, self.hear_one(tracker, ear, change, id).await)
            };
            telling.push(told.boxed());
        }
        let mut telling = stream::iter(telling).buffered(AT_ONCE);
        let mut heard = Heard::default();
        while let Some((id, told)) = telling.next().await {
            match told {
                Ok(told) => heard.and(told),
                // It is not for us, or will not get better; unless nothing is for us any more.
                Err(error) if will_not_do(&error) => match tracker.lost(Deed::Read).await {
                    Ok(None) if forbidden(&error) && !tracker.tells_rights() && !ear.give_up => {
                        return Err(Trouble::repaired_by_people(&error));
                    }
                    Ok(None) => heard.unread.push((id, error.to_string())),
                    Ok(Some(lost)) => return Err(Trouble::repaired_by_people(&lost)),
                    Err(error) => return Err(Trouble::of(&error)),
                },
                Err(error) if ear.give_up && down(&error).is_none() => {
                    heard.unread.push((id, error.to_string()));
                }
                Err(error) => return Err(Trouble::of(&error)),
            }
        }
        // Where a link that came is not told as a change, it may show with any other.
        let late = !tracker.tells_of_links() && !ear.terms.agreement.doc.links.is_empty();
        if let (true, None, Some(number)) = (late, &heard.links, &ear.link.tie.there)
            && !heard.changes.is_empty()
        {
            match self.see_links(tracker, ear, number).await {
                Ok(seen) => heard.links = Some(seen),
                // What keeps it from being read shows with the changes themselves.
                Err(error) if error.again() == Again::Never => {}
                Err(error) => return Err(Trouble::of(&error)),
            }
        }
        Ok(heard)
    }

    /// A ticket's links as they are there now.
    async fn see_links(
        &self,
        tracker: &dyn Tracker,
        ear: &Ear<'_>,
        number: &str,
    ) -> Result<Seen, tracker::Error> {
        let (asked, there) = ear.there.read(tracker, number, self.now()).await?;
        let links = tracker.links(&there).await?;
        Ok(Seen { links, asked })
    }

    async fn hear_one(
        &self,
        tracker: &dyn Tracker,
        ear: &Ear<'_>,
        change: &tracker::RemoteChange,
        id: u64,
    ) -> Result<Heard, tracker::Error> {
        let (mut heard, mut marker) = (Heard::default(), None);
        let there = async || ear.there.read(tracker, &change.ticket, self.now()).await;
        let what = match &change.kind {
            ChangeKind::Answered | ChangeKind::Opened => {
                let opened = matches!(change.kind, ChangeKind::Opened);
                if change.ours {
                    marker = tracker.marker(&change.source).await?;
                }
                // What came from us is here.
                let Text { body, files } = match marker.as_deref().is_some_and(|m| ear.is_ours(m)) {
                    true => Text::default(),
                    false => {
                        let entry = tracker.entry(&change.source).await?;
                        marker = entry.marker.clone();
                        let echo = change.ours && marker.as_deref().is_some_and(|m| ear.is_ours(m));
                        let attachments = match echo {
                            true => Vec::new(),
                            false => entry.attachments,
                        };
                        let entry = RemoteEntry {
                            attachments,
                            ..entry
                        };
                        self.text_of(ear.terms, tracker, entry).await?
                    }
                };
                match opened {
                    true => RemoteDeed::Opened {
                        body,
                        subject: String::new(),
                        files,
                        values: BTreeMap::new(),
                        shared: None,
                    },
                    false => RemoteDeed::Wrote { body, files },
                }
            }
            ChangeKind::Status { to, .. } if to == "deleted" => RemoteDeed::Deleted,
            ChangeKind::Status { to, .. } => RemoteDeed::Set {
                field: Field::Status,
                raw: to.clone(),
            },
            ChangeKind::Priority => RemoteDeed::Set {
                field: Field::Priority,
                raw: there().await?.1.priority,
            },
            ChangeKind::Owner => {
                let there = there().await?.1.owners;
                heard.owner = Some(owner::in_words(&there));
                let known = ear.link.tie.fields.get(&assignee());
                let known = known.and_then(|there| there.raw.as_deref());
                let login = match change.ours {
                    true => ear.terms.login_of_ours(&there, ear.link),
                    false => ear.terms.login(&there, known),
                };
                let Some(raw) = login else { return Ok(heard) };
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
                let lies = there().await?.1.queue;
                let known = ear.terms.known_queue(&lies).cloned();
                heard.queue = Some(lies);
                let Some(raw) = known else {
                    return Ok(heard);
                };
                RemoteDeed::Set {
                    field: queue(),
                    raw,
                }
            }
            ChangeKind::Field(_) if ear.terms.fields.is_empty() => return Ok(heard),
            ChangeKind::Field(which) => {
                let (_, there) = there().await?;
                let name = there.numbered.get(which).unwrap_or(which);
                let Some((field, mapped)) = ear.terms.mapped(name) else {
                    return Ok(heard);
                };
                let known = ear.link.tie.fields.get(field);
                let known = known.and_then(|there| there.raw.as_deref());
                let Some(raw) = mapped.raw(there.fields.get(name), known) else {
                    return Ok(heard);
                };
                RemoteDeed::Set {
                    field: field.clone(),
                    raw,
                }
            }
            // Ours are known, where none of ours can be a tie.
            ChangeKind::Link if change.ours && ear.terms.agreement.doc.links.is_empty() => {
                return Ok(heard);
            }
            ChangeKind::Link => {
                heard.links = Some(self.see_links(tracker, ear, &change.ticket).await?);
                return Ok(heard);
            }
            ChangeKind::Other(_) => return Ok(heard),
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
        Ok(heard)
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
