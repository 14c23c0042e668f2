//! Group commit: all writes that wait become one transaction.
//!
//! A write that fails takes nothing with it but itself. Where savepoints are
//! cheap, each write runs in one of its own. Where each is a journey to a
//! server, the writes of a group first share one fate: nothing is proved until
//! the commit, and when something fails or has to be undone, the whole group is
//! run again with savepoints. Nobody gets an answer before the transaction
//! is durable, and when it can not be committed everybody is told so.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use crate::Error;
use crate::conn::{Conn, Failure, Mark, State};
use crate::db::Counts;

/// No transaction takes more writes than this, so that the first of them
/// does not wait for ever.
const LARGEST: usize = 256;

/// Nor does it take another write after this time.
const LONGEST: Duration = Duration::from_millis(100);

/// How often a group is run again when other nodes are in its way.
const TRIES: u32 = 8;

/// The connection that writes.
pub(crate) trait Writer {
    fn conn(&mut self) -> Conn<'_>;
    /// Opens the transaction and takes the writer's lock; connects first if need be.
    fn begin(&mut self) -> Result<(), Failure>;
    /// Whether a group may first be run without savepoints.
    fn shares(&self) -> bool;
    /// Remembers, without a savepoint, where one write begins.
    fn set_apart(&mut self) -> Mark;
    /// Takes back a write that has changed nothing yet; `false`: it has, and
    /// there is no savepoint.
    fn withdraw(&mut self, mark: Mark) -> bool;
    /// Sets a savepoint before one write.
    fn mark(&mut self) -> Result<Mark, Failure>;
    /// Makes one write's changes part of the transaction; only now is it certain that they can be.
    fn keep(&mut self) -> Result<(), Failure>;
    /// Takes one write's changes back.
    fn undo(&mut self, mark: Mark) -> Result<(), Failure>;
    /// `Ok` when the transaction is durable; an error with `again` when it certainly is not.
    fn commit(&mut self) -> Result<(), Failure>;
    /// Whether the transaction still stands: some failures end it.
    fn is_open(&self) -> bool;
    /// Drops whatever the transaction did.
    fn abandon(&mut self);
}

/// A write that waits, with its types erased.
pub(crate) trait Write: Send {
    /// Nobody waits for it any more.
    fn is_forsaken(&self) -> bool;
    /// Runs the closure and keeps its answer back.
    fn run(&mut self, conn: &mut Conn<'_>) -> bool;
    /// Replaces the kept answer by a failure.
    fn spoil(&mut self, error: Error);
    /// Gives the answer that was kept.
    fn settle(self: Box<Self>);
}

pub(crate) struct Request<T, E, F> {
    pub(crate) work: F,
    pub(crate) answer: Option<Result<T, E>>,
    pub(crate) reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Write for Request<T, E, F>
where
    F: FnMut(&mut Conn<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn is_forsaken(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, conn: &mut Conn<'_>) -> bool {
        let answer = match catch_unwind(AssertUnwindSafe(|| (self.work)(conn))) {
            Ok(Ok(value)) => match &conn.state.doomed {
                None => Ok(value),
                Some(error) => Err(error.clone().into()),
            },
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::Panicked.into()),
        };
        self.answer.insert(answer).is_ok()
    }

    fn spoil(&mut self, error: Error) {
        self.answer = Some(Err(error.into()));
    }

