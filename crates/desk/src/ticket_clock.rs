//! The clocks of tickets: kept with each change, read for people, and worked out
//! anew where calendars or targets changed.

use std::collections::{BTreeMap, BTreeSet};

use store::Conn;
use store::job::NewJob;
use store::ticket_clock::{Kept, Stored};
use switchboard_core::clock::{Clocks, Due, Figure, Happened, Leg, Terms, UnitTerms};
use switchboard_core::onboarding::Way;
use switchboard_core::report::Past;
use switchboard_core::{
    Actor, Caused, Change, Millis, TargetKind, TargetSet, Ticket, TicketNumber, Turn, UnitId,
};

use crate::audit::{self, Subject};
use crate::report::replayed;
use crate::view::{UnitRef, load_visible, unit_ref};
use crate::{Catalogue, Desk, Error};

/// The setting that holds the targets.
const SETTING: &str = "targets";
/// Other nodes may work by the old terms for two seconds more, so what follows from
/// new ones is worked out later than that; and changes within this time together.
const SETTLED_MS: Millis = 10_000;

/// A clock that runs, as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockView {
    /// Which.
    pub kind: TargetKind,
    /// Since when.
    pub since: Millis,
    /// Within which working time it is promised, as `1 wd`; `None`: not promised.
    pub within: Option<String>,
    /// When its colours change; `None`: not promised, or it stands still before
    /// that.
    pub due: Option<Due>,
    /// It stands still: it is the turn of somebody whose time is left out.
    pub still: bool,
}

/// How the clocks of a ticket stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClocksView {
    /// Whose turn it is.
    pub turn: Turn,
    /// Since when.
    pub turn_since: Millis,
    /// What is due first.
    pub due: Option<Due>,
    /// The clocks that run and are promised, what is due first first.
    pub running: Vec<ClockView>,
}

/// A run of a clock with what it shows, for who checks it.
#[derive(Debug, Clone, PartialEq)]
pub struct LegView {
    /// From when to when, against which priority.
    pub leg: Leg,
    /// The unit that owes it.
    pub unit: UnitRef,
    /// What it shows.
    pub figure: Figure,
}

/// How long it was somebody's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldView {
    /// Whose.
    pub turn: Turn,
    /// In calendar time.
    pub calendar: Millis,
    /// In the working time of the units that held the ticket meanwhile.
    pub working: Millis,
}

/// All that the clocks of a ticket ever measured, worked out from its history.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The runs, in the order in which they began.
    pub legs: Vec<LegView>,
    /// Whose turn it was how long.
    pub held: Vec<HeldView>,
    /// The history gives what is stored.
    pub as_stored: bool,
}

/// What units promise and when they work; `partners` are those that stand for partners.
pub(crate) fn terms(
    units: &[store::unit::Unit],
    partners: &BTreeSet<UnitId>,
    targets: &TargetSet,
) -> Terms {
    let units: BTreeMap<_, _> = units
        .iter()
        .map(|unit| {
            let terms = UnitTerms {
                calendar: unit.doc.calendar(),
                quality: unit.doc.qos.clone(),
                partner: partners.contains(&unit.id),
            };
            (unit.id, terms)
        })
        .collect();
    Terms::new(units, targets.clone())
}

/// The units that stand for partners, who work elsewhere: those that were agreed with
/// another desk for whatever is given to them, and those all of whose services are among
/// the ones that were agreed with it, are coupled with a system or go to a mailing list (domain section 4, full integration and ticket redirection). What first
/// level has is never a partner's.
///
/// # Errors
/// When the database can not be read.
pub(crate) fn partners(
    c: &mut Conn<'_>,
    units: &[store::unit::Unit],
    services: &[store::unit::Service],
) -> Result<BTreeSet<UnitId>, Error> {
    let mut elsewhere: BTreeSet<_> = store::coupling::services(c)?.into_iter().collect();
    let listed = services
        .iter()
        .filter(|s| s.option == Way::Redirection.key());
    elsewhere.extend(listed.map(|s| s.id));
    let mut partners = BTreeSet::new();
    let mut agreed = BTreeMap::new();
    for (unit, partner) in store::partner::all_units(c)? {
        let named = store::partner::services(c, partner)?;
        match named.is_empty() {
            true => partners.insert(unit),
            false => agreed.insert(unit, named).is_none(),
        };
    }
    if !elsewhere.is_empty() || !agreed.is_empty() {
        let mut all = BTreeMap::new();
        for service in services.iter().filter(|s| s.active) {
            let there = agreed.get(&service.unit);
            let there = there.is_some_and(|named| named.contains(&service.id));
            *all.entry(service.unit).or_insert(true) &= there || elsewhere.contains(&service.id);
        }
        partners.extend(
            all.into_iter()
                .filter(|(_, all)| *all)
                .map(|(unit, _)| unit),
        );
    }
    for unit in units.iter().filter(|u| u.first_level) {
        partners.remove(&unit.id);
    }
    Ok(partners)
}

