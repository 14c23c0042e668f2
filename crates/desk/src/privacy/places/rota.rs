//! Who is on duty when, and what is handed over: migration 0064. Who was on duty is kept as
//! who owned a ticket is: their row says nobody's name any more.

use super::kind::Holds::{Nothing, Person, Words};
use super::kind::{Rows, Table, table};

/// In the order of the migration that made them.
pub(super) const TABLES: &[Table] = &[
    table(
        "rota",
        "unit",
        &[
            ("unit", Nothing),
            ("alone", Nothing),
            ("ask_hours", Nothing),
            ("confirm_hours", Nothing),
            ("held_by", Person),
            ("changed_at", Nothing),
            ("asked_for", Nothing),
            ("note", Words),
            ("look_at", Nothing),
            ("version", Nothing),
        ],
    )
    .of("held_by", Rows::Stay),
    table(
        "rota_turn",
        "",
        &[
            ("unit", Nothing),
            ("first", Nothing),
            ("place", Nothing),
            ("minute", Nothing),
            ("days", Nothing),
            ("person", Person),
        ],
    )
    .of("person", Rows::Stay),
    table(
        "rota_swap",
        "id",
        &[
            ("id", Nothing),
            ("unit", Nothing),
            ("from_at", Nothing),
            ("until_at", Nothing),
            ("person", Person),
            ("made_by", Person),
            ("made_at", Nothing),
        ],
    )
    .of("person", Rows::Go),
    table(
        "hand_over",
        "id",
        &[
            ("id", Nothing),
            ("unit", Nothing),
            ("outgoing", Person),
            ("incoming", Person),
            ("begun_at", Nothing),
            ("at", Nothing),
            ("note", Words),
            ("tickets", Nothing),
            ("confirm_by", Nothing),
            ("missed_at", Nothing),
            ("confirmed_at", Nothing),
        ],
    )
    .of("outgoing", Rows::Stay),
];
