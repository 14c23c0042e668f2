//! A person's data: given out, erased, kept no longer than needed.

use super::Row;

/// The API.
pub(super) const API: &[Row] = &[];

/// The pages.
pub(super) const PAGES: &[Row] = &[];
