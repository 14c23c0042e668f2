//! A ticket's current state. Only [`Ticket::apply`] changes it, so replaying
//! a ticket's events gives the stored state again.

mod kind;

pub use kind::TicketType;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::campaign::Asked;
use crate::change::{Change, EntryFacts};
use crate::id::{EntryId, Millis, PersonId, PortalId, ServiceId, TicketNumber, UnitId};
use crate::status::Status;
use crate::timer::{Reminded, TargetDue, ToldTargets};
use crate::tlp::Tlp;
use crate::triage::{Assessment, Facts, Priority};

/// Who may see a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody of the ticket's community too.
    Community,
    /// The parties and the units concerned.
    #[default]
    Parties,
    /// The requester, those added, and the unit that holds it; nobody else
    /// but administrators. For security.
    Restricted,
}

impl Visibility {
    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            Visibility::Community => "community",
            Visibility::Parties => "parties",
            Visibility::Restricted => "restricted",
        }
    }
}

/// The two diaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryVisibility {
    /// Everyone on the ticket may read it.
    Public,
    /// Never leaves the support side.
    Internal,
}

impl EntryVisibility {
    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            EntryVisibility::Public => "public",
            EntryVisibility::Internal => "internal",
        }
    }
}

/// What somebody who is neither requester nor owner has to do with a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyRole {
    /// Added by the requester: told of everything public.
    Cc,
    /// Follows by their own wish: told of public entries and the solution.
    Subscriber,
    /// Staff drawn in from elsewhere: told as the unit is.
    Involved,
    /// The contact of the site concerned: told as the unit is.
    Site,
}

/// One person's part in a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Party {
    /// Who.
    pub person: PersonId,
    /// As what.
    pub role: PartyRole,
}

/// How much the requester wants to hear (domain section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum TellRequester {
    /// Public entries and the solution.
    #[default]
    OnSolution,
    /// Every change of a field too.
    EveryChange,
}

/// How a ticket was resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum SolutionKind {
    /// The cause is gone.
    #[default]
    Fixed,
    /// The cause stays, there is a way round it.
    Workaround,
    /// It works as designed.
    WorksAsDesigned,
    /// It is another ticket's matter.
    Duplicate,
    /// Not a matter for the desk.
    Invalid,
    /// It will not be done.
    WontFix,
    /// Anything else.
    Other,
}

/// The solution, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solution {
    /// What was done; for *unsolved* why nothing was.
    pub text: String,
    /// Of what kind.
    pub kind: SolutionKind,
    /// Who gave it; `None`: the system.
    pub by: Option<PersonId>,
    /// The unit that held the ticket then; reopening tells it.
    pub unit: UnitId,
    /// When.
    pub at: Millis,
}

/// First level's word against the rules'.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrule {
    /// The priority set by hand.
    pub priority: Priority,
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: Option<PersonId>,
}

/// Why an *on hold* ticket waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Hold {
    /// Staff said so, in public.
    Reason {
        /// The public reason.
        text: String,
    },
    /// It is a slave of this master.
    Master {
        /// The master.
        ticket: TicketNumber,
    },
    /// Children are open.
    Children,
}

/// What a merge took from another ticket, so that it can be put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedFrom {
    /// The ticket that was merged into this one.
    pub ticket: TicketNumber,
    /// The entries that came along.
    pub entries: Vec<EntryId>,
    /// The parties that this ticket does not have of its own.
    pub parties: Vec<Party>,
    /// The other ticket's requester was waiting for an answer, and this one's
    /// was not; cleared by the next public entry.
    #[serde(default)]
    pub raised_reply: bool,
}

/// How a ticket stood before it was merged into another: what un-merge puts
/// back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeMerge {
    /// Its status.
    pub status: Status,
    /// Since when.
    pub status_since: Millis,
    /// Why it was on hold.
    pub hold: Option<Hold>,
    /// When somebody wanted to look at it again.
    pub reminder: Option<Millis>,
    /// When a solution was expected.
    pub eta: Option<Millis>,
    /// When it had been solved or unsolved.
    pub closed_at: Option<Millis>,
    /// Somebody owed an answer.
    pub needs_reply: bool,
    /// What its requester had been reminded of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded: Option<Reminded>,
    /// When its requester had said that they still wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_waiting: Option<Millis>,
    /// The entries that went along.
    pub entries: Vec<EntryId>,
}

