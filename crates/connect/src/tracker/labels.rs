//! Labels that say more than a state does, where a system has no words for it: what
//! begins with `status` or `priority` and a colon. All others are only read.
//!
//! A status is a state and what says more of it, as `open` or `open: on hold`.

use std::collections::BTreeSet;

use crate::tracker::Wanted;

const STATUS: &str = "status";
const PRIORITY: &str = "priority";

/// What a label says of something: `On hold` of `status: On hold`, and of
/// `status::On hold`, as GitLab writes labels of which there can be only one.
fn says<'a>(label: &'a str, of: &str) -> Option<&'a str> {
    let (name, rest) = label.split_once(':')?;
    let rest = rest.strip_prefix(':').unwrap_or(rest).trim();
    (name.trim().eq_ignore_ascii_case(of) && !rest.is_empty()).then_some(rest)
}

/// What a label says of the status.
pub(super) fn status(label: &str) -> Option<&str> {
    says(label, STATUS)
}

/// Whether it says something of the priority.
pub(super) fn is_priority(label: &str) -> bool {
    says(label, PRIORITY).is_some()
}

/// A status: a state, and what says more of it.
pub(super) fn word(state: &str, more: Option<&str>) -> String {
    match more {
        Some(more) => format!("{state}: {more}"),
        None => state.to_owned(),
    }
}

/// State, and what says more of it.
pub(super) fn parts(status: &str) -> (&str, Option<&str>) {
    match status.split_once(':') {
        Some((state, more)) if !more.trim().is_empty() => (state.trim(), Some(more.trim())),
        _ => (status.trim(), None),
    }
}

/// The label with the priority, or nothing.
pub(super) fn priority(labels: &[String]) -> String {
    let found = labels.iter().find(|label| is_priority(label));
    found.cloned().unwrap_or_default()
}

/// Those that say neither status nor priority, for `RemoteTicket::fields`.
pub(super) fn others(labels: &[String]) -> Vec<String> {
    let other = |label: &&String| status(label).is_none() && !is_priority(label);
    labels.iter().filter(other).cloned().collect()
}

/// Labels to add and to take away, so that those of a ticket are as is wanted.
/// `more`: what a label shall say of the status; `None`: the status stays.
pub(super) fn changes(
    labels: &[String],
    more: Option<Option<&str>>,
    wanted: &Wanted,
) -> (Vec<String>, Vec<String>) {
    let is = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let mut add: Vec<String> = Vec::new();
    let mut keep: BTreeSet<&str> = labels.iter().map(String::as_str).collect();
    if let Some(more) = more {
        let right =
            |label: &str| more.is_some_and(|more| status(label).is_some_and(|s| is(s, more)));
        if let Some(more) = more
            && !labels.iter().any(|label| right(label))
        {
            // As the others are written there.
            let scoped = labels.iter().any(|label| label.contains("::"));
            add.push(
                format!("{STATUS}{} {more}", if scoped { "::" } else { ":" }).replace(":: ", "::"),
            );
        }
        keep.retain(|label| status(label).is_none() || right(label));
    }
    if let Some(wanted) = &wanted.priority {
        if !wanted.is_empty() && !labels.iter().any(|label| is(label, wanted)) {
            add.push(wanted.clone());
        }
        keep.retain(|label| !is_priority(label) || is(label, wanted));
    }
    if let Some(wanted) = wanted.fields.get(super::LABELS) {
        let missing = wanted
            .iter()
            .filter(|one| !labels.iter().any(|label| is(label, one)));
        add.extend(missing.cloned());
        keep.retain(|label| {
            status(label).is_some() || is_priority(label) || wanted.iter().any(|one| is(label, one))
        });
    }
    if let Some(one) = wanted.one_of.get(super::LABELS) {
        let (missing, others) = one.changes(labels);
        add.extend(missing);
        keep.retain(|label| !others.iter().any(|other| other == label));
    }
    let gone = labels.iter().filter(|label| !keep.contains(label.as_str()));
    (add, gone.cloned().collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::tracker::OneOf;

    fn all(labels: &[&str]) -> Vec<String> {
        labels.iter().map(|label| (*label).to_owned()).collect()
    }

    #[test]
    fn labels_say_status_and_priority_and_others_stay() {
        let labels = all(&["bug", "Priority: low", "status: on hold", "statusbar"]);
        assert_eq!(priority(&labels), "Priority: low");
        assert_eq!(others(&labels), ["bug", "statusbar"]);
        assert_eq!(status("status::On hold"), Some("On hold"));
        assert_eq!(status("status:"), None);
        assert_eq!(
            parts("closed: not planned"),
            ("closed", Some("not planned"))
        );
        assert_eq!(parts("open"), ("open", None));
        assert_eq!(word("open", Some("on hold")), "open: on hold");

        let wanted = Wanted {
            priority: Some("priority: high".into()),
            ..Wanted::default()
        };
        let done = changes(&labels, Some(Some("waiting")), &wanted);
        let gone = all(&["Priority: low", "status: on hold"]);
        assert_eq!(done, (all(&["status: waiting", "priority: high"]), gone));
        // As it is already, nothing is done.
        let same = Wanted {
            priority: Some("priority: Low".into()),
            fields: BTreeMap::from([("labels".into(), all(&["bug", "statusbar"]))]),
            ..Wanted::default()
        };
        assert_eq!(
            changes(&labels, Some(Some("On Hold")), &same),
            (vec![], vec![])
        );
        assert_eq!(changes(&labels, None, &Wanted::default()), (vec![], vec![]));
        assert_eq!(
            changes(&labels, Some(None), &same),
            (vec![], all(&["status: on hold"]))
        );
        // One of some: that one, none of the others, and all else as it is.
        let kinds = |wanted: &str| Wanted {
            one_of: BTreeMap::from([(
                "labels".into(),
                OneOf {
                    wanted: wanted.into(),
                    among: all(&["Bug", "wish"]),
                },
            )]),
            ..Wanted::default()
        };
        let none: (Vec<String>, Vec<String>) = (vec![], vec![]);
        assert_eq!(changes(&labels, None, &kinds("BUG")), none);
        let done = changes(&labels, None, &kinds("wish"));
        assert_eq!(done, (all(&["wish"]), all(&["bug"])));
        let done = changes(&labels, None, &kinds(""));
        assert_eq!(done, (vec![], all(&["bug"])));
        let scoped = all(&["status::todo"]);
        let done = changes(&scoped, Some(Some("doing")), &Wanted::default());
        assert_eq!(done, (all(&["status::doing"]), scoped));
    }
}
