//! Every year: the recurrences that calendars of holidays use.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};

const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

/// When a rule ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Never,
    Count(usize),
    Until(Date),
}

/// `FREQ=YEARLY` with a day of a month, or a weekday of a month
/// (`BYMONTH=11;BYDAY=4TH`).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rule {
    interval: i16,
    end: End,
    months: Vec<i8>,
    /// Days of the month; negative ones count from its end.
    days: Vec<i8>,
    /// Weekdays of the month: the how manyth, and which.
    weekdays: Vec<(i8, Weekday)>,
}

impl Rule {
    /// Reads the value of an `RRULE`.
    ///
    /// # Errors
    /// What is not read, and what to do about it.
    pub(super) fn parse(value: &str) -> Result<Rule, String> {
        let mut rule = Rule {
            interval: 1,
            end: End::Never,
            months: Vec::new(),
            days: Vec::new(),
            weekdays: Vec::new(),
        };
        let mut yearly = false;
        for part in value.split(';').filter(|p| !p.trim().is_empty()) {
            let (key, what) = part.split_once('=').ok_or_else(|| {
                format!("{part:?} is no part of a rule; they look like FREQ=YEARLY")
            })?;
            let (key, what) = (key.trim().to_ascii_uppercase(), what.trim());
            match key.as_str() {
                "FREQ" if what.eq_ignore_ascii_case("YEARLY") => yearly = true,
                "FREQ" => {
                    return Err(format!(
                        "FREQ={what} is not read, only FREQ=YEARLY; write each day as an event of its own"
                    ));
                }
                "INTERVAL" => rule.interval = number(&key, what, 1, 100)?,
                "COUNT" => {
                    let count: i16 = number(&key, what, 1, 1_000)?;
                    rule.end(End::Count(usize::try_from(count).unwrap_or(0)))?;
                }
                "UNTIL" => {
                    let day = what
                        .get(..8)
                        .filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
                    let date = day
                        .and_then(|d| format!("{}-{}-{}", &d[..4], &d[4..6], &d[6..]).parse().ok());
                    let date = date
                        .ok_or_else(|| format!("UNTIL={what} is no day; write UNTIL=20301224"))?;
                    rule.end(End::Until(date))?;
                }
                "BYMONTH" => rule.months = list(&key, what, 1, 12)?,
                "BYMONTHDAY" => rule.days = list(&key, what, -31, 31)?,
                "BYDAY" => {
                    rule.weekdays = what.split(',').map(weekday).collect::<Result<_, _>>()?
                }
                // Weeks do not matter to a rule by the year.
                "WKST" => {}
                _ => {
                    return Err(format!(
                        "{key} is not read, only BYMONTH, BYMONTHDAY and BYDAY; write each day as an event of its own"
                    ));
                }
            }
        }
        if !yearly {
            return Err("the rule has no FREQ; write FREQ=YEARLY".to_owned());
        }
        if !rule.weekdays.is_empty() && (rule.months.is_empty() || !rule.days.is_empty()) {
            return Err(
                "BYDAY goes with BYMONTH and nothing else, BYMONTH=11;BYDAY=4TH; write each day as an event of its own"
                    .to_owned(),
            );
        }
        Ok(rule)
    }

    fn end(&mut self, end: End) -> Result<(), String> {
        if self.end != End::Never {
            return Err("a rule ends by COUNT or by UNTIL, not by both".to_owned());
        }
        self.end = end;
        Ok(())
    }

    /// The dates from the first on, until the end of a year.
    pub(super) fn dates(&self, start: Date, last_year: i16) -> BTreeSet<Date> {
        let mut found = BTreeSet::from([start]);
        let (mut year, most) = (
            start.year(),
            match self.end {
                End::Count(count) => count,
                _ => usize::MAX,
            },
        );
        while year <= last_year {
            for date in self.of_year(start, year) {
                if let End::Until(until) = self.end
                    && date > until
                {
                    return found;
                }
                if found.len() >= most {
                    return found;
                }
                if date > start {
                    found.insert(date);
                }
            }
            let Some(next) = year.checked_add(self.interval) else {
                break;
            };
            year = next;
        }
        found
    }

    /// The dates of one year. A day that a year lacks is left out: a 29th of
    /// February comes in leap years.
    fn of_year(&self, start: Date, year: i16) -> BTreeSet<Date> {
        let by_day_only = self.months.is_empty() && !self.days.is_empty();
        let months = match &self.months[..] {
            [] if by_day_only => (1..=12).collect(),
            [] => vec![start.month()],
            months => months.to_vec(),
        };
        let mut found = BTreeSet::new();
        for month in months {
            let Ok(first) = Date::new(year, month, 1) else {
                continue;
            };
            for (nth, weekday) in &self.weekdays {
                found.extend(first.nth_weekday_of_month(*nth, *weekday).ok());
            }
            if self.weekdays.is_empty() {
                let own = [start.day()];
                let days = if self.days.is_empty() {
                    &own
                } else {
                    &self.days[..]
                };
                for day in days {
                    let day = if *day < 0 {
                        first.days_in_month() + 1 + day
                    } else {
                        *day
                    };
                    found.extend(Date::new(year, month, day).ok());
                }
            }
        }
        found
    }
}

fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display>(
    key: &str,
    text: &str,
    from: T,
    to: T,
) -> Result<T, String> {
    text.trim()
        .parse()
        .ok()
        .filter(|n| *n >= from && *n <= to)
        .ok_or_else(|| format!("{key}={text} must be a number from {from} to {to}"))
}

fn list(key: &str, text: &str, from: i8, to: i8) -> Result<Vec<i8>, String> {
    let numbers: Vec<i8> = text
        .split(',')
        .map(|one| number(key, one, from, to))
        .collect::<Result<_, _>>()?;
    if numbers.contains(&0) {
        return Err(format!("{key}={text} must not be 0"));
    }
    Ok(numbers)
}

/// `4TH`, `-1MO`.
fn weekday(text: &str) -> Result<(i8, Weekday), String> {
    let wrong = || format!("BYDAY={text} must say which of the month's weekdays, as 4TH or -1MO");
    let text = text.trim().to_ascii_uppercase();
    let (nth, name) = text
        .split_at_checked(text.len().saturating_sub(2))
        .ok_or_else(wrong)?;
    let weekday = DAYS
        .iter()
        .find(|(n, _)| *n == name)
        .map(|(_, day)| *day)
        .ok_or_else(wrong)?;
    let nth: i8 = nth.parse().map_err(|_| wrong())?;
    if nth == 0 || nth.abs() > 5 {
        return Err(wrong());
    }
    Ok((nth, weekday))
}
