//! The clocks of tickets: the state from which each goes on with its next event, what
//! lists show of it, and what reports count of those that ended.

use switchboard_core::clock::{Clocks, Due, Terms};
use switchboard_core::report::{Past, pack};
use switchboard_core::{Millis, TargetKind, Ticket, TicketNumber, Turn};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Value};

/// Where an open ticket that is due for nothing stands in the order of what is due.
const NOT_DUE: Millis = Millis::MAX - 1;
/// Where closed tickets stand: last.
pub(crate) const CLOSED: Millis = Millis::MAX;

/// What is stored of a ticket's clocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    clocks: String,
    turn: Turn,
    due: Option<Due>,
    place: Millis,
    past: Vec<u8>,
}

/// Clocks and past of a ticket as they lie in the database.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stored {
    clocks: Option<String>,
    past: Option<Vec<u8>>,
}

impl Stored {
    /// By the columns `clocks` and `past`, which follow each other from `first` on.
    pub(crate) fn read(row: &Row<'_>, first: usize) -> Result<Stored, Error> {
        Ok(Stored {
            clocks: row.get(first)?,
            past: row.get(first + 1)?,
        })
    }

    /// What they say; `None`: there are none, or another version of this program wrote
    /// them, and the history has to be replayed.
    pub fn told(&self) -> Option<(Clocks, Past)> {
        let clocks = from_stored(self.clocks.as_deref())?;
        Some((clocks, pack::read_past(self.past.as_deref()?)?))
    }
}

impl Kept {
    /// A ticket's clocks, what they show by these terms, and what those that ended showed.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when they are no JSON, which does not happen.
    pub fn of(ticket: &Ticket, clocks: &Clocks, past: &Past, terms: &Terms) -> Result<Kept, Error> {
        let due = clocks.due(terms);
        Ok(Kept {
            clocks: serde_json::to_string(clocks)
                .map_err(|e| Error::Corrupt(format!("clocks to JSON: {e}")))?,
            turn: terms.whose(clocks.turn()),
            due,
            place: place(due, ticket.status.is_open()),
            past: pack::write_past(past),
        })
    }

    pub(crate) fn values(&self) -> [Value; 7] {
        [
            self.turn.key().into(),
            self.place.into(),
            self.due.map(|d| d.clock.key()).into(),
            self.due.map(|d| d.half).into(),
            self.due.map(|d| d.warn).into(),
            self.clocks.as_str().into(),
            self.past.as_slice().into(),
        ]
    }
}

/// Where a ticket stands in the order of what is due.
pub(crate) fn place(due: Option<Due>, open: bool) -> Millis {
    match (due, open) {
        (Some(due), _) => due.at,
        (None, true) => NOT_DUE,
        (None, false) => CLOSED,
    }
}

/// Reads stored clocks; `None`: there are none, or another version of this program
/// wrote them, and the history has to be replayed.
pub fn from_stored(clocks: Option<&str>) -> Option<Clocks> {
    serde_json::from_str(clocks?).ok()
}

/// What is due by the columns `due`, `due_clock`, `due_half` and `due_warn`, which
/// follow each other from `first` on.
pub(crate) fn read_due(row: &Row<'_>, first: usize) -> Result<Option<Due>, Error> {
    let clock: Option<String> = row.get(first + 1)?;
    let half: Option<Millis> = row.get(first + 2)?;
    let warn: Option<Millis> = row.get(first + 3)?;
    let (Some(clock), Some(half), Some(warn)) = (clock, half, warn) else {
        return Ok(None);
    };
    Ok(Some(Due {
        clock: TargetKind::parse(&clock)
            .ok_or_else(|| Error::Corrupt(format!("clock {clock:?}")))?,
        half,
        warn,
        at: row.get(first)?,
    }))
}

/// Stores how a ticket's clocks stand, unless it was changed by somebody meanwhile: who
/// changes it has its clocks go on.
pub fn keep(conn: &mut Conn<'_>, ticket: &Ticket, kept: &Kept) -> Result<(), Error> {
    let mut values = params![ticket.number, ticket.version].to_vec();
    values.extend(kept.values());
    conn.later(
        "UPDATE ticket SET turn = $3, due = $4, due_clock = $5, due_half = $6, due_warn = $7,
           clocks = $8, past = $9 WHERE number = $1 AND version = $2",
        &values,
    )
}

/// Whose turn it is as lists show it; `None`: there are no clocks yet.
pub fn turn(conn: &mut Conn<'_>, number: TicketNumber) -> Result<Option<Turn>, Error> {
    let turn = conn.query_opt(
        "SELECT turn FROM ticket WHERE number = $1",
        params![number],
        |row| row.get::<Option<String>>(0),
    )?;
    Ok(turn.flatten().and_then(|turn| Turn::parse(&turn)))
}

/// A ticket's clocks; `None`: as [`from_stored`].
pub fn of_ticket(conn: &mut Conn<'_>, number: TicketNumber) -> Result<Option<Clocks>, Error> {
    let stored = conn.query_opt(
        "SELECT clocks FROM ticket WHERE number = $1",
        params![number],
        |row| row.get::<Option<String>>(0),
    )?;
    Ok(from_stored(stored.flatten().as_deref()))
}

/// A ticket's clocks and past; empty where there is no such ticket.
pub fn stored(conn: &mut Conn<'_>, number: TicketNumber) -> Result<Stored, Error> {
    let stored = conn.query_opt(
        "SELECT clocks, past FROM ticket WHERE number = $1",
        params![number],
        |row| Stored::read(row, 0),
    )?;
    Ok(stored.unwrap_or_default())
}

/// Tickets below a number whose history was never replayed into clocks and past, newest
/// first.
pub fn without(
    conn: &mut Conn<'_>,
    below: TicketNumber,
    limit: i64,
) -> Result<Vec<TicketNumber>, Error> {
    conn.query(
        "SELECT number FROM ticket WHERE past IS NULL AND number < $1
         ORDER BY number DESC LIMIT $2",
        params![below, limit],
        |row| row.get(0),
    )
}

/// Open tickets from a number on.
pub fn open_after(
    conn: &mut Conn<'_>,
    after: TicketNumber,
    limit: i64,
) -> Result<Vec<TicketNumber>, Error> {
    conn.query(
        "SELECT number FROM ticket WHERE open = 1 AND number > $1 ORDER BY number LIMIT $2",
        params![after, limit],
        |row| row.get(0),
    )
}
