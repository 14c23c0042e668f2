//! Full-text search: tickets that hold all words, newest number first.
//!
//! Both databases get words that were cut and folded here, so they find the
//! same: lower case, no accents, everything but letters and digits separates,
//! and each Chinese or Japanese character is a word of its own.
//!
//! Who may see a ticket is in the index too, as scope terms that the caller
//! chooses (`u<unit>`, `p<person>`): so a small set of visible tickets is
//! found without looking at what matches elsewhere, and what somebody may not
//! see has no influence on their page. Terms tell as well what few of all tickets
//! are, such as open, where a list is narrowed to those.
//!
//! SQLite (FTS5) walks its lists from the newest ticket and stops when the
//! page is full. PostgreSQL's index can not walk in an order. There each
//! ticket's row carries the name of the block of numbers it belongs to, and
//! blocks are searched from the newest to the oldest until the page is full.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use switchboard_core::UnitId;
use switchboard_core::query::Word;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use crate::conn::{Conn, Dialect};
use crate::value::{Sql, Value};
use crate::{Error, params};

mod beside;
mod by_unit;

pub use beside::{Hits, MANY_UNITS, find_in_units, find_unrestricted};
pub use by_unit::find_by_unit;

/// What is indexed of one ticket, replacing what was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchDoc {
    /// The ticket.
    pub number: i64,
    /// With whom it is; all of a unit's tickets are found by its members.
    pub unit: Option<UnitId>,
    /// Its subject.
    pub subject: String,
    /// All that the requester may read.
    pub public_text: String,
    /// What only the support side may read.
    pub internal_text: String,
    /// For whom the ticket is visible, and what else it can be narrowed by: letters
    /// and digits, chosen by the caller.
    pub scope: Vec<String>,
}

/// Which texts are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchSide {
    /// Subject and public text.
    PublicOnly,
    /// Internal text, too.
    Staff,
}

/// Characters that are indexed of one text. What comes after them is attached
/// noise, and PostgreSQL takes no more than 1 MiB for a row.
const LONGEST_TEXT: usize = 200_000;

/// Characters of one word; longer ones are not written by people.
const LONGEST_WORD: usize = 64;

/// Letters a word must have before it is taken for the beginning of longer ones.
const BEGINNING: usize = 3;

/// How many longer words an unfinished word stands for, the shortest first.
/// Each is looked up in the index by itself: both databases walk through a whole
/// word's tickets quickly, but have to gather all of a beginning's at once.
const ENDINGS: i64 = 32;

/// Letters of the words an unfinished one may become. Longer ones are mostly noise.
const LONGEST_ENDING: usize = 24;

/// The scope term that every ticket has.
const EVERYBODY: &str = "0";

/// Puts the tickets into the index in place of what was there of them.
pub fn index(conn: &mut Conn<'_>, docs: &[SearchDoc]) -> Result<(), Error> {
    let docs: Vec<_> = docs.iter().map(Folded::new).collect();
    for doc in &docs {
        match conn.dialect() {
            Dialect::Sqlite => sqlite_index(conn, doc)?,
            Dialect::Postgres => postgres_index(conn, doc)?,
        }
    }
    by_unit::index(conn, &docs)?;
    let texts = docs
        .into_iter()
        .flat_map(|d| [d.subject, d.public, d.internal]);
    let words = texts.flatten().filter(|word| is_ending(word)).collect();
    remember(conn, words)
}

/// Puts the tickets into the index by unit alone, where an older version had none;
/// nothing on PostgreSQL.
pub fn index_by_unit(conn: &mut Conn<'_>, docs: &[SearchDoc]) -> Result<(), Error> {
    let docs: Vec<_> = docs.iter().map(Folded::new).collect();
    by_unit::index(conn, &docs)
}

/// A ticket's texts as words.
struct Folded {
    number: i64,
    unit: Option<UnitId>,
    subject: Vec<String>,
    public: Vec<String>,
    internal: Vec<String>,
    scope: Vec<String>,
}

