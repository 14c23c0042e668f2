//! Creating what a form describes, all of it in one transaction.

use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Conn;
use store::agreement::{Agreement, AgreementDoc};
use store::onboarding::{Kind, Onboarding};
use store::service_provider::Provider;
use store::unit::{Faq, FieldType, FormField, Hint, Service, ServiceDoc, Unit, UnitDoc};
use switchboard_core::onboarding::{Around, FieldMap, Form, Way, link_line, pair};
use switchboard_core::{Actor, Millis, Part, PersonId, ProviderId, ServiceId, UnitId};

use super::{letters, moving};
use crate::mail_in::check_is_foreign;
use crate::service::put_service_in;
use crate::service_provider::{fields, free_key};
use crate::staff::{Occasion, enrol};
use crate::unit::edit::put_unit_in;
use crate::{Catalogue, Desk, Error, Live};

/// What accepting a form created, for undoing it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Made {
    /// The provider.
    pub(super) provider: Option<ProviderId>,
    /// It was new.
    pub(super) provider_new: bool,
    /// What it was before, when it was known: name, country, home page, contact.
    pub(super) provider_before: Option<(String, String, String, String)>,
    /// The author became a contact of the provider.
    pub(super) contact: Option<PersonId>,
    /// The unit.
    pub(super) unit: Option<UnitId>,
    /// The services.
    pub(super) services: Vec<ServiceId>,
    /// Who got the support permission by it.
    pub(super) supported: Vec<PersonId>,
    /// The last event before: what used it came later.
    pub(super) event: i64,
    /// Of a move: the way before.
    pub(super) way_before: Option<Way>,
}

impl Made {
    /// What a row's acceptance created.
    ///
    /// # Errors
    /// When it can not be read.
    pub(super) fn of(row: &Onboarding) -> Result<Made, Error> {
        serde_json::from_str(row.made.as_deref().unwrap_or("{}"))
            .map_err(|e| Error::Internal(format!("what a form created: {e}")))
    }

    fn write(&self) -> Result<String, Error> {
        serde_json::to_string(self)
            .map_err(|e| Error::Internal(format!("what a form creates: {e}")))
    }
}

/// The agreement that a form describes, for one of its services.
pub(super) fn agreement(
    desk: &Desk,
    row: &Onboarding,
    service: ServiceId,
    contact: &str,
    now: Millis,
) -> Agreement {
    let form = &row.form;
    let way = form.option.unwrap_or(Way::Direct);
    let coupled = |text: &str| (way == Way::Integration).then(|| text.trim().to_owned());
    let e = &form.exchange;
    Agreement {
        id: desk.uuid(),
        service,
        onboarding: row.id,
        option: way,
        system: coupled(&e.system),
        endpoint: coupled(&e.endpoint),
        secret: coupled(&e.secret),
        queue: coupled(&e.queue),
        direction: coupled(&e.direction),
        list: (way == Way::Redirection).then(|| form.redirection.list.trim().to_owned()),
        personal_data: match way {
            Way::Direct => false,
            Way::Redirection => form.redirection.personal_data,
            Way::Integration => e.personal_data,
        },
        doc: AgreementDoc {
            statuses: if way == Way::Integration {
                e.statuses.clone()
            } else {
                Default::default()
            },
            priorities: if way == Way::Integration {
                e.priorities.clone()
            } else {
                Default::default()
            },
            fields: if way == Way::Integration {
                let lines = e.fields.iter();
                lines.filter_map(|line| FieldMap::read(line).ok()).collect()
            } else {
                Default::default()
            },
            queues: if way == Way::Integration {
                e.queues.iter().filter_map(|line| pair(line).ok()).collect()
            } else {
                Default::default()
            },
            links: if way == Way::Integration {
                let lines = e.links.iter();
                lines.filter_map(|line| link_line(line).ok()).collect()
            } else {
                Default::default()
            },
            owners: if way == Way::Integration {
                crate::exchange::owner::lines(form)
            } else {
                Default::default()
            },
            attachments: way == Way::Integration && e.attachments,
            escalation: form.quality.escalation.trim().to_owned(),
            contact: contact.trim().to_owned(),
        },
        opened_at: now,
        closed_at: None,
    }
}