/// Does something that may change which units stand for partners. Where it does, what is
/// due is worked out anew.
///
/// # Errors
/// Those of the deed, and when the database can not be read or written.
pub(crate) fn with_partners<T>(
    c: &mut Conn<'_>,
    now: Millis,
    deed: impl FnOnce(&mut Conn<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let present = |c: &mut Conn<'_>| {
        let (units, services) = (store::unit::all(c)?, store::unit::services(c)?);
        partners(c, &units, &services)
    };
    let before = present(c)?;
    let done = deed(c)?;
    if present(c)? != before {
        work_out_later(c, now)?;
    }
    Ok(done)
}

/// Targets as they are stored; where none are, the shipped ones.
pub(crate) fn stored_targets(c: &mut Conn<'_>) -> Result<TargetSet, Error> {
    match store::setting::get(c, SETTING)? {
        Some(text) => {
            serde_json::from_str(&text).map_err(|e| Error::Internal(format!("stored targets: {e}")))
        }
        None => Ok(TargetSet::shipped()),
    }
}

/// The clocks of a ticket that is new: its changes begin with its opening.
pub(crate) fn begun(
    ticket: &Ticket,
    all: &[Caused],
    terms: &Terms,
    now: Millis,
) -> Result<(Kept, Clocks), Error> {
    let own = changes(all, ticket.number).map(|change| (Happened::Change(change), now));
    let (clocks, past) = Past::replay(own, terms)
        .ok_or_else(|| Error::Internal(format!("ticket {} has no beginning", ticket.number)))?;
    Ok((Kept::of(ticket, &clocks, &past, terms)?, clocks))
}

/// The clocks of a ticket go on with what happened to it, and the timer about its targets
/// with them. `stored` is how they stood; the new events are not stored yet.
///
/// # Errors
/// When the database can not be read or written.
pub(crate) fn go_on(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    (old, ticket): (&Ticket, &Ticket),
    stored: &Stored,
    all: &[Caused],
    now: Millis,
) -> Result<(), Error> {
    let terms = catalogue.terms();
    let (mut clocks, mut past) = match stored.told() {
        Some(told) => told,
        // From before they were kept, and its turn has not come yet.
        None => match replayed(c, ticket.number, terms)? {
            Some(replayed) => replayed,
            None => return Ok(()),
        },
    };
    let before = clocks.clone();
    for change in changes(all, ticket.number) {
        past.go_on(&mut clocks, Happened::Change(change), now, terms);
    }
    store::ticket_clock::keep(c, ticket, &Kept::of(ticket, &clocks, &past, terms)?)?;
    crate::timer::keep_target(c, catalogue, Some((old, &before)), (ticket, &clocks))
}

fn changes(all: &[Caused], number: TicketNumber) -> impl Iterator<Item = &Change> {
    all.iter()
        .filter(move |one| one.ticket == number)
        .map(|one| &one.change)
}

/// Works the clocks of a ticket out anew, by its history where that is asked for or
/// there is nothing else, and stores them if they are others. Says whether it is somebody
/// else's turn now than it was, although nothing happened to the ticket.
///
/// # Errors
/// When the database can not be read or written.
pub(crate) fn work_out(
    c: &mut Conn<'_>,
    number: TicketNumber,
    catalogue: &Catalogue,
) -> Result<bool, Error> {
    let terms = catalogue.terms();
    let Some(ticket) = store::ticket::load(c, number)? else {
        return Ok(false);
    };
    let turn = store::ticket_clock::turn(c, number)?;
    let told = match store::ticket_clock::stored(c, number)?.told() {
        Some(told) => Some(told),
        None => replayed(c, number, terms)?,
    };
    let Some((clocks, past)) = told else {
        return Ok(false);
    };
    store::ticket_clock::keep(c, &ticket, &Kept::of(&ticket, &clocks, &past, terms)?)?;
    crate::timer::keep_target(c, catalogue, None, (&ticket, &clocks))?;
    crate::rule::act::keep(c, catalogue, &ticket)?;
    Ok(turn.is_some_and(|turn| turn != terms.whose(clocks.turn())))
}

/// Has what is due worked out anew, after calendars or targets changed. Those that
/// change at about the same time share one job.
///
/// # Errors
/// When the job can not be stored.
pub(crate) fn work_out_later(c: &mut Conn<'_>, now: Millis) -> Result<(), Error> {
    let slot = now.div_euclid(SETTLED_MS) + 2;
    store::job::enqueue(
        c,
        &NewJob {
            kind: crate::jobs::CLOCKS,
            payload: "open 0".into(),
            run_at: slot * SETTLED_MS,
            unique_key: Some(format!("clocks-{slot}")),
        },
    )?;
    Ok(())
}

