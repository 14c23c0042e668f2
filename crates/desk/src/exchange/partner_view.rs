//! A ticket's counterparts at partner desks, as those see them who look after the
//! ticket: made from its changes, and from what of them lies in the partners' logs.

use std::collections::BTreeSet;

use store::Conn;
use store::exchange::{Line, Went};
use store::partner::{Partner, State};
use store::shared::Joint;
use switchboard_core::exchange::{Ask, Deed, DeskId, Field, Set, Settled};
use switchboard_core::{Access, Actor, Millis, Ticket, TicketNumber};
use uuid::Uuid;

use super::joint;
use super::partner::Awaited;
use super::view::{Counterpart, Standing, Travelling, conflict};
use crate::{Catalogue, Error};

/// Tickets at partner desks that are listed.
const MOST_TRAVELLING: i64 = 200;
/// Lines of a counterpart that are shown.
const MOST_LINES: usize = 500;

/// What happened, in words; nothing of what was written.
pub(super) fn told(deed: &Deed) -> String {
    match deed {
        Deed::Opened { .. } => "Opened".to_owned(),
        Deed::EntryAdded { .. } => "An entry".to_owned(),
        Deed::AttachmentAdded { .. } => "A file".to_owned(),
        Deed::FieldSet { field, value, .. } => match field {
            Field::Status | Field::Priority | Field::Category => format!("{field} “{value}”"),
            other => format!("{other} was set"),
        },
        Deed::Asked { ask } => match ask {
            Ask::Baton => "Asks to be responsible".to_owned(),
            Ask::Set { field, value } if !field.is_free_text() => {
                format!("Asks for {field} “{value}”")
            }
            Ask::Set { field, .. } => format!("Asks for another {field}"),
        },
        Deed::Settled { how, .. } => match how {
            Settled::Done => "What was asked for was done".to_owned(),
            Settled::Declined { .. } => "What was asked for was declined".to_owned(),
        },
        Deed::BatonPassed { to, .. } => format!("{to} is responsible from here on"),
        Deed::Erased { what } => match what.len() {
            1 => "One text is erased".to_owned(),
            n => format!("{n} texts are erased"),
        },
        Deed::ErasureDone { problem, .. } => match problem {
            None => "It was erased there".to_owned(),
            Some(_) => "It was not erased there".to_owned(),
        },
    }
}

/// Every value that stands beside the one that counts, in words.
fn conflicts(joint: &Joint) -> Result<Vec<String>, Error> {
    let all = joint.shared.conflicts();
    let side = |set: &Set| Ok((set.name.desk.to_string(), set.value.clone()));
    all.iter().map(|one| conflict(one, side)).collect()
}

/// How a shared ticket stands at one partner.
fn counterpart(
    c: &mut Conn<'_>,
    joint: &Joint,
    (partner, began_at): (&Partner, i64),
    with_lines: bool,
) -> Result<Counterpart, Error> {
    let acked = partner.sender.acked;
    let logged = store::partner::log_of(c, partner.id, &joint.id)?;
    let waiting: Vec<_> = logged.iter().filter(|l| l.place > acked).collect();
    let mut lines = Vec::new();
    let (mut sent_at, mut came_at) = (None, None);
    let sent: BTreeSet<_> = logged.iter().map(|l| &l.name).collect();
    for kept in store::shared::changes(c, &joint.id)? {
        let way = if kept.source == Some(partner.id) {
            came_at = Some(kept.at);
            Went::In
        } else if sent.contains(&kept.name) {
            sent_at = Some(kept.at);
            Went::Out
        } else {
            Went::Here
        };
        if with_lines {
            lines.push(Line {
                id: Uuid::nil(),
                link: partner.id,
                at: kept.at,
                way,
                what: told(&joint::read(&kept.doc)?.deed),
                there: Some(kept.name.to_string()),
            });
        }
    }
    let cut = lines.len().saturating_sub(MOST_LINES);
    lines.drain(..cut);
    let dead = store::partner::dead(c, 1_000)?;
    let here = format!("\"{}\"", joint.id);
    let dead = dead
        .iter()
        .filter(|d| d.partner == partner.id && d.doc.contains(&here));
    let holder = joint.shared.baton().holder();
    let status = joint.shared.field(&Field::Status);
    let owner = joint.shared.own(&Field::Owner, &partner.desk);
    let looked_by = match joint.looked_by {
        Some(person) => store::person::load(c, person)?.map(|p| p.name),
        None => None,
    };
    Ok(Counterpart {
        id: partner.id,
        kind: "switchboard".to_owned(),
        system: partner.title.clone(),
        there: Some(joint.id.to_string()),
        ended: partner.state == State::Ended,
        gone: false,
        theirs: *holder == partner.desk,
        status: status.map(|set| set.value.clone()),
        owner: owner.map(|s| s.value.clone()).filter(|o| !o.is_empty()),
        conflicts: conflicts(joint)?,
        queue: None,
        links: Vec::new(),
        began_at,
        waiting: i64::try_from(waiting.len()).unwrap_or(i64::MAX),
        waiting_since: waiting.first().map(|l| l.at),
        dead: i64::try_from(dead.count()).unwrap_or(i64::MAX),
        error: partner.error.clone(),
        sent_at,
        came_at,
        looked_at: joint.looked_by.map(|_| joint.looked_at),
        looked_by,
        lines,
    })
}

