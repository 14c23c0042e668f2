//! A day on which a unit works otherwise than its week says: half a day, not at
//! all, or on a holiday after all. Read from and written as one line,
//! `2026-12-24 09:00-12:00 Christmas Eve`.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::week::{Stretch, is_day, parse_stretch, write_stretch};

/// The word for a day without hours.
const CLOSED: &str = "closed";
/// Characters of a name.
const LONGEST_NAME: usize = 120;

/// One such day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct SpecialDay {
    date: Date,
    hours: Vec<Stretch>,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
}

/// What stands in JSON, before it is looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    date: Date,
    #[serde(default)]
    hours: Vec<Stretch>,
    #[serde(default)]
    name: String,
}

impl TryFrom<Raw> for SpecialDay {
    type Error = String;

    fn try_from(raw: Raw) -> Result<SpecialDay, String> {
        SpecialDay::new(raw.date, raw.hours, &raw.name)
    }
}

impl SpecialDay {
    /// A day with its hours, in minutes after midnight; none: closed.
    ///
    /// # Errors
    /// What is wrong with the hours or the name, and how they have to be.
    pub fn new(date: Date, hours: Vec<Stretch>, name: &str) -> Result<SpecialDay, String> {
        if !is_day(&hours) {
            return Err(format!(
                "the hours of {date} must lie within the day, in their order and apart, six stretches at most"
            ));
        }
        // A comma would go on with the hours.
        let name = name.trim_start_matches([',', ' ']).trim();
        if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(format!(
                "the name of {date} takes one line of {LONGEST_NAME} characters at most"
            ));
        }
        Ok(SpecialDay {
            date,
            hours,
            name: name.to_owned(),
        })
    }

    /// The day, in the unit's zone.
    pub fn date(&self) -> Date {
        self.date
    }

    /// Its hours, in minutes after midnight; none: closed.
    pub fn hours(&self) -> &[Stretch] {
        &self.hours
    }

    /// Why; may be empty.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads a line: the date, then its hours with commas between them (or
    /// `closed`, which it is without any), then why.
    ///
    /// # Errors
    /// What can not be read, and how it is written.
    pub fn parse(line: &str) -> Result<SpecialDay, String> {
        let line = line.trim();
        let (date, rest) = first_word(line);
        let date: Date = date
            .parse()
            .map_err(|_| format!("{date:?}: a day is written as 2026-12-24"))?;
        let (word, after) = first_word(rest);
        if word.eq_ignore_ascii_case(CLOSED) {
            return SpecialDay::new(date, Vec::new(), after);
        }
        let (mut hours, mut rest, mut more) = (Vec::new(), rest, false);
        while more || (hours.is_empty() && looks_like_hours(first_word(rest).0)) {
            let (word, after) = first_word(rest);
            // A blank before a comma is no reason to take what follows for the name.
            let (comma, after) = match after.strip_prefix(',') {
                Some(after) => (true, after.trim_start()),
                None => (false, after),
            };
            more = comma || word.ends_with(',');
            rest = after;
            hours.extend(read_hours(word.trim_end_matches(','))?);
        }
        hours.sort_unstable();
        SpecialDay::new(date, hours, rest)
    }

    /// Reads the hours of a day, `09:00-12:00, 13:00-15:00`; nothing, or
    /// `closed`: none.
    ///
    /// # Errors
    /// What can not be read, and how it is written.
    pub fn parse_hours(text: &str) -> Result<Vec<Stretch>, String> {
        let text = text.trim();
        if text.is_empty() || text.eq_ignore_ascii_case(CLOSED) {
            return Ok(Vec::new());
        }
        let mut hours = read_hours(text)?;
        hours.sort_unstable();
        Ok(hours)
    }

    /// Its hours as [`SpecialDay::parse_hours`] reads them; empty: closed.
    pub fn hours_text(&self) -> String {
        let hours: Vec<String> = self.hours.iter().map(|h| write_stretch(*h)).collect();
        hours.join(", ")
    }
}

