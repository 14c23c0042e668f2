//! The test of a connection, as it is told.

use serde_json::Value;

use crate::probe::{Check, Mark, check, unreached};
use crate::tracker::Error;
use crate::tracker::call::text;

/// What was looked at, line by line, or what kept us from it.
pub(super) fn lines(looked: Result<Vec<Check>, Error>) -> Vec<Check> {
    match looked {
        Ok(lines) => lines,
        Err(Error::Unreachable(fault)) => vec![unreached(&fault)],
        Err(error) => vec![check(Mark::Bad, error.to_string(), advice(&error))],
    }
}

/// The first lines: what it is, at what address, and as whom we are there.
pub(super) fn greeting(what: &str, root: &str, who: &str) -> Vec<Check> {
    let mut told = vec![check(Mark::Good, format!("It is {what}"), "")];
    if root.starts_with("https://") {
        told.push(check(Mark::Good, "Its certificate is valid", ""));
    }
    told.push(check(Mark::Good, format!("Signed in as {who}"), ""));
    told
}

/// Number and name of our account, of which the system says this.
///
/// # Errors
/// [`Error::Strange`] where it does not.
pub(super) fn whom(system: &'static str, me: &Value, name: &str) -> Result<(u64, String), Error> {
    match (me["id"].as_u64(), text(&me[name])) {
        (Some(id), name) if !name.is_empty() => Ok((id, name)),
        _ => Err(nobody(system)),
    }
}

/// It answers, but says nothing of our account.
pub(super) fn nobody(system: &'static str) -> Error {
    Error::Strange {
        system,
        why: "it does not say who we are there".to_owned(),
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
