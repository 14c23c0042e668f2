//! Reports: random tickets are counted as a slow oracle counts them, and packing
//! changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_core::clock::Ending;
use switchboard_core::report::{
    AGES, Answer, Count, Course, Dimension, Question, Round, Seen, Span, Spread, Step, Told, Word,
    Words, pack,
};
use switchboard_core::{Millis, TargetKind, Turn};
use uuid::Uuid;

const DAY: Millis = 86_400_000;
/// Midnight of a Monday.
const START: Millis = 20_723 * DAY;

struct Dice(u64);

impl Dice {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn time(&mut self, below: Millis) -> Millis {
        Millis::try_from(self.below(below.unsigned_abs())).unwrap()
    }
}

fn id(n: u64) -> Uuid {
    Uuid::from_u128(u128::from(n) + 1)
}

const CLOCKS: [TargetKind; 5] = [
    TargetKind::Assignment,
    TargetKind::Response,
    TargetKind::Answer,
    TargetKind::Reply,
    TargetKind::Solution,
];

/// A ticket that may be anything, within 40 days.
fn course(number: i64, dice: &mut Dice, words: &mut Words) -> Course {
    let opened = START + dice.time(40 * DAY);
    let mut dims = [0; Dimension::COUNT];
    for (dimension, key) in dims.iter_mut().enumerate() {
        *key = words.key(match dice.below(4) {
            0 => Word::None,
            n => Word::Text(format!("{dimension}-{n}")),
        });
    }
    let priority = words.key(Word::Text(format!("p{}", dice.below(2))));
    dims[Dimension::Priority as usize] = priority;
    let category = ["incident", "test"][usize::from(dice.below(8) == 0)];
    dims[Dimension::Category as usize] = words.key(Word::Text(category.into()));
    let turn = Turn::ALL[dice.below(4) as usize];
    dims[Dimension::Turn as usize] = words.key(Word::Text(turn.key().into()));
    let service = Word::Id(id(20 + dice.below(3)));
    dims[Dimension::Service as usize] = words.key(service);
    dims[Dimension::Portal as usize] = words.key(Word::None);
    let mut at = opened;
    let mut stays = Vec::new();
    for _ in 0..=dice.below(3) {
        stays.push(Span {
            unit: words.key(Word::Id(id(dice.below(4)))),
            from: at,
        });
        at += dice.time(6 * DAY);
    }
    dims[Dimension::Unit as usize] = stays.last().unwrap().unit;
    let mut rounds = Vec::new();
    let mut at = opened;
    for _ in 0..=dice.below(2) {
        let to = at + 1 + dice.time(9 * DAY);
        rounds.push(Round {
            from: at,
            to: Some(to),
            solved: dice.below(6) > 0,
        });
        at = to + dice.time(3 * DAY);
    }
    if dice.below(3) == 0 {
        let last = rounds.last_mut().unwrap();
        (last.to, last.solved) = (None, false);
    }
    let told = (0..dice.below(6)).map(|_| Told {
        clock: CLOCKS[dice.below(5) as usize],
        how: Ending::Answered,
        unit: stays[dice.below(stays.len() as u64) as usize].unit,
        priority: words.key(Word::Text(format!("p{}", dice.below(2)))),
        ended: opened + dice.time(15 * DAY),
        used: dice.time(DAY),
        within: (dice.below(4) > 0).then(|| 3_600_000 * (1 + dice.time(20))),
    });
    let told = told.collect();
    Course {
        number,
        opened,
        restricted: dice.below(6) == 0,
        dims,
        stays,
        rounds,
        told,
    }
}

fn many(seed: u64, words: &mut Words) -> Vec<Course> {
    let mut dice = Dice(seed);
    (1..=160).map(|n| course(n, &mut dice, words)).collect()
}

fn question(dice: &mut Dice) -> Question {
    let from = START + dice.time(40 * DAY);
    let mut only = Vec::new();
    if dice.below(2) == 0 {
        let units = (0..2).map(|_| Word::Id(id(dice.below(4)))).collect();
        only.push((Dimension::Unit, units));
    }
    if dice.below(3) == 0 {
        let word = Word::Text(format!("p{}", dice.below(2)));
        only.push((Dimension::Priority, BTreeSet::from([word])));
    }
    if dice.below(3) == 0 {
        let word = Word::Text(format!("{}-1", Dimension::Site as usize));
        only.push((Dimension::Site, BTreeSet::from([word, Word::None])));
    }
    let groups = Dimension::OFFERED;
    Question {
        from,
        to: from + 1 + dice.time(30 * DAY),
        now: START + 20 * DAY + dice.time(30 * DAY),
        only,
        group: groups[dice.below(groups.len() as u64) as usize],
        step: Step::ALL[dice.below(3) as usize],
        left_out: BTreeSet::from([Word::Text("test".into())]),
        seen: match dice.below(3) {
            0 => Seen {
                all: true,
                restricted: true,
                ..Seen::default()
            },
            1 => Seen {
                all: true,
                ..Seen::default()
            },
            _ => Seen {
                units: BTreeSet::from([id(0), id(1)]),
                services: BTreeSet::from([id(20)]),
                ..Seen::default()
            },
        },
    }
}

