//! The tables about mail that goes out.

use super::Holds::{File, Nothing, Person, Step, Words};
use super::kind::{Table, table};

/// The tables of the migrations from 0016 on.
pub(super) const TABLES: &[Table] = &[
    // 0016: the outbox
    table(
        "dead_address",
        "address",
        &[
            ("address", Step),
            ("since", Nothing),
            ("why", Words),
            ("told_at", Nothing),
        ],
    ),
    // 0020: answers that wait
    table(
        "held_answer",
        "id",
        &[
            ("id", Nothing),
            ("ticket", Nothing),
            ("author", Person),
            ("written_at", Nothing),
            ("send_at", Nothing),
            ("status", Nothing),
            ("body", Words),
            ("refused", Words),
        ],
    ),
    table(
        "held_file",
        "id",
        &[
            ("id", Nothing),
            ("answer", Nothing),
            ("name", Words),
            ("media_type", Nothing),
            ("size", Nothing),
            ("sha256", File),
        ],
    ),
];
