//! `/provider/onboarding`: the form by which a provider brings services in,
//! step by step. What was typed is kept with every step, right or wrong.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::onboarding::{Sheet, told};
use store::onboarding::{Kind, Note};
use switchboard_core::onboarding::{Answered, Form, Problem, ServicePart, State, Step, label};
use uuid::Uuid;

use super::connect::Connect;
use super::fields::{Group, groups, read, zones};
use super::{FormRow, form_row, state_chip};
use crate::ui::ask::errors_of;
use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::text::{Prose, prose};
use crate::ui::time::Dial;
use crate::ui::view::{Chip, Icon, TimeMark};
use crate::ui::visit::{Visit, sentence};

/// A step in the list on top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepMark {
    /// Its word.
    pub key: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// Nothing is missing in it.
    pub done: bool,
    /// It is the one that is shown.
    pub here: bool,
}

/// Something that is missing, with the step where it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What the field is called.
    pub label: String,
    /// What is wrong.
    pub problem: String,
    /// The word of its step.
    pub step: &'static str,
    /// What that step is called.
    pub step_label: &'static str,
}

/// Something that was done with the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteRow {
    /// When.
    pub when: TimeMark,
    /// "Adéla Marek asked for changes".
    pub what: String,
    /// What they said.
    pub text: Prose,
    /// They said something.
    pub said: bool,
}

/// The form, at one of its steps, or as it was sent.
#[derive(Debug, Clone, Template)]
#[template(path = "provider/form.html")]
pub struct FormPage {
    /// Around it.
    pub frame: Frame,
    /// Where it is.
    pub href: String,
    /// What it is about.
    pub title: String,
    /// How far it has come.
    pub chip: Chip,
    /// It can be written in.
    pub open: bool,
    /// The steps; empty when it can not be written in.
    pub steps: Vec<StepMark>,
    /// The word of the step that is shown.
    pub step: &'static str,
    /// What it is called.
    pub step_label: &'static str,
    /// What an administrator asked for, when it was returned.
    pub wanted: Option<Prose>,
    /// The fields of the step.
    pub groups: Vec<Group>,
    /// The step about connecting.
    pub connect: Option<Connect>,
    /// The last step: everything as it stands.
    pub review: bool,
    /// What is missing.
    pub missing: Vec<Missing>,
    /// Every field with what stands in it.
    pub told: Vec<(String, String)>,
    /// What accepting it creates.
    pub would: Vec<String>,
    /// What was done with it.
    pub notes: Vec<NoteRow>,
    /// The step before.
    pub back: Option<(&'static str, &'static str)>,
    /// The step after.
    pub next: Option<(&'static str, &'static str)>,
    /// Headings of the catalogue, to choose from.
    pub areas: Vec<String>,
    /// Time zones, to choose from.
    pub zones: Vec<String>,
    /// What is wrong with the step.
    pub errors: Errors,
}

/// Where somebody begins.
#[derive(Debug, Clone, Template)]
#[template(path = "provider/begin.html")]
pub struct BeginPage {
    /// Around it.
    pub frame: Frame,
    /// Their forms that are not decided yet.
    pub forms: Vec<FormRow>,
}

/// What was done with a form, in words.
pub(crate) fn note_rows(notes: &[Note], dial: &Dial) -> Vec<NoteRow> {
    notes
        .iter()
        .map(|n| NoteRow {
            when: dial.moment(n.at),
            what: format!(
                "{} {}",
                n.name,
                match n.deed.as_str() {
                    "submitted" => "sent it for review",
                    "returned" => "asked for changes",
                    "refused" => "refused it",
                    "accepted" => "accepted it",
                    _ => "took back what it had created",
                }
            ),
            text: prose(&n.body),
            said: !n.body.is_empty(),
        })
        .collect()
}

/// The form with this id in an address.
pub(crate) fn id(text: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(text).map_err(|_| Fault::no_page())
}

/// `GET /provider/onboarding`.
pub async fn begin(visit: Visit) -> Response {
    let result = async {
        let actor = visit.actor()?;
        let forms = visit.desk.onboardings(actor).await?;
        visit.page(&BeginPage {
            frame: visit.frame(visit.room(), Here::Providers).await?,
            forms: forms
                .into_iter()
                .filter(|s| s.state.open())
                .map(|s| form_row(&visit.dial, s, "/provider/onboarding"))
                .collect(),
        })
    }
    .await;
    visit.close(result).await
}