fn read_hours(text: &str) -> Result<Vec<Stretch>, String> {
    text.split(',').map(parse_stretch).collect()
}

fn first_word(text: &str) -> (&str, &str) {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (text, ""),
    }
}

/// `9-12` is meant as hours and must not become the name of a holiday; `1st` is
/// a name.
fn looks_like_hours(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ':' | '-' | '–' | ',' | '.'))
}

impl fmt::Display for SpecialDay {
    /// What [`SpecialDay::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.date)?;
        let first = first_word(&self.name).0;
        if !self.hours.is_empty() {
            write!(f, " {}", self.hours_text())?;
        } else if looks_like_hours(first) || first.eq_ignore_ascii_case(CLOSED) {
            write!(f, " {CLOSED}")?;
        }
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        for (line, hours, name) in [
            ("2026-12-24", &[][..], ""),
            ("2026-12-24 Christmas Eve", &[], "Christmas Eve"),
            ("2026-05-01 1st of May", &[], "1st of May"),
            ("2026-12-24 closed 9-12", &[], "9-12"),
            ("2026-12-24 Closed Christmas Eve", &[], "Christmas Eve"),
            ("2026-12-24 09:00-12:00 half", &[(540, 720)], "half"),
            (
                " 2026-12-24  13:00-15:00, 9:00-12:00 12:00-13:00 lunch ",
                &[(540, 720), (780, 900)],
                "12:00-13:00 lunch",
            ),
            (
                "2026-12-24 09:00-12:00 ,13:00-15:00",
                &[(540, 720), (780, 900)],
                "",
            ),
            (
                "2026-12-24 09:00-12:00,13:00-15:00",
                &[(540, 720), (780, 900)],
                "",
            ),
        ] {
            let day = SpecialDay::parse(line).unwrap();
            assert_eq!((day.hours(), day.name()), (hours, name), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, says) in [
            ("", "a day is written as 2026-12-24"),
            ("24.12.2026 closed", "a day is written as 2026-12-24"),
            ("2026-12-24 9-12 half", "write 09:00-17:00"),
            ("2026-12-24 09.00-12.00", "write 09:00-17:00"),
            ("2026-12-24 09:00-12:00,", "write 09:00-17:00"),
            ("2026-12-24 09:00-12:00, lunch", "write 09:00-17:00"),
            ("2026-12-24 12:00-09:00", "ends before it begins"),
            ("2026-12-24 09:00-12:00, 11:00-13:00", "apart"),
        ] {
            let problem = SpecialDay::parse(line).unwrap_err();
            assert!(problem.contains(says), "{line}: {problem}");
        }
        let json = r#"{"date":"2026-12-24","hours":[[720,540]]}"#;
        assert!(serde_json::from_str::<SpecialDay>(json).is_err());
    }

    proptest! {
        #[test]
        fn every_day_is_read_as_it_was_written(
            cuts in prop::collection::btree_set(0..=1440_u32, 0..12),
            day in 1..=28_i8,
            name in "(closed|9-12|1st|[a-zäö,])?[a-zäö0-9:, -]{0,20}",
        ) {
            let cuts: Vec<u32> = cuts.into_iter().collect();
            let hours = cuts.chunks_exact(2).map(|c| (c[0], c[1])).collect();
            let date = Date::new(2028, 2, day).unwrap();
            let day = SpecialDay::new(date, hours, &name).unwrap();
            prop_assert_eq!(&SpecialDay::parse(&day.to_string()).unwrap(), &day);
            prop_assert_eq!(SpecialDay::parse_hours(&day.hours_text()).unwrap(), day.hours());
            let json = serde_json::to_string(&day).unwrap();
            prop_assert_eq!(serde_json::from_str::<SpecialDay>(&json).unwrap(), day);
        }

        #[test]
        fn nothing_that_is_typed_makes_it_panic(text in "\\PC{0,60}") {
            let _ = SpecialDay::parse(&text);
        }
    }
}
