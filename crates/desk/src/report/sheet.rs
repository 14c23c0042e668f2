//! A report as a table: rows with names, and the way to the tickets that they count.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use switchboard_core::report::table::{Measured, Report, TIMELINE};
use switchboard_core::report::{Answer, Bucket, Dimension, Figures, Point, Step, Word};
use switchboard_core::satisfaction::{Rating, Ratings};
use switchboard_core::{Millis, Priority, Status, TicketNumber, TicketType, UnitId, query};

use super::ask::{Ready, term};
use crate::Catalogue;

const DAY_MS: Millis = 86_400_000;

/// The head of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The word used in JSON and CSV, without the unit of its values.
    pub key: &'static str,
    /// The words shown to people.
    pub title: &'static str,
    /// What its values are: times in milliseconds.
    pub measured: Measured,
}

impl Head {
    pub(super) fn new(key: &'static str, title: &'static str, measured: Measured) -> Head {
        Head {
            key,
            title,
            measured,
        }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// The key of what it is about; empty: of tickets that name none, or everything.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The stretch of time it is about, in a timeline.
    pub stretch: Option<(Millis, Millis)>,
    /// One for each column; `None`: there is nothing to tell.
    pub values: Vec<Option<i64>>,
    /// The query that lists the tickets that were submitted; `None`: lists can not say it.
    pub submitted: Option<String>,
    /// The same for those that were closed.
    pub closed: Option<String>,
    /// The same for those that are open.
    pub open: Option<String>,
    /// The same for those that were rated, by the keys of the columns that count ratings.
    /// Where there are too many to be named there is none.
    pub rated: BTreeMap<&'static str, String>,
}

/// Ratings, and the tickets behind them that the reader may see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Rated {
    ratings: Ratings,
    tickets: BTreeMap<Rating, BTreeSet<TicketNumber>>,
}

impl Rated {
    /// Adds one; `seen`: its reader may see the ticket.
    pub(super) fn take(&mut self, rating: Rating, ticket: TicketNumber, seen: bool) {
        self.ratings.take(rating);
        if seen {
            self.tickets.entry(rating).or_default().insert(ticket);
        }
    }

    /// The query that lists the tickets with these ratings.
    fn list(&self, ratings: &[Rating]) -> Option<String> {
        let all: BTreeSet<_> = ratings
            .iter()
            .filter_map(|rating| self.tickets.get(rating))
            .flatten()
            .map(|number| number.0)
            .collect();
        if all.is_empty() {
            return None;
        }
        let numbers: Vec<String> = all.iter().map(i64::to_string).collect();
        let text = format!("number:{}", numbers.join(","));
        (text.len() <= query::LONGEST).then_some(text)
    }
}

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Which.
    pub report: &'static str,
    /// The words shown to people.
    pub title: &'static str,
    /// What is counted.
    pub about: &'static str,
    /// What happened from then on.
    pub from: Millis,
    /// Until before then.
    pub to: Millis,
    /// When it was looked what is open.
    pub looked_at: Millis,
    /// By what the rows are told apart; `None`: a timeline of everything, or couplings.
    pub group: Option<Dimension>,
    /// How long the stretches of a timeline are.
    pub step: Step,
    /// The columns.
    pub columns: Vec<Head>,
    /// The rows, the most submitted first; those of a timeline by time.
    pub rows: Vec<Line>,
    /// Everything together; `None`: there is no such thing.
    pub total: Option<Line>,
    /// All figures that were counted, for plots; `None`: of couplings there are none.
    pub answer: Option<Answer>,
    /// The names of the answer's rows, in their order.
    pub names: Vec<String>,
}

/// Key and name of a word.
fn named(catalogue: &Catalogue, dimension: Dimension, word: &Word) -> (String, String) {
    let value = |key: &str| {
        let all = catalogue.categories.iter().chain(&catalogue.issue_types);
        let found = all.chain(&catalogue.old_values).find(|v| v.key == key);
        found.map_or_else(|| key.to_owned(), |v| v.name.clone())
    };
    match word {
        Word::None => (String::new(), "None".to_owned()),
        Word::Id(id) => match dimension {
            Dimension::Unit => catalogue
                .unit(UnitId(*id))
                .map(|u| (u.key.clone(), u.name.clone())),
            Dimension::Service => catalogue
                .service(switchboard_core::ServiceId(*id))
                .map(|s| (s.key.clone(), s.name.clone())),
            _ => None,
        }
        .unwrap_or_else(|| (id.to_string(), id.to_string())),
        Word::Text(key) => {
            let name = match dimension {
                Dimension::Status => Status::parse(key).map(|s| s.label().to_owned()),
                Dimension::Priority => Priority::parse(key).map(|p| p.label().to_owned()),
                Dimension::Community => catalogue.community(key).map(|c| c.name.clone()),
                Dimension::Site => {
                    let site = catalogue.sites.iter().find(|s| s.key == *key);
                    site.map(|s| s.name.clone())
                }
                Dimension::Category | Dimension::IssueType => Some(value(key)),
                Dimension::Type => TicketType::parse(key).map(|t| t.label().to_owned()),
                _ => None,
            };
            (key.clone(), name.unwrap_or_else(|| key.clone()))
        }
    }
}

