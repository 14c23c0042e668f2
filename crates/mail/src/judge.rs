//! Was this written by a person? The verdict over a message that was read.
//!
//! Each rule is one small function in a file of this folder and one line in
//! [`RULES`]. Rules run in that order; the first that suppresses or
//! quarantines decides, those that only find a machine at work are noted.

use crate::address::Address;
use crate::parse::Incoming;
use crate::quarantine::Quarantine;

mod auto_reply;
mod bounce;
mod list;
mod machine;
mod own_loop;
mod receipt;
mod sender;

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It becomes an entry.
    Accept {
        /// The rule that found a machine at work, such as `list`. Where there
        /// is one, no mail may be sent in automatic answer (RFC 3834, 2).
        automatic: Option<&'static str>,
    },
    /// It is stored and shown with the reason, and has no effect.
    Suppress {
        /// Why.
        reason: SuppressReason,
        /// What bounced, where the reason is a bounce and says so.
        bounce: Option<BouncedInfo>,
    },
    /// It is kept aside for a person.
    Quarantine(Quarantine),
}

/// Why a message has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SuppressReason {
    /// A mail of ours could not be delivered, or is late (RFC 3464).
    Bounce,
    /// A mail of ours was displayed or deleted (RFC 8098).
    ReadReceipt,
    /// An absence note or another automatic answer (RFC 3834).
    AutoReply,
    /// Our own mail came back.
    OwnLoop,
    /// Sent with an empty return path, which only machines do.
    NullSender,
}

impl SuppressReason {
    /// The stable word for databases and interfaces, such as `auto_reply`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::ReadReceipt => "read_receipt",
            Self::AutoReply => "auto_reply",
            Self::OwnLoop => "own_loop",
            Self::NullSender => "null_sender",
        }
    }
}

/// What a bounce says about the mail that did not arrive. All of it is claimed
/// by the bounce: look the id up before acting on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BouncedInfo {
    /// `Message-ID` of the mail that bounced, without brackets.
    pub original_message_id: Option<String>,
    /// Who did not get it.
    pub recipient: Option<Address>,
    /// Enhanced status code such as `5.1.1` (RFC 3463).
    pub status: Option<String>,
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
    pub action: Option<String>,
}

impl BouncedInfo {
    /// True where trying again is of no use: status class 5, or a failure
    /// without a status.
    pub fn is_permanent(&self) -> bool {
        match (&self.status, &self.action) {
            (Some(status), _) => status.starts_with('5'),
            (None, Some(action)) => action == "failed",
            (None, None) => true,
        }
    }
}

/// What belongs to this desk, so that it knows itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnAddresses {
    /// The name of this instance in `X-Switchboard-Loop`.
    pub instance: String,
    /// Domains of the message ids that this desk gives out, in lower case.
    pub domains: Vec<String>,
    /// The addresses at which this desk receives mail.
    pub desks: Vec<Address>,
}

impl OwnAddresses {
    /// Whether an address is one of the desk's, with or without a `+…` part.
    pub fn is_desk(&self, address: &Address) -> bool {
        self.desks.iter().any(|desk| {
            desk == address
                || (desk.domain() == address.domain()
                    && address.local().strip_prefix(desk.local()).is_some_and(|rest| rest.starts_with('+')))
        })
    }
}

/// What one rule found.
enum Finding {
    Suppress(SuppressReason, Option<BouncedInfo>),
    Quarantine(Quarantine),
    Automatic,
}

/// A rule: its stable name and what it looks for.
struct Rule {
    name: &'static str,
    find: fn(&Incoming, &OwnAddresses) -> Option<Finding>,
}

/// All rules in the order in which they are asked. To add one: write its file,
/// add its line here, add a mail to its tests.
const RULES: [Rule; 11] = [
    Rule { name: "own_loop", find: own_loop::find },
    Rule { name: "delivery_report", find: bounce::find_report },
    Rule { name: "read_receipt", find: receipt::find },
    Rule { name: "bounce", find: bounce::find_plain },
    Rule { name: "auto_reply", find: auto_reply::find_header },
    Rule { name: "absence_subject", find: auto_reply::find_subject },
    Rule { name: "null_sender", find: sender::find_null_path },
    Rule { name: "no_sender", find: sender::find_missing },
    Rule { name: "from_ourselves", find: sender::find_ourselves },
    Rule { name: "list", find: list::find },
    Rule { name: "machine", find: machine::find },
];

/// The names of all rules, in order; for documentation and statistics.
pub fn rules() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.name)
}

/// Decides what becomes of a message.
pub fn verdict(mail: &Incoming, own: &OwnAddresses) -> Verdict {
    let mut automatic = None;
    for rule in &RULES {
        match (rule.find)(mail, own) {
            Some(Finding::Suppress(reason, bounce)) => return Verdict::Suppress { reason, bounce },
            Some(Finding::Quarantine(quarantine)) => return Verdict::Quarantine(quarantine),
            Some(Finding::Automatic) => automatic = automatic.or(Some(rule.name)),
            None => {}
        }
    }
    Verdict::Accept { automatic }
}

/// The first word of a header value in lower case, comments and parameters
/// left out.
fn first_word(value: &str) -> String {
    let end = value.find([';', '(', ' ', '\t', ',']).unwrap_or(value.len());
    value.get(..end).unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a mail says that it answers another one.
fn answers_something(mail: &Incoming, own: &OwnAddresses) -> bool {
    let to_plus = mail
        .to
        .iter()
        .map(|mailbox| &mailbox.address)
        .chain(&mail.delivered_to)
        .any(|address| own.is_desk(address) && address.local().contains('+'));
    to_plus
        || !mail.in_reply_to.is_empty()
        || !mail.references.is_empty()
        || crate::subject::is_reply(&mail.subject)
}
