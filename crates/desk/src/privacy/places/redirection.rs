//! Redirection to lists: migration 0017.

use super::kind::Holds::{Nothing, Words};
use super::kind::{Table, table};

/// In the order of the migration that made them.
pub(super) const TABLES: &[Table] = &[
    table(
        "redirection",
        "id",
        &[
            ("id", Nothing),
            ("ticket", Nothing),
            ("seq", Nothing),
            ("service", Nothing),
            ("list", Words),
            ("personal_data", Nothing),
            ("stage", Nothing),
            ("why", Nothing),
            ("turn", Nothing),
            ("turn_since", Nothing),
            ("began_at", Nothing),
            ("sent_at", Nothing),
            ("life_at", Nothing),
            ("warned_at", Nothing),
            ("woken_at", Nothing),
            ("next_at", Nothing),
            ("trouble", Words),
            ("root", Nothing),
            ("ended_at", Nothing),
        ],
    ),
    table(
        "redirection_word",
        "id",
        &[
            ("id", Nothing),
            ("redirection", Nothing),
            ("way", Nothing),
            ("kind", Nothing),
            ("message_id", Nothing),
            ("at", Nothing),
            ("lost", Nothing),
        ],
    ),
    table(
        "mail_road",
        "mail",
        &[("mail", Nothing), ("hops", Nothing), ("lists", Words)],
    ),
];
