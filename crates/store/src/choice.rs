//! How people want to hear of what happens, and what is gathered for them.

use switchboard_core::{Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Value};

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// `own`, `other` or `unit:` and an id.
    pub scope: String,
    /// What happens: `opened`, `entry`, …
    pub told: String,
    /// `mail`, `digest` or `nothing`.
    pub how: String,
}

/// In which language mails come, and when those that gather.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// `None`: the desk's.
    pub language: Option<String>,
    /// `daily` or `weekly`.
    pub rhythm: String,
    /// 0 is Monday; for `weekly`.
    pub weekday: i64,
    /// 0 to 23.
    pub hour: i64,
    /// An IANA name.
    pub time_zone: String,
}

/// What happened at a ticket, to be told with the next gathering mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestItem {
    /// Its id.
    pub id: Uuid,
    /// To whom.
    pub person: PersonId,
    /// The cause of the events.
    pub cause: Uuid,
    /// The ticket.
    pub ticket: TicketNumber,
    /// When it happened.
    pub at: Millis,
    /// When it is told.
    pub due_at: Millis,
    /// Why they are told.
    pub reason: String,
    /// The kinds of what happened, separated by commas.
    pub what: String,
}

/// What somebody chose.
pub fn of(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<Choice>, Error> {
    conn.query(
        "SELECT scope, told, how FROM mail_choice WHERE person = $1 ORDER BY scope, told",
        params![person],
        |row| {
            Ok(Choice {
                scope: row.get(0)?,
                told: row.get(1)?,
                how: row.get(2)?,
            })
        },
    )
}

/// Puts these choices in place of all that somebody chose.
pub fn set(conn: &mut Conn<'_>, person: PersonId, choices: &[Choice]) -> Result<(), Error> {
    conn.execute("DELETE FROM mail_choice WHERE person = $1", params![person])?;
    for one in choices {
        conn.execute(
            "INSERT INTO mail_choice (person, scope, told, how) VALUES ($1, $2, $3, $4)",
            params![
                person,
                one.scope.as_str(),
                one.told.as_str(),
                one.how.as_str()
            ],
        )?;
    }
    Ok(())
}

/// What somebody wishes of their mails.
pub fn wish(conn: &mut Conn<'_>, person: PersonId) -> Result<Option<Wish>, Error> {
    conn.query_opt(
        "SELECT language, rhythm, weekday, hour, time_zone FROM mail_wish WHERE person = $1",
        params![person],
        |row| {
            Ok(Wish {
                language: row.get(0)?,
                rhythm: row.get(1)?,
                weekday: row.get(2)?,
                hour: row.get(3)?,
                time_zone: row.get(4)?,
            })
        },
    )
}

/// Keeps what somebody wishes of their mails.
pub fn set_wish(conn: &mut Conn<'_>, person: PersonId, wish: &Wish) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO mail_wish (person, language, rhythm, weekday, hour, time_zone)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (person) DO UPDATE SET language = excluded.language,
           rhythm = excluded.rhythm, weekday = excluded.weekday, hour = excluded.hour,
           time_zone = excluded.time_zone",
        params![
            person,
            wish.language.clone(),
            wish.rhythm.as_str(),
            wish.weekday,
            wish.hour,
            wish.time_zone.as_str()
        ],
    )?;
    Ok(())
}

/// Gathers something: one row for each person, cause and ticket. What else is told of
/// the same cause later is put to it.
pub fn gather(conn: &mut Conn<'_>, item: &DigestItem) -> Result<(), Error> {
    conn.later(
        "INSERT INTO digest_item (id, person, cause, ticket, at, due_at, reason, what)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (person, cause, ticket) DO UPDATE
           SET what = digest_item.what || ',' || excluded.what",
        params![
            item.id,
            item.person,
            item.cause,
            item.ticket,
            item.at,
            item.due_at,
            item.reason.as_str(),
            item.what.as_str()
        ],
    )?;
    Ok(())
}

/// The first person after this one, in the order of their ids, for whom something is
/// due.
pub fn next_due(
    conn: &mut Conn<'_>,
    now: Millis,
    after: PersonId,
) -> Result<Option<PersonId>, Error> {
    conn.query_opt(
        "SELECT person FROM digest_item WHERE due_at <= $1 AND person > $2
         ORDER BY person LIMIT 1",
        params![now, after],
        |row| row.get(0),
    )
}

/// Whether something is due for somebody.
pub fn is_due(conn: &mut Conn<'_>, person: PersonId, now: Millis) -> Result<bool, Error> {
    Ok(conn
        .query_opt(
            "SELECT CAST(1 AS BIGINT) FROM digest_item WHERE person = $1 AND due_at <= $2 LIMIT 1",
            params![person, now],
            |row| row.get::<i64>(0),
        )?
        .is_some())
}

fn read_item(row: &Row<'_>) -> Result<DigestItem, Error> {
    Ok(DigestItem {
        id: row.get(0)?,
        person: row.get(1)?,
        cause: row.get(2)?,
        ticket: row.get(3)?,
        at: row.get(4)?,
        due_at: row.get(5)?,
        reason: row.get(6)?,
        what: row.get(7)?,
    })
}

/// The first of what is gathered for somebody, in the order in which it happened.
pub fn gathered(
    conn: &mut Conn<'_>,
    person: PersonId,
    limit: i64,
) -> Result<Vec<DigestItem>, Error> {
    conn.query(
        "SELECT id, person, cause, ticket, at, due_at, reason, what FROM digest_item
         WHERE person = $1 ORDER BY at, id LIMIT $2",
        params![person, limit],
        read_item,
    )
}

/// Takes what is gathered for somebody out, in the order in which it happened. What is
/// done with it commits with that, or it stays gathered.
pub fn take(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<DigestItem>, Error> {
    let mut all = Vec::new();
    loop {
        // As many at a time as a statement may have parameters.
        let some = gathered(conn, person, 1000)?;
        if some.is_empty() {
            return Ok(all);
        }
        let mut sql = crate::value::Sql::new("DELETE FROM digest_item WHERE id IN ");
        sql.list(some.iter().map(|item| Value::from(item.id)));
        conn.run_execute(&sql)?;
        all.extend(some);
    }
}

/// Moves what is gathered for somebody to another time.
pub fn put_off(conn: &mut Conn<'_>, person: PersonId, due_at: Millis) -> Result<(), Error> {
    conn.execute(
        "UPDATE digest_item SET due_at = $2 WHERE person = $1",
        params![person, due_at],
    )?;
    Ok(())
}
