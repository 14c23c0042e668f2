//! Holidays out of an iCalendar file (RFC 5545), as calendars of public
//! holidays are published.
//!
//! Only what such files consist of is read: events that last whole days, once
//! or every year. Everything else about events (alarms, people, places) is
//! passed over; what would move a day (times of day, other recurrences) is
//! refused with its line, because a holiday on the wrong day makes wrong
//! targets. The crates that read iCalendar do not say on which line something
//! stood, which is what somebody with a file needs.

mod event;
mod recur;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;

use jiff::civil::Date;

use event::Event;

/// Bytes of a file.
const LONGEST_FILE: usize = 2 * 1024 * 1024;
/// Days that a file may give.
const MOST_DAYS: usize = 2_000;
/// Events that a file may have.
const MOST_EVENTS: usize = 2_000;
/// Characters of a name.
const LONGEST_NAME: usize = 120;

/// A day and what is celebrated then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// The day.
    pub date: Date,
    /// Its name; several events of one day are joined by commas. May be empty.
    pub name: String,
}

/// Why a file is not taken, as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there and what would be right.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

/// A problem on a line.
fn problem<T>(line: usize, text: impl Into<String>) -> Result<T, Problem> {
    Err(Problem {
        line,
        text: text.into(),
    })
}

/// The days of a file within these years, in their order, each once.
///
/// # Errors
/// The first [`Problem`], with its line. A file that is wrong somewhere gives
/// no days at all; so does one without a single event, as that is not what
/// somebody meant who imports it.
pub fn holidays(text: &str, years: RangeInclusive<i16>) -> Result<Vec<Holiday>, Problem> {
    if text.len() > LONGEST_FILE {
        return problem(1, "the file is larger than 2 MB; export only the holidays");
    }
    let lines = unfold(text);
    let events = events(&lines)?;
    if events.is_empty() {
        return problem(
            lines.last().map_or(1, |l| l.number),
            "there is no event in this file; export the calendar that has the holidays",
        );
    }
    // A changed date of a recurring event takes the place of the one it names.
    let mut moved: BTreeMap<&str, BTreeSet<Date>> = BTreeMap::new();
    for event in &events {
        if let Some(date) = event.instead_of {
            moved.entry(&event.uid).or_default().insert(date);
        }
    }
    let mut days: BTreeMap<Date, Vec<String>> = BTreeMap::new();
    for event in &events {
        let without = match event.instead_of {
            None => moved.get(event.uid.as_str()),
            Some(_) => None,
        };
        for date in event.days(&years, without) {
            let names = days.entry(date).or_default();
            if !event.name.is_empty() && !names.contains(&event.name) {
                names.push(event.name.clone());
            }
            if days.len() > MOST_DAYS {
                return problem(
                    event.line,
                    format!(
                        "with this event there are more than {MOST_DAYS} days; export only the holidays"
                    ),
                );
            }
        }
    }
    Ok(days
        .into_iter()
        .map(|(date, names)| Holiday {
            date,
            name: shorten(&names.join(", ")),
        })
        .collect())
}

fn shorten(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

/// `NAME;PARAMETER=VALUE:VALUE`, and where it began.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    number: usize,
    text: String,
}

impl Line {
    /// The name in capitals, the parameters, the value; `None` when there is no
    /// colon.
    fn parts(&self) -> Option<(String, &str, &str)> {
        let mut quoted = false;
        let colon = self.text.char_indices().find_map(|(at, c)| {
            quoted ^= c == '"';
            (c == ':' && !quoted).then_some(at)
        })?;
        let (head, value) = (&self.text[..colon], &self.text[colon + 1..]);
        let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
        Some((name.trim().to_ascii_uppercase(), parameters, value.trim()))
    }
}

/// Puts folded lines together (a line that begins with a blank goes on with
/// the one before) and drops empty ones.
fn unfold(text: &str) -> Vec<Line> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines: Vec<Line> = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let folded = line.strip_prefix([' ', '\t']);
        match (folded, lines.last_mut()) {
            (Some(rest), Some(last)) => last.text.push_str(rest),
            _ if line.trim().is_empty() => {}
            _ => lines.push(Line {
                number: index + 1,
                text: line.to_owned(),
            }),
        }
    }
    lines
}

/// Checks how the components lie in each other, and reads the events.
fn events(lines: &[Line]) -> Result<Vec<Event>, Problem> {
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut found = Vec::new();
    let mut current: Option<event::Reader> = None;
    for line in lines {
        let Some((name, parameters, value)) = line.parts() else {
            return problem(
                line.number,
                "is no line of an iCalendar file; they look like DTSTART;VALUE=DATE:20261224",
            );
        };
        match name.as_str() {
            "BEGIN" => {
                let component = value.to_ascii_uppercase();
                if open.is_empty() && component != "VCALENDAR" {
                    return problem(line.number, "an iCalendar file begins with BEGIN:VCALENDAR");
                }
                if component == "VEVENT" && current.is_none() {
                    current = Some(event::Reader::new(line.number));
                }
                open.push((component, line.number));
            }
            "END" => {
                let component = value.to_ascii_uppercase();
                match open.pop() {
                    Some((begun, _)) if begun == component => {}
                    Some((begun, at)) => {
                        return problem(
                            line.number,
                            format!("END:{begun} is missing for the BEGIN:{begun} of line {at}"),
                        );
                    }
                    None => {
                        return problem(
                            line.number,
                            format!("there is no BEGIN:{component} for this end"),
                        );
                    }
                }
                if component == "VEVENT"
                    && !open.iter().any(|(begun, _)| begun == "VEVENT")
                    && let Some(reader) = current.take()
                {
                    found.push(reader.finish()?);
                    if found.len() > MOST_EVENTS {
                        return problem(
                            line.number,
                            format!(
                                "there are more than {MOST_EVENTS} events; export only the holidays"
                            ),
                        );
                    }
                }
            }
            _ if open.is_empty() => {
                return problem(line.number, "an iCalendar file begins with BEGIN:VCALENDAR");
            }
            // Of the event itself, not of an alarm in it.
            _ => {
                if let Some(reader) = &mut current
                    && open.last().is_some_and(|(begun, _)| begun == "VEVENT")
                {
                    reader.property(line.number, &name, parameters, value)?;
                }
            }
        }
    }
    match open.pop() {
        Some((begun, at)) => problem(
            at,
            format!("END:{begun} is missing; the file is not complete, export it again"),
        ),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests;
