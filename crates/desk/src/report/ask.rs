//! What is asked of the reports, as it came in.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use switchboard_core::report::table::{REPORTS, Report, report};
use switchboard_core::report::{Dimension, Question, Seen, Step, Word};
use switchboard_core::{Millis, Priority, Status};

use crate::{Catalogue, Error};

const DAY_MS: Millis = 86_400_000;
/// The longest range: twenty years and some days.
const LONGEST: Millis = 7_310 * DAY_MS;
/// What is asked for without a range: so many days back.
const USUAL_DAYS: i64 = 30;

/// Words by dimension, each as people write it: only what has one of them.
pub type Only = BTreeMap<Dimension, Vec<String>>;

/// What is asked, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The report's name.
    pub report: String,
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
            let offered = ["user", "team", "alarm", "ops"];
            if !offered.contains(&text) {
                return Err(unknown(offered.to_vec()));
            }
            one(text, None)
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
        let to = match self.to.trim() {
            // What happens in this very moment counts.
            "" => now + 1,
            text => moment("to", text, true)?,
        };
        let from = match self.from.trim() {
            "" => (to - 1).div_euclid(DAY_MS) * DAY_MS - (USUAL_DAYS - 1) * DAY_MS,
            text => moment("from", text, false)?,
        };
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
