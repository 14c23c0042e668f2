//! The extra questions of a service's form: their types, and what may be
//! answered. The definitions are data that an administrator edits.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::Refusal;

/// How the key of a field begins that only the support side sees and fills in.
///
/// It is part of the key, and not of the definition, so that a value stays
/// hidden when its definition is changed or gone.
pub const SUPPORT: &str = "support_";

/// Fields that a form may have.
pub const MOST_FIELDS: usize = 40;
/// Values that a choice may have.
const MOST_OPTIONS: usize = 200;
/// Characters of a key, a label, an option.
const LONGEST_KEY: usize = 60;
const LONGEST_LABEL: usize = 200;
/// Bytes of a line and of a long text that is answered.
const LONGEST_LINE: usize = 2_000;
const LONGEST_TEXT: usize = 20_000;

/// The type of a custom field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// One line.
    #[default]
    Text,
    /// A text of several lines.
    LongText,
    /// A whole number, within the field's range.
    Number,
    /// A day, as `2026-11-30`.
    Date,
    /// One of the field's options.
    Choice,
    /// Any number of the field's options.
    Multiple,
    /// Yes or no.
    Boolean,
    /// A mail address.
    Email,
    /// An address on the web.
    Url,
}

impl FieldType {
    /// Every type, in the order in which they are offered.
    pub const ALL: [FieldType; 9] = [
        FieldType::Text,
        FieldType::LongText,
        FieldType::Number,
        FieldType::Date,
        FieldType::Choice,
        FieldType::Multiple,
        FieldType::Boolean,
        FieldType::Email,
        FieldType::Url,
    ];

    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            FieldType::Text => "text",
            FieldType::LongText => "long_text",
            FieldType::Number => "number",
            FieldType::Date => "date",
            FieldType::Choice => "choice",
            FieldType::Multiple => "multiple",
            FieldType::Boolean => "boolean",
            FieldType::Email => "email",
            FieldType::Url => "url",
        }
    }

    /// The word shown to people.
    pub fn label(self) -> &'static str {
        match self {
            FieldType::Text => "Text, one line",
            FieldType::LongText => "Text, several lines",
            FieldType::Number => "Whole number",
            FieldType::Date => "Date",
            FieldType::Choice => "One of a list",
            FieldType::Multiple => "Several of a list",
            FieldType::Boolean => "Yes or no",
            FieldType::Email => "Mail address",
            FieldType::Url => "Web address",
        }
    }

    /// Reads a key; `None` for anything else.
    pub fn parse(key: &str) -> Option<FieldType> {
        FieldType::ALL.into_iter().find(|t| t.key() == key)
    }

    /// The answer is taken from the field's options.
    pub fn has_options(self) -> bool {
        matches!(self, FieldType::Choice | FieldType::Multiple)
    }
}

/// A custom field of a service's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct FormField {
    /// Its key in the ticket's `custom`.
    pub key: String,
    /// Its label.
    pub label: String,
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// It must be filled in.
    #[serde(default)]
    pub required: bool,
    /// For a choice: the values.
    #[serde(default)]
    pub options: Vec<String>,
    /// A sentence under the field.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// The least a number may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The most a number may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
}

/// Only the support side sees this key of a ticket's custom fields.
pub fn support_only(key: &str) -> bool {
    key.starts_with(SUPPORT)
}

impl FormField {
    /// Only the support side sees it and fills it in.
    pub fn support_only(&self) -> bool {
        support_only(&self.key)
    }

