//! The hours of a week in which a unit works: read from and written as one
//! line, `Mon-Fri 09:00-17:00, Sat 10:00-12:00`.

use std::fmt;

/// From and to, in minutes after midnight.
pub type Stretch = (u32, u32);

/// Minutes of a day.
const DAY: u32 = 24 * 60;
const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Stretches that a day may have.
const MOST: usize = 6;

/// Monday to Sunday, each with the stretches in which the unit works, in their
/// order and apart from each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Week([Vec<Stretch>; 7]);

impl Week {
    /// The same hours from Monday to Friday.
    pub fn workdays(hours: Stretch) -> Week {
        let mut week = Week::default();
        week.0[..5].fill(vec![hours]);
        week
    }

    /// A week of seven lists; `None` when they are not seven, or a stretch
    /// ends before it begins, after midnight, or within the one before.
    pub fn of(days: &[Vec<Stretch>]) -> Option<Week> {
        let days: [Vec<Stretch>; 7] = days.to_vec().try_into().ok()?;
        days.iter().all(|day| is_day(day)).then_some(Week(days))
    }

    /// The seven days, Monday first.
    pub fn days(&self) -> &[Vec<Stretch>; 7] {
        &self.0
    }

    /// Nobody works at all.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }

    /// One stretch, the same from Monday to Friday, and free weekends.
    pub fn one_stretch(&self) -> Option<Stretch> {
        let [only] = self.0[0][..] else { return None };
        (*self == Week::workdays(only)).then_some(only)
    }

    /// Reads hours as people write them: `09:00-17:00` is Monday to Friday;
    /// several parts are separated by commas, and days stay until others are
    /// named: `Mon-Thu 08:00-12:00, 13:00-17:00, Fri 08:00-12:00`.
    ///
    /// # Errors
    /// What can not be read, and how it is written.
    pub fn parse(text: &str) -> Result<Week, String> {
        let mut week = Week::default();
        let mut days: Vec<usize> = (0..5).collect();
        for part in text.split([',', ';']).map(str::trim) {
            if part.is_empty() {
                continue;
            }
            let hours = match part.rsplit_once(char::is_whitespace) {
                Some((named, hours)) => {
                    days = parse_days(named.trim())?;
                    hours
                }
                None => part,
            };
            let stretch = parse_stretch(hours)?;
            for day in &days {
                week.0[*day].push(stretch);
            }
        }
        for (day, name) in week.0.iter_mut().zip(NAMES) {
            day.sort_unstable();
            if day.len() > MOST || !day.is_sorted_by(|a, b| a.1 < b.0) {
                return Err(format!("the hours of {name} overlap or touch"));
            }
        }
        Ok(week)
    }
}

fn parse_days(text: &str) -> Result<Vec<usize>, String> {
    let one = |name: &str| {
        let name = name.trim().to_lowercase();
        NAMES
            .iter()
            .position(|n| name.len() >= 3 && name.starts_with(&n.to_lowercase()))
            .ok_or_else(|| format!("{name:?} is no day; write Mon, Tue, Wed, Thu, Fri, Sat or Sun"))
    };
    match text.split_once(['-', '–']) {
        None => Ok(vec![one(text)?]),
        Some((from, to)) => {
            let (from, to) = (one(from)?, one(to)?);
            if from > to {
                return Err(format!("{text:?} ends before it begins"));
            }
            Ok((from..=to).collect())
        }
    }
}

/// Reads one stretch, `09:00-17:00`.
pub(crate) fn parse_stretch(text: &str) -> Result<Stretch, String> {
    let wrong = || format!("{text:?} are no hours; write 09:00-17:00");
    let (from, to) = text.split_once(['-', '–']).ok_or_else(wrong)?;
    let clock = |text: &str| {
        let (hours, minutes) = text.trim().split_once(':')?;
        let digits = |t: &str| (1..=2).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(hours) || !digits(minutes) {
            return None;
        }
        let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
        (minutes < 60 && hours * 60 + minutes <= DAY).then_some(hours * 60 + minutes)
    };
    match (clock(from), clock(to)) {
        (Some(from), Some(to)) if from < to => Ok((from, to)),
        (Some(_), Some(_)) => Err(format!("{text:?} ends before it begins")),
        _ => Err(wrong()),
    }
}

/// One stretch as [`parse_stretch`] reads it.
pub(crate) fn write_stretch((from, to): Stretch) -> String {
    format!("{}-{}", clock(from), clock(to))
}

/// Whether stretches can be a day's: each forward, within the day, in order
/// and apart.
pub(crate) fn is_day(day: &[Stretch]) -> bool {
    day.len() <= MOST
        && day.iter().all(|(from, to)| from < to && *to <= DAY)
        && day.is_sorted_by(|a, b| a.1 < b.0)
}

fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

impl fmt::Display for Week {
    /// What [`Week::parse`] reads; days with the same hours go together.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((from, to)) = self.one_stretch() {
            return write!(f, "{}-{}", clock(from), clock(to));
        }
        let mut first = true;
        let mut day = 0;
        while day < 7 {
            let mut last = day;
            while last < 6 && self.0[last + 1] == self.0[day] {
                last += 1;
            }
            for (at, (from, to)) in self.0[day].iter().enumerate() {
                if !first {
                    f.write_str(", ")?;
                }
                first = false;
                if at == 0 {
                    f.write_str(NAMES[day])?;
                    if last > day {
                        write!(f, "-{}", NAMES[last])?;
                    }
                    f.write_str(" ")?;
                }
                write!(f, "{}-{}", clock(*from), clock(*to))?;
            }
            day = last + 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hours_are_read_as_people_write_them() {
        let week = Week::parse("09:00-17:00").unwrap();
        assert_eq!(week, Week::workdays((540, 1020)));
        let week =
            Week::parse("Mon-Thu 08:00-12:00, 13:00-17:00; Friday 8:00–12:00, Sun 22:00-24:00")
                .unwrap();
        assert_eq!(week.days()[3], [(480, 720), (780, 1020)]);
        assert_eq!(week.days()[4], [(480, 720)]);
        assert_eq!(week.days()[6], [(1320, 1440)]);
        assert!(Week::parse(" ").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, says) in [
            ("nine to five", "no day"),
            ("9-17", "write 09:00-17:00"),
            ("17:00-09:00", "ends before it begins"),
            ("Fri-Mon 09:00-17:00", "ends before it begins"),
            ("09:00-12:00, 11:00-15:00", "overlap"),
            ("09:00-24:30", "write 09:00-17:00"),
        ] {
            let problem = Week::parse(text).unwrap_err();
            assert!(problem.contains(says), "{text}: {problem}");
        }
    }

    proptest! {
        #[test]
        fn every_week_is_read_as_it_was_written(
            cuts in prop::array::uniform7(prop::collection::btree_set(0..=DAY, 0..8))
        ) {
            let days: Vec<Vec<Stretch>> = cuts
                .iter()
                .map(|cuts| {
                    let cuts: Vec<u32> = cuts.iter().copied().collect();
                    cuts.chunks_exact(2).map(|c| (c[0], c[1])).collect()
                })
                .collect();
            let week = Week::of(&days).unwrap();
            prop_assert_eq!(Week::parse(&week.to_string()).unwrap(), week);
        }

        #[test]
        fn nothing_that_is_typed_makes_it_panic(text in "\\PC{0,60}") {
            let _ = Week::parse(&text);
        }
    }
}
