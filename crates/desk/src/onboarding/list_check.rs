//! Does a mailing list get our mail? Somebody who reads it follows a link.

use store::Conn;
use store::onboarding::Onboarding;
use switchboard_core::onboarding::{Deed, next};
use switchboard_core::{Actor, Millis};
use uuid::Uuid;

use super::{found, letters};
use crate::mail_in::check_is_foreign;
use crate::{Desk, Error, secret};

/// How long a link can be followed: 7 days.
const LINK_MS: Millis = 7 * 86_400_000;
/// So many test mails of one form within an hour.
const MOST_AN_HOUR: i64 = 5;

/// When the test mail to the list in the form was sent, while its link can be
/// followed.
pub(super) fn asked(
    c: &mut Conn<'_>,
    row: &Onboarding,
    now: Millis,
) -> Result<Option<Millis>, Error> {
    let Ok(address) = mail::Address::parse(&row.form.redirection.list) else {
        return Ok(None);
    };
    let until = store::onboarding::list_check_until(c, row.id, address.as_str(), now)?;
    Ok(until.map(|until| until - LINK_MS))
}

impl Desk {
    /// Sends a test mail to the list in the form, with a link to confirm it.
    ///
    /// # Errors
    /// When the list is no mail address, the form is not theirs to change, or
    /// it was tried too often.
    pub async fn ask_list(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        let word = secret::make()?;
        let (desk, actor, now) = (self.clone(), actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let (row, by) = found(c, &actor, id)?;
                next(row.state, Deed::Change, by, &[])?;
                let address =
                    crate::account::address("redirection.list", &row.form.redirection.list)?;
                check_is_foreign(c, &desk, "redirection.list", address.as_str())?;
                let hour = 3_600_000;
                let sent = store::onboarding::list_checks_since(c, row.author, now - hour)?;
                if sent >= MOST_AN_HOUR {
                    return Err(Error::TooMany { seconds: 3_600 });
                }
                store::onboarding::insert_list_check(
                    c,
                    &secret::hash(&word),
                    row.id,
                    address.as_str(),
                    now,
                    now + LINK_MS,
                )?;
                letters::list_check(c, &desk, address.as_str(), &word)
            })
            .await?;
        self.wake();
        Ok(())
    }

    /// The list that a link would confirm.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the link is not ours, or over, or was
    /// followed already.
    pub async fn list_to_confirm(&self, word: &str) -> Result<String, Error> {
        let (hash, now) = (secret::hash(word), self.now());
        self.0
            .db
            .read(move |c| {
                store::onboarding::list_check(c, &hash, now)?
                    .map(|(_, address)| address)
                    .ok_or_else(over)
            })
            .await
    }

    /// Somebody who reads the list confirms that it gets our mail.
    ///
    /// # Errors
    /// As [`Desk::list_to_confirm`].
    pub async fn confirm_list(&self, word: &str) -> Result<String, Error> {
        let (hash, now) = (secret::hash(word), self.now());
        self.0
            .db
            .write(move |c| {
                let (id, address) =
                    store::onboarding::list_check(c, &hash, now)?.ok_or_else(over)?;
                store::onboarding::confirm_list(c, id, &address)?;
                store::onboarding::end_list_checks(c, id, now)?;
                Ok(address)
            })
            .await
    }
}

fn over() -> Error {
    Error::Unauthenticated("this link is not valid (any more)".into())
}
