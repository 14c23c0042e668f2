//! What people ask for of their data: migration 0013.

use super::kind::Holds::{File, Nothing, Own, Person, Secret, Step, Words};
use super::kind::{Rows, Table, table};

/// In the order of the migration that made them.
pub(super) const TABLES: &[Table] = &[
    table(
        "ticket_read",
        "",
        &[
            ("ticket", Nothing),
            ("person", Person),
            ("door", Own),
            ("slot", Nothing),
            ("at", Own),
        ],
    )
    .of("person", Rows::Stay),
    table(
        "erasure",
        "id",
        &[
            ("id", Nothing),
            ("person", Person),
            ("asked_at", Own),
            ("asked_by", Person),
            ("reason", Own),
            ("confirm_hash", Secret),
            ("confirm_until", Own),
            ("state", Own),
            ("due_at", Own),
            // What is looked for, while it is; gone with the end of the erasure.
            ("traces", Step),
            ("step", Nothing),
            ("position", Nothing),
            ("tickets", Nothing),
            ("refusal", Own),
            ("ended_at", Own),
        ],
    )
    .of("person", Rows::Stay),
    // Salted hashes: this is what remembers who was erased.
    table(
        "erased",
        "hash",
        &[("hash", Secret), ("kind", Nothing), ("at", Nothing)],
    ),
    table(
        "legal_hold",
        "id",
        &[
            ("id", Nothing),
            ("person", Person),
            ("ticket", Nothing),
            ("reason", Words),
            ("set_by", Person),
            ("set_at", Nothing),
            ("lifted_by", Person),
            ("lifted_at", Nothing),
        ],
    ),
    table(
        "data_export",
        "id",
        &[
            ("id", Nothing),
            ("person", Person),
            ("asked_by", Person),
            ("asked_at", Own),
            ("state", Own),
            ("file", File),
            ("size", Own),
            ("ready_at", Own),
            ("expires_at", Own),
        ],
    )
    .of("person", Rows::Go),
    table(
        "doomed_file",
        "name",
        &[("name", Nothing), ("run_at", Nothing)],
    ),
];
