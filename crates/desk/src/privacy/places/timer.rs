//! When time does something to a ticket: migration 0028.

use super::kind::Holds::Nothing;
use super::kind::{Table, table};

/// In the order of the migration that made them.
pub(super) const TABLES: &[Table] = &[table(
    "timer",
    "",
    &[("ticket", Nothing), ("kind", Nothing), ("due_at", Nothing)],
)];
