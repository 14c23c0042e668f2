//! One request to many sites: a parent ticket with one child for each, and how they stand.
//!
//! All tickets of one request are opened in one transaction, in which the rows say which
//! site has which: repeating a request, or adding a site twice, opens nothing more.

mod board;

use std::collections::{BTreeMap, BTreeSet};

use store::Conn;
use store::campaign::Campaign;
use store::site::Site;
use switchboard_core::campaign::{
    MOST_SITES, SiteWords, VARIABLES, check_reminders, filled, may_ask,
};
use switchboard_core::decide::{decide, open};
use switchboard_core::ticket::RelationKind;
use switchboard_core::{
    Access, Actor, Caused, Command, EntryVisibility, Millis, Scene, SolutionKind, Ticket,
    TicketNumber, UnitId, variable,
};
use uuid::Uuid;

use crate::act::{command_within, save, store_entry, write_within};
use crate::open::{Checked, one_line, resolve};
use crate::{Catalogue, Desk, Error, Live, OpenRequest, scene};

pub use board::{Board, SiteRow};

/// A request to many sites, as it is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CampaignRequest {
    /// The ticket that becomes the parent; `None`: one is opened.
    pub ticket: Option<TicketNumber>,
    /// The parent's subject where one is opened; empty: that of the sites, without its
    /// variables.
    pub title: String,
    /// The subject of each site's ticket, with variables.
    pub subject: String,
    /// Its text, with variables.
    pub body: String,
    /// In the name of which unit, by key or name; it holds the parent where one is opened.
    pub unit: Option<String>,
    /// A category's key; `None`: service request.
    pub category: Option<String>,
    /// Keys, names or aliases of the sites.
    pub sites: Vec<String>,
    /// Working days of silence after which a site is reminded.
    pub remind: Vec<u32>,
    /// When answers are wanted.
    pub due: Option<Millis>,
    /// A key under which a repeated request gives the same, and a hash of the request.
    pub idempotency: Option<(String, Vec<u8>)>,
}

/// What asking did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedSites {
    /// The parent.
    pub number: TicketNumber,
    /// Tickets that were opened, by site.
    pub opened: BTreeMap<String, TicketNumber>,
    /// An earlier request with the same key did it.
    pub repeated: bool,
}

/// What is to be changed of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CampaignEdit {
    /// When answers are wanted; `Some(None)`: no date.
    pub due: Option<Option<Millis>>,
    /// Working days of silence after which a site is reminded.
    pub remind: Option<Vec<u32>>,
}

/// A site's ticket, ready to be opened.
#[derive(Debug, Clone)]
struct ReadySite {
    key: String,
    ticket: Checked,
}

/// The longest text of a request, in characters.
const LONGEST_BODY: usize = 50_000;
/// The desk, saying in whose name it acts.
fn in_name_of(actor: &Actor) -> Actor {
    Actor {
        name: actor.name.clone(),
        ..Actor::system(actor.channel)
    }
}

fn check_texts(subject: &str, body: &str) -> Result<(), Error> {
    if subject.is_empty() {
        return Err(Error::invalid(
            "subject",
            "say in one line what the sites are asked",
        ));
    }
    if body.trim().is_empty() {
        return Err(Error::invalid("text", "say what the sites are asked"));
    }
    if body.chars().count() > LONGEST_BODY {
        return Err(Error::invalid(
            "text",
            format!("takes at most {LONGEST_BODY} characters; attach the rest to the parent"),
        ));
    }
    variable::check("subject", subject, &VARIABLES)?;
    variable::check("text", body, &VARIABLES)?;
    Ok(())
}

/// The sites that are named, each once.
fn named_sites<'a>(catalogue: &'a Catalogue, names: &[String]) -> Result<Vec<&'a Site>, Error> {
    let mut keys = BTreeSet::new();
    let mut found = Vec::new();
    for name in names.iter().map(|n| n.trim()).filter(|n| !n.is_empty()) {
        let key = catalogue.site_key("sites", name)?;
        let site = catalogue.sites.iter().find(|s| s.key == key);
        let site = site.ok_or_else(|| {
            Error::invalid("sites", "no sites are known; an administrator enters them")
        })?;
        if !site.active {
            return Err(Error::invalid(
                "sites",
                format!("{} is out of use", site.name),
            ));
        }
        if keys.insert(site.key.clone()) {
            found.push(site);
        }
    }
    if found.is_empty() {
        return Err(Error::invalid("sites", "name at least one site"));
    }
    if found.len() > MOST_SITES {
        return Err(Error::invalid(
            "sites",
            format!("takes at most {MOST_SITES} sites at once"),
        ));
    }
    Ok(found)
}

