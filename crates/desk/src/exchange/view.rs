//! The exchange as those see it who look after it, and what they can do.

use serde_json::json;
use store::Conn;
use store::agreement::Agreement;
use store::coupling::{Coupling, State};
use store::exchange::{Dead, Line, Link, Sums};
use switchboard_core::exchange::{Conflict, ConflictReason, Field, Set, Stage};
use switchboard_core::{Access, Actor, Millis, PersonId, Status, TicketNumber};
use uuid::Uuid;

use super::fields::standing;
use super::host;
use super::owner::{assignee, called, shown};
use crate::audit::{self, Subject};
use crate::{Catalogue, Desk, Error, Page};

/// Dead letters that are shown.
const MOST_DEAD: i64 = 200;
/// Lines of a ticket that are shown.
const MOST_LINES: i64 = 500;
/// The longest reason for which something need not go, in characters.
const MOST_REASON: usize = 500;
/// Links that wait or failed that are shown.
const MOST_TROUBLED: i64 = 200;

/// For how long changes at a system can not be read; 0: they can.
pub(super) fn silent(coupling: &Coupling, now: Millis) -> Millis {
    let since = coupling
        .error_at
        .map(|since| since.max(coupling.read_at.unwrap_or(since)));
    since.map_or(0, |since| now - since)
}

/// A coupling with how it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Coupled {
    /// The service whose tickets travel, by name.
    pub service: String,
    /// The agreement.
    pub agreement: Agreement,
    /// How far the exchange has come.
    pub coupling: Coupling,
    /// Its links together.
    pub sums: Sums,
}

impl Coupled {
    /// The host of the system.
    pub fn system(&self) -> &str {
        host(self.agreement.endpoint.as_deref().unwrap_or_default())
    }

    /// How long the oldest thing waits that is to go there; 0: nothing does.
    pub fn lag(&self, now: Millis) -> Millis {
        self.sums.waiting_since.map_or(0, |since| now - since)
    }

    /// For how long nothing can come from there; 0: it can.
    pub fn silent(&self, now: Millis) -> Millis {
        silent(&self.coupling, now)
    }
}

/// A dead letter, with where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// It.
    pub dead: Dead,
    /// The ticket.
    pub ticket: TicketNumber,
    /// The system, by its host.
    pub system: String,
}

/// A ticket's counterpart in another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterpart {
    /// The link's id.
    pub id: Uuid,
    /// The kind of system, a word of the onboarding form.
    pub kind: String,
    /// The system, by its host.
    pub system: String,
    /// Its number there.
    pub there: Option<String>,
    /// Nothing goes there any more.
    pub ended: bool,
    /// It was deleted there, or is hidden from this desk.
    pub gone: bool,
    /// They are responsible: their status counts.
    pub theirs: bool,
    /// Their word for how it stands.
    pub status: Option<String>,
    /// Who works on it there.
    pub owner: Option<String>,
    /// Values that were set at two desks at once, in words; over when somebody
    /// chooses.
    pub conflicts: Vec<String>,
    /// Where it lies there, when that is not where it was agreed.
    pub queue: Option<String>,
    /// Its links there that are no ties here, in words.
    pub links: Vec<String>,
    /// When it began.
    pub began_at: Millis,
    /// What is to be done there.
    pub waiting: i64,
    /// Since when the oldest of that waits.
    pub waiting_since: Option<Millis>,
    /// What will not be done unless somebody says so.
    pub dead: i64,
    /// The last failure, until something succeeds.
    pub error: Option<String>,
    /// When something last went there.
    pub sent_at: Option<Millis>,
    /// When something last came from there.
    pub came_at: Option<Millis>,
    /// When first level last looked at how it stands; `None`: nobody yet.
    pub looked_at: Option<Millis>,
    /// Who that was.
    pub looked_by: Option<String>,
    /// What went where and why; empty in lists.
    pub lines: Vec<Line>,
}

