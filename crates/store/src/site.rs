//! Sites: where services run, and whom to tell there.

use switchboard_core::{Millis, PersonId, TicketNumber, UnitId};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// A site.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Site {
    /// Its key, as tickets have it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Other names people use for it.
    pub aliases: Vec<String>,
    /// The address that is told.
    pub contact: Option<String>,
    /// Whose address that is: they are on the tickets that name the site. `None`: it is
    /// nobody's here, a list.
    #[serde(skip)]
    pub contact_person: Option<PersonId>,
    /// The support unit that answers for it; `None`: its contact does.
    pub unit: Option<UnitId>,
    /// Its country.
    pub country: String,
    /// It can be chosen.
    pub active: bool,
    /// How often it was stored.
    #[serde(skip)]
    pub version: i64,
}

/// Stores a site, new or changed; whose address its contact is stays as it is.
pub fn save(conn: &mut Conn<'_>, site: &Site, now: Millis) -> Result<(), Error> {
    let aliases = serde_json::to_string(&site.aliases)
        .map_err(|e| Error::Corrupt(format!("aliases to JSON: {e}")))?;
    conn.execute(
        "INSERT INTO site (key, name, aliases, contact, country, active, version, updated_at, unit)
         VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8)
         ON CONFLICT (key) DO UPDATE SET name = excluded.name, aliases = excluded.aliases,
           contact = excluded.contact, country = excluded.country, active = excluded.active,
           unit = excluded.unit,
           version = site.version + 1, updated_at = excluded.updated_at",
        params![
            site.key.as_str(),
            site.name.as_str(),
            aliases,
            site.contact.clone(),
            site.country.as_str(),
            site.active,
            now,
            site.unit,
        ],
    )?;
    Ok(())
}

/// Every site, by name.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Site>, Error> {
    conn.query(
        "SELECT key, name, aliases, contact, country, active, version, contact_person, unit
         FROM site ORDER BY name",
        params![],
        site,
    )
}

/// One site; `None`: there is none of this key.
pub fn load(conn: &mut Conn<'_>, key: &str) -> Result<Option<Site>, Error> {
    conn.query_opt(
        "SELECT key, name, aliases, contact, country, active, version, contact_person, unit
         FROM site WHERE key = $1",
        params![key],
        site,
    )
}

fn site(row: &Row<'_>) -> Result<Site, Error> {
    let aliases: String = row.get(2)?;
    Ok(Site {
        key: row.get(0)?,
        name: row.get(1)?,
        aliases: serde_json::from_str(&aliases)
            .map_err(|e| Error::Corrupt(format!("aliases of a site: {e}")))?,
        contact: row.get(3)?,
        country: row.get(4)?,
        active: row.get(5)?,
        version: row.get(6)?,
        contact_person: row.get(7)?,
        unit: row.get(8)?,
    })
}

/// Whose address a site's contact is.
pub fn contact_person(conn: &mut Conn<'_>, key: &str) -> Result<Option<PersonId>, Error> {
    let found = conn.query_opt(
        "SELECT contact_person FROM site WHERE key = $1",
        params![key],
        |row| row.get(0),
    )?;
    Ok(found.flatten())
}

/// Notes whose address a site's contact is.
pub fn set_contact_person(
    conn: &mut Conn<'_>,
    key: &str,
    person: Option<PersonId>,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE site SET contact_person = $2 WHERE key = $1",
        params![key, person],
    )?;
    Ok(())
}

/// Open tickets that name a site, from a number on.
pub fn open_tickets(
    conn: &mut Conn<'_>,
    key: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<TicketNumber>, Error> {
    conn.query(
        "SELECT number FROM ticket WHERE open = 1 AND site = $1 AND number > $2
         ORDER BY number LIMIT $3",
        params![key, after, limit],
        |row| row.get(0),
    )
}
