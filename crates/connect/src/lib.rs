//! The outside world: where files lie and how mail leaves.
//!
//! Only this crate opens outbound connections.

pub mod blob;
pub mod ledger;
pub mod outbox;

pub use blob::{BlobError, Blobs, Removed};
pub use ledger::Ledger;
pub use outbox::{Delivery, Mailer, MailerConfig};
