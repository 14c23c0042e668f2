//! Ties between tickets that travel: lines of a form, data of an agreement.

use std::collections::BTreeSet;

use super::pair_of;

/// Ties of tickets that can be named in a line, the one that says least first: of
/// several that are one link there, the first comes back.
pub const TIES: [&str; 4] = ["see_also", "duplicate_of", "child_of", "slave_of"];
/// Links there: what the other ticket is to a ticket. No system has all of them
/// ([`links_in`]).
pub const LINKS: [&str; 8] = [
    "RefersTo",
    "ReferredToBy",
    "MemberOf",
    "HasMember",
    "DependsOn",
    "DependedOnBy",
    "Duplicates",
    "DuplicatedBy",
];

/// Which of [`LINKS`] a system has, by its word in forms. Empty: no ties travel there.
///
/// Source: the documentation of each. RT's own six; GitHub's sub-issues and issue
/// dependencies; GitLab's linked issues (`relates_to`, `blocks`, `is_blocked_by`); Jira's
/// link types *Relates*, *Blocks* and *Duplicate*.
pub fn links_in(system: &str) -> &'static [&'static str] {
    match system {
        "rt" => &[
            "RefersTo",
            "ReferredToBy",
            "MemberOf",
            "HasMember",
            "DependsOn",
            "DependedOnBy",
        ],
        "github" => &["MemberOf", "HasMember", "DependsOn", "DependedOnBy"],
        "gitlab" => &["RefersTo", "ReferredToBy", "DependsOn", "DependedOnBy"],
        "jira" => &[
            "RefersTo",
            "ReferredToBy",
            "DependsOn",
            "DependedOnBy",
            "Duplicates",
            "DuplicatedBy",
        ],
        _ => &[],
    }
}

/// Why a system does not have a link that others have.
fn lacks(system: &str, link: &str) -> String {
    let (name, why) = match (system, link) {
        ("github", "RefersTo" | "ReferredToBy") => (
            "GitHub",
            "its issues mention each other in texts, and nothing else",
        ),
        ("github", _) => ("GitHub", "closing as a duplicate names no other issue"),
        ("gitlab", "MemberOf" | "HasMember") => {
            ("GitLab", "an issue of its is a part of no other issue")
        }
        ("gitlab", _) => ("GitLab", "that is said in a text, and nowhere else"),
        ("jira", _) => (
            "Jira",
            "what may be whose parent goes by the types of its issues",
        ),
        _ => ("RT", "a duplicate is merged there, or refers to the other"),
    };
    let has = links_in(system).join(", ");
    format!("{name} has no link “{link}”: {why}. It has {has}.")
}

/// Whether a link says the same from either side in a system.
fn is_symmetric(system: &str, link: &str) -> bool {
    matches!(system, "gitlab" | "jira") && matches!(link, "RefersTo" | "ReferredToBy")
}

/// Reads a line: `child_of = MemberOf`.
///
/// # Errors
/// What is wrong, and how it is written.
pub fn link_line(line: &str) -> Result<(String, String), String> {
    let Some((tie, link)) = pair_of(line) else {
        return Err(format!(
            "“{}” names no two: write a tie here and their link, as “child_of = MemberOf”.",
            line.trim()
        ));
    };
    if !TIES.contains(&tie.as_str()) {
        return Err(format!(
            "“{tie}” in “{}” is no tie that can travel: it is one of {}.",
            line.trim(),
            TIES.join(", ")
        ));
    }
    match LINKS.iter().find(|known| known.eq_ignore_ascii_case(&link)) {
        Some(known) => Ok((tie, (*known).to_owned())),
        None => Err(format!(
            "“{link}” in “{}” is no link there: it is one of {}.",
            line.trim(),
            LINKS.join(", ")
        )),
    }
}

/// What is wrong with the lines that say which ties travel to a system, in words.
pub(super) fn wrong_links(lines: &[String], system: &str) -> Vec<String> {
    let (mut wrong, mut ties) = (Vec::new(), BTreeSet::new());
    for line in lines {
        match link_line(line) {
            Ok((_, link)) if !links_in(system).contains(&link.as_str()) => {
                wrong.push(lacks(system, &link));
            }
            Ok((tie, link)) if is_symmetric(system, &link) && tie != "see_also" => {
                wrong.push(format!(
                    "“{link}” says the same from either side there, and “{tie}” does not: name \
                     another link, or “see_also = {link}”."
                ));
            }
            Ok((tie, _)) if !ties.insert(tie.clone()) => {
                wrong.push(format!("“{tie}” is named twice."));
            }
            Ok(_) => {}
            Err(why) => wrong.push(why),
        }
    }
    wrong
}
