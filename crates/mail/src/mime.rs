//! The tree of parts of a message (RFC 2045, 2046, 2183), read with hard
//! limits. Messages inside the message are not opened: they are files.

use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

use crate::decode::{self, Transfer};
use crate::header::{self, Headers, line_at};
use crate::parse::Limits;
use crate::quarantine::{Quarantine, QuarantineReason};
use crate::words::decode_words;

/// A part of a message.
pub(crate) enum Node<'a> {
    Multi {
        subtype: String,
        /// What `multipart/signed` and `encrypted` say that they are made with.
        protocol: Option<String>,
        children: Vec<Node<'a>>,
    },
    Leaf(Leaf<'a>),
}

/// A part that has content of its own.
pub(crate) struct Leaf<'a> {
    /// `type/subtype` in lower case.
    pub(crate) media_type: String,
    pub(crate) charset: Option<String>,
    /// `format=flowed`, and whether `delsp=yes` (RFC 3676).
    pub(crate) flowed: Option<bool>,
    /// As written, decoded; not yet safe.
    pub(crate) name: Option<String>,
    pub(crate) is_attachment: bool,
    pub(crate) content_id: Option<String>,
    /// What an S/MIME file says it is.
    pub(crate) smime_type: Option<String>,
    transfer: Transfer,
    body: &'a [u8],
}

impl Leaf<'_> {
    /// The content, transfer encoding undone.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.transfer.decode(self.body)
    }

    pub(crate) fn text(&self) -> String {
        let mislabelled =
            self.transfer == Transfer::Base64 && decode::is_mislabelled_base64(self.body);
        let bytes = if mislabelled {
            self.body.to_vec()
        } else {
            self.bytes()
        };
        decode::charset(self.charset.as_deref(), &bytes)
    }

    /// Whether there is nothing in it but white space.
    pub(crate) fn is_blank(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }

    /// How many bytes the content has at most.
    pub(crate) fn encoded_len(&self) -> usize {
        self.body.len()
    }
}

/// What is counted over the whole tree.
pub(crate) struct Reader<'l> {
    limits: &'l Limits,
    parts: usize,
    pub(crate) defects: Vec<String>,
}

impl<'l> Reader<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            parts: 0,
            defects: Vec::new(),
        }
    }

    /// Reads the part with these headers and this body, and all inside it.
    /// `default` is the type of a part that names none.
    pub(crate) fn node<'a>(
        &mut self,
        headers: &Headers,
        body: &'a [u8],
        default: &str,
        depth: usize,
    ) -> Result<Node<'a>, Quarantine> {
        self.parts += 1;
        if self.parts > self.limits.parts {
            return Err(Quarantine::new(
                QuarantineReason::TooManyParts,
                format!("more than {} parts", self.limits.parts),
            ));
        }
        let mut content = ContentType::read(headers.get("content-type"), default);
        if content.media_type.starts_with("multipart/") {
            if depth >= self.limits.depth {
                return Err(Quarantine::new(
                    QuarantineReason::TooDeep,
                    format!("parts are nested more than {} deep", self.limits.depth),
                ));
            }
            let found = match self.sections(content.boundary.as_deref(), body) {
                Some(sections) => Some(sections),
                None => {
                    let guess = guess_boundary(body);
                    self.sections(guess.as_deref(), body)
                }
            };
            match found {
                Some(sections) => return self.multi(content, sections?, depth),
                None => {
                    self.defects
                        .push("a multipart without its boundary is read as text".to_owned());
                    content = ContentType::read(None, "text/plain");
                }
            }
        }
        Ok(Node::Leaf(leaf(content, headers, body)))
    }

    /// Cuts a multipart body at its boundary; `None` where there is no
    /// boundary in it.
    fn sections<'a>(
        &mut self,
        boundary: Option<&str>,
        body: &'a [u8],
    ) -> Option<Result<Vec<&'a [u8]>, Quarantine>> {
        let boundary = boundary.map(str::trim_end).filter(|b| !b.is_empty())?;
        let mut sections: Vec<&[u8]> = Vec::new();
        let mut open: Option<usize> = None;
        let mut at = 0;
        while at < body.len() {
            let line = line_at(body, at);
            if let Some(closes) = delimiter(line.text, boundary.as_bytes()) {
                if let Some(start) = open.take() {
                    sections.push(without_line_end(body.get(start..at).unwrap_or_default()));
                }
                if self.parts + sections.len() > self.limits.parts {
                    return Some(Err(Quarantine::new(
                        QuarantineReason::TooManyParts,
                        format!("more than {} parts", self.limits.parts),
                    )));
                }
                if closes {
                    return Some(Ok(sections));
                }
                open = Some(line.next);
            }
            at = line.next;
        }
        if let Some(start) = open {
            self.defects.push("a multipart is not closed".to_owned());
            sections.push(body.get(start..).unwrap_or_default());
        }
        (!sections.is_empty()).then_some(Ok(sections))
    }

    fn multi<'a>(
        &mut self,
        content: ContentType,
        sections: Vec<&'a [u8]>,
        depth: usize,
    ) -> Result<Node<'a>, Quarantine> {
        let subtype = content
            .media_type
            .trim_start_matches("multipart/")
            .to_owned();
        let default = if subtype == "digest" {
            "message/rfc822"
        } else {
            "text/plain"
        };
        let mut children = Vec::with_capacity(sections.len());
        for section in sections {
            // A part without headers starts with the empty line; some
            // programs leave even that out.
            let split = header::split(section, self.limits)?;
            let (headers, body) = if split
                .headers
                .iter()
                .any(|(name, _)| name.starts_with("content-"))
                || section.starts_with(b"\n")
                || section.starts_with(b"\r\n")
            {
                (split.headers, section.get(split.body..).unwrap_or_default())
            } else {
                (Headers::default(), section)
            };
            children.push(self.node(&headers, body, default, depth + 1)?);
        }
        Ok(Node::Multi {
            subtype,
            protocol: content.protocol,
            children,
        })
    }
}