impl Folded {
    fn new(doc: &SearchDoc) -> Folded {
        Folded {
            number: doc.number,
            unit: doc.unit,
            subject: folded(&doc.subject),
            public: folded(&doc.public_text),
            internal: folded(&doc.internal_text),
            scope: doc.scope.iter().map(|term| folded(term).concat()).collect(),
        }
    }
}

/// Whether an unfinished word may become this one.
fn is_ending(word: &str) -> bool {
    let length = word.chars().count();
    length > BEGINNING && length <= LONGEST_ENDING && word.chars().all(char::is_alphabetic)
}

/// Puts new words into the dictionary.
fn remember(conn: &mut Conn<'_>, words: BTreeSet<String>) -> Result<(), Error> {
    /// Placeholders in one statement; always as many, so that it is prepared once.
    const AT_ONCE: usize = 200;
    let words: Vec<_> = words.into_iter().map(Value::Text).collect();
    for some in words.chunks(AT_ONCE) {
        let mut sql = Sql::new("INSERT INTO search_word (word) VALUES ");
        for place in 0..AT_ONCE {
            sql.push(if place == 0 { "(" } else { ", (" });
            // The last statement is filled up with a word it already has.
            sql.bind(some[place.min(some.len() - 1)].clone()).push(")");
        }
        sql.push(" ON CONFLICT DO NOTHING");
        conn.later_text(sql.text(), sql.params())?;
    }
    Ok(())
}

/// The words by which a ticket is found.
pub fn words(doc: &SearchDoc) -> BTreeSet<String> {
    let doc = Folded::new(doc);
    [doc.subject, doc.public, doc.internal]
        .into_iter()
        .flatten()
        .collect()
}

/// Takes those of the words out of the dictionary that no ticket has any more.
pub fn forget_words(conn: &mut Conn<'_>, words: &BTreeSet<String>) -> Result<(), Error> {
    for word in words.iter().filter(|w| is_ending(w)) {
        let found: Vec<i64> = match conn.dialect() {
            Dialect::Sqlite => conn.query(
                /* sqlite */
                "SELECT rowid FROM ticket_search WHERE ticket_search MATCH $1 LIMIT 1",
                params![format!("{{subject public internal}} : \"{word}\"")],
                |row| row.get(0),
            )?,
            Dialect::Postgres => conn.query(
                /* postgres */
                "SELECT number FROM ticket_search
                 WHERE lexemes @@ CAST(CAST($1 AS TEXT) AS TSQUERY) LIMIT 1",
                params![format!("'{word}' | '~{word}'")],
                |row| row.get(0),
            )?,
        };
        if found.is_empty() {
            conn.execute(
                "DELETE FROM search_word WHERE word = $1",
                params![word.as_str()],
            )?;
        }
    }
    Ok(())
}

/// Goes on with rewriting the index, and the one by unit, into one piece, in which a word
/// is found by one look instead of a dozen, and in which nothing of what was taken out
/// is left in the database's file; `false`: it is done. One bounded piece of work.
/// PostgreSQL's index is always in one.
pub fn rewrite(conn: &mut Conn<'_>, begin: bool) -> Result<bool, Error> {
    if conn.dialect() == Dialect::Postgres {
        return Ok(false);
    }
    let all = merge(
        conn,
        /* sqlite */
        "INSERT INTO ticket_search (ticket_search, rank) VALUES ('merge', $1)",
        begin,
    )?;
    let by_unit = merge(
        conn,
        /* sqlite */
        "INSERT INTO unit_search (unit_search, rank) VALUES ('merge', $1)",
        begin,
    )?;
    Ok(all || by_unit)
}

/// Whether a merge of some pages found anything to do.
fn merge(conn: &mut Conn<'_>, sql: &'static str, begin: bool) -> Result<bool, Error> {
    let changes = |conn: &mut Conn<'_>| {
        conn.query_one(
            /* sqlite */ "SELECT total_changes()",
            params![],
            |row| row.get::<i64>(0),
        )
    };
    let before = changes(conn)?;
    // A negative number begins a merge of everything into one.
    let pages: i64 = if begin { -400 } else { 400 };
    conn.execute(sql, params![pages])?;
    Ok(changes(conn)? - before >= 2)
}

