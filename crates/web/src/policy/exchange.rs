//! Bridges, links, webhooks.

use super::Row;

/// The API.
pub(super) const API: &[Row] = &[];

/// The pages.
pub(super) const PAGES: &[Row] = &[];
