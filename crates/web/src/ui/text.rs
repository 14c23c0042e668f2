//! Plain text as HTML: escaped, in paragraphs, with links.
//!
//! This is the only place where text that people wrote becomes markup, and it
//! builds that markup itself from escaped pieces; HTML that came by mail is
//! never inlined anywhere (it is shown in a sandboxed frame of its own).

use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;

/// Markup made by [`prose`]; safe to print as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prose(String);

impl fmt::Display for Prose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::FastWritable for Prose {
    fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn askama::Values) -> askama::Result<()> {
        dest.write_str(&self.0)?;
        Ok(())
    }
}

impl HtmlSafe for Prose {}

/// What kind of line a text is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Plain,
    Indented,
    Quoted,
}

fn kind(line: &str) -> Kind {
    if line.trim().is_empty() {
        Kind::Blank
    } else if line.starts_with('>') {
        Kind::Quoted
    } else if line.starts_with("  ") || line.starts_with('\t') {
        Kind::Indented
    } else {
        Kind::Plain
    }
}

/// Turns plain text into paragraphs.
///
/// Blank lines part paragraphs, other line breaks stay; lines that begin with
/// two spaces or a tab are kept as they stand, in fixed width; lines that
/// begin with `>` become a folded quotation; `http://` and `https://`
/// addresses become links.
pub fn prose(text: &str) -> Prose {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut from = 0;
    while from < lines.len() {
        let what = kind(lines[from]);
        let mut to = from + 1;
        while to < lines.len() {
            let next = kind(lines[to]);
            let goes_on = next == what
                // A blank line inside a fixed-width block belongs to it.
                || (what == Kind::Indented
                    && next == Kind::Blank
                    && lines[to..].iter().map(|l| kind(l)).find(|k| *k != Kind::Blank)
                        == Some(Kind::Indented));
            if !goes_on {
                break;
            }
            to += 1;
        }
        block(&mut out, what, &lines[from..to]);
        from = to;
    }
    Prose(out)
}

fn block(out: &mut String, what: Kind, lines: &[&str]) {
    match what {
        Kind::Blank => {}
        Kind::Plain => {
            out.push_str("<p>");
            for (i, line) in lines.iter().enumerate() {
                if i > 0 {
                    out.push_str("<br>");
                }
                inline(out, line.trim_end());
            }
            out.push_str("</p>");
        }
        Kind::Indented => {
            let margin = lines
                .iter()
                .filter(|l| !l.trim().is_empty())
                .map(|l| l.len() - l.trim_start_matches([' ', '\t']).len())
                .min()
                .unwrap_or(0);
            out.push_str("<p class=\"pre\">");
            for (i, line) in lines.iter().enumerate() {
                if i > 0 {
                    out.push('\n');
                }
                inline(out, line.get(margin..).unwrap_or("").trim_end());
            }
            out.push_str("</p>");
        }
        Kind::Quoted => {
            let _ = write!(
                out,
                "<details class=\"quote\"><summary>Quoted text, {} {}</summary><p>",
                lines.len(),
                if lines.len() == 1 { "line" } else { "lines" }
            );
            for (i, line) in lines.iter().enumerate() {
                if i > 0 {
                    out.push_str("<br>");
                }
                inline(out, line.trim_start_matches('>').trim());
            }
            out.push_str("</p></details>");
        }
    }
}

/// One line: escaped, with its addresses as links.
fn inline(out: &mut String, line: &str) {
    let mut rest = line;
    while let Some(start) = next_address(rest) {
        escape(out, &rest[..start]);
        let address = address_at(&rest[start..]);
        if address.len() <= "https://".len() {
            escape(out, address);
        } else {
            out.push_str("<a rel=\"nofollow noopener noreferrer\" href=\"");
            escape(out, address);
            out.push_str("\">");
            escape(out, address);
            out.push_str("</a>");
        }
        rest = &rest[start + address.len()..];
    }
    escape(out, rest);
}

/// Where the next web address starts, not inside a word.
fn next_address(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text[from..].find("http") {
        let at = from + found;
        let tail = &text[at..];
        let own_word = text[..at]
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric());
        if own_word && (tail.starts_with("http://") || tail.starts_with("https://")) {
            return Some(at);
        }
        from = at + 4;
    }
    None
}

/// The address at the start of the text, without the punctuation behind it.
fn address_at(text: &str) -> &str {
    let end = text
        .find(|c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`' | '“' | '”')
        })
        .unwrap_or(text.len());
    let mut address = &text[..end];
    loop {
        let Some(last) = address.chars().next_back() else {
            return address;
        };
        let drop = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' => true,
            ')' => address.matches(')').count() > address.matches('(').count(),
            ']' => address.matches(']').count() > address.matches('[').count(),
            _ => false,
        };
        if !drop {
            return address;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
}

/// Escapes text for HTML content and for double-quoted attributes.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Characters that a page must not contain, and those that turn
            // the reading direction of all that follows.
            '\u{0}'..='\u{8}'
            | '\u{b}'
            | '\u{c}'
            | '\u{e}'..='\u{1f}'
            | '\u{7f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// The first words of a text on one line, for lists and notices.
pub fn excerpt(text: &str, most: usize) -> String {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if words.chars().count() + word.chars().count() + 1 > most {
            if words.is_empty() {
                words = word.chars().take(most.saturating_sub(1)).collect();
            }
            words.push('…');
            return words;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, html: &str) {
        assert_eq!(prose(text).to_string(), html, "{text:?}");
    }

    #[test]
    fn paragraphs_breaks_and_fixed_width() {
        check("one\ntwo\r\n\r\nthree", "<p>one<br>two</p><p>three</p>");
        check(
            "It says:\n\n    a < b\n      c\n\n    d\n\nThen",
            "<p>It says:</p><p class=\"pre\">a &lt; b\n  c\n\nd</p><p>Then</p>",
        );
        check(
            "> old\n> older\nnew",
            "<details class=\"quote\"><summary>Quoted text, 2 lines</summary><p>old<br>older</p></details><p>new</p>",
        );
        check("", "");
        check("\n\n \n", "");
    }

    #[test]
    fn nothing_that_people_write_becomes_markup() {
        check(
            "<script>alert(1)</script> & \"x\" 'y'",
            "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot; &#39;y&#39;</p>",
        );
        check("a\u{202e}b\u{0}c", "<p>a\u{fffd}b\u{fffd}c</p>");
        check("javascript:alert(1)", "<p>javascript:alert(1)</p>");
    }

    #[test]
    fn links_end_where_the_address_ends() {
        let link =
            |a: &str| format!("<a rel=\"nofollow noopener noreferrer\" href=\"{a}\">{a}</a>");
        check(
            "see https://a.example/x?y=1&z=2.",
            &format!("<p>see {}.</p>", link("https://a.example/x?y=1&amp;z=2")),
        );
        check(
            "(http://a.example/b_(c)), then",
            &format!("<p>({}), then</p>", link("http://a.example/b_(c)")),
        );
        check(
            "http://a.example/\"onmouseover=\"x",
            &format!(
                "<p>{}&quot;onmouseover=&quot;x</p>",
                link("http://a.example/")
            ),
        );
        check(
            "xhttp://no https:// http",
            "<p>xhttp://no https:// http</p>",
        );
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt("a  b\nc", 20), "a b c");
        assert_eq!(excerpt("upload of a large file", 12), "upload of a…");
        assert_eq!(excerpt("äöüäöüäöü", 5), "äöüä…");
    }
}
