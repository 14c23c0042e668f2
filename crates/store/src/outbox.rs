//! How the mails that go out stand, and the addresses at which nothing arrives.

use switchboard_core::{Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql, Value};

/// The states in which a mail can be, in the order of its way.
pub const STATES: [&str; 6] = ["queued", "sending", "sent", "deferred", "unknown", "failed"];

/// A mail to one recipient, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Its id.
    pub id: Uuid,
    /// When it was made.
    pub created_at: Millis,
    /// The ticket that it is about.
    pub ticket: Option<TicketNumber>,
    /// The human; `None`: a list.
    pub person: Option<PersonId>,
    /// Where it goes.
    pub address: String,
    /// Its subject.
    pub subject: String,
    /// The same at every try.
    pub message_id: String,
    /// One of [`STATES`].
    pub state: String,
    /// How often delivery was tried.
    pub attempts: i64,
    /// When it was tried last.
    pub tried_at: Option<Millis>,
    /// When it is tried again.
    pub next_try: Option<Millis>,
    /// Tries may be repeated since then, else since it was made.
    pub retried_at: Option<Millis>,
    /// When the next server took it.
    pub sent_at: Option<Millis>,
    /// The last answer of the next server.
    pub answer: Option<String>,
    /// Why it is not there.
    pub error: Option<String>,
    /// How many tries began after one whose end nobody heard: so many copies may
    /// have arrived beside the one.
    pub uncertain: i64,
    /// Its text is still kept, so it can be sent again.
    pub whole: bool,
}

/// Which mails to look for; everything that is set must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this state.
    pub state: Option<String>,
    /// In none of the states of mails that are on their way or arrived.
    pub in_trouble: bool,
    /// To this address.
    pub address: Option<String>,
    /// To this person.
    pub person: Option<PersonId>,
    /// About this ticket.
    pub ticket: Option<TicketNumber>,
    /// Only what is older.
    pub before: Option<Uuid>,
}

const POSTING: &str = "SELECT id, created_at, ticket, person, address, subject, message_id, state,
  attempts, tried_at, next_try, retried_at, sent_at, answer, error, uncertain,
  CASE WHEN LENGTH(bytes) > 0 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END FROM mail_out";

fn read(row: &Row<'_>) -> Result<Posting, Error> {
    Ok(Posting {
        id: row.get(0)?,
        created_at: row.get(1)?,
        ticket: row.get(2)?,
        person: row.get(3)?,
        address: row.get(4)?,
        subject: row.get(5)?,
        message_id: row.get(6)?,
        state: row.get(7)?,
        attempts: row.get(8)?,
        tried_at: row.get(9)?,
        next_try: row.get(10)?,
        retried_at: row.get(11)?,
        sent_at: row.get(12)?,
        answer: row.get(13)?,
        error: row.get(14)?,
        uncertain: row.get(15)?,
        whole: row.get::<i64>(16)? != 0,
    })
}

/// Mails that fit, newest first.
pub fn find(conn: &mut Conn<'_>, filter: &Filter, limit: i64) -> Result<Vec<Posting>, Error> {
    let mut sql = Sql::new(POSTING);
    sql.push(" WHERE created_at >= 0");
    if let Some(state) = &filter.state {
        sql.push(" AND state = ").bind(state.as_str());
    }
    if filter.in_trouble {
        sql.push(" AND state <> 'sent' AND state IN ('deferred', 'unknown', 'failed')");
    }
    if let Some(address) = &filter.address {
        sql.push(" AND address = ").bind(address.as_str());
    }
    if let Some(person) = filter.person {
        sql.push(" AND person = ").bind(person);
    }
    if let Some(ticket) = filter.ticket {
        sql.push(" AND ticket = ").bind(ticket);
    }
    if let Some(before) = filter.before {
        sql.push(" AND id < ").bind(before);
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(limit);
    conn.run(&sql, read)
}

/// One mail.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Posting>, Error> {
    let mut sql = Sql::new(POSTING);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// The mail with this Message-ID.
pub fn by_message_id(conn: &mut Conn<'_>, message_id: &str) -> Result<Option<Posting>, Error> {
    let mut sql = Sql::new(POSTING);
    sql.push(" WHERE message_id = ").bind(message_id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// How one try ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// One of [`STATES`].
    pub state: &'static str,
    /// What the next server said.
    pub answer: Option<String>,
    /// Why it is not there.
    pub error: Option<String>,
    /// When it is tried again.
    pub next_try: Option<Millis>,
}

/// Notes how a try ended. Of a mail that is about no ticket the bytes are
/// forgotten when it was sent: the links in it work for whoever reads them.
pub fn end(conn: &mut Conn<'_>, id: Uuid, ended: &Ended, now: Millis) -> Result<(), Error> {
    conn.later(
        "UPDATE mail_out SET state = $2, answer = $3, error = $4, next_try = $5,
           sent_at = CASE WHEN $2 = 'sent' THEN $6 ELSE sent_at END,
           bytes = CASE WHEN $2 = 'sent' AND ticket IS NULL THEN $7 ELSE bytes END
         WHERE id = $1",
        params![
            id,
            ended.state,
            ended.answer.clone(),
            ended.error.clone(),
            ended.next_try,
            now,
            Vec::new(),
        ],
    )?;
    Ok(())
}

/// A mail that the next server had taken did not arrive. `false`: it is not in a
/// state in which that could be.
pub fn returned(
    conn: &mut Conn<'_>,
    id: Uuid,
    state: &'static str,
    why: &str,
) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE mail_out SET state = $2, error = $3, next_try = NULL
         WHERE id = $1 AND state IN ('sent', 'unknown', 'deferred')",
        params![id, state, why],
    )? > 0)
}

