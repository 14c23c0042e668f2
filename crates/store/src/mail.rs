//! Mail that came in and mail that goes out.

use switchboard_core::{EntryId, Millis, PersonId, TicketNumber, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// A mail that was taken in.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// Its id.
    pub id: Uuid,
    /// When it was taken in.
    pub received_at: Millis,
    /// By which way: `file`, …
    pub channel: String,
    /// For which unit.
    pub unit: Option<UnitId>,
    /// SHA-256 of the bytes without trace headers.
    pub digest: Vec<u8>,
    /// Its Message-ID.
    pub message_id: Option<String>,
    /// Hexadecimal SHA-256 of the bytes: where they lie.
    pub raw: String,
    /// Bytes.
    pub size: i64,
    /// The sender's address.
    pub sender: Option<String>,
    /// The subject.
    pub subject: String,
    /// `taken`, `entry`, `suppressed` or `quarantined`.
    pub state: String,
    /// Why it is suppressed or quarantined.
    pub reason: Option<String>,
    /// The ticket it went to.
    pub ticket: Option<TicketNumber>,
    /// The entry it became.
    pub entry: Option<EntryId>,
    /// What is odd about it, such as a Message-ID seen with other content.
    pub flagged: Option<String>,
    /// The mailbox it came by.
    pub mailbox: Option<Uuid>,
    /// JSON: sender and recipients of the envelope, where known.
    pub envelope: Option<String>,
    /// JSON: what was found out about the sender.
    pub verdict: Option<String>,
    /// A ticket that it named without a proof.
    pub related: Option<TicketNumber>,
}

pub(crate) const INCOMING: &str =
    "SELECT id, received_at, channel, unit, digest, message_id, raw, size,
  sender, subject, state, reason, ticket, entry, flagged, mailbox, envelope, verdict, related
  FROM mail_in";

pub(crate) fn read_incoming(row: &Row<'_>) -> Result<Incoming, Error> {
    Ok(Incoming {
        id: row.get(0)?,
        received_at: row.get(1)?,
        channel: row.get(2)?,
        unit: row.get(3)?,
        digest: row.get(4)?,
        message_id: row.get(5)?,
        raw: row.get(6)?,
        size: row.get(7)?,
        sender: row.get(8)?,
        subject: row.get(9)?,
        state: row.get(10)?,
        reason: row.get(11)?,
        ticket: row.get(12)?,
        entry: row.get(13)?,
        flagged: row.get(14)?,
        mailbox: row.get(15)?,
        envelope: row.get(16)?,
        verdict: row.get(17)?,
        related: row.get(18)?,
    })
}

/// Takes a mail in. `false`: the same bytes were taken in before.
pub fn insert_incoming(conn: &mut Conn<'_>, m: &Incoming) -> Result<bool, Error> {
    Ok(conn.execute(
        "INSERT INTO mail_in (id, received_at, channel, unit, digest, message_id, raw, size,
           sender, subject, state, reason, ticket, entry, flagged, mailbox, envelope, verdict,
           related)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
           $19)
         ON CONFLICT (digest) DO NOTHING",
        params![
            m.id,
            m.received_at,
            m.channel.as_str(),
            m.unit,
            m.digest.clone(),
            m.message_id.clone(),
            m.raw.as_str(),
            m.size,
            m.sender.clone(),
            m.subject.as_str(),
            m.state.as_str(),
            m.reason.clone(),
            m.ticket,
            m.entry,
            m.flagged.clone(),
            m.mailbox,
            m.envelope.clone(),
            m.verdict.clone(),
            m.related,
        ],
    )? > 0)
}

/// Notes what became of a mail.
pub fn finish_incoming(conn: &mut Conn<'_>, m: &Incoming) -> Result<(), Error> {
    conn.later(
        "UPDATE mail_in SET state = $2, reason = $3, ticket = $4, entry = $5, flagged = $6
         WHERE id = $1",
        params![
            m.id,
            m.state.as_str(),
            m.reason.clone(),
            m.ticket,
            m.entry,
            m.flagged.clone(),
        ],
    )?;
    Ok(())
}

