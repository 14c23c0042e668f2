//! Forms by which providers bring their services in.

use switchboard_core::onboarding::{Form, State};
use switchboard_core::{Millis, PersonId, ProviderId, ServiceId, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::{Row, Sql};

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// New services.
    Entry,
    /// Another way for a service that is here, or other details of its way.
    Move,
}

impl Kind {
    /// The word stored.
    pub fn key(self) -> &'static str {
        match self {
            Kind::Entry => "entry",
            Kind::Move => "move",
        }
    }
}

/// A form with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onboarding {
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub kind: Kind,
    /// How far it has come.
    pub state: State,
    /// Who began it.
    pub author: PersonId,
    /// The provider: of a move, or of what was created.
    pub provider: Option<ProviderId>,
    /// The service, of a move.
    pub service: Option<ServiceId>,
    /// What was typed.
    pub form: Form,
    /// What was typed when an administrator last looked at it.
    pub reviewed: Option<Form>,
    /// The list that somebody who reads it has confirmed.
    pub list_confirmed: Option<String>,
    /// What the last test of the connection found, as JSON.
    pub checked: Option<String>,
    /// What accepting it created, as JSON.
    pub made: Option<String>,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was begun.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// When it was last sent.
    pub submitted_at: Option<Millis>,
}

const COLUMNS: &str = "SELECT o.id, o.kind, o.state, o.author, o.provider, o.service, o.form,
  o.reviewed, o.list_confirmed, o.checked, o.made, o.version, o.created_at, o.updated_at,
  o.submitted_at FROM onboarding o";

fn form(text: &str) -> Result<Form, Error> {
    serde_json::from_str(text).map_err(|e| Error::Corrupt(format!("onboarding form: {e}")))
}

fn json(form: &Form) -> Result<String, Error> {
    serde_json::to_string(form).map_err(|e| Error::Corrupt(format!("form to JSON: {e}")))
}

fn read(row: &Row<'_>) -> Result<Onboarding, Error> {
    let (kind, state): (String, String) = (row.get(1)?, row.get(2)?);
    let typed: String = row.get(6)?;
    let reviewed: Option<String> = row.get(7)?;
    Ok(Onboarding {
        id: row.get(0)?,
        kind: if kind == "move" {
            Kind::Move
        } else {
            Kind::Entry
        },
        state: State::parse(&state)
            .ok_or_else(|| Error::Corrupt(format!("onboarding state {state:?}")))?,
        author: row.get(3)?,
        provider: row.get(4)?,
        service: row.get(5)?,
        form: form(&typed)?,
        reviewed: reviewed.as_deref().map(form).transpose()?,
        list_confirmed: row.get(8)?,
        checked: row.get(9)?,
        made: row.get(10)?,
        version: row.get(11)?,
        created_at: row.get(12)?,
        updated_at: row.get(13)?,
        submitted_at: row.get(14)?,
    })
}

/// Stores a new form.
pub fn insert(conn: &mut Conn<'_>, o: &Onboarding) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO onboarding (id, kind, state, author, provider, service, form, reviewed,
           list_confirmed, checked, made, version, created_at, updated_at, submitted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        params![
            o.id,
            o.kind.key(),
            o.state.key(),
            o.author,
            o.provider,
            o.service,
            json(&o.form)?,
            o.reviewed.as_ref().map(json).transpose()?,
            o.list_confirmed.clone(),
            o.checked.clone(),
            o.made.clone(),
            o.version,
            o.created_at,
            o.updated_at,
            o.submitted_at,
        ],
    )?;
    Ok(())
}

/// Stores a changed form, whose version is one more than the stored one.
/// `false`: somebody changed it meanwhile.
pub fn update(conn: &mut Conn<'_>, o: &Onboarding) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE onboarding SET state = $2, provider = $3, form = $4, reviewed = $5,
           list_confirmed = $6, checked = $7, made = $8, version = $9, updated_at = $10,
           submitted_at = $11 WHERE id = $1 AND version = $12",
        params![
            o.id,
            o.state.key(),
            o.provider,
            json(&o.form)?,
            o.reviewed.as_ref().map(json).transpose()?,
            o.list_confirmed.clone(),
            o.checked.clone(),
            o.made.clone(),
            o.version,
            o.updated_at,
            o.submitted_at,
            o.version - 1,
        ],
    )? > 0)
}

