//! Who belongs to a unit: every change, by whichever way it comes, with what
//! follows from it in one transaction. What people may do is in `rights`.
//!
//! The rules are `switchboard_core::staff`. What follows: the audit log, mails
//! to those concerned, tickets that lose an owner who may no longer work on
//! them. After the commit `Desk::rights_changed` makes sessions, tokens and
//! open pages see it.

use serde_json::json;
use store::Conn;
use store::person::Person;
use store::unit::{Member, Unit};
use switchboard_core::staff::{
    Colleague, Crew, MemberChange, MemberDeed, Rights, Standing, decide_member, may_manage, reason,
};
use switchboard_core::{Actor, Channel, Command, Part, PersonId, TicketNumber, UnitId};
use uuid::Uuid;

use crate::audit::{Subject, record};
use crate::join::{JoinView, joins_of_units};
use crate::letter::{self, About};
use crate::letter_text::{self, why as reasons};
use crate::mail_text::Kind;
use crate::{Catalogue, Desk, Error, Live, act};

/// How many members are on one page of a unit.
pub const MEMBERS_PAGE: i64 = 50;

/// A change of members inside a transaction: by whom, and why.
pub(crate) struct Occasion<'a> {
    /// Who does it.
    pub(crate) actor: &'a Actor,
    /// Why, for the audit log and the mails: "joined by consent", the words of
    /// a rule that follows an identity provider. Not empty.
    pub(crate) why: &'a str,
    /// What the mails are written for; one occasion makes one mail a human.
    pub(crate) cause: Uuid,
    /// Those concerned get a mail. Not where the occasion has one of its own
    /// (an invitation), or would make hundreds (a dump that is taken in).
    pub(crate) mails: bool,
}

/// The rights of a stored person.
pub(crate) fn standing(person: &Person) -> Standing {
    Standing {
        person: person.id,
        name: person.name.clone(),
        rights: Rights {
            support: person.support,
            monitor: person.monitor,
            admin: person.admin,
            active: person.active,
        },
    }
}

/// A unit with everybody in it, as the rules look at it.
pub(crate) fn crew(c: &mut Conn<'_>, unit: &Unit) -> Result<Crew, Error> {
    Ok(Crew {
        unit: unit.id,
        name: unit.name.clone(),
        active: unit.active,
        people: store::staff::crew(c, unit.id)?
            .into_iter()
            .map(|e| Colleague {
                person: e.person,
                part: e.part,
                counts: e.counts,
            })
            .collect(),
    })
}

pub(crate) fn person(c: &mut Conn<'_>, id: PersonId) -> Result<Person, Error> {
    store::person::load(c, id)?.ok_or_else(|| Error::not_found("such person"))
}

pub(crate) fn unit_of(catalogue: &Catalogue, id: UnitId) -> Result<Unit, Error> {
    catalogue
        .unit(id)
        .cloned()
        .ok_or_else(|| Error::Internal(format!("unit {id} is not in the catalogue")))
}

/// The address of a unit's page.
pub(crate) fn unit_link(desk: &Desk, unit: &Unit) -> String {
    format!("{}/units/{}", desk.config().public_url, unit.key)
}

pub(crate) fn part_words(part: Part) -> &'static str {
    match part {
        Part::Member => "member",
        Part::Responsible => "responsible",
    }
}

/// What became of a wish about a member: what changed (`None`: it was so
/// already), and the tickets that changed with it, for [`Desk::rights_changed`]
/// after the commit.
pub(crate) type Enrolled = (Option<MemberChange>, Vec<Live>);

/// Puts somebody into a unit with this part, or (`None`) takes them out, if it
/// is not so already. For whatever keeps memberships in step with something
/// else: a rule that follows an identity provider, a dump, an accepted form. The
/// unit is given as a value: the catalogue need not know it yet.
///
/// # Errors
/// When the rules refuse: the last responsible stays, and who does not hold the
/// support permission is not taken in.
pub(crate) fn enrol(
    desk: &Desk,
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    occasion: &Occasion<'_>,
    unit: &Unit,
    who: PersonId,
    wanted: Option<Part>,
) -> Result<Enrolled, Error> {
    let known = store::staff::part_in(c, unit.id, who)?;
    let deed = match (known, wanted) {
        (None, None) => return Ok((None, Vec::new())),
        (None, Some(part)) => MemberDeed::Add(part),
        (Some(_), Some(part)) => MemberDeed::SetPart(part),
        (Some(_), None) => MemberDeed::Remove,
    };
    change_member(desk, c, catalogue, occasion, unit, who, deed)
}

