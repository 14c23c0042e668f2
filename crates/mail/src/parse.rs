//! From raw bytes to an [`Incoming`] message.

use mail_parser::parsers::MessageStream;
use mail_parser::{DateTime, HeaderValue};
use switchboard_core::Millis;

use crate::address::{Address, Mailbox};
use crate::address_list::{AddressList, address_list};
use crate::file_name;
use crate::header::{self, Headers};
use crate::html;
use crate::mime::{Leaf, Node, Reader, unflow};
use crate::protection::{self, Protection};
use crate::quarantine::{Quarantine, QuarantineReason};
use crate::words::{decode_words, head, many_lines, one_line};

mod wrapped;

/// Longest subject kept, in characters.
pub const MAX_SUBJECT: usize = 500;
/// How many message ids of `References` are kept: the first and the newest.
const MAX_REFERENCES: usize = 100;
/// Longest message id kept, in octets (a header line's limit).
const MAX_MESSAGE_ID: usize = 998;

/// How much of a message is read before it is kept aside. Each limit can be
/// raised by the operator, and a quarantined message tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Octets of the raw message. Default 50 MiB.
    pub message_bytes: usize,
    /// Octets of one header section. Default 512 KiB.
    pub header_bytes: usize,
    /// Fields of one header section. Default 1,000.
    pub header_fields: usize,
    /// Addresses in all address fields together. Default 2,000.
    pub addresses: usize,
    /// Multiparts inside each other. Default 20; people's mail has up to 6.
    pub depth: usize,
    /// Parts of all kinds. Default 500.
    pub parts: usize,
    /// Octets of all parts after decoding. Default 64 MiB.
    pub decoded_bytes: usize,
    /// Octets of the visible text and of the HTML. What is longer is cut and
    /// noted as a defect; the raw message has the rest. Default 2 MiB.
    pub text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 50 << 20,
            header_bytes: 512 << 10,
            header_fields: 1000,
            addresses: 2000,
            depth: 20,
            parts: 500,
            decoded_bytes: 64 << 20,
            text_bytes: 2 << 20,
        }
    }
}

/// A message that came in, decoded and made safe to show.
///
/// Nothing in it is proof of anything: every field was written by the sender
/// or by somebody on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// `Message-ID` without its angle brackets.
    pub message_id: Option<String>,
    /// Message ids in `In-Reply-To`, without brackets.
    pub in_reply_to: Vec<String>,
    /// Message ids in `References`, oldest first, without brackets.
    pub references: Vec<String>,
    /// The first usable mailbox of `From`.
    pub from: Option<Mailbox>,
    /// `Sender`, where present and usable.
    pub sender: Option<Mailbox>,
    /// `Reply-To`: where the sender wants answers; never an identity.
    pub reply_to: Vec<Mailbox>,
    /// `To`.
    pub to: Vec<Mailbox>,
    /// `Cc`.
    pub cc: Vec<Mailbox>,
    /// Envelope recipients as delivering servers noted them: `Delivered-To`,
    /// `X-Original-To`, `Envelope-To` and their like.
    pub delivered_to: Vec<Address>,
    /// Decoded, on one line, at most [`MAX_SUBJECT`] characters.
    pub subject: String,
    /// `Date`, epoch milliseconds UTC.
    pub date: Option<Millis>,
    /// What a person reads, as plain text with `\n` line ends.
    pub text: String,
    /// The sanitised HTML, where the message has any.
    pub html: Option<String>,
    /// Everything else, in order.
    pub attachments: Vec<Part>,
    /// What it claims of signatures and encryption; nothing of it is checked.
    pub protection: Vec<Protection>,
    /// Octets of the raw message.
    pub size: usize,
    /// All header fields, for the rules.
    pub headers: Headers,
    /// What was wrong with the message and how it was read all the same.
    pub defects: Vec<String>,
}

/// A file that came with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Safe to show and to download under; see [`file_name::safe`].
    pub name: String,
    /// `type/subtype` in lower case, as claimed by the sender.
    pub media_type: String,
    /// The content, decoded.
    pub bytes: Vec<u8>,
    /// `Content-ID` without brackets; the HTML refers to it as `cid:…`.
    pub content_id: Option<String>,
    /// Meant to be shown within the text.
    pub inline: bool,
}

/// What can be said about a message that may not be opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Glimpse {
    /// `From` as written, on one line.
    pub from: String,
    /// The subject, on one line.
    pub subject: String,
    /// `Message-ID` without brackets.
    pub message_id: Option<String>,
}

