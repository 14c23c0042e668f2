//! What happens here: which tickets begin to travel, and what goes there.

use std::collections::{BTreeMap, BTreeSet};

use store::Conn;
use store::entry::{Attachment, Entry};
use store::event::Event;
use store::exchange::{Link, Went};
use switchboard_core::exchange::{
    Ask, Attachment as SharedFile, Author, Change as SharedChange, DeskId, Entry as SharedEntry,
    Field, LocalAuthor, LocalEntry, Name, Refused, Role, Shared, SharedId, Stage, There, Tie,
    TieInput, shared_entry,
};
use switchboard_core::onboarding::CUSTOM;
use switchboard_core::{Change, EntryId, Millis, PersonId, Status, Ticket, TicketNumber};
use uuid::Uuid;

use super::fields::{Mapped, queue};
use super::joint::Road;
use super::links::ties;
use super::owner::assignee;
use super::there::text_filtered;
use super::{Terms, goes, keep, note, private, put_off, refused_making};
use crate::redirect::{begins, may_go_to_lists, public_word};
use crate::{Catalogue, Desk, Error, Live};

/// The name of the cursor of what was carried.
pub(crate) const FOLLOWER: &str = "exchange";
/// Events that are carried at a time.
const STRETCH: i64 = 64;
/// Entries of a ticket that are told when it begins to travel.
pub(super) const MOST_ENTRIES: i64 = 1_000;

/// Of a stretch of events what may concern other systems.
pub(crate) fn touched(c: &mut Conn<'_>, events: &[Event]) -> Result<Vec<Event>, Error> {
    // Most desks couple none, and then this costs one look.
    if !store::coupling::any(c)? && !store::partner::any(c)? {
        return Ok(Vec::new());
    }
    Ok(events.to_vec())
}

/// Carries what happened into the links. To be called in the transaction that
/// notes the events as followed: so it happens once, whatever crashes.
pub(crate) fn carry(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    events: &[Event],
    now: Millis,
) -> Result<Vec<Live>, Error> {
    let numbers: BTreeSet<TicketNumber> = events.iter().map(|e| e.ticket).collect();
    let mut live = Vec::new();
    let road = match store::partner::any(c)? {
        true => Some(Road {
            desk,
            catalogue,
            me: desk.exchange_name()?,
            now,
        }),
        false => None,
    };
    for number in numbers {
        let events: Vec<&Event> = events.iter().filter(|e| e.ticket == number).collect();
        let Some(ticket) = store::ticket::load(c, number)? else {
            continue;
        };
        let travels = carry_one(c, desk, catalogue, &ticket, &events, now)?;
        let shared = match &road {
            Some(road) => goes::carry(c, road, &ticket, &events)?,
            None => false,
        };
        if travels || shared {
            live.extend(events.last().map(|e| Live {
                ticket: number,
                event: e.id,
            }));
        }
    }
    Ok(live)
}

/// Carries what happened and was not followed yet: before something that came from
/// elsewhere is taken in, what happened here has happened. To be called in that
/// transaction.
pub(super) fn catch_up(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    now: Millis,
) -> Result<Vec<Live>, Error> {
    let mut live = Vec::new();
    loop {
        let position = store::event::position(c, FOLLOWER)?;
        let events = store::event::feed(c, position, STRETCH)?;
        let Some(end) = events.last().map(|e| e.id) else {
            return Ok(live);
        };
        live.extend(carry(c, desk, catalogue, &events, now)?);
        store::event::set_position(c, FOLLOWER, end)?;
    }
}

/// The ticket is where a service's tickets travel: with its unit, or with one that the
/// agreement gives a queue of its own.
fn is_with(catalogue: &Catalogue, ticket: &Ticket, terms: &Terms) -> bool {
    let service = terms.agreement.service;
    let own = catalogue.service(service).map(|s| s.unit);
    ticket.service == Some(service)
        && (own == Some(ticket.unit) || terms.unit_key(ticket.unit).is_some())
        && may_go_to_lists(ticket)
}

