//! Editing units: who may change what, the rules of the tree, the audit log.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use store::Conn;
use store::unit::{Faq, Hint, Holiday, Unit, UnitDoc};
use switchboard_core::form::is_date;
use switchboard_core::unit::{Editor, Place, check, editor, key_of};
use switchboard_core::{Actor, Millis, UnitId, Week};

use crate::audit::{self, Subject, difference};
use crate::catalogue::{find_unit_in, known_unit};
use crate::{Desk, Error};

/// Characters of a description, an answer, a text about hours.
const LONGEST_TEXT: usize = 20_000;
/// Questions and hints that a unit may have.
const MOST: usize = 100;
/// Holidays that a unit may have: those of some twenty years.
const MOST_HOLIDAYS: usize = 400;
/// Years of which a file's holidays are taken, from this one on.
const YEARS_OF_FILE: i16 = 6;

/// What is to be changed of a unit; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UnitEdit {
    /// Its key.
    pub key: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// 1, 2 or 3.
    pub level: Option<i64>,
    /// The unit above it, by name or key; `Some(None)`: none.
    pub parent: Option<Option<String>>,
    /// The group it is listed under.
    pub category: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// Its mailing list; `Some(None)`: none.
    pub email: Option<Option<String>>,
    /// It triages what is new.
    pub first_level: Option<bool>,
    /// It takes what endangers security now.
    pub security: Option<bool>,
    /// A retired unit that takes tickets again. Retiring is
    /// [`Desk::retire_unit`].
    pub active: Option<bool>,
    /// For those who assign to it.
    pub faq: Option<Vec<Faq>>,
    /// Words that point to it.
    pub hints: Option<Vec<Hint>>,
    /// `base`, `medium` or `advanced`.
    pub qos: Option<String>,
    /// IANA name of its time zone.
    pub time_zone: Option<String>,
    /// Its working hours as [`Week::parse`] reads them; empty: not said.
    pub hours: Option<String>,
    /// Holidays and other days with hours of their own; the whole list.
    pub holidays: Option<Vec<Holiday>>,
    /// Days that are added to the list, as [`Desk::holidays_of_file`] gives
    /// them. Days that are in the list already stay as they are.
    pub more_holidays: Vec<Holiday>,
    /// When and how it supports, in words.
    pub support_hours: Option<String>,
    /// Whom to turn to when it does not answer.
    pub escalation: Option<String>,
}

/// A unit with the number that says whether it changed meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownUnit {
    /// The unit.
    pub unit: Unit,
    /// How often it was stored.
    pub version: i64,
}

impl UnitEdit {
    /// Puts what is given into a unit.
    ///
    /// # Errors
    /// When a name or the hours can not be read.
    pub(crate) fn onto(self, unit: &mut Unit, all: &[Unit]) -> Result<(), Error> {
        macro_rules! set {
            ($($field:ident => $place:expr;)*) => {$(
                if let Some(value) = self.$field {
                    $place = value;
                }
            )*};
        }
        if let Some(hours) = self.hours {
            let week = Week::parse(&hours).map_err(|e| Error::invalid("hours", e))?;
            unit.doc.set_week(&week);
        }
        if let Some(parent) = self.parent {
            unit.parent = match parent {
                Some(name) => Some(known_unit(all, "parent", &name)?.id),
                None => None,
            };
        }
        if self.active == Some(true) {
            unit.active = true;
            unit.successor = None;
        }
        if let Some(name) = self.name {
            unit.name = name.trim().to_owned();
        }
        set! {
            key => unit.key;
            level => unit.level;
            category => unit.category;
            description => unit.description;
            email => unit.email;
            first_level => unit.first_level;
            security => unit.security;
            faq => unit.doc.faq;
            hints => unit.doc.hints;
            qos => unit.doc.qos;
            time_zone => unit.doc.time_zone;
            holidays => unit.doc.holidays;
            support_hours => unit.doc.support_hours;
            escalation => unit.doc.escalation;
        }
        let holidays = &mut unit.doc.holidays;
        let known: BTreeSet<String> = holidays.iter().map(|h| h.date.clone()).collect();
        let news = self.more_holidays;
        if !news.is_empty() {
            holidays.extend(news.into_iter().filter(|h| !known.contains(&h.date)));
            holidays.sort_by(|a, b| a.date.cmp(&b.date));
        }
        Ok(())
    }
}

