//! `/admin/reads`: who opened which restricted ticket.

use askama::Template;
use axum::response::Response;
use desk::Error;
use desk::reads::Seen;
use store::ticket_read::Filter;
use switchboard_core::{Millis, TicketNumber};

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Room};
use crate::ui::time::Dial;
use crate::ui::view::{Icon, TimeMark};
use crate::ui::visit::{Visit, encode};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRow {
    /// When, the first time within a quarter of an hour.
    pub at: TimeMark,
    /// Who.
    pub who: String,
    /// The ticket.
    pub ticket: TicketNumber,
    /// Through what, in words.
    pub door: &'static str,
}

impl ReadRow {
    /// As it is shown.
    pub fn of(seen: Seen, dial: &Dial) -> ReadRow {
        ReadRow {
            at: dial.moment(seen.at),
            who: seen.name,
            ticket: seen.ticket,
            door: match seen.door.as_str() {
                "api" => "the API",
                "file" => "one of its files",
                "mail" => "a mail with its text",
                "export" => "an archive of a person's data",
                _ => "a page",
            },
        }
    }
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/reads.html")]
pub struct ReadsPage {
    /// Around it.
    pub frame: Frame,
    /// The number asked for.
    pub ticket: String,
    /// The address asked for.
    pub who: String,
    /// What was found, newest first.
    pub rows: Vec<ReadRow>,
    /// The way to what is older.
    pub older: Option<String>,
    /// What was wrong.
    pub errors: Errors,
}

/// Lines on a page.
const PAGE: i64 = 100;

/// `GET /admin/reads`.
pub async fn show(visit: Visit) -> Response {
    let result = list(&visit).await;
    visit.close(result).await
}

async fn list(visit: &Visit) -> Result<Response, Fault> {
    let actor = visit.admin()?;
    let (ticket, who) = (visit.query("ticket").trim(), visit.query("who").trim());
    let mut errors = Errors::default();
    let mut filter = Filter::default();
    if !ticket.is_empty() {
        match ticket.trim_start_matches('#').parse() {
            Ok(number) => filter.ticket = Some(TicketNumber(number)),
            Err(_) => errors = Errors::one("ticket", "Give a ticket's number."),
        }
    }
    if !who.is_empty() {
        match visit.desk.person_by_email(who).await {
            Ok(person) => filter.person = Some(person.id),
            Err(Error::Invalid { problem, .. }) => errors = Errors::one("who", problem),
            Err(Error::NotFound { .. }) => {
                errors = Errors::one("who", "Nobody here has this address.");
            }
            Err(other) => return Err(other.into()),
        }
    }
    filter.until = visit.query("before").parse::<Millis>().ok();
    let found = if errors.is_empty() {
        visit.desk.reads(actor, filter, PAGE).await?
    } else {
        Vec::new()
    };
    let older = (found.len() as i64 == PAGE)
        .then(|| found.last().map(|l| l.at))
        .flatten()
        .map(|at| {
            format!(
                "/admin/reads?ticket={}&who={}&before={at}",
                encode(ticket),
                encode(who)
            )
        });
    visit.page(&ReadsPage {
        ticket: ticket.to_owned(),
        who: who.to_owned(),
        rows: found
            .into_iter()
            .map(|s| ReadRow::of(s, &visit.dial))
            .collect(),
        older,
        errors,
        frame: visit.frame(Room::Staff, Here::Admin).await?,
    })
}
