//! Tells the support side, once, that nothing arrives at an address any more: by
//! an internal note at the ticket whose mail came back.

use store::job::Job;
use switchboard_core::{Access, Actor, Channel, Command, EntryVisibility};
use uuid::Uuid;

use super::Outcome;
use crate::act::{EntryDraft, command_within, store_entry};
use crate::{Desk, Error};

pub(super) async fn run(desk: &Desk, job: &Job) -> Result<Outcome, Error> {
    let Ok(id) = Uuid::try_parse(&job.payload) else {
        return Ok(Outcome::Never("the job names no mail".into()));
    };
    let found = desk
        .0
        .db
        .read(move |c| {
            let Some(mail) = store::outbox::load(c, id)? else {
                return Ok::<_, Error>(None);
            };
            let dead = store::outbox::dead_among(c, std::slice::from_ref(&mail.address))?;
            Ok(dead.into_iter().next().map(|dead| (mail, dead)))
        })
        .await?;
    let Some((mail, dead)) = found else {
        return Ok(Outcome::Done);
    };
    let Some(number) = mail.ticket.filter(|_| dead.told_at.is_none()) else {
        return Ok(Outcome::Done);
    };
    let body = format!(
        "A mail to {} did not arrive, and no other will: {}\n\nAsk them for another address, or \
         reach them another way. Mail is still tried; that it arrives again is said under \
         “Outbox” in the administration.",
        dead.address, dead.why
    );
    let draft = EntryDraft {
        body,
        ..EntryDraft::default()
    };
    let entry = desk
        .ready_entry("body", number, EntryVisibility::Internal, false, draft)
        .await?;
    let catalogue = desk.catalogue().await?;
    let (now, cause) = (desk.now(), desk.uuid());
    let live = desk
        .0
        .db
        .write(move |c| {
            if !store::outbox::tell_dead(c, &dead.address, now)? {
                return Ok(Vec::new());
            }
            let Some(ticket) = store::ticket::load(c, number)? else {
                return Ok(Vec::new());
            };
            // What is over is not opened by a note; it shows in the outbox.
            if ticket.status.is_final() || ticket.merged_into().is_some() {
                return Ok(Vec::new());
            }
            let actor = Actor::system(Channel::Job);
            store_entry(c, number, &entry, &actor, Access::of(&actor, &ticket), now)?;
            let command = Command::Write {
                entry: entry.id,
                visibility: EntryVisibility::Internal,
            };
            command_within(c, &catalogue, number, &command, &actor, cause, now)
        })
        .await?;
    desk.announce(live);
    Ok(Outcome::Done)
}
