//! What PostgreSQL's refusals mean.

use std::io;

use tokio_postgres::error::SqlState;

use crate::Error;
use crate::conn::Failure;

/// A failed statement's text is ours and carries no data, so it may be shown.
pub(super) fn in_words(failure: Failure, sql: &str) -> Failure {
    match failure.error {
        Error::Other(text) => Error::Other(format!("{text} in: {sql}")).into(),
        _ => failure,
    }
}

/// The server forgot a prepared statement, or the schema changed under it.
pub(super) fn stale(error: &tokio_postgres::Error) -> bool {
    let Some(db) = error.as_db_error() else {
        return false;
    };
    *db.code() == SqlState::INVALID_SQL_STATEMENT_NAME
        || (*db.code() == SqlState::FEATURE_NOT_SUPPORTED
            && db.routine() == Some("RevalidateCachedQuery"))
}

/// The connection is gone, or is about to be.
pub(super) fn lost(error: &tokio_postgres::Error) -> bool {
    if let Some(db) = error.as_db_error() {
        let code = db.code().code();
        return code.starts_with("08") || code.starts_with("57P");
    }
    error.is_closed()
        || std::error::Error::source(error).is_some_and(|source| source.is::<io::Error>())
}

pub(super) fn classify(error: &tokio_postgres::Error) -> Failure {
    if lost(error) {
        return Failure {
            error: Error::Unavailable,
            again: true,
        };
    }
    let Some(db) = error.as_db_error() else {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        let error = match cause {
            // A connection that times out while it is being opened.
            _ if error.to_string().contains("timed out") => Error::Unavailable,
            Some(cause) => Error::Other(format!("PostgreSQL: {error}: {cause}")),
            None => Error::Other(format!("PostgreSQL: {error}")),
        };
        return error.into();
    };
    let code = db.code();
    if *code == SqlState::T_R_SERIALIZATION_FAILURE
        || *code == SqlState::T_R_DEADLOCK_DETECTED
        || stale(error)
    {
        return Failure {
            error: Error::Busy,
            again: true,
        };
    }
    let error = match code.code() {
        "53100" => Error::DiskFull,
        "25006" => Error::ReadOnly,
        // Out of connections or memory, or waited too long for a lock.
        "53000" | "53200" | "53300" | "53400" | "55P03" | "57014" => Error::Busy,
        "58030" | "58P01" => Error::Unavailable,
        "XX001" | "XX002" => Error::Corrupt("PostgreSQL reports damaged data".into()),
        "23503" => Error::Conflict {
            constraint: "foreign key".into(),
        },
        // Two nodes that make the same table at once: which of its parts (table,
        // row type, index) collides first is a matter of chance.
        "42710" | "42P07" => Error::Conflict {
            constraint: "schema".into(),
        },
        "23502" => Error::Conflict {
            constraint: format!(
                "{}.{} not null",
                db.table().unwrap_or_default(),
                db.column().unwrap_or_default()
            ),
        },
        "23505" => Error::Conflict {
            constraint: unique(
                db.table().unwrap_or_default(),
                db.constraint().unwrap_or_default(),
                db.detail().unwrap_or_default(),
            ),
        },
        code if code.starts_with("23") => Error::Conflict {
            constraint: db.constraint().unwrap_or("unknown").to_owned(),
        },
        // Mistakes in a statement, in the configuration or in who we are: the words name things of ours.
        code if code.starts_with("42") || code.starts_with("3D") || code.starts_with("28") => {
            Error::Other(format!("PostgreSQL {code}: {}", db.message()))
        }
        // Other words may repeat stored data.
        code => Error::Other(format!("PostgreSQL {code}")),
    };
    error.into()
}

/// `table(column, column)` out of the detail `Key (column, column)=(values) …`,
/// whose words are translated but whose brackets are not. What is unique over
/// an expression is called by the name of its index, as on SQLite.
fn unique(table: &str, index: &str, detail: &str) -> String {
    let columns = detail
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(")=("))
        .map(|(columns, _)| columns);
    match columns {
        Some(columns) if !columns.contains('(') => format!("{table}({columns})"),
        _ => index.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_rules_have_the_common_names() {
        assert_eq!(
            unique(
                "saved_view",
                "saved_view_person_name_key",
                "Key (person, name)=(a, b) already exists."
            ),
            "saved_view(person, name)"
        );
        assert_eq!(
            unique("t", "by_lower", "Key (lower(name))=(a) already exists."),
            "by_lower"
        );
    }
}
