//! Alarms, and who may raise them: migration 0065.

use super::kind::Holds::{Address, Nothing, Person, Words};
use super::kind::{Rows, Table, table};

/// In the order of the migration that made them.
pub(super) const TABLES: &[Table] = &[
    table(
        "alarm_site",
        "site",
        &[
            ("site", Nothing),
            ("address", Address),
            ("answer_min", Nothing),
            ("test_answer_min", Nothing),
            ("test_days", Nothing),
            ("next_test_at", Nothing),
            ("keeper", Person),
            ("version", Nothing),
        ],
    ),
    table(
        "alarmer",
        "",
        &[
            ("person", Person),
            ("community", Nothing),
            ("nominated_by", Person),
            ("nominated_at", Nothing),
        ],
    )
    .of("person", Rows::Go),
    table(
        "alarm",
        "ticket",
        &[
            ("ticket", Nothing),
            ("site", Nothing),
            ("address", Address),
            ("test", Nothing),
            ("stage", Nothing),
            ("wait_ms", Nothing),
            ("raised_at", Nothing),
            ("called_at", Nothing),
            ("calls", Nothing),
            ("next_at", Nothing),
            ("mail", Nothing),
            ("root", Nothing),
            ("confirmed_at", Nothing),
            ("confirmed_by", Words),
            ("trouble", Words),
        ],
    ),
];
