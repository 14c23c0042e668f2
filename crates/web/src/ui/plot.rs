//! Plots of reports: where what stands is worked out here, drawn by the template.
//!
//! Each says in words what it shows, from the same figures, and a table stands near.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use switchboard_core::report::{AGES, Answer, Bucket, Step};
use switchboard_core::{Millis, TargetKind, Turn};

const HOUR_MS: f64 = 3_600_000.0;

/// A number with one decimal, as SVG takes it.
pub(super) fn place(value: f64) -> String {
    format!("{value:.1}")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a place on a plot needs no more digits than a double has"
)]
pub(super) fn double(value: impl Into<i128>) -> f64 {
    value.into() as f64
}

/// A value between two marks of an axis: 1, 2, 5, 10, 20, 50 … so that there are about
/// four.
pub(super) fn mark(most: f64, smallest: f64) -> f64 {
    let mut step = smallest;
    for factor in [2.0, 2.5, 2.0].iter().cycle().take(40) {
        if most / step <= 5.0 {
            break;
        }
        step *= factor;
    }
    step
}

/// A mark on an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Where.
    pub at: String,
    /// What stands there.
    pub text: String,
}

/// A line of the plot of response times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpreadRow {
    /// Of what.
    pub name: String,
    /// Its middle, from above.
    pub y: i64,
    /// Its text's line.
    pub text_y: i64,
    /// The upper end of its marks.
    pub top: i64,
    /// The lower end.
    pub bottom: i64,
    /// Where the median lies.
    pub median: String,
    /// Where 75 % lie.
    pub p75: String,
    /// Where 95 % lie.
    pub p95: String,
    /// Where the target lies.
    pub target: Option<String>,
}

/// Response times of those with the most of them, against their targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpreadPlot {
    /// What it shows, in words.
    pub words: String,
    /// How high it is.
    pub height: i64,
    /// Where the axis ends.
    pub base: i64,
    /// Where its marks are named.
    pub axis: i64,
    /// Marks of hours.
    pub marks: Vec<Mark>,
    /// The lines.
    pub rows: Vec<SpreadRow>,
}

impl SpreadPlot {
    /// The plot of an answer; `None`: no response ended.
    pub fn of(names: &[String], answer: &Answer) -> Option<SpreadPlot> {
        let mut all: Vec<_> = names
            .iter()
            .zip(&answer.rows)
            .filter_map(|(name, (_, figures))| {
                let clock = figures.clock(TargetKind::Response);
                Some((name, clock.spread?, clock.target))
            })
            .collect();
        all.sort_by_key(|(_, spread, _)| std::cmp::Reverse(spread.count));
        all.truncate(8);
        let hours = |millis: Millis| double(millis) / HOUR_MS;
        let most = all
            .iter()
            .map(|(_, spread, target)| spread.p95.max(target.unwrap_or(0)))
            .max()?;
        let most = hours(most).max(0.1);
        let step = mark(most, 0.1);
        let end = (most / step).ceil() * step;
        let x = |value: f64| place(150.0 + 450.0 * value / end);
        let count = i64::try_from(all.len()).unwrap_or(8);
        let base = 4 + 30 * count;
        let marks = (0..=(end / step).round() as u32).map(|n| {
            let value = f64::from(n) * step;
            let decimals = usize::from(step < 1.0);
            Mark {
                at: x(value),
                text: format!("{value:.decimals$} h"),
            }
        });
        let late: Vec<String> = all
            .iter()
            .filter(|(_, spread, target)| target.is_some_and(|t| spread.p95 >= t))
            .map(|(name, spread, target)| {
                let target = target.map_or(0.0, hours);
                format!("{name} {:.1} of {target:.1}", hours(spread.p95))
            })
            .collect();
        let late = match late.is_empty() {
            true => "None is above its target at 95 per cent.".to_owned(),
            false => format!("Above target at 95 per cent: {}.", late.join(", ")),
        };
        let rows = (0..).zip(&all).map(|(n, (name, spread, target))| {
            let y = 18 + 30 * n;
            SpreadRow {
                name: short(name, 22),
                y,
                text_y: y + 4,
                top: y - 10,
                bottom: y + 10,
                median: x(hours(spread.median)),
                p75: x(hours(spread.p75)),
                p95: x(hours(spread.p95)),
                target: target.map(|t| x(hours(t))),
            }
        });
        Some(SpreadPlot {
            words: format!(
                "Response time in working hours: median, 75 and 95 per cent, against the target. {late}"
            ),
            height: base + 24,
            base,
            axis: base + 16,
            marks: marks.collect(),
            rows: rows.collect(),
        })
    }
}

/// A name that fits beside a plot.
fn short(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let head: String = name.chars().take(most - 1).collect();
    format!("{}…", head.trim_end())
}

