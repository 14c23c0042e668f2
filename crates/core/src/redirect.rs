//! Tracked redirection (domain section 4): the request goes to a mailing list,
//! and this desk keeps it in sight.
//!
//! [`step`] says what follows from something that happened between a ticket and
//! the list: which mails go out, when the list is reminded, when first level is
//! woken. What comes from the list never goes to the list, and what goes there
//! is counted, so that no robot at either end makes more than
//! [`MAILS_AN_HOUR`].

use crate::id::Millis;
use crate::target::{TargetKind, TargetSet, Within};
use crate::triage::Priority;
use crate::working_time::{Calendar, DAY_MS};

/// Mails that go to one list about one ticket within an hour. More than people
/// write: then a machine answers a machine, and a person has to look.
pub const MAILS_AN_HOUR: i64 = 12;
/// Mails that are taken from one list about one ticket within an hour.
pub const ANSWERS_AN_HOUR: i64 = 60;
/// Mails that go to one list within an hour, about all tickets together. What
/// is beyond waits for the next hour.
pub const LIST_MAILS_AN_HOUR: i64 = 200;
/// Desks through which a request may have come before it goes to a list.
pub const MOST_HOPS: usize = 3;
/// The longest time without an update on an open ticket (domain section 7).
pub const UPDATE_MS: Millis = 5 * DAY_MS;

/// Whose word is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The list's.
    List,
    /// The requester's: the list has answered.
    Requester,
}

impl Turn {
    /// The word in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            Turn::List => "list",
            Turn::Requester => "requester",
        }
    }

    /// Reads a word.
    pub fn parse(key: &str) -> Option<Turn> {
        [Turn::List, Turn::Requester]
            .into_iter()
            .find(|t| t.key() == key)
    }
}

/// Why a request that belongs with the list does not go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Its label keeps it from other systems.
    Restricted,
    /// It came from that list, or from a desk that had it already.
    Loop,
    /// More mails than people write.
    Flood,
}

/// Why a redirection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The ticket is solved, unsolved or closed.
    Finished,
    /// The list gave it back.
    GivenBack,
    /// It was given to somebody else.
    TakenBack,
    /// The service goes another way, or to another list.
    Moved,
}

/// How far a redirection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The list has it.
    Active,
    /// The list should have it, and does not get it.
    Held(Held),
    /// The list has nothing to do with it any more.
    Ended(Ended),
}

impl Stage {
    /// Every stage with its words in JSON and the database: the stage itself,
    /// and why.
    const ALL: [(Stage, &'static str, &'static str); 8] = [
        (Stage::Active, "active", ""),
        (Stage::Held(Held::Restricted), "held", "restricted"),
        (Stage::Held(Held::Loop), "held", "loop"),
        (Stage::Held(Held::Flood), "held", "flood"),
        (Stage::Ended(Ended::Finished), "ended", "finished"),
        (Stage::Ended(Ended::GivenBack), "ended", "given_back"),
        (Stage::Ended(Ended::TakenBack), "ended", "taken_back"),
        (Stage::Ended(Ended::Moved), "ended", "moved"),
    ];

    /// The words in JSON and the database: `active`, `held` or `ended`, and
    /// why; empty for active ones.
    pub fn keys(self) -> (&'static str, &'static str) {
        Stage::ALL
            .into_iter()
            .find(|(stage, ..)| *stage == self)
            .map_or(("active", ""), |(_, key, why)| (key, why))
    }

    /// Reads the words.
    pub fn parse(key: &str, why: &str) -> Option<Stage> {
        Stage::ALL
            .into_iter()
            .find(|(_, k, w)| *k == key && *w == why)
            .map(|(stage, ..)| stage)
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Stage::Active => "With the list",
            Stage::Held(Held::Restricted) => "Not sent: restricted",
            Stage::Held(Held::Loop) => "Not sent: it came from there",
            Stage::Held(Held::Flood) => "Stopped: too many mails",
            Stage::Ended(Ended::Finished) => "Finished",
            Stage::Ended(Ended::GivenBack) => "Given back by the list",
            Stage::Ended(Ended::TakenBack) => "Given to another unit",
            Stage::Ended(Ended::Moved) => "The service goes another way",
        }
    }
}

