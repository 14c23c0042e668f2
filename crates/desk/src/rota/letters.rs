//! What people are mailed about being on duty.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use store::Conn;
use store::rota::{HandOver, Open};
use store::unit::Unit;
use switchboard_core::rota::Swap;
use switchboard_core::{Actor, Millis, PersonId};

use super::round::OpenOne;
use crate::letter::{self, About};
use crate::mail_text::Kind;
use crate::{Desk, Error};

/// Tickets that are named in one mail; the page has all.
const MOST: usize = 60;

const DAYS: [[&str; 7]; 2] = [
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"],
];

/// A moment on the unit's wall: `Mon 2026-03-30 09:00 (Europe/Berlin)`.
pub(super) fn when(unit: &Unit, at: Millis, german: bool) -> String {
    let name = unit.doc.time_zone.trim();
    let (zone, name) = match TimeZone::get(name) {
        Ok(zone) => (zone, name),
        Err(_) => (TimeZone::UTC, "UTC"),
    };
    let Ok(stamp) = Timestamp::from_millisecond(at) else {
        return String::new();
    };
    let wall = zone.to_datetime(stamp);
    let day = usize::try_from(wall.weekday().to_monday_zero_offset()).unwrap_or(0);
    let day = DAYS[usize::from(german)][day];
    format!("{day} {} ({name})", wall.strftime("%Y-%m-%d %H:%M"))
}

/// One mail to one person: what it is about in a line, what there is to know, and where.
fn send(
    desk: &Desk,
    c: &mut Conn<'_>,
    to: PersonId,
    link: String,
    say: impl Fn(bool) -> (String, String),
) -> Result<(), Error> {
    if let Some(person) = store::person::load(c, to)? {
        let about = About::nothing_else(Kind::Duty, desk.uuid());
        letter::to_person(desk, c, &person, about, |german| {
            let (headline, text) = say(german);
            [("headline", headline), ("text", text), ("link", link)].into()
        })?;
    }
    Ok(())
}

fn rota_link(desk: &Desk, unit: &Unit) -> String {
    format!("{}/units/{}/rota", desk.config().public_url, unit.key)
}

fn hand_over_link(desk: &Desk, kept: &HandOver) -> String {
    format!("{}/hand-overs/{}", desk.config().public_url, kept.id)
}

fn name(c: &mut Conn<'_>, id: PersonId) -> Result<String, Error> {
    Ok(store::person::load(c, id)?.map_or_else(String::new, |p| p.name))
}

fn pick(german: bool, english: String, deutsch: String) -> String {
    if german { deutsch } else { english }
}

/// Until when somebody is on duty, as a sentence; nothing where there is no end.
fn until_words(unit: &Unit, until: Option<Millis>, german: bool) -> String {
    until.map_or_else(String::new, |at| {
        let at = when(unit, at, german);
        pick(
            german,
            format!("You are on duty until {at}.\n"),
            format!("Sie haben Dienst bis {at}.\n"),
        )
    })
}

