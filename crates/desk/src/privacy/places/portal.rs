//! Communities and portals: migration 0012.

use super::kind::Holds::{File, Json, Nothing, Own, Person, Words};
use super::kind::{Rows, Table, table};

/// In the order of the migration that made them.
pub(super) const TABLES: &[Table] = &[
    table(
        "community",
        "key",
        &[
            ("key", Nothing),
            ("name", Nothing),
            ("description", Words),
            ("open", Nothing),
            ("active", Nothing),
            ("doc", Nothing),
            ("updated_at", Nothing),
        ],
    ),
    table(
        "person_community",
        "",
        &[
            ("person", Person),
            ("community", Own),
            ("via", Own),
            ("since", Own),
        ],
    )
    .of("person", Rows::Go),
    table(
        "portal",
        "id",
        &[
            ("id", Nothing),
            ("key", Nothing),
            ("name", Nothing),
            ("hostname", Nothing),
            ("community", Nothing),
            ("unit", Nothing),
            ("active", Nothing),
            ("position", Nothing),
            ("logo", File),
            ("doc", Json),
            ("updated_at", Nothing),
        ],
    ),
    table(
        "portal_news",
        "id",
        &[
            ("id", Nothing),
            ("portal", Nothing),
            ("at", Nothing),
            ("updated_at", Nothing),
            ("kind", Nothing),
            ("title", Words),
            ("body", Words),
            ("author_name", Words),
            ("active", Nothing),
        ],
    ),
];
