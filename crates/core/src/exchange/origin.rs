//! How desks, shared tickets and changes are called, the same everywhere.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::TicketNumber;

/// The name of a desk, or of a system that another desk speaks for: what stands
/// in the agreement, `helpdesk.egi.eu`. 1 to 100 of `a-z 0-9 . - _ @`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeskId(Arc<str>);

impl DeskId {
    /// Reads a name; `None` when it has other characters or another length.
    pub fn new(name: &str) -> Option<DeskId> {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_@".contains(c);
        ((1..=100).contains(&name.len()) && name.chars().all(fine)).then(|| DeskId(name.into()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DeskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<DeskId> for String {
    fn from(desk: DeskId) -> String {
        desk.0.to_string()
    }
}

impl TryFrom<String> for DeskId {
    type Error = String;

    fn try_from(text: String) -> Result<DeskId, String> {
        DeskId::new(&text).ok_or_else(|| format!("{text:?} is no desk's name"))
    }
}

/// A shared ticket, wherever it is seen: the desk that opened it and its number
/// there. Written `desk/number`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SharedId {
    /// Where it was opened.
    pub desk: DeskId,
    /// Its number there.
    pub number: TicketNumber,
}

/// A change, wherever it is known: the desk where it happened and its number in
/// that desk's log of the ticket, from 1 and without gaps. Written `desk#seq`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name {
    /// Where it happened.
    pub desk: DeskId,
    /// Its number there.
    pub seq: u64,
}

macro_rules! written {
    ($name:ident, $number:ident, $between:literal, $wrap:expr) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{}", $between, "{}"), self.desk, self.$number)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl $name {
            /// Reads what `Display` wrote; `None` for anything else.
            pub fn parse(text: &str) -> Option<$name> {
                let (desk, number) = text.rsplit_once($between)?;
                // One way of writing it only: no sign, no zeros in front.
                let plain = number.bytes().all(|b| b.is_ascii_digit())
                    && (number == "0" || !number.starts_with('0'));
                Some($name {
                    desk: DeskId::new(desk)?,
                    $number: plain.then(|| number.parse().ok()).flatten().map($wrap)?,
                })
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<$name, String> {
                $name::parse(&text).ok_or_else(|| {
                    format!(
                        concat!("{:?} is not written as desk", $between, "number"),
                        text
                    )
                })
            }
        }
    };
}

written!(SharedId, number, "/", TicketNumber);
written!(Name, seq, "#", std::convert::identity::<u64>);
