//! What a row of each kind of dump does, through the rules of its noun.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use store::Conn;
use store::site::Site;
use store::unit::Unit;
use switchboard_core::{Actor, Millis, Part, PersonId, ServiceId, UnitId};

use super::table::Row;
use crate::account::{address, find_or_make};
use crate::catalogue::known_unit;
use crate::service::{self, ServiceEdit, put_service_in};
use crate::site::{SiteEdit, put_site_in};
use crate::staff::{Occasion, enrol, person};
use crate::unit::edit::{UnitEdit, blank, put_unit_in};
use crate::unit::retire::retire_unit_in;
use crate::{Catalogue, Desk, Error, Live};

/// What a row comes to: the deed and what differs; `None`: nothing does.
pub(super) type Done = Option<(&'static str, Json)>;

/// What a complete dump lacks, by key, and what became of it.
pub(super) type Gone = (String, Result<Done, Error>);

/// The columns of units.
pub(super) const UNITS: [&str; 19] = [
    "key",
    "name",
    "level",
    "parent",
    "category",
    "description",
    "email",
    "qos",
    "time_zone",
    "hours",
    "support_hours",
    "escalation",
    "first_level",
    "security",
    "active",
    "successor",
    "faq",
    "hints",
    "holidays",
];
/// The columns of services.
pub(super) const SERVICES: [&str; 15] = [
    "key",
    "name",
    "unit",
    "provider",
    "area",
    "description",
    "option",
    "list",
    "aliases",
    "position",
    "contact",
    "known_errors",
    "changes",
    "form",
    "active",
];
/// The columns of sites.
pub(super) const SITES: [&str; 7] = [
    "key", "name", "aliases", "contact", "unit", "country", "active",
];
/// The columns of members.
pub(super) const MEMBERS: [&str; 4] = ["unit", "email", "name", "part"];

/// Ids for what a dump may make, one for each row.
pub(super) struct Ids(Vec<uuid::Uuid>);

impl Ids {
    pub(super) fn for_rows(desk: &Desk, rows: usize) -> Ids {
        Ids((0..rows).map(|_| desk.uuid()).collect())
    }

    pub(super) fn at(&self, index: usize) -> uuid::Uuid {
        self.0.get(index).copied().unwrap_or_default()
    }
}

/// One unit.
pub(super) fn unit(
    c: &mut Conn<'_>,
    actor: &Actor,
    now: Millis,
    row: &Row,
    fresh: uuid::Uuid,
) -> Result<Done, Error> {
    let key = row.needed("key")?;
    let all = store::unit::all(c)?;
    let known = all.iter().find(|u| u.key.eq_ignore_ascii_case(&key));
    let active = row.flag("active")?;
    let edit = UnitEdit {
        key: known.is_none().then(|| key.clone()),
        name: if known.is_some() {
            row.word("name")?
        } else {
            Some(row.needed("name")?)
        },
        level: row.number("level")?,
        parent: row.maybe("parent")?,
        category: row.text("category")?,
        description: row.text("description")?,
        email: row.maybe("email")?,
        first_level: row.flag("first_level")?,
        security: row.flag("security")?,
        active: active.filter(|a| *a),
        faq: row.json("faq", "takes a list of {\"question\", \"answer\"} in JSON")?,
        hints: row.json(
            "hints",
            "takes a list of {\"words\": […], \"weight\"} in JSON",
        )?,
        qos: row.word("qos")?,
        time_zone: row.word("time_zone")?,
        hours: row.text("hours")?,
        holidays: row.json(
            "holidays",
            "takes a list of {\"date\", \"name\", \"hours\"} in JSON",
        )?,
        more_holidays: Vec::new(),
        support_hours: row.text("support_hours")?,
        escalation: row.text("escalation")?,
    };
    let mut unit = known.cloned().unwrap_or_else(|| blank(UnitId(fresh)));
    let was_active = known.is_some_and(|u| u.active);
    edit.onto(&mut unit, &all)?;
    let mut done = put_unit_in(c, actor, now, &unit, None)?.deed;
    if active == Some(false) && (was_active || known.is_none()) {
        let successor = match row.word("successor")? {
            Some(name) => Some(known_unit(&store::unit::all(c)?, "successor", &name)?.id),
            None => None,
        };
        retire_unit_in(c, actor, now, unit.id, successor, None)?;
        let mut detail = done.map_or_else(|| json!({"unit": unit.key}), |(_, detail)| detail);
        detail["active"] = json!([was_active, false]);
        done = Some(("unit.retired", detail));
    }
    Ok(done)
}

/// One service.
pub(super) fn service(
    c: &mut Conn<'_>,
    desk: &Desk,
    actor: &Actor,
    row: &Row,
    fresh: uuid::Uuid,
) -> Result<Done, Error> {
    let now = desk.now();
    let key = row.needed("key")?;
    let (units, all) = (store::unit::all(c)?, store::unit::services(c)?);
    let known = all.iter().find(|s| s.key.eq_ignore_ascii_case(&key));
    let new = known.is_none();
    let edit = ServiceEdit {
        key: new.then(|| key.clone()),
        name: if new {
            Some(row.needed("name")?)
        } else {
            row.word("name")?
        },
        unit: if new {
            Some(row.needed("unit")?)
        } else {
            row.word("unit")?
        },
        provider: row.text("provider")?,
        area: row.text("area")?,
        description: row.text("description")?,
        option: row.word("option")?,
        list: row.maybe("list")?,
        lamp: None,
        lamp_text: None,
        active: row.flag("active")?,
        position: row.number("position")?,
        aliases: row.words("aliases")?,
        form: row.json("form", "takes a list of fields in JSON")?,
        contact: row.text("contact")?,
        known_errors: row.text("known_errors")?,
        changes: row.text("changes")?,
    };
    let last = all.iter().map(|s| s.position).max().unwrap_or(0);
    let mut service = known
        .cloned()
        .unwrap_or_else(|| service::blank(ServiceId(fresh), last + 1));
    edit.onto(&mut service, &units)?;
    service::check_list(c, desk, &service, known)?;
    Ok(put_service_in(c, actor, now, &service, None)?.deed)
}

/// One site.
pub(super) fn site(c: &mut Conn<'_>, now: Millis, row: &Row) -> Result<Done, Error> {
    let key = row.needed("key")?;
    let all = store::site::all(c)?;
    let known = all.iter().find(|s| s.key.eq_ignore_ascii_case(&key));
    let edit = SiteEdit {
        name: if known.is_some() {
            row.word("name")?
        } else {
            Some(row.needed("name")?)
        },
        aliases: row.words("aliases")?,
        contact: row.maybe("contact")?,
        unit: row.maybe("unit")?,
        country: row.text("country")?,
        active: row.flag("active")?,
    };
    let mut site = known.cloned().unwrap_or_else(|| Site {
        key,
        active: true,
        ..Site::default()
    });
    edit.onto(&mut site, &store::unit::all(c)?)?;
    put_site_in(c, now, &site, None)
}

/// What a row about a member comes to.
pub(super) struct Member {
    /// The deed.
    pub(super) done: Done,
    /// Who is in which unit.
    pub(super) who: (UnitId, PersonId),
    /// The tickets that changed with it.
    pub(super) live: Vec<Live>,
}

/// A row makes somebody responsible.
pub(super) fn leads(row: &Row) -> bool {
    let part = row.word("part").ok().flatten();
    part.is_some_and(|p| p.eq_ignore_ascii_case("responsible"))
}

/// One member. Somebody not known yet gets an account without a password, and
/// the support permission goes with the membership.
pub(super) fn member(
    c: &mut Conn<'_>,
    (desk, catalogue): (&Desk, &Catalogue),
    occasion: &Occasion<'_>,
    row: &Row,
    units: &[Unit],
    fresh: uuid::Uuid,
) -> Result<Member, Error> {
    let now = desk.now();
    let unit = known_unit(units, "unit", &row.needed("unit")?)?;
    if !unit.active {
        return Err(Error::invalid(
            "unit",
            format!("{} is retired; name an active unit", unit.name),
        ));
    }
    let address = address("email", &row.needed("email")?)?;
    let part = match row.word("part")?.map(|p| p.to_lowercase()).as_deref() {
        None | Some("member") => Part::Member,
        Some("responsible") => Part::Responsible,
        Some(_) => return Err(Error::invalid("part", "takes member or responsible")),
    };
    let known = store::person::by_email(c, address.as_str())?;
    let new = known.is_none();
    let name = row.text("name")?.unwrap_or_default();
    let mut person = match known {
        Some(person) => person,
        None => find_or_make(c, PersonId(fresh), &address, &name, now)?,
    };
    if !person.active {
        return Err(Error::invalid(
            "email",
            "this account is switched off; switch it on first",
        ));
    }
    let had_support = person.support;
    if !had_support {
        person.support = true;
        store::person::update(c, &person, now)?;
    }
    let before = store::staff::part_in(c, unit.id, person.id)?;
    let who = (unit.id, person.id);
    // The column that is wrong: the rules refuse the part, nothing else.
    let (change, live) =
        enrol(desk, c, catalogue, occasion, unit, person.id, Some(part)).map_err(|e| match e {
            Error::Conflict(problem) => Error::invalid("part", problem),
            other => other,
        })?;
    if change.is_none() && had_support {
        return Ok(Member {
            done: None,
            who,
            live,
        });
    }
    let word = store::person::part_key;
    let mut detail = json!({
        "unit": unit.key,
        "email": address.as_str(),
        "part": [before.map(word), word(part)],
    });
    if !had_support {
        detail["support"] = json!([false, true]);
    }
    let action = if new || before.is_none() {
        "unit.member_added"
    } else {
        "unit.member_changed"
    };
    Ok(Member {
        done: Some((action, detail)),
        who,
        live,
    })
}

/// Retires what a complete dump of units, services or sites does not have.
/// Gives what was retired, by key, or why not.
pub(super) fn retire_missing(
    c: &mut Conn<'_>,
    actor: &Actor,
    now: Millis,
    kind: super::Kind,
    keys: &[String],
) -> Result<Vec<Gone>, Error> {
    let missing = |key: &str| !keys.iter().any(|k| k.eq_ignore_ascii_case(key));
    let mut retired = Vec::new();
    match kind {
        super::Kind::Units => {
            // From the leaves up: who has nothing under it can go.
            let mut left: Vec<_> = store::unit::all(c)?
                .into_iter()
                .filter(|u| u.active && missing(&u.key))
                .collect();
            left.sort_by_key(|u| std::cmp::Reverse(u.level));
            for _ in 0..left.len() {
                let children: Vec<UnitId> = left.iter().filter_map(|u| u.parent).collect();
                let Some(at) = left.iter().position(|u| !children.contains(&u.id)) else {
                    break;
                };
                let unit = left.remove(at);
                let end = retire_unit_in(c, actor, now, unit.id, None, None)
                    .map(|_| Some(("unit.retired", json!({"unit": unit.key}))));
                retired.push((unit.key, end));
            }
        }
        super::Kind::Services => {
            for mut service in store::unit::services(c)? {
                if service.active && missing(&service.key) {
                    service.active = false;
                    let end = put_service_in(c, actor, now, &service, None).map(|s| s.deed);
                    retired.push((service.key, end));
                }
            }
        }
        super::Kind::Sites => {
            for mut site in store::site::all(c)? {
                if site.active && missing(&site.key) {
                    site.active = false;
                    retired.push((site.key.clone(), put_site_in(c, now, &site, None)));
                }
            }
        }
        super::Kind::Members => {}
    }
    Ok(retired)
}

/// Removes the members that a complete dump does not have, of the units that
/// it names.
pub(super) fn remove_missing_members(
    c: &mut Conn<'_>,
    (desk, catalogue): (&Desk, &Catalogue),
    occasion: &Occasion<'_>,
    kept: &BTreeMap<UnitId, Vec<PersonId>>,
) -> Result<(Vec<Gone>, Vec<Live>), Error> {
    let units = store::unit::all(c)?;
    let (mut removed, mut live) = (Vec::new(), Vec::new());
    for (id, people) in kept {
        let Some(unit) = units.iter().find(|u| u.id == *id) else {
            continue;
        };
        for member in store::staff::crew(c, *id)? {
            if people.contains(&member.person) {
                continue;
            }
            let who = person(c, member.person)?;
            let name = who.email.unwrap_or(who.name);
            let what = format!("{}: {name}", unit.key);
            match enrol(desk, c, catalogue, occasion, unit, member.person, None) {
                Ok((_, more)) => {
                    live.extend(more);
                    let detail = json!({"unit": unit.key, "email": name});
                    removed.push((what, Ok(Some(("unit.member_removed", detail)))));
                }
                Err(Error::Conflict(problem)) => {
                    removed.push((what, Err(Error::invalid("part", problem))));
                }
                Err(other) => return Err(other),
            }
        }
    }
    Ok((removed, live))
}

/// Whether the units that a row names are known by now, so that the row can be
/// done: a parent or successor may stand further down.
pub(super) fn ready(row: &Row, known: &BTreeSet<String>) -> bool {
    ["parent", "successor"].iter().all(|name| {
        row.word(name)
            .ok()
            .flatten()
            .is_none_or(|word| known.contains(&word.to_lowercase()))
    })
}

/// By what others may name the unit of a row.
pub(super) fn names(row: &Row) -> impl Iterator<Item = String> {
    ["key", "name"]
        .into_iter()
        .filter_map(|name| row.word(name).ok().flatten())
        .map(|word| word.to_lowercase())
}

/// What a row is called in the plan.
pub(super) fn title(kind: super::Kind, row: &Row) -> String {
    let text = |name: &str| row.text(name).ok().flatten().unwrap_or_default();
    match kind {
        super::Kind::Members => format!("{}: {}", text("unit"), text("email")),
        _ => text("key"),
    }
}
