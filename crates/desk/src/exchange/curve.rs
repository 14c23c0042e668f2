//! How far each exchange lags and what waits, over time: noted with what comes and goes,
//! and once a minute for what stands still.

use std::collections::BTreeMap;

use store::Conn;
use store::curve::{DAY_MS, HOUR_MS, Point, SHORT_MS};
use store::partner::{Partner, State};
use switchboard_core::exchange::Change;
use switchboard_core::{Actor, Millis};
use uuid::Uuid;

use super::Terms;
use super::partner::silent;
use super::view::{self, looks};
use crate::jobs::Outcome;
use crate::{Desk, Error};

/// For how long a curve is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Over {
    /// Its last day, five minutes by five minutes.
    #[default]
    Day,
    /// Its last month, hour by hour.
    Month,
    /// Its last year, day by day.
    Year,
}

impl Over {
    /// All of them.
    pub const ALL: [Over; 3] = [Over::Day, Over::Month, Over::Year];

    /// The word of addresses.
    pub fn key(self) -> &'static str {
        match self {
            Over::Day => "day",
            Over::Month => "month",
            Over::Year => "year",
        }
    }

    /// How long it is altogether, and what one point stands for.
    pub fn lengths(self) -> (Millis, Millis) {
        match self {
            Over::Day => (DAY_MS, SHORT_MS),
            Over::Month => (31 * DAY_MS, HOUR_MS),
            Over::Year => (366 * DAY_MS, DAY_MS),
        }
    }
}

/// Changes come from a partner: the longest that one of them took, by the clock of where
/// it happened.
pub(super) fn came(
    c: &mut Conn<'_>,
    partner: Uuid,
    changes: &[Change],
    now: Millis,
) -> Result<(), Error> {
    took(c, partner, changes.iter().map(|change| change.at), now)
}

/// The same of any link, by when each of its changes happened there.
pub(super) fn took(
    c: &mut Conn<'_>,
    link: Uuid,
    happened: impl Iterator<Item = Millis>,
    now: Millis,
) -> Result<(), Error> {
    let (mut came, mut first) = (0, now);
    for at in happened {
        (came, first) = (came + 1, first.min(at));
    }
    if came == 0 {
        return Ok(());
    }
    let point = Point {
        link,
        at: now,
        lag_in: now - first,
        came,
        ..Point::default()
    };
    Ok(store::curve::note(c, &point)?)
}

/// Something went to a system.
pub(super) fn sent(c: &mut Conn<'_>, link: Uuid, now: Millis) -> Result<(), Error> {
    let point = Point {
        link,
        at: now,
        sent: 1,
        ..Point::default()
    };
    Ok(store::curve::note(c, &point)?)
}

/// A partner says up to where it has this desk's log; `before` is what was known of it.
pub(super) fn went(
    c: &mut Conn<'_>,
    before: &Partner,
    acked: u64,
    now: Millis,
) -> Result<(), Error> {
    let sent = acked
        .min(before.log_end)
        .saturating_sub(before.sender.acked);
    if sent == 0 {
        return Ok(());
    }
    let mut point = of_partner(c, before, now)?;
    (point.lag_in, point.sent) = (0, i64::try_from(sent).unwrap_or(i64::MAX));
    Ok(store::curve::note(c, &point)?)
}

fn of_partner(c: &mut Conn<'_>, partner: &Partner, now: Millis) -> Result<Point, Error> {
    let since = store::partner::oldest_waiting(c, partner)?;
    Ok(Point {
        link: partner.id,
        at: now,
        lag_in: silent(partner, now),
        lag_out: since.map_or(0, |since| (now - since).max(0)),
        backlog: i64::try_from(partner.backlog()).unwrap_or(i64::MAX),
        ..Point::default()
    })
}

/// How a coupling stands now.
pub(super) fn of_coupling(
    c: &mut Conn<'_>,
    coupling: &store::coupling::Coupling,
    now: Millis,
) -> Result<Point, Error> {
    let sums = store::exchange::sums(c, coupling.agreement)?;
    Ok(Point {
        link: coupling.agreement,
        at: now,
        lag_in: view::silent(coupling, now),
        lag_out: sums.waiting_since.map_or(0, |since| now - since),
        backlog: sums.waiting,
        ..Point::default()
    })
}

/// One run of the job: how each link stands, also where nothing happens.
pub(crate) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    let now = desk.now();
    desk.0
        .db
        .write(move |c| {
            for partner in store::partner::all(c)? {
                if partner.state == State::Active {
                    let point = of_partner(c, &partner, now)?;
                    store::curve::note(c, &point)?;
                }
            }
            for coupling in store::coupling::all(c)? {
                if coupling.state == store::coupling::State::On {
                    let point = of_coupling(c, &coupling, now)?;
                    store::curve::note(c, &point)?;
                }
            }
            store::curve::roll_up(c, now)?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(Outcome::Done)
}

impl Desk {
    /// Notes what waits before it goes, when something does.
    pub(super) async fn note_waiting(&self, terms: &Terms) -> Result<(), Error> {
        let (coupling, now) = (terms.coupling.clone(), self.now());
        let point = self
            .0
            .db
            .read(move |c| of_coupling(c, &coupling, now))
            .await?;
        if point.backlog == 0 {
            return Ok(());
        }
        self.0
            .db
            .write(move |c| store::curve::note(c, &point).map_err(Error::from))
            .await
    }

    /// How each link lagged and what waited, by partner and agreement, the oldest point
    /// first. Where nothing was noted there is no point.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but first level and administrators.
    pub async fn exchange_curves(
        &self,
        actor: &Actor,
        over: Over,
    ) -> Result<BTreeMap<Uuid, Vec<Point>>, Error> {
        looks(actor)?;
        let ((long, span), now) = (over.lengths(), self.now());
        let all = self
            .0
            .db
            .read(move |c| store::curve::since(c, span, now - long).map_err(Error::from))
            .await?;
        let mut by_link: BTreeMap<Uuid, Vec<Point>> = BTreeMap::new();
        for point in all {
            by_link.entry(point.link).or_default().push(point);
        }
        Ok(by_link)
    }

    /// What was noted of each link from a time until before another, in the shortest rows
    /// that go back so far. Rows whose time has begun before the first are left out.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but first level and administrators.
    pub async fn exchange_points(
        &self,
        actor: &Actor,
        (from, to): (Millis, Millis),
    ) -> Result<Vec<Point>, Error> {
        looks(actor)?;
        let span = store::curve::kept_since(from, self.now());
        let all = self
            .0
            .db
            .read(move |c| store::curve::since(c, span, from).map_err(Error::from))
            .await?;
        Ok(all.into_iter().filter(|point| point.at < to).collect())
    }

    /// The worst of the last ten minutes of each link, for those who watch the desk.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn exchange_lately(&self) -> Result<Vec<Point>, Error> {
        let now = self.now();
        let all = self
            .0
            .db
            .read(move |c| {
                store::curve::since(c, SHORT_MS, now - 2 * SHORT_MS).map_err(Error::from)
            })
            .await?;
        let mut worst: BTreeMap<Uuid, Point> = BTreeMap::new();
        for point in all {
            let one = worst.entry(point.link).or_insert(point);
            one.lag_in = one.lag_in.max(point.lag_in);
            one.lag_out = one.lag_out.max(point.lag_out);
            one.backlog = one.backlog.max(point.backlog);
        }
        Ok(worst.into_values().collect())
    }
}
