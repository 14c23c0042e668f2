//! What was measured: as a table to read and as JSON to compare.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

/// One figure, with the same work by bare SQL beside it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    /// What.
    pub(crate) what: String,
    /// Its unit: `1/s`, `ms`, `MB`, `s`.
    pub(crate) unit: &'static str,
    /// A rate or size, or the median.
    pub(crate) product: f64,
    /// For times: 95 of 100 were faster.
    pub(crate) product_p95: Option<f64>,
    /// The same by bare SQL.
    pub(crate) bare: Option<f64>,
    /// The same by bare SQL.
    pub(crate) bare_p95: Option<f64>,
    /// Product by bare.
    pub(crate) ratio: Option<f64>,
    /// What is to be reached, and whether it was.
    pub(crate) goal: Option<(String, bool)>,
    /// What one should know.
    pub(crate) note: String,
}

impl Line {
    /// A single number.
    pub(crate) fn one(what: impl Into<String>, unit: &'static str, product: f64) -> Line {
        Line {
            what: what.into(),
            unit,
            product,
            product_p95: None,
            bare: None,
            bare_p95: None,
            ratio: None,
            goal: None,
            note: String::new(),
        }
    }

    /// Times in milliseconds.
    pub(crate) fn times(what: impl Into<String>, times: &Times) -> Line {
        Line {
            product_p95: Some(times.p95),
            ..Line::one(what, "ms", times.p50)
        }
    }

    /// Beside a rate or size.
    pub(crate) fn beside(mut self, bare: f64) -> Line {
        self.bare = Some(bare);
        self.ratio = Some(self.product / bare);
        self
    }

    /// Beside times.
    pub(crate) fn beside_times(mut self, bare: &Times) -> Line {
        self.bare_p95 = Some(bare.p95);
        self.beside(bare.p50)
    }

    /// With a goal.
    pub(crate) fn goal(mut self, words: &str, reached: bool) -> Line {
        self.goal = Some((words.to_owned(), reached));
        self
    }

    /// With a remark.
    pub(crate) fn note(mut self, text: impl Into<String>) -> Line {
        self.note = text.into();
        self
    }
}

/// Times of the same thing done often, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// Half were faster.
    pub(crate) p50: f64,
    /// 95 of 100 were faster.
    pub(crate) p95: f64,
}

impl Times {
    /// From each single time.
    pub(crate) fn of(mut all: Vec<f64>) -> Times {
        all.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = (all.len() as f64 * part) as usize;
            all.get(place.min(all.len().saturating_sub(1)))
                .copied()
                .unwrap_or(f64::NAN)
        };
        Times {
            p50: at(0.50),
            p95: at(0.95),
        }
    }
}

/// A whole run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// What was measured; database and number of tickets when it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    /// What stands in the columns beside the product's; `None`: there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) beside: Option<&'static str>,
    /// `sqlite` or `postgres`.
    pub(crate) database: &'static str,
    /// How many tickets there were at the beginning.
    pub(crate) tickets: usize,
    /// When, as epoch milliseconds.
    pub(crate) at: i64,
    /// The machine, in words.
    pub(crate) machine: Vec<String>,
    /// The figures.
    pub(crate) lines: Vec<Line>,
}

/// A database as people call it.
pub(crate) fn database_title(database: &str) -> &'static str {
    match database {
        "sqlite" => "SQLite",
        _ => "PostgreSQL",
    }
}

fn number(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v if v >= 1.0 => format!("{v:.2}"),
        0.0 => "0".to_owned(),
        v => format!("{v:.3}"),
    }
}

impl Report {
    /// The table.
    pub(crate) fn markdown(&self) -> String {
        let title = self.title.clone().unwrap_or_else(|| {
            let database = database_title(self.database);
            format!("{database} with {} tickets", self.tickets)
        });
        let mut text = format!("# {title}\n\n");
        for fact in &self.machine {
            let _ = writeln!(text, "- {fact}");
        }
        let (columns, rule) = match self.beside {
            Some(beside) => (format!(" {beside} p50 | p95 | ratio |"), "--:|--:|--:|"),
            None => (String::new(), ""),
        };
        let _ = writeln!(
            text,
            "\n| figure | unit | product p50 | p95 |{columns} to reach | note |\n\
             |---|---|--:|--:|{rule}---|---|"
        );
        let maybe = |v: Option<f64>| v.map(number).unwrap_or_default();
        for line in &self.lines {
            let goal = line
                .goal
                .as_ref()
                .map_or(String::new(), |(words, reached)| {
                    format!(
                        "{words}: {}",
                        if *reached { "reached" } else { "**missed**" }
                    )
                });
            let beside = self.beside.map_or(String::new(), |_| {
                let columns = [line.bare, line.bare_p95, line.ratio];
                columns.map(|v| format!(" {} |", maybe(v))).concat()
            });
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} |{beside} {goal} | {} |",
                line.what,
                line.unit,
                number(line.product),
                maybe(line.product_p95),
                line.note
            );
        }
        text
    }

    /// Writes `NAME.md` and `NAME.json` into a folder.
    ///
    /// # Errors
    /// When they can not be written.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join(format!("{name}.md")), self.markdown())?;
        let json = serde_json::to_vec_pretty(self)?;
        std::fs::write(folder.join(format!("{name}.json")), json)?;
        Ok(())
    }
}

/// What one must know of the machine to read the figures.
pub(crate) fn machine() -> Vec<String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = read("/proc/cpuinfo")
        .lines()
        .find_map(|l| l.strip_prefix("model name"))
        .map_or("unknown processor".to_owned(), |m| {
            m.trim_start_matches(['\t', ' ', ':']).to_owned()
        });
    let memory = read("/proc/meminfo")
        .lines()
        .find_map(|l| l.strip_prefix("MemTotal:"))
        .and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok())
        .unwrap_or(0.0);
    vec![
        format!("{cores} cores ({model}), {:.0} GB memory", memory / 1e6),
        format!("load average at the beginning: {}", load()),
    ]
}

/// The load average, as the system gives it.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let times = Times::of((1..=100).rev().map(f64::from).collect());
        assert_eq!((times.p50, times.p95), (51.0, 96.0));
    }
}
