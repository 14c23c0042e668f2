//! What an actor can do on a ticket right now, so that pages show only what
//! works. There is no second table of rights here: each offer is a command that
//! is tried with the rules of [`crate::decide`] and thrown away.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Actor;
use crate::command::{Command, Refusal};
use crate::decide::stage::Stage;
use crate::decide::{Scene, UnitFacts, play};
use crate::id::{EntryId, Millis, PersonId, TicketNumber, UnitId};
use crate::status::Status;
use crate::ticket::{
    EntryVisibility, Party, PartyRole, RelationKind, SolutionKind, TellRequester, Ticket,
    Visibility,
};
use crate::triage::{Facts, Priority, RuleSet};

/// Something to do on a ticket, as a page offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// Write a public entry.
    Reply,
    /// Write an internal note.
    Note,
    /// Become the owner.
    Take,
    /// Give it to another member of the unit.
    GiveOwner,
    /// Take the owner away.
    DropOwner,
    /// Hand it to a unit.
    Assign,
    /// Set it *in progress*.
    Start,
    /// Set it *waiting for reply*.
    Await,
    /// Put it *on hold*.
    Hold,
    /// Set it *solved*.
    Solve,
    /// Set it *unsolved*.
    GiveUp,
    /// Set it *verified*.
    Verify,
    /// Set it *closed*.
    Close,
    /// Set it *reopened*.
    Reopen,
    /// Ask for more attention.
    Escalate,
    /// Change the facts of triage.
    SetFacts,
    /// Confirm the priority.
    ConfirmPriority,
    /// Overrule the priority.
    Overrule,
    /// Take the overrule back.
    WithdrawOverrule,
    /// Change subject, type of issue, service, site, community, custom fields.
    Classify,
    /// Change the tags.
    SetTags,
    /// Change who may see it.
    SetVisibility,
    /// Change how much the requester wants to hear.
    SetTell,
    /// Add a Cc.
    AddCc,
    /// Draw others in, or a site.
    Involve,
    /// Follow it.
    Follow,
    /// Follow it no more.
    Unfollow,
    /// Name another ticket.
    SeeAlso,
    /// Make it the slave of another.
    BecomeSlave,
    /// Make it the master of another.
    BecomeMaster,
    /// Give it a child.
    AddChild,
    /// Free it from its master, or its slaves.
    Release,
    /// Merge it into another.
    Merge,
    /// Undo its merge.
    Unmerge,
    /// Split entries off.
    Split,
    /// Undo a split.
    UndoSplit,
}

impl Offer {
    /// Every offer, in the order of the list above.
    pub const ALL: [Offer; 36] = [
        Offer::Reply,
        Offer::Note,
        Offer::Take,
        Offer::GiveOwner,
        Offer::DropOwner,
        Offer::Assign,
        Offer::Start,
        Offer::Await,
        Offer::Hold,
        Offer::Solve,
        Offer::GiveUp,
        Offer::Verify,
        Offer::Close,
        Offer::Reopen,
        Offer::Escalate,
        Offer::SetFacts,
        Offer::ConfirmPriority,
        Offer::Overrule,
        Offer::WithdrawOverrule,
        Offer::Classify,
        Offer::SetTags,
        Offer::SetVisibility,
        Offer::SetTell,
        Offer::AddCc,
        Offer::Involve,
        Offer::Follow,
        Offer::Unfollow,
        Offer::SeeAlso,
        Offer::BecomeSlave,
        Offer::BecomeMaster,
        Offer::AddChild,
        Offer::Release,
        Offer::Merge,
        Offer::Unmerge,
        Offer::Split,
        Offer::UndoSplit,
    ];

    /// The status a ticket has after it, for the menu of statuses.
    pub fn status(self) -> Option<Status> {
        match self {
            Offer::Start => Some(Status::InProgress),
            Offer::Await => Some(Status::Waiting),
            Offer::Hold => Some(Status::OnHold),
            Offer::Solve => Some(Status::Solved),
            Offer::GiveUp => Some(Status::Unsolved),
            Offer::Verify => Some(Status::Verified),
            Offer::Close => Some(Status::Closed),
            Offer::Reopen => Some(Status::Reopened),
            _ => None,
        }
    }
}

