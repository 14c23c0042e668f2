//! One mail to each human for each event, by the matrix of the rules.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use mail::{Mailbox, Outgoing};
use store::Conn;
use store::event::Event;
use store::job::NewJob;
use store::person::Person;
use switchboard_core::notify::{Notice, Reason, Recipient, Told, UnitAudience, audience};
use switchboard_core::{
    Actor, Caused, Change, Channel, EntryId, EntryVisibility, PersonId, PortalId, Status, Ticket,
    TicketNumber, Tlp, UnitId,
};
use uuid::Uuid;

use super::{by_cause, state_after};
use crate::jobs::DELIVER;
use crate::letter::{self, Letter};
use crate::mail_in::storm::{self, Calm};
use crate::reads::Door;
use crate::{Catalogue, Desk, Error};

/// A mail that is ready to be queued.
pub(super) struct Ready {
    mail: store::mail::Outgoing,
    /// The first answer to a stranger's mail about this ticket, which not
    /// everybody gets.
    acknowledges: Option<TicketNumber>,
    /// It carries the text of this restricted ticket.
    tells: Option<TicketNumber>,
    /// It tells of what a mail brought, which may come in storms.
    by_mail: bool,
}

/// Queues mails, each at most once.
pub(super) fn queue(desk: &Desk, c: &mut Conn<'_>, mails: &[Ready], now: i64) -> Result<(), Error> {
    for Ready {
        mail,
        acknowledges,
        tells,
        by_mail,
    } in mails
    {
        if *by_mail && !calm(desk, c, mail, now)? {
            continue;
        }
        if let Some(number) = acknowledges
            && !may_acknowledge(c, *number, &mail.address, mail.created_at)?
        {
            continue;
        }
        let Some(ticket) = *tells else {
            store::mail::queue_outgoing(c, mail, DELIVER, now)?;
            continue;
        };
        // Only what really goes out is a reading.
        if store::mail::insert_outgoing(c, mail)? && mail.state == "queued" {
            deliver_later(c, mail.id, now)?;
            store::ticket_read::note(
                c,
                &store::ticket_read::Read {
                    ticket,
                    person: mail.person.unwrap_or(PersonId(Uuid::nil())),
                    door: Door::Mail.key().into(),
                    at: now,
                },
            )?;
        }
    }
    Ok(())
}

/// Whether a notice about a mail still goes out. The first that does not is
/// replaced by one that says so.
fn calm(
    desk: &Desk,
    c: &mut Conn<'_>,
    mail: &store::mail::Outgoing,
    now: i64,
) -> Result<bool, Error> {
    let Some(ticket) = mail.ticket else {
        return Ok(true);
    };
    if store::mail::is_queued(c, mail.cause, &mail.address)? {
        return Ok(true);
    }
    match storm::calm(c, ticket, &mail.address, now)? {
        Calm::Go => Ok(true),
        Calm::Quiet => Ok(false),
        Calm::SaySo => {
            let text = format!(
                "Many mails come to ticket {ticket} right now. They are all in it, but you get no \
                 more notices about them in this hour.\n\n\
                 Open it:  {}/work/{ticket}\n",
                desk.config().public_url
            );
            let letter = Letter {
                address: mail.address.clone(),
                name: String::new(),
                person: mail.person,
                ticket: Some(ticket),
                cause: mail.cause,
                subject: format!("[#{ticket}] Many mails: no more notices in this hour"),
                text,
            };
            letter::queue(desk, c, letter)?;
            Ok(false)
        }
    }
}

