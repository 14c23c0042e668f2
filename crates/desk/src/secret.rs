//! Hashes of secrets handed out, and the secret that the desk signs with.
//!
//! The instance's secret signs what the desk has to know again when it comes back:
//! links in mails, reply addresses, addresses of pictures. It lies sealed in the
//! database ([`crate::sealed`]), so that nobody signs with a copy of that alone, and all
//! nodes have the same. When it is changed, what those before signed is taken for a
//! time, for mails lie in people's mailboxes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{Conn, Db};
use switchboard_core::{Actor, Channel, Millis};

use crate::Config;
use crate::audit::{self, Subject};
use crate::error::Error;
use crate::sealed::SecretKeys;

/// The setting with the secret, sealed.
pub(crate) const CURRENT: &str = "secret";
/// The setting with those before it, and until when they count.
pub(crate) const BEFORE: &str = "secret.before";
/// The setting with the name by which this instance knows its own mails, once that no
/// longer follows from the secret.
const LOOP_NAME: &str = "secret.loop_name";
/// So many of those before are kept.
const MOST_BEFORE: usize = 8;

/// 256 bits that only this instance knows.
type Bits = [u8; 32];

/// What this instance signs with, and what it signed with before.
#[derive(Clone)]
pub struct Secret {
    current: Bits,
    /// Each with the time until which its signatures count.
    before: Vec<(Bits, Millis)>,
    loop_name: Option<String>,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A key for one purpose, so that no two uses share one.
    pub(crate) fn derive(&self, purpose: &str) -> Vec<u8> {
        derived(&self.current, purpose)
    }

    /// The keys for a purpose of the secrets before this one.
    pub(crate) fn derive_before(&self, purpose: &str, now: Millis) -> Vec<Vec<u8>> {
        let keys = self.taken(now);
        keys.map(|bits| derived(bits, purpose)).collect()
    }

    /// HMAC-SHA256 of a text for one purpose, as 43 characters.
    pub fn sign(&self, purpose: &str, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(mac(&self.current, purpose, text).finalize().into_bytes())
    }

    /// What [`Secret::sign`] gives, and gave with each secret before that still counts:
    /// for what others were told to sign with.
    pub(crate) fn signed(&self, purpose: &str, text: &str, now: Millis) -> Vec<String> {
        let all = std::iter::once(&self.current).chain(self.taken(now));
        all.map(|bits| URL_SAFE_NO_PAD.encode(mac(bits, purpose, text).finalize().into_bytes()))
            .collect()
    }

    /// Whether the signature is this text's, compared in constant time.
    pub fn verify(&self, purpose: &str, text: &str, signature: &str, now: Millis) -> bool {
        let Ok(given) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        let mut all = std::iter::once(&self.current).chain(self.taken(now));
        all.any(|bits| mac(bits, purpose, text).verify_slice(&given).is_ok())
    }

    /// The secrets before this one whose signatures still count.
    fn taken(&self, now: Millis) -> impl Iterator<Item = &Bits> {
        let counts = move |(_, until): &&(Bits, Millis)| *until > now;
        self.before.iter().filter(counts).map(|(bits, _)| bits)
    }

    /// The name by which this instance knows its own mails when they return: no secret,
    /// as each mail carries it, and the same whatever becomes of the secret.
    pub(crate) fn loop_name(&self, mail_address: &str) -> String {
        match &self.loop_name {
            Some(name) => name.clone(),
            None => self.sign("loop", mail_address)[..16].to_owned(),
        }
    }
}

fn derived(bits: &Bits, purpose: &str) -> Vec<u8> {
    let key = mac(bits, "derive", purpose);
    key.finalize().into_bytes().to_vec()
}

fn mac(bits: &Bits, purpose: &str, text: &str) -> Hmac<Sha256> {
    // A key of 32 bytes always fits; the empty fallback is never taken.
    let mut mac = <Hmac<Sha256>>::new_from_slice(bits)
        .unwrap_or_else(|_| <Hmac<Sha256>>::new(&Default::default()));
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(text.as_bytes());
    mac
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|e| Error::Internal(format!("no random numbers from the system: {e}")))?;
    Ok(bytes)
}

