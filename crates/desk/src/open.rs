//! Opening a ticket, by whichever door.

use std::collections::{BTreeMap, BTreeSet};

use store::Conn;
use store::person::Named;
use switchboard_core::decide::open;
use switchboard_core::form::{WrongAnswer, check_answers};
use switchboard_core::{
    Access, Actor, EntryVisibility, Facts, Millis, NewTicket, Party, PartyRole, PersonId, PortalId,
    Scene, SecurityRisk, ServiceId, TellRequester, Ticket, TicketNumber, TicketType, UnitId,
    Visibility,
};
use uuid::Uuid;

use crate::account::{address, find_or_make};
use crate::act::{EntryDraft, NewFile, ReadyEntry, save, store_entry};
use crate::alarm::{self, CallOf};
use crate::ticket_clock::{self, ClocksView};
use crate::view::{TicketView, drawn, ticket_view};
use crate::{Catalogue, Desk, Error, Live, portal, scene};

/// Who asks, when it is not the one who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequesterRef {
    /// Mail address.
    pub email: String,
    /// Name, for somebody not known yet.
    pub name: String,
}

/// A ticket to be opened, as it is asked for: names, not ids.
#[derive(Debug, Clone, Default)]
pub struct OpenRequest {
    /// One line.
    pub subject: String,
    /// The first entry's text.
    pub description: String,
    /// What was trimmed off a mail.
    pub quoted: Option<String>,
    /// A mail's HTML, sanitised.
    pub html: Option<String>,
    /// The mail it came by.
    pub mail: Option<Uuid>,
    /// What that mail claims of signatures and encryption.
    pub protection: Vec<mail::Protection>,
    /// Files with the first entry.
    pub files: Vec<NewFile>,
    /// A service's name or key.
    pub service: Option<String>,
    /// A unit's name or key.
    pub unit: Option<String>,
    /// A category's key; `None`: incident.
    pub category: Option<String>,
    /// A type of issue's key.
    pub issue_type: Option<String>,
    /// `None`: one.
    pub affected_users: Option<u32>,
    /// It affects and degrades a service.
    pub degrades_service: bool,
    /// How far security is at stake.
    pub security_risk: SecurityRisk,
    /// Since when.
    pub since: Option<Millis>,
    /// Who asks; `None`: who acts.
    pub requester: Option<RequesterRef>,
    /// Mail addresses of those who should follow it.
    pub cc: Vec<String>,
    /// How much the requester wants to hear.
    pub tell: TellRequester,
    /// A site's key.
    pub site: Option<String>,
    /// A community's key.
    pub community: Option<String>,
    /// The key of the portal it comes by.
    pub portal: Option<String>,
    /// Custom fields of the service's form.
    pub custom: BTreeMap<String, serde_json::Value>,
    /// Why it exists.
    pub kind: TicketType,
    /// A key under which a repeated request gives the same ticket, and a hash
    /// of the request.
    pub idempotency: Option<(String, Vec<u8>)>,
    /// It is an alarm, as only [`Desk::raise_alarm`] makes one: the site that is called.
    pub call: Option<Box<CallOf>>,
}

/// A person to be found or made inside the transaction.
#[derive(Debug, Clone)]
struct Somebody {
    fresh: PersonId,
    address: mail::Address,
    name: String,
}

/// What was checked before the transaction.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    request: OpenRequest,
    facts: Facts,
    service: Option<ServiceId>,
    community: Option<String>,
    portal: Option<PortalId>,
    unit: UnitId,
    routed: bool,
    requester: Option<Somebody>,
    cc: Vec<Somebody>,
    pub(crate) entry: ReadyEntry,
}

/// A ticket that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Its number.
    pub number: TicketNumber,
    /// Who asked.
    pub requester: PersonId,
    /// It was opened by an earlier request with the same key.
    pub repeated: bool,
}

/// Most people that may be put on Cc at once.
const MAX_CC: usize = 50;

impl Desk {
    /// Opens a ticket.
    ///
    /// # Errors
    /// Names the field that is wrong and what would be right.
    pub async fn open_ticket(&self, actor: &Actor, request: OpenRequest) -> Result<Opened, Error> {
        Ok(self.open(actor, request).await?.0)
    }

