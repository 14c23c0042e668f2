//! Second factors: an authenticator app, passkeys, recovery codes.

use switchboard_core::{Millis, PersonId};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// The authenticator app of a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Totp {
    /// Its secret; `None`: none is confirmed.
    pub secret: Option<Vec<u8>>,
    /// Since when.
    pub since: Option<Millis>,
    /// The last 30 s step whose code was taken.
    pub last_step: i64,
    /// A secret that was shown and waits for its first code.
    pub fresh: Option<Vec<u8>>,
    /// When that was shown.
    pub fresh_at: Option<Millis>,
}

/// The authenticator app of a person, or one on its way.
pub fn totp(conn: &mut Conn<'_>, person: PersonId) -> Result<Option<Totp>, Error> {
    conn.query_opt(
        "SELECT secret, since, last_step, fresh, fresh_at FROM totp WHERE person = $1",
        params![person],
        |row| {
            Ok(Totp {
                secret: row.get(0)?,
                since: row.get(1)?,
                last_step: row.get(2)?,
                fresh: row.get(3)?,
                fresh_at: row.get(4)?,
            })
        },
    )
}

/// Keeps a secret that is shown, until its first code comes.
pub fn offer_totp(
    conn: &mut Conn<'_>,
    person: PersonId,
    fresh: &[u8],
    now: Millis,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO totp (person, last_step, fresh, fresh_at) VALUES ($1, 0, $2, $3)
         ON CONFLICT (person) DO UPDATE SET fresh = excluded.fresh, fresh_at = excluded.fresh_at",
        params![person, fresh.to_vec(), now],
    )?;
    Ok(())
}

/// The secret that was shown is the person's from now on; the code of `step`
/// is used up by that. `false`: none was shown any more.
pub fn confirm_totp(
    conn: &mut Conn<'_>,
    person: PersonId,
    step: i64,
    now: Millis,
) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE totp SET secret = fresh, since = $3, last_step = $2, fresh = NULL, fresh_at = NULL
         WHERE person = $1 AND fresh IS NOT NULL",
        params![person, step, now],
    )? > 0)
}

/// The secrets of an authenticator app, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seeds {
    /// The one that codes are checked with.
    pub secret: Option<Vec<u8>>,
    /// The one that waits for its first code.
    pub fresh: Option<Vec<u8>>,
}

/// Everybody's, for sealing them anew.
pub fn seeds(conn: &mut Conn<'_>) -> Result<Vec<(PersonId, Seeds)>, Error> {
    conn.query(
        "SELECT person, secret, fresh FROM totp ORDER BY person",
        params![],
        |row| {
            Ok((
                row.get(0)?,
                Seeds {
                    secret: row.get(1)?,
                    fresh: row.get(2)?,
                },
            ))
        },
    )
}

/// Stores the same secrets, sealed anew.
pub fn put_seeds(conn: &mut Conn<'_>, person: PersonId, seeds: &Seeds) -> Result<(), Error> {
    conn.execute(
        "UPDATE totp SET secret = $2, fresh = $3 WHERE person = $1",
        params![person, seeds.secret.clone(), seeds.fresh.clone()],
    )?;
    Ok(())
}

/// Uses up a step and all before it. `false`: it was used already.
pub fn use_totp_step(conn: &mut Conn<'_>, person: PersonId, step: i64) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE totp SET last_step = $2
         WHERE person = $1 AND last_step < $2 AND secret IS NOT NULL",
        params![person, step],
    )? > 0)
}

/// Forgets the authenticator app. `false`: there was none.
pub fn delete_totp(conn: &mut Conn<'_>, person: PersonId) -> Result<bool, Error> {
    Ok(conn.execute("DELETE FROM totp WHERE person = $1", params![person])? > 0)
}

/// Replaces the recovery codes by those with these hashes.
pub fn set_recovery_codes(
    conn: &mut Conn<'_>,
    person: PersonId,
    hashes: &[Vec<u8>],
) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM recovery_code WHERE person = $1",
        params![person],
    )?;
    for hash in hashes {
        conn.execute(
            "INSERT INTO recovery_code (person, hash) VALUES ($1, $2)",
            params![person, hash.clone()],
        )?;
    }
    Ok(())
}

/// Uses up a recovery code. `false`: there is no such code (any more).
pub fn use_recovery_code(
    conn: &mut Conn<'_>,
    person: PersonId,
    hash: &[u8],
) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM recovery_code WHERE person = $1 AND hash = $2",
        params![person, hash.to_vec()],
    )? > 0)
}

/// How many recovery codes are left.
pub fn recovery_codes_left(conn: &mut Conn<'_>, person: PersonId) -> Result<i64, Error> {
    conn.query_one(
        "SELECT COUNT(*) FROM recovery_code WHERE person = $1",
        params![person],
        |row| row.get(0),
    )
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// The credential's id.
    pub id: Vec<u8>,
    /// Whose.
    pub person: PersonId,
    /// What they call it.
    pub name: String,
    /// Public key and counters as JSON.
    pub doc: String,
    /// When it was added.
    pub created_at: Millis,
    /// When it was last used.
    pub used_at: Option<Millis>,
}