    /// What is wrong with an answer, and what would be right.
    pub fn problem(&self, value: &Value) -> Option<String> {
        let text = value.as_str();
        let wrong = |wrong: bool, right: &str| wrong.then(|| right.to_owned());
        match self.kind {
            FieldType::Text => wrong(
                text.is_none_or(|t| t.len() > LONGEST_LINE || t.contains('\n')),
                "takes text: one line of at most 2,000 bytes",
            ),
            FieldType::LongText => wrong(
                text.is_none_or(|t| t.len() > LONGEST_TEXT),
                "takes a text of at most 20,000 bytes",
            ),
            FieldType::Number => {
                let fits = value.as_i64().is_some_and(|n| {
                    self.min.is_none_or(|min| n >= min) && self.max.is_none_or(|max| n <= max)
                });
                (!fits).then(|| match (self.min, self.max) {
                    (None, None) => "takes a whole number".to_owned(),
                    (Some(min), None) => format!("takes a whole number, {min} or more"),
                    (None, Some(max)) => format!("takes a whole number, {max} or less"),
                    (Some(min), Some(max)) => format!("takes a whole number from {min} to {max}"),
                })
            }
            FieldType::Date => wrong(
                text.is_none_or(|t| !is_date(t)),
                "takes a day written as 2026-11-30",
            ),
            FieldType::Choice => (!text.is_some_and(|t| self.options.iter().any(|o| o == t)))
                .then(|| format!("takes one of: {}", self.options.join(", "))),
            FieldType::Multiple => {
                let chosen: Option<BTreeSet<&str>> = value.as_array().and_then(|all| {
                    let words: BTreeSet<&str> = all.iter().filter_map(Value::as_str).collect();
                    (words.len() == all.len()).then_some(words)
                });
                let fits =
                    chosen.is_some_and(|c| c.iter().all(|w| self.options.iter().any(|o| o == w)));
                (!fits).then(|| format!("takes a list out of: {}", self.options.join(", ")))
            }
            FieldType::Boolean => wrong(!value.is_boolean(), "takes true or false"),
            FieldType::Email => wrong(
                text.is_none_or(|t| !is_mail_address(t)),
                "takes a mail address, as name@example.org",
            ),
            FieldType::Url => wrong(
                text.is_none_or(|t| !is_web_address(t)),
                "takes a web address that begins with http:// or https://",
            ),
        }
    }
}

/// A day of the calendar as `2026-11-30`.
pub fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// Looks like a mail address: one `@`, something without space on both sides.
pub fn is_mail_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    text.len() <= 254
        && !local.is_empty()
        && !domain.is_empty()
        && !domain.contains('@')
        && domain
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
        && !domain.starts_with(['.', '-'])
        && !domain.ends_with(['.', '-'])
        && !local
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';'))
}

/// Is an address on the web that a link may lead to.
pub fn is_web_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        text.len() <= LONGEST_LINE
            && !host.is_empty()
            && !host.contains('@')
            && !text.chars().any(|c| c.is_whitespace() || c.is_control())
    })
}

/// A custom field whose answer is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongAnswer {
    /// `custom.` and its key.
    pub field: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

fn wrong(key: &str, problem: String) -> WrongAnswer {
    let key: String = key.chars().take(LONGEST_KEY).collect();
    WrongAnswer {
        field: format!("custom.{key}"),
        problem,
    }
}

/// Checks the answers that a ticket is opened with. Fields of the support side
/// are there only for it, and nobody has to fill them in at opening.
///
/// # Errors
/// The first field that is wrong.
pub fn check_answers(
    form: &[FormField],
    answers: &BTreeMap<String, Value>,
    staff: bool,
) -> Result<(), WrongAnswer> {
    check_known(form, answers.iter(), staff)?;
    for field in form.iter().filter(|f| f.required && !f.support_only()) {
        if answers.get(&field.key).is_none_or(is_empty) {
            return Err(wrong(&field.key, format!("{} is needed", field.label)));
        }
    }
    Ok(())
}

/// Checks answers that are changed later, by the support side; null takes an
/// answer away. What the ticket has from a form that was changed since stays.
///
/// # Errors
/// The first field that is wrong.
pub fn check_changed(
    form: &[FormField],
    changed: &BTreeMap<String, Value>,
) -> Result<(), WrongAnswer> {
    check_known(form, changed.iter().filter(|(_, v)| !v.is_null()), true)?;
    for field in form.iter().filter(|f| f.required && !f.support_only()) {
        if changed.get(&field.key).is_some_and(is_empty) {
            return Err(wrong(&field.key, format!("{} is needed", field.label)));
        }
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    value.is_null()
        || value.as_str().is_some_and(|t| t.trim().is_empty())
        || value.as_array().is_some_and(Vec::is_empty)
}

fn check_known<'a>(
    form: &[FormField],
    answers: impl Iterator<Item = (&'a String, &'a Value)>,
    staff: bool,
) -> Result<(), WrongAnswer> {
    let there = |f: &&FormField| staff || !f.support_only();
    for (key, value) in answers {
        let Some(field) = form.iter().filter(there).find(|f| f.key == *key) else {
            let known: Vec<_> = form.iter().filter(there).map(|f| f.key.as_str()).collect();
            return Err(wrong(
                key,
                if known.is_empty() {
                    "the service's form has no extra fields".to_owned()
                } else {
                    format!("the service's form has only: {}", known.join(", "))
                },
            ));
        };
        if let Some(problem) = field.problem(value) {
            return Err(wrong(key, problem));
        }
    }
    Ok(())
}

