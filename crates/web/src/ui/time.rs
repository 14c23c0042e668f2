//! Moments in words: "30 min", "yesterday", "Mon 15:42".
//!
//! Everything here is a pure function of a moment, of now and of a time zone;
//! no page reads a clock while it is drawn.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use switchboard_core::Millis;

use super::view::TimeMark;

/// Now and where: what a page needs to tell a time in words.
#[derive(Debug, Clone)]
pub struct Dial {
    /// The moment the page is drawn, epoch milliseconds.
    pub now: Millis,
    /// The reader's time zone.
    pub zone: TimeZone,
}

impl Dial {
    /// A dial for UTC.
    pub fn utc(now: Millis) -> Dial {
        Dial {
            now,
            zone: TimeZone::UTC,
        }
    }

    /// A dial for the zone of an IANA name; UTC when there is no such zone.
    pub fn in_zone(now: Millis, name: &str) -> Dial {
        Dial {
            now,
            zone: TimeZone::get(name).unwrap_or(TimeZone::UTC),
        }
    }

    /// Today, as `2026-11-26`.
    pub fn date(&self) -> String {
        self.zoned(self.now).strftime("%Y-%m-%d").to_string()
    }

    /// Now as the day of the week (0 is Monday) and minutes after midnight.
    pub fn weekday_minute(&self) -> (usize, i32) {
        let now = self.zoned(self.now);
        let day = usize::try_from(now.weekday().to_monday_zero_offset()).unwrap_or(0);
        (day, i32::from(now.hour()) * 60 + i32::from(now.minute()))
    }

    /// The zone in a word: "Europe/Prague".
    pub fn zone_words(&self) -> String {
        self.zone.iana_name().unwrap_or("UTC").to_owned()
    }

    /// How long ago, as lists show it: "30 min", "2 h", "yesterday", "Tue", "23 Nov".
    pub fn ago(&self, at: Millis) -> TimeMark {
        self.mark(at, self.ago_words(at))
    }

    /// When, as threads show it: "today 09:58", "Monday 15:42", "23 Nov 2025, 15:42".
    pub fn moment(&self, at: Millis) -> TimeMark {
        self.mark(at, self.moment_words(at))
    }

    /// The full date: "23 November 2026, 15:20".
    pub fn date_time(&self, at: Millis) -> TimeMark {
        let words = self.zoned(at).strftime("%-d %B %Y, %H:%M").to_string();
        self.mark(at, words)
    }

    /// A day and a time, ahead or past, as plans have them: "Mon 28 Sep, 09:00".
    pub fn day_time(&self, at: Millis) -> TimeMark {
        let zoned = self.zoned(at);
        let words = format!(
            "{} {}, {}",
            zoned.strftime("%a"),
            self.day_words(at),
            zoned.strftime("%H:%M")
        );
        self.mark(at, words)
    }

    /// The words of [`Dial::ago`].
    pub fn ago_words(&self, at: Millis) -> String {
        let past = self.now - at;
        if past < 0 {
            return self.moment_words(at);
        }
        match past / 60_000 {
            0 => "just now".to_owned(),
            m @ 1..=59 => format!("{m} min"),
            m if m < 12 * 60 && self.days_back(at) == 0 => format!("{} h", m / 60),
            _ => match self.days_back(at) {
                0 => self.zoned(at).strftime("%H:%M").to_string(),
                1 => "yesterday".to_owned(),
                2..=6 => self.zoned(at).strftime("%a").to_string(),
                _ => self.day_words(at),
            },
        }
    }

    /// The words of [`Dial::moment`].
    pub fn moment_words(&self, at: Millis) -> String {
        let zoned = self.zoned(at);
        let clock = zoned.strftime("%H:%M").to_string();
        match self.days_back(at) {
            -1 => format!("tomorrow {clock}"),
            0 => format!("today {clock}"),
            1 => format!("yesterday {clock}"),
            2..=6 => format!("{} {clock}", zoned.strftime("%A")),
            _ => format!("{}, {clock}", self.day_words(at)),
        }
    }

    /// A day: "23 Nov", with its year when that is another one.
    pub fn day_words(&self, at: Millis) -> String {
        let zoned = self.zoned(at);
        let pattern = if zoned.year() == self.zoned(self.now).year() {
            "%-d %b"
        } else {
            "%-d %b %Y"
        };
        zoned.strftime(pattern).to_string()
    }