/// The term that finds the tickets of a word in lists.
fn term_of(dimension: Dimension, word: &Word, key: &str, name: &str) -> Option<String> {
    if *word == Word::None {
        return None;
    }
    match dimension {
        Dimension::Unit => Some(term("unit", name)),
        Dimension::Service => Some(term("service", name)),
        Dimension::Status => Some(format!("status={key}")),
        Dimension::Priority => Some(term("priority", key)),
        Dimension::Community => Some(term("community", key)),
        Dimension::Category => Some(term("category", key)),
        Dimension::IssueType => Some(term("type", key)),
        Dimension::Site => Some(term("site", key)),
        Dimension::Type => Some(term("kind", key)),
        Dimension::Turn | Dimension::Portal => None,
    }
}

/// The day of a midnight in UTC; `None`: it is none, and lists know days only.
fn day(at: Millis) -> Option<String> {
    let moment = Timestamp::from_millisecond(at).ok()?;
    (at.rem_euclid(DAY_MS) == 0).then(|| moment.strftime("%Y-%m-%d").to_string())
}

/// The terms of a range; the end is left out where it has not come yet.
fn range(key: &str, (from, to): (Millis, Millis), now: Millis) -> Option<Vec<String>> {
    let mut terms = vec![format!("{key}>={}", day(from)?)];
    if to <= now {
        terms.push(format!("{key}<{}", day(to)?));
    }
    Some(terms)
}

/// The queries behind submitted, closed and open.
fn links(ready: &Ready, more: Option<Vec<String>>, span: (Millis, Millis)) -> [Option<String>; 3] {
    let (Some(query), Some(more)) = (&ready.query, more) else {
        return [None, None, None];
    };
    let now = ready.question.now;
    let with = |terms: Option<Vec<String>>| {
        let mut all = query.clone();
        for term in more.iter().chain(&terms?) {
            if !all.contains(term) {
                all.push(term.clone());
            }
        }
        Some(all.join(" "))
    };
    let closed = range("closed", span, now).map(|mut terms| {
        terms.push("status:closed".to_owned());
        terms
    });
    let open = (span.1 > now).then(|| vec!["status:open".to_owned()]);
    [with(range("created", span, now)), with(closed), with(open)]
}

fn heads(report: &Report) -> Vec<Head> {
    let columns = report.columns.iter();
    columns
        .map(|c| Head {
            key: c.key,
            title: c.title,
            measured: c.measured,
        })
        .collect()
}

fn values(report: &Report, figures: &Figures) -> Vec<Option<i64>> {
    report.columns.iter().map(|c| c.value(figures)).collect()
}

/// The answer as a table.
pub(super) fn sheet(catalogue: &Catalogue, ready: &Ready, answer: Answer) -> Sheet {
    let question = &ready.question;
    let span = (question.from, question.to);
    let group = answer.group;
    let names: Vec<(String, String)> = answer
        .rows
        .iter()
        .map(|(word, _)| named(catalogue, group, word))
        .collect();
    let mut sheet = Sheet {
        report: ready.report.key,
        title: ready.report.title,
        about: ready.report.about,
        from: question.from,
        to: question.to,
        looked_at: question.looked_at(),
        group: Some(group),
        step: question.step,
        columns: heads(ready.report),
        rows: Vec::new(),
        total: None,
        names: names.iter().map(|(_, name)| name.clone()).collect(),
        answer: None,
    };
    if ready.report.key == TIMELINE {
        timeline(&mut sheet, ready, &answer, &names);
    } else {
        for ((word, figures), (key, name)) in answer.rows.iter().zip(&names) {
            let more = term_of(group, word, key, name).map(|t| vec![t]);
            let [submitted, closed, open] = links(ready, more, span);
            sheet.rows.push(Line {
                key: key.clone(),
                name: name.clone(),
                stretch: None,
                values: values(ready.report, figures),
                submitted,
                closed,
                open,
                ..Line::default()
            });
        }
        let [submitted, closed, open] = links(ready, Some(Vec::new()), span);
        sheet.total = Some(Line {
            name: "All".to_owned(),
            values: values(ready.report, &answer.total),
            submitted,
            closed,
            open,
            ..Line::default()
        });
    }
    sheet.answer = Some(answer);
    sheet
}