    fn settle(self: Box<Self>) {
        if let Some(answer) = self.answer {
            // Whoever asked may have gone; the change stands nevertheless.
            let _ = self.reply.send(answer);
        }
    }
}

/// Runs groups until every handle is gone.
pub(crate) fn serve(
    writer: &mut impl Writer,
    queue: &mut mpsc::Receiver<Box<dyn Write>>,
    counts: &Counts,
) {
    while let Some(first) = queue.blocking_recv() {
        if !first.is_forsaken() {
            group(writer, first, queue, counts);
        }
    }
}

fn group(
    writer: &mut impl Writer,
    first: Box<dyn Write>,
    queue: &mut mpsc::Receiver<Box<dyn Write>>,
    counts: &Counts,
) {
    let mut waiting = VecDeque::from([first]);
    let mut tries = 0;
    let mut shared = writer.shares();
    while !waiting.is_empty() {
        match transaction(writer, &mut waiting, queue, tries == 0, shared) {
            Ok(done) => {
                counts.committed(done.len());
                return settle(done);
            }
            Err(Broken { why, done }) => {
                writer.abandon();
                for write in done.into_iter().rev() {
                    waiting.push_front(write);
                }
                let failure = match why {
                    Why::Failed(failure) => failure,
                    Why::Culprit => {
                        // One write was answered, so this comes to an end.
                        tries = tries.max(1);
                        continue;
                    }
                    Why::Shared => {
                        shared = false;
                        continue;
                    }
                };
                if !failure.again {
                    return spoil(waiting, &failure.error);
                }
                tries += 1;
                if tries == TRIES {
                    return spoil(waiting, &failure.error);
                }
                tracing::debug!(error = %failure.error, tries, "a group of writes is run again");
                std::thread::sleep(Duration::from_millis(1 << tries));
            }
        }
    }
}

/// A transaction that did not come to its end, with the writes it had run.
struct Broken {
    why: Why,
    done: VecDeque<Box<dyn Write>>,
}

enum Why {
    /// The database refused the whole.
    Failed(Failure),
    /// The culprit was answered, the others are to be run again without it.
    Culprit,
    /// One of them failed or has to be undone, and they share their fate: they are
    /// to be run again with savepoints.
    Shared,
}

impl From<Failure> for Why {
    fn from(failure: Failure) -> Self {
        Why::Failed(failure)
    }
}

fn transaction(
    writer: &mut impl Writer,
    waiting: &mut VecDeque<Box<dyn Write>>,
    queue: &mut mpsc::Receiver<Box<dyn Write>>,
    take_more: bool,
    shared: bool,
) -> Result<VecDeque<Box<dyn Write>>, Broken> {
    let mut done = VecDeque::new();
    if let Err(failure) = writer.begin() {
        let why = failure.into();
        return Err(Broken { why, done });
    }
    let begun = Instant::now();
    loop {
        let next = waiting.pop_front().or_else(|| {
            let more = take_more && done.len() < LARGEST && begun.elapsed() < LONGEST;
            more.then(|| queue.try_recv().ok()).flatten()
        });
        let Some(mut write) = next else { break };
        if write.is_forsaken() {
            continue;
        }
        let ran = if shared {
            together(writer, write.as_mut())
        } else {
            one(writer, write.as_mut())
        };
        match ran {
            Ok(()) => done.push_back(write),
            // The database ended the whole transaction because of this one
            // write: it has its answer, the others are run again without it.
            Err(Why::Culprit) => {
                write.settle();
                let why = Why::Culprit;
                return Err(Broken { why, done });
            }
            Err(why) => {
                done.push_back(write);
                return Err(Broken { why, done });
            }
        }
    }
    match writer.commit() {
        Ok(()) => Ok(done),
        // Whose statement it was is found out by running them apart.
        Err(failure) if shared && !failure.again && failure.error != Error::Unknown => {
            let why = Why::Shared;
            Err(Broken { why, done })
        }
        Err(failure) => {
            let why = failure.into();
            Err(Broken { why, done })
        }
    }
}

/// One write without a savepoint. `Ok` also when the closure refused before it
/// had changed anything: then the refusal is kept as its answer.
fn together(writer: &mut impl Writer, write: &mut dyn Write) -> Result<(), Why> {
    let mark = writer.set_apart();
    let mut conn = writer.conn();
    let kept = write.run(&mut conn);
    let State { doomed, again, .. } = conn.state;
    if again {
        let error = doomed.unwrap_or(Error::Busy);
        return Err(Failure { error, again }.into());
    }
    if doomed.is_none() && (kept || writer.withdraw(mark)) {
        Ok(())
    } else {
        Err(Why::Shared)
    }
}

/// One write in its savepoint. `Ok` also when the closure refused: then its
/// savepoint is rolled back and the refusal kept as its answer.
fn one(writer: &mut impl Writer, write: &mut dyn Write) -> Result<(), Why> {
    let mark = writer.mark()?;
    let mut conn = writer.conn();
    let kept = write.run(&mut conn);
    let State { doomed, again, .. } = conn.state;
    if again {
        let error = doomed.unwrap_or(Error::Busy);
        return Err(Failure { error, again }.into());
    }
    if !writer.is_open() {
        return Err(Why::Culprit);
    }
    if kept {
        match writer.keep() {
            Ok(()) => return Ok(()),
            Err(failure) if failure.again => return Err(failure.into()),
            Err(failure) => write.spoil(failure.error),
        }
        if !writer.is_open() {
            return Err(Why::Culprit);
        }
    }
    Ok(writer.undo(mark)?)
}

fn settle(done: VecDeque<Box<dyn Write>>) {
    for write in done {
        write.settle();
    }
}

fn spoil(writes: VecDeque<Box<dyn Write>>, error: &Error) {
    for mut write in writes {
        write.spoil(error.clone());
        write.settle();
    }
}
