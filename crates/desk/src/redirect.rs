//! Tracked redirection: tickets that a provider's mailing list works on, kept in
//! sight from here (domain section 4).
//!
//! Where a ticket belongs follows from its service and its unit (`wish`).
//! Whatever happens to it is carried to the list by the follower of the events,
//! in the transaction in which that moves its cursor (`carry`): nothing goes
//! twice, whatever crashes. Silence is looked after by a job (`silence`), words
//! of the list come by mail (`answer`) or by the links in the mails (`link`).

use std::collections::{BTreeMap, BTreeSet};

use mail::OutgoingPart;
use store::Conn;
use store::entry::Entry;
use store::event::Event;
use store::redirect::Redirection;
use switchboard_core::onboarding::Way;
use switchboard_core::redirect::{
    self as rules, Effect, Ended, Happened, Held, MOST_HOPS, Promise, Stage, Standing,
};
use switchboard_core::working_time::HOUR_MS;
use switchboard_core::{
    Change, EntryId, EntryVisibility, Millis, ServiceId, Status, Ticket, TicketNumber, Tlp,
};

use crate::{Catalogue, Desk, Error, Live};

pub(crate) mod answer;
mod letters;
pub mod link;
pub(crate) mod silence;
pub mod view;

/// Files that go to a list with one mail, in bytes; lists take no more.
const MOST_BYTES: i64 = 4 << 20;
/// Entries of a ticket that are told in a request.
const MOST_ENTRIES: i64 = 200;

/// Where a ticket is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
struct To {
    service: ServiceId,
    list: String,
    personal_data: bool,
}

/// Whether a ticket belongs with a list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wish {
    Go(To),
    Withheld(To, Held),
    No(Ended),
}

/// What all steps of one change look at.
struct Around<'a> {
    desk: &'a Desk,
    catalogue: &'a Catalogue,
    ticket: &'a Ticket,
    now: Millis,
}

/// A ticket that something happened to, with what can be read before the write
/// transaction.
#[derive(Debug, Clone)]
pub(crate) struct Touched {
    ticket: TicketNumber,
    events: Vec<Event>,
    files: BTreeMap<EntryId, Vec<OutgoingPart>>,
}

/// The list that a ticket is with by its service and unit, if it is with one.
fn list_by_place<'a>(
    catalogue: &'a Catalogue,
    ticket: &Ticket,
) -> Option<(&'a store::unit::Service, &'a str)> {
    let service = catalogue.service(ticket.service?)?;
    let list = service.doc.list.as_deref()?;
    let there = service.option == Way::Redirection.key() && service.unit == ticket.unit;
    there.then_some((service, list))
}

/// The list that is told of a ticket by redirection: it gets no notices beside.
pub(crate) fn list_of<'a>(catalogue: &'a Catalogue, ticket: &Ticket) -> Option<&'a str> {
    list_by_place(catalogue, ticket).map(|(_, list)| list)
}

/// Whether a ticket's label lets it go to a mailing list: nobody here knows who
/// reads one, so *amber* is too narrow.
pub(crate) fn may_go_to_lists(ticket: &Ticket) -> bool {
    ticket.label().is_none_or(|label| label <= Tlp::Green)
}

/// Whether a ticket belongs with a list now.
fn wish(c: &mut Conn<'_>, catalogue: &Catalogue, ticket: &Ticket) -> Result<Wish, Error> {
    if !ticket.status.is_open() {
        return Ok(Wish::No(Ended::Finished));
    }
    let Some((service, list)) = list_by_place(catalogue, ticket) else {
        let service = ticket.service.and_then(|id| catalogue.service(id));
        let elsewhere = service.is_none_or(|s| s.unit != ticket.unit);
        return Ok(Wish::No(if elsewhere {
            Ended::TakenBack
        } else {
            Ended::Moved
        }));
    };
    let to = To {
        service: service.id,
        list: list.to_lowercase(),
        personal_data: store::agreement::current(c, service.id)?
            .is_some_and(|a| a.option == Way::Redirection && a.personal_data),
    };
    if !may_go_to_lists(ticket) {
        return Ok(Wish::Withheld(to, Held::Restricted));
    }
    if goes_round(c, ticket, &to.list)? {
        return Ok(Wish::Withheld(to, Held::Loop));
    }
    Ok(Wish::Go(to))
}

