//! From state and command to events.
//!
//! [`decide`] asks four questions in this order: may the actor do that (who),
//! does the ticket take commands at all (a slave, a merged and a final ticket
//! are read-only), are the command's fields right, and does the status allow
//! it. Then it plays the command through on a working copy, so that each
//! step of a cascade sees what the steps before it did.

mod field;
mod may;
mod merge;
mod offer;
mod open;
mod owner;
mod party;
mod relation;
mod stage;
mod status;

use std::collections::{BTreeMap, BTreeSet};

pub use offer::{Offer, allowed, status_choices};
pub use open::open;

use crate::access::Actor;
use crate::change::Change;
use crate::command::{Command, Refusal};
use crate::id::{Millis, PersonId, PortalId, TicketNumber, UnitId};
use crate::ticket::{RelationKind, Ticket};
use crate::triage::RuleSet;
use stage::Stage;

/// What the rules need to know about a unit that a command names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFacts {
    /// Its id.
    pub id: UnitId,
    /// Its name, for refusals.
    pub name: String,
    /// 1, 2 or 3.
    pub level: i64,
    /// A retired unit takes no tickets.
    pub active: bool,
    /// It triages what is new.
    pub first_level: bool,
    /// It is the own first level of this portal.
    pub portal: Option<PortalId>,
    /// Its members, for ownership.
    pub members: Vec<PersonId>,
}

/// Everything a decision may look at: the ticket, its relatives (and those a
/// command names), the units concerned. [`Scene::missing`] says what still has
/// to be loaded.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// Tickets by number.
    pub tickets: BTreeMap<TicketNumber, Ticket>,
    /// Units by id: the tickets' own and those that the command names.
    pub units: BTreeMap<UnitId, UnitFacts>,
}

impl UnitFacts {
    /// It is first level for what comes by this portal, or by none.
    pub(crate) fn is_first_level_for(&self, portal: Option<PortalId>) -> bool {
        self.first_level || (portal.is_some() && self.portal == portal)
    }
}

/// A change and the ticket it happens to. A command on one ticket may change
/// others (cascades); they are listed in the order in which they happen.
#[derive(Debug, Clone, PartialEq)]
pub struct Caused {
    /// Which ticket.
    pub ticket: TicketNumber,
    /// What.
    pub change: Change,
}

impl Scene {
    /// Lets a change happen in the scene, so that the next decision sees it.
    /// A change of a ticket that is not in the scene is left out.
    pub fn apply(&mut self, caused: &Caused, at: Millis) {
        if let Some(ticket) = Ticket::opened(&caused.change, at) {
            self.tickets.insert(caused.ticket, ticket);
        } else if let Some(ticket) = self.tickets.get_mut(&caused.ticket) {
            ticket.apply(&caused.change, at);
        }
    }

    /// The tickets that deciding this command needs and that are not in the
    /// scene. Load them and ask again, until none is missing: a child that is
    /// solved needs its parent, which needs its other children.
    pub fn missing(&self, ticket: TicketNumber, command: &Command) -> BTreeSet<TicketNumber> {
        let (named, reach) = match command {
            Command::Relate { other, .. } | Command::Unrelate { other, .. } => {
                (Some(*other), Reach::Full)
            }
            Command::MergeInto { target, .. } => (Some(*target), Reach::Alone),
            Command::SplitInto { new, .. } | Command::UndoSplit { new } => {
                (Some(*new), Reach::Alone)
            }
            Command::Unmerge => (
                self.tickets.get(&ticket).and_then(Ticket::merged_into),
                Reach::Alone,
            ),
            Command::Write { .. } => (None, Reach::Slaves),
            Command::Assign { .. }
            | Command::Start
            | Command::Await { .. }
            | Command::Hold { .. }
            | Command::Solve { .. }
            | Command::GiveUp { .. }
            | Command::Reopen { .. }
            | Command::Release => (None, Reach::Full),
            _ => (None, Reach::Alone),
        };
        let mut looking = Looking::new(self);
        looking.at(ticket, reach);
        if let Some(named) = named {
            looking.at(named, reach);
        }
        looking.missing
    }

    /// The same for [`allowed`], which tries every command.
    pub fn missing_for_offers(&self, ticket: TicketNumber) -> BTreeSet<TicketNumber> {
        let mut looking = Looking::new(self);
        looking.at(ticket, Reach::Full);
        if let Some(into) = self.tickets.get(&ticket).and_then(Ticket::merged_into) {
            looking.at(into, Reach::Alone);
        }
        if let Some(ticket) = self.tickets.get(&ticket) {
            for split in &ticket.splits {
                looking.at(split.ticket, Reach::Alone);
            }
        }
        looking.missing
    }
}

/// How far a decision looks beyond a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// At the ticket only.
    Alone,
    /// Up the line of its parents, against circles.
    Ancestors,
    /// At its slaves, which get its public entries.
    Slaves,
    /// As a parent whose child changes: at all its children.
    Parent,
    /// As a slave that is solved with its master: at its children and parent.
    Slave,
    /// At all of its relatives.
    Full,
}

/// The walk of [`Scene::missing`].
struct Looking<'a> {
    scene: &'a Scene,
    seen: BTreeSet<(TicketNumber, Reach)>,
    missing: BTreeSet<TicketNumber>,
}