/// What somebody wrote, set off from what the desk says.
fn quoted(note: &str) -> String {
    let lines: Vec<String> = note
        .lines()
        .map(|line| format!("> {line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Asks who is on duty for a note, before their shift ends.
pub(super) fn ask(
    desk: &Desk,
    c: &mut Conn<'_>,
    unit: &Unit,
    person: PersonId,
    next: PersonId,
    at: Millis,
) -> Result<(), Error> {
    let next = name(c, next)?;
    send(desk, c, person, rota_link(desk, unit), |german| {
        let end = when(unit, at, german);
        (
            pick(
                german,
                format!(
                    "Your shift in {} ends soon: what does {next} have to know?",
                    unit.name
                ),
                format!(
                    "Ihr Dienst in {} endet bald: Was muss {next} wissen?",
                    unit.name
                ),
            ),
            pick(
                german,
                format!(
                    "{next} is on duty from {end}. Please write a few lines about what is going \
                     on. The list of open tickets is put beside them."
                ),
                format!(
                    "{next} hat ab {end} Dienst. Bitte schreiben Sie ein paar Zeilen dazu, was \
                     gerade läuft. Die Liste der offenen Tickets kommt von selbst dazu."
                ),
            ),
        )
    })
}

/// Asks who was on duty for a note, when nobody knew before that their shift would end.
pub(super) fn ask_after(
    desk: &Desk,
    c: &mut Conn<'_>,
    unit: &Unit,
    kept: &HandOver,
) -> Result<(), Error> {
    let next = name(c, kept.incoming)?;
    send(
        desk,
        c,
        kept.outgoing,
        hand_over_link(desk, kept),
        |german| {
            let at = when(unit, kept.at, german);
            (
                pick(
                    german,
                    format!("{next} is on duty in {} in your place", unit.name),
                    format!("{next} hat an Ihrer Stelle Dienst in {}", unit.name),
                ),
                pick(
                    german,
                    format!(
                        "Since {at} it is {next}. Please write a few lines about what is going on; \
                     {next} gets them by mail."
                    ),
                    format!(
                        "Seit {at} ist es {next}. Bitte schreiben Sie ein paar Zeilen dazu, was \
                     gerade läuft; {next} bekommt sie als Mail."
                    ),
                ),
            )
        },
    )
}

/// Tells somebody that they are on duty, where nobody was before.
pub(super) fn begins(
    desk: &Desk,
    c: &mut Conn<'_>,
    unit: &Unit,
    person: PersonId,
    until: Option<Millis>,
    note: &str,
) -> Result<(), Error> {
    send(desk, c, person, rota_link(desk, unit), |german| {
        let mut text = until_words(unit, until, german);
        if !note.is_empty() {
            text += &format!("\n{}\n", quoted(note));
        }
        (
            pick(
                german,
                format!("You are on duty in {}", unit.name),
                format!("Sie haben Dienst in {}", unit.name),
            ),
            text.trim().to_owned(),
        )
    })
}

fn why_words(why: &[Open], german: bool) -> String {
    let words: Vec<&str> = why
        .iter()
        .map(|why| match (why, german) {
            (Open::Nobodys, false) => "nobody owns it",
            (Open::Nobodys, true) => "gehört niemandem",
            (Open::Overdue, false) => "overdue",
            (Open::Overdue, true) => "überfällig",
            (Open::Outgoing, false) => "was theirs",
            (Open::Outgoing, true) => "war in Arbeit",
            (Open::AtPartner, false) => "at a partner, no look for a week",
            (Open::AtPartner, true) => "bei einem Partner, seit einer Woche nicht angesehen",
        })
        .collect();
    words.join("; ")
}

/// Hands over to who comes.
pub(super) fn handed_over(
    desk: &Desk,
    c: &mut Conn<'_>,
    unit: &Unit,
    kept: &HandOver,
    open: &[OpenOne],
    until: Option<Millis>,
) -> Result<(), Error> {
    let from = name(c, kept.outgoing)?;
    let url = &desk.config().public_url;
    send(
        desk,
        c,
        kept.incoming,
        hand_over_link(desk, kept),
        |german| {
            let mut text = until_words(unit, until, german);
            text += &pick(
                german,
                "Please read what is handed over to you and confirm it.\n".into(),
                "Bitte lesen Sie, was Ihnen übergeben wird, und bestätigen Sie es.\n".into(),
            );
            text += &match kept.note.is_empty() {
                true => pick(
                    german,
                    format!("\n{from} has written nothing yet.\n"),
                    format!("\n{from} hat noch nichts geschrieben.\n"),
                ),
                false => pick(
                    german,
                    format!("\n{from} writes:\n\n{}\n", quoted(&kept.note)),
                    format!("\n{from} schreibt:\n\n{}\n", quoted(&kept.note)),
                ),
            };
            let heading = match open.len() {
                0 => pick(
                    german,
                    "Nothing is open.".into(),
                    "Nichts ist offen.".into(),
                ),
                1 => pick(german, "One ticket to see to:".into(), "Ein Ticket:".into()),
                n => pick(
                    german,
                    format!("{n} tickets to see to:"),
                    format!("{n} Tickets:"),
                ),
            };
            text += &format!("\n{heading}\n");
            for one in open.iter().take(MOST) {
                let (number, why) = (one.ticket.number, why_words(&one.ticket.why, german));
                let first = format!("{number} {}", one.subject);
                text += &format!("\n{}\n  {why}\n  {url}/work/{number}\n", first.trim_end());
            }
            if let Some(more) = open.len().checked_sub(MOST).filter(|n| *n > 0) {
                text += &pick(
                    german,
                    format!("\nAnd {more} more on the page.\n"),
                    format!("\nUnd {more} weitere auf der Seite.\n"),
                );
            }
            (
                pick(
                    german,
                    format!("You are on duty in {}: {from} hands over to you", unit.name),
                    format!("Sie haben Dienst in {}: {from} übergibt an Sie", unit.name),
                ),
                text.trim().to_owned(),
            )
        },
    )
}

/// What was written after the end of a shift.
pub(super) fn written(
    desk: &Desk,
    c: &mut Conn<'_>,
    unit: &Unit,
    kept: &HandOver,
) -> Result<(), Error> {
    let from = name(c, kept.outgoing)?;
    send(
        desk,
        c,
        kept.incoming,
        hand_over_link(desk, kept),
        |german| {
            (
                pick(
                    german,
                    format!("{from} has written what to know about {}", unit.name),
                    format!("{from} hat geschrieben, was zu {} zu wissen ist", unit.name),
                ),
                quoted(&kept.note),
            )
        },
    )
}

/// Tells the responsibles that nobody confirmed, of those beside who should have; where
/// that is the only one, them.
pub(super) fn unconfirmed(
    desk: &Desk,
    c: &mut Conn<'_>,
    unit: &Unit,
    kept: &HandOver,
) -> Result<(), Error> {
    let (from, to) = (name(c, kept.outgoing)?, name(c, kept.incoming)?);
    let all = store::staff::responsibles(c, unit.id)?;
    let mut told: Vec<PersonId> = all.iter().map(|m| m.person).collect();
    if told.len() > 1 {
        told.retain(|id| *id != kept.incoming);
    }
    for id in told {
        send(desk, c, id, hand_over_link(desk, kept), |german| {
            let at = when(unit, kept.at, german);
            (
                pick(
                    german,
                    format!("{to} has not confirmed the hand-over in {}", unit.name),
                    format!("{to} hat die Übergabe in {} nicht bestätigt", unit.name),
                ),
                pick(
                    german,
                    format!(
                        "{from} handed over to {to}, {at}. Please see whether {to} is there, or \
                         have somebody else stand in."
                    ),
                    format!(
                        "{from} hat an {to} übergeben, {at}. Bitte sehen Sie nach, ob {to} da ist, \
                         oder lassen Sie jemanden einspringen."
                    ),
                ),
            )
        })?;
    }
    Ok(())
}

/// Tells who stands in, and whose shift it was, unless they said so themselves.
pub(super) fn stands_in(
    desk: &Desk,
    c: &mut Conn<'_>,
    actor: &Actor,
    unit: &Unit,
    swap: &Swap,
    planned: Option<PersonId>,
) -> Result<(), Error> {
    let who = name(c, swap.person)?;
    for to in [Some(swap.person), planned.filter(|p| *p != swap.person)] {
        let Some(to) = to.filter(|to| Some(*to) != actor.person) else {
            continue;
        };
        send(desk, c, to, rota_link(desk, unit), |german| {
            let from = when(unit, swap.from, german);
            let until = when(unit, swap.until, german);
            let headline = match to == swap.person {
                true => pick(
                    german,
                    format!("You stand in, in {}", unit.name),
                    format!("Sie springen ein, in {}", unit.name),
                ),
                false => pick(
                    german,
                    format!("{who} stands in for you, in {}", unit.name),
                    format!("{who} springt für Sie ein, in {}", unit.name),
                ),
            };
            let text = pick(
                german,
                format!(
                    "{who} is on duty from {from} to {until}. So says {}.",
                    actor.name
                ),
                format!(
                    "{who} hat Dienst von {from} bis {until}. Das sagt {}.",
                    actor.name
                ),
            );
            (headline, text)
        })?;
    }
    Ok(())
}

/// Tells who stood in that they need not, unless they said so themselves.
pub(super) fn taken_back(
    desk: &Desk,
    c: &mut Conn<'_>,
    actor: &Actor,
    unit: &Unit,
    swap: &Swap,
) -> Result<(), Error> {
    if Some(swap.person) == actor.person {
        return Ok(());
    }
    send(desk, c, swap.person, rota_link(desk, unit), |german| {
        let from = when(unit, swap.from, german);
        let until = when(unit, swap.until, german);
        (
            pick(
                german,
                format!("You need not stand in, in {}", unit.name),
                format!("Sie müssen nicht einspringen, in {}", unit.name),
            ),
            pick(
                german,
                format!("It was from {from} to {until}. So says {}.", actor.name),
                format!("Es war von {from} bis {until}. Das sagt {}.", actor.name),
            ),
        )
    })
}
