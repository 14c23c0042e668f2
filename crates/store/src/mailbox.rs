//! Where mail comes in: mailboxes that are read, and addresses that the local
//! mail server hands over.

use serde::{Deserialize, Serialize};
use switchboard_core::{Millis, PortalId, ServiceId, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// How mail for an address comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The desk reads a mailbox.
    Imap,
    /// The local mail server hands it over by LMTP.
    Local,
}

impl Way {
    /// The word stored.
    pub fn key(self) -> &'static str {
        match self {
            Way::Imap => "imap",
            Way::Local => "local",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Way> {
        [Way::Imap, Way::Local]
            .into_iter()
            .find(|w| w.key() == word)
    }
}

/// The part of a mailbox that is only shown or read whole. What is for IMAP is
/// empty at an address that is handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailboxDoc {
    /// The IMAP server's host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// `tls`, `starttls` or `none`.
    pub security: String,
    /// A connection without TLS to another machine was allowed by somebody.
    pub allow_plain: bool,
    /// Who vouches for the server, in PEM; empty: whom this machine knows.
    pub authority: String,
    /// The name to sign in with.
    pub user: String,
    /// `password` or `xoauth2`.
    pub auth: String,
    /// XOAUTH2: where tokens come from; empty: the secret is the token.
    pub token_url: String,
    /// XOAUTH2: how the token's giver calls this desk.
    pub client_id: String,
    /// XOAUTH2: what is asked for.
    pub scope: String,
    /// A variable of the environment with the secret, instead of one stored.
    pub secret_env: String,
    /// XOAUTH2: a variable with the refresh token; empty: the desk signs in as itself.
    pub refresh_env: String,
    /// The folder that is read.
    pub folder: String,
    /// Where mails are moved that were taken; empty: they are marked as read.
    pub done_folder: String,
    /// Mails that were there before are taken too.
    pub take_old: bool,
}

/// A mailbox, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Its id.
    pub id: Uuid,
    /// What people write to.
    pub address: String,
    /// How mail comes.
    pub way: Way,
    /// Everything else.
    pub doc: MailboxDoc,
    /// A secret is stored.
    pub has_secret: bool,
    /// Tickets begin in this unit; `None`: by service or at first level.
    pub unit: Option<UnitId>,
    /// Tickets begin with this service.
    pub service: Option<ServiceId>,
    /// Tickets come by this portal.
    pub portal: Option<PortalId>,
    /// Mail is taken.
    pub active: bool,
    /// When it was last changed.
    pub updated_at: Millis,
    /// Counts up with each change.
    pub version: i64,
}

/// How far the reading of a mailbox came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailboxState {
    /// Of the folder, when it was last read.
    pub uid_validity: Option<i64>,
    /// Older ones were there before and are left alone.
    pub first_uid: i64,
    /// Up to here everything is stored.
    pub last_uid: i64,
    /// When reading began.
    pub since: Millis,
    /// Since when it is connected.
    pub connected_at: Option<Millis>,
    /// When the server last answered.
    pub seen_at: Option<Millis>,
    /// When a mail last came.
    pub mail_at: Option<Millis>,
    /// Mails that came by it.
    pub taken: i64,
    /// What is wrong now.
    pub error: Option<String>,
    /// Since when.
    pub error_at: Option<Millis>,
}

const COLUMNS: &str = "SELECT id, address, way, doc,
  CAST(CASE WHEN secret IS NULL THEN 0 ELSE 1 END AS BIGINT), unit, service, active, updated_at,
  version, portal FROM mailbox";

fn read(row: &Row<'_>) -> Result<Mailbox, Error> {
    let (way, doc): (String, String) = (row.get(2)?, row.get(3)?);
    Ok(Mailbox {
        id: row.get(0)?,
        address: row.get(1)?,
        way: Way::parse(&way).ok_or_else(|| Error::Corrupt(format!("way of mail {way:?}")))?,
        doc: serde_json::from_str(&doc)
            .map_err(|e| Error::Corrupt(format!("mailbox document: {e}")))?,
        has_secret: row.get(4)?,
        unit: row.get(5)?,
        service: row.get(6)?,
        active: row.get(7)?,
        updated_at: row.get(8)?,
        version: row.get(9)?,
        portal: row.get(10)?,
    })
}

/// Every mailbox, by address.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Mailbox>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" ORDER BY address");
    conn.run(&sql, read)
}

/// One mailbox.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Mailbox>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Stores a mailbox, new or changed; its secret stays as it is.
pub fn save(conn: &mut Conn<'_>, m: &Mailbox, now: Millis) -> Result<(), Error> {
    let doc = serde_json::to_string(&m.doc)
        .map_err(|e| Error::Corrupt(format!("document to JSON: {e}")))?;
    conn.execute(
        "INSERT INTO mailbox (id, address, way, doc, unit, service, active, created_at, updated_at,
           version, portal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)
         ON CONFLICT (id) DO UPDATE SET address = excluded.address, way = excluded.way,
           doc = excluded.doc, unit = excluded.unit, service = excluded.service,
           active = excluded.active, updated_at = excluded.updated_at, version = excluded.version,
           portal = excluded.portal",
        params![
            m.id,
            m.address.as_str(),
            m.way.key(),
            doc,
            m.unit,
            m.service,
            m.active,
            now,
            m.version,
            m.portal,
        ],
    )?;
    Ok(())
}

