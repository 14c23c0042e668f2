//! Another helpdesk's system within the test, that fails when it is told to. It
//! keeps what the trait promises: what is called again with the same marker is
//! found and not made again.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::Mutex;

use connect::guard;
use connect::probe::Check;
use connect::tracker::{
    ChangeKind, Changes, Cursor, Error, NewEntry, NewTicket, Outcome, Relation, RemoteAttachment,
    RemoteChange, RemoteEntry, RemoteLink, RemotePerson, RemoteTicket, Sent, Standing, Tracker,
    Wanted,
};

/// What goes wrong with the next call that does something.
#[derive(Debug, Clone)]
pub(crate) enum Wrong {
    /// It is done, and the answer is lost.
    Lost,
    /// It is done, and there is no answer for ever.
    Hangs,
    /// It is not done; a fault of theirs.
    Failed,
    /// It will never be done.
    Refused,
}

#[derive(Debug, Default)]
pub(crate) struct There {
    pub(crate) tickets: BTreeMap<String, RemoteTicket>,
    markers: BTreeMap<String, String>,
    pub(crate) entries: Vec<RemoteEntry>,
    changes: Vec<RemoteChange>,
    files: Vec<Vec<u8>>,
    pub(crate) wrong: VecDeque<Wrong>,
    pub(crate) down: bool,
    /// Whoever asks what changed waits for ever.
    pub(crate) mute: bool,
    /// After so many calls more one gets no answer.
    pub(crate) fails_after: Option<u32>,
    pub(crate) calls: u32,
    /// It does not tell what our account may do.
    pub(crate) untold: bool,
    /// Who reads or writes an entry waits a moment for the answer.
    pub(crate) slow: bool,
    working: [usize; 2],
    /// So many waited for one at the same time: of those who read, and of those who write.
    pub(crate) at_once: [usize; 2],
}

/// The system.
#[derive(Debug, Default)]
pub(crate) struct Fake(pub(crate) Mutex<There>, Meanwhile);

/// What somebody does while a ticket is being read, once.
#[derive(Default)]
struct Meanwhile(Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>);

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meanwhile").finish_non_exhaustive()
    }
}

fn slow() -> Error {
    Error::Unreachable(guard::Fault::Slow("fake".into()))
}

impl There {
    fn change(&mut self, ticket: &str, login: &str, kind: ChangeKind) -> String {
        let id = (self.changes.len() + 1).to_string();
        self.changes.push(RemoteChange {
            id: id.clone(),
            source: id.clone(),
            ticket: ticket.into(),
            at: 1_790_000_000_000 + i64::try_from(self.changes.len()).unwrap() * 1_000,
            author: RemotePerson {
                login: login.into(),
                name: format!("{login} there"),
                email: String::new(),
            },
            ours: login == "bridge",
            kind,
        });
        id
    }

    /// A link is made or undone; both tickets say so.
    fn tie(&mut self, ticket: &str, login: &str, link: &RemoteLink, make: bool) {
        let back = RemoteLink {
            relation: link.relation.inverse(),
            target: ticket.to_owned(),
        };
        let other = link.target.clone();
        for (on, link) in [(ticket, link), (other.as_str(), &back)] {
            let Some(known) = self.tickets.get_mut(on) else {
                continue;
            };
            let stood = known.links.contains(link);
            known.links.retain(|one| one != link);
            if make {
                known.links.push(link.clone());
            }
            if stood != make {
                self.change(on, login, ChangeKind::Link);
            }
        }
    }

    fn entry(&mut self, ticket: &str, login: &str, kind: ChangeKind, new: &NewEntry) -> String {
        let ours = login == "bridge";
        let id = self.change(ticket, login, kind);
        let attachments = new.attachments.iter().map(|file| {
            self.files.push(file.bytes.clone());
            RemoteAttachment {
                id: (self.files.len() - 1).to_string(),
                name: file.name.clone(),
                content_type: file.content_type.clone(),
                size: file.bytes.len() as u64,
            }
        });
        let attachments: Vec<_> = attachments.collect();
        self.entries.push(RemoteEntry {
            id: id.clone(),
            ticket: ticket.into(),
            at: 0,
            author: RemotePerson::default(),
            ours,
            marker: (!new.marker.is_empty()).then(|| new.marker.clone()),
            body: new.body.clone(),
            html: false,
            attachments,
        });
        id
    }

