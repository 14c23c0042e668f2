//! Counts tickets, one by one.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    AGES, Answer, Bucket, Clocked, Course, Dimension, Figures, Key, Point, Question, Series,
    Spread, Told, Word, Words,
};
use crate::id::Millis;
use crate::target::TargetKind;
use crate::turn::Turn;

/// The values of one kind of clock.
#[derive(Debug, Clone, Default)]
struct Values {
    used: Vec<Millis>,
    promised: u64,
    violated: u64,
    targets: BTreeMap<Millis, u64>,
}

impl Values {
    fn take(&mut self, one: &Told) {
        self.used.push(one.used);
        if let Some(within) = one.within {
            self.promised += 1;
            self.violated += u64::from(one.used >= within);
            *self.targets.entry(within).or_default() += 1;
        }
    }

    fn finish(mut self) -> Clocked {
        let most = self.targets.values().max().copied();
        Clocked {
            spread: Spread::of(&mut self.used),
            promised: self.promised,
            violated: self.violated,
            target: most.and_then(|most| {
                let often = self.targets.iter().find(|(_, n)| **n == most);
                often.map(|(within, _)| *within)
            }),
        }
    }

    fn add(&mut self, other: &Values) {
        self.used.extend_from_slice(&other.used);
        self.promised += other.promised;
        self.violated += other.violated;
        for (within, n) in &other.targets {
            *self.targets.entry(*within).or_default() += n;
        }
    }
}

/// What is known of one row so far.
#[derive(Debug, Clone, Default)]
struct Row {
    submitted: u64,
    closings: u64,
    reopened: u64,
    hand_overs: u64,
    ages: Vec<Millis>,
    lifetimes: Vec<Millis>,
    clocks: [Values; 6],
    submitted_in: Vec<u64>,
    closed_in: Vec<u64>,
    /// How many more are open at the end of a stretch than at the end of the one before.
    more: Vec<i64>,
}

impl Row {
    fn of(buckets: usize) -> Row {
        Row {
            submitted_in: vec![0; buckets],
            closed_in: vec![0; buckets],
            more: vec![0; buckets],
            ..Row::default()
        }
    }

    fn add(&mut self, other: &Row) {
        self.submitted += other.submitted;
        self.closings += other.closings;
        self.reopened += other.reopened;
        self.hand_overs += other.hand_overs;
        self.ages.extend_from_slice(&other.ages);
        self.lifetimes.extend_from_slice(&other.lifetimes);
        for (mine, theirs) in self.clocks.iter_mut().zip(&other.clocks) {
            mine.add(theirs);
        }
    }

    fn points(&self) -> Vec<Point> {
        let mut open = 0;
        let counts = self.submitted_in.iter().zip(&self.closed_in);
        counts
            .zip(&self.more)
            .map(|((submitted, closed), more)| {
                open += more;
                Point {
                    submitted: *submitted,
                    closed: *closed,
                    open: u64::try_from(open).unwrap_or(0),
                }
            })
            .collect()
    }

    fn finish(mut self) -> Figures {
        Figures {
            submitted: self.submitted,
            open: self.ages.len() as u64,
            age: Spread::of(&mut self.ages),
            closed: self.lifetimes.len() as u64,
            lifetime: Spread::of(&mut self.lifetimes),
            closings: self.closings,
            reopened: self.reopened,
            hand_overs: self.hand_overs,
            clocks: self.clocks.map(Values::finish),
        }
    }
}

/// Counts what a question asks for.
#[derive(Debug)]
pub struct Count {
    question: Question,
    at: Millis,
    /// Where a range as long begins that ends where this one does.
    begins: Millis,
    bounds: Vec<Millis>,
    /// By dimension, which words are asked for; `None`: any.
    only: [Option<HashSet<Key>>; Dimension::COUNT],
    left_out: HashSet<Key>,
    units: HashSet<Key>,
    services: HashSet<Key>,
    portals: HashSet<Key>,
    /// By word, where its row lies.
    places: HashMap<Key, usize>,
    rows: Vec<(Key, Row)>,
    ages: [[u64; 4]; 5],
    before: u64,
    turns: [Key; 4],
}

