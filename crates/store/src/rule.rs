//! Rules that administrators write, and what each did.

use switchboard_core::rule::Rule as Written;
use switchboard_core::{EntryVisibility, Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it is called in histories.
    pub number: i64,
    /// Where it stands in the order, from 1.
    pub place: i64,
    /// What it says.
    pub written: Written,
    /// It acts.
    pub active: bool,
    /// Why the desk paused it; `None`: it runs, or somebody paused it.
    pub why: Option<String>,
    /// What happened up to this event does not set it off.
    pub after_event: i64,
    /// Since when it runs.
    pub began_at: Millis,
    /// Who made it.
    pub maker: Option<PersonId>,
    /// Since when it is there.
    pub made_at: Millis,
    /// Its version.
    pub version: i64,
}

const COLUMNS: &str = "SELECT number, place, doc, state, why, after_event, began_at, maker,
  made_at, version FROM rule";

fn read(row: &Row<'_>) -> Result<Rule, Error> {
    let (doc, state): (String, String) = (row.get(2)?, row.get(3)?);
    Ok(Rule {
        number: row.get(0)?,
        place: row.get(1)?,
        written: serde_json::from_str(&doc)
            .map_err(|e| Error::Corrupt(format!("what a rule says: {e}")))?,
        active: match state.as_str() {
            "active" => true,
            "paused" => false,
            _ => return Err(Error::Corrupt(format!("state of a rule {state:?}"))),
        },
        why: row.get(4)?,
        after_event: row.get(5)?,
        began_at: row.get(6)?,
        maker: row.get(7)?,
        made_at: row.get(8)?,
        version: row.get(9)?,
    })
}

/// Stores a rule, new or changed.
pub fn save(conn: &mut Conn<'_>, rule: &Rule) -> Result<(), Error> {
    let doc = serde_json::to_string(&rule.written)
        .map_err(|e| Error::Corrupt(format!("a rule to JSON: {e}")))?;
    conn.execute(
        "INSERT INTO rule (number, place, doc, state, why, after_event, began_at, maker, made_at,
           version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (number) DO UPDATE SET place = excluded.place, doc = excluded.doc,
           state = excluded.state, why = excluded.why, after_event = excluded.after_event,
           began_at = excluded.began_at, version = excluded.version",
        params![
            rule.number,
            rule.place,
            doc,
            if rule.active { "active" } else { "paused" },
            rule.why.clone(),
            rule.after_event,
            rule.began_at,
            rule.maker,
            rule.made_at,
            rule.version,
        ],
    )?;
    Ok(())
}

/// All of them, in their order.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Rule>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" ORDER BY place, number");
    conn.run(&sql, read)
}

/// Those that act, in their order.
pub fn active(conn: &mut Conn<'_>) -> Result<Vec<Rule>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE state = 'active' ORDER BY place, number");
    conn.run(&sql, read)
}

/// Whether any acts.
pub fn any_active(conn: &mut Conn<'_>) -> Result<bool, Error> {
    let one: Option<i64> = conn.query_opt(
        "SELECT number FROM rule WHERE state = 'active' LIMIT 1",
        &[],
        |row| row.get(0),
    )?;
    Ok(one.is_some())
}