fn counted(courses: &[Course], question: &Question, words: &mut Words) -> Answer {
    let mut count = Count::new(question.clone(), words);
    for course in courses {
        count.take(course);
    }
    count.finish(words)
}

/// What a row has to show, by going through everything again for each figure.
#[derive(Debug, Default, PartialEq)]
struct Slow {
    submitted: u64,
    open: Vec<Millis>,
    lifetimes: Vec<Millis>,
    reopened: u64,
    hand_overs: u64,
    used: BTreeMap<TargetKind, (Vec<Millis>, u64, u64)>,
}

impl Slow {
    fn is_empty(&self) -> bool {
        *self == Slow::default()
    }
}

fn slow(courses: &[Course], q: &Question, words: &Words, wanted: &Word) -> Slow {
    let mut row = Slow::default();
    let asks = |dimension: Dimension, word: &Word| {
        q.only
            .iter()
            .all(|(d, only)| *d != dimension || only.contains(word))
    };
    let within = |at: Millis| q.from <= at && at < q.to;
    for course in courses {
        let word = |d: Dimension| words.word(course.dims[d as usize]);
        let seen_in = |unit: &Word| match unit {
            Word::Id(id) => q.seen.units.contains(id),
            _ => false,
        };
        let of_service = match word(Dimension::Service) {
            Word::Id(id) => q.seen.services.contains(id),
            _ => false,
        };
        let secret = course.restricted && !q.seen.restricted && !seen_in(word(Dimension::Unit));
        if q.left_out.contains(word(Dimension::Category)) || secret {
            continue;
        }
        // Counted for this unit and priority, and in this row.
        let counts = |unit: &Word, priority: &Word| {
            let rest = Dimension::OFFERED
                .into_iter()
                .filter(|d| !matches!(d, Dimension::Unit | Dimension::Priority))
                .all(|d| asks(d, word(d)));
            let group = match q.group {
                Dimension::Unit => unit,
                Dimension::Priority => priority,
                other => word(other),
            };
            rest && asks(Dimension::Unit, unit)
                && asks(Dimension::Priority, priority)
                && (q.seen.all || of_service || seen_in(unit))
                && group == wanted
        };
        let priority = word(Dimension::Priority);
        if counts(word(Dimension::Unit), priority) {
            if within(course.opened) {
                row.submitted += 1;
                row.hand_overs += course.stays.len() as u64 - 1;
            }
            let last = course.rounds.last().unwrap();
            if let Some(to) = last.to.filter(|to| last.solved && within(*to)) {
                row.lifetimes.push(to - course.opened);
            }
            for pair in course.rounds.windows(2) {
                row.reopened += u64::from(pair[0].solved && within(pair[1].from));
            }
        }
        let at = q.now.min(q.to);
        let open = course.open_at(at);
        if open && counts(words.word(course.unit_at(at)), priority) {
            row.open.push(at - course.opened);
        }
        for told in &course.told {
            if within(told.ended) && counts(words.word(told.unit), words.word(told.priority)) {
                let (used, promised, violated) = row.used.entry(told.clock).or_default();
                used.push(told.used);
                *promised += u64::from(told.within.is_some());
                *violated += u64::from(told.within.is_some_and(|w| told.used >= w));
            }
        }
    }
    row
}

/// By sorting, and the definition of the nearest rank.
fn spread(values: &[Millis]) -> Option<Spread> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = |percent: usize| {
        let enough = |n: &usize| n * 100 >= percent * sorted.len();
        (1..=sorted.len()).find(enough).map(|n| sorted[n - 1])
    };
    Some(Spread {
        count: sorted.len() as u64,
        mean: sorted.iter().sum::<Millis>() / Millis::try_from(sorted.len().max(1)).unwrap(),
        median: rank(50)?,
        p75: rank(75)?,
        p95: rank(95)?,
        max: *sorted.last()?,
    })
}

