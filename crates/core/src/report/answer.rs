//! What reports say.

use super::{Dimension, Word};
use crate::id::Millis;

/// Open tickets are told apart by age: up to so many milliseconds, and what is older.
pub const AGES: [(Millis, &str); 5] = [
    (86_400_000, "under 1 day"),
    (3 * 86_400_000, "1 to 3 days"),
    (7 * 86_400_000, "3 to 7 days"),
    (28 * 86_400_000, "1 to 4 weeks"),
    (Millis::MAX, "over 4 weeks"),
];

/// How values lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spread {
    /// How many.
    pub count: u64,
    /// Their mean, rounded down.
    pub mean: Millis,
    /// Half of them are at most so much.
    pub median: Millis,
    /// Three quarters of them are.
    pub p75: Millis,
    /// 95 of a hundred are.
    pub p95: Millis,
    /// The largest.
    pub max: Millis,
}

impl Spread {
    /// How these values lie; `None`: there are none. Their order is not kept.
    pub fn of(values: &mut [Millis]) -> Option<Spread> {
        let count = values.len();
        let max = *values.iter().max()?;
        let sum: i128 = values.iter().map(|v| i128::from(*v)).sum();
        let mut rank = |percent: usize| {
            let place = (count * percent).div_ceil(100).max(1) - 1;
            *values.select_nth_unstable(place).1
        };
        Some(Spread {
            count: count as u64,
            mean: Millis::try_from(sum.div_euclid(count as i128)).unwrap_or(Millis::MAX),
            median: rank(50),
            p75: rank(75),
            p95: rank(95),
            max,
        })
    }
}

/// What a kind of clock showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clocked {
    /// Working times; `None`: no such clock ended.
    pub spread: Option<Spread>,
    /// Of how many something was promised.
    pub promised: u64,
    /// Of those, how many missed their target.
    pub violated: u64,
    /// The target that was promised most often, the shortest where there are several;
    /// `None`: nothing was promised.
    pub target: Option<Millis>,
}

impl Clocked {
    /// So many of a thousand promises were kept; `None`: nothing was promised.
    pub fn kept_permille(&self) -> Option<u64> {
        let kept = self.promised - self.violated;
        (self.promised > 0).then(|| (kept * 1_000 + self.promised / 2) / self.promised)
    }
}

/// The figures of one row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Opened within the range.
    pub submitted: u64,
    /// Open when it was looked.
    pub open: u64,
    /// Their ages.
    pub age: Option<Spread>,
    /// Last solved or unsolved within the range, and not reopened since.
    pub closed: u64,
    /// From their opening to that moment.
    pub lifetime: Option<Spread>,
    /// How often tickets were solved or unsolved within the range.
    pub closings: u64,
    /// How often tickets were reopened within the range.
    pub reopened: u64,
    /// How often the tickets that were submitted went to another unit so far.
    pub hand_overs: u64,
    /// The clocks, in the order of [`crate::TargetKind::ALL`].
    pub clocks: [Clocked; 6],
}

impl Figures {
    /// A kind of clock.
    pub fn clock(&self, kind: crate::TargetKind) -> &Clocked {
        &self.clocks[kind as usize]
    }
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// From then on.
    pub from: Millis,
    /// Until before then.
    pub to: Millis,
}

/// What happened in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point {
    /// Opened.
    pub submitted: u64,
    /// Solved or unsolved.
    pub closed: u64,
    /// Open at its end.
    pub open: u64,
}

/// A line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Of which word.
    pub word: Word,
    /// One for each stretch.
    pub points: Vec<Point>,
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// By which dimension the rows are told apart.
    pub group: Dimension,
    /// A row for each word, the most submitted first.
    pub rows: Vec<(Word, Figures)>,
    /// All of them together.
    pub total: Figures,
    /// Opened within a range as long, right before this one.
    pub submitted_before: u64,
    /// The stretches of the timeline.
    pub buckets: Vec<Bucket>,
    /// A line for each word, in the order of the rows.
    pub series: Vec<Series>,
    /// Open tickets by age ([`AGES`]) and by whose turn it is now
    /// ([`crate::Turn::ALL`]).
    pub ages: [[u64; 4]; 5],
}
