//! `/work/{number}/clocks`, and `/tickets/{number}/clocks` for those who asked: what a
//! ticket's clocks measured, and who held it how long, for who checks it.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use switchboard_core::clock::Ending;
use switchboard_core::{Light, Millis};

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Frame, Here, Room};
use super::reports::hours;
use super::view::{Icon, PrioMark, TimeMark};
use super::visit::{Visit, number};

/// How long it was somebody's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRow {
    /// The word of scripts.
    pub key: &'static str,
    /// "Requester".
    pub who: String,
    /// "97:00 h".
    pub calendar: String,
    /// "16:00 h".
    pub working: String,
}

/// A run of a clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// The word of scripts.
    pub key: &'static str,
    /// "First human answer".
    pub clock: String,
    /// Who owed it.
    pub unit: String,
    /// The priority that counted.
    pub priority: PrioMark,
    /// When it began, in epoch milliseconds.
    pub since: Millis,
    /// The same for people.
    pub began: TimeMark,
    /// When it ended.
    pub ended: Option<TimeMark>,
    /// How it ended: "answered", "runs", "stands still".
    pub how: &'static str,
    /// Working time counted.
    pub used: String,
    /// "1 wd"; empty: not promised.
    pub target: String,
    /// When it was or is due.
    pub due: Option<TimeMark>,
    /// "kept", "missed"; empty: not promised, or nobody knows yet.
    pub verdict: &'static str,
}

/// The clocks of a ticket.
#[derive(Debug, Clone, Template)]
#[template(path = "ticket_clocks.html")]
pub struct TicketClocksPage {
    /// Around it.
    pub frame: Frame,
    /// The ticket's page.
    pub back: String,
    /// The ticket.
    pub number: i64,
    /// Whose turn it was, how long.
    pub held: Vec<HeldRow>,
    /// The runs, in the order in which they began.
    pub runs: Vec<RunRow>,
}

/// `GET /work/{number}/clocks`.
pub async fn show(visit: Visit, Path(text): Path<String>) -> Response {
    let result = page(&visit, &text, "/work", Room::Staff).await;
    visit.close(result).await
}

/// `GET /tickets/{number}/clocks`.
pub async fn show_public(visit: Visit, Path(text): Path<String>) -> Response {
    let result = page(&visit, &text, "/tickets", Room::Public).await;
    visit.close(result).await
}

async fn page(visit: &Visit, text: &str, base: &str, room: Room) -> Result<Response, Fault> {
    let number = number(text)?;
    let actor = if room == Room::Staff {
        visit.staff()?
    } else {
        visit.actor()?
    };
    let measured = visit.desk.measured(actor, number).await?;
    let held = measured.held.iter().map(|h| HeldRow {
        key: h.turn.key(),
        who: h.turn.label().to_owned(),
        calendar: hours(h.calendar),
        working: hours(h.working),
    });
    let runs = measured.legs.iter().map(|l| RunRow {
        key: l.leg.kind.key(),
        clock: l.leg.kind.label().to_owned(),
        unit: l.unit.name.clone(),
        priority: PrioMark::of(l.leg.priority),
        since: l.leg.from,
        began: visit.dial.date_time(l.leg.from),
        ended: l.leg.end.map(|(at, _)| visit.dial.date_time(at)),
        how: match l.leg.end {
            Some((_, how)) => words(how),
            None if l.figure.still => "stands still",
            None => "runs",
        },
        used: hours(l.figure.used),
        target: l.figure.within.map_or_else(String::new, |w| w.to_string()),
        due: l.figure.due.map(|at| visit.dial.date_time(at)),
        verdict: match (l.figure.light, l.leg.end) {
            (_, Some((_, Ending::Withdrawn))) | (None, _) => "",
            (Some(Light::Overdue), _) => "missed",
            (Some(_), Some(_)) => "kept",
            (Some(_), None) => "",
        },
    });
    let here = if room == Room::Staff {
        Here::Workspace
    } else {
        Here::MyTickets
    };
    visit.page(&TicketClocksPage {
        frame: visit.frame(room, here).await?,
        back: format!("{base}/{number}"),
        number: number.0,
        held: held.collect(),
        runs: runs.collect(),
    })
}

/// How a clock ended, in words.
fn words(how: Ending) -> &'static str {
    match how {
        Ending::Taken => "taken",
        Ending::HandedOn => "handed on",
        Ending::Answered => "answered",
        Ending::Updated => "updated",
        Ending::Solved => "solved",
        Ending::Withdrawn => "merged",
    }
}
