//! Who is on duty in a unit when: what is planned, who stands in, and what is handed over
//! at the end of a shift.
//!
//! Who is on duty follows from the plan ([`switchboard_core::rota`]). That somebody else is
//! now is noticed by a job (`round`) or by whoever changes the plan, and stored with the
//! mails that it brings: each change of duty is told once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::{Value as Json, json};
use store::Conn;
use store::rota::StandIn;
use store::unit::{Member, Unit};
use switchboard_core::rota::{
    HOUR_MS, LONGEST_SWAP, LONGEST_WAIT, Plan, Rota, Shift, Swap, Watch, may_plan, may_swap,
};
use switchboard_core::{Actor, Millis, PersonId, UnitId};
use uuid::Uuid;

use crate::audit::{self, Subject, difference};
use crate::{Catalogue, Desk, Error};

mod hand_over;
mod letters;
pub(crate) mod round;

pub use hand_over::{HandOverView, MOST_HAND_OVERS, NamedTicket};

/// Hours before the end of a shift at which its person is asked for a note.
pub const ASK_HOURS: i64 = 2;
/// Hours within which a hand-over is confirmed.
pub const CONFIRM_HOURS: i64 = 4;
/// Bytes of a note.
const LONGEST_NOTE: usize = 16_000;
/// Who stands in from now on, in one unit.
const MOST_SWAPS: usize = 200;
/// Shifts that are shown ahead.
const AHEAD: usize = 8;
/// Who stood in for so long is still known: nobody stands in longer, and a shift may have
/// begun so long ago.
const KNOWN_SWAPS: Millis = 2 * LONGEST_SWAP * 24 * HOUR_MS;

/// What somebody says of the rota of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotaEdit {
    /// The day on which the first in the list begins.
    pub first: Date,
    /// When turns begin and end, in minutes after midnight, on the unit's wall.
    pub minute: u16,
    /// Days of a turn.
    pub days: u16,
    /// Who, in turn, by their addresses; nobody: from then on nobody is on duty.
    pub people: Vec<String>,
    /// Who is on duty hears alone of what nobody owns.
    pub alone: bool,
    /// Hours before the end of a shift at which its person is asked for a note.
    pub ask_hours: i64,
    /// Hours within which a hand-over is confirmed.
    pub confirm_hours: i64,
}

/// Somebody of a rota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnDuty {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
}

/// The rota of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotaView {
    /// The unit.
    pub unit: UnitId,
    /// The zone of its wall.
    pub zone: String,
    /// What is set up; `None`: the unit has no rota.
    pub set: Option<store::rota::Rota>,
    /// The plan that holds, and those that begin later.
    pub plans: Vec<Plan>,
    /// Who stands in now and later.
    pub swaps: Vec<StandIn>,
    /// The shift now; `None`: nobody is on duty.
    pub now: Option<Shift>,
    /// Who is on duty next, other than now.
    pub next: Option<Shift>,
    /// The shifts ahead, that of now first.
    pub shifts: Vec<Shift>,
    /// Everybody who is named.
    pub people: BTreeMap<PersonId, OnDuty>,
    /// Who can be put on duty.
    pub members: Vec<OnDuty>,
    /// What the reader, who is on duty, has written so far for who comes after them.
    pub note: Option<String>,
    /// The reader may plan.
    pub may_plan: bool,
}

impl RotaView {
    /// Somebody's name.
    pub fn name(&self, id: PersonId) -> &str {
        self.people.get(&id).map_or("", |p| p.name.as_str())
    }
}

/// What is known of who is on duty in a unit.
pub(crate) struct Known {
    pub kept: store::rota::Rota,
    pub swaps: Vec<StandIn>,
    pub plans: Vec<Plan>,
    pub members: Vec<Member>,
    pub rota: Rota,
}

/// Looks up the rota of a unit; `None`: it has none.
pub(crate) fn known(c: &mut Conn<'_>, unit: &Unit, now: Millis) -> Result<Option<Known>, Error> {
    let Some(kept) = store::rota::load(c, unit.id)? else {
        return Ok(None);
    };
    let plans = store::rota::plans(c, unit.id)?;
    let swaps = store::rota::swaps(c, unit.id, now - KNOWN_SWAPS)?;
    let members = store::unit::members(c, unit.id)?;
    let here: BTreeSet<PersonId> = match unit.active {
        true => members.iter().map(|m| m.person).collect(),
        false => BTreeSet::new(),
    };
    let rota = Rota::new(
        &unit.doc.time_zone,
        plans.iter().cloned(),
        swaps.iter().map(|s| s.swap),
        here,
    );
    Ok(Some(Known {
        kept,
        swaps,
        plans,
        members,
        rota,
    }))
}

