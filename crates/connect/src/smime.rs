//! The signature of alarm mails (S/MIME: RFC 8551; CMS: RFC 5652): a site's machinery wakes
//! people only for what it knows to come from here.
//!
//! A mail is signed when it is handed over: what is kept stays as it was made, and a
//! certificate that is renewed holds for what waits, too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::cert::x509::Certificate;
use cms::cert::x509::attr::{Attribute, Attributes};
use cms::cert::x509::der::asn1::{
    Any, GeneralizedTime, ObjectIdentifier, OctetString, SetOfVec, UtcTime,
};
use cms::cert::x509::der::{self, Decode as _, Encode as _};
use cms::cert::x509::spki::AlgorithmIdentifierOwned;
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use switchboard_core::Millis;

/// Kinds of content and of what is signed beside it (RFC 5652, 4, 5.1 and 11).
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// RFC 8017, A.2.4 and RFC 5758, 3.2.
const SHA_256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_WITH_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
/// From this year on times are written with four digits of the year (RFC 5652, 11.3).
const FOUR_DIGITS: u16 = 2050;

/// A key that signs, and the certificate that says whose it is.
pub struct Smime {
    key: Key,
    /// The key's own first, then those above it.
    certificates: Vec<Certificate>,
    until: Millis,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(Box<EcdsaKeyPair>),
}

impl std::fmt::Debug for Smime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It holds a key.
        f.debug_struct("Smime").finish_non_exhaustive()
    }
}

