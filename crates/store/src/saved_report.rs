//! Reports that somebody saved, and has mailed.

use switchboard_core::{Millis, PersonId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// A saved report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedReport {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub person: PersonId,
    /// How they call it.
    pub title: String,
    /// What is asked, as JSON that the caller understands.
    pub asked: String,
    /// How often it is mailed: `never`, `weekly`, `monthly`.
    pub rhythm: String,
    /// As what: `csv`, `xlsx`.
    pub format: String,
    /// When it is mailed next; `None`: it is not.
    pub next_at: Option<Millis>,
    /// When it was mailed last.
    pub sent_at: Option<Millis>,
    /// Why it could not be counted then.
    pub trouble: Option<String>,
    /// When it was saved.
    pub made_at: Millis,
}

const COLUMNS: &str = "SELECT id, person, title, asked, rhythm, format, next_at, sent_at, trouble,
  made_at FROM saved_report";

fn read(row: &Row<'_>) -> Result<SavedReport, Error> {
    Ok(SavedReport {
        id: row.get(0)?,
        person: row.get(1)?,
        title: row.get(2)?,
        asked: row.get(3)?,
        rhythm: row.get(4)?,
        format: row.get(5)?,
        next_at: row.get(6)?,
        sent_at: row.get(7)?,
        trouble: row.get(8)?,
        made_at: row.get(9)?,
    })
}

/// Saves one, new or after it was mailed.
pub fn save(conn: &mut Conn<'_>, report: &SavedReport) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO saved_report (id, person, title, asked, rhythm, format, next_at, sent_at,
           trouble, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (id) DO UPDATE SET title = excluded.title, rhythm = excluded.rhythm,
           format = excluded.format, next_at = excluded.next_at, sent_at = excluded.sent_at,
           trouble = excluded.trouble",
        params![
            report.id,
            report.person,
            report.title.as_str(),
            report.asked.as_str(),
            report.rhythm.as_str(),
            report.format.as_str(),
            report.next_at,
            report.sent_at,
            report.trouble.clone(),
            report.made_at,
        ],
    )?;
    Ok(())
}

/// Somebody's, the oldest first.
pub fn of(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<SavedReport>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE person = ")
        .bind(person)
        .push(" ORDER BY made_at, id");
    conn.run(&sql, read)
}

/// One.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<SavedReport>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Those that are to be mailed now.
pub fn due(conn: &mut Conn<'_>, now: Millis, limit: i64) -> Result<Vec<SavedReport>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE next_at <= ")
        .bind(now)
        .push(" ORDER BY next_at, id LIMIT ")
        .bind(limit);
    conn.run(&sql, read)
}

/// Forgets one of somebody's; `false`: they have none such.
pub fn forget(conn: &mut Conn<'_>, person: PersonId, id: Uuid) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM saved_report WHERE id = $1 AND person = $2",
        params![id, person],
    )? > 0)
}
