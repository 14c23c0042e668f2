//! `/admin/applications`: who applies for the support permission, and which
//! join requests wait.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use switchboard_core::staff::AskState;
use uuid::Uuid;

use crate::ui::asking::AskRow;
use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::view::{Icon, Pages, TimeMark};
use crate::ui::visit::{Visit, sentence};

/// Answered applications on one page.
const PAGE: i64 = 25;

/// An application that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRow {
    /// Who applied.
    pub name: String,
    /// Their page.
    pub href: String,
    /// For which units.
    pub units: String,
    /// "Granted", "Refused", "Withdrawn".
    pub state: String,
    /// By whom, and why.
    pub why: String,
    /// When.
    pub at: TimeMark,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/applications.html")]
pub struct ApplicationsPage {
    /// Around it.
    pub frame: Frame,
    /// Applications that wait, oldest first.
    pub waiting: Vec<AskRow>,
    /// Join requests that wait, oldest first.
    pub joins: Vec<AskRow>,
    /// What was answered, newest first.
    pub past: Vec<PastRow>,
    /// The way to older ones.
    pub pages: Pages,
}

/// `GET /admin/applications`.
pub async fn show(visit: Visit) -> Response {
    let result = async { visit.page(&page(&visit, None).await?) }.await;
    visit.close(result).await
}

/// What was answered and not taken: the id, the reason typed, the problem.
type Again = (String, String, String);

async fn page(visit: &Visit, again: Option<Again>) -> Result<ApplicationsPage, Fault> {
    let actor = visit.admin()?;
    let desk = &visit.desk;
    let frame = visit.frame(Room::Staff, Here::Admin).await?;
    let mut open = desk
        .applications(actor, Some(AskState::Waiting), None, 200)
        .await?;
    open.reverse();
    let waiting = open
        .iter()
        .map(|ask| {
            let mut row = AskRow::application(&frame, &visit.dial, ask);
            if let Some((id, typed, problem)) = &again
                && *id == row.id
            {
                row.typed.clone_from(typed);
                row.problem.clone_from(problem);
            }
            row
        })
        .collect();
    let joins = desk
        .joins_waiting(actor)
        .await?
        .iter()
        .map(|join| AskRow::join(&frame, &visit.dial, join, "/admin/applications"))
        .collect();
    let before = Uuid::try_parse(visit.query("before")).ok();
    let mut all = desk.applications(actor, None, before, PAGE + 1).await?;
    let more = i64::try_from(all.len()).unwrap_or(0) > PAGE;
    all.truncate(usize::try_from(PAGE).unwrap_or(0));
    let older = all
        .last()
        .filter(|_| more)
        .map(|last| format!("/admin/applications?before={}", last.id));
    let past = all
        .into_iter()
        .filter_map(|ask| {
            let state = match ask.became.state {
                AskState::Waiting => return None,
                AskState::Granted => "Granted",
                AskState::Refused => "Refused",
                AskState::Withdrawn => "Withdrawn",
            };
            let units: Vec<&str> = ask.units.iter().map(|u| u.name.as_str()).collect();
            let by = ask.became.decided_by.unwrap_or_default();
            Some(PastRow {
                href: format!("/admin/people/{}", ask.person.id),
                name: ask.person.name,
                units: units.join(", "),
                state: state.to_owned(),
                why: match (by.as_str(), ask.became.answer.as_str()) {
                    (by, "") => by.to_owned(),
                    ("", why) => format!("“{why}”"),
                    (by, why) => format!("{by}: “{why}”"),
                },
                at: visit
                    .dial
                    .moment(ask.became.decided_at.unwrap_or(ask.became.created_at)),
            })
        })
        .collect();
    Ok(ApplicationsPage {
        frame,
        waiting,
        joins,
        past,
        pages: Pages {
            words: String::new(),
            newer: before.map(|_| "/admin/applications".to_owned()),
            older,
        },
    })
}

/// `POST /admin/applications`: grant or refuse.
pub async fn act(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    posted.visit.at("/admin/applications".to_owned());
    let result = answer(&posted).await;
    posted.visit.close(result).await
}

async fn answer(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let id = Uuid::try_parse(posted.text("id")).map_err(|_| Fault::no_page())?;
    let grant = match posted.text("do") {
        "yes" => true,
        "no" => false,
        _ => return Err(Fault::no_page()),
    };
    let reason = posted.body("reason");
    let done = visit
        .desk
        .answer_application(actor, id, grant, &reason)
        .await;
    let (tone, title, text) = match done {
        Ok(()) if grant => (
            NoticeTone::Ok,
            "Granted; they were told by mail, and the units they named are asked",
            String::new(),
        ),
        Ok(()) => (
            NoticeTone::Ok,
            "Refused; they were told why by mail",
            String::new(),
        ),
        Err(Error::Invalid { problem, .. }) => {
            let again = (id.to_string(), reason, sentence(&problem));
            let page = page(visit, Some(again)).await?;
            return visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
        Err(Error::Conflict(text)) => (NoticeTone::Bad, "Nothing was changed", sentence(&text)),
        Err(other) => return Err(other.into()),
    };
    let notice = Notice {
        tone,
        title: title.to_owned(),
        text,
    };
    visit.go("/admin/applications", Some(notice))
}