/// Every form there ever was; only for erasing somebody from them.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Onboarding>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" ORDER BY o.created_at, o.id");
    conn.run(&sql, read)
}

/// Stores what was typed, and counts no change; only for erasing somebody from it.
pub fn set_forms(conn: &mut Conn<'_>, o: &Onboarding) -> Result<(), Error> {
    conn.execute(
        "UPDATE onboarding SET form = $2, reviewed = $3 WHERE id = $1",
        params![
            o.id,
            json(&o.form)?,
            o.reviewed.as_ref().map(json).transpose()?,
        ],
    )?;
    Ok(())
}

/// One form.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Onboarding>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE o.id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// The forms that somebody began or that are about providers they are a
/// contact of, the last changed first.
pub fn of_person(
    conn: &mut Conn<'_>,
    person: PersonId,
    limit: i64,
) -> Result<Vec<Onboarding>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE o.author = ")
        .bind(person)
        .push(" OR o.provider IN (SELECT c.provider FROM provider_contact c WHERE c.person = ")
        .bind(person)
        .push(") ORDER BY o.updated_at DESC, o.id LIMIT ")
        .bind(limit);
    conn.run(&sql, read)
}

/// How many forms of somebody are not decided yet.
pub fn undecided(conn: &mut Conn<'_>, person: PersonId) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM onboarding WHERE author = $1
         AND state IN ('draft', 'submitted', 'returned')",
        params![person],
        |row| row.get(0),
    )
}

/// The forms that were sent once: those that wait first, then the last
/// changed.
pub fn sent(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<Onboarding>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE o.state <> 'draft' ORDER BY CASE WHEN o.state = 'submitted' THEN 0 ELSE 1 END, o.updated_at DESC, o.id LIMIT ")
        .bind(limit);
    conn.run(&sql, read)
}

/// The form of a service's move that is not decided yet.
pub fn open_move(conn: &mut Conn<'_>, service: ServiceId) -> Result<Option<Onboarding>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE o.state IN ('draft', 'submitted', 'returned') AND o.service = ")
        .bind(service)
        .push(" ORDER BY o.created_at DESC LIMIT 1");
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Something that was done with a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Millis,
    /// Who.
    pub person: PersonId,
    /// Their name now.
    pub name: String,
    /// `submitted`, `returned`, `refused`, `accepted`, `undone`.
    pub deed: String,
    /// What they said, or empty.
    pub body: String,
}

/// Adds to what was done with a form.
pub fn add_note(
    conn: &mut Conn<'_>,
    id: Uuid,
    onboarding: Uuid,
    at: Millis,
    person: PersonId,
    deed: &str,
    body: &str,
) -> Result<(), Error> {
    let before: i64 = conn.query_one(
        "SELECT COUNT(*) FROM onboarding_note WHERE onboarding = $1",
        params![onboarding],
        |row| row.get(0),
    )?;
    conn.execute(
        "INSERT INTO onboarding_note (id, onboarding, seq, at, person, deed, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![id, onboarding, before + 1, at, person, deed, body],
    )?;
    Ok(())
}

/// What was done with a form, oldest first.
pub fn notes(conn: &mut Conn<'_>, onboarding: Uuid) -> Result<Vec<Note>, Error> {
    conn.query(
        "SELECT n.at, n.person, p.name, n.deed, n.body FROM onboarding_note n
         JOIN person p ON p.id = n.person WHERE n.onboarding = $1 ORDER BY n.seq",
        params![onboarding],
        |row| {
            Ok(Note {
                at: row.get(0)?,
                person: row.get(1)?,
                name: row.get(2)?,
                deed: row.get(3)?,
                body: row.get(4)?,
            })
        },
    )
}

/// Keeps a link by which a list is confirmed; earlier ones of the form end.
pub fn insert_list_check(
    conn: &mut Conn<'_>,
    secret_hash: &[u8],
    onboarding: Uuid,
    address: &str,
    now: Millis,
    expires_at: Millis,
) -> Result<(), Error> {
    end_list_checks(conn, onboarding, now)?;
    conn.execute(
        "INSERT INTO list_check (secret_hash, onboarding, address, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5)",
        params![secret_hash.to_vec(), onboarding, address, now, expires_at],
    )?;
    Ok(())
}