/// A ticket that was split off this one, with what undoing that needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitOff {
    /// The new ticket.
    pub ticket: TicketNumber,
    /// The entries that moved there.
    pub entries: Vec<EntryId>,
    /// How many entries the new ticket had of its own then.
    pub own: i64,
}

/// What kind of tie two tickets have (domain section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// The other is this ticket's master.
    SlaveOf,
    /// The other is this ticket's slave.
    MasterOf,
    /// The other is this ticket's parent.
    ChildOf,
    /// The other is this ticket's child.
    ParentOf,
    /// This ticket duplicates the other.
    DuplicateOf,
    /// The other duplicates this ticket.
    DuplicatedBy,
    /// They have to do with each other; symmetric.
    SeeAlso,
    /// This ticket was merged into the other.
    MergedInto,
    /// The other was merged into this ticket.
    MergedFrom,
    /// This ticket was split off the other.
    SplitFrom,
    /// The other was split off this ticket.
    SplitInto,
}

impl RelationKind {
    /// Every kind, in the order of the list above.
    pub const ALL: [RelationKind; 11] = [
        RelationKind::SlaveOf,
        RelationKind::MasterOf,
        RelationKind::ChildOf,
        RelationKind::ParentOf,
        RelationKind::DuplicateOf,
        RelationKind::DuplicatedBy,
        RelationKind::SeeAlso,
        RelationKind::MergedInto,
        RelationKind::MergedFrom,
        RelationKind::SplitFrom,
        RelationKind::SplitInto,
    ];

    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            RelationKind::SlaveOf => "slave_of",
            RelationKind::MasterOf => "master_of",
            RelationKind::ChildOf => "child_of",
            RelationKind::ParentOf => "parent_of",
            RelationKind::DuplicateOf => "duplicate_of",
            RelationKind::DuplicatedBy => "duplicated_by",
            RelationKind::SeeAlso => "see_also",
            RelationKind::MergedInto => "merged_into",
            RelationKind::MergedFrom => "merged_from",
            RelationKind::SplitFrom => "split_from",
            RelationKind::SplitInto => "split_into",
        }
    }

    /// The same tie seen from the other ticket.
    pub fn inverse(self) -> RelationKind {
        match self {
            RelationKind::SlaveOf => RelationKind::MasterOf,
            RelationKind::MasterOf => RelationKind::SlaveOf,
            RelationKind::ChildOf => RelationKind::ParentOf,
            RelationKind::ParentOf => RelationKind::ChildOf,
            RelationKind::DuplicateOf => RelationKind::DuplicatedBy,
            RelationKind::DuplicatedBy => RelationKind::DuplicateOf,
            RelationKind::SeeAlso => RelationKind::SeeAlso,
            RelationKind::MergedInto => RelationKind::MergedFrom,
            RelationKind::MergedFrom => RelationKind::MergedInto,
            RelationKind::SplitFrom => RelationKind::SplitInto,
            RelationKind::SplitInto => RelationKind::SplitFrom,
        }
    }
}

/// One tie of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Relation {
    /// What the other ticket is to this one.
    pub kind: RelationKind,
    /// The other ticket.
    pub ticket: TicketNumber,
}

