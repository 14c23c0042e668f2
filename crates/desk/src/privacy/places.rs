//! Every place in the database where something about a person can be.
//!
//! The export gives out what is listed here and the erasure goes through it, so
//! a column that is missing would be forgotten by both. A test compares the list
//! with the schema of both databases: whoever adds a column says here what it
//! holds.

mod alarm;
mod campaign;
mod canned;
mod exchange;
mod kind;
mod mailbox;
mod outbox;
mod portal;
mod redirection;
mod report;
mod rota;
mod rule;
mod satisfaction;
mod timer;
mod webhook;
mod wish;

use kind::table;
pub use kind::{Holds, Rows, Table, all, columns, tables};
use store::Dialect;

use Holds::{Address, Derived, File, Json, Nothing, Own, Person, Secret, Step, Words};

/// The tables, in the order of the migrations that made them; the later ones lie in
/// files beside this one.
const TABLES: &[Table] = &[
    table(
        "migration",
        "name",
        &[
            ("name", Nothing),
            ("checksum", Nothing),
            ("applied_at", Nothing),
        ],
    ),
    // 0001: people, units, services, tickets and their history
    table("counter", "name", &[("name", Nothing), ("value", Nothing)]),
    table(
        "setting",
        "key",
        &[("key", Nothing), ("value", Json), ("updated_at", Nothing)],
    ),
    table(
        "person",
        "id",
        &[
            ("id", Person),
            ("name", Own),
            ("email", Own),
            ("institute", Own),
            ("community", Own),
            ("password_hash", Secret),
            ("support", Own),
            ("monitor", Own),
            ("admin", Own),
            ("active", Own),
            ("created_at", Nothing),
            ("updated_at", Nothing),
            ("community_said", Own),
        ],
    )
    .of("id", Rows::Stay),
    table(
        "person_email",
        "address",
        &[("address", Own), ("person", Person), ("verified", Own)],
    )
    .of("person", Rows::Go),
    table(
        "session",
        "id_hash",
        &[
            ("id_hash", Secret),
            ("person", Person),
            ("csrf", Secret),
            ("created_at", Own),
            ("seen_at", Own),
            ("expires_at", Own),
            ("agent", Own),
            ("proved_at", Own),
        ],
    )
    .of("person", Rows::Go),
    table(
        "token",
        "id",
        &[
            ("id", Nothing),
            ("secret_hash", Secret),
            ("person", Person),
            ("name", Own),
            ("scopes", Own),
            ("created_at", Own),
            ("expires_at", Own),
            ("revoked_at", Own),
        ],
    )
    .of("person", Rows::Go),
    table("login_failure", "", &[("subject", Step), ("at", Nothing)]),
    table(
        "unit",
        "id",
        &[
            ("id", Nothing),
            ("key", Nothing),
            ("name", Words),
            ("level", Nothing),
            ("parent", Nothing),
            ("category", Nothing),
            ("description", Words),
            ("email", Address),
            ("first_level", Nothing),
            ("security", Nothing),
            ("active", Nothing),
            ("successor", Nothing),
            ("doc", Json),
            ("updated_at", Nothing),
            ("version", Nothing),
        ],
    ),
    table(
        "membership",
        "",
        &[
            ("unit", Nothing),
            ("person", Person),
            ("part", Own),
            ("since", Own),
        ],
    )
    .of("person", Rows::Go),
    table(
        "service",
        "id",
        &[
            ("id", Nothing),
            ("key", Nothing),
            ("name", Words),
            ("provider", Words),
            ("provider_id", Nothing),
            ("area", Nothing),
            ("description", Words),
            ("unit", Nothing),
            ("option", Nothing),
            ("lamp", Nothing),
            ("lamp_text", Words),
            ("active", Nothing),
            ("position", Nothing),
            ("doc", Json),
            ("updated_at", Nothing),
            ("version", Nothing),
        ],
    ),
    table(
        "category",
        "key",
        &[
            ("key", Nothing),
            ("name", Nothing),
            ("position", Nothing),
            ("in_reports", Nothing),
            ("active", Nothing),
            ("version", Nothing),
        ],
    ),
    table(
        "issue_type",
        "key",
        &[
            ("key", Nothing),
            ("category", Nothing),
            ("name", Nothing),
            ("position", Nothing),
            ("active", Nothing),
            ("version", Nothing),
            ("visible", Nothing),
        ],
    ),
    table(
        "ticket",
        "number",
        &[
            ("number", Nothing),
            ("version", Nothing),
            ("status", Nothing),
            ("open", Nothing),
            ("priority", Nothing),
            ("unit", Nothing),
            ("owner", Person),
            ("requester", Person),
            ("service", Nothing),
            ("category", Nothing),
            ("restricted", Nothing),
            ("needs_reply", Nothing),
            ("subject", Step),
            ("status_since", Nothing),
            ("created_at", Nothing),
            ("updated_at", Nothing),
            ("closed_at", Nothing),
            ("issue_type", Nothing),
            ("kind", Nothing),
            ("site", Nothing),
            ("community", Nothing),
            ("doc", Step),
            ("tlp", Nothing),
            // 0012
            ("portal", Nothing),
            ("shared", Nothing),
            // 0026
            ("turn", Nothing),
            ("due", Nothing),
            ("due_clock", Nothing),
            ("due_half", Nothing),
            ("due_warn", Nothing),
            ("clocks", Nothing),
            // 0041
            ("past", Nothing),
        ],
    ),
    table(
        "party",
        "",
        &[("ticket", Nothing), ("person", Person), ("role", Own)],
    )
    .of("person", Rows::Stay),
    table("ticket_tag", "", &[("tag", Step), ("ticket", Nothing)]),
    table(
        "relation",
        "",
        &[("ticket", Nothing), ("kind", Nothing), ("other", Nothing)],
    ),
    table(
        "entry",
        "id",
        &[
            ("id", Nothing),
            ("ticket", Nothing),
            ("seq", Nothing),
            ("at", Nothing),
            ("author", Person),
            ("author_name", Step),
            ("author_side", Nothing),
            ("channel", Nothing),
            ("visibility", Nothing),
            ("solution", Nothing),
            ("body", Step),
            ("quoted", Step),
            ("html", Step),
            ("mail", Nothing),
            // 0022: of a mail, which kind of signature it has
            ("protection", Nothing),
        ],
    ),
    table(
        "attachment",
        "id",
        &[
            ("id", Nothing),
            ("ticket", Nothing),
            ("entry", Nothing),
            ("name", Step),
            ("media_type", Nothing),
            ("size", Nothing),
            ("sha256", File),
            ("content_id", Step),
            ("created_at", Nothing),
        ],
    ),
    table(
        "event",
        "id",
        &[
            ("id", Nothing),
            ("ticket", Nothing),
            ("seq", Nothing),
            ("at", Nothing),
            ("actor", Person),
            ("actor_name", Step),
            ("channel", Nothing),
            ("cause", Nothing),
            ("kind", Nothing),
            ("data", Step),
        ],
    ),
    table(
        "cursor_position",
        "name",
        &[("name", Nothing), ("event", Nothing)],
    ),
    table(
        "idempotency",
        "",
        &[
            ("person", Person),
            ("key", Own),
            ("request_hash", Secret),
            ("ticket", Nothing),
            ("created_at", Own),
        ],
    )
    .of("person", Rows::Go),
    table(
        "mail_in",
        "id",
        &[
            ("id", Nothing),
            ("received_at", Nothing),
            ("channel", Nothing),
            ("unit", Nothing),
            ("digest", Nothing),
            ("message_id", Step),
            ("raw", File),
            ("size", Nothing),
            ("sender", Step),
            ("subject", Step),
            ("state", Nothing),
            ("reason", Step),
            ("ticket", Nothing),
            ("entry", Nothing),
            ("flagged", Step),
            ("mailbox", Nothing),
            ("envelope", Step),
            ("verdict", Step),
            ("related", Nothing),
        ],
    ),
    table(
        "mail_out",
        "id",
        &[
            ("id", Nothing),
            ("created_at", Nothing),
            ("cause", Nothing),
            ("ticket", Nothing),
            ("person", Person),
            ("address", Step),
            ("message_id", Nothing),
            ("subject", Step),
            ("bytes", Step),
            ("state", Nothing),
            ("attempts", Nothing),
            ("error", Step),
            ("sent_at", Nothing),
            ("tried_at", Nothing),
            ("next_try", Nothing),
            ("retried_at", Nothing),
            ("answer", Step),
            ("uncertain", Nothing),
        ],
    ),
    table(
        "saved_view",
        "id",
        &[
            ("id", Nothing),
            ("person", Person),
            ("name", Own),
            ("query", Own),
        ],
    )
    .of("person", Rows::Go),
    table(
        "news",
        "id",
        &[
            ("id", Nothing),
            ("at", Nothing),
            ("kind", Nothing),
            ("title", Words),
            ("body", Words),
            ("service", Nothing),
            ("active", Nothing),
            ("version", Nothing),
            ("starts_at", Nothing),
            ("ends_at", Nothing),
            ("author", Person),
        ],
    ),
    table(
        "news_service",
        "",
        &[
            ("news", Nothing),
            ("service", Nothing),
            ("position", Nothing),
        ],
    ),
    table(
        "site",
        "key",
        &[
            ("key", Nothing),
            ("name", Nothing),
            ("aliases", Nothing),
            ("contact", Address),
            ("country", Nothing),
            ("active", Nothing),
            ("version", Nothing),
            ("updated_at", Nothing),
            ("contact_person", Person),
            // 0060
            ("unit", Nothing),
        ],
    ),
    // 0002: jobs
    table(
        "job",
        "id",
        &[
            ("id", Nothing),
            ("kind", Nothing),
            ("payload", Words),
            ("run_at", Nothing),
            ("attempts", Nothing),
            ("state", Nothing),
            ("lease_until", Nothing),
            ("lease_holder", Nothing),
            ("last_error", Words),
            ("unique_key", Nothing),
            ("ended_at", Nothing),
        ],
    ),
    table(
        "lease",
        "name",
        &[
            ("name", Nothing),
            ("holder", Nothing),
            ("expires_at", Nothing),
        ],
    ),
    table(
        "write_group",
        "node",
        &[("node", Nothing), ("id", Nothing), ("at", Nothing)],
    )
    .only(Dialect::Postgres),
    // 0003: search
    table(
        "ticket_search",
        "rowid",
        &[
            ("subject", Derived),
            ("public", Derived),
            ("internal", Derived),
            ("scope", Derived),
        ],
    )
    .only(Dialect::Sqlite),
    table(
        "ticket_search",
        "number",
        &[("number", Nothing), ("lexemes", Derived)],
    )
    .only(Dialect::Postgres),
    table("search_word", "word", &[("word", Derived)]),
    // 0070: the index by unit
    table("unit_search", "rowid", &[("words", Derived)]).only(Dialect::Sqlite),
    table(
        "unit_search_unit",
        "id",
        &[("id", Nothing), ("unit", Nothing)],
    ),
    table(
        "unit_search_ticket",
        "number",
        &[("number", Nothing), ("place", Nothing)],
    )
    .only(Dialect::Sqlite),
    // 0006: audit
    table(
        "audit",
        "id",
        &[
            ("id", Nothing),
            ("at", Nothing),
            ("actor", Person),
            ("channel", Nothing),
            ("action", Nothing),
            ("subject_kind", Nothing),
            ("subject", Person),
            ("detail", Step),
            ("salt", Secret),
            ("digest", Nothing),
            ("hash", Nothing),
        ],
    ),
    // 0007: accounts
    table(
        "mailed_link",
        "hash",
        &[
            ("hash", Secret),
            ("purpose", Nothing),
            ("address", Address),
            ("person", Person),
            ("created_at", Nothing),
            ("expires_at", Nothing),
        ],
    )
    .of("person", Rows::Go),
    table(
        "second_step",
        "hash",
        &[
            ("hash", Secret),
            ("person", Person),
            ("created_at", Own),
            ("expires_at", Own),
            ("identity", Nothing),
            ("sid", Nothing),
        ],
    )
    .of("person", Rows::Go),
    table(
        "totp",
        "person",
        &[
            ("person", Person),
            ("secret", Secret),
            ("since", Own),
            ("last_step", Own),
            ("fresh", Secret),
            ("fresh_at", Own),
        ],
    )
    .of("person", Rows::Go),
    table("recovery_code", "", &[("person", Person), ("hash", Secret)]).of("person", Rows::Go),
    table(
        "passkey",
        "id",
        &[
            ("id", Secret),
            ("person", Person),
            ("name", Own),
            ("doc", Secret),
            ("created_at", Own),
            ("used_at", Own),
        ],
    )
    .of("person", Rows::Go),
    table(
        "passkey_challenge",
        "hash",
        &[
            ("hash", Secret),
            ("purpose", Nothing),
            ("person", Person),
            ("state", Secret),
            ("expires_at", Nothing),
        ],
    )
    .of("person", Rows::Go),
    // 0009: joining units
    table(
        "support_application",
        "id",
        &[
            ("id", Nothing),
            ("person", Person),
            ("reason", Own),
            ("state", Own),
            ("created_at", Own),
            ("decided_at", Own),
            ("decided_by", Person),
            ("answer", Words),
            ("reminders", Nothing),
        ],
    )
    .of("person", Rows::Go),
    table(
        "support_application_unit",
        "",
        &[("application", Nothing), ("unit", Nothing)],
    ),
    table(
        "join_request",
        "id",
        &[
            ("id", Nothing),
            ("unit", Nothing),
            ("person", Person),
            ("reason", Own),
            ("state", Own),
            ("created_at", Own),
            ("decided_at", Own),
            ("decided_by", Person),
            ("answer", Words),
            ("reminders", Nothing),
        ],
    )
    .of("person", Rows::Go),
    // 0008: signing in through others
    table(
        "provider",
        "id",
        &[
            ("id", Nothing),
            ("key", Nothing),
            ("kind", Nothing),
            ("name", Nothing),
            ("issuer", Nothing),
            ("doc", Nothing),
            ("secret", Secret),
            ("active", Nothing),
            ("position", Nothing),
            ("created_at", Nothing),
            ("updated_at", Nothing),
        ],
    ),
    table(
        "identity",
        "id",
        &[
            ("id", Nothing),
            ("issuer", Own),
            ("subject", Own),
            ("provider", Nothing),
            ("person", Person),
            ("name", Own),
            ("email", Own),
            ("entitlements", Own),
            ("linked_at", Own),
            ("seen_at", Own),
        ],
    )
    .of("person", Rows::Go),
    // Ten minutes long.
    table(
        "pending_sign_in",
        "state_hash",
        &[
            ("state_hash", Secret),
            ("browser_hash", Secret),
            ("provider", Nothing),
            ("network", Own),
            ("next", Nothing),
            ("linker", Person),
            ("proof", Own),
            ("expires_at", Nothing),
        ],
    )
    .of("linker", Rows::Go),
    table(
        "federated_session",
        "session",
        &[("session", Secret), ("identity", Nothing), ("sid", Nothing)],
    ),
    table(
        "logout_token",
        "jti_hash",
        &[("jti_hash", Nothing), ("expires_at", Nothing)],
    ),
    table(
        "entitlement_rule",
        "id",
        &[
            ("id", Nothing),
            ("provider", Nothing),
            ("pattern", Nothing),
            ("support", Nothing),
            ("unit", Nothing),
            ("part", Nothing),
            ("community", Nothing),
            ("position", Nothing),
            ("created_at", Nothing),
        ],
    ),
    table(
        "entitled",
        "person",
        &[("person", Person), ("held", Own), ("updated_at", Nothing)],
    )
    .of("person", Rows::Go),
    // 0011: providers and their forms
    table(
        "service_provider",
        "id",
        &[
            ("id", Nothing),
            ("key", Nothing),
            ("name", Nothing),
            ("country", Nothing),
            ("home_page", Nothing),
            ("contact", Address),
            ("active", Nothing),
            ("updated_at", Nothing),
        ],
    ),
    table(
        "provider_contact",
        "",
        &[("provider", Nothing), ("person", Person), ("since", Own)],
    )
    .of("person", Rows::Go),
    table(
        "onboarding",
        "id",
        &[
            ("id", Nothing),
            ("kind", Nothing),
            ("state", Nothing),
            ("author", Person),
            ("provider", Nothing),
            ("service", Nothing),
            // Lines that name them as owners go whole, with their logins.
            ("form", Json),
            ("reviewed", Json),
            ("list_confirmed", Address),
            ("checked", Nothing),
            ("made", Nothing),
            ("version", Nothing),
            ("created_at", Nothing),
            ("updated_at", Nothing),
            ("submitted_at", Nothing),
        ],
    )
    .of("author", Rows::Stay),
    table(
        "onboarding_note",
        "id",
        &[
            ("id", Nothing),
            ("onboarding", Nothing),
            ("seq", Nothing),
            ("at", Nothing),
            ("person", Person),
            ("deed", Nothing),
            ("body", Words),
        ],
    )
    .of("person", Rows::Stay),
    table(
        "list_check",
        "secret_hash",
        &[
            ("secret_hash", Secret),
            ("onboarding", Nothing),
            ("address", Address),
            ("created_at", Nothing),
            ("expires_at", Nothing),
        ],
    ),
    table(
        "agreement",
        "id",
        &[
            ("id", Nothing),
            ("service", Nothing),
            ("onboarding", Nothing),
            ("option", Nothing),
            ("system", Nothing),
            ("endpoint", Nothing),
            ("secret", Nothing),
            ("queue", Nothing),
            ("direction", Nothing),
            ("list", Address),
            ("personal_data", Nothing),
            // Likewise: `exchange::owner::forget`.
            ("doc", Json),
            ("opened_at", Nothing),
            ("closed_at", Nothing),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_go_have_an_owner_and_texts_have_a_key() {
        for table in all() {
            if table.rows == Rows::Go {
                assert!(!table.whose.is_empty(), "{}: whose?", table.name);
            }
            let searched = |h: &Holds| matches!(h, Holds::Words | Holds::Json | Holds::Address);
            if table.columns.iter().any(|(_, h)| searched(h)) {
                assert!(!table.key.is_empty(), "{}: needs a key", table.name);
            }
            let own = table.columns.iter().any(|(_, h)| *h == Holds::Own);
            assert!(
                !own || !table.whose.is_empty(),
                "{}: whose is what is somebody's own?",
                table.name
            );
        }
    }
}