impl Key {
    fn new(pem: &[u8]) -> Result<Key, String> {
        let der = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| "the file holds no private key in PEM".to_owned())?;
        let neither = || "the key is neither RSA (2048 to 4096 bits) nor EC on P-256".to_owned();
        let rsa = |key: Result<RsaKeyPair, _>| key.map(|k| Key::Rsa(Box::new(k))).ok();
        match &der {
            PrivateKeyDer::Pkcs1(key) => {
                rsa(RsaKeyPair::from_der(key.secret_pkcs1_der())).ok_or_else(neither)
            }
            PrivateKeyDer::Pkcs8(key) => {
                let bytes = key.secret_pkcs8_der();
                let curve = &ECDSA_P256_SHA256_ASN1_SIGNING;
                rsa(RsaKeyPair::from_pkcs8(bytes))
                    .or_else(|| {
                        EcdsaKeyPair::from_pkcs8(curve, bytes, &SystemRandom::new())
                            .map(|k| Key::Ecdsa(Box::new(k)))
                            .ok()
                    })
                    .ok_or_else(neither)
            }
            _ => {
                Err("the key is not in PKCS 8: openssl pkcs8 -topk8 -nodes brings it there".into())
            }
        }
    }

    fn public(&self) -> &[u8] {
        match self {
            Key::Rsa(key) => key.public_key().as_ref(),
            Key::Ecdsa(key) => key.public_key().as_ref(),
        }
    }

    fn algorithm(&self) -> AlgorithmIdentifierOwned {
        match self {
            Key::Rsa(_) => AlgorithmIdentifierOwned {
                oid: SHA_256_WITH_RSA,
                parameters: Some(Any::null()),
            },
            Key::Ecdsa(_) => AlgorithmIdentifierOwned {
                oid: ECDSA_WITH_SHA_256,
                parameters: None,
            },
        }
    }

    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let random = SystemRandom::new();
        let refused = |_| "the key refuses to sign".to_owned();
        match self {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature)
                    .map_err(refused)?;
                Ok(signature)
            }
            Key::Ecdsa(key) => {
                let signature = key.sign(&random, bytes).map_err(refused)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

impl Smime {
    /// A key and certificates from PEM: RSA (PKCS 1 or 8, 2048 to 4096 bits) or EC on P-256
    /// (PKCS 8); the key's own certificate first, then those between it and an authority
    /// that sites know.
    ///
    /// # Errors
    /// Says what is wrong with the key or a certificate; nothing of the key is in the text.
    pub fn new(key: &[u8], certificates: &[u8]) -> Result<Smime, String> {
        let key = Key::new(key)?;
        let mut read = Vec::new();
        for der in CertificateDer::pem_slice_iter(certificates) {
            let der = der.map_err(|e| format!("the file of certificates can not be read: {e}"))?;
            let one = Certificate::from_der(&der)
                .map_err(|e| format!("a certificate can not be read: {e}"))?;
            read.push(one);
        }
        let own = read
            .first()
            .ok_or("the file holds no certificate in PEM")?
            .tbs_certificate
            .clone();
        if own.subject_public_key_info.subject_public_key.raw_bytes() != key.public() {
            return Err("the first certificate is not the key's".into());
        }
        let until = own.validity.not_after.to_unix_duration().as_millis();
        Ok(Smime {
            key,
            certificates: read,
            until: Millis::try_from(until).unwrap_or(Millis::MAX),
        })
    }

    /// Until when the certificate is valid, epoch milliseconds UTC.
    pub fn until(&self) -> Millis {
        self.until
    }

    /// The mail as `multipart/signed`: its fields stay in front, but for those that say what
    /// the content is.
    ///
    /// # Errors
    /// When the mail has no header, the certificate is over, or the key refuses.
    pub fn sign(&self, mail: &[u8], now: Millis) -> Result<Vec<u8>, String> {
        if now > self.until {
            return Err("S/MIME: the certificate that signs alarms is not valid any more".into());
        }
        let (header, body) = split(mail).ok_or("S/MIME: the mail has no header")?;
        let (content, other) = fields(header);
        let part = [content.concat().as_slice(), b"\r\n", body].concat();
        let digest = Sha256::digest(&part);
        let signature = self
            .signature(&digest, now)
            .map_err(|e| format!("S/MIME: {e}"))?;
        let boundary: String = digest[..16].iter().map(|b| format!("{b:02x}")).collect();
        let boundary = format!("=_signed_{boundary}");
        let mut out = other.concat();
        let begin = format!(
            "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n \
             micalg=sha-256; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n"
        );
        out.extend_from_slice(begin.as_bytes());
        out.extend_from_slice(&part);
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
             Content-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n"
        );
        out.extend_from_slice(head.as_bytes());
        for line in STANDARD.encode(signature).as_bytes().chunks(72) {
            out.extend_from_slice(line);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        Ok(out)
    }

    fn signature(&self, digest: &[u8], now: Millis) -> Result<Vec<u8>, String> {
        let said = |e: der::Error| e.to_string();
        let own = self.certificates.first().ok_or("no certificate")?;
        let sha_256 = AlgorithmIdentifierOwned {
            oid: SHA_256,
            parameters: None,
        };
        let attributes = Attributes::try_from(vec![
            attribute(CONTENT_TYPE, Any::encode_from(&DATA).map_err(said)?)?,
            attribute(SIGNING_TIME, time(now).map_err(said)?)?,
            attribute(
                MESSAGE_DIGEST,
                Any::encode_from(&OctetString::new(digest).map_err(said)?).map_err(said)?,
            )?,
        ])
        .map_err(said)?;
        let signature = self.key.sign(&attributes.to_der().map_err(said)?)?;
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: own.tbs_certificate.issuer.clone(),
                serial_number: own.tbs_certificate.serial_number.clone(),
            }),
            digest_alg: sha_256.clone(),
            signed_attrs: Some(attributes),
            signature_algorithm: self.key.algorithm(),
            signature: OctetString::new(signature).map_err(said)?,
            unsigned_attrs: None,
        };
        let certificates = self
            .certificates
            .iter()
            .cloned()
            .map(CertificateChoices::Certificate)
            .collect::<Vec<_>>();
        let signed = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![sha_256]).map_err(said)?,
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: DATA,
                econtent: None,
            },
            certificates: Some(CertificateSet(
                SetOfVec::try_from(certificates).map_err(said)?,
            )),
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(vec![signer]).map_err(said)?),
        };
        ContentInfo {
            content_type: SIGNED_DATA,
            content: Any::encode_from(&signed).map_err(said)?,
        }
        .to_der()
        .map_err(said)
    }
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, String> {
    let values = SetOfVec::try_from(vec![value]).map_err(|e| e.to_string())?;
    Ok(Attribute { oid, values })
}

fn time(now: Millis) -> der::Result<Any> {
    let since = std::time::Duration::from_millis(now.max(0).unsigned_abs());
    let at = der::DateTime::from_unix_duration(std::time::Duration::from_secs(since.as_secs()))?;
    if at.year() < FOUR_DIGITS {
        Any::encode_from(&UtcTime::from_date_time(at)?)
    } else {
        Any::encode_from(&GeneralizedTime::from_date_time(at))
    }
}

/// Header and body; the line between belongs to neither.
fn split(mail: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = mail.windows(4).position(|w| w == b"\r\n\r\n")?;
    Some((&mail[..end + 2], &mail[end + 4..]))
}

