//! Tickets that were passed on to a provider's mailing list.

use switchboard_core::redirect::{Stage, Standing, Turn};
use switchboard_core::{EntryId, Millis, ServiceId, TicketNumber};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql, Value};

/// A ticket at a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    /// Its id.
    pub id: Uuid,
    /// The ticket.
    pub ticket: TicketNumber,
    /// Its number within the ticket, from 1.
    pub seq: i64,
    /// The service whose list it is.
    pub service: ServiceId,
    /// The list's address.
    pub list: String,
    /// The requester may be named there.
    pub personal_data: bool,
    /// How it stands.
    pub standing: Standing,
    /// When the list first got it.
    pub began_at: Millis,
    /// The last mail to the list.
    pub sent_at: Option<Millis>,
    /// When to look again if nobody says anything.
    pub next_at: Option<Millis>,
    /// Why mail to the list does not arrive, in words.
    pub trouble: Option<String>,
    /// Message-ID of the first mail to the list.
    pub root: Option<String>,
    /// When it was over.
    pub ended_at: Option<Millis>,
}

const COLUMNS: &str = "SELECT r.id, r.ticket, r.seq, r.service, r.list, r.personal_data, r.stage,
  r.why, r.turn, r.turn_since, r.began_at, r.sent_at, r.life_at, r.warned_at, r.woken_at,
  r.next_at, r.trouble, r.root, r.ended_at FROM redirection r";

fn read(row: &Row<'_>) -> Result<Redirection, Error> {
    let (stage, why, turn): (String, String, String) = (row.get(6)?, row.get(7)?, row.get(8)?);
    let trouble: Option<String> = row.get(16)?;
    Ok(Redirection {
        id: row.get(0)?,
        ticket: row.get(1)?,
        seq: row.get(2)?,
        service: row.get(3)?,
        list: row.get(4)?,
        personal_data: row.get(5)?,
        standing: Standing {
            stage: Stage::parse(&stage, &why)
                .ok_or_else(|| Error::Corrupt(format!("redirection stage {stage:?} {why:?}")))?,
            turn: Turn::parse(&turn)
                .ok_or_else(|| Error::Corrupt(format!("redirection turn {turn:?}")))?,
            turn_since: row.get(9)?,
            life_at: row.get(12)?,
            warned_at: row.get(13)?,
            woken_at: row.get(14)?,
            trouble: trouble.is_some(),
        },
        began_at: row.get(10)?,
        sent_at: row.get(11)?,
        next_at: row.get(15)?,
        trouble,
        root: row.get(17)?,
        ended_at: row.get(18)?,
    })
}

/// Stores a redirection, new or changed.
pub fn save(conn: &mut Conn<'_>, r: &Redirection) -> Result<(), Error> {
    let s = &r.standing;
    let (stage, why) = s.stage.keys();
    conn.execute(
        "INSERT INTO redirection (id, ticket, seq, service, list, personal_data, stage, why, turn,
           turn_since, began_at, sent_at, life_at, warned_at, woken_at, next_at, trouble, root,
           ended_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
           $19)
         ON CONFLICT (id) DO UPDATE SET service = excluded.service,
           personal_data = excluded.personal_data, stage = excluded.stage, why = excluded.why,
           turn = excluded.turn, turn_since = excluded.turn_since, sent_at = excluded.sent_at,
           life_at = excluded.life_at, warned_at = excluded.warned_at,
           woken_at = excluded.woken_at, next_at = excluded.next_at, trouble = excluded.trouble,
           root = excluded.root, ended_at = excluded.ended_at",
        params![
            r.id,
            r.ticket,
            r.seq,
            r.service,
            r.list.as_str(),
            r.personal_data,
            stage,
            why,
            s.turn.key(),
            s.turn_since,
            r.began_at,
            r.sent_at,
            s.life_at,
            s.warned_at,
            s.woken_at,
            r.next_at,
            r.trouble.clone(),
            r.root.clone(),
            r.ended_at,
        ],
    )?;
    Ok(())
}

/// One by its id.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Redirection>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE r.id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Every one of a ticket, in order.
pub fn of_ticket(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Vec<Redirection>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE r.ticket = ")
        .bind(ticket)
        .push(" ORDER BY r.seq");
    conn.run(&sql, read)
}

/// The one that the list's reply address names.
pub fn by_seq(
    conn: &mut Conn<'_>,
    ticket: TicketNumber,
    seq: i64,
) -> Result<Option<Redirection>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE r.ticket = ")
        .bind(ticket)
        .push(" AND r.seq = ")
        .bind(seq);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// The ones to which mails with these Message-IDs went, the newest mail first.
pub fn by_messages(conn: &mut Conn<'_>, ids: &[String]) -> Result<Option<Redirection>, Error> {
    if ids.is_empty() {
        return Ok(None);
    }
    let mut sql = Sql::new(COLUMNS);
    sql.push(" JOIN redirection_word w ON w.redirection = r.id WHERE w.message_id IN ");
    sql.list(ids.iter().map(|id| Value::from(id.as_str())));
    sql.push(" ORDER BY w.at DESC LIMIT ").bind(1_i64);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// The addresses of all lists that have something now.
pub fn lists(conn: &mut Conn<'_>) -> Result<Vec<String>, Error> {
    conn.query(
        "SELECT DISTINCT list FROM redirection WHERE stage <> 'ended'",
        params![],
        |row| row.get(0),
    )
}

/// Those to be looked at because nobody said anything, the longest due first.
pub fn due(conn: &mut Conn<'_>, now: Millis, limit: i64) -> Result<Vec<Uuid>, Error> {
    conn.query(
        "SELECT id FROM redirection WHERE next_at IS NOT NULL AND next_at <= $1
         ORDER BY next_at LIMIT $2",
        params![now, limit],
        |row| row.get(0),
    )
}

/// Notes a mail to a list or a word from it.
pub fn note(
    conn: &mut Conn<'_>,
    id: Uuid,
    redirection: Uuid,
    way: &str,
    kind: &str,
    message_id: Option<&str>,
    at: Millis,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO redirection_word (id, redirection, way, kind, message_id, at, lost)
         VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (id) DO NOTHING",
        params![
            id,
            redirection,
            way,
            kind,
            message_id.map(str::to_owned),
            at
        ],
    )?;
    Ok(())
}

