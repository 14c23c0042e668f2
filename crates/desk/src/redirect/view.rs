//! All redirected tickets and how they stand: for first level, for the units
//! that stand for lists, for the contacts of providers.

use std::collections::BTreeSet;

use store::Conn;
use store::redirect::{Filter, Redirection};
use switchboard_core::onboarding::Way;
use switchboard_core::redirect::{Happened, Stage, Turn};
use switchboard_core::{
    Access, Actor, Command, Millis, ServiceId, Status, TicketNumber, Visibility,
};
use uuid::Uuid;

use super::{Around, Said, play};
use crate::act::Step;
use crate::view::{load_visible, load_worked_on};
use crate::{Desk, Error, Page};

/// Which ones somebody wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    /// With a list, or held.
    #[default]
    Open,
    /// First level was woken.
    Woken,
    /// The list's word is missing.
    List,
    /// The requester's word is missing.
    Requester,
    /// Over.
    Ended,
}

impl Which {
    /// In the order of the page.
    pub const ALL: [Which; 5] = [
        Which::Open,
        Which::Woken,
        Which::List,
        Which::Requester,
        Which::Ended,
    ];

    /// The word in addresses and JSON.
    pub fn key(self) -> &'static str {
        match self {
            Which::Open => "open",
            Which::Woken => "woken",
            Which::List => "list",
            Which::Requester => "requester",
            Which::Ended => "ended",
        }
    }

    /// The words people read.
    pub fn label(self) -> &'static str {
        match self {
            Which::Open => "All open",
            Which::Woken => "Needs you",
            Which::List => "Waiting for the list",
            Which::Requester => "Waiting for the requester",
            Which::Ended => "Over",
        }
    }

    /// Reads a word.
    pub fn parse(key: &str) -> Option<Which> {
        Which::ALL.into_iter().find(|w| w.key() == key)
    }

    fn filter(self) -> Filter {
        let all = Filter::default();
        match self {
            Which::Open => Filter {
                open: Some(true),
                ..all
            },
            Which::Woken => Filter { woken: true, ..all },
            Which::List => Filter {
                turn: Some(Turn::List),
                ..all
            },
            Which::Requester => Filter {
                turn: Some(Turn::Requester),
                ..all
            },
            Which::Ended => Filter {
                open: Some(false),
                ..all
            },
        }
    }
}

/// What somebody looks for among the redirected tickets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Which of them.
    pub which: Which,
    /// The service, by key or name.
    pub service: Option<String>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// How many at most.
    pub limit: i64,
}

/// A redirected ticket and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The ticket.
    pub ticket: TicketNumber,
    /// The list's number within the ticket.
    pub seq: i64,
    /// Its subject; empty for those who may not open a restricted ticket.
    pub subject: String,
    /// Its status.
    pub status: Status,
    /// The service: key and name.
    pub service: (String, String),
    /// The list's address.
    pub list: String,
    /// How far it is.
    pub stage: Stage,
    /// Whose word is missing.
    pub turn: Turn,
    /// Since when.
    pub turn_since: Millis,
    /// When the list first got it.
    pub began_at: Millis,
    /// The last mail to the list.
    pub sent_at: Option<Millis>,
    /// The last sign of life of the list.
    pub life_at: Option<Millis>,
    /// When it was reminded.
    pub warned_at: Option<Millis>,
    /// When first level was woken.
    pub woken_at: Option<Millis>,
    /// When something happens by itself if nobody says anything.
    pub next_at: Option<Millis>,
    /// Why mail to the list does not arrive.
    pub trouble: Option<String>,
    /// Whoever looks may open the ticket as support.
    pub may_open: bool,
}

/// How many there are of each kind.
pub type Counts = Vec<(Which, i64)>;

/// More is not counted.
const MOST: i64 = crate::list::MAX_PAGE;

