//! Figures that everybody may see: what came in each of the last twelve whole months, how
//! long it took, and how often it was handed over; the same by service.
//!
//! They change once a month, and nobody who asks has to have an account: so they are counted
//! once a day by each process and kept, however often they are asked for. Restricted tickets
//! and the categories that stay out of reports are not in them, and of what is too little to
//! hide anybody nothing is told but how much came.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use switchboard_core::report::{Dimension, Figures};
use switchboard_core::{Actor, Channel, Millis, PersonId, TargetKind};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::Asked;
use crate::{Desk, Error};

/// So many whole months.
pub const MONTHS: i32 = 12;
/// Of fewer tickets than these nothing is told but how many there are.
pub const FEWEST: u64 = 5;
const DAY_MS: Millis = 86_400_000;

/// What a stretch of time, or a service, amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicFigures {
    /// The month as `2026-11`, or the service's name.
    pub name: String,
    /// Tickets opened.
    pub submitted: u64,
    /// Tickets closed.
    pub closed: u64,
    /// Hand-overs to another unit of a hundred tickets that were opened; `None`: too few.
    pub hand_overs: Option<u64>,
    /// Median time from opening to closing by the calendar, milliseconds; `None`: too few.
    pub lifetime: Option<Millis>,
    /// Of a thousand promised responses those in time; `None`: too few.
    pub in_time: Option<u64>,
    /// Of a thousand closings those that were followed by reopening; `None`: too few.
    pub reopened: Option<u64>,
}

impl PublicFigures {
    fn of(name: String, all: &Figures) -> PublicFigures {
        let permille = |part: u64, whole: u64| (part * 1_000 + whole / 2).checked_div(whole);
        let told = all.submitted >= FEWEST && all.closed >= FEWEST;
        let response = all.clock(TargetKind::Response);
        PublicFigures {
            name,
            submitted: all.submitted,
            closed: all.closed,
            hand_overs: (all.hand_overs * 100 + all.submitted / 2)
                .checked_div(all.submitted)
                .filter(|_| told),
            lifetime: all.lifetime.map(|s| s.median).filter(|_| told),
            in_time: response.kept_permille().filter(|_| told),
            reopened: permille(all.reopened, all.closings).filter(|_| told),
        }
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// When it was counted.
    pub counted_at: Millis,
    /// The beginning of the first month.
    pub from: Millis,
    /// The end of the last.
    pub to: Millis,
    /// The months, the oldest first.
    pub months: Vec<PublicFigures>,
    /// The services of these months, those with the most tickets first.
    pub services: Vec<PublicFigures>,
}

/// What was counted last.
pub(crate) type Kept = Mutex<Option<Arc<Published>>>;

/// The beginnings of the last whole months and of the one that goes on, the oldest first.
fn months(now: Millis) -> Vec<Millis> {
    let Ok(here) = Timestamp::from_millisecond(now) else {
        return Vec::new();
    };
    let first = here
        .to_zoned_datetime(TimeZone::UTC)
        .date()
        .first_of_month();
    let begins = (0..=MONTHS).rev().filter_map(|back| {
        let day = first.checked_sub(back.months()).ok()?;
        let at = day.to_zoned_datetime(TimeZone::UTC).ok()?;
        Some(at.timestamp().as_millisecond())
    });
    begins.collect()
}

/// A moment as the reports read it.
fn moment(at: Millis) -> String {
    Timestamp::from_millisecond(at)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_string()
}

impl Desk {
    /// The figures that everybody may see. Who asks while they are counted waits for the
    /// same count.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn published(&self) -> Result<Arc<Published>, Error> {
        let mut kept = self.0.published.lock().await;
        let day = |at: Millis| at.div_euclid(DAY_MS);
        if let Some(known) = kept
            .as_ref()
            .filter(|known| day(known.counted_at) == day(self.now()))
        {
            return Ok(known.clone());
        }
        let counted = Arc::new(self.count_published().await?);
        *kept = Some(counted.clone());
        Ok(counted)
    }

    async fn count_published(&self) -> Result<Published, Error> {
        // Everything but what is restricted, as monitors see it; nobody's id, since whoever
        // has none is the desk itself.
        let reader = Actor {
            monitor: true,
            ..Actor::plain(PersonId(Uuid::nil()), "Everybody", Channel::Job)
        };
        let counted_at = self.now();
        let begins = months(counted_at);
        let asked = |from: Millis, to: Millis| Asked {
            report: "overview".into(),
            from: moment(from),
            to: moment(to),
            group: Dimension::Service.key().into(),
            ..Asked::default()
        };
        let mut published = Published {
            counted_at,
            from: begins.first().copied().unwrap_or(counted_at),
            to: begins.last().copied().unwrap_or(counted_at),
            months: Vec::new(),
            services: Vec::new(),
        };
        for month in begins.windows(2) {
            let &[from, to] = month else { continue };
            let sheet = self.report(&reader, asked(from, to)).await?;
            if let Some(answer) = &sheet.answer {
                let name = moment(from).chars().take(7).collect();
                let figures = PublicFigures::of(name, &answer.total);
                published.months.push(figures);
            }
        }
        let sheet = self
            .report(&reader, asked(published.from, published.to))
            .await?;
        if let Some(answer) = &sheet.answer {
            let rows = sheet.names.iter().zip(&answer.rows);
            let rows = rows.filter(|(_, (_, figures))| figures.submitted + figures.closed > 0);
            let figures = rows.map(|(name, (_, f))| PublicFigures::of(name.clone(), f));
            published.services = figures.collect();
        }
        Ok(published)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twelve_whole_months() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        for now in ["2026-11-28T10:00:00Z", "2026-11-01T00:00:00Z"] {
            let begins = months(at(now));
            assert_eq!(begins.len(), 13);
            assert_eq!(begins[0], at("2025-11-01T00:00:00Z"));
            assert_eq!(begins[12], at("2026-11-01T00:00:00Z"));
        }
    }

    #[test]
    fn of_few_tickets_only_the_number_is_told() {
        let few = Figures {
            submitted: FEWEST - 1,
            closed: 20,
            closings: 20,
            hand_overs: 3,
            reopened: 1,
            ..Figures::default()
        };
        let told = PublicFigures::of("x".into(), &few);
        assert_eq!(
            (told.submitted, told.hand_overs, told.reopened),
            (4, None, None)
        );
        let enough = Figures {
            submitted: FEWEST,
            ..few
        };
        let told = PublicFigures::of("x".into(), &enough);
        assert_eq!((told.hand_overs, told.reopened), (Some(60), Some(50)));
    }
}