/// Writes the mails about a stretch of events.
pub(super) fn tell(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    events: &[Event],
) -> Result<Vec<Ready>, Error> {
    let mut mails = Vec::new();
    // The same few units hold most of what changes at a time.
    let mut audiences: BTreeMap<(UnitId, Option<PortalId>), UnitAudience> = BTreeMap::new();
    let mut people: BTreeMap<PersonId, Option<Person>> = BTreeMap::new();
    let mut known = super::Known::new();
    for event in events {
        if let Change::EntryAdded { entry } = &event.change {
            store::entry::expect_load(c, entry.id)?;
        }
    }
    for ((_, number), group) in by_cause(events) {
        let Some(last) = group.last() else { continue };
        let Some(ticket) = state_after(c, last, events, &mut known)? else {
            continue;
        };
        let caused: Vec<Caused> = group
            .iter()
            .map(|e| Caused {
                ticket: number,
                change: e.change.clone(),
            })
            .collect();
        let actor = Actor {
            person: last.actor,
            name: last.actor_name.clone(),
            channel: Channel::Job,
            admin: false,
            monitor: false,
            support: false,
            units: Vec::new(),
            communities: Vec::new(),
        };
        let readers = match audiences.entry((ticket.unit, ticket.portal)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(unit_audience(c, catalogue, &ticket)?),
        };
        readers.site = site_contact(c, catalogue, &ticket)?;
        let mut notices = audience(&caused, &ticket, &actor, readers);
        // A list that has the ticket by redirection is told by that.
        if let Some(list) = crate::redirect::list_of(catalogue, &ticket) {
            notices
                .retain(|n| !matches!(&n.to, Recipient::List(to) if to.eq_ignore_ascii_case(list)));
        }
        // Nobody is told of their own deeds, except that a requester gets the
        // number of the ticket they opened.
        let requester = Recipient::Person(ticket.requester);
        let opened = matches!(
            caused.first().map(|c| &c.change),
            Some(Change::Opened { .. })
        );
        if opened && !notices.iter().any(|n| n.to == requester) {
            notices.push(Notice {
                to: requester,
                reason: Reason::Requester,
                kinds: [Told::Opened].into(),
            });
        }
        for notice in notices {
            let Some(to) = addressee(c, &notice.to, &mut people)? else {
                continue;
            };
            mails.extend(ready(c, desk, catalogue, &ticket, &group, &notice, to)?);
        }
    }
    Ok(mails)
}

fn unit_audience(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    ticket: &Ticket,
) -> Result<UnitAudience, Error> {
    let unit = catalogue.unit(ticket.unit);
    Ok(UnitAudience {
        members: store::unit::members(c, ticket.unit)?
            .into_iter()
            .map(|m| m.person)
            .collect(),
        mailing_list: unit.and_then(|u| u.email.clone()),
        first_level: first_level(c, catalogue, ticket)?,
        monitors: store::person::monitors(c)?,
        site: None,
    })
}

/// Who looks after the ticket as first level: that of the portal it came by,
/// while it has one in service, which spares the desk's the portal's new
/// tickets until it passes one on.
fn first_level(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    ticket: &Ticket,
) -> Result<Vec<PersonId>, Error> {
    let portal = ticket.portal.and_then(|id| catalogue.portal(id));
    let unit = catalogue.first_level_for(portal)?;
    if unit.first_level {
        return Ok(store::unit::first_level_members(c)?);
    }
    let members = store::unit::members(c, unit.id)?;
    Ok(members.into_iter().map(|m| m.person).collect())
}

/// Whom to tell at the site that a ticket names. A site out of use is told of
/// what still names it.
fn site_contact(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    ticket: &Ticket,
) -> Result<Option<Recipient>, Error> {
    let contact = ticket.site.as_ref().and_then(|key| {
        let mut sites = catalogue.sites.iter();
        sites.find(|site| site.key == *key)?.contact.clone()
    });
    let Some(address) = contact else {
        return Ok(None);
    };
    Ok(Some(match store::person::by_email(c, &address)? {
        Some(person) => Recipient::Person(person.id),
        None => Recipient::List(address),
    }))
}

/// Where a notice goes: address, name, person.
type Addressee = (String, String, Option<PersonId>);

/// Whoever was looked up before is in `people`.
fn addressee(
    c: &mut Conn<'_>,
    to: &Recipient,
    people: &mut BTreeMap<PersonId, Option<Person>>,
) -> Result<Option<Addressee>, Error> {
    let id = match to {
        Recipient::List(address) => return Ok(Some((address.clone(), String::new(), None))),
        Recipient::Person(id) => *id,
    };
    let person = match people.entry(id) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(free) => free.insert(store::person::load(c, id)?),
    };
    Ok(person
        .as_ref()
        .filter(|p| p.active)
        .and_then(|p| Some((p.email.clone()?, p.name.clone(), Some(p.id)))))
}

