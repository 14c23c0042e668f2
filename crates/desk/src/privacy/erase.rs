//! Erasing a person: step by step, each in transactions of its own, each bearing to
//! be done twice. A desk that stops in between goes on where it stood.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;
use store::erasure::Erasure;
use store::job::NewJob;
use store::trace::Hints;
use switchboard_core::redact::{ERASED, Traces, strings_mut};
use switchboard_core::{Actor, Channel, Command, Millis, PersonId, TicketNumber};
use uuid::Uuid;

use super::erase_ticket::{self, Erased};
use super::places::{self, Holds, Rows};
use super::wish;
use crate::act::Step as TicketStep;
use crate::audit::{self, Subject};
use crate::jobs::{ERASE, Outcome};
use crate::{Desk, Error};

/// Tickets changed in one transaction.
const TICKETS: i64 = 5;
/// Texts looked at in one go.
const TEXTS: i64 = 200;
/// Deeds whose detail is taken out in one transaction.
const DEEDS: usize = 200;
/// Pieces of work in one run of the job; the next run goes on.
const PIECES: usize = 40;

/// What is looked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Looked {
    names: Vec<String>,
    addresses: Vec<String>,
}

/// The steps, in their order, by the words that are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Nobody acts as them any more; their row has no name.
    LockOut,
    /// Tickets.
    Tickets,
    /// Mails that belong to no ticket.
    Mails,
    /// Texts of all other tables.
    Words,
    /// The detail of deeds.
    Deeds,
    /// The search index is rewritten.
    Index,
}

impl Step {
    const ALL: [Step; 6] = [
        Step::LockOut,
        Step::Tickets,
        Step::Mails,
        Step::Words,
        Step::Deeds,
        Step::Index,
    ];

    fn key(self) -> &'static str {
        match self {
            Step::LockOut => "lock_out",
            Step::Tickets => "tickets",
            Step::Mails => "mails",
            Step::Words => "words",
            Step::Deeds => "deeds",
            Step::Index => "index",
        }
    }

    /// Reads a stored word; what is unknown begins anew, which does no harm.
    fn of(key: &str) -> Step {
        Step::ALL
            .into_iter()
            .find(|s| s.key() == key)
            .unwrap_or(Step::LockOut)
    }

    fn next(self) -> Option<Step> {
        let at = Step::ALL.iter().position(|s| *s == self)?;
        Step::ALL.get(at + 1).copied()
    }
}

/// The step at which an erasure begins.
pub(super) fn first_step() -> &'static str {
    Step::LockOut.key()
}

/// The job: begins an erasure whose time has come, or goes on with it.
pub(crate) async fn run(desk: &Desk, payload: &str) -> Result<Outcome, Error> {
    let Ok(id) = Uuid::try_parse(payload) else {
        return Ok(Outcome::Never("the job names no erasure".into()));
    };
    for _ in 0..PIECES {
        if !desk.erase_on(id).await? {
            return Ok(Outcome::Done);
        }
    }
    Ok(Outcome::On(id.to_string()))
}

impl Desk {
    /// Erases again who was erased and is there once more, as after the restore of a
    /// backup, and finishes what a stopped desk left half done. To be called before
    /// anything is served. Returns how many people that were.
    ///
    /// # Errors
    /// When the database or the ledger can not be read or written: then nothing may
    /// be served.
    pub async fn erase_reappeared(&self) -> Result<usize, Error> {
        let back = self.reappeared().await?;
        let count = back.len();
        for person in back {
            let id = self.uuid();
            let now = self.now();
            self.0
                .db
                .write(move |c| {
                    // One that the backup has under way is taken up again.
                    if store::erasure::of_person(c, person)?.is_some_and(|e| e.state == "running") {
                        return Ok(());
                    }
                    store::erasure::save(
                        c,
                        &Erasure {
                            id,
                            person,
                            asked_at: now,
                            asked_by: None,
                            reason: "erased before; came back with a backup".into(),
                            confirm_hash: None,
                            confirm_until: None,
                            state: "running".into(),
                            due_at: Some(now),
                            traces: None,
                            step: first_step().into(),
                            position: 0,
                            tickets: 0,
                            refusal: None,
                            ended_at: None,
                        },
                    )?;
                    Ok::<_, Error>(())
                })
                .await?;
        }
        let running = self
            .0
            .db
            .read(|c| store::erasure::running(c).map_err(Error::from))
            .await?;
        for erasure in running {
            while self.erase_on(erasure.id).await? {}
        }
        if count > 0 {
            tracing::warn!(
                count,
                "people who were erased came back and were erased again"
            );
        }
        Ok(count)
    }

