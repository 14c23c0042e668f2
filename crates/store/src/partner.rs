//! Partner desks: with whom tickets are shared, what was agreed, and how far each
//! side is with the other's log.

use serde::{Deserialize, Serialize};
use switchboard_core::exchange::{DeskId, Name, Passes, Receiver, Sender, SharedId};
use switchboard_core::{Millis, PersonId, ServiceId, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// Whether tickets travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// They do.
    Active,
    /// Not for now: nothing is sent and nothing is taken; what happens waits.
    Paused,
    /// It is over.
    Ended,
}

impl State {
    /// The word stored.
    pub fn key(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Paused => "paused",
            State::Ended => "ended",
        }
    }

    fn parse(word: &str) -> Result<State, Error> {
        [State::Active, State::Paused, State::Ended]
            .into_iter()
            .find(|s| s.key() == word)
            .ok_or_else(|| Error::Corrupt(format!("state of a partner {word:?}")))
    }
}

/// What two desks agreed on, as one of them sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Names of those who write may pass, both ways.
    pub names: bool,
    /// Their mail addresses may.
    pub addresses: bool,
    /// Files may.
    pub files: bool,
    /// Tickets may be given to the other desk.
    pub gives: bool,
    /// Tickets may come from the other desk.
    pub takes: bool,
}

impl Terms {
    /// The personal data that may pass.
    pub fn passes(&self) -> Passes {
        Passes {
            names: self.names,
            addresses: self.addresses,
        }
    }

    /// The same agreement as the other desk sees it.
    #[must_use]
    pub fn seen_from_there(self) -> Terms {
        Terms {
            gives: self.takes,
            takes: self.gives,
            ..self
        }
    }
}

/// A partner desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// Its id here.
    pub id: Uuid,
    /// Its name, as it stands in changes.
    pub desk: DeskId,
    /// How people call it.
    pub title: String,
    /// Where it is reached, without a slash at the end.
    pub base_url: String,
    /// Its Ed25519 key, 32 bytes in base64.
    pub public_key: String,
    /// Whether tickets travel.
    pub state: State,
    /// What was agreed.
    pub terms: Terms,
    /// The unit in which what comes from there begins.
    pub intake: UnitId,
    /// The last place of the log for it. Places beyond the sender's end have not
    /// been told to the sender yet.
    pub log_end: u64,
    /// How far it is with our log.
    pub sender: Sender,
    /// How far we are with its log.
    pub receiver: Receiver,
    /// Why it can not be talked to.
    pub error: Option<String>,
    /// Since when.
    pub error_at: Option<Millis>,
    /// When something last went there.
    pub sent_at: Option<Millis>,
    /// When something last came from there.
    pub came_at: Option<Millis>,
    /// Who asks here for people there whose addresses may not pass.
    pub requester: Option<PersonId>,
    /// Since when it is a partner.
    pub made_at: Millis,
    /// When that ended.
    pub ended_at: Option<Millis>,
}

impl Partner {
    /// A new one.
    pub fn fresh(
        id: Uuid,
        desk: DeskId,
        (title, base_url, public_key): (String, String, String),
        terms: Terms,
        intake: UnitId,
        now: Millis,
    ) -> Partner {
        Partner {
            id,
            sender: Sender::new(desk.clone()),
            receiver: Receiver::new(desk.clone()),
            desk,
            title,
            base_url,
            public_key,
            state: State::Active,
            terms,
            intake,
            log_end: 0,
            error: None,
            error_at: None,
            sent_at: None,
            came_at: None,
            requester: None,
            made_at: now,
            ended_at: None,
        }
    }

