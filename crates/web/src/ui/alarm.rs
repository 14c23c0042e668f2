//! `/alarm`: nominated experts raise an alarm; and how an alarm stands, in words.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::alarm::{AlarmDraft, MayRaise};
use store::alarm::Alarm;
use switchboard_core::alarm::Stage;
use switchboard_core::{Actor, TicketNumber, TicketType};

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::time::{Dial, length};
use super::view::{Choice, Icon};
use super::visit::{Visit, sentence};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "alarm.html")]
pub struct AlarmPage {
    /// Around it.
    pub frame: Frame,
    /// The reader was nominated; else the page says whom to ask.
    pub may: bool,
    /// Sites that can be called.
    pub sites: Vec<Choice>,
    /// Communities for which the reader may; empty: none to choose.
    pub communities: Vec<Choice>,
    /// One line.
    pub subject: String,
    /// What happened.
    pub description: String,
    /// Services, by name.
    pub services: Vec<Choice>,
    /// What was wrong.
    pub errors: Errors,
}

/// How an alarm stands, as a sentence.
pub fn words(alarm: &Alarm, dial: &Dial) -> String {
    let site = &alarm.site;
    let last = dial.moment_words(alarm.standing.called_at);
    let times = match alarm.calls {
        0 | 1 => format!("{site} was called {last}"),
        2 => format!("{site} was called twice, last {last}"),
        n => format!("{site} was called {n} times, last {last}"),
    };
    let trouble = match &alarm.trouble {
        Some(why) if alarm.confirmed_at.is_none() => {
            format!(" The mail does not arrive: {}", sentence(why))
        }
        _ => String::new(),
    };
    let who = alarm.confirmed_by.as_deref().unwrap_or("Somebody");
    let said = match alarm.standing.stage {
        Stage::Called | Stage::Again => format!("{times}, and has not confirmed yet."),
        Stage::Escalated => {
            format!("{times}, and has not confirmed. First level and monitors know.")
        }
        Stage::Confirmed => {
            let after = alarm.confirmed_at.unwrap_or(alarm.raised_at) - alarm.raised_at;
            match after < 60_000 {
                true => format!("Confirmed by {who} within a minute."),
                false => format!("Confirmed by {who} after {}.", length(after)),
            }
        }
        Stage::Failed => format!("{times}, and nobody confirmed in time: the test has failed."),
        Stage::Closed => format!("{times}; the ticket was resolved before anybody confirmed."),
    };
    let test = if alarm.standing.test { "Test: " } else { "" };
    format!("{test}{said}{trouble}")
}

/// How the alarm of a ticket stands; `None`: the ticket is none.
pub async fn of_ticket(
    visit: &Visit,
    actor: &Actor,
    (number, kind): (TicketNumber, TicketType),
) -> Result<Option<String>, Fault> {
    if kind != TicketType::Alarm {
        return Ok(None);
    }
    let alarm = visit.desk.alarm_of(actor, number).await?;
    Ok(alarm.map(|alarm| words(&alarm, &visit.dial)))
}

/// `GET /alarm`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let page = page(&visit, AlarmDraft::default(), Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn page(visit: &Visit, draft: AlarmDraft, errors: Errors) -> Result<AlarmPage, Fault> {
    let actor = visit.actor()?;
    let may = visit.desk.may_raise(actor).await?;
    let catalogue = visit.desk.catalogue().await?;
    let service = draft.service.unwrap_or_default();
    let community = draft.community.unwrap_or_default();
    let mut services = vec![("", "None of them, or not known")];
    services.extend(
        catalogue
            .services
            .iter()
            .filter(|s| s.active)
            .map(|s| (s.key.as_str(), s.name.as_str())),
    );
    Ok(AlarmPage {
        frame: visit.frame(visit.room(), Here::Elsewhere).await?,
        may: may.at_all(),
        sites: Choice::list(
            std::iter::once(("", "Choose a site"))
                .chain(may.sites.iter().map(|(k, n)| (k.as_str(), n.as_str()))),
            &draft.site,
        ),
        communities: communities(&may, &community),
        subject: draft.subject,
        description: draft.description,
        services: Choice::list(services, &service),
        errors,
    })
}

fn communities(may: &MayRaise, chosen: &str) -> Vec<Choice> {
    let named = may
        .communities
        .iter()
        .map(|(key, name)| (key.as_str(), name.as_str()));
    match (may.any, may.communities.len()) {
        (true, 0) => Vec::new(),
        (true, _) => Choice::list(std::iter::once(("", "None of them")).chain(named), chosen),
        (false, _) => Choice::list(named, chosen),
    }
}

/// `POST /alarm`.
pub async fn post(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = raise(&posted).await;
    posted.visit.close(result).await
}

async fn raise(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.actor()?;
    let some = |name: &str| Some(posted.text(name).to_owned()).filter(|t| !t.is_empty());
    let draft = AlarmDraft {
        site: posted.text("site").to_owned(),
        community: some("community"),
        subject: posted.text("subject").to_owned(),
        description: posted.body("description"),
        service: some("service"),
        idempotency: None,
    };
    match visit.desk.raise_alarm(actor, draft.clone()).await {
        Ok(opened) => {
            let words = "The alarm is raised: the site is called now";
            let notice = Notice::new(NoticeTone::Ok, words);
            visit.go(&format!("/tickets/{}", opened.number), Some(notice))
        }
        Err(Error::Invalid { field, problem }) => {
            let page = page(visit, draft, Errors::one(field, sentence(&problem))).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(Error::Conflict(problem)) => {
            let page = page(visit, draft, Errors::one("site", sentence(&problem))).await?;
            visit.page_as(StatusCode::CONFLICT, &page)
        }
        Err(other) => Err(other.into()),
    }
}