/// Whether something is to be done there now.
fn carry_one(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    ticket: &Ticket,
    events: &[&Event],
    now: Millis,
) -> Result<bool, Error> {
    let mut links = store::exchange::of_ticket(c, ticket.number)?;
    let mut agreement = match ticket.service {
        Some(service) => store::coupling::of_service(c, service)?,
        None => None,
    };
    if let Some(id) = agreement {
        let terms = Terms::load(c, desk, id)?;
        agreement = terms
            .filter(|terms| is_with(catalogue, ticket, terms))
            .map(|terms| terms.agreement.id);
    }
    if links.is_empty() && agreement.is_none() {
        return Ok(false);
    }
    let owned: Vec<Event> = events.iter().map(|e| (*e).clone()).collect();
    let begins = ticket.status.is_open() && begins(ticket, &owned);
    let mut any = false;
    let mut travels = false;
    for link in &mut links {
        let Some(terms) = Terms::load(c, desk, link.agreement)? else {
            continue;
        };
        if link.stage == Stage::Active {
            travels = true;
            if is_with(catalogue, ticket, &terms) {
                goes_on(c, desk, &terms, link, ticket, events, now)?;
            } else {
                withdraw(c, desk, &terms, link, ticket, now)?;
            }
        } else if begins && agreement == Some(link.agreement) && !travels {
            travels = true;
            resume(c, desk, &terms, link, ticket, now)?;
        } else {
            continue;
        }
        store::coupling::wake(c, link.agreement, now)?;
        any = true;
    }
    if let (false, true, Some(agreement)) = (travels, begins, agreement)
        && let Some(terms) = Terms::load(c, desk, agreement)?
        && terms.agreement.direction.as_deref() != Some("in")
    {
        begin(c, desk, &terms, ticket, now)?;
        store::coupling::wake(c, agreement, now)?;
        any = true;
    }
    Ok(any)
}

/// An entry for the exchange; `None`: it is internal, or the desk wrote it by
/// itself.
pub(super) fn of_entry(c: &mut Conn<'_>, entry: &Entry) -> Result<Option<SharedEntry>, Error> {
    if entry.author_side == "system" {
        return Ok(None);
    }
    let address = match entry.author {
        Some(person) => store::person::load(c, person)?.and_then(|p| p.email),
        None => None,
    };
    Ok(shared_entry(&LocalEntry {
        visibility: entry.visibility,
        author: LocalAuthor {
            role: if entry.author_side == "requester" {
                Role::Requester
            } else {
                Role::Staff
            },
            name: entry.author_name.clone(),
            address,
        },
        body: entry.body.clone(),
    }))
}

/// What a link's changes of one moment are made with.
struct Pen<'a> {
    terms: &'a Terms,
    private: Vec<String>,
    files: BTreeMap<EntryId, Vec<Attachment>>,
    /// Entries that have their name in the shared ticket.
    known: BTreeSet<EntryId>,
    now: Millis,
}

