//! `/work/{number}/split`: some of a ticket's messages become a ticket of
//! their own.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::view::Conversation;
use switchboard_core::decide::Offer;
use switchboard_core::{Change, EntryId, EntryVisibility, TicketNumber};
use uuid::Uuid;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room, Undo};
use super::posted::Posted;
use super::view::{Icon, TimeMark};
use super::visit::{Visit, number};
use super::work_post::told;

/// A message that may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitRow {
    /// Its id.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub time: TimeMark,
    /// Its first words.
    pub words: String,
    /// It is an internal note.
    pub note: bool,
    /// It is ticked.
    pub chosen: bool,
}

/// The form.
#[derive(Debug, Clone, Template)]
#[template(path = "split.html")]
pub struct SplitPage {
    /// Around it.
    pub frame: Frame,
    /// The ticket that is split.
    pub number: i64,
    /// Its version.
    pub version: i64,
    /// Its subject.
    pub about: String,
    /// The new ticket's subject.
    pub subject: String,
    /// Its messages but the first.
    pub rows: Vec<SplitRow>,
    /// What was wrong.
    pub errors: Errors,
}

/// First words shown of a message.
const FIRST_WORDS: usize = 200;

/// `GET /work/{number}/split`.
pub async fn show(Path(text): Path<String>, visit: Visit) -> Response {
    let result = async {
        let number = number(&text)?;
        form(&visit, number, None).await
    }
    .await;
    visit.close(result).await
}

/// What was sent and could not be done.
struct Again {
    subject: String,
    chosen: Vec<String>,
    version: Option<String>,
    errors: Errors,
    status: StatusCode,
}

/// The messages that may go: the ticket's own but the first.
fn rows(visit: &Visit, conversation: &Conversation, chosen: &[String]) -> Vec<SplitRow> {
    let of_master = |id: EntryId| {
        conversation
            .events
            .iter()
            .any(|e| matches!(e.change, Change::MasterEntry { entry, .. } if entry == id))
    };
    conversation
        .entries
        .iter()
        .filter(|e| !of_master(e.id))
        .skip(1)
        .map(|entry| {
            let id = entry.id.to_string();
            SplitRow {
                chosen: chosen.contains(&id),
                id,
                author: entry.author_name.clone(),
                time: visit.dial.moment(entry.at),
                words: entry
                    .body
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
                    .chars()
                    .take(FIRST_WORDS)
                    .collect(),
                note: entry.visibility == EntryVisibility::Internal,
            }
        })
        .collect()
}

async fn form(
    visit: &Visit,
    number: TicketNumber,
    again: Option<Again>,
) -> Result<Response, Fault> {
    let actor = visit.staff()?;
    let conversation = visit.desk.conversation(actor, number).await?;
    if !conversation.ticket.access.staff_side() {
        return Err(
            Error::Forbidden("Only those who work on this ticket may split it.".into()).into(),
        );
    }
    if !conversation.offers.contains(&Offer::Split) {
        let notice = Notice::new(
            NoticeTone::Info,
            "There is nothing that can be split off it",
        );
        return visit.go(&format!("/work/{number}"), Some(notice));
    }
    let again = again.unwrap_or(Again {
        subject: String::new(),
        chosen: Vec::new(),
        version: None,
        errors: Errors::default(),
        status: StatusCode::OK,
    });
    let page = SplitPage {
        frame: visit.frame(Room::Staff, Here::Workspace).await?,
        number: number.0,
        version: again
            .version
            .and_then(|v| v.parse().ok())
            .unwrap_or(conversation.ticket.version),
        about: conversation.ticket.subject.clone(),
        subject: again.subject,
        rows: rows(visit, &conversation, &again.chosen),
        errors: again.errors,
    };
    visit.page_as(again.status, &page)
}

/// `POST /work/{number}/split`.
pub async fn act(Path(text): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        let number = number(&text)?;
        split(&posted, number).await
    }
    .await;
    posted.visit.close(result).await
}

async fn split(posted: &Posted, number: TicketNumber) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.staff()?;
    let chosen: Vec<String> = posted.all("entry").map(str::to_owned).collect();
    let entries: Vec<EntryId> = chosen
        .iter()
        .filter_map(|id| Uuid::try_parse(id).ok())
        .map(EntryId)
        .collect();
    let version = posted.text("version").parse::<i64>().ok();
    let subject = posted.text("subject");
    let result = if subject.is_empty() {
        Err(Error::invalid(
            "subject",
            "say in one line what the new ticket is about",
        ))
    } else if entries.is_empty() {
        Err(Error::invalid(
            "entries",
            "tick the messages that should go along",
        ))
    } else {
        visit
            .desk
            .split(actor, number, version, subject, entries)
            .await
    };
    let (errors, version, status) = match result {
        Ok(new) => {
            let notice = Notice::new(NoticeTone::Ok, format!("{new} was split off {number}"));
            let undo = Undo::Split {
                from: number.0,
                new: new.0,
            };
            return visit.go_undoable(&format!("/work/{new}"), notice, &undo);
        }
        Err(Error::Stale { .. }) => (
            Errors::one(
                "entries",
                "Somebody changed the ticket meanwhile. Look what is new, then split again.",
            ),
            None,
            StatusCode::CONFLICT,
        ),
        Err(error) => {
            let (field, problem) = told(error, "entries")?;
            let field = if field == "subject" {
                "subject"
            } else {
                "entries"
            };
            (
                Errors::one(field, problem),
                Some(posted.text("version").to_owned()),
                StatusCode::UNPROCESSABLE_ENTITY,
            )
        }
    };
    let again = Again {
        subject: subject.to_owned(),
        chosen,
        version,
        errors,
        status,
    };
    form(visit, number, Some(again)).await
}
