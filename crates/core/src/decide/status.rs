//! The life of a ticket (domain section 3), with what it does to relatives
//! (section 5).

use crate::access::{Access, Channel};
use crate::change::{Change, EntryFacts};
use crate::command::Refusal;
use crate::decide::owner::open_or;
use crate::decide::relation;
use crate::decide::stage::{Stage, With, invalid, list, said};
use crate::id::{EntryId, Millis, TicketNumber};
use crate::status::Status;
use crate::ticket::{
    EntryVisibility, Hold, RelationKind, Solution, SolutionKind, Ticket, Visibility,
};
use crate::timer::{Due, TargetDue};

/// Writes an entry.
///
/// The requester's side answering a *waiting* ticket brings it back to *in
/// progress* (*assigned*, when nobody owns it). On a solved ticket it is only
/// kept, and somebody owes an answer: reopening is a command of its own. What
/// staff write in public on a master goes to its open slaves.
pub(super) fn write(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    entry: EntryId,
    visibility: EntryVisibility,
) -> Result<(), Refusal> {
    let facts = entry_facts(stage, &stage.access(number)?, entry, visibility);
    let ticket = stage.ticket(number)?;
    let public = visibility == EntryVisibility::Public;
    let answered = public && facts.by_requester && ticket.status == Status::Waiting;
    let to_slaves = public && !facts.by_requester && !facts.automatic;
    stage.emit(number, Change::EntryAdded { entry: facts })?;
    if answered {
        stage.resume(number)?;
    }
    if to_slaves {
        for slave in open_slaves(stage, number)? {
            if may_pass_on(stage.ticket(number)?, stage.ticket(slave)?) {
                stage.emit(
                    slave,
                    Change::MasterEntry {
                        master: number,
                        entry,
                    },
                )?;
            }
        }
    }
    Ok(())
}

/// Whose word an entry is. The requester's stays theirs even when they work on
/// the ticket too; who is Cc and on the support side speaks for the support
/// side. What the desk writes by itself is nobody's answer, unless it only
/// carries a remote system's or a mailing list's word.
fn entry_facts(
    stage: &Stage<'_>,
    access: &Access,
    id: EntryId,
    visibility: EntryVisibility,
) -> EntryFacts {
    EntryFacts {
        id,
        visibility,
        by_requester: access.speaks_for_requester(),
        automatic: access.system && !matches!(stage.actor.channel, Channel::Mail | Channel::Bridge),
    }
}

/// Text of a restricted ticket goes to restricted ones only.
fn may_pass_on(from: &Ticket, to: &Ticket) -> bool {
    from.visibility != Visibility::Restricted || to.visibility == Visibility::Restricted
}

/// *In progress*. A member who starts a ticket that nobody owns takes it.
pub(super) fn start(stage: &mut Stage<'_>, number: TicketNumber) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    if ticket.status == Status::InProgress {
        return Ok(());
    }
    open_or(ticket, "be set in progress")?;
    not_held_by_children(stage, number, "be set in progress")?;
    let ticket = stage.ticket(number)?;
    if ticket.owner.is_none() {
        let unit = stage.unit(ticket.unit);
        let taker = stage
            .actor
            .person
            .filter(|person| unit.is_some_and(|unit| unit.members.contains(person)));
        if taker.is_none() {
            return invalid(
                "owner",
                "somebody of its unit must own a ticket before it can be in progress",
            );
        }
        stage.emit(
            number,
            Change::OwnerSet {
                old: None,
                new: taker,
            },
        )?;
    }
    stage.set_status(number, Status::InProgress, With::default())
}

/// *Waiting for reply* of the requester.
pub(super) fn wait(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    reminder: Option<Millis>,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    open_or(ticket, "wait for a reply")?;
    if ticket.status == Status::Waiting && ticket.reminder == reminder {
        return Ok(());
    }
    not_held_by_children(stage, number, "wait for a reply")?;
    later(stage, "reminder", reminder)?;
    let with = With {
        reminder,
        ..With::default()
    };
    stage.set_status(number, Status::Waiting, with)
}

