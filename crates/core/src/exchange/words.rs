//! The words of another system for ours: many of ours may be one there.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::field::Field;
use crate::onboarding::{WordMap, default_priorities, default_statuses};
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
    /// What has no word goes and comes as it is.
    #[serde(default)]
    pub open: bool,
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

/// One word on its way through the map and back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// The word that sets out.
    pub from: String,
    /// What it is on the other side; `None`: they have none, and it is not set.
    pub to: Option<String>,
    /// What that is when it is set anew over there and comes back; `None`: it
    /// has no word here, and the default comes.
    pub back: Option<String>,
}

impl Way {
    /// It comes back as it went.
    pub fn survives(&self) -> bool {
        self.back.as_ref() == Some(&self.from)
    }
}

/// What becomes of every word, for who makes the agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Each of ours, there, and back here.
    pub ours: Vec<Way>,
    /// Each of theirs, here, and back there when it is set anew here.
    pub theirs: Vec<Way>,
}

/// What an agreement must not say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordsProblem {
    /// A word that this desk does not have.
    #[error("“{word}” is no {field} of this desk: it has to be one of {right}")]
    NotOurs {
        /// Of which field.
        field: Field,
        /// The word.
        word: String,
        /// Those that there are, with commas between.
        right: String,
    },
    /// Nothing where a word has to be.
    #[error("{field}: “{word}” is translated by nothing: name a word, or leave it out")]
    Nothing {
        /// Of which field.
        field: Field,
        /// What has no translation.
        word: String,
    },
}

impl Words {
    /// Statuses as a form begins with them (domain section 8).
    pub fn statuses(system: &str) -> Words {
        Words::of_statuses(default_statuses(system))
    }

    /// Their word for each of our statuses, as somebody wrote it into a form. Of
    /// several that are one word there, the one that says least comes back.
    pub fn of_statuses(there: WordMap) -> Words {
        // Those that say least first.
        let least = [
            Status::InProgress,
            Status::Waiting,
            Status::Solved,
            Status::Unsolved,
            Status::New,
        ];
        let order = least.into_iter().chain(Status::ALL).map(Status::key);
        Words::of(there, order, Status::InProgress.key())
    }

    /// Priorities as a form begins with them (domain section 8).
    pub fn priorities(system: &str) -> Words {
        Words::of_priorities(default_priorities(system))
    }

    /// Their word for each of our priorities, as somebody wrote it into a form.
    /// Of several that are one word there, the lowest comes back.
    pub fn of_priorities(there: WordMap) -> Words {
        let order = Priority::ALL.into_iter().map(Priority::key);
        Words::of(there, order, Priority::Medium.key())
    }

    /// Of several of ours that are one word there, the first of `order` comes
    /// back, and those that are not in it after those that are; what nobody
    /// knows comes as `unknown`.
    pub fn of<'a>(
        there: WordMap,
        order: impl IntoIterator<Item = &'a str>,
        unknown: &str,
    ) -> Words {
        let mut here = BTreeMap::new();
        let mut add = |ours: &str| {
            if let Some(theirs) = there.get(ours) {
                here.entry(theirs.clone())
                    .or_insert_with(|| ours.to_owned());
            }
        };
        order.into_iter().for_each(&mut add);
        there.keys().map(String::as_str).for_each(add);
        Words {
            there,
            here,
            unknown: unknown.to_owned(),
            open: false,
        }
    }

    /// Of a field whose values are no fixed words: those that are named are
    /// translated, all others go and come as they are.
    pub fn open(there: WordMap) -> Words {
        Words {
            open: true,
            ..Words::of(there, [], "")
        }
    }

    /// Their word; `None`: they have none, and nothing is set there.
    pub fn there<'a>(&'a self, ours: &'a str) -> Option<&'a str> {
        let known = self.there.get(ours).map(String::as_str);
        known.or(self.open.then_some(ours))
    }

    /// Our word. One that says more than anybody knows, as `closed: duplicate`, is
    /// what stands before the colon.
    pub fn here<'a>(&'a self, theirs: &'a str) -> Here<'a> {
        if self.open {
            let known = self.here.get(theirs).map(String::as_str);
            return Here::Known(known.unwrap_or(theirs));
        }
        let known = self.here.get(theirs).or_else(|| {
            let (plain, _) = theirs.split_once(": ")?;
            self.here.get(plain)
        });
        match known {
            Some(word) => Here::Known(word),
            None => Here::Unknown(&self.unknown),
        }
    }

    /// They have the same word for both, so theirs says nothing against ours.
    pub fn means(&self, ours: &str, theirs: &str) -> bool {
        self.there(ours) == Some(theirs)
    }

    /// Everything that is wrong with it; nothing: the agreement can be kept.
    /// `ours`: the words that this desk has for the field; empty: any will do.
    pub fn problems(&self, field: &Field, ours: &[&str]) -> Vec<WordsProblem> {
        let mut found = Vec::new();
        let words = self
            .there
            .keys()
            .chain(self.here.values())
            .chain([&self.unknown]);
        let strange: BTreeSet<&String> = words
            .filter(|word| !ours.is_empty() && !ours.contains(&word.as_str()))
            .collect();
        for word in strange {
            found.push(WordsProblem::NotOurs {
                field: field.clone(),
                word: word.clone(),
                right: ours.join(", "),
            });
        }
        for (word, other) in self.there.iter().chain(&self.here) {
            if other.trim().is_empty() {
                found.push(WordsProblem::Nothing {
                    field: field.clone(),
                    word: word.clone(),
                });
            }
        }
        found
    }

    /// What becomes of each of `ours`, the words that this desk has, and of each
    /// of theirs that the agreement knows.
    pub fn preview(&self, ours: &[&str]) -> Preview {
        let more = self.there.keys().map(String::as_str);
        let more = more.filter(|word| !ours.contains(word));
        let out = |word: &str| {
            let to = self.there(word);
            Way {
                from: word.to_owned(),
                to: to.map(str::to_owned),
                back: to.and_then(|to| self.here.get(to)).cloned(),
            }
        };
        let coming = |(theirs, ours): (&String, &String)| Way {
            from: theirs.clone(),
            to: Some(ours.clone()),
            back: self.there(ours).map(str::to_owned),
        };
        Preview {
            ours: ours.iter().copied().chain(more).map(out).collect(),
            theirs: self.here.iter().map(coming).collect(),
        }
    }

    /// What does not survive the way there and back, in words, for who makes
    /// the agreement. Empty: all of it does.
    pub fn round_trip(&self) -> Vec<String> {
        let Preview { ours, theirs } = self.preview(&[]);
        let lost = |way: &Way| !way.survives();
        let out = ours.into_iter().filter(lost).map(|way| {
            let (from, to) = (way.from, way.to.unwrap_or_default());
            match way.back {
                Some(back) => format!(
                    "“{from}” is “{to}” there. It stays “{from}” here as long as it stays so there; set anew there, it comes as “{back}”."
                ),
                None => format!(
                    "“{from}” is “{to}” there, which has no word here: it would come back as “{}”.",
                    self.unknown
                ),
            }
        });
        let coming = theirs.into_iter().filter(lost).map(|way| {
            let (from, to) = (way.from, way.to.unwrap_or_default());
            match way.back {
                Some(back) => format!(
                    "“{from}” there is “{to}” here. It is left as it is there; set anew here, it becomes “{back}”."
                ),
                None => format!(
                    "“{from}” there is “{to}” here, which has no word there: it can not be set from here."
                ),
            }
        });
        out.chain(coming).collect()
    }
}
