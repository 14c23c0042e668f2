//! Providers bring their services in by a form: kept as a draft, sent for
//! review, decided by an administrator (rules: `switchboard_core::onboarding`).

mod accept;
mod connection;
mod decision;
mod letters;
mod list_check;
mod moving;
mod sheet;
mod undo;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use store::Conn;
use store::onboarding::{Kind, Note, Onboarding};
use store::service_provider::Provider;
use store::unit::Service;
use switchboard_core::onboarding::{
    Around, By, Deed, Form, Known, Problem, Refusal, State, Way, entries, label, missing_for, next,
    problems,
};
use switchboard_core::{Actor, Millis, Part, PersonId};
use uuid::Uuid;

pub use connection::{TestLine, Tested, Verdict};
pub use decision::Decision;
pub use moving::{WayPage, present_form};
pub use undo::UndoPlan;

use crate::service_provider::looks_after;
use crate::{Desk, Error};

/// So many forms of one person may wait at a time.
const MOST_UNDECIDED: i64 = 10;
/// The largest form, in bytes of JSON.
const LARGEST: usize = 256 * 1024;
/// Forms shown in a list.
const LISTED: i64 = 200;

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        match refusal {
            Refusal::Forbidden(text) => Error::Forbidden(text.to_owned()),
            Refusal::State(text) => Error::Conflict(text),
            Refusal::Incomplete(problem) => Error::invalid(problem.field, problem.problem),
        }
    }
}

/// A form in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub kind: Kind,
    /// How far it has come.
    pub state: State,
    /// What it is about: names of services.
    pub title: String,
    /// Who provides.
    pub provider: String,
    /// The way that was chosen.
    pub option: Option<Way>,
    /// Who began it.
    pub author: PersonId,
    /// Their name.
    pub author_name: String,
    /// When it last changed.
    pub updated_at: Millis,
    /// When it was last sent.
    pub submitted_at: Option<Millis>,
}

/// A field that differs from what is so now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The field as a path.
    pub field: String,
    /// What it is called.
    pub label: String,
    /// What is so now; empty: nothing.
    pub before: String,
    /// What shall be; empty: nothing.
    pub after: String,
}

/// A form with all that its page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// What can be promised: the qualities of support.
    pub qualities: Vec<switchboard_core::target::Quality>,
    /// The form.
    pub row: Onboarding,
    /// Who began it.
    pub author_name: String,
    /// What the looker is to it.
    pub by: By,
    /// What was done with it.
    pub notes: Vec<Note>,
    /// What keeps it from being sent or accepted.
    pub wrong: Vec<Problem>,
    /// Providers to choose from.
    pub providers: Vec<Provider>,
    /// Units to stand under.
    pub parents: Vec<Known>,
    /// The service, of a move.
    pub service: Option<Service>,
    /// What differs from what is so now.
    pub changes: Vec<Changed>,
    /// What differs from when an administrator last looked at it.
    pub since_review: Vec<Changed>,
    /// What accepting it would create or change, line by line.
    pub would: Vec<String>,
    /// When the test mail to the list was sent, while its link can be followed.
    pub list_asked: Option<Millis>,
    /// What the last test of the connection found.
    pub tested: Option<Tested>,
    /// What undoing it would do.
    pub undo: Option<UndoPlan>,
}

/// The names of the services that a form is about.
fn title(row: &Onboarding, service: Option<&Service>) -> String {
    if let Some(service) = service {
        return service.name.clone();
    }
    let names: Vec<&str> = row
        .form
        .services
        .iter()
        .map(|s| s.name.trim())
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() {
        "A service without a name yet".to_owned()
    } else {
        names.join(", ")
    }
}

/// What an actor is to a form.
fn by(c: &mut Conn<'_>, actor: &Actor, row: &Onboarding) -> Result<By, Error> {
    let contact = match (row.provider, actor.person) {
        (Some(provider), Some(person)) => store::service_provider::is_contact(c, provider, person)?,
        _ => false,
    };
    Ok(By {
        author: actor.person == Some(row.author) || contact,
        admin: actor.admin,
    })
}

