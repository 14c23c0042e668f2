//! Mailboxes, the outbox, redirected tickets.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[
    row("GET", "/redirections", Needs::Read, Who::Everybody),
    row(
        "GET",
        "/tickets/{number}/redirections",
        Needs::Read,
        Who::Sees,
    ),
    row(
        "POST",
        "/tickets/{number}/redirections",
        Needs::Write,
        Who::Works,
    ),
];

/// The pages.
pub(super) const PAGES: &[Row] = &[
    row("GET", "/redirected", Needs::Session, Who::Everybody),
    row("GET", "/l/{word}/{deed}", Needs::Link, Who::Everybody),
    row("POST", "/l/{word}/{deed}", Needs::Link, Who::Everybody),
    row("GET", "/asked/{word}", Needs::Link, Who::Everybody),
    row("POST", "/asked/{word}", Needs::Link, Who::Everybody),
];
