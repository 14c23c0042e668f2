//! Tickets that are worked on in another system too.

use switchboard_core::exchange::{Name, Shared, Stage, Tie};
use switchboard_core::{EntryId, Millis, PersonId, TicketNumber, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// A ticket of ours and its counterpart there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub id: Uuid,
    /// The ticket.
    pub ticket: TicketNumber,
    /// Under which agreement.
    pub agreement: Uuid,
    /// Whether what happens here goes there.
    pub stage: Stage,
    /// The shared ticket; texts are in the entries and not in here.
    pub shared: Shared,
    /// How far it is with the other system.
    pub tie: Tie,
    /// The login of who works on it there.
    pub owner_there: Option<String>,
    /// Where it lies there, when that is not where it was agreed.
    pub queue_there: Option<String>,
    /// Its links there that are no ties here, a line each.
    pub links_there: Option<String>,
    /// When something is to be done about it; `None`: it rests.
    pub due_at: Option<Millis>,
    /// Failures in a row.
    pub tries: i64,
    /// The last failure, until something succeeds.
    pub error: Option<String>,
    /// When that was.
    pub error_at: Option<Millis>,
    /// Calls that are to be made.
    pub waiting: i64,
    /// Since when the oldest of them waits.
    pub waiting_since: Option<Millis>,
    /// Dead letters that nobody has looked after; counted by [`bury`] and
    /// [`unbury`], and not by [`save`].
    pub dead: i64,
    /// When it began.
    pub began_at: Millis,
    /// When something last went there.
    pub sent_at: Option<Millis>,
    /// When something last came from there.
    pub came_at: Option<Millis>,
    /// When first level last looked at how it stands, else when it began.
    pub looked_at: Millis,
    /// Who that was; `None`: nobody yet.
    pub looked_by: Option<PersonId>,
    /// It was opened there and came here.
    pub opened_there: bool,
}

impl Link {
    /// One that begins now, about which something is to be done at once.
    pub fn fresh(
        id: Uuid,
        ticket: TicketNumber,
        agreement: Uuid,
        shared: Shared,
        tie: Tie,
        now: Millis,
    ) -> Link {
        Link {
            id,
            ticket,
            agreement,
            stage: Stage::Active,
            shared,
            tie,
            owner_there: None,
            queue_there: None,
            links_there: None,
            due_at: Some(now),
            tries: 0,
            error: None,
            error_at: None,
            waiting: 0,
            waiting_since: None,
            dead: 0,
            began_at: now,
            sent_at: None,
            came_at: None,
            looked_at: now,
            looked_by: None,
            opened_there: false,
        }
    }
}

const COLUMNS: &str = "SELECT id, ticket, agreement, stage, shared, tie, owner_there, due_at,
  tries, error, error_at, waiting, waiting_since, dead, began_at, sent_at, came_at,
  looked_at, looked_by, opened_there, queue_there, links_there FROM exchange_link";

