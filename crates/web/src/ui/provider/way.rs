//! `/provider/services/{key}/option`: a service goes another way. Its
//! provider's contact proposes, an administrator decides.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::onboarding::WayPage as Known;
use switchboard_core::onboarding::{Problem, Way};

use super::connect::Connect;
use super::fields::read_connect;
use super::form::{NoteRow, note_rows};
use super::{state_chip, way_words};
use crate::ui::ask::errors_of;
use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::view::{Chip, Icon, TimeMark};
use crate::ui::visit::{Visit, encode, sentence};

/// A way that a service went, from when to when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementRow {
    /// "Full exchange with Request Tracker".
    pub words: String,
    /// Since when.
    pub from: TimeMark,
    /// Until when; `None`: it holds.
    pub until: Option<TimeMark>,
}

/// The page about the way of a service.
#[derive(Debug, Clone, Template)]
#[template(path = "provider/way.html")]
pub struct WayPage {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes.
    pub action: String,
    /// The service.
    pub name: String,
    /// How it goes now.
    pub now: String,
    /// The unit that answers for it.
    pub unit: String,
    /// How far a proposal has come.
    pub chip: Option<Chip>,
    /// It can be written in.
    pub open: bool,
    /// Where the proposal that waits is shown.
    pub sheet_href: Option<String>,
    /// The form.
    pub connect: Connect,
    /// What was done with it.
    pub notes: Vec<NoteRow>,
    /// Every way that it went.
    pub agreements: Vec<AgreementRow>,
    /// What is wrong.
    pub errors: Errors,
}

/// `GET /provider/services/{key}/option`.
pub async fn show(visit: Visit, Path(key): Path<String>) -> Response {
    let result = async {
        let known = visit.desk.service_way(visit.actor()?, &key).await?;
        let page = page(&visit, &known, &[]).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /provider/services/{key}/option`: keeps what was typed, and does what
/// the button says.
pub async fn act(Path(key): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = act_on(&posted, &key).await;
    posted.visit.close(result).await
}

async fn act_on(posted: &Posted, key: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.actor()?;
    let here = format!("/provider/services/{}/option", encode(key));
    let id = visit.desk.begin_move(actor, key).await?;
    let mut form = visit.desk.onboarding(actor, id).await?.row.form;
    read_connect(&mut form, posted);
    let sheet = visit.desk.save_onboarding(actor, id, None, form).await?;
    let refuse = async |wrong: &[Problem]| {
        let known = visit.desk.service_way(actor, key).await?;
        let page = page(visit, &known, wrong).await?;
        visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
    };
    match posted.text("do") {
        "submit" => {
            if !sheet.wrong.is_empty() {
                return refuse(&sheet.wrong).await;
            }
            visit
                .desk
                .submit_onboarding(actor, id, None, &posted.body("message"))
                .await?;
            let notice = Notice {
                tone: NoticeTone::Ok,
                title: "Sent for review".to_owned(),
                text: "Until it is accepted, everything stays as it is.".to_owned(),
            };
            visit.go(&here, Some(notice))
        }
        "test" => {
            visit.desk.test_connection(actor, id).await?;
            visit.go(&here, None)
        }
        "ask-list" => match visit.desk.ask_list(actor, id).await {
            Ok(()) => {
                let title = "The test mail is on its way";
                visit.go(&here, Some(Notice::new(NoticeTone::Ok, title)))
            }
            Err(Error::Invalid { field, problem }) => {
                let problem = sentence(&problem);
                refuse(&[Problem { field, problem }]).await
            }
            Err(other) => Err(other.into()),
        },
        _ => visit.go(&here, Some(Notice::new(NoticeTone::Ok, "Kept as a draft"))),
    }
}

async fn page(visit: &Visit, known: &Known, wrong: &[Problem]) -> Result<WayPage, Fault> {
    let open = known
        .sheet
        .as_ref()
        .is_none_or(|s| s.row.state.open() && s.by.author);
    let form = known.sheet.as_ref().map_or(&known.present, |s| &s.row.form);
    let now = Way::parse(&known.service.option);
    Ok(WayPage {
        frame: visit.frame(visit.room(), Here::Providers).await?,
        action: format!("/provider/services/{}/option", encode(&known.service.key)),
        name: known.service.name.clone(),
        now: way_words(&known.service.option),
        unit: known.unit.clone(),
        chip: known.sheet.as_ref().map(|s| state_chip(s.row.state)),
        open,
        sheet_href: known
            .sheet
            .as_ref()
            .filter(|_| !open)
            .map(|s| format!("/provider/onboarding/{}", s.row.id)),
        connect: Connect::of(form, known.sheet.as_ref(), now, wrong, &visit.dial),
        notes: known
            .sheet
            .as_ref()
            .map(|s| note_rows(&s.notes, &visit.dial))
            .unwrap_or_default(),
        agreements: known
            .agreements
            .iter()
            .map(|a| AgreementRow {
                words: match (&a.list, &a.endpoint) {
                    (Some(list), _) => format!("{}: {list}", a.option.label()),
                    (_, Some(endpoint)) => format!("{}: {endpoint}", a.option.label()),
                    _ => a.option.label().to_owned(),
                },
                from: visit.dial.moment(a.opened_at),
                until: a.closed_at.map(|at| visit.dial.moment(at)),
            })
            .collect(),
        errors: errors_of(wrong),
    })
}
