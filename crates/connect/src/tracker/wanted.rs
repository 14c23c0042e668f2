//! What a ticket or an entry shall have, whichever the system.

use crate::tracker::{Error, NotTaken, RemoteTicket, Wanted};

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
    let owner = ticket.owner.clone().unwrap_or_default();
    for (field, wanted, is) in [
        ("status", &wanted.status, &ticket.status),
        ("owner", &wanted.owner, &owner),
        ("priority", &wanted.priority, &ticket.priority),
        ("queue", &wanted.queue, &ticket.queue),
        ("subject", &wanted.subject, &ticket.subject),
    ] {
        if let Some(wanted) = wanted {
            compare(field, wanted, is);
        }
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
