//! A linear pass over HTML of any quality. It yields balanced, shallow tags
//! from the allow-list with their allowed attributes, and text.

use super::{allowed, attributes, is_cid, is_remote, small_number};

/// How many elements may be open at once. Beyond that only the text is kept.
const MAX_OPEN: usize = 60;
/// How many elements are kept; long newsletters have 20,000. Beyond that only
/// the text is kept.
const MAX_ELEMENTS: usize = 40_000;
/// Longest value of an attribute, in octets.
const MAX_VALUE: usize = 4096;

/// Elements whose content is never text for a reader.
const HIDDEN: [&str; 12] = [
    "script", "style", "title", "template", "noscript", "noembed", "noframes", "iframe",
    "textarea", "xmp", "select", "object",
];

/// Elements that end an open paragraph.
const ENDS_P: [&str; 20] = [
    "p",
    "div",
    "table",
    "ul",
    "ol",
    "dl",
    "pre",
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "center",
    "details",
    "summary",
    "li",
    "dd",
];

/// One thing that the scanner found.
enum Token<'a> {
    Text(&'a str),
    Start(Tag<'a>),
    End(String),
}

struct Tag<'a> {
    name: String,
    attributes: Vec<(String, &'a str)>,
}

/// Rewrites `html`; stops after about `most` octets of output.
pub(super) fn tidy(html: &str, most: usize) -> String {
    let mut writer = Writer {
        out: String::with_capacity(html.len().min(most)),
        open: Vec::new(),
        elements: 0,
    };
    let mut scanner = Scanner { rest: html };
    while let Some(token) = scanner.next() {
        if writer.out.len() > most {
            break;
        }
        match token {
            Token::Text(text) => writer.text(text),
            Token::Start(tag) if HIDDEN.contains(&tag.name.as_str()) => {
                scanner.skip_past_end(&tag.name)
            }
            Token::Start(tag) => writer.start(&tag),
            Token::End(name) => writer.end(&name),
        }
    }
    writer.finish()
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn take(&mut self, len: usize) -> &'a str {
        let (head, tail) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.rest = tail;
        head
    }

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let Some(open) = self.rest.find('<') else {
                return Some(Token::Text(self.take(self.rest.len())));
            };
            if open > 0 {
                return Some(Token::Text(self.take(open)));
            }
            let after = self.rest.as_bytes().get(1).copied().unwrap_or_default();
            match after {
                b'!' | b'?' => self.skip_declaration(),
                b'/' => {
                    if let Some(name) = self.end_tag() {
                        return Some(Token::End(name));
                    }
                }
                b if b.is_ascii_alphabetic() => return self.start_tag().map(Token::Start),
                _ => return Some(Token::Text(self.take(1))),
            }
        }
    }

    /// Comments, doctypes, processing instructions, CDATA. A comment that is
    /// never closed hides the rest, as in a browser.
    fn skip_declaration(&mut self) {
        let end = if let Some(comment) = self.rest.strip_prefix("<!--") {
            // "<!-->" and "<!--->" are whole comments.
            if comment.starts_with('>') {
                Some(5)
            } else if comment.starts_with("->") {
                Some(6)
            } else {
                comment_end(comment).map(|at| at + 4)
            }
        } else {
            self.rest.find('>').map(|at| at + 1)
        };
        self.take(end.unwrap_or(self.rest.len()));
    }

    fn end_tag(&mut self) -> Option<String> {
        let body = self.rest.get(2..).unwrap_or_default();
        let end = body.find('>').map_or(self.rest.len(), |at| at + 3);
        let name = tag_name(body);
        self.take(end);
        (!name.is_empty()).then(|| name.to_ascii_lowercase())
    }

    fn start_tag(&mut self) -> Option<Tag<'a>> {
        self.take(1);
        let name = tag_name(self.rest);
        self.take(name.len());
        let name = name.to_ascii_lowercase();
        let wanted = attributes(&name);
        let mut found: Vec<(String, &'a str)> = Vec::new();
        loop {
            let blanks = self.rest.len()
                - self
                    .rest
                    .trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/')
                    .len();
            self.take(blanks);
            if self.rest.is_empty() {
                // A tag that never ends is dropped, as in a browser.
                return None;
            }
            if self.rest.starts_with('>') {
                self.take(1);
                return Some(Tag {
                    name,
                    attributes: found,
                });
            }
            let key_len = self
                .rest
                .char_indices()
                .skip(1)
                .find(|&(_, c)| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/'))
                .map_or(self.rest.len(), |(at, _)| at);
            let key = self.take(key_len);
            let value = self.attribute_value();
            let key = crate::words::head(key, 32).to_ascii_lowercase();
            // How a picture is styled says whether anybody is to see it.
            let telling = key == "style" && name == "img";
            if (telling || wanted.contains(&key.as_str())) && !found.iter().any(|(k, _)| *k == key)
            {
                found.push((key, value));
            }
        }
    }

    fn attribute_value(&mut self) -> &'a str {
        let trimmed = self
            .rest
            .trim_start_matches(|c: char| c.is_ascii_whitespace());
        let Some(after) = trimmed.strip_prefix('=') else {
            return "";
        };
        let after = after.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, rest) = match quote {
            Some(quote) => {
                let inner = after.get(1..).unwrap_or_default();
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            None => {
                let end = after
                    .find(|c: char| c.is_ascii_whitespace() || c == '>')
                    .unwrap_or(after.len());
                after.split_at(end)
            }
        };
        self.rest = rest;
        value
    }

    /// Skips the content of a hidden element. Without an end tag, everything
    /// that follows belongs to it.
    fn skip_past_end(&mut self, name: &str) {
        let bytes = self.rest.as_bytes();
        let mut at = 0;
        while let Some(found) = self.rest.get(at..).and_then(|rest| rest.find("</")) {
            let start = at + found + 2;
            let end = start + name.len();
            let is_name = bytes
                .get(start..end)
                .is_some_and(|tag| tag.eq_ignore_ascii_case(name.as_bytes()));
            let closed = bytes
                .get(end)
                .is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'));
            if is_name && closed {
                let close = self.rest.get(end..).and_then(|rest| rest.find('>'));
                self.take(close.map_or(self.rest.len(), |close| end + close + 1));
                return;
            }
            at = start;
        }
        self.take(self.rest.len());
    }
}

