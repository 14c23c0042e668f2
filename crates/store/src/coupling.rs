//! How far the exchange under an agreement has come.

use switchboard_core::{Millis, PersonId, ServiceId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// Whether tickets travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// They do.
    On,
    /// Not for now: nothing is sent and nothing is read; what happens waits.
    Paused,
}

impl State {
    /// The word stored.
    pub fn key(self) -> &'static str {
        match self {
            State::On => "on",
            State::Paused => "paused",
        }
    }
}

/// The exchange under one agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupling {
    /// The agreement.
    pub agreement: Uuid,
    /// Whether tickets travel.
    pub state: State,
    /// Between two looks there, in milliseconds.
    pub poll_ms: Millis,
    /// How far changes there were read, as JSON; `None`: not begun.
    pub reading: Option<String>,
    /// When they were last read.
    pub read_at: Option<Millis>,
    /// When to look after it again.
    pub next_at: Millis,
    /// Failures in a row.
    pub tries: i64,
    /// Why it can not be talked to.
    pub error: Option<String>,
    /// Since when.
    pub error_at: Option<Millis>,
    /// When it was made.
    pub made_at: Millis,
    /// Who asks here for what was opened there by people whose names may not pass.
    pub requester: Option<PersonId>,
    /// When the other system said that something happened there, and nobody has
    /// looked since.
    pub woken_at: Option<Millis>,
}

const COLUMNS: &str = "SELECT agreement, state, poll_ms, reading, read_at, next_at, tries, error,
  error_at, made_at, requester, woken_at FROM coupling";

fn read(row: &Row<'_>) -> Result<Coupling, Error> {
    let state: String = row.get(1)?;
    Ok(Coupling {
        agreement: row.get(0)?,
        state: match state.as_str() {
            "on" => State::On,
            "paused" => State::Paused,
            other => return Err(Error::Corrupt(format!("coupling state {other:?}"))),
        },
        poll_ms: row.get(2)?,
        reading: row.get(3)?,
        read_at: row.get(4)?,
        next_at: row.get(5)?,
        tries: row.get(6)?,
        error: row.get(7)?,
        error_at: row.get(8)?,
        made_at: row.get(9)?,
        requester: row.get(10)?,
        woken_at: row.get(11)?,
    })
}

/// Makes the coupling of a new agreement.
pub fn insert(
    conn: &mut Conn<'_>,
    agreement: Uuid,
    state: State,
    poll_ms: Millis,
    now: Millis,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO coupling (agreement, state, poll_ms, next_at, tries, made_at)
         VALUES ($1, $2, $3, $4, 0, $4)",
        params![agreement, state.key(), poll_ms, now],
    )?;
    Ok(())
}

/// One coupling.
pub fn load(conn: &mut Conn<'_>, agreement: Uuid) -> Result<Option<Coupling>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE agreement = ").bind(agreement);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Every coupling, the oldest first.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Coupling>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" ORDER BY made_at, agreement");
    conn.run(&sql, read)
}

/// Whether there is any.
pub fn any(conn: &mut Conn<'_>) -> Result<bool, Error> {
    Ok(conn
        .query_opt("SELECT 1 FROM coupling LIMIT 1", params![], |row| {
            row.get::<i64>(0)
        })?
        .is_some())
}

/// The services whose tickets travel now.
pub fn services(conn: &mut Conn<'_>) -> Result<Vec<ServiceId>, Error> {
    conn.query(
        "SELECT DISTINCT a.service FROM coupling c JOIN agreement a ON a.id = c.agreement
         WHERE a.closed_at IS NULL AND a.option = 'integration'",
        params![],
        |row| row.get(0),
    )
}

/// Agreements whose coupling is on and to be looked after now.
pub fn due(conn: &mut Conn<'_>, now: Millis, limit: i64) -> Result<Vec<Uuid>, Error> {
    conn.query(
        "SELECT agreement FROM coupling WHERE state = 'on' AND next_at <= $1
         ORDER BY next_at, agreement LIMIT $2",
        params![now, limit],
        |row| row.get(0),
    )
}

/// The agreement under which a service's tickets travel now.
pub fn of_service(conn: &mut Conn<'_>, service: ServiceId) -> Result<Option<Uuid>, Error> {
    conn.query_opt(
        "SELECT c.agreement FROM coupling c JOIN agreement a ON a.id = c.agreement
         WHERE a.service = $1 AND a.closed_at IS NULL AND a.option = 'integration'",
        params![service],
        |row| row.get(0),
    )
}