/// The form, when the actor may know of it.
fn found(c: &mut Conn<'_>, actor: &Actor, id: Uuid) -> Result<(Onboarding, By), Error> {
    let none = || Error::not_found("such onboarding form");
    let row = store::onboarding::load(c, id)?.ok_or_else(none)?;
    let by = by(c, actor, &row)?;
    if by.author || by.admin {
        Ok((row, by))
    } else {
        Err(none())
    }
}

fn is_zone(name: &str) -> bool {
    !name.is_empty() && TimeZone::get(name).is_ok()
}

fn is_address(text: &str) -> bool {
    mail::Address::parse(text).is_ok()
}

/// What a form is compared with.
fn around(c: &mut Conn<'_>, desk: &Desk, row: &Onboarding) -> Result<Around, Error> {
    let units = store::unit::all(c)?;
    let asked = service_of(c, row)?.map(|s| s.doc.form).unwrap_or_default();
    Ok(Around {
        questions: asked
            .into_iter()
            .filter(|f| !f.support_only())
            .map(|f| f.key)
            .collect(),
        providers: store::service_provider::all(c)?
            .into_iter()
            .map(|p| Known {
                key: p.key,
                name: p.name,
            })
            .collect(),
        services: store::unit::services(c)?
            .into_iter()
            .map(|s| Known {
                key: s.key,
                name: s.name,
            })
            .collect(),
        parents: units
            .iter()
            .filter(|u| u.active && u.level < 3)
            .map(|u| Known {
                key: u.key.clone(),
                name: u.name.clone(),
            })
            .collect(),
        units: units
            .into_iter()
            .map(|u| Known {
                key: u.key,
                name: u.name,
            })
            .collect(),
        qualities: crate::ticket_clock::stored_targets(c)?
            .qualities
            .into_iter()
            .map(|q| q.key)
            .collect(),
        secrets: (row.state == State::Submitted).then(|| desk.config().secrets.names()),
        confirmed_list: row.list_confirmed.clone(),
        is_address,
        is_zone,
    })
}

/// What keeps a form from being sent or accepted now.
fn wrong(c: &mut Conn<'_>, row: &Onboarding, around: &Around) -> Result<Vec<Problem>, Error> {
    if row.kind == Kind::Entry {
        return Ok(problems(&row.form, around));
    }
    let Some(service) = service_of(c, row)? else {
        return Ok(vec![Problem {
            field: "option".into(),
            problem: "The service is not there any more.".into(),
        }]);
    };
    let responsibles = store::unit::members(c, service.unit)?
        .iter()
        .filter(|m| m.part == Part::Responsible)
        .count();
    let mut found = missing_for(&row.form, around, responsibles);
    if found.is_empty() && row.state.open() && moving::same(&present_form(c, &service)?, &row.form)
    {
        found.push(Problem {
            field: "option".into(),
            problem: "Nothing differs from how it is now. Choose another way, or change a detail."
                .into(),
        });
    }
    Ok(found)
}

fn service_of(c: &mut Conn<'_>, row: &Onboarding) -> Result<Option<Service>, Error> {
    Ok(match row.service {
        None => None,
        Some(id) => store::unit::services(c)?.into_iter().find(|s| s.id == id),
    })
}

/// The fields of two forms that differ, in the order of the later one.
fn differing(before: &[(String, String)], after: &[(String, String)]) -> Vec<Changed> {
    let was: BTreeMap<&str, &str> = before
        .iter()
        .map(|(f, v)| (f.as_str(), v.as_str()))
        .collect();
    let is: BTreeMap<&str, &str> = after
        .iter()
        .map(|(f, v)| (f.as_str(), v.as_str()))
        .collect();
    let changed = |field: &str, before: &str, after: &str| Changed {
        field: field.to_owned(),
        label: label(field),
        before: before.to_owned(),
        after: after.to_owned(),
    };
    let mut all: Vec<Changed> = after
        .iter()
        .filter(|(field, value)| was.get(field.as_str()) != Some(&value.as_str()))
        .map(|(field, value)| {
            changed(
                field,
                was.get(field.as_str()).copied().unwrap_or_default(),
                value,
            )
        })
        .collect();
    all.extend(
        before
            .iter()
            .filter(|(field, _)| !is.contains_key(field.as_str()))
            .map(|(field, value)| changed(field, value, "")),
    );
    all
}