/// Notes that a mail is an entry now. `false`: it was handled before.
pub fn became_entry(
    conn: &mut Conn<'_>,
    id: Uuid,
    ticket: TicketNumber,
    entry: EntryId,
) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE mail_in SET state = 'entry', ticket = $2, entry = $3
         WHERE id = $1 AND state = 'taken'",
        params![id, ticket, entry],
    )? > 0)
}

/// Notes what was found out about a mail: what is odd, who vouches for its
/// sender, which ticket it named without a proof.
pub fn judge_incoming(
    conn: &mut Conn<'_>,
    id: Uuid,
    flagged: Option<&str>,
    verdict: Option<&str>,
    related: Option<TicketNumber>,
) -> Result<(), Error> {
    conn.later(
        "UPDATE mail_in SET flagged = $2, verdict = $3, related = $4 WHERE id = $1",
        params![
            id,
            flagged.map(str::to_owned),
            verdict.map(str::to_owned),
            related
        ],
    )?;
    Ok(())
}

/// How many mails were queued for an address since a time.
pub fn queued_since(conn: &mut Conn<'_>, address: &str, since: Millis) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM mail_out WHERE address = $1 AND created_at >= $2",
        params![address, since],
        |row| row.get(0),
    )
}

/// One mail.
pub fn incoming(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Incoming>, Error> {
    let mut sql = crate::value::Sql::new(INCOMING);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read_incoming)?.into_iter().next())
}

/// The mail with these bytes, trace headers apart.
pub fn incoming_by_digest(conn: &mut Conn<'_>, digest: &[u8]) -> Result<Option<Incoming>, Error> {
    let mut sql = crate::value::Sql::new(INCOMING);
    sql.push(" WHERE digest = ").bind(digest.to_vec());
    Ok(conn.run(&sql, read_incoming)?.into_iter().next())
}

/// What is known of the mails that became entries of a ticket.
pub fn incoming_of_ticket(
    conn: &mut Conn<'_>,
    ticket: TicketNumber,
) -> Result<Vec<Incoming>, Error> {
    let mut sql = crate::value::Sql::new(INCOMING);
    sql.push(" WHERE entry IN (SELECT id FROM entry WHERE ticket = ")
        .bind(ticket)
        .push(")");
    conn.run(&sql, read_incoming)
}

/// Mails in one of these states, newest first; `before`: older than that one.
pub fn find_incoming(
    conn: &mut Conn<'_>,
    states: &[&str],
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Incoming>, Error> {
    let mut sql = crate::value::Sql::new(INCOMING);
    sql.push(" WHERE state IN ");
    sql.list(states.iter().map(|state| crate::value::Value::from(*state)));
    if let Some(before) = before {
        sql.push(" AND id < ").bind(before);
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(limit);
    conn.run(&sql, read_incoming)
}

/// Lets a mail that became no entry be decided about anew. `false`: it is one, or is not
/// there.
pub fn take_again(conn: &mut Conn<'_>, id: Uuid) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE mail_in SET state = 'taken', reason = NULL
         WHERE id = $1 AND state IN ('quarantined', 'suppressed')",
        params![id],
    )? > 0)
}

/// Mails in a state, newest first.
pub fn incoming_by_state(
    conn: &mut Conn<'_>,
    state: &str,
    limit: i64,
) -> Result<Vec<Incoming>, Error> {
    let mut sql = crate::value::Sql::new(INCOMING);
    sql.push(" WHERE state = ")
        .bind(state)
        .push(" ORDER BY received_at DESC LIMIT ")
        .bind(limit);
    conn.run(&sql, read_incoming)
}

/// Whether another mail with this Message-ID was taken in.
pub fn message_id_seen(conn: &mut Conn<'_>, message_id: &str, but: Uuid) -> Result<bool, Error> {
    Ok(conn
        .query_opt(
            "SELECT CAST(1 AS BIGINT) FROM mail_in WHERE message_id = $1 AND id <> $2 LIMIT 1",
            params![message_id, but],
            |row| row.get::<i64>(0),
        )?
        .is_some())
}

