//! Tickets that are shared with partner desks, and everything that happened to them.

use switchboard_core::exchange::{Name, Shared, SharedId};
use switchboard_core::{EntryId, Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// A shared ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joint {
    /// Its name at every desk.
    pub id: SharedId,
    /// The ticket here; `None`: its opening has not come yet.
    pub ticket: Option<TicketNumber>,
    /// It was opened at this desk.
    pub opened_here: bool,
    /// Its state; texts are in its changes and not in here.
    pub shared: Shared,
    /// Since when it is shared.
    pub began_at: Millis,
    /// When somebody last looked how it stands, else when it began.
    pub looked_at: Millis,
    /// Who that was.
    pub looked_by: Option<PersonId>,
}

const COLUMNS: &str = "SELECT id, ticket, opened_here, shared, began_at, looked_at, looked_by
  FROM shared_ticket";

fn id_of(text: &str) -> Result<SharedId, Error> {
    SharedId::parse(text).ok_or_else(|| Error::Corrupt(format!("name of a shared ticket {text:?}")))
}

fn read(row: &Row<'_>) -> Result<Joint, Error> {
    let (id, shared): (String, String) = (row.get(0)?, row.get(3)?);
    Ok(Joint {
        id: id_of(&id)?,
        ticket: row.get(1)?,
        opened_here: row.get(2)?,
        shared: serde_json::from_str(&shared)
            .map_err(|e| Error::Corrupt(format!("shared ticket {id}: {e}")))?,
        began_at: row.get(4)?,
        looked_at: row.get(5)?,
        looked_by: row.get(6)?,
    })
}

/// Stores a shared ticket, new or changed.
pub fn save(conn: &mut Conn<'_>, joint: &Joint) -> Result<(), Error> {
    let shared = serde_json::to_string(&joint.shared)
        .map_err(|e| Error::Corrupt(format!("shared ticket to JSON: {e}")))?;
    conn.execute(
        "INSERT INTO shared_ticket (id, ticket, opened_here, shared, began_at, looked_at, looked_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET ticket = excluded.ticket, shared = excluded.shared,
           looked_at = excluded.looked_at, looked_by = excluded.looked_by",
        params![
            joint.id.to_string(),
            joint.ticket,
            joint.opened_here,
            shared,
            joint.began_at,
            joint.looked_at,
            joint.looked_by,
        ],
    )?;
    Ok(())
}

/// One shared ticket.
pub fn load(conn: &mut Conn<'_>, id: &SharedId) -> Result<Option<Joint>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE id = ").bind(id.to_string());
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// The shared ticket that a ticket here is.
pub fn of_ticket(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Option<Joint>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE ticket = ").bind(ticket);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Shared tickets that are open and whose turn is at another desk than `me`, the
/// one at which nobody looked for the longest time first; none that was looked at
/// later than `until`. Where a desk is given tickets about some services only, others in a
/// unit that stands for it are none of its, unless it opened them.
pub fn with_partners(
    conn: &mut Conn<'_>,
    until: Option<Millis>,
    limit: i64,
) -> Result<Vec<Joint>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(
        " WHERE EXISTS (SELECT 1 FROM ticket t JOIN partner_unit u ON u.unit = t.unit
          JOIN partner p ON p.id = u.partner
          WHERE t.number = shared_ticket.ticket AND t.open = 1
            AND (SUBSTR(shared_ticket.id, 1, LENGTH(p.desk) + 1) = p.desk || '/'
              OR NOT EXISTS (SELECT 1 FROM partner_service s WHERE s.partner = p.id)
              OR EXISTS (SELECT 1 FROM partner_service s
                WHERE s.partner = p.id AND s.service = t.service)))",
    );
    if let Some(until) = until {
        sql.push(" AND looked_at <= ").bind(until);
    }
    sql.push(" ORDER BY looked_at, id LIMIT ").bind(limit);
    conn.run(&sql, read)
}

/// Tickets that are open here and shared with a partner, the one first that was shared
/// first.
pub fn open_with(conn: &mut Conn<'_>, partner: Uuid, limit: i64) -> Result<Vec<Joint>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(
        " WHERE EXISTS (SELECT 1 FROM shared_road r
          WHERE r.shared = shared_ticket.id AND r.partner = ",
    )
    .bind(partner);
    sql.push(
        ") AND EXISTS (SELECT 1 FROM ticket t
          WHERE t.number = shared_ticket.ticket AND t.open = 1)
          ORDER BY began_at, id LIMIT ",
    )
    .bind(limit);
    conn.run(&sql, read)
}

/// How many tickets are shared with a partner.
pub fn count_with(conn: &mut Conn<'_>, partner: Uuid) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM shared_road WHERE partner = $1",
        params![partner],
        |row| row.get(0),
    )
}

