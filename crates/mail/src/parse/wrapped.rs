//! What lies in a mail inside something else: Outlook's `winmail.dat`, and files that are
//! signed around their content.

use super::{Content, Limits, Part, cut, too_much_decoded};
use crate::mime::{Reader, content_id};
use crate::protection::Protection;
use crate::quarantine::{Quarantine, QuarantineReason};
use crate::{cms, file_name, header, html, tnef};

/// Unpacks every `winmail.dat`: its files come before it, and it stays. Gives
/// back the first text that was in one.
pub(super) fn unpack(
    parts: &mut Vec<Part>,
    limits: &Limits,
    defects: &mut Vec<String>,
) -> Result<tnef::Unpacked, Quarantine> {
    let mut first = tnef::Unpacked::default();
    if !parts
        .iter()
        .any(|part| tnef::is_named_so(&part.media_type, &part.name))
    {
        return Ok(first);
    }
    let mut decoded: usize = parts.iter().map(|part| part.bytes.len()).sum();
    for part in std::mem::take(parts) {
        let unpacked = if tnef::is_named_so(&part.media_type, &part.name) {
            let room = limits.parts.saturating_sub(parts.len());
            match tnef::unpack(&part.bytes, room) {
                None => {
                    defects.push("a winmail.dat could not be unpacked".to_owned());
                    tnef::Unpacked::default()
                }
                Some(unpacked) => unpacked,
            }
        } else {
            tnef::Unpacked::default()
        };
        if unpacked.broken {
            defects.push("a winmail.dat breaks off".to_owned());
        }
        if unpacked.unread {
            defects.push(
                "a winmail.dat has text in Outlook's own format that can not be read".to_owned(),
            );
        }
        for file in unpacked.files {
            decoded += file.bytes.len();
            if decoded > limits.decoded_bytes {
                return Err(too_much_decoded(limits));
            }
            let media_type = file
                .media_type
                .filter(|kind| is_media_type(kind))
                .unwrap_or_else(|| "application/octet-stream".to_owned());
            parts.push(Part {
                name: match &file.name {
                    Some(name) => file_name::safe(name),
                    None => file_name::for_part(parts.len() + 1, &media_type),
                },
                media_type,
                inline: file.content_id.is_some(),
                content_id: file.content_id.as_deref().and_then(content_id),
                bytes: file.bytes,
            });
        }
        first.text = first.text.or(unpacked.text);
        first.html = first.html.or(unpacked.html);
        parts.push(part);
    }
    Ok(first)
}

/// `type/subtype` of the characters that such a name may have.
fn is_media_type(text: &str) -> bool {
    let token = |word: &str| {
        !word.is_empty()
            && word.len() <= 100
            && word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    text.split_once('/')
        .is_some_and(|(kind, sub)| token(kind) && token(sub))
}

/// Signed files inside each other that are opened.
const MOST_SIGNED: usize = 3;

/// What was inside signed files.
#[derive(Default)]
pub(super) struct Signed {
    text: String,
    html: Option<String>,
    pub(super) protection: Vec<Protection>,
}

impl Signed {
    /// Text and HTML with what stands outside, such as a list's footer, below them.
    pub(super) fn with(
        &self,
        text: String,
        html: Option<String>,
        limits: &Limits,
        defects: &mut Vec<String>,
    ) -> (String, Option<String>) {
        if self.text.trim().is_empty() && self.html.is_none() {
            return (text, html);
        }
        let bare = text.trim().is_empty() && html.is_none();
        if bare {
            return (self.text.clone(), self.html.clone());
        }
        let rich = (self.html.is_some() || html.is_some()).then(|| {
            let inner = self.html.clone();
            let inner = inner.unwrap_or_else(|| html::from_text(&self.text));
            let outer = html.unwrap_or_else(|| html::from_text(&text));
            let both = cut(
                format!("{inner}\n{outer}"),
                limits.text_bytes,
                "html",
                defects,
            );
            html::sanitise(&both)
        });
        (format!("{}\n{text}", self.text.trim_end()), rich)
    }
}

/// Opens every file that is signed around its content (RFC 8551, 3.5.2): what is in it
/// is read as if it stood there, its files come before it, and it stays. Nothing is
/// believed of the signature.
pub(super) fn open_signed(
    parts: &mut Vec<Part>,
    limits: &Limits,
    opened: usize,
    defects: &mut Vec<String>,
) -> Result<Signed, Quarantine> {
    let mut signed = Signed::default();
    let is_one = |part: &Part| {
        matches!(
            part.media_type.as_str(),
            "application/pkcs7-mime" | "application/x-pkcs7-mime"
        )
    };
    if opened >= MOST_SIGNED || !parts.iter().any(is_one) {
        return Ok(signed);
    }
    let mut decoded: usize = parts.iter().map(|part| part.bytes.len()).sum();
    for part in std::mem::take(parts) {
        let content = is_one(&part)
            .then(|| cms::signed_content(&part.bytes))
            .flatten();
        if let Some(raw) = content {
            let split = header::split(&raw, limits)?;
            let body = raw.get(split.body..).unwrap_or_default();
            let mut reader = Reader::new(limits);
            let root = reader.node(&split.headers, body, "text/plain", 0)?;
            defects.append(&mut reader.defects);
            // That it has no text of its own is said of the whole mail.
            let before = defects.len();
            let inner = Content::read(&root, limits, opened + 1, defects)?;
            let mut at = 0;
            defects.retain(|defect| {
                at += 1;
                at <= before || !defect.starts_with("no text")
            });
            decoded += inner
                .attachments
                .iter()
                .map(|p| p.bytes.len())
                .sum::<usize>();
            if decoded > limits.decoded_bytes {
                return Err(too_much_decoded(limits));
            }
            parts.extend(inner.attachments);
            if parts.len() > limits.parts {
                return Err(Quarantine::new(
                    QuarantineReason::TooManyParts,
                    format!("more than {} parts", limits.parts),
                ));
            }
            signed.protection.extend(inner.protection);
            if signed.text.trim().is_empty() && signed.html.is_none() {
                (signed.text, signed.html) = (inner.text, inner.html);
            } else {
                let more = Signed {
                    text: std::mem::take(&mut signed.text),
                    html: signed.html.take(),
                    protection: Vec::new(),
                };
                (signed.text, signed.html) = more.with(inner.text, inner.html, limits, defects);
            }
        }
        parts.push(part);
    }
    Ok(signed)
}
