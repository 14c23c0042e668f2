//! The rules of triage.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[
    row("POST", "/api/v1/triage/assess", Needs::Read, Who::Everybody),
    row("GET", "/api/v1/triage/rules", Needs::Read, Who::Everybody),
    row(
        "PUT",
        "/api/v1/triage/rules",
        Needs::Admin,
        Who::Administrators,
    ),
    row(
        "POST",
        "/api/v1/triage/rules/what-if",
        Needs::Admin,
        Who::Administrators,
    ),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[];
