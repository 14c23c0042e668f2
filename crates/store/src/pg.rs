//! PostgreSQL: connections, statements and what their errors mean.

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use postgres::config::SslMode;
use postgres::error::SqlState;
use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls, SimpleQueryMessage, Statement};
use uuid::Uuid;

use crate::conn::{Conn, Failure, State};
use crate::db::Options;
use crate::group::Writer;
use crate::value::{Cell, Value};
use crate::{Error, conn};

/// The settings every connection works with. A write that stands still must
/// not keep the writer's lock from the other nodes, and an answer given is a
/// promise that the change is on disk.
const SETTINGS: &str = "
SET lock_timeout = '20s';
SET idle_in_transaction_session_timeout = '30s';
SET client_min_messages = 'warning';
SELECT set_config('synchronous_commit', 'on', false)
 WHERE current_setting('synchronous_commit') = 'off';
";

/// Reads the address. TLS is not built in yet: an address that insists on it
/// is refused, because going on in plain text would be a silent surprise.
pub(crate) fn config(url: &str) -> Result<Config, Error> {
    // The parser's own words might repeat parts of the address, and so the password.
    let mut config: Config = url.parse().map_err(|_| {
        Error::other(
            "the PostgreSQL address can not be understood: \
             postgres://user:password@host:port/database?sslmode=disable|prefer",
        )
    })?;
    if config.get_ssl_mode() == SslMode::Require {
        return Err(Error::other(
            "sslmode=require is not available: connections to PostgreSQL are not \
             encrypted yet; use a socket, a tunnel or a trusted network with sslmode=disable",
        ));
    }
    config.ssl_mode(SslMode::Disable);
    if config.get_application_name().is_none() {
        config.application_name("switchboard");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(20));
    }
    config.keepalives_idle(Duration::from_secs(20));
    Ok(config)
}

/// One connection with its prepared statements; connects again when it was lost.
pub(crate) struct Session {
    config: Config,
    patience: Duration,
    client: Option<Client>,
    statements: HashMap<Box<str>, Statement>,
    /// Names this writer in `write_group`.
    node: Uuid,
    group: i64,
}

impl Session {
    pub(crate) fn new(config: Config, options: &Options) -> Session {
        Session {
            config,
            patience: options.patience,
            client: None,
            statements: HashMap::new(),
            node: Uuid::now_v7(),
            group: 0,
        }
    }

    /// Connects, with growing pauses, until patience is at its end.
    pub(crate) fn connect(&mut self) -> Result<&mut Client, Failure> {
        let lost = self.client.as_ref().is_none_or(Client::is_closed);
        if lost {
            self.disconnect();
            let begun = Instant::now();
            let mut pause = Duration::from_millis(20);
            let client = loop {
                let opened = self.config.connect(NoTls).and_then(|mut client| {
                    client.batch_execute(SETTINGS)?;
                    Ok(client)
                });
                match opened {
                    Ok(client) => break client,
                    Err(error) => {
                        let error = classify(&error).error;
                        let wait = error == Error::Unavailable || error == Error::Busy;
                        if !wait || begun.elapsed() + pause > self.patience {
                            return Err(error.into());
                        }
                        tracing::warn!(%error, "no connection to PostgreSQL; trying again");
                        std::thread::sleep(pause);
                        pause = (pause * 2).min(Duration::from_secs(1));
                    }
                }
            };
            self.client = Some(client);
        }
        match &mut self.client {
            Some(client) => Ok(client),
            None => Err(Error::Unavailable.into()),
        }
    }

    fn disconnect(&mut self) {
        self.statements.clear();
        self.client = None;
    }

    /// The connection a transaction stands on: never a new one.
    fn client(&mut self) -> Result<&mut Client, Failure> {
        self.client.as_mut().ok_or(Failure {
            error: Error::Unavailable,
            again: true,
        })
    }

    fn failure(&mut self, error: &postgres::Error) -> Failure {
        let failure = classify(error);
        if stale(error) {
            self.statements.clear();
        }
        failure
    }

    fn statement(&mut self, sql: &str, params: &[Value]) -> Result<Statement, Failure> {
        if params
            .iter()
            .any(|value| matches!(value, Value::Text(text) if text.contains('\0')))
        {
            return Err(Error::BadText.into());
        }
        let statement = match self.statements.get(sql) {
            Some(statement) => statement.clone(),
            None => {
                let statement = self
                    .client()?
                    .prepare(sql)
                    .map_err(|error| in_words(classify(&error), sql))?;
                // Composed statements come in many shapes; start afresh rather than grow for ever.
                if self.statements.len() >= 1_000 {
                    self.statements.clear();
                }
                self.statements.insert(sql.into(), statement.clone());
                statement
            }
        };
        if statement.params().len() != params.len() {
            return Err(Error::other(format!(
                "{} values for {} placeholders in: {sql}",
                params.len(),
                statement.params().len()
            ))
            .into());
        }
        Ok(statement)
    }

    pub(crate) fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Failure> {
        let statement = self.statement(sql, params)?;
        let params = references(params);
        let done = self.client()?.execute(&statement, &params);
        done.map_err(|error| self.failure(&error))
    }

