//! Everything a decision may look at, loaded inside the write transaction.

use std::collections::BTreeSet;

use store::Conn;
use switchboard_core::ticket::RelationKind;
use switchboard_core::{Scene, TicketNumber, UnitFacts, UnitId};

use crate::{Catalogue, Error};

/// Ties along which a change of one ticket may change another (domain
/// section 5). A cross reference never does.
const STRUCTURAL: [RelationKind; 6] = [
    RelationKind::SlaveOf,
    RelationKind::MasterOf,
    RelationKind::ChildOf,
    RelationKind::ParentOf,
    RelationKind::MergedInto,
    RelationKind::SplitFrom,
];

/// A cascade goes from a ticket to its relatives and from those to theirs: a
/// master's slave may be somebody's child.
const STEPS: usize = 2;

/// The ticket, its relatives, the tickets named, and the units concerned.
///
/// # Errors
/// When the ticket is not there.
pub(crate) fn load(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    number: TicketNumber,
    named_tickets: &[TicketNumber],
    named_units: &[UnitId],
) -> Result<Scene, Error> {
    let mut scene = Scene::default();
    let ticket = store::ticket::load(c, number)?
        .ok_or_else(|| Error::not_found(format!("ticket {number}")))?;
    scene.tickets.insert(number, ticket);
    for other in named_tickets {
        if let Some(ticket) = store::ticket::load(c, *other)? {
            scene.tickets.insert(*other, ticket);
        }
    }
    for _ in 0..STEPS {
        let missing: BTreeSet<TicketNumber> = scene
            .tickets
            .values()
            .flat_map(|t| t.relations.iter())
            .filter(|r| STRUCTURAL.contains(&r.kind))
            .map(|r| r.ticket)
            .filter(|n| !scene.tickets.contains_key(n))
            .collect();
        for other in missing {
            if let Some(ticket) = store::ticket::load(c, other)? {
                scene.tickets.insert(other, ticket);
            }
        }
    }
    let ids: BTreeSet<UnitId> = scene
        .tickets
        .values()
        .map(|t| t.unit)
        .chain(named_units.iter().copied())
        .collect();
    for id in ids {
        scene.units.insert(id, unit_facts(c, catalogue, id, true)?);
    }
    Ok(scene)
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
        members,
    })
}
