//! Programs that are called when something happens.

use super::{Needs, Row, Who, row};

const fn administers(method: &'static str, path: &'static str) -> Row {
    row(method, path, Needs::Admin, Who::Administrators)
}

/// The API.
pub(super) const API: &[Row] = &[
    administers("GET", "/api/v1/webhooks"),
    administers("POST", "/api/v1/webhooks"),
    administers("GET", "/api/v1/webhooks/{id}"),
    administers("PATCH", "/api/v1/webhooks/{id}"),
    administers("DELETE", "/api/v1/webhooks/{id}"),
    administers("POST", "/api/v1/webhooks/{id}/secret"),
    administers("POST", "/api/v1/webhooks/{id}/test"),
    administers("POST", "/api/v1/webhooks/{id}/replay"),
    administers("GET", "/api/v1/webhooks/{id}/calls"),
    administers("POST", "/api/v1/webhooks/{id}/calls/{call}/retry"),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row(
        "GET",
        "/admin/webhooks",
        Needs::Session,
        Who::Administrators,
    ),
    row("POST", "/admin/webhooks", Needs::Form, Who::Administrators),
    row(
        "GET",
        "/admin/webhooks/{webhook}",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/webhooks/{webhook}",
        Needs::Form,
        Who::Administrators,
    ),
];
