//! The same work by nothing but SQL: what the database itself can do.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::after;
use crate::life::Life;
use crate::rows::{self, Cell};

/// A database as the statements' own drivers see it.
#[derive(Debug, Clone)]
pub(crate) enum Bare {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(String),
}

/// One connection with prepared statements.
pub(crate) enum Link {
    /// To a file.
    Sqlite(rusqlite::Connection),
    /// To a server.
    Postgres(Box<(postgres::Client, HashMap<String, postgres::Statement>)>),
}

impl Bare {
    /// From the address that the product takes.
    pub(crate) fn new(url: &str) -> Bare {
        match url.strip_prefix("sqlite:") {
            Some(path) => Bare::Sqlite(path.strip_prefix("//").unwrap_or(path).into()),
            None => Bare::Postgres(url.to_owned()),
        }
    }

    /// Whether it is SQLite.
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self, Bare::Sqlite(_))
    }

    /// A connection with the product's durability: WAL and a full
    /// synchronisation at each commit; on PostgreSQL the server's own.
    ///
    /// # Errors
    /// When it can not be opened.
    pub(crate) fn link(&self) -> anyhow::Result<Link> {
        Ok(match self {
            Bare::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path)?;
                connection.busy_timeout(Duration::from_secs(60))?;
                connection.pragma_update(None, "journal_mode", "WAL")?;
                connection.pragma_update(None, "synchronous", "FULL")?;
                connection.pragma_update(None, "foreign_keys", "ON")?;
                connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
                connection.set_prepared_statement_cache_capacity(100);
                Link::Sqlite(connection)
            }
            Bare::Postgres(url) => Link::Postgres(Box::new((
                postgres::Client::connect(url, postgres::NoTls)?,
                HashMap::new(),
            ))),
        })
    }
}

impl Link {
    /// Runs a statement and reads every field of every row; says how many rows.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) fn run(&mut self, sql: &str, values: &[Cell]) -> anyhow::Result<usize> {
        match self {
            Link::Sqlite(connection) => {
                // `$1` is a name to SQLite, `?1` a number.
                let mut statement = connection.prepare_cached(&sql.replace('$', "?"))?;
                let fields = statement.column_count();
                let mut rows = statement.query(rusqlite::params_from_iter(values))?;
                let mut count = 0;
                while let Some(row) = rows.next()? {
                    for i in 0..fields {
                        std::hint::black_box(row.get_ref(i)?);
                    }
                    count += 1;
                }
                Ok(count)
            }
            Link::Postgres(link) => {
                let (client, known) = link.as_mut();
                let statement = match known.get(sql) {
                    Some(statement) => statement.clone(),
                    None => {
                        let statement = client.prepare(sql)?;
                        known.insert(sql.to_owned(), statement.clone());
                        statement
                    }
                };
                let values: Vec<&(dyn postgres::types::ToSql + Sync)> =
                    values.iter().map(|v| v as _).collect();
                if statement.columns().is_empty() {
                    return Ok(client.execute(&statement, &values)? as usize);
                }
                let rows = client.query(&statement, &values)?;
                Ok(std::hint::black_box(rows).len())
            }
        }
    }

    /// Opens a transaction.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) fn begin(&mut self) -> anyhow::Result<()> {
        match self {
            Link::Sqlite(c) => c.execute_batch("BEGIN IMMEDIATE")?,
            Link::Postgres(link) => link.0.batch_execute("BEGIN")?,
        }
        Ok(())
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) fn commit(&mut self) -> anyhow::Result<()> {
        match self {
            Link::Sqlite(c) => c.execute_batch("COMMIT")?,
            Link::Postgres(link) => link.0.batch_execute("COMMIT")?,
        }
        Ok(())
    }
}

/// Which of a creation's rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Ticket, events, entry, with numbers that were given out beforehand.
    Ticket,
    /// These and the rows that give out numbers, which lets only one client in
    /// at a time on PostgreSQL, too.
    Counted,
    /// These and, in a second transaction, the rows that follow: index, notices, jobs.
    All,
}

/// A ticket's rows with their statements, made before the clock runs.
pub(crate) struct Creation {
    steps: Vec<(String, Vec<Cell>)>,
    after: Vec<(String, Vec<Cell>)>,
}