/// A ticket that is with a partner, or on its way there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Travelling {
    /// The ticket.
    pub ticket: TicketNumber,
    /// Its subject.
    pub subject: String,
    /// Its status here.
    pub status: Status,
    /// The service under whose agreement it travels, by name.
    pub service: String,
    /// How it stands there.
    pub there: Counterpart,
}

/// How the whole exchange stands, for those who watch the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Couplings that run.
    pub running: i64,
    /// Couplings whose system can not be talked to.
    pub stopped: i64,
    /// Couplings that somebody paused.
    pub paused: i64,
    /// What is to be done in partners' systems.
    pub waiting: i64,
    /// How long the oldest of it waits.
    pub lag: Millis,
    /// Dead letters that nobody has looked after.
    pub dead: i64,
}

pub(super) fn admin(actor: &Actor) -> Result<(), Error> {
    if actor.admin {
        return Ok(());
    }
    Err(Error::Forbidden(
        "administrators look after the exchange".into(),
    ))
}

/// Why something need not travel, as somebody typed it.
pub(super) fn reason(text: &str) -> Result<String, Error> {
    let reason = text.trim().to_owned();
    if reason.is_empty() {
        return Err(Error::invalid("reason", "say why it need not go there"));
    }
    if reason.chars().count() > MOST_REASON {
        let most = format!("must have at most {MOST_REASON} characters");
        return Err(Error::invalid("reason", most));
    }
    Ok(reason)
}

/// First level looks at it too: it asks after tickets that stand still.
pub(super) fn looks(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.first_level() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "first level and administrators see how the exchange stands".into(),
    ))
}

/// A value that stands beside the one that counts, in words; `side`: who set it, and to
/// what.
pub(super) fn conflict(
    one: &Conflict,
    mut side: impl FnMut(&Set) -> Result<(String, String), Error>,
) -> Result<String, Error> {
    let counts = match &one.counts {
        Some(set) => {
            let (who, value) = side(set)?;
            format!("“{value}” of {who} counts")
        }
        None => "nothing counts yet".to_owned(),
    };
    let why = match one.reason {
        ConflictReason::AtOnce => "without knowing of it",
        ConflictReason::WithoutBaton => "without being responsible",
    };
    let (who, other) = side(&one.other)?;
    let field = called(&one.field);
    Ok(format!(
        "{field}: {counts}; {who} set “{other}” {why}. Set it to choose."
    ))
}

/// What was set here and there at once.
fn conflicts(c: &mut Conn<'_>, link: &Link, label: &str) -> Result<Vec<String>, Error> {
    let all = link.shared.conflicts().into_iter().map(|one| {
        conflict(&one, |set| {
            // The desk that opened it is this one or the system.
            let theirs = (set.name.desk == link.shared.ticket().desk) == link.opened_there;
            let raw = set.raw.as_deref().filter(|_| theirs);
            let person = Uuid::try_parse(&set.value).ok();
            let value = match (raw, person.filter(|_| one.field == assignee())) {
                (None, Some(id)) => {
                    let person = store::person::load(c, PersonId(id))?;
                    person.map_or_else(String::new, |p| p.name)
                }
                (raw, _) => shown(&one.field, raw.unwrap_or(&set.value)),
            };
            let who = if theirs { label } else { "this desk" };
            Ok((who.to_owned(), value))
        })
    });
    let mut all = all.collect::<Result<Vec<_>, Error>>()?;
    // What was set there and can not be here.
    if !link.tie.left.is_empty()
        && let Some(ticket) = store::ticket::load(c, link.ticket)?
    {
        for field in link.tie.left.keys() {
            let theirs = link.tie.fields.get(field).and_then(|t| t.raw.as_deref());
            let ours = standing(field, &ticket).filter(|ours| link.tie.leaves(field, ours));
            all.extend(ours.zip(theirs).map(|(ours, theirs)| {
                format!(
                    "{}: “{}” of {label} is not taken over; “{}” stays here. Set it to choose.",
                    called(field),
                    shown(field, theirs),
                    shown(field, &ours)
                )
            }));
        }
    }
    Ok(all)
}

