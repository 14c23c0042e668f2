//! Where mail comes in: migrations 0015 and 0032.

use super::kind::Holds::{Nothing, Secret};
use super::kind::{Table, table};

/// In the order of the migration that made them.
pub(super) const TABLES: &[Table] = &[
    // The addresses are the desk's own.
    table(
        "mailbox",
        "id",
        &[
            ("id", Nothing),
            ("address", Nothing),
            ("way", Nothing),
            ("doc", Nothing),
            ("secret", Secret),
            ("unit", Nothing),
            ("service", Nothing),
            ("active", Nothing),
            ("created_at", Nothing),
            ("updated_at", Nothing),
            ("version", Nothing),
            ("portal", Nothing),
        ],
    ),
    table(
        "mailbox_state",
        "mailbox",
        &[
            ("mailbox", Nothing),
            ("uid_validity", Nothing),
            ("first_uid", Nothing),
            ("last_uid", Nothing),
            ("since", Nothing),
            ("connected_at", Nothing),
            ("seen_at", Nothing),
            ("mail_at", Nothing),
            ("taken", Nothing),
            ("error", Nothing),
            ("error_at", Nothing),
        ],
    ),
    // Addresses are counted by their hash, for a day.
    table(
        "mail_tally",
        "key",
        &[("key", Nothing), ("stretch", Nothing), ("counted", Nothing)],
    ),
];
