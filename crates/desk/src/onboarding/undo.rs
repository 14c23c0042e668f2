//! Taking back what a form created: removed in one go while nothing used it,
//! retired otherwise.

use serde_json::{Value, json};
use store::Conn;
use store::onboarding::{Kind, Onboarding};
use store::service_provider::Provider;
use switchboard_core::{Actor, Millis};

use super::accept::Made;
use super::{moving, service_of};
use crate::staff::{Occasion, disband};
use crate::unit::retire::retire_unit_in;
use crate::{Catalogue, Desk, Error, Live};

/// What undoing a form would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoPlan {
    /// Everything it created is removed; nothing used it.
    Remove {
        /// What goes, line by line.
        lines: Vec<String>,
    },
    /// Unit and services are retired, because something uses them. A successor
    /// has to be named.
    Retire {
        /// Tickets that are or were with the unit or about its services.
        tickets: i64,
        /// What else uses it, in words.
        others: Vec<String>,
        /// What is retired, line by line.
        lines: Vec<String>,
    },
    /// The service goes the way it went before.
    Back {
        /// In words.
        line: String,
    },
}

/// What stands in the way of removing it: how many tickets, and what else.
fn uses(c: &mut Conn<'_>, made: &Made) -> Result<(i64, Vec<String>), Error> {
    let mut tickets = store::onboarding::uses(c, made.unit, None, made.event)?;
    for service in &made.services {
        tickets = tickets.max(store::onboarding::uses(
            c,
            None,
            Some(*service),
            made.event,
        )?);
    }
    let mut others = Vec::new();
    for service in store::unit::services(c)? {
        if Some(service.unit) == made.unit && !made.services.contains(&service.id) {
            others.push(format!("The service {} is with the unit", service.name));
        }
    }
    for unit in store::unit::all(c)? {
        if made.unit.is_some() && (unit.parent == made.unit || unit.successor == made.unit) {
            others.push(format!("The unit {} refers to it", unit.name));
        }
    }
    Ok((tickets, others))
}

/// Unit and services by name.
fn names(c: &mut Conn<'_>, made: &Made) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    if let Some(unit) = made.unit
        && let Some(unit) = store::unit::all(c)?.into_iter().find(|u| u.id == unit)
    {
        lines.push(format!("Support unit {}", unit.name));
    }
    for service in store::unit::services(c)? {
        if made.services.contains(&service.id) {
            lines.push(format!("Service {} and its agreement", service.name));
        }
    }
    Ok(lines)
}

/// What undoing an accepted form would do now.
pub(super) fn plan(c: &mut Conn<'_>, row: &Onboarding) -> Result<UndoPlan, Error> {
    let made = Made::of(row)?;
    if row.kind == Kind::Move {
        let name = service_of(c, row)?.map_or_else(|| "The service".to_owned(), |s| s.name);
        let way = made.way_before.map_or("its way before", |w| w.label());
        return Ok(UndoPlan::Back {
            line: format!("{name} goes by: {way}, as before; open tickets stay where they are"),
        });
    }
    let (tickets, others) = uses(c, &made)?;
    let mut lines = names(c, &made)?;
    if tickets > 0 || !others.is_empty() {
        return Ok(UndoPlan::Retire {
            tickets,
            others,
            lines,
        });
    }
    if made.provider_new
        && let Some(provider) = made.provider
        && let Some(provider) = store::service_provider::load(c, provider)?
    {
        lines.push(format!("Provider {}", provider.name));
    }
    for person in &made.supported {
        if let Some(person) = store::person::load(c, *person)? {
            lines.push(format!("The support permission of {}", person.name));
        }
    }
    Ok(UndoPlan::Remove { lines })
}

