//! People, their addresses, sessions and tokens.

use switchboard_core::{Membership, Millis, Part, PersonId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// A human being.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// The name shown.
    pub name: String,
    /// The address mail goes to.
    pub email: Option<String>,
    /// Their home institute, or empty.
    pub institute: String,
    /// Their community's key.
    pub community: Option<String>,
    /// Support permission was granted.
    pub support: bool,
    /// They watch overdue tickets of all units.
    pub monitor: bool,
    /// They administer the desk.
    pub admin: bool,
    /// A person who was switched off can do nothing.
    pub active: bool,
    /// They can sign in with a password.
    pub has_password: bool,
    /// When they first came.
    pub created_at: Millis,
}

impl Person {
    /// Somebody who has just become known: without any right and without a password.
    pub fn fresh(id: PersonId, name: String, email: Option<String>, now: Millis) -> Person {
        Person {
            id,
            name,
            email,
            institute: String::new(),
            community: None,
            support: false,
            monitor: false,
            admin: false,
            active: true,
            has_password: false,
            created_at: now,
        }
    }
}

const COLUMNS: &str = "SELECT p.id, p.name, p.email, p.institute, p.community, p.support,
  p.monitor, p.admin, p.active,
  CAST(CASE WHEN p.password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT), p.created_at FROM person p";

fn read(row: &Row<'_>) -> Result<Person, Error> {
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
}

/// Stores a new person; `email`, if any, becomes their first address.
pub fn insert(
    conn: &mut Conn<'_>,
    person: &Person,
    password_hash: Option<&str>,
    email_verified: bool,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO person (id, name, email, institute, community, password_hash, support,
           monitor, admin, active, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        params![
            person.id,
            person.name.as_str(),
            person.email.clone(),
            person.institute.as_str(),
            person.community.clone(),
            password_hash.map(str::to_owned),
            person.support,
            person.monitor,
            person.admin,
            person.active,
            person.created_at,
        ],
    )?;
    if let Some(email) = &person.email {
        conn.execute(
            "INSERT INTO person_email (address, person, verified) VALUES ($1, $2, $3)",
            params![email.as_str(), person.id, email_verified],
        )?;
    }
    Ok(())
}

/// Sets name, institute, community, permissions and whether they are active.
pub fn update(conn: &mut Conn<'_>, person: &Person, now: Millis) -> Result<(), Error> {
    conn.execute(
        "UPDATE person SET name = $2, institute = $3, community = $4,
           community_said = CASE WHEN CAST($4 AS TEXT) IS NULL THEN community_said ELSE NULL END,
           support = $5, monitor = $6,
           admin = $7, active = $8, updated_at = $9 WHERE id = $1",
        params![
            person.id,
            person.name.as_str(),
            person.institute.as_str(),
            person.community.clone(),
            person.support,
            person.monitor,
            person.admin,
            person.active,
            now,
        ],
    )?;
    Ok(())
}

/// Sets the password's hash.
pub fn set_password(
    conn: &mut Conn<'_>,
    person: PersonId,
    hash: &str,
    now: Millis,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE person SET password_hash = $2, updated_at = $3 WHERE id = $1",
        params![person, hash, now],
    )?;
    Ok(())
}

/// The password's hash, when they have one and are active.
pub fn password_hash(conn: &mut Conn<'_>, person: PersonId) -> Result<Option<String>, Error> {
    Ok(conn
        .query_opt(
            "SELECT password_hash FROM person WHERE id = $1 AND active = 1",
            params![person],
            |row| row.get::<Option<String>>(0),
        )?
        .flatten())
}

/// One person.
pub fn load(conn: &mut Conn<'_>, id: PersonId) -> Result<Option<Person>, Error> {
    let mut sql = crate::value::Sql::new(COLUMNS);
    sql.push(" WHERE p.id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Several people, in no order; unknown ids are left out.
pub fn load_many(conn: &mut Conn<'_>, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = crate::value::Sql::new(COLUMNS);
    sql.push(" WHERE p.id IN ")
        .list(ids.iter().map(|id| (*id).into()));
    conn.run(&sql, read)
}

/// What is shown of a person beside a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Their id.
    pub id: PersonId,
    /// The name shown.
    pub name: String,
    /// The address mail goes to.
    pub email: Option<String>,
}

fn read_named(row: &Row<'_>) -> Result<Named, Error> {
    Ok(Named {
        id: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
    })
}

/// Names of several people, in no order; unknown ids are left out.
pub fn named(conn: &mut Conn<'_>, ids: &[PersonId]) -> Result<Vec<Named>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = crate::value::Sql::new("SELECT id, name, email FROM person WHERE id IN ");
    sql.list(ids.iter().map(|id| (*id).into()));
    conn.run(&sql, read_named)
}

const ON_TICKET: &str = "SELECT p.id, p.name, p.email FROM person p WHERE p.id IN (
    SELECT requester FROM ticket WHERE number = $1
    UNION ALL SELECT owner FROM ticket WHERE number = $1
    UNION ALL SELECT person FROM party WHERE ticket = $1)";

