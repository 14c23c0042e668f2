//! Makes the timers of all tickets anew: after an upgrade, as older versions had none,
//! and when other rules or another unit's days hold.

use store::job::Job;
use switchboard_core::TicketNumber;

use super::Outcome;
use crate::timer::{COMPLETE, keep_anew};
use crate::{Desk, Error};

/// Tickets of one job, in one transaction, between which others write.
const AT_ONCE: i64 = 100;

/// The payload is the number that the job before came to.
pub(super) async fn run(desk: &Desk, job: &Job) -> Result<Outcome, Error> {
    let after: i64 = job.payload.parse().unwrap_or(0);
    // Another node may have changed the rules a moment ago.
    desk.forget_catalogue();
    let (catalogue, now) = (desk.catalogue().await?, desk.now());
    let last: Option<TicketNumber> = desk
        .0
        .db
        .write(move |c| {
            let numbers = store::timer::tickets_after(c, after, AT_ONCE)?;
            for number in &numbers {
                if let Some(ticket) = store::ticket::load(c, *number)? {
                    keep_anew(c, &catalogue, &ticket)?;
                }
            }
            if numbers.is_empty() && store::setting::get(c, COMPLETE)?.is_some() {
                store::setting::set(c, COMPLETE, "true", now)?;
            }
            Ok::<_, Error>(numbers.last().copied())
        })
        .await?;
    Ok(match last {
        Some(number) => Outcome::On(number.0.to_string()),
        None => Outcome::Done,
    })
}
