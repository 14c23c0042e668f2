//! Tickets: the document the rules work on and its projections.

use switchboard_core::clock::Clocks;
use switchboard_core::ticket::{PartyRole, Relation};
use switchboard_core::{EntryId, Party, PersonId, ServiceId, Ticket, TicketNumber, Visibility};

use crate::conn::{Conn, Dialect};
use crate::error::Error;
use crate::params;
use crate::person::{self, Named};
use crate::ticket_clock::{self, Kept, Stored};

fn role_key(role: PartyRole) -> &'static str {
    match role {
        PartyRole::Cc => "cc",
        PartyRole::Subscriber => "subscriber",
        PartyRole::Involved => "involved",
        PartyRole::Site => "site",
    }
}

fn document(ticket: &Ticket) -> Result<String, Error> {
    serde_json::to_string(ticket).map_err(|e| Error::Corrupt(format!("ticket to JSON: {e}")))
}

/// Reads a stored ticket document.
///
/// # Errors
/// [`Error::Corrupt`] when the document is not one of ours.
pub fn from_document(doc: &str) -> Result<Ticket, Error> {
    serde_json::from_str(doc).map_err(|e| Error::Corrupt(format!("ticket document: {e}")))
}

const DOCUMENT: &str = "SELECT doc FROM ticket WHERE number = $1";

/// Has [`load`] answered together with the next statement, where that saves a journey.
pub fn expect(conn: &mut Conn<'_>, number: TicketNumber) -> Result<(), Error> {
    conn.expect(DOCUMENT, params![number])
}

/// The ticket's current state; `None`: no such number.
pub fn load(conn: &mut Conn<'_>, number: TicketNumber) -> Result<Option<Ticket>, Error> {
    let doc = conn.query_opt(DOCUMENT, params![number], |row| row.get::<String>(0))?;
    doc.as_deref().map(from_document).transpose()
}

/// What is read together with a ticket that is to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside {
    /// Everybody on it; whoever is unknown is left out.
    pub people: Vec<Named>,
    /// Its clocks; `None`: as [`crate::ticket_clock::from_stored`].
    pub clocks: Option<Clocks>,
}

/// The ticket with what is shown beside it; `None`: no such number.
pub fn load_to_show(
    conn: &mut Conn<'_>,
    number: TicketNumber,
) -> Result<Option<(Ticket, Beside)>, Error> {
    let far = conn.dialect() == Dialect::Postgres;
    if far {
        // Not known yet who they are, but one journey is enough to ask for both.
        person::expect_on_ticket(conn, number)?;
    }
    let found = conn.query_opt(
        "SELECT doc, clocks FROM ticket WHERE number = $1",
        params![number],
        |row| Ok((row.get::<String>(0)?, row.get::<Option<String>>(1)?)),
    )?;
    let Some((doc, clocks)) = found else {
        return Ok(None);
    };
    let ticket = from_document(&doc)?;
    let mut missing = ticket.people();
    let mut people = Vec::new();
    if far {
        people = person::on_ticket(conn, number)?;
        missing.retain(|id| people.iter().all(|p| p.id != *id));
    }
    people.extend(person::named(conn, &missing)?);
    let clocks = ticket_clock::from_stored(clocks.as_deref());
    Ok(Some((ticket, Beside { people, clocks })))
}

/// Stores a ticket that was just opened, with its clocks.
pub fn insert(conn: &mut Conn<'_>, ticket: &Ticket, clocks: &Kept) -> Result<(), Error> {
    let mut values = projection(ticket)?;
    values.extend(clocks.values());
    // It never changes.
    values.push(ticket.kind.key().into());
    conn.later(
        "INSERT INTO ticket (number, version, status, open, priority, unit, owner, requester,
           service, category, restricted, needs_reply, subject, status_since, created_at,
           updated_at, closed_at, issue_type, site, community, portal, shared, doc, tlp,
           turn, due, due_clock, due_half, due_warn, clocks, past, kind)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
           $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)",
        &values,
    )?;
    satellites(conn, None, ticket)
}

/// Stores what became of `old`, and gives out its clocks and past as they were stored
/// before: see [`crate::ticket_clock`].
///
/// # Errors
/// [`Error::Conflict`] when the stored ticket is no longer `old`.
pub fn update(conn: &mut Conn<'_>, old: &Ticket, new: &Ticket) -> Result<Stored, Error> {
    let mut values = projection(new)?;
    values.push(old.version.into());
    let stored = conn.query_opt(
        "UPDATE ticket SET version = $2, status = $3, open = $4, priority = $5, unit = $6,
           owner = $7, requester = $8, service = $9, category = $10, restricted = $11,
           needs_reply = $12, subject = $13, status_since = $14, created_at = $15,
           updated_at = $16, closed_at = $17, issue_type = $18, site = $19, community = $20,
           portal = $21, shared = $22, doc = $23, tlp = $24
         WHERE number = $1 AND version = $25
         RETURNING clocks, past",
        &values,
        |row| Stored::read(row, 0),
    )?;
    let Some(clocks) = stored else {
        return Err(Error::Conflict {
            constraint: "ticket version".into(),
        });
    };
    satellites(conn, Some(old), new)?;
    Ok(clocks)
}

