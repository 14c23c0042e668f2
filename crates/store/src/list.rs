//! Lists of tickets: what somebody may see, filtered, in order, page by page.
//!
//! A person's tickets come from several sources (asked for it, is on it, works
//! in its unit …). Each source is read from its own index in the order of the
//! list and cut to a page, and only those few rows are merged: so a page costs
//! the same with a thousand and with a million tickets.

use switchboard_core::clock::Due;
use switchboard_core::query::{Compare, Span};
use switchboard_core::{
    Millis, PersonId, PortalId, Priority, ServiceId, Status, TicketNumber, TicketType, Tlp, Turn,
    UnitId,
};

use crate::Sql;
use crate::conn::Conn;
use crate::error::Error;
use crate::ticket_clock;

mod merge;

/// What somebody may see at all (domain section 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Administrators and the desk itself.
    Everything,
    /// First level and monitors: all but restricted tickets, and their own.
    Unrestricted {
        /// Who.
        person: PersonId,
        /// Their units.
        units: Vec<UnitId>,
    },
    /// Everybody else: their units' tickets, those they are on, and what is open
    /// to their communities.
    Related {
        /// Who.
        person: PersonId,
        /// Their units; empty for requesters.
        units: Vec<UnitId>,
        /// The portals that they are first level of: of these all that is not
        /// restricted.
        portals: Vec<PortalId>,
        /// The keys of their communities.
        communities: Vec<String>,
    },
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Newest number first.
    #[default]
    Newest,
    /// Highest priority first, then oldest number.
    Urgent,
    /// Last changed first.
    Updated,
    /// What is due first, then what is open and due for nothing, then the closed.
    Due,
}

impl Sort {
    /// What a ticket's place in the order is told by.
    fn columns(self) -> &'static str {
        match self {
            Sort::Newest => "number",
            Sort::Urgent => "number, priority",
            Sort::Updated => "number, updated_at",
            Sort::Due => "number, due",
        }
    }

    /// What the order of a list is the ascending order of.
    fn place(self, Cursor { key, number }: Cursor) -> (i64, i64) {
        match self {
            Sort::Newest => (0, -number),
            Sort::Urgent => (-key, number),
            Sort::Updated => (-key, -number),
            Sort::Due => (key, number),
        }
    }
}

/// Where a page ends and the next begins: the sort key of the last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Priority rank, time of update or of what is due; not used by [`Sort::Newest`].
    pub key: i64,
    /// The ticket's number.
    pub number: i64,
}

/// Who owns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerIs {
    /// Nobody.
    Nobody,
    /// This person.
    Person(PersonId),
}

/// One condition on a list.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Open (`true`) or closed.
    Open(bool),
    /// One of these statuses.
    Status(Vec<Status>),
    /// A rank compared.
    Priority(Compare, Priority),
    /// One of these units.
    Unit(Vec<UnitId>),
    /// This service.
    Service(ServiceId),
    /// This category.
    Category(String),
    /// This type of issue.
    IssueType(String),
    /// Of this kind.
    Kind(TicketType),
    /// This site.
    Site(String),
    /// This community.
    Community(String),
    /// Open to one of these communities.
    Shared(Vec<String>),
    /// Came by one of these portals.
    Portal(Vec<PortalId>),
    /// The owner.
    Owner(OwnerIs),
    /// The requester.
    Requester(PersonId),
    /// Somebody on it as requester or party.
    OnIt(PersonId),
    /// This tag.
    Tag(String),
    /// The last public word is the requester's.
    NeedsReply(bool),
    /// The number compared.
    Number(Compare, i64),
    /// Opened in this span.
    Created(Span),
    /// Changed in this span.
    Updated(Span),
    /// Solved or unsolved in this span.
    Closed(Span),
    /// One of these numbers.
    Numbers(Vec<i64>),
}

/// What a list is narrowed to: all conditions hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter(Vec<(bool, Condition)>);

impl Filter {
    /// Narrows to what meets the condition.
    #[must_use]
    pub fn and(self, condition: Condition) -> Filter {
        self.with(false, condition)
    }

    /// Narrows to what meets the condition, or (`negated`) does not.
    #[must_use]
    pub fn with(mut self, negated: bool, condition: Condition) -> Filter {
        self.0.push((negated, condition));
        self
    }

