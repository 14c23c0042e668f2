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
use crate::ticket::Ticket;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// A macro.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Kept")]
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
}

/// As it is stored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Kept {
    title: String,
    reason: String,
    then: Deeds,
    take: bool,
    canned: Option<Uuid>,
    /// Where the status stood before it was one of the deeds.
    status: Option<Status>,
}

impl From<Kept> for Macro {
    fn from(kept: Kept) -> Macro {
        Macro {
            title: kept.title,
            reason: kept.reason,
            then: Deeds {
                status: kept.then.status.or(kept.status),
                ..kept.then
            },
            take: kept.take,
            canned: kept.canned,
        }
    }
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
        if nothing && !self.take && self.canned.is_none() {
            return wrong("then", "has to do something");
        }
        if !nothing {
            self.then.check(self.canned.is_some())?;
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
        Ok(())
    }

    /// What is done with a ticket as it stands, in order; what is so already is left out.
    /// `me` sets it off; `canned` is what the text that it names says.
    ///
    /// # Errors
    /// When nothing is left on this ticket of the answer that would be its solution.
    pub fn steps(
        &self,
        ticket: &Ticket,
        me: Option<PersonId>,
        canned: Option<&str>,
        fill: Fill<'_>,
        later: &dyn Fn(u32) -> Millis,
    ) -> Result<Vec<Step>, Refusal> {
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
        let mut steps = then.steps(ticket, &why, fill, later)?;
        if steps
            .iter()
            .any(|step| matches!(step, Step::Command(Command::Assign { .. })))
        {
            // Whoever hands it on writes while it is theirs: after it they may see it no more.
            steps.sort_by_key(|step| !step.writes());
        }
        Ok(steps)
    }
}

fn wrong<T>(field: &'static str, problem: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Invalid {
        field,
        problem: problem.into(),
    })
}
