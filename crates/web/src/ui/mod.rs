//! The pages. HTML first: every action is a form or a link that works without
//! a script; the one script only makes it smoother.

pub mod account;
pub mod admin;
pub mod assets;
pub mod fault;
pub mod frame;
pub mod history;
pub mod home;
pub mod live;
pub mod mail_frame;
pub mod my_tickets;
pub mod new_ticket;
pub mod pane;
pub mod posted;
pub mod problem;
pub mod services;
pub mod sign_in;
pub mod text;
pub mod thread;
pub mod ticket;
pub mod time;
pub mod triage;
pub mod unit;
pub mod view;
pub mod visit;
pub mod words;
pub mod work;
pub mod work_post;
pub mod workspace;

#[cfg(test)]
mod render;
#[cfg(test)]
mod samples;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use axum::routing::{get, post};

use crate::AppState;
use fault::Fault;
use visit::Visit;

/// Every page. Who gets which stands in the policy table.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(home::show))
        .route("/follow", post(home::follow))
        .route("/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/sign-out", post(sign_in::leave))
        .route("/theme", post(sign_in::theme))
        .route("/account", get(account::show))
        .route("/account/{deed}", post(account::act))
        .route("/admin", get(admin::show))
        .route("/services", get(services::show))
        .route("/units", get(unit::list))
        .route("/units/{key}", get(unit::show))
        .route("/tickets", get(my_tickets::show))
        .route("/tickets/new", get(new_ticket::show).post(new_ticket::send))
        .route("/tickets/new/preview", post(new_ticket::preview))
        .route("/tickets/sent", get(ticket::sent))
        .route("/tickets/{number}", get(ticket::show))
        .route("/tickets/{number}/history", get(history::show_public))
        .route("/tickets/{number}/entries/{id}/html", get(ticket::entry_html))
        .route("/tickets/{number}/{deed}", post(ticket::act))
        .route("/t/{word}", get(ticket::show_by_link))
        .route("/t/{word}/{deed}", post(ticket::act_by_link))
        .route("/t/{word}/entries/{id}/html", get(ticket::entry_html_by_link))
        .route("/t/{word}/attachments/{id}", get(ticket::attachment_by_link))
        .route("/attachments/{id}", get(ticket::attachment))
        .route("/work", get(work::list))
        .route("/work/bulk", post(work_post::bulk))
        .route("/work/views", post(work_post::views))
        .route("/work/suggest", get(live::suggest))
        .route("/work/{number}", get(work::show))
        .route("/work/{number}/history", get(history::show))
        .route("/work/{number}/{deed}", post(work_post::act))
        .route("/triage", get(triage::show))
        .route("/triage/{number}", post(triage::act))
        .route("/live", get(live::stream))
        .route("/static/{name}", get(assets::serve))
        // Forms are limited where they are read, by what they may hold.
        .layer(DefaultBodyLimit::disable())
}

/// The page for an address that leads nowhere.
pub async fn nowhere(visit: Visit) -> Response {
    visit.close(Err(Fault::no_page())).await
}
