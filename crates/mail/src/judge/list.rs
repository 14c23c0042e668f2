//! Mail that came over a mailing list (RFC 2919, RFC 2369).

use super::{Finding, OwnAddresses, first_word};
use crate::parse::Incoming;

/// People write on lists, so it is accepted; an automatic answer would go to
/// everybody, so there is none.
pub(super) fn find(mail: &Incoming, _: &OwnAddresses) -> Option<Finding> {
    let fields = [
        "list-id",
        "list-post",
        "list-unsubscribe",
        "x-mailing-list",
        "mailing-list",
        "x-mailman-version",
        "x-listname",
    ];
    let list = fields.iter().any(|name| mail.headers.get(name).is_some())
        || mail
            .headers
            .get("precedence")
            .is_some_and(|value| first_word(value) == "list");
    list.then_some(Finding::Automatic)
}
