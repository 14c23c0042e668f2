//! `/redirected`: tickets that mailing lists work on, and how they stand; and
//! the same of one ticket, beside it.

use askama::Template;
use axum::response::Response;
use desk::Catalogue;
use desk::redirect::view::{Search, Seen, Which};
use desk::view::TicketView;
use switchboard_core::Actor;
use switchboard_core::onboarding::Way;
use switchboard_core::redirect::{Stage, Turn};

use super::fault::Fault;
use super::frame::{Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::time::Dial;
use super::view::{Chip, Choice, Icon, Pages, StatusMark, TimeMark, Tone};
use super::visit::{Visit, encode, sentence};
use super::work_post::{Work, told};
use crate::ui::assets::Asset;

/// Tickets on one page.
const PAGE: i64 = 50;

/// A redirected ticket in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectedRow {
    /// Where it can be opened; `None`: not by the reader.
    pub href: Option<String>,
    /// Its number.
    pub number: i64,
    /// One line.
    pub subject: String,
    /// Where it stands.
    pub status: StatusMark,
    /// The service.
    pub service: String,
    /// The list's address.
    pub list: String,
    /// The last mail to the list; `None`: none was sent.
    pub sent: Option<TimeMark>,
    /// The last sign of life of the list.
    pub life: Option<TimeMark>,
    /// Whose word is missing, and since when; `None`: nobody's.
    pub turn: Option<(&'static str, TimeMark)>,
    /// What else there is to know.
    pub chips: Vec<Chip>,
    /// Why mail does not arrive.
    pub trouble: String,
}

impl RedirectedRow {
    /// A row as it is shown at the time of the dial.
    pub fn of(seen: Seen, dial: &Dial) -> RedirectedRow {
        let open = !matches!(seen.stage, Stage::Ended(_));
        let active = seen.stage == Stage::Active;
        let mut chips = Vec::new();
        if open && seen.woken_at.is_some() {
            chips.push(Chip::with_icon(Tone::Bad, "flag", "First level called"));
        }
        if !active {
            let tone = if open { Tone::Bad } else { Tone::Plain };
            chips.push(Chip::new(tone, seen.stage.label()));
        }
        if active && seen.warned_at.is_some() {
            chips.push(Chip::with_icon(Tone::Warn, "bell", "Reminded"));
        }
        RedirectedRow {
            href: seen.may_open.then(|| format!("/work/{}", seen.ticket)),
            number: seen.ticket.0,
            subject: seen.subject,
            status: StatusMark::of(seen.status),
            service: seen.service.1,
            list: seen.list,
            sent: seen.sent_at.map(|at| dial.ago(at)),
            life: seen.life_at.map(|at| dial.ago(at)),
            turn: active.then(|| {
                let who = match seen.turn {
                    Turn::List => "The list",
                    Turn::Requester => "The requester",
                };
                (who, dial.ago(seen.turn_since))
            }),
            chips,
            trouble: seen.trouble.filter(|_| open).unwrap_or_default(),
        }
    }
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "redirected.html")]
pub struct RedirectedPage {
    /// Around it.
    pub frame: Frame,
    /// Which of them to show.
    pub which: Vec<Choice>,
    /// Services that go by a list.
    pub services: Vec<Choice>,
    /// What was found.
    pub rows: Vec<RedirectedRow>,
    /// The way to the others.
    pub pages: Pages,
}

/// `GET /redirected`.
pub async fn show(visit: Visit) -> Response {
    let result = async { visit.page(&page(&visit).await?) }.await;
    visit.close(result).await
}

