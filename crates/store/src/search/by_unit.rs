//! The index by unit, by which those who work in few units find; and SQLite's own, in
//! which the tickets of a unit stand together. On PostgreSQL it is a part of the other
//! (`postgres.rs`).
//!
//! In the index by number a word's list goes through all tickets. What a member of one unit
//! looks for are the few that are in the lists of all their words and in their unit's: to
//! find them, most pages of those lists are read, and ten times the tickets have ten times
//! the pages. Here a ticket's rowid begins with its unit, so that each word's list has one
//! stretch for the unit, the newest ticket first. Only such stretches are read.
//!
//! It knows which words a ticket has, and not where: a phrase is looked for in the other.
//! Scope terms are words that begin with `=`, which no word of a text does.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use switchboard_core::UnitId;
use switchboard_core::query::Word;

use super::beside::MANY_UNITS;
use super::{Folded, Part, SearchSide, Wanted, completed, folded, postgres};
use crate::conn::{Conn, Dialect};
use crate::value::Sql;
use crate::{Error, params};

/// Bits of a place that are the ticket's; those above are the unit's.
const BITS: u32 = 40;
/// The highest ticket number that has a place.
const HIGHEST: i64 = (1 << BITS) - 1;
/// The number of no unit.
const NOBODY: i64 = 0;
/// Most tickets that are found of somebody outside of their units: these are not found in
/// order. Whoever has more is looked up in the index by number.
const OUTSIDE: i64 = 256;

/// Where a unit's ticket stands: a newer one before an older.
fn place(unit: i64, number: i64) -> i64 {
    unit << BITS | (HIGHEST - number.clamp(0, HIGHEST))
}

/// The ticket at a place.
fn number(place: i64) -> i64 {
    HIGHEST - (place & HIGHEST)
}

/// Puts the tickets into the index by unit in place of what was there of them.
pub(super) fn index(conn: &mut Conn<'_>, docs: &[Folded]) -> Result<(), Error> {
    let mut units = BTreeMap::new();
    for unit in docs.iter().filter_map(|doc| doc.unit) {
        if let Entry::Vacant(new) = units.entry(unit) {
            new.insert(numbered(conn, unit)?);
        }
    }
    match conn.dialect() {
        Dialect::Sqlite => sqlite_index(conn, docs, &units),
        Dialect::Postgres => postgres::index(conn, docs, &units),
    }
}

fn sqlite_index(
    conn: &mut Conn<'_>,
    docs: &[Folded],
    units: &BTreeMap<UnitId, i64>,
) -> Result<(), Error> {
    if docs.is_empty() {
        return Ok(());
    }
    let docs: BTreeMap<i64, &Folded> = docs.iter().map(|doc| (doc.number, doc)).collect();
    let mut changes: BTreeMap<i64, Option<&Folded>> = BTreeMap::new();
    let mut sql = Sql::new("SELECT place FROM unit_search_ticket WHERE number IN ");
    sql.list(docs.keys().map(|n| (*n).into()));
    for before in conn.run(&sql, |row| row.get(0))? {
        changes.insert(before, None);
    }
    for doc in docs.values() {
        let unit = doc.unit.and_then(|unit| units.get(&unit));
        let place = place(unit.copied().unwrap_or(NOBODY), doc.number);
        changes.insert(place, Some(*doc));
    }
    // From the first place to the last: FTS5 writes a piece of its own whenever it has to
    // go back.
    for (place, doc) in changes {
        match doc {
            Some(doc) => put(conn, place, doc)?,
            None => take_out(conn, place)?,
        }
    }
    Ok(())
}

fn put(conn: &mut Conn<'_>, place: i64, doc: &Folded) -> Result<(), Error> {
    let mut text: Vec<&str> = doc.words().into_iter().collect();
    let terms: Vec<String> = doc.scope.iter().map(|term| format!("={term}")).collect();
    text.extend(terms.iter().map(String::as_str));
    conn.execute(
        /* sqlite */ "INSERT OR REPLACE INTO unit_search (rowid, words) VALUES ($1, $2)",
        params![place, text.join(" ")],
    )?;
    conn.execute(
        /* sqlite */
        "INSERT OR REPLACE INTO unit_search_ticket (number, place) VALUES ($1, $2)",
        params![doc.number, place],
    )?;
    Ok(())
}

fn take_out(conn: &mut Conn<'_>, place: i64) -> Result<(), Error> {
    conn.execute(
        /* sqlite */ "DELETE FROM unit_search WHERE rowid = $1",
        params![place],
    )?;
    conn.execute(
        /* sqlite */ "DELETE FROM unit_search_ticket WHERE number = $1 AND place = $2",
        params![number(place), place],
    )?;
    Ok(())
}

/// Takes a ticket out of the index by unit.
pub(super) fn remove(conn: &mut Conn<'_>, number: i64) -> Result<(), Error> {
    let places: Vec<i64> = conn.query(
        /* sqlite */ "SELECT place FROM unit_search_ticket WHERE number = $1",
        params![number],
        |row| row.get(0),
    )?;
    places.into_iter().try_for_each(|at| take_out(conn, at))
}