/// Which services' tickets somebody sees in the list; `None`: all.
fn scope(
    c: &mut Conn<'_>,
    actor: &Actor,
    services: &[store::unit::Service],
) -> Result<Option<Vec<ServiceId>>, Error> {
    if actor.admin || actor.monitor || actor.first_level() {
        return Ok(None);
    }
    let mut seen: BTreeSet<ServiceId> = services
        .iter()
        .filter(|s| actor.in_unit(s.unit).is_some())
        .map(|s| s.id)
        .collect();
    if let Some(person) = actor.person {
        for provider in store::service_provider::of_contact(c, person)? {
            seen.extend(store::service_provider::services(c, provider.id)?);
        }
    }
    Ok(Some(seen.into_iter().collect()))
}

fn seen(
    c: &mut Conn<'_>,
    catalogue: &crate::Catalogue,
    actor: &Actor,
    row: Redirection,
) -> Result<Option<Seen>, Error> {
    let Some(ticket) = store::ticket::load(c, row.ticket)? else {
        return Ok(None);
    };
    let access = Access::of(actor, &ticket);
    let may_open = access.may_see() && access.staff_side();
    // Of a restricted ticket those who may not see it learn nothing at all.
    if ticket.visibility == Visibility::Restricted && !may_open {
        return Ok(None);
    }
    let s = row.standing;
    Ok(Some(Seen {
        ticket: row.ticket,
        seq: row.seq,
        subject: ticket.subject,
        status: ticket.status,
        service: catalogue
            .service(row.service)
            .map(|s| (s.key.clone(), s.name.clone()))
            .unwrap_or_default(),
        list: row.list,
        stage: s.stage,
        turn: s.turn,
        turn_since: s.turn_since,
        began_at: row.began_at,
        sent_at: row.sent_at,
        life_at: s.life_at,
        warned_at: s.warned_at,
        woken_at: s.woken_at,
        next_at: row.next_at,
        trouble: row.trouble,
        may_open,
    }))
}