/// Whether the request came from that list, or by so many desks that it goes in
/// a circle.
fn goes_round(c: &mut Conn<'_>, ticket: &Ticket, list: &str) -> Result<bool, Error> {
    let asker = store::person::load(c, ticket.requester)?.and_then(|p| p.email);
    if asker.is_some_and(|a| a.eq_ignore_ascii_case(list)) {
        return Ok(true);
    }
    let Road { hops, lists } = road(c, ticket.number)?;
    Ok(hops.len() >= MOST_HOPS || lists.iter().any(|l| l.eq_ignore_ascii_case(list)))
}

/// By which desks and lists a mail came.
#[derive(Debug, Default)]
struct Road {
    hops: Vec<String>,
    lists: Vec<String>,
}

/// By which desks and lists the mail came that opened a ticket.
fn road(c: &mut Conn<'_>, number: TicketNumber) -> Result<Road, Error> {
    let first = store::entry::of_ticket(c, number, true, 0, 1)?;
    let Some(mail) = first.first().and_then(|e| e.mail) else {
        return Ok(Road::default());
    };
    let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
    Ok(store::redirect::road(c, mail)?
        .map(|(hops, lists)| Road {
            hops: words(hops),
            lists: words(lists),
        })
        .unwrap_or_default())
}

/// What was promised for a ticket by the unit that stands for the list.
fn promise(catalogue: &Catalogue, ticket: &Ticket) -> Promise {
    let doc = catalogue
        .unit(ticket.unit)
        .map(|u| u.doc.clone())
        .unwrap_or_default();
    Promise {
        response: rules::response(&catalogue.targets, &doc.qos, ticket.priority()),
        calendar: doc.calendar(),
    }
}

/// Of a stretch of events what may concern lists. Read before the write, as
/// files are read here.
pub(crate) fn touched(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    events: &[Event],
) -> Result<Vec<Touched>, Error> {
    let any = catalogue
        .services
        .iter()
        .any(|s| s.option == Way::Redirection.key());
    // Most desks have no such service, and then this costs one look.
    if !any && store::redirect::lists(c)?.is_empty() {
        return Ok(Vec::new());
    }
    let numbers: BTreeSet<TicketNumber> = events.iter().map(|e| e.ticket).collect();
    let mut found = Vec::new();
    for number in numbers {
        let Some(ticket) = store::ticket::load(c, number)? else {
            continue;
        };
        let rows = store::redirect::of_ticket(c, number)?;
        let to_be = list_of(catalogue, &ticket).is_some();
        if rows.is_empty() && !to_be {
            continue;
        }
        let events: Vec<Event> = events
            .iter()
            .filter(|e| e.ticket == number)
            .cloned()
            .collect();
        let active = rows.iter().any(|r| r.standing.stage == Stage::Active);
        let files = if to_be && may_go_to_lists(&ticket) {
            let new: Option<BTreeSet<EntryId>> = active.then(|| added(&events).collect());
            files(c, desk, number, new.as_ref())?
        } else {
            BTreeMap::new()
        };
        found.push(Touched {
            ticket: number,
            events,
            files,
        });
    }
    Ok(found)
}

/// Entries that were written.
fn added(events: &[Event]) -> impl Iterator<Item = EntryId> + '_ {
    events.iter().filter_map(|e| match &e.change {
        Change::EntryAdded { entry } => Some(entry.id),
        _ => None,
    })
}