/// In how many pieces the index lies, in each of which a word is looked up; that by unit,
/// where it is in more.
pub fn pieces(conn: &mut Conn<'_>) -> Result<i64, Error> {
    match conn.dialect() {
        Dialect::Sqlite => conn.query_one(
            /* sqlite */
            "SELECT MAX((SELECT COUNT(DISTINCT segid) FROM ticket_search_idx),
                        (SELECT COUNT(DISTINCT segid) FROM unit_search_idx))",
            params![],
            |row| row.get(0),
        ),
        Dialect::Postgres => Ok(1),
    }
}

/// Takes a ticket out of the index.
pub fn remove(conn: &mut Conn<'_>, number: i64) -> Result<(), Error> {
    match conn.dialect() {
        Dialect::Sqlite => {
            by_unit::remove(conn, number)?;
            conn.execute(
                /* sqlite */ "DELETE FROM ticket_search WHERE rowid = $1",
                params![number],
            )?
        }
        Dialect::Postgres => conn.execute(
            /* postgres */ "DELETE FROM ticket_search WHERE number = $1",
            params![number],
        )?,
    };
    Ok(())
}

/// Up to `limit` numbers of tickets that hold every word and no negated one,
/// newest first, below `before`.
///
/// A word that is no phrase, comes last and has at least three letters may be
/// unfinished: it also stands for the shortest indexed words that begin with it.
///
/// [`Error::Busy`] when PostgreSQL would need too long, for a phrase of words that nearly
/// every ticket has. Only tickets are found that have one term of each group in `scope`;
/// without a group that is every ticket, and with an empty one none.
pub fn find(
    conn: &mut Conn<'_>,
    words: &[Word],
    side: SearchSide,
    scope: &[Vec<String>],
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let Some(wanted) = completed(conn, words, side, scope)? else {
        return Ok(Vec::new());
    };
    found(conn, &wanted, before.unwrap_or(i64::MAX), limit)
}

/// What is to be looked for; `None`: nothing can be found.
fn completed(
    conn: &mut Conn<'_>,
    words: &[Word],
    side: SearchSide,
    scope: &[Vec<String>],
) -> Result<Option<Wanted>, Error> {
    if scope.iter().any(Vec::is_empty) {
        return Ok(None);
    }
    let Some(mut wanted) = Wanted::new(words, side, scope) else {
        return Ok(None);
    };
    if words
        .last()
        .is_some_and(|last| !last.phrase && !last.negated)
    {
        wanted.complete(conn)?;
    }
    Ok(Some(wanted))
}

fn found(conn: &mut Conn<'_>, wanted: &Wanted, before: i64, limit: i64) -> Result<Vec<i64>, Error> {
    if limit < 1 {
        return Ok(Vec::new());
    }
    match conn.dialect() {
        Dialect::Sqlite => conn.query(
            /* sqlite */
            "SELECT rowid FROM ticket_search WHERE ticket_search MATCH $1 AND rowid < $2
             ORDER BY rowid DESC LIMIT $3",
            params![wanted.sqlite(), before, limit],
            |row| row.get(0),
        ),
        Dialect::Postgres => postgres_find(conn, wanted, before, limit),
    }
}

/// Words that stand together; a single one mostly.
struct Part {
    words: Vec<String>,
    /// What the last word may also be.
    endings: Vec<String>,
}

impl Part {
    /// All that this part may be, each put into words by `phrase`.
    fn spelled(&self, or: &str, phrase: impl Fn(&[String]) -> String) -> String {
        let mut words = self.words.clone();
        let mut all = vec![phrase(&words)];
        for ending in &self.endings {
            words.pop();
            words.push(ending.clone());
            all.push(phrase(&words));
        }
        match all.len() {
            1 => all.concat(),
            _ => format!("({})", all.join(or)),
        }
    }
}

