//! Sites, looked after by administrators.

use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Conn;
use store::job::NewJob;
use store::site::Site;
use store::unit::Unit;
use switchboard_core::form::is_mail_address;
use switchboard_core::unit::{check_name, same_name};
use switchboard_core::{Actor, Millis, PersonId};

use crate::audit::{self, Subject, difference};
use crate::catalogue::known_unit;
use crate::{Desk, Error};

/// What is to be changed of a site; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SiteEdit {
    /// Its name.
    pub name: Option<String>,
    /// Other names people use for it.
    pub aliases: Option<Vec<String>>,
    /// The address that is told; `Some(None)`: none.
    pub contact: Option<Option<String>>,
    /// The support unit that answers for it, by key or name; `Some(None)`: none.
    pub unit: Option<Option<String>>,
    /// Its country.
    pub country: Option<String>,
    /// It can be chosen.
    pub active: Option<bool>,
}

impl SiteEdit {
    /// Puts what is given into a site.
    ///
    /// # Errors
    /// When there is no such unit, or it is retired.
    pub(crate) fn onto(self, site: &mut Site, units: &[Unit]) -> Result<(), Error> {
        if let Some(unit) = self.unit {
            site.unit = match unit {
                Some(name) => {
                    let unit = known_unit(units, "unit", &name)?;
                    if !unit.active && site.unit != Some(unit.id) {
                        return Err(Error::invalid(
                            "unit",
                            format!("{} is retired; name its successor", unit.name),
                        ));
                    }
                    Some(unit.id)
                }
                None => None,
            };
        }
        if let Some(name) = self.name {
            site.name = name.trim().to_owned();
        }
        if let Some(aliases) = self.aliases {
            let mut kept: Vec<String> = Vec::new();
            for alias in aliases {
                let alias = alias.trim().to_owned();
                if !alias.is_empty() && !kept.iter().any(|k| same_name(k, &alias)) {
                    kept.push(alias);
                }
            }
            site.aliases = kept;
        }
        if let Some(contact) = self.contact {
            site.contact = contact;
        }
        if let Some(country) = self.country {
            site.country = country.trim().to_owned();
        }
        if let Some(active) = self.active {
            site.active = active;
        }
        Ok(())
    }
}

/// What a job that follows a site's contact is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ContactChange {
    /// The site.
    pub(crate) site: String,
    /// Who was its contact; who is one is read when the job runs.
    pub(crate) old: Option<PersonId>,
    /// The ticket that the job before came to.
    pub(crate) after: i64,
}

/// Whose address a site's contact is now.
fn contact_of(c: &mut Conn<'_>, site: &Site) -> Result<Option<PersonId>, Error> {
    Ok(match &site.contact {
        Some(address) => store::person::by_email(c, address)?.map(|p| p.id),
        None => None,
    })
}

/// The keys of sites whose contact is somebody else than was stored.
///
/// # Errors
/// When the database can not be read.
pub(crate) fn unsettled(c: &mut Conn<'_>) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for site in store::site::all(c)? {
        if contact_of(c, &site)? != site.contact_person {
            found.push(site.key);
        }
    }
    Ok(found)
}

/// Finds out whose address a site's contact is. Where that is somebody else than was
/// stored, tickets that are opened have them from now on, and a job follows with those
/// that are open. Returns whether it was so.
///
/// # Errors
/// When the database can not be read or written.
pub(crate) fn settle_contact(c: &mut Conn<'_>, site: &Site, now: Millis) -> Result<bool, Error> {
    let person = contact_of(c, site)?;
    if person == site.contact_person {
        return Ok(false);
    }
    store::site::set_contact_person(c, &site.key, person)?;
    let change = ContactChange {
        site: site.key.clone(),
        old: site.contact_person,
        after: 0,
    };
    let payload = serde_json::to_string(&change)
        .map_err(|e| Error::Internal(format!("a site's contact to JSON: {e}")))?;
    store::job::enqueue(
        c,
        &NewJob {
            kind: crate::jobs::SITE_CONTACT,
            payload,
            run_at: now,
            unique_key: None,
        },
    )?;
    Ok(true)
}

