//! One mail to each human for each event, by the matrix of the rules and what they
//! chose: at once, gathered, or not at all.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use mail::{Mailbox, Outgoing};
use store::Conn;
use store::choice::Wish;
use store::event::Event;
use store::job::NewJob;
use store::person::Person;
use switchboard_core::choice::{Choices, How, Scope, how, undone_by};
use switchboard_core::notify::{Notice, Reason, Recipient, Told, UnitAudience, audience};
use switchboard_core::{
    Actor, Caused, Change, Channel, PersonId, PortalId, Ticket, TicketNumber, UnitId,
};
use uuid::Uuid;

use self::text::{Telling, outside};
use super::{by_cause, state_after};
use crate::choice::{choices_of, language_of, next_due, wish_of};
use crate::jobs::DELIVER;
use crate::letter::{self, About};
use crate::mail_in::storm::{self, Calm};
use crate::mail_stop::MailStop;
use crate::mail_text::{self, Kind, MailText};
use crate::reads::Door;
use crate::rota;
use crate::{Catalogue, Desk, Error};

pub(crate) mod text;

/// What is to be stored about a notice.
pub(super) enum Ready {
    /// A mail that goes out.
    Mail(Box<ReadyMail>),
    /// It waits for the mail that gathers.
    Gathered(store::choice::DigestItem),
}

/// A mail that is ready to be queued.
pub(super) struct ReadyMail {
    mail: store::mail::Outgoing,
    /// The first answer to a stranger's mail about this ticket, which not
    /// everybody gets.
    acknowledges: Option<TicketNumber>,
    /// It carries the text of this restricted ticket.
    tells: Option<TicketNumber>,
    /// It tells of what a mail brought, which may come in storms: where its reader
    /// opens the ticket.
    by_mail: Option<String>,
}

/// Queues mails, each at most once.
pub(super) fn queue(desk: &Desk, c: &mut Conn<'_>, mails: &[Ready], now: i64) -> Result<(), Error> {
    for ready in mails {
        let ReadyMail {
            mail,
            acknowledges,
            tells,
            by_mail,
        } = match ready {
            Ready::Mail(mail) => &**mail,
            Ready::Gathered(item) => {
                store::choice::gather(c, item)?;
                continue;
            }
        };
        if let Some(link) = by_mail
            && !calm(desk, c, mail, link, now)?
        {
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
    link: &str,
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
            let about = About {
                kind: Kind::Storm,
                cause: mail.cause,
                ticket: Some(ticket),
            };
            let link = link.to_owned();
            letter::to_address(desk, c, (&mail.address, mail.person), about, |_| {
                [("link", link)].into()
            })?;
            Ok(false)
        }
    }
}

/// What was looked up before: the same few people hear of most of what happens at a
/// time, in the same few texts.
#[derive(Default)]
struct Before {
    people: BTreeMap<PersonId, Option<Person>>,
    chosen: BTreeMap<PersonId, (Choices, Wish)>,
    texts: BTreeMap<(Kind, String), MailText>,
}

impl Before {
    fn chosen(&mut self, c: &mut Conn<'_>, person: PersonId) -> Result<&(Choices, Wish), Error> {
        Ok(match self.chosen.entry(person) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert((choices_of(c, person)?, wish_of(c, person)?)),
        })
    }

    fn text(&mut self, c: &mut Conn<'_>, kind: Kind, language: String) -> Result<&MailText, Error> {
        Ok(match self.texts.entry((kind, language)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let text = mail_text::current(c, kind, &free.key().1)?;
                free.insert(text)
            }
        })
    }

    /// Where a notice goes; `None`: nowhere, as they have no address or are disabled.
    fn addressee(&mut self, c: &mut Conn<'_>, to: &Recipient) -> Result<Option<Addressee>, Error> {
        let id = match to {
            Recipient::List(address) => return Ok(Some((address.clone(), String::new(), None))),
            Recipient::Person(id) => *id,
        };
        let person = match self.people.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(store::person::load(c, id)?),
        };
        Ok(person
            .as_ref()
            .filter(|p| p.active)
            .and_then(|p| Some((p.email.clone()?, p.name.clone(), Some(p.id)))))
    }
}

