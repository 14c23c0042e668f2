//! Sends an answer whose time to be taken back is over.

use store::job::Job;
use uuid::Uuid;

use super::Outcome;
use crate::{Desk, Error};

pub(super) async fn run(desk: &Desk, job: &Job) -> Result<Outcome, Error> {
    let Ok(id) = Uuid::try_parse(&job.payload) else {
        return Ok(Outcome::Never("the job names no answer".into()));
    };
    desk.send_held_at_its_time(id).await?;
    Ok(Outcome::Done)
}
