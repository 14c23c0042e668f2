//! Units, services, values and triage rules: small, read often, so kept in
//! memory for a moment.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use store::community::Community;
use store::portal::Portal;
use store::site::Site;
use store::unit::{ListValue, Service, Unit};
use switchboard_core::clock::Terms;
use switchboard_core::timer::TimeRules;
use switchboard_core::unit::heir;
use switchboard_core::{Actor, Millis, PersonId, RuleSet, ServiceId, TargetSet, UnitId};

use crate::error::Error;
use crate::{Desk, Error as DeskError};

/// How long another node's change of the catalogue may go unseen here.
const FRESH: Duration = Duration::from_secs(2);

/// A snapshot of everything an administrator edits.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// Every unit, by level and name.
    pub units: Vec<Unit>,
    /// Every service, in the catalogue's order.
    pub services: Vec<Service>,
    /// The categories.
    pub categories: Vec<ListValue>,
    /// The types of issue.
    pub issue_types: Vec<ListValue>,
    /// Categories and types of issue that can not be chosen any more: tickets
    /// may have them.
    pub old_values: Vec<ListValue>,
    /// Every site, by name.
    pub sites: Vec<Site>,
    /// The communities, by name.
    pub communities: Vec<Community>,
    /// The portals, in order.
    pub portals: Vec<Portal>,
    /// The triage rules.
    pub rules: RuleSet,
    /// After how many working days time does what.
    pub times: TimeRules,
    /// From when on people are told of targets.
    pub told_from: Millis,
    /// What is promised, by quality of support and priority.
    pub targets: TargetSet,
    /// The units that stand for partners, who work in systems of their own or by a mailing list.
    pub partners: BTreeSet<UnitId>,
    /// Worked out when somebody asks.
    terms: OnceLock<Terms>,
    unit_index: HashMap<UnitId, usize>,
    service_index: HashMap<ServiceId, usize>,
}

impl Catalogue {
    /// A unit by its id.
    pub fn unit(&self, id: UnitId) -> Option<&Unit> {
        self.unit_index.get(&id).map(|i| &self.units[*i])
    }

    /// A unit's name; empty for one that another node made a moment ago.
    pub fn unit_name(&self, id: UnitId) -> &str {
        self.unit(id).map_or("", |unit| &unit.name)
    }

    /// What units promise and when they work.
    pub fn terms(&self) -> &Terms {
        self.terms
            .get_or_init(|| crate::ticket_clock::terms(&self.units, &self.partners, &self.targets))
    }

    /// A service by its id.
    pub fn service(&self, id: ServiceId) -> Option<&Service> {
        self.service_index.get(&id).map(|i| &self.services[*i])
    }

    /// The name of a ticket's service, if it has one.
    pub fn service_name(&self, id: Option<ServiceId>) -> Option<&str> {
        Some(&self.service(id?)?.name)
    }

    /// A unit by key or name, in any case.
    ///
    /// # Errors
    /// Names `field` and says where the names are listed.
    pub fn find_unit(&self, field: &str, name: &str) -> Result<&Unit, Error> {
        known_unit(&self.units, field, name)
    }

    /// The unit that works for a unit now: itself, or the one that took over
    /// when it was retired, and so on; `None` when nobody did.
    pub fn heir(&self, id: UnitId) -> Option<&Unit> {
        heir(id, |id| self.unit(id), |u| u.active, |u| u.successor)
    }

    /// The key of a site by key, name or alias, in any case. Where no sites are
    /// known, any word is one.
    ///
    /// # Errors
    /// Names `field` and says where the names are listed.
    pub fn site_key(&self, field: &str, name: &str) -> Result<String, Error> {
        let name = name.trim();
        if self.sites.is_empty() {
            return Ok(name.to_owned());
        }
        self.sites
            .iter()
            .find(|s| {
                s.key.eq_ignore_ascii_case(name)
                    || same(&s.name, name)
                    || s.aliases.iter().any(|a| same(a, name))
            })
            .map(|s| s.key.clone())
            .ok_or_else(|| {
                let name = crate::act::clip(name, 60);
                Error::invalid(
                    field,
                    format!("there is no site {name:?}; GET /api/v1/sites lists them"),
                )
            })
    }

    /// Who is the contact of a site, when that is somebody known here.
    pub(crate) fn contact_of(&self, site: &str) -> Option<PersonId> {
        self.sites.iter().find(|s| s.key == site)?.contact_person
    }

    /// A service by key, name or alias, in any case.
    ///
    /// # Errors
    /// Names `field` and says where the names are listed.
    pub fn find_service(&self, field: &str, name: &str) -> Result<&Service, Error> {
        find_service_in(&self.services, name).ok_or_else(|| {
            Error::invalid(
                field,
                format!("there is no service {name:?}; GET /api/v1/services lists them"),
            )
        })
    }

    /// Checks a category's key.
    ///
    /// # Errors
    /// Lists the keys there are.
    pub fn check_category(&self, key: &str) -> Result<(), Error> {
        check_value("category", key, self.categories.iter())
    }

    /// Checks a type of issue for a category. Requesters choose only those that
    /// they are offered.
    ///
    /// # Errors
    /// Lists the keys there are for the category.
    pub fn check_issue_type(&self, actor: &Actor, category: &str, key: &str) -> Result<(), Error> {
        let staff = actor.is_staff();
        let of_category = self
            .issue_types
            .iter()
            .filter(|t| t.category == category && (staff || !t.inner));
        check_value("issue_type", key, of_category)
    }

