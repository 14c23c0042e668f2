//! A shared ticket's tie to a ticket in a system that knows nothing of us.
//!
//! The desk speaks for that system: what happens there becomes changes with the
//! system's own name, so that to everybody else it looks like a desk. Entries
//! are told apart by their numbers there and by markers; fields follow the last
//! value on either side, by the rules of domain section 8.

mod goes;
mod takes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::call::{Call, CallState, What};
use super::change::{Change, Entry};
use super::field::Field;
use super::link::Link;
use super::origin::{DeskId, Name, SharedId};
use super::reader::Polling;
use super::record::{Recorded, record};
use super::remote::{RemoteChange, RemoteDeed};
use super::shared::Shared;
use super::words::Words;
use crate::id::{Millis, TicketNumber};
use crate::status::Status;

/// What an agreement with such a system says. Data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manner {
    /// How the system is called in names of changes.
    pub system: DeskId,
    /// How it is called by people.
    pub label: String,
    /// What every marker of ours begins with. Drawn at random when the agreement
    /// is made, and anew after a backup was restored.
    pub prefix: String,
    /// When to look.
    pub polling: Polling,
    /// The fields that travel, with their words.
    pub words: BTreeMap<Field, Words>,
}

/// The state of a tie.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tie {
    /// The ticket's number there, once it is known.
    pub there: Option<String>,
    /// Every number whose changes are this ticket's: more than one after it was
    /// merged there.
    pub numbers: BTreeSet<String>,
    /// Numbers of changes there that were read.
    pub read: BTreeSet<u64>,
    /// What is to be done there, in order.
    pub calls: Vec<Call>,
    /// How many calls there were.
    pub numbered: u64,
    /// How the fields stand there.
    pub fields: BTreeMap<Field, There>,
    /// Their words with which it was opened there: what it was opened with is their value, in
    /// a word that we need not have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub opened: BTreeMap<Field, String>,
    /// Fields whose value there is not taken over here, each with a sum of the value that
    /// stays here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left: BTreeMap<Field, u32>,
    /// The last that was written there by somebody else: what a *resolved*
    /// takes for its solution.
    pub last_word: Option<String>,
    /// Everything that was there when its number became known has been read.
    pub caught_up: bool,
    /// When it was last read for that.
    pub caught_up_at: Option<Millis>,
    /// It goes on there in a ticket that another shared ticket is tied to: what
    /// is written there is that one's, and what is written here goes there.
    pub joined: bool,
    /// The ticket there was deleted.
    pub gone: bool,
}

/// Where a step is taken: the desk that speaks for the system.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The desk.
    pub me: &'a DeskId,
    /// The ticket's links.
    pub links: &'a [Link],
    /// The addresses of everybody who has to do with the ticket.
    pub private: &'a [String],
    /// The agreement.
    pub manner: &'a Manner,
    /// The desk's clock. It must not jump while the process lives.
    pub now: Millis,
}

/// What a step works on.
struct Work<'a, 'b> {
    shared: &'a mut Shared,
    place: &'b Place<'b>,
    step: TieStep,
}

impl Work<'_, '_> {
    fn record(&mut self, change: Change) {
        let Place {
            me,
            links,
            private,
            now,
            ..
        } = *self.place;
        let recorded = record(self.shared, change, me, links, private, now);
        self.step.recorded.log.extend(recorded.log);
        self.step.recorded.forward.extend(recorded.forward);
        self.step.recorded.erase.extend(recorded.erase);
    }
}

/// How a field stands there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct There {
    /// Their word; `None`: not known yet.
    pub raw: Option<String>,
    /// The number of the change that set it, as far as it was read.
    pub id: u64,
    /// We set it.
    pub ours: bool,
    /// The turn of the baton in which it was read that they set it.
    pub turn: u64,
    /// The settings of the shared ticket that it shows.
    pub shows: Vec<Name>,
    /// How often in a row it was set back.
    pub corrections: u32,
}

/// What a tie is told.
#[derive(Debug, Clone)]
pub enum TieInput {
    /// A change goes to this system: it passed the agreement's filter
    /// ([`super::Link::leaves`]).
    Goes(Change),
    /// Changes of the ticket were read there.
    Read {
        /// In any order; those that were read before do no harm.
        changes: Vec<RemoteChange>,
        /// All there are, and when they were asked for, by our clock: for calls
        /// in doubt.
        whole: Option<Millis>,
    },
    /// There is no ticket with the marker of its making, asked for then.
    NotMade(Millis),
    /// The answer to a call. It is believed as far as nothing later was read
    /// since the call was made.
    Answered {
        /// Which.
        call: u64,
        /// What.
        answer: Answer,
    },
    /// No answer came in time.
    Lost(u64),
    /// A person says that a call that was refused is to be made again.
    Retry(u64),
    /// This process is new: whoever made calls before is gone.
    Restarted,
    /// Time has passed.
    Tick,
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The ticket was made, with this number.
    Made(String),
    /// It was done.
    Done,
    /// It is not done, and may be tried again: it comes out again at once, so
    /// who was told to wait says this when the wait is over.
    Later,
    /// It will never be done.
    Refused(String),
}

