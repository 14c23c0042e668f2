//! Fields that an agreement maps beside status and priority: how they stand here,
//! as text, and how a text from there is set here.

use std::collections::BTreeMap;

use serde_json::Value;
use store::Conn;
use store::agreement::Agreement;
use switchboard_core::exchange::{Field, Words};
use switchboard_core::form::{FieldType, FormField, check_changed, support_only};
use switchboard_core::onboarding::{CUSTOM, WordMap};
use switchboard_core::{Command, Facts, Ticket, UnitId};

use crate::{Catalogue, Error};

/// Between several values of one field, as text. No value has it in it.
const BETWEEN: char = '\n';

/// Where a ticket lies: the unit's key here, the queue there.
pub(super) fn queue() -> Field {
    Field::Other("queue".into())
}

/// The units that an agreement gives queues of their own, with that of its service, by
/// their keys; and their queues. Empty: it gives none.
///
/// # Errors
/// When the database can not be read.
pub(super) fn queues(
    c: &mut Conn<'_>,
    agreement: &Agreement,
) -> Result<(BTreeMap<String, UnitId>, WordMap), Error> {
    let mut queues = agreement.doc.queues.clone();
    if queues.is_empty() {
        return Ok(Default::default());
    }
    let services = store::unit::services(c)?;
    let own = services.iter().find(|s| s.id == agreement.service);
    let mut units = BTreeMap::new();
    for unit in store::unit::all(c)? {
        if own.is_some_and(|s| s.unit == unit.id) {
            let agreed = agreement.queue.as_deref().unwrap_or_default();
            queues.insert(unit.key.clone(), agreed.trim().to_owned());
        }
        if queues.contains_key(&unit.key) {
            units.insert(unit.key, unit.id);
        }
    }
    queues.retain(|unit, _| units.contains_key(unit));
    Ok((units, queues))
}

/// What a field is here.
#[derive(Debug, Clone, PartialEq)]
enum Here {
    Category,
    AffectedUsers,
    Custom(FormField),
}

/// A field of ours that is a custom field there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mapped {
    /// What it is called there.
    pub(super) there: String,
    here: Here,
}

/// The fields that an agreement maps, with their words. Questions that the service
/// does not ask any more are left out; so are those for the support side, and, unless
/// personal data may pass, those whose answers are mail addresses.
///
/// # Errors
/// When the database can not be read.
pub(super) fn of_agreement(
    c: &mut Conn<'_>,
    agreement: &Agreement,
) -> Result<BTreeMap<Field, (Mapped, Words)>, Error> {
    let maps = &agreement.doc.fields;
    if maps.is_empty() {
        return Ok(BTreeMap::new());
    }
    let services = store::unit::services(c)?;
    let service = services.into_iter().find(|s| s.id == agreement.service);
    let form = service.map(|s| s.doc.form).unwrap_or_default();
    let passes = |f: &&FormField| {
        !support_only(&f.key) && (agreement.personal_data || f.kind != FieldType::Email)
    };
    let known = maps.iter().filter_map(|map| {
        let here = match map.here.as_str() {
            "category" => Here::Category,
            "affected_users" => Here::AffectedUsers,
            other => {
                let key = other.strip_prefix(CUSTOM)?;
                let field = form.iter().filter(passes).find(|f| f.key == key)?;
                Here::Custom(field.clone())
            }
        };
        let there = map.there.clone();
        let words = Words::open(map.words.clone());
        Some((
            Field::from(map.here.clone()),
            (Mapped { there, here }, words),
        ))
    });
    Ok(known.collect())
}

impl Mapped {
    /// How it stands in a ticket here.
    pub(super) fn value(&self, ticket: &Ticket) -> String {
        match &self.here {
            Here::Category => ticket.facts.category.clone(),
            Here::AffectedUsers => ticket.facts.affected_users.to_string(),
            Here::Custom(field) => ticket.custom.get(&field.key).map_or_else(String::new, text),
        }
    }