/// One of them.
pub fn load(conn: &mut Conn<'_>, number: i64) -> Result<Option<Rule>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE number = ").bind(number);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Notes where a rule stands in the order.
pub fn set_place(conn: &mut Conn<'_>, number: i64, place: i64) -> Result<(), Error> {
    conn.execute(
        "UPDATE rule SET place = $2 WHERE number = $1",
        params![number, place],
    )?;
    Ok(())
}

/// Takes a rule away, with what was kept of what it did.
pub fn delete(conn: &mut Conn<'_>, number: i64) -> Result<(), Error> {
    conn.execute("DELETE FROM rule_mark WHERE rule = $1", params![number])?;
    conn.execute("DELETE FROM rule_run WHERE rule = $1", params![number])?;
    conn.execute("DELETE FROM rule WHERE number = $1", params![number])?;
    Ok(())
}

/// Whether the time of a rule came for what began then.
pub fn is_marked(
    conn: &mut Conn<'_>,
    rule: i64,
    ticket: TicketNumber,
    since: Millis,
) -> Result<bool, Error> {
    let one: Option<i64> = conn.query_opt(
        "SELECT rule FROM rule_mark WHERE rule = $1 AND ticket = $2 AND since = $3",
        params![rule, ticket, since],
        |row| row.get(0),
    )?;
    Ok(one.is_some())
}

/// Notes that it came.
pub fn mark(
    conn: &mut Conn<'_>,
    rule: i64,
    ticket: TicketNumber,
    since: Millis,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO rule_mark (rule, ticket, since) VALUES ($1, $2, $3)
         ON CONFLICT (rule, ticket, since) DO NOTHING",
        params![rule, ticket, since],
    )?;
    Ok(())
}

/// What came of a rule that was set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It did what it says.
    Acted,
    /// The rules of tickets refused it, and nothing happened.
    Refused,
    /// Something stood in its way.
    Stopped,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 3] = [Verdict::Acted, Verdict::Refused, Verdict::Stopped];

    /// The word stored.
    pub fn key(self) -> &'static str {
        match self {
            Verdict::Acted => "acted",
            Verdict::Refused => "refused",
            Verdict::Stopped => "stopped",
        }
    }
}

/// That a rule was set off, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its place in the log.
    pub number: i64,
    /// The rule.
    pub rule: i64,
    /// Its version at that time.
    pub version: i64,
    /// The ticket.
    pub ticket: TicketNumber,
    /// When.
    pub at: Millis,
    /// The event that set it off; `None`: its time came.
    pub event: Option<i64>,
    /// The cause of that event.
    pub set_off: Option<Uuid>,
    /// The cause of what it did.
    pub cause: Option<Uuid>,
    /// The rules that followed from one another, the first first, itself last.
    pub chain: Vec<i64>,
    /// What came of it.
    pub verdict: Verdict,
    /// What set it off; why nothing came of it.
    pub why: String,
    /// What it did, one a line.
    pub did: String,
}

const RUN: &str = "SELECT number, rule, version, ticket, at, event, set_off, cause, chain, verdict,
  why, did FROM rule_run";

fn run(row: &Row<'_>) -> Result<Run, Error> {
    let (chain, verdict): (String, String) = (row.get(8)?, row.get(9)?);
    Ok(Run {
        number: row.get(0)?,
        rule: row.get(1)?,
        version: row.get(2)?,
        ticket: row.get(3)?,
        at: row.get(4)?,
        event: row.get(5)?,
        set_off: row.get(6)?,
        cause: row.get(7)?,
        chain: serde_json::from_str(&chain)
            .map_err(|e| Error::Corrupt(format!("rules that followed: {e}")))?,
        verdict: Verdict::ALL
            .into_iter()
            .find(|v| v.key() == verdict)
            .ok_or_else(|| Error::Corrupt(format!("verdict on a rule {verdict:?}")))?,
        why: row.get(10)?,
        did: row.get(11)?,
    })
}

/// Notes a run; its number is given here.
pub fn note(conn: &mut Conn<'_>, run: &Run) -> Result<(), Error> {
    let number = crate::counter::next(conn, "rule_run")?;
    let chain = serde_json::to_string(&run.chain)
        .map_err(|e| Error::Corrupt(format!("rules that followed to JSON: {e}")))?;
    conn.execute(
        "INSERT INTO rule_run (number, rule, version, ticket, at, event, set_off, cause, chain,
           verdict, why, did)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        params![
            number,
            run.rule,
            run.version,
            run.ticket,
            run.at,
            run.event,
            run.set_off,
            run.cause,
            chain,
            run.verdict.key(),
            run.why.as_str(),
            run.did.as_str(),
        ],
    )?;
    Ok(())
}

