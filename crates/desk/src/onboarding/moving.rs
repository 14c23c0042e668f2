//! A service goes another way, and no ticket is lost: open ones stay where they
//! are.

use serde_json::json;
use store::Conn;
use store::agreement::Agreement;
use store::onboarding::Onboarding;
use store::unit::Service;
use switchboard_core::decide::decide;
use switchboard_core::onboarding::{Exchange, Form, Redirection, Way, entries};
use switchboard_core::{Actor, Command, Millis};

use super::accept::{Made, agreement};
use super::sheet::sheet;
use super::{Sheet, service_of};
use crate::act::save;
use crate::audit::difference;
use crate::service_provider::looks_after;
use crate::{Catalogue, Desk, Error, Live, scene};

/// Tickets noted at a time.
const STEP: i64 = 500;

/// How a service is connected now, as a form would say it.
///
/// # Errors
/// When the database can not be read.
pub fn present_form(c: &mut Conn<'_>, service: &Service) -> Result<Form, Error> {
    let held = store::agreement::current(c, service.id)?;
    let mut form = Form {
        option: Way::parse(&service.option),
        ..Form::default()
    };
    form.redirection.list = service.doc.list.clone().unwrap_or_default();
    form.exchange.direction = "both".to_owned();
    form.exchange.attachments = true;
    if let Some(held) = held {
        form.quality.escalation = held.doc.escalation.clone();
        match held.option {
            Way::Direct => {}
            Way::Redirection => {
                form.redirection = Redirection {
                    list: held.list.unwrap_or_default(),
                    personal_data: held.personal_data,
                };
            }
            Way::Integration => {
                form.exchange = Exchange {
                    system: held.system.unwrap_or_default(),
                    endpoint: held.endpoint.unwrap_or_default(),
                    secret: held.secret.unwrap_or_default(),
                    queue: held.queue.unwrap_or_default(),
                    direction: held.direction.unwrap_or_default(),
                    statuses: held.doc.statuses,
                    priorities: held.doc.priorities,
                    fields: held.doc.fields.iter().map(ToString::to_string).collect(),
                    queues: held
                        .doc
                        .queues
                        .iter()
                        .map(|(unit, queue)| format!("{unit} = {queue}"))
                        .collect(),
                    links: held
                        .doc
                        .links
                        .iter()
                        .map(|(tie, link)| format!("{tie} = {link}"))
                        .collect(),
                    owners: held.doc.owners.iter().map(ToString::to_string).collect(),
                    attachments: held.doc.attachments,
                    personal_data: held.personal_data,
                };
            }
        }
    }
    Ok(form)
}

/// How a service is connected, as its page shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct WayPage {
    /// The service.
    pub service: Service,
    /// The name of the unit that answers for it.
    pub unit: String,
    /// What holds now, as a form would say it.
    pub present: Form,
    /// Every agreement there was, the newest first.
    pub agreements: Vec<Agreement>,
    /// The form about another way that is open.
    pub sheet: Option<Sheet>,
}

impl Desk {
    /// How a service is connected, for its provider's contacts and
    /// administrators.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for those who are neither.
    pub async fn service_way(&self, actor: &Actor, key: &str) -> Result<WayPage, Error> {
        let catalogue = self.catalogue().await?;
        let none = || Error::not_found(format!("service {key:?}"));
        let service = catalogue
            .find_service("service", key)
            .map_err(|_| none())?
            .clone();
        let unit = catalogue
            .unit(service.unit)
            .map_or_else(String::new, |u| u.name.clone());
        let (desk, actor) = (self.clone(), actor.clone());
        let page = self
            .0
            .db
            .read(move |c| {
                let provider = store::service_provider::of_service(c, service.id)?;
                match provider {
                    Some(provider) if looks_after(c, &actor, provider)? => {}
                    _ => return Ok(None),
                }
                let open = store::onboarding::open_move(c, service.id)?;
                Ok::<_, Error>(Some(WayPage {
                    present: present_form(c, &service)?,
                    agreements: store::agreement::of_service(c, service.id)?,
                    sheet: match open {
                        Some(row) => Some(sheet(c, &desk, &actor, row.id)?),
                        None => None,
                    },
                    unit,
                    service,
                }))
            })
            .await?;
        page.ok_or_else(none)
    }
}

/// Whether two forms say the same about how to connect.
pub(super) fn same(a: &Form, b: &Form) -> bool {
    entries(a) == entries(b)
}

