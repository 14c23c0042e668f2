//! Full integration: a ticket of ours lives in another helpdesk's system too.
//!
//! An agreement has a coupling: how far that system was read, and whether it can
//! be talked to. Each ticket that travels has a link, with the state that the
//! rules of `switchboard_core::exchange` keep.
//!
//! What happens here follows from the events (`given`); what is to be done
//! there, and what happened there, is looked after in rounds (`round`), one per
//! coupling at a time, apart from each other and from everything else. A call is
//! recorded before it is made and its answer after, each in a transaction of its
//! own; nothing is called within one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use connect::tracker::Tracker;
use store::Conn;
use store::agreement::Agreement;
use store::coupling::{Coupling, State};
use store::exchange::{Line, Link, Went};
use switchboard_core::exchange::{
    Call, CallState, Change, DeskId, Field, Link as Road, Manner, Passes, Place, Polling, Stage,
    TieInput, TieStep, What, Words, record,
};
use switchboard_core::onboarding::{Way, WordMap};
use switchboard_core::{Millis, Ticket, UnitId};
use uuid::Uuid;

use crate::{Desk, Error};
use fields::Mapped;

mod comes;
pub mod curve;
mod dead;
mod fields;
pub(crate) mod given;
mod goes;
mod heard;
pub mod invitation;
pub(crate) mod joint;
mod links;
mod opened;
pub(crate) mod owner;
pub mod partner;
pub mod partner_dead;
pub mod partner_door;
mod partner_round;
mod partner_view;
pub(crate) mod review;
mod round;
mod rounds;
mod taken;
mod there;
pub mod view;
mod wake;

pub use wake::Knock;

/// Between two looks at a system.
const POLL_MS: Millis = 30_000;
/// A call that was not answered is done by then, or never will be. RT needs
/// seconds; who waits for the answer itself waits twice as long.
const SETTLE_MS: Millis = 30_000;
/// Between two looks at a link that is not at rest.
const AGAIN_MS: Millis = 5_000;

/// The clients of the systems, by agreement: they keep their sessions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trackers(Arc<Mutex<HashMap<Uuid, Arc<dyn Tracker>>>>);

impl Trackers {
    fn get(&self, agreement: Uuid) -> Option<Arc<dyn Tracker>> {
        // A map is as good after a panic as before.
        let map = self.0.lock().unwrap_or_else(|e| e.into_inner());
        map.get(&agreement).cloned()
    }

    fn put(&self, agreement: Uuid, tracker: Arc<dyn Tracker>) {
        let mut map = self.0.lock().unwrap_or_else(|e| e.into_inner());
        map.insert(agreement, tracker);
    }
}

impl Desk {
    /// Speaks with the system of an agreement through this client from now on,
    /// in this process: for tests, and for systems that are not reached by the
    /// agreement's address.
    pub fn use_tracker(&self, agreement: Uuid, tracker: Arc<dyn Tracker>) {
        self.0.trackers.put(agreement, tracker);
    }
}

/// Stores a new agreement; one that couples a system gets what the exchange
/// needs. Ending it is [`store::agreement::close`]: tickets that travel then go
/// on to their end, and no new one begins.
///
/// # Errors
/// When the database can not be written.
pub(crate) fn agree(c: &mut Conn<'_>, agreement: &Agreement, now: Millis) -> Result<(), Error> {
    store::agreement::insert(c, agreement)?;
    if agreement.option == Way::Integration {
        store::coupling::insert(c, agreement.id, State::On, POLL_MS, now)?;
    }
    Ok(())
}

/// What every step under one agreement looks at.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    agreement: Agreement,
    coupling: Coupling,
    me: DeskId,
    manner: Manner,
    passes: Passes,
    /// What travels beside status and priority.
    fields: BTreeMap<Field, Mapped>,
    /// The units whose tickets lie in queues of their own there, by key.
    units: BTreeMap<String, UnitId>,
}

/// A text as the name of a desk.
fn desk_id(text: &str) -> Result<DeskId, Error> {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    let name: String = text
        .to_ascii_lowercase()
        .chars()
        .map(|c| if fine(c) { c } else { '-' })
        .take(90)
        .collect();
    DeskId::new(&name).ok_or_else(|| Error::Internal(format!("{text:?} makes no desk's name")))
}

