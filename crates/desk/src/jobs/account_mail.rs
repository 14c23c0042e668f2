//! Writes a mail that somebody asked for with an address: the link to register,
//! to set a new password, to prove one more address.

use store::job::Job;

use super::Outcome;
use crate::link::Wish;
use crate::{Desk, Error};

pub(super) async fn run(desk: &Desk, job: &Job) -> Result<Outcome, Error> {
    let Ok(wish) = serde_json::from_str::<Wish>(&job.payload) else {
        return Ok(Outcome::Never("the job can not be read".into()));
    };
    desk.grant_wish(job.id, wish).await?;
    Ok(Outcome::Done)
}
