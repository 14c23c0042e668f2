//! The index of words on PostgreSQL: a row of lexemes for each ticket, behind one GIN index.
//!
//! That index can not walk in an order. So each row carries the name of the block of numbers
//! it belongs to, and blocks are searched from the newest to the oldest until the page is full.
//! Of a block all tickets are read to know which are in it, 5 ns each, so what may well be
//! found without is not looked for by blocks.
//!
//! A row has its words and blocks twice: as they are, and with the number of its unit before
//! each. The list of a word as it is goes through the tickets of all units, and to find by it
//! what a member of one unit looks for, most of it is read; the other has nothing of other
//! units.
//!
//! Internal words begin with `~`, scope terms with `=`, blocks with `#`, and what is of a unit
//! with its number and `/`. No word of a text can.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::iter;

use switchboard_core::UnitId;

use super::{Folded, Part, SearchSide, Wanted};
use crate::conn::Conn;
use crate::value::Sql;
use crate::{Error, params};

/// Numbers in one block. Small, so that what a very common word has in the
/// newest block is quickly sorted; a page is mostly full after that.
const BLOCK: i64 = 4_096;

/// Numbers in one large block, for words that are rare.
const LARGE_BLOCK: i64 = 16 * BLOCK;

/// Blocks that are looked through first among the tickets of units, which are fewer.
const UNIT_BLOCKS: i64 = 4;

/// A window that came out empty is followed by one so many times as wide.
const WIDEN: i64 = 8;

/// When so many hits are to be expected among all that is left, and it is no more than so
/// many times what was looked through, it is looked through at once.
const FEW_HITS: i64 = 400;
const MUCH_WIDER: i64 = 16;

/// Most bytes of a row's lexemes as text. PostgreSQL takes 1 MiB less one of them packed,
/// which is never longer.
const LONGEST_ROW: usize = 1_000_000;

/// What tickets must have, each part for itself, and what they must not, in PostgreSQL's
/// language.
struct Asked {
    all: Vec<String>,
    none: Vec<String>,
    /// What the names of the blocks begin with; several are of different tickets.
    blocks: Vec<String>,
    /// Blocks that are looked through first.
    first: i64,
}

/// Puts the tickets into the index in place of what was there of them; `units` has the
/// number of each of theirs.
pub(super) fn index(
    conn: &mut Conn<'_>,
    docs: &[Folded],
    units: &BTreeMap<UnitId, i64>,
) -> Result<(), Error> {
    for doc in docs {
        let unit = doc.unit.and_then(|unit| units.get(&unit).copied());
        conn.later(
            /* postgres */
            "INSERT INTO ticket_search (number, lexemes)
             VALUES ($1, CAST(CAST($2 AS TEXT) AS TSVECTOR))
             ON CONFLICT (number) DO UPDATE SET lexemes = excluded.lexemes",
            params![doc.number, lexemes(doc, unit)],
        )?;
    }
    Ok(())
}

/// Up to `limit` tickets below `before`, newest first.
pub(super) fn find(
    conn: &mut Conn<'_>,
    wanted: &Wanted,
    before: i64,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    by_the_index(conn, |conn| newest(conn, &wanted.postgres(), before, limit))
}

/// The same among the tickets of units, by their numbers, and of those elsewhere that have
/// one of the terms. The words are none but single ones.
pub(super) fn find_by_unit(
    conn: &mut Conn<'_>,
    wanted: &Wanted,
    (units, terms): (&[i64], &[String]),
    before: i64,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let terms = terms.iter().map(|term| format!("'={term}'"));
    // The unit's tickets with more words than a row takes twice.
    let apart: Vec<String> = terms
        .chain(units.iter().map(|u| format!("'{u}/'")))
        .collect();
    by_the_index(conn, |conn| {
        let mut found = match units.is_empty() {
            true => Vec::new(),
            false => newest(conn, &wanted.postgres_by_unit(units), before, limit)?,
        };
        // Mostly there are none, and then the words need not be looked up once more.
        let apart = apart.join(" | ");
        if apart.is_empty() || !is_on_any(conn, &apart)? {
            return Ok(found);
        }
        let mut asked = wanted.postgres();
        asked.all.push(format!("({apart})"));
        found.extend(newest(conn, &asked, before, limit)?);
        found.sort_unstable_by_key(|n| std::cmp::Reverse(*n));
        found.dedup();
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    })
}

/// Those of the tickets that have what is wanted, told by their rows.
pub(super) fn found_of(
    conn: &mut Conn<'_>,
    wanted: &Wanted,
    numbers: &[i64],
) -> Result<Vec<i64>, Error> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("SELECT number FROM ticket_search WHERE number IN ");
    sql.list(numbers.iter().map(|n| (*n).into()));
    for condition in wanted.postgres().conditions(None) {
        sql.push(" AND lexemes @@ CAST(CAST(")
            .bind(condition)
            .push(" AS TEXT) AS TSQUERY)");
    }
    conn.run(&sql, |row| row.get(0))
}

