//! The audit log: what was done with people, units, services and rights.

use switchboard_core::{Millis, PersonId};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// One deed in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Its position; the first is 1, there are no gaps.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// Who; `None`: the desk itself.
    pub actor: Option<PersonId>,
    /// Through which door.
    pub channel: String,
    /// What was done: `unit.changed`.
    pub action: String,
    /// With what kind of thing: `unit`.
    pub subject_kind: String,
    /// Its id or key.
    pub subject: String,
    /// More about it, as JSON; `None`: it was taken out later.
    pub detail: Option<String>,
    /// Mixed into the digest; `None` with the detail.
    pub salt: Option<Vec<u8>>,
    /// SHA-256 of salt and detail.
    pub digest: Vec<u8>,
    /// SHA-256 of the hash before and this row.
    pub hash: Vec<u8>,
}

/// What to look for; everything that is set must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Who did it.
    pub actor: Option<PersonId>,
    /// What was done; with a dot at its end, everything that begins so.
    pub action: Option<String>,
    /// Kind of the thing it was done with.
    pub subject_kind: Option<String>,
    /// Id or key of that thing.
    pub subject: Option<String>,
    /// Not before.
    pub from: Option<Millis>,
    /// Before.
    pub until: Option<Millis>,
    /// Words in the detail.
    pub words: Option<String>,
    /// Only what is before this position.
    pub before: Option<i64>,
}

fn read(row: &Row<'_>) -> Result<Deed, Error> {
    Ok(Deed {
        id: row.get(0)?,
        at: row.get(1)?,
        actor: row.get(2)?,
        channel: row.get(3)?,
        action: row.get(4)?,
        subject_kind: row.get(5)?,
        subject: row.get(6)?,
        detail: row.get(7)?,
        salt: row.get(8)?,
        digest: row.get(9)?,
        hash: row.get(10)?,
    })
}

/// The hash of the last deed; `None` when there is none yet.
pub fn head(conn: &mut Conn<'_>) -> Result<Option<(i64, Vec<u8>)>, Error> {
    conn.query_opt(
        "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1",
        params![],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// How many deeds were ever written, by the counter beside the table.
pub fn written(conn: &mut Conn<'_>) -> Result<i64, Error> {
    crate::counter::last(conn, "audit")
}

/// Adds a deed at the end of the chain.
pub fn insert(conn: &mut Conn<'_>, d: &Deed) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO audit (id, at, actor, channel, action, subject_kind, subject, detail, salt,
           digest, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        params![
            d.id,
            d.at,
            d.actor,
            d.channel.as_str(),
            d.action.as_str(),
            d.subject_kind.as_str(),
            d.subject.as_str(),
            d.detail.clone(),
            d.salt.clone(),
            d.digest.clone(),
            d.hash.clone(),
        ],
    )?;
    Ok(())
}

/// Deeds after a position, in the order of the chain.
pub fn after(conn: &mut Conn<'_>, id: i64, limit: i64) -> Result<Vec<Deed>, Error> {
    conn.query(
        "SELECT id, at, actor, channel, action, subject_kind, subject, detail, salt, digest, hash
         FROM audit WHERE id > $1 ORDER BY id LIMIT $2",
        params![id, limit],
        read,
    )
}

/// Deeds that fit, newest first.
pub fn find(conn: &mut Conn<'_>, filter: &Filter, limit: i64) -> Result<Vec<Deed>, Error> {
    let mut sql = Sql::new(
        "SELECT id, at, actor, channel, action, subject_kind, subject, detail, salt, digest, hash
         FROM audit WHERE id > 0",
    );
    if let Some(actor) = filter.actor {
        sql.push(" AND actor = ").bind(actor);
    }
    match filter.action.as_deref() {
        Some(start) if start.ends_with('.') => {
            // '/' is the character after '.'.
            let end = format!("{}/", start.trim_end_matches('.'));
            sql.push(" AND action >= ").bind(start);
            sql.push(" AND action < ").bind(end.as_str());
        }
        Some(action) => {
            sql.push(" AND action = ").bind(action);
        }
        None => {}
    }
    if let Some(kind) = &filter.subject_kind {
        sql.push(" AND subject_kind = ").bind(kind.as_str());
    }
    if let Some(subject) = &filter.subject {
        sql.push(" AND subject = ").bind(subject.as_str());
    }
    if let Some(from) = filter.from {
        sql.push(" AND at >= ").bind(from);
    }
    if let Some(until) = filter.until {
        sql.push(" AND at < ").bind(until);
    }
    if let Some(words) = &filter.words {
        let like = words
            .to_lowercase()
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_");
        sql.push(" AND lower(detail) LIKE ")
            .bind(format!("%{like}%").as_str());
        sql.push(" ESCAPE '\\'");
    }
    if let Some(before) = filter.before {
        sql.push(" AND id < ").bind(before);
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(limit);
    conn.run(&sql, read)
}

/// Takes out what was said in detail of these deeds; the chain still holds.
pub fn take_out(conn: &mut Conn<'_>, ids: &[i64]) -> Result<u64, Error> {
    let mut taken = 0;
    for id in ids {
        taken += conn.execute(
            "UPDATE audit SET detail = NULL, salt = NULL WHERE id = $1 AND detail IS NOT NULL",
            params![*id],
        )?;
    }
    Ok(taken)
}