/// A stretch of a bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its class.
    pub class: &'static str,
    /// Where it begins.
    pub x: String,
    /// How long it is.
    pub width: String,
    /// Where its number stands; empty: there is no room.
    pub text_x: String,
    /// The class of its number.
    pub text_class: &'static str,
    /// How many.
    pub count: u64,
}

/// A bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgeRow {
    /// How old.
    pub name: &'static str,
    /// Its upper edge.
    pub y: i64,
    /// Its text's line.
    pub text_y: i64,
    /// By whose turn it is.
    pub parts: Vec<Part>,
    /// Where all of them are named.
    pub end: String,
    /// All of them.
    pub count: u64,
}

/// What is open, by age and by whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgePlot {
    /// What it shows, in words.
    pub words: String,
    /// All of them.
    pub open: u64,
    /// The bars.
    pub rows: Vec<AgeRow>,
}

impl AgePlot {
    /// The plot of an answer; `None`: nothing is open.
    pub fn of(answer: &Answer) -> Option<AgePlot> {
        let sums: Vec<u64> = answer.ages.iter().map(|row| row.iter().sum()).collect();
        let open: u64 = sums.iter().sum();
        let most = sums.iter().max().copied().filter(|most| *most > 0)?;
        let width = |count: u64| 440.0 * double(count) / double(most);
        let said: Vec<String> = AGES
            .iter()
            .zip(&sums)
            .map(|((_, name), sum)| format!("{name} {sum}"))
            .collect();
        let rows = (0..)
            .zip(AGES.iter().zip(&answer.ages))
            .map(|(n, ((_, name), turns))| {
                let y = 6 + 36 * n;
                let mut x = 100.0;
                let mut parts = Vec::new();
                // Whoever's turn is not known yet is taken for a unit.
                let of = |turn: Turn| turns[turn as usize];
                for (class, text_class, count) in [
                    ("f1", "on-f1", of(Turn::Owner) + of(Turn::Nobody)),
                    ("fs", "on-fs", of(Turn::Requester)),
                    ("f2", "on-f2", of(Turn::Partner)),
                ] {
                    if count == 0 {
                        continue;
                    }
                    let length = width(count);
                    let roomy = length >= 8.0 * double(count.to_string().len() as u64) + 8.0;
                    parts.push(Part {
                        class,
                        x: place(x),
                        width: place((length - 2.0).max(1.0)),
                        text_x: match roomy {
                            true => place(x + length / 2.0 - 1.0),
                            false => String::new(),
                        },
                        text_class,
                        count,
                    });
                    x += length;
                }
                AgeRow {
                    name,
                    y,
                    text_y: y + 16,
                    parts,
                    end: place(x + 8.0),
                    count: turns.iter().sum(),
                }
            });
        Some(AgePlot {
            words: format!(
                "Open tickets by age and by whose turn it is: {}.",
                said.join(", ")
            ),
            open,
            rows: rows.collect(),
        })
    }
}

/// A line over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    /// Its class: `l1` to `l4`.
    pub line: &'static str,
    /// The class of its last point.
    pub dot: &'static str,
    /// Its path.
    pub path: String,
    /// Where it ends.
    pub x: String,
    /// Where it ends, from above.
    pub y: String,
    /// Its name's line.
    pub text_y: String,
    /// Of what.
    pub name: String,
}

/// What came over time, of those of whom the most came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePlot {
    /// What it shows, in words.
    pub words: String,
    /// "submitted per month".
    pub about: String,
    /// Marks of how many.
    pub marks: Vec<Mark>,
    /// Marks of when.
    pub times: Vec<Mark>,
    /// The lines.
    pub lines: Vec<LineRow>,
}

/// When a stretch begins, in words that fit below a plot.
fn stretch(step: Step, bucket: &Bucket) -> String {
    let at = Timestamp::from_millisecond(bucket.from).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = TimeZone::UTC.to_datetime(at);
    let form = match step {
        Step::Month => "%b",
        Step::Day | Step::Week => "%-d %b",
    };
    at.strftime(form).to_string()
}