    fn up(&mut self) -> Result<(), Error> {
        self.calls += 1;
        if let Some(left) = &mut self.fails_after {
            *left = left.saturating_sub(1);
        }
        let fails = self.fails_after == Some(0);
        if fails {
            self.fails_after = None;
        }
        if self.down || fails {
            Err(slow())
        } else {
            Ok(())
        }
    }
}

/// What one call that does something comes to.
enum End<T> {
    Answer(Result<T, Error>),
    Never,
}

impl Fake {
    fn there(&self) -> std::sync::MutexGuard<'_, There> {
        self.0.lock().unwrap()
    }

    /// Somebody links a ticket there, or takes a link away.
    pub(crate) fn ties(
        &self,
        ticket: &str,
        login: &str,
        (relation, target): (Relation, &str),
        make: bool,
    ) {
        let target = target.to_owned();
        let link = RemoteLink { relation, target };
        self.there().tie(ticket, login, &link, make);
    }

    /// A ticket's links there, in words.
    pub(crate) fn links(&self, ticket: &str) -> Vec<String> {
        let links = self.there().tickets[ticket].links.clone();
        let links = links.into_iter();
        let words = links.map(|one| format!("{} {}", one.relation.key(), one.target));
        words.collect()
    }

    /// The next time that a ticket is read, this happens first.
    pub(crate) fn meanwhile(&self, what: impl Future<Output = ()> + Send + 'static) {
        *self.1.0.lock().unwrap() = Some(Box::pin(what));
    }

    /// How much has happened there.
    pub(crate) fn happened(&self) -> usize {
        self.there().changes.len()
    }

    /// Somebody weighs a ticket anew there.
    pub(crate) fn weighs(&self, ticket: &str, login: &str, to: &str) {
        let mut there = self.there();
        there.tickets.get_mut(ticket).unwrap().priority = to.into();
        there.change(ticket, login, ChangeKind::Priority);
    }

    /// Somebody writes there.
    pub(crate) fn writes(&self, ticket: &str, login: &str, body: &str, file: Option<&[u8]>) {
        let attachments = file.map(|bytes| connect::tracker::NewAttachment {
            name: "log.txt".into(),
            content_type: "text/plain".into(),
            bytes: bytes.to_vec(),
        });
        let new = NewEntry {
            marker: String::new(),
            body: body.into(),
            attachments: attachments.into_iter().collect(),
        };
        let mut there = self.there();
        there.entry(ticket, login, ChangeKind::Answered, &new);
    }

    /// Somebody opens a ticket there, who is its requester too; its number.
    pub(crate) fn opens(
        &self,
        queue: &str,
        login: &str,
        body: &str,
        file: Option<&[u8]>,
    ) -> String {
        let mut there = self.there();
        let id = (100 + there.tickets.len()).to_string();
        let ticket = RemoteTicket {
            id: id.clone(),
            queue: queue.into(),
            subject: "No plates\nat all".into(),
            status: "new".into(),
            standing: Standing::Present,
            owners: Vec::new(),
            priority: "50".into(),
            requesters: vec![login.into()],
            fields: BTreeMap::new(),
            numbered: BTreeMap::new(),
            links: Vec::new(),
            created: 0,
            changed: 0,
            version: String::new(),
        };
        there.tickets.insert(id.clone(), ticket);
        let attachments = file.map(|bytes| connect::tracker::NewAttachment {
            name: "photo.txt".into(),
            content_type: "text/plain".into(),
            bytes: bytes.to_vec(),
        });
        let new = NewEntry {
            marker: String::new(),
            body: body.into(),
            attachments: attachments.into_iter().collect(),
        };
        there.entry(&id, login, ChangeKind::Opened, &new);
        id
    }

    /// Somebody deletes a ticket there.
    pub(crate) fn deletes(&self, ticket: &str, login: &str) {
        self.sets(ticket, login, "deleted");
        let mut there = self.there();
        there.tickets.get_mut(ticket).unwrap().standing = Standing::Deleted;
    }

    /// Somebody puts a ticket into another queue there.
    pub(crate) fn moves(&self, ticket: &str, login: &str, queue: &str) {
        let mut there = self.there();
        there.tickets.get_mut(ticket).unwrap().queue = queue.into();
        there.change(ticket, login, ChangeKind::Queue);
    }

    /// Somebody gives a ticket to an owner there; `None`: to nobody.
    pub(crate) fn gives(&self, ticket: &str, login: &str, owner: Option<&str>) {
        let mut there = self.there();
        there.tickets.get_mut(ticket).unwrap().owners =
            owner.map(str::to_owned).into_iter().collect();
        there.change(ticket, login, ChangeKind::Owner);
    }

    /// Who owns a ticket there.
    pub(crate) fn owner(&self, ticket: &str) -> Option<String> {
        self.there().tickets[ticket].owner().map(str::to_owned)
    }

    /// Somebody sets a status there.
    pub(crate) fn sets(&self, ticket: &str, login: &str, to: &str) {
        let mut there = self.there();
        let known = there.tickets.get_mut(ticket).unwrap();
        let from = std::mem::replace(&mut known.status, to.into());
        let to = to.to_owned();
        there.change(ticket, login, ChangeKind::Status { from, to });
    }

    /// Somebody sets a custom field there.
    pub(crate) fn sets_field(&self, ticket: &str, login: &str, name: &str, to: &[&str]) {
        let mut there = self.there();
        let known = there.tickets.get_mut(ticket).unwrap();
        let values = to.iter().map(|v| (*v).to_owned()).collect();
        known.fields.insert(name.into(), values);
        known.fields.retain(|_, values| !values.is_empty());
        there.change(ticket, login, ChangeKind::Field(name.into()));
    }

    /// What was written there so far, in order.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.there()
            .entries
            .iter()
            .map(|e| e.body.clone())
            .collect()
    }

    async fn takes_a_moment(&self, writes: bool) {
        if !self.there().slow {
            return;
        }
        let which = usize::from(writes);
        {
            let mut there = self.there();
            there.working[which] += 1;
            there.at_once[which] = there.at_once[which].max(there.working[which]);
        }
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        self.there().working[which] -= 1;
    }

    fn does<T>(&self, mut deed: impl FnMut(&mut There) -> T) -> End<T> {
        let mut there = self.there();
        if let Err(e) = there.up() {
            return End::Answer(Err(e));
        }
        match there.wrong.pop_front() {
            None => End::Answer(Ok(deed(&mut there))),
            Some(Wrong::Lost) => {
                deed(&mut there);
                End::Answer(Err(slow()))
            }
            Some(Wrong::Hangs) => {
                deed(&mut there);
                End::Never
            }
            Some(Wrong::Failed) => End::Answer(Err(Error::Failed {
                system: "Fake",
                status: 503,
                words: "try later".into(),
            })),
            Some(Wrong::Refused) => End::Answer(Err(Error::Forbidden {
                system: "Fake",
                what: "do that".into(),
                words: "Permission Denied".into(),
            })),
        }
    }
}

