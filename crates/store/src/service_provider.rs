//! Providers of services, and who looks after the integration of theirs.

use switchboard_core::{Millis, PersonId, ProviderId, ServiceId};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// Who provides services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// Its key in addresses.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its country, or empty.
    pub country: String,
    /// Its home page, or empty.
    pub home_page: String,
    /// A mail address where somebody answers, or empty.
    pub contact: String,
    /// It provides something.
    pub active: bool,
}

const COLUMNS: &str = "SELECT p.id, p.key, p.name, p.country, p.home_page, p.contact, p.active FROM service_provider p";

fn read(row: &Row<'_>) -> Result<Provider, Error> {
    Ok(Provider {
        id: row.get(0)?,
        key: row.get(1)?,
        name: row.get(2)?,
        country: row.get(3)?,
        home_page: row.get(4)?,
        contact: row.get(5)?,
        active: row.get(6)?,
    })
}

/// Every provider by name.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Provider>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" ORDER BY p.name");
    conn.run(&sql, read)
}

/// One provider.
pub fn load(conn: &mut Conn<'_>, id: ProviderId) -> Result<Option<Provider>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE p.id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// A provider by its key.
pub fn by_key(conn: &mut Conn<'_>, key: &str) -> Result<Option<Provider>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE p.key = ").bind(key);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Stores a provider, new or changed; its services' texts follow its name.
pub fn save(conn: &mut Conn<'_>, p: &Provider, now: Millis) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO service_provider (id, key, name, country, home_page, contact, active, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (id) DO UPDATE SET key = excluded.key, name = excluded.name,
           country = excluded.country, home_page = excluded.home_page,
           contact = excluded.contact, active = excluded.active,
           updated_at = excluded.updated_at",
        params![
            p.id,
            p.key.as_str(),
            p.name.as_str(),
            p.country.as_str(),
            p.home_page.as_str(),
            p.contact.as_str(),
            p.active,
            now,
        ],
    )?;
    conn.execute(
        "UPDATE service SET provider = $2 WHERE provider_id = $1 AND provider <> $2",
        params![p.id, p.name.as_str()],
    )?;
    Ok(())
}

/// Removes a provider and its contacts; it must have no service (any more).
pub fn delete(conn: &mut Conn<'_>, id: ProviderId) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM provider_contact WHERE provider = $1",
        params![id],
    )?;
    conn.execute("DELETE FROM service_provider WHERE id = $1", params![id])?;
    Ok(())
}

/// Names that services give as their provider and no provider has.
pub fn unknown_names(conn: &mut Conn<'_>) -> Result<Vec<String>, Error> {
    conn.query(
        "SELECT DISTINCT provider FROM service WHERE provider_id IS NULL AND provider <> ''
         ORDER BY provider",
        params![],
        |row| row.get(0),
    )
}

/// Gives the services of that name their provider.
pub fn adopt(conn: &mut Conn<'_>, name: &str, id: ProviderId) -> Result<u64, Error> {
    conn.execute(
        "UPDATE service SET provider_id = $2 WHERE provider = $1 AND provider_id IS NULL",
        params![name, id],
    )
}

/// The services of a provider, in the catalogue's order.
pub fn services(conn: &mut Conn<'_>, id: ProviderId) -> Result<Vec<ServiceId>, Error> {
    conn.query(
        "SELECT id FROM service WHERE provider_id = $1 ORDER BY position, name",
        params![id],
        |row| row.get(0),
    )
}

/// Whose service it is.
pub fn of_service(conn: &mut Conn<'_>, service: ServiceId) -> Result<Option<ProviderId>, Error> {
    Ok(conn
        .query_opt(
            "SELECT provider_id FROM service WHERE id = $1",
            params![service],
            |row| row.get::<Option<ProviderId>>(0),
        )?
        .flatten())
}

/// Somebody who looks after the integration of a provider's services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
    /// Since when.
    pub since: Millis,
}

/// The contacts of a provider by name; people who were switched off are left
/// out.
pub fn contacts(conn: &mut Conn<'_>, id: ProviderId) -> Result<Vec<Contact>, Error> {
    conn.query(
        "SELECT p.id, p.name, p.email, c.since FROM provider_contact c
         JOIN person p ON p.id = c.person
         WHERE c.provider = $1 AND p.active = 1 ORDER BY p.name, p.id",
        params![id],
        |row| {
            Ok(Contact {
                person: row.get(0)?,
                name: row.get(1)?,
                email: row.get(2)?,
                since: row.get(3)?,
            })
        },
    )
}

/// The providers that somebody is a contact of, by name.
pub fn of_contact(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<Provider>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" JOIN provider_contact c ON c.provider = p.id WHERE c.person = ")
        .bind(person)
        .push(" ORDER BY p.name");
    conn.run(&sql, read)
}

/// Whether somebody is a contact of a provider.
pub fn is_contact(
    conn: &mut Conn<'_>,
    provider: ProviderId,
    person: PersonId,
) -> Result<bool, Error> {
    Ok(conn
        .query_opt(
            "SELECT since FROM provider_contact WHERE provider = $1 AND person = $2",
            params![provider, person],
            |row| row.get::<i64>(0),
        )?
        .is_some())
}

/// Makes somebody a contact; `false`: they are one already.
pub fn add_contact(
    conn: &mut Conn<'_>,
    provider: ProviderId,
    person: PersonId,
    now: Millis,
) -> Result<bool, Error> {
    Ok(conn.execute(
        "INSERT INTO provider_contact (provider, person, since) VALUES ($1, $2, $3)
         ON CONFLICT (provider, person) DO NOTHING",
        params![provider, person, now],
    )? > 0)
}

/// Somebody is no contact any more; `false`: they were none.
pub fn remove_contact(
    conn: &mut Conn<'_>,
    provider: ProviderId,
    person: PersonId,
) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM provider_contact WHERE provider = $1 AND person = $2",
        params![provider, person],
    )? > 0)
}
