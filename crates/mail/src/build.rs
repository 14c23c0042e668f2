//! An outgoing mail as bytes (RFC 5322, RFC 2045), with nothing in its header
//! that was not meant to be there.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, MultiPart, SinglePart};
use sha2::{Digest as _, Sha256};
use switchboard_core::Millis;

use crate::address::{Address, Mailbox};
use crate::file_name;
use crate::words::{many_lines, one_line};

/// The field by which a desk knows its own mail.
pub const LOOP_HEADER: &str = "X-Switchboard-Loop";

/// How many references are written: the first and the newest.
const MAX_REFERENCES: usize = 20;
/// Longest message id that is written, in octets.
const MAX_ID: usize = 250;

/// A mail to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The desk, with the name that people see.
    pub from: Mailbox,
    /// The one recipient; each gets a mail of their own.
    pub to: Mailbox,
    /// Where answers go; see [`crate::reply_address`].
    pub reply_to: Option<Address>,
    /// The subject; see [`crate::subject_with_tag`].
    pub subject: String,
    /// The body, plain text.
    pub text: String,
    /// Without angle brackets; see [`crate::message_id`].
    pub message_id: String,
    /// The message that this one answers, without brackets.
    pub in_reply_to: Option<String>,
    /// The thread so far, oldest first, without brackets.
    pub references: Vec<String>,
    /// When it was written, epoch milliseconds UTC.
    pub date: Millis,
    /// True for notifications, false where a person wrote to this recipient.
    /// Marks the mail so that no machine answers it (RFC 3834, 5).
    pub automatic: bool,
    /// The name of this instance for [`LOOP_HEADER`].
    pub loop_id: String,
    /// Files that go along.
    pub attachments: Vec<OutgoingPart>,
}

/// A file that goes along with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingPart {
    /// Made safe again before it is written.
    pub name: String,
    /// `type/subtype`; written as `application/octet-stream` where it is none.
    pub media_type: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Why a mail can not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The message id is empty, too long, or has characters that an id has not.
    #[error("the message id is not valid")]
    MessageId,
    /// An address that can not be written into a header.
    #[error("the address {0} can not be written")]
    Address(Address),
    /// The date is before 1970 or beyond what a header can hold.
    #[error("the date is out of range")]
    Date,
    /// The mail could not be put together.
    #[error("the mail can not be built: {0}")]
    Other(String),
}

/// Writes a mail. The same input gives the same bytes, so that a second try
/// after a crash sends the same mail.
///
/// Line breaks and control characters in fields are neutralised; ids that are
/// not valid are left out of the thread. All is ASCII, unless an address is not
/// (see [`Address::is_ascii`]).
///
/// # Errors
/// See [`BuildError`].
pub fn build(mail: &Outgoing) -> Result<Vec<u8>, BuildError> {
    build_with(mail, &[])
}

/// The same with further fields of the header, such as `List-Id`. What is not ASCII
/// or would not fit into one line is left out of their values.
///
/// # Errors
/// See [`BuildError`].
pub fn build_with(
    mail: &Outgoing,
    further: &[(&'static str, String)],
) -> Result<Vec<u8>, BuildError> {
    let id = bracketed(&mail.message_id).ok_or(BuildError::MessageId)?;
    let date = date(mail.date)?;
    let mut builder = lettre::Message::builder()
        .from(mailbox(&mail.from)?)
        .to(mailbox(&mail.to)?)
        .subject(one_line(&mail.subject, crate::parse::MAX_SUBJECT))
        .date(date)
        .message_id(Some(id.clone()));
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(mailbox(&Mailbox::bare(reply_to.clone()))?);
    }
    if let Some(answered) = mail.in_reply_to.as_deref().and_then(bracketed) {
        builder = builder.in_reply_to(answered);
    }
    let references = references(&mail.references);
    if !references.is_empty() {
        builder = builder.references(references);
    }
    let mut extra = |name: &'static str, value: String| {
        let name = HeaderName::new_from_ascii_str(name);
        builder = std::mem::take(&mut builder).raw_header(HeaderValue::new(name, value));
    };
    if mail.automatic {
        extra("Auto-Submitted", "auto-generated".to_owned());
    }
    // Absence notes of Exchange look here and nowhere else.
    extra("X-Auto-Response-Suppress", "All".to_owned());
    let loop_id: String = mail
        .loop_id
        .chars()
        .filter(char::is_ascii_graphic)
        .take(200)
        .collect();
    if !loop_id.is_empty() {
        extra(LOOP_HEADER, loop_id);
    }
    for (name, value) in further {
        let value: String = value
            .chars()
            .filter(|c| c.is_ascii_graphic() || *c == ' ')
            .take(900)
            .collect();
        extra(name, value);
    }
    let text = SinglePart::builder()
        .header(ContentType::TEXT_PLAIN)
        .body(body(&mail.text));
    let message = if mail.attachments.is_empty() {
        builder.singlepart(text)
    } else {
        let mut parts = MultiPart::mixed().boundary(boundary(&id)).singlepart(text);
        for part in &mail.attachments {
            parts = parts.singlepart(attachment(part)?);
        }
        builder.multipart(parts)
    };
    message
        .map(|message| message.formatted())
        .map_err(|error| BuildError::Other(error.to_string()))
}