/// How a link stands, with so many of its last lines.
pub(super) fn counterpart(c: &mut Conn<'_>, link: Link, lines: i64) -> Result<Counterpart, Error> {
    let agreement = store::agreement::load(c, link.agreement)?;
    let agreement = agreement.ok_or_else(|| Error::not_found("that agreement"))?;
    let lines = if lines > 0 {
        store::exchange::lines(c, link.id, lines)?
    } else {
        Vec::new()
    };
    let system = host(agreement.endpoint.as_deref().unwrap_or_default()).to_owned();
    let conflicts = conflicts(c, &link, &system)?;
    let status = link.tie.fields.get(&Field::Status);
    let gone = link.tie.gone;
    let looked_by = match link.looked_by {
        Some(person) => store::person::load(c, person)?.map(|p| p.name),
        None => None,
    };
    Ok(Counterpart {
        id: link.id,
        kind: agreement.system.unwrap_or_default(),
        system,
        // The desk that opened it is this one or the system.
        theirs: (link.shared.baton().holder() == &link.shared.ticket().desk) == link.opened_there,
        status: status.and_then(|f| f.raw.clone()),
        there: link.tie.there,
        ended: link.stage == Stage::Ended || gone,
        gone,
        owner: link.owner_there,
        conflicts,
        queue: link.queue_there,
        links: link
            .links_there
            .as_deref()
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect(),
        began_at: link.began_at,
        waiting: link.waiting,
        waiting_since: link.waiting_since,
        dead: link.dead,
        error: link.error,
        sent_at: link.sent_at,
        came_at: link.came_at,
        looked_at: link.looked_by.map(|_| link.looked_at),
        looked_by,
        lines,
    })
}

/// A link with its ticket; `None`: the actor may not see that.
fn travelling(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    actor: &Actor,
    link: Link,
) -> Result<Option<Travelling>, Error> {
    let Some(ticket) = store::ticket::load(c, link.ticket)? else {
        return Ok(None);
    };
    if !Access::of(actor, &ticket).may_see() {
        return Ok(None);
    }
    let agreement = store::agreement::load(c, link.agreement)?;
    let service = agreement.and_then(|a| catalogue.service(a.service));
    Ok(Some(Travelling {
        ticket: ticket.number,
        subject: ticket.subject,
        status: ticket.status,
        service: service.map_or_else(String::new, |s| s.name.clone()),
        there: counterpart(c, link, 0)?,
    }))
}

impl Desk {
    /// Every coupling, and what is dead; of tickets that the actor may not see
    /// nothing.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but first level and administrators.
    pub async fn exchange(&self, actor: &Actor) -> Result<(Vec<Coupled>, Vec<DeadLetter>), Error> {
        looks(actor)?;
        let (catalogue, actor) = (self.catalogue().await?, actor.clone());
        self.0
            .db
            .read(move |c| {
                let mut coupled = Vec::new();
                for coupling in store::coupling::all(c)? {
                    let Some(agreement) = store::agreement::load(c, coupling.agreement)? else {
                        continue;
                    };
                    let sums = store::exchange::sums(c, coupling.agreement)?;
                    if agreement.closed_at.is_some() && sums.links == 0 {
                        continue;
                    }
                    coupled.push(Coupled {
                        service: catalogue
                            .service(agreement.service)
                            .map_or_else(String::new, |s| s.name.clone()),
                        agreement,
                        coupling,
                        sums,
                    });
                }
                let mut letters = Vec::new();
                for dead in store::exchange::dead(c, MOST_DEAD)? {
                    let Some(link) = store::exchange::load(c, dead.link)? else {
                        continue;
                    };
                    let ticket = store::ticket::load(c, link.ticket)?;
                    if ticket.is_none_or(|t| !Access::of(&actor, &t).may_see()) {
                        continue;
                    }
                    let agreement = store::agreement::load(c, link.agreement)?;
                    letters.push(DeadLetter {
                        ticket: link.ticket,
                        system: agreement
                            .and_then(|a| a.endpoint)
                            .map_or_else(String::new, |e| host(&e).to_owned()),
                        dead,
                    });
                }
                Ok((coupled, letters))
            })
            .await
    }

