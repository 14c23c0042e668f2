//! One request to many sites.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[
    row("GET", "/api/v1/campaigns", Needs::Read, Who::Everybody),
    row("POST", "/api/v1/campaigns", Needs::Write, Who::Responsibles),
    row(
        "GET",
        "/api/v1/campaigns/{number}",
        Needs::Read,
        Who::SupportSide,
    ),
    row(
        "PATCH",
        "/api/v1/campaigns/{number}",
        Needs::Write,
        Who::Works,
    ),
    row(
        "POST",
        "/api/v1/campaigns/{number}/sites",
        Needs::Write,
        Who::Works,
    ),
    row(
        "DELETE",
        "/api/v1/campaigns/{number}/sites/{site}",
        Needs::Write,
        Who::Works,
    ),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/campaigns", Needs::Session, Who::Staff),
    row("POST", "/campaigns", Needs::Form, Who::Responsibles),
    row(
        "GET",
        "/campaigns/{campaign}",
        Needs::Session,
        Who::SupportSide,
    ),
    row("POST", "/campaigns/{campaign}", Needs::Form, Who::Works),
    row(
        "GET",
        "/campaigns/{campaign}/csv",
        Needs::Session,
        Who::SupportSide,
    ),
];
