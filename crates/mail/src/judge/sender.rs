//! Who sent it: nobody, somebody who can not be named, or we ourselves.

use super::{Finding, OwnAddresses, SuppressReason};
use crate::parse::Incoming;
use crate::quarantine::{Quarantine, QuarantineReason};

/// An empty return path: whatever it is, answers to it go nowhere.
pub(super) fn find_null_path(mail: &Incoming, _: &OwnAddresses) -> Option<Finding> {
    let null = mail
        .headers
        .get("return-path")
        .is_some_and(|path| path.trim() == "<>");
    null.then_some(Finding::Suppress(SuppressReason::NullSender, None))
}

/// No address to hold a ticket in the name of.
pub(super) fn find_missing(mail: &Incoming, _: &OwnAddresses) -> Option<Finding> {
    mail.from.is_none().then(|| {
        let detail = match mail.headers.get("from") {
            Some(_) => "From has no address that can stand for a person",
            None => "there is no From",
        };
        Finding::Quarantine(Quarantine::new(QuarantineReason::NoSender, detail))
    })
}

/// A stranger who writes in the desk's name, or a loop without its mark.
pub(super) fn find_ourselves(mail: &Incoming, own: &OwnAddresses) -> Option<Finding> {
    let from = mail.from.as_ref()?;
    own.is_desk(&from.address).then(|| {
        Finding::Quarantine(Quarantine::new(
            QuarantineReason::FromOurselves,
            "From is an address of this desk",
        ))
    })
}