/// Whether a line is the delimiter of this boundary; `Some(true)` where it is
/// the closing one.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line
        .strip_prefix(b"--")?
        .strip_prefix(boundary)?
        .trim_ascii_end();
    match rest {
        b"" => Some(false),
        // Half of the mark is left of mails that were cut short.
        b"--" | b"-" => Some(true),
        _ => None,
    }
}

/// The boundary that a multipart seems to use where it is not the one that it
/// names: a line of dashes with a `Content-…` header below it.
fn guess_boundary(body: &[u8]) -> Option<String> {
    let mut at = 0;
    while at < body.len() {
        let line = line_at(body, at);
        at = line.next;
        let Some(boundary) = line.text.strip_prefix(b"--") else {
            continue;
        };
        let below = line_at(body, at).text;
        let is_header = below
            .get(..8)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
        if is_header && (1..=200).contains(&boundary.len()) && boundary.is_ascii() {
            return Some(String::from_utf8_lossy(boundary).into_owned());
        }
    }
    None
}

/// The line end before a delimiter belongs to the delimiter.
fn without_line_end(section: &[u8]) -> &[u8] {
    let section = section.strip_suffix(b"\n").unwrap_or(section);
    section.strip_suffix(b"\r").unwrap_or(section)
}

fn leaf<'a>(content: ContentType, headers: &Headers, body: &'a [u8]) -> Leaf<'a> {
    let disposition = headers.get("content-disposition").map(structured);
    let is_attachment = disposition.as_ref().is_some_and(|d| d.kind == "attachment");
    let name = disposition
        .and_then(|mut d| d.take("filename"))
        .or(content.name)
        .map(|name| {
            if name.contains("=?") {
                decode_words(&name)
            } else {
                name
            }
        })
        .filter(|name| !name.trim().is_empty());
    Leaf {
        media_type: content.media_type,
        charset: content.charset,
        flowed: content.flowed,
        name,
        is_attachment,
        content_id: headers.get("content-id").and_then(content_id),
        smime_type: content.smime_type,
        transfer: Transfer::from_header(headers.get("content-transfer-encoding")),
        body,
    }
}

/// The identifier in `<…>`, fit for a `cid:` address; `None` where it has
/// characters that have no place there.
pub(crate) fn content_id(value: &str) -> Option<String> {
    let id = value.trim().trim_start_matches('<').trim_end_matches('>');
    let plain = !id.is_empty()
        && id.len() <= 250
        && id
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"<>\"'`\\".contains(&b));
    plain.then(|| id.to_owned())
}

/// A `Content-Type` with the parameters that matter here.
struct ContentType {
    media_type: String,
    boundary: Option<String>,
    charset: Option<String>,
    name: Option<String>,
    flowed: Option<bool>,
    protocol: Option<String>,
    smime_type: Option<String>,
}

