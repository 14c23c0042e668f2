//! Transfer encodings and character sets, read leniently: a mail with a broken
//! line in it is still a mail. Every function is linear in its input and never
//! returns more than three times as many bytes.

use mail_parser::decoders::charsets::map::charset_decoder;

/// How the bytes of a part were made fit for transport (RFC 2045, 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transfer {
    AsIs,
    Base64,
    QuotedPrintable,
}

impl Transfer {
    /// Reads a `Content-Transfer-Encoding`; unknown words count as identity.
    pub(crate) fn from_header(value: Option<&str>) -> Self {
        let word = value.unwrap_or_default().trim();
        let word = word.split([';', ' ', '\t', '(']).next().unwrap_or_default();
        let word = word.trim_matches('"');
        if word.eq_ignore_ascii_case("base64") {
            Self::Base64
        } else if word.eq_ignore_ascii_case("quoted-printable") {
            Self::QuotedPrintable
        } else {
            Self::AsIs
        }
    }

    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::AsIs => bytes.to_vec(),
            Self::Base64 => base64(bytes),
            Self::QuotedPrintable => quoted_printable(bytes),
        }
    }
}

/// Base64 with everything foreign skipped (RFC 2045, 6.8). Padding ends a line,
/// not the text: some programs join separately encoded pieces.
pub(crate) fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3 + 3);
    let mut group: u32 = 0;
    let mut held = 0;
    let mut ended = false;
    for &byte in bytes {
        if ended && byte != b'\n' {
            continue;
        }
        ended = false;
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                flush(group, held, &mut out);
                ended = held > 0;
                group = 0;
                held = 0;
                continue;
            }
            _ => continue,
        };
        group = group << 6 | u32::from(six);
        held += 1;
        if held == 4 {
            let [_, a, b, c] = group.to_be_bytes();
            out.extend_from_slice(&[a, b, c]);
            group = 0;
            held = 0;
        }
    }
    flush(group, held, &mut out);
    out
}

/// Whether text that is labelled base64 is not: its lines have words with
/// spaces or signs between them.
pub(crate) fn is_mislabelled_base64(bytes: &[u8]) -> bool {
    let sample = bytes.trim_ascii();
    let sample = sample.get(..4096).unwrap_or(sample);
    let foreign = sample
        .iter()
        .filter(|b| !b.is_ascii_alphanumeric() && !b"+/=-_\r\n".contains(b))
        .count();
    foreign * 10 > sample.len()
}

/// The one or two bytes of an unfinished group of base64.
fn flush(group: u32, held: u32, out: &mut Vec<u8>) {
    match held {
        2 => out.push((group >> 4) as u8),
        3 => out.extend_from_slice(&[(group >> 10) as u8, (group >> 2) as u8]),
        _ => {}
    }
}

/// Quoted-printable (RFC 2045, 6.7). A `=` that starts nothing stays.
pub(crate) fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'=' => {
                let rest = bytes.get(at..).unwrap_or_default();
                if let Some(value) = hex_pair(rest) {
                    out.push(value);
                    at += 2;
                } else if let Some(skip) = soft_break(rest) {
                    at += skip;
                } else {
                    out.push(byte);
                }
            }
            // White space at the end of a line was added on the way.
            b'\n' => {
                let cr = out.last() == Some(&b'\r');
                if cr {
                    out.pop();
                }
                while matches!(out.last(), Some(b' ' | b'\t')) && !ended_by_escape(bytes, at) {
                    out.pop();
                }
                if cr {
                    out.push(b'\r');
                }
                out.push(b'\n');
            }
            _ => out.push(byte),
        }
    }
    out
}

/// Whether the line that ends before `at` ends in `=20` or `=09`: white space
/// that was meant.
fn ended_by_escape(bytes: &[u8], at: usize) -> bool {
    let line = bytes.get(..at).unwrap_or_default();
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.ends_with(b"=20") || line.ends_with(b"=09")
}