fn read(row: &Row<'_>) -> Result<Link, Error> {
    let (stage, shared, tie): (String, String, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
    let corrupt = |what: &str, e: serde_json::Error| Error::Corrupt(format!("{what}: {e}"));
    Ok(Link {
        id: row.get(0)?,
        ticket: row.get(1)?,
        agreement: row.get(2)?,
        stage: match stage.as_str() {
            "active" => Stage::Active,
            "ended" => Stage::Ended,
            other => return Err(Error::Corrupt(format!("stage of a link {other:?}"))),
        },
        shared: serde_json::from_str(&shared).map_err(|e| corrupt("shared ticket", e))?,
        tie: serde_json::from_str(&tie).map_err(|e| corrupt("tie", e))?,
        owner_there: row.get(6)?,
        due_at: row.get(7)?,
        tries: row.get(8)?,
        error: row.get(9)?,
        error_at: row.get(10)?,
        waiting: row.get(11)?,
        waiting_since: row.get(12)?,
        dead: row.get(13)?,
        began_at: row.get(14)?,
        sent_at: row.get(15)?,
        came_at: row.get(16)?,
        looked_at: row.get(17)?,
        looked_by: row.get(18)?,
        opened_there: row.get(19)?,
        queue_there: row.get(20)?,
        links_there: row.get(21)?,
    })
}

/// Stores a link, new or changed, with the numbers that it has there.
pub fn save(conn: &mut Conn<'_>, link: &Link) -> Result<(), Error> {
    let json = |e: serde_json::Error| Error::Corrupt(format!("link to JSON: {e}"));
    let stage = match link.stage {
        Stage::Active => "active",
        Stage::Held | Stage::Ended => "ended",
    };
    conn.execute(
        "INSERT INTO exchange_link (id, ticket, agreement, there, stage, shared, tie, owner_there,
           due_at, tries, error, error_at, waiting, waiting_since, dead, began_at, sent_at, came_at,
           looked_at, looked_by, opened_there, queue_there, links_there)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, $16, $17, $18,
           $19, $20, $21, $22)
         ON CONFLICT (id) DO UPDATE SET there = excluded.there, stage = excluded.stage,
           shared = excluded.shared, tie = excluded.tie, owner_there = excluded.owner_there,
           due_at = excluded.due_at, tries = excluded.tries, error = excluded.error,
           error_at = excluded.error_at, waiting = excluded.waiting,
           waiting_since = excluded.waiting_since, sent_at = excluded.sent_at,
           came_at = excluded.came_at, looked_at = excluded.looked_at,
           looked_by = excluded.looked_by, queue_there = excluded.queue_there,
           links_there = excluded.links_there",
        params![
            link.id,
            link.ticket,
            link.agreement,
            link.tie.there.clone(),
            stage,
            serde_json::to_string(&link.shared).map_err(json)?,
            serde_json::to_string(&link.tie).map_err(json)?,
            link.owner_there.clone(),
            link.due_at,
            link.tries,
            link.error.clone(),
            link.error_at,
            link.waiting,
            link.waiting_since,
            link.began_at,
            link.sent_at,
            link.came_at,
            link.looked_at,
            link.looked_by,
            link.opened_there,
            link.queue_there.clone(),
            link.links_there.clone(),
        ],
    )?;
    // It goes on there in a ticket that is another link's.
    if let Some(there) = &link.tie.there
        && !link.tie.numbers.contains(there)
    {
        conn.execute(
            "DELETE FROM exchange_number WHERE link = $1 AND number = $2",
            params![link.id, there.as_str()],
        )?;
    }
    for number in &link.tie.numbers {
        conn.execute(
            "INSERT INTO exchange_number (agreement, number, link) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING",
            params![link.agreement, number.as_str(), link.id],
        )?;
    }
    Ok(())
}

/// One link.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Link>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// A ticket's links, the oldest first.
pub fn of_ticket(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Vec<Link>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE ticket = ")
        .bind(ticket)
        .push(" ORDER BY began_at, id");
    conn.run(&sql, read)
}

/// Links about which something is to be done now, the longest due first; and whether the
/// ticket has a number there.
pub fn due(
    conn: &mut Conn<'_>,
    agreement: Uuid,
    now: Millis,
    limit: i64,
) -> Result<Vec<(Uuid, bool)>, Error> {
    conn.query(
        "SELECT id, there FROM exchange_link
         WHERE agreement = $1 AND due_at IS NOT NULL AND due_at <= $2
         ORDER BY due_at, id LIMIT $3",
        params![agreement, now, limit],
        |row| Ok((row.get(0)?, row.get::<Option<String>>(1)?.is_some())),
    )
}

/// When the next link of an agreement is due.
pub fn next_due(conn: &mut Conn<'_>, agreement: Uuid) -> Result<Option<Millis>, Error> {
    conn.query_one(
        "SELECT MIN(due_at) FROM exchange_link WHERE agreement = $1 AND due_at IS NOT NULL",
        params![agreement],
        |row| row.get(0),
    )
}

/// The links of an agreement whose ticket has this number there.
pub fn by_number(conn: &mut Conn<'_>, agreement: Uuid, number: &str) -> Result<Vec<Uuid>, Error> {
    conn.query(
        "SELECT link FROM exchange_number WHERE agreement = $1 AND number = $2 ORDER BY link",
        params![agreement, number],
        |row| row.get(0),
    )
}

