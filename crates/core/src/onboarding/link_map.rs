//! Ties between tickets that travel: lines of a form, data of an agreement.

use std::collections::BTreeSet;

use super::pair_of;

/// Ties of tickets that can be named in a line, the one that says least first: of
/// several that are one link there, the first comes back.
pub const TIES: [&str; 4] = ["see_also", "duplicate_of", "child_of", "slave_of"];
/// Links there: what the other ticket is to a ticket.
pub const LINKS: [&str; 6] = [
    "RefersTo",
    "ReferredToBy",
    "MemberOf",
    "HasMember",
    "DependsOn",
    "DependedOnBy",
];

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

/// What is wrong with the lines that say which ties travel, in words.
pub(super) fn wrong_links(lines: &[String]) -> Vec<String> {
    let (mut wrong, mut ties) = (Vec::new(), BTreeSet::new());
    for line in lines {
        match link_line(line) {
            Ok((tie, _)) if !ties.insert(tie.clone()) => {
                wrong.push(format!("“{tie}” is named twice."));
            }
            Ok(_) => {}
            Err(why) => wrong.push(why),
        }
    }
    wrong
}
