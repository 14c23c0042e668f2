//! The one place where a ticket is made ready to be shown.
//!
//! API, pages, mails and exports all show what is built here, so what an actor
//! may see is decided once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use store::Conn;
use store::entry::{Attachment, Entry};
use store::event::Event;
use store::person::Named;
use store::ticket::Beside;
use switchboard_core::decide::Offer;
use switchboard_core::form::support_only;
use switchboard_core::ticket::{Hold, RelationKind};
use switchboard_core::timer::Due;
use switchboard_core::{
    Access, Actor, Change, EntryId, EntryVisibility, Millis, PartyRole, PersonId, Priority,
    SecurityRisk, Solution, Status, TellRequester, Ticket, TicketNumber, TicketType, Tlp, UnitId,
    Visibility,
};
use uuid::Uuid;

use crate::picture::Pictures;
use crate::portal::PortalRef;
use crate::ticket_clock::{self, ClocksView};
use crate::{Catalogue, Error};

mod read;

pub(crate) use read::whole;

/// A person as shown to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonRef {
    /// Their id.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Their address: only for the support side and for themselves.
    pub email: Option<String>,
}

/// A unit as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitRef {
    /// Its id.
    pub id: UnitId,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// 1, 2 or 3.
    pub level: i64,
}

/// A service as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceRef {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// A value of a list as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueRef {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// Somebody on the ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartyView {
    /// Who.
    pub person: PersonRef,
    /// As what.
    pub role: PartyRole,
}

/// Another ticket that this one is tied to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RelationView {
    /// What the other is to this one.
    pub kind: RelationKind,
    /// Its number.
    pub number: TicketNumber,
    /// Its subject; `None`: not for this actor's eyes.
    pub subject: Option<String>,
    /// Its status; `None`: not for this actor's eyes.
    pub status: Option<Status>,
}

/// A ticket as one actor may see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TicketView {
    /// Its number.
    pub number: TicketNumber,
    /// Its version, the ETag.
    pub version: i64,
    /// Why it exists.
    #[serde(rename = "type")]
    pub kind: TicketType,
    /// One line.
    pub subject: String,
    /// Where it stands.
    pub status: Status,
    /// Since when.
    pub status_since: Millis,
    /// The priority in force.
    pub priority: Priority,
    /// Why, in words.
    pub priority_reason: String,
    /// The rule that decided, by its key.
    pub priority_rule: String,
    /// Set by hand against the rules.
    pub priority_overruled: bool,
    /// Who overruled it.
    pub priority_by: Option<PersonRef>,
    /// First level has looked at it.
    pub priority_confirmed: bool,
    /// The unit that holds it.
    pub unit: UnitRef,
    /// Since when.
    pub unit_since: Millis,
    /// The unit's level.
    pub level: i64,
    /// Who works on it.
    pub owner: Option<PersonRef>,
    /// Who asked.
    pub requester: PersonRef,
    /// How much the requester wants to hear.
    pub tell: TellRequester,
    /// The service.
    pub service: Option<ServiceRef>,
    /// The category.
    pub category: ValueRef,
    /// The type of issue.
    pub issue_type: Option<ValueRef>,
    /// The site's key.
    pub site: Option<String>,
    /// The community's key.
    pub community: Option<String>,
    /// The portal it came by.
    pub portal: Option<PortalRef>,
    /// Since when the requester has the problem.
    pub since: Option<Millis>,
    /// How many people are affected.
    pub affected_users: u32,
    /// A service is affected and degraded.
    pub degrades_service: bool,
    /// How far security is at stake.
    pub security_risk: SecurityRisk,
    /// The solution, or the reason for none.
    pub solution: Option<Solution>,
    /// Why it is on hold.
    pub hold: Option<Hold>,
    /// When to look at it again; support side only.
    pub reminder: Option<Millis>,
    /// When a solution is expected.
    pub eta: Option<Millis>,
    /// Tags; support side only.
    pub tags: Vec<String>,
    /// Custom fields.
    pub custom: BTreeMap<String, serde_json::Value>,
    /// Who may see it.
    pub visibility: Visibility,
    /// How far it may be passed on; on restricted tickets.
    pub tlp: Option<Tlp>,
    /// Everybody else on it.
    pub parties: Vec<PartyView>,
    /// Ties to other tickets.
    pub relations: Vec<RelationView>,
    /// How far it was escalated, 0 to 3.
    pub escalation: u8,
    /// Somebody owes the requester an answer.
    pub needs_reply: bool,
    /// How its clocks stand; `None`: not known yet, soon after an upgrade. They follow
    /// from the history, so exports have them by that.
    #[serde(skip)]
    pub clocks: Option<ClocksView>,
    /// When it was opened.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// When it was solved or unsolved.
    pub closed_at: Option<Millis>,
    /// What the actor is to it.
    #[serde(skip)]
    pub access: Access,
    /// The state itself, for pages that ask the rules what is on offer.
    #[serde(skip)]
    pub state: Ticket,
}

