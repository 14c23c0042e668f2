//! Subjects: the tag that names the ticket, and the prefixes that mail
//! programs pile up in front of it.

use switchboard_core::TicketNumber;

use crate::parse::MAX_SUBJECT;
use crate::words::one_line;

/// What programs put before the subject of an answer, in lower case, without
/// the colon: English, German, Dutch, Scandinavian, Finnish, Italian, Spanish,
/// Portuguese, Polish, Czech, Hungarian, Turkish, Greek, Russian, Ukrainian,
/// Chinese, Japanese, Korean, Hebrew, Arabic.
const REPLY: [&str; 29] = [
    "re",
    "aw",
    "antw",
    "antwort",
    "sv",
    "svar",
    "vs",
    "vastaus",
    "rif",
    "res",
    "rép",
    "rep",
    "odp",
    "odg",
    "vá",
    "ynt",
    "yan",
    "απ",
    "σχετ",
    "отв",
    "ответ",
    "від",
    "回复",
    "回覆",
    "答复",
    "答覆",
    "返信",
    "답장",
    "回信",
];

/// The same for what is passed on.
const FORWARD: [&str; 26] = [
    "fwd",
    "fw",
    "wg",
    "tr",
    "doorst",
    "vb",
    "vl",
    "vidarebefordrat",
    "videresendt",
    "rv",
    "enc",
    "pd",
    "i̇lt",
    "ilt",
    "ilet",
    "tov",
    "továbbítás",
    "πρθ",
    "пересл",
    "пер",
    "转发",
    "轉寄",
    "轉發",
    "転送",
    "전달",
    "inoltro",
];

/// Right-to-left prefixes, which bidirectional marks may surround.
const RIGHT_TO_LEFT: [&str; 5] = ["השב", "תגובה", "הועבר", "رد", "إعادة توجيه"];

/// The subject without prefixes and ticket tags, on one line.
pub fn bare_subject(subject: &str) -> String {
    let mut bare = one_line(subject, MAX_SUBJECT);
    // Taking a tag out can bring a new prefix or tag together. Each round
    // shortens the text.
    loop {
        let next = strip_all(&bare);
        if next.len() == bare.len() {
            return bare;
        }
        bare = next;
    }
}

/// One round: prefixes off the front, tags out of the rest.
fn strip_all(subject: &str) -> String {
    let mut rest = subject;
    loop {
        let next = strip_one(rest);
        if next.len() == rest.len() {
            break;
        }
        rest = next;
    }
    let mut bare = String::with_capacity(rest.len());
    let mut at = 0;
    for tag in tags(rest) {
        bare.push_str(rest.get(at..tag.start).unwrap_or_default());
        at = tag.end;
    }
    bare.push_str(rest.get(at..).unwrap_or_default());
    one_line(&bare, MAX_SUBJECT)
}

/// `[#1234] subject`, with older tags and prefixes taken off. The same again
/// for what it returns: people script on subjects.
pub fn subject_with_tag(number: TicketNumber, subject: &str) -> String {
    let tag = format!("[#{}]", number.0);
    let bare = bare_subject(subject);
    if bare.is_empty() {
        tag
    } else {
        one_line(&format!("{tag} {bare}"), MAX_SUBJECT)
    }
}

/// The ticket numbers in the tags of a subject, in order. A hint, not a proof:
/// anybody can write one.
pub fn tagged_numbers(subject: &str) -> impl Iterator<Item = TicketNumber> + '_ {
    tags(subject).map(|tag| TicketNumber(tag.number))
}

/// Whether the subject begins as that of an answer does.
pub(crate) fn is_reply(subject: &str) -> bool {
    prefix(subject.trim_start(), false).is_some_and(|(word, _)| !FORWARD.contains(&word.as_str()))
}

struct Tag {
    start: usize,
    end: usize,
    number: i64,
}

/// Finds `[#digits]`.
fn tags(subject: &str) -> impl Iterator<Item = Tag> + '_ {
    subject.match_indices("[#").filter_map(|(start, _)| {
        let digits = subject.get(start + 2..)?;
        // 18 digits always fit; a longer number is nobody's ticket.
        let len = digits
            .bytes()
            .take(19)
            .take_while(u8::is_ascii_digit)
            .count();
        let number = digits.get(..len)?;
        let closed = digits.as_bytes().get(len) == Some(&b']');
        if !closed || len > 18 || number.starts_with('0') {
            return None;
        }
        Some(Tag {
            start,
            end: start + 2 + len + 1,
            number: number.parse().ok()?,
        })
    })
}

