//! Fields that an agreement maps beside status and priority: how they stand here,
//! as text, and how a text from there is set here.

use std::collections::BTreeMap;

use connect::tracker::{OneOf, Wanted};
use serde_json::Value;
use store::Conn;
use store::agreement::Agreement;
use switchboard_core::exchange::{Field, Words};
use switchboard_core::form::{FieldType, FormField, check_changed, support_only};
use switchboard_core::onboarding::{CUSTOM, WordMap, several};
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
    /// Of labels there and their like, those that stand for a value here, the first first;
    /// all others are none of ours.
    among: Option<Vec<String>>,
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
        let kinds = several(agreement.system.as_deref().unwrap_or_default());
        let named = kinds.contains(&there.as_str());
        let pairs = map.pairs().into_iter();
        let among = named.then(|| pairs.map(|(_, theirs)| theirs).collect());
        let mapped = Mapped { there, here, among };
        let words = map.translates(named);
        Some((Field::from(map.here.clone()), (mapped, words)))
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

    /// What is wanted there, for it to stand at this text.
    pub(super) fn want(&self, raw: &str, wanted: &mut Wanted) {
        let there = self.there.clone();
        match &self.among {
            None => {
                wanted.fields.insert(there, self.values(raw));
            }
            Some(among) => {
                let one = OneOf {
                    wanted: raw.to_owned(),
                    among: among.clone(),
                };
                wanted.one_of.insert(there, one);
            }
        }
    }

    /// How it stands there, as one text; `known`: how it stood. `None`: it says nothing.
    pub(super) fn raw(&self, there: Option<&Vec<String>>, known: Option<&str>) -> Option<String> {
        let there = there.map(Vec::as_slice).unwrap_or_default();
        let Some(among) = &self.among else {
            return Some(joined(there));
        };
        let has = |word: &str| there.iter().any(|one| one.eq_ignore_ascii_case(word));
        // Of several it is what it was, as long as that is among them.
        let known = known.and_then(|known| among.iter().find(|one| one.as_str() == known));
        let stays = known.filter(|word| has(word));
        stays
            .or_else(|| among.iter().find(|word| has(word)))
            .cloned()
    }

    /// A text as values there.
    fn values(&self, raw: &str) -> Vec<String> {
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

/// How a field stands in a ticket here; `None`: it is none of those that are values of it.
pub(super) fn standing(field: &Field, ticket: &Ticket) -> Option<String> {
    Some(match field {
        Field::Priority => ticket.priority().key().to_owned(),
        Field::Category => ticket.facts.category.clone(),
        other => match other.key() {
            "affected_users" => ticket.facts.affected_users.to_string(),
            key => {
                let answer = ticket.custom.get(key.strip_prefix(CUSTOM)?);
                answer.map_or_else(String::new, text)
            }
        },
    })
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
                among: None,
            };
            let there = mapped.values(&text(&value));
            assert_eq!(answer(kind, &joined(&there)), value, "{there:?}");
        }
        assert_eq!(answer(FieldType::Number, "many"), json!("many"));
        let kinds = Mapped {
            there: "labels".into(),
            here: Here::Category,
            among: Some(vec!["bug".into(), "wish".into()]),
        };
        let raw = |there: &[&str], known: &str| {
            let there: Vec<String> = there.iter().map(|l| (*l).to_owned()).collect();
            kinds.raw(Some(&there), Some(known))
        };
        assert_eq!(raw(&["x", "Wish"], "").as_deref(), Some("wish"));
        assert_eq!(raw(&["wish", "bug"], "").as_deref(), Some("bug"));
        assert_eq!(raw(&["wish", "bug"], "wish").as_deref(), Some("wish"));
        assert_eq!(raw(&["bug"], "wish").as_deref(), Some("bug"));
        assert_eq!((raw(&["x"], "bug"), kinds.raw(None, None)), (None, None));
        assert_eq!(answer(FieldType::Boolean, "perhaps"), json!("perhaps"));
    }
}
