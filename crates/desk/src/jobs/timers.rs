//! Does what time does to tickets by itself: reminds, tells, closes.
//!
//! What is due is found by an index and done in batches, each in one transaction that
//! looks at the tickets as they are; each batch leaves the next one to another job, so
//! that people's changes and other jobs come in between. What is done is written into
//! the ticket, from which all else follows: nothing is done twice, whatever breaks,
//! however many nodes run it, and whatever their clocks do.

use std::sync::Arc;

use super::Outcome;
use crate::{Catalogue, Desk, Error};

/// Timers of one transaction, which holds up people's changes for some 30 ms.
const AT_ONCE: i64 = 48;

pub(super) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    let now = desk.now();
    let due = desk
        .0
        .db
        .read(move |c| store::timer::due(c, now, AT_ONCE).map_err(Error::from))
        .await?;
    if due.is_empty() {
        return Ok(Outcome::Done);
    }
    let full = due.len() as i64 == AT_ONCE;
    let catalogue = desk.catalogue().await?;
    if let Err(error) = fire(desk, &catalogue, due.clone(), now).await {
        tracing::warn!(%error, "timers of tickets failed; trying each by itself");
        for timer in due {
            let Err(error) = fire(desk, &catalogue, vec![timer], now).await else {
                continue;
            };
            tracing::error!(ticket = %timer.ticket, %error, "a timer failed; it is tried again in an hour");
            desk.0
                .db
                .write(move |c| crate::timer::put_off(c, &timer, now))
                .await?;
        }
    }
    Ok(match full {
        true => Outcome::On(String::new()),
        false => Outcome::Done,
    })
}

/// All of these or none.
async fn fire(
    desk: &Desk,
    catalogue: &Arc<Catalogue>,
    due: Vec<store::timer::Timer>,
    now: switchboard_core::Millis,
) -> Result<(), Error> {
    let (same, catalogue) = (desk.clone(), catalogue.clone());
    let live = desk
        .0
        .db
        .write(move |c| {
            let mut live = Vec::new();
            for timer in &due {
                live.extend(crate::timer::fire(c, &same, &catalogue, timer, now)?);
            }
            Ok::<_, Error>(live)
        })
        .await?;
    desk.announce(live);
    Ok(())
}
