//! Requests that are signed, by HTTP Message Signatures (RFC 9421) with Ed25519.
//!
//! Signed are the method, the path, the query, the digest of the body (RFC 9530)
//! and to which desk it goes; not the host, so that a desk may stand behind any
//! proxy. A signature counts for a short time and, by its nonce, once: whoever
//! verifies keeps the nonces for as long.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};

/// What a signature of the exchange is for: no signature made for something else
/// is taken.
pub const TAG: &str = "switchboard-exchange-1";
/// The header that names the desk to which a request goes.
pub const TO: &str = "exchange-to";
/// For how long a signature counts, in seconds.
pub const LIFE_S: i64 = 60;
/// By how much the clocks of two desks may differ, in seconds.
pub const SKEW_S: i64 = 20 * 60;
/// Bytes of a key's seed.
pub const SEED_BYTES: usize = 32;

/// What has to be signed, in the order in which we sign it.
const COVERED: [&str; 5] = ["@method", "@path", "@query", "content-digest", TO];

/// A key that signs.
pub struct SigningKey(Ed25519KeyPair);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public()).finish()
    }
}

impl SigningKey {
    /// The key of a seed; `None`: the seed has another length.
    pub fn of(seed: &[u8]) -> Option<SigningKey> {
        Ed25519KeyPair::from_seed_unchecked(seed)
            .ok()
            .map(SigningKey)
    }

    /// What others verify with: 32 bytes in base64.
    pub fn public(&self) -> String {
        STANDARD.encode(self.0.public_key().as_ref())
    }
}

/// A request, as far as it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path as it stands in the request.
    pub path: &'a str,
    /// What stands behind the `?`; empty: nothing.
    pub query: &'a str,
    /// The header `Content-Digest`.
    pub content_digest: &'a str,
    /// The desk to which it goes.
    pub to: &'a str,
}

/// What a signature says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who signed: the name of a desk.
    pub keyid: String,
    /// When, in seconds since 1970.
    pub created: i64,
    /// Until when it counts.
    pub expires: i64,
    /// What makes it count once.
    pub nonce: String,
}

/// The headers of a signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// `Signature-Input`.
    pub input: String,
    /// `Signature`.
    pub signature: String,
}

/// Why a signature is not believed. The texts are for who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A header is missing or can not be read.
    #[error("{header}: {problem}")]
    Header {
        /// Which.
        header: &'static str,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The body is not what was signed.
    #[error("Content-Digest: is not that of the body; it takes sha-256=:…: (RFC 9530)")]
    Digest,
    /// It is over, or from the future.
    #[error(
        "Signature-Input: it is over, or not yet: by our clock it is {now}; clocks may differ by \
         {SKEW_S} seconds"
    )]
    Time {
        /// Our clock, in seconds since 1970.
        now: i64,
    },
    /// The signature is none of this key over this request.
    #[error("Signature: is not that of the key that we know for {keyid}")]
    Wrong {
        /// Whose it should be.
        keyid: String,
    },
}

fn header(header: &'static str, problem: impl Into<String>) -> Fault {
    let problem = problem.into();
    Fault::Header { header, problem }
}

/// The header `Content-Digest` of a body (RFC 9530).
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body)))
}

/// Whether `Content-Digest` is that of a body. Other digests beside are not read.
///
/// # Errors
/// [`Fault::Digest`].
pub fn check_digest(given: &str, body: &[u8]) -> Result<(), Fault> {
    let right = content_digest(body);
    let mut all = given.split(',').map(str::trim);
    all.any(|one| one == right)
        .then_some(())
        .ok_or(Fault::Digest)
}

/// The text that is signed, of the components in this order.
fn base(message: &Message<'_>, covered: &[String], params: &str) -> Result<String, Fault> {
    let mut base = String::new();
    for name in covered {
        let value = match name.as_str() {
            "@method" => message.method.to_owned(),
            "@path" => message.path.to_owned(),
            "@query" => format!("?{}", message.query),
            "content-digest" => message.content_digest.to_owned(),
            TO => message.to.to_owned(),
            other => {
                let problem = format!(
                    "{other:?} is signed, which may be changed on the way; sign {COVERED:?} and \
                     nothing else"
                );
                return Err(header("Signature-Input", problem));
            }
        };
        // Writing to a string does not fail.
        let _ = writeln!(base, "\"{name}\": {value}");
    }
    let _ = write!(base, "\"@signature-params\": {params}");
    Ok(base)
}

