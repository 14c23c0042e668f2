//! Providers of services, and those who look after the integration of theirs.

use serde_json::json;
use store::agreement::Agreement;
use store::list::{Condition, Filter, Scope};
use store::service_provider::{Contact, Provider};
use store::unit::Service;
use store::{Conn, Db};
use switchboard_core::query::Span;
use switchboard_core::{Actor, Millis, PersonId, ProviderId};
use uuid::Uuid;

use crate::audit::{Subject, difference, record};
use crate::letter::{self, About};
use crate::mail_text::Kind;
use crate::unit::MANY;
use crate::{Desk, Error, secret};

/// The figures of a service look back so far: 30 days.
const FIGURES_MS: Millis = 30 * 86_400_000;

/// A service as its provider's contacts see it: how it is connected and how many
/// tickets there are about it. No ticket is among it.
#[derive(Debug, Clone, PartialEq)]
pub struct Provided {
    /// The service.
    pub service: Service,
    /// The name of the unit that answers for it.
    pub unit: String,
    /// What was agreed; `None`: it came in before there were forms.
    pub agreement: Option<Agreement>,
    /// A form about another way that is not decided yet.
    pub moving: Option<Uuid>,
    /// Open tickets about it.
    pub open: i64,
    /// Opened within 30 days.
    pub opened_30_days: i64,
    /// Solved or unsolved within 30 days.
    pub closed_30_days: i64,
}

/// A provider with all that its contacts see.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderPage {
    /// The provider.
    pub provider: Provider,
    /// Who looks after its integration.
    pub contacts: Vec<Contact>,
    /// Its services.
    pub services: Vec<Provided>,
}

/// What an administrator changes about a provider; `None`: it stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderChange {
    /// Its name.
    pub name: Option<String>,
    /// Its country.
    pub country: Option<String>,
    /// Its home page.
    pub home_page: Option<String>,
    /// An address where somebody answers.
    pub contact: Option<String>,
    /// It provides something.
    pub active: Option<bool>,
}

/// A key for addresses that nobody has yet, made from a name.
pub(crate) fn free_key(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut key = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            key.push(c);
        } else if !key.is_empty() && !key.ends_with('-') {
            key.push('-');
        }
        if key.len() >= 50 {
            break;
        }
    }
    let key = key.trim_end_matches('-');
    let key = if key.is_empty() { "x" } else { key };
    if !taken(key) {
        return key.to_owned();
    }
    (2..)
        .map(|n| format!("{key}-{n}"))
        .find(|key| !taken(key))
        .unwrap_or_default()
}

/// Gives every service whose provider is only a name a provider of that name.
/// Services that were here before there were providers get theirs so.
pub(crate) fn adopt(
    c: &mut Conn<'_>,
    mut fresh: impl FnMut() -> Uuid,
    now: Millis,
) -> Result<(), Error> {
    let names = store::service_provider::unknown_names(c)?;
    if names.is_empty() {
        return Ok(());
    }
    let mut known = store::service_provider::all(c)?;
    for name in names {
        let id = match known.iter().find(|p| p.name == name) {
            Some(provider) => provider.id,
            None => {
                let provider = Provider {
                    id: ProviderId(fresh()),
                    key: free_key(&name, |key| known.iter().any(|p| p.key == key)),
                    name: name.clone(),
                    country: String::new(),
                    home_page: String::new(),
                    contact: String::new(),
                    active: true,
                };
                store::service_provider::save(c, &provider, now)?;
                known.push(provider.clone());
                provider.id
            }
        };
        store::service_provider::adopt(c, &name, id)?;
    }
    Ok(())
}

/// The same for a desk that starts: one look, and mostly nothing to do.
pub(crate) fn adopt_at_start(db: &Db, now: Millis) -> Result<(), Error> {
    let names =
        db.read_blocking(|c| store::service_provider::unknown_names(c).map_err(Error::from))?;
    if names.is_empty() {
        return Ok(());
    }
    // Before there is a desk that makes ids: from the time and chance.
    let mut fresh = Vec::new();
    for _ in &names {
        let millis = u64::try_from(now).unwrap_or_default();
        fresh.push(
            uuid::Builder::from_unix_timestamp_millis(millis, &secret::random()?).into_uuid(),
        );
    }
    db.write_blocking(move |c| {
        let mut ids = fresh.iter().copied();
        // Another node may have added names meanwhile; they wait for a next start.
        adopt(c, || ids.next().unwrap_or_default(), now)
    })
}

