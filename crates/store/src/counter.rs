//! Numbers without gaps. They are taken inside the write transaction, and
//! writes are serial, so a rolled back write gives its numbers back.

use crate::conn::Conn;
use crate::{Error, params};

/// The next number of the counter; the first is 1.
pub fn next(conn: &mut Conn<'_>, name: &'static str) -> Result<i64, Error> {
    advance(conn, name, 1)
}

/// Takes `n` numbers in a row and gives the first of them.
/// [`Error::NotFound`] when there is no such counter.
pub fn advance(conn: &mut Conn<'_>, name: &'static str, n: i64) -> Result<i64, Error> {
    if let Some(first) = conn.take_numbers(name, n)? {
        return Ok(first);
    }
    let last: i64 = conn.query_one(
        "UPDATE counter SET value = value + $2 WHERE name = $1 RETURNING value",
        params![name, n],
        |row| row.get(0),
    )?;
    Ok(last - n + 1)
}

/// The last number that was given; [`Error::NotFound`] as above.
pub fn last(conn: &mut Conn<'_>, name: &'static str) -> Result<i64, Error> {
    if let Some(value) = conn.counted(name) {
        return Ok(value);
    }
    conn.query_one(
        "SELECT value FROM counter WHERE name = $1",
        params![name],
        |row| row.get(0),
    )
}