/// Whether any ticket has what is asked for.
fn is_on_any(conn: &mut Conn<'_>, asked: &str) -> Result<bool, Error> {
    let any: Option<i64> = conn.query_opt(
        /* postgres */
        "SELECT number FROM ticket_search WHERE lexemes @@ CAST(CAST($1 AS TEXT) AS TSQUERY)
         LIMIT 1",
        params![asked],
        |row| row.get(0),
    )?;
    Ok(any.is_some())
}

/// The planner does not know what it costs to take a row's words apart, and would read the
/// small table from end to end rather than use the index. A phrase of words that nearly
/// every ticket has must be looked up in each of them; nobody may occupy a connection
/// with that for long.
fn by_the_index<T>(
    conn: &mut Conn<'_>,
    look: impl FnOnce(&mut Conn<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    conn.set_later("SET LOCAL enable_seqscan = off; SET LOCAL statement_timeout = '3s'");
    let found = look(conn)?;
    conn.set_later("SET LOCAL enable_seqscan = on; SET LOCAL statement_timeout = 0");
    Ok(found)
}

/// Up to `limit` tickets below `before`, newest first.
fn newest(conn: &mut Conn<'_>, asked: &Asked, before: i64, limit: i64) -> Result<Vec<i64>, Error> {
    let ends: (Option<i64>, Option<i64>) = conn.query_one(
        /* postgres */
        "SELECT MAX(number), (SELECT MAX(number) FROM ticket_search)
         FROM ticket_search WHERE number < $1",
        params![before],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let (Some(newest), Some(last)) = ends else {
        return Ok(Vec::new());
    };
    let above = last - newest;
    let mut found: Vec<i64> = Vec::new();
    // The window is all numbers from `low` to below `high`.
    let mut high = newest + 1;
    let mut low = (newest / BLOCK - (asked.first - 1)).max(0) * BLOCK;
    let mut are_few = above == 0;
    loop {
        let missing = limit - found.len() as i64;
        // Whatever is there is taken when that is little.
        let is_all = low == 0 && are_few && !asked.all.is_empty();
        let conditions = asked.conditions((!is_all).then_some((low, high)));
        // Each part is looked up for itself, so that the index leaps from one part's
        // next ticket to the others': as one query it would walk through all that
        // its rarest words have in the whole table. The sums keep the planner from
        // walking the primary key instead.
        let mut sql = Sql::new(
            /* fragment */ "SELECT number FROM ticket_search WHERE ",
        );
        for condition in conditions {
            sql.push("lexemes @@ CAST(CAST(")
                .bind(condition)
                .push(" AS TEXT) AS TSQUERY) AND ");
        }
        sql.push("number + 0 >= ")
            .bind(low)
            .push(" AND number + 0 < ")
            .bind(high)
            .push(" ORDER BY number + 0 DESC LIMIT ")
            .bind(missing);
        found.extend(conn.run(&sql, |row| row.get::<i64>(0))?);
        let missing = limit - found.len() as i64;
        if missing == 0 || low == 0 {
            return Ok(found);
        }
        let seen = newest + 1 - low;
        let hits = found.len() as i64;
        high = low;
        let unseen = low + above;
        if unseen.saturating_mul(hits + 1) / seen <= FEW_HITS
            && unseen <= seen.saturating_mul(MUCH_WIDER)
        {
            (low, are_few) = (0, true);
            continue;
        }
        // As wide as it takes to fill the page if the hits go on as they did so far.
        let width = match hits {
            0 => seen.saturating_mul(WIDEN),
            hits => (seen / hits).saturating_mul(missing * 3 / 2 + 1),
        };
        let width = width.min(seen.saturating_mul(WIDEN)).max(BLOCK);
        low = (high - width).max(0) / BLOCK * BLOCK;
    }
}

impl Asked {
    /// Queries that a ticket must all match: the parts, and the blocks where these are
    /// named, which hold the numbers from one to below the other.
    fn conditions(&self, blocks: Option<(i64, i64)>) -> Vec<String> {
        let blocks = blocks.map(|(low, high)| self.block_names(low, high));
        let mut all: Vec<String> = blocks.into_iter().chain(self.all.clone()).collect();
        if let Some(first) = all.first_mut() {
            for part in &self.none {
                // Writing to a String can not fail.
                let _ = write!(first, " & !{part}");
            }
        }
        all
    }

    /// The blocks that hold the numbers from `low` to below `high`, and maybe
    /// some more: `('#4' | '#5')`.
    fn block_names(&self, low: i64, high: i64) -> String {
        let (mark, size) = if high - low > LARGE_BLOCK {
            ("##", LARGE_BLOCK)
        } else {
            ("#", BLOCK)
        };
        let blocks = low / size..=(high - 1) / size;
        let named = |of: &String| {
            let names = blocks.clone().map(|block| format!("'{of}{mark}{block}'"));
            names.collect::<Vec<_>>().join(" | ")
        };
        let names: Vec<_> = self.blocks.iter().map(named).collect();
        format!("({})", names.join(" | "))
    }
}

impl Wanted {
    /// PostgreSQL's language, for all tickets.
    fn postgres(&self) -> Asked {
        let marked = |part: &Part, mark: &str| {
            part.spelled(" | ", |words| {
                let words: Vec<_> = words.iter().map(|w| format!("'{mark}{w}'")).collect();
                format!("({})", words.join(" <-> "))
            })
        };
        let part = |part: &Part| match self.side {
            SearchSide::PublicOnly => marked(part, ""),
            SearchSide::Staff => format!("({} | {})", marked(part, ""), marked(part, "~")),
        };
        let mut all: Vec<_> = self.all.iter().map(part).collect();
        for terms in &self.scope {
            all.push(format!("('={}')", terms.join("' | '=")));
        }
        Asked {
            all,
            none: self.none.iter().map(part).collect(),
            blocks: vec![String::new()],
            first: 1,
        }
    }

    /// The same for single words among the tickets of units, by their numbers.
    fn postgres_by_unit(&self, units: &[i64]) -> Asked {
        let part = |part: &Part| {
            let words = part.spelled(" | ", |words| {
                let word = words.concat();
                let words: Vec<_> = units.iter().map(|u| format!("'{u}/{word}'")).collect();
                words.join(" | ")
            });
            format!("({words})")
        };
        Asked {
            all: self.all.iter().map(part).collect(),
            none: self.none.iter().map(part).collect(),
            blocks: units.iter().map(|unit| format!("{unit}/")).collect(),
            first: UNIT_BLOCKS,
        }
    }
}

/// A tsvector as text: `'word':position` and so on. PostgreSQL sorts it.
fn lexemes(doc: &Folded, unit: Option<i64>) -> String {
    /// PostgreSQL's largest position; words after it are found, but not in phrases.
    const LAST: usize = 16_383;
    let mut text = String::new();
    let mut add = |mark: &str, words: &[String], from: usize| {
        for (place, word) in words.iter().enumerate() {
            let place = from + place;
            // Writing to a String can not fail.
            let _ = if place <= LAST {
                write!(text, "'{mark}{word}':{place} ")
            } else {
                write!(text, "'{mark}{word}' ")
            };
        }
        from + words.len()
    };
    // The gap keeps phrases from reaching out of the subject into the text.
    let end = add("", &doc.subject, 1);
    add("", &doc.public, end + 1);
    add("~", &doc.internal, 1);
    for term in &doc.scope {
        let _ = write!(text, "'={term}' ");
    }
    if let Some(unit) = unit {
        let mut again = String::new();
        for word in doc.words() {
            let _ = write!(again, "'{unit}/{word}' ");
        }
        match text.len() + again.len() < LONGEST_ROW {
            true => text.push_str(&again),
            // A word of no letters: that the rest is not there.
            false => {
                let _ = write!(text, "'{unit}/' ");
            }
        }
    }
    let (small, large) = (doc.number / BLOCK, doc.number / LARGE_BLOCK);
    for of in iter::once(String::new()).chain(unit.map(|unit| format!("{unit}/"))) {
        let _ = write!(text, "'{of}#{small}' '{of}##{large}' ");
    }
    text
}

#[cfg(test)]
mod tests {
    use switchboard_core::query::Word;

    use super::*;

    fn wanted(words: &[&str]) -> Wanted {
        let word = |text: &&str| Word {
            text: text.trim_start_matches('-').into(),
            phrase: true,
            negated: text.starts_with('-'),
        };
        let words: Vec<_> = words.iter().map(word).collect();
        Wanted::new(&words, SearchSide::PublicOnly, &[]).expect("something to look for")
    }

    #[test]
    fn a_word_is_never_an_operator() {
        assert_eq!(
            wanted(&["NEAR(", "a\" OR \"b", "public:x", "it's"])
                .postgres()
                .all
                .join(" & "),
            "('near') & ('a' <-> 'or' <-> 'b') & ('public' <-> 'x') & ('it' <-> 's')"
        );
    }

    #[test]
    fn blocks_hold_the_numbers_of_a_window() {
        let all = wanted(&["beam", "-dump"]).postgres();
        assert_eq!(
            all.conditions(Some((4_096, 8_193))),
            ["('#1' | '#2') & !('dump')", "('beam')"]
        );
        assert_eq!(all.conditions(None), ["('beam') & !('dump')"]);
        let of_units = wanted(&["beam"]).postgres_by_unit(&[7, 8]);
        assert_eq!(
            of_units.conditions(Some((65_536, 131_073))),
            [
                "('7/##1' | '7/##2' | '8/##1' | '8/##2')",
                "('7/beam' | '8/beam')"
            ]
        );
    }
}
