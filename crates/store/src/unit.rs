//! Support units, services and the lists of values.

use serde::{Deserialize, Serialize};
use switchboard_core::{Millis, Part, PersonId, ServiceId, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

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
    /// Working hours, from and to, in minutes after midnight.
    pub hours: Option<(u32, u32)>,
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
           updated_at = excluded.updated_at",
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

/// The type of a custom field of a service's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// One line.
    Text,
    /// A whole number.
    Number,
    /// Yes or no.
    Boolean,
    /// One of the field's options.
    Choice,
}

/// A custom field of a service's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormField {
    /// Its key in the ticket's `custom`.
    pub key: String,
    /// Its label.
    pub label: String,
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// It must be filled in.
    #[serde(default)]
    pub required: bool,
    /// For a choice: the values.
    #[serde(default)]
    pub options: Vec<String>,
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
           position = excluded.position, doc = excluded.doc, updated_at = excluded.updated_at",
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

/// A value of a list: category or type of issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListValue {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// For a type of issue: its category.
    pub category: String,
}

/// Stores a category.
pub fn save_category(
    conn: &mut Conn<'_>,
    value: &ListValue,
    position: i64,
    in_reports: bool,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO category (key, name, position, in_reports, active) VALUES ($1, $2, $3, $4, 1)
         ON CONFLICT (key) DO UPDATE SET name = excluded.name, position = excluded.position,
           in_reports = excluded.in_reports",
        params![
            value.key.as_str(),
            value.name.as_str(),
            position,
            in_reports
        ],
    )?;
    Ok(())
}

/// Stores a type of issue.
pub fn save_issue_type(conn: &mut Conn<'_>, value: &ListValue, position: i64) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO issue_type (key, category, name, position, active)
         VALUES ($1, $2, $3, $4, 1)
         ON CONFLICT (key) DO UPDATE SET name = excluded.name, position = excluded.position",
        params![
            value.key.as_str(),
            value.category.as_str(),
            value.name.as_str(),
            position
        ],
    )?;
    Ok(())
}

/// The categories in use.
pub fn categories(conn: &mut Conn<'_>) -> Result<Vec<ListValue>, Error> {
    conn.query(
        "SELECT key, name FROM category WHERE active = 1 ORDER BY position",
        params![],
        |row| {
            Ok(ListValue {
                key: row.get(0)?,
                name: row.get(1)?,
                category: String::new(),
            })
        },
    )
}

/// The types of issue in use.
pub fn issue_types(conn: &mut Conn<'_>) -> Result<Vec<ListValue>, Error> {
    conn.query(
        "SELECT key, name, category FROM issue_type WHERE active = 1 ORDER BY category, position",
        params![],
        |row| {
            Ok(ListValue {
                key: row.get(0)?,
                name: row.get(1)?,
                category: row.get(2)?,
            })
        },
    )
}

/// A notice on the public page.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: Millis,
    /// `news`, `incident` or `downtime`.
    pub kind: String,
    /// One line.
    pub title: String,
    /// The rest.
    pub body: String,
    /// The service concerned.
    pub service: Option<ServiceId>,
}

/// Stores a notice.
pub fn insert_news(conn: &mut Conn<'_>, n: &News) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO news (id, at, kind, title, body, service, active)
         VALUES ($1, $2, $3, $4, $5, $6, 1)",
        params![
            n.id,
            n.at,
            n.kind.as_str(),
            n.title.as_str(),
            n.body.as_str(),
            n.service
        ],
    )?;
    Ok(())
}

/// The newest notices.
pub fn news(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<News>, Error> {
    conn.query(
        "SELECT id, at, kind, title, body, service FROM news WHERE active = 1
         ORDER BY at DESC LIMIT $1",
        params![limit],
        |row| {
            Ok(News {
                id: row.get(0)?,
                at: row.get(1)?,
                kind: row.get(2)?,
                title: row.get(3)?,
                body: row.get(4)?,
                service: row.get(5)?,
            })
        },
    )
}
