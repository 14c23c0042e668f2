//! `/live`: tells open pages that something they may see has changed, and
//! `/work/suggest`: what the search field offers.

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use desk::list::View;
use desk::{Error, SignedIn, TicketQuery};
use store::list::{Condition, Filter};
use switchboard_core::Actor;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_stream::wrappers::ReceiverStream;

use super::fault::Fault;
use super::view::Icon;
use super::visit::{Visit, encode};
use crate::AppState;

/// Changes that come close together are told together.
const TOGETHER: Duration = Duration::from_millis(600);
/// How often session and feed are looked at when nothing wakes the stream: it
/// has to end within 5 s after a sign-out (bar A-04).
const LOOK: Duration = Duration::from_secs(3);
/// After this the browser asks anew.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// Events read at a time.
const STRETCH: i64 = 200;
/// Who was away for more than this is told to look, and not what changed.
const FAR: i64 = 1_000;
/// More tickets than this at once are told as "something".
const MANY: usize = 100;

/// `GET /live`: server-sent events named `changed` with the numbers of the
/// tickets, only for changes that the reader may see, by the rights they have
/// at that moment. Who comes back with `Last-Event-ID` is told what they
/// missed, by the same rule. The stream ends when the session does, and when
/// its person's rights change; the browser then comes back by itself.
pub async fn stream(State(app): State<AppState>, visit: Visit, headers: HeaderMap) -> Response {
    let Some(who) = visit.who else {
        // Without a sign-in there is nothing to tell; 204 ends the asking.
        return StatusCode::NO_CONTENT.into_response();
    };
    let Ok(permit) = app.streams.clone().try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.trim().parse().ok());
    // Before the answer begins: what changes from then on is told, however late
    // the task below comes to run.
    let end = match app.desk.feed_end().await {
        Ok(end) => end,
        Err(error) => {
            tracing::debug!(%error, "live page not begun");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let (tell, told) = mpsc::channel(8);
    tokio::spawn(async move {
        let _permit = permit;
        if let Err(error) = follow(&app.desk, who, last, end, &tell).await {
            tracing::debug!(%error, "live page ended");
        }
    });
    Sse::new(ReceiverStream::new(told))
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
        .into_response()
}

/// Tells until the page is left, the session ends or its rights change: what
/// was missed since `last`, and all that comes after `end` of the feed.
async fn follow(
    desk: &desk::Desk,
    who: SignedIn,
    last: Option<i64>,
    end: i64,
    tell: &mpsc::Sender<Result<Event, Infallible>>,
) -> Result<(), Error> {
    let until = Instant::now() + LONGEST;
    let mut live = desk.live();
    let mut after = match last {
        Some(last) if (0..=FAR).contains(&(end - last)) => last,
        Some(_) => {
            if tell.send(Ok(changed(end, &[]))).await.is_err() {
                return Ok(());
            }
            end
        }
        None => end,
    };
    loop {
        let mut numbers = Vec::new();
        loop {
            // Looked up again before anything is told.
            match desk.session_now(&who).await? {
                Some(now) if now.actor == who.actor => {}
                _ => return Ok(()),
            }
            let stretch = desk.feed(&who.actor, after, STRETCH).await?;
            after = stretch.next;
            numbers.extend(stretch.events.iter().map(|e| e.ticket.0));
            if !stretch.more {
                break;
            }
        }
        if !numbers.is_empty() {
            numbers.sort_unstable();
            numbers.dedup();
            if numbers.len() > MANY {
                numbers.clear();
            }
            if tell.send(Ok(changed(after, &numbers))).await.is_err() {
                return Ok(());
            }
        }
        if Instant::now() > until {
            return Ok(());
        }
        tokio::select! {
            () = tell.closed() => return Ok(()),
            // Whatever woke it (or that it missed some): the feed is read.
            _ = live.recv() => sleep(TOGETHER).await,
            () = sleep(LOOK) => {}
        }
    }
}

/// That these tickets changed; none named: something, look for yourself.
fn changed(id: i64, numbers: &[i64]) -> Event {
    let data = serde_json::json!({ "tickets": numbers }).to_string();
    Event::default()
        .id(id.to_string())
        .event("changed")
        .data(data)
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
    for view in View::of(actor).into_iter().filter(|v| hit(v.label())) {
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
