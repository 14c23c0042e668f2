//! Our plain text where Jira reads its wiki markup: it looks there as it was written.

/// Plain text as wiki markup. Mentions are `[~name]`, links and files have brackets and
/// exclamation marks: without these nobody is called and nothing is shown.
pub(super) fn written(plain: &str) -> String {
    let plain = plain.replace("\r\n", "\n");
    let lines: Vec<String> = plain.trim_end().split('\n').map(one).collect();
    lines.join("\n")
}

fn one(line: &str) -> String {
    let mut out = String::with_capacity(line.len() * 2);
    let rest = line.trim_start_matches([' ', '\t']);
    // Spaces at the beginning are kept by what is no space.
    out.extend(line[..line.len() - rest.len()].chars().map(|_| '\u{a0}'));
    let mut before = ' ';
    let mut rest = rest;
    // `h1. ` and `bq. ` make headings and quotes, `#` and `*` lists.
    let heading = rest.get(..3).is_some_and(|head| {
        let head = head.as_bytes();
        (head[0] == b'h' && head[1].is_ascii_digit() || head.starts_with(b"bq")) && head[2] == b'.'
    });
    if heading {
        out.push_str(&rest[..2]);
        out.push_str("&#46;");
        rest = &rest[3..];
    }
    while let Some(c) = rest.chars().next() {
        if !before.is_alphanumeric()
            && (rest.starts_with("http://") || rest.starts_with("https://"))
        {
            let end = rest.find(|c: char| c.is_whitespace() || "<>\"[]{}|!".contains(c));
            let url = &rest[..end.unwrap_or(rest.len())];
            out.push_str(url);
            rest = &rest[url.len()..];
            before = ' ';
            continue;
        }
        match c {
            // Two of them end a line.
            '\\' => out.push_str("&#92;"),
            '&' => out.push_str("&amp;"),
            _ if "{}[]!*_-+^~?|#".contains(c) => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {}
            c => out.push(c),
        }
        rest = &rest[c.len_utf8()..];
        before = c;
    }
    out
}

/// The files that a text shows or links to: `!name.png|thumbnail!` and `[^name.txt]`.
pub(super) fn names(body: &str) -> Vec<String> {
    let mut found = Vec::new();
    let linked = body
        .split("[^")
        .skip(1)
        .filter_map(|part| part.split_once(']'));
    found.extend(linked.map(|(name, _)| name.to_owned()));
    for line in body.lines() {
        for part in line.split('!').skip(1) {
            let name = part.split('|').next().unwrap_or_default();
            if !name.is_empty() {
                found.push(name.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_calls_nobody_and_looks_as_it_was_written() {
        for (plain, wiki) in [
            (
                "ask [~ada] {quote} *b*",
                "ask \\[\\~ada\\] \\{quote\\} \\*b\\*",
            ),
            ("a\\\\b & !x.png!", "a&#92;&#92;b &amp; \\!x.png\\!"),
            (
                "h1. Title\nbq. said\n# one",
                "h1&#46; Title\nbq&#46; said\n\\# one",
            ),
            ("  in", "\u{a0}\u{a0}in"),
            (
                "see https://x.example/a_b-c?d",
                "see https://x.example/a_b-c?d",
            ),
            ("one\n\ntwo\n", "one\n\ntwo"),
        ] {
            assert_eq!(written(plain), wiki, "{plain}");
        }
        assert_eq!(
            names("see [^a b.txt] and !p.png|thumbnail!"),
            ["a b.txt", "p.png"]
        );
    }
}
