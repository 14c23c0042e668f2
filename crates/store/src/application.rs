//! Applications for the support permission, and requests to join a unit.

use switchboard_core::staff::AskState;
use switchboard_core::{Millis, PersonId, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql, Value};

/// What somebody asks for; both wait for a word of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The support permission, of administrators.
    Application,
    /// To be taken into a unit, of its responsibles.
    Join,
}

/// What somebody asked for, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Its id.
    pub id: Uuid,
    /// Who asks.
    pub person: PersonId,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub state: AskState,
    /// When it came.
    pub created_at: Millis,
    /// When it was answered or withdrawn.
    pub decided_at: Option<Millis>,
    /// Who answered; `None` also: the desk itself.
    pub decided_by: Option<PersonId>,
    /// The reason of the answer, or empty.
    pub answer: String,
    /// How many reminders went out.
    pub reminders: i64,
    /// Of a request to join: which unit.
    pub unit: Option<UnitId>,
}

impl Ask {
    /// One that waits since now.
    pub fn new(id: Uuid, person: PersonId, reason: &str, now: Millis) -> Ask {
        Ask {
            id,
            person,
            reason: reason.to_owned(),
            state: AskState::Waiting,
            created_at: now,
            decided_at: None,
            decided_by: None,
            answer: String::new(),
            reminders: 0,
            unit: None,
        }
    }
}

fn state_of(word: &str) -> Result<AskState, Error> {
    AskState::parse(word).ok_or_else(|| Error::Corrupt(format!("state {word:?}")))
}

/// Which to look for; everything that is set must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    /// Of this person.
    pub person: Option<PersonId>,
    /// Of these units; only for join requests.
    pub units: Option<Vec<UnitId>>,
    /// In this state.
    pub state: Option<AskState>,
    /// Only what came before this one (ids are ordered by time).
    pub before: Option<Uuid>,
}

impl Asks {
    fn narrow(&self, sql: &mut Sql, limit: i64) {
        if let Some(person) = self.person {
            sql.push(" AND a.person = ").bind(person);
        }
        if let Some(units) = &self.units {
            sql.push(" AND a.unit IN ")
                .list(units.iter().map(|u| Value::from(*u)));
        }
        if let Some(state) = self.state {
            sql.push(" AND a.state = ").bind(state.key());
        }
        if let Some(before) = self.before {
            sql.push(" AND a.id < ").bind(before);
        }
        sql.push(" ORDER BY a.id DESC LIMIT ").number(limit);
    }
}

const APPLICATION: &str = "SELECT a.id, a.person, a.reason, a.state, a.created_at, a.decided_at,
  a.decided_by, a.answer, a.reminders FROM support_application a WHERE 1 = 1";

const JOIN: &str = "SELECT a.id, a.person, a.reason, a.state, a.created_at, a.decided_at,
  a.decided_by, a.answer, a.reminders, a.unit FROM join_request a WHERE 1 = 1";

fn select(kind: Kind) -> Sql {
    Sql::new(match kind {
        Kind::Application => APPLICATION,
        Kind::Join => JOIN,
    })
}

fn read(kind: Kind, row: &Row<'_>) -> Result<Ask, Error> {
    let state: String = row.get(3)?;
    Ok(Ask {
        id: row.get(0)?,
        person: row.get(1)?,
        reason: row.get(2)?,
        state: state_of(&state)?,
        created_at: row.get(4)?,
        decided_at: row.get(5)?,
        decided_by: row.get(6)?,
        answer: row.get(7)?,
        reminders: row.get(8)?,
        unit: match kind {
            Kind::Application => None,
            Kind::Join => Some(row.get(9)?),
        },
    })
}

/// Stores a new application with the units it names.
pub fn insert(conn: &mut Conn<'_>, a: &Ask, units: &[UnitId]) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO support_application (id, person, reason, state, created_at, answer, reminders)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            a.id,
            a.person,
            a.reason.as_str(),
            a.state.key(),
            a.created_at,
            a.answer.as_str(),
            a.reminders,
        ],
    )?;
    for unit in units {
        conn.execute(
            "INSERT INTO support_application_unit (application, unit) VALUES ($1, $2)",
            params![a.id, *unit],
        )?;
    }
    Ok(())
}

/// Stores a new request to join a unit.
pub fn insert_join(conn: &mut Conn<'_>, j: &Ask, unit: UnitId) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO join_request (id, unit, person, reason, state, created_at, answer, reminders)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            j.id,
            unit,
            j.person,
            j.reason.as_str(),
            j.state.key(),
            j.created_at,
            j.answer.as_str(),
            j.reminders,
        ],
    )?;
    Ok(())
}

/// One of them.
pub fn load(conn: &mut Conn<'_>, kind: Kind, id: Uuid) -> Result<Option<Ask>, Error> {
    let mut sql = select(kind);
    sql.push(" AND a.id = ").bind(id);
    let found = conn.run(&sql, |row| read(kind, row))?;
    Ok(found.into_iter().next())
}

/// Those that fit, newest first.
pub fn find(conn: &mut Conn<'_>, kind: Kind, asks: &Asks, limit: i64) -> Result<Vec<Ask>, Error> {
    let mut sql = select(kind);
    asks.narrow(&mut sql, limit);
    conn.run(&sql, |row| read(kind, row))
}

/// The units that applications name, by application.
pub fn units_of(conn: &mut Conn<'_>, applications: &[Uuid]) -> Result<Vec<(Uuid, UnitId)>, Error> {
    if applications.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql =
        Sql::new("SELECT application, unit FROM support_application_unit WHERE application IN ");
    sql.list(applications.iter().map(|id| Value::Uuid(*id)));
    sql.push(" ORDER BY application, unit");
    conn.run(&sql, |row| Ok((row.get(0)?, row.get(1)?)))
}

/// What becomes of something that was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Where it stands now.
    pub state: AskState,
    /// When.
    pub at: Millis,
    /// By whom.
    pub by: Option<PersonId>,
    /// Why, or empty.
    pub text: String,
}

/// Answers what waits; `false`: somebody was quicker.
pub fn answer(conn: &mut Conn<'_>, kind: Kind, id: Uuid, answer: &Answer) -> Result<bool, Error> {
    let sql = match kind {
        Kind::Application => {
            "UPDATE support_application SET state = $2, decided_at = $3, decided_by = $4,
               answer = $5 WHERE id = $1 AND state = 'waiting'"
        }
        Kind::Join => {
            "UPDATE join_request SET state = $2, decided_at = $3, decided_by = $4, answer = $5
             WHERE id = $1 AND state = 'waiting'"
        }
    };
    Ok(conn.execute(
        sql,
        params![
            id,
            answer.state.key(),
            answer.at,
            answer.by,
            answer.text.as_str()
        ],
    )? > 0)
}

/// Notes how many reminders about it went out.
pub fn reminded(conn: &mut Conn<'_>, kind: Kind, id: Uuid, reminders: i64) -> Result<(), Error> {
    let sql = match kind {
        Kind::Application => "UPDATE support_application SET reminders = $2 WHERE id = $1",
        Kind::Join => "UPDATE join_request SET reminders = $2 WHERE id = $1",
    };
    conn.execute(sql, params![id, reminders])?;
    Ok(())
}
