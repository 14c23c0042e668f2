//! Who is told what (domain section 6: the notification matrix).
//!
//! One cause makes at most one notice to one human on one ticket, whatever
//! number of reasons they have to get it, and never one to the person who did
//! it. Internal notes never reach the requester, Cc or followers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::access::Actor;
use crate::change::Change;
use crate::decide::Caused;
use crate::id::PersonId;
use crate::status::Status;
use crate::ticket::{EntryVisibility, PartyRole, TellRequester, Ticket, Visibility};
use crate::timer::{Due, TargetDue};

/// The tag of tickets that are spam. Who sent them, and whom they named, is not
/// told what becomes of them: an answer would only say that somebody reads.
pub const SPAM: &str = "spam";

/// The people behind the unit that holds the ticket, and those who look after
/// all units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitAudience {
    /// Members of the unit that holds the ticket now.
    pub members: Vec<PersonId>,
    /// The unit's mailing list; it is told instead of the members.
    pub mailing_list: Option<String>,
    /// Who is on duty in the unit, where they hear alone there of what nobody owns.
    pub duty: Option<PersonId>,
    /// Members of the first level units.
    pub first_level: Vec<PersonId>,
    /// Those of them who hear of what is new, as somebody is on duty there: they, and all of
    /// a unit without anybody on duty, each with the reason. `None`: all.
    pub first_level_duty: Option<Vec<(PersonId, Reason)>>,
    /// Monitors.
    pub monitors: Vec<PersonId>,
    /// The contact of the site that the ticket names, where the address is nobody's
    /// here: a list. A person is on the ticket ([`PartyRole::Site`]).
    pub site_list: Option<String>,
}

/// Who gets a notice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// A human being, by whatever channel they prefer.
    Person(PersonId),
    /// A unit's mailing list, by its address.
    List(String),
}

/// Why somebody is told, the weightiest first: what they may read follows
/// from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// They own the ticket.
    Owner,
    /// They are on duty in the unit that holds it, and nobody owns it.
    Duty,
    /// They are a member of the unit that holds it, or its list.
    Unit,
    /// They were drawn in.
    Involved,
    /// They are the notified site's contact.
    Site,
    /// They are on duty in first level.
    FirstLevelDuty,
    /// They are first level.
    FirstLevel,
    /// They are a monitor.
    Monitor,
    /// They asked.
    Requester,
    /// They were added by the requester.
    Cc,
    /// They follow it.
    Subscriber,
}

impl Reason {
    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            Reason::Owner => "owner",
            Reason::Duty => "duty",
            Reason::Unit => "unit",
            Reason::Involved => "involved",
            Reason::Site => "site",
            Reason::FirstLevelDuty => "first_level_duty",
            Reason::FirstLevel => "first_level",
            Reason::Monitor => "monitor",
            Reason::Requester => "requester",
            Reason::Cc => "cc",
            Reason::Subscriber => "subscriber",
        }
    }

    /// They are first level, on duty or not.
    fn is_first_level(self) -> bool {
        matches!(self, Reason::FirstLevel | Reason::FirstLevelDuty)
    }

    /// Told as the unit is: of fields, entries, solutions and internal notes.
    fn is_unit_side(self) -> bool {
        matches!(
            self,
            Reason::Owner | Reason::Duty | Reason::Unit | Reason::Involved | Reason::Site
        )
    }
}

/// What somebody is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The ticket is new.
    Opened,
    /// It was given to the unit.
    Assigned,
    /// A public entry was written (on a slave: its master's).
    Entry,
    /// Only the requester's answer is missing.
    Asked,
    /// It was solved or unsolved.
    Solution,
    /// It was reopened.
    Reopened,
    /// The requester escalated it.
    Escalated,
    /// A field changed, or a tie to another ticket.
    Fields,
    /// An internal note was written; never told outside the support side.
    Note,
    /// Its time has come: an answer is missing, or a date that somebody set is there.
    Reminded,
}

