//! What one line of a mail is.

use super::phrases::{
    BANNERS, DATE_STARTS, FROM_NAMES, OTHER_NAMES, SIGNATURE_ENDS, SIGNATURE_STARTS, WROTE,
};
use crate::words::head;

/// The classes of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Empty,
    /// Only dashes, stars, underscores or the like.
    Delimiter,
    /// `> …`, `| …` or `Name> …`.
    Quote,
    /// What a telephone writes below a mail.
    Signature,
    /// Between two ``` fences; never touched.
    Code,
    Text,
}

/// Longest line that can be anything but text, in octets.
const MARK_LINE: usize = 300;
/// Longest introduction of a quotation, in lines.
const ATTRIBUTION_LINES: usize = 6;

/// Classifies every line.
pub(super) fn classify(lines: &[&str]) -> Vec<Kind> {
    let fences = lines.iter().filter(|line| is_fence(line)).count();
    // An odd fence is no fence: its other half was quoted away.
    let mut left = fences - fences % 2;
    let mut inside = false;
    lines
        .iter()
        .map(|line| {
            if is_fence(line) && left > 0 {
                left -= 1;
                inside = !inside;
                return Kind::Code;
            }
            if inside { Kind::Code } else { kind(line) }
        })
        .collect()
}

fn is_fence(line: &str) -> bool {
    line.trim_start().starts_with("```")
}

fn kind(line: &str) -> Kind {
    let bare = line.trim();
    if bare.is_empty() {
        return Kind::Empty;
    }
    if is_delimiter(bare) {
        return Kind::Delimiter;
    }
    if is_quote(line) {
        return Kind::Quote;
    }
    if is_signature(bare) {
        Kind::Signature
    } else {
        Kind::Text
    }
}

fn is_delimiter(bare: &str) -> bool {
    if bare.len() > MARK_LINE {
        return false;
    }
    let inner = bare.trim_matches([' ', '*']);
    let rule = bare.len() >= 2
        && ['-', '_', '*', '#', '=', '+', '~', '—', '–']
            .iter()
            .any(|mark| inner.chars().all(|c| c == *mark));
    // One dash alone, or the mark of a read-tracking extension.
    rule || matches!(bare, "ᐧ" | "—" | "–")
}

fn is_quote(line: &str) -> bool {
    if line.starts_with(['>', '|']) || line.starts_with(" >") {
        return true;
    }
    // "ada> text": initials or a name in front, as older programs do.
    let word = line
        .bytes()
        .take(13)
        .take_while(u8::is_ascii_alphabetic)
        .count();
    (1..=12).contains(&word) && line.as_bytes().get(word) == Some(&b'>')
}

fn is_signature(bare: &str) -> bool {
    if bare.len() > MARK_LINE {
        return false;
    }
    let lower = bare.to_lowercase();
    let lower = lower.trim_matches(['(', ')', '<', '>', '*', '_', '[', ' ']);
    // "Sent from my desk, is much easier than …" is a sentence, not a device.
    let most = if lower.starts_with("sent ") { 10 } else { 14 };
    bare.split_whitespace().count() <= most
        && (SIGNATURE_STARTS
            .iter()
            .any(|start| lower.starts_with(start))
            || SIGNATURE_ENDS.iter().any(|end| lower.ends_with(end)))
}

/// `-----Original Message-----`, `Begin forwarded message:` and their
/// translations.
pub(super) fn is_banner(line: &str) -> bool {
    if line.len() > MARK_LINE {
        return false;
    }
    let bare = line.trim().trim_matches(['*', '_', ' ']);
    let inner = bare.trim_matches(['-', ' ', ':', '：', '=', '_']);
    let ruled = bare.starts_with("--") && bare.ends_with("--");
    let lower = inner.to_lowercase();
    BANNERS.contains(&lower.as_str()) && (ruled || bare.ends_with([':', '：']))
        // "---- On … wrote ----"
        || ruled && has_verb(&lower) && has_date(inner)
}

/// The length of a block of mail headers that starts here: a sender and at
/// least two other fields, up to the empty line. 0 where there is none.
pub(super) fn header_block_len(lines: &[&str], at: usize) -> usize {
    /// Fields of a quoted header, with their folded lines.
    const MOST: usize = 16;
    if !lines.get(at).is_some_and(|line| {
        header_name(line).is_some_and(|name| FROM_NAMES.contains(&name.as_str()))
    }) {
        return 0;
    }
    let mut fields = 1;
    let mut len = 1;
    let mut folded = 0;
    for (offset, line) in lines
        .iter()
        .enumerate()
        .skip(at + 1)
        .take(MOST)
        .map(|(n, line)| (n - at, line))
    {
        if line.trim().is_empty() {
            break;
        }
        let known = header_name(line).is_some_and(|name| {
            OTHER_NAMES.contains(&name.as_str()) || FROM_NAMES.contains(&name.as_str())
        });
        if known {
            fields += 1;
            len = offset + 1;
            folded = 0;
        } else {
            folded += 1;
            if folded > 2 {
                break;
            }
        }
    }
    if fields >= 3 { len } else { 0 }
}

