//! Encoded words in headers (RFC 2047), and text made fit to stand on one line.

use crate::decode;

/// A stretch of a header: as it stands, or the bytes of encoded words.
enum Piece<'a> {
    Plain(&'a str),
    Encoded { charset: &'a str, bytes: Vec<u8> },
}

/// Decodes the encoded words of an unfolded header value. Neighbours of the
/// same character set are joined before they are decoded, because many
/// programs cut in the middle of a letter.
pub(crate) fn decode_words(text: &str) -> String {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let (before, word) = rest.split_at(start);
        let Some((charset, bytes, len)) = encoded_word(word) else {
            pieces.push(Piece::Plain(rest.get(..start + 2).unwrap_or_default()));
            rest = rest.get(start + 2..).unwrap_or_default();
            continue;
        };
        // White space between two encoded words belongs to the folding.
        let after_word = matches!(pieces.last(), Some(Piece::Encoded { .. }));
        let folding = after_word && before.chars().all(char::is_whitespace);
        if !folding && !before.is_empty() {
            pieces.push(Piece::Plain(before));
        }
        match pieces.last_mut() {
            Some(Piece::Encoded {
                charset: last,
                bytes: held,
            }) if last.eq_ignore_ascii_case(charset) && !is_stateful(charset) => {
                held.extend_from_slice(&bytes);
            }
            _ => pieces.push(Piece::Encoded { charset, bytes }),
        }
        rest = word.get(len..).unwrap_or_default();
    }
    pieces.push(Piece::Plain(rest));
    let mut out = String::with_capacity(text.len());
    for piece in pieces {
        match piece {
            Piece::Plain(text) => out.push_str(text),
            Piece::Encoded { charset, bytes } => {
                out.push_str(&decode::charset(Some(charset), &bytes));
            }
        }
    }
    out
}

/// Reads `=?charset?B|Q?text?=` at the start of `word`: the character set, the
/// bytes, and the length of it all.
fn encoded_word(word: &str) -> Option<(&str, Vec<u8>, usize)> {
    // RFC 2047 allows 75 characters; programs that do not fold exceed it. The
    // bound keeps a header full of "=?" linear.
    const LONGEST: usize = 4096;
    let inner = word.strip_prefix("=?")?;
    let (charset, after) = cut(inner, "?", 64)?;
    let (encoding, after) = cut(after, "?", 2)?;
    let (text, _) = cut(after, "?=", LONGEST)?;
    let charset = charset.split('*').next().unwrap_or_default();
    if charset.is_empty() || !charset.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    let bytes = match encoding {
        "B" | "b" => decode::base64(text.as_bytes()),
        "Q" | "q" => q_decode(&raw_bytes(text, charset)),
        _ => return None,
    };
    let len = word.len() - after.len() + text.len() + 2;
    Some((charset, bytes, len))
}

/// Character sets whose words begin and end in ASCII, each for itself; joined,
/// their escapes would stand side by side, which decoders report as an error.
fn is_stateful(charset: &str) -> bool {
    charset
        .get(..8)
        .is_some_and(|start| start.eq_ignore_ascii_case("iso-2022"))
}

/// The bytes of a word whose program forgot to encode some: the header's
/// letters go back to what they were in the word's own character set.
fn raw_bytes(text: &str, charset: &str) -> Vec<u8> {
    if text.is_ascii() || charset.eq_ignore_ascii_case("utf-8") {
        return text.as_bytes().to_vec();
    }
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
        .collect()
}

/// Splits at the first `mark` within the first `most` bytes.
fn cut<'a>(text: &'a str, mark: &str, most: usize) -> Option<(&'a str, &'a str)> {
    let window = text
        .as_bytes()
        .get(..most + mark.len())
        .unwrap_or(text.as_bytes());
    let at = window
        .windows(mark.len())
        .position(|bytes| bytes == mark.as_bytes())?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

fn q_decode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'_' => out.push(b' '),
            b'=' => match decode::hex_pair(bytes.get(at..).unwrap_or_default()) {
                Some(value) => {
                    out.push(value);
                    at += 2;
                }
                None => out.push(byte),
            },
            _ => out.push(byte),
        }
    }
    out
}

/// Text for one line: white space and controls become single spaces, marks
/// that reorder or hide what is shown are dropped, and no more than `most`
/// characters are left.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most * 4));
    let mut count = 0;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            gap = true;
            continue;
        }
        if is_hidden(c) {
            continue;
        }
        let space = gap && !out.is_empty();
        if count + usize::from(space) >= most {
            break;
        }
        if space {
            out.push(' ');
            count += 1;
        }
        gap = false;
        out.push(c);
        count += 1;
    }
    out
}

/// Characters that change the order of others or are invisible. The joiners
/// that scripts and emoji need (U+200C, U+200D) are not among them.
pub(crate) fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The longest start of `text` of at most `most` octets that ends between two
/// characters.
pub(crate) fn head(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Body text: line ends become `\n`, other controls except tab are dropped.
pub(crate) fn many_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\n' | '\t' => out.push(c),
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{c}' => out.push('\n'),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words() {
        for (written, read) in [
            ("=?iso-8859-1?Q?caf=E9?=", "café"),
            ("=?UTF-8?B?w6k=?=", "é"),
            ("a =?utf-8?q?b?= c", "a b c"),
            ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
            ("=?utf-8?q?a?=  =?iso-8859-1?q?=e9?=", "aé"),
            ("=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "é"),
            ("=?utf-8?B?w?= =?x", "\u{0} =?x".trim_start_matches('\u{0}')),
            ("=?utf-8*en?q?a_b?=", "a b"),
            ("=? =?utf-8?q?ok?=", "=? ok"),
            ("=?utf-8?x?no?=", "=?utf-8?x?no?="),
            ("=?gb2312?B?xOM=?= =?gb2312?B?usM=?=", "你好"),
            ("=?iso-8859-1?Q?Frösche?=", "Frösche"),
            ("=?utf-8?Q?Frösche?=", "Frösche"),
            (
                "=?iso-2022-jp?B?GyRCJCIbKEI=?= =?iso-2022-jp?B?GyRCJCIbKEI=?=",
                "ああ",
            ),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(decode_words(written), read, "{written:?}");
        }
    }

    #[test]
    fn a_header_of_openings_is_linear() {
        let hostile = "=?".repeat(200_000);
        assert_eq!(decode_words(&hostile), hostile);
    }

    #[test]
    fn one_line_is_one_line() {
        assert_eq!(one_line("  a\r\n\tb\u{0}c \u{2028} d ", 500), "a b c d");
        assert_eq!(one_line("ab\u{202e}cd\u{200b}", 500), "abcd");
        assert_eq!(one_line("αβγ δε", 4), "αβγ");
        assert_eq!(one_line("αβγ δε", 5), "αβγ δ");
    }

    #[test]
    fn many_lines_keeps_lines() {
        assert_eq!(many_lines("a\r\nb\rc\u{7}\td\n"), "a\nb\nc\td\n");
    }
}
