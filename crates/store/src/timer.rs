//! When time does something to a ticket by itself: one row a ticket and kind, found by
//! the time at which it is due.

use switchboard_core::timer::TimerKind;
use switchboard_core::{Millis, TicketNumber};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// A timer as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// Whose.
    pub ticket: TicketNumber,
    /// Which.
    pub kind: TimerKind,
    /// When it is due.
    pub due_at: Millis,
}

fn timer(row: &Row<'_>) -> Result<Timer, Error> {
    let kind: String = row.get(1)?;
    Ok(Timer {
        ticket: row.get(0)?,
        kind: TimerKind::parse(&kind)
            .ok_or_else(|| Error::Corrupt(format!("a timer is of the kind {kind}")))?,
        due_at: row.get(2)?,
    })
}

/// Sets a timer, in place of the one of its kind that the ticket has.
pub fn set(conn: &mut Conn<'_>, timer: &Timer) -> Result<(), Error> {
    conn.later(
        "INSERT INTO timer (ticket, kind, due_at) VALUES ($1, $2, $3)
         ON CONFLICT (ticket, kind) DO UPDATE SET due_at = excluded.due_at",
        params![timer.ticket, timer.kind.key(), timer.due_at],
    )?;
    Ok(())
}

/// Takes a timer away.
pub fn stop(conn: &mut Conn<'_>, ticket: TicketNumber, kind: TimerKind) -> Result<(), Error> {
    conn.later(
        "DELETE FROM timer WHERE ticket = $1 AND kind = $2",
        params![ticket, kind.key()],
    )?;
    Ok(())
}

/// The timers that are due, the longest due first.
pub fn due(conn: &mut Conn<'_>, now: Millis, limit: i64) -> Result<Vec<Timer>, Error> {
    conn.query(
        "SELECT ticket, kind, due_at FROM timer WHERE due_at <= $1
         ORDER BY due_at, ticket, kind LIMIT $2",
        params![now, limit],
        timer,
    )
}

/// The timers of a ticket, the earliest first.
pub fn of_ticket(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Vec<Timer>, Error> {
    conn.query(
        "SELECT ticket, kind, due_at FROM timer WHERE ticket = $1 ORDER BY due_at, kind",
        params![ticket],
        timer,
    )
}

/// Tickets that may have timers: those that are open or wait to be closed, from a number
/// on.
pub fn tickets_after(
    conn: &mut Conn<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<TicketNumber>, Error> {
    conn.query(
        "SELECT number FROM ticket
         WHERE (open = 1 OR status IN ('solved', 'unsolved')) AND number > $1
         ORDER BY number LIMIT $2",
        params![after, limit],
        |row| row.get(0),
    )
}
