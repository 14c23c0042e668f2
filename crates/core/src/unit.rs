//! The tree of support units: what may stand where, and what happens when one
//! is retired (domain section 4).

use std::collections::BTreeSet;

use crate::access::{Actor, Part};
use crate::command::Refusal;
use crate::id::UnitId;

/// Characters of a name.
const LONGEST_NAME: usize = 120;
/// Characters of a key.
pub const LONGEST_KEY: usize = 60;

/// A unit as the rules of the tree look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub id: UnitId,
    /// Its key in addresses.
    pub key: String,
    /// Its name.
    pub name: String,
    /// 1, 2 or 3.
    pub level: i64,
    /// The unit above it.
    pub parent: Option<UnitId>,
    /// It triages what is new.
    pub first_level: bool,
    /// It takes what endangers security now.
    pub security: bool,
    /// It takes tickets.
    pub active: bool,
    /// Who took over from a retired unit.
    pub successor: Option<UnitId>,
}

/// How much of a unit somebody may edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Editor {
    /// What the unit says of itself: description, FAQ, hints, hours, list.
    Responsible,
    /// Everything.
    Administrator,
}

/// What of a unit an actor may edit; `None`: nothing.
pub fn editor(actor: &Actor, unit: UnitId) -> Option<Editor> {
    if actor.admin || actor.is_system() {
        Some(Editor::Administrator)
    } else if actor.in_unit(unit) == Some(Part::Responsible) {
        Some(Editor::Responsible)
    } else {
        None
    }
}

fn invalid<T>(field: &'static str, problem: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Invalid {
        field,
        problem: problem.into(),
    })
}

/// A name that people see: one line that says something.
///
/// # Errors
/// [`Refusal::Invalid`] on `name`.
pub fn check_name(name: &str) -> Result<(), Refusal> {
    let length = name.chars().count();
    if name.trim().is_empty()
        || name.trim() != name
        || length > LONGEST_NAME
        || name.chars().any(char::is_control)
    {
        return invalid(
            "name",
            format!("takes one line of 1 to {LONGEST_NAME} characters"),
        );
    }
    Ok(())
}

/// A key that stands in addresses.
///
/// # Errors
/// [`Refusal::Invalid`] on `key`.
pub fn check_key(key: &str) -> Result<(), Refusal> {
    let fine = key.len() <= LONGEST_KEY
        && key.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
    if fine {
        return Ok(());
    }
    invalid(
        "key",
        format!("takes 1 to {LONGEST_KEY} small letters, digits, - and _; it stands in addresses"),
    )
}

/// A key made from a name: `Ústav výpočtů 2` gives `stav-v-po-t-2`.
pub fn key_of(name: &str) -> String {
    let mut key = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            key.push(c.to_ascii_lowercase());
        } else if !key.is_empty() && !key.ends_with('-') {
            key.push('-');
        }
        if key.len() >= LONGEST_KEY {
            break;
        }
    }
    key.trim_end_matches('-').to_owned()
}

/// Two names that people may take for the same.
pub fn same_name(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// Whether a unit may be (or become) so. `all` are the units as they are, with
/// or without this one.
///
/// # Errors
/// [`Refusal::Invalid`] names the field: a key or name that another unit has,
/// a circle, a level above that of its parent or below that of a unit under it, a
/// desk that would be left without first level.
pub fn check(all: &[Place], unit: &Place) -> Result<(), Refusal> {
    check_name(&unit.name)?;
    check_key(&unit.key)?;
    let others = || all.iter().filter(|p| p.id != unit.id);
    for other in others() {
        // Units are found by key and by name, so the two are one space.
        if other.key == unit.key || same_name(&other.name, &unit.key) {
            return invalid("key", format!("{} has it already", other.name));
        }
        if same_name(&other.name, &unit.name) || same_name(&other.key, &unit.name) {
            return invalid("name", format!("{} has it already", other.name));
        }
    }
    if !(1..=3).contains(&unit.level) {
        return invalid("level", "takes 1, 2 or 3");
    }
    if let Some(parent) = unit.parent {
        check_parent(all, unit, parent)?;
    }
    if let Some(below) = others().find(|p| p.parent == Some(unit.id) && p.level < unit.level) {
        return invalid(
            "level",
            format!(
                "{} stands under it and has level {}; give it at least level {} first, or another \
                 parent",
                below.name, below.level, unit.level
            ),
        );
    }
    if unit.first_level && unit.level != 1 {
        return invalid("level", "first level has level 1");
    }
    let was = all.iter().find(|p| p.id == unit.id);
    if !(unit.active && unit.first_level)
        && was.is_some_and(|w| w.active && w.first_level)
        && !others().any(|p| p.active && p.first_level)
    {
        return invalid(
            "first_level",
            "it is the only first level; make another unit first level before",
        );
    }
    Ok(())
}

fn check_parent(all: &[Place], unit: &Place, parent: UnitId) -> Result<(), Refusal> {
    let Some(above) = all.iter().find(|p| p.id == parent) else {
        return invalid("parent", "there is no such unit");
    };
    if parent == unit.id || is_below(all, parent, unit.id) {
        return invalid(
            "parent",
            format!(
                "{} stands under {} already; move that one first",
                above.name, unit.name
            ),
        );
    }
    if !above.active {
        return invalid(
            "parent",
            format!("{} is retired; choose an active unit", above.name),
        );
    }
    if above.level > unit.level {
        return invalid(
            "parent",
            format!(
                "{} has level {}, and a unit of level {} stands under one of the same or a lower \
                 number",
                above.name, above.level, unit.level
            ),
        );
    }
    Ok(())
}

/// `unit` stands somewhere under `above`.
pub fn is_below(all: &[Place], unit: UnitId, above: UnitId) -> bool {
    let mut seen = BTreeSet::new();
    let mut at = Some(unit);
    while let Some(id) = at {
        if !seen.insert(id) {
            return false;
        }
        at = all.iter().find(|p| p.id == id).and_then(|p| p.parent);
        if at == Some(above) {
            return true;
        }
    }
    false
}

/// Who works now for a unit: itself while it is active, else its successor's
/// successor and so on; `None` when the line ends at a retired unit.
pub fn heir<'a, U: 'a>(
    unit: UnitId,
    find: impl Fn(UnitId) -> Option<&'a U>,
    active: impl Fn(&U) -> bool,
    successor: impl Fn(&U) -> Option<UnitId>,
) -> Option<&'a U> {
    let mut seen = BTreeSet::new();
    let mut at = unit;
    loop {
        let here = find(at)?;
        if active(here) {
            return Some(here);
        }
        if !seen.insert(at) {
            return None;
        }
        at = successor(here)?;
    }
}

