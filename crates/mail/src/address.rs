//! The one parser that decides who an e-mail address is.
//!
//! Two programs that read the same address differently are a way to become
//! somebody else. So identity is decided here and nowhere else: what
//! [`Address::parse`] returns is what the policy compares, what the database
//! stores and what SMTP is told. Exotic but legal spellings (quoted local
//! parts, comments, routes, address literals) and the historic tricks
//! (encoded words, percent and bang paths) are refused rather than guessed at.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// Longest address that fits an SMTP path, in octets (RFC 5321, 4.5.3.1.3).
const MAX_ADDRESS: usize = 254;
/// Longest local part, in octets (RFC 5321, 4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// Longest domain, in octets (RFC 5321, 4.5.3.1.2, less the dot of the root).
const MAX_DOMAIN: usize = 253;
/// Longest label of a domain, in octets (RFC 1035, 2.3.4).
const MAX_LABEL: usize = 63;

/// A canonical `local@domain`: local part in lower case, domain in lower-case
/// ASCII (punycode where it needs to be). Equality is identity.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

/// Why a text is not an address that can stand for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing, or only white space.
    #[error("the address is empty")]
    Empty,
    /// More than 254 octets, or a local part of more than 64.
    #[error("the address is too long")]
    TooLong,
    /// A control character, among them NUL, CR and LF.
    #[error("the address contains a control character")]
    Control,
    /// White space inside the address.
    #[error("the address contains white space")]
    Space,
    /// `=?charset?…?=`, which some programs decode and others do not.
    #[error("the address contains an encoded word")]
    EncodedWord,
    /// `user%domain@relay`.
    #[error("the address contains a percent route")]
    Percent,
    /// `host!user@relay`.
    #[error("the address contains a bang path")]
    Bang,
    /// `"…"@domain`.
    #[error("the local part is quoted")]
    Quoted,
    /// `(…)`.
    #[error("the address contains a comment")]
    Comment,
    /// `<…>`, `@a,@b:user@c`, lists: anything around the plain address.
    #[error("the address contains a route or brackets")]
    Route,
    /// No `@`, or several.
    #[error("the address needs exactly one @")]
    At,
    /// The part before the `@` is missing or not a plain dotted word.
    #[error("the part before the @ is not valid")]
    Local,
    /// The part after the `@` is missing or not a domain name.
    #[error("the part after the @ is not a domain name")]
    Domain,
}

impl Address {
    /// Reads one address and brings it to its canonical form.
    ///
    /// # Errors
    /// Says which rule the text breaks; see [`AddressError`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.len() > MAX_ADDRESS * 2 {
            return Err(AddressError::TooLong);
        }
        refuse_tricks(text)?;
        let (local, domain) = text.split_once('@').ok_or(AddressError::At)?;
        if domain.contains('@') {
            return Err(AddressError::At);
        }
        let local = canonical_local(local)?;
        let domain = canonical_domain(domain)?;
        let whole = format!("{local}@{domain}");
        if whole.len() > MAX_ADDRESS {
            return Err(AddressError::TooLong);
        }
        // What the envelope can not say is nobody's address: mail to it would fail.
        if !local.is_ascii() && lettre::Address::new(&local, &domain).is_err() {
            return Err(AddressError::Local);
        }
        Ok(Self(whole))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether every mail server can be told this address. Another one has
    /// letters beyond ASCII before its `@` (RFC 6531) and needs a server that
    /// offers SMTPUTF8.
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }

    /// The part before the `@`, in lower case.
    pub fn local(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }

    /// The part after the `@`, in lower-case ASCII.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

/// Finds what makes programs disagree, before anything is taken apart.
fn refuse_tricks(text: &str) -> Result<(), AddressError> {
    if text.contains("=?") {
        return Err(AddressError::EncodedWord);
    }
    for c in text.chars() {
        match c {
            c if c.is_control() => return Err(AddressError::Control),
            // Line and paragraph separators count as new lines to some programs.
            '\u{2028}' | '\u{2029}' => return Err(AddressError::Control),
            c if c.is_whitespace() => return Err(AddressError::Space),
            '%' => return Err(AddressError::Percent),
            '!' => return Err(AddressError::Bang),
            '"' => return Err(AddressError::Quoted),
            '(' | ')' => return Err(AddressError::Comment),
            '<' | '>' | ',' | ';' | ':' | '\\' => return Err(AddressError::Route),
            '[' | ']' => return Err(AddressError::Domain),
            _ => {}
        }
    }
    Ok(())
}

/// A dot-atom (RFC 5322, 3.2.3) with the letters of RFC 6531, in lower case
/// and in Unicode's composed form.
fn canonical_local(local: &str) -> Result<String, AddressError> {
    let lower = fold(local);
    // A few letters (a dotted capital I, for one) keep changing when folded
    // again. Such an address would have two canonical forms.
    if fold(&lower) != lower {
        return Err(AddressError::Local);
    }
    if lower.len() > MAX_LOCAL {
        return Err(AddressError::TooLong);
    }
    let words_ok = lower
        .split('.')
        .all(|word| !word.is_empty() && word.chars().all(is_local_char));
    if words_ok {
        Ok(lower)
    } else {
        Err(AddressError::Local)
    }
}

fn fold(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).nfc().collect()
}

fn is_local_char(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "#$&'*+-/=?^_`{|}~".contains(c)
    } else {
        // Letters and digits of other scripts, and the marks that belong to
        // them; never the invisible characters that make two names look alike.
        c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
    }
}