    /// Opens a ticket and gives it as the actor may see it. Staff may open one for
    /// somebody in a unit that is not theirs: they get what its requester sees.
    ///
    /// `email` is the actor's own address.
    ///
    /// # Errors
    /// As [`Desk::open_ticket`].
    pub async fn open_and_show(
        &self,
        actor: &Actor,
        email: Option<String>,
        request: OpenRequest,
    ) -> Result<TicketView, Error> {
        let (Opened { number, .. }, opened) = self.open(actor, request).await?;
        let catalogue = self.catalogue().await?;
        let asked = actor.clone();
        let (viewer, view) = match opened {
            // Nothing to look up: who acts is known.
            Some((ticket, clocks))
                if ticket.relations.is_empty()
                    && ticket.people().iter().all(|p| actor.person == Some(*p)) =>
            {
                let viewer = who_sees(asked, &ticket);
                let people = actor.person.map(|id| Named {
                    id,
                    name: actor.name.clone(),
                    email,
                });
                let people: Vec<_> = people.into_iter().collect();
                let view = drawn(&catalogue, &viewer, ticket, &people, Vec::new(), clocks);
                (viewer, view)
            }
            opened => {
                self.0
                    .db
                    .read(move |c| {
                        let (ticket, beside) = match opened {
                            Some((ticket, _)) => (ticket, None),
                            None => {
                                let (ticket, beside) = store::ticket::load_to_show(c, number)?
                                    .ok_or_else(|| Error::not_found(format!("ticket {number}")))?;
                                (ticket, Some(beside))
                            }
                        };
                        let viewer = who_sees(asked, &ticket);
                        let view = ticket_view(c, &catalogue, &viewer, ticket, beside)?;
                        Ok::<_, Error>((viewer, view))
                    })
                    .await?
            }
        };
        self.note_read(&viewer, number, view.tlp.is_some()).await?;
        Ok(view)
    }

    /// The ticket as it was opened comes along with its clocks, unless an earlier request
    /// opened it.
    async fn open(
        &self,
        actor: &Actor,
        request: OpenRequest,
    ) -> Result<(Opened, Option<Fresh>), Error> {
        let catalogue = self.catalogue().await?;
        let checked = self.check(actor, &catalogue, request).await?;
        let (now, cause, actor) = (self.now(), self.uuid(), actor.clone());
        let desk = self.clone();
        let (opened, live, ticket) = self
            .0
            .db
            .write(move |c| {
                if let (Some(person), Some((key, hash))) =
                    (actor.person, &checked.request.idempotency)
                    && let Some((known, ticket)) = store::setting::idempotent(c, person, key)?
                {
                    if known != *hash {
                        return Err(Error::invalid(
                            "Idempotency-Key",
                            "was used for another request; use a new key for a new request",
                        ));
                    }
                    let requester = store::ticket::load(c, ticket)?
                        .map(|t| t.requester)
                        .ok_or_else(|| Error::not_found(format!("ticket {ticket}")))?;
                    let opened = Opened {
                        number: ticket,
                        requester,
                        repeated: true,
                    };
                    return Ok((opened, Vec::new(), None));
                }
                let new = resolve(c, &checked, &actor, now)?;
                let (number, entry) = (new.number, &checked.entry);
                let (live, ticket) = open_within(c, &catalogue, &new, entry, &actor, cause, now)?;
                if let Some(call) = &checked.request.call {
                    alarm::call::begin(c, &desk, &catalogue, call, number, now)?;
                }
                if let (Some(person), Some((key, hash))) =
                    (actor.person, &checked.request.idempotency)
                {
                    store::setting::set_idempotent(c, person, key, hash, number, now)?;
                }
                let opened = Opened {
                    number,
                    requester: new.requester,
                    repeated: false,
                };
                Ok((opened, live, ticket))
            })
            .await?;
        self.announce(live);
        Ok((opened, ticket))
    }

