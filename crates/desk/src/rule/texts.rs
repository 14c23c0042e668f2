//! The fields of texts that a rule writes.

use store::Conn;
use switchboard_core::canned::FIELDS;
use switchboard_core::{Actor, Channel, Ticket};

use crate::mail_text::Values;
use crate::{Catalogue, Desk, Error};

/// Those that a rule's texts have of their own.
const OWN: &[&str] = &[
    "ticket",
    "subject",
    "status",
    "priority",
    "unit",
    "service",
    "site",
    "community",
    "name",
    "owner",
    "rule",
    "desk",
];

/// All that may stand in braces, those of canned texts and macros, too. What is not here no
/// text can tell.
pub(crate) fn fields() -> Vec<&'static str> {
    [OWN, FIELDS].concat()
}

/// What stands in them for a ticket.
///
/// # Errors
/// When the database can not be read.
pub(crate) fn values(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    ticket: &Ticket,
    rule: &str,
) -> Result<Values, Error> {
    let mut name = |id| {
        let person = store::person::load(c, id)?;
        Ok::<_, Error>(person.map_or_else(String::new, |p| p.name))
    };
    let (requester, owner) = (name(ticket.requester)?, ticket.owner.map(name).transpose()?);
    let unit = catalogue.unit(ticket.unit);
    let service = ticket.service.and_then(|id| catalogue.service(id));
    // Who signs is the desk: a rule is nobody.
    let signs = Actor {
        name: desk.config().name.clone(),
        ..Actor::system(Channel::Job)
    };
    let mut all = crate::canned::values(c, desk, catalogue, ticket, &signs)?;
    all.extend([
        ("ticket", ticket.number.to_string()),
        ("subject", ticket.subject.clone()),
        ("status", ticket.status.label().to_lowercase()),
        ("priority", ticket.priority().key().to_owned()),
        ("unit", unit.map_or_else(String::new, |u| u.name.clone())),
        (
            "service",
            service.map_or_else(String::new, |s| s.name.clone()),
        ),
        ("site", ticket.site.clone().unwrap_or_default()),
        ("community", ticket.community.clone().unwrap_or_default()),
        ("name", requester),
        ("owner", owner.unwrap_or_default()),
        ("rule", rule.to_owned()),
        ("desk", desk.config().name.clone()),
    ]);
    Ok(all)
}
