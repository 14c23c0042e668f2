//! A ticket as reports count it.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Past, Round};
use crate::clock::Ending;
use crate::id::Millis;
use crate::target::TargetKind;
use crate::ticket::{Ticket, Visibility};
use crate::turn::Turn;

/// By what reports are filtered and grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Dimension {
    /// The support unit: of a clock the one that owed it, of a stretch of time the one
    /// that had the ticket, else the one that has it.
    Unit,
    /// The service.
    Service,
    /// The status now.
    Status,
    /// The priority: of a clock the one when it began, else the one now.
    Priority,
    /// The community.
    Community,
    /// The type: user, team, alarm, ops.
    Type,
    /// The category.
    Category,
    /// The type of issue.
    IssueType,
    /// The site.
    Site,
    /// Whose turn it is now.
    Turn,
    /// The portal it came by.
    Portal,
}

impl Dimension {
    /// How many there are.
    pub const COUNT: usize = 11;

    /// Those that people filter and group by, in the order in which they are offered.
    pub const OFFERED: [Dimension; 9] = [
        Dimension::Unit,
        Dimension::Service,
        Dimension::Priority,
        Dimension::Status,
        Dimension::Community,
        Dimension::Site,
        Dimension::Category,
        Dimension::IssueType,
        Dimension::Type,
    ];

    /// The word used in addresses and JSON.
    pub fn key(self) -> &'static str {
        match self {
            Dimension::Unit => "unit",
            Dimension::Service => "service",
            Dimension::Status => "status",
            Dimension::Priority => "priority",
            Dimension::Community => "community",
            Dimension::Type => "type",
            Dimension::Category => "category",
            Dimension::IssueType => "issue_type",
            Dimension::Site => "site",
            Dimension::Turn => "turn",
            Dimension::Portal => "portal",
        }
    }

    /// The words shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Dimension::Unit => "Unit",
            Dimension::Service => "Service",
            Dimension::Status => "Status",
            Dimension::Priority => "Priority",
            Dimension::Community => "Community",
            Dimension::Type => "Type",
            Dimension::Category => "Category",
            Dimension::IssueType => "Type of issue",
            Dimension::Site => "Site",
            Dimension::Turn => "Whose turn",
            Dimension::Portal => "Portal",
        }
    }

    /// Reads the key of one that is offered; `None` for anything else.
    pub fn parse(key: &str) -> Option<Dimension> {
        Dimension::OFFERED.into_iter().find(|d| d.key() == key)
    }
}

/// A value of a dimension.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// The ticket names none.
    None,
    /// By id.
    Id(Uuid),
    /// By key.
    Text(String),
}

impl Word {
    /// A key, or none.
    pub fn text(text: Option<&str>) -> Word {
        text.map_or(Word::None, |t| Word::Text(t.to_owned()))
    }
}

/// A word by its place in [`Words`].
pub type Key = u32;

/// Every word once, so that courses hold numbers.
#[derive(Debug, Clone, Default)]
pub struct Words {
    list: Vec<Word>,
    places: HashMap<Word, Key>,
}

impl Words {
    /// The place of a word, new or known.
    pub fn key(&mut self, word: Word) -> Key {
        if let Some(key) = self.places.get(&word) {
            return *key;
        }
        let key = Key::try_from(self.list.len()).unwrap_or(Key::MAX);
        self.list.push(word.clone());
        self.places.insert(word, key);
        key
    }

    /// The word at a place.
    pub fn word(&self, key: Key) -> &Word {
        self.list.get(key as usize).unwrap_or(&Word::None)
    }

    /// All of them, in the order of their keys.
    pub fn list(&self) -> &[Word] {
        &self.list
    }
}

/// A stay in a unit, by the unit's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where.
    pub unit: Key,
    /// From then.
    pub from: Millis,
}

/// What a clock showed when it ended, by keys; see [`super::Measure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Which clock.
    pub clock: TargetKind,
    /// How it ended.
    pub how: Ending,
    /// The unit that owed it.
    pub unit: Key,
    /// The priority when it began.
    pub priority: Key,
    /// When it ended.
    pub ended: Millis,
    /// The working time that it took.
    pub used: Millis,
    /// The target; `None`: nothing was promised.
    pub within: Option<Millis>,
}

/// A ticket as reports count it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Course {
    /// Its number.
    pub number: i64,
    /// When it was opened.
    pub opened: Millis,
    /// It is restricted: not everybody's reports count it.
    pub restricted: bool,
    /// What it is, by [`Dimension`].
    pub dims: [Key; Dimension::COUNT],
    /// In which units it was.
    pub stays: Vec<Span>,
    /// When it was open.
    pub rounds: Vec<Round>,
    /// The clocks that ended.
    pub told: Vec<Told>,
}

impl Course {
    /// What a ticket is now and what its history was. `turn`: whose it is now.
    pub fn of(ticket: &Ticket, turn: Option<Turn>, past: &Past, words: &mut Words) -> Course {
        let mut dims = [0; Dimension::COUNT];
        for (dimension, word) in [
            (Dimension::Unit, Word::Id(ticket.unit.0)),
            (
                Dimension::Service,
                ticket.service.map_or(Word::None, |s| Word::Id(s.0)),
            ),
            (Dimension::Status, Word::Text(ticket.status.key().into())),
            (
                Dimension::Priority,
                Word::Text(ticket.priority().key().into()),
            ),
            (
                Dimension::Community,
                Word::text(ticket.community.as_deref()),
            ),
            (Dimension::Type, Word::Text(ticket.kind.key().into())),
            (
                Dimension::Category,
                Word::Text(ticket.facts.category.as_str().into()),
            ),
            (
                Dimension::IssueType,
                Word::text(ticket.issue_type.as_deref()),
            ),
            (Dimension::Site, Word::text(ticket.site.as_deref())),
            (Dimension::Turn, Word::text(turn.map(Turn::key))),
            (
                Dimension::Portal,
                ticket.portal.map_or(Word::None, |p| Word::Id(p.0)),
            ),
        ] {
            dims[dimension as usize] = words.key(word);
        }
        let stays = past.stays.iter().map(|stay| Span {
            unit: words.key(Word::Id(stay.unit.0)),
            from: stay.from,
        });
        let stays = stays.collect();
        let told = past.measures.iter().map(|m| Told {
            clock: m.clock,
            how: m.how,
            unit: words.key(Word::Id(m.unit.0)),
            priority: words.key(Word::Text(m.priority.key().into())),
            ended: m.ended,
            used: m.used,
            within: m.within,
        });
        let told = told.collect();
        Course {
            number: ticket.number.0,
            opened: past.stays.first().map_or(ticket.created_at, |s| s.from),
            restricted: ticket.visibility == Visibility::Restricted,
            dims,
            stays,
            rounds: past.rounds.clone(),
            told,
        }
    }

    /// When it was last solved or unsolved; `None`: it is open, or went into another.
    pub fn closed(&self) -> Option<Millis> {
        self.rounds.last().filter(|r| r.solved)?.to
    }

    /// The unit that had it at a moment.
    pub fn unit_at(&self, at: Millis) -> Key {
        let before = self.stays.iter().rev().find(|s| s.from <= at);
        before
            .or(self.stays.first())
            .map_or(self.dims[Dimension::Unit as usize], |s| s.unit)
    }

    /// It was open at a moment.
    pub fn open_at(&self, at: Millis) -> bool {
        self.rounds
            .iter()
            .any(|r| r.from <= at && r.to.is_none_or(|to| to > at))
    }
}