    /// A text as values there.
    pub(super) fn values(&self, raw: &str) -> Vec<String> {
        let several = matches!(&self.here, Here::Custom(f) if f.kind == FieldType::Multiple);
        match raw {
            "" => Vec::new(),
            raw if several => raw.split(BETWEEN).map(str::to_owned).collect(),
            raw => vec![raw.to_owned()],
        }
    }

    /// What brings a ticket to a value; `None`: it is there.
    ///
    /// # Errors
    /// [`Error::Invalid`]: it can not have that value.
    pub(super) fn command(
        &self,
        catalogue: &Catalogue,
        ticket: &Ticket,
        value: &str,
    ) -> Result<Option<Command>, Error> {
        if self.value(ticket) == value {
            return Ok(None);
        }
        let facts = ticket.facts.clone();
        Ok(Some(match &self.here {
            Here::Category => {
                catalogue.check_category(value)?;
                let category = value.to_owned();
                Command::SetFacts(Facts { category, ..facts })
            }
            Here::AffectedUsers => {
                let takes = || Error::invalid("affected_users", "takes a whole number, 1 or more");
                let affected_users = value.trim().parse().map_err(|_| takes())?;
                Command::SetFacts(Facts {
                    affected_users,
                    ..facts
                })
            }
            Here::Custom(field) => {
                let answer = answer(field.kind, value);
                let changed = BTreeMap::from([(field.key.clone(), answer.clone())]);
                check_changed(std::slice::from_ref(field), &changed)?;
                Command::SetCustom(field.key.clone(), Some(answer).filter(|a| !a.is_null()))
            }
        }))
    }
}

/// Values there as one text.
pub(super) fn joined(values: &[String]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort();
    sorted.join(&BETWEEN.to_string())
}

/// A text as people read it in one line.
pub(super) fn in_a_line(raw: &str) -> String {
    raw.replace(BETWEEN, ", ")
}

fn text(answer: &Value) -> String {
    match answer {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) => {
            let words: Vec<String> = all.iter().map(text).collect();
            joined(&words)
        }
        other => other.to_string(),
    }
}

/// A text as an answer; one that is none of that type is left a text, which the rules
/// refuse.
fn answer(kind: FieldType, text: &str) -> Value {
    let word = text.trim().to_ascii_lowercase();
    match kind {
        _ if text.is_empty() => Value::Null,
        FieldType::Number => word.parse::<i64>().map_or(Value::from(text), Value::from),
        FieldType::Boolean => match word.as_str() {
            "yes" | "true" | "1" => Value::Bool(true),
            "no" | "false" | "0" => Value::Bool(false),
            _ => Value::from(text),
        },
        FieldType::Multiple => text.split(BETWEEN).map(Value::from).collect(),
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_answer_survives_the_way_there_and_back() {
        for (kind, value) in [
            (FieldType::Text, json!("RAL")),
            (FieldType::LongText, json!("two\nlines")),
            (FieldType::Number, json!(-7)),
            (FieldType::Date, json!("2026-11-30")),
            (FieldType::Choice, json!("a, b")),
            (FieldType::Multiple, json!(["a, b", "c"])),
            (FieldType::Boolean, json!(true)),
            (FieldType::Boolean, json!(false)),
            (FieldType::Email, json!("a@b.example")),
            (FieldType::Url, json!("https://b.example")),
            (FieldType::Text, json!(null)),
        ] {
            let here = Here::Custom(FormField {
                kind,
                ..FormField::default()
            });
            let mapped = Mapped {
                there: String::new(),
                here,
            };
            let there = mapped.values(&text(&value));
            assert_eq!(answer(kind, &joined(&there)), value, "{there:?}");
        }
        assert_eq!(answer(FieldType::Number, "many"), json!("many"));
        assert_eq!(answer(FieldType::Boolean, "perhaps"), json!("perhaps"));
    }
}
