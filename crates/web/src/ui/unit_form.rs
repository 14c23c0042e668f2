//! The form that edits a unit: all of it for administrators, what the unit says
//! of itself for its responsibles.

use desk::unit::UnitEdit;
use desk::{Catalogue, Desk, Error};
use store::unit::{Faq, Hint, Holiday, Unit};
use switchboard_core::SpecialDay;

use super::frame::Errors;
use super::posted::Posted;
use super::view::Choice;

/// Empty rows under the questions and hints that are there.
const SPARE: usize = 2;
/// Rows that are read.
const MOST: usize = 110;

const LEVELS: [(&str, &str); 3] = [
    ("1", "1, first contact"),
    ("2", "2, runs services"),
    ("3", "3, experts; requesters can not address it"),
];
const WEIGHTS: [(&str, &str); 6] = [
    ("3", "strong"),
    ("2", "medium"),
    ("1", "weak"),
    ("-1", "weakly not us"),
    ("-2", "rather not us"),
    ("-3", "not us"),
];

/// One hint of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HintRow {
    /// Its words, separated by commas.
    pub words: String,
    /// How much they count.
    pub weights: Vec<Choice>,
}

/// The form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitForm {
    /// Where it is sent to.
    pub action: String,
    /// The version that it shows.
    pub version: i64,
    /// Everything can be edited.
    pub all: bool,
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: String,
    /// Its level.
    pub levels: Vec<Choice>,
    /// The name of the unit above it.
    pub parent: String,
    /// Names of units to choose from.
    pub unit_names: Vec<String>,
    /// The group it is listed under.
    pub category: String,
    /// What it does.
    pub description: String,
    /// Its mailing list.
    pub email: String,
    /// It triages what is new.
    pub first_level: bool,
    /// It takes what endangers security now.
    pub security: bool,
    /// Quality of support.
    pub qualities: Vec<Choice>,
    /// IANA name.
    pub time_zone: String,
    /// A week in one line.
    pub hours: String,
    /// One day a line, as [`SpecialDay::parse`] reads it.
    pub holidays: String,
    /// In words.
    pub support_hours: String,
    /// Whom to turn to.
    pub escalation: String,
    /// Questions and answers.
    pub faq: Vec<(String, String)>,
    /// Words that point to it.
    pub hints: Vec<HintRow>,
    /// What is wrong.
    pub errors: Errors,
}

fn hint_row(words: String, weight: &str) -> HintRow {
    HintRow {
        words,
        weights: Choice::list(WEIGHTS, weight),
    }
}

/// The names of active units, for a list to choose from.
pub fn unit_names(catalogue: &Catalogue) -> Vec<String> {
    catalogue
        .units
        .iter()
        .filter(|u| u.active)
        .map(|u| u.name.clone())
        .collect()
}

impl UnitForm {
    /// The form as the unit is.
    pub fn of(unit: &Unit, version: i64, all: bool, catalogue: &Catalogue) -> UnitForm {
        let doc = &unit.doc;
        let mut faq: Vec<(String, String)> = doc
            .faq
            .iter()
            .map(|f| (f.question.clone(), f.answer.clone()))
            .collect();
        faq.resize(faq.len() + SPARE, (String::new(), String::new()));
        let mut hints: Vec<HintRow> = doc
            .hints
            .iter()
            .map(|h| hint_row(h.words.join(", "), &h.weight.to_string()))
            .collect();
        hints.extend((0..SPARE).map(|_| hint_row(String::new(), "2")));
        UnitForm {
            action: action(&unit.key, all),
            version,
            all,
            name: unit.name.clone(),
            key: unit.key.clone(),
            levels: Choice::list(LEVELS, &unit.level.to_string()),
            parent: unit
                .parent
                .and_then(|id| catalogue.unit(id))
                .map_or_else(String::new, |u| u.name.clone()),
            unit_names: if all {
                unit_names(catalogue)
            } else {
                Vec::new()
            },
            category: unit.category.clone(),
            description: unit.description.clone(),
            email: unit.email.clone().unwrap_or_default(),
            first_level: unit.first_level,
            security: unit.security,
            qualities: Choice::list(
                std::iter::once(("", "Nobody has said yet")).chain(
                    catalogue
                        .targets
                        .qualities
                        .iter()
                        .map(|q| (&q.key[..], &q.title[..])),
                ),
                &doc.qos,
            ),
            time_zone: doc.time_zone.clone(),
            hours: doc
                .working_week()
                .map_or_else(String::new, |w| w.to_string()),
            holidays: doc
                .holidays
                .iter()
                .map(day_line)
                .collect::<Vec<_>>()
                .join("\n"),
            support_hours: doc.support_hours.clone(),
            escalation: doc.escalation.clone(),
            faq,
            hints,
            errors: Errors::default(),
        }
    }

