//! Editing services: who may change what, their forms, the audit log.

use serde_json::{Value as Json, json};
use store::Conn;
use store::unit::{FormField, Service, ServiceDoc, Unit};
use switchboard_core::form::{check_form, is_mail_address, is_web_address};
use switchboard_core::unit::{check_key, check_name, key_of, same_name};
use switchboard_core::{Actor, Millis, ServiceId, UnitId};

use crate::audit::{self, Subject, difference};
use crate::catalogue::{find_service_in, known_unit};
use crate::unit::edit::Saved;
use crate::{Desk, Error};

/// Integration options (domain section 4; *fixed*).
pub const OPTIONS: [(&str, &str); 3] = [
    ("direct", "Direct usage: tickets are worked here"),
    ("redirection", "Redirection: requests go to a mailing list"),
    ("integration", "Full integration: another system is coupled"),
];

/// How a service may run (*fixed*).
pub const LAMPS: [(&str, &str); 4] = [
    ("running", "Running"),
    ("degraded", "Degraded"),
    ("down", "Down"),
    ("planned", "Planned downtime"),
];

/// What is to be changed of a service; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceEdit {
    /// Its key.
    pub key: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Who provides it.
    pub provider: Option<String>,
    /// The group it is listed under.
    pub area: Option<String>,
    /// What it is for, in one line.
    pub description: Option<String>,
    /// The unit that answers for it, by name or key.
    pub unit: Option<String>,
    /// One of [`OPTIONS`].
    pub option: Option<String>,
    /// For redirection: the list's address; `Some(None)`: none.
    pub list: Option<Option<String>>,
    /// One of [`LAMPS`].
    pub lamp: Option<String>,
    /// The lamp in words; empty: the lamp's own.
    pub lamp_text: Option<String>,
    /// It is offered.
    pub active: Option<bool>,
    /// Its place in the catalogue.
    pub position: Option<i64>,
    /// Other names people use for it.
    pub aliases: Option<Vec<String>>,
    /// Extra questions of its form.
    pub form: Option<Vec<FormField>>,
    /// Whom to ask about it.
    pub contact: Option<String>,
    /// The page with its known errors.
    pub known_errors: Option<String>,
    /// The page with its changes.
    pub changes: Option<String>,
}

/// A service with the number that says whether it changed meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownService {
    /// The service.
    pub service: Service,
    /// How often it was stored.
    pub version: i64,
}

impl ServiceEdit {
    /// Puts what is given into a service.
    ///
    /// # Errors
    /// When the unit is not known.
    pub(crate) fn onto(self, service: &mut Service, units: &[Unit]) -> Result<(), Error> {
        macro_rules! set {
            ($($field:ident => $place:expr;)*) => {$(
                if let Some(value) = self.$field {
                    $place = value;
                }
            )*};
        }
        if let Some(unit) = self.unit {
            service.unit = known_unit(units, "unit", &unit)?.id;
        }
        if let Some(name) = self.name {
            service.name = name.trim().to_owned();
        }
        if let Some(aliases) = self.aliases {
            let mut kept: Vec<String> = Vec::new();
            for alias in aliases {
                let alias = alias.trim().to_lowercase();
                if !alias.is_empty() && !kept.contains(&alias) {
                    kept.push(alias);
                }
            }
            service.doc.aliases = kept;
        }
        set! {
            key => service.key;
            provider => service.provider;
            area => service.area;
            description => service.description;
            option => service.option;
            list => service.doc.list;
            lamp => service.lamp;
            lamp_text => service.lamp_text;
            active => service.active;
            position => service.position;
            form => service.doc.form;
            contact => service.doc.contact;
            known_errors => service.doc.known_errors;
            changes => service.doc.changes;
        }
        Ok(())
    }
}

/// A service that is to be filled in.
pub(crate) fn blank(id: ServiceId, position: i64) -> Service {
    Service {
        id,
        key: String::new(),
        name: String::new(),
        provider: String::new(),
        area: String::new(),
        description: String::new(),
        unit: UnitId(uuid::Uuid::nil()),
        option: "direct".into(),
        lamp: "running".into(),
        lamp_text: String::new(),
        active: true,
        position,
        doc: ServiceDoc::default(),
    }
}

/// A service as the audit log tells of it.
pub(crate) fn told(service: &Service, units: &[Unit]) -> Json {
    let doc = &service.doc;
    json!({
        "key": service.key,
        "name": service.name,
        "provider": service.provider,
        "area": service.area,
        "description": service.description,
        "unit": units.iter().find(|u| u.id == service.unit).map(|u| &u.key),
        "option": service.option,
        "list": doc.list,
        "lamp": service.lamp,
        "lamp_text": service.lamp_text,
        "active": service.active,
        "position": service.position,
        "aliases": doc.aliases,
        "form": doc.form,
        "contact": doc.contact,
        "known_errors": doc.known_errors,
        "changes": doc.changes,
    })
}

/// May say how a service runs: those who work in its unit, and administrators.
pub fn may_set_lamp(actor: &Actor, service: &Service) -> bool {
    actor.admin || actor.is_system() || actor.in_unit(service.unit).is_some()
}

