//! Changes and other values of the rules, in the words of the pages.

use std::collections::HashMap;

use desk::Catalogue;
use desk::view::{EventView, TicketView};
use switchboard_core::ticket::{Hold, RelationKind};
use switchboard_core::timer::Due;
use switchboard_core::{
    Change, PartyRole, PersonId, SecurityRisk, ServiceId, Status, TellRequester, TicketType,
    UnitId, Visibility,
};

use super::time::Dial;

/// A changed field: its name, before, after, why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// "status".
    pub field: String,
    /// Before; empty: nothing.
    pub old: String,
    /// After; empty: nothing.
    pub new: String,
    /// Why; empty: nobody said.
    pub why: String,
}

impl Words {
    fn new(field: &str, old: impl Into<String>, new: impl Into<String>) -> Words {
        Words {
            field: field.to_owned(),
            old: old.into(),
            new: new.into(),
            why: String::new(),
        }
    }

    fn because(mut self, why: impl Into<String>) -> Words {
        self.why = why.into();
        self
    }

    /// In one line: "status Assigned to In progress".
    pub fn line(&self) -> String {
        let mut line = match (self.old.is_empty(), self.new.is_empty()) {
            (true, true) => self.field.clone(),
            (true, false) => format!("{} {}", self.field, self.new),
            (false, true) => format!("{} no longer {}", self.field, self.old),
            (false, false) => format!("{} {} to {}", self.field, self.old, self.new),
        };
        if !self.why.is_empty() {
            line.push_str(": ");
            line.push_str(&self.why);
        }
        line
    }
}

/// What is needed to name things in a change.
#[derive(Debug, Clone, Copy)]
pub struct Namer<'a> {
    /// Units, services, values.
    pub catalogue: &'a Catalogue,
    /// People in the history.
    pub people: &'a HashMap<PersonId, String>,
    /// The reader's time.
    pub dial: &'a Dial,
}