/// Groups of terms as the index has them.
fn groups(scope: &[Vec<String>]) -> Vec<Vec<String>> {
    let terms = |group: &Vec<String>| group.iter().map(|t| folded(t).concat()).collect();
    scope.iter().map(terms).collect()
}

struct Wanted {
    all: Vec<Part>,
    none: Vec<Part>,
    /// Of each group one term.
    scope: Vec<Vec<String>>,
    side: SearchSide,
}

impl Wanted {
    /// `None` when what was asked for has nothing in it that could be found.
    fn new(words: &[Word], side: SearchSide, scope: &[Vec<String>]) -> Option<Wanted> {
        let mut wanted = Wanted {
            all: Vec::new(),
            none: Vec::new(),
            scope: groups(scope),
            side,
        };
        for word in words {
            let part = Part {
                words: folded(&word.text),
                endings: Vec::new(),
            };
            if part.words.is_empty() {
                continue;
            }
            if word.negated {
                wanted.none.push(part);
            } else {
                wanted.all.push(part);
            }
        }
        let nothing = wanted.all.is_empty() && wanted.none.is_empty() && !words.is_empty();
        (!nothing).then_some(wanted)
    }

    /// Looks up what the last word may become.
    fn complete(&mut self, conn: &mut Conn<'_>) -> Result<(), Error> {
        let Some(part) = self.all.last_mut() else {
            return Ok(());
        };
        let Some(word) = part.words.last() else {
            return Ok(());
        };
        if word.chars().count() < BEGINNING {
            return Ok(());
        }
        part.endings = conn.query(
            "SELECT word FROM search_word WHERE word > $1 AND word < $2
             ORDER BY LENGTH(word), word LIMIT $3",
            params![word.as_str(), format!("{word}{}", char::MAX), ENDINGS],
            |row| row.get(0),
        )?;
        Ok(())
    }

    /// FTS5's language. Every word stands in quotes, so none is an operator.
    fn sqlite(&self) -> String {
        let columns = match self.side {
            SearchSide::PublicOnly => "{subject public}",
            SearchSide::Staff => "{subject public internal}",
        };
        let part = |part: &Part| part.spelled(" OR ", |words| format!("\"{}\"", words.join(" ")));
        let join = |parts: &[Part], with| {
            let parts: Vec<_> = parts.iter().map(part).collect();
            parts.join(with)
        };
        let mut text = String::new();
        if !self.all.is_empty() {
            text = format!("{columns} : ({})", join(&self.all, " AND "));
        }
        let everybody = [vec![EVERYBODY.to_owned()]];
        let groups = match self.scope.is_empty() && self.all.is_empty() {
            true => everybody.as_slice(),
            false => &self.scope,
        };
        for terms in groups {
            let and = if text.is_empty() { "" } else { " AND " };
            let terms = terms.join("\" OR \"");
            text = format!("{text}{and}(scope : (\"{terms}\"))");
        }
        if !self.none.is_empty() {
            text = format!("({text}) NOT ({columns} : ({}))", join(&self.none, " OR "));
        }
        text
    }

    /// PostgreSQL's language, without the block: what must be there, and what must
    /// not. Internal words begin with `~`, scope terms with `=` and blocks with `#`; no
    /// word of a text can.
    fn postgres(&self) -> (Vec<String>, Vec<String>) {
        let part = |part: &Part| {
            let marked = |mark: &str| {
                part.spelled(" | ", |words| {
                    let words: Vec<_> =
                        words.iter().map(|word| format!("'{mark}{word}'")).collect();
                    format!("({})", words.join(" <-> "))
                })
            };
            match self.side {
                SearchSide::PublicOnly => marked(""),
                SearchSide::Staff => format!("({} | {})", marked(""), marked("~")),
            }
        };
        let mut parts: Vec<_> = self.all.iter().map(part).collect();
        for terms in &self.scope {
            parts.push(format!("('={}')", terms.join("' | '=")));
        }
        let none = self.none.iter().map(part).collect();
        (parts, none)
    }
}

