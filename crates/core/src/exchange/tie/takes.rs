//! What happened there: what it means here.

use super::super::call::{CallState, What};
use super::super::change::{Ask, Attachment, Entry};
use super::super::field::{Field, Rule};
use super::super::origin::SharedId;
use super::super::remote::{RemoteChange, RemoteDeed, RemoteFile};
use super::super::words::Here;
use super::{Manner, Note, Tie, Work};
use crate::id::Millis;
use crate::status::Status;

/// We did it through the exchange. Both: people quote markers, and others may use
/// our account.
fn is_echo(change: &RemoteChange, manner: &Manner) -> bool {
    let marker = change.marker.as_deref();
    change.ours && marker.is_some_and(|marker| marker.starts_with(&manner.prefix))
}

impl Tie {
    /// A change there that was not read before.
    pub(super) fn take(&mut self, change: &RemoteChange, work: &mut Work<'_, '_>) {
        let echo = is_echo(change, work.place.manner);
        match &change.what {
            RemoteDeed::Opened {
                shared: Some(other),
                ..
            } if echo && self.numbers.contains(&change.ticket) && other != work.shared.ticket() => {
                // It was merged into one that we made for another, whose number
                // we had not heard yet: what is written there is that one's.
                self.numbers.remove(&change.ticket);
                let other = other.clone();
                self.joins(change, &other, work);
            }
            RemoteDeed::Opened { .. } | RemoteDeed::Wrote { .. } if echo => {
                self.found(change, work.place.manner);
            }
            // Of the ticket that it was merged into, and not this one's.
            _ if !self.numbers.contains(&change.ticket) => {}
            // Its own was read when it was adopted: this is that of a ticket
            // that nobody had read before this one was merged into it.
            RemoteDeed::Opened { body, files, .. } => self.take_entry(change, body, files, work),
            RemoteDeed::Wrote { body, files } => self.take_entry(change, body, files, work),
            RemoteDeed::Set { field, raw } => self.take_value(change, field, raw, work),
            RemoteDeed::Merged { into, shared } => {
                self.there = Some(into.clone());
                if let Some(other) = shared {
                    self.joins(change, other, work);
                } else {
                    self.caught_up = false;
                    self.numbers.insert(into.clone());
                    // How it stands there is to be read first, and whether what
                    // is being set was set before or after nobody knows.
                    self.fields.clear();
                    self.doubt_sets(work.place.now);
                }
                work.step.notes.push(Note::Moved { into: into.clone() });
            }
            RemoteDeed::Deleted => self.deleted(work),
        }
    }

    /// It goes on in a ticket that another shared ticket is tied to.
    fn joins(&mut self, change: &RemoteChange, other: &SharedId, work: &mut Work<'_, '_>) {
        self.caught_up = true;
        self.joined = true;
        self.set_or_ask(
            change,
            Field::MergedInto,
            other.to_string(),
            None,
            None,
            work,
        );
    }

    /// What we did ourselves was read: so it was done.
    fn found(&mut self, change: &RemoteChange, manner: &Manner) {
        if matches!(change.what, RemoteDeed::Opened { .. }) && self.there.is_none() {
            self.made(change.ticket.clone(), manner);
        }
        self.calls
            .retain(|call| change.marker.as_ref() != Some(&call.marker));
    }

    fn doubt_sets(&mut self, now: Millis) {
        for call in &mut self.calls {
            if let (What::Set { .. }, CallState::Sent { .. }) = (&call.what, &call.state) {
                call.state = CallState::Doubt {
                    since: now,
                    looked: None,
                };
            }
        }
    }

    fn take_entry(
        &mut self,
        change: &RemoteChange,
        body: &str,
        files: &[RemoteFile],
        work: &mut Work<'_, '_>,
    ) {
        let system = &work.place.manner.system;
        let entry = Entry {
            author: change.author.clone(),
            body: body.to_owned(),
            erased: false,
        };
        let Ok(written) = work.shared.write(system, entry, change.at) else {
            return;
        };
        let name = written.name.clone();
        work.record(written);
        if !body.trim().is_empty() {
            self.last_word = Some(body.to_owned());
        }
        for file in files {
            let attachment = Attachment {
                entry: name.clone(),
                file: file.file.clone(),
                media_type: file.media_type.clone(),
                bytes: file.bytes,
                sha256: file.sha256.clone(),
                erased: false,
            };
            if let Ok(attached) = work.shared.attach(system, attachment, change.at) {
                work.record(attached);
            }
        }
    }