/// With which partners a ticket is shared, and since when, the oldest first.
pub fn roads(conn: &mut Conn<'_>, id: &SharedId) -> Result<Vec<(Uuid, Millis)>, Error> {
    conn.query(
        "SELECT partner, began_at FROM shared_road WHERE shared = $1 ORDER BY began_at, partner",
        params![id.to_string()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// A ticket is shared with a partner from now on.
pub fn share(conn: &mut Conn<'_>, id: &SharedId, partner: Uuid, now: Millis) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO shared_road (shared, partner, began_at) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING",
        params![id.to_string(), partner, now],
    )?;
    Ok(())
}

/// A change as this desk keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub name: Name,
    /// When it came to be known here.
    pub at: Millis,
    /// Who sent it; `None`: it happened here.
    pub source: Option<Uuid>,
    /// The entry here that it is.
    pub entry: Option<EntryId>,
    /// It, as JSON.
    pub doc: String,
}

/// Puts a change at the end of a ticket's log.
pub fn keep(
    conn: &mut Conn<'_>,
    id: Uuid,
    shared: &SharedId,
    kept: &Kept,
    address: Option<&str>,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO shared_change (id, shared, n, name, at, source, address, entry, doc)
         VALUES ($1, $2, (SELECT COALESCE(MAX(n), 0) + 1 FROM shared_change WHERE shared = $2),
           $3, $4, $5, $6, $7, $8)",
        params![
            id,
            shared.to_string(),
            kept.name.to_string(),
            kept.at,
            kept.source,
            address,
            kept.entry,
            kept.doc.as_str(),
        ],
    )?;
    Ok(())
}

/// Everything that happened to a ticket, in the order in which it came to be known.
pub fn changes(conn: &mut Conn<'_>, shared: &SharedId) -> Result<Vec<Kept>, Error> {
    conn.query(
        "SELECT name, at, source, entry, doc FROM shared_change WHERE shared = $1 ORDER BY n",
        params![shared.to_string()],
        |row| {
            let name: String = row.get(0)?;
            Ok(Kept {
                name: Name::parse(&name)
                    .ok_or_else(|| Error::Corrupt(format!("name of a change {name:?}")))?,
                at: row.get(1)?,
                source: row.get(2)?,
                entry: row.get(3)?,
                doc: row.get(4)?,
            })
        },
    )
}

/// The mail addresses of those who wrote on a ticket at other desks.
pub fn addresses(conn: &mut Conn<'_>, shared: &SharedId) -> Result<Vec<String>, Error> {
    conn.query(
        "SELECT DISTINCT address FROM shared_change WHERE shared = $1 AND address IS NOT NULL
         AND address <> ''",
        params![shared.to_string()],
        |row| row.get(0),
    )
}

/// Says which entry here a change is.
pub fn name_entry(
    conn: &mut Conn<'_>,
    shared: &SharedId,
    name: &Name,
    entry: EntryId,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE shared_change SET entry = $3 WHERE shared = $1 AND name = $2",
        params![shared.to_string(), name.to_string(), entry],
    )?;
    Ok(())
}

/// The entry here that a change is.
pub fn entry_of(
    conn: &mut Conn<'_>,
    shared: &SharedId,
    name: &Name,
) -> Result<Option<EntryId>, Error> {
    let found: Option<Option<EntryId>> = conn.query_opt(
        "SELECT entry FROM shared_change WHERE shared = $1 AND name = $2",
        params![shared.to_string(), name.to_string()],
        |row| row.get(0),
    )?;
    Ok(found.flatten())
}

/// Whether an entry is a change of this shared ticket already.
pub fn knows_entry(conn: &mut Conn<'_>, shared: &SharedId, entry: EntryId) -> Result<bool, Error> {
    Ok(conn
        .query_opt(
            "SELECT 1 FROM shared_change WHERE shared = $1 AND entry = $2 LIMIT 1",
            params![shared.to_string(), entry],
            |row| row.get::<i64>(0),
        )?
        .is_some())
}

/// What is left of a change in the ticket's log after an erasure.
pub fn erase(conn: &mut Conn<'_>, shared: &SharedId, name: &Name, doc: &str) -> Result<(), Error> {
    conn.execute(
        "UPDATE shared_change SET doc = $3, address = NULL WHERE shared = $1 AND name = $2",
        params![shared.to_string(), name.to_string(), doc],
    )?;
    Ok(())
}

/// A change as it lies in the logs for partners: the rows' ids, and it as JSON.
pub fn in_logs(
    conn: &mut Conn<'_>,
    shared: &SharedId,
    name: &Name,
) -> Result<Vec<(Uuid, String)>, Error> {
    conn.query(
        "SELECT id, doc FROM partner_log WHERE shared = $1 AND name = $2",
        params![shared.to_string(), name.to_string()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// What is left of it there.
pub fn erase_in_log(conn: &mut Conn<'_>, row: Uuid, doc: &str) -> Result<(), Error> {
    conn.execute(
        "UPDATE partner_log SET doc = $2 WHERE id = $1",
        params![row, doc],
    )?;
    Ok(())
}

/// Whether a file was given to a partner, or may be asked for by it: some change
/// in its log names it. `needle` is the file's SHA-256 in hex.
pub fn may_fetch(conn: &mut Conn<'_>, partner: Uuid, needle: &str) -> Result<bool, Error> {
    Ok(conn
        .query_opt(
            "SELECT 1 FROM attachment a JOIN shared_ticket s ON s.ticket = a.ticket
             JOIN shared_road r ON r.shared = s.id
             WHERE a.sha256 = $2 AND r.partner = $1 AND EXISTS (SELECT 1 FROM partner_log l
               WHERE l.partner = $1 AND l.shared = s.id AND l.doc LIKE '%' || $2 || '%') LIMIT 1",
            params![partner, needle],
            |row| row.get::<i64>(0),
        )?
        .is_some())
}
