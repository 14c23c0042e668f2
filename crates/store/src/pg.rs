//! PostgreSQL: connections, statements and what their errors mean.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, Statement};
use uuid::Uuid;

use crate::conn::{Conn, Failure, Mark, State};
use crate::db::Options;
use crate::group::Writer;
use crate::value::Value;
use crate::{Error, conn};

mod errors;
mod values;

use errors::{classify, in_words, lost, stale};
pub(crate) use values::cell;
use values::references;

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

/// A connection and the small runtime that moves its bytes, on the thread that owns it.
struct Link {
    client: Client,
    carrier: JoinHandle<()>,
    runtime: Runtime,
}

impl Link {
    fn open(config: &Config) -> Result<Link, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::other(format!("no runtime for PostgreSQL: {error}")))?;
        let opened = runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await?;
            let carrier = tokio::spawn(async move {
                // Whoever waits for an answer is told; nobody else needs to know.
                let _ = connection.await;
            });
            client.batch_execute(SETTINGS).await?;
            Ok((client, carrier))
        });
        let (client, carrier) = opened.map_err(|error| classify(&error))?;
        Ok(Link {
            client,
            carrier,
            runtime,
        })
    }

    /// Says good-bye, so that the server does not log a broken connection.
    fn close(self) {
        let Link {
            client,
            carrier,
            runtime,
        } = self;
        drop(client);
        let _ = runtime
            .block_on(async { tokio::time::timeout(Duration::from_millis(200), carrier).await });
    }
}

/// Something that waits to be sent with the next statement that has an answer.
enum Waiting {
    /// Transaction control.
    Plain(&'static str),
    /// A change nobody needs the count of.
    Bound(Statement, Vec<Value>),
}

/// The statement whose answer is wanted.
enum Last<'a> {
    Nothing,
    Execute(&'a Statement, &'a [Value]),
    Query(&'a Statement, &'a [Value]),
    Plain(&'a str),
}

#[derive(Default)]
struct Answer {
    changed: u64,
    rows: Vec<tokio_postgres::Row>,
}

/// One connection with its prepared statements; connects again when it was lost.
pub(crate) struct Session {
    config: Config,
    patience: Duration,
    link: Option<Link>,
    statements: HashMap<Box<str>, Statement>,
    waiting: Vec<Waiting>,
    /// Journeys to the server on behalf of transactions.
    sent: u64,
    /// Of a read that had no answer yet: it can begin again on another connection.
    untouched: bool,
    /// Names this writer in `write_group`.
    node: Uuid,
    group: i64,
}

/// How many statements may wait; then they are sent without one that has an answer.
const MOST_WAITING: usize = 500;

const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

impl Session {
    pub(crate) fn new(config: Config, options: &Options) -> Session {
        Session {
            config,
            patience: options.patience,
            link: None,
            statements: HashMap::new(),
            waiting: Vec::new(),
            sent: 0,
            untouched: false,
            node: Uuid::now_v7(),
            group: 0,
        }
    }

    /// Connects, with growing pauses, until patience is at its end.
    pub(crate) fn connect(&mut self) -> Result<(), Failure> {
        if self
            .link
            .as_ref()
            .is_some_and(|link| !link.client.is_closed())
        {
            return Ok(());
        }
        self.disconnect();
        let begun = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            match Link::open(&self.config) {
                Ok(link) => {
                    self.link = Some(link);
                    return Ok(());
                }
                Err(Failure { error, .. }) => {
                    let wait = error == Error::Unavailable || error == Error::Busy;
                    if !wait || begun.elapsed() + pause > self.patience {
                        return Err(error.into());
                    }
                    tracing::warn!(%error, "no connection to PostgreSQL; trying again");
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
            }
        }
    }

    fn disconnect(&mut self) {
        self.statements.clear();
        self.waiting.clear();
        if let Some(link) = self.link.take() {
            link.close();
        }
    }

    /// Sends what waits and the last statement in one journey, and waits for all answers.
    fn send(&mut self, last: Last<'_>) -> Result<Answer, Failure> {
        let waiting = std::mem::take(&mut self.waiting);
        let Some(link) = &self.link else {
            return Err(Failure {
                error: Error::Unavailable,
                again: true,
            });
        };
        self.sent += 1;
        let client = &link.client;
        let done = match (&waiting[..], &last) {
            ([], Last::Execute(statement, values)) => link
                .runtime
                .block_on(client.execute(*statement, &references(values)))
                .map(|changed| Answer {
                    changed,
                    ..Answer::default()
                }),
            ([], Last::Query(statement, values)) => link
                .runtime
                .block_on(client.query(*statement, &references(values)))
                .map(|rows| Answer {
                    rows,
                    ..Answer::default()
                }),
            ([], Last::Plain(sql)) => link
                .runtime
                .block_on(client.batch_execute(sql))
                .map(|()| Answer::default()),
            _ => link.runtime.block_on(journey(client, &waiting, &last)),
        };
        match done {
            Ok(answer) => {
                self.untouched = false;
                Ok(answer)
            }
            Err(error) => {
                if stale(&error) {
                    self.statements.clear();
                }
                Err(classify(&error))
            }
        }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.send(Last::Nothing).map(drop)
    }