/// How many such links were made for forms of somebody since a time.
pub fn list_checks_since(
    conn: &mut Conn<'_>,
    author: PersonId,
    since: Millis,
) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM list_check k JOIN onboarding o ON o.id = k.onboarding
         WHERE o.author = $1 AND k.created_at > $2",
        params![author, since],
        |row| row.get(0),
    )
}

/// The form and address that a living link is for.
pub fn list_check(
    conn: &mut Conn<'_>,
    secret_hash: &[u8],
    now: Millis,
) -> Result<Option<(Uuid, String)>, Error> {
    conn.query_opt(
        "SELECT onboarding, address FROM list_check WHERE secret_hash = $1 AND expires_at > $2",
        params![secret_hash.to_vec(), now],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// When the living link of a form was sent to this address, by its end.
pub fn list_check_until(
    conn: &mut Conn<'_>,
    onboarding: Uuid,
    address: &str,
    now: Millis,
) -> Result<Option<Millis>, Error> {
    conn.query_opt(
        "SELECT expires_at FROM list_check
         WHERE onboarding = $1 AND address = $2 AND expires_at > $3",
        params![onboarding, address, now],
        |row| row.get(0),
    )
}

/// Ends the links of a form.
pub fn end_list_checks(conn: &mut Conn<'_>, onboarding: Uuid, now: Millis) -> Result<(), Error> {
    conn.execute(
        "UPDATE list_check SET expires_at = $2 WHERE onboarding = $1 AND expires_at > $2",
        params![onboarding, now],
    )?;
    Ok(())
}

/// Notes that somebody who reads the list confirmed it; what its author
/// writes meanwhile is not touched.
pub fn confirm_list(conn: &mut Conn<'_>, onboarding: Uuid, address: &str) -> Result<(), Error> {
    conn.execute(
        "UPDATE onboarding SET list_confirmed = $2 WHERE id = $1",
        params![onboarding, address],
    )?;
    Ok(())
}

/// Notes what a test of the connection found, as JSON.
pub fn set_checked(conn: &mut Conn<'_>, onboarding: Uuid, json: &str) -> Result<(), Error> {
    conn.execute(
        "UPDATE onboarding SET checked = $2 WHERE id = $1",
        params![onboarding, json],
    )?;
    Ok(())
}

/// How many tickets are, or were since that event, with a unit or about a
/// service.
pub fn uses(
    conn: &mut Conn<'_>,
    unit: Option<UnitId>,
    service: Option<ServiceId>,
    since_event: i64,
) -> Result<i64, Error> {
    let now: i64 = conn.query_one(
        "SELECT COUNT(*) FROM ticket WHERE unit = $1 OR service = $2",
        params![unit, service],
        |row| row.get(0),
    )?;
    let word = |id: Option<Uuid>| id.map_or_else(|| "%nothing%".to_owned(), |id| format!("%{id}%"));
    let was: i64 = conn.query_one(
        "SELECT COUNT(*) FROM event WHERE id > $1
         AND kind IN ('opened', 'unit_set', 'service_set') AND (data LIKE $2 OR data LIKE $3)",
        params![
            since_event,
            word(unit.map(|u| u.0)),
            word(service.map(|s| s.0))
        ],
        |row| row.get(0),
    )?;
    Ok(now.max(was))
}

/// Removes a service with its agreements. Fails where something else names it.
pub fn delete_service(conn: &mut Conn<'_>, service: ServiceId) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM coupling WHERE agreement IN (SELECT id FROM agreement WHERE service = $1)",
        params![service],
    )?;
    conn.execute("DELETE FROM agreement WHERE service = $1", params![service])?;
    conn.execute(
        "UPDATE onboarding SET service = NULL WHERE service = $1",
        params![service],
    )?;
    conn.execute("DELETE FROM service WHERE id = $1", params![service])?;
    Ok(())
}

/// Removes a unit that nobody is in. Fails where something else names it.
pub fn delete_unit(conn: &mut Conn<'_>, unit: UnitId) -> Result<(), Error> {
    conn.execute("DELETE FROM unit WHERE id = $1", params![unit])?;
    Ok(())
}

/// Takes a provider's reference off its forms, before it is removed.
pub fn forget_provider(conn: &mut Conn<'_>, provider: ProviderId) -> Result<(), Error> {
    conn.execute(
        "UPDATE onboarding SET provider = NULL WHERE provider = $1",
        params![provider],
    )?;
    Ok(())
}
