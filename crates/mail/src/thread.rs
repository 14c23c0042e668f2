//! Which ticket does a message belong to?
//!
//! Four hints, strongest first: the reply address that was given to this very
//! sender, the reply address of the ticket, the messages it answers, the tag in
//! its subject. The first proves that the sender got our mail at the address
//! they write from, the second that they saw some mail about that ticket; the
//! others prove nothing.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use switchboard_core::TicketNumber;

use crate::address::{Address, AddressError};
use crate::parse::Incoming;
use crate::proof::sole_sender;
use crate::subject::tagged_numbers;

/// Length of the signature in an address: 128 bit as base32.
const SIGNATURE_LEN: usize = 26;
/// Shortest secret that may sign, in octets.
pub const MIN_SECRET: usize = 16;
/// What the signature is about, so that it can not be borrowed from another
/// use of the same secret.
const PURPOSE: &[u8] = b"switchboard reply address 1\0";
/// The same for an address that only one person was given.
const PURPOSE_PERSONAL: &[u8] = b"switchboard personal reply address 1\0";
/// How many tags of one subject are looked at.
const MAX_TAGS: usize = 3;

/// What reply addresses are made of.
#[derive(Clone, PartialEq, Eq)]
pub struct ThreadKeys {
    secret: Vec<u8>,
    previous: Vec<Vec<u8>>,
    desk: Address,
}

/// Why keys can not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The secret has fewer than [`MIN_SECRET`] octets.
    #[error("the secret for reply addresses needs at least {MIN_SECRET} bytes")]
    ShortSecret,
    /// `desk+number.signature` would be longer than a local part may be.
    #[error("the part before the @ of the desk's address is too long to carry a signature")]
    LongAddress,
}

impl ThreadKeys {
    /// Keys for the address `desk`, from which reply addresses are derived.
    ///
    /// # Errors
    /// A secret that is too short, or an address without room for a signature.
    pub fn new(secret: impl Into<Vec<u8>>, desk: Address) -> Result<Self, KeyError> {
        let secret = secret.into();
        if secret.len() < MIN_SECRET {
            return Err(KeyError::ShortSecret);
        }
        // Room for "+", a number of up to 18 digits, "." and the signature.
        if desk.local().len() + 1 + 18 + 1 + SIGNATURE_LEN > 64 {
            return Err(KeyError::LongAddress);
        }
        Ok(Self {
            secret,
            previous: Vec::new(),
            desk,
        })
    }

    /// Also accepts answers to mail that was signed with an older secret.
    #[must_use]
    pub fn with_previous(mut self, secret: impl Into<Vec<u8>>) -> Self {
        let secret = secret.into();
        if secret.len() >= MIN_SECRET {
            self.previous.push(secret);
        }
        self
    }

    /// The address from which reply addresses are derived.
    pub fn desk(&self) -> &Address {
        &self.desk
    }

    /// The ticket that an address names, if it is one of ours and its
    /// signature is right for everybody.
    pub fn ticket_at(&self, address: &Address) -> Option<TicketNumber> {
        self.signed(address, None)
    }

    /// The ticket that an address names, if its signature is right for `from`
    /// and nobody else.
    pub fn ticket_for(&self, address: &Address, from: &Address) -> Option<TicketNumber> {
        self.signed(address, Some(from))
    }

    fn signed(&self, address: &Address, from: Option<&Address>) -> Option<TicketNumber> {
        if address.domain() != self.desk.domain() {
            return None;
        }
        let tagged = address
            .local()
            .strip_prefix(self.desk.local())?
            .strip_prefix('+')?;
        let (digits, signature) = tagged.split_once('.')?;
        let canonical = !digits.is_empty()
            && digits.len() <= 18
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit());
        if !canonical || signature.len() != SIGNATURE_LEN {
            return None;
        }
        let number = TicketNumber(digits.parse().ok()?);
        // All secrets are tried, so that time does not tell which one it was.
        let mut right = false;
        for secret in std::iter::once(&self.secret).chain(&self.previous) {
            right |= same(sign(secret, number, from).as_bytes(), signature.as_bytes());
        }
        right.then_some(number)
    }

    /// A signature over a text for a purpose of its own: 128 bit as base32.
    pub(crate) fn sign_text(&self, purpose: &str, text: &str) -> String {
        sign_text(&self.secret, purpose, text)
    }

    /// Whether a signature is this text's, also by an older secret.
    pub(crate) fn verify_text(&self, purpose: &str, text: &str, signature: &str) -> bool {
        let mut right = false;
        for secret in std::iter::once(&self.secret).chain(&self.previous) {
            let ours = sign_text(secret, purpose, text);
            right |=
                signature.len() == SIGNATURE_LEN && same(ours.as_bytes(), signature.as_bytes());
        }
        right
    }

    /// The desk's address with a tag that is signed for a purpose: `desk+TAG.SIG@domain`.
    ///
    /// # Errors
    /// Where the desk's own address leaves no room.
    pub(crate) fn tagged(&self, purpose: &str, tag: &str) -> Result<Address, AddressError> {
        Address::parse(&format!(
            "{}+{tag}.{}@{}",
            self.desk.local(),
            self.sign_text(purpose, tag),
            self.desk.domain()
        ))
    }

    /// The tag in an address of the desk, if it is signed for the purpose.
    pub(crate) fn tag_at<'a>(&self, purpose: &str, address: &'a Address) -> Option<&'a str> {
        if address.domain() != self.desk.domain() {
            return None;
        }
        let tagged = address
            .local()
            .strip_prefix(self.desk.local())?
            .strip_prefix('+')?;
        let (tag, signature) = tagged.split_once('.')?;
        self.verify_text(purpose, tag, signature).then_some(tag)
    }
}