fn projection(ticket: &Ticket) -> Result<Vec<crate::value::Value>, Error> {
    let restricted = ticket.visibility == Visibility::Restricted;
    Ok(params![
        ticket.number,
        ticket.version,
        ticket.status.key(),
        ticket.status.is_open(),
        ticket.priority().rank(),
        ticket.unit,
        ticket.owner,
        ticket.requester,
        ticket.service,
        ticket.facts.category.as_str(),
        restricted,
        ticket.needs_reply,
        ticket.subject.as_str(),
        ticket.status_since,
        ticket.created_at,
        ticket.updated_at,
        ticket.closed_at,
        ticket.issue_type.clone(),
        ticket.site.clone(),
        ticket.community.clone(),
        ticket.portal,
        ticket.shared_with(),
        document(ticket)?,
        ticket.label().map(switchboard_core::Tlp::key),
    ]
    .to_vec())
}

/// Brings the rows about parties, tags and relations in line with the ticket.
fn satellites(conn: &mut Conn<'_>, old: Option<&Ticket>, new: &Ticket) -> Result<(), Error> {
    let (number, none_p, none_t, none_r) = (
        new.number,
        Default::default(),
        Default::default(),
        Default::default(),
    );
    let (old_parties, old_tags, old_relations) = old.map_or((&none_p, &none_t, &none_r), |t| {
        (&t.parties, &t.tags, &t.relations)
    });
    for Party { person, role } in old_parties.difference(&new.parties) {
        conn.later(
            "DELETE FROM party WHERE ticket = $1 AND person = $2 AND role = $3",
            params![number, *person, role_key(*role)],
        )?;
    }
    for Party { person, role } in new.parties.difference(old_parties) {
        conn.later(
            "INSERT INTO party (ticket, person, role) VALUES ($1, $2, $3)",
            params![number, *person, role_key(*role)],
        )?;
    }
    for tag in old_tags.difference(&new.tags) {
        conn.later(
            "DELETE FROM ticket_tag WHERE ticket = $1 AND tag = $2",
            params![number, tag.as_str()],
        )?;
    }
    for tag in new.tags.difference(old_tags) {
        conn.later(
            "INSERT INTO ticket_tag (ticket, tag) VALUES ($1, $2)",
            params![number, tag.as_str()],
        )?;
    }
    for Relation { kind, ticket } in old_relations.difference(&new.relations) {
        conn.later(
            "DELETE FROM relation WHERE ticket = $1 AND kind = $2 AND other = $3",
            params![number, kind.key(), *ticket],
        )?;
    }
    for Relation { kind, ticket } in new.relations.difference(old_relations) {
        conn.later(
            "INSERT INTO relation (ticket, kind, other) VALUES ($1, $2, $3)",
            params![number, kind.key(), *ticket],
        )?;
    }
    Ok(())
}

/// Hands entries over to another ticket, after those it has; their order among
/// themselves stays. Attachments go along.
pub fn move_entries(
    conn: &mut Conn<'_>,
    entries: &[EntryId],
    to: TicketNumber,
) -> Result<(), Error> {
    for entry in entries {
        conn.later(
            "UPDATE entry SET ticket = $2,
               seq = (SELECT COALESCE(MAX(seq), 0) + 1 FROM entry WHERE ticket = $2)
             WHERE id = $1",
            params![*entry, to],
        )?;
        conn.later(
            "UPDATE attachment SET ticket = $2 WHERE entry = $1",
            params![*entry, to],
        )?;
    }
    Ok(())
}

/// Every ticket's facts and overrule, for trying out other triage rules.
pub fn newest_documents(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<Ticket>, Error> {
    conn.query(
        "SELECT doc FROM ticket ORDER BY number DESC LIMIT $1",
        params![limit],
        |row| from_document(&row.get::<String>(0)?),
    )
}

/// How many open tickets each person owns in a unit.
pub fn open_by_owner(
    conn: &mut Conn<'_>,
    unit: switchboard_core::UnitId,
) -> Result<Vec<(PersonId, i64)>, Error> {
    conn.query(
        "SELECT owner, COUNT(*) FROM ticket
         WHERE unit = $1 AND open = 1 AND owner IS NOT NULL GROUP BY owner",
        params![unit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Open tickets, from a number on.
pub fn open_after(conn: &mut Conn<'_>, after: i64, limit: i64) -> Result<Vec<TicketNumber>, Error> {
    conn.query(
        "SELECT number FROM ticket WHERE open = 1 AND number > $1 ORDER BY number LIMIT $2",
        params![after, limit],
        |row| row.get(0),
    )
}

/// All tickets, from a number on.
pub fn after(conn: &mut Conn<'_>, after: i64, limit: i64) -> Result<Vec<TicketNumber>, Error> {
    conn.query(
        "SELECT number FROM ticket WHERE number > $1 ORDER BY number LIMIT $2",
        params![after, limit],
        |row| row.get(0),
    )
}

/// Open tickets about a service, from a number on.
pub fn open_of_service(
    conn: &mut Conn<'_>,
    service: ServiceId,
    after: i64,
    limit: i64,
) -> Result<Vec<TicketNumber>, Error> {
    conn.query(
        "SELECT number FROM ticket WHERE service = $1 AND open = 1 AND number > $2
         ORDER BY number LIMIT $3",
        params![service, after, limit],
        |row| row.get(0),
    )
}
