//! Tests of the application layer on real databases.
#![expect(clippy::unwrap_used, reason = "tests")]

mod demo;
mod mail_in;
mod notices;