/// A secret to hand out once, 43 characters, 256 bits.
pub(crate) fn make() -> Result<String, Error> {
    Ok(URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// What is stored of a secret that was handed out.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// One that counted before, as it is stored.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Kept {
    /// Sealed as the current one is.
    pub(crate) secret: String,
    /// Until when its signatures count.
    pub(crate) until: Millis,
}

/// Those that counted before, the newest first.
pub(crate) fn kept(c: &mut Conn<'_>) -> Result<Vec<Kept>, Error> {
    let Some(text) = store::setting::get(c, BEFORE)? else {
        return Ok(Vec::new());
    };
    serde_json::from_str(&text)
        .map_err(|e| Error::Internal(format!("the setting {BEFORE} can not be read: {e}")))
}

pub(crate) fn keep(c: &mut Conn<'_>, kept: &[Kept], now: Millis) -> Result<(), Error> {
    let text = serde_json::to_string(kept)
        .map_err(|e| Error::Internal(format!("former secrets to JSON: {e}")))?;
    Ok(store::setting::set(c, BEFORE, &text, now)?)
}

/// What lies sealed, as bits.
fn opened(keys: &SecretKeys, stored: &str) -> Result<Bits, Error> {
    let text = keys.open_instance(stored)?;
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| Bits::try_from(bytes).ok())
        .ok_or_else(|| Error::Internal("the stored signing secret is not 32 bytes".into()))
}

/// The secret that the database has; the first time one is made.
///
/// # Errors
/// [`Error::Unavailable`] when it can not be opened: another made in its place would
/// put every link out of use that was ever mailed, and nodes at odds with each other.
pub(crate) fn load_or_make(db: &Db, keys: &SecretKeys, now: Millis) -> Result<Secret, Error> {
    let known = db.read_blocking(|c| store::setting::get(c, CURRENT).map_err(Error::from))?;
    let current = match known {
        Some(text) => text,
        None => {
            let fresh = keys.seal_instance(&make()?)?;
            db.write_blocking(move |c| {
                // Another node may have been faster.
                match store::setting::get(c, CURRENT)? {
                    Some(text) => Ok::<_, Error>(text),
                    None => {
                        store::setting::set(c, CURRENT, &fresh, now)?;
                        Ok(fresh.clone())
                    }
                }
            })?
        }
    };
    let (before, loop_name) = db.read_blocking(|c| {
        let loop_name = store::setting::get(c, LOOP_NAME)?;
        Ok::<_, Error>((kept(c)?, loop_name))
    })?;
    let mut counting = Vec::new();
    for one in before.into_iter().filter(|one| one.until > now) {
        counting.push((opened(keys, &one.secret)?, one.until));
    }
    Ok(Secret {
        current: opened(keys, &current)?,
        before: counting,
        loop_name,
    })
}

/// Has the desk sign with a new secret from its next start on. What was signed so far
/// counts for another `keep` milliseconds; with 0 not at all. Blocks, and asks for no
/// desk: where the key of the present secret is lost, none can be opened.
///
/// Returns until when what was signed so far counts; `None`: it does not.
///
/// # Errors
/// [`Error::Invalid`] for `keep` when signatures are to count on that can not be told any
/// more, as the present secret can not be opened.
pub fn change(
    db: &Db,
    config: &Config,
    now: Millis,
    keep_for: Millis,
) -> Result<Option<Millis>, Error> {
    let fresh = config.keys.seal_instance(&make()?)?;
    let (keys, address) = (config.keys.clone(), config.mail_address.clone());
    db.write_blocking(move |c| {
        let Some(current) = store::setting::get(c, CURRENT)? else {
            store::setting::set(c, CURRENT, &fresh, now)?;
            return Ok(None);
        };
        let bits = opened(&keys, &current);
        let until = (keep_for > 0).then(|| now.saturating_add(keep_for));
        if let (Some(_), Err(why)) = (until, &bits) {
            return Err(Error::invalid(
                "keep",
                format!("must be 0, for what was signed so far can not be told any more: {why}"),
            ));
        }
        if let (Ok(bits), None) = (bits, store::setting::get(c, LOOP_NAME)?) {
            let secret = Secret {
                current: bits,
                before: Vec::new(),
                loop_name: None,
            };
            store::setting::set(c, LOOP_NAME, &secret.loop_name(&address), now)?;
        }
        let mut before = match until {
            Some(_) => kept(c)?,
            None => Vec::new(),
        };
        before.retain(|one| one.until > now);
        if let Some(until) = until {
            let secret = current;
            before.insert(0, Kept { secret, until });
        }
        before.truncate(MOST_BEFORE);
        keep(c, &before, now)?;
        store::setting::set(c, CURRENT, &fresh, now)?;
        audit::record(
            c,
            &Actor::system(Channel::Cli),
            now,
            "secret.changed",
            &Subject::Setting(CURRENT.to_owned()),
            &json!({ "before_counts_until": until }),
        )?;
        Ok(until)
    })
}
