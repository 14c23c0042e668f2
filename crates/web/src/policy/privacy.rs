//! A person's data: given out, erased, kept no longer than needed; and who read what.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[
    row("GET", "/api/v1/reads", Needs::Admin, Who::Administrators),
    row(
        "GET",
        "/api/v1/tickets/{number}/reads",
        Needs::Read,
        Who::Works,
    ),
    row(
        "GET",
        "/api/v1/people/me/exports",
        Needs::Read,
        Who::Oneself,
    ),
    row(
        "POST",
        "/api/v1/people/me/exports",
        Needs::Write,
        Who::Oneself,
    ),
    row(
        "GET",
        "/api/v1/people/me/exports/{export}",
        Needs::Read,
        Who::Oneself,
    ),
    row(
        "GET",
        "/api/v1/people/me/erasure",
        Needs::Read,
        Who::Oneself,
    ),
    row(
        "POST",
        "/api/v1/people/me/erasure",
        Needs::Write,
        Who::Oneself,
    ),
    row(
        "DELETE",
        "/api/v1/people/me/erasure",
        Needs::Write,
        Who::Oneself,
    ),
    row(
        "GET",
        "/api/v1/people/{id}/exports",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/people/{id}/exports",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "GET",
        "/api/v1/people/{id}/exports/{export}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "GET",
        "/api/v1/people/{id}/erasure",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/people/{id}/erasure",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "DELETE",
        "/api/v1/people/{id}/erasure",
        Needs::Admin,
        Who::Administrators,
    ),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/account/privacy", Needs::Session, Who::Oneself),
    row("POST", "/account/privacy", Needs::Form, Who::Oneself),
    row(
        "GET",
        "/account/privacy/exports/{id}",
        Needs::Session,
        Who::Oneself,
    ),
    row("GET", "/privacy/erase/{word}", Needs::Link, Who::Oneself),
    row("POST", "/privacy/erase/{word}", Needs::Link, Who::Oneself),
    row("GET", "/admin/privacy", Needs::Session, Who::Administrators),
    row("POST", "/admin/privacy", Needs::Form, Who::Administrators),
    row(
        "GET",
        "/admin/privacy/exports/{id}",
        Needs::Session,
        Who::Administrators,
    ),
    row("GET", "/admin/reads", Needs::Session, Who::Administrators),
];