/// Reads a message.
///
/// Never panics; time and memory are linear in the size of the input and
/// bounded by the limits.
///
/// # Errors
/// [`Quarantine`] where the bytes are no mail or pass a limit.
pub fn parse(raw: &[u8], limits: &Limits) -> Result<Incoming, Quarantine> {
    if raw.len() > limits.message_bytes {
        return Err(Quarantine::new(
            QuarantineReason::TooLarge,
            format!(
                "{} bytes, at most {} are read",
                raw.len(),
                limits.message_bytes
            ),
        ));
    }
    if raw.iter().all(u8::is_ascii_whitespace) {
        return Err(Quarantine::new(
            QuarantineReason::Empty,
            format!("{} bytes", raw.len()),
        ));
    }
    let size = raw.len();
    let line_feeds;
    let raw = without_mark(raw);
    let raw = if raw.contains(&b'\n') {
        raw
    } else {
        // Lines of an old Macintosh.
        line_feeds = raw
            .iter()
            .map(|&b| if b == b'\r' { b'\n' } else { b })
            .collect::<Vec<_>>();
        &line_feeds
    };
    let split = header::split(raw, limits)?;
    if !is_mail(&split.headers) {
        return Err(Quarantine::new(
            QuarantineReason::NotMail,
            format!("{size} bytes without a header of a mail"),
        ));
    }
    let headers = split.headers;
    let mut people = People::read(&headers, limits)?;
    let mut reader = Reader::new(limits);
    let body = raw.get(split.body..).unwrap_or_default();
    let root = reader.node(&headers, body, "text/plain", 0)?;

    let mut defects: Vec<String> = split.defects.into_iter().map(str::to_owned).collect();
    defects.append(&mut people.defects);
    defects.append(&mut reader.defects);
    let content = Content::read(&root, limits, 0, &mut defects)?;
    defects.dedup();
    Ok(Incoming {
        message_id: headers
            .get("message-id")
            .and_then(|value| message_ids(value).into_iter().next()),
        in_reply_to: headers
            .all("in-reply-to")
            .flat_map(message_ids)
            .take(MAX_REFERENCES)
            .collect(),
        references: references(&headers),
        from: people.from,
        sender: people.sender,
        reply_to: people.reply_to,
        to: people.to,
        cc: people.cc,
        delivered_to: people.delivered_to,
        subject: one_line(
            &decode_words(headers.get("subject").unwrap_or_default()),
            MAX_SUBJECT,
        ),
        date: headers.get("date").and_then(date),
        text: content.text,
        html: content.html,
        attachments: content.attachments,
        protection: content.protection,
        size,
        headers,
        defects,
    })
}

/// Reads only who and what, for the list of messages kept aside. Looks at no
/// more than the first 64 KiB.
pub fn glimpse(raw: &[u8]) -> Glimpse {
    let limits = Limits {
        header_bytes: usize::MAX,
        header_fields: usize::MAX,
        ..Limits::default()
    };
    let start = raw.get(..64 << 10).unwrap_or(raw);
    let Ok(split) = header::split(without_mark(start), &limits) else {
        return Glimpse::default();
    };
    let line = |name: &str| {
        one_line(
            &decode_words(split.headers.get(name).unwrap_or_default()),
            MAX_SUBJECT,
        )
    };
    Glimpse {
        from: line("from"),
        subject: line("subject"),
        message_id: split
            .headers
            .get("message-id")
            .and_then(|value| message_ids(value).into_iter().next()),
    }
}

/// Drops a byte order mark and leading empty lines.
fn without_mark(raw: &[u8]) -> &[u8] {
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    let blank = raw
        .iter()
        .take_while(|b| matches!(b, b'\r' | b'\n'))
        .count();
    raw.get(blank..).unwrap_or_default()
}

/// A mail has at least one header that only mail has.
fn is_mail(headers: &Headers) -> bool {
    const MARKS: [&str; 14] = [
        "from",
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "received",
        "return-path",
        "sender",
        "reply-to",
        "mime-version",
        "content-type",
        "delivered-to",
        "resent-from",
    ];
    MARKS.iter().any(|name| headers.get(name).is_some())
}

/// The mailboxes of the header.
#[derive(Default)]
struct People {
    from: Option<Mailbox>,
    sender: Option<Mailbox>,
    reply_to: Vec<Mailbox>,
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    delivered_to: Vec<Address>,
    defects: Vec<String>,
}

