//! What a rule does, and a macro.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::wrong;
use crate::command::{Command, Refusal};
use crate::id::{Millis, PersonId, UnitId};
use crate::status::Status;
use crate::ticket::{Hold as Held, Party, PartyRole, Ticket};
use crate::triage::{Facts, Priority};

/// The longest text, in bytes.
const LONGEST_TEXT: usize = 16_000;
/// Nothing is put off for longer, in working days.
const LONGEST_HOLD: u32 = 250;
/// Tags of one rule.
const MOST_TAGS: usize = 20;

/// What an answer may set along, or what is set without one.
pub const STATUSES: [Status; 4] = [
    Status::InProgress,
    Status::Waiting,
    Status::Solved,
    Status::Unsolved,
];

/// Puts the values of a ticket into a text that has fields.
pub type Fill<'a> = &'a dyn Fn(&str) -> String;

/// What a rule does, each at most once, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Deeds {
    /// Gives it this category.
    pub category: Option<String>,
    /// Gives it this type of issue.
    pub issue_type: Option<String>,
    /// Puts these tags on it.
    pub tag: BTreeSet<String>,
    /// Takes these tags off it.
    pub untag: BTreeSet<String>,
    /// Gives it this priority, with the rule as the reason.
    pub priority: Option<Priority>,
    /// Gives it to this unit.
    pub unit: Option<UnitId>,
    /// Gives it to this member of its unit.
    pub owner: Option<PersonId>,
    /// Adds this person on the requester's side.
    pub cc: Option<PersonId>,
    /// Adds this person on the support side.
    pub involve: Option<PersonId>,
    /// Writes this internal note; a text with fields.
    pub note: Option<String>,
    /// Answers so; a text with fields. It is nobody's answer to the clocks.
    pub answer: Option<String>,
    /// The status that goes with the answer, or is set without one; solved and unsolved
    /// need an answer, which is the solution.
    pub status: Option<Status>,
    /// Puts it on hold.
    pub hold: Option<Hold>,
    /// Mails a unit.
    pub mail: Option<Mail>,
}

/// Putting a ticket on hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why; everybody reads it; a text with fields.
    pub reason: String,
    /// After so many working days it is brought to mind; `None`: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// A mail to a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// To whom: its list, or its members where it has none.
    pub unit: UnitId,
    /// What it says; a text with fields.
    pub text: String,
}

/// One step of what a rule does.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A command.
    Command(Command),
    /// An internal note.
    Note(String),
    /// An answer, and the status that goes with it, as when somebody writes it.
    Answer(Option<Status>, String),
    /// A mail.
    Mail(Post),
}

/// A mail that goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// To whom.
    pub unit: UnitId,
    /// What it says.
    pub text: String,
}

impl Step {
    /// It writes an entry.
    pub fn writes(&self) -> bool {
        matches!(self, Step::Note(_) | Step::Answer(..))
    }
}

impl Deeds {
    /// It does nothing.
    pub fn is_empty(&self) -> bool {
        *self == Deeds::default()
    }

