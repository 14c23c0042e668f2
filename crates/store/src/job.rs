//! Jobs: what is left to do after a change, enqueued with it in one transaction.
//!
//! A claimed job is leased: when its holder dies, the lease runs out and
//! somebody else gets it. So every job may run twice and must bear it.

use std::collections::BTreeMap;

use switchboard_core::Millis;
use uuid::Uuid;

use crate::conn::Conn;
use crate::value::{Row, Sql, Value};
use crate::{Error, params};

/// A job to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Which of the registered jobs.
    pub kind: &'static str,
    /// Its input as JSON.
    pub payload: String,
    /// Not before.
    pub run_at: Millis,
    /// While a ready or running job with this key exists, no second one is enqueued.
    pub unique_key: Option<String>,
}

/// A job somebody has claimed and is to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its identifier, ordered by time.
    pub id: Uuid,
    /// Which of the registered jobs.
    pub kind: String,
    /// Its input as JSON.
    pub payload: String,
    /// When it was due.
    pub run_at: Millis,
    /// How often it was claimed, this time included.
    pub attempts: i64,
    /// What went wrong the last time.
    pub last_error: Option<String>,
}

/// How many jobs there are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Waiting, due or not.
    pub ready: i64,
    /// Claimed; the lease may have run out.
    pub running: i64,
    /// Done and not yet pruned.
    pub done: i64,
    /// Given up.
    pub dead: i64,
    /// When the oldest ready job is or was due.
    pub oldest_ready: Option<Millis>,
}

/// Enqueues a job and gives its identifier; `None` when one with the same
/// unique key is already ready or running.
pub fn enqueue(conn: &mut Conn<'_>, job: &NewJob) -> Result<Option<Uuid>, Error> {
    let id = Uuid::now_v7();
    let rows = conn.execute(
        "INSERT INTO job (id, kind, payload, run_at, attempts, state, unique_key)
         VALUES ($1, $2, $3, $4, 0, 'ready', $5)
         ON CONFLICT (unique_key) WHERE state IN ('ready', 'running') DO NOTHING",
        params![
            id,
            job.kind,
            job.payload.as_str(),
            job.run_at,
            job.unique_key.clone()
        ],
    )?;
    Ok((rows == 1).then_some(id))
}

/// Claims up to `n` due jobs of these kinds for `lease_ms`: running ones whose holder let the
/// lease run out, then ready ones. Of each kind the longest due come first, and each kind has
/// one before any has another: where thousands of one kind wait, those of others do not wait
/// for them.
pub fn claim(
    conn: &mut Conn<'_>,
    now: Millis,
    holder: &str,
    kinds: &[&'static str],
    n: i64,
    lease_ms: i64,
) -> Result<Vec<Job>, Error> {
    // Each look-up on its own small index.
    let mut sql = Sql::new(
        /* fragment */
        "SELECT id FROM job WHERE state = 'running' AND lease_until <= ",
    );
    sql.bind(now).push(" AND kind IN ");
    sql.list(kinds.iter().map(|kind| Value::from(*kind)));
    sql.push(" ORDER BY lease_until LIMIT ").bind(n);
    let mut due = conn.run(&sql, |row| row.get::<Uuid>(0))?;
    let free = n - due.len() as i64;
    if free > 0 {
        due.extend(ready(conn, now, kinds, free)?);
    }
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql =
        Sql::new("UPDATE job SET state = 'running', attempts = attempts + 1, lease_until = ");
    sql.bind(now + lease_ms)
        .push(", lease_holder = ")
        .bind(holder);
    sql.push(" WHERE id IN ")
        .list(due.into_iter().map(Value::Uuid));
    sql.push(" RETURNING id, kind, payload, run_at, attempts, last_error");
    let mut jobs = conn.run(&sql, job)?;
    jobs.sort_by_key(|job| (job.run_at, job.id));
    Ok(jobs)
}

/// Up to `n` ready jobs that are due, of each kind one before any has another.
fn ready(
    conn: &mut Conn<'_>,
    now: Millis,
    kinds: &[&'static str],
    n: i64,
) -> Result<Vec<Uuid>, Error> {
    let mut sql = Sql::new("");
    for (place, kind) in kinds.iter().enumerate() {
        sql.push(if place > 0 { " UNION ALL " } else { "" });
        sql.push(
            /* fragment */
            "SELECT kind, run_at, id FROM (SELECT kind, run_at, id FROM job
               WHERE state = 'ready' AND kind = ",
        );
        sql.bind(*kind).push(" AND run_at <= ").bind(now);
        sql.push(" ORDER BY run_at, id LIMIT ").bind(n);
        sql.push(") one_kind");
    }
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: BTreeMap<String, Vec<(Millis, Uuid)>> = BTreeMap::new();
    for (kind, run_at, id) in conn.run(&sql, |row| {
        Ok((
            row.get::<String>(0)?,
            row.get::<i64>(1)?,
            row.get::<Uuid>(2)?,
        ))
    })? {
        found.entry(kind).or_default().push((run_at, id));
    }
    let mut turns: Vec<(usize, Millis, Uuid)> = Vec::new();
    for mut of_kind in found.into_values() {
        of_kind.sort_unstable();
        let of_kind = of_kind.into_iter().enumerate();
        turns.extend(of_kind.map(|(turn, (run_at, id))| (turn, run_at, id)));
    }
    turns.sort_unstable();
    let most = usize::try_from(n).unwrap_or(0);
    Ok(turns.into_iter().take(most).map(|(.., id)| id).collect())
}

fn job(row: &Row<'_>) -> Result<Job, Error> {
    Ok(Job {
        id: row.get(0)?,
        kind: row.get(1)?,
        payload: row.get(2)?,
        run_at: row.get(3)?,
        attempts: row.get(4)?,
        last_error: row.get(5)?,
    })
}

/// Gives a running job `lease_ms` more from `now`; `false` when the holder
/// has lost it to somebody else.
pub fn extend(
    conn: &mut Conn<'_>,
    id: Uuid,
    holder: &str,
    now: Millis,
    lease_ms: i64,
) -> Result<bool, Error> {
    let rows = conn.execute(
        "UPDATE job SET lease_until = $3
         WHERE id = $1 AND state = 'running' AND lease_holder = $2",
        params![id, holder, now + lease_ms],
    )?;
    Ok(rows == 1)
}

/// The job is done. In the same transaction as its last change, where it has one.
pub fn finish(conn: &mut Conn<'_>, id: Uuid, now: Millis) -> Result<(), Error> {
    conn.later(
        "UPDATE job SET state = 'done', lease_until = NULL, lease_holder = NULL,
           last_error = NULL, ended_at = $2
         WHERE id = $1 AND state = 'running'",
        params![id, now],
    )?;
    Ok(())
}

/// The job failed: it is tried again at `retry_at`, or dead when that is `None`.
/// `error` is shown to administrators; it must not hold secrets.
pub fn fail(
    conn: &mut Conn<'_>,
    id: Uuid,
    now: Millis,
    error: &str,
    retry_at: Option<Millis>,
) -> Result<(), Error> {
    match retry_at {
        Some(at) => conn.later(
            "UPDATE job SET state = 'ready', run_at = $2, lease_until = NULL,
               lease_holder = NULL, last_error = $3
             WHERE id = $1 AND state = 'running'",
            params![id, at, error],
        )?,
        None => conn.later(
            "UPDATE job SET state = 'dead', ended_at = $2, lease_until = NULL,
               lease_holder = NULL, last_error = $3
             WHERE id = $1 AND state = 'running'",
            params![id, now, error],
        )?,
    };
    Ok(())
}

/// Makes a job that waits due now. `false`: there is none with this key.
pub fn hurry(conn: &mut Conn<'_>, unique_key: &str, now: Millis) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE job SET run_at = $2, attempts = 0 WHERE unique_key = $1 AND state = 'ready'",
        params![unique_key, now],
    )? > 0)
}

