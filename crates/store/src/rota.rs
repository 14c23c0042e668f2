//! Who is on duty in a unit when, and what is handed over at the end of a shift.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use switchboard_core::rota::{Plan, Swap, Watch};
use switchboard_core::{Millis, PersonId, TicketNumber, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// What a unit set up, and how far it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rota {
    /// Whose it is.
    pub unit: UnitId,
    /// Who is on duty hears alone of what nobody owns.
    pub alone: bool,
    /// Hours before the end of a shift at which its person is asked for a note.
    pub ask_hours: i64,
    /// Hours within which a hand-over is confirmed.
    pub confirm_hours: i64,
    /// Who was on duty when it was looked at last.
    pub watch: Watch,
    /// What they have written so far for who comes after them.
    pub note: String,
    /// When it has to be looked at again.
    pub look_at: Millis,
    /// Its version.
    pub version: i64,
}

/// Somebody who stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// Its id.
    pub id: Uuid,
    /// Who, and for how long.
    pub swap: Swap,
    /// Who said so.
    pub made_by: Option<PersonId>,
    /// When.
    pub made_at: Millis,
}

/// Why a ticket is named in a hand-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Open {
    /// Nobody owns it.
    Nobodys,
    /// A target of it is missed.
    Overdue,
    /// The outgoing person owns it.
    Outgoing,
    /// A partner has it, and nobody looked at it for a week.
    AtPartner,
}

impl Open {
    /// The word used in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Open::Nobodys => "nobodys",
            Open::Overdue => "overdue",
            Open::Outgoing => "outgoing",
            Open::AtPartner => "at_partner",
        }
    }
}

/// A ticket of a hand-over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTicket {
    /// Its number.
    pub number: TicketNumber,
    /// Why it is named; never empty.
    pub why: Vec<Open>,
}

/// What was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOver {
    /// Its id.
    pub id: Uuid,
    /// In which unit.
    pub unit: UnitId,
    /// Who was on duty.
    pub outgoing: PersonId,
    /// Who is from then on.
    pub incoming: PersonId,
    /// When the shift began that ended.
    pub begun_at: Millis,
    /// When it ended.
    pub at: Millis,
    /// What the outgoing person wrote; may be empty.
    pub note: String,
    /// What is open.
    pub tickets: Vec<OpenTicket>,
    /// Until when it is waited for that it is confirmed; `None`: no longer.
    pub confirm_by: Option<Millis>,
    /// When the responsibles were told that nobody confirmed.
    pub missed_at: Option<Millis>,
    /// When the incoming person confirmed.
    pub confirmed_at: Option<Millis>,
}

const ROTAS: &str = "SELECT unit, alone, ask_hours, confirm_hours, held_by, changed_at, asked_for,
  note, look_at, version FROM rota";

fn read(row: &Row<'_>) -> Result<Rota, Error> {
    Ok(Rota {
        unit: row.get(0)?,
        alone: row.get(1)?,
        ask_hours: row.get(2)?,
        confirm_hours: row.get(3)?,
        watch: Watch {
            held_by: row.get(4)?,
            changed_at: row.get(5)?,
            asked_for: row.get(6)?,
        },
        note: row.get(7)?,
        look_at: row.get(8)?,
        version: row.get(9)?,
    })
}

