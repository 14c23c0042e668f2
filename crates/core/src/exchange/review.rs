//! The regular look at tickets that partners work on. First level does not work
//! on them, so nothing else brings them to mind (domain section 7: tickets in
//! integrated services are reviewed weekly).

use crate::id::Millis;
use crate::working_time::Calendar;

/// A ticket at which nobody looked for so long waits for a look: a week.
pub const REVIEW_MS: Millis = 7 * 24 * 3_600_000;

/// Whether a unit is to be reminded now: the oldest look is a week old, the
/// last reminder too, and somebody is there to read it.
pub fn review_due(
    calendar: &Calendar,
    oldest_look: Millis,
    reminded: Option<Millis>,
    now: Millis,
) -> bool {
    let old = |at: Millis| now - at >= REVIEW_MS;
    old(oldest_look) && reminded.is_none_or(old) && calendar.is_open(now)
}

#[cfg(test)]
mod tests {
    use super::{REVIEW_MS, review_due};
    use crate::id::Millis;
    use crate::working_time::Calendar;

    const HOUR: Millis = 3_600_000;
    /// Thursday, 1970-01-01, 10:00.
    const TEN: Millis = 10 * HOUR;

    #[test]
    fn one_reminder_a_week_within_working_hours() {
        let calendar = Calendar::new("UTC", None, []);
        let week = TEN + REVIEW_MS;
        assert!(!review_due(&calendar, TEN, None, week - 1));
        assert!(review_due(&calendar, TEN, None, week));
        assert!(
            !review_due(&calendar, TEN, None, week + 8 * HOUR),
            "evening"
        );
        assert!(
            !review_due(&calendar, TEN, None, week + 48 * HOUR),
            "Saturday"
        );
        assert!(!review_due(&calendar, TEN, Some(week), week + 24 * HOUR));
        assert!(review_due(&calendar, TEN, Some(week), week + REVIEW_MS));
        // Somebody looked meanwhile.
        assert!(!review_due(
            &calendar,
            week + HOUR,
            Some(week),
            week + REVIEW_MS
        ));
    }
}
