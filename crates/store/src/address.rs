//! The mail addresses of people.

use switchboard_core::{Millis, PersonId};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;

/// Notes that an address was proved to be a person's, whosever it was before.
pub fn prove(conn: &mut Conn<'_>, address: &str, person: PersonId) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO person_email (address, person, verified) VALUES ($1, $2, 1)
         ON CONFLICT (address) DO UPDATE SET person = excluded.person, verified = 1",
        params![address, person],
    )?;
    Ok(())
}

/// Takes an address from a person. `false`: they do not have it.
pub fn remove(conn: &mut Conn<'_>, address: &str, person: PersonId) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM person_email WHERE address = $1 AND person = $2",
        params![address, person],
    )? > 0)
}

/// Sets the address mail goes to.
pub fn set_primary(
    conn: &mut Conn<'_>,
    address: Option<&str>,
    person: PersonId,
    now: Millis,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE person SET email = $2, updated_at = $3 WHERE id = $1",
        params![person, address.map(str::to_owned), now],
    )?;
    Ok(())
}

/// Whether anything stands under a person's name: tickets they asked for or
/// are on, entries, memberships.
pub fn is_anything_theirs(conn: &mut Conn<'_>, person: PersonId) -> Result<bool, Error> {
    Ok(conn
        .query_opt(
            "SELECT CAST(1 AS BIGINT) FROM ticket WHERE requester = $1
             UNION SELECT CAST(1 AS BIGINT) FROM party WHERE person = $1
             UNION SELECT CAST(1 AS BIGINT) FROM membership WHERE person = $1",
            params![person],
            |row| row.get::<i64>(0),
        )?
        .is_some())
}
