//! How tickets travel to partners' systems, and who looks after that.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[
    row("GET", "/api/v1/exchange", Needs::Read, Who::FirstLevel),
    row(
        "PATCH",
        "/api/v1/exchange/{id}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "GET",
        "/api/v1/exchange/tickets",
        Needs::Read,
        Who::FirstLevel,
    ),
    row(
        "GET",
        "/api/v1/exchange/dead-letters",
        Needs::Read,
        Who::FirstLevel,
    ),
    row(
        "POST",
        "/api/v1/exchange/dead-letters/{id}/retry",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/exchange/dead-letters/{id}/give-up",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/exchange/{id}/try",
        Needs::Admin,
        Who::Administrators,
    ),
    // Who has the address: it is signed.
    row(
        "POST",
        "/api/v1/exchange/wake/{word}",
        Needs::Nothing,
        Who::Everybody,
    ),
    row(
        "POST",
        "/api/v1/exchange/tickets/{number}/look",
        Needs::Write,
        Who::FirstLevel,
    ),
    row(
        "GET",
        "/api/v1/tickets/{number}/exchange",
        Needs::Read,
        Who::SupportSide,
    ),
    row(
        "GET",
        "/api/v1/exchange/partners",
        Needs::Read,
        Who::FirstLevel,
    ),
    row(
        "POST",
        "/api/v1/exchange/partners",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "PATCH",
        "/api/v1/exchange/partners/{id}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "DELETE",
        "/api/v1/exchange/partners/{id}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/exchange/invitations",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/exchange/invitations/read",
        Needs::Admin,
        Who::Administrators,
    ),
    // Partner desks: each request is signed.
    row(
        "GET",
        "/api/v1/exchange/peer",
        Needs::Nothing,
        Who::Everybody,
    ),
    row(
        "POST",
        "/api/v1/exchange/peer/acceptance",
        Needs::Signed,
        Who::Everybody,
    ),
    row(
        "POST",
        "/api/v1/exchange/peer/changes",
        Needs::Signed,
        Who::Everybody,
    ),
    row(
        "GET",
        "/api/v1/exchange/peer/changes",
        Needs::Signed,
        Who::Everybody,
    ),
    row(
        "GET",
        "/api/v1/exchange/peer/logs",
        Needs::Signed,
        Who::Everybody,
    ),
    row(
        "GET",
        "/api/v1/exchange/peer/files/{sha256}",
        Needs::Signed,
        Who::Everybody,
    ),
    row(
        "PUT",
        "/api/v1/exchange/peer/files/{sha256}",
        Needs::Signed,
        Who::Everybody,
    ),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/exchange", Needs::Session, Who::FirstLevel),
    row("POST", "/exchange", Needs::Form, Who::Administrators),
    row("POST", "/exchange/looked", Needs::Form, Who::FirstLevel),
];
