//! Has the contacts of sites on the tickets that name them.
//!
//! A contact is an address. Whose that is changes without anybody touching the site: somebody
//! registers, has their address merged into another account, is erased. So it
//! is looked up every hour, and when a site is saved.

use store::job::Job;
use switchboard_core::{Actor, Channel, Command};

use super::Outcome;
use crate::act::Step;
use crate::site::{ContactChange, settle_contact, unsettled};
use crate::{Desk, Error};

/// Tickets that one job changes.
const AT_ONCE: i64 = 200;

/// Looks up whose addresses the contacts are. Everything waits for a write, so only what is
/// somebody else's now is written.
pub(super) async fn settle(desk: &Desk) -> Result<Outcome, Error> {
    let now = desk.now();
    let sites = desk.0.db.read(unsettled).await?;
    if sites.is_empty() {
        return Ok(Outcome::Done);
    }
    let changed = desk
        .0
        .db
        .write(move |c| {
            let mut changed = false;
            for key in &sites {
                // It may have changed since.
                if let Some(site) = store::site::load(c, key)? {
                    changed |= settle_contact(c, &site, now)?;
                }
            }
            Ok::<_, Error>(changed)
        })
        .await?;
    if changed {
        desk.forget_catalogue();
    }
    Ok(Outcome::Done)
}

/// Follows with the open tickets of one site.
pub(super) async fn run(desk: &Desk, job: &Job) -> Result<Outcome, Error> {
    let Ok(mut change) = serde_json::from_str::<ContactChange>(&job.payload) else {
        return Ok(Outcome::Never("the payload can not be read".into()));
    };
    let (site, after) = (change.site.clone(), change.after);
    let (new, batch) = desk
        .0
        .db
        .read(move |c| {
            let new = store::site::contact_person(c, &site)?;
            let batch = store::site::open_tickets(c, &site, after, AT_ONCE)?;
            Ok::<_, Error>((new, batch))
        })
        .await?;
    let actor = Actor::system(Channel::Job);
    for number in &batch {
        let old = change.old;
        let step = Step::Command(Command::SetSiteContact { old, new });
        match desk.act(&actor, *number, None, vec![step]).await {
            // Closed or merged in this moment: right so.
            Ok(_) | Err(Error::Conflict(_)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(
        match batch.last().filter(|_| batch.len() as i64 == AT_ONCE) {
            Some(last) => {
                change.after = last.0;
                let rest = serde_json::to_string(&change)
                    .map_err(|e| Error::Internal(format!("a site's contact to JSON: {e}")))?;
                Outcome::On(rest)
            }
            None => Outcome::Done,
        },
    )
}