    pub(crate) fn query<T>(
        &mut self,
        sql: &str,
        params: &[Value],
        mut f: impl FnMut(&postgres::Row) -> Option<T>,
    ) -> Result<Vec<T>, Failure> {
        let statement = self.statement(sql, params)?;
        let params = references(params);
        let rows = self.client()?.query(&statement, &params);
        let rows = rows.map_err(|error| self.failure(&error))?;
        Ok(rows.iter().map_while(&mut f).collect())
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        let done = self.client()?.batch_execute(sql);
        done.map_err(|error| self.failure(&error))
    }

    pub(crate) fn check(&mut self, sql: &str) -> Result<(), Failure> {
        self.client()?
            .prepare(sql)
            .map(drop)
            .map_err(|error| in_words(classify(&error), sql))
    }

    /// A snapshot: all statements of one read see the same state. A connection
    /// that was lost since the last read is found out here and replaced.
    pub(crate) fn begin_read(&mut self) -> Result<(), Error> {
        const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        self.connect().map_err(|f| f.error)?;
        match self.batch(BEGIN) {
            Ok(()) => Ok(()),
            Err(failure) if failure.again => {
                self.disconnect();
                self.connect().map_err(|f| f.error)?;
                self.batch(BEGIN).map_err(|f| f.error)
            }
            Err(failure) => Err(failure.error),
        }
    }

    pub(crate) fn end_read(&mut self) {
        if let Err(failure) = self.batch("COMMIT") {
            tracing::warn!(error = %failure.error, "a read could not be closed");
            self.disconnect();
        }
    }

    pub(crate) fn conn(&mut self) -> Conn<'_> {
        Conn {
            session: conn::Session::Postgres(self),
            state: State::default(),
        }
    }

    /// Opens a transaction that holds the writer's lock.
    fn lock(&mut self) -> Result<(), Failure> {
        const LOCK: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
                            UPDATE counter SET value = value WHERE name = 'writer'";
        let done = self.client()?.simple_query(LOCK);
        let messages = done.map_err(|error| self.failure(&error))?;
        let locked = messages
            .iter()
            .any(|message| matches!(message, SimpleQueryMessage::CommandComplete(1)));
        if locked {
            Ok(())
        } else {
            Err(Error::other("the writer's row is missing: migrate the database first").into())
        }
    }

    /// After the connection was lost during a commit: did it happen?
    ///
    /// The lock is taken first, so that the lost transaction has certainly
    /// ended, one way or the other, before its mark is looked for.
    fn outcome(&mut self) -> Result<bool, Failure> {
        self.disconnect();
        self.connect()?;
        self.lock()?;
        let mark = self.query(
            /* postgres */
            "SELECT id FROM write_group WHERE node = $1",
            &[Value::Uuid(self.node)],
            |row| row.try_get::<_, i64>(0).ok(),
        )?;
        self.batch("ROLLBACK")?;
        Ok(mark.first() == Some(&self.group))
    }
}

impl Writer for Session {
    fn conn(&mut self) -> Conn<'_> {
        Session::conn(self)
    }

    fn begin(&mut self) -> Result<(), Failure> {
        self.connect()?;
        self.lock()
    }

    fn commit(&mut self) -> Result<(), Failure> {
        self.group += 1;
        // Both are numbers of our own making. The mark can not be set in a
        // transaction that was already aborted, where COMMIT would say nothing.
        let sql = format!(
            /* fragment */
            "INSERT INTO write_group (node, id) VALUES ('{}', {}) \
             ON CONFLICT (node) DO UPDATE SET id = excluded.id, at = now(); COMMIT",
            self.node, self.group
        );
        let Err(error) = self.client()?.batch_execute(&sql) else {
            return Ok(());
        };
        let failure = self.failure(&error);
        if !lost(&error) && !self.client.as_ref().is_none_or(Client::is_closed) {
            return Err(failure);
        }
        tracing::warn!("the connection to PostgreSQL was lost during a commit");
        match self.outcome() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure {
                error: Error::Unavailable,
                again: true,
            }),
            Err(failure) => {
                tracing::error!(error = %failure.error, "the outcome of a commit is not known");
                Err(Error::Unknown.into())
            }
        }
    }

    fn is_open(&self) -> bool {
        true
    }

    fn abandon(&mut self) {
        if self.client.is_some() && self.batch("ROLLBACK").is_err() {
            self.disconnect();
        }
    }
}

