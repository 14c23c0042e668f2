//! A change as it is asked for: names and words, not ids and commands.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_core::{
    Actor, Command, EntryVisibility, Millis, PersonId, Priority, SecurityRisk, SolutionKind,
    Status, TellRequester, TicketNumber, TicketType, Tlp, Visibility,
};

use crate::account::address;
use crate::act::{EntryDraft, Step};
use crate::{Desk, Error};

/// What is to be changed of a ticket; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Patch {
    /// Another subject.
    pub subject: Option<String>,
    /// Another status; what goes with it stands in the fields below.
    pub status: Option<Status>,
    /// For solved and unsolved: the text.
    pub solution: Option<String>,
    /// For solved and unsolved: of what kind.
    pub solution_kind: Option<SolutionKind>,
    /// Why: for on hold, another priority, another unit.
    pub reason: Option<String>,
    /// For reopened: the comment.
    pub comment: Option<String>,
    /// For waiting and on hold: when to look again.
    pub reminder: Option<Millis>,
    /// For on hold: when a solution is expected.
    pub eta: Option<Millis>,
    /// Another priority than the rules give; needs `reason`. `Some(None)`: back
    /// to what the rules give.
    pub priority: Option<Option<Priority>>,
    /// Leave the priority as the rules give it.
    pub priority_confirmed: bool,
    /// A unit's name or key.
    pub unit: Option<String>,
    /// An owner's mail address; `Some(None)`: nobody.
    pub owner: Option<Option<String>>,
    /// A service's name or key; `Some(None)`: none.
    pub service: Option<Option<String>>,
    /// A category's key.
    pub category: Option<String>,
    /// A type of issue's key; `Some(None)`: none.
    pub issue_type: Option<Option<String>>,
    /// How many people are affected.
    pub affected_users: Option<u32>,
    /// A service is degraded.
    pub degrades_service: Option<bool>,
    /// How far security is at stake.
    pub security_risk: Option<SecurityRisk>,
    /// A site's key; `Some(None)`: none.
    pub site: Option<Option<String>>,
    /// A community's key; `Some(None)`: none.
    pub community: Option<Option<String>>,
    /// Since when it is so; `Some(None)`: not known.
    pub since: Option<Option<Millis>>,
    /// All tags.
    pub tags: Option<BTreeSet<String>>,
    /// Custom fields to set (or, with null, remove).
    pub custom: BTreeMap<String, serde_json::Value>,
    /// Who may see it.
    pub visibility: Option<Visibility>,
    /// How far it may be passed on; on restricted tickets.
    pub tlp: Option<Tlp>,
    /// How much the requester wants to hear.
    pub tell: Option<TellRequester>,
    /// A note for the unit, internal.
    pub note: Option<String>,
}

impl Desk {
    /// Changes a ticket as asked for and returns its version. The order is
    /// facts, priority, unit, owner, note, status, whatever the order of the
    /// request.
    ///
    /// # Errors
    /// As [`Desk::act`]; names that are unknown are named with their field.
    pub async fn change(
        &self,
        actor: &Actor,
        number: TicketNumber,
        expected: Option<i64>,
        patch: Patch,
    ) -> Result<i64, Error> {
        let steps = self.steps(actor, number, patch).await?;
        self.act(actor, number, expected, steps).await
    }