fn ready(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    ticket: &Ticket,
    events: &[&Event],
    notice: &Notice,
    (address, name, person): Addressee,
) -> Result<Option<Ready>, Error> {
    let Some(first) = events.first() else {
        return Ok(None);
    };
    let first_word = notice.reason == Reason::Requester
        && notice.kinds.contains(&Told::Opened)
        && (first.channel == Channel::Mail.key() || first.actor.is_none());
    let label = label_of(c, ticket, events)?;
    let id = desk.uuid();
    let config = desk.config();
    // Anybody can write anything under anybody's address: the first answer to
    // a mail repeats nothing of it, so the desk can not be made to send a
    // stranger's words to a third person.
    let (subject, text) = if first_word {
        (
            mail::subject_with_tag(ticket.number, "We have your request"),
            acknowledgement(desk, catalogue, ticket, person),
        )
    } else {
        let text = match label {
            Some(tlp) if !tlp.may_be_mailed() => {
                nothing_but_a_link(desk, catalogue, ticket, tlp, notice.reason, person)
            }
            _ => text(c, desk, catalogue, ticket, events, notice, person)?,
        };
        (subject(ticket, label), text)
    };
    let message_id = mail::message_id(ticket.number, id.simple(), config.mail_domain());
    let (Ok(to), Ok(from)) = (
        mail::Address::parse(&address),
        mail::Address::parse(&config.mail_address),
    ) else {
        return Ok(None);
    };
    // A person's own, which proves them when they answer; a list has one for all.
    let reply_to = match person {
        Some(_) => mail::personal_reply_address(ticket.number, &to, desk.thread_keys()),
        None => mail::reply_address(ticket.number, desk.thread_keys()),
    }
    .ok();
    let built = mail::build(&Outgoing {
        from: Mailbox {
            name: Some(config.name.clone()),
            address: from,
        },
        to: Mailbox {
            name: (!name.is_empty()).then_some(name),
            address: to,
        },
        reply_to,
        subject: subject.clone(),
        text,
        message_id: message_id.clone(),
        in_reply_to: None,
        references: vec![root_message_id(ticket.number, config.mail_domain())],
        date: first.at,
        automatic: true,
        loop_id: desk.loop_id(),
        attachments: Vec::new(),
    });
    let (bytes, state, error) = match built {
        Ok(bytes) => (bytes, "queued", None),
        // Kept and shown, so that nobody wonders why nothing came.
        Err(e) => (Vec::new(), "failed", Some(e.to_string())),
    };
    Ok(Some(Ready {
        mail: store::mail::Outgoing {
            id,
            created_at: first.at,
            cause: first.cause,
            ticket: Some(ticket.number),
            person,
            address,
            message_id,
            subject,
            bytes,
            state: state.into(),
            attempts: 0,
            error,
        },
        acknowledges: first_word.then_some(ticket.number),
        tells: label
            .filter(|tlp| tlp.may_be_mailed() && !first_word)
            .map(|_| ticket.number),
        by_mail: first.channel == Channel::Mail.key() && !first_word,
    }))
}

/// At most so many acknowledgements go to one address in a day.
const ACKNOWLEDGEMENTS: i64 = 10;

/// Whether the sender of a first mail is answered: not a machine or list, and
/// not somebody who already got many mails today.
fn may_acknowledge(
    c: &mut Conn<'_>,
    number: TicketNumber,
    address: &str,
    now: i64,
) -> Result<bool, Error> {
    let first = store::entry::of_ticket(c, number, true, 0, 1)?;
    let mail = match first.first().and_then(|e| e.mail) {
        Some(id) => store::mail::incoming(c, id)?,
        None => None,
    };
    let automatic = mail
        .and_then(|m| m.flagged)
        .is_some_and(|f| f.contains("automatic:"));
    Ok(!automatic && store::mail::queued_since(c, address, now - 86_400_000)? < ACKNOWLEDGEMENTS)
}

/// Before the paths of links for the requester's side: the address of the portal
/// by which the ticket came, or the desk's. Both are configured.
fn base(desk: &Desk, catalogue: &Catalogue, ticket: &Ticket) -> String {
    ticket
        .portal
        .and_then(|id| catalogue.portal(id))
        .filter(|portal| portal.active)
        .map_or_else(
            || desk.config().public_url.clone(),
            |portal| desk.portal_base(portal),
        )
}