/// The name of a header line in lower case: `*From:* …`, `Von : …`.
fn header_name(line: &str) -> Option<String> {
    let bare = line.trim_start_matches(['*', ' ', '\t', '_']);
    let start = head(bare, 40);
    let colon = start.find([':', '：'])?;
    let name = start.get(..colon)?.trim_matches(['*', '_', ' ', '\u{a0}']);
    (!name.is_empty()).then(|| name.to_lowercase())
}

/// How many lines introduce a quotation here: `On …, … wrote:`, in many
/// languages and folded in many ways. 0 where none does.
pub(super) fn attribution_len(lines: &[&str], at: usize) -> usize {
    let Some(first) = lines.get(at).map(|line| line.trim().trim_matches('*')) else {
        return 0;
    };
    if first.is_empty() || first.len() > MARK_LINE {
        return 0;
    }
    let opens = opens_like_date(first);
    if opens && is_complete_stamp(first) {
        return 1;
    }
    let mut joined = String::new();
    let mut gap = false;
    for (offset, line) in lines.iter().skip(at).take(ATTRIBUTION_LINES).enumerate() {
        let bare = line.trim().trim_matches('*');
        if bare.is_empty() {
            gap = true;
            continue;
        }
        // A blank line inside only where an address was torn off.
        if gap && !bare.starts_with('<') && !joined.ends_with('<') {
            return 0;
        }
        gap = false;
        if line.starts_with('>') && !joined.contains('<') || bare.len() > MARK_LINE {
            return 0;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(bare);
        let ends = joined.ends_with([':', '：']);
        if ends {
            let lower = joined.to_lowercase();
            let stamped = opens && has_date(&joined) || has_address(&joined);
            // "2017-02-05 13:29 GMT+02:00 Name <address>:" has no verb.
            let silent = starts_with_iso_time(first) && joined.ends_with(">:");
            let found = stamped && (has_verb(&lower) || silent);
            return if found { offset + 1 } else { 0 };
        }
        if !opens && !has_address(&joined) && offset == 0 && !has_verb(&bare.to_lowercase()) {
            return 0;
        }
    }
    0
}

fn opens_like_date(line: &str) -> bool {
    let lower = head(line, 60).to_lowercase();
    line.starts_with(|c: char| c.is_ascii_digit())
        || DATE_STARTS.iter().any(|start| {
            lower
                .strip_prefix(start)
                .is_some_and(|rest| rest.starts_with([' ', ',', '.']) || !start.is_ascii())
        })
}

/// `2016-03-03 17:21 GMT+01:00 Name` or `2013/7/20 Name <address>`: no verb
/// and no colon, yet nothing else looks like it.
fn is_complete_stamp(line: &str) -> bool {
    let slashed = line.split_once(' ').is_some_and(|(date, rest)| {
        let mut numbers = date.split('/');
        let dated = numbers.clone().count() == 3
            && numbers.all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        dated && rest.ends_with('>') && has_address(rest)
    });
    slashed || starts_with_iso_time(line) && !line.ends_with(['<', ':'])
}

/// `2016-03-03 17:21 GMT…`
fn starts_with_iso_time(line: &str) -> bool {
    let mut words = line.split(' ');
    let date = words.next().unwrap_or_default();
    let time = words.next().unwrap_or_default();
    let zone = words.next().unwrap_or_default();
    date.len() == 10
        && date.bytes().filter(|&b| b == b'-').count() == 2
        && time.len() == 5
        && time.contains(':')
        && zone.starts_with("GMT")
}

fn has_verb(lower: &str) -> bool {
    WROTE.iter().any(|verb| {
        lower.match_indices(verb).any(|(start, _)| {
            let before = lower.get(..start).and_then(|text| text.chars().next_back());
            // Scripts without spaces have no word boundary to look for.
            !verb.is_ascii() || before.is_none_or(|c| !c.is_alphanumeric())
        })
    })
}

/// A time, a year or a numeric date somewhere in the line.
fn has_date(line: &str) -> bool {
    let bytes = line.as_bytes();
    let year = bytes.windows(4).any(|four| {
        (four.starts_with(b"19") || four.starts_with(b"20")) && four.iter().all(u8::is_ascii_digit)
    });
    let pair = bytes.windows(3).any(|three| {
        three[0].is_ascii_digit()
            && matches!(three[1], b':' | b'.' | b'/')
            && three[2].is_ascii_digit()
    });
    year || pair
}

fn has_address(line: &str) -> bool {
    line.find('@').is_some_and(|at| {
        line.get(..at)
            .is_some_and(|before| before.contains(['<', '[', '(']) || before.contains("lt;"))
    })
}
