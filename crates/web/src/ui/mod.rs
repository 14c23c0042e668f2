//! The pages. HTML first: every action is a form or a link that works without
//! a script; the one script only makes it smoother.

pub mod account;
pub mod assets;
pub mod frame;
pub mod history;
pub mod home;
pub mod mail_frame;
pub mod my_tickets;
pub mod new_ticket;
pub mod problem;
pub mod services;
pub mod sign_in;
pub mod text;
pub mod ticket;
pub mod time;
pub mod triage;
pub mod unit;
pub mod view;
pub mod workspace;

#[cfg(test)]
mod render;
#[cfg(test)]
mod samples;
