//! The instance's secret, hashes of secrets handed out, and signatures.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use store::Db;
use switchboard_core::Millis;

use crate::error::Error;

/// 256 bits that only this instance knows.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A key for one purpose, so that no two uses share one.
    pub(crate) fn derive(&self, purpose: &str) -> Vec<u8> {
        self.mac("derive", purpose).finalize().into_bytes().to_vec()
    }

    /// HMAC-SHA256 of a text for one purpose, as 43 characters.
    pub fn sign(&self, purpose: &str, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(purpose, text).finalize().into_bytes())
    }

    /// Whether the signature is this text's, compared in constant time.
    pub fn verify(&self, purpose: &str, text: &str, signature: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(signature)
            .is_ok_and(|given| self.mac(purpose, text).verify_slice(&given).is_ok())
    }

    fn mac(&self, purpose: &str, text: &str) -> Hmac<Sha256> {
        // A key of 32 bytes always fits; the empty fallback is never taken.
        let mut mac = <Hmac<Sha256>>::new_from_slice(&self.0)
            .unwrap_or_else(|_| <Hmac<Sha256>>::new(&Default::default()));
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        mac
    }
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

pub(crate) fn load_or_make(db: &Db, now: Millis) -> Result<Secret, Error> {
    let fresh = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let text = db.read_blocking(|c| store::setting::get(c, "secret").map_err(Error::from))?;
    let text = match text {
        Some(text) => text,
        None => db.write_blocking(move |c| {
            // Another node may have been faster.
            match store::setting::get(c, "secret")? {
                Some(text) => Ok::<_, Error>(text),
                None => {
                    store::setting::set(c, "secret", &fresh, now)?;
                    Ok(fresh.clone())
                }
            }
        })?,
    };
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|b| <[u8; 32]>::try_from(b).ok())
        .ok_or_else(|| Error::Internal("the stored instance secret is not 32 bytes".into()))?;
    Ok(Secret(bytes))
}