/// The fields of a header with their line ends: those about the content, and the others.
fn fields(header: &[u8]) -> (Vec<&[u8]>, Vec<&[u8]>) {
    let (mut content, mut other): (Vec<&[u8]>, Vec<&[u8]>) = (Vec::new(), Vec::new());
    let mut of_content = false;
    for line in header.split_inclusive(|b| *b == b'\n') {
        // A folded line belongs to the field before.
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            of_content = line.len() > 8 && line[..8].eq_ignore_ascii_case(b"content-");
        }
        if of_content {
            content.push(line);
        } else {
            other.push(line);
        }
    }
    (content, other)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::{Command, Output};

    use super::*;

    const MAIL: &[u8] = b"From: Desk <desk@example.org>\r\nTo: noc@site.example\r\n\
        Subject: Alarm\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n\
        Content-Transfer-Encoding: 7bit\r\nDate: Sat, 28 Nov 2026 10:00:00 +0000\r\n\r\n\
        The storage is away.\r\n\r\n";
    const NOW: Millis = 1_795_860_000_000;

    /// `None`: there is no openssl.
    fn openssl(folder: &Path, line: &str) -> Option<Output> {
        let ran = Command::new("openssl")
            .args(line.split(' '))
            .current_dir(folder)
            .output();
        match ran {
            Ok(output) => Some(output),
            Err(_) => {
                assert!(
                    std::env::var_os("REQUIRE_ALL").is_none(),
                    "openssl is missing"
                );
                eprintln!("SKIPPED: openssl is not here to make certificates with");
                None
            }
        }
    }

    fn made(folder: &Path, line: &str) -> Option<()> {
        let output = openssl(folder, line)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "openssl {line}: {said}");
        Some(())
    }

    /// The key and its certificate in PEM.
    fn pair(folder: &Path, kind: &str, name: &str) -> Option<(Vec<u8>, Vec<u8>)> {
        made(
            folder,
            &format!(
                "req -x509 -newkey {kind} -nodes -days 20000 -subj /CN=Desk \
                 -addext extendedKeyUsage=emailProtection -keyout {name}.key -out {name}.crt"
            ),
        )?;
        let read = |end: &str| std::fs::read(folder.join(format!("{name}.{end}"))).unwrap();
        Some((read("key"), read("crt")))
    }

    #[test]
    fn what_was_signed_is_verified_by_openssl_and_what_was_changed_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for (kind, name) in [
            ("rsa:2048", "rsa"),
            ("ec -pkeyopt ec_paramgen_curve:P-256", "ec"),
        ] {
            let Some((key, certificate)) = pair(folder, kind, name) else {
                return;
            };
            let smime = Smime::new(&key, &certificate).unwrap();
            let signed = smime.sign(MAIL, NOW).unwrap();
            let verified = |mail: &[u8]| {
                std::fs::write(folder.join("mail"), mail).unwrap();
                let line = format!("smime -verify -in mail -CAfile {name}.crt -purpose any");
                openssl(folder, &line).unwrap()
            };
            let fine = verified(&signed);
            let said = String::from_utf8_lossy(&fine.stderr).into_owned();
            assert!(fine.status.success(), "{name}: {said}");
            let content = String::from_utf8(fine.stdout).unwrap();
            assert!(content.starts_with("Content-Type: text/plain"), "{content}");
            assert!(content.contains("The storage is away."), "{content}");
            let text = String::from_utf8(signed).unwrap();
            // What is not about the content stays where mail servers look for it.
            assert!(text.starts_with("From: Desk"), "{text}");
            assert!(text.contains("\r\nDate: Sat"), "{text}");
            let changed = text.replace("is away", "is fine");
            assert!(!verified(changed.as_bytes()).status.success(), "{name}");
            let other = smime.sign(MAIL, NOW + 1_000).unwrap();
            assert_ne!(text.as_bytes(), other, "the time is signed");
            let late = smime.sign(MAIL, smime.until() + 1).unwrap_err();
            assert!(late.contains("not valid any more"), "{late}");
        }
    }

    #[test]
    fn a_wrong_key_or_certificate_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let Some((key, certificate)) = pair(folder, "rsa:2048", "one") else {
            return;
        };
        let p384 = "ec -pkeyopt ec_paramgen_curve:P-384";
        let (Some(other), Some(curve)) = (
            pair(folder, "rsa:2048", "other"),
            pair(folder, p384, "curve"),
        ) else {
            return;
        };
        let garbled = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (key, certificate, wrong) in [
            (&key, &other.1, "not the key's"),
            (&curve.0, &curve.1, "P-256"),
            (&certificate, &certificate, "no private key"),
            (&key, &key, "no certificate"),
            (&key, &garbled.to_vec(), "can not be read"),
        ] {
            let error = Smime::new(key, certificate).unwrap_err();
            assert!(error.contains(wrong), "{error}");
        }
        // A mail that came without a header.
        let smime = Smime::new(&key, &certificate).unwrap();
        assert!(smime.sign(b"no header", NOW).is_err());
    }
}