impl Told {
    /// All of them.
    pub const ALL: [Told; 10] = [
        Told::Opened,
        Told::Assigned,
        Told::Entry,
        Told::Asked,
        Told::Solution,
        Told::Reopened,
        Told::Escalated,
        Told::Fields,
        Told::Note,
        Told::Reminded,
    ];

    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            Told::Opened => "opened",
            Told::Assigned => "assigned",
            Told::Entry => "entry",
            Told::Asked => "asked",
            Told::Solution => "solution",
            Told::Reopened => "reopened",
            Told::Escalated => "escalated",
            Told::Fields => "fields",
            Told::Note => "note",
            Told::Reminded => "reminded",
        }
    }

    /// Reads the word.
    pub fn parse(key: &str) -> Option<Told> {
        Told::ALL.into_iter().find(|t| t.key() == key)
    }

    /// What one change is in the matrix; empty: nobody is told.
    pub fn of(change: &Change) -> Option<Told> {
        match change {
            Change::Opened { .. } => Some(Told::Opened),
            Change::EntryAdded { entry } => Some(match entry.visibility {
                EntryVisibility::Public => Told::Entry,
                EntryVisibility::Internal => Told::Note,
            }),
            Change::MasterEntry { .. } => Some(Told::Entry),
            Change::StatusSet { new, .. } => Some(match new {
                Status::Waiting => Told::Asked,
                Status::Solved | Status::Unsolved => Told::Solution,
                Status::Reopened => Told::Reopened,
                Status::Assigned => Told::Assigned,
                Status::New
                | Status::InProgress
                | Status::OnHold
                | Status::Verified
                | Status::Closed => Told::Fields,
            }),
            Change::UnitSet { .. } => Some(Told::Assigned),
            Change::Escalated { .. } => Some(Told::Escalated),
            Change::Reminded { .. } => Some(Told::Reminded),
            // The solution is told with the status that goes with it.
            Change::SolutionSet { .. } => None,
            // The entry that goes with it says so.
            Change::StillWaiting => None,
            // It comes with the opening, or with the entry that says why it ends.
            Change::AskedSet { .. } => None,
            // Nothing changes for the ticket, and a service has many.
            Change::ServiceMoved { .. } => None,
            // Nobody outside the support side hears of its own fields.
            Change::CustomSet { key, .. } if crate::form::support_only(key) => None,
            _ => Some(Told::Fields),
        }
    }
}

/// One notice to one recipient about one cause on one ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Who gets it.
    pub to: Recipient,
    /// The weightiest of their reasons.
    pub reason: Reason,
    /// All that they are told of; never empty.
    pub kinds: BTreeSet<Told>,
}

/// Who is told of what one cause did to one ticket.
///
/// `events` are the changes of one cause; those of other tickets in it are left
/// out. `ticket` is the state after them, `unit` the people of the unit that
/// holds it now. Persons come in the order of their ids, lists last.
pub fn audience(
    events: &[Caused],
    ticket: &Ticket,
    actor: &Actor,
    unit: &UnitAudience,
) -> Vec<Notice> {
    let mut told = BTreeSet::new();
    let (mut escalation, mut due) = (0, None);
    for caused in events.iter().filter(|c| c.ticket == ticket.number) {
        told.extend(Told::of(&caused.change));
        if let Change::Escalated { new, .. } = caused.change {
            escalation = escalation.max(new);
        }
        if let Change::Reminded { due: what } = caused.change {
            // Of several targets one that is missed has more to hear of it.
            let missed = matches!(due, Some(Due::Target(TargetDue { late: true, .. })));
            due = due.filter(|_| missed).or(Some(what));
        }
    }
    if told.contains(&Told::Opened) {
        // The description came with the opening, and so did the unit: who is told of
        // the one is told of the other.
        told.remove(&Told::Entry);
        told.remove(&Told::Assigned);
    }
    if told.is_empty() {
        return Vec::new();
    }

    let mut gathering = Gathering {
        told: &told,
        spam: is_spam(events, ticket),
        new: told.contains(&Told::Opened) && ticket.status == Status::New,
        escalation,
        due: due.map(|due| Reminding {
            due,
            owned: ticket.owner.is_some(),
            watched: ticket.visibility != Visibility::Restricted
                && !(unit.monitors.is_empty() && unit.first_level.is_empty()),
            monitored: !unit.monitors.is_empty(),
        }),
        every_change: ticket.tell == TellRequester::EveryChange,
        people: BTreeMap::new(),
    };
    // Reasons in any order: `Gathering` keeps the weightiest.
    gathering.add(ticket.requester, Reason::Requester);
    for party in &ticket.parties {
        gathering.add(
            party.person,
            match party.role {
                PartyRole::Cc => Reason::Cc,
                PartyRole::Subscriber => Reason::Subscriber,
                PartyRole::Involved => Reason::Involved,
                PartyRole::Site => Reason::Site,
            },
        );
    }
    // Members read the list, so telling them (or the owner, who is one of them)
    // in person too would be a second mail to the same human. What is brought to mind
    // goes to those whose turn it is and not to the list.
    let missed = matches!(due, Some(Due::Target(TargetDue { late: true, .. })));
    // Who is on duty hears for all of them of what nobody owns, until it gets serious.
    let serious = missed || told.contains(&Told::Escalated);
    let duty = unit.duty.filter(|_| ticket.owner.is_none() && !serious);
    let unit_list = unit.mailing_list.as_ref().filter(|_| duty.is_none());
    let by_list = |person: &PersonId| {
        let brought_to_mind = told.len() == 1 && told.contains(&Told::Reminded) && !missed;
        unit_list.is_some() && unit.members.contains(person) && !brought_to_mind
    };
    if let Some(person) = duty {
        gathering.add(person, Reason::Duty);
    } else if unit.mailing_list.is_none() {
        for member in &unit.members {
            gathering.add(*member, Reason::Unit);
        }
    }
    if let Some(owner) = ticket.owner
        && !by_list(&owner)
    {
        gathering.add(owner, Reason::Owner);
    }
    // Of a restricted ticket those who only look after all units know nothing.
    if ticket.visibility != Visibility::Restricted {
        let on_duty = unit.first_level_duty.clone().filter(|_| !serious);
        let all = || unit.first_level.iter().map(|p| (*p, Reason::FirstLevel));
        for (person, reason) in on_duty.unwrap_or_else(|| all().collect()) {
            if !by_list(&person) {
                gathering.add(person, reason);
            }
        }
        for person in &unit.monitors {
            if !by_list(person) {
                gathering.add(*person, Reason::Monitor);
            }
        }
    }

    if let Some(actor) = actor.person {
        gathering.people.remove(&actor);
    }
    let mut notices: Vec<Notice> = gathering
        .people
        .iter()
        .map(|(person, (reason, kinds))| Notice {
            to: Recipient::Person(*person),
            reason: *reason,
            kinds: kinds.clone(),
        })
        .collect();
    let mut list = |address: &String, reason| {
        let kinds: BTreeSet<Told> = told
            .iter()
            .copied()
            .filter(|told| gathering.hears(reason, *told))
            .collect();
        if !kinds.is_empty() {
            notices.push(Notice {
                to: Recipient::List(address.clone()),
                reason,
                kinds,
            });
        }
    };
    if let Some(address) = unit_list {
        list(address, Reason::Unit);
    }
    // Where the unit itself looks after the site, its list is told once.
    if let Some(contact) = &unit.site_list
        && unit_list != Some(contact)
    {
        list(contact, Reason::Site);
    }
    notices
}

