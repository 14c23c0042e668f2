//! Alarms: a nominated expert calls a site at its emergency address, and the site has to
//! confirm (domain section 2). What silence brings, step by step; each step comes once.

use serde::{Deserialize, Serialize};

use crate::Millis;

/// Minutes within which a site confirms an alarm, where it is not agreed otherwise.
pub const ANSWER_MINUTES: i64 = 15;
/// Minutes within which it confirms a test, which may come at night.
pub const TEST_ANSWER_MINUTES: i64 = 24 * 60;
/// Days between two tests of a site.
pub const TEST_DAYS: i64 = 90;
/// By how much the clocks of two nodes may differ before one is taken for set back: a node
/// that is slow must not call a site again that another has just called.
const SKEW_MS: Millis = 10 * 60_000;

/// How far an alarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The site was called.
    Called,
    /// It was silent, and was called again; first level knows.
    Again,
    /// It was silent again, or nothing arrives there; first level and monitors know.
    Escalated,
    /// It confirmed.
    Confirmed,
    /// A test that nobody confirmed in time; first level knows.
    Failed,
    /// Its ticket was resolved before anybody confirmed.
    Closed,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Stage; 6] = [
        Stage::Called,
        Stage::Again,
        Stage::Escalated,
        Stage::Confirmed,
        Stage::Failed,
        Stage::Closed,
    ];

    /// The word in JSON and the database.
    pub fn key(self) -> &'static str {
        match self {
            Stage::Called => "called",
            Stage::Again => "again",
            Stage::Escalated => "escalated",
            Stage::Confirmed => "confirmed",
            Stage::Failed => "failed",
            Stage::Closed => "closed",
        }
    }

    /// Reads a word.
    pub fn parse(key: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.key() == key)
    }

    /// Somebody at the site has still to confirm it.
    pub fn is_awaited(self) -> bool {
        matches!(self, Stage::Called | Stage::Again | Stage::Escalated)
    }
}

/// How an alarm stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// It tests whether the site would hear one.
    pub test: bool,
    /// How far it is.
    pub stage: Stage,
    /// How long the site has to confirm, milliseconds.
    pub wait_ms: Millis,
    /// When the site was last called.
    pub called_at: Millis,
    /// When silence brings the next step; `None`: nothing more comes by itself.
    pub next_at: Option<Millis>,
}

/// What happens to an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// Time passed.
    Time,
    /// Somebody at the site answered.
    Confirmed,
    /// Mail to the emergency address came back, or is refused.
    Undeliverable,
    /// Its ticket was resolved.
    Resolved,
}

/// What the desk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Mails the site again.
    Call,
    /// Tells first level.
    FirstLevel,
    /// Tells the monitors.
    Monitors,
    /// Resolves the ticket of a test.
    Resolve,
}

/// An alarm that is raised now, with a mail to the site.
pub fn raised(test: bool, wait_ms: Millis, now: Millis) -> Standing {
    Standing {
        test,
        stage: Stage::Called,
        wait_ms,
        called_at: now,
        next_at: Some(now + wait_ms),
    }
}

/// What follows, and how the alarm stands then.
pub fn step(s: &mut Standing, happened: Happened, now: Millis) -> Vec<Effect> {
    match happened {
        Happened::Time => silent(s, now),
        Happened::Confirmed => match s.stage {
            Stage::Confirmed | Stage::Closed => Vec::new(),
            _ => {
                end(s, Stage::Confirmed);
                Vec::from_iter(s.test.then_some(Effect::Resolve))
            }
        },
        Happened::Undeliverable if matches!(s.stage, Stage::Called | Stage::Again) => unheard(s),
        Happened::Resolved if s.stage.is_awaited() => {
            end(s, Stage::Closed);
            Vec::new()
        }
        Happened::Undeliverable | Happened::Resolved => Vec::new(),
    }
}

fn silent(s: &mut Standing, now: Millis) -> Vec<Effect> {
    // A clock that was set back must not keep anybody waiting for a day.
    let set_back = s.called_at > now + SKEW_MS;
    if !s.next_at.is_some_and(|at| at <= now || set_back) {
        return Vec::new();
    }
    match s.stage {
        Stage::Called if !s.test => {
            s.stage = Stage::Again;
            s.called_at = now;
            s.next_at = Some(now + s.wait_ms);
            vec![Effect::Call, Effect::FirstLevel]
        }
        Stage::Again => {
            end(s, Stage::Escalated);
            vec![Effect::Monitors]
        }
        _ => unheard(s),
    }
}

