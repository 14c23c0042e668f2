//! Macros: what staff do with a ticket again and again, as one.
//!
//! A macro does what a rule can do, with the hand of whoever sets it off: the same deeds
//! ([`Deeds`]), the same commands, the same refusals. It does all or nothing.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::canned::check_name;
use crate::command::{Command, Refusal};
use crate::id::{Millis, PersonId};
use crate::rule::{Deeds, Fill, Step};
use crate::status::Status;
use crate::ticket::{EntryVisibility, Ticket};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// What an answer may set along, or what is set without one.
pub const STATUSES: [Status; 4] = [
    Status::InProgress,
    Status::Waiting,
    Status::Solved,
    Status::Unsolved,
];

/// A macro.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Macro {
    /// How people call it.
    pub title: String,
    /// Why a priority or a unit is given; empty: the macro's name is the reason.
    pub reason: String,
    /// What is done, but mails: those are for rules, which nobody looks at.
    pub then: Deeds,
    /// It becomes theirs who set it off.
    pub take: bool,
    /// It answers with this text that is kept, in place of one of its own.
    pub canned: Option<Uuid>,
    /// The status that goes with the answer; solved and unsolved need one.
    pub status: Option<Status>,
}

impl Macro {
    /// Whether it makes sense, as far as that can be told without the world around it.
    ///
    /// # Errors
    /// Names the field and says what would be right.
    pub fn check(&self) -> Result<(), Refusal> {
        check_name("title", &self.title)?;
        if self.reason.chars().count() > LONGEST_REASON || self.reason.contains('\0') {
            return wrong("reason", format!("takes up to {LONGEST_REASON} characters"));
        }
        let nothing = self.then.is_empty();
        if nothing && !self.take && self.canned.is_none() && self.status.is_none() {
            return wrong("then", "has to do something");
        }
        if !nothing {
            self.then.check()?;
        }
        if self.then.mail.is_some() {
            return wrong("mail_unit", "is for rules: a macro mails nobody");
        }
        if self.take && self.then.owner.is_some() {
            return wrong(
                "owner",
                "is somebody else while it is taken, too: choose one",
            );
        }
        if self.canned.is_some() && self.then.answer.is_some() {
            return wrong(
                "answer",
                "is written, and a canned text is named: choose one",
            );
        }
        let Some(status) = self.status else {
            return Ok(());
        };
        if !STATUSES.contains(&status) {
            let known: Vec<&str> = STATUSES.iter().map(|s| s.key()).collect();
            return wrong("status", format!("has to be one of {}", known.join(", ")));
        }
        let answers = self.canned.is_some() || self.then.answer.is_some();
        if matches!(status, Status::Solved | Status::Unsolved) && !answers {
            return wrong("answer", "has to say what was done, or why nothing is");
        }
        if self.then.hold.is_some() {
            return wrong("hold", "is a status, too: choose one");
        }
        if self.then.unit.is_some() && matches!(status, Status::Solved | Status::Unsolved) {
            return wrong("unit", "gets work to do, and this ends it: choose one");
        }
        Ok(())
    }

    /// What is done with a ticket as it stands, in order; what is so already is left out.
    /// `me` sets it off; `canned` is what the text that it names says.
    pub fn steps(
        &self,
        ticket: &Ticket,
        me: Option<PersonId>,
        canned: Option<&str>,
        fill: Fill<'_>,
        later: &dyn Fn(u32) -> Millis,
    ) -> Vec<Deed> {
        let why = match self.reason.trim() {
            "" => format!("Macro: {}", self.title),
            reason => reason.to_owned(),
        };
        let then = Deeds {
            owner: if self.take { me } else { self.then.owner },
            answer: canned
                .map(str::to_owned)
                .or_else(|| self.then.answer.clone()),
            ..self.then.clone()
        };
        let steps = then.steps(ticket, &why, fill, later);
        let hands_on = |step: &Step| matches!(step, Step::Command(Command::Assign { .. }));
        let handed = steps.iter().any(hands_on);
        let answer = |step: &Step| matches!(step, Step::Write(EntryVisibility::Public, _));
        // Where it goes to another unit it is assigned again, whatever the answer set.
        let along = self.status.filter(|_| !handed);
        let alone = match self.status {
            _ if along.is_some() && steps.iter().any(answer) => None,
            Some(status) if !handed && status == ticket.status => None,
            Some(Status::InProgress) => Some(Command::Start),
            Some(Status::Waiting) => Some(Command::Await { reminder: None }),
            _ => None,
        };
        let mut deeds: Vec<Deed> = steps
            .into_iter()
            .map(|step| match step {
                Step::Write(EntryVisibility::Public, text) => Deed::Answer(along, text),
                other => Deed::Step(other),
            })
            .collect();
        if handed {
            // Whoever hands it on writes while it is theirs: after it they may see it no more.
            deeds.sort_by_key(|deed| !deed.writes());
        }
        deeds.extend(alone.map(|command| Deed::Step(Step::Command(command))));
        deeds
    }
}

/// One thing that a macro does.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// As a rule does it.
    Step(Step),
    /// An answer, and the status that goes with it, as when somebody writes it.
    Answer(Option<Status>, String),
}

impl Deed {
    fn writes(&self) -> bool {
        matches!(self, Deed::Answer(..) | Deed::Step(Step::Write(..)))
    }
}

fn wrong<T>(field: &'static str, problem: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Invalid {
        field,
        problem: problem.into(),
    })
}
