//! The signature of outgoing mail (DKIM, RFC 6376; Ed25519: RFC 8463).
//!
//! A mail is signed when it is handed over: what is kept stays as it was made,
//! and a key that is changed holds for what waits, too.

use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::{DkimSigner, Done};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

/// The fields that are signed. What a mail lacks is signed as lacking, and what is
/// named twice as being there once (RFC 6376, 8.15): nobody puts one in on the way.
const FIELDS: [&str; 18] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Auto-Submitted",
    "Cc",
    "From",
    "To",
    "Subject",
    "Date",
    "Reply-To",
];
/// Signed only where a mail has them: list servers put them into what lacks them, and
/// a signature that forbade it would break at every list. RFC 8058 asks for the last.
const LIST_FIELDS: [&str; 3] = ["List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"];

/// A key that signs for a domain.
pub struct Dkim {
    /// For a mail that says nothing of lists.
    plain: Key,
    /// For one that does.
    list: Key,
}

enum Key {
    Rsa(DkimSigner<RsaKey<Sha256>, Done>),
    Ed25519(DkimSigner<Ed25519Key, Done>),
}

impl Key {
    fn new(
        der: &PrivateKeyDer<'_>,
        domain: &str,
        selector: &str,
        fields: &[&str],
    ) -> Result<Key, String> {
        let fields = || fields.iter().copied();
        if let PrivateKeyDer::Pkcs8(bytes) = der
            && let Ok(key) = Ed25519Key::from_pkcs8_maybe_unchecked_der(bytes.secret_pkcs8_der())
        {
            let signer = DkimSigner::from_key(key).domain(domain);
            return Ok(Key::Ed25519(signer.selector(selector).headers(fields())));
        }
        let key = RsaKey::<Sha256>::from_key_der(der.clone_key())
            .map_err(|_| "the key is neither RSA from 2048 bits nor Ed25519".to_owned())?;
        let signer = DkimSigner::from_key(key).domain(domain);
        Ok(Key::Rsa(signer.selector(selector).headers(fields())))
    }
}

impl std::fmt::Debug for Dkim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It holds a key.
        f.debug_struct("Dkim").finish_non_exhaustive()
    }
}

impl Dkim {
    /// A key from PEM: RSA (PKCS 1 or 8, from 2048 bits) or Ed25519 (PKCS 8). Its
    /// public half is published at `selector._domainkey.domain`.
    ///
    /// # Errors
    /// Says what is wrong with the key; nothing of it is in the text.
    pub fn new(pem: &[u8], domain: &str, selector: &str) -> Result<Dkim, String> {
        for (what, name) in [("domain", domain), ("selector", selector)] {
            let fits = !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_');
            if !fits {
                return Err(format!("the {what} {name:?} is no name in the DNS"));
            }
        }
        let der = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| "the file holds no private key in PEM".to_owned())?;
        let with_lists: Vec<&str> = FIELDS.iter().chain(&LIST_FIELDS).copied().collect();
        Ok(Dkim {
            plain: Key::new(&der, domain, selector, &FIELDS)?,
            list: Key::new(&der, domain, selector, &with_lists)?,
        })
    }

    /// The mail with its signature in front.
    ///
    /// # Errors
    /// When it has no header to be signed, or the key refuses.
    pub fn sign(&self, mail: &[u8]) -> Result<Vec<u8>, String> {
        let key = if speaks_of_lists(mail) {
            &self.list
        } else {
            &self.plain
        };
        let signature = match key {
            Key::Rsa(signer) => signer.sign(mail),
            Key::Ed25519(signer) => signer.sign(mail),
        }
        .map_err(|e| format!("DKIM: {e}"))?;
        let mut signed = signature.to_header().into_bytes();
        signed.extend_from_slice(mail);
        Ok(signed)
    }
}

/// Whether the header of a mail has a field for lists.
fn speaks_of_lists(mail: &[u8]) -> bool {
    mail.split(|b| *b == b'\n')
        .take_while(|line| !matches!(*line, b"" | b"\r"))
        .any(|line| line.len() > 5 && line[..5].eq_ignore_ascii_case(b"list-"))
}

#[cfg(test)]
mod tests {
    use std::borrow::Borrow;
    use std::collections::HashMap;
    use std::hash::Hash;
    use std::sync::{Arc, Mutex};
    use std::time::Instant;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use mail_auth::common::parse::TxtRecordParser as _;
    use mail_auth::common::verify::DomainKey;
    use mail_auth::{
        AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt,
    };

