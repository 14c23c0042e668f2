//! The REST API and the pages from outside: the real router on real databases.

#![expect(clippy::unwrap_used, reason = "tests")]

mod assign;
mod attachment;
mod bad_input;
mod browser;
mod canary;
mod document;
mod feed;
mod job;
mod matrix;
mod pages;
mod relation;
mod routes;
mod site;
mod ticket;
mod token;
