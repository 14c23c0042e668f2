//! One event of an iCalendar file: whole days, once or every year.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::recur::Rule;
use super::{Problem, problem};

/// Days that one event may last: longer than any school's holidays.
const LONGEST: i64 = 100;

/// An event as it was read.
#[derive(Debug)]
pub(super) struct Event {
    /// Where it begins in the file.
    pub(super) line: usize,
    /// Its name, on one line.
    pub(super) name: String,
    /// What holds the parts of a recurring event together.
    pub(super) uid: String,
    /// The date of a recurring event that this one stands for.
    pub(super) instead_of: Option<Date>,
    start: Date,
    /// Days that it lasts; none, when it was called off.
    lasts: i64,
    rule: Option<Rule>,
    also: BTreeSet<Date>,
    except: BTreeSet<Date>,
}

impl Event {
    /// Its days within these years.
    pub(super) fn days(
        &self,
        years: &RangeInclusive<i16>,
        without: Option<&BTreeSet<Date>>,
    ) -> BTreeSet<Date> {
        let mut begins: BTreeSet<Date> = match &self.rule {
            Some(rule) => rule.dates(self.start, *years.end()),
            None => BTreeSet::from([self.start]),
        };
        begins.extend(&self.also);
        begins
            .into_iter()
            // One that begins in the last days of a year may last into the next.
            .filter(|date| (years.start() - 1..=*years.end()).contains(&date.year()))
            .filter(|date| !self.except.contains(date))
            .filter(|date| !without.is_some_and(|w| w.contains(date)))
            .flat_map(|date| (0..self.lasts).map_while(move |n| date.checked_add(n.days()).ok()))
            .filter(|date| years.contains(&date.year()))
            .collect()
    }
}

/// Gathers the lines of an event.
#[derive(Debug)]
pub(super) struct Reader {
    line: usize,
    name: String,
    uid: String,
    start: Option<Date>,
    end: Option<(usize, Date)>,
    duration: Option<i64>,
    rule: Option<Rule>,
    instead_of: Option<Date>,
    also: BTreeSet<Date>,
    except: BTreeSet<Date>,
    cancelled: bool,
}

impl Reader {
    /// An event that begins on this line.
    pub(super) fn new(line: usize) -> Reader {
        Reader {
            line,
            name: String::new(),
            uid: String::new(),
            start: None,
            end: None,
            duration: None,
            rule: None,
            instead_of: None,
            also: BTreeSet::new(),
            except: BTreeSet::new(),
            cancelled: false,
        }
    }

    /// Takes one line of it.
    ///
    /// # Errors
    /// What can not be read there.
    pub(super) fn property(
        &mut self,
        line: usize,
        name: &str,
        parameters: &str,
        value: &str,
    ) -> Result<(), Problem> {
        let again = |what: bool| {
            if what {
                return problem(line, format!("{name} stands twice in this event"));
            }
            Ok(())
        };
        match name {
            "DTSTART" => {
                again(self.start.is_some())?;
                self.start = Some(date(line, name, value)?);
            }
            "DTEND" => {
                again(self.end.is_some())?;
                self.end = Some((line, date(line, name, value)?));
            }
            "DURATION" => self.duration = Some(duration(line, value)?),
            "SUMMARY" => self.name = text(value),
            "UID" => value.clone_into(&mut self.uid),
            "RRULE" => {
                again(self.rule.is_some())?;
                self.rule = Some(Rule::parse(value).or_else(|text| problem(line, text))?);
            }
            "EXRULE" => {
                return problem(
                    line,
                    "EXRULE is not read; name the days that are left out with EXDATE",
                );
            }
            "RECURRENCE-ID" => {
                if parameters.to_ascii_uppercase().contains("RANGE=") {
                    return problem(
                        line,
                        "a change of all later dates (RANGE) is not read; make it an event of its own",
                    );
                }
                self.instead_of = Some(date(line, name, value)?);
            }
            "RDATE" | "EXDATE" => {
                let list = if name == "RDATE" {
                    &mut self.also
                } else {
                    &mut self.except
                };
                for one in value.split(',') {
                    list.insert(date(line, name, one)?);
                }
            }
            "STATUS" => self.cancelled = value.eq_ignore_ascii_case("CANCELLED"),
            _ => {}
        }
        Ok(())
    }

