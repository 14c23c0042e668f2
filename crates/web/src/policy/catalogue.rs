//! Units, services and lists of values as data.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[
    row("POST", "/api/v1/units", Needs::Write, Who::Administrators),
    row(
        "PATCH",
        "/api/v1/units/{name}",
        Needs::Write,
        Who::Responsibles,
    ),
    row(
        "POST",
        "/api/v1/services",
        Needs::Write,
        Who::Administrators,
    ),
    row(
        "PATCH",
        "/api/v1/services/{name}",
        Needs::Write,
        Who::UnitStaff,
    ),
    row(
        "POST",
        "/api/v1/categories",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "PATCH",
        "/api/v1/categories/{key}",
        Needs::Admin,
        Who::Administrators,
    ),
    row("GET", "/api/v1/issue-types", Needs::Read, Who::Everybody),
    row(
        "POST",
        "/api/v1/issue-types",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "PATCH",
        "/api/v1/issue-types/{key}",
        Needs::Admin,
        Who::Administrators,
    ),
    row("GET", "/api/v1/sites", Needs::Read, Who::Everybody),
    row("POST", "/api/v1/sites", Needs::Admin, Who::Administrators),
    row(
        "PATCH",
        "/api/v1/sites/{key}",
        Needs::Admin,
        Who::Administrators,
    ),
    row("GET", "/api/v1/notices", Needs::Read, Who::Everybody),
    row(
        "GET",
        "/api/v1/categories/{key}",
        Needs::Read,
        Who::Everybody,
    ),
    row(
        "GET",
        "/api/v1/issue-types/{key}",
        Needs::Read,
        Who::Everybody,
    ),
    row("GET", "/api/v1/sites/{key}", Needs::Read, Who::Everybody),
    row("GET", "/api/v1/notices/{id}", Needs::Read, Who::Everybody),
    row("POST", "/api/v1/notices", Needs::Write, Who::UnitStaff),
    row(
        "PATCH",
        "/api/v1/notices/{id}",
        Needs::Write,
        Who::UnitStaff,
    ),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/admin/units", Needs::Session, Who::Administrators),
    row("POST", "/admin/units", Needs::Form, Who::Administrators),
    row(
        "GET",
        "/admin/units/{key}",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/units/{key}",
        Needs::Form,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/units/{key}/end",
        Needs::Form,
        Who::Administrators,
    ),
    row(
        "GET",
        "/admin/services",
        Needs::Session,
        Who::Administrators,
    ),
    row("POST", "/admin/services", Needs::Form, Who::Administrators),
    row(
        "GET",
        "/admin/services/{service}",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/services/{service}",
        Needs::Form,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/services/{service}/move",
        Needs::Form,
        Who::Administrators,
    ),
    row("GET", "/admin/values", Needs::Session, Who::Administrators),
    row("POST", "/admin/values", Needs::Form, Who::Administrators),
    row("GET", "/admin/sites", Needs::Session, Who::Administrators),
    row("POST", "/admin/sites", Needs::Form, Who::Administrators),
    row("GET", "/admin/import", Needs::Session, Who::Administrators),
    row("POST", "/admin/import", Needs::Form, Who::Administrators),
    row("GET", "/admin/triage", Needs::Session, Who::Administrators),
    row("POST", "/admin/triage", Needs::Form, Who::Administrators),
    row("GET", "/status", Needs::Nothing, Who::Everybody),
    row("GET", "/status/figures", Needs::Nothing, Who::Everybody),
    row(
        "GET",
        "/status/figures.json",
        Needs::Nothing,
        Who::Everybody,
    ),
    row("GET", "/status/figures.csv", Needs::Nothing, Who::Everybody),
    row(
        "GET",
        "/services/{service}/status",
        Needs::Session,
        Who::UnitStaff,
    ),
    row(
        "POST",
        "/services/{service}/status",
        Needs::Form,
        Who::UnitStaff,
    ),
    row(
        "GET",
        "/units/{key}/edit",
        Needs::Session,
        Who::Responsibles,
    ),
    row("POST", "/units/{key}/edit", Needs::Form, Who::Responsibles),
];
