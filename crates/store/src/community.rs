//! Communities (VOs), and who is of them.

use serde::{Deserialize, Serialize};
use switchboard_core::{Millis, PersonId};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;

/// The part of a community that is only read whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct CommunityDoc {
    /// Other names people use for it.
    pub aliases: Vec<String>,
}

/// A community of users: a virtual organisation, a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Community {
    /// Its key, as it stands in tickets: `vo.climadapt.eu`. Never changed.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it is, in a few words.
    pub description: String,
    /// People may join by themselves.
    pub open: bool,
    /// A retired community takes neither people nor tickets.
    pub active: bool,
    /// Everything else.
    pub doc: CommunityDoc,
}

/// How somebody came to a community. Each way is kept by itself: who loses the
/// entitlement stays when an administrator put them there, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// An administrator put them there.
    Hand,
    /// They joined an open community.
    Choice,
    /// Their home organisation or proxy says so at sign-in.
    Entitlement,
}

impl Via {
    /// The word stored.
    pub fn key(self) -> &'static str {
        match self {
            Via::Hand => "hand",
            Via::Choice => "choice",
            Via::Entitlement => "entitlement",
        }
    }

    /// Reads a stored word; anything unknown counts as an administrator's deed.
    fn of(word: &str) -> Via {
        match word {
            "choice" => Via::Choice,
            "entitlement" => Via::Entitlement,
            _ => Via::Hand,
        }
    }
}

/// Stores a community, new or changed.
pub fn save(conn: &mut Conn<'_>, c: &Community, now: Millis) -> Result<(), Error> {
    let doc = serde_json::to_string(&c.doc)
        .map_err(|e| Error::Corrupt(format!("community to JSON: {e}")))?;
    conn.execute(
        "INSERT INTO community (key, name, description, open, active, doc, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (key) DO UPDATE SET name = excluded.name,
           description = excluded.description, open = excluded.open, active = excluded.active,
           doc = excluded.doc, updated_at = excluded.updated_at",
        params![
            c.key.as_str(),
            c.name.as_str(),
            c.description.as_str(),
            c.open,
            c.active,
            doc,
            now,
        ],
    )?;
    Ok(())
}

/// Every community, by name.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Community>, Error> {
    conn.query(
        "SELECT key, name, description, open, active, doc FROM community ORDER BY name, key",
        params![],
        |row| {
            let doc: String = row.get(5)?;
            Ok(Community {
                key: row.get(0)?,
                name: row.get(1)?,
                description: row.get(2)?,
                open: row.get(3)?,
                active: row.get(4)?,
                doc: serde_json::from_str(&doc)
                    .map_err(|e| Error::Corrupt(format!("community document: {e}")))?,
            })
        },
    )
}

/// Puts somebody into a community this way; `false`: they were there already.
pub fn join(
    conn: &mut Conn<'_>,
    person: PersonId,
    community: &str,
    via: Via,
    now: Millis,
) -> Result<bool, Error> {
    Ok(conn.execute(
        "INSERT INTO person_community (person, community, via, since) VALUES ($1, $2, $3, $4)
         ON CONFLICT (person, community, via) DO NOTHING",
        params![person, community, via.key(), now],
    )? > 0)
}

/// Ends one way of being in a community; `false`: they were not there this way.
pub fn leave(
    conn: &mut Conn<'_>,
    person: PersonId,
    community: &str,
    via: Via,
) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM person_community WHERE person = $1 AND community = $2 AND via = $3",
        params![person, community, via.key()],
    )? > 0)
}

/// The keys of somebody's communities that are not retired, sorted.
///
/// With each: whether somebody else says that they are of it, and not only they
/// themselves.
pub fn keys_of(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<(String, bool)>, Error> {
    conn.query(
        "SELECT p.community,
           MAX(CASE WHEN p.via = 'choice' THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END)
         FROM person_community p
         JOIN community c ON c.key = p.community
         WHERE p.person = $1 AND c.active = 1 GROUP BY p.community ORDER BY p.community",
        params![person],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Somebody's communities, in every way they have them, by key.
pub fn of_person(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<(String, Via)>, Error> {
    conn.query(
        "SELECT community, via FROM person_community WHERE person = $1 ORDER BY community, via",
        params![person],
        |row| {
            let via: String = row.get(1)?;
            Ok((row.get(0)?, Via::of(&via)))
        },
    )
}

/// One of a community's people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fellow {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
    /// How they came.
    pub via: Via,
    /// Since when.
    pub since: Millis,
}

/// The first of a community's people by name, one row for each
/// way they came.
pub fn people(conn: &mut Conn<'_>, community: &str, limit: i64) -> Result<Vec<Fellow>, Error> {
    conn.query(
        "SELECT p.id, p.name, p.email, m.via, m.since FROM person_community m
         JOIN person p ON p.id = m.person
         WHERE m.community = $1 AND p.active = 1 ORDER BY p.name, p.id, m.via LIMIT $2",
        params![community, limit],
        |row| {
            let via: String = row.get(3)?;
            Ok(Fellow {
                person: row.get(0)?,
                name: row.get(1)?,
                email: row.get(2)?,
                via: Via::of(&via),
                since: row.get(4)?,
            })
        },
    )
}

/// How many people each community has.
pub fn sizes(conn: &mut Conn<'_>) -> Result<Vec<(String, i64)>, Error> {
    conn.query(
        "SELECT community, COUNT(DISTINCT person) FROM person_community GROUP BY community",
        params![],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}