/// Does something with a member, with all that follows.
///
/// # Errors
/// What the rules refuse.
pub(crate) fn change_member(
    desk: &Desk,
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    occasion: &Occasion<'_>,
    unit: &Unit,
    who: PersonId,
    deed: MemberDeed,
) -> Result<Enrolled, Error> {
    let who = person(c, who)?;
    let before = crew(c, unit)?;
    let change = decide_member(occasion.actor, &before, &standing(&who), deed)?;
    let Some(change) = change else {
        return Ok((None, Vec::new()));
    };
    let live = carry_out(desk, c, catalogue, occasion, unit, &who, change)?;
    Ok((Some(change), live))
}

/// Carries out what was decided about a member: the one place where memberships
/// are written, so that whichever way somebody comes or goes, it stands in the
/// audit log, and who goes leaves no ticket behind.
///
/// # Errors
/// When the database can not be written.
pub(crate) fn carry_out(
    desk: &Desk,
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    occasion: &Occasion<'_>,
    unit: &Unit,
    who: &Person,
    change: MemberChange,
) -> Result<Vec<Live>, Error> {
    let now = desk.now();
    let mut live = Vec::new();
    let mut tickets = Vec::new();
    let (action, detail) = match change {
        MemberChange::Added(part) => {
            store::staff::put_membership(c, unit.id, who.id, part, now)?;
            ("unit.member_added", json!({ "part": part_words(part) }))
        }
        MemberChange::PartSet { old, new } => {
            store::staff::put_membership(c, unit.id, who.id, new, now)?;
            (
                "unit.part_changed",
                json!({ "part": [part_words(old), part_words(new)] }),
            )
        }
        MemberChange::Removed { old } => {
            store::staff::delete_membership(c, unit.id, who.id)?;
            (tickets, live) = release(desk, c, catalogue, who.id, Some(unit.id), occasion)?;
            ("unit.member_removed", json!({ "part": part_words(old) }))
        }
    };
    let mut detail = detail;
    detail["person"] = json!(who.id);
    detail["name"] = json!(who.name);
    detail["why"] = json!(occasion.why);
    if !tickets.is_empty() {
        detail["tickets"] = json!(tickets);
    }
    record(
        c,
        occasion.actor,
        now,
        action,
        &Subject::Unit(unit.id),
        &detail,
    )?;
    if occasion.mails {
        tell_member(desk, c, occasion, unit, who, change)?;
        tell_responsibles(desk, c, occasion, unit, who, change, &tickets)?;
    }
    Ok(live)
}

/// Takes everybody out of a unit that is removed as if it had never been.
///
/// # Errors
/// When the database can not be written.
pub(crate) fn disband(
    desk: &Desk,
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    occasion: &Occasion<'_>,
    unit: &Unit,
) -> Result<Vec<Live>, Error> {
    let mut live = Vec::new();
    for one in store::staff::crew(c, unit.id)? {
        let who = person(c, one.person)?;
        let change = MemberChange::Removed { old: one.part };
        live.extend(carry_out(desk, c, catalogue, occasion, unit, &who, change)?);
    }
    Ok(live)
}

/// Open tickets of somebody who may no longer work on them are nobody's again.
pub(crate) fn release(
    desk: &Desk,
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    who: PersonId,
    unit: Option<UnitId>,
    occasion: &Occasion<'_>,
) -> Result<(Vec<TicketNumber>, Vec<Live>), Error> {
    let actor = Actor::system(occasion.actor.channel);
    let numbers = store::staff::owned_open(c, who, unit)?;
    let mut live = Vec::new();
    for number in &numbers {
        // A cause each: the unit hears of every ticket.
        live.extend(act::command_within(
            c,
            catalogue,
            *number,
            &Command::SetOwner { owner: None },
            &actor,
            desk.uuid(),
            desk.now(),
        )?);
    }
    Ok((numbers, live))
}