/// Has [`on_ticket`] answered together with the next statement.
pub(crate) fn expect_on_ticket(
    conn: &mut Conn<'_>,
    number: switchboard_core::TicketNumber,
) -> Result<(), Error> {
    conn.expect(ON_TICKET, params![number])
}

/// Names of a ticket's requester, owner and parties.
pub(crate) fn on_ticket(
    conn: &mut Conn<'_>,
    number: switchboard_core::TicketNumber,
) -> Result<Vec<Named>, Error> {
    conn.query(ON_TICKET, params![number], read_named)
}

/// Whose canonical address this is.
pub fn by_email(conn: &mut Conn<'_>, address: &str) -> Result<Option<Person>, Error> {
    let mut sql = crate::value::Sql::new(COLUMNS);
    sql.push(" JOIN person_email e ON e.person = p.id WHERE e.address = ")
        .bind(address);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Whose canonical addresses these are, of those who may sign in; in no order.
pub fn of_addresses(
    conn: &mut Conn<'_>,
    addresses: &[&str],
) -> Result<Vec<(String, PersonId)>, Error> {
    let mut sql = crate::value::Sql::new(
        "SELECT e.address, e.person FROM person_email e JOIN person p ON p.id = e.person
         WHERE p.active = 1 AND e.address IN ",
    );
    sql.list(addresses.iter().map(|address| (*address).into()));
    conn.run(&sql, |row| Ok((row.get(0)?, row.get(1)?)))
}

/// What somebody typed as their community while that was any text, and it is none of
/// those that there are.
pub fn community_said(conn: &mut Conn<'_>, id: PersonId) -> Result<Option<String>, Error> {
    let found = conn.query_opt(
        "SELECT community_said FROM person WHERE id = $1",
        params![id],
        |row| row.get(0),
    )?;
    Ok(found.flatten())
}

/// Whether the address was proved to be the person's.
pub fn email_verified(conn: &mut Conn<'_>, address: &str) -> Result<bool, Error> {
    Ok(conn
        .query_opt(
            "SELECT verified FROM person_email WHERE address = $1",
            params![address],
            |row| row.get(0),
        )?
        .unwrap_or(false))
}

/// All addresses of a person.
pub fn emails(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<(String, bool)>, Error> {
    conn.query(
        "SELECT address, verified FROM person_email WHERE person = $1 ORDER BY address",
        params![person],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Where somebody works.
pub fn memberships(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<Membership>, Error> {
    conn.query(
        "SELECT m.unit, m.part, u.first_level, p.id FROM membership m
         JOIN unit u ON u.id = m.unit LEFT JOIN portal p ON p.unit = u.id
         WHERE m.person = $1 AND u.active = 1 ORDER BY u.name",
        params![person],
        |row| {
            let part: String = row.get(1)?;
            Ok(Membership {
                unit: row.get(0)?,
                part: part_of(&part),
                first_level: row.get(2)?,
                portal: row.get(3)?,
            })
        },
    )
}

/// Reads a stored part; anything unknown gives the lesser rights.
pub(crate) fn part_of(word: &str) -> Part {
    if word == "responsible" {
        Part::Responsible
    } else {
        Part::Member
    }
}

/// The word stored for a part.
pub fn part_key(part: Part) -> &'static str {
    match part {
        Part::Member => "member",
        Part::Responsible => "responsible",
    }
}

/// Everybody who administers the desk.
pub fn admins(conn: &mut Conn<'_>) -> Result<Vec<Person>, Error> {
    let mut sql = crate::value::Sql::new(COLUMNS);
    sql.push(" WHERE p.admin = 1 AND p.active = 1 ORDER BY p.name");
    conn.run(&sql, read)
}

/// Everybody who watches overdue tickets.
pub fn monitors(conn: &mut Conn<'_>) -> Result<Vec<PersonId>, Error> {
    conn.query(
        "SELECT id FROM person WHERE monitor = 1 AND active = 1",
        params![],
        |row| row.get(0),
    )
}

/// A browser's session.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// SHA-256 of the cookie's secret.
    pub id_hash: Vec<u8>,
    /// Whose.
    pub person: PersonId,
    /// The secret that every form carries.
    pub csrf: String,
    /// When it began.
    pub created_at: Millis,
    /// When it was last used (to the minute).
    pub seen_at: Millis,
    /// When it ends.
    pub expires_at: Millis,
    /// The browser, as it calls itself.
    pub agent: String,
    /// When the person last proved in it who they are.
    pub proved_at: Millis,
}

fn read_session(row: &Row<'_>) -> Result<Session, Error> {
    Ok(Session {
        id_hash: row.get(0)?,
        person: row.get(1)?,
        csrf: row.get(2)?,
        created_at: row.get(3)?,
        seen_at: row.get(4)?,
        expires_at: row.get(5)?,
        agent: row.get(6)?,
        proved_at: row.get(7)?,
    })
}

/// Begins a session.
pub fn insert_session(conn: &mut Conn<'_>, s: &Session) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO session (id_hash, person, csrf, created_at, seen_at, expires_at, agent,
           proved_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            s.id_hash.clone(),
            s.person,
            s.csrf.as_str(),
            s.created_at,
            s.seen_at,
            s.expires_at,
            s.agent.as_str(),
            s.proved_at,
        ],
    )?;
    Ok(())
}

/// The living session of an active person.
pub fn session(conn: &mut Conn<'_>, id_hash: &[u8], now: Millis) -> Result<Option<Session>, Error> {
    conn.query_opt(
        "SELECT s.id_hash, s.person, s.csrf, s.created_at, s.seen_at, s.expires_at, s.agent,
           s.proved_at
         FROM session s JOIN person p ON p.id = s.person
         WHERE s.id_hash = $1 AND s.expires_at > $2 AND p.active = 1",
        params![id_hash.to_vec(), now],
        read_session,
    )
}

/// A person's living sessions, newest first.
pub fn sessions(conn: &mut Conn<'_>, person: PersonId, now: Millis) -> Result<Vec<Session>, Error> {
    conn.query(
        "SELECT id_hash, person, csrf, created_at, seen_at, expires_at, agent, proved_at
         FROM session WHERE person = $1 AND expires_at > $2 ORDER BY seen_at DESC",
        params![person, now],
        read_session,
    )
}

/// Notes that a session was used, and until when it lives.
pub fn touch_session(
    conn: &mut Conn<'_>,
    id_hash: &[u8],
    seen_at: Millis,
    expires_at: Millis,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE session SET seen_at = $2, expires_at = $3 WHERE id_hash = $1",
        params![id_hash.to_vec(), seen_at, expires_at],
    )?;
    Ok(())
}

