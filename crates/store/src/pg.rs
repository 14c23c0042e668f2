//! PostgreSQL: connections, statements and what their errors mean.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls, Statement};
use uuid::Uuid;

use crate::conn::{Conn, Failure, Mark, State};
use crate::db::Options;
use crate::group::Writer;
use crate::value::Value;
use crate::{Error, conn};

mod errors;
mod journey;
mod numbers;
mod values;

use errors::{classify, in_words, lost, stale};
use journey::{Answer, Last, Waiting, journey};
use numbers::Numbers;
pub(crate) use values::cell;
use values::references;

/// The settings every connection works with. A write that stands still must
/// not keep the writer's lock from the other nodes, and an answer given is a
/// promise that the change is on disk. Compiling a statement to machine code takes
/// longer than any of ours runs. A merge join counts on what is looked for lying together:
/// for a unit's members, who came over the years, it read all people.
const SETTINGS: &str = "
SET lock_timeout = '20s';
SET idle_in_transaction_session_timeout = '30s';
SET client_min_messages = 'warning';
SET enable_mergejoin = 'off';
SELECT set_config('synchronous_commit', 'on', false)
 WHERE current_setting('synchronous_commit') = 'off';
SELECT set_config('jit', 'off', false)
 WHERE current_setting('jit', true) = 'on';
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

/// One connection with its prepared statements; connects again when it was lost.
pub(crate) struct Session {
    config: Config,
    patience: Duration,
    link: Option<Link>,
    statements: HashMap<Box<str>, Statement>,
    waiting: Vec<Waiting>,
    /// How many of these belong to writes before the one that runs now.
    others: usize,
    /// The write that runs now has changed something at the server.
    changed: bool,
    /// Queries of a read whose rows will be wanted: those that wait, then those answered.
    expected: Vec<(Box<str>, Vec<Value>)>,
    answered: Vec<(Box<str>, Vec<Value>, Vec<tokio_postgres::Row>)>,
    /// Of a write transaction: the counters as they will be stored with it.
    numbers: Option<Numbers>,
    /// Journeys to the server on behalf of transactions.
    sent: u64,
    /// Of a read that had no answer yet: it can begin again on another connection.
    untouched: bool,
    /// Something of the read that goes on was sent, so that it has to be closed,
    /// whatever became of it.
    begun: bool,
    /// Names this writer in `write_group`.
    node: Uuid,
    group: i64,
}

/// How many statements may wait; then they are sent without one that has an answer.
const MOST_WAITING: usize = 500;

const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

