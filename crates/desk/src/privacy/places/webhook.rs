//! Programs that are called: migration 0055. What is sent is kept nowhere.

use super::kind::Holds::{Json, Nothing, Person, Secret, Words};
use super::kind::{Table, table};

/// In the order of the migration that made them.
pub(super) const TABLES: &[Table] = &[
    table(
        "webhook",
        "id",
        &[
            ("id", Nothing),
            ("title", Words),
            ("url", Words),
            ("doc", Json),
            ("reader", Person),
            ("maker", Person),
            ("secret", Secret),
            ("secret_before", Secret),
            ("before_until", Nothing),
            ("state", Nothing),
            ("why", Words),
            ("place", Nothing),
            ("due_at", Nothing),
            ("failures", Nothing),
            ("failing_since", Nothing),
            ("error", Words),
            ("sent_at", Nothing),
            ("made_at", Nothing),
            ("version", Nothing),
        ],
    ),
    table(
        "webhook_delivery",
        "id",
        &[
            ("id", Nothing),
            ("webhook", Nothing),
            ("event", Nothing),
            ("ticket", Nothing),
            ("kind", Nothing),
            ("state", Nothing),
            ("since", Nothing),
            ("next_at", Nothing),
            ("tries", Nothing),
            ("tried_at", Nothing),
            ("status", Nothing),
            ("error", Words),
            ("ended_at", Nothing),
        ],
    ),
];
