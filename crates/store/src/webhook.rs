//! Webhooks: who is called, how far each is with the feed, and each call.

use serde::{Deserialize, Serialize};
use switchboard_core::{Millis, PersonId, ServiceId, TicketNumber, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// What somebody wants to hear of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wanted {
    /// What happened, words of `Change::KINDS`; none: everything.
    pub kinds: Vec<String>,
    /// A query without words that the ticket has to meet; empty: all do.
    pub filter: String,
    /// Units that hold the ticket, or held it until now; none: any.
    pub units: Vec<UnitId>,
    /// Its services; none: any.
    pub services: Vec<ServiceId>,
    /// The texts of entries go along.
    pub texts: bool,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: Uuid,
    /// How people call it.
    pub title: String,
    /// What is called.
    pub url: String,
    /// What is wanted.
    pub wanted: Wanted,
    /// Only what they may see is sent.
    pub reader: PersonId,
    /// Who made it.
    pub maker: Option<PersonId>,
    /// The old secret counts until then.
    pub before_until: Option<Millis>,
    /// It is called.
    pub active: bool,
    /// Why the desk paused it; `None`: it runs, or somebody paused it.
    pub why: Option<String>,
    /// Every event up to here was looked at.
    pub place: i64,
    /// When something that waits is due; `None`: nothing waits.
    pub due_at: Option<Millis>,
    /// Failed calls, one after the other.
    pub failures: i64,
    /// Since when none was taken.
    pub failing_since: Option<Millis>,
    /// The last failure, until a call is taken.
    pub error: Option<String>,
    /// When a call was last taken.
    pub sent_at: Option<Millis>,
    /// Since when it is there.
    pub made_at: Millis,
    /// Its version.
    pub version: i64,
}

const COLUMNS: &str = "SELECT id, title, url, doc, reader, maker, before_until, state, why, place,
  due_at, failures, failing_since, error, sent_at, made_at, version FROM webhook";

fn read(row: &Row<'_>) -> Result<Webhook, Error> {
    let (doc, state): (String, String) = (row.get(3)?, row.get(7)?);
    Ok(Webhook {
        id: row.get(0)?,
        title: row.get(1)?,
        url: row.get(2)?,
        wanted: serde_json::from_str(&doc)
            .map_err(|e| Error::Corrupt(format!("what a webhook wants: {e}")))?,
        reader: row.get(4)?,
        maker: row.get(5)?,
        before_until: row.get(6)?,
        active: match state.as_str() {
            "active" => true,
            "paused" => false,
            _ => return Err(Error::Corrupt(format!("state of a webhook {state:?}"))),
        },
        why: row.get(8)?,
        place: row.get(9)?,
        due_at: row.get(10)?,
        failures: row.get(11)?,
        failing_since: row.get(12)?,
        error: row.get(13)?,
        sent_at: row.get(14)?,
        made_at: row.get(15)?,
        version: row.get(16)?,
    })
}

/// Stores a webhook, new with this sealed secret, or changed with the one it has.
pub fn save(conn: &mut Conn<'_>, w: &Webhook, secret: &str) -> Result<(), Error> {
    let doc = serde_json::to_string(&w.wanted)
        .map_err(|e| Error::Corrupt(format!("what a webhook wants to JSON: {e}")))?;
    conn.execute(
        "INSERT INTO webhook (id, title, url, doc, reader, maker, secret, state, why, place, due_at,
           failures, failing_since, error, sent_at, made_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
         ON CONFLICT (id) DO UPDATE SET title = excluded.title, url = excluded.url,
           doc = excluded.doc, reader = excluded.reader, state = excluded.state,
           why = excluded.why, place = excluded.place, due_at = excluded.due_at,
           failures = excluded.failures, failing_since = excluded.failing_since,
           error = excluded.error, sent_at = excluded.sent_at, version = excluded.version",
        params![
            w.id,
            w.title.as_str(),
            w.url.as_str(),
            doc,
            w.reader,
            w.maker,
            secret,
            if w.active { "active" } else { "paused" },
            w.why.clone(),
            w.place,
            w.due_at,
            w.failures,
            w.failing_since,
            w.error.clone(),
            w.sent_at,
            w.made_at,
            w.version,
        ],
    )?;
    Ok(())
}