    pub(crate) async fn check(
        &self,
        actor: &Actor,
        catalogue: &Catalogue,
        mut request: OpenRequest,
    ) -> Result<Checked, Error> {
        request.subject = one_line(&request.subject);
        if request.subject.is_empty() {
            return Err(Error::invalid(
                "subject",
                "say in one line what it is about",
            ));
        }
        if request.description.trim().is_empty() && request.files.is_empty() {
            return Err(Error::invalid(
                "description",
                "say what happened: it is empty",
            ));
        }
        let category = request
            .category
            .clone()
            .unwrap_or_else(|| "incident".into());
        catalogue.check_category(&category)?;
        if let Some(issue_type) = &request.issue_type {
            catalogue.check_issue_type(actor, &category, issue_type)?;
        }
        let service = match &request.service {
            Some(name) => Some(catalogue.find_service("service", name)?),
            None => None,
        };
        if let Some(site) = &request.site {
            request.site = Some(catalogue.site_key("site", site)?);
        }
        check_answers(
            service.map_or(&[], |s| &s.doc.form),
            &request.custom,
            actor.is_staff(),
        )?;
        let portal = match &request.portal {
            Some(key) => Some(catalogue.find_portal("portal", key)?),
            None => None,
        };
        if let Some(portal) = portal {
            portal::check_offers(catalogue, portal, service, request.issue_type.as_deref())?;
        }
        let community = match &request.community {
            Some(name) => Some(catalogue.find_community("community", name)?.key.clone()),
            None => portal.and_then(|p| p.community.clone()),
        };
        if request.kind == TicketType::Team {
            catalogue.check_team("community", community.as_deref())?;
        }
        let facts = Facts {
            affected_users: request.affected_users.unwrap_or(1),
            degrades_service: request.degrades_service,
            security_risk: request.security_risk,
            category,
        };
        // A danger to security goes to those who deal with it, and only them.
        let security = (facts.security_risk == SecurityRisk::Imminent)
            .then(|| catalogue.security())
            .flatten();
        let (unit, routed) = if let Some(unit) = security {
            (unit, true)
        } else if let Some(name) = &request.unit {
            let unit = catalogue.find_unit("unit", name)?;
            (unit, !unit.first_level)
        } else {
            // Picking a service picks its unit (domain section 4); requesters
            // can not address third level, so first level does it for them.
            match service.and_then(|s| catalogue.heir(s.unit)) {
                Some(unit) if unit.level < 3 || actor.is_staff() => (unit, !unit.first_level),
                _ => (catalogue.first_level_for(portal)?, false),
            }
        };
        let requester = match &request.requester {
            Some(given) => {
                let address = address("requester.email", &given.email)?;
                self.may_ask_for(actor, &address).await?;
                Some(self.somebody(address, given.name.clone()))
            }
            None if actor.person.is_none() => {
                return Err(Error::invalid("requester", "say who asks: email and name"));
            }
            None => None,
        };
        if request.cc.len() > MAX_CC {
            return Err(Error::invalid(
                "cc",
                format!("takes at most {MAX_CC} addresses"),
            ));
        }
        let mut cc = Vec::new();
        for text in &request.cc {
            cc.push(self.somebody(address("cc", text)?, String::new()));
        }
        let draft = EntryDraft {
            body: std::mem::take(&mut request.description),
            quoted: request.quoted.take(),
            html: request.html.take(),
            mail: request.mail,
            protection: std::mem::take(&mut request.protection),
            files: std::mem::take(&mut request.files),
        };
        let entry = self
            .ready_entry(
                "description",
                TicketNumber(0),
                EntryVisibility::Public,
                false,
                draft,
            )
            .await?;
        Ok(Checked {
            facts,
            service: service.map(|s| s.id),
            community,
            portal: portal.map(|p| p.id),
            unit: unit.id,
            routed,
            requester,
            cc,
            entry,
            request,
        })
    }

    fn somebody(&self, address: mail::Address, name: String) -> Somebody {
        Somebody {
            fresh: PersonId(self.uuid()),
            address,
            name,
        }
    }

    /// Staff may open a ticket for anybody, everybody for themselves.
    async fn may_ask_for(&self, actor: &Actor, address: &mail::Address) -> Result<(), Error> {
        if actor.is_staff() || actor.is_system() {
            return Ok(());
        }
        let address = address.as_str().to_owned();
        let owner = self
            .0
            .db
            .read(move |c| store::person::by_email(c, &address).map_err(Error::from))
            .await?;
        if owner.map(|p| p.id) == actor.person && actor.person.is_some() {
            Ok(())
        } else {
            Err(Error::Forbidden(
                "only support staff can open a ticket for somebody else".into(),
            ))
        }
    }
}

