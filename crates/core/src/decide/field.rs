//! The fields of a ticket: triage and classification.

use std::collections::BTreeSet;

use crate::change::Change;
use crate::command::Refusal;
use crate::decide::open::{check_subject, visibility_for};
use crate::decide::stage::{Stage, invalid, said};
use crate::id::{Millis, ServiceId, TicketNumber};
use crate::onboarding::Way;
use crate::ticket::{Overrule, PartyRole, TellRequester, TicketType, Visibility};
use crate::tlp::Tlp;
use crate::triage::{Facts, Priority, SecurityRisk};

/// A ticket may have this many tags.
const MOST_TAGS: usize = 50;
/// A tag may have this many characters.
const LONGEST_TAG: usize = 64;
/// A key (of a site, a community, a type of issue, a custom field) may have
/// this many characters.
const LONGEST_KEY: usize = 200;
/// A time this far ahead is still taken for now.
const CLOCKS_DIFFER: Millis = 10 * 60_000;

/// Other facts give another priority by the rules; an overrule stays.
pub(super) fn facts(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    new: &Facts,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    if ticket.facts == *new {
        return Ok(());
    }
    new.check()?;
    let old = ticket.facts.clone();
    let seen_by = visibility_for(new, ticket.visibility);
    let assessment = stage.rules.assess(new);
    stage.emit(
        number,
        Change::FactsSet {
            old,
            new: new.clone(),
            assessment,
        },
    )?;
    show_to(stage, number, seen_by)
}

/// First level leaves the priority as the rules gave it, knowingly.
pub(super) fn confirm(stage: &mut Stage<'_>, number: TicketNumber) -> Result<(), Refusal> {
    withdraw(stage, number)?;
    if stage.ticket(number)?.priority_confirmed {
        return Ok(());
    }
    stage.emit(number, Change::PriorityConfirmed)
}

/// First level's word against the rules'.
pub(super) fn overrule(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    priority: Priority,
    reason: &str,
) -> Result<(), Refusal> {
    let reason = said(
        "priority_reason",
        reason,
        "why the rules' priority is wrong here",
    )?;
    let old = stage.ticket(number)?.overrule.clone();
    if old
        .as_ref()
        .is_some_and(|o| o.priority == priority && o.reason == reason)
    {
        return Ok(());
    }
    let new = Some(Overrule {
        priority,
        reason: reason.to_owned(),
        by: stage.actor.person,
    });
    stage.emit(number, Change::PriorityOverruled { old, new })
}

/// Back to what the rules give.
pub(super) fn withdraw(stage: &mut Stage<'_>, number: TicketNumber) -> Result<(), Refusal> {
    let old = stage.ticket(number)?.overrule.clone();
    if old.is_none() {
        return Ok(());
    }
    stage.emit(number, Change::PriorityOverruled { old, new: None })
}

/// One of those that a request to many sites made, or none any more.
pub(super) fn asked(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    remind: Option<&Vec<u32>>,
) -> Result<(), Refusal> {
    if let Some(days) = remind {
        crate::campaign::check_reminders(days)?;
    }
    if stage.ticket(number)?.asked.as_ref().map(|a| &a.remind) == remind {
        return Ok(());
    }
    stage.emit(
        number,
        Change::AskedSet {
            remind: remind.cloned(),
        },
    )
}

pub(super) fn subject(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    new: &str,
) -> Result<(), Refusal> {
    check_subject(new)?;
    let old = stage.ticket(number)?.subject.clone();
    let new = new.trim().to_owned();
    if old == new {
        return Ok(());
    }
    stage.emit(number, Change::SubjectSet { old, new })
}

pub(super) fn issue_type(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    new: Option<&String>,
) -> Result<(), Refusal> {
    key("issue_type", new)?;
    let old = stage.ticket(number)?.issue_type.clone();
    if old.as_ref() == new {
        return Ok(());
    }
    let new = new.cloned();
    stage.emit(number, Change::IssueTypeSet { old, new })
}

pub(super) fn service(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    new: Option<ServiceId>,
) -> Result<(), Refusal> {
    let old = stage.ticket(number)?.service;
    if old == new {
        return Ok(());
    }
    stage.emit(number, Change::ServiceSet { old, new })
}

/// The service of a ticket goes another way: the ticket itself stays as it is.
pub(super) fn moved(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    old: Way,
    new: Way,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    match ticket.service {
        Some(service) if old != new && ticket.status.is_open() => {
            stage.emit(number, Change::ServiceMoved { service, old, new })
        }
        _ => Ok(()),
    }
}

pub(super) fn site(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    new: Option<&String>,
) -> Result<(), Refusal> {
    key("site", new)?;
    let old = stage.ticket(number)?.site.clone();
    if old.as_ref() == new {
        return Ok(());
    }
    let new = new.cloned();
    stage.emit(number, Change::SiteSet { old, new })
}

