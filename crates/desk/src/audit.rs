//! The audit log: who did what with people, units, services, rules and rights.
//!
//! Tickets have a history of their own; here stands what changes who may do
//! what, and how the desk works. A deed is recorded in the transaction that does
//! it. Each row is chained to the one before by its hash, so that changing,
//! leaving out or putting in a row shows.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use store::Conn;
use store::audit::{Deed as Row, Filter};
use switchboard_core::{Actor, Channel, Millis, PersonId, ServiceId, TicketNumber, UnitId};
use uuid::Uuid;

use crate::{Desk, Error, secret};

/// Rows that are checked in one look.
const STEP: i64 = 1_000;
/// The deed that allows detail to be missing from the rows it names.
pub(crate) const ERASED: &str = "person.erased";

/// The same, when the time for which detail is kept is over.
pub(crate) const FORGOTTEN: &str = "audit.forgotten";

/// What a deed was done with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A person.
    Person(PersonId),
    /// A support unit.
    Unit(UnitId),
    /// A service.
    Service(ServiceId),
    /// A ticket: what is about rights and reading; changes are in its history.
    Ticket(TicketNumber),
    /// Anything else with an id, by kind: `token`, `application`, `portal`.
    Other(&'static str, Uuid),
    /// A setting, by key.
    Setting(String),
    /// A community, by key.
    Community(String),
}

impl Subject {
    /// Kind and id as they are stored.
    fn parts(&self) -> (&'static str, String) {
        match self {
            Subject::Person(id) => ("person", id.0.to_string()),
            Subject::Unit(id) => ("unit", id.0.to_string()),
            Subject::Service(id) => ("service", id.0.to_string()),
            Subject::Ticket(number) => ("ticket", number.to_string()),
            Subject::Other(kind, id) => (kind, id.to_string()),
            Subject::Setting(key) => ("setting", key.clone()),
            Subject::Community(key) => ("community", key.clone()),
        }
    }
}

/// Records a deed at the end of the chain, in the transaction that does it.
///
/// `action` is `noun.what_happened` in the past tense (`unit.member_added`).
/// `detail` is an object; names of people belong in it and nowhere else, for
/// it can be taken out when a person is erased. Secrets never do.
///
/// # Errors
/// When the database or the random numbers fail.
pub(crate) fn record(
    c: &mut Conn<'_>,
    actor: &Actor,
    now: Millis,
    action: &str,
    subject: &Subject,
    detail: &Json,
) -> Result<(), Error> {
    let previous = store::audit::head(c)?.map_or_else(Vec::new, |(_, hash)| hash);
    let (subject_kind, subject) = subject.parts();
    let detail = detail.to_string();
    let salt = secret::random::<16>()?.to_vec();
    let mut row = Row {
        id: store::counter::next(c, "audit")?,
        at: now,
        actor: actor.person,
        channel: actor.channel.key().to_owned(),
        action: action.to_owned(),
        subject_kind: subject_kind.to_owned(),
        subject,
        digest: digest(&salt, &detail),
        detail: Some(detail),
        salt: Some(salt),
        hash: Vec::new(),
    };
    row.hash = chained(&previous, &row);
    store::audit::insert(c, &row)?;
    Ok(())
}

/// The fields that differ between two states of one thing, as
/// `{"field": [before, after]}`; `None`: nothing differs.
pub fn difference(before: &impl serde::Serialize, after: &impl serde::Serialize) -> Json {
    let (before, after) = (
        serde_json::to_value(before).unwrap_or(Json::Null),
        serde_json::to_value(after).unwrap_or(Json::Null),
    );
    let (Json::Object(before), Json::Object(after)) = (&before, &after) else {
        return Json::Object(serde_json::Map::new());
    };
    let changed: BTreeMap<&String, Json> = before
        .keys()
        .chain(after.keys())
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| {
            let side =
                |of: &serde_json::Map<String, Json>| of.get(key).cloned().unwrap_or_default();
            (key, Json::Array(vec![side(before), side(after)]))
        })
        .collect();
    serde_json::to_value(changed).unwrap_or_default()
}

fn digest(salt: &[u8], detail: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(detail.as_bytes());
    hash.finalize().to_vec()
}

/// The hash of a row: over the hash before it and every field but the detail,
/// each with its length so that no two rows read the same.
fn chained(previous: &[u8], row: &Row) -> Vec<u8> {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    field(previous);
    field(&row.id.to_be_bytes());
    field(&row.at.to_be_bytes());
    field(
        row.actor
            .map_or_else(Vec::new, |a| a.0.as_bytes().to_vec())
            .as_slice(),
    );
    field(row.channel.as_bytes());
    field(row.action.as_bytes());
    field(row.subject_kind.as_bytes());
    field(row.subject.as_bytes());
    field(&row.digest);
    hash.finalize().to_vec()
}

/// A deed as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// Its position in the chain.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// Who; `None`: the desk itself.
    pub actor: Option<PersonId>,
    /// Their name now.
    pub actor_name: String,
    /// Through which door.
    pub channel: String,
    /// What was done.
    pub action: String,
    /// Kind of the thing it was done with.
    pub subject_kind: String,
    /// Its id or key.
    pub subject: String,
    /// What it is called now, when it is a person, unit or service.
    pub subject_name: String,
    /// More about it; `None`: taken out when a person was erased.
    pub detail: Option<Json>,
}

