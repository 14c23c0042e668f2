//! `/status`: how everything runs, for everybody; and `/services/{service}/status`,
//! where those who work for a service say so.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::notice::{NoticeEdit, Phase, may_post, phase};
use desk::service::{LAMPS, ServiceEdit, may_set_lamp};
use desk::{Catalogue, Error};
use store::notice::Notice as Stored;
use store::unit::Service;
use switchboard_core::{Actor, Millis};
use uuid::Uuid;

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::home::{lamp, running_words};
use super::posted::Posted;
use super::text::{Prose, prose};
use super::time::{Dial, local_value, parse_local};
use super::unit_edit::QUICKER;
use super::view::{Chip, Choice, Icon, Lamp, TimeMark, Tone};
use super::visit::{Visit, encode, sentence};

/// A service with its lamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LampRow {
    /// Its name.
    pub name: String,
    /// How it runs.
    pub lamp: Lamp,
    /// Where to say so, for those who may.
    pub edit: Option<String>,
}

/// A notice as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeView {
    /// Its id.
    pub id: String,
    /// "Incident", "Planned downtime", "News".
    pub chip: Chip,
    /// One line.
    pub title: String,
    /// The rest.
    pub body: Prose,
    /// When it was posted.
    pub at: TimeMark,
    /// "Since 09:10", "Saturday 06:00 to 10:00", with the services.
    pub words: String,
}

/// The page for everybody.
#[derive(Debug, Clone, Template)]
#[template(path = "status.html")]
pub struct StatusPage {
    /// Around it.
    pub frame: Frame,
    /// "27 services, 25 running normally".
    pub words: String,
    /// Incidents and downtimes that go on.
    pub now: Vec<NoticeView>,
    /// Downtimes to come.
    pub ahead: Vec<NoticeView>,
    /// Groups of services.
    pub areas: Vec<(String, Vec<LampRow>)>,
    /// What is over, and news.
    pub past: Vec<NoticeView>,
}

/// `GET /status`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let page = board(&visit).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn board(visit: &Visit) -> Result<StatusPage, Fault> {
    let catalogue = visit.desk.catalogue().await?;
    let active: Vec<&Service> = catalogue.services.iter().filter(|s| s.active).collect();
    let looker = visit.looker();
    let mut areas: Vec<(String, Vec<LampRow>)> = Vec::new();
    for service in &active {
        let row = LampRow {
            name: service.name.clone(),
            lamp: lamp(service),
            edit: (visit.who.is_some() && may_set_lamp(&looker, service)).then(|| path(service)),
        };
        let area = if service.area.is_empty() {
            "Services"
        } else {
            &service.area
        };
        match areas.iter_mut().find(|(name, _)| name == area) {
            Some((_, rows)) => rows.push(row),
            None => areas.push((area.to_owned(), vec![row])),
        }
    }
    let (mut now, mut ahead, mut past) = (Vec::new(), Vec::new(), Vec::new());
    for notice in visit.desk.notices().await? {
        let view = view(&notice, &catalogue, &visit.dial);
        match phase(&notice, visit.dial.now) {
            Phase::Now => now.push(view),
            Phase::Ahead => ahead.push(view),
            Phase::Past => past.push(view),
        }
    }
    Ok(StatusPage {
        frame: visit.frame(visit.room(), Here::Services).await?,
        words: running_words(&active),
        now,
        ahead,
        areas,
        past,
    })
}

fn path(service: &Service) -> String {
    format!("/services/{}/status", encode(&service.key))
}

/// When a notice is about, in words.
pub fn when_words(notice: &Stored, dial: &Dial) -> String {
    let moment = |at: Millis| dial.moment_words(at);
    match (notice.kind.as_str(), notice.starts_at, notice.ends_at) {
        ("news", ..) | (_, None, None) => String::new(),
        (_, Some(start), Some(end)) => format!("{} to {}", moment(start), moment(end)),
        (_, Some(start), None) => format!("Since {}", moment(start)),
        (_, None, Some(end)) => format!("Until {}", moment(end)),
    }
}

