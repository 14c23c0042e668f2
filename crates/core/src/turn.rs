//! Whose turn it is: who has to do something next for a ticket to go on.

use serde::{Deserialize, Serialize};

/// Who holds the ball.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// The unit that holds the ticket, and its owner.
    Owner,
    /// The requester: staff wait for their reply, or they have a solution to
    /// verify.
    Requester,
    /// A partner outside, at whose mailing list or system the request lies.
    Partner,
    /// Nobody: the ticket is verified or closed.
    Nobody,
}

impl Turn {
    /// All four.
    pub const ALL: [Turn; 4] = [Turn::Owner, Turn::Requester, Turn::Partner, Turn::Nobody];

    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            Turn::Owner => "owner",
            Turn::Requester => "requester",
            Turn::Partner => "partner",
            Turn::Nobody => "nobody",
        }
    }

    /// The word shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Turn::Owner => "Unit",
            Turn::Requester => "Requester",
            Turn::Partner => "Partner",
            Turn::Nobody => "Nobody",
        }
    }

    /// Reads a key; `None` for anything else.
    pub fn parse(key: &str) -> Option<Turn> {
        Turn::ALL.into_iter().find(|t| t.key() == key)
    }
}