/// Stores a service, new or changed, within somebody's transaction: checks who
/// may do that, the version and what it says, and records the deed. Gives the
/// version after it. The caller forgets the catalogue afterwards.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::Stale`], or the field that is wrong.
pub(crate) fn save_service_in(
    c: &mut Conn<'_>,
    actor: &Actor,
    now: Millis,
    service: &Service,
    expected: Option<i64>,
) -> Result<i64, Error> {
    let saved = put_service_in(c, actor, now, service, expected)?;
    if let Some((action, detail)) = saved.deed {
        audit::record(
            c,
            actor,
            now,
            action,
            &Subject::Service(service.id),
            &detail,
        )?;
    }
    Ok(saved.version)
}

/// A list that is new to a service must not be the desk itself.
pub(crate) fn check_list(
    c: &mut Conn<'_>,
    desk: &Desk,
    service: &Service,
    before: Option<&Service>,
) -> Result<(), Error> {
    match &service.doc.list {
        Some(list) if before.is_none_or(|b| b.doc.list.as_ref() != Some(list)) => {
            crate::mail_in::check_is_foreign(c, desk, "list", list)
        }
        _ => Ok(()),
    }
}

/// The same without the deed, for who records many as one.
///
/// # Errors
/// As [`save_service_in`].
pub(crate) fn put_service_in(
    c: &mut Conn<'_>,
    actor: &Actor,
    now: Millis,
    service: &Service,
    expected: Option<i64>,
) -> Result<Saved, Error> {
    let units = store::unit::all(c)?;
    let all = store::unit::services(c)?;
    let before = all.iter().find(|s| s.id == service.id);
    if !(actor.admin || actor.is_system()) {
        let only_the_lamp = before.is_some_and(|before| {
            may_set_lamp(actor, before)
                && *service
                    == Service {
                        lamp: service.lamp.clone(),
                        lamp_text: service.lamp_text.clone(),
                        ..before.clone()
                    }
        });
        if !only_the_lamp {
            return Err(Error::Forbidden(
                "only administrators may edit services; those who work in its unit say how it runs"
                    .into(),
            ));
        }
    }
    let version = store::unit::service_version(c, service.id)?.unwrap_or(0);
    if expected.is_some_and(|e| e != version) {
        return Err(Error::Stale { current: version });
    }
    if before == Some(service) {
        return Ok(Saved {
            version,
            deed: None,
        });
    }
    check(service, &all, &units)?;
    crate::ticket_clock::with_partners(c, now, |c| {
        Ok(store::unit::save_service(c, service, now)?)
    })?;
    let after = told(service, &units);
    let deed = match before {
        None => ("service.created", after),
        Some(before) => {
            let mut detail = difference(&told(before, &units), &after);
            detail["service"] = json!(service.key);
            ("service.changed", detail)
        }
    };
    Ok(Saved {
        version: version + 1,
        deed: Some(deed),
    })
}

fn check(service: &Service, all: &[Service], units: &[Unit]) -> Result<(), Error> {
    check_name(&service.name)?;
    check_key(&service.key)?;
    // Services are found by key, name and alias, so these are one space.
    let doc = &service.doc;
    for other in all.iter().filter(|s| s.id != service.id) {
        let has = |name: &str| {
            same_name(&other.key, name)
                || same_name(&other.name, name)
                || other.doc.aliases.iter().any(|a| same_name(a, name))
        };
        let named = [("key", &service.key), ("name", &service.name)]
            .into_iter()
            .chain(doc.aliases.iter().map(|a| ("aliases", a)));
        for (field, name) in named {
            if has(name) {
                return Err(Error::invalid(
                    field,
                    format!("{name:?} is {} already", other.name),
                ));
            }
        }
    }
    let one_line = |field: &str, text: &str, most: usize| {
        if text.chars().count() > most || text.chars().any(char::is_control) {
            return Err(Error::invalid(
                field,
                format!("takes one line of at most {most} characters"),
            ));
        }
        Ok(())
    };
    one_line("provider", &service.provider, 120)?;
    one_line("area", &service.area, 60)?;
    one_line("description", &service.description, 500)?;
    one_line("lamp_text", &service.lamp_text, 120)?;
    one_line("contact", &doc.contact, 300)?;
    for alias in &doc.aliases {
        one_line("aliases", alias, 120)?;
    }
    match units.iter().find(|u| u.id == service.unit) {
        None => {
            return Err(Error::invalid(
                "unit",
                "say which unit answers for it, by name or key",
            ));
        }
        Some(unit) if !unit.active && service.active => {
            return Err(Error::invalid(
                "unit",
                format!("{} is retired; name an active unit", unit.name),
            ));
        }
        Some(_) => {}
    }
    let known = |field: &str, words: &[(&str, &str)], word: &str| {
        if words.iter().any(|(key, _)| *key == word) {
            return Ok(());
        }
        let keys: Vec<_> = words.iter().map(|(key, _)| *key).collect();
        Err(Error::invalid(
            field,
            format!("takes one of {}", keys.join(", ")),
        ))
    };
    known("option", &OPTIONS, &service.option)?;
    known("lamp", &LAMPS, &service.lamp)?;
    match &doc.list {
        Some(list) if !is_mail_address(list) => {
            return Err(Error::invalid(
                "list",
                "takes a mail address, as list@example.org",
            ));
        }
        None if service.option == "redirection" => {
            return Err(Error::invalid(
                "list",
                "redirection needs the address of the list that requests go to",
            ));
        }
        _ => {}
    }
    for (field, link) in [
        ("known_errors", &doc.known_errors),
        ("changes", &doc.changes),
    ] {
        if !link.is_empty() && !is_web_address(link) {
            return Err(Error::invalid(
                field,
                "takes a web address that begins with http:// or https://",
            ));
        }
    }
    check_form(&doc.form)?;
    Ok(())
}

