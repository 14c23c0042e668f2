//! Forgets what is over: sessions, sign-ins on their way, mailed links,
//! repeated-request keys, finished jobs. And looks whether a ticket was left
//! with a unit that is retired.

use store::job::NewJob;

use super::{HEIRS, LEASE_MS, Outcome};
use crate::{Desk, Error};

const DAY: i64 = 86_400_000;
/// For so long an answer that could not be sent waits for its author.
const KEPT_ANSWERS: i64 = 30 * DAY;
/// For so long calls to webhooks are shown that ended, and those that were given up.
const KEPT_CALLS: (i64, i64) = (7 * DAY, 90 * DAY);
/// For so long it is shown what rules did.
const KEPT_RUNS: i64 = 180 * DAY;
/// For so long what was handed over at the end of a shift, and who stood in.
const KEPT_HAND_OVERS: i64 = 400 * DAY;

pub(super) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    let now = desk.now();
    desk.0
        .db
        .write(move |c| {
            store::person::sweep_sessions(c, now)?;
            store::identity::sweep(c, now)?;
            store::pending::sweep(c, now)?;
            store::setting::sweep_idempotent(c, now - DAY)?;
            store::job::prune(c, now - DAY)?;
            store::webhook::prune(c, now - KEPT_CALLS.0, now - KEPT_CALLS.1)?;
            store::rule::prune(c, now - KEPT_RUNS)?;
            store::rota::sweep(c, now - KEPT_HAND_OVERS)?;
            // Their jobs come back by themselves; until then it shows.
            store::outbox::lose_sight(c, now - LEASE_MS)?;
            crate::mail_in::storm::forget(c, now)?;
            for id in store::held::left_behind(c, now - KEPT_ANSWERS, now - DAY, 100)? {
                crate::held::let_go(c, id, now)?;
            }
            if !store::unit::stranded(c, 0, 1)?.is_empty() {
                store::job::enqueue(
                    c,
                    &NewJob {
                        kind: HEIRS,
                        payload: String::new(),
                        run_at: now,
                        unique_key: None,
                    },
                )?;
            }
            Ok(Outcome::Done)
        })
        .await
}