    /// One piece of an erasure; `false`: nothing is left to do.
    async fn erase_on(&self, id: Uuid) -> Result<bool, Error> {
        let loaded = self
            .0
            .db
            .read(move |c| store::erasure::load(c, id).map_err(Error::from))
            .await?;
        let Some(erasure) = loaded else {
            return Ok(false);
        };
        match erasure.state.as_str() {
            "waiting" if erasure.due_at.is_some_and(|at| at <= self.now()) => {
                self.begin_erasure(erasure).await
            }
            "running" => {
                let step = Step::of(&erasure.step);
                match step {
                    Step::LockOut => self.lock_out(erasure).await,
                    Step::Tickets => self.erase_tickets(erasure).await,
                    Step::Mails => self.erase_loose_mails(erasure).await,
                    Step::Words => self.erase_words(erasure).await,
                    Step::Deeds => self.erase_deeds(erasure).await,
                    Step::Index => self.rewrite_index(erasure).await,
                }
            }
            _ => Ok(false),
        }
    }

    /// Looks once more whether anything stands against it: much may have happened
    /// while it waited.
    async fn begin_erasure(&self, mut erasure: Erasure) -> Result<bool, Error> {
        let now = self.now();
        self.0
            .db
            .write(move |c| {
                match wish::stands_against(c, erasure.person)? {
                    Some(why) => {
                        erasure.state = "refused".into();
                        erasure.refusal = Some(why.clone());
                        erasure.ended_at = Some(now);
                        audit::record(
                            c,
                            &Actor::system(Channel::Job),
                            now,
                            "person.erasure_refused",
                            &Subject::Person(erasure.person),
                            &json!({ "why": why }),
                        )?;
                    }
                    None => erasure.state = "running".into(),
                }
                store::erasure::save(c, &erasure)?;
                Ok(erasure.state == "running")
            })
            .await
    }

    /// Nobody acts as them from here on: no session, token, membership, address. What
    /// is looked for afterwards is kept with the erasure until its end.
    async fn lock_out(&self, erasure: Erasure) -> Result<bool, Error> {
        let (salted, _) = self.reconcile_ledger().await?;
        let person = erasure.person;
        self.give_up_tickets(person).await?;
        let now = self.now();
        let marks = self
            .0
            .db
            .write(move |c| {
                let mut erasure = erasure.clone();
                let mut looked = looked(&erasure);
                let mut names: BTreeSet<String> = looked.names.drain(..).collect();
                let mut addresses: BTreeSet<String> = looked.addresses.drain(..).collect();
                if let Some(known) = store::person::load(c, person)? {
                    names.insert(known.name);
                    addresses.extend(known.email);
                }
                names.extend(store::trace::names_used(c, person)?);
                addresses.extend(
                    store::person::emails(c, person)?
                        .into_iter()
                        .map(|(address, _)| address),
                );
                names.remove(ERASED);
                looked.names = names.into_iter().collect();
                looked.addresses = addresses.into_iter().collect();
                let marks = salted.marks(person, &looked.addresses, now);
                for mark in &marks {
                    store::erasure::mark(c, mark)?;
                }
                store::trace::overwrite(c, true)?;
                for export in store::data_export::of_person(c, person)? {
                    super::files::doom(c, export.file.as_deref().unwrap_or_default(), now)?;
                }
                for table in places::tables(c.dialect()).filter(|t| t.rows == Rows::Go) {
                    store::trace::delete_rows_of(c, table.name, table.whose, person)?;
                }
                store::trace::forget_failures(c, &looked.addresses)?;
                crate::exchange::owner::forget(c, &looked.addresses)?;
                store::erasure::forget_reasons(c, person)?;
                store::satisfaction::forget_words(c, person)?;
                store::erasure::empty_person(c, person, ERASED, now)?;
                store::trace::overwrite(c, false)?;
                erasure.traces = serde_json::to_string(&looked).ok();
                advance(&mut erasure, Step::Tickets);
                store::erasure::save(c, &erasure)?;
                Ok::<_, Error>(marks)
            })
            .await?;
        self.forget_actors();
        // Only what is in the file too outlives a restore.
        self.file_marks(&marks).await?;
        Ok(true)
    }

