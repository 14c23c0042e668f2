//! What can happen to a shared ticket. What is not in here can not leave a desk:
//! there is no internal entry.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::field::Field;
use super::origin::{DeskId, Name, SharedId};
use crate::id::Millis;

/// One change of a shared ticket. It keeps its name wherever it goes; on its way
/// only `path` grows, and personal data may become less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Of which ticket.
    pub ticket: SharedId,
    /// Where it happened, and its number there.
    pub name: Name,
    /// One more than that of any change that its desk knew then: what was known
    /// before comes before. Stands in for clocks, which nobody keeps alike.
    pub tick: u64,
    /// When, by its desk's clock. Shown, and decides nothing.
    pub at: Millis,
    /// The desks that have it because it came this way, its own first.
    pub path: Vec<DeskId>,
    /// What.
    pub deed: Deed,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Deed {
    /// The ticket came to be, at the desk that then has the baton.
    Opened {
        /// The description.
        entry: Entry,
        /// The fields as they were then.
        fields: BTreeMap<Field, String>,
    },
    /// A public entry was written.
    EntryAdded {
        /// It.
        entry: Entry,
    },
    /// A file was attached to a public entry.
    AttachmentAdded {
        /// It.
        attachment: Attachment,
    },
    /// A field was set.
    FieldSet {
        /// Which.
        field: Field,
        /// To what; empty: to nothing.
        value: String,
        /// The word of the system that it came from, when several of its words
        /// mean this one, or when it was unknown here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        raw: Option<String>,
        /// The sets that stood there when it was set, and that it replaces.
        over: Vec<Name>,
        /// The turn of the baton that its desk knew of.
        turn: u64,
    },
    /// A desk that may not set something asks the one that may.
    Asked {
        /// For what.
        ask: Ask,
    },
    /// The desk that has the baton answered an ask.
    Settled {
        /// Which.
        ask: Name,
        /// How.
        how: Settled,
    },
    /// The desk that had the baton gave it to another.
    BatonPassed {
        /// To whom.
        to: DeskId,
        /// The new turn: one more than the one that ended.
        turn: u64,
        /// Why, for people.
        note: String,
    },
    /// Somebody is to be forgotten: the texts of these changes go, everywhere.
    Erased {
        /// Which changes.
        what: Vec<Name>,
    },
    /// A desk or system says what became of an erasure there.
    ErasureDone {
        /// The change that asked for it.
        erasure: Name,
        /// `None`: done; else why not, and who can.
        problem: Option<String>,
    },
}

/// A public entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Who wrote it.
    pub author: Author,
    /// The text; empty once it was erased.
    pub body: String,
    /// It was erased.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
}

/// Who wrote something, as far as it may be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// As what.
    pub role: Role,
    /// The name, when the agreement lets it pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The mail address, when the agreement lets it pass. Otherwise two systems
    /// would write to the same person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Author {
    /// How another desk shows them: "Ann (via EGI)" (domain section 8).
    pub fn shown(&self, system: &str) -> String {
        let who = self.name.as_deref().unwrap_or(match self.role {
            Role::Requester => "The requester",
            Role::Staff => "Support",
            Role::System => "The desk",
        });
        format!("{who} (via {system})")
    }
}

/// As what somebody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Who asked, or somebody they added.
    Requester,
    /// Support.
    Staff,
    /// No human being.
    System,
}

/// A file. Its bytes travel beside the log and are known by their digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The entry that it belongs to.
    pub entry: Name,
    /// Its name; empty once it was erased.
    pub file: String,
    /// Its type.
    pub media_type: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 in hex; empty once it was erased.
    pub sha256: String,
    /// It was erased.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
}

/// What one desk can ask of the one that has the baton.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Ask {
    /// Set this.
    Set {
        /// Which field.
        field: Field,
        /// To what.
        value: String,
    },
    /// Give the baton to me.
    Baton,
}

/// How an ask ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Settled {
    /// It was done.
    Done,
    /// It was not.
    Declined {
        /// Why, for people.
        reason: String,
    },
}

impl Change {
    /// Every text that a person wrote or that says something about one, for
    /// filters and searches.
    pub fn texts(&mut self) -> Vec<&mut String> {
        match &mut self.deed {
            Deed::Opened { entry, fields } => {
                let mut texts = entry.texts();
                texts.extend(fields.values_mut());
                texts
            }
            Deed::EntryAdded { entry } => entry.texts(),
            Deed::AttachmentAdded { attachment } => vec![&mut attachment.file],
            Deed::FieldSet { value, raw, .. } => {
                std::iter::once(value).chain(raw.as_mut()).collect()
            }
            Deed::Asked { ask } => match ask {
                Ask::Set { value, .. } => vec![value],
                Ask::Baton => Vec::new(),
            },
            Deed::Settled { how, .. } => match how {
                Settled::Declined { reason } => vec![reason],
                Settled::Done => Vec::new(),
            },
            Deed::BatonPassed { note, .. } => vec![note],
            Deed::Erased { .. } => Vec::new(),
            Deed::ErasureDone { problem, .. } => problem.as_mut().into_iter().collect(),
        }
    }

    /// Takes the texts away and leaves the mark. What came to be, when and
    /// where, stays: the log has no holes.
    pub fn erase(&mut self) {
        match &mut self.deed {
            Deed::Opened { entry, fields } => {
                entry.erase();
                for (field, value) in fields {
                    if field.is_free_text() {
                        value.clear();
                    }
                }
            }
            Deed::EntryAdded { entry } => entry.erase(),
            Deed::AttachmentAdded { attachment } => {
                attachment.file.clear();
                attachment.sha256.clear();
                attachment.erased = true;
            }
            Deed::FieldSet {
                field, value, raw, ..
            } => {
                if field.is_free_text() {
                    value.clear();
                    *raw = None;
                }
            }
            Deed::Asked {
                ask: Ask::Set { field, value },
            } => {
                if field.is_free_text() {
                    value.clear();
                }
            }
            Deed::Settled {
                how: Settled::Declined { reason },
                ..
            } => reason.clear(),
            Deed::BatonPassed { note, .. } => note.clear(),
            Deed::Asked { ask: Ask::Baton }
            | Deed::Settled {
                how: Settled::Done, ..
            }
            | Deed::Erased { .. }
            | Deed::ErasureDone { .. } => {}
        }
    }
}

impl Entry {
    /// Takes text and author away.
    pub fn erase(&mut self) {
        self.body.clear();
        self.author.name = None;
        self.author.address = None;
        self.erased = true;
    }

    fn texts(&mut self) -> Vec<&mut String> {
        let mut texts = vec![&mut self.body];
        texts.extend(&mut self.author.name);
        texts.extend(&mut self.author.address);
        texts
    }
}

impl Field {
    /// People write what they like into it, and so about people.
    pub fn is_free_text(&self) -> bool {
        match self {
            Field::Solution | Field::Owner | Field::Subject | Field::Other(_) => true,
            Field::Status | Field::MergedInto | Field::Priority | Field::Category => false,
        }
    }
}