    /// Changes that it does not have yet, as far as is known.
    pub fn backlog(&self) -> u64 {
        self.log_end.saturating_sub(self.sender.acked)
    }
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn count(value: i64) -> u64 {
    value.max(0).unsigned_abs()
}

const COLUMNS: &str = "SELECT id, desk, title, base_url, public_key, state, names, addresses,
  files, gives, takes, intake, log_end, sent, acked, waiting_since, tries, went_back, took,
  heard_at, error, error_at, sent_at, came_at, requester, made_at, ended_at FROM partner";

fn read(row: &Row<'_>) -> Result<Partner, Error> {
    let (desk, state): (String, String) = (row.get(1)?, row.get(5)?);
    let desk = DeskId::new(&desk)
        .ok_or_else(|| Error::Corrupt(format!("name of a partner desk {desk:?}")))?;
    let (log_end, sent, acked): (i64, i64, i64) = (row.get(12)?, row.get(13)?, row.get(14)?);
    let (tries, took): (i64, i64) = (row.get(16)?, row.get(18)?);
    Ok(Partner {
        id: row.get(0)?,
        title: row.get(2)?,
        base_url: row.get(3)?,
        public_key: row.get(4)?,
        state: State::parse(&state)?,
        terms: Terms {
            names: row.get(6)?,
            addresses: row.get(7)?,
            files: row.get(8)?,
            gives: row.get(9)?,
            takes: row.get(10)?,
        },
        intake: row.get(11)?,
        log_end: count(log_end),
        sender: Sender {
            peer: desk.clone(),
            end: count(sent),
            acked: count(acked),
            waiting_since: row.get(15)?,
            tries: u32::try_from(tries).unwrap_or(u32::MAX),
            went_back: row.get(17)?,
        },
        receiver: Receiver {
            peer: desk.clone(),
            cursor: count(took),
            heard_at: row.get(19)?,
        },
        desk,
        error: row.get(20)?,
        error_at: row.get(21)?,
        sent_at: row.get(22)?,
        came_at: row.get(23)?,
        requester: row.get(24)?,
        made_at: row.get(25)?,
        ended_at: row.get(26)?,
    })
}

/// Stores a partner, new or changed. The end of its log is [`append`]'s.
pub fn save(conn: &mut Conn<'_>, p: &Partner) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO partner (id, desk, title, base_url, public_key, state, names, addresses,
           files, gives, takes, intake, log_end, sent, acked, waiting_since, tries, went_back, took,
           heard_at, error, error_at, sent_at, came_at, requester, made_at, ended_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $14, $15, $16, $17,
           $18, $19, $20, $21, $22, $23, $24, $25, $26)
         ON CONFLICT (id) DO UPDATE SET title = excluded.title, base_url = excluded.base_url,
           public_key = excluded.public_key, state = excluded.state, names = excluded.names,
           addresses = excluded.addresses, files = excluded.files, gives = excluded.gives,
           takes = excluded.takes, intake = excluded.intake, sent = excluded.sent,
           acked = excluded.acked, waiting_since = excluded.waiting_since,
           tries = excluded.tries, went_back = excluded.went_back, took = excluded.took,
           heard_at = excluded.heard_at, error = excluded.error, error_at = excluded.error_at,
           sent_at = excluded.sent_at, came_at = excluded.came_at,
           requester = excluded.requester, ended_at = excluded.ended_at",
        params![
            p.id,
            p.desk.as_str(),
            p.title.as_str(),
            p.base_url.as_str(),
            p.public_key.as_str(),
            p.state.key(),
            p.terms.names,
            p.terms.addresses,
            p.terms.files,
            p.terms.gives,
            p.terms.takes,
            p.intake,
            number(p.sender.end),
            number(p.sender.acked),
            p.sender.waiting_since,
            i64::from(p.sender.tries),
            p.sender.went_back,
            number(p.receiver.cursor),
            p.receiver.heard_at,
            p.error.clone(),
            p.error_at,
            p.sent_at,
            p.came_at,
            p.requester,
            p.made_at,
            p.ended_at,
        ],
    )?;
    Ok(())
}

/// One partner.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Partner>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// The partner of a name.
pub fn by_desk(conn: &mut Conn<'_>, desk: &DeskId) -> Result<Option<Partner>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE desk = ").bind(desk.as_str());
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Every partner, the oldest first.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Partner>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" ORDER BY made_at, id");
    conn.run(&sql, read)
}

