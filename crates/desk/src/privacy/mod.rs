//! A person's data: where it is, how it is given out, and what becomes of it.

pub mod erase;
mod erase_ticket;
pub mod export;
pub(crate) mod files;
pub mod ledger;
pub mod places;
pub mod retain;
pub mod wish;

pub(crate) use files::run as run_files;
