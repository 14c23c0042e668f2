//! The facts of triage on a ticket's own page: changed there by those who work
//! on it, and with them what the rules give.

use axum::response::Response;
use desk::view::TicketView;
use desk::{Catalogue, Error, Patch};
use switchboard_core::SecurityRisk;

use super::fault::Fault;
use super::frame::Errors;
use super::pane::{Again, Typed};
use super::posted::Posted;
use super::time::{local_value, parse_local};
use super::view::Choice;
use super::visit::Visit;
use super::words::security_words;
use super::work_post::Work;

/// The form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FactsForm {
    /// Categories.
    pub categories: Vec<Choice>,
    /// A number of people.
    pub affected: String,
    /// Whether a service is degraded.
    pub degrades: Vec<Choice>,
    /// How far security is at stake.
    pub security: Vec<Choice>,
    /// Since when, as the field sends it.
    pub since: String,
    /// The zone in which `since` is meant, for people.
    pub zone: String,
    /// It is unfolded.
    pub open: bool,
    /// What was wrong.
    pub errors: Errors,
}

/// The names of the form's fields.
const FIELDS: [&str; 5] = ["category", "affected", "degrades", "security", "since"];

fn yes(degrades: bool) -> &'static str {
    if degrades { "yes" } else { "no" }
}

fn since(visit: &Visit, ticket: &TicketView) -> String {
    ticket
        .since
        .map(|at| local_value(at, &visit.dial.zone))
        .unwrap_or_default()
}

/// The form as the ticket is, or as it was typed.
pub fn form(
    visit: &Visit,
    catalogue: &Catalogue,
    ticket: &TicketView,
    again: Option<(Typed, Errors)>,
) -> FactsForm {
    let open = again.is_some();
    let (typed, errors) = again.unwrap_or_default();
    FactsForm {
        categories: Choice::list(
            catalogue
                .categories
                .iter()
                .map(|c| (c.key.as_str(), c.name.as_str())),
            &typed.or("category", &ticket.category.key),
        ),
        affected: typed.or("affected", &ticket.affected_users.to_string()),
        degrades: Choice::list(
            [("no", "Works otherwise"), ("yes", "Degraded or down")],
            &typed.or("degrades", yes(ticket.degrades_service)),
        ),
        security: Choice::list(
            SecurityRisk::ALL.map(|risk| (risk.key(), security_words(risk))),
            &typed.or("security", ticket.security_risk.key()),
        ),
        since: typed.or("since", &since(visit, ticket)),
        zone: visit.dial.zone_words(),
        open,
        errors,
    }
}

/// What the form changes: only what differs from the ticket.
fn patch(posted: &Posted, ticket: &TicketView) -> Result<Patch, Error> {
    let mut patch = Patch::default();
    let category = posted.text("category");
    if posted.has("category") && category != ticket.category.key {
        patch.category = Some(category.to_owned());
    }
    if posted.has("affected") {
        let affected = posted.text("affected");
        let affected = affected
            .parse::<u32>()
            .ok()
            .filter(|n| *n > 0)
            .ok_or_else(|| Error::invalid("affected", "takes a number of people, at least 1"))?;
        patch.affected_users = Some(affected).filter(|n| *n != ticket.affected_users);
    }
    if posted.has("degrades") {
        let degrades = posted.text("degrades") == "yes";
        patch.degrades_service = Some(degrades).filter(|d| *d != ticket.degrades_service);
    }
    if posted.has("security") {
        let risk = SecurityRisk::parse(posted.text("security"))
            .ok_or_else(|| Error::invalid("security", "choose one of the list"))?;
        patch.security_risk = Some(risk).filter(|r| *r != ticket.security_risk);
    }
    let typed = posted.text("since");
    if posted.has("since") && typed != since(&posted.visit, ticket) {
        patch.since = Some(match typed {
            "" => None,
            typed => Some(
                parse_local(typed, &posted.visit.dial.zone)
                    .ok_or_else(|| Error::invalid("since", "takes a day and a time"))?,
            ),
        });
    }
    Ok(patch)
}

impl Work {
    /// `POST /work/{number}/facts`.
    pub(super) async fn facts(&self, posted: &Posted) -> Result<Response, Fault> {
        let ticket = posted.visit.desk.ticket(&self.actor, self.number).await?;
        let result = self.change(posted, patch(posted, &ticket)).await;
        self.applied(posted, result, "The facts are changed", |error| {
            let again = error.map(|(field, problem)| {
                let field = match field.as_str() {
                    "affected_users" => "affected",
                    "degrades_service" => "degrades",
                    "security_risk" => "security",
                    other => FIELDS.iter().find(|f| **f == other).unwrap_or(&"category"),
                };
                Errors::one(field, problem)
            });
            Again {
                facts: Some((posted.typed(&FIELDS), again.unwrap_or_default())),
                ..Again::default()
            }
        })
        .await
    }
}
