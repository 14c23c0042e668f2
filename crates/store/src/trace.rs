//! Where a person stands in the database: looking for them, giving out their
//! rows, and taking them out, by the names of tables and columns that the list
//! of places has.

use switchboard_core::PersonId;
use uuid::Uuid;

use crate::conn::Conn;
use crate::entry::Entry;
use crate::error::Error;
use crate::mail::Incoming;
use crate::params;
use crate::value::{Sql, Value};

/// Texts may hold one of these; the database finds candidates, and who asks
/// looks closer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hints(Vec<Hint>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hint {
    /// In lower case, only ASCII: both databases fold these alike.
    Folded(String),
    /// As it stands.
    Exact(String),
}

impl Hints {
    /// What to look for so that no text with one of the needles is missed: of
    /// each its longest stretch of ASCII without a blank, or the whole of it as
    /// people write it.
    pub fn of(needles: &[String]) -> Hints {
        let mut hints = Vec::new();
        for needle in needles {
            let stretch = needle
                .split(|c: char| !c.is_ascii_graphic() || c == '"' || c == '\\')
                .max_by_key(|s| s.len())
                .unwrap_or_default();
            if stretch.len() >= 3 {
                hints.push(Hint::Folded(stretch.to_ascii_lowercase()));
            } else {
                // By its longest word, as blanks may be broken over lines.
                let word = needle
                    .split_whitespace()
                    .max_by_key(|w| w.len())
                    .unwrap_or_default();
                for word in [word.to_owned(), word.to_lowercase(), word.to_uppercase()] {
                    hints.push(Hint::Exact(word));
                }
            }
        }
        hints.dedup();
        Hints(hints)
    }

    /// Nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends `(column LIKE … OR …)`; nothing fits when nothing is looked for.
    fn push(&self, sql: &mut Sql, column: &'static str) {
        sql.push("(1 = 0");
        for hint in &self.0 {
            match hint {
                Hint::Folded(text) => {
                    sql.push(" OR lower(").push(column).push(") LIKE ");
                    sql.bind(pattern(text).as_str());
                }
                Hint::Exact(text) => {
                    sql.push(" OR ").push(column).push(" LIKE ");
                    sql.bind(pattern(text).as_str());
                }
            }
            sql.push(" ESCAPE '\\'");
        }
        sql.push(")");
    }
}

pub(crate) fn pattern(text: &str) -> String {
    let text = text
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{text}%")
}