/// What accepting a form would create or change, line by line.
pub(super) fn would(
    c: &mut Conn<'_>,
    row: &Onboarding,
    service: Option<&Service>,
    around: &Around,
) -> Result<Vec<String>, Error> {
    let form = &row.form;
    let way = form.option.map_or("no way yet", Way::label);
    let owners = match form.option {
        Some(Way::Integration) => crate::exchange::owner::preview(c, form)?,
        _ => Vec::new(),
    };
    if row.kind == Kind::Move {
        let Some(service) = service else {
            return Ok(Vec::new());
        };
        let open = store::ticket::open_of_service(c, service.id, 0, 10_000)?.len();
        let mut lines = vec![
            format!("{} goes by: {way}", service.name),
            "The agreement that holds now ends, and a new one begins".to_owned(),
            match open {
                1 => "1 open ticket stays where it is, with a row in its history".to_owned(),
                n => {
                    format!("{n} open tickets stay where they are, each with a row in its history")
                }
            },
        ];
        lines.extend(owners);
        return Ok(lines);
    }
    let mut lines = Vec::new();
    let provider = &form.provider;
    let author = store::person::load(c, row.author)?;
    match store::service_provider::by_key(c, &provider.known)? {
        Some(known) => lines.push(format!("Provider {} (known)", known.name)),
        None => lines.push(format!("Provider {} (new)", provider.name.trim())),
    }
    if let Some(author) = &author {
        lines.push(format!("{} is a contact of this provider", author.name));
    }
    let parent = around
        .parents
        .iter()
        .find(|k| k.key == form.unit.parent)
        .map_or("nothing yet", |k| k.name.as_str());
    lines.push(format!(
        "Support unit {}, level {}, under {parent}",
        form.unit.name.trim(),
        form.unit.level
    ));
    for address in &form.unit.responsibles {
        let known = match mail::Address::parse(address) {
            Ok(address) => store::person::by_email(c, address.as_str())?,
            Err(_) => None,
        };
        lines.push(match known {
            Some(p) if !p.active => format!("{address} belongs to a disabled account"),
            Some(p) if p.support => format!("{} ({address}) becomes responsible", p.name),
            Some(p) => format!(
                "{} ({address}) gets the support permission and becomes responsible",
                p.name
            ),
            None => {
                format!("{address} is invited, gets the support permission and becomes responsible")
            }
        });
    }
    for service in &form.services {
        lines.push(format!(
            "Service {} in {}, with its agreement: {way}",
            service.name.trim(),
            service.area.trim()
        ));
    }
    lines.extend(owners);
    Ok(lines)
}

/// Creates what a form describes; gives the detail for the audit log.
pub(super) fn accept(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    row: &mut Onboarding,
    actor: &Actor,
    now: Millis,
    live: &mut Vec<Live>,
) -> Result<serde_json::Value, Error> {
    let event = store::event::last(c)?;
    if row.kind == Kind::Move {
        let (made, detail) = moving::accept(c, desk, catalogue, row, actor, now, live)?;
        row.made = Some(Made { event, ..made }.write()?);
        return Ok(detail);
    }
    let form = row.form.clone();
    let mut made = Made {
        event,
        ..Made::default()
    };
    let provider = provider(c, desk, &form, now, &mut made)?;
    row.provider = Some(provider.id);
    if store::service_provider::add_contact(c, provider.id, row.author, now)? {
        made.contact = Some(row.author);
    }
    let unit = unit(c, desk, &form, actor, now)?;
    made.unit = Some(unit.id);
    let (people, joined) = responsibles(c, desk, catalogue, &form, &unit, actor, &mut made)?;
    live.extend(joined);
    let services = services(c, desk, row, &provider, &unit, actor, now)?;
    made.services = services.iter().map(|s| s.id).collect();
    row.made = Some(made.write()?);
    Ok(json!({
        "provider": fields(&provider),
        "provider_new": made.provider_new,
        "provider_before": made.provider_before,
        "contact": made.contact,
        "unit": {"id": unit.id, "key": unit.key, "name": unit.name, "level": unit.level},
        "responsibles": people,
        "support_granted": made.supported,
        "services": services.iter().map(|s| json!({"id": s.id, "key": s.key, "name": s.name})).collect::<Vec<_>>(),
        "option": form.option.map(Way::key),
        "exchange": (form.option == Some(Way::Integration)).then(|| json!({
            "system": form.exchange.system, "endpoint": form.exchange.endpoint,
            "secret": form.exchange.secret, "queue": form.exchange.queue,
            "direction": form.exchange.direction, "personal_data": form.exchange.personal_data,
        })),
        "list": (form.option == Some(Way::Redirection)).then(|| form.redirection.list.clone()),
    }))
}

