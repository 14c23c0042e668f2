//! What happened to tickets as other programs are told: by the API, and by webhooks.

use std::collections::HashMap;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use store::Conn;
use switchboard_core::ticket::Hold;
use switchboard_core::timer::Due;
use switchboard_core::{Change, EntryId, Millis, PersonId, ServiceId, UnitId};
use uuid::Uuid;

use crate::view::EventView;
use crate::{Catalogue, Desk, Error};

/// One thing that happened to a ticket, with names for ids.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// Its place in the change feed.
    pub id: i64,
    /// The ticket.
    pub ticket: i64,
    /// Its place in the ticket's history; the ticket's version after it.
    pub seq: i64,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Millis,
    /// Who, by name.
    pub actor: String,
    /// Their id; `None`: the desk itself, or somebody in another system.
    pub actor_id: Option<Uuid>,
    /// Through which door.
    pub channel: String,
    /// One for all that happened by one request.
    pub cause: Uuid,
    /// What happened, a word of [`Change::KINDS`].
    pub kind: &'static str,
    /// The field of the ticket that changed, if it is one.
    pub field: Option<&'static str>,
    /// Its value before.
    pub old: Value,
    /// Its value after.
    pub new: Value,
    /// Why, where somebody said so.
    pub reason: Option<String>,
    /// The name of the macro by which they did it, for the support side.
    pub by_macro: Option<String>,
}

/// A time as RFC 3339 has it, in UTC and with milliseconds.
pub fn rfc3339(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(
        |_| String::from("1970-01-01T00:00:00.000Z"),
        |t| t.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
    )
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn as_text<S: Serializer>(at: &Millis, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&rfc3339(*at))
}

/// The names that events need.
struct Names<'a> {
    catalogue: &'a Catalogue,
    people: HashMap<PersonId, String>,
}

fn people_in(change: &Change, found: &mut Vec<PersonId>) {
    match change {
        Change::Opened {
            requester, parties, ..
        } => {
            found.push(*requester);
            found.extend(parties.iter().map(|p| p.person));
        }
        Change::OwnerSet { old, new } => found.extend(old.iter().chain(new)),
        Change::PartyAdded { party } | Change::PartyRemoved { party } => found.push(party.person),
        _ => {}
    }
}

/// Events as other programs are told of them.
pub(crate) fn told(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    events: Vec<EventView>,
) -> Result<Vec<Told>, Error> {
    let mut ids = Vec::new();
    for event in &events {
        people_in(&event.change, &mut ids);
    }
    ids.sort_unstable();
    ids.dedup();
    let people = if ids.is_empty() {
        HashMap::new()
    } else {
        let found = store::person::load_many(c, &ids)?;
        found.into_iter().map(|p| (p.id, p.name)).collect()
    };
    let names = Names { catalogue, people };
    Ok(events.into_iter().map(|e| names.event(e)).collect())
}

impl Desk {
    /// Events as other programs are told of them.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn told(&self, events: Vec<EventView>) -> Result<Vec<Told>, Error> {
        let catalogue = self.catalogue().await?;
        if events.is_empty() {
            return Ok(Vec::new());
        }
        self.0.db.read(move |c| told(c, &catalogue, events)).await
    }
}

/// What a change says: field, before, after, why.
struct Said {
    field: Option<&'static str>,
    old: Value,
    new: Value,
    reason: Option<String>,
}

fn said(field: Option<&'static str>, old: Value, new: Value) -> Said {
    Said {
        field,
        old,
        new,
        reason: None,
    }
}

fn ids(entries: &[EntryId]) -> Value {
    entries.iter().map(|e| json!(e.0)).collect()
}

