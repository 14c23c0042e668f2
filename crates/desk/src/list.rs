//! Lists of tickets: queries resolved, permissions applied, words looked up.

use std::collections::BTreeSet;
use store::Conn;

use store::list::{Condition, Cursor, Filter, Item, OwnerIs, Scope, Sort};
use store::search::SearchSide;
use store::unit::Service;
use switchboard_core::query::{self, Query, Who, Word};
use switchboard_core::{Actor, Channel, PersonId, Status, TicketNumber, UnitId};

use crate::{Catalogue, Desk, Error};

mod words;

use words::search;
pub(crate) use words::{OPEN_IS_INDEXED, UNITS_ARE_INDEXED, is_complete};

/// A list to be looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TicketQuery {
    /// The query language: `status:open unit:"EGI Cloud" words`.
    pub q: String,
    /// Conditions that the language has no word for, or that a page sets.
    pub filter: Filter,
    /// The order. Words are always found newest first.
    pub sort: Sort,
    /// Where the page before ended, as it was given out.
    pub cursor: Option<String>,
    /// Rows on a page, 1 to 200.
    pub limit: i64,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page; `None`: this is the last.
    pub next: Option<String>,
}

/// Rows on a page when nothing is said.
pub const PAGE: i64 = 50;
/// Most rows on a page.
pub const MAX_PAGE: i64 = 200;
/// The people that a query names, looked up before it is run.
struct Names<'a> {
    actor: &'a Actor,
    catalogue: &'a Catalogue,
}

/// What an actor may see in lists.
pub(crate) fn scope_of(actor: &Actor) -> Scope {
    let Some(person) = actor.person else {
        return Scope::Everything;
    };
    if actor.admin {
        return Scope::Everything;
    }
    let units: Vec<UnitId> = if actor.support {
        actor.units.iter().map(|m| m.unit).collect()
    } else {
        Vec::new()
    };
    if actor.first_level() || actor.monitor {
        Scope::Unrestricted { person, units }
    } else {
        Scope::Related {
            person,
            units,
            portals: actor.portals().collect(),
            communities: actor.shares(),
        }
    }
}

/// The terms by which the search index knows who may see a ticket, and what a list
/// may be narrowed to.
pub(crate) mod term {
    use std::fmt::Write as _;

    use sha2::{Digest as _, Sha256};
    use switchboard_core::{PersonId, PortalId, UnitId};

    /// On the tickets that are open.
    pub(crate) const OPEN: &str = "open";

    /// On a ticket that has the term, while it is open. A list of its own: those of
    /// all a unit's tickets and of all open ones would both be walked through, for the
    /// few that are in both.
    pub(crate) fn while_open(term: &str) -> String {
        format!("o{term}")
    }

    /// On every ticket that is not restricted.
    pub(crate) const FREE: &str = "free";

    /// On the tickets of a unit.
    pub(crate) fn unit(id: UnitId) -> String {
        format!("u{}", id.0.simple())
    }

    /// On the tickets of a requester or party.
    pub(crate) fn person(id: PersonId) -> String {
        format!("p{}", id.0.simple())
    }

    /// On the tickets that came by a portal and are not restricted.
    pub(crate) fn portal(id: PortalId) -> String {
        format!("f{}", id.0.simple())
    }

    /// On the tickets that are open to a community. A key has characters that
    /// the index folds away, so its hash stands for it.
    pub(crate) fn community(key: &str) -> String {
        let mut term = "c".to_owned();
        for byte in &Sha256::digest(key.as_bytes())[..16] {
            // Writing to a String can not fail.
            let _ = write!(term, "{byte:02x}");
        }
        term
    }

    /// On the tickets that somebody owns or was drawn into: they read notes.
    pub(crate) fn insider(id: PersonId) -> String {
        format!("i{}", id.0.simple())
    }
}

