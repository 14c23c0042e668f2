//! Support units, services and the lists of values.

use serde::{Deserialize, Serialize};
use switchboard_core::working_time::Calendar;
use switchboard_core::{Millis, Part, PersonId, ServiceId, SpecialDay, TicketNumber, UnitId, Week};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

pub use switchboard_core::form::{FieldType, FormField};

/// One question and its answer on a unit's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faq {
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
}

/// Words that point to a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The words, lower case.
    pub words: Vec<String>,
    /// How much a hit counts, 1 to 3; negative: points away.
    pub weight: i64,
}

/// A day on which a unit works otherwise than its week says: mostly a holiday,
/// on which nobody does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holiday {
    /// The day, as `2026-12-24`.
    pub date: String,
    /// What is celebrated; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The hours of that day, from and to, in minutes after midnight; empty:
    /// closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<(u32, u32)>,
}

impl Holiday {
    /// The day as the rules know it.
    ///
    /// # Errors
    /// What of it can not be read, and how it is written.
    pub fn special_day(&self) -> Result<SpecialDay, String> {
        let date = self
            .date
            .parse()
            .map_err(|_| format!("{:?}: a day is written as 2026-12-24", self.date))?;
        SpecialDay::new(date, self.hours.clone(), &self.name)
    }
}

impl From<SpecialDay> for Holiday {
    fn from(day: SpecialDay) -> Holiday {
        Holiday {
            date: day.date().to_string(),
            name: day.name().to_owned(),
            hours: day.hours().to_vec(),
        }
    }
}

/// The part of a unit that is only shown or read whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct UnitDoc {
    /// For those who assign to the unit.
    pub faq: Vec<Faq>,
    /// Words that point to the unit.
    pub hints: Vec<Hint>,
    /// Quality of support: `base`, `medium` or `advanced`.
    pub qos: String,
    /// IANA name of the time zone of the hours.
    pub time_zone: String,
    /// Working hours from Monday to Friday, from and to, in minutes after
    /// midnight; `None`: see `week`.
    pub hours: Option<(u32, u32)>,
    /// Working hours of each day from Monday to Sunday, where the days differ;
    /// empty: see `hours`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub week: Vec<Vec<(u32, u32)>>,
    /// Holidays and other days with hours of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Holiday>,
    /// When and how the unit supports, in its own words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub support_hours: String,
    /// Whom to turn to when the unit does not answer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub escalation: String,
}

impl UnitDoc {
    /// The working hours of a week; `None`: the unit has not said.
    pub fn working_week(&self) -> Option<Week> {
        match self.hours {
            Some(hours) => Some(Week::workdays(hours)),
            None => Week::of(&self.week),
        }
    }

    /// When the unit works. What it has not said is as usual.
    pub fn calendar(&self) -> Calendar {
        let days: Vec<SpecialDay> = self
            .holidays
            .iter()
            .filter_map(|h| h.special_day().ok())
            .collect();
        Calendar::new(&self.time_zone, self.working_week(), []).with(&days)
    }

    /// The days on which somebody who asked the unit for something may be expected to
    /// answer: Monday to Friday, 9 to 17 in the unit's time zone, without its holidays,
    /// whatever the unit's own hours are.
    pub fn working_days(&self) -> Calendar {
        let free: Vec<SpecialDay> = self
            .holidays
            .iter()
            .filter_map(|h| h.special_day().ok())
            .filter(|day| day.hours().is_empty())
            .collect();
        Calendar::new(&self.time_zone, None, []).with(&free)
    }

    /// Keeps working hours, the usual ones in the shortest way.
    pub fn set_week(&mut self, week: &Week) {
        self.hours = week.one_stretch();
        self.week = if self.hours.is_some() || week.is_empty() {
            Vec::new()
        } else {
            week.days().to_vec()
        };
    }
}

/// A support unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
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
    /// The group it is listed under.
    pub category: String,
    /// What it does.
    pub description: String,
    /// Its mailing list.
    pub email: Option<String>,
    /// It triages what is new.
    pub first_level: bool,
    /// It takes tickets with an imminent security risk.
    pub security: bool,
    /// A retired unit takes no tickets.
    pub active: bool,
    /// Who took over from a retired unit.
    pub successor: Option<UnitId>,
    /// Everything else.
    pub doc: UnitDoc,
}

