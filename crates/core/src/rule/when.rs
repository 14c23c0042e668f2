//! When a rule is looked at: what happened, or whose time has come.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::wrong;
use crate::change::Change;
use crate::clock::{Clocks, Due, Terms};
use crate::command::Refusal;
use crate::id::Millis;
use crate::target::TargetKind;
use crate::ticket::{EntryVisibility, Ticket};
use crate::working_time::{Calendar, DAY_MS, HOUR_MS};

/// Nothing is waited for longer: a year of days.
const LONGEST: u32 = 366;

/// What sets a rule off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// A ticket is opened.
    Opened,
    /// A field of it changed.
    Changed,
    /// Its requester, or somebody they added, answered.
    RequesterAnswered,
    /// The support side answered in public; not by a rule.
    StaffAnswered,
    /// Its requester asked for attention.
    Escalated,
    /// It has been in its status so long.
    InStatus,
    /// Its requester has waited so long for an answer.
    Unanswered,
    /// Nobody of the support side has done anything with it so long.
    Silent,
    /// What is due first of its targets is due in so long.
    BeforeDue,
    /// What is due first of its targets was due so long ago.
    AfterDue,
}

impl On {
    /// All of them.
    pub const ALL: [On; 10] = [
        On::Opened,
        On::Changed,
        On::RequesterAnswered,
        On::StaffAnswered,
        On::Escalated,
        On::InStatus,
        On::Unanswered,
        On::Silent,
        On::BeforeDue,
        On::AfterDue,
    ];

    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            On::Opened => "opened",
            On::Changed => "changed",
            On::RequesterAnswered => "requester_answered",
            On::StaffAnswered => "staff_answered",
            On::Escalated => "escalated",
            On::InStatus => "in_status",
            On::Unanswered => "unanswered",
            On::Silent => "silent",
            On::BeforeDue => "before_due",
            On::AfterDue => "after_due",
        }
    }

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            On::Opened => "A ticket is opened",
            On::Changed => "Something of it changes",
            On::RequesterAnswered => "Its requester answers",
            On::StaffAnswered => "The support side answers",
            On::Escalated => "Its requester asks for attention",
            On::InStatus => "It has been in its status so long",
            On::Unanswered => "Its requester has waited so long for an answer",
            On::Silent => "Nobody has done anything with it so long",
            On::BeforeDue => "So long before it is due",
            On::AfterDue => "So long after it was due",
        }
    }

    /// Reads the word.
    pub fn parse(key: &str) -> Option<On> {
        On::ALL.into_iter().find(|on| on.key() == key)
    }

    /// Time sets it off, and no change.
    pub fn is_timed(self) -> bool {
        matches!(
            self,
            On::InStatus | On::Unanswered | On::Silent | On::BeforeDue | On::AfterDue
        )
    }
}

/// A field whose change sets a rule off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The status.
    Status,
    /// The unit.
    Unit,
    /// The owner.
    Owner,
    /// The priority, or a fact behind it.
    Priority,
    /// The category.
    Category,
    /// The type of issue.
    IssueType,
    /// The service.
    Service,
    /// The site.
    Site,
    /// The community.
    Community,
    /// The subject.
    Subject,
    /// The tags.
    Tags,
}

impl Field {
    /// All of them.
    pub const ALL: [Field; 11] = [
        Field::Status,
        Field::Unit,
        Field::Owner,
        Field::Priority,
        Field::Category,
        Field::IssueType,
        Field::Service,
        Field::Site,
        Field::Community,
        Field::Subject,
        Field::Tags,
    ];

    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            Field::Status => "status",
            Field::Unit => "unit",
            Field::Owner => "owner",
            Field::Priority => "priority",
            Field::Category => "category",
            Field::IssueType => "issue_type",
            Field::Service => "service",
            Field::Site => "site",
            Field::Community => "community",
            Field::Subject => "subject",
            Field::Tags => "tags",
        }
    }

    /// Reads the word.
    pub fn parse(key: &str) -> Option<Field> {
        Field::ALL.into_iter().find(|field| field.key() == key)
    }
}

/// In what a length of time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Hours on the clock.
    Hours,
    /// Days of 24 hours.
    Days,
    /// Working days of the ticket's unit.
    WorkingDays,
}