/// One webhook.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Webhook>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Every webhook, the oldest first.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Webhook>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" ORDER BY made_at, id");
    conn.run(&sql, read)
}

/// Takes a webhook away, with its calls.
pub fn delete(conn: &mut Conn<'_>, id: Uuid) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM webhook_delivery WHERE webhook = $1",
        params![id],
    )?;
    conn.execute("DELETE FROM webhook WHERE id = $1", params![id])?;
    Ok(())
}

/// Webhooks that have something to do: what waits is due, or something happened since they
/// looked. One whose receiver is `away` or more failures waits for its time.
pub fn due(
    conn: &mut Conn<'_>,
    now: Millis,
    last_event: i64,
    away: i64,
) -> Result<Vec<Uuid>, Error> {
    conn.query(
        "SELECT id FROM webhook WHERE state = 'active'
           AND (due_at <= $1 OR (place < $2 AND failures < $3)) ORDER BY made_at, id",
        params![now, last_event, away],
        |row| row.get(0),
    )
}

/// Notes how far a webhook is with the feed.
pub fn set_place(conn: &mut Conn<'_>, id: Uuid, place: i64) -> Result<(), Error> {
    conn.later(
        "UPDATE webhook SET place = $2 WHERE id = $1",
        params![id, place],
    )?;
    Ok(())
}

/// Notes when something that waits is due.
pub fn set_due(conn: &mut Conn<'_>, id: Uuid, at: Option<Millis>) -> Result<(), Error> {
    conn.execute(
        "UPDATE webhook SET due_at = $2 WHERE id = $1",
        params![id, at],
    )?;
    Ok(())
}

/// The sealed secrets: the one that counts, and the one before while it does.
pub fn secrets_of(
    conn: &mut Conn<'_>,
    id: Uuid,
    now: Millis,
) -> Result<Option<(String, Option<String>)>, Error> {
    conn.query_opt(
        "SELECT secret, CASE WHEN before_until > $2 THEN secret_before END
         FROM webhook WHERE id = $1",
        params![id, now],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// All sealed secrets, with ids and titles.
#[expect(clippy::type_complexity, reason = "as its one reader takes it apart")]
pub fn secrets(conn: &mut Conn<'_>) -> Result<Vec<(Uuid, String, String, Option<String>)>, Error> {
    conn.query(
        "SELECT id, title, secret, secret_before FROM webhook ORDER BY id",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )
}

/// Replaces the sealed secrets, as they are.
pub fn set_secrets(
    conn: &mut Conn<'_>,
    id: Uuid,
    secret: &str,
    before: Option<&str>,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE webhook SET secret = $2, secret_before = $3 WHERE id = $1",
        params![id, secret, before.map(str::to_owned)],
    )?;
    Ok(())
}

/// A new secret; the one until now counts beside it for a time.
pub fn rotate(conn: &mut Conn<'_>, id: Uuid, secret: &str, until: Millis) -> Result<(), Error> {
    conn.execute(
        "UPDATE webhook SET secret_before = secret, before_until = $3, secret = $2,
           version = version + 1 WHERE id = $1",
        params![id, secret, until],
    )?;
    Ok(())
}

/// How far a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is still to be taken.
    Waiting,
    /// It was taken.
    Sent,
    /// It was given up.
    Dead,
    /// It was not made: the reader may not see it any more.
    LeftOut,
}

impl State {
    /// The word stored.
    pub fn key(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Sent => "sent",
            State::Dead => "dead",
            State::LeftOut => "left_out",
        }
    }

    /// The state of a word.
    pub fn parse(word: &str) -> Option<State> {
        [State::Waiting, State::Sent, State::Dead, State::LeftOut]
            .into_iter()
            .find(|s| s.key() == word)
    }
}

