//! `/`: the front page of the public desk.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::notice::{Phase, phase};
use desk::service::LAMPS;
use desk::{Catalogue, Desk, Error, TicketQuery};
use store::list::{Condition, Filter, Item, Sort};
use store::unit::Service;
use switchboard_core::{PersonId, Status, TicketNumber};

use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::status::when_words;
use super::thread::since_words;
use super::time::Dial;
use super::view::{Chip, Icon, Lamp, Route, RouteStop, StatusMark, StopKind, Tone};
use super::visit::{Visit, encode};

/// An incident or a planned downtime, told on the front page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentView {
    /// It was announced, and is not a failure.
    pub planned: bool,
    /// What, with the service.
    pub title: String,
    /// "Degraded".
    pub chip: Option<Chip>,
    /// Since when, and what it means to people.
    pub text: String,
    /// More about it.
    pub href: Option<String>,
}

/// One of the requester's own tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MineRow {
    /// Its page.
    pub href: String,
    /// Its number.
    pub number: i64,
    /// One line.
    pub subject: String,
    /// The service, or the unit.
    pub about: String,
    /// It waits for the requester.
    pub turn: bool,
    /// A solution was given, so what is asked for is a check.
    pub solved: bool,
    /// Where it is, in words.
    pub words: String,
    /// Where it stands.
    pub status: StatusMark,
}

/// A service in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCard {
    /// The request form for it.
    pub href: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub text: String,
    /// How it runs.
    pub lamp: Lamp,
    /// Who provides it.
    pub provider: String,
}

/// A tab: one kind out of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Where it leads.
    pub href: String,
    /// What it is called.
    pub label: String,
    /// It is the one shown.
    pub current: bool,
}

/// The front page.
#[derive(Debug, Clone, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    /// Around it.
    pub frame: Frame,
    /// Incidents and downtimes.
    pub incidents: Vec<IncidentView>,
    /// The reader's open tickets, a few.
    pub mine: Vec<MineRow>,
    /// How many they have in all.
    pub mine_total: i64,
    /// They may raise alarms.
    pub may_alarm: bool,
    /// Words to start with, and the form with them.
    pub asked: Vec<(String, String)>,
    /// A few services.
    pub services: Vec<ServiceCard>,
    /// "27 services, 25 running normally".
    pub services_words: String,
    /// Kinds of service.
    pub kinds: Vec<Tab>,
    /// "Show 20 more services", and where.
    pub more_services: Option<(String, String)>,
    /// The way of any ticket.
    pub road: Route,
    /// What was typed as number to follow.
    pub follow_number: String,
    /// What was typed as address.
    pub follow_mail: String,
    /// What was wrong with them.
    pub errors: Errors,
}

/// So many services are shown on the front page.
const SERVICES: usize = 8;

/// `GET /`.
pub async fn show(visit: Visit) -> Response {
    if visit.at_portals_host() {
        return super::portal::show(visit).await;
    }
    let page = home(&visit, String::new(), String::new(), Errors::default()).await;
    let result = page.and_then(|page| visit.page(&page));
    visit.close(result).await
}

async fn home(
    visit: &Visit,
    follow_number: String,
    follow_mail: String,
    errors: Errors,
) -> Result<HomePage, Fault> {
    let desk = &visit.desk;
    let catalogue = desk.catalogue().await?;
    let (mine, mine_total) = match visit.who.as_ref().and_then(|w| w.actor.person) {
        Some(person) => own_tickets(visit, &catalogue, person).await?,
        None => (Vec::new(), 0),
    };
    let active: Vec<&Service> = catalogue.services.iter().filter(|s| s.active).collect();
    let rest = active.len().saturating_sub(SERVICES - 1);
    let mut services: Vec<ServiceCard> =
        active.iter().take(SERVICES - 1).map(|s| card(s)).collect();
    services.push(ServiceCard {
        href: "/tickets/new".to_owned(),
        name: "I don’t know which".to_owned(),
        text: "Tell us what you were doing. First level finds the team.".to_owned(),
        lamp: Lamp {
            state: "off",
            words: "Weekdays 09–17".to_owned(),
        },
        provider: "First level".to_owned(),
    });
    Ok(HomePage {
        frame: visit.frame(Room::Public, Here::Elsewhere).await?,
        incidents: incidents(desk, &catalogue, &visit.dial).await?,
        mine,
        mine_total,
        may_alarm: match visit.who.as_ref() {
            Some(who) => desk.may_raise(&who.actor).await?.at_all(),
            None => false,
        },
        asked: active
            .iter()
            .take(3)
            .map(|s| (s.name.clone(), form_of(s)))
            .collect(),
        services,
        services_words: running_words(&active),
        kinds: areas(&active, ""),
        more_services: (rest > 1).then(|| {
            (
                format!("Show all {} services", active.len()),
                "/services".to_owned(),
            )
        }),
        road: road(),
        follow_number,
        follow_mail,
        errors,
    })
}

