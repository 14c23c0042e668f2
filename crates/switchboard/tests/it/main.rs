//! Tests of the whole: what the crates may and may not do, and whether the documents tell the truth.
#![expect(clippy::unwrap_used, reason = "tests")]

mod documents;
mod kill;
mod kill_disk;
mod kill_mail;
mod kill_send;
mod kill_server;
mod layering;
mod mailman;
mod source;