fn summary(c: &mut Conn<'_>, row: &Onboarding) -> Result<Summary, Error> {
    let service = service_of(c, row)?;
    let provider = match row.provider {
        Some(id) => store::service_provider::load(c, id)?.map(|p| p.name),
        None => None,
    };
    Ok(Summary {
        id: row.id,
        kind: row.kind,
        state: row.state,
        title: title(row, service.as_ref()),
        provider: provider.unwrap_or_else(|| row.form.provider.name.trim().to_owned()),
        option: row.form.option,
        author: row.author,
        author_name: store::person::load(c, row.author)?
            .map_or_else(|| "somebody".to_owned(), |p| p.name),
        updated_at: row.updated_at,
        submitted_at: row.submitted_at,
    })
}

/// Stores a row that is one version further.
fn keep(c: &mut Conn<'_>, row: &mut Onboarding, now: Millis) -> Result<(), Error> {
    row.version += 1;
    row.updated_at = now;
    if store::onboarding::update(c, row)? {
        Ok(())
    } else {
        Err(Error::Stale {
            current: row.version,
        })
    }
}

fn fresh_check(row: &Onboarding, expected: Option<i64>) -> Result<(), Error> {
    match expected {
        Some(version) if version != row.version => Err(Error::Stale {
            current: row.version,
        }),
        _ => Ok(()),
    }
}

fn small_enough(form: &Form) -> Result<(), Error> {
    let size = serde_json::to_vec(form).map_or(usize::MAX, |json| json.len());
    if size > LARGEST {
        return Err(Error::invalid(
            "form",
            format!("is larger than {} kB; shorten its texts", LARGEST / 1024),
        ));
    }
    Ok(())
}

impl Desk {
    /// Begins a form for new services.
    ///
    /// # Errors
    /// When too many forms of this person wait already.
    pub async fn begin_onboarding(&self, actor: &Actor) -> Result<Uuid, Error> {
        let author = actor
            .person
            .ok_or_else(|| Error::Forbidden("sign in to begin a form".into()))?;
        let (id, now) = (self.uuid(), self.now());
        self.0
            .db
            .write(move |c| {
                if store::onboarding::undecided(c, author)? >= MOST_UNDECIDED {
                    return Err(Error::Conflict(format!(
                        "you have {MOST_UNDECIDED} forms that are not decided yet: finish one first"
                    )));
                }
                let email = store::person::load(c, author)?
                    .and_then(|p| p.email)
                    .unwrap_or_default();
                store::onboarding::insert(
                    c,
                    &Onboarding {
                        id,
                        kind: Kind::Entry,
                        state: State::Draft,
                        author,
                        provider: None,
                        service: None,
                        form: Form::fresh(&email),
                        reviewed: None,
                        list_confirmed: None,
                        checked: None,
                        made: None,
                        version: 1,
                        created_at: now,
                        updated_at: now,
                        submitted_at: None,
                    },
                )?;
                Ok(id)
            })
            .await
    }

    /// A form with all that its page shows.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for those who may not know of it.
    pub async fn onboarding(&self, actor: &Actor, id: Uuid) -> Result<Sheet, Error> {
        let (desk, actor) = (self.clone(), actor.clone());
        self.0
            .db
            .read(move |c| sheet::sheet(c, &desk, &actor, id))
            .await
    }

