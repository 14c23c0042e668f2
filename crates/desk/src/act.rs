//! A change of a ticket: authorise, load, decide, save, in one transaction.

use std::collections::BTreeSet;

use store::Conn;
use store::entry::{Attachment, Entry};
use store::event::Event;
use switchboard_core::decide::decide;
use switchboard_core::{
    Access, Actor, Caused, Channel, Command, EntryId, EntryVisibility, Millis, Scene, Ticket,
    TicketNumber, UnitId,
};
use uuid::Uuid;

use crate::{Desk, Error, Live, scene, ticket_clock};

/// A file to go with an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFile {
    /// The name it came with; made safe before it is kept.
    pub name: String,
    /// What the sender said it is.
    pub media_type: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// For images within a mail's HTML.
    pub content_id: Option<String>,
}

/// The text of an entry to be written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EntryDraft {
    /// Plain text, not empty.
    pub body: String,
    /// What was trimmed off a mail.
    pub quoted: Option<String>,
    /// The mail's HTML, sanitised.
    pub html: Option<String>,
    /// The mail it came by.
    pub mail: Option<Uuid>,
    /// What that mail claims of signatures and encryption.
    pub protection: Vec<mail::Protection>,
    /// Files.
    pub files: Vec<NewFile>,
}

/// One thing to be done to a ticket.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A command of the rules.
    Command(Command),
    /// Write an entry.
    Write(EntryVisibility, EntryDraft),
    /// Solve it; the text also becomes a public entry.
    Solve(switchboard_core::SolutionKind, EntryDraft),
    /// Set it unsolved; the reason also becomes a public entry.
    GiveUp(switchboard_core::SolutionKind, EntryDraft),
    /// Its requester still waits for what the solution promises; the text becomes a public
    /// entry.
    StillWait(EntryDraft),
    /// Reopen it, with a comment that becomes a public entry.
    Reopen(Option<EntryDraft>),
}

/// What of a step is written.
struct Words {
    /// The field that its text stands in.
    field: &'static str,
    visibility: EntryVisibility,
    solution: bool,
    draft: EntryDraft,
}

impl Step {
    /// What of it is written, and what is done after that.
    fn parts(self) -> (Option<Words>, Option<Command>) {
        let words = |field, visibility, solution, draft| {
            Some(Words {
                field,
                visibility,
                solution,
                draft,
            })
        };
        let public = EntryVisibility::Public;
        match self {
            Step::Command(command) => (None, Some(command)),
            Step::Write(visibility, draft) => (words("body", visibility, false, draft), None),
            Step::Solve(kind, draft) => {
                let text = draft.body.clone();
                let solve = Command::Solve { text, kind };
                (words("solution", public, true, draft), Some(solve))
            }
            Step::GiveUp(kind, draft) => {
                let reason = draft.body.clone();
                let give_up = Command::GiveUp { reason, kind };
                (words("solution", public, true, draft), Some(give_up))
            }
            Step::StillWait(draft) => (
                words("comment", public, false, draft),
                Some(Command::StillWait),
            ),
            Step::Reopen(draft) => {
                let comment = draft.and_then(|draft| words("comment", public, false, draft));
                (comment, Some(Command::Reopen { entry: None }))
            }
        }
    }
}

/// An entry as it will be stored, with its files already in the blob store.
#[derive(Debug, Clone)]
pub(crate) struct ReadyEntry {
    pub(crate) id: EntryId,
    visibility: EntryVisibility,
    solution: bool,
    draft: EntryDraft,
    files: Vec<Attachment>,
}

/// What else is stored with a change, all or nothing.
#[derive(Debug, Clone)]
enum Along {
    /// The answer that waited becomes it.
    Held(Uuid),
    /// A macro did it.
    Macro(store::macros::Run),
}

/// Commands in order, each with the entry that has to be stored for it.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) command: Command,
    pub(crate) entry: Option<ReadyEntry>,
}

/// The commands of a step whose entry is ready.
fn planned(entry: Option<ReadyEntry>, command: Option<Command>) -> Vec<Planned> {
    if let Some(Command::Reopen { .. }) = command {
        let command = Command::Reopen {
            entry: entry.as_ref().map(|e| e.id),
        };
        return vec![Planned { command, entry }];
    }
    let write = entry.map(|entry| Planned {
        command: Command::Write {
            entry: entry.id,
            visibility: entry.visibility,
        },
        entry: Some(entry),
    });
    let then = command.map(|command| Planned {
        command,
        entry: None,
    });
    write.into_iter().chain(then).collect()
}