impl LinePlot {
    /// The plot of an answer; `None`: there are not two stretches, or nothing came.
    pub fn of(names: &[String], answer: &Answer, step: Step) -> Option<LinePlot> {
        let count = answer.buckets.len();
        if count < 2 {
            return None;
        }
        let four: Vec<_> = names.iter().zip(&answer.series).take(4).collect();
        let most = four
            .iter()
            .flat_map(|(_, series)| series.points.iter().map(|p| p.submitted))
            .max()
            .filter(|most| *most > 0)?;
        let step_y = mark(double(most), 1.0);
        let top = (double(most) / step_y).ceil() * step_y;
        let y = |value: f64| 222.0 - 191.0 * value / top;
        let x = |n: usize| 34.0 + 1_096.0 * double(n as u64) / double((count - 1) as u64);
        let marks = (0..=(top / step_y).round() as u32).map(|n| {
            let value = f64::from(n) * step_y;
            Mark {
                at: place(y(value)),
                text: format!("{value:.0}"),
            }
        });
        let every = count.div_ceil(12);
        let times = answer.buckets.iter().enumerate();
        let times = times.step_by(every).map(|(n, bucket)| Mark {
            at: place(x(n)),
            text: stretch(step, bucket),
        });
        const CLASSES: [(&str, &str); 4] = [("l1", "f1"), ("l2", "f2"), ("l3", "f3"), ("l4", "f4")];
        let mut taken: Vec<f64> = Vec::new();
        let mut said = Vec::new();
        let mut lines = Vec::new();
        for ((name, series), (line, dot)) in four.iter().zip(CLASSES) {
            let mut path = String::new();
            for (n, point) in series.points.iter().enumerate() {
                let letter = if n == 0 { 'M' } else { 'L' };
                path.push_str(&format!(
                    "{letter}{:.1} {:.1}",
                    x(n),
                    y(double(point.submitted))
                ));
            }
            let end = series.points.last().map_or(0, |p| p.submitted);
            let at = y(double(end));
            // Names of lines that end close together make room for each other.
            let mut text = at;
            while taken.iter().any(|other| (other - text).abs() < 13.0) {
                text -= 13.0;
            }
            taken.push(text);
            let most = series.points.iter().map(|p| p.submitted).max().unwrap_or(0);
            said.push(format!("{name} at most {most}, {end} in the last"));
            lines.push(LineRow {
                line,
                dot,
                path,
                x: place(x(count - 1)),
                y: place(at),
                text_y: place(text + 4.0),
                name: short(name, 13),
            });
        }
        Some(LinePlot {
            words: format!("Tickets submitted per {}: {}.", step.key(), said.join("; ")),
            about: format!("submitted per {}", step.key()),
            marks: marks.collect(),
            times: times.collect(),
            lines,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_core::report::{Dimension, Figures, Point, Series, Spread, Word};

    fn answer() -> Answer {
        let mut figures = Figures::default();
        let clock = &mut figures.clocks[TargetKind::Response as usize];
        clock.spread = Some(Spread {
            count: 3,
            mean: 3_600_000,
            median: 3_600_000,
            p75: 7_200_000,
            p95: 36_000_000,
            max: 36_000_000,
        });
        clock.target = Some(28_800_000);
        let word = Word::Text("a".into());
        let point = |submitted| Point {
            submitted,
            ..Point::default()
        };
        Answer {
            group: Dimension::Site,
            rows: vec![(word.clone(), figures.clone())],
            total: figures,
            submitted_before: 0,
            buckets: vec![Bucket { from: 0, to: 1 }, Bucket { from: 1, to: 2 }],
            series: vec![Series {
                word,
                points: vec![point(4), point(8)],
            }],
            ages: [[3, 1, 0, 0], [0; 4], [0; 4], [0; 4], [0, 0, 2, 0]],
        }
    }

    #[test]
    fn what_is_later_than_its_target_lies_behind_it_and_is_named() {
        let plot = SpreadPlot::of(&["Storage".into()], &answer()).unwrap();
        let row = &plot.rows[0];
        assert_eq!(row.median, "195.0");
        assert_eq!(
            (row.target.as_deref(), row.p95.as_str()),
            (Some("510.0"), "600.0")
        );
        assert!(
            plot.words.ends_with("Storage 10.0 of 8.0."),
            "{}",
            plot.words
        );
    }

    #[test]
    fn bars_are_as_long_as_what_they_count() {
        let plot = AgePlot::of(&answer()).unwrap();
        assert_eq!(plot.open, 6);
        let parts = &plot.rows[0].parts;
        assert_eq!((parts[0].count, parts[0].width.as_str()), (3, "328.0"));
        assert_eq!((parts[1].count, parts[1].x.as_str()), (1, "430.0"));
        assert_eq!(plot.rows[4].parts[0].class, "f2");
        let nothing = Answer {
            ages: [[0; 4]; 5],
            ..answer()
        };
        assert_eq!(AgePlot::of(&nothing), None);
    }

    #[test]
    fn lines_end_where_their_last_stretch_is() {
        let plot = LinePlot::of(&["Storage".into()], &answer(), Step::Day).unwrap();
        assert_eq!(plot.lines[0].path, "M34.0 126.5L1130.0 31.0");
        let marks: Vec<_> = plot.marks.iter().map(|m| m.text.as_str()).collect();
        assert_eq!(marks, ["0", "2", "4", "6", "8"]);
    }
}
