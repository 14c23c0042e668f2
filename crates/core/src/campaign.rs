//! One request to many sites (domain section 5): a parent ticket, and one child for each
//! site. Who may make one, what a site's text becomes, where each stands, and when those
//! are reminded who say nothing.

use serde::{Deserialize, Serialize};

use crate::access::{Actor, Part};
use crate::command::Refusal;
use crate::id::{Millis, UnitId};
use crate::status::Status;
use crate::ticket::{SolutionKind, Ticket};
use crate::timer::Due;
use crate::working_time::{Calendar, DAY_MS};

/// Sites of one request.
pub const MOST_SITES: usize = 300;
/// Reminders of one request.
const MOST_REMINDERS: usize = 5;
/// Nobody is left in silence longer: a working year.
const LONGEST: u32 = 250;
/// What a site's subject and text may name of it.
pub const VARIABLES: [&str; 3] = ["site", "site_key", "country"];

/// What a request to many sites asks of one ticket, and what was brought to mind of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Working days of silence after which those are reminded who have to answer.
    pub remind: Vec<u32>,
    /// Since when the word is theirs.
    pub since: Millis,
    /// How often they were reminded since then.
    pub times: u8,
    /// The working days after which the last of it was due.
    pub days: u32,
    /// When that was.
    pub at: Millis,
}

impl Asked {
    /// Asked just now.
    pub(crate) fn new(remind: Vec<u32>, at: Millis) -> Asked {
        Asked {
            remind,
            since: at,
            times: 0,
            days: 0,
            at,
        }
    }

    /// The next reminder, while nobody says anything. One that came late moves those after
    /// it, so that between two there is the time that there should be.
    pub(crate) fn next(&self, days: impl Fn() -> Calendar) -> Option<(Millis, Due)> {
        let index = usize::from(self.times);
        let step = *self.remind.get(index)?;
        let days = days();
        let after = |from, count: u32| days.after(from, Millis::from(count) * DAY_MS);
        let mut at = after(self.since, step);
        if self.times > 0 {
            at = at.max(after(self.at, step.saturating_sub(self.days).max(1)));
        }
        Some((
            at,
            Due::Silent {
                nth: self.times.saturating_add(1),
                days: step,
                last: index + 1 == self.remind.len(),
            },
        ))
    }
}

/// Where one site's ticket stands for who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nobody has said anything to the last question.
    Silent,
    /// Somebody has answered, or works visibly; it goes on.
    Answered,
    /// Solved.
    Solved,
    /// Ended without a solution.
    Unsolved,
}

impl Standing {
    /// All, in the order in which they need attention.
    pub const ALL: [Standing; 4] = [
        Standing::Silent,
        Standing::Answered,
        Standing::Solved,
        Standing::Unsolved,
    ];

    /// The word used in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Standing::Silent => "silent",
            Standing::Answered => "answered",
            Standing::Solved => "solved",
            Standing::Unsolved => "unsolved",
        }
    }

    /// Where this ticket stands.
    pub fn of(ticket: &Ticket) -> Standing {
        match ticket.status {
            Status::Solved | Status::Verified => Standing::Solved,
            Status::Unsolved => Standing::Unsolved,
            // Closed comes after either; of what kind the end was is kept.
            Status::Closed => match ticket.solution.as_ref().map(|s| s.kind) {
                Some(
                    SolutionKind::Fixed | SolutionKind::Workaround | SolutionKind::WorksAsDesigned,
                ) => Standing::Solved,
                _ => Standing::Unsolved,
            },
            _ if ticket.silent().is_some() => Standing::Silent,
            _ => Standing::Answered,
        }
    }

    /// Nothing more is expected.
    pub fn is_done(self) -> bool {
        matches!(self, Standing::Solved | Standing::Unsolved)
    }
}

/// Whether somebody may ask many sites in the name of a unit: its responsibles, the
/// members of first level units for theirs, and administrators.
///
/// # Errors
/// Says who may.
pub fn may_ask(actor: &Actor, unit: UnitId) -> Result<(), Refusal> {
    let leads = match actor.in_unit(unit) {
        Some(Part::Responsible) => true,
        Some(Part::Member) => actor.first_level(),
        None => false,
    };
    if leads || actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Refusal::Forbidden(
        "only responsibles of the unit, first level and administrators may ask many sites".into(),
    ))
}

/// Whether somebody may ask many sites at all.
pub fn may_ask_somewhere(actor: &Actor) -> bool {
    actor.admin || actor.units.iter().any(|m| may_ask(actor, m.unit).is_ok())
}

/// Days of reminders: at most 5, rising, each of 1 to 250 working days.
///
/// # Errors
/// Names the field and says what would be right.
pub fn check_reminders(days: &[u32]) -> Result<(), Refusal> {
    let fine = days.len() <= MOST_REMINDERS
        && days.iter().all(|d| (1..=LONGEST).contains(d))
        && days.is_sorted_by(|a, b| a < b);
    if fine {
        return Ok(());
    }
    Err(Refusal::Invalid {
        field: "remind",
        problem: format!(
            "takes at most {MOST_REMINDERS} numbers of working days, 1 to {LONGEST}, each larger \
             than the one before"
        ),
    })
}

/// What a text may name of the site that it goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteWords<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its key.
    pub key: &'a str,
    /// Its country; empty: not known.
    pub country: &'a str,
}

/// Puts what is known of a site into a text: `{{ site }}`, `{{ site_key }}`, `{{ country }}`.
///
/// # Errors
/// Names `field` and the first variable that there is not, or the one that does not end.
pub fn filled(field: &'static str, text: &str, site: SiteWords<'_>) -> Result<String, Refusal> {
    crate::variable::filled(field, text, &VARIABLES, |name| {
        Some(match name {
            "site" => site.name.to_owned(),
            "site_key" => site.key.to_owned(),
            _ => site.country.to_owned(),
        })
    })
}

impl Ticket {
    /// What a request to many sites asks here is set, or taken back.
    pub(crate) fn set_asked(&mut self, remind: Option<&Vec<u32>>, at: Millis) {
        self.asked = match (self.asked.take(), remind) {
            (_, None) => None,
            (Some(before), Some(days)) => Some(Asked {
                remind: days.clone(),
                ..before
            }),
            (None, Some(days)) => Some(Asked::new(days.clone(), at)),
        };
    }

    /// What a request to many sites asks here, while nobody has said anything to it.
    pub fn silent(&self) -> Option<&Asked> {
        let works = matches!(
            self.status,
            Status::New | Status::Assigned | Status::InProgress | Status::Reopened
        );
        self.asked
            .as_ref()
            .filter(|_| works && self.needs_reply && self.before_merge.is_none())
    }
}