/// Takes one prefix or one tag off the front.
fn strip_one(subject: &str) -> &str {
    let subject = subject.trim_start();
    let tag = tags(subject).next();
    if let Some(tag) = tag.as_ref().filter(|tag| tag.start == 0) {
        return subject.get(tag.end..).unwrap_or_default().trim_start();
    }
    match prefix(subject, tag.is_some()) {
        Some((_, rest)) => rest.trim_start(),
        None => subject,
    }
}

/// Reads a prefix with its colon: `Re:`, `RE[2]:`, `Re(3) :`, `Re^4:`, `回复：`.
/// The one-letter prefixes of Italian programs only count in front of a ticket
/// tag (`tagged`); elsewhere "R: cannot load package" is about a language.
fn prefix(subject: &str, tagged: bool) -> Option<(String, &str)> {
    let colon = subject
        .char_indices()
        .take(24)
        .find(|&(_, c)| c == ':' || c == '：')?;
    let (word, rest) = subject.split_at(colon.0);
    let rest = rest.get(colon.1.len_utf8()..)?;
    let word = word.trim_end();
    let word = match word.find(['[', '(', '^', '*']) {
        Some(at) => {
            let (word, count) = word.split_at(at);
            let count = count.trim_matches(['[', ']', '(', ')', '^', '*']);
            if count.is_empty() || count.len() > 3 || !count.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            word.trim_end()
        }
        None => word,
    };
    let lower = word.to_lowercase();
    let known = REPLY.contains(&lower.as_str())
        || FORWARD.contains(&lower.as_str())
        || RIGHT_TO_LEFT.contains(&lower.as_str())
        || (tagged && matches!(word, "R" | "I"));
    known.then_some((lower, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prefixes_of_many_languages() {
        for subject in [
            "Re: disk full",
            "RE: disk full",
            "Re[2]: disk full",
            "Re (3): disk full",
            "Re^4: disk full",
            "AW: disk full",
            "Aw: Re: AW: disk full",
            "Antw: disk full",
            "WG: disk full",
            "SV: disk full",
            "VS: disk full",
            "VB: disk full",
            "Rif: disk full",
            "RES: disk full",
            "ENC: disk full",
            "RV: disk full",
            "TR: disk full",
            "Odp: disk full",
            "PD: disk full",
            "Vá: disk full",
            "YNT: disk full",
            "İLT: disk full",
            "ΑΠ: disk full",
            "ΠΡΘ: disk full",
            "Отв: disk full",
            "Ответ: disk full",
            "Пересл: disk full",
            "回复：disk full",
            "答复: disk full",
            "转发: disk full",
            "返信: disk full",
            "転送: disk full",
            "답장: disk full",
            "הועבר: disk full",
            "رد: disk full",
            "Fwd: disk full",
            "FW : disk full",
            "  fwd:re:disk full",
            "[#12] Re: [#12] disk full",
            "Re: [#12] disk full",
            "R: [#12] disk full",
            "I: R: [#12] disk full",
            "Re: disk [#12] full",
        ] {
            assert_eq!(bare_subject(subject), "disk full", "{subject:?}");
        }
    }

    #[test]
    fn what_only_looks_like_a_prefix() {
        for subject in [
            "R: cannot load package",
            "Result: nothing",
            "Reply: no",
            "Error: disk",
            "dCache: slow",
            "Re disk",
            "[#] disk",
            "[#0] disk",
            "[#12 disk",
            "[1234] disk",
            "Re[x]: disk",
        ] {
            assert_eq!(bare_subject(subject), subject, "{subject:?}");
        }
        assert!(is_reply("Re: x") && is_reply("AW: x") && !is_reply("Fwd: x") && !is_reply("x"));
    }

    #[test]
    fn tags_are_stable() {
        let once = subject_with_tag(TicketNumber(7), "Re: [#3] [#4] AW: hello\r\nBcc: x@y");
        assert_eq!(once, "[#7] hello Bcc: x@y");
        assert_eq!(subject_with_tag(TicketNumber(7), &once), once);
        assert_eq!(subject_with_tag(TicketNumber(7), "Re: "), "[#7]");
        let numbers: Vec<i64> = tagged_numbers("Fwd: [#12] x [#007] [#34] [#9999999999999999999]")
            .map(|n| n.0)
            .collect();
        assert_eq!(numbers, [12, 34]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn tagging_again_changes_nothing(subject in r"((Re|AW|Fwd|R|I|[a-z\[\]#0-9])(:|\[2\]:| )? ?(\[#[0-9]{1,3}\])?){0,8}\PC{0,600}") {
            let once = subject_with_tag(TicketNumber(42), &subject);
            prop_assert_eq!(subject_with_tag(TicketNumber(42), &once), once.clone());
            prop_assert_eq!(tagged_numbers(&once).next(), Some(TicketNumber(42)));
            prop_assert!(once.chars().count() <= MAX_SUBJECT);
        }
    }
}
