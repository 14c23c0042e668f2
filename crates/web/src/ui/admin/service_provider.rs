//! `/admin/providers`: providers of services, and who looks after theirs.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::service_provider::{ProviderChange, ProviderPage as Known};

use crate::ui::ask::Ask;
use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::provider::way_words;
use crate::ui::view::{Icon, TimeMark};
use crate::ui::visit::{Visit, encode, sentence};

/// A provider in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRow {
    /// Its page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Its country.
    pub country: String,
    /// How many services.
    pub services: usize,
    /// It provides something.
    pub active: bool,
}

/// All providers.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/service_providers.html")]
pub struct ProvidersPage {
    /// Around it.
    pub frame: Frame,
    /// They.
    pub rows: Vec<ProviderRow>,
}

/// A contact of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactRow {
    /// Full name.
    pub name: String,
    /// Their address, which names them in the form.
    pub email: String,
    /// Since when.
    pub since: TimeMark,
}

/// One provider.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/service_provider.html")]
pub struct OneProviderPage {
    /// Around it.
    pub frame: Frame,
    /// Where the forms go.
    pub action: String,
    /// Its name.
    pub name: String,
    /// Its fields.
    pub asks: Vec<Ask>,
    /// Its contacts.
    pub contacts: Vec<ContactRow>,
    /// Its services: name, way, where the way is changed.
    pub services: Vec<(String, String, String)>,
    /// What was typed as a new contact.
    pub email: String,
    /// What is wrong.
    pub errors: Errors,
}

/// `GET /admin/providers`.
pub async fn list(visit: Visit) -> Response {
    let result = async {
        visit.admin()?;
        let catalogue = visit.desk.catalogue().await?;
        let rows = visit
            .desk
            .providers()
            .await?
            .into_iter()
            .map(|p| ProviderRow {
                href: format!("/admin/providers/{}", encode(&p.key)),
                services: catalogue
                    .services
                    .iter()
                    .filter(|s| s.provider == p.name)
                    .count(),
                name: p.name,
                country: p.country,
                active: p.active,
            })
            .collect();
        visit.page(&ProvidersPage {
            frame: visit.frame(Room::Staff, Here::Admin).await?,
            rows,
        })
    }
    .await;
    visit.close(result).await
}

/// `GET /admin/providers/{key}`.
pub async fn show(visit: Visit, Path(key): Path<String>) -> Response {
    let result = async {
        let known = visit.desk.provider(visit.admin()?, &key).await?;
        let page = page(&visit, known, None, "", Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /admin/providers/{key}`: `save`, `add`, `remove`.
pub async fn act(Path(key): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = act_on(&posted, &key).await;
    posted.visit.close(result).await
}

async fn act_on(posted: &Posted, key: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let text = |name: &str| Some(posted.text(name).to_owned());
    let typed = ProviderChange {
        name: text("name"),
        country: text("country"),
        home_page: text("home_page"),
        contact: text("contact"),
        active: Some(posted.has("active")),
    };
    let email = posted.text("email");
    let (done, words) = match posted.text("do") {
        "save" => (
            visit
                .desk
                .change_provider(actor, key, typed.clone())
                .await
                .map(drop),
            "Saved",
        ),
        "add" => (
            visit.desk.add_provider_contact(actor, key, email).await,
            "They are a contact now, and were told",
        ),
        "remove" => (
            visit.desk.remove_provider_contact(actor, key, email).await,
            "They are no contact any more",
        ),
        _ => return Err(Fault::no_page()),
    };
    match done {
        Ok(()) => visit.go(
            &format!("/admin/providers/{}", encode(key)),
            Some(Notice::new(NoticeTone::Ok, words)),
        ),
        Err(Error::Invalid { field, problem }) => {
            let known = visit.desk.provider(actor, key).await?;
            let kept = (posted.text("do") == "save").then_some(typed);
            let errors = Errors::one(field.replace('_', "-"), sentence(&problem));
            let page = page(visit, known, kept, email, errors).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}

async fn page(
    visit: &Visit,
    known: Known,
    typed: Option<ProviderChange>,
    email: &str,
    errors: Errors,
) -> Result<OneProviderPage, Fault> {
    let p = known.provider;
    let typed = typed.unwrap_or_else(|| ProviderChange {
        name: Some(p.name.clone()),
        country: Some(p.country.clone()),
        home_page: Some(p.home_page.clone()),
        contact: Some(p.contact.clone()),
        active: Some(p.active),
    });
    let value = |of: &Option<String>| of.clone().unwrap_or_default();
    let mut asks = vec![
        Ask::line("name", "Name", &value(&typed.name)),
        Ask::line("country", "Country", &value(&typed.country)),
        Ask::line("contact", "Mail address", &value(&typed.contact)).of_type("email"),
        Ask::line("home_page", "Home page", &value(&typed.home_page)).of_type("url"),
        Ask::tick("active", "Provides something", typed.active.unwrap_or(true)),
    ];
    for ask in &mut asks {
        ask.errors = errors.clone();
    }
    Ok(OneProviderPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        action: format!("/admin/providers/{}", encode(&p.key)),
        name: p.name,
        asks,
        contacts: known
            .contacts
            .into_iter()
            .map(|c| ContactRow {
                name: c.name,
                email: c.email.unwrap_or_default(),
                since: visit.dial.moment(c.since),
            })
            .collect(),
        services: known
            .services
            .into_iter()
            .map(|s| {
                (
                    s.service.name,
                    way_words(&s.service.option),
                    format!("/provider/services/{}/option", encode(&s.service.key)),
                )
            })
            .collect(),
        email: email.to_owned(),
        errors,
    })
}
