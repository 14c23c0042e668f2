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
    row("GET", "/api/v1/rules", Needs::Admin, Who::Administrators),
    row("POST", "/api/v1/rules", Needs::Admin, Who::Administrators),
    row(
        "PUT",
        "/api/v1/rules/order",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/rules/preview",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "GET",
        "/api/v1/rules/runs",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "GET",
        "/api/v1/rules/{rule}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "PATCH",
        "/api/v1/rules/{rule}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "DELETE",
        "/api/v1/rules/{rule}",
        Needs::Admin,
        Who::Administrators,
    ),
    row("GET", "/api/v1/alarms", Needs::Read, Who::FirstLevel),
    row("POST", "/api/v1/alarms", Needs::Write, Who::Everybody),
    row(
        "GET",
        "/api/v1/tickets/{number}/alarm",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "GET",
        "/api/v1/alarms/sites",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "PUT",
        "/api/v1/alarms/sites/{site}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "DELETE",
        "/api/v1/alarms/sites/{site}",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/alarms/sites/{site}/test",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "GET",
        "/api/v1/alarms/experts",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/alarms/experts",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "DELETE",
        "/api/v1/alarms/experts/{person}",
        Needs::Admin,
        Who::Administrators,
    ),
    row("GET", "/api/v1/reports", Needs::Read, Who::Everybody),
    row("GET", "/api/v1/reports/saved", Needs::Read, Who::Oneself),
    row("POST", "/api/v1/reports/saved", Needs::Write, Who::Reports),
    row(
        "DELETE",
        "/api/v1/reports/saved/{id}",
        Needs::Write,
        Who::Oneself,
    ),
    row("GET", "/api/v1/reports/{name}", Needs::Read, Who::Reports),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/reports", Needs::Session, Who::Reports),
    row("POST", "/reports", Needs::Form, Who::Reports),
    row("GET", "/reports/file", Needs::Session, Who::Reports),
    row("GET", "/alarm", Needs::Session, Who::Everybody),
    row("POST", "/alarm", Needs::Form, Who::Everybody),
    row("GET", "/admin/alarms", Needs::Session, Who::Administrators),
    row("POST", "/admin/alarms", Needs::Form, Who::Administrators),
    row("GET", "/admin/targets", Needs::Session, Who::Administrators),
    row("POST", "/admin/targets", Needs::Form, Who::Administrators),
    row("GET", "/admin/timers", Needs::Session, Who::Administrators),
    row("POST", "/admin/timers", Needs::Form, Who::Administrators),
    row("GET", "/admin/rules", Needs::Session, Who::Administrators),
    row("POST", "/admin/rules", Needs::Form, Who::Administrators),
    row(
        "GET",
        "/admin/rules/{rule}",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/rules/{rule}",
        Needs::Form,
        Who::Administrators,
    ),
];
