//! Puts tickets into the search index again, once: that of an older version does not tell
//! something of them, or lacks a part.

use std::collections::BTreeSet;

use store::Conn;
use store::job::Job;
use store::search::SearchDoc;
use switchboard_core::TicketNumber;

use super::Outcome;
use crate::list::{OPEN_IS_INDEXED, UNITS_ARE_INDEXED};
use crate::{Desk, Error};

/// What an older version's index lacks.
pub(super) struct Lacks {
    /// The next tickets from a number on, so many at most.
    next: fn(&mut Conn<'_>, i64, i64) -> Result<Vec<TicketNumber>, store::Error>,
    /// Tickets that one job puts in, in one transaction, between which others write.
    at_once: i64,
    put: fn(&mut Conn<'_>, &[SearchDoc]) -> Result<(), store::Error>,
    /// The setting that says that nothing is lacking any more.
    complete: &'static str,
}

/// It does not tell which tickets are open.
pub(super) const OPEN: Lacks = Lacks {
    next: store::ticket::open_after,
    at_once: 100,
    put: store::search::index,
    complete: OPEN_IS_INDEXED,
};

/// There was none by unit.
pub(super) const UNITS: Lacks = Lacks {
    next: store::ticket::after,
    at_once: 200,
    put: store::search::index_by_unit,
    complete: UNITS_ARE_INDEXED,
};

/// The payload is the number that the job before came to.
pub(super) async fn run(desk: &Desk, job: &Job, lacks: Lacks) -> Result<Outcome, Error> {
    let after: i64 = job.payload.parse().unwrap_or(0);
    let (catalogue, now) = (desk.catalogue().await?, desk.now());
    let last: Option<TicketNumber> = desk
        .0
        .db
        .write(move |c| {
            let numbers = (lacks.next)(c, after, lacks.at_once)?;
            let among: BTreeSet<TicketNumber> = numbers.iter().copied().collect();
            let docs = crate::follow::index_entries(c, &catalogue, &among)?;
            (lacks.put)(c, &docs)?;
            if numbers.is_empty() {
                store::setting::set(c, lacks.complete, "true", now)?;
            }
            Ok::<_, Error>(numbers.last().copied())
        })
        .await?;
    Ok(match last {
        Some(number) => Outcome::On(number.0.to_string()),
        None => Outcome::Done,
    })
}
