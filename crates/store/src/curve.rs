//! How far each exchange lags and what waits, over time. What is noted lies in rows of
//! five minutes, which are rolled up into hours and those into days; rows of each length
//! are kept for a time only, so that a link has never more than about 1,800.

use switchboard_core::Millis;
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::value::Row;

/// The shortest row.
pub const SHORT_MS: Millis = 5 * 60_000;
/// The next.
pub const HOUR_MS: Millis = 3_600_000;
/// The longest.
pub const DAY_MS: Millis = 24 * HOUR_MS;
/// For so long rows of each length are kept.
const KEPT: [(Millis, Millis); 3] = [
    (SHORT_MS, 2 * DAY_MS),
    (HOUR_MS, 32 * DAY_MS),
    (DAY_MS, 400 * DAY_MS),
];

/// The length of the shortest rows that are kept from a time on.
pub fn kept_since(from: Millis, now: Millis) -> Millis {
    KEPT.into_iter()
        .find(|(_, kept)| from >= now - kept)
        .map_or(DAY_MS, |(span, _)| span)
}

/// What was seen of a link: at a moment, or the worst of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point {
    /// The coupling's agreement or the partner.
    pub link: Uuid,
    /// When, or when the time begins.
    pub at: Millis,
    /// How long something took that came from there, or for how long nothing can come.
    pub lag_in: Millis,
    /// How long something waits, or waited, that is to go there.
    pub lag_out: Millis,
    /// How much waits.
    pub backlog: i64,
    /// Changes that came.
    pub came: i64,
    /// Changes that went.
    pub sent: i64,
}

/// Notes what was seen.
pub fn note(conn: &mut Conn<'_>, p: &Point) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO exchange_curve (link, span, at, lag_in, lag_out, backlog, came, sent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (link, span, at) DO UPDATE SET
           lag_in = CASE WHEN excluded.lag_in > exchange_curve.lag_in
             THEN excluded.lag_in ELSE exchange_curve.lag_in END,
           lag_out = CASE WHEN excluded.lag_out > exchange_curve.lag_out
             THEN excluded.lag_out ELSE exchange_curve.lag_out END,
           backlog = CASE WHEN excluded.backlog > exchange_curve.backlog
             THEN excluded.backlog ELSE exchange_curve.backlog END,
           came = exchange_curve.came + excluded.came,
           sent = exchange_curve.sent + excluded.sent",
        params![
            p.link,
            SHORT_MS,
            p.at - p.at.rem_euclid(SHORT_MS),
            p.lag_in.max(0),
            p.lag_out.max(0),
            p.backlog,
            p.came,
            p.sent,
        ],
    )?;
    Ok(())
}

/// Rolls up what was noted lately, and lets go what is too old. May be repeated as often
/// as one likes; has to be within an hour of what was noted.
pub fn roll_up(conn: &mut Conn<'_>, now: Millis) -> Result<(), Error> {
    for (from, to) in [(SHORT_MS, HOUR_MS), (HOUR_MS, DAY_MS)] {
        let before = now - to;
        conn.execute(
            "INSERT INTO exchange_curve (link, span, at, lag_in, lag_out, backlog, came, sent)
             SELECT link, $1, at - at % $1, MAX(lag_in), MAX(lag_out), MAX(backlog),
               CAST(SUM(came) AS BIGINT), CAST(SUM(sent) AS BIGINT)
             FROM exchange_curve WHERE span = $2 AND at >= $3
             GROUP BY link, at - at % $1
             ON CONFLICT (link, span, at) DO UPDATE SET lag_in = excluded.lag_in,
               lag_out = excluded.lag_out, backlog = excluded.backlog, came = excluded.came,
               sent = excluded.sent",
            params![to, from, before - before.rem_euclid(to)],
        )?;
    }
    for (span, kept) in KEPT {
        conn.execute(
            "DELETE FROM exchange_curve WHERE span = $1 AND at < $2",
            params![span, now - kept],
        )?;
    }
    Ok(())
}

/// Rows of one length that begin at a time or later, link by link, the oldest first.
pub fn since(conn: &mut Conn<'_>, span: Millis, at: Millis) -> Result<Vec<Point>, Error> {
    conn.query(
        "SELECT link, at, lag_in, lag_out, backlog, came, sent FROM exchange_curve
         WHERE span = $1 AND at >= $2 ORDER BY link, at",
        params![span, at],
        |row: &Row<'_>| {
            Ok(Point {
                link: row.get(0)?,
                at: row.get(1)?,
                lag_in: row.get(2)?,
                lag_out: row.get(3)?,
                backlog: row.get(4)?,
                came: row.get(5)?,
                sent: row.get(6)?,
            })
        },
    )
}