/// Host and port of an address.
pub(crate) fn host(address: &str) -> &str {
    let rest = address.split("://").nth(1).unwrap_or(address);
    rest.split('/').next().unwrap_or(rest)
}

/// The words of RT's own scale; REST 2 knows the numbers only.
fn rt_priorities(words: &WordMap) -> WordMap {
    let number = |word: &String| match word.as_str() {
        "Low" => "0".to_owned(),
        "Medium" => "50".to_owned(),
        "High" => "100".to_owned(),
        other => other.to_owned(),
    };
    let numbers = words
        .iter()
        .map(|(ours, word)| (ours.clone(), number(word)));
    // A word that is no number can not be set there.
    numbers
        .filter(|(_, word)| word.parse::<u32>().is_ok())
        .collect()
}

impl Terms {
    /// The terms of an agreement that couples a system; `None`: there is none.
    ///
    /// # Errors
    /// When the database can not be read.
    pub(crate) fn load(
        c: &mut Conn<'_>,
        desk: &Desk,
        agreement: Uuid,
    ) -> Result<Option<Terms>, Error> {
        let (Some(agreement), Some(coupling)) = (
            store::agreement::load(c, agreement)?,
            store::coupling::load(c, agreement)?,
        ) else {
            return Ok(None);
        };
        let endpoint = agreement.endpoint.clone().unwrap_or_default();
        let label = host(&endpoint).to_owned();
        let tail = agreement.id.simple().to_string().split_off(20);
        let mut words = BTreeMap::new();
        if !agreement.doc.statuses.is_empty() {
            let statuses = Words::of_statuses(agreement.doc.statuses.clone());
            words.insert(Field::Status, statuses);
        }
        let priorities = match agreement.system.as_deref() {
            Some("rt") => rt_priorities(&agreement.doc.priorities),
            _ => agreement.doc.priorities.clone(),
        };
        if !priorities.is_empty() {
            words.insert(Field::Priority, Words::of_priorities(priorities));
        }
        let mut fields = BTreeMap::new();
        for (field, (mapped, its)) in fields::of_agreement(c, &agreement)? {
            words.insert(field.clone(), its);
            fields.insert(field, mapped);
        }
        let (units, queues) = fields::queues(c, &agreement)?;
        if !queues.is_empty() {
            words.insert(fields::queue(), Words::of(queues, [], ""));
        }
        if !agreement.doc.links.is_empty() {
            words.insert(links::ties(), Words::open(WordMap::new()));
        }
        if let Some(owners) = owner::words(c, &agreement)? {
            words.insert(owner::assignee(), owners);
        }
        Ok(Some(Terms {
            me: desk_id(host(&desk.config().public_url))?,
            manner: Manner {
                // Told apart from our own name, and from the same system under
                // another agreement.
                system: desk_id(&format!("{label}-{tail}"))?,
                label,
                prefix: format!("sb{tail}"),
                polling: Polling {
                    every_ms: coupling.poll_ms,
                    settle_ms: SETTLE_MS,
                    ..Polling::default()
                },
                words,
            },
            fields,
            units,
            passes: Passes {
                names: agreement.personal_data,
                addresses: agreement.personal_data,
            },
            agreement,
            coupling,
        }))
    }

    /// The address of the system.
    fn endpoint(&self) -> &str {
        self.agreement.endpoint.as_deref().unwrap_or_default()
    }

    /// The queue, where each counts its tickets by itself.
    fn apart(&self) -> Option<&str> {
        let system = self.agreement.system.as_deref().unwrap_or_default();
        let queue = self.agreement.queue.as_deref().map(str::trim);
        queue.filter(|_| connect::tracker::counts_apart(system))
    }

    /// The key of a unit that has a queue of its own there.
    fn unit_key(&self, unit: UnitId) -> Option<&String> {
        self.units
            .iter()
            .find(|(_, id)| **id == unit)
            .map(|(key, _)| key)
    }

    /// A queue that is some unit's, as the agreement writes it.
    fn known_queue(&self, queue: &str) -> Option<&String> {
        let words = self.manner.words.get(&fields::queue())?;
        words
            .here
            .keys()
            .find(|known| known.eq_ignore_ascii_case(queue))
    }

