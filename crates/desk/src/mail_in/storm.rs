//! What is done once may be done ten times, but not ten thousand times: limits
//! against loops and storms (bar M-03). Entries are never held back by them,
//! only what the desk would send because of them.

use sha2::{Digest as _, Sha256};
use store::Conn;
use switchboard_core::{Millis, TicketNumber};

use crate::Error;

const HOUR_MS: Millis = 3_600_000;

/// First answers to senders that nothing proves, in an hour, in all: forged
/// senders could make the desk write to people who never wrote to it.
const FIRST_ANSWERS: i64 = 300;
/// Notices that one address gets about one ticket in an hour because of mails.
const NOTICES: i64 = 20;

/// Addresses are counted by their hash: what is counted tells nobody who wrote.
fn key(words: &str) -> String {
    Sha256::digest(words.as_bytes())
        .iter()
        .take(16)
        .map(|b| format!("{b:02x}"))
        .collect()
}

fn hour(now: Millis) -> Millis {
    now - now.rem_euclid(HOUR_MS)
}

/// Counts a first answer to a sender that nothing proves; `false`: there were
/// too many in this hour.
pub(super) fn may_answer_first(c: &mut Conn<'_>, now: Millis) -> Result<bool, Error> {
    let counted = store::mailbox::tally(c, &key("first answers"), hour(now))?;
    Ok(counted <= FIRST_ANSWERS)
}

/// Whether a notice about what a mail brought still goes to this address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calm {
    /// It does.
    Go,
    /// It is the first that does not: say so, once.
    SaySo,
    /// It does not.
    Quiet,
}

/// Counts a notice that follows from a mail.
pub(crate) fn calm(
    c: &mut Conn<'_>,
    ticket: TicketNumber,
    address: &str,
    now: Millis,
) -> Result<Calm, Error> {
    let counted = store::mailbox::tally(c, &key(&format!("notice {ticket} {address}")), hour(now))?;
    Ok(match counted - NOTICES {
        ..=0 => Calm::Go,
        1 => Calm::SaySo,
        _ => Calm::Quiet,
    })
}

/// Forgets what was counted more than a day ago.
pub(crate) fn forget(c: &mut Conn<'_>, now: Millis) -> Result<(), Error> {
    Ok(store::mailbox::forget_tallies(c, now - 24 * HOUR_MS)?)
}
