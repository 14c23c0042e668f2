//! What reports read: tickets in packed blocks, and the tickets themselves where they
//! changed since.

use switchboard_core::report::Past;
use switchboard_core::report::pack;
use switchboard_core::{Millis, Ticket, TicketNumber, Turn};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// Tickets in a block.
pub const BLOCK: i64 = 512;

/// A ticket as reports need it.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// The ticket.
    pub ticket: Ticket,
    /// Whose turn it is; `None`: not known yet, soon after an upgrade.
    pub turn: Option<Turn>,
    /// What its history was; `None`: it has to be replayed.
    pub past: Option<Past>,
}

fn read(row: &Row<'_>) -> Result<Counted, Error> {
    let turn: Option<String> = row.get(1)?;
    let past: Option<Vec<u8>> = row.get(2)?;
    Ok(Counted {
        ticket: crate::ticket::from_document(&row.get::<String>(0)?)?,
        turn: turn.as_deref().and_then(Turn::parse),
        past: past.as_deref().and_then(pack::read_past),
    })
}

/// Tickets with these numbers, the last one left out, in their order.
pub fn between(conn: &mut Conn<'_>, from: i64, to: i64) -> Result<Vec<Counted>, Error> {
    conn.query(
        "SELECT doc, turn, past FROM ticket WHERE number >= $1 AND number < $2 ORDER BY number",
        params![from, to],
        read,
    )
}

/// Tickets that changed after an event.
pub fn changed_after(conn: &mut Conn<'_>, event: i64) -> Result<Vec<Counted>, Error> {
    conn.query(
        "SELECT doc, turn, past FROM ticket
         WHERE number IN (SELECT ticket FROM event WHERE id > $1) ORDER BY number",
        params![event],
        read,
    )
}

/// The tickets of the events after `event` and up to `last`.
pub fn changed_within(
    conn: &mut Conn<'_>,
    event: i64,
    last: i64,
) -> Result<Vec<TicketNumber>, Error> {
    conn.query(
        "SELECT DISTINCT ticket FROM event WHERE id > $1 AND id <= $2 ORDER BY ticket",
        params![event, last],
        |row| row.get(0),
    )
}

/// One ticket.
pub fn one(conn: &mut Conn<'_>, number: TicketNumber) -> Result<Option<Counted>, Error> {
    conn.query_opt(
        "SELECT doc, turn, past FROM ticket WHERE number = $1",
        params![number],
        read,
    )
}

/// A packed block; `None`: it was not packed yet.
pub fn block(conn: &mut Conn<'_>, block: i64) -> Result<Option<Vec<u8>>, Error> {
    conn.query_opt(
        "SELECT packed FROM report_block WHERE block = $1",
        params![block],
        |row| row.get(0),
    )
}

/// Hands the packed blocks of which something is to be counted from `since` on and before
/// `until` to `each`, with their numbers, in their order.
pub fn blocks(
    conn: &mut Conn<'_>,
    (since, until): (Millis, Millis),
    mut each: impl FnMut(i64, &[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    conn.query(
        "SELECT block, packed FROM report_block WHERE last >= $1 AND first < $2 ORDER BY block",
        params![since, until],
        |row| each(row.get(0)?, &row.get::<Vec<u8>>(1)?),
    )?;
    Ok(())
}

/// Stores a packed block.
pub fn save_block(
    conn: &mut Conn<'_>,
    block: i64,
    (first, last): (Millis, Millis),
    packed: &[u8],
) -> Result<(), Error> {
    conn.later(
        "INSERT INTO report_block (block, first, last, packed) VALUES ($1, $2, $3, $4)
         ON CONFLICT (block) DO UPDATE SET first = excluded.first, last = excluded.last,
           packed = excluded.packed",
        params![block, first, last, packed],
    )
}

/// The highest number of a ticket; 0: there is none.
pub fn newest(conn: &mut Conn<'_>) -> Result<i64, Error> {
    conn.query_one("SELECT COALESCE(MAX(number), 0) FROM ticket", &[], |row| {
        row.get(0)
    })
}