impl Count {
    /// Begins to count. The words of all courses have to come from `words`.
    pub fn new(question: Question, words: &mut Words) -> Count {
        let mut only = std::array::from_fn(|_| None);
        for (dimension, wanted) in &question.only {
            let wanted = wanted.iter().map(|w| words.key(w.clone())).collect();
            only[*dimension as usize] = Some(wanted);
        }
        let mut bounds = question.step.bounds(question.from, question.to);
        let at = question.looked_at();
        // Nobody knows yet what will be open.
        bounds.retain(|bound| *bound < at);
        bounds.push(at.max(question.from));
        if bounds.len() < 2 {
            bounds.insert(0, question.from);
        }
        let mut ids = |ids: &std::collections::BTreeSet<uuid::Uuid>| {
            ids.iter().map(|id| words.key(Word::Id(*id))).collect()
        };
        let units = ids(&question.seen.units);
        let services = ids(&question.seen.services);
        let portals = ids(&question.seen.portals);
        Count {
            at,
            begins: question.before(),
            bounds,
            only,
            units,
            services,
            portals,
            left_out: question
                .left_out
                .iter()
                .map(|w| words.key(w.clone()))
                .collect(),
            places: HashMap::new(),
            rows: Vec::new(),
            ages: [[0; 4]; 5],
            before: 0,
            turns: Turn::ALL.map(|t| words.key(Word::Text(t.key().to_owned()))),
            question,
        }
    }

    /// By what a row is told apart to which something belongs that `unit` did in a ticket;
    /// `None`: it is not asked for, or not for its reader. What else the ticket is counts as
    /// it is now.
    pub fn place(&self, course: &Course, unit: Key) -> Option<Key> {
        let dims = &course.dims;
        let dim = |d: Dimension| dims[d as usize];
        let here = self.units.contains(&dim(Dimension::Unit));
        let seen = (self.question.seen.all
            || self.services.contains(&dim(Dimension::Service))
            || self.portals.contains(&dim(Dimension::Portal))
            || self.units.contains(&unit))
            && (!course.restricted || self.question.seen.restricted || here)
            && !self.left_out.contains(&dim(Dimension::Category));
        let as_counted = |d: usize| match d {
            d if d == Dimension::Unit as usize => unit,
            d => dims[d],
        };
        let fits = |d: usize| {
            let wanted = self.only[d].as_ref();
            wanted.is_none_or(|wanted| wanted.contains(&as_counted(d)))
        };
        (seen && (0..Dimension::COUNT).all(fits)).then(|| as_counted(self.question.group as usize))
    }

    /// Counts one ticket. Each is given once.
    pub fn take(&mut self, course: &Course) {
        let dims = &course.dims;
        let dim = |d: Dimension| dims[d as usize];
        if self.left_out.contains(&dim(Dimension::Category)) {
            return;
        }
        let here = self.units.contains(&dim(Dimension::Unit));
        if course.restricted && !self.question.seen.restricted && !here {
            return;
        }
        let whole = self.question.seen.all
            || self.services.contains(&dim(Dimension::Service))
            || self.portals.contains(&dim(Dimension::Portal));
        let fits = |d: usize| {
            let wanted = self.only[d].as_ref();
            wanted.is_none_or(|wanted| wanted.contains(&dims[d]))
        };
        let (unit_at, priority_at) = (Dimension::Unit as usize, Dimension::Priority as usize);
        let others = (0..Dimension::COUNT).filter(|d| *d != unit_at && *d != priority_at);
        if !others.into_iter().all(&fits) {
            return;
        }
        let priority = fits(priority_at);
        let unit_fits = |unit: Key| {
            self.only[unit_at]
                .as_ref()
                .is_none_or(|wanted| wanted.contains(&unit))
        };
        let now_fits = priority && (whole || here) && unit_fits(dim(Dimension::Unit));
        let grouped = self.question.group;
        let group = move |unit: Key, priority: Key| match grouped {
            Dimension::Unit => unit,
            Dimension::Priority => priority,
            other => dims[other as usize],
        };
        let buckets = self.bounds.len() - 1;
        let (from, to) = (self.question.from, self.question.to);
        let within = |at: Millis| from <= at && at < to;
        let now = group(dim(Dimension::Unit), dim(Dimension::Priority));

        // What the ticket is now decides where it is counted.
        if now_fits {
            let bounds = &self.bounds;
            let bucket = |at: Millis| bounds.partition_point(|b| *b <= at).clamp(1, buckets) - 1;
            let mut found = None;
            self.before += u64::from(self.begins <= course.opened && course.opened < from);
            if within(course.opened) {
                let row = row(&mut self.places, &mut self.rows, now, buckets);
                row.submitted += 1;
                row.submitted_in[bucket(course.opened)] += 1;
                row.hand_overs += course.stays.len().saturating_sub(1) as u64;
            }
            let mut before = false;
            for round in &course.rounds {
                if before && within(round.from) {
                    row(&mut self.places, &mut self.rows, now, buckets).reopened += 1;
                }
                before = round.solved;
                if let Some(end) = round.to.filter(|end| round.solved && within(*end)) {
                    let row = row(&mut self.places, &mut self.rows, now, buckets);
                    row.closings += 1;
                    row.closed_in[bucket(end)] += 1;
                    found = Some(end);
                }
            }
            if let Some(end) = course.closed().filter(|end| Some(*end) == found) {
                let row = row(&mut self.places, &mut self.rows, now, buckets);
                row.lifetimes.push(end - course.opened);
            }
        }

        // Where it was decides where it is counted as open, and what clocks told.
        self.count_open(course, whole, priority, group);
        for one in &course.told {
            if !within(one.ended) || !(whole || self.units.contains(&one.unit)) {
                continue;
            }
            let wanted = self.only[priority_at].as_ref();
            if !unit_fits_in(&self.only, one.unit)
                || !wanted.is_none_or(|wanted| wanted.contains(&one.priority))
            {
                continue;
            }
            let key = group(one.unit, one.priority);
            let row = row(&mut self.places, &mut self.rows, key, buckets);
            row.clocks[one.clock as usize].take(one);
        }
    }