impl Measure {
    /// All of them.
    pub const ALL: [Measure; 3] = [Measure::Hours, Measure::Days, Measure::WorkingDays];

    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            Measure::Hours => "hours",
            Measure::Days => "days",
            Measure::WorkingDays => "working_days",
        }
    }

    /// Reads the word.
    pub fn parse(key: &str) -> Option<Measure> {
        Measure::ALL.into_iter().find(|m| m.key() == key)
    }
}

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    /// How many.
    pub count: u32,
    /// Of what.
    pub of: Measure,
}

impl Length {
    /// `5 working days`.
    pub fn words(self) -> String {
        let one = self.count == 1;
        let of = match (self.of, one) {
            (Measure::Hours, true) => "hour",
            (Measure::Hours, false) => "hours",
            (Measure::Days, true) => "day",
            (Measure::Days, false) => "days",
            (Measure::WorkingDays, true) => "working day",
            (Measure::WorkingDays, false) => "working days",
        };
        format!("{} {of}", self.count)
    }

    fn plain(self) -> Millis {
        let one = match self.of {
            Measure::Hours => HOUR_MS,
            Measure::Days => 24 * HOUR_MS,
            Measure::WorkingDays => DAY_MS,
        };
        Millis::from(self.count).saturating_mul(one)
    }

    /// The moment so long after another.
    fn after(self, from: Millis, days: impl FnOnce() -> Calendar) -> Millis {
        match self.of {
            Measure::Hours | Measure::Days => from.saturating_add(self.plain()),
            Measure::WorkingDays => days().after(from, self.plain()),
        }
    }
}

/// When a rule is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// What sets it off.
    pub on: On,
    /// For [`On::Changed`]: which fields; none: any of them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub fields: BTreeSet<Field>,
    /// For those on time: how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Length>,
}

/// What the clocks and calendars say about a ticket.
#[derive(Clone, Copy)]
pub struct Clockwork<'a> {
    /// Its clocks, where they are known.
    pub clocks: Option<&'a Clocks>,
    /// What is promised.
    pub terms: &'a Terms,
    /// The working days of its unit.
    pub days: &'a dyn Fn() -> Calendar,
    /// Since when its requester waits for an answer, if they do.
    pub asked: Option<Millis>,
}

/// When the time of a rule comes for a ticket. It comes once for each moment at which
/// what it is counted from began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// What it is counted from began then.
    pub since: Millis,
    /// Its time comes then.
    pub at: Millis,
}

