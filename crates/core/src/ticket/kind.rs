//! Why tickets exist.

use serde::{Deserialize, Serialize};

/// Why a ticket exists (domain section 2; *fixed*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum TicketType {
    /// An end user's.
    #[default]
    User,
    /// A whole community team may edit it.
    Team,
    /// By nominated experts, signed.
    Alarm,
    /// By monitoring, through the API.
    Ops,
}

impl TicketType {
    /// All four.
    pub const ALL: [TicketType; 4] = [
        TicketType::User,
        TicketType::Team,
        TicketType::Alarm,
        TicketType::Ops,
    ];

    /// The word used in JSON, queries and the database.
    pub fn key(self) -> &'static str {
        match self {
            TicketType::User => "user",
            TicketType::Team => "team",
            TicketType::Alarm => "alarm",
            TicketType::Ops => "ops",
        }
    }

    /// The words shown to people.
    pub fn label(self) -> &'static str {
        match self {
            TicketType::User => "User",
            TicketType::Team => "Team",
            TicketType::Alarm => "Alarm",
            TicketType::Ops => "Operations",
        }
    }

    /// Reads a key; `None` for anything else.
    pub fn parse(key: &str) -> Option<TicketType> {
        TicketType::ALL.into_iter().find(|t| t.key() == key)
    }
}
