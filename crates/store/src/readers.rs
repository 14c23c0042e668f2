//! Reads that wait, and the threads that serve them.
//!
//! The thread that became idle last gets the next read: its connection's pages
//! and statements are still warm, and the others' threads sleep on.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Error;
use crate::conn::Conn;

/// A read, with its types erased.
pub(crate) type Read = Box<dyn FnOnce(Result<&mut Conn<'_>, Error>) + Send>;

/// The queue between those who ask and those who read.
pub(crate) struct Readers {
    state: Mutex<State>,
    /// One for each thread, so that one certain thread can be woken.
    bells: Vec<Condvar>,
    /// Places in the queue.
    places: Semaphore,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Read>,
    /// Threads without work; the last became so last.
    idle: Vec<usize>,
    /// What an idle thread was woken for.
    given: Vec<Option<Read>>,
    closed: bool,
}

impl Readers {
    /// For so many threads, with so many places for reads that wait.
    pub(crate) fn new(threads: usize, places: usize) -> Readers {
        Readers {
            state: Mutex::new(State {
                given: (0..threads).map(|_| None).collect(),
                ..State::default()
            }),
            bells: (0..threads).map(|_| Condvar::new()).collect(),
            places: Semaphore::new(places),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a read over; waits for a place when the queue is full.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when nobody reads any more.
    pub(crate) async fn send(&self, read: Read) -> Result<(), Error> {
        let place = self.places.acquire().await;
        self.hand_over(read, place.map_err(|_| Error::Unavailable)?)
    }

    /// The same for those who are not in a runtime.
    pub(crate) fn send_blocking(&self, read: Read) -> Result<(), Error> {
        loop {
            match self.places.try_acquire() {
                Ok(place) => return self.hand_over(read, place),
                Err(tokio::sync::TryAcquireError::Closed) => return Err(Error::Unavailable),
                Err(tokio::sync::TryAcquireError::NoPermits) => {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
            }
        }
    }

    fn hand_over(&self, read: Read, place: SemaphorePermit<'_>) -> Result<(), Error> {
        let mut state = self.state();
        if state.closed {
            return Err(Error::Unavailable);
        }
        match state.idle.pop() {
            Some(thread) => {
                state.given[thread] = Some(read);
                drop(state);
                self.bells[thread].notify_one();
            }
            None => {
                state.waiting.push_back(read);
                // Given back by the thread that takes it.
                place.forget();
            }
        }
        Ok(())
    }

    /// The next read for a thread; `None`: nobody will ask any more.
    pub(crate) fn next(&self, thread: usize) -> Option<Read> {
        let mut state = self.state();
        if let Some(read) = state.waiting.pop_front() {
            drop(state);
            self.places.add_permits(1);
            return Some(read);
        }
        if state.closed {
            return None;
        }
        state.idle.push(thread);
        loop {
            state = self.bells[thread]
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(read) = state.given[thread].take() {
                return Some(read);
            }
            if state.closed {
                return None;
            }
        }
    }

    /// Lets all threads end when nothing waits any more.
    pub(crate) fn close(&self) {
        self.places.close();
        self.state().closed = true;
        for bell in &self.bells {
            bell.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_last_to_become_idle_is_the_first_to_work() {
        let readers = Arc::new(Readers::new(3, 10));
        let (tell, told) = mpsc::channel();
        let threads: Vec<_> = (0..3)
            .map(|thread| {
                let (readers, tell) = (readers.clone(), tell.clone());
                std::thread::spawn(move || {
                    while let Some(read) = readers.next(thread) {
                        read(Err(Error::Busy));
                        tell.send(thread).unwrap();
                    }
                })
            })
            .collect();
        while readers.state().idle.len() < 3 {
            std::thread::yield_now();
        }
        let last = *readers.state().idle.last().unwrap();
        for _ in 0..20 {
            readers.send_blocking(Box::new(|_| ())).unwrap();
            assert_eq!(told.recv().unwrap(), last);
            while readers.state().idle.len() < 3 {
                std::thread::yield_now();
            }
        }
        readers.close();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(
            readers.send_blocking(Box::new(|_| ())),
            Err(Error::Unavailable)
        );
    }

    #[test]
    fn who_finds_the_queue_full_waits_and_everything_is_served() {
        let readers = Arc::new(Readers::new(1, 2));
        let (tell, told) = mpsc::channel();
        let asked: Vec<_> = (0..20)
            .map(|n| {
                let (readers, tell) = (readers.clone(), tell.clone());
                std::thread::spawn(move || {
                    let read = Box::new(move |_: Result<&mut Conn<'_>, Error>| {
                        tell.send(n).unwrap();
                    });
                    readers.send_blocking(read).unwrap();
                })
            })
            .collect();
        let serving = readers.clone();
        let thread = std::thread::spawn(move || {
            while let Some(read) = serving.next(0) {
                read(Err(Error::Busy));
            }
        });
        for asked in asked {
            asked.join().unwrap();
        }
        readers.close();
        thread.join().unwrap();
        let mut served: Vec<i32> = told.try_iter().collect();
        served.sort_unstable();
        assert_eq!(served, (0..20).collect::<Vec<_>>());
        assert_eq!(readers.places.available_permits(), 2);
    }
}