/// Runs of a rule, or of all, and of a ticket, or of all; the newest first, before that
/// of this number.
pub fn runs(
    conn: &mut Conn<'_>,
    rule: Option<i64>,
    ticket: Option<TicketNumber>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Run>, Error> {
    let mut sql = Sql::new(RUN);
    sql.push(" WHERE number < ")
        .bind(before.unwrap_or(i64::MAX));
    if let Some(rule) = rule {
        sql.push(" AND rule = ").bind(rule);
    }
    if let Some(ticket) = ticket {
        sql.push(" AND ticket = ").bind(ticket);
    }
    sql.push(" ORDER BY number DESC LIMIT ").bind(limit);
    conn.run(&sql, run)
}

/// Whether what this cause did to a ticket has set a rule off already.
pub fn was_set_off(
    conn: &mut Conn<'_>,
    rule: i64,
    ticket: TicketNumber,
    cause: Uuid,
) -> Result<bool, Error> {
    let one: Option<i64> = conn.query_opt(
        "SELECT number FROM rule_run WHERE rule = $1 AND ticket = $2 AND set_off = $3",
        params![rule, ticket, cause],
        |row| row.get(0),
    )?;
    Ok(one.is_some())
}

/// The rules from which this cause follows, the first first; none: no rule did it.
pub fn chain_of(conn: &mut Conn<'_>, cause: Uuid) -> Result<Vec<i64>, Error> {
    let chain: Option<String> = conn.query_opt(
        "SELECT chain FROM rule_run WHERE cause = $1",
        params![cause],
        |row| row.get(0),
    )?;
    chain.map_or_else(
        || Ok(Vec::new()),
        |chain| {
            serde_json::from_str(&chain)
                .map_err(|e| Error::Corrupt(format!("rules that followed: {e}")))
        },
    )
}

/// How often a rule acted on a ticket since then.
pub fn acted(
    conn: &mut Conn<'_>,
    rule: i64,
    ticket: TicketNumber,
    since: Millis,
) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM rule_run
         WHERE rule = $1 AND ticket = $2 AND at > $3 AND verdict = 'acted'",
        params![rule, ticket, since],
        |row| row.get(0),
    )
}

/// What came of a rule lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// How often it acted.
    pub acted: i64,
    /// How often the rules of tickets refused it.
    pub refused: i64,
    /// How often something stood in its way.
    pub stopped: i64,
    /// When it last acted.
    pub last: Option<Millis>,
}

/// What came of the rules since then, by number.
pub fn sums(conn: &mut Conn<'_>, since: Millis) -> Result<Vec<(i64, Sums)>, Error> {
    conn.query(
        "SELECT rule, SUM(CASE WHEN verdict = 'acted' THEN 1 ELSE 0 END),
           SUM(CASE WHEN verdict = 'refused' THEN 1 ELSE 0 END),
           SUM(CASE WHEN verdict = 'stopped' THEN 1 ELSE 0 END),
           MAX(CASE WHEN verdict = 'acted' THEN at END)
         FROM rule_run WHERE at > $1 GROUP BY rule",
        params![since],
        |row| {
            let sums = Sums {
                acted: row.get(1)?,
                refused: row.get(2)?,
                stopped: row.get(3)?,
                last: row.get(4)?,
            };
            Ok((row.get(0)?, sums))
        },
    )
}

/// Forgets what rules did before then.
pub fn prune(conn: &mut Conn<'_>, before: Millis) -> Result<(), Error> {
    conn.execute("DELETE FROM rule_run WHERE at < $1", params![before])?;
    Ok(())
}

/// Since when the requester's side waits for a public word of somebody else: the first
/// of theirs after the last of those.
pub fn asked_since(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Option<Millis>, Error> {
    conn.query_one(
        "SELECT MIN(at) FROM entry
         WHERE ticket = $1 AND visibility = $2 AND author_side = 'requester'
           AND seq > COALESCE((SELECT MAX(e.seq) FROM entry e WHERE e.ticket = $1
             AND e.visibility = $2 AND e.author_side IN ('support', 'external')), 0)",
        params![ticket, EntryVisibility::Public.key()],
        |row| row.get(0),
    )
}
