//! Retiring a unit: who takes over its tickets, services and duties.

use serde_json::json;
use store::Conn;
use store::job::NewJob;
use switchboard_core::unit::{Load, Place, retire};
use switchboard_core::{Actor, Millis, UnitId};

use super::edit::{place, told};
use crate::audit::{self, Subject, difference};
use crate::catalogue::{find_unit_in, known_unit};
use crate::jobs::HEIRS;
use crate::{Desk, Error};

/// What retiring a unit set going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retired {
    /// Open tickets that go to the successor, in the background.
    pub tickets: i64,
    /// Services that name the successor now.
    pub services: usize,
    /// Units that stand elsewhere in the tree now.
    pub children: usize,
}

/// Retires a unit within somebody's transaction: its services and the units
/// under it move at once, its open tickets as jobs. The caller wakes the jobs
/// and forgets catalogue and actors afterwards.
///
/// # Errors
/// [`Error::Forbidden`] unless an administrator does it, [`Error::Stale`], or
/// why the successor can not take over.
pub(crate) fn retire_unit_in(
    c: &mut Conn<'_>,
    actor: &Actor,
    now: Millis,
    unit: UnitId,
    successor: Option<UnitId>,
    expected: Option<i64>,
) -> Result<Retired, Error> {
    if !(actor.admin || actor.is_system()) {
        return Err(Error::Forbidden(
            "only administrators may retire a unit".into(),
        ));
    }
    let version = store::unit::version(c, unit)?.unwrap_or(0);
    if expected.is_some_and(|e| e != version) {
        return Err(Error::Stale { current: version });
    }
    let mut all = store::unit::all(c)?;
    let services: Vec<_> = store::unit::services(c)?
        .into_iter()
        .filter(|s| s.unit == unit)
        .collect();
    let tickets = store::unit::open_tickets(c, unit)?;
    let places: Vec<Place> = all.iter().map(place).collect();
    let load = Load {
        tickets,
        services: services.iter().filter(|s| s.active).count(),
    };
    let end = retire(&places, unit, successor, load)?;
    for (child, parent) in &end.children {
        change(c, actor, now, &mut all, *child, |u| u.parent = *parent)?;
    }
    if let Some(successor) = successor {
        if end.first_level || end.security {
            change(c, actor, now, &mut all, successor, |u| {
                u.first_level |= end.first_level;
                u.security |= end.security;
            })?;
        }
        for before in &services {
            let mut after = before.clone();
            after.unit = successor;
            crate::service::save_service_in(c, actor, now, &after, None)?;
        }
    }
    let at = all
        .iter()
        .position(|u| u.id == unit)
        .ok_or_else(|| Error::not_found("unit"))?;
    let before = all[at].clone();
    let mut after = before.clone();
    after.active = false;
    after.successor = successor;
    store::unit::save(c, &after, now)?;
    let mut detail = difference(&told(&before, &all), &told(&after, &all));
    detail["unit"] = json!(before.key);
    detail["tickets"] = json!(tickets);
    detail["services"] = json!(services.iter().map(|s| &s.key).collect::<Vec<_>>());
    audit::record(c, actor, now, "unit.retired", &Subject::Unit(unit), &detail)?;
    store::job::enqueue(
        c,
        &NewJob {
            kind: HEIRS,
            payload: String::new(),
            run_at: now,
            unique_key: None,
        },
    )?;
    Ok(Retired {
        tickets,
        services: services.len(),
        children: end.children.len(),
    })
}

/// Changes one of the units and records it.
fn change(
    c: &mut Conn<'_>,
    actor: &Actor,
    now: Millis,
    all: &mut [store::unit::Unit],
    id: UnitId,
    deed: impl Fn(&mut store::unit::Unit),
) -> Result<(), Error> {
    let Some(at) = all.iter().position(|u| u.id == id) else {
        return Ok(());
    };
    let before = all[at].clone();
    let mut after = before.clone();
    deed(&mut after);
    if before == after {
        return Ok(());
    }
    store::unit::save(c, &after, now)?;
    let mut detail = difference(&told(&before, all), &told(&after, all));
    detail["unit"] = json!(after.key);
    audit::record(c, actor, now, "unit.changed", &Subject::Unit(id), &detail)?;
    all[at] = after;
    Ok(())
}

impl Desk {
    /// Retires a unit. Its open tickets go to the successor in the background,
    /// each with the reason in its history.
    ///
    /// # Errors
    /// As for `retire_unit_in`; when there is no such unit.
    pub async fn retire_unit(
        &self,
        actor: &Actor,
        name: &str,
        successor: Option<&str>,
        expected: Option<i64>,
    ) -> Result<Retired, Error> {
        let (now, actor, name) = (self.now(), actor.clone(), name.to_owned());
        let successor = successor.map(str::to_owned);
        let retired = self
            .0
            .db
            .write(move |c| {
                let all = store::unit::all(c)?;
                let unit = find_unit_in(&all, &name)
                    .ok_or_else(|| Error::not_found(format!("unit {name:?}")))?
                    .id;
                let successor = match &successor {
                    Some(name) => Some(known_unit(&all, "successor", name)?.id),
                    None => None,
                };
                retire_unit_in(c, &actor, now, unit, successor, expected)
            })
            .await?;
        self.forget_catalogue();
        self.forget_actors();
        self.announce([]);
        Ok(retired)
    }
}