impl fmt::Debug for ThreadKeys {
    /// The secrets never reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadKeys")
            .field("desk", &self.desk)
            .finish_non_exhaustive()
    }
}

/// A ticket that a message may belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidate {
    /// The mail was sent to the address of this ticket that its sender was
    /// given, and nobody else.
    Personal(TicketNumber),
    /// The mail was sent to the signed address of this ticket.
    Signed(TicketNumber),
    /// The mail answers these messages, the closest first. The caller looks up
    /// which of them it knows, and whether the sender may join that ticket.
    MessageIds(Vec<String>),
    /// The subject names this ticket. Anybody can guess a number: the caller
    /// must require that the sender is a party to the ticket.
    SubjectTag(TicketNumber),
}

/// The tickets that a message may belong to, strongest hint first. None: it is
/// a new one.
pub fn ticket_of(mail: &Incoming, keys: &ThreadKeys) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let recipients = || {
        let written = mail.to.iter().chain(&mail.cc).map(|m| &m.address);
        mail.delivered_to.iter().chain(written)
    };
    let add = |found: &mut Vec<Candidate>, candidate: Candidate| {
        if !found.contains(&candidate) {
            found.push(candidate);
        }
    };
    if let Some(from) = sole_sender(mail) {
        for number in recipients().filter_map(|a| keys.ticket_for(a, &from)) {
            add(&mut found, Candidate::Personal(number));
        }
    }
    for number in recipients().filter_map(|a| keys.ticket_at(a)) {
        add(&mut found, Candidate::Signed(number));
    }
    let mut ids: Vec<String> = Vec::new();
    for id in mail.in_reply_to.iter().chain(mail.references.iter().rev()) {
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    if !ids.is_empty() {
        found.push(Candidate::MessageIds(ids));
    }
    for number in tagged_numbers(&mail.subject).take(MAX_TAGS) {
        add(&mut found, Candidate::SubjectTag(number));
    }
    found
}

/// The address to which answers about a ticket go: `desk+1234.SIG@domain`. Good
/// for whoever has it: for lists and other crowds.
///
/// # Errors
/// Only for a number below 1 or above 18 digits, which no ticket has.
pub fn reply_address(number: TicketNumber, keys: &ThreadKeys) -> Result<Address, AddressError> {
    reply_address_of(number, None, keys)
}

/// The same for one person: good only in mails from the address `to`, to which
/// it was sent. It looks the same.
///
/// # Errors
/// Only for a number below 1 or above 18 digits, which no ticket has.
pub fn personal_reply_address(
    number: TicketNumber,
    to: &Address,
    keys: &ThreadKeys,
) -> Result<Address, AddressError> {
    reply_address_of(number, Some(to), keys)
}

fn reply_address_of(
    number: TicketNumber,
    to: Option<&Address>,
    keys: &ThreadKeys,
) -> Result<Address, AddressError> {
    if !(1..1_000_000_000_000_000_000).contains(&number.0) {
        return Err(AddressError::Local);
    }
    let signature = sign(&keys.secret, number, to);
    Address::parse(&format!(
        "{}+{}.{signature}@{}",
        keys.desk.local(),
        number.0,
        keys.desk.domain()
    ))
}

/// A message id for a mail about a ticket, without angle brackets. `unique`
/// must never repeat: the id of the outgoing mail's row.
pub fn message_id(number: TicketNumber, unique: impl fmt::Display, domain: &str) -> String {
    let plain = |text: String| -> String {
        text.chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            .collect()
    };
    format!(
        "sb.{}.{}@{}",
        number.0,
        plain(unique.to_string()),
        plain(domain.to_lowercase())
    )
}

