//! What never leaves: internal entries, and personal data that the agreement
//! does not let pass (domain section 8).

use serde::{Deserialize, Serialize};

use super::change::{Author, Change, Deed, Entry, Role};
use super::field::Field;
use crate::ticket::EntryVisibility;

/// What stands in place of something that does not pass.
pub const WITHHELD: &str = "[not shared]";

/// Which personal data an agreement lets pass. Nothing, unless it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Passes {
    /// The names of those who write, and of owners.
    pub names: bool,
    /// Their mail addresses, also where they stand in a text.
    pub addresses: bool,
}

/// An entry as the desk has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalEntry {
    /// In which diary.
    pub visibility: EntryVisibility,
    /// Who wrote it.
    pub author: LocalAuthor,
    /// Its text.
    pub body: String,
}

/// Who wrote it, as the desk knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAuthor {
    /// As what.
    pub role: Role,
    /// Their name.
    pub name: String,
    /// Their address.
    pub address: Option<String>,
}

/// An entry for the exchange; `None` for internal ones. The only way from a
/// desk's entries into it.
pub fn shared_entry(local: &LocalEntry) -> Option<Entry> {
    match local.visibility {
        EntryVisibility::Internal => None,
        EntryVisibility::Public => Some(Entry {
            author: Author {
                role: local.author.role,
                name: Some(local.author.name.clone()),
                address: local.author.address.clone(),
            },
            body: local.body.clone(),
            erased: false,
        }),
    }
}

impl Passes {
    /// Takes out of a change what does not pass. `private` are the addresses of
    /// everybody who has to do with the ticket; they go out of texts too.
    pub fn filter(self, change: &mut Change, private: &[String]) {
        if !self.names {
            for (field, value) in owners(&mut change.deed) {
                if *field == Field::Owner && !value.is_empty() {
                    WITHHELD.clone_into(value);
                }
            }
        }
        if let Deed::Opened { entry, .. } | Deed::EntryAdded { entry } = &mut change.deed {
            if !self.names {
                entry.author.name = None;
            }
            if !self.addresses {
                entry.author.address = None;
            }
        }
        if !self.addresses {
            for text in change.texts() {
                for address in private {
                    mask(text, address);
                }
            }
        }
    }
}

fn owners(deed: &mut Deed) -> Vec<(&Field, &mut String)> {
    use super::change::Ask;
    match deed {
        Deed::Opened { fields, .. } => fields.iter_mut().collect(),
        Deed::FieldSet { field, value, .. }
        | Deed::Asked {
            ask: Ask::Set { field, value },
        } => vec![(field, value)],
        _ => Vec::new(),
    }
}

/// Puts [`WITHHELD`] in place of every occurrence, in any case of ASCII.
fn mask(text: &mut String, address: &str) {
    if address.is_empty() {
        return;
    }
    // ASCII lower case keeps every byte where it was.
    let wanted = address.to_ascii_lowercase();
    let lower = text.to_ascii_lowercase();
    let mut places = lower.match_indices(&wanted).peekable();
    if places.peek().is_none() {
        return;
    }
    let mut masked = String::with_capacity(text.len());
    let mut end = 0;
    for (at, found) in places {
        masked.push_str(&text[end..at]);
        masked.push_str(WITHHELD);
        end = at + found.len();
    }
    masked.push_str(&text[end..]);
    *text = masked;
}
