//! Clocks in marks: a colour, a ring and a word, which go on while the page stands.

use desk::ticket_clock::{ClockView, ClocksView};
use switchboard_core::clock::Due;
use switchboard_core::{Millis, Turn};

use super::time::Dial;
use super::view::{ClockMark, ClockTurns, TimeMark};
use super::workspace::NamedClock;

/// What is due first, as lists show it.
pub fn mark(due: &Due, dial: &Dial) -> ClockMark {
    // Between half and three quarters lies a quarter of the target, so it began about
    // two of those before.
    let began = due.half - 2 * (due.warn - due.half);
    drawn(due, began, dial)
}

/// What is due first of a whole list.
pub fn first(due: &Due, dial: &Dial) -> ClockMark {
    let mut mark = mark(due, dial);
    mark.words = format!("first: {}", mark.words);
    if let Some(turns) = &mut mark.turns {
        turns.late = format!("first: {}", turns.late);
    }
    mark
}

/// A running clock with its name and its target.
pub fn named(clock: &ClockView, dial: &Dial) -> NamedClock {
    NamedClock {
        name: match &clock.within {
            Some(within) => format!("{}, {within}", clock.kind.label()),
            None => clock.kind.label().to_owned(),
        },
        mark: clock.due.as_ref().map(|due| drawn(due, clock.since, dial)),
    }
}

/// Who holds the ball; `None`: nobody, the ticket is closed.
pub fn turn(clocks: &ClocksView, unit: &str, dial: &Dial) -> Option<(String, TimeMark)> {
    let who = match clocks.turn {
        Turn::Owner => unit.to_owned(),
        Turn::Requester => "The requester".to_owned(),
        Turn::Partner => format!("The partner, by way of {unit}"),
        Turn::Nobody => return None,
    };
    Some((who, dial.moment(clocks.turn_since)))
}

fn drawn(due: &Due, began: Millis, dial: &Dial) -> ClockMark {
    let moment = dial.moment(due.at);
    let late = format!("over since {}", moment.words);
    ClockMark {
        used: used(due, began, dial.now),
        words: if dial.now >= due.at {
            late.clone()
        } else {
            format!("due {}", moment.words)
        },
        turns: Some(ClockTurns {
            began,
            half: due.half,
            warn: due.warn,
            at: due.at,
            late,
            tip: format!("{}: due {}", due.clock.label(), moment.exact),
        }),
    }
}

/// Per cent of the target used. Exact where the colour changes; between, as if it were
/// always working time.
fn used(due: &Due, began: Millis, now: Millis) -> u32 {
    let part = |from: Millis, to: Millis, base: i64, share: i64| {
        let whole = (to - from).max(1);
        u32::try_from(base + share * (now - from).clamp(0, whole - 1) / whole).unwrap_or(0)
    };
    if now >= due.at {
        100
    } else if now >= due.warn {
        part(due.warn, due.at, 75, 25)
    } else if now >= due.half {
        part(due.half, due.warn, 50, 25)
    } else {
        part(began, due.half, 0, 50)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_core::TargetKind;

    #[test]
    fn the_share_is_exact_where_the_colour_changes() {
        let due = Due {
            clock: TargetKind::Response,
            half: 4_000,
            warn: 7_000,
            at: 9_000,
        };
        for (now, share) in [
            (-5, 0),
            (0, 0),
            (2_000, 25),
            (3_999, 49),
            (4_000, 50),
            (6_999, 74),
            (7_000, 75),
            (8_999, 99),
            (9_000, 100),
            (90_000, 100),
        ] {
            assert_eq!(used(&due, 0, now), share, "{now}");
        }
    }
}