/// Whether a message id has the form of ours, under one of our domains.
pub(crate) fn is_own_message_id(id: &str, domains: &[String]) -> bool {
    let Some((local, domain)) = id.rsplit_once('@') else {
        return false;
    };
    let Some((digits, unique)) = local
        .strip_prefix("sb.")
        .and_then(|rest| rest.split_once('.'))
    else {
        return false;
    };
    !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !unique.is_empty()
        && domains.iter().any(|own| own.eq_ignore_ascii_case(domain))
}

/// The same for a text and a purpose; the purpose ends with a zero octet, which
/// no purpose contains.
fn sign_text(secret: &[u8], purpose: &str, text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return String::new();
    };
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(text.as_bytes());
    base32(&mac.finalize().into_bytes().as_slice()[..16])
}

/// HMAC-SHA-256 over the ticket number and whom it is for, cut to 128 bit, as
/// base32.
fn sign(secret: &[u8], number: TicketNumber, to: Option<&Address>) -> String {
    // HMAC takes keys of every length; an impossible failure signs nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return String::new();
    };
    mac.update(if to.is_some() {
        PURPOSE_PERSONAL
    } else {
        PURPOSE
    });
    mac.update(number.0.to_string().as_bytes());
    if let Some(to) = to {
        // A number has no "@": no two pairs give the same bytes.
        mac.update(b"@");
        mac.update(to.as_str().as_bytes());
    }
    base32(&mac.finalize().into_bytes().as_slice()[..16])
}

