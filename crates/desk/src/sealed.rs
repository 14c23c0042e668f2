//! Secrets that have to be known again, as they lie in the database: passwords
//! at identity providers, directories and mailboxes, seeds of authenticator apps, and what
//! the desk signs with. A copy of the database alone gives them to nobody: the key stands
//! outside of it.
//!
//! A value says by which key it was sealed, so that keys can be changed, and is
//! bound to its place, so that nobody who writes to the database can make one
//! row's secret another's.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};
use store::Conn;
use switchboard_core::PersonId;
use uuid::Uuid;

use crate::{Desk, Error, secret};

/// What a sealed value begins with.
const MARK: &str = "sealed:1:";
/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// A key, and how values name it.
#[derive(Clone)]
struct Key {
    id: String,
    bytes: [u8; KEY_BYTES],
}

/// The keys that secrets in the database are sealed with: the first seals, all
/// open.
#[derive(Clone, Default)]
pub struct SecretKeys(Vec<Key>);

impl std::fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<&str> = self.0.iter().map(|key| key.id.as_str()).collect();
        f.debug_tuple("SecretKeys").field(&ids).finish()
    }
}

/// Why a sealed value does not open. Holds nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stuck {
    /// The key with this id is not there.
    NoKey(String),
    /// The key is there, and this was not sealed with it, or not for this place.
    Foreign,
}

/// Whose seed it is: shown and confirmed seeds are one place, for the one becomes
/// the other.
fn seed_of(person: PersonId) -> String {
    format!("totp:{person}")
}

/// The place of what the instance signs with, now and before.
const INSTANCE: &str = "instance";
/// The place of the key that requests to partner desks are signed with.
const EXCHANGE: &str = "exchange";

fn secret_of(provider: Uuid) -> String {
    format!("provider:{provider}")
}

fn mailbox_secret_of(mailbox: Uuid) -> String {
    format!("mailbox:{mailbox}")
}

fn webhook_secret_of(webhook: Uuid) -> String {
    format!("webhook:{webhook}")
}