/// Which texts an actor's words are looked for in, and on which tickets.
pub(crate) fn looks(actor: &Actor) -> Vec<(SearchSide, Option<Vec<String>>)> {
    match scope_of(actor) {
        Scope::Everything => vec![(SearchSide::Staff, None)],
        Scope::Unrestricted { person, units } => {
            let mut inside = vec![term::FREE.to_owned(), term::insider(person)];
            inside.extend(units.into_iter().map(term::unit));
            vec![
                (SearchSide::Staff, Some(inside)),
                (SearchSide::PublicOnly, Some(vec![term::person(person)])),
            ]
        }
        Scope::Related {
            person,
            units,
            portals,
            communities,
        } => {
            let mut inside = vec![term::insider(person)];
            inside.extend(units.into_iter().map(term::unit));
            inside.extend(portals.into_iter().map(term::portal));
            let mut outside = vec![term::person(person)];
            outside.extend(communities.iter().map(|key| term::community(key)));
            vec![
                (SearchSide::Staff, Some(inside)),
                (SearchSide::PublicOnly, Some(outside)),
            ]
        }
    }
}

impl Names<'_> {
    fn who(&self, c: &mut Conn<'_>, field: &str, who: &Who) -> Result<Option<PersonId>, Error> {
        match who {
            Who::Me => Ok(self.actor.person),
            Who::None => Ok(None),
            Who::Named(text) => {
                let address = crate::account::address(field, text)?;
                // Nobody there: an id that nothing has, so that the list is
                // empty and does not tell which addresses are known.
                Ok(Some(
                    store::person::by_email(c, address.as_str())?
                        .map_or(PersonId(uuid::Uuid::nil()), |p| p.id),
                ))
            }
        }
    }

    fn condition(
        &self,
        c: &mut Conn<'_>,
        filter: &query::Filter,
        now: i64,
    ) -> Result<Condition, Error> {
        Ok(match filter {
            query::Filter::Status(set) => status_condition(set),
            query::Filter::Priority(how, p) => Condition::Priority(*how, *p),
            query::Filter::Unit(name) => {
                Condition::Unit(vec![self.catalogue.find_unit("q", name)?.id])
            }
            query::Filter::Service(name) => {
                Condition::Service(self.catalogue.find_service("q", name)?.id)
            }
            query::Filter::Owner(Who::None) => Condition::Owner(OwnerIs::Nobody),
            query::Filter::Owner(who) => Condition::Owner(
                self.who(c, "q", who)?
                    .map_or(OwnerIs::Nobody, OwnerIs::Person),
            ),
            query::Filter::Requester(who) => Condition::Requester(
                self.who(c, "q", who)?
                    .unwrap_or(PersonId(uuid::Uuid::nil())),
            ),
            query::Filter::Category(key) => Condition::Category(key.clone()),
            query::Filter::Tag(tag) => Condition::Tag(tag.to_lowercase()),
            query::Filter::Site(key) => Condition::Site(key.clone()),
            query::Filter::Community(name) => Condition::Community(
                self.catalogue
                    .community(name)
                    .map_or_else(|| name.clone(), |c| c.key.clone()),
            ),
            query::Filter::Type(key) => Condition::IssueType(key.clone()),
            query::Filter::Kind(kind) => Condition::Kind(*kind),
            query::Filter::Number(how, n) => Condition::Number(*how, *n),
            query::Filter::Numbers(set) => Condition::Numbers(set.iter().copied().collect()),
            query::Filter::Created(how, m) => Condition::Created(m.span(*how, now)),
            query::Filter::Updated(how, m) => Condition::Updated(m.span(*how, now)),
            query::Filter::Closed(how, m) => Condition::Closed(m.span(*how, now)),
        })
    }

    /// The query's terms as conditions, and its words.
    fn resolve(
        &self,
        c: &mut Conn<'_>,
        text: &str,
        mut filter: Filter,
        now: i64,
    ) -> Result<(Filter, Vec<Word>), Error> {
        let query = Query::parse(text)?;
        for term in &query.terms {
            let condition = self.condition(c, &term.filter, now)?;
            // Tags are the support side's: others can not probe for them.
            if matches!(condition, Condition::Tag(_)) && !self.actor.is_staff() {
                return Err(Error::invalid("q", "tag: is for support staff"));
            }
            filter = filter.with(term.negated, condition);
        }
        Ok((filter, query.words))
    }
}

