//! Tickets packed for reports: migration 0041. Nobody is named in them.

use super::kind::Holds::Nothing;
use super::kind::{Table, table};

/// In the order of the migration that made them.
pub(super) const TABLES: &[Table] = &[table(
    "report_block",
    "block",
    &[
        ("block", Nothing),
        ("first", Nothing),
        ("last", Nothing),
        ("packed", Nothing),
    ],
)];
