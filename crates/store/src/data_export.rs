//! People's data put together to be fetched.

use switchboard_core::{Millis, PersonId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// One archive of a person's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its id.
    pub id: Uuid,
    /// Whose data.
    pub person: PersonId,
    /// Who asked for it.
    pub asked_by: PersonId,
    /// When.
    pub asked_at: Millis,
    /// `asked`, `ready`, `over` or `failed`.
    pub state: String,
    /// The archive in the folder of files.
    pub file: Option<String>,
    /// Its bytes.
    pub size: Option<i64>,
    /// Since when it can be fetched.
    pub ready_at: Option<Millis>,
    /// Until when.
    pub expires_at: Option<Millis>,
}

fn read(row: &Row<'_>) -> Result<Export, Error> {
    Ok(Export {
        id: row.get(0)?,
        person: row.get(1)?,
        asked_by: row.get(2)?,
        asked_at: row.get(3)?,
        state: row.get(4)?,
        file: row.get(5)?,
        size: row.get(6)?,
        ready_at: row.get(7)?,
        expires_at: row.get(8)?,
    })
}

/// Notes that one is asked for.
pub fn insert(conn: &mut Conn<'_>, e: &Export) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO data_export (id, person, asked_by, asked_at, state)
         VALUES ($1, $2, $3, $4, $5)",
        params![e.id, e.person, e.asked_by, e.asked_at, e.state.as_str()],
    )?;
    Ok(())
}

/// One of them.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Export>, Error> {
    conn.query_opt(
        "SELECT id, person, asked_by, asked_at, state, file, size, ready_at, expires_at
         FROM data_export WHERE id = $1",
        params![id],
        read,
    )
}

/// A person's, newest first.
pub fn of_person(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<Export>, Error> {
    conn.query(
        "SELECT id, person, asked_by, asked_at, state, file, size, ready_at, expires_at
         FROM data_export WHERE person = $1 ORDER BY asked_at DESC, id DESC LIMIT 20",
        params![person],
        read,
    )
}

/// Notes what became of one.
pub fn finish(conn: &mut Conn<'_>, e: &Export) -> Result<(), Error> {
    conn.execute(
        "UPDATE data_export SET state = $2, file = $3, size = $4, ready_at = $5, expires_at = $6
         WHERE id = $1",
        params![
            e.id,
            e.state.as_str(),
            e.file.clone(),
            e.size,
            e.ready_at,
            e.expires_at
        ],
    )?;
    Ok(())
}

/// Those whose time is over and whose file is still there.
pub fn over(conn: &mut Conn<'_>, now: Millis) -> Result<Vec<Export>, Error> {
    conn.query(
        "SELECT id, person, asked_by, asked_at, state, file, size, ready_at, expires_at
         FROM data_export WHERE state = 'ready' AND expires_at <= $1 LIMIT 100",
        params![now],
        read,
    )
}
