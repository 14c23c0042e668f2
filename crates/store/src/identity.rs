//! Whom issuers mean by their subjects, sign-ins under way, and rights that
//! came by entitlements.

use switchboard_core::{Millis, PersonId, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// One way in of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub id: Uuid,
    /// Who vouches for it.
    pub issuer: String,
    /// Whom they mean.
    pub subject: String,
    /// The provider it came by; `None`: that one was taken away.
    pub provider: Option<Uuid>,
    /// Whose it is.
    pub person: PersonId,
    /// The name that the provider last gave.
    pub name: String,
    /// The address that the provider last gave.
    pub email: Option<String>,
    /// The entitlements that the provider last gave.
    pub entitlements: Vec<String>,
    /// When it was linked.
    pub linked_at: Millis,
    /// When somebody last signed in with it.
    pub seen_at: Millis,
}

const COLUMNS: &str = "SELECT id, issuer, subject, provider, person, name, email, entitlements,
  linked_at, seen_at FROM identity";

fn read(row: &Row<'_>) -> Result<Identity, Error> {
    let entitlements: String = row.get(7)?;
    Ok(Identity {
        id: row.get(0)?,
        issuer: row.get(1)?,
        subject: row.get(2)?,
        provider: row.get(3)?,
        person: row.get(4)?,
        name: row.get(5)?,
        email: row.get(6)?,
        entitlements: serde_json::from_str(&entitlements)
            .map_err(|e| Error::Corrupt(format!("entitlements: {e}")))?,
        linked_at: row.get(8)?,
        seen_at: row.get(9)?,
    })
}

/// Whom an issuer means.
pub fn find(conn: &mut Conn<'_>, issuer: &str, subject: &str) -> Result<Option<Identity>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE issuer = ").bind(issuer);
    sql.push(" AND subject = ").bind(subject);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// The identities of a person, oldest first.
pub fn of_person(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<Identity>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE person = ").bind(person);
    sql.push(" ORDER BY linked_at, id");
    conn.run(&sql, read)
}

/// Every identity, for trying rules out; `after` is the last id seen.
pub fn after(conn: &mut Conn<'_>, after: Uuid, limit: i64) -> Result<Vec<Identity>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE id > ").bind(after);
    sql.push(" ORDER BY id LIMIT ").bind(limit);
    conn.run(&sql, read)
}

/// Stores an identity, new or seen again; whose it is never changes.
pub fn save(conn: &mut Conn<'_>, i: &Identity) -> Result<(), Error> {
    let entitlements = serde_json::to_string(&i.entitlements)
        .map_err(|e| Error::Corrupt(format!("entitlements to JSON: {e}")))?;
    conn.execute(
        "INSERT INTO identity (id, issuer, subject, provider, person, name, email, entitlements,
           linked_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (id) DO UPDATE SET provider = excluded.provider, name = excluded.name,
           email = excluded.email, entitlements = excluded.entitlements,
           seen_at = excluded.seen_at",
        params![
            i.id,
            i.issuer.as_str(),
            i.subject.as_str(),
            i.provider,
            i.person,
            i.name.as_str(),
            i.email.clone(),
            entitlements,
            i.linked_at,
            i.seen_at,
        ],
    )?;
    Ok(())
}

/// Takes an identity away; sessions that began with it end.
pub fn delete(conn: &mut Conn<'_>, id: Uuid) -> Result<(), Error> {
    end_sessions(conn, id, None)?;
    conn.execute("DELETE FROM identity WHERE id = $1", params![id])?;
    Ok(())
}

/// A sign-in on its way to a provider and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The provider.
    pub provider: Uuid,
    /// SHA-256 of the cookie of the browser that went.
    pub browser_hash: Vec<u8>,
    /// Where it came from.
    pub network: String,
    /// Where to go then.
    pub next: String,
    /// Who links it to their account.
    pub linker: Option<PersonId>,
    /// What came back, until they confirm.
    pub proof: Option<String>,
    /// When it is over.
    pub expires_at: Millis,
}

/// Keeps a sign-in that goes out.
pub fn insert_pending(conn: &mut Conn<'_>, state_hash: &[u8], p: &Pending) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO pending_sign_in (state_hash, browser_hash, provider, network, next, linker,
           proof, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            state_hash.to_vec(),
            p.browser_hash.clone(),
            p.provider,
            p.network.as_str(),
            p.next.as_str(),
            p.linker,
            p.proof.clone(),
            p.expires_at,
        ],
    )?;
    Ok(())
}

/// A sign-in that is under way.
pub fn pending(
    conn: &mut Conn<'_>,
    state_hash: &[u8],
    now: Millis,
) -> Result<Option<Pending>, Error> {
    conn.query_opt(
        "SELECT provider, browser_hash, network, next, linker, proof, expires_at
         FROM pending_sign_in WHERE state_hash = $1 AND expires_at > $2",
        params![state_hash.to_vec(), now],
        |row| {
            Ok(Pending {
                provider: row.get(0)?,
                browser_hash: row.get(1)?,
                network: row.get(2)?,
                next: row.get(3)?,
                linker: row.get(4)?,
                proof: row.get(5)?,
                expires_at: row.get(6)?,
            })
        },
    )
}

/// Uses a sign-in up; `false`: somebody was faster.
pub fn take_pending(conn: &mut Conn<'_>, state_hash: &[u8]) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM pending_sign_in WHERE state_hash = $1",
        params![state_hash.to_vec()],
    )? > 0)
}