impl SecretKeys {
    /// Reads keys, the newest first, separated by commas or white space; each is
    /// 32 bytes in Base64, as `openssl rand -base64 32` prints them.
    ///
    /// # Errors
    /// Which of them is none, by its place; never what stands there.
    pub fn parse(text: &str) -> Result<SecretKeys, String> {
        let mut keys = Vec::new();
        let words = text.split(|c: char| c == ',' || c.is_whitespace());
        for (place, word) in (1..).zip(words.filter(|word| !word.is_empty())) {
            let bytes = STANDARD
                .decode(word)
                .ok()
                .and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes).ok())
                .ok_or_else(|| {
                    format!(
                        "key {place} is not 32 bytes in Base64; `openssl rand -base64 32` makes one"
                    )
                })?;
            let digest = Sha256::digest([b"switchboard key id".as_slice(), &bytes].concat());
            let id = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
            keys.push(Key { id, bytes });
        }
        if keys.is_empty() {
            return Err("there is no key; `openssl rand -base64 32` makes one".into());
        }
        Ok(SecretKeys(keys))
    }

    fn cipher(key: &Key) -> Result<LessSafeKey, Error> {
        UnboundKey::new(&CHACHA20_POLY1305, &key.bytes)
            .map(LessSafeKey::new)
            .map_err(|_| Error::Internal("a secret key has the wrong length".into()))
    }

    /// Seals a secret for its place.
    fn seal(&self, place: &str, plain: &[u8]) -> Result<String, Error> {
        let key = self.0.first().ok_or_else(|| {
            Error::Unavailable("there is no key to keep secrets with: set secret_key".into())
        })?;
        let nonce = secret::random::<NONCE_LEN>()?;
        let mut sealed = plain.to_vec();
        Self::cipher(key)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| Error::Internal("a secret can not be sealed".into()))?;
        let bytes = [nonce.as_slice(), &sealed].concat();
        Ok(format!(
            "{MARK}{}:{}",
            key.id,
            STANDARD_NO_PAD.encode(bytes)
        ))
    }

    /// Opens what stands at a place. What was stored before values were sealed
    /// is given back as it is.
    fn open(&self, place: &str, stored: &[u8]) -> Result<Vec<u8>, Stuck> {
        let Some((id, text)) = taken_apart(stored) else {
            return Ok(stored.to_vec());
        };
        let key = self.0.iter().find(|key| key.id == id);
        let key = key.ok_or_else(|| Stuck::NoKey(id.to_owned()))?;
        let mut bytes = STANDARD_NO_PAD.decode(text).map_err(|_| Stuck::Foreign)?;
        let Some((nonce, sealed)) = bytes.split_at_mut_checked(NONCE_LEN) else {
            return Err(Stuck::Foreign);
        };
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Stuck::Foreign)?;
        let cipher = Self::cipher(key).map_err(|_| Stuck::Foreign)?;
        let plain = cipher
            .open_in_place(nonce, Aad::from(place.as_bytes()), sealed)
            .map_err(|_| Stuck::Foreign)?;
        Ok(plain.to_vec())
    }

    /// The instance's secret as it is stored. Plain where there is no key at all, as in a
    /// desk that a program opens for itself.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(crate) fn seal_instance(&self, plain: &str) -> Result<String, Error> {
        match self.0.is_empty() {
            true => Ok(plain.to_owned()),
            false => self.seal(INSTANCE, plain.as_bytes()),
        }
    }

    /// A stored secret of the instance.
    ///
    /// # Errors
    /// When the key that it was sealed with is not there.
    pub(crate) fn open_instance(&self, stored: &str) -> Result<String, Error> {
        let what = "what the desk signs with";
        let plain = self
            .open(INSTANCE, stored.as_bytes())
            .map_err(|why| stuck(what, &why))?;
        String::from_utf8(plain).map_err(|_| stuck(what, &Stuck::Foreign))
    }

    /// The seed of the key for partner desks, as it is stored; plain where there is no
    /// key at all.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(crate) fn seal_exchange(&self, seed: &str) -> Result<String, Error> {
        match self.0.is_empty() {
            true => Ok(seed.to_owned()),
            false => self.seal(EXCHANGE, seed.as_bytes()),
        }
    }

    /// The stored seed of the key for partner desks.
    ///
    /// # Errors
    /// When the key that it was sealed with is not there.
    pub(crate) fn open_exchange(&self, stored: &str) -> Result<String, Error> {
        let what = "what the desk signs with for its partners";
        let plain = self
            .open(EXCHANGE, stored.as_bytes())
            .map_err(|why| stuck(what, &why))?;
        String::from_utf8(plain).map_err(|_| stuck(what, &Stuck::Foreign))
    }

    /// What is to be stored instead: the same, sealed with the newest key;
    /// `None`: it is so already.
    fn renewed(&self, place: &str, stored: &[u8]) -> Result<Option<String>, Renewal> {
        let newest = self.0.first().map(|key| key.id.as_str());
        if newest.is_none() || taken_apart(stored).map(|(id, _)| id) == newest {
            return Ok(None);
        }
        let plain = self.open(place, stored).map_err(|_| Renewal::Stuck)?;
        self.seal(place, &plain).map(Some).map_err(Renewal::Error)
    }
}

/// Why a value was not sealed anew.
enum Renewal {
    /// It does not open.
    Stuck,
    Error(Error),
}

/// Key and text of a sealed value; `None`: it is not sealed.
fn taken_apart(stored: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(stored)
        .ok()?
        .strip_prefix(MARK)?
        .split_once(':')
}

fn stuck(what: &str, why: &Stuck) -> Error {
    Error::Unavailable(match why {
        Stuck::NoKey(id) => format!(
            "{what} can not be read: it is kept with the key {id}, which this desk does not have"
        ),
        Stuck::Foreign => format!("{what} can not be read: it was not made for this place"),
    })
}

impl Desk {
    /// A provider's secret as it is stored.
    pub(crate) fn seal_provider(&self, id: Uuid, secret: &str) -> Result<String, Error> {
        let keys = &self.config().keys;
        keys.seal(&secret_of(id), secret.as_bytes())
    }