/// A file as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileView {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its type.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// The entry it came with.
    pub entry: EntryId,
    /// For images in the mail's HTML.
    #[serde(skip)]
    pub content_id: Option<String>,
}

impl From<Attachment> for FileView {
    fn from(file: Attachment) -> Self {
        FileView {
            id: file.id,
            name: file.name,
            media_type: file.media_type,
            size: file.size,
            entry: file.entry,
            content_id: file.content_id,
        }
    }
}

/// An entry as one actor may see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EntryView {
    /// Its id.
    pub id: EntryId,
    /// Its place in the ticket.
    pub seq: i64,
    /// When it was written.
    pub at: Millis,
    /// Who wrote it.
    pub author: Option<PersonId>,
    /// The name shown.
    pub author_name: String,
    /// `requester`, `support`, `external` or `system`.
    pub author_side: String,
    /// Through which door.
    pub channel: String,
    /// Which diary.
    pub visibility: EntryVisibility,
    /// It is the solution.
    pub solution: bool,
    /// Plain text.
    pub body: String,
    /// What was trimmed off.
    pub quoted: Option<String>,
    /// There is an HTML version.
    pub has_html: bool,
    /// Its pictures.
    pub pictures: Pictures,
    /// What the mail it came by claims of signatures and encryption; nothing of
    /// it was checked.
    pub protection: Vec<mail::Protection>,
    /// Files.
    pub files: Vec<FileView>,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventView {
    /// Its place in the feed.
    pub id: i64,
    /// The ticket.
    pub ticket: TicketNumber,
    /// Its place in the ticket.
    pub seq: i64,
    /// When.
    pub at: Millis,
    /// Who; `None`: the desk.
    pub actor: Option<PersonId>,
    /// The name shown.
    pub actor_name: String,
    /// Through which door.
    pub channel: String,
    /// One for all events of one request.
    pub cause: Uuid,
    /// What happened, with old and new.
    pub change: Change,
    /// The name of the macro by which they did it; for the support side only.
    pub by_macro: Option<String>,
}

impl From<Event> for EventView {
    fn from(e: Event) -> Self {
        EventView {
            id: e.id,
            ticket: e.ticket,
            seq: e.seq,
            at: e.at,
            actor: e.actor,
            actor_name: e.actor_name,
            channel: e.channel,
            cause: e.cause,
            change: e.change,
            by_macro: None,
        }
    }
}

/// Whether an event may be shown: internal notes, tags and other inner
/// matters never leave the support side.
pub(crate) fn event_visible(change: &Change, access: &Access) -> bool {
    if access.may_see_internal() {
        return true;
    }
    match change {
        Change::EntryAdded { entry } => entry.visibility == EntryVisibility::Public,
        Change::CustomSet { key, .. } => !support_only(key),
        Change::TagsSet { .. } | Change::ServiceMoved { .. } => false,
        // The date, the targets and a site's silence are for those who work on it.
        Change::Reminded { due } => {
            !matches!(due, Due::Date { .. } | Due::Target(_) | Due::Silent { .. })
        }
        Change::AskedSet { .. } => false,
        Change::EntriesMoved { .. } => false,
        Change::MergedIn { .. } | Change::MergeUndone { .. } => false,
        Change::EntriesReturned { .. } => false,
        Change::MergedAway { .. } | Change::CameBack { .. } => false,
        _ => true,
    }
}

/// An event as an actor may see it: reasons written for the support side are
/// blanked for others.
pub(crate) fn outward(mut event: EventView, access: &Access) -> EventView {
    if !access.may_see_internal() {
        match &mut event.change {
            Change::UnitSet { reason, .. } => *reason = None,
            Change::StatusSet { reminder, .. } => *reminder = None,
            Change::Opened { custom, .. } => custom.retain(|key, _| !support_only(key)),
            _ => {}
        }
    }
    event
}

/// A ticket with its conversation, loaded together.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// The ticket.
    pub ticket: TicketView,
    /// Its entries, oldest first.
    pub entries: Vec<EntryView>,
    /// Its history, oldest first.
    pub events: Vec<EventView>,
    /// Names of all the people in the history.
    pub names: HashMap<PersonId, String>,
    /// What the actor can do now.
    pub offers: BTreeSet<Offer>,
    /// The statuses the actor can choose now.
    pub status_choices: Vec<Status>,
    /// Who was mailed about which cause: cause, address or name, state.
    /// Support side only.
    pub told: Vec<(Uuid, String, String)>,
    /// What is known of the mails that entries came by. Support side only.
    pub mails: Vec<crate::mail_in::MailNote>,
    /// How content the requester was with its solutions, the oldest first. For the
    /// requester and the support side only.
    pub ratings: Vec<store::satisfaction::Satisfaction>,
    /// The actor asked, and can say how content they are with the last solution.
    pub may_rate: bool,
}

