//! How far a polled system was read.

use serde::{Deserialize, Serialize};

use super::remote::RemoteChange;
use crate::id::Millis;

/// When to look, and how far back. Part of an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Polling {
    /// Between two looks. A webhook only makes the next one come at once.
    pub every_ms: Millis,
    /// So far behind what was read last: longer than a change there takes from
    /// its beginning until it can be read.
    pub overlap_ms: Millis,
    /// Between two looks far back, for what took longer all the same.
    pub deep_every_ms: Millis,
    /// So far back.
    pub deep_ms: Millis,
    /// After so long, a call that was not answered is done or never will be:
    /// longer than they work on one.
    pub settle_ms: Millis,
}

impl Default for Polling {
    fn default() -> Polling {
        Polling {
            every_ms: 30_000,
            overlap_ms: 120_000,
            deep_every_ms: 3_600_000,
            deep_ms: 86_400_000,
            settle_ms: 60_000,
        }
    }
}

/// How far a system was read, by *its* clock; ours may go as it likes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reader {
    /// The latest change that was read.
    pub at: Option<Millis>,
    /// When it was last looked at, by our clock.
    pub looked_at: Option<Millis>,
    /// When it was last looked at far back.
    pub deep_at: Option<Millis>,
}

/// Read everything that changed there since; `None`: everything there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// By their clock.
    pub since: Option<Millis>,
}

impl Reader {
    /// Time has passed, or (`woken`) a webhook came: whether to look. A webhook
    /// is never believed, so one that is repeated, late or forged does no harm.
    pub fn due(&mut self, polling: &Polling, woken: bool, now: Millis) -> Option<Look> {
        let over = |at: Option<Millis>, wait| at.is_none_or(|at| now < at || now - at >= wait);
        let deep = over(self.deep_at, polling.deep_every_ms);
        if !deep && !woken && !over(self.looked_at, polling.every_ms) {
            return None;
        }
        self.looked_at = Some(now);
        let back = if deep {
            self.deep_at = Some(now);
            polling.deep_ms
        } else {
            // Their times are cut to the second.
            polling.overlap_ms + 1_000
        };
        Some(Look {
            since: self.at.map(|at| at - back),
        })
    }

    /// What was read is being recorded, in this transaction. A page that ends in
    /// the middle is fine when it holds the earliest changes. An empty one
    /// changes nothing.
    pub fn read(&mut self, changes: &[RemoteChange]) {
        self.at = changes.iter().map(|c| c.at).max().max(self.at);
    }
}