    /// A stored provider's secret.
    ///
    /// # Errors
    /// When the key that it was sealed with is not there.
    pub(crate) fn open_provider(&self, id: Uuid, stored: &str) -> Result<String, Error> {
        let plain = self
            .config()
            .keys
            .open(&secret_of(id), stored.as_bytes())
            .map_err(|why| stuck("the provider's secret", &why))?;
        String::from_utf8(plain).map_err(|_| stuck("the provider's secret", &Stuck::Foreign))
    }

    /// A mailbox's secret as it is stored.
    pub(crate) fn seal_mailbox(&self, id: Uuid, secret: &str) -> Result<String, Error> {
        let keys = &self.config().keys;
        keys.seal(&mailbox_secret_of(id), secret.as_bytes())
    }

    /// A stored mailbox's secret.
    ///
    /// # Errors
    /// When the key that it was sealed with is not there.
    pub(crate) fn open_mailbox(&self, id: Uuid, stored: &str) -> Result<String, Error> {
        let what = "the mailbox's secret";
        let plain = self
            .config()
            .keys
            .open(&mailbox_secret_of(id), stored.as_bytes())
            .map_err(|why| stuck(what, &why))?;
        String::from_utf8(plain).map_err(|_| stuck(what, &Stuck::Foreign))
    }

    /// What calls to a webhook are signed with, as it is stored.
    pub(crate) fn seal_webhook(&self, id: Uuid, secret: &str) -> Result<String, Error> {
        let keys = &self.config().keys;
        keys.seal(&webhook_secret_of(id), secret.as_bytes())
    }

    /// A stored secret of a webhook.
    ///
    /// # Errors
    /// When the key that it was sealed with is not there.
    pub(crate) fn open_webhook(&self, id: Uuid, stored: &str) -> Result<String, Error> {
        let what = "the webhook's secret";
        let plain = self
            .config()
            .keys
            .open(&webhook_secret_of(id), stored.as_bytes())
            .map_err(|why| stuck(what, &why))?;
        String::from_utf8(plain).map_err(|_| stuck(what, &Stuck::Foreign))
    }

    /// The seed of an authenticator app as it is stored.
    pub(crate) fn seal_seed(&self, person: PersonId, seed: &[u8]) -> Result<Vec<u8>, Error> {
        let keys = &self.config().keys;
        Ok(keys.seal(&seed_of(person), seed)?.into_bytes())
    }

    /// A stored seed.
    ///
    /// # Errors
    /// When the key that it was sealed with is not there.
    pub(crate) fn open_seed(&self, person: PersonId, stored: &[u8]) -> Result<Vec<u8>, Error> {
        let keys = &self.config().keys;
        keys.open(&seed_of(person), stored)
            .map_err(|why| stuck("the authenticator app’s secret", &why))
    }

    /// Seals with the newest key what lies in the database plain, from before
    /// values were sealed, or with an older key. Returns how many values. What
    /// does not open stays as it is: [`Desk::checkup`] tells of it.
    ///
    /// # Errors
    /// When the database can not be written.
    pub async fn renew_secrets(&self) -> Result<usize, Error> {
        let (keys, now) = (self.config().keys.clone(), self.now());
        let waiting = {
            let keys = keys.clone();
            self.0
                .db
                .read(move |c| Ok::<_, Error>(renewals(c, &keys)?.0.len()))
                .await?
        };
        if waiting == 0 {
            return Ok(0);
        }
        self.0
            .db
            .write(move |c| {
                let (found, _) = renewals(c, &keys)?;
                for one in &found {
                    match one {
                        Fresh::Provider(id, text) => {
                            store::provider::set_secret(c, *id, Some(text))?;
                        }
                        Fresh::Mailbox(id, text) => {
                            store::mailbox::set_secret(c, *id, Some(text))?;
                        }
                        Fresh::Webhook(id, text, before) => {
                            store::webhook::set_secrets(c, *id, text, before.as_deref())?;
                        }
                        Fresh::Seed(person, seeds) => {
                            store::factor::put_seeds(c, *person, seeds)?;
                        }
                        Fresh::Instance(text) => {
                            store::setting::set(c, secret::CURRENT, text, now)?;
                        }
                        Fresh::Exchange(text) => {
                            store::setting::set(c, crate::exchange::partner::KEY, text, now)?;
                        }
                        Fresh::Before(kept) => secret::keep(c, kept, now)?,
                    }
                }
                Ok(found.len())
            })
            .await
    }

