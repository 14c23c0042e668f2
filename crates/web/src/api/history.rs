//! The history of a ticket: one line for each changed field.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use desk::view::EventView;
use desk::{Catalogue, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use switchboard_core::ticket::Hold;
use switchboard_core::timer::Due;
use switchboard_core::{Change, EntryId, PersonId, ServiceId, UnitId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Items;
use super::caller::Reads;
use super::input::{Asked, At};
use super::words::Time;
use crate::AppState;
use crate::problem::Problem;

/// One thing that happened to a ticket.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Event {
    /// Its place in the change feed.
    pub id: i64,
    /// The ticket.
    pub ticket: i64,
    /// Its place in the ticket's history; the ticket's version after it.
    pub seq: i64,
    /// When.
    pub at: Time,
    /// Who, by name.
    pub actor: String,
    /// Their id; null: the desk itself, or somebody in another system.
    pub actor_id: Option<Uuid>,
    /// Through which door: `web`, `api`, `mail`, `bridge`, `job`, `cli`.
    pub channel: String,
    /// One for all that happened by one request.
    pub cause: Uuid,
    /// What happened: `opened`, `status_set`, `entry_added`, …
    pub kind: String,
    /// The field of the ticket that changed, if it is one.
    pub field: Option<String>,
    /// Its value before.
    pub old: Value,
    /// Its value after.
    pub new: Value,
    /// Why, where somebody said so.
    pub reason: Option<String>,
}

/// The names that events need.
pub(super) struct Names<'a> {
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

/// Events as the API shows them, with names for ids.
pub(super) async fn shown(app: &AppState, events: Vec<EventView>) -> Result<Vec<Event>, Error> {
    let mut ids = Vec::new();
    for event in &events {
        people_in(&event.change, &mut ids);
    }
    ids.sort_unstable();
    ids.dedup();
    let people = if ids.is_empty() {
        HashMap::new()
    } else {
        app.desk
            .db()
            .read(move |c| store::person::load_many(c, &ids).map_err(Error::from))
            .await?
            .into_iter()
            .map(|p| (p.id, p.name))
            .collect()
    };
    let catalogue = app.desk.catalogue().await?;
    let names = Names {
        catalogue: &catalogue,
        people,
    };
    Ok(events.into_iter().map(|e| names.event(e)).collect())
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

    fn event(&self, e: EventView) -> Event {
        let kind = e.change.kind().to_owned();
        let said = self.said(e.change);
        Event {
            id: e.id,
            ticket: e.ticket.0,
            seq: e.seq,
            at: Time(e.at),
            actor: e.actor_name,
            actor_id: e.actor.map(|p| p.0),
            channel: e.channel,
            cause: e.cause,
            kind,
            field: said.field.map(str::to_owned),
            old: said.old,
            new: said.new,
            reason: said.reason,
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
                    "since": since.map(Time),
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
            Change::SinceSet { old, new } => {
                said(Some("since"), value(old.map(Time)), value(new.map(Time)))
            }
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
                    Due::Date { at } => json!({"what": "date", "at": Time(at)}),
                    due => value(due),
                },
            ),
            Change::Escalated { old, new, reason } => Said {
                reason: Some(reason),
                ..said(Some("escalation"), value(old), value(new))
            },
        }
    }
}

/// Which stretch of entries or of the history.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Stretch {
    /// `next` of the page before.
    #[serde(default)]
    pub(super) cursor: Option<String>,
    /// Items on a page, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<i64>,
}

impl Stretch {
    /// After which place, and how many.
    pub(super) fn read(&self) -> Result<(i64, i64), Problem> {
        let after = match self.cursor.as_deref() {
            None => 0,
            Some(text) => text.parse().ok().filter(|n| *n >= 0).ok_or_else(|| {
                Problem::from(Error::invalid(
                    "cursor",
                    "is not one that this list gave out; start again without it",
                ))
            })?,
        };
        Ok((after, super::limit(self.limit)?.unwrap_or(desk::list::PAGE)))
    }
}

/// The history of a ticket, oldest first.
#[utoipa::path(
    get,
    path = "/tickets/{number}/history",
    tag = "tickets",
    params(("number" = i64, Path, minimum = 1, description = "The ticket's number"), Stretch),
    responses((status = 200, description = "A page of the history", body = Items<Event>)),
)]
async fn history(
    State(app): State<AppState>,
    Reads(caller): Reads,
    at: At,
    Asked(stretch): Asked<Stretch>,
) -> Result<Json<Items<Event>>, Problem> {
    let number = at.number()?;
    let (mut after, limit) = stretch.read()?;
    // A stretch is cut before what the caller may not see is left out, so it
    // is looked further until the page is full or the history ends.
    let last = app.desk.ticket(&caller.actor, number).await?.version;
    let mut found = Vec::new();
    while (found.len() as i64) < limit && after < last {
        let events = app
            .desk
            .history(&caller.actor, number, after, limit)
            .await?;
        found.extend(events);
        after += limit;
    }
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let more = found.len() as i64 == limit;
    let next = found
        .last()
        .filter(|e| more && e.seq < last)
        .map(|e| e.seq.to_string());
    Ok(Json(Items {
        items: shown(&app, found).await?,
        next,
    }))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(history))
}
