//! Calls to webhooks: guarded, signed as [Standard Webhooks] says, and never led elsewhere.
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openidconnect::http::{Request, StatusCode, header};
use ring::hmac;

use crate::guard::{Fault as Down, Guard};

/// The header with the message's name, the same at each try.
pub const ID: &str = "webhook-id";
/// The header with the time of the try, seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE: &str = "webhook-signature";
/// What a secret begins with, as it is given to the receiver.
pub const SECRET: &str = "whsec_";
/// Bytes of an answer that are read: nobody looks at them.
const LARGEST_ANSWER: usize = 64 * 1024;

/// Why a call was not taken. The texts are for administrators.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It was not reached, or did not answer in time: whether it took it nobody knows.
    #[error("{0}")]
    Down(#[from] Down),
    /// It answered otherwise than with 200 to 299.
    #[error("it answers {status}{}", hint(*.status))]
    Refused {
        /// The status of HTTP.
        status: u16,
    },
    /// The secret is none.
    #[error("its secret can not be read; change it")]
    Secret,
}

impl Fault {
    /// The status that came, if one did.
    pub fn status(&self) -> Option<u16> {
        match self {
            Fault::Refused { status } => Some(*status),
            Fault::Down(_) | Fault::Secret => None,
        }
    }
}

fn hint(status: u16) -> &'static str {
    match status {
        300..=399 => ": it sends on, which is not followed; enter the address that is meant",
        401 | 403 => ": it does not let the call in, or does not believe the signature",
        404 => ": there is nothing at this address",
        410 => ": it is gone for good",
        413 => ": the message is too large for it",
        429 => ": it was called too often",
        _ => "",
    }
}

/// A secret as receivers get it, from random bytes.
pub fn secret(bytes: &[u8]) -> String {
    format!("{SECRET}{}", STANDARD.encode(bytes))
}

/// The signature of a message with one secret: `v1,…`; `None`: the secret is none.
pub fn signature(secret: &str, id: &str, seconds: i64, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(SECRET)?).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = [format!("{id}.{seconds}.").as_bytes(), body].concat();
    let tag = hmac::sign(&key, &signed);
    Some(format!("v1,{}", STANDARD.encode(tag)))
}

/// A message for a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its name, the same at each try.
    pub id: String,
    /// It, as JSON.
    pub body: Vec<u8>,
}

/// Sends a message, signed with each of the secrets; gives the status of the answer.
///
/// # Errors
/// When it was not taken, or nobody knows.
pub async fn post(
    guard: &Guard,
    url: &str,
    secrets: &[String],
    seconds: i64,
    message: Message,
) -> Result<u16, Fault> {
    let signed: Option<Vec<String>> = secrets
        .iter()
        .map(|secret| signature(secret, &message.id, seconds, &message.body))
        .collect();
    let signed = signed.filter(|all| !all.is_empty()).ok_or(Fault::Secret)?;
    let request = Request::post(url)
        .header(header::CONTENT_TYPE, "application/json")
        .header(ID, message.id)
        .header(TIMESTAMP, seconds.to_string())
        .header(SIGNATURE, signed.join(" "))
        .body(message.body)
        .map_err(|e| Down::Refused(format!("this address can not be called: {e}")))?;
    let answer = guard.exchange(request, LARGEST_ANSWER).await?;
    match answer.status() {
        status if status.is_success() => Ok(status.as_u16()),
        status => Err(Fault::Refused {
            status: StatusCode::as_u16(&status),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the test vectors of the Standard Webhooks libraries.
    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(
            signed.as_deref(),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
        assert_eq!(signature("MfKQ9r8G", "a", 1, b""), None);
        assert_eq!(signature("whsec_%", "a", 1, b""), None);
    }
}