    use super::*;

    /// The DNS, as far as this test has one.
    struct Zone(Mutex<HashMap<Box<str>, Txt>>);

    impl ResolverCache<Box<str>, Txt> for Zone {
        fn get<Q>(&self, name: &Q) -> Option<Txt>
        where
            Box<str>: Borrow<Q>,
            Q: Hash + Eq + ?Sized,
        {
            self.0.lock().unwrap().get(name).cloned()
        }

        fn remove<Q>(&self, _: &Q) -> Option<Txt>
        where
            Box<str>: Borrow<Q>,
            Q: Hash + Eq + ?Sized,
        {
            None
        }

        fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
    }

    const MAIL: &[u8] = b"From: Desk <desk@example.org>\r\nTo: ada@example.net\r\n\
        Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\r\nDate: Thu, 26 Nov 2026 10:00:00 +0000\r\n\
        Message-ID: <sb.1@example.org>\r\n\r\nHello \r\n.\r\n..\r\n\r\n\r\n";

    async fn verdict(mail: &[u8], zone: &Zone) -> DkimResult {
        let resolver = MessageAuthenticator::new_quad9().unwrap();
        let message = AuthenticatedMessage::parse(mail).unwrap();
        let found = resolver
            .verify_dkim(Parameters::new(&message).with_txt_cache(zone))
            .await;
        assert_eq!(found.len(), 1);
        found[0].result().clone()
    }

    fn zone(record: &str) -> Zone {
        let key = DomainKey::parse(record.as_bytes()).unwrap();
        let name = "s1._domainkey.example.org.";
        Zone(Mutex::new(
            [(name.into(), Txt::DomainKey(Arc::new(key)))].into(),
        ))
    }

    #[tokio::test]
    async fn what_was_signed_is_verified_and_what_was_changed_is_not() {
        let der = Ed25519Key::generate_pkcs8().unwrap();
        let public = Ed25519Key::from_pkcs8_maybe_unchecked_der(&der)
            .unwrap()
            .public_key();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(&der)
        );
        let key = Dkim::new(pem.as_bytes(), "example.org", "s1").unwrap();
        let zone = zone(&format!(
            "v=DKIM1; k=ed25519; p={}",
            STANDARD.encode(public)
        ));
        let signed = key.sign(MAIL).unwrap();
        assert!(signed.starts_with(b"DKIM-Signature: "));
        assert!(signed.ends_with(MAIL));
        assert_eq!(verdict(&signed, &zone).await, DkimResult::Pass);
        let text = String::from_utf8(signed).unwrap();
        for (from, to) in [
            ("To: ada@", "To: eve@"),
            ("Subject: ", "Subject: x"),
            ("Hello", "Hullo"),
            ("Message-ID: ", "Reply-To: eve@evil.example\r\nMessage-ID: "),
            ("From: ", "From: Eve <eve@evil.example>\r\nFrom: "),
            ("Subject: ", "Subject: Pay\r\nSubject: "),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            let verdict = verdict(changed.as_bytes(), &zone).await;
            assert!(!matches!(verdict, DkimResult::Pass), "{from}: {verdict:?}");
        }
        // What a list server puts in breaks nothing, unless the mail had it.
        let listed = text.replacen("To: ada@", "List-Id: <l.example>\r\nTo: ada@", 1);
        assert_eq!(verdict(listed.as_bytes(), &zone).await, DkimResult::Pass);
        let own = [b"List-Unsubscribe: <https://desk.example/u>\r\n", MAIL].concat();
        let signed = String::from_utf8(key.sign(&own).unwrap()).unwrap();
        assert_eq!(verdict(signed.as_bytes(), &zone).await, DkimResult::Pass);
        let changed = signed.replacen("desk.example/u", "evil.example/u", 1);
        let changed = verdict(changed.as_bytes(), &zone).await;
        assert!(!matches!(changed, DkimResult::Pass), "{changed:?}");
    }

    #[test]
    fn a_key_that_is_none_is_refused_and_not_repeated() {
        for (pem, domain, selector, says) in [
            ("hunter2", "example.org", "s1", "no private key"),
            (
                "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n",
                "example.org",
                "s1",
                "neither RSA",
            ),
            ("hunter2", "exam ple.org", "s1", "the domain"),
            ("hunter2", "example.org", "", "the selector"),
        ] {
            let error = Dkim::new(pem.as_bytes(), domain, selector).unwrap_err();
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("hunter2") && !error.contains("aHVu"));
        }
    }
}
