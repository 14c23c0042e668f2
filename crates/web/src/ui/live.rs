//! `/live`: tells open pages that something they may see has changed, and
//! `/work/suggest`: what the search field offers.

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use desk::TicketQuery;
use desk::list::View;
use store::list::{Condition, Filter};
use switchboard_core::Actor;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::fault::Fault;
use super::view::Icon;
use super::visit::{Visit, encode};
use crate::AppState;

/// Changes that come close together are told together.
const TOGETHER: Duration = Duration::from_millis(600);
/// After this the browser asks anew, and so who may see what is looked at anew.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// More changes than this at once are told as "something".
const MANY: usize = 100;

/// `GET /live`: server-sent events named `changed` with the numbers of the
/// tickets, only those that the reader may see.
pub async fn stream(State(app): State<AppState>, visit: Visit) -> Response {
    let Ok(actor) = visit.actor().cloned() else {
        // Without a sign-in there is nothing to tell; 204 ends the asking.
        return StatusCode::NO_CONTENT.into_response();
    };
    let Ok(permit) = app.streams.clone().try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let (tell, told) = mpsc::channel::<Result<Event, Infallible>>(8);
    let desk = app.desk.clone();
    tokio::spawn(async move {
        let _permit = permit;
        let mut live = desk.live();
        let until = Instant::now() + LONGEST;
        while Instant::now() < until {
            let first = tokio::select! {
                () = tell.closed() => return,
                () = tokio::time::sleep_until(until) => return,
                first = live.recv() => first,
            };
            let mut numbers = match first {
                Ok(one) => vec![one.ticket.0],
                // Too much at once: let the page look for itself.
                Err(RecvError::Lagged(_)) => Vec::new(),
                Err(RecvError::Closed) => return,
            };
            let mut lagged = numbers.is_empty();
            let end = Instant::now() + TOGETHER;
            while let Ok(next) = timeout(end - Instant::now(), live.recv()).await {
                match next {
                    Ok(one) => numbers.push(one.ticket.0),
                    Err(RecvError::Lagged(_)) => lagged = true,
                    Err(RecvError::Closed) => return,
                }
            }
            numbers.sort_unstable();
            numbers.dedup();
            if !lagged && numbers.len() <= MANY {
                numbers = seen(&desk, &actor, numbers).await;
                if numbers.is_empty() {
                    continue;
                }
            } else {
                numbers.clear();
            }
            let data = serde_json::json!({ "tickets": numbers }).to_string();
            let event = Event::default().event("changed").data(data);
            if tell.send(Ok(event)).await.is_err() {
                return;
            }
        }
    });
    Sse::new(ReceiverStream::new(told))
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
        .into_response()
}

/// Those of the tickets that the actor may see.
async fn seen(desk: &desk::Desk, actor: &Actor, numbers: Vec<i64>) -> Vec<i64> {
    let query = TicketQuery {
        filter: Filter::default().and(Condition::Numbers(numbers)),
        limit: MANY as i64,
        ..TicketQuery::default()
    };
    desk.tickets(actor, query)
        .await
        .map(|page| page.items.iter().map(|i| i.number.0).collect())
        .unwrap_or_default()
}

/// Something the search field offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Where it leads.
    pub href: String,
    /// A picture of the sprite.
    pub icon: &'static str,
    /// What it is.
    pub label: String,
    /// Of what kind.
    pub small: String,
}

/// What the search field offers.
#[derive(Debug, Clone, Template)]
#[template(path = "suggest.html")]
pub struct Suggestions {
    /// The best first.
    pub options: Vec<Offered>,
}

/// `GET /work/suggest`.
pub async fn suggest(visit: Visit) -> Response {
    let result = offer(&visit).await;
    visit.close(result).await
}

async fn offer(visit: &Visit) -> Result<Response, Fault> {
    let actor = visit.staff()?;
    let text = visit.query("q").trim();
    let words = text.to_lowercase();
    let mut options = Vec::new();
    if let Ok(number) = text.trim_start_matches('#').parse::<i64>() {
        for number in seen(&visit.desk, actor, vec![number]).await {
            options.push(Offered {
                href: format!("/work/{number}"),
                icon: "go",
                label: format!("Ticket {number}"),
                small: "open".to_owned(),
            });
        }
    }
    let hit = |label: &str| words.is_empty() || label.to_lowercase().contains(&words);
    for view in View::ALL.into_iter().filter(|v| hit(v.label())) {
        options.push(Offered {
            href: format!("/work?view={}", view.key()),
            icon: "tray",
            label: view.label().to_owned(),
            small: "view".to_owned(),
        });
    }
    if !words.is_empty() {
        let catalogue = visit.desk.catalogue().await?;
        for unit in catalogue
            .units
            .iter()
            .filter(|u| u.active && hit(&u.name))
            .take(4)
        {
            options.push(Offered {
                href: format!("/units/{}", encode(&unit.key)),
                icon: "people",
                label: unit.name.clone(),
                small: "unit".to_owned(),
            });
        }
        for service in catalogue
            .services
            .iter()
            .filter(|s| s.active && hit(&s.name))
            .take(3)
        {
            let query = format!("service:{}", service.key);
            options.push(Offered {
                href: format!("/work?q={}", encode(&query)),
                icon: "globe",
                label: service.name.clone(),
                small: "tickets of the service".to_owned(),
            });
        }
        let query = TicketQuery {
            q: text.to_owned(),
            limit: 6,
            ..TicketQuery::default()
        };
        // A query that can not be read yet offers nothing: they still type.
        if let Ok(page) = visit.desk.tickets(actor, query).await {
            options.extend(page.items.into_iter().map(|item| Offered {
                href: format!("/work/{}", item.number),
                icon: "chat",
                label: item.subject,
                small: item.number.to_string(),
            }));
        }
    }
    options.truncate(12);
    visit.page(&Suggestions { options })
}
