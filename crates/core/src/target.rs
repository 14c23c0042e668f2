//! Targets as data: within which working time a unit of some quality of support
//! does what, by priority (domain section 7).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::command::Refusal;
use crate::id::Millis;
use crate::triage::Priority;
use crate::turn::Turn;
use crate::working_time::{DAY_MS, HOUR_MS};

const MINUTE_MS: Millis = 60_000;
/// Nobody promises anything for later: a thousand working days.
const LONGEST: Millis = 1_000 * DAY_MS;
/// Qualities that there may be.
const MOST: usize = 50;

/// What can be promised and is measured. When each begins and ends is in
/// [`crate::clock`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// Until first level has taken a new ticket or given it to a unit.
    Assignment,
    /// Until a unit that was given a ticket does something with it.
    Response,
    /// Until somebody of the unit says something in public.
    Answer,
    /// Until whoever took the ticket says something in public.
    Reply,
    /// The longest time without an update.
    Silence,
    /// Until the ticket is solved.
    Solution,
}

impl TargetKind {
    /// All six, in the order in which they come.
    pub const ALL: [TargetKind; 6] = [
        TargetKind::Assignment,
        TargetKind::Response,
        TargetKind::Answer,
        TargetKind::Reply,
        TargetKind::Silence,
        TargetKind::Solution,
    ];

    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            TargetKind::Assignment => "assignment",
            TargetKind::Response => "response",
            TargetKind::Answer => "answer",
            TargetKind::Reply => "reply",
            TargetKind::Silence => "silence",
            TargetKind::Solution => "solution",
        }
    }

    /// The words shown to people.
    pub fn label(self) -> &'static str {
        match self {
            TargetKind::Assignment => "First assignment",
            TargetKind::Response => "Response of the unit",
            TargetKind::Answer => "First human answer",
            TargetKind::Reply => "Owner's first reply",
            TargetKind::Silence => "Longest silence",
            TargetKind::Solution => "Solution",
        }
    }

    /// Reads a key; `None` for anything else.
    pub fn parse(key: &str) -> Option<TargetKind> {
        TargetKind::ALL.into_iter().find(|k| k.key() == key)
    }
}

/// A length of working time, above zero: `5 wd`, `4 wh`, `1 wd 2 wh 30 min`.
/// A working day (`wd`) has 8 working hours (`wh`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Within(Millis);

impl Within {
    /// So many milliseconds; `None`: no whole minutes, none at all, or more than
    /// anybody promises.
    pub fn of(ms: Millis) -> Option<Within> {
        ((1..=LONGEST).contains(&ms) && ms % MINUTE_MS == 0).then_some(Within(ms))
    }

    /// In milliseconds.
    pub fn ms(self) -> Millis {
        self.0
    }

    /// Half of it, when the colour changes first. It has whole minutes.
    pub fn half(self) -> Millis {
        self.0 / 2
    }

    /// What has to have passed for the warning: three quarters.
    pub fn warning(self) -> Millis {
        self.0 * 3 / 4
    }
}

impl FromStr for Within {
    type Err = String;

