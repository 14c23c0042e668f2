//! Whether somebody who is listening still may: for pages that stay open.

use switchboard_core::Channel;

use crate::account::actor_of;
use crate::{Desk, Error, SignedIn};

impl Desk {
    /// A session as it is now, with the rights its person has now; `None`:
    /// signed out, ended, over, or its person disabled. It is read anew each
    /// time, and does not count as a use of the session: a page that is left
    /// open must not keep somebody signed in for ever.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn session_now(&self, known: &SignedIn) -> Result<Option<SignedIn>, Error> {
        let (now, known) = (self.now(), known.clone());
        self.0
            .db
            .read(move |c| {
                let Some(session) = store::person::session(c, &known.id_hash, now)? else {
                    return Ok::<_, Error>(None);
                };
                let Some(person) = store::person::load(c, session.person)? else {
                    return Ok(None);
                };
                let actor = actor_of(c, &person, Channel::Web)?;
                Ok(Some(SignedIn {
                    actor,
                    person,
                    ..known
                }))
            })
            .await
    }
}