/// A unit that is to be filled in.
pub(crate) fn blank(id: UnitId) -> Unit {
    Unit {
        id,
        key: String::new(),
        name: String::new(),
        level: 2,
        parent: None,
        category: String::new(),
        description: String::new(),
        email: None,
        first_level: false,
        security: false,
        active: true,
        successor: None,
        doc: UnitDoc {
            qos: "medium".into(),
            time_zone: "UTC".into(),
            hours: Some((9 * 60, 17 * 60)),
            ..UnitDoc::default()
        },
    }
}

/// A unit as the rules of the tree see it.
pub(crate) fn place(unit: &Unit) -> Place {
    Place {
        id: unit.id,
        key: unit.key.clone(),
        name: unit.name.clone(),
        level: unit.level,
        parent: unit.parent,
        first_level: unit.first_level,
        security: unit.security,
        active: unit.active,
        successor: unit.successor,
    }
}

/// A unit as the audit log tells of it.
pub(crate) fn told(unit: &Unit, all: &[Unit]) -> Json {
    let key = |id: Option<UnitId>| {
        id.and_then(|id| all.iter().find(|u| u.id == id))
            .map(|u| u.key.clone())
    };
    let doc = &unit.doc;
    json!({
        "key": unit.key,
        "name": unit.name,
        "level": unit.level,
        "parent": key(unit.parent),
        "category": unit.category,
        "description": unit.description,
        "email": unit.email,
        "first_level": unit.first_level,
        "security": unit.security,
        "active": unit.active,
        "successor": key(unit.successor),
        "faq": doc.faq,
        "hints": doc.hints,
        "qos": doc.qos,
        "time_zone": doc.time_zone,
        "hours": doc.working_week().map(|w| w.to_string()),
        "holidays": doc.holidays,
        "support_hours": doc.support_hours,
        "escalation": doc.escalation,
    })
}

/// What storing a unit or service came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Saved {
    /// Its version now.
    pub(crate) version: i64,
    /// What was done and what differs; `None`: nothing did.
    pub(crate) deed: Option<(&'static str, Json)>,
}

/// Stores a unit, new or changed, within somebody's transaction: checks who
/// may do that, the version and the rules, and records the deed. Gives the
/// version after it; a unit that is not changed stays at its version. The
/// caller forgets the catalogue afterwards.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::Stale`], or the field that is wrong.
pub(crate) fn save_unit_in(
    c: &mut Conn<'_>,
    actor: &Actor,
    now: Millis,
    unit: &Unit,
    expected: Option<i64>,
) -> Result<i64, Error> {
    let saved = put_unit_in(c, actor, now, unit, expected)?;
    if let Some((action, detail)) = saved.deed {
        audit::record(c, actor, now, action, &Subject::Unit(unit.id), &detail)?;
    }
    Ok(saved.version)
}

/// The same without the deed, for who records many as one.
///
/// # Errors
/// As [`save_unit_in`].
pub(crate) fn put_unit_in(
    c: &mut Conn<'_>,
    actor: &Actor,
    now: Millis,
    unit: &Unit,
    expected: Option<i64>,
) -> Result<Saved, Error> {
    let all = store::unit::all(c)?;
    let before = all.iter().find(|u| u.id == unit.id);
    match (editor(actor, unit.id), before) {
        (Some(Editor::Administrator), _) => {}
        (Some(Editor::Responsible), Some(before)) => check_own_part(before, unit)?,
        _ => {
            return Err(Error::Forbidden(
                "only administrators and the unit's responsibles may edit a unit".into(),
            ));
        }
    }
    let version = store::unit::version(c, unit.id)?.unwrap_or(0);
    if expected.is_some_and(|e| e != version) {
        return Err(Error::Stale { current: version });
    }
    if before == Some(unit) {
        return Ok(Saved {
            version,
            deed: None,
        });
    }
    if before.is_some_and(|b| b.active && !unit.active) {
        return Err(Error::invalid(
            "active",
            "a unit is retired with a successor, not switched off",
        ));
    }
    check_texts(unit)?;
    check_quality(c, unit)?;
    let places: Vec<Place> = all.iter().map(place).collect();
    check(&places, &place(unit))?;
    store::unit::save(c, unit, now)?;
    let days = |u: &Unit| (u.doc.time_zone.clone(), u.doc.holidays.clone());
    if before.is_some_and(|b| days(b) != days(unit)) {
        crate::timer::anew(c, now)?;
    }
    if before.is_some_and(|b| promises_otherwise(&b.doc, &unit.doc)) {
        crate::ticket_clock::work_out_later(c, now)?;
    }
    let after = told(unit, &all);
    let deed = match before {
        None => ("unit.created", after),
        Some(before) => {
            let mut detail = difference(&told(before, &all), &after);
            detail["unit"] = json!(unit.key);
            ("unit.changed", detail)
        }
    };
    Ok(Saved {
        version: version + 1,
        deed: Some(deed),
    })
}

