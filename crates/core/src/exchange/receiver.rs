//! The other end of the road between two Switchboards.

use serde::{Deserialize, Serialize};

use super::MOST_HOPS;
use super::change::Change;
use super::origin::{DeskId, Name};
use crate::id::Millis;

/// How often a desk asks a peer from which it hears nothing.
const PULL_EVERY_MS: Millis = 60_000;

/// How far this desk is with a peer's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    /// Whose log.
    pub peer: DeskId,
    /// Everything up to this place is recorded.
    pub cursor: u64,
    /// When the peer was last asked or heard.
    pub heard_at: Option<Millis>,
}

/// A piece of a peer's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The place of the first change.
    pub from: u64,
    /// The changes of this place and those that follow.
    pub changes: Vec<Change>,
}

/// What follows from a piece of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Received {
    /// To be recorded, in this order, in the transaction that keeps the
    /// receiver.
    pub take: Vec<Change>,
    /// To be kept beside the tickets and shown, in the same transaction.
    pub dead: Vec<DeadLetter>,
    /// To be told to the peer after that: what is recorded; or what is missing.
    pub reply: Option<Reply>,
}

/// What is told to the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Everything up to here is recorded.
    Ack(u64),
    /// Send what comes after here.
    Pull(u64),
}

/// A change that can not be taken. It is kept whole, with why, and what comes
/// after it is not held up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its place in the peer's log.
    pub place: u64,
    /// It.
    pub change: Change,
    /// Why.
    pub why: Why,
}

/// Why a change is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// It says that it came another way than it did.
    #[error("its path does not begin where it happened and end at {peer}")]
    Path {
        /// Who sent it.
        peer: DeskId,
    },
    /// It was here before.
    #[error("it came back to where it had been")]
    Loop,
    /// It came through too many desks.
    #[error("it came through {hops} desks, more than {MOST_HOPS}")]
    Hops {
        /// How many.
        hops: usize,
    },
    /// Nothing has number 0.
    #[error("{name} is no number of a change")]
    Number {
        /// Its name.
        name: Name,
    },
}

impl Receiver {
    /// Nothing read yet.
    pub fn new(peer: DeskId) -> Receiver {
        Receiver {
            peer,
            cursor: 0,
            heard_at: None,
        }
    }

    /// Takes a piece of the log in. A piece that begins beyond what is known
    /// comes too early and is asked for again; what is known is skipped.
    pub fn receive(&mut self, me: &DeskId, batch: Batch, now: Millis) -> Received {
        let mut received = Received::default();
        self.heard_at = Some(now);
        if batch.from > self.cursor + 1 {
            received.reply = Some(Reply::Pull(self.cursor));
            return received;
        }
        if batch.changes.is_empty() {
            return received;
        }
        for (place, change) in (batch.from..).zip(batch.changes) {
            if place <= self.cursor {
                continue;
            }
            self.cursor = place;
            match self.wrong(me, &change) {
                None => received.take.push(change),
                Some(why) => received.dead.push(DeadLetter { place, change, why }),
            }
        }
        received.reply = Some(Reply::Ack(self.cursor));
        received
    }

    /// Time has passed: asks the peer, should nothing have come for a while. A
    /// push that was lost, and a restored backup, heal by this.
    pub fn tick(&mut self, now: Millis) -> Option<Reply> {
        let quiet = |at| now < at || now - at >= PULL_EVERY_MS;
        self.heard_at.is_none_or(quiet).then(|| {
            self.heard_at = Some(now);
            Reply::Pull(self.cursor)
        })
    }

    fn wrong(&self, me: &DeskId, change: &Change) -> Option<Why> {
        let path = &change.path;
        if path.first() != Some(&change.name.desk) || path.last() != Some(&self.peer) {
            let peer = self.peer.clone();
            return Some(Why::Path { peer });
        }
        if path.contains(me) {
            return Some(Why::Loop);
        }
        if path.len() > MOST_HOPS {
            return Some(Why::Hops { hops: path.len() });
        }
        (change.name.seq == 0).then(|| Why::Number {
            name: change.name.clone(),
        })
    }
}
