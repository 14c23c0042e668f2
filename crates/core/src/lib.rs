//! The rules of a helpdesk, as pure functions from state and command to events.
//!
//! Nothing here reads a clock, a file, a socket or a database: the caller
//! passes in what is known ([`Scene`]) and gets back what happens
//! ([`Change`]s) or why it does not ([`Refusal`]).

pub mod access;
pub mod alarm;
pub mod campaign;
pub mod canned;
pub mod change;
pub mod choice;
pub mod clock;
pub mod colour;
pub mod command;
pub mod decide;
pub mod entitlement;
pub mod exchange;
pub mod form;
pub mod icalendar;
pub mod id;
pub mod macros;
pub mod notify;
pub mod onboarding;
pub mod query;
pub mod redact;
pub mod redirect;
pub mod report;
pub mod rota;
pub mod rule;
pub mod satisfaction;
pub mod special_day;
pub mod staff;
pub mod status;
pub mod target;
pub mod ticket;
pub mod timer;
pub mod tlp;
pub mod triage;
pub mod turn;
pub mod unit;
pub mod variable;
pub mod webhook;
pub mod week;
pub mod working_time;

pub use access::{Access, Actor, Channel, Membership, Part};
pub use change::{Change, EntryFacts};
pub use command::{Command, NewTicket, Refusal};
pub use decide::{Caused, Offer, Scene, UnitFacts, allowed, decide, open, status_choices};
pub use form::{FieldType, FormField};
pub use id::{EntryId, Millis, PersonId, PortalId, ProviderId, ServiceId, TicketNumber, UnitId};
pub use notify::{Notice, Reason, Recipient, Told, UnitAudience, audience};
pub use query::Query;
pub use special_day::SpecialDay;
pub use status::Status;
pub use target::{Light, TargetKind, TargetSet, Within};
pub use ticket::{
    EntryVisibility, Hold, MergedFrom, Overrule, Party, PartyRole, Relation, RelationKind,
    Solution, SolutionKind, TellRequester, Ticket, TicketType, Visibility,
};
pub use tlp::Tlp;
pub use triage::{Assessment, Facts, Priority, RuleSet, SecurityRisk, WhatIf};
pub use turn::Turn;
pub use week::Week;