/// Stores a site within somebody's transaction; gives what was done and what
/// differs, or `None` when nothing does.
///
/// # Errors
/// The field that is wrong, or [`Error::Stale`].
pub(crate) fn put_site_in(
    c: &mut Conn<'_>,
    now: Millis,
    site: &Site,
    expected: Option<i64>,
) -> Result<Option<(&'static str, serde_json::Value)>, Error> {
    let all = store::site::all(c)?;
    let before = all.iter().find(|s| s.key == site.key);
    let current = before.map_or(0, |s| s.version);
    if expected.is_some_and(|e| e != current) {
        return Err(Error::Stale { current });
    }
    check(site, &all)?;
    if let Some(before) = before {
        let same = Site {
            version: before.version,
            contact_person: before.contact_person,
            ..site.clone()
        };
        if *before == same {
            return Ok(None);
        }
    }
    store::site::save(c, site, now)?;
    settle_contact(c, site, now)?;
    let (action, mut detail) = match before {
        None => ("site.created", json!(site)),
        Some(before) => ("site.changed", difference(before, site)),
    };
    detail["key"] = json!(site.key);
    Ok(Some((action, detail)))
}

fn check(site: &Site, all: &[Site]) -> Result<(), Error> {
    check_name(&site.name)?;
    // Keys of sites come from elsewhere (GOCDB): capitals and dots are usual.
    let fine = (1..=60).contains(&site.key.len())
        && site
            .key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !fine {
        return Err(Error::invalid(
            "key",
            "takes 1 to 60 letters, digits, dots, - and _",
        ));
    }
    for other in all.iter().filter(|s| s.key != site.key) {
        let has = |name: &str| {
            same_name(&other.key, name)
                || same_name(&other.name, name)
                || other.aliases.iter().any(|a| same_name(a, name))
        };
        let named = [("key", &site.key), ("name", &site.name)]
            .into_iter()
            .chain(site.aliases.iter().map(|a| ("aliases", a)));
        for (field, name) in named {
            if has(name) {
                return Err(Error::invalid(
                    field,
                    format!("{name:?} is {} already", other.name),
                ));
            }
        }
    }
    for alias in &site.aliases {
        check_name(alias).map_err(|_| Error::invalid("aliases", "each takes one line"))?;
    }
    if let Some(contact) = &site.contact
        && !is_mail_address(contact)
    {
        return Err(Error::invalid(
            "contact",
            "takes a mail address, as noc@site.example",
        ));
    }
    if site.country.chars().count() > 60 || site.country.chars().any(char::is_control) {
        return Err(Error::invalid(
            "country",
            "takes one line of at most 60 characters",
        ));
    }
    Ok(())
}

impl Desk {
    /// Every site, by name.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn sites(&self) -> Result<Vec<Site>, Error> {
        self.0
            .db
            .read(|c| store::site::all(c).map_err(Error::from))
            .await
    }

    /// Adds a site, or (`new: false`) changes one.
    ///
    /// # Errors
    /// [`Error::Stale`] when `expected` is no longer its version; unless an
    /// administrator does it; or the field that is wrong.
    pub async fn put_site(
        &self,
        actor: &Actor,
        key: &str,
        new: bool,
        expected: Option<i64>,
        edit: SiteEdit,
    ) -> Result<Site, Error> {
        if !(actor.admin || actor.is_system()) {
            return Err(Error::Forbidden(
                "only administrators may edit sites".into(),
            ));
        }
        let (now, actor, key) = (self.now(), actor.clone(), key.trim().to_owned());
        let site = self
            .0
            .db
            .write(move |c| {
                let all = store::site::all(c)?;
                let found = all.iter().find(|s| s.key.eq_ignore_ascii_case(&key));
                let mut site = match (found, new) {
                    (Some(_), true) => {
                        return Err(Error::invalid("key", "there is such a site already"));
                    }
                    (None, false) => return Err(Error::not_found(format!("site {key:?}"))),
                    (Some(site), false) => site.clone(),
                    (None, true) => Site {
                        key: key.clone(),
                        active: true,
                        ..Site::default()
                    },
                };
                edit.clone().onto(&mut site, &store::unit::all(c)?)?;
                if let Some((action, detail)) = put_site_in(c, now, &site, expected)? {
                    let subject = Subject::Setting(format!("site:{}", site.key));
                    audit::record(c, &actor, now, action, &subject, &detail)?;
                    site.version += 1;
                }
                Ok(site)
            })
            .await?;
        self.forget_catalogue();
        self.wake();
        Ok(site)
    }
}