impl People {
    fn read(headers: &Headers, limits: &Limits) -> Result<Self, Quarantine> {
        let mut total = 0;
        let mut defects = Vec::new();
        let mut list = |name: &str| -> Result<Vec<Mailbox>, Quarantine> {
            let mut whole = AddressList::default();
            for value in headers.all(name) {
                let mut part = address_list(value, limits.addresses);
                total += part.total();
                if total > limits.addresses {
                    return Err(Quarantine::new(
                        QuarantineReason::TooManyAddresses,
                        format!("more than {} addresses", limits.addresses),
                    ));
                }
                whole.refused += part.refused;
                whole.mailboxes.append(&mut part.mailboxes);
            }
            if whole.refused > 0 {
                defects.push(format!("{name}: {} unusable", whole.refused));
            }
            if name == "from" && whole.total() > 1 {
                defects.push("from: more than one sender".to_owned());
            }
            Ok(whole.mailboxes)
        };
        let from = list("from")?;
        let sender = list("sender")?;
        let reply_to = list("reply-to")?;
        let to = list("to")?;
        let cc = list("cc")?;
        let mut delivered_to: Vec<Address> = Vec::new();
        for name in [
            "delivered-to",
            "x-original-to",
            "envelope-to",
            "x-envelope-to",
            "x-delivered-to",
            "x-rcpt-to",
            "x-forwarded-to",
        ] {
            for mailbox in list(name)? {
                if !delivered_to.contains(&mailbox.address) {
                    delivered_to.push(mailbox.address);
                }
            }
        }
        Ok(Self {
            from: from.into_iter().next(),
            sender: sender.into_iter().next(),
            reply_to,
            to,
            cc,
            delivered_to,
            defects,
        })
    }
}

/// The message ids in a header value: what stands in angle brackets, else
/// words that look like one.
pub(crate) fn message_ids(value: &str) -> Vec<String> {
    let usable = |id: &str| {
        let id: String = id
            .chars()
            .filter(|c| !c.is_whitespace() && !c.is_control())
            .collect();
        (!id.is_empty() && id.len() <= MAX_MESSAGE_ID && !id.contains(['<', '>'])).then_some(id)
    };
    if value.contains('<') {
        let inside = value
            .split('<')
            .skip(1)
            .filter_map(|rest| rest.split_once('>'));
        inside.filter_map(|(id, _)| usable(id)).collect()
    } else {
        value
            .split_whitespace()
            .filter(|word| word.contains('@'))
            .filter_map(usable)
            .collect()
    }
}

/// The first reference names the start of the thread, the last ones what was
/// answered; of a very long list the middle is of no use.
fn references(headers: &Headers) -> Vec<String> {
    let mut all: Vec<String> = headers.all("references").flat_map(message_ids).collect();
    if all.len() > MAX_REFERENCES {
        let newest = all.split_off(all.len() - (MAX_REFERENCES - 1));
        all.truncate(1);
        all.extend(newest);
    }
    all
}

fn date(value: &str) -> Option<Millis> {
    let line = format!("{value}\n");
    let HeaderValue::DateTime(date) = MessageStream::new(line.as_bytes()).parse_date() else {
        return None;
    };
    plausible(&date).then(|| date.to_timestamp().saturating_mul(1000))
}

/// Guards the arithmetic on dates against a year 0 or a 99th month.
fn plausible(date: &DateTime) -> bool {
    (1970..=9999).contains(&date.year)
        && (1..=12).contains(&date.month)
        && (1..=31).contains(&date.day)
        && date.hour < 24
        && date.minute < 60
        && date.second <= 60
        && date.tz_hour < 24
        && date.tz_minute < 60
}

/// What the parts amount to.
struct Content {
    text: String,
    html: Option<String>,
    attachments: Vec<Part>,
    protection: Vec<Protection>,
}

/// Which leaves are the text, which the HTML, which the files
/// (RFC 8621, 4.1.4, without opening nested messages).
#[derive(Default)]
struct Sorted<'t, 'a> {
    text: Vec<&'t Leaf<'a>>,
    html: Vec<&'t Leaf<'a>>,
    files: Vec<(&'t Leaf<'a>, bool)>,
}

impl<'t, 'a> Sorted<'t, 'a> {
    /// `for_text`, `for_html`: whether leaves found here may still become part
    /// of that body.
    fn sort(
        &mut self,
        node: &'t Node<'a>,
        parent: &str,
        first: bool,
        for_text: bool,
        for_html: bool,
    ) {
        match node {
            Node::Multi {
                subtype, children, ..
            } if subtype == "alternative" => {
                self.alternative(children, for_text, for_html);
            }
            Node::Multi {
                subtype, children, ..
            } => {
                for (position, child) in children.iter().enumerate() {
                    self.sort(child, subtype, position == 0, for_text, for_html);
                }
            }
            Node::Leaf(leaf) => {
                let media = leaf.media_type.as_str();
                let is_text = matches!(
                    media,
                    "text/plain"
                        | "text/html"
                        | "text/enriched"
                        | "text/richtext"
                        | "text/markdown"
                );
                let is_media = ["image/", "audio/", "video/"]
                    .iter()
                    .any(|kind| media.starts_with(kind));
                let inline = !leaf.is_attachment
                    && (is_text || is_media)
                    && (first || (parent != "related" && (is_media || leaf.name.is_none())));
                if !inline || is_media {
                    self.files.push((
                        leaf,
                        inline || leaf.content_id.is_some() && !leaf.is_attachment,
                    ));
                    return;
                }
                if for_text {
                    self.text.push(leaf);
                }
                if for_html {
                    self.html.push(leaf);
                }
            }
        }
    }