/// The one concerned is told, unless they did it themselves.
fn tell_member(
    desk: &Desk,
    c: &mut Conn<'_>,
    occasion: &Occasion<'_>,
    unit: &Unit,
    who: &Person,
    change: MemberChange,
) -> Result<(), Error> {
    if occasion.actor.person == Some(who.id) {
        return Ok(());
    }
    let about = About::nothing_else(Kind::Member, occasion.cause);
    letter::to_person(desk, c, who, about, |german| {
        let (headline, text) = letter_text::member(change, &unit.name, german);
        [
            ("headline", headline),
            ("text", text.to_owned()),
            ("who", occasion.actor.name.clone()),
            ("reason", letter_text::reason(occasion.why, german)),
            ("unit", unit.name.clone()),
            ("link", unit_link(desk, unit)),
        ]
        .into()
    })?;
    Ok(())
}

/// Responsibles are told who came and went, and reminded of the mailing list;
/// of that also the one who did it, for it is still to be done.
fn tell_responsibles(
    desk: &Desk,
    c: &mut Conn<'_>,
    occasion: &Occasion<'_>,
    unit: &Unit,
    who: &Person,
    change: MemberChange,
    tickets: &[TicketNumber],
) -> Result<(), Error> {
    let reminder = match change {
        MemberChange::PartSet { .. } => None,
        _ => unit.email.as_ref(),
    };
    let added = matches!(change, MemberChange::Added(_));
    let about = About::nothing_else(Kind::Members, occasion.cause);
    for one in store::staff::responsibles(c, unit.id)? {
        if one.person == who.id || (reminder.is_none() && occasion.actor.person == Some(one.person))
        {
            continue;
        }
        let to = person(c, one.person)?;
        letter::to_person(desk, c, &to, about, |german| {
            let address = who.email.as_deref().unwrap_or(&who.name);
            [
                (
                    "headline",
                    letter_text::members(change, &who.name, &unit.name, german),
                ),
                ("who", occasion.actor.name.clone()),
                ("reason", letter_text::reason(occasion.why, german)),
                ("unit", unit.name.clone()),
                ("list", reminder.cloned().unwrap_or_default()),
                (
                    "list_change",
                    letter_text::list_change(added, address, german),
                ),
                ("tickets", letter_text::numbers(tickets)),
                ("link", unit_link(desk, unit)),
            ]
            .into()
        })?;
    }
    Ok(())
}

/// The people's part of a unit's page.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitPeople {
    /// Who can act for it, by name.
    pub responsibles: Vec<Member>,
    /// One page of its members, responsibles first; empty for those outside.
    pub members: Vec<Member>,
    /// How many there are in all.
    pub count: i64,
    /// Who asks to join, for those who answer.
    pub asking: Vec<JoinView>,
    /// The looker says who belongs to it.
    pub manages: bool,
    /// The looker's own part.
    pub part: Option<Part>,
}

impl Desk {
    /// Makes sessions, tokens and open pages see changed rights, and tells of
    /// the tickets that changed with them. Call it after the commit.
    pub(crate) fn rights_changed(&self, live: Vec<Live>) {
        self.forget_actors();
        self.announce(live);
    }