fn mailbox(mailbox: &Mailbox) -> Result<lettre::message::Mailbox, BuildError> {
    let address = &mailbox.address;
    let email = lettre::Address::new(address.local(), address.domain())
        .map_err(|_| BuildError::Address(address.clone()))?;
    let name = mailbox
        .name
        .as_deref()
        .map(|name| one_line(name, 200))
        .filter(|name| !name.is_empty());
    Ok(lettre::message::Mailbox::new(name, email))
}

fn date(millis: Millis) -> Result<SystemTime, BuildError> {
    // The end of the year 9999.
    const LAST: u64 = 253_402_300_799_000;
    let millis = u64::try_from(millis).map_err(|_| BuildError::Date)?;
    if millis > LAST {
        return Err(BuildError::Date);
    }
    Ok(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
}

/// `<id>`, where the id is one.
fn bracketed(id: &str) -> Option<String> {
    let id = id.trim();
    let valid = !id.is_empty()
        && id.len() <= MAX_ID
        && id
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"<>\"(),;\\".contains(&b));
    valid.then(|| format!("<{id}>"))
}

fn references(ids: &[String]) -> String {
    let mut ids: Vec<String> = ids.iter().filter_map(|id| bracketed(id)).collect();
    if ids.len() > MAX_REFERENCES {
        let newest = ids.split_off(ids.len() - (MAX_REFERENCES - 1));
        ids.truncate(1);
        ids.extend(newest);
    }
    ids.join(" ")
}

/// Text with CRLF line ends and without control characters. The end of the
/// last line is written by the builder.
fn body(text: &str) -> String {
    let lines = many_lines(text);
    lines
        .strip_suffix('\n')
        .unwrap_or(&lines)
        .replace('\n', "\r\n")
}

/// A boundary that follows from the message id, so that building is pure.
fn boundary(id: &str) -> String {
    let hash = Sha256::digest(id.as_bytes());
    let hex: String = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("=_sb_{hex}")
}