    /// How the whole exchange stands.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn exchange_standing(&self) -> Result<Standing, Error> {
        let now = self.now();
        self.0
            .db
            .read(move |c| {
                let (waiting, since) = store::exchange::backlog(c)?;
                let mut standing = Standing {
                    waiting,
                    lag: since.map_or(0, |since| (now - since).max(0)),
                    dead: store::exchange::dead_count(c)?,
                    ..Standing::default()
                };
                for coupling in store::coupling::all(c)? {
                    match (coupling.state, coupling.error) {
                        (State::Paused, _) => standing.paused += 1,
                        (State::On, Some(_)) => standing.stopped += 1,
                        (State::On, None) => standing.running += 1,
                    }
                }
                super::partner_view::add_to(c, &mut standing, now)?;
                Ok(standing)
            })
            .await
    }

    /// Open tickets that are at partners, the one at which nobody looked for the
    /// longest time first. A page may have fewer than was asked for: tickets
    /// that the actor may not see are left out.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but first level and administrators; names
    /// `cursor` when it is none of this list's.
    pub async fn at_partners(
        &self,
        actor: &Actor,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<Travelling>, Error> {
        looks(actor)?;
        let after = match cursor.filter(|c| !c.is_empty()) {
            None => None,
            Some(text) => Some(
                text.split_once('.')
                    .and_then(|(at, id)| Some((at.parse().ok()?, Uuid::try_parse(id).ok()?)))
                    .ok_or_else(|| {
                        Error::invalid("cursor", "is none that this list gave; begin without one")
                    })?,
            ),
        };
        let (catalogue, actor) = (self.catalogue().await?, actor.clone());
        let size = usize::try_from(limit).unwrap_or(0);
        self.0
            .db
            .read(move |c| {
                let mut links = store::exchange::with_partners(c, after, None, limit + 1)?;
                let more = links.len() > size;
                links.truncate(size);
                let next = links
                    .last()
                    .filter(|_| more)
                    .map(|l| format!("{}.{}", l.looked_at, l.id));
                let mut items = Vec::new();
                for link in links {
                    items.extend(travelling(c, &catalogue, &actor, link)?);
                }
                if after.is_none() {
                    // Those at partner desks stand on the first page, where they belong.
                    items.extend(super::partner_view::travelling(c, &catalogue, &actor)?);
                    items.sort_by_key(|t| t.there.looked_at.unwrap_or(t.there.began_at));
                }
                Ok(Page { items, next })
            })
            .await
    }

    /// Tickets of which something waits to go to a partner, failed, or will not
    /// go by itself, the longest so first.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but first level and administrators.
    pub async fn held_up(&self, actor: &Actor) -> Result<Vec<Travelling>, Error> {
        looks(actor)?;
        let (catalogue, actor) = (self.catalogue().await?, actor.clone());
        self.0
            .db
            .read(move |c| {
                let mut found = Vec::new();
                for link in store::exchange::in_trouble(c, MOST_TROUBLED)? {
                    found.extend(travelling(c, &catalogue, &actor, link)?);
                }
                Ok(found)
            })
            .await
    }

    /// A ticket's counterparts in other systems, for the support side.
    ///
    /// # Errors
    /// [`Error::NotFound`] for those who may not see the ticket;
    /// [`Error::Forbidden`] for its requester.
    pub async fn counterparts(
        &self,
        actor: &Actor,
        number: TicketNumber,
    ) -> Result<Vec<Counterpart>, Error> {
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| {
                let (_, access) = crate::view::load_visible(c, &actor, number)?;
                if !access.staff_side() {
                    return Err(Error::Forbidden(
                        "the support side sees how a ticket travels".into(),
                    ));
                }
                let mut found = Vec::new();
                for link in store::exchange::of_ticket(c, number)? {
                    found.push(counterpart(c, link, MOST_LINES)?);
                }
                found.extend(super::partner_view::counterparts(c, number, true)?);
                Ok(found)
            })
            .await
    }

    /// Lets tickets travel under an agreement, or not for now: what happens
    /// meanwhile waits.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators.
    pub async fn set_coupling(
        &self,
        actor: &Actor,
        agreement: Uuid,
        on: bool,
    ) -> Result<(), Error> {
        admin(actor)?;
        let (actor, now) = (actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let known = store::coupling::load(c, agreement)?
                    .ok_or_else(|| Error::not_found("that coupling"))?;
                let state = if on { State::On } else { State::Paused };
                if known.state == state {
                    return Ok(());
                }
                store::coupling::set_state(c, agreement, state, now)?;
                let action = if on {
                    "exchange.resumed"
                } else {
                    "exchange.paused"
                };
                let subject = Subject::Other("agreement", agreement);
                audit::record(c, &actor, now, action, &subject, &json!({}))
            })
            .await?;
        self.wake();
        Ok(())
    }

    /// Tries a dead letter again.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; [`Error::NotFound`] when
    /// it is none any more.
    pub async fn retry_exchange(&self, actor: &Actor, dead: Uuid) -> Result<(), Error> {
        admin(actor)?;
        let (desk, actor, now) = (self.clone(), actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let none = || Error::not_found("that dead letter");
                let dead = store::exchange::dead_letter(c, dead)?.ok_or_else(none)?;
                let link = super::dead::again(c, &desk, &dead, now)?.ok_or_else(none)?;
                let subject = Subject::Other("agreement", link.agreement);
                let detail = json!({"ticket": link.ticket, "what": dead.what, "why": dead.why});
                audit::record(c, &actor, now, "exchange.retried", &subject, &detail)
            })
            .await?;
        self.wake();
        Ok(())
    }

    /// Says that a dead letter need not go: nobody is told of it any more.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; names `reason` when it
    /// is missing; [`Error::NotFound`] when it is none any more.
    pub async fn give_up_exchange(
        &self,
        actor: &Actor,
        dead: Uuid,
        reason: &str,
    ) -> Result<(), Error> {
        admin(actor)?;
        let reason = self::reason(reason)?;
        let (desk, actor, now) = (self.clone(), actor.clone(), self.now());
        self.0
            .db
            .write(move |c| {
                let none = || Error::not_found("that dead letter");
                let dead = store::exchange::dead_letter(c, dead)?.ok_or_else(none)?;
                let link = super::dead::given_up(c, &desk, &dead, &reason, now)?;
                let link = link.ok_or_else(none)?;
                let subject = Subject::Other("agreement", link.agreement);
                let detail = json!({
                    "ticket": link.ticket, "what": dead.what, "why": dead.why, "reason": reason,
                });
                audit::record(c, &actor, now, "exchange.given-up", &subject, &detail)
            })
            .await
    }

    /// Looks at a system now, and does what waits: its secret is another, or it
    /// is back.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but administrators; [`Error::Conflict`] when
    /// the coupling is paused.
    pub async fn try_coupling(&self, actor: &Actor, agreement: Uuid) -> Result<(), Error> {
        admin(actor)?;
        let now = self.now();
        self.0
            .db
            .write(move |c| {
                let known = store::coupling::load(c, agreement)?
                    .ok_or_else(|| Error::not_found("that coupling"))?;
                if known.state == State::Paused {
                    return Err(Error::Conflict("it is paused: let it go on first".into()));
                }
                Ok(store::coupling::hurry(c, agreement, now)?)
            })
            .await?;
        self.wake();
        Ok(())
    }
}
