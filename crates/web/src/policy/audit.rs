//! The audit log, and who read what.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[
    row("GET", "/api/v1/audit", Needs::Admin, Who::Administrators),
    row(
        "GET",
        "/api/v1/audit/chain",
        Needs::Admin,
        Who::Administrators,
    ),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/admin/audit", Needs::Session, Who::Administrators),
    row(
        "GET",
        "/admin/audit/csv",
        Needs::Session,
        Who::Administrators,
    ),
];