fn attachment(part: &OutgoingPart) -> Result<SinglePart, BuildError> {
    let kind = ContentType::parse(&part.media_type)
        .or_else(|_| ContentType::parse("application/octet-stream"))
        .map_err(|error| BuildError::Other(error.to_string()))?;
    Ok(Attachment::new(file_name::safe(&part.name)).body(part.bytes.clone(), kind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::judge::{OwnAddresses, SuppressReason, Verdict, verdict};
    use crate::parse::{Incoming, Limits, parse};

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn mail() -> Outgoing {
        Outgoing {
            from: Mailbox {
                name: Some("Storage, Helpdesk".to_owned()),
                address: address("desk@example.org"),
            },
            to: Mailbox {
                name: Some("Ada \"the first\" Lovelace".to_owned()),
                address: address("ada@example.net"),
            },
            reply_to: Some(address("desk+7.abcdefghijklmnopqrstuvwxyz@example.org")),
            subject: "[#7] Größe der Platte".to_owned(),
            text: "Hello Ada,\n\n.\n.. the disk is full — sorry.\n-- \nGrace\n".to_owned(),
            message_id: "sb.7.0192@example.org".to_owned(),
            in_reply_to: Some("one@example.net".to_owned()),
            references: vec!["zero@example.net".to_owned(), "one@example.net".to_owned()],
            date: 1_790_000_000_000,
            automatic: true,
            loop_id: "desk-one".to_owned(),
            attachments: Vec::new(),
        }
    }

    /// Builds, checks what every mail must be, and reads it again.
    fn read_back(mail: &Outgoing) -> Incoming {
        let bytes = build(mail).unwrap();
        lint(&bytes);
        parse(&bytes, &Limits::default()).unwrap()
    }

    /// RFC 5322, 2.1: CRLF and nothing else ends a line, no line is longer
    /// than 998 octets, header and body are apart, all is ASCII.
    fn lint(bytes: &[u8]) {
        assert!(bytes.is_ascii());
        assert!(!bytes.contains(&0));
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' {
                assert_eq!(bytes[at - 1], b'\r', "bare LF at {at}");
            }
            if *byte == b'\r' {
                assert_eq!(bytes.get(at + 1), Some(&b'\n'), "bare CR at {at}");
            }
        }
        let text = String::from_utf8_lossy(bytes);
        assert!(text.split("\r\n").all(|line| line.len() <= 998));
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        for line in head.split("\r\n") {
            let name = line.split(':').next().unwrap();
            assert!(
                line.starts_with([' ', '\t'])
                    || !name.is_empty()
                        && line.contains(':')
                        && name.bytes().all(|b| b.is_ascii_graphic()),
                "{line:?}"
            );
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let read = read_back(&mail());
        assert_eq!(
            read.from,
            Some(Mailbox {
                name: Some("Storage, Helpdesk".to_owned()),
                address: address("desk@example.org")
            })
        );
        assert_eq!(read.to[0].address, mail().to.address);
        assert_eq!(
            read.to[0].name.as_deref(),
            Some("Ada \"the first\" Lovelace")
        );
        assert_eq!(read.reply_to[0].address, mail().reply_to.unwrap());
        assert_eq!(read.subject, mail().subject);
        assert_eq!(read.text, mail().text);
        assert_eq!(read.message_id.as_deref(), Some("sb.7.0192@example.org"));
        assert_eq!(read.in_reply_to, ["one@example.net"]);
        assert_eq!(read.references, mail().references);
        assert_eq!(read.date, Some(1_790_000_000_000));
        assert_eq!(read.headers.get("auto-submitted"), Some("auto-generated"));
        assert_eq!(read.headers.get("x-auto-response-suppress"), Some("All"));
        assert_eq!(read.headers.get("x-switchboard-loop"), Some("desk-one"));
        assert_eq!(read.headers.get("bcc"), None);
        assert_eq!(read.defects, [""; 0]);
    }

    #[test]
    fn our_own_mail_is_known_when_it_returns() {
        let own = OwnAddresses {
            instance: "desk-one".to_owned(),
            ..OwnAddresses::default()
        };
        assert_eq!(
            verdict(&read_back(&mail()), &own),
            Verdict::Suppress {
                reason: SuppressReason::OwnLoop,
                bounce: None
            }
        );
        // Another desk takes it as news of a machine and never answers it.
        let reading = Outgoing {
            in_reply_to: None,
            references: Vec::new(),
            ..mail()
        };
        assert_eq!(
            verdict(&read_back(&reading), &OwnAddresses::default()),
            Verdict::Accept {
                automatic: Some("machine")
            }
        );
    }

    #[test]
    fn building_is_repeatable() {
        let with_file = Outgoing {
            attachments: vec![OutgoingPart {
                name: "../ü\r\n.bin".to_owned(),
                media_type: "no type\r\nX: y".to_owned(),
                bytes: (0..=255).collect(),
            }],
            ..mail()
        };
        assert_eq!(build(&with_file).unwrap(), build(&with_file).unwrap());
        let read = read_back(&with_file);
        assert_eq!(read.text.trim_end(), mail().text.trim_end());
        assert_eq!(read.attachments.len(), 1);
        assert_eq!(read.attachments[0].name, "ü.bin");
        assert_eq!(read.attachments[0].media_type, "application/octet-stream");
        assert_eq!(read.attachments[0].bytes, (0..=255).collect::<Vec<u8>>());
    }

    #[test]
    fn nothing_is_injected() {
        for evil in [
            "x\r\nBcc: eve@evil.org",
            "x\nBcc: eve@evil.org",
            "x\rBcc: eve@evil.org",
            "x\0y",
            "x\u{2028}Bcc: eve@evil.org",
            "x\u{85}Bcc: eve@evil.org",
            "x\r\n\r\nbody",
            "=?utf-8?q?x=0D=0ABcc:_eve@evil.org?=",
            "<eve@evil.org>, ",
            "\" <eve@evil.org>, \"",
            "x\\\r\n Bcc: y",
            "a,b;c:d@e",
        ] {
            let hostile = Outgoing {
                from: Mailbox {
                    name: Some(evil.to_owned()),
                    ..mail().from
                },
                to: Mailbox {
                    name: Some(evil.to_owned()),
                    ..mail().to
                },
                subject: evil.to_owned(),
                in_reply_to: Some(evil.to_owned()),
                references: vec![evil.to_owned(), "one@example.net".to_owned()],
                loop_id: evil.to_owned(),
                ..mail()
            };
            let read = read_back(&hostile);
            let mut names: Vec<_> = read
                .headers
                .iter()
                .map(|(name, _)| name.to_owned())
                .collect();
            names.sort_unstable();
            let expected = [
                "auto-submitted",
                "content-transfer-encoding",
                "content-type",
                "date",
                "from",
                "message-id",
                "mime-version",
                "references",
                "reply-to",
                "subject",
                "to",
                "x-auto-response-suppress",
                "x-switchboard-loop",
            ];
            names.retain(|name| name != "in-reply-to");
            assert_eq!(names, expected, "{evil:?}");
            assert_eq!(
                (read.to.len(), read.to[0].address.as_str()),
                (1, "ada@example.net"),
                "{evil:?}"
            );
            assert_eq!(
                read.from.as_ref().unwrap().address.as_str(),
                "desk@example.org",
                "{evil:?}"
            );
            assert_eq!(read.text, mail().text);
        }
    }

    #[test]
    fn what_can_not_be_written_is_refused() {
        for id in [
            "",
            " ",
            "a b@c",
            "a@b\r\nBcc: x",
            "a>b@c",
            "é@c",
            &"x".repeat(300),
        ] {
            assert_eq!(
                build(&Outgoing {
                    message_id: id.to_owned(),
                    ..mail()
                }),
                Err(BuildError::MessageId),
                "{id:?}"
            );
        }
        for date in [-1, i64::MIN, i64::MAX] {
            assert_eq!(build(&Outgoing { date, ..mail() }), Err(BuildError::Date));
        }
    }

    #[test]
    fn every_kind_of_address_is_written() {
        for text in [
            "admin@demo",
            "o'brien+tag@lab_1.example.org",
            "a#$&*-/?=^_`{|}~b@example.org",
            "ada@xn--mller-kva.example",
            "jörg@example.org",
        ] {
            let to = Mailbox::bare(address(text));
            let bytes = build(&Outgoing {
                to: to.clone(),
                ..mail()
            })
            .unwrap();
            // Only an address that no ASCII can express makes the header UTF-8.
            assert_eq!(bytes.is_ascii(), to.address.is_ascii(), "{text}");
            let read = parse(&bytes, &Limits::default()).unwrap();
            assert_eq!(read.to, [to], "{text}");
        }
    }

    #[test]
    fn long_things_fit_their_lines() {
        let long = Outgoing {
            subject: "x".repeat(5000),
            text: format!("{}\n{}", "y".repeat(5000), "ü".repeat(3000)),
            references: (0..500)
                .map(|n| format!("{}{n}@example.net", "r".repeat(200)))
                .collect(),
            to: Mailbox {
                name: Some("z".repeat(5000)),
                ..mail().to
            },
            ..mail()
        };
        let read = read_back(&long);
        assert_eq!(read.subject.len(), 500);
        assert_eq!(read.text.trim_end(), long.text);
        assert_eq!(read.references.len(), MAX_REFERENCES);
        assert_eq!(read.references.first(), long.references.first());
        assert_eq!(read.references.last(), long.references.last());
        assert_eq!(read.to.len(), 1);
    }

    #[test]
    fn empty_fields() {
        let bare = Outgoing {
            subject: String::new(),
            text: String::new(),
            reply_to: None,
            in_reply_to: None,
            references: Vec::new(),
            automatic: false,
            loop_id: String::new(),
            ..mail()
        };
        let read = read_back(&bare);
        assert_eq!(read.subject, "");
        assert_eq!(read.headers.get("auto-submitted"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_survives(subject in r"\PC{0,120}", name in r"[\PC\r\n\u{0}]{0,60}", text in r"[\PC\n\t]{0,2000}") {
            let sent = Outgoing {
                subject: subject.clone(),
                to: Mailbox { name: Some(name), ..mail().to },
                text: text.clone(),
                ..mail()
            };
            let read = read_back(&sent);
            prop_assert_eq!(read.to.len(), 1);
            prop_assert_eq!(&read.to[0].address, &sent.to.address);
            prop_assert_eq!(read.subject, one_line(&subject, 500));
            let expected = many_lines(&text);
            prop_assert_eq!(read.text.trim_end(), expected.trim_end());
        }
    }
}
