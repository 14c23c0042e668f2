//! Packs tickets for reports: all of them once, then those that changed.

use super::Outcome;
use crate::report::STEPS;
use crate::{Desk, Error};

pub(super) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    Ok(match desk.pack_reports().await? {
        STEPS => Outcome::On(String::new()),
        _ => Outcome::Done,
    })
}