/// What its tickets are due is another than before.
fn promises_otherwise(a: &UnitDoc, b: &UnitDoc) -> bool {
    (&a.qos, &a.time_zone, a.hours, &a.week, &a.holidays)
        != (&b.qos, &b.time_zone, b.hours, &b.week, &b.holidays)
}

/// Responsibles edit what the unit says of itself.
fn check_own_part(before: &Unit, after: &Unit) -> Result<(), Error> {
    let doc = &after.doc;
    let allowed = Unit {
        description: after.description.clone(),
        email: after.email.clone(),
        doc: UnitDoc {
            qos: before.doc.qos.clone(),
            ..doc.clone()
        },
        ..before.clone()
    };
    if *after == allowed {
        return Ok(());
    }
    Err(Error::Forbidden(
        "responsibles edit description, FAQ, hints, hours and mailing list of their unit; the rest \
         is for administrators"
            .into(),
    ))
}

/// Whether there is the unit's quality of support.
fn check_quality(c: &mut Conn<'_>, unit: &Unit) -> Result<(), Error> {
    // Empty: nobody has said yet, as in units that were there before.
    if unit.doc.qos.is_empty() {
        return Ok(());
    }
    let targets = crate::ticket_clock::stored_targets(c)?;
    if targets.qualities.iter().any(|q| q.key == unit.doc.qos) {
        return Ok(());
    }
    let keys: Vec<String> = targets.qualities.into_iter().map(|q| q.key).collect();
    Err(Error::invalid(
        "qos",
        format!("takes one of {}; see /admin/targets", keys.join(", ")),
    ))
}

fn check_texts(unit: &Unit) -> Result<(), Error> {
    let doc = &unit.doc;
    let too_long = |field: &str, text: &str| {
        if text.chars().count() > LONGEST_TEXT {
            return Err(Error::invalid(
                field,
                format!("takes at most {LONGEST_TEXT} characters"),
            ));
        }
        Ok(())
    };
    too_long("description", &unit.description)?;
    too_long("support_hours", &doc.support_hours)?;
    too_long("escalation", &doc.escalation)?;
    if unit.category.chars().count() > 120 || unit.category.chars().any(char::is_control) {
        return Err(Error::invalid(
            "category",
            "takes one line of at most 120 characters",
        ));
    }
    if let Some(email) = &unit.email {
        crate::account::address("email", email)?;
    }
    if !doc.time_zone.is_empty() && jiff::tz::TimeZone::get(&doc.time_zone).is_err() {
        return Err(Error::invalid(
            "time_zone",
            "takes the IANA name of a time zone, as Europe/Prague or UTC",
        ));
    }
    for (field, length, most) in [
        ("faq", doc.faq.len(), MOST),
        ("hints", doc.hints.len(), MOST),
        ("holidays", doc.holidays.len(), MOST_HOLIDAYS),
    ] {
        if length > most {
            return Err(Error::invalid(field, format!("takes at most {most}")));
        }
    }
    for faq in &doc.faq {
        if faq.question.trim().is_empty() || faq.answer.trim().is_empty() {
            return Err(Error::invalid(
                "faq",
                "each question needs an answer, and the other way round",
            ));
        }
        too_long("faq", &faq.answer)?;
        too_long("faq", &faq.question)?;
    }
    for hint in &doc.hints {
        let words = &hint.words;
        if words.is_empty()
            || words.iter().any(|w| w.trim().is_empty() || w.len() > 100)
            || !(-3..=3).contains(&hint.weight)
            || hint.weight == 0
        {
            return Err(Error::invalid(
                "hints",
                "each takes words, and a weight from 1 to 3, or from -1 to -3 for what points away",
            ));
        }
    }
    for holiday in &doc.holidays {
        // Days are compared as they are written.
        if !is_date(&holiday.date) {
            return Err(Error::invalid(
                "holidays",
                format!("{:?}: a day is written as 2026-12-24", holiday.date),
            ));
        }
        holiday
            .special_day()
            .map_err(|problem| Error::invalid("holidays", problem))?;
    }
    Ok(())
}

