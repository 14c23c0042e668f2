//! First level's regular look at tickets that partners work on: who looked when,
//! and the reminder of those at which nobody looked.
//!
//! When a unit was reminded is noted in the transaction that queues the mails, so
//! a restart repeats nothing and leaves nothing out.

use store::Conn;
use store::exchange::{Link, Went};
use store::unit::Unit;
use switchboard_core::exchange::{REVIEW_MS, Stage, review_due};
use switchboard_core::{Actor, Millis, PersonId, Ticket, TicketNumber, Visibility};

use super::view::{counterpart, looks};
use super::{keep, note};
use crate::jobs::Outcome;
use crate::letter::{self, About};
use crate::letter_text;
use crate::mail_text::{Kind, Values};
use crate::{Desk, Error};

/// Tickets that are named in one reminder.
const MOST: usize = 50;
/// Links that are looked through for one; what is beyond comes when others have
/// been looked at.
const AT_ONCE: i64 = 2_000;

impl Desk {
    /// Somebody of first level looked how a ticket stands at partners; it is the
    /// last in the list then.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but first level and administrators;
    /// [`Error::NotFound`] for those who may not see the ticket;
    /// [`Error::Conflict`] when it is with no partner.
    pub async fn looked_at_partner(
        &self,
        actor: &Actor,
        number: TicketNumber,
    ) -> Result<(), Error> {
        looks(actor)?;
        let (desk, actor, now) = (self.clone(), actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                crate::view::load_visible(c, &actor, number)?;
                let mut any = false;
                for mut link in store::exchange::of_ticket(c, number)? {
                    if link.stage != Stage::Active {
                        continue;
                    }
                    (link.looked_at, link.looked_by) = (now, actor.person);
                    let what = format!("{} looked at how it stands", actor.name);
                    note(c, &desk, link.id, Went::Here, what, None)?;
                    keep(c, &mut link, now)?;
                    any = true;
                }
                any |= super::partner_view::looked(c, number, &actor, now)?;
                if any {
                    return Ok(());
                }
                Err(Error::Conflict(format!(
                    "ticket {number} is with no partner now"
                )))
            })
            .await
    }
}

/// One run of the job: each first level unit, of the tickets at which nobody
/// looked for a week, by one mail a week.
pub(crate) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    let (catalogue, now) = (desk.catalogue().await?, desk.now());
    let any = desk
        .0
        .db
        .read(move |c| Ok::<_, Error>(!unlooked(c, now, 1)?.is_empty()))
        .await?;
    if !any {
        return Ok(Outcome::Done);
    }
    for unit in catalogue.units.iter().filter(|u| u.first_level && u.active) {
        let (same, unit) = (desk.clone(), unit.clone());
        desk.0.db.write(move |c| tell(&same, c, &unit, now)).await?;
    }
    Ok(Outcome::Done)
}

/// A ticket at a partner at which nobody looked for a week.
struct Away {
    ticket: TicketNumber,
    looked_at: Millis,
    looked_by: Option<PersonId>,
    at: Place,
}

/// Where it is.
enum Place {
    /// In a coupled system.
    Coupled(Box<Link>),
    /// At a partner desk.
    Desk,
}

/// Tickets at partners at which nobody looked for a week, the oldest look first.
fn unlooked(c: &mut Conn<'_>, now: Millis, limit: i64) -> Result<Vec<Away>, Error> {
    let until = Some(now - REVIEW_MS);
    let coupled = store::exchange::with_partners(c, None, until, limit)?;
    let shared = store::shared::with_partners(c, until, limit)?;
    let coupled = coupled.into_iter().map(|link| Away {
        ticket: link.ticket,
        looked_at: link.looked_at,
        looked_by: link.looked_by,
        at: Place::Coupled(Box::new(link)),
    });
    let shared = shared.into_iter().filter_map(|joint| {
        Some(Away {
            ticket: joint.ticket?,
            looked_at: joint.looked_at,
            looked_by: joint.looked_by,
            at: Place::Desk,
        })
    });
    let mut all: Vec<Away> = coupled.chain(shared).collect();
    all.sort_by_key(|one| (one.looked_at, one.ticket));
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(all)
}

/// Those of them that a unit may know.
fn due_in(c: &mut Conn<'_>, unit: &Unit, now: Millis) -> Result<Vec<(Ticket, Away)>, Error> {
    let mut due = Vec::new();
    for away in unlooked(c, now, AT_ONCE)? {
        // Of a restricted ticket those who only look after all units know nothing.
        if let Some(ticket) = store::ticket::load(c, away.ticket)?
            && (ticket.visibility != Visibility::Restricted || ticket.unit == unit.id)
        {
            due.push((ticket, away));
        }
    }
    Ok(due)
}

