//! A provider brings its services in: the form, what is wrong with it, and the
//! way it takes from a draft to what it creates (domain section 4).
//!
//! A form holds what was typed, as it was typed, so that a draft can be saved
//! at any time; [`problems`] says what keeps it from being sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::status::Status;
use crate::triage::Priority;

mod field_map;
mod link_map;
mod maps;
mod part;
mod wrong;

use field_map::pair_of;
pub use field_map::{CUSTOM, FACTS, FieldMap, OwnerMap, pair, several};
pub use link_map::{LINKS, TIES, link_line, links_in};
pub use maps::{default_priorities, default_statuses, from_remote};
pub use part::{
    Answered, Exchange, Form, Issues, ProviderPart, Quality, Question, Redirection, ServicePart,
    UnitPart, entries, label,
};
pub use wrong::{Around, Known, Problem, host_of, missing_for, problems};

/// How tickets about a service reach those who work on them (domain section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Tickets are worked on here, by the service's unit.
    Direct,
    /// The request goes to the provider's mailing list; this desk is the
    /// contact point and keeps track.
    Redirection,
    /// The provider's own system is coupled.
    Integration,
}

impl Way {
    /// Every way.
    pub const ALL: [Way; 3] = [Way::Direct, Way::Redirection, Way::Integration];

    /// The word in JSON, forms and the database.
    pub fn key(self) -> &'static str {
        match self {
            Way::Direct => "direct",
            Way::Redirection => "redirection",
            Way::Integration => "integration",
        }
    }

    /// The name people read.
    pub fn label(self) -> &'static str {
        match self {
            Way::Direct => "Direct usage",
            Way::Redirection => "Tracked redirection",
            Way::Integration => "Full exchange",
        }
    }

    /// Reads a word.
    pub fn parse(key: &str) -> Option<Way> {
        Way::ALL.into_iter().find(|w| w.key() == key)
    }
}

/// Systems that can be coupled: key and name.
pub const SYSTEMS: [(&str, &str); 8] = [
    ("rt", "Request Tracker (RT)"),
    ("zammad", "Zammad"),
    ("ggus", "GGUS or xGUS"),
    ("ggus_soap", "GGUS or xGUS before 2025 (SOAP)"),
    ("jira", "Jira"),
    ("github", "GitHub"),
    ("gitlab", "GitLab"),
    ("switchboard", "Another Switchboard"),
];

/// Which way tickets travel: key and name.
pub const DIRECTIONS: [(&str, &str); 3] = [
    ("both", "Both ways"),
    ("in", "Only to us"),
    ("out", "Only to you"),
];

/// A step of the form, in the order in which it is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Provider and services.
    Provider,
    /// How to connect.
    Connect,
    /// Unit and people.
    Unit,
    /// Quality and hours.
    Quality,
    /// Issues and FAQ.
    Issues,
    /// Look at all of it and send.
    Review,
}

impl Step {
    /// Every step in order.
    pub const ALL: [Step; 6] = [
        Step::Provider,
        Step::Connect,
        Step::Unit,
        Step::Quality,
        Step::Issues,
        Step::Review,
    ];

    /// The word in addresses and forms.
    pub fn key(self) -> &'static str {
        match self {
            Step::Provider => "provider",
            Step::Connect => "connect",
            Step::Unit => "unit",
            Step::Quality => "quality",
            Step::Issues => "issues",
            Step::Review => "review",
        }
    }

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Step::Provider => "Provider and services",
            Step::Connect => "How to connect",
            Step::Unit => "Unit and people",
            Step::Quality => "Quality and hours",
            Step::Issues => "Issues and FAQ",
            Step::Review => "Review",
        }
    }

    /// Reads a word.
    pub fn parse(key: &str) -> Option<Step> {
        Step::ALL.into_iter().find(|s| s.key() == key)
    }

    /// The step in which a field is filled in.
    pub fn of(field: &str) -> Step {
        match field.split('.').next().unwrap_or_default() {
            "provider" | "services" => Step::Provider,
            "option" | "redirection" | "exchange" => Step::Connect,
            "unit" => Step::Unit,
            "quality" => Step::Quality,
            "issues" => Step::Issues,
            _ => Step::Review,
        }
    }
}

/// How far a form has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its author fills it in.
    Draft,
    /// It waits for an administrator.
    Submitted,
    /// An administrator asked for changes.
    Returned,
    /// What it describes was created.
    Accepted,
    /// It was refused. Final: who tries again begins a new one.
    Refused,
    /// What it had created was taken back. Final.
    Undone,
}

