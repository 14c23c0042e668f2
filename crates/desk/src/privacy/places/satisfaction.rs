//! How content people were: migration 0050. How content stays for statistics; what they
//! added in words goes with them.

use super::kind::Holds::{Nothing, Person, Words};
use super::kind::{Rows, Table, table};

/// In the order of the migration that made them.
pub(super) const TABLES: &[Table] = &[table(
    "satisfaction",
    "id",
    &[
        ("id", Nothing),
        ("ticket", Nothing),
        ("solution", Nothing),
        ("unit", Nothing),
        ("person", Person),
        ("rating", Nothing),
        ("comment", Words),
        ("at", Nothing),
    ],
)
.of("person", Rows::Stay)];
