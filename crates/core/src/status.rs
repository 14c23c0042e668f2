//! The ten statuses of a ticket (domain section 3; *fixed*).

use serde::{Deserialize, Serialize};

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Set by the system at creation; not selectable.
    New,
    /// Set by the system when a unit is given or changes; not selectable.
    Assigned,
    /// An owner works on it.
    InProgress,
    /// Only the requester's input is missing.
    Waiting,
    /// Put aside with a public reason, or because of a relation.
    OnHold,
    /// The requester was not satisfied, or staff found a better solution.
    Reopened,
    /// A solution was given; the requester may verify or reopen.
    Solved,
    /// It can not be solved, and the reason says why.
    Unsolved,
    /// The requester confirmed the solution. Final.
    Verified,
    /// Nobody answered the solution in time. Final.
    Closed,
}

impl Status {
    /// Every status, in the order of a ticket's life.
    pub const ALL: [Status; 10] = [
        Status::New,
        Status::Assigned,
        Status::InProgress,
        Status::Waiting,
        Status::OnHold,
        Status::Reopened,
        Status::Solved,
        Status::Unsolved,
        Status::Verified,
        Status::Closed,
    ];

    /// The word used in JSON, queries and the database.
    pub fn key(self) -> &'static str {
        match self {
            Status::New => "new",
            Status::Assigned => "assigned",
            Status::InProgress => "in_progress",
            Status::Waiting => "waiting",
            Status::OnHold => "on_hold",
            Status::Reopened => "reopened",
            Status::Solved => "solved",
            Status::Unsolved => "unsolved",
            Status::Verified => "verified",
            Status::Closed => "closed",
        }
    }

    /// The words shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Status::New => "New",
            Status::Assigned => "Assigned",
            Status::InProgress => "In progress",
            Status::Waiting => "Waiting for reply",
            Status::OnHold => "On hold",
            Status::Reopened => "Reopened",
            Status::Solved => "Solved",
            Status::Unsolved => "Unsolved",
            Status::Verified => "Verified",
            Status::Closed => "Closed",
        }
    }

    /// Reads a key; `None` for anything else.
    pub fn parse(key: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|s| s.key() == key)
    }

    /// Open: somebody still has to do something before a solution is given.
    pub fn is_open(self) -> bool {
        !matches!(
            self,
            Status::Solved | Status::Unsolved | Status::Verified | Status::Closed
        )
    }

    /// Final: no command changes the status any more.
    pub fn is_final(self) -> bool {
        matches!(self, Status::Verified | Status::Closed)
    }
}