    /// The unit that takes what nothing routes elsewhere.
    pub fn first_level(&self) -> Result<&Unit, Error> {
        self.units
            .iter()
            .find(|u| u.first_level && u.active)
            .ok_or_else(|| Error::Internal("there is no active first level unit".into()))
    }

    /// The unit that takes imminent security risks, if there is one.
    pub fn security(&self) -> Option<&Unit> {
        self.units.iter().find(|u| u.security && u.active)
    }
}

/// A unit by key or name, in any case.
pub(crate) fn find_unit_in<'a>(units: &'a [Unit], name: &str) -> Option<&'a Unit> {
    units
        .iter()
        .find(|u| u.key.eq_ignore_ascii_case(name) || same(&u.name, name))
}

/// The same, for a field that names one.
///
/// # Errors
/// Names `field` and says where the names are listed.
pub(crate) fn known_unit<'a>(
    units: &'a [Unit],
    field: &str,
    name: &str,
) -> Result<&'a Unit, Error> {
    find_unit_in(units, name).ok_or_else(|| {
        Error::invalid(
            field,
            format!("there is no unit {name:?}; GET /api/v1/units lists them"),
        )
    })
}

/// A service by key, name or alias, in any case.
pub(crate) fn find_service_in<'a>(services: &'a [Service], name: &str) -> Option<&'a Service> {
    services.iter().find(|s| {
        s.key.eq_ignore_ascii_case(name)
            || same(&s.name, name)
            || s.doc.aliases.iter().any(|a| same(a, name))
    })
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.trim().to_lowercase()
}

fn check_value<'a>(
    field: &str,
    key: &str,
    values: impl Iterator<Item = &'a ListValue> + Clone,
) -> Result<(), Error> {
    if values.clone().any(|v| v.key == key) {
        return Ok(());
    }
    let keys: Vec<_> = values.map(|v| v.key.as_str()).collect();
    Err(Error::invalid(
        field,
        format!("there is no {key:?}; use one of {}", keys.join(", ")),
    ))
}

impl Desk {
    /// The catalogue as of at most two seconds ago.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>, DeskError> {
        if let Ok(guard) = self.0.catalogue.read()
            && let Some((read_at, catalogue)) = &*guard
            && read_at.elapsed() < FRESH
        {
            return Ok(catalogue.clone());
        }
        let catalogue = Arc::new(
            self.0
                .db
                .read(|c| {
                    let units = store::unit::all(c)?;
                    let services = store::unit::services(c)?;
                    let categories = store::values::all_categories(c)?;
                    let issue_types = store::values::all_issue_types(c)?;
                    let old = |key: &str, name: &str| ListValue {
                        key: key.to_owned(),
                        name: name.to_owned(),
                        ..ListValue::default()
                    };
                    let old_values = categories
                        .iter()
                        .filter(|v| !v.active)
                        .map(|v| old(&v.key, &v.name))
                        .chain(
                            issue_types
                                .iter()
                                .filter(|v| !v.active)
                                .map(|v| old(&v.key, &v.name)),
                        )
                        .collect();
                    let rules = store::setting::get(c, "triage")?
                        .ok_or_else(|| Error::Internal("no triage rules are stored".into()))?;
                    Ok::<_, Error>(Catalogue {
                        partners: crate::ticket_clock::partners(c, &units, &services)?,
                        unit_index: index(units.iter().map(|u| u.id)),
                        service_index: index(services.iter().map(|s| s.id)),
                        units,
                        services,
                        categories: store::unit::categories(c)?,
                        issue_types: store::unit::issue_types(c)?,
                        old_values,
                        sites: store::site::all(c)?,
                        communities: store::community::all(c)?,
                        portals: store::portal::all(c)?,
                        rules: serde_json::from_str(&rules)
                            .map_err(|e| Error::Internal(format!("stored triage rules: {e}")))?,
                        times: crate::timer::rules(c)?,
                        told_from: crate::timer::told_from(c)?,
                        targets: crate::ticket_clock::stored_targets(c)?,
                        terms: OnceLock::new(),
                    })
                })
                .await?,
        );
        if let Ok(mut guard) = self.0.catalogue.write() {
            *guard = Some((Instant::now(), catalogue.clone()));
        }
        Ok(catalogue)
    }

    /// Makes the next look at the catalogue read it again.
    pub(crate) fn forget_catalogue(&self) {
        if let Ok(mut guard) = self.0.catalogue.write() {
            *guard = None;
        }
    }

    /// Stores a unit as it is, for setting up a desk: without the rules of
    /// the tree and without a deed in the audit log.
    ///
    /// # Errors
    /// When the key or name is taken.
    pub async fn save_unit(&self, unit: Unit) -> Result<(), DeskError> {
        let now = self.now();
        self.0
            .db
            .write(move |c| store::unit::save(c, &unit, now).map_err(Error::from))
            .await?;
        self.forget_catalogue();
        Ok(())
    }

    /// Stores a service as it is, for setting up a desk.
    ///
    /// # Errors
    /// When the key or name is taken, or its unit is unknown.
    pub async fn save_service(&self, service: Service) -> Result<(), DeskError> {
        let (desk, now) = (self.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                store::unit::save_service(c, &service, now)?;
                crate::service_provider::adopt(c, || desk.uuid(), now)
            })
            .await?;
        self.forget_catalogue();
        Ok(())
    }
}

fn index<K: std::hash::Hash + Eq>(keys: impl Iterator<Item = K>) -> HashMap<K, usize> {
    keys.enumerate().map(|(i, k)| (k, i)).collect()
}
