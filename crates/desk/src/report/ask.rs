//! What is asked of the reports, as it came in.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use switchboard_core::report::table::{REPORTS, Report, report};
use switchboard_core::report::{Dimension, Question, Seen, Step, Word};
use switchboard_core::{Millis, Priority, Status, TicketType};

use crate::{Catalogue, Error};

const DAY_MS: Millis = 86_400_000;
/// The longest range: twenty years and some days.
const LONGEST: Millis = 7_310 * DAY_MS;
/// What is asked for without a range: so many days back.
const USUAL_DAYS: i64 = 30;

/// Words for a time that moves on, and what people read. Weeks begin on Monday; days are
/// those of UTC.
pub const TIMES: [(&str, &str); 8] = [
    ("30", "Last 30 days"),
    ("90", "Last 90 days"),
    ("365", "Last 365 days"),
    ("year", "This year"),
    ("last-week", "Last week"),
    ("last-month", "Last month"),
    ("last-quarter", "Last quarter"),
    ("last-year", "Last year"),
];

/// From when on, and until before when, a word of [`TIMES`] says; `None`: it is none.
fn span(word: &str, now: Millis) -> Option<(Millis, Millis)> {
    let today = now.div_euclid(DAY_MS) * DAY_MS;
    let here = Timestamp::from_millisecond(now).ok()?;
    let here = here.to_zoned_datetime(TimeZone::UTC).date();
    let start = |day: Date| {
        let at = day.to_zoned_datetime(TimeZone::UTC).ok()?;
        Some(at.timestamp().as_millisecond())
    };
    let back = |days: i64| (today - (days - 1) * DAY_MS, now + 1);
    // The whole stretch of so many months before the one that begins on this day.
    let before = |first: Date, months: i32| {
        let from = first.checked_sub(months.months()).ok()?;
        Some((start(from)?, start(first)?))
    };
    let month = here.first_of_month();
    let year = here.first_of_year();
    Some(match word {
        "30" => back(30),
        "90" => back(90),
        "365" => back(365),
        "year" => (start(year)?, now + 1),
        "last-week" => {
            let monday = today - i64::from(here.weekday().to_monday_zero_offset()) * DAY_MS;
            (monday - 7 * DAY_MS, monday)
        }
        "last-month" => before(month, 1)?,
        "last-quarter" => {
            let into = i32::from((here.month() - 1) % 3);
            before(month.checked_sub(into.months()).ok()?, 3)?
        }
        "last-year" => before(year, 12)?,
        _ => return None,
    })
}

/// Words by dimension, each as people write it: only what has one of them.
pub type Only = BTreeMap<Dimension, Vec<String>>;

/// What is asked, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The report's name.
    pub report: String,
    /// Which time, by a word of [`TIMES`]; empty: what `from` and `to` say.
    pub time: String,
    /// From when on, as `2026-01-31` or a moment (RFC 3339); empty: 30 days before the end.
    pub from: String,
    /// Until before then, as `from`; a day counts whole. Empty: now.
    pub to: String,
    /// Filters.
    pub only: Only,
    /// By what the rows are told apart; empty: by unit, and a timeline not at all.
    pub group: String,
    /// How long the stretches of a timeline are; empty: what suits the range.
    pub step: String,
}

/// What is asked, understood.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The report.
    pub report: &'static Report,
    /// What is counted; whose it is comes later.
    pub question: Question,
    /// The rows are told apart because somebody said so.
    pub grouped: bool,
    /// Somebody said how long the stretches are.
    pub stepped: bool,
    /// Filters as the query language of lists has them; `None`: it can not say them.
    pub query: Option<Vec<String>>,
}

/// A moment, or the beginning of a day in UTC; the beginning of the next one where the
/// day counts whole.
fn moment(field: &str, text: &str, whole: bool) -> Result<Millis, Error> {
    if let Ok(day) = text.parse::<Date>() {
        let day = if whole {
            day.tomorrow().unwrap_or(Date::MAX)
        } else {
            day
        };
        if let Ok(at) = day.to_zoned_datetime(TimeZone::UTC) {
            return Ok(at.timestamp().as_millisecond());
        }
    }
    text.parse::<Timestamp>()
        .map(|at| at.as_millisecond())
        .map_err(|_| {
            let problem = "give a day as 2026-01-31, or a moment as 2026-01-31T12:00:00Z";
            Error::invalid(field, problem)
        })
}