/// Where a notice goes: address, name, person.
type Addressee = (String, String, Option<PersonId>);

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
    let mut before = Before::default();
    let mut known = super::Known::new();
    let coupled = store::coupling::any(c)? || store::partner::any(c)?;
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
        let actor = Actor::plain(last.actor, last.actor_name.as_str(), Channel::Job);
        let readers = match audiences.entry((ticket.unit, ticket.portal)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(unit_audience(c, catalogue, &ticket, last.at)?),
        };
        readers.site_list = site_list(catalogue, &ticket);
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
        // Where it was opened, its requester is told already; not of what only time
        // brings here, as that an answer is missing.
        if coupled && store::exchange::is_told_there(c, number)? {
            notices.retain_mut(|notice| {
                if notice.reason == Reason::Requester {
                    notice.kinds.retain(|told| *told == Told::Reminded);
                }
                !notice.kinds.is_empty()
            });
        }
        let telling = Telling {
            desk,
            catalogue,
            ticket: &ticket,
            events: &group,
        };
        for notice in notices {
            let Some(to) = before.addressee(c, &notice.to)? else {
                continue;
            };
            let mut ends = None;
            if let Recipient::Person(person) = notice.to {
                let (choices, wish) = before.chosen(c, person)?;
                match how(&notice, person, &ticket, choices) {
                    How::Mail => ends = undone_by(&notice, person, &ticket, choices),
                    How::Digest => {
                        mails.push(gathered(desk, &ticket, last, &notice, person, wish));
                        continue;
                    }
                    How::Nothing => continue,
                }
            }
            let mail = ready(c, &telling, &mut before, &notice, to, ends)?;
            mails.extend(mail.map(|mail| Ready::Mail(Box::new(mail))));
        }
    }
    Ok(mails)
}

/// What is kept of a notice until the mail that gathers goes out.
fn gathered(
    desk: &Desk,
    ticket: &Ticket,
    event: &Event,
    notice: &Notice,
    person: PersonId,
    wish: &Wish,
) -> Ready {
    let what: Vec<&str> = notice.kinds.iter().map(|told| told.key()).collect();
    Ready::Gathered(store::choice::DigestItem {
        id: desk.uuid(),
        person,
        cause: event.cause,
        ticket: ticket.number,
        at: event.at,
        due_at: next_due(wish, desk.now()),
        reason: notice.reason.key().into(),
        what: what.join(","),
    })
}