    fn from_str(text: &str) -> Result<Within, String> {
        let wrong = || {
            format!(
                "{text:?} is no working time; write 5 wd (working days of 8 hours), 4 wh (working hours) or 30 min, \
                 1000 wd at most"
            )
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let (mut sum, mut last): (Millis, Millis) = (0, Millis::MAX);
        for pair in words.chunks(2) {
            let [number, unit] = pair else {
                return Err(wrong());
            };
            let unit = match *unit {
                "wd" => DAY_MS,
                "wh" => HOUR_MS,
                "min" => MINUTE_MS,
                _ => return Err(wrong()),
            };
            let digits = number.len() <= 6 && number.bytes().all(|b| b.is_ascii_digit());
            let number: Millis = number.parse().map_err(|_| wrong())?;
            if !digits || unit >= last {
                return Err(wrong());
            }
            last = unit;
            sum += number * unit;
        }
        Within::of(sum).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Within {
    type Error = String;

    fn try_from(text: String) -> Result<Within, String> {
        text.parse()
    }
}

impl From<Within> for String {
    fn from(within: Within) -> String {
        within.to_string()
    }
}

impl fmt::Display for Within {
    /// What it is read from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0;
        let mut first = true;
        for (unit, name) in [(DAY_MS, "wd"), (HOUR_MS, "wh"), (MINUTE_MS, "min")] {
            let number = left / unit;
            left %= unit;
            if number > 0 {
                let blank = if first { "" } else { " " };
                write!(f, "{blank}{number} {name}")?;
                first = false;
            }
        }
        Ok(())
    }
}

/// How far a target is used up, as colours show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// Less than half.
    OnTime,
    /// Half of it and more: yellow.
    Half,
    /// Three quarters and more: amber; the unit is warned.
    Warning,
    /// All of it: red.
    Overdue,
}

impl Light {
    /// How far `used` milliseconds use a target up.
    pub fn of(used: Millis, within: Within) -> Light {
        let used = used.clamp(0, within.ms());
        if used >= within.ms() {
            Light::Overdue
        } else if used >= within.warning() {
            Light::Warning
        } else if used * 2 >= within.ms() {
            Light::Half
        } else {
            Light::OnTime
        }
    }

    /// The word used in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            Light::OnTime => "on_time",
            Light::Half => "half",
            Light::Warning => "warning",
            Light::Overdue => "overdue",
        }
    }

    /// The words shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Light::OnTime => "On time",
            Light::Half => "Half of the time used",
            Light::Warning => "Due soon",
            Light::Overdue => "Overdue",
        }
    }
}

/// What is promised of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Promise {
    /// Within which working time at low priority; `None`: measured, not
    /// promised.
    pub low: Option<Within>,
    /// At medium.
    pub medium: Option<Within>,
    /// At high.
    pub high: Option<Within>,
    /// At top.
    pub top: Option<Within>,
    /// The clock stands still while it is their turn.
    pub leave_out: BTreeSet<Turn>,
}

impl Promise {
    /// Within which working time, by priority.
    pub fn within(&self, priority: Priority) -> Option<Within> {
        match priority {
            Priority::Low => self.low,
            Priority::Medium => self.medium,
            Priority::High => self.high,
            Priority::Top => self.top,
        }
    }

    fn of(within: [Millis; 4], leave_out: &[Turn]) -> Promise {
        let [low, medium, high, top] = within.map(Within::of);
        Promise {
            low,
            medium,
            high,
            top,
            leave_out: leave_out.iter().copied().collect(),
        }
    }
}

/// A quality of support.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// Stable name, kept with each unit.
    pub key: String,
    /// What people read.
    pub title: String,
    /// What is promised; kinds that are missing are measured, not promised.
    pub promises: BTreeMap<TargetKind, Promise>,
}

impl Quality {
    /// What is promised of one kind.
    pub fn promise(&self, kind: TargetKind) -> &Promise {
        static NOTHING: Promise = Promise {
            low: None,
            medium: None,
            high: None,
            top: None,
            leave_out: BTreeSet::new(),
        };
        self.promises.get(&kind).unwrap_or(&NOTHING)
    }
}

/// The qualities of support; data that an administrator edits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetSet {
    /// The key of what a unit has that did not say.
    pub usual: String,
    /// All of them.
    pub qualities: Vec<Quality>,
}