impl Pen<'_> {
    fn new<'a>(
        c: &mut Conn<'_>,
        terms: &'a Terms,
        link: Uuid,
        ticket: &Ticket,
        now: Millis,
    ) -> Result<Pen<'a>, Error> {
        let mut files: BTreeMap<EntryId, Vec<Attachment>> = BTreeMap::new();
        if terms.agreement.doc.attachments {
            for file in store::entry::attachments(c, ticket.number)? {
                files.entry(file.entry).or_default().push(file);
            }
        }
        Ok(Pen {
            terms,
            private: private(c, ticket)?,
            files,
            known: store::exchange::entries(c, link)?
                .into_iter()
                .map(|(entry, _)| entry)
                .collect(),
            now,
        })
    }

    /// A change of ours happened. That the rules refuse one is a mistake here: what
    /// they ask for was looked at before.
    fn made(&self, link: &mut Link, change: Result<SharedChange, Refused>) -> Result<Name, Error> {
        let change = change.map_err(|e| Error::Internal(e.to_string()))?;
        let name = change.name.clone();
        self.terms.happened(link, change, &self.private, self.now);
        Ok(name)
    }

    /// An entry and its files go, once.
    fn write(&mut self, c: &mut Conn<'_>, link: &mut Link, entry: &Entry) -> Result<(), Error> {
        if self.known.contains(&entry.id) {
            return Ok(());
        }
        let Some(said) = of_entry(c, entry)? else {
            return Ok(());
        };
        let change = link.shared.write(&self.terms.me, said, entry.at);
        let name = self.made(link, change)?;
        store::exchange::name_entry(c, link.id, entry.id, &name)?;
        self.known.insert(entry.id);
        self.attach(link, entry, &name)
    }

    fn attach(&self, link: &mut Link, entry: &Entry, name: &Name) -> Result<(), Error> {
        for file in self.files.get(&entry.id).into_iter().flatten() {
            let file = SharedFile {
                entry: name.clone(),
                file: file.name.clone(),
                media_type: file.media_type.clone(),
                bytes: file.size.unsigned_abs(),
                sha256: file.sha256.clone(),
                erased: false,
            };
            let change = link.shared.attach(&self.terms.me, file, entry.at);
            self.made(link, change)?;
        }
        Ok(())
    }

    /// A sentence of the desk's own.
    fn say(&self, link: &mut Link, body: String) -> Result<(), Error> {
        let entry = SharedEntry {
            author: Author {
                role: Role::System,
                name: None,
                address: None,
            },
            body,
            erased: false,
        };
        let change = link.shared.write(&self.terms.me, entry, self.now);
        self.made(link, change)?;
        Ok(())
    }

    /// How a mapped field stands here, as it may leave; and as it is.
    fn stands(&self, mapped: &Mapped, ticket: &Ticket) -> (String, String) {
        let own = mapped.value(ticket);
        let leaves = text_filtered(self.terms, own.clone(), &self.private);
        (leaves, own)
    }

    /// Mapped fields that were touched here go, where they stand otherwise than is
    /// known there.
    fn fields(
        &self,
        link: &mut Link,
        ticket: &Ticket,
        touched: impl Fn(&Field) -> bool,
    ) -> Result<(), Error> {
        let touched = self.terms.fields.iter().filter(|(field, _)| touched(field));
        for (field, mapped) in touched {
            let (leaves, own) = self.stands(mapped, ticket);
            let known = link.shared.field(field);
            let known = known.map_or("", |set| set.value.as_str());
            if known == leaves || known == own || link.tie.leaves(field, &own) {
                continue;
            }
            link.tie.take_over(field);
            let set = link
                .shared
                .set(&self.terms.me, field.clone(), leaves, None, self.now);
            self.made(link, set)?;
        }
        Ok(())
    }

    /// It goes to the queue of the unit that has it.
    fn lies(&self, link: &mut Link, ticket: &Ticket) -> Result<(), Error> {
        let Some(unit) = self.terms.unit_key(ticket.unit) else {
            return Ok(());
        };
        let known = link.shared.field(&queue()).map(|set| &set.value);
        if known == Some(unit) {
            return Ok(());
        }
        let set = link
            .shared
            .set(&self.terms.me, queue(), unit.clone(), None, self.now);
        self.made(link, set)?;
        Ok(())
    }

    /// Who works on it goes, if a line names them. That nobody does goes only where it
    /// was one of `before`: whom they chose there is theirs to keep.
    fn owner(
        &self,
        link: &mut Link,
        ticket: &Ticket,
        before: &[Option<PersonId>],
    ) -> Result<(), Error> {
        let Some(here) = self.terms.owner(ticket.owner) else {
            return Ok(());
        };
        let known = link.shared.field(&assignee());
        let known = known.map_or_else(String::new, |set| set.value.clone());
        let was = |one: &Option<PersonId>| self.terms.owner(*one).as_ref() == Some(&known);
        if known == here || here.is_empty() && !before.iter().any(was) {
            return Ok(());
        }
        let set = link
            .shared
            .set(&self.terms.me, assignee(), here, None, self.now);
        self.made(link, set)?;
        Ok(())
    }

    /// Which ties it has goes, for what follows from that there.
    fn ties(&self, link: &mut Link, ticket: &Ticket) -> Result<(), Error> {
        let here = self.terms.ties_in_words(ticket);
        let known = link.shared.field(&ties());
        if known.map_or("", |set| set.value.as_str()) == here {
            return Ok(());
        }
        if !self.terms.manner.words.contains_key(&ties()) {
            return Ok(());
        }
        let set = link
            .shared
            .set(&self.terms.me, ties(), here, None, self.now);
        self.made(link, set)?;
        Ok(())
    }

    /// The baton goes from one to the other, if the one has it.
    fn pass(&self, link: &mut Link, from: &DeskId, to: &DeskId) -> Result<(), Error> {
        if link.shared.baton().holder() == from {
            let change = link.shared.pass(from, to.clone(), String::new(), self.now);
            self.made(link, change)?;
        }
        Ok(())
    }

    /// The baton goes to the system.
    fn hand_over(&self, link: &mut Link) -> Result<(), Error> {
        self.pass(link, &self.terms.me, &self.terms.manner.system)
    }
}