fn count(n: u64) -> Option<i64> {
    i64::try_from(n).ok()
}

fn timeline(sheet: &mut Sheet, ready: &Ready, answer: &Answer, names: &[(String, String)]) {
    sheet.columns = [
        ("submitted", "Submitted"),
        ("closed", "Closed"),
        ("open", "Open at its end"),
    ]
    .map(|(key, title)| Head {
        key,
        title,
        measured: Measured::Count,
    })
    .to_vec();
    let line = |bucket: &Bucket, point: &Point, key: &str, name: &str, more| {
        let [submitted, closed, open] = links(ready, more, (bucket.from, bucket.to));
        Line {
            key: key.to_owned(),
            name: name.to_owned(),
            stretch: Some((bucket.from, bucket.to)),
            values: vec![
                count(point.submitted),
                count(point.closed),
                count(point.open),
            ],
            submitted,
            closed,
            open,
            ..Line::default()
        }
    };
    if !ready.grouped {
        sheet.group = None;
        let total = answer.timeline();
        let points = answer.buckets.iter().zip(&total);
        sheet.rows = points
            .map(|(bucket, point)| line(bucket, point, "", "All", Some(Vec::new())))
            .collect();
        return;
    }
    for (place, bucket) in answer.buckets.iter().enumerate() {
        for (series, (key, name)) in answer.series.iter().zip(names) {
            let more = term_of(answer.group, &series.word, key, name).map(|t| vec![t]);
            sheet
                .rows
                .push(line(bucket, &series.points[place], key, name, more));
        }
    }
}

/// How content requesters were, the most rated first.
pub(super) fn satisfaction(
    catalogue: &Catalogue,
    ready: &Ready,
    mut rows: Vec<(Word, Rated)>,
    total: &Rated,
) -> Sheet {
    const STARS: [(&str, &str); 5] = [
        ("very_content", "Very content (5)"),
        ("content", "Content (4)"),
        ("so_so", "So-so (3)"),
        ("not_content", "Not content (2)"),
        ("not_content_at_all", "Not at all (1)"),
    ];
    let question = &ready.question;
    let mut columns = vec![
        Head::new("ratings", "Ratings", Measured::Count),
        Head::new("rating_mean", "Mean", Measured::Mean),
        Head::new("satisfied", "Content", Measured::Permille),
    ];
    columns.extend(STARS.map(|(key, title)| Head::new(key, title, Measured::Count)));
    let line = |key: String, name: String, rated: &Rated| {
        let ratings = &rated.ratings;
        let mut values = vec![
            count(ratings.count()),
            ratings.mean().and_then(count),
            ratings.content_permille().and_then(count),
        ];
        values.extend(Rating::ALL.map(|rating| count(ratings.of(rating))));
        let stars = STARS.iter().zip(Rating::ALL);
        let each = stars.map(|((key, _), rating)| (*key, rated.list(&[rating])));
        let lists = each.chain([("ratings", rated.list(&Rating::ALL))]);
        Line {
            key,
            name,
            values,
            rated: lists.filter_map(|(key, list)| Some((key, list?))).collect(),
            ..Line::default()
        }
    };
    rows.sort_by(|(a, one), (b, other)| {
        let most = other.ratings.count().cmp(&one.ratings.count());
        most.then(a.cmp(b))
    });
    let rows = rows.iter().map(|(word, rated)| {
        let (key, name) = named(catalogue, question.group, word);
        line(key, name, rated)
    });
    Sheet {
        report: ready.report.key,
        title: ready.report.title,
        about: ready.report.about,
        from: question.from,
        to: question.to,
        looked_at: question.looked_at(),
        group: Some(question.group),
        step: question.step,
        rows: rows.collect(),
        total: Some(line(String::new(), "All".to_owned(), total)),
        columns,
        answer: None,
        names: Vec::new(),
    }
}
