//! The names of things: ticket numbers for people, UUIDv7 for everything else.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Epoch milliseconds, UTC.
pub type Millis = i64;

/// A ticket's permanent decimal number; never reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct TicketNumber(pub i64);

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

uuid_id! {
    /// A human being, whatever number of addresses and logins they have.
    PersonId;
    /// A support unit.
    UnitId;
    /// A service of the catalogue.
    ServiceId;
    /// Who provides services.
    ProviderId;
    /// A community's own front door.
    PortalId;
    /// One message of a ticket's public or internal diary.
    EntryId;
}