/// Most entries or events that one look gives.
const MOST: i64 = 10_000;

/// A unit as shown.
pub fn unit_ref(catalogue: &Catalogue, id: UnitId) -> UnitRef {
    catalogue.unit(id).map_or_else(
        || UnitRef {
            id,
            key: String::new(),
            name: "(unknown unit)".into(),
            level: 0,
        },
        |u| UnitRef {
            id,
            key: u.key.clone(),
            name: u.name.clone(),
            level: u.level,
        },
    )
}

/// A category as shown.
pub fn category_ref(catalogue: &Catalogue, key: &str) -> ValueRef {
    value_ref(catalogue, &catalogue.categories, key)
}

fn value_ref(catalogue: &Catalogue, values: &[store::unit::ListValue], key: &str) -> ValueRef {
    ValueRef {
        key: key.to_owned(),
        name: values
            .iter()
            .chain(&catalogue.old_values)
            .find(|v| v.key == key)
            .map_or_else(|| key.to_owned(), |v| v.name.clone()),
    }
}

/// Builds what `actor` may see of a ticket.
///
/// # Errors
/// [`Error::NotFound`] when they may not see it at all.
pub(crate) fn ticket_view(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    actor: &Actor,
    ticket: Ticket,
    beside: Option<Beside>,
) -> Result<TicketView, Error> {
    if !Access::of(actor, &ticket).may_see() {
        return Err(Error::not_found(format!("ticket {}", ticket.number)));
    }
    let beside = match beside {
        Some(beside) => beside,
        None => Beside {
            people: store::person::named(c, &ticket.people())?,
            clocks: store::ticket_clock::of_ticket(c, ticket.number)?,
        },
    };
    let mut relations = Vec::new();
    for relation in &ticket.relations {
        let other =
            store::ticket::load(c, relation.ticket)?.filter(|t| Access::of(actor, t).may_see());
        relations.push(RelationView {
            kind: relation.kind,
            number: relation.ticket,
            subject: other.as_ref().map(|t| t.subject.clone()),
            status: other.as_ref().map(|t| t.status),
        });
    }
    let clocks = beside.clocks.as_ref();
    let clocks = clocks.map(|clocks| ticket_clock::shown(clocks, catalogue.terms()));
    let people = &beside.people;
    Ok(drawn(catalogue, actor, ticket, people, relations, clocks))
}