/// All open statuses together are one look at an index.
fn status_condition(set: &BTreeSet<Status>) -> Condition {
    let open: BTreeSet<Status> = Status::ALL.into_iter().filter(|s| s.is_open()).collect();
    let closed: BTreeSet<Status> = Status::ALL.into_iter().filter(|s| !s.is_open()).collect();
    if *set == open {
        Condition::Open(true)
    } else if *set == closed {
        Condition::Open(false)
    } else {
        Condition::Status(set.iter().copied().collect())
    }
}

fn cursor_text(sort: Sort, item: &Item) -> String {
    match sort {
        Sort::Newest => format!("n{}", item.number),
        Sort::Urgent => format!("p{}.{}", item.priority.rank(), item.number),
        Sort::Updated => format!("u{}.{}", item.updated_at, item.number),
        Sort::Due => format!("d{}.{}", item.due_place(), item.number),
    }
}

fn read_cursor(sort: Sort, text: &str) -> Result<Cursor, Error> {
    let wrong = || {
        Error::invalid(
            "cursor",
            "is not one that this list gave out; start again without it",
        )
    };
    let (letter, rest) = text.split_at_checked(1).ok_or_else(wrong)?;
    let number = |s: &str| s.parse::<i64>().map_err(|_| wrong());
    match (sort, letter, rest.split_once('.')) {
        (Sort::Newest, "n", None) => Ok(Cursor {
            key: 0,
            number: number(rest)?,
        }),
        (Sort::Urgent, "p", Some((key, n)))
        | (Sort::Updated, "u", Some((key, n)))
        | (Sort::Due, "d", Some((key, n))) => Ok(Cursor {
            key: number(key)?,
            number: number(n)?,
        }),
        _ => Err(wrong()),
    }
}

/// The fields of a query as the desk itself means them, for a list; its words are left
/// out.
pub(crate) fn fields_of(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    q: &str,
    now: i64,
) -> Result<Filter, Error> {
    let names = Names {
        actor: &Actor::system(Channel::Job),
        catalogue,
    };
    Ok(names.resolve(c, q, Filter::default(), now)?.0)
}

/// Whether a ticket is in the list that a query gives an actor. Words can not be
/// looked for: the index of them comes a moment after the ticket.
pub(crate) fn holds(
    c: &mut Conn<'_>,
    catalogue: &Catalogue,
    actor: &Actor,
    q: &str,
    number: TicketNumber,
    now: i64,
) -> Result<bool, Error> {
    let names = Names { actor, catalogue };
    let (filter, words) = names.resolve(c, q, Filter::default(), now)?;
    if !words.is_empty() {
        return Err(Error::invalid(
            "q",
            "takes fields only, no words: status:open priority>=high unit:\"EGI Cloud\"",
        ));
    }
    let filter = filter.and(Condition::Number(query::Compare::Equal, number.0));
    let found = store::list::page(c, &scope_of(actor), &filter, Sort::Newest, None, 1)?;
    Ok(!found.is_empty())
}

