//! Calls to other programs' webhooks: when one is made again, and when no more.
//!
//! Nothing here knows who is called. A receiver that fails again and again is left alone
//! for a time and then asked with one call, so that it costs next to nothing while it is
//! away; each call for itself is tried for a day.

use crate::id::Millis;

/// For so long from when it was first due a call is tried.
pub const GIVE_UP_MS: Millis = 24 * 3_600_000;
/// A receiver that took nothing for so long is not called any more until somebody says so.
pub const PAUSE_MS: Millis = 72 * 3_600_000;
/// After so many failures one after the other the receiver itself is taken to be away.
pub const AWAY: i64 = 5;
/// For so long after a change of the secret calls are signed with the old one, too.
pub const GRACE_MS: Millis = 24 * 3_600_000;

/// Between two tries of a call.
const BETWEEN: [Millis; 8] = [
    5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000,
];
/// A receiver that is away is asked again after this at the latest: who comes back does
/// not wait long.
const LONGEST_AWAY: Millis = 600_000;

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It was taken.
    Taken,
    /// It was not, or nobody knows.
    Not,
    /// The receiver says that it is gone for good (410).
    Gone,
}

/// What is done with a call that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Nothing: it is done.
    Done,
    /// It is tried again at this time.
    Again(Millis),
    /// It is given up.
    Never,
}

/// A time that is up to a tenth shorter or longer, as `dice` (0 to 255) says: callers that
/// failed together do not come back together.
fn spread(time: Millis, dice: u8) -> Millis {
    time - time / 10 + time / 5 * Millis::from(dice) / 255
}

fn between(tries: i64, most: Millis) -> Millis {
    let at = usize::try_from(tries.max(1) - 1).unwrap_or(usize::MAX);
    let time = BETWEEN.get(at).or(BETWEEN.last()).copied();
    time.unwrap_or(most).min(most)
}

/// What is done with a call that was tried `tries` times, this one included, and was first
/// due at `since`.
pub fn after(heard: Heard, tries: i64, since: Millis, now: Millis, dice: u8) -> Then {
    if heard == Heard::Taken {
        return Then::Done;
    }
    let again = now + spread(between(tries, Millis::MAX), dice);
    let last = since + GIVE_UP_MS;
    match (now >= last, again >= last) {
        (true, _) => Then::Never,
        // Once more at the very end of its day.
        (_, true) => Then::Again(last),
        _ => Then::Again(again),
    }
}

/// Until when a receiver is left alone that failed so often, one after the other; `None`:
/// it is called as ever.
pub fn away(failures: i64, now: Millis, dice: u8) -> Option<Millis> {
    (failures >= AWAY).then(|| now + spread(between(failures - AWAY + 1, LONGEST_AWAY), dice))
}

/// A receiver is to be called no more: it says so itself, or took nothing since
/// `failing_since`, which is too long.
pub fn hopeless(heard: Heard, failing_since: Option<Millis>, now: Millis) -> bool {
    heard == Heard::Gone || failing_since.is_some_and(|since| now - since >= PAUSE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries of a call that is never taken, in milliseconds from when it was due.
    fn tries(dice: u8) -> Vec<Millis> {
        let (mut now, mut all) = (0, Vec::new());
        loop {
            all.push(now);
            match after(Heard::Not, all.len() as i64, 0, now, dice) {
                Then::Again(at) => {
                    assert!(at > now, "{all:?}");
                    now = at;
                }
                Then::Never => return all,
                Then::Done => panic!("nobody took it"),
            }
        }
    }

    #[test]
    fn a_call_is_tried_for_a_day_and_no_longer_ever_more_seldom() {
        for dice in 0..=255 {
            let all = tries(dice);
            assert_eq!(all.last(), Some(&GIVE_UP_MS), "{dice}");
            assert!((10..=16).contains(&all.len()), "{all:?}");
            assert!(all[1] <= 5_500, "the first comes soon: {all:?}");
        }
        assert_ne!(tries(0), tries(255), "not all at the same time");
        assert_eq!(after(Heard::Taken, 9, 0, GIVE_UP_MS * 2, 0), Then::Done);
    }

    #[test]
    fn who_is_away_is_asked_again_within_minutes() {
        assert_eq!(away(AWAY - 1, 0, 0), None);
        let mut longest = 0;
        for failures in AWAY..1_000 {
            let at = away(failures, 0, 255).unwrap();
            assert!(at >= longest || at >= LONGEST_AWAY, "{failures}: {at}");
            longest = longest.max(at);
        }
        assert_eq!(longest, LONGEST_AWAY / 10 * 11);
    }

    #[test]
    fn who_took_nothing_for_three_days_or_is_gone_is_not_called_any_more() {
        assert!(hopeless(Heard::Gone, None, 0));
        assert!(!hopeless(Heard::Not, Some(0), PAUSE_MS - 1));
        assert!(hopeless(Heard::Not, Some(0), PAUSE_MS));
        assert!(!hopeless(Heard::Not, None, PAUSE_MS));
    }
}
