//! Entries of the two diaries, and the files that came with them.

use switchboard_core::{EntryId, EntryVisibility, Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// An entry as stored. Once written it is never changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// The ticket it is in.
    pub ticket: TicketNumber,
    /// Its place in the ticket, from 1.
    pub seq: i64,
    /// When it was written.
    pub at: Millis,
    /// Who wrote it; `None`: somebody in another system, or the desk.
    pub author: Option<PersonId>,
    /// The name shown.
    pub author_name: String,
    /// `requester`, `support`, `external` or `system`.
    pub author_side: String,
    /// Through which door it came.
    pub channel: String,
    /// Which diary.
    pub visibility: EntryVisibility,
    /// It is the solution given.
    pub solution: bool,
    /// Plain text.
    pub body: String,
    /// What was trimmed off a mail: quotes and signature.
    pub quoted: Option<String>,
    /// The mail's HTML, sanitised.
    pub html: Option<String>,
    /// The mail it came by.
    pub mail: Option<Uuid>,
    /// What that mail claimed of signatures and encryption, as JSON.
    pub protection: Option<String>,
}

pub(crate) const COLUMNS: &str =
    "SELECT id, ticket, seq, at, author, author_name, author_side, channel,
  visibility, solution, body, quoted, html, mail, protection FROM entry";

pub(crate) fn read(row: &Row<'_>) -> Result<Entry, Error> {
    let visibility: String = row.get(8)?;
    Ok(Entry {
        id: row.get(0)?,
        ticket: row.get(1)?,
        seq: row.get(2)?,
        at: row.get(3)?,
        author: row.get(4)?,
        author_name: row.get(5)?,
        author_side: row.get(6)?,
        channel: row.get(7)?,
        visibility: if visibility == EntryVisibility::Public.key() {
            EntryVisibility::Public
        } else {
            // Anything but the one public word stays inside.
            EntryVisibility::Internal
        },
        solution: row.get(9)?,
        body: row.get(10)?,
        quoted: row.get(11)?,
        html: row.get(12)?,
        mail: row.get(13)?,
        protection: row.get(14)?,
    })
}

/// Stores an entry at the end of its ticket; `seq` is given by the store.
pub fn insert(conn: &mut Conn<'_>, entry: &Entry) -> Result<(), Error> {
    conn.later(
        "INSERT INTO entry (id, ticket, seq, at, author, author_name, author_side, channel,
           visibility, solution, body, quoted, html, mail, protection)
         VALUES ($1, $2, (SELECT COALESCE(MAX(seq), 0) + 1 FROM entry WHERE ticket = $2),
           $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        params![
            entry.id,
            entry.ticket,
            entry.at,
            entry.author,
            entry.author_name.as_str(),
            entry.author_side.as_str(),
            entry.channel.as_str(),
            entry.visibility.key(),
            entry.solution,
            entry.body.as_str(),
            entry.quoted.clone(),
            entry.html.clone(),
            entry.mail,
            entry.protection.clone(),
        ],
    )?;
    Ok(())
}