impl Session {
    pub(crate) fn new(config: Config, options: &Options) -> Session {
        Session {
            config,
            patience: options.patience,
            link: None,
            statements: HashMap::new(),
            waiting: Vec::new(),
            others: 0,
            changed: false,
            expected: Vec::new(),
            answered: Vec::new(),
            numbers: None,
            sent: 0,
            untouched: false,
            begun: false,
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
        self.forget();
        if let Some(link) = self.link.take() {
            link.close();
        }
    }

    /// Forgets what was to be sent and what was answered ahead.
    fn forget(&mut self) {
        self.waiting.clear();
        self.others = 0;
        self.expected.clear();
        self.answered.clear();
    }

    /// Sends what waits and the last statement in one journey, and waits for all answers.
    fn send(&mut self, last: Last<'_>) -> Result<Answer, Failure> {
        let waiting = std::mem::take(&mut self.waiting);
        self.changed |= waiting.len() > self.others;
        self.others = 0;
        let Some(link) = &self.link else {
            return Err(Failure {
                error: Error::Unavailable,
                again: true,
            });
        };
        self.sent += 1;
        self.begun = true;
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
        let expected = std::mem::take(&mut self.expected);
        match done {
            Ok(mut answer) => {
                self.untouched = false;
                let rows = std::mem::take(&mut answer.expected);
                let answered = expected.into_iter().zip(rows);
                self.answered
                    .extend(answered.map(|((sql, values), rows)| (sql, values, rows)));
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
        self.changed = true;
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
        // On one snapshot it is as true as when it was asked.
        let known = self
            .answered
            .iter()
            .find(|(text, values, _)| values == params && **text == *sql);
        if let Some((_, _, rows)) = known {
            return Ok(rows.iter().map_while(&mut f).collect());
        }
        self.changed |= !sql.starts_with("SELECT");
        let rows = self.run(|session| {
            let statement = session.statement(sql, params)?;
            Ok(session.send(Last::Query(&statement, params))?.rows)
        })?;
        Ok(rows.iter().map_while(&mut f).collect())
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        self.changed = true;
        self.run(|session| session.send(Last::Plain(sql)).map(drop))
    }

    /// Sent with the next statement of a read. In a write it might miss what happens
    /// until it is asked for.
    pub(crate) fn expect(&mut self, sql: &str, params: &[Value]) -> Result<(), Failure> {
        if self.numbers.is_some() {
            return Ok(());
        }
        self.run(|session| {
            let statement = session.statement(sql, params)?;
            session.expected.push((sql.into(), params.to_vec()));
            session
                .waiting
                .push(Waiting::Expected(statement, params.to_vec()));
            Ok(())
        })
    }

    pub(crate) fn plain_later(&mut self, sql: &'static str) {
        self.waiting.push(Waiting::Plain(sql));
    }

    pub(crate) fn check(&mut self, sql: &str) -> Result<(), Failure> {
        self.prepare(sql).map(drop)
    }

    /// A snapshot: all statements of one read see the same state. It begins
    /// together with the first of them.
    pub(crate) fn begin_read(&mut self) {
        self.waiting.push(Waiting::Plain(BEGIN_READ));
        self.untouched = true;
        self.begun = false;
    }

    /// Closes the snapshot without waiting for the answer: whoever read has
    /// theirs, and a connection that is lost shows at the next statement.
    pub(crate) fn end_read(&mut self) {
        self.forget();
        self.untouched = false;
        // A read that asked for nothing never began.
        if !std::mem::take(&mut self.begun) {
            return;
        }
        let Some(link) = &self.link else { return };
        link.runtime.block_on(async {
            let mut commit = pin!(link.client.batch_execute("COMMIT"));
            // The first poll hands it to the carrier, who sends it in its turn.
            let _ = poll_fn(|context| Poll::Ready(commit.as_mut().poll(context))).await;
            tokio::task::yield_now().await;
        });
    }

    fn here(&self) -> Mark {
        Mark {
            sent: self.sent,
            waiting: self.waiting.len(),
            taken: self.numbers.as_ref().map_or(0, Numbers::taken),
        }
    }

    pub(crate) fn mark(&mut self) -> Result<Mark, Failure> {
        let mark = self.here();
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
        if let Some(numbers) = &mut self.numbers {
            numbers.give_back(mark.taken);
        }
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

    /// Opens a transaction that holds the writer's lock, and reads the counters:
    /// nobody else can change them until it ends.
    fn lock(&mut self) -> Result<(), Failure> {
        self.forget();
        self.untouched = false;
        self.numbers = None;
        let lock = self.statement(
            "UPDATE counter SET value = value WHERE name = 'writer'",
            &[],
        )?;
        let counters = self.statement("SELECT name, value FROM counter", &[])?;
        self.waiting.push(Waiting::Plain(BEGIN_WRITE));
        self.waiting.push(Waiting::Bound(lock, Vec::new()));
        let rows = self.send(Last::Query(&counters, &[]))?.rows;
        let numbers = Numbers::read(&rows)?;
        if numbers.value("writer").is_none() {
            return Err(
                Error::other("the writer's row is missing: migrate the database first").into(),
            );
        }
        self.numbers = Some(numbers);
        Ok(())
    }

    /// Takes `n` numbers of a counter and gives the first; stored at the end of the
    /// transaction. `None`: there is no such counter, or this is no write.
    pub(crate) fn take_numbers(&mut self, name: &str, n: i64) -> Option<i64> {
        self.numbers.as_mut()?.take(name, n)
    }

    /// A counter as this write has it; `None` as above.
    pub(crate) fn counted(&self, name: &str) -> Option<i64> {
        self.numbers.as_ref()?.value(name)
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

impl Writer for Session {
    fn conn(&mut self) -> Conn<'_> {
        Session::conn(self)
    }

    fn begin(&mut self) -> Result<(), Failure> {
        self.connect()?;
        self.lock()
    }

    fn shares(&self) -> bool {
        true
    }

    fn set_apart(&mut self) -> Mark {
        self.others = self.waiting.len();
        self.changed = false;
        self.here()
    }

    fn withdraw(&mut self, mark: Mark) -> bool {
        if self.changed {
            return false;
        }
        self.waiting.truncate(self.others);
        if let Some(numbers) = &mut self.numbers {
            numbers.give_back(mark.taken);
        }
        true
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

    /// What still waits, the counters, a mark and the commit make one journey.
    fn commit(&mut self) -> Result<(), Failure> {
        let changed = self.numbers.as_ref().map(Numbers::changed);
        for (name, value) in changed.into_iter().flatten() {
            self.later(
                "UPDATE counter SET value = $2 WHERE name = $1",
                &[Value::Text(name), Value::Int(value)],
            )?;
        }
        self.numbers = None;
        self.group += 1;
        // Both are numbers of our own making. The mark can not be set in a
        // transaction that was already aborted, where COMMIT would say nothing.
        let sql = format!(
            /* fragment */
            "INSERT INTO write_group (node, id) VALUES ('{}', {}) \
             ON CONFLICT (node) DO UPDATE SET id = excluded.id, at = now(); COMMIT",
            self.node, self.group
        );
        let waiting = std::mem::take(&mut self.waiting);
        let Some(link) = &self.link else {
            return Err(Error::Unavailable.into());
        };
        let last = Last::Plain(&sql);
        let Err(error) = link
            .runtime
            .block_on(journey(&link.client, &waiting, &last))
        else {
            if self.group == 1 {
                self.prune_marks();
            }
            return Ok(());
        };
        if stale(&error) {
            self.statements.clear();
        }
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
        self.numbers = None;
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
