//! The embedded database: connections, statements and what their errors mean.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, ffi};

use crate::conn::{Conn, Failure, Mark, State};
use crate::db::Options;
use crate::group::Writer;
use crate::value::{Cell, Value};
use crate::{Error, conn};

/// Older versions have a bug that can damage a database in WAL mode when two
/// connections write and checkpoint at the same moment.
const OLDEST: i32 = 3_051_003;

/// How many bytes of pages a reader keeps; the writer keeps four times that.
/// The pages are in the operating system's cache anyway, so this is small:
/// the whole process has 60 MB at rest.
const READER_CACHE_KIB: i64 = 2 * 1024;

/// How many pages of log are gathered before they are moved into the
/// database: few checkpoints under load, and a log of at most about 16 MB to replay.
const CHECKPOINT_PAGES: i64 = 4_000;

/// One connection with its prepared statements.
pub(crate) struct Session {
    connection: Connection,
    /// `$1` is a name to SQLite, and rusqlite numbers names by first
    /// appearance; `?1` is a number. Statements are rewritten once and kept.
    rewritten: RefCell<HashMap<Box<str>, Arc<str>>>,
    /// Of a connection whose reads are brief.
    limit: Option<Arc<Limit>>,
}

/// How long the read that goes on may take.
struct Limit {
    /// What the ends below count from.
    since: Instant,
    most: Duration,
    /// When it is over, in nanoseconds; [`OVER`] when it was broken off.
    end: AtomicU64,
}

/// The end of a read that was broken off.
const OVER: u64 = 0;

/// After how many steps of SQLite's machine the clock is looked at: 5 µs when all is in
/// memory, and no more than so many pages from a slow disk.
const STEPS: i32 = 200;

impl Limit {
    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Whether the read has to end.
    fn is_reached(&self) -> bool {
        // One thread at a time has the connection; atomic only because SQLite keeps the handler.
        let reached = self.now() >= self.end.load(Ordering::Relaxed);
        if reached {
            self.end.store(OVER, Ordering::Relaxed);
        }
        reached
    }
}

impl Session {
    pub(crate) fn writer(path: &Path, options: &Options) -> Result<Session, Error> {
        if rusqlite::version_number() < OLDEST {
            return Err(Error::other(format!(
                "SQLite {} is too old: 3.51.3 or newer is needed",
                rusqlite::version()
            )));
        }
        let session = Session::open(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            options,
        )?;
        let mode: String = session
            .connection
            .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
            .map_err(plain)?;
        if mode != "wal" {
            return Err(Error::other(format!(
                "this file system does not allow SQLite's write-ahead log (journal mode {mode})"
            )));
        }
        session.set("synchronous", "FULL")?;
        session.set("wal_autocheckpoint", CHECKPOINT_PAGES)?;
        session.set("journal_size_limit", 64 * 1024 * 1024)?;
        session.set("cache_size", -4 * READER_CACHE_KIB)?;
        if let Some(bytes) = options.size_limit {
            let page: i64 = session
                .connection
                .query_row("PRAGMA page_size", [], |row| row.get(0))
                .map_err(plain)?;
            let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
            session.set("max_page_count", pages.max(1))?;
        }
        Ok(session)
    }