impl Creation {
    /// What opening this ticket by API stores. The ticket must be fresh, with
    /// numbers that were taken for it.
    ///
    /// # Errors
    /// When a row can not be made.
    pub(crate) fn new(life: &Life, rows: Rows, sqlite: bool) -> anyhow::Result<Creation> {
        const COUNT: &str = "UPDATE counter SET value = value WHERE name = $1";
        let counters = rows != Rows::Ticket;
        let mut steps = Vec::new();
        if counters {
            steps.push((COUNT.to_owned(), vec!["ticket".into()]));
        }
        steps.push((rows::TICKET.insert(), rows::ticket(life)?));
        for row in rows::parties(&life.ticket) {
            steps.push((rows::PARTY.insert(), row));
        }
        if counters {
            steps.push((COUNT.to_owned(), vec!["event".into()]));
        }
        for event in &life.events {
            steps.push((rows::EVENT.insert(), rows::event(event)?));
        }
        for entry in &life.entries {
            steps.push((rows::ENTRY.insert(), rows::entry(entry)));
        }
        let after = match rows {
            Rows::All => after::steps(life, sqlite),
            Rows::Ticket | Rows::Counted => Vec::new(),
        };
        Ok(Creation { steps, after })
    }

    fn store(&self, link: &mut Link) -> anyhow::Result<()> {
        link.begin()?;
        self.steps(link)?;
        link.commit()?;
        if self.after.is_empty() {
            return Ok(());
        }
        link.begin()?;
        for (sql, values) in &self.after {
            link.run(sql, values)?;
        }
        link.commit()
    }

    /// Its statements, within a transaction.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) fn steps(&self, link: &mut Link) -> anyhow::Result<()> {
        for (sql, values) in &self.steps {
            link.run(sql, values)?;
        }
        Ok(())
    }
}