/// Ends one session.
pub fn delete_session(
    conn: &mut Conn<'_>,
    person: PersonId,
    id_hash: &[u8],
) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM session WHERE id_hash = $1 AND person = $2",
        params![id_hash.to_vec(), person],
    )? > 0)
}

/// Ends all sessions of a person but one; says how many.
pub fn delete_sessions_but(
    conn: &mut Conn<'_>,
    person: PersonId,
    but: &[u8],
) -> Result<u64, Error> {
    conn.execute(
        "DELETE FROM session WHERE person = $1 AND id_hash <> $2",
        params![person, but.to_vec()],
    )
}

/// Goes on with a session under another name and other forms. `false`: it is
/// not there any more.
pub fn rename_session(
    conn: &mut Conn<'_>,
    id_hash: &[u8],
    fresh: &[u8],
    csrf: &str,
    proved_at: Millis,
) -> Result<bool, Error> {
    // Logging out at a provider has to find it again.
    conn.execute(
        "UPDATE federated_session SET session = $2 WHERE session = $1",
        params![id_hash.to_vec(), fresh.to_vec()],
    )?;
    Ok(conn.execute(
        "UPDATE session SET id_hash = $2, csrf = $3, proved_at = $4 WHERE id_hash = $1",
        params![id_hash.to_vec(), fresh.to_vec(), csrf, proved_at],
    )? > 0)
}