    /// Open tickets that they own go back to their units.
    async fn give_up_tickets(&self, person: PersonId) -> Result<(), Error> {
        let owned = self
            .0
            .db
            .read(move |c| {
                let filter = store::list::Filter::default()
                    .and(store::list::Condition::Open(true))
                    .and(store::list::Condition::Owner(store::list::OwnerIs::Person(
                        person,
                    )));
                store::list::page(
                    c,
                    &store::list::Scope::Everything,
                    &filter,
                    store::list::Sort::Newest,
                    None,
                    1_000,
                )
                .map_err(Error::from)
            })
            .await?;
        let system = Actor::system(Channel::Job);
        for item in owned {
            let nobody = Command::SetOwner { owner: None };
            let done = self
                .act(
                    &system,
                    item.number,
                    None,
                    vec![TicketStep::Command(nobody)],
                )
                .await;
            // Slaves and the like refuse it; their owner has no name from now on.
            if let Err(e) = done {
                tracing::info!(ticket = %item.number, error = %e, "stays with who is erased");
            }
        }
        Ok(())
    }

    async fn erase_tickets(&self, erasure: Erasure) -> Result<bool, Error> {
        let catalogue = self.catalogue().await?;
        let who = erased(&erasure);
        let (after, wanted) = (erasure.position, who.clone());
        let (numbers, mails) = self
            .0
            .db
            .read(move |c| {
                let hints = Hints::of(wanted.unmistakable.needles());
                let numbers = store::trace::tickets(
                    c,
                    wanted.person,
                    &wanted.addresses,
                    &hints,
                    after,
                    TICKETS,
                )?;
                let mut mails = Vec::new();
                for number in &numbers {
                    let received = store::trace::received_for(c, *number)?;
                    mails.extend(received.into_iter().map(|m| (m.id, m.raw)));
                }
                Ok::<_, Error>((numbers, mails))
            })
            .await?;
        let originals = self.originals(&who, mails).await?;
        let (desk, now) = (self.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let mut erasure = erasure.clone();
                store::trace::overwrite(c, true)?;
                for number in &numbers {
                    let number = TicketNumber(*number);
                    if erase_ticket::erase(c, &catalogue, &who, number, &originals, now)? {
                        erasure.tickets += 1;
                        crate::exchange::joint::erased_here(c, &desk, &catalogue, number, now)?;
                        store::trace::overwrite(c, true)?;
                    }
                    erasure.position = number.0;
                }
                store::trace::overwrite(c, false)?;
                if (numbers.len() as i64) < TICKETS {
                    advance(&mut erasure, Step::Mails);
                }
                store::erasure::save(c, &erasure)?;
                Ok(true)
            })
            .await
    }

    /// Which of the mails name the person in their stored bytes.
    async fn originals(
        &self,
        who: &Erased,
        mails: Vec<(Uuid, String)>,
    ) -> Result<BTreeSet<Uuid>, Error> {
        let (blobs, traces) = (self.0.blobs.clone(), who.at_home.clone());
        tokio::task::spawn_blocking(move || {
            let mut found = BTreeSet::new();
            for (id, raw) in mails {
                let bytes = blobs.get(&raw).ok().flatten();
                if bytes.is_some_and(|bytes| erase_ticket::names(&bytes, &traces)) {
                    found.insert(id);
                }
            }
            found
        })
        .await
        .map_err(|e| Error::Internal(format!("mail originals: {e}")))
    }

    /// Mails that belong to no ticket: refused, set aside, letters.
    async fn erase_loose_mails(&self, erasure: Erasure) -> Result<bool, Error> {
        let who = erased(&erasure);
        let now = self.now();
        self.0
            .db
            .write(move |c| {
                let mut erasure = erasure.clone();
                let traces = &who.unmistakable;
                store::trace::overwrite(c, true)?;
                let hints = Hints::of(traces.needles());
                let mut after = None;
                loop {
                    let some = store::trace::received_naming(c, &hints, after, TEXTS)?;
                    let Some(last) = some.last() else { break };
                    after = Some(last.id);
                    for mail in some {
                        let names = [&mail.sender, &mail.reason, &mail.flagged]
                            .into_iter()
                            .flatten()
                            .chain([&mail.subject])
                            .any(|t| traces.are_in(t));
                        if names {
                            // `sender` is the header as it was written.
                            let theirs = mail
                                .sender
                                .as_deref()
                                .is_some_and(|s| who.by_address.are_in(s));
                            erase_ticket::empty_incoming(c, mail, traces, theirs, true, now)?;
                        }
                    }
                }
                for mail in store::trace::posted_to(c, who.person, &who.addresses)? {
                    erase_ticket::empty_posted(c, mail)?;
                }
                for address in &who.addresses {
                    store::outbox::revive_address(c, address)?;
                }
                store::trace::overwrite(c, false)?;
                advance(&mut erasure, Step::Words);
                store::erasure::save(c, &erasure)?;
                Ok(true)
            })
            .await
    }

    /// Texts of all tables that the list of places names; one column at a time.
    async fn erase_words(&self, erasure: Erasure) -> Result<bool, Error> {
        let dialect = self.0.db.dialect();
        let columns: Vec<_> = [Holds::Words, Holds::Json, Holds::Address]
            .into_iter()
            .flat_map(|holds| {
                places::columns(dialect, holds).map(move |(table, column)| (table, column, holds))
            })
            .collect();
        let at = usize::try_from(erasure.position).unwrap_or(0);
        let who = erased(&erasure);
        let Some((table, column, holds)) = columns.get(at).copied() else {
            return self.go_on(erasure, Step::Deeds).await;
        };
        let place = (table.name, table.key, column);
        self.0
            .db
            .write(move |c| {
                let mut erasure = erasure.clone();
                let traces = &who.unmistakable;
                let hints = Hints::of(traces.needles());
                let mut after = None;
                store::trace::overwrite(c, true)?;
                while !hints.is_empty() {
                    let found = store::trace::texts(c, place, &hints, after.as_ref(), TEXTS)?;
                    let Some((last, _)) = found.last() else { break };
                    after = Some(last.clone());
                    for (key, text) in found {
                        let left = match holds {
                            Holds::Address => traces.are_in(&text).then_some(None),
                            Holds::Json => without(&text, traces).map(Some),
                            _ => traces.taken_out(&text).map(Some),
                        };
                        match left {
                            Some(Some(left)) => {
                                store::trace::set_text(c, place, &key, Some(&left))?;
                            }
                            Some(None) => {
                                // Where there has to be an address, an empty one is none.
                                let none =
                                    c.attempt(|c| store::trace::set_text(c, place, &key, None));
                                if none.is_err() {
                                    store::trace::set_text(c, place, &key, Some(""))?;
                                }
                            }
                            None => {}
                        }
                    }
                }
                store::trace::overwrite(c, false)?;
                erasure.position += 1;
                store::erasure::save(c, &erasure)?;
                Ok::<_, Error>(())
            })
            .await?;
        self.forget_catalogue();
        Ok(true)
    }

    /// The detail of deeds about them, and of others that name them. A deed that says
    /// which rows these are goes with it, so that the chain still holds.
    async fn erase_deeds(&self, erasure: Erasure) -> Result<bool, Error> {
        let who = erased(&erasure);
        let now = self.now();
        self.0
            .db
            .write(move |c| {
                let mut erasure = erasure.clone();
                let hints = Hints::of(who.at_home.needles());
                let mut rows = Vec::new();
                let mut after = 0;
                while rows.len() < DEEDS {
                    let some = store::trace::deeds(c, who.person, &hints, after, TEXTS)?;
                    let Some((last, ..)) = some.last() else { break };
                    after = *last;
                    for (id, about, by, detail) in some {
                        let traces = if by { &who.at_home } else { &who.unmistakable };
                        if about || traces.are_in(&detail) {
                            rows.push(id);
                        }
                    }
                }
                store::trace::overwrite(c, true)?;
                store::audit::take_out(c, &rows)?;
                store::trace::overwrite(c, false)?;
                let more = rows.len() >= DEEDS;
                if !rows.is_empty() || !more {
                    audit::record(
                        c,
                        &Actor::system(Channel::Job),
                        now,
                        audit::ERASED,
                        &Subject::Person(who.person),
                        &json!({ "audit_rows": rows, "tickets": erasure.tickets }),
                    )?;
                }
                if !more {
                    advance(&mut erasure, Step::Index);
                }
                store::erasure::save(c, &erasure)?;
                Ok(true)
            })
            .await
    }

    async fn rewrite_index(&self, erasure: Erasure) -> Result<bool, Error> {
        let who = erased(&erasure);
        let now = self.now();
        self.0
            .db
            .write(move |c| {
                let mut erasure = erasure.clone();
                store::trace::overwrite(c, true)?;
                if erasure.position == 0 {
                    // Names and addresses were in the index of every ticket that they
                    // were on; now they are in none.
                    let words = store::search::SearchDoc {
                        public_text: who.at_home.needles().join(" "),
                        ..store::search::SearchDoc::default()
                    };
                    store::search::forget_words(c, &store::search::words(&words))?;
                }
                let more = store::search::rewrite(c, erasure.position == 0)?;
                store::trace::overwrite(c, false)?;
                erasure.position += 1;
                if !more {
                    erasure.state = "done".into();
                    erasure.traces = None;
                    // Nobody's reason any more.
                    erasure.reason = String::new();
                    erasure.confirm_hash = None;
                    erasure.ended_at = Some(now);
                }
                store::trace::overwrite(c, true)?;
                store::erasure::save(c, &erasure)?;
                store::trace::overwrite(c, false)?;
                Ok(more)
            })
            .await
    }

    async fn go_on(&self, erasure: Erasure, step: Step) -> Result<bool, Error> {
        self.0
            .db
            .write(move |c| {
                let mut erasure = erasure.clone();
                advance(&mut erasure, step);
                store::erasure::save(c, &erasure)?;
                Ok(true)
            })
            .await
    }
}