    /// Calendar days between the day of `at` and today; negative ahead.
    fn days_back(&self, at: Millis) -> i32 {
        let today = self.zoned(self.now).date();
        let day = self.zoned(at).date();
        day.until(today).map_or(0, |span| span.get_days())
    }

    fn zoned(&self, at: Millis) -> ZonedDateTime {
        Timestamp::from_millisecond(at)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned_datetime(self.zone.clone())
    }

    fn mark(&self, at: Millis, words: String) -> TimeMark {
        let zoned = self.zoned(at);
        TimeMark {
            iso: iso(at),
            words,
            exact: zoned.strftime("%A %-d %B %Y, %H:%M %Z").to_string(),
        }
    }
}

/// The moment as `datetime` wants it: RFC 3339, UTC, whole seconds.
pub fn iso(at: Millis) -> String {
    Timestamp::from_millisecond(at)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// A length of time: "48 min", "18 h", "3 days".
pub fn length(millis: Millis) -> String {
    let minutes = millis.max(0) / 60_000;
    match minutes {
        0 => "under a minute".to_owned(),
        1..=59 => format!("{minutes} min"),
        60..=2879 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

/// Reads what a `datetime-local` field sends ("2026-11-23T15:20") in a zone.
pub fn parse_local(text: &str, zone: &TimeZone) -> Option<Millis> {
    let civil: jiff::civil::DateTime = text.trim().parse().ok()?;
    Some(
        civil
            .to_zoned_datetime(zone.clone())
            .ok()?
            .timestamp()
            .as_millisecond(),
    )
}

/// Writes a moment as a `datetime-local` field wants it.
pub fn local_value(at: Millis, zone: &TimeZone) -> String {
    Timestamp::from_millisecond(at)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned_datetime(zone.clone())
        .strftime("%Y-%m-%dT%H:%M")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn check(moment: &str, ago: &str, full: &str) {
        // Thursday
        let dial = Dial::utc(at("2026-11-26T10:42:00Z"));
        assert_eq!(dial.ago_words(at(moment)), ago, "ago {moment}");
        assert_eq!(dial.moment_words(at(moment)), full, "moment {moment}");
    }

    #[test]
    fn words_grow_coarser_with_distance() {
        check("2026-11-26T10:41:30Z", "just now", "today 10:41");
        check("2026-11-26T10:12:00Z", "30 min", "today 10:12");
        check("2026-11-26T08:20:00Z", "2 h", "today 08:20");
        check("2026-11-25T23:50:00Z", "yesterday", "yesterday 23:50");
        check("2026-11-25T11:30:00Z", "yesterday", "yesterday 11:30");
        check("2026-11-24T17:15:00Z", "Tue", "Tuesday 17:15");
        check("2026-11-19T17:15:00Z", "19 Nov", "19 Nov, 17:15");
        check("2025-11-24T17:15:00Z", "24 Nov 2025", "24 Nov 2025, 17:15");
        check("2026-11-27T12:00:00Z", "tomorrow 12:00", "tomorrow 12:00");
    }

    #[test]
    fn the_day_is_the_readers_day() {
        let dial = Dial::in_zone(at("2026-11-26T00:30:00Z"), "Europe/Helsinki");
        assert_eq!(dial.ago_words(at("2026-11-25T21:30:00Z")), "yesterday");
        assert_eq!(dial.moment_words(at("2026-11-25T22:30:00Z")), "today 00:30");
        assert_eq!(
            dial.moment(at("2026-11-25T22:30:00Z")).exact,
            "Thursday 26 November 2026, 00:30 EET"
        );
    }

    #[test]
    fn lengths_and_fields() {
        assert_eq!(length(48 * 60_000), "48 min");
        assert_eq!(length(18 * 3_600_000), "18 h");
        assert_eq!(length(74 * 3_600_000), "3 days");
        assert_eq!(iso(at("2026-11-26T10:12:00.5Z")), "2026-11-26T10:12:00Z");
        let zone = TimeZone::get("Europe/Prague").unwrap();
        let read = parse_local("2026-11-23T15:20", &zone).unwrap();
        assert_eq!(read, at("2026-11-23T14:20:00Z"));
        assert_eq!(local_value(read, &zone), "2026-11-23T15:20");
        assert_eq!(parse_local("soon", &zone), None);
    }
}
