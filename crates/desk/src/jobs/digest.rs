//! Mails to people what was gathered for them.
//!
//! What is told and what is let go commit together: whatever breaks, and however many
//! nodes run it, nothing is lost and nothing told twice. Whether somebody may still see
//! a ticket is looked at when it is told.

use store::Conn;
use switchboard_core::notify::Told;
use switchboard_core::{Access, Channel, Millis, PersonId, TicketNumber};
use uuid::Uuid;

use super::Outcome;
use crate::account::actor_of;
use crate::choice::{language_of, wish_of};
use crate::follow::notices::text::{gathered_line, told_words};
use crate::letter::{Letter, queue_with};
use crate::mail_stop::MailStop;
use crate::mail_text::{self, Kind, Values};
use crate::{Desk, Error};

/// Tickets in one mail; of the rest it is said how many there are.
const MOST: usize = 200;

pub(super) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    let now = desk.now();
    let mut after = PersonId(Uuid::nil());
    loop {
        let next = desk
            .0
            .db
            .read(move |c| store::choice::next_due(c, now, after).map_err(Error::from))
            .await?;
        let Some(person) = next else { break };
        let same = desk.clone();
        let told = desk.0.db.write(move |c| tell(&same, c, person, now)).await;
        if let Err(error) = told {
            // One whose mail can not be written keeps nobody else from theirs; it stays
            // gathered until the next run.
            tracing::warn!(%person, %error, "what was gathered can not be told");
        }
        after = person;
    }
    desk.wake();
    Ok(Outcome::Done)
}

/// What happened at one ticket.
struct Gathered {
    number: TicketNumber,
    /// What, and how often, in the order in which it happened first.
    what: Vec<(Told, usize)>,
}

fn tell(desk: &Desk, c: &mut Conn<'_>, person: PersonId, now: Millis) -> Result<(), Error> {
    // Another node may have told it already, or they put it off.
    if !store::choice::is_due(c, person, now)? {
        return Ok(());
    }
    let items = store::choice::take(c, person)?;
    let Some(human) = store::person::load(c, person)?.filter(|p| p.active) else {
        return Ok(());
    };
    let wish = wish_of(c, person)?;
    let language = language_of(desk, Some(&wish));
    let actor = actor_of(c, &human, Channel::Job)?;
    let mut tickets: Vec<Gathered> = Vec::new();
    for item in &items {
        let at = match tickets.iter().position(|t| t.number == item.ticket) {
            Some(at) => at,
            None => {
                tickets.push(Gathered {
                    number: item.ticket,
                    what: Vec::new(),
                });
                tickets.len() - 1
            }
        };
        let Some(ticket) = tickets.get_mut(at) else {
            continue;
        };
        for told in item.what.split(',').filter_map(Told::parse) {
            match ticket.what.iter_mut().find(|(known, _)| *known == told) {
                Some((_, times)) => *times += 1,
                None => ticket.what.push((told, 1)),
            }
        }
    }
    let url = &desk.config().public_url;
    let (mut lines, mut more) = (Vec::new(), 0);
    for Gathered { number, what } in tickets {
        let Some(ticket) = store::ticket::load(c, number)? else {
            continue;
        };
        let access = Access::of(&actor, &ticket);
        if !access.may_see() {
            continue;
        }
        let what: Vec<String> = what
            .into_iter()
            // What was for the support side is told nobody who left it meanwhile.
            .filter(|(told, _)| *told != Told::Note || access.may_see_internal())
            .map(|(told, times)| {
                let words = told_words(told, &language);
                match times {
                    1 => words.to_owned(),
                    _ => format!("{words} ({times}×)"),
                }
            })
            .collect();
        if what.is_empty() {
            continue;
        }
        if lines.len() == MOST {
            more += 1;
            continue;
        }
        let side = if access.staff_side() {
            "work"
        } else {
            "tickets"
        };
        let link = format!("{url}/{side}/{number}");
        lines.push(gathered_line(&ticket, &what.join("; "), &link));
    }
    if lines.is_empty() {
        return Ok(());
    }
    if more > 0 {
        lines.push(if language == "de" {
            format!("Und {more} Tickets mehr.")
        } else {
            format!("And {more} tickets more.")
        });
    }
    let values: Values = [
        ("name", human.name.clone()),
        ("text", lines.join("\n\n")),
        ("link", format!("{url}/account/mail")),
        ("desk", desk.config().name.clone()),
    ]
    .into();
    let (subject, text) = mail_text::current(c, Kind::Digest, &language)?.written(&values)?;
    match Letter::to(&human, desk.uuid(), &subject, text) {
        Some(letter) => {
            let fields = desk.stop_fields(person, MailStop::Digest);
            queue_with(desk, c, letter, &fields)
        }
        None => Ok(()),
    }
}
