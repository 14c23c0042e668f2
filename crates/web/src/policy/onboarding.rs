//! Providers bring their services in.

use super::{Needs, Row, Who, row};

/// The API. Of a provider only its contacts and administrators see more than
/// its name; of a form only its author and they.
pub(super) const API: &[Row] = &[
    row("GET", "/api/v1/onboardings", Needs::Read, Who::Oneself),
    row("POST", "/api/v1/onboardings", Needs::Write, Who::Everybody),
    row("GET", "/api/v1/onboardings/{id}", Needs::Read, Who::Oneself),
    row(
        "PUT",
        "/api/v1/onboardings/{id}",
        Needs::Write,
        Who::Oneself,
    ),
    row(
        "POST",
        "/api/v1/onboardings/{id}/submit",
        Needs::Write,
        Who::Oneself,
    ),
    row(
        "POST",
        "/api/v1/onboardings/{id}/list-check",
        Needs::Write,
        Who::Oneself,
    ),
    row(
        "POST",
        "/api/v1/onboardings/{id}/connection-test",
        Needs::Write,
        Who::Oneself,
    ),
    row(
        "POST",
        "/api/v1/onboardings/{id}/decision",
        Needs::Admin,
        Who::Administrators,
    ),
    row("GET", "/api/v1/providers", Needs::Read, Who::Everybody),
    row("GET", "/api/v1/providers/{key}", Needs::Read, Who::Oneself),
    row(
        "PATCH",
        "/api/v1/providers/{key}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "PUT",
        "/api/v1/providers/{key}/contacts/{email}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "DELETE",
        "/api/v1/providers/{key}/contacts/{email}",
        Needs::Admin,
        Who::Administrators,
    ),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/provider", Needs::Session, Who::Oneself),
    row("GET", "/provider/onboarding", Needs::Session, Who::Oneself),
    row("POST", "/provider/onboarding", Needs::Form, Who::Everybody),
    row(
        "GET",
        "/provider/onboarding/{id}",
        Needs::Session,
        Who::Oneself,
    ),
    row(
        "POST",
        "/provider/onboarding/{id}",
        Needs::Form,
        Who::Oneself,
    ),
    row("GET", "/provider/list/{word}", Needs::Link, Who::Everybody),
    row("POST", "/provider/list/{word}", Needs::Link, Who::Everybody),
    row(
        "GET",
        "/provider/services/{key}/option",
        Needs::Session,
        Who::Oneself,
    ),
    row(
        "POST",
        "/provider/services/{key}/option",
        Needs::Form,
        Who::Oneself,
    ),
    row(
        "GET",
        "/admin/onboarding",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "GET",
        "/admin/onboarding/{id}",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/onboarding/{id}",
        Needs::Form,
        Who::Administrators,
    ),
    row(
        "GET",
        "/admin/providers",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "GET",
        "/admin/providers/{key}",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/providers/{key}",
        Needs::Form,
        Who::Administrators,
    ),
];