/// What follows. The tie, the [`Shared`] and `recorded` are kept in one
/// transaction; the rest is done when it has committed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TieStep {
    /// What happened there, and what follows from that.
    pub recorded: Recorded,
    /// Make this call.
    pub call: Option<Call>,
    /// Read the ticket there as a whole, or look for it by this marker when its
    /// number is not known.
    pub look: Option<LookFor>,
    /// For who looks after the agreement: unknown words, values that were kept,
    /// robots.
    pub notes: Vec<Note>,
}

/// How to look for what may have been done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookFor {
    /// Every change of this ticket.
    Ticket(String),
    /// A ticket that was made with this marker.
    Marker(String),
}

/// Something to be shown beside the tie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// A word that the agreement does not know; ours stays, or the default
    /// comes.
    Unknown {
        /// Of which field.
        field: Field,
        /// The word.
        raw: String,
    },
    /// Their value says less than ours, or nothing against it: ours stays.
    Kept {
        /// Of which field.
        field: Field,
        /// Theirs.
        raw: String,
        /// Ours.
        ours: String,
    },
    /// It was set back so often that something there must do it by itself.
    Robot {
        /// Which field.
        field: Field,
    },
    /// They do not take something.
    Refused {
        /// Which call.
        call: u64,
        /// In their words.
        why: String,
    },
    /// The ticket was deleted there; the baton came back.
    Deleted,
    /// The ticket there goes on in another.
    Moved {
        /// Its number.
        into: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Unknown { field, raw } => write!(
                f,
                "the agreement has no word for their {field} “{raw}”: add one"
            ),
            Note::Kept { field, raw, ours } => write!(
                f,
                "their {field} “{raw}” says nothing against ours: “{ours}” stays"
            ),
            Note::Robot { field } => write!(
                f,
                "something there sets {field} back each time: it is left as it is until somebody here sets it anew"
            ),
            Note::Refused { call, why } => write!(f, "call {call} was refused there: {why}"),
            Note::Deleted => f.write_str("the ticket was deleted there"),
            Note::Moved { into } => write!(f, "the ticket there goes on in {into}"),
        }
    }
}

impl Manner {
    /// Whether a call for this shared ticket has that marker.
    pub fn marks(&self, ticket: &SharedId, marker: &str) -> bool {
        let number = marker.strip_prefix(&goes::marker_of(self, ticket));
        number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    }

    /// The number that the shared ticket of a marker has at the desk that opened
    /// it; `None`: it is no marker of ours.
    pub fn number_of(&self, marker: &str) -> Option<TicketNumber> {
        let rest = marker.strip_prefix(&self.prefix)?.strip_prefix('-')?;
        let mut parts = rest.rsplit('-').skip(1);
        parts.next()?.parse().ok().map(TicketNumber)
    }
}