/// Whether edited definitions may be used.
///
/// # Errors
/// [`Refusal::Invalid`] on `form`, naming the field by its place and label.
pub fn check_form(form: &[FormField]) -> Result<(), Refusal> {
    let refuse = |problem: String| {
        Err(Refusal::Invalid {
            field: "form",
            problem,
        })
    };
    if form.len() > MOST_FIELDS {
        return refuse(format!("{MOST_FIELDS} fields are the most there may be"));
    }
    let mut keys = BTreeSet::new();
    for (at, field) in form.iter().enumerate() {
        let place = format!("field {} ({})", at + 1, field.label.trim());
        if field.label.trim().is_empty() || field.label.chars().count() > LONGEST_LABEL {
            return refuse(format!(
                "field {} needs a label of 1 to {LONGEST_LABEL} characters",
                at + 1
            ));
        }
        if !is_field_key(&field.key) {
            return refuse(format!(
                "{place}: the key takes 1 to {LONGEST_KEY} small letters, digits and _, and begins \
                 with a letter"
            ));
        }
        if !keys.insert(field.key.as_str()) {
            return refuse(format!("{place}: the key {} is used twice", field.key));
        }
        if field.help.chars().count() > 500 {
            return refuse(format!("{place}: the help takes at most 500 characters"));
        }
        let distinct: BTreeSet<&String> = field.options.iter().collect();
        if field.kind.has_options() {
            let fine = !field.options.is_empty()
                && field.options.len() <= MOST_OPTIONS
                && distinct.len() == field.options.len()
                && field.options.iter().all(|o| {
                    !o.is_empty()
                        && o.trim() == o
                        && o.chars().count() <= LONGEST_LABEL
                        && !o.chars().any(char::is_control)
                });
            if !fine {
                return refuse(format!(
                    "{place}: a list takes 1 to {MOST_OPTIONS} different values of at most \
                     {LONGEST_LABEL} characters"
                ));
            }
        } else if !field.options.is_empty() {
            return refuse(format!("{place}: only a list has values to choose from"));
        }
        let range = field.min.is_some() || field.max.is_some();
        if range && field.kind != FieldType::Number {
            return refuse(format!("{place}: only a number has a range"));
        }
        if let (Some(min), Some(max)) = (field.min, field.max)
            && min > max
        {
            return refuse(format!("{place}: {min} is more than {max}"));
        }
        if field.required && field.support_only() {
            return refuse(format!(
                "{place}: requesters do not see it, so it can not be required"
            ));
        }
    }
    Ok(())
}

