//! Settings as JSON, and answers of creates that may be repeated.

use switchboard_core::{Millis, PersonId, TicketNumber};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;

/// A setting's JSON.
pub fn get(conn: &mut Conn<'_>, key: &str) -> Result<Option<String>, Error> {
    conn.query_opt(
        "SELECT value FROM setting WHERE key = $1",
        params![key],
        |row| row.get(0),
    )
}

/// Stores a setting's JSON.
pub fn set(conn: &mut Conn<'_>, key: &str, value: &str, now: Millis) -> Result<(), Error> {
    conn.later(
        "INSERT INTO setting (key, value, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        params![key, value, now],
    )?;
    Ok(())
}

/// The ticket made by an earlier create with this key, and the request's hash.
pub fn idempotent(
    conn: &mut Conn<'_>,
    person: PersonId,
    key: &str,
) -> Result<Option<(Vec<u8>, TicketNumber)>, Error> {
    conn.query_opt(
        "SELECT request_hash, ticket FROM idempotency WHERE person = $1 AND key = $2",
        params![person, key],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Keeps what a create with this key made.
pub fn set_idempotent(
    conn: &mut Conn<'_>,
    person: PersonId,
    key: &str,
    request_hash: &[u8],
    ticket: TicketNumber,
    now: Millis,
) -> Result<(), Error> {
    conn.later(
        "INSERT INTO idempotency (person, key, request_hash, ticket, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        params![person, key, request_hash.to_vec(), ticket, now],
    )?;
    Ok(())
}

/// Forgets keys older than `before`.
pub fn sweep_idempotent(conn: &mut Conn<'_>, before: Millis) -> Result<u64, Error> {
    conn.execute(
        "DELETE FROM idempotency WHERE created_at < $1",
        params![before],
    )
}
