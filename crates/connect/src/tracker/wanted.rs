//! What a ticket or an entry shall have, whichever the system.

use crate::tracker::{Error, NotTaken, OneOf, RemoteTicket, Wanted};

/// A marker of an entry, if it is one ([`crate::tracker::NewEntry::marker`]).
pub(super) fn entry_marker(marker: &str) -> Result<&str, Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if marker.is_empty() || marker.len() > 64 || !marker.chars().all(plain) {
        return Err(Error::Wrong(format!(
            "{marker:?} is no marker: letters, digits, dots, dashes and underscores, at most 64"
        )));
    }
    Ok(marker)
}

/// Refuses what was wanted of another state of a ticket, for systems that know no
/// condition on a change; whoever comes between is seen the next time.
///
/// # Errors
/// [`Error::Changed`] where `is` is not the version that was looked at.
pub(super) fn unchanged(wanted: &Wanted, is: &str, ticket: impl ToString) -> Result<(), Error> {
    match &wanted.version {
        Some(version) if version != is => Err(Error::Changed(ticket.to_string())),
        _ => Ok(()),
    }
}

/// Of the owners that a ticket has, who has to be added, and who have to go.
pub(super) fn owners(wanted: &Wanted, has: &[String]) -> (Option<String>, Vec<String>) {
    let Some(owner) = &wanted.owner else {
        return (None, Vec::new());
    };
    let one = OneOf {
        wanted: owner.clone(),
        among: match &wanted.instead_of {
            Some(before) => vec![before.clone()],
            None => has.to_vec(),
        },
    };
    one.changes(has)
}

/// Where a ticket is not as it was wanted.
pub(super) fn differences(wanted: &Wanted, ticket: &RemoteTicket, words: &str) -> Vec<NotTaken> {
    let mut found = Vec::new();
    let mut compare = |field: &str, wanted: &str, is: &str| {
        if !wanted.eq_ignore_ascii_case(is) {
            found.push(NotTaken {
                field: field.to_owned(),
                wanted: wanted.to_owned(),
                is: is.to_owned(),
                words: words.to_owned(),
            });
        }
    };
    for (field, wanted, is) in [
        ("status", &wanted.status, &ticket.status),
        ("priority", &wanted.priority, &ticket.priority),
        ("queue", &wanted.queue, &ticket.queue),
        ("subject", &wanted.subject, &ticket.subject),
    ] {
        if let Some(wanted) = wanted {
            compare(field, wanted, is);
        }
    }
    let (missing, others) = owners(wanted, &ticket.owners);
    if missing.is_some() || !others.is_empty() {
        let owner = wanted.owner.as_deref().unwrap_or_default();
        compare("owner", owner, &ticket.owners.join(", "));
    }
    for (name, wanted) in &wanted.fields {
        let sorted = |values: &[String]| {
            let mut values = values.to_vec();
            values.sort();
            values.join(", ")
        };
        let is = ticket.fields.get(name).map(Vec::as_slice);
        compare(name, &sorted(wanted), &sorted(is.unwrap_or_default()));
    }
    for (name, one) in &wanted.one_of {
        let has = ticket.fields.get(name).map(Vec::as_slice);
        let (missing, others) = one.changes(has.unwrap_or_default());
        if missing.is_some() || !others.is_empty() {
            compare(name, &one.wanted, &others.join(", "));
        }
    }
    found
}