    async fn steps(
        &self,
        actor: &Actor,
        number: TicketNumber,
        patch: Patch,
    ) -> Result<Vec<Step>, Error> {
        let catalogue = self.catalogue().await?;
        // Read as the actor: what they may not see, they can not probe.
        let ticket = self.ticket(actor, number).await?.state;
        let mut steps = Vec::new();
        let mut command = |c: Command| steps.push(Step::Command(c));
        if let Some(subject) = patch.subject {
            command(Command::SetSubject(crate::open::one_line(&subject)));
        }
        let mut facts = ticket.facts.clone();
        if let Some(category) = patch.category {
            catalogue.check_category(&category)?;
            facts.category = category;
        }
        facts.affected_users = patch.affected_users.unwrap_or(facts.affected_users);
        facts.degrades_service = patch.degrades_service.unwrap_or(facts.degrades_service);
        facts.security_risk = patch.security_risk.unwrap_or(facts.security_risk);
        let category = facts.category.clone();
        if facts != ticket.facts {
            command(Command::SetFacts(facts));
        }
        if let Some(issue_type) = patch.issue_type {
            if let Some(key) = &issue_type {
                catalogue.check_issue_type(actor, &category, key)?;
            }
            command(Command::SetIssueType(issue_type));
        }
        if let Some(service) = patch.service {
            let id = match service {
                Some(name) => Some(catalogue.find_service("service", &name)?.id),
                None => None,
            };
            command(Command::SetService(id));
        }
        if let Some(site) = patch.site {
            let site = match site {
                Some(name) => Some(catalogue.site_key("site", &name)?),
                None => None,
            };
            let contact = |key: &Option<String>| key.as_ref().and_then(|k| catalogue.contact_of(k));
            let (old, new) = (contact(&ticket.site), contact(&site));
            let other = site != ticket.site;
            command(Command::SetSite(site));
            if other {
                command(Command::SetSiteContact { old, new });
            }
        }
        if let Some(named) = patch.community {
            // What it has already stays, also when it was retired since.
            let community = match named {
                Some(name) if ticket.community.as_ref() == Some(&name) => Some(name),
                Some(name) => {
                    let key = &catalogue.find_community("community", &name)?.key;
                    if ticket.kind == TicketType::Team {
                        catalogue.check_team("community", Some(key))?;
                    }
                    Some(key.clone())
                }
                None => None,
            };
            command(Command::SetCommunity(community));
        }
        if let Some(since) = patch.since {
            command(Command::SetSince(since));
        }
        if let Some(tags) = patch.tags {
            command(Command::SetTags(check_tags(tags)?));
        }
        if !patch.custom.is_empty() {
            let form = ticket
                .service
                .and_then(|id| catalogue.service(id))
                .map_or(&[][..], |s| &s.doc.form);
            switchboard_core::form::check_changed(form, &patch.custom)?;
            for (key, value) in patch.custom {
                command(Command::SetCustom(key, (!value.is_null()).then_some(value)));
            }
        }
        if let Some(visibility) = patch.visibility {
            command(Command::SetVisibility(visibility));
        }
        if let Some(tlp) = patch.tlp {
            command(Command::SetTlp(tlp));
        }
        if let Some(tell) = patch.tell {
            command(Command::SetTell(tell));
        }
        match patch.priority {
            Some(Some(priority)) if priority != ticket.priority() => {
                let reason = patch.reason.clone().unwrap_or_default();
                command(Command::Overrule { priority, reason });
            }
            Some(Some(_)) => command(Command::ConfirmPriority),
            Some(None) => command(Command::WithdrawOverrule),
            None => {}
        }
        if patch.priority_confirmed && !matches!(patch.priority, Some(Some(_))) {
            command(Command::ConfirmPriority);
        }
        if let Some(name) = patch.unit {
            command(Command::Assign {
                unit: catalogue.find_unit("unit", &name)?.id,
                reason: patch.reason.clone(),
            });
        }
        if let Some(owner) = patch.owner {
            let owner = match owner {
                Some(email) => Some(self.owner(&email).await?),
                None => None,
            };
            command(Command::SetOwner { owner });
        }
        if let Some(note) = patch.note.filter(|n| !n.trim().is_empty()) {
            steps.push(Step::Write(EntryVisibility::Internal, draft(note)));
        }
        if let Some(status) = patch.status
            && (status != ticket.status || patch.solution.is_some() || patch.comment.is_some())
        {
            steps.push(status_step(
                status,
                patch.solution,
                patch.solution_kind.unwrap_or_default(),
                patch.reason,
                patch.comment,
                patch.reminder,
                patch.eta,
            )?);
        } else if patch.solution.is_some() {
            return Err(Error::invalid(
                "solution",
                "goes with status solved or unsolved; send both",
            ));
        }
        Ok(steps)
    }

    async fn owner(&self, email: &str) -> Result<PersonId, Error> {
        let address = address("owner", email)?;
        self.0
            .db
            .read(move |c| {
                store::person::by_email(c, address.as_str())?
                    .map(|p| p.id)
                    .ok_or_else(|| {
                        Error::invalid("owner", format!("nobody has the address {address}"))
                    })
            })
            .await
    }
}

fn draft(body: String) -> EntryDraft {
    EntryDraft {
        body,
        ..EntryDraft::default()
    }
}

pub(crate) fn check_tags(tags: BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
    let tags: BTreeSet<String> = tags.into_iter().map(|t| t.trim().to_lowercase()).collect();
    if tags.len() > 50 {
        return Err(Error::invalid("tags", "takes at most 50 tags"));
    }
    if let Some(wrong) = tags.iter().find(|t| {
        t.is_empty() || t.chars().count() > 60 || t.chars().any(|c| c.is_control() || c == '"')
    }) {
        return Err(Error::invalid(
            "tags",
            format!("{wrong:?}: a tag has 1 to 60 characters, none of them a quote or control"),
        ));
    }
    Ok(tags)
}

fn status_step(
    status: Status,
    solution: Option<String>,
    kind: SolutionKind,
    reason: Option<String>,
    comment: Option<String>,
    reminder: Option<Millis>,
    eta: Option<Millis>,
) -> Result<Step, Error> {
    let needed = |text: Option<String>, field: &str, why: &str| {
        text.filter(|t| !t.trim().is_empty())
            .ok_or_else(|| Error::invalid(field, why))
    };
    Ok(match status {
        Status::New | Status::Assigned => {
            return Err(Error::invalid(
                "status",
                format!(
                    "{} is set by the desk itself; use in_progress, waiting, on_hold, solved, \
                     unsolved, verified, closed or reopened",
                    status.key()
                ),
            ));
        }
        Status::InProgress => Step::Command(Command::Start),
        Status::Waiting => Step::Command(Command::Await { reminder }),
        Status::OnHold => Step::Command(Command::Hold {
            reason: needed(
                reason,
                "reason",
                "say why it is put on hold; the requester reads it",
            )?,
            reminder,
            eta,
        }),
        Status::Solved => Step::Solve(
            kind,
            draft(needed(
                solution,
                "solution",
                "say what was done to solve it",
            )?),
        ),
        Status::Unsolved => Step::GiveUp(
            kind,
            draft(needed(
                solution.or(reason),
                "solution",
                "say why it can not be solved",
            )?),
        ),
        Status::Verified => Step::Command(Command::Verify),
        Status::Closed => Step::Command(Command::Close),
        Status::Reopened => Step::Reopen(comment.map(draft)),
    })
}