/// The files of public entries, as far as lists take them: of those given, or of
/// all.
fn files(
    c: &mut Conn<'_>,
    desk: &Desk,
    number: TicketNumber,
    of: Option<&BTreeSet<EntryId>>,
) -> Result<BTreeMap<EntryId, Vec<OutgoingPart>>, Error> {
    let mut found: BTreeMap<EntryId, Vec<OutgoingPart>> = BTreeMap::new();
    let mut left = MOST_BYTES;
    let all = store::entry::attachments(c, number)?;
    if all.is_empty() {
        return Ok(found);
    }
    let public: BTreeSet<EntryId> = store::entry::of_ticket(c, number, false, 0, MOST_ENTRIES)?
        .iter()
        .map(|e| e.id)
        .collect();
    for file in all {
        if !public.contains(&file.entry) || of.is_some_and(|of| !of.contains(&file.entry)) {
            continue;
        }
        if file.size > left {
            continue;
        }
        if let Some(bytes) = desk.0.blobs.get(&file.sha256)? {
            left -= file.size;
            found.entry(file.entry).or_default().push(OutgoingPart {
                name: file.name,
                media_type: file.media_type,
                bytes,
            });
        }
    }
    Ok(found)
}

/// Carries what happened to the lists. To be called in the transaction that
/// notes the events as followed.
pub(crate) fn carry(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    touched: &[Touched],
    now: Millis,
) -> Result<Vec<Live>, Error> {
    let mut live = Vec::new();
    for one in touched {
        let Some(ticket) = store::ticket::load(c, one.ticket)? else {
            continue;
        };
        let a = Around {
            desk,
            catalogue,
            ticket: &ticket,
            now,
        };
        live.extend(carry_one(c, &a, one)?);
    }
    Ok(live)
}

fn carry_one(c: &mut Conn<'_>, a: &Around<'_>, one: &Touched) -> Result<Vec<Live>, Error> {
    let mut live = Vec::new();
    let wish = wish(c, a.catalogue, a.ticket)?;
    let mut rows = store::redirect::of_ticket(c, one.ticket)?;
    let (to, why_not) = match &wish {
        Wish::Go(to) => (Some(to), None),
        Wish::Withheld(to, held) => (Some(to), Some(*held)),
        Wish::No(_) => (None, None),
    };
    for row in &mut rows {
        if to.is_none_or(|to| to.list != row.list) {
            let why = match wish {
                Wish::No(why) => why,
                _ => Ended::Moved,
            };
            live.extend(play(c, a, row, Happened::Unwanted(why), None)?);
        }
    }
    let Some(to) = to else { return Ok(live) };
    let known = rows.iter().position(|row| row.list == to.list);
    let mut row = match known {
        Some(at) => rows.swap_remove(at),
        None => Redirection {
            id: a.desk.uuid(),
            ticket: one.ticket,
            seq: rows.iter().map(|r| r.seq).max().unwrap_or(0) + 1,
            service: to.service,
            list: to.list.clone(),
            personal_data: to.personal_data,
            standing: Standing::new(a.now),
            began_at: a.now,
            sent_at: None,
            next_at: None,
            trouble: None,
            root: None,
            ended_at: None,
        },
    };
    row.service = to.service;
    row.personal_data = to.personal_data;
    let was_active = row.standing.stage == Stage::Active;
    if let Some(held) = why_not {
        if known.is_some() || begins(a.ticket, &one.events) {
            live.extend(play(c, a, &mut row, Happened::Withheld(held), None)?);
        }
        return Ok(live);
    }
    let wanted = matches!(row.standing.stage, Stage::Held(_)) || begins(a.ticket, &one.events);
    if !was_active && wanted {
        let files = one.files.values().flatten().cloned().collect();
        let said = Said { entry: None, files };
        live.extend(play(c, a, &mut row, Happened::Wanted, Some(said))?);
    }
    if was_active {
        for event in &one.events {
            let Some((entry, by_requester)) = public_word(&event.change) else {
                continue;
            };
            if store::redirect::list_of_entry(c, entry)? == Some(row.id) {
                continue;
            }
            let Some(text) = store::entry::load(c, entry)? else {
                continue;
            };
            let said = Said {
                files: one.files.get(&entry).cloned().unwrap_or_default(),
                entry: Some(text),
            };
            let happened = if by_requester {
                Happened::Asked
            } else {
                Happened::Said
            };
            live.extend(play(c, a, &mut row, happened, Some(said))?);
        }
        // Another priority is another target.
        let due = rules::due(&row.standing, &promise(a.catalogue, a.ticket));
        if row.next_at != due {
            row.next_at = due;
            store::redirect::save(c, &row)?;
        }
    }
    Ok(live)
}

