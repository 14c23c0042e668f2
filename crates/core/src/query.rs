//! The language of the search field and of views:
//! `status:open unit:"EGI Cloud" priority>=high owner:me created>=2026-01-01
//! updated<7d words "exact phrase" -word`.
//!
//! All parts must hold. A `-` before a part turns it round. What is not a
//! `key:value` is a word to search for. [`Query`] prints as a canonical form
//! that parses to the same query again.

mod meets;

pub use meets::Names;

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;

use crate::command::Refusal;
use crate::id::Millis;
use crate::status::Status;
use crate::ticket::TicketType;
use crate::triage::Priority;

/// What somebody looks for: all terms and all words hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// The `key:value` parts, in the order written.
    pub terms: Vec<Term>,
    /// The words, in the order written.
    pub words: Vec<Word>,
}

/// A word or phrase to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The text; not empty. A word that is no phrase has no white space.
    pub text: String,
    /// It was quoted: the words stand together in this order.
    pub phrase: bool,
    /// It must not occur.
    pub negated: bool,
}

/// A condition on a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// It must not hold.
    pub negated: bool,
    /// The condition.
    pub filter: Filter,
}

/// One condition. Names of units, services and people are as written; the
/// caller resolves them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// The status is one of these; `open`, `closed` and `any` are groups, and
    /// `status=closed` is the status of that name. Never empty.
    Status(BTreeSet<Status>),
    /// The priority in force.
    Priority(Compare, Priority),
    /// The responsible unit, by name.
    Unit(String),
    /// The owner.
    Owner(Who),
    /// The requester.
    Requester(Who),
    /// The service, by name or key.
    Service(String),
    /// The category's key.
    Category(String),
    /// One of the tags.
    Tag(String),
    /// The site's key.
    Site(String),
    /// The community's key.
    Community(String),
    /// The key of the type of issue.
    Type(String),
    /// Why the ticket exists.
    Kind(TicketType),
    /// The ticket's number; `#12` is the same as `number:12`.
    Number(Compare, i64),
    /// The ticket's number is one of these, as in `number:12,15`: two or more.
    Numbers(BTreeSet<i64>),
    /// When it was opened.
    Created(Compare, Moment),
    /// When anything last changed.
    Updated(Compare, Moment),
    /// When it was last solved or unsolved.
    Closed(Compare, Moment),
}

/// Which person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// The one who asks.
    Me,
    /// Nobody.
    None,
    /// By mail address or name.
    Named(String),
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// `:` or `=`.
    Equal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Compare {
    /// The sign in the canonical form.
    pub fn sign(self) -> &'static str {
        match self {
            Compare::Equal => ":",
            Compare::Less => "<",
            Compare::AtMost => "<=",
            Compare::More => ">",
            Compare::AtLeast => ">=",
        }
    }

    /// Whether `value` compares so to `limit`.
    pub fn holds<T: PartialOrd>(self, value: &T, limit: &T) -> bool {
        match self {
            Compare::Equal => value == limit,
            Compare::Less => value < limit,
            Compare::AtMost => value <= limit,
            Compare::More => value > limit,
            Compare::AtLeast => value >= limit,
        }
    }
}

/// A moment as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A whole day, UTC: `2026-01-31`.
    Day(Date),
    /// So long ago: `30m`, `12h`, `7d`, `2w`. A comparison is one of ages:
    /// `updated<7d` is what changed less than 7 days ago, `created>2w` what is
    /// older than two weeks.
    Ago {
        /// How many; at least 1.
        amount: u32,
        /// Of what.
        unit: AgeUnit,
    },
}

/// The unit of an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeUnit {
    /// `m`
    Minutes,
    /// `h`
    Hours,
    /// `d`
    Days,
    /// `w`
    Weeks,
}

impl AgeUnit {
    const ALL: [AgeUnit; 4] = [
        AgeUnit::Minutes,
        AgeUnit::Hours,
        AgeUnit::Days,
        AgeUnit::Weeks,
    ];

    fn letter(self) -> char {
        match self {
            AgeUnit::Minutes => 'm',
            AgeUnit::Hours => 'h',
            AgeUnit::Days => 'd',
            AgeUnit::Weeks => 'w',
        }
    }

    fn millis(self) -> Millis {
        match self {
            AgeUnit::Minutes => 60_000,
            AgeUnit::Hours => 3_600_000,
            AgeUnit::Days => 86_400_000,
            AgeUnit::Weeks => 7 * 86_400_000,
        }
    }
}

/// A half-open span of time: `from <= t < until`; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First moment inside.
    pub from: Option<Millis>,
    /// First moment outside again.
    pub until: Option<Millis>,
}