/// *On hold*, with a public reason.
pub(super) fn hold(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    reason: &str,
    reminder: Option<Millis>,
    eta: Option<Millis>,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    open_or(ticket, "be put on hold")?;
    let text = said("reason", reason, "why it is put on hold; everyone reads it")?.to_owned();
    let with = With {
        hold: Some(Hold::Reason { text }),
        reminder,
        eta,
    };
    let same = ticket.status == Status::OnHold
        && ticket.hold == with.hold
        && ticket.reminder == reminder
        && ticket.eta == eta;
    if same {
        return Ok(());
    }
    not_held_by_children(stage, number, "be put on hold once more")?;
    later(stage, "reminder", reminder)?;
    later(stage, "eta", eta)?;
    stage.set_status(number, Status::OnHold, with)
}

/// A date to come.
fn later(stage: &Stage<'_>, field: &'static str, at: Option<Millis>) -> Result<(), Refusal> {
    if at.is_some_and(|at| at <= stage.now) {
        return invalid(field, "must lie in the future");
    }
    Ok(())
}

/// A parent stays on hold while children are open.
fn not_held_by_children(
    stage: &Stage<'_>,
    number: TicketNumber,
    wish: &str,
) -> Result<(), Refusal> {
    let open = stage.open_children(number)?;
    if open.is_empty() {
        return Ok(());
    }
    let are = if open.len() == 1 { "is" } else { "are" };
    Err(Refusal::Relation(format!(
        "#{number} can not {wish}: {} {are} still open",
        list(&open)
    )))
}

/// *Solved*, with the solution.
pub(super) fn solve(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    text: &str,
    kind: SolutionKind,
) -> Result<(), Refusal> {
    let text = said("solution", text, "what was done")?;
    finish(stage, number, Status::Solved, text, kind, "be solved")
}

/// *Unsolved*, with the reason in place of a solution.
pub(super) fn give_up(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    reason: &str,
    kind: SolutionKind,
) -> Result<(), Refusal> {
    let text = said("reason", reason, "why it is not solved")?;
    finish(
        stage,
        number,
        Status::Unsolved,
        text,
        kind,
        "be set unsolved",
    )
}

fn finish(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    status: Status,
    text: &str,
    kind: SolutionKind,
    wish: &'static str,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    let given = ticket.solution.as_ref();
    if ticket.status == status && given.is_some_and(|s| s.text == text && s.kind == kind) {
        return Ok(());
    }
    if !ticket.status.is_open() {
        return Err(Refusal::Status {
            from: ticket.status,
            wish,
            hint: "reopen it to give another solution".to_owned(),
        });
    }
    not_held_by_children(stage, number, wish)?;
    conclude(stage, number, status, text, kind)
}

/// Gives the solution, to the slaves too, and leaves it in the parent.
fn conclude(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    status: Status,
    text: &str,
    kind: SolutionKind,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    let solution = Solution {
        text: text.to_owned(),
        kind,
        by: stage.actor.person,
        unit: ticket.unit,
        at: stage.now,
    };
    let old = ticket.solution.clone();
    stage.emit(number, Change::SolutionSet { old, new: solution })?;
    stage.set_status(number, status, With::default())?;

    for slave in open_slaves(stage, number)? {
        if !stage.open_children(slave)?.is_empty() {
            // It has work left of its own, so it goes on alone.
            relation::untie(stage, number, RelationKind::MasterOf, slave)?;
            stage.settle(slave)?;
            continue;
        }
        if may_pass_on(stage.ticket(number)?, stage.ticket(slave)?) {
            conclude(stage, slave, status, text, kind)?;
        } else {
            let short = format!("It was handled together with ticket #{number}.");
            conclude(stage, slave, status, &short, kind)?;
        }
    }

    if let Some(parent) = stage.ticket(number)?.parent() {
        let text =
            may_pass_on(stage.ticket(number)?, stage.ticket(parent)?).then(|| text.to_owned());
        stage.emit(
            parent,
            Change::ChildSolved {
                child: number,
                status,
                text,
            },
        )?;
        stage.settle(parent)?;
    }
    Ok(())
}

fn open_slaves(stage: &Stage<'_>, number: TicketNumber) -> Result<Vec<TicketNumber>, Refusal> {
    let mut open = Vec::new();
    for slave in stage.ticket(number)?.related(RelationKind::MasterOf) {
        if stage.ticket(slave)?.status.is_open() {
            open.push(slave);
        }
    }
    Ok(open)
}

/// *Verified*: final.
pub(super) fn verify(stage: &mut Stage<'_>, number: TicketNumber) -> Result<(), Refusal> {
    finalise(stage, number, Status::Verified, "be verified")
}