pub(super) fn community(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    new: Option<&String>,
) -> Result<(), Refusal> {
    key("community", new)?;
    let ticket = stage.ticket(number)?;
    let old = ticket.community.clone();
    if old.as_ref() == new {
        return Ok(());
    }
    if new.is_none() && ticket.kind == TicketType::Team {
        return invalid(
            "community",
            "a team ticket names the community whose team may edit it; name another, or set \
             visibility to parties so that the team no longer sees it",
        );
    }
    let new = new.cloned();
    stage.emit(number, Change::CommunitySet { old, new })
}

/// Since when it is so: nobody knows the future, but clocks differ a little.
pub(super) fn since(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    new: Option<Millis>,
) -> Result<(), Refusal> {
    let soon = stage.now.saturating_add(CLOCKS_DIFFER);
    if new.is_some_and(|at| at > soon) {
        return invalid("since", "must be a time that has passed");
    }
    let old = stage.ticket(number)?.since;
    if old == new {
        return Ok(());
    }
    stage.emit(number, Change::SinceSet { old, new })
}

/// A key is not empty, not endless and has no control characters. Whether it is
/// in the catalogue is the caller's to know.
fn key(field: &'static str, key: Option<&String>) -> Result<(), Refusal> {
    let Some(key) = key else { return Ok(()) };
    let length = key.chars().count();
    if key.trim().is_empty() || length > LONGEST_KEY || key.chars().any(char::is_control) {
        return invalid(
            field,
            format!("must be a key of 1 to {LONGEST_KEY} characters, or left out"),
        );
    }
    Ok(())
}

pub(super) fn tags(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    new: &BTreeSet<String>,
) -> Result<(), Refusal> {
    let old = stage.ticket(number)?.tags.clone();
    if old == *new {
        return Ok(());
    }
    if new.len() > MOST_TAGS {
        return invalid("tags", format!("must be at most {MOST_TAGS}"));
    }
    for tag in new {
        let fits = tag.trim() == tag
            && !tag.is_empty()
            && tag.chars().count() <= LONGEST_TAG
            && !tag.chars().any(|c| c.is_control() || c == ',');
        if !fits {
            return invalid(
                "tags",
                format!(
                    "\"{}\" can not be a tag: 1 to {LONGEST_TAG} characters, no comma, no space at \
                     the ends",
                    tag.escape_debug()
                ),
            );
        }
    }
    let new = new.clone();
    stage.emit(number, Change::TagsSet { old, new })
}

/// Sets or removes a custom field. Whether the value has the type of the field
/// is the caller's to know, as the definitions are data.
pub(super) fn custom(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    name: &str,
    new: Option<&serde_json::Value>,
) -> Result<(), Refusal> {
    key("custom", Some(&name.to_owned()))?;
    // No value and null are the same.
    let new = new.filter(|value| !value.is_null()).cloned();
    let old = stage.ticket(number)?.custom.get(name).cloned();
    if old == new {
        return Ok(());
    }
    stage.emit(
        number,
        Change::CustomSet {
            key: name.to_owned(),
            old,
            new,
        },
    )
}

/// Who may see it. A danger to security now stays restricted.
pub(super) fn visibility(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    new: Visibility,
) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    let imminent = ticket.facts.security_risk == SecurityRisk::Imminent;
    if imminent && new != Visibility::Restricted {
        return invalid(
            "visibility",
            "stays restricted while there is a danger to security now; change security_risk first",
        );
    }
    show_to(stage, number, new)
}

/// Sets the visibility. Followers came by their own wish, so a ticket that
/// becomes restricted loses them.
fn show_to(stage: &mut Stage<'_>, number: TicketNumber, new: Visibility) -> Result<(), Refusal> {
    let ticket = stage.ticket(number)?;
    let old = ticket.visibility;
    if old == new {
        return Ok(());
    }
    let followers: Vec<_> = ticket
        .parties
        .iter()
        .filter(|p| new == Visibility::Restricted && p.role == PartyRole::Subscriber)
        .copied()
        .collect();
    stage.emit(number, Change::VisibilitySet { old, new })?;
    for party in followers {
        stage.emit(number, Change::PartyRemoved { party })?;
    }
    Ok(())
}

/// How far a restricted ticket may be passed on.
pub(super) fn tlp(stage: &mut Stage<'_>, number: TicketNumber, new: Tlp) -> Result<(), Refusal> {
    let Some(old) = stage.ticket(number)?.label() else {
        return invalid(
            "tlp",
            "is for restricted tickets; set visibility to restricted first",
        );
    };
    if old == new {
        return Ok(());
    }
    stage.emit(number, Change::TlpSet { old, new })
}

pub(super) fn tell(
    stage: &mut Stage<'_>,
    number: TicketNumber,
    new: TellRequester,
) -> Result<(), Refusal> {
    let old = stage.ticket(number)?.tell;
    if old == new {
        return Ok(());
    }
    stage.emit(number, Change::TellSet { old, new })
}
