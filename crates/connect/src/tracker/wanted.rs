//! What a ticket or an entry shall have, whichever the system.

use crate::tracker::{ChangeKind, Error, NotTaken, OneOf, RemoteChange, RemoteTicket, Wanted};

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

impl NotTaken {
    /// Whether it was taken, and somebody set it anew before the ticket was looked at:
    /// among the changes of its history, in their order, one of ours that is `fresh` (it
    /// can be that of the call) is followed by one of somebody else's.
    pub fn is_overtaken(
        &self,
        ticket: &RemoteTicket,
        history: &[RemoteChange],
        fresh: impl Fn(&RemoteChange) -> bool,
    ) -> bool {
        let of_it = |change: &&RemoteChange| match &change.kind {
            ChangeKind::Status { .. } => self.field == "status",
            ChangeKind::Priority => self.field == "priority",
            ChangeKind::Queue => self.field == "queue",
            ChangeKind::Owner => self.field == "owner",
            ChangeKind::Field(which) => *ticket.numbered.get(which).unwrap_or(which) == self.field,
            _ => false,
        };
        let sets = history.iter().filter(of_it);
        let since = sets.skip_while(|change| !(change.ours && fresh(change)));
        since.last().is_some_and(|last| !last.ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracker::{RemotePerson, Standing};

    fn change(id: &str, ours: bool, kind: ChangeKind) -> RemoteChange {
        RemoteChange {
            id: id.into(),
            source: id.into(),
            ticket: "7".into(),
            at: 0,
            author: RemotePerson::default(),
            ours,
            kind,
        }
    }

    #[test]
    fn only_what_was_set_by_us_and_then_by_somebody_else_is_overtaken() {
        let ticket = RemoteTicket {
            id: "7".into(),
            queue: String::new(),
            subject: String::new(),
            status: "stalled".into(),
            standing: Standing::Present,
            owners: Vec::new(),
            priority: String::new(),
            requesters: Vec::new(),
            fields: std::collections::BTreeMap::new(),
            numbered: [("12".to_owned(), "Site".to_owned())].into(),
            links: Vec::new(),
            created: 0,
            changed: 0,
            version: String::new(),
        };
        let status = || ChangeKind::Status {
            from: "new".into(),
            to: "open".into(),
        };
        let site = || ChangeKind::Field("12".into());
        let (ours, theirs) = (true, false);
        let overtaken = |field: &str, history: &[RemoteChange]| {
            let one = NotTaken {
                field: field.into(),
                wanted: "open".into(),
                is: "stalled".into(),
                words: String::new(),
            };
            // What was known when the call was made ends with 4.
            one.is_overtaken(&ticket, history, |c| c.id.parse::<u64>().unwrap() > 4)
        };
        let both = [change("5", ours, status()), change("6", theirs, status())];
        assert!(overtaken("status", &both));
        assert!(!overtaken("priority", &both));
        let of_field = [change("5", ours, site()), change("6", theirs, site())];
        assert!(overtaken("Site", &of_field) && !overtaken("12", &of_field));
        let refused = [change("6", theirs, status())];
        assert!(!overtaken("status", &refused));
        let long_ago = [change("4", ours, status()), change("6", theirs, status())];
        assert!(!overtaken("status", &long_ago));
        let made_another = [change("3", theirs, status()), change("5", ours, status())];
        assert!(!overtaken("status", &made_another));
    }
}
