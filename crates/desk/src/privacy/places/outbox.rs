//! The tables about mail that goes out.

use super::Holds::{Nothing, Step, Words};
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
];