/// Notes that a mail that the next server had taken is late.
pub fn late(conn: &mut Conn<'_>, id: Uuid, why: &str) -> Result<(), Error> {
    conn.later(
        "UPDATE mail_out SET error = $2 WHERE id = $1 AND state = 'sent'",
        params![id, why],
    )?;
    Ok(())
}

/// Mails whose delivery began before `before` and of whose end nothing was heard.
/// Says how many there were.
pub fn lose_sight(conn: &mut Conn<'_>, before: Millis) -> Result<u64, Error> {
    conn.execute(
        "UPDATE mail_out SET state = 'unknown',
           error = 'the delivery broke off; whether it arrived is not known'
         WHERE state = 'sending' AND state <> 'sent' AND tried_at < $1",
        params![before],
    )
}

/// Puts a mail at the beginning of its way again. `false`: it is on its way
/// just now, was sent, or its text is gone.
pub fn retry(conn: &mut Conn<'_>, id: Uuid, now: Millis) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE mail_out SET state = CASE WHEN state = 'unknown' THEN 'unknown' ELSE 'queued' END,
           next_try = $2, retried_at = $2
         WHERE id = $1 AND state NOT IN ('sent', 'sending') AND LENGTH(bytes) > 0",
        params![id, now],
    )? > 0)
}

/// Gives a mail up. `false`: it is on its way just now, or over.
pub fn give_up(conn: &mut Conn<'_>, id: Uuid, why: &str) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE mail_out SET state = 'failed', error = $2, next_try = NULL
         WHERE id = $1 AND state NOT IN ('sent', 'failed', 'sending')",
        params![id, why],
    )? > 0)
}

/// When the oldest mail that is still on its way was made.
pub fn oldest_waiting(conn: &mut Conn<'_>) -> Result<Option<Millis>, Error> {
    conn.query_one(
        "SELECT MIN(created_at) FROM mail_out
         WHERE state <> 'sent' AND state IN ('queued', 'sending', 'deferred', 'unknown')",
        params![],
        |row| row.get(0),
    )
}

/// An address at which nothing arrives any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadAddress {
    /// The address.
    pub address: String,
    /// Since when.
    pub since: Millis,
    /// What was said about it.
    pub why: String,
    /// When the support side was told.
    pub told_at: Option<Millis>,
}

fn read_dead(row: &Row<'_>) -> Result<DeadAddress, Error> {
    Ok(DeadAddress {
        address: row.get(0)?,
        since: row.get(1)?,
        why: row.get(2)?,
        told_at: row.get(3)?,
    })
}

/// Marks an address as dead. `false`: it was marked before.
pub fn mark_dead(
    conn: &mut Conn<'_>,
    address: &str,
    why: &str,
    now: Millis,
) -> Result<bool, Error> {
    Ok(conn.execute(
        "INSERT INTO dead_address (address, since, why) VALUES ($1, $2, $3)
         ON CONFLICT (address) DO NOTHING",
        params![address, now, why],
    )? > 0)
}

/// Notes that the support side is told of a dead address. `false`: they were.
pub fn tell_dead(conn: &mut Conn<'_>, address: &str, now: Millis) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE dead_address SET told_at = $2 WHERE address = $1 AND told_at IS NULL",
        params![address, now],
    )? > 0)
}

/// Takes the mark from an address. `false`: it had none.
pub fn revive_address(conn: &mut Conn<'_>, address: &str) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM dead_address WHERE address = $1",
        params![address],
    )? > 0)
}

/// Which of these addresses are dead.
pub fn dead_among(conn: &mut Conn<'_>, addresses: &[String]) -> Result<Vec<DeadAddress>, Error> {
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql =
        Sql::new("SELECT address, since, why, told_at FROM dead_address WHERE address IN ");
    sql.list(addresses.iter().map(|a| Value::from(a.as_str())));
    sql.push(" ORDER BY address");
    conn.run(&sql, read_dead)
}

/// Dead addresses, the newest first.
pub fn dead(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<DeadAddress>, Error> {
    conn.query(
        "SELECT address, since, why, told_at FROM dead_address
         ORDER BY since DESC, address LIMIT $1",
        params![limit],
        read_dead,
    )
}

/// How many addresses are dead.
pub fn dead_count(conn: &mut Conn<'_>) -> Result<i64, Error> {
    conn.query_one("SELECT COUNT(*) FROM dead_address", params![], |row| {
        row.get(0)
    })
}