fn unit_audience(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    ticket: &Ticket,
    at: i64,
) -> Result<UnitAudience, Error> {
    let unit = catalogue.unit(ticket.unit);
    let duty = match unit {
        Some(unit) => rota::alone(c, unit, at)?,
        None => None,
    };
    Ok(UnitAudience {
        members: store::unit::members(c, ticket.unit)?
            .into_iter()
            .map(|m| m.person)
            .collect(),
        mailing_list: unit.and_then(|u| u.email.clone()),
        duty,
        first_level: first_level(c, catalogue, ticket)?,
        first_level_duty: first_level_duty(c, catalogue, ticket, at)?,
        monitors: store::person::monitors(c)?,
        site_list: None,
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

/// Those of first level who hear of what is new, where somebody is on duty there.
fn first_level_duty(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    ticket: &Ticket,
    at: i64,
) -> Result<Option<Vec<(PersonId, Reason)>>, Error> {
    let portal = ticket.portal.and_then(|id| catalogue.portal(id));
    let unit = catalogue.first_level_for(portal)?;
    if !unit.first_level {
        let person = rota::alone(c, unit, at)?;
        return Ok(person.map(|person| vec![(person, Reason::FirstLevelDuty)]));
    }
    let (mut any, mut people) = (false, Vec::new());
    for unit in catalogue.units.iter().filter(|u| u.first_level && u.active) {
        match rota::alone(c, unit, at)? {
            Some(person) => {
                any = true;
                people.push((person, Reason::FirstLevelDuty));
            }
            None => {
                let members = store::unit::members(c, unit.id)?;
                let all = members.into_iter().map(|m| (m.person, Reason::FirstLevel));
                people.extend(all);
            }
        }
    }
    Ok(any.then_some(people))
}

/// Where to tell the site that a ticket names, when that is nobody known here: who is,
/// is on the ticket. A site out of use is told of what still names it.
fn site_list(catalogue: &Catalogue, ticket: &Ticket) -> Option<String> {
    let key = ticket.site.as_ref()?;
    let site = catalogue.sites.iter().find(|site| site.key == *key)?;
    match site.contact_person {
        Some(_) => None,
        None => site.contact.clone(),
    }
}

/// The mail about a notice. `ends`: what they have to give up to get no more like it.
fn ready(
    c: &mut Conn<'_>,
    telling: &Telling<'_>,
    before: &mut Before,
    notice: &Notice,
    (address, name, person): Addressee,
    ends: Option<Scope>,
) -> Result<Option<ReadyMail>, Error> {
    let Telling {
        desk,
        catalogue,
        ticket,
        events,
    } = *telling;
    let Some(first) = events.first() else {
        return Ok(None);
    };
    let first_word = notice.reason == Reason::Requester
        && notice.kinds.contains(&Told::Opened)
        && (first.channel == Channel::Mail.key() || first.actor.is_none());
    let label = text::label_of(c, ticket, events)?;
    let id = desk.uuid();
    let config = desk.config();
    let kind = match label {
        // Anybody can write anything under anybody's address: the first answer to
        // a mail repeats nothing of it, so the desk can not be made to send a
        // stranger's words to a third person.
        _ if first_word => Kind::Received,
        Some(tlp) if !tlp.may_be_mailed() => Kind::Restricted,
        _ if outside(notice.reason) => Kind::Answer,
        _ => Kind::Work,
    };
    let language = match person {
        Some(person) => language_of(desk, Some(&before.chosen(c, person)?.1)),
        None => language_of(desk, None),
    };
    // Who was put on it, or follows it, gets off by a link: not everybody has an account.
    let number = ticket.number;
    let leaves = person.filter(|_| matches!(notice.reason, Reason::Cc | Reason::Subscriber));
    let values = match kind {
        Kind::Answer | Kind::Work => {
            let mut values = telling.values(c, notice, person, &language)?;
            values.insert("name", name.clone());
            let leave = leaves.map(|p| desk.stop_link(p, MailStop::Ticket(number)));
            values.insert("stop", leave.unwrap_or_default());
            values
        }
        _ => telling.bare_values(label, notice.reason, person),
    };
    let (words, text) = before.text(c, kind, language)?.written(&values)?;
    let subject = text::subject(ticket.number, label.filter(|_| !first_word), &words);
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
    let mut extra = Vec::new();
    if let (Some(unit), Some(person), false) =
        (catalogue.unit(ticket.unit), person, outside(notice.reason))
    {
        // To sort by, and to be rid of: these are many, and go to many.
        extra.push((
            "List-Id",
            format!("<{}.tickets.{}>", unit.key, config.mail_domain()),
        ));
        if let Some(scope) = ends {
            extra.extend(desk.stop_fields(person, MailStop::Scope(scope)));
        }
    }
    if let Some(person) = leaves {
        extra.extend(desk.stop_fields(person, MailStop::Ticket(number)));
    }
    let outgoing = Outgoing {
        from: Mailbox {
            name: Some(telling.sender(notice.reason)),
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
    };
    let built = mail::build::build_with(&outgoing, &extra);
    let (bytes, state, error) = match built {
        Ok(bytes) => (bytes, "queued", None),
        // Kept and shown, so that nobody wonders why nothing came.
        Err(e) => (Vec::new(), "failed", Some(e.to_string())),
    };
    Ok(Some(ReadyMail {
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
        by_mail: (first.channel == Channel::Mail.key() && !first_word)
            .then(|| telling.link(notice.reason, person)),
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

/// The Message-ID that all mails of a ticket refer to, so that mail programs
/// show them as one conversation.
pub(crate) fn root_message_id(number: TicketNumber, domain: &str) -> String {
    mail::message_id(number, "root", domain)
}