/// A ticket that was just opened, and its clocks.
pub(crate) type Fresh = (Ticket, Option<ClocksView>);

/// Opens a ticket in a transaction that may do more, with its first entry.
///
/// # Errors
/// What the rules refuse, by the field.
pub(crate) fn open_within(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    new: &NewTicket,
    entry: &ReadyEntry,
    actor: &Actor,
    cause: Uuid,
    now: Millis,
) -> Result<(Vec<Live>, Option<Fresh>), Error> {
    let mut scene = Scene::default();
    scene
        .units
        .insert(new.unit, scene::unit_facts(c, catalogue, new.unit, false)?);
    let caused = open(new, actor, &scene, &catalogue.rules, now)?;
    for one in &caused {
        scene.apply(one, now);
    }
    let before = Scene::default();
    let live = save(c, catalogue, (&before, &scene), &caused, actor, cause, now)?;
    // Whoever opens a ticket for somebody writes as staff; the description of
    // one's own is the requester's.
    let access = Access {
        requester: actor.person == Some(new.requester),
        ..Access::of(actor, &scene.tickets[&new.number])
    };
    store_entry(c, new.number, entry, actor, access, now)?;
    let clocks = ticket_clock::fresh(&caused, new.number, catalogue.terms(), now);
    let ticket = scene.tickets.remove(&new.number);
    Ok((live, ticket.map(|ticket| (ticket, clocks))))
}

/// Who an actor looks as at a ticket they have opened: themselves if they may see it,
/// else its requester.
fn who_sees(actor: Actor, ticket: &Ticket) -> Actor {
    if Access::of(&actor, ticket).may_see() {
        return actor;
    }
    Actor::plain(ticket.requester, "", actor.channel)
}

/// The last step before the rules: people and the number, in the transaction.
pub(crate) fn resolve(
    c: &mut Conn<'_>,
    checked: &Checked,
    actor: &Actor,
    now: Millis,
) -> Result<NewTicket, Error> {
    let person = |c: &mut Conn<'_>, s: &Somebody| {
        find_or_make(c, s.fresh, &s.address, &s.name, now).map(|p| p.id)
    };
    let requester = match (&checked.requester, actor.person) {
        (Some(somebody), _) => person(c, somebody)?,
        (None, Some(person)) => person,
        (None, None) => return Err(Error::Internal("a ticket without a requester".into())),
    };
    let mut parties = BTreeSet::new();
    for somebody in &checked.cc {
        let person = person(c, somebody)?;
        if person != requester {
            parties.insert(Party {
                person,
                role: PartyRole::Cc,
            });
        }
    }
    let request = &checked.request;
    Ok(NewTicket {
        number: TicketNumber(store::counter::next(c, "ticket")?),
        kind: request.kind,
        requester,
        tell: request.tell,
        parties,
        subject: request.subject.clone(),
        description: checked.entry.id,
        facts: checked.facts.clone(),
        issue_type: request.issue_type.clone(),
        service: checked.service,
        site: request.site.clone(),
        site_contact: match &request.site {
            Some(key) => store::site::contact_person(c, key)?,
            None => None,
        },
        community: checked.community.clone(),
        portal: checked.portal,
        since: request.since,
        unit: checked.unit,
        routed: checked.routed,
        visibility: match request.kind {
            // All of the team see it, so that all can do something.
            TicketType::Team => Visibility::Community,
            TicketType::User | TicketType::Alarm | TicketType::Ops => Visibility::Parties,
        },
        custom: request.custom.clone(),
    })
}

/// A subject: one line, no control characters, at most 500 characters.
pub(crate) fn one_line(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| {
            if c.is_control() || c == '\u{2028}' || c == '\u{2029}' {
                ' '
            } else {
                c
            }
        })
        .collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words.join(" ").chars().take(500).collect()
}

impl From<WrongAnswer> for Error {
    fn from(wrong: WrongAnswer) -> Error {
        Error::invalid(wrong.field, wrong.problem)
    }
}