    pub(crate) fn reader(path: &Path, options: &Options) -> Result<Session, Error> {
        let session = Session::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, options)?;
        session.set("cache_size", -READER_CACHE_KIB)?;
        Ok(session)
    }

    /// A reader whose reads are broken off after `most`, and which never waits for a lock.
    pub(crate) fn brief_reader(
        path: &Path,
        options: &Options,
        most: Duration,
    ) -> Result<Session, Error> {
        let mut session = Session::reader(path, options)?;
        session
            .connection
            .busy_timeout(Duration::ZERO)
            .map_err(plain)?;
        let limit = Arc::new(Limit {
            since: Instant::now(),
            most,
            end: AtomicU64::new(u64::MAX),
        });
        let asked = limit.clone();
        session
            .connection
            .progress_handler(STEPS, Some(move || asked.is_reached()))
            .map_err(plain)?;
        session.limit = Some(limit);
        Ok(session)
    }

    /// Begins a read that ends by itself; whether it could. Its snapshot is taken
    /// now, since nothing waits for a lock any more once there is one.
    pub(crate) fn begin_brief(&self) -> bool {
        if let Some(limit) = &self.limit {
            let most = u64::try_from(limit.most.as_nanos()).unwrap_or(u64::MAX);
            let end = limit.now().saturating_add(most).max(OVER + 1);
            limit.end.store(end, Ordering::Relaxed);
        }
        self.begin_read().is_ok() && self.query("PRAGMA user_version", &[], |_| Some(())).is_ok()
    }

    /// Whether the read that ends now was not broken off.
    pub(crate) fn was_brief(&self) -> bool {
        let end = |limit: &Arc<Limit>| limit.end.swap(u64::MAX, Ordering::Relaxed);
        self.limit.as_ref().is_none_or(|limit| end(limit) != OVER)
    }

    fn open(path: &Path, flags: OpenFlags, options: &Options) -> Result<Session, Error> {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(plain)?;
        connection
            .busy_timeout(options.patience.min(Duration::from_secs(60)))
            .map_err(plain)?;
        connection.set_prepared_statement_cache_capacity(200);
        let session = Session {
            connection,
            rewritten: RefCell::default(),
            limit: None,
        };
        session.set("foreign_keys", "ON")?;
        // As on PostgreSQL: LIKE tells upper from lower case, and so can use an index.
        session.set("case_sensitive_like", "ON")?;
        session.set("temp_store", "MEMORY")?;
        // Mapped pages would count as resident memory for as long as we live.
        session.set("mmap_size", 0)?;
        Ok(session)
    }

    fn set(&self, name: &str, value: impl ToSql) -> Result<(), Error> {
        self.connection
            .pragma_update(None, name, value)
            .map_err(plain)
    }

    fn rewritten(&self, sql: &str) -> Arc<str> {
        if let Some(text) = self.rewritten.borrow().get(sql) {
            return text.clone();
        }
        let text: Arc<str> = numbered(sql).into();
        let mut known = self.rewritten.borrow_mut();
        // Composed statements come in many shapes; start afresh rather than grow for ever.
        if known.len() >= 1_000 {
            known.clear();
        }
        known.insert(sql.into(), text.clone());
        text
    }

    fn bound(&self, sql: &str, params: &[Value]) -> Result<rusqlite::CachedStatement<'_>, Failure> {
        let mut statement = self
            .connection
            .prepare_cached(&self.rewritten(sql))
            .map_err(failure)?;
        if statement.parameter_count() != params.len() {
            return Err(Error::other(format!(
                "{} values for {} placeholders in: {sql}",
                params.len(),
                statement.parameter_count()
            ))
            .into());
        }
        for (index, value) in params.iter().enumerate() {
            if let Value::Text(text) = value
                && text.contains('\0')
            {
                return Err(Error::BadText.into());
            }
            statement
                .raw_bind_parameter(index + 1, value)
                .map_err(failure)?;
        }
        Ok(statement)
    }

    pub(crate) fn execute(&self, sql: &str, params: &[Value]) -> Result<u64, Failure> {
        let rows = self.bound(sql, params)?.raw_execute().map_err(failure)?;
        Ok(rows as u64)
    }

    pub(crate) fn query<T>(
        &self,
        sql: &str,
        params: &[Value],
        mut f: impl FnMut(&rusqlite::Row<'_>) -> Option<T>,
    ) -> Result<Vec<T>, Failure> {
        let mut statement = self.bound(sql, params)?;
        let mut rows = statement.raw_query();
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(failure)? {
            match f(row) {
                Some(value) => all.push(value),
                None => break,
            }
        }
        Ok(all)
    }

    pub(crate) fn batch(&self, sql: &str) -> Result<(), Failure> {
        self.connection.execute_batch(sql).map_err(failure)
    }

    pub(crate) fn check(&self, sql: &str) -> Result<(), Failure> {
        self.connection
            .prepare(&numbered(sql))
            .map(drop)
            .map_err(failure)
    }

    /// Savepoints are told apart by their nesting, so the mark says nothing here.
    pub(crate) fn mark(&self) -> Result<Mark, Failure> {
        self.batch("SAVEPOINT write")?;
        Ok(Mark::default())
    }

    pub(crate) fn keep(&self) -> Result<(), Failure> {
        self.batch("RELEASE SAVEPOINT write")
    }

    pub(crate) fn undo(&self, _: Mark) -> Result<(), Failure> {
        self.batch("ROLLBACK TO SAVEPOINT write; RELEASE SAVEPOINT write")
    }

    fn open_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// A snapshot: all statements of one read see the same state.
    pub(crate) fn begin_read(&self) -> Result<(), Error> {
        self.execute("BEGIN DEFERRED", &[])
            .map(drop)
            .map_err(|f| f.error)
    }

    pub(crate) fn end_read(&self) {
        if self.open_transaction()
            && let Err(failure) = self.execute("COMMIT", &[])
        {
            tracing::warn!(error = %failure.error, "a read could not be closed");
        }
    }

    pub(crate) fn conn(&self) -> Conn<'_> {
        Conn {
            session: conn::Session::Sqlite(self),
            state: State::default(),
        }
    }
}