/// Texts of one column that may hold one of the hints, with the key of their row,
/// in the order of keys after `after`.
pub fn texts(
    conn: &mut Conn<'_>,
    (table, key, column): (&'static str, &'static str, &'static str),
    hints: &Hints,
    after: Option<&Value>,
    limit: i64,
) -> Result<Vec<(Value, String)>, Error> {
    let mut sql = Sql::new("SELECT ");
    sql.push(key).push(", ").push(column);
    sql.push(" FROM ").push(table).push(" WHERE ");
    hints.push(&mut sql, column);
    if let Some(after) = after {
        sql.push(" AND ").push(key).push(" > ").bind(after.clone());
    }
    sql.push(" ORDER BY ").push(key).push(" LIMIT ").bind(limit);
    conn.run(&sql, |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Puts another text, or none, into one column of a row.
pub fn set_text(
    conn: &mut Conn<'_>,
    (table, key, column): (&'static str, &'static str, &'static str),
    row: &Value,
    text: Option<&str>,
) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE ");
    sql.push(table).push(" SET ").push(column).push(" = ");
    sql.bind(text.map(str::to_owned));
    sql.push(" WHERE ").push(key).push(" = ").bind(row.clone());
    conn.run_execute(&sql)?;
    Ok(())
}

/// A person's rows of a table: the columns in the order given.
pub fn rows_of(
    conn: &mut Conn<'_>,
    table: &'static str,
    columns: &[&'static str],
    whose: &'static str,
    person: PersonId,
) -> Result<Vec<Vec<Value>>, Error> {
    let mut sql = Sql::new("SELECT ");
    for (place, column) in columns.iter().enumerate() {
        if place > 0 {
            sql.push(", ");
        }
        sql.push(column);
    }
    sql.push(" FROM ").push(table).push(" WHERE ");
    sql.push(whose).push(" = ").bind(person);
    let width = columns.len();
    conn.run(&sql, |row| (0..width).map(|at| row.get(at)).collect())
}

/// Deletes a person's rows of a table and says how many there were.
pub fn delete_rows_of(
    conn: &mut Conn<'_>,
    table: &'static str,
    whose: &'static str,
    person: PersonId,
) -> Result<u64, Error> {
    let mut sql = Sql::new("DELETE FROM ");
    sql.push(table).push(" WHERE ");
    sql.push(whose).push(" = ").bind(person);
    conn.run_execute(&sql)
}

/// Whether a row of the table names this file.
pub fn names_file(
    conn: &mut Conn<'_>,
    table: &'static str,
    column: &'static str,
    file: &str,
) -> Result<bool, Error> {
    let mut sql = Sql::new("SELECT CAST(1 AS BIGINT) FROM ");
    sql.push(table).push(" WHERE ");
    sql.push(column).push(" = ").bind(file).push(" LIMIT 1");
    Ok(!conn.run(&sql, |row| row.get::<i64>(0))?.is_empty())
}

/// The names under which somebody wrote and acted.
pub fn names_used(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<String>, Error> {
    conn.query(
        "SELECT author_name FROM entry WHERE author = $1
         UNION SELECT actor_name FROM event WHERE actor = $1",
        params![person],
        |row| row.get(0),
    )
}

/// Numbers of tickets after `after` that the person is on or wrote in, whose mails
/// went to or came from one of the addresses, or whose texts may hold one of the
/// hints; in order.
pub fn tickets(
    conn: &mut Conn<'_>,
    person: PersonId,
    addresses: &[String],
    hints: &Hints,
    after: i64,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let mut sql = Sql::new("SELECT number FROM (");
    let mut first = true;
    let part = |sql: &mut Sql, table: &'static str, number: &'static str, first: &mut bool| {
        sql.push(if std::mem::take(first) {
            /* fragment */
            "SELECT number FROM (SELECT DISTINCT "
        } else {
            " UNION SELECT number FROM (SELECT DISTINCT "
        });
        sql.push(number).push(" AS number FROM ").push(table);
        sql.push(" WHERE ").push(number).push(" > ").bind(after);
        sql.push(" AND (");
    };
    let end = |sql: &mut Sql, number: &'static str, name: &'static str| {
        sql.push(") ORDER BY ").push(number).push(" LIMIT ");
        sql.bind(limit).push(") AS ").push(name);
    };
    part(&mut sql, "ticket", "number", &mut first);
    sql.push("requester = ").bind(person);
    end(&mut sql, "number", "asked");
    part(&mut sql, "ticket", "number", &mut first);
    sql.push("owner = ").bind(person);
    end(&mut sql, "number", "owned");
    part(&mut sql, "party", "ticket", &mut first);
    sql.push("person = ").bind(person);
    end(&mut sql, "ticket", "on_it");
    part(&mut sql, "entry", "ticket", &mut first);
    sql.push("author = ").bind(person);
    for column in ["author_name", "body", "quoted", "html"] {
        sql.push(" OR ");
        hints.push(&mut sql, column);
    }
    end(&mut sql, "ticket", "wrote");
    part(&mut sql, "event", "ticket", &mut first);
    sql.push("actor = ").bind(person);
    for column in ["actor_name", "data"] {
        sql.push(" OR ");
        hints.push(&mut sql, column);
    }
    end(&mut sql, "ticket", "acted");
    part(&mut sql, "attachment", "ticket", &mut first);
    hints.push(&mut sql, "name");
    end(&mut sql, "ticket", "named");
    part(&mut sql, "mail_in", "ticket", &mut first);
    hints.push(&mut sql, "sender");
    sql.push(" OR ");
    hints.push(&mut sql, "subject");
    end(&mut sql, "ticket", "mailed");
    part(&mut sql, "mail_out", "ticket", &mut first);
    sql.push("person = ").bind(person);
    sql.push(" OR address IN ")
        .list(addresses.iter().map(|a| a.as_str().into()));
    sql.push(" OR ");
    hints.push(&mut sql, "subject");
    end(&mut sql, "ticket", "was_mailed");
    sql.push(") AS found ORDER BY number LIMIT ").bind(limit);
    conn.run(&sql, |row| row.get(0))
}

/// Puts what is left of an entry in its place.
pub fn rewrite_entry(conn: &mut Conn<'_>, e: &Entry) -> Result<(), Error> {
    conn.execute(
        "UPDATE entry SET author_name = $2, body = $3, quoted = $4, html = $5 WHERE id = $1",
        params![
            e.id,
            e.author_name.as_str(),
            e.body.as_str(),
            e.quoted.clone(),
            e.html.clone()
        ],
    )?;
    Ok(())
}

/// Puts what is left of an event in its place.
pub fn rewrite_event(conn: &mut Conn<'_>, e: &crate::event::Event) -> Result<(), Error> {
    let data = serde_json::to_string(&e.change)
        .map_err(|x| Error::Corrupt(format!("event to JSON: {x}")))?;
    conn.execute(
        "UPDATE event SET actor_name = $2, data = $3 WHERE id = $1",
        params![e.id, e.actor_name.as_str(), data],
    )?;
    Ok(())
}

/// Puts what is left of a file's description in its place; an empty name of the
/// stored file says that it is gone.
pub fn rewrite_attachment(conn: &mut Conn<'_>, a: &crate::entry::Attachment) -> Result<(), Error> {
    conn.execute(
        "UPDATE attachment SET name = $2, media_type = $3, size = $4, sha256 = $5,
           content_id = $6 WHERE id = $1",
        params![
            a.id,
            a.name.as_str(),
            a.media_type.as_str(),
            a.size,
            a.sha256.as_str(),
            a.content_id.clone()
        ],
    )?;
    Ok(())
}

/// Puts what is left of a mail that came in in its place; an empty name of the
/// stored original says that it is gone.
pub fn rewrite_incoming(conn: &mut Conn<'_>, m: &Incoming) -> Result<(), Error> {
    conn.execute(
        "UPDATE mail_in SET message_id = $2, raw = $3, sender = $4, subject = $5, reason = $6,
           flagged = $7, envelope = $8, verdict = $9 WHERE id = $1",
        params![
            m.id,
            m.message_id.clone(),
            m.raw.as_str(),
            m.sender.clone(),
            m.subject.as_str(),
            m.reason.clone(),
            m.flagged.clone(),
            m.envelope.clone(),
            m.verdict.clone()
        ],
    )?;
    Ok(())
}

/// A mail that goes out, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its id.
    pub id: Uuid,
    /// The human; `None`: a list.
    pub person: Option<PersonId>,
    /// Where it goes.
    pub address: String,
    /// Its subject.
    pub subject: String,
    /// How far it came.
    pub state: String,
    /// The last refusal.
    pub error: Option<String>,
}

fn read_posted(row: &crate::value::Row<'_>) -> Result<Posted, Error> {
    Ok(Posted {
        id: row.get(0)?,
        person: row.get(1)?,
        address: row.get(2)?,
        subject: row.get(3)?,
        state: row.get(4)?,
        error: row.get(5)?,
    })
}

/// The mails about a ticket.
pub fn posted_about(conn: &mut Conn<'_>, ticket: i64) -> Result<Vec<Posted>, Error> {
    conn.query(
        "SELECT id, person, address, subject, state, error FROM mail_out
         WHERE ticket = $1 ORDER BY id",
        params![ticket],
        read_posted,
    )
}

/// The mails to a person or one of their addresses, whatever they are about.
pub fn posted_to(
    conn: &mut Conn<'_>,
    person: PersonId,
    addresses: &[String],
) -> Result<Vec<Posted>, Error> {
    let mut sql =
        Sql::new("SELECT id, person, address, subject, state, error FROM mail_out WHERE person = ");
    sql.bind(person);
    sql.push(" OR address IN ")
        .list(addresses.iter().map(|a| a.as_str().into()));
    sql.push(" ORDER BY id");
    conn.run(&sql, read_posted)
}

/// Empties a mail that goes out and puts what is left in its place.
pub fn rewrite_posted(conn: &mut Conn<'_>, m: &Posted) -> Result<(), Error> {
    conn.execute(
        "UPDATE mail_out SET address = $2, subject = $3, bytes = $4, state = $5, error = $6,
           answer = NULL WHERE id = $1",
        params![
            m.id,
            m.address.as_str(),
            m.subject.as_str(),
            Vec::<u8>::new(),
            m.state.as_str(),
            m.error.clone()
        ],
    )?;
    Ok(())
}

/// Mails that came in for a ticket.
pub fn received_for(conn: &mut Conn<'_>, ticket: i64) -> Result<Vec<Incoming>, Error> {
    let mut sql = Sql::new(crate::mail::INCOMING);
    sql.push(" WHERE ticket = ")
        .bind(ticket)
        .push(" ORDER BY id");
    conn.run(&sql, crate::mail::read_incoming)
}

/// Mails that came in whose texts may hold one of the hints.
pub fn received_naming(
    conn: &mut Conn<'_>,
    hints: &Hints,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Incoming>, Error> {
    let mut sql = Sql::new(crate::mail::INCOMING);
    sql.push(" WHERE (");
    for (place, column) in ["sender", "subject", "reason", "flagged", "message_id"]
        .into_iter()
        .enumerate()
    {
        if place > 0 {
            sql.push(" OR ");
        }
        hints.push(&mut sql, column);
    }
    sql.push(")");
    if let Some(after) = after {
        sql.push(" AND id > ").bind(after);
    }
    sql.push(" ORDER BY id LIMIT ").bind(limit);
    conn.run(&sql, crate::mail::read_incoming)
}

/// What a person wrote, over all tickets, oldest first.
pub fn entries_by(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<Entry>, Error> {
    let mut sql = Sql::new(crate::entry::COLUMNS);
    sql.push(" WHERE author = ")
        .bind(person)
        .push(" ORDER BY id");
    conn.run(&sql, crate::entry::read)
}

/// Numbers of tickets that the person asked for, owns or is on, in order.
pub fn tickets_on(
    conn: &mut Conn<'_>,
    person: PersonId,
    after: i64,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    conn.query(
        "SELECT number FROM (
           SELECT number FROM ticket WHERE requester = $1 AND number > $2
           UNION SELECT number FROM ticket WHERE owner = $1 AND number > $2
           UNION SELECT ticket FROM party WHERE person = $1 AND ticket > $2) AS theirs
         ORDER BY number LIMIT $3",
        params![person, after, limit],
        |row| row.get(0),
    )
}

/// Forgets failed sign-ins of the addresses, from wherever, and wishes for mail
/// to them.
pub fn forget_failures(conn: &mut Conn<'_>, addresses: &[String]) -> Result<(), Error> {
    for address in addresses {
        conn.execute(
            "DELETE FROM login_failure WHERE subject = $1 OR subject = $2
               OR SUBSTR(subject, 1, LENGTH(CAST($3 AS TEXT))) = $3",
            params![
                format!("account:{address}"),
                format!("mail:{address}"),
                format!("account:{address}|"),
            ],
        )?;
    }
    Ok(())
}

/// Deeds with detail that are about the person or may hold one of the hints, after
/// a position: id, whether it is about them or by them, and the detail.
pub fn deeds(
    conn: &mut Conn<'_>,
    person: PersonId,
    hints: &Hints,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, bool, bool, String)>, Error> {
    let mut sql = Sql::new("SELECT id, CAST(CASE WHEN subject_kind = 'person' AND subject = ");
    let id = person.0.to_string();
    sql.bind(id.as_str());
    sql.push(" THEN 1 ELSE 0 END AS BIGINT), CAST(CASE WHEN actor = ");
    sql.bind(person);
    sql.push(
        " THEN 1 ELSE 0 END AS BIGINT), detail FROM audit
         WHERE detail IS NOT NULL AND action <> 'person.erased' AND id > ",
    );
    sql.bind(after);
    sql.push(" AND (subject = ").bind(id.as_str()).push(" OR ");
    hints.push(&mut sql, "detail");
    sql.push(") ORDER BY id LIMIT ").bind(limit);
    conn.run(&sql, |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })
}

/// Lets the database overwrite what is deleted from here on in this transaction
/// (`true`), or no longer. Only SQLite keeps deleted text in its file otherwise
/// until the room is used again; PostgreSQL's vacuum does it.
pub fn overwrite(conn: &mut Conn<'_>, on: bool) -> Result<(), Error> {
    match conn.dialect() {
        crate::Dialect::Sqlite if on => conn.execute_batch("PRAGMA secure_delete = ON"),
        crate::Dialect::Sqlite => conn.execute_batch("PRAGMA secure_delete = OFF"),
        crate::Dialect::Postgres => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_miss_no_way_of_writing() {
        let hints = Hints::of(&["Rita Müller".into(), "Ян Ли".into(), "a_b@x.example".into()]);
        assert_eq!(
            hints.0,
            [
                Hint::Folded("ller".into()),
                Hint::Exact("Ли".into()),
                Hint::Exact("ли".into()),
                Hint::Exact("ЛИ".into()),
                Hint::Folded("a_b@x.example".into()),
            ]
        );
        let mut sql = Sql::new("");
        hints.push(&mut sql, "body");
        assert_eq!(sql.params()[4], Value::from("%a\\_b@x.example%"));
    }
}