/// A ticket's current state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Permanent number.
    pub number: TicketNumber,
    /// How many events made this state; the ETag of the ticket.
    pub version: i64,
    /// Why it exists.
    #[serde(rename = "type")]
    pub kind: TicketType,
    /// Who asked.
    pub requester: PersonId,
    /// How much the requester wants to hear.
    pub tell: TellRequester,
    /// Everybody else on it, sorted, without doubles.
    pub parties: BTreeSet<Party>,
    /// One line.
    pub subject: String,
    /// The facts of triage; they carry the category.
    pub facts: Facts,
    /// Type of issue: a key of the category's list.
    pub issue_type: Option<String>,
    /// The service it is about.
    pub service: Option<ServiceId>,
    /// A site's key.
    pub site: Option<String>,
    /// A community's (VO's) key.
    pub community: Option<String>,
    /// The portal it came by, whose first level looks after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<PortalId>,
    /// Since when the requester has the problem.
    pub since: Option<Millis>,
    /// What the rules gave.
    pub assessment: Assessment,
    /// First level has looked at the priority and left it as it is.
    pub priority_confirmed: bool,
    /// First level's word against it.
    pub overrule: Option<Overrule>,
    /// Where it stands.
    pub status: Status,
    /// Since when.
    pub status_since: Millis,
    /// The unit responsible.
    pub unit: UnitId,
    /// Since when it is with this unit.
    pub unit_since: Millis,
    /// Who works on it; a member of the unit.
    pub owner: Option<PersonId>,
    /// The last solution given; kept when reopened, until a new one comes.
    pub solution: Option<Solution>,
    /// Why it is on hold; `Some` exactly when the status is *on hold*.
    pub hold: Option<Hold>,
    /// When to look at it again; on hold and waiting only.
    pub reminder: Option<Millis>,
    /// What was brought to mind while it has been waiting for the requester;
    /// `None` in every other status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded: Option<Reminded>,
    /// When the requester said that what the solution promises has not come yet; `None` in
    /// every status but *solved* and *unsolved*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_waiting: Option<Millis>,
    /// What was told of targets that were nearly used up or missed.
    #[serde(default, skip_serializing_if = "ToldTargets::is_empty")]
    pub told_targets: ToldTargets,
    /// What a request to many sites asks here; `None`: the ticket stands for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// Expected date of a solution; on hold and waiting only.
    pub eta: Option<Millis>,
    /// Free words.
    pub tags: BTreeSet<String>,
    /// Custom fields by key.
    pub custom: BTreeMap<String, serde_json::Value>,
    /// Who may see it.
    pub visibility: Visibility,
    /// How far a restricted ticket may be passed on, when somebody said so; see
    /// [`Ticket::label`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlp: Option<Tlp>,
    /// Ties to other tickets.
    pub relations: BTreeSet<Relation>,
    /// What merges brought in, newest last.
    #[serde(default)]
    pub merged: Vec<MergedFrom>,
    /// How it stood before it was merged into another; `Some` exactly while it
    /// is merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_merge: Option<BeforeMerge>,
    /// What was split off, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<SplitOff>,
    /// How far the requester has escalated: 0 none, 1 unit, 2 + first level,
    /// 3 + monitors.
    pub escalation: u8,
    /// The last public word is the requester's: somebody owes an answer.
    pub needs_reply: bool,
    /// Entries so far, of both diaries.
    pub entries: i64,
    /// When it was opened.
    pub created_at: Millis,
    /// When anything last changed.
    pub updated_at: Millis,
    /// When it was last solved or unsolved; `None` while open.
    pub closed_at: Option<Millis>,
}

impl Ticket {
    /// Everybody named on it, each once, in order of their ids.
    pub fn people(&self) -> Vec<PersonId> {
        let mut ids: Vec<PersonId> = self.parties.iter().map(|p| p.person).collect();
        ids.push(self.requester);
        ids.extend(self.owner);
        ids.extend(self.overrule.as_ref().and_then(|o| o.by));
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The priority in force: the overrule, else what the rules gave.
    pub fn priority(&self) -> Priority {
        self.overrule
            .as_ref()
            .map_or(self.assessment.priority, |o| o.priority)
    }

    /// Why it has that priority, in words.
    pub fn priority_reason(&self) -> &str {
        self.overrule
            .as_ref()
            .map_or(&self.assessment.because, |o| &o.reason)
    }

    /// Its TLP label: restricted tickets have one, *amber* until somebody sets
    /// another; the others have none.
    pub fn label(&self) -> Option<Tlp> {
        (self.visibility == Visibility::Restricted).then(|| self.tlp.unwrap_or_default())
    }

    /// It may be handed to other systems, as far as its label goes.
    pub fn may_cross_bridges(&self) -> bool {
        self.label().is_none_or(Tlp::may_cross_bridges)
    }

    /// The others that stand in this relation to the ticket.
    pub fn related(&self, kind: RelationKind) -> impl Iterator<Item = TicketNumber> + '_ {
        self.relations
            .iter()
            .filter(move |r| r.kind == kind)
            .map(|r| r.ticket)
    }

    /// Its master, when it is a slave.
    pub fn master(&self) -> Option<TicketNumber> {
        self.related(RelationKind::SlaveOf).next()
    }

    /// Its parent, when it is a child.
    pub fn parent(&self) -> Option<TicketNumber> {
        self.related(RelationKind::ChildOf).next()
    }

    /// The ticket it was merged into: it lives on there and is read-only here.
    pub fn merged_into(&self) -> Option<TicketNumber> {
        self.related(RelationKind::MergedInto).next()
    }
}

