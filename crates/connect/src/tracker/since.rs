//! Reading a system without a list of all changes: what changed since is searched for
//! by time, less an overlap, and read ticket by ticket.

use serde_json::Value;

use crate::tracker::call::{Reply, date, time};
use crate::tracker::{Changes, Cursor, Error, RemoteChange};

/// What was done shows in searches and lists within this time, in milliseconds.
pub(super) const OVERLAP: i64 = 300_000;
/// Pages of a list, so that it ends whatever answers.
pub(super) const MOST_PAGES: usize = 1_000;
/// How far back a ticket that was made and not heard of is looked for: the newest
/// hundred of ours, and all of a week, in milliseconds ...
const LOOK_BACK: i64 = 7 * 24 * 3_600_000;
/// ... in so many pages at most.
pub(super) const LOOK_PAGES: usize = 10;

/// Whether a page, newest first, reaches back far enough.
pub(super) fn is_old(rows: &[Value]) -> bool {
    let now = chrono::Utc::now().timestamp_millis();
    let last = rows.last().map_or(0, |row| time(&row["created_at"]));
    last < now - LOOK_BACK
}

/// A time as such systems take it in a search.
pub(super) fn written_time(at: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// The cursor to read from when nothing older is of interest, by any answer's date.
pub(super) fn start(reply: Reply) -> Result<Cursor, Error> {
    start_at(reply.system(), date(&reply))
}

/// The same by a time of theirs.
pub(super) fn start_at(system: &'static str, now: Option<i64>) -> Result<Cursor, Error> {
    let now = now.ok_or_else(|| Error::Strange {
        system,
        why: "its answers have no date".to_owned(),
    })?;
    Ok(Cursor {
        floor: now - OVERLAP,
        ..Cursor::default()
    })
}

/// Of all changes of some tickets, each with its number, those that are new to a
/// cursor; its floor is a time. `asked_at`: when the tickets were searched for.
pub(super) fn gather(
    since: &Cursor,
    asked_at: Option<i64>,
    mut all: Vec<(i64, RemoteChange)>,
) -> Changes {
    let mut cursor = since.clone();
    all.retain(|(number, change)| {
        change.at >= since.floor && cursor.seen.insert(*number, change.at).is_none()
    });
    all.sort_by_key(|(number, _)| *number);
    if let Some(now) = asked_at {
        cursor.floor = cursor.floor.max(now - OVERLAP);
    }
    cursor.seen.retain(|_, at| *at >= cursor.floor);
    Changes {
        items: all.into_iter().map(|(_, change)| change).collect(),
        cursor,
        more: false,
    }
}
