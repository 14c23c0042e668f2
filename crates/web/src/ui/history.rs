//! `/work/{number}/history`, and `/tickets/{number}/history` for those who
//! asked: one row per changed field.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Frame, Here, Room};
use super::view::{Icon, Pages, TimeMark};
use super::visit::{Visit, number};
use super::words::{Namer, channel_words};

/// A changed field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// When.
    pub time: TimeMark,
    /// Who.
    pub who: String,
    /// "by web", "by mail".
    pub channel: String,
    /// "status".
    pub field: String,
    /// Before.
    pub old: String,
    /// After.
    pub new: String,
    /// Why.
    pub why: String,
}

/// The history of a ticket.
#[derive(Debug, Clone, Template)]
#[template(path = "history.html")]
pub struct HistoryPage {
    /// Around it.
    pub frame: Frame,
    /// The ticket's page.
    pub back: String,
    /// The ticket.
    pub number: i64,
    /// One line.
    pub subject: String,
    /// Its changes, oldest first.
    pub rows: Vec<HistoryRow>,
    /// Whom the desk told of them: "Ilona Novák: sent"; support side only.
    pub told: Vec<String>,
    /// The way to the others.
    pub pages: Pages,
}

/// `GET /work/{number}/history`.
pub async fn show(visit: Visit, Path(text): Path<String>) -> Response {
    let result = list(&visit, &text, "/work", Room::Staff).await;
    visit.close(result).await
}

/// `GET /tickets/{number}/history`.
pub async fn show_public(visit: Visit, Path(text): Path<String>) -> Response {
    let result = list(&visit, &text, "/tickets", Room::Public).await;
    visit.close(result).await
}

async fn list(visit: &Visit, text: &str, base: &str, room: Room) -> Result<Response, Fault> {
    let number = number(text)?;
    let actor = if room == Room::Staff {
        visit.staff()?
    } else {
        visit.actor()?
    };
    let catalogue = visit.desk.catalogue().await?;
    let conversation = visit.desk.conversation(actor, number).await?;
    let namer = Namer {
        catalogue: &catalogue,
        people: &conversation.names,
        dial: &visit.dial,
    };
    let rows = conversation
        .events
        .iter()
        .map(|event| {
            let words = namer.words(&event.change);
            HistoryRow {
                time: visit.dial.date_time(event.at),
                who: event.actor_name.clone(),
                channel: match &event.by_macro {
                    Some(name) => {
                        format!("{}, by macro “{name}”", channel_words(&event.channel))
                    }
                    None => channel_words(&event.channel).to_owned(),
                },
                field: words.field,
                old: words.old,
                new: words.new,
                why: words.why,
            }
        })
        .collect();
    let here = if room == Room::Staff {
        Here::Workspace
    } else {
        Here::MyTickets
    };
    visit.page(&HistoryPage {
        frame: visit.frame(room, here).await?,
        back: format!("{base}/{number}"),
        number: number.0,
        subject: conversation.ticket.subject.clone(),
        rows,
        told: conversation
            .told
            .iter()
            .map(|(_, who, state)| format!("{who}: {state}"))
            .collect(),
        pages: Pages::default(),
    })
}
