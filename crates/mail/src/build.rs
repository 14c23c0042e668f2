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
/// not valid are left out of the thread.
///
/// # Errors
/// See [`BuildError`].
pub fn build(mail: &Outgoing) -> Result<Vec<u8>, BuildError> {
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
    let loop_id: String = mail.loop_id.chars().filter(char::is_ascii_graphic).take(200).collect();
    if !loop_id.is_empty() {
        extra(LOOP_HEADER, loop_id);
    }
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(body(&mail.text));
    let message = if mail.attachments.is_empty() {
        builder.singlepart(text)
    } else {
        let mut parts = MultiPart::mixed().boundary(boundary(&id)).singlepart(text);
        for part in &mail.attachments {
            parts = parts.singlepart(attachment(part)?);
        }
        builder.multipart(parts)
    };
    message.map(|message| message.formatted()).map_err(|error| BuildError::Other(error.to_string()))
}

fn mailbox(mailbox: &Mailbox) -> Result<lettre::message::Mailbox, BuildError> {
    let address = &mailbox.address;
    let email = lettre::Address::new(address.local(), address.domain()).map_err(|_| BuildError::Address(address.clone()))?;
    let name = mailbox.name.as_deref().map(|name| one_line(name, 200)).filter(|name| !name.is_empty());
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
    let valid = !id.is_empty() && id.len() <= MAX_ID && id.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"(),;\\".contains(&b));
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

/// Text with CRLF line ends and without control characters.
fn body(text: &str) -> String {
    let mut out = many_lines(text);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out.replace('\n', "\r\n")
}

/// A boundary that follows from the message id, so that building is pure.
fn boundary(id: &str) -> String {
    let hash = Sha256::digest(id.as_bytes());
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("=_sb_{hex}")
}

fn attachment(part: &OutgoingPart) -> Result<SinglePart, BuildError> {
    let kind = ContentType::parse(&part.media_type)
        .or_else(|_| ContentType::parse("application/octet-stream"))
        .map_err(|error| BuildError::Other(error.to_string()))?;
    Ok(Attachment::new(file_name::safe(&part.name)).body(part.bytes.clone(), kind))
}