fn provider(
    c: &mut Conn<'_>,
    desk: &Desk,
    form: &Form,
    now: Millis,
    made: &mut Made,
) -> Result<Provider, Error> {
    let part = &form.provider;
    let text = |text: &str| text.trim().to_owned();
    let provider = match store::service_provider::by_key(c, &part.known)? {
        Some(known) => {
            made.provider_before = Some((
                known.name.clone(),
                known.country.clone(),
                known.home_page.clone(),
                known.contact.clone(),
            ));
            Provider {
                name: text(&part.name),
                country: text(&part.country),
                home_page: text(&part.home_page),
                contact: text(&part.contact),
                active: true,
                ..known
            }
        }
        None => {
            made.provider_new = true;
            let all = store::service_provider::all(c)?;
            Provider {
                id: ProviderId(desk.uuid()),
                key: free_key(&part.name, |key| all.iter().any(|p| p.key == key)),
                name: text(&part.name),
                country: text(&part.country),
                home_page: text(&part.home_page),
                contact: text(&part.contact),
                active: true,
            }
        }
    };
    store::service_provider::save(c, &provider, now)?;
    made.provider = Some(provider.id);
    Ok(provider)
}

/// A field that the rules of the catalogue refuse, as the form calls it.
fn within(part: &str, error: Error) -> Error {
    match error {
        Error::Invalid { field, problem } => Error::invalid(format!("{part}.{field}"), problem),
        other => other,
    }
}

fn unit(
    c: &mut Conn<'_>,
    desk: &Desk,
    form: &Form,
    actor: &Actor,
    now: Millis,
) -> Result<Unit, Error> {
    let units = store::unit::all(c)?;
    let part = &form.unit;
    let parent = units
        .iter()
        .find(|u| u.key == part.parent && u.active)
        .ok_or_else(|| Error::invalid("unit.parent", "the unit above is not there any more"))?;
    let mut faq: Vec<Faq> = Vec::new();
    let types: Vec<&str> = form
        .issues
        .types
        .iter()
        .map(|t| t.trim())
        .filter(|t| !t.is_empty())
        .collect();
    if !types.is_empty() {
        faq.push(Faq {
            question: "What are you usually asked?".into(),
            answer: types
                .iter()
                .map(|t| format!("- {t}"))
                .collect::<Vec<_>>()
                .join("\n"),
        });
    }
    faq.extend(
        form.issues
            .faq
            .iter()
            .filter(|one| !one.question.trim().is_empty())
            .map(|one| Faq {
                question: one.question.trim().to_owned(),
                answer: one.answer.trim().to_owned(),
            }),
    );
    let hints = types
        .iter()
        .map(|t| Hint {
            words: vec![t.to_lowercase()],
            weight: 1,
        })
        .collect();
    let mut doc = UnitDoc {
        faq,
        hints,
        qos: form.quality.qos.clone(),
        ..UnitDoc::default()
    };
    form.quality.time_zone.trim().clone_into(&mut doc.time_zone);
    doc.hours = form.quality.hours();
    form.quality
        .escalation
        .trim()
        .clone_into(&mut doc.escalation);
    let list = part.list.trim();
    let unit = Unit {
        id: UnitId(desk.uuid()),
        key: free_key(&part.name, |key| units.iter().any(|u| u.key == key)),
        name: part.name.trim().to_owned(),
        level: part.level.parse().unwrap_or(2),
        parent: Some(parent.id),
        category: form
            .services
            .first()
            .map_or_else(String::new, |s| s.area.trim().to_owned()),
        description: part.description.trim().to_owned(),
        email: (!list.is_empty()).then(|| list.to_owned()),
        first_level: false,
        security: false,
        active: true,
        successor: None,
        doc,
    };
    put_unit_in(c, actor, now, &unit, None).map_err(|e| within("unit", e))?;
    Ok(unit)
}

