//! Many courses in few bytes, and the past of one ticket in even fewer.
//!
//! A pack begins with its version and the words that occur in it; each course then
//! names words by their place there. Numbers are written seven bits a byte, times as
//! distances from the opening. What can not be read is no pack of this version, and
//! is made anew from the tickets.

use uuid::Uuid;

use super::{Course, Dimension, Key, Measure, Past, Round, Span, Stay, Told, Word, Words};
use crate::clock::Ending;
use crate::id::{Millis, UnitId};
use crate::target::TargetKind;
use crate::triage::Priority;

/// Changes with the format: what has another is not read.
const VERSION: u8 = 1;

const ENDINGS: [Ending; 6] = [
    Ending::Taken,
    Ending::HandedOn,
    Ending::Answered,
    Ending::Updated,
    Ending::Solved,
    Ending::Withdrawn,
];

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Negative numbers too; small ones stay short.
fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// A number that may be missing.
fn put_maybe(out: &mut Vec<u8>, value: Option<i64>) {
    match value {
        None => out.push(0),
        Some(value) => put(
            out,
            (((value << 1) ^ (value >> 63)) as u64).saturating_add(1),
        ),
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
            shift += 7;
            if shift > 63 {
                return None;
            }
        }
    }

    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        // Nothing takes less than a byte.
        (count <= self.0.len()).then_some(count)
    }

    #[inline]
    fn signed(&mut self) -> Option<i64> {
        let value = self.number()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    #[inline]
    fn maybe(&mut self) -> Option<Option<i64>> {
        let Some(value) = self.number()?.checked_sub(1) else {
            return Some(None);
        };
        Some(Some((value >> 1) as i64 ^ -((value & 1) as i64)))
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }
}

fn clock_byte(clock: TargetKind, how: Ending) -> u8 {
    let clock = TargetKind::ALL.iter().position(|k| *k == clock);
    let how = ENDINGS.iter().position(|k| *k == how);
    (clock.unwrap_or(0) * 8 + how.unwrap_or(0)) as u8
}

fn clock_of(byte: u8) -> Option<(TargetKind, Ending)> {
    let clock = TargetKind::ALL.get(usize::from(byte / 8))?;
    Some((*clock, *ENDINGS.get(usize::from(byte % 8))?))
}

/// The words of a pack.
#[derive(Default)]
struct Local {
    words: Words,
}

impl Local {
    fn place(&mut self, word: Word) -> u64 {
        u64::from(self.words.key(word))
    }

    fn write(self, body: &[u8]) -> Vec<u8> {
        let mut out = vec![VERSION];
        put(&mut out, self.words.list().len() as u64);
        for word in self.words.list() {
            match word {
                Word::None => out.push(0),
                Word::Id(id) => {
                    out.push(1);
                    out.extend_from_slice(id.as_bytes());
                }
                Word::Text(text) => {
                    out.push(2);
                    put(&mut out, text.len() as u64);
                    out.extend_from_slice(text.as_bytes());
                }
            }
        }
        out.extend_from_slice(body);
        out
    }
}

fn words_of(reader: &mut Reader<'_>) -> Option<Vec<Word>> {
    if reader.byte()? != VERSION {
        return None;
    }
    let count = reader.count()?;
    let mut words = Vec::with_capacity(count);
    for _ in 0..count {
        words.push(match reader.byte()? {
            0 => Word::None,
            1 => Word::Id(Uuid::from_slice(reader.take(16)?).ok()?),
            2 => {
                let length = reader.count()?;
                Word::Text(std::str::from_utf8(reader.take(length)?).ok()?.to_owned())
            }
            _ => return None,
        });
    }
    Some(words)
}

/// Packs courses, in the order given.
pub fn write(courses: &[Course], words: &Words) -> Vec<u8> {
    let mut local = Local::default();
    let mut body = Vec::new();
    put(&mut body, courses.len() as u64);
    let (mut number, mut opened) = (0, 0);
    for course in courses {
        put_signed(&mut body, course.number - number);
        put_signed(&mut body, course.opened - opened);
        (number, opened) = (course.number, course.opened);
        body.push(u8::from(course.restricted));
        for key in course.dims {
            put(&mut body, local.place(words.word(key).clone()));
        }
        put(&mut body, course.stays.len() as u64);
        for stay in &course.stays {
            put(&mut body, local.place(words.word(stay.unit).clone()));
            put_signed(&mut body, stay.from - opened);
        }
        put_rounds(&mut body, &course.rounds, opened);
        put(&mut body, course.told.len() as u64);
        for one in &course.told {
            body.push(clock_byte(one.clock, one.how));
            put(&mut body, local.place(words.word(one.unit).clone()));
            put(&mut body, local.place(words.word(one.priority).clone()));
            put_signed(&mut body, one.ended - opened);
            put_signed(&mut body, one.used);
            put_maybe(&mut body, one.within);
        }
    }
    local.write(&body)
}