async fn page(visit: &Visit) -> Result<RedirectedPage, Fault> {
    let actor = visit.actor()?;
    let which = Which::parse(visit.query("show")).unwrap_or_default();
    let service = visit.query("service").trim().to_owned();
    let cursor = visit.query("after").to_owned();
    let catalogue = visit.desk.catalogue().await?;
    let search = Search {
        which,
        service: Some(service.clone()),
        cursor: Some(cursor.clone()),
        limit: PAGE,
    };
    let found = visit.desk.redirections(actor, search).await?;
    let counts = visit.desk.redirection_counts(actor).await?;
    let here = format!(
        "/redirected?show={}&service={}",
        which.key(),
        encode(&service)
    );
    let labels: Vec<(&str, String)> = counts
        .into_iter()
        .map(|(which, n)| (which.key(), format!("{} ({n})", which.label())))
        .collect();
    let mut services = vec![("", "Every service")];
    services.extend(
        targets(&catalogue)
            .into_iter()
            .map(|s| (s.key.as_str(), s.name.as_str())),
    );
    Ok(RedirectedPage {
        frame: visit.frame(visit.room(), Here::Elsewhere).await?,
        which: Choice::list(labels.iter().map(|(k, l)| (*k, l.as_str())), which.key()),
        services: Choice::list(services, &service),
        rows: found
            .items
            .into_iter()
            .map(|seen| RedirectedRow::of(seen, &visit.dial))
            .collect(),
        pages: Pages {
            words: "Longest unchanged first".to_owned(),
            newer: (!cursor.is_empty()).then(|| here.clone()),
            older: found
                .next
                .map(|next| format!("{here}&after={}", encode(&next))),
        },
    })
}

/// Services that go by a list.
fn targets(catalogue: &Catalogue) -> Vec<&store::unit::Service> {
    catalogue
        .services
        .iter()
        .filter(|s| s.active && s.option == Way::Redirection.key())
        .collect()
}

/// The lists that a ticket is or was with, beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedirectPane {
    /// How it stands with each.
    pub rows: Vec<RedirectedRow>,
    /// It can be sent to the list once more.
    pub again: bool,
    /// Services to whose list it can be passed on.
    pub targets: Vec<Choice>,
}

/// What the ticket's page shows of lists; `None`: there is nothing to show.
///
/// # Errors
/// When the database can not be read.
pub async fn pane(
    visit: &Visit,
    actor: &Actor,
    catalogue: &Catalogue,
    ticket: &TicketView,
    may_assign: bool,
) -> Result<Option<RedirectPane>, Fault> {
    let rows = visit.desk.redirections_of(actor, ticket.number).await?;
    let open = rows
        .iter()
        .any(|seen| !matches!(seen.stage, Stage::Ended(_)));
    let mut choices: Vec<Choice> = Vec::new();
    if may_assign && !open && ticket.status.is_open() {
        let current = ticket.service.as_ref().map_or("", |s| s.key.as_str());
        let names: Vec<(&str, &str)> = targets(catalogue)
            .into_iter()
            .map(|s| (s.key.as_str(), s.name.as_str()))
            .collect();
        choices = Choice::list(names, current);
    }
    if rows.is_empty() && choices.is_empty() {
        return Ok(None);
    }
    Ok(Some(RedirectPane {
        again: open && may_assign,
        rows: rows
            .into_iter()
            .map(|seen| RedirectedRow::of(seen, &visit.dial))
            .collect(),
        targets: choices,
    }))
}

impl Work {
    /// Passes the ticket on to a list, or sends it there once more.
    pub(super) async fn redirect(&self, posted: &Posted) -> Result<Response, Fault> {
        let visit = &posted.visit;
        let done = if posted.text("do") == "again" {
            visit
                .desk
                .redirect_again(&self.actor, self.number)
                .await
                .map(|()| "Sent to the list once more")
        } else {
            visit
                .desk
                .redirect_to(&self.actor, self.number, posted.single("service")?)
                .await
                .map(|()| "Passed on to the list")
        };
        let notice = match done {
            Ok(said) => Notice::new(NoticeTone::Ok, said),
            Err(error) => {
                let (_, problem) = told(error, "service")?;
                Notice::new(NoticeTone::Bad, sentence(&problem))
            }
        };
        visit.go(&visit.path, Some(notice))
    }
}
