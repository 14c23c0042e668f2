//! How people want to hear of what happens, in which language, and what is gathered
//! for them.

use std::collections::BTreeMap;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use store::Conn;
use store::choice::{Choice, Wish};
use switchboard_core::choice::{Choices, How, Scope};
use switchboard_core::notify::Told;
use switchboard_core::{Millis, PersonId, UnitId};
use uuid::Uuid;

use crate::mail_text::LANGUAGES;
use crate::{Desk, Error};

/// Everything that somebody can choose about, in the order in which it is shown.
pub const EVENTS: [(Told, &str); 10] = [
    (Told::Opened, "A new ticket"),
    (Told::Assigned, "Given to it later"),
    (Told::Entry, "Somebody wrote"),
    (Told::Asked, "Answer needed"),
    (Told::Solution, "Solved or unsolved"),
    (Told::Reopened, "Reopened"),
    (Told::Escalated, "Escalated"),
    (Told::Fields, "A field changed"),
    (Told::Note, "An internal note"),
    (Told::Reminded, "Reminders"),
];

/// What somebody chose, as pages and the API show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The choices; what is missing comes by mail.
    pub choices: BTreeMap<(Scope, Told), How>,
    /// Their units: id and name.
    pub units: Vec<(UnitId, String)>,
    /// Language and rhythm.
    pub wish: Wish,
}

/// What holds where nobody said anything: a mail each day at seven, UTC.
pub(crate) fn no_wish() -> Wish {
    Wish {
        language: None,
        rhythm: "daily".into(),
        weekday: 0,
        hour: 7,
        time_zone: "UTC".into(),
    }
}

/// The word for a scope: `own`, `other`, or `unit:` and its id.
pub fn scope_key(scope: Scope) -> String {
    match scope {
        Scope::Unit(id) => format!("unit:{}", id.0),
        Scope::Own => "own".into(),
        Scope::Other => "other".into(),
    }
}

/// The scope that such a word names.
pub fn scope_of(key: &str) -> Option<Scope> {
    match key {
        "own" => Some(Scope::Own),
        "other" => Some(Scope::Other),
        _ => Uuid::try_parse(key.strip_prefix("unit:")?)
            .ok()
            .map(|id| Scope::Unit(UnitId(id))),
    }
}

/// What the rules need to know of somebody's choices.
pub(crate) fn choices_of(c: &mut Conn<'_>, person: PersonId) -> Result<Choices, Error> {
    let chosen: BTreeMap<(Scope, Told), How> = store::choice::of(c, person)?
        .into_iter()
        .filter_map(|one| {
            Some((
                (scope_of(&one.scope)?, Told::parse(&one.told)?),
                How::parse(&one.how)?,
            ))
        })
        .collect();
    // Who chose nothing needs no more look-ups.
    let units = if chosen.is_empty() {
        Vec::new()
    } else {
        store::person::memberships(c, person)?
            .into_iter()
            .map(|m| m.unit)
            .collect()
    };
    Ok(Choices { chosen, units })
}

/// What somebody wishes of their mails, said or not.
pub(crate) fn wish_of(c: &mut Conn<'_>, person: PersonId) -> Result<Wish, Error> {
    Ok(store::choice::wish(c, person)?.unwrap_or_else(no_wish))
}

/// The language of mails to somebody who wishes so; without a person the desk's.
pub(crate) fn language_of(desk: &Desk, wish: Option<&Wish>) -> String {
    wish.and_then(|w| w.language.clone())
        .unwrap_or_else(|| desk.config().language.clone())
}

/// Whether mails to somebody are in German; without a person as the desk's are.
pub(crate) fn is_german(
    desk: &Desk,
    c: &mut Conn<'_>,
    person: Option<PersonId>,
) -> Result<bool, Error> {
    let wish = person.map(|person| wish_of(c, person)).transpose()?;
    Ok(language_of(desk, wish.as_ref()) == "de")
}

/// When somebody's next gathering mail is due: the first time after `now` at which
/// their clock shows that hour, on that day of the week where it is weekly.
pub(crate) fn next_due(wish: &Wish, now: Millis) -> Millis {
    let zone = TimeZone::get(&wish.time_zone).unwrap_or(TimeZone::UTC);
    let Ok(here) = Timestamp::from_millisecond(now).map(|t| t.to_zoned_datetime(zone)) else {
        return now;
    };
    let hour = i8::try_from(wish.hour.clamp(0, 23)).unwrap_or(7);
    let weekday = i8::try_from(wish.weekday.clamp(0, 6))
        .ok()
        .and_then(|day| Weekday::from_monday_zero_offset(day).ok());
    // Eight days hold every hour of every day of the week, also where clocks change.
    for days in 0..=8 {
        let Some(day) = here.date().checked_add(days.days()).ok() else {
            break;
        };
        if wish.rhythm == "weekly" && Some(day.weekday()) != weekday {
            continue;
        }
        let due = day
            .at(hour, 0, 0, 0)
            .to_zoned_datetime(here.time_zone().clone())
            .map(|z| z.timestamp().as_millisecond());
        if let Ok(due) = due
            && due > now
        {
            return due;
        }
    }
    now + 86_400_000
}

