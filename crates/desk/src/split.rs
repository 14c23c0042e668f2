//! Splitting a ticket: a new one is opened for some of its entries, in the same
//! transaction.

use switchboard_core::decide::{decide, open};
use switchboard_core::{
    Access, Actor, Command, EntryId, EntryVisibility, NewTicket, Scene, TicketNumber,
};

use crate::act::{EntryDraft, save, store_entry};
use crate::open::one_line;
use crate::{Desk, Error, scene};

impl Desk {
    /// Moves entries of a ticket to a new one with the same requester, unit and
    /// facts, and returns its number.
    ///
    /// # Errors
    /// As [`Desk::act`]; [`Error::Invalid`] for entries that are not this
    /// ticket's.
    pub async fn split(
        &self,
        actor: &Actor,
        number: TicketNumber,
        expected: Option<i64>,
        subject: &str,
        entries: Vec<EntryId>,
    ) -> Result<TicketNumber, Error> {
        let subject = one_line(subject);
        if subject.is_empty() {
            return Err(Error::invalid(
                "subject",
                "say in one line what the new ticket is about",
            ));
        }
        let catalogue = self.catalogue().await?;
        let draft = EntryDraft {
            body: format!("Split off #{number}."),
            ..EntryDraft::default()
        };
        let entry = self
            .ready_entry(
                "subject",
                TicketNumber(0),
                EntryVisibility::Public,
                false,
                draft,
            )
            .await?;
        let (now, cause, actor) = (self.now(), self.uuid(), actor.clone());
        let (new, live) = self
            .0
            .db
            .write(move |c| {
                let mut scene = scene::begin(c, &catalogue, number, &[])?;
                let from = scene.tickets[&number].clone();
                let access = Access::of(&actor, &from);
                if !access.may_see() {
                    return Err(Error::not_found(format!("ticket {number}")));
                }
                if !access.may_work() {
                    return Err(Error::Forbidden(
                        "only those who work on this ticket may split it".into(),
                    ));
                }
                if let Some(expected) = expected
                    && expected != from.version
                {
                    return Err(Error::Stale {
                        current: from.version,
                    });
                }
                let own = store::entry::ids(c, number)?;
                if let Some(wrong) = entries.iter().find(|e| !own.contains(e)) {
                    return Err(Error::invalid(
                        "entries",
                        format!("{wrong} is no entry of ticket {number}"),
                    ));
                }
                if own.first().is_some_and(|first| entries.contains(first)) {
                    return Err(Error::invalid(
                        "entries",
                        "must leave the first entry where it is",
                    ));
                }
                let first_level = catalogue.unit(from.unit).is_some_and(|u| u.first_level)
                    || (from.portal.is_some()
                        && catalogue.portal_of_unit(from.unit) == from.portal);
                let request = NewTicket {
                    number: TicketNumber(store::counter::next(c, "ticket")?),
                    kind: from.kind,
                    requester: from.requester,
                    tell: from.tell,
                    parties: from.parties.clone(),
                    subject: subject.clone(),
                    description: entry.id,
                    facts: from.facts.clone(),
                    issue_type: from.issue_type.clone(),
                    service: from.service,
                    site: from.site.clone(),
                    // They are among the parties.
                    site_contact: None,
                    community: from.community.clone(),
                    portal: from.portal,
                    since: from.since,
                    unit: from.unit,
                    routed: !first_level,
                    visibility: from.visibility,
                    custom: from.custom.clone(),
                };
                let new = request.number;
                let before: Scene = scene.clone();
                let caused = open(&request, &actor, &scene, &catalogue.rules, now)?;
                for one in &caused {
                    scene.apply(one, now);
                }
                // The new ticket is there before another is tied to it.
                save(
                    c,
                    &catalogue,
                    (&before, &scene),
                    &caused,
                    &actor,
                    cause,
                    now,
                )?;
                let opened: Scene = scene.clone();
                let command = Command::SplitInto {
                    new,
                    entries: entries.clone(),
                };
                let moved = decide(&scene, number, &command, &actor, &catalogue.rules, now)?;
                for one in &moved {
                    scene.apply(one, now);
                }
                let live = save(c, &catalogue, (&opened, &scene), &moved, &actor, cause, now)?;
                let access = Access::of(&actor, &scene.tickets[&new]);
                store_entry(c, new, &entry, &actor, access, now)?;
                Ok((new, live))
            })
            .await?;
        self.announce(live);
        Ok(new)
    }
}
