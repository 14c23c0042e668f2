//! What is to be done in a system that knows nothing of us, each once although
//! answers are lost.
//!
//! A call is recorded as *sent* before it is made. When no answer comes, or this
//! desk dies, nobody knows whether it was done: it is in *doubt*. Then it is left
//! alone until it must have ended either way, the ticket there is read, and only
//! what is not found by its marker is made again.

use serde::{Deserialize, Serialize};

use super::change::{Attachment, Author};
use super::field::Field;
use super::origin::Name;
use crate::id::Millis;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its number on this ticket, from 1.
    pub number: u64,
    /// What it is found again by: letters, digits, `.`, `-`, at most 64. It goes
    /// where nobody there edits it.
    pub marker: String,
    /// What.
    pub what: What,
    /// When it was made, this was the number of the latest change of its field
    /// that had been read. An answer that comes after a later one was read says
    /// nothing of which of the two stands there. 0: none, or it sets no field.
    #[serde(default)]
    pub known: u64,
    /// How far it is.
    pub state: CallState,
}

/// What to do there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// Make the ticket.
    Create {
        /// The change behind it.
        name: Name,
        /// Who asked.
        author: Author,
        /// The description.
        body: String,
        /// The subject.
        subject: String,
    },
    /// Write for the requester to read.
    Write {
        /// The change behind it.
        name: Name,
        /// Who wrote.
        author: Author,
        /// The text.
        body: String,
    },
    /// Add a file.
    Attach {
        /// The change behind it.
        name: Name,
        /// It.
        attachment: Attachment,
    },
    /// Set a field.
    Set {
        /// Which.
        field: Field,
        /// To their word.
        raw: String,
        /// The settings that then show there.
        shows: Vec<Name>,
    },
}

impl What {
    /// The change behind it, of what only adds.
    pub fn name(&self) -> Option<&Name> {
        match self {
            What::Create { name, .. } | What::Write { name, .. } | What::Attach { name, .. } => {
                Some(name)
            }
            What::Set { .. } => None,
        }
    }
}

impl What {
    /// Takes the texts away.
    pub(super) fn erase(&mut self) {
        match self {
            What::Create {
                author,
                body,
                subject,
                ..
            } => {
                forget(author);
                body.clear();
                subject.clear();
            }
            What::Write { author, body, .. } => {
                forget(author);
                body.clear();
            }
            What::Attach { attachment, .. } => {
                attachment.file.clear();
                attachment.sha256.clear();
                attachment.erased = true;
            }
            What::Set { .. } => {}
        }
    }
}

fn forget(author: &mut Author) {
    author.name = None;
    author.address = None;
}

/// How far a call is. Times are by our clock, which must not jump while the
/// process lives; after a restart doubt begins anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CallState {
    /// Not made yet, or found not to have been done.
    Waiting,
    /// Made; the answer is missing.
    Sent {
        /// When.
        at: Millis,
    },
    /// Nobody knows.
    Doubt {
        /// Since when.
        since: Millis,
        /// When the ticket was last read for this.
        looked: Option<Millis>,
    },
    /// They do not take it, ever: kept and shown; a person decides.
    Refused {
        /// In their words.
        why: String,
    },
}