/// A ticket begins to travel: with everything public that was said so far.
fn begin(
    c: &mut Conn<'_>,
    desk: &Desk,
    terms: &Terms,
    ticket: &Ticket,
    now: Millis,
) -> Result<(), Error> {
    let entries = store::entry::of_ticket(c, ticket.number, false, 0, MOST_ENTRIES)?;
    let Some((first, others)) = entries.split_first() else {
        return Ok(());
    };
    let Some(description) = of_entry(c, first)? else {
        return Ok(());
    };
    let id = SharedId {
        desk: terms.me.clone(),
        number: ticket.number,
    };
    let mut fields = BTreeMap::from([
        (Field::Status, ticket.status.key().to_owned()),
        (Field::Priority, ticket.priority().key().to_owned()),
    ]);
    let addresses = private(c, ticket)?;
    for (field, mapped) in &terms.fields {
        let value = text_filtered(terms, mapped.value(ticket), &addresses);
        if !value.is_empty() {
            fields.insert(field.clone(), value);
        }
    }
    if let Some(owner) = terms.owner(ticket.owner).filter(|key| !key.is_empty()) {
        fields.insert(assignee(), owner);
    }
    let tied = terms.ties_in_words(ticket);
    if !tied.is_empty() {
        fields.insert(ties(), tied);
    }
    let mut tie = Tie::default();
    if let Some(unit) = terms.unit_key(ticket.unit) {
        fields.insert(queue(), unit.clone());
        // It is made in the queue that was agreed.
        let made = There {
            raw: terms
                .agreement
                .queue
                .as_deref()
                .map(|q| q.trim().to_owned()),
            ours: true,
            ..There::default()
        };
        tie.fields.insert(queue(), made);
    }
    let opened = Shared::open(id.clone(), description, fields, first.at);
    let name = opened.name.clone();
    let shared = Shared::new(id);
    let agreement = terms.agreement.id;
    let mut link = Link::fresh(desk.uuid(), ticket.number, agreement, shared, tie, now);
    // First of all, as what follows refers to it.
    store::exchange::save(c, &link)?;
    store::exchange::name_entry(c, link.id, first.id, &name)?;
    let mut pen = Pen::new(c, terms, link.id, ticket, now)?;
    terms.happened(&mut link, opened, &pen.private, now);
    pen.attach(&mut link, first, &name)?;
    for entry in others {
        pen.write(c, &mut link, entry)?;
    }
    pen.hand_over(&mut link)?;
    let what = format!("The ticket is given to {}", terms.manner.label);
    note(c, desk, link.id, Went::Here, what, None)?;
    keep(c, &mut link, now)
}

/// It comes back to where it was: what was said meanwhile goes there.
fn resume(
    c: &mut Conn<'_>,
    desk: &Desk,
    terms: &Terms,
    link: &mut Link,
    ticket: &Ticket,
    now: Millis,
) -> Result<(), Error> {
    link.stage = Stage::Active;
    (link.looked_at, link.looked_by) = (now, None);
    // What they would not take then they may take now.
    if let Some(making) = refused_making(&link.tie.calls).map(|call| call.number) {
        let step = terms.step(link, TieInput::Retry(making), &[], now);
        put_off(link, &step);
        let making = i64::try_from(making).unwrap_or(i64::MAX);
        store::exchange::unbury_call(c, link.id, making, now)?;
    }
    let mut pen = Pen::new(c, terms, link.id, ticket, now)?;
    if link.tie.there.is_some() {
        pen.say(link, "This ticket is given to you once more.".to_owned())?;
    }
    for entry in store::entry::of_ticket(c, ticket.number, false, 0, MOST_ENTRIES)? {
        pen.write(c, link, &entry)?;
    }
    pen.fields(link, ticket, |_| true)?;
    pen.lies(link, ticket)?;
    pen.owner(link, ticket, &[])?;
    pen.ties(link, ticket)?;
    pen.hand_over(link)?;
    let what = format!("The ticket is given to {} once more", terms.manner.label);
    note(c, desk, link.id, Went::Here, what, None)?;
    keep(c, link, now)
}

/// It is with others now: they are told, and nothing more goes there.
fn withdraw(
    c: &mut Conn<'_>,
    desk: &Desk,
    terms: &Terms,
    link: &mut Link,
    ticket: &Ticket,
    now: Millis,
) -> Result<(), Error> {
    let pen = Pen::new(c, terms, link.id, ticket, now)?;
    let said = format!(
        "This ticket was taken back by {}: others work on it now. What is written here still \
         reaches the requester; what they answer does not come here any more.",
        desk.config().name
    );
    pen.say(link, said)?;
    pen.pass(link, &terms.manner.system, &terms.me)?;
    link.stage = Stage::Ended;
    let what = format!("The ticket is taken back from {}", terms.manner.label);
    note(c, desk, link.id, Went::Here, what, None)?;
    keep(c, link, now)
}

