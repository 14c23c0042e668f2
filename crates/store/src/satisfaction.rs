//! How content requesters were with solutions.

use switchboard_core::satisfaction::Rating;
use switchboard_core::{Millis, PersonId, TicketNumber, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// One rating.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Satisfaction {
    /// Its id.
    pub id: Uuid,
    /// The ticket.
    pub ticket: TicketNumber,
    /// The event that gave the solution: its place in the ticket.
    pub solution: i64,
    /// The unit that gave it.
    pub unit: UnitId,
    /// Who asked.
    pub person: PersonId,
    /// How content they were.
    pub rating: Rating,
    /// What they added; empty: nothing.
    pub comment: String,
    /// When.
    pub at: Millis,
}

fn read(row: &Row<'_>) -> Result<Satisfaction, Error> {
    let number: i64 = row.get(5)?;
    Ok(Satisfaction {
        id: row.get(0)?,
        ticket: row.get(1)?,
        solution: row.get(2)?,
        unit: row.get(3)?,
        person: row.get(4)?,
        rating: Rating::new(number).ok_or_else(|| Error::Corrupt(format!("rating {number}")))?,
        comment: row.get(6)?,
        at: row.get(7)?,
    })
}

/// Stores a rating. `false`: this solution has one.
pub fn insert(conn: &mut Conn<'_>, s: &Satisfaction) -> Result<bool, Error> {
    Ok(conn.execute(
        "INSERT INTO satisfaction (id, ticket, solution, unit, person, rating, comment, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (ticket, solution) DO NOTHING",
        params![
            s.id,
            s.ticket,
            s.solution,
            s.unit,
            s.person,
            s.rating.number(),
            s.comment.as_str(),
            s.at,
        ],
    )? > 0)
}

/// Those of a ticket, the oldest first.
pub fn of_ticket(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Vec<Satisfaction>, Error> {
    conn.query(
        "SELECT id, ticket, solution, unit, person, rating, comment, at FROM satisfaction
         WHERE ticket = $1 ORDER BY solution",
        params![ticket],
        read,
    )
}

/// Those that came from `from` on and before `to`, in their order.
pub fn between(
    conn: &mut Conn<'_>,
    (from, to): (Millis, Millis),
) -> Result<Vec<Satisfaction>, Error> {
    conn.query(
        "SELECT id, ticket, solution, unit, person, rating, comment, at FROM satisfaction
         WHERE at >= $1 AND at < $2 ORDER BY at, id",
        params![from, to],
        read,
    )
}

/// Takes away what somebody added in words. How content they were stays, for statistics.
pub fn forget_words(conn: &mut Conn<'_>, person: PersonId) -> Result<(), Error> {
    conn.execute(
        "UPDATE satisfaction SET comment = '' WHERE person = $1",
        params![person],
    )?;
    Ok(())
}
