//! Who somebody is to a ticket, and what that allows.
//!
//! Rights follow the person's relation to the ticket, not a global role alone
//! (domain section 1).

use serde::{Deserialize, Serialize};

use crate::id::{PersonId, PortalId, UnitId};
use crate::ticket::{EntryVisibility, PartyRole, Ticket, TicketType, Visibility};

/// Through which door a change came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A page.
    Web,
    /// The REST API.
    Api,
    /// A mail.
    Mail,
    /// Another helpdesk.
    Bridge,
    /// A job of the desk itself: timers, cascades.
    Job,
    /// The command line.
    Cli,
}

impl Channel {
    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            Channel::Web => "web",
            Channel::Api => "api",
            Channel::Mail => "mail",
            Channel::Bridge => "bridge",
            Channel::Job => "job",
            Channel::Cli => "cli",
        }
    }
}

/// A member's part in a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Works on the unit's tickets.
    Member,
    /// Also assigns, consents to joins and edits the unit.
    Responsible,
}

/// One unit somebody works in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The unit.
    pub unit: UnitId,
    /// As what.
    pub part: Part,
    /// The unit is first level: it triages what is new and sees every ticket.
    pub first_level: bool,
    /// The unit is a portal's own first level: what came by that portal, and
    /// only that, it triages and sees.
    pub portal: Option<PortalId>,
}

/// Who acts, with all that the rules need to know about them.
///
/// `person: None` is the desk itself (jobs, cascades).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who; `None`: the system.
    pub person: Option<PersonId>,
    /// The name shown in the history.
    pub name: String,
    /// Through which door.
    pub channel: Channel,
    /// Holds everything else: units, services, values, people.
    pub admin: bool,
    /// Sees overdue and waiting tickets of all units, may set unsolved.
    pub monitor: bool,
    /// Support permission was granted; without it memberships count nothing.
    pub support: bool,
    /// Where they work.
    pub units: Vec<Membership>,
    /// The keys of their communities, sorted.
    pub communities: Vec<String>,
    /// Those of them, sorted, of which somebody vouches that they are: an administrator,
    /// or their home organisation. Who joined by their own choice is of no team.
    pub teams: Vec<String>,
}

/// What an actor is to one ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Access {
    /// They asked.
    pub requester: bool,
    /// They are on it as Cc, subscriber, involved or site contact.
    pub party: bool,
    /// They are on it as Cc: on the requester's side, they may answer.
    pub cc: bool,
    /// They are an involved party or site contact: told and treated as the unit is.
    pub involved: bool,
    /// They own it.
    pub owner: bool,
    /// They are a member of the unit that holds it.
    pub member: bool,
    /// They are a responsible of that unit.
    pub responsible: bool,
    /// They are first level for this ticket (of the desk, or of the portal it
    /// came by), and it is not restricted (or their own first level unit holds
    /// it).
    pub first_level: bool,
    /// They are a monitor, and the ticket is not restricted.
    pub monitor: bool,
    /// They are an administrator.
    pub admin: bool,
    /// They are the desk itself.
    pub system: bool,
    /// They are of the ticket's community, and the ticket is open to it. One
    /// that names no community is open to nobody more; a team ticket is open to the team
    /// only ([`Ticket::shared_with`]).
    pub community: bool,
    /// They are of the team whose ticket it is: they do with it what its requester may.
    pub team: bool,
}

impl Actor {
    /// The desk itself, acting through this door: timers, bridges, cascades.
    pub fn system(channel: Channel) -> Actor {
        Actor::plain(None, "Switchboard", channel)
    }

    /// Somebody without any rights but their own part in a ticket.
    pub fn plain(
        person: impl Into<Option<PersonId>>,
        name: impl Into<String>,
        channel: Channel,
    ) -> Actor {
        Actor {
            person: person.into(),
            name: name.into(),
            channel,
            admin: false,
            monitor: false,
            support: false,
            units: Vec::new(),
            communities: Vec::new(),
            teams: Vec::new(),
        }
    }

    /// The desk itself acts, nobody in person.
    pub fn is_system(&self) -> bool {
        self.person.is_none()
    }

