//! Rules that an administrator writes: when something happens to a ticket or its time
//! has come, and the ticket meets a query, something is done with it.
//!
//! What a rule does goes by the commands that people give, so nothing becomes possible
//! by one that the rules of tickets refuse. It does all or nothing: where one deed is
//! refused, none happens.
//!
//! What a rule did may set off others, and nothing goes round: see [`barrier`].

mod deed;
mod when;

pub use deed::{Deeds, Fill, Hold, Mail, Post, STATUSES, Step};
pub use when::{Clockwork, Field, Happened, Length, Measure, Occasion, On, When};

use serde::{Deserialize, Serialize};

use crate::command::Refusal;
use crate::id::{Millis, TicketNumber};
use crate::query::{Names, Query};
use crate::ticket::Ticket;

/// Rules that there can be: each is looked at for every change.
pub const MOST: usize = 200;
/// The longest title, in characters.
pub const LONGEST_TITLE: usize = 100;
/// So many rules may follow from one another.
pub const DEEPEST: usize = 3;
/// A rule acts on one ticket so often within a day; then it is paused.
pub const MOST_A_DAY: i64 = 10;

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// How people call it.
    pub title: String,
    /// When it is looked at.
    pub when: When,
    /// A query that the ticket has to meet: its fields as in lists, its words in the
    /// subject. Empty: every ticket.
    pub only: String,
    /// What is done.
    pub then: Deeds,
    /// One on time acts on what had its time already when it began, too.
    #[serde(default)]
    pub catch_up: bool,
}

impl Rule {
    /// Whether it makes sense, as far as that can be told without the world around it.
    ///
    /// # Errors
    /// Names the field and says what would be right.
    pub fn check(&self) -> Result<(), Refusal> {
        let title = self.title.trim();
        if title.is_empty()
            || title.chars().count() > LONGEST_TITLE
            || title.chars().any(char::is_control)
        {
            return wrong(
                "title",
                format!("has to be one line of 1 to {LONGEST_TITLE} characters"),
            );
        }
        self.when.check()?;
        if self.catch_up && !self.when.on.is_timed() {
            return wrong("catch_up", "is for rules on time; this one is on a change");
        }
        self.query()?;
        self.then.check(false)
    }

    /// Its query.
    ///
    /// # Errors
    /// Names `only` and says what would be right.
    pub fn query(&self) -> Result<Query, Refusal> {
        let query = Query::parse(&self.only).map_err(|refusal| match refusal {
            Refusal::Invalid { problem, .. } => Refusal::Invalid {
                field: "only",
                problem,
            },
            other => other,
        })?;
        if query.is_personal() {
            return wrong(
                "only",
                "can not say \"me\": a rule is nobody; write the mail address",
            );
        }
        Ok(query)
    }

    /// Whether a ticket meets its query. One that can not be read is met by none.
    pub fn meets(&self, ticket: &Ticket, names: &dyn Names, now: Millis) -> bool {
        self.query()
            .is_ok_and(|query| query.meets(ticket, names, now))
    }
}

/// Why a rule that was set off does not act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barrier {
    /// What set it off follows from what it did itself.
    Again,
    /// What set it off follows from too many rules already.
    Deep,
    /// It has acted too often on this ticket: it is paused.
    Often,
}

impl Barrier {
    /// In words.
    pub fn words(self, ticket: TicketNumber) -> String {
        match self {
            Barrier::Again => {
                "what set it off follows from what it did itself; a rule acts once on that".into()
            }
            Barrier::Deep => {
                format!("what set it off follows from {DEEPEST} rules already, one after the other")
            }
            Barrier::Often => format!(
                "it has acted {MOST_A_DAY} times on ticket {ticket} within a day, as often as it may"
            ),
        }
    }
}

/// Whether something stands in the way of a rule. `before` are the rules from which
/// that follows what set it off, the first first; `today`: how often it has acted on this
/// ticket within a day.
pub fn barrier(rule: i64, before: &[i64], today: i64) -> Option<Barrier> {
    if before.contains(&rule) {
        Some(Barrier::Again)
    } else if before.len() >= DEEPEST {
        Some(Barrier::Deep)
    } else if today >= MOST_A_DAY {
        Some(Barrier::Often)
    } else {
        None
    }
}

fn wrong<T>(field: &'static str, problem: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Invalid {
        field,
        problem: problem.into(),
    })
}
