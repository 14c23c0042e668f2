//! How tickets there are linked, whichever the system.

use crate::tracker::Error;

/// How two tickets there, or a ticket and an address, are linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// It mentions the other.
    RefersTo,
    /// The other mentions it.
    ReferredToBy,
    /// It waits for the other.
    DependsOn,
    /// The other waits for it.
    DependedOnBy,
    /// The other is its parent.
    MemberOf,
    /// The other is its child.
    HasMember,
    /// It says the same as the other, which goes on.
    Duplicates,
    /// The other says the same as it, and it goes on.
    DuplicatedBy,
}

impl Relation {
    /// Every relation with its name in agreements, and where people read it.
    pub const ALL: [(Relation, &'static str); 8] = [
        (Relation::RefersTo, "RefersTo"),
        (Relation::ReferredToBy, "ReferredToBy"),
        (Relation::DependsOn, "DependsOn"),
        (Relation::DependedOnBy, "DependedOnBy"),
        (Relation::MemberOf, "MemberOf"),
        (Relation::HasMember, "HasMember"),
        (Relation::Duplicates, "Duplicates"),
        (Relation::DuplicatedBy, "DuplicatedBy"),
    ];

    /// Its name.
    pub fn key(self) -> &'static str {
        let found = Relation::ALL.iter().find(|(known, _)| *known == self);
        found.map_or("RefersTo", |(_, key)| key)
    }

    /// Reads a name.
    pub fn parse(key: &str) -> Option<Relation> {
        let found = Relation::ALL.iter().find(|(_, known)| *known == key);
        found.map(|(relation, _)| *relation)
    }

    /// The same link as the other ticket sees it.
    pub fn inverse(self) -> Relation {
        match self {
            Relation::RefersTo => Relation::ReferredToBy,
            Relation::ReferredToBy => Relation::RefersTo,
            Relation::DependsOn => Relation::DependedOnBy,
            Relation::DependedOnBy => Relation::DependsOn,
            Relation::MemberOf => Relation::HasMember,
            Relation::HasMember => Relation::MemberOf,
            Relation::Duplicates => Relation::DuplicatedBy,
            Relation::DuplicatedBy => Relation::Duplicates,
        }
    }
}

/// A link of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemoteLink {
    /// What the link says.
    pub relation: Relation,
    /// The number of a ticket there, or an address.
    pub target: String,
}

/// Somebody asks for a link that a system does not have.
pub(super) fn none_such() -> Error {
    Error::Wrong("links are not set in such a system".to_owned())
}

/// The same of one link.
pub(super) fn none_such_in(system: &str, relation: Relation) -> Error {
    Error::Wrong(format!("{system} has no link {}", relation.key()))
}