impl Desk {
    /// A unit by key or name as it is stored now, for editing.
    ///
    /// # Errors
    /// When there is no such unit.
    pub async fn known_unit(&self, name: &str) -> Result<KnownUnit, Error> {
        let name = name.to_owned();
        self.0
            .db
            .read(move |c| {
                let all = store::unit::all(c)?;
                let unit = find_unit_in(&all, &name)
                    .ok_or_else(|| Error::not_found(format!("unit {name:?}")))?
                    .clone();
                let version = store::unit::version(c, unit.id)?.unwrap_or(0);
                Ok(KnownUnit { unit, version })
            })
            .await
    }

    /// The holidays in an iCalendar file, from this year on for six years: what
    /// comes every year comes as one day of each.
    ///
    /// # Errors
    /// On `icalendar`, with the line and what would be right.
    pub fn holidays_of_file(&self, text: &str) -> Result<Vec<Holiday>, Error> {
        let year = jiff::Timestamp::from_millisecond(self.now())
            .map_or(1970, |now| jiff::tz::TimeZone::UTC.to_datetime(now).year());
        let last = year.saturating_add(YEARS_OF_FILE - 1);
        let days = switchboard_core::icalendar::holidays(text, year..=last)
            .map_err(|problem| Error::invalid("icalendar", problem.to_string()))?;
        if days.is_empty() {
            return Err(Error::invalid(
                "icalendar",
                format!("it has no day from {year} to {last}; take a newer one"),
            ));
        }
        Ok(days
            .into_iter()
            .map(|day| Holiday {
                date: day.date.to_string(),
                name: day.name,
                hours: Vec::new(),
            })
            .collect())
    }

    /// Makes a unit; without a key it is made from the name.
    ///
    /// # Errors
    /// Unless an administrator does it; or the field that is wrong.
    pub async fn create_unit(&self, actor: &Actor, edit: UnitEdit) -> Result<KnownUnit, Error> {
        let (now, id, actor) = (self.now(), UnitId(self.uuid()), actor.clone());
        let known = self
            .0
            .db
            .write(move |c| {
                let all = store::unit::all(c)?;
                let mut unit = blank(id);
                edit.clone().onto(&mut unit, &all)?;
                if unit.key.is_empty() {
                    unit.key = key_of(&unit.name);
                }
                let version = save_unit_in(c, &actor, now, &unit, None)?;
                Ok::<_, Error>(KnownUnit { unit, version })
            })
            .await?;
        self.forget_catalogue();
        Ok(known)
    }

    /// Changes a unit.
    ///
    /// # Errors
    /// [`Error::Stale`] when `expected` is no longer its version;
    /// [`Error::Forbidden`]; or the field that is wrong.
    pub async fn change_unit(
        &self,
        actor: &Actor,
        name: &str,
        expected: Option<i64>,
        edit: UnitEdit,
    ) -> Result<KnownUnit, Error> {
        let (now, actor, name) = (self.now(), actor.clone(), name.to_owned());
        let known = self
            .0
            .db
            .write(move |c| {
                let all = store::unit::all(c)?;
                let mut unit = find_unit_in(&all, &name)
                    .ok_or_else(|| Error::not_found(format!("unit {name:?}")))?
                    .clone();
                edit.clone().onto(&mut unit, &all)?;
                let version = save_unit_in(c, &actor, now, &unit, expected)?;
                Ok::<_, Error>(KnownUnit { unit, version })
            })
            .await?;
        self.forget_catalogue();
        self.forget_actors();
        Ok(known)
    }
}
