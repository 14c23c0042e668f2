//! Everything a decision may look at, loaded inside the write transaction.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

use store::Conn;
use switchboard_core::{Scene, TicketNumber, UnitFacts, UnitId};

use crate::{Catalogue, Error};

/// The ticket and the units concerned; relatives follow with [`complete`].
///
/// # Errors
/// When the ticket is not there.
pub(crate) fn begin(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    number: TicketNumber,
    units: &[UnitId],
) -> Result<Scene, Error> {
    let mut scene = Scene::default();
    add(c, catalogue, &mut scene, number)?;
    for id in units {
        if !scene.units.contains_key(id) {
            scene
                .units
                .insert(*id, unit_facts(c, catalogue, *id, true)?);
        }
    }
    Ok(scene)
}

/// Loads what the rules say is missing until nothing is, and returns the
/// tickets that came.
///
/// # Errors
/// When a ticket that is named is not there.
pub(crate) fn complete(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    scene: &mut Scene,
    missing: impl Fn(&Scene) -> BTreeSet<TicketNumber>,
) -> Result<Vec<TicketNumber>, Error> {
    let mut came = Vec::new();
    loop {
        let numbers = missing(scene);
        if numbers.is_empty() {
            return Ok(came);
        }
        for number in numbers {
            add(c, catalogue, scene, number)?;
            came.push(number);
        }
    }
}

fn add(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    scene: &mut Scene,
    number: TicketNumber,
) -> Result<(), Error> {
    let ticket = store::ticket::load(c, number)?
        .ok_or_else(|| Error::not_found(format!("ticket {number}")))?;
    if let Entry::Vacant(place) = scene.units.entry(ticket.unit) {
        place.insert(unit_facts(c, catalogue, ticket.unit, true)?);
    }
    scene.tickets.insert(number, ticket);
    Ok(())
}

/// What the rules need to know about a unit; its members only when asked for.
pub(crate) fn unit_facts(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    id: UnitId,
    with_members: bool,
) -> Result<UnitFacts, Error> {
    let unit = catalogue
        .unit(id)
        .ok_or_else(|| Error::Internal(format!("unit {id} is not in the catalogue")))?;
    let members = if with_members {
        store::unit::members(c, id)?
            .into_iter()
            .map(|m| m.person)
            .collect()
    } else {
        Vec::new()
    };
    Ok(UnitFacts {
        id,
        name: unit.name.clone(),
        level: unit.level,
        active: unit.active,
        first_level: unit.first_level,
        portal: catalogue.portal_of_unit(id),
        members,
    })
}