/// Links of open tickets that are with another system, the one at which nobody
/// looked for the longest time first; only those after this time and id, and none
/// that was looked at later than `until`.
pub fn with_partners(
    conn: &mut Conn<'_>,
    after: Option<(Millis, Uuid)>,
    until: Option<Millis>,
    limit: i64,
) -> Result<Vec<Link>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(
        " WHERE stage = 'active' AND EXISTS (SELECT 1 FROM ticket t
          WHERE t.number = exchange_link.ticket AND t.open = 1)",
    );
    if let Some((at, id)) = after {
        sql.push(" AND (looked_at > ").bind(at);
        sql.push(" OR (looked_at = ").bind(at);
        sql.push(" AND id > ").bind(id).push("))");
    }
    if let Some(until) = until {
        sql.push(" AND looked_at <= ").bind(until);
    }
    sql.push(" ORDER BY looked_at, id LIMIT ").bind(limit);
    conn.run(&sql, read)
}

/// Links of which something waits, failed, or will not be done by itself, the
/// longest so first.
pub fn in_trouble(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<Link>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(
        " WHERE waiting > 0 OR dead > 0 OR error IS NOT NULL
          ORDER BY COALESCE(waiting_since, error_at, began_at), id LIMIT ",
    )
    .bind(limit);
    conn.run(&sql, read)
}

/// Whether a ticket there, by its number and the address of the system, is a
/// ticket here already, under whichever agreement. `queue`: of those with this queue
/// only, in a system where each counts by itself.
pub fn is_known_there(
    conn: &mut Conn<'_>,
    endpoint: &str,
    queue: Option<&str>,
    number: &str,
) -> Result<bool, Error> {
    Ok(conn
        .query_opt(
            "SELECT 1 FROM exchange_number n JOIN agreement a ON a.id = n.agreement
             WHERE n.number = $2 AND RTRIM(a.endpoint, '/') = RTRIM($1, '/')
               AND ($3 = '' OR LOWER(a.queue) = LOWER($3)) LIMIT 1",
            params![endpoint, number, queue.unwrap_or_default()],
            |row| row.get::<i64>(0),
        )?
        .is_some())
}

/// Whether a ticket travels to the system in which it was opened: that one tells
/// its requester what happens.
pub fn is_told_there(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<bool, Error> {
    Ok(conn
        .query_opt(
            "SELECT 1 FROM exchange_link WHERE ticket = $1 AND opened_there = 1 AND stage = 'active'
             UNION ALL SELECT 1 FROM shared_ticket WHERE ticket = $1 AND opened_here = 0 LIMIT 1",
            params![ticket],
            |row| row.get::<i64>(0),
        )?
        .is_some())
}

/// Links of an agreement in which this word of another system stands, as a login does: as
/// who works on it there, or as a value.
pub fn with_word(conn: &mut Conn<'_>, agreement: Uuid, word: &str) -> Result<Vec<Link>, Error> {
    let json = serde_json::to_string(word).unwrap_or_default();
    let pattern = crate::trace::pattern(&json.to_lowercase());
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE agreement = ").bind(agreement);
    sql.push(" AND (lower(owner_there) = ")
        .bind(word.to_lowercase());
    for column in [" OR lower(shared) LIKE ", " OR lower(tie) LIKE "] {
        sql.push(column).bind(pattern.as_str()).push(" ESCAPE '\\'");
    }
    sql.push(") ORDER BY id");
    conn.run(&sql, read)
}

/// Where the lines of a link, and its dead letters, tell of something in words: lines of the
/// trace, what was not done, and why.
pub const TOLD: [(&str, &str, &str); 3] = [
    ("exchange_log", "id", "what"),
    ("exchange_dead", "id", "what"),
    ("exchange_dead", "id", "why"),
];

/// How an agreement's links stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// How many there are.
    pub links: i64,
    /// Calls that are to be made.
    pub waiting: i64,
    /// Since when the oldest of them waits.
    pub waiting_since: Option<Millis>,
    /// Calls that will not be made.
    pub dead: i64,
    /// When something last went there.
    pub sent_at: Option<Millis>,
    /// When something last came from there.
    pub came_at: Option<Millis>,
}

