//! Hands the open tickets of retired units to those who took over.
//!
//! It looks for such tickets anew each time, so that a ticket that was reopened
//! after its unit had been retired finds its way too. Each batch leaves the next
//! one to another job, which goes on after the last number: a ticket that can
//! not be moved never holds up the others.

use store::job::Job;
use switchboard_core::{Actor, Channel, Command};

use super::Outcome;
use crate::act::Step;
use crate::{Desk, Error};

/// Tickets that one job moves.
const AT_ONCE: i64 = 200;

pub(super) async fn run(desk: &Desk, job: &Job) -> Result<Outcome, Error> {
    let after: i64 = job.payload.parse().unwrap_or(0);
    let batch = desk
        .0
        .db
        .read(move |c| store::unit::stranded(c, after, AT_ONCE).map_err(Error::from))
        .await?;
    // Another node may have retired the unit a moment ago.
    desk.forget_catalogue();
    let catalogue = desk.catalogue().await?;
    let actor = Actor::system(Channel::Job);
    let full = batch.len() as i64 == AT_ONCE;
    let last = batch.last().map(|(number, _)| number.0);
    for (number, unit) in batch {
        let heir = match catalogue.heir(unit) {
            Some(heir) => heir,
            None => catalogue.first_level()?,
        };
        let name = catalogue.unit(unit).map_or("the unit", |u| u.name.as_str());
        let step = Step::Command(Command::Assign {
            unit: heir.id,
            reason: Some(format!("{name} was retired; {} took over", heir.name)),
        });
        match desk.act(&actor, number, None, vec![step]).await {
            // Closed or moved in this moment: right so.
            Ok(_) | Err(Error::Conflict(_)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(match last.filter(|_| full) {
        Some(last) => Outcome::On(last.to_string()),
        None => Outcome::Done,
    })
}