/// Sets or (`None`) forgets a mailbox's secret.
pub fn set_secret(conn: &mut Conn<'_>, id: Uuid, secret: Option<&str>) -> Result<(), Error> {
    conn.execute(
        "UPDATE mailbox SET secret = $2 WHERE id = $1",
        params![id, secret.map(str::to_owned)],
    )?;
    Ok(())
}

/// A mailbox's secret, for signing in.
pub fn secret(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<String>, Error> {
    Ok(conn
        .query_opt(
            "SELECT secret FROM mailbox WHERE id = $1",
            params![id],
            |row| row.get::<Option<String>>(0),
        )?
        .flatten())
}

/// Every stored secret with its mailbox and that one's address, to seal them anew.
pub fn secrets(conn: &mut Conn<'_>) -> Result<Vec<(Uuid, String, String)>, Error> {
    conn.query(
        "SELECT id, address, secret FROM mailbox WHERE secret IS NOT NULL ORDER BY address",
        params![],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

/// Takes a mailbox away. Mails that came by it stay.
pub fn delete(conn: &mut Conn<'_>, id: Uuid) -> Result<(), Error> {
    conn.execute("DELETE FROM mailbox_state WHERE mailbox = $1", params![id])?;
    conn.execute("DELETE FROM mailbox WHERE id = $1", params![id])?;
    Ok(())
}

const STATE: &str = "SELECT uid_validity, first_uid, last_uid, since, connected_at, seen_at,
  mail_at, taken, error, error_at, mailbox FROM mailbox_state";

fn read_state(row: &Row<'_>) -> Result<(Uuid, MailboxState), Error> {
    let state = MailboxState {
        uid_validity: row.get(0)?,
        first_uid: row.get(1)?,
        last_uid: row.get(2)?,
        since: row.get(3)?,
        connected_at: row.get(4)?,
        seen_at: row.get(5)?,
        mail_at: row.get(6)?,
        taken: row.get(7)?,
        error: row.get(8)?,
        error_at: row.get(9)?,
    };
    Ok((row.get(10)?, state))
}

/// How far all mailboxes came.
pub fn states(conn: &mut Conn<'_>) -> Result<Vec<(Uuid, MailboxState)>, Error> {
    conn.run(&Sql::new(STATE), read_state)
}

/// How far one mailbox came; `None`: it was never read.
pub fn state(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<MailboxState>, Error> {
    let mut sql = Sql::new(STATE);
    sql.push(" WHERE mailbox = ").bind(id);
    Ok(conn
        .run(&sql, read_state)?
        .into_iter()
        .next()
        .map(|(_, s)| s))
}

/// Notes how far a mailbox came.
pub fn set_state(conn: &mut Conn<'_>, id: Uuid, s: &MailboxState) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO mailbox_state (mailbox, uid_validity, first_uid, last_uid, since,
           connected_at, seen_at, mail_at, taken, error, error_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (mailbox) DO UPDATE SET uid_validity = excluded.uid_validity,
           first_uid = excluded.first_uid, last_uid = excluded.last_uid, since = excluded.since,
           connected_at = excluded.connected_at, seen_at = excluded.seen_at,
           mail_at = excluded.mail_at, taken = excluded.taken, error = excluded.error,
           error_at = excluded.error_at",
        params![
            id,
            s.uid_validity,
            s.first_uid,
            s.last_uid,
            s.since,
            s.connected_at,
            s.seen_at,
            s.mail_at,
            s.taken,
            s.error.clone(),
            s.error_at,
        ],
    )?;
    Ok(())
}

/// Counts a mail that the local server handed over.
pub fn count(conn: &mut Conn<'_>, id: Uuid, now: Millis) -> Result<(), Error> {
    conn.later(
        "INSERT INTO mailbox_state (mailbox, first_uid, last_uid, since, seen_at, mail_at, taken)
         SELECT id, 0, 0, $2, $2, $2, 1 FROM mailbox WHERE id = $1
         ON CONFLICT (mailbox) DO UPDATE SET seen_at = excluded.seen_at,
           mail_at = excluded.mail_at, taken = mailbox_state.taken + 1",
        params![id, now],
    )?;
    Ok(())
}

/// Counts one more in the stretch of time that begins at `stretch`, and says
/// how many that makes.
pub fn tally(conn: &mut Conn<'_>, key: &str, stretch: Millis) -> Result<i64, Error> {
    conn.query_one(
        "INSERT INTO mail_tally (key, stretch, counted) VALUES ($1, $2, 1)
         ON CONFLICT (key, stretch) DO UPDATE SET counted = mail_tally.counted + 1
         RETURNING counted",
        params![key, stretch],
        |row| row.get(0),
    )
}

/// How many were counted in stretches that began at `since` or later.
pub fn tallied(conn: &mut Conn<'_>, key: &str, since: Millis) -> Result<i64, Error> {
    conn.query_one(
        "SELECT CAST(COALESCE(SUM(counted), 0) AS BIGINT) FROM mail_tally
         WHERE key = $1 AND stretch >= $2",
        params![key, since],
        |row| row.get(0),
    )
}

/// Forgets what was counted in stretches that began before `before`.
pub fn forget_tallies(conn: &mut Conn<'_>, before: Millis) -> Result<(), Error> {
    conn.execute("DELETE FROM mail_tally WHERE stretch < $1", params![before])?;
    Ok(())
}
