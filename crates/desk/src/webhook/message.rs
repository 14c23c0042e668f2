//! What a webhook is told of an event: as the API shows it to the person with whose eyes it
//! reads, at the time of the call.

use connect::webhook::Message;
use serde_json::{Value, json};
use store::Conn;
use store::event::Event;
use store::webhook::Webhook;
use switchboard_core::{Access, Actor, Change, Millis, Ticket, UnitId, Visibility};

use crate::list::holds;
use crate::told::{self, rfc3339};
use crate::view::{event_visible, outward};
use crate::{Catalogue, Desk, Error};

/// What the reader is to the ticket, if they may see this of it. Restricted tickets are for
/// named people: none is told to a program.
fn seen(actor: &Actor, ticket: &Ticket, change: &Change) -> Option<Access> {
    let access = Access::of(actor, ticket);
    let open = ticket.visibility != Visibility::Restricted;
    (open && access.may_see() && event_visible(change, &access)).then_some(access)
}

/// The unit that held the ticket until this.
fn left(change: &Change) -> Option<UnitId> {
    match change {
        Change::UnitSet { old, .. } => Some(*old),
        _ => None,
    }
}

/// Whether a webhook is to be told of an event, as things stand now.
///
/// # Errors
/// [`Error::Invalid`] when its filter can not be read any more.
pub(super) fn is_wanted(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    webhook: &Webhook,
    actor: &Actor,
    event: &Event,
    ticket: &Ticket,
    now: Millis,
) -> Result<bool, Error> {
    let wanted = &webhook.wanted;
    let kind = event.change.kind();
    if !wanted.kinds.is_empty() && !wanted.kinds.iter().any(|k| k == kind) {
        return Ok(false);
    }
    let units = &wanted.units;
    let in_unit = |unit: UnitId| units.contains(&unit);
    if !units.is_empty() && !in_unit(ticket.unit) && !left(&event.change).is_some_and(in_unit) {
        return Ok(false);
    }
    let services = &wanted.services;
    if !services.is_empty() && !ticket.service.is_some_and(|s| services.contains(&s)) {
        return Ok(false);
    }
    if seen(actor, ticket, &event.change).is_none() {
        return Ok(false);
    }
    Ok(wanted.filter.is_empty() || holds(c, catalogue, actor, &wanted.filter, ticket.number, now)?)
}

/// The message of an event; `None`: the reader may not see it any more.
pub(super) fn of(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    webhook: &Webhook,
    actor: &Actor,
    event: Event,
) -> Result<Option<Message>, Error> {
    let Some(ticket) = store::ticket::load(c, event.ticket)? else {
        return Ok(None);
    };
    let Some(access) = seen(actor, &ticket, &event.change) else {
        return Ok(None);
    };
    let entry = match &event.change {
        Change::EntryAdded { entry }
            if webhook.wanted.texts && access.may_read(entry.visibility) =>
        {
            store::entry::load(c, entry.id)?
        }
        _ => None,
    };
    let id = format!("evt_{}", event.id);
    let mut event = outward(event.into(), &access);
    if access.may_see_internal() {
        crate::macros::name(c, [&mut event])?;
    }
    let told = told::told(c, catalogue, vec![event])?;
    let Some(told) = told.into_iter().next() else {
        return Ok(None);
    };
    let mut data = json!({
        "event": told,
        "ticket": {
            "number": ticket.number,
            "url": format!("{}/tickets/{}", desk.config().public_url, ticket.number),
            "subject": ticket.subject,
            "status": ticket.status,
            "priority": ticket.priority(),
            "unit": catalogue.unit(ticket.unit).map(|u| &u.name),
            "service": catalogue.service_name(ticket.service),
        },
    });
    if let (Some(entry), Some(data)) = (entry, data.as_object_mut()) {
        data.insert(
            "entry".into(),
            json!({
                "id": entry.id.0,
                "visibility": entry.visibility,
                "author": entry.author_name,
                "solution": entry.solution,
                "body": entry.body,
            }),
        );
    }
    let body = json!({
        "type": format!("ticket.{}", told_kind(&data)),
        "timestamp": data["event"]["at"],
        "data": data,
    });
    Ok(Some(Message {
        id,
        body: body.to_string().into_bytes(),
    }))
}

fn told_kind(data: &Value) -> &str {
    data["event"]["kind"].as_str().unwrap_or_default()
}

/// The message of a test: nothing of a ticket is in it.
pub(super) fn test(desk: &Desk, webhook: &Webhook) -> Message {
    let now = rfc3339(desk.now());
    let body = json!({
        "type": "webhook.test",
        "timestamp": now,
        "data": { "webhook": webhook.id, "title": webhook.title, "desk": desk.config().name },
    });
    Message {
        id: format!("test_{}", desk.uuid().simple()),
        body: body.to_string().into_bytes(),
    }
}
