//! What people ask for and others answer: the support permission, and to be
//! taken into a unit (domain section 1, steps 3 and 4). What both have in common;
//! what each of them brings is in `application` and `join`.

use std::collections::BTreeMap;

use serde_json::json;
use store::Conn;
use store::application::{Answer, Ask, Kind};
use switchboard_core::staff::{AskState, next_reminder, still_waits};
use switchboard_core::{Actor, Millis, PersonId};
use uuid::Uuid;

use crate::audit::{Subject, record};
use crate::view::PersonRef;
use crate::{Desk, Error};

/// Most that are listed at once.
pub const MAX_ASKS: i64 = 200;

/// What became of something that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Became {
    /// Where it stands.
    pub state: AskState,
    /// When it was asked.
    pub created_at: Millis,
    /// When it was answered or withdrawn.
    pub decided_at: Option<Millis>,
    /// Who answered, by name; `None` also: the desk itself.
    pub decided_by: Option<String>,
    /// Why so, or empty.
    pub answer: String,
    /// While it waits: when those who answer are reminded next.
    pub reminder_at: Option<Millis>,
}

/// People by id, read once each.
#[derive(Default)]
pub(crate) struct People(BTreeMap<PersonId, Option<(PersonRef, String)>>);

impl People {
    pub(crate) fn get(
        &mut self,
        c: &mut Conn<'_>,
        id: PersonId,
    ) -> Result<(PersonRef, String), Error> {
        let known = match self.0.get(&id) {
            Some(known) => known.clone(),
            None => {
                let read = store::person::load(c, id)?.map(|p| {
                    (
                        PersonRef {
                            id: p.id,
                            name: p.name,
                            email: p.email,
                        },
                        p.institute,
                    )
                });
                self.0.insert(id, read.clone());
                read
            }
        };
        Ok(known.unwrap_or_else(|| {
            (
                PersonRef {
                    id,
                    name: "somebody".into(),
                    email: None,
                },
                String::new(),
            )
        }))
    }

    /// What became of what somebody asked.
    pub(crate) fn became(&mut self, c: &mut Conn<'_>, ask: &Ask) -> Result<Became, Error> {
        Ok(Became {
            decided_by: match ask.decided_by {
                Some(by) => Some(self.get(c, by)?.0.name),
                None => None,
            },
            reminder_at: (ask.state == AskState::Waiting)
                .then(|| next_reminder(ask.created_at, ask.reminders)),
            state: ask.state,
            created_at: ask.created_at,
            decided_at: ask.decided_at,
            answer: ask.answer.clone(),
        })
    }
}

/// What is asked for as the audit log calls it, and as people do.
fn words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Application => ("application", "such application"),
        Kind::Join => ("join", "such join request"),
    }
}

/// What was asked and still waits.
///
/// # Errors
/// When it is not there, not one that `fits`, or answered already.
pub(crate) fn waiting(
    c: &mut Conn<'_>,
    kind: Kind,
    id: Uuid,
    fits: impl Fn(&Ask) -> bool,
) -> Result<Ask, Error> {
    let ask = store::application::load(c, kind, id)?
        .filter(fits)
        .ok_or_else(|| Error::not_found(words(kind).1))?;
    still_waits(ask.state)?;
    Ok(ask)
}

/// Answers what waits and notes it in the audit log, as `deed`: "refused".
///
/// # Errors
/// When somebody was quicker.
pub(crate) fn close(
    c: &mut Conn<'_>,
    kind: Kind,
    ask: &Ask,
    actor: &Actor,
    answer: &Answer,
    deed: &str,
) -> Result<(), Error> {
    if !store::application::answer(c, kind, ask.id, answer)? {
        return Err(Error::Conflict("somebody answered it a moment ago".into()));
    }
    let (subject, mut detail) = match ask.unit {
        None => (
            Subject::Person(ask.person),
            json!({ "application": ask.id }),
        ),
        Some(unit) => (
            Subject::Unit(unit),
            json!({ "person": ask.person, "request": ask.id }),
        ),
    };
    if !answer.text.is_empty() {
        detail["why"] = json!(answer.text);
    }
    let action = format!("{}.{deed}", words(kind).0);
    record(c, actor, answer.at, &action, &subject, &detail)
}

/// Somebody's words in a mail.
pub(crate) fn quoted(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|l| format!("> {l}")).collect();
    lines.join("\n")
}

/// Who asks: people only.
///
/// # Errors
/// When the actor is nobody in person.
pub(crate) fn who_acts(actor: &Actor) -> Result<PersonId, Error> {
    actor
        .person
        .ok_or_else(|| Error::Forbidden("only people apply and join".into()))
}

impl Desk {
    /// Takes back what one asked for oneself, while it waits.
    ///
    /// # Errors
    /// When it is not there, somebody else's, or answered already.
    pub async fn withdraw(&self, actor: &Actor, kind: Kind, id: Uuid) -> Result<(), Error> {
        let me = who_acts(actor)?;
        let (now, actor) = (self.now(), actor.clone());
        self.0
            .db
            .write(move |c| {
                let ask = waiting(c, kind, id, |ask| ask.person == me)?;
                let answer = Answer {
                    state: AskState::Withdrawn,
                    at: now,
                    by: Some(me),
                    text: String::new(),
                };
                close(c, kind, &ask, &actor, &answer, "withdrawn")
            })
            .await
    }
}
