//! `/`: the front page of the public desk.

use askama::Template;

use super::assets::Asset;
use super::frame::{Errors, Frame, Here, Room};
use super::view::{Chip, Icon, Lamp, Route, StatusMark, Tone};

/// An incident or a planned downtime, told on the front page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentView {
    /// It was announced, and is not a failure.
    pub planned: bool,
    /// What, with the service.
    pub title: String,
    /// "Degraded".
    pub chip: Option<Chip>,
    /// Since when, and what it means to people.
    pub text: String,
    /// More about it.
    pub href: Option<String>,
}

/// One of the requester's own tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MineRow {
    /// Its page.
    pub href: String,
    /// Its number.
    pub number: i64,
    /// One line.
    pub subject: String,
    /// The service, or the unit.
    pub about: String,
    /// It waits for the requester.
    pub turn: bool,
    /// A solution was given, so what is asked for is a check.
    pub solved: bool,
    /// Where it is, in words.
    pub words: String,
    /// Where it stands.
    pub status: StatusMark,
}

/// A service in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCard {
    /// The request form for it.
    pub href: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub text: String,
    /// How it runs.
    pub lamp: Lamp,
    /// Who provides it.
    pub provider: String,
}

/// A tab: one kind out of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Where it leads.
    pub href: String,
    /// What it is called.
    pub label: String,
    /// It is the one shown.
    pub current: bool,
}

/// The front page.
#[derive(Debug, Clone, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    /// Around it.
    pub frame: Frame,
    /// Incidents and downtimes.
    pub incidents: Vec<IncidentView>,
    /// The reader's open tickets, a few.
    pub mine: Vec<MineRow>,
    /// How many they have in all.
    pub mine_total: i64,
    /// Words to start with, and the form with them.
    pub asked: Vec<(String, String)>,
    /// A few services.
    pub services: Vec<ServiceCard>,
    /// "27 services, 25 running normally".
    pub services_words: String,
    /// Kinds of service.
    pub kinds: Vec<Tab>,
    /// "Show 20 more services", and where.
    pub more_services: Option<(String, String)>,
    /// The way of any ticket.
    pub road: Route,
    /// What was typed as number to follow.
    pub follow_number: String,
    /// What was typed as address.
    pub follow_mail: String,
    /// What was wrong with them.
    pub errors: Errors,
}