/// A word of a dimension, and how the query language of lists says it.
fn word(
    catalogue: &Catalogue,
    dimension: Dimension,
    text: &str,
) -> Result<(Vec<Word>, Option<String>), Error> {
    let field = dimension.key();
    let unknown = |offered: Vec<&str>| {
        let text = crate::act::clip(text, 60);
        let problem = format!("there is no {text:?}; use one of {}", offered.join(", "));
        Error::invalid(field, problem)
    };
    let one = |word: &str, query: Option<String>| (vec![Word::Text(word.to_owned())], query);
    if text.eq_ignore_ascii_case("none")
        && matches!(
            dimension,
            Dimension::Service | Dimension::Community | Dimension::Site | Dimension::IssueType
        )
    {
        return Ok((vec![Word::None], None));
    }
    Ok(match dimension {
        Dimension::Unit => {
            let unit = catalogue.find_unit(field, text)?;
            (vec![Word::Id(unit.id.0)], Some(term("unit", &unit.name)))
        }
        Dimension::Service => {
            let service = catalogue.find_service(field, text)?;
            let query = Some(term("service", &service.name));
            (vec![Word::Id(service.id.0)], query)
        }
        Dimension::Status => match text {
            "open" | "closed" => {
                let all = Status::ALL.into_iter();
                let words = all
                    .filter(|s| s.is_open() == (text == "open"))
                    .map(|s| Word::Text(s.key().to_owned()));
                (words.collect(), Some(format!("status:{text}")))
            }
            _ => {
                let status = Status::parse(text).ok_or_else(|| {
                    let mut offered = vec!["open", "closed"];
                    offered.extend(Status::ALL.map(Status::key));
                    unknown(offered)
                })?;
                one(status.key(), Some(format!("status={}", status.key())))
            }
        },
        Dimension::Priority => {
            let priority = Priority::parse(text)
                .ok_or_else(|| unknown(Priority::ALL.map(Priority::key).to_vec()))?;
            one(priority.key(), Some(term("priority", priority.key())))
        }
        Dimension::Community => {
            let key = catalogue
                .community(text)
                .map_or_else(|| text.to_owned(), |c| c.key.clone());
            let query = Some(term("community", &key));
            one(&key, query)
        }
        Dimension::Site => {
            let key = catalogue.site_key(field, text)?;
            let query = Some(term("site", &key));
            one(&key, query)
        }
        Dimension::Category => {
            let old = catalogue.old_values.iter().any(|v| v.key == text);
            if !old {
                catalogue.check_category(text)?;
            }
            one(text, Some(term("category", text)))
        }
        Dimension::IssueType => one(text, Some(term("type", text))),
        Dimension::Type => {
            let kind = TicketType::parse(text)
                .ok_or_else(|| unknown(TicketType::ALL.map(TicketType::key).to_vec()))?;
            one(kind.key(), Some(term("kind", kind.key())))
        }
        Dimension::Turn | Dimension::Portal => return Err(unknown(Vec::new())),
    })
}

/// A term of the query language of lists.
pub(crate) fn term(key: &str, value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !value.is_empty() && value.chars().all(plain) {
        return format!("{key}:{value}");
    }
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{key}:\"{escaped}\"")
}

impl Asked {
    /// From when on, and until before when.
    fn range(&self, now: Millis) -> Result<(Millis, Millis), Error> {
        let time = self.time.trim();
        if !time.is_empty() {
            if !(self.from.trim().is_empty() && self.to.trim().is_empty()) {
                let problem = "goes without a first and a last day: give one or the other";
                return Err(Error::invalid("time", problem));
            }
            return span(time, now).ok_or_else(|| {
                let offered = TIMES.map(|(key, _)| key).join(", ");
                Error::invalid("time", format!("is one of {offered}"))
            });
        }
        let to = match self.to.trim() {
            // What happens in this very moment counts.
            "" => now + 1,
            text => moment("to", text, true)?,
        };
        let from = match self.from.trim() {
            "" => (to - 1).div_euclid(DAY_MS) * DAY_MS - (USUAL_DAYS - 1) * DAY_MS,
            text => moment("from", text, false)?,
        };
        Ok((from, to))
    }