/// The requester still waits for what the solution promises: it is closed later. Once for a
/// solution, or nothing would ever be closed.
pub(super) fn still_wait(stage: &mut Stage<'_>, number: TicketNumber) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    if !matches!(ticket.status, Status::Solved | Status::Unsolved) {
        return Err(Refusal::Status {
            from: ticket.status,
            wish: "be waited for",
            hint: "that is said about a solution; just answer".to_owned(),
        });
    }
    if ticket.still_waiting.is_some() {
        return Ok(());
    }
    stage.emit(number, Change::StillWaiting)
}

/// *Closed*: final.
pub(super) fn close(stage: &mut Stage<'_>, number: TicketNumber) -> Result<(), Refusal> {
    finalise(stage, number, Status::Closed, "be closed")
}

fn finalise(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    status: Status,
    wish: &'static str,
) -> Result<(), Refusal> {
    let from = stage.ticket(number)?.status;
    if from.is_open() {
        return Err(Refusal::Status {
            from,
            wish,
            hint: "it must be solved or unsolved first".to_owned(),
        });
    }
    stage.set_status(number, status, With::default())
}

/// *Reopened*: by the requester with a comment, by staff to do better.
///
/// A slave is reopened alone: it leaves its master, unless that is open again;
/// then it waits for it once more. An open parent goes on hold; a solved one
/// only takes note.
pub(super) fn reopen(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    entry: Option<EntryId>,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    if ticket.status.is_open() {
        return Err(Refusal::Status {
            from: ticket.status,
            wish: "be reopened",
            hint: "it is still open; just answer".to_owned(),
        });
    }
    let access = stage.access(number)?;
    if entry.is_none() && !access.may_work() {
        return invalid("comment", "must say what is still wrong");
    }
    if let Some(entry) = entry {
        let facts = entry_facts(stage, &access, entry, EntryVisibility::Public);
        stage.emit(number, Change::EntryAdded { entry: facts })?;
    }
    stage.set_status(number, Status::Reopened, With::default())?;
    if let Some(master) = stage.ticket(number)?.master()
        && !stage.ticket(master)?.status.is_open()
    {
        relation::untie(stage, number, RelationKind::SlaveOf, master)?;
    }
    stage.settle(number)?;
    if let Some(parent) = stage.ticket(number)?.parent() {
        if stage.ticket(parent)?.status.is_open() {
            stage.settle(parent)?;
        } else {
            stage.emit(parent, Change::ChildReopened { child: number })?;
        }
    }
    Ok(())
}

/// One step more attention: the unit, then first level too, then monitors too.
pub(super) fn escalate(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    reason: &str,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    open_or(ticket, "be escalated")?;
    let reason = said("reason", reason, "what the matter is")?.to_owned();
    let old = ticket.escalation;
    if old >= 3 {
        return invalid(
            "escalation",
            "the unit, first level and the monitors know already; there is no further step",
        );
    }
    stage.emit(
        number,
        Change::Escalated {
            old,
            new: old + 1,
            reason,
        },
    )
}

/// Time brings something to mind. What was brought to mind, or does not matter any
/// more, changes nothing.
pub(super) fn remind(stage: &mut Stage<'_>, number: TicketNumber, due: Due) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    let waits = ticket.status == Status::Waiting;
    let (times, unanswered) = ticket
        .reminded
        .map_or((0, false), |r| (r.times, r.unanswered));
    let matters = match due {
        Due::Answer { nth, .. } => waits && !unanswered && nth == times.saturating_add(1),
        Due::Unanswered { .. } => waits && !unanswered,
        Due::Date { at } => ticket.status.is_open() && ticket.reminder == Some(at),
        Due::Silent { nth, .. } => ticket
            .silent()
            .is_some_and(|asked| nth == asked.times.saturating_add(1)),
        Due::Over { .. } => matches!(ticket.status, Status::Solved | Status::Unsolved),
        Due::Target(due) => ticket.status.is_open() && !ticket.is_told(&due),
    };
    if !matters {
        return Ok(());
    }
    stage.emit(number, Change::Reminded { due })?;
    match due {
        Due::Over { .. } => close(stage, number),
        _ => Ok(()),
    }
}

/// Time tells of targets. All of it is one event to those who hear of it.
pub(super) fn tell_targets(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    due: &[TargetDue],
) -> Result<(), Refusal> {
    due.iter()
        .try_for_each(|due| remind(stage, number, Due::Target(*due)))
}