/// A ticket's counterparts at partner desks, the oldest first.
pub(super) fn counterparts(
    c: &mut Conn<'_>,
    ticket: TicketNumber,
    with_lines: bool,
) -> Result<Vec<Counterpart>, Error> {
    let Some(joint) = store::shared::of_ticket(c, ticket)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for (id, began_at) in store::shared::roads(c, &joint.id)? {
        if let Some(partner) = store::partner::load(c, id)? {
            found.push(counterpart(c, &joint, (&partner, began_at), with_lines)?);
        }
    }
    Ok(found)
}

/// How a ticket stands at the desk of the partner whose unit has it; `None`: it is at none.
pub(super) fn at_desk(c: &mut Conn<'_>, ticket: &Ticket) -> Result<Option<Counterpart>, Error> {
    let joint = store::shared::of_ticket(c, ticket.number)?;
    let Some(place) = joint::place(c, ticket, joint.as_ref())? else {
        return Ok(None);
    };
    let mut all = counterparts(c, ticket.number, false)?.into_iter();
    Ok(all.find(|one| one.id == place.id))
}

/// Open tickets that are at partner desks, the one at which nobody looked for the
/// longest time first.
pub(super) fn travelling(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    actor: &Actor,
) -> Result<Vec<Travelling>, Error> {
    let mut found = Vec::new();
    for joint in store::shared::with_partners(c, None, MOST_TRAVELLING)? {
        let Some(number) = joint.ticket else { continue };
        let Some(ticket) = store::ticket::load(c, number)? else {
            continue;
        };
        if !Access::of(actor, &ticket).may_see() {
            continue;
        }
        let service = ticket.service.and_then(|s| catalogue.service(s));
        found.extend(at_desk(c, &ticket)?.map(|there| Travelling {
            ticket: number,
            subject: ticket.subject,
            status: ticket.status,
            service: service.map_or_else(String::new, |s| s.name.clone()),
            there,
        }));
    }
    Ok(found)
}

/// What is awaited of open tickets that are shared with a partner: of whoever is
/// responsible, and whose answer to an ask is missing.
pub(super) fn awaited(
    c: &mut Conn<'_>,
    actor: &Actor,
    me: &DeskId,
    partner: &Partner,
) -> Result<Vec<Awaited>, Error> {
    let mut found = Vec::new();
    for joint in store::shared::open_with(c, partner.id, MOST_TRAVELLING)? {
        let Some(number) = joint.ticket else { continue };
        let Some(ticket) = store::ticket::load(c, number)? else {
            continue;
        };
        if !Access::of(actor, &ticket).may_see() {
            continue;
        }
        let mut add = |from_them: bool, what: String, since: Millis| {
            found.push(Awaited {
                ticket: number,
                subject: ticket.subject.clone(),
                from_them,
                what,
                since,
            });
        };
        let holder = joint.shared.baton().holder();
        for (name, asked, settled) in joint.shared.asks() {
            let what = told(&Deed::Asked {
                ask: asked.ask.clone(),
            });
            if settled.is_some() {
                continue;
            }
            if name.desk == *me && *holder == partner.desk {
                add(
                    true,
                    format!("An answer: this desk {}", lower(&what)),
                    asked.at,
                );
            } else if name.desk == partner.desk && holder == me {
                add(false, format!("An answer: it {}", lower(&what)), asked.at);
            }
        }
        if *holder == partner.desk {
            add(
                true,
                "Its status or solution: it is responsible".into(),
                joint.began_at,
            );
        } else if holder == me && !joint.opened_here {
            let what = "Its status or solution: this desk is responsible";
            add(false, what.into(), joint.began_at);
        }
    }
    Ok(found)
}

/// The first letter small.
fn lower(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

/// Adds partner desks to how the whole exchange stands.
pub(super) fn add_to(c: &mut Conn<'_>, standing: &mut Standing, now: Millis) -> Result<(), Error> {
    for partner in store::partner::all(c)? {
        match (partner.state, &partner.error) {
            (State::Ended, _) => continue,
            (State::Paused, _) => standing.paused += 1,
            (State::Active, Some(_)) => standing.stopped += 1,
            (State::Active, None) => standing.running += 1,
        }
        standing.waiting += i64::try_from(partner.backlog()).unwrap_or(i64::MAX);
        if let Some(since) = store::partner::oldest_waiting(c, &partner)? {
            standing.lag = standing.lag.max(now - since);
        }
    }
    let dead = store::partner::dead(c, 1_000)?.len();
    standing.dead += i64::try_from(dead).unwrap_or(i64::MAX);
    Ok(())
}

/// Notes that somebody looked how a ticket stands at the partner desk whose unit has it;
/// `false`: it is at none.
pub(super) fn looked(
    c: &mut Conn<'_>,
    ticket: TicketNumber,
    actor: &Actor,
    now: Millis,
) -> Result<bool, Error> {
    let Some(mut joint) = store::shared::of_ticket(c, ticket)? else {
        return Ok(false);
    };
    match store::ticket::load(c, ticket)? {
        Some(ticket) if joint::place(c, &ticket, Some(&joint))?.is_some() => {}
        _ => return Ok(false),
    }
    (joint.looked_at, joint.looked_by) = (now, actor.person);
    store::shared::save(c, &joint)?;
    Ok(true)
}
