//! Legal holds: people and tickets whose data has to stay.

use switchboard_core::{Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// A hold on a person or on a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: Uuid,
    /// The person; `None`: it is on a ticket.
    pub person: Option<PersonId>,
    /// The ticket; `None`: it is on a person.
    pub ticket: Option<TicketNumber>,
    /// Why.
    pub reason: String,
    /// By whom.
    pub set_by: Option<PersonId>,
    /// Since when.
    pub set_at: Millis,
}

fn read(row: &Row<'_>) -> Result<Hold, Error> {
    Ok(Hold {
        id: row.get(0)?,
        person: row.get(1)?,
        ticket: row.get(2)?,
        reason: row.get(3)?,
        set_by: row.get(4)?,
        set_at: row.get(5)?,
    })
}

/// Sets a hold.
pub fn insert(conn: &mut Conn<'_>, h: &Hold) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO legal_hold (id, person, ticket, reason, set_by, set_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            h.id,
            h.person,
            h.ticket,
            h.reason.as_str(),
            h.set_by,
            h.set_at
        ],
    )?;
    Ok(())
}

/// Lifts a hold; `None`: there is no such one any more.
pub fn lift(
    conn: &mut Conn<'_>,
    id: Uuid,
    by: Option<PersonId>,
    now: Millis,
) -> Result<Option<Hold>, Error> {
    let held = conn.query_opt(
        "SELECT id, person, ticket, reason, set_by, set_at FROM legal_hold
         WHERE id = $1 AND lifted_at IS NULL",
        params![id],
        read,
    )?;
    conn.execute(
        "UPDATE legal_hold SET lifted_by = $2, lifted_at = $3
         WHERE id = $1 AND lifted_at IS NULL",
        params![id, by, now],
    )?;
    Ok(held)
}

/// Every hold that is on, oldest first.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Hold>, Error> {
    conn.query(
        "SELECT id, person, ticket, reason, set_by, set_at FROM legal_hold
         WHERE lifted_at IS NULL ORDER BY set_at, id",
        params![],
        read,
    )
}

/// What holds a person's data: a hold on them, or on a ticket that they opened
/// or are on.
pub fn of_person(conn: &mut Conn<'_>, person: PersonId) -> Result<Option<Hold>, Error> {
    conn.query_opt(
        "SELECT id, person, ticket, reason, set_by, set_at FROM legal_hold h
         WHERE lifted_at IS NULL AND (person = $1
           OR EXISTS (SELECT 1 FROM ticket t WHERE t.number = h.ticket AND t.requester = $1)
           OR EXISTS (SELECT 1 FROM party p WHERE p.ticket = h.ticket AND p.person = $1)
           OR EXISTS (SELECT 1 FROM entry e WHERE e.ticket = h.ticket AND e.author = $1))
         ORDER BY set_at LIMIT 1",
        params![person],
        read,
    )
}
