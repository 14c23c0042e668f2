//! Taking a person out of texts: where their names and addresses stand, and
//! which texts of a history are free text at all.
//!
//! An entry or event once written is changed by nothing but this, and what was
//! taken out leaves a mark.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::change::Change;
use crate::ticket::{BeforeMerge, Hold};

/// Stands where the whole of a text was removed.
pub const REMOVED: &str = "[removed at the person's request]";
/// The name shown for somebody who was erased, and what stands where their name
/// or address stood in a text of others.
pub const ERASED: &str = "erased person";

/// Names and addresses of one person, as they are looked for in texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traces {
    /// As they were given, longest first.
    needles: Vec<String>,
    /// Their characters, folded.
    folded: Vec<Vec<char>>,
}

impl Traces {
    /// All of somebody's names and addresses; for the tickets that they are on.
    pub fn of(names: &[String], addresses: &[String]) -> Traces {
        let mut needles: Vec<String> = Vec::new();
        for name in names {
            let words: Vec<&str> = name.split_whitespace().collect();
            needles.push(words.join(" "));
            if let [first @ .., last] = words.as_slice()
                && !first.is_empty()
            {
                let first = first.join(" ");
                needles.push(format!("{last}, {first}"));
                needles.push(format!("{last} {first}"));
            }
        }
        needles.extend(addresses.iter().cloned());
        needles.retain(|n| n.chars().count() >= 2 && n != ERASED);
        needles.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        Traces {
            folded: needles
                .iter()
                .map(|n| fold(n).map(|(_, c)| c).collect())
                .collect(),
            needles,
        }
    }

    /// Those of them that mean nobody else: addresses, and names of more than one
    /// word. For texts that have nothing to do with the person otherwise, where
    /// "Will" is mostly no name.
    pub fn unmistakable(names: &[String], addresses: &[String]) -> Traces {
        let names: Vec<String> = names
            .iter()
            .filter(|n| n.split_whitespace().count() > 1)
            .cloned()
            .collect();
        Traces::of(&names, addresses)
    }

    /// What is looked for, longest first.
    pub fn needles(&self) -> &[String] {
        &self.needles
    }

    /// Nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Whether one of them stands in the text, as words of their own.
    pub fn are_in(&self, text: &str) -> bool {
        self.find(text, 0).is_some()
    }

    /// The text with [`ERASED`] where they stood; `None`: nothing was found.
    pub fn taken_out(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut from = 0;
        while let Some((start, end)) = self.find(text, from) {
            out.push_str(&text[from..start]);
            out.push('[');
            out.push_str(ERASED);
            out.push(']');
            from = end;
        }
        if from == 0 {
            return None;
        }
        out.push_str(&text[from..]);
        Some(out)
    }

    /// The first place at or after `from`, as bytes from and to.
    fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        let rest = text.get(from..)?;
        let chars: Vec<(usize, char)> = fold(rest).collect();
        for start in 0..chars.len() {
            for needle in &self.folded {
                let Some(window) = chars.get(start..start + needle.len()) else {
                    continue;
                };
                if !window.iter().map(|(_, c)| c).eq(needle.iter()) {
                    continue;
                }
                // One character may fold to several: both ends must be ends of
                // characters of the text.
                let begins = start == 0 || chars[start - 1].0 != chars[start].0;
                let after = chars.get(start + needle.len());
                let ends = after.is_none_or(|a| a.0 != chars[start + needle.len() - 1].0);
                let before = text[..from + chars[start].0].chars().next_back();
                let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
                if begins && ends && free(before) && free(after.map(|(_, c)| *c)) {
                    let end = after.map_or(rest.len(), |a| a.0);
                    return Some((from + chars[start].0, from + end));
                }
            }
        }
        None
    }
}