    fn take_value(
        &mut self,
        change: &RemoteChange,
        field: &Field,
        raw: &str,
        work: &mut Work<'_, '_>,
    ) {
        let manner = work.place.manner;
        let Some(words) = manner.words.get(field) else {
            return;
        };
        let there = self.fields.entry(field.clone()).or_default();
        // Read late: something newer stands there.
        if change.id < there.id {
            return;
        }
        there.id = change.id;
        there.raw = Some(raw.to_owned());
        there.ours = change.ours;
        there.turn = work.shared.baton().turn();
        let current = work.shared.field(field);
        let names = current.iter().map(|set| set.name.clone()).collect();
        let showed = std::mem::replace(&mut there.shows, names);
        if change.ours {
            let set = self.calls.iter().find_map(|call| match &call.what {
                What::Set {
                    field: of,
                    raw: to,
                    shows,
                } if of == field && to == raw => Some(shows),
                _ => None,
            });
            there.shows = set.cloned().unwrap_or(showed);
            return;
        }
        let ours = current.map(|set| set.value.clone()).unwrap_or_default();
        let by_them = current.is_some_and(|set| set.name.desk == manner.system);
        let kept = Note::Kept {
            field: field.clone(),
            raw: raw.to_owned(),
            ours: ours.clone(),
        };
        if words.means(&ours, raw) {
            work.step.notes.push(kept);
            return;
        }
        let here = words.here(raw);
        if let Here::Unknown(_) = here {
            work.step.notes.push(Note::Unknown {
                field: field.clone(),
                raw: raw.to_owned(),
            });
        }
        let value = here.word().to_owned();
        if *field == Field::Status && work.shared.baton().holder() == &manner.system {
            if coarser(&ours, &value, by_them) {
                work.step.notes.push(kept);
                return;
            }
            if value == Status::Solved.key() {
                // Here nothing is solved without saying how.
                let text = self
                    .last_word
                    .clone()
                    .unwrap_or_else(|| format!("Resolved in {}.", manner.label));
                self.set_or_ask(change, Field::Solution, text, None, None, work);
            }
        }
        // They replaced what they saw, which need not be what stands here.
        let over = (field.rule() == Rule::Any).then_some(showed);
        let raw = Some(raw.to_owned());
        self.set_or_ask(change, field.clone(), value, raw, over, work);
    }

    fn set_or_ask(
        &mut self,
        change: &RemoteChange,
        field: Field,
        value: String,
        raw: Option<String>,
        over: Option<Vec<super::Name>>,
        work: &mut Work<'_, '_>,
    ) {
        let system = &work.place.manner.system;
        if field.rule() == Rule::Holder && work.shared.baton().holder() != system {
            let ask = Ask::Set { field, value };
            if let Ok(asked) = work.shared.ask(system, ask, change.at) {
                work.record(asked);
            }
            return;
        }
        let set = work
            .shared
            .set_over(system, field.clone(), value, raw, over, change.at);
        if let Ok(set) = set {
            if let Some(there) = self.fields.get_mut(&field) {
                there.shows = vec![set.name.clone()];
            }
            work.record(set);
        }
    }

    /// Nobody is left there to be responsible.
    fn deleted(&mut self, work: &mut Work<'_, '_>) {
        if self.gone {
            return;
        }
        let manner = work.place.manner;
        self.gone = true;
        self.calls.clear();
        work.step.notes.push(Note::Deleted);
        let back = work
            .shared
            .baton()
            .before()
            .unwrap_or(work.place.me)
            .clone();
        let note = format!("deleted in {}", manner.label);
        if let Ok(back) = work.shared.pass(&manner.system, back, note, work.place.now) {
            work.record(back);
        }
    }
}

/// Their status says less than ours, or comes too late (domain section 8): an
/// *open* says nothing against a finer open status unless that was theirs, a
/// *resolved* nothing against what is finished otherwise.
fn coarser(ours: &str, theirs: &str, by_them: bool) -> bool {
    let (Some(ours), Some(theirs)) = (Status::parse(ours), Status::parse(theirs)) else {
        return false;
    };
    match theirs {
        Status::InProgress => ours.is_open() && ours != Status::New && !by_them,
        Status::Solved => matches!(ours, Status::Verified | Status::Closed | Status::Unsolved),
        _ => false,
    }
}