async fn end<T>(end: End<T>) -> Result<T, Error> {
    match end {
        End::Answer(answer) => answer,
        End::Never => std::future::pending().await,
    }
}

#[async_trait::async_trait]
impl Tracker for Fake {
    async fn test(&self, _queue: &str) -> Vec<Check> {
        Vec::new()
    }

    async fn create(&self, new: &NewTicket) -> Result<Outcome, Error> {
        end(self.does(|there| {
            if let Some(id) = there.markers.get(&new.marker) {
                return Outcome {
                    ticket: there.tickets[id].clone(),
                    not_taken: Vec::new(),
                    found: true,
                };
            }
            let id = (100 + there.tickets.len()).to_string();
            let ticket = RemoteTicket {
                id: id.clone(),
                queue: new.queue.clone(),
                subject: new.subject.clone(),
                status: "new".into(),
                standing: Standing::Present,
                owners: Vec::new(),
                priority: "0".into(),
                requesters: new.requesters.clone(),
                fields: BTreeMap::new(),
                numbered: BTreeMap::new(),
                links: Vec::new(),
                created: 0,
                changed: 0,
                version: String::new(),
            };
            there.markers.insert(new.marker.clone(), id.clone());
            there.tickets.insert(id.clone(), ticket.clone());
            there.entry(&id, "bridge", ChangeKind::Opened, &new.entry);
            Outcome {
                ticket,
                not_taken: Vec::new(),
                found: false,
            }
        }))
        .await
    }