/// What this actor can do on this ticket now. The scene needs what
/// [`Scene::missing_for_offers`] names. Nothing is offered on a ticket that is
/// not in the scene.
///
/// An offer says that some command of its kind would change something: whether
/// the text, the unit or the other ticket that is then named fits is decided
/// when it is named.
pub fn allowed(scene: &Scene, ticket: TicketNumber, actor: &Actor, now: Millis) -> BTreeSet<Offer> {
    let Some(state) = scene.tickets.get(&ticket) else {
        return BTreeSet::new();
    };
    let rules = RuleSet::shipped();
    let trial = Trial {
        scene,
        ticket: state,
        actor,
        rules: &rules,
        now,
    };
    Offer::ALL
        .into_iter()
        .filter(|offer| trial.works(*offer))
        .collect()
}

/// The statuses this actor can choose for this ticket now, without the one it
/// has. *New* and *assigned* are never chosen.
pub fn status_choices(
    scene: &Scene,
    ticket: TicketNumber,
    actor: &Actor,
    now: Millis,
) -> Vec<Status> {
    let now_in = scene.tickets.get(&ticket).map(|t| t.status);
    let offers = allowed(scene, ticket, actor, now);
    Status::ALL
        .into_iter()
        .filter(|status| Some(*status) != now_in)
        .filter(|status| offers.iter().any(|o| o.status() == Some(*status)))
        .collect()
}

/// The other ticket, unit, person and entry of a trial; no real one has these.
const OTHER: TicketNumber = TicketNumber(i64::MIN);
const SOMEBODY: PersonId = PersonId(Uuid::nil());
const SOMEWHERE: UnitId = UnitId(Uuid::nil());
const SOMETHING: EntryId = EntryId(Uuid::nil());

struct Trial<'a> {
    scene: &'a Scene,
    ticket: &'a Ticket,
    actor: &'a Actor,
    rules: &'a RuleSet,
    now: Millis,
}