/// The same of a step of the desk itself, whose words have no files and were looked at when
/// they were kept.
pub(crate) fn plain(desk: &Desk, step: Step) -> Vec<Planned> {
    let (words, command) = step.parts();
    let entry = words.map(|words| ReadyEntry {
        id: EntryId(desk.uuid()),
        visibility: words.visibility,
        solution: words.solution,
        draft: words.draft,
        files: Vec::new(),
    });
    planned(entry, command)
}

/// The longest entry, in bytes. A mail longer than this keeps its rest in the
/// stored original.
pub const MAX_BODY: usize = 512 * 1024;

/// Cuts a text at a character's boundary.
pub(crate) fn clip(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

impl Desk {
    /// Does something to a ticket and returns its version after it.
    ///
    /// All steps happen or none. `expected` is the version the actor saw; with
    /// `None` the change is made whatever happened meanwhile. Steps that
    /// change nothing leave no trace.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for a ticket that the actor may not see;
    /// [`Error::Stale`] when `expected` is no longer the version; otherwise
    /// what the rules refuse.
    pub async fn act(
        &self,
        actor: &Actor,
        number: TicketNumber,
        expected: Option<i64>,
        steps: Vec<Step>,
    ) -> Result<i64, Error> {
        self.act_once(actor, number, expected, steps, None).await
    }

    /// The same by a macro, which the history names.
    pub(crate) async fn act_by(
        &self,
        actor: &Actor,
        number: TicketNumber,
        expected: Option<i64>,
        steps: Vec<Step>,
        run: store::macros::Run,
    ) -> Result<i64, Error> {
        let along = Some(Along::Macro(run));
        self.act_once(actor, number, expected, steps, along).await
    }

    /// The same for an answer that waited: it is taken away with what it becomes.
    pub(crate) async fn act_held(
        &self,
        actor: &Actor,
        number: TicketNumber,
        steps: Vec<Step>,
        held: Uuid,
    ) -> Result<(), Error> {
        self.act_once(actor, number, None, steps, Some(Along::Held(held)))
            .await
            .map(|_| ())
    }

    /// Whether the rules would take these steps now; nothing is changed.
    pub(crate) async fn rehearse(
        &self,
        actor: &Actor,
        number: TicketNumber,
        steps: Vec<Step>,
    ) -> Result<(), Error> {
        let catalogue = self.catalogue().await?;
        let mut plan = Vec::new();
        for step in steps {
            self.plan(step, number, &mut plan).await?;
        }
        let (now, actor) = (self.now(), actor.clone());
        let units: Vec<_> = plan.iter().filter_map(|p| named_unit(&p.command)).collect();
        self.0
            .db
            .read(move |c| {
                let mut scene = scene::begin(c, &catalogue, number, &units)?;
                if !Access::of(&actor, &scene.tickets[&number]).may_see() {
                    return Err(Error::not_found(format!("ticket {number}")));
                }
                for Planned { command, .. } in &plan {
                    scene::complete(c, &catalogue, &mut scene, |s| s.missing(number, command))?;
                    let caused = decide(&scene, number, command, &actor, &catalogue.rules, now)?;
                    for one in &caused {
                        scene.apply(one, now);
                    }
                }
                Ok(())
            })
            .await
    }

    async fn act_once(
        &self,
        actor: &Actor,
        number: TicketNumber,
        expected: Option<i64>,
        steps: Vec<Step>,
        along: Option<Along>,
    ) -> Result<i64, Error> {
        let catalogue = self.catalogue().await?;
        let mut plan = Vec::new();
        for step in steps {
            self.plan(step, number, &mut plan).await?;
        }
        let (now, cause, actor) = (self.now(), self.uuid(), actor.clone());
        let units: Vec<_> = plan.iter().filter_map(|p| named_unit(&p.command)).collect();
        let (version, live) = self
            .0
            .db
            .write(move |c| {
                if let Some(Along::Held(held)) = &along {
                    crate::held::take_to_send(c, *held)?;
                }
                let mut scene = scene::begin(c, &catalogue, number, &units)?;
                let ticket = &scene.tickets[&number];
                if !Access::of(&actor, ticket).may_see() {
                    return Err(Error::not_found(format!("ticket {number}")));
                }
                if let Some(expected) = expected
                    && expected != ticket.version
                {
                    return Err(Error::Stale {
                        current: ticket.version,
                    });
                }
                let mut before = scene.clone();
                let mut all = Vec::new();
                let mut entries = Vec::new();
                for Planned { command, entry } in &plan {
                    let came =
                        scene::complete(c, &catalogue, &mut scene, |s| s.missing(number, command))?;
                    for number in came {
                        before
                            .tickets
                            .insert(number, scene.tickets[&number].clone());
                    }
                    if let Some(other) = named_ticket(command)
                        && !Access::of(&actor, &scene.tickets[&other]).may_see()
                    {
                        return Err(Error::not_found(format!("ticket {other}")));
                    }
                    let access = Access::of(&actor, &scene.tickets[&number]);
                    let caused = decide(&scene, number, command, &actor, &catalogue.rules, now)?;
                    for one in &caused {
                        scene.apply(one, now);
                    }
                    all.extend(caused);
                    if let Some(entry) = entry {
                        entries.push((entry, access));
                    }
                }
                for (entry, access) in entries {
                    store_entry(c, number, entry, &actor, access, now)?;
                }
                let live = save(c, &catalogue, (&before, &scene), &all, &actor, cause, now)?;
                if let Some(Along::Macro(run)) = &along
                    && !all.is_empty()
                {
                    store::macros::note(c, cause, run)?;
                }
                Ok((scene.tickets[&number].version, live))
            })
            .await?;
        self.announce(live);
        Ok(version)
    }

    /// Turns a step into commands and stores its files.
    async fn plan(
        &self,
        step: Step,
        number: TicketNumber,
        plan: &mut Vec<Planned>,
    ) -> Result<(), Error> {
        let (words, mut command) = step.parts();
        if let Some(command) = &mut command {
            self.fill_in(command, number).await?;
        }
        let entry = match words {
            Some(w) => Some(
                self.ready_entry(w.field, number, w.visibility, w.solution, w.draft)
                    .await?,
            ),
            None => None,
        };
        plan.extend(planned(entry, command));
        Ok(())
    }

    /// A merge takes all entries along; which those are is known here.
    async fn fill_in(&self, command: &mut Command, number: TicketNumber) -> Result<(), Error> {
        if let Command::MergeInto { entries, .. } = command
            && entries.is_empty()
        {
            *entries = self
                .0
                .db
                .read(move |c| store::entry::ids(c, number).map_err(Error::from))
                .await?;
        }
        Ok(())
    }

    /// Checks an entry's text, stores its files durably and gives it its id.
    pub(crate) async fn ready_entry(
        &self,
        field: &'static str,
        ticket: TicketNumber,
        visibility: EntryVisibility,
        solution: bool,
        mut draft: EntryDraft,
    ) -> Result<ReadyEntry, Error> {
        if draft.body.trim().is_empty() && draft.files.is_empty() {
            return Err(Error::invalid(field, "write something: it is empty"));
        }
        if draft.body.len() > MAX_BODY {
            return Err(Error::invalid(
                field,
                format!("is longer than {} kB; attach it as a file", MAX_BODY / 1024),
            ));
        }
        // PostgreSQL has no NUL in texts, and nobody needs one.
        if draft.body.contains('\0') {
            draft.body = draft.body.replace('\0', "\u{fffd}");
        }
        let id = EntryId(self.uuid());
        let mut files = Vec::new();
        for file in std::mem::take(&mut draft.files) {
            files.push(self.store_file(ticket, id, file).await?);
        }
        Ok(ReadyEntry {
            id,
            visibility,
            solution,
            draft,
            files,
        })
    }
}

/// One command inside a transaction that does more than it: rights that go
/// take tickets along. The command names no other ticket and no entry.
///
/// # Errors
/// What the rules refuse.
pub(crate) fn command_within(
    c: &mut Conn<'_>,
    catalogue: &crate::Catalogue,
    number: TicketNumber,
    command: &Command,
    actor: &Actor,
    cause: Uuid,
    now: Millis,
) -> Result<Vec<Live>, Error> {
    let units: Vec<UnitId> = named_unit(command).into_iter().collect();
    let mut scene = scene::begin(c, catalogue, number, &units)?;
    scene::complete(c, catalogue, &mut scene, |s| s.missing(number, command))?;
    let before = scene.clone();
    let caused = decide(&scene, number, command, actor, &catalogue.rules, now)?;
    for one in &caused {
        scene.apply(one, now);
    }
    save(c, catalogue, (&before, &scene), &caused, actor, cause, now)
}

/// An entry of the desk itself, without files.
pub(crate) fn plain_entry(desk: &Desk, visibility: EntryVisibility, body: String) -> ReadyEntry {
    ReadyEntry {
        id: EntryId(desk.uuid()),
        visibility,
        solution: false,
        draft: EntryDraft {
            body,
            ..EntryDraft::default()
        },
        files: Vec::new(),
    }
}

/// An entry that came from another system, with files that are in the store of
/// files already: name, type, bytes and SHA-256 of each.
pub(crate) fn foreign_entry(
    desk: &Desk,
    ticket: TicketNumber,
    visibility: EntryVisibility,
    body: &str,
    files: Vec<(String, String, i64, String)>,
) -> ReadyEntry {
    let mut entry = plain_entry(
        desk,
        visibility,
        clip(body, MAX_BODY).replace('\0', "\u{fffd}"),
    );
    entry.files = files
        .into_iter()
        .map(|(name, media_type, size, sha256)| Attachment {
            id: desk.uuid(),
            ticket,
            entry: entry.id,
            name: mail::file_name::safe(&name),
            media_type,
            size,
            sha256,
            content_id: None,
            created_at: desk.now(),
        })
        .collect();
    entry
}

/// An entry inside a transaction that does more than it, with commands that go
/// along. They name no other ticket.
///
/// # Errors
/// What the rules refuse; [`Error::Conflict`] when the entry's mail was handled
/// before.
#[expect(
    clippy::too_many_arguments,
    reason = "one transaction's worth of what is known, passed on as it is"
)]
pub(crate) fn write_within(
    c: &mut Conn<'_>,
    catalogue: &crate::Catalogue,
    number: TicketNumber,
    entry: &ReadyEntry,
    commands: &[Command],
    actor: &Actor,
    cause: Uuid,
    now: Millis,
) -> Result<Vec<Live>, Error> {
    let write = Command::Write {
        entry: entry.id,
        visibility: entry.visibility,
    };
    let units: Vec<UnitId> = commands.iter().filter_map(named_unit).collect();
    let mut scene = scene::begin(c, catalogue, number, &units)?;
    let mut before = scene.clone();
    let access = Access::of(actor, &scene.tickets[&number]);
    let mut all = Vec::new();
    for command in std::iter::once(&write).chain(commands) {
        let scenes = (&mut before, &mut scene);
        all.extend(play(c, catalogue, scenes, number, command, actor, now)?);
    }
    store_entry(c, number, entry, actor, access, now)?;
    save(c, catalogue, (&before, &scene), &all, actor, cause, now)
}

