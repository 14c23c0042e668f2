//! Reports: what is asked of them, by whom, and what they say (domain section 7).
//!
//! They are counted by pure functions of core from what is kept of each ticket. So that
//! a year of many tickets is counted in a moment, tickets lie packed in blocks; which of
//! them changed since is known from the events, and those are read as they are. So the
//! blocks need not be up to date for the figures to be true.

pub mod ask;
pub(crate) mod block;
pub mod figures;
pub mod file;
mod lag;
pub mod row;
pub mod saved;
pub mod sheet;

use std::collections::{BTreeMap, HashSet};

use store::Conn;
use store::report::{BLOCK, Counted};
use switchboard_core::clock::{Clocks, Happened, Terms};
use switchboard_core::report::{Answer, Count, Course, Past, Question, Seen, Word, Words, pack};
use switchboard_core::{Access, Actor, Millis, TicketNumber};

use crate::{Catalogue, Desk, Error};
pub use ask::{Asked, Only};
use sheet::Rated;
pub use sheet::{Line, Sheet};

/// Steps of one packing; between them others write.
pub const STEPS: u32 = 50;

/// A ticket as reports count it.
fn course(
    c: &mut Conn<'_>,
    counted: &Counted,
    words: &mut Words,
    terms: &Terms,
) -> Result<Course, Error> {
    let replayed;
    let past = match &counted.past {
        Some(past) => past,
        // From before there were reports, and its turn has not come yet.
        None => {
            replayed = past_of(c, counted.ticket.number, terms)?;
            &replayed
        }
    };
    Ok(Course::of(&counted.ticket, counted.turn, past, words))
}

/// The past of a ticket by its whole history.
pub(crate) fn past_of(
    c: &mut Conn<'_>,
    number: TicketNumber,
    terms: &Terms,
) -> Result<Past, Error> {
    Ok(replayed(c, number, terms)?.map_or_else(Past::default, |(_, past)| past))
}

/// Clocks and past of a ticket by its whole history; `None`: it has no beginning.
pub(crate) fn replayed(
    c: &mut Conn<'_>,
    number: TicketNumber,
    terms: &Terms,
) -> Result<Option<(Clocks, Past)>, Error> {
    let events = store::event::of_ticket(c, number, 0, i64::MAX)?;
    let happened = events.iter().map(|e| (Happened::Change(&e.change), e.at));
    Ok(Past::replay(happened, terms))
}

/// Whose reports these are.
fn seen(c: &mut Conn<'_>, actor: &Actor) -> Result<Seen, Error> {
    let mut services = Vec::new();
    if let Some(person) = actor.person {
        for provider in store::service_provider::of_contact(c, person)? {
            services.extend(store::service_provider::services(c, provider.id)?);
        }
    }
    Ok(Seen::by(actor, services.into_iter().map(|s| s.0)))
}

/// Counts what is asked for.
fn count(c: &mut Conn<'_>, question: Question, terms: &Terms) -> Result<Answer, Error> {
    let mut words = Words::default();
    let range = (question.since(), question.to);
    let mut count = Count::new(question, &mut words);
    // In this order: a block that is packed meanwhile is newer than what was read before
    // it, never older.
    let built = block::built(c)?;
    let position = store::event::position(c, block::READER)?;
    let mut known = HashSet::new();
    // By blocks, since right after an upgrade none is packed: all tickets at once would
    // fill the memory.
    for block in built..=store::report::newest(c)? / BLOCK {
        for counted in store::report::between(c, block * BLOCK, (block + 1) * BLOCK)? {
            known.insert(counted.ticket.number.0);
            count.take(&course(c, &counted, &mut words, terms)?);
        }
    }
    if built > 0 {
        for counted in store::report::changed_after(c, position)? {
            if known.insert(counted.ticket.number.0) {
                count.take(&course(c, &counted, &mut words, terms)?);
            }
        }
    }
    let mut unread = Vec::new();
    store::report::blocks(c, range, |number, packed| {
        if number >= built {
            return Ok(());
        }
        if !pack::is_ours(packed) {
            unread.push(number);
            return Ok(());
        }
        let read = pack::read(packed, &mut words, |course| {
            if !known.contains(&course.number) {
                count.take(course);
            }
        });
        read.ok_or_else(|| store::Error::Corrupt(format!("block {number} of reports")))
    })?;
    for number in unread {
        for counted in store::report::between(c, number * BLOCK, (number + 1) * BLOCK)? {
            if known.insert(counted.ticket.number.0) {
                let course = course(c, &counted, &mut words, terms)?;
                count.take(&course);
            }
        }
    }
    Ok(count.finish(&words))
}