    async fn read(&self, ticket: &str) -> Result<RemoteTicket, Error> {
        let meanwhile = self.1.0.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        let mut there = self.there();
        there.up()?;
        Ok(there.tickets[ticket].clone())
    }

    async fn newest(&self) -> Result<Cursor, Error> {
        let mut there = self.there();
        there.up()?;
        Ok(Cursor {
            floor: i64::try_from(there.changes.len()).unwrap(),
            ..Cursor::default()
        })
    }

    // Every change comes twice: a cursor lags behind what was read.
    async fn changes(&self, since: &Cursor) -> Result<Changes, Error> {
        let mute = self.there().mute;
        if mute {
            std::future::pending::<()>().await;
        }
        let mut there = self.there();
        there.up()?;
        let from = usize::try_from(since.floor).unwrap();
        Ok(Changes {
            items: there.changes[from.saturating_sub(3)..].to_vec(),
            cursor: Cursor {
                floor: i64::try_from(there.changes.len()).unwrap(),
                ..Cursor::default()
            },
            more: false,
        })
    }

    async fn history(&self, ticket: &str) -> Result<Vec<RemoteChange>, Error> {
        let mut there = self.there();
        there.up()?;
        let of = |c: &&RemoteChange| c.ticket == ticket;
        Ok(there.changes.iter().filter(of).cloned().collect())
    }

    async fn entry(&self, change: &str) -> Result<RemoteEntry, Error> {
        self.takes_a_moment(false).await;
        let mut there = self.there();
        there.up()?;
        let found = there.entries.iter().find(|e| e.id == change);
        Ok(found.unwrap().clone())
    }

    async fn attachment(&self, id: &str) -> Result<Vec<u8>, Error> {
        let mut there = self.there();
        there.up()?;
        Ok(there.files[id.parse::<usize>().unwrap()].clone())
    }

    async fn send(&self, ticket: &str, entry: &NewEntry) -> Result<Sent, Error> {
        self.takes_a_moment(true).await;
        end(self.does(|there| {
            let known = there
                .entries
                .iter()
                .find(|e| e.marker.as_deref() == Some(&entry.marker));
            let found = known.map(|e| e.id.clone());
            Sent {
                found: found.is_some(),
                id: found
                    .unwrap_or_else(|| there.entry(ticket, "bridge", ChangeKind::Answered, entry)),
                ticket: ticket.into(),
                not_taken: Vec::new(),
            }
        }))
        .await
    }

    async fn set(&self, ticket: &str, wanted: &Wanted) -> Result<Outcome, Error> {
        end(self.does(|there| {
            let known = there.tickets.get_mut(ticket).unwrap();
            let before = known.status.clone();
            known.priority = wanted.priority.clone().unwrap_or(known.priority.clone());
            known.status = wanted.status.clone().unwrap_or(before.clone());
            let moved = wanted.queue.as_ref().filter(|to| **to != known.queue);
            known.queue = moved.unwrap_or(&known.queue).clone();
            for (name, values) in &wanted.fields {
                known.fields.insert(name.clone(), values.clone());
            }
            known.fields.retain(|_, values| !values.is_empty());
            let owners = known.owners.clone();
            if let Some(login) = &wanted.owner {
                let owner = Some(login.clone()).filter(|login| !login.is_empty());
                known.owners = owner.into_iter().collect();
            }
            let ticket_now = known.clone();
            if ticket_now.owners != owners {
                there.change(ticket, "bridge", ChangeKind::Owner);
            }
            if moved.is_some() {
                there.change(ticket, "bridge", ChangeKind::Queue);
            }
            for name in wanted.fields.keys() {
                there.change(ticket, "bridge", ChangeKind::Field(name.clone()));
            }
            if ticket_now.status != before {
                let (from, to) = (before, ticket_now.status.clone());
                there.change(ticket, "bridge", ChangeKind::Status { from, to });
            }
            Outcome {
                ticket: ticket_now,
                not_taken: Vec::new(),
                found: false,
            }
        }))
        .await
    }

    fn tells_rights(&self) -> bool {
        !self.there().untold
    }

    async fn set_link(&self, ticket: &str, link: &RemoteLink, stands: bool) -> Result<(), Error> {
        end(self.does(|there| there.tie(ticket, "bridge", link, stands))).await
    }
}