/// How many of the creations were done, and in which time: each client its own
/// connection, each creation its own transaction.
///
/// # Errors
/// When the database refuses.
pub(crate) fn create(
    bare: &Bare,
    work: &[Creation],
    clients: usize,
    most: Duration,
) -> anyhow::Result<(usize, Duration)> {
    let mut links = (0..clients)
        .map(|_| bare.link())
        .collect::<anyhow::Result<Vec<_>>>()?;
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let threads: Vec<_> = links
            .iter_mut()
            .map(|link| {
                let (next, done) = (&next, &done);
                scope.spawn(move || -> anyhow::Result<()> {
                    while begun.elapsed() < most {
                        let Some(creation) = work.get(next.fetch_add(1, Ordering::Relaxed)) else {
                            break;
                        };
                        creation.store(link)?;
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        for thread in threads {
            thread
                .join()
                .map_err(|_| anyhow::anyhow!("a client panicked"))??;
        }
        anyhow::Ok(())
    })
    .context("creation by bare SQL")?;
    Ok((done.into_inner(), begun.elapsed()))
}

/// The rows of a mail that opened a ticket, beside the ticket's own.
pub(crate) const MAIL: rows::Table = rows::Table {
    name: "mail_in",
    columns: &[
        "id",
        "received_at",
        "channel",
        "unit",
        "digest",
        "message_id",
        "raw",
        "size",
        "sender",
        "subject",
        "state",
        "reason",
        "ticket",
        "entry",
        "flagged",
    ],
};

/// The job that would look at it again.
pub(crate) const JOB: rows::Table = rows::Table {
    name: "job",
    columns: &[
        "id",
        "kind",
        "payload",
        "run_at",
        "attempts",
        "state",
        "lease_until",
        "lease_holder",
        "last_error",
        "unique_key",
        "ended_at",
    ],
};

/// The statements of lists, tickets and searches.
pub(crate) mod sql {
    /// What a list shows of each ticket; `n` is where the numbers come from.
    const ROW: &str =
        "SELECT t.number, t.version, t.status, t.priority, t.unit, u.name, t.owner, o.name,
        t.requester, r.name, t.service, s.name, t.category, t.restricted, t.needs_reply,
        t.subject, t.status_since, t.created_at, t.updated_at";
    const JOINS: &str = "JOIN unit u ON u.id = t.unit JOIN person r ON r.id = t.requester
        LEFT JOIN person o ON o.id = t.owner LEFT JOIN service s ON s.id = t.service";

    /// The 50 newest tickets from several sources, as each page's permissions
    /// need them.
    fn newest_of(sources: &[&str]) -> String {
        let sources: Vec<_> = sources
            .iter()
            .map(|what| {
                format!(
                    "SELECT number FROM (SELECT t.number AS number FROM ticket t WHERE {what}
                     ORDER BY t.number DESC LIMIT 51) AS x"
                )
            })
            .collect();
        format!(
            "{ROW} FROM ({}) AS n JOIN ticket t ON t.number = n.number
             {JOINS} ORDER BY t.number DESC LIMIT 51",
            sources.join(" UNION ")
        )
    }

    /// The 50 newest open tickets that a member ($2) of a unit ($1) may see.
    pub(crate) fn agent_open() -> String {
        newest_of(&[
            "t.unit = $1 AND t.open = 1",
            "t.requester = $2 AND t.open = 1",
            "t.number IN (SELECT ticket FROM party WHERE person = $2) AND t.open = 1",
            "t.owner = $2 AND t.open = 1",
        ])
    }

    /// The 50 newest tickets that a member ($2) of first level ($1) may see:
    /// all that are not restricted, and their own.
    pub(crate) fn newest() -> String {
        newest_of(&[
            "t.restricted = 0",
            "t.unit = $1",
            "t.requester = $2",
            "t.number IN (SELECT ticket FROM party WHERE person = $2)",
            "t.owner = $2",
        ])
    }

    /// The 50 most urgent open tickets of a unit ($1).
    pub(crate) fn unit_urgent() -> String {
        format!(
            "{ROW} FROM ticket t {JOINS} WHERE t.unit = $1 AND t.open = 1
             ORDER BY t.priority DESC, t.number ASC LIMIT 51"
        )
    }

    /// Who a token ($1, its hash) stands for.
    pub(crate) const TOKEN: &str = "SELECT t.id, t.person, t.scopes, t.expires_at, p.name, p.email,
        p.support, p.monitor, p.admin, p.active FROM token t JOIN person p ON p.id = t.person
        WHERE t.secret_hash = $1 AND t.revoked_at IS NULL";
    /// Where they work ($1).
    pub(crate) const UNITS: &str = "SELECT m.unit, m.part, u.first_level FROM membership m
        JOIN unit u ON u.id = m.unit WHERE m.person = $1 AND u.active = 1 ORDER BY u.name";

    /// A ticket's state.
    pub(crate) const TICKET: &str = "SELECT doc FROM ticket WHERE number = $1";
    /// … and how its clocks stand, which is shown with it.
    pub(crate) const SHOWN: &str = "SELECT doc, clocks FROM ticket WHERE number = $1";
    /// The people on it.
    pub(crate) const PEOPLE: &str = "SELECT p.id, p.name, p.email FROM person p WHERE p.id IN (
        SELECT requester FROM ticket WHERE number = $1
        UNION ALL SELECT owner FROM ticket WHERE number = $1
        UNION ALL SELECT person FROM party WHERE ticket = $1)";
    /// Its entries.
    pub(crate) const ENTRIES: &str = "SELECT id, ticket, seq, at, author, author_name, author_side,
        channel, visibility, solution, body, quoted, html, mail FROM entry WHERE ticket = $1
        ORDER BY seq LIMIT 101";
    /// Their files.
    pub(crate) const FILES: &str = "SELECT id, ticket, entry, name, media_type, size, sha256,
        content_id, created_at FROM attachment WHERE ticket = $1 ORDER BY id";
    /// Its history.
    pub(crate) const EVENTS: &str = "SELECT id, ticket, seq, at, actor, actor_name, channel, cause,
        data FROM event WHERE ticket = $1 ORDER BY seq";

    /// The rows of the newest 51 tickets with all words ($1, in the database's
    /// own language).
    pub(crate) fn search(sqlite: bool) -> String {
        let found = if sqlite {
            "SELECT rowid AS number FROM ticket_search WHERE ticket_search MATCH $1
             ORDER BY rowid DESC LIMIT 51"
        } else {
            // By the index of words, as the planner would not: it walks through all numbers.
            "SELECT number FROM ticket_search
             WHERE lexemes @@ CAST(CAST($1 AS TEXT) AS TSQUERY) ORDER BY number + 0 DESC LIMIT 51"
        };
        format!(
            "{ROW} FROM ({found}) AS n JOIN ticket t ON t.number = n.number {JOINS}
             ORDER BY t.number DESC"
        )
    }

    /// The words as the database wants them: all of them in subject or text.
    pub(crate) fn words(sqlite: bool, words: &[&str]) -> String {
        if sqlite {
            let words: Vec<_> = words.iter().map(|w| format!("\"{w}\"")).collect();
            format!("{{subject public internal}} : ({})", words.join(" AND "))
        } else {
            let words: Vec<_> = words.iter().map(|w| format!("('{w}' | '~{w}')")).collect();
            words.join(" & ")
        }
    }
}