    /// It narrows nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// It is narrowed by conditions of a kind and by no others.
    pub fn is_only(&self, wanted: fn(&Condition) -> bool) -> bool {
        self.0.iter().all(|(negated, c)| !negated && wanted(c))
    }

    /// Nothing can meet it.
    fn is_void(&self) -> bool {
        self.0.iter().any(|(negated, c)| !negated && c.is_void())
    }

    /// It is narrowed to tickets that are open, however that is said.
    pub fn is_of_open_ones(&self) -> bool {
        self.asks(|c| match c {
            Condition::Open(open) => *open,
            Condition::Status(set) => set.iter().all(|s| s.is_open()),
            _ => false,
        })
    }

    fn asks(&self, wanted: fn(&Condition) -> bool) -> bool {
        self.0.iter().any(|(negated, c)| !negated && wanted(c))
    }

    /// It is narrowed to open tickets by what only the index of a unit's open
    /// tickets has beside their status: whether somebody owes an answer, or nobody
    /// owns them.
    fn is_told_by_open_ones(&self) -> bool {
        let told = |c: &Condition| {
            matches!(
                c,
                Condition::NeedsReply(_) | Condition::Owner(OwnerIs::Nobody)
            )
        };
        self.asks(|c| matches!(c, Condition::Open(true))) && self.asks(told)
    }

    /// It is narrowed by something that the indexes of units tell, and by nothing
    /// that an index of all units' tickets tells sooner.
    fn is_told_by_units(&self) -> bool {
        self.asks(|c| {
            matches!(
                c,
                Condition::NeedsReply(_) | Condition::Status(_) | Condition::Open(false)
            )
        }) && !self.asks(|c| matches!(c, Condition::Owner(_)))
    }

    /// It is narrowed to what this person owns.
    fn is_owned_by(&self, person: PersonId) -> bool {
        let owned = Condition::Owner(OwnerIs::Person(person));
        self.0.contains(&(false, owned))
    }

    /// The units it is narrowed to, if it is.
    pub fn units(&self) -> Option<&[UnitId]> {
        self.0.iter().find_map(|(negated, c)| match c {
            Condition::Unit(units) if !negated => Some(units.as_slice()),
            _ => None,
        })
    }

    /// It is narrowed to tickets that are named.
    fn names_tickets(&self) -> bool {
        self.asks(|c| matches!(c, Condition::Numbers(_)))
    }

    /// It is narrowed to what one person asked for.
    fn is_of_a_requester(&self) -> bool {
        self.asks(|c| matches!(c, Condition::Requester(_)))
    }

    /// The communities to whose open tickets it is narrowed, if it is.
    fn shared(&self) -> Option<&[String]> {
        self.0.iter().find_map(|(negated, c)| match c {
            Condition::Shared(keys) if !negated => Some(keys.as_slice()),
            _ => None,
        })
    }
}

impl Condition {
    /// A choice out of nothing, which nothing can meet.
    fn is_void(&self) -> bool {
        match self {
            Condition::Numbers(n) => n.is_empty(),
            Condition::Shared(keys) => keys.is_empty(),
            Condition::Portal(ids) => ids.is_empty(),
            _ => false,
        }
    }
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its number.
    pub number: TicketNumber,
    /// Its version, the ETag.
    pub version: i64,
    /// Where it stands.
    pub status: Status,
    /// Rank 0 to 3.
    pub priority: Priority,
    /// The unit.
    pub unit: UnitId,
    /// The owner.
    pub owner: Option<PersonId>,
    /// The owner's name.
    pub owner_name: Option<String>,
    /// The requester.
    pub requester: PersonId,
    /// The requester's name.
    pub requester_name: String,
    /// The service.
    pub service: Option<ServiceId>,
    /// The category's key.
    pub category: String,
    /// It is restricted.
    pub restricted: bool,
    /// How far it may be passed on; on restricted tickets.
    pub tlp: Option<Tlp>,
    /// Somebody owes the requester an answer.
    pub needs_reply: bool,
    /// One line.
    pub subject: String,
    /// Since when it has its status.
    pub status_since: Millis,
    /// When it was opened.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// The clock that is due first.
    pub due: Option<Due>,
    /// Whose turn it is; `None`: not known yet, soon after an upgrade.
    pub turn: Option<Turn>,
}