/// What still hangs on a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Its open tickets.
    pub tickets: i64,
    /// The services that name it.
    pub services: usize,
}

/// What happens when a unit is retired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retirement {
    /// The units under it, each with its new parent.
    pub children: Vec<(UnitId, Option<UnitId>)>,
    /// The successor becomes first level.
    pub first_level: bool,
    /// The successor takes what endangers security.
    pub security: bool,
}

/// Whether a unit may be retired, and what follows. Its open tickets and its
/// services go to the successor; so do the units under it, where their level
/// allows it, and the duties that only it has.
///
/// # Errors
/// [`Refusal::Invalid`] on `successor`: it is needed, or can not take over.
pub fn retire(
    all: &[Place],
    unit: UnitId,
    successor: Option<UnitId>,
    load: Load,
) -> Result<Retirement, Refusal> {
    let Some(place) = all.iter().find(|p| p.id == unit) else {
        return invalid("unit", "there is no such unit");
    };
    if !place.active {
        return invalid("active", format!("{} is retired already", place.name));
    }
    let only = |has: fn(&Place) -> bool| {
        has(place) && !all.iter().any(|p| p.id != unit && p.active && has(p))
    };
    let first_level = only(|p| p.first_level);
    let security = only(|p| p.security);
    let children: Vec<&Place> = all
        .iter()
        .filter(|p| p.parent == Some(unit) && p.id != unit)
        .collect();
    let Some(successor) = successor else {
        let why = if first_level {
            Some("it is the only first level".to_owned())
        } else if security {
            Some("it is the only unit that takes dangers to security".to_owned())
        } else if load.tickets > 0 {
            Some(format!("it has {} open tickets", load.tickets))
        } else if load.services > 0 {
            Some(format!("{} services name it", load.services))
        } else if children.iter().any(|p| p.active) {
            Some("units stand under it".to_owned())
        } else {
            None
        };
        return match why {
            Some(why) => invalid("successor", format!("{why}: say who takes over")),
            None => Ok(Retirement {
                children: children.iter().map(|p| (p.id, place.parent)).collect(),
                first_level,
                security,
            }),
        };
    };
    let Some(heir) = all.iter().find(|p| p.id == successor) else {
        return invalid("successor", "there is no such unit");
    };
    if successor == unit {
        return invalid("successor", "a unit can not take over from itself");
    }
    if !heir.active {
        return invalid(
            "successor",
            format!("{} is retired itself; name an active unit", heir.name),
        );
    }
    if first_level && heir.level != 1 {
        return invalid(
            "successor",
            format!(
                "{} would be the only first level, which has level 1; it has level {}",
                heir.name, heir.level
            ),
        );
    }
    let new_parent = |child: &Place| {
        if child.id == successor || is_below(all, successor, child.id) {
            place.parent
        } else if heir.level <= child.level {
            Some(successor)
        } else {
            place.parent
        }
    };
    Ok(Retirement {
        children: children.iter().map(|p| (p.id, new_parent(p))).collect(),
        first_level,
        security,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn id(n: u128) -> UnitId {
        UnitId(Uuid::from_u128(n))
    }

    fn place(n: u128, level: i64, parent: Option<u128>) -> Place {
        Place {
            id: id(n),
            key: format!("u{n}"),
            name: format!("Unit {n}"),
            level,
            parent: parent.map(id),
            first_level: n == 1,
            security: n == 2,
            active: true,
            successor: None,
        }
    }

    /// First level, security under it, storage under it with disks below.
    fn tree() -> Vec<Place> {
        vec![
            place(1, 1, None),
            place(2, 2, Some(1)),
            place(3, 2, Some(1)),
            place(4, 3, Some(3)),
        ]
    }

    fn refused(all: &[Place], unit: &Place) -> (&'static str, String) {
        match check(all, unit).unwrap_err() {
            Refusal::Invalid { field, problem } => (field, problem),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_unit_can_not_stand_under_itself_or_its_own() {
        let all = tree();
        for parent in [3, 4] {
            let (field, problem) = refused(&all, &place(3, 2, Some(parent)));
            assert_eq!(field, "parent", "{problem}");
        }
    }

    #[test]
    fn levels_grow_downwards() {
        let mut all = tree();
        assert_eq!(refused(&all, &place(2, 2, Some(4))).0, "parent");
        // Unit 4 has level 3, so its parent may have it too.
        check(&all, &place(3, 3, Some(1))).unwrap();
        all.push(place(5, 2, Some(3)));
        assert_eq!(refused(&all, &place(3, 3, Some(1))).0, "level");
    }

    #[test]
    fn keys_and_names_are_one_space() {
        let all = tree();
        let mut new = place(9, 2, None);
        new.name = "u3".into();
        assert_eq!(refused(&all, &new).0, "name");
        new.name = "UNIT 3".into();
        assert_eq!(refused(&all, &new).0, "name");
        new.name = "Fine".into();
        new.key = "u3".into();
        assert_eq!(refused(&all, &new).0, "key");
        new.key = "Not fine".into();
        assert_eq!(refused(&all, &new).0, "key");
    }

    #[test]
    fn the_desk_keeps_a_first_level() {
        let all = tree();
        let mut first = place(1, 1, None);
        first.first_level = false;
        assert_eq!(refused(&all, &first).0, "first_level");
        first.first_level = true;
        first.level = 2;
        assert_eq!(refused(&all, &first).0, "level");
    }

    #[test]
    fn who_has_duties_names_who_takes_over() {
        let all = tree();
        for (unit, load) in [
            (1, Load::default()),
            (2, Load::default()),
            (3, Load::default()),
            (
                4,
                Load {
                    tickets: 1,
                    services: 0,
                },
            ),
            (
                4,
                Load {
                    tickets: 0,
                    services: 1,
                },
            ),
        ] {
            retire(&all, id(unit), None, load).unwrap_err();
        }
        retire(&all, id(4), None, Load::default()).unwrap();
        // Storage has level 2, and the only first level has level 1.
        retire(&all, id(1), Some(id(3)), Load::default()).unwrap_err();
    }

    #[test]
    fn the_heir_takes_children_and_duties() {
        let all = tree();
        let end = retire(&all, id(3), Some(id(2)), Load::default()).unwrap();
        assert_eq!(end.children, [(id(4), Some(id(2)))]);
        // A child that takes over stands where its parent stood.
        let end = retire(&all, id(3), Some(id(4)), Load::default()).unwrap();
        assert_eq!(end.children, [(id(4), Some(id(1)))]);
        let end = retire(&all, id(2), Some(id(3)), Load::default()).unwrap();
        assert!(end.security && !end.first_level);
    }

    proptest! {
        /// Whatever is done to the tree by the rules, there is no circle, every
        /// retired unit's line ends at an active one or at nothing, and one
        /// first level stays.
        #[test]
        fn the_tree_stays_a_tree(deeds in prop::collection::vec((0..2u8, 0..7u128, 0..7u128, 1..=3i64), 1..40)) {
            let mut all = tree();
            all.extend((5..7).map(|n| place(n, 1, None)));
            for (deed, a, b, level) in deeds {
                let (a, b) = (id(a), id(b));
                if deed == 0 {
                    let Some(mut unit) = all.iter().find(|p| p.id == a).cloned() else { continue };
                    unit.parent = Some(b);
                    unit.level = level;
                    if check(&all, &unit).is_ok() {
                        let at = all.iter().position(|p| p.id == a).unwrap();
                        all[at] = unit;
                    }
                } else if let Ok(end) = retire(&all, a, Some(b), Load::default()) {
                    for (child, parent) in end.children {
                        all.iter_mut().find(|p| p.id == child).unwrap().parent = parent;
                    }
                    for p in &mut all {
                        if p.id == a {
                            p.active = false;
                            p.successor = Some(b);
                        } else if p.id == b {
                            p.first_level |= end.first_level;
                            p.security |= end.security;
                        }
                    }
                }
                for p in &all {
                    prop_assert!(!is_below(&all, p.id, p.id), "a circle at {}", p.name);
                    let heir = heir(p.id, |i| all.iter().find(|p| p.id == i), |p| p.active, |p| p.successor);
                    prop_assert!(heir.is_some());
                    if let Some(above) = p.parent.and_then(|i| all.iter().find(|p| p.id == i)) {
                        prop_assert!(above.level <= p.level || !p.active, "{} under {}", p.name, above.name);
                    }
                }
                prop_assert!(all.iter().any(|p| p.active && p.first_level));
            }
        }
    }
}
