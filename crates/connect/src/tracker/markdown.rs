//! Our plain text where Markdown is read: it looks there as it was written, calls
//! nobody, links to no issue, and gives no orders.
//!
//! A backslash keeps Markdown off, but not GitHub's and GitLab's own marks
//! (`@user`, `#123`), which they look for in what was rendered: an invisible space
//! after the sign does, as the field's own bots write it.

/// A space without a width.
const NOTHING: &str = "\u{200b}";

/// What these systems find references by, and GitLab its orders.
const SIGNS: &str = "@#!$%~&^";

/// Plain text as Markdown.
pub(super) fn written(plain: &str) -> String {
    let plain = plain.replace("\r\n", "\n");
    let mut out = String::with_capacity(plain.len() * 2);
    for (at, line) in plain.trim_end_matches('\n').split('\n').enumerate() {
        if at > 0 {
            // Two spaces: a line ends where it ended.
            if !out.ends_with('\n') {
                out.push_str("  ");
            }
            out.push('\n');
        }
        one(line, &mut out);
    }
    out.trim_end().to_owned()
}

fn one(line: &str, out: &mut String) {
    let rest = line.trim_start_matches([' ', '\t']);
    if rest.is_empty() {
        return;
    }
    for indent in line[..line.len() - rest.len()].chars() {
        out.push_str(if indent == '\t' {
            "&nbsp;&nbsp;&nbsp; "
        } else {
            "&nbsp;"
        });
    }
    let mut rest = rest;
    // What begins a list, a heading's line, or an order.
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if rest.starts_with(['-', '+', '=', '/', ':']) {
        out.push('\\');
        out.push_str(&rest[..1]);
        rest = &rest[1..];
    } else if digits > 0 && rest[digits..].starts_with(['.', ')']) {
        out.push_str(&rest[..digits]);
        out.push('\\');
        out.push_str(&rest[digits..=digits]);
        rest = &rest[digits + 1..];
    }
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        if !before.is_alphanumeric()
            && (rest.starts_with("http://") || rest.starts_with("https://"))
        {
            let end = rest.find(|c: char| c.is_whitespace() || "<>\"`".contains(c));
            let url = &rest[..end.unwrap_or(rest.len())];
            // Code: a link to an issue would show in that issue.
            out.push_str(&format!("`{url}`"));
            rest = &rest[url.len()..];
            before = '`';
            continue;
        }
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '$' => out.push_str("&#36;"),
            _ if c.is_ascii_punctuation() && "\\`*_{}[]()#!|~@%^".contains(c) => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {}
            c => out.push(c),
        }
        rest = &rest[c.len_utf8()..];
        // `GH-12` is an issue, too.
        let issue = c == '-' && before.eq_ignore_ascii_case(&'h');
        let next = rest.chars().next();
        if (SIGNS.contains(c) || issue) && next.is_some_and(|next| !next.is_whitespace()) {
            out.push_str(NOTHING);
        }
        before = c;
    }
}

/// A title, which is no Markdown but in which people and issues are looked for.
pub(super) fn title(plain: &str, longest: usize) -> String {
    let mut out = String::new();
    for c in plain.replace(char::is_control, " ").chars().take(longest) {
        out.push(c);
        if SIGNS.contains(c) {
            out.push_str(NOTHING);
        }
    }
    out.trim().to_owned()
}

/// A title as it was before [`title`].
pub(super) fn title_of(title: &str) -> String {
    title.replace(NOTHING, "")
}

const BEFORE: &str = "<!-- switchboard: ";
const AFTER: &str = " -->";

/// With a marker that nobody sees.
pub(super) fn marked(text: &str, marker: &str) -> String {
    format!("{text}\n\n{BEFORE}{marker}{AFTER}")
}

/// The marker, which is the last line. Whoever copies a text copies it too.
pub(super) fn marker(body: &str) -> Option<String> {
    let last = body.trim_end().lines().next_back()?;
    let marker = last.trim().strip_prefix(BEFORE)?.strip_suffix(AFTER)?;
    Some(marker.to_owned())
}

/// What people there wrote, without what is invisible to them.
pub(super) fn read(body: &str) -> String {
    let body = body.replace("\r\n", "\n").replace(NOTHING, "");
    let ours = |line: &&str| {
        let line = line.trim_start_matches(['>', ' ']).trim();
        !(line.starts_with(BEFORE) && line.ends_with(AFTER))
    };
    let kept: Vec<&str> = body.lines().filter(ours).collect();
    kept.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_calls_nobody_and_looks_as_it_was_written() {
        let z = NOTHING;
        for (plain, markdown) in [
            (
                "Ask @ada, uma@lab.example",
                format!("Ask \\@{z}ada, uma\\@{z}lab.example"),
            ),
            (
                "see #12 and o/r#7, GH-3",
                format!("see \\#{z}12 and o/r\\#{z}7, GH-{z}3"),
            ),
            (
                "!5 %1 ~bug &8 ^2 $4",
                format!("\\!{z}5 \\%{z}1 \\~{z}bug &amp;{z}8 \\^{z}2 &#36;{z}4"),
            ),
            (
                "<b>no</b> <!-- x -->",
                format!("&lt;b&gt;no&lt;/b&gt; &lt;\\!{z}-- x --&gt;"),
            ),
            (
                "*a* _b_ `c` [d](e)",
                "\\*a\\* \\_b\\_ \\`c\\` \\[d\\]\\(e\\)".to_owned(),
            ),
            (
                "/close\n/assign @me",
                format!("\\/close  \n\\/assign \\@{z}me"),
            ),
            (
                "- one\n1. two\n===",
                "\\- one  \n1\\. two  \n\\===".to_owned(),
            ),
            (
                "# head\n    code",
                "\\# head  \n&nbsp;&nbsp;&nbsp;&nbsp;code".to_owned(),
            ),
            ("one\n\ntwo\n", "one  \n\ntwo".to_owned()),
            (
                "(https://github.com/o/r/issues/1_a) x",
                "\\(`https://github.com/o/r/issues/1_a)` x".to_owned(),
            ),
            ("a\u{7}b", "ab".to_owned()),
        ] {
            assert_eq!(written(plain), markdown, "{plain}");
        }
        assert_eq!(title("Ask @ada\n#1", 100), format!("Ask @{z}ada #{z}1"));
        assert_eq!(title_of(&title("Ask @ada #1", 100)), "Ask @ada #1");
    }

    #[test]
    fn no_plain_text_leaves_a_sign_that_means_something() {
        // The two that call people and touch issues, wherever they stand.
        for plain in [
            "@a", "x@a", "(@a", "\\@a", "@@a", "\n@a", "#1", "##1", "a#1", "&#35;1", "`@a`",
        ] {
            let out = written(plain);
            for sign in ['@', '#'] {
                for (at, _) in out.match_indices(sign) {
                    let next = out[at + 1..].chars().next();
                    let entity = out[..at].ends_with('&') && out[at..].starts_with("#36;");
                    assert!(
                        entity
                            || next.is_none()
                            || next == Some('\\')
                            || out[at + 1..].starts_with(NOTHING),
                        "{plain:?} is {out:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_marker_is_found_at_the_end_and_not_shown() {
        let body = marked(&written("Hello"), "sb1-2");
        assert_eq!(marker(&body).as_deref(), Some("sb1-2"));
        assert_eq!(read(&body), "Hello");
        let quoted = format!("> {}\n\nI agree", body.replace('\n', "\n> "));
        assert_eq!(marker(&quoted), None);
        assert_eq!(read(&quoted), "> Hello\n> \n\nI agree");
        assert_eq!(marker("no"), None);
    }
}