impl Item {
    /// Its place in the order of what is due.
    pub fn due_place(&self) -> Millis {
        ticket_clock::place(self.due, self.status.is_open())
    }
}

/// More sources than these are merged here and not by the database, which would
/// read a whole page of each: of twenty units' pages one is left.
const FEW_SOURCES: usize = 6;

/// One page of tickets.
///
/// `cursor` is the last row of the page before; `limit` at most 1,000.
pub fn page(
    conn: &mut Conn<'_>,
    scope: &Scope,
    filter: &Filter,
    sort: Sort,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Item>, Error> {
    if filter.is_void() {
        return Ok(Vec::new());
    }
    let sources = sources(scope, filter);
    if sources.len() > FEW_SOURCES {
        let found = merge::merged(conn, &sources, filter, sort, cursor, limit)?;
        let named = Filter::default().and(Condition::Numbers(found));
        return match named.is_void() {
            true => Ok(Vec::new()),
            false => looked_up(conn, &[Source::All], &named, sort, None, limit),
        };
    }
    looked_up(conn, &sources, filter, sort, cursor, limit)
}

/// The rows of a page out of the sources, joined by the database. People's names are looked
/// up for each row and not joined: PostgreSQL weighs every order of a join's tables, which
/// took it longer than all the rest.
fn looked_up(
    conn: &mut Conn<'_>,
    sources: &[Source],
    filter: &Filter,
    sort: Sort,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Item>, Error> {
    let mut sql = Sql::new(
        "SELECT t.number, t.version, t.status, t.priority,
           t.unit, t.owner, (SELECT o.name FROM person o WHERE o.id = t.owner),
           t.requester, (SELECT r.name FROM person r WHERE r.id = t.requester),
           t.service, t.category, t.restricted, t.needs_reply,
           t.subject, t.status_since, t.created_at, t.updated_at, t.tlp,
           t.due, t.due_clock, t.due_half, t.due_warn, t.turn
         FROM (SELECT number FROM (",
    );
    numbers(&mut sql, sources, filter, Some(sort), cursor, limit);
    // Cut before the names are looked up: of some sources' pages one is left.
    sql.push(") AS t ");
    order(&mut sql, sort);
    sql.push(" LIMIT ").number(limit);
    sql.push(") AS n JOIN ticket t ON t.number = n.number ");
    order(&mut sql, sort);
    sql.push(" LIMIT ").number(limit);
    conn.run(&sql, |row| {
        let status: String = row.get(2)?;
        let rank: i64 = row.get(3)?;
        Ok(Item {
            number: row.get(0)?,
            version: row.get(1)?,
            status: Status::parse(&status)
                .ok_or_else(|| Error::Corrupt(format!("status {status:?}")))?,
            priority: Priority::ALL
                .into_iter()
                .find(|p| p.rank() == rank)
                .ok_or_else(|| Error::Corrupt(format!("priority {rank}")))?,
            unit: row.get(4)?,
            owner: row.get(5)?,
            owner_name: row.get(6)?,
            requester: row.get(7)?,
            requester_name: row.get(8)?,
            service: row.get(9)?,
            category: row.get(10)?,
            restricted: row.get(11)?,
            needs_reply: row.get(12)?,
            subject: row.get(13)?,
            status_since: row.get(14)?,
            created_at: row.get(15)?,
            updated_at: row.get(16)?,
            tlp: row
                .get::<Option<String>>(17)?
                .as_deref()
                .and_then(Tlp::parse),
            due: ticket_clock::read_due(row, 18)?,
            turn: row
                .get::<Option<String>>(22)?
                .as_deref()
                .and_then(Turn::parse),
        })
    })
}

/// How many tickets there are, counting no further than `most`.
pub fn count(conn: &mut Conn<'_>, scope: &Scope, filter: &Filter, most: i64) -> Result<i64, Error> {
    if filter.is_void() {
        return Ok(0);
    }
    let sources = sources(scope, filter);
    if let Some(first) = first_counted(scope, &sources) {
        let found = counted(conn, &counting(first, filter, most))?;
        if found >= most {
            return Ok(found);
        }
    }
    counted(conn, &counting(&sources, filter, most))
}

/// Whether somebody ever asked for a ticket or was put on one.
pub fn is_on_any(conn: &mut Conn<'_>, person: PersonId) -> Result<bool, Error> {
    let found = conn.query_opt(
        "SELECT CAST(1 AS BIGINT) FROM ticket WHERE requester = $1
         UNION ALL SELECT CAST(1 AS BIGINT) FROM party WHERE person = $1 LIMIT 1",
        crate::params![person],
        |row| row.get::<i64>(0),
    )?;
    Ok(found.is_some())
}

/// Has [`count`] answered together with the next statement, where that saves a journey.
pub fn expect_count(
    conn: &mut Conn<'_>,
    scope: &Scope,
    filter: &Filter,
    most: i64,
) -> Result<(), Error> {
    if filter.is_void() {
        return Ok(());
    }
    let sources = sources(scope, filter);
    let first = first_counted(scope, &sources).unwrap_or(&sources);
    let sql = counting(first, filter, most);
    conn.expect(sql.text(), sql.params())
}

/// Where one of many sources has as many as are counted, the others need not be
/// gathered: what waits in triage lies in one's own unit mostly.
fn first_counted<'s>(scope: &Scope, sources: &'s [Source]) -> Option<&'s [Source]> {
    match (scope, sources) {
        (Scope::Unrestricted { .. }, [Source::Unit(_), _, ..]) => Some(&sources[..1]),
        _ => None,
    }
}

fn counting(sources: &[Source], filter: &Filter, most: i64) -> Sql {
    let mut sql = Sql::new("SELECT COUNT(*) FROM (");
    numbers(&mut sql, sources, filter, None, None, most);
    sql.push(" LIMIT ").number(most).push(") AS counted");
    sql
}

fn counted(conn: &mut Conn<'_>, sql: &Sql) -> Result<i64, Error> {
    let found = conn.run(sql, |row| row.get(0))?;
    Ok(found.first().copied().unwrap_or(0))
}

/// Appends a query for the ticket numbers of a page, with what orders them: each
/// source cut to `limit` rows in the order of the list, then joined without doubles. Counting
/// wants no order: SQLite would walk a unit's tickets over all the years to
/// keep one, instead of its open ones.
fn numbers(
    sql: &mut Sql,
    sources: &[Source],
    filter: &Filter,
    sort: Option<Sort>,
    cursor: Option<Cursor>,
    limit: i64,
) {
    for (i, source) in sources.iter().enumerate() {
        if i > 0 {
            sql.push(" UNION ");
        }
        let columns = sort.map_or("number", Sort::columns);
        sql.push("SELECT ").push(columns).push(" FROM (SELECT ");
        sql.push(columns).push(" FROM ticket t WHERE ");
        source.condition(sql);
        conditions(sql, filter);
        if let Some(sort) = sort {
            within(sql, sort, filter);
            after(sql, sort, cursor);
            order(sql, sort);
        } else {
            if filter.is_told_by_open_ones() {
                // Said as well, so that the index of a unit's open tickets is entered by
                // status and answer: where nothing waits for one, nothing is walked through.
                let open = Status::ALL.into_iter().filter(|s| s.is_open());
                sql.push(" AND t.status IN ")
                    .list(open.map(|s| s.key().into()));
            }
            if matches!(source, Source::All) && filter.is_told_by_units() {
                // Likewise of all units: no index holds their tickets together.
                sql.push(" AND t.unit IN (SELECT id FROM unit)");
            }
        }
        sql.push(" LIMIT ").number(limit).push(") AS source");
    }
}

/// Where tickets that somebody may see come from, each with its own index.
enum Source {
    All,
    Unrestricted,
    Unit(UnitId),
    Requester(PersonId),
    Owner(PersonId),
    Party(PersonId),
    Portal(PortalId),
    Community(String),
    /// Out of any of these.
    Any(Vec<Source>),
}

fn sources(scope: &Scope, filter: &Filter) -> Vec<Source> {
    let (person, units) = match scope {
        Scope::Everything => return vec![Source::All],
        Scope::Unrestricted { person, units } | Scope::Related { person, units, .. } => {
            (*person, units)
        }
    };
    // A unit that is asked for and is one's own needs no other source.
    if let Some(asked) = filter.units()
        && !asked.is_empty()
        && asked.iter().all(|u| units.contains(u))
    {
        return asked.iter().copied().map(Source::Unit).collect();
    }
    // Staff see all they own, and nothing else is asked for.
    if !units.is_empty() && filter.is_owned_by(person) {
        return vec![Source::Owner(person)];
    }
    // Likewise what is open to one's own communities.
    if let Scope::Related { communities, .. } = scope
        && let Some(asked) = filter.shared()
        && asked.iter().all(|key| communities.contains(key))
    {
        return asked.iter().cloned().map(Source::Community).collect();
    }
    let mut list = personal(person, units);
    if let Scope::Related {
        portals,
        communities,
        ..
    } = scope
    {
        list.extend(portals.iter().copied().map(Source::Portal));
        list.extend(communities.iter().cloned().map(Source::Community));
    }
    if matches!(scope, Scope::Unrestricted { .. }) {
        list.push(Source::Unrestricted);
    }
    // Few tickets that are named, or those that one person asked for, are looked at one
    // by one, and no source is walked through for them.
    if filter.names_tickets() || filter.is_of_a_requester() {
        return vec![Source::Any(list)];
    }
    list
}

fn personal(person: PersonId, units: &[UnitId]) -> Vec<Source> {
    let mut list: Vec<Source> = units.iter().copied().map(Source::Unit).collect();
    list.extend([Source::Requester(person), Source::Party(person)]);
    if !units.is_empty() {
        // Owning counts only for staff (see `Access::of`).
        list.push(Source::Owner(person));
    }
    list
}

impl Source {
    fn condition(&self, sql: &mut Sql) {
        match self {
            Source::All => sql.push("1 = 1"),
            Source::Unrestricted => sql.push("t.restricted = 0"),
            Source::Unit(unit) => sql.push("t.unit = ").bind(*unit),
            Source::Requester(person) => sql.push("t.requester = ").bind(*person),
            Source::Owner(person) => sql.push("t.owner = ").bind(*person),
            Source::Party(person) => sql
                .push("t.number IN (SELECT ticket FROM party WHERE person = ")
                .bind(*person)
                .push(")"),
            Source::Portal(portal) => sql.push("t.restricted = 0 AND t.portal = ").bind(*portal),
            Source::Community(key) => sql.push("t.shared = ").bind(key.as_str()),
            Source::Any(sources) => {
                let units = sources.iter().filter_map(|source| match source {
                    Source::Unit(unit) => Some((*unit).into()),
                    _ => None,
                });
                sql.push("(t.unit IN ").list(units);
                for source in sources {
                    if !matches!(source, Source::Unit(_)) {
                        sql.push(" OR (");
                        source.condition(sql);
                        sql.push(")");
                    }
                }
                sql.push(")")
            }
        };
    }
}

fn conditions(sql: &mut Sql, filter: &Filter) {
    for (negated, condition) in &filter.0 {
        // What is unknown (a ticket without owner) does not meet a condition,
        // so it meets its negation.
        sql.push(if *negated {
            " AND NOT COALESCE("
        } else {
            " AND "
        });
        condition.push(sql);
        if *negated {
            sql.push(", FALSE)");
        }
    }
}

impl Condition {
    fn push(&self, sql: &mut Sql) {
        match self {
            // Literals, so that the partial indexes of open tickets are used.
            Condition::Open(true) => sql.push("t.open = 1"),
            Condition::Open(false) => sql.push("t.open = 0"),
            Condition::Status(list) => {
                // Said as well, so that the indexes of open tickets are used.
                if !list.is_empty() && list.iter().all(|s| s.is_open()) {
                    sql.push("t.open = 1 AND ");
                }
                sql.push("t.status IN ")
                    .list(list.iter().map(|s| s.key().into()))
            }
            Condition::Priority(how, priority) => sql
                .push("t.priority")
                .push(sign(*how))
                .bind(priority.rank()),
            Condition::Unit(list) => sql
                .push("t.unit IN ")
                .list(list.iter().map(|u| (*u).into())),
            Condition::Service(id) => sql.push("t.service = ").bind(*id),
            Condition::Category(key) => sql.push("t.category = ").bind(key.as_str()),
            Condition::IssueType(key) => sql.push("t.issue_type = ").bind(key.as_str()),
            // Literals, so that the partial index of those that are not users' is used.
            Condition::Kind(TicketType::User) => sql.push("t.kind = 'user'"),
            Condition::Kind(kind) => sql.push("t.kind <> 'user' AND t.kind = ").bind(kind.key()),
            Condition::Site(key) => sql.push("t.site = ").bind(key.as_str()),
            Condition::Community(key) => sql.push("t.community = ").bind(key.as_str()),
            Condition::Shared(keys) => sql
                .push("t.shared IN ")
                .list(keys.iter().map(|key| key.as_str().into())),
            Condition::Portal(ids) => sql
                .push("t.portal IN ")
                .list(ids.iter().map(|id| (*id).into())),
            Condition::Owner(OwnerIs::Nobody) => sql.push("t.owner IS NULL"),
            Condition::Owner(OwnerIs::Person(id)) => sql.push("t.owner = ").bind(*id),
            Condition::Requester(id) => sql.push("t.requester = ").bind(*id),
            Condition::OnIt(id) => sql
                .push("(t.requester = ")
                .bind(*id)
                .push(" OR t.number IN (SELECT ticket FROM party WHERE person = ")
                .bind(*id)
                .push("))"),
            Condition::Tag(tag) => sql
                .push("t.number IN (SELECT ticket FROM ticket_tag WHERE tag = ")
                .bind(tag.as_str())
                .push(")"),
            Condition::NeedsReply(needs) => sql.push("t.needs_reply = ").bind(*needs),
            Condition::Number(how, number) => sql.push("t.number").push(sign(*how)).bind(*number),
            Condition::Created(s) => span(sql, "t.created_at >= ", "t.created_at < ", *s),
            Condition::Updated(s) => span(sql, "t.updated_at >= ", "t.updated_at < ", *s),
            Condition::Closed(s) => span(sql, "t.closed_at >= ", "t.closed_at < ", *s),
            Condition::Numbers(list) => sql
                .push("t.number IN ")
                .list(list.iter().map(|n| (*n).into())),
        };
    }
}

fn sign(how: Compare) -> &'static str {
    match how {
        Compare::Equal => " = ",
        Compare::Less => " < ",
        Compare::AtMost => " <= ",
        Compare::More => " > ",
        Compare::AtLeast => " >= ",
    }
}

fn span<'s>(sql: &'s mut Sql, from: &'static str, until: &'static str, span: Span) -> &'s mut Sql {
    match (span.from, span.until) {
        (Some(a), Some(b)) => sql
            .push("(")
            .push(from)
            .bind(a)
            .push(" AND ")
            .push(until)
            .bind(b)
            .push(")"),
        (Some(a), None) => sql.push(from).bind(a),
        (None, Some(b)) => sql.push(until).bind(b),
        (None, None) => sql.push("1 = 1"),
    }
}