    /// Counts where a ticket was open at the end of each stretch, and its age when it was
    /// looked.
    fn count_open(
        &mut self,
        course: &Course,
        whole: bool,
        priority: bool,
        group: impl Fn(Key, Key) -> Key,
    ) {
        if !priority {
            return;
        }
        let now = course.dims[Dimension::Priority as usize];
        let ends = &self.bounds[1..];
        let buckets = ends.len();
        for round in &course.rounds {
            let last = round.to.unwrap_or(Millis::MAX);
            if last <= ends[0] && last <= self.at {
                continue;
            }
            for (place, stay) in course.stays.iter().enumerate() {
                let next = course.stays.get(place + 1).map_or(Millis::MAX, |s| s.from);
                let begin = round.from.max(stay.from);
                let end = last.min(next);
                if begin >= end
                    || !(whole || self.units.contains(&stay.unit))
                    || !unit_fits_in(&self.only, stay.unit)
                {
                    continue;
                }
                // Open at a moment: from its beginning on, and no more at its end.
                let first = ends.partition_point(|b| *b < begin);
                let gone = ends.partition_point(|b| *b < end);
                let looked = begin <= self.at && self.at < end;
                if first >= gone && !looked {
                    continue;
                }
                let row = row(
                    &mut self.places,
                    &mut self.rows,
                    group(stay.unit, now),
                    buckets,
                );
                if first < gone {
                    row.more[first] += 1;
                    if gone < buckets {
                        row.more[gone] -= 1;
                    }
                }
                if looked {
                    let age = self.at - course.opened;
                    row.ages.push(age);
                    let old = AGES.iter().position(|(most, _)| age < *most).unwrap_or(4);
                    let turn = course.dims[Dimension::Turn as usize];
                    let whose = self.turns.iter().position(|t| *t == turn).unwrap_or(0);
                    self.ages[old][whose] += 1;
                }
            }
        }
    }

    /// What was counted.
    pub fn finish(self, words: &Words) -> Answer {
        let mut total = Row::of(0);
        for (_, row) in &self.rows {
            total.add(row);
        }
        let mut rows: Vec<(Word, Row)> = self
            .rows
            .into_iter()
            .map(|(key, row)| (words.word(key).clone(), row))
            .collect();
        rows.sort_by(|(a, one), (b, two)| two.submitted.cmp(&one.submitted).then(a.cmp(b)));
        let series = rows
            .iter()
            .map(|(word, row)| Series {
                word: word.clone(),
                points: row.points(),
            })
            .collect();
        Answer {
            group: self.question.group,
            rows: rows
                .into_iter()
                .map(|(word, row)| (word, row.finish()))
                .collect(),
            total: total.finish(),
            submitted_before: self.before,
            buckets: self
                .bounds
                .windows(2)
                .map(|w| Bucket {
                    from: w[0],
                    to: w[1],
                })
                .collect(),
            series,
            ages: self.ages,
        }
    }
}

fn unit_fits_in(only: &[Option<HashSet<Key>>; Dimension::COUNT], unit: Key) -> bool {
    only[Dimension::Unit as usize]
        .as_ref()
        .is_none_or(|wanted| wanted.contains(&unit))
}

/// The row of a word.
fn row<'a>(
    places: &mut HashMap<Key, usize>,
    rows: &'a mut Vec<(Key, Row)>,
    key: Key,
    buckets: usize,
) -> &'a mut Row {
    let place = *places.entry(key).or_insert_with(|| {
        rows.push((key, Row::of(buckets)));
        rows.len() - 1
    });
    &mut rows[place].1
}

const _: () = assert!(TargetKind::ALL.len() == 6);
