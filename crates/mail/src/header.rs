//! The header section of a message: split, unfolded, bounded.

use crate::decode;
use crate::parse::Limits;
use crate::quarantine::{Quarantine, QuarantineReason};

/// The fields of a header section in the order they stand in, newest trace
/// line first. Names are in lower case; values are unfolded but not decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first value of a field, by its name in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a field, topmost first.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.0
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// All fields as (name in lower case, value).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True where there is no field at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A header section and where the body starts.
pub(crate) struct Split {
    pub(crate) headers: Headers,
    pub(crate) body: usize,
    pub(crate) defects: Vec<&'static str>,
}

/// Splits the header section off. Lines that are no header are skipped where
/// headers follow; where none follow, the body has begun without an empty line.
pub(crate) fn split(raw: &[u8], limits: &Limits) -> Result<Split, Quarantine> {
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    let mut defects = Vec::new();
    let mut at = 0;
    let mut skipping = false;
    while at < raw.len() {
        let line = line_at(raw, at);
        if line.text.is_empty() {
            at = line.next;
            break;
        }
        if line.next > limits.header_bytes {
            return Err(Quarantine::new(
                QuarantineReason::TooMuchHeader,
                format!(
                    "the header section is longer than {} bytes",
                    limits.header_bytes
                ),
            ));
        }
        // The first field may be indented by mistake; there is nothing yet
        // that it could continue.
        let indented = fields.is_empty() && !skipping;
        if matches!(line.text.first(), Some(b' ' | b'\t')) && !indented {
            if line.text.iter().all(|b| matches!(b, b' ' | b'\t'))
                && !header_follows(raw, line.next)
            {
                // A line of blanks that should have been empty.
                defects.push("blank line before the body contains spaces");
                at = line.next;
                break;
            }
            if let (Some((_, value)), false) = (fields.last_mut(), skipping) {
                value.extend_from_slice(line.text);
            }
            at = line.next;
            continue;
        }
        if let Some((name, value)) = field(line.text.trim_ascii_start()) {
            if fields.len() >= limits.header_fields {
                return Err(Quarantine::new(
                    QuarantineReason::TooMuchHeader,
                    format!("more than {} header fields", limits.header_fields),
                ));
            }
            fields.push((name, value.to_vec()));
            skipping = false;
        } else if at == 0 && (line.text.starts_with(b"From ") || line.text.starts_with(b">From ")) {
            // The separator of an mbox file, not a part of the message.
            skipping = true;
        } else if header_follows(raw, line.next) {
            defects.push("a line in the header section is not a header");
            skipping = true;
        } else {
            if !fields.is_empty() {
                defects.push("no empty line between header and body");
            }
            break;
        }
        at = line.next;
    }
    defects.dedup();
    let headers = fields
        .into_iter()
        .map(|(name, value)| (name, decode::charset(None, &value).trim().to_owned()))
        .collect();
    Ok(Split {
        headers: Headers(headers),
        body: at,
        defects,
    })
}

/// One line of the raw message.
pub(crate) struct Line<'a> {
    /// Without its line end.
    pub(crate) text: &'a [u8],
    /// Where the next line starts.
    pub(crate) next: usize,
}

/// The line that starts at `at`; LF and CRLF both end it.
pub(crate) fn line_at(raw: &[u8], at: usize) -> Line<'_> {
    let rest = raw.get(at..).unwrap_or_default();
    let (text, next) = match rest.iter().position(|&b| b == b'\n') {
        Some(end) => (rest.get(..end).unwrap_or_default(), at + end + 1),
        None => (rest, raw.len()),
    };
    Line {
        text: text.strip_suffix(b"\r").unwrap_or(text),
        next,
    }
}

/// Reads `Name: value`. White space before the colon is tolerated.
fn field(line: &[u8]) -> Option<(String, &[u8])> {
    let colon = line.iter().take(200).position(|&b| b == b':')?;
    let (name, value) = line.split_at(colon);
    let name = name.trim_ascii_end();
    if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    Some((name, value.get(1..).unwrap_or_default()))
}

/// Whether the line at `at`, or the one below its folded lines, looks like a
/// header that a mail program wrote.
fn header_follows(raw: &[u8], mut at: usize) -> bool {
    /// More folded lines below rubbish are nobody's header.
    const FOLDED: usize = 5;
    let mut line = line_at(raw, at);
    for _ in 0..FOLDED {
        if !matches!(line.text.first(), Some(b' ' | b'\t')) {
            break;
        }
        at = line.next;
        line = line_at(raw, at);
    }
    if at >= raw.len() {
        return false;
    }
    field(line.text).is_some_and(|(name, value)| {
        name.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !value.starts_with(b"//")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> (Headers, String) {
        let split = split(raw.as_bytes(), &Limits::default()).unwrap();
        let body = raw.get(split.body..).unwrap().to_owned();
        (split.headers, body)
    }

    #[test]
    fn folding_and_order() {
        let (headers, body) = read("X: one\r\n two\r\nY : 3\r\nx: four\r\n\r\nbody\r\n");
        assert_eq!(headers.get("x"), Some("one two"));
        assert_eq!(headers.all("x").collect::<Vec<_>>(), ["one two", "four"]);
        assert_eq!(headers.get("y"), Some("3"));
        assert_eq!(body, "body\r\n");
    }

    #[test]
    fn mbox_line_rubbish_and_missing_blank_line() {
        let (headers, body) = read(
            "From ada Mon Jan 1\nSubject: a\nrubbish\nTo: b@c\nHello you\nand: you\n there is more\n",
        );
        assert_eq!(headers.get("subject"), Some("a"));
        assert_eq!(headers.get("to"), Some("b@c"));
        // "and: you" could be a header, so the line above it is taken for rubbish.
        assert_eq!(headers.get("and"), Some("you there is more"));
        assert_eq!(body, "");
    }

    #[test]
    fn a_missing_blank_line_starts_the_body() {
        let (headers, body) = read("Subject: a\nHello you,\nhow are you?\n");
        assert_eq!(headers.len(), 1);
        assert_eq!(body, "Hello you,\nhow are you?\n");
    }

    #[test]
    fn limits_hold() {
        let many = "A: b\n".repeat(10_000);
        assert_eq!(
            split(many.as_bytes(), &Limits::default())
                .err()
                .unwrap()
                .reason,
            QuarantineReason::TooMuchHeader
        );
        let long = format!("A: b\n{}", " c\n".repeat(1_000_000));
        assert_eq!(
            split(long.as_bytes(), &Limits::default())
                .err()
                .unwrap()
                .reason,
            QuarantineReason::TooMuchHeader
        );
    }
}
