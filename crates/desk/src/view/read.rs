//! Looking at a ticket: each opening of a restricted one is noted before anything of
//! it is given out.

use std::collections::HashMap;

use store::Conn;
use switchboard_core::decide::allowed;
use switchboard_core::triage::Step;
use switchboard_core::{Actor, Change, EntryId, PersonId, Status, TicketNumber};

use super::{
    Conversation, EntryView, EventView, FileView, MOST, TicketView, entry_views, event_views,
    load_visible, master_entries, ticket_view,
};
use crate::{Catalogue, Desk, Error};

/// All of a ticket that somebody may see.
pub(crate) struct Whole {
    pub(crate) ticket: TicketView,
    pub(crate) entries: Vec<EntryView>,
    pub(crate) events: Vec<EventView>,
}

/// A ticket as the actor may see it, with its entries and its history; `None`: they
/// may not.
pub(crate) fn whole(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    actor: &Actor,
    number: TicketNumber,
) -> Result<Option<Whole>, Error> {
    let (ticket, access) = match load_visible(c, actor, number) {
        Err(Error::NotFound { .. }) => return Ok(None),
        found => found?,
    };
    let entries = entry_views(c, number, &access, 0, i64::MAX)?;
    let events = event_views(c, number, &access, 0, i64::MAX)?;
    let view = ticket_view(c, catalogue, actor, ticket, None)?;
    Ok(Some(Whole {
        ticket: view,
        entries,
        events,
    }))
}

impl Desk {
    /// A ticket.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when the actor may not see it.
    pub async fn ticket(&self, actor: &Actor, number: TicketNumber) -> Result<TicketView, Error> {
        let catalogue = self.catalogue().await?;
        let reader = actor.clone();
        let view = self
            .0
            .db
            .read_here(move |c| {
                let (ticket, beside) = store::ticket::load_to_show(c, number)?
                    .ok_or_else(|| Error::not_found(format!("ticket {number}")))?;
                ticket_view(c, &catalogue, &reader, ticket, Some(beside))
            })
            .await?;
        self.note_read(actor, number, view.tlp.is_some()).await?;
        Ok(view)
    }

    /// A ticket with its entries and history, in one snapshot.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when the actor may not see it.
    pub async fn conversation(
        &self,
        actor: &Actor,
        number: TicketNumber,
    ) -> Result<Conversation, Error> {
        let catalogue = self.catalogue().await?;
        let (reader, now) = (actor.clone(), self.now());
        let conversation: Conversation = self
            .0
            .db
            .read(move |c| {
                let actor = &reader;
                let (ticket, access) = load_visible(c, actor, number)?;
                let mut entries = entry_views(c, number, &access, 0, MOST)?;
                let events = event_views(c, number, &access, 0, MOST)?;
                entries.extend(master_entries(c, &events)?);
                entries.sort_by_key(|e| (e.at, e.id));
                let mut scene = crate::scene::begin(c, &catalogue, number, &[])?;
                crate::scene::complete(c, &catalogue, &mut scene, |s| {
                    s.missing_for_offers(number)
                })?;
                let offers = allowed(&scene, number, actor, now);
                let status_choices = Status::ALL
                    .into_iter()
                    .filter(|s| *s != ticket.status)
                    .filter(|s| offers.iter().any(|o| o.status() == Some(*s)))
                    .collect();
                let mut ids: Vec<PersonId> = Vec::new();
                for event in &events {
                    match &event.change {
                        Change::OwnerSet { old, new } => ids.extend(old.iter().chain(new)),
                        Change::PartyAdded { party } | Change::PartyRemoved { party } => {
                            ids.push(party.person);
                        }
                        _ => {}
                    }
                }
                let mut told = Vec::new();
                let mut mails = Vec::new();
                if access.may_work() {
                    mails = crate::mail_in::notes(c, number)?;
                }
                if access.may_see_internal() {
                    let rows = store::mail::told(c, number)?;
                    ids.extend(rows.iter().filter_map(|r| r.person));
                    told = rows;
                }
                let (mut ratings, mut may_rate) = (Vec::new(), false);
                if access.requester || access.may_see_internal() {
                    ratings = store::satisfaction::of_ticket(c, number)?;
                    may_rate =
                        access.requester && crate::satisfaction::may_rate(c, &ticket, &ratings)?;
                }
                ids.sort_unstable();
                ids.dedup();
                let names: HashMap<PersonId, String> = store::person::load_many(c, &ids)?
                    .into_iter()
                    .map(|p| (p.id, p.name))
                    .collect();
                let told = told
                    .into_iter()
                    .map(|t| {
                        let name = t.person.and_then(|p| names.get(&p).cloned());
                        (t.cause, name.unwrap_or(t.address), t.state)
                    })
                    .collect();
                Ok::<_, Error>(Conversation {
                    ticket: ticket_view(c, &catalogue, actor, ticket, None)?,
                    entries,
                    events,
                    names,
                    offers,
                    status_choices,
                    told,
                    mails,
                    ratings,
                    may_rate,
                })
            })
            .await?;
        self.note_read(actor, number, conversation.ticket.tlp.is_some())
            .await?;
        Ok(conversation)
    }

