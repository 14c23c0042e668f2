//! Communities' own front doors.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[
    row("GET", "/api/v1/communities", Needs::Read, Who::Everybody),
    row("GET", "/api/v1/portals", Needs::Read, Who::Everybody),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/p/{key}", Needs::Nothing, Who::Everybody),
    row("GET", "/p/{key}/services", Needs::Nothing, Who::Everybody),
    row("GET", "/p/{key}/news", Needs::Nothing, Who::Everybody),
    row("POST", "/p/{key}/news", Needs::Form, Who::Responsibles),
    row("GET", "/p/{key}/news.atom", Needs::Nothing, Who::Everybody),
    row("GET", "/p/{key}/theme.css", Needs::Nothing, Who::Everybody),
    row("GET", "/p/{key}/logo", Needs::Nothing, Who::Everybody),
    row(
        "GET",
        "/p/{key}/tickets/new",
        Needs::Nothing,
        Who::Everybody,
    ),
    row(
        "POST",
        "/p/{key}/tickets/new",
        Needs::Nothing,
        Who::Everybody,
    ),
    row("GET", "/news", Needs::Nothing, Who::Everybody),
    row("GET", "/news.atom", Needs::Nothing, Who::Everybody),
    row("GET", "/account/communities", Needs::Session, Who::Oneself),
    row("POST", "/account/communities", Needs::Form, Who::Oneself),
    row(
        "GET",
        "/admin/communities",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/communities",
        Needs::Form,
        Who::Administrators,
    ),
    row(
        "GET",
        "/admin/communities/{key}",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/communities/{key}",
        Needs::Form,
        Who::Administrators,
    ),
    row("GET", "/admin/portals", Needs::Session, Who::Administrators),
    row("POST", "/admin/portals", Needs::Form, Who::Administrators),
    row(
        "GET",
        "/admin/portals/{key}",
        Needs::Session,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/portals/{key}",
        Needs::Form,
        Who::Administrators,
    ),
    row(
        "POST",
        "/admin/portals/{key}/preview",
        Needs::Form,
        Who::Administrators,
    ),
];
