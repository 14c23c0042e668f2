//! Requests to many sites: migration 0060. Who made one is shown with it; what they wrote
//! is the desk's word to the sites, in which names are looked for.

use super::kind::Holds::{Nothing, Person, Words};
use super::kind::{Rows, Table, table};

/// In the order of the migration that made them.
pub(super) const TABLES: &[Table] = &[
    table(
        "campaign",
        "ticket",
        &[
            ("ticket", Nothing),
            ("subject", Words),
            ("body", Words),
            ("remind", Nothing),
            ("due_at", Nothing),
            ("made_by", Person),
            ("made_at", Nothing),
            ("version", Nothing),
        ],
    )
    .of("made_by", Rows::Stay),
    table(
        "campaign_site",
        "",
        &[
            ("campaign", Nothing),
            ("site", Nothing),
            ("ticket", Nothing),
            ("asked_at", Nothing),
            ("left_at", Nothing),
        ],
    ),
];