/// Who is on duty in a unit and hears alone there of what nobody owns; `None`: everybody
/// hears.
pub(crate) fn alone(c: &mut Conn<'_>, unit: &Unit, at: Millis) -> Result<Option<PersonId>, Error> {
    let known = known(c, unit, at)?.filter(|k| k.kept.alone);
    Ok(known.and_then(|k| k.rota.at(at)))
}

/// The name of who is on duty in a unit, if somebody is.
pub(crate) fn name_on_duty(
    c: &mut Conn<'_>,
    unit: &Unit,
    at: Millis,
) -> Result<Option<String>, Error> {
    let Some(known) = known(c, unit, at)? else {
        return Ok(None);
    };
    let person = known.rota.at(at);
    Ok(person.and_then(|id| {
        let member = known.members.into_iter().find(|m| m.person == id);
        member.map(|m| m.name)
    }))
}

fn named(c: &mut Conn<'_>, ids: &[PersonId]) -> Result<BTreeMap<PersonId, OnDuty>, Error> {
    let people = store::person::named(c, ids)?.into_iter().map(|p| {
        let one = OnDuty {
            id: p.id,
            name: p.name,
            email: p.email,
        };
        (one.id, one)
    });
    Ok(people.collect())
}

fn staff(actor: &Actor) -> Result<(), Error> {
    crate::canned::staff(actor)
}

fn unit_named(catalogue: &Catalogue, name: &str) -> Result<Unit, Error> {
    catalogue
        .find_unit("unit", name)
        .cloned()
        .map_err(|_| Error::not_found(format!("unit {name:?}")))
}

fn no_rota(unit: &Unit) -> Error {
    Error::not_found(format!("a rota of {}", unit.name))
}

/// Who of a unit has this address.
fn member(members: &[Member], field: &str, address: &str) -> Result<PersonId, Error> {
    let address = crate::account::address(field, address)?;
    let same = |m: &&Member| {
        let email = m.email.as_deref();
        email.is_some_and(|e| e.eq_ignore_ascii_case(address.as_str()))
    };
    members.iter().find(same).map(|m| m.person).ok_or_else(|| {
        let problem = format!("{} is no member of the unit", address.as_str());
        Error::invalid(field, problem)
    })
}

fn check_note(note: &str) -> Result<String, Error> {
    let note = note.trim().replace("\r\n", "\n");
    if note.len() > LONGEST_NOTE {
        return Err(Error::invalid(
            "note",
            format!("takes {} kB at most", LONGEST_NOTE / 1000),
        ));
    }
    Ok(note)
}

/// What the audit log says of a rota.
fn told(kept: &store::rota::Rota, plan: Option<&Plan>) -> Json {
    json!({
        "first": plan.map(|p| p.first.to_string()),
        "at": plan.map(|p| clock(p.minute)),
        "days": plan.map(|p| p.days),
        "people": plan.map(|p| p.people.clone()),
        "alone": kept.alone,
        "ask_hours": kept.ask_hours,
        "confirm_hours": kept.confirm_hours,
    })
}

/// A time of the day, as `09:00`.
pub fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Reads such a time, in minutes after midnight.
///
/// # Errors
/// Names the field and says how it is written.
pub fn minute_of(field: &str, text: &str) -> Result<u16, Error> {
    let read = text.trim().split_once(':').and_then(|(hour, minute)| {
        let two = |text: &str| (text.len() == 2).then(|| text.parse::<u16>().ok())?;
        Some((two(hour)?, two(minute)?))
    });
    match read {
        Some((hour, minute)) if hour < 24 && minute < 60 => Ok(hour * 60 + minute),
        _ => Err(Error::invalid(field, "is written as 09:00")),
    }
}

/// The plan that holds at a moment and those after it.
fn current(rota: &Rota, plans: Vec<Plan>, now: Millis) -> Vec<Plan> {
    let begun = |plan: &Plan| rota.begin(plan) <= now;
    let holds = plans.iter().rposition(begun).unwrap_or(0);
    plans.into_iter().skip(holds).collect()
}

