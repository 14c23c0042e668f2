//! Asking a unit to take one in, and the answer of its responsibles (domain
//! section 1, step 4).

use serde_json::json;
use store::Conn;
use store::application::{Answer, Ask, Asks, Kind};
use store::unit::Unit;
use switchboard_core::staff::{
    AskState, Crew, MemberDeed, may_answer_application, may_answer_join, may_ask_to_join,
    may_manage, reason,
};
use switchboard_core::{Actor, Part, PersonId, UnitId};
use uuid::Uuid;

use crate::application::unit_ref;
use crate::ask::{Became, MAX_ASKS, People, close, quoted, waiting, who_acts};
use crate::audit::{Subject, record};
use crate::letter::{self, About};
use crate::letter_text::{self, why};
use crate::mail_text;
use crate::staff::{Occasion, change_member, crew, person, standing, unit_link};
use crate::view::{PersonRef, UnitRef};
use crate::{Catalogue, Desk, Error};

/// A join request as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinView {
    /// Its id.
    pub id: Uuid,
    /// Which unit.
    pub unit: UnitRef,
    /// Who asks.
    pub person: PersonRef,
    /// Their home institute, or empty.
    pub institute: String,
    /// Why.
    pub reason: String,
    /// What became of it.
    pub became: Became,
}

pub(crate) fn view_joins(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    rows: Vec<Ask>,
) -> Result<Vec<JoinView>, Error> {
    let mut people = People::default();
    rows.into_iter()
        .map(|j| {
            let (who, institute) = people.get(c, j.person)?;
            Ok(JoinView {
                id: j.id,
                unit: unit_ref(catalogue, j.unit.unwrap_or(UnitId(Uuid::nil()))),
                person: who,
                institute,
                became: people.became(c, &j)?,
                reason: j.reason,
            })
        })
        .collect()
}

/// The join requests that wait for these units, oldest first.
pub(crate) fn joins_of_units(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    units: Vec<UnitId>,
) -> Result<Vec<JoinView>, Error> {
    let asks = Asks {
        units: Some(units),
        state: Some(AskState::Waiting),
        ..Asks::default()
    };
    let mut rows = store::application::find(c, Kind::Join, &asks, MAX_ASKS)?;
    rows.reverse();
    view_joins(c, catalogue, rows)
}

pub(crate) fn join_waits(c: &mut Conn<'_>, who: PersonId, unit: UnitId) -> Result<bool, Error> {
    let asks = Asks {
        person: Some(who),
        units: Some(vec![unit]),
        state: Some(AskState::Waiting),
        ..Asks::default()
    };
    Ok(!store::application::find(c, Kind::Join, &asks, 1)?.is_empty())
}

/// Stores a join request and tells those who answer.
pub(crate) fn ask(
    desk: &Desk,
    c: &mut Conn<'_>,
    actor: &Actor,
    unit: &Unit,
    house: &Crew,
    who: &store::person::Person,
    why: &str,
) -> Result<Uuid, Error> {
    let (id, now) = (desk.uuid(), desk.now());
    let asked = Ask::new(id, who.id, why, now);
    store::application::insert_join(c, &asked, unit.id)?;
    record(
        c,
        actor,
        now,
        "join.asked",
        &Subject::Unit(unit.id),
        &json!({ "person": who.id, "name": who.name, "request": id, "why": why }),
    )?;
    let about = About::nothing_else(mail_text::Kind::JoinAsked, id);
    for to in answerers(c, house)? {
        let to = person(c, to)?;
        letter::to_person(desk, c, &to, about, |german| {
            [
                ("who", who.name.clone()),
                (
                    "address",
                    letter_text::address(who.email.as_deref(), german),
                ),
                ("unit", unit.name.clone()),
                ("text", quoted(why)),
                ("link", unit_link(desk, unit)),
                ("all", format!("{}/support-staff", desk.config().public_url)),
            ]
            .into()
        })?;
    }
    Ok(id)
}

/// Who answers a unit's join requests: its responsibles, or administrators
/// while it has none.
pub(crate) fn answerers(c: &mut Conn<'_>, house: &Crew) -> Result<Vec<PersonId>, Error> {
    let responsibles: Vec<PersonId> = house
        .people
        .iter()
        .filter(|p| p.counts && p.part == Part::Responsible)
        .map(|p| p.person)
        .collect();
    if responsibles.is_empty() {
        return Ok(store::staff::administrators(c)?);
    }
    Ok(responsibles)
}

fn find_unit<'a>(catalogue: &'a Catalogue, name: &str) -> Result<&'a Unit, Error> {
    catalogue
        .find_unit("unit", name)
        .map_err(|_| Error::not_found(format!("unit {name:?}")))
}