impl Trial<'_> {
    fn works(&self, offer: Offer) -> bool {
        self.commands(offer)
            .iter()
            .any(|command| matches!(self.play(command), Ok(true)))
    }

    /// Plays a command with a stand-in for what it names; whether it changes
    /// anything.
    fn play(&self, command: &Command) -> Result<bool, Refusal> {
        let mut stage = Stage::new(self.scene, self.actor, self.rules, self.now);
        match command {
            Command::Assign { .. } => stage = stage.with_unit(self.unit(SOMEWHERE)),
            Command::SetOwner { .. } => stage = stage.with_unit(self.unit(self.ticket.unit)),
            Command::Relate { .. } | Command::MergeInto { .. } | Command::SplitInto { .. } => {
                stage = stage.with_ticket(self.other());
            }
            _ => {}
        }
        play(&mut stage, self.ticket.number, command)?;
        Ok(!stage.into_caused().is_empty())
    }

    /// The unit as the scene has it, with one more member to give the ticket to.
    fn unit(&self, id: UnitId) -> UnitFacts {
        let mut unit = self
            .scene
            .units
            .get(&id)
            .cloned()
            .unwrap_or_else(|| UnitFacts {
                id,
                name: String::new(),
                level: 2,
                active: true,
                first_level: false,
                portal: None,
                members: Vec::new(),
            });
        unit.members.push(SOMEBODY);
        unit
    }

    /// Another ticket to which the actor is the same as to this one, without
    /// any history.
    fn other(&self) -> Ticket {
        let mut other = self.ticket.clone();
        other.number = OTHER;
        other.status = Status::Assigned;
        other.owner = None;
        other.hold = None;
        other.relations.clear();
        other.merged.clear();
        other.splits.clear();
        other.before_merge = None;
        other.entries = 1;
        other
    }

    /// Commands of the kind that would change something; any of them that works
    /// makes the offer.
    fn commands(&self, offer: Offer) -> Vec<Command> {
        let ticket = self.ticket;
        let words = || "…".to_owned();
        let party = |person, role| Party { person, role };
        let relate = |kind| Command::Relate { kind, other: OTHER };
        let one = match offer {
            Offer::Reply => Command::Write {
                entry: SOMETHING,
                visibility: EntryVisibility::Public,
            },
            Offer::Note => Command::Write {
                entry: SOMETHING,
                visibility: EntryVisibility::Internal,
            },
            Offer::Take => match self.actor.person {
                Some(person) => Command::SetOwner {
                    owner: Some(person),
                },
                None => return Vec::new(),
            },
            Offer::GiveOwner => Command::SetOwner {
                owner: Some(SOMEBODY),
            },
            Offer::DropOwner => Command::SetOwner { owner: None },
            Offer::Assign => Command::Assign {
                unit: SOMEWHERE,
                reason: Some(words()),
            },
            Offer::Start => Command::Start,
            Offer::Await => Command::Await {
                reminder: self.another_day(),
            },
            Offer::Hold => Command::Hold {
                reason: words(),
                reminder: self.another_day(),
                eta: None,
            },
            Offer::Solve => Command::Solve {
                text: words(),
                kind: SolutionKind::Other,
            },
            Offer::GiveUp => Command::GiveUp {
                reason: words(),
                kind: SolutionKind::Other,
            },
            Offer::Verify => Command::Verify,
            Offer::Close => Command::Close,
            Offer::Reopen => Command::Reopen {
                entry: Some(SOMETHING),
            },
            Offer::Escalate => Command::Escalate { reason: words() },
            Offer::SetFacts => {
                let users = ticket.facts.affected_users;
                Command::SetFacts(Facts {
                    affected_users: if users > 1 { users - 1 } else { 2 },
                    ..ticket.facts.clone()
                })
            }
            Offer::ConfirmPriority => Command::ConfirmPriority,
            Offer::Overrule => Command::Overrule {
                priority: match ticket.priority() {
                    Priority::Top => Priority::Low,
                    lower => lower.one_more(),
                },
                reason: words(),
            },
            Offer::WithdrawOverrule => Command::WithdrawOverrule,
            Offer::Classify => Command::SetSubject(format!("{}…", ticket.number)),
            Offer::SetTags => {
                // Taking one away too: a ticket may have as many as it can.
                let mut tags = ticket.tags.clone();
                if tags.pop_first().is_none() {
                    tags.insert(words());
                }
                Command::SetTags(tags)
            }
            Offer::SetVisibility => {
                return [
                    Visibility::Restricted,
                    Visibility::Parties,
                    Visibility::Community,
                ]
                .into_iter()
                .map(Command::SetVisibility)
                .collect();
            }
            Offer::SetTell => Command::SetTell(match ticket.tell {
                TellRequester::OnSolution => TellRequester::EveryChange,
                TellRequester::EveryChange => TellRequester::OnSolution,
            }),
            Offer::AddCc => Command::AddParty(party(SOMEBODY, PartyRole::Cc)),
            Offer::Involve => Command::AddParty(party(SOMEBODY, PartyRole::Involved)),
            Offer::Follow => match self.actor.person {
                Some(person) => Command::AddParty(party(person, PartyRole::Subscriber)),
                None => return Vec::new(),
            },
            Offer::Unfollow => match self.actor.person {
                Some(person) => Command::RemoveParty(party(person, PartyRole::Subscriber)),
                None => return Vec::new(),
            },
            Offer::SeeAlso => relate(RelationKind::SeeAlso),
            Offer::BecomeSlave => relate(RelationKind::SlaveOf),
            Offer::BecomeMaster => relate(RelationKind::MasterOf),
            Offer::AddChild => relate(RelationKind::ParentOf),
            Offer::Release => Command::Release,
            Offer::Merge => Command::MergeInto {
                target: OTHER,
                entries: (0..u128::try_from(ticket.entries).unwrap_or(0))
                    .map(|n| EntryId(Uuid::from_u128(n)))
                    .collect(),
            },
            Offer::Unmerge => Command::Unmerge,
            Offer::Split => Command::SplitInto {
                new: OTHER,
                entries: vec![SOMETHING],
            },
            Offer::UndoSplit => {
                return ticket
                    .splits
                    .iter()
                    .map(|split| Command::UndoSplit { new: split.ticket })
                    .collect();
            }
        };
        vec![one]
    }

    /// A date to come that is not the reminder's.
    fn another_day(&self) -> Option<Millis> {
        let day = self.now.saturating_add(86_400_000);
        Some(if self.ticket.reminder == Some(day) {
            day.saturating_add(1)
        } else {
            day
        })
    }
}
