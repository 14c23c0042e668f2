//! Why a message is kept aside, unopened, for a person to look at.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A message that is stored but not turned into an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Quarantine {
    /// The class of reason, stable for filters and counts.
    pub reason: QuarantineReason,
    /// The figures of this case, for the administrator; never text taken from
    /// the message.
    pub detail: String,
}

impl Quarantine {
    pub(crate) fn new(reason: QuarantineReason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

/// The classes of reason for a quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineReason {
    /// No bytes, or only white space.
    Empty,
    /// No header of a mail in it: binary data, a stray file.
    NotMail,
    /// More bytes than allowed.
    TooLarge,
    /// Too many header fields, or too many bytes of them.
    TooMuchHeader,
    /// Multiparts inside multiparts beyond the limit.
    TooDeep,
    /// Too many parts.
    TooManyParts,
    /// Too many addresses in the headers.
    TooManyAddresses,
    /// The decoded parts together are too large.
    DecodedTooLarge,
    /// No sender that can be answered or named.
    NoSender,
    /// It claims to come from one of this desk's own addresses.
    FromOurselves,
}

impl QuarantineReason {
    /// The stable word for databases and interfaces, such as `too_deep`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotMail => "not_mail",
            Self::TooLarge => "too_large",
            Self::TooMuchHeader => "too_much_header",
            Self::TooDeep => "too_deep",
            Self::TooManyParts => "too_many_parts",
            Self::TooManyAddresses => "too_many_addresses",
            Self::DecodedTooLarge => "decoded_too_large",
            Self::NoSender => "no_sender",
            Self::FromOurselves => "from_ourselves",
        }
    }

    /// True where a higher limit could let the same message in.
    pub fn may_pass_with_other_limits(self) -> bool {
        matches!(
            self,
            Self::TooLarge
                | Self::TooMuchHeader
                | Self::TooDeep
                | Self::TooManyParts
                | Self::TooManyAddresses
                | Self::DecodedTooLarge
        )
    }
}

impl fmt::Display for QuarantineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the message is empty",
            Self::NotMail => "this is not a mail",
            Self::TooLarge => "the message is too large",
            Self::TooMuchHeader => "the message has too many header lines",
            Self::TooDeep => "the parts are nested too deeply",
            Self::TooManyParts => "the message has too many parts",
            Self::TooManyAddresses => "the message names too many addresses",
            Self::DecodedTooLarge => "the decoded parts are too large",
            Self::NoSender => "the message has no usable sender",
            Self::FromOurselves => "the message claims to come from this desk",
        })
    }
}