/// Characters in lower case, each with the place of the character it comes from.
/// Any white space counts as one blank, so that a name that was broken over two
/// lines is found.
fn fold(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut blank = false;
    text.char_indices()
        .filter(move |(_, c)| {
            let skip = blank && c.is_whitespace();
            blank = c.is_whitespace();
            !skip
        })
        .flat_map(|(at, c)| {
            let c = if c.is_whitespace() { ' ' } else { c };
            c.to_lowercase().map(move |c| (at, c))
        })
}

/// Shortest line that is known again when somebody quotes it.
const SHORTEST_LINE: usize = 8;

/// The lines of a text by which quotes of it are known.
pub fn lines_of(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines()
        .map(str::trim)
        .filter(|line| line.chars().count() >= SHORTEST_LINE && *line != REMOVED)
        .map(str::to_owned)
}

/// The text with [`REMOVED`] where one of the lines is quoted, with `>` before it, or
/// (`bare`) without; `None`: none is.
pub fn without_quotes(text: &str, lines: &BTreeSet<String>, bare: bool) -> Option<String> {
    let mut found = false;
    let left: Vec<String> = text
        .lines()
        .map(|line| {
            let said = line.trim_start_matches(['>', ' ', '\t']).trim_end();
            let is_quote = bare || line.trim_start().starts_with('>');
            if is_quote && lines.contains(said) {
                found = true;
                format!("> {REMOVED}")
            } else {
                line.to_owned()
            }
        })
        .collect();
    found.then(|| left.join("\n"))
}

/// Calls `f` with every string of a JSON value, keys aside.
pub fn strings_mut(value: &mut Value, f: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => f(text),
        Value::Array(items) => items.iter_mut().for_each(|v| strings_mut(v, f)),
        Value::Object(fields) => fields.values_mut().for_each(|v| strings_mut(v, f)),
        _ => {}
    }
}

fn hold_mut(hold: &mut Hold, f: &mut dyn FnMut(&mut String)) {
    match hold {
        Hold::Reason { text } => f(text),
        Hold::Master { .. } | Hold::Children => {}
    }
}

fn before_mut(before: &mut BeforeMerge, f: &mut dyn FnMut(&mut String)) {
    if let Some(hold) = &mut before.hold {
        hold_mut(hold, f);
    }
}