/// The way of any ticket, for people who have none yet.
fn road() -> Route {
    let stop = |name: &str, note: &str, kind| RouteStop {
        name: name.to_owned(),
        note: note.to_owned(),
        kind,
        outside: false,
    };
    Route {
        stops: vec![
            stop("You", "say what happened", StopKind::Past),
            stop("First level", "finds the team", StopKind::Past),
            stop("The team", "works on it, and you see who", StopKind::Now),
            stop("You", "say whether it works", StopKind::Next),
        ],
    }
}

async fn own_tickets(
    visit: &Visit,
    catalogue: &Catalogue,
    person: PersonId,
) -> Result<(Vec<MineRow>, i64), Fault> {
    let actor = visit.actor()?;
    let asked = || Filter::default().and(Condition::Requester(person));
    let current = asked().with(
        true,
        Condition::Status(vec![Status::Verified, Status::Closed, Status::Unsolved]),
    );
    let page = visit
        .desk
        .tickets(
            actor,
            TicketQuery {
                filter: current,
                sort: Sort::Updated,
                limit: 5,
                ..TicketQuery::default()
            },
        )
        .await?;
    let total = visit
        .desk
        .count_tickets(actor, vec![(String::new(), asked())], 10_000)
        .await?;
    let mut rows: Vec<MineRow> = page
        .items
        .iter()
        .map(|i| mine_row(i, catalogue, &visit.dial))
        .collect();
    rows.sort_by_key(|row| !row.turn);
    Ok((rows, total.first().copied().unwrap_or(0)))
}

/// One of the requester's own tickets, in words.
pub fn mine_row(item: &Item, catalogue: &Catalogue, dial: &Dial) -> MineRow {
    let unit = catalogue.unit_name(item.unit);
    let since = since_words(dial, item.status_since);
    let words = match item.status {
        Status::New => "First level looks for the right team.".to_owned(),
        Status::Assigned => format!("With {unit} {since}."),
        Status::InProgress => format!("{unit} works on it {since}."),
        Status::Waiting => format!("{unit} asks you something."),
        Status::OnHold => format!("On hold at {unit} {since}."),
        Status::Reopened => format!("Back with {unit} {since}."),
        Status::Solved => format!("{unit} says it is solved. Does it work for you?"),
        Status::Unsolved => format!("{unit} could not solve it."),
        Status::Verified => "Solved, and you said that it works.".to_owned(),
        Status::Closed => format!("Closed {}.", dial.day_words(item.status_since)),
    };
    let solved = item.status == Status::Solved;
    MineRow {
        href: format!("/tickets/{}", item.number),
        number: item.number.0,
        subject: item.subject.clone(),
        about: catalogue
            .service_name(item.service)
            .unwrap_or_default()
            .to_owned(),
        turn: solved || item.status == Status::Waiting,
        solved,
        words,
        status: if solved {
            StatusMark::saying(item.status, "Solved, please check")
        } else {
            StatusMark::of(item.status)
        },
    }
}

/// A ticket of somebody else that is open to the reader's community.
pub fn shared_row(item: &Item, catalogue: &Catalogue, dial: &Dial) -> MineRow {
    let (unit, asked) = (catalogue.unit_name(item.unit), &item.requester_name);
    let mine = mine_row(item, catalogue, dial);
    let words = match item.status {
        Status::Waiting => format!("{asked} asked; {unit} waits for an answer."),
        Status::Solved => format!("{asked} asked; {unit} solved it."),
        Status::Verified => format!("{asked} asked; solved, and it works."),
        _ => format!("{asked} asked. {}", mine.words),
    };
    MineRow {
        turn: false,
        solved: false,
        words,
        status: StatusMark::of(item.status),
        ..mine
    }
}

