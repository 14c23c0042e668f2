//! Delivers one mail of the outbox.
//!
//! The mail's bytes and Message-ID were fixed when it was queued. The state
//! goes to *sending* before the server is asked and to *sent* after it agreed:
//! a crash between the two delivers the same mail, with the same Message-ID,
//! at most once more.

use connect::Delivery;
use store::job::Job;
use uuid::Uuid;

use super::Outcome;
use crate::{Desk, Error};

pub(super) async fn run(desk: &Desk, job: &Job) -> Result<Outcome, Error> {
    let Ok(id) = Uuid::try_parse(&job.payload) else {
        return Ok(Outcome::Never("the job names no mail".into()));
    };
    let mail = desk
        .0
        .db
        .read(move |c| store::mail::outgoing(c, id).map_err(Error::from))
        .await?;
    let Some(mail) = mail else {
        return Ok(Outcome::Never("the mail is not there".into()));
    };
    if mail.state == "sent" || mail.state == "failed" {
        return Ok(Outcome::Done);
    }
    set_state(desk, id, "sending", None).await?;
    let (mailer, from) = (desk.0.mailer.clone(), desk.config().mail_address.clone());
    let delivery = tokio::task::spawn_blocking(move || {
        mailer.send(&id.simple().to_string(), &from, &mail.address, &mail.bytes)
    })
    .await
    .map_err(|e| Error::Internal(format!("mail delivery: {e}")))?;
    Ok(match delivery {
        Delivery::Sent => {
            set_state(desk, id, "sent", None).await?;
            Outcome::Done
        }
        Delivery::Deferred(why) => {
            set_state(desk, id, "deferred", Some(why.clone())).await?;
            Outcome::Later(why)
        }
        Delivery::Failed(why) => {
            set_state(desk, id, "failed", Some(why.clone())).await?;
            Outcome::Never(why)
        }
    })
}

async fn set_state(
    desk: &Desk,
    id: Uuid,
    state: &'static str,
    error: Option<String>,
) -> Result<(), Error> {
    let now = desk.now();
    desk.0
        .db
        .write(move |c| {
            store::mail::set_outgoing_state(c, id, state, error.as_deref(), now)
                .map_err(Error::from)
        })
        .await
}
