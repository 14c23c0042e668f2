//! The other system wakes the desk: by a call to an address that only it has. The
//! call says that something happened and is never believed: it only makes the next
//! look come soon, so one that is repeated, late or forged does no harm. Systems that
//! sign what they send, or send a word along, are given a secret for it: then a call
//! by somebody who found the address does not even wake.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use store::agreement::Agreement;
use switchboard_core::{Actor, Millis};
use uuid::Uuid;

use crate::{Desk, Error};

/// Between two looks that somebody wakes the desk for.
const WAKE_MS: Millis = 2_000;
/// What the signature in the address is for.
const PURPOSE: &str = "exchange-wake";
/// What the secret is for that the system signs its calls with.
const SIGNS: &str = "exchange-wake-signs";

/// What comes with a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Knock<'a> {
    /// `sha256=` and the HMAC of the body in hex: of GitHub in `X-Hub-Signature-256`, of
    /// Jira in `X-Hub-Signature`.
    pub signature: Option<&'a str>,
    /// The secret itself: of GitLab in `X-Gitlab-Token`.
    pub token: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

impl Knock<'_> {
    /// Whether whatever it proves is right. A system that proves nothing has the address.
    fn is_right(&self, secrets: &[String]) -> bool {
        let same = |secret: &str, text: &[u8], given: &[u8]| {
            let mac = <Hmac<Sha256>>::new_from_slice(secret.as_bytes());
            mac.is_ok_and(|mac| mac.chain_update(text).verify_slice(given).is_ok())
        };
        let signed = self.signature.is_none_or(|signature| {
            let given = signature.strip_prefix("sha256=").and_then(unhex);
            given.is_some_and(|given| secrets.iter().any(|s| same(s, self.body, &given)))
        });
        let named = self.token.is_none_or(|token| {
            let digest = |text: &str| {
                let mac = <Hmac<Sha256>>::new_from_slice(text.as_bytes());
                mac.map(|mac| mac.finalize().into_bytes().to_vec())
                    .unwrap_or_default()
            };
            // By their digests, which takes as long whatever was said.
            secrets
                .iter()
                .any(|secret| same(secret, b"", &digest(token)))
        });
        signed && named
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    text.len()
        .is_multiple_of(2)
        .then(|| (0..text.len()).step_by(2).map(pair).collect())?
}

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

    /// The secret by which the system of an agreement proves that it is it who calls;
    /// `None`: it can not, or it is none of the actor's business.
    pub fn wake_secret(&self, actor: &Actor, agreement: &Agreement) -> Option<String> {
        let id = agreement.id.simple().to_string();
        let system = agreement.system.as_deref().unwrap_or_default();
        let shown = actor.admin && connect::tracker::signs(system);
        shown.then(|| self.0.secret.sign(SIGNS, &id))
    }

    /// Somebody with the address of an agreement says that something happened.
    /// However often: the system is looked at every two seconds at most.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is the address of none, or what proves the caller is
    /// wrong.
    pub async fn wake_exchange(&self, word: &str, knock: Knock<'_>) -> Result<(), Error> {
        let none = || Error::not_found("that address");
        let (id, signature) = word.split_once('.').ok_or_else(none)?;
        if !self.0.secret.verify(PURPOSE, id, signature, self.now()) {
            return Err(none());
        }
        let agreement = Uuid::try_parse(id).map_err(|_| none())?;
        let now = self.now();
        if !knock.is_right(&self.0.secret.signed(SIGNS, id, now)) {
            return Err(none());
        }
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