/// Whether there is any.
pub fn any(conn: &mut Conn<'_>) -> Result<bool, Error> {
    Ok(conn
        .query_opt("SELECT 1 FROM partner LIMIT 1", params![], |row| {
            row.get::<i64>(0)
        })?
        .is_some())
}

/// The units that stand for a partner, by id.
pub fn units(conn: &mut Conn<'_>, partner: Uuid) -> Result<Vec<UnitId>, Error> {
    conn.query(
        "SELECT unit FROM partner_unit WHERE partner = $1 ORDER BY unit",
        params![partner],
        |row| row.get(0),
    )
}

/// The units that stand for any partner, each with the partner.
pub fn all_units(conn: &mut Conn<'_>) -> Result<Vec<(UnitId, Uuid)>, Error> {
    conn.query("SELECT unit, partner FROM partner_unit", params![], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// The services whose tickets are given to a partner, by id; empty: those of all.
pub fn services(conn: &mut Conn<'_>, partner: Uuid) -> Result<Vec<ServiceId>, Error> {
    conn.query(
        "SELECT service FROM partner_service WHERE partner = $1 ORDER BY service",
        params![partner],
        |row| row.get(0),
    )
}

/// Tickets about these services are given to the partner from now on, and about no others;
/// empty: about any.
pub fn set_services(
    conn: &mut Conn<'_>,
    partner: Uuid,
    services: &[ServiceId],
) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM partner_service WHERE partner = $1",
        params![partner],
    )?;
    for service in services {
        conn.execute(
            "INSERT INTO partner_service (partner, service) VALUES ($1, $2)",
            params![partner, *service],
        )?;
    }
    Ok(())
}

/// The partner that a unit stands for.
pub fn of_unit(conn: &mut Conn<'_>, unit: UnitId) -> Result<Option<Uuid>, Error> {
    conn.query_opt(
        "SELECT partner FROM partner_unit WHERE unit = $1",
        params![unit],
        |row| row.get(0),
    )
}

/// These units stand for the partner from now on, and no others.
pub fn set_units(conn: &mut Conn<'_>, partner: Uuid, units: &[UnitId]) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM partner_unit WHERE partner = $1",
        params![partner],
    )?;
    for unit in units {
        conn.execute(
            "INSERT INTO partner_unit (unit, partner) VALUES ($1, $2)",
            params![*unit, partner],
        )?;
    }
    Ok(())
}

/// What is offered to a desk that is to become a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// What is to be agreed, as this desk sees it.
    pub terms: Terms,
    /// The unit in which what comes from there will begin.
    pub intake: UnitId,
    /// The units that will stand for it here.
    pub units: Vec<UnitId>,
    /// The services whose tickets will be given to it; empty: those of all.
    #[serde(default)]
    pub services: Vec<ServiceId>,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: Uuid,
    /// What was offered.
    pub offer: Offer,
    /// For whom it was written, as somebody noted; empty: nobody did.
    pub for_whom: String,
    /// When it was written.
    pub made_at: Millis,
    /// Until when it counts.
    pub expires_at: Millis,
    /// Who took it.
    pub partner: Option<Uuid>,
    /// When it was declined there or withdrawn here.
    pub ended_at: Option<Millis>,
    /// The desk that declined it; `None`: none did.
    pub declined_by: Option<String>,
    /// Why, as they said.
    pub reason: String,
}

const INVITATIONS: &str = "SELECT id, doc, made_at, expires_at, partner, for_whom, ended_at,
  declined_by, reason FROM partner_invitation";

