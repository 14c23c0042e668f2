//! The job that looks after silence: lists are reminded once, then first level
//! is woken; mails to lists that did not arrive wake it at once.
//!
//! What was done is noted in the transaction that queues the mails, so a
//! restart repeats nothing and leaves nothing out.

use store::Conn;
use switchboard_core::redirect::Happened;
use uuid::Uuid;

use super::{Around, play};
use crate::jobs::Outcome;
use crate::{Catalogue, Desk, Error, Live};

/// Redirections looked at in one run; the next run takes the rest.
const AT_ONCE: i64 = 500;

/// One run.
pub(crate) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    let now = desk.now();
    let (due, lost) = desk
        .0
        .db
        .read(move |c| {
            let due = store::redirect::due(c, now, AT_ONCE)?;
            Ok::<_, Error>((due, store::redirect::undelivered(c, AT_ONCE)?))
        })
        .await?;
    for (mail, redirection, error) in lost {
        let why = error.unwrap_or_else(|| "the mail server refuses it".into());
        desk.list_unreachable(redirection, Some(mail), &why).await?;
    }
    for id in due {
        let (catalogue, same) = (desk.catalogue().await?, desk.clone());
        let live = desk
            .0
            .db
            .write(move |c| happen(c, &same, &catalogue, id, Happened::Time, None))
            .await?;
        desk.announce(live);
    }
    Ok(Outcome::Done)
}

/// Lets something happen to a redirection by its id.
pub(super) fn happen(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    id: Uuid,
    happened: Happened,
    trouble: Option<&str>,
) -> Result<Vec<Live>, Error> {
    let Some(mut row) = store::redirect::load(c, id)? else {
        return Ok(Vec::new());
    };
    let Some(ticket) = store::ticket::load(c, row.ticket)? else {
        return Ok(Vec::new());
    };
    if let Some(trouble) = trouble {
        row.trouble = Some(crate::act::clip(trouble, 500).to_owned());
    }
    let a = Around {
        desk,
        catalogue,
        ticket: &ticket,
        now: desk.now(),
    };
    play(c, &a, &mut row, happened, None)
}

impl Desk {
    /// Notes that mail to a list did not arrive. `mail`: which, when it is
    /// known; it is told of once.
    pub(crate) async fn list_unreachable(
        &self,
        redirection: Uuid,
        mail: Option<Uuid>,
        why: &str,
    ) -> Result<(), Error> {
        let (catalogue, desk, why) = (self.catalogue().await?, self.clone(), why.to_owned());
        let live = self
            .0
            .db
            .write(move |c| {
                if let Some(mail) = mail
                    && !store::redirect::mark_lost(c, mail)?
                {
                    return Ok(Vec::new());
                }
                happen(
                    c,
                    &desk,
                    &catalogue,
                    redirection,
                    Happened::Undeliverable,
                    Some(&why),
                )
            })
            .await?;
        self.announce(live);
        Ok(())
    }
}