#[test]
fn reports_count_what_a_slow_oracle_counts() {
    let mut rows = 0;
    for seed in 0..120 {
        let mut words = Words::default();
        let courses = many(seed, &mut words);
        let question = question(&mut Dice(seed + 1_000));
        let answer = counted(&courses, &question, &mut words);
        for word in words.list() {
            let wanted = slow(&courses, &question, &words, word);
            let Some((_, got)) = answer.rows.iter().find(|(w, _)| w == word) else {
                assert!(wanted.is_empty(), "seed {seed} {word:?}: {wanted:?}");
                continue;
            };
            rows += 1;
            let why = format!("seed {seed} {word:?}");
            assert_eq!(got.submitted, wanted.submitted, "{why}");
            assert_eq!(got.hand_overs, wanted.hand_overs, "{why}");
            assert_eq!(got.reopened, wanted.reopened, "{why}");
            assert_eq!(got.open, wanted.open.len() as u64, "{why}");
            assert_eq!(got.age, spread(&wanted.open), "{why}");
            assert_eq!(got.lifetime, spread(&wanted.lifetimes), "{why}");
            for clock in CLOCKS {
                let none = Default::default();
                let (used, promised, violated) = wanted.used.get(&clock).unwrap_or(&none);
                let got = got.clock(clock);
                assert_eq!(got.spread, spread(used), "{why} {clock:?}");
                assert_eq!(
                    (got.promised, got.violated),
                    (*promised, *violated),
                    "{why}"
                );
            }
        }
        let open: u64 = answer.rows.iter().map(|(_, f)| f.open).sum();
        assert_eq!(answer.total.open, open);
        assert_eq!(answer.ages.iter().flatten().sum::<u64>(), open);
        assert_eq!(answer.ages.len(), AGES.len());
    }
    assert!(rows > 300, "{rows}");
}

#[test]
fn a_timeline_says_what_was_open_at_the_end_of_each_stretch() {
    let mut open = 0;
    for seed in 0..60 {
        let mut words = Words::default();
        let courses = many(seed, &mut words);
        let mut question = question(&mut Dice(seed + 5_000));
        question.seen = Seen {
            all: true,
            restricted: true,
            ..Seen::default()
        };
        question.only = Vec::new();
        let answer = counted(&courses, &question, &mut words);
        let test = Word::Text("test".into());
        let known: Vec<&Course> = courses
            .iter()
            .filter(|c| *words.word(c.dims[Dimension::Category as usize]) != test)
            .collect();
        for (bucket, point) in answer.buckets.iter().zip(answer.timeline()) {
            let there = known.iter().filter(|c| c.open_at(bucket.to)).count();
            assert_eq!(point.open, there as u64, "seed {seed} {bucket:?}");
            open += there;
            // The last stretch ends with the range, of which it is a part, or with now.
            let last = answer.buckets.last() == Some(bucket);
            let end = if last { question.to } else { bucket.to };
            let inside = |at: Millis| bucket.from <= at && at < end;
            let came = known.iter().filter(|c| inside(c.opened)).count();
            assert_eq!(point.submitted, came as u64, "seed {seed} {bucket:?}");
        }
    }
    assert!(open > 1_000, "{open}");
}

#[test]
fn packing_changes_nothing_and_what_is_torn_is_not_read() {
    let mut words = Words::default();
    let courses = many(7, &mut words);
    let packed = pack::write(&courses, &words);
    assert!(packed.len() < courses.len() * 110, "{}", packed.len());
    // Other words come first there, so that the keys are others.
    let mut others = Words::default();
    others.key(Word::Text("something else".into()));
    let mut question = question(&mut Dice(3));
    question.only = Vec::new();
    let mut count = Count::new(question.clone(), &mut others);
    let mut numbers = Vec::new();
    let read = pack::read(&packed, &mut others, |course| {
        numbers.push(course.number);
        count.take(course);
    });
    assert_eq!(read, Some(()));
    assert_eq!(numbers, (1..=160).collect::<Vec<_>>());
    assert_eq!(
        count.finish(&others),
        counted(&courses, &question, &mut words)
    );
    for length in 0..packed.len() {
        let read = pack::read(&packed[..length], &mut Words::default(), |_| {});
        assert_eq!(read, None, "{length} bytes");
    }
    let mut newer = packed.clone();
    newer[0] += 1;
    assert!(!pack::is_ours(&newer) && pack::is_ours(&packed));
    assert_eq!(pack::read(&newer, &mut words, |_| {}), None);
}

#[test]
fn stretches_begin_with_days_weeks_and_months() {
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let (from, to) = (at("2026-10-15T12:00:00Z"), at("2026-12-02T00:00:00Z"));
    let months = Step::Month.bounds(from, to);
    let expected = [
        from,
        at("2026-11-01T00:00:00Z"),
        at("2026-12-01T00:00:00Z"),
        to,
    ];
    assert_eq!(months, expected);
    let weeks = Step::Week.bounds(from, to);
    assert_eq!(weeks[1], at("2026-10-19T00:00:00Z"), "a Monday");
    assert_eq!(weeks.len(), 9);
    assert_eq!(Step::Day.bounds(from, to).len(), 49);
    // However long the range: the rest is one stretch.
    assert_eq!(Step::Day.bounds(0, 9_000 * DAY).len(), 1_002);
}