impl Namer<'_> {
    fn person(&self, id: PersonId) -> String {
        self.people
            .get(&id)
            .cloned()
            .unwrap_or_else(|| "somebody".to_owned())
    }

    /// A unit's name.
    pub fn unit(&self, id: UnitId) -> String {
        self.catalogue
            .unit(id)
            .map_or_else(|| "a former unit".to_owned(), |u| u.name.clone())
    }

    fn service(&self, id: Option<ServiceId>) -> String {
        let name = self.catalogue.service_name(id);
        name.unwrap_or_default().to_owned()
    }

    fn issue_type(&self, key: Option<&String>) -> String {
        key.map(|key| {
            self.catalogue
                .issue_types
                .iter()
                .find(|t| t.key == *key)
                .map_or_else(|| key.clone(), |t| t.name.clone())
        })
        .unwrap_or_default()
    }

    /// What a change says, field by field.
    pub fn words(&self, change: &Change) -> Words {
        let text = |o: &Option<String>| o.clone().unwrap_or_default();
        let value = |o: &Option<serde_json::Value>| match o {
            None => String::new(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        match change {
            Change::Opened {
                assessment, unit, ..
            } => Words::new("opened", "", format!("new at {}", self.unit(*unit))).because(format!(
                "priority {}, {}",
                assessment.priority.label().to_lowercase(),
                assessment.because
            )),
            Change::EntryAdded { entry } => {
                let internal = entry.visibility == switchboard_core::EntryVisibility::Internal;
                Words::new(
                    if internal { "internal note" } else { "message" },
                    "",
                    "written",
                )
            }
            Change::StatusSet {
                old,
                new,
                hold,
                reminder,
                eta,
            } => {
                let mut why = hold.as_ref().map(hold_words).unwrap_or_default();
                for (what, at) in [("look again", reminder), ("expected", eta)] {
                    if let Some(at) = at {
                        let gap = if why.is_empty() { "" } else { "; " };
                        why.push_str(&format!("{gap}{what} {}", self.dial.day_words(*at)));
                    }
                }
                Words::new("status", old.label(), new.label()).because(why)
            }
            Change::UnitSet { old, new, reason } => {
                Words::new("unit", self.unit(*old), self.unit(*new)).because(text(reason))
            }
            Change::OwnerSet { old, new } => Words::new(
                "owner",
                old.map(|p| self.person(p)).unwrap_or_default(),
                new.map(|p| self.person(p)).unwrap_or_default(),
            ),
            Change::FactsSet {
                old,
                new,
                assessment,
            } => {
                let facts = |f: &switchboard_core::Facts| {
                    format!(
                        "{}, {}, {}",
                        people_words(f.affected_users),
                        degrades_words(f.degrades_service),
                        security_words(f.security_risk)
                    )
                };
                let (mut before, mut after) = (facts(old), facts(new));
                if old.category != new.category {
                    let name = |key: &str| desk::view::category_ref(self.catalogue, key).name;
                    before = format!("{}, {before}", name(&old.category));
                    after = format!("{}, {after}", name(&new.category));
                }
                Words::new("facts", before, after).because(format!(
                    "the rules now say {}",
                    assessment.priority.label().to_lowercase()
                ))
            }
            Change::PriorityConfirmed => Words::new("priority", "", "confirmed"),
            Change::PriorityOverruled { old, new } => {
                let label = |o: &Option<switchboard_core::ticket::Overrule>| {
                    o.as_ref()
                        .map_or("by the rules", |o| o.priority.label())
                        .to_owned()
                };
                Words::new("priority", label(old), label(new))
                    .because(new.as_ref().map(|o| o.reason.clone()).unwrap_or_default())
            }
            Change::SolutionSet { old, new } => Words::new(
                "solution",
                old.as_ref().map(|s| s.text.clone()).unwrap_or_default(),
                new.text.clone(),
            ),
            Change::SubjectSet { old, new } => Words::new("subject", old, new),
            Change::IssueTypeSet { old, new } => Words::new(
                "type of issue",
                self.issue_type(old.as_ref()),
                self.issue_type(new.as_ref()),
            ),
            Change::ServiceSet { old, new } => {
                Words::new("service", self.service(*old), self.service(*new))
            }
            Change::ServiceMoved { service, old, new } => {
                Words::new("way of the service", old.label(), new.label()).because(format!(
                    "{} goes another way; this ticket stays here",
                    self.service(Some(*service))
                ))
            }
            Change::SiteSet { old, new } => Words::new("site", text(old), text(new)),
            Change::CommunitySet { old, new } => Words::new("community", text(old), text(new)),
            Change::SinceSet { old, new } => {
                let at = |at: &Option<_>| at.map(|at| self.dial.moment_words(at));
                Words::new(
                    "since",
                    at(old).unwrap_or_default(),
                    at(new).unwrap_or_default(),
                )
            }
            Change::TagsSet { old, new } => {
                let list = |set: &std::collections::BTreeSet<String>| {
                    set.iter()
                        .map(String::as_str)
                        .collect::<Vec<_>>()
                        .join(", ")
                };
                Words::new("tags", list(old), list(new))
            }
            Change::CustomSet { key, old, new } => Words::new(key, value(old), value(new)),
            Change::VisibilitySet { old, new } => {
                Words::new("visible to", visibility_words(*old), visibility_words(*new))
            }
            Change::TlpSet { old, new } => Words::new("label", old.label(), new.label()),
            Change::TellSet { old, new } => {
                Words::new("tell the requester", tell_words(*old), tell_words(*new))
            }
            Change::PartyAdded { party } => {
                Words::new(role_words(party.role), "", self.person(party.person))
            }
            Change::PartyRemoved { party } => {
                Words::new(role_words(party.role), self.person(party.person), "")
            }
            Change::RelationAdded { relation } => Words::new(
                relation_words(relation.kind),
                "",
                relation.ticket.to_string(),
            ),
            Change::RelationRemoved { relation } => Words::new(
                relation_words(relation.kind),
                relation.ticket.to_string(),
                "",
            ),
            Change::MergedIn { from } => Words::new("merged in", "", from.ticket.to_string()),
            Change::MergeUndone { from } => Words::new("merged in", from.ticket.to_string(), ""),
            Change::MergedAway { into, .. } => Words::new("merged into", "", into.to_string()),
            Change::CameBack { from, .. } => Words::new("merged into", from.to_string(), ""),
            Change::EntriesMoved { entries, to, .. } => Words::new(
                &format!("{} messages moved", entries.len()),
                "",
                to.map(|n| format!("to {n}")).unwrap_or_default(),
            ),
            Change::EntriesReturned { entries, from } => Words::new(
                &format!("{} messages came back", entries.len()),
                "",
                from.map(|n| format!("from {n}")).unwrap_or_default(),
            ),
            Change::ChildSolved {
                child,
                status,
                text: solution,
            } => Words::new(
                "child",
                "",
                format!("{child} {}", status.label().to_lowercase()),
            )
            .because(text(solution)),
            Change::ChildReopened { child } => Words::new("child", "", format!("{child} reopened")),
            Change::MasterEntry { master, .. } => {
                Words::new("message", "", format!("of master {master}"))
            }
            Change::Reminded { due } => match due {
                Due::Answer { nth, .. } => {
                    Words::new("reminded the requester", "", format!("time {nth}"))
                }
                Due::Unanswered { days } => Words::new("told the monitors", "", "no answer")
                    .because(format!("it waited {days} working days for its requester")),
                Due::Silent { nth, days, .. } => {
                    Words::new("reminded the site", "", format!("time {nth}"))
                        .because(format!("nobody answered for {days} working days"))
                }
                Due::Over { days } => {
                    Words::new("no objection", "", format!("for {days} working days"))
                }
                Due::Target(due) => Words::new(
                    if due.late {
                        "told that a target is missed"
                    } else {
                        "told that a target is nearly used up"
                    },
                    "",
                    due.clock.label().to_lowercase(),
                )
                .because(format!("due {}", self.dial.moment_words(due.at))),
                Due::Date { at } => {
                    Words::new("the day set has come", "", self.dial.moment_words(*at))
                }
            },
            Change::AskedSet { remind: Some(_) } => {
                Words::new("asked with other sites", "", "one request".to_owned())
            }
            Change::AskedSet { remind: None } => {
                Words::new("asked with other sites", "", "no more".to_owned())
            }
            Change::StillWaiting => {
                Words::new("requester still waits", "", "closed later".to_owned())
            }
            Change::Escalated { new, reason, .. } => {
                Words::new("attention asked for", "", format!("step {new}")).because(reason)
            }
        }
    }

    /// What a requester is told of a change; `None`: nothing, as an entry says
    /// it better or it does not concern them.
    pub fn happened(&self, event: &EventView) -> Option<String> {
        let who = &event.actor_name;
        match &event.change {
            Change::UnitSet { new, .. } => Some(format!("{who} passed it to {}", self.unit(*new))),
            Change::OwnerSet { new: Some(p), .. } => {
                Some(format!("{} works on it", self.person(*p)))
            }
            Change::StatusSet { new, hold, .. } => match new {
                Status::OnHold => Some(match hold {
                    Some(Hold::Reason { text }) => format!("{who} put it on hold: {text}"),
                    Some(hold) => format!("On hold: {}", hold_words(hold)),
                    None => "On hold".to_owned(),
                }),
                Status::Waiting => Some(format!("{who} waits for your answer")),
                Status::Reopened => Some(format!("{who} reopened it")),
                Status::Verified => Some("You said that it is solved".to_owned()),
                Status::Closed => Some("Closed, as nobody answered the solution".to_owned()),
                _ => None,
            },
            Change::PriorityOverruled { new: Some(o), .. } => Some(format!(
                "{who} set the priority to {}: {}",
                o.priority.label().to_lowercase(),
                o.reason
            )),
            Change::PartyAdded { party } if party.role == PartyRole::Cc => {
                Some(format!("{} follows it too", self.person(party.person)))
            }
            Change::Escalated { .. } => Some(format!("{who} asked for attention")),
            Change::Reminded {
                due: Due::Answer { .. },
            } => Some("You were reminded that your answer is missing".to_owned()),
            _ => None,
        }
    }
}

/// Why a ticket is on hold.
pub fn hold_words(hold: &Hold) -> String {
    match hold {
        Hold::Reason { text } => text.clone(),
        Hold::Master { ticket } => format!("the same issue is worked on in {ticket}"),
        Hold::Children => "other teams work on parts of it".to_owned(),
    }
}

/// "12 people affected".
pub fn people_words(affected: u32) -> String {
    match affected {
        0 | 1 => "1 person affected".to_owned(),
        n => format!("{n} people affected"),
    }
}

/// Whether a service is degraded.
pub fn degrades_words(degrades: bool) -> &'static str {
    if degrades {
        "service degraded"
    } else {
        "service not degraded"
    }
}

