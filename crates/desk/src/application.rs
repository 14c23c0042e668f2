//! Applying for the support permission (domain section 1, step 3): each step
//! audited and mailed to those concerned. Asking a unit is in `join`.

use serde_json::json;
use store::Conn;
use store::application::{Answer, Ask, Asks, Kind};
use store::unit::Unit;
use switchboard_core::staff::{AskState, Rights, may_answer_application, may_apply, reason};
use switchboard_core::{Actor, Millis, PersonId, UnitId};
use uuid::Uuid;

use crate::ask::{Became, MAX_ASKS, People, close, quoted, waiting, who_acts};
use crate::audit::{Subject, record};
use crate::join::{JoinView, ask, join_waits, view_joins};
use crate::letter::{self, About};
use crate::rights::change_rights;
use crate::staff::{Occasion, crew, person, standing, unit_of};
use crate::view::{PersonRef, UnitRef};
use crate::{Catalogue, Desk, Error, Live};
use crate::{letter_text, mail_text};

/// An application as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationView {
    /// Its id.
    pub id: Uuid,
    /// Who applies.
    pub person: PersonRef,
    /// Their home institute, or empty.
    pub institute: String,
    /// The units it names.
    pub units: Vec<UnitRef>,
    /// Why.
    pub reason: String,
    /// What became of it.
    pub became: Became,
}

pub(crate) fn unit_ref(catalogue: &Catalogue, id: UnitId) -> UnitRef {
    catalogue.unit(id).map_or_else(
        || UnitRef {
            id,
            key: String::new(),
            name: "a unit that is gone".into(),
            level: 0,
        },
        |u| UnitRef {
            id,
            key: u.key.clone(),
            name: u.name.clone(),
            level: u.level,
        },
    )
}

fn view_applications(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    rows: Vec<Ask>,
) -> Result<Vec<ApplicationView>, Error> {
    let ids: Vec<Uuid> = rows.iter().map(|a| a.id).collect();
    let units = store::application::units_of(c, &ids)?;
    let mut people = People::default();
    rows.into_iter()
        .map(|a| {
            let (who, institute) = people.get(c, a.person)?;
            Ok(ApplicationView {
                id: a.id,
                person: who,
                institute,
                units: units
                    .iter()
                    .filter(|(of, _)| *of == a.id)
                    .map(|(_, unit)| unit_ref(catalogue, *unit))
                    .collect(),
                became: people.became(c, &a)?,
                reason: a.reason,
            })
        })
        .collect()
}

/// The application of a person that waits, if there is one.
pub(crate) fn waiting_of(c: &mut Conn<'_>, who: PersonId) -> Result<Option<Ask>, Error> {
    let asks = Asks {
        person: Some(who),
        state: Some(AskState::Waiting),
        ..Asks::default()
    };
    Ok(store::application::find(c, Kind::Application, &asks, 1)?
        .into_iter()
        .next())
}

/// What somebody asked for falls away with their rights: join requests always,
/// the application only when their account is disabled.
pub(crate) fn fall_away(
    c: &mut Conn<'_>,
    actor: &Actor,
    who: PersonId,
    active: bool,
    now: Millis,
) -> Result<(), Error> {
    let answer = Answer {
        state: AskState::Withdrawn,
        at: now,
        by: None,
        text: if active {
            "The support permission went.".into()
        } else {
            "The account was disabled.".into()
        },
    };
    let asks = Asks {
        person: Some(who),
        state: Some(AskState::Waiting),
        ..Asks::default()
    };
    for join in store::application::find(c, Kind::Join, &asks, MAX_ASKS)? {
        close(c, Kind::Join, &join, actor, &answer, "withdrawn")?;
    }
    if !active && let Some(open) = waiting_of(c, who)? {
        close(c, Kind::Application, &open, actor, &answer, "withdrawn")?;
    }
    Ok(())
}

/// Grants an application: the permission is given, and each unit it names is
/// asked to take the person in.
pub(crate) fn grant(
    desk: &Desk,
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    occasion: &Occasion<'_>,
    open: &Ask,
) -> Result<Vec<Live>, Error> {
    let now = desk.now();
    let granted = Answer {
        state: AskState::Granted,
        at: now,
        by: occasion.actor.person,
        text: occasion.why.to_owned(),
    };
    close(
        c,
        Kind::Application,
        open,
        occasion.actor,
        &granted,
        "granted",
    )?;
    let mut asked = Vec::new();
    let units = store::application::units_of(c, &[open.id])?;
    let who = person(c, open.person)?;
    // The mail about the application says all of it; so it is queued first,
    // and the one about the permission is the same occasion.
    for (_, unit) in &units {
        let unit = unit_of(catalogue, *unit)?;
        if unit.active {
            asked.push(unit);
        }
    }
    let names: Vec<&str> = asked.iter().map(|u| u.name.as_str()).collect();
    let about = About::nothing_else(mail_text::Kind::Granted, occasion.cause);
    letter::to_person(desk, c, &who, about, |german| {
        [
            ("who", occasion.actor.name.clone()),
            ("reason", letter_text::reason(occasion.why, german)),
            ("units", names.join(", ")),
            (
                "link",
                format!("{}/support-staff", desk.config().public_url),
            ),
        ]
        .into()
    })?;
    let wish = Rights {
        support: true,
        ..standing(&who).rights
    };
    let live = change_rights(desk, c, catalogue, occasion, who.id, wish)?;
    let who = person(c, open.person)?;
    for unit in &asked {
        let house = crew(c, unit)?;
        if house.part_of(who.id).is_some() || join_waits(c, who.id, unit.id)? {
            continue;
        }
        ask(desk, c, occasion.actor, unit, &house, &who, &open.reason)?;
    }
    Ok(live)
}

