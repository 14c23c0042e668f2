//! `/account/mail`: how the reader wants to hear of what happens.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Catalogue;
use desk::choice::{Chosen, EVENTS, scope_key, scope_of};
use desk::mail_text::LANGUAGES;
use store::choice::Wish;
use switchboard_core::UnitId;
use switchboard_core::choice::{How, Scope};
use switchboard_core::notify::Told;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::view::{Choice, Icon};
use super::visit::Visit;
use super::work_post::told;

/// Choices about one group of tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeRow {
    /// What stands before the event in the names of its fields.
    pub key: String,
    /// "Your own tickets", "Storage".
    pub name: String,
    /// What it holds for.
    pub hint: String,
    /// For each event: its key, its name, and the ways. None where the unit's mailing
    /// list is told: who reads that hears what it gets.
    pub events: Vec<(&'static str, &'static str, Vec<Choice>)>,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "mail_choice.html")]
pub struct MailChoicePage {
    /// Around it.
    pub frame: Frame,
    /// Languages to choose from.
    pub languages: Vec<Choice>,
    /// Daily or weekly.
    pub rhythms: Vec<Choice>,
    /// Days of the week.
    pub weekdays: Vec<Choice>,
    /// The hour.
    pub hour: String,
    /// The zone of that hour.
    pub time_zone: String,
    /// The choices.
    pub scopes: Vec<ScopeRow>,
    /// What was wrong.
    pub errors: Errors,
}

const DAYS: [(&str, &str); 7] = [
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
];
const WAYS: [(&str, &str); 3] = [
    ("mail", "Mail at once"),
    ("digest", "Gathered"),
    ("nothing", "Nothing"),
];

/// `GET /account/mail`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let who = visit.who.as_ref().ok_or(Fault::SignInFirst)?;
        let chosen = visit.desk.mail_choices(who.person.id).await?;
        visit.page(&page(&visit, &chosen, Errors::default()).await?)
    }
    .await;
    visit.close(result).await
}

/// The mailing list by which a unit hears.
fn list_of(catalogue: &Catalogue, unit: UnitId) -> Option<&str> {
    catalogue.unit(unit)?.email.as_deref()
}

fn scope_row(chosen: &Chosen, scope: Scope, name: String, hint: &str) -> ScopeRow {
    ScopeRow {
        events: EVENTS
            .into_iter()
            // Notes are never told on the requester's side.
            .filter(|(told, _)| scope != Scope::Own || *told != Told::Note)
            .map(|(told, label)| {
                let how = chosen.choices.get(&(scope, told)).unwrap_or(&How::Mail);
                (told.key(), label, Choice::list(WAYS, how.key()))
            })
            .collect(),
        key: scope_key(scope),
        name,
        hint: hint.to_owned(),
    }
}

async fn page(visit: &Visit, chosen: &Chosen, errors: Errors) -> Result<MailChoicePage, Fault> {
    let who = visit.who.as_ref().ok_or(Fault::SignInFirst)?;
    let catalogue = visit.desk.catalogue().await?;
    let mut scopes: Vec<ScopeRow> = chosen
        .units
        .iter()
        .map(|(id, name)| {
            let scope = Scope::Unit(*id);
            match list_of(&catalogue, *id) {
                None => {
                    let hint = "Tickets that this unit holds.";
                    scope_row(chosen, scope, name.clone(), hint)
                }
                Some(list) => ScopeRow {
                    key: scope_key(scope),
                    name: name.clone(),
                    hint: format!(
                        "This unit hears by its mailing list {list}, and its members by that: \
                         whoever leaves the list hears nothing of it.",
                    ),
                    events: Vec::new(),
                },
            }
        })
        .collect();
    scopes.push(scope_row(
        chosen,
        Scope::Own,
        "Your own tickets".into(),
        "That you asked for, are Cc of or follow. What asks something of you always comes at once.",
    ));
    if !chosen.units.is_empty() || who.person.monitor || who.person.support {
        scopes.push(scope_row(
            chosen,
            Scope::Other,
            "Other tickets".into(),
            "As first level, monitor, or because somebody drew you in.",
        ));
    }
    let wish = &chosen.wish;
    let mut languages = vec![("", "As the desk writes")];
    languages.extend(LANGUAGES);
    Ok(MailChoicePage {
        languages: Choice::list(languages, wish.language.as_deref().unwrap_or("")),
        rhythms: Choice::list(
            [("daily", "Every day"), ("weekly", "Once a week")],
            &wish.rhythm,
        ),
        weekdays: Choice::list(DAYS, &wish.weekday.to_string()),
        hour: wish.hour.to_string(),
        time_zone: wish.time_zone.clone(),
        scopes,
        errors,
        frame: visit.frame(visit.room(), Here::Elsewhere).await?,
    })
}

/// `POST /account/mail`.
pub async fn save(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    posted.visit.at("/account/mail".to_owned());
    let result = keep(&posted).await;
    posted.visit.close(result).await
}

async fn keep(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let who = visit.who.as_ref().ok_or(Fault::SignInFirst)?;
    // The page does not ask about units that hear by a mailing list: that stays.
    let catalogue = visit.desk.catalogue().await?;
    let mut choices = visit.desk.mail_choices(who.person.id).await?.choices;
    choices.retain(|(scope, _), _| match scope {
        Scope::Unit(id) => list_of(&catalogue, *id).is_some(),
        _ => false,
    });
    for (field, value) in posted.beginning("how:") {
        let Some((scope, event)) = field.rsplit_once(':') else {
            continue;
        };
        let parts = (scope_of(scope), Told::parse(event), How::parse(value));
        if let (Some(scope), Some(told), Some(how)) = parts {
            choices.insert((scope, told), how);
        }
    }
    let number = |name: &str| posted.text(name).parse::<i64>().unwrap_or(-1);
    let wish = Wish {
        language: Some(posted.text("language").to_owned()).filter(|l| !l.is_empty()),
        rhythm: posted.text("rhythm").to_owned(),
        weekday: number("weekday"),
        hour: number("hour"),
        time_zone: posted.text("time_zone").to_owned(),
    };
    let kept = visit
        .desk
        .set_mail_choices(who.person.id, choices.clone(), wish.clone())
        .await;
    match kept {
        Ok(()) => visit.go("/account/mail", Some(Notice::new(NoticeTone::Ok, "Saved"))),
        Err(error) => {
            let (field, problem) = told(error, "language")?;
            let known = visit.desk.mail_choices(who.person.id).await?;
            let typed = Chosen {
                choices,
                units: known.units,
                wish,
            };
            let page = page(visit, &typed, Errors::one(field, problem)).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}
