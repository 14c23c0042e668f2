//! `/triage`: first level's board of what nobody has routed yet.

use askama::Template;
use switchboard_core::Priority;

use super::assets::Asset;
use super::frame::{Errors, Frame, Here, Room};
use super::text::Prose;
use super::view::{Chip, Choice, ClockMark, FileView, Icon, Pages, PrioMark, TimeMark, Tone};
use super::workspace::TicketLink;

/// A unit that suits, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitSuggestion {
    /// `A`, `B`: the key behind `U`.
    pub letter: char,
    /// The unit's id.
    pub value: String,
    /// Its name.
    pub name: String,
    /// "The unit of B2SHARE. Response 1 wd."
    pub why: String,
    /// It works in another system.
    pub outside: bool,
    /// It is ticked.
    pub chosen: bool,
}

/// The ticket that is worked on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TriageCard {
    /// Its version.
    pub version: i64,
    /// What the requester wrote.
    pub body: Prose,
    /// Their files.
    pub files: Vec<FileView>,
    /// The facts of triage.
    pub facts: Vec<(String, String)>,
    /// Like it.
    pub similar: Vec<TicketLink>,
    /// Categories.
    pub categories: Vec<Choice>,
    /// What the rules give.
    pub rules: Priority,
    /// "medium: more than 5 users affected".
    pub rules_words: String,
    /// The four, and which is ticked.
    pub priorities: Vec<(PrioMark, bool)>,
    /// Why another than the rules give.
    pub because: String,
    /// Units that suit.
    pub units: Vec<UnitSuggestion>,
    /// "318 active units, type to search."
    pub unit_words: String,
    /// A unit typed by name.
    pub unit: String,
    /// Services, by id.
    pub services: Vec<Choice>,
    /// Type of issue.
    pub issue_type: String,
    /// Types to choose from.
    pub issue_types: Vec<String>,
    /// A note that was typed.
    pub note: String,
    /// What was wrong.
    pub errors: Errors,
}

impl TriageCard {
    /// No suggestion is ticked, so the field for another unit counts.
    fn other_chosen(&self) -> bool {
        !self.units.iter().any(|u| u.chosen)
    }
}

/// A ticket on the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriageRow {
    /// Its number.
    pub number: i64,
    /// Where it is unfolded.
    pub href: String,
    /// What it weighs.
    pub prio: PrioMark,
    /// One line.
    pub subject: String,
    /// Who, which service, by what.
    pub words: String,
    /// First level's own target.
    pub clock: Option<ClockMark>,
    /// When it came.
    pub time: TimeMark,
    /// It is the one worked on.
    pub card: Option<Box<TriageCard>>,
}

/// New tickets that look like one incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentHint {
    /// The ticket that would be their master.
    pub master: i64,
    /// Those that look like it.
    pub tickets: Vec<i64>,
    /// "7 of these look like the Check-in incident 48217."
    pub title: String,
    /// Why.
    pub text: String,
}

/// The board.
#[derive(Debug, Clone, Template)]
#[template(path = "triage.html")]
pub struct TriagePage {
    /// Around it.
    pub frame: Frame,
    /// "14 new", "38 routed today".
    pub chips: Vec<Chip>,
    /// The oldest's clock.
    pub oldest: Option<ClockMark>,
    /// New tickets that look like one incident.
    pub hints: Vec<IncidentHint>,
    /// What is new, most urgent first.
    pub rows: Vec<TriageRow>,
    /// All units' names, to choose from.
    pub unit_names: Vec<String>,
    /// The way to the others.
    pub pages: Pages,
}