/// Plays a command through in a scene, and gives what it causes. What had to be loaded
/// for it is in the scene before, too. Nothing is written.
///
/// # Errors
/// What the rules refuse.
pub(crate) fn play(
    c: &mut Conn<'_>,
    catalogue: &crate::Catalogue,
    (before, scene): (&mut Scene, &mut Scene),
    number: TicketNumber,
    command: &Command,
    actor: &Actor,
    now: Millis,
) -> Result<Vec<Caused>, Error> {
    for came in scene::complete(c, catalogue, scene, |s| s.missing(number, command))? {
        before.tickets.insert(came, scene.tickets[&came].clone());
    }
    let caused = decide(scene, number, command, actor, &catalogue.rules, now)?;
    for one in &caused {
        scene.apply(one, now);
    }
    Ok(caused)
}

/// Which other ticket a command names.
fn named_ticket(command: &Command) -> Option<TicketNumber> {
    match command {
        Command::Relate { other, .. } | Command::Unrelate { other, .. } => Some(*other),
        Command::MergeInto { target, .. } => Some(*target),
        Command::SplitInto { new, .. } | Command::UndoSplit { new } => Some(*new),
        _ => None,
    }
}

/// Which unit a command names.
pub(crate) fn named_unit(command: &Command) -> Option<UnitId> {
    match command {
        Command::Assign { unit, .. } => Some(*unit),
        _ => None,
    }
}