/// The parent, for somebody who works on it: what is asked stands, so they may ask more
/// sites the same.
fn parent(c: &mut Conn<'_>, actor: &Actor, number: TicketNumber) -> Result<Ticket, Error> {
    let ticket = store::ticket::load(c, number)?
        .filter(|ticket| Access::of(actor, ticket).may_see())
        .ok_or_else(|| Error::not_found(format!("ticket {number}")))?;
    if !Access::of(actor, &ticket).may_work() {
        return Err(Error::Forbidden(
            "only those who work on the parent may change whom it asks".into(),
        ));
    }
    Ok(ticket)
}

fn no_campaign(number: TicketNumber) -> Error {
    Error::not_found(format!("request to many sites {number}"))
}

impl Desk {
    /// Asks many sites: opens the parent, unless one is named, and a ticket for each site
    /// that is not asked yet.
    ///
    /// # Errors
    /// Names the field that is wrong; [`Error::Forbidden`] unless responsibles of the
    /// unit, first level or an administrator ask.
    pub async fn ask_sites(
        &self,
        actor: &Actor,
        mut request: CampaignRequest,
    ) -> Result<AskedSites, Error> {
        let catalogue = self.catalogue().await?;
        request.subject = one_line(&request.subject);
        check_texts(&request.subject, &request.body)?;
        check_reminders(&request.remind)?;
        if request.due.is_some_and(|due| due <= self.now()) {
            return Err(Error::invalid("due", "lies in the past"));
        }
        let first = match request.ticket {
            Some(_) => None,
            None => Some(self.ready_parent(actor, &catalogue, &request).await?),
        };
        let unit = match (&first, request.ticket) {
            (Some((_, unit)), _) => *unit,
            (None, Some(number)) => self.unit_that_asks(actor, number).await?,
            (None, None) => return Err(Error::Internal("neither a ticket nor a new one".into())),
        };
        let sites = self.ready_sites(actor, &catalogue, unit, &request).await?;
        let (now, cause, actor) = (self.now(), self.uuid(), actor.clone());
        let (done, live) = self
            .0
            .db
            .write(move |c| {
                if let (Some(person), Some((key, hash))) = (actor.person, &request.idempotency)
                    && let Some((known, number)) = store::setting::idempotent(c, person, key)?
                {
                    if known != *hash {
                        return Err(Error::invalid(
                            "Idempotency-Key",
                            "was used for another request; use a new key for a new request",
                        ));
                    }
                    return Ok((
                        AskedSites {
                            number,
                            opened: BTreeMap::new(),
                            repeated: true,
                        },
                        Vec::new(),
                    ));
                }
                let mut asking = Asking::new(&catalogue, &actor, now);
                let number = match (&first, request.ticket) {
                    (Some((checked, _)), _) => asking.open(c, checked)?,
                    (None, Some(number)) => {
                        may_ask(&actor, parent(c, &actor, number)?.unit)?;
                        if store::campaign::parent_of(c, number)?.is_some() {
                            return Err(Error::Conflict(format!(
                                "{number} is itself one site's ticket of a request"
                            )));
                        }
                        asking.load(c, number)?;
                        number
                    }
                    (None, None) => return Err(Error::Internal("no parent".into())),
                };
                let known = store::campaign::load(c, number)?;
                if known.is_some() && request.ticket.is_some() {
                    return Err(Error::Conflict(format!(
                        "{number} asks sites already; add more there"
                    )));
                }
                let campaign = Campaign {
                    ticket: number,
                    subject: request.subject.clone(),
                    body: request.body.clone(),
                    remind: request.remind.clone(),
                    due_at: request.due,
                    made_by: actor.person,
                    made_at: now,
                    version: 1,
                };
                let opened = asking.sites(c, &campaign, &sites)?;
                let mut live = asking.save(c, cause)?;
                store::campaign::save(c, &campaign)?;
                asking.tie(c, number, &opened)?;
                live.extend(asking.save(c, cause)?);
                for (site, ticket) in &opened {
                    store::campaign::ask(c, number, site, *ticket, now)?;
                }
                if let (Some(person), Some((key, hash))) = (actor.person, &request.idempotency) {
                    store::setting::set_idempotent(c, person, key, hash, number, now)?;
                }
                Ok((
                    AskedSites {
                        number,
                        opened,
                        repeated: false,
                    },
                    live,
                ))
            })
            .await?;
        self.announce(live);
        self.wake();
        Ok(done)
    }

