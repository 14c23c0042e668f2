//! Ties between tickets that stand here and in another system: what both sides had last.
//!
//! A system is named by its address, and by the queue behind a space where each queue counts
//! its tickets by itself.

use switchboard_core::{Millis, TicketNumber};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;

/// A tie, seen from the ticket of which it says something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tied {
    /// That ticket.
    pub ticket: TicketNumber,
    /// What the other is to it, a word of JSON.
    pub kind: String,
    /// The other.
    pub other: TicketNumber,
}

/// The ties of a ticket that stand in a system too, from either side, with since when.
pub fn of_ticket(
    conn: &mut Conn<'_>,
    system: &str,
    ticket: TicketNumber,
) -> Result<Vec<(Tied, Millis)>, Error> {
    conn.query(
        "SELECT ticket, kind, other, at FROM exchange_tied
         WHERE system = $1 AND (ticket = $2 OR other = $2) ORDER BY ticket, kind, other",
        params![system, ticket],
        |row| {
            let tied = Tied {
                ticket: row.get(0)?,
                kind: row.get(1)?,
                other: row.get(2)?,
            };
            Ok((tied, row.get(3)?))
        },
    )
}

/// It stands on both sides.
pub fn put(conn: &mut Conn<'_>, system: &str, tied: &Tied, at: Millis) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO exchange_tied (system, ticket, kind, other, at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
        params![system, tied.ticket, tied.kind.as_str(), tied.other, at],
    )?;
    Ok(())
}

/// It stands on neither.
pub fn take(conn: &mut Conn<'_>, system: &str, tied: &Tied) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM exchange_tied WHERE system = $1 AND ticket = $2 AND kind = $3 AND other = $4",
        params![system, tied.ticket, tied.kind.as_str(), tied.other],
    )?;
    Ok(())
}

/// The ticket here that travels as this number there, by the address of the system, under
/// whichever agreement. `queue`: of those with this queue only, in a system where each
/// counts by itself.
pub fn ticket_there(
    conn: &mut Conn<'_>,
    endpoint: &str,
    queue: Option<&str>,
    number: &str,
) -> Result<Option<TicketNumber>, Error> {
    conn.query_opt(
        "SELECT l.ticket FROM exchange_number n JOIN agreement a ON a.id = n.agreement
         JOIN exchange_link l ON l.id = n.link
         WHERE n.number = $2 AND RTRIM(a.endpoint, '/') = RTRIM($1, '/') AND l.there = $2
           AND l.stage = 'active' AND ($3 = '' OR LOWER(a.queue) = LOWER($3))
         ORDER BY l.began_at, l.id LIMIT 1",
        params![endpoint, number, queue.unwrap_or_default()],
        |row| row.get(0),
    )
}

/// The number there of a ticket that travels, likewise; `None`: it has none yet, or it does
/// not travel.
pub fn number_there(
    conn: &mut Conn<'_>,
    endpoint: &str,
    queue: Option<&str>,
    ticket: TicketNumber,
) -> Result<Option<String>, Error> {
    conn.query_opt(
        "SELECT l.there FROM exchange_link l JOIN agreement a ON a.id = l.agreement
         WHERE l.ticket = $2 AND RTRIM(a.endpoint, '/') = RTRIM($1, '/') AND l.there IS NOT NULL
           AND l.stage = 'active' AND ($3 = '' OR LOWER(a.queue) = LOWER($3))
         ORDER BY l.began_at, l.id LIMIT 1",
        params![endpoint, ticket, queue.unwrap_or_default()],
        |row| row.get(0),
    )
}
