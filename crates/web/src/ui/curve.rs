//! The curve of a link: how far it lags each way, and what waits, over time. Where each
//! point lies is worked out here, drawn by the template; the words say the same.

use desk::exchange::curve::Over;
use store::curve::Point;
use switchboard_core::Millis;

use super::plot::{Mark, double, mark, place};
use super::time::{Dial, length};
use super::view::Choice;

/// Where the plot begins and ends, from the left.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 610.0;
/// Where its two parts begin and end, from above.
const LAG: (f64, f64) = (10.0, 110.0);
const BACKLOG: (f64, f64) = (140.0, 200.0);

/// "0.8 s", "50 s", "3 min", "2 h", "3 days".
pub fn lag_words(lag: Millis) -> String {
    match lag {
        ..=0 => "none".to_owned(),
        1..10_000 => format!("{:.1} s", double(lag) / 1_000.0),
        10_000..60_000 => format!("{} s", lag / 1_000),
        _ => length(lag),
    }
}

/// The curve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurvePlot {
    /// What it shows, in words.
    pub words: String,
    /// The lag of what comes.
    pub lag_in: String,
    /// The lag of what goes.
    pub lag_out: String,
    /// What waits.
    pub backlog: String,
    /// Marks of lag.
    pub lags: Vec<Mark>,
    /// Marks of what waits.
    pub waits: Vec<Mark>,
    /// When it begins and ends.
    pub from: String,
    /// The figures: term and words.
    pub figures: Vec<(&'static str, String)>,
}

/// A link of the exchange with its curve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurveView {
    /// The id of its heading.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The curve; `None`: nothing was noted yet.
    pub plot: Option<CurvePlot>,
}

/// The times over which curves can be shown, of which one is.
pub fn choices(over: Over) -> Vec<Choice> {
    Over::ALL
        .into_iter()
        .map(|one| Choice {
            chosen: one == over,
            ..Choice::new(one.key(), format!("Last {}", one.key()))
        })
        .collect()
}

/// The time that an address names.
pub fn over(word: &str) -> Over {
    let found = Over::ALL.into_iter().find(|o| o.key() == word);
    found.unwrap_or_default()
}

/// The unit in which lags up to the longest are marked: its milliseconds and its name.
fn unit(most: Millis) -> (f64, &'static str) {
    match most {
        ..120_000 => (1_000.0, "s"),
        120_000..7_200_000 => (60_000.0, "min"),
        7_200_000..172_800_000 => (3_600_000.0, "h"),
        _ => (86_400_000.0, "d"),
    }
}

/// Marks up to the most, where the last of them is, and how each is written.
fn marks(most: f64, smallest: f64, (top, base): (f64, f64), name: &str) -> (Vec<Mark>, f64) {
    let step = mark(most, smallest);
    let count = (most / step).ceil().max(1.0);
    let end = count * step;
    let decimals = usize::from(step < 1.0);
    let mut all = Vec::new();
    let mut n = 0.0;
    while n <= count {
        let value = n * step;
        let space = if name.is_empty() { "" } else { " " };
        all.push(Mark {
            at: place(base - (base - top) * value / end),
            text: format!("{value:.decimals$}{space}{name}"),
        });
        n += 1.0;
    }
    (all, end)
}

