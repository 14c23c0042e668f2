//! Support staff: applications, joining units, members, rights.

use super::{Needs, Row, Who, row};

/// The API.
pub(super) const API: &[Row] = &[];

/// The pages.
pub(super) const PAGES: &[Row] = &[row("GET", "/admin", Needs::Session, Who::Administrators)];