/// A value of ours as JSON; they all can be.
fn value(of: impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

impl Names<'_> {
    fn person(&self, id: PersonId) -> Value {
        json!({ "id": id.0, "name": self.people.get(&id) })
    }

    fn owner(&self, id: Option<PersonId>) -> Value {
        id.map_or(Value::Null, |id| self.person(id))
    }

    fn unit(&self, id: UnitId) -> Value {
        json!(self.catalogue.unit(id).map(|u| &u.name))
    }

    fn service(&self, id: Option<ServiceId>) -> Value {
        json!(
            id.and_then(|id| self.catalogue.service(id))
                .map(|s| &s.name)
        )
    }

    fn event(&self, e: EventView) -> Told {
        let kind = e.change.kind();
        let said = self.said(e.change);
        Told {
            id: e.id,
            ticket: e.ticket.0,
            seq: e.seq,
            at: e.at,
            actor: e.actor_name,
            actor_id: e.actor.map(|p| p.0),
            channel: e.channel,
            cause: e.cause,
            kind,
            field: said.field,
            old: said.old,
            new: said.new,
            reason: said.reason,
            by_macro: e.by_macro,
        }
    }

    fn said(&self, change: Change) -> Said {
        match change {
            Change::Opened {
                number,
                requester,
                parties,
                subject,
                facts,
                assessment,
                issue_type,
                service,
                site,
                community,
                portal,
                since,
                unit,
                visibility,
                ..
            } => Said {
                field: None,
                old: Value::Null,
                new: json!({
                    "number": number,
                    "subject": subject,
                    "requester": self.person(requester),
                    "parties": parties
                        .iter()
                        .map(|p| json!({"person": self.person(p.person), "role": p.role}))
                        .collect::<Vec<_>>(),
                    "category": facts.category,
                    "affected_users": facts.affected_users,
                    "degrades_service": facts.degrades_service,
                    "security_risk": facts.security_risk,
                    "priority": assessment.priority,
                    "issue_type": issue_type,
                    "service": self.service(service),
                    "site": site,
                    "community": community,
                    "portal": portal
                        .and_then(|id| self.catalogue.portal(id))
                        .map(|p| p.key.as_str()),
                    "since": since.map(rfc3339),
                    "unit": self.unit(unit),
                    "visibility": visibility,
                }),
                reason: Some(assessment.because),
            },
            Change::EntryAdded { entry } => said(
                None,
                Value::Null,
                json!({"entry": entry.id.0, "visibility": entry.visibility}),
            ),
            Change::StatusSet { old, new, hold, .. } => Said {
                reason: match hold {
                    Some(Hold::Reason { text }) => Some(text),
                    Some(Hold::Master { ticket }) => {
                        Some(format!("handled with its master {ticket}"))
                    }
                    Some(Hold::Children) => Some("children are open".into()),
                    None => None,
                },
                ..said(Some("status"), value(old), value(new))
            },
            Change::UnitSet { old, new, reason } => Said {
                reason,
                ..said(Some("unit"), self.unit(old), self.unit(new))
            },
            Change::OwnerSet { old, new } => said(Some("owner"), self.owner(old), self.owner(new)),
            Change::FactsSet {
                old,
                new,
                assessment,
            } => Said {
                reason: Some(assessment.because),
                ..said(Some("facts"), value(old), value(new))
            },
            Change::PriorityConfirmed => said(
                Some("priority_confirmed"),
                Value::Bool(false),
                Value::Bool(true),
            ),
            Change::PriorityOverruled { old, new } => Said {
                reason: new.as_ref().map(|o| o.reason.clone()),
                ..said(
                    Some("priority"),
                    value(old.map(|o| o.priority)),
                    value(new.map(|o| o.priority)),
                )
            },
            Change::SolutionSet { old, new } => said(
                Some("solution"),
                old.map_or(Value::Null, |s| json!({"text": s.text, "kind": s.kind})),
                json!({"text": new.text, "kind": new.kind}),
            ),
            Change::SubjectSet { old, new } => said(Some("subject"), value(old), value(new)),
            Change::IssueTypeSet { old, new } => said(Some("issue_type"), value(old), value(new)),
            Change::ServiceSet { old, new } => {
                said(Some("service"), self.service(old), self.service(new))
            }
            Change::ServiceMoved { old, new, .. } => said(None, value(old), value(new)),
            Change::SiteSet { old, new } => said(Some("site"), value(old), value(new)),
            Change::CommunitySet { old, new } => said(Some("community"), value(old), value(new)),
            Change::SinceSet { old, new } => said(
                Some("since"),
                value(old.map(rfc3339)),
                value(new.map(rfc3339)),
            ),
            Change::TagsSet { old, new } => said(Some("tags"), value(old), value(new)),
            Change::CustomSet { key, old, new } => {
                said(Some("custom"), json!({ &key: old }), json!({ &key: new }))
            }
            Change::VisibilitySet { old, new } => said(Some("visibility"), value(old), value(new)),
            Change::TlpSet { old, new } => said(Some("tlp"), value(old), value(new)),
            Change::TellSet { old, new } => said(Some("tell"), value(old), value(new)),
            Change::PartyAdded { party } => said(
                Some("parties"),
                Value::Null,
                json!({"person": self.person(party.person), "role": party.role}),
            ),
            Change::PartyRemoved { party } => said(
                Some("parties"),
                json!({"person": self.person(party.person), "role": party.role}),
                Value::Null,
            ),
            Change::RelationAdded { relation } => said(
                Some("relations"),
                Value::Null,
                json!({"kind": relation.kind, "number": relation.ticket}),
            ),
            Change::RelationRemoved { relation } => said(
                Some("relations"),
                json!({"kind": relation.kind, "number": relation.ticket}),
                Value::Null,
            ),
            Change::MergedIn { from } => said(
                None,
                Value::Null,
                json!({"number": from.ticket, "entries": ids(&from.entries)}),
            ),
            Change::MergeUndone { from } => said(
                None,
                json!({"number": from.ticket, "entries": ids(&from.entries)}),
                Value::Null,
            ),
            Change::MergedAway { into, .. } => said(None, Value::Null, json!({"number": into})),
            Change::CameBack { from, .. } => said(None, json!({"number": from}), Value::Null),
            Change::EntriesMoved { entries, to, .. } => said(
                None,
                Value::Null,
                json!({"entries": ids(&entries), "to": to}),
            ),
            Change::EntriesReturned { entries, from } => said(
                None,
                Value::Null,
                json!({"entries": ids(&entries), "from": from}),
            ),
            Change::ChildSolved {
                child,
                status,
                text,
            } => Said {
                reason: text,
                ..said(
                    None,
                    Value::Null,
                    json!({"number": child, "status": status}),
                )
            },
            Change::ChildReopened { child } => said(None, Value::Null, json!({"number": child})),
            Change::MasterEntry { master, entry } => said(
                None,
                Value::Null,
                json!({"number": master, "entry": entry.0}),
            ),
            Change::Reminded { due } => said(
                None,
                Value::Null,
                match due {
                    Due::Date { at } => json!({"what": "date", "at": rfc3339(at)}),
                    Due::Target(due) => json!({
                        "what": "target", "clock": due.clock, "late": due.late,
                        "began_at": rfc3339(due.from), "due_at": rfc3339(due.at),
                    }),
                    due => value(due),
                },
            ),
            Change::AskedSet { remind } => said(None, Value::Null, json!({"remind": remind})),
            Change::StillWaiting => said(None, Value::Null, Value::Null),
            Change::Escalated { old, new, reason } => Said {
                reason: Some(reason),
                ..said(Some("escalation"), value(old), value(new))
            },
        }
    }
}