/// How far security is at stake.
pub fn security_words(risk: SecurityRisk) -> &'static str {
    match risk {
        SecurityRisk::None => "no security risk",
        SecurityRisk::Trivial => "small security risk",
        SecurityRisk::Imminent => "security danger now",
    }
}

/// Who may see it.
pub fn visibility_words(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Community => "everybody of the community",
        Visibility::Parties => "those on it and the teams",
        Visibility::Restricted => "those on it and the team that holds it, nobody else",
    }
}

/// The name of the community whose team may edit a ticket.
pub fn team_of(catalogue: &Catalogue, ticket: &TicketView) -> Option<String> {
    let open = ticket.kind == TicketType::Team && ticket.visibility == Visibility::Community;
    let key = ticket.community.as_deref().filter(|_| open)?;
    let name = catalogue.community(key).map_or(key, |c| &c.name);
    Some(name.to_owned())
}

fn tell_words(tell: TellRequester) -> &'static str {
    match tell {
        TellRequester::OnSolution => "answers and the solution",
        TellRequester::EveryChange => "every change",
    }
}

/// A person's part in a ticket.
pub fn role_words(role: PartyRole) -> &'static str {
    match role {
        PartyRole::Cc => "Cc",
        PartyRole::Subscriber => "follower",
        PartyRole::Involved => "involved",
        PartyRole::Site => "site contact",
    }
}

