//! Calendars, targets, rules, reports.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[
    row(
        "GET",
        "/api/v1/tickets/{number}/clocks",
        Needs::Read,
        Who::Sees,
    ),
    row("GET", "/api/v1/targets", Needs::Read, Who::Everybody),
    row("PUT", "/api/v1/targets", Needs::Admin, Who::Administrators),
    row("GET", "/api/v1/timers", Needs::Admin, Who::Administrators),
    row("PUT", "/api/v1/timers", Needs::Admin, Who::Administrators),
    row("GET", "/api/v1/reports", Needs::Read, Who::Everybody),
    row("GET", "/api/v1/reports/{name}", Needs::Read, Who::Reports),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/reports", Needs::Session, Who::Reports),
    row("GET", "/reports/file", Needs::Session, Who::Reports),
    row("GET", "/admin/targets", Needs::Session, Who::Administrators),
    row("POST", "/admin/targets", Needs::Form, Who::Administrators),
    row("GET", "/admin/timers", Needs::Session, Who::Administrators),
    row("POST", "/admin/timers", Needs::Form, Who::Administrators),
];