/// FNV-1a. Sums are kept, and markers that were sent are looked for by later versions, so it
/// is none whose outcome a library may change.
fn sum(text: &str) -> u32 {
    text.bytes().fold(0x811C_9DC5, |sum, byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

impl Tie {
    /// A tie to a ticket that was made there, and the first change of the ticket
    /// that is shared by that. `ticket` is named after the system. Its files are
    /// the caller's to attach. `None`: the change is no [`RemoteDeed::Opened`].
    pub fn adopt(
        ticket: SharedId,
        change: &RemoteChange,
        manner: &Manner,
    ) -> Option<(Tie, Change)> {
        let RemoteDeed::Opened {
            body,
            subject,
            values,
            ..
        } = &change.what
        else {
            return None;
        };
        let mut tie = Tie {
            there: Some(change.ticket.clone()),
            numbers: BTreeSet::from([change.ticket.clone()]),
            read: BTreeSet::from([change.id]),
            ..Tie::default()
        };
        let entry = Entry {
            author: change.author.clone(),
            body: body.clone(),
            erased: false,
        };
        let mut fields = BTreeMap::from([
            (Field::Status, Status::New.key().to_owned()),
            (Field::Subject, subject.clone()),
        ]);
        for (field, raw) in values {
            let Some(words) = manner.words.get(field) else {
                continue;
            };
            let value = words.here(raw).word().to_owned();
            if *field == Field::Status && value == Status::Solved.key() {
                // Here nothing is solved without saying how.
                let text = format!("Resolved in {}.", manner.label);
                fields.insert(Field::Solution, text);
            }
            fields.insert(field.clone(), value);
        }
        let opened = Shared::open(ticket, entry, fields, change.at);
        let there = values
            .iter()
            .filter(|(field, _)| manner.words.contains_key(field))
            .map(|(field, raw)| {
                let there = There {
                    raw: Some(raw.clone()),
                    id: change.id,
                    shows: vec![opened.name.clone()],
                    ..There::default()
                };
                (field.clone(), there)
            });
        tie.fields = there.collect();
        let known = values.clone().into_iter();
        let known = known.filter(|(field, _)| manner.words.contains_key(field));
        tie.opened = known.collect();
        Some((tie, opened))
    }

    /// Takes an input in: the next state of tie and shared ticket, and what
    /// follows.
    pub fn step(&mut self, input: TieInput, shared: &mut Shared, place: &Place<'_>) -> TieStep {
        let mut work = Work {
            shared,
            place,
            step: TieStep::default(),
        };
        let now = place.now;
        match input {
            TieInput::Goes(change) => self.goes(change, &mut work),
            TieInput::Read { changes, whole } => self.read(changes, whole, &mut work),
            TieInput::NotMade(asked) => self.looked(asked, place.manner),
            TieInput::Answered { call, answer } => self.answered(call, answer, &mut work),
            TieInput::Lost(call) => {
                let lost = self
                    .calls
                    .iter_mut()
                    .find(|c| c.number == call && matches!(c.state, CallState::Sent { .. }));
                if let Some(call) = lost {
                    call.state = CallState::Doubt {
                        since: now,
                        looked: None,
                    };
                }
            }
            TieInput::Retry(call) => {
                let refused = self
                    .calls
                    .iter_mut()
                    .find(|c| c.number == call && matches!(c.state, CallState::Refused { .. }));
                if let Some(call) = refused {
                    call.state = CallState::Waiting;
                }
            }
            TieInput::Restarted => {
                self.caught_up_at = None;
                for call in &mut self.calls {
                    // How long it is being worked on there already nobody
                    // knows: our clock may have been set meanwhile.
                    if matches!(call.state, CallState::Sent { .. } | CallState::Doubt { .. }) {
                        call.state = CallState::Doubt {
                            since: now,
                            looked: None,
                        };
                    }
                }
            }
            TieInput::Tick => {}
        }
        self.plan(&mut work);
        let mut step = work.step;
        self.next(place.manner, now, &mut step);
        step
    }

    /// Nothing waits, and everything that was there is here.
    pub fn is_at_rest(&self) -> bool {
        let over = |call: &Call| matches!(call.state, CallState::Refused { .. });
        self.gone || (self.calls.iter().all(over) && (self.caught_up || self.there.is_none()))
    }

    /// When a look at the ticket there is due that was not due yet: for a call in doubt once
    /// it must have ended there, for one that was looked for, or for everything, once it is
    /// looked for again. `None`: nothing waits for a time.
    pub fn due_at(&self, polling: &Polling) -> Option<Millis> {
        if self.gone {
            return None;
        }
        let again = |at: Option<Millis>| at.map(|at| at + polling.every_ms);
        let waits = |call: &&Call| !matches!(call.state, CallState::Refused { .. });
        let doubt = self.calls.iter().find(waits).and_then(|call| {
            let CallState::Doubt { since, looked } = call.state else {
                return None;
            };
            let settled = since + polling.settle_ms;
            Some(again(looked).map_or(settled, |again| again.max(settled)))
        });
        let whole = again(self.caught_up_at).filter(|_| self.there.is_some() && !self.caught_up);
        doubt.into_iter().chain(whole).min()
    }

    /// What they set is not taken over here, and ours stays: as long as it does, nobody here
    /// has chosen it over theirs.
    pub fn leave(&mut self, field: &Field, ours: &str) {
        self.left.insert(field.clone(), sum(ours));
    }

    /// What they set is taken over, or somebody here chose.
    pub fn take_over(&mut self, field: &Field) {
        self.left.remove(field);
    }

    /// Takes out the words of theirs for a field that are these, as somebody's login, and what
    /// was to be set to them.
    pub fn forget_words(&mut self, field: &Field, is: impl Fn(&str) -> bool) {
        if let Some(there) = self.fields.get_mut(field) {
            there.raw = there.raw.take().filter(|raw| !is(raw));
        }
        self.opened.retain(|of, raw| of != field || !is(raw));
        self.calls.retain(|call| {
            !matches!(&call.what, What::Set { field: of, raw, .. } if of == field && is(raw))
        });
    }

    /// Ours only stays, and says nothing against theirs.
    pub fn leaves(&self, field: &Field, ours: &str) -> bool {
        self.left.get(field) == Some(&sum(ours))
    }

    /// One of its calls has this marker.
    pub fn expects(&self, marker: &str) -> bool {
        self.calls.iter().any(|call| call.marker == marker)
    }

    fn read(
        &mut self,
        mut changes: Vec<RemoteChange>,
        whole: Option<Millis>,
        work: &mut Work<'_, '_>,
    ) {
        if !work.shared.is_opened() {
            return;
        }
        // Times are cut to the second; numbers are not.
        changes.sort_by_key(|change| change.id);
        let asked_for = self.there.clone();
        for change in &changes {
            // What is another ticket's now may be this one's once it was merged.
            let marked = |marker| work.place.manner.marks(work.shared.ticket(), marker);
            let mine = self.numbers.contains(&change.ticket)
                || change.ours && change.marker.as_deref().is_some_and(marked);
            // Whose ticket it was merged into shows from the beginning of that:
            // it may be one that we made, before we heard its number.
            let whole = whole.is_some() && asked_for == self.there;
            let whose = self.numbers.len() > 1
                && !self.caught_up
                && self.there.as_ref() == Some(&change.ticket);
            if mine && (whole || !whose) && self.read.insert(change.id) {
                self.take(change, work);
            }
        }
        if let Some(asked) = whole {
            // Not when it was merged meanwhile: the other one is to be read.
            self.caught_up |= asked_for.is_some() && asked_for == self.there;
            self.looked(asked, work.place.manner);
        }
    }

    fn answered(&mut self, number: u64, answer: Answer, work: &mut Work<'_, '_>) {
        // An answer to a call in doubt came too late. What was done is found by
        // reading.
        let Some(place) = self
            .calls
            .iter()
            .position(|call| call.number == number && matches!(call.state, CallState::Sent { .. }))
        else {
            return;
        };
        match answer {
            Answer::Made(there) => {
                self.made(there, work.place.manner);
                self.calls.remove(place);
            }
            Answer::Done => {
                let Call { what, known, .. } = self.calls.remove(place);
                if let What::Set { field, raw, shows } = what {
                    let there = self.fields.entry(field).or_default();
                    // What was read since the call may have come before ours or
                    // after: what stands there is what is read last, and ours
                    // will be read as well.
                    if there.id <= known {
                        there.raw = Some(raw);
                        there.ours = true;
                        there.shows = shows;
                    }
                }
            }
            Answer::Later => self.calls[place].state = CallState::Waiting,
            Answer::Refused(why) => {
                work.step.notes.push(Note::Refused {
                    call: number,
                    why: why.clone(),
                });
                self.calls[place].state = CallState::Refused { why };
            }
        }
    }

    /// We made it: its values are nobody's word yet.
    fn made(&mut self, there: String, manner: &Manner) {
        self.numbers.insert(there.clone());
        self.there = Some(there);
        for field in manner.words.keys() {
            self.fields.entry(field.clone()).or_default().ours = true;
        }
    }

    /// The ticket was read as a whole, asked for at `asked`: what was in doubt
    /// for long enough then, and was not found, was not done.
    fn looked(&mut self, asked: Millis, manner: &Manner) {
        for call in &mut self.calls {
            if let CallState::Doubt { since, .. } = call.state
                && asked - since >= manner.polling.settle_ms
            {
                call.state = CallState::Waiting;
            }
        }
    }

    /// The next call, or the next look. One call at a time, so that they come in
    /// order.
    fn next(&mut self, manner: &Manner, now: Millis, step: &mut TieStep) {
        if self.gone {
            return;
        }
        let over = |at: Option<Millis>| at.is_none_or(|at| now - at >= manner.polling.every_ms);
        if let Some(there) = &self.there
            && !self.caught_up
            && over(self.caught_up_at)
        {
            self.caught_up_at = Some(now);
            step.look = Some(LookFor::Ticket(there.clone()));
        }
        let there = self.there.clone();
        let waits = |call: &&mut Call| !matches!(call.state, CallState::Refused { .. });
        let Some(call) = self.calls.iter_mut().find(waits) else {
            return;
        };
        // Nothing can be done to a ticket that was refused.
        if there.is_none() && !matches!(call.what, What::Create { .. }) {
            return;
        }
        match &mut call.state {
            CallState::Waiting => {
                call.known = match &call.what {
                    What::Set { field, .. } => self.fields.get(field).map_or(0, |there| there.id),
                    _ => 0,
                };
                call.state = CallState::Sent { at: now };
                step.call = Some(call.clone());
            }
            CallState::Doubt { since, looked } => {
                if now - *since >= manner.polling.settle_ms && over(*looked) {
                    *looked = Some(now);
                    step.look = Some(match there {
                        Some(there) => LookFor::Ticket(there),
                        None => LookFor::Marker(call.marker.clone()),
                    });
                }
            }
            CallState::Sent { .. } | CallState::Refused { .. } => {}
        }
    }
}
