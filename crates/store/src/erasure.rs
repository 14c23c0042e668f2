//! Erasures of people, and the ledger of who was erased.

use switchboard_core::{Millis, PersonId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// An erasure, from the wish to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Its id.
    pub id: Uuid,
    /// Who is erased.
    pub person: PersonId,
    /// Since when it is wanted.
    pub asked_at: Millis,
    /// By whom; `None`: they came back with a restored backup.
    pub asked_by: Option<PersonId>,
    /// Why.
    pub reason: String,
    /// SHA-256 of the word in the mailed link.
    pub confirm_hash: Option<Vec<u8>>,
    /// Until when the link works.
    pub confirm_until: Option<Millis>,
    /// `asked`, `waiting`, `running`, `done`, `cancelled` or `refused`.
    pub state: String,
    /// When it begins.
    pub due_at: Option<Millis>,
    /// Names and addresses that are looked for, as JSON; `None` when done.
    pub traces: Option<String>,
    /// The step it is at.
    pub step: String,
    /// Tickets up to this number are done.
    pub position: i64,
    /// In how many tickets something was changed.
    pub tickets: i64,
    /// What stopped it.
    pub refusal: Option<String>,
    /// When it ended.
    pub ended_at: Option<Millis>,
}

const COLUMNS: &str = "SELECT id, person, asked_at, asked_by, reason, confirm_hash, confirm_until,
  state, due_at, traces, step, position, tickets, refusal, ended_at FROM erasure";

fn read(row: &Row<'_>) -> Result<Erasure, Error> {
    Ok(Erasure {
        id: row.get(0)?,
        person: row.get(1)?,
        asked_at: row.get(2)?,
        asked_by: row.get(3)?,
        reason: row.get(4)?,
        confirm_hash: row.get(5)?,
        confirm_until: row.get(6)?,
        state: row.get(7)?,
        due_at: row.get(8)?,
        traces: row.get(9)?,
        step: row.get(10)?,
        position: row.get(11)?,
        tickets: row.get(12)?,
        refusal: row.get(13)?,
        ended_at: row.get(14)?,
    })
}

/// Stores an erasure, or what became of it.
pub fn save(conn: &mut Conn<'_>, e: &Erasure) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO erasure (id, person, asked_at, asked_by, reason, confirm_hash, confirm_until,
           state, due_at, traces, step, position, tickets, refusal, ended_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (id) DO UPDATE SET reason = excluded.reason,
           confirm_hash = excluded.confirm_hash, confirm_until = excluded.confirm_until,
           state = excluded.state, due_at = excluded.due_at, traces = excluded.traces,
           step = excluded.step, position = excluded.position, tickets = excluded.tickets,
           refusal = excluded.refusal, ended_at = excluded.ended_at",
        params![
            e.id,
            e.person,
            e.asked_at,
            e.asked_by,
            e.reason.as_str(),
            e.confirm_hash.clone(),
            e.confirm_until,
            e.state.as_str(),
            e.due_at,
            e.traces.clone(),
            e.step.as_str(),
            e.position,
            e.tickets,
            e.refusal.clone(),
            e.ended_at,
        ],
    )?;
    Ok(())
}

/// One of them.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Erasure>, Error> {
    let mut sql = crate::value::Sql::new(COLUMNS);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// The one that a mailed word confirms.
