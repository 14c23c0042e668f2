//! Who is on duty in first level: three people, week by week, and what they handed over.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use switchboard_core::{Channel, Millis, PersonId};

use super::{Cast, DAY, HOUR};
use crate::rota::{ASK_HOURS, RotaEdit, round};
use crate::{Desk, Error, FakeClock};

const MINUTE: Millis = 60_000;
/// What the first wrote.
const FIRST: &str = "Quiet week. The login loop of Monday was the identity provider of one \
institute; they have renewed their metadata.\n\nStill open: two people wait for larger quotas, \
Storage knows.";
/// What the second wrote, which nobody has confirmed yet.
const SECOND: &str = "Tape robot at CESNET is being repaired until Thursday: requests for files \
from before 2019 go to Storage with a word on that.\n\nSecurity asked us to send anything with \
“invoice.zip” in it straight to them.";

/// Plays the last two weeks.
pub(super) async fn play(desk: &Desk, cast: &Cast, now: Millis) -> Result<(), Error> {
    let unit = desk.catalogue().await?.first_level()?.clone();
    let zone = TimeZone::get(unit.doc.time_zone.trim()).unwrap_or(TimeZone::UTC);
    let clock = Arc::new(FakeClock::at(now - 16 * DAY));
    let past = desk.with_clock(clock.clone());
    let members = past.members(unit.id).await?;
    let lead = cast.first_level;
    // Whoever signs in as first level has been on duty since yesterday.
    let mut people: Vec<_> = members.iter().filter(|m| m.person != lead).collect();
    people.extend(members.iter().filter(|m| m.person == lead));
    let begin = Timestamp::from_millisecond(now - 15 * DAY)
        .map_err(|e| Error::Internal(format!("a day of the demo: {e}")))?;
    let first = zone.to_datetime(begin).date();
    let acts = async |person: PersonId| past.actor_for(person, Channel::Web).await;
    let edit = RotaEdit {
        first,
        minute: 9 * 60,
        days: 7,
        people: people.iter().filter_map(|m| m.email.clone()).collect(),
        alone: true,
        ask_hours: ASK_HOURS,
        // Who looks at the demo shall still be able to confirm.
        confirm_hours: 72,
    };
    past.put_rota(&acts(lead).await?, &unit.key, None, edit)
        .await?;
    let starts = |week: i64| {
        let day = first.checked_add((7 * week).days()).unwrap_or(first);
        let wall = zone.to_timestamp(day.at(9, 0, 0, 0));
        wall.map_or(now, |stamp| stamp.as_millisecond())
    };
    clock.set(starts(0) + MINUTE);
    round::run(&past).await?;
    for (week, note) in [(1, FIRST), (2, SECOND)] {
        let Some(writer) = people.get(week - 1) else {
            return Ok(());
        };
        let at = starts(week as i64);
        clock.set(at - HOUR);
        past.write_duty_note(&acts(writer.person).await?, &unit.key, note)
            .await?;
        clock.set(at + MINUTE);
        round::run(&past).await?;
        if week == 1 {
            clock.set(at + HOUR / 2);
            let next = acts(people[week].person).await?;
            let handed = past.hand_overs(&next, &unit.key, None, 1).await?;
            for one in handed {
                past.confirm_hand_over(&next, one.kept.id).await?;
            }
        }
    }
    // Next week somebody stands in for two days.
    clock.set(now - DAY / 2);
    if let (Some(person), at) = (people.first(), starts(3)) {
        let email = person.email.clone().unwrap_or_default();
        let stretch = (at - 2 * DAY, at);
        past.stand_in(&acts(lead).await?, &unit.key, stretch, &email)
            .await?;
    }
    Ok(())
}
