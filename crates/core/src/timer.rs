//! What time does to a ticket by itself (domain section 7): whom it brings what
//! to mind, and when it closes a ticket.
//!
//! All follows from the ticket's state: which timers it has, when each is due, and
//! what is done then. What was done changes that state, so nothing is done twice,
//! whoever looks how often; and what is stored about timers can be made anew from
//! the tickets at any time.

use serde::{Deserialize, Serialize};

use std::collections::BTreeMap;

use crate::clock::{Clocks, Terms};
use crate::command::{Command, Refusal};
use crate::id::Millis;
use crate::status::Status;
use crate::target::TargetKind;
use crate::ticket::Ticket;
use crate::working_time::{Calendar, DAY_MS};

/// Nobody waits longer: a working year.
const LONGEST: u32 = 250;
/// What comes within a day came in time.
const LATE: Millis = 24 * 3_600_000;
/// Reminders of one question.
const MOST: usize = 5;

/// After how many working days time does what. A working day is one of the usual
/// calendar in the time zone and with the holidays of the unit that holds the
/// ticket, whatever its own hours are: a unit that works day and night would leave
/// a requester three days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeRules {
    /// Days of *waiting for reply* after which the requester is reminded; each one
    /// is a reminder.
    pub remind: Vec<u32>,
    /// Days of *waiting for reply* after which those are told who may end the
    /// matter; `None`: nobody.
    pub unanswered: Option<u32>,
    /// Days after which a solved or unsolved ticket is closed: since the solution, or since
    /// its requester said that they still wait for what it promises.
    pub close: u32,
}

impl Default for TimeRules {
    /// As domain section 7 has them.
    fn default() -> TimeRules {
        TimeRules {
            remind: vec![5, 10],
            unanswered: Some(15),
            close: 10,
        }
    }
}

impl TimeRules {
    /// Whether they make sense: days of 1 to 250, each reminder later than the one
    /// before, and the end later than all of them.
    ///
    /// # Errors
    /// Names the field and says what would be right.
    pub fn check(&self) -> Result<(), Refusal> {
        let wrong = |field, problem: String| Err(Refusal::Invalid { field, problem });
        let days = 1..=LONGEST;
        let range = format!("must be 1 to {LONGEST} working days");
        if self.remind.len() > MOST {
            return wrong("remind", format!("must be {MOST} reminders at most"));
        }
        if !self.remind.iter().all(|d| days.contains(d)) {
            return wrong("remind", range);
        }
        if !self.remind.is_sorted_by(|a, b| a < b) {
            return wrong("remind", "must rise: each later than the one before".into());
        }
        if let Some(end) = self.unanswered {
            if !days.contains(&end) {
                return wrong("unanswered", range);
            }
            if self.remind.last().is_some_and(|last| *last >= end) {
                return wrong(
                    "unanswered",
                    "must be later than the last reminder, so that it can be answered".into(),
                );
            }
        }
        if !days.contains(&self.close) {
            return wrong("close", range);
        }
        Ok(())
    }

    /// Days of waiting after which the step comes that follows so many: first the
    /// reminders, then the end.
    fn step(&self, done: usize) -> Option<u32> {
        match self.remind.get(done) {
            Some(days) => Some(*days),
            None => self.unanswered,
        }
    }
}

/// Which of a ticket's timers. A ticket has at most one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerKind {
    /// The requester's answer is missing.
    Answer,
    /// A date that somebody set has come.
    Date,
    /// Nobody said anything against the solution.
    Close,
    /// A target is nearly used up, or missed.
    Target,
    /// The time of a rule has come.
    Rule,
    /// Those said nothing whom a request to many sites asks.
    Silent,
}

impl TimerKind {
    /// All of them.
    pub const ALL: [TimerKind; 6] = [
        TimerKind::Answer,
        TimerKind::Date,
        TimerKind::Close,
        TimerKind::Silent,
        TimerKind::Target,
        TimerKind::Rule,
    ];

    /// Those that follow from the ticket alone, without its clocks.
    pub const OF_STATE: [TimerKind; 4] = [
        TimerKind::Answer,
        TimerKind::Date,
        TimerKind::Close,
        TimerKind::Silent,
    ];