impl TargetSet {
    /// The shipped qualities: base, medium (the usual one) and advanced. They
    /// differ in how soon a unit answers. No solution is promised, but its time
    /// is measured without the slots in which the requester or a partner has to
    /// do something.
    pub fn shipped() -> TargetSet {
        let quality = |key: &str, title: &str, response: [Millis; 4]| {
            let always = |work, leave_out: &[Turn]| Promise::of([work; 4], leave_out);
            let elsewhere = [Turn::Requester, Turn::Partner];
            Quality {
                key: key.to_owned(),
                title: title.to_owned(),
                promises: BTreeMap::from([
                    (TargetKind::Assignment, always(DAY_MS, &[])),
                    (TargetKind::Response, Promise::of(response, &[])),
                    (TargetKind::Answer, Promise::of(response, &[])),
                    (TargetKind::Reply, always(DAY_MS, &[])),
                    (TargetKind::Silence, always(5 * DAY_MS, &elsewhere)),
                    (TargetKind::Solution, always(0, &elsewhere)),
                ]),
            }
        };
        let week = 5 * DAY_MS;
        TargetSet {
            usual: "medium".to_owned(),
            qualities: vec![
                quality("base", "Base", [week; 4]),
                quality("medium", "Medium", [week, week, DAY_MS, DAY_MS]),
                quality("advanced", "Advanced", [week, DAY_MS, DAY_MS, 4 * HOUR_MS]),
            ],
        }
    }

    /// The quality with this key; else the usual one.
    pub fn quality(&self, key: &str) -> Option<&Quality> {
        let named = |key: &str| self.qualities.iter().find(|q| q.key == key);
        named(key).or_else(|| named(&self.usual))
    }

    /// Within which working time a unit of this quality does it; `None`: that
    /// is not promised.
    pub fn within(&self, quality: &str, kind: TargetKind, priority: Priority) -> Option<Within> {
        self.quality(quality)?.promise(kind).within(priority)
    }

    /// Whether this can be the desk's targets.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names the field: a key twice or none, a usual quality
    /// that is not there.
    pub fn check(&self) -> Result<(), Refusal> {
        let invalid = |field, problem: String| Err(Refusal::Invalid { field, problem });
        if self.qualities.len() > MOST {
            return invalid("qualities", format!("takes {MOST} at most"));
        }
        let mut keys = BTreeSet::new();
        for quality in &self.qualities {
            crate::unit::check_key(&quality.key)?;
            if quality.title.trim().is_empty() || quality.title.chars().any(char::is_control) {
                return invalid(
                    "title",
                    format!("{} needs one line that people read", quality.key),
                );
            }
            if !keys.insert(&quality.key) {
                return invalid("key", format!("{} is there twice", quality.key));
            }
            let nobody = |p: &Promise| p.leave_out.contains(&Turn::Nobody);
            let owner = |p: &Promise| p.leave_out.contains(&Turn::Owner);
            if quality.promises.values().any(|p| nobody(p) || owner(p)) {
                return invalid(
                    "leave_out",
                    "takes requester and partner; the unit's own time is what is measured"
                        .to_owned(),
                );
            }
        }
        if !keys.contains(&self.usual) {
            return invalid(
                "usual",
                format!("{:?} must be the key of one of the qualities", self.usual),
            );
        }
        Ok(())
    }
}

