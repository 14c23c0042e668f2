//! What is older than the rules of retention let it be. Nothing that a legal hold is
//! on, or that belongs to a ticket of somebody under one, is ever found.

use switchboard_core::{Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::conn::Conn;
use crate::entry::Attachment;
use crate::error::Error;
use crate::params;

/// Originals of mails of tickets of a category that were closed before a time: mail
/// and file.
pub fn originals(
    conn: &mut Conn<'_>,
    category: &str,
    before: Millis,
    limit: i64,
) -> Result<Vec<(Uuid, String)>, Error> {
    conn.query(
        "SELECT m.id, m.raw FROM mail_in m JOIN ticket t ON t.number = m.ticket
         WHERE t.category = $1 AND t.open = 0 AND t.closed_at < $2 AND m.raw <> ''
           AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.lifted_at IS NULL
             AND (h.ticket = t.number OR h.person = t.requester OR h.person IN
               (SELECT p.person FROM party p WHERE p.ticket = t.number)))
         ORDER BY m.id LIMIT $3",
        params![category, before, limit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// How many there are.
pub fn count_originals(conn: &mut Conn<'_>, category: &str, before: Millis) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM mail_in m JOIN ticket t ON t.number = m.ticket
         WHERE t.category = $1 AND t.open = 0 AND t.closed_at < $2 AND m.raw <> ''
           AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.lifted_at IS NULL
             AND (h.ticket = t.number OR h.person = t.requester OR h.person IN
               (SELECT p.person FROM party p WHERE p.ticket = t.number)))",
        params![category, before],
        |row| row.get(0),
    )
}

/// The original of a mail is gone.
pub fn forget_original(conn: &mut Conn<'_>, mail: Uuid) -> Result<(), Error> {
    conn.later("UPDATE mail_in SET raw = '' WHERE id = $1", params![mail])
}

/// Files of tickets of a category that were closed before a time.
pub fn attachments(
    conn: &mut Conn<'_>,
    category: &str,
    before: Millis,
    limit: i64,
) -> Result<Vec<Attachment>, Error> {
    conn.query(
        "SELECT a.id, a.ticket, a.entry, a.name, a.media_type, a.size, a.sha256, a.content_id,
           a.created_at
         FROM attachment a JOIN ticket t ON t.number = a.ticket
         WHERE t.category = $1 AND t.open = 0 AND t.closed_at < $2 AND a.sha256 <> ''
           AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.lifted_at IS NULL
             AND (h.ticket = t.number OR h.person = t.requester OR h.person IN
               (SELECT p.person FROM party p WHERE p.ticket = t.number)))
         ORDER BY a.id LIMIT $3",
        params![category, before, limit],
        crate::entry::read_attachment,
    )
}

/// How many there are.
pub fn count_attachments(
    conn: &mut Conn<'_>,
    category: &str,
    before: Millis,
) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM attachment a JOIN ticket t ON t.number = a.ticket
         WHERE t.category = $1 AND t.open = 0 AND t.closed_at < $2 AND a.sha256 <> ''
           AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.lifted_at IS NULL
             AND (h.ticket = t.number OR h.person = t.requester OR h.person IN
               (SELECT p.person FROM party p WHERE p.ticket = t.number)))",
        params![category, before],
        |row| row.get(0),
    )
}

/// Tickets of a category that were closed before a time and still say who asked:
/// number and requester. `nobody` stands for those who are not said any more.
pub fn tickets(
    conn: &mut Conn<'_>,
    category: &str,
    before: Millis,
    nobody: PersonId,
    limit: i64,
) -> Result<Vec<(TicketNumber, PersonId)>, Error> {
    conn.query(
        "SELECT t.number, t.requester FROM ticket t
         WHERE t.category = $1 AND t.open = 0 AND t.closed_at < $2 AND t.requester <> $3
           AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.lifted_at IS NULL
             AND (h.ticket = t.number OR h.person = t.requester OR h.person IN
               (SELECT p.person FROM party p WHERE p.ticket = t.number)))
         ORDER BY t.number LIMIT $4",
        params![category, before, nobody, limit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// How many there are.
pub fn count_tickets(
    conn: &mut Conn<'_>,
    category: &str,
    before: Millis,
    nobody: PersonId,
) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM ticket t
         WHERE t.category = $1 AND t.open = 0 AND t.closed_at < $2 AND t.requester <> $3
           AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.lifted_at IS NULL
             AND (h.ticket = t.number OR h.person = t.requester OR h.person IN
               (SELECT p.person FROM party p WHERE p.ticket = t.number)))",
        params![category, before, nobody],
        |row| row.get(0),
    )
}

/// Puts somebody else in a person's place in one ticket's rows.
pub fn repoint(
    conn: &mut Conn<'_>,
    ticket: TicketNumber,
    from: PersonId,
    to: PersonId,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE event SET actor = $3 WHERE ticket = $1 AND actor = $2",
        params![ticket, from, to],
    )?;
    conn.execute(
        "UPDATE entry SET author = $3 WHERE ticket = $1 AND author = $2",
        params![ticket, from, to],
    )?;
    conn.execute(
        "UPDATE mail_out SET person = $3 WHERE ticket = $1 AND person = $2",
        params![ticket, from, to],
    )?;
    Ok(())
}

/// Deeds whose detail is older.
pub fn deeds(conn: &mut Conn<'_>, before: Millis, limit: i64) -> Result<Vec<i64>, Error> {
    conn.query(
        "SELECT id FROM audit WHERE at < $1 AND detail IS NOT NULL
           AND action NOT IN ('person.erased', 'audit.forgotten') ORDER BY id LIMIT $2",
        params![before, limit],
        |row| row.get(0),
    )
}

/// How many there are.
pub fn count_deeds(conn: &mut Conn<'_>, before: Millis) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM audit WHERE at < $1 AND detail IS NOT NULL
           AND action NOT IN ('person.erased', 'audit.forgotten')",
        params![before],
        |row| row.get(0),
    )
}
