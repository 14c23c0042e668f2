//! The handle everybody holds: reads beside each other, one writer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::conn::{Conn, Dialect};
use crate::group::{self, Request, Write};
use crate::readers::{Read, Readers};
use crate::{Error, migrate, pg, sqlite};

/// How many reads of [`Db::read_here`] go on at once; more take a reader's thread.
const HERE: usize = 2;

/// How long such a read may hold up the thread that asks. A page of a list out of a
/// million tickets takes half of that.
const BRIEF: Duration = Duration::from_millis(3);

/// How a database is opened. `Options::default()` suits a node of a few processors.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections that read, each with a thread of its own.
    pub readers: usize,
    /// Reads, and writes, that may wait. Who comes when the queue is full
    /// waits for a place in it: the pressure goes back to the source.
    pub queue: usize,
    /// How long to wait for another process's lock or for a lost server to
    /// come back before the answer is [`Error::Busy`] or [`Error::Unavailable`].
    pub patience: Duration,
    /// SQLite only: bytes the database may grow to; then [`Error::DiskFull`].
    pub size_limit: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            readers: 4,
            queue: 1_024,
            patience: Duration::from_secs(10),
            size_limit: None,
        }
    }
}

/// What the writer has done since the database was opened.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    commits: AtomicU64,
    writes: AtomicU64,
}

impl Counts {
    pub(crate) fn committed(&self, writes: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
    }
}

/// How many transactions were committed, and how many writes stood in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Transactions.
    pub commits: u64,
    /// Writes, refused ones included.
    pub writes: u64,
}

/// Where the database is.
#[derive(Clone)]
pub(crate) enum Target {
    Sqlite(PathBuf),
    Postgres(Box<tokio_postgres::Config>),
}

