//! `/mail/stop/{word}`: no more mails of a kind, by the link that such a mail carries.
//! Looking at the page changes nothing, as programs look at links too; a mail program
//! that is told to sends the form by itself (RFC 8058).

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use desk::Error;
use desk::mail_stop::{MailStop, StopLink};

use super::fault::Fault;
use super::frame::{Frame, Here, Room};
use super::posted::Posted;
use super::view::Icon;
use super::visit::Visit;
use crate::ui::assets::Asset;

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "mail_stop.html")]
pub struct MailStopPage {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes.
    pub action: String,
    /// What is given up.
    pub what: String,
    /// It is one ticket, which they get off.
    pub ticket: bool,
    /// It is done.
    pub stopped: bool,
}

async fn page(visit: &Visit, word: &str, link: StopLink) -> Result<MailStopPage, Fault> {
    Ok(MailStopPage {
        frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        action: format!("/mail/stop/{word}"),
        what: match (link.stop, link.unit) {
            (MailStop::Ticket(number), _) => format!("ticket {number}"),
            (MailStop::Digest, _) => "what is gathered for you".to_owned(),
            (_, Some(unit)) => format!("tickets of {unit}"),
            _ => "tickets of other units".to_owned(),
        },
        ticket: matches!(link.stop, MailStop::Ticket(_)),
        stopped: link.stopped,
    })
}

/// Links that are none look all alike.
fn link(error: Error) -> Fault {
    match error {
        Error::Unauthenticated(_) => Fault::OldLink,
        other => other.into(),
    }
}

/// `GET /mail/stop/{word}`.
pub async fn show(visit: Visit, Path(word): Path<String>) -> Response {
    let result = async {
        let found = visit.desk.mail_stop(&word).await.map_err(link)?;
        visit.page(&page(&visit, &word, found).await?)
    }
    .await;
    visit.close(result).await
}

/// `POST /mail/stop/{word}`.
pub async fn stop(Path(word): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours_or_one_click().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let visit = &posted.visit;
    let result = async {
        let done = visit.desk.stop_mails(&word).await.map_err(link)?;
        visit.page(&page(visit, &word, done).await?)
    }
    .await;
    posted.visit.close(result).await
}