impl Change {
    /// Calls `f` with every free text of the change. `true` goes with what the
    /// actor gave, `false` with what stood there before.
    ///
    /// A new kind of change says here which of its fields people write.
    pub fn texts_mut(&mut self, f: &mut dyn FnMut(bool, &mut String)) {
        match self {
            Change::Opened {
                subject, custom, ..
            } => {
                f(true, subject);
                for value in custom.values_mut() {
                    strings_mut(value, &mut |text| f(true, text));
                }
            }
            Change::StatusSet { hold, .. } => {
                if let Some(hold) = hold {
                    hold_mut(hold, &mut |text| f(true, text));
                }
            }
            Change::UnitSet { reason, .. } => {
                if let Some(reason) = reason {
                    f(true, reason);
                }
            }
            Change::PriorityOverruled { old, new } => {
                if let Some(old) = old {
                    f(false, &mut old.reason);
                }
                if let Some(new) = new {
                    f(true, &mut new.reason);
                }
            }
            Change::SolutionSet { old, new } => {
                if let Some(old) = old {
                    f(false, &mut old.text);
                }
                f(true, &mut new.text);
            }
            Change::SubjectSet { old, new } => {
                f(false, old);
                f(true, new);
            }
            Change::TagsSet { old, new } => {
                for (given, tags) in [(false, old), (true, new)] {
                    *tags = std::mem::take(tags)
                        .into_iter()
                        .map(|mut tag| {
                            f(given, &mut tag);
                            tag
                        })
                        .collect();
                }
            }
            Change::CustomSet { old, new, .. } => {
                if let Some(old) = old {
                    strings_mut(old, &mut |text| f(false, text));
                }
                if let Some(new) = new {
                    strings_mut(new, &mut |text| f(true, text));
                }
            }
            Change::MergedAway { before, .. } | Change::CameBack { before, .. } => {
                before_mut(before, &mut |text| f(false, text));
            }
            Change::ChildSolved { text, .. } => {
                if let Some(text) = text {
                    f(false, text);
                }
            }
            Change::Escalated { reason, .. } => f(true, reason),
            // Keys, numbers, ids and words of fixed lists.
            Change::EntryAdded { .. }
            | Change::OwnerSet { .. }
            | Change::FactsSet { .. }
            | Change::PriorityConfirmed
            | Change::IssueTypeSet { .. }
            | Change::ServiceSet { .. }
            | Change::ServiceMoved { .. }
            | Change::SiteSet { .. }
            | Change::CommunitySet { .. }
            | Change::SinceSet { .. }
            | Change::VisibilitySet { .. }
            | Change::TlpSet { .. }
            | Change::TellSet { .. }
            | Change::PartyAdded { .. }
            | Change::PartyRemoved { .. }
            | Change::RelationAdded { .. }
            | Change::RelationRemoved { .. }
            | Change::MergedIn { .. }
            | Change::MergeUndone { .. }
            | Change::EntriesMoved { .. }
            | Change::EntriesReturned { .. }
            | Change::ChildReopened { .. }
            | Change::MasterEntry { .. }
            | Change::Reminded { .. }
            | Change::AskedSet { .. }
            | Change::StillWaiting => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rita() -> Traces {
        Traces::of(&["Rita Müller".into()], &["rita@people.example".into()])
    }

    #[test]
    fn names_and_addresses_are_found_however_they_are_written() {
        for (text, left) in [
            ("ask Rita Müller.", "ask [erased person]."),
            ("RITA\n  MÜLLER wrote", "[erased person] wrote"),
            ("Müller, Rita", "[erased person]"),
            (
                "<Rita@People.Example>: rita müller's",
                "<[erased person]>: [erased person]'s",
            ),
        ] {
            assert_eq!(rita().taken_out(text).as_deref(), Some(left), "{text}");
        }
    }

    #[test]
    fn parts_of_other_words_stay() {
        for text in [
            "Margarita Müller",
            "Rita Müllers",
            "xrita@people.example",
            "rita@people.examples",
            "Rita alone",
            "",
        ] {
            assert_eq!(rita().taken_out(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_of_one_word_is_looked_for_in_their_own_tickets_only() {
        let names = ["Will".to_owned()];
        assert!(Traces::unmistakable(&names, &[]).is_empty());
        assert!(Traces::of(&names, &[]).are_in("Dear Will,"));
    }

    #[test]
    fn a_letter_whose_small_form_is_longer_keeps_the_places_right() {
        // U+0130 becomes two characters in lower case.
        let traces = Traces::of(&["İnci Öz".into()], &[]);
        assert_eq!(
            traces.taken_out("İİ İnci Öz İ").as_deref(),
            Some("İİ [erased person] İ")
        );
    }

    #[test]
    fn quoted_lines_go_and_what_is_said_beside_them_stays() {
        let lines = lines_of("My quota is full\nOk\nRegards").collect();
        assert_eq!(
            without_quotes(
                "> > My quota is full\n> Ok\nMy quota is full, you say?",
                &lines,
                false
            )
            .as_deref(),
            Some("> [removed at the person's request]\n> Ok\nMy quota is full, you say?")
        );
        assert_eq!(without_quotes("My quota is full", &lines, false), None);
        assert!(without_quotes("My quota is full", &lines, true).is_some());
    }

    mod properties {
        use proptest::prelude::*;

        use super::*;

        proptest! {
            #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

            #[test]
            fn nothing_is_left_and_nothing_else_is_touched(before in "\\PC{0,20}", after in "\\PC{0,20}") {
                let text = format!("{before} rita@people.example {after}");
                let out = rita().taken_out(&text).unwrap();
                prop_assert_eq!(out, format!("{before} [erased person] {after}"));
            }
        }
    }
}