async fn incidents(
    desk: &Desk,
    catalogue: &Catalogue,
    dial: &Dial,
) -> Result<Vec<IncidentView>, Fault> {
    let mut views = Vec::new();
    for notice in desk.notices().await? {
        if phase(&notice, dial.now) == Phase::Past {
            continue;
        }
        let planned = notice.kind == "downtime";
        let lamp = notice
            .services
            .first()
            .and_then(|id| catalogue.service(*id))
            .filter(|s| !planned && s.lamp != "running")
            .map(|s| Chip::new(Tone::Warn, lamp(s).words));
        let when = when_words(&notice, dial);
        views.push(IncidentView {
            planned,
            title: notice.title,
            chip: lamp,
            text: match (when.as_str(), notice.body.as_str()) {
                ("", body) => body.to_owned(),
                (when, "") => format!("{when}."),
                (when, body) => format!("{when}. {body}"),
            },
            href: Some("/status".to_owned()),
        });
    }
    Ok(views)
}

/// The request form for a service.
fn form_of(service: &Service) -> String {
    format!("/tickets/new?service={}", encode(&service.key))
}

/// How a service runs.
pub fn lamp(service: &Service) -> Lamp {
    Lamp {
        state: match service.lamp.as_str() {
            "degraded" => "degraded",
            "down" => "down",
            "planned" => "planned",
            "off" => "off",
            _ => "",
        },
        words: if service.lamp_text.is_empty() {
            LAMPS
                .iter()
                .find(|(key, _)| *key == service.lamp)
                .map_or("Running", |(_, words)| words)
                .to_owned()
        } else {
            service.lamp_text.clone()
        },
    }
}

/// A service in the catalogue.
pub fn card(service: &Service) -> ServiceCard {
    ServiceCard {
        href: form_of(service),
        name: service.name.clone(),
        text: service.description.clone(),
        lamp: lamp(service),
        provider: service.provider.clone(),
    }
}

/// "27 services, 25 running normally".
pub fn running_words(services: &[&Service]) -> String {
    let running = services
        .iter()
        .filter(|s| matches!(s.lamp.as_str(), "" | "running"))
        .count();
    match services.len() {
        1 => format!("1 service, {running} running normally"),
        all => format!("{all} services, {running} running normally"),
    }
}

/// A tab for all services and one for each area.
pub fn areas(services: &[&Service], chosen: &str) -> Vec<Tab> {
    let mut names: Vec<&str> = Vec::new();
    for service in services {
        if !service.area.is_empty() && !names.contains(&service.area.as_str()) {
            names.push(&service.area);
        }
    }
    let tab = |label: &str, area: &str| Tab {
        href: if area.is_empty() {
            "/services".to_owned()
        } else {
            format!("/services?area={}", encode(area))
        },
        label: label.to_owned(),
        current: area == chosen,
    };
    std::iter::once(tab("All", ""))
        .chain(names.into_iter().map(|name| tab(name, name)))
        .collect()
}

/// `POST /follow`: mails a link to somebody who is on a ticket.
pub async fn follow(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = send_link(&posted).await;
    posted.visit.close(result).await
}

async fn send_link(posted: &Posted) -> Result<Response, Fault> {
    let (visit, mail) = (&posted.visit, posted.text("mail").to_owned());
    let typed = posted.text("number").trim_start_matches('#').to_owned();
    let errors = match typed.parse::<i64>() {
        Err(_) => Errors::one("number", "A ticket number has digits only, as 48213."),
        Ok(number) => match visit
            .desk
            .send_follow_link(TicketNumber(number), &mail)
            .await
        {
            Ok(()) => {
                return visit.go(
                    "/#track",
                    Some(Notice {
                        tone: NoticeTone::Ok,
                        title: "A link is on its way".to_owned(),
                        text: format!(
                            "If ticket {number} belongs to that address, the link comes by mail in a moment."
                        ),
                    }),
                );
            }
            Err(Error::Invalid { .. }) => {
                Errors::one("mail", "This does not look like a mail address.")
            }
            Err(other) => return Err(other.into()),
        },
    };
    let page = home(visit, typed, mail, errors).await?;
    visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
