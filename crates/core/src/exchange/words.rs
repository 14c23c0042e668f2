//! The words of another system for ours: many of ours may be one there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::onboarding::{WordMap, default_statuses};
use crate::status::Status;
use crate::triage::Priority;

/// How one field is translated; part of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Words {
    /// Their word for each of ours.
    pub there: BTreeMap<String, String>,
    /// Our word for each of theirs.
    pub here: BTreeMap<String, String>,
    /// Our word for those of theirs that nobody knows.
    pub unknown: String,
}

/// What a word from there is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Here<'a> {
    /// This.
    Known(&'a str),
    /// Nobody knows it: the default, and to be shown to who looks after the
    /// agreement.
    Unknown(&'a str),
}

impl<'a> Here<'a> {
    /// Our word.
    pub fn word(self) -> &'a str {
        match self {
            Here::Known(word) | Here::Unknown(word) => word,
        }
    }
}

impl Words {
    /// Statuses as a form begins with them (domain section 8); of several that
    /// are one word there, the one that says least comes back.
    pub fn statuses(system: &str) -> Words {
        Words::of_statuses(default_statuses(system))
    }

    /// The same for the words of an agreement.
    pub fn of_statuses(there: WordMap) -> Words {
        // Those that say least first.
        let order = [
            Status::InProgress,
            Status::Waiting,
            Status::Solved,
            Status::Unsolved,
            Status::New,
        ];
        let order = order.into_iter().chain(Status::ALL).map(Status::key);
        Words::both_ways(there, order, Status::InProgress.key())
    }

    /// Priorities by an agreement's words; of several that are one word there,
    /// the lowest comes back.
    pub fn of_priorities(there: WordMap) -> Words {
        let order = Priority::ALL.into_iter().map(Priority::key);
        Words::both_ways(there, order, Priority::Medium.key())
    }

    /// Of several of ours that are one word there, the first in `order` comes
    /// back.
    fn both_ways(
        there: WordMap,
        order: impl Iterator<Item = &'static str>,
        unknown: &str,
    ) -> Words {
        let mut here = BTreeMap::new();
        for ours in order {
            if let Some(word) = there.get(ours) {
                here.entry(word.clone()).or_insert_with(|| ours.to_owned());
            }
        }
        Words {
            there,
            here,
            unknown: unknown.to_owned(),
        }
    }

    /// Their word; `None`: they have none, and nothing is set there.
    pub fn there(&self, ours: &str) -> Option<&str> {
        self.there.get(ours).map(String::as_str)
    }

    /// Our word.
    pub fn here(&self, theirs: &str) -> Here<'_> {
        match self.here.get(theirs) {
            Some(word) => Here::Known(word),
            None => Here::Unknown(&self.unknown),
        }
    }

    /// They have the same word for both, so theirs says nothing against ours.
    pub fn means(&self, ours: &str, theirs: &str) -> bool {
        self.there(ours) == Some(theirs)
    }

    /// What does not survive the way there and back, in words, for who makes
    /// the agreement. Empty: all of it does.
    pub fn round_trip(&self) -> Vec<String> {
        let mut lost = Vec::new();
        for (ours, theirs) in &self.there {
            match self.here(theirs) {
                Here::Known(back) if back == ours => {}
                Here::Known(back) => lost.push(format!(
                    "“{ours}” is “{theirs}” there. It stays “{ours}” here as long as it stays so there; set anew there, it comes as “{back}”."
                )),
                Here::Unknown(back) => lost.push(format!(
                    "“{ours}” is “{theirs}” there, which has no word here: it would come back as “{back}”."
                )),
            }
        }
        for (theirs, ours) in &self.here {
            match self.there(ours) {
                Some(again) if again == theirs => {}
                Some(again) => lost.push(format!(
                    "“{theirs}” there is “{ours}” here. It is left as it is there; set anew here, it becomes “{again}”."
                )),
                None => lost.push(format!(
                    "“{theirs}” there is “{ours}” here, which has no word there: it can not be set from here."
                )),
            }
        }
        lost
    }
}