/// Whether a ticket is spam, or these changes say that it is none after all:
/// its sender heard nothing of the one, so they hear nothing of the other.
fn is_spam(events: &[Caused], ticket: &Ticket) -> bool {
    ticket.tags.contains(SPAM)
        || events.iter().any(|caused| {
            caused.ticket == ticket.number
                && matches!(&caused.change, Change::TagsSet { old, .. } if old.contains(SPAM))
        })
}

/// What time brings to mind, and what says to whom.
struct Reminding {
    due: Due,
    /// Somebody owns the ticket.
    owned: bool,
    /// There is somebody beside the unit who may look after it.
    watched: bool,
    /// There are monitors.
    monitored: bool,
}

impl Reminding {
    /// One of them is enough to do something: each has somebody to go to.
    fn concerns(&self, reason: Reason) -> bool {
        // Who works on it: the owner, or all of the unit where it has none.
        let works = match reason {
            Reason::Owner => true,
            Reason::Duty | Reason::Unit => !self.owned,
            _ => false,
        };
        match self.due {
            Due::Answer { .. } => reason == Reason::Requester,
            // Monitors; where there is none, first level. Of a restricted ticket both
            // know nothing.
            Due::Unanswered { .. } if !self.watched => works,
            Due::Unanswered { .. } if self.monitored => reason == Reason::Monitor,
            Due::Unanswered { .. } => reason.is_first_level(),
            Due::Date { .. } => works,
            Due::Target(due) => works || (due.late && reason == Reason::Unit),
            Due::Silent { .. } => works || reason == Reason::Site,
            // That it is closed is told as any status is.
            Due::Over { .. } => false,
        }
    }
}

/// Collects one notice a person.
struct Gathering<'a> {
    told: &'a BTreeSet<Told>,
    spam: bool,
    new: bool,
    escalation: u8,
    due: Option<Reminding>,
    every_change: bool,
    people: BTreeMap<PersonId, (Reason, BTreeSet<Told>)>,
}

impl Gathering<'_> {
    fn add(&mut self, person: PersonId, reason: Reason) {
        let kinds: BTreeSet<Told> = self
            .told
            .iter()
            .copied()
            .filter(|told| self.hears(reason, *told))
            .collect();
        if kinds.is_empty() {
            return;
        }
        let entry = self
            .people
            .entry(person)
            .or_insert((reason, BTreeSet::new()));
        entry.0 = entry.0.min(reason);
        entry.1.extend(kinds);
    }

    /// The matrix.
    fn hears(&self, reason: Reason, told: Told) -> bool {
        match reason {
            Reason::Requester | Reason::Cc | Reason::Subscriber if self.spam => false,
            _ if told == Told::Reminded => {
                self.due.as_ref().is_some_and(|due| due.concerns(reason))
            }
            _ if reason.is_unit_side() => true,
            _ if reason.is_first_level() => match told {
                Told::Opened => self.new,
                Told::Reopened => true,
                Told::Escalated => self.escalation >= 2,
                _ => false,
            },
            Reason::Monitor => told == Told::Escalated && self.escalation >= 3,
            Reason::Requester | Reason::Cc => match told {
                Told::Note | Told::Reminded => false,
                Told::Opened | Told::Entry | Told::Asked | Told::Solution => true,
                Told::Assigned | Told::Reopened | Told::Escalated | Told::Fields => {
                    reason == Reason::Cc || self.every_change
                }
            },
            _ => matches!(told, Told::Opened | Told::Entry | Told::Solution),
        }
    }
}
