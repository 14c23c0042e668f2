//! The tables about mail that goes out.

use super::Holds::{File, Nothing, Own, Person, Step, Words};
use super::kind::{Rows, Table, table};

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
    // 0021: how people want to hear
    table(
        "mail_choice",
        "",
        &[
            ("person", Person),
            ("scope", Own),
            ("told", Own),
            ("how", Own),
        ],
    )
    .of("person", Rows::Go),
    table(
        "mail_wish",
        "person",
        &[
            ("person", Person),
            ("language", Own),
            ("rhythm", Own),
            ("weekday", Own),
            ("hour", Own),
            ("time_zone", Own),
        ],
    )
    .of("person", Rows::Go),
    table(
        "digest_item",
        "id",
        &[
            ("id", Nothing),
            ("person", Person),
            ("cause", Nothing),
            ("ticket", Nothing),
            ("at", Nothing),
            ("due_at", Nothing),
            ("reason", Own),
            ("what", Own),
        ],
    )
    .of("person", Rows::Go),
    table(
        "mail_text",
        "key",
        &[
            ("key", Nothing),
            ("subject", Words),
            ("body", Words),
            ("version", Nothing),
            ("updated_at", Nothing),
        ],
    ),
];
