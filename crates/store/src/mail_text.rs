//! Texts of mails that an administrator wrote in place of the shipped ones.

use switchboard_core::Millis;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailText {
    /// Kind and language: `answer.de`.
    pub key: String,
    /// Subject and body; `None`: the shipped text holds again.
    pub own: Option<(String, String)>,
    /// Counts changes, so that who edits notices that somebody else did.
    pub version: i64,
}

/// What was done with a text; `None`: nothing so far.
pub fn load(conn: &mut Conn<'_>, key: &str) -> Result<Option<MailText>, Error> {
    conn.query_opt(
        "SELECT key, subject, body, version FROM mail_text WHERE key = $1",
        params![key],
        |row| {
            let subject: Option<String> = row.get(1)?;
            Ok(MailText {
                key: row.get(0)?,
                own: subject.zip(row.get(2)?),
                version: row.get(3)?,
            })
        },
    )
}

/// Keeps a text, or that the shipped one holds.
pub fn save(conn: &mut Conn<'_>, text: &MailText, now: Millis) -> Result<(), Error> {
    let (subject, body) = text.own.clone().unzip();
    conn.execute(
        "INSERT INTO mail_text (key, subject, body, version, updated_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (key) DO UPDATE SET subject = excluded.subject, body = excluded.body,
           version = excluded.version, updated_at = excluded.updated_at",
        params![text.key.as_str(), subject, body, text.version, now],
    )?;
    Ok(())
}
