//! What staff do with tickets again and again, as one.

use std::collections::HashMap;

use switchboard_core::canned::Shelf;
use switchboard_core::macros::Macro as Written;
use switchboard_core::{Actor, Millis, TicketNumber};
use uuid::Uuid;

use crate::canned::{columns, open_to, shelf, stands_on};
use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql, Value};

/// A macro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Macro {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub shelf: Shelf,
    /// What it does.
    pub written: Written,
    /// When it was last changed.
    pub changed_at: Millis,
    /// Its version.
    pub version: i64,
}

const COLUMNS: &str = "SELECT id, unit, person, doc, changed_at, version FROM macro";

fn read(row: &Row<'_>) -> Result<Macro, Error> {
    let doc: String = row.get(3)?;
    Ok(Macro {
        id: row.get(0)?,
        shelf: shelf(row.get(1)?, row.get(2)?),
        written: serde_json::from_str(&doc)
            .map_err(|e| Error::Corrupt(format!("what a macro does: {e}")))?,
        changed_at: row.get(4)?,
        version: row.get(5)?,
    })
}

/// Those that the actor may see, by title.
pub fn of(conn: &mut Conn<'_>, actor: &Actor) -> Result<Vec<Macro>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE ");
    open_to(&mut sql, actor);
    sql.push(" ORDER BY title, id");
    conn.run(&sql, read)
}

/// One of a list to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub shelf: Shelf,
    /// How people call it.
    pub title: String,
}

/// The names of those that the actor may see, by title.
pub fn names(conn: &mut Conn<'_>, actor: &Actor) -> Result<Vec<Named>, Error> {
    let mut sql = Sql::new("SELECT id, unit, person, title FROM macro WHERE ");
    open_to(&mut sql, actor);
    sql.push(" ORDER BY title, id");
    conn.run(&sql, |row| {
        Ok(Named {
            id: row.get(0)?,
            shelf: shelf(row.get(1)?, row.get(2)?),
            title: row.get(3)?,
        })
    })
}

/// One of them, whoever may see it.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Macro>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Those of one person, one unit or everybody.
pub fn on_shelf(conn: &mut Conn<'_>, shelf: Shelf) -> Result<Vec<Macro>, Error> {
    let mut sql = Sql::new(COLUMNS);
    stands_on(&mut sql, shelf);
    conn.run(&sql, read)
}

/// Stores a macro, new or changed.
pub fn save(conn: &mut Conn<'_>, one: &Macro) -> Result<(), Error> {
    let (unit, person) = columns(one.shelf);
    let doc = serde_json::to_string(&one.written)
        .map_err(|e| Error::Corrupt(format!("a macro to JSON: {e}")))?;
    conn.execute(
        "INSERT INTO macro (id, unit, person, title, doc, changed_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET unit = excluded.unit, person = excluded.person,
           title = excluded.title, doc = excluded.doc, changed_at = excluded.changed_at,
           version = excluded.version",
        params![
            one.id,
            unit,
            person,
            one.written.title.as_str(),
            doc,
            one.changed_at,
            one.version,
        ],
    )?;
    Ok(())
}

/// Takes a macro away; what was done by it stays, with its name.
pub fn delete(conn: &mut Conn<'_>, id: Uuid) -> Result<(), Error> {
    conn.execute("DELETE FROM macro WHERE id = $1", params![id])?;
    Ok(())
}

/// That something was done by a macro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The ticket.
    pub ticket: TicketNumber,
    /// The macro.
    pub id: Uuid,
    /// Its name then.
    pub title: String,
}

/// Notes by which macro what has this cause was done.
pub fn note(conn: &mut Conn<'_>, cause: Uuid, run: &Run) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO macro_run (cause, ticket, macro, title) VALUES ($1, $2, $3, $4)",
        params![cause, run.ticket, run.id, run.title.as_str()],
    )?;
    Ok(())
}

/// How many causes are asked for by one statement.
const AT_ONCE: usize = 500;

/// By which macros what has these causes was done: their names.
pub fn by_cause(
    conn: &mut Conn<'_>,
    causes: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, String>, Error> {
    let causes: Vec<Uuid> = causes.into_iter().collect();
    let mut found = HashMap::new();
    for some in causes.chunks(AT_ONCE) {
        let mut sql = Sql::new("SELECT cause, title FROM macro_run WHERE cause IN ");
        sql.list(some.iter().map(|cause| Value::from(*cause)));
        found.extend(conn.run(&sql, |row| Ok((row.get(0)?, row.get(1)?)))?);
    }
    Ok(found)
}
