//! A list out of many sources is the list of all that is in any of them.

use std::collections::BTreeSet;

use store::list::{Condition, Cursor, Filter, Scope, Sort, page};
use store::{Error, params};
use switchboard_core::{PersonId, UnitId};
use uuid::Uuid;

use crate::desk::{Fresh, on_both};

const UNITS: u128 = 24;
const TICKETS: i64 = 600;

/// What a ticket of the test is like, told by its number alone.
#[derive(Debug, Clone, Copy)]
struct Ticket {
    number: i64,
    priority: i64,
    open: bool,
    unit: u128,
    updated_at: i64,
    is_hers: bool,
    /// When it is due; `None`: for nothing.
    due: Option<i64>,
}

impl Ticket {
    /// What is due, what is open, what is closed.
    fn due_place(self) -> i64 {
        match (self.due, self.open) {
            (Some(due), _) => due,
            (None, true) => i64::MAX - 1,
            (None, false) => i64::MAX,
        }
    }
}

fn ticket(number: i64) -> Ticket {
    let odd = (number * 7919) % 1009;
    let open = odd % 3 == 0;
    Ticket {
        number,
        priority: odd % 4,
        open,
        // The newest are all in one unit, some units have one or none.
        unit: match odd % 10 {
            _ if number > TICKETS - 80 => 3,
            0..=4 => 3,
            5..=7 => u128::from(odd.unsigned_abs()) % 7,
            _ => u128::from(odd.unsigned_abs()) % UNITS,
        },
        // Many changed in the same moment.
        updated_at: odd / 40,
        is_hers: odd % 17 == 0,
        due: (open && odd % 5 != 0).then_some(odd / 60),
    }
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x1000 + number)
}

fn fill(fresh: &Fresh) {
    fresh
        .db
        .write_blocking(|c| {
            for (person, name) in [(id(100), "Rita"), (id(101), "Else")] {
                c.execute(
                    "INSERT INTO person (id, name, institute, support, monitor, admin, active, created_at, updated_at)
                     VALUES ($1, $2, '', 0, 0, 0, 1, 0, 0)",
                    params![person, name],
                )?;
            }
            for unit in 0..UNITS {
                c.execute(
                    "INSERT INTO unit (id, key, name, level, category, description, first_level, security, active, doc, updated_at)
                     VALUES ($1, $2, $2, 2, '', '', 0, 0, 1, '{}', 0)",
                    params![id(unit), format!("unit-{unit}")],
                )?;
            }
            for t in (1..=TICKETS).map(ticket) {
                c.execute(
                    "INSERT INTO ticket (number, version, status, open, priority, unit, requester, category, restricted,
                       needs_reply, subject, status_since, created_at, updated_at, doc, due, due_clock, due_half, due_warn)
                     VALUES ($1, 1, $2, $3, $4, $5, $6, 'incident', 0, 0, 'x', 0, 0, $7, '{}', $8, $9, $10, $10)",
                    params![
                        t.number,
                        if t.open { "new" } else { "closed" },
                        i64::from(t.open),
                        t.priority,
                        id(t.unit),
                        id(if t.is_hers { 100 } else { 101 }),
                        t.updated_at,
                        t.due_place(),
                        t.due.map(|_| "silence"),
                        t.due
                    ],
                )?;
            }
            Ok::<_, Error>(())
        })
        .unwrap();
}

/// The whole list, page by page.
fn walked(fresh: &Fresh, units: &[u128], filter: &Filter, sort: Sort, limit: i64) -> Vec<i64> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let scope = Scope::Related {
            person: PersonId(id(100)),
            units: units.iter().map(|u| UnitId(id(*u))).collect(),
            portals: Vec::new(),
            communities: Vec::new(),
        };
        let filter = filter.clone();
        let items = fresh
            .db
            .read_blocking(move |c| page(c, &scope, &filter, sort, cursor, limit))
            .unwrap();
        all.extend(items.iter().map(|i| i.number.0));
        let Some(last) = items.last().filter(|_| items.len() as i64 == limit) else {
            return all;
        };
        cursor = Some(Cursor {
            key: match sort {
                Sort::Newest => 0,
                Sort::Urgent => last.priority.rank(),
                Sort::Updated => last.updated_at,
                Sort::Due => last.due_place(),
            },
            number: last.number.0,
        });
    }
}

#[test]
fn many_sources_are_one_list() {
    on_both(|fresh| {
        fill(fresh);
        let few: Vec<u128> = vec![1, 3];
        let many: Vec<u128> = (0..UNITS).filter(|u| *u != 5).collect();
        let none_of_the_large: Vec<u128> = (7..UNITS).collect();
        let open = Filter::default().and(Condition::Open(true));
        let nothing = Filter::default().and(Condition::Category("none".into()));
        for units in [few, many, none_of_the_large] {
            for (filter, wants) in [
                (Filter::default(), None),
                (open.clone(), Some(true)),
                (nothing.clone(), Some(false)),
            ] {
                for sort in [Sort::Newest, Sort::Urgent, Sort::Updated, Sort::Due] {
                    let mut expected: Vec<Ticket> = (1..=TICKETS)
                        .map(ticket)
                        .filter(|t| t.is_hers || units.contains(&t.unit))
                        .filter(|t| match wants {
                            None => true,
                            Some(open) => open && t.open,
                        })
                        .collect();
                    expected.sort_by_key(|t| match sort {
                        Sort::Newest => (0, -t.number),
                        Sort::Urgent => (-t.priority, t.number),
                        Sort::Updated => (-t.updated_at, -t.number),
                        Sort::Due => (t.due_place(), t.number),
                    });
                    let expected: Vec<i64> = expected.iter().map(|t| t.number).collect();
                    assert_eq!(wants == Some(false), expected.is_empty());
                    for limit in [7, 51, 1_000] {
                        let got = walked(fresh, &units, &filter, sort, limit);
                        assert_eq!(got, expected, "{units:?} {sort:?} by {limit}");
                        let once: BTreeSet<_> = got.iter().collect();
                        assert_eq!(once.len(), got.len());
                    }
                }
            }
        }
    });
}
