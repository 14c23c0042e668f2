//! `/solution/{word}/{said}`: what a requester says about the solution of their ticket by a
//! link of its mail, and how content they were. Looking at the page changes nothing, as
//! programs look at links too, and what only programs do with a form is not taken. It shows
//! no text of the ticket.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::satisfaction::{SolutionPage, Stands};
use switchboard_core::satisfaction::{Rating, Said};

use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Room};
use super::posted::Posted;
use super::view::{Icon, TimeMark};
use super::visit::{Visit, sentence};
use crate::ui::assets::Asset;

/// A field that people do not see, and programs fill in.
const TRAP: &str = "website";

/// The form by which somebody says how content they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateForm {
    /// What was chosen.
    pub chosen: String,
    /// As typed.
    pub comment: String,
}

impl RateForm {
    /// What can be chosen: number, words, chosen.
    pub fn choices(&self) -> Vec<(i64, &'static str, bool)> {
        Rating::ALL
            .map(|r| (r.number(), r.label(), self.chosen == r.number().to_string()))
            .to_vec()
    }

    /// What a form sent.
    ///
    /// # Errors
    /// Names the field when nothing was chosen.
    pub fn read(posted: &Posted) -> Result<(Rating, String), Error> {
        let number = posted.text("rating").parse().ok();
        let rating = number
            .and_then(Rating::new)
            .ok_or_else(|| Error::invalid("rating", "choose one of the five"))?;
        Ok((rating, posted.body("comment")))
    }

    /// As it was typed.
    pub fn again(posted: &Posted) -> RateForm {
        RateForm {
            chosen: posted.text("rating").to_owned(),
            comment: posted.body("comment"),
        }
    }
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "solution_link.html")]
pub struct SolutionLinkPage {
    /// Around it.
    pub frame: Frame,
    /// Where the forms go.
    pub action: String,
    /// How long somebody looks at it is known by this.
    pub shown: String,
    /// What the link says: its button comes first.
    pub said: Said,
    /// The ticket's number.
    pub number: i64,
    /// The service; empty: none.
    pub service: String,
    /// Who solved it.
    pub unit: String,
    /// When.
    pub solved: TimeMark,
    /// How it stands.
    pub stands: Stands,
    /// When they said that they still wait.
    pub waits: Option<TimeMark>,
    /// It was said just now.
    pub done: bool,
    /// It was sent sooner than anybody reads: once more.
    pub hurried: bool,
    /// How content they said they were.
    pub rated: Option<&'static str>,
    /// How content they are can be said.
    pub rate: Option<RateForm>,
    /// As typed.
    pub text: String,
    /// What was wrong.
    pub errors: Errors,
}

impl SolutionLinkPage {
    /// What can be said, the link's first: word, words on the button.
    pub fn buttons(&self) -> Vec<(&'static str, &'static str)> {
        let words = |said: Said| match said {
            Said::Solved => "This solved it",
            Said::NotSolved => "Not solved",
            Said::StillWaiting => "Still waiting",
        };
        let mut all = vec![self.said];
        all.extend(Said::ALL.into_iter().filter(|said| *said != self.said));
        all.retain(|said| *said != Said::StillWaiting || self.waits.is_none());
        all.into_iter()
            .map(|said| (said.key(), words(said)))
            .collect()
    }

    /// Heading and sentence of what it is now.
    pub fn state(&self) -> (String, &'static str) {
        let number = self.number;
        match self.stands {
            Stands::Asks if self.done => (
                format!("Ticket {number} waits with you"),
                "The people who solved it know that you still wait. It is closed later: the ten working days begin again.",
            ),
            Stands::Asks => (format!("Was ticket {number} solved?"), ""),
            Stands::Verified => (
                format!("Ticket {number} is solved, and confirmed"),
                "You said that it works. The ticket is finished, and stays for you to read.",
            ),
            Stands::Reopened => (
                format!("Ticket {number} is open again"),
                "The people who solved it were told that it is not solved, and go on.",
            ),
            Stands::Closed => (
                format!("Ticket {number} is closed"),
                "Nobody said anything about the solution in time. If it comes back, open a new ticket and name this number.",
            ),
            Stands::Over => (
                format!("Ticket {number} has gone on"),
                "This link is about an earlier solution. The newest mail about the ticket has links that count.",
            ),
        }
    }
}

/// Links that are none look all alike.
fn link(error: Error) -> Fault {
    match error {
        Error::Unauthenticated(_) => Fault::OldLink,
        other => other.into(),
    }
}

async fn page(
    visit: &Visit,
    (word, said): (&str, Said),
    found: SolutionPage,
) -> Result<SolutionLinkPage, Fault> {
    Ok(SolutionLinkPage {
        frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        action: format!("/solution/{word}/{}", said.key()),
        shown: visit.desk.solution_shown(word),
        said,
        number: found.ticket.0,
        solved: visit.dial.moment(found.solved_at),
        stands: found.stands,
        waits: found.still_waiting.map(|at| visit.dial.moment(at)),
        done: false,
        hurried: false,
        rated: found.rated.map(Rating::label),
        rate: found.may_rate().then(RateForm::default),
        service: found.service,
        unit: found.unit,
        text: String::new(),
        errors: Errors::default(),
    })
}

fn read_said(text: &str) -> Result<Said, Fault> {
    Said::parse(text).ok_or_else(Fault::no_page)
}

/// `GET /solution/{word}/{said}`.
pub async fn show(visit: Visit, Path((word, said)): Path<(String, String)>) -> Response {
    let result = async {
        let said = read_said(&said)?;
        let found = visit.desk.solution_page(&word).await.map_err(link)?;
        visit.page(&page(&visit, (&word, said), found).await?)
    }
    .await;
    visit.close(result).await
}

/// `POST /solution/{word}/{said}`: the button that was pressed counts, not what the link
/// says.
pub async fn say(Path((word, said)): Path<(String, String)>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = answer(&posted, &word, &said).await;
    posted.visit.close(result).await
}

async fn answer(posted: &Posted, word: &str, said: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let said = read_said(said)?;
    let found = visit.desk.solution_page(word).await.map_err(link)?;
    let mut page = page(visit, (word, said), found).await?;
    let again = |page: &mut SolutionLinkPage| {
        page.text = posted.body("text");
        if page.rate.is_some() {
            page.rate = Some(RateForm::again(posted));
        }
    };
    if !visit.desk.solution_was_read(word, posted.text("shown")) || !posted.raw(TRAP).is_empty() {
        again(&mut page);
        page.hurried = true;
        return visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let result = match posted.text("say") {
        "rate" => match RateForm::read(posted) {
            Ok((rating, comment)) => visit
                .desk
                .rate_by_link(word, rating, &comment)
                .await
                .map(|now| (now, false)),
            Err(error) => Err(error),
        },
        key => match Said::parse(key) {
            Some(said) => {
                visit
                    .desk
                    .say_of_solution(word, said, &posted.body("text"))
                    .await
            }
            None => Err(Error::invalid("say", "press one of the buttons")),
        },
    };
    match result {
        Ok((now, done)) => {
            let mut page = self::page(visit, (word, said), now).await?;
            page.done = done;
            visit.page(&page)
        }
        Err(Error::Invalid { field, problem }) => {
            again(&mut page);
            page.errors = Errors::one(field, sentence(&problem));
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(link(other)),
    }
}