/// An agreement for the audit log.
fn told(a: &Agreement) -> serde_json::Value {
    json!({
        "option": a.option, "system": a.system, "endpoint": a.endpoint, "secret": a.secret,
        "queue": a.queue, "direction": a.direction, "list": a.list,
        "personal_data": a.personal_data, "statuses": a.doc.statuses,
        "priorities": a.doc.priorities, "fields": a.doc.fields, "queues": a.doc.queues,
        "owners": a.doc.owners, "links": a.doc.links, "attachments": a.doc.attachments,
    })
}

/// Lets a service go the way that the form says.
pub(super) fn accept(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    row: &Onboarding,
    actor: &Actor,
    now: Millis,
    live: &mut Vec<Live>,
) -> Result<(Made, serde_json::Value), Error> {
    let service = service_of(c, row)?.ok_or_else(|| Error::not_found("that service"))?;
    let held = store::agreement::current(c, service.id)?;
    let contact = held.as_ref().map_or("", |a| a.doc.contact.as_str());
    let next = agreement(desk, row, service.id, contact, now);
    let before = Way::parse(&service.option).unwrap_or(Way::Direct);
    let tickets = go(
        c, desk, catalogue, &service, &next, before, actor, now, live,
    )?;
    let made = Made {
        provider: row.provider,
        services: vec![service.id],
        way_before: Some(before),
        ..Made::default()
    };
    let detail = json!({
        "service": {"id": service.id, "key": service.key, "name": service.name},
        "change": match &held {
            Some(held) => difference(&told(held), &told(&next)),
            None => difference(&json!({"option": before}), &told(&next)),
        },
        "open_tickets": tickets,
    });
    Ok((made, detail))
}

/// Ends the agreement that holds, begins the next, and notes it on each open
/// ticket; how many these are.
#[expect(
    clippy::too_many_arguments,
    reason = "one transaction's worth of what is known, passed on as it is"
)]
fn go(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    service: &Service,
    next: &Agreement,
    before: Way,
    actor: &Actor,
    now: Millis,
    live: &mut Vec<Live>,
) -> Result<i64, Error> {
    if let Some(list) = &next.list {
        crate::mail_in::check_is_foreign(c, desk, "redirection.list", list)?;
    }
    store::agreement::close(c, service.id, now)?;
    crate::exchange::agree(c, next, now)?;
    let mut service = service.clone();
    service.option = next.option.key().to_owned();
    service.doc.list.clone_from(&next.list);
    store::unit::save_service(c, &service, now)?;
    if next.option == before {
        return Ok(0);
    }
    let command = Command::NoteMove {
        old: before,
        new: next.option,
    };
    let cause = desk.uuid();
    let (mut after, mut noted) = (0, 0);
    loop {
        let numbers = store::ticket::open_of_service(c, service.id, after, STEP)?;
        for number in &numbers {
            let mut scene = scene::begin(c, catalogue, *number, &[])?;
            let was = scene.clone();
            let caused = decide(&scene, *number, &command, actor, &catalogue.rules, now)?;
            for one in &caused {
                scene.apply(one, now);
            }
            live.extend(save(
                c,
                catalogue,
                (&was, &scene),
                &caused,
                actor,
                cause,
                now,
            )?);
            noted += 1;
        }
        match numbers.last() {
            Some(last) if numbers.len() as i64 == STEP => after = last.0,
            _ => return Ok(noted),
        }
    }
}

/// Lets a service go the way it went before, when nothing changed it since.
pub(super) fn back(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    row: &Onboarding,
    actor: &Actor,
    now: Millis,
    live: &mut Vec<Live>,
) -> Result<serde_json::Value, Error> {
    let made = Made::of(row)?;
    let service = service_of(c, row)?.ok_or_else(|| Error::not_found("that service"))?;
    let mut all = store::agreement::of_service(c, service.id)?.into_iter();
    let held = all
        .next()
        .filter(|a| a.closed_at.is_none() && a.onboarding == row.id)
        .ok_or_else(|| {
            Error::Conflict(
                "the service went another way since: undo the later change first".into(),
            )
        })?;
    let way = made.way_before.unwrap_or(Way::Direct);
    let was = all.next().unwrap_or_else(|| Agreement {
        option: way,
        system: None,
        endpoint: None,
        secret: None,
        queue: None,
        direction: None,
        list: None,
        personal_data: false,
        doc: Default::default(),
        ..held.clone()
    });
    let next = Agreement {
        id: desk.uuid(),
        onboarding: row.id,
        opened_at: now,
        closed_at: None,
        ..was
    };
    let tickets = go(
        c,
        desk,
        catalogue,
        &service,
        &next,
        held.option,
        actor,
        now,
        live,
    )?;
    Ok(json!({
        "service": {"id": service.id, "key": service.key, "name": service.name},
        "change": difference(&told(&held), &told(&next)),
        "open_tickets": tickets,
    }))
}