fn acknowledgement(
    desk: &Desk,
    catalogue: &Catalogue,
    ticket: &Ticket,
    person: Option<PersonId>,
) -> String {
    let (number, base) = (ticket.number, base(desk, catalogue, ticket));
    let link = person.map_or_else(
        || format!("{base}/tickets/{number}"),
        |p| desk.follow_link_at(&base, number, p),
    );
    format!(
        "We have your request. It is ticket {number}.\n\n\
         Follow it here:  {link}\n\
         Answer this mail to add something.\n\n\
         If you did not write to us, do nothing: somebody used your address.\n"
    )
}

/// Enqueues the delivery of a queued mail.
pub(crate) fn deliver_later(c: &mut Conn<'_>, id: Uuid, now: i64) -> Result<(), Error> {
    store::job::enqueue(
        c,
        &NewJob {
            kind: DELIVER,
            payload: id.to_string(),
            run_at: now,
            unique_key: Some(format!("{DELIVER}:{id}")),
        },
    )?;
    Ok(())
}

/// The narrowest label of what a mail tells of: the ticket's own, then and now, as
/// somebody may have narrowed it since; and its master's when words of the master are
/// in it.
fn label_of(c: &mut Conn<'_>, ticket: &Ticket, events: &[&Event]) -> Result<Option<Tlp>, Error> {
    let now = store::ticket::load(c, ticket.number)?.and_then(|t| t.label());
    let mut label = ticket.label().max(now);
    for event in events {
        if let Change::MasterEntry { master, .. } = &event.change {
            let masters = store::ticket::load(c, *master)?.and_then(|m| m.label());
            label = label.max(masters);
        }
    }
    Ok(label)
}

/// The subject of a mail about a ticket; a label stands behind the tag.
fn subject(ticket: &Ticket, label: Option<Tlp>) -> String {
    match label {
        None => mail::subject_with_tag(ticket.number, &ticket.subject),
        Some(tlp) => {
            let words = if tlp.may_be_mailed() {
                ticket.subject.as_str()
            } else {
                "There is something new"
            };
            let bare = mail::bare_subject(words);
            mail::subject_with_tag(ticket.number, &format!("[{}] {bare}", tlp.label()))
        }
    }
}

/// What is mailed of a ticket whose label keeps its text out of mails.
fn nothing_but_a_link(
    desk: &Desk,
    catalogue: &Catalogue,
    ticket: &Ticket,
    label: Tlp,
    reason: Reason,
    person: Option<PersonId>,
) -> String {
    format!(
        "There is something new in ticket {}.\n\n\
         It is marked {} ({}), so this mail does not say what.\n\n\
         Open it:  {}\n",
        ticket.number,
        label.label(),
        label.meaning(),
        link(desk, catalogue, ticket, reason, person)
    )
}

/// Where somebody opens the ticket: on the requester's side without signing in.
fn link(
    desk: &Desk,
    catalogue: &Catalogue,
    ticket: &Ticket,
    reason: Reason,
    person: Option<PersonId>,
) -> String {
    match (outside(reason), person) {
        (true, Some(person)) => {
            desk.follow_link_at(&base(desk, catalogue, ticket), ticket.number, person)
        }
        _ => format!("{}/work/{}", desk.config().public_url, ticket.number),
    }
}

/// Reads only what the requester reads.
fn outside(reason: Reason) -> bool {
    matches!(reason, Reason::Requester | Reason::Cc | Reason::Subscriber)
}

/// The Message-ID that all mails of a ticket refer to, so that mail programs
/// show them as one conversation.
pub(crate) fn root_message_id(number: TicketNumber, domain: &str) -> String {
    mail::message_id(number, "root", domain)
}

