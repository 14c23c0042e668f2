//! Every SQL statement of Switchboard, one text for SQLite and PostgreSQL.
//!
//! [`Db::read`] runs a closure on a snapshot, [`Db::write`] in a transaction
//! shared with other waiting writes; both hand it a [`Conn`]. Statements are
//! literals with `$1 … $n`, or composed from literals with [`Sql`].

mod conn;
mod db;
mod error;
mod group;
mod migrate;
mod pg;
mod readers;
mod sqlite;
mod value;

pub mod address;
pub mod agreement;
pub mod alarm;
pub mod application;
pub mod audit;
pub mod campaign;
pub mod canned;
pub mod choice;
pub mod community;
pub mod counter;
pub mod coupling;
pub mod curve;
pub mod data_export;
pub mod doomed_file;
pub mod entry;
pub mod erasure;
pub mod event;
pub mod exchange;
pub mod exchange_tied;
pub mod factor;
pub mod held;
pub mod identity;
pub mod job;
pub mod lease;
pub mod legal_hold;
pub mod list;
pub mod macros;
pub mod mail;
pub mod mail_text;
pub mod mailbox;
pub mod mailed_link;
pub mod notice;
pub mod onboarding;
pub mod outbox;
pub mod partner;
pub mod pending;
pub mod person;
pub mod portal;
pub mod provider;
pub mod redirect;
pub mod report;
pub mod retention;
pub mod rota;
pub mod rule;
pub mod satisfaction;
pub mod saved_report;
pub mod schema;
pub mod search;
pub mod service_provider;
pub mod setting;
pub mod shared;
pub mod site;
pub mod staff;
pub mod ticket;
pub mod ticket_clock;
pub mod ticket_read;
pub mod timer;
pub mod trace;
pub mod unit;
pub mod unit_list;
pub mod values;
pub mod webhook;

pub use conn::{Conn, Dialect};
pub use db::{Db, Options, Written};
pub use error::Error;
pub use value::{Cell, Column, Row, Sql, Value};
