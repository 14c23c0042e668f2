//! What happened there: what becomes of the ticket here, in the transaction that
//! records it.

use std::collections::BTreeMap;

use store::Conn;
use store::exchange::{Link, Went};
use switchboard_core::exchange::{
    Ask, Change, Deed, Entry, Field, Name, Note, Role, SharedId, Stage, TieStep,
};
use switchboard_core::{
    Actor, Channel, Command, EntryVisibility, SolutionKind, Status, Ticket, TicketNumber,
};

use super::fields::{queue, standing};
use super::owner::{assignee, called, said};
use super::{Terms, note};
use crate::act::{command_within, foreign_entry, write_within};
use crate::redirect::answer::lives_on;
use crate::{Catalogue, Desk, Error, Live};

/// The files of an entry: name, type, bytes, SHA-256.
type Files = Vec<(String, String, i64, String)>;

/// Who speaks for somebody there: nobody with an account, and the name says so.
pub(super) fn spokesman(name: &str) -> Actor {
    Actor {
        name: name.to_owned(),
        ..Actor::system(Channel::Bridge)
    }
}

/// Where a step is carried into the ticket.
pub(super) struct Taking<'a> {
    pub(super) desk: &'a Desk,
    pub(super) catalogue: &'a Catalogue,
    pub(super) terms: &'a Terms,
    pub(super) ticket: TicketNumber,
}

