//! The reports by name, each a choice of columns.

use super::{Answer, Figures, Point, Spread, Word};
use crate::id::Millis;
use crate::target::TargetKind;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// A number of something.
    Count,
    /// Calendar time.
    Calendar,
    /// Working time of the units concerned; a working day has 8 hours.
    Working,
    /// So many per thousand.
    Permille,
    /// So many hundredths for each ticket.
    Hundredths,
    /// A mean of ratings from 1 to 5, in hundredths.
    Mean,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The word used in JSON and CSV, without the unit of its values.
    pub key: &'static str,
    /// The words shown to people.
    pub title: &'static str,
    /// What its values are: times in milliseconds.
    pub measured: Measured,
    value: fn(&Figures) -> Option<i64>,
}

impl Column {
    /// Its value in a row; `None`: there is nothing to tell.
    pub fn value(&self, figures: &Figures) -> Option<i64> {
        (self.value)(figures)
    }
}

const fn column(
    key: &'static str,
    title: &'static str,
    measured: Measured,
    value: fn(&Figures) -> Option<i64>,
) -> Column {
    Column {
        key,
        title,
        measured,
        value,
    }
}

fn number(n: u64) -> Option<i64> {
    i64::try_from(n).ok()
}

fn spread(figures: &Figures, clock: TargetKind, of: fn(&Spread) -> Millis) -> Option<i64> {
    figures.clock(clock).spread.as_ref().map(of)
}

fn how_many(figures: &Figures, clock: TargetKind) -> Option<i64> {
    number(figures.clock(clock).spread.map_or(0, |s| s.count))
}

fn promised(figures: &Figures, clock: TargetKind) -> Option<i64> {
    number(figures.clock(clock).promised)
}

fn violated(figures: &Figures, clock: TargetKind) -> Option<i64> {
    number(figures.clock(clock).violated)
}

fn kept(figures: &Figures, clock: TargetKind) -> Option<i64> {
    figures.clock(clock).kept_permille().and_then(number)
}

use Measured::{Calendar, Count, Hundredths, Permille, Working};
use TargetKind::{Answer as Answered, Assignment, Reply, Response, Solution};

const SUBMITTED: Column = column("submitted", "Submitted", Count, |f| number(f.submitted));
const OPEN: Column = column("open", "Open", Count, |f| number(f.open));
const CLOSED: Column = column("closed", "Closed", Count, |f| number(f.closed));
const HANDED: Column = column("hand_overs", "Hand-overs", Count, |f| number(f.hand_overs));
const HANDED_EACH: Column = column(
    "hand_overs_per_ticket",
    "Hand-overs per ticket",
    Hundredths,
    |f| {
        let each = (f.hand_overs * 100 + f.submitted / 2).checked_div(f.submitted)?;
        number(each)
    },
);
const REOPENED: Column = column("reopened", "Reopened", Count, |f| number(f.reopened));
const RESPONSE_MEDIAN: Column = column("response_median", "Response, median", Working, |f| {
    spread(f, Response, |s| s.median)
});
const RESPONSE_P95: Column = column("response_p95", "Response, 95 %", Working, |f| {
    spread(f, Response, |s| s.p95)
});
const RESPONSE_VIOLATED: Column = column("response_violated", "Responses too late", Count, |f| {
    violated(f, Response)
});
const SOLUTION_MEDIAN: Column = column("solution_median", "Solution, median", Working, |f| {
    spread(f, Solution, |s| s.median)
});

/// A report.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// Its name in addresses.
    pub key: &'static str,
    /// The words shown to people.
    pub title: &'static str,
    /// What is counted, in a sentence.
    pub about: &'static str,
    /// What it shows of each row; empty: what it shows is made otherwise.
    pub columns: &'static [Column],
}

/// A row for each stretch of time.
pub const TIMELINE: &str = "timeline";
/// How content requesters were.
pub const SATISFACTION: &str = "satisfaction";
/// A row for each coupling with a partner's system.
pub const EXCHANGE_LAG: &str = "exchange_lag";

