//! What time does to a rota by itself: asks for a note, hands over, and tells that nobody
//! confirmed.
//!
//! What was done is stored in the transaction that queues the mails, and who is on duty is
//! worked out anew each time: nothing is done twice, whatever breaks, however many nodes
//! run it, and whatever their clocks do.

use std::collections::BTreeMap;

use store::Conn;
use store::list::{Condition, Filter, Item, OwnerIs, Scope, Sort};
use store::rota::{HandOver, Open, OpenTicket};
use store::unit::Unit;
use switchboard_core::rota::{HOUR_MS, Step, look_at, steps};
use switchboard_core::{Millis, PersonId, TicketNumber, Visibility};

use super::{Known, known, letters};
use crate::jobs::Outcome;
use crate::{Desk, Error};

/// So often it is looked at whatever happens: somebody may have left the unit, or the unit
/// be in another zone.
const AT_LATEST: Millis = HOUR_MS;
/// Tickets of each kind that a hand-over names.
const MOST: i64 = 50;

/// One run of the job.
pub(crate) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    let now = desk.now();
    let (due, unconfirmed) = desk
        .0
        .db
        .read(move |c| {
            let due = store::rota::due(c, now, now + 2 * AT_LATEST)?;
            let unconfirmed = store::rota::unconfirmed(c, now)?;
            Ok::<_, Error>((due, unconfirmed))
        })
        .await?;
    if due.is_empty() && unconfirmed.is_empty() {
        return Ok(Outcome::Done);
    }
    let catalogue = desk.catalogue().await?;
    for unit in due.into_iter().filter_map(|id| catalogue.unit(id)) {
        let (same, unit) = (desk.clone(), unit.clone());
        desk.0.db.write(move |c| look(c, &same, &unit, now)).await?;
    }
    for id in unconfirmed.into_iter().map(|h| h.id) {
        let (same, catalogue) = (desk.clone(), catalogue.clone());
        desk.0
            .db
            .write(move |c| {
                let kept = store::rota::hand_over(c, id)?;
                let late = |h: &HandOver| h.confirm_by.is_some_and(|by| by <= now);
                let Some(kept) = kept.filter(late) else {
                    return Ok(());
                };
                let kept = HandOver {
                    confirm_by: None,
                    missed_at: Some(now),
                    ..kept
                };
                store::rota::save_hand_over(c, &kept)?;
                match catalogue.unit(kept.unit) {
                    Some(unit) => letters::unconfirmed(&same, c, unit, &kept),
                    None => Ok(()),
                }
            })
            .await?;
    }
    desk.wake();
    Ok(Outcome::Done)
}

/// Does what is due in a unit by now.
pub(crate) fn look(c: &mut Conn<'_>, desk: &Desk, unit: &Unit, now: Millis) -> Result<(), Error> {
    let Some(known) = known(c, unit, now)? else {
        return Ok(());
    };
    let Known { mut kept, rota, .. } = known;
    let ask = kept.ask_hours * HOUR_MS;
    let before = kept.watch;
    for step in steps(&rota, &mut kept.watch, ask, now) {
        match step {
            Step::Ask { person, next, at } => {
                if kept.note.is_empty() {
                    letters::ask(desk, c, unit, person, next, at)?;
                }
            }
            Step::Change {
                from: Some(outgoing),
                begun,
                to: Some(incoming),
                at,
                // Of a shift that nobody lived through there is nothing to hand over: the
                // plan was changed twice in a moment.
            } if begun < at => {
                let open = open_tickets(c, unit, outgoing, now)?;
                let hand_over = HandOver {
                    id: desk.uuid(),
                    unit: unit.id,
                    outgoing,
                    incoming,
                    begun_at: begun,
                    at,
                    note: std::mem::take(&mut kept.note),
                    tickets: open.iter().map(|o| o.ticket.clone()).collect(),
                    confirm_by: Some(now + kept.confirm_hours * HOUR_MS),
                    missed_at: None,
                    confirmed_at: None,
                };
                store::rota::save_hand_over(c, &hand_over)?;
                let until = rota.next_change(now).map(|(at, _)| at);
                letters::handed_over(desk, c, unit, &hand_over, &open, until)?;
                // Nobody knew before that it would end now.
                if hand_over.note.is_empty() && before.asked_for < at {
                    letters::ask_after(desk, c, unit, &hand_over)?;
                }
            }
            Step::Change {
                to: Some(person), ..
            } => {
                let until = rota.next_change(now).map(|(at, _)| at);
                let note = std::mem::take(&mut kept.note);
                letters::begins(desk, c, unit, person, until, &note)?;
            }
            // What was written waits for who comes.
            Step::Change { to: None, .. } => {}
        }
    }
    let latest = now + AT_LATEST;
    kept.look_at = look_at(&rota, &kept.watch, ask, now).map_or(latest, |at| at.min(latest));
    store::rota::save(c, &kept)?;
    Ok(())
}

/// A ticket that is handed over, and its subject; empty where it may not be mailed.
pub(super) struct OpenOne {
    pub ticket: OpenTicket,
    pub subject: String,
}

/// What is open in a unit when a shift ends: what nobody owns, what is overdue, what the
/// outgoing person owns, and of first level what is at partners and nobody looked at.
fn open_tickets(
    c: &mut Conn<'_>,
    unit: &Unit,
    outgoing: PersonId,
    now: Millis,
) -> Result<Vec<OpenOne>, Error> {
    let of_unit = || {
        Filter::default()
            .and(Condition::Unit(vec![unit.id]))
            .and(Condition::Open(true))
    };
    let mut page =
        |filter: Filter, sort| store::list::page(c, &Scope::Everything, &filter, sort, None, MOST);
    let owner = |who| of_unit().and(Condition::Owner(who));
    let nobodys = page(owner(OwnerIs::Nobody), Sort::Urgent)?;
    let overdue = page(of_unit(), Sort::Due)?
        .into_iter()
        .filter(|item| item.due.is_some_and(|due| due.at <= now));
    let overdue: Vec<Item> = overdue.collect();
    let owned = page(owner(OwnerIs::Person(outgoing)), Sort::Urgent)?;
    let mut all: BTreeMap<TicketNumber, (Vec<Open>, String)> = BTreeMap::new();
    let mut order = Vec::new();
    let mut add = |number: TicketNumber, why, restricted: bool, subject: String| {
        let one = all.entry(number).or_insert_with(|| {
            order.push(number);
            (Vec::new(), if restricted { String::new() } else { subject })
        });
        one.0.push(why);
    };
    for (why, items) in [
        (Open::Nobodys, nobodys),
        (Open::Overdue, overdue),
        (Open::Outgoing, owned),
    ] {
        for item in items {
            add(item.number, why, item.restricted, item.subject);
        }
    }
    if unit.first_level {
        let away = crate::exchange::review::unlooked_of(c, unit, now)?;
        for ticket in away.into_iter().take(MOST as usize) {
            let restricted = ticket.visibility == Visibility::Restricted;
            add(ticket.number, Open::AtPartner, restricted, ticket.subject);
        }
    }
    let ones = order.into_iter().filter_map(|number| {
        let (why, subject) = all.remove(&number)?;
        Some(OpenOne {
            ticket: OpenTicket { number, why },
            subject,
        })
    });
    Ok(ones.collect())
}
