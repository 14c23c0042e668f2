//! Who may see a ticket, and where it belongs: its site and its community.

use axum::response::Response;
use desk::view::TicketView;
use desk::{Catalogue, Error, Patch};
use switchboard_core::{Tlp, Visibility};

use super::fault::Fault;
use super::frame::Errors;
use super::pane::{Again, Typed};
use super::posted::Posted;
use super::view::Choice;
use super::work_post::Work;

/// The form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlaceForm {
    /// Who may see it; empty: not the reader's to change.
    pub visibilities: Vec<Choice>,
    /// How far it may be passed on; empty: it is not restricted, or not the
    /// reader's to change.
    pub labels: Vec<Choice>,
    /// Site and community are the reader's to change.
    pub classify: bool,
    /// The site's key.
    pub site: String,
    /// The community's key.
    pub community: String,
    /// Keys and names of the communities, to choose from.
    pub communities: Vec<(String, String)>,
    /// It is unfolded.
    pub open: bool,
    /// What was wrong.
    pub errors: Errors,
}

/// The names of the form's fields.
const FIELDS: [&str; 4] = ["visibility", "tlp", "site", "community"];

const VISIBILITIES: [(Visibility, &str); 3] = [
    (
        Visibility::Community,
        "Those on it, the units, and everybody of its community",
    ),
    (Visibility::Parties, "Those on it, and the units"),
    (
        Visibility::Restricted,
        "Restricted: those on it, and the unit that holds it",
    ),
];

/// The form as the ticket is, or as it was typed.
pub fn form(
    ticket: &TicketView,
    catalogue: &Catalogue,
    (show, classify): (bool, bool),
    again: Option<(Typed, Errors)>,
) -> PlaceForm {
    let open = again.is_some();
    let (typed, errors) = again.unwrap_or_default();
    let stored = |value: &Option<String>| value.clone().unwrap_or_default();
    PlaceForm {
        visibilities: if show {
            Choice::list(
                VISIBILITIES.map(|(visibility, words)| (visibility.key(), words)),
                &typed.or("visibility", ticket.visibility.key()),
            )
        } else {
            Vec::new()
        },
        labels: match ticket.tlp {
            Some(label) if show => {
                let chosen = typed.or("tlp", label.key());
                Tlp::ALL
                    .into_iter()
                    .map(|t| Choice {
                        value: t.key().to_owned(),
                        label: format!("{}: {}", t.label(), t.meaning()),
                        chosen: t.key() == chosen,
                    })
                    .collect()
            }
            _ => Vec::new(),
        },
        classify,
        site: typed.or("site", &stored(&ticket.site)),
        community: typed.or("community", &stored(&ticket.community)),
        communities: catalogue
            .communities
            .iter()
            .filter(|c| c.active)
            .map(|c| (c.key.clone(), c.name.clone()))
            .collect(),
        open,
        errors,
    }
}

/// What the form changes: only what differs from the ticket.
fn patch(posted: &Posted, ticket: &TicketView) -> Result<Patch, Error> {
    let mut patch = Patch::default();
    if posted.has("visibility") {
        let (visibility, _) = VISIBILITIES
            .into_iter()
            .find(|(v, _)| v.key() == posted.text("visibility"))
            .ok_or_else(|| Error::invalid("visibility", "choose one of the list"))?;
        patch.visibility = Some(visibility).filter(|v| *v != ticket.visibility);
    }
    if posted.has("tlp") && patch.visibility.is_none() {
        let label = Tlp::parse(posted.text("tlp"))
            .ok_or_else(|| Error::invalid("tlp", "choose one of the list"))?;
        patch.tlp = Some(label).filter(|l| Some(*l) != ticket.tlp);
    }
    let differs = |name: &str, stored: &Option<String>| {
        let typed = Some(posted.text(name).to_owned()).filter(|t| !t.is_empty());
        (posted.has(name) && typed != *stored).then_some(typed)
    };
    patch.site = differs("site", &ticket.site);
    patch.community = differs("community", &ticket.community);
    Ok(patch)
}

impl Work {
    /// `POST /work/{number}/place`.
    pub(super) async fn place(&self, posted: &Posted) -> Result<Response, Fault> {
        let ticket = posted.visit.desk.ticket(&self.actor, self.number).await?;
        let result = self.change(posted, patch(posted, &ticket)).await;
        self.applied(posted, result, "Changed", |error| {
            let again = error.map(|(field, problem)| {
                let field = FIELDS.iter().find(|f| **f == field);
                Errors::one(field.copied().unwrap_or("visibility"), problem)
            });
            Again {
                place: Some((posted.typed(&FIELDS), again.unwrap_or_default())),
                ..Again::default()
            }
        })
        .await
    }
}