impl Taking<'_> {
    /// Carries what a step recorded, and what it noted, into the ticket.
    ///
    /// # Errors
    /// When the database can not be written. What the rules refuse is noted and
    /// leaves the ticket as it is.
    pub(super) fn take(
        &self,
        c: &mut Conn<'_>,
        link: &mut Link,
        step: &TieStep,
    ) -> Result<Vec<Live>, Error> {
        let mut live = Vec::new();
        let mut files: BTreeMap<&Name, Files> = BTreeMap::new();
        let mut solution = None;
        let theirs = |change: &&Change| change.name.desk == self.terms.manner.system;
        for change in step.recorded.log.iter().filter(theirs) {
            if let Deed::AttachmentAdded { attachment: a } = &change.deed {
                files.entry(&a.entry).or_default().push((
                    a.file.clone(),
                    a.media_type.clone(),
                    i64::try_from(a.bytes).unwrap_or(i64::MAX),
                    a.sha256.clone(),
                ));
            }
            if let Deed::FieldSet {
                field: Field::Solution,
                value,
                ..
            } = &change.deed
            {
                solution = Some(value.clone());
            }
        }
        for change in step.recorded.log.iter().filter(theirs) {
            match &change.deed {
                Deed::EntryAdded { entry } => {
                    let files = files.remove(&change.name).unwrap_or_default();
                    live.extend(self.entry(c, link, &change.name, entry, files)?);
                }
                Deed::FieldSet {
                    field, value, raw, ..
                } => {
                    let raw = raw.as_deref().unwrap_or(value);
                    let done = c.attempt(|c| self.set(c, link, field, value, raw, &solution));
                    let taken = done.is_ok();
                    live.extend(self.refused(c, link, field, raw, done)?);
                    if taken {
                        link.tie.take_over(field);
                    } else if let Some(ours) = standing(field, &lives_on(c, self.ticket)?) {
                        link.tie.leave(field, &ours);
                    }
                }
                Deed::Asked {
                    ask: Ask::Set { field, value },
                } => {
                    let said = self.asked(c, field, value)?;
                    live.extend(self.tell(c, &said)?);
                    note(c, self.desk, link.id, Went::In, said, None)?;
                }
                Deed::BatonPassed { .. } => {
                    let said = format!(
                        "The ticket's counterpart in {} was deleted there. Nobody works on it \
                         there any more: it is up to this desk.",
                        self.terms.manner.label
                    );
                    live.extend(self.tell(c, &said)?);
                    note(c, self.desk, link.id, Went::In, said, None)?;
                }
                _ => {}
            }
        }
        let passed = |change: &Change| matches!(change.deed, Deed::BatonPassed { .. });
        let told = step.recorded.log.iter().filter(theirs).any(passed);
        if step.notes.contains(&Note::Deleted) && !told {
            // This desk had it in its hands already.
            let said = format!(
                "The ticket's counterpart in {} was deleted there, or hidden from this desk: \
                 what is written here reaches nobody there any more.",
                self.terms.manner.label
            );
            live.extend(self.tell(c, &said)?);
            note(c, self.desk, link.id, Went::In, said, None)?;
        }
        for one in &step.notes {
            if let Some(said) = in_words(one) {
                note(c, self.desk, link.id, Went::Here, said, None)?;
            }
        }
        Ok(live)
    }

    /// What they ask for, in words.
    fn asked(&self, c: &mut Conn<'_>, field: &Field, value: &str) -> Result<String, Error> {
        let label = &self.terms.manner.label;
        if *field == Field::MergedInto {
            let ticket = lives_on(c, self.ticket)?;
            if let Some(Command::MergeInto { target, .. }) = self.merge(c, &ticket, value)? {
                return Ok(format!(
                    "{label} merged this ticket's counterpart into that of #{target}: merge \
                     them here too, or leave them apart."
                ));
            }
        }
        Ok(format!("{label} asks for {field}: {value}."))
    }

    /// A public entry, by who wrote it there. On a ticket that is closed for good
    /// it is a note, as a mailing list's word is.
    fn entry(
        &self,
        c: &mut Conn<'_>,
        link: &mut Link,
        name: &Name,
        said: &Entry,
        files: Files,
    ) -> Result<Vec<Live>, Error> {
        let ticket = lives_on(c, self.ticket)?;
        let visibility = if ticket.status.is_final() {
            EntryVisibility::Internal
        } else {
            EntryVisibility::Public
        };
        let body = match said.body.trim() {
            "" if files.is_empty() => "(without text)",
            text => text,
        };
        let count = files.len();
        let entry = foreign_entry(self.desk, ticket.number, visibility, body, files);
        let actor = spokesman(&said.author.shown(&self.terms.manner.label));
        let (cause, now) = (self.desk.uuid(), self.desk.now());
        let live = write_within(
            c,
            self.catalogue,
            ticket.number,
            &entry,
            &[],
            &actor,
            cause,
            now,
        )?;
        store::exchange::name_entry(c, link.id, entry.id, name)?;
        link.came_at = Some(now);
        let what = match (said.author.role, count) {
            (Role::Requester, 0) => "An entry of the requester's".to_owned(),
            (_, 0) => "An entry".to_owned(),
            (_, 1) => "An entry with a file".to_owned(),
            (_, n) => format!("An entry with {n} files"),
        };
        note(c, self.desk, link.id, Went::In, what, None)?;
        Ok(live)
    }

    /// A note for the support side.
    fn tell(&self, c: &mut Conn<'_>, said: &str) -> Result<Vec<Live>, Error> {
        let ticket = lives_on(c, self.ticket)?;
        let visibility = EntryVisibility::Internal;
        let entry = foreign_entry(self.desk, ticket.number, visibility, said, Vec::new());
        let (cause, now) = (self.desk.uuid(), self.desk.now());
        write_within(
            c,
            self.catalogue,
            ticket.number,
            &entry,
            &[],
            &spokesman(&self.terms.manner.label),
            cause,
            now,
        )
    }

    /// A field as it was set there.
    fn set(
        &self,
        c: &mut Conn<'_>,
        link: &mut Link,
        field: &Field,
        value: &str,
        raw: &str,
        solution: &Option<String>,
    ) -> Result<Vec<Live>, Error> {
        let ticket = lives_on(c, self.ticket)?;
        let label = &self.terms.manner.label;
        let command = match field {
            Field::Status => self.status(link, &ticket, value, raw, solution)?,
            Field::Priority => switchboard_core::Priority::parse(value)
                .filter(|p| *p != ticket.priority())
                .map(|priority| Command::Overrule {
                    priority,
                    reason: format!("Set in {label} (“{raw}”)"),
                }),
            Field::MergedInto => self.merge(c, &ticket, value)?,
            // Nobody there moves what was taken back.
            field if *field == queue() && link.stage == Stage::Active => {
                let unit = self.terms.units.get(value).copied();
                let unit = unit.filter(|unit| *unit != ticket.unit);
                unit.map(|unit| Command::Assign {
                    unit,
                    reason: Some(format!("Moved to “{raw}” in {label}")),
                })
            }
            field if *field == assignee() && link.stage == Stage::Active => {
                // Of two who were named at once the one that does not count is shown.
                let counts = link
                    .shared
                    .field(field)
                    .is_some_and(|set| set.value == value);
                let owned = self.terms.owned(&ticket, value, raw);
                owned.filter(|_| counts)
            }
            other => match self.terms.fields.get(other) {
                Some(mapped) => mapped.command(self.catalogue, &ticket, value)?,
                None => None,
            },
        };
        let Some(command) = command else {
            return Ok(Vec::new());
        };
        let now = self.desk.now();
        let live = command_within(
            c,
            self.catalogue,
            ticket.number,
            &command,
            &spokesman(label),
            self.desk.uuid(),
            now,
        )?;
        link.came_at = Some(now);
        let what = match command {
            Command::MergeInto { target, .. } => format!("Merged: it goes on in #{target}"),
            _ => said(field, raw),
        };
        note(c, self.desk, link.id, Went::In, what, None)?;
        Ok(live)
    }

    /// The command that merges a ticket into the one of ours that is named;
    /// `None`: it is there already.
    fn merge(
        &self,
        c: &mut Conn<'_>,
        ticket: &Ticket,
        into: &str,
    ) -> Result<Option<Command>, Error> {
        let Some(into) = SharedId::parse(into) else {
            return Ok(None);
        };
        let target = if into.desk == self.terms.me {
            Some(into.number)
        } else {
            let (agreement, number) = (self.terms.agreement.id, into.number.to_string());
            match store::exchange::by_number(c, agreement, &number)?.first() {
                Some(link) => store::exchange::load(c, *link)?.map(|link| link.ticket),
                None => None,
            }
        };
        let Some(target) = target else {
            return Ok(None);
        };
        let target = lives_on(c, target)?.number;
        if target == ticket.number {
            return Ok(None);
        }
        let entries = store::entry::ids(c, ticket.number)?;
        Ok(Some(Command::MergeInto { target, entries }))
    }

    /// Which command brings a ticket where theirs is. A word that means what ours
    /// is changes nothing: it says less.
    fn status(
        &self,
        link: &Link,
        ticket: &Ticket,
        value: &str,
        raw: &str,
        solution: &Option<String>,
    ) -> Result<Option<Command>, Error> {
        let words = self.terms.manner.words.get(&Field::Status);
        if words.is_some_and(|w| w.means(ticket.status.key(), raw)) {
            return Ok(None);
        }
        let Some(wanted) = Status::parse(value).filter(|s| *s != ticket.status) else {
            return Ok(None);
        };
        let label = &self.terms.manner.label;
        let open = ticket.status.is_open();
        Ok(match wanted {
            Status::Solved | Status::Verified | Status::Closed => Some(Command::Solve {
                text: solution
                    .clone()
                    .unwrap_or_else(|| format!("Resolved in {label}.")),
                kind: SolutionKind::Fixed,
            }),
            Status::Unsolved => Some(Command::GiveUp {
                reason: link
                    .tie
                    .last_word
                    .clone()
                    .unwrap_or_else(|| format!("“{raw}” in {label}.")),
                kind: SolutionKind::default(),
            }),
            _ if !open => Some(Command::Reopen { entry: None }),
            Status::Waiting => Some(Command::Await { reminder: None }),
            Status::OnHold => Some(Command::Hold {
                reason: format!("“{raw}” in {label}"),
                reminder: None,
                eta: None,
            }),
            Status::InProgress => Some(Command::Start),
            Status::New | Status::Assigned | Status::Reopened => None,
        })
    }

    /// What the rules did not take is noted, and stays as it is.
    fn refused(
        &self,
        c: &mut Conn<'_>,
        link: &mut Link,
        field: &Field,
        raw: &str,
        done: Result<Vec<Live>, Error>,
    ) -> Result<Vec<Live>, Error> {
        match done {
            Ok(live) => Ok(live),
            Err(why @ (Error::Invalid { .. } | Error::Forbidden(_) | Error::Conflict(_))) => {
                let what = format!("{} was not taken over: {why}", said(field, raw));
                note(c, self.desk, link.id, Went::Here, what, None)?;
                Ok(Vec::new())
            }
            Err(other) => Err(other),
        }
    }
}

/// A note of the tie's; `None`: something else tells it already.
fn in_words(one: &Note) -> Option<String> {
    match one {
        Note::Unknown { field, raw } => {
            let has = if *field == assignee() { "line" } else { "word" };
            Some(format!("{} has no {has} here", said(field, raw)))
        }
        // It is who has it here.
        Note::Kept { field, .. } if *field == assignee() => None,
        Note::Kept { field, raw, ours } => Some(format!("{} means our “{ours}”", said(field, raw))),
        Note::Robot { field } => Some(format!(
            "{} was set back there again and again: it is left as it is",
            called(field)
        )),
        Note::Moved { into } => Some(format!("It goes on there as {into}")),
        Note::Refused { .. } | Note::Deleted => None,
    }
}
