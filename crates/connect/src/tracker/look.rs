//! The test of a connection, as it is told.

use crate::probe::{Check, Mark, check, unreached};
use crate::tracker::Error;

/// What was looked at, line by line, or what kept us from it.
pub(super) fn lines(looked: Result<Vec<Check>, Error>) -> Vec<Check> {
    match looked {
        Ok(lines) => lines,
        Err(Error::Unreachable(fault)) => vec![unreached(&fault)],
        Err(error) => vec![check(Mark::Bad, error.to_string(), advice(&error))],
    }
}

/// Whether our account has a right, or which it needs.
pub(super) fn right(has: bool, what: &str, right: &str) -> Check {
    if has {
        check(Mark::Good, format!("Our account may {what}"), "")
    } else {
        check(
            Mark::Bad,
            format!("Our account may not {what}"),
            format!("Give it {right} on the queue."),
        )
    }
}

fn advice(error: &Error) -> String {
    match error {
        Error::Secret { .. } => {
            "Look whether it is the right account’s, and whether it was revoked.".to_owned()
        }
        Error::Missing { system, .. } | Error::Strange { system, .. } => {
            format!("Something answers, but not as {system} does. Look at the address.")
        }
        Error::Busy { .. } | Error::Failed { .. } => {
            "That is a fault of the other side, or of something before it.".to_owned()
        }
        _ => String::new(),
    }
}
