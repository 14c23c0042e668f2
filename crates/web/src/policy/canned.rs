//! What staff keep for what they do again and again.

use super::{Needs, Row, Who, row};

/// The API. Whose a text is decides who may change it: one's own everybody on staff, a
/// unit's its responsibles, everybody's administrators.
pub(super) const API: &[Row] = &[
    row("GET", "/api/v1/canned-texts", Needs::Read, Who::Staff),
    row("POST", "/api/v1/canned-texts", Needs::Write, Who::Staff),
    row("GET", "/api/v1/canned-texts/{id}", Needs::Read, Who::Staff),
    row(
        "PATCH",
        "/api/v1/canned-texts/{id}",
        Needs::Write,
        Who::Staff,
    ),
    row(
        "DELETE",
        "/api/v1/canned-texts/{id}",
        Needs::Write,
        Who::Staff,
    ),
    // Also for those drawn in who work somewhere.
    row(
        "GET",
        "/api/v1/tickets/{number}/canned-texts/{id}",
        Needs::Read,
        Who::Works,
    ),
    row("GET", "/api/v1/macros", Needs::Read, Who::Staff),
    row("POST", "/api/v1/macros", Needs::Write, Who::Staff),
    row("GET", "/api/v1/macros/{id}", Needs::Read, Who::Staff),
    row("PATCH", "/api/v1/macros/{id}", Needs::Write, Who::Staff),
    row("DELETE", "/api/v1/macros/{id}", Needs::Write, Who::Staff),
    // What it can not do with a ticket is said for that ticket.
    row("POST", "/api/v1/macros/{id}/runs", Needs::Write, Who::Staff),
    row(
        "GET",
        "/api/v1/tickets/{number}/macros/{id}",
        Needs::Read,
        Who::Works,
    ),
    row(
        "POST",
        "/api/v1/tickets/{number}/macros/{id}",
        Needs::Write,
        Who::Works,
    ),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/canned-texts", Needs::Session, Who::Staff),
    row("POST", "/canned-texts", Needs::Form, Who::Staff),
    row("GET", "/canned-texts/{id}", Needs::Session, Who::Staff),
    row("POST", "/canned-texts/{id}", Needs::Form, Who::Staff),
    row("GET", "/macros", Needs::Session, Who::Staff),
    row("POST", "/macros", Needs::Form, Who::Staff),
    row("GET", "/macros/{id}", Needs::Session, Who::Staff),
    row("POST", "/macros/{id}", Needs::Form, Who::Staff),
    row(
        "GET",
        "/work/{number}/macros/{id}",
        Needs::Session,
        Who::Works,
    ),
    row(
        "POST",
        "/work/{number}/macros/{id}",
        Needs::Form,
        Who::Works,
    ),
    row(
        "GET",
        "/work/{number}/canned-texts/{id}",
        Needs::Session,
        Who::Works,
    ),
];