/// The sums of an agreement's links.
pub fn sums(conn: &mut Conn<'_>, agreement: Uuid) -> Result<Sums, Error> {
    conn.query_one(
        "SELECT COUNT(*), CAST(COALESCE(SUM(waiting), 0) AS BIGINT), MIN(waiting_since),
           CAST(COALESCE(SUM(dead), 0) AS BIGINT), MAX(sent_at), MAX(came_at)
         FROM exchange_link WHERE agreement = $1",
        params![agreement],
        |row| {
            Ok(Sums {
                links: row.get(0)?,
                waiting: row.get(1)?,
                waiting_since: row.get(2)?,
                dead: row.get(3)?,
                sent_at: row.get(4)?,
                came_at: row.get(5)?,
            })
        },
    )
}

/// What is to be done in all systems together, and since when the oldest of it waits.
pub fn backlog(conn: &mut Conn<'_>) -> Result<(i64, Option<Millis>), Error> {
    conn.query_one(
        "SELECT CAST(COALESCE(SUM(waiting), 0) AS BIGINT), MIN(waiting_since) FROM exchange_link",
        params![],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Notes which change of the shared ticket an entry is.
pub fn name_entry(
    conn: &mut Conn<'_>,
    link: Uuid,
    entry: EntryId,
    name: &Name,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO exchange_entry (link, entry, name) VALUES ($1, $2, $3)",
        params![link, entry, name.to_string()],
    )?;
    Ok(())
}

/// Every entry that a link knows, with its name.
pub fn entries(conn: &mut Conn<'_>, link: Uuid) -> Result<Vec<(EntryId, Name)>, Error> {
    conn.query(
        "SELECT entry, name FROM exchange_entry WHERE link = $1 ORDER BY entry",
        params![link],
        |row| {
            let name: String = row.get(1)?;
            let name = Name::parse(&name)
                .ok_or_else(|| Error::Corrupt(format!("name of a change {name:?}")))?;
            Ok((row.get(0)?, name))
        },
    )
}

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Went {
    /// From here to there.
    Out,
    /// From there to here.
    In,
    /// Neither: decided here.
    Here,
}

impl Went {
    /// The word stored.
    pub fn key(self) -> &'static str {
        match self {
            Went::Out => "out",
            Went::In => "in",
            Went::Here => "here",
        }
    }

    fn parse(key: &str) -> Result<Went, Error> {
        match key {
            "out" => Ok(Went::Out),
            "in" => Ok(Went::In),
            "here" => Ok(Went::Here),
            other => Err(Error::Corrupt(format!("way of an exchange {other:?}"))),
        }
    }
}

/// A line of what went where and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: Uuid,
    /// Of which link.
    pub link: Uuid,
    /// When.
    pub at: Millis,
    /// Which way.
    pub way: Went,
    /// What, in words.
    pub what: String,
    /// The number of it there.
    pub there: Option<String>,
}

/// Adds a line.
pub fn log(conn: &mut Conn<'_>, line: &Line) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO exchange_log (id, link, at, way, what, there)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            line.id,
            line.link,
            line.at,
            line.way.key(),
            line.what.as_str(),
            line.there.clone(),
        ],
    )?;
    Ok(())
}

/// The last lines of a link, in their order.
pub fn lines(conn: &mut Conn<'_>, link: Uuid, limit: i64) -> Result<Vec<Line>, Error> {
    let mut lines = conn.query(
        "SELECT id, link, at, way, what, there FROM exchange_log WHERE link = $1
         ORDER BY at DESC, id DESC LIMIT $2",
        params![link, limit],
        |row| {
            let way: String = row.get(3)?;
            Ok(Line {
                id: row.get(0)?,
                link: row.get(1)?,
                at: row.get(2)?,
                way: Went::parse(&way)?,
                what: row.get(4)?,
                there: row.get(5)?,
            })
        },
    )?;
    lines.reverse();
    Ok(lines)
}