impl Ticket {
    /// The state after a ticket's first event; `None` when that is not
    /// [`Change::Opened`].
    pub fn opened(change: &Change, at: Millis) -> Option<Ticket> {
        let Change::Opened {
            number,
            ticket_type,
            requester,
            tell,
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
            custom,
        } = change
        else {
            return None;
        };
        Some(Ticket {
            number: *number,
            version: 1,
            kind: *ticket_type,
            requester: *requester,
            tell: *tell,
            parties: parties.clone(),
            subject: subject.clone(),
            facts: facts.clone(),
            issue_type: issue_type.clone(),
            service: *service,
            site: site.clone(),
            community: community.clone(),
            portal: *portal,
            since: *since,
            assessment: assessment.clone(),
            priority_confirmed: false,
            overrule: None,
            status: Status::New,
            status_since: at,
            unit: *unit,
            unit_since: at,
            owner: None,
            solution: None,
            hold: None,
            reminder: None,
            reminded: None,
            still_waiting: None,
            told_targets: ToldTargets::new(),
            asked: None,
            eta: None,
            tags: BTreeSet::new(),
            custom: custom.clone(),
            visibility: *visibility,
            tlp: None,
            relations: BTreeSet::new(),
            merged: Vec::new(),
            before_merge: None,
            splits: Vec::new(),
            escalation: 0,
            needs_reply: false,
            entries: 0,
            created_at: at,
            updated_at: at,
            closed_at: None,
        })
    }

    /// The state after all of a ticket's events, oldest first; `None` when they
    /// do not begin with [`Change::Opened`].
    pub fn replay(events: impl IntoIterator<Item = (Change, Millis)>) -> Option<Ticket> {
        let mut events = events.into_iter();
        let (first, at) = events.next()?;
        let mut ticket = Ticket::opened(&first, at)?;
        for (change, at) in events {
            ticket.apply(&change, at);
        }
        Some(ticket)
    }

    /// Makes a change happen: the only place where a ticket's state changes.
    ///
    /// It does not ask whether the change is right; [`crate::decide()`] did.
    /// A second [`Change::Opened`] changes nothing but version and time.
    pub fn apply(&mut self, change: &Change, at: Millis) {
        self.version += 1;
        self.updated_at = at;
        match change {
            Change::Opened { .. }
            | Change::ServiceMoved { .. }
            | Change::ChildSolved { .. }
            | Change::ChildReopened { .. } => {}
            Change::EntryAdded { entry } => self.add_entry(entry, at),
            Change::MasterEntry { .. } => self.answered(),
            Change::StatusSet {
                old: _,
                new,
                hold,
                reminder,
                eta,
            } => self.set_status(*new, hold.clone(), *reminder, *eta, at),
            Change::UnitSet { new, .. } => {
                self.unit = *new;
                self.unit_since = at;
            }
            Change::OwnerSet { new, .. } => self.owner = *new,
            Change::FactsSet {
                new, assessment, ..
            } => {
                // First level confirmed another priority than this one.
                self.priority_confirmed &= self.assessment.priority == assessment.priority;
                self.facts = new.clone();
                self.assessment = assessment.clone();
            }
            Change::PriorityConfirmed => self.priority_confirmed = true,
            Change::PriorityOverruled { new, .. } => {
                self.overrule = new.clone();
                self.priority_confirmed = false;
            }
            Change::SolutionSet { new, .. } => self.solution = Some(new.clone()),
            Change::SubjectSet { new, .. } => self.subject.clone_from(new),
            Change::IssueTypeSet { new, .. } => self.issue_type.clone_from(new),
            Change::ServiceSet { new, .. } => self.service = *new,
            Change::SiteSet { new, .. } => self.site.clone_from(new),
            Change::CommunitySet { new, .. } => self.community.clone_from(new),
            Change::SinceSet { new, .. } => self.since = *new,
            Change::TagsSet { new, .. } => self.tags.clone_from(new),
            Change::CustomSet { key, new, .. } => {
                match new {
                    Some(value) => self.custom.insert(key.clone(), value.clone()),
                    None => self.custom.remove(key),
                };
            }
            Change::VisibilitySet { new, .. } => self.visibility = *new,
            Change::TlpSet { new, .. } => self.tlp = Some(*new),
            Change::TellSet { new, .. } => self.tell = *new,
            Change::PartyAdded { party } => {
                self.parties.insert(*party);
            }
            Change::PartyRemoved { party } => {
                self.parties.remove(party);
                // Nor are they here by a merge any more, should another bring
                // them again.
                for from in &mut self.merged {
                    from.parties.retain(|p| p != party);
                }
            }
            Change::RelationAdded { relation } => {
                self.relations.insert(*relation);
            }
            Change::RelationRemoved { relation } => {
                self.relations.remove(relation);
            }
            Change::MergedAway { before, .. } => {
                self.entries -= count(&before.entries);
                self.needs_reply = false;
                self.before_merge = Some(before.clone());
            }
            Change::CameBack { before, .. } => {
                self.entries += count(&before.entries);
                self.needs_reply = before.needs_reply;
                self.status_since = before.status_since;
                self.closed_at = before.closed_at;
                self.reminded = before.reminded;
                self.still_waiting = before.still_waiting;
                self.before_merge = None;
            }
            Change::MergedIn { from } => {
                self.entries += count(&from.entries);
                self.parties.extend(from.parties.iter().copied());
                self.needs_reply |= from.raised_reply;
                self.merged.push(from.clone());
            }
            Change::MergeUndone { from } => self.undo_merge(from),
            Change::EntriesMoved { entries, to, own } => match to {
                Some(ticket) => {
                    self.entries -= count(entries);
                    self.splits.push(SplitOff {
                        ticket: *ticket,
                        entries: entries.clone(),
                        own: *own,
                    });
                }
                None => self.entries += count(entries),
            },
            Change::EntriesReturned { entries, from } => match from {
                Some(ticket) => {
                    self.entries += count(entries);
                    self.splits.retain(|split| split.ticket != *ticket);
                }
                None => self.entries -= count(entries),
            },
            Change::Escalated { new, .. } => self.escalation = *new,
            Change::Reminded { due } => self.remind(*due, at),
            Change::AskedSet { remind } => self.set_asked(remind.as_ref(), at),
            Change::StillWaiting => self.still_waiting = Some(at),
        }
    }

