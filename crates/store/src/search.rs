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
//! page is full. PostgreSQL's index has a module of its own.

use std::collections::BTreeSet;

use switchboard_core::UnitId;
use switchboard_core::query::Word;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use crate::conn::{Conn, Dialect};
use crate::value::{Sql, Value};
use crate::{Error, params};

mod beside;
mod by_unit;
mod postgres;

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
    put(conn, &cut(docs))
}

/// Tickets whose texts are cut into words, ready for the index.
#[derive(Debug)]
pub struct Cut(Vec<Folded>);

/// Cuts texts into words, which takes time and no database: not for the writer.
pub fn cut(docs: &[SearchDoc]) -> Cut {
    Cut(docs.iter().map(Folded::new).collect())
}

/// [`index`] with what was cut before.
pub fn put(conn: &mut Conn<'_>, Cut(docs): &Cut) -> Result<(), Error> {
    let sqlite = conn.dialect() == Dialect::Sqlite;
    if sqlite {
        for doc in docs {
            sqlite_index(conn, doc)?;
        }
    }
    by_unit::index(conn, docs)?;
    let texts = docs
        .iter()
        .flat_map(|d| [&d.subject, &d.public, &d.internal]);
    let words = texts.flatten().filter(|word| is_ending(word)).collect();
    remember(conn, words)?;
    if sqlite {
        written_out(conn)?;
    }
    Ok(())
}

/// Whether what is put into the index together costs less for each: SQLite makes a piece
/// of each write, and joins it with others later.
pub fn gathers(conn: &Conn<'_>) -> bool {
    conn.dialect() == Dialect::Sqlite
}

/// Has FTS5 write out what it was given, which it does at the next savepoint: else that
/// of somebody else's write, who would wait for it, and whoever measures how long this
/// one takes would see half of it.
fn written_out(conn: &mut Conn<'_>) -> Result<(), Error> {
    conn.execute(/* sqlite */ "SAVEPOINT written_out", params![])?;
    conn.execute(/* sqlite */ "RELEASE SAVEPOINT written_out", params![])?;
    Ok(())
}

/// Puts the tickets into the index by unit alone, where an older version had none: on
/// PostgreSQL it is a part of the other, and they are put into both.
pub fn index_by_unit(conn: &mut Conn<'_>, docs: &[SearchDoc]) -> Result<(), Error> {
    let docs: Vec<_> = docs.iter().map(Folded::new).collect();
    by_unit::index(conn, &docs)
}

/// A ticket's texts as words.
#[derive(Debug)]
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

    /// Each word once, wherever it stands.
    fn words(&self) -> BTreeSet<&str> {
        let texts = [&self.subject, &self.public, &self.internal];
        texts.into_iter().flatten().map(String::as_str).collect()
    }
}

/// Whether an unfinished word may become this one.
fn is_ending(word: &str) -> bool {
    let length = word.chars().count();
    length > BEGINNING && length <= LONGEST_ENDING && word.chars().all(char::is_alphabetic)
}

/// Puts new words into the dictionary.
fn remember(conn: &mut Conn<'_>, words: BTreeSet<&String>) -> Result<(), Error> {
    /// Placeholders in one statement; always as many, so that it is prepared once.
    const AT_ONCE: usize = 200;
    let words: Vec<_> = words.into_iter().cloned().map(Value::Text).collect();
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
    doc.words().into_iter().map(str::to_owned).collect()
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
        Dialect::Postgres => postgres::find(conn, wanted, before, limit),
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
    }
}