    /// One branch for each body; the other branches only bring files.
    fn alternative(&mut self, children: &'t [Node<'a>], for_text: bool, for_html: bool) {
        let kinds: Vec<Option<&str>> = children.iter().map(first_text).collect();
        let any = kinds.iter().flatten().next().copied();
        let best = |wanted: &'static str, second: &'static str| {
            [Some(wanted), Some(second), any]
                .into_iter()
                .find(|kind| kind.is_some() && kinds.contains(kind))
                .flatten()
        };
        let text_kind = best("text/plain", "text/html");
        let html_kind = best("text/html", "text/plain");
        for (position, child) in children.iter().enumerate() {
            // Two branches of one kind are not alternatives, whatever the
            // sender calls them: both are shown.
            let kind = kinds.get(position).copied().flatten();
            let text = for_text && kind.is_some() && kind == text_kind;
            let html = for_html && kind.is_some() && kind == html_kind;
            if text || html || kind.is_none() {
                self.sort(
                    child,
                    "alternative",
                    position == 0 || text || html,
                    text,
                    html,
                );
            } else if let Node::Multi { .. } = child {
                self.sort(child, "alternative", false, false, false);
            }
        }
    }
}

/// The media type of the first text in a branch.
fn first_text<'t>(node: &'t Node<'_>) -> Option<&'t str> {
    match node {
        Node::Leaf(leaf) => {
            let text = matches!(
                leaf.media_type.as_str(),
                "text/plain" | "text/html" | "text/enriched" | "text/richtext" | "text/markdown"
            );
            (text && !leaf.is_attachment).then_some(leaf.media_type.as_str())
        }
        Node::Multi { children, .. } => children.iter().find_map(first_text),
    }
}

impl Content {
    /// `opened`: signed files inside each other that were opened to come here.
    fn read(
        root: &Node<'_>,
        limits: &Limits,
        opened: usize,
        defects: &mut Vec<String>,
    ) -> Result<Self, Quarantine> {
        let mut sorted = Sorted::default();
        sorted.sort(root, "mixed", true, true, true);
        let encoded: usize = sorted
            .text
            .iter()
            .chain(&sorted.html)
            .chain(sorted.files.iter().map(|(leaf, _)| leaf))
            .map(|leaf| leaf.encoded_len())
            .sum();
        if encoded > limits.decoded_bytes.saturating_mul(2) {
            return Err(too_much_decoded(limits));
        }
        let mut attachments = files(&sorted.files, limits)?;
        let unpacked = wrapped::unpack(&mut attachments, limits, defects)?;
        let signed = wrapped::open_signed(&mut attachments, limits, opened, defects)?;
        let mut rich = None;
        if sorted
            .html
            .iter()
            .any(|leaf| leaf.media_type == "text/html")
        {
            // Each for itself: what one leaves open must not swallow the next.
            let mut pieces = Vec::with_capacity(sorted.html.len());
            for leaf in &sorted.html {
                let source = cut(as_html(leaf), limits.text_bytes, "html", defects);
                pieces.push(html::sanitise(&source));
            }
            let whole = match pieces.as_slice() {
                [_] => pieces.concat(),
                _ => {
                    let joined = cut(pieces.join("\n"), limits.text_bytes, "html", defects);
                    html::sanitise(&joined)
                }
            };
            rich = Some(whole).filter(|html| !html.trim().is_empty());
        }
        let mut text = String::new();
        // Where all text is HTML, the HTML below says it as well.
        if sorted
            .text
            .iter()
            .any(|leaf| leaf.media_type != "text/html")
        {
            let pieces: Vec<String> = sorted
                .text
                .iter()
                .map(|leaf| as_text(leaf, limits))
                .collect();
            text = pieces.join("\n");
        }
        if text.trim().is_empty() {
            text = rich.as_deref().map(html::safe_to_text).unwrap_or_default();
        }
        if text.trim().is_empty() && rich.is_none() {
            // Only what has nothing else says: most wrapped mails have their
            // text outside, too.
            text = unpacked
                .text
                .map(|text| many_lines(&text))
                .unwrap_or_default();
            rich = unpacked
                .html
                .map(|html| html::sanitise(head(&html, limits.text_bytes)))
                .filter(|html| !html.trim().is_empty());
            if text.trim().is_empty() {
                text = rich.as_deref().map(html::safe_to_text).unwrap_or_default();
            }
        }
        let (text, rich) = signed.with(text, rich, limits, defects);
        let text = cut(text, limits.text_bytes, "text", defects);
        if text.trim().is_empty() {
            defects.push(
                if attachments.is_empty() {
                    "no text at all"
                } else {
                    "no text, only files"
                }
                .to_owned(),
            );
        }
        let inside = &signed.protection;
        let protection = protection::read(root, &text, rich.is_some(), &attachments, inside);
        Ok(Self {
            text,
            html: rich,
            attachments,
            protection,
        })
    }
}