/// What a notice says. Machine-readable lines first, as people script on them.
fn text(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    ticket: &Ticket,
    events: &[&Event],
    notice: &Notice,
    person: Option<PersonId>,
) -> Result<String, Error> {
    let inside = !outside(notice.reason);
    let mut out = String::new();
    let mut say = |line: &str| {
        out.push_str(line);
        out.push('\n');
    };
    let who = events.first().map_or("", |e| e.actor_name.as_str());
    say(&headline(ticket, who, &notice.kinds, notice.reason));
    say("");
    let mut written: BTreeSet<EntryId> = BTreeSet::new();
    for event in events {
        let (id, public) = match &event.change {
            Change::EntryAdded { entry } => (entry.id, entry.visibility == EntryVisibility::Public),
            Change::MasterEntry { entry, .. } => (*entry, true),
            _ => continue,
        };
        if (public || inside)
            && written.insert(id)
            && let Some(entry) = store::entry::load(c, id)?
            && (inside || entry.visibility == EntryVisibility::Public)
        {
            if !public {
                say("Internal note, for the support side only:");
            }
            say(&entry.body);
            say("");
        }
    }
    if notice.kinds.contains(&Told::Solution)
        && written.is_empty()
        && let Some(solution) = &ticket.solution
    {
        say(&solution.text);
        say("");
    }
    for line in events
        .iter()
        .filter_map(|e| change_line(catalogue, &e.change))
    {
        say(&line);
    }
    say("");
    say(&format!("Ticket:   {}", ticket.number));
    say(&format!("Subject:  {}", ticket.subject));
    say(&format!("Status:   {}", ticket.status.label()));
    say(&format!(
        "Priority: {}, because: {}",
        ticket.priority().label(),
        ticket.priority_reason()
    ));
    if let Some(unit) = catalogue.unit(ticket.unit) {
        say(&format!("With:     {}", unit.name));
    }
    if let Some(tlp) = ticket.label() {
        say(&format!("Label:    {} ({})", tlp.label(), tlp.meaning()));
    }
    say("");
    say(&format!(
        "Open it:  {}",
        link(desk, catalogue, ticket, notice.reason, person)
    ));
    if ticket.status == Status::Solved && notice.reason == Reason::Requester {
        say("Does it work for you? Say so on that page; without an answer the ticket");
        say("closes by itself after 10 working days.");
    } else if inside {
        say("Answer this mail to write to the requester: an answer by mail is public.");
    } else {
        say("Answer this mail to write into the ticket.");
    }
    Ok(out)
}

fn headline(ticket: &Ticket, who: &str, kinds: &BTreeSet<Told>, reason: Reason) -> String {
    let number = ticket.number;
    if kinds.contains(&Told::Opened) {
        return match reason {
            Reason::Requester => format!("We have your request. It is ticket {number}."),
            _ => format!("{who} opened ticket {number}."),
        };
    }
    if kinds.contains(&Told::Solution) {
        return match ticket.status {
            Status::Unsolved => format!("{who} set ticket {number} unsolved."),
            _ => format!("{who} solved ticket {number}."),
        };
    }
    if kinds.contains(&Told::Reopened) {
        return format!("{who} reopened ticket {number}.");
    }
    if kinds.contains(&Told::Escalated) {
        return format!("{who} asks for attention to ticket {number}.");
    }
    if kinds.contains(&Told::Assigned) {
        return format!("Ticket {number} was given to your unit.");
    }
    if kinds.contains(&Told::Asked) {
        return format!("{who} needs your answer to ticket {number}.");
    }
    if kinds.contains(&Told::Entry) {
        return format!("{who} wrote in ticket {number}:");
    }
    if kinds.contains(&Told::Note) {
        return format!("{who} noted in ticket {number}:");
    }
    format!("{who} changed ticket {number}.")
}

/// A change as one line, when it can be told to everybody on the ticket.
fn change_line(catalogue: &Catalogue, change: &Change) -> Option<String> {
    let unit = |id| {
        catalogue
            .unit(id)
            .map_or("(unknown unit)", |u| u.name.as_str())
    };
    Some(match change {
        Change::StatusSet { old, new, .. } => {
            format!(
                "Status: {} to {}",
                old.label().to_lowercase(),
                new.label().to_lowercase()
            )
        }
        Change::UnitSet { old, new, .. } => format!("Unit: {} to {}", unit(*old), unit(*new)),
        Change::PriorityOverruled { new: Some(new), .. } => format!(
            "Priority: {}, because: {}",
            new.priority.label().to_lowercase(),
            new.reason
        ),
        Change::Escalated { reason, .. } => format!("Why: {reason}"),
        _ => return None,
    })
}