fn references(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params
        .iter()
        .map(|value| value as &(dyn ToSql + Sync))
        .collect()
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(value) => match *ty {
                Type::INT8 => value.to_sql(ty, out),
                Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
                Type::INT2 => i16::try_from(*value)?.to_sql(ty, out),
                _ => Err(format!("a number was bound where {ty} is wanted").into()),
            },
            Value::Text(value) if <&str as ToSql>::accepts(ty) => value.to_sql(ty, out),
            Value::Text(_) => Err(format!("text was bound where {ty} is wanted").into()),
            Value::Blob(value) if *ty == Type::BYTEA => value.to_sql(ty, out),
            Value::Blob(_) => Err(format!("bytes were bound where {ty} is wanted").into()),
            Value::Uuid(value) if *ty == Type::UUID => value.to_sql(ty, out),
            Value::Uuid(_) => Err(format!("an identifier was bound where {ty} is wanted").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Any field, as the kind it has.
struct Any<'a>(Cell<'a>);

impl<'a> FromSql<'a> for Any<'a> {
    fn from_sql(
        ty: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Any(match *ty {
            Type::INT8 => Cell::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Cell::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT2 => Cell::Int(i16::from_sql(ty, raw)?.into()),
            Type::BOOL => Cell::Int(bool::from_sql(ty, raw)?.into()),
            // The sum of BIGINTs is a NUMERIC.
            Type::NUMERIC => Cell::Int(whole(raw).ok_or("a number that is not a whole one")?),
            Type::BYTEA => Cell::Blob(raw),
            Type::UUID => Cell::Uuid(Uuid::from_sql(ty, raw)?),
            _ if <&str as FromSql<'_>>::accepts(ty) => Cell::Text(<&str>::from_sql(ty, raw)?),
            _ => return Err(format!("a field of type {ty}").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Any(Cell::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

pub(crate) fn cell(row: &postgres::Row, index: usize) -> Result<Cell<'_>, Error> {
    row.try_get::<_, Any<'_>>(index)
        .map(|any| any.0)
        .map_err(|_| Error::other(format!("field {index} of a row can not be read")))
}

/// A NUMERIC as sent: number of digits, weight of the first, sign, scale,
/// then digits to the base 10,000. `None` when it has a fraction or is too large.
fn whole(raw: &[u8]) -> Option<i64> {
    let mut words = raw
        .chunks_exact(2)
        .map(|w| i16::from_be_bytes([w[0], w[1]]));
    let count = words.next()?;
    let weight = words.next()?;
    let negative = match words.next()? {
        0 => false,
        0x4000 => true,
        _ => return None,
    };
    words.next()?;
    let mut total: i64 = 0;
    for place in 0..count.max(weight + 1) {
        let digit = if place < count { words.next()? } else { 0 };
        if place > weight {
            if digit != 0 {
                return None;
            }
            continue;
        }
        total = total.checked_mul(10_000)?;
        let digit = i64::from(digit);
        total = if negative {
            total.checked_sub(digit)?
        } else {
            total.checked_add(digit)?
        };
    }
    Some(total)
}

/// A failed statement's text is ours and carries no data, so it may be shown.
fn in_words(failure: Failure, sql: &str) -> Failure {
    match failure.error {
        Error::Other(text) => Error::Other(format!("{text} in: {sql}")).into(),
        _ => failure,
    }
}

/// The server forgot a prepared statement, or the schema changed under it.
fn stale(error: &postgres::Error) -> bool {
    let Some(db) = error.as_db_error() else {
        return false;
    };
    *db.code() == SqlState::INVALID_SQL_STATEMENT_NAME
        || (*db.code() == SqlState::FEATURE_NOT_SUPPORTED
            && db.routine() == Some("RevalidateCachedQuery"))
}

/// The connection is gone, or is about to be.
fn lost(error: &postgres::Error) -> bool {
    if let Some(db) = error.as_db_error() {
        let code = db.code().code();
        return code.starts_with("08") || code.starts_with("57P");
    }
    error.is_closed()
        || std::error::Error::source(error).is_some_and(|source| source.is::<io::Error>())
}

fn classify(error: &postgres::Error) -> Failure {
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
        // Mistakes in a statement or in the configuration: the words name things of ours.
        code if code.starts_with("42") || code.starts_with("3D") => {
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
    fn sums_are_whole_numbers() {
        // 0, 1, 10000, 1234567, -70000, and 1.5 as PostgreSQL sends them.
        let sent =
            |words: &[i16]| -> Vec<u8> { words.iter().flat_map(|w| w.to_be_bytes()).collect() };
        assert_eq!(whole(&sent(&[0, 0, 0, 0])), Some(0));
        assert_eq!(whole(&sent(&[1, 0, 0, 0, 1])), Some(1));
        assert_eq!(whole(&sent(&[1, 1, 0, 0, 1])), Some(10_000));
        assert_eq!(whole(&sent(&[2, 1, 0, 0, 123, 4567])), Some(1_234_567));
        assert_eq!(whole(&sent(&[1, 1, 0x4000, 0, 7])), Some(-70_000));
        assert_eq!(whole(&sent(&[2, 0, 0, 1, 1, 5000])), None);
    }

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

    #[test]
    fn an_address_that_insists_on_tls_is_refused() {
        let refused = config("postgres://u:secret@h/d?sslmode=require").err();
        assert!(matches!(&refused, Some(Error::Other(text)) if text.contains("sslmode")));
        let wrong = config("postgres://u:secret@h/d?sslmode=nonsense").err();
        assert!(matches!(&wrong, Some(Error::Other(text)) if !text.contains("secret")));
    }
}