impl ContentType {
    fn read(value: Option<&str>, default: &str) -> Self {
        let mut parsed = structured(value.unwrap_or(default));
        let token = |text: &str| {
            !text.is_empty()
                && text.len() <= 100
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
        };
        let media_type = match &parsed.subkind {
            Some(sub) if token(&parsed.kind) && token(sub) => format!("{}/{sub}", parsed.kind),
            // "text" alone and rubbish: RFC 2045, 5.2 says plain text.
            _ if parsed.kind == "text" || parsed.kind.is_empty() || value.is_none() => {
                "text/plain".to_owned()
            }
            _ => "application/octet-stream".to_owned(),
        };
        let flowed = parsed
            .take("format")
            .is_some_and(|format| format.eq_ignore_ascii_case("flowed"))
            .then(|| {
                parsed
                    .take("delsp")
                    .is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes"))
            });
        Self {
            media_type,
            boundary: parsed.take("boundary"),
            charset: parsed.take("charset"),
            name: parsed.take("name"),
            protocol: parsed.take("protocol"),
            smime_type: parsed.take("smime-type"),
            flowed,
        }
    }
}

/// `kind/subkind; name=value; …` with continuations and encodings undone
/// (RFC 2231). Names and kinds in lower case.
struct Structured {
    kind: String,
    subkind: Option<String>,
    parameters: Vec<(String, String)>,
}

impl Structured {
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.parameters.iter().position(|(n, _)| n == name)?;
        Some(self.parameters.swap_remove(at).1)
    }
}

fn structured(value: &str) -> Structured {
    // The reader expects the end of the header line.
    let line = format!("{value}\n");
    let parsed = MessageStream::new(line.as_bytes()).parse_content_type();
    let HeaderValue::ContentType(parsed) = parsed else {
        return Structured {
            kind: String::new(),
            subkind: None,
            parameters: Vec::new(),
        };
    };
    Structured {
        kind: parsed.c_type.trim().to_ascii_lowercase(),
        subkind: parsed.c_subtype.map(|sub| sub.trim().to_ascii_lowercase()),
        parameters: parsed
            .attributes
            .unwrap_or_default()
            .into_iter()
            .map(|a| (a.name.to_ascii_lowercase(), a.value.into_owned()))
            .collect(),
    }
}

/// Undoes the soft line breaks of `format=flowed` (RFC 3676, 4).
pub(crate) fn unflow(text: &str, delete_space: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // Quote depth of an unfinished paragraph.
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|&b| b == b'>').count();
        let content = line.get(depth..).unwrap_or_default();
        let content = content.strip_prefix(' ').unwrap_or(content);
        let signature = content == "-- ";
        if open == Some(depth) && !signature {
            out.push_str(content);
        } else {
            if open.is_some() {
                out.push('\n');
            }
            for _ in 0..depth {
                out.push('>');
            }
            if depth > 0 {
                out.push(' ');
            }
            out.push_str(content);
        }
        if content.ends_with(' ') && !signature {
            if delete_space {
                out.pop();
            }
            open = Some(depth);
        } else {
            out.push('\n');
            open = None;
        }
    }
    if open.is_some() {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        let read = |value: &str| ContentType::read(Some(value), "text/plain");
        assert_eq!(read("TEXT/HTML; Charset=\"UTF-8\"").media_type, "text/html");
        assert_eq!(
            read("TEXT/HTML; Charset=\"UTF-8\"").charset.as_deref(),
            Some("UTF-8")
        );
        assert_eq!(read("text").media_type, "text/plain");
        assert_eq!(read("").media_type, "text/plain");
        assert_eq!(read("nonsense").media_type, "application/octet-stream");
        assert_eq!(
            read("a/b; name*0=\"one \"; name*1=two").name.as_deref(),
            Some("one two")
        );
        assert_eq!(
            read("a/b; name*=utf-8''%C3%A9.txt").name.as_deref(),
            Some("é.txt")
        );
        assert_eq!(
            read("multipart/mixed; boundary=\"a b\"")
                .boundary
                .as_deref(),
            Some("a b")
        );
        assert_eq!(
            ContentType::read(None, "message/rfc822").media_type,
            "message/rfc822"
        );
    }

    #[test]
    fn flowed_text() {
        assert_eq!(unflow("one \ntwo\nthree\n", false), "one two\nthree\n");
        assert_eq!(
            unflow("> q1 \n> q2\n>> deep \nshallow\n", false),
            "> q1 q2\n>> deep \nshallow\n"
        );
        assert_eq!(unflow("a \nb\n-- \nsig\n", true), "ab\n-- \nsig\n");
        assert_eq!(unflow(" >not a quote\n", false), ">not a quote\n");
    }
}
