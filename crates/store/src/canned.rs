//! Texts that staff keep for what they write again and again.

use switchboard_core::canned::{Canned, Shelf};
use switchboard_core::{Actor, Millis, PersonId, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql, Value};

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannedText {
    /// Its id.
    pub id: Uuid,
    /// What it says and whose it is.
    pub written: Canned,
    /// When it was last changed.
    pub changed_at: Millis,
    /// Its version.
    pub version: i64,
}

/// The columns of whose something is: the unit's and the person's.
pub(crate) fn columns(shelf: Shelf) -> (Option<UnitId>, Option<PersonId>) {
    match shelf {
        Shelf::Everybody => (None, None),
        Shelf::Unit(unit) => (Some(unit), None),
        Shelf::Own(person) => (None, Some(person)),
    }
}

/// Whose something is, by those columns.
pub(crate) fn shelf(unit: Option<UnitId>, person: Option<PersonId>) -> Shelf {
    match (unit, person) {
        (_, Some(person)) => Shelf::Own(person),
        (Some(unit), None) => Shelf::Unit(unit),
        (None, None) => Shelf::Everybody,
    }
}

/// Adds the condition that the actor may see what stands there: as
/// [`Shelf::is_open_to`] says.
pub(crate) fn open_to(sql: &mut Sql, actor: &Actor) {
    if !actor.is_staff() {
        sql.push("1 = 0");
        return;
    }
    sql.push("(unit IS NULL AND person IS NULL OR person = ")
        .bind(actor.person);
    if actor.admin || actor.is_system() {
        sql.push(" OR unit IS NOT NULL)");
    } else {
        sql.push(" OR unit IN ")
            .list(actor.units.iter().map(|m| Value::from(m.unit)))
            .push(")");
    }
}

/// Adds that only those count that are one person's, one unit's or everybody's.
pub(crate) fn stands_on(sql: &mut Sql, shelf: Shelf) {
    match shelf {
        Shelf::Everybody => sql.push(" WHERE unit IS NULL AND person IS NULL"),
        Shelf::Unit(unit) => sql.push(" WHERE unit = ").bind(unit),
        Shelf::Own(person) => sql.push(" WHERE person = ").bind(person),
    };
}

fn read(row: &Row<'_>) -> Result<CannedText, Error> {
    Ok(CannedText {
        id: row.get(0)?,
        written: Canned {
            shelf: shelf(row.get(1)?, row.get(2)?),
            title: row.get(3)?,
            shortcut: row.get(4)?,
            body: row.get(5)?,
        },
        changed_at: row.get(6)?,
        version: row.get(7)?,
    })
}

const COLUMNS: &str = "SELECT id, unit, person, title, shortcut, body, changed_at, version
  FROM canned_text";

/// Those that the actor may see, by shortcut.
pub fn of(conn: &mut Conn<'_>, actor: &Actor) -> Result<Vec<CannedText>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE ");
    open_to(&mut sql, actor);
    sql.push(" ORDER BY shortcut, id");
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
    /// What is typed to get it.
    pub shortcut: String,
}

/// The names of those that the actor may see, by shortcut.
pub fn names(conn: &mut Conn<'_>, actor: &Actor) -> Result<Vec<Named>, Error> {
    let mut sql = Sql::new("SELECT id, unit, person, title, shortcut FROM canned_text");
    sql.push(" WHERE ");
    open_to(&mut sql, actor);
    sql.push(" ORDER BY shortcut, id");
    conn.run(&sql, |row| {
        Ok(Named {
            id: row.get(0)?,
            shelf: shelf(row.get(1)?, row.get(2)?),
            title: row.get(3)?,
            shortcut: row.get(4)?,
        })
    })
}

/// One of them, whoever may see it.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<CannedText>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Those of one person, one unit or everybody.
pub fn on_shelf(conn: &mut Conn<'_>, shelf: Shelf) -> Result<Vec<CannedText>, Error> {
    let mut sql = Sql::new(COLUMNS);
    stands_on(&mut sql, shelf);
    conn.run(&sql, read)
}

/// Stores a text, new or changed.
pub fn save(conn: &mut Conn<'_>, text: &CannedText) -> Result<(), Error> {
    let (unit, person) = columns(text.written.shelf);
    conn.execute(
        "INSERT INTO canned_text (id, unit, person, title, shortcut, body, changed_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (id) DO UPDATE SET unit = excluded.unit, person = excluded.person,
           title = excluded.title, shortcut = excluded.shortcut, body = excluded.body,
           changed_at = excluded.changed_at, version = excluded.version",
        params![
            text.id,
            unit,
            person,
            text.written.title.as_str(),
            text.written.shortcut.as_str(),
            text.written.body.as_str(),
            text.changed_at,
            text.version,
        ],
    )?;
    Ok(())
}

/// Takes a text away.
pub fn delete(conn: &mut Conn<'_>, id: Uuid) -> Result<(), Error> {
    conn.execute("DELETE FROM canned_text WHERE id = $1", params![id])?;
    Ok(())
}
