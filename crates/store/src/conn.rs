//! Statements and the transaction they run in.

use crate::value::{Fields, Row, Sql, Value};
use crate::{Error, pg, sqlite};

/// Which database this is. Only `store` asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded default.
    Sqlite,
    /// The one for several nodes.
    Postgres,
}

/// The inside of one transaction: a read's snapshot or a write.
///
/// A statement that fails dooms its write: what follows is refused and the
/// write is rolled back even if the closure returns `Ok`. PostgreSQL can do
/// nothing else, and SQLite is held to the same, so that code tested on one
/// is right on the other. Work that is expected to fail goes into
/// [`Conn::attempt`].
pub struct Conn<'c> {
    pub(crate) session: Session<'c>,
    pub(crate) state: State,
}

pub(crate) enum Session<'c> {
    Sqlite(&'c sqlite::Session),
    Postgres(&'c mut pg::Session),
}

/// What the writer wants to know after a closure has run.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The first statement that failed.
    pub(crate) doomed: Option<Error>,
    /// The whole transaction must be run again.
    pub(crate) again: bool,
}

/// A savepoint, by what the session had to say when it was set.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark {
    /// Journeys to the server so far.
    pub(crate) sent: u64,
    /// Statements that waited for the next one.
    pub(crate) waiting: usize,
    /// How often numbers were taken from counters.
    pub(crate) taken: usize,
}

/// A failed statement: what to tell the caller, and whether the transaction
/// as a whole is to be run again (serialisation failure, deadlock, lost connection).
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) again: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure {
            error,
            again: false,
        }
    }
}

