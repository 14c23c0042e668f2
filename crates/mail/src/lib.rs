//! Bytes to messages and back: parse, judge, thread, trim, sanitise, build.
//!
//! Everything in this crate is a pure function. It opens no file and no
//! socket, asks no clock and draws no random number: the caller passes raw
//! bytes, keys and times in, and decides what to do with the answer.
//!
//! The road of a message that comes in:
//!
//! 1. [`parse()`] turns the bytes into an [`Incoming`] or says why it may not
//!    be opened ([`Quarantine`]). It never panics and its work is bounded by
//!    [`Limits`].
//! 2. [`verdict`] decides whether a machine wrote it: accept, suppress with a
//!    reason, or quarantine.
//! 3. [`ticket_of`] lists the tickets it may belong to, strongest hint first.
//!    The caller checks them against the database.
//! 4. [`trim_reply`] separates what the person wrote from what they quoted.
//! 5. [`orders`] reads what a member of staff asks for at the top of a mail.
//! 6. [`sender_proof`] says what the operator's own mail server found out
//!    about the sender, [`digest()`] finds a second delivery of the same mail.
//!
//! The road out is [`build()`].

pub mod address;
mod address_list;
pub mod alarm;
pub mod build;
mod cms;
mod decode;
pub mod digest;
pub mod file_name;
pub mod header;
pub mod html;
pub mod judge;
mod mime;
pub mod order;
pub mod parse;
pub mod proof;
pub mod protection;
pub mod quarantine;
pub mod redirect;
mod rtf;
pub mod said;
pub mod subject;
pub mod template;
pub mod thread;
pub mod tnef;
#[cfg(test)]
mod tnef_sample;
pub mod trim;
pub mod verp;
mod words;

pub use address::{Address, AddressError, Mailbox};
pub use build::{BuildError, Outgoing, OutgoingPart, build};
pub use digest::digest;
pub use header::Headers;
pub use html::{sanitise, to_text};
pub use judge::{BouncedInfo, OwnAddresses, SuppressReason, Verdict, verdict};
pub use order::{Order, Orders, orders};
pub use parse::{Incoming, Limits, Part, glimpse, parse};
pub use proof::{Checked, Proof, sender_proof, sole_sender};
pub use protection::Protection;
pub use quarantine::{Quarantine, QuarantineReason};
pub use said::said;
pub use subject::{bare_subject, subject_with_tag};
pub use thread::{
    Candidate, ThreadKeys, message_id, personal_reply_address, reply_address, ticket_of,
};
pub use trim::{Trimmed, trim_reply};