/// The unit's number in the index; it gets one when it has none.
fn numbered(conn: &mut Conn<'_>, unit: UnitId) -> Result<i64, Error> {
    let known = conn.query_opt(
        "SELECT id FROM unit_search_unit WHERE unit = $1",
        params![unit],
        |row| row.get(0),
    )?;
    match known {
        Some(id) => Ok(id),
        None => conn.query_one(
            "INSERT INTO unit_search_unit (unit) VALUES ($1) RETURNING id",
            params![unit],
            |row| row.get(0),
        ),
    }
}

/// The same as [`find`](super::find) with all texts, for somebody of whom the scope is: their
/// units, and the terms of what else they see the inside of. `None` where only that can
/// tell: for phrases, for nothing but negated words, for many units, and, on SQLite,
/// where hundreds of tickets outside of the units have the words. What is in the units
/// need not have one of the terms.
pub fn find_by_unit(
    conn: &mut Conn<'_>,
    words: &[Word],
    (units, terms): (&[UnitId], &[String]),
    before: Option<i64>,
    limit: i64,
) -> Result<Option<Vec<i64>>, Error> {
    if !(1..MANY_UNITS).contains(&units.len()) || limit < 1 {
        return Ok(None);
    }
    let Some(wanted) = completed(conn, words, SearchSide::Staff, &[])? else {
        return Ok(Some(Vec::new()));
    };
    let single = |part: &Part| part.words.len() == 1;
    let mut parts = wanted.all.iter().chain(&wanted.none);
    if wanted.all.is_empty() || !parts.all(single) {
        return Ok(None);
    }
    let mut sql = Sql::new("SELECT id FROM unit_search_unit WHERE unit IN ");
    sql.list(units.iter().map(|unit| (*unit).into()))
        .push(" ORDER BY id");
    let units: Vec<i64> = conn.run(&sql, |row| row.get(0))?;
    let terms: Vec<String> = terms.iter().map(|term| folded(term).concat()).collect();
    match conn.dialect() {
        Dialect::Sqlite => sqlite_find(conn, &wanted.by_unit(), (&units, &terms), before, limit),
        Dialect::Postgres => {
            let before = before.unwrap_or(i64::MAX);
            let ours = (units.as_slice(), terms.as_slice());
            postgres::find_by_unit(conn, &wanted, ours, before, limit).map(Some)
        }
    }
}

fn sqlite_find(
    conn: &mut Conn<'_>,
    text: &str,
    (units, terms): (&[i64], &[String]),
    before: Option<i64>,
    limit: i64,
) -> Result<Option<Vec<i64>>, Error> {
    let before = before.unwrap_or(HIGHEST).min(HIGHEST);
    let (mut found, mut outside) = (Vec::new(), Vec::new());
    // Between the stretches of the units lie those of all others.
    let mut from = 0;
    for unit in units {
        let below = (place(*unit, before), place(unit + 1, HIGHEST));
        found.extend(stretch(conn, text, below, limit)?);
        outside.push((from, place(*unit, HIGHEST)));
        from = place(unit + 1, HIGHEST);
    }
    outside.push((from, i64::MAX));
    if let Some(terms) = any_of(terms) {
        let with_words = format!("({text}) AND {terms}");
        for at in outside {
            // Mostly there are none, and then the words need not be looked up.
            if stretch(conn, &terms, at, 1)?.is_empty() {
                continue;
            }
            let theirs = stretch(conn, &with_words, at, OUTSIDE + 1)?;
            if theirs.len() as i64 > OUTSIDE {
                return Ok(None);
            }
            found.extend(theirs.into_iter().filter(|n| *n < before));
        }
    }
    found.sort_unstable_by_key(|n| std::cmp::Reverse(*n));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(Some(found))
}

/// One of the terms, in FTS5's language; `None`: there are none.
fn any_of(terms: &[String]) -> Option<String> {
    let terms: Vec<String> = terms.iter().map(|term| format!("\"={term}\"")).collect();
    (!terms.is_empty()).then(|| format!("({})", terms.join(" OR ")))
}

/// The first tickets of a stretch of places, both ends of which are left out.
fn stretch(
    conn: &mut Conn<'_>,
    text: &str,
    (after, end): (i64, i64),
    limit: i64,
) -> Result<Vec<i64>, Error> {
    conn.query(
        /* sqlite */
        "SELECT rowid FROM unit_search WHERE unit_search MATCH $1 AND rowid > $2 AND rowid < $3
         ORDER BY rowid LIMIT $4",
        params![text, after, end, limit],
        |row| Ok(number(row.get(0)?)),
    )
}

impl Wanted {
    /// FTS5's language for the index by unit, in which there are single words only.
    fn by_unit(&self) -> String {
        let join = |parts: &[Part], with: &str| {
            let quoted = |words: &[String]| format!("\"{}\"", words.concat());
            let parts: Vec<_> = parts.iter().map(|p| p.spelled(" OR ", quoted)).collect();
            parts.join(with)
        };
        let all = join(&self.all, " AND ");
        match self.none.is_empty() {
            true => all,
            false => format!("({all}) NOT ({})", join(&self.none, " OR ")),
        }
    }
}