    /// The field that has this name there.
    fn mapped(&self, there: &str) -> Option<(&Field, &Mapped)> {
        let mut all = self.fields.iter();
        all.find(|(_, mapped)| mapped.there.eq_ignore_ascii_case(there))
    }

    fn road(&self, stage: Stage) -> [Road; 1] {
        [Road {
            peer: self.manner.system.clone(),
            passes: self.passes,
            stage,
        }]
    }

    /// Takes an input in. What is to be made or looked at is the caller's.
    fn step(&self, link: &mut Link, input: TieInput, private: &[String], now: Millis) -> TieStep {
        let links = self.road(link.stage);
        let place = Place {
            me: &self.me,
            links: &links,
            private,
            manner: &self.manner,
            now,
        };
        link.tie.step(input, &mut link.shared, &place)
    }

    /// A change of ours, or one that we make for the system: recorded, and what
    /// is to be done there for it waits for a round.
    fn happened(&self, link: &mut Link, change: Change, private: &[String], now: Millis) {
        let links = self.road(link.stage);
        let recorded = record(&mut link.shared, change, &self.me, &links, private, now);
        for forward in recorded.forward {
            let step = self.step(link, TieInput::Goes(forward.change), private, now);
            put_off(link, &step);
        }
        // Also what did not go may change what is to be set there.
        let step = self.step(link, TieInput::Tick, private, now);
        put_off(link, &step);
        link.due_at = Some(now);
    }
}

/// A call that a step wants made is left for a round: nothing was called.
fn put_off(link: &mut Link, step: &TieStep) {
    if let Some(call) = &step.call {
        for known in &mut link.tie.calls {
            if known.number == call.number {
                known.state = CallState::Waiting;
            }
        }
    }
    if step.look.is_some() {
        link.tie.caught_up_at = None;
        for call in &mut link.tie.calls {
            if let CallState::Doubt { looked, .. } = &mut call.state {
                *looked = None;
            }
        }
    }
}

/// The call that makes the ticket there, if it was refused.
fn refused_making(calls: &[Call]) -> Option<&Call> {
    calls.iter().find(|call| {
        matches!(call.what, What::Create { .. }) && matches!(call.state, CallState::Refused { .. })
    })
}

/// Nothing can be done until somebody says so: the ticket could not be made.
fn stuck(calls: &[Call], made: bool) -> bool {
    !made && refused_making(calls).is_some()
}

/// Stores a link, with its sums. Texts of entries stay in the entries: there they
/// are erased, and from there they are taken when they go.
fn keep(c: &mut Conn<'_>, link: &mut Link, now: Millis) -> Result<(), Error> {
    link.shared.let_go_of_texts();
    let named: std::collections::BTreeSet<_> = store::exchange::entries(c, link.id)?
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    let mut waiting = 0;
    // Behind a ticket that was refused nothing waits: that it was stands among the
    // dead letters.
    let stuck = stuck(&link.tie.calls, link.tie.there.is_some());
    for call in &mut link.tie.calls {
        if !stuck && !matches!(call.state, CallState::Refused { .. }) {
            waiting += 1;
        }
        if let What::Create {
            name, author, body, ..
        }
        | What::Write { name, author, body } = &mut call.what
            && named.contains(name)
        {
            body.clear();
            author.name = None;
            author.address = None;
        }
    }
    link.waiting = waiting;
    link.waiting_since = (waiting > 0).then(|| link.waiting_since.unwrap_or(now));
    store::exchange::save(c, link)?;
    Ok(())
}

/// A line of what went where and why.
fn note(
    c: &mut Conn<'_>,
    desk: &Desk,
    link: Uuid,
    way: Went,
    what: impl Into<String>,
    there: Option<String>,
) -> Result<(), Error> {
    let line = Line {
        id: desk.uuid(),
        link,
        at: desk.now(),
        way,
        what: what.into(),
        there,
    };
    store::exchange::log(c, &line)?;
    Ok(())
}

/// The addresses of everybody who has to do with a ticket.
fn private(c: &mut Conn<'_>, ticket: &Ticket) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    for person in ticket.people() {
        all.extend(
            store::person::emails(c, person)?
                .into_iter()
                .map(|(a, _)| a),
        );
        all.extend(store::person::load(c, person)?.and_then(|p| p.email));
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}
