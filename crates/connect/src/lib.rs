//! The outside world: where files lie, how mail comes and leaves, and whom other
//! systems say that somebody is.
//!
//! Only this crate opens outbound connections.

pub mod blob;
pub mod dkim;
pub mod guard;
pub mod imap;
pub mod ldap;
pub mod ledger;
pub mod lmtp;
pub mod mail_auth;
pub mod oidc;
pub mod outbox;
pub mod peer_check;
pub mod peer_desk;
pub mod probe;
pub mod signature;
pub mod smime;
pub mod smtp;
pub mod tls;
pub mod tracker;
pub mod webhook;
// Of `testkit`, which builds on this crate.
#[cfg(test)]
#[path = "../../testkit/src/web_server.rs"]
pub mod web_server;

pub use blob::{BlobError, Blobs, Removed};
pub use dkim::Dkim;
pub use guard::{Guard, Reach};
pub use ledger::Ledger;
pub use oidc::Oidc;
pub use outbox::{Delivery, Mailer, MailerConfig, SmtpLogin, SmtpSecret};
pub use smime::Smime;
