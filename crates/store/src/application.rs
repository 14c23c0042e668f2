//! Applications for the support permission, and requests to join a unit.

use switchboard_core::staff::AskState;
use switchboard_core::{Millis, PersonId, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql, Value};

/// An application for the support permission.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// Its id.
    pub id: Uuid,
    /// Who applies.
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
}

/// A request to be taken into a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinRequest {
    /// Its id.
    pub id: Uuid,
    /// Which unit.
    pub unit: UnitId,
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

fn read_application(row: &Row<'_>) -> Result<Application, Error> {
    let state: String = row.get(3)?;
    Ok(Application {
        id: row.get(0)?,
        person: row.get(1)?,
        reason: row.get(2)?,
        state: state_of(&state)?,
        created_at: row.get(4)?,
        decided_at: row.get(5)?,
        decided_by: row.get(6)?,
        answer: row.get(7)?,
        reminders: row.get(8)?,
    })
}

const JOIN: &str = "SELECT a.id, a.unit, a.person, a.reason, a.state, a.created_at, a.decided_at,
  a.decided_by, a.answer, a.reminders FROM join_request a WHERE 1 = 1";

fn read_join(row: &Row<'_>) -> Result<JoinRequest, Error> {
    let state: String = row.get(4)?;
    Ok(JoinRequest {
        id: row.get(0)?,
        unit: row.get(1)?,
        person: row.get(2)?,
        reason: row.get(3)?,
        state: state_of(&state)?,
        created_at: row.get(5)?,
        decided_at: row.get(6)?,
        decided_by: row.get(7)?,
        answer: row.get(8)?,
        reminders: row.get(9)?,
    })
}

/// Stores a new application with the units it names.
pub fn insert(conn: &mut Conn<'_>, a: &Application, units: &[UnitId]) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO support_application (id, person, reason, state, created_at, decided_at,
           decided_by, answer, reminders) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            a.id,
            a.person,
            a.reason.as_str(),
            a.state.key(),
            a.created_at,
            a.decided_at,
            a.decided_by,
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

/// Stores a new join request.
pub fn insert_join(conn: &mut Conn<'_>, j: &JoinRequest) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO join_request (id, unit, person, reason, state, created_at, decided_at,
           decided_by, answer, reminders) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            j.id,
            j.unit,
            j.person,
            j.reason.as_str(),
            j.state.key(),
            j.created_at,
            j.decided_at,
            j.decided_by,
            j.answer.as_str(),
            j.reminders,
        ],
    )?;
    Ok(())
}

/// One application.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Application>, Error> {
    let mut sql = Sql::new(APPLICATION);
    sql.push(" AND a.id = ").bind(id);
    Ok(conn.run(&sql, read_application)?.into_iter().next())
}

/// One join request.
pub fn load_join(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<JoinRequest>, Error> {
    let mut sql = Sql::new(JOIN);
    sql.push(" AND a.id = ").bind(id);
    Ok(conn.run(&sql, read_join)?.into_iter().next())
}

/// Applications that fit, newest first.
pub fn find(conn: &mut Conn<'_>, asks: &Asks, limit: i64) -> Result<Vec<Application>, Error> {
    let mut sql = Sql::new(APPLICATION);
    asks.narrow(&mut sql, limit);
    conn.run(&sql, read_application)
}

/// Join requests that fit, newest first.
pub fn find_joins(conn: &mut Conn<'_>, asks: &Asks, limit: i64) -> Result<Vec<JoinRequest>, Error> {
    let mut sql = Sql::new(JOIN);
    asks.narrow(&mut sql, limit);
    conn.run(&sql, read_join)
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

/// Answers an application that waits; `false`: somebody was quicker.
pub fn answer(conn: &mut Conn<'_>, id: Uuid, answer: &Answer) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE support_application SET state = $2, decided_at = $3, decided_by = $4, answer = $5
         WHERE id = $1 AND state = 'waiting'",
        params![
            id,
            answer.state.key(),
            answer.at,
            answer.by,
            answer.text.as_str()
        ],
    )? > 0)
}

/// Answers a join request that waits; `false`: somebody was quicker.
pub fn answer_join(conn: &mut Conn<'_>, id: Uuid, answer: &Answer) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE join_request SET state = $2, decided_at = $3, decided_by = $4, answer = $5
         WHERE id = $1 AND state = 'waiting'",
        params![
            id,
            answer.state.key(),
            answer.at,
            answer.by,
            answer.text.as_str()
        ],
    )? > 0)
}

/// Notes how many reminders about an application went out.
pub fn reminded(conn: &mut Conn<'_>, id: Uuid, reminders: i64) -> Result<(), Error> {
    conn.execute(
        "UPDATE support_application SET reminders = $2 WHERE id = $1",
        params![id, reminders],
    )?;
    Ok(())
}

/// Notes how many reminders about a join request went out.
pub fn join_reminded(conn: &mut Conn<'_>, id: Uuid, reminders: i64) -> Result<(), Error> {
    conn.execute(
        "UPDATE join_request SET reminders = $2 WHERE id = $1",
        params![id, reminders],
    )?;
    Ok(())
}