/// How a redirection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How far it is.
    pub stage: Stage,
    /// Whose word is missing.
    pub turn: Turn,
    /// Since when.
    pub turn_since: Millis,
    /// The last sign of life of the list.
    pub life_at: Option<Millis>,
    /// The list was reminded of this silence.
    pub warned_at: Option<Millis>,
    /// First level was woken because of how it stands now.
    pub woken_at: Option<Millis>,
    /// Mail to the list did not arrive.
    pub trouble: bool,
}

impl Standing {
    /// Before anything has happened.
    pub fn new(now: Millis) -> Standing {
        Standing {
            stage: Stage::Ended(Ended::Moved),
            turn: Turn::List,
            turn_since: now,
            life_at: None,
            warned_at: None,
            woken_at: None,
            trouble: false,
        }
    }

    /// The list or the requester has said something: the silence is over.
    fn quiet_ends(&mut self) {
        self.warned_at = None;
        self.woken_at = None;
        self.trouble = false;
    }

    fn begin(&mut self, now: Millis) {
        self.stage = Stage::Active;
        self.turn = Turn::List;
        self.turn_since = now;
        self.quiet_ends();
    }
}

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// The ticket is to be with the list.
    Wanted,
    /// Somebody of the support side sends it there once more, by hand.
    SentAgain,
    /// It belongs there, but must not go.
    Withheld(Held),
    /// It is not to be with the list (any more).
    Unwanted(Ended),
    /// The requester's side wrote.
    Asked,
    /// The support side wrote here, in public.
    Said,
    /// Somebody of the list answered.
    Answered,
    /// Somebody of the list says that they work on it.
    Working,
    /// A mail to the list did not arrive.
    Undeliverable,
    /// The requester says that nobody has answered them.
    Unheard,
    /// Time has passed.
    Time,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The request goes to the list.
    Request,
    /// What was written goes to the list.
    Forward,
    /// The list hears that it has nothing more to do.
    Over(Ended),
    /// The list is reminded.
    Warn,
    /// The requester is asked whether somebody answered them directly.
    AskRequester,
    /// First level is woken.
    Wake(Alarm),
}

/// Why first level is woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// The list was reminded and is still silent.
    Silent,
    /// The list answered, and nothing has come of it.
    Stale,
    /// Mail to the list does not arrive.
    Undeliverable,
    /// The requester has heard nothing.
    Unheard,
    /// The list does not get it.
    Held(Held),
}

/// What the unit that stands for the list has promised.
#[derive(Debug, Clone)]
pub struct Promise {
    /// Working time until it answers.
    pub response: Millis,
    /// When it works.
    pub calendar: Calendar,
}

/// Working time until a unit answers, by its quality of support and the
/// ticket's priority: a working week where nothing is promised.
pub fn response(targets: &TargetSet, qos: &str, priority: Priority) -> Millis {
    targets
        .within(qos, TargetKind::Response, priority)
        .map_or(5 * DAY_MS, Within::ms)
}

/// What comes next if nobody says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Warn,
    Wake(Alarm),
}

/// When something is to be done next, and what; `None`: nothing by itself.
fn next(s: &Standing, promise: &Promise) -> Option<(Millis, Next)> {
    if s.stage != Stage::Active || s.woken_at.is_some() {
        return None;
    }
    let heard = s.life_at.filter(|at| *at >= s.turn_since);
    let base = heard.unwrap_or(s.turn_since);
    let after = |from, work| promise.calendar.after(from, work);
    Some(match (s.turn, s.warned_at) {
        (Turn::List, None) => {
            let within = if heard.is_some() {
                UPDATE_MS
            } else {
                promise.response
            };
            (after(base, within), Next::Warn)
        }
        // The list has a working day more, or once more what it promised.
        (Turn::List, Some(warned)) => (
            after(warned, promise.response.min(DAY_MS)),
            Next::Wake(Alarm::Silent),
        ),
        (Turn::Requester, _) => (after(base, UPDATE_MS), Next::Wake(Alarm::Stale)),
    })
}

