//! Looks again at a mail whose first look did not come to an end.

use store::job::Job;
use uuid::Uuid;

use super::Outcome;
use crate::{Desk, Error};

pub(super) async fn run(desk: &Desk, job: &Job) -> Result<Outcome, Error> {
    let Ok(id) = Uuid::try_parse(&job.payload) else {
        return Ok(Outcome::Never("the job names no mail".into()));
    };
    desk.decide_mail(id).await?;
    Ok(Outcome::Done)
}