impl Span {
    /// Whether a moment lies inside.
    pub fn contains(self, at: Millis) -> bool {
        self.from.is_none_or(|from| at >= from) && self.until.is_none_or(|until| at < until)
    }
}

impl Moment {
    /// The span that a comparison with this moment means at `now`.
    pub fn span(self, compare: Compare, now: Millis) -> Span {
        match self {
            Moment::Day(day) => {
                let start = midnight(day);
                let end = start.saturating_add(86_400_000);
                let (from, until) = match compare {
                    Compare::Equal => (Some(start), Some(end)),
                    Compare::Less => (None, Some(start)),
                    Compare::AtMost => (None, Some(end)),
                    Compare::More => (Some(end), None),
                    Compare::AtLeast => (Some(start), None),
                };
                Span { from, until }
            }
            Moment::Ago { amount, unit } => {
                let then = now.saturating_sub(i64::from(amount).saturating_mul(unit.millis()));
                match compare {
                    // Younger: after that moment.
                    Compare::Less => Span {
                        from: Some(then.saturating_add(1)),
                        until: None,
                    },
                    // "updated:7d" is read as "within the last 7 days".
                    Compare::AtMost | Compare::Equal => Span {
                        from: Some(then),
                        until: None,
                    },
                    Compare::More => Span {
                        from: None,
                        until: Some(then),
                    },
                    Compare::AtLeast => Span {
                        from: None,
                        until: Some(then.saturating_add(1)),
                    },
                }
            }
        }
    }
}

fn midnight(day: Date) -> Millis {
    let since = day.duration_since(Date::constant(1970, 1, 1));
    since.as_secs().saturating_mul(1_000)
}

/// The keys, in the order in which errors and help list them.
pub const KEYS: [&str; 16] = [
    "status",
    "priority",
    "unit",
    "owner",
    "requester",
    "service",
    "category",
    "tag",
    "site",
    "community",
    "type",
    "kind",
    "number",
    "created",
    "updated",
    "closed",
];

/// A query may be this long, in bytes.
pub const LONGEST: usize = 2_000;

const OPEN: [Status; 6] = [
    Status::New,
    Status::Assigned,
    Status::InProgress,
    Status::Waiting,
    Status::OnHold,
    Status::Reopened,
];

fn group(word: &str) -> Option<BTreeSet<Status>> {
    match word {
        "open" => Some(OPEN.into_iter().collect()),
        "closed" => Some(Status::ALL.into_iter().filter(|s| !s.is_open()).collect()),
        "any" => Some(Status::ALL.into_iter().collect()),
        _ => None,
    }
}

impl Query {
    /// Nothing is asked for: everything matches.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.words.is_empty()
    }

    /// The number, when the whole query is nothing but a ticket's number.
    pub fn as_number(&self) -> Option<i64> {
        match (self.terms.as_slice(), self.words.as_slice()) {
            (
                [
                    Term {
                        negated: false,
                        filter: Filter::Number(Compare::Equal, number),
                    },
                ],
                [],
            ) => Some(*number),
            (
                [],
                [
                    Word {
                        text,
                        negated: false,
                        ..
                    },
                ],
            ) => number(text),
            _ => None,
        }
    }

    /// Reads a query.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] on `q`, naming the key or value that is wrong and
    /// listing what would be right.
    pub fn parse(text: &str) -> Result<Query, Refusal> {
        if text.len() > LONGEST {
            return Err(wrong(format!("must be at most {LONGEST} bytes long")));
        }
        let mut query = Query::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            rest = query.take(rest)?.trim_start();
        }
        Ok(query)
    }

    /// Takes one part off the front of `text`, which begins with no white
    /// space, and returns what is left.
    fn take<'a>(&mut self, text: &'a str) -> Result<&'a str, Refusal> {
        let (negated, text) = match text.strip_prefix('-') {
            Some(rest) if !rest.is_empty() && !rest.starts_with(char::is_whitespace) => {
                (true, rest)
            }
            _ => (false, text),
        };
        if let Some(quoted) = text.strip_prefix('"') {
            let (phrase, rest) = unquote(quoted);
            if !phrase.trim().is_empty() {
                self.words.push(Word {
                    text: phrase,
                    phrase: true,
                    negated,
                });
            }
            return Ok(rest);
        }
        if let Some((key, compare, exact, value)) = split_key(text) {
            let (value, rest) = match value.strip_prefix('"') {
                Some(quoted) => unquote(quoted),
                None => {
                    let (bare, rest) = bare(value);
                    (bare.to_owned(), rest)
                }
            };
            let filter = filter(&key.to_ascii_lowercase(), compare, exact, &value)?;
            self.terms.push(Term { negated, filter });
            return Ok(rest);
        }
        let (word, rest) = bare(text);
        if let Some(found) = word.strip_prefix('#').and_then(number) {
            self.terms.push(Term {
                negated,
                filter: Filter::Number(Compare::Equal, found),
            });
        } else {
            self.words.push(Word {
                text: word.to_owned(),
                phrase: false,
                negated,
            });
        }
        Ok(rest)
    }
}