/// When to look again because of silence; `None`: only when something happens.
pub fn due(standing: &Standing, promise: &Promise) -> Option<Millis> {
    next(standing, promise).map(|(at, _)| at)
}

/// What follows from something that happened. `sent` counts the mails that
/// went to the list about this ticket within the last hour.
pub fn step(
    s: &mut Standing,
    happened: Happened,
    now: Millis,
    sent: i64,
    promise: &Promise,
) -> Vec<Effect> {
    let flood = sent >= MAILS_AN_HOUR;
    match happened {
        Happened::Wanted if s.stage == Stage::Active => Vec::new(),
        // Only a person sets it going again.
        Happened::Wanted if s.stage == Stage::Held(Held::Flood) => Vec::new(),
        Happened::Wanted | Happened::SentAgain if flood => hold(s, Held::Flood, now),
        Happened::Wanted | Happened::SentAgain => {
            s.begin(now);
            vec![Effect::Request]
        }
        Happened::Withheld(why) => hold(s, why, now),
        Happened::Unwanted(why) => match s.stage {
            Stage::Ended(_) => Vec::new(),
            Stage::Held(_) => {
                s.stage = Stage::Ended(why);
                Vec::new()
            }
            Stage::Active => {
                s.stage = Stage::Ended(why);
                if flood {
                    Vec::new()
                } else {
                    vec![Effect::Over(why)]
                }
            }
        },
        Happened::Asked | Happened::Said if s.stage != Stage::Active => Vec::new(),
        Happened::Asked | Happened::Said if flood => hold(s, Held::Flood, now),
        Happened::Asked => {
            if s.turn == Turn::Requester {
                s.turn = Turn::List;
                s.turn_since = now;
                s.quiet_ends();
            }
            vec![Effect::Forward]
        }
        Happened::Said => vec![Effect::Forward],
        Happened::Answered => {
            s.life_at = Some(now);
            if s.stage == Stage::Active {
                s.turn = Turn::Requester;
                s.turn_since = now;
                s.quiet_ends();
            }
            Vec::new()
        }
        Happened::Working => {
            s.life_at = Some(now);
            if s.stage == Stage::Active {
                s.quiet_ends();
            }
            Vec::new()
        }
        Happened::Undeliverable => {
            s.trouble = true;
            wake(s, Alarm::Undeliverable, now)
        }
        Happened::Unheard => wake(s, Alarm::Unheard, now),
        Happened::Time => match next(s, promise) {
            Some((at, Next::Warn)) if at <= now => {
                s.warned_at = Some(now);
                if flood {
                    return hold(s, Held::Flood, now);
                }
                vec![Effect::Warn, Effect::AskRequester]
            }
            Some((at, Next::Wake(why))) if at <= now => wake(s, why, now),
            _ => Vec::new(),
        },
    }
}

fn hold(s: &mut Standing, why: Held, now: Millis) -> Vec<Effect> {
    if s.stage == Stage::Held(why) {
        return Vec::new();
    }
    s.stage = Stage::Held(why);
    s.woken_at = Some(now);
    vec![Effect::Wake(Alarm::Held(why))]
}