fn read_invitation(row: &Row<'_>) -> Result<Invitation, Error> {
    let doc: String = row.get(1)?;
    Ok(Invitation {
        id: row.get(0)?,
        offer: serde_json::from_str(&doc).map_err(|e| Error::Corrupt(format!("offer: {e}")))?,
        made_at: row.get(2)?,
        expires_at: row.get(3)?,
        partner: row.get(4)?,
        for_whom: row.get(5)?,
        ended_at: row.get(6)?,
        declined_by: row.get(7)?,
        reason: row.get(8)?,
    })
}

/// Stores an invitation under the SHA-256 of its token.
pub fn invite(conn: &mut Conn<'_>, hash: &[u8], i: &Invitation) -> Result<(), Error> {
    let doc = serde_json::to_string(&i.offer)
        .map_err(|e| Error::Corrupt(format!("offer to JSON: {e}")))?;
    conn.execute(
        "INSERT INTO partner_invitation (id, token_hash, doc, made_at, expires_at, for_whom)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            i.id,
            hash,
            doc,
            i.made_at,
            i.expires_at,
            i.for_whom.as_str()
        ],
    )?;
    Ok(())
}

/// The invitation of a token, by its hash.
pub fn invitation(conn: &mut Conn<'_>, hash: &[u8]) -> Result<Option<Invitation>, Error> {
    let mut sql = Sql::new(INVITATIONS);
    sql.push(" WHERE token_hash = ").bind(hash);
    Ok(conn.run(&sql, read_invitation)?.into_iter().next())
}

/// The last invitations, the newest first.
pub fn invitations(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<Invitation>, Error> {
    let mut sql = Sql::new(INVITATIONS);
    sql.push(" ORDER BY made_at DESC, id LIMIT ").bind(limit);
    conn.run(&sql, read_invitation)
}

/// An invitation ends that nobody took: declined by a desk, or withdrawn here; `false`: it
/// was taken, or had ended.
pub fn end_invitation(
    conn: &mut Conn<'_>,
    id: Uuid,
    (declined_by, reason): (Option<&DeskId>, &str),
    now: Millis,
) -> Result<bool, Error> {
    let rows = conn.execute(
        "UPDATE partner_invitation SET ended_at = $2, declined_by = $3, reason = $4
         WHERE id = $1 AND partner IS NULL AND ended_at IS NULL",
        params![id, now, declined_by.map(DeskId::as_str), reason],
    )?;
    Ok(rows == 1)
}

/// A desk took an invitation.
pub fn took_invitation(conn: &mut Conn<'_>, id: Uuid, partner: Uuid) -> Result<(), Error> {
    conn.execute(
        "UPDATE partner_invitation SET partner = $2 WHERE id = $1",
        params![id, partner],
    )?;
    Ok(())
}

/// Notes a signed request; `false`: it was here before.
pub fn first_time(
    conn: &mut Conn<'_>,
    partner: Uuid,
    nonce: &str,
    expires_at: Millis,
) -> Result<bool, Error> {
    let rows = conn.execute(
        "INSERT INTO partner_nonce (partner, nonce, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING",
        params![partner, nonce, expires_at],
    )?;
    Ok(rows == 1)
}

/// Forgets requests that would not be believed any more anyway.
pub fn forget_nonces(conn: &mut Conn<'_>, now: Millis) -> Result<(), Error> {
    conn.later(
        "DELETE FROM partner_nonce WHERE expires_at < $1",
        params![now],
    )
}

/// A change in the log for a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its place, from 1.
    pub place: u64,
    /// Of which ticket.
    pub shared: SharedId,
    /// The change's name.
    pub name: Name,
    /// When it was put there.
    pub at: Millis,
    /// It as the partner may see it, as JSON.
    pub doc: String,
}

/// Puts a change at the end of the log for a partner.
pub fn append(
    conn: &mut Conn<'_>,
    id: Uuid,
    partner: Uuid,
    (shared, name): (&SharedId, &Name),
    doc: &str,
    now: Millis,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE partner SET log_end = log_end + 1 WHERE id = $1",
        params![partner],
    )?;
    conn.execute(
        "INSERT INTO partner_log (id, partner, place, shared, name, at, doc)
         VALUES ($1, $2, (SELECT log_end FROM partner WHERE id = $2), $3, $4, $5, $6)",
        params![id, partner, shared.to_string(), name.to_string(), now, doc],
    )?;
    Ok(())
}