const UNIT: &str = "SELECT id, key, name, level, parent, category, description, email,
  first_level, security, active, successor, doc FROM unit";

fn read(row: &Row<'_>) -> Result<Unit, Error> {
    let doc: String = row.get(12)?;
    Ok(Unit {
        id: row.get(0)?,
        key: row.get(1)?,
        name: row.get(2)?,
        level: row.get(3)?,
        parent: row.get(4)?,
        category: row.get(5)?,
        description: row.get(6)?,
        email: row.get(7)?,
        first_level: row.get(8)?,
        security: row.get(9)?,
        active: row.get(10)?,
        successor: row.get(11)?,
        doc: serde_json::from_str(&doc)
            .map_err(|e| Error::Corrupt(format!("unit document: {e}")))?,
    })
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|e| Error::Corrupt(format!("document to JSON: {e}")))
}

/// Stores a unit, new or changed.
pub fn save(conn: &mut Conn<'_>, u: &Unit, now: Millis) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO unit (id, key, name, level, parent, category, description, email,
           first_level, security, active, successor, doc, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (id) DO UPDATE SET key = excluded.key, name = excluded.name,
           level = excluded.level, parent = excluded.parent, category = excluded.category,
           description = excluded.description, email = excluded.email,
           first_level = excluded.first_level, security = excluded.security,
           active = excluded.active, successor = excluded.successor, doc = excluded.doc,
           updated_at = excluded.updated_at, version = unit.version + 1",
        params![
            u.id,
            u.key.as_str(),
            u.name.as_str(),
            u.level,
            u.parent,
            u.category.as_str(),
            u.description.as_str(),
            u.email.clone(),
            u.first_level,
            u.security,
            u.active,
            u.successor,
            json(&u.doc)?,
            now,
        ],
    )?;
    Ok(())
}

/// Every unit, by level and name.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Unit>, Error> {
    let mut sql = crate::value::Sql::new(UNIT);
    sql.push(" ORDER BY level, name");
    conn.run(&sql, read)
}

/// How often a unit was stored; `None`: there is no such unit.
pub fn version(conn: &mut Conn<'_>, unit: UnitId) -> Result<Option<i64>, Error> {
    conn.query_opt(
        "SELECT version FROM unit WHERE id = $1",
        params![unit],
        |row| row.get(0),
    )
}

/// How many open tickets a unit holds.
pub fn open_tickets(conn: &mut Conn<'_>, unit: UnitId) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM ticket WHERE unit = $1 AND open = 1",
        params![unit],
        |row| row.get(0),
    )
}

