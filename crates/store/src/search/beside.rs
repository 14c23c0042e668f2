//! Searches that tell who may see a ticket by other means than the index's scope terms.
//!
//! SQLite leaps from one list to the next for each term that a ticket must have. With few
//! tickets in question that is cheap, but the list of a unit, or of all that is not restricted,
//! is so long that each leap reads another page of it. What lies in memory or in the tickets'
//! rows tells the same for those few that have the words.

use switchboard_core::UnitId;
use switchboard_core::query::Word;

use super::{SearchSide, completed, find, found, groups, postgres};
use crate::Error;
use crate::conn::{Conn, Dialect};
use crate::unit_list::{UnitLists, Walk, still_there};
use crate::value::Sql;

/// So many units and more are many: their lists in the index are not walked through.
pub const MANY_UNITS: usize = 5;
/// Tickets with the words that are looked at first.
const FIRST_LOOK: i64 = 256;
/// Most tickets with the words that are looked at at a time.
const WIDE_LOOK: i64 = 2_048;
/// So many tickets with the words are looked at one by one; when that would not fill the
/// page, the rest is left to the index. Each costs a fifth of a microsecond.
const ONE_BY_ONE: i64 = 8_192;

/// The same as [`find`] among the tickets of units, of which the index knows by these
/// terms.
///
/// SQLite has to enter each unit's list at its newest end and to walk through all of them
/// for it, word by word the more the rarer the word is. So where there are many, the tickets
/// with the words are looked at from the newest on, and whose they are is told by lists in
/// memory. Their share in the units tells how many there are still to look at.
pub fn find_in_units(
    conn: &mut Conn<'_>,
    lists: &UnitLists,
    words: &[Word],
    side: SearchSide,
    (units, terms): (&[UnitId], &[String]),
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let scope = [terms.to_vec()];
    if conn.dialect() == Dialect::Postgres || units.len() < MANY_UNITS || limit < 1 {
        return find(conn, words, side, &scope, before, limit);
    }
    let Some(lists) = lists.of(conn, units)? else {
        return find(conn, words, side, &scope, before, limit);
    };
    let Some(mut wanted) = completed(conn, words, side, &[])? else {
        return Ok(Vec::new());
    };
    let mut walk = Walk::down(lists);
    let mut before = before.unwrap_or(i64::MAX);
    let (mut ours, mut looked_at, mut width) = (Vec::new(), 0, FIRST_LOOK);
    loop {
        let hits = found(conn, &wanted, before, width)?;
        let there = hits.iter().copied().filter(|n| walk.has(*n)).collect();
        ours.extend(still_there(conn, there, units)?);
        let missing = limit - ours.len() as i64;
        let seen = hits.len() as i64;
        let Some(lowest) = hits
            .last()
            .copied()
            .filter(|_| missing > 0 && seen == width)
        else {
            ours.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            return Ok(ours);
        };
        before = lowest;
        looked_at += seen;
        let to_look_at = looked_at.saturating_mul(missing) / (ours.len() as i64).max(1);
        if looked_at.saturating_add(to_look_at) > ONE_BY_ONE {
            wanted.scope = groups(&scope);
            ours.extend(found(conn, &wanted, before, missing)?);
            return Ok(ours);
        }
        width = (to_look_at * 5 / 4).clamp(FIRST_LOOK, WIDE_LOOK);
    }
}

/// So many restricted tickets among a page's hits are looked up one by one.
const FEW_RESTRICTED: usize = 16;

/// The same as [`find`] by each of several looks, together and newest first, for somebody
/// who by the first of them sees whatever is not restricted, and notes there too.
///
/// The words alone are looked for, and then whether each ticket is restricted; only of
/// those that are, the index tells whether they are seen. `None`: so many are restricted
/// that the looks themselves tell it sooner.
pub fn find_unrestricted(
    conn: &mut Conn<'_>,
    words: &[Word],
    looks: &[(SearchSide, Vec<Vec<String>>)],
    before: Option<i64>,
    limit: i64,
) -> Result<Option<Hits>, Error> {
    let hits = find(conn, words, SearchSide::Staff, &[], before, limit)?;
    let mut unseen = restricted(conn, &hits)?;
    if unseen.len() > FEW_RESTRICTED {
        return Ok(None);
    }
    for (side, scope) in looks {
        let seen = found_of(conn, words, (*side, scope), &unseen)?;
        unseen.retain(|n| !seen.contains(n));
    }
    let mut hits = Hits::of(hits, limit);
    hits.numbers.retain(|n| !unseen.contains(n));
    Ok(Some(hits))
}

/// Those of the tickets that a look finds.
fn found_of(
    conn: &mut Conn<'_>,
    words: &[Word],
    (side, scope): (SearchSide, &[Vec<String>]),
    numbers: &[i64],
) -> Result<Vec<i64>, Error> {
    if conn.dialect() == Dialect::Postgres {
        return match completed(conn, words, side, scope)? {
            Some(wanted) => postgres::found_of(conn, &wanted, numbers),
            None => Ok(Vec::new()),
        };
    }
    let mut seen = Vec::new();
    for number in numbers {
        let newest = find(conn, words, side, scope, Some(number + 1), 1)?;
        seen.extend(newest.into_iter().filter(|n| n == number));
    }
    Ok(seen)
}

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits {
    /// Tickets, newest first.
    pub numbers: Vec<i64>,
    /// Where the look ended that may find more below.
    pub last: Option<i64>,
}

impl Hits {
    /// What was found by a look for so many: when it found as many, there may be more.
    pub fn of(numbers: Vec<i64>, limit: i64) -> Hits {
        let full = numbers.len() as i64 == limit;
        let last = numbers.last().copied().filter(|_| full);
        Hits { numbers, last }
    }
}

/// Those of the tickets that are restricted.
fn restricted(conn: &mut Conn<'_>, numbers: &[i64]) -> Result<Vec<i64>, Error> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("SELECT number FROM ticket WHERE number IN ");
    sql.list(numbers.iter().map(|n| (*n).into()))
        .push(" AND restricted <> 0");
    conn.run(&sql, |row| row.get(0))
}
