//! `/services`: the catalogue.

use askama::Template;

use super::assets::Asset;
use super::frame::{Frame, Here, Room};
use super::home::{ServiceCard, Tab};
use super::view::Icon;

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
