//! One number for one mail, however often and by whatever road it arrives.

use sha2::{Digest as _, Sha256};

use crate::header::line_at;

/// Header fields that servers on the way add or rewrite.
const TRACE: [&str; 28] = [
    "received",
    "return-path",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "x-rcpt-to",
    "x-envelope-from",
    "authentication-results",
    "x-original-authentication-results",
    "received-spf",
    "arc-seal",
    "arc-message-signature",
    "arc-authentication-results",
    "x-received",
    "x-forwarded-to",
    "x-forwarded-for",
    "x-google-smtp-source",
    "x-gm-message-state",
    "x-spam-status",
    "x-spam-score",
    "x-spam-level",
    "x-spam-flag",
    "x-virus-scanned",
    "x-uid",
    "x-mailfrom",
    "status",
];

/// SHA-256 of a raw message without its trace fields. Line ends count as CRLF,
/// because a pipe delivers LF where IMAP delivers CRLF; header names count as
/// lower case. Two deliveries of one mail are equal, two mails are not.
pub fn digest(raw: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut at = 0;
    let mut skipping = false;
    let mut in_header = true;
    while at < raw.len() {
        let line = line_at(raw, at);
        let first = at == 0;
        at = line.next;
        if in_header {
            if line.text.is_empty() {
                in_header = false;
            } else if first && line.text.starts_with(b"From ") {
                continue;
            } else if matches!(line.text.first(), Some(b' ' | b'\t')) {
                if skipping {
                    continue;
                }
            } else if let Some(colon) = line.text.iter().take(100).position(|&b| b == b':') {
                let (name, value) = line.text.split_at(colon);
                let name = String::from_utf8_lossy(name.trim_ascii_end()).to_ascii_lowercase();
                skipping = TRACE.contains(&name.as_str());
                if !skipping {
                    hash.update(name.as_bytes());
                    hash.update(value);
                    hash.update(b"\r\n");
                }
                continue;
            } else {
                skipping = false;
            }
        }
        // A pipe may or may not end the last line; that is no difference.
        hash.update(line.text);
        hash.update(b"\r\n");
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From: a@b.org\nSubject: x\n\nbody\n";

    #[test]
    fn the_road_does_not_count() {
        let one = digest(MAIL.as_bytes());
        let crlf = MAIL.replace('\n', "\r\n");
        assert_eq!(digest(crlf.as_bytes()), one);
        let traced = format!(
            "Return-Path: <a@b.org>\r\nReceived: from x\r\n\tby y;\r\n z\r\nDelivered-To: d@e.org\r\n{crlf}"
        );
        assert_eq!(digest(traced.as_bytes()), one);
        assert_eq!(digest(MAIL.trim_end().as_bytes()), one);
        assert_eq!(
            digest(format!("From a@b.org Mon Jan  1 00:00:00 2026\n{MAIL}").as_bytes()),
            one
        );
    }

    #[test]
    fn the_mail_counts() {
        let one = digest(MAIL.as_bytes());
        for other in [
            MAIL.replace("body", "bodY"),
            MAIL.replace("Subject: x", "Subject: y"),
            MAIL.replace("\n\nbody", "\n\nReceived: in the body\n\nbody"),
            format!("{MAIL}\nmore"),
        ] {
            assert_ne!(digest(other.as_bytes()), one, "{other:?}");
        }
    }
}
