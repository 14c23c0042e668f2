//! The append-only history, which is also the change feed.

use switchboard_core::{Change, Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// One change of one ticket, as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its place in the feed, without gaps.
    pub id: i64,
    /// The ticket.
    pub ticket: TicketNumber,
    /// Its place in the ticket, from 1.
    pub seq: i64,
    /// When.
    pub at: Millis,
    /// Who; `None`: the desk.
    pub actor: Option<PersonId>,
    /// The name shown.
    pub actor_name: String,
    /// Through which door.
    pub channel: String,
    /// One for all events of one request.
    pub cause: Uuid,
    /// What happened.
    pub change: Change,
}

fn read(row: &Row<'_>) -> Result<Event, Error> {
    let data: String = row.get(8)?;
    Ok(Event {
        id: row.get(0)?,
        ticket: row.get(1)?,
        seq: row.get(2)?,
        at: row.get(3)?,
        actor: row.get(4)?,
        actor_name: row.get(5)?,
        channel: row.get(6)?,
        cause: row.get(7)?,
        change: serde_json::from_str(&data)
            .map_err(|e| Error::Corrupt(format!("event data: {e}")))?,
    })
}

/// Appends one event.
pub fn insert(conn: &mut Conn<'_>, event: &Event) -> Result<(), Error> {
    let data = serde_json::to_string(&event.change)
        .map_err(|e| Error::Corrupt(format!("event to JSON: {e}")))?;
    conn.later(
        "INSERT INTO event (id, ticket, seq, at, actor, actor_name, channel, cause, kind, data)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            event.id,
            event.ticket,
            event.seq,
            event.at,
            event.actor,
            event.actor_name.as_str(),
            event.channel.as_str(),
            event.cause,
            event.change.kind(),
            data,
        ],
    )?;
    Ok(())
}

/// A ticket's history after `after_seq`, oldest first.
pub fn of_ticket(
    conn: &mut Conn<'_>,
    ticket: TicketNumber,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<Event>, Error> {
    conn.query(
        "SELECT id, ticket, seq, at, actor, actor_name, channel, cause, data
         FROM event WHERE ticket = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        params![ticket, after_seq, limit],
        read,
    )
}

/// The last of a ticket's events up to a place that is of this kind ([`Change::kind`]).
pub fn last_of_kind(
    conn: &mut Conn<'_>,
    ticket: TicketNumber,
    kind: &str,
    until_seq: i64,
) -> Result<Option<Event>, Error> {
    conn.query_opt(
        "SELECT id, ticket, seq, at, actor, actor_name, channel, cause, data
         FROM event WHERE ticket = $1 AND kind = $2 AND seq <= $3 ORDER BY seq DESC LIMIT 1",
        params![ticket, kind, until_seq],
        read,
    )
}

/// The feed after event `after`, in order.
pub fn feed(conn: &mut Conn<'_>, after: i64, limit: i64) -> Result<Vec<Event>, Error> {
    conn.query(
        "SELECT id, ticket, seq, at, actor, actor_name, channel, cause, data
         FROM event WHERE id > $1 ORDER BY id LIMIT $2",
        params![after, limit],
        read,
    )
}

/// The last event's place in the feed; 0 when there is none.
pub fn last(conn: &mut Conn<'_>) -> Result<i64, Error> {
    crate::counter::last(conn, "event")
}

/// How far a reader of the feed has come; 0 when it has not begun.
pub fn position(conn: &mut Conn<'_>, reader: &str) -> Result<i64, Error> {
    Ok(conn
        .query_opt(
            "SELECT event FROM cursor_position WHERE name = $1",
            params![reader],
            |row| row.get(0),
        )?
        .unwrap_or(0))
}

/// Notes how far a reader has come.
pub fn set_position(conn: &mut Conn<'_>, reader: &str, event: i64) -> Result<(), Error> {
    conn.later(
        "INSERT INTO cursor_position (name, event) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET event = excluded.event",
        params![reader, event],
    )?;
    Ok(())
}
