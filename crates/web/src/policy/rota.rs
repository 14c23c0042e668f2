//! Who is on duty, and what is handed over.

use super::{Needs, Row, Who, row};

/// The API. That somebody stands in, whose shift it is says too.
pub(super) const API: &[Row] = &[
    row("GET", "/api/v1/units/{name}/rota", Needs::Read, Who::Staff),
    row(
        "PUT",
        "/api/v1/units/{name}/rota",
        Needs::Write,
        Who::Responsibles,
    ),
    row(
        "DELETE",
        "/api/v1/units/{name}/rota",
        Needs::Write,
        Who::Responsibles,
    ),
    row(
        "POST",
        "/api/v1/units/{name}/rota/stand-ins",
        Needs::Write,
        Who::Responsibles,
    ),
    row(
        "DELETE",
        "/api/v1/units/{name}/rota/stand-ins/{id}",
        Needs::Write,
        Who::Responsibles,
    ),
    row(
        "PUT",
        "/api/v1/units/{name}/rota/note",
        Needs::Write,
        Who::OnDuty,
    ),
    row(
        "GET",
        "/api/v1/units/{name}/hand-overs",
        Needs::Read,
        Who::UnitStaff,
    ),
    row(
        "GET",
        "/api/v1/hand-overs/{id}",
        Needs::Read,
        Who::UnitStaff,
    ),
    row(
        "PUT",
        "/api/v1/hand-overs/{id}/note",
        Needs::Write,
        Who::OnDuty,
    ),
    row(
        "POST",
        "/api/v1/hand-overs/{id}/confirm",
        Needs::Write,
        Who::OnDuty,
    ),
];

/// The pages. Whose shift it is says, too, who stands in.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/units/{key}/rota", Needs::Session, Who::Staff),
    row("POST", "/units/{key}/rota", Needs::Form, Who::Responsibles),
    row("POST", "/units/{key}/rota/note", Needs::Form, Who::OnDuty),
    row("GET", "/hand-overs/{id}", Needs::Session, Who::UnitStaff),
    row("POST", "/hand-overs/{id}", Needs::Form, Who::OnDuty),
];
