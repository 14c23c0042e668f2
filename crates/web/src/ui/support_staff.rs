//! `/support-staff`: apply for the support permission, join units, see what
//! became of it, and answer those who ask.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::{Catalogue, Error};
use store::application::Kind;
use store::unit::Unit;
use switchboard_core::Part;
use switchboard_core::staff::{AskState, Rights};
use uuid::Uuid;

use super::asking::{AskRow, AskedRow};
use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::text::excerpt;
use super::view::{Chip, Icon, Tone};
use super::visit::{Visit, encode};
use super::work_post::told;

/// Units shown at once; more are found by searching.
const UNITS: usize = 12;

/// A step of the procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepView {
    /// What to do.
    pub name: &'static str,
    /// It is done.
    pub done: bool,
    /// It is the one to do now.
    pub now: bool,
}

/// A unit that can be joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRow {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Level and purpose.
    pub text: String,
    /// Responsibles and size.
    pub small: String,
    /// "Asked", "You are in it"; `None`: it can be asked.
    pub chip: Option<Chip>,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "support_staff.html")]
pub struct SupportStaffPage {
    /// Around it.
    pub frame: Frame,
    /// How it goes.
    pub steps: Vec<StepView>,
    /// Join requests that wait for the reader.
    pub waiting: Vec<AskRow>,
    /// What the reader asked for.
    pub asked: Vec<AskedRow>,
    /// The reader holds the permission.
    pub holds: bool,
    /// Their application waits.
    pub applied: bool,
    /// What was searched for.
    pub query: String,
    /// The units found.
    pub units: Vec<JoinRow>,
    /// "12 of 25 units; search for the others."
    pub words: String,
    /// The names of all units, for the form's suggestions.
    pub names: Vec<String>,
    /// What was typed: units and reason.
    pub typed: (String, String),
    /// What was wrong.
    pub errors: Errors,
}

/// `GET /support-staff`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let typed = (visit.query("unit").to_owned(), String::new());
        visit.page(&page(&visit, typed, Errors::default()).await?)
    }
    .await;
    visit.close(result).await
}

async fn page(
    visit: &Visit,
    typed: (String, String),
    errors: Errors,
) -> Result<SupportStaffPage, Fault> {
    let actor = visit.actor()?;
    let catalogue = visit.desk.catalogue().await?;
    let (applications, joins) = visit.desk.my_asks(actor).await?;
    let frame = visit.frame(visit.room(), Here::SupportStaff).await?;
    let waiting = visit
        .desk
        .joins_waiting_for(actor)
        .await?
        .iter()
        .map(|join| AskRow::join(&frame, &visit.dial, join, "/support-staff"))
        .collect();
    let query = visit.query("q").trim().to_owned();
    let (found, words) = search(&catalogue, &query);
    let mut wanted: Vec<_> = found.iter().map(|u| u.id).collect();
    wanted.extend(joins.iter().map(|j| j.unit.id));
    let who = visit.desk.who_is_where(wanted).await?;
    let responsibles = |unit| {
        let names: Vec<&str> = who
            .iter()
            .filter(|(of, part, _)| *of == unit && *part == Part::Responsible)
            .map(|(_, _, name)| name.as_str())
            .collect();
        names.join(" or ")
    };
    let applied = applications
        .iter()
        .any(|a| a.became.state == AskState::Waiting);
    let granted = applications
        .iter()
        .position(|a| a.became.state == AskState::Granted && actor.support);
    let mut asked: Vec<AskedRow> = applications
        .iter()
        .enumerate()
        .map(|(i, a)| {
            let turn = granted == Some(i) && actor.units.is_empty() && joins.is_empty();
            AskedRow::application(&visit.dial, a, turn)
        })
        .collect();
    asked.extend(joins.iter().map(|j| {
        let names = responsibles(j.unit.id);
        let whom = if names.is_empty() {
            "an administrator".to_owned()
        } else {
            names
        };
        AskedRow::join(&visit.dial, j, &whom)
    }));
    let units = found
        .iter()
        .map(|unit| {
            let asked = joins
                .iter()
                .find(|j| j.unit.id == unit.id && j.became.state == AskState::Waiting);
            let members = who.iter().filter(|(of, ..)| *of == unit.id).count();
            let names = responsibles(unit.id);
            JoinRow {
                key: unit.key.clone(),
                name: unit.name.clone(),
                href: format!("/units/{}", encode(&unit.key)),
                text: format!("Level {}. {}", unit.level, excerpt(&unit.description, 160)),
                small: format!(
                    "{}. {members} {}.",
                    match names.as_str() {
                        "" => "Nobody responsible yet; an administrator answers".to_owned(),
                        names => format!("Responsible: {names}"),
                    },
                    if members == 1 { "member" } else { "members" }
                ),
                chip: if actor.in_unit(unit.id).is_some() {
                    Some(Chip::with_icon(Tone::Ok, "check", "You are in it"))
                } else {
                    asked.map(|j| {
                        let day = visit.dial.day_words(j.became.created_at);
                        Chip::with_icon(Tone::Info, "clock", format!("Asked {day}"))
                    })
                },
            }
        })
        .collect();
    Ok(SupportStaffPage {
        frame,
        steps: steps(actor.support, applied, !actor.units.is_empty()),
        waiting,
        asked,
        holds: actor.support,
        applied,
        query,
        units,
        words,
        names: catalogue
            .units
            .iter()
            .filter(|u| u.active)
            .map(|u| u.name.clone())
            .collect(),
        typed,
        errors,
    })
}

