//! Sign-ins whose password was right and whose second step is missing.

use switchboard_core::{Millis, PersonId};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;

/// Begins one.
pub fn insert(
    conn: &mut Conn<'_>,
    hash: &[u8],
    person: PersonId,
    now: Millis,
    expires_at: Millis,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO second_step (hash, person, created_at, expires_at)
         VALUES ($1, $2, $3, $4)",
        params![hash.to_vec(), person, now, expires_at],
    )?;
    Ok(())
}

/// Whose it is, when they are active and it is not over.
pub fn find(conn: &mut Conn<'_>, hash: &[u8], now: Millis) -> Result<Option<PersonId>, Error> {
    conn.query_opt(
        "SELECT s.person FROM second_step s JOIN person p ON p.id = s.person
         WHERE s.hash = $1 AND s.expires_at > $2 AND p.active = 1",
        params![hash.to_vec(), now],
        |row| row.get(0),
    )
}

/// Ends one. `false`: somebody else was faster.
pub fn end(conn: &mut Conn<'_>, hash: &[u8]) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM second_step WHERE hash = $1",
        params![hash.to_vec()],
    )? > 0)
}

/// Ends all of a person.
pub fn end_all_of(conn: &mut Conn<'_>, person: PersonId) -> Result<(), Error> {
    conn.execute("DELETE FROM second_step WHERE person = $1", params![person])?;
    Ok(())
}

/// Ends all that are over, and links and challenges that are.
pub fn sweep(conn: &mut Conn<'_>, now: Millis) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM second_step WHERE expires_at <= $1",
        params![now],
    )?;
    conn.execute(
        "DELETE FROM mailed_link WHERE expires_at <= $1",
        params![now],
    )?;
    conn.execute(
        "DELETE FROM passkey_challenge WHERE expires_at <= $1",
        params![now],
    )?;
    Ok(())
}
