//! Tests over real mail and over hostile mail.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod addresses;
mod bombs;
mod bounces;
mod corpus;
mod mutate;
mod replies;
