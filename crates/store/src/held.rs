//! Answers that wait a few seconds before they are sent.

use switchboard_core::{Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// An answer that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldAnswer {
    /// Its id.
    pub id: Uuid,
    /// The ticket that it belongs to.
    pub ticket: TicketNumber,
    /// Who wrote it.
    pub author: PersonId,
    /// When.
    pub written_at: Millis,
    /// When it is sent.
    pub send_at: Millis,
    /// The status that goes with it, or empty.
    pub status: String,
    /// Its text.
    pub body: String,
    /// Why it could not be sent; then it waits for its author. Empty: its author took
    /// it back, and its files are kept for a second answer.
    pub refused: Option<String>,
}

impl HeldAnswer {
    /// Its author took it back.
    pub fn is_taken_back(&self) -> bool {
        self.refused.as_deref() == Some("")
    }
}

/// A file of an answer that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldFile {
    /// Its id.
    pub id: Uuid,
    /// The answer.
    pub answer: Uuid,
    /// Its name, made safe.
    pub name: String,
    /// What the browser said it is.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// Where its bytes lie.
    pub sha256: String,
}

const HELD: &str =
    "SELECT id, ticket, author, written_at, send_at, status, body, refused FROM held_answer";

fn read(row: &Row<'_>) -> Result<HeldAnswer, Error> {
    Ok(HeldAnswer {
        id: row.get(0)?,
        ticket: row.get(1)?,
        author: row.get(2)?,
        written_at: row.get(3)?,
        send_at: row.get(4)?,
        status: row.get(5)?,
        body: row.get(6)?,
        refused: row.get(7)?,
    })
}

/// Keeps an answer and its files.
pub fn insert(conn: &mut Conn<'_>, a: &HeldAnswer, files: &[HeldFile]) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO held_answer (id, ticket, author, written_at, send_at, status, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            a.id,
            a.ticket,
            a.author,
            a.written_at,
            a.send_at,
            a.status.as_str(),
            a.body.as_str()
        ],
    )?;
    for file in files {
        conn.execute(
            "INSERT INTO held_file (id, answer, name, media_type, size, sha256)
             VALUES ($1, $2, $3, $4, $5, $6)",
            params![
                file.id,
                file.answer,
                file.name.as_str(),
                file.media_type.as_str(),
                file.size,
                file.sha256.as_str()
            ],
        )?;
    }
    Ok(())
}

/// One answer.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<HeldAnswer>, Error> {
    let mut sql = Sql::new(HELD);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// The answers of a ticket, oldest first.
pub fn of_ticket(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Vec<HeldAnswer>, Error> {
    let mut sql = Sql::new(HELD);
    sql.push(" WHERE ticket = ").bind(ticket);
    sql.push(" ORDER BY written_at, id");
    conn.run(&sql, read)
}

/// The files of an answer.
pub fn files(conn: &mut Conn<'_>, answer: Uuid) -> Result<Vec<HeldFile>, Error> {
    conn.query(
        "SELECT id, answer, name, media_type, size, sha256 FROM held_file
         WHERE answer = $1 ORDER BY id",
        params![answer],
        |row| {
            Ok(HeldFile {
                id: row.get(0)?,
                answer: row.get(1)?,
                name: row.get(2)?,
                media_type: row.get(3)?,
                size: row.get(4)?,
                sha256: row.get(5)?,
            })
        },
    )
}

/// Answers that could not be sent and whose time was before `before`, and those that
/// were taken back and whose time was before `back_before`.
pub fn left_behind(
    conn: &mut Conn<'_>,
    before: Millis,
    back_before: Millis,
    limit: i64,
) -> Result<Vec<Uuid>, Error> {
    conn.query(
        "SELECT id FROM held_answer
         WHERE (refused <> '' AND send_at < $1) OR (refused = '' AND send_at < $2)
         ORDER BY send_at, id LIMIT $3",
        params![before, back_before, limit],
        |row| row.get(0),
    )
}

/// Gives an answer back to its author: it is not sent any more, and its files are kept.
/// `false`: it is not there any more, or was given back before.
pub fn give_back(conn: &mut Conn<'_>, id: Uuid) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE held_answer SET refused = '' WHERE id = $1 AND (refused IS NULL OR refused <> '')",
        params![id],
    )? > 0)
}

/// Takes an answer away, to send it or to let it go: who gets `true` has it.
pub fn take(conn: &mut Conn<'_>, id: Uuid) -> Result<bool, Error> {
    conn.execute("DELETE FROM held_file WHERE answer = $1", params![id])?;
    Ok(conn.execute("DELETE FROM held_answer WHERE id = $1", params![id])? > 0)
}

/// Notes that an answer could not be sent. `false`: it is not there any more.
pub fn refuse(conn: &mut Conn<'_>, id: Uuid, why: &str) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE held_answer SET refused = $2 WHERE id = $1 AND refused IS NULL",
        params![id, why],
    )? > 0)
}