    /// The person that a path or field means: an id, an address, or `me`.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find_person(&self, actor: &Actor, who: &str) -> Result<Person, Error> {
        let who = who.trim().to_owned();
        if who == "me" {
            let me = actor
                .person
                .ok_or_else(|| Error::not_found("person \"me\""))?;
            return self.0.db.read(move |c| person(c, me)).await;
        }
        if let Ok(id) = Uuid::try_parse(&who) {
            return self.0.db.read(move |c| person(c, PersonId(id))).await;
        }
        self.person_by_email(&who).await
    }

    /// Whether the actor says who belongs to a unit. Asked before an address is
    /// looked up, so that nobody else learns who is known here.
    ///
    /// # Errors
    /// When they do not, or there is no such unit.
    pub async fn may_manage(&self, actor: &Actor, unit: &str) -> Result<(), Error> {
        let catalogue = self.catalogue().await?;
        let unit = catalogue
            .find_unit("unit", unit)
            .map_err(|_| Error::not_found(format!("unit {unit:?}")))?;
        if may_manage(actor, unit.id) {
            return Ok(());
        }
        Err(Error::Forbidden(format!(
            "only the responsibles of {} and administrators may do that",
            unit.name
        )))
    }

    /// Adds, changes or removes a member of a unit, by a person's word.
    /// Returns what changed; `None`: it was so already.
    ///
    /// # Errors
    /// What the rules refuse; when the unit is not there.
    pub async fn change_member(
        &self,
        actor: &Actor,
        unit: &str,
        who: PersonId,
        deed: MemberDeed,
        why: &str,
    ) -> Result<Option<MemberChange>, Error> {
        let catalogue = self.catalogue().await?;
        let unit = catalogue
            .find_unit("unit", unit)
            .map_err(|_| Error::not_found(format!("unit {unit:?}")))?
            .clone();
        let why = reason(why, None)?;
        let why = if why.is_empty() {
            match deed {
                MemberDeed::Remove if actor.person == Some(who) => reasons::LEFT.to_owned(),
                _ => reasons::RESPONSIBLE.to_owned(),
            }
        } else {
            why
        };
        let (desk, actor, cause) = (self.clone(), actor.clone(), self.uuid());
        let (change, live) = self
            .0
            .db
            .write(move |c| {
                let occasion = Occasion {
                    actor: &actor,
                    why: &why,
                    cause,
                    mails: true,
                };
                change_member(&desk, c, &catalogue, &occasion, &unit, who, deed)
            })
            .await?;
        self.rights_changed(live);
        Ok(change)
    }

    /// Keeps a membership in step with another system: in with this part, or
    /// (`None`) out. For callers without a transaction of their own.
    ///
    /// # Errors
    /// What the rules refuse.
    pub async fn follow_membership(
        &self,
        actor: &Actor,
        unit: UnitId,
        who: PersonId,
        wanted: Option<Part>,
        why: &str,
    ) -> Result<(), Error> {
        let catalogue = self.catalogue().await?;
        let (desk, actor, cause) = (self.clone(), actor.clone(), self.uuid());
        let why = why.to_owned();
        let (_, live) = self
            .0
            .db
            .write(move |c| {
                let occasion = Occasion {
                    actor: &actor,
                    why: &why,
                    cause,
                    mails: true,
                };
                let unit = unit_of(&catalogue, unit)?;
                enrol(&desk, c, &catalogue, &occasion, &unit, who, wanted)
            })
            .await?;
        self.rights_changed(live);
        Ok(())
    }

    /// Who belongs to a unit, as the looker may see it: everybody sees the
    /// responsibles, the support side one page of all members.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn unit_people(
        &self,
        actor: &Actor,
        unit: UnitId,
        page: i64,
    ) -> Result<UnitPeople, Error> {
        let catalogue = self.catalogue().await?;
        let inside = actor.is_staff();
        let manages = may_manage(actor, unit);
        let skip = page.clamp(0, 100_000) * MEMBERS_PAGE;
        let part = actor.in_unit(unit);
        self.0
            .db
            .read(move |c| {
                Ok(UnitPeople {
                    responsibles: store::staff::responsibles(c, unit)?,
                    members: if inside {
                        store::staff::members_page(c, unit, skip, MEMBERS_PAGE)?
                    } else {
                        Vec::new()
                    },
                    count: store::staff::members_count(c, unit)?,
                    asking: if manages {
                        joins_of_units(c, &catalogue, vec![unit])?
                    } else {
                        Vec::new()
                    },
                    manages,
                    part,
                })
            })
            .await
    }

    /// Who can act in these units: unit, part and name, responsibles first.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn who_is_where(
        &self,
        units: Vec<UnitId>,
    ) -> Result<Vec<(UnitId, Part, String)>, Error> {
        self.0
            .db
            .read(move |c| store::staff::who_is_where(c, &units).map_err(Error::from))
            .await
    }

    /// The desk itself puts somebody into a unit, without a mail: the demo and
    /// the command line, before anybody works there.
    ///
    /// # Errors
    /// What the rules refuse.
    pub async fn set_member(
        &self,
        unit: UnitId,
        person: PersonId,
        part: Part,
    ) -> Result<(), Error> {
        let catalogue = self.catalogue().await?;
        let (desk, actor, cause) = (self.clone(), Actor::system(Channel::Cli), self.uuid());
        let (_, live) = self
            .0
            .db
            .write(move |c| {
                let occasion = Occasion {
                    actor: &actor,
                    why: "by the operator",
                    cause,
                    mails: false,
                };
                let unit = unit_of(&catalogue, unit)?;
                enrol(&desk, c, &catalogue, &occasion, &unit, person, Some(part))
            })
            .await?;
        self.rights_changed(live);
        Ok(())
    }
}