/// What this ticket is to another.
pub fn relation_words(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::SlaveOf => "slave of",
        RelationKind::MasterOf => "master of",
        RelationKind::ChildOf => "child of",
        RelationKind::ParentOf => "parent of",
        RelationKind::DuplicateOf => "duplicate of",
        RelationKind::DuplicatedBy => "duplicated by",
        RelationKind::SeeAlso => "see also",
        RelationKind::MergedInto => "merged into",
        RelationKind::MergedFrom => "merged in",
        RelationKind::SplitFrom => "split off",
        RelationKind::SplitInto => "split into",
    }
}

/// Through which door something came.
pub fn channel_words(channel: &str) -> &'static str {
    match channel {
        "web" => "by web",
        "api" => "by API",
        "mail" => "by mail",
        "bridge" => "from another desk",
        "job" => "by the desk itself",
        "cli" => "by command line",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reads_as_a_line() {
        let check = |old: &str, new: &str, why: &str, line: &str| {
            assert_eq!(Words::new("owner", old, new).because(why).line(), line);
        };
        check("A", "B", "", "owner A to B");
        check("", "B", "", "owner B");
        check("A", "", "left", "owner no longer A: left");
    }

    #[test]
    fn one_person_is_not_one_people() {
        assert_eq!(people_words(1), "1 person affected");
        assert_eq!(people_words(12), "12 people affected");
    }
}
