//! Sites that are called when everything burns, who may call them, and what was raised.

use switchboard_core::alarm::{Stage, Standing};
use switchboard_core::{Millis, PersonId, TicketNumber};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// A site that can be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmSite {
    /// Its key.
    pub site: String,
    /// The emergency address; `None`: it was somebody's who is gone, and nobody can be
    /// called.
    pub address: Option<String>,
    /// Minutes within which an alarm is confirmed.
    pub answer_min: i64,
    /// The same for a test.
    pub test_answer_min: i64,
    /// Days between two tests; 0: only by hand.
    pub test_days: i64,
    /// When the next test begins by itself.
    pub next_test_at: Option<Millis>,
    /// Who set it up.
    pub keeper: PersonId,
    /// Its version.
    pub version: i64,
}

/// Somebody who may raise alarms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarmer {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
    /// For which community; empty: for all.
    pub community: String,
    /// Who nominated them.
    pub by: Option<String>,
    /// When.
    pub at: Millis,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its ticket.
    pub ticket: TicketNumber,
    /// The site's key.
    pub site: String,
    /// Where the site was called; `None`: that was somebody's who is gone.
    pub address: Option<String>,
    /// How it stands.
    pub standing: Standing,
    /// When it was raised.
    pub raised_at: Millis,
    /// Mails to the site.
    pub calls: i64,
    /// The last mail to the site.
    pub mail: Option<Uuid>,
    /// The Message-ID of the first.
    pub root: Option<String>,
    /// When the site confirmed.
    pub confirmed_at: Option<Millis>,
    /// Who confirmed, as their mail says.
    pub confirmed_by: Option<String>,
    /// Why a mail did not arrive.
    pub trouble: Option<String>,
}

const SITES: &str = "SELECT site, address, answer_min, test_answer_min, test_days, next_test_at,
  keeper, version FROM alarm_site";

fn read_site(row: &Row<'_>) -> Result<AlarmSite, Error> {
    Ok(AlarmSite {
        site: row.get(0)?,
        address: row.get(1)?,
        answer_min: row.get(2)?,
        test_answer_min: row.get(3)?,
        test_days: row.get(4)?,
        next_test_at: row.get(5)?,
        keeper: row.get(6)?,
        version: row.get(7)?,
    })
}

/// Stores a site, new or changed.
pub fn save_site(conn: &mut Conn<'_>, site: &AlarmSite) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO alarm_site (site, address, answer_min, test_answer_min, test_days,
           next_test_at, keeper, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (site) DO UPDATE SET address = excluded.address,
           answer_min = excluded.answer_min, test_answer_min = excluded.test_answer_min,
           test_days = excluded.test_days, next_test_at = excluded.next_test_at,
           keeper = excluded.keeper, version = excluded.version",
        params![
            site.site.as_str(),
            site.address.clone(),
            site.answer_min,
            site.test_answer_min,
            site.test_days,
            site.next_test_at,
            site.keeper,
            site.version,
        ],
    )?;
    Ok(())
}

/// All sites that can be called.
pub fn sites(conn: &mut Conn<'_>) -> Result<Vec<AlarmSite>, Error> {
    let mut sql = Sql::new(SITES);
    sql.push(" ORDER BY site");
    conn.run(&sql, read_site)
}

/// One of them.
pub fn site(conn: &mut Conn<'_>, key: &str) -> Result<Option<AlarmSite>, Error> {
    let mut sql = Sql::new(SITES);
    sql.push(" WHERE site = ").bind(key);
    Ok(conn.run(&sql, read_site)?.into_iter().next())
}

/// Sites whose next test has its time.
pub fn tests_due(conn: &mut Conn<'_>, now: Millis) -> Result<Vec<AlarmSite>, Error> {
    let mut sql = Sql::new(SITES);
    sql.push(" WHERE address IS NOT NULL AND next_test_at <= ")
        .bind(now)
        .push(" ORDER BY next_test_at LIMIT 50");
    conn.run(&sql, read_site)
}

/// Takes a site out: it can not be called any more. `false`: it could not be.
pub fn forget_site(conn: &mut Conn<'_>, key: &str) -> Result<bool, Error> {
    Ok(conn.execute("DELETE FROM alarm_site WHERE site = $1", params![key])? > 0)
}

/// Lets somebody raise alarms for a community (empty: for all); `false`: they might before.
pub fn nominate(
    conn: &mut Conn<'_>,
    person: PersonId,
    community: &str,
    by: Option<PersonId>,
    now: Millis,
) -> Result<bool, Error> {
    Ok(conn.execute(
        "INSERT INTO alarmer (person, community, nominated_by, nominated_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT (person, community) DO NOTHING",
        params![person, community, by, now],
    )? > 0)
}

/// Takes that back; `false`: there was nothing to take back.
pub fn dismiss(conn: &mut Conn<'_>, person: PersonId, community: &str) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM alarmer WHERE person = $1 AND community = $2",
        params![person, community],
    )? > 0)
}

/// Everybody who may raise alarms, by name.
pub fn alarmers(conn: &mut Conn<'_>) -> Result<Vec<Alarmer>, Error> {
    conn.query(
        "SELECT a.person, p.name, p.email, a.community, b.name, a.nominated_at
         FROM alarmer a JOIN person p ON p.id = a.person
         LEFT JOIN person b ON b.id = a.nominated_by
         ORDER BY p.name, a.person, a.community",
        params![],
        |row| {
            Ok(Alarmer {
                person: row.get(0)?,
                name: row.get(1)?,
                email: row.get(2)?,
                community: row.get(3)?,
                by: row.get(4)?,
                at: row.get(5)?,
            })
        },
    )
}

