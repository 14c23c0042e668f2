//! One end of the road between two Switchboards: the log that a peer reads.
//!
//! Every change that goes to a peer gets a place in the log for that peer, from
//! 1 and without gaps. It is sent until the peer says that it has recorded up to
//! there, in order. Nothing is taken out: a peer that was restored from a backup
//! asks for old places again.

use serde::{Deserialize, Serialize};

use super::origin::DeskId;
use crate::id::Millis;

/// The first wait for an answer.
const FIRST_WAIT_MS: Millis = 2_000;
/// The longest. Short, so that all is there within a minute after a partner is
/// back.
const LONGEST_WAIT_MS: Millis = 30_000;
/// Changes in one message.
const MOST_AT_ONCE: u64 = 100;

/// How far a peer is with its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Whose log.
    pub peer: DeskId,
    /// The last place in it; 0: it is empty.
    pub end: u64,
    /// The peer has recorded everything up to here.
    pub acked: u64,
    /// When something was last sent that has no answer yet.
    pub waiting_since: Option<Millis>,
    /// How often in a row there was no answer.
    pub tries: u32,
    /// The peer has more than we ever sent: this desk was restored from a
    /// backup and would use places again. Nothing is sent until a person has
    /// looked.
    pub went_back: bool,
}

/// What a sender is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderInput {
    /// So many changes were put at the end of the log, in this transaction.
    Appended(u64),
    /// Time has passed.
    Tick,
    /// The peer has recorded up to here.
    Acked(u64),
    /// The peer wants what comes after this place.
    Pulled(u64),
}

/// Send these places, both included, when the transaction has committed. An
/// empty answer to somebody who asked has `upto` before `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sending {
    /// The first place.
    pub from: u64,
    /// The last place.
    pub upto: u64,
}

impl Sender {
    /// An empty log.
    pub fn new(peer: DeskId) -> Sender {
        Sender {
            peer,
            end: 0,
            acked: 0,
            waiting_since: None,
            tries: 0,
            went_back: false,
        }
    }

    /// How many changes the peer does not have yet, as far as is known.
    pub fn backlog(&self) -> u64 {
        self.end - self.acked
    }

    /// The next state, and what is to be sent.
    pub fn step(&mut self, input: SenderInput, now: Millis) -> Option<Sending> {
        match input {
            SenderInput::Appended(count) => {
                self.end += count;
                if self.waiting_since.is_some() {
                    return None;
                }
                self.send(now)
            }
            SenderInput::Tick => {
                let since = self.waiting_since.filter(|_| self.backlog() > 0)?;
                let wait = (FIRST_WAIT_MS << self.tries.min(8)).min(LONGEST_WAIT_MS);
                // A clock that was set back must not hold anything up.
                if now >= since && now - since < wait {
                    return None;
                }
                self.tries = self.tries.saturating_add(1);
                self.send(now)
            }
            SenderInput::Acked(upto) => {
                if upto > self.end {
                    self.went_back = true;
                    return None;
                }
                // Answers overtake each other: a lower one says nothing new.
                if upto <= self.acked {
                    return None;
                }
                self.acked = upto;
                self.tries = 0;
                self.waiting_since = None;
                self.send(now)
            }
            SenderInput::Pulled(after) => {
                if after > self.end {
                    self.went_back = true;
                }
                (!self.went_back).then(|| Sending {
                    from: after + 1,
                    upto: self.end.min(after + MOST_AT_ONCE),
                })
            }
        }
    }

    fn send(&mut self, now: Millis) -> Option<Sending> {
        if self.backlog() == 0 || self.went_back {
            return None;
        }
        self.waiting_since = Some(now);
        Some(Sending {
            from: self.acked + 1,
            upto: self.end.min(self.acked + MOST_AT_ONCE),
        })
    }
}