/// Open tickets of retired units from a number on, with their unit.
pub fn stranded(
    conn: &mut Conn<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<(TicketNumber, UnitId)>, Error> {
    conn.query(
        "SELECT t.number, t.unit FROM ticket t JOIN unit u ON u.id = t.unit
         WHERE t.open = 1 AND u.active = 0 AND t.number > $1 ORDER BY t.number LIMIT $2",
        params![after, limit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// One member of a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
    /// As what.
    pub part: Part,
    /// Since when.
    pub since: Millis,
}

/// The active members of a unit who hold the support permission, responsibles
/// first.
pub fn members(conn: &mut Conn<'_>, unit: UnitId) -> Result<Vec<Member>, Error> {
    conn.query(
        "SELECT p.id, p.name, p.email, m.part, m.since FROM membership m
         JOIN person p ON p.id = m.person
         WHERE m.unit = $1 AND p.active = 1 AND p.support = 1
         ORDER BY m.part DESC, p.name",
        params![unit],
        |row| {
            let part: String = row.get(3)?;
            Ok(Member {
                person: row.get(0)?,
                name: row.get(1)?,
                email: row.get(2)?,
                part: crate::person::part_of(&part),
                since: row.get(4)?,
            })
        },
    )
}

/// The members of every first level unit.
pub fn first_level_members(conn: &mut Conn<'_>) -> Result<Vec<PersonId>, Error> {
    conn.query(
        "SELECT DISTINCT p.id FROM membership m JOIN unit u ON u.id = m.unit
         JOIN person p ON p.id = m.person
         WHERE u.first_level = 1 AND u.active = 1 AND p.active = 1 AND p.support = 1",
        params![],
        |row| row.get(0),
    )
}

/// The part of a service that is only shown or read whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct ServiceDoc {
    /// Other names people use for it, lower case.
    pub aliases: Vec<String>,
    /// Extra questions of its form.
    pub form: Vec<FormField>,
    /// For redirection: the list's address.
    pub list: Option<String>,
    /// Whom to ask about the service itself: a name, an address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub contact: String,
    /// The page with its known errors.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub known_errors: String,
    /// The page with its changes.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub changes: String,
}

/// A service of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Its id.
    pub id: ServiceId,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Who provides it.
    pub provider: String,
    /// The tab in the catalogue.
    pub area: String,
    /// What it is for, in one line.
    pub description: String,
    /// The unit that answers for it.
    pub unit: UnitId,
    /// `direct`, `redirection` or `integration`.
    pub option: String,
    /// `running`, `degraded`, `down` or `planned`.
    pub lamp: String,
    /// The lamp in words.
    pub lamp_text: String,
    /// It is offered.
    pub active: bool,
    /// Its place in the catalogue.
    pub position: i64,
    /// Everything else.
    pub doc: ServiceDoc,
}

/// Stores a service, new or changed. Its reference to a provider follows the
/// provider's name.
pub fn save_service(conn: &mut Conn<'_>, s: &Service, now: Millis) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO service (id, key, name, provider, area, description, unit, option, lamp,
           lamp_text, active, position, doc, updated_at, provider_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
           (SELECT p.id FROM service_provider p WHERE p.name = $4))
         ON CONFLICT (id) DO UPDATE SET key = excluded.key, name = excluded.name,
           provider = excluded.provider, provider_id = excluded.provider_id, area = excluded.area,
           description = excluded.description, unit = excluded.unit, option = excluded.option,
           lamp = excluded.lamp, lamp_text = excluded.lamp_text, active = excluded.active,
           position = excluded.position, doc = excluded.doc, updated_at = excluded.updated_at,
           version = service.version + 1",
        params![
            s.id,
            s.key.as_str(),
            s.name.as_str(),
            s.provider.as_str(),
            s.area.as_str(),
            s.description.as_str(),
            s.unit,
            s.option.as_str(),
            s.lamp.as_str(),
            s.lamp_text.as_str(),
            s.active,
            s.position,
            json(&s.doc)?,
            now,
        ],
    )?;
    Ok(())
}

/// Every service, in the catalogue's order.
pub fn services(conn: &mut Conn<'_>) -> Result<Vec<Service>, Error> {
    conn.query(
        "SELECT id, key, name, provider, area, description, unit, option, lamp, lamp_text,
           active, position, doc FROM service ORDER BY position, name",
        params![],
        |row| {
            let doc: String = row.get(12)?;
            Ok(Service {
                id: row.get(0)?,
                key: row.get(1)?,
                name: row.get(2)?,
                provider: row.get(3)?,
                area: row.get(4)?,
                description: row.get(5)?,
                unit: row.get(6)?,
                option: row.get(7)?,
                lamp: row.get(8)?,
                lamp_text: row.get(9)?,
                active: row.get(10)?,
                position: row.get(11)?,
                doc: serde_json::from_str(&doc)
                    .map_err(|e| Error::Corrupt(format!("service document: {e}")))?,
            })
        },
    )
}

/// How often a service was stored; `None`: there is no such service.
pub fn service_version(conn: &mut Conn<'_>, service: ServiceId) -> Result<Option<i64>, Error> {
    conn.query_opt(
        "SELECT version FROM service WHERE id = $1",
        params![service],
        |row| row.get(0),
    )
}

pub use crate::notice::{News, insert as insert_news, newest as news};
pub use crate::values::{ListValue, categories, issue_types, save_category, save_issue_type};