/// A database. Cloning gives another handle to the same one; it is closed when the last is gone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    target: Target,
    options: Options,
    counts: Arc<Counts>,
    reads: Arc<Readers>,
    /// SQLite only: connections for [`Db::read_here`], the last used on top.
    here: Mutex<Vec<sqlite::Session>>,
    writes: Option<mpsc::Sender<Box<dyn Write>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Db {
    /// Opens `sqlite:PATH`, which is created when it does not exist, or
    /// `postgres://user:password@host:port/database?sslmode=disable|prefer`.
    /// The schema is not touched: see [`Db::migrate`].
    ///
    /// Connections to PostgreSQL are plain: `sslmode=prefer`, the default, goes on
    /// without TLS, and `require` is refused.
    pub fn open(url: &str, options: Options) -> Result<Db, Error> {
        let target = if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.starts_with(':') {
                return Err(Error::other("sqlite: wants the path of a file"));
            }
            Target::Sqlite(PathBuf::from(path))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Target::Postgres(Box::new(pg::config(url)?))
        } else {
            // The address may hold a password, so it is not repeated.
            return Err(Error::other(
                "a database address starts with sqlite: or postgres://",
            ));
        };
        let reads = Arc::new(Readers::new(options.readers.max(1), options.queue.max(1)));
        let (writes, write_queue) = mpsc::channel(options.queue.max(1));
        let mut inner = Inner {
            target,
            options,
            counts: Arc::default(),
            reads,
            here: Mutex::default(),
            writes: Some(writes),
            threads: Vec::new(),
        };
        inner.start(write_queue)?;
        Ok(Db {
            inner: Arc::new(inner),
        })
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match self.inner.target {
            Target::Sqlite(_) => Dialect::Sqlite,
            Target::Postgres(_) => Dialect::Postgres,
        }
    }

    /// What the writer has done since the database was opened.
    pub fn written(&self) -> Written {
        Written {
            commits: self.inner.counts.commits.load(Ordering::Relaxed),
            writes: self.inner.counts.writes.load(Ordering::Relaxed),
        }
    }

    /// Runs `f` on a snapshot: all its statements see the same state of the
    /// database, which includes every write that was answered before.
    pub async fn read<T, E>(
        &self,
        f: impl FnOnce(&mut Conn<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (read, answer) = boxed_read(f);
        self.inner.reads.send(read).await?;
        answer.await.unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    /// [`Db::read`] of a few rows. On SQLite it runs on the thread that asks: to wake
    /// a reader's thread and to be woken by it costs more than the reading.
    ///
    /// A thread of the runtime must not be held up, so a read that takes longer than
    /// 3 ms is broken off and begun again on a reader's thread: `f` must have
    /// no effect but its result.
    pub async fn read_here<T, E>(
        &self,
        mut f: impl FnMut(&mut Conn<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match self.inner.try_here(&mut f) {
            Some(done) => done,
            None => self.read(f).await,
        }
    }

    /// Runs `f` in a transaction together with other writes that wait, and
    /// answers when it is durable. What `f` did is rolled back when it returns
    /// an error or panics.
    ///
    /// `f` may be run again, from the start and on a state that others have
    /// changed, when the transaction has to be: it must have no effect but
    /// through the connection. When the returned future is dropped, the write
    /// still happens unless it had not begun.
    pub async fn write<T, E>(
        &self,
        f: impl FnMut(&mut Conn<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (write, answer) = boxed_write(f);
        let queue = self.inner.writes.as_ref().ok_or(Error::Unavailable)?;
        queue.send(write).await.map_err(|_| Error::Unavailable)?;
        answer
            .await
            .unwrap_or_else(|_| Err(Error::Unavailable.into()))
    }

    /// [`Db::read`] for the command line and tests; panics inside of an asynchronous runtime.
    pub fn read_blocking<T, E>(
        &self,
        f: impl FnOnce(&mut Conn<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (read, answer) = boxed_read(f);
        self.inner.reads.send_blocking(read)?;
        answer
            .blocking_recv()
            .unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    /// [`Db::write`] for the command line and tests; panics inside of an asynchronous runtime.
    pub fn write_blocking<T, E>(
        &self,
        f: impl FnMut(&mut Conn<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (write, answer) = boxed_write(f);
        let queue = self.inner.writes.as_ref().ok_or(Error::Unavailable)?;
        queue.blocking_send(write).map_err(|_| Error::Unavailable)?;
        answer
            .blocking_recv()
            .unwrap_or_else(|_| Err(Error::Unavailable.into()))
    }

    /// Brings the schema up to date and names the migrations that were
    /// applied now. Safe to call from several nodes at once, and from anywhere.
    pub fn migrate(&self) -> Result<Vec<&'static str>, Error> {
        let target = self.inner.target.clone();
        let options = self.inner.options.clone();
        // On a thread of its own: the PostgreSQL driver must not be called from a runtime's.
        std::thread::spawn(move || migrate::run(&target, &options))
            .join()
            .unwrap_or(Err(Error::Panicked))
    }
}

impl Inner {
    fn start(&mut self, mut write_queue: mpsc::Receiver<Box<dyn Write>>) -> Result<(), Error> {
        let (opened, is_open) = std::sync::mpsc::channel();
        let (target, options) = (self.target.clone(), self.options.clone());
        let counts = self.counts.clone();
        self.spawn("store-write", move || match &target {
            Target::Sqlite(path) => match sqlite::Session::writer(path, &options) {
                Ok(mut session) => {
                    let _ = opened.send(Ok(()));
                    group::serve(&mut session, &mut write_queue, &counts);
                }
                Err(error) => drop(opened.send(Err(error))),
            },
            Target::Postgres(config) => {
                let mut session = pg::Session::new(*config.clone(), &options);
                let connected = session.connect().map(drop).map_err(|f| f.error);
                let failed = connected.is_err();
                let _ = opened.send(connected);
                if !failed {
                    group::serve(&mut session, &mut write_queue, &counts);
                }
            }
        })?;
        // Readers follow when the writer has made the file.
        is_open.recv().unwrap_or(Err(Error::Panicked))?;
        for place in 0..self.options.readers.max(1) {
            let queue = self.reads.clone();
            match self.target.clone() {
                Target::Sqlite(path) => {
                    let mut session = sqlite::Session::reader(&path, &self.options)?;
                    self.spawn("store-read", move || serve(&mut session, &queue, place))?;
                    if place < HERE {
                        let brief = sqlite::Session::brief_reader(&path, &self.options, BRIEF)?;
                        let here = self.here.get_mut();
                        here.unwrap_or_else(PoisonError::into_inner).push(brief);
                    }
                }
                Target::Postgres(config) => {
                    let mut session = pg::Session::new(*config, &self.options);
                    self.spawn("store-read", move || serve(&mut session, &queue, place))?;
                }
            }
        }
        Ok(())
    }

    /// A read on this thread; `None` when there is no connection for it, when it
    /// took too long, or when the database was busy.
    fn try_here<T, E>(
        &self,
        f: &mut impl FnMut(&mut Conn<'_>) -> Result<T, E>,
    ) -> Option<Result<T, E>>
    where
        E: From<Error>,
    {
        let here = || self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let session = here().pop()?;
        let done = session.begin_brief().then(|| {
            catch_unwind(AssertUnwindSafe(|| f(&mut session.conn())))
                .unwrap_or_else(|_| Err(Error::Panicked.into()))
        });
        let whole = session.was_brief();
        session.end_read();
        here().push(session);
        done.filter(|_| whole)
    }

    fn spawn(&mut self, name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(body)
            .map_err(|error| Error::other(format!("no thread for the database: {error}")))?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.reads.close();
        self.writes = None;
        for thread in self.threads.drain(..) {
            // The last handle may have been held by a closure that one of them ran.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

/// A connection that reads.
trait Reader {
    fn begin(&mut self) -> Result<(), Error>;
    fn conn(&mut self) -> Conn<'_>;
    fn end(&mut self);
}

impl Reader for sqlite::Session {
    fn begin(&mut self) -> Result<(), Error> {
        self.begin_read()
    }

    fn conn(&mut self) -> Conn<'_> {
        sqlite::Session::conn(self)
    }

    fn end(&mut self) {
        self.end_read();
    }
}

impl Reader for pg::Session {
    fn begin(&mut self) -> Result<(), Error> {
        self.connect().map_err(|failure| failure.error)?;
        self.begin_read();
        Ok(())
    }

    fn conn(&mut self) -> Conn<'_> {
        pg::Session::conn(self)
    }

    fn end(&mut self) {
        self.end_read();
    }
}

fn serve(reader: &mut impl Reader, queue: &Readers, place: usize) {
    while let Some(read) = queue.next(place) {
        match reader.begin() {
            Ok(()) => {
                read(Ok(&mut reader.conn()));
                reader.end();
            }
            Err(error) => read(Err(error)),
        }
    }
}

fn boxed_read<T, E>(
    f: impl FnOnce(&mut Conn<'_>) -> Result<T, E> + Send + 'static,
) -> (Read, oneshot::Receiver<Result<T, E>>)
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (reply, answer) = oneshot::channel::<Result<T, E>>();
    let read: Read = Box::new(move |conn| {
        if reply.is_closed() {
            return;
        }
        let result = match conn {
            Ok(conn) => catch_unwind(AssertUnwindSafe(|| f(conn)))
                .unwrap_or_else(|_| Err(Error::Panicked.into())),
            Err(error) => Err(error.into()),
        };
        // Whoever asked may have gone.
        let _ = reply.send(result);
    });
    (read, answer)
}

fn boxed_write<T, E, F>(f: F) -> (Box<dyn Write>, oneshot::Receiver<Result<T, E>>)
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: FnMut(&mut Conn<'_>) -> Result<T, E> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let request = Request {
        work: f,
        answer: None,
        reply,
    };
    (Box::new(request), answer)
}