    /// Works somewhere: the support permission alone opens nothing, access
    /// comes with a unit (domain section 1). Administrators and the desk itself
    /// count too.
    pub fn is_staff(&self) -> bool {
        self.admin || self.is_system() || (self.support && !self.units.is_empty())
    }

    /// A member of a first level unit, which looks after every ticket.
    pub fn first_level(&self) -> bool {
        self.memberships().any(|m| m.first_level)
    }

    /// The portals whose own first level they are.
    pub fn portals(&self) -> impl Iterator<Item = PortalId> + '_ {
        self.memberships().filter_map(|m| m.portal)
    }

    /// Triages what is new: everything, or what comes by a portal.
    pub fn triages(&self) -> bool {
        self.first_level() || self.portals().next().is_some()
    }

    /// A responsible of a portal's own first level, who posts its news.
    pub fn leads_portal(&self, portal: PortalId) -> bool {
        self.memberships()
            .any(|m| m.portal == Some(portal) && m.part == Part::Responsible)
    }

    /// They are of this community.
    pub fn is_of(&self, community: &str) -> bool {
        self.communities.iter().any(|own| own == community)
    }

    /// Somebody vouches that they are of this community.
    pub fn is_of_team(&self, community: &str) -> bool {
        self.teams.iter().any(|own| own == community)
    }

    /// What tickets have to be open to for them to see it: see [`Ticket::shared_with`].
    pub fn shares(&self) -> Vec<String> {
        let teams = self.teams.iter().map(|key| team_word(key));
        self.communities.iter().cloned().chain(teams).collect()
    }

    /// Their part in a unit; `None` when they do not work there.
    pub fn in_unit(&self, unit: UnitId) -> Option<Part> {
        self.memberships()
            .filter(|m| m.unit == unit)
            .map(|m| m.part)
            .max()
    }

    /// The memberships that count: none without the support permission.
    fn memberships(&self) -> impl Iterator<Item = &Membership> {
        self.units.iter().filter(|_| self.support)
    }
}

impl Access {
    /// What this actor is to this ticket.
    pub fn of(actor: &Actor, ticket: &Ticket) -> Access {
        let Some(person) = actor.person else {
            return Access {
                system: true,
                ..Access::default()
            };
        };
        let restricted = ticket.visibility == Visibility::Restricted;
        let part = actor.in_unit(ticket.unit);
        let mut access = Access {
            requester: ticket.requester == person,
            owner: actor.support && ticket.owner == Some(person),
            member: part.is_some(),
            responsible: part == Some(Part::Responsible),
            first_level: actor.memberships().any(|m| {
                let of_portal = m.portal.is_some() && m.portal == ticket.portal;
                (m.first_level || of_portal) && (!restricted || m.unit == ticket.unit)
            }),
            monitor: actor.monitor && !restricted,
            admin: actor.admin,
            system: false,
            community: false,
            team: false,
            party: false,
            cc: false,
            involved: false,
        };
        if let Some(community) = open_to(ticket) {
            access.team = ticket.kind == TicketType::Team && actor.is_of_team(community);
            access.community =
                access.team || (ticket.kind != TicketType::Team && actor.is_of(community));
        }
        for party in ticket.parties.iter().filter(|p| p.person == person) {
            access.party = true;
            match party.role {
                PartyRole::Cc => access.cc = true,
                PartyRole::Involved | PartyRole::Site => access.involved = true,
                PartyRole::Subscriber => {}
            }
        }
        access
    }

    /// Stands on the support side: owner, unit, first level, involved others
    /// and site contacts, monitors, administrators, the desk itself.
    ///
    /// The requester and Cc do not, even when they are staff elsewhere; a
    /// requester who is a member of the ticket's unit has both accesses.
    pub fn staff_side(&self) -> bool {
        self.may_work() || self.involved || self.monitor
    }

    /// May read the ticket and its public diary: everybody on it, the unit,
    /// first level, monitors, administrators; the people of its community when
    /// it is open to them. Of a restricted ticket only requester, parties, owner, members of
    /// the unit that holds it and administrators.
    pub fn may_see(&self) -> bool {
        self.requester || self.party || self.community || self.staff_side()
    }