/// What checking the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    /// Rows up to the last that was checked.
    pub rows: i64,
    /// The last row's hash in hexadecimal: kept elsewhere, it shows later
    /// whether the end of the log was cut off and written anew.
    pub head: String,
    /// Rows whose detail was taken out by an erasure.
    pub taken_out: i64,
    /// The first thing that is wrong, in words; `None`: the chain holds.
    pub problem: Option<String>,
}

fn check_admin(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "only administrators may read the audit log".into(),
    ))
}

impl Desk {
    /// Deeds that fit the filter, newest first; at most `limit` (1 to 500).
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn audit_log(
        &self,
        actor: &Actor,
        filter: Filter,
        limit: i64,
    ) -> Result<Vec<Deed>, Error> {
        check_admin(actor)?;
        let catalogue = self.catalogue().await?;
        self.0
            .db
            .read(move |c| {
                let rows = store::audit::find(c, &filter, limit.clamp(1, 500))?;
                let mut people = BTreeMap::new();
                let mut deeds = Vec::with_capacity(rows.len());
                for row in rows {
                    let subject_name =
                        match (row.subject_kind.as_str(), Uuid::parse_str(&row.subject)) {
                            ("person", Ok(id)) => name_of(c, &mut people, PersonId(id))?,
                            ("unit", Ok(id)) => catalogue
                                .unit(UnitId(id))
                                .map_or_else(String::new, |u| u.name.clone()),
                            ("service", Ok(id)) => catalogue
                                .service(ServiceId(id))
                                .map_or_else(String::new, |s| s.name.clone()),
                            ("ticket", _) => format!("#{}", row.subject),
                            _ => String::new(),
                        };
                    deeds.push(Deed {
                        id: row.id,
                        at: row.at,
                        actor_name: match row.actor {
                            Some(id) => name_of(c, &mut people, id)?,
                            None => Actor::system(Channel::Job).name,
                        },
                        actor: row.actor,
                        channel: row.channel,
                        action: row.action,
                        subject_kind: row.subject_kind,
                        subject: row.subject,
                        subject_name,
                        detail: row.detail.and_then(|d| serde_json::from_str(&d).ok()),
                    });
                }
                Ok(deeds)
            })
            .await
    }

    /// Goes through the newest thousand rows of the chain, for a page that is
    /// opened often; [`Desk::check_audit`] goes through all.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn check_audit_tail(&self) -> Result<Chain, Error> {
        self.0
            .db
            .read(|c| {
                let last = store::audit::head(c)?.map_or(0, |(id, _)| id);
                check(c, (last - STEP).max(0))
            })
            .await
    }

    /// Goes through the whole chain.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn check_audit(&self) -> Result<Chain, Error> {
        self.0.db.read(|c| check(c, 0)).await
    }
}

fn name_of(
    c: &mut Conn<'_>,
    known: &mut BTreeMap<PersonId, String>,
    person: PersonId,
) -> Result<String, Error> {
    if let Some(name) = known.get(&person) {
        return Ok(name.clone());
    }
    let name = store::person::load(c, person)?.map_or_else(|| "somebody".to_owned(), |p| p.name);
    known.insert(person, name.clone());
    Ok(name)
}

/// Checks what comes after a row; 0: all. An erasure stands after the rows it
/// names, so what it took out of these is found among these.
fn check(c: &mut Conn<'_>, from: i64) -> Result<Chain, Error> {
    let mut chain = Chain {
        rows: from,
        ..Chain::default()
    };
    let mut previous: Vec<u8> = match from {
        0 => Vec::new(),
        _ => store::audit::after(c, from - 1, 1)?
            .pop()
            .map_or_else(Vec::new, |row| row.hash),
    };
    // Rows without detail, until an erasure that names them is found.
    let mut bare: std::collections::BTreeSet<i64> = std::collections::BTreeSet::new();
    loop {
        let rows = store::audit::after(c, chain.rows, STEP)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            chain.rows += 1;
            let wrong = if row.id != chain.rows {
                Some(format!("row {} is missing", chain.rows))
            } else if chained(&previous, &row) != row.hash {
                Some(format!("row {} does not fit the chain", row.id))
            } else {
                match (&row.detail, &row.salt) {
                    (Some(detail), Some(salt)) => (digest(salt, detail) != row.digest)
                        .then(|| format!("the detail of row {} was changed", row.id)),
                    _ => {
                        bare.insert(row.id);
                        None
                    }
                }
            };
            if wrong.is_some() {
                chain.problem = wrong;
                return Ok(chain);
            }
            if row.action == ERASED || row.action == FORGOTTEN {
                let named = row
                    .detail
                    .as_deref()
                    .and_then(|d| serde_json::from_str::<Json>(d).ok())
                    .and_then(|d| d.get("audit_rows").and_then(Json::as_array).cloned())
                    .unwrap_or_default();
                for id in named.iter().filter_map(Json::as_i64) {
                    chain.taken_out += i64::from(bare.remove(&id));
                }
            }
            previous = row.hash;
        }
    }
    chain.head = previous.iter().map(|b| format!("{b:02x}")).collect();
    let written = store::audit::written(c)?;
    if written != chain.rows {
        chain.problem = Some(format!(
            "{written} rows were written, {} are there",
            chain.rows
        ));
    } else if let Some(id) = bare.first() {
        chain.problem = Some(format!(
            "the detail of row {id} was taken out without an erasure"
        ));
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_told() {
        let before = json!({"name": "Storage", "level": 2, "email": null});
        let after = json!({"name": "Storage", "level": 3, "email": "s@example.org"});
        assert_eq!(
            difference(&before, &after),
            json!({"level": [2, 3], "email": [null, "s@example.org"]})
        );
    }
}
