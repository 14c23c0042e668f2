//! Who may give which command, and which tickets take commands at all.

use crate::access::{Access, Actor, Channel};
use crate::command::{Command, Refusal};
use crate::decide::stage::Stage;
use crate::id::TicketNumber;
use crate::ticket::{EntryVisibility, PartyRole, RelationKind, Ticket, Visibility};

/// The two questions before a command is played through.
pub(super) fn check(
    stage: &Stage<'_>,
    number: TicketNumber,
    command: &Command,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    let access = stage.access(number)?;
    if !access.may_see() {
        return Err(Refusal::Forbidden("you may not see this ticket".to_owned()));
    }
    if let Err(who) = may(command, &access, ticket, stage.actor) {
        return Err(Refusal::Forbidden(format!("only {who}")));
    }
    stands(command, &access, ticket, stage.actor)
}

const WORKERS: &str = "those who work on this ticket may do that: its owner, its unit, first \
                       level, administrators";

/// Domain sections 1 and 3; the error says who may.
fn may(
    command: &Command,
    access: &Access,
    ticket: &Ticket,
    actor: &Actor,
) -> Result<(), &'static str> {
    let (right, who) = match command {
        Command::Write {
            visibility: EntryVisibility::Public,
            ..
        } => (
            access.may_reply(),
            "the requester, those they added, the team of a team ticket and the support side may \
             answer",
        ),
        Command::Write {
            visibility: EntryVisibility::Internal,
            ..
        } => (
            access.may_note(),
            "the support side may write internal notes",
        ),
        Command::Assign { .. } => (access.may_assign(), WORKERS),
        Command::SetOwner { owner } => {
            if owner.is_some() && *owner == actor.person {
                (
                    access.member || access.may_give_owner(),
                    "members of its unit may take a ticket",
                )
            } else if owner.is_none() {
                (
                    access.owner || access.may_give_owner(),
                    "the owner, the unit's responsible, first level and administrators may take \
                     the owner away",
                )
            } else {
                (
                    access.may_give_owner(),
                    "the unit's responsible, first level and administrators may give a ticket to \
                     somebody else",
                )
            }
        }
        Command::Start => {
            if ticket.owner.is_some() {
                (
                    access.may_start(),
                    "the owner sets a ticket in progress; take it first",
                )
            } else {
                (access.member || access.may_give_owner(), WORKERS)
            }
        }
        Command::Await { .. } | Command::Hold { .. } => (access.may_work(), WORKERS),
        Command::Solve { .. } => (access.may_solve(), WORKERS),
        Command::GiveUp { .. } => (
            access.may_give_up(),
            "those who work on this ticket, and monitors, may set it unsolved",
        ),
        Command::Verify => (
            access.may_verify(),
            "the requester and the team of a team ticket may confirm the solution",
        ),
        Command::StillWait => (
            access.may_verify(),
            "the requester and the team of a team ticket say that they still wait for what the \
             solution promises",
        ),
        Command::Close => (
            access.may_close(),
            "the desk itself closes tickets, 10 working days after the solution, or an \
             administrator",
        ),
        Command::Reopen { .. } => (
            access.may_reopen(),
            "the requester, the team of a team ticket and those who work on this ticket may reopen it",
        ),
        Command::Escalate { .. } => (
            access.may_escalate(),
            "the requester, those they added and the team of a team ticket may escalate",
        ),
        Command::Remind(_) | Command::TellTargets(_) => (
            access.system,
            "the desk itself brings something to mind when its time has come",
        ),
        Command::SetAsked(_) => (
            access.system,
            "a request to many sites makes or lets go what it asks",
        ),
        Command::ConfirmPriority | Command::Overrule { .. } | Command::WithdrawOverrule => (
            access.may_triage(),
            "first level and administrators may confirm or overrule the priority",
        ),
        Command::SetFacts(_)
        | Command::SetSubject(_)
        | Command::SetIssueType(_)
        | Command::SetService(_)
        | Command::SetSite(_)
        | Command::SetSiteContact { .. }
        | Command::SetCommunity(_)
        | Command::SetSince(_)
        | Command::SetTags(_)
        | Command::SetCustom(..)
        | Command::SetVisibility(_)
        | Command::SetTlp(_)
        | Command::MergeInto { .. }
        | Command::SplitInto { .. }
        | Command::UndoSplit { .. }
        | Command::Release => (access.may_work(), WORKERS),
        Command::NoteMove { .. } => (
            access.admin || access.system,
            "administrators let a service go another way",
        ),
        Command::SetTell(_) => (
            access.may_set_tell(),
            "the requester says how much they want to hear",
        ),
        Command::AddParty(party) => match party.role {
            PartyRole::Cc => (
                access.may_work()
                    || access.requester
                    || access.team
                    || ((access.cc || access.involved)
                        && ticket.visibility != Visibility::Restricted),
                "those on the ticket may add somebody; on a restricted one only the requester and \
                 those who work on it",
            ),
            PartyRole::Subscriber => (
                actor.person == Some(party.person) || access.system,
                "people themselves decide what they follow",
            ),
            PartyRole::Involved | PartyRole::Site => (access.may_work(), WORKERS),
        },
        Command::RemoveParty(party) => (
            actor.person == Some(party.person)
                || access.may_work()
                || ((access.requester || access.team) && party.role == PartyRole::Cc),
            "people themselves, the requester or their team (for Cc) and those who work on the ticket \
             may do that",
        ),
        // Who may do these depends on the other ticket too: `relation` and
        // `merge` ask.
        Command::Relate { .. } | Command::Unrelate { .. } | Command::Unmerge => (true, WORKERS),
    };
    if right { Ok(()) } else { Err(who) }
}

