//! Gathers the search index into one piece, every day.
//!
//! SQLite's index grows by pieces, each with a list of words of its own, and a
//! search looks every one of its words and of its asker's units up in each of them. With a
//! million tickets that were a dozen pieces, and twenty units cost 2 ms instead
//! of 0.3. Gathering writes the index anew (16 s with a million tickets), so it is
//! done in small steps, between which others write, and leaves the rest to
//! another job.

use store::job::Job;

use super::Outcome;
use crate::{Desk, Error};

/// Steps that one job makes: a step is some 60 ms of writing, and other jobs wait
/// meanwhile.
const STEPS: usize = 4;
/// So many pieces are left as they are: writing all of it costs more than they do.
const FEW_PIECES: i64 = 3;
/// What the payload of a job says that goes on.
const ON: &str = "on";

pub(super) async fn run(desk: &Desk, job: &Job) -> Result<Outcome, Error> {
    let mut begin = job.payload != ON;
    if begin {
        let pieces = desk
            .0
            .db
            .read(|c| store::search::pieces(c).map_err(Error::from))
            .await?;
        if pieces <= FEW_PIECES {
            return Ok(Outcome::Done);
        }
    }
    for _ in 0..STEPS {
        let more = desk
            .0
            .db
            .write(move |c| store::search::rewrite(c, begin).map_err(Error::from))
            .await?;
        if !more {
            return Ok(Outcome::Done);
        }
        begin = false;
    }
    Ok(Outcome::On(ON.to_owned()))
}