impl Conn<'_> {
    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match self.session {
            Session::Sqlite(_) => Dialect::Sqlite,
            Session::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement that changes rows and says how many.
    pub fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, Error> {
        self.execute_text(sql, params)
    }

    /// Runs a statement that changes rows, when nobody needs to know now how many.
    ///
    /// PostgreSQL gets it together with the next statement that has an answer,
    /// or at the end of the write: what several of these do costs one journey
    /// to the server instead of one each. A failure is reported then, and
    /// dooms the write as any other. Good for inserting what has just been decided.
    pub fn later(&mut self, sql: &'static str, params: &[Value]) -> Result<(), Error> {
        self.later_text(sql, params)
    }

    /// Has a query of this text and these values answered together with the next
    /// statement of a read, if that saves a journey to the server. Only a hint.
    pub(crate) fn expect(&mut self, sql: &str, params: &[Value]) -> Result<(), Error> {
        self.ready()?;
        let done = match &mut self.session {
            Session::Sqlite(_) => Ok(()),
            Session::Postgres(session) => session.expect(sql, params),
        };
        self.note(done)
    }

    /// Settings of the transaction, made together with the next statement. PostgreSQL only.
    pub(crate) fn set_later(&mut self, sql: &'static str) {
        if let Session::Postgres(session) = &mut self.session {
            session.plain_later(sql);
        }
    }

    pub(crate) fn later_text(&mut self, sql: &str, params: &[Value]) -> Result<(), Error> {
        self.ready()?;
        let done = match &mut self.session {
            Session::Sqlite(session) => session.execute(sql, params).map(drop),
            Session::Postgres(session) => session.later(sql, params),
        };
        self.note(done)
    }

    /// Runs a composed statement that changes rows and says how many.
    pub fn run_execute(&mut self, sql: &Sql) -> Result<u64, Error> {
        self.execute_text(sql.text(), sql.params())
    }

    /// All rows, each through `f`.
    pub fn query<T>(
        &mut self,
        sql: &'static str,
        params: &[Value],
        f: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.query_text(sql, params, f)
    }

    /// The first row, if there is one.
    pub fn query_opt<T>(
        &mut self,
        sql: &'static str,
        params: &[Value],
        f: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        Ok(self.query_text(sql, params, f)?.into_iter().next())
    }

    /// The first row; [`Error::NotFound`] when there is none.
    pub fn query_one<T>(
        &mut self,
        sql: &'static str,
        params: &[Value],
        f: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.query_opt(sql, params, f)?.ok_or(Error::NotFound)
    }

    /// All rows of a composed statement, each through `f`.
    pub fn run<T>(
        &mut self,
        sql: &Sql,
        f: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.query_text(sql.text(), sql.params(), f)
    }

    /// Several statements at once, without placeholders. For migrations and tests only.
    pub fn execute_batch(&mut self, sql: &'static str) -> Result<(), Error> {
        self.batch_text(sql)
    }

    /// Prepares a statement without running it: is it known to this database?
    pub fn check(&mut self, sql: &str) -> Result<(), Error> {
        self.ready()?;
        let done = match &mut self.session {
            Session::Sqlite(session) => session.check(sql),
            Session::Postgres(session) => session.check(sql),
        };
        self.note(done)
    }

    /// Runs `f` in a savepoint of its own: when it fails, what it did is
    /// undone and the transaction goes on.
    pub fn attempt<T, E: From<Error>>(
        &mut self,
        f: impl FnOnce(&mut Conn<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.ready()?;
        // Nested savepoints bear the same name; both databases then mean the innermost.
        let marked = match &mut self.session {
            Session::Sqlite(session) => session.mark(),
            Session::Postgres(session) => session.mark(),
        };
        let mark = self.note(marked)?;
        let result = f(self);
        if self.state.again {
            // The transaction is gone; the writer runs it again as a whole.
            return result;
        }
        let result = match (result, self.state.doomed.take()) {
            (Ok(_), Some(error)) => Err(error.into()),
            (Ok(value), None) => {
                let kept = match &mut self.session {
                    Session::Sqlite(session) => session.keep(),
                    Session::Postgres(session) => session.keep(),
                };
                match kept {
                    Ok(()) => return Ok(value),
                    Err(failure) if failure.again => return Ok(self.note(Err(failure))?),
                    Err(failure) => Err(failure.error.into()),
                }
            }
            (Err(error), _) => Err(error),
        };
        let undone = match &mut self.session {
            Session::Sqlite(session) => session.undo(mark),
            Session::Postgres(session) => session.undo(mark),
        };
        self.note(undone)?;
        result
    }

    /// Takes `n` numbers of a counter and gives the first, where the session keeps
    /// the counters; `None`: they are in the table only.
    pub(crate) fn take_numbers(&mut self, name: &str, n: i64) -> Result<Option<i64>, Error> {
        self.ready()?;
        Ok(match &mut self.session {
            Session::Sqlite(_) => None,
            Session::Postgres(session) => session.take_numbers(name, n),
        })
    }

    /// A counter as the session keeps it; `None`: it is in the table only.
    pub(crate) fn counted(&self, name: &str) -> Option<i64> {
        match &self.session {
            Session::Sqlite(_) => None,
            Session::Postgres(session) => session.counted(name),
        }
    }

    pub(crate) fn execute_text(&mut self, sql: &str, params: &[Value]) -> Result<u64, Error> {
        self.ready()?;
        let done = match &mut self.session {
            Session::Sqlite(session) => session.execute(sql, params),
            Session::Postgres(session) => session.execute(sql, params),
        };
        self.note(done)
    }

    pub(crate) fn query_text<T>(
        &mut self,
        sql: &str,
        params: &[Value],
        mut f: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.ready()?;
        // A row that the closure can not read leaves the transaction as it
        // was on both databases, so it does not doom it.
        let mut unread = None;
        let done = match &mut self.session {
            Session::Sqlite(session) => session.query(sql, params, |row| {
                keep(&mut unread, f(&Row(Fields::Sqlite(row))))
            }),
            Session::Postgres(session) => session.query(sql, params, |row| {
                keep(&mut unread, f(&Row(Fields::Postgres(row))))
            }),
        };
        let rows = self.note(done)?;
        unread.map_or(Ok(rows), Err)
    }

    pub(crate) fn batch_text(&mut self, sql: &str) -> Result<(), Error> {
        self.ready()?;
        let done = match &mut self.session {
            Session::Sqlite(session) => session.batch(sql),
            Session::Postgres(session) => session.batch(sql),
        };
        self.note(done)
    }

    fn ready(&self) -> Result<(), Error> {
        match &self.state.doomed {
            None => Ok(()),
            Some(error) => Err(error.clone()),
        }
    }

    fn note<T>(&mut self, done: Result<T, Failure>) -> Result<T, Error> {
        done.map_err(|failure| {
            self.state.again |= failure.again;
            self.state.doomed.get_or_insert(failure.error.clone());
            failure.error
        })
    }
}

/// Keeps the first error and says whether to go on with the next row.
fn keep<T>(unread: &mut Option<Error>, row: Result<T, Error>) -> Option<T> {
    match row {
        Ok(value) => Some(value),
        Err(error) => {
            unread.get_or_insert(error);
            None
        }
    }
}
