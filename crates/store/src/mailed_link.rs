//! Links that were mailed and can be followed once.

use switchboard_core::{Millis, PersonId};

use crate::conn::Conn;
use crate::error::Error;
use crate::params;

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailedLink {
    /// SHA-256 of its word.
    pub hash: Vec<u8>,
    /// What it is for: `register`, `reset` or `address`.
    pub purpose: String,
    /// Where it was mailed; canonical.
    pub address: String,
    /// Whom it is for; `None`: nobody known yet.
    pub person: Option<PersonId>,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends.
    pub expires_at: Millis,
}

/// Stores a link.
pub fn insert(conn: &mut Conn<'_>, link: &MailedLink) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO mailed_link (hash, purpose, address, person, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            link.hash.clone(),
            link.purpose.as_str(),
            link.address.as_str(),
            link.person,
            link.created_at,
            link.expires_at,
        ],
    )?;
    Ok(())
}

/// The link with this hash and purpose that is not over.
pub fn find(
    conn: &mut Conn<'_>,
    hash: &[u8],
    purpose: &str,
    now: Millis,
) -> Result<Option<MailedLink>, Error> {
    conn.query_opt(
        "SELECT hash, purpose, address, person, created_at, expires_at FROM mailed_link
         WHERE hash = $1 AND purpose = $2 AND expires_at > $3",
        params![hash.to_vec(), purpose, now],
        |row| {
            Ok(MailedLink {
                hash: row.get(0)?,
                purpose: row.get(1)?,
                address: row.get(2)?,
                person: row.get(3)?,
                created_at: row.get(4)?,
                expires_at: row.get(5)?,
            })
        },
    )
}

/// Ends all links of a purpose that went to an address.
pub fn end(conn: &mut Conn<'_>, address: &str, purpose: &str) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM mailed_link WHERE address = $1 AND purpose = $2",
        params![address, purpose],
    )?;
    Ok(())
}

/// Ends all links of a person.
pub fn end_all_of(conn: &mut Conn<'_>, person: PersonId) -> Result<(), Error> {
    conn.execute("DELETE FROM mailed_link WHERE person = $1", params![person])?;
    Ok(())
}
