//! Lists of tickets: what somebody may see, filtered, in order, page by page.
//!
//! A person's tickets come from several sources (asked for it, is on it, works
//! in its unit …). Each source is read from its own index in the order of the
//! list and cut to a page, and only those few rows are merged: so a page costs
//! the same with a thousand and with a million tickets.

use switchboard_core::{Millis, PersonId, Priority, ServiceId, Status, TicketNumber, UnitId};

use crate::conn::Conn;
use crate::error::Error;
use crate::value::{Sql, Value};

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
    /// Everybody else: their units' tickets and those they are on.
    Related {
        /// Who.
        person: PersonId,
        /// Their units; empty for requesters.
        units: Vec<UnitId>,
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
}

/// Where a page ends and the next begins: the sort key of the last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Priority rank or time of update; not used by [`Sort::Newest`].
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

/// What a list is narrowed to. Everything given must hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// Open (`true`) or closed.
    pub open: Option<bool>,
    /// One of these statuses.
    pub status: Vec<Status>,
    /// None of these statuses.
    pub not_status: Vec<Status>,
    /// One of these units.
    pub units: Vec<UnitId>,
    /// One of these services.
    pub services: Vec<ServiceId>,
    /// One of these categories.
    pub categories: Vec<String>,
    /// At least this priority.
    pub priority_min: Option<Priority>,
    /// At most this priority.
    pub priority_max: Option<Priority>,
    /// The owner.
    pub owner: Option<OwnerIs>,
    /// The requester.
    pub requester: Option<PersonId>,
    /// Somebody on it as requester or party.
    pub on_it: Option<PersonId>,
    /// All of these tags.
    pub tags: Vec<String>,
    /// The last public word is the requester's.
    pub needs_reply: Option<bool>,
    /// Opened at or after.
    pub created_from: Option<Millis>,
    /// Opened before.
    pub created_to: Option<Millis>,
    /// Changed at or after.
    pub updated_from: Option<Millis>,
    /// Changed before.
    pub updated_to: Option<Millis>,
    /// Only these numbers.
    pub numbers: Option<Vec<i64>>,
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
    /// The unit's name.
    pub unit_name: String,
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
    /// The service's name.
    pub service_name: Option<String>,
    /// The category's key.
    pub category: String,
    /// It is restricted.
    pub restricted: bool,
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
}

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
    if filter.numbers.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(
        "SELECT t.number, t.version, t.status, t.priority, t.unit, u.name, t.owner, o.name,
           t.requester, r.name, t.service, s.name, t.category, t.restricted, t.needs_reply,
           t.subject, t.status_since, t.created_at, t.updated_at
         FROM (",
    );
    numbers(&mut sql, scope, filter, sort, cursor, limit);
    sql.push(
        ") AS n JOIN ticket t ON t.number = n.number
         JOIN unit u ON u.id = t.unit
         JOIN person r ON r.id = t.requester
         LEFT JOIN person o ON o.id = t.owner
         LEFT JOIN service s ON s.id = t.service ",
    );
    order(&mut sql, sort);
    sql.push(" LIMIT ").bind(limit);
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
            unit_name: row.get(5)?,
            owner: row.get(6)?,
            owner_name: row.get(7)?,
            requester: row.get(8)?,
            requester_name: row.get(9)?,
            service: row.get(10)?,
            service_name: row.get(11)?,
            category: row.get(12)?,
            restricted: row.get(13)?,
            needs_reply: row.get(14)?,
            subject: row.get(15)?,
            status_since: row.get(16)?,
            created_at: row.get(17)?,
            updated_at: row.get(18)?,
        })
    })
}

/// How many tickets there are, counting no further than `most`.
pub fn count(
    conn: &mut Conn<'_>,
    scope: &Scope,
    filter: &Filter,
    most: i64,
) -> Result<i64, Error> {
    if filter.numbers.as_ref().is_some_and(Vec::is_empty) {
        return Ok(0);
    }
    let mut sql = Sql::new("SELECT COUNT(*) FROM (");
    numbers(&mut sql, scope, filter, Sort::Newest, None, most);
    sql.push(" LIMIT ").bind(most).push(") AS counted");
    Ok(conn.run(&sql, |row| row.get(0))?.first().copied().unwrap_or(0))
}

