//! The rules of the domain, told one by one and tried at random.
#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod campaign;
mod canned;
mod choice;
mod clock;
mod colour;
mod entitlement;
mod exchange;
mod exchange_sim;
mod exchange_tie;
mod exchange_words;
mod life;
mod macros;
mod merge;
mod notify;
mod onboarding;
mod opening;
mod query;
mod relation;
mod report;
mod rota;
mod rule;
mod sequence;
mod staff;
mod team;
mod timer;
mod triage;
mod worked_example;
mod working_time;
mod world;
