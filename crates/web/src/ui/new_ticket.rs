//! `/tickets/new`: the request form, which explains the priority it would get
//! and shows what is already known, before anything is sent.

use askama::Template;
use switchboard_core::Priority;
use switchboard_core::triage::Step;

use super::assets::Asset;
use super::frame::{Errors, Frame, Here, Room};
use super::view::{Chip, Choice, Icon, Lamp, PrioMark, Route};

/// What was typed so far, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct NewTicketForm {
    /// Name or key of a service.
    pub service: String,
    /// One line.
    pub subject: String,
    /// The whole story.
    pub description: String,
    /// Since when, as the field sends it.
    pub since: String,
    /// The zone in which `since` is meant, for people.
    pub zone: String,
    /// Category's key.
    pub category: String,
    /// A number of people.
    pub affected: String,
    /// `no`, `yes`, `unknown`.
    pub degrades: String,
    /// `none`, `trivial`, `imminent`.
    pub security: String,
    /// Addresses, separated by commas.
    pub cc: String,
    /// `on_solution`, `every_change`.
    pub tell: String,
    /// The requester's name, when they are not signed in or another person.
    pub name: String,
    /// The requester's address, likewise.
    pub mail: String,
    /// Makes a form that is sent twice one ticket.
    pub once: String,
}

/// The priority that the rules would give, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Which of the four.
    pub priority: Priority,
    /// The rule that decides, as a reason.
    pub because: String,
    /// All rules in their order.
    pub steps: Vec<Step>,
}

impl Preview {
    /// The mark at the size of the preview.
    fn mark(&self) -> PrioMark {
        PrioMark::big(self.priority)
    }

    /// The mark in a sentence.
    fn small_mark(&self) -> PrioMark {
        PrioMark::of(self.priority)
    }
}

/// Something like it that is already known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Similar {
    /// "Incident", "Solved", "Yours".
    pub chip: Chip,
    /// Where it is.
    pub href: String,
    /// One line.
    pub title: String,
    /// "today".
    pub when: String,
}

/// Where a ticket about a service goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoesTo {
    /// How the service runs.
    pub lamp: Lamp,
    /// The unit.
    pub unit: String,
    /// A sentence more.
    pub more: String,
}

/// The request form.
#[derive(Debug, Clone, Template)]
#[template(path = "new_ticket.html")]
pub struct NewTicketPage {
    /// Around it.
    pub frame: Frame,
    /// What was typed.
    pub form: NewTicketForm,
    /// What is wrong with it.
    pub errors: Errors,
    /// Names of the catalogue, to choose from.
    pub service_names: Vec<String>,
    /// Services the reader used lately.
    pub lately: Vec<String>,
    /// Categories.
    pub categories: Vec<Choice>,
    /// How much they want to hear.
    pub tell: Vec<Choice>,
    /// "50 MB".
    pub file_limit: String,
    /// The unit of the chosen service.
    pub goes_to: Option<GoesTo>,
    /// What it would weigh.
    pub preview: Preview,
    /// What is already known.
    pub similar: Vec<Similar>,
    /// Its way.
    pub road: Route,
}

/// The parts of the form that follow what is typed, for the script to swap.
#[derive(Debug, Clone, Template)]
#[template(path = "new_ticket_parts.html")]
pub struct NewTicketParts {
    /// The unit of the chosen service.
    pub goes_to: Option<GoesTo>,
    /// What it would weigh.
    pub preview: Preview,
    /// What is already known.
    pub similar: Vec<Similar>,
    /// Its way.
    pub road: Route,
}