/// Appends a query for the ticket numbers of a page: each source cut to
/// `limit` rows in the order of the list, then joined without doubles.
fn numbers(
    sql: &mut Sql,
    scope: &Scope,
    filter: &Filter,
    sort: Sort,
    cursor: Option<Cursor>,
    limit: i64,
) {
    let sources = sources(scope, filter);
    for (i, source) in sources.iter().enumerate() {
        if i > 0 {
            sql.push(" UNION ");
        }
        sql.push("SELECT number FROM (SELECT t.number AS number FROM ticket t WHERE ");
        source.condition(sql);
        conditions(sql, filter);
        after(sql, sort, cursor);
        order(sql, sort);
        sql.push(" LIMIT ").bind(limit).push(") AS source");
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
}

fn sources(scope: &Scope, filter: &Filter) -> Vec<Source> {
    // A unit that is asked for and is one's own needs no other source.
    match scope {
        Scope::Everything => vec![Source::All],
        Scope::Unrestricted { person, units } => {
            let mut list = vec![Source::Unrestricted];
            list.extend(personal(*person, units));
            list
        }
        Scope::Related { units, .. }
            if !filter.units.is_empty() && filter.units.iter().all(|u| units.contains(u)) =>
        {
            filter.units.iter().copied().map(Source::Unit).collect()
        }
        Scope::Related { person, units } => personal(*person, units),
    }
}

fn personal(person: PersonId, units: &[UnitId]) -> Vec<Source> {
    let mut list: Vec<Source> = units.iter().copied().map(Source::Unit).collect();
    list.extend([
        Source::Requester(person),
        Source::Owner(person),
        Source::Party(person),
    ]);
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
        };
    }
}

fn conditions(sql: &mut Sql, filter: &Filter) {
    if let Some(open) = filter.open {
        // The literal lets the partial indexes of open tickets be used.
        sql.push(if open { " AND t.open = 1" } else { " AND t.open = 0" });
    }
    one_of(sql, " AND t.status IN ", filter.status.iter().map(|s| s.key()));
    one_of(
        sql,
        " AND t.status NOT IN ",
        filter.not_status.iter().map(|s| s.key()),
    );
    one_of(sql, " AND t.unit IN ", filter.units.iter().copied());
    one_of(sql, " AND t.service IN ", filter.services.iter().copied());
    one_of(
        sql,
        " AND t.category IN ",
        filter.categories.iter().map(String::as_str),
    );
    if let Some(p) = filter.priority_min {
        sql.push(" AND t.priority >= ").bind(p.rank());
    }
    if let Some(p) = filter.priority_max {
        sql.push(" AND t.priority <= ").bind(p.rank());
    }
    match filter.owner {
        Some(OwnerIs::Nobody) => {
            sql.push(" AND t.owner IS NULL");
        }
        Some(OwnerIs::Person(person)) => {
            sql.push(" AND t.owner = ").bind(person);
        }
        None => {}
    }
    if let Some(person) = filter.requester {
        sql.push(" AND t.requester = ").bind(person);
    }
    if let Some(person) = filter.on_it {
        sql.push(" AND (t.requester = ")
            .bind(person)
            .push(" OR t.number IN (SELECT ticket FROM party WHERE person = ")
            .bind(person)
            .push("))");
    }
    for tag in &filter.tags {
        sql.push(" AND t.number IN (SELECT ticket FROM ticket_tag WHERE tag = ")
            .bind(tag.as_str())
            .push(")");
    }
    if let Some(needs) = filter.needs_reply {
        sql.push(" AND t.needs_reply = ").bind(needs);
    }
    for (text, time) in [
        (" AND t.created_at >= ", filter.created_from),
        (" AND t.created_at < ", filter.created_to),
        (" AND t.updated_at >= ", filter.updated_from),
        (" AND t.updated_at < ", filter.updated_to),
    ] {
        if let Some(time) = time {
            sql.push(text).bind(time);
        }
    }
    if let Some(numbers) = &filter.numbers {
        one_of(sql, " AND t.number IN ", numbers.iter().copied());
    }
}

fn one_of<V: Into<Value>>(sql: &mut Sql, text: &'static str, values: impl Iterator<Item = V>) {
    let values: Vec<Value> = values.map(Into::into).collect();
    if !values.is_empty() {
        sql.push(text).list(values);
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
    };
}

fn order(sql: &mut Sql, sort: Sort) {
    sql.push(match sort {
        Sort::Newest => " ORDER BY t.number DESC",
        Sort::Urgent => " ORDER BY t.priority DESC, t.number ASC",
        Sort::Updated => " ORDER BY t.updated_at DESC, t.number DESC",
    });
}