fn sqlite_index(conn: &mut Conn<'_>, doc: &Folded) -> Result<(), Error> {
    conn.execute(
        /* sqlite */
        "INSERT OR REPLACE INTO ticket_search (rowid, subject, public, internal, scope)
         VALUES ($1, $2, $3, $4, $5)",
        params![
            doc.number,
            doc.subject.join(" "),
            doc.public.join(" "),
            doc.internal.join(" "),
            format!("{EVERYBODY} {}", doc.scope.join(" "))
        ],
    )?;
    Ok(())
}

fn postgres_index(conn: &mut Conn<'_>, doc: &Folded) -> Result<(), Error> {
    conn.later(
        /* postgres */
        "INSERT INTO ticket_search (number, lexemes) VALUES ($1, CAST(CAST($2 AS TEXT) AS TSVECTOR))
         ON CONFLICT (number) DO UPDATE SET lexemes = excluded.lexemes",
        params![doc.number, lexemes(doc)],
    )
}

/// Numbers in one block. Small, so that what a very common word has in the
/// newest block is quickly sorted; a page is mostly full after that.
const BLOCK: i64 = 4_096;

/// Numbers in one large block, for words that are rare.
const LARGE_BLOCK: i64 = 16 * BLOCK;

/// A window that came out empty is followed by one so many times as wide.
const WIDEN: i64 = 8;

fn postgres_find(
    conn: &mut Conn<'_>,
    wanted: &Wanted,
    before: i64,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let (parts, none) = wanted.postgres();
    let newest: Option<i64> = conn.query_one(
        /* postgres */
        "SELECT MAX(number) FROM ticket_search WHERE number < $1",
        params![before],
        |row| row.get(0),
    )?;
    let Some(newest) = newest else {
        return Ok(Vec::new());
    };
    // The planner does not know what it costs to take a row's words apart, and
    // would read the small table from end to end rather than use the index.
    // A phrase of words that nearly every ticket has must be looked up in each
    // of them; nobody may occupy a connection with that for long.
    conn.set_later("SET LOCAL enable_seqscan = off; SET LOCAL statement_timeout = '3s'");
    let mut found: Vec<i64> = Vec::new();
    // The window is all numbers from `low` to below `high`.
    let mut high = newest + 1;
    let mut low = newest / BLOCK * BLOCK;
    loop {
        let missing = limit - found.len() as i64;
        let mut window = blocks(low, high);
        for part in &none {
            let _ = write!(window, " & !{part}");
        }
        // Each part is looked up for itself, so that the index leaps from one part's
        // next ticket to the others': as one query it would walk through all that
        // its rarest words have in the whole table. The sums keep the planner from
        // walking the primary key instead.
        let mut sql = Sql::new(
            /* fragment */
            "SELECT number FROM ticket_search WHERE lexemes @@ CAST(CAST(",
        );
        sql.bind(window).push(" AS TEXT) AS TSQUERY)");
        for part in &parts {
            sql.push(" AND lexemes @@ CAST(CAST(")
                .bind(part.as_str())
                .push(" AS TEXT) AS TSQUERY)");
        }
        sql.push(" AND number + 0 >= ")
            .bind(low)
            .push(" AND number + 0 < ")
            .bind(high)
            .push(" ORDER BY number + 0 DESC LIMIT ")
            .bind(missing);
        found.extend(conn.run(&sql, |row| row.get::<i64>(0))?);
        let missing = limit - found.len() as i64;
        if missing == 0 || low == 0 {
            break;
        }
        // As wide as it takes to fill the page if the hits go on as they did so far.
        let seen = newest + 1 - low;
        let width = match found.len() as i64 {
            0 => seen.saturating_mul(WIDEN),
            hits => (seen / hits).saturating_mul(missing * 3 / 2 + 1),
        };
        let width = width.min(seen.saturating_mul(WIDEN)).max(BLOCK);
        high = low;
        low = (high - width).max(0) / BLOCK * BLOCK;
    }
    conn.set_later("SET LOCAL enable_seqscan = on; SET LOCAL statement_timeout = 0");
    Ok(found)
}

