//! A ticket's tie to another desk.

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::filter::Passes;
use super::origin::DeskId;
use crate::id::ServiceId;

/// With whom a ticket is shared, and how far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The other desk.
    pub peer: DeskId,
    /// What the agreement lets pass.
    pub passes: Passes,
    /// How far it is.
    pub stage: Stage,
}

/// Whether an agreement that names these services covers a ticket about `service`. One that
/// names none covers whatever is given to its units; one that names some, no ticket about
/// nothing in particular.
pub fn covers(named: &[ServiceId], service: Option<ServiceId>) -> bool {
    named.is_empty() || service.is_some_and(|service| named.contains(&service))
}

/// How far a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Changes travel.
    Active,
    /// Nothing leaves for now: the ticket's label forbids it, or a person
    /// stopped it. Made active again, everything known goes through
    /// [`Link::leaves`] once more; the peer knows what it has.
    Held,
    /// It is over.
    Ended,
}

impl Link {
    /// The change as it goes to the peer; `None` when it does not. What came by
    /// way of the peer does not go back there.
    pub fn leaves(&self, change: &Change, private: &[String]) -> Option<Change> {
        if self.stage != Stage::Active || change.path.contains(&self.peer) {
            return None;
        }
        let mut change = change.clone();
        self.passes.filter(&mut change, private);
        Some(change)
    }
}