    /// Asks more sites the same. Those that are asked already stay as they are; one that
    /// was left gets a new ticket.
    ///
    /// # Errors
    /// As [`Desk::ask_sites`]; [`Error::Conflict`] when the parent is closed.
    pub async fn add_sites(
        &self,
        actor: &Actor,
        number: TicketNumber,
        sites: Vec<String>,
    ) -> Result<AskedSites, Error> {
        let catalogue = self.catalogue().await?;
        let unit = self.unit_that_asks(actor, number).await?;
        let campaign = self
            .0
            .db
            .read(move |c| store::campaign::load(c, number).map_err(Error::from))
            .await?
            .ok_or_else(|| no_campaign(number))?;
        let request = CampaignRequest {
            subject: campaign.subject.clone(),
            body: campaign.body.clone(),
            sites,
            ..CampaignRequest::default()
        };
        let sites = self.ready_sites(actor, &catalogue, unit, &request).await?;
        let (now, cause, actor) = (self.now(), self.uuid(), actor.clone());
        let (opened, live) = self
            .0
            .db
            .write(move |c| {
                parent(c, &actor, number)?;
                // As it is now: somebody may have changed its reminders.
                let campaign =
                    store::campaign::load(c, number)?.ok_or_else(|| no_campaign(number))?;
                let mut asking = Asking::new(&catalogue, &actor, now);
                asking.load(c, number)?;
                let opened = asking.sites(c, &campaign, &sites)?;
                let mut live = asking.save(c, cause)?;
                asking.tie(c, number, &opened)?;
                live.extend(asking.save(c, cause)?);
                for (site, ticket) in &opened {
                    store::campaign::ask(c, number, site, *ticket, now)?;
                }
                Ok::<_, Error>((opened, live))
            })
            .await?;
        self.announce(live);
        self.wake();
        Ok(AskedSites {
            number,
            opened,
            repeated: false,
        })
    }

    /// Asks a site no longer: its ticket is untied, and ended with the reason if it is
    /// open.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not asked; the reason is needed while its ticket is
    /// open.
    pub async fn leave_site(
        &self,
        actor: &Actor,
        number: TicketNumber,
        site: &str,
        reason: &str,
    ) -> Result<(), Error> {
        let catalogue = self.catalogue().await?;
        let (site, reason) = (site.trim().to_owned(), reason.trim().to_owned());
        let entry = crate::act::plain_entry(self, EntryVisibility::Public, reason.clone());
        let (now, cause, actor) = (self.now(), self.uuid(), actor.clone());
        let live = self
            .0
            .db
            .write(move |c| {
                parent(c, &actor, number)?;
                let child = store::campaign::is_asked(c, number, &site)?
                    .ok_or_else(|| Error::not_found(format!("site {site:?} of this request")))?;
                let ticket = store::ticket::load(c, child)?
                    .ok_or_else(|| Error::not_found(format!("ticket {child}")))?;
                let by = in_name_of(&actor);
                let mut live = Vec::new();
                if ticket.status.is_open() && ticket.merged_into().is_none() {
                    if reason.is_empty() {
                        return Err(Error::invalid(
                            "reason",
                            "say why the site is asked no longer; it is told",
                        ));
                    }
                    let give_up = Command::GiveUp {
                        reason: reason.clone(),
                        kind: SolutionKind::Invalid,
                    };
                    let end = [give_up];
                    live.extend(write_within(
                        c, &catalogue, child, &entry, &end, &by, cause, now,
                    )?);
                }
                let mut commands = vec![(child, Command::SetAsked(None))];
                if ticket
                    .relations
                    .iter()
                    .any(|r| r.kind == RelationKind::ChildOf && r.ticket == number)
                {
                    let other = child;
                    let kind = RelationKind::ParentOf;
                    commands.push((number, Command::Unrelate { kind, other }));
                }
                for (ticket, command) in commands {
                    if store::ticket::load(c, ticket)?.is_some_and(|t| t.merged_into().is_some()) {
                        continue;
                    }
                    live.extend(command_within(
                        c, &catalogue, ticket, &command, &by, cause, now,
                    )?);
                }
                store::campaign::leave(c, number, &site, now)?;
                Ok::<_, Error>(live)
            })
            .await?;
        self.announce(live);
        self.wake();
        Ok(())
    }