/// To the next step, from its beginning.
fn advance(erasure: &mut Erasure, step: Step) {
    debug_assert_eq!(Step::of(&erasure.step).next(), Some(step));
    erasure.step = step.key().into();
    erasure.position = 0;
}

fn looked(erasure: &Erasure) -> Looked {
    erasure
        .traces
        .as_deref()
        .and_then(|t| serde_json::from_str(t).ok())
        .unwrap_or_default()
}

fn erased(erasure: &Erasure) -> Erased {
    let looked = looked(erasure);
    Erased {
        person: erasure.person,
        at_home: Traces::of(&looked.names, &looked.addresses),
        unmistakable: Traces::unmistakable(&looked.names, &looked.addresses),
        by_address: Traces::of(&[], &looked.addresses),
        addresses: looked.addresses,
    }
}

/// A JSON text with the person taken out of its strings; `None`: they are not in it.
fn without(text: &str, traces: &Traces) -> Option<String> {
    let Ok(mut value) = serde_json::from_str::<serde_json::Value>(text) else {
        return traces.taken_out(text);
    };
    let mut found = false;
    strings_mut(&mut value, &mut |string| {
        if let Some(left) = traces.taken_out(string) {
            *string = left;
            found = true;
        }
    });
    found.then(|| value.to_string())
}

/// When an erasure that waits is looked at.
pub(super) fn enqueue(c: &mut store::Conn<'_>, id: Uuid, at: Millis) -> Result<(), Error> {
    store::job::enqueue(
        c,
        &NewJob {
            kind: ERASE,
            payload: id.to_string(),
            run_at: at,
            unique_key: Some(format!("{ERASE}:{id}:{at}")),
        },
    )?;
    Ok(())
}