fn read_logged(row: &Row<'_>) -> Result<Logged, Error> {
    let place: i64 = row.get(0)?;
    let (shared, name): (String, String) = (row.get(1)?, row.get(2)?);
    let corrupt = || Error::Corrupt(format!("place {place} of a partner's log"));
    Ok(Logged {
        place: count(place),
        shared: SharedId::parse(&shared).ok_or_else(corrupt)?,
        name: Name::parse(&name).ok_or_else(corrupt)?,
        at: row.get(3)?,
        doc: row.get(4)?,
    })
}

/// These places of a partner's log, both included.
pub fn log(conn: &mut Conn<'_>, partner: Uuid, from: u64, upto: u64) -> Result<Vec<Logged>, Error> {
    conn.query(
        "SELECT place, shared, name, at, doc FROM partner_log
         WHERE partner = $1 AND place >= $2 AND place <= $3 ORDER BY place",
        params![partner, number(from), number(upto)],
        read_logged,
    )
}

/// What of a ticket lies in the log for a partner, in order.
pub fn log_of(conn: &mut Conn<'_>, partner: Uuid, shared: &SharedId) -> Result<Vec<Logged>, Error> {
    conn.query(
        "SELECT place, shared, name, at, doc FROM partner_log
         WHERE partner = $1 AND shared = $2 ORDER BY place",
        params![partner, shared.to_string()],
        read_logged,
    )
}

/// When the oldest change was put into a partner's log that it does not have.
pub fn oldest_waiting(conn: &mut Conn<'_>, p: &Partner) -> Result<Option<Millis>, Error> {
    conn.query_opt(
        "SELECT at FROM partner_log WHERE partner = $1 AND place = $2",
        params![p.id, number(p.sender.acked + 1)],
        |row| row.get(0),
    )
}

/// A change that came and can not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// Its id.
    pub id: Uuid,
    /// From which partner.
    pub partner: Uuid,
    /// Its place in that one's log.
    pub place: u64,
    /// Why.
    pub why: String,
    /// It, as JSON.
    pub doc: String,
    /// When it came.
    pub at: Millis,
}

/// Keeps what can not be taken.
pub fn bury(conn: &mut Conn<'_>, dead: &Dead) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO partner_dead (id, partner, place, why, doc, at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            dead.id,
            dead.partner,
            number(dead.place),
            dead.why.as_str(),
            dead.doc.as_str(),
            dead.at,
        ],
    )?;
    Ok(())
}

/// What came and can not be taken, and nobody has looked after, the oldest first.
pub fn dead(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<Dead>, Error> {
    conn.query(
        "SELECT id, partner, place, why, doc, at FROM partner_dead WHERE ended_at IS NULL
         ORDER BY at, id LIMIT $1",
        params![limit],
        letter,
    )
}

fn letter(row: &Row<'_>) -> Result<Dead, Error> {
    let place: i64 = row.get(2)?;
    Ok(Dead {
        id: row.get(0)?,
        partner: row.get(1)?,
        place: count(place),
        why: row.get(3)?,
        doc: row.get(4)?,
        at: row.get(5)?,
    })
}

/// One that nobody has looked after.
pub fn dead_letter(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Dead>, Error> {
    conn.query_opt(
        "SELECT id, partner, place, why, doc, at FROM partner_dead
         WHERE id = $1 AND ended_at IS NULL",
        params![id],
        letter,
    )
}

/// Somebody looked after a dead letter; `false`: it is none any more.
pub fn unbury(conn: &mut Conn<'_>, id: Uuid, now: Millis) -> Result<bool, Error> {
    let rows = conn.execute(
        "UPDATE partner_dead SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL",
        params![id, now],
    )?;
    Ok(rows == 1)
}