impl Desk {
    /// Whether somebody has a view of redirected tickets: first level, units
    /// that stand for lists, contacts of providers, monitors, administrators.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn sees_redirections(&self, actor: &Actor) -> Result<bool, Error> {
        let (catalogue, actor) = (self.catalogue().await?, actor.clone());
        self.0
            .db
            .read(move |c| {
                let scope = scope(c, &actor, &catalogue.services)?;
                let Some(ids) = scope else {
                    return Ok(true);
                };
                let now = catalogue
                    .services
                    .iter()
                    .any(|s| ids.contains(&s.id) && s.option == Way::Redirection.key());
                Ok(now
                    || !store::redirect::find(
                        c,
                        &Filter {
                            services: Some(ids),
                            ..Filter::default()
                        },
                        1,
                    )?
                    .is_empty())
            })
            .await
    }

    /// Redirected tickets, those that stand as they do for the longest time
    /// first.
    ///
    /// # Errors
    /// Names the field that can not be read.
    pub async fn redirections(&self, actor: &Actor, search: Search) -> Result<Page<Seen>, Error> {
        let catalogue = self.catalogue().await?;
        let after = match search.cursor.as_deref().filter(|c| !c.is_empty()) {
            None => None,
            Some(text) => Some(
                text.split_once('.')
                    .and_then(|(at, id)| Some((at.parse().ok()?, Uuid::try_parse(id).ok()?)))
                    .ok_or_else(|| {
                        Error::invalid("cursor", "is none that this list gave; begin without one")
                    })?,
            ),
        };
        let wanted = match search.service.as_deref().filter(|s| !s.is_empty()) {
            None => None,
            Some(name) => Some(catalogue.find_service("service", name)?.id),
        };
        let (actor, limit) = (actor.clone(), search.limit.clamp(1, MOST));
        self.0
            .db
            .read(move |c| {
                let mut services = scope(c, &actor, &catalogue.services)?;
                if let Some(wanted) = wanted {
                    services = Some(match services {
                        Some(ids) => ids.into_iter().filter(|id| *id == wanted).collect(),
                        None => vec![wanted],
                    });
                }
                let mut filter = Filter {
                    services,
                    after,
                    ..search.which.filter()
                };
                let mut page = Page {
                    items: Vec::new(),
                    next: None,
                };
                loop {
                    let rows = store::redirect::find(c, &filter, limit + 1)?;
                    let full = rows.len() as i64 > limit;
                    for row in rows {
                        if page.items.len() as i64 == limit {
                            let (at, id) = filter.after.unwrap_or((0, Uuid::nil()));
                            page.next = Some(format!("{at}.{id}"));
                            return Ok(page);
                        }
                        filter.after = Some((row.standing.turn_since, row.id));
                        page.items.extend(seen(c, &catalogue, &actor, row)?);
                    }
                    if !full {
                        return Ok(page);
                    }
                }
            })
            .await
    }

    /// How many redirected tickets there are of each kind, restricted ones
    /// that somebody may not see left out.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn redirection_counts(&self, actor: &Actor) -> Result<Counts, Error> {
        let mut counts = Vec::new();
        for which in Which::ALL {
            let search = Search {
                which,
                limit: MOST,
                ..Search::default()
            };
            let page = self.redirections(actor, search).await?;
            counts.push((which, page.items.len() as i64));
        }
        Ok(counts)
    }

    /// The lists that a ticket is or was with, for those on the support side
    /// and for the service's provider.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a ticket that the actor may not see.
    pub async fn redirections_of(
        &self,
        actor: &Actor,
        number: TicketNumber,
    ) -> Result<Vec<Seen>, Error> {
        let (catalogue, actor) = (self.catalogue().await?, actor.clone());
        self.0
            .db
            .read(move |c| {
                let (_, access) = load_visible(c, &actor, number)?;
                if !access.staff_side() {
                    return Ok(Vec::new());
                }
                let mut found = Vec::new();
                for row in store::redirect::of_ticket(c, number)? {
                    found.extend(seen(c, &catalogue, &actor, row)?);
                }
                Ok(found)
            })
            .await
    }

    /// Sends a ticket to the list it belongs with once more: after it was
    /// stopped, or when the list has lost it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for those who do not work on it,
    /// [`Error::Conflict`] when it does not belong with a list.
    pub async fn redirect_again(&self, actor: &Actor, number: TicketNumber) -> Result<(), Error> {
        let (catalogue, desk, who) = (self.catalogue().await?, self.clone(), actor.clone());
        let live = self
            .0
            .db
            .write(move |c| {
                let refusal = "only those who work on a ticket send it to a list";
                let ticket = load_worked_on(c, &who, number, refusal)?;
                let super::Wish::Go(to) = super::wish(c, &catalogue, &ticket)? else {
                    return Err(Error::Conflict(
                        "this ticket does not go to a list as it stands: its service, its unit, \
                         its status or its label are against it"
                            .into(),
                    ));
                };
                let mut row = store::redirect::of_ticket(c, number)?
                    .into_iter()
                    .find(|row| row.list == to.list)
                    .ok_or_else(|| {
                        Error::Conflict("it is on its way to the list for the first time".into())
                    })?;
                let files = super::files(c, &desk, number, None)?;
                let said = Said {
                    entry: None,
                    files: files.into_values().flatten().collect(),
                };
                let a = Around {
                    desk: &desk,
                    catalogue: &catalogue,
                    ticket: &ticket,
                    now: desk.now(),
                };
                play(c, &a, &mut row, Happened::SentAgain, Some(said))
            })
            .await?;
        self.announce(live);
        Ok(())
    }

    /// Passes a ticket on to the list of a service: the ticket becomes one of
    /// the service, and its unit the one that stands for the list.
    ///
    /// # Errors
    /// Names `service` when it does not go by a list; otherwise what the rules
    /// refuse.
    pub async fn redirect_to(
        &self,
        actor: &Actor,
        number: TicketNumber,
        service: &str,
    ) -> Result<(), Error> {
        let catalogue = self.catalogue().await?;
        let service = catalogue.find_service("service", service)?;
        if service.option != Way::Redirection.key() || !service.active {
            return Err(Error::invalid(
                "service",
                format!("{} does not go by a mailing list", service.name),
            ));
        }
        let list = service.doc.list.clone().unwrap_or_default();
        let steps = vec![
            Step::Command(Command::SetService(Some(service.id))),
            Step::Command(Command::Assign {
                unit: service.unit,
                reason: Some(format!("goes to {list}")),
            }),
        ];
        self.act(actor, number, None, steps).await?;
        Ok(())
    }
}