/// Tickets at partners at which nobody looked for a week, of which a unit may know.
///
/// # Errors
/// When the database can not be read.
pub(crate) fn unlooked_of(
    c: &mut Conn<'_>,
    unit: &Unit,
    now: Millis,
) -> Result<Vec<Ticket>, Error> {
    let due = due_in(c, unit, now)?;
    Ok(due.into_iter().map(|(ticket, _)| ticket).collect())
}

fn tell(desk: &Desk, c: &mut Conn<'_>, unit: &Unit, now: Millis) -> Result<(), Error> {
    let due = due_in(c, unit, now)?;
    let Some((_, oldest)) = due.first() else {
        return Ok(());
    };
    let reminded = store::exchange::reminded(c, unit.id)?;
    if !review_due(&unit.doc.calendar(), oldest.looked_at, reminded, now) {
        return Ok(());
    }
    store::exchange::note_reminder(c, unit.id, now)?;
    let said = [
        words(desk, c, &due, now, false)?,
        words(desk, c, &due, now, true)?,
    ];
    let say = |german: bool| said.get(usize::from(german)).cloned().unwrap_or_default();
    let about = About::nothing_else(Kind::Partners, desk.uuid());
    if let Some(person) = crate::rota::alone(c, unit, now)? {
        if let Some(person) = store::person::load(c, person)? {
            letter::to_person(desk, c, &person, about, say)?;
        }
        return Ok(());
    }
    if let Some(list) = &unit.email {
        return letter::to_address(desk, c, (list, None), about, say);
    }
    for member in store::unit::members(c, unit.id)? {
        if let Some(person) = store::person::load(c, member.person)? {
            letter::to_person(desk, c, &person, about, say)?;
        }
    }
    Ok(())
}

fn words(
    desk: &Desk,
    c: &mut Conn<'_>,
    due: &[(Ticket, Away)],
    now: Millis,
    german: bool,
) -> Result<Values, Error> {
    let url = &desk.config().public_url;
    let all = due.len();
    let say = |english: String, deutsch: String| if german { deutsch } else { english };
    let mut lines = Vec::new();
    for (ticket, away) in due.iter().take(MOST) {
        let there = match &away.at {
            Place::Coupled(link) => Some(counterpart(c, (**link).clone(), 0)?),
            Place::Desk => super::partner_view::at_desk(c, ticket)?,
        };
        let Some(there) = there else { continue };
        let days = (now - away.looked_at) / DAY_MS;
        let looked = match away.looked_by {
            Some(_) => say(
                format!("last look {days} days ago"),
                format!("zuletzt angesehen vor {days} Tagen"),
            ),
            None => say(
                format!("given to them {days} days ago, no look yet"),
                format!("vor {days} Tagen übergeben, noch nicht angesehen"),
            ),
        };
        let came = match there.came_at {
            Some(at) => say(
                format!("last from there {}", ago(at, now, false)),
                format!("von dort zuletzt {}", ago(at, now, true)),
            ),
            None => say(
                "nothing came from there yet".to_owned(),
                "von dort kam noch nichts".to_owned(),
            ),
        };
        let number = there
            .there
            .unwrap_or_else(|| say("not made yet".to_owned(), "noch nicht angelegt".to_owned()));
        lines.push(format!(
            "{} {}\n  {} {number}; {looked}; {came}\n  {url}/work/{}",
            ticket.number, ticket.subject, there.system, ticket.number
        ));
    }
    if all > MOST {
        let more = all - MOST;
        lines.push(say(
            format!("And {more} more."),
            format!("Und {more} weitere."),
        ));
    }
    Ok([
        ("headline", letter_text::unlooked(all, german)),
        ("text", lines.join("\n\n")),
        ("link", format!("{url}/exchange#at-partners")),
    ]
    .into())
}

const DAY_MS: Millis = 86_400_000;

fn ago(at: Millis, now: Millis, german: bool) -> String {
    match ((now - at) / DAY_MS, german) {
        (days, false) if days <= 0 => "today".to_owned(),
        (days, true) if days <= 0 => "heute".to_owned(),
        (1, false) => "yesterday".to_owned(),
        (1, true) => "gestern".to_owned(),
        (days, false) => format!("{days} days ago"),
        (days, true) => format!("vor {days} Tagen"),
    }
}