impl When {
    /// Whether it makes sense.
    ///
    /// # Errors
    /// Names the field and says what would be right.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        if !self.fields.is_empty() && self.on != On::Changed {
            return wrong("fields", "go with \"changed\" only");
        }
        let Some(length) = self.after else {
            if self.on.is_timed() {
                return wrong("after", "has to say how long, as in 5 working days");
            }
            return Ok(());
        };
        if !self.on.is_timed() {
            return wrong("after", "goes with rules on time; this one is on a change");
        }
        let least = u32::from(self.on != On::AfterDue);
        if !(least..=LONGEST).contains(&length.count) {
            return wrong("after", format!("takes {least} to {LONGEST}"));
        }
        if self.on == On::BeforeDue && length.of == Measure::WorkingDays {
            return wrong(
                "after",
                "is counted in hours or days before something is due",
            );
        }
        Ok(())
    }

    /// In words.
    pub fn words(&self) -> String {
        let long = self.after.map(Length::words).unwrap_or_default();
        match self.on {
            On::Changed if !self.fields.is_empty() => {
                let fields: Vec<String> = self
                    .fields
                    .iter()
                    .map(|f| f.key().replace('_', " "))
                    .collect();
                format!("Changes: {}", fields.join(", "))
            }
            On::InStatus => format!("In its status for {long}"),
            On::Unanswered => format!("Unanswered for {long}"),
            On::Silent => format!("Nothing done for {long}"),
            On::BeforeDue => format!("{long} before it is due"),
            On::AfterDue if self.after.is_some_and(|a| a.count == 0) => "When it is overdue".into(),
            On::AfterDue => format!("{long} after it was due"),
            on => on.label().to_owned(),
        }
    }

    /// Whether what happened sets it off.
    pub fn is_set_off(&self, happened: &Happened) -> bool {
        match self.on {
            On::Opened => happened.opened,
            // What comes with the opening is part of it.
            _ if happened.opened => false,
            On::Changed if self.fields.is_empty() => !happened.fields.is_empty(),
            On::Changed => !self.fields.is_disjoint(&happened.fields),
            On::RequesterAnswered => happened.requester_answered,
            On::StaffAnswered => happened.staff_answered,
            On::Escalated => happened.escalated,
            On::InStatus | On::Unanswered | On::Silent | On::BeforeDue | On::AfterDue => false,
        }
    }

    /// When its time comes for a ticket; `None`: never, as things are, or it is not on
    /// time. A ticket that is closed has no time, but for that in its status.
    pub fn occasion(&self, ticket: &Ticket, works: &Clockwork<'_>) -> Option<Occasion> {
        let length = self.after?;
        if ticket.merged_into().is_some() {
            return None;
        }
        let open = ticket.status.is_open();
        let counted = |since: Millis| Occasion {
            since,
            at: length.after(since, works.days),
        };
        match self.on {
            On::InStatus => Some(counted(ticket.status_since)),
            On::Unanswered if open && ticket.needs_reply => works.asked.map(counted),
            On::Silent if open => works
                .clocks?
                .running()
                .iter()
                .find(|leg| leg.kind == TargetKind::Silence)
                .map(|leg| counted(leg.from)),
            On::BeforeDue | On::AfterDue if open => {
                let legs = works.clocks?.running().iter();
                let (due, since) = legs
                    .filter_map(|leg| {
                        let figure = leg.figure(works.terms, leg.from);
                        Some((Due::of(leg.kind, &figure)?, leg.from))
                    })
                    .min_by_key(|(due, _)| (due.at, due.clock))?;
                let at = match self.on {
                    On::BeforeDue => due.at.saturating_sub(length.plain()).max(since),
                    _ => length.after(due.at, works.days),
                };
                Some(Occasion { since, at })
            }
            _ => None,
        }
    }
}

/// What one cause did to one ticket, as far as it sets rules off.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Happened {
    /// It was opened.
    pub opened: bool,
    /// Fields that changed.
    pub fields: BTreeSet<Field>,
    /// The requester's side wrote in public.
    pub requester_answered: bool,
    /// Somebody of the support side wrote in public.
    pub staff_answered: bool,
    /// Attention was asked for.
    pub escalated: bool,
}

impl Happened {
    /// What these changes of one ticket come to.
    pub fn of<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Happened {
        let mut happened = Happened::default();
        for change in changes {
            happened.take(change);
        }
        happened
    }

    fn take(&mut self, change: &Change) {
        let field = match change {
            Change::Opened { .. } => {
                self.opened = true;
                return;
            }
            Change::EntryAdded { entry } => {
                if entry.visibility == EntryVisibility::Public && !entry.automatic {
                    self.requester_answered |= entry.by_requester;
                    self.staff_answered |= !entry.by_requester;
                }
                return;
            }
            Change::Escalated { .. } => {
                self.escalated = true;
                return;
            }
            Change::FactsSet { old, new, .. } => {
                if old.category != new.category {
                    self.fields.insert(Field::Category);
                }
                if (old.affected_users, old.degrades_service, old.security_risk)
                    == (new.affected_users, new.degrades_service, new.security_risk)
                {
                    return;
                }
                Field::Priority
            }
            Change::PriorityOverruled { .. } => Field::Priority,
            Change::StatusSet { old, new, .. } if old != new => Field::Status,
            Change::MergedAway { .. } | Change::CameBack { .. } => Field::Status,
            Change::UnitSet { .. } => Field::Unit,
            Change::OwnerSet { .. } => Field::Owner,
            Change::IssueTypeSet { .. } => Field::IssueType,
            Change::ServiceSet { .. } => Field::Service,
            Change::SiteSet { .. } => Field::Site,
            Change::CommunitySet { .. } => Field::Community,
            Change::SubjectSet { .. } => Field::Subject,
            Change::TagsSet { .. } => Field::Tags,
            _ => return,
        };
        self.fields.insert(field);
    }
}
