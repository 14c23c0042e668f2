//! The example of `docs/worked-example.md`, played through the rules: what was
//! computed there by hand is what comes out here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use switchboard_core::clock::{Clocks, Ended, Happened, Leg, Slice, Terms, UnitTerms};
use switchboard_core::working_time::Calendar;
use switchboard_core::{
    Change, Command, Facts, Millis, NewTicket, Priority, TargetKind, TargetSet, Ticket,
    TicketNumber, Turn, UnitId, Week,
};

use crate::world::{
    COMPUTING, FIRST, KERNEL, STORAGE, World, ada, ann, assign, coy, facts, fay, question, sam,
    solve, wait,
};

const DOCUMENT: &str = include_str!("../../../../docs/worked-example.md");

/// The rows of the table that has this header, each by the name of the column.
fn table(header: &str) -> Vec<BTreeMap<&'static str, &'static str>> {
    let cells = |line: &'static str| -> Vec<&'static str> {
        let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
        inner.split('|').map(str::trim).collect()
    };
    let mut lines = DOCUMENT
        .lines()
        .skip_while(|line| !line.starts_with(header));
    let names = cells(lines.next().unwrap());
    let rows: Vec<_> = lines
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let row = cells(line);
            assert_eq!(row.len(), names.len(), "{line}");
            names.iter().copied().zip(row).collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no rows below {header}");
    rows
}

fn unit(name: &str) -> UnitId {
    match name {
        "First level" => FIRST,
        "Storage" => STORAGE,
        "Archive" => COMPUTING,
        "Tapes" => KERNEL,
        other => panic!("no unit {other}"),
    }
}

/// `2026-10-23 13:00`, in UTC.
fn moment(text: &str) -> Millis {
    let (day, time) = text.split_once(' ').unwrap();
    let at: Timestamp = format!("{day}T{time}:00Z").parse().unwrap();
    at.as_millisecond()
}

/// `23:30`: hours and minutes.
fn hours(text: &str) -> Millis {
    let (hours, minutes) = text.split_once(':').unwrap();
    let (hours, minutes): (Millis, Millis) = (hours.parse().unwrap(), minutes.parse().unwrap());
    (hours * 60 + minutes) * 60_000
}

/// When and how well the units of the example work.
fn terms() -> Terms {
    let units = table("| unit | time zone")
        .iter()
        .map(|row| {
            let week = Week::parse(row["hours"]).unwrap();
            let holidays = row["holidays"].split_whitespace();
            let terms = UnitTerms {
                calendar: Calendar::new(row["time zone"], Some(week), holidays),
                quality: row["quality"].to_owned(),
                partner: row["stands for a partner"] == "yes",
            };
            (unit(row["unit"]), terms)
        })
        .collect();
    let mut targets = TargetSet::shipped();
    for quality in &mut targets.qualities {
        let solution = quality.promises.get_mut(&TargetKind::Solution).unwrap();
        solution.medium = "3 wd".parse().ok();
    }
    targets.check().unwrap();
    Terms::new(units, targets)
}

/// The story's events.
fn story() -> Vec<(Change, Millis)> {
    let mut w = World::new();
    let mut told = Vec::new();
    let mut ticket = TicketNumber(0);
    for row in table("| step |") {
        let at = moment(row["when (UTC)"]);
        let seen = w.events.len();
        // One thing after another may happen in the same moment.
        let deeds: Vec<(Command, _)> = match row["step"] {
            "1" => {
                w.now = at;
                let new = NewTicket {
                    facts: Facts {
                        affected_users: 10,
                        ..facts()
                    },
                    ..question(1)
                };
                ticket = w.try_open(new, &ann()).unwrap();
                Vec::new()
            }
            "2" => vec![(assign(unit("Storage")), fay())],
            "3" | "7" => vec![(
                Command::Start,
                if row["step"] == "3" { sam() } else { coy() },
            )],
            "4" => vec![(w.reply(), sam()), (wait(), sam())],
            "5" => vec![(w.reply(), ann())],
            "6" => vec![(assign(unit("Archive")), sam())],
            "8" => vec![(assign(unit("Tapes")), coy())],
            "9" => vec![(assign(unit("Archive")), ada())],
            "10" => vec![
                (Command::Start, coy()),
                (w.reply(), coy()),
                (solve(), coy()),
            ],
            "12" => vec![(w.reply(), coy()), (solve(), coy())],
            "11" => vec![(w.reopen(), ann())],
            "13" => vec![(Command::Verify, ann())],
            other => panic!("a step more than the story has: {other}"),
        };
        for (command, actor) in deeds {
            w.now = at - 1_000;
            w.must(ticket, command, &actor);
        }
        told.extend(
            w.events[seen..]
                .iter()
                .map(|(caused, at)| (caused.change.clone(), *at)),
        );
    }
    told
}