/// RFC 4648 base32 in lower case, without padding: survives servers that
/// change the case of addresses.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut out = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let mut held: u32 = 0;
    let mut bits = 0;
    for &byte in bytes {
        held = held << 8 | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(LETTERS[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        out.push(char::from(LETTERS[(held << (5 - bits) & 31) as usize]));
    }
    out
}

/// Compares without telling by its time where the difference is.
fn same(right: &[u8], given: &[u8]) -> bool {
    if right.len() != given.len() || right.is_empty() {
        return false;
    }
    let difference = right
        .iter()
        .zip(given)
        .fold(0, |acc, (a, b)| std::hint::black_box(acc | (a ^ b)));
    difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{Limits, parse};

    fn keys() -> ThreadKeys {
        ThreadKeys::new(
            *b"a secret of 24 bytes ...",
            Address::parse("desk@example.org").unwrap(),
        )
        .unwrap()
    }

    fn candidates(raw: &str) -> Vec<Candidate> {
        ticket_of(&parse(raw.as_bytes(), &Limits::default()).unwrap(), &keys())
    }

    #[test]
    fn base32_as_in_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "my"),
            ("fo", "mzxq"),
            ("foo", "mzxw6"),
            ("foob", "mzxw6yq"),
            ("foobar", "mzxw6ytboi"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_reply_address_names_its_ticket() {
        let address = reply_address(TicketNumber(1234), &keys()).unwrap();
        assert!(address.as_str().starts_with("desk+1234."), "{address}");
        assert_eq!(address.local().len(), "desk+1234.".len() + SIGNATURE_LEN);
        assert_eq!(keys().ticket_at(&address), Some(TicketNumber(1234)));
        let shouted = Address::parse(&address.as_str().to_uppercase()).unwrap();
        assert_eq!(keys().ticket_at(&shouted), Some(TicketNumber(1234)));
        assert!(reply_address(TicketNumber(0), &keys()).is_err());
        assert!(reply_address(TicketNumber(-5), &keys()).is_err());
    }

    #[test]
    fn a_personal_address_is_good_for_its_person_only() {
        let ada = Address::parse("ada@lab.example").unwrap();
        let eve = Address::parse("eve@lab.example").unwrap();
        let address = personal_reply_address(TicketNumber(12), &ada, &keys()).unwrap();
        assert_eq!(keys().ticket_for(&address, &ada), Some(TicketNumber(12)));
        assert_eq!(keys().ticket_for(&address, &eve), None);
        assert_eq!(keys().ticket_at(&address), None);
        let shared = reply_address(TicketNumber(12), &keys()).unwrap();
        assert_eq!(keys().ticket_for(&shared, &ada), None);
        let from = |line: &str| candidates(&format!("{line}\nTo: {address}\nSubject: x\n\nx"));
        assert_eq!(
            from("From: Ada <ADA@Lab.example>"),
            [Candidate::Personal(TicketNumber(12))]
        );
        for forged in [
            "From: eve@lab.example",
            "From: ada@lab.example, eve@lab.example",
            "From: ada@lab.example\nFrom: eve@lab.example",
            "Sender: ada@lab.example\nFrom: eve@lab.example",
            "Reply-To: ada@lab.example\nFrom: eve@lab.example",
        ] {
            assert_eq!(from(forged), [], "{forged}");
        }
    }

    #[test]
    fn nothing_else_is_accepted() {
        let good = reply_address(TicketNumber(1234), &keys()).unwrap();
        let signature = good.local().split_once('.').unwrap().1.to_owned();
        // Every other length, down to nothing.
        for len in (0..SIGNATURE_LEN).chain(SIGNATURE_LEN + 1..=36) {
            let cut: String = signature
                .chars()
                .chain("aaaaaaaaaaaa".chars())
                .take(len)
                .collect();
            if let Ok(address) = Address::parse(&format!("desk+1234.{cut}@example.org")) {
                assert_eq!(keys().ticket_at(&address), None, "{address}");
            }
        }
        // Every other letter in every place, and so every unused last bit.
        for at in 0..SIGNATURE_LEN {
            for letter in "abcdefghijklmnopqrstuvwxyz234567".chars() {
                let mut other: Vec<char> = signature.chars().collect();
                other[at] = letter;
                let other: String = other.into_iter().collect();
                let address = Address::parse(&format!("desk+1234.{other}@example.org")).unwrap();
                assert_eq!(keys().ticket_at(&address).is_some(), other == signature);
            }
        }
        for wrong in [
            format!("desk+1235.{signature}@example.org"),
            format!("desk+01234.{signature}@example.org"),
            format!("desk+-1234.{signature}@example.org"),
            format!("desk+.{signature}@example.org"),
            format!("desk+1234.{signature}@example.net"),
            format!("desk-1234.{signature}@example.org"),
            format!("other+1234.{signature}@example.org"),
            format!("desk+1234{signature}@example.org"),
            format!("desk+1234.x.{signature}@example.org"),
        ] {
            if let Ok(address) = Address::parse(&wrong) {
                assert_eq!(keys().ticket_at(&address), None, "{wrong}");
            }
        }
    }

    #[test]
    fn secrets() {
        let desk = keys().desk().clone();
        assert_eq!(
            ThreadKeys::new(*b"fifteen bytes..", desk.clone()),
            Err(KeyError::ShortSecret)
        );
        assert_eq!(
            ThreadKeys::new(Vec::new(), desk.clone()),
            Err(KeyError::ShortSecret)
        );
        let long = Address::parse("a-very-long-name-for-a-desk@example.org").unwrap();
        assert_eq!(
            ThreadKeys::new(*b"0123456789abcdef", long),
            Err(KeyError::LongAddress)
        );
        let old = reply_address(TicketNumber(7), &keys()).unwrap();
        let new = ThreadKeys::new(*b"another secret, longer", desk).unwrap();
        assert_eq!(new.ticket_at(&old), None);
        assert_eq!(
            new.with_previous(*b"a secret of 24 bytes ...")
                .ticket_at(&old),
            Some(TicketNumber(7))
        );
        assert!(!format!("{:?}", keys()).contains("secret"));
    }

    #[test]
    fn the_strongest_hint_comes_first() {
        let signed = reply_address(TicketNumber(7), &keys()).unwrap();
        let raw = format!(
            "From: a@b.org\nTo: desk@example.org, <{signed}>\nSubject: Re: [#8] x [#9]\nIn-Reply-To: <one@x>\nReferences: <zero@x> <one@x>\n\nx"
        );
        assert_eq!(
            candidates(&raw),
            [
                Candidate::Signed(TicketNumber(7)),
                Candidate::MessageIds(vec!["one@x".to_owned(), "zero@x".to_owned()]),
                Candidate::SubjectTag(TicketNumber(8)),
                Candidate::SubjectTag(TicketNumber(9)),
            ]
        );
        let delivered = format!("From: a@b.org\nTo: c@d.org\nDelivered-To: {signed}\n\nx");
        assert_eq!(candidates(&delivered), [Candidate::Signed(TicketNumber(7))]);
        let forged =
            "From: a@b.org\nTo: desk+7.aaaaaaaaaaaaaaaaaaaaaaaaaa@example.org\nSubject: hello\n\nx";
        assert_eq!(candidates(forged), []);
    }

    #[test]
    fn message_ids_are_plain() {
        let id = message_id(TicketNumber(7), "0192-ab\r\nBcc: x@y", "Desk.Example.org");
        assert_eq!(id, "sb.7.0192-abBccxy@desk.example.org");
        assert!(is_own_message_id(&id, &["desk.example.org".to_owned()]));
    }
}
