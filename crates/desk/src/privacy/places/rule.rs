//! Rules that administrators write, and what they did: migration 0046.

use super::kind::Holds::{Json, Nothing, Person, Words};
use super::kind::{Table, table};

/// In the order of the migration that made them.
pub(super) const TABLES: &[Table] = &[
    table(
        "rule",
        "number",
        &[
            ("number", Nothing),
            ("place", Nothing),
            ("doc", Json),
            ("state", Nothing),
            ("why", Words),
            ("after_event", Nothing),
            ("began_at", Nothing),
            ("maker", Person),
            ("made_at", Nothing),
            ("version", Nothing),
        ],
    ),
    table(
        "rule_mark",
        "",
        &[("rule", Nothing), ("ticket", Nothing), ("since", Nothing)],
    ),
    table(
        "rule_run",
        "number",
        &[
            ("number", Nothing),
            ("rule", Nothing),
            ("version", Nothing),
            ("ticket", Nothing),
            ("at", Nothing),
            ("event", Nothing),
            ("set_off", Nothing),
            ("cause", Nothing),
            ("chain", Nothing),
            ("verdict", Nothing),
            ("why", Words),
            ("did", Words),
        ],
    ),
];
