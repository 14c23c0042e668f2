//! `/services`: the catalogue.

use askama::Template;
use axum::response::Response;
use store::unit::Service;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Frame, Here, Room};
use super::home::{ServiceCard, Tab, areas, card, running_words};
use super::view::Icon;
use super::visit::Visit;

/// The catalogue.
#[derive(Debug, Clone, Template)]
#[template(path = "services.html")]
pub struct ServicesPage {
    /// Around it.
    pub frame: Frame,
    /// "27 services, 25 running normally".
    pub services_words: String,
    /// What was searched for.
    pub query: String,
    /// Kinds of service.
    pub kinds: Vec<Tab>,
    /// The services found.
    pub services: Vec<ServiceCard>,
}

/// `GET /services`.
pub async fn show(visit: Visit) -> Response {
    if visit.portal().is_ok() {
        return super::portal::services(visit).await;
    }
    let result = list(&visit).await;
    visit.close(result).await
}

async fn list(visit: &Visit) -> Result<Response, Fault> {
    let catalogue = visit.desk.catalogue().await?;
    let active: Vec<&Service> = catalogue.services.iter().filter(|s| s.active).collect();
    let (query, area) = (visit.query("q").trim(), visit.query("area"));
    let words = query.to_lowercase();
    let found = active
        .iter()
        .filter(|s| area.is_empty() || s.area == area)
        .filter(|s| {
            let text = format!(
                "{} {} {} {}",
                s.name,
                s.description,
                s.provider,
                s.doc.aliases.join(" ")
            )
            .to_lowercase();
            words.split_whitespace().all(|w| text.contains(w))
        })
        .map(|s| card(s))
        .collect();
    visit.page(&ServicesPage {
        frame: visit.frame(visit.room(), Here::Services).await?,
        services_words: running_words(&active),
        query: query.to_owned(),
        kinds: areas(&active, area),
        services: found,
    })
}