fn clocks() -> (Clocks, Ended) {
    let told = story();
    Clocks::replay(
        told.iter()
            .map(|(change, at)| (Happened::Change(change), *at)),
    )
    .unwrap()
}

/// A row of the table of clocks.
type Row = (
    TargetKind,
    UnitId,
    Millis,
    Millis,
    String,
    Millis,
    String,
    Option<Millis>,
    bool,
);

#[test]
fn the_clocks_show_what_was_computed_by_hand() {
    let terms = terms();
    let (clocks, ended) = clocks();
    assert!(clocks.running().is_empty());
    let shown = |leg: &Leg| -> Row {
        assert_eq!(leg.priority, Priority::Medium);
        // It ended long ago, so it does not matter when somebody looks.
        let figure = leg.figure(&terms, 4_000_000_000_000);
        assert_eq!(figure, leg.figure(&terms, 0));
        let (end, how) = leg.end.unwrap();
        (
            leg.kind,
            leg.unit,
            leg.from,
            end,
            how.key().to_owned(),
            figure.used,
            figure.within.unwrap().to_string(),
            figure.due,
            !figure.is_overdue(),
        )
    };
    let mut shown: Vec<Row> = ended.legs.iter().map(shown).collect();
    let mut written: Vec<Row> = table("| clock | unit")
        .iter()
        .map(|row| {
            (
                TargetKind::parse(row["clock"]).unwrap(),
                unit(row["unit"]),
                moment(row["began (UTC)"]),
                moment(row["ended (UTC)"]),
                row["how"].to_owned(),
                hours(row["counted"]),
                row["target"].to_owned(),
                Some(row["due (UTC)"])
                    .filter(|due| !due.is_empty())
                    .map(moment),
                row["kept"] == "yes",
            )
        })
        .collect();
    shown.sort();
    written.sort();
    assert_eq!(shown, written);
    // "Amber from 18:00 on", 16:30 in New York.
    let solution = ended.legs.iter().find(|l| l.kind == TargetKind::Solution);
    let warn = solution.unwrap().figure(&terms, 0).warn;
    assert_eq!(warn, Some(moment("2026-10-29 20:30")));
}

#[test]
fn each_side_held_the_ball_as_long_as_was_computed_by_hand() {
    let terms = terms();
    let (clocks, ended) = clocks();
    assert_eq!(clocks.turn().turn, Turn::Nobody);
    let turns: Vec<Slice> = ended.turns.clone();
    let mut all = 0;
    for row in table("| whose turn |") {
        let turn = Turn::parse(row["whose turn"]).unwrap();
        let held = terms.held(&turns, turn, clocks.turn().from);
        let written = (
            hours(row["hours by the calendar"]),
            hours(row["working hours of the unit"]),
        );
        assert_eq!(held, written, "{turn:?}");
        all += held.0;
    }
    let (first, last) = (turns[0].from, clocks.turn().from);
    assert_eq!(all, last - first);
    // The sentences around the tables.
    assert!(DOCUMENT.contains(&format!("it is {} hours by the calendar", all / 3_600_000)));
    let ticket = Ticket::replay(story()).unwrap();
    let lifetime = ticket.solution.unwrap().at - ticket.created_at;
    assert!(DOCUMENT.contains(&format!("**{}:00** by the calendar", lifetime / 3_600_000)));
}

#[test]
fn the_times_there_are_those_of_the_places_named() {
    for row in table("| step |") {
        let at = Timestamp::from_millisecond(moment(row["when (UTC)"])).unwrap();
        let mut day = None;
        for place in row["there"].split(", ") {
            let zone = match place {
                p if p.ends_with("Prague") => "Europe/Prague",
                p if p.ends_with("New York") => "America/New_York",
                other => panic!("where is {other}?"),
            };
            let there = at.in_tz(zone).unwrap();
            let words: Vec<&str> = place.split(' ').collect();
            let named = words[0].chars().next().unwrap().is_alphabetic();
            if named {
                day = Some(words[0]);
                assert_eq!(words[0], there.strftime("%a").to_string(), "{place}");
            }
            assert_eq!(
                words[usize::from(named)],
                there.strftime("%H:%M").to_string(),
                "{place}"
            );
        }
        assert!(day.is_some());
    }
}
