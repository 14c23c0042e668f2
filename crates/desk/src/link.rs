//! Links that are mailed to prove an address: for registering, for a new
//! password, for one more address. Their words are kept as hashes only, work
//! once, and end by themselves.
//!
//! Whoever asks for one learns nothing: the request notes the wish and is
//! answered, and a job finds out afterwards whether there is somebody to write
//! to (bar A-06, row 27).

use mail::Address;
use serde::{Deserialize, Serialize};
use store::Conn;
use store::job::NewJob;
use store::mailed_link::MailedLink;
use store::person::Person;
use switchboard_core::{Millis, PersonId};
use uuid::Uuid;

use crate::jobs::ACCOUNT_MAIL;
use crate::letter::{self, About};
use crate::mail_text::Kind;
use crate::tries::{self, Limit, WISHES_MS};
use crate::{Desk, Error, secret};

/// So many mails an hour go to one address.
pub const MAILS_AN_HOUR: i64 = 3;
/// So many wishes for mails an hour are heard from one network.
const WISHES_AN_HOUR: i64 = 30;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To make an account.
    Register,
    /// To set a new password.
    Reset,
    /// To prove one more address.
    Address,
}

impl Purpose {
    /// The word in the database.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Purpose::Register => "register",
            Purpose::Reset => "reset",
            Purpose::Address => "address",
        }
    }

    /// How long a link works: an hour for a new password, a day for the rest.
    pub fn life(self) -> Millis {
        match self {
            Purpose::Reset => 3_600_000,
            Purpose::Register | Purpose::Address => 24 * 3_600_000,
        }
    }

    /// The path of its page, before the word.
    fn path(self) -> &'static str {
        match self {
            Purpose::Register => "register",
            Purpose::Reset => "reset",
            Purpose::Address => "verify",
        }
    }
}

/// A wish for a mail, as the job gets it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Wish {
    purpose: Purpose,
    address: String,
    /// Who wants one more address.
    person: Option<PersonId>,
}

/// The link behind a word, as long as it works.
///
/// # Errors
/// [`Error::NotFound`] when it does not (any more).
pub(crate) fn find(
    c: &mut Conn<'_>,
    word: &str,
    purpose: Purpose,
    now: Millis,
) -> Result<MailedLink, Error> {
    store::mailed_link::find(c, &secret::hash(word), purpose.key(), now)?
        .ok_or_else(|| Error::not_found("link"))
}

impl Desk {
    /// Notes that somebody wants a link mailed to an address. All that can be
    /// told from the answer is that the address is one.
    ///
    /// # Errors
    /// [`Error::TooMany`] when the network asked too often.
    pub(crate) async fn wish_for_mail(
        &self,
        purpose: Purpose,
        address: &Address,
        person: Option<PersonId>,
        network: &str,
    ) -> Result<(), Error> {
        let now = self.now();
        let limit = |subject: String, most| Limit {
            subject,
            most,
            within: WISHES_MS,
        };
        let from = [limit(format!("wishes:{network}"), WISHES_AN_HOUR)];
        let to = [limit(format!("mail:{}", address.as_str()), MAILS_AN_HOUR)];
        let payload = serde_json::to_string(&Wish {
            purpose,
            address: address.as_str().to_owned(),
            person,
        })
        .map_err(|e| Error::Internal(e.to_string()))?;
        self.0
            .db
            .write(move |c| {
                tries::check(c, &from, now)?;
                tries::note(c, &from, now)?;
                match tries::check(c, &to, now) {
                    // Enough for now: who waits for a mail has some already.
                    Err(Error::TooMany { .. }) => return Ok(()),
                    other => other?,
                }
                tries::note(c, &to, now)?;
                store::job::enqueue(
                    c,
                    &NewJob {
                        kind: ACCOUNT_MAIL,
                        payload: payload.clone(),
                        run_at: now,
                        unique_key: None,
                    },
                )?;
                Ok::<_, Error>(())
            })
            .await?;
        self.wake();
        Ok(())
    }

    /// Writes the mail that was wished for, if there is one to write. Done
    /// again, it does nothing.
    pub(crate) async fn grant_wish(&self, job: Uuid, wish: Wish) -> Result<(), Error> {
        let word = secret::make()?;
        let (now, desk) = (self.now(), self.clone());
        self.0
            .db
            .write(move |c| {
                if store::mail::is_queued(c, job, &wish.address)? {
                    return Ok(());
                }
                let known = store::person::by_email(c, &wish.address)?;
                let verified = store::person::email_verified(c, &wish.address)?;
                let Some((kind, path)) = answer(&wish, known.as_ref(), verified) else {
                    return Ok(());
                };
                if path.is_none() {
                    store::mailed_link::insert(
                        c,
                        &MailedLink {
                            hash: secret::hash(&word),
                            purpose: wish.purpose.key().to_owned(),
                            address: wish.address.clone(),
                            person: match wish.purpose {
                                Purpose::Address => wish.person,
                                _ => known.as_ref().map(|p| p.id),
                            },
                            created_at: now,
                            expires_at: now + wish.purpose.life(),
                        },
                    )?;
                }
                let url = &desk.config().public_url;
                let link = match path {
                    Some(path) => format!("{url}{path}"),
                    None => format!("{url}/{}/{word}", wish.purpose.path()),
                };
                let to = (wish.address.as_str(), known.map(|p| p.id));
                letter::to_address(&desk, c, to, About::nothing_else(kind, job), |_| {
                    [("link", link), ("forgot", format!("{url}/forgot"))].into()
                })
            })
            .await?;
        self.wake();
        Ok(())
    }
}

/// What is written to an address, and the path to which it leads where that is no link
/// of its own; `None`: nothing.
fn answer(
    wish: &Wish,
    known: Option<&Person>,
    verified: bool,
) -> Option<(Kind, Option<&'static str>)> {
    if known.is_some_and(|p| !p.active) {
        return None;
    }
    let account = known.is_some_and(|p| p.has_password);
    Some(match wish.purpose {
        Purpose::Register if account => (Kind::HaveAccount, Some("/sign-in")),
        Purpose::Register => (Kind::Register, None),
        Purpose::Reset if !(account && verified) => return None,
        Purpose::Reset => (Kind::Reset, None),
        Purpose::Address => match known {
            Some(p) if Some(p.id) == wish.person && verified => return None,
            Some(p) if Some(p.id) != wish.person && p.has_password => {
                (Kind::OwnAccount, Some("/sign-in"))
            }
            _ => (Kind::Address, None),
        },
    })
}
