//! Mail that came over a mailing list (RFC 2919, RFC 2369).

use super::{Finding, OwnAddresses, first_word};
use crate::parse::Incoming;

/// People write on lists, so it is accepted; an automatic answer would go to
/// everybody, so there is none.
pub(super) fn find(mail: &Incoming, _: &OwnAddresses) -> Option<Finding> {
    let says_list = mail
        .headers
        .get("precedence")
        .is_some_and(|value| first_word(value) == "list");
    (came_over_list(mail) || says_list).then_some(Finding::Automatic)
}

/// Whether a list server left its mark; the older ones have no `List-Id`.
pub(super) fn came_over_list(mail: &Incoming) -> bool {
    const FIELDS: [&str; 12] = [
        "list-id",
        "list-post",
        "list-unsubscribe",
        "list-archive",
        "list-help",
        "x-mailing-list",
        "mailing-list",
        "x-mailman-version",
        "x-listname",
        "x-list",
        "x-loop-detect",
        "x-yahoo-profile",
    ];
    let delivered = mail
        .headers
        .all("delivered-to")
        .any(|to| to.to_ascii_lowercase().starts_with("mailing list"));
    let owner = mail.sender.as_ref().is_some_and(|sender| {
        let local = sender.address.local();
        ["owner-", "list-"]
            .iter()
            .any(|start| local.starts_with(start))
            || [
                "-owner", "-bounces", "-bounce", "-admin", "-request", "-errors",
            ]
            .iter()
            .any(|end| local.ends_with(end))
    });
    delivered || owner || FIELDS.iter().any(|name| mail.headers.get(name).is_some())
}