fn view(notice: &Stored, catalogue: &Catalogue, dial: &Dial) -> NoticeView {
    let names: Vec<&str> = notice
        .services
        .iter()
        .filter_map(|id| catalogue.service(*id))
        .map(|s| s.name.as_str())
        .collect();
    let when = when_words(notice, dial);
    let words = [when, names.join(", ")]
        .into_iter()
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(". ");
    NoticeView {
        id: notice.id.to_string(),
        chip: match notice.kind.as_str() {
            "incident" if phase(notice, dial.now) == Phase::Past => {
                Chip::with_icon(Tone::Ok, "check", "Incident, over")
            }
            "incident" => Chip::with_icon(Tone::Warn, "warn", "Incident"),
            "downtime" => Chip::with_icon(Tone::Info, "cal", "Planned downtime"),
            _ => Chip::with_icon(Tone::Plain, "info", "News"),
        },
        title: notice.title.clone(),
        body: prose(&notice.body),
        at: dial.moment(notice.at),
        words,
    }
}

/// The page of those who work for a service.
#[derive(Debug, Clone, Template)]
#[template(path = "service_status.html")]
pub struct ServiceStatusPage {
    /// Around it.
    pub frame: Frame,
    /// The service's name.
    pub name: String,
    /// Where its forms go.
    pub action: String,
    /// The version of the service.
    pub version: i64,
    /// How it runs.
    pub lamp: Lamp,
    /// How it may run.
    pub lamps: Vec<Choice>,
    /// The same in words.
    pub lamp_text: String,
    /// Its notices that are not over.
    pub open: Vec<NoticeView>,
    /// Kinds that may be posted.
    pub kinds: Vec<Choice>,
    /// One line.
    pub title: String,
    /// The rest.
    pub body: String,
    /// Since when.
    pub starts_at: String,
    /// Until when.
    pub ends_at: String,
    /// Other services that it touches.
    pub more: String,
    /// The zone of the times.
    pub zone: String,
    /// What was wrong.
    pub errors: Errors,
}