impl Default for TargetSet {
    fn default() -> TargetSet {
        TargetSet::shipped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_shipped_targets_are_those_of_the_domain() {
        let set = TargetSet::shipped();
        set.check().unwrap();
        let row = |quality: &str, kind| {
            Priority::ALL
                .map(|p| {
                    set.within(quality, kind, p)
                        .map_or("-".to_owned(), |w| w.to_string())
                })
                .join(" / ")
        };
        for (quality, response) in [
            ("base", "5 wd / 5 wd / 5 wd / 5 wd"),
            ("medium", "5 wd / 5 wd / 1 wd / 1 wd"),
            ("advanced", "5 wd / 1 wd / 1 wd / 4 wh"),
            // Who did not say has the usual one.
            ("", "5 wd / 5 wd / 1 wd / 1 wd"),
        ] {
            assert_eq!(row(quality, TargetKind::Response), response, "{quality}");
            assert_eq!(row(quality, TargetKind::Answer), response, "{quality}");
            for (kind, always) in [
                (TargetKind::Assignment, "1 wd / 1 wd / 1 wd / 1 wd"),
                (TargetKind::Reply, "1 wd / 1 wd / 1 wd / 1 wd"),
                (TargetKind::Silence, "5 wd / 5 wd / 5 wd / 5 wd"),
                (TargetKind::Solution, "- / - / - / -"),
            ] {
                assert_eq!(row(quality, kind), always, "{quality}");
            }
        }
    }

    #[test]
    fn colours_come_at_half_three_quarters_and_all() {
        let within: Within = "4 wh".parse().unwrap();
        for (used, light) in [
            (-5, Light::OnTime),
            (2 * HOUR_MS - 1, Light::OnTime),
            (2 * HOUR_MS, Light::Half),
            (3 * HOUR_MS - 1, Light::Half),
            (3 * HOUR_MS, Light::Warning),
            (4 * HOUR_MS - 1, Light::Warning),
            (4 * HOUR_MS, Light::Overdue),
            (i64::MAX, Light::Overdue),
        ] {
            assert_eq!(Light::of(used, within), light, "{used}");
        }
    }

    #[test]
    fn targets_are_written_as_people_say_them_and_wrong_ones_are_refused() {
        for (text, ms) in [
            ("5 wd", 5 * DAY_MS),
            ("4 wh", 4 * HOUR_MS),
            ("1 wd  2 wh 30 min", DAY_MS + 2 * HOUR_MS + 30 * MINUTE_MS),
            ("90 min", 90 * MINUTE_MS),
        ] {
            assert_eq!(text.parse::<Within>().unwrap().ms(), ms, "{text}");
        }
        for text in [
            "",
            "5",
            "wd",
            "5 days",
            "0 wd",
            "-1 wd",
            "+1 wd",
            "1001 wd",
            "2 wh 1 wd",
            "1 wd 1 wd",
        ] {
            let problem = text.parse::<Within>().unwrap_err();
            assert!(problem.contains("write 5 wd"), "{text}: {problem}");
        }
        let mut json = serde_json::to_value(TargetSet::shipped()).unwrap();
        assert_eq!(
            serde_json::from_value::<TargetSet>(json.clone()).unwrap(),
            TargetSet::shipped()
        );
        json["qualities"][0]["promises"]["response"]["top"] = "soon".into();
        assert!(serde_json::from_value::<TargetSet>(json).is_err());
    }

    #[test]
    fn a_set_that_contradicts_itself_is_refused_by_its_field() {
        let field = |change: fn(&mut TargetSet)| {
            let mut set = TargetSet::shipped();
            change(&mut set);
            match set.check() {
                Err(Refusal::Invalid { field, .. }) => field,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(field(|s| s.usual = "gold".into()), "usual");
        assert_eq!(field(|s| s.qualities.clear()), "usual");
        assert_eq!(field(|s| s.qualities[1].key = "base".into()), "key");
        assert_eq!(field(|s| s.qualities[1].key = "A B".into()), "key");
        assert_eq!(field(|s| s.qualities[1].title = " ".into()), "title");
        assert_eq!(
            field(|s| {
                let promise = s.qualities[0]
                    .promises
                    .entry(TargetKind::Silence)
                    .or_default();
                promise.leave_out.insert(Turn::Owner);
            }),
            "leave_out"
        );
        assert_eq!(
            field(|s| s.qualities = vec![s.qualities[0].clone(); 60]),
            "qualities"
        );
    }

    proptest! {
        #[test]
        fn every_target_is_read_as_it_was_written(minutes in 1..480_000_i64) {
            let within = Within::of(minutes * MINUTE_MS).unwrap();
            prop_assert_eq!(within.to_string().parse::<Within>().unwrap(), within);
            // The warning comes at the first moment at which it is amber.
            prop_assert_eq!(Light::of(within.warning(), within), Light::Warning);
            prop_assert!(Light::of(within.warning() - 1, within) < Light::Warning);
        }
    }
}