/// Whether somebody may see and change how a provider's services are
/// connected: its contacts, and administrators.
pub(crate) fn looks_after(
    c: &mut Conn<'_>,
    actor: &Actor,
    provider: ProviderId,
) -> Result<bool, Error> {
    if actor.admin {
        return Ok(true);
    }
    match actor.person {
        Some(person) => Ok(store::service_provider::is_contact(c, provider, person)?),
        None => Ok(false),
    }
}

fn provided(c: &mut Conn<'_>, provider: ProviderId, now: Millis) -> Result<Vec<Provided>, Error> {
    let ids = store::service_provider::services(c, provider)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let units = store::unit::all(c)?;
    let mut found = Vec::new();
    for service in store::unit::services(c)? {
        if !ids.contains(&service.id) {
            continue;
        }
        let since = || Span {
            from: Some(now - FIGURES_MS),
            until: None,
        };
        let mut count = |condition: Option<Condition>| {
            let mut filter = Filter::default().and(Condition::Service(service.id));
            if let Some(condition) = condition {
                filter = filter.and(condition);
            }
            store::list::count(c, &Scope::Everything, &filter, MANY)
        };
        let open = count(Some(Condition::Open(true)))?;
        let opened_30_days = count(Some(Condition::Created(since())))?;
        let closed_30_days = count(Some(Condition::Closed(since())))?;
        found.push(Provided {
            unit: units
                .iter()
                .find(|u| u.id == service.unit)
                .map_or_else(String::new, |u| u.name.clone()),
            agreement: store::agreement::current(c, service.id)?,
            moving: store::onboarding::open_move(c, service.id)?.map(|o| o.id),
            open,
            opened_30_days,
            closed_30_days,
            service,
        });
    }
    Ok(found)
}

fn find(c: &mut Conn<'_>, key: &str) -> Result<Provider, Error> {
    store::service_provider::by_key(c, key)?
        .ok_or_else(|| Error::not_found(format!("provider {key:?}")))
}

/// One line that says something, at most 200 characters.
fn line(field: &'static str, text: &str, needed: bool) -> Result<String, Error> {
    let text = text.trim();
    if text.chars().count() > 200 || text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "takes one line of 200 characters"));
    }
    if needed && text.is_empty() {
        return Err(Error::invalid(field, "is needed"));
    }
    Ok(text.to_owned())
}

