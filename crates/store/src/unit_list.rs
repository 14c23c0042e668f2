//! Which tickets units have, kept in memory for those whose people search in many units.
//!
//! SQLite's index of words enters the list of each unit by itself and walks through it entry by
//! entry, sixty nanoseconds each: for twenty units that is most of a search. Here they are
//! numbers in a row, of which two thousand are as fast as one step there.
//!
//! A list may have tickets that left the unit, and never lacks one that is there: so what
//! is found by it is looked up once more, within the snapshot that is read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use switchboard_core::UnitId;

use crate::conn::Conn;
use crate::error::Error;
use crate::{Sql, event, params};

/// Numbers that are kept of all units together: 16 MB. Where that is not enough, the
/// lists are begun anew, and those who have more find by the index.
const MOST: usize = 2_000_000;
/// So many events are caught up with; after more of them the lists are begun anew.
const MOST_EVENTS: i64 = 2_000;

/// A unit's tickets, the oldest first.
pub(crate) type List = Arc<Vec<i64>>;

/// The lists of a process.
#[derive(Debug, Default)]
pub struct UnitLists(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// The last event that the lists know.
    known: i64,
    lists: HashMap<UnitId, List>,
}

impl UnitLists {
    /// The tickets of these units, and maybe some that they had; `None`: they are too
    /// many to be kept.
    pub(crate) fn of(
        &self,
        conn: &mut Conn<'_>,
        units: &[UnitId],
    ) -> Result<Option<Vec<List>>, Error> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whatever fails on the way, what is kept must not pass for what it is not.
        let caught_up = kept.catch_up(conn);
        if caught_up.is_err() {
            kept.lists.clear();
        }
        caught_up?;
        let missing: Vec<UnitId> = units
            .iter()
            .filter(|unit| !kept.lists.contains_key(unit))
            .copied()
            .collect();
        for unit in missing {
            let room = MOST.saturating_sub(kept.lists.values().map(|list| list.len()).sum());
            let numbers = numbers(conn, unit, room)?;
            if numbers.len() > room {
                kept.lists.clear();
                return Ok(None);
            }
            kept.lists.insert(unit, Arc::new(numbers));
        }
        let lists = units.iter().filter_map(|unit| kept.lists.get(unit));
        Ok(Some(lists.cloned().collect()))
    }
}

impl Kept {
    /// Takes in where tickets came to since.
    fn catch_up(&mut self, conn: &mut Conn<'_>) -> Result<(), Error> {
        let last = event::last(conn)?;
        // Another reader, whose snapshot is newer, was here before.
        if last <= self.known {
            return Ok(());
        }
        if self.lists.is_empty() || last - self.known > MOST_EVENTS {
            self.lists.clear();
            self.known = last;
            return Ok(());
        }
        let moved: Vec<(i64, UnitId)> = conn.query(
            "SELECT number, unit FROM ticket
             WHERE number IN (SELECT ticket FROM event WHERE id > $1 AND id <= $2)",
            params![self.known, last],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        for (number, unit) in moved {
            if let Some(list) = self.lists.get_mut(&unit)
                && let Err(place) = list.binary_search(&number)
            {
                Arc::make_mut(list).insert(place, number);
            }
        }
        self.known = last;
        Ok(())
    }
}

/// A unit's tickets, the oldest first, and one more than there is room for at most.
fn numbers(conn: &mut Conn<'_>, unit: UnitId, room: usize) -> Result<Vec<i64>, Error> {
    let most = i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1);
    conn.query(
        "SELECT number FROM ticket WHERE unit = $1 ORDER BY number LIMIT $2",
        params![unit, most],
        |row| row.get(0),
    )
}

/// Walks down through the lists of some units.
pub(crate) struct Walk {
    /// With the number of its tickets that are not passed yet.
    lists: Vec<(List, usize)>,
}

impl Walk {
    pub(crate) fn down(lists: Vec<List>) -> Walk {
        let whole = |list: List| (list.clone(), list.len());
        Walk {
            lists: lists.into_iter().map(whole).collect(),
        }
    }

    /// Whether a ticket is in one of the lists; asked from the newest to the oldest.
    pub(crate) fn has(&mut self, number: i64) -> bool {
        let mut found = false;
        for (list, left) in &mut self.lists {
            // Mostly the next few; from the top of a long list it is a leap.
            while *left > 64 && list.get(*left - 64).is_some_and(|n| *n > number) {
                *left -= 64;
            }
            while let Some(next) = left.checked_sub(1)
                && list.get(next).is_some_and(|n| *n > number)
            {
                *left = next;
            }
            let at = left.checked_sub(1).and_then(|at| list.get(at));
            found |= at == Some(&number);
        }
        found
    }
}

/// Those of the tickets that are with one of the units now; in the same order.
pub(crate) fn still_there(
    conn: &mut Conn<'_>,
    numbers: Vec<i64>,
    units: &[UnitId],
) -> Result<Vec<i64>, Error> {
    if numbers.is_empty() {
        return Ok(numbers);
    }
    // By their numbers: the plus keeps the units' index out of it.
    let mut sql = Sql::new("SELECT number FROM ticket WHERE number IN ");
    sql.list(numbers.iter().map(|n| (*n).into()))
        .push(" AND +unit IN ")
        .list(units.iter().map(|unit| (*unit).into()));
    let mut there: Vec<i64> = conn.run(&sql, |row| row.get(0))?;
    there.sort_unstable();
    let is_there = |n: &i64| there.binary_search(n).is_ok();
    Ok(numbers.into_iter().filter(is_there).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_finds_what_is_in_any_of_the_lists() {
        let lists: [Vec<i64>; 3] = [
            (0..500).map(|n| n * 3).collect(),
            vec![],
            vec![7, 8, 1_000_000],
        ];
        let is_in = |n: &i64| lists.iter().any(|list| list.contains(n));
        for step in [1_usize, 7, 400] {
            let mut walk = Walk::down(lists.iter().cloned().map(Arc::new).collect());
            let asked: Vec<i64> = [1_000_000, 999_999]
                .into_iter()
                .chain((0..1_600).rev().step_by(step))
                .collect();
            let found: Vec<i64> = asked.iter().copied().filter(|n| walk.has(*n)).collect();
            let expected: Vec<i64> = asked.into_iter().filter(is_in).collect();
            assert_eq!(found, expected, "{step}");
        }
    }
}