    /// The forms of a person and of the providers they are a contact of.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn onboardings(&self, actor: &Actor) -> Result<Vec<Summary>, Error> {
        let Some(person) = actor.person else {
            return Ok(Vec::new());
        };
        self.0
            .db
            .read(move |c| {
                store::onboarding::of_person(c, person, LISTED)?
                    .iter()
                    .map(|row| summary(c, row))
                    .collect()
            })
            .await
    }

    /// Every form that was sent, those that wait first.
    ///
    /// # Errors
    /// When the actor is no administrator.
    pub async fn onboarding_queue(&self, actor: &Actor) -> Result<Vec<Summary>, Error> {
        crate::service_provider::admin(actor)?;
        self.0
            .db
            .read(|c| {
                store::onboarding::sent(c, LISTED)?
                    .iter()
                    .map(|row| summary(c, row))
                    .collect()
            })
            .await
    }

    /// Keeps what was typed, right or wrong. `expected` is the version that the
    /// author saw; `None`: whatever happened meanwhile.
    ///
    /// # Errors
    /// When the form waits for review or was decided, or is not theirs.
    pub async fn save_onboarding(
        &self,
        actor: &Actor,
        id: Uuid,
        expected: Option<i64>,
        form: Form,
    ) -> Result<Sheet, Error> {
        small_enough(&form)?;
        let (desk, actor, now) = (self.clone(), actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let (mut row, by) = found(c, &actor, id)?;
                fresh_check(&row, expected)?;
                row.state = next(row.state, Deed::Change, by, &[])?;
                if row.form != form {
                    row.form = form.clone();
                    keep(c, &mut row, now)?;
                }
                sheet::sheet(c, &desk, &actor, id)
            })
            .await
    }

    /// Sends a form for review; `message` is for the administrators and may be
    /// empty.
    ///
    /// # Errors
    /// Names the first field that is missing or wrong.
    pub async fn submit_onboarding(
        &self,
        actor: &Actor,
        id: Uuid,
        expected: Option<i64>,
        message: &str,
    ) -> Result<(), Error> {
        let message = decision::said("message", message, false)?;
        let (desk, actor, now) = (self.clone(), actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let (mut row, by) = found(c, &actor, id)?;
                fresh_check(&row, expected)?;
                let around = around(c, &desk, &row)?;
                let wrong = wrong(c, &row, &around)?;
                row.state = next(row.state, Deed::Submit, by, &wrong)?;
                row.submitted_at = Some(now);
                keep(c, &mut row, now)?;
                decision::note(c, &desk, &row, &actor, now, "submitted", &message)?;
                letters::submitted(c, &desk, &row, &actor, &message)
            })
            .await?;
        self.wake();
        Ok(())
    }

    /// Begins another way for a service, or gives the form that is open.
    ///
    /// # Errors
    /// When there is no such service, or it is not theirs to change.
    pub async fn begin_move(&self, actor: &Actor, service: &str) -> Result<Uuid, Error> {
        let catalogue = self.catalogue().await?;
        let service = catalogue
            .find_service("service", service)
            .map_err(|_| Error::not_found(format!("service {service:?}")))?
            .clone();
        let (actor, id, now) = (actor.clone(), self.uuid(), self.now());
        self.0
            .db
            .write(move |c| {
                let none = || Error::not_found(format!("service {:?}", service.key));
                let provider =
                    store::service_provider::of_service(c, service.id)?.ok_or_else(none)?;
                if !looks_after(c, &actor, provider)? {
                    return Err(none());
                }
                if let Some(open) = store::onboarding::open_move(c, service.id)? {
                    return Ok(open.id);
                }
                let author = actor.person.ok_or_else(none)?;
                let form = present_form(c, &service)?;
                store::onboarding::insert(
                    c,
                    &Onboarding {
                        id,
                        kind: Kind::Move,
                        state: State::Draft,
                        author,
                        provider: Some(provider),
                        service: Some(service.id),
                        // The list that is in use was confirmed once.
                        list_confirmed: (form.option == Some(Way::Redirection))
                            .then(|| form.redirection.list.clone()),
                        form,
                        reviewed: None,
                        checked: None,
                        made: None,
                        version: 1,
                        created_at: now,
                        updated_at: now,
                        submitted_at: None,
                    },
                )?;
                Ok(id)
            })
            .await
    }
}

/// Every field of a form with its name, for pages.
pub fn told(form: &Form) -> Vec<(String, String)> {
    entries(form)
        .into_iter()
        .map(|(field, value)| (label(&field), value))
        .collect()
}