    /// Whether that, or more, was told of this run of the clock.
    pub fn is_told(&self, due: &TargetDue) -> bool {
        let told = self.told_targets.get(&due.clock);
        told.is_some_and(|told| told.from == due.from && told.late >= due.late)
    }

    fn add_entry(&mut self, entry: &EntryFacts, at: Millis) {
        self.entries += 1;
        if entry.visibility == EntryVisibility::Internal || entry.automatic {
            return;
        }
        if entry.by_requester {
            // A new question begins the silence anew; one more word does not.
            if let Some(asked) = self.asked.as_mut().filter(|_| !self.needs_reply) {
                *asked = Asked::new(std::mem::take(&mut asked.remind), at);
            }
            self.needs_reply = true;
            self.clear_raised();
        } else {
            self.answered();
        }
    }

    /// Staff have spoken in public.
    fn answered(&mut self) {
        self.needs_reply = false;
        self.clear_raised();
    }

    /// After a new public word it no longer matters which merge brought a
    /// question along.
    fn clear_raised(&mut self) {
        for from in &mut self.merged {
            from.raised_reply = false;
        }
    }

    fn set_status(
        &mut self,
        new: Status,
        hold: Option<Hold>,
        reminder: Option<Millis>,
        eta: Option<Millis>,
        at: Millis,
    ) {
        if new != self.status {
            self.status_since = at;
            self.reminded = None;
            self.still_waiting = None;
        }
        if new.is_open() {
            self.closed_at = None;
        } else if self.status.is_open() {
            self.closed_at = Some(at);
        }
        if matches!(new, Status::Solved | Status::Unsolved) {
            // The solution is the answer.
            self.answered();
        }
        self.status = new;
        self.hold = hold;
        self.reminder = reminder;
        self.eta = eta;
    }

    fn undo_merge(&mut self, from: &MergedFrom) {
        self.entries -= count(&from.entries);
        self.merged.retain(|other| other.ticket != from.ticket);
        for party in &from.parties {
            if !self.merged.iter().any(|m| m.parties.contains(party)) {
                self.parties.remove(party);
            }
        }
        if from.raised_reply && !self.merged.iter().any(|m| m.raised_reply) {
            self.needs_reply = false;
        }
    }
}

fn count(entries: &[EntryId]) -> i64 {
    i64::try_from(entries.len()).unwrap_or(i64::MAX)
}