/// A ticket's entries after `after_seq`, oldest first. Without
/// `with_internal` only the public diary.
pub fn of_ticket(
    conn: &mut Conn<'_>,
    ticket: TicketNumber,
    with_internal: bool,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<Entry>, Error> {
    let sql = some_of_ticket(ticket, with_internal, after_seq, limit);
    conn.run(&sql, read)
}

/// The last public entry that the support side wrote, or another system for it.
pub fn last_answer(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Option<Entry>, Error> {
    conn.query_opt(
        "SELECT id, ticket, seq, at, author, author_name, author_side, channel,
           visibility, solution, body, quoted, html, mail, protection FROM entry
         WHERE ticket = $1 AND visibility = 'public' AND author_side IN ('support', 'external')
         ORDER BY seq DESC LIMIT 1",
        params![ticket],
        read,
    )
}

/// Has [`of_ticket`] and [`attachments`] answered together with the next
/// statement, where that saves a journey.
pub fn expect(
    conn: &mut Conn<'_>,
    ticket: TicketNumber,
    with_internal: bool,
    after_seq: i64,
    limit: i64,
) -> Result<(), Error> {
    let sql = some_of_ticket(ticket, with_internal, after_seq, limit);
    conn.expect(sql.text(), sql.params())?;
    conn.expect(FILES, params![ticket])
}

/// Has [`of_ticket`] answered together with the next statement, likewise.
pub fn expect_of_ticket(
    conn: &mut Conn<'_>,
    ticket: TicketNumber,
    with_internal: bool,
    after_seq: i64,
    limit: i64,
) -> Result<(), Error> {
    let sql = some_of_ticket(ticket, with_internal, after_seq, limit);
    conn.expect(sql.text(), sql.params())
}

/// Has [`load`] answered together with the next statement, likewise.
pub fn expect_load(conn: &mut Conn<'_>, id: EntryId) -> Result<(), Error> {
    let sql = by_id(id);
    conn.expect(sql.text(), sql.params())
}

fn by_id(id: EntryId) -> crate::value::Sql {
    let mut sql = crate::value::Sql::new(COLUMNS);
    sql.push(" WHERE id = ").bind(id);
    sql
}

fn some_of_ticket(
    ticket: TicketNumber,
    with_internal: bool,
    after_seq: i64,
    limit: i64,
) -> crate::value::Sql {
    let mut sql = crate::value::Sql::new(COLUMNS);
    sql.push(" WHERE ticket = ")
        .bind(ticket)
        .push(" AND seq > ")
        .bind(after_seq);
    if !with_internal {
        sql.push(" AND visibility = 'public'");
    }
    sql.push(" ORDER BY seq LIMIT ").bind(limit);
    sql
}

/// One entry.
pub fn load(conn: &mut Conn<'_>, id: EntryId) -> Result<Option<Entry>, Error> {
    Ok(conn.run(&by_id(id), read)?.into_iter().next())
}

/// The ids of a ticket's entries, oldest first.
pub fn ids(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Vec<EntryId>, Error> {
    conn.query(
        "SELECT id FROM entry WHERE ticket = $1 ORDER BY seq",
        params![ticket],
        |row| row.get(0),
    )
}

/// A file that came with an entry; its bytes lie in the blob store.
#[derive(Debug, Clone, PartialEq)]
pub struct Attachment {
    /// Its id.
    pub id: Uuid,
    /// The ticket.
    pub ticket: TicketNumber,
    /// The entry.
    pub entry: EntryId,
    /// A safe file name.
    pub name: String,
    /// What the sender said it is.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// Hexadecimal SHA-256 of the bytes: where they lie.
    pub sha256: String,
    /// For images within a mail's HTML.
    pub content_id: Option<String>,
    /// When it came.
    pub created_at: Millis,
}

pub(crate) fn read_attachment(row: &Row<'_>) -> Result<Attachment, Error> {
    Ok(Attachment {
        id: row.get(0)?,
        ticket: row.get(1)?,
        entry: row.get(2)?,
        name: row.get(3)?,
        media_type: row.get(4)?,
        size: row.get(5)?,
        sha256: row.get(6)?,
        content_id: row.get(7)?,
        created_at: row.get(8)?,
    })
}

/// Stores what is known of a file.
pub fn insert_attachment(conn: &mut Conn<'_>, a: &Attachment) -> Result<(), Error> {
    conn.later(
        "INSERT INTO attachment (id, ticket, entry, name, media_type, size, sha256, content_id,
           created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            a.id,
            a.ticket,
            a.entry,
            a.name.as_str(),
            a.media_type.as_str(),
            a.size,
            a.sha256.as_str(),
            a.content_id.clone(),
            a.created_at,
        ],
    )?;
    Ok(())
}

const FILES: &str = "SELECT id, ticket, entry, name, media_type, size, sha256, content_id,
    created_at FROM attachment WHERE ticket = $1 ORDER BY id";

/// The files of a ticket, in the order of arrival.
pub fn attachments(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Vec<Attachment>, Error> {
    conn.query(FILES, params![ticket], read_attachment)
}

/// One file.
pub fn attachment(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Attachment>, Error> {
    conn.query_opt(
        "SELECT id, ticket, entry, name, media_type, size, sha256, content_id, created_at
         FROM attachment WHERE id = $1",
        params![id],
        read_attachment,
    )
}