/// For which communities somebody may raise alarms; an empty one is for all.
pub fn nominated_for(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<String>, Error> {
    conn.query(
        "SELECT a.community FROM alarmer a JOIN person p ON p.id = a.person
         WHERE a.person = $1 AND p.active = 1 ORDER BY a.community",
        params![person],
        |row| row.get(0),
    )
}

const ALARMS: &str = "SELECT ticket, site, address, test, stage, wait_ms, raised_at, called_at,
  calls, next_at, mail, root, confirmed_at, confirmed_by, trouble FROM alarm";

fn read(row: &Row<'_>) -> Result<Alarm, Error> {
    let stage: String = row.get(4)?;
    Ok(Alarm {
        ticket: row.get(0)?,
        site: row.get(1)?,
        address: row.get(2)?,
        standing: Standing {
            test: row.get(3)?,
            stage: Stage::parse(&stage)
                .ok_or_else(|| Error::Corrupt(format!("stage of an alarm {stage:?}")))?,
            wait_ms: row.get(5)?,
            called_at: row.get(7)?,
            next_at: row.get(9)?,
        },
        raised_at: row.get(6)?,
        calls: row.get(8)?,
        mail: row.get(10)?,
        root: row.get(11)?,
        confirmed_at: row.get(12)?,
        confirmed_by: row.get(13)?,
        trouble: row.get(14)?,
    })
}

/// Stores an alarm, new or a step further.
pub fn save(conn: &mut Conn<'_>, alarm: &Alarm) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO alarm (ticket, site, address, test, stage, wait_ms, raised_at, called_at,
           calls, next_at, mail, root, confirmed_at, confirmed_by, trouble)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (ticket) DO UPDATE SET stage = excluded.stage,
           called_at = excluded.called_at, calls = excluded.calls, next_at = excluded.next_at,
           mail = excluded.mail, root = excluded.root, confirmed_at = excluded.confirmed_at,
           confirmed_by = excluded.confirmed_by, trouble = excluded.trouble",
        params![
            alarm.ticket,
            alarm.site.as_str(),
            alarm.address.clone(),
            alarm.standing.test,
            alarm.standing.stage.key(),
            alarm.standing.wait_ms,
            alarm.raised_at,
            alarm.standing.called_at,
            alarm.calls,
            alarm.standing.next_at,
            alarm.mail,
            alarm.root.clone(),
            alarm.confirmed_at,
            alarm.confirmed_by.clone(),
            alarm.trouble.clone(),
        ],
    )?;
    Ok(())
}

/// The alarm of a ticket; `None`: it is none.
pub fn of_ticket(conn: &mut Conn<'_>, ticket: TicketNumber) -> Result<Option<Alarm>, Error> {
    let mut sql = Sql::new(ALARMS);
    sql.push(" WHERE ticket = ").bind(ticket);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Alarms, the newest first; `before`: only older ones.
pub fn newest(
    conn: &mut Conn<'_>,
    before: Option<TicketNumber>,
    limit: i64,
) -> Result<Vec<Alarm>, Error> {
    let mut sql = Sql::new(ALARMS);
    sql.push(" WHERE ticket < ")
        .bind(before.map_or(i64::MAX, |n| n.0))
        .push(" ORDER BY ticket DESC LIMIT ")
        .bind(limit);
    conn.run(&sql, read)
}

/// The last test of a site.
pub fn last_test(conn: &mut Conn<'_>, site: &str) -> Result<Option<Alarm>, Error> {
    let mut sql = Sql::new(ALARMS);
    sql.push(" WHERE site = ")
        .bind(site)
        .push(" AND test = 1 ORDER BY ticket DESC LIMIT 1");
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Tickets of alarms for which silence brings something now: when its time has come, or
/// when they were called later than now, by a clock that was set back.
pub fn due(conn: &mut Conn<'_>, now: Millis, limit: i64) -> Result<Vec<TicketNumber>, Error> {
    conn.query(
        "SELECT ticket FROM alarm
         WHERE next_at IS NOT NULL AND (next_at <= $1 OR called_at > $1)
         ORDER BY next_at LIMIT $2",
        params![now, limit],
        |row| row.get(0),
    )
}

/// Alarms that wait for an answer although the last mail can not be delivered, and why.
pub fn undelivered(
    conn: &mut Conn<'_>,
    limit: i64,
) -> Result<Vec<(TicketNumber, Option<String>)>, Error> {
    conn.query(
        "SELECT a.ticket, o.error FROM alarm a JOIN mail_out o ON o.id = a.mail
         WHERE a.stage IN ('called', 'again', 'escalated') AND a.next_at IS NOT NULL
           AND o.state = 'failed' LIMIT $1",
        params![limit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Alarms that wait for an answer although their ticket is resolved.
pub fn resolved(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<TicketNumber>, Error> {
    conn.query(
        "SELECT a.ticket FROM alarm a JOIN ticket t ON t.number = a.ticket
         WHERE a.stage IN ('called', 'again', 'escalated') AND t.open = 0 LIMIT $1",
        params![limit],
        |row| row.get(0),
    )
}
