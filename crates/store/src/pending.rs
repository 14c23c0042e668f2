//! Sign-ins whose password was right and whose second step is missing.

use switchboard_core::{Millis, PersonId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;

/// Who is on the way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Whose it is.
    pub person: PersonId,
    /// The identity of somebody else that it began with.
    pub identity: Option<Uuid>,
    /// That provider's own name for the session.
    pub sid: Option<String>,
}

/// Begins one.
pub fn insert(
    conn: &mut Conn<'_>,
    hash: &[u8],
    step: &Step,
    now: Millis,
    expires_at: Millis,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO second_step (hash, person, created_at, expires_at, identity, sid)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            hash.to_vec(),
            step.person,
            now,
            expires_at,
            step.identity,
            step.sid.clone(),
        ],
    )?;
    Ok(())
}

/// One that is not over and whose person is active.
pub fn find(conn: &mut Conn<'_>, hash: &[u8], now: Millis) -> Result<Option<Step>, Error> {
    conn.query_opt(
        "SELECT s.person, s.identity, s.sid FROM second_step s JOIN person p ON p.id = s.person
         WHERE s.hash = $1 AND s.expires_at > $2 AND p.active = 1",
        params![hash.to_vec(), now],
        |row| {
            Ok(Step {
                person: row.get(0)?,
                identity: row.get(1)?,
                sid: row.get(2)?,
            })
        },
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
