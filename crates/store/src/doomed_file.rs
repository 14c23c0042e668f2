//! Files that are to go when no row names them any more.

use switchboard_core::Millis;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;

/// Has a file looked at after a while.
pub fn doom(conn: &mut Conn<'_>, name: &str, run_at: Millis) -> Result<(), Error> {
    conn.later(
        "INSERT INTO doomed_file (name, run_at) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET run_at = excluded.run_at",
        params![name, run_at],
    )
}

/// Files that are due.
pub fn due(conn: &mut Conn<'_>, now: Millis, limit: i64) -> Result<Vec<String>, Error> {
    conn.query(
        "SELECT name FROM doomed_file WHERE run_at <= $1 ORDER BY run_at, name LIMIT $2",
        params![now, limit],
        |row| row.get(0),
    )
}

/// It was looked at.
pub fn done(conn: &mut Conn<'_>, name: &str) -> Result<(), Error> {
    conn.later("DELETE FROM doomed_file WHERE name = $1", params![name])
}