    /// The form as it was typed, with what is wrong with it.
    pub fn again(self, posted: &Posted, version: i64, errors: Errors) -> UnitForm {
        let text = |name: &str| posted.text(name).to_owned();
        let mut faq = faq_typed(posted);
        faq.resize(faq.len() + SPARE, (String::new(), String::new()));
        let mut hints: Vec<HintRow> = hints_typed(posted)
            .into_iter()
            .map(|(words, weight)| hint_row(words, &weight))
            .collect();
        hints.extend((0..SPARE).map(|_| hint_row(String::new(), "2")));
        let own = UnitForm {
            version,
            description: posted.body("description"),
            email: text("email"),
            time_zone: text("time_zone"),
            hours: text("hours"),
            holidays: posted.body("holidays"),
            support_hours: text("support_hours"),
            escalation: text("escalation"),
            faq,
            hints,
            errors,
            ..self
        };
        if !own.all {
            return own;
        }
        UnitForm {
            name: text("name"),
            key: text("key"),
            levels: Choice::list(LEVELS, posted.text("level")),
            parent: text("parent"),
            category: text("category"),
            first_level: posted.has("first_level"),
            security: posted.has("security"),
            qualities: own
                .qualities
                .iter()
                .map(|c| Choice {
                    chosen: c.value == posted.text("qos"),
                    ..c.clone()
                })
                .collect(),
            ..own
        }
    }
}

/// A holiday on a line.
pub fn day_line(holiday: &Holiday) -> String {
    match holiday.special_day() {
        Ok(day) => day.to_string(),
        // From before days were looked at.
        Err(_) => format!("{} {}", holiday.date, holiday.name)
            .trim()
            .to_owned(),
    }
}

/// Where the form of a unit is sent to.
fn action(key: &str, all: bool) -> String {
    let key = super::visit::encode(key);
    if all {
        format!("/admin/units/{key}")
    } else {
        format!("/units/{key}/edit")
    }
}

fn rows<T>(read: impl Fn(usize) -> Option<T>) -> Vec<T> {
    (0..MOST).map_while(read).collect()
}

fn faq_typed(posted: &Posted) -> Vec<(String, String)> {
    let all = rows(|i| {
        let question = format!("faq-{i}-question");
        posted.has(&question).then(|| {
            let answer = posted.body(&format!("faq-{i}-answer"));
            (posted.text(&question).to_owned(), answer)
        })
    });
    all.into_iter()
        .filter(|(question, answer)| !question.is_empty() || !answer.is_empty())
        .collect()
}

fn hints_typed(posted: &Posted) -> Vec<(String, String)> {
    let all = rows(|i| {
        let words = format!("hint-{i}-words");
        posted.has(&words).then(|| {
            let weight = posted.text(&format!("hint-{i}-weight")).to_owned();
            (posted.text(&words).to_owned(), weight)
        })
    });
    all.into_iter()
        .filter(|(words, _)| !words.is_empty())
        .collect()
}

/// The holidays of the file that came with the form.
fn of_file(posted: &Posted, desk: &Desk) -> Result<Vec<Holiday>, Error> {
    let Some(file) = posted.files.first() else {
        return Ok(Vec::new());
    };
    let text = std::str::from_utf8(&file.bytes).map_err(|_| {
        Error::invalid(
            "icalendar",
            "is no text in UTF-8; take a file that ends in .ics",
        )
    })?;
    desk.holidays_of_file(text)
}

/// What the form changes.
///
/// # Errors
/// On `holidays` or `icalendar`: what can not be read, and what would be right.
pub fn edit(posted: &Posted, all: bool, desk: &Desk) -> Result<UnitEdit, Error> {
    let text = |name: &str| Some(posted.text(name).to_owned());
    let maybe = |name: &str| Some(text(name).filter(|t| !t.is_empty()));
    let holidays = posted
        .body("holidays")
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| SpecialDay::parse(line).map(Holiday::from))
        .collect::<Result<_, _>>()
        .map_err(|problem| Error::invalid("holidays", problem))?;
    let own = UnitEdit {
        description: Some(posted.body("description")),
        email: maybe("email"),
        time_zone: text("time_zone"),
        hours: text("hours"),
        holidays: Some(holidays),
        more_holidays: of_file(posted, desk)?,
        support_hours: text("support_hours"),
        escalation: text("escalation"),
        faq: Some(
            faq_typed(posted)
                .into_iter()
                .map(|(question, answer)| Faq { question, answer })
                .collect(),
        ),
        hints: Some(
            hints_typed(posted)
                .into_iter()
                .map(|(words, weight)| Hint {
                    words: words
                        .split(',')
                        .map(|w| w.trim().to_lowercase())
                        .filter(|w| !w.is_empty())
                        .collect(),
                    weight: weight.parse().unwrap_or(0),
                })
                .collect(),
        ),
        ..UnitEdit::default()
    };
    if !all {
        return Ok(own);
    }
    Ok(UnitEdit {
        name: text("name"),
        key: text("key").filter(|k| !k.is_empty()),
        level: Some(posted.text("level").parse().unwrap_or(0)),
        parent: maybe("parent"),
        category: text("category"),
        first_level: Some(posted.has("first_level")),
        security: Some(posted.has("security")),
        qos: text("qos"),
        ..own
    })
}