impl Desk {
    /// Applies for the support permission, naming units by key or name.
    ///
    /// # Errors
    /// What the rules refuse; names `units` or `reason`.
    pub async fn apply_for_support(
        &self,
        actor: &Actor,
        units: &[String],
        why: &str,
    ) -> Result<Uuid, Error> {
        let me = who_acts(actor)?;
        let catalogue = self.catalogue().await?;
        let mut named: Vec<Unit> = Vec::new();
        for name in units.iter().map(|n| n.trim()).filter(|n| !n.is_empty()) {
            let unit = catalogue.find_unit("units", name)?;
            if !named.iter().any(|u| u.id == unit.id) {
                named.push(unit.clone());
            }
        }
        let why = reason(
            why,
            Some("say what you want to do in the unit, and who of it knows"),
        )?;
        let (desk, actor, id) = (self.clone(), actor.clone(), self.uuid());
        self.0
            .db
            .write(move |c| {
                let who = person(c, me)?;
                let mut crews = Vec::new();
                for unit in &named {
                    crews.push(crew(c, unit)?);
                }
                let waits = waiting_of(c, me)?.is_some();
                may_apply(&standing(&who), &crews, waits)?;
                let now = desk.now();
                let ids: Vec<UnitId> = named.iter().map(|u| u.id).collect();
                store::application::insert(c, &Ask::new(id, me, &why, now), &ids)?;
                let names: Vec<&str> = named.iter().map(|u| u.name.as_str()).collect();
                record(
                    c,
                    &actor,
                    now,
                    "application.sent",
                    &Subject::Person(me),
                    &json!({ "application": id, "name": who.name, "units": names, "why": why }),
                )?;
                let about = About::nothing_else(mail_text::Kind::Applied, id);
                for to in store::staff::administrators(c)? {
                    if to == me {
                        continue;
                    }
                    let to = person(c, to)?;
                    letter::to_person(&desk, c, &to, about, |german| {
                        [
                            ("who", who.name.clone()),
                            (
                                "address",
                                letter_text::address(who.email.as_deref(), german),
                            ),
                            ("units", names.join(", ")),
                            ("text", quoted(&why)),
                            (
                                "link",
                                format!("{}/admin/applications", desk.config().public_url),
                            ),
                        ]
                        .into()
                    })?;
                }
                Ok::<_, Error>(())
            })
            .await?;
        self.wake();
        Ok(id)
    }

    /// Grants or refuses an application, with a reason that the applicant is
    /// told.
    ///
    /// # Errors
    /// When the actor is no administrator, no reason is given, or it was
    /// answered already.
    pub async fn answer_application(
        &self,
        actor: &Actor,
        id: Uuid,
        granted: bool,
        why: &str,
    ) -> Result<(), Error> {
        may_answer_application(actor)?;
        let why = reason(why, Some("give a reason; the applicant is told it by mail"))?;
        let catalogue = self.catalogue().await?;
        let (desk, actor, cause) = (self.clone(), actor.clone(), self.uuid());
        let live = self
            .0
            .db
            .write(move |c| {
                let open = waiting(c, Kind::Application, id, |_| true)?;
                let occasion = Occasion {
                    actor: &actor,
                    why: &why,
                    cause,
                    mails: true,
                };
                if granted {
                    return grant(&desk, c, &catalogue, &occasion, &open);
                }
                let now = desk.now();
                let refused = Answer {
                    state: AskState::Refused,
                    at: now,
                    by: actor.person,
                    text: why.clone(),
                };
                close(c, Kind::Application, &open, &actor, &refused, "refused")?;
                let who = person(c, open.person)?;
                let about = About::nothing_else(mail_text::Kind::Refused, cause);
                letter::to_person(&desk, c, &who, about, |_| {
                    [
                        ("who", actor.name.clone()),
                        ("reason", why.clone()),
                        (
                            "link",
                            format!("{}/support-staff", desk.config().public_url),
                        ),
                    ]
                    .into()
                })?;
                Ok(Vec::new())
            })
            .await?;
        self.rights_changed(live);
        Ok(())
    }

    /// Applications, newest first: everybody's for administrators, for others
    /// their own. `before` is the last id of the page before.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn applications(
        &self,
        actor: &Actor,
        state: Option<AskState>,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<ApplicationView>, Error> {
        let catalogue = self.catalogue().await?;
        let asks = Asks {
            person: (!actor.admin).then(|| actor.person.unwrap_or(PersonId(Uuid::nil()))),
            state,
            before,
            ..Asks::default()
        };
        self.0
            .db
            .read(move |c| {
                let rows = store::application::find(
                    c,
                    Kind::Application,
                    &asks,
                    limit.clamp(1, MAX_ASKS + 1),
                )?;
                view_applications(c, &catalogue, rows)
            })
            .await
    }

    /// One's own applications and join requests, newest first.
    ///
    /// # Errors
    /// When nobody is signed in.
    pub async fn my_asks(
        &self,
        actor: &Actor,
    ) -> Result<(Vec<ApplicationView>, Vec<JoinView>), Error> {
        let me = who_acts(actor)?;
        let catalogue = self.catalogue().await?;
        let asks = Asks {
            person: Some(me),
            ..Asks::default()
        };
        self.0
            .db
            .read(move |c| {
                let applications = store::application::find(c, Kind::Application, &asks, 20)?;
                let joins = store::application::find(c, Kind::Join, &asks, 50)?;
                Ok((
                    view_applications(c, &catalogue, applications)?,
                    view_joins(c, &catalogue, joins)?,
                ))
            })
            .await
    }
}