impl<'a> Looking<'a> {
    fn new(scene: &'a Scene) -> Looking<'a> {
        Looking {
            scene,
            seen: BTreeSet::new(),
            missing: BTreeSet::new(),
        }
    }

    fn at(&mut self, number: TicketNumber, reach: Reach) {
        if !self.seen.insert((number, reach)) {
            return;
        }
        let Some(ticket) = self.scene.tickets.get(&number) else {
            self.missing.insert(number);
            return;
        };
        use RelationKind::{ChildOf, MasterOf, ParentOf, SlaveOf};
        let steps: &[(RelationKind, Reach)] = match reach {
            Reach::Alone => &[],
            Reach::Ancestors => &[(ChildOf, Reach::Ancestors)],
            Reach::Slaves => &[(MasterOf, Reach::Alone)],
            Reach::Parent => &[(ParentOf, Reach::Alone), (ChildOf, Reach::Ancestors)],
            Reach::Slave => &[(ParentOf, Reach::Alone), (ChildOf, Reach::Parent)],
            Reach::Full => &[
                (SlaveOf, Reach::Alone),
                (MasterOf, Reach::Slave),
                (ChildOf, Reach::Parent),
                (ParentOf, Reach::Alone),
            ],
        };
        for (kind, next) in steps {
            for other in ticket.related(*kind) {
                self.at(other, *next);
            }
        }
    }
}

/// What a command on a ticket does, or why it does not happen.
///
/// A command that changes nothing (the value is there already) gives an empty
/// list. Changes of relatives (cascades) come in the order in which they
/// happen; after each of them the scene is as [`Scene::apply`] makes it.
///
/// # Errors
/// [`Refusal`]: what stands in the way and what would be right. Nothing has
/// happened then.
pub fn decide(
    scene: &Scene,
    ticket: TicketNumber,
    command: &Command,
    actor: &Actor,
    rules: &RuleSet,
    now: Millis,
) -> Result<Vec<Caused>, Refusal> {
    let mut stage = Stage::new(scene, actor, rules, now);
    play(&mut stage, ticket, command)?;
    Ok(stage.into_caused())
}

/// Plays one command through.
fn play(stage: &mut Stage<'_>, number: TicketNumber, command: &Command) -> Result<(), Refusal> {
    may::check(stage, number, command)?;
    match command {
        Command::Write { entry, visibility } => status::write(stage, number, *entry, *visibility),
        Command::Assign { unit, reason } => owner::assign(stage, number, *unit, reason.as_deref()),
        Command::SetOwner { owner } => owner::set(stage, number, *owner),
        Command::Start => status::start(stage, number),
        Command::Await { reminder } => status::wait(stage, number, *reminder),
        Command::Hold {
            reason,
            reminder,
            eta,
        } => status::hold(stage, number, reason, *reminder, *eta),
        Command::Solve { text, kind } => status::solve(stage, number, text, *kind),
        Command::GiveUp { reason, kind } => status::give_up(stage, number, reason, *kind),
        Command::Verify => status::verify(stage, number),
        Command::Close => status::close(stage, number),
        Command::Reopen { entry } => status::reopen(stage, number, *entry),
        Command::StillWait => status::still_wait(stage, number),
        Command::Escalate { reason } => status::escalate(stage, number, reason),
        Command::SetAsked(remind) => field::asked(stage, number, remind.as_ref()),
        Command::Remind(due) => status::remind(stage, number, *due),
        Command::TellTargets(due) => status::tell_targets(stage, number, due),
        Command::SetFacts(facts) => field::facts(stage, number, facts),
        Command::ConfirmPriority => field::confirm(stage, number),
        Command::Overrule { priority, reason } => field::overrule(stage, number, *priority, reason),
        Command::WithdrawOverrule => field::withdraw(stage, number),
        Command::SetSubject(subject) => field::subject(stage, number, subject),
        Command::SetIssueType(new) => field::issue_type(stage, number, new.as_ref()),
        Command::SetService(new) => field::service(stage, number, *new),
        Command::NoteMove { old, new } => field::moved(stage, number, *old, *new),
        Command::SetSite(new) => field::site(stage, number, new.as_ref()),
        Command::SetSiteContact { old, new } => party::site_contact(stage, number, *old, *new),
        Command::SetCommunity(new) => field::community(stage, number, new.as_ref()),
        Command::SetSince(new) => field::since(stage, number, *new),
        Command::SetTags(tags) => field::tags(stage, number, tags),
        Command::SetCustom(key, new) => field::custom(stage, number, key, new.as_ref()),
        Command::SetVisibility(new) => field::visibility(stage, number, *new),
        Command::SetTlp(new) => field::tlp(stage, number, *new),
        Command::SetTell(new) => field::tell(stage, number, *new),
        Command::AddParty(party) => party::add(stage, number, *party),
        Command::RemoveParty(party) => party::remove(stage, number, *party),
        Command::Relate { kind, other } => relation::relate(stage, number, *kind, *other),
        Command::Unrelate { kind, other } => relation::unrelate(stage, number, *kind, *other),
        Command::Release => relation::release(stage, number),
        Command::MergeInto { target, entries } => merge::merge(stage, number, *target, entries),
        Command::Unmerge => merge::unmerge(stage, number),
        Command::SplitInto { new, entries } => merge::split(stage, number, *new, entries),
        Command::UndoSplit { new } => merge::undo_split(stage, number, *new),
    }
}