/// How many sign-ins from a network are under way.
pub fn count_pending(conn: &mut Conn<'_>, network: &str, now: Millis) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM pending_sign_in WHERE network = $1 AND expires_at > $2",
        params![network, now],
        |row| row.get(0),
    )
}

/// Forgets sign-ins that never came back, logout tokens that have run out, and
/// what is said of sessions that are gone.
pub fn sweep(conn: &mut Conn<'_>, now: Millis) -> Result<u64, Error> {
    conn.execute(
        "DELETE FROM logout_token WHERE expires_at <= $1",
        params![now],
    )?;
    conn.execute(
        "DELETE FROM federated_session WHERE NOT EXISTS
           (SELECT 1 FROM session s WHERE s.id_hash = federated_session.session)",
        params![],
    )?;
    conn.execute(
        "DELETE FROM pending_sign_in WHERE expires_at <= $1",
        params![now],
    )
}

/// Notes by which identity a session began.
pub fn note_session(
    conn: &mut Conn<'_>,
    session: &[u8],
    identity: Uuid,
    sid: Option<&str>,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO federated_session (session, identity, sid) VALUES ($1, $2, $3)
         ON CONFLICT (session) DO UPDATE SET identity = excluded.identity, sid = excluded.sid",
        params![session.to_vec(), identity, sid.map(str::to_owned)],
    )?;
    Ok(())
}

/// The provider by which a session began.
pub fn provider_of_session(conn: &mut Conn<'_>, session: &[u8]) -> Result<Option<Uuid>, Error> {
    Ok(conn
        .query_opt(
            "SELECT i.provider FROM federated_session f JOIN identity i ON i.id = f.identity
             WHERE f.session = $1",
            params![session.to_vec()],
            |row| row.get::<Option<Uuid>>(0),
        )?
        .flatten())
}

/// Ends the sessions that began with an identity; with `sid` only those of that
/// session at the provider.
pub fn end_sessions(conn: &mut Conn<'_>, identity: Uuid, sid: Option<&str>) -> Result<u64, Error> {
    let sid = sid.map(str::to_owned);
    let ended = conn.execute(
        "DELETE FROM session WHERE id_hash IN
           (SELECT session FROM federated_session WHERE identity = $1
             AND (CAST($2 AS TEXT) IS NULL OR sid = $2))",
        params![identity, sid.clone()],
    )?;
    conn.execute(
        "DELETE FROM federated_session WHERE identity = $1
           AND (CAST($2 AS TEXT) IS NULL OR sid = $2)",
        params![identity, sid.clone()],
    )?;
    // Who has still to give the second step does not come in either.
    conn.execute(
        "DELETE FROM second_step WHERE identity = $1
           AND (CAST($2 AS TEXT) IS NULL OR sid = $2)",
        params![identity, sid],
    )?;
    Ok(ended)
}

/// The identities of an issuer that have a session of this name there.
pub fn by_sid(conn: &mut Conn<'_>, issuer: &str, sid: &str) -> Result<Vec<Identity>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE issuer = ").bind(issuer);
    sql.push(" AND (id IN (SELECT identity FROM federated_session WHERE sid = ")
        .bind(sid);
    sql.push(") OR id IN (SELECT identity FROM second_step WHERE sid = ")
        .bind(sid);
    sql.push("))");
    conn.run(&sql, read)
}

/// Heeds a logout token; `false`: it was heeded before.
pub fn heed_logout(conn: &mut Conn<'_>, jti_hash: &[u8], until: Millis) -> Result<bool, Error> {
    Ok(conn.execute(
        "INSERT INTO logout_token (jti_hash, expires_at) VALUES ($1, $2)
         ON CONFLICT (jti_hash) DO NOTHING",
        params![jti_hash.to_vec(), until],
    )? > 0)
}

/// What somebody has by entitlements, as JSON.
pub fn entitled(conn: &mut Conn<'_>, person: PersonId) -> Result<Option<String>, Error> {
    conn.query_opt(
        "SELECT held FROM entitled WHERE person = $1",
        params![person],
        |row| row.get(0),
    )
}

/// Remembers what somebody has by entitlements.
pub fn set_entitled(
    conn: &mut Conn<'_>,
    person: PersonId,
    held: &str,
    now: Millis,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO entitled (person, held, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (person) DO UPDATE SET held = excluded.held, updated_at = excluded.updated_at",
        params![person, held, now],
    )?;
    Ok(())
}

/// The active units of which somebody is the only responsible who can act.
pub fn alone_responsible(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<UnitId>, Error> {
    conn.query(
        "SELECT m.unit FROM membership m JOIN unit u ON u.id = m.unit AND u.active = 1
         WHERE m.person = $1 AND m.part = 'responsible'
           AND NOT EXISTS (SELECT 1 FROM membership o JOIN person p ON p.id = o.person
             WHERE o.unit = m.unit AND o.person <> m.person AND o.part = 'responsible'
               AND p.active = 1 AND p.support = 1)",
        params![person],
        |row| row.get(0),
    )
}

/// Everywhere somebody is a member, retired units too.
pub fn parts(
    conn: &mut Conn<'_>,
    person: PersonId,
) -> Result<Vec<(UnitId, switchboard_core::Part)>, Error> {
    conn.query(
        "SELECT unit, part FROM membership WHERE person = $1",
        params![person],
        |row| {
            let part: String = row.get(1)?;
            Ok((row.get(0)?, crate::person::part_of(&part)))
        },
    )
}
