//! `/l/{word}/{deed}` and `/asked/{word}`: what somebody of a mailing list, or a
//! requester who waits for one, says by a link in a mail. Looking at the page
//! changes nothing: programs look at links too. It shows no text of the ticket.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::redirect::link::{Deed, LinkPage};
use switchboard_core::redirect::Stage;

use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Room};
use super::posted::Posted;
use super::view::Icon;
use super::visit::{Visit, sentence};
use crate::ui::assets::Asset;

/// The page behind a link of a list.
#[derive(Debug, Clone, Template)]
#[template(path = "list_link.html")]
pub struct ListLinkPage {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes, and what the other links say.
    pub base: String,
    /// What the link says.
    pub deed: Deed,
    /// The ticket's number.
    pub number: i64,
    /// The service.
    pub service: String,
    /// The list.
    pub list: String,
    /// The ticket is not there any more.
    pub over: bool,
    /// It was said.
    pub done: bool,
    /// As typed.
    pub name: String,
    /// As typed.
    pub text: String,
    /// What was wrong.
    pub errors: Errors,
}

impl ListLinkPage {
    /// The heading.
    pub fn heading(&self) -> String {
        let number = self.number;
        match self.deed {
            Deed::Working => format!("Are you working on ticket {number}?"),
            Deed::Solved => format!("Was ticket {number} solved?"),
            Deed::GiveBack => format!("Give ticket {number} back?"),
        }
    }

    /// What follows from the button.
    pub fn meaning(&self) -> &'static str {
        match self.deed {
            Deed::Working => {
                "The helpdesk sees that you have it and does not remind you for a while. What you \
                 write here reaches the person who asked."
            }
            Deed::Solved => {
                "The ticket is set solved and the person who asked is told. Say in a sentence what \
                 was done, also if you have told them already."
            }
            Deed::GiveBack => {
                "The helpdesk takes it back and finds somebody else. The person who asked is not \
                 mailed; only the helpdesk reads what you write here."
            }
        }
    }

    /// What the button says.
    pub fn button(&self) -> &'static str {
        match self.deed {
            Deed::Working => "Yes, we are working on it",
            Deed::Solved => "Yes, it was solved",
            Deed::GiveBack => "Give it back",
        }
    }

    /// The other things that can be said.
    pub fn others(&self) -> Vec<(String, &'static str)> {
        [
            (Deed::Working, "We are working on it"),
            (Deed::Solved, "It was solved"),
            (Deed::GiveBack, "It is not ours"),
        ]
        .into_iter()
        .filter(|(deed, _)| *deed != self.deed)
        .map(|(deed, label)| (format!("{}/{}", self.base, deed.key()), label))
        .collect()
    }
}

/// The page by which a requester is asked.
#[derive(Debug, Clone, Template)]
#[template(path = "asked.html")]
pub struct AskedPage {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes.
    pub action: String,
    /// The ticket's number.
    pub number: i64,
    /// The service.
    pub service: String,
    /// The ticket is not with a list any more.
    pub over: bool,
    /// What was said.
    pub said: Option<bool>,
}

/// Links that are none look all alike.
fn link(error: Error) -> Fault {
    match error {
        Error::Unauthenticated(_) => Fault::OldLink,
        other => other.into(),
    }
}

async fn list_page(
    visit: &Visit,
    word: &str,
    deed: Deed,
    found: LinkPage,
) -> Result<ListLinkPage, Fault> {
    Ok(ListLinkPage {
        frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        base: format!("/l/{word}"),
        deed,
        number: found.ticket.0,
        service: found.service,
        list: found.list,
        over: matches!(found.stage, Stage::Ended(_)),
        done: false,
        name: String::new(),
        text: String::new(),
        errors: Errors::default(),
    })
}

/// `GET /l/{word}/{deed}`.
pub async fn show(visit: Visit, Path((word, deed)): Path<(String, String)>) -> Response {
    let result = async {
        let deed = Deed::parse(&deed).ok_or_else(Fault::no_page)?;
        let found = visit.desk.list_link(&word).await.map_err(link)?;
        visit.page(&list_page(&visit, &word, deed, found).await?)
    }
    .await;
    visit.close(result).await
}

/// `POST /l/{word}/{deed}`.
pub async fn say(Path((word, deed)): Path<(String, String)>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let visit = &posted.visit;
    let result = async {
        let deed = Deed::parse(&deed).ok_or_else(Fault::no_page)?;
        let found = visit.desk.list_link(&word).await.map_err(link)?;
        let mut page = list_page(visit, &word, deed, found).await?;
        let (name, text) = (posted.text("name").to_owned(), posted.body("text"));
        match visit.desk.list_says(&word, deed, &name, &text).await {
            Ok(()) => {
                page.done = true;
                visit.page(&page)
            }
            Err(Error::Conflict(_)) => {
                page.over = true;
                visit.page_as(StatusCode::CONFLICT, &page)
            }
            Err(Error::Invalid { field, problem }) => {
                page.name = name;
                page.text = text;
                page.errors = Errors::one(field, sentence(&problem));
                visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
            }
            Err(other) => Err(other.into()),
        }
    }
    .await;
    posted.visit.close(result).await
}

async fn asked_page(visit: &Visit, word: &str) -> Result<AskedPage, Fault> {
    let found = visit.desk.asked_link(word).await.map_err(link)?;
    Ok(AskedPage {
        frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        action: format!("/asked/{word}"),
        number: found.ticket.0,
        service: found.service,
        over: matches!(found.stage, Stage::Ended(_)),
        said: None,
    })
}

/// `GET /asked/{word}`.
pub async fn ask(visit: Visit, Path(word): Path<String>) -> Response {
    let result = async { visit.page(&asked_page(&visit, &word).await?) }.await;
    visit.close(result).await
}

/// `POST /asked/{word}`.
pub async fn answer(Path(word): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let visit = &posted.visit;
    let result = async {
        let mut page = asked_page(visit, &word).await?;
        let solved = posted.text("solved") == "yes";
        if !page.over {
            match visit.desk.requester_says(&word, solved).await {
                Ok(()) => page.said = Some(solved),
                Err(Error::Conflict(_)) => page.over = true,
                Err(other) => return Err(other.into()),
            }
        }
        visit.page(&page)
    }
    .await;
    posted.visit.close(result).await
}