/// Open tickets in the order of what is due end where the closed ones begin: said
/// as well, so that nobody walks through those.
fn within(sql: &mut Sql, sort: Sort, filter: &Filter) {
    if sort == Sort::Due && filter.is_of_open_ones() {
        sql.push(" AND t.due < ").number(ticket_clock::CLOSED);
    }
}

fn after(sql: &mut Sql, sort: Sort, cursor: Option<Cursor>) {
    let Some(Cursor { key, number }) = cursor else {
        return;
    };
    match sort {
        Sort::Newest => sql.push(" AND t.number < ").bind(number),
        Sort::Urgent => sql
            .push(" AND t.priority <= ")
            .bind(key)
            .push(" AND (t.priority < ")
            .bind(key)
            .push(" OR t.number > ")
            .bind(number)
            .push(")"),
        Sort::Updated => sql
            .push(" AND t.updated_at <= ")
            .bind(key)
            .push(" AND (t.updated_at < ")
            .bind(key)
            .push(" OR t.number < ")
            .bind(number)
            .push(")"),
        Sort::Due => sql
            .push(" AND t.due >= ")
            .bind(key)
            .push(" AND (t.due > ")
            .bind(key)
            .push(" OR t.number > ")
            .bind(number)
            .push(")"),
    };
}

fn order(sql: &mut Sql, sort: Sort) {
    sql.push(match sort {
        Sort::Newest => " ORDER BY t.number DESC",
        Sort::Urgent => " ORDER BY t.priority DESC, t.number ASC",
        Sort::Updated => " ORDER BY t.updated_at DESC, t.number DESC",
        Sort::Due => " ORDER BY t.due ASC, t.number ASC",
    });
}
