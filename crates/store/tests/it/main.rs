//! The seam on both databases.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stderr, reason = "skipped tests say so")]

mod desk;
mod faults;
mod here;
mod jobs;
mod list;
mod migrate;
// Of `testkit`, which builds on this crate.
#[path = "../../../testkit/src/peer.rs"]
pub mod peer;
mod seam;
mod search;
mod statements;