impl Desk {
    /// Every provider by name.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn providers(&self) -> Result<Vec<Provider>, Error> {
        self.0
            .db
            .read(|c| store::service_provider::all(c).map_err(Error::from))
            .await
    }

    /// A provider with its contacts and figures, for its contacts and
    /// administrators.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for those who are neither.
    pub async fn provider(&self, actor: &Actor, key: &str) -> Result<ProviderPage, Error> {
        let (actor, key, now) = (actor.clone(), key.to_owned(), self.now());
        self.0
            .db
            .read(move |c| {
                let provider = find(c, &key)?;
                if !looks_after(c, &actor, provider.id)? {
                    return Err(Error::not_found(format!("provider {key:?}")));
                }
                Ok(ProviderPage {
                    contacts: store::service_provider::contacts(c, provider.id)?,
                    services: provided(c, provider.id, now)?,
                    provider,
                })
            })
            .await
    }

    /// The providers that somebody is a contact of, each with its figures.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn providers_of(&self, person: PersonId) -> Result<Vec<ProviderPage>, Error> {
        let now = self.now();
        self.0
            .db
            .read(move |c| {
                let mut pages = Vec::new();
                for provider in store::service_provider::of_contact(c, person)? {
                    pages.push(ProviderPage {
                        contacts: store::service_provider::contacts(c, provider.id)?,
                        services: provided(c, provider.id, now)?,
                        provider,
                    });
                }
                Ok(pages)
            })
            .await
    }

    /// Changes a provider; its services are shown under its new name.
    ///
    /// # Errors
    /// When the actor is no administrator, or a field is wrong or taken.
    pub async fn change_provider(
        &self,
        actor: &Actor,
        key: &str,
        change: ProviderChange,
    ) -> Result<Provider, Error> {
        admin(actor)?;
        let (actor, key, now) = (actor.clone(), key.to_owned(), self.now());
        let provider = self
            .0
            .db
            .write(move |c| {
                let before = find(c, &key)?;
                let mut after = before.clone();
                if let Some(name) = &change.name {
                    after.name = line("name", name, true)?;
                }
                if let Some(country) = &change.country {
                    after.country = line("country", country, false)?;
                }
                if let Some(page) = &change.home_page {
                    after.home_page = line("home_page", page, false)?;
                    if !after.home_page.is_empty() && !after.home_page.starts_with("https://") {
                        return Err(Error::invalid(
                            "home_page",
                            "give the whole address, as https://example.org",
                        ));
                    }
                }
                if let Some(contact) = &change.contact {
                    after.contact = line("contact", contact, false)?;
                    if !after.contact.is_empty() {
                        crate::account::address("contact", &after.contact)?;
                    }
                }
                after.active = change.active.unwrap_or(after.active);
                let taken = store::service_provider::all(c)?.into_iter().any(|p| {
                    p.id != after.id && p.name.to_lowercase() == after.name.to_lowercase()
                });
                if taken {
                    return Err(Error::invalid("name", "another provider has it already"));
                }
                if after != before {
                    store::service_provider::save(c, &after, now)?;
                    record(
                        c,
                        &actor,
                        now,
                        "provider.changed",
                        &Subject::Other("provider", after.id.0),
                        &difference(&fields(&before), &fields(&after)),
                    )?;
                }
                Ok(after)
            })
            .await?;
        self.forget_catalogue();
        Ok(provider)
    }

    /// Makes somebody with an account a contact of a provider, and tells them.
    ///
    /// # Errors
    /// When the actor is no administrator, or nobody has that address.
    pub async fn add_provider_contact(
        &self,
        actor: &Actor,
        key: &str,
        email: &str,
    ) -> Result<(), Error> {
        admin(actor)?;
        let address = crate::account::address("email", email)?;
        let (desk, actor, key, now) = (self.clone(), actor.clone(), key.to_owned(), self.now());
        let cause = self.uuid();
        self.0
            .db
            .write(move |c| {
                let provider = find(c, &key)?;
                let person = store::person::by_email(c, address.as_str())?
                    .filter(|p| p.active)
                    .ok_or_else(|| {
                        Error::invalid(
                            "email",
                            format!("nobody here has the address {address}; they need an account"),
                        )
                    })?;
                if !store::service_provider::add_contact(c, provider.id, person.id, now)? {
                    return Ok(());
                }
                record(
                    c,
                    &actor,
                    now,
                    "provider.contact_added",
                    &Subject::Other("provider", provider.id.0),
                    &json!({"person": person.id.0, "name": person.name}),
                )?;
                let about = About::nothing_else(Kind::Contact, cause);
                letter::to_person(&desk, c, &person, about, |_| {
                    [
                        ("who", actor.name.clone()),
                        ("provider", provider.name.clone()),
                        ("link", format!("{}/provider", desk.config().public_url)),
                    ]
                    .into()
                })?;
                Ok::<_, Error>(())
            })
            .await?;
        self.wake();
        Ok(())
    }

    /// Somebody is no contact of a provider any more.
    ///
    /// # Errors
    /// When the actor is no administrator, or the person is no contact.
    pub async fn remove_provider_contact(
        &self,
        actor: &Actor,
        key: &str,
        email: &str,
    ) -> Result<(), Error> {
        admin(actor)?;
        let address = crate::account::address("email", email)?;
        let (actor, key, now) = (actor.clone(), key.to_owned(), self.now());
        self.0
            .db
            .write(move |c| {
                let provider = find(c, &key)?;
                let none = || Error::not_found(format!("contact {address} of that provider"));
                let person = store::person::by_email(c, address.as_str())?.ok_or_else(none)?;
                if !store::service_provider::remove_contact(c, provider.id, person.id)? {
                    return Err(none());
                }
                record(
                    c,
                    &actor,
                    now,
                    "provider.contact_removed",
                    &Subject::Other("provider", provider.id.0),
                    &json!({"person": person.id.0, "name": person.name}),
                )
            })
            .await
    }
}

/// A provider's fields for the audit log.
pub(crate) fn fields(p: &Provider) -> serde_json::Value {
    json!({
        "key": p.key, "name": p.name, "country": p.country, "home_page": p.home_page,
        "contact": p.contact, "active": p.active,
    })
}

/// Only administrators.
pub(crate) fn admin(actor: &Actor) -> Result<(), Error> {
    if actor.admin {
        Ok(())
    } else {
        Err(Error::Forbidden("only administrators may do that".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::free_key;

    #[test]
    fn keys_fit_into_addresses_and_are_free() {
        assert_eq!(free_key("EGI / CESNET (CZ)", |_| false), "egi-cesnet-cz");
        assert_eq!(free_key("研究", |_| false), "x");
        let taken = ["cesnet", "cesnet-2"];
        assert_eq!(free_key("CESNET", |key| taken.contains(&key)), "cesnet-3");
    }
}
