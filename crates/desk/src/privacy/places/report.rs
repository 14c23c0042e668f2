//! Tickets packed for reports, in which nobody is named: migration 0041; and reports that
//! somebody saved: 0066.

use super::kind::Holds::{Json, Nothing, Person, Words};
use super::kind::{Rows, Table, table};

/// In the order of the migrations that made them.
pub(super) const TABLES: &[Table] = &[
    table(
        "report_block",
        "block",
        &[
            ("block", Nothing),
            ("first", Nothing),
            ("last", Nothing),
            ("packed", Nothing),
        ],
    ),
    table(
        "saved_report",
        "id",
        &[
            ("id", Nothing),
            ("person", Person),
            ("title", Words),
            ("asked", Json),
            ("rhythm", Nothing),
            ("format", Nothing),
            ("next_at", Nothing),
            ("sent_at", Nothing),
            ("trouble", Words),
            ("made_at", Nothing),
        ],
    )
    .of("person", Rows::Go),
];