fn is_field_key(key: &str) -> bool {
    key.len() <= LONGEST_KEY
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A key made from a label: `Record or draft id` gives `record_or_draft_id`.
pub fn key_of(label: &str) -> String {
    let mut key = String::new();
    for c in label.chars() {
        if c.is_ascii_alphanumeric() {
            key.push(c.to_ascii_lowercase());
        } else if !key.is_empty() && !key.ends_with('_') {
            key.push('_');
        }
        if key.len() >= LONGEST_KEY - SUPPORT.len() {
            break;
        }
    }
    let key = key.trim_end_matches('_');
    if is_field_key(key) {
        key.to_owned()
    } else {
        format!("field_{key}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(kind: FieldType) -> FormField {
        FormField {
            key: "it".into(),
            label: "It".into(),
            kind,
            options: if kind.has_options() {
                vec!["a".into(), "b".into()]
            } else {
                Vec::new()
            },
            ..FormField::default()
        }
    }

    #[test]
    fn each_type_takes_its_own_and_nothing_else() {
        let values = [
            (FieldType::Text, json!("one line"), json!("two\nlines")),
            (FieldType::LongText, json!("two\nlines"), json!(7)),
            (FieldType::Number, json!(7), json!("7")),
            (FieldType::Date, json!("2028-02-29"), json!("2027-02-29")),
            (FieldType::Choice, json!("a"), json!("c")),
            (FieldType::Multiple, json!(["b", "a"]), json!(["a", "a"])),
            (FieldType::Boolean, json!(false), json!("no")),
            (
                FieldType::Email,
                json!("a.b@example.org"),
                json!("a b@example.org"),
            ),
            (
                FieldType::Url,
                json!("https://example.org/x?y"),
                json!("javascript:alert(1)"),
            ),
        ];
        for (kind, right, bad) in values {
            assert_eq!(field(kind).problem(&right), None, "{kind:?} {right}");
            assert!(field(kind).problem(&bad).is_some(), "{kind:?} {bad}");
            check_form(&[field(kind)]).unwrap();
        }
        let ranged = FormField {
            min: Some(1),
            max: Some(9),
            ..field(FieldType::Number)
        };
        assert_eq!(ranged.problem(&json!(9)), None);
        assert_eq!(
            ranged.problem(&json!(10)).unwrap(),
            "takes a whole number from 1 to 9"
        );
    }

    #[test]
    fn fields_of_the_support_side_are_not_there_for_requesters() {
        let form = [
            field(FieldType::Text),
            FormField {
                key: "support_rack".into(),
                label: "Rack".into(),
                ..FormField::default()
            },
        ];
        let answers = BTreeMap::from([("support_rack".to_owned(), json!("B7"))]);
        check_answers(&form, &answers, true).unwrap();
        let refused = check_answers(&form, &answers, false).unwrap_err();
        assert_eq!(refused.field, "custom.support_rack");
        assert_eq!(refused.problem, "the service's form has only: it");
    }

    #[test]
    fn what_is_required_can_not_be_left_out_or_taken_away() {
        let form = [FormField {
            required: true,
            ..field(FieldType::Multiple)
        }];
        for empty in [None, Some(json!([])), Some(json!(null))] {
            let answers: BTreeMap<_, _> = empty.map(|v| ("it".to_owned(), v)).into_iter().collect();
            check_answers(&form, &answers, false).unwrap_err();
            if !answers.is_empty() {
                check_changed(&form, &answers).unwrap_err();
            }
        }
        check_changed(&form, &BTreeMap::new()).unwrap();
        // What is there from a form that was changed can be taken away.
        check_changed(&form, &BTreeMap::from([("old".to_owned(), json!(null))])).unwrap();
    }

    #[test]
    fn definitions_are_checked() {
        let check = |f: FormField, says: &str| {
            let text = check_form(&[f]).unwrap_err().to_string();
            assert!(text.contains(says), "{text}");
        };
        check(
            FormField {
                key: "Üb er".into(),
                ..field(FieldType::Text)
            },
            "small letters",
        );
        check(
            FormField {
                label: " ".into(),
                ..field(FieldType::Text)
            },
            "label",
        );
        check(
            FormField {
                options: Vec::new(),
                ..field(FieldType::Choice)
            },
            "list takes",
        );
        check(
            FormField {
                min: Some(3),
                max: Some(2),
                ..field(FieldType::Number)
            },
            "3 is more than 2",
        );
        check(
            FormField {
                key: "support_x".into(),
                required: true,
                ..field(FieldType::Text)
            },
            "can not be required",
        );
        let twice = [field(FieldType::Text), field(FieldType::Date)];
        assert!(
            check_form(&twice)
                .unwrap_err()
                .to_string()
                .contains("used twice")
        );
    }

    #[test]
    fn keys_are_made_from_labels() {
        assert_eq!(key_of("Record or draft id?"), "record_or_draft_id");
        assert_eq!(key_of("2 words"), "field_2_words");
        assert!(is_field_key(&key_of("ž")));
        assert!(is_field_key(&key_of(&"long ".repeat(40))));
    }
}
