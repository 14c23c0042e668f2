//! Sign-in through other makers: OpenID Connect, LDAP.

use super::Row;

/// The API.
pub(super) const API: &[Row] = &[];

/// The pages.
pub(super) const PAGES: &[Row] = &[];
