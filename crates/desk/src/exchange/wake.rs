//! The other system wakes the desk: by a call to an address that only it has. The
//! call says that something happened and is never believed: it only makes the next
//! look come soon, so one that is repeated, late or forged does no harm.

use switchboard_core::{Actor, Millis};
use uuid::Uuid;

use crate::{Desk, Error};

/// Between two looks that somebody wakes the desk for.
const WAKE_MS: Millis = 2_000;
/// What the signature in the address is for.
const PURPOSE: &str = "exchange-wake";

/// The soonest look.
pub(super) fn soonest(read_at: Option<Millis>, now: Millis) -> Millis {
    read_at.map_or(now, |at| now.max(at.min(now) + WAKE_MS))
}

impl Desk {
    /// The address by which the system of an agreement wakes the desk; `None`:
    /// it is none of the actor's business.
    pub fn wake_address(&self, actor: &Actor, agreement: Uuid) -> Option<String> {
        let id = agreement.simple().to_string();
        actor.admin.then(|| {
            let signature = self.0.secret.sign(PURPOSE, &id);
            let desk = &self.config().public_url;
            format!("{desk}/api/v1/exchange/wake/{id}.{signature}")
        })
    }

    /// Somebody with the address of an agreement says that something happened.
    /// However often: the system is looked at every two seconds at most.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is the address of none.
    pub async fn wake_exchange(&self, word: &str) -> Result<(), Error> {
        let none = || Error::not_found("that address");
        let (id, signature) = word.split_once('.').ok_or_else(none)?;
        if !self.0.secret.verify(PURPOSE, id, signature, self.now()) {
            return Err(none());
        }
        let agreement = Uuid::try_parse(id).map_err(|_| none())?;
        let now = self.now();
        let known = self
            .0
            .db
            .read(move |c| store::coupling::load(c, agreement).map_err(Error::from))
            .await?
            .ok_or_else(none)?;
        // It is said already, and nobody has looked yet: a busy system says so often.
        if known.woken_at.is_some() && known.next_at <= soonest(known.read_at, now) {
            return Ok(());
        }
        self.0
            .db
            .write(move |c| {
                let read_at = store::coupling::load(c, agreement)?.and_then(|c| c.read_at);
                store::coupling::rouse(c, agreement, now, soonest(read_at, now))
                    .map_err(Error::from)
            })
            .await
    }
}
