//! Who may call what: one row for every route. Tests walk the routes and fail
//! when one lacks its row, and call each as everybody and compare.
//!
//! One file per area, each with the rows of its API and of its pages.

mod account;
mod audit;
mod campaign;
mod canned;
mod catalogue;
mod exchange;
mod face;
mod federated;
mod mail;
mod onboarding;
mod portal;
mod privacy;
mod probe;
mod rota;
mod staff;
mod ticket;
mod time;
mod triage;
mod webhook;

/// What a caller has to bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: anybody on the network.
    Nothing,
    /// A token with the scope `read`.
    Read,
    /// A token with the scope `write`.
    Write,
    /// A token with the scope `admin` of an administrator.
    Admin,
    /// A page: a session, or the signed link of a mail; who has neither is
    /// sent to sign in.
    Session,
    /// A form: a session and its CSRF token.
    Form,
    /// A signed link that was mailed.
    Link,
    /// A machine: a token that a provider signed.
    Signed,
}

/// Who of those gets it; everybody else is a foreigner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody who brings what is needed.
    Everybody,
    /// Themselves only: what belongs to others is not found.
    Oneself,
    /// Those who may see the ticket; for others there is no such ticket (404).
    Sees,
    /// Of those, who may write public entries: requester, Cc, support side.
    Answers,
    /// Of those, who asked and those they added.
    RequesterSide,
    /// Of those, who asked.
    Requester,
    /// Of those, the support side: who work on it, who were drawn in, monitors.
    SupportSide,
    /// Of those, who work on it: owner, unit, first level, administrators.
    Works,
    /// Those who work somewhere.
    Staff,
    /// Those whom reports are for: who work somewhere, monitors, contacts of providers.
    Reports,
    /// Members of a first level unit, and administrators.
    FirstLevel,
    /// Those who hold the support permission.
    Holders,
    /// Those who do not hold it yet; others have no use for it (409).
    Applicants,
    /// Responsibles of the unit, or of the portal's first level, for what it says
    /// of itself; administrators for everything.
    Responsibles,
    /// Those who work in the unit, or in the unit of the service; and
    /// administrators.
    UnitStaff,
    /// Of the people of the unit, who is on duty, was, or is handed over to.
    OnDuty,
    /// Administrators.
    Administrators,
}

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The method.
    pub method: &'static str,
    /// The path as a template, as the router has it.
    pub path: &'static str,
    /// What a caller has to bring.
    pub needs: Needs,
    /// Who of those gets it.
    pub who: Who,
}

pub(crate) const fn row(method: &'static str, path: &'static str, needs: Needs, who: Who) -> Row {
    Row {
        method,
        path,
        needs,
        who,
    }
}

/// The areas, in the order in which they are walked.
const AREAS: &[(&[Row], &[Row])] = &[
    (ticket::API, ticket::PAGES),
    (triage::API, triage::PAGES),
    (account::API, account::PAGES),
    (federated::API, federated::PAGES),
    (staff::API, staff::PAGES),
    (catalogue::API, catalogue::PAGES),
    (onboarding::API, onboarding::PAGES),
    (portal::API, portal::PAGES),
    (audit::API, audit::PAGES),
    (privacy::API, privacy::PAGES),
    (mail::API, mail::PAGES),
    (exchange::API, exchange::PAGES),
    (time::API, time::PAGES),
    (campaign::API, campaign::PAGES),
    (canned::API, canned::PAGES),
    (rota::API, rota::PAGES),
    (webhook::API, webhook::PAGES),
];

/// The operations of the REST API. What a `PATCH` may change depends on its
/// fields; the row says who gets beyond "not found" and "not allowed" with a
/// field of the ticket.
pub fn api() -> impl Iterator<Item = &'static Row> {
    AREAS.iter().flat_map(|(api, _)| *api)
}

/// The pages. Every form carries the token of its visitor against forgery, also
/// where nobody has to be signed in. Of `/work/{number}`, those who are only on
/// the requester's side are sent to `/tickets/{number}`.
pub fn pages() -> impl Iterator<Item = &'static Row> {
    AREAS.iter().flat_map(|(_, pages)| *pages)
}

/// Every row that is called with a token, and the probes.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    api().chain(probe::API).chain(face::API)
}