/// The agreement that takes over what is opened in a queue there: of several
/// services that share it, the one that was agreed first.
pub fn takes_over(conn: &mut Conn<'_>, endpoint: &str, queue: &str) -> Result<Option<Uuid>, Error> {
    conn.query_opt(
        "SELECT c.agreement FROM coupling c JOIN agreement a ON a.id = c.agreement
         WHERE a.closed_at IS NULL AND a.option = 'integration'
           AND COALESCE(a.direction, 'both') <> 'out'
           AND RTRIM(a.endpoint, '/') = RTRIM($1, '/') AND a.queue = $2
         ORDER BY a.opened_at, a.id LIMIT 1",
        params![endpoint, queue],
        |row| row.get(0),
    )
}

/// Notes who asks for what was opened there.
pub fn set_requester(
    conn: &mut Conn<'_>,
    agreement: Uuid,
    requester: PersonId,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE coupling SET requester = $2 WHERE agreement = $1",
        params![agreement, requester],
    )?;
    Ok(())
}

/// Lets tickets travel, or not.
pub fn set_state(
    conn: &mut Conn<'_>,
    agreement: Uuid,
    state: State,
    now: Millis,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE coupling SET state = $2, next_at = $3, tries = 0 WHERE agreement = $1",
        params![agreement, state.key(), now],
    )?;
    Ok(())
}

/// There is something to do: it is looked after at this time at the latest,
/// unless it waits because it can not be talked to.
pub fn wake(conn: &mut Conn<'_>, agreement: Uuid, at: Millis) -> Result<(), Error> {
    conn.execute(
        "UPDATE coupling SET next_at = $2 WHERE agreement = $1 AND tries = 0 AND next_at > $2",
        params![agreement, at],
    )?;
    Ok(())
}

/// Somebody asks for a look at once, also where it waits because the system could
/// not be talked to.
pub fn hurry(conn: &mut Conn<'_>, agreement: Uuid, at: Millis) -> Result<(), Error> {
    conn.execute(
        "UPDATE coupling SET next_at = $2 WHERE agreement = $1 AND next_at > $2",
        params![agreement, at],
    )?;
    Ok(())
}

/// The other system says that something happened there: it is looked at at this
/// time at the latest.
pub fn rouse(conn: &mut Conn<'_>, agreement: Uuid, now: Millis, at: Millis) -> Result<(), Error> {
    conn.execute(
        "UPDATE coupling SET woken_at = $2, next_at = CASE WHEN next_at > $3 THEN $3 ELSE next_at END
         WHERE agreement = $1",
        params![agreement, now, at],
    )?;
    Ok(())
}

/// The same of every system that can be talked to.
pub fn rouse_all(conn: &mut Conn<'_>, now: Millis) -> Result<(), Error> {
    conn.execute(
        "UPDATE coupling SET woken_at = $1, next_at = CASE WHEN next_at > $1 THEN $1 ELSE next_at END
         WHERE state = 'on' AND tries = 0",
        params![now],
    )?;
    Ok(())
}

/// Somebody looks now: what is said from here on asks for another look.
pub fn awake(conn: &mut Conn<'_>, agreement: Uuid) -> Result<(), Error> {
    conn.execute(
        "UPDATE coupling SET woken_at = NULL WHERE agreement = $1",
        params![agreement],
    )?;
    Ok(())
}

/// Notes how far changes there were read.
pub fn set_reading(
    conn: &mut Conn<'_>,
    agreement: Uuid,
    reading: &str,
    now: Millis,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE coupling SET reading = $2, read_at = $3 WHERE agreement = $1",
        params![agreement, reading, now],
    )?;
    Ok(())
}

/// Notes that it could be talked to, and when to look after it again.
pub fn rest(conn: &mut Conn<'_>, agreement: Uuid, next_at: Millis) -> Result<(), Error> {
    conn.execute(
        "UPDATE coupling SET next_at = $2, tries = 0, error = NULL, error_at = NULL
         WHERE agreement = $1",
        params![agreement, next_at],
    )?;
    Ok(())
}

/// Notes that it could not be talked to, for so many times in a row, and when to
/// try again.
pub fn fail(
    conn: &mut Conn<'_>,
    agreement: Uuid,
    why: &str,
    tries: i64,
    next_at: Millis,
    now: Millis,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE coupling SET next_at = $2, tries = $3, error = $4,
           error_at = COALESCE(error_at, $5)
         WHERE agreement = $1",
        params![agreement, next_at, tries, why, now],
    )?;
    Ok(())
}
