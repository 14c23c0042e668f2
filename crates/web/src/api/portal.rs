//! Portals and communities.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Items;
use super::caller::Reads;
use crate::AppState;
use crate::problem::Problem;

/// A community (VO).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Community {
    /// Its key, as it stands in tickets.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Other names that are taken for it.
    pub aliases: Vec<String>,
    /// What it is.
    pub description: String,
    /// People may join by themselves.
    pub open: bool,
    /// A retired community takes neither people nor tickets.
    pub active: bool,
    /// Whose token it is belongs to it: they see the tickets that are open to it.
    pub mine: bool,
}

/// Every community, by name.
#[utoipa::path(
    get,
    path = "/communities",
    tag = "catalogue",
    responses((status = 200, description = "The communities", body = Items<Community>)),
)]
async fn communities(
    State(app): State<AppState>,
    Reads(caller): Reads,
) -> Result<Json<Items<Community>>, Problem> {
    let catalogue = app.desk.catalogue().await?;
    Ok(Json(Items::all(
        catalogue
            .communities
            .iter()
            .map(|c| Community {
                key: c.key.clone(),
                name: c.name.clone(),
                aliases: c.doc.aliases.clone(),
                description: c.description.clone(),
                open: c.open,
                active: c.active,
                mine: caller.actor.is_of(&c.key),
            })
            .collect(),
    )))
}

/// A portal: a community's own front door.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Portal {
    /// Its key; `portal` of a new ticket.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Where its pages begin.
    pub url: String,
    /// The key of the community whose front door it is.
    pub community: Option<String>,
    /// The key of its own first level; null: that of the desk.
    pub first_level: Option<String>,
    /// The keys of the services it offers, in its order.
    pub services: Vec<String>,
    /// The keys of the units it shows, in its order.
    pub units: Vec<String>,
    /// The keys of the types of issue it takes; empty: all.
    pub issue_types: Vec<String>,
}

/// The portals that are open.
#[utoipa::path(
    get,
    path = "/portals",
    tag = "catalogue",
    responses((status = 200, description = "The portals", body = Items<Portal>)),
)]
async fn portals(
    State(app): State<AppState>,
    Reads(_caller): Reads,
) -> Result<Json<Items<Portal>>, Problem> {
    let catalogue = app.desk.catalogue().await?;
    Ok(Json(Items::all(
        catalogue
            .portals
            .iter()
            .filter(|p| p.active)
            .map(|p| Portal {
                key: p.key.clone(),
                name: p.name.clone(),
                url: app.desk.portal_url(p),
                community: p.community.clone(),
                first_level: p
                    .unit
                    .and_then(|id| catalogue.unit(id))
                    .filter(|u| u.active)
                    .map(|u| u.key.clone()),
                services: catalogue
                    .services_of(p)
                    .into_iter()
                    .map(|s| s.key.clone())
                    .collect(),
                units: catalogue
                    .units_of(p)
                    .into_iter()
                    .map(|u| u.key.clone())
                    .collect(),
                issue_types: p.doc.issue_types.clone(),
            })
            .collect(),
    )))
}

/// The routes.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(communities))
        .routes(routes!(portals))
}