impl Desk {
    /// What somebody chose.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn mail_choices(&self, person: PersonId) -> Result<Chosen, Error> {
        let catalogue = self.catalogue().await?;
        self.0
            .db
            .read(move |c| {
                let units = store::person::memberships(c, person)?
                    .into_iter()
                    .filter_map(|m| catalogue.unit(m.unit).map(|u| (u.id, u.name.clone())))
                    .collect();
                Ok(Chosen {
                    choices: choices_of(c, person)?.chosen,
                    units,
                    wish: wish_of(c, person)?,
                })
            })
            .await
    }

    /// Puts these choices in place of what somebody chose before. What is gathered
    /// already comes at the time that is chosen now; none of it is lost.
    ///
    /// # Errors
    /// Names the field that is wrong: a language that there is none of, an hour
    /// that no clock shows, a zone that nobody knows, a unit that is not theirs.
    pub async fn set_mail_choices(
        &self,
        person: PersonId,
        choices: BTreeMap<(Scope, Told), How>,
        wish: Wish,
    ) -> Result<(), Error> {
        if let Some(language) = &wish.language
            && !LANGUAGES.iter().any(|(key, _)| key == language)
        {
            return Err(Error::invalid("language", "choose one of the list"));
        }
        if !matches!(wish.rhythm.as_str(), "daily" | "weekly") {
            return Err(Error::invalid("rhythm", "is one of daily, weekly"));
        }
        if !(0..=23).contains(&wish.hour) {
            return Err(Error::invalid("hour", "takes 0 to 23"));
        }
        if !(0..=6).contains(&wish.weekday) {
            return Err(Error::invalid("weekday", "takes 0 (Monday) to 6 (Sunday)"));
        }
        if TimeZone::get(&wish.time_zone).is_err() {
            return Err(Error::invalid(
                "time_zone",
                "is no zone that is known; write one as Europe/Prague",
            ));
        }
        let due = next_due(&wish, self.now());
        self.0
            .db
            .write(move |c| {
                let units = store::person::memberships(c, person)?;
                let mut rows = Vec::new();
                for ((scope, told), how) in &choices {
                    if let Scope::Unit(id) = scope
                        && !units.iter().any(|m| m.unit == *id)
                    {
                        return Err(Error::invalid("unit", "is none of yours"));
                    }
                    // A mail at once is what holds anyway.
                    if *how != How::Mail {
                        rows.push(Choice {
                            scope: scope_key(*scope),
                            told: told.key().into(),
                            how: how.key().into(),
                        });
                    }
                }
                store::choice::set(c, person, &rows)?;
                store::choice::set_wish(c, person, &wish)?;
                store::choice::put_off(c, person, due)?;
                Ok(())
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn a_gathering_mail_comes_at_the_hour_of_the_persons_clock() {
        let daily = Wish {
            hour: 8,
            time_zone: "Europe/Prague".into(),
            ..no_wish()
        };
        let next = |wish: &Wish, now: &str| {
            Timestamp::from_millisecond(next_due(wish, at(now)))
                .unwrap()
                .to_string()
        };
        // Winter: an hour before UTC; summer: two.
        assert_eq!(next(&daily, "2026-11-26T06:59:00Z"), "2026-11-26T07:00:00Z");
        assert_eq!(next(&daily, "2026-11-26T07:00:00Z"), "2026-11-27T07:00:00Z");
        assert_eq!(next(&daily, "2026-07-01T09:00:00Z"), "2026-07-02T06:00:00Z");
        // Over the change of the clocks.
        assert_eq!(next(&daily, "2026-03-28T08:00:00Z"), "2026-03-29T06:00:00Z");
        let weekly = Wish {
            rhythm: "weekly".into(),
            weekday: 4,
            ..daily
        };
        // A Thursday; Friday is the fifth day.
        assert_eq!(
            next(&weekly, "2026-11-26T09:00:00Z"),
            "2026-11-27T07:00:00Z"
        );
        assert_eq!(
            next(&weekly, "2026-11-27T07:00:00Z"),
            "2026-12-04T07:00:00Z"
        );
        // An hour that a day does not have comes as soon as there is one.
        let gap = Wish {
            hour: 2,
            time_zone: "Europe/Prague".into(),
            ..no_wish()
        };
        assert_eq!(next(&gap, "2026-03-28T22:00:00Z"), "2026-03-29T01:00:00Z");
    }
}