    /// The word used in the database.
    pub fn key(self) -> &'static str {
        match self {
            TimerKind::Answer => "answer",
            TimerKind::Date => "date",
            TimerKind::Close => "close",
            TimerKind::Target => "target",
            TimerKind::Rule => "rule",
            TimerKind::Silent => "silent",
        }
    }

    /// Reads the word.
    pub fn parse(key: &str) -> Option<TimerKind> {
        TimerKind::ALL.into_iter().find(|k| k.key() == key)
    }
}

/// What time brings to mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Due {
    /// To the requester: that their answer is missing.
    Answer {
        /// The how manieth time.
        nth: u8,
        /// After so many working days.
        days: u32,
        /// No other reminder follows.
        last: bool,
    },
    /// To those who may end the matter: that no answer came.
    Unanswered {
        /// After so many working days.
        days: u32,
    },
    /// To those who work on it: that the date which somebody set has come.
    Date {
        /// That date.
        at: Millis,
    },
    /// To those who work on it and the contact of its site: that a request to many sites
    /// waits for their word.
    Silent {
        /// The how manieth time.
        nth: u8,
        /// After so many working days.
        days: u32,
        /// No other reminder follows.
        last: bool,
    },
    /// To nobody in person: that nobody said anything against the solution, so that the
    /// ticket is closed.
    Over {
        /// For so many working days.
        days: u32,
    },
    /// To the owner, or to the unit where nobody owns it: that a target is nearly used up;
    /// to both that it is missed.
    Target(TargetDue),
}

/// A clock of which something is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetDue {
    /// Which.
    pub clock: TargetKind,
    /// When this run of it began.
    pub from: Millis,
    /// When its target is used up.
    pub at: Millis,
    /// It is; else three quarters are.
    pub late: bool,
}

/// What was told of the run of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetTold {
    /// When the run began.
    pub from: Millis,
    /// That its target is used up; else that three quarters are.
    pub late: bool,
}

/// What was told of a ticket's clocks, of each for its latest run of which anything was.
pub type ToldTargets = BTreeMap<TargetKind, TargetTold>;

/// What was brought to mind while the ticket has been *waiting for reply*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminded {
    /// How often the requester was reminded.
    pub times: u8,
    /// Those were told who may end the matter.
    pub unanswered: bool,
    /// The working days after which the last of it was due.
    pub days: u32,
    /// When it was last.
    pub at: Millis,
}

/// A timer that a ticket has.
#[derive(Debug, Clone, PartialEq)]
pub struct Timer {
    /// Which.
    pub kind: TimerKind,
    /// When it is due.
    pub at: Millis,
    /// What is done then, by the desk itself.
    pub command: Command,
}

/// The timers of a ticket as it stands, in the order of [`TimerKind::ALL`]. `days`
/// gives the calendar of working days; it is asked for only where it matters.
///
/// A step that came late by more than a day, as when nobody ran the desk for a week,
/// moves those after it: between two reminders there is the time that there should be.
pub fn timers(ticket: &Ticket, rules: &TimeRules, days: impl Fn() -> Calendar) -> Vec<Timer> {
    let mut timers = Vec::new();
    if ticket.merged_into().is_some() {
        return timers;
    }
    let length = |days: u32| Millis::from(days) * DAY_MS;
    match ticket.status {
        Status::Waiting => timers.extend(next_step(ticket, rules, &days)),
        Status::Solved | Status::Unsolved => timers.push(Timer {
            kind: TimerKind::Close,
            at: days().after(
                ticket.still_waiting.unwrap_or(ticket.status_since),
                length(rules.close),
            ),
            command: Command::Remind(Due::Over { days: rules.close }),
        }),
        _ => {}
    }
    if let Some(at) = ticket.reminder.filter(|_| ticket.status.is_open()) {
        timers.push(Timer {
            kind: TimerKind::Date,
            at,
            command: Command::Remind(Due::Date { at }),
        });
    }
    if let Some((at, due)) = ticket.silent().and_then(|asked| asked.next(days)) {
        timers.push(Timer {
            kind: TimerKind::Silent,
            at,
            command: Command::Remind(due),
        });
    }
    timers
}