/// How many mails are in each state.
pub fn incoming_counts(conn: &mut Conn<'_>) -> Result<Vec<(String, i64)>, Error> {
    conn.query(
        "SELECT state, COUNT(*) FROM mail_in GROUP BY state ORDER BY state",
        params![],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// How many mails that go out are in each state.
pub fn outgoing_counts(conn: &mut Conn<'_>) -> Result<Vec<(String, i64)>, Error> {
    conn.query(
        "SELECT state, COUNT(*) FROM mail_out GROUP BY state ORDER BY state",
        params![],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// The ticket that a Message-ID belongs to, of a mail in or out.
pub fn ticket_of_message(
    conn: &mut Conn<'_>,
    message_id: &str,
) -> Result<Option<TicketNumber>, Error> {
    conn.query_opt(
        "SELECT ticket FROM mail_out WHERE message_id = $1 AND ticket IS NOT NULL
         UNION SELECT ticket FROM mail_in WHERE message_id = $1 AND ticket IS NOT NULL LIMIT 1",
        params![message_id],
        |row| row.get(0),
    )
}

/// When the newest of these mails went to a person about a ticket; `None`: none did.
pub fn newest_sent(
    conn: &mut Conn<'_>,
    (ticket, person): (TicketNumber, PersonId),
    message_ids: &[String],
) -> Result<Option<Millis>, Error> {
    let mut newest = None;
    for id in message_ids {
        let at: Option<Millis> = conn.query_opt(
            "SELECT created_at FROM mail_out
             WHERE message_id = $1 AND ticket = $2 AND person = $3",
            params![id.as_str(), ticket, person],
            |row| row.get(0),
        )?;
        newest = newest.max(at);
    }
    Ok(newest)
}

/// A mail to one human about one cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// Its id.
    pub id: Uuid,
    /// When it was made.
    pub created_at: Millis,
    /// The cause of the events it tells of.
    pub cause: Uuid,
    /// The ticket.
    pub ticket: Option<TicketNumber>,
    /// The human; `None`: a list.
    pub person: Option<PersonId>,
    /// Where it goes.
    pub address: String,
    /// Fixed when it is made, so that a repeated delivery can be told.
    pub message_id: String,
    /// Its subject.
    pub subject: String,
    /// The whole message, RFC 5322.
    pub bytes: Vec<u8>,
    /// `queued`, `sending`, `sent`, `deferred` or `failed`.
    pub state: String,
    /// How often delivery was tried.
    pub attempts: i64,
    /// The last refusal.
    pub error: Option<String>,
}

/// Stores a mail that is to go out. `false`: this address was already told of this cause.
pub fn insert_outgoing(conn: &mut Conn<'_>, m: &Outgoing) -> Result<bool, Error> {
    Ok(conn.execute(INSERT_OUTGOING, &outgoing_values(m))? > 0)
}

const INSERT_OUTGOING: &str = "INSERT INTO mail_out (id, created_at, cause, ticket, person,
    address, message_id, subject, bytes, state, attempts, error)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
  ON CONFLICT (cause, address) DO NOTHING";

fn outgoing_values(m: &Outgoing) -> Vec<crate::value::Value> {
    params![
        m.id,
        m.created_at,
        m.cause,
        m.ticket,
        m.person,
        m.address.as_str(),
        m.message_id.as_str(),
        m.subject.as_str(),
        m.bytes.clone(),
        m.state.as_str(),
        m.attempts,
        m.error.clone(),
    ]
    .to_vec()
}

/// Queues a mail and the job that delivers it, each only if this address was not
/// yet told of this cause.
pub fn queue_outgoing(
    conn: &mut Conn<'_>,
    m: &Outgoing,
    kind: &'static str,
    run_at: Millis,
) -> Result<(), Error> {
    conn.later(INSERT_OUTGOING, &outgoing_values(m))?;
    if m.state == "queued" {
        // The mail is not there under this id when another one was before it.
        conn.later(
            "INSERT INTO job (id, kind, payload, run_at, attempts, state, unique_key)
             SELECT $1, $2, $3, $4, 0, 'ready', $5 FROM mail_out WHERE id = $6
             ON CONFLICT (unique_key) WHERE state IN ('ready', 'running') DO NOTHING",
            params![
                Uuid::now_v7(),
                kind,
                m.id.to_string(),
                run_at,
                format!("{kind}:{}", m.id),
                m.id
            ],
        )?;
    }
    Ok(())
}

/// One mail with its bytes.
pub fn outgoing(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Outgoing>, Error> {
    conn.query_opt(
        "SELECT id, created_at, cause, ticket, person, address, message_id, subject, bytes,
           state, attempts, error FROM mail_out WHERE id = $1",
        params![id],
        read_outgoing,
    )
}

fn read_outgoing(row: &Row<'_>) -> Result<Outgoing, Error> {
    Ok(Outgoing {
        id: row.get(0)?,
        created_at: row.get(1)?,
        cause: row.get(2)?,
        ticket: row.get(3)?,
        person: row.get(4)?,
        address: row.get(5)?,
        message_id: row.get(6)?,
        subject: row.get(7)?,
        bytes: row.get(8)?,
        state: row.get(9)?,
        attempts: row.get(10)?,
        error: row.get(11)?,
    })
}

/// Notes of several mails that their delivery begins, and gives them with their
/// bytes. Those that are over already are left out. Of one whose last try had an
/// end that nobody heard it is noted that this try may be a second copy.
pub fn begin_sending(
    conn: &mut Conn<'_>,
    ids: &[Uuid],
    now: Millis,
) -> Result<Vec<Outgoing>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = crate::value::Sql::new(
        "UPDATE mail_out SET state = 'sending', error = NULL, attempts = attempts + 1,
           uncertain = uncertain + CASE WHEN state IN ('sending', 'unknown') THEN 1 ELSE 0 END,
           next_try = NULL, tried_at = ",
    );
    sql.bind(now)
        .push(" WHERE state NOT IN ('sent', 'failed') AND id IN ");
    sql.list(ids.iter().map(|id| (*id).into())).push(
        " RETURNING id, created_at, cause, ticket, person, address, message_id, subject, bytes,
           state, attempts, error",
    );
    conn.run(&sql, read_outgoing)
}

/// Whether a mail of this cause was made for an address.
pub fn is_queued(conn: &mut Conn<'_>, cause: Uuid, address: &str) -> Result<bool, Error> {
    Ok(conn
        .query_opt(
            "SELECT CAST(1 AS BIGINT) FROM mail_out WHERE cause = $1 AND address = $2",
            params![cause, address],
            |row| row.get::<i64>(0),
        )?
        .is_some())
}

/// Whom one mail told of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The cause of the events it told of.
    pub cause: Uuid,
    /// The human; `None`: a list.
    pub person: Option<PersonId>,
    /// Where it went.
    pub address: String,
    /// How far it came.
    pub state: String,
}

/// The mails of a ticket, oldest first.
pub fn told(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Vec<Told>, Error> {
    conn.query(
        "SELECT cause, person, address, state FROM mail_out WHERE ticket = $1 ORDER BY id",
        params![ticket],
        |row| {
            Ok(Told {
                cause: row.get(0)?,
                person: row.get(1)?,
                address: row.get(2)?,
                state: row.get(3)?,
            })
        },
    )
}

/// Forgets every mail that has not gone out, with its delivery: for a demo
/// whose past nobody is mailed about.
pub fn drop_queued(conn: &mut Conn<'_>) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM job WHERE kind = 'deliver' AND state = 'ready'",
        params![],
    )?;
    conn.execute("DELETE FROM mail_out WHERE state = 'queued'", params![])?;
    Ok(())
}