    /// Understands what is asked.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub(crate) fn ready(self, catalogue: &Catalogue, now: Millis) -> Result<Ready, Error> {
        let report = report(&self.report).ok_or_else(|| {
            let names: Vec<_> = REPORTS.iter().map(|r| r.key).collect();
            Error::not_found(format!(
                "report {:?}; there are {}",
                crate::act::clip(&self.report, 60),
                names.join(", ")
            ))
        })?;
        let (from, to) = self.range(now)?;
        if from >= to {
            return Err(Error::invalid("from", "lies after the end of the range"));
        }
        if to - from > LONGEST || from < 0 {
            let problem = "lies too far back; a range has 20 years at most, and none before 1970";
            return Err(Error::invalid("from", problem));
        }
        let mut only = Vec::new();
        let mut query = Some(Vec::new());
        for (dimension, texts) in &self.only {
            let texts: Vec<&str> = texts
                .iter()
                .map(|t| t.trim())
                .filter(|t| !t.is_empty())
                .collect();
            if texts.is_empty() {
                continue;
            }
            let mut words = BTreeSet::new();
            for text in &texts {
                let (found, said) = word(catalogue, *dimension, text)?;
                words.extend(found);
                query = match (query, said) {
                    // The language of lists has no "one of".
                    (Some(mut terms), Some(said)) if texts.len() == 1 => {
                        terms.push(said);
                        Some(terms)
                    }
                    _ => None,
                };
            }
            only.push((*dimension, words));
        }
        let dimension = |text: &str| {
            Dimension::parse(text).ok_or_else(|| {
                let offered = Dimension::OFFERED.map(Dimension::key).join(", ");
                Error::invalid("group", format!("is one of {offered}"))
            })
        };
        let group = match self.group.trim() {
            "" => None,
            text => Some(dimension(text)?),
        };
        let step = match self.step.trim() {
            "" => Step::for_range(from, to.min(now.max(from))),
            text => {
                let offered = Step::ALL.map(Step::key).join(", ");
                Step::parse(text)
                    .ok_or_else(|| Error::invalid("step", format!("is one of {offered}")))?
            }
        };
        Ok(Ready {
            report,
            grouped: group.is_some(),
            stepped: !self.step.trim().is_empty(),
            question: Question {
                from,
                to,
                now,
                only,
                group: group.unwrap_or(Dimension::Unit),
                step,
                left_out: BTreeSet::new(),
                seen: Seen::default(),
            },
            query,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_move_on_with_the_calendar() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let said = |word: &str, now: &str| {
            let (from, to) = span(word, at(now)).unwrap();
            let day = |at: Millis| Timestamp::from_millisecond(at).unwrap().to_string();
            (day(from), day(to))
        };
        let range = |from: &str, to: &str| (format!("{from}T00:00:00Z"), format!("{to}T00:00:00Z"));
        // A Saturday, and the Monday after it.
        let (saturday, monday) = ("2026-11-28T10:00:00Z", "2026-11-30T00:00:00Z");
        assert_eq!(
            said("last-week", saturday),
            range("2026-11-16", "2026-11-23")
        );
        assert_eq!(said("last-week", monday), range("2026-11-23", "2026-11-30"));
        assert_eq!(
            said("last-month", saturday),
            range("2026-10-01", "2026-11-01")
        );
        assert_eq!(
            said("last-quarter", saturday),
            range("2026-07-01", "2026-10-01")
        );
        assert_eq!(
            said("last-year", saturday),
            range("2025-01-01", "2026-01-01")
        );
        let january = "2027-01-01T00:00:00Z";
        assert_eq!(
            said("last-month", january),
            range("2026-12-01", "2027-01-01")
        );
        assert_eq!(
            said("last-quarter", january),
            range("2026-10-01", "2027-01-01")
        );
        assert_eq!(said("year", saturday).0, "2026-01-01T00:00:00Z");
        assert_eq!(said("30", saturday).0, "2026-10-30T00:00:00Z");
        for (word, _) in TIMES {
            let (from, to) = span(word, at(saturday)).unwrap();
            assert!(from < to, "{word}");
        }
        assert_eq!(span("soon", 0), None);
    }
}