/// A merged ticket takes nothing but its un-merge; an open slave and a final
/// ticket take what is harmless, and what frees a slave.
fn stands(
    command: &Command,
    access: &Access,
    ticket: &Ticket,
    actor: &Actor,
) -> Result<(), Refusal> {
    if let Some(into) = ticket.merged_into() {
        if *command == Command::Unmerge {
            return Ok(());
        }
        return Err(Refusal::Relation(format!(
            "#{} was merged into #{into} and lives on there",
            ticket.number
        )));
    }
    if ticket.status.is_final() {
        if harmless(command) {
            return Ok(());
        }
        return Err(Refusal::Status {
            from: ticket.status,
            wish: wish(command),
            hint: format!(
                "that is final; open a new ticket and name #{} in it",
                ticket.number
            ),
        });
    }
    if let Some(master) = open_slave_of(ticket) {
        let let_in = match command {
            Command::Release
            | Command::Unrelate {
                kind: RelationKind::SlaveOf,
                ..
            } => true,
            // Who left the unit owns nothing there, whatever else holds it.
            Command::SetOwner { owner: None } if access.system => true,
            // A mail or a remote answer can not be unsent, so it is kept.
            Command::Write { .. } if access.system => true,
            // Who is the site's contact follows from the site.
            Command::SetSiteContact { .. } if access.system => true,
            // It is a slave of another matter and no longer asked here.
            Command::SetAsked(_) if access.system => true,
            // The desk itself hands on what a retired unit held.
            Command::Assign { .. } if access.system => true,
            Command::Write { .. } if matches!(actor.channel, Channel::Mail | Channel::Bridge) => {
                true
            }
            _ => harmless(command),
        };
        if !let_in {
            return Err(Refusal::Relation(format!(
                "#{} is handled with its master #{master}: work there, or release it first",
                ticket.number
            )));
        }
    }
    Ok(())
}

/// The master of an open slave, which is read-only.
pub(super) fn open_slave_of(ticket: &Ticket) -> Option<TicketNumber> {
    ticket.master().filter(|_| ticket.status.is_open())
}

/// What changes nothing that the requester sees of a finished matter: notes of
/// staff, tags, cross references, following and leaving, and hiding it.
fn harmless(command: &Command) -> bool {
    match command {
        Command::Write { visibility, .. } => *visibility == EntryVisibility::Internal,
        Command::Relate { kind, .. } | Command::Unrelate { kind, .. } => matches!(
            kind,
            RelationKind::SeeAlso | RelationKind::DuplicateOf | RelationKind::DuplicatedBy
        ),
        Command::AddParty(party) => party.role == PartyRole::Subscriber,
        Command::SetVisibility(visibility) => *visibility == Visibility::Restricted,
        Command::SetTags(_)
        | Command::SetTell(_)
        | Command::NoteMove { .. }
        | Command::SetTlp(_)
        | Command::SetAsked(None)
        | Command::RemoveParty(_) => true,
        _ => false,
    }
}

/// The command in "a ticket that is … can not …".
pub(super) fn wish(command: &Command) -> &'static str {
    match command {
        Command::Write { .. } => "get a public entry",
        Command::Assign { .. } => "be given to a unit",
        Command::SetOwner { .. } => "change its owner",
        Command::Start => "be set in progress",
        Command::Await { .. } => "wait for a reply",
        Command::Hold { .. } => "be put on hold",
        Command::Solve { .. } => "be solved",
        Command::GiveUp { .. } => "be set unsolved",
        Command::Verify => "be verified",
        Command::StillWait => "be waited for",
        Command::Close => "be closed",
        Command::Reopen { .. } => "be reopened",
        Command::Escalate { .. } => "be escalated",
        Command::Remind(_) | Command::TellTargets(_) => "be brought to mind",
        Command::ConfirmPriority | Command::Overrule { .. } | Command::WithdrawOverrule => {
            "change its priority"
        }
        Command::AddParty(_) | Command::RemoveParty(_) | Command::SetSiteContact { .. } => {
            "change who is on it"
        }
        Command::Relate { .. } | Command::Unrelate { .. } | Command::Release => {
            "be tied to another ticket"
        }
        Command::MergeInto { .. } => "be merged",
        Command::Unmerge => "be un-merged",
        Command::SplitInto { .. } | Command::UndoSplit { .. } => "be split",
        _ => "be changed",
    }
}