impl Desk {
    /// A service by key, name or alias as it is stored now, for editing.
    ///
    /// # Errors
    /// When there is no such service.
    pub async fn known_service(&self, name: &str) -> Result<KnownService, Error> {
        let name = name.to_owned();
        self.0
            .db
            .read(move |c| {
                let all = store::unit::services(c)?;
                let service = find_service_in(&all, &name)
                    .ok_or_else(|| Error::not_found(format!("service {name:?}")))?
                    .clone();
                let version = store::unit::service_version(c, service.id)?.unwrap_or(0);
                Ok(KnownService { service, version })
            })
            .await
    }

    /// Adds a service at the end of the catalogue; without a key it is made
    /// from the name.
    ///
    /// # Errors
    /// Unless an administrator does it; or the field that is wrong.
    pub async fn create_service(
        &self,
        actor: &Actor,
        edit: ServiceEdit,
    ) -> Result<KnownService, Error> {
        let (now, id, actor) = (self.now(), ServiceId(self.uuid()), actor.clone());
        let desk = self.clone();
        let known = self
            .0
            .db
            .write(move |c| {
                let units = store::unit::all(c)?;
                let last = store::unit::services(c)?
                    .iter()
                    .map(|s| s.position)
                    .max()
                    .unwrap_or(0);
                let mut service = blank(id, last + 1);
                edit.clone().onto(&mut service, &units)?;
                check_list(c, &desk, &service, None)?;
                if service.key.is_empty() {
                    service.key = key_of(&service.name);
                }
                let version = save_service_in(c, &actor, now, &service, None)?;
                Ok::<_, Error>(KnownService { service, version })
            })
            .await?;
        self.forget_catalogue();
        Ok(known)
    }

    /// Changes a service. Retiring one is `active: false`: its tickets stay
    /// with its unit, and nobody can choose it any more.
    ///
    /// # Errors
    /// [`Error::Stale`] when `expected` is no longer its version;
    /// [`Error::Forbidden`]; or the field that is wrong.
    pub async fn change_service(
        &self,
        actor: &Actor,
        name: &str,
        expected: Option<i64>,
        edit: ServiceEdit,
    ) -> Result<KnownService, Error> {
        let (now, actor, name) = (self.now(), actor.clone(), name.to_owned());
        let desk = self.clone();
        let known = self
            .0
            .db
            .write(move |c| {
                let units = store::unit::all(c)?;
                let all = store::unit::services(c)?;
                let before = find_service_in(&all, &name)
                    .ok_or_else(|| Error::not_found(format!("service {name:?}")))?;
                let mut service = before.clone();
                edit.clone().onto(&mut service, &units)?;
                check_list(c, &desk, &service, Some(before))?;
                let version = save_service_in(c, &actor, now, &service, expected)?;
                Ok::<_, Error>(KnownService { service, version })
            })
            .await?;
        self.forget_catalogue();
        Ok(known)
    }

    /// Moves a service one place up or down in the catalogue.
    ///
    /// # Errors
    /// Unless an administrator does it; when there is no such service.
    pub async fn move_service(&self, actor: &Actor, name: &str, up: bool) -> Result<(), Error> {
        if !(actor.admin || actor.is_system()) {
            return Err(Error::Forbidden(
                "only administrators may order services".into(),
            ));
        }
        let (now, actor, name) = (self.now(), actor.clone(), name.to_owned());
        self.0
            .db
            .write(move |c| {
                let mut all = store::unit::services(c)?;
                let id = find_service_in(&all, &name)
                    .ok_or_else(|| Error::not_found(format!("service {name:?}")))?
                    .id;
                let at = all.iter().position(|s| s.id == id).unwrap_or(0);
                let to = if up { at.checked_sub(1) } else { Some(at + 1) };
                let Some(to) = to.filter(|to| *to < all.len()) else {
                    return Ok(());
                };
                all.swap(at, to);
                for (position, service) in (1..).zip(&mut all) {
                    if service.position != position {
                        service.position = position;
                        store::unit::save_service(c, service, now)?;
                    }
                }
                let detail = json!({ "service": all[to].key, "position": [at + 1, to + 1] });
                let subject = Subject::Service(id);
                audit::record(c, &actor, now, "service.moved", &subject, &detail)
            })
            .await?;
        self.forget_catalogue();
        Ok(())
    }
}
