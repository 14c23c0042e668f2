//! The working copy on which a command is played through.

use std::collections::BTreeMap;

use crate::access::{Access, Actor};
use crate::change::Change;
use crate::command::Refusal;
use crate::decide::{Caused, Scene, UnitFacts};
use crate::id::{Millis, TicketNumber, UnitId};
use crate::status::Status;
use crate::ticket::{Hold, RelationKind, Ticket};
use crate::triage::RuleSet;

/// The scene, what has happened in it so far, and who acts when.
///
/// Only tickets that change are copied, so a decision about one ticket of a
/// large family stays cheap.
pub(super) struct Stage<'a> {
    scene: &'a Scene,
    pub(super) actor: &'a Actor,
    pub(super) rules: &'a RuleSet,
    pub(super) now: Millis,
    changed: BTreeMap<TicketNumber, Ticket>,
    units: BTreeMap<UnitId, UnitFacts>,
    caused: Vec<Caused>,
}

/// The fields that go with a status.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct With {
    pub(super) hold: Option<Hold>,
    pub(super) reminder: Option<Millis>,
    pub(super) eta: Option<Millis>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(
        scene: &'a Scene,
        actor: &'a Actor,
        rules: &'a RuleSet,
        now: Millis,
    ) -> Stage<'a> {
        Stage {
            scene,
            actor,
            rules,
            now,
            changed: BTreeMap::new(),
            units: BTreeMap::new(),
            caused: Vec::new(),
        }
    }

    /// Puts a ticket on the stage that the scene does not have.
    pub(super) fn with_ticket(mut self, ticket: Ticket) -> Stage<'a> {
        self.changed.insert(ticket.number, ticket);
        self
    }

    /// Puts a unit on the stage in place of the scene's.
    pub(super) fn with_unit(mut self, unit: UnitFacts) -> Stage<'a> {
        self.units.insert(unit.id, unit);
        self
    }

    pub(super) fn into_caused(self) -> Vec<Caused> {
        self.caused
    }

    /// A ticket as it is after what has happened so far.
    pub(super) fn ticket(&self, number: TicketNumber) -> Result<&Ticket, Refusal> {
        self.changed
            .get(&number)
            .or_else(|| self.scene.tickets.get(&number))
            .ok_or_else(|| Refusal::Relation(format!("there is no ticket #{number} at hand")))
    }

    /// A unit that can be named; `None` when the scene does not have it.
    pub(super) fn unit(&self, unit: UnitId) -> Option<&UnitFacts> {
        self.units
            .get(&unit)
            .or_else(|| self.scene.units.get(&unit))
    }

    /// What the actor is to a ticket.
    pub(super) fn access(&self, number: TicketNumber) -> Result<Access, Refusal> {
        Ok(Access::of(self.actor, self.ticket(number)?))
    }

    /// The actor works on that ticket.
    pub(super) fn require_work(&self, number: TicketNumber) -> Result<(), Refusal> {
        if self.access(number)?.may_work() {
            return Ok(());
        }
        Err(Refusal::Forbidden(format!(
            "only those who work on #{number} may do that: its unit, first level, administrators"
        )))
    }

    /// The actor sees that ticket. The answer does not tell whether it exists.
    pub(super) fn require_see(&self, number: TicketNumber) -> Result<(), Refusal> {
        if self.access(number)?.may_see() {
            return Ok(());
        }
        Err(Refusal::Relation(format!(
            "there is no ticket #{number} at hand"
        )))
    }

    /// Makes a change happen.
    pub(super) fn emit(&mut self, number: TicketNumber, change: Change) -> Result<(), Refusal> {
        if !self.changed.contains_key(&number) {
            let copy = self.ticket(number)?.clone();
            self.changed.insert(number, copy);
        }
        if let Some(ticket) = self.changed.get_mut(&number) {
            ticket.apply(&change, self.now);
        }
        self.caused.push(Caused {
            ticket: number,
            change,
        });
        Ok(())
    }

    /// Sets a status and what goes with it; nothing happens when all of that is
    /// so already.
    pub(super) fn set_status(
        &mut self,
        number: TicketNumber,
        new: Status,
        with: With,
    ) -> Result<(), Refusal> {
        let ticket = self.ticket(number)?;
        let old = ticket.status;
        let same = old == new
            && ticket.hold == with.hold
            && ticket.reminder == with.reminder
            && ticket.eta == with.eta;
        if same {
            return Ok(());
        }
        self.emit(
            number,
            Change::StatusSet {
                old,
                new,
                hold: with.hold,
                reminder: with.reminder,
                eta: with.eta,
            },
        )
    }

    /// *In progress* when somebody owns it, else *assigned*: where a ticket goes
    /// that is free again.
    pub(super) fn resume(&mut self, number: TicketNumber) -> Result<(), Refusal> {
        let status = if self.ticket(number)?.owner.is_some() {
            Status::InProgress
        } else {
            Status::Assigned
        };
        self.set_status(number, status, With::default())
    }

    /// The children that are not solved or unsolved yet.
    pub(super) fn open_children(&self, number: TicketNumber) -> Result<Vec<TicketNumber>, Refusal> {
        let mut open = Vec::new();
        for child in self.ticket(number)?.related(RelationKind::ParentOf) {
            if self.ticket(child)?.status.is_open() {
                open.push(child);
            }
        }
        Ok(open)
    }

    /// Brings *on hold* in line with the ticket's ties, after a tie or the
    /// status of a relative changed: an open slave is on hold for its master, an
    /// open parent for its open children; without either it resumes.
    pub(super) fn settle(&mut self, number: TicketNumber) -> Result<(), Refusal> {
        let ticket = self.ticket(number)?;
        if !ticket.status.is_open() {
            return Ok(());
        }
        let tied = match ticket.master() {
            Some(master) => Some(Hold::Master { ticket: master }),
            None if !self.open_children(number)?.is_empty() => Some(Hold::Children),
            None => None,
        };
        match (tied, &self.ticket(number)?.hold) {
            (Some(hold), Some(now)) if *now == hold => Ok(()),
            (Some(hold), _) => self.set_status(
                number,
                Status::OnHold,
                With {
                    hold: Some(hold),
                    ..With::default()
                },
            ),
            (None, Some(Hold::Master { .. } | Hold::Children)) => self.resume(number),
            (None, _) => Ok(()),
        }
    }
}

/// `#3` or `#3, #4 and #5`, for sentences.
pub(super) fn list(tickets: &[TicketNumber]) -> String {
    let names: Vec<String> = tickets.iter().map(|t| format!("#{t}")).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A refusal that names a field as the API does.
pub(super) fn invalid<T>(field: &'static str, problem: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Invalid {
        field,
        problem: problem.into(),
    })
}

/// A text that must say something.
pub(super) fn said<'t>(field: &'static str, text: &'t str, what: &str) -> Result<&'t str, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return invalid(field, format!("must say {what}"));
    }
    Ok(text)
}
