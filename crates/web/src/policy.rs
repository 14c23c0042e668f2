//! Who may call what: one row for every route. Tests walk the routes and fail
//! when one lacks its row, and call each as everybody and compare.

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
    /// Of those, who work on it: owner, unit, first level, administrators.
    Works,
    /// Those who work somewhere.
    Staff,
    /// Members of a first level unit, and administrators.
    FirstLevel,
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

const fn row(method: &'static str, path: &'static str, needs: Needs, who: Who) -> Row {
    Row {
        method,
        path,
        needs,
        who,
    }
}

/// The REST API. What a `PATCH` may change depends on its fields; the row says
/// who gets beyond "not found" and "not allowed" with a field of the ticket.
pub const API: [Row; 35] = [
    row("GET", "/api/v1/tickets", Needs::Read, Who::Everybody),
    row("POST", "/api/v1/tickets", Needs::Write, Who::Everybody),
    row("POST", "/api/v1/tickets/bulk", Needs::Write, Who::Everybody),
    row("GET", "/api/v1/tickets/{number}", Needs::Read, Who::Sees),
    row(
        "PATCH",
        "/api/v1/tickets/{number}",
        Needs::Write,
        Who::Works,
    ),
    row(
        "GET",
        "/api/v1/tickets/{number}/entries",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "POST",
        "/api/v1/tickets/{number}/entries",
        Needs::Write,
        Who::Answers,
    ),
    row(
        "GET",
        "/api/v1/tickets/{number}/history",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "GET",
        "/api/v1/tickets/{number}/attachments",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "POST",
        "/api/v1/tickets/{number}/attachments",
        Needs::Write,
        Who::Answers,
    ),
    row(
        "GET",
        "/api/v1/tickets/{number}/attachments/{id}",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "GET",
        "/api/v1/tickets/{number}/relations",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "POST",
        "/api/v1/tickets/{number}/relations",
        Needs::Write,
        Who::Works,
    ),
    row(
        "DELETE",
        "/api/v1/tickets/{number}/relations/{kind}/{other}",
        Needs::Write,
        Who::Works,
    ),
    row(
        "POST",
        "/api/v1/tickets/{number}/merge",
        Needs::Write,
        Who::Works,
    ),
    row(
        "POST",
        "/api/v1/tickets/{number}/unmerge",
        Needs::Write,
        Who::Works,
    ),
    row(
        "POST",
        "/api/v1/tickets/{number}/release",
        Needs::Write,
        Who::Works,
    ),
    row(
        "POST",
        "/api/v1/tickets/{number}/split",
        Needs::Write,
        Who::Works,
    ),
    row(
        "POST",
        "/api/v1/tickets/{number}/unsplit",
        Needs::Write,
        Who::Works,
    ),
    row(
        "POST",
        "/api/v1/tickets/{number}/escalate",
        Needs::Write,
        Who::RequesterSide,
    ),
    row(
        "GET",
        "/api/v1/tickets/{number}/links",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "POST",
        "/api/v1/tickets/{number}/parties",
        Needs::Write,
        Who::Sees,
    ),
    row(
        "DELETE",
        "/api/v1/tickets/{number}/parties/{role}/{who}",
        Needs::Write,
        Who::Sees,
    ),
    row("GET", "/api/v1/units", Needs::Read, Who::Everybody),
    row("GET", "/api/v1/units/{name}", Needs::Read, Who::Everybody),
    row(
        "GET",
        "/api/v1/units/{name}/members",
        Needs::Read,
        Who::Everybody,
    ),
    row("GET", "/api/v1/services", Needs::Read, Who::Everybody),
    row(
        "GET",
        "/api/v1/services/{name}",
        Needs::Read,
        Who::Everybody,
    ),
    row("GET", "/api/v1/categories", Needs::Read, Who::Everybody),
    row("GET", "/api/v1/people/me", Needs::Read, Who::Oneself),
    row("GET", "/api/v1/people/me/tokens", Needs::Read, Who::Oneself),
    row(
        "POST",
        "/api/v1/people/me/tokens",
        Needs::Write,
        Who::Oneself,
    ),
    row(
        "DELETE",
        "/api/v1/people/me/tokens/{id}",
        Needs::Write,
        Who::Oneself,
    ),
    row("GET", "/api/v1/events", Needs::Read, Who::Everybody),
    row("GET", "/api/v1/events/stream", Needs::Read, Who::Everybody),
];