/// How the clocks of a ticket stand that these changes opened.
pub(crate) fn fresh(
    all: &[Caused],
    number: TicketNumber,
    terms: &Terms,
    now: Millis,
) -> Option<ClocksView> {
    let own = changes(all, number).map(|change| (Happened::Change(change), now));
    Clocks::replay(own).map(|(clocks, _)| shown(&clocks, terms))
}

/// Clocks as shown.
pub(crate) fn shown(clocks: &Clocks, terms: &Terms) -> ClocksView {
    let mut running: Vec<ClockView> = clocks
        .running()
        .iter()
        .filter_map(|leg| {
            let figure = leg.figure(terms, leg.from);
            Some(ClockView {
                kind: leg.kind,
                since: leg.from,
                within: Some(figure.within?.to_string()),
                due: Due::of(leg.kind, &figure),
                still: figure.still,
            })
        })
        .collect();
    running.sort_by_key(|clock| {
        let at = clock.due.map_or(Millis::MAX, |due| due.at);
        (at, clock.kind)
    });
    ClocksView {
        turn: terms.whose(clocks.turn()),
        turn_since: clocks.turn().from,
        due: clocks.due(terms),
        running,
    }
}

impl Desk {
    /// All that the clocks of a ticket measured, worked out from its history by the
    /// calendars and targets of now.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when the actor may not see the ticket.
    pub async fn measured(&self, actor: &Actor, number: TicketNumber) -> Result<Measured, Error> {
        let catalogue = self.catalogue().await?;
        let (reader, now) = (actor.clone(), self.now());
        let (restricted, measured) = self
            .0
            .db
            .read(move |c| {
                let (ticket, _) = load_visible(c, &reader, number)?;
                let events = store::event::of_ticket(c, number, 0, i64::MAX)?;
                let happened = events.iter().map(|e| (Happened::Change(&e.change), e.at));
                let (clocks, ended) = Clocks::replay(happened)
                    .ok_or_else(|| Error::Internal(format!("ticket {number} has no beginning")))?;
                let terms = catalogue.terms();
                let stored = store::ticket_clock::of_ticket(c, number)?;
                let mut legs: Vec<LegView> = ended
                    .legs
                    .iter()
                    .chain(clocks.running())
                    .map(|leg| LegView {
                        unit: unit_ref(&catalogue, leg.unit),
                        figure: leg.figure(terms, now),
                        leg: leg.clone(),
                    })
                    .collect();
                legs.sort_by_key(|l| (l.leg.from, l.leg.kind, l.leg.nth));
                let turns = ended.turns.iter().chain(std::iter::once(clocks.turn()));
                let held = Turn::ALL
                    .into_iter()
                    .filter(|turn| *turn != Turn::Nobody)
                    .map(|turn| {
                        let (calendar, working) = terms.held(turns.clone(), turn, now);
                        HeldView {
                            turn,
                            calendar,
                            working,
                        }
                    })
                    .collect();
                let measured = Measured {
                    legs,
                    held,
                    as_stored: stored.is_none_or(|stored| stored == clocks),
                };
                Ok::<_, Error>((ticket.label().is_some(), measured))
            })
            .await?;
        self.note_read(actor, number, restricted).await?;
        Ok(measured)
    }

    /// The targets in force.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn targets(&self) -> Result<TargetSet, Error> {
        Ok(self.catalogue().await?.targets.clone())
    }

    /// Puts other targets in force, for what runs as well as for what comes, and
    /// returns them.
    ///
    /// # Errors
    /// When they do not pass their check, a quality goes that a unit has, or the actor
    /// is no administrator.
    pub async fn set_targets(&self, actor: &Actor, targets: TargetSet) -> Result<TargetSet, Error> {
        if !(actor.admin || actor.is_system()) {
            return Err(Error::Forbidden(
                "only administrators may change the targets".into(),
            ));
        }
        targets.check()?;
        let (now, by, new) = (self.now(), actor.clone(), targets.clone());
        self.0
            .db
            .write(move |c| {
                let known = |qos: &str| new.qualities.iter().any(|q| q.key == qos);
                for unit in store::unit::all(c)? {
                    if !unit.doc.qos.is_empty() && !known(&unit.doc.qos) {
                        return Err(Error::invalid(
                            "qualities",
                            format!("{} has {:?}, which must stay", unit.name, unit.doc.qos),
                        ));
                    }
                }
                let before = stored_targets(c)?;
                if before == new {
                    return Ok(());
                }
                let text = serde_json::to_string(&new)
                    .map_err(|e| Error::Internal(format!("targets: {e}")))?;
                store::setting::set(c, SETTING, &text, now)?;
                work_out_later(c, now)?;
                let detail = serde_json::json!({"before": before, "after": new});
                let subject = Subject::Setting(SETTING.into());
                audit::record(c, &by, now, "setting.changed", &subject, &detail)
            })
            .await?;
        self.forget_catalogue();
        Ok(targets)
    }
}