    /// Another date or other reminders, also for the sites that are asked already: what was
    /// said stays said.
    ///
    /// # Errors
    /// [`Error::Stale`] when `expected` is no longer its version; or the field that is
    /// wrong.
    pub async fn change_campaign(
        &self,
        actor: &Actor,
        number: TicketNumber,
        expected: Option<i64>,
        edit: CampaignEdit,
    ) -> Result<i64, Error> {
        if let Some(days) = &edit.remind {
            check_reminders(days)?;
        }
        let catalogue = self.catalogue().await?;
        let (now, cause, actor) = (self.now(), self.uuid(), actor.clone());
        let (version, live) = self
            .0
            .db
            .write(move |c| {
                parent(c, &actor, number)?;
                let mut campaign =
                    store::campaign::load(c, number)?.ok_or_else(|| no_campaign(number))?;
                let current = campaign.version;
                if expected.is_some_and(|e| e != current) {
                    return Err(Error::Stale { current });
                }
                let before = campaign.clone();
                if let Some(due) = edit.due {
                    campaign.due_at = due;
                }
                if let Some(days) = &edit.remind {
                    campaign.remind.clone_from(days);
                }
                if campaign == before {
                    return Ok((current, Vec::new()));
                }
                store::campaign::save(c, &campaign)?;
                let mut live = Vec::new();
                if campaign.remind != before.remind {
                    for site in store::campaign::sites(c, number)? {
                        let open = site.left_at.is_none() && site.ticket.status.is_open();
                        if !open || site.ticket.asked.is_none() {
                            continue;
                        }
                        let command = Command::SetAsked(Some(campaign.remind.clone()));
                        let (child, by) = (site.ticket.number, in_name_of(&actor));
                        live.extend(command_within(
                            c, &catalogue, child, &command, &by, cause, now,
                        )?);
                    }
                }
                Ok::<_, Error>((current + 1, live))
            })
            .await?;
        self.announce(live);
        Ok(version)
    }

    async fn unit_that_asks(&self, actor: &Actor, number: TicketNumber) -> Result<UnitId, Error> {
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| Ok(parent(c, &actor, number)?.unit))
            .await
    }

    async fn ready_parent(
        &self,
        actor: &Actor,
        catalogue: &Catalogue,
        request: &CampaignRequest,
    ) -> Result<(Checked, UnitId), Error> {
        let unit = match &request.unit {
            Some(name) => catalogue.find_unit("unit", name)?,
            None => {
                return Err(Error::invalid(
                    "unit",
                    "say in the name of which unit you ask",
                ));
            }
        };
        may_ask(actor, unit.id)?;
        let title = match one_line(&request.title) {
            title if title.is_empty() => {
                let plain = SiteWords {
                    name: "",
                    key: "",
                    country: "",
                };
                one_line(&filled("subject", &request.subject, plain)?)
            }
            title => title,
        };
        let parent = OpenRequest {
            subject: title,
            description: request.body.clone(),
            unit: Some(unit.key.clone()),
            category: Some(category(catalogue, request)),
            ..OpenRequest::default()
        };
        Ok((self.check(actor, catalogue, parent).await?, unit.id))
    }

    async fn ready_sites(
        &self,
        actor: &Actor,
        catalogue: &Catalogue,
        asking: UnitId,
        request: &CampaignRequest,
    ) -> Result<Vec<ReadySite>, Error> {
        let mut ready = Vec::new();
        for site in named_sites(catalogue, &request.sites)? {
            let own = site.unit.and_then(|unit| catalogue.heir(unit));
            let unit = match own {
                Some(unit) => unit,
                None if site.contact.is_some() => catalogue
                    .heir(asking)
                    .ok_or_else(|| Error::Conflict("the unit that asks is retired".into()))?,
                None => {
                    return Err(Error::invalid(
                        "sites",
                        format!(
                            "{} has neither a unit nor a contact; an administrator enters one",
                            site.name
                        ),
                    ));
                }
            };
            let words = SiteWords {
                name: &site.name,
                key: &site.key,
                country: &site.country,
            };
            let child = OpenRequest {
                subject: filled("subject", &request.subject, words)?,
                description: filled("text", &request.body, words)?,
                unit: Some(unit.key.clone()),
                category: Some(category(catalogue, request)),
                site: Some(site.key.clone()),
                ..OpenRequest::default()
            };
            ready.push(ReadySite {
                key: site.key.clone(),
                ticket: self.check(actor, catalogue, child).await?,
            });
        }
        Ok(ready)
    }
}