fn hours(field: &str, value: i64) -> Result<i64, Error> {
    if (1..=i64::from(LONGEST_WAIT)).contains(&value) {
        return Ok(value);
    }
    Err(Error::invalid(field, format!("takes 1 to {LONGEST_WAIT}")))
}

impl Desk {
    /// The rota of a unit, by its name or key.
    ///
    /// # Errors
    /// When there is no such unit, or the actor is not on staff.
    pub async fn rota(&self, actor: &Actor, unit: &str) -> Result<RotaView, Error> {
        staff(actor)?;
        let catalogue = self.catalogue().await?;
        let unit = unit_named(&catalogue, unit)?;
        let (actor, now) = (actor.clone(), self.now());
        self.0.db.read(move |c| view(c, &actor, &unit, now)).await
    }

    /// Who is on duty now, in each unit of the actor that has a rota and in first level.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn on_duty(&self, actor: &Actor) -> Result<Vec<RotaView>, Error> {
        if staff(actor).is_err() {
            return Ok(Vec::new());
        }
        let catalogue = self.catalogue().await?;
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .read(move |c| {
                let mut views = Vec::new();
                for id in store::rota::units(c)? {
                    let Some(unit) = catalogue.unit(id).filter(|u| u.active) else {
                        continue;
                    };
                    if unit.first_level || actor.in_unit(id).is_some() {
                        views.push(view(c, &actor, unit, now)?);
                    }
                }
                Ok(views)
            })
            .await
    }

    /// Says who is on duty in a unit from a day on, in place of what was said for that day
    /// and later.
    ///
    /// # Errors
    /// The field that is wrong; [`Error::Stale`] when `expected` is no longer its version;
    /// unless a responsible of the unit or an administrator does it.
    pub async fn put_rota(
        &self,
        actor: &Actor,
        unit: &str,
        expected: Option<i64>,
        edit: RotaEdit,
    ) -> Result<RotaView, Error> {
        let catalogue = self.catalogue().await?;
        let unit = unit_named(&catalogue, unit)?;
        may_plan(actor, unit.id)?;
        let ask_hours = hours("ask_hours", edit.ask_hours)?;
        let confirm_hours = hours("confirm_hours", edit.confirm_hours)?;
        let (desk, actor, now) = (self.clone(), actor.clone(), self.now());
        let view = self
            .0
            .db
            .write(move |c| {
                let before = known(c, &unit, now)?;
                let current_version = before.as_ref().map_or(0, |k| k.kept.version);
                if expected.is_some_and(|e| e != current_version) {
                    return Err(Error::Stale {
                        current: current_version,
                    });
                }
                let members = store::unit::members(c, unit.id)?;
                let people = edit.people.iter();
                let plan = Plan {
                    first: edit.first,
                    minute: edit.minute,
                    days: edit.days,
                    people: people
                        .map(|address| member(&members, "people", address))
                        .collect::<Result<_, Error>>()?,
                };
                plan.check()?;
                let kept = store::rota::Rota {
                    unit: unit.id,
                    alone: edit.alone,
                    ask_hours,
                    confirm_hours,
                    watch: before.as_ref().map_or(
                        Watch {
                            changed_at: now,
                            ..Watch::default()
                        },
                        |k| k.kept.watch,
                    ),
                    note: before
                        .as_ref()
                        .map_or_else(String::new, |k| k.kept.note.clone()),
                    look_at: now,
                    version: current_version + 1,
                };
                store::rota::save(c, &kept)?;
                store::rota::put_plan(c, unit.id, &plan)?;
                let said = before
                    .as_ref()
                    .map(|k| told(&k.kept, current(&k.rota, k.plans.clone(), now).first()));
                let (action, detail) = match said {
                    None => ("rota.set_up", told(&kept, Some(&plan))),
                    Some(said) => ("rota.changed", difference(&said, &told(&kept, Some(&plan)))),
                };
                audit::record(c, &actor, now, action, &Subject::Unit(unit.id), &detail)?;
                round::look(c, &desk, &unit, now)?;
                view(c, &actor, &unit, now)
            })
            .await?;
        self.wake();
        Ok(view)
    }

    /// Takes the rota of a unit away: nobody is on duty, and everybody hears of what is new.
    /// What was handed over stays.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it has none; unless a responsible of the unit or an
    /// administrator does it.
    pub async fn end_rota(&self, actor: &Actor, unit: &str) -> Result<(), Error> {
        let catalogue = self.catalogue().await?;
        let unit = unit_named(&catalogue, unit)?;
        may_plan(actor, unit.id)?;
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let known = known(c, &unit, now)?.ok_or_else(|| no_rota(&unit))?;
                let plans = current(&known.rota, known.plans, now);
                let detail = told(&known.kept, plans.first());
                store::rota::delete(c, unit.id)?;
                let subject = Subject::Unit(unit.id);
                audit::record(c, &actor, now, "rota.ended", &subject, &detail)
            })
            .await
    }

    /// Somebody is on duty for a stretch in place of whose turn it is. Both are mailed.
    ///
    /// # Errors
    /// The field that is wrong; [`Error::NotFound`] for a unit without a rota; unless a
    /// responsible of the unit, an administrator, or whose shift it is does it.
    pub async fn stand_in(
        &self,
        actor: &Actor,
        unit: &str,
        (from, until): (Millis, Millis),
        person: &str,
    ) -> Result<RotaView, Error> {
        staff(actor)?;
        let catalogue = self.catalogue().await?;
        let unit = unit_named(&catalogue, unit)?;
        let (desk, actor, now) = (self.clone(), actor.clone(), self.now());
        let (id, address) = (self.uuid(), person.to_owned());
        let view = self
            .0
            .db
            .write(move |c| {
                let known = known(c, &unit, now)?.ok_or_else(|| no_rota(&unit))?;
                // What has passed is as it was.
                let swap = Swap {
                    from: from.max(now),
                    until,
                    person: member(&known.members, "person", &address)?,
                };
                if until <= now {
                    return Err(Error::invalid("until", "has passed"));
                }
                swap.check()?;
                may_swap(&actor, unit.id, &known.rota, &swap)?;
                let coming = known.swaps.iter().filter(|s| s.swap.until > now);
                if coming.count() >= MOST_SWAPS {
                    return Err(Error::Conflict(format!(
                        "{MOST_SWAPS} times somebody stands in already: change the turn"
                    )));
                }
                let one = StandIn {
                    id,
                    swap,
                    made_by: actor.person,
                    made_at: now,
                };
                let planned = known.rota.at(swap.from);
                store::rota::add_swap(c, unit.id, &one)?;
                swapped(c, &desk, &actor, &unit, "rota.stands_in", &one, now)?;
                letters::stands_in(&desk, c, &actor, &unit, &swap, planned)?;
                round::look(c, &desk, &unit, now)?;
                view(c, &actor, &unit, now)
            })
            .await?;
        self.wake();
        Ok(view)
    }

    /// Takes back that somebody stands in: it is whose turn it is, from now on.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nobody does; unless a responsible of the unit, an
    /// administrator, who said so or who stands in does it.
    pub async fn take_back_stand_in(
        &self,
        actor: &Actor,
        unit: &str,
        id: Uuid,
    ) -> Result<RotaView, Error> {
        staff(actor)?;
        let catalogue = self.catalogue().await?;
        let unit = unit_named(&catalogue, unit)?;
        let (desk, actor, now) = (self.clone(), actor.clone(), self.now());
        let view = self
            .0
            .db
            .write(move |c| {
                let known = known(c, &unit, now)?.ok_or_else(|| no_rota(&unit))?;
                let one = known
                    .swaps
                    .into_iter()
                    .find(|s| s.id == id && s.swap.until > now)
                    .ok_or_else(|| Error::not_found("somebody who stands in"))?;
                let theirs = [one.made_by, Some(one.swap.person)].contains(&actor.person);
                if !theirs {
                    may_plan(&actor, unit.id)?;
                }
                store::rota::delete_swap(c, unit.id, id)?;
                // What was until now stays so.
                if one.swap.from < now {
                    let passed = StandIn {
                        swap: Swap {
                            until: now,
                            ..one.swap
                        },
                        ..one.clone()
                    };
                    store::rota::add_swap(c, unit.id, &passed)?;
                }
                swapped(c, &desk, &actor, &unit, "rota.taken_back", &one, now)?;
                letters::taken_back(&desk, c, &actor, &unit, &one.swap)?;
                round::look(c, &desk, &unit, now)?;
                view(c, &actor, &unit, now)
            })
            .await?;
        self.wake();
        Ok(view)
    }

    /// Who is on duty writes down what is going on, for who comes after them; it is handed
    /// over when their shift ends, and can be changed until then.
    ///
    /// # Errors
    /// Names the field; [`Error::Forbidden`] for who is not on duty.
    pub async fn write_duty_note(
        &self,
        actor: &Actor,
        unit: &str,
        note: &str,
    ) -> Result<RotaView, Error> {
        staff(actor)?;
        let catalogue = self.catalogue().await?;
        let unit = unit_named(&catalogue, unit)?;
        let note = check_note(note)?;
        let (desk, actor, now) = (self.clone(), actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                // A shift that has just ended is handed over with what was written in it.
                round::look(c, &desk, &unit, now)?;
                let kept = store::rota::load(c, unit.id)?.ok_or_else(|| no_rota(&unit))?;
                if actor.person.is_none() || kept.watch.held_by != actor.person {
                    return Err(Error::Forbidden(
                        "you are not on duty now: open the hand-over of your shift".into(),
                    ));
                }
                let note = note.clone();
                store::rota::save(c, &store::rota::Rota { note, ..kept })?;
                view(c, &actor, &unit, now)
            })
            .await
    }
}