/// Once for one state of things.
fn wake(s: &mut Standing, why: Alarm, now: Millis) -> Vec<Effect> {
    if s.stage != Stage::Active || s.woken_at.is_some() {
        return Vec::new();
    }
    s.woken_at = Some(now);
    vec![Effect::Wake(why)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::working_time::HOUR_MS;

    const START: Millis = 1_790_000_000_000;

    fn promise() -> Promise {
        Promise {
            response: DAY_MS,
            calendar: Calendar::new("UTC", None, []),
        }
    }

    fn active() -> Standing {
        let mut s = Standing::new(START);
        assert_eq!(
            step(&mut s, Happened::Wanted, START, 0, &promise()),
            [Effect::Request]
        );
        s
    }

    #[test]
    fn silence_reminds_the_list_once_and_then_wakes_first_level_once() {
        let (p, mut s) = (promise(), active());
        let warn = due(&s, &p).unwrap();
        assert_eq!(warn, p.calendar.after(START, DAY_MS));
        let time = |s: &mut Standing, now| step(s, Happened::Time, now, 0, &p);
        assert!(time(&mut s, warn - 1).is_empty());
        assert_eq!(time(&mut s, warn), [Effect::Warn, Effect::AskRequester]);
        assert!(time(&mut s, warn + 1).is_empty());
        let wake = due(&s, &p).unwrap();
        assert_eq!(wake, p.calendar.after(warn, DAY_MS));
        assert_eq!(time(&mut s, wake), [Effect::Wake(Alarm::Silent)]);
        assert_eq!(due(&s, &p), None);
        assert!(time(&mut s, wake + 1000 * DAY_MS).is_empty());
        // A sign of life, and the clock runs anew.
        step(&mut s, Happened::Working, wake + 1, 0, &p);
        assert_eq!(s.turn, Turn::List);
        assert_eq!(due(&s, &p), Some(p.calendar.after(wake + 1, UPDATE_MS)));
    }

    #[test]
    fn an_answer_gives_the_word_to_the_requester_and_their_answer_gives_it_back() {
        let (p, mut s) = (promise(), active());
        assert!(step(&mut s, Happened::Answered, START + 5, 1, &p).is_empty());
        assert_eq!((s.turn, s.life_at), (Turn::Requester, Some(START + 5)));
        assert_eq!(
            step(&mut s, Happened::Said, START + 6, 1, &p),
            [Effect::Forward]
        );
        assert_eq!(s.turn, Turn::Requester);
        assert_eq!(
            step(&mut s, Happened::Asked, START + 7, 2, &p),
            [Effect::Forward]
        );
        assert_eq!((s.turn, s.turn_since), (Turn::List, START + 7));
        // One more question does not give the list more time.
        step(&mut s, Happened::Asked, START + 9, 3, &p);
        assert_eq!(s.turn_since, START + 7);
        // Nothing comes of an answer: first level looks, the list is let alone.
        step(&mut s, Happened::Answered, START + 10, 3, &p);
        let at = due(&s, &p).unwrap();
        assert_eq!(
            step(&mut s, Happened::Time, at, 0, &p),
            [Effect::Wake(Alarm::Stale)]
        );
    }

    #[test]
    fn what_is_over_is_said_once_and_nothing_more_goes_out() {
        let (p, mut s) = (promise(), active());
        let over = Happened::Unwanted(Ended::GivenBack);
        assert_eq!(
            step(&mut s, over, START, 1, &p),
            [Effect::Over(Ended::GivenBack)]
        );
        for happened in [over, Happened::Asked, Happened::Said, Happened::Time] {
            assert!(step(&mut s, happened, START + 1000 * DAY_MS, 0, &p).is_empty());
        }
        assert_eq!(due(&s, &p), None);
        assert_eq!(
            step(&mut s, Happened::Wanted, START, 0, &p),
            [Effect::Request]
        );
    }

    #[test]
    fn targets_are_those_of_the_quality_of_support() {
        use Priority::{High, Low, Medium, Top};
        for (qos, days) in [
            ("base", [5 * DAY_MS; 4]),
            ("medium", [5 * DAY_MS, 5 * DAY_MS, DAY_MS, DAY_MS]),
            ("", [5 * DAY_MS, 5 * DAY_MS, DAY_MS, DAY_MS]),
            ("advanced", [5 * DAY_MS, DAY_MS, DAY_MS, 4 * HOUR_MS]),
        ] {
            let set = TargetSet::shipped();
            let got = [Low, Medium, High, Top].map(|p| response(&set, qos, p));
            assert_eq!(got, days);
        }
    }

    #[test]
    fn every_stage_is_read_as_it_was_written() {
        for (stage, key, why) in Stage::ALL {
            assert_eq!(stage.keys(), (key, why));
            assert_eq!(Stage::parse(key, why), Some(stage));
        }
        assert_eq!(Stage::parse("active", "flood"), None);
    }

    fn anything() -> impl Strategy<Value = Happened> {
        prop_oneof![
            3 => Just(Happened::Wanted),
            1 => Just(Happened::SentAgain),
            1 => Just(Happened::Withheld(Held::Restricted)),
            1 => Just(Happened::Withheld(Held::Loop)),
            1 => Just(Happened::Unwanted(Ended::Finished)),
            1 => Just(Happened::Unwanted(Ended::TakenBack)),
            9 => Just(Happened::Asked),
            4 => Just(Happened::Said),
            6 => Just(Happened::Answered),
            2 => Just(Happened::Working),
            1 => Just(Happened::Undeliverable),
            1 => Just(Happened::Unheard),
            6 => Just(Happened::Time),
        ]
    }

    fn mails(effects: &[Effect]) -> usize {
        effects
            .iter()
            .filter(|e| {
                matches!(
                    e,
                    Effect::Request | Effect::Forward | Effect::Over(_) | Effect::Warn
                )
            })
            .count()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever happens in whatever order and pace: no hour sees more mails
        /// to the list than it may, no word of the list makes one, nobody is
        /// reminded or woken twice about one silence.
        #[test]
        fn no_sequence_makes_a_loop_or_cries_twice(
            story in prop::collection::vec((anything(), prop_oneof![0_i64..5_000, 0_i64..40 * HOUR_MS]), 1..300)
        ) {
            let p = promise();
            let mut s = Standing::new(START);
            let mut now = START;
            let mut out: Vec<Millis> = Vec::new();
            let (mut warned, mut woken) = (0, 0);
            for (happened, pause) in story {
                now += pause;
                let within = out.iter().filter(|at| **at > now - HOUR_MS).count() as i64;
                let before = s.clone();
                let effects = step(&mut s, happened, now, within, &p);
                if matches!(happened, Happened::Answered | Happened::Working) {
                    prop_assert!(effects.is_empty());
                }
                if before.stage != Stage::Active && !matches!(happened, Happened::Wanted | Happened::SentAgain) {
                    prop_assert_eq!(mails(&effects), 0);
                }
                out.extend(std::iter::repeat_n(now, mails(&effects)));
                prop_assert!(out.iter().filter(|at| **at > now - HOUR_MS).count() as i64 <= MAILS_AN_HOUR);
                if s.warned_at.is_none() { warned = 0; }
                if s.woken_at.is_none() { woken = 0; }
                for effect in &effects {
                    match effect {
                        Effect::Warn => warned += 1,
                        Effect::Wake(_) if !matches!(effect, Effect::Wake(Alarm::Held(_))) => woken += 1,
                        _ => {}
                    }
                }
                prop_assert!(warned <= 1 && woken <= 1);
                // Nothing that is with the list is ever forgotten: something is
                // due, or first level has been told.
                prop_assert!(s.stage != Stage::Active || s.woken_at.is_some() || due(&s, &p).is_some());
            }
        }

        /// A robot at the list that answers each mail, and one in place of the
        /// requester that answers each answer, neither saying what it is.
        #[test]
        fn two_robots_come_to_rest(pace in 1_i64..60_000, rounds in 50_usize..400) {
            let p = promise();
            let mut s = active();
            let mut out = vec![START];
            let mut now = START;
            for _ in 0..rounds {
                now += pace;
                let within = out.iter().filter(|at| **at > now - HOUR_MS).count() as i64;
                step(&mut s, Happened::Answered, now, within, &p);
                if mails(&step(&mut s, Happened::Asked, now, within, &p)) > 0 {
                    out.push(now);
                }
            }
            // Faster than people: it is stopped within the first hour.
            if pace < HOUR_MS / (MAILS_AN_HOUR + 1) {
                prop_assert_eq!(out.len() as i64, MAILS_AN_HOUR);
                prop_assert_eq!(s.stage, Stage::Held(Held::Flood));
            }
        }
    }
}