impl Writer for Session {
    fn conn(&mut self) -> Conn<'_> {
        Session::conn(self)
    }

    fn begin(&mut self) -> Result<(), Failure> {
        self.batch("BEGIN IMMEDIATE")
    }

    /// A savepoint costs next to nothing here.
    fn shares(&self) -> bool {
        false
    }

    fn set_apart(&mut self) -> Mark {
        Mark::default()
    }

    fn withdraw(&mut self, _: Mark) -> bool {
        false
    }

    fn mark(&mut self) -> Result<Mark, Failure> {
        Session::mark(self)
    }

    fn keep(&mut self) -> Result<(), Failure> {
        Session::keep(self)
    }

    fn undo(&mut self, mark: Mark) -> Result<(), Failure> {
        Session::undo(self, mark)
    }

    fn commit(&mut self) -> Result<(), Failure> {
        self.batch("COMMIT")
    }

    fn is_open(&self) -> bool {
        self.open_transaction()
    }

    fn abandon(&mut self) {
        if self.open_transaction()
            && let Err(failure) = self.batch("ROLLBACK")
        {
            tracing::error!(error = %failure.error, "a write could not be rolled back");
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Int(value) => ToSqlOutput::Borrowed(ValueRef::Integer(*value)),
            Value::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Value::Blob(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
            Value::Uuid(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value.as_bytes())),
        })
    }
}

pub(crate) fn cell<'r>(row: &'r rusqlite::Row<'_>, index: usize) -> Result<Cell<'r>, Error> {
    let value = row
        .get_ref(index)
        .map_err(|_| Error::other(format!("the row has no field {index}")))?;
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Text(bytes) => Cell::Text(
            std::str::from_utf8(bytes)
                .map_err(|_| Error::Corrupt(format!("field {index} of a row is not UTF-8")))?,
        ),
        ValueRef::Blob(bytes) => Cell::Blob(bytes),
        ValueRef::Real(_) => {
            return Err(Error::Corrupt(format!(
                "field {index} of a row holds a floating point number"
            )));
        }
    })
}

/// `$1` to `?1`, outside of quotes and comments.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut quote = None;
    let mut rest = sql.chars().peekable();
    while let Some(c) = rest.next() {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => {}
            None => match c {
                '\'' | '"' => quote = Some(c),
                '-' if rest.peek() == Some(&'-') => quote = Some('\n'),
                '$' if rest.peek().is_some_and(char::is_ascii_digit) => {
                    text.push('?');
                    continue;
                }
                _ => {}
            },
        }
        text.push(c);
    }
    text
}

fn plain(error: rusqlite::Error) -> Error {
    failure(error).error
}

fn failure(error: rusqlite::Error) -> Failure {
    classify(&error).into()
}

fn classify(error: &rusqlite::Error) -> Error {
    let (code, message) = match error {
        rusqlite::Error::SqliteFailure(code, message) => (code, message.as_deref()),
        rusqlite::Error::SqlInputError { error, msg, .. } => (error, Some(msg.as_str())),
        other => return Error::other(other.to_string()),
    };
    match code.code {
        ErrorCode::DiskFull => Error::DiskFull,
        ErrorCode::ReadOnly => Error::ReadOnly,
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Busy,
        ErrorCode::FileLockingProtocolFailed => Error::Busy,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            Error::Corrupt("the file is damaged or not a SQLite database".into())
        }
        // Many file systems report a full disk as a failed write.
        ErrorCode::SystemIoFailure if code.extended_code == ffi::SQLITE_IOERR_WRITE => {
            tracing::error!(code = code.extended_code, "SQLite could not write");
            Error::Unavailable
        }
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
            tracing::error!(code = code.extended_code, "SQLite could not use its files");
            Error::Unavailable
        }
        ErrorCode::ConstraintViolation => Error::Conflict {
            constraint: constraint(code.extended_code, message.unwrap_or_default()),
        },
        _ => Error::other(format!(
            "SQLite error {}: {}",
            code.extended_code,
            message.unwrap_or("no text")
        )),
    }
}

/// The same words for a broken rule as PostgreSQL's side gives.
fn constraint(code: i32, message: &str) -> String {
    let subject = message.split_once(": ").map_or(message, |(_, rest)| rest);
    match code {
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => "foreign key".to_owned(),
        ffi::SQLITE_CONSTRAINT_NOTNULL => format!("{subject} not null"),
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => match subject.strip_prefix("index '") {
            Some(name) => name.trim_end_matches('\'').to_owned(),
            None => {
                let mut table = "";
                let mut columns = Vec::new();
                for column in subject.split(", ") {
                    let (of, name) = column.split_once('.').unwrap_or(("", column));
                    table = of;
                    columns.push(name);
                }
                format!("{table}({})", columns.join(", "))
            }
        },
        _ => subject.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_numbers() {
        assert_eq!(
            numbered("SELECT '$1', \"$2\" FROM t WHERE a = $2 AND b = $1 -- $3\n AND c = $10"),
            "SELECT '$1', \"$2\" FROM t WHERE a = ?2 AND b = ?1 -- $3\n AND c = ?10"
        );
    }

    #[test]
    fn broken_rules_have_the_common_names() {
        assert_eq!(
            constraint(
                ffi::SQLITE_CONSTRAINT_UNIQUE,
                "UNIQUE constraint failed: saved_view.person, saved_view.name"
            ),
            "saved_view(person, name)"
        );
        assert_eq!(
            constraint(
                ffi::SQLITE_CONSTRAINT_UNIQUE,
                "UNIQUE constraint failed: index 'job_once'"
            ),
            "job_once"
        );
    }
}
