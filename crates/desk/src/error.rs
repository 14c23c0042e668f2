//! What can go wrong, in eight kinds that the edge maps to answers.

use switchboard_core::Refusal;
use switchboard_core::staff::StaffRefusal;

/// Why something was not done. The texts are for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A field is missing or wrong.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field as it is called in the API.
        field: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// Nobody is signed in, or the sign-in is not valid (any more).
    #[error("{0}")]
    Unauthenticated(String),
    /// They may not do that.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing, or they may not know of it.
    #[error("there is no {what} that you can see")]
    NotFound {
        /// What was looked for: "ticket 12".
        what: String,
    },
    /// The state of things does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// Somebody changed it meanwhile.
    #[error("somebody changed it meanwhile: it is at version {current} now")]
    Stale {
        /// The version it has.
        current: i64,
    },
    /// Too often; wait.
    #[error("too many tries: wait {}, then try again", spelled(*.seconds))]
    TooMany {
        /// How long to wait, in seconds.
        seconds: i64,
    },
    /// The desk can not do it now, through no fault of who asked.
    #[error("{0}")]
    Unavailable(String),
    /// A fault of ours. The text is for the log, never for the answer.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// A wrong field.
    pub fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Error {
        Error::Invalid {
            field: field.into(),
            problem: problem.into(),
        }
    }

    /// Something that is not there.
    pub fn not_found(what: impl Into<String>) -> Error {
        Error::NotFound { what: what.into() }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        match refusal {
            Refusal::Forbidden(text) => Error::Forbidden(text),
            Refusal::Invalid { field, problem } => Error::invalid(field, problem),
            Refusal::Status { .. } => Error::Conflict(refusal.to_string()),
            Refusal::Relation(text) => Error::Conflict(text),
        }
    }
}

impl From<StaffRefusal> for Error {
    fn from(refusal: StaffRefusal) -> Error {
        match refusal {
            StaffRefusal::Forbidden(text) => Error::Forbidden(text),
            StaffRefusal::Invalid { field, problem } => Error::invalid(field, problem),
            StaffRefusal::Stands(text) => Error::Conflict(text),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        match error {
            store::Error::DiskFull => Error::Unavailable(
                "the disk is full: reading works, nothing new can be stored until there is room"
                    .into(),
            ),
            store::Error::ReadOnly => Error::Unavailable(
                "the disk can only be read: nothing new can be stored until it can be written".into(),
            ),
            store::Error::BadText => Error::invalid("text", "has a character that can not be stored"),
            store::Error::Unknown => Error::Unavailable(
                "the database went away while saving: look whether it was saved before you try again"
                    .into(),
            ),
            store::Error::Busy | store::Error::Unavailable => {
                Error::Unavailable("the database does not answer: try again in a moment".into())
            }
            store::Error::Conflict { constraint } => {
                Error::Conflict(format!("that is already there ({constraint})"))
            }
            store::Error::NotFound => Error::not_found("such thing"),
            other => Error::Internal(other.to_string()),
        }
    }
}

impl From<connect::BlobError> for Error {
    fn from(error: connect::BlobError) -> Error {
        match error {
            connect::BlobError::Full => Error::Unavailable(
                "the disk is full: reading works, nothing new can be stored until there is room"
                    .into(),
            ),
            other => Error::Internal(other.to_string()),
        }
    }
}

/// A time to wait as people say it, rounded up so that nobody comes too early.
fn spelled(seconds: i64) -> String {
    let (count, unit) = match seconds.max(1) {
        s @ ..120 => (s, "second"),
        s @ ..7_200 => ((s + 59) / 60, "minute"),
        s => ((s + 3_599) / 3_600, "hour"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_wait_is_said_in_its_own_measure() {
        for (seconds, said) in [
            (0, "1 second"),
            (60, "60 seconds"),
            (121, "3 minutes"),
            (3_600, "60 minutes"),
            (7_201, "3 hours"),
        ] {
            let error = Error::TooMany { seconds };
            assert_eq!(
                error.to_string(),
                format!("too many tries: wait {said}, then try again")
            );
        }
    }
}
