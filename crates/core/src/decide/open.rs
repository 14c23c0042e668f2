//! Opening a ticket.

use std::collections::BTreeSet;

use crate::access::Actor;
use crate::change::{Change, EntryFacts};
use crate::command::{NewTicket, Refusal};
use crate::decide::stage::invalid;
use crate::decide::{Caused, Scene};
use crate::id::Millis;
use crate::status::Status;
use crate::ticket::{EntryVisibility, Party, PartyRole, TicketType, Visibility};
use crate::triage::{Facts, RuleSet, SecurityRisk};

/// A subject may have this many characters.
const LONGEST_SUBJECT: usize = 500;

/// What opening a ticket does, or why it does not happen.
///
/// The scene needs the unit. A ticket that nobody routed starts *new* with first
/// level (that of the portal it comes by, or of the desk); one that was routed to another unit is *assigned* there at once. An
/// imminent security risk makes it restricted.
///
/// # Errors
/// [`Refusal::Invalid`] names the field that is wrong; [`Refusal::Forbidden`]
/// when somebody opens a ticket in another's name without being staff.
pub fn open(
    new: &NewTicket,
    actor: &Actor,
    scene: &Scene,
    rules: &RuleSet,
    _now: Millis,
) -> Result<Vec<Caused>, Refusal> {
    let staff = actor.is_staff();
    if !staff && actor.person != Some(new.requester) {
        return Err(Refusal::Forbidden(
            "only support staff may open a ticket in somebody else's name".to_owned(),
        ));
    }
    check_subject(&new.subject)?;
    check_team(new, actor, staff)?;
    new.facts.check()?;
    let Some(unit) = scene.units.get(&new.unit) else {
        return invalid("unit", "there is no such unit");
    };
    if !unit.active {
        return invalid(
            "unit",
            format!("{} is retired; name its successor, or no unit", unit.name),
        );
    }
    let first_level = unit.is_first_level_for(new.portal);
    if !new.routed && !first_level {
        return invalid(
            "unit",
            "a ticket that nobody routed starts with first level",
        );
    }
    if unit.level >= 3 && !staff {
        return invalid(
            "unit",
            format!(
                "{} is third level and can not be addressed by requesters; leave the unit out and \
                 first level will find it",
                unit.name
            ),
        );
    }

    let visibility = visibility_for(&new.facts, new.visibility);
    let parties = parties(new, actor, staff, visibility)?;
    let mut caused = vec![
        Change::Opened {
            number: new.number,
            ticket_type: new.kind,
            requester: new.requester,
            tell: new.tell,
            parties,
            subject: new.subject.trim().to_owned(),
            facts: new.facts.clone(),
            assessment: rules.assess(&new.facts),
            issue_type: new.issue_type.clone(),
            service: new.service,
            site: new.site.clone(),
            community: new.community.clone(),
            portal: new.portal,
            since: new.since,
            unit: new.unit,
            visibility,
            custom: new.custom.clone(),
        },
        // The description is the requester's word, whoever typed it: somebody
        // owes them an answer.
        Change::EntryAdded {
            entry: EntryFacts {
                id: new.description,
                visibility: EntryVisibility::Public,
                by_requester: true,
                automatic: false,
            },
        },
    ];
    if new.routed && !first_level {
        caused.push(Change::StatusSet {
            old: Status::New,
            new: Status::Assigned,
            hold: None,
            reminder: None,
            eta: None,
        });
    }
    Ok(caused
        .into_iter()
        .map(|change| Caused {
            ticket: new.number,
            change,
        })
        .collect())
}

/// A team ticket names the community whose team it is for; people of the team open one,
/// and staff for them.
fn check_team(new: &NewTicket, actor: &Actor, staff: bool) -> Result<(), Refusal> {
    if new.kind != TicketType::Team {
        return Ok(());
    }
    let Some(community) = &new.community else {
        return invalid(
            "community",
            "a team ticket names the community whose team may edit it",
        );
    };
    if staff || actor.is_of_team(community) {
        return Ok(());
    }
    invalid(
        "community",
        format!(
            "only people who were put into {community} may open a ticket for its team; leave type \
             out, or ask an administrator to put you there"
        ),
    )
}

/// A danger to security now is for those who work on it only.
pub(super) fn visibility_for(facts: &Facts, wanted: Visibility) -> Visibility {
    if facts.security_risk == SecurityRisk::Imminent {
        Visibility::Restricted
    } else {
        wanted
    }
}

/// One line that says something.
pub(super) fn check_subject(subject: &str) -> Result<(), Refusal> {
    if subject.trim().is_empty() {
        return invalid("subject", "must say in one line what it is about");
    }
    if subject.trim().chars().count() > LONGEST_SUBJECT {
        return invalid(
            "subject",
            format!("must have at most {LONGEST_SUBJECT} characters"),
        );
    }
    if subject.trim().chars().any(breaks_line) {
        return invalid(
            "subject",
            "must be a single line, without control characters",
        );
    }
    Ok(())
}

/// Control characters, and the line and paragraph separators of Unicode.
fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The parties from the start: anybody may name Cc and follow themselves, staff
/// anyone. The requester is on the ticket already.
fn parties(
    new: &NewTicket,
    actor: &Actor,
    staff: bool,
    visibility: Visibility,
) -> Result<BTreeSet<Party>, Refusal> {
    let mut parties = BTreeSet::new();
    for party in &new.parties {
        let own = actor.person == Some(party.person);
        match party.role {
            PartyRole::Cc => {}
            PartyRole::Subscriber if own || staff => {}
            PartyRole::Subscriber => {
                return Err(Refusal::Forbidden(
                    "only people themselves decide what they follow".to_owned(),
                ));
            }
            PartyRole::Involved | PartyRole::Site if staff => {
                if party.person == new.requester {
                    return invalid(
                        "parties",
                        "the requester can not be drawn in on the support side",
                    );
                }
            }
            PartyRole::Involved | PartyRole::Site => {
                return Err(Refusal::Forbidden(
                    "only support staff may draw others in".to_owned(),
                ));
            }
        }
        let follower_of_restricted =
            party.role == PartyRole::Subscriber && visibility == Visibility::Restricted;
        if party.person != new.requester && !follower_of_restricted {
            parties.insert(*party);
        }
    }
    // Who asked stays on their side, also as the contact of the site.
    let contact = new.site_contact.filter(|person| *person != new.requester);
    parties.extend(contact.map(|person| Party {
        person,
        role: PartyRole::Site,
    }));
    Ok(parties)
}