impl CurvePlot {
    /// The curve of a link, its oldest point first, at the time of the dial; `None`: there
    /// is no point.
    pub fn of(points: &[Point], over: Over, dial: &Dial) -> Option<CurvePlot> {
        let (long, span) = over.lengths();
        let begins = dial.now - long;
        let most = |value: fn(&Point) -> i64| points.iter().map(value).max();
        let lag_in = most(|p| p.lag_in)?;
        let (lag_out, backlog) = (most(|p| p.lag_out)?, most(|p| p.backlog)?);
        let longest = lag_in.max(lag_out).max(1_000);
        let (unit, name) = unit(longest);
        let (lags, lag_end) = marks(double(longest) / unit, 0.1, LAG, name);
        let (waits, wait_end) = marks(double(backlog.max(1)), 1.0, BACKLOG, "");
        let line = |value: fn(&Point) -> i64, unit: f64, end: f64, (top, base): (f64, f64)| {
            let mut path = String::new();
            let mut last: Option<Millis> = None;
            for point in points {
                let middle = double(point.at + span / 2 - begins) / double(long);
                let x = LEFT + (RIGHT - LEFT) * middle.clamp(0.0, 1.0);
                let y = base - (base - top) * (double(value(point)) / unit / end).min(1.0);
                // Where nothing was noted there is no line.
                let joined = last.is_some_and(|at| point.at - at <= span);
                let letter = if joined { 'L' } else { 'M' };
                path.push_str(&format!("{letter}{} {}", place(x), place(y)));
                if !joined {
                    // One alone is seen, too.
                    path.push_str("h0.1");
                }
                last = Some(point.at);
            }
            path
        };
        let changes = |value: fn(&Point) -> i64| points.iter().map(value).sum::<i64>();
        let (came, sent) = (changes(|p| p.came), changes(|p| p.sent));
        let figures = vec![
            ("Longest lag in", lag_words(lag_in)),
            ("Longest lag out", lag_words(lag_out)),
            ("Most that waited", backlog.to_string()),
            ("Changes that came", came.to_string()),
            ("Changes that went", sent.to_string()),
        ];
        Some(CurvePlot {
            words: format!(
                "Lag and backlog of the last {}: longest lag in {}, longest lag out {}, at most {backlog} waiting.",
                over.key(),
                lag_words(lag_in),
                lag_words(lag_out),
            ),
            lag_in: line(|p| p.lag_in, unit, lag_end, LAG),
            lag_out: line(|p| p.lag_out, unit, lag_end, LAG),
            backlog: line(|p| p.backlog, 1.0, wait_end, BACKLOG),
            lags,
            waits,
            from: dial.moment_words(begins),
            figures,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_795_689_720_000;
    const FIVE: Millis = 300_000;

    fn point(back: Millis, lag_in: Millis, lag_out: Millis, backlog: i64) -> Point {
        Point {
            at: NOW - back * FIVE,
            lag_in,
            lag_out,
            backlog,
            came: 1,
            sent: 2,
            ..Point::default()
        }
    }

    #[test]
    fn what_was_not_noted_is_a_gap_and_the_highest_is_on_a_mark() {
        let points = [
            point(200, 0, 500, 0),
            point(199, 0, 2_000, 4),
            point(100, 1_000, 0, 0),
        ];
        let plot = CurvePlot::of(&points, Over::Day, &Dial::utc(NOW)).unwrap();
        assert_eq!(plot.lag_out.matches('M').count(), 2, "{}", plot.lag_out);
        assert_eq!(plot.lag_out.matches('L').count(), 1);
        assert!(plot.lag_out.contains(" 10.0"), "{}", plot.lag_out);
        let ends = plot.lags.last().unwrap();
        assert_eq!((ends.at.as_str(), ends.text.as_str()), ("10.0", "2.0 s"));
        assert_eq!(plot.waits.last().unwrap().text, "4");
        assert!(
            plot.words.contains("longest lag out 2.0 s"),
            "{}",
            plot.words
        );
        assert!(plot.words.contains("at most 4 waiting"));
        assert_eq!(plot.figures[3], ("Changes that came", "3".to_owned()));
        assert_eq!(CurvePlot::of(&[], Over::Day, &Dial::utc(NOW)), None);
    }

    #[test]
    fn lags_are_marked_in_a_unit_that_is_read_at_a_glance() {
        let last = |lag: Millis| {
            let plot = CurvePlot::of(&[point(1, lag, 0, 0)], Over::Day, &Dial::utc(NOW)).unwrap();
            plot.lags.last().unwrap().text.clone()
        };
        assert_eq!(last(0), "1.0 s");
        assert_eq!(last(3_000_000), "50 min");
        assert_eq!(last(5 * 3_600_000), "5 h");
        assert_eq!(last(4 * 86_400_000), "4 d");
        let words = [0, 800, 50_000, 180_000].map(lag_words);
        assert_eq!(words, ["none", "0.8 s", "50 s", "3 min"]);
    }
}
