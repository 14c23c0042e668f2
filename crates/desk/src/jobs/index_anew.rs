//! Puts tickets into the search index again, once: that of an older version does not tell
//! something of them, or lacks a part.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

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
    /// Tickets that are put in in one transaction, between which others write.
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

/// How long one job goes on, if there is so much to do: other jobs wait meanwhile, and
/// with a turn for each transaction a million tickets would take an hour.
const AT_MOST: Duration = Duration::from_millis(500);

/// The payload is the number that the job before came to.
pub(super) async fn run(desk: &Desk, job: &Job, lacks: Lacks) -> Result<Outcome, Error> {
    let mut after: i64 = job.payload.parse().unwrap_or(0);
    let begun = Instant::now();
    while begun.elapsed() < AT_MOST {
        match step(desk, after, &lacks).await? {
            Some(last) => after = last.0,
            None => return Ok(Outcome::Done),
        }
    }
    Ok(Outcome::On(after.to_string()))
}

/// Puts in the next tickets; the last of them, or `None`: there were no more.
async fn step(desk: &Desk, after: i64, lacks: &Lacks) -> Result<Option<TicketNumber>, Error> {
    let (catalogue, now) = (desk.catalogue().await?, desk.now());
    let Lacks {
        next,
        at_once,
        put,
        complete,
    } = *lacks;
    desk.0
        .db
        .write(move |c| {
            let numbers = next(c, after, at_once)?;
            let among: BTreeSet<TicketNumber> = numbers.iter().copied().collect();
            let docs = crate::follow::index_entries(c, &catalogue, &among)?;
            put(c, &docs)?;
            if numbers.is_empty() {
                store::setting::set(c, complete, "true", now)?;
            }
            Ok::<_, Error>(numbers.last().copied())
        })
        .await
}
