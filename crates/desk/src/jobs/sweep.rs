//! Forgets what is over: sessions, repeated-request keys, finished jobs.

use super::Outcome;
use crate::{Desk, Error};

const DAY: i64 = 86_400_000;

pub(super) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    let now = desk.now();
    desk.0
        .db
        .write(move |c| {
            store::person::sweep_sessions(c, now)?;
            store::setting::sweep_idempotent(c, now - DAY)?;
            store::job::prune(c, now - DAY)?;
            Ok(Outcome::Done)
        })
        .await
}