fn too_much_decoded(limits: &Limits) -> Quarantine {
    Quarantine::new(
        QuarantineReason::DecodedTooLarge,
        format!("more than {} bytes after decoding", limits.decoded_bytes),
    )
}

fn files(leaves: &[(&Leaf<'_>, bool)], limits: &Limits) -> Result<Vec<Part>, Quarantine> {
    let mut decoded = 0;
    let mut parts = Vec::with_capacity(leaves.len());
    for (position, (leaf, inline)) in leaves.iter().enumerate() {
        let bytes = leaf.bytes();
        decoded += bytes.len();
        if decoded > limits.decoded_bytes {
            return Err(too_much_decoded(limits));
        }
        let nested = matches!(
            leaf.media_type.as_str(),
            "message/rfc822" | "message/global"
        );
        let name = match &leaf.name {
            Some(name) => file_name::safe(name),
            None if nested => match glimpse(&bytes).subject {
                subject if subject.is_empty() => {
                    file_name::for_part(position + 1, &leaf.media_type)
                }
                subject => file_name::safe(&format!("{}.eml", subject.replace(['/', '\\'], "_"))),
            },
            None => file_name::for_part(position + 1, &leaf.media_type),
        };
        parts.push(Part {
            name,
            media_type: leaf.media_type.clone(),
            bytes,
            content_id: leaf.content_id.clone(),
            inline: *inline,
        });
    }
    Ok(parts)
}

fn as_html(leaf: &Leaf<'_>) -> String {
    let text = leaf.text();
    if leaf.media_type == "text/html" {
        text
    } else {
        html::from_text(&text)
    }
}

fn as_text(leaf: &Leaf<'_>, limits: &Limits) -> String {
    let text = leaf.text();
    match (leaf.media_type.as_str(), leaf.flowed) {
        ("text/html", _) => html::to_text(head(&text, limits.text_bytes)),
        (_, Some(delete_space)) => unflow(&many_lines(&text), delete_space),
        _ => many_lines(&text),
    }
}

fn cut(mut text: String, most: usize, what: &str, defects: &mut Vec<String>) -> String {
    if text.len() > most {
        text.truncate(head(&text, most).len());
        defects.push(format!("the {what} is cut after {most} bytes"));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(raw: &str) -> Incoming {
        parse(raw.as_bytes(), &Limits::default()).unwrap()
    }

    fn reason(raw: &[u8]) -> QuarantineReason {
        parse(raw, &Limits::default()).unwrap_err().reason
    }

    #[test]
    fn a_plain_mail() {
        let mail = read(
            "Message-ID: <one@x.org>\nFrom: =?utf-8?q?Ad=C3=A9?= <ada@x.org>\nTo: desk@y.org, B <b@y.org>\nCc: c@y.org\n\
             Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\n of it\nDate: Mon, 21 Sep 2026 14:13:20 +0200\nReply-To: r@x.org\n\
             In-Reply-To: <zero@x.org>\nReferences: <a@x.org>\n <zero@x.org>\nDelivered-To: desk@y.org\n\nHello\r\nyou\n",
        );
        assert_eq!(mail.message_id.as_deref(), Some("one@x.org"));
        assert_eq!(mail.from.unwrap().to_string(), "Adé <ada@x.org>");
        assert_eq!(mail.to.len(), 2);
        assert_eq!(mail.cc[0].address.as_str(), "c@y.org");
        assert_eq!(mail.reply_to[0].address.as_str(), "r@x.org");
        assert_eq!(mail.subject, "Größe of it");
        assert_eq!(mail.date, Some(1_789_992_800_000));
        assert_eq!(mail.in_reply_to, ["zero@x.org"]);
        assert_eq!(mail.references, ["a@x.org", "zero@x.org"]);
        assert_eq!(mail.delivered_to[0].as_str(), "desk@y.org");
        assert_eq!(mail.text, "Hello\nyou\n");
        assert_eq!(
            (mail.html, mail.attachments.len(), mail.defects.len()),
            (None, 0, 0)
        );
    }

    #[test]
    fn alternatives_pictures_and_files() {
        let mail = read(
            "From: a@x.org\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/related; boundary=r\n\n\
             --r\nContent-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\ncaf=E9\n\
             --a\nContent-Type: text/html\n\n<p>caf&eacute; <img src=\"cid:pic\"></p>\n--a--\n\
             --r\nContent-Type: image/png; name=p.png\nContent-ID: <pic>\nContent-Transfer-Encoding: base64\n\niVBORw0=\n--r--\n\
             --m\nContent-Type: application/pdf\nContent-Disposition: attachment; filename*=utf-8''%2e%2e%2f%C3%BC.pdf\n\nPDF\n\
             --m\nContent-Type: message/rfc822\n\nSubject: in/ner\nFrom: q@x.org\n\nbody\n--m--\n",
        );
        assert_eq!(mail.text.trim(), "café");
        assert_eq!(
            mail.html.as_deref(),
            Some("<p>café <img src=\"cid:pic\" alt=\"\"></p>")
        );
        let shown: Vec<_> = mail
            .attachments
            .iter()
            .map(|p| (p.name.as_str(), p.media_type.as_str(), p.inline))
            .collect();
        assert_eq!(
            shown,
            [
                ("p.png", "image/png", true),
                ("ü.pdf", "application/pdf", false),
                ("in_ner.eml", "message/rfc822", false)
            ]
        );
        assert_eq!(mail.attachments[0].content_id.as_deref(), Some("pic"));
        assert_eq!(mail.attachments[0].bytes, b"\x89PNG\r");
        assert_eq!(mail.attachments[1].bytes, b"PDF");
    }

    #[test]
    fn text_from_html_alone() {
        let mail =
            read("From: a@x.org\nContent-Type: text/html\n\n<p>Hello<p>you<script>x</script>");
        assert_eq!(mail.text, "Hello\n\nyou");
        assert_eq!(mail.html.as_deref(), Some("<p>Hello</p><p>you</p>"));
        let blank = read(
            "From: a@x.org\nContent-Type: multipart/alternative; boundary=a\n\n--a\n\n \n--a\nContent-Type: text/html\n\n<b>hi</b>\n--a--",
        );
        assert_eq!(blank.text, "hi");
    }

    #[test]
    fn text_in_several_parts_is_joined_and_files_are_not() {
        let mail = read(
            "From: a@x.org\nContent-Type: multipart/mixed; boundary=m\n\n--m\n\none\n--m\nContent-Type: text/plain; name=log.txt\n\nlog\n--m\nContent-Type: text/plain\n\ntwo\n--m--",
        );
        assert_eq!(mail.text, "one\ntwo");
        assert_eq!(mail.attachments[0].name, "log.txt");
    }

    #[test]
    fn broken_mails_are_read_all_the_same() {
        let lost =
            read("From: a@x.org\nContent-Type: multipart/mixed; boundary=nowhere\n\nHello\n");
        assert_eq!(lost.text, "Hello\n");
        assert!(lost.defects.iter().any(|d| d.contains("boundary")));
        let open =
            read("From: a@x.org\nContent-Type: multipart/mixed; boundary=m\n\n--m\n\nHello\n");
        assert_eq!(open.text.trim(), "Hello");
        assert!(open.defects.iter().any(|d| d.contains("not closed")));
        let mac = read("From: a@x.org\rSubject: old\r\rHello\r");
        assert_eq!((mac.subject.as_str(), mac.text.trim()), ("old", "Hello"));
        let marked = read("\u{feff}From: a@x.org\nSubject: x\n\nHello");
        assert_eq!(marked.from.unwrap().address.as_str(), "a@x.org");
        let files = read("From: a@x.org\nContent-Type: application/pdf\n\nPDF");
        assert_eq!(files.attachments[0].name, "attachment-1.pdf");
        assert_eq!(files.defects, ["no text, only files"]);
    }

    /// A mail with a signed file around its content, and what stands beside it.
    fn signed(content: &str, streamed: bool, other: &str) -> String {
        let lines = base64_of(&crate::cms::tests::signed(content.as_bytes(), streamed));
        let file = format!(
            "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n\
             Content-Transfer-Encoding: base64\n\n{lines}\n"
        );
        if other.is_empty() {
            return format!("From: a@x.org\nSubject: s\n{file}");
        }
        format!(
            "From: a@x.org\nContent-Type: multipart/mixed; boundary=m\n\n--m\n{file}{other}--m--\n"
        )
    }

    #[test]
    fn what_is_inside_a_signed_file_is_shown_and_not_believed() {
        let words = |mail: &Incoming| -> Vec<String> {
            let all = mail.protection.iter();
            all.map(|p| format!("{} {} {}", p.method.key(), p.kind.key(), p.covers.key()))
                .collect()
        };
        let html = "Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\
            Content-Type: text/html; charset=utf-8\r\n\r\n<p>Gr\u{fc}\u{df}e</p><script>x</script>\r\n--i\r\n\
            Content-Type: application/pdf; name=a.pdf\r\n\r\nPDF\r\n--i--\r\n";
        for streamed in [false, true] {
            let mail = read(&signed(
                "Content-Type: text/plain\r\n\r\nPlease restore it.\r\n",
                streamed,
                "",
            ));
            assert_eq!(mail.text.trim(), "Please restore it.");
            assert_eq!(words(&mail), ["smime unwrapped whole"]);
            // The file itself can still be saved, for who checks it.
            assert_eq!(mail.attachments.len(), 1);
            assert_eq!(mail.attachments[0].name, "smime.p7m");
            let mail = read(&signed(html, streamed, ""));
            assert_eq!(
                mail.html.as_deref().map(str::trim),
                Some("<p>Gr\u{fc}\u{df}e</p>")
            );
            assert_eq!(mail.text.trim(), "Gr\u{fc}\u{df}e");
            let names: Vec<_> = mail.attachments.iter().map(|p| p.name.as_str()).collect();
            assert_eq!(names, ["a.pdf", "smime.p7m"]);
        }
        // A list's footer is not inside it, and is shown below it.
        let mail = read(&signed("\r\nHello", false, "--m\n\nUnsubscribe here.\n"));
        assert_eq!(mail.text.trim(), "Hello\nUnsubscribe here.");
        assert_eq!(words(&mail), ["smime unwrapped part"]);
        // Encrypted inside signed stays closed; so does what nests without an end.
        let sealed = "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\nMIAGCSqGSIb3DQEHAw==\r\n";
        let mail = read(&signed(sealed, true, ""));
        assert_eq!(
            words(&mail),
            ["smime unwrapped whole", "smime encrypted whole"]
        );
        let mut nested = "\r\nHello".to_owned();
        for _ in 0..6 {
            let mail = signed(&nested, true, "");
            nested = mail.split_once("Subject: s\n").unwrap().1.to_owned();
        }
        let mail = read(&format!("From: a@x.org\n{nested}"));
        assert!(!mail.text.contains("Hello"), "{}", mail.text);
    }

    fn wrapped(stream: &[u8], other: &str) -> String {
        format!(
            "From: a@x.org\nContent-Type: multipart/mixed; boundary=m\n\n{other}--m\n\
             Content-Type: application/ms-tnef; name=winmail.dat\n\
             Content-Transfer-Encoding: base64\n\n{}\n--m--\n",
            base64_of(stream)
        )
    }

    fn base64_of(bytes: &[u8]) -> String {
        const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut out = String::new();
        for group in bytes.chunks(3) {
            let number =
                group.iter().fold(0_u32, |n, &b| n << 8 | u32::from(b)) << (8 * (3 - group.len()));
            for at in 0..4 {
                let six = (number >> (18 - 6 * at)) & 63;
                out.push(if at <= group.len() {
                    char::from(SIGNS[six as usize])
                } else {
                    '='
                });
            }
        }
        out
    }

    #[test]
    fn a_winmail_dat_is_unpacked_and_stays() {
        use crate::tnef_sample::Sample;
        let stream = Sample::new()
            .with(0x0002_800C, b"said inside\0")
            .file("../run.log", b"log")
            .file("photo.svg", b"<svg onload=alert(1)>")
            .bytes();
        let mail = read(&wrapped(&stream, ""));
        assert_eq!(mail.text.trim(), "said inside");
        let names: Vec<_> = mail
            .attachments
            .iter()
            .map(|p| (p.name.as_str(), p.media_type.as_str()))
            .collect();
        assert_eq!(
            names,
            [
                ("run.log", "application/octet-stream"),
                ("photo.svg", "application/octet-stream"),
                ("winmail.dat", "application/ms-tnef")
            ]
        );
        assert_eq!(mail.attachments[0].bytes, b"log");
        assert_eq!(mail.attachments[2].bytes, stream);
        // Where the mail says something itself, that is what it says.
        let mail = read(&wrapped(&stream, "--m\n\nsaid outside\n"));
        assert_eq!(mail.text.trim(), "said outside");
        assert_eq!(mail.attachments.len(), 3);
    }

    #[test]
    fn a_winmail_dat_keeps_the_limits() {
        use crate::tnef_sample::Sample;
        let stream = Sample::new().file("a", &[7; 600]).bytes();
        let limits = Limits {
            decoded_bytes: 1000,
            ..Limits::default()
        };
        let raw = wrapped(&stream, "");
        let refused = parse(raw.as_bytes(), &limits).unwrap_err();
        assert_eq!(refused.reason, QuarantineReason::DecodedTooLarge);
        let mut many = Sample::new();
        for _ in 0..600 {
            many = many.file("a", b"x");
        }
        let mail = read(&wrapped(&many.bytes(), "--m\n\nx\n"));
        assert_eq!(mail.attachments.len(), 1, "it is kept as it came");
        assert_eq!(mail.defects, ["a winmail.dat could not be unpacked"]);
    }

    #[test]
    fn not_a_mail() {
        assert_eq!(reason(b""), QuarantineReason::Empty);
        assert_eq!(reason(b" \r\n\t\n"), QuarantineReason::Empty);
        assert_eq!(
            reason(b"\x7fELF\x02\x01\x01\0\0\0\0"),
            QuarantineReason::NotMail
        );
        assert_eq!(reason(b"hello there\n"), QuarantineReason::NotMail);
        assert_eq!(reason(b"colour: red\n\nx"), QuarantineReason::NotMail);
        assert_eq!(reason(&[0xff; 5000]), QuarantineReason::NotMail);
    }

    #[test]
    fn a_subject_of_all_tricks() {
        let mail = read(
            "From: a@x.org\nSubject: =?utf-8?q?x=0D=0ABcc:_eve=40evil.org=00=E2=80=AEy?=\n\nx",
        );
        assert_eq!(mail.subject, "x Bcc: eve@evil.org y");
        let long = read(&format!(
            "From: a@x.org\nSubject: {}\n\nx",
            "ü".repeat(5000)
        ));
        assert_eq!(long.subject.chars().count(), MAX_SUBJECT);
    }

    #[test]
    fn absurd_dates() {
        for date in [
            "Mon, 99 Foo 2026 99:99:99 +9999",
            "0",
            "",
            "1 Jan 0000 00:00:00 +0000",
            "\0",
            "Thu, 1 Jan 99999999999",
        ] {
            let mail = read(&format!("From: a@x.org\nDate: {date}\n\nx"));
            assert!(
                mail.date.is_none_or(|millis| millis > -86_400_000 * 366),
                "{date:?}"
            );
        }
    }

    #[test]
    fn a_glimpse_of_what_is_not_opened() {
        let raw = format!(
            "From: Ada <ada@x.org>\nSubject: =?utf-8?q?=C3=BC?=\nMessage-ID: <m@x>\n{}\n\nx",
            "X: y\n".repeat(20_000)
        );
        assert_eq!(reason(raw.as_bytes()), QuarantineReason::TooMuchHeader);
        let seen = glimpse(raw.as_bytes());
        assert_eq!(
            (
                seen.from.as_str(),
                seen.subject.as_str(),
                seen.message_id.as_deref()
            ),
            ("Ada <ada@x.org>", "ü", Some("m@x"))
        );
        assert_eq!(glimpse(b"\xff\xfe"), Glimpse::default());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn bytes_never_panic(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&raw, &Limits::default());
        }

        #[test]
        fn rubbish_in_the_shape_of_mail_never_panics(pieces in proptest::collection::vec(proptest::sample::select(&[
            "From: ", "To: ", "Subject: ", "Date: ", "Content-Type: ", "multipart/mixed; boundary=b", "multipart/alternative; boundary=\"c\"",
            "message/rfc822", "text/html", "text/plain; charset=utf-7; format=flowed", "; name*0*=utf-8''%", "Content-Transfer-Encoding: base64",
            "Content-Disposition: attachment; filename=", "quoted-printable", "\r\n", "\n", "\n\n", "--b", "--c", "--b--", " ", "\t", "=?utf-8?b?", "?=",
            "<a@b.org>", "\"", "(", ")", ",", ":", ";", "\u{0}", "é", "=3D", "=\n", "AAAA", "> ", "Mon, 1 Jan 2026 00:00:00 +0000", "<p>", "<table>",
            "Message-ID: ", "References: ",
        ][..]), 0..60)) {
            let raw = pieces.concat();
            if let Ok(mail) = parse(raw.as_bytes(), &Limits::default()) {
                prop_assert!(!mail.subject.contains('\n'));
                prop_assert!(mail.attachments.iter().all(|part| !part.name.is_empty()));
                if let Some(html) = &mail.html {
                    prop_assert_eq!(&html::sanitise(html), html);
                }
            }
        }
    }
}
