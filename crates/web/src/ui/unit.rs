//! `/units` and `/units/{key}`: who is responsible for what, and how to reach them.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Catalogue;
use store::unit::Unit;
use switchboard_core::unit::{Editor, editor};
use switchboard_core::{Priority, TargetKind};

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Frame, Here, Room};
use super::rota::DutyLine;
use super::text::{Prose, excerpt, prose};
use super::time::Dial;
use super::unit_form::day_line;
use super::unit_people::{Again, PeopleView, page_of};
use super::view::{Chip, Icon, Lamp, Pages, PrioMark, Tone};
use super::visit::{Visit, encode};

/// So many units are shown on one page.
const ROWS: usize = 100;

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
                now: now
                    .filter(|(day, _)| *day == i)
                    .map(|(_, minute)| x(minute)),
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
    /// Where those who may edit it do so.
    pub edit_href: Option<String>,
    /// When and how it supports, in its own words.
    pub support_hours: String,
    /// Who takes its tickets, when it is retired.
    pub successor: Option<(String, String)>,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Who is on duty, for support staff; `None`: it has no rota.
    pub duty: Option<DutyLine>,
    /// The page of its rota: for support staff where there is one, and for who may set one up.
    pub rota_href: Option<String>,
    /// Its people.
    pub people: PeopleView,
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

/// `GET /units`.
pub async fn list(visit: Visit) -> Response {
    let result = units(&visit).await;
    visit.close(result).await
}

async fn units(visit: &Visit) -> Result<Response, Fault> {
    let catalogue = visit.desk.catalogue().await?;
    let query = visit.query("q").trim();
    let words = query.to_lowercase();
    let found: Vec<&Unit> = catalogue
        .units
        .iter()
        .filter(|u| u.active || !words.is_empty())
        .filter(|u| {
            let text = format!("{} {} {}", u.name, u.description, u.category).to_lowercase();
            words.split_whitespace().all(|w| text.contains(w))
        })
        .collect();
    let from: usize = visit.query("from").parse().unwrap_or(0);
    let from = from.min(found.len());
    let to = (from + ROWS).min(found.len());
    let link = |from: usize| format!("/units?q={}&from={from}", encode(query));
    let pages = Pages {
        words: format!("{} to {to} of {}", (from + 1).min(to), found.len()),
        newer: (from > 0).then(|| link(from.saturating_sub(ROWS))),
        older: (to < found.len()).then(|| link(to)),
    };
    let rows = found[from..to].iter().map(|u| unit_row(u)).collect();
    let active = catalogue.units.iter().filter(|u| u.active).count();
    visit.page(&UnitsPage {
        frame: visit.frame(visit.room(), Here::Units).await?,
        words: format!("{active} units in three levels."),
        query: query.to_owned(),
        rows,
        pages,
    })
}

fn unit_row(unit: &Unit) -> UnitRow {
    let mut chips = Vec::new();
    if unit.first_level {
        chips.push(Chip::new(Tone::Info, "First level"));
    }
    if !unit.active {
        chips.push(Chip::new(Tone::Plain, "Retired"));
    }
    UnitRow {
        href: format!("/units/{}", encode(&unit.key)),
        name: unit.name.clone(),
        text: format!("Level {}. {}", unit.level, excerpt(&unit.description, 160)),
        small: unit.category.clone(),
        chips,
    }
}

/// `GET /units/{key}`.
pub async fn show(visit: Visit, Path(key): Path<String>) -> Response {
    let result = async { visit.page(&unit(&visit, &key, Again::default()).await?) }.await;
    visit.close(result).await
}

/// The page again, with what was wrong with a form on it.
pub(super) async fn again(
    visit: &Visit,
    key: &str,
    status: StatusCode,
    again: Again,
) -> Result<Response, Fault> {
    visit.page_as(status, &unit(visit, key, again).await?)
}

async fn unit(visit: &Visit, key: &str, again: Again) -> Result<UnitPage, Fault> {
    let catalogue = visit.desk.catalogue().await?;
    let looker = visit.looker();
    let page = visit.desk.unit_page(&looker, key).await?;
    let unit = &page.unit;
    let people = visit
        .desk
        .unit_people(&looker, unit.id, page_of(visit))
        .await?;
    let frame = visit.frame(visit.room(), Here::Units).await?;
    let people = PeopleView::of(visit, &frame, unit, people, page.by_owner.as_deref(), again);
    let link = |id| {
        catalogue
            .unit(id)
            .map(|u| (u.name.clone(), format!("/units/{}", encode(&u.key))))
    };
    let figure = |name: &str, value: i64| Figure {
        name: name.to_owned(),
        value: value.to_string(),
        small: String::new(),
    };
    let mut figures = vec![figure("Open", page.open)];
    if page.inside {
        figures.push(figure("Nobody’s yet", page.nobodys));
        figures.push(figure("Closed in 30 days", page.closed_30_days));
    }
    let works_there = visit.who.as_ref().is_some_and(|w| {
        w.actor.in_unit(unit.id).is_some() || w.actor.first_level() || w.actor.admin
    });
    let (mut duty, mut may_plan) = (None, false);
    if page.inside && unit.active {
        let view = visit.desk.rota(&looker, &unit.key).await?;
        duty = DutyLine::of(&view, &unit.name, &unit.key, &looker, &visit.dial);
        may_plan = view.may_plan;
    }
    let rota_href =
        (duty.is_some() || may_plan).then(|| format!("/units/{}/rota", encode(&unit.key)));
    Ok(UnitPage {
        frame,
        duty,
        rota_href,
        name: unit.name.clone(),
        purpose: unit.description.clone(),
        level: unit.level,
        parent: unit.parent.and_then(link),
        work_href: works_there.then(|| {
            let query = format!("status:open unit:{}", unit.key);
            format!("/work?q={}", encode(&query))
        }),
        edit_href: visit
            .who
            .as_ref()
            .and_then(|w| editor(&w.actor, unit.id))
            .map(|editor| match editor {
                Editor::Administrator => format!("/admin/units/{}", encode(&unit.key)),
                Editor::Responsible => format!("/units/{}/edit", encode(&unit.key)),
            }),
        support_hours: unit.doc.support_hours.clone(),
        successor: catalogue
            .heir(unit.id)
            .filter(|_| !unit.active)
            .map(|u| u.id)
            .and_then(link),
        figures,
        reach: reach(unit, &people, &catalogue, page.inside),
        people,
        faq: unit
            .doc
            .faq
            .iter()
            .map(|f| FaqRow {
                question: f.question.clone(),
                answer: prose(&f.answer),
            })
            .collect(),
        services: catalogue
            .services
            .iter()
            .filter(|s| s.unit == unit.id && s.active)
            .map(|s| (s.name.clone(), format!("/services?q={}", encode(&s.name))))
            .collect(),
        quality: quality(&catalogue, &unit.doc.qos),
        calendar: calendar(unit, visit.dial.now),
        hints: if page.inside { hints(unit) } else { Vec::new() },
    })
}