/// Nobody there will confirm by themselves.
fn unheard(s: &mut Standing) -> Vec<Effect> {
    let knew = s.stage == Stage::Again;
    end(
        s,
        if s.test {
            Stage::Failed
        } else {
            Stage::Escalated
        },
    );
    let mut effects = Vec::from_iter((!knew).then_some(Effect::FirstLevel));
    effects.extend((!s.test).then_some(Effect::Monitors));
    effects
}

fn end(s: &mut Standing, stage: Stage) {
    s.stage = stage;
    s.next_at = None;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WAIT: Millis = ANSWER_MINUTES * 60_000;

    #[test]
    fn a_silent_site_is_called_twice_and_then_others_are() {
        let mut s = raised(false, WAIT, 1_000);
        assert_eq!(step(&mut s, Happened::Time, WAIT), []);
        let first = step(&mut s, Happened::Time, WAIT + 1_000);
        assert_eq!(first, [Effect::Call, Effect::FirstLevel]);
        assert_eq!(step(&mut s, Happened::Time, WAIT + 1_001), []);
        let second = step(&mut s, Happened::Time, 2 * WAIT + 1_000);
        assert_eq!(second, [Effect::Monitors]);
        assert_eq!((s.stage, s.next_at), (Stage::Escalated, None));
        assert_eq!(step(&mut s, Happened::Confirmed, 3 * WAIT), []);
        assert_eq!(s.stage, Stage::Confirmed);
    }

    #[test]
    fn a_test_that_is_confirmed_resolves_itself_and_one_that_is_not_has_failed() {
        let mut s = raised(true, WAIT, 0);
        assert_eq!(step(&mut s, Happened::Confirmed, 5), [Effect::Resolve]);
        assert_eq!(step(&mut s, Happened::Time, WAIT), []);
        let mut s = raised(true, WAIT, 0);
        assert_eq!(step(&mut s, Happened::Time, WAIT), [Effect::FirstLevel]);
        assert_eq!((s.stage, s.next_at), (Stage::Failed, None));
        // Late, but somebody hears there.
        assert_eq!(
            step(&mut s, Happened::Confirmed, 2 * WAIT),
            [Effect::Resolve]
        );
    }

    #[test]
    fn mail_that_does_not_arrive_waits_for_nothing() {
        let mut s = raised(false, WAIT, 0);
        let told = step(&mut s, Happened::Undeliverable, 10);
        assert_eq!(told, [Effect::FirstLevel, Effect::Monitors]);
        assert_eq!((s.stage, s.next_at), (Stage::Escalated, None));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait() {
        let day = 86_400_000;
        let mut s = raised(false, WAIT, 10 * day);
        assert_eq!(step(&mut s, Happened::Time, 10 * day - 30_000), []);
        assert_eq!(
            step(&mut s, Happened::Time, 9 * day),
            [Effect::Call, Effect::FirstLevel]
        );
        assert_eq!(step(&mut s, Happened::Time, 9 * day + 1), []);
    }

    proptest! {
        #[test]
        fn each_step_comes_once_and_what_is_over_stays_over(
            test: bool,
            happened in proptest::collection::vec((0_usize..4, 0_i64..40), 0..40),
        ) {
            let mut s = raised(test, WAIT, 0);
            let (mut now, mut all) = (0, Vec::new());
            for (what, minutes) in happened {
                now += minutes * 60_000;
                let before = s.stage;
                let what = [
                    Happened::Time,
                    Happened::Confirmed,
                    Happened::Undeliverable,
                    Happened::Resolved,
                ][what];
                all.extend(step(&mut s, what, now));
                if matches!(before, Stage::Confirmed | Stage::Closed) {
                    prop_assert_eq!(s.stage, before);
                }
                prop_assert_eq!(Stage::parse(s.stage.key()), Some(s.stage));
            }
            for effect in [Effect::Call, Effect::FirstLevel, Effect::Monitors, Effect::Resolve] {
                prop_assert!(all.iter().filter(|e| **e == effect).count() <= 1);
            }
            prop_assert!(!test || !all.contains(&Effect::Call));
            prop_assert!(test || !all.contains(&Effect::Resolve));
            prop_assert!(s.next_at.is_none() || matches!(s.stage, Stage::Called | Stage::Again));
        }
    }
}
