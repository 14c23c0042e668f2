//! `/admin/timers`: after how many working days requesters are reminded, monitors are
//! told, and tickets closed.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use switchboard_core::timer::TimeRules;

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::view::Icon;
use crate::ui::visit::{Visit, sentence};

const HERE: &str = "/admin/timers";

/// What stands in the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimersForm {
    /// Days, separated by commas.
    pub remind: String,
    /// Days; empty: nobody is told.
    pub unanswered: String,
    /// Days.
    pub close: String,
}

impl TimersForm {
    fn of(rules: &TimeRules) -> TimersForm {
        let days: Vec<String> = rules.remind.iter().map(u32::to_string).collect();
        TimersForm {
            remind: days.join(", "),
            unanswered: rules.unanswered.map_or_else(String::new, |d| d.to_string()),
            close: rules.close.to_string(),
        }
    }

    /// The rules that were typed.
    fn rules(&self) -> Result<TimeRules, Error> {
        let days = |field: &str, text: &str| {
            text.parse::<u32>()
                .map_err(|_| Error::invalid(field, "takes whole numbers of working days"))
        };
        let separate = |c: char| c == ',' || c.is_whitespace();
        let remind = self.remind.split(separate).filter(|word| !word.is_empty());
        Ok(TimeRules {
            remind: remind
                .map(|word| days("remind", word))
                .collect::<Result<_, _>>()?,
            unanswered: match self.unanswered.as_str() {
                "" => None,
                text => Some(days("unanswered", text)?),
            },
            close: days("close", &self.close)?,
        })
    }
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/timers.html")]
pub struct TimersPage {
    /// Around it.
    pub frame: Frame,
    /// The fields.
    pub form: TimersForm,
    /// What was wrong.
    pub errors: Errors,
}

/// `GET /admin/timers`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        visit.admin()?;
        let rules = visit.desk.time_rules(&visit.looker()).await?;
        page(&visit, TimersForm::of(&rules), Errors::default()).await
    }
    .await;
    visit.close(result).await
}

async fn page(visit: &Visit, form: TimersForm, errors: Errors) -> Result<Response, Fault> {
    let status = match errors == Errors::default() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = TimersPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        form,
        errors,
    };
    visit.page_as(status, &page)
}

/// `POST /admin/timers`.
pub async fn save(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = act(&posted).await;
    posted.visit.close(result).await
}

async fn act(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    visit.admin()?;
    let text = |field| posted.text(field).trim().to_owned();
    let form = TimersForm {
        remind: text("remind"),
        unanswered: text("unanswered"),
        close: text("close"),
    };
    let done = match form.rules() {
        Ok(rules) => visit.desk.set_time_rules(&visit.looker(), rules).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => {
            let notice = Notice::new(
                NoticeTone::Ok,
                "Saved; it holds for what waits already, too",
            );
            visit.go(HERE, Some(notice))
        }
        Err(Error::Invalid { field, problem }) => {
            page(visit, form, Errors::one(field, sentence(&problem))).await
        }
        Err(other) => Err(other.into()),
    }
}