/// What a unit set up; `None`: it has no rota.
pub fn load(conn: &mut Conn<'_>, unit: UnitId) -> Result<Option<Rota>, Error> {
    let mut sql = Sql::new(ROTAS);
    sql.push(" WHERE unit = ").bind(unit);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Units that have a rota.
pub fn units(conn: &mut Conn<'_>) -> Result<Vec<UnitId>, Error> {
    conn.query("SELECT unit FROM rota ORDER BY unit", params![], |row| {
        row.get(0)
    })
}

/// Units whose rota has to be looked at: when its time has come, or that is further off
/// than `latest`, by a clock that was ahead.
pub fn due(conn: &mut Conn<'_>, now: Millis, latest: Millis) -> Result<Vec<UnitId>, Error> {
    conn.query(
        "SELECT unit FROM rota WHERE look_at <= $1 OR look_at > $2 ORDER BY look_at LIMIT 200",
        params![now, latest],
        |row| row.get(0),
    )
}

/// Stores what a unit set up, new or changed, and how far it was looked at.
pub fn save(conn: &mut Conn<'_>, rota: &Rota) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO rota (unit, alone, ask_hours, confirm_hours, held_by, changed_at, asked_for,
           note, look_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (unit) DO UPDATE SET alone = excluded.alone, ask_hours = excluded.ask_hours,
           confirm_hours = excluded.confirm_hours, held_by = excluded.held_by,
           changed_at = excluded.changed_at, asked_for = excluded.asked_for,
           note = excluded.note, look_at = excluded.look_at, version = excluded.version",
        params![
            rota.unit,
            rota.alone,
            rota.ask_hours,
            rota.confirm_hours,
            rota.watch.held_by,
            rota.watch.changed_at,
            rota.watch.asked_for,
            rota.note.as_str(),
            rota.look_at,
            rota.version,
        ],
    )?;
    Ok(())
}

/// Takes a unit's rota away, with its plans and who stands in. What was handed over stays.
pub fn delete(conn: &mut Conn<'_>, unit: UnitId) -> Result<(), Error> {
    conn.execute("DELETE FROM rota_swap WHERE unit = $1", params![unit])?;
    conn.execute("DELETE FROM rota_turn WHERE unit = $1", params![unit])?;
    conn.execute("DELETE FROM rota WHERE unit = $1", params![unit])?;
    Ok(())
}

/// The plans of a unit, by their first day.
pub fn plans(conn: &mut Conn<'_>, unit: UnitId) -> Result<Vec<Plan>, Error> {
    let rows = conn.query(
        "SELECT first, minute, days, person FROM rota_turn WHERE unit = $1 ORDER BY first, place",
        params![unit],
        |row| {
            let (first, minute, days): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let person: Option<PersonId> = row.get(3)?;
            Ok((first, minute, days, person))
        },
    )?;
    let mut plans: BTreeMap<String, Plan> = BTreeMap::new();
    for (first, minute, days, person) in rows {
        let corrupt = || Error::Corrupt(format!("a turn that begins on {first:?}"));
        let plan = match plans.entry(first.clone()) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => free.insert(Plan {
                first: first.parse().map_err(|_| corrupt())?,
                minute: u16::try_from(minute).map_err(|_| corrupt())?,
                days: u16::try_from(days).map_err(|_| corrupt())?,
                people: Vec::new(),
            }),
        };
        plan.people.extend(person);
    }
    Ok(plans.into_values().collect())
}

/// Stores a plan in place of those of the unit that begin on its first day or later.
pub fn put_plan(conn: &mut Conn<'_>, unit: UnitId, plan: &Plan) -> Result<(), Error> {
    let first = plan.first.to_string();
    conn.execute(
        "DELETE FROM rota_turn WHERE unit = $1 AND first >= $2",
        params![unit, first.as_str()],
    )?;
    let people: Vec<Option<PersonId>> = match plan.people.is_empty() {
        true => vec![None],
        false => plan.people.iter().copied().map(Some).collect(),
    };
    for (place, person) in people.into_iter().enumerate() {
        conn.execute(
            "INSERT INTO rota_turn (unit, first, place, minute, days, person)
             VALUES ($1, $2, $3, $4, $5, $6)",
            params![
                unit,
                first.as_str(),
                place as i64,
                i64::from(plan.minute),
                i64::from(plan.days),
                person,
            ],
        )?;
    }
    Ok(())
}

/// Who stands in in a unit at some time after `since`, in the order in which it was said.
pub fn swaps(conn: &mut Conn<'_>, unit: UnitId, since: Millis) -> Result<Vec<StandIn>, Error> {
    conn.query(
        "SELECT id, from_at, until_at, person, made_by, made_at FROM rota_swap
         WHERE unit = $1 AND until_at > $2 ORDER BY id",
        params![unit, since],
        |row| {
            Ok(StandIn {
                id: row.get(0)?,
                swap: Swap {
                    from: row.get(1)?,
                    until: row.get(2)?,
                    person: row.get(3)?,
                },
                made_by: row.get(4)?,
                made_at: row.get(5)?,
            })
        },
    )
}

