//! What staff keep for what they do again and again: migrations 0061 and 0062.

use super::kind::Holds::{Json, Nothing, Person, Words};
use super::kind::{Rows, Table, table};

/// In the order of the migrations that made them.
pub(super) const TABLES: &[Table] = &[
    table(
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
    .of("person", Rows::Go),
    table(
        "macro",
        "id",
        &[
            ("id", Nothing),
            ("unit", Nothing),
            ("person", Person),
            ("title", Words),
            ("doc", Json),
            ("changed_at", Nothing),
            ("version", Nothing),
        ],
    )
    .of("person", Rows::Go),
    table(
        "macro_run",
        "cause",
        &[
            ("cause", Nothing),
            ("ticket", Nothing),
            ("macro", Nothing),
            ("title", Words),
        ],
    ),
];
