//! Samples of reports.

use switchboard_core::TargetKind;
use switchboard_core::report::table::REPORTS;
use switchboard_core::report::{
    Answer, Bucket, Dimension, Figures, Point, Series, Spread, Step, Word,
};

use super::{DAY, HOUR, NOW, dial, s};
use crate::ui::figures::{FiguresPage, FiguresRow, HEADS};
use crate::ui::frame::{Errors, Frame, Here};
use crate::ui::plot::{AgePlot, LinePlot, SpreadPlot};
use crate::ui::reports::{
    CellView, FigureView, FilterView, ReportLink, ReportsPage, RowView, SavedRow,
};
use crate::ui::view::Choice;

impl FiguresPage {
    pub(crate) fn sample() -> FiguresPage {
        let row = |name: &str, values: [&str; 6]| FiguresRow {
            name: s(name),
            cells: HEADS.into_iter().zip(values.map(s)).collect(),
        };
        FiguresPage {
            frame: Frame::sample(),
            desk: s("Federation <b>"),
            licence: "CC BY 4.0",
            licence_href: "https://creativecommons.org/licenses/by/4.0/",
            fewest: 5,
            heads: HEADS.to_vec(),
            months: vec![
                row("2026-10", ["312", "298", "0.71", "2 d", "93.1 %", "2.4 %"]),
                row("2026-09", ["3", "4", "–", "–", "–", "–"]),
            ],
            services: vec![row(
                "Check-in & more",
                ["88", "80", "0.50", "1 d", "97.0 %", "0.0 %"],
            )],
        }
    }
}

const NAMES: [&str; 5] = [
    "B2SHARE <b>",
    "Check-in",
    "FedCloud",
    "Storage",
    "Notebooks",
];

fn answer() -> Answer {
    let rows = (1..).zip(NAMES).map(|(n, name)| {
        let mut figures = Figures {
            submitted: 50 / n,
            ..Figures::default()
        };
        let median = HOUR * i64::try_from(n).unwrap_or(1);
        figures.clocks[TargetKind::Response as usize].spread = Some(Spread {
            count: 50 / n,
            mean: median,
            median,
            p75: 2 * median,
            p95: 3 * median,
            max: 4 * median,
        });
        figures.clocks[TargetKind::Response as usize].target = Some(8 * HOUR);
        (Word::Text(s(name)), figures)
    });
    let rows: Vec<_> = rows.collect();
    let buckets: Vec<_> = (0..6)
        .map(|n| Bucket {
            from: NOW - (6 - n) * DAY,
            to: NOW - (5 - n) * DAY,
        })
        .collect();
    let series = rows.iter().map(|(word, figures)| Series {
        word: word.clone(),
        points: (1..=6)
            .map(|n| Point {
                submitted: figures.submitted / n,
                ..Point::default()
            })
            .collect(),
    });
    Answer {
        group: Dimension::Unit,
        series: series.collect(),
        total: Figures::default(),
        submitted_before: 0,
        ages: [
            [38, 22, 9, 0],
            [31, 27, 14, 0],
            [18, 24, 21, 0],
            [9, 17, 19, 0],
            [0, 6, 11, 0],
        ],
        rows,
        buckets,
    }
}

fn row(name: &str, mark: &'static str) -> RowView {
    let cell = |head, text: &str, href: &str, mark| CellView {
        head,
        text: s(text),
        href: s(href),
        mark,
    };
    RowView {
        name: s(name),
        cells: vec![
            cell("Submitted", "104", "/work?q=unit%3A%22a%22", ""),
            cell("Response, median", "1:06 h", "", ""),
            cell("Responses too late", "6", "", mark),
        ],
    }
}

fn filter(key: &'static str, label: &'static str) -> FilterView {
    FilterView {
        key,
        label,
        choices: Choice::list([("", "Any"), ("a", "One <b>")], "a"),
    }
}

impl ReportsPage {
    /// With every plot.
    pub(in crate::ui) fn sample() -> ReportsPage {
        let names: Vec<String> = NAMES.iter().map(|n| s(n)).collect();
        let answer = answer();
        let reports = REPORTS.iter().map(|r| ReportLink {
            title: r.title,
            href: format!("/reports?report={}&time=365", r.key),
            here: r.key == "overview",
        });
        let figure = |name, value: &str, small: &str| FigureView {
            name,
            value: s(value),
            small: s(small),
        };
        ReportsPage {
            frame: Frame::staff_sample(Here::Reports),
            title: REPORTS[0].title,
            about: REPORTS[0].about,
            range: s("28 October 2026 to 26 November 2026"),
            reports: reports.collect(),
            report: "overview",
            time: Choice::list([("", "Last 30 days"), ("days", "These days")], ""),
            from: String::new(),
            to: String::new(),
            filters: vec![filter("unit", "Unit"), filter("service", "Service")],
            more: vec![filter("status", "Status")],
            more_open: true,
            group: Choice::list([("unit", "Unit"), ("site", "Site")], "unit"),
            figures: vec![
                figure("Submitted", "512", "+9 %"),
                figure("Median lifetime", "2.4 d", ""),
            ],
            spread: SpreadPlot::of(&names, &answer),
            ages: AgePlot::of(&answer),
            lines: LinePlot::of(&names, &answer, Step::Day),
            by: s("By unit"),
            first: s("Unit"),
            heads: vec!["Submitted", "Response, median", "Responses too late"],
            rows: vec![row("Check-in <b>", "warn"), row("None", "")],
            total: Some(row("All", "")),
            opens: true,
            query: s("report=overview&time=365"),
            hidden: vec![("time", s("365"))],
            rhythms: Choice::list(
                [
                    ("never", "Not at all"),
                    ("weekly-csv", "Each Monday, as CSV"),
                ],
                "never",
            ),
            saved_title: s("Storage <b>"),
            saved: vec![
                SavedRow {
                    id: s("0190f3a0-0000-7000-8000-000000000007"),
                    title: s("Storage & its targets"),
                    href: s("/reports?report=overview&time=last-week&unit=storage"),
                    mailed: s("each Monday, as a workbook"),
                    next: Some(dial().moment(NOW + 40 * HOUR)),
                    trouble: String::new(),
                },
                SavedRow {
                    id: s("0190f3a0-0000-7000-8000-000000000008"),
                    title: s("Old unit"),
                    href: s("/reports?report=submitted"),
                    mailed: s("not mailed"),
                    next: None,
                    trouble: s("unit: there is no <unit>"),
                },
            ],
            errors: Errors::default(),
        }
    }

    /// Nothing happened.
    pub(in crate::ui) fn empty_sample() -> ReportsPage {
        ReportsPage {
            figures: Vec::new(),
            spread: None,
            ages: None,
            lines: None,
            rows: Vec::new(),
            total: None,
            opens: false,
            more_open: false,
            ..ReportsPage::sample()
        }
    }

    /// Something was wrong with what was asked.
    pub(in crate::ui) fn wrong_sample() -> ReportsPage {
        ReportsPage {
            errors: Errors::one("from", "Give a day as 2026-01-31."),
            from: s("yesterday"),
            ..ReportsPage::empty_sample()
        }
    }
}