pub fn by_word(conn: &mut Conn<'_>, hash: &[u8]) -> Result<Option<Erasure>, Error> {
    let mut sql = crate::value::Sql::new(COLUMNS);
    sql.push(" WHERE confirm_hash = ").bind(hash.to_vec());
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// The one of a person that is not over.
pub fn of_person(conn: &mut Conn<'_>, person: PersonId) -> Result<Option<Erasure>, Error> {
    let mut sql = crate::value::Sql::new(COLUMNS);
    sql.push(" WHERE person = ").bind(person);
    sql.push(" AND state IN ('asked', 'waiting', 'running') ORDER BY asked_at DESC LIMIT 1");
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Those that wait or are at work, and the newest others.
pub fn newest(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<Erasure>, Error> {
    let mut sql = crate::value::Sql::new(COLUMNS);
    sql.push(
        " ORDER BY CASE WHEN state IN ('asked', 'waiting', 'running') THEN 0 ELSE 1 END,
          asked_at DESC, id LIMIT ",
    )
    .bind(limit);
    conn.run(&sql, read)
}

/// Those that are at work.
pub fn running(conn: &mut Conn<'_>) -> Result<Vec<Erasure>, Error> {
    let mut sql = crate::value::Sql::new(COLUMNS);
    sql.push(" WHERE state = 'running' ORDER BY asked_at, id");
    conn.run(&sql, read)
}

/// Empties what people wrote about earlier erasures of this person.
pub fn forget_reasons(conn: &mut Conn<'_>, person: PersonId) -> Result<(), Error> {
    conn.execute(
        "UPDATE erasure SET reason = '', refusal = NULL
         WHERE person = $1 AND state NOT IN ('asked', 'waiting', 'running')",
        params![person],
    )?;
    Ok(())
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Salted hash of an id or an address.
    pub hash: Vec<u8>,
    /// `person` or `address`.
    pub kind: String,
    /// When they were erased.
    pub at: Millis,
}

/// Writes a line into the ledger; one that is there stays.
pub fn mark(conn: &mut Conn<'_>, m: &Mark) -> Result<(), Error> {
    conn.later(
        "INSERT INTO erased (hash, kind, at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING",
        params![m.hash.clone(), m.kind.as_str(), m.at],
    )
}

/// The whole ledger.
pub fn marks(conn: &mut Conn<'_>) -> Result<Vec<Mark>, Error> {
    conn.query(
        "SELECT hash, kind, at FROM erased ORDER BY at, hash",
        params![],
        |row| {
            Ok(Mark {
                hash: row.get(0)?,
                kind: row.get(1)?,
                at: row.get(2)?,
            })
        },
    )
}

/// Somebody as the ledger is compared with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Their id.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Since when they are known.
    pub created_at: Millis,
    /// They can act.
    pub active: bool,
    /// One of their addresses, when they have any.
    pub address: Option<String>,
}

/// People after one of them, each with each of their addresses, in the order of
/// their ids.
pub fn people(conn: &mut Conn<'_>, after: PersonId, limit: i64) -> Result<Vec<Known>, Error> {
    conn.query(
        "SELECT p.id, p.name, p.created_at, p.active, COALESCE(e.address, p.email)
         FROM (SELECT id, name, created_at, active, email FROM person WHERE id > $1
               ORDER BY id LIMIT $2) AS p
         LEFT JOIN person_email e ON e.person = p.id ORDER BY p.id, e.address",
        params![after, limit],
        |row| {
            Ok(Known {
                person: row.get(0)?,
                name: row.get(1)?,
                created_at: row.get(2)?,
                active: row.get(3)?,
                address: row.get(4)?,
            })
        },
    )
}

/// Takes everything that says who it was out of a person's row. The row stays,
/// for tickets and statistics.
pub fn empty_person(
    conn: &mut Conn<'_>,
    person: PersonId,
    name: &str,
    now: Millis,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE person SET name = $2, email = NULL, institute = '', community = NULL,
           community_said = NULL,
           password_hash = NULL, support = 0, monitor = 0, admin = 0, active = 0, updated_at = $3
         WHERE id = $1",
        params![person, name, now],
    )?;
    Ok(())
}

/// How many other active administrators there are.
pub fn other_admins(conn: &mut Conn<'_>, person: PersonId) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM person WHERE admin = 1 AND active = 1 AND id <> $1",
        params![person],
        |row| row.get(0),
    )
}

/// Names of the active units of which the person is the only responsible.
pub fn only_responsible_of(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<String>, Error> {
    conn.query(
        "SELECT u.name FROM membership m JOIN unit u ON u.id = m.unit
         WHERE m.person = $1 AND m.part = 'responsible' AND u.active = 1
           AND NOT EXISTS (SELECT 1 FROM membership o WHERE o.unit = m.unit
             AND o.part = 'responsible' AND o.person <> $1)
         ORDER BY u.name",
        params![person],
        |row| row.get(0),
    )
}
