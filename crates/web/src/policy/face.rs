//! The faces of other helpdesks. What they do is the desk's own, so that the rows are
//! those of the API's operations of the same meaning.

use super::{Needs, Row, Who, row};

/// RT's REST 2, and Zammad's REST. They stand in no document of this desk's API.
pub(super) const API: &[Row] = &[
    row("POST", "/REST/2.0/ticket", Needs::Write, Who::Everybody),
    row("GET", "/REST/2.0/ticket/{number}", Needs::Read, Who::Sees),
    row("PUT", "/REST/2.0/ticket/{number}", Needs::Write, Who::Works),
    row(
        "POST",
        "/REST/2.0/ticket/{number}/correspond",
        Needs::Write,
        Who::Answers,
    ),
    row(
        "POST",
        "/REST/2.0/ticket/{number}/comment",
        Needs::Write,
        Who::SupportSide,
    ),
    row(
        "GET",
        "/REST/2.0/ticket/{number}/history",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "GET",
        "/REST/2.0/ticket/{number}/attachments",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "POST",
        "/REST/2.0/ticket/{number}/attachments",
        Needs::Read,
        Who::Sees,
    ),
    row("GET", "/REST/2.0/tickets", Needs::Read, Who::Everybody),
    row("GET", "/REST/2.0/transaction/{id}", Needs::Read, Who::Sees),
    row("GET", "/REST/2.0/attachment/{id}", Needs::Read, Who::Sees),
    row("GET", "/REST/2.0/queues/all", Needs::Read, Who::Everybody),
    row(
        "GET",
        "/zammad/api/v1/users/me",
        Needs::Read,
        Who::Everybody,
    ),
    row("GET", "/zammad/api/v1/groups", Needs::Read, Who::Everybody),
    row(
        "GET",
        "/zammad/api/v1/ticket_states",
        Needs::Read,
        Who::Everybody,
    ),
    row(
        "GET",
        "/zammad/api/v1/ticket_priorities",
        Needs::Read,
        Who::Everybody,
    ),
    row("GET", "/zammad/api/v1/tickets", Needs::Read, Who::Everybody),
    row(
        "POST",
        "/zammad/api/v1/tickets",
        Needs::Write,
        Who::Everybody,
    ),
    row(
        "GET",
        "/zammad/api/v1/tickets/search",
        Needs::Read,
        Who::Everybody,
    ),
    row(
        "GET",
        "/zammad/api/v1/tickets/{number}",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "PUT",
        "/zammad/api/v1/tickets/{number}",
        Needs::Write,
        Who::Works,
    ),
    row(
        "POST",
        "/zammad/api/v1/ticket_articles",
        Needs::Write,
        Who::Answers,
    ),
    row(
        "GET",
        "/zammad/api/v1/ticket_articles/{id}",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "GET",
        "/zammad/api/v1/ticket_articles/by_ticket/{number}",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "GET",
        "/zammad/api/v1/ticket_attachment/{number}/{article}/{id}",
        Needs::Read,
        Who::Sees,
    ),
];