impl Desk {
    /// A page of the tickets that the actor may see.
    ///
    /// # Errors
    /// Names the part of the query that can not be read.
    pub async fn tickets(&self, actor: &Actor, query: TicketQuery) -> Result<Page<Item>, Error> {
        let catalogue = self.catalogue().await?;
        let (actor, now) = (actor.clone(), self.now());
        let lists = self.0.unit_lists.clone();
        let limit = if query.limit == 0 { PAGE } else { query.limit };
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Error::invalid("limit", format!("takes 1 to {MAX_PAGE}")));
        }
        // Words may be anywhere, so that looking for them takes its time.
        let brief = Query::parse(&query.q)?.words.is_empty();
        let page = move |c: &mut Conn<'_>| {
            let names = Names {
                actor: &actor,
                catalogue: &catalogue,
            };
            let (filter, words) = names.resolve(c, &query.q, query.filter.clone(), now)?;
            let sort = if words.is_empty() {
                query.sort
            } else {
                Sort::Newest
            };
            let cursor = query
                .cursor
                .as_deref()
                .map(|text| read_cursor(sort, text))
                .transpose()?;
            if words.is_empty() {
                let scope = scope_of(&actor);
                let mut items = store::list::page(c, &scope, &filter, sort, cursor, limit + 1)?;
                let next = (items.len() as i64 > limit).then(|| {
                    items.truncate(limit as usize);
                    items.last().map(|last| cursor_text(sort, last))
                });
                return Ok(Page {
                    items,
                    next: next.flatten(),
                });
            }
            let before = cursor.map(|c| c.number);
            search((c, &lists), &actor, &filter, &words, before, limit)
        };
        if brief {
            self.0.db.read_here(page).await
        } else {
            self.0.db.read(page).await
        }
    }

    /// How many tickets there are, counting no further than `most`.
    ///
    /// # Errors
    /// Names the part of the query that can not be read.
    pub async fn count_tickets(
        &self,
        actor: &Actor,
        queries: Vec<(String, Filter)>,
        most: i64,
    ) -> Result<Vec<i64>, Error> {
        let catalogue = self.catalogue().await?;
        let (actor, now) = (actor.clone(), self.now());
        let lists = self.0.unit_lists.clone();
        self.0
            .db
            .read(move |c| {
                let names = Names {
                    actor: &actor,
                    catalogue: &catalogue,
                };
                let scope = scope_of(&actor);
                let mut resolved = Vec::new();
                for (q, filter) in queries {
                    resolved.push(names.resolve(c, &q, filter, now)?);
                }
                for (filter, _) in resolved.iter().filter(|(_, words)| words.is_empty()) {
                    store::list::expect_count(c, &scope, filter, most)?;
                }
                let mut counts = Vec::new();
                for (filter, words) in resolved {
                    counts.push(if words.is_empty() {
                        store::list::count(c, &scope, &filter, most)?
                    } else {
                        let limit = most.min(MAX_PAGE);
                        let found = search((c, &lists), &actor, &filter, &words, None, limit)?;
                        found.items.len() as i64
                    });
                }
                Ok(counts)
            })
            .await
    }

    /// Tickets and services that look like what somebody is about to ask for,
    /// most recent first; only what they may see.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn similar(
        &self,
        actor: &Actor,
        subject: &str,
        limit: i64,
    ) -> Result<Vec<Item>, Error> {
        // The longest words say most; two of them are enough to be alike.
        let mut words: Vec<&str> = subject
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| w.chars().count() >= 4)
            .collect();
        words.sort_by_key(|w| std::cmp::Reverse(w.chars().count()));
        words.truncate(3);
        let texts: Vec<String> = match words.as_slice() {
            [] => return Ok(Vec::new()),
            [one] => vec![(*one).to_owned()],
            [a, b, rest @ ..] => {
                let mut pairs = vec![format!("{a} {b}")];
                for c in rest {
                    pairs.push(format!("{a} {c}"));
                    pairs.push(format!("{b} {c}"));
                }
                pairs
            }
        };
        let mut found: Vec<Item> = Vec::new();
        for text in texts {
            let query = TicketQuery {
                q: text,
                limit,
                ..TicketQuery::default()
            };
            for item in self.tickets(actor, query).await?.items {
                if !found.iter().any(|f| f.number == item.number) {
                    found.push(item);
                }
            }
        }
        found.sort_by_key(|i| std::cmp::Reverse(i.number));
        found.truncate(limit as usize);
        Ok(found)
    }

    /// Active services whose name, alias or description has a word.
    ///
    /// # Errors
    /// When the catalogue can not be read.
    pub async fn find_services(&self, words: &str) -> Result<Vec<Service>, Error> {
        let words = words.to_lowercase();
        let catalogue = self.catalogue().await?;
        Ok(catalogue
            .services
            .iter()
            .filter(|s| s.active)
            .filter(|s| {
                words.split_whitespace().any(|w| {
                    s.name.to_lowercase().contains(w) || s.doc.aliases.iter().any(|a| a.contains(w))
                })
            })
            .cloned()
            .collect())
    }
}

