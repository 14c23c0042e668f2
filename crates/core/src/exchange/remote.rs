//! What is read from a system that knows nothing of us (RT, Zammad and their
//! like), as plain values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::change::Author;
use super::field::Field;
use super::origin::SharedId;
use crate::id::Millis;

/// One change there. Every such system numbers them; numbers and times follow
/// the moment at which a change began, not that at which it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteChange {
    /// Its number there, unique in the system.
    pub id: u64,
    /// Its ticket's number there, when it happened.
    pub ticket: String,
    /// When, by their clock and as exact as they keep it (RT: a second).
    pub at: Millis,
    /// Our account did it.
    pub ours: bool,
    /// The marker that it was sent with. Whoever quotes us copies it too: it
    /// says something only together with `ours`.
    pub marker: Option<String>,
    /// Who.
    pub author: Author,
    /// What.
    pub what: RemoteDeed,
}

/// What happened there. Internal comments are not read at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RemoteDeed {
    /// The ticket was made.
    Opened {
        /// The description.
        body: String,
        /// The subject.
        subject: String,
        /// With these files.
        files: Vec<RemoteFile>,
        /// What stood in its fields then, in their words, as far as that is
        /// known. It is looked at when the ticket is adopted.
        values: BTreeMap<Field, String>,
        /// The shared ticket that it was made for by a call of ours, if it was
        /// ([`super::Manner::marks`]).
        shared: Option<SharedId>,
    },
    /// Somebody wrote for the requester to read, or the requester did.
    Wrote {
        /// The text.
        body: String,
        /// With these files.
        files: Vec<RemoteFile>,
    },
    /// A field was set, in their words.
    Set {
        /// Which.
        field: Field,
        /// To what.
        raw: String,
    },
    /// It goes on in another ticket there.
    Merged {
        /// Its number.
        into: String,
        /// The shared ticket that is tied to it, if one is.
        shared: Option<SharedId>,
    },
    /// It was deleted.
    Deleted,
}

/// A file there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteFile {
    /// Its name.
    pub file: String,
    /// Its type.
    pub media_type: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}