/// An event that is, was or was not to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: Uuid,
    /// Whom.
    pub webhook: Uuid,
    /// The event.
    pub event: i64,
    /// Its ticket.
    pub ticket: TicketNumber,
    /// What happened.
    pub kind: String,
    /// How far it came.
    pub state: State,
    /// When it was first due.
    pub since: Millis,
    /// Not before.
    pub next_at: Millis,
    /// How often it was tried.
    pub tries: i64,
    /// When it was last tried.
    pub tried_at: Option<Millis>,
    /// The status of the last answer.
    pub status: Option<i64>,
    /// Why it was not taken, or was left out.
    pub error: Option<String>,
    /// When it ended.
    pub ended_at: Option<Millis>,
}

const DELIVERY: &str = "SELECT d.id, d.webhook, d.event, d.ticket, d.kind, d.state, d.since,
  d.next_at, d.tries, d.tried_at, d.status, d.error, d.ended_at FROM webhook_delivery d";

/// What waits before it at the same ticket, so that it has to wait, too.
const FIRST_OF_TICKET: &str = " AND NOT EXISTS (SELECT 1 FROM webhook_delivery e
  WHERE e.webhook = d.webhook AND e.ticket = d.ticket AND e.state = 'waiting'
    AND e.event < d.event)";

fn delivery(row: &Row<'_>) -> Result<Delivery, Error> {
    let state: String = row.get(5)?;
    Ok(Delivery {
        id: row.get(0)?,
        webhook: row.get(1)?,
        event: row.get(2)?,
        ticket: row.get(3)?,
        kind: row.get(4)?,
        state: State::parse(&state)
            .ok_or_else(|| Error::Corrupt(format!("state of a call {state:?}")))?,
        since: row.get(6)?,
        next_at: row.get(7)?,
        tries: row.get(8)?,
        tried_at: row.get(9)?,
        status: row.get(10)?,
        error: row.get(11)?,
        ended_at: row.get(12)?,
    })
}

/// An event is to be told. One that was told, left out or given up is to be told again;
/// one that waits goes on waiting.
pub fn enqueue(conn: &mut Conn<'_>, d: &Delivery) -> Result<(), Error> {
    conn.later(
        "INSERT INTO webhook_delivery (id, webhook, event, ticket, kind, state, since, next_at,
           tries) VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $6, 0)
         ON CONFLICT (webhook, event) DO UPDATE SET state = 'waiting', since = excluded.since,
           next_at = excluded.next_at, tries = 0, status = NULL, error = NULL, ended_at = NULL
         WHERE webhook_delivery.state <> 'waiting'",
        params![d.id, d.webhook, d.event, d.ticket, d.kind.as_str(), d.since],
    )?;
    Ok(())
}

/// What can be sent now: of each ticket only what is first, if it is due.
pub fn ready(
    conn: &mut Conn<'_>,
    webhook: Uuid,
    now: Millis,
    limit: i64,
) -> Result<Vec<Delivery>, Error> {
    let mut sql = Sql::new(DELIVERY);
    sql.push(" WHERE d.webhook = ").bind(webhook);
    sql.push(" AND d.state = 'waiting' AND d.next_at <= ")
        .bind(now);
    sql.push(FIRST_OF_TICKET);
    sql.push(" ORDER BY d.event LIMIT ").bind(limit);
    conn.run(&sql, delivery)
}

/// When the next of what waits is due; `None`: nothing waits.
pub fn next_due(conn: &mut Conn<'_>, webhook: Uuid) -> Result<Option<Millis>, Error> {
    let mut sql = Sql::new("SELECT MIN(d.next_at) FROM webhook_delivery d WHERE d.webhook = ");
    sql.bind(webhook).push(" AND d.state = 'waiting'");
    sql.push(FIRST_OF_TICKET);
    let found = conn.run(&sql, |row| row.get::<Option<i64>>(0))?;
    Ok(found.into_iter().next().flatten())
}

