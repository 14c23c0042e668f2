//! The other system: what is asked of it. What it says is in `heard`.

use std::time::Duration;

use connect::tracker::{
    self, Again, Deed as For, NewAttachment, NewEntry, NewTicket, Outcome, Tracker, Wanted,
};
use store::exchange::Link;
use switchboard_core::Millis;
use switchboard_core::exchange::{
    Answer, Author, Call, Change, Deed, Entry, Field, Name, Role, SharedId, TieInput, What,
};
use uuid::Uuid;

use super::fields::queue;
use super::links::{Todo, ties};
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
    /// The line broke, or it is busy: nothing is known of what it would have answered.
    pub(super) unheard: bool,
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
    let trouble = |after: Option<Duration>, unheard: bool| Trouble {
        why: error.to_string(),
        after,
        unheard,
    };
    match error {
        tracker::Error::Unreachable(_) => Some(trouble(None, true)),
        tracker::Error::Busy { after, .. } => Some(trouble(*after, true)),
        tracker::Error::Secret { .. } | tracker::Error::Strange { .. } => {
            Some(trouble(None, false))
        }
        _ => None,
    }
}

impl Trouble {
    /// What only people can repair, and nobody need ask for every few seconds.
    pub(super) fn repaired_by_people(error: &tracker::Error) -> Trouble {
        Trouble {
            why: error.to_string(),
            after: Some(REPAIR),
            unheard: false,
        }
    }

    /// A failure to read: whatever it was, there is nothing to go on with.
    pub(super) fn of(error: &tracker::Error) -> Trouble {
        down(error).unwrap_or(Trouble {
            why: error.to_string(),
            after: None,
            unheard: false,
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
                    field if *field == assignee() => {
                        wanted.owner = Some(raw.clone());
                        wanted.instead_of = Some(terms.instead_of(link));
                    }
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
        let deed = match &ready {
            Ready::Create(_) => For::Open,
            Ready::Send(..) => For::Write,
            Ready::Set(..) | Ready::Link(..) | Ready::Nothing => For::Set,
        };
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
                set_there(tracker, call, ticket, wanted).await.map(|set| {
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
                if refused && let Ok(Some(lost)) = tracker.lost(deed).await {
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
                if !gone && will_not_do(&error) {
                    match tracker.lost(deed).await {
                        Ok(None) if forbidden(&error) && !tracker.tells_rights() => {
                            return Called {
                                input: answered(call, Answer::Later),
                                ..failed(call, &error)
                            };
                        }
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

/// Sets values. One that was taken, and that somebody there set anew before it was looked
/// at, was not refused: what they did is read as what it is.
async fn set_there(
    tracker: &dyn Tracker,
    call: &Call,
    ticket: &str,
    wanted: &Wanted,
) -> Result<Outcome, tracker::Error> {
    let mut set = tracker.set(ticket, wanted).await?;
    if set.not_taken.is_empty() {
        return Ok(set);
    }
    match tracker.history(ticket).await {
        Ok(history) => {
            let number = |c: &tracker::RemoteChange| c.id.parse::<u64>();
            let fresh = |c: &tracker::RemoteChange| number(c).is_ok_and(|id| id > call.known);
            let there = &set.ticket;
            set.not_taken
                .retain(|one| !one.is_overtaken(there, &history, fresh));
            Ok(set)
        }
        Err(error) if will_not_do(&error) => Ok(set),
        Err(error) => Err(error),
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

/// Whether asking again changes nothing, unless somebody gives us a right.
pub(super) fn will_not_do(error: &tracker::Error) -> bool {
    error.again() == Again::Never || forbidden(error)
}

pub(super) fn forbidden(error: &tracker::Error) -> bool {
    matches!(error, tracker::Error::Forbidden { .. })
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