/// Where a comment ends, from behind its `<!--`. One pass: two searches would
/// each run to the end of the text for every comment.
fn comment_end(comment: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = comment.get(at..).and_then(|rest| rest.find("--")) {
        let after = comment.get(at + found + 2..).unwrap_or_default();
        if after.starts_with('>') {
            return Some(at + found + 3);
        }
        if after.starts_with("!>") {
            return Some(at + found + 4);
        }
        at += found + 1;
    }
    None
}

fn tag_name(text: &str) -> &str {
    let end = text
        .find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/'))
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

struct Writer {
    out: String,
    open: Vec<String>,
    elements: usize,
}

impl Writer {
    /// Text keeps its entities: the browser's parser reads them next.
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '<' => self.out.push_str("&lt;"),
                '\0' => {}
                c => self.out.push(c),
            }
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        let name = tag.name.as_str();
        if name == "img" || name == "image" {
            self.image(tag);
            return;
        }
        if name == "body" || name == "html" || name == "head" {
            return;
        }
        if !allowed(name) {
            if is_blockish(name) {
                self.out.push(' ');
            }
            return;
        }
        self.end_implied(name);
        let void = matches!(name, "br" | "hr" | "col");
        if void {
            self.elements += 1;
            if self.elements >= MAX_ELEMENTS {
                self.out.push('\n');
                return;
            }
        } else {
            if self.open.len() >= MAX_OPEN || self.elements >= MAX_ELEMENTS {
                if ENDS_P.contains(&name) || name == "tr" {
                    self.out.push('\n');
                }
                return;
            }
            self.elements += 1;
            self.open.push(name.to_owned());
        }
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in &tag.attributes {
            if value.len() <= MAX_VALUE {
                self.attribute(key, value);
            }
        }
        self.out.push('>');
    }

    fn attribute(&mut self, key: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(key);
        self.out.push_str("=\"");
        for c in value.chars() {
            match c {
                '"' => self.out.push_str("&quot;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\0' => {}
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    /// A picture that came with the mail stays; of one on another server the
    /// address is kept, under a name that loads nothing; any other is named.
    fn image(&mut self, tag: &Tag<'_>) {
        let get = |name: &str| {
            tag.attributes
                .iter()
                .find(|(key, _)| key == name)
                .map_or("", |(_, value)| *value)
        };
        let src = get("src").trim();
        let enclosed = is_cid(src) && src.len() <= MAX_VALUE;
        let tiny = |key: &str| matches!(get(key).trim(), "0" | "1" | "0px" | "1px");
        if !enclosed && (tiny("width") || tiny("height") || styled_away(get("style"))) {
            // A tracking pixel or a spacer says nothing to a reader.
            return;
        }
        let remote = Some(src)
            .filter(|src| !src.is_empty())
            .unwrap_or_else(|| get(super::REMOTE).trim());
        let kept = if enclosed {
            Some(("src", src))
        } else {
            Some((super::REMOTE, remote)).filter(|(_, address)| is_remote(address))
        };
        if let Some((key, address)) = kept.filter(|_| self.elements < MAX_ELEMENTS) {
            self.elements += 1;
            self.out.push_str("<img");
            self.attribute(key, address);
            self.attribute("alt", crate::words::head(get("alt"), 500));
            for key in ["width", "height"] {
                if small_number(get(key)) {
                    self.attribute(key, get(key));
                }
            }
            self.out.push('>');
            return;
        }
        let alt = crate::words::head(get("alt").trim(), 500);
        if alt.is_empty() {
            self.out.push_str("[image]");
        } else {
            self.out.push_str("[image: ");
            self.text(alt);
            self.out.push(']');
        }
    }

    /// Closes what a browser would close without being told.
    fn end_implied(&mut self, name: &str) {
        let (closes, until): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol", "table"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl", "table"]),
            "tr" => (&["tr", "td", "th", "caption", "colgroup"], &["table"]),
            "td" | "th" => (&["td", "th"], &["tr", "table"]),
            "thead" | "tbody" | "tfoot" => (
                &[
                    "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "colgroup",
                ],
                &["table"],
            ),
            "a" => (&["a"], &["td", "th", "table"]),
            _ => (&[], &[]),
        };
        if ENDS_P.contains(&name) {
            self.close_down_to(&["p"], &["td", "th", "table", "li", "blockquote", "div"]);
        }
        if !closes.is_empty() {
            self.close_down_to(closes, until);
        }
    }

    /// Closes the lowest of `names` that is open above the nearest of `until`.
    fn close_down_to(&mut self, names: &[&str], until: &[&str]) {
        let mut keep = self.open.len();
        for (depth, open) in self.open.iter().enumerate().rev() {
            if until.contains(&open.as_str()) {
                break;
            }
            if names.contains(&open.as_str()) {
                keep = depth;
            }
        }
        self.close_to(keep);
    }

    fn end(&mut self, name: &str) {
        if let Some(depth) = self.open.iter().rposition(|open| open == name) {
            self.close_to(depth);
        } else if name == "p" {
            // An end without a start is an empty paragraph in a browser.
            self.start(&Tag {
                name: "br".to_owned(),
                attributes: Vec::new(),
            });
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some(name) = self.open.pop() {
                self.out.push_str("</");
                self.out.push_str(&name);
                self.out.push('>');
            }
        }
    }

    fn finish(mut self) -> String {
        self.close_to(0);
        self.out
    }
}

/// Whether a style hides a picture or leaves at most a point of it.
fn styled_away(style: &str) -> bool {
    crate::words::head(style, MAX_VALUE)
        .split(';')
        .filter_map(|rule| rule.split_once(':'))
        .any(|(name, value)| {
            let value = value.trim().trim_end_matches("!important").trim_end();
            match name.trim().to_ascii_lowercase().as_str() {
                "width" | "height" | "max-width" | "max-height" => {
                    matches!(value, "0" | "1" | "0px" | "1px" | "1pt" | "0pt")
                }
                "display" => value.eq_ignore_ascii_case("none"),
                "visibility" => value.eq_ignore_ascii_case("hidden"),
                "opacity" => value.parse() == Ok(0.0_f32),
                _ => false,
            }
        })
}

/// Unknown elements that stand for a break between words.
fn is_blockish(name: &str) -> bool {
    matches!(
        name,
        "section"
            | "article"
            | "header"
            | "footer"
            | "main"
            | "nav"
            | "aside"
            | "figure"
            | "form"
            | "fieldset"
            | "address"
            | "option"
    )
}
