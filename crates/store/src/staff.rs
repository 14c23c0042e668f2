//! Who belongs to units, and the administration of people.

use switchboard_core::{Millis, Part, PersonId, TicketNumber, UnitId};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::person::Person;
use crate::unit::Member;
use crate::value::{Row, Sql};

/// Somebody in a unit, whether or not their membership counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// Who.
    pub person: PersonId,
    /// As what.
    pub part: Part,
    /// They are active and hold the support permission.
    pub counts: bool,
}

/// Everybody in a unit.
pub fn crew(conn: &mut Conn<'_>, unit: UnitId) -> Result<Vec<Enrolled>, Error> {
    conn.query(
        "SELECT m.person, m.part,
           CAST(CASE WHEN p.active = 1 AND p.support = 1 THEN 1 ELSE 0 END AS BIGINT)
         FROM membership m JOIN person p ON p.id = m.person
         WHERE m.unit = $1 ORDER BY m.person",
        params![unit],
        |row| {
            let part: String = row.get(1)?;
            Ok(Enrolled {
                person: row.get(0)?,
                part: crate::person::part_of(&part),
                counts: row.get(2)?,
            })
        },
    )
}

/// Every unit somebody is in, retired ones too, and since when.
pub fn enrolments(
    conn: &mut Conn<'_>,
    person: PersonId,
) -> Result<Vec<(UnitId, Part, Millis)>, Error> {
    conn.query(
        "SELECT unit, part, since FROM membership WHERE person = $1 ORDER BY since, unit",
        params![person],
        |row| {
            let part: String = row.get(1)?;
            Ok((row.get(0)?, crate::person::part_of(&part), row.get(2)?))
        },
    )
}

/// Somebody's part in a unit, whether or not it counts.
pub fn part_in(conn: &mut Conn<'_>, unit: UnitId, person: PersonId) -> Result<Option<Part>, Error> {
    conn.query_opt(
        "SELECT part FROM membership WHERE unit = $1 AND person = $2",
        params![unit, person],
        |row| {
            let part: String = row.get(0)?;
            Ok(crate::person::part_of(&part))
        },
    )
}

/// Puts somebody into a unit with this part, or gives them another.
pub fn put_membership(
    conn: &mut Conn<'_>,
    unit: UnitId,
    person: PersonId,
    part: Part,
    now: Millis,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO membership (unit, person, part, since) VALUES ($1, $2, $3, $4)
         ON CONFLICT (unit, person) DO UPDATE SET part = excluded.part",
        params![unit, person, crate::person::part_key(part), now],
    )?;
    Ok(())
}

/// Takes somebody out of a unit.
pub fn delete_membership(
    conn: &mut Conn<'_>,
    unit: UnitId,
    person: PersonId,
) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM membership WHERE unit = $1 AND person = $2",
        params![unit, person],
    )? > 0)
}

fn read_member(row: &Row<'_>) -> Result<Member, Error> {
    let part: String = row.get(3)?;
    Ok(Member {
        person: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        part: crate::person::part_of(&part),
        since: row.get(4)?,
    })
}

/// One page of the active members with the support permission, responsibles
/// first.
pub fn members_page(
    conn: &mut Conn<'_>,
    unit: UnitId,
    skip: i64,
    limit: i64,
) -> Result<Vec<Member>, Error> {
    let mut sql = Sql::new(
        "SELECT p.id, p.name, p.email, m.part, m.since FROM membership m
         JOIN person p ON p.id = m.person
         WHERE p.active = 1 AND p.support = 1 AND m.unit = ",
    );
    sql.bind(unit);
    sql.push(" ORDER BY m.part DESC, p.name, p.id LIMIT ")
        .number(limit)
        .push(" OFFSET ")
        .bind(skip);
    conn.run(&sql, read_member)
}

/// How many they are.
pub fn members_count(conn: &mut Conn<'_>, unit: UnitId) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM membership m JOIN person p ON p.id = m.person
         WHERE m.unit = $1 AND p.active = 1 AND p.support = 1",
        params![unit],
        |row| row.get(0),
    )
}

/// The responsibles of a unit who can act for it, by name.
pub fn responsibles(conn: &mut Conn<'_>, unit: UnitId) -> Result<Vec<Member>, Error> {
    conn.query(
        "SELECT p.id, p.name, p.email, m.part, m.since FROM membership m
         JOIN person p ON p.id = m.person
         WHERE m.unit = $1 AND m.part = 'responsible' AND p.active = 1 AND p.support = 1
         ORDER BY p.name, p.id",
        params![unit],
        read_member,
    )
}