fn put_rounds(body: &mut Vec<u8>, rounds: &[Round], opened: Millis) {
    put(body, rounds.len() as u64);
    for round in rounds {
        put_signed(body, round.from - opened);
        put_maybe(body, round.to.map(|to| to - round.from));
        body.push(u8::from(round.solved));
    }
}

fn read_rounds(reader: &mut Reader<'_>, opened: Millis, rounds: &mut Vec<Round>) -> Option<()> {
    rounds.clear();
    for _ in 0..reader.count()? {
        let from = opened.checked_add(reader.signed()?)?;
        rounds.push(Round {
            from,
            to: match reader.maybe()? {
                Some(length) => Some(from.checked_add(length)?),
                None => None,
            },
            solved: reader.byte()? != 0,
        });
    }
    Some(())
}

/// This version wrote it.
pub fn is_ours(bytes: &[u8]) -> bool {
    bytes.first() == Some(&VERSION)
}

/// Hands the courses of a pack to `each`, one by one, in one place in memory; the words
/// come into `words`. `None`: that is no pack of this version.
pub fn read(bytes: &[u8], words: &mut Words, mut each: impl FnMut(&Course)) -> Option<()> {
    let mut reader = Reader(bytes);
    let keys: Vec<Key> = words_of(&mut reader)?
        .into_iter()
        .map(|word| words.key(word))
        .collect();
    let key = |place: u64| keys.get(usize::try_from(place).ok()?).copied();
    let mut course = Course::default();
    for _ in 0..reader.count()? {
        course.number = course.number.checked_add(reader.signed()?)?;
        course.opened = course.opened.checked_add(reader.signed()?)?;
        course.restricted = reader.byte()? != 0;
        for place in 0..Dimension::COUNT {
            course.dims[place] = key(reader.number()?)?;
        }
        course.stays.clear();
        for _ in 0..reader.count()? {
            course.stays.push(Span {
                unit: key(reader.number()?)?,
                from: course.opened.checked_add(reader.signed()?)?,
            });
        }
        read_rounds(&mut reader, course.opened, &mut course.rounds)?;
        course.told.clear();
        for _ in 0..reader.count()? {
            let (clock, how) = clock_of(reader.byte()?)?;
            course.told.push(Told {
                clock,
                how,
                unit: key(reader.number()?)?,
                priority: key(reader.number()?)?,
                ended: course.opened.checked_add(reader.signed()?)?,
                used: reader.signed()?,
                within: reader.maybe()?,
            });
        }
        each(&course);
    }
    reader.0.is_empty().then_some(())
}

/// The past of a ticket.
pub fn write_past(past: &Past) -> Vec<u8> {
    let mut local = Local::default();
    let mut body = Vec::new();
    let opened = past.stays.first().map_or(0, |s| s.from);
    put_signed(&mut body, opened);
    put(&mut body, past.stays.len() as u64);
    for stay in &past.stays {
        put(&mut body, local.place(Word::Id(stay.unit.0)));
        put_signed(&mut body, stay.from - opened);
    }
    put_rounds(&mut body, &past.rounds, opened);
    put(&mut body, past.measures.len() as u64);
    for one in &past.measures {
        body.push(clock_byte(one.clock, one.how));
        put(&mut body, local.place(Word::Id(one.unit.0)));
        body.push(one.priority.rank() as u8);
        put_signed(&mut body, one.ended - opened);
        put_signed(&mut body, one.used);
        put_maybe(&mut body, one.within);
    }
    local.write(&body)
}

/// Reads the past of a ticket; `None`: another version wrote it, and the history has to
/// be replayed.
pub fn read_past(bytes: &[u8]) -> Option<Past> {
    let mut reader = Reader(bytes);
    let words = words_of(&mut reader)?;
    let unit = |place: u64| match words.get(usize::try_from(place).ok()?) {
        Some(Word::Id(id)) => Some(UnitId(*id)),
        _ => None,
    };
    let opened = reader.signed()?;
    let mut past = Past::default();
    for _ in 0..reader.count()? {
        past.stays.push(Stay {
            unit: unit(reader.number()?)?,
            from: opened.checked_add(reader.signed()?)?,
        });
    }
    read_rounds(&mut reader, opened, &mut past.rounds)?;
    for _ in 0..reader.count()? {
        let (clock, how) = clock_of(reader.byte()?)?;
        past.measures.push(Measure {
            clock,
            how,
            unit: unit(reader.number()?)?,
            priority: *Priority::ALL.get(usize::from(reader.byte()?))?,
            ended: opened.checked_add(reader.signed()?)?,
            used: reader.signed()?,
            within: reader.maybe()?,
        });
    }
    reader.0.is_empty().then_some(past)
}