fn reach(
    unit: &Unit,
    people: &PeopleView,
    catalogue: &Catalogue,
    inside: bool,
) -> Vec<(String, String)> {
    let mut reach = Vec::new();
    if people.responsibles.is_empty() {
        reach.push(("Responsibles".to_owned(), "nobody named".to_owned()));
    }
    if let Some(mail) = &unit.email {
        reach.push(("Mailing list".to_owned(), mail.clone()));
    }
    if inside && !unit.doc.escalation.is_empty() {
        reach.push(("Escalation".to_owned(), unit.doc.escalation.clone()));
    } else if let Some(parent) = unit.parent.and_then(|id| catalogue.unit(id)) {
        reach.push(("Escalation".to_owned(), parent.name.clone()));
    }
    reach
}

fn hints(unit: &Unit) -> Vec<(String, String)> {
    unit.doc
        .hints
        .iter()
        .map(|h| {
            let strength = match h.weight {
                ..0 => "not us",
                0..=4 => "weak",
                5..=9 => "medium",
                _ => "strong",
            };
            (h.words.join(", "), strength.to_owned())
        })
        .collect()
}

/// The response targets of a quality of support (domain section 7).
fn quality(catalogue: &Catalogue, qos: &str) -> Option<Quality> {
    let quality = catalogue.targets.qualities.iter().find(|q| q.key == qos)?;
    let promise = quality.promise(TargetKind::Response);
    let words = |priority| {
        let within = promise.within(priority);
        within.map_or_else(|| "not promised".to_owned(), |w| w.to_string())
    };
    Some(Quality {
        chip: Chip::new(Tone::Info, quality.title.clone()),
        targets: Priority::ALL
            .into_iter()
            .map(|p| (PrioMark::of(p), words(p)))
            .collect(),
    })
}

/// When the unit works, in its own time zone.
fn calendar(unit: &Unit, now: i64) -> Option<CalendarView> {
    let hours = unit.doc.working_week()?;
    let zone = if unit.doc.time_zone.is_empty() {
        "UTC"
    } else {
        &unit.doc.time_zone
    };
    let dial = Dial::in_zone(now, zone);
    let (day, minute) = dial.weekday_minute();
    let mut week: [Vec<(i32, i32)>; 7] = Default::default();
    for (plot, open) in week.iter_mut().zip(hours.days()) {
        for (from, to) in open {
            plot.push((i32::try_from(*from).ok()?, i32::try_from(*to).ok()?));
        }
    }
    let today = dial.date();
    let closed = |h: &&store::unit::Holiday| h.date == today && h.hours.is_empty();
    let holiday = unit.doc.holidays.iter().any(|h| closed(&h));
    let open = unit.doc.calendar().is_open(now);
    let clock = |m: u32| format!("{:02}:{:02}", m / 60, m % 60);
    let words = match hours.one_stretch() {
        Some((from, to)) => format!("Monday to Friday, {} to {}", clock(from), clock(to)),
        None => hours.to_string(),
    };
    let mut next: Vec<_> = unit
        .doc
        .holidays
        .iter()
        .filter(|h| h.date >= today)
        .collect();
    next.sort_by(|a, b| a.date.cmp(&b.date));
    let next: Vec<String> = next.iter().take(3).map(|h| day_line(h)).collect();
    let holidays = if next.is_empty() {
        String::new()
    } else {
        format!(" Next holidays: {}.", next.join(", "))
    };
    Some(CalendarView {
        lamp: Lamp {
            state: if open { "" } else { "off" },
            words: match (open, holiday) {
                (true, _) => "Open now",
                (false, true) => "Closed, a holiday",
                (false, false) => "Closed now",
            }
            .to_owned(),
        },
        label: format!("Open: {words}. Closed otherwise."),
        days: CalendarView::plot(&week, Some((day, minute))),
        words: format!("{words}, {zone}.{holidays} A working day (wd) is 8 of these hours."),
    })
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
