//! People and their accounts: registration, sign-in, addresses, second factors.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[
    row("PATCH", "/api/v1/people/me", Needs::Write, Who::Oneself),
    row(
        "GET",
        "/api/v1/people/me/addresses",
        Needs::Read,
        Who::Oneself,
    ),
    row(
        "GET",
        "/api/v1/people/me/sessions",
        Needs::Read,
        Who::Oneself,
    ),
    row(
        "DELETE",
        "/api/v1/people/me/sessions",
        Needs::Write,
        Who::Oneself,
    ),
    row(
        "DELETE",
        "/api/v1/people/me/sessions/{id}",
        Needs::Write,
        Who::Oneself,
    ),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/sign-in/code", Needs::Nothing, Who::Everybody),
    row("POST", "/sign-in/code", Needs::Nothing, Who::Everybody),
    row("POST", "/sign-in/passkey", Needs::Nothing, Who::Everybody),
    row("POST", "/passkeys/ask", Needs::Nothing, Who::Everybody),
    row("GET", "/register", Needs::Nothing, Who::Everybody),
    row("POST", "/register", Needs::Nothing, Who::Everybody),
    row("GET", "/register/{word}", Needs::Link, Who::Everybody),
    row("POST", "/register/{word}", Needs::Link, Who::Everybody),
    row("GET", "/forgot", Needs::Nothing, Who::Everybody),
    row("POST", "/forgot", Needs::Nothing, Who::Everybody),
    row("GET", "/reset/{word}", Needs::Link, Who::Everybody),
    row("POST", "/reset/{word}", Needs::Link, Who::Everybody),
    row("GET", "/verify/{word}", Needs::Session, Who::Oneself),
    row("POST", "/verify/{word}", Needs::Form, Who::Oneself),
    row("GET", "/account/confirm", Needs::Session, Who::Oneself),
    row("POST", "/account/confirm", Needs::Form, Who::Oneself),
    row(
        "GET",
        "/account/authenticator",
        Needs::Session,
        Who::Oneself,
    ),
    row("POST", "/account/authenticator", Needs::Form, Who::Oneself),
];