    /// May read internal notes: they never leave the support side.
    pub fn may_see_internal(&self) -> bool {
        self.staff_side()
    }

    /// May read entries of this visibility.
    pub fn may_read(&self, visibility: EntryVisibility) -> bool {
        match visibility {
            EntryVisibility::Public => self.may_see(),
            EntryVisibility::Internal => self.may_see_internal(),
        }
    }

    /// Speaks for the requester's side: the requester, those they added, the team of a
    /// team ticket. Who stands on the support side, too, speaks for that, but for the
    /// requester.
    pub fn speaks_for_requester(&self) -> bool {
        self.requester || ((self.cc || self.team) && !self.staff_side())
    }

    /// May write a public entry: the requester, those they added (Cc), the team of a team
    /// ticket, and the support side. Followers only read.
    pub fn may_reply(&self) -> bool {
        self.requester || self.cc || self.team || self.staff_side()
    }

    /// May write an internal note: the support side.
    pub fn may_note(&self) -> bool {
        self.staff_side()
    }

    /// May work on the ticket: own, classify, re-assign, solve, relate, merge
    /// and split. The owner, members of the unit, first level, administrators.
    pub fn may_work(&self) -> bool {
        self.owner
            || self.member
            || self.responsible
            || self.first_level
            || self.admin
            || self.system
    }

    /// May confirm or overrule the priority: first level (and administrators).
    pub fn may_triage(&self) -> bool {
        self.first_level || self.admin || self.system
    }

    /// May hand it to a unit: whoever works on it.
    pub fn may_assign(&self) -> bool {
        self.may_work()
    }

    /// May hand it on without saying why: first level triages all day.
    pub fn may_assign_without_reason(&self) -> bool {
        self.may_triage()
    }

    /// May give it to another owner: the unit's responsible, first level,
    /// administrators.
    pub fn may_give_owner(&self) -> bool {
        self.responsible || self.first_level || self.admin || self.system
    }

    /// May set it *in progress* when it has an owner: the owner, or whoever may
    /// give it one.
    pub fn may_start(&self) -> bool {
        self.owner || self.may_give_owner()
    }

    /// May give a solution: whoever works on it.
    pub fn may_solve(&self) -> bool {
        self.may_work()
    }

    /// May set it *unsolved*: whoever works on it, and monitors.
    pub fn may_give_up(&self) -> bool {
        self.may_work() || self.monitor
    }

    /// May confirm the solution: the requester, and the team of a team ticket.
    pub fn may_verify(&self) -> bool {
        self.requester || self.team
    }

    /// May close it for good: the desk itself, after its time, and
    /// administrators.
    pub fn may_close(&self) -> bool {
        self.system || self.admin
    }

    /// May reopen it: the requester, the team of a team ticket, and staff for a better
    /// solution.
    pub fn may_reopen(&self) -> bool {
        self.requester || self.team || self.may_work()
    }

    /// May ask for more attention: the requester, those they added, and the team of a team
    /// ticket.
    pub fn may_escalate(&self) -> bool {
        self.requester || self.cc || self.team
    }

    /// May say how much the requester wants to hear: they themselves.
    pub fn may_set_tell(&self) -> bool {
        self.requester || self.admin || self.system
    }
}

/// The community that a ticket is open to.
fn open_to(ticket: &Ticket) -> Option<&str> {
    let open = ticket.visibility == Visibility::Community;
    ticket.community.as_deref().filter(|_| open)
}

/// What stands for a community's team where a community's key stands for its people. No
/// key has a colon.
fn team_word(key: &str) -> String {
    format!("team:{key}")
}

impl Ticket {
    /// To whom it is open beside those on it and the support side, as lists and the search
    /// index know them: to the people of a community, by its key, or to its team.
    pub fn shared_with(&self) -> Option<String> {
        open_to(self).map(|key| match self.kind {
            TicketType::Team => team_word(key),
            TicketType::User | TicketType::Alarm | TicketType::Ops => key.to_owned(),
        })
    }
}
