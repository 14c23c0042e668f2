//! Puts the open tickets into the search index again, once: the index of an older
//! version does not tell which they are.

use store::job::Job;
use switchboard_core::TicketNumber;

use super::Outcome;
use crate::list::OPEN_IS_INDEXED;
use crate::{Desk, Error};

/// Tickets that one job puts in, in one transaction, between which others write.
const AT_ONCE: i64 = 100;

/// The payload is the number that the job before came to.
pub(super) async fn run(desk: &Desk, job: &Job) -> Result<Outcome, Error> {
    let after: i64 = job.payload.parse().unwrap_or(0);
    let (catalogue, now) = (desk.catalogue().await?, desk.now());
    let last: Option<TicketNumber> = desk
        .0
        .db
        .write(move |c| {
            let numbers = store::ticket::open_after(c, after, AT_ONCE)?;
            let among = numbers.iter().copied().collect();
            let docs = crate::follow::index_entries(c, &catalogue, &among)?;
            store::search::index(c, &docs)?;
            if numbers.is_empty() {
                store::setting::set(c, OPEN_IS_INDEXED, "true", now)?;
            }
            Ok::<_, Error>(numbers.last().copied())
        })
        .await?;
    Ok(match last {
        Some(number) => Outcome::On(number.0.to_string()),
        None => Outcome::Done,
    })
}
