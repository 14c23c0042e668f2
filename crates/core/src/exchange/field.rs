//! The single fields of a shared ticket, and who may set which.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A field. Its values travel as text: of status, priority and category the
/// words of JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Field {
    /// Where it stands.
    Status,
    /// What was done, or why nothing was.
    Solution,
    /// The ticket in which it lives on, as `SharedId`; empty: in itself.
    MergedInto,
    /// How urgent it is.
    Priority,
    /// Incident, request, and so on.
    Category,
    /// Who works on it, at each desk.
    Owner,
    /// One line.
    Subject,
    /// Any other that the agreement names.
    Other(Arc<str>),
}

/// How a field is set when two desks could. Part of the protocol: desks that
/// went by different rules would not agree, so it is no setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Only the desk that has the baton sets it; the others ask.
    Holder,
    /// Each desk has its own value, which nobody else sets.
    Own,
    /// Any desk sets it. Two values that did not know of each other are both
    /// kept until somebody chooses.
    Any,
}

impl Field {
    /// Its rule.
    pub fn rule(&self) -> Rule {
        match self {
            Field::Status | Field::Solution | Field::MergedInto => Rule::Holder,
            Field::Owner => Rule::Own,
            Field::Priority | Field::Category | Field::Subject | Field::Other(_) => Rule::Any,
        }
    }

    /// The word in JSON.
    pub fn key(&self) -> &str {
        match self {
            Field::Status => "status",
            Field::Solution => "solution",
            Field::MergedInto => "merged_into",
            Field::Priority => "priority",
            Field::Category => "category",
            Field::Owner => "owner",
            Field::Subject => "subject",
            Field::Other(key) => key,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl From<Field> for String {
    fn from(field: Field) -> String {
        field.key().to_owned()
    }
}

impl From<String> for Field {
    fn from(key: String) -> Field {
        match key.as_str() {
            "status" => Field::Status,
            "solution" => Field::Solution,
            "merged_into" => Field::MergedInto,
            "priority" => Field::Priority,
            "category" => Field::Category,
            "owner" => Field::Owner,
            "subject" => Field::Subject,
            other => Field::Other(other.into()),
        }
    }
}