pub(crate) fn store_entry(
    c: &mut Conn<'_>,
    ticket: TicketNumber,
    entry: &ReadyEntry,
    actor: &Actor,
    access: Access,
    now: Millis,
) -> Result<(), Error> {
    let outside = matches!(actor.channel, Channel::Mail | Channel::Bridge);
    let side = if actor.is_system() && outside {
        // A word of a mailing list, or of another system.
        "external"
    } else if actor.is_system() {
        "system"
    } else if access.speaks_for_requester() {
        "requester"
    } else {
        "support"
    };
    store::entry::insert(
        c,
        &Entry {
            id: entry.id,
            ticket,
            seq: 0,
            at: now,
            author: actor.person,
            author_name: actor.name.clone(),
            author_side: side.into(),
            channel: actor.channel.key().into(),
            visibility: entry.visibility,
            solution: entry.solution,
            body: entry.draft.body.clone(),
            quoted: entry.draft.quoted.clone(),
            html: entry.draft.html.clone(),
            mail: entry.draft.mail,
            protection: protection_of(&entry.draft)?,
        },
    )?;
    if let Some(mail) = entry.draft.mail
        && !store::mail::became_entry(c, mail, ticket, entry.id)?
    {
        return Err(Error::Conflict("this mail was handled before".into()));
    }
    for file in &entry.files {
        let mut file = file.clone();
        file.ticket = ticket;
        store::entry::insert_attachment(c, &file)?;
    }
    Ok(())
}