/// A ticket that `actor` may see, from all that is known of it.
pub(crate) fn drawn(
    catalogue: &Catalogue,
    actor: &Actor,
    ticket: Ticket,
    people: &[Named],
    relations: Vec<RelationView>,
    clocks: Option<ClocksView>,
) -> TicketView {
    let access = Access::of(actor, &ticket);
    let staff = access.may_see_internal();
    let shown = |id: PersonId| {
        let person = people.iter().find(|p| p.id == id);
        PersonRef {
            id,
            name: person.map_or_else(|| "(unknown)".into(), |p| p.name.clone()),
            email: person
                .filter(|_| staff || actor.person == Some(id))
                .and_then(|p| p.email.clone()),
        }
    };
    TicketView {
        number: ticket.number,
        version: ticket.version,
        kind: ticket.kind,
        subject: ticket.subject.clone(),
        status: ticket.status,
        status_since: ticket.status_since,
        priority: ticket.priority(),
        priority_reason: ticket.priority_reason().to_owned(),
        priority_rule: ticket.assessment.rule.clone(),
        priority_overruled: ticket.overrule.is_some(),
        priority_by: ticket.overrule.as_ref().and_then(|o| o.by).map(shown),
        priority_confirmed: ticket.priority_confirmed,
        unit: unit_ref(catalogue, ticket.unit),
        unit_since: ticket.unit_since,
        level: catalogue.unit(ticket.unit).map_or(0, |u| u.level),
        owner: ticket.owner.map(shown),
        requester: shown(ticket.requester),
        tell: ticket.tell,
        service: ticket
            .service
            .and_then(|id| catalogue.service(id))
            .map(|s| ServiceRef {
                key: s.key.clone(),
                name: s.name.clone(),
            }),
        category: category_ref(catalogue, &ticket.facts.category),
        issue_type: ticket
            .issue_type
            .as_deref()
            .map(|key| value_ref(catalogue, &catalogue.issue_types, key)),
        site: ticket.site.clone(),
        community: ticket.community.clone(),
        portal: catalogue.portal_ref(ticket.portal),
        since: ticket.since,
        affected_users: ticket.facts.affected_users,
        degrades_service: ticket.facts.degrades_service,
        security_risk: ticket.facts.security_risk,
        solution: ticket.solution.clone(),
        hold: ticket.hold.clone(),
        reminder: ticket.reminder.filter(|_| staff),
        eta: ticket.eta,
        tags: if staff {
            ticket.tags.iter().cloned().collect()
        } else {
            Vec::new()
        },
        custom: ticket
            .custom
            .iter()
            .filter(|(key, _)| staff || !support_only(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        visibility: ticket.visibility,
        tlp: ticket.label(),
        parties: ticket
            .parties
            .iter()
            .map(|p| PartyView {
                person: shown(p.person),
                role: p.role,
            })
            .collect(),
        relations,
        escalation: ticket.escalation,
        needs_reply: ticket.needs_reply,
        clocks,
        created_at: ticket.created_at,
        updated_at: ticket.updated_at,
        closed_at: ticket.closed_at,
        access,
        state: ticket,
    }
}

/// A ticket that the actor works on.
///
/// # Errors
/// [`Error::NotFound`] for one that they may not see, and [`Error::Forbidden`] with
/// this sentence for one that they only see.
pub(crate) fn load_worked_on(
    c: &mut Conn<'_>,
    actor: &Actor,
    number: TicketNumber,
    refusal: &str,
) -> Result<Ticket, Error> {
    let (ticket, access) = load_visible(c, actor, number)?;
    if access.may_work() {
        Ok(ticket)
    } else {
        Err(Error::Forbidden(refusal.into()))
    }
}

/// A ticket that the actor may see, and what it is to them.
///
/// # Errors
/// [`Error::NotFound`] for one that they may not see.
pub(crate) fn load_visible(
    c: &mut Conn<'_>,
    actor: &Actor,
    number: TicketNumber,
) -> Result<(Ticket, Access), Error> {
    let ticket = store::ticket::load(c, number)?
        .ok_or_else(|| Error::not_found(format!("ticket {number}")))?;
    let access = Access::of(actor, &ticket);
    if access.may_see() {
        Ok((ticket, access))
    } else {
        Err(Error::not_found(format!("ticket {number}")))
    }
}

fn entry_views(
    c: &mut Conn<'_>,
    number: TicketNumber,
    access: &Access,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<EntryView>, Error> {
    let entries = store::entry::of_ticket(c, number, access.may_see_internal(), after_seq, limit)?;
    let mut files: HashMap<EntryId, Vec<FileView>> = HashMap::new();
    for file in store::entry::attachments(c, number)? {
        files.entry(file.entry).or_default().push(file.into());
    }
    Ok(entries
        .into_iter()
        .map(|e| {
            let files = files.remove(&e.id).unwrap_or_default();
            entry_view(e, files)
        })
        .collect())
}

/// What a master's unit wrote in public reaches its slaves too: it is shown
/// there, but stored only once.
fn master_entries(c: &mut Conn<'_>, events: &[EventView]) -> Result<Vec<EntryView>, Error> {
    let mut entries = Vec::new();
    for event in events {
        if let Change::MasterEntry { entry, .. } = &event.change
            && let Some(entry) = store::entry::load(c, *entry)?
            && entry.visibility == EntryVisibility::Public
        {
            let mut view = entry_view(entry, Vec::new());
            // How it was formatted is to be seen at the master.
            view.has_html = false;
            view.pictures = Pictures::default();
            entries.push(view);
        }
    }
    Ok(entries)
}

fn entry_view(e: Entry, files: Vec<FileView>) -> EntryView {
    let protection = e.protection.as_deref().unwrap_or("[]");
    EntryView {
        pictures: Pictures::of(e.html.as_deref(), &files),
        // What a later version wrote and this one does not know is left out.
        protection: serde_json::from_str(protection).unwrap_or_default(),
        id: e.id,
        seq: e.seq,
        at: e.at,
        author: e.author,
        author_name: e.author_name,
        author_side: e.author_side,
        channel: e.channel,
        visibility: e.visibility,
        solution: e.solution,
        body: e.body,
        quoted: e.quoted,
        has_html: e.html.is_some(),
        files,
    }
}

fn event_views(
    c: &mut Conn<'_>,
    number: TicketNumber,
    access: &Access,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<EventView>, Error> {
    let mut events: Vec<EventView> = store::event::of_ticket(c, number, after_seq, limit)?
        .into_iter()
        .filter(|e| event_visible(&e.change, access))
        .map(|e| outward(e.into(), access))
        .collect();
    if access.may_see_internal() {
        crate::macros::name(c, &mut events)?;
    }
    Ok(events)
}