/// What happened to a ticket that travels.
fn goes_on(
    c: &mut Conn<'_>,
    desk: &Desk,
    terms: &Terms,
    link: &mut Link,
    ticket: &Ticket,
    events: &[&Event],
    now: Millis,
) -> Result<(), Error> {
    let mut pen = Pen::new(c, terms, link.id, ticket, now)?;
    for event in events {
        if let Some((entry, _)) = public_word(&event.change)
            && let Some(entry) = store::entry::load(c, entry)?
        {
            pen.write(c, link, &entry)?;
        }
        if let Change::StatusSet { new, .. } = &event.change
            && event.channel != "bridge"
        {
            let staff = event.actor.is_some_and(|who| who != ticket.requester);
            status(c, desk, &pen, link, *new, staff)?;
        }
    }
    let priority = ticket.priority().key();
    let stands = link
        .shared
        .field(&Field::Priority)
        .map(|set| set.value.as_str());
    if terms.manner.words.contains_key(&Field::Priority)
        && stands != Some(priority)
        && !link.tie.leaves(&Field::Priority, priority)
    {
        link.tie.take_over(&Field::Priority);
        let priority = priority.to_owned();
        let set = link
            .shared
            .set(&terms.me, Field::Priority, priority, None, now);
        pen.made(link, set)?;
    }
    pen.lies(link, ticket)?;
    // Whom they gave it to there is there already.
    let owned = events.iter().filter(|event| event.channel != "bridge");
    let owned = owned.filter_map(|event| match event.change {
        Change::OwnerSet { old, .. } => Some(old),
        _ => None,
    });
    let owned: Vec<Option<PersonId>> = owned.collect();
    if !owned.is_empty() {
        pen.owner(link, ticket, &owned)?;
    }
    let tied = events.iter().any(|event| {
        let ties = matches!(
            event.change,
            Change::RelationAdded { .. } | Change::RelationRemoved { .. }
        );
        ties && event.channel != "bridge"
    });
    if tied {
        pen.ties(link, ticket)?;
    }
    pen.fields(link, ticket, |field| {
        events.iter().any(|event| match &event.change {
            Change::CustomSet { key, .. } => field.key().strip_prefix(CUSTOM) == Some(key),
            Change::FactsSet { old, new, .. } => match field.key() {
                "category" => old.category != new.category,
                "affected_users" => old.affected_users != new.affected_users,
                _ => false,
            },
            _ => false,
        })
    })?;
    keep(c, link, now)
}

/// A status was set here: it goes there when we are responsible; else they are
/// asked, if it was set by somebody who works on it and says something new there.
fn status(
    c: &mut Conn<'_>,
    desk: &Desk,
    pen: &Pen<'_>,
    link: &mut Link,
    new: Status,
    staff: bool,
) -> Result<(), Error> {
    let terms = pen.terms;
    let value = new.key().to_owned();
    let change = if link.shared.baton().holder() == &terms.me {
        link.shared
            .set(&terms.me, Field::Status, value, None, pen.now)
    } else {
        let there = link
            .tie
            .fields
            .get(&Field::Status)
            .and_then(|t| t.raw.as_deref());
        let words = terms.manner.words.get(&Field::Status);
        let same = words
            .zip(there)
            .is_some_and(|(w, there)| w.means(&value, there));
        if !staff || same || matches!(new, Status::New | Status::Assigned | Status::Reopened) {
            return Ok(());
        }
        let field = Field::Status;
        link.shared
            .ask(&terms.me, Ask::Set { field, value }, pen.now)
    };
    pen.made(link, change)?;
    let what = format!("Set here: {}", new.label());
    note(c, desk, link.id, Went::Here, what, None)
}

/// Which entry of ours a change is.
pub(super) fn entry_of(
    c: &mut Conn<'_>,
    link: Uuid,
    name: &Name,
) -> Result<Option<EntryId>, Error> {
    let known = store::exchange::entries(c, link)?;
    Ok(known.into_iter().find(|(_, n)| n == name).map(|(id, _)| id))
}