/// What sites are asked is a service request, where there is such a category.
fn category(catalogue: &Catalogue, request: &CampaignRequest) -> String {
    let wanted = request.category.as_deref().unwrap_or("service_request");
    match (&request.category, catalogue.check_category(wanted)) {
        (None, Err(_)) => "incident".to_owned(),
        _ => wanted.to_owned(),
    }
}

/// A request on its way: what the scene was, is, and what happened in it.
struct Asking<'a> {
    catalogue: &'a Catalogue,
    actor: &'a Actor,
    now: Millis,
    before: Scene,
    scene: Scene,
    all: Vec<Caused>,
    entries: Vec<(TicketNumber, &'a Checked)>,
}

impl<'a> Asking<'a> {
    fn new(catalogue: &'a Catalogue, actor: &'a Actor, now: Millis) -> Asking<'a> {
        Asking {
            catalogue,
            actor,
            now,
            before: Scene::default(),
            scene: Scene::default(),
            all: Vec::new(),
            entries: Vec::new(),
        }
    }

    fn load(&mut self, c: &mut Conn<'_>, number: TicketNumber) -> Result<(), Error> {
        self.scene = scene::begin(c, self.catalogue, number, &[])?;
        self.before = self.scene.clone();
        Ok(())
    }

    fn happened(&mut self, caused: Vec<Caused>) {
        for one in &caused {
            self.scene.apply(one, self.now);
        }
        self.all.extend(caused);
    }

    /// Opens a ticket in the scene.
    fn open(&mut self, c: &mut Conn<'_>, checked: &'a Checked) -> Result<TicketNumber, Error> {
        let new = resolve(c, checked, self.actor, self.now)?;
        if !self.scene.units.contains_key(&new.unit) {
            let facts = scene::unit_facts(c, self.catalogue, new.unit, false)?;
            self.scene.units.insert(new.unit, facts);
        }
        let caused = open(
            &new,
            self.actor,
            &self.scene,
            &self.catalogue.rules,
            self.now,
        )?;
        self.happened(caused);
        self.entries.push((new.number, checked));
        Ok(new.number)
    }

    /// Opens a ticket for each site that is not asked.
    fn sites(
        &mut self,
        c: &mut Conn<'_>,
        campaign: &Campaign,
        sites: &'a [ReadySite],
    ) -> Result<BTreeMap<String, TicketNumber>, Error> {
        let (parent, by) = (campaign.ticket, in_name_of(self.actor));
        let mut opened = BTreeMap::new();
        for site in sites {
            if store::campaign::is_asked(c, parent, &site.key)?.is_some() {
                continue;
            }
            let child = self.open(c, &site.ticket)?;
            let alone = Scene {
                tickets: [(child, self.scene.tickets[&child].clone())].into(),
                units: BTreeMap::new(),
            };
            let command = Command::SetAsked(Some(campaign.remind.clone()));
            let rules = &self.catalogue.rules;
            let asked = decide(&alone, child, &command, &by, rules, self.now)?;
            self.happened(asked);
            opened.insert(site.key.clone(), child);
        }
        Ok(opened)
    }

    /// Puts the tickets of sites, which are stored, below the parent.
    fn tie(
        &mut self,
        c: &mut Conn<'_>,
        parent: TicketNumber,
        children: &BTreeMap<String, TicketNumber>,
    ) -> Result<(), Error> {
        let by = in_name_of(self.actor);
        for child in children.values() {
            let tie = Command::Relate {
                kind: RelationKind::ParentOf,
                other: *child,
            };
            let missing = |s: &Scene| s.missing(parent, &tie);
            for came in scene::complete(c, self.catalogue, &mut self.scene, missing)? {
                let ticket = self.scene.tickets[&came].clone();
                self.before.tickets.insert(came, ticket);
            }
            let rules = &self.catalogue.rules;
            let tied = decide(&self.scene, parent, &tie, &by, rules, self.now)?;
            self.happened(tied);
        }
        Ok(())
    }

    /// Saves what has happened so far: tickets first, then what ties them, as each of two
    /// tied tickets names the other.
    fn save(&mut self, c: &mut Conn<'_>, cause: Uuid) -> Result<Vec<Live>, Error> {
        let (actor, now) = (self.actor, self.now);
        let scenes = (&self.before, &self.scene);
        let live = save(c, self.catalogue, scenes, &self.all, actor, cause, now)?;
        for (number, checked) in self.entries.drain(..) {
            let access = Access::of(actor, &self.scene.tickets[&number]);
            store_entry(c, number, &checked.entry, actor, access, now)?;
        }
        self.before = self.scene.clone();
        self.all.clear();
        Ok(live)
    }
}
