//! The pages. HTML first: every action is a form or a link that works without
//! a script; the one script only makes it smoother.

pub mod account;
pub mod account_post;
pub mod admin;
pub mod alarm;
pub mod ask;
pub mod asking;
pub mod assets;
pub mod authenticator;
pub mod campaigns;
pub mod canned;
pub mod clock;
pub mod communities;
pub mod confirm;
pub mod curve;
pub mod deeds;
pub mod exchange;
pub mod facts;
pub mod fault;
pub mod federated;
pub mod figures;
pub mod frame;
pub mod hand_over;
pub mod history;
pub mod home;
pub mod identities;
pub mod invitation;
pub mod list_link;
pub mod live;
pub mod macro_run;
pub mod macros;
pub mod mail_choice;
pub mod mail_frame;
pub mod mail_stop;
pub mod mask;
pub mod my_tickets;
pub mod new_ticket;
pub mod pane;
pub mod partner;
pub mod passkey;
pub mod place;
pub mod plot;
pub mod portal;
pub mod portal_news;
pub mod posted;
pub mod privacy;
pub mod problem;
pub mod provider;
pub mod redirected;
pub mod register;
pub mod reports;
pub mod reset;
pub mod rota;
pub mod services;
pub mod sign_in;
pub mod solution_link;
pub mod split;
pub mod status;
pub mod support_staff;
pub mod text;
pub mod thread;
pub mod ticket;
pub mod ticket_clocks;
pub mod time;
pub mod triage;
pub mod triage_post;
pub mod unit;
pub mod unit_edit;
pub mod unit_form;
pub mod unit_people;
pub mod verify;
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
use axum::extract::{DefaultBodyLimit, FromRequestParts as _, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{get, post};
use desk::Error;

use crate::AppState;
use crate::headers::is_api;
use fault::Fault;
use visit::Visit;

/// Every page. Who gets which stands in the policy table.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(home::show))
        .route("/follow", post(home::follow))
        .route("/sign-in", get(sign_in::show).post(sign_in::enter))
        .route(
            "/sign-in/with/{provider}",
            get(federated::begin).post(federated::directory),
        )
        .route("/sign-in/with/{provider}/back", get(federated::back))
        .route("/sign-in/with/{provider}/logout", post(federated::logout))
        .route("/sign-in/code", get(sign_in::show_step).post(sign_in::enter_step))
        .route("/sign-in/passkey", post(sign_in::enter_passkey))
        .route("/passkeys/ask", post(passkey::ask))
        .route("/register", get(register::show).post(register::ask))
        .route("/register/{word}", get(register::show_link).post(register::finish))
        .route("/forgot", get(reset::show).post(reset::ask))
        .route("/reset/{word}", get(reset::show_link).post(reset::set))
        .route("/verify/{word}", get(verify::show).post(verify::confirm))
        .route("/sign-out", post(sign_in::leave))
        .route("/theme", post(sign_in::theme))
        .route("/account", get(account::show))
        .route("/account/privacy", get(privacy::show).post(privacy::act))
        .route("/account/privacy/exports/{id}", get(privacy::fetch))
        .route("/privacy/erase/{word}", get(privacy::confirm).post(privacy::confirmed))
        .route("/account/communities", get(communities::show).post(communities::choose))
        .route("/account/unlink", post(identities::unlink))
        .route(
            "/account/identities/{word}",
            get(identities::show).post(identities::link),
        )
        .route("/account/confirm", get(confirm::show).post(confirm::prove))
        .route("/account/authenticator", get(authenticator::show).post(authenticator::act))
        .route("/account/{deed}", post(account_post::act))
        .route("/admin", get(admin::show))
        .route("/admin/onboarding", get(admin::onboarding::queue))
        .route(
            "/admin/onboarding/{id}",
            get(admin::onboarding::show).post(admin::onboarding::act),
        )
        .route("/admin/providers", get(admin::service_provider::list))
        .route(
            "/admin/providers/{key}",
            get(admin::service_provider::show).post(admin::service_provider::act),
        )
        .route("/provider", get(provider::show))
        .route(
            "/provider/onboarding",
            get(provider::form::begin).post(provider::form::start),
        )
        .route(
            "/provider/onboarding/{id}",
            get(provider::form::show).post(provider::form::act),
        )
        .route(
            "/provider/list/{word}",
            get(provider::list::show).post(provider::list::confirm),
        )
        .route(
            "/provider/services/{key}/option",
            get(provider::way::show).post(provider::way::act),
        )
        .route("/admin/units", get(admin::units::show).post(admin::units::create))
        .route("/admin/units/{key}", get(admin::unit::show).post(admin::unit::save))
        .route("/admin/units/{key}/end", post(admin::unit::end))
        .route(
            "/admin/services",
            get(admin::services::show).post(admin::services::create),
        )
        .route(
            "/admin/services/{service}",
            get(admin::service::show).post(admin::service::save),
        )
        .route("/admin/services/{service}/move", post(admin::services::order))
        .route("/admin/values", get(admin::values::show).post(admin::values::save))
        .route("/admin/alarms", get(admin::alarms::show).post(admin::alarms::act))
        .route("/admin/sites", get(admin::sites::show).post(admin::sites::save))
        .route(
            "/admin/mailboxes",
            get(admin::mailboxes::list).post(admin::mailboxes::create),
        )
        .route(
            "/admin/mailboxes/{mailbox}",
            get(admin::mailboxes::show).post(admin::mailboxes::act),
        )
        .route(
            "/admin/webhooks",
            get(admin::webhooks::list).post(admin::webhooks::create),
        )
        .route(
            "/admin/webhooks/{webhook}",
            get(admin::webhooks::show).post(admin::webhooks::act),
        )
        .route("/admin/rules", get(admin::rules::list).post(admin::rules::create))
        .route(
            "/admin/rules/{rule}",
            get(admin::rules::show).post(admin::rules::act),
        )
        .route("/admin/import", get(admin::import::show).post(admin::import::act))
        .route("/admin/targets", get(admin::targets::show).post(admin::targets::save))
        .route("/admin/timers", get(admin::timers::show).post(admin::timers::save))
        .route("/admin/triage", get(admin::triage::show).post(admin::triage::act))
        .route("/status", get(status::show))
        .route("/status/figures", get(figures::show))
        .route("/status/figures.json", get(figures::json))
        .route("/status/figures.csv", get(figures::csv))
        .route(
            "/admin/sign-in",
            get(admin::sign_in::list).post(admin::sign_in::create),
        )
        .route(
            "/admin/sign-in/{provider}",
            get(admin::sign_in::show).post(admin::sign_in::act),
        )
        .route(
            "/admin/entitlements",
            get(admin::entitlements::show).post(admin::entitlements::act),
        )
        .route("/admin/privacy", get(admin::privacy::show).post(admin::privacy::act))
        .route("/admin/privacy/exports/{id}", get(admin::privacy::fetch))
        .route("/admin/reads", get(admin::reads::show))
        .route("/account/mail", get(mail_choice::show).post(mail_choice::save))
        .route(
            "/solution/{word}/{said}",
            get(solution_link::show).post(solution_link::say),
        )
        .route("/mail/stop/{word}", get(mail_stop::show).post(mail_stop::stop))
        .route(
            "/admin/mail-texts",
            get(admin::mail_texts::show).post(admin::mail_texts::act),
        )
        .route("/admin/incoming", get(admin::incoming::show).post(admin::incoming::act))
        .route("/admin/incoming/{mail}", get(admin::incoming::bytes))
        .route("/admin/outbox", get(admin::outbox::show).post(admin::outbox::act))
        .route(
            "/admin/applications",
            get(admin::applications::show).post(admin::applications::act),
        )
        .route("/admin/people", get(admin::people::list))
        .route(
            "/admin/people/{id}",
            get(admin::person::show).post(admin::person::act),
        )
        .route("/admin/audit", get(admin::audit::show))
        .route("/admin/audit/csv", get(admin::audit::csv))
        .route(
            "/admin/communities",
            get(admin::communities::list).post(admin::communities::create),
        )
        .route(
            "/admin/communities/{key}",
            get(admin::communities::show).post(admin::communities::change),
        )
        .route("/admin/portals", get(admin::portals::list).post(admin::portals::create))
        .route(
            "/admin/portals/{key}",
            get(admin::portals::show).post(admin::portals::change),
        )
        .route("/admin/portals/{key}/preview", post(admin::portals::preview))
        .route("/news", get(portal_news::show))
        .route("/news.atom", get(portal_news::desk_feed))
        .route("/p/{key}", get(portal::show))
        .route("/p/{key}/services", get(portal::services))
        .route("/p/{key}/news", get(portal_news::show).post(portal_news::post))
        .route("/p/{key}/news.atom", get(portal_news::portal_feed))
        .route("/p/{key}/theme.css", get(portal::theme))
        .route("/p/{key}/logo", get(portal::logo))
        .route("/p/{key}/tickets/new", get(new_ticket::show).post(new_ticket::send))
        .route("/services", get(services::show))
        .route(
            "/services/{service}/status",
            get(status::edit).post(status::save),
        )
        .route("/units", get(unit::list))
        .route(
            "/units/{key}/edit",
            get(unit_edit::show).post(unit_edit::save),
        )
        .route("/units/{key}", get(unit::show))
        .route("/units/{key}/people", post(unit_people::act))
        .route("/units/{key}/rota", get(rota::show).post(rota::act))
        .route("/units/{key}/rota/note", post(rota::note))
        .route("/hand-overs/{id}", get(hand_over::show).post(hand_over::act))
        .route("/support-staff", get(support_staff::show).post(support_staff::act))
        .route("/tickets", get(my_tickets::show))
        .route("/tickets/new", get(new_ticket::show).post(new_ticket::send))
        .route("/tickets/new/preview", post(new_ticket::preview))
        .route("/tickets/sent", get(ticket::sent))
        .route("/tickets/{number}", get(ticket::show))
        .route("/tickets/{number}/history", get(history::show_public))
        .route("/tickets/{number}/clocks", get(ticket_clocks::show_public))
        .route("/tickets/{number}/entries/{id}/html", get(ticket::entry_html))
        .route("/tickets/{number}/{deed}", post(ticket::act))
        .route("/t/{word}", get(ticket::show_by_link))
        .route("/t/{word}/{deed}", post(ticket::act_by_link))
        .route("/t/{word}/entries/{id}/html", get(ticket::entry_html_by_link))
        .route("/t/{word}/attachments/{id}", get(ticket::attachment_by_link))
        .route("/attachments/{id}", get(ticket::attachment))
        .route("/pictures/{word}", get(mail_frame::show))
        .route("/work", get(work::list))
        .route("/work/bulk", post(work_post::bulk))
        .route("/work/views", post(work_post::views))
        .route("/work/suggest", get(live::suggest))
        .route("/work/{number}", get(work::show))
        .route("/work/{number}/history", get(history::show))
        .route("/work/{number}/clocks", get(ticket_clocks::show))
        .route("/work/{number}/split", get(split::show).post(split::act))
        .route("/work/{number}/canned-texts/{id}", get(canned::filled))
        .route(
            "/work/{number}/macros/{id}",
            get(macro_run::show).post(macro_run::act),
        )
        .route("/work/{number}/{deed}", post(work_post::act))
        .route("/alarm", get(alarm::show).post(alarm::post))
        .route("/canned-texts", get(canned::list).post(canned::create))
        .route("/canned-texts/{id}", get(canned::show).post(canned::act))
        .route("/macros", get(macros::list).post(macros::create))
        .route("/macros/{id}", get(macros::show).post(macros::act))
        .route("/redirected", get(redirected::show))
        .route("/campaigns", get(campaigns::show).post(campaigns::ask))
        .route(
            "/campaigns/{campaign}",
            get(campaigns::board).post(campaigns::act),
        )
        .route("/campaigns/{campaign}/csv", get(campaigns::csv))
        .route("/reports", get(reports::show).post(reports::act))
        .route("/reports/file", get(reports::file))
        .route("/exchange", get(exchange::show).post(exchange::act))
        .route("/exchange/looked", post(exchange::looked))
        .route("/exchange/invitations", get(invitation::list).post(invitation::write))
        .route("/exchange/accept", get(invitation::ask).post(invitation::answer))
        .route("/exchange/partners/{id}", get(partner::show).post(partner::act))
        .route("/l/{word}/{deed}", get(list_link::show).post(list_link::say))
        .route("/asked/{word}", get(list_link::ask).post(list_link::answer))
        .route("/triage", get(triage::show))
        .route("/triage/incident", post(triage_post::incident))
        .route("/triage/{number}", post(triage_post::act))
        .route("/live", get(live::stream))
        .route("/static/{name}", get(assets::serve))
        .method_not_allowed_fallback(wrong_method)
        // Forms are limited where they are read, by what they may hold.
        .layer(DefaultBodyLimit::disable())
}

/// The page for an address that leads nowhere.
pub async fn nowhere(visit: Visit) -> Response {
    visit.close(Err(Fault::no_page())).await
}

/// The page for an address that is used another way; which ways there are is
/// said by the header `Allow`.
async fn wrong_method(visit: Visit) -> Response {
    visit.close(Err(Fault::WrongMethod)).await
}

/// That something panicked, on an answer that is not yet what people read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Panicked;

/// Answers a panic under a page with a page.
pub(crate) async fn page_of_a_panic(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    if is_api(request.uri().path()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let request = Request::from_parts(parts.clone(), body);
    let response = next.run(request).await;
    if response.extensions().get::<Panicked>().is_none() {
        return response;
    }
    match Visit::from_request_parts(&mut parts, &app).await {
        Ok(visit) => {
            // What panicked has been logged where it did.
            let fault = Fault::Desk(Error::Internal("a page panicked".into()));
            visit.close(Err(fault)).await
        }
        Err(_) => response,
    }
}
