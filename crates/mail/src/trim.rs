//! What a person wrote, apart from what their mail program quoted.
//!
//! Lines are classified one by one (`line`), then three cuts are made: the
//! signature and other rubbish off the end, the quoted mail off the end, the
//! line that introduces a quotation out of the middle. Quotations that
//! somebody answers point by point stay, for without them the answers mean
//! nothing. Every step looks at each line a bounded number of times.

mod line;
mod phrases;

use line::{Kind, attribution_len, classify, header_block_len};

/// The two halves of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trimmed {
    /// What was written now. Empty where everything is a quotation.
    pub visible: String,
    /// What was quoted or signed, where there is any.
    pub elided: Option<String>,
}

/// Most lines of a signature behind `--`, and behind `-- ` or a rule.
const SHORT_SIGNATURE: usize = 15;
const STRICT_SIGNATURE: usize = 40;

/// How many lines are searched for quoted mails, and how many introductions of
/// them are taken out. What is longer is a log file, not a reply.
const MOST_LINES: usize = 10_000;
const MOST_MARKS: usize = 200;

/// Separates a reply from quotations and signature, in linear time.
pub fn trim_reply(text: &str) -> Trimmed {
    let lines: Vec<&str> = text.lines().collect();
    let kinds = classify(&lines);
    let mut keep = vec![true; lines.len()];
    let mut end = without_trailers(&kinds, signature(&lines, &kinds));
    if let Some(first) = kinds.iter().position(|kind| *kind != Kind::Empty) {
        cut_quotations(&lines, &kinds, first, &mut end, &mut keep);
    }
    end = without_trailers_kept(&kinds, &keep, end);
    if end == 0 && only_quotes(&lines, &kinds) {
        return Trimmed {
            visible: text.trim().to_owned(),
            elided: None,
        };
    }
    let pick = |wanted: bool| -> String {
        let chosen: Vec<&str> = lines
            .iter()
            .enumerate()
            .filter(|(at, _)| (*at < end && keep[*at]) == wanted)
            .map(|(_, line)| line.trim_end())
            .collect();
        chosen.join("\n").trim_matches('\n').to_owned()
    };
    let visible = pick(true);
    Trimmed {
        visible,
        elided: Some(pick(false)).filter(|rest| !rest.trim().is_empty()),
    }
}

/// Where the signature begins: at `-- `, or at a bare `--` or a rule of
/// underscores with only a few lines behind it.
fn signature(lines: &[&str], kinds: &[Kind]) -> usize {
    // Lines with something in them, counted from the end.
    let mut behind = 0;
    let mut found = lines.len();
    for (at, line) in lines.iter().enumerate().rev() {
        if behind > STRICT_SIGNATURE {
            break;
        }
        let bare = line.trim_end();
        let underscores = bare.len() >= 5 && bare.bytes().all(|b| b == b'_');
        let strict = bare == "--" && line.trim_end_matches(['\r']) == "-- ";
        let opens = strict || (bare == "--" || underscores) && behind <= SHORT_SIGNATURE;
        if opens && kinds[at] == Kind::Delimiter && behind > 0 {
            found = at;
        }
        // Quotations below a signature do not belong to it.
        if kinds[at] == Kind::Text {
            behind += 1;
        }
    }
    found
}

/// Moves `end` up over everything that is not the person's own text.
fn without_trailers(kinds: &[Kind], mut end: usize) -> usize {
    while end > 0 && kinds[end - 1] != Kind::Text && kinds[end - 1] != Kind::Code {
        end -= 1;
    }
    end
}

/// The same, after the introductions of quotations were taken out.
fn without_trailers_kept(kinds: &[Kind], keep: &[bool], mut end: usize) -> usize {
    while end > 0 && (!keep[end - 1] || !matches!(kinds[end - 1], Kind::Text | Kind::Code)) {
        end -= 1;
    }
    end
}

/// Walks down to the first quoted mail that nobody answers inside of, and ends
/// there.
fn cut_quotations(
    lines: &[&str],
    kinds: &[Kind],
    first: usize,
    end: &mut usize,
    keep: &mut [bool],
) {
    let mut written = false;
    let mut at = first;
    let mut marks = 0;
    while at < (*end).min(MOST_LINES) && marks < MOST_MARKS {
        let len = match kinds[at] {
            Kind::Text => mark_len(lines, kinds, at),
            _ => 0,
        };
        if len == 0 {
            written |= matches!(kinds[at], Kind::Text | Kind::Code | Kind::Quote);
            at += 1;
            continue;
        }
        let after = next_filled(kinds, at + len);
        let quoted = kinds.get(after) == Some(&Kind::Quote) && lines[after].starts_with('>');
        if written && !(quoted && has_text(lines, kinds, after, *end)) {
            *end = without_trailers(kinds, at);
            return;
        }
        marks += 1;
        keep[at..at + len].fill(false);
        at += len;
        if !written && quoted && has_text(lines, kinds, after, *end) {
            // The quotation came whole and first; the answer is below it.
            while at < *end && matches!(kinds[at], Kind::Quote | Kind::Empty) {
                keep[at] = false;
                at += 1;
            }
        }
    }
}

/// How many lines introduce a quoted mail here; 0 where none does.
fn mark_len(lines: &[&str], kinds: &[Kind], at: usize) -> usize {
    let banner = usize::from(line::is_banner(lines[at]));
    let header_at = if banner == 1 {
        next_filled(kinds, at + 1)
    } else {
        at
    };
    let header = header_block_len(lines, header_at);
    if header > 0 {
        return header_at + header - at;
    }
    if banner == 1 {
        1
    } else {
        attribution_len(lines, at)
    }
}

fn next_filled(kinds: &[Kind], from: usize) -> usize {
    let blank = kinds
        .iter()
        .skip(from)
        .take_while(|kind| **kind == Kind::Empty)
        .count();
    from + blank
}

/// Whether a person wrote something between a quotation's start and `end`.
/// `end` already excludes signatures, so the last line decides.
fn has_text(lines: &[&str], kinds: &[Kind], from: usize, end: usize) -> bool {
    from < end
        && end > 0
        && matches!(kinds[end - 1], Kind::Text | Kind::Code)
        && !lines[end - 1].trim().is_empty()
}

/// A mail of nothing but quoted lines is shown as it is, unless it begins with
/// the introduction of a quoted mail.
fn only_quotes(lines: &[&str], kinds: &[Kind]) -> bool {
    let mut filled = kinds
        .iter()
        .enumerate()
        .filter(|(_, kind)| **kind != Kind::Empty);
    let Some((first, _)) = filled.next() else {
        return false;
    };
    let all = kinds
        .iter()
        .all(|kind| matches!(kind, Kind::Empty | Kind::Quote));
    let inner: Vec<&str> = lines
        .iter()
        .skip(first)
        .take(6)
        .map(|line| line.trim_start_matches(['>', ' ']))
        .collect();
    all && attribution_len(&inner, 0) == 0
}