fn protection_of(draft: &EntryDraft) -> Result<Option<String>, Error> {
    if draft.protection.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(&draft.protection)
        .map(Some)
        .map_err(|e| Error::Internal(format!("protection to JSON: {e}")))
}

/// Saves what became of a scene: tickets with their clocks, their timers, moved entries,
/// events.
pub(crate) fn save(
    c: &mut Conn<'_>,
    catalogue: &crate::Catalogue,
    (before, after): (&Scene, &Scene),
    all: &[Caused],
    actor: &Actor,
    cause: Uuid,
    now: Millis,
) -> Result<Vec<Live>, Error> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let touched: BTreeSet<TicketNumber> = all.iter().map(|one| one.ticket).collect();
    let terms = catalogue.terms();
    for number in &touched {
        let new: &Ticket = &after.tickets[number];
        match before.tickets.get(number) {
            Some(old) => {
                let stored = store::ticket::update(c, old, new)?;
                ticket_clock::go_on(c, catalogue, (old, new), &stored, all, now)?;
            }
            None => {
                let (kept, clocks) = ticket_clock::begun(new, all, terms, now)?;
                store::ticket::insert(c, new, &kept)?;
                crate::timer::keep_target(c, catalogue, None, (new, &clocks))?;
            }
        }
        crate::timer::keep(c, catalogue, before.tickets.get(number), new)?;
    }
    for one in all {
        move_entries(c, one)?;
    }
    let first = store::counter::advance(c, "event", all.len() as i64)?;
    let mut seq: std::collections::BTreeMap<TicketNumber, i64> = touched
        .iter()
        .map(|n| (*n, before.tickets.get(n).map_or(0, |t| t.version)))
        .collect();
    let mut live = Vec::new();
    for (id, one) in (first..).zip(all) {
        let seq = seq.entry(one.ticket).or_default();
        *seq += 1;
        store::event::insert(
            c,
            &Event {
                id,
                ticket: one.ticket,
                seq: *seq,
                at: now,
                actor: actor.person,
                actor_name: actor.name.clone(),
                channel: actor.channel.key().into(),
                cause,
                change: one.change.clone(),
            },
        )?;
        live.retain(|l: &Live| l.ticket != one.ticket);
        live.push(Live {
            ticket: one.ticket,
            event: id,
        });
    }
    Ok(live)
}

/// Entries follow what the rules decided about them.
fn move_entries(c: &mut Conn<'_>, one: &Caused) -> Result<(), Error> {
    use switchboard_core::Change;
    match &one.change {
        Change::MergedIn { from } => {
            store::ticket::move_entries(c, &from.entries, one.ticket)?;
        }
        Change::MergeUndone { from } => {
            store::ticket::move_entries(c, &from.entries, from.ticket)?;
        }
        Change::EntriesMoved {
            entries,
            to: Some(to),
            ..
        } => store::ticket::move_entries(c, entries, *to)?,
        Change::EntriesReturned {
            entries,
            from: Some(_),
        } => store::ticket::move_entries(c, entries, one.ticket)?,
        _ => {}
    }
    Ok(())
}
