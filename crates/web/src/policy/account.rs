//! People and their accounts: registration, sign-in, addresses, second factors.

use super::Row;

/// The API.
pub(super) const API: &[Row] = &[];

/// The pages.
pub(super) const PAGES: &[Row] = &[];
