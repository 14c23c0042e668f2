//! `/provider`: what the contacts of a provider look after, and the forms by
//! which services come in and go another way.

pub mod connect;
pub mod fields;
pub mod form;
pub mod list;
pub mod way;

use askama::Template;
use axum::response::Response;
use desk::onboarding::Summary;
use desk::service_provider::{Provided, ProviderPage};
use store::onboarding::Kind;
use switchboard_core::onboarding::{State, Way};

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Frame, Here, Room};
use super::time::Dial;
use super::view::{Chip, Icon, TimeMark, Tone};
use super::visit::{Visit, encode};

/// A service of a provider with its figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRow {
    /// Its name.
    pub name: String,
    /// The unit that answers for it.
    pub unit: String,
    /// "Direct usage".
    pub way: String,
    /// Where its way is changed.
    pub href: String,
    /// A change of it waits, or is being written.
    pub moving: bool,
    /// It is offered.
    pub active: bool,
    /// Open tickets.
    pub open: i64,
    /// Opened within 30 days.
    pub opened: i64,
    /// Closed within 30 days.
    pub closed: i64,
}

/// A provider that the reader is a contact of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderView {
    /// Its key, for ids.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Country and address.
    pub about: String,
    /// Its services.
    pub services: Vec<ServiceRow>,
    /// Names of its contacts.
    pub contacts: String,
}

/// A form in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormRow {
    /// Where it is.
    pub href: String,
    /// What it is about.
    pub title: String,
    /// Provider, way, author.
    pub about: String,
    /// How far it has come.
    pub chip: Chip,
    /// When it last changed.
    pub when: TimeMark,
}

/// The overview.
#[derive(Debug, Clone, Template)]
#[template(path = "provider/index.html")]
pub struct ProviderIndex {
    /// Around it.
    pub frame: Frame,
    /// Providers of the reader.
    pub providers: Vec<ProviderView>,
    /// Forms of the reader.
    pub forms: Vec<FormRow>,
}

/// The way of a service in words.
pub(crate) fn way_words(option: &str) -> String {
    Way::parse(option).map_or_else(|| option.to_owned(), |w| w.label().to_owned())
}

fn service_row(p: Provided) -> ServiceRow {
    ServiceRow {
        href: format!("/provider/services/{}/option", encode(&p.service.key)),
        way: way_words(&p.service.option),
        name: p.service.name,
        unit: p.unit,
        moving: p.moving.is_some(),
        active: p.service.active,
        open: p.open,
        opened: p.opened_30_days,
        closed: p.closed_30_days,
    }
}

fn provider_view(page: ProviderPage) -> ProviderView {
    let p = page.provider;
    let about: Vec<String> = [p.country, p.contact, p.home_page]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    ProviderView {
        key: p.key,
        name: p.name,
        about: about.join(" · "),
        services: page.services.into_iter().map(service_row).collect(),
        contacts: page
            .contacts
            .into_iter()
            .map(|c| c.name)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// How far a form has come, as a chip.
pub(crate) fn state_chip(state: State) -> Chip {
    let (tone, icon) = match state {
        State::Draft => (Tone::Plain, "file"),
        State::Submitted => (Tone::Info, "clock"),
        State::Returned => (Tone::Turn, "reply"),
        State::Accepted => (Tone::Ok, "check"),
        State::Refused => (Tone::Bad, "x"),
        State::Undone => (Tone::Warn, "back"),
    };
    Chip::with_icon(tone, icon, state.label())
}

/// A form as a row, at an address below `base`.
pub(crate) fn form_row(dial: &Dial, s: Summary, base: &str) -> FormRow {
    let mut about = Vec::new();
    if s.kind == Kind::Move {
        about.push("Another way for a service".to_owned());
    }
    if !s.provider.is_empty() {
        about.push(s.provider);
    }
    if let Some(way) = s.option {
        about.push(way.label().to_owned());
    }
    about.push(format!("by {}", s.author_name));
    FormRow {
        href: format!("{base}/{}", s.id),
        title: s.title,
        about: about.join(" · "),
        chip: state_chip(s.state),
        when: dial.ago(s.updated_at),
    }
}

/// `GET /provider`.
pub async fn show(visit: Visit) -> Response {
    let result = index(&visit).await;
    visit.close(result).await
}

async fn index(visit: &Visit) -> Result<Response, Fault> {
    let actor = visit.actor()?;
    let providers = match actor.person {
        Some(person) => visit.desk.providers_of(person).await?,
        None => Vec::new(),
    };
    let forms = visit.desk.onboardings(actor).await?;
    visit.page(&ProviderIndex {
        frame: visit.frame(visit.room(), Here::Providers).await?,
        providers: providers.into_iter().map(provider_view).collect(),
        forms: forms
            .into_iter()
            .map(|s| form_row(&visit.dial, s, "/provider/onboarding"))
            .collect(),
    })
}