/// Signs a request. `now` is in seconds since 1970, `nonce` has no quotes in it.
pub fn sign(key: &SigningKey, keyid: &str, message: &Message<'_>, now: i64, nonce: &str) -> Signed {
    let quoted: Vec<String> = COVERED.iter().map(|c| format!("\"{c}\"")).collect();
    let params = format!(
        "({});created={now};expires={};nonce=\"{nonce}\";keyid=\"{keyid}\";alg=\"ed25519\";tag=\"{TAG}\"",
        quoted.join(" "),
        now + LIFE_S,
    );
    let covered = COVERED.map(str::to_owned);
    // Only what is covered here is looked for, so there is nothing that could miss.
    let base = base(message, &covered, &params).unwrap_or_default();
    let signature = key.0.sign(base.as_bytes());
    Signed {
        input: format!("exchange={params}"),
        signature: format!("exchange=:{}:", STANDARD.encode(signature.as_ref())),
    }
}

/// A signature that was read and not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// What it says of itself.
    pub claims: Claims,
    covered: Vec<String>,
    /// What stands behind the label, as it was written.
    params: String,
    signature: Vec<u8>,
}

/// Reads the headers `Signature-Input` and `Signature`: of one signature.
///
/// # Errors
/// Names the header and what it takes.
pub fn read(input: &str, signature: &str) -> Result<Given, Fault> {
    let wrong = |problem: &str| header("Signature-Input", problem);
    let (label, params) = input
        .trim()
        .split_once('=')
        .ok_or_else(|| wrong("takes label=(…);created=…"))?;
    let inner = params
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .ok_or_else(|| wrong("takes the signed components in brackets"))?;
    let mut covered = Vec::new();
    for name in inner.0.split(' ').filter(|n| !n.is_empty()) {
        let name = name.strip_prefix('"').and_then(|n| n.strip_suffix('"'));
        let name = name.filter(|n| !n.contains('"'));
        let name =
            name.ok_or_else(|| wrong("takes each component in quotes, without parameters"))?;
        if covered.iter().any(|c| c == name) {
            return Err(wrong("takes each component once"));
        }
        covered.push(name.to_owned());
    }
    if let Some(missing) = COVERED.iter().find(|c| !covered.iter().any(|n| n == *c)) {
        return Err(wrong(&format!(
            "{missing:?} is not signed; sign {COVERED:?}"
        )));
    }
    let (mut created, mut expires, mut nonce, mut keyid) = (None, None, None, None);
    let (mut alg, mut tag) = (None, None);
    for pair in inner.1.split(';').filter(|p| !p.is_empty()) {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| wrong("takes parameters as ;name=value"))?;
        let text = || {
            let bare = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
            bare.filter(|v| !v.contains(['"', '\\', ',']) && v.len() <= 200)
                .map(str::to_owned)
                .ok_or_else(|| wrong(&format!("{key} takes a text in quotes, of 200 characters")))
        };
        let whole = || {
            let digits = value.len() <= 15 && value.bytes().all(|b| b.is_ascii_digit());
            digits
                .then(|| value.parse::<i64>().ok())
                .flatten()
                .ok_or_else(|| wrong(&format!("{key} takes seconds since 1970")))
        };
        match key.trim() {
            "created" => created = Some(whole()?),
            "expires" => expires = Some(whole()?),
            "nonce" => nonce = Some(text()?),
            "keyid" => keyid = Some(text()?),
            "alg" => alg = Some(text()?),
            "tag" => tag = Some(text()?),
            other => return Err(wrong(&format!("takes no parameter {other:?}"))),
        }
    }
    let missing = |name: &str| wrong(&format!("{name} is missing"));
    if alg.ok_or_else(|| missing("alg"))? != "ed25519" {
        return Err(wrong("alg takes \"ed25519\""));
    }
    if tag.ok_or_else(|| missing("tag"))? != TAG {
        return Err(wrong(&format!("tag takes {TAG:?}")));
    }
    let nonce = nonce.ok_or_else(|| missing("nonce"))?;
    if nonce.len() < 16 {
        return Err(wrong(
            "nonce takes 16 characters at least, others each time",
        ));
    }
    let claims = Claims {
        keyid: keyid.ok_or_else(|| missing("keyid"))?,
        created: created.ok_or_else(|| missing("created"))?,
        expires: expires.ok_or_else(|| missing("expires"))?,
        nonce,
    };
    if !(0..=10 * LIFE_S).contains(&(claims.expires - claims.created)) {
        return Err(wrong(
            "expires takes a time at most 10 minutes after created",
        ));
    }
    let form = || {
        header(
            "Signature",
            format!("takes {label}=:…:, the signature in base64"),
        )
    };
    let bytes = signature
        .trim()
        .strip_prefix(label)
        .and_then(|s| s.strip_prefix("=:"))
        .and_then(|s| s.strip_suffix(':'))
        .and_then(|s| STANDARD.decode(s).ok())
        .ok_or_else(form)?;
    Ok(Given {
        claims,
        covered,
        params: params.to_owned(),
        signature: bytes,
    })
}