fn read_passkey(row: &Row<'_>) -> Result<Passkey, Error> {
    Ok(Passkey {
        id: row.get(0)?,
        person: row.get(1)?,
        name: row.get(2)?,
        doc: row.get(3)?,
        created_at: row.get(4)?,
        used_at: row.get(5)?,
    })
}

/// Stores a passkey; [`Error::Conflict`] when it is somebody's already.
pub fn insert_passkey(conn: &mut Conn<'_>, key: &Passkey) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO passkey (id, person, name, doc, created_at) VALUES ($1, $2, $3, $4, $5)",
        params![
            key.id.clone(),
            key.person,
            key.name.as_str(),
            key.doc.as_str(),
            key.created_at,
        ],
    )?;
    Ok(())
}

/// A person's passkeys, oldest first.
pub fn passkeys(conn: &mut Conn<'_>, person: PersonId) -> Result<Vec<Passkey>, Error> {
    conn.query(
        "SELECT id, person, name, doc, created_at, used_at FROM passkey
         WHERE person = $1 ORDER BY created_at, id",
        params![person],
        read_passkey,
    )
}

/// The passkey with this id, of an active person.
pub fn passkey(conn: &mut Conn<'_>, id: &[u8]) -> Result<Option<Passkey>, Error> {
    conn.query_opt(
        "SELECT k.id, k.person, k.name, k.doc, k.created_at, k.used_at FROM passkey k
         JOIN person p ON p.id = k.person WHERE k.id = $1 AND p.active = 1",
        params![id.to_vec()],
        read_passkey,
    )
}

/// Notes that a passkey was used. `false`: it is not there any more, or was
/// used with another counter meanwhile.
pub fn use_passkey(
    conn: &mut Conn<'_>,
    id: &[u8],
    known: &str,
    doc: &str,
    now: Millis,
) -> Result<bool, Error> {
    Ok(conn.execute(
        "UPDATE passkey SET doc = $3, used_at = $4 WHERE id = $1 AND doc = $2",
        params![id.to_vec(), known, doc, now],
    )? > 0)
}

/// Forgets a passkey. `false`: they have no such.
pub fn delete_passkey(conn: &mut Conn<'_>, person: PersonId, id: &[u8]) -> Result<bool, Error> {
    Ok(conn.execute(
        "DELETE FROM passkey WHERE id = $1 AND person = $2",
        params![id.to_vec(), person],
    )? > 0)
}

/// What a passkey was asked to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// SHA-256 of the word in the form.
    pub hash: Vec<u8>,
    /// What for: `add`, `sign_in`, `second_step` or `prove`.
    pub purpose: String,
    /// Who is asked; `None`: whoever answers.
    pub person: Option<PersonId>,
    /// What is needed to check the answer, as JSON.
    pub state: String,
    /// When it ends.
    pub expires_at: Millis,
}

/// Keeps a challenge until it is answered.
pub fn insert_challenge(conn: &mut Conn<'_>, c: &Challenge) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO passkey_challenge (hash, purpose, person, state, expires_at)
         VALUES ($1, $2, $3, $4, $5)",
        params![
            c.hash.clone(),
            c.purpose.as_str(),
            c.person,
            c.state.as_str(),
            c.expires_at,
        ],
    )?;
    Ok(())
}

/// Takes a challenge: it can be answered once.
pub fn take_challenge(
    conn: &mut Conn<'_>,
    hash: &[u8],
    purpose: &str,
    now: Millis,
) -> Result<Option<Challenge>, Error> {
    let found = conn.query_opt(
        "SELECT hash, purpose, person, state, expires_at FROM passkey_challenge
         WHERE hash = $1 AND purpose = $2 AND expires_at > $3",
        params![hash.to_vec(), purpose, now],
        |row| {
            Ok(Challenge {
                hash: row.get(0)?,
                purpose: row.get(1)?,
                person: row.get(2)?,
                state: row.get(3)?,
                expires_at: row.get(4)?,
            })
        },
    )?;
    let taken = conn.execute(
        "DELETE FROM passkey_challenge WHERE hash = $1",
        params![hash.to_vec()],
    )?;
    Ok(found.filter(|_| taken > 0))
}

/// Whether a person has a confirmed authenticator app, and how many passkeys.
pub fn kinds(conn: &mut Conn<'_>, person: PersonId) -> Result<(bool, i64), Error> {
    let app: i64 = conn.query_one(
        "SELECT COUNT(*) FROM totp WHERE person = $1 AND secret IS NOT NULL",
        params![person],
        |row| row.get(0),
    )?;
    let keys = conn.query_one(
        "SELECT COUNT(*) FROM passkey WHERE person = $1",
        params![person],
        |row| row.get(0),
    )?;
    Ok((app > 0, keys))
}

/// Forgets every factor of a person and what is on its way. Says whether there
/// was one.
pub fn delete_all(conn: &mut Conn<'_>, person: PersonId) -> Result<bool, Error> {
    let app = delete_totp(conn, person)?;
    let keys = conn.execute("DELETE FROM passkey WHERE person = $1", params![person])?;
    set_recovery_codes(conn, person, &[])?;
    conn.execute(
        "DELETE FROM passkey_challenge WHERE person = $1",
        params![person],
    )?;
    Ok(app || keys > 0)
}
