//! What machines ask.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[
    row("GET", "/openapi.json", Needs::Nothing, Who::Everybody),
    row("GET", "/healthz", Needs::Nothing, Who::Everybody),
    row("GET", "/readyz", Needs::Nothing, Who::Everybody),
    row("GET", "/metrics", Needs::Nothing, Who::Everybody),
];