/// When the next target of a ticket's clocks is three quarters used up, or missed, and
/// nobody was told so; `None`: never, as things are. What lies before `since` counts as
/// told: a desk that begins to tell does not begin with what it missed.
pub fn target_at(ticket: &Ticket, clocks: &Clocks, terms: &Terms, since: Millis) -> Option<Millis> {
    untold(ticket, clocks, terms, since).map(|(_, at)| at).min()
}

/// What is to be told of a ticket's clocks by `now`, of each clock one thing.
pub fn targets_due(
    ticket: &Ticket,
    clocks: &Clocks,
    terms: &Terms,
    since: Millis,
    now: Millis,
) -> Vec<TargetDue> {
    untold(ticket, clocks, terms, since)
        .filter(|(_, at)| *at <= now)
        .map(|(due, _)| TargetDue {
            // Who hears that it is missed need not hear that it nearly is.
            late: due.at <= now,
            ..due
        })
        .collect()
}

/// What is to be told next of each clock that runs, and when.
fn untold<'a>(
    ticket: &'a Ticket,
    clocks: &'a Clocks,
    terms: &'a Terms,
    since: Millis,
) -> impl Iterator<Item = (TargetDue, Millis)> + 'a {
    clocks.running().iter().filter_map(move |leg| {
        let figure = leg.figure(terms, leg.from);
        let (warn, at) = (figure.warn?, figure.due?);
        let told = ticket.told_targets.get(&leg.kind);
        let told = told.filter(|told| told.from == leg.from);
        let late = told.is_some() || warn < since;
        if told.is_some_and(|told| told.late) || at < since {
            return None;
        }
        let due = TargetDue {
            clock: leg.kind,
            from: leg.from,
            at,
            late,
        };
        Some((due, if late { at } else { warn }))
    })
}

/// What comes next for a ticket that waits for its requester.
fn next_step(ticket: &Ticket, rules: &TimeRules, days: impl FnOnce() -> Calendar) -> Option<Timer> {
    let before = ticket.reminded;
    if before.is_some_and(|r| r.unanswered) {
        return None;
    }
    let done = before.map_or(0, |r| r.times);
    let index = usize::from(done);
    let step = rules.step(index)?;
    let days = days();
    let since = ticket.status_since;
    let after = |from, count: u32| days.after(from, Millis::from(count) * DAY_MS);
    let mut at = after(since, step);
    if let Some(before) = before {
        let in_time = before.at <= after(since, before.days).saturating_add(LATE);
        // Rules may have become shorter meanwhile.
        if !in_time || step <= before.days {
            let gap = step.saturating_sub(before.days).max(1);
            at = at.max(after(before.at, gap));
        }
    }
    let due = match rules.remind.get(index) {
        Some(_) => Due::Answer {
            nth: done.saturating_add(1),
            days: step,
            last: index + 1 == rules.remind.len(),
        },
        None => Due::Unanswered { days: step },
    };
    Some(Timer {
        kind: TimerKind::Answer,
        at,
        command: Command::Remind(due),
    })
}

impl Ticket {
    /// Something was brought to mind.
    pub(crate) fn remind(&mut self, due: Due, at: Millis) {
        let before = self.reminded.unwrap_or(Reminded {
            times: 0,
            unanswered: false,
            days: 0,
            at,
        });
        match due {
            Due::Answer { nth, days, .. } => {
                self.reminded = Some(Reminded {
                    times: nth,
                    days,
                    at,
                    ..before
                });
            }
            Due::Unanswered { days } => {
                self.reminded = Some(Reminded {
                    unanswered: true,
                    days,
                    at,
                    ..before
                });
            }
            // It lies behind; there is nothing to look forward to any more.
            Due::Date { .. } => self.reminder = None,
            Due::Silent { nth, days, .. } => {
                if let Some(asked) = &mut self.asked {
                    (asked.times, asked.days, asked.at) = (nth, days, at);
                }
            }
            // The status that comes with it says the rest.
            Due::Over { .. } => {}
            Due::Target(TargetDue {
                clock, from, late, ..
            }) => {
                self.told_targets.insert(clock, TargetTold { from, late });
            }
        }
    }
}