/// Whether a text was signed with this key.
fn holds(public: &str, text: &str, signature: &[u8]) -> bool {
    STANDARD.decode(public).is_ok_and(|key| {
        UnparsedPublicKey::new(&ED25519, key)
            .verify(text.as_bytes(), signature)
            .is_ok()
    })
}

/// Whether a text is a public key: 32 bytes in base64.
pub fn is_key(text: &str) -> bool {
    STANDARD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

impl Given {
    /// Verifies it with the key of who says to have signed. That its nonce is new
    /// is the caller's to find out, and to keep until [`Given::remembered`].
    ///
    /// # Errors
    /// Says why it is not believed.
    pub fn verify(&self, public: &str, message: &Message<'_>, now: i64) -> Result<(), Fault> {
        let base = base(message, &self.covered, &self.params)?;
        if !holds(public, &base, &self.signature) {
            let keyid = self.claims.keyid.clone();
            return Err(Fault::Wrong { keyid });
        }
        if self.claims.created > now + SKEW_S || self.claims.expires < now - SKEW_S {
            return Err(Fault::Time { now });
        }
        Ok(())
    }

    /// Until when the nonce has to be remembered, in seconds since 1970.
    pub fn remembered(&self) -> i64 {
        self.claims.expires + SKEW_S + 1
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{
        Fault, LIFE_S, Message, SKEW_S, SigningKey, check_digest, content_digest, holds, read, sign,
    };

    const NONCE: &str = "0123456789abcdef";
    const NOW: i64 = 1_790_000_000;

    fn message() -> Message<'static> {
        Message {
            method: "POST",
            path: "/api/v1/exchange/peer/changes",
            query: "",
            content_digest: "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
            to: "b.example",
        }
    }

    /// RFC 9421, appendix B.2.6, with the key of B.1.4.
    #[test]
    fn the_example_of_the_standard_holds() {
        let public = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";
        let base = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\
            \"@method\": POST\n\
            \"@path\": /foo\n\
            \"@authority\": example.com\n\
            \"content-type\": application/json\n\
            \"content-length\": 18\n\
            \"@signature-params\": (\"date\" \"@method\" \"@path\" \"@authority\" \
            \"content-type\" \"content-length\");created=1618884473\
            ;keyid=\"test-key-ed25519\"";
        let signature = STANDARD
            .decode(
                "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==",
            )
            .unwrap();
        assert!(holds(public, base, &signature));
        assert!(!holds(public, &base.replace("foo", "fop"), &signature));
    }

    #[test]
    fn a_request_is_believed_as_it_was_signed_and_not_otherwise() {
        let key = SigningKey::of(&[7; 32]).unwrap();
        let signed = sign(&key, "a.example", &message(), NOW, NONCE);
        let given = read(&signed.input, &signed.signature).unwrap();
        assert_eq!(given.claims.keyid, "a.example");
        assert_eq!(given.verify(&key.public(), &message(), NOW), Ok(()));
        let changes: [fn(&mut Message<'_>); 5] = [
            |m| m.method = "GET",
            |m| m.path = "/api/v1/exchange/peer/files",
            |m| m.query = "after=1",
            |m| m.content_digest = "sha-256=:AAAA:",
            |m| m.to = "c.example",
        ];
        for change in changes {
            let mut other = message();
            change(&mut other);
            let wrong = given.verify(&key.public(), &other, NOW);
            assert!(matches!(wrong, Err(Fault::Wrong { .. })), "{other:?}");
        }
        let stranger = SigningKey::of(&[8; 32]).unwrap();
        assert!(given.verify(&stranger.public(), &message(), NOW).is_err());
    }

    #[test]
    fn it_counts_for_a_short_time_whatever_the_clocks() {
        let key = SigningKey::of(&[7; 32]).unwrap();
        let signed = sign(&key, "a.example", &message(), NOW, NONCE);
        let given = read(&signed.input, &signed.signature).unwrap();
        for (now, fine) in [
            (NOW - SKEW_S, true),
            (NOW - SKEW_S - 1, false),
            (NOW + LIFE_S + SKEW_S, true),
            (NOW + LIFE_S + SKEW_S + 1, false),
        ] {
            let verdict = given.verify(&key.public(), &message(), now);
            assert_eq!(verdict.is_ok(), fine, "{now}");
            // Whatever is believed is remembered at that moment.
            assert!(!fine || given.remembered() > now);
        }
    }

    #[test]
    fn what_is_left_out_or_can_not_be_read_is_named() {
        let key = SigningKey::of(&[7; 32]).unwrap();
        let signed = sign(&key, "a.example", &message(), NOW, NONCE);
        for (from, to, word) in [
            ("\"@query\" ", "", "\"@query\" is not signed"),
            ("ed25519", "rsa-pss-sha512", "alg takes"),
            ("switchboard-exchange-1", "web-bot-auth", "tag takes"),
            (NONCE, "short", "nonce takes 16"),
            (";keyid=\"a.example\"", "", "keyid is missing"),
            ("created=", "created=-", "created takes seconds"),
            (
                "expires=1790000060",
                "expires=1790000601",
                "expires takes a time",
            ),
            ("(", "", "in brackets"),
            ("\"@path\"", "\"@path\";req", "without parameters"),
            ("\"@path\"", "\"@path\" \"@path\"", "each component once"),
        ] {
            let input = signed.input.replace(from, to);
            assert_ne!(input, signed.input, "{from}");
            let fault = read(&input, &signed.signature).unwrap_err().to_string();
            assert!(fault.contains(word), "{fault}");
        }
        assert!(read(&signed.input, "exchange=:?:").is_err());
        assert!(read(&signed.input, "other=:AAAA:").is_err());
        let more = signed
            .input
            .replace("\"@path\"", "\"@path\" \"user-agent\"");
        let given = read(&more, &signed.signature).unwrap();
        let fault = given.verify(&key.public(), &message(), NOW).unwrap_err();
        assert!(fault.to_string().contains("\"user-agent\" is signed"));
    }

    #[test]
    fn a_body_has_one_digest() {
        let digest = content_digest(b"{\"hello\": \"world\"}");
        // RFC 9530, appendix B.
        assert_eq!(
            digest,
            "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
        );
        assert_eq!(check_digest(&digest, b"{\"hello\": \"world\"}"), Ok(()));
        assert_eq!(check_digest(&digest, b"{}"), Err(Fault::Digest));
        assert_eq!(
            check_digest(&format!("sha-512=:x:, {digest}"), b"{\"hello\": \"world\"}"),
            Ok(())
        );
    }
}
