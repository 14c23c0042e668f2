//! The audit log, and who read what.

use super::Row;

/// The API.
pub(super) const API: &[Row] = &[];

/// The pages.
pub(super) const PAGES: &[Row] = &[];
