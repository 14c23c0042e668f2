//! What a bulk import needs to see of memberships, the inactive ones too.

use switchboard_core::{PersonId, UnitId};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::unit::Member;

/// Every member of a unit, those without the support permission too.
pub fn members(conn: &mut Conn<'_>, unit: UnitId) -> Result<Vec<Member>, Error> {
    conn.query(
        "SELECT p.id, p.name, p.email, m.part, m.since FROM membership m
         JOIN person p ON p.id = m.person WHERE m.unit = $1 ORDER BY p.name, p.id",
        params![unit],
        |row| {
            let part: String = row.get(3)?;
            Ok(Member {
                person: row.get(0)?,
                name: row.get(1)?,
                email: row.get(2)?,
                part: crate::person::part_of(&part),
                since: row.get(4)?,
            })
        },
    )
}

/// Ends a membership.
pub fn remove_member(conn: &mut Conn<'_>, unit: UnitId, person: PersonId) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM membership WHERE unit = $1 AND person = $2",
        params![unit, person],
    )?;
    Ok(())
}

/// The units that have a responsible.
pub fn with_responsible(conn: &mut Conn<'_>) -> Result<Vec<UnitId>, Error> {
    conn.query(
        "SELECT DISTINCT unit FROM membership WHERE part = 'responsible'",
        params![],
        |row| row.get(0),
    )
}