/// `POST /provider/onboarding`: a new form.
pub async fn start(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let visit = &posted.visit;
    let result = async {
        let id = visit.desk.begin_onboarding(visit.actor()?).await?;
        visit.go(&format!("/provider/onboarding/{id}"), None)
    }
    .await;
    posted.visit.close(result).await
}

/// `GET /provider/onboarding/{id}`.
pub async fn show(visit: Visit, Path(text): Path<String>) -> Response {
    let result = async {
        let sheet = visit.desk.onboarding(visit.actor()?, id(&text)?).await?;
        if let (Kind::Move, Some(service)) = (sheet.row.kind, &sheet.service)
            && sheet.row.state.open()
        {
            let to = format!("/provider/services/{}/option", service.key);
            return visit.go(&to, None);
        }
        let step = Step::parse(visit.query("step")).unwrap_or(Step::Provider);
        let page = page(&visit, &sheet, step, &[]).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /provider/onboarding/{id}`: keeps what was typed, and does what the
/// button says.
pub async fn act(Path(text): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = act_on(&posted, &text).await;
    posted.visit.close(result).await
}

async fn act_on(posted: &Posted, text: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.actor()?;
    let id = id(text)?;
    let sheet = visit.desk.onboarding(actor, id).await?;
    let step = Step::parse(posted.text("step")).unwrap_or(Step::Provider);
    let deed = posted.text("do");
    let mut form = sheet.row.form.clone();
    read(&mut form, posted, &sheet.providers);
    change_rows(&mut form, deed);
    let sheet = visit.desk.save_onboarding(actor, id, None, form).await?;
    let at = |step: Step| format!("/provider/onboarding/{id}?step={}", step.key());
    let refuse = async |wrong: &[Problem]| {
        let page = page(visit, &sheet, step, wrong).await?;
        visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
    };
    if let Some(to) = deed.strip_prefix("to-").and_then(Step::parse) {
        return visit.go(&at(to), None);
    }
    match deed {
        "save" => {
            let notice = Notice {
                tone: NoticeTone::Ok,
                title: "Your form is kept".to_owned(),
                text: "Come back whenever you like; nobody else sees it before you send it."
                    .to_owned(),
            };
            visit.go("/provider", Some(notice))
        }
        "next" => {
            let wrong: Vec<Problem> = sheet
                .wrong
                .iter()
                .filter(|p| Step::of(&p.field) == step)
                .cloned()
                .collect();
            if wrong.is_empty() {
                visit.go(&at(after(step).unwrap_or(Step::Review)), None)
            } else {
                refuse(&wrong).await
            }
        }
        "ask-list" => match visit.desk.ask_list(actor, id).await {
            Ok(()) => {
                let notice = Notice {
                    tone: NoticeTone::Ok,
                    title: "The test mail is on its way".to_owned(),
                    text: format!(
                        "Who reads {} finds a link in it; follow it, then come back here.",
                        sheet.row.form.redirection.list
                    ),
                };
                visit.go(&at(step), Some(notice))
            }
            Err(Error::Invalid { field, problem }) => {
                let problem = sentence(&problem);
                refuse(&[Problem { field, problem }]).await
            }
            Err(other) => Err(other.into()),
        },
        "test" => {
            visit.desk.test_connection(actor, id).await?;
            visit.go(&at(step), None)
        }
        "submit" => {
            if !sheet.wrong.is_empty() {
                return refuse(&[]).await;
            }
            visit
                .desk
                .submit_onboarding(actor, id, None, &posted.body("message"))
                .await?;
            let notice = Notice {
                tone: NoticeTone::Ok,
                title: "Sent for review".to_owned(),
                text: "The administrators are told. You get a mail when they have decided."
                    .to_owned(),
            };
            visit.go("/provider", Some(notice))
        }
        _ => visit.go(&at(step), None),
    }
}

/// Adds and takes away rows of the form.
fn change_rows(form: &mut Form, deed: &str) {
    if deed == "add-service" {
        form.services.push(ServicePart::default());
    } else if deed == "add-faq" {
        form.issues.faq.push(Answered::default());
    } else if let Some(n) = deed
        .strip_prefix("drop-")
        .and_then(|n| n.parse::<usize>().ok())
        && n < form.services.len()
    {
        form.services.remove(n);
    }
}

fn after(step: Step) -> Option<Step> {
    let place = Step::ALL.iter().position(|s| *s == step)?;
    Step::ALL.get(place + 1).copied()
}

fn before(step: Step) -> Option<Step> {
    let place = Step::ALL.iter().position(|s| *s == step)?;
    place.checked_sub(1).and_then(|p| Step::ALL.get(p).copied())
}

async fn page(
    visit: &Visit,
    sheet: &Sheet,
    step: Step,
    wrong: &[Problem],
) -> Result<FormPage, Fault> {
    let catalogue = visit.desk.catalogue().await?;
    let open = sheet.row.state.open() && sheet.by.author;
    let step = if open { step } else { Step::Review };
    let form = &sheet.row.form;
    let mut areas: Vec<String> = catalogue.services.iter().map(|s| s.area.clone()).collect();
    areas.sort();
    areas.dedup();
    let names: Vec<&str> = form
        .services
        .iter()
        .map(|s| s.name.as_str())
        .filter(|n| !n.is_empty())
        .collect();
    let pair = |step: Step| (step.key(), step.label());
    Ok(FormPage {
        frame: visit.frame(visit.room(), Here::Providers).await?,
        href: format!("/provider/onboarding/{}", sheet.row.id),
        title: match &sheet.service {
            Some(service) => format!("{} goes another way", service.name),
            None if open || names.is_empty() => "Connect your service to the helpdesk".to_owned(),
            None => names.join(", "),
        },
        chip: state_chip(sheet.row.state),
        open,
        steps: if open {
            Step::ALL
                .into_iter()
                .map(|s| StepMark {
                    key: s.key(),
                    label: s.label(),
                    done: s != step
                        && s != Step::Review
                        && !sheet.wrong.iter().any(|p| Step::of(&p.field) == s),
                    here: s == step,
                })
                .collect()
        } else {
            Vec::new()
        },
        step: step.key(),
        step_label: step.label(),
        wanted: (sheet.row.state == State::Returned)
            .then(|| sheet.notes.iter().rfind(|n| n.deed == "returned"))
            .flatten()
            .map(|n| prose(&n.body)),
        groups: groups(step, form, sheet, wrong),
        connect: (step == Step::Connect)
            .then(|| Connect::of(form, Some(sheet), None, wrong, &visit.dial)),
        review: step == Step::Review,
        missing: if step == Step::Review && open {
            sheet
                .wrong
                .iter()
                .map(|p| Missing {
                    label: label(&p.field),
                    problem: p.problem.clone(),
                    step: Step::of(&p.field).key(),
                    step_label: Step::of(&p.field).label(),
                })
                .collect()
        } else {
            Vec::new()
        },
        told: if step == Step::Review {
            told(form)
        } else {
            Vec::new()
        },
        would: if step == Step::Review {
            sheet.would.clone()
        } else {
            Vec::new()
        },
        notes: note_rows(&sheet.notes, &visit.dial),
        back: before(step).filter(|_| open).map(pair),
        next: after(step).filter(|_| open).map(pair),
        areas,
        zones: if step == Step::Quality {
            zones()
        } else {
            Vec::new()
        },
        errors: errors_of(wrong),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_each_other() {
        assert_eq!(before(Step::Provider), None);
        assert_eq!(after(Step::Provider), Some(Step::Connect));
        assert_eq!(after(Step::Review), None);
        assert_eq!(before(Step::Review), Some(Step::Issues));
    }

    #[test]
    fn rows_come_and_go() {
        let mut form = Form::fresh("");
        change_rows(&mut form, "add-service");
        form.services[1].name = "Second".into();
        change_rows(&mut form, "drop-0");
        assert_eq!(form.services.len(), 1);
        assert_eq!(form.services[0].name, "Second");
        change_rows(&mut form, "drop-7");
        assert_eq!(form.services.len(), 1);
    }
}
