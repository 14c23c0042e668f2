//! The REST API and the pages from outside: the real router on real databases.

#![expect(clippy::unwrap_used, reason = "tests")]

mod account_page;
mod assign;
mod attachment;
mod bad_input;
mod browser;
mod canary;
mod catalogue;
mod clock;
mod document;
mod door;
mod exchange;
mod fault;
mod federated;
mod federated_cases;
mod feed;
mod forms;
mod hunt;
mod incoming_page;
mod job;
mod live;
mod main_job;
mod matrix;
mod new_ticket_page;
mod pages;
mod partner;
mod portal;
mod privacy;
mod privacy_page;
mod provider_page;
mod registration;
mod relation;
mod report;
mod routes;
mod second_factor;
mod site;
mod solution_link;
mod staff;
mod staff_page;
mod ticket;
mod ticket_page;
mod timers;
mod token;
mod triage_page;
mod work_page;