impl Desk {
    /// The join requests that wait for the actor as responsible, oldest first.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn joins_waiting_for(&self, actor: &Actor) -> Result<Vec<JoinView>, Error> {
        let catalogue = self.catalogue().await?;
        let units: Vec<UnitId> = actor
            .units
            .iter()
            .filter(|m| actor.in_unit(m.unit) == Some(Part::Responsible))
            .map(|m| m.unit)
            .collect();
        if units.is_empty() {
            return Ok(Vec::new());
        }
        self.0
            .db
            .read(move |c| joins_of_units(c, &catalogue, units))
            .await
    }

    /// Every join request that waits, oldest first, for administrators.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn joins_waiting(&self, actor: &Actor) -> Result<Vec<JoinView>, Error> {
        may_answer_application(actor)?;
        let catalogue = self.catalogue().await?;
        let asks = Asks {
            state: Some(AskState::Waiting),
            ..Asks::default()
        };
        self.0
            .db
            .read(move |c| {
                let mut rows = store::application::find(c, Kind::Join, &asks, MAX_ASKS)?;
                rows.reverse();
                view_joins(c, &catalogue, rows)
            })
            .await
    }

    /// A unit's join requests, newest first: all of them for those who answer,
    /// for others their own.
    ///
    /// # Errors
    /// When there is no such unit.
    pub async fn joins_of(
        &self,
        actor: &Actor,
        unit: &str,
        state: Option<AskState>,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<JoinView>, Error> {
        let catalogue = self.catalogue().await?;
        let unit = find_unit(&catalogue, unit)?.id;
        let own = actor.person.unwrap_or(PersonId(Uuid::nil()));
        let asks = Asks {
            person: (!may_manage(actor, unit)).then_some(own),
            units: Some(vec![unit]),
            state,
            before,
        };
        self.0
            .db
            .read(move |c| {
                let rows =
                    store::application::find(c, Kind::Join, &asks, limit.clamp(1, MAX_ASKS + 1))?;
                view_joins(c, &catalogue, rows)
            })
            .await
    }

    /// Asks a unit to take the actor in.
    ///
    /// # Errors
    /// What the rules refuse: without the support permission, twice, a retired
    /// unit.
    pub async fn ask_to_join(&self, actor: &Actor, unit: &str, why: &str) -> Result<Uuid, Error> {
        let me = who_acts(actor)?;
        let catalogue = self.catalogue().await?;
        let unit = find_unit(&catalogue, unit)?.clone();
        let why = reason(why, None)?;
        let (desk, actor) = (self.clone(), actor.clone());
        let id = self
            .0
            .db
            .write(move |c| {
                let who = person(c, me)?;
                let house = crew(c, &unit)?;
                let waits = join_waits(c, me, unit.id)?;
                may_ask_to_join(&standing(&who), &house, waits)?;
                ask(&desk, c, &actor, &unit, &house, &who, &why)
            })
            .await?;
        self.wake();
        Ok(id)
    }

    /// Consents to a join request, or refuses it with a reason.
    ///
    /// # Errors
    /// When the actor is no responsible of the unit, gives no reason for a
    /// refusal, or it was answered already; when there is no such request of
    /// this unit.
    pub async fn answer_join(
        &self,
        actor: &Actor,
        unit: &str,
        id: Uuid,
        consent: bool,
        why: &str,
    ) -> Result<(), Error> {
        let catalogue = self.catalogue().await?;
        let unit = find_unit(&catalogue, unit)?.clone();
        let needed = "say why; who asked is told it by mail";
        let why = reason(why, (!consent).then_some(needed))?;
        let (desk, actor, cause) = (self.clone(), actor.clone(), self.uuid());
        let live = self
            .0
            .db
            .write(move |c| {
                may_answer_join(&actor, &crew(c, &unit)?)?;
                let join = waiting(c, Kind::Join, id, |ask| ask.unit == Some(unit.id))?;
                let now = desk.now();
                let answer = Answer {
                    state: if consent {
                        AskState::Granted
                    } else {
                        AskState::Refused
                    },
                    at: now,
                    by: actor.person,
                    text: why.clone(),
                };
                let deed = if consent { "consented" } else { "refused" };
                close(c, Kind::Join, &join, &actor, &answer, deed)?;
                if consent {
                    let occasion = Occasion {
                        actor: &actor,
                        why: if why.is_empty() { why::ASKED } else { &why },
                        cause,
                        mails: true,
                    };
                    let deed = MemberDeed::Add(Part::Member);
                    let (_, live) =
                        change_member(&desk, c, &catalogue, &occasion, &unit, join.person, deed)?;
                    return Ok(live);
                }
                let who = person(c, join.person)?;
                let about = About::nothing_else(mail_text::Kind::JoinRefused, cause);
                letter::to_person(&desk, c, &who, about, |_| {
                    [
                        ("who", actor.name.clone()),
                        ("unit", unit.name.clone()),
                        ("reason", why.clone()),
                        (
                            "link",
                            format!("{}/support-staff", desk.config().public_url),
                        ),
                    ]
                    .into()
                })?;
                Ok::<_, Error>(Vec::new())
            })
            .await?;
        self.rights_changed(live);
        Ok(())
    }
}
