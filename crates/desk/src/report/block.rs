//! Packs tickets for reports, and packs again those that changed.

use std::collections::{BTreeMap, BTreeSet};

use store::Conn;
use store::report::BLOCK;
use switchboard_core::clock::Terms;
use switchboard_core::report::{Course, Words, pack};
use switchboard_core::{Millis, TicketNumber};

use super::course;
use crate::{Desk, Error};

/// The reader of the events: all blocks hold what happened up to its position.
pub(crate) const READER: &str = "reports";
/// The setting that says how many blocks were made since there are reports.
const BUILT: &str = "reports.built";
/// Blocks that are made in one transaction, between which others write.
const BLOCKS: i64 = 4;
/// Events that are followed in one transaction.
const EVENTS: i64 = 1_000;

/// How many blocks there are, from the first on; those behind are not to be read.
pub(crate) fn built(c: &mut Conn<'_>) -> Result<i64, Error> {
    let text = store::setting::get(c, BUILT)?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// From when to when something is to be counted of a course.
fn range(course: &Course) -> (Millis, Millis) {
    let ends = course.rounds.iter().map(|r| r.to.unwrap_or(Millis::MAX));
    let told = course.told.iter().map(|t| t.ended);
    let last = ends.chain(told).max().unwrap_or(Millis::MAX);
    (course.opened, last)
}

fn save(c: &mut Conn<'_>, block: i64, courses: &[Course], words: &Words) -> Result<(), Error> {
    let first = courses.iter().map(|c| range(c).0).min();
    let last = courses.iter().map(|c| range(c).1).max();
    let range = (first.unwrap_or(Millis::MAX), last.unwrap_or(Millis::MIN));
    Ok(store::report::save_block(
        c,
        block,
        range,
        &pack::write(courses, words),
    )?)
}

/// Makes a block from its tickets.
fn build(c: &mut Conn<'_>, block: i64, terms: &Terms) -> Result<(), Error> {
    let mut words = Words::default();
    let mut courses = Vec::new();
    for counted in store::report::between(c, block * BLOCK, (block + 1) * BLOCK)? {
        courses.push(course(c, &counted, &mut words, terms)?);
    }
    save(c, block, &courses, &words)
}

/// Brings the blocks up to an event: packs the tickets again that changed since.
fn follow(c: &mut Conn<'_>, from: i64, to: i64, terms: &Terms) -> Result<(), Error> {
    let changed = store::report::changed_within(c, from, to)?;
    repack(c, changed, terms)
}

/// Packs tickets again where they are packed.
///
/// # Errors
/// When the database can not be read or written.
pub(crate) fn repack(
    c: &mut Conn<'_>,
    changed: impl IntoIterator<Item = TicketNumber>,
    terms: &Terms,
) -> Result<(), Error> {
    let mut by_block: BTreeMap<i64, BTreeSet<TicketNumber>> = BTreeMap::new();
    for number in changed {
        by_block.entry(number.0 / BLOCK).or_default().insert(number);
    }
    let built = built(c)?;
    for (block, tickets) in by_block {
        if block >= built {
            continue;
        }
        let mut words = Words::default();
        let mut courses = BTreeMap::new();
        let packed = store::report::block(c, block)?.unwrap_or_default();
        let read = pack::read(&packed, &mut words, |course| {
            courses.insert(course.number, course.clone());
        });
        if read.is_none() {
            // Another version wrote it.
            build(c, block, terms)?;
            continue;
        }
        for number in tickets {
            if let Some(counted) = store::report::one(c, number)? {
                let course = course(c, &counted, &mut words, terms)?;
                courses.insert(number.0, course);
            }
        }
        let courses: Vec<Course> = courses.into_values().collect();
        save(c, block, &courses, &words)?;
    }
    Ok(())
}

/// One step towards blocks that hold everything; `false`: there is nothing more to do.
///
/// # Errors
/// When the database can not be read or written.
pub(crate) async fn step(desk: &Desk) -> Result<bool, Error> {
    let (catalogue, now) = (desk.catalogue().await?, desk.now());
    desk.0
        .db
        .write(move |c| {
            let terms = catalogue.terms();
            let last = store::event::last(c)?;
            let position = store::event::position(c, READER)?;
            let (built, newest) = (built(c)?, store::report::newest(c)?);
            // Whole blocks only: what is newer is read as it is.
            let whole = (newest + 1) / BLOCK;
            if built < whole {
                if built == 0 {
                    // From here on changes are followed.
                    store::event::set_position(c, READER, last)?;
                }
                let until = whole.min(built + BLOCKS);
                for block in built..until {
                    build(c, block, terms)?;
                }
                store::setting::set(c, BUILT, &until.to_string(), now)?;
                return Ok(true);
            }
            if built == 0 || position >= last {
                return Ok(false);
            }
            let to = last.min(position + EVENTS);
            follow(c, position, to, terms)?;
            store::event::set_position(c, READER, to)?;
            Ok(to < last)
        })
        .await
}