    /// The event.
    ///
    /// # Errors
    /// What is missing, or does not go together.
    pub(super) fn finish(self) -> Result<Event, Problem> {
        let Some(start) = self.start else {
            return problem(
                self.line,
                "this event has no DTSTART; every event needs its day, DTSTART;VALUE=DATE:20261224",
            );
        };
        let lasts = match (self.end, self.duration) {
            (Some((line, _)), Some(_)) => {
                return problem(line, "an event has DTEND or DURATION, not both");
            }
            (Some((line, end)), None) => {
                let days = i64::from(start.until(end).map_or(-1, |span| span.get_days()));
                if days < 0 {
                    return problem(line, format!("the event ends before it begins on {start}"));
                }
                // Some programs let a day end with itself.
                (line, days.max(1))
            }
            (None, Some(days)) => (self.line, days),
            (None, None) => (self.line, 1),
        };
        if lasts.1 > LONGEST {
            return problem(
                lasts.0,
                format!(
                    "the event lasts {} days, and a holiday {LONGEST} at most; a unit that works less has other hours in its week",
                    lasts.1
                ),
            );
        }
        Ok(Event {
            line: self.line,
            name: self.name,
            uid: self.uid,
            instead_of: self.instead_of,
            start,
            // One that was called off gives no day; it may take the place of one.
            lasts: if self.cancelled { 0 } else { lasts.1 },
            rule: self.rule,
            also: self.also,
            except: self.except,
        })
    }
}

/// A whole day: `20261224`, or midnight of it.
fn date(line: usize, name: &str, value: &str) -> Result<Date, Problem> {
    let value = value.trim();
    let (day, time) = value.split_once(['T', 't']).unwrap_or((value, ""));
    let wrong = || {
        problem(
            line,
            format!("{value:?} is no day; write {name};VALUE=DATE:20261224"),
        )
    };
    if day.len() != 8 || !day.bytes().all(|b| b.is_ascii_digit()) {
        return wrong();
    }
    let part = |range: std::ops::Range<usize>| day[range].parse::<i16>().unwrap_or(0);
    let narrow = |n: i16| i8::try_from(n).unwrap_or(0);
    let Ok(date) = Date::new(part(0..4), narrow(part(4..6)), narrow(part(6..8))) else {
        return wrong();
    };
    match time {
        // Midnight by the clock on the wall is how some programs write a day.
        "" | "000000" => Ok(date),
        _ => problem(
            line,
            format!(
                "{name} has a time of day ({value}), and a holiday lasts whole days; leave this event out or write \
                 {name};VALUE=DATE:{day}"
            ),
        ),
    }
}

/// Whole days or weeks: `P1D`, `P2W`.
fn duration(line: usize, value: &str) -> Result<i64, Problem> {
    let days = value.trim().strip_prefix('P').and_then(|rest| {
        let (number, unit) = match (rest.strip_suffix('D'), rest.strip_suffix('W')) {
            (Some(number), _) => (number, 1),
            (_, Some(number)) => (number, 7),
            _ => return None,
        };
        if number.len() > 4 || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        number.parse::<i64>().ok().map(|n| n * unit)
    });
    match days {
        Some(days) if days > 0 => Ok(days),
        _ => problem(
            line,
            format!("{value:?} are no whole days; write DURATION:P1D"),
        ),
    }
}

/// A text on one line, without its escapes.
fn text(value: &str) -> String {
    let mut out = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push(' '),
                Some(other) => out.push(other),
                None => {}
            },
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}
