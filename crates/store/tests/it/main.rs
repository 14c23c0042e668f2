//! The seam on both databases.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stderr, reason = "skipped tests say so")]

mod desk;
mod faults;
mod jobs;
mod list;
mod seam;
mod search;
mod statements;
