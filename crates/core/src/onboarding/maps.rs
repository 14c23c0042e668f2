//! How our statuses and priorities are called elsewhere: the defaults that a
//! form begins with (domain section 8).

use crate::status::Status;
use crate::triage::Priority;

use super::WordMap;

/// What each of our statuses is set to in a system.
///
/// RT as in domain section 8. GGUS and another desk of ours have our words.
/// The others know fewer: what is finished is closed there, all else open. GitHub
/// tells what was done from what will not be; a label does so in
/// GitLab, and the resolution in Jira.
pub fn default_statuses(system: &str) -> WordMap {
    Status::ALL
        .into_iter()
        .map(|status| {
            (
                status.key().to_owned(),
                status_in(system, status).to_owned(),
            )
        })
        .collect()
}

fn status_in(system: &str, status: Status) -> &'static str {
    use Status::{
        Assigned, Closed, InProgress, New, OnHold, Reopened, Solved, Unsolved, Verified, Waiting,
    };
    match (system, status) {
        ("rt", New) => "new",
        ("rt", Assigned | InProgress | Reopened) => "open",
        ("rt", Waiting | OnHold) => "stalled",
        ("rt", Solved | Verified | Closed) => "resolved",
        ("rt", Unsolved) => "rejected",
        ("zammad", New) => "new",
        ("zammad", Waiting | OnHold) => "pending reminder",
        ("zammad", Solved | Unsolved | Verified | Closed) => "closed",
        ("zammad", Assigned | InProgress | Reopened) => "open",
        ("ggus" | "ggus_soap", InProgress) => "in progress",
        ("ggus" | "ggus_soap", Waiting) => "waiting for reply",
        ("ggus" | "ggus_soap", OnHold) => "on hold",
        ("jira", New | Assigned | Reopened) => "To Do",
        ("jira", InProgress | Waiting | OnHold) => "In Progress",
        ("jira", Solved | Verified | Closed) => "Done",
        ("jira", Unsolved) => "Done: Won't Do",
        ("github" | "gitlab", Solved | Verified | Closed) => "closed",
        ("github", Unsolved) => "closed: not planned",
        ("gitlab", Unsolved) => "closed: unsolved",
        ("github", _) => "open",
        ("gitlab", _) => "opened",
        (_, other) => other.key(),
    }
}

/// What each of our priorities is called in a system; GGUS's names as in
/// domain section 8, labels where a system has no priorities.
pub fn default_priorities(system: &str) -> WordMap {
    let names = match system {
        "rt" => ["Low", "Medium", "High", "High"],
        "zammad" => ["1 low", "2 normal", "3 high", "3 high"],
        "ggus" | "ggus_soap" => ["less urgent", "urgent", "very urgent", "top priority"],
        "jira" => ["Low", "Medium", "High", "Highest"],
        "github" | "gitlab" => [
            "priority: low",
            "priority: medium",
            "priority: high",
            "priority: top",
        ],
        _ => ["low", "medium", "high", "top"],
    };
    Priority::ALL
        .into_iter()
        .zip(names)
        .map(|(p, name)| (p.key().to_owned(), name.to_owned()))
        .collect()
}

/// What a status that comes back does here, in words (domain section 8: a
/// remote *open* never overwrites a finer open status, a remote *resolved* needs
/// a solution text and never overwrites what is final).
pub fn from_remote(status: Status) -> &'static str {
    match status {
        Status::New => "kept",
        Status::Assigned | Status::Waiting | Status::OnHold => "kept",
        Status::InProgress => "only if not finer already",
        Status::Reopened => "asks first level",
        Status::Solved => "last public answer is the solution",
        Status::Unsolved => "asks for a reason",
        Status::Verified | Status::Closed => "never overwritten",
    }
}