/// Up to the next white space.
fn bare(text: &str) -> (&str, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    text.split_at(end)
}

/// The text up to the closing quote, and what follows it. A backslash takes the
/// next character as it is; a missing quote closes at the end.
fn unquote(text: &str) -> (String, &str) {
    let mut found = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (found, text.get(at + 1..).unwrap_or_default()),
            '\\' => found.extend(chars.next().map(|(_, next)| next)),
            _ => found.push(c),
        }
    }
    (found, "")
}

/// A `key` + sign + value, when that is what the text begins with: letters, a
/// sign, and a value that is not empty. `http://…` and `Error:` are words.
fn split_key(text: &str) -> Option<(&str, Compare, bool, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphabetic() && c != '_')?;
    let (key, rest) = text.split_at(end);
    if key.is_empty() {
        return None;
    }
    let (compare, exact, value) = if let Some(value) = rest.strip_prefix("<=") {
        (Compare::AtMost, true, value)
    } else if let Some(value) = rest.strip_prefix(">=") {
        (Compare::AtLeast, true, value)
    } else if let Some(value) = rest.strip_prefix('<') {
        (Compare::Less, true, value)
    } else if let Some(value) = rest.strip_prefix('>') {
        (Compare::More, true, value)
    } else if let Some(value) = rest.strip_prefix('=') {
        (Compare::Equal, true, value)
    } else if let Some(value) = rest.strip_prefix(':') {
        (Compare::Equal, false, value)
    } else {
        return None;
    };
    if value.is_empty() || value.starts_with(char::is_whitespace) || value.starts_with("//") {
        return None;
    }
    Some((key, compare, exact, value))
}

fn wrong(problem: String) -> Refusal {
    Refusal::Invalid {
        field: "q",
        problem,
    }
}

fn filter(key: &str, compare: Compare, exact: bool, value: &str) -> Result<Filter, Refusal> {
    if !KEYS.contains(&key) {
        return Err(wrong(format!(
            "there is no key \"{key}\"; the keys are {}. Put it in quotes to search for the words",
            KEYS.join(", ")
        )));
    }
    if value.trim().is_empty() {
        return Err(wrong(format!("{key} needs a value, as in {key}:…")));
    }
    let ordered = matches!(
        key,
        "priority" | "number" | "created" | "updated" | "closed"
    );
    if !ordered && compare != Compare::Equal {
        return Err(wrong(format!(
            "{key} can not be compared with {}; write {key}:{value}",
            compare.sign()
        )));
    }
    let text = || value.to_owned();
    Ok(match key {
        "status" => Filter::Status(statuses(value, exact)?),
        "priority" => Filter::Priority(
            compare,
            Priority::parse(&value.to_lowercase()).ok_or_else(|| {
                wrong(format!(
                    "there is no priority \"{value}\"; there are low, medium, high, top"
                ))
            })?,
        ),
        "unit" => Filter::Unit(text()),
        "owner" => Filter::Owner(who(value)),
        "requester" => Filter::Requester(who(value)),
        "service" => Filter::Service(text()),
        "category" => Filter::Category(text()),
        "tag" => Filter::Tag(text()),
        "site" => Filter::Site(text()),
        "community" => Filter::Community(text()),
        "type" => Filter::Type(text()),
        "kind" => Filter::Kind(TicketType::parse(&value.to_lowercase()).ok_or_else(|| {
            wrong(format!(
                "there is no kind \"{value}\"; there are {}",
                TicketType::ALL.map(TicketType::key).join(", ")
            ))
        })?),
        "number" => numbers(compare, value)?,
        "created" => Filter::Created(compare, moment(key, value)?),
        "updated" => Filter::Updated(compare, moment(key, value)?),
        _ => Filter::Closed(compare, moment(key, value)?),
    })
}

fn statuses(value: &str, exact: bool) -> Result<BTreeSet<Status>, Refusal> {
    let mut found = BTreeSet::new();
    for word in value.split(',') {
        let word = word.trim().to_lowercase();
        if let Some(group) = group(&word).filter(|_| !exact) {
            found.extend(group);
        } else if let Some(status) = Status::parse(&word) {
            found.insert(status);
        } else {
            let keys: Vec<&str> = Status::ALL.iter().map(|s| s.key()).collect();
            return Err(wrong(format!(
                "there is no status \"{word}\"; there are {}, and the groups open, closed, any \
                 (status=closed is the status alone)",
                keys.join(", ")
            )));
        }
    }
    Ok(found)
}

