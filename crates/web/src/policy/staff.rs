//! Support staff: applications, joining units, members, rights.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[
    row(
        "GET",
        "/api/v1/support-applications",
        Needs::Read,
        Who::Everybody,
    ),
    row(
        "POST",
        "/api/v1/support-applications",
        Needs::Write,
        Who::Applicants,
    ),
    row(
        "DELETE",
        "/api/v1/support-applications/{id}",
        Needs::Write,
        Who::Oneself,
    ),
    row(
        "POST",
        "/api/v1/support-applications/{id}/decision",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/units/{name}/members",
        Needs::Write,
        Who::Responsibles,
    ),
    // Stepping down and leaving are also one's own.
    row(
        "PATCH",
        "/api/v1/units/{name}/members/{who}",
        Needs::Write,
        Who::Responsibles,
    ),
    row(
        "DELETE",
        "/api/v1/units/{name}/members/{who}",
        Needs::Write,
        Who::Responsibles,
    ),
    row(
        "GET",
        "/api/v1/units/{name}/join-requests",
        Needs::Read,
        Who::Everybody,
    ),
    row(
        "POST",
        "/api/v1/units/{name}/join-requests",
        Needs::Write,
        Who::Holders,
    ),
    row(
        "DELETE",
        "/api/v1/units/{name}/join-requests/{id}",
        Needs::Write,
        Who::Oneself,
    ),
    row(
        "POST",
        "/api/v1/units/{name}/join-requests/{id}/decision",
        Needs::Write,
        Who::Responsibles,
    ),
    row("GET", "/api/v1/people", Needs::Admin, Who::Administrators),
    row(
        "GET",
        "/api/v1/people/{id}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "PATCH",
        "/api/v1/people/{id}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "DELETE",
        "/api/v1/people/{id}/sessions",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "DELETE",
        "/api/v1/people/{id}/tokens",
        Needs::Admin,
        Who::Administrators,
    ),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/admin", Needs::Session, Who::Administrators),
    row("GET", "/support-staff", Needs::Session, Who::Everybody),
    row("POST", "/support-staff", Needs::Form, Who::Everybody),
    // Leaving and asking to join are everybody's own.
    row(
        "POST",
        "/units/{key}/people",
        Needs::Form,
        Who::Responsibles,
    ),
    row(
        "GET",
        "/admin/applications",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/applications",
        Needs::Form,
        Who::Administrators,
    ),
    row("GET", "/admin/people", Needs::Session, Who::Administrators),
    row(
        "GET",
        "/admin/people/{id}",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/people/{id}",
        Needs::Form,
        Who::Administrators,
    ),
];
