//! A day on which a unit works otherwise than its week says: half a day, not at
//! all, or on a holiday after all. Read from and written as one line,
//! `2026-12-24 09:00-12:00 Christmas Eve`.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::week::{Stretch, is_day, parse_stretch, write_stretch};

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
        let name = name.trim();
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

    /// Reads a line: the date, then `closed` or the hours with commas between
    /// them, then why.
    ///
    /// # Errors
    /// What can not be read, and how it is written.
    pub fn parse(line: &str) -> Result<SpecialDay, String> {
        let line = line.trim();
        let (date, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let date: Date = date
            .parse()
            .map_err(|_| format!("{date:?} is no day; write 2026-12-24"))?;
        let mut rest = rest.trim_start();
        let mut hours = Vec::new();
        loop {
            let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            rest = after.trim_start();
            if hours.is_empty() && word.eq_ignore_ascii_case("closed") {
                break;
            }
            if word.is_empty() {
                return Err(format!(
                    "{date} needs its hours; write {date} 09:00-12:00, or {date} closed"
                ));
            }
            let mut more = word.ends_with(',');
            for part in word.trim_end_matches(',').split(',') {
                hours.push(parse_stretch(part)?);
            }
            // Blanks before a comma are no reason to take it for the name.
            if let Some(after) = rest.strip_prefix(',') {
                more = true;
                rest = after.trim_start();
            }
            if !more {
                break;
            }
        }
        hours.sort_unstable();
        SpecialDay::new(date, hours, rest)
    }
}

impl fmt::Display for SpecialDay {
    /// What [`SpecialDay::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours: Vec<String> = self.hours.iter().map(|h| write_stretch(*h)).collect();
        let hours = if hours.is_empty() {
            "closed".to_owned()
        } else {
            hours.join(", ")
        };
        write!(f, "{} {hours} {}", self.date, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        for (line, hours, name) in [
            ("2026-12-24 closed", &[][..], ""),
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
            ("", "is no day; write 2026-12-24"),
            ("24.12.2026 closed", "is no day"),
            ("2026-12-24", "needs its hours"),
            ("2026-12-24 Christmas", "write 09:00-17:00"),
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
            name in "[a-zäö][a-zäö0-9 ]{0,20}",
        ) {
            let cuts: Vec<u32> = cuts.into_iter().collect();
            let hours = cuts.chunks_exact(2).map(|c| (c[0], c[1])).collect();
            let date = Date::new(2028, 2, day).unwrap();
            let day = SpecialDay::new(date, hours, &name).unwrap();
            prop_assert_eq!(&SpecialDay::parse(&day.to_string()).unwrap(), &day);
            let json = serde_json::to_string(&day).unwrap();
            prop_assert_eq!(serde_json::from_str::<SpecialDay>(&json).unwrap(), day);
        }

        #[test]
        fn nothing_that_is_typed_makes_it_panic(text in "\\PC{0,60}") {
            let _ = SpecialDay::parse(&text);
        }
    }
}
