//! Closes tickets that were solved or unsolved 10 working days ago and whose
//! requester did not answer (domain section 7).

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use switchboard_core::{Actor, Channel, Command, Millis};

use super::Outcome;
use crate::act::Step;
use crate::{Desk, Error};

/// Domain section 7: solved or unsolved → closed.
const WORKING_DAYS: u32 = 10;
/// Tickets closed in one run; the next run takes the rest.
const AT_ONCE: i64 = 500;

pub(super) async fn run(desk: &Desk) -> Result<Outcome, Error> {
    let before = working_days_before(desk.now(), WORKING_DAYS);
    let due = desk
        .0
        .db
        .read(move |c| store::ticket::unanswered_solutions(c, before, AT_ONCE).map_err(Error::from))
        .await?;
    let actor = Actor::system(Channel::Job);
    for number in due {
        match desk
            .act(&actor, number, None, vec![Step::Command(Command::Close)])
            .await
        {
            // Answered or reopened in this moment: right so.
            Ok(_) | Err(Error::Conflict(_)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(Outcome::Done)
}

/// The same time of day so many working days (Monday to Friday) earlier. The
/// desk as a whole has no holidays; units' calendars do not matter for this.
fn working_days_before(now: Millis, days: u32) -> Millis {
    let Ok(timestamp) = Timestamp::from_millisecond(now) else {
        return 0;
    };
    let mut at = timestamp.to_zoned_datetime(TimeZone::UTC);
    let mut left = days;
    while left > 0 {
        let Ok(earlier) = at.checked_sub(1.day()) else {
            return 0;
        };
        at = earlier;
        if !matches!(
            at.weekday(),
            jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday
        ) {
            left -= 1;
        }
    }
    at.timestamp().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::working_days_before;

    #[test]
    fn weekends_do_not_count() {
        let day = 86_400_000;
        // Thursday 1 January 1970 + 20 weeks: a Thursday.
        let thursday = 20 * 7 * day;
        assert_eq!(thursday - working_days_before(thursday, 3), 3 * day);
        assert_eq!(thursday - working_days_before(thursday, 4), 6 * day);
        assert_eq!(thursday - working_days_before(thursday, 10), 14 * day);
    }
}
