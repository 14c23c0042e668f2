//! Tests of the application layer on real databases.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests say what they found or skipped"
)]

mod alarm;
mod audit;
mod campaign;
mod canned;
mod community;
mod demo;
mod dkim;
mod erasure;
mod exchange;
mod exchange_assignee;
mod exchange_fake;
mod exchange_fields;
mod exchange_forges;
mod exchange_heard;
mod exchange_in;
mod exchange_issue_links;
mod exchange_ledger;
mod exchange_links;
mod exchange_lossy;
mod exchange_owner;
mod exchange_partner;
mod exchange_review;
mod exchange_rt;
mod exchange_services;
mod exchange_there;
mod exchange_zammad;
mod held;
mod import;
mod ldap;
mod list_mail;
mod macros;
mod mail_choice;
mod mail_door;
mod mail_in;
mod mail_proof;
mod mail_text;
mod mailbox;
mod nodes;
mod notices;
mod onboarding;
mod outbox;
mod outbox_postfix;
mod picture;
mod places;
mod portal;
mod privacy;
mod redelivery;
mod redirect;
mod report;
mod rota;
mod rule;
mod satisfaction;
mod saved_report;
mod sealed;
mod search_index;
mod service;
mod simulated_year;
mod site;
mod staff;
mod target_mail;
mod ticket_clock;
mod timer;
mod unit;
mod webhook;