/// How many mails went to a list about one ticket (`out`), or words came from
/// it (`in`), since a time.
pub fn count(
    conn: &mut Conn<'_>,
    redirection: Uuid,
    way: &str,
    since: Millis,
) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM redirection_word WHERE redirection = $1 AND way = $2 AND at > $3",
        params![redirection, way, since],
        |row| row.get(0),
    )
}

/// How many mails went to a list about all tickets since a time.
pub fn count_to_list(conn: &mut Conn<'_>, list: &str, since: Millis) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM redirection_word w JOIN redirection r ON r.id = w.redirection
         WHERE r.list = $1 AND w.way = 'out' AND w.at > $2",
        params![list, since],
        |row| row.get(0),
    )
}

/// The list from which an entry came, if it came from one.
pub fn list_of_entry(conn: &mut Conn<'_>, entry: EntryId) -> Result<Option<Uuid>, Error> {
    conn.query_opt(
        "SELECT redirection FROM redirection_word WHERE id = $1 AND way = 'in'",
        params![entry],
        |row| row.get(0),
    )
}

/// Mails to lists that the outbox has given up and nobody was told of: the
/// mail, its redirection and what the server said.
pub fn undelivered(
    conn: &mut Conn<'_>,
    limit: i64,
) -> Result<Vec<(Uuid, Uuid, Option<String>)>, Error> {
    conn.query(
        "SELECT w.id, w.redirection, o.error FROM mail_out o
         JOIN redirection_word w ON w.id = o.id
         WHERE o.state = 'failed' AND w.lost = 0 LIMIT $1",
        params![limit],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

/// Notes that a mail to a list did not arrive. `false`: that was known.
pub fn mark_lost(conn: &mut Conn<'_>, mail: Uuid) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE redirection_word SET lost = 1 WHERE id = $1 AND lost = 0",
        params![mail],
    )? > 0)
}

/// The mail to a list with this Message-ID.
pub fn mail_by_message(conn: &mut Conn<'_>, message_id: &str) -> Result<Option<Uuid>, Error> {
    conn.query_opt(
        "SELECT id FROM redirection_word WHERE message_id = $1",
        params![message_id],
        |row| row.get(0),
    )
}

/// Notes by which desks and lists a mail came.
pub fn note_road(conn: &mut Conn<'_>, mail: Uuid, hops: &str, lists: &str) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO mail_road (mail, hops, lists) VALUES ($1, $2, $3)
         ON CONFLICT (mail) DO NOTHING",
        params![mail, hops, lists],
    )?;
    Ok(())
}

/// By which desks and lists a mail came, both separated by spaces.
pub fn road(conn: &mut Conn<'_>, mail: Uuid) -> Result<Option<(String, String)>, Error> {
    conn.query_opt(
        "SELECT hops, lists FROM mail_road WHERE mail = $1",
        params![mail],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// What to look for; everything that is set must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// `true`: with the list or held; `false`: over.
    pub open: Option<bool>,
    /// Whose word is missing, of those that are open.
    pub turn: Option<Turn>,
    /// First level was woken, or has to look for another reason.
    pub woken: bool,
    /// The list was reminded.
    pub warned: bool,
    /// The list's address.
    pub list: Option<String>,
    /// One of these services; `None`: any.
    pub services: Option<Vec<ServiceId>>,
    /// Only what comes after this one: since when, id.
    pub after: Option<(Millis, Uuid)>,
}

fn narrow(sql: &mut Sql, f: &Filter) {
    sql.push(" WHERE r.seq > 0");
    if f.open == Some(true) {
        sql.push(" AND r.stage IN ('active', 'held')");
    }
    if f.open == Some(false) {
        sql.push(" AND r.stage = 'ended'");
    }
    if let Some(turn) = f.turn {
        sql.push(" AND r.stage <> 'ended' AND r.turn = ")
            .bind(turn.key());
    }
    if f.woken {
        sql.push(" AND r.stage <> 'ended' AND r.woken_at IS NOT NULL");
    }
    if f.warned {
        sql.push(" AND r.stage <> 'ended' AND r.warned_at IS NOT NULL");
    }
    if let Some(list) = &f.list {
        sql.push(" AND r.list = ").bind(list.as_str());
    }
    if let Some(services) = &f.services {
        sql.push(" AND r.service IN ");
        sql.list(services.iter().map(|s| Value::from(*s)));
    }
}

/// Those that fit, the one that stands as it does for the longest time first.
pub fn find(conn: &mut Conn<'_>, filter: &Filter, limit: i64) -> Result<Vec<Redirection>, Error> {
    if filter.services.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(COLUMNS);
    narrow(&mut sql, filter);
    if let Some((since, id)) = filter.after {
        sql.push(" AND (r.turn_since > ").bind(since);
        sql.push(" OR (r.turn_since = ").bind(since);
        sql.push(" AND r.id > ").bind(id).push("))");
    }
    sql.push(" ORDER BY r.turn_since, r.id LIMIT ").bind(limit);
    conn.run(&sql, read)
}