fn numbers(compare: Compare, value: &str) -> Result<Filter, Refusal> {
    let one = |text: &str| {
        let text = text.trim();
        number(text.strip_prefix('#').unwrap_or(text)).ok_or_else(|| {
            wrong(format!(
                "\"{text}\" is not a ticket's number; write number:1234"
            ))
        })
    };
    // More than one can only be named: nothing is less than all of them.
    let several = compare == Compare::Equal && value.contains(',');
    if !several {
        return Ok(Filter::Number(compare, one(value)?));
    }
    let set: BTreeSet<i64> = value.split(',').map(one).collect::<Result<_, _>>()?;
    Ok(match (set.len(), set.first()) {
        (1, Some(only)) => Filter::Number(compare, *only),
        _ => Filter::Numbers(set),
    })
}

fn who(value: &str) -> Who {
    match value.to_lowercase().as_str() {
        "me" => Who::Me,
        "none" => Who::None,
        _ => Who::Named(value.to_owned()),
    }
}

/// A ticket's number: plain digits, from 1.
fn number(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|n| *n > 0)
}

fn moment(key: &str, value: &str) -> Result<Moment, Refusal> {
    let bad = || {
        wrong(format!(
            "\"{value}\" is no time; write {key}>=2026-01-31, or {key}<7d for the last 7 days (m, h, d, w)"
        ))
    };
    if let Some(unit) = AgeUnit::ALL
        .into_iter()
        .find(|u| value.ends_with(u.letter()))
    {
        let digits = value.get(..value.len() - 1).unwrap_or_default();
        let amount = number(digits)
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(bad)?;
        return Ok(Moment::Ago { amount, unit });
    }
    // Only the plain form: other writings of a date are not worth the doubt.
    let plain = value.len() == 10 && value.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if !plain {
        return Err(bad());
    }
    let day: Date = value.parse().map_err(|_| bad())?;
    Ok(Moment::Day(day))
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        for term in &self.terms {
            write!(f, "{gap}{term}")?;
            gap = " ";
        }
        for word in &self.words {
            write!(f, "{gap}{word}")?;
            gap = " ";
        }
        Ok(())
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("-")?;
        }
        if self.phrase {
            quote(f, &self.text)
        } else {
            f.write_str(&self.text)
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("-")?;
        }
        self.filter.fmt(f)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |f: &mut fmt::Formatter<'_>, key: &str, value: &str| {
            write!(f, "{key}:")?;
            if value.contains(|c: char| c.is_whitespace() || c == '"' || c == '\\')
                || value.starts_with("//")
            {
                quote(f, value)
            } else {
                f.write_str(value)
            }
        };
        let person = |f: &mut fmt::Formatter<'_>, key: &str, who: &Who| match who {
            Who::Me => write!(f, "{key}:me"),
            Who::None => write!(f, "{key}:none"),
            Who::Named(name) => text(f, key, name),
        };
        match self {
            Filter::Status(set) => {
                for name in ["any", "open", "closed"] {
                    if group(name).as_ref() == Some(set) {
                        return write!(f, "status:{name}");
                    }
                }
                let keys: Vec<&str> = set.iter().map(|s| s.key()).collect();
                write!(f, "status={}", keys.join(","))
            }
            Filter::Priority(compare, priority) => {
                write!(f, "priority{}{}", compare.sign(), priority.key())
            }
            Filter::Unit(name) => text(f, "unit", name),
            Filter::Owner(who) => person(f, "owner", who),
            Filter::Requester(who) => person(f, "requester", who),
            Filter::Service(name) => text(f, "service", name),
            Filter::Category(key) => text(f, "category", key),
            Filter::Tag(tag) => text(f, "tag", tag),
            Filter::Site(key) => text(f, "site", key),
            Filter::Community(key) => text(f, "community", key),
            Filter::Type(key) => text(f, "type", key),
            Filter::Kind(kind) => write!(f, "kind:{}", kind.key()),
            Filter::Number(compare, number) => write!(f, "number{}{number}", compare.sign()),
            Filter::Numbers(set) => {
                let all: Vec<String> = set.iter().map(i64::to_string).collect();
                write!(f, "number:{}", all.join(","))
            }
            Filter::Created(compare, moment) => write!(f, "created{}{moment}", compare.sign()),
            Filter::Updated(compare, moment) => write!(f, "updated{}{moment}", compare.sign()),
            Filter::Closed(compare, moment) => write!(f, "closed{}{moment}", compare.sign()),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::Day(day) => day.fmt(f),
            Moment::Ago { amount, unit } => write!(f, "{amount}{}", unit.letter()),
        }
    }
}

fn quote(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        if c == '"' || c == '\\' {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    f.write_str("\"")
}