/// Takes back what a form created; gives the detail for the audit log.
#[expect(
    clippy::too_many_arguments,
    reason = "one transaction's worth of what is known, passed on as it is"
)]
pub(super) fn undo(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    row: &mut Onboarding,
    successor: Option<&str>,
    actor: &Actor,
    now: Millis,
    live: &mut Vec<Live>,
) -> Result<Value, Error> {
    if row.kind == Kind::Move {
        return moving::back(c, desk, catalogue, row, actor, now, live);
    }
    let made = Made::of(row)?;
    let what = names(c, &made)?;
    let (tickets, others) = uses(c, &made)?;
    if tickets == 0 && others.is_empty() {
        // Something that this does not know of may refer to it: then nothing
        // was removed, and it is retired as if there were tickets.
        let removed = c.attempt(|c| remove(c, (desk, catalogue), row, &made, actor));
        match removed {
            Ok(more) => {
                live.extend(more);
                return Ok(json!({"removed": what}));
            }
            Err(Error::Conflict(_)) => {}
            Err(other) => return Err(other),
        }
    }
    let unit = retire(c, &made, successor, actor, now)?;
    Ok(json!({"retired": what, "tickets": tickets, "successor": unit}))
}

fn remove(
    c: &mut Conn<'_>,
    (desk, catalogue): (&Desk, &Catalogue),
    row: &mut Onboarding,
    made: &Made,
    actor: &Actor,
) -> Result<Vec<Live>, Error> {
    let (now, mut live) = (desk.now(), Vec::new());
    for service in &made.services {
        store::onboarding::delete_service(c, *service)?;
    }
    if let Some(house) = made.unit.and_then(|unit| catalogue.unit(unit)) {
        let occasion = Occasion {
            actor,
            why: "the form that created the unit was taken back",
            cause: desk.uuid(),
            mails: false,
        };
        live = disband(desk, c, catalogue, &occasion, house)?;
        store::onboarding::delete_unit(c, house.id)?;
    }
    for id in &made.supported {
        if let Some(mut person) = store::person::load(c, *id)?
            && store::person::memberships(c, *id)?.is_empty()
        {
            person.support = false;
            store::person::update(c, &person, now)?;
        }
    }
    let Some(id) = made.provider else {
        return Ok(live);
    };
    if let Some(person) = made.contact {
        store::service_provider::remove_contact(c, id, person)?;
    }
    if made.provider_new && store::service_provider::services(c, id)?.is_empty() {
        row.provider = None;
        store::onboarding::forget_provider(c, id)?;
        store::service_provider::delete(c, id)?;
    } else if let (Some(before), Some(provider)) =
        (&made.provider_before, store::service_provider::load(c, id)?)
    {
        let (name, country, home_page, contact) = before.clone();
        store::service_provider::save(
            c,
            &Provider {
                name,
                country,
                home_page,
                contact,
                ..provider
            },
            now,
        )?;
    }
    Ok(live)
}

/// Retires unit and services, which then stand with the successor; its open
/// tickets follow in the background. Gives the successor's name.
fn retire(
    c: &mut Conn<'_>,
    made: &Made,
    successor: Option<&str>,
    actor: &Actor,
    now: Millis,
) -> Result<String, Error> {
    let units = store::unit::all(c)?;
    let wanted = successor.map(str::trim).filter(|s| !s.is_empty());
    let Some(wanted) = wanted else {
        return Err(Error::invalid(
            "successor",
            "something uses the unit or its services already: name the unit that takes over",
        ));
    };
    let heir = units
        .iter()
        .find(|u| u.key.eq_ignore_ascii_case(wanted) || u.name.eq_ignore_ascii_case(wanted))
        .filter(|u| u.active && Some(u.id) != made.unit && u.parent != made.unit)
        .ok_or_else(|| {
            Error::invalid(
                "successor",
                format!("there is no other active unit {wanted:?} outside of the one that goes"),
            )
        })?;
    for mut service in store::unit::services(c)? {
        if made.services.contains(&service.id) {
            service.active = false;
            store::unit::save_service(c, &service, now)?;
            store::agreement::close(c, service.id, now)?;
        }
    }
    let unit = units.iter().find(|u| Some(u.id) == made.unit && u.active);
    if let Some(unit) = unit {
        retire_unit_in(c, actor, now, unit.id, Some(heir.id), None)?;
    }
    Ok(heir.name.clone())
}
