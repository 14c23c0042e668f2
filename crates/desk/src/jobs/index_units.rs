//! Puts all tickets into the index by unit, once: an older version had none.

use store::job::Job;
use switchboard_core::TicketNumber;

use super::Outcome;
use crate::list::UNITS_ARE_INDEXED;
use crate::{Desk, Error};

/// Tickets that one job puts in, in one transaction, between which others write.
const AT_ONCE: i64 = 200;

/// The payload is the number that the job before came to.
pub(super) async fn run(desk: &Desk, job: &Job) -> Result<Outcome, Error> {
    let after: i64 = job.payload.parse().unwrap_or(0);
    let (catalogue, now) = (desk.catalogue().await?, desk.now());
    let last: Option<TicketNumber> = desk
        .0
        .db
        .write(move |c| {
            let numbers = store::ticket::after(c, after, AT_ONCE)?;
            let among = numbers.iter().copied().collect();
            let docs = crate::follow::index_entries(c, &catalogue, &among)?;
            store::search::index_by_unit(c, &docs)?;
            if numbers.is_empty() {
                store::setting::set(c, UNITS_ARE_INDEXED, "true", now)?;
            }
            Ok::<_, Error>(numbers.last().copied())
        })
        .await?;
    Ok(match last {
        Some(number) => Outcome::On(number.0.to_string()),
        None => Outcome::Done,
    })
}
