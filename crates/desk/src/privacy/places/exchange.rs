//! Tickets that are worked on in another system too: migrations 0023, 0027, 0029,
//! 0034 and 0035.

use super::kind::Holds::{Json, Nothing, Person, Words};
use super::kind::{Table, table};

/// In the order of the migration that made them.
pub(super) const TABLES: &[Table] = &[
    table(
        "coupling",
        "agreement",
        &[
            ("agreement", Nothing),
            ("state", Nothing),
            ("poll_ms", Nothing),
            ("reading", Nothing),
            ("read_at", Nothing),
            ("next_at", Nothing),
            ("tries", Nothing),
            ("error", Words),
            ("error_at", Nothing),
            ("made_at", Nothing),
            ("requester", Person),
            ("woken_at", Nothing),
        ],
    ),
    table(
        "exchange_link",
        "id",
        &[
            ("id", Nothing),
            ("ticket", Nothing),
            ("agreement", Nothing),
            ("there", Nothing),
            ("stage", Nothing),
            // Entries are in it by name only; the last word from there is not ours.
            ("shared", Json),
            ("tie", Json),
            ("owner_there", Words),
            ("queue_there", Nothing),
            ("due_at", Nothing),
            ("tries", Nothing),
            ("error", Words),
            ("error_at", Nothing),
            ("waiting", Nothing),
            ("waiting_since", Nothing),
            ("dead", Nothing),
            ("began_at", Nothing),
            ("sent_at", Nothing),
            ("came_at", Nothing),
            ("looked_at", Nothing),
            ("looked_by", Person),
            ("opened_there", Nothing),
        ],
    ),
    table(
        "exchange_reminder",
        "unit",
        &[("unit", Nothing), ("at", Nothing)],
    ),
    table(
        "exchange_number",
        "",
        &[
            ("agreement", Nothing),
            ("number", Nothing),
            ("link", Nothing),
        ],
    ),
    table(
        "exchange_entry",
        "",
        &[("link", Nothing), ("entry", Nothing), ("name", Nothing)],
    ),
    table(
        "exchange_log",
        "id",
        &[
            ("id", Nothing),
            ("link", Nothing),
            ("at", Nothing),
            ("way", Nothing),
            ("what", Words),
            ("there", Nothing),
        ],
    ),
    table(
        "exchange_dead",
        "id",
        &[
            ("id", Nothing),
            ("link", Nothing),
            ("way", Nothing),
            ("call", Nothing),
            ("there", Nothing),
            ("what", Words),
            ("why", Words),
            ("at", Nothing),
            ("ended_at", Nothing),
        ],
    ),
];
