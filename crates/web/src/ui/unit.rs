//! `/units` and `/units/{key}`: who is responsible for what, and how to reach them.

use askama::Template;

use super::assets::Asset;
use super::frame::{Frame, Here, Room};
use super::text::Prose;
use super::view::{Chip, Icon, Lamp, Pages, PrioMark, Tone};

/// A unit in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRow {
    /// Its page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Level and purpose.
    pub text: String,
    /// Responsibles and size.
    pub small: String,
    /// "Retired", "First level".
    pub chips: Vec<Chip>,
}

/// All units.
#[derive(Debug, Clone, Template)]
#[template(path = "units.html")]
pub struct UnitsPage {
    /// Around it.
    pub frame: Frame,
    /// "25 units in three levels."
    pub words: String,
    /// What was searched for.
    pub query: String,
    /// The units found.
    pub rows: Vec<UnitRow>,
    /// The way to the others.
    pub pages: Pages,
}

/// A figure of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What.
    pub name: String,
    /// How much.
    pub value: String,
    /// "of 1 wd".
    pub small: String,
}

/// A member of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Full name.
    pub name: String,
    /// "Responsible", "Member".
    pub part: String,
    /// How many open tickets they own; empty: not the reader's to know.
    pub open: String,
}

/// A question that those who assign to the unit have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaqRow {
    /// What.
    pub question: String,
    /// The unit's word.
    pub answer: Prose,
}

/// What the unit promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quality {
    /// "Medium".
    pub chip: Chip,
    /// The response target of each priority.
    pub targets: Vec<(PrioMark, String)>,
}

/// One day of the calendar plot, in its own units: 260 wide from x = 40.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayPlot {
    /// "Mon".
    pub name: &'static str,
    /// Top of its bar.
    pub y: i32,
    /// Open stretches: left edge and width.
    pub open: Vec<(i32, i32)>,
    /// Where now is, when it is this day.
    pub now: Option<i32>,
}

/// When the unit works. Plot and words are made from the same data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarView {
    /// "Open now".
    pub lamp: Lamp,
    /// The plot in words.
    pub label: String,
    /// The plot.
    pub days: Vec<DayPlot>,
    /// Hours, zone, holidays.
    pub words: String,
}

impl CalendarView {
    /// The plot of a week: per day the open stretches in minutes after
    /// midnight, and now as day (0 is Monday) and minute.
    pub fn plot(week: &[Vec<(i32, i32)>; 7], now: Option<(usize, i32)>) -> Vec<DayPlot> {
        const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let x = |minute: i32| 40 + minute.clamp(0, 1440) * 260 / 1440;
        NAMES
            .iter()
            .zip(week)
            .zip((6..).step_by(19))
            .enumerate()
            .map(|(i, ((name, open), y))| DayPlot {
                name,
                y,
                open: open
                    .iter()
                    .map(|(from, to)| (x(*from), x(*to) - x(*from)))
                    .collect(),
                now: now.filter(|(day, _)| *day == i).map(|(_, minute)| x(minute)),
            })
            .collect()
    }
}

/// A unit.
#[derive(Debug, Clone, Template)]
#[template(path = "unit.html")]
pub struct UnitPage {
    /// Around it.
    pub frame: Frame,
    /// Its name.
    pub name: String,
    /// What it takes care of.
    pub purpose: String,
    /// 1, 2 or 3.
    pub level: i64,
    /// The unit above it.
    pub parent: Option<(String, String)>,
    /// Its tickets, for those who may see them.
    pub work_href: Option<String>,
    /// Who takes its tickets, when it is retired.
    pub successor: Option<(String, String)>,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Its people.
    pub members: Vec<MemberRow>,
    /// "4 people".
    pub members_words: String,
    /// How many open tickets each owns is shown.
    pub members_open: bool,
    /// What those who assign to it should know.
    pub faq: Vec<FaqRow>,
    /// How to reach it.
    pub reach: Vec<(String, String)>,
    /// Its services.
    pub services: Vec<(String, String)>,
    /// What it promises.
    pub quality: Option<Quality>,
    /// When it works.
    pub calendar: Option<CalendarView>,
    /// Words that lead to it.
    pub hints: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plot_of_a_week_follows_its_hours() {
        let work = vec![(540, 1020)];
        let week = [
            work.clone(),
            work.clone(),
            work.clone(),
            work.clone(),
            work,
            vec![],
            vec![],
        ];
        let days = CalendarView::plot(&week, Some((3, 762)));
        assert_eq!(days.len(), 7);
        assert_eq!(days[0].open, vec![(137, 87)]);
        assert_eq!(days[5].open, vec![]);
        assert_eq!(
            days.iter().map(|d| d.now).collect::<Vec<_>>(),
            [None, None, None, Some(177), None, None, None]
        );
    }
}