/// Something that will not travel unless somebody says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// Its id.
    pub id: Uuid,
    /// Of which link.
    pub link: Uuid,
    /// Which way.
    pub way: Went,
    /// Out: the call's number.
    pub call: Option<i64>,
    /// In: the number of the change there.
    pub there: Option<String>,
    /// What, in words.
    pub what: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Millis,
}

/// Keeps a dead letter; its link counts it.
pub fn bury(conn: &mut Conn<'_>, dead: &Dead) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO exchange_dead (id, link, way, call, there, what, why, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            dead.id,
            dead.link,
            dead.way.key(),
            dead.call,
            dead.there.clone(),
            dead.what.as_str(),
            dead.why.as_str(),
            dead.at,
        ],
    )?;
    count_dead(conn, dead.link)
}

fn count_dead(conn: &mut Conn<'_>, link: Uuid) -> Result<(), Error> {
    conn.execute(
        "UPDATE exchange_link SET dead =
           (SELECT COUNT(*) FROM exchange_dead d WHERE d.link = $1 AND d.ended_at IS NULL)
         WHERE id = $1",
        params![link],
    )?;
    Ok(())
}

const DEAD: &str = "SELECT id, link, way, call, there, what, why, at FROM exchange_dead
  WHERE ended_at IS NULL";

fn read_dead(row: &Row<'_>) -> Result<Dead, Error> {
    let way: String = row.get(2)?;
    Ok(Dead {
        id: row.get(0)?,
        link: row.get(1)?,
        way: Went::parse(&way)?,
        call: row.get(3)?,
        there: row.get(4)?,
        what: row.get(5)?,
        why: row.get(6)?,
        at: row.get(7)?,
    })
}

/// Dead letters that nobody has looked after, the oldest first.
pub fn dead(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<Dead>, Error> {
    let mut sql = Sql::new(DEAD);
    sql.push(" ORDER BY at, id LIMIT ").bind(limit);
    conn.run(&sql, read_dead)
}

/// How many dead letters there are that nobody has looked after.
pub fn dead_count(conn: &mut Conn<'_>) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM exchange_dead WHERE ended_at IS NULL",
        params![],
        |row| row.get(0),
    )
}

/// One dead letter that nobody has looked after.
pub fn dead_letter(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Dead>, Error> {
    let mut sql = Sql::new(DEAD);
    sql.push(" AND id = ").bind(id);
    Ok(conn.run(&sql, read_dead)?.into_iter().next())
}

/// A dead letter is tried again, or somebody said that it need not go.
pub fn unbury(conn: &mut Conn<'_>, dead: &Dead, now: Millis) -> Result<(), Error> {
    conn.execute(
        "UPDATE exchange_dead SET ended_at = $2 WHERE id = $1",
        params![dead.id, now],
    )?;
    count_dead(conn, dead.link)
}

/// The letter of a call that was refused is over: the call is made again.
pub fn unbury_call(conn: &mut Conn<'_>, link: Uuid, call: i64, now: Millis) -> Result<(), Error> {
    conn.execute(
        "UPDATE exchange_dead SET ended_at = $3
         WHERE link = $1 AND call = $2 AND ended_at IS NULL",
        params![link, call, now],
    )?;
    count_dead(conn, link)
}

/// When a first level unit was last reminded of tickets at partners.
pub fn reminded(conn: &mut Conn<'_>, unit: UnitId) -> Result<Option<Millis>, Error> {
    conn.query_opt(
        "SELECT at FROM exchange_reminder WHERE unit = $1",
        params![unit],
        |row| row.get(0),
    )
}

/// Notes that a unit is reminded now.
pub fn note_reminder(conn: &mut Conn<'_>, unit: UnitId, now: Millis) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO exchange_reminder (unit, at) VALUES ($1, $2)
         ON CONFLICT (unit) DO UPDATE SET at = excluded.at",
        params![unit, now],
    )?;
    Ok(())
}