/// Stores that somebody stands in.
pub fn add_swap(conn: &mut Conn<'_>, unit: UnitId, one: &StandIn) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO rota_swap (id, unit, from_at, until_at, person, made_by, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            one.id,
            unit,
            one.swap.from,
            one.swap.until,
            one.swap.person,
            one.made_by,
            one.made_at,
        ],
    )?;
    Ok(())
}

/// Takes that back; `false`: nobody stood in.
pub fn delete_swap(conn: &mut Conn<'_>, unit: UnitId, id: Uuid) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM rota_swap WHERE unit = $1 AND id = $2",
        params![unit, id],
    )? > 0)
}

/// Forgets who stood in until then, and what was handed over until then.
pub fn sweep(conn: &mut Conn<'_>, before: Millis) -> Result<(), Error> {
    conn.execute("DELETE FROM rota_swap WHERE until_at < $1", params![before])?;
    conn.execute("DELETE FROM hand_over WHERE at < $1", params![before])?;
    Ok(())
}

const HAND_OVERS: &str = "SELECT id, unit, outgoing, incoming, begun_at, at, note, tickets,
  confirm_by, missed_at, confirmed_at FROM hand_over";

fn read_hand_over(row: &Row<'_>) -> Result<HandOver, Error> {
    let tickets: String = row.get(7)?;
    Ok(HandOver {
        id: row.get(0)?,
        unit: row.get(1)?,
        outgoing: row.get(2)?,
        incoming: row.get(3)?,
        begun_at: row.get(4)?,
        at: row.get(5)?,
        note: row.get(6)?,
        tickets: serde_json::from_str(&tickets)
            .map_err(|e| Error::Corrupt(format!("tickets of a hand-over: {e}")))?,
        confirm_by: row.get(8)?,
        missed_at: row.get(9)?,
        confirmed_at: row.get(10)?,
    })
}

/// Stores a hand-over, new or a step further. What is new stands once for a unit and a time.
pub fn save_hand_over(conn: &mut Conn<'_>, h: &HandOver) -> Result<(), Error> {
    let tickets = serde_json::to_string(&h.tickets)
        .map_err(|e| Error::Corrupt(format!("tickets of a hand-over: {e}")))?;
    conn.execute(
        "INSERT INTO hand_over (id, unit, outgoing, incoming, begun_at, at, note, tickets,
           confirm_by, missed_at, confirmed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (id) DO UPDATE SET note = excluded.note, confirm_by = excluded.confirm_by,
           missed_at = excluded.missed_at, confirmed_at = excluded.confirmed_at",
        params![
            h.id,
            h.unit,
            h.outgoing,
            h.incoming,
            h.begun_at,
            h.at,
            h.note.as_str(),
            tickets,
            h.confirm_by,
            h.missed_at,
            h.confirmed_at,
        ],
    )?;
    Ok(())
}

/// One hand-over.
pub fn hand_over(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<HandOver>, Error> {
    let mut sql = Sql::new(HAND_OVERS);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read_hand_over)?.into_iter().next())
}

/// What was handed over in a unit, the newest first; `before`: only older ones.
pub fn hand_overs(
    conn: &mut Conn<'_>,
    unit: UnitId,
    before: Option<Millis>,
    limit: i64,
) -> Result<Vec<HandOver>, Error> {
    let mut sql = Sql::new(HAND_OVERS);
    sql.push(" WHERE unit = ")
        .bind(unit)
        .push(" AND at < ")
        .bind(before.unwrap_or(i64::MAX))
        .push(" ORDER BY at DESC LIMIT ")
        .bind(limit);
    conn.run(&sql, read_hand_over)
}

/// Hand-overs that nobody has confirmed in time.
pub fn unconfirmed(conn: &mut Conn<'_>, now: Millis) -> Result<Vec<HandOver>, Error> {
    let mut sql = Sql::new(HAND_OVERS);
    sql.push(" WHERE confirm_by <= ")
        .bind(now)
        .push(" ORDER BY confirm_by LIMIT 50");
    conn.run(&sql, read_hand_over)
}