/// Those named become responsibles, with the support permission; who has no
/// account yet is invited. Gives their ids.
fn responsibles(
    c: &mut Conn<'_>,
    desk: &Desk,
    catalogue: &Catalogue,
    form: &Form,
    unit: &Unit,
    actor: &Actor,
    made: &mut Made,
) -> Result<(Vec<PersonId>, Vec<Live>), Error> {
    let now = desk.now();
    // They get an invitation, which says this and more.
    let occasion = Occasion {
        actor,
        why: "by an accepted form",
        cause: desk.uuid(),
        mails: false,
    };
    let (mut people, mut live) = (Vec::new(), Vec::new());
    for text in &form.unit.responsibles {
        let address = crate::account::address("unit.responsibles", text)?;
        let fresh = PersonId(desk.uuid());
        let mut person = crate::account::find_or_make(c, fresh, &address, "", now)?;
        if !person.active {
            return Err(Error::invalid(
                "unit.responsibles",
                format!("{address} belongs to an account that is disabled"),
            ));
        }
        if !person.support {
            person.support = true;
            store::person::update(c, &person, now)?;
            made.supported.push(person.id);
        }
        let part = Some(Part::Responsible);
        live.extend(enrol(desk, c, catalogue, &occasion, unit, person.id, part)?.1);
        if !people.contains(&person.id) {
            people.push(person.id);
            letters::responsible(c, desk, &person, unit, actor)?;
        }
    }
    Ok((people, live))
}

fn services(
    c: &mut Conn<'_>,
    desk: &Desk,
    row: &Onboarding,
    provider: &Provider,
    unit: &Unit,
    actor: &Actor,
    now: Millis,
) -> Result<Vec<Service>, Error> {
    let way = row.form.option.unwrap_or(Way::Direct);
    let mut known = store::unit::services(c)?;
    let last = known.iter().map(|s| s.position).max().unwrap_or(0);
    let mut new = Vec::new();
    for ((position, part), index) in (last + 1..).zip(&row.form.services).zip(0_usize..) {
        let questions: Vec<FormField> = part
            .questions
            .iter()
            .filter(|q| !q.label.trim().is_empty())
            .enumerate()
            .map(|(i, q)| FormField {
                key: format!("q{}", i + 1),
                label: q.label.trim().to_owned(),
                kind: FieldType::Text,
                required: q.required,
                ..FormField::default()
            })
            .collect();
        let mut doc = ServiceDoc {
            form: questions,
            ..ServiceDoc::default()
        };
        part.contact.trim().clone_into(&mut doc.contact);
        if way == Way::Redirection {
            doc.list = Some(row.form.redirection.list.trim().to_owned());
        }
        let service = Service {
            id: ServiceId(desk.uuid()),
            key: free_key(&part.name, |key| known.iter().any(|s| s.key == key)),
            name: part.name.trim().to_owned(),
            provider: provider.name.clone(),
            area: part.area.trim().to_owned(),
            description: part.description.trim().to_owned(),
            unit: unit.id,
            option: way.key().to_owned(),
            lamp: "running".into(),
            lamp_text: "Running".into(),
            active: true,
            position,
            doc,
        };
        if let Some(list) = &service.doc.list {
            check_is_foreign(c, desk, "redirection.list", list)?;
        }
        put_service_in(c, actor, now, &service, None)
            .map_err(|e| within(&format!("services.{index}"), e))?;
        let agreement = agreement(desk, row, service.id, &part.contact, now);
        crate::exchange::agree(c, &agreement, now)?;
        known.push(service.clone());
        new.push(service);
    }
    Ok(new)
}