/// `GET /services/{service}/status`.
pub async fn edit(visit: Visit, Path(service): Path<String>) -> Response {
    let result = async {
        let page = page(&visit, &service, None, Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn page(
    visit: &Visit,
    key: &str,
    posted: Option<&Posted>,
    errors: Errors,
) -> Result<ServiceStatusPage, Fault> {
    let actor = visit.actor()?;
    let known = visit.desk.known_service(key).await?;
    let service = &known.service;
    if !may_set_lamp(actor, service) {
        return Err(Fault::Desk(Error::Forbidden(
            "This page is for those who work in the unit of the service.".into(),
        )));
    }
    let catalogue = visit.desk.catalogue().await?;
    let open = visit
        .desk
        .notices()
        .await?
        .iter()
        .filter(|n| n.services.contains(&service.id))
        .filter(|n| n.kind != "news" && phase(n, visit.dial.now) != Phase::Past)
        .filter(|n| mine(actor, n, &catalogue))
        .map(|n| view(n, &catalogue, &visit.dial))
        .collect();
    let typed = |name: &str| posted.map_or("", |p| p.text(name)).to_owned();
    let chosen = |name: &str, stored: &str| match posted {
        Some(p) if p.has(name) => p.text(name).to_owned(),
        _ => stored.to_owned(),
    };
    Ok(ServiceStatusPage {
        frame: visit.frame(Room::Staff, Here::Services).await?,
        name: service.name.clone(),
        action: path(service),
        version: known.version,
        lamp: lamp(service),
        lamps: Choice::list(LAMPS, &chosen("lamp", &service.lamp)),
        lamp_text: chosen("lamp_text", &service.lamp_text),
        open,
        kinds: Choice::list(
            [("incident", "Incident"), ("downtime", "Planned downtime")],
            &chosen("kind", "incident"),
        ),
        title: typed("title"),
        body: posted.map_or_else(String::new, |p| p.body("body")),
        starts_at: chosen("starts_at", &local_value(visit.dial.now, &visit.dial.zone)),
        ends_at: typed("ends_at"),
        more: typed("services"),
        zone: visit.dial.zone_words(),
        errors,
    })
}

/// May change this notice.
fn mine(actor: &Actor, notice: &Stored, catalogue: &Catalogue) -> bool {
    let about: Vec<&Service> = notice
        .services
        .iter()
        .filter_map(|id| catalogue.service(*id))
        .collect();
    may_post(actor, &notice.kind, &about)
}

/// `POST /services/{service}/status`: the lamp, a notice, the end of one.
pub async fn save(Path(service): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = act(&posted, &service).await;
    posted.visit.close(result).await
}

async fn act(posted: &Posted, key: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.actor()?;
    let service = visit.desk.known_service(key).await?.service;
    let done = match posted.text("do") {
        "lamp" => set_lamp(posted, actor, &service).await,
        "post" => post(posted, actor, &service).await,
        deed @ ("over" | "withdraw") => end(posted, actor, deed == "over").await,
        _ => return Err(Fault::no_page()),
    };
    let errors = match done {
        Ok(title) => {
            let notice = Notice::new(NoticeTone::Ok, title);
            return visit.go(&path(&service), Some(notice));
        }
        Err(Error::Invalid { field, problem }) => Errors::one(field, sentence(&problem)),
        Err(Error::Stale { .. }) => Errors::one("lamp", QUICKER),
        Err(other) => return Err(other.into()),
    };
    let page = page(visit, key, Some(posted), errors).await?;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn set_lamp(
    posted: &Posted,
    actor: &Actor,
    service: &Service,
) -> Result<&'static str, Error> {
    let edit = ServiceEdit {
        lamp: Some(posted.text("lamp").to_owned()),
        lamp_text: Some(posted.text("lamp_text").to_owned()),
        ..ServiceEdit::default()
    };
    let expected = posted.text("version").parse().ok();
    posted
        .visit
        .desk
        .change_service(actor, &service.key, expected, edit)
        .await?;
    Ok("Everybody sees it now")
}

/// A time of a form, in the reader's zone.
fn time(posted: &Posted, name: &str) -> Result<Option<Millis>, Error> {
    match posted.text(name) {
        "" => Ok(None),
        text => parse_local(text, &posted.visit.dial.zone)
            .map(Some)
            .ok_or_else(|| Error::invalid(name, "takes a date and a time, as 2026-11-23 15:20")),
    }
}

async fn post(posted: &Posted, actor: &Actor, service: &Service) -> Result<&'static str, Error> {
    let mut services = vec![service.key.clone()];
    let more = posted.text("services").split(',').map(str::trim);
    services.extend(more.filter(|s| !s.is_empty()).map(str::to_owned));
    let edit = NoticeEdit {
        kind: Some(posted.text("kind").to_owned()),
        title: Some(posted.text("title").to_owned()),
        body: Some(posted.body("body")),
        starts_at: Some(time(posted, "starts_at")?),
        ends_at: Some(time(posted, "ends_at")?),
        services: Some(services),
        active: None,
    };
    posted.visit.desk.post_notice(actor, edit).await?;
    Ok("It is posted")
}

async fn end(posted: &Posted, actor: &Actor, over: bool) -> Result<&'static str, Error> {
    let id = Uuid::try_parse(posted.text("notice"))
        .map_err(|_| Error::invalid("notice", "there is no such notice"))?;
    let desk = &posted.visit.desk;
    let edit = NoticeEdit {
        ends_at: over.then(|| Some(desk.now())),
        active: (!over).then_some(false),
        ..NoticeEdit::default()
    };
    desk.change_notice(actor, id, None, edit).await?;
    Ok(if over {
        "It is over"
    } else {
        "It is withdrawn"
    })
}