fn canonical_domain(domain: &str) -> Result<String, AddressError> {
    let lower = domain.to_lowercase();
    let plain = domain.is_ascii() && !lower.split('.').any(|label| label.starts_with("xn--"));
    let ascii = if plain {
        lower
    } else {
        let ascii = idna::domain_to_ascii(domain).map_err(|_| AddressError::Domain)?;
        let (unicode, valid) = idna::domain_to_unicode(&ascii);
        // Full-width letters, soft hyphens and the like are mapped away by
        // IDNA: whoever compared the written form has seen another domain.
        let same = if domain.is_ascii() {
            ascii == lower
        } else {
            unicode == lower
        };
        if valid.is_err() || !same {
            return Err(AddressError::Domain);
        }
        ascii
    };
    let labels_ok = ascii.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= MAX_LABEL
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
    });
    // A last label of digits is an IPv4 address in disguise, not a name.
    let numeric_end = ascii
        .rsplit('.')
        .next()
        .is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
    if labels_ok && !numeric_end && ascii.len() <= MAX_DOMAIN {
        Ok(ascii)
    } else {
        Err(AddressError::Domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for Address {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0
    }
}

/// An address as it stands in a header: with the name its owner gave it. The
/// name is decoration and never identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mailbox {
    /// Display name, decoded, one line, without control characters.
    pub name: Option<String>,
    /// Who it is.
    pub address: Address,
}

impl Mailbox {
    /// A mailbox without a name.
    pub fn bare(address: Address) -> Self {
        Self {
            name: None,
            address,
        }
    }
}

impl fmt::Display for Mailbox {
    /// For people to read; not header syntax.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => self.address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_canonical_form() {
        for (written, canonical) in [
            ("Ada@Example.ORG", "ada@example.org"),
            ("  ada@example.org\r\n", "ada@example.org"),
            (
                "o'brien+tag@lab_1.example.org",
                "o'brien+tag@lab_1.example.org",
            ),
            ("admin@demo", "admin@demo"),
            ("jana@MÜLLER.example", "jana@xn--mller-kva.example"),
            ("jana@xn--mller-kva.example", "jana@xn--mller-kva.example"),
            ("JÖRG@example.org", "jörg@example.org"),
            ("jo\u{308}rg@example.org", "jörg@example.org"),
        ] {
            assert_eq!(
                Address::parse(written).unwrap().as_str(),
                canonical,
                "{written:?}"
            );
        }
    }

    #[test]
    fn what_is_not_an_identity() {
        use AddressError::*;
        for (written, why) in [
            ("", Empty),
            (" \t", Empty),
            ("ada", At),
            ("ada@b@c.org", At),
            ("@example.org", Local),
            // In lower case it has a mark that no envelope can say.
            ("\u{130}da@example.org", Local),
            ("ada@", Domain),
            ("ada\0@example.org", Control),
            ("ada@example.org\0", Control),
            ("ada@example.org\r\nBcc: eve@evil.org", Control),
            ("ada@exa\u{2028}mple.org", Control),
            ("a da@example.org", Space),
            ("ada@example\u{a0}.org", Space),
            ("=?utf-8?q?ada=40evil.org?=@example.org", EncodedWord),
            ("ada%evil.org@example.org", Percent),
            ("evil.org!ada@example.org", Bang),
            ("\"ada@evil.org\"@example.org", Quoted),
            ("ada(comment)@example.org", Comment),
            ("<ada@example.org>", Route),
            ("@relay.org:ada@example.org", Route),
            ("ada@example.org,eve@evil.org", Route),
            ("ada@[127.0.0.1]", Domain),
            ("ada@127.0.0.1", Domain),
            ("ada@example..org", Domain),
            ("ada@example.org.", Domain),
            ("ada@-example.org", Domain),
            ("ada@exa\u{ad}mple.org", Domain),
            ("ada@ｅxample.org", Domain),
            ("ada@xn--a.org", Domain),
            (".ada@example.org", Local),
            ("a..b@example.org", Local),
            ("ada.@example.org", Local),
            ("a\u{200b}da@example.org", Local),
            ("a\u{202e}da@example.org", Local),
        ] {
            assert_eq!(Address::parse(written), Err(why), "{written:?}");
        }
    }

    #[test]
    fn lengths() {
        let long =
            |local: usize, label: usize| format!("{}@{}.org", "a".repeat(local), "b".repeat(label));
        assert!(Address::parse(&long(64, 63)).is_ok());
        assert_eq!(Address::parse(&long(65, 10)), Err(AddressError::TooLong));
        assert_eq!(Address::parse(&long(10, 64)), Err(AddressError::Domain));
        assert_eq!(
            Address::parse(&"a@b.".repeat(300)),
            Err(AddressError::TooLong)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn parsing_again_changes_nothing(text in r#"[ -~äİßſK．ａ\u{0}-\u{20}\u{200b}\u{301}]{0,12}@[ -~üẞａ。\u{0}-\u{20}\u{ad}]{0,12}"#) {
            if let Ok(first) = Address::parse(&text) {
                let second = Address::parse(&format!("{first}"));
                prop_assert_eq!(second.as_ref(), Ok(&first));
                prop_assert_eq!(first.as_str().matches('@').count(), 1);
                prop_assert!(first.domain().is_ascii());
            }
        }

        #[test]
        fn likely_addresses_are_stable(text in r"[a-zA-Z0-9._+-]{1,10}@[a-zA-Z0-9ü-]{1,8}(\.[a-zA-Zß-]{1,6}){0,2}") {
            if let Ok(first) = Address::parse(&text) {
                prop_assert_eq!(Address::parse(first.as_str()), Ok(first.clone()));
                prop_assert_eq!(Address::parse(&text.to_ascii_uppercase()), Ok(first));
            }
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = Address::parse(&text);
        }
    }
}