/// The rules of triage: a part of the API with a table of its own, as
/// administrators have rows here.
pub const TRIAGE: [Row; 4] = [
    row("POST", "/api/v1/triage/assess", Needs::Read, Who::Everybody),
    row("GET", "/api/v1/triage/rules", Needs::Read, Who::Everybody),
    row(
        "PUT",
        "/api/v1/triage/rules",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/triage/rules/what-if",
        Needs::Admin,
        Who::Administrators,
    ),
];

/// The pages. Every form carries the token of its visitor against forgery, also
/// where nobody has to be signed in. Of `/work/{number}`, those who are only on
/// the requester's side are sent to `/tickets/{number}`.
pub const PAGES: [Row; 36] = [
    row("GET", "/", Needs::Nothing, Who::Everybody),
    row("POST", "/follow", Needs::Nothing, Who::Everybody),
    row("GET", "/sign-in", Needs::Nothing, Who::Everybody),
    row("POST", "/sign-in", Needs::Nothing, Who::Everybody),
    row("POST", "/sign-out", Needs::Nothing, Who::Everybody),
    row("POST", "/theme", Needs::Nothing, Who::Everybody),
    row("GET", "/account", Needs::Session, Who::Oneself),
    row("POST", "/account/{deed}", Needs::Form, Who::Oneself),
    row("GET", "/services", Needs::Nothing, Who::Everybody),
    row("GET", "/units", Needs::Nothing, Who::Everybody),
    row("GET", "/units/{key}", Needs::Nothing, Who::Everybody),
    row("GET", "/tickets", Needs::Session, Who::Oneself),
    row("GET", "/tickets/new", Needs::Nothing, Who::Everybody),
    row("POST", "/tickets/new", Needs::Nothing, Who::Everybody),
    row(
        "POST",
        "/tickets/new/preview",
        Needs::Nothing,
        Who::Everybody,
    ),
    row("GET", "/tickets/sent", Needs::Nothing, Who::Everybody),
    row("GET", "/tickets/{number}", Needs::Session, Who::Sees),
    row(
        "GET",
        "/tickets/{number}/history",
        Needs::Session,
        Who::Sees,
    ),
    row(
        "GET",
        "/tickets/{number}/entries/{id}/html",
        Needs::Session,
        Who::Sees,
    ),
    row(
        "POST",
        "/tickets/{number}/{deed}",
        Needs::Form,
        Who::Answers,
    ),
    row("GET", "/t/{word}", Needs::Link, Who::Sees),
    row("POST", "/t/{word}/{deed}", Needs::Link, Who::Answers),
    row("GET", "/t/{word}/entries/{id}/html", Needs::Link, Who::Sees),
    row("GET", "/t/{word}/attachments/{id}", Needs::Link, Who::Sees),
    row("GET", "/attachments/{id}", Needs::Session, Who::Sees),
    row("GET", "/work", Needs::Session, Who::Staff),
    row("POST", "/work/bulk", Needs::Form, Who::Staff),
    row("POST", "/work/views", Needs::Form, Who::Staff),
    row("GET", "/work/suggest", Needs::Session, Who::Staff),
    row("GET", "/work/{number}", Needs::Session, Who::Sees),
    row("GET", "/work/{number}/history", Needs::Session, Who::Sees),
    row("POST", "/work/{number}/{deed}", Needs::Form, Who::Works),
    row("GET", "/triage", Needs::Session, Who::FirstLevel),
    row("POST", "/triage/{number}", Needs::Form, Who::FirstLevel),
    row("GET", "/live", Needs::Session, Who::Everybody),
    row("GET", "/static/{name}", Needs::Nothing, Who::Everybody),
];

/// What machines ask.
pub const PROBES: [Row; 4] = [
    row("GET", "/openapi.json", Needs::Nothing, Who::Everybody),
    row("GET", "/healthz", Needs::Nothing, Who::Everybody),
    row("GET", "/readyz", Needs::Nothing, Who::Everybody),
    row("GET", "/metrics", Needs::Nothing, Who::Everybody),
];

/// Every row that is called with a token, and the probes.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    API.iter().chain(&TRIAGE).chain(&PROBES)
}
