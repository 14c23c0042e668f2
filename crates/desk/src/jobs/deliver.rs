//! Delivers one mail of the outbox.
//!
//! The mail's bytes and Message-ID were fixed when it was queued. The state
//! goes to *sending* before the server is asked and to *sent* after it agreed:
//! a crash between the two delivers the same mail, with the same Message-ID,
//! at most once more.

use connect::Delivery;
use store::job::Job;
use store::mail::Outgoing;
use uuid::Uuid;

use super::{MailState, Outcome};
use crate::{Desk, Error};

/// The mail that a job is to deliver.
pub(super) fn mail_of(job: &Job) -> Option<Uuid> {
    Uuid::try_parse(&job.payload).ok()
}

/// Delivers `mail`, whose state is *sending* now; `state` becomes its new one, for
/// whoever notes that the job has ended. `None`: it is not there, or it is over.
pub(super) async fn run(
    desk: &Desk,
    job: &Job,
    mail: Option<Outgoing>,
    state: &mut Option<MailState>,
) -> Result<Outcome, Error> {
    if mail_of(job).is_none() {
        return Ok(Outcome::Never("the job names no mail".into()));
    }
    let Some(mail) = mail else {
        return Ok(Outcome::Done);
    };
    let (mailer, from) = (desk.0.mailer.clone(), desk.config().mail_address.clone());
    let id = mail.id;
    let delivery = tokio::task::spawn_blocking(move || {
        mailer.send(&id.simple().to_string(), &from, &mail.address, &mail.bytes)
    })
    .await
    .map_err(|e| Error::Internal(format!("mail delivery: {e}")))?;
    let (outcome, word, error) = match delivery {
        Delivery::Sent => (Outcome::Done, "sent", None),
        Delivery::Deferred(why) => (Outcome::Later(why.clone()), "deferred", Some(why)),
        Delivery::Failed(why) => (Outcome::Never(why.clone()), "failed", Some(why)),
    };
    *state = Some(MailState {
        id,
        state: word,
        error,
    });
    Ok(outcome)
}