fn view(c: &mut Conn<'_>, actor: &Actor, unit: &Unit, now: Millis) -> Result<RotaView, Error> {
    let mut view = RotaView {
        unit: unit.id,
        zone: unit.doc.time_zone.clone(),
        set: None,
        plans: Vec::new(),
        swaps: Vec::new(),
        now: None,
        next: None,
        shifts: Vec::new(),
        people: BTreeMap::new(),
        members: Vec::new(),
        note: None,
        may_plan: may_plan(actor, unit.id).is_ok(),
    };
    let members = store::unit::members(c, unit.id)?;
    view.members = members
        .into_iter()
        .map(|m| OnDuty {
            id: m.person,
            name: m.name,
            email: m.email,
        })
        .collect();
    let Some(known) = known(c, unit, now)? else {
        return Ok(view);
    };
    let rota = &known.rota;
    view.plans = current(rota, known.plans, now);
    view.now = rota.shift(now);
    view.shifts = rota.shifts(now, AHEAD);
    let next = rota.next_change(now);
    view.next = next.and_then(|(at, person)| match person {
        Some(_) => rota.shift(at),
        None => rota.shifts(at, 1).into_iter().next(),
    });
    // Of those that are long over nothing is shown; the places in `shifts` are of all.
    let swaps = known.swaps;
    let at = |index: Option<usize>| index.and_then(|i| swaps.get(i)).map(|s| s.id);
    let shown: Vec<StandIn> = swaps
        .iter()
        .filter(|s| s.swap.until > now)
        .cloned()
        .collect();
    let place = |id: Option<Uuid>| id.and_then(|id| shown.iter().position(|s| s.id == id));
    let shifts = view.shifts.iter_mut();
    for shift in shifts
        .chain(view.now.iter_mut())
        .chain(view.next.iter_mut())
    {
        shift.swap = place(at(shift.swap));
    }
    view.swaps = shown;
    let mut ids: BTreeSet<PersonId> = view.plans.iter().flat_map(|p| p.people.clone()).collect();
    ids.extend(
        view.swaps
            .iter()
            .flat_map(|s| [Some(s.swap.person), s.made_by])
            .flatten(),
    );
    let shifts = view.shifts.iter().chain(&view.next);
    ids.extend(shifts.flat_map(|s| [Some(s.person), s.planned]).flatten());
    let ids: Vec<PersonId> = ids.into_iter().collect();
    view.people = named(c, &ids)?;
    view.note = (actor.person.is_some() && known.kept.watch.held_by == actor.person)
        .then(|| known.kept.note.clone());
    view.set = Some(known.kept);
    Ok(view)
}

fn swapped(
    c: &mut Conn<'_>,
    desk: &Desk,
    actor: &Actor,
    unit: &Unit,
    action: &'static str,
    one: &StandIn,
    now: Millis,
) -> Result<(), Error> {
    let name = store::person::load(c, one.swap.person)?.map(|p| p.name);
    let detail = json!({
        "person": name,
        "from": letters::when(unit, one.swap.from, false),
        "until": letters::when(unit, one.swap.until, false),
    });
    tracing::info!(unit = %unit.key, action, desk = %desk.config().name, "who is on duty was changed");
    audit::record(c, actor, now, action, &Subject::Unit(unit.id), &detail)
}
