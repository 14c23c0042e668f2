//! Our own mail, come back by a forward, a list or another desk.

use super::{Finding, OwnAddresses, SuppressReason};
use crate::build::LOOP_HEADER;
use crate::parse::Incoming;
use crate::thread::is_own_message_id;

/// The loop header with our name, or a message id of our making. Other desks
/// may write their own name there; that is no loop yet.
pub(super) fn find(mail: &Incoming, own: &OwnAddresses) -> Option<Finding> {
    let name = LOOP_HEADER.to_ascii_lowercase();
    let ours = !own.instance.is_empty()
        && mail
            .headers
            .all(&name)
            .any(|value| value.trim().eq_ignore_ascii_case(&own.instance));
    let id = mail
        .message_id
        .as_deref()
        .is_some_and(|id| is_own_message_id(id, &own.domains));
    (ours || id).then_some(Finding::Suppress(SuppressReason::OwnLoop, None))
}