    /// The texts that have fields, each with the name of its own.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let texts = [
            ("note", self.note.as_deref()),
            ("answer", self.answer.as_deref()),
            ("hold", self.hold.as_ref().map(|h| h.reason.as_str())),
            ("mail_text", self.mail.as_ref().map(|m| m.text.as_str())),
        ];
        texts
            .into_iter()
            .filter_map(|(field, text)| Some((field, text?)))
    }

    /// Whether it makes sense; `answers`: with words that are kept elsewhere, too.
    ///
    /// # Errors
    /// Names the field and says what would be right.
    pub(crate) fn check(&self, answers: bool) -> Result<(), Refusal> {
        if self.is_empty() {
            return wrong("then", "has to do something");
        }
        for (field, text) in self.texts() {
            if text.trim().is_empty() {
                return wrong(field, "has to say something");
            }
            if text.len() > LONGEST_TEXT {
                return wrong(field, format!("is longer than {} kB", LONGEST_TEXT / 1000));
            }
            if text.contains('\0') {
                return wrong(field, "has a NUL character in it");
            }
        }
        for (field, tags) in [("tag", &self.tag), ("untag", &self.untag)] {
            if tags.len() > MOST_TAGS {
                return wrong(field, format!("takes at most {MOST_TAGS} tags"));
            }
        }
        if let Some(both) = self.tag.intersection(&self.untag).next() {
            return wrong("untag", format!("{both:?} is put on by the same rule"));
        }
        let days = self.hold.as_ref().and_then(|h| h.days);
        if days.is_some_and(|days| !(1..=LONGEST_HOLD).contains(&days)) {
            return wrong(
                "hold_days",
                format!("takes 1 to {LONGEST_HOLD} working days"),
            );
        }
        let Some(status) = self.status else {
            return Ok(());
        };
        if !STATUSES.contains(&status) {
            let known: Vec<&str> = STATUSES.iter().map(|s| s.key()).collect();
            return wrong("status", format!("has to be one of {}", known.join(", ")));
        }
        if ends(status) && self.answer.is_none() && !answers {
            return wrong("answer", "has to say what was done, or why nothing is");
        }
        if self.hold.is_some() {
            return wrong("hold", "is a status, too: choose one");
        }
        if self.unit.is_some() && ends(status) {
            return wrong("unit", "gets work to do, and this ends it: choose one");
        }
        Ok(())
    }

    /// What is done with a ticket as it stands, in order; what is so already is left
    /// out. `why` names the rule, `later` tells the moment so many working days on.
    ///
    /// # Errors
    /// When nothing is left on this ticket of the answer that would be its solution.
    pub fn steps(
        &self,
        ticket: &Ticket,
        why: &str,
        fill: Fill<'_>,
        later: &dyn Fn(u32) -> Millis,
    ) -> Result<Vec<Step>, Refusal> {
        let mut commands = Vec::new();
        if let Some(category) = self.category.as_ref()
            && ticket.facts.category != *category
        {
            commands.push(Command::SetFacts(Facts {
                category: category.clone(),
                ..ticket.facts.clone()
            }));
        }
        if self.issue_type.is_some() && self.issue_type != ticket.issue_type {
            commands.push(Command::SetIssueType(self.issue_type.clone()));
        }
        let mut tags = ticket.tags.clone();
        tags.extend(self.tag.iter().cloned());
        tags.retain(|tag| !self.untag.contains(tag));
        if tags != ticket.tags {
            commands.push(Command::SetTags(tags));
        }
        if let Some(priority) = self.priority.filter(|p| *p != ticket.priority()) {
            commands.push(Command::Overrule {
                priority,
                reason: why.to_owned(),
            });
        }
        if let Some(unit) = self.unit.filter(|unit| *unit != ticket.unit) {
            commands.push(Command::Assign {
                unit,
                reason: Some(why.to_owned()),
            });
        }
        if let Some(owner) = self.owner.filter(|owner| Some(*owner) != ticket.owner) {
            commands.push(Command::SetOwner { owner: Some(owner) });
        }
        let parties = [
            (self.cc, PartyRole::Cc),
            (self.involve, PartyRole::Involved),
        ];
        for (person, role) in parties {
            let party = person.map(|person| Party { person, role });
            if let Some(party) = party.filter(|p| !ticket.parties.contains(p)) {
                commands.push(Command::AddParty(party));
            }
        }
        let assigns = |command: &Command| matches!(command, Command::Assign { .. });
        let handed = commands.iter().any(assigns);
        let mut steps: Vec<Step> = commands.into_iter().map(Step::Command).collect();
        // Nothing may be left of a text whose fields are empty.
        let said = |text: &Option<String>| {
            let text = text.as_ref().map(|text| fill(text));
            text.filter(|text| !text.trim().is_empty())
        };
        steps.extend(said(&self.note).map(Step::Note));
        // Where it goes to another unit it is assigned again, whatever the answer set.
        let along = self.status.filter(|_| !handed);
        let answer = said(&self.answer);
        let answers = answer.is_some();
        steps.extend(answer.map(|text| Step::Answer(along, text)));
        let alone = match self.status {
            Some(status) if ends(status) && !answers => {
                return wrong(
                    "answer",
                    "nothing is left of the answer on this ticket, and it is the solution",
                );
            }
            _ if along.is_some() && answers => None,
            Some(status) if !handed && status == ticket.status => None,
            Some(Status::InProgress) => Some(Command::Start),
            Some(Status::Waiting) => Some(Command::Await { reminder: None }),
            _ => None,
        };
        steps.extend(alone.map(Step::Command));
        if let Some(hold) = &self.hold {
            let reason = fill(&hold.reason).trim().to_owned();
            let held = matches!(&ticket.hold, Some(Held::Reason { text }) if *text == reason);
            let put = (!held).then_some(reason);
            steps.extend(put.map(|reason| {
                Step::Command(Command::Hold {
                    reason,
                    reminder: hold.days.map(later),
                    eta: None,
                })
            }));
        }
        if let Some(mail) = &self.mail {
            steps.push(Step::Mail(Post {
                unit: mail.unit,
                text: fill(&mail.text),
            }));
        }
        Ok(steps)
    }
}

/// It ends the work on a ticket.
fn ends(status: Status) -> bool {
    matches!(status, Status::Solved | Status::Unsolved)
}