/// Ends all sessions that are over.
pub fn sweep_sessions(conn: &mut Conn<'_>, now: Millis) -> Result<u64, Error> {
    conn.execute(
        "DELETE FROM login_failure WHERE at < $1",
        params![now - 86_400_000],
    )?;
    conn.execute("DELETE FROM session WHERE expires_at <= $1", params![now])
}

/// A token for scripts and other desks.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Its id, for revoking it.
    pub id: Uuid,
    /// Whose rights it has at most.
    pub person: PersonId,
    /// What it is for.
    pub name: String,
    /// What it may do, by name.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends.
    pub expires_at: Option<Millis>,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
}

fn read_token(row: &Row<'_>) -> Result<Token, Error> {
    let scopes: String = row.get(3)?;
    Ok(Token {
        id: row.get(0)?,
        person: row.get(1)?,
        name: row.get(2)?,
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        created_at: row.get(4)?,
        expires_at: row.get(5)?,
        revoked_at: row.get(6)?,
    })
}

/// Stores a token under its secret's hash.
pub fn insert_token(conn: &mut Conn<'_>, t: &Token, secret_hash: &[u8]) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO token (id, secret_hash, person, name, scopes, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            t.id,
            secret_hash.to_vec(),
            t.person,
            t.name.as_str(),
            t.scopes.join(" "),
            t.created_at,
            t.expires_at,
        ],
    )?;
    Ok(())
}

/// The living token of an active person.
pub fn token(conn: &mut Conn<'_>, secret_hash: &[u8], now: Millis) -> Result<Option<Token>, Error> {
    conn.query_opt(
        "SELECT t.id, t.person, t.name, t.scopes, t.created_at, t.expires_at, t.revoked_at
         FROM token t JOIN person p ON p.id = t.person
         WHERE t.secret_hash = $1 AND t.revoked_at IS NULL AND p.active = 1
           AND (t.expires_at IS NULL OR t.expires_at > $2)",
        params![secret_hash.to_vec(), now],
        read_token,
    )
}

/// A person's tokens, newest first.
pub fn tokens(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<Token>, Error> {
    conn.query(
        "SELECT id, person, name, scopes, created_at, expires_at, revoked_at
         FROM token WHERE person = $1 ORDER BY created_at DESC",
        params![person],
        read_token,
    )
}

/// Revokes a person's token.
pub fn revoke_token(
    conn: &mut Conn<'_>,
    person: PersonId,
    id: Uuid,
    now: Millis,
) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE token SET revoked_at = $3 WHERE id = $1 AND person = $2 AND revoked_at IS NULL",
        params![id, person, now],
    )? > 0)
}

/// Notes a failed sign-in.
pub fn login_failed(conn: &mut Conn<'_>, subject: &str, now: Millis) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO login_failure (subject, at) VALUES ($1, $2)",
        params![subject, now],
    )?;
    Ok(())
}

/// How often sign-in failed for a subject since a time.
pub fn login_failures(conn: &mut Conn<'_>, subject: &str, since: Millis) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM login_failure WHERE subject = $1 AND at >= $2",
        params![subject, since],
        |row| row.get(0),
    )
}

/// Forgets a subject's failures after a sign-in that worked.
pub fn login_worked(conn: &mut Conn<'_>, subject: &str) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM login_failure WHERE subject = $1",
        params![subject],
    )?;
    Ok(())
}

/// A saved search.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedView {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The query.
    pub query: String,
}

/// A person's saved searches by name.
pub fn saved_views(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<SavedView>, Error> {
    conn.query(
        "SELECT id, name, query FROM saved_view WHERE person = $1 ORDER BY name",
        params![person],
        |row| {
            Ok(SavedView {
                id: row.get(0)?,
                name: row.get(1)?,
                query: row.get(2)?,
            })
        },
    )
}

/// Saves a search under a name; the same name replaces.
pub fn save_view(conn: &mut Conn<'_>, person: PersonId, view: &SavedView) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO saved_view (id, person, name, query) VALUES ($1, $2, $3, $4)
         ON CONFLICT (person, name) DO UPDATE SET query = excluded.query",
        params![view.id, person, view.name.as_str(), view.query.as_str()],
    )?;
    Ok(())
}

/// Forgets a saved search.
pub fn delete_view(conn: &mut Conn<'_>, person: PersonId, id: Uuid) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM saved_view WHERE id = $1 AND person = $2",
        params![id, person],
    )? > 0)
}