impl State {
    /// Every state.
    pub const ALL: [State; 6] = [
        State::Draft,
        State::Submitted,
        State::Returned,
        State::Accepted,
        State::Refused,
        State::Undone,
    ];

    /// The word in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::Submitted => "submitted",
            State::Returned => "returned",
            State::Accepted => "accepted",
            State::Refused => "refused",
            State::Undone => "undone",
        }
    }

    /// The words people read.
    pub fn label(self) -> &'static str {
        match self {
            State::Draft => "Draft",
            State::Submitted => "Waits for review",
            State::Returned => "Changes wanted",
            State::Accepted => "Accepted",
            State::Refused => "Refused",
            State::Undone => "Undone",
        }
    }

    /// Reads a word.
    pub fn parse(key: &str) -> Option<State> {
        State::ALL.into_iter().find(|s| s.key() == key)
    }

    /// The author may still write in it.
    pub fn open(self) -> bool {
        matches!(self, State::Draft | State::Returned)
    }
}

/// What is done with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Write in it.
    Change,
    /// Send it for review.
    Submit,
    /// Ask its author for changes.
    Return,
    /// Refuse it.
    Refuse,
    /// Create what it describes.
    Accept,
    /// Take back what it created.
    Undo,
}

impl Deed {
    /// Every deed.
    pub const ALL: [Deed; 6] = [
        Deed::Change,
        Deed::Submit,
        Deed::Return,
        Deed::Refuse,
        Deed::Accept,
        Deed::Undo,
    ];
}

/// Who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct By {
    /// They began the form, or are a contact of its provider.
    pub author: bool,
    /// They administer the desk.
    pub admin: bool,
}

/// Why something is not done with a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not theirs to do.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The form's state does not allow it.
    #[error("{0}")]
    State(String),
    /// A field is missing or wrong.
    #[error("{}: {}", .0.field, .0.problem)]
    Incomplete(Problem),
}

/// The state that follows, or why not.
///
/// Authors write in a form and send it; administrators decide. An
/// administrator who is also the author may do both. `wrong` is what
/// [`problems`] found: a form with problems is neither sent nor accepted.
///
/// # Errors
/// [`Refusal`], with what would be right.
pub fn next(state: State, deed: Deed, by: By, wrong: &[Problem]) -> Result<State, Refusal> {
    let whole = |to: State| match wrong.first() {
        None => Ok(to),
        Some(problem) => Err(Refusal::Incomplete(problem.clone())),
    };
    match deed {
        Deed::Change | Deed::Submit if !by.author => Err(Refusal::Forbidden(
            "only who began the form, or a contact of its provider, may write in it",
        )),
        Deed::Return | Deed::Refuse | Deed::Accept | Deed::Undo if !by.admin => Err(
            Refusal::Forbidden("only administrators decide about a form"),
        ),
        Deed::Change if state.open() => Ok(state),
        Deed::Submit if state.open() => whole(State::Submitted),
        Deed::Return if state == State::Submitted => Ok(State::Returned),
        Deed::Refuse if state == State::Submitted => Ok(State::Refused),
        Deed::Accept if state == State::Submitted => whole(State::Accepted),
        Deed::Undo if state == State::Accepted => Ok(State::Undone),
        _ => Err(Refusal::State(hint(state, deed))),
    }
}

/// Why a deed does not fit, and what does.
fn hint(state: State, deed: Deed) -> String {
    let what = match state {
        State::Draft => "is still a draft: its author has to send it first",
        State::Submitted if deed == Deed::Undo => "is not accepted yet: there is nothing to undo",
        State::Submitted => "waits for review: an administrator can return it for changes",
        State::Returned => "was returned for changes: its author has to send it again",
        State::Accepted => "was accepted: it can only be undone",
        State::Refused => "was refused: begin a new one",
        State::Undone => "was undone: begin a new one",
    };
    format!("the form {what}")
}

/// How a list reads in one line.
pub(crate) fn joined(items: &[String]) -> String {
    items.join(", ")
}

/// A map from our words to the remote's.
pub type WordMap = BTreeMap<String, String>;

/// The keys that a status map has to have.
pub fn status_keys() -> impl Iterator<Item = &'static str> {
    Status::ALL.into_iter().map(Status::key)
}

/// The keys that a priority map has to have.
pub fn priority_keys() -> impl Iterator<Item = &'static str> {
    Priority::ALL.into_iter().map(Priority::key)
}