/// The views that every agent has (domain and design: views).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Mine and open.
    Mine,
    /// Open tickets whose requester waits for an answer.
    NeedsReply,
    /// Open tickets of my units without an owner.
    Nobodys,
    /// Waiting for the requester, or on hold.
    Waiting,
    /// Solved or unsolved within the last days.
    ClosedLately,
    /// All open tickets I may work on.
    Open,
    /// Open tickets that are open to my communities.
    Community,
}

impl View {
    /// In the order of the rail.
    pub const ALL: [View; 7] = [
        View::Mine,
        View::NeedsReply,
        View::Nobodys,
        View::Waiting,
        View::Open,
        View::Community,
        View::ClosedLately,
    ];

    /// Those that somebody has use for: who is of no community has no view of
    /// it.
    pub fn of(actor: &Actor) -> Vec<View> {
        View::ALL
            .into_iter()
            .filter(|view| *view != View::Community || !actor.communities.is_empty())
            .collect()
    }

    /// The word in addresses.
    pub fn key(self) -> &'static str {
        match self {
            View::Mine => "mine",
            View::NeedsReply => "needs-reply",
            View::Nobodys => "nobodys",
            View::Waiting => "waiting",
            View::Open => "open",
            View::Community => "community",
            View::ClosedLately => "closed-lately",
        }
    }

    /// The words on the rail.
    pub fn label(self) -> &'static str {
        match self {
            View::Mine => "My open",
            View::NeedsReply => "Needs reply",
            View::Nobodys => "Nobody’s yet",
            View::Waiting => "Waiting",
            View::Open => "All open",
            View::Community => "In my community",
            View::ClosedLately => "Closed lately",
        }
    }

    /// Reads a word.
    pub fn parse(key: &str) -> Option<View> {
        View::ALL.into_iter().find(|v| v.key() == key)
    }

    /// What the view shows to somebody: the tickets of their units, or, for
    /// those without units, all they may see.
    pub fn filter(self, actor: &Actor, now: i64) -> (Filter, Sort) {
        let units: Vec<UnitId> = actor.units.iter().map(|m| m.unit).collect();
        let mut filter = Filter::default();
        if !units.is_empty() && !matches!(self, View::Mine | View::Community) {
            filter = filter.and(Condition::Unit(units));
        }
        let me = actor.person.map_or(OwnerIs::Nobody, OwnerIs::Person);
        match self {
            View::Mine => (
                filter.and(Condition::Open(true)).and(Condition::Owner(me)),
                Sort::Urgent,
            ),
            View::NeedsReply => (
                filter
                    .and(Condition::Open(true))
                    .and(Condition::NeedsReply(true)),
                Sort::Urgent,
            ),
            View::Nobodys => (
                filter
                    .and(Condition::Open(true))
                    .and(Condition::Owner(OwnerIs::Nobody)),
                Sort::Urgent,
            ),
            View::Waiting => (
                filter
                    .and(Condition::Open(true))
                    .and(Condition::Status(vec![Status::Waiting, Status::OnHold])),
                Sort::Urgent,
            ),
            View::Open => (filter.and(Condition::Open(true)), Sort::Urgent),
            View::Community => (
                filter
                    .and(Condition::Open(true))
                    .and(Condition::Shared(actor.shares())),
                Sort::Newest,
            ),
            View::ClosedLately => (
                filter
                    .and(Condition::Open(false))
                    .and(Condition::Updated(query::Span {
                        from: Some(now - 14 * 86_400_000),
                        until: None,
                    })),
                Sort::Updated,
            ),
        }
    }
}

/// New tickets that wait for first level, most urgent first: for the desk's and
/// for administrators all of them, for a portal's own what came by it.
pub fn triage_filter(actor: &Actor) -> (Filter, Sort) {
    let new = Filter::default().and(Condition::Status(vec![Status::New]));
    if actor.first_level() || actor.admin {
        (new, Sort::Urgent)
    } else {
        let portals = Condition::Portal(actor.portals().collect());
        (new.and(portals), Sort::Urgent)
    }
}