    /// What is wrong with the sealed secrets, for `doctor`; `None`: nothing.
    pub(crate) async fn sealed_problem(&self) -> Result<Option<String>, Error> {
        let keys = self.config().keys.clone();
        let (plain, stuck) = self
            .0
            .db
            .read(move |c| {
                let (found, stuck) = renewals(c, &keys)?;
                Ok::<_, Error>((found.len(), stuck))
            })
            .await?;
        if !stuck.is_empty() {
            return Ok(Some(format!(
                "{} can not be opened; the keys before the newest one belong behind it in \
                 secret_key or the key file",
                stuck.join(", ")
            )));
        }
        Ok((plain > 0).then(|| {
            format!(
                "{plain} secrets lie plain or under an older key; `switchboard serve` seals them \
                 when it starts"
            )
        }))
    }
}

/// A value sealed anew.
enum Fresh {
    Provider(Uuid, String),
    Mailbox(Uuid, String),
    /// The secret, and the one before.
    Webhook(Uuid, String, Option<String>),
    Seed(PersonId, store::factor::Seeds),
    Instance(String),
    Exchange(String),
    /// All that counted before, when one of them was sealed anew.
    Before(Vec<secret::Kept>),
}

/// What is to be sealed anew, and what can not be opened, in words.
fn renewals(c: &mut Conn<'_>, keys: &SecretKeys) -> Result<(Vec<Fresh>, Vec<String>), Error> {
    let (mut fresh, mut bad) = (Vec::new(), Vec::new());
    let mut one = |place: &str, stored: &str, what: String| -> Result<Option<String>, Error> {
        match keys.renewed(place, stored.as_bytes()) {
            Ok(Some(text)) => return Ok(Some(text)),
            // Under the newest key: whether it opens is seen by opening it.
            Ok(None) => {
                if keys.open(place, stored.as_bytes()).is_err() {
                    bad.push(what);
                }
            }
            Err(Renewal::Stuck) => bad.push(what),
            Err(Renewal::Error(error)) => return Err(error),
        }
        Ok(None)
    };
    for (id, key, secret) in store::provider::secrets(c)? {
        let what = format!("the secret of the provider {key}");
        fresh.extend(one(&secret_of(id), &secret, what)?.map(|text| Fresh::Provider(id, text)));
    }
    for (id, address, secret) in store::mailbox::secrets(c)? {
        let what = format!("the secret of the mailbox {address}");
        let place = mailbox_secret_of(id);
        fresh.extend(one(&place, &secret, what)?.map(|text| Fresh::Mailbox(id, text)));
    }
    for (id, title, secret, before) in store::webhook::secrets(c)? {
        let (what, place) = (
            format!("the secret of the webhook {title}"),
            webhook_secret_of(id),
        );
        let new = one(&place, &secret, what.clone())?;
        let old = match &before {
            Some(before) => one(&place, before, what)?,
            None => None,
        };
        if new.is_some() || old.is_some() {
            let (new, old) = (new.unwrap_or(secret), old.or(before));
            fresh.push(Fresh::Webhook(id, new, old));
        }
    }
    if let Some(stored) = store::setting::get(c, secret::CURRENT)? {
        let what = "what the desk signs with".to_owned();
        fresh.extend(one(INSTANCE, &stored, what)?.map(Fresh::Instance));
    }
    if let Some(stored) = store::setting::get(c, crate::exchange::partner::KEY)? {
        let what = "what the desk signs with for its partners".to_owned();
        fresh.extend(one(EXCHANGE, &stored, what)?.map(Fresh::Exchange));
    }
    let (mut kept, mut anew) = (secret::kept(c)?, false);
    for before in &mut kept {
        let what = "what the desk signed with before".to_owned();
        if let Some(text) = one(INSTANCE, &before.secret, what)? {
            before.secret = text;
            anew = true;
        }
    }
    if anew {
        fresh.push(Fresh::Before(kept));
    }
    let mut people = 0;
    for (person, seeds) in store::factor::seeds(c)? {
        let place = seed_of(person);
        let (mut changed, mut opens) = (false, true);
        let mut one = |stored: &Option<Vec<u8>>| -> Result<Option<Vec<u8>>, Error> {
            let Some(bytes) = stored else { return Ok(None) };
            match keys.renewed(&place, bytes) {
                Ok(Some(text)) => {
                    changed = true;
                    return Ok(Some(text.into_bytes()));
                }
                Ok(None) => opens &= keys.open(&place, bytes).is_ok(),
                Err(Renewal::Stuck) => opens = false,
                Err(Renewal::Error(error)) => return Err(error),
            }
            Ok(Some(bytes.clone()))
        };
        let renewed = store::factor::Seeds {
            secret: one(&seeds.secret)?,
            fresh: one(&seeds.fresh)?,
        };
        if changed {
            fresh.push(Fresh::Seed(person, renewed));
        }
        people += usize::from(!opens);
    }
    if people > 0 {
        bad.push(format!("the authenticator apps of {people} people"));
    }
    Ok((fresh, bad))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const NEW: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn keys(text: &str) -> SecretKeys {
        SecretKeys::parse(text).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_at_its_place_and_nowhere_else() {
        let keys = keys(OLD);
        let sealed = keys.seal("provider:1", b"swordfish").unwrap();
        assert!(!sealed.contains("swordfish") && sealed.starts_with(MARK));
        assert_ne!(sealed, keys.seal("provider:1", b"swordfish").unwrap());
        let open = |place: &str, text: &str| keys.open(place, text.as_bytes());
        assert_eq!(open("provider:1", &sealed), Ok(b"swordfish".to_vec()));
        assert_eq!(open("provider:2", &sealed), Err(Stuck::Foreign));
        let mut other = sealed.clone().into_bytes();
        let last = other.len() - 3;
        other[last] = if other[last] == b'A' { b'B' } else { b'A' };
        assert_eq!(keys.open("provider:1", &other), Err(Stuck::Foreign));
        assert_eq!(
            open("provider:1", &sealed[..MARK.len() + 12]),
            Err(Stuck::Foreign)
        );
        // From before.
        assert_eq!(open("provider:1", "plain"), Ok(b"plain".to_vec()));
    }

    #[test]
    fn keys_are_changed_by_putting_the_new_one_first() {
        let sealed = keys(OLD).seal("p", b"x").unwrap().into_bytes();
        let id = keys(OLD).0[0].id.clone();
        assert_eq!(keys(NEW).open("p", &sealed), Err(Stuck::NoKey(id)));
        let both = keys(&format!("{NEW}, {OLD}\n"));
        let Ok(Some(renewed)) = both.renewed("p", &sealed) else {
            panic!("it is under the older key")
        };
        assert_eq!(keys(NEW).open("p", renewed.as_bytes()), Ok(b"x".to_vec()));
        assert!(matches!(both.renewed("p", renewed.as_bytes()), Ok(None)));
        assert!(matches!(both.renewed("p", b"plain"), Ok(Some(_))));
        // Without any key nothing is touched.
        let none = SecretKeys::default();
        assert!(matches!(none.renewed("p", b"plain"), Ok(None)));
        assert!(none.seal("p", b"x").is_err());
    }

    #[test]
    fn what_is_no_key_is_named_by_its_place_and_never_shown() {
        for text in ["", " ,\n", "c2hvcnQ=", &format!("{NEW} hunter2")] {
            let error = SecretKeys::parse(text).unwrap_err();
            assert!(
                error.contains("openssl") && !error.contains("hunter2"),
                "{error}"
            );
        }
        let shown = format!("{:?}", keys(NEW));
        assert!(
            !shown.contains("AQEB") && !shown.contains("[1, 1"),
            "{shown}"
        );
    }
}
