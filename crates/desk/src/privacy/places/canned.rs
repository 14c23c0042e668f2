//! What staff keep for what they do again and again: migration 0061.

use super::kind::Holds::{Nothing, Person, Words};
use super::kind::{Rows, Table, table};

/// In the order of the migrations that made them.
pub(super) const TABLES: &[Table] = &[table(
    "canned_text",
    "id",
    &[
        ("id", Nothing),
        ("unit", Nothing),
        ("person", Person),
        ("title", Words),
        ("shortcut", Words),
        ("body", Words),
        ("changed_at", Nothing),
        ("version", Nothing),
    ],
)
.of("person", Rows::Go)];