/// How many calls of a webhook wait, counted up to `most`.
pub fn waiting(conn: &mut Conn<'_>, webhook: Uuid, most: i64) -> Result<i64, Error> {
    Ok(conn
        .query_opt(
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM webhook_delivery
             WHERE webhook = $1 AND state = 'waiting' LIMIT $2) waits",
            params![webhook, most],
            |row| row.get(0),
        )?
        .unwrap_or(0))
}

/// Stores how a call stands after it was tried, or left out.
pub fn update(conn: &mut Conn<'_>, d: &Delivery) -> Result<(), Error> {
    conn.later(
        "UPDATE webhook_delivery SET state = $2, since = $3, next_at = $4, tries = $5,
           tried_at = $6, status = $7, error = $8, ended_at = $9 WHERE id = $1",
        params![
            d.id,
            d.state.key(),
            d.since,
            d.next_at,
            d.tries,
            d.tried_at,
            d.status,
            d.error.clone(),
            d.ended_at,
        ],
    )?;
    Ok(())
}

/// What waits is due now; `anew`: and its day begins now.
pub fn hurry(conn: &mut Conn<'_>, webhook: Uuid, now: Millis, anew: bool) -> Result<(), Error> {
    conn.later(
        "UPDATE webhook_delivery SET next_at = $2,
           since = CASE WHEN $3 = 1 THEN $2 ELSE since END
         WHERE webhook = $1 AND state = 'waiting'",
        params![webhook, now, anew],
    )?;
    Ok(())
}

/// One call.
pub fn load_delivery(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Delivery>, Error> {
    let mut sql = Sql::new(DELIVERY);
    sql.push(" WHERE d.id = ").bind(id);
    Ok(conn.run(&sql, delivery)?.into_iter().next())
}

/// Calls of a webhook, the newest event first: in a state, and before an event.
pub fn deliveries(
    conn: &mut Conn<'_>,
    webhook: Uuid,
    state: Option<State>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Delivery>, Error> {
    let mut sql = Sql::new(DELIVERY);
    sql.push(" WHERE d.webhook = ").bind(webhook);
    if let Some(state) = state {
        sql.push(" AND d.state = ").bind(state.key());
    }
    if let Some(event) = before {
        sql.push(" AND d.event < ").bind(event);
    }
    sql.push(" ORDER BY d.event DESC LIMIT ").bind(limit);
    conn.run(&sql, delivery)
}

/// How the calls of a webhook stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// They wait.
    pub waiting: i64,
    /// Since when the oldest of them does.
    pub oldest: Option<Millis>,
    /// They were given up.
    pub dead: i64,
}

/// How the calls of each webhook stand, of those that have any that wait or are given up.
pub fn sums(conn: &mut Conn<'_>) -> Result<Vec<(Uuid, Sums)>, Error> {
    conn.query(
        "SELECT webhook, SUM(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END),
           MIN(CASE WHEN state = 'waiting' THEN since END),
           SUM(CASE WHEN state = 'dead' THEN 1 ELSE 0 END)
         FROM webhook_delivery WHERE state IN ('waiting', 'dead') GROUP BY webhook",
        &[],
        |row| {
            Ok((
                row.get(0)?,
                Sums {
                    waiting: row.get(1)?,
                    oldest: row.get(2)?,
                    dead: row.get(3)?,
                },
            ))
        },
    )
}

/// Forgets calls that ended long ago: given up ones before `dead`, others before `done`.
pub fn prune(conn: &mut Conn<'_>, done: Millis, dead: Millis) -> Result<u64, Error> {
    conn.execute(
        "DELETE FROM webhook_delivery
         WHERE ended_at < $1 AND (state <> 'dead' OR ended_at < $2)",
        params![done, dead],
    )
}
