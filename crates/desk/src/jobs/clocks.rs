//! Works out anew what open tickets are due, after calendars or targets changed; and
//! replays the history of tickets that are from before there were clocks.

use std::collections::BTreeSet;

use store::job::Job;
use switchboard_core::TicketNumber;

use super::Outcome;
use crate::report::block::repack;
use crate::ticket_clock::work_out;
use crate::{Desk, Error};

/// Tickets in one transaction: few, so that people's changes do not wait long for the
/// writer.
const STEP: i64 = 50;
/// All tickets without clocks, the newest first.
pub(super) const WITHOUT: &str = "without 9223372036854775807";

pub(super) async fn run(desk: &Desk, job: &Job) -> Result<Outcome, Error> {
    let wrong = || Error::Internal(format!("no tickets are meant by {:?}", job.payload));
    let (which, from) = job.payload.split_once(' ').ok_or_else(wrong)?;
    let from = TicketNumber(from.parse().map_err(|_| wrong())?);
    let open = which == "open";
    let catalogue = desk.catalogue().await?;
    let last = desk
        .0
        .db
        .write(move |c| {
            let numbers = if open {
                store::ticket_clock::open_after(c, from, STEP)?
            } else {
                store::ticket_clock::without(c, from, STEP)?
            };
            let mut others = BTreeSet::new();
            for number in &numbers {
                if work_out(c, *number, &catalogue)? {
                    others.insert(*number);
                }
            }
            // No event tells the reports of it.
            repack(c, others, catalogue.terms())?;
            Ok::<_, Error>(numbers.last().copied())
        })
        .await?;
    Ok(match last {
        Some(last) => Outcome::On(format!("{which} {last}")),
        None => Outcome::Done,
    })
}