/// Brings a dead job back, due at `now` and with its attempts counted afresh;
/// `false` when it is not dead. [`Error::Conflict`] when another with its
/// unique key was enqueued since.
pub fn revive(conn: &mut Conn<'_>, id: Uuid, now: Millis) -> Result<bool, Error> {
    let rows = conn.execute(
        "UPDATE job SET state = 'ready', run_at = $2, attempts = 0, ended_at = NULL
         WHERE id = $1 AND state = 'dead'",
        params![id, now],
    )?;
    Ok(rows == 1)
}

/// Forgets done jobs that ended before the given time and says how many.
/// Dead ones stay until somebody has looked at them.
pub fn prune(conn: &mut Conn<'_>, before: Millis) -> Result<u64, Error> {
    conn.execute(
        "DELETE FROM job WHERE state = 'done' AND ended_at < $1",
        params![before],
    )
}

/// Whether a job of these kinds is due, or was left behind by its holder.
pub fn is_due(conn: &mut Conn<'_>, now: Millis, kinds: &[&'static str]) -> Result<bool, Error> {
    for state in [
        /* fragment */
        "SELECT CAST(1 AS BIGINT) FROM job WHERE state = 'ready' AND run_at <= ",
        /* fragment */
        "SELECT CAST(1 AS BIGINT) FROM job WHERE state = 'running' AND lease_until <= ",
    ] {
        let mut sql = Sql::new(state);
        sql.bind(now).push(" AND kind IN ");
        sql.list(kinds.iter().map(|kind| Value::from(*kind)));
        sql.push(" LIMIT 1");
        if !conn.run(&sql, |row| row.get::<i64>(0))?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many jobs there are in each state, for the metrics.
pub fn counts(conn: &mut Conn<'_>) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    let rows = conn.query(
        "SELECT state, COUNT(*), MIN(run_at) FROM job GROUP BY state",
        &[],
        |row| {
            Ok((
                row.get::<String>(0)?,
                row.get::<i64>(1)?,
                row.get::<i64>(2)?,
            ))
        },
    )?;
    for (state, n, oldest) in rows {
        match state.as_str() {
            "ready" => {
                counts.ready = n;
                counts.oldest_ready = Some(oldest);
            }
            "running" => counts.running = n,
            "done" => counts.done = n,
            "dead" => counts.dead = n,
            other => return Err(Error::Corrupt(format!("a job is in the state {other}"))),
        }
    }
    Ok(counts)
}
