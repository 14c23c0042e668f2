//! `/admin/onboarding`: forms of providers that wait for review, and what
//! becomes of them.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::onboarding::{Changed, Decision, Sheet, UndoPlan, told};
use store::onboarding::Kind;
use switchboard_core::onboarding::{State, label};

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::provider::connect::{TestCard, test_card};
use crate::ui::provider::form::{NoteRow, id, note_rows};
use crate::ui::provider::{FormRow, form_row, state_chip};
use crate::ui::view::{Chip, Icon};
use crate::ui::visit::{Visit, sentence};

/// The queue.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/onboardings.html")]
pub struct QueuePage {
    /// Around it.
    pub frame: Frame,
    /// Those that wait.
    pub waiting: Vec<FormRow>,
    /// The others.
    pub others: Vec<FormRow>,
}

/// What undoing would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoCard {
    /// In one sentence.
    pub text: String,
    /// Line by line.
    pub lines: Vec<String>,
    /// A successor has to be named.
    pub successor: bool,
}

/// A form to decide about.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/onboarding.html")]
pub struct DecisionPage {
    /// Around it.
    pub frame: Frame,
    /// Where the forms go.
    pub action: String,
    /// What it is about.
    pub title: String,
    /// "Ilona Novák wants to bring in new services".
    pub lead: String,
    /// How far it has come.
    pub chip: Chip,
    /// It waits for a decision.
    pub waits: bool,
    /// The version that is looked at.
    pub version: i64,
    /// What accepting it would do.
    pub would: Vec<String>,
    /// What keeps it from being accepted.
    pub missing: Vec<(String, String)>,
    /// What differs from what is so now.
    pub changes: Vec<Changed>,
    /// What differs from when it was last looked at.
    pub since_review: Vec<Changed>,
    /// Every field with what stands in it.
    pub told: Vec<(String, String)>,
    /// What was done with it.
    pub notes: Vec<NoteRow>,
    /// What the last test of its connection found.
    pub test: TestCard,
    /// What undoing it would do.
    pub undo: Option<UndoCard>,
    /// Units that could take over.
    pub units: Vec<String>,
    /// What was typed into the forms.
    pub typed: String,
    /// The successor that was typed.
    pub successor: String,
    /// What is wrong with that.
    pub errors: Errors,
}

/// `GET /admin/onboarding`.
pub async fn queue(visit: Visit) -> Response {
    let result = async {
        let actor = visit.admin()?;
        let all = visit.desk.onboarding_queue(actor).await?;
        let (waiting, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|s| s.state == State::Submitted);
        let rows = |all: Vec<desk::onboarding::Summary>| {
            all.into_iter()
                .map(|s| form_row(&visit.dial, s, "/admin/onboarding"))
                .collect()
        };
        visit.page(&QueuePage {
            frame: visit.frame(Room::Staff, Here::Admin).await?,
            waiting: rows(waiting),
            others: rows(others),
        })
    }
    .await;
    visit.close(result).await
}