impl Desk {
    /// What somebody asks of the reports, as they may see it: staff what concerns their
    /// units, the contacts of a provider its services, monitors, first level and
    /// administrators everything; restricted tickets count for those who may see them.
    ///
    /// # Errors
    /// Names the field that is wrong; [`Error::Forbidden`] for whoever has no reports.
    pub async fn report(&self, actor: &Actor, asked: Asked) -> Result<Sheet, Error> {
        let (catalogue, now) = (self.catalogue().await?, self.now());
        let ready = asked.ready(&catalogue, now)?;
        if ready.report.key == switchboard_core::report::table::EXCHANGE_LAG {
            return Box::pin(self.lags(actor, &ready, now)).await;
        }
        let (reader, for_count) = (actor.clone(), catalogue.clone());
        if ready.report.key == switchboard_core::report::table::SATISFACTION {
            let question = ready.question.clone();
            let (rows, total) = self
                .0
                .db
                .read(move |c| {
                    let question = asked_by(c, &reader, question)?;
                    satisfied(c, &reader, question, for_count.terms())
                })
                .await?;
            return Ok(sheet::satisfaction(&catalogue, &ready, rows, &total));
        }
        let question = ready.question.clone();
        let answer = self
            .0
            .db
            .read(move |c| counted(c, &reader, &for_count, question))
            .await?;
        Ok(sheet::sheet(&catalogue, &ready, answer))
    }

    async fn lags(&self, actor: &Actor, ready: &ask::Ready, now: Millis) -> Result<Sheet, Error> {
        let span = (ready.question.from, ready.question.to);
        let couplings = self.exchange(actor).await?.0;
        let partners = self.partners(actor).await?;
        let points = self.exchange_points(actor, span).await?;
        Ok(lag::sheet(ready, &couplings, &partners, &points, now))
    }

    /// Packs tickets for reports, fifty steps at most, and says how many it made. A job
    /// does so every quarter of an hour; what is not packed yet is read as it is.
    ///
    /// # Errors
    /// When the database can not be read or written.
    pub async fn pack_reports(&self) -> Result<u32, Error> {
        for step in 0..STEPS {
            if !block::step(self).await? {
                return Ok(step);
            }
        }
        Ok(STEPS)
    }

    /// Every report has rows for them.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn has_reports(&self, actor: &Actor) -> Result<bool, Error> {
        if actor.is_staff() || actor.monitor {
            return Ok(true);
        }
        let actor = actor.clone();
        self.0
            .db
            .read(move |c| Ok(!seen(c, &actor)?.is_nothing()))
            .await
    }
}

/// How content requesters were: by row, and everything together.
fn satisfied(
    c: &mut Conn<'_>,
    reader: &Actor,
    question: Question,
    terms: &Terms,
) -> Result<(Vec<(Word, Rated)>, Rated), Error> {
    let mut words = Words::default();
    let ratings = store::satisfaction::between(c, (question.from, question.to))?;
    let count = Count::new(question, &mut words);
    let (mut rows, mut total) = (BTreeMap::<Word, Rated>::new(), Rated::default());
    for one in ratings {
        let Some(counted) = store::report::one(c, one.ticket)? else {
            continue;
        };
        let course = course(c, &counted, &mut words, terms)?;
        let unit = words.key(Word::Id(one.unit.0));
        if let Some(key) = count.place(&course, unit) {
            let word = words.word(key).clone();
            let sees = Access::of(reader, &counted.ticket).may_see();
            for rated in [rows.entry(word).or_default(), &mut total] {
                rated.take(one.rating, one.ticket, sees);
            }
        }
    }
    Ok((rows.into_iter().collect(), total))
}

/// The answer for a reader.
fn counted(
    c: &mut Conn<'_>,
    reader: &Actor,
    catalogue: &Catalogue,
    question: Question,
) -> Result<Answer, Error> {
    let question = asked_by(c, reader, question)?;
    count(c, question, catalogue.terms())
}

/// A question as this reader may ask it.
fn asked_by(c: &mut Conn<'_>, reader: &Actor, mut question: Question) -> Result<Question, Error> {
    question.seen = seen(c, reader)?;
    if question.seen.is_nothing() {
        return Err(Error::Forbidden(
            "reports are for support staff, monitors, contacts of providers and administrators"
                .into(),
        ));
    }
    let categories = store::values::all_categories(c)?;
    question.left_out = categories
        .into_iter()
        .filter(|category| !category.in_reports)
        .map(|category| switchboard_core::report::Word::Text(category.key))
        .collect();
    Ok(question)
}