    /// Runs a part of a read or write. A read that had no answer yet and finds its
    /// connection lost begins again on a new one: nobody has seen anything.
    fn run<T>(
        &mut self,
        mut part: impl FnMut(&mut Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match part(self) {
            Err(failure) if failure.again && self.untouched => {
                self.disconnect();
                self.connect()?;
                self.begin_read();
                part(self)
            }
            done => done,
        }
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
                let statement = self.prepare(sql)?;
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

    fn prepare(&mut self, sql: &str) -> Result<Statement, Failure> {
        // What waits may be what the statement needs to be understood.
        self.flush()?;
        let Some(link) = &self.link else {
            return Err(Failure {
                error: Error::Unavailable,
                again: true,
            });
        };
        link.runtime
            .block_on(link.client.prepare(sql))
            .map_err(|error| in_words(classify(&error), sql))
    }

    pub(crate) fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Failure> {
        self.run(|session| {
            let statement = session.statement(sql, params)?;
            let answer = session.send(Last::Execute(&statement, params))?;
            Ok(answer.changed)
        })
    }

    pub(crate) fn later(&mut self, sql: &str, params: &[Value]) -> Result<(), Failure> {
        self.run(|session| {
            let statement = session.statement(sql, params)?;
            session
                .waiting
                .push(Waiting::Bound(statement, params.to_vec()));
            if session.waiting.len() >= MOST_WAITING {
                session.flush()?;
            }
            Ok(())
        })
    }

    pub(crate) fn query<T>(
        &mut self,
        sql: &str,
        params: &[Value],
        mut f: impl FnMut(&tokio_postgres::Row) -> Option<T>,
    ) -> Result<Vec<T>, Failure> {
        let rows = self.run(|session| {
            let statement = session.statement(sql, params)?;
            Ok(session.send(Last::Query(&statement, params))?.rows)
        })?;
        Ok(rows.iter().map_while(&mut f).collect())
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        self.run(|session| session.send(Last::Plain(sql)).map(drop))
    }

    pub(crate) fn check(&mut self, sql: &str) -> Result<(), Failure> {
        self.prepare(sql).map(drop)
    }

    /// A snapshot: all statements of one read see the same state. It begins
    /// together with the first of them.
    pub(crate) fn begin_read(&mut self) {
        self.waiting.push(Waiting::Plain(BEGIN_READ));
        self.untouched = true;
    }

    pub(crate) fn end_read(&mut self) {
        // A read that asked for nothing never began.
        self.waiting.clear();
        if self.untouched {
            self.untouched = false;
            return;
        }
        if let Err(failure) = self.send(Last::Plain("COMMIT")) {
            tracing::warn!(error = %failure.error, "a read could not be closed");
            self.disconnect();
        }
    }

    pub(crate) fn mark(&mut self) -> Result<Mark, Failure> {
        let mark = Mark {
            sent: self.sent,
            waiting: self.waiting.len(),
        };
        self.waiting.push(Waiting::Plain("SAVEPOINT write"));
        Ok(mark)
    }

    pub(crate) fn keep(&mut self) -> Result<(), Failure> {
        self.waiting.push(Waiting::Plain("RELEASE SAVEPOINT write"));
        let unproved = self
            .waiting
            .iter()
            .any(|waiting| matches!(waiting, Waiting::Bound(..)));
        if unproved { self.flush() } else { Ok(()) }
    }

    pub(crate) fn undo(&mut self, mark: Mark) -> Result<(), Failure> {
        if self.sent == mark.sent {
            // The server has heard nothing of it.
            self.waiting.truncate(mark.waiting);
            return Ok(());
        }
        self.waiting.clear();
        self.waiting.push(Waiting::Plain(
            "ROLLBACK TO SAVEPOINT write; RELEASE SAVEPOINT write",
        ));
        Ok(())
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
        self.waiting.clear();
        self.untouched = false;
        let Some(link) = &self.link else {
            return Err(Error::Unavailable.into());
        };
        let messages = link
            .runtime
            .block_on(link.client.simple_query(LOCK))
            .map_err(|error| classify(&error))?;
        let locked = messages
            .iter()
            .any(|message| matches!(message, SimpleQueryMessage::CommandComplete(1)));
        if locked {
            Ok(())
        } else {
            Err(Error::other("the writer's row is missing: migrate the database first").into())
        }
    }

    /// Forgets the marks of writers that are long gone. Once in a writer's life is enough.
    fn prune_marks(&mut self) {
        let pruned = self.batch(
            /* postgres */
            "DELETE FROM write_group WHERE at < now() - INTERVAL '1 day'",
        );
        if let Err(failure) = pruned {
            tracing::warn!(error = %failure.error, "old marks of writers could not be pruned");
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

impl Drop for Session {
    fn drop(&mut self) {
        self.disconnect();
    }
}

/// Sends everything, one behind the other, before the first answer is waited
/// for. The first failure is the one that counts: those after it only say
/// that the transaction has failed.
async fn journey(
    client: &Client,
    waiting: &[Waiting],
    last: &Last<'_>,
) -> Result<Answer, tokio_postgres::Error> {
    type Step<'a> = Pin<Box<dyn Future<Output = Result<Answer, tokio_postgres::Error>> + 'a>>;

    async fn plain(client: &Client, sql: &str) -> Result<Answer, tokio_postgres::Error> {
        client.batch_execute(sql).await.map(|()| Answer::default())
    }
    async fn execute(
        client: &Client,
        statement: &Statement,
        values: &[Value],
    ) -> Result<Answer, tokio_postgres::Error> {
        let changed = client.execute(statement, &references(values)).await?;
        Ok(Answer {
            changed,
            ..Answer::default()
        })
    }
    async fn query(
        client: &Client,
        statement: &Statement,
        values: &[Value],
    ) -> Result<Answer, tokio_postgres::Error> {
        let rows = client.query(statement, &references(values)).await?;
        Ok(Answer {
            rows,
            ..Answer::default()
        })
    }

    let mut steps: Vec<Option<Step<'_>>> = Vec::with_capacity(waiting.len() + 1);
    for step in waiting {
        steps.push(Some(match step {
            Waiting::Plain(sql) => Box::pin(plain(client, sql)),
            Waiting::Bound(statement, values) => Box::pin(execute(client, statement, values)),
        }));
    }
    match last {
        Last::Nothing => {}
        Last::Plain(sql) => steps.push(Some(Box::pin(plain(client, sql)))),
        Last::Execute(statement, values) => {
            steps.push(Some(Box::pin(execute(client, statement, values))));
        }
        Last::Query(statement, values) => {
            steps.push(Some(Box::pin(query(client, statement, values))));
        }
    }
    let mut failures: Vec<Option<tokio_postgres::Error>> = steps.iter().map(|_| None).collect();
    let mut answer = Answer::default();
    let end = steps.len().saturating_sub(1);
    // A request is sent when it is polled for the first time, so they go out in order.
    poll_fn(|context| {
        let mut open = false;
        for (place, step) in steps.iter_mut().enumerate() {
            let Some(running) = step else { continue };
            match running.as_mut().poll(context) {
                Poll::Pending => {
                    open = true;
                    continue;
                }
                Poll::Ready(Ok(done)) if place == end => answer = done,
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => failures[place] = Some(error),
            }
            *step = None;
        }
        if open { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    match failures.into_iter().flatten().next() {
        Some(error) => Err(error),
        None => Ok(answer),
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
        self.flush()?;
        self.group += 1;
        // Both are numbers of our own making. The mark can not be set in a
        // transaction that was already aborted, where COMMIT would say nothing.
        let sql = format!(
            /* fragment */
            "INSERT INTO write_group (node, id) VALUES ('{}', {}) \
             ON CONFLICT (node) DO UPDATE SET id = excluded.id, at = now(); COMMIT",
            self.node, self.group
        );
        let Some(link) = &self.link else {
            return Err(Error::Unavailable.into());
        };
        let Err(error) = link.runtime.block_on(link.client.batch_execute(&sql)) else {
            if self.group == 1 {
                self.prune_marks();
            }
            return Ok(());
        };
        if !lost(&error) && !link.client.is_closed() {
            return Err(classify(&error));
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
        self.waiting.clear();
        if self.link.is_some() && self.send(Last::Plain("ROLLBACK")).is_err() {
            self.disconnect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_insists_on_tls_is_refused() {
        let refused = config("postgres://u:secret@h/d?sslmode=require").err();
        assert!(matches!(&refused, Some(Error::Other(text)) if text.contains("sslmode")));
        let wrong = config("postgres://u:secret@h/d?sslmode=nonsense").err();
        assert!(matches!(&wrong, Some(Error::Other(text)) if !text.contains("secret")));
    }
}