/// Whether one of the events brings a ticket to where it is; a word in it does
/// not. When its service goes another way, tickets that somebody works on here
/// stay with them.
pub(crate) fn begins(ticket: &Ticket, events: &[Event]) -> bool {
    events.iter().any(|e| match &e.change {
        Change::Opened { .. }
        | Change::UnitSet { .. }
        | Change::ServiceSet { .. }
        | Change::VisibilitySet { .. }
        | Change::TlpSet { .. }
        | Change::CameBack { .. }
        | Change::StatusSet {
            new: Status::Reopened,
            ..
        } => true,
        Change::ServiceMoved { .. } => ticket.owner.is_none(),
        _ => false,
    })
}

/// A public word that lists are told, and whether it is the requester's.
pub(crate) fn public_word(change: &Change) -> Option<(EntryId, bool)> {
    match change {
        Change::EntryAdded { entry }
            if entry.visibility == EntryVisibility::Public && !entry.automatic =>
        {
            Some((entry.id, entry.by_requester))
        }
        Change::MasterEntry { entry, .. } => Some((*entry, false)),
        _ => None,
    }
}

/// What goes along with a mail.
#[derive(Debug, Clone, Default)]
struct Said {
    entry: Option<Entry>,
    files: Vec<OutgoingPart>,
}

/// Lets something happen to a redirection: mails are queued, first level is
/// woken, the row is saved.
fn play(
    c: &mut Conn<'_>,
    a: &Around<'_>,
    row: &mut Redirection,
    happened: Happened,
    said: Option<Said>,
) -> Result<Vec<Live>, Error> {
    let sent = store::redirect::count(c, row.id, "out", a.now - HOUR_MS)?;
    let promise = promise(a.catalogue, a.ticket);
    let before = row.standing.clone();
    let effects = rules::step(&mut row.standing, happened, a.now, sent, &promise);
    row.next_at = rules::due(&row.standing, &promise);
    if !row.standing.trouble {
        row.trouble = None;
    }
    row.ended_at = match (before.stage, row.standing.stage) {
        (Stage::Ended(_), Stage::Ended(_)) => row.ended_at,
        (_, Stage::Ended(_)) => Some(a.now),
        _ => None,
    };
    let noted = matches!(happened, Happened::Time | Happened::Undeliverable);
    if effects.is_empty() && row.standing == before && !noted {
        return Ok(Vec::new());
    }
    // First of all, as what follows refers to it.
    store::redirect::save(c, row)?;
    let said = said.unwrap_or_default();
    let mut live = Vec::new();
    for effect in effects {
        match effect {
            Effect::Request => letters::request(c, a, row, &said)?,
            Effect::Forward => letters::forward(c, a, row, &said)?,
            Effect::Over(why) => letters::over(c, a, row, why)?,
            Effect::Warn => letters::warn(c, a, row)?,
            Effect::AskRequester => letters::ask_requester(c, a, row)?,
            Effect::Wake(alarm) => live.extend(letters::wake(c, a, row, alarm)?),
        }
    }
    store::redirect::save(c, row)?;
    Ok(live)
}