/// Talking comes first and can not be seen here; who applied has talked.
fn steps(holds: bool, applied: bool, inside: bool) -> Vec<StepView> {
    let step = |name, done, now| StepView { name, done, now };
    vec![
        step(
            "Talk to a responsible",
            holds || applied,
            !holds && !applied,
        ),
        step("Register", true, false),
        step("Apply for the support permission", holds, !holds && applied),
        step("Join units", holds && inside, holds && !inside),
    ]
}

fn search<'a>(catalogue: &'a Catalogue, query: &str) -> (Vec<&'a Unit>, String) {
    let words = query.to_lowercase();
    let found: Vec<&Unit> = catalogue
        .units
        .iter()
        .filter(|u| u.active)
        .filter(|u| {
            let text = format!("{} {} {}", u.name, u.description, u.category).to_lowercase();
            words.split_whitespace().all(|w| text.contains(w))
        })
        .collect();
    let all = found.len();
    let shown: Vec<&Unit> = found.into_iter().take(UNITS).collect();
    let said = if all > shown.len() {
        format!("{} of {all} units; search for the others.", shown.len())
    } else {
        String::new()
    };
    (shown, said)
}

/// `POST /support-staff`: apply, withdraw, ask to join, give the permission
/// back.
pub async fn act(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    posted.visit.at("/support-staff".to_owned());
    let result = deed(&posted).await;
    posted.visit.close(result).await
}

async fn deed(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let desk = &visit.desk;
    let actor = visit.actor()?;
    let me = actor.person.ok_or(Fault::SignInFirst)?;
    let id = || Uuid::try_parse(posted.text("id")).map_err(|_| Fault::no_page());
    let reason = posted.body("reason");
    let done = match posted.text("do") {
        "apply" => {
            let units: Vec<String> = posted
                .text("units")
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect();
            desk.apply_for_support(actor, &units, &reason)
                .await
                .map(|_| "Your application is sent; the answer comes by mail")
        }
        "withdraw" => desk
            .withdraw(actor, Kind::Application, id()?)
            .await
            .map(|()| "Your application is withdrawn"),
        "join" => desk
            .ask_to_join(actor, posted.text("unit"), &reason)
            .await
            .map(|_| "The unit is asked; its answer comes by mail"),
        "withdraw-join" => desk
            .withdraw(actor, Kind::Join, id()?)
            .await
            .map(|()| "Your request is withdrawn"),
        "give-back" => {
            let wish = |r: Rights| Rights {
                support: false,
                ..r
            };
            desk.change_rights(actor, me, wish, &reason)
                .await
                .map(|()| "You have given the support permission back")
        }
        _ => return Err(Fault::no_page()),
    };
    match done {
        Ok(said) => visit.go("/support-staff", Some(Notice::new(NoticeTone::Ok, said))),
        Err(error) if posted.text("do") == "apply" => {
            let (field, problem) = told(error, "units")?;
            let errors = Errors::one(field, problem);
            let typed = (posted.text("units").to_owned(), reason);
            let page = page(visit, typed, errors).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error @ (Error::Conflict(_) | Error::Forbidden(_))) => {
            let (_, text) = told(error, "do")?;
            let notice = Notice {
                tone: NoticeTone::Bad,
                title: "Nothing was changed".to_owned(),
                text,
            };
            visit.go("/support-staff", Some(notice))
        }
        Err(other) => Err(other.into()),
    }
}
