//! Texts that staff keep for what they write again and again.
//!
//! They have fields, from a list that is fixed: all of it is what a requester sees on
//! their own ticket, so no text can tell more, whoever writes it and wherever it goes.

use serde::{Deserialize, Serialize};

use crate::access::{Actor, Part};
use crate::command::Refusal;
use crate::id::{PersonId, UnitId};

/// What may stand in braces. Whoever may read a ticket sees all of it there.
pub const FIELDS: &[&str] = &[
    "ticket.number",
    "ticket.subject",
    "ticket.status",
    "ticket.link",
    "requester.name",
    "agent.name",
    "unit.name",
    "service.name",
    "site.name",
    "community.name",
    "desk.name",
];

/// The longest title, in characters.
pub const LONGEST_TITLE: usize = 100;
/// The longest shortcut, in characters.
pub const LONGEST_SHORTCUT: usize = 30;
/// The longest text, in bytes.
pub const LONGEST_TEXT: usize = 16_000;
/// Texts of one scope: they stand in one list.
pub const MOST: usize = 200;

/// Whose something is that staff keep for themselves or for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shelf {
    /// One person's own.
    Own(PersonId),
    /// A unit's.
    Unit(UnitId),
    /// Of everybody on staff.
    Everybody,
}

impl Shelf {
    /// The word in addresses and forms.
    pub fn key(self) -> &'static str {
        match self {
            Shelf::Own(_) => "own",
            Shelf::Unit(_) => "unit",
            Shelf::Everybody => "everybody",
        }
    }

    /// Whether they may use what lies there: staff what is everybody's, the members of a
    /// unit what is its, nobody else what is somebody's own. Administrators, who look
    /// after all units, see what is theirs.
    pub fn is_open_to(self, actor: &Actor) -> bool {
        actor.is_staff()
            && match self {
                Shelf::Everybody => true,
                Shelf::Unit(unit) => {
                    actor.admin || actor.is_system() || actor.in_unit(unit).is_some()
                }
                Shelf::Own(person) => actor.person == Some(person),
            }
    }

    /// Whether they are offered what lies there when they work on a ticket of this unit.
    pub fn is_at_hand(self, actor: &Actor, unit: UnitId) -> bool {
        match self {
            Shelf::Unit(of) if actor.in_unit(of).is_none() => of == unit && self.is_open_to(actor),
            _ => self.is_open_to(actor),
        }
    }

    /// In which order what lies there is offered: one's own first, then a unit's, then
    /// everybody's.
    pub fn nearness(self) -> u8 {
        match self {
            Shelf::Own(_) => 0,
            Shelf::Unit(_) => 1,
            Shelf::Everybody => 2,
        }
    }

    /// Whether they may put something there, change it and take it away: what is
    /// everybody's administrators, what is a unit's its responsibles, too.
    ///
    /// # Errors
    /// Says who may.
    pub fn may_be_filled_by(self, actor: &Actor) -> Result<(), Refusal> {
        let (may, who) = match self {
            Shelf::Own(person) => (
                actor.is_staff() && actor.person == Some(person),
                "keep your own; those of others are theirs",
            ),
            Shelf::Unit(unit) => (
                actor.is_staff()
                    && (actor.admin
                        || actor.is_system()
                        || actor.in_unit(unit) == Some(Part::Responsible)),
                "what is a unit's is kept by its responsibles",
            ),
            Shelf::Everybody => (
                actor.admin || actor.is_system(),
                "what is everybody's is kept by administrators",
            ),
        };
        if may {
            return Ok(());
        }
        Err(Refusal::Forbidden(who.into()))
    }
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canned {
    /// Whose it is.
    pub shelf: Shelf,
    /// How people call it.
    pub title: String,
    /// What is typed to get it: small letters, digits and dashes.
    pub shortcut: String,
    /// What it says, with fields.
    pub body: String,
}

impl Canned {
    /// Whether it makes sense; its fields are looked at by who knows their language.
    ///
    /// # Errors
    /// Names the field and says what would be right.
    pub fn check(&self) -> Result<(), Refusal> {
        check_name("title", &self.title)?;
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.shortcut.is_empty()
            || self.shortcut.len() > LONGEST_SHORTCUT
            || self.shortcut.starts_with('-')
            || !self.shortcut.chars().all(good)
        {
            return wrong(
                "shortcut",
                format!(
                    "takes 1 to {LONGEST_SHORTCUT} small letters, digits and dashes, as \
                     password-reset"
                ),
            );
        }
        if self.body.trim().is_empty() {
            return wrong("body", "has to say something");
        }
        if self.body.len() > LONGEST_TEXT {
            return wrong("body", format!("is longer than {} kB", LONGEST_TEXT / 1000));
        }
        if self.body.contains('\0') {
            return wrong("body", "has a NUL character in it");
        }
        Ok(())
    }
}

/// Whether something can be called so: one line of up to [`LONGEST_TITLE`] characters.
///
/// # Errors
/// Names the field and says what would be right.
pub fn check_name(field: &'static str, name: &str) -> Result<(), Refusal> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_TITLE || name.chars().any(char::is_control)
    {
        return wrong(
            field,
            format!("has to be one line of 1 to {LONGEST_TITLE} characters"),
        );
    }
    Ok(())
}

fn wrong<T>(field: &'static str, problem: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Invalid {
        field,
        problem: problem.into(),
    })
}
