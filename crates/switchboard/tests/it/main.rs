//! Tests of the whole: what the crates may and may not do, and whether the documents tell the truth.
#![expect(clippy::unwrap_used, reason = "tests")]

mod documents;
// The same is looked at by the tests of `desk`.
#[path = "../../../desk/tests/it/exchange_ledger.rs"]
mod exchange_ledger;
mod kill;
mod kill_disk;
mod kill_exchange;
mod kill_mail;
mod kill_partner;
mod kill_rule;
mod kill_send;
mod kill_server;
mod kill_webhook;
mod layering;
mod mailman;
mod source;