/// `GET /admin/onboarding/{id}`.
pub async fn show(visit: Visit, Path(text): Path<String>) -> Response {
    let result = async {
        let sheet = visit.desk.onboarding(visit.admin()?, id(&text)?).await?;
        let page = page(&visit, &sheet, "", "", Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /admin/onboarding/{id}`: `accept`, `return`, `refuse`, `undo`.
pub async fn act(Path(text): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = decide(&posted, &text).await;
    posted.visit.close(result).await
}

async fn decide(posted: &Posted, text: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let id = id(text)?;
    let deed = posted.text("do");
    let field = format!("{deed}-text");
    let typed = posted.body("text");
    let (decision, done) = match deed {
        "accept" => (Decision::Accept, "Accepted: everything is created"),
        "return" => (
            Decision::Return {
                comment: typed.clone(),
            },
            "Sent back to its author",
        ),
        "refuse" => (
            Decision::Refuse {
                reason: typed.clone(),
            },
            "Refused",
        ),
        "undo" => (
            Decision::Undo {
                reason: typed.clone(),
                successor: Some(posted.text("successor").to_owned()),
            },
            "Undone",
        ),
        _ => return Err(Fault::no_page()),
    };
    let seen = posted.text("version").parse::<i64>().ok();
    match visit
        .desk
        .decide_onboarding(actor, id, seen, decision)
        .await
    {
        Ok(()) => visit.go(
            &format!("/admin/onboarding/{id}"),
            Some(Notice::new(NoticeTone::Ok, done)),
        ),
        Err(Error::Invalid { field: at, problem }) => {
            let at = match at.as_str() {
                "comment" | "reason" => field,
                "successor" => "successor".to_owned(),
                // A field of the form itself: shown in the list of what is missing.
                _ => "missing".to_owned(),
            };
            let sheet = visit.desk.onboarding(actor, id).await?;
            let errors = Errors::one(at, sentence(&problem));
            let page = page(visit, &sheet, &typed, posted.text("successor"), errors).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}

fn undo_card(plan: UndoPlan) -> UndoCard {
    match plan {
        UndoPlan::Remove { lines } => UndoCard {
            text: "Nothing has used it yet: all of this is removed in one go.".to_owned(),
            lines,
            successor: false,
        },
        UndoPlan::Retire {
            tickets,
            others,
            mut lines,
        } => {
            let what = match tickets {
                0 => "Something uses it already".to_owned(),
                1 => "1 ticket uses it already".to_owned(),
                n => format!("{n} tickets use it already"),
            };
            lines.extend(others);
            UndoCard {
                text: format!(
                    "{what}: unit and services are retired, and open tickets go to the unit that takes over."
                ),
                lines,
                successor: true,
            }
        }
        UndoPlan::Back { line } => UndoCard {
            text: "The agreement before holds again.".to_owned(),
            lines: vec![line],
            successor: false,
        },
    }
}

async fn page(
    visit: &Visit,
    sheet: &Sheet,
    typed: &str,
    successor: &str,
    errors: Errors,
) -> Result<DecisionPage, Fault> {
    let catalogue = visit.desk.catalogue().await?;
    let names: Vec<&str> = sheet
        .row
        .form
        .services
        .iter()
        .map(|s| s.name.trim())
        .filter(|n| !n.is_empty())
        .collect();
    let (title, what) = match (&sheet.service, sheet.row.kind) {
        (Some(service), _) => (service.name.clone(), "wants this service to go another way"),
        (None, Kind::Move) => ("A service that is gone".to_owned(), "wanted another way"),
        (None, Kind::Entry) if names.is_empty() => (
            "A form without a name".to_owned(),
            "wants to bring in services",
        ),
        (None, Kind::Entry) => (names.join(", "), "wants to bring this in"),
    };
    Ok(DecisionPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        action: format!("/admin/onboarding/{}", sheet.row.id),
        title,
        lead: format!("{} {what}.", sheet.author_name),
        chip: state_chip(sheet.row.state),
        waits: sheet.row.state == State::Submitted,
        version: sheet.row.version,
        would: sheet.would.clone(),
        missing: sheet
            .wrong
            .iter()
            .map(|p| (label(&p.field), p.problem.clone()))
            .collect(),
        changes: sheet.changes.clone(),
        since_review: sheet.since_review.clone(),
        told: told(&sheet.row.form),
        notes: note_rows(&sheet.notes, &visit.dial),
        test: sheet
            .tested
            .as_ref()
            .map(|t| test_card(t, &visit.dial))
            .unwrap_or_default(),
        undo: sheet.undo.clone().map(undo_card),
        units: catalogue
            .units
            .iter()
            .filter(|u| u.active)
            .map(|u| u.name.clone())
            .collect(),
        typed: typed.to_owned(),
        successor: successor.to_owned(),
        errors,
    })
}