/// Who can act in these units, by unit, responsibles first: part and name.
pub fn who_is_where(
    conn: &mut Conn<'_>,
    units: &[UnitId],
) -> Result<Vec<(UnitId, Part, String)>, Error> {
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(
        "SELECT m.unit, m.part, p.name FROM membership m JOIN person p ON p.id = m.person
         WHERE p.active = 1 AND p.support = 1 AND m.unit IN ",
    );
    sql.list(units.iter().map(|u| (*u).into()));
    sql.push(" ORDER BY m.unit, m.part DESC, p.name");
    conn.run(&sql, |row| {
        let part: String = row.get(1)?;
        Ok((row.get(0)?, crate::person::part_of(&part), row.get(2)?))
    })
}

/// Active administrators.
pub fn administrators(conn: &mut Conn<'_>) -> Result<Vec<PersonId>, Error> {
    conn.query(
        "SELECT id FROM person WHERE admin = 1 AND active = 1 ORDER BY id",
        params![],
        |row| row.get(0),
    )
}

/// Open tickets that somebody owns; of one unit, or of all.
pub fn owned_open(
    conn: &mut Conn<'_>,
    owner: PersonId,
    unit: Option<UnitId>,
) -> Result<Vec<TicketNumber>, Error> {
    let mut sql = Sql::new("SELECT number FROM ticket WHERE open = 1 AND owner = ");
    sql.bind(owner);
    if let Some(unit) = unit {
        sql.push(" AND unit = ").bind(unit);
    }
    sql.push(" ORDER BY number");
    conn.run(&sql, |row| row.get(0))
}

/// Ends every session of a person.
pub fn end_sessions(conn: &mut Conn<'_>, person: PersonId) -> Result<u64, Error> {
    conn.execute("DELETE FROM session WHERE person = $1", params![person])
}

/// Revokes every token of a person.
pub fn revoke_tokens(conn: &mut Conn<'_>, person: PersonId, now: Millis) -> Result<u64, Error> {
    conn.execute(
        "UPDATE token SET revoked_at = $2 WHERE person = $1 AND revoked_at IS NULL",
        params![person, now],
    )
}

/// Which people to look for; everything that is set must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleFilter {
    /// Words of the name, or of an address; each must be found.
    pub words: Vec<String>,
    /// Holds the support permission, or does not.
    pub support: Option<bool>,
    /// Monitors, or does not.
    pub monitor: Option<bool>,
    /// Administers, or does not.
    pub admin: Option<bool>,
    /// Is not disabled, or is.
    pub active: Option<bool>,
    /// Only who comes after this name and id.
    pub after: Option<(String, PersonId)>,
}

fn like(word: &str) -> String {
    let safe = word
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{safe}%")
}

/// A word as people write names: with a capital.
fn titled(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// People who fit, by name.
///
/// SQLite folds only ASCII letters, so a word is looked for in the three ways in
/// which it stands in names.
pub fn find_people(
    conn: &mut Conn<'_>,
    filter: &PeopleFilter,
    limit: i64,
) -> Result<Vec<Person>, Error> {
    let mut sql = Sql::new(
        "SELECT p.id, p.name, p.email, p.institute, p.community, p.support, p.monitor, p.admin,
           p.active, CAST(CASE WHEN p.password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT),
           p.created_at FROM person p WHERE 1 = 1",
    );
    for word in &filter.words {
        let lower = word.to_lowercase();
        sql.push(" AND (lower(p.name) LIKE ").bind(like(&lower));
        sql.push(" ESCAPE '\\' OR p.name LIKE ").bind(like(word));
        sql.push(" ESCAPE '\\' OR p.name LIKE ")
            .bind(like(&titled(&lower)));
        sql.push(" ESCAPE '\\' OR p.id IN (SELECT person FROM person_email WHERE address LIKE ")
            .bind(like(&lower));
        sql.push(" ESCAPE '\\'))");
    }
    if let Some(support) = filter.support {
        sql.push(" AND p.support = ").bind(support);
    }
    if let Some(monitor) = filter.monitor {
        sql.push(" AND p.monitor = ").bind(monitor);
    }
    if let Some(admin) = filter.admin {
        sql.push(" AND p.admin = ").bind(admin);
    }
    if let Some(active) = filter.active {
        sql.push(" AND p.active = ").bind(active);
    }
    if let Some((name, id)) = &filter.after {
        sql.push(" AND (p.name, p.id) > (").bind(name.as_str());
        sql.push(", ").bind(*id);
        sql.push(")");
    }
    sql.push(" ORDER BY p.name, p.id LIMIT ").number(limit);
    conn.run(&sql, |row| {
        Ok(Person {
            id: row.get(0)?,
            name: row.get(1)?,
            email: row.get(2)?,
            institute: row.get(3)?,
            community: row.get(4)?,
            support: row.get(5)?,
            monitor: row.get(6)?,
            admin: row.get(7)?,
            active: row.get(8)?,
            has_password: row.get(9)?,
            created_at: row.get(10)?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_as_they_are() {
        assert_eq!(like("100%_\\"), "%100\\%\\_\\\\%");
        assert_eq!(titled("évora"), "Évora");
        assert_eq!(titled(""), "");
    }
}