pub(crate) fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let high = char::from(*bytes.first()?).to_digit(16)?;
    let low = char::from(*bytes.get(1)?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

/// Length of a soft line break after its `=`. At most a line's worth of white
/// space is looked at, so that a run of `=   =   ` stays linear.
fn soft_break(rest: &[u8]) -> Option<usize> {
    let blanks = rest
        .iter()
        .take(76)
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    match rest.get(blanks..).unwrap_or_default() {
        [b'\r', b'\n', ..] => Some(blanks + 2),
        [b'\n' | b'\r', ..] => Some(blanks + 1),
        [] => Some(blanks),
        _ => None,
    }
}

/// Bytes to text by the label of their character set. Without a known label:
/// UTF-8 where it is valid, else Windows-1252, which never fails.
pub(crate) fn charset(label: Option<&str>, bytes: &[u8]) -> String {
    let label = label.unwrap_or_default().trim().trim_matches(['"', '\'']);
    let vague = label.is_empty()
        || [
            "us-ascii",
            "ascii",
            "unknown-8bit",
            "unknown",
            "default",
            "utf-8",
            "utf8",
        ]
        .iter()
        .any(|name| label.eq_ignore_ascii_case(name));
    if vague {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        }
        if label.len() >= 4 && label.as_bytes()[..3].eq_ignore_ascii_case(b"utf") {
            return String::from_utf8_lossy(bytes).into_owned();
        }
    }
    let known = if vague {
        None
    } else {
        charset_decoder(label.as_bytes())
    };
    match (known, std::str::from_utf8(bytes)) {
        (Some(decoder), _) => decoder(bytes),
        (None, Ok(text)) => text.to_owned(),
        (None, Err(_)) => match charset_decoder(b"windows-1252") {
            Some(decoder) => decoder(bytes),
            None => String::from_utf8_lossy(bytes).into_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_lenient() {
        assert_eq!(base64(b"aGVsbG8="), b"hello");
        assert_eq!(base64(b"aGVs\r\n bG8"), b"hello");
        assert_eq!(
            base64(
                b"aGVs*bG8== ignored
aGk=
"
            ),
            b"hellohi"
        );
        assert_eq!(
            base64(
                b"aGk=
aGk="
            ),
            b"hihi"
        );
        assert!(is_mislabelled_base64(b"these are words, and not base64"));
        assert!(!is_mislabelled_base64(
            b"aGVsbG8=
aGVsbG8=
"
        ));
        assert!(!is_mislabelled_base64(b""));
        assert_eq!(base64(b"===="), b"");
        assert_eq!(base64(b"a"), b"");
    }

    #[test]
    fn quoted_printable_is_lenient() {
        assert_eq!(quoted_printable(b"a=3Db =C3=A9=\r\nx"), "a=b éx".as_bytes());
        assert_eq!(quoted_printable(b"100 = sure =zz ="), b"100 = sure =zz ");
        assert_eq!(
            quoted_printable(b"end  \r\nkept=20\r\n"),
            b"end\r\nkept \r\n"
        );
        assert_eq!(quoted_printable(b"a= \t\nb=e9"), b"ab\xe9");
    }

    #[test]
    fn charsets() {
        assert_eq!(charset(Some("iso-8859-1"), b"caf\xe9"), "café");
        assert_eq!(charset(Some("UTF-8"), "café".as_bytes()), "café");
        assert_eq!(charset(None, b"caf\xe9"), "café");
        assert_eq!(charset(Some("us-ascii"), "café".as_bytes()), "café");
        assert_eq!(charset(Some("no-such-thing"), b"caf\xe9"), "café");
        assert_eq!(charset(Some("gb2312"), b"\xc4\xe3\xba\xc3"), "你好");
        assert_eq!(charset(Some("iso-2022-jp"), b"\x1b$B$\"\x1b(B"), "あ");
        assert_eq!(charset(Some("utf-8"), b"a\xffb"), "a\u{fffd}b");
    }
}
