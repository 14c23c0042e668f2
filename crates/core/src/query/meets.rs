//! Whether a ticket meets a query, without a list of tickets around it.

use super::{Filter, Query, Term, Who, Word};
use crate::id::{Millis, PersonId, ServiceId, UnitId};
use crate::ticket::Ticket;

/// What the names that stand in a query mean. Each is asked for as it is written.
pub trait Names {
    /// A unit by name or key.
    fn unit(&self, name: &str) -> Option<UnitId>;
    /// A service by name, key or alias.
    fn service(&self, name: &str) -> Option<ServiceId>;
    /// The key of a community; what is none of ours stands for itself.
    fn community(&self, name: &str) -> String;
    /// A person by mail address.
    fn person(&self, address: &str) -> Option<PersonId>;
}

impl Query {
    /// Whether a ticket meets it: all of its fields as in lists, and its words in the
    /// ticket's subject, in large or small letters. `me` is nobody.
    pub fn meets(&self, ticket: &Ticket, names: &dyn Names, now: Millis) -> bool {
        let subject = ticket.subject.to_lowercase();
        let said = |word: &Word| subject.contains(&word.text.to_lowercase()) != word.negated;
        let holds = |term: &Term| term.filter.holds(ticket, names, now) != term.negated;
        self.terms.iter().all(holds) && self.words.iter().all(said)
    }

    /// It says `me` somewhere.
    pub fn is_personal(&self) -> bool {
        self.terms.iter().any(|term| {
            matches!(
                term.filter,
                Filter::Owner(Who::Me) | Filter::Requester(Who::Me)
            )
        })
    }
}

impl Filter {
    fn holds(&self, ticket: &Ticket, names: &dyn Names, now: Millis) -> bool {
        let person = |who: &Who| match who {
            Who::Me | Who::None => None,
            Who::Named(address) => names.person(address),
        };
        match self {
            Filter::Status(set) => set.contains(&ticket.status),
            Filter::Priority(how, limit) => how.holds(&ticket.priority(), limit),
            Filter::Unit(name) => names.unit(name) == Some(ticket.unit),
            Filter::Owner(Who::None) => ticket.owner.is_none(),
            Filter::Owner(who) => ticket.owner.is_some() && person(who) == ticket.owner,
            Filter::Requester(who) => person(who) == Some(ticket.requester),
            Filter::Service(name) => {
                ticket.service.is_some() && names.service(name) == ticket.service
            }
            Filter::Category(key) => ticket.facts.category == *key,
            Filter::Tag(tag) => ticket.tags.contains(&tag.to_lowercase()),
            Filter::Site(key) => ticket.site.as_ref() == Some(key),
            Filter::Community(name) => ticket.community == Some(names.community(name)),
            Filter::Type(key) => ticket.issue_type.as_ref() == Some(key),
            Filter::Kind(kind) => ticket.kind == *kind,
            Filter::Number(how, number) => how.holds(&ticket.number.0, number),
            Filter::Numbers(set) => set.contains(&ticket.number.0),
            Filter::Created(how, moment) => moment.span(*how, now).contains(ticket.created_at),
            Filter::Updated(how, moment) => moment.span(*how, now).contains(ticket.updated_at),
            Filter::Closed(how, moment) => ticket
                .closed_at
                .is_some_and(|at| moment.span(*how, now).contains(at)),
        }
    }
}
