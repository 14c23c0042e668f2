//! How often something may go wrong, and how often the desk may be asked for
//! something, before it wants a pause. Counted in the database, for all nodes.

use store::Conn;
use switchboard_core::Millis;

use crate::{Desk, Error};

/// Guesses within this time count.
pub(crate) const GUESSES_MS: Millis = 15 * 60_000;
/// Wishes for mails within this time count.
pub(crate) const WISHES_MS: Millis = 3_600_000;

/// How often at most, for one subject.
#[derive(Debug, Clone)]
pub(crate) struct Limit {
    /// Who or what is counted: `account:…`, `network:…`.
    pub subject: String,
    /// So many within the time are free.
    pub most: i64,
    /// The time.
    pub within: Millis,
}

impl Limit {
    /// A limit for guesses.
    pub(crate) fn guesses(subject: String, most: i64) -> Limit {
        Limit {
            subject,
            most,
            within: GUESSES_MS,
        }
    }
}

/// Refuses when one of the limits is reached.
///
/// # Errors
/// [`Error::TooMany`] then.
pub(crate) fn check(c: &mut Conn<'_>, limits: &[Limit], now: Millis) -> Result<(), Error> {
    for limit in limits {
        let since = now - limit.within;
        if store::person::login_failures(c, &limit.subject, since)? >= limit.most {
            return Err(Error::TooMany {
                seconds: limit.within / 1_000,
            });
        }
    }
    Ok(())
}

/// Counts one for each subject.
///
/// # Errors
/// When the database refuses.
pub(crate) fn note(c: &mut Conn<'_>, limits: &[Limit], now: Millis) -> Result<(), Error> {
    for limit in limits {
        store::person::login_failed(c, &limit.subject, now)?;
    }
    Ok(())
}

impl Desk {
    /// Counts a guess that was wrong, and forgets `forgiven` after one that was
    /// right. Asked again here, after the guess was checked: of many guesses
    /// at the same moment no more are answered than one after the other.
    ///
    /// # Errors
    /// [`Error::TooMany`] when a limit is reached, whether it was right or not.
    pub(crate) async fn settle(
        &self,
        limits: Vec<Limit>,
        right: bool,
        forgiven: Option<String>,
    ) -> Result<(), Error> {
        let now = self.now();
        self.0
            .db
            .write(move |c| {
                check(c, &limits, now)?;
                if !right {
                    return note(c, &limits, now);
                }
                match &forgiven {
                    Some(subject) => Ok(store::person::login_worked(c, subject)?),
                    None => Ok(()),
                }
            })
            .await
    }
}