    /// Entries of a ticket after `after_seq`, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when the actor may not see the ticket.
    pub async fn entries(
        &self,
        actor: &Actor,
        number: TicketNumber,
        after_seq: i64,
        limit: i64,
    ) -> Result<Vec<EntryView>, Error> {
        let reader = actor.clone();
        let (restricted, found) = self
            .0
            .db
            .read_here(move |c| {
                store::entry::expect(c, number, reader.is_staff(), after_seq, limit)?;
                let (ticket, access) = load_visible(c, &reader, number)?;
                let found = entry_views(c, number, &access, after_seq, limit)?;
                Ok::<_, Error>((ticket.label().is_some(), found))
            })
            .await?;
        self.note_read(actor, number, restricted).await?;
        Ok(found)
    }

    /// One entry of a ticket.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when the actor may not see the entry.
    pub async fn entry(
        &self,
        actor: &Actor,
        number: TicketNumber,
        id: EntryId,
    ) -> Result<EntryView, Error> {
        let reader = actor.clone();
        let (restricted, found) = self
            .0
            .db
            .read_here(move |c| {
                let (ticket, access) = load_visible(c, &reader, number)?;
                let entry = store::entry::load(c, id)?
                    .filter(|e| e.ticket == number)
                    .ok_or_else(|| Error::not_found("such entry"))?;
                let found = entry_views(c, number, &access, entry.seq - 1, 1)?
                    .into_iter()
                    .find(|e| e.id == id)
                    .ok_or_else(|| Error::not_found("such entry"))?;
                Ok::<_, Error>((ticket.label().is_some(), found))
            })
            .await?;
        self.note_read(actor, number, restricted).await?;
        Ok(found)
    }

    /// The history of a ticket after `after_seq`, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when the actor may not see the ticket.
    pub async fn history(
        &self,
        actor: &Actor,
        number: TicketNumber,
        after_seq: i64,
        limit: i64,
    ) -> Result<Vec<EventView>, Error> {
        let reader = actor.clone();
        let (restricted, found) = self
            .0
            .db
            .read_here(move |c| {
                let (ticket, access) = load_visible(c, &reader, number)?;
                let found = event_views(c, number, &access, after_seq, limit)?;
                Ok::<_, Error>((ticket.label().is_some(), found))
            })
            .await?;
        self.note_read(actor, number, restricted).await?;
        Ok(found)
    }

    /// Files of a ticket that the actor may have.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when the actor may not see the ticket.
    pub async fn files(&self, actor: &Actor, number: TicketNumber) -> Result<Vec<FileView>, Error> {
        Ok(self
            .entries(actor, number, 0, MOST)
            .await?
            .into_iter()
            .flat_map(|e| e.files)
            .collect())
    }

    /// The rules with what each gives for these facts, for a page.
    ///
    /// # Errors
    /// When the rules can not be read.
    pub async fn explain(
        &self,
        facts: &switchboard_core::Facts,
    ) -> Result<(switchboard_core::Assessment, Vec<Step>), Error> {
        let catalogue = self.catalogue().await?;
        Ok((
            catalogue.rules.assess(facts),
            catalogue.rules.explain(facts),
        ))
    }
}