/// The blocks that hold the numbers from `low` to below `high`, and maybe
/// some more: `('#4' | '#5')`.
fn blocks(low: i64, high: i64) -> String {
    let (mark, size) = if high - low > LARGE_BLOCK {
        ("##", LARGE_BLOCK)
    } else {
        ("#", BLOCK)
    };
    let names: Vec<_> = (low / size..=(high - 1) / size)
        .map(|block| format!("'{mark}{block}'"))
        .collect();
    format!("({})", names.join(" | "))
}

/// A tsvector as text: `'word':position` and so on. PostgreSQL sorts it.
fn lexemes(doc: &Folded) -> String {
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
    let _ = write!(
        text,
        "'#{}' '##{}'",
        doc.number / BLOCK,
        doc.number / LARGE_BLOCK
    );
    text
}

/// The words of a text, folded.
fn folded(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut length = 0;
    let mut end = |word: &mut String, length: &mut usize| {
        *length = 0;
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for c in text.nfkd().take(LONGEST_TEXT) {
        if canonical_combining_class(c) != 0 {
            continue;
        }
        if !c.is_alphanumeric() {
            end(&mut word, &mut length);
            continue;
        }
        if is_a_word_itself(c) {
            end(&mut word, &mut length);
            word.push(c);
            end(&mut word, &mut length);
            continue;
        }
        length += 1;
        if length > LONGEST_WORD {
            continue;
        }
        match c {
            'ß' | 'ẞ' => word.push_str("ss"),
            'æ' | 'Æ' => word.push_str("ae"),
            'œ' | 'Œ' => word.push_str("oe"),
            'ø' | 'Ø' => word.push('o'),
            'ł' | 'Ł' => word.push('l'),
            'đ' | 'Đ' => word.push('d'),
            'ı' => word.push('i'),
            // The lower case of one letter can be two, the second a mark.
            c => word.extend(
                c.to_lowercase()
                    .filter(|c| canonical_combining_class(*c) == 0),
            ),
        }
    }
    end(&mut word, &mut length);
    words
}

/// Chinese and Japanese are written without spaces.
fn is_a_word_itself(c: char) -> bool {
    matches!(c,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded() {
        assert_eq!(
            folded("Größe: Ünïcode-TEST, l'état srm://dpm.example.org:8446/x_y İstanbul"),
            [
                "grosse", "unicode", "test", "l", "etat", "srm", "dpm", "example", "org", "8446",
                "x", "y", "istanbul"
            ]
        );
        assert_eq!(folded("東京 grid"), ["東", "京", "grid"]);
        assert_eq!(folded("!?* \" -- '"), Vec::<String>::new());
        assert_eq!(folded(&"x".repeat(1_000)), ["x".repeat(LONGEST_WORD)]);
    }

    #[test]
    fn a_word_is_never_an_operator() {
        let words: Vec<_> = ["NEAR(", "a\" OR \"b", "public:x", "it's"]
            .map(|text| Word {
                text: text.into(),
                phrase: true,
                negated: false,
            })
            .into();
        let wanted = Wanted::new(&words, SearchSide::PublicOnly, &[]);
        let wanted = wanted.as_ref();
        assert_eq!(
            wanted.map(Wanted::sqlite).as_deref(),
            Some("{subject public} : (\"near\" AND \"a or b\" AND \"public x\" AND \"it s\")")
        );
        assert_eq!(
            wanted.map(|w| w.postgres().0.join(" & ")).as_deref(),
            Some("('near') & ('a' <-> 'or' <-> 'b') & ('public' <-> 'x') & ('it' <-> 's')")
        );
    }
}