/// All of them.
pub const REPORTS: &[Report] = &[
    Report {
        key: "overview",
        title: "Response and backlog",
        about: "The most important figures of each of the others.",
        columns: &[
            SUBMITTED,
            CLOSED,
            OPEN,
            RESPONSE_MEDIAN,
            RESPONSE_P95,
            RESPONSE_VIOLATED,
            SOLUTION_MEDIAN,
            HANDED_EACH,
        ],
    },
    Report {
        key: "submitted",
        title: "Tickets submitted",
        about: "Tickets that were opened within the range.",
        columns: &[SUBMITTED],
    },
    Report {
        key: "open_age",
        title: "Open ticket age",
        about: "Tickets that are open now, or were at the end of a range that is over, and how long \
                they had been there by the calendar.",
        columns: &[
            OPEN,
            column("age_mean", "Mean", Calendar, |f| f.age.map(|s| s.mean)),
            column("age_median", "Median", Calendar, |f| {
                f.age.map(|s| s.median)
            }),
            column("age_p75", "75 %", Calendar, |f| f.age.map(|s| s.p75)),
            column("age_p95", "95 %", Calendar, |f| f.age.map(|s| s.p95)),
            column("age_max", "Oldest", Calendar, |f| f.age.map(|s| s.max)),
        ],
    },
    Report {
        key: "closed",
        title: "Tickets closed",
        about: "Tickets that were last solved or unsolved within the range, and how long they had \
                lived until then by the calendar.",
        columns: &[
            CLOSED,
            column("lifetime_mean", "Mean lifetime", Calendar, |f| {
                f.lifetime.map(|s| s.mean)
            }),
            column("lifetime_median", "Median", Calendar, |f| {
                f.lifetime.map(|s| s.median)
            }),
            column("lifetime_p75", "75 %", Calendar, |f| {
                f.lifetime.map(|s| s.p75)
            }),
            column("lifetime_p95", "95 %", Calendar, |f| {
                f.lifetime.map(|s| s.p95)
            }),
            column("lifetime_max", "Longest", Calendar, |f| {
                f.lifetime.map(|s| s.max)
            }),
            column("closings", "Closings", Count, |f| number(f.closings)),
            REOPENED,
        ],
    },
    Report {
        key: "response_time",
        title: "Response time",
        about: "From being given a ticket to the first status other than assigned or to handing it on, \
                once for each stay in a unit; and to the first human answer. Of clocks that ended \
                within the range.",
        columns: &[
            column("responses", "Responses", Count, |f| how_many(f, Response)),
            column("response_mean", "Mean", Working, |f| {
                spread(f, Response, |s| s.mean)
            }),
            RESPONSE_MEDIAN,
            column("response_p75", "Response, 75 %", Working, |f| {
                spread(f, Response, |s| s.p75)
            }),
            RESPONSE_P95,
            column("response_target", "Usual target", Working, |f| {
                f.clock(Response).target
            }),
            column("answers", "Human answers", Count, |f| how_many(f, Answered)),
            column("answer_mean", "Answer, mean", Working, |f| {
                spread(f, Answered, |s| s.mean)
            }),
            column("answer_median", "Answer, median", Working, |f| {
                spread(f, Answered, |s| s.median)
            }),
            column("answer_p95", "Answer, 95 %", Working, |f| {
                spread(f, Answered, |s| s.p95)
            }),
        ],
    },
    Report {
        key: "violated_responses",
        title: "Violated responses",
        about: "Clocks that ended within the range later than their target; what still runs is in the \
                lists of tickets, overdue.",
        columns: &[
            column("responses_promised", "Responses promised", Count, |f| {
                promised(f, Response)
            }),
            RESPONSE_VIOLATED,
            column("responses_kept", "In target", Permille, |f| {
                kept(f, Response)
            }),
            column("answers_promised", "Answers promised", Count, |f| {
                promised(f, Answered)
            }),
            column("answers_violated", "Answers too late", Count, |f| {
                violated(f, Answered)
            }),
            column("answers_kept", "Answers in target", Permille, |f| {
                kept(f, Answered)
            }),
            column(
                "replies_promised",
                "Owners’ replies promised",
                Count,
                |f| promised(f, Reply),
            ),
            column("replies_violated", "Replies too late", Count, |f| {
                violated(f, Reply)
            }),
            column(
                "assignments_promised",
                "First assignments promised",
                Count,
                |f| promised(f, Assignment),
            ),
            column("assignments_violated", "Assigned too late", Count, |f| {
                violated(f, Assignment)
            }),
        ],
    },
    Report {
        key: "solution_time",
        title: "Solution time",
        about: "From the first assignment, or a reopening, to solved or unsolved, without what the \
                target leaves out; once for each round. The unit is the one that solved it.",
        columns: &[
            column("solutions", "Solutions", Count, |f| how_many(f, Solution)),
            column("solution_mean", "Mean", Working, |f| {
                spread(f, Solution, |s| s.mean)
            }),
            SOLUTION_MEDIAN,
            column("solution_p75", "75 %", Working, |f| {
                spread(f, Solution, |s| s.p75)
            }),
            column("solution_p95", "95 %", Working, |f| {
                spread(f, Solution, |s| s.p95)
            }),
            column("solutions_promised", "Promised", Count, |f| {
                promised(f, Solution)
            }),
            column("solutions_violated", "Too late", Count, |f| {
                violated(f, Solution)
            }),
        ],
    },
    Report {
        key: "reassignments",
        title: "Re-assignments per ticket",
        about: "How often the tickets that were opened within the range went to another unit so far, \
                first level’s first assignment included.",
        columns: &[SUBMITTED, HANDED, HANDED_EACH],
    },
    Report {
        key: TIMELINE,
        title: "Timeline",
        about: "What was opened and closed in each stretch of time, and what was open at its end.",
        columns: &[],
    },
    Report {
        key: SATISFACTION,
        title: "Satisfaction",
        about: "How content requesters said within the range they were with solutions, from 1 to 5. The \
                unit is the one that gave the solution.",
        columns: &[],
    },
    Report {
        key: EXCHANGE_LAG,
        title: "Exchange lag",
        about: "How far behind the exchange with each partner’s system or desk was at worst within the range, and is now.",
        columns: &[],
    },
];

/// A report by its name.
pub fn report(key: &str) -> Option<&'static Report> {
    REPORTS.iter().find(|r| r.key == key)
}

impl Answer {
    /// The timeline of everything.
    pub fn timeline(&self) -> Vec<Point> {
        let mut sum = vec![Point::default(); self.buckets.len()];
        for series in &self.series {
            for (total, point) in sum.iter_mut().zip(&series.points) {
                total.submitted += point.submitted;
                total.closed += point.closed;
                total.open += point.open;
            }
        }
        sum
    }

    /// The line of a word.
    pub fn line(&self, word: &Word) -> Option<&[Point]> {
        let series = self.series.iter().find(|s| s.word == *word)?;
        Some(&series.points)
    }
}
