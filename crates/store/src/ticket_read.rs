//! Who opened which restricted ticket, through which door.

use switchboard_core::{Millis, PersonId, TicketNumber};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// That somebody opened a restricted ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The ticket.
    pub ticket: TicketNumber,
    /// Who; the nil id: a unit's mailing list.
    pub person: PersonId,
    /// `page`, `api`, `file`, `mail` or `export`.
    pub door: String,
    /// The first time within its quarter of an hour.
    pub at: Millis,
}

/// A quarter of an hour: reads within one are one row.
pub const SLOT_MS: Millis = 15 * 60_000;

/// What to look for; everything that is set must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The ticket.
    pub ticket: Option<TicketNumber>,
    /// Who.
    pub person: Option<PersonId>,
    /// Not before.
    pub from: Option<Millis>,
    /// Before.
    pub until: Option<Millis>,
    /// Only what comes after this one in the order of the answer.
    pub after: Option<(Millis, TicketNumber)>,
}

fn read(row: &Row<'_>) -> Result<Read, Error> {
    Ok(Read {
        ticket: row.get(0)?,
        person: row.get(1)?,
        door: row.get(2)?,
        at: row.get(3)?,
    })
}

/// Notes a read, once for its quarter of an hour.
pub fn note(conn: &mut Conn<'_>, r: &Read) -> Result<(), Error> {
    conn.later(
        "INSERT INTO ticket_read (ticket, person, door, slot, at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (ticket, person, door, slot) DO NOTHING",
        params![
            r.ticket,
            r.person,
            r.door.as_str(),
            r.at.div_euclid(SLOT_MS),
            r.at
        ],
    )
}

/// Reads that fit, newest first.
pub fn find(conn: &mut Conn<'_>, filter: &Filter, limit: i64) -> Result<Vec<Read>, Error> {
    let mut sql = Sql::new("SELECT ticket, person, door, at FROM ticket_read WHERE at >= 0");
    if let Some(ticket) = filter.ticket {
        sql.push(" AND ticket = ").bind(ticket);
    }
    if let Some(person) = filter.person {
        sql.push(" AND person = ").bind(person);
    }
    if let Some(from) = filter.from {
        sql.push(" AND at >= ").bind(from);
    }
    if let Some(until) = filter.until {
        sql.push(" AND at < ").bind(until);
    }
    if let Some((at, ticket)) = filter.after {
        sql.push(" AND (at < ").bind(at);
        sql.push(" OR (at = ").bind(at);
        sql.push(" AND ticket < ").bind(ticket).push("))");
    }
    sql.push(" ORDER BY at DESC, ticket DESC, person, door LIMIT ")
        .bind(limit);
    conn.run(&sql, read)
}

/// How many rows are older.
pub fn count_before(conn: &mut Conn<'_>, before: Millis) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM ticket_read WHERE at < $1",
        params![before],
        |row| row.get(0),
    )
}

/// Forgets what is older, and says how many rows that were.
pub fn forget_before(conn: &mut Conn<'_>, before: Millis) -> Result<u64, Error> {
    conn.execute("DELETE FROM ticket_read WHERE at < $1", params![before])
}
